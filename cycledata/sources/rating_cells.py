"""Columns and cells of tables of ratings: which are read, and the numbers in a cell."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal

from cycledata.formats.rating_scales import decision_kind, read_number
from cycledata.sources.stated_names import read_paper_id
from cycledata.sources.table_files import plain_cell

Pairs = Literal["reviewers", "states"]
"""Meaning of a cell such as `5;6`: two reviewers, or one reviewer's initial and final rating."""

PAPER_IDS = ("paper_id", "forum", "id")
_RATING_COLUMN = re.compile(r"ratings?(?:_(?:[0-9]{8}|initial|final))?")
_BESIDE_RATINGS = re.compile(
    r"(?:confidence|soundness|presentation|contribution|reviewer)s?(?:_(?:[0-9]{8}|initial|final))?"
)
_ASPECT_COLUMN = re.compile(
    r"(?:confidence|soundness|presentation|contribution)s?(?:_(?:[0-9]{8}|initial|final))?"
)
TEXT_COLUMNS = frozenset({"title", "abstract", "decision", "status"})
ACCEPTED = ("accepted", "is_accepted", "accept")
"""Columns that may say whether a paper was accepted, as true or false."""
WITHDRAWN = ("withdrawn", "is_withdrawn", "withdraw")
_TRUE = frozenset({"true", "yes", "y", "1", "1.0"})
_FALSE = frozenset({"false", "no", "n", "0", "0.0"})
_UNKNOWN = frozenset({"unknown", "undecided", "pending", "under review", "active", "tbd"})
"""Decisions that state none, in lower case, beside those in `MISSING`."""
NAMES = frozenset({*PAPER_IDS, "venue", "venue_id", "venueid"})
_READ = frozenset({*NAMES, *TEXT_COLUMNS, *ACCEPTED, *WITHDRAWN, "recommendation"})
MISSING = frozenset({"", "-", "nan", "none", "null", "na", "n/a"})
"""Cells of a missing value, in lower case."""


def paper_id_of(row: Mapping[str, Any]) -> str | None:
    """Return the paper id of a row; None if it has none."""
    cell = next((row[name] for name in PAPER_IDS if row.get(name)), None)
    try:
        return read_paper_id(cell) if isinstance(cell, str) else None
    except ValueError:
        return None


def read_flag(row: Mapping[str, Any], columns: Sequence[str]) -> bool | None:
    """Return the first of some columns that says true or false; None if all are absent or empty.

    Raises:
        ValueError: a cell that says neither.
    """
    for column in columns:
        text = str(plain_cell(row.get(column))).strip().lower()
        if text in _TRUE or text in _FALSE:
            return text in _TRUE
        if text not in MISSING:
            raise ValueError(f"{column}: expected true or false, found {row[column]!r:.60}")
    return None


