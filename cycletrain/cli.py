"""Command line of the training jobs: parse arguments, call one public function, print.

Results go to stdout, everything else to stderr. Exit 0, 1 when something failed, 2 when misused.
"""

import importlib
import logging
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cycledata.errors import CycleDataError

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)

Recipe = Annotated[
    Path, typer.Option(exists=True, dir_okay=False, help="TOML recipe; see cycletrain/recipes.")
]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", help="key=value or table.key=value, in place of the recipe's value."),
]
Model = Annotated[
    str, typer.Option(help="Directory, hub id, or OpenAI-compatible endpoint (http://...).")
]
Revision = Annotated[str | None, typer.Option(help="Commit of a hub id.")]
Name = Annotated[str | None, typer.Option(help="Name that an endpoint knows the model by.")]
Reviewers = Annotated[int, typer.Option("--reviewers", min=1, help="Simulated reviewers.")]
Temperature = Annotated[float, typer.Option(min=0, help="0 takes the likeliest token.")]
MaxTokens = Annotated[int, typer.Option(min=1, help="Longest answer, in tokens.")]
Tries = Annotated[int, typer.Option(min=1, help="Attempts at one readable answer.")]
Seed = Annotated[int, typer.Option(help="Of every draw.")]
Work = Annotated[
    Path | None, typer.Option(help="Folder that keeps every answer, to go on after a kill.")
]


class Dtype(StrEnum):
    """Type of a local model's weights."""

    BFLOAT16 = "bfloat16"
    FLOAT32 = "float32"


WeightType = Annotated[Dtype, typer.Option("--dtype", help="Type of a local model's weights.")]


@app.callback()
def cli() -> None:
    """Train and run the reviewer, the researcher and the detector."""


@app.command()
def sft(recipe: Recipe, overrides: Overrides = None) -> None:
    """Fine-tune a reviewer or a researcher on a build."""
    _job("sft", "SftConfig", recipe, overrides)


@app.command()
def simpo(recipe: Recipe, overrides: Overrides = None) -> None:
    """Train a policy on preference pairs: SimPO and NLL."""
    _job("simpo", "SimpoConfig", recipe, overrides)


@app.command()
def rollout(recipe: Recipe, overrides: Overrides = None) -> None:
    """Sample papers for the prompts of a build."""
    _job("rollout", "RolloutConfig", recipe, overrides)


@app.command()
def reward(recipe: Recipe, overrides: Overrides = None) -> None:
    """Review sampled papers and reward them with their mean rating."""
    _job("reward", "RewardConfig", recipe, overrides)


@app.command()
def iterate(recipe: Recipe, overrides: Overrides = None) -> None:
    """Sample, review and optimise for some rounds; goes on where it was stopped."""
    _job("iterate", "IterateConfig", recipe, overrides)


@app.command()
def detect(recipe: Recipe, overrides: Overrides = None) -> None:
    """Tell generated texts from human ones by their probability curvature."""
    _job("detect", "DetectConfig", recipe, overrides)


@app.command()
def review(
    papers: Annotated[
        list[Path], typer.Argument(help="LaTeX, Markdown, `cycledata parse` output, or a build.")
    ],
    model: Model,
    revision: Revision = None,
    name: Name = None,
    reviewers: Annotated[
        int | None,
        typer.Option(min=1, help="Simulated reviewers; by default as many as a build's paper had."),
    ] = None,
    split: Annotated[str, typer.Option(help="Split of a build: train or test.")] = "test",
    temperature: Temperature = 0.4,
    max_tokens: MaxTokens = 8192,
    tries: Tries = 2,
    seed: Seed = 0,
    work: Work = None,
    dtype: WeightType = Dtype.BFLOAT16,
) -> None:
    """Review papers; prints predictions for `cycleeval score`, one JSON object a line."""
    with _errors(), _folder(work) as folder:
        from cycledata.llm.chat import Sampling
        from cycletrain.config import ModelConfig
        from cycletrain.generation import open_generator
        from cycletrain.reviewing import as_line, predict, read_papers
        from cycletrain.sampling import SamplingPlan

        chats = read_papers(papers, split=split, n_reviewers=reviewers)
        config = ModelConfig.model_validate(
            {"path": model, "revision": revision, "name": name, "dtype": dtype}
        )
        sampling = Sampling(temperature=temperature, max_tokens=max_tokens)
        plan = SamplingPlan(sampling, tries, 4, seed, folder)
        predictions = predict(open_generator(config), chats, plan=plan)
        for prediction in predictions:
            print(as_line(prediction))
        unreadable = [p.paper_id for p in predictions if not p.ratings]
        if unreadable:
            typer.echo(f"unreadable after {tries} tries: {', '.join(unreadable)}", err=True)


