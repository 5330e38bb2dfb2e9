"""One row of a table of ratings and decisions, and how it completes a forum without them.

Tables of other people hold what a dump of reviews lacks: titles, abstracts, decisions, ratings of
other dates. A note always wins over a table; where their ratings differ, a row says so.
"""

import datetime as dt
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from cycledata.errors import ParseError
from cycledata.formats.rating_scales import DecisionKind, decision_kind
from cycledata.parse.openreview.forms import ASPECTS
from cycledata.parse.openreview.forum import ParsedForum
from cycledata.parse.openreview.note import clean_text
from cycledata.parse.payload import read_json, where_invalid
from cycledata.records import Decision, Dropped, Number

_COLUMN = re.compile(
    r"(rating|confidence|soundness|presentation|contribution|reviewer)(s?)"
    r"(?:_(?:([0-9]{4})([0-9]{2})([0-9]{2})|(initial|final)))?"
)
_LISTED = re.compile(r"[;,] ?")
_STATUSES: Mapping[str, DecisionKind | None] = {
    "Poster": "accept",
    "Spotlight": "accept",
    "Oral": "accept",
    "Top-5%": "accept",
    "Top-25%": "accept",
    "Reject or late withdrawal": "reject",
    "Absent from review dumps (reason unknown)": None,
}
"""Statuses that do not state one decision first; None if the table does not know it."""
_PLACES = {"initial": 0, None: 1, "final": 2}
"""Phase of a column to its place among the states of a paper."""


@dataclass(frozen=True, slots=True)
class TableRatings:
    """One paper's ratings in one state, as a table has them."""

    column: str
    """Column of the ratings, e.g. ``"rating_20231111"``."""
    ratings: tuple[Number, ...]
    """In the table's order."""
    date: dt.date | None = None
    """The day they were read; None if the column states none."""
    phase: Literal["initial", "final"] | None = None
    """State that the column states; None if it states none."""
    aspects: Mapping[str, tuple[Number | None, ...]] = field(default_factory=dict)
    """``confidence``, ``soundness``, ... in the same order, where the table has as many."""
    reviewers: tuple[str, ...] | None = None
    """Names that the venue's site gives its reviewers, in the same order; None if not stated."""


@dataclass(frozen=True, slots=True)
class RatingsRow:
    """What a table says of one paper."""

    paper_id: str
    title: str | None
    abstract: str | None
    decision: Decision | None
    """None if the table does not know it."""
    states: tuple[TableRatings, ...]
    """The initial ones first, then by day, the final and undated last; empty ones are left out."""


def parse_ratings_row(payload: bytes) -> RatingsRow:
    """Read the snapshot's payload of one row: a JSON object, column name -> value.

    The columns are ``paper_id`` (else ``forum``, else ``id``); ``title``, ``abstract``,
    ``decision`` and ``status`` where the table has them; ``rating``, ``ratings``,
    ``rating_YYYYMMDD``, ``rating_initial`` or ``rating_final`` for ratings, as a list or as
    "3;5;8"; ``confidence``, ``soundness``, ``presentation``, ``contribution`` and ``reviewer`` with
    the same endings. Others are not read.

    Raises:
        ParseError: no JSON object, no paper id, a status that is not known, ratings that are no
            numbers.
    """
    try:
        row = read_json(payload)
    except (ValueError, RecursionError) as error:
        detail = f"expected the JSON of a table's row: {where_invalid(error)}"
        raise ParseError("bad-json", detail) from error
    if not isinstance(row, dict):
        raise ParseError("bad-row", f"expected an object, found {type(row).__name__}")
    paper_id = next((row[name] for name in ("paper_id", "forum", "id") if row.get(name)), None)
    if not isinstance(paper_id, str):
        raise ParseError("bad-row", f"expected a paper_id, found {len(row)} other columns")
    return RatingsRow(
        paper_id=paper_id,
        title=_text(row, "title"),
        abstract=_text(row, "abstract"),
        decision=_decision(row),
        states=_states(row),
    )


def complete_from_row(parsed: ParsedForum, row: RatingsRow) -> ParsedForum:
    """Fill what the forum's notes leave open: title, abstract, decision.

    Ratings are the notes' own. Where the table's last ratings differ from them, the paper gets a
    row ``table-ratings-set-aside``.

    Raises:
        ValueError: the row is another paper's.
    """
    submission = parsed.submission
    if submission.paper_id != row.paper_id:
        raise ValueError(f"expected the row of {submission.paper_id}, found {row.paper_id}")
    missing = {
        name: value
        for name in ("title", "abstract", "decision")
        if getattr(submission, name) is None and (value := getattr(row, name)) is not None
    }
    dropped = parsed.dropped
    ours = sorted(review.rating for review in submission.reviews if review.rating is not None)
    if row.states and sorted(row.states[-1].ratings) != ours:
        date = row.states[-1].date or "last known"
        # The ratings themselves are not quoted: consent may withhold them.
        detail = f"the ratings of the table ({date}) differ from those of the notes, which are used"
        rule = "table-ratings-set-aside"
        dropped = (*dropped, Dropped(row.paper_id, rule=rule, detail=detail, stage="notes"))
    return replace(parsed, submission=submission.model_copy(update=missing), dropped=dropped)


