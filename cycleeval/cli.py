"""Command line of the metrics: parse arguments, call one public function, print."""

import dataclasses
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from cycleeval.scoring_config import ScoringConfig

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)

ReferenceArgument = Annotated[
    str, typer.Argument(help="Build directory, .parquet or .jsonl file, or hub id ORG/NAME.")
]
PredictionsArgument = Annotated[
    Path,
    typer.Argument(exists=True, dir_okay=False, readable=True, help="JSON Lines, one a paper."),
]
SplitOption = Annotated[str, typer.Option(help="Split of the reference to judge.")]
ThresholdOption = Annotated[
    str, typer.Option(help="Accept from this rating on, in rating points; 'train' learns it.")
]
ScaleOption = Annotated[str, typer.Option(help="Lowest and highest rating, in rating points.")]
DecideOption = Annotated[
    Literal["stated", "rating"],
    typer.Option(help="A model's decision: the one it states, or its mean rating's."),
]
PolicyOption = Annotated[
    Literal["exclude", "worst", "constant"],
    typer.Option(help="What an unreadable or missing prediction counts as."),
]
OverOption = Annotated[
    Literal["papers", "reviews"], typer.Option(help="What mean errors are taken over.")
]
DrawOption = Annotated[
    int | None,
    typer.Option(help="Seed: leave out one random reviewer a paper, in place of each in turn."),
]
ResamplesOption = Annotated[int, typer.Option(help="Bootstrap resamples over papers.")]
SeedOption = Annotated[int, typer.Option(help="Seed of the bootstrap and of permutations.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, every digit, for machines.")]


@app.callback()
def cli() -> None:
    """Score, compare and rank automated peer review."""


@app.command()
def cite() -> None:
    """Print how to cite cyclekit and the paper it implements, as BibTeX."""
    from cycleeval.citation import cite as bibtex

    print(bibtex())


@app.command()
def human(
    reference: ReferenceArgument,
    split: SplitOption = "test",
    threshold: ThresholdOption = "6",
    over: OverOption = "papers",
    draw_one: DrawOption = None,
    resamples: ResamplesOption = 2000,
    seed: SeedOption = 0,
    as_json: Json = False,
) -> None:
    """Score the human reviewers against each other."""
    with _failures():
        from cycleeval.human_ratings import read_human_ratings
        from cycleeval.report import score_report
        from cycleeval.scoring import score_humans

        rules = _config(
            threshold=threshold, over=over, draw_one=draw_one, resamples=resamples, seed=seed
        )
        card = score_humans(read_human_ratings(reference, split=split), rules)
        _show(card.to_json(), score_report(card), as_json=as_json)


@app.command()
def score(
    predictions: PredictionsArgument,
    reference: ReferenceArgument,
    split: SplitOption = "test",
    threshold: ThresholdOption = "6",
    decide_by: DecideOption = "stated",
    policy: PolicyOption = "exclude",
    scale: ScaleOption = "1-10",
    over: OverOption = "papers",
    draw_one: DrawOption = None,
    resamples: ResamplesOption = 2000,
    seed: SeedOption = 0,
    as_json: Json = False,
) -> None:
    """Score one model's predictions, beside what they must beat."""
    with _failures():
        from cycleeval.human_ratings import read_human_ratings
        from cycleeval.predictions import read_predictions
        from cycleeval.report import score_report
        from cycleeval.scoring import score_predictions

        rules = _config(
            threshold=threshold,
            decide_by=decide_by,
            policy=policy,
            scale=scale,
            over=over,
            draw_one=draw_one,
            resamples=resamples,
            seed=seed,
        )
        humans = read_human_ratings(reference, split=split)
        submission = read_predictions(
            predictions, known=humans.paper_ids, elsewhere=humans.other_ids, config=rules
        )
        card = score_predictions(submission, humans, rules)
        _show(card.to_json(), score_report(card), as_json=as_json)


@app.command()
def compare(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="A B [MORE]... REFERENCE", help="Two or more predictions, then the reference."
        ),
    ],
    split: SplitOption = "test",
    threshold: ThresholdOption = "6",
    decide_by: DecideOption = "stated",
    policy: PolicyOption = "exclude",
    scale: ScaleOption = "1-10",
    resamples: ResamplesOption = 2000,
    seed: SeedOption = 0,
    as_json: Json = False,
) -> None:
    """Compare models on the same papers: paired intervals, tests, tie groups."""
    *models, reference = files
    if len(models) < 2:
        raise typer.BadParameter("expected two predictions files or more, then the reference")
    for model in models:
        if not Path(model).is_file():
            raise typer.BadParameter(f"no such file: {model}")
    with _failures():
        from cycleeval.comparison import compare_predictions
        from cycleeval.human_ratings import read_human_ratings
        from cycleeval.predictions import read_predictions
        from cycleeval.report import comparison_report

        rules = _config(
            threshold=threshold,
            decide_by=decide_by,
            policy=policy,
            scale=scale,
            resamples=resamples,
            seed=seed,
        )
        humans = read_human_ratings(reference, split=split)
        read = [
            read_predictions(
                Path(model), known=humans.paper_ids, elsewhere=humans.other_ids, config=rules
            )
            for model in models
        ]
        compared = compare_predictions(read, humans, rules)
        _show(compared.to_json(), comparison_report(compared), as_json=as_json)