@app.command()
def write(
    references: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="A .bib file.")],
    model: Model,
    revision: Revision = None,
    name: Name = None,
    samples: Annotated[int, typer.Option(min=1, help="Papers to choose from.")] = 1,
    reviewer: Annotated[
        str | None, typer.Option(help="Model that chooses among the papers; as for --model.")
    ] = None,
    reviewers: Reviewers = 4,
    temperature: Temperature = 0.4,
    max_tokens: MaxTokens = 16384,
    tries: Tries = 3,
    seed: Seed = 0,
    work: Work = None,
    dtype: WeightType = Dtype.BFLOAT16,
) -> None:
    """Write a paper from references, with simulated results and its disclosure; prints LaTeX."""
    with _errors(), _folder(work) as folder:
        from cycledata.llm.chat import Sampling
        from cycletrain.config import ModelConfig
        from cycletrain.generation import open_generator
        from cycletrain.sampling import SamplingPlan
        from cycletrain.writing import read_references, write_paper

        cited = read_references(references)
        config = {"path": model, "revision": revision, "name": name, "dtype": dtype}
        sampling = Sampling(temperature=temperature, max_tokens=max_tokens)
        chooser = None
        if reviewer is not None:
            chooser = open_generator(ModelConfig.model_validate({"path": reviewer, "dtype": dtype}))
        written = write_paper(
            open_generator(ModelConfig.model_validate(config)),
            cited,
            plan=SamplingPlan(sampling, tries, 4, seed, folder / "policy"),
            n_samples=samples,
            reviewer=chooser,
            review_plan=SamplingPlan(sampling, tries, 4, seed, folder / "reviewer"),
            n_reviewers=reviewers,
        )
        print(written.best.latex)
        if written.best.n_neutralised:
            typer.echo(
                f"{written.best.n_neutralised} LaTeX commands are printed, not run",
                err=True,
            )
        for found in written.rewards:
            typer.echo(f"paper {found.index}: reward {found.reward}", err=True)


@app.command("check-disclosure")
def check_disclosure(
    papers: Annotated[
        list[Path], typer.Argument(exists=True, dir_okay=False, help="LaTeX or plain text.")
    ],
) -> None:
    """Find the disclosure in papers, or what became of it; exit 1 unless all have it."""
    with _errors():
        from cycletrain.compiled_disclosure import check_compiled

        missing = False
        for path in papers:
            found = check_compiled(path.read_text(encoding="utf-8", errors="replace"))
            print(f"{path}: {found.verdict}" + (f" ({found.detail})" if found.detail else ""))
            missing |= found.verdict != "present"
        if missing:
            raise typer.Exit(1)


def _job(job: str, config_name: str, recipe: Path, overrides: list[str] | None) -> None:
    """Read the recipe, run the job, print where its record is."""
    with _errors():
        from cycletrain import config

        read = config.read_config(recipe, getattr(config, config_name), overrides or [])
        record = importlib.import_module(f"cycletrain.jobs.{job}").run(read)
        for name, value in record.metrics.items():
            print(f"{name:40} {value:.4g}")
        for name, value in record.counts.items():
            print(f"{name:40} {value}")
        print(f"record: {read.out / 'index.html'}")


@contextmanager
def _errors() -> Iterator[None]:
    """Our own errors become one line and exit 1; progress is logged to stderr."""
    _log_to_stderr()
    try:
        yield
    except (CycleDataError, ImportError) as error:
        print(f"error: {error}", file=sys.stderr)
        raise typer.Exit(1) from error


def _log_to_stderr() -> None:
    """Our log, and of the libraries' only what somebody can act on."""
    from rich.console import Console
    from rich.logging import RichHandler

    on_terminal = sys.stderr.isatty()
    if not on_terminal:  # before the hub's library is imported, which reads it once
        os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    rich = RichHandler(console=Console(stderr=True), show_path=False)
    handler = rich if on_terminal else logging.StreamHandler()
    logging.basicConfig(level=logging.INFO, format="%(message)s", handlers=[handler])
    # Every request, kernels of other devices that are not there, notes to authors of libraries.
    for name in ("httpx", "httpx2", "torchao", "torch.utils._pytree"):
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", "`is_gradient_checkpointing`", FutureWarning)


@contextmanager
def _folder(work: Path | None) -> Iterator[Path]:
    if work is not None:
        yield work
        return
    with tempfile.TemporaryDirectory(prefix="cycletrain-") as folder:
        yield Path(folder)


def main() -> None:
    """Run the command line; the console script's entry point."""
    app()
