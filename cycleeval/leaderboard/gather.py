"""A folder of submissions and a reference -> everything that the site shows, as records."""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cycledata.errors import ParseError
from cycleeval.comparison import compare_predictions
from cycleeval.human_ratings import HumanRatings
from cycleeval.predictions import PredictionFile, read_predictions
from cycleeval.scoring import ScoreCard, score_humans, score_predictions
from cycleeval.scoring_config import ScoringConfig

RANKED_SHARE = 0.9
"""Share of the papers that a submission must be readable on to be ranked: models are compared on
the papers that all of them judged, and one that judged few would take the others' papers away."""
MAX_SUBMISSIONS = 100
"""Every pair of ranked submissions is compared, so that time grows with the square of this."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One submission on the board."""

    slug: str
    """Name of its page: letters, digits and hyphens, unique on the board."""
    submission: PredictionFile
    card: ScoreCard | None
    """None where nothing could be scored, and then ``why_unranked`` says why."""
    place: int | None
    """Place by the board's metric, shared within a tie group; None where unranked."""
    shares_place: bool
    """Whether another entry has the same place."""
    why_unranked: str | None
    """None for a ranked entry."""


@dataclass(frozen=True, slots=True)
class Board:
    """What the site shows."""

    reference: HumanRatings
    metric: str
    """What entries are ranked by: ``proxy_mse_n1``, or ``proxy_mse_n`` where papers have only one
    rating."""
    humans: ScoreCard
    entries: tuple[Entry, ...]
    """Ranked ones from the best, then the others by name."""
    n_compared: int
    """Papers that every ranked submission is readable on."""
    ignored: tuple[str, ...]
    """Names in the folder that are no ``.jsonl`` file."""


def gather(
    folder: Path,
    reference: HumanRatings,
    config: ScoringConfig | None = None,
    *,
    on_progress: Callable[[int, int], None] | None = None,
) -> Board:
    """Score and compare every ``*.jsonl`` file of a folder.

    Raises:
        ParseError: no folder, no submission in it, or too many.
        ValueError: the reference holds no rating.
    """
    files, ignored = _files(folder)
    submissions = [
        read_predictions(file, known=reference.paper_ids, config=config) for file in files
    ]
    humans = score_humans(reference, config)
    cards: dict[str, ScoreCard] = {}
    problems: dict[str, str] = {}
    for done, submission in enumerate(submissions, start=1):
        try:
            cards[submission.name] = score_predictions(submission, reference, config)
        except ValueError as error:
            problems[submission.name] = str(error)
        if on_progress is not None:
            on_progress(done, len(submissions))
    needed = RANKED_SHARE * sum(map(bool, reference.ratings))
    for name, card in cards.items():
        if card.n_scored < needed:
            problems[name] = (
                f"readable on {card.n_scored} papers; {RANKED_SHARE:.0%} of the "
                f"{card.n_papers} are needed for a place"
            )
    metric = "proxy_mse_n1" if humans.metrics["proxy_mse_n1"].value is not None else "proxy_mse_n"
    ranked = [s for s in submissions if s.name not in problems]
    places, n_compared = _places(ranked, reference, metric, config)
    entries = _entries(submissions, cards, problems, places, metric)
    return Board(reference, metric, humans, entries, n_compared, ignored)


def _files(folder: Path) -> tuple[list[Path], tuple[str, ...]]:
    if not folder.is_dir():
        raise ParseError("no-submissions", f"{folder}: expected a folder of .jsonl files")
    inside = sorted(folder.iterdir())
    files = [path for path in inside if path.suffix == ".jsonl" and path.is_file()]
    if not 1 <= len(files) <= MAX_SUBMISSIONS:
        raise ParseError(
            "no-submissions" if not files else "too-many-submissions",
            f"{folder}: expected 1 to {MAX_SUBMISSIONS} .jsonl files, found {len(files)}",
        )
    return files, tuple(path.name for path in inside if path not in files)


def _places(
    ranked: Sequence[PredictionFile],
    reference: HumanRatings,
    metric: str,
    config: ScoringConfig | None,
) -> tuple[dict[str, int], int]:
    """Places and the number of papers compared."""
    if len(ranked) == 1:
        return {ranked[0].name: 1}, len(ranked[0].predictions)
    if not ranked:
        return {}, 0
    comparison = compare_predictions(ranked, reference, config, metrics=[metric])
    return comparison.ranks.get(metric, {}), comparison.n_compared


def _entries(
    submissions: Sequence[PredictionFile],
    cards: dict[str, ScoreCard],
    problems: dict[str, str],
    places: dict[str, int],
    metric: str,
) -> tuple[Entry, ...]:
    held = list(places.values())
    entries = [
        Entry(
            slug=_slug(submission.name),
            submission=submission,
            card=cards.get(submission.name),
            place=places.get(submission.name),
            shares_place=held.count(places.get(submission.name, 0)) > 1,
            why_unranked=None
            if submission.name in places
            else problems.get(submission.name, "not comparable with the others"),
        )
        for submission in submissions
    ]

    def order(entry: Entry) -> tuple[bool, int, float, str]:
        value = None if entry.card is None else entry.card.metrics[metric].value
        return (
            entry.place is None,
            entry.place or 0,
            0.0 if value is None or entry.place is None else round(value, 12),
            entry.submission.name,
        )

    return tuple(sorted(entries, key=order))


def _slug(name: str) -> str:
    """Page name of a submission; a hash keeps names apart that differ only in odd characters."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60]
    digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:8]
    return f"{plain}-{digest}" if plain else digest
