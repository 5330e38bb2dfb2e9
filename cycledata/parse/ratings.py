"""One row of a table of ratings and decisions, and how it completes a forum without them.

Tables of other people hold what a dump of reviews lacks: titles, abstracts, decisions, ratings of
other dates. A note always wins over a table; where their ratings differ, a row says so.
"""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from cycledata.errors import ParseError
from cycledata.formats.rating_scales import DecisionKind, decision_kind
from cycledata.parse.openreview.forum import ParsedForum
from cycledata.parse.openreview.note import clean_text
from cycledata.parse.payload import read_json, where_invalid
from cycledata.records import Decision, Dropped, Record

_RATING_COLUMN = re.compile(r"ratings?(?:_([0-9]{4})([0-9]{2})([0-9]{2}))?")
_LISTED = re.compile(r"[;,] ?")
_STATUSES: Mapping[str, DecisionKind | None] = {
    "Poster": "accept",
    "Spotlight": "accept",
    "Oral": "accept",
    "Top-5%": "accept",
    "Top-25%": "accept",
    "Absent from review dumps (reason unknown)": None,
}
"""Statuses that do not start with the decision; None if the table does not know it."""


class DatedRatings(Record):
    """One paper's ratings on one day."""

    date: dt.date | None
    """The day they were read; None for the last ones, as the table has them."""
    ratings: tuple[int, ...]
    """In the table's order."""


@dataclass(frozen=True, slots=True)
class RatingsRow:
    """What a table says of one paper."""

    paper_id: str
    title: str | None
    abstract: str | None
    decision: Decision | None
    """None if the table does not know it."""
    dated_ratings: tuple[DatedRatings, ...]
    """Oldest first, the undated last; days without ratings are left out."""


def parse_ratings_row(payload: bytes) -> RatingsRow:
    """Read the snapshot's payload of one row: a JSON object, column name -> value.

    The columns are ``paper_id`` (else ``forum``, else ``id``); ``title``, ``abstract``,
    ``decision`` and ``status`` where the table has them; ``rating``, ``ratings`` or
    ``rating_YYYYMMDD`` for ratings, as a list or as "3;5;8". Others are not read.

    Raises:
        ParseError: no JSON object, no paper id, a status that is not known, ratings that are no
            whole numbers.
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
        dated_ratings=_dated_ratings(row),
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
    if row.dated_ratings and sorted(row.dated_ratings[-1].ratings) != ours:
        date = row.dated_ratings[-1].date or "last known"
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


def _dated_ratings(row: dict[str, Any]) -> tuple[DatedRatings, ...]:
    found = []
    for column, values in row.items():
        match = _RATING_COLUMN.fullmatch(column)
        if match is None or not values:
            continue
        try:
            date = dt.date(*map(int, match.groups())) if match[1] else None
            found.append(DatedRatings(date=date, ratings=_ratings(values)))
        except ValueError as error:
            detail = f"{column}: expected whole numbers under a date"
            raise ParseError("bad-ratings", detail) from error
    return tuple(sorted(found, key=lambda dated: dated.date or dt.date.max))


def _ratings(values: Any) -> tuple[int, ...]:
    if isinstance(values, str):
        return tuple(int(value) for value in _LISTED.split(values))
    if not isinstance(values, list) or not all(type(value) is int for value in values):
        raise ValueError("neither a list of whole numbers nor a text of them")
    return tuple(values)
