"""Options that several commands of cycleeval share."""

import dataclasses
import datetime as dt
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cycledata.console import warn
from cycleeval.output.format_names import Format

if TYPE_CHECKING:
    from cycleeval.human_ratings import HumanRatings
    from cycleeval.predictions import PredictionFile
    from cycleeval.scoring_config import ScoringConfig
    from cycleeval.trivial_baselines import TrivialBaselines

ReferenceArgument = Annotated[
    str,
    typer.Argument(
        metavar="REFERENCE",
        help="Human ratings: a build directory, a .parquet or .jsonl file, or a hub id ORG/NAME.",
    ),
]
PredictionsArgument = Annotated[
    Path,
    typer.Argument(
        metavar="PREDICTIONS",
        exists=True,
        dir_okay=False,
        readable=True,
        help="Predictions of one model: JSON Lines, JSON or CSV, also gzipped.",
    ),
]
SplitOption = Annotated[str, typer.Option(metavar="NAME", help="Split of REFERENCE to score.")]
VenueOption = Annotated[
    str | None,
    typer.Option(metavar="ID", help="Score the papers of one venue, e.g. ICLR.cc/2024/Conference."),
]
RatingsOption = Annotated[
    Literal["initial", "final"] | None,
    typer.Option(
        help="Take the human ratings before or after the discussion from the config history of"
        " REFERENCE. By default those of scores.",
    ),
]
ThresholdOption = Annotated[
    str | None,
    typer.Option(
        metavar="RATING",
        help="Lowest rating that means accept, in rating points; 'train' learns it from the split"
        " train. By default that of REFERENCE; learned from the decisions if it states a scale"
        " without one, and 6 if it states neither.",
    ),
]
ScaleOption = Annotated[
    str | None,
    typer.Option(
        metavar="LOW-HIGH",
        help="Rating scale, in rating points. By default that of REFERENCE, or 1-10 if it states"
        " none.",
    ),
]
DecideOption = Annotated[
    Literal["stated", "rating"],
    typer.Option(help="A model's decision: the stated one if there is one, or by its mean rating."),
]
PolicyOption = Annotated[
    Literal["exclude", "worst", "constant"],
    typer.Option(
        help="Missing and unreadable predictions: leave the paper out, count the worst rating, or"
        " count the best constant."
    ),
]
BoardPolicyOption = Annotated[
    Literal["worst", "constant"],
    typer.Option(
        help="Missing and unreadable predictions count as the worst rating or the best constant."
    ),
]
OverOption = Annotated[
    Literal["papers", "reviews"],
    typer.Option(help="Weight of a paper in mean errors: equal, or its number of ratings."),
]
DrawOption = Annotated[
    int | None,
    typer.Option(
        metavar="SEED",
        min=0,
        help="Leave out one random reviewer per paper, drawn with this seed, instead of each one.",
    ),
]
ResamplesOption = Annotated[
    int, typer.Option(min=100, max=1_000_000, help="Bootstrap resamples of the papers.")
]
SeedOption = Annotated[int, typer.Option(min=0, help="Seed of the bootstrap and of permutations.")]

BaselinesOption = Annotated[
    bool,
    typer.Option(
        "--baselines/--no-baselines",
        help="Show length, metadata and text baselines where REFERENCE has text; about 10 s per"
        " 3,500 papers.",
    ),
]
AuditOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        exists=True,
        dir_okay=False,
        help="Output of `cycledata audit --json` on the texts of REFERENCE; a leak refuses the"
        " worth in reviewers. A build states its own audit.",
    ),
]

_FIELDS_SHOWN = 10
"""Unknown fields of a predictions file that a warning names."""


def trivial_baselines(
    reference: str,
    humans: "HumanRatings",
    config: "ScoringConfig",
    *,
    split: str,
    venue: str | None,
    wanted: bool,
    audit: Path | None = None,
) -> "TrivialBaselines":
    """Return the baselines that a reference permits, none if not wanted, and what leaks."""
    from cycleeval.aligned import with_form
    from cycleeval.reference_texts import read_audit
    from cycleeval.trivial_baselines import answer_trivially, without_baselines

    if wanted:
        scale = with_form(config, humans).rating_scale
        found = answer_trivially(reference, humans, split=split, venue=venue, scale=scale)
    else:
        found = without_baselines(reference)
    if audit is None:
        return found
    return dataclasses.replace(found, leaks=(*found.leaks, *read_audit(audit)))