@app.command()
def claims(*, as_json: Json = False) -> None:
    """Recompute the paper's claims from its own tables and say which hold."""
    from cycleeval.claims import check_claims, render_claims

    checked = check_claims()
    if as_json:
        print(json.dumps([dataclasses.asdict(claim) for claim in checked], ensure_ascii=False))
    else:
        print(render_claims(checked))


@app.command()
def detection(
    criteria: Annotated[Path, typer.Argument(help="JSON Lines, one text a line.")],
    *,
    threshold: Annotated[
        list[float] | None,
        typer.Option(help="A fixed threshold to judge too, in the criterion's unit; repeatable."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Table 6: accuracy, F1 and AUROC of telling generated texts from human ones."""
    from cycleeval.detection import read_detection
    from cycleeval.tables import detection_json, render_detection

    with _failures():
        report = read_detection(criteria, thresholds=threshold or ())
        _show(detection_json(report), render_detection(report), as_json=as_json)


@app.command()
def generated(
    records: Annotated[Path, typer.Argument(help="JSON Lines, one rated paper a line.")],
    *,
    best_of: Annotated[
        list[int] | None,
        typer.Option(min=1, help="Papers to pick the best from; repeatable. 1, 5, 10, 50, 100."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Tables 2, 3 and 7: lowest, highest, mean rating, accept rate, references, best of k."""
    from cycleeval.generated import BEST_OF, read_generated
    from cycleeval.tables import generated_json, render_generated

    with _failures():
        report = read_generated(records, ks=best_of or BEST_OF)
        _show(generated_json(report), render_generated(report), as_json=as_json)


@app.command()
def review(
    papers: Annotated[Path, typer.Argument(help="JSON Lines with paper_id and text.")],
    *,
    model: Annotated[str, typer.Option(help="Model id at the endpoint.")],
    out: Annotated[Path, typer.Option(help="Predictions file to write.")],
    record: Annotated[Path, typer.Option(help="File of completions; the same file resumes a run.")],
    endpoint: Annotated[
        str, typer.Option(help="URL of an OpenAI-compatible endpoint, up to and including /v1.")
    ] = "https://api.openai.com/v1",
    key_variable: Annotated[
        str | None,
        typer.Option(
            help="Environment variable with the endpoint's key. Without it, OPENAI_API_KEY is sent"
            " to OpenAI's own address and no key to any other."
        ),
    ] = None,
    timeout: Annotated[
        float | None,
        typer.Option(
            min=1,
            help="Seconds to wait for one response; by default 600, or more for many tokens.",
        ),
    ] = None,
    ensemble: Annotated[int, typer.Option(min=1, max=50, help="Reviews per paper.")] = 5,
    reflections: Annotated[
        int, typer.Option(min=0, max=50, help="Maximum rounds of self-reflection.")
    ] = 5,
    temperature: Annotated[
        float,
        typer.Option(min=0, max=2, help="Temperature of meta-review, reflections, single review."),
    ] = 0.1,
    ensemble_temperature: Annotated[
        float, typer.Option(min=0, max=2, help="Temperature of the ensemble's reviews.")
    ] = 0.75,
    max_tokens: Annotated[
        int, typer.Option(min=1, help="Maximum tokens of one completion.")
    ] = 4096,
    ratings: Annotated[
        Literal["final", "members"],
        typer.Option(help="Ratings to write: of the final review or of the ensemble's members."),
    ] = "final",
    workers: Annotated[int, typer.Option(min=1, max=64, help="Papers reviewed at once.")] = 1,
    price_prompt: Annotated[
        float | None, typer.Option(min=0, help="Price per million prompt tokens.")
    ] = None,
    price_completion: Annotated[
        float | None, typer.Option(min=0, help="Price per million completion tokens.")
    ] = None,
) -> None:
    """Review papers with the paper's Table 1 protocol on an OpenAI-compatible endpoint."""
    from cycledata.llm.endpoint import ChatEndpoint
    from cycledata.llm.recorded import CompletionLog
    from cycleeval.review import run
    from cycleeval.review.protocol import ReviewProtocol

    config = ReviewProtocol(
        model=model,
        ensemble=ensemble,
        reflections=reflections,
        temperature=temperature,
        ensemble_temperature=ensemble_temperature,
        max_tokens=max_tokens,
    )
    with _failures(), CompletionLog(record) as completions:
        chosen = ChatEndpoint(endpoint, model, key_variable=key_variable, timeout_s=timeout)
        done = run.review_papers(
            run.read_papers(papers),
            config,
            chosen.complete_one,
            completions,
            workers=workers,
            on_progress=_progress("papers reviewed"),
        )
        run.write_predictions(out, done, ratings=ratings)
    print(run.render_run(done, price_prompt=price_prompt, price_completion=price_completion))
    if done.rejected:
        raise typer.Exit(1)


@app.command()
def leaderboard(
    submissions: Annotated[Path, typer.Argument(help="Folder of predictions, one .jsonl a model.")],
    reference: ReferenceArgument,
    *,
    out: Annotated[Path, typer.Option(help="Folder to write the site to.")],
    hub_id: Annotated[
        str | None,
        typer.Option(help="ORG/NAME of the dataset on the hub: writes eval.yaml and entries too."),
    ] = None,
    split: SplitOption = "test",
    threshold: ThresholdOption = "6",
    decide_by: DecideOption = "stated",
    policy: PolicyOption = "exclude",
    scale: ScaleOption = "1-10",
    resamples: ResamplesOption = 2000,
    seed: SeedOption = 0,
) -> None:
    """Turn a folder of submissions into a static site that ranks them."""
    from cycleeval.human_ratings import read_human_ratings
    from cycleeval.leaderboard.folder import write_site
    from cycleeval.leaderboard.gather import gather
    from cycleeval.leaderboard.hub import hub_files
    from cycleeval.leaderboard.site import build_site

    rules = _config(
        threshold=threshold,
        decide_by=decide_by,
        policy=policy,
        scale=scale,
        resamples=resamples,
        seed=seed,
    )
    with _failures():
        humans = read_human_ratings(reference, split=split)
        board = gather(submissions, humans, rules, on_progress=_progress("submissions scored"))
        site = build_site(board)
        if hub_id is not None:
            site |= hub_files(board, hub_id, split=split)
        write_site(site, out)
    n_ranked = sum(entry.place is not None for entry in board.entries)
    print(f"{out}: {len(site)} files; {n_ranked} ranked, {len(board.entries) - n_ranked} not")
    for entry in board.entries:
        place = "-" if entry.place is None else f"{entry.place}{'=' * entry.shares_place}"
        print(f"{place:>4}  {entry.submission.name}  {entry.why_unranked or ''}".rstrip())


def _config(
    *,
    threshold: str,
    resamples: int,
    seed: int,
    scale: str = "1-10",
    decide_by: Literal["stated", "rating"] = "stated",
    policy: Literal["exclude", "worst", "constant"] = "exclude",
    over: Literal["papers", "reviews"] = "papers",
    draw_one: int | None = None,
) -> "ScoringConfig":
    from cycleeval.scoring_config import ScoringConfig

    try:
        low, _, high = scale.partition("-")
        return ScoringConfig(
            scale=(float(low), float(high)),
            threshold="train" if threshold == "train" else float(threshold),
            decide_by=decide_by,
            policy=policy,
            over=over,
            left_out_seed=draw_one,
            resamples=resamples,
            seed=seed,
        )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def _progress(what: str) -> Callable[[int, int], None]:
    """A line on stderr that is written over, where somebody watches."""

    def show(done: int, total: int) -> None:
        if sys.stderr.isatty():
            end = "\n" if done == total else ""
            print(f"\r{done}/{total} {what}", end=end, file=sys.stderr, flush=True)

    return show


@contextmanager
def _failures() -> Iterator[None]:
    """The world's mistakes, told in one line; exit 1."""
    from cycledata.errors import CycleDataError

    try:
        yield
    except BrokenPipeError:
        raise  # whoever read our output has seen enough; Typer ends quietly
    except (CycleDataError, OSError, ValueError) as error:
        print(f"cycleeval: {error}", file=sys.stderr)
        raise typer.Exit(1) from error


def _show(exact: dict[str, object], report: str, *, as_json: bool) -> None:
    print(json.dumps(exact, indent=2, allow_nan=False) if as_json else report)


def main() -> None:
    """Run the command line; the console script's entry point."""
    app()