def _text(row: dict[str, Any], column: str) -> str | None:
    value = row.get(column)
    return clean_text(value) or None if isinstance(value, str) else None


def _decision(row: dict[str, Any]) -> Decision | None:
    """Return the words of the decision if the table has them, else its status."""
    words = _text(row, "decision") or _text(row, "status")
    if words is None:
        return None
    kind = _STATUSES[words] if words in _STATUSES else decision_kind(words)
    if kind is not None:
        return Decision(kind=kind, text=words)
    if words in _STATUSES:
        return None
    known = "accept..., reject..., withdrawn..., " + ", ".join(_STATUSES)
    raise ParseError("unknown-status", f"expected {known}")


class _Column(NamedTuple):
    """What the name of a column says."""

    kind: str
    """``"rating"``, ``"confidence"``, ..."""
    ending: str
    """The rest of its name, which the columns of one state share."""
    date: dt.date | None
    is_dated: bool
    """True if the name states a day, even if the calendar has no such day."""
    phase: Literal["initial", "final"] | None


@lru_cache(maxsize=1024)
def _read_name(column: str) -> _Column | None:
    match = _COLUMN.fullmatch(column)
    if match is None:
        return None
    ending = column.removeprefix(match[1] + match[2])
    phase: Literal["initial", "final"] | None = None
    if match[6]:
        phase = "initial" if match[6] == "initial" else "final"
    try:
        date = dt.date(int(match[3]), int(match[4]), int(match[5])) if match[3] else None
    except ValueError:
        date = None
    return _Column(match[1], ending, date, match[3] is not None, phase)


def _states(row: dict[str, Any]) -> tuple[TableRatings, ...]:
    """Return the columns of a row by state: ratings with the aspects and names beside them."""
    columns: dict[str, dict[str, tuple[str, Any]]] = {}
    for column, cell in row.items():
        name = _read_name(column)
        if name is not None and cell:
            columns.setdefault(name.ending, {}).setdefault(name.kind, (column, cell))
    found = [_state(cells) for cells in columns.values() if "rating" in cells]
    if len(found) > 1:
        found.sort(key=lambda s: (_PLACES[s.phase], s.date or dt.date.max, s.column))
    return tuple(found)


def _state(cells: Mapping[str, tuple[str, Any]]) -> TableRatings:
    column, values = cells["rating"]
    name = _read_name(column)
    assert name is not None, "columns without a known name are not read"
    if name.is_dated and name.date is None:
        raise ParseError("bad-ratings", f"{column}: expected a day in its name")
    try:
        ratings = _numbers(values)
    except ValueError as error:
        # The values are not quoted: consent may withhold them.
        raise ParseError("bad-ratings", f"{column}: expected numbers such as 5;6;8") from error
    if len(cells) == 1:  # most tables have ratings alone
        return TableRatings(column, ratings, name.date, name.phase)
    aspects = {
        kind: numbers
        for kind in ("confidence", *ASPECTS)
        if kind in cells and len(numbers := _aspect(cells[kind][1])) == len(ratings)
    }
    names = _LISTED.split(cells["reviewer"][1]) if _is_text(cells.get("reviewer")) else ()
    names = names or (cells["reviewer"][1] if "reviewer" in cells else ())
    named = isinstance(names, list) and len(names) == len(ratings) == len(set(map(str, names)))
    return TableRatings(
        column=column,
        date=name.date,
        phase=name.phase,
        ratings=ratings,
        aspects=aspects,
        reviewers=tuple(map(str, names)) if named else None,
    )


def _is_text(cell: tuple[str, Any] | None) -> bool:
    return cell is not None and isinstance(cell[1], str)


def _numbers(values: Any) -> tuple[Number, ...]:
    if isinstance(values, str):
        return tuple(_number(value) for value in _LISTED.split(values))
    if isinstance(values, list) and {*map(type, values)} <= {int}:
        return tuple(values)
    if not isinstance(values, list) or any(
        isinstance(value, bool) or not isinstance(value, int | float) for value in values
    ):
        raise ValueError("neither a list of numbers nor a text of them")
    return tuple(_number(value) for value in values)


def _number(value: str | float) -> Number:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError("expected a finite number")
    return int(number) if number == int(number) else number


def _aspect(values: Any) -> tuple[Number | None, ...]:
    """Return the numbers of an aspect, None for a missing one; empty if they cannot be read."""
    try:
        if isinstance(values, list) and None in values:
            return tuple(None if value is None else _numbers([value])[0] for value in values)
        return _numbers(values)
    except ValueError:
        return ()