def chosen_format(form: Format, *, as_json: bool) -> Format:
    """Return the format that --format and --json choose together.

    Raises:
        typer.BadParameter: they choose different ones.
    """
    if as_json and form not in ("table", "json"):
        raise typer.BadParameter(f"--format {form} and --json exclude each other")
    return "json" if as_json else form


def day(text: str | None, option: str) -> dt.date | None:
    """Return the day that an option gives as YYYY-MM-DD.

    Raises:
        typer.BadParameter: not such a day.
    """
    try:
        return None if text is None else dt.date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{option}: expected YYYY-MM-DD, found {text!r}") from error


def _table_file(path: Path | None) -> Path | None:
    return _file_of(path, (".csv", ".parquet"))


def svg_file(path: Path | None) -> Path | None:
    """Return the path of an SVG file to write.

    Raises:
        typer.BadParameter: another suffix, or a folder.
    """
    return _file_of(path, (".svg",))


def _file_of(path: Path | None, suffixes: tuple[str, ...]) -> Path | None:
    if path is not None and (path.suffix not in suffixes or path.is_dir()):
        what = "the folder " if path.is_dir() else ""
        raise typer.BadParameter(f"expected a {' or '.join(suffixes)} file, found {what}{path}")
    return path


PerPaperOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        callback=_table_file,
        help="Also write one row per paper, as .csv or .parquet.",
    ),
]
FormatOption = Annotated[
    Format,
    typer.Option(
        "--format",
        help="table for the terminal; markdown and latex (with booktabs) for papers; csv and jsonl"
        " with one row per number; json.",
    ),
]
MetricsOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAMES",
        help="Metrics to print, separated by commas, or all. By default a terminal table has"
        " the most important ones and the other formats have all.",
    ),
]
SignatureOption = Annotated[
    bool | None,
    typer.Option(
        "--signature/--no-signature",
        help="Print the signature of each number; by default only csv, json and jsonl do.",
    ),
]


def split_files(files: list[str], *, at_least: int) -> tuple[list[Path], str]:
    """Return the predictions files and the reference of an argument list.

    Raises:
        typer.BadParameter: too few predictions files, or one that does not exist.
    """
    *models, reference = files
    if len(models) < at_least:
        raise typer.BadParameter(
            f"expected at least {at_least} predictions file{'s' * (at_least > 1)}, then REFERENCE"
        )
    for model in models:
        if not Path(model).is_file():
            raise typer.BadParameter(f"no such file: {model}")
    return [Path(model) for model in models], reference


def scoring_config(
    *,
    threshold: str | None,
    scale: str | None,
    resamples: int,
    seed: int,
    decide_by: Literal["stated", "rating"] = "stated",
    policy: Literal["exclude", "worst", "constant"] = "exclude",
    over: Literal["papers", "reviews"] = "papers",
    draw_one: int | None = None,
) -> "ScoringConfig":
    """Return the options of a command.

    Raises:
        typer.BadParameter: an option outside its allowed values.
    """
    from cycleeval.scoring_config import ScoringConfig

    limits = re.fullmatch(r"(-?\d+(?:\.\d+)?)-(-?\d+(?:\.\d+)?)", scale or "1-10")
    if limits is None:
        raise typer.BadParameter(f"--scale: expected LOW-HIGH such as 1-10, found {scale!r:.40}")
    try:
        accept_from: float | Literal["train"] | None = None
        if threshold is not None:
            accept_from = "train" if threshold == "train" else _threshold(threshold)
        return ScoringConfig(
            scale=None if scale is None else (float(limits[1]), float(limits[2])),
            threshold=accept_from,
            decide_by=decide_by,
            policy=policy,
            over=over,
            left_out_seed=draw_one,
            resamples=resamples,
            seed=seed,
        )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def _threshold(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise ValueError(
            f"--threshold: expected a rating such as 6, or train; found {text!r:.40}"
        ) from error


def warn_of_unknown_states(humans: "HumanRatings") -> None:
    """Say how many papers lack a rating in the chosen state."""
    if humans.n_without_state:
        warn(f"{humans.name}: {humans.n_without_state} papers left out, a rating is not known")


def warn_of_ignored_fields(files: "list[PredictionFile]") -> None:
    """Name the fields of predictions files that are not read."""
    for file in files:
        if file.ignored_fields:
            shown = list(file.ignored_fields.items())[:_FIELDS_SHOWN]
            fields = ", ".join(f"{name or 'no name'} ({n})" for name, n in shown)
            more = len(file.ignored_fields) - len(shown)
            fields += f", and {more} more" if more else ""
            warn(f"{file.name}: unknown fields, ignored: {fields}")
