"""The commands ``cycletrain review`` and ``cycletrain write``: a model reads or writes papers."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from cycledata.console import EXIT_FAILED, examples, note, refuse_unused
from cycletrain.job_command import log_to_stderr

REVIEW_EXAMPLES = examples(
    "cycletrain review paper.tex --model runs/reviewer-8b-sft/model > predictions.jsonl",
    "cycletrain review builds/review-5k --model http://localhost:8000/v1 > predictions.jsonl",
)
WRITE_EXAMPLES = examples(
    "cycletrain write --references refs.bib --model runs/researcher-12b-sft/model > paper.tex"
)
ModelOption = Annotated[
    str,
    typer.Option(
        metavar="MODEL", help="Directory, hub id, or URL of an OpenAI-compatible endpoint."
    ),
]
Revision = Annotated[str | None, typer.Option(metavar="COMMIT", help="Commit of a hub id.")]
Name = Annotated[str | None, typer.Option(metavar="NAME", help="Model name at the endpoint.")]
KeyVariable = Annotated[
    str | None,
    typer.Option(
        metavar="VARIABLE",
        help="Environment variable with the key of an endpoint that is not OpenAI's.",
    ),
]
Reviewers = Annotated[
    int,
    typer.Option(
        "--reviewers", min=1, max=1000, metavar="N", help="Simulated reviewers per paper."
    ),
]
Temperature = Annotated[
    float, typer.Option(min=0, max=100, metavar="NUMBER", help="0 takes the most likely token.")
]
MaxTokens = Annotated[
    int,
    typer.Option(
        min=1, max=100_000_000, metavar="TOKENS", help="Maximum tokens of one completion."
    ),
]
Tries = Annotated[
    int, typer.Option(min=1, max=1000, metavar="N", help="Attempts at one readable completion.")
]
Seed = Annotated[
    int, typer.Option(min=0, max=2**32 - 1, metavar="N", help="Seed of every random draw.")
]
Work = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR", help="Folder that records completions; a killed run resumes there."
    ),
]
Dtype = Annotated[
    Literal["bfloat16", "float32"],
    typer.Option("--dtype", help="Type of the weights of a directory or hub model."),
]


def review(
    context: typer.Context,
    papers: Annotated[
        list[Path],
        typer.Argument(
            metavar="PAPER...", help="LaTeX, Markdown, output of `cycledata parse`, or a build."
        ),
    ],
    model: ModelOption,
    revision: Revision = None,
    name: Name = None,
    key_variable: KeyVariable = None,
    reviewers: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=1000,
            metavar="N",
            help="Simulated reviewers; default: as many as the paper had, or 4.",
        ),
    ] = None,
    split: Annotated[str, typer.Option(metavar="SPLIT", help="Split of a build.")] = "test",
    scale: Annotated[
        str,
        typer.Option(
            metavar="SCALE",
            help="Rating scale for files, by name or as a build that has it; the papers of a build"
            " keep that of their venue.",
        ),
    ] = "iclr-2022-2025-rating",
    temperature: Temperature = 0.4,
    max_tokens: MaxTokens = 8192,
    tries: Tries = 2,
    seed: Seed = 0,
    work: Work = None,
    dtype: Dtype = "bfloat16",
) -> None:
    """Review papers; print predictions for `cycleeval score`, one JSON object per line."""
    are_builds = [path.is_dir() for path in papers]
    refuse_unused(
        context,
        _of_model(model)
        | {
            "--split": None if any(are_builds) else "a file has no splits; name a build",
            "--scale": "a build has its own scale" if all(are_builds) else None,
        },
    )
    log_to_stderr()
    with _folder(work) as folder:
        from cycledata.llm.chat import Sampling
        from cycletrain.generation import open_generator
        from cycletrain.reviewing import as_line, predict, read_papers, read_scales, scale_named
        from cycletrain.sampling import SamplingPlan

        given = scale_named(scale)
        chats = read_papers(papers, split=split, n_reviewers=reviewers, scale=given)
        scales = {**dict.fromkeys(chats, given), **read_scales(papers, split=split)}
        config = _model_config(
            model, revision=revision, name=name, key_variable=key_variable, dtype=dtype
        )
        sampling = Sampling(temperature=temperature, max_tokens=max_tokens)
        plan = SamplingPlan(sampling, tries, 4, seed, folder)
        predictions = predict(open_generator(config), chats, plan=plan, scales=scales)
    for prediction in predictions:
        print(as_line(prediction))
    unreadable = [found.paper_id for found in predictions if not found.ratings]
    if unreadable:
        note(f"unreadable after {tries} tries: {', '.join(unreadable)}")
    if len(unreadable) == len(predictions):
        raise typer.Exit(EXIT_FAILED)


def write(
    context: typer.Context,
    references: Annotated[
        Path, typer.Option(exists=True, dir_okay=False, metavar="BIB", help="A .bib file.")
    ],
    model: ModelOption,
    revision: Revision = None,
    name: Name = None,
    key_variable: KeyVariable = None,
    samples: Annotated[
        int, typer.Option(min=1, max=1000, metavar="N", help="Papers to choose from.")
    ] = 1,
    reviewer: Annotated[
        str | None,
        typer.Option(metavar="MODEL", help="Model that chooses among the papers, like --model."),
    ] = None,
    reviewers: Reviewers = 4,
    scale: Annotated[
        str,
        typer.Option(
            metavar="SCALE", help="Rating scale of the reviewer, by name or as a build that has it."
        ),
    ] = "iclr-2022-2025-rating",
    temperature: Temperature = 0.4,
    max_tokens: MaxTokens = 16384,
    tries: Tries = 3,
    seed: Seed = 0,
    work: Work = None,
    dtype: Dtype = "bfloat16",
) -> None:
    """Write a paper from references, with simulated results and its disclosure; print LaTeX."""
    needs_reviewer = None if reviewer else "give --reviewer MODEL with it"
    unused = _of_model(model) | {"--reviewers": needs_reviewer, "--scale": needs_reviewer}
    if reviewer is not None and not _is_url(reviewer):
        unused["--dtype"] = None
    refuse_unused(context, unused)
    log_to_stderr()
    with _folder(work) as folder:
        from cycledata.llm.chat import Sampling
        from cycletrain.generation import open_generator
        from cycletrain.reviewing import scale_named
        from cycletrain.sampling import SamplingPlan
        from cycletrain.writing import read_references, write_paper

        reviewed_on = scale_named(scale)
        cited = read_references(references)
        config = _model_config(
            model, revision=revision, name=name, key_variable=key_variable, dtype=dtype
        )
        sampling = Sampling(temperature=temperature, max_tokens=max_tokens)
        chooser = None
        if reviewer is not None:
            chooser = open_generator(_model_config(reviewer, dtype=dtype))
        written = write_paper(
            open_generator(config),
            cited,
            plan=SamplingPlan(sampling, tries, 4, seed, folder / "policy"),
            n_samples=samples,
            reviewer=chooser,
            review_plan=SamplingPlan(sampling, tries, 4, seed, folder / "reviewer"),
            n_reviewers=reviewers,
            scale=reviewed_on,
        )
    print(written.best.latex)
    if written.best.n_neutralised:
        note(f"{written.best.n_neutralised} LaTeX commands are printed, not run")
    for found in written.rewards:
        note(f"paper {found.index}: reward {found.reward}")


def _is_url(model: str) -> bool:
    from cycledata.llm.endpoint_url import is_endpoint

    return is_endpoint(model)


def _of_model(model: str) -> dict[str, str | None]:
    """Return why options of a model have no effect for this one; None for those that have."""
    if _is_url(model):
        of_endpoint = "it is for a directory or hub model, not for an endpoint"
        return {"--revision": of_endpoint, "--dtype": of_endpoint}
    of_weights = "it is for an endpoint, not for a directory or hub model"
    of_directory = "a directory has no commits" if Path(model).is_dir() else None
    return {"--name": of_weights, "--key-variable": of_weights, "--revision": of_directory}


def _model_config(path: str, **options: str | None) -> Any:
    """Return the config of a model that options name.

    Raises:
        typer.BadParameter: a name that cannot be one.
    """
    from pydantic import ValidationError

    from cycledata.records import first_problem
    from cycletrain.config_tables import ModelConfig

    try:
        return ModelConfig.model_validate({"path": path, **options})
    except ValidationError as error:
        raise typer.BadParameter(f"model: {first_problem(error)}") from error


@contextmanager
def _folder(work: Path | None) -> Iterator[Path]:
    if work is not None:
        yield work
        return
    with tempfile.TemporaryDirectory(prefix="cycletrain-") as folder:
        yield Path(folder)