def with_decision(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row with a decision where only true or false in other columns states it.

    A row with `accepted` false and nothing else is a rejected paper.

    Raises:
        ValueError: such a column says neither true nor false, or an accepted paper was withdrawn.
    """
    kept = dict(row)
    for name in ("decision", "status"):
        words = kept.get(name)
        if not states_nothing(words):
            if isinstance(words, str) and decision_kind(words) == "accept" and _is_withdrawn(row):
                raise ValueError(f"{name} is {words!r:.40}, but the paper was withdrawn")
            return kept
        if kept.get(name):
            kept[name] = None
    if read_flag(row, WITHDRAWN):
        return {**kept, "decision": "Withdrawn"}
    accepted = read_flag(row, ACCEPTED)
    return kept if accepted is None else {**kept, "decision": "Accept" if accepted else "Reject"}


def _is_withdrawn(row: Mapping[str, Any]) -> bool:
    """Return True if a column says that the paper was withdrawn."""
    return any(str(plain_cell(row.get(name))).strip().lower() in _TRUE for name in WITHDRAWN)


def states_nothing(cell: object) -> bool:
    """Return True if the cell of a decision is empty, or says `Unknown` or the like."""
    plain = plain_cell(cell)
    text = "" if plain is None else plain.strip().lower() if isinstance(plain, str) else None
    return text in MISSING or text in _UNKNOWN


@lru_cache(maxsize=4096)
def is_rating(column: str) -> bool:
    """Return True if a column has ratings."""
    return _RATING_COLUMN.fullmatch(column) is not None or column == "recommendation"


@lru_cache(maxsize=4096)
def is_aspect(column: str) -> bool:
    """Return True if a column has other marks than ratings."""
    return _ASPECT_COLUMN.fullmatch(column) is not None


@lru_cache(maxsize=4096)
def is_read(column: str) -> bool:
    """Return True if a dataset uses a column."""
    read = column in _READ or _BESIDE_RATINGS.fullmatch(column) is not None
    return read or is_rating(column)


def read_cells(row: dict[str, Any], pairs: Pairs | None) -> Iterator[tuple[str, object]]:
    """Yield the columns that datasets read, marks as lists of numbers, aspects after ratings.

    `recommendation` is yielded as `ratings` if the row has no other ratings.
    """
    ratings = [n for n in row if is_rating(n) and n != "recommendation" and row[n]]
    for column, cell in list(row.items()):
        if column in TEXT_COLUMNS:
            yield column, cell
        elif column == "recommendation":
            if not ratings:
                yield "ratings", read_ratings(cell, pairs)
        elif is_rating(column):
            yield column, read_ratings(cell, pairs)
    for column, cell in list(row.items()):
        if is_aspect(column):
            yield column, read_aspects(cell)


def read_ratings(cell: object, pairs: Pairs | None) -> object:
    """Return the ratings of a cell as numbers, None if it is empty, or the cell if it is neither.

    In a list, a text such as `5;6` gives the states of one reviewer, of which the last counts.
    """
    if isinstance(cell, str) and cell.strip().lower() in MISSING:
        return None
    if isinstance(cell, str):
        parts: list[object] = list(split_cell(cell))
        if ";" not in cell and None in map(_number, parts) and _number(cell) is not None:
            parts = [cell]  # words with a comma or a bar, such as "8: accept, good paper"
        if pairs == "states" and (";" in cell or "|" in cell):
            parts = parts[-1:]
    elif isinstance(cell, list):
        parts = [split_cell(p)[-1] if isinstance(p, str) and ";" in p else p for p in cell]
    else:
        parts = [cell]
    numbers = [_number(part) for part in parts if part not in (None, "")]
    if not numbers or cell in ([0, 0], None, ""):
        return None
    return cell if any(number is None for number in numbers) else numbers


def read_aspects(cell: object) -> object:
    """Return the marks of an aspect as numbers, None for a missing one, or the cell if it is none.

    A text may have an empty place for a review without the mark, as in `3;;4`.
    """
    if isinstance(cell, str):
        parts: list[object] = list(_parts(cell))
        if ";" not in cell and None in map(_number, parts) and _number(cell) is not None:
            parts = [cell]  # words with a comma or a bar
    else:
        parts = cell if isinstance(cell, list) else [cell]
    blank = [part is None or (isinstance(part, str) and part.lower() in MISSING) for part in parts]
    if all(blank):
        return None
    numbers = [None if empty else _number(p) for p, empty in zip(parts, blank, strict=True)]
    unread = [n is None and not empty for n, empty in zip(numbers, blank, strict=True)]
    return cell if any(unread) else numbers


def is_plain_list(cell: object, numbers: object) -> bool:
    """Return True if a cell is a list of these numbers, or a text such as `3;4;4`, or empty."""
    if not isinstance(numbers, list):
        return numbers is None and not cell
    return cell == numbers or cell == ";".join(map(str, numbers))


def split_cell(cell: str) -> list[str]:
    """Return the parts of a list that is written as text, without the empty ones."""
    return [part for part in _parts(cell) if part]


def _parts(cell: str) -> list[str]:
    """Return the parts of a list as text: `5;6`, `5, 6`, `5|6`, or `[5. 6.]` as numpy writes it."""
    inside = cell.strip()
    if inside.startswith("array("):
        inside = inside.removeprefix("array(").removesuffix(")").strip()
    in_brackets = inside.startswith("[") and inside.endswith("]")
    inside = inside.removeprefix("[").removesuffix("]")
    separator = next((sign for sign in ";,|" if sign in inside), None)
    if separator is None and in_brackets and not re.search("[A-Za-z'\"]", inside):
        return inside.split()
    return [part.strip(" '\"") for part in inside.split(separator or ",")]


def _number(value: object) -> int | float | None:
    """Return a rating; a text may be as on a form: `6: marginally above ...`, `8/10`."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        value = read_number(value)
    if not isinstance(value, int | float) or not -1000 < value < 1000:
        return None
    return int(value) if value == int(value) else float(value)
