"""Human ratings and decisions: a build, a hub dataset, a Parquet or JSON Lines file, or mappings.

These are our own or the organizer's data, so an invalid row is an error and not counted.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote

from cycledata.formats.rating_states import StateChoice
from cycleeval.inputs import DecisionLabel, is_missing, number_or_none
from cycleeval.prediction_lines import ASPECTS
from cycleeval.rating_states import rows_in_state
from cycleeval.reference_rows import Rows, history_rows, reference_rows
from cycleeval.result import digest
from cycleeval.scoring_config import DEFAULT_ASPECT_SCALE

if TYPE_CHECKING:
    pass

RatingLists = tuple[tuple[float, ...], ...]
_DECISIONS: dict[object, DecisionLabel | None] = {
    "accept": "accept",
    "reject": "reject",
    "withdrawn": None,
    None: None,
}
_OPENREVIEW_VENUE = re.compile(r"[\w-]+(?:\.[\w-]+)+/[\w./-]+")


@dataclass(frozen=True, slots=True)
class HumanRatings:
    """Human ratings and decisions of the papers to be scored, in the order of their ids."""

    name: str
    """Where they come from."""
    paper_ids: tuple[str, ...]
    """Ascending, each once."""
    ratings: RatingLists
    """Human ratings of each paper, as many as it has."""
    decisions: tuple[DecisionLabel | None, ...]
    """Decision of the venue; None if unknown or withdrawn."""
    aspects: Mapping[str, RatingLists]
    """Human aspect ratings by aspect, without the aspects that no paper has."""
    train: "HumanRatings | None" = None
    """The training split, if there is one."""
    scale: tuple[float, float] | None = None
    """Lowest and highest rating of the venue's form, in rating points; None if not stated."""
    threshold: float | None = None
    """Lowest rating whose wording leans to accept on that form; None if not stated."""
    n_missing: int = 0
    """Missing overall ratings (null or NaN) that were left out."""
    aspect_scale: tuple[float, float] | None = None
    """Lowest and highest aspect rating of the form; None if not stated."""
    confidence_scale: tuple[float, float] | None = None
    """Lowest and highest confidence of the form; None if not stated."""
    titles: Mapping[str, str] = field(default_factory=dict)
    """Title by paper id, for papers that have one."""
    links: Mapping[str, str] = field(default_factory=dict)
    """OpenReview page by paper id, for papers of an OpenReview venue."""
    venues: Mapping[str, str] = field(default_factory=dict)
    """Venue by paper id, for papers whose venue is stated."""
    n_without_state: int = 0
    """Papers left out because a rating in the chosen state is not known."""

    @property
    def other_ids(self) -> tuple[str, ...]:
        """Papers of the training split, which are not scored."""
        return () if self.train is None else self.train.paper_ids

    @property
    def digest(self) -> str:
        """First 12 hexadecimal digits of a SHA-256 over ids, ratings and decisions.

        It depends neither on the order of a paper's ratings nor on the width of floats.
        """
        aspects = tuple(sorted(self.aspects.items()))
        return _digest(self.paper_ids, self.ratings, self.decisions, aspects)


@lru_cache(maxsize=8)
def _digest(
    paper_ids: tuple[str, ...],
    ratings: RatingLists,
    decisions: tuple[DecisionLabel | None, ...],
    aspects: tuple[tuple[str, RatingLists], ...],
) -> str:
    return digest(
        paper_ids,
        [sorted(values) for values in ratings],
        decisions,
        [[name, [sorted(values) for values in lists]] for name, lists in aspects],
    )


def human_ratings_of(
    ratings: Mapping[str, Sequence[float]],
    decisions: Mapping[str, DecisionLabel | None] | None = None,
    aspects: Mapping[str, Mapping[str, Sequence[float]]] | None = None,
    *,
    name: str = "given",
    train: HumanRatings | None = None,
    scale: tuple[float, float] | None = None,
    threshold: float | None = None,
    n_missing: int = 0,
) -> HumanRatings:
    """Return human ratings from mappings by paper id; papers without a rating are kept and counted.

    Raises:
        ValueError: no papers, or a rating that is not finite.
    """
    if not ratings:
        raise ValueError(f"{name}: expected at least one paper, found none")
    ids = tuple(sorted(ratings))
    by_aspect = {aspect: _tuples(ids, lists) for aspect, lists in (aspects or {}).items()}
    found = HumanRatings(
        name,
        ids,
        _tuples(ids, ratings),
        tuple((decisions or {}).get(paper_id) for paper_id in ids),
        {aspect: lists for aspect, lists in by_aspect.items() if any(lists)},
        train,
        scale,
        threshold,
        n_missing,
    )
    for lists in (found.ratings, *found.aspects.values()):
        for paper_id, values in zip(ids, lists, strict=True):
            if not all(map(math.isfinite, values)):
                raise ValueError(
                    f"{name}: paper {paper_id}: expected finite ratings, found {values}; leave "
                    "unknown ratings out"
                )
    return found


