"""The command ``cycleeval changes``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cycledata.console import AsJson, examples, print_json, print_table
from cycleeval.cli_options import ResamplesOption, SeedOption, scoring_config

if TYPE_CHECKING:
    from cycleeval.result import MetricResult

CHANGES_EXAMPLES = examples(
    "cycleeval changes review-5k/", "cycleeval changes review-5k/ --predictions model.jsonl"
)


def changes(
    build: Annotated[
        Path,
        typer.Argument(
            metavar="BUILD", exists=True, file_okay=False, help="A build with a config history."
        ),
    ],
    predictions: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            exists=True,
            dir_okay=False,
            help="A model's ratings after the discussion, as for `cycleeval score`.",
        ),
    ] = None,
    split: Annotated[
        str | None, typer.Option(metavar="NAME", help="Split of BUILD; all of them by default.")
    ] = None,
    resamples: ResamplesOption = 2000,
    seed: SeedOption = 0,
    as_json: AsJson = False,
) -> None:
    """Print what changes between the ratings before and after the discussion.

    With predictions, also whether a model predicts the direction of each paper's change, and its
    error beside that of "no change", in squared rating points.
    """
    config = scoring_config(threshold=None, scale=None, resamples=resamples, seed=seed)
    from cycleeval.predictions import read_predictions
    from cycleeval.rating_changes import read_rating_pairs, score_changes

    pairs = read_rating_pairs(build, split=split)
    model = None if predictions is None else read_predictions(predictions, known=pairs.paper_ids)
    report = score_changes(pairs, config, model)
    if as_json:
        print_json(report.to_json(), indent=2)
        return
    n_same = report.n_ratings - report.n_raised - report.n_lowered
    print(
        f"{report.n_papers:,} papers, {report.n_ratings:,} ratings before and after: "
        f"{report.n_raised:,} raised, {report.n_lowered:,} lowered, {n_same:,} unchanged"
    )
    if report.n_unpaired:
        print(f"{report.n_unpaired:,} reviewers with only one of the two, left out")
    if report.n_missing:
        print(f"{report.n_missing:,} papers without a readable prediction, left out")
    print()
    rows = [
        (result.name, _shown(result.value), _interval(result))
        for result in (*report.metrics.values(), *report.model.values())
    ]
    print_table({"metric": "left", "value": "right", "95% interval": "right"}, rows)


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _interval(result: "MetricResult") -> str:
    if result.low is None or result.high is None:
        return "-"
    return f"{_shown(result.low)} to {_shown(result.high)}"
