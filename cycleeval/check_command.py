"""The command ``cycleeval check``."""

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from cycledata.console import EXIT_FAILED, AsJson, print_json, printable
from cycleeval.cli_options import (
    PredictionsArgument,
    ReferenceArgument,
    ScaleOption,
    SplitOption,
    VenueOption,
    scoring_config,
)

if TYPE_CHECKING:
    from cycleeval.human_ratings import HumanRatings
    from cycleeval.predictions import PredictionFile

_LINES_SHOWN = 10


@dataclass(frozen=True, slots=True)
class SubmissionCheck:
    """What a leaderboard would make of a predictions file."""

    n_papers: int
    """Papers of the reference."""
    n_readable: int
    """Papers with a readable prediction."""
    n_missing: int
    """Papers without one; a leaderboard counts them as the worst rating."""
    problems: tuple[str, ...]
    """What must be changed; empty for a valid submission."""
    remarks: tuple[str, ...]
    """What is allowed and may be a mistake."""

    @property
    def is_valid(self) -> bool:
        """True if nothing must be changed."""
        return not self.problems


def check_submission(
    file: "PredictionFile", humans: "HumanRatings", about_problem: str | None
) -> SubmissionCheck:
    """Check a predictions file against the papers of a reference.

    Args:
        file: the predictions.
        humans: the human ratings.
        about_problem: why the description of the model is invalid; None if it is not.
    """
    known = set(humans.paper_ids)
    n_readable = len(known & file.predictions.keys())
    problems = [
        f"line {line.line}: {line.rule}: {line.detail}"
        for line in file.invalid_lines[:_LINES_SHOWN]
    ]
    more = len(file.invalid_lines) - _LINES_SHOWN
    if more > 0:
        rules = Counter(line.rule for line in file.invalid_lines[_LINES_SHOWN:])
        counts = ", ".join(f"{n} {rule}" for rule, n in sorted(rules.items()))
        problems.append(f"and {more} more invalid lines: {counts}")
    if not n_readable:
        problems.append(f"expected predictions for the {len(known)} papers, found none")
    if about_problem is not None:
        problems.append(about_problem)
    ignored = [
        f"unknown field {name or 'without a name'}, ignored in {n} line{'s' if n > 1 else ''}"
        for name, n in file.ignored_fields.items()
    ]
    remarks = ignored[:_LINES_SHOWN]
    if len(ignored) > _LINES_SHOWN:
        remarks.append(f"and {len(ignored) - _LINES_SHOWN} more unknown fields")
    n_missing = len(known) - n_readable
    if n_missing:
        example = min(known - file.predictions.keys())
        papers = "1 paper" if n_missing == 1 else f"{n_missing} papers"
        remarks.append(
            f"without a prediction: {papers}, such as {example}; a leaderboard counts the worst"
            " rating for them"
        )
    return SubmissionCheck(len(known), n_readable, n_missing, tuple(problems), tuple(remarks))


def check(
    predictions: PredictionsArgument,
    reference: ReferenceArgument,
    split: SplitOption = "test",
    venue: VenueOption = None,
    scale: ScaleOption = None,
    as_json: AsJson = False,
) -> None:
    """Check that a predictions file, and NAME.toml beside it, is a valid submission.

    Prints what must be changed and exits with 1 if anything must.
    """
    config = scoring_config(threshold=None, scale=scale, resamples=2000, seed=0)
    from cycleeval.aligned import with_form
    from cycleeval.human_ratings import read_human_ratings
    from cycleeval.leaderboard.about import AboutModel, read_about
    from cycleeval.predictions import read_predictions

    humans = read_human_ratings(reference, split=split, venue=venue)
    config = with_form(config, humans)
    file = read_predictions(
        predictions, known=humans.paper_ids, elsewhere=humans.other_ids, config=config
    )
    about = read_about(predictions.with_name(f"{file.name}.toml"), AboutModel)
    found = check_submission(file, humans, about if isinstance(about, str) else None)
    if as_json:
        print_json(
            {
                "valid": found.is_valid,
                "n_papers": found.n_papers,
                "n_readable": found.n_readable,
                "n_missing": found.n_missing,
                "problems": list(found.problems),
                "remarks": list(found.remarks),
            }
        )
    else:
        verdict = "valid" if found.is_valid else "not valid"
        print(f"{predictions}: {verdict}, {found.n_readable} of {found.n_papers} papers")
        for line in (*found.problems, *found.remarks):
            print(f"  {printable(line)}")
    if not found.is_valid:
        raise typer.Exit(EXIT_FAILED)