def read_human_ratings(
    source: str,
    *,
    split: str = "test",
    venue: str | None = None,
    ratings: StateChoice | None = None,
) -> HumanRatings:
    """Read human ratings.

    Args:
        source: a build directory, a ``.parquet`` or ``.jsonl`` file, or a hub id ``ORG/NAME``.
        split: the split to score. A file without a column ``split`` is scored whole, and has no
            split but ``"test"``. The split ``train``, if there is one too, gives constants and
            thresholds.
        venue: keep the papers of one venue, e.g. ``"ICLR.cc/2024/Conference"``; None keeps all,
            and then their rating scales must agree.
        ratings: take the ratings before (``"initial"``) or after (``"final"``) the discussion from
            the config ``history``; papers where one of them is not known are left out. None takes
            those of ``scores``.

    Raises:
        ParseError: a file that is not readable as human ratings, or papers on several scales.
        OSError: no such file and no such dataset.
    """
    from cycledata.errors import ParseError

    try:
        rows = reference_rows(source, split)
        if venue is not None:
            rows = _of_venue(rows, venue)
        if ratings is None:
            return _human_ratings(rows, name=source, split=split)
        return _in_state(rows, source, split, ratings)
    except ValueError as error:
        detail = str(error).removeprefix(f"{source}: ")
        raise ParseError("bad-reference", f"{source}: {detail}") from error


def _in_state(rows: Rows, source: str, split: str, ratings: StateChoice) -> HumanRatings:
    """Return human ratings of one state.

    Raises:
        ValueError: no paper of the split has them.
    """
    chosen = rows_in_state(rows, history_rows(source, split), ratings)
    if not any(row.get("split") in (None, split) for row in chosen.rows):
        raise ValueError(
            f"expected papers with {ratings} ratings, found none among {chosen.n_left_out}; build"
            " the config history from dated tables, trackers or edits"
        )
    found = _human_ratings(chosen.rows, name=f"{source} ({ratings} ratings)", split=split)
    return replace(found, n_without_state=chosen.n_left_out)


def _of_venue(rows: Rows, venue: str) -> Rows:
    kept = [row for row in rows if row.get("venue") == venue]
    if not kept:
        found = sorted({str(row.get("venue")) for row in rows})
        raise ValueError(f"venue: expected one of {found[:20]}, found {venue!r}")
    return kept


def _human_ratings(rows: Rows, *, name: str, split: str) -> HumanRatings:
    if split != "test" and rows and all(row.get("split") is None for row in rows):
        raise ValueError(
            f"expected a column 'split' for the split {split!r}, found none; leave --split out to"
            " score every row"
        )
    chosen = [row for row in rows if row.get("split") in (None, split)]
    train = [row for row in rows if row.get("split") == "train"] if split != "train" else []
    if not chosen:
        splits = ", ".join(sorted({str(row.get("split")) for row in rows}))
        what = f"the splits {splits}" if rows else "no rows"
        raise ValueError(f"expected papers in split {split!r}, found {what}")
    known = _from_rows(train, name=f"{name} (train)", train=None) if train else None
    found = _from_rows(chosen, name=name, train=known)
    if known is not None and (both := set(known.paper_ids) & set(found.paper_ids)):
        raise ValueError(
            f"expected each paper in one split, found {len(both)} in 'train' and {split!r}, e.g. "
            f"{min(both)!r:.80}: constants and baselines would be learned from papers they are "
            "scored on"
        )
    if known is not None and (known.scale, known.threshold) != (found.scale, found.threshold):
        raise ValueError(
            f"expected split 'train' on the same rating scale as {split!r}: scale {found.scale}, "
            f"accept from {found.threshold}; found {known.scale}, {known.threshold}"
        )
    return found


def _from_rows(rows: Rows, *, name: str, train: HumanRatings | None) -> HumanRatings:
    ratings: dict[str, Sequence[float]] = {}
    decisions: dict[str, DecisionLabel | None] = {}
    aspects: dict[str, dict[str, Sequence[float]]] = {aspect: {} for aspect in ASPECTS}
    n_missing = 0
    for number, row in enumerate(rows, start=1):
        paper_id = row.get("paper_id")
        if not isinstance(paper_id, str) or not paper_id:
            raise ValueError(f"row {number}: paper_id: expected a string, found {paper_id!r:.60}")
        if paper_id in ratings:
            raise ValueError(f"paper {paper_id}: expected one row, found two")
        if "ratings" not in row:
            raise ValueError(f"paper {paper_id}: expected a column 'ratings', found {sorted(row)}")
        given = row["ratings"]
        ratings[paper_id] = _numbers(paper_id, "ratings", given)
        n_missing += len(given) - len(ratings[paper_id]) if isinstance(given, list) else 0
        decisions[paper_id] = _decision(paper_id, row.get("decision"))
        for aspect in ASPECTS:
            aspects[aspect][paper_id] = _numbers(paper_id, aspect, row.get(aspect))
    scale, threshold = _form(rows)
    humans = human_ratings_of(
        ratings,
        decisions,
        aspects,
        name=name,
        train=train,
        scale=scale,
        threshold=threshold,
        n_missing=n_missing,
    )
    rated = [value for lists in humans.aspects.values() for values in lists for value in values]
    return replace(
        humans,
        titles=_texts(rows, "title"),
        links=_links(rows),
        venues=_texts(rows, "venue"),
        aspect_scale=_stated_ends(rows, ASPECTS) or _wider(DEFAULT_ASPECT_SCALE, rated),
        confidence_scale=_stated_ends(rows, ("confidence",)),
    )


def _stated_ends(rows: Rows, names: Sequence[str]) -> tuple[float, float] | None:
    """Return the ends of the numbers that the forms of a build offer; None if it states none."""
    forms = [found for row in rows if isinstance(found := row.get("numbers"), dict)]
    values = {float(v) for form in forms for name in names for v in form.get(name, ())}
    return (min(values), max(values)) if len(values) > 1 else None


def _wider(ends: tuple[float, float], values: Sequence[float]) -> tuple[float, float] | None:
    """Return a scale that human values show to be wider; None if they are on it."""
    found = min([ends[0], *values]), max([ends[1], *values])
    return None if found == ends else found


def _texts(rows: Rows, column: str) -> dict[str, str]:
    """Return the texts of a column by paper id, without empty ones."""
    return {
        str(row["paper_id"]): words
        for row in rows
        if isinstance(words := row.get(column), str) and words
    }


def _links(rows: Rows) -> dict[str, str]:
    """Return OpenReview pages; there a venue is a group, e.g. `ICLR.cc/2024/Conference`."""
    return {
        str(row["paper_id"]): f"https://openreview.net/forum?id={quote(str(row['paper_id']))}"
        for row in rows
        if _OPENREVIEW_VENUE.fullmatch(str(row.get("venue")))
    }


def _decision(paper_id: str, decision: object) -> DecisionLabel | None:
    if not isinstance(decision, str | None) or decision not in _DECISIONS:
        raise ValueError(
            f"paper {paper_id}: decision: expected 'accept', 'reject', 'withdrawn' or null, "
            f"found {decision!r:.60}"
        )
    return _DECISIONS[decision]


def _form(rows: Rows) -> tuple[tuple[float, float] | None, float | None]:
    """Return the rating scale and accept threshold of all rows; None if the rows state none.

    Raises:
        ValueError: rows that state different scales or thresholds.
    """
    forms: dict[tuple[tuple[float, float] | None, float | None], str] = {}
    for row in rows:
        scale, threshold = row.get("rating_scale"), row.get("accept_threshold")
        known = _number("accept_threshold", threshold)
        forms.setdefault((_scale(scale), known), str(row.get("venue", row.get("paper_id"))))
    if len(forms) > 1:
        shown = "; ".join(
            f"{where}: scale {scale}, accept from {threshold}"
            for (scale, threshold), where in list(forms.items())[:5]
        )
        raise ValueError(
            f"expected papers on one rating scale, found {len(forms)} ({shown}); choose one venue "
            "with --venue"
        )
    return next(iter(forms), (None, None))


def _scale(value: object) -> tuple[float, float] | None:
    if isinstance(value, dict):
        value = value.get("values")
    if value is None or value == []:
        return None
    if not isinstance(value, list) or len(value) < 2:
        raise ValueError(f"rating_scale: expected a list of values, found {value!r:.60}")
    values = [_number("rating_scale", entry) for entry in value]
    known = [entry for entry in values if entry is not None]
    if len(known) != len(values) or not min(known) < max(known):
        raise ValueError(f"rating_scale: expected different numbers, found {value!r:.60}")
    return min(known), max(known)


def _number(column: str, value: object) -> float | None:
    """Return a number of a row, or None for a missing one.

    Raises:
        ValueError: not a finite number; the file is wrong, not the call.
    """
    try:
        return number_or_none(value, column)
    except TypeError as error:
        raise ValueError(str(error)) from error


def _numbers(paper_id: str, column: str, values: object) -> tuple[float, ...]:
    """Return the ratings of one paper without nulls and NaN, which are reviews without one."""
    if values is None:
        return ()
    if not isinstance(values, list):
        raise ValueError(f"paper {paper_id}: {column}: expected a list, found {values!r:.60}")  # noqa: TRY004  the file is wrong, not the call
    for value in values:
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal | None):
            raise ValueError(f"paper {paper_id}: {column}: expected numbers, found {value!r:.60}")  # noqa: TRY004  the file is wrong, not the call
    try:
        return tuple(float(value) for value in values if not is_missing(value))
    except OverflowError as error:
        raise ValueError(f"paper {paper_id}: {column}: expected finite numbers: {error}") from error


def _tuples(ids: Sequence[str], lists: Mapping[str, Sequence[float]]) -> RatingLists:
    return tuple(tuple(float(value) for value in lists.get(paper_id, ())) for paper_id in ids)
