"""Import tables of ratings and decisions, as people have them, into an open snapshot.

A cell that cannot be read costs the cell, not the row. A table whose pairs of numbers are
ambiguous, or whose ratings contradict most notes in the snapshot, is refused.
"""

import datetime as dt
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

from cycledata.errors import ParseError
from cycledata.files import canonical_json
from cycledata.formats.rating_scales import read_number
from cycledata.parse.openreview.forum import parse_forum
from cycledata.parse.ratings import parse_ratings_row
from cycledata.records import Dropped
from cycledata.snapshot import keys
from cycledata.snapshot.open import OpenSnapshot
from cycledata.snapshot.reply import Reply
from cycledata.sources.dump_files import FileValue, InvalidEntry, list_files, read_table
from cycledata.sources.dumps import (
    ImportReport,
    OnProgress,
    each_value,
    import_replies,
    json_reply,
    kind_of,
    plain_cell,
    unite_rows,
)
from cycledata.sources.rating_states import expand_rows, with_states
from cycledata.sources.stated_names import read_paper_id, stated_venue

Pairs = Literal["reviewers", "states"]
"""Meaning of a cell such as `5;6`: two reviewers, or one reviewer's initial and final rating."""

_PAPER_IDS = ("paper_id", "forum", "id")
_RATING_COLUMN = re.compile(r"ratings?(?:_(?:[0-9]{8}|initial|final))?")
_BESIDE_RATINGS = re.compile(
    r"(?:confidence|soundness|presentation|contribution|reviewer)s?(?:_(?:[0-9]{8}|initial|final))?"
)
_TEXT_COLUMNS = frozenset({"title", "abstract", "decision", "status"})
_NAMES = frozenset({*_PAPER_IDS, "venue", "venue_id", "venueid"})
_READ = frozenset({*_NAMES, *_TEXT_COLUMNS, "recommendation"})
_LIKE_RATINGS = re.compile("rating|score|review|decision|recommend")
"""Names of columns whose author expects them to be read."""
_MISSING = frozenset({"", "-", "nan", "none", "null", "na", "n/a"})
"""Cells of a missing value, in lower case."""
_MIN_COMPARED = 5
"""Papers with notes and ratings below which a table is not compared with the notes."""
_unite = partial(unite_rows, next_step="use a snapshot of its own for each state")
_HOSTS = {"iclr": "ICLR.cc", "neurips": "NeurIPS.cc", "icml": "ICML.cc"}


def import_ratings(
    files: Sequence[Path],
    snapshot: OpenSnapshot,
    *,
    venue: str | None = None,
    pairs: Pairs | None = None,
    allow_contradictions: bool = False,
    retrieved_at: dt.datetime | None = None,
    on_progress: OnProgress | None = None,
) -> ImportReport:
    """Import tables of ratings and decisions, one reply per row: `<venue id>/<paper id>`.

    The paper is named by the column `paper_id`, `forum` or `id`, as an id or as the URL of its
    forum; the venue by an id in `venue_id`, `venueid` or `venue`, else by the argument, else by a
    file name such as `iclr2024_ratings.parquet`. Ratings are in `rating`,
    `ratings`, `rating_YYYYMMDD` or `recommendation`, as a list, or as a text such as `5;6;8` or
    `[5, 6, 8]`. A list of texts such as `5;6` has the initial and final rating of each reviewer,
    which become the columns `rating_initial` and `rating_final`; so has a mapping `reviewers` from
    reviewer to such texts, and, with `pairs="states"`, a text `5;6, 3;3`. Rows of one paper are
    merged column by column; if two disagree, the second is reported and not imported.

    Args:
        files: `.parquet`, `.csv`, `.tsv`, `.json` or `.jsonl`; all but the first also compressed.
        snapshot: receives the replies.
        venue: venue id of every row without a `venue_id`, e.g. `"ICLR.cc/2024/Conference"`.
        pairs: meaning of a cell such as `5;6`; needed if all such cells have two numbers.
        allow_contradictions: import a table even if most of its ratings differ from the notes.
        retrieved_at: when the table was made, if known.
        on_progress: called with bytes read and bytes in total.

    Raises:
        ParseError: `ambiguous-pairs` or `table-contradicts-notes`; nothing was imported.
    """
    files = list_files(files)
    survey = _survey(files, snapshot, pairs)
    if pairs is None and survey.widths == {2}:
        raise ParseError(
            "ambiguous-pairs",
            f"{survey.example}: two reviewers, or one reviewer's initial and final rating? Pass"
            " --pairs reviewers or --pairs states",
        )
    if survey.contradicts and not allow_contradictions:
        raise ParseError(
            "table-contradicts-notes",
            f"{files[0].name}: {survey.n_differ} of {survey.n_compared} papers have other ratings"
            f" than their notes in the snapshot, the first {survey.first_differ}; is the table"
            " shifted or of another venue? Pass --allow-contradictions to import it anyway",
        )

    def replies(file: Path, value: FileValue) -> Iterator[Reply | InvalidEntry]:
        row = value.value
        if not isinstance(row, dict):
            yield InvalidEntry(file.name, value.place, f"expected a row, found {kind_of(row)}")
            return
        paper = _paper_id(row)
        of_venue = row.get("venue_id") or stated_venue(row) or venue or _venue_in_name(file.name)
        reason = _problem_of_row(row, paper, of_venue)
        if reason is not None or paper is None or not isinstance(of_venue, str):
            yield InvalidEntry(file.name, value.place, reason or "no paper_id")
            return
        row = {**row, next(name for name in _PAPER_IDS if row.get(name)): paper}
        plain = {name: plain_cell(cell) for name, cell in row.items()}
        kept, doubt = with_states(plain, text_is_states=pairs == "states")
        if doubt is not None:
            yield InvalidEntry(file.name, value.place, doubt)
        for column, cell in _cells(kept, pairs):
            kept[column] = cell
            problem = _problem_of_cell(paper, column, cell)
            if problem is not None:
                kept[column] = None
                yield InvalidEntry(file.name, f"{value.place}, column {column}", problem)
        try:
            text = canonical_json(kept)
        except ValueError as error:
            yield InvalidEntry(file.name, value.place, str(error))
            return
        yield json_reply(file, keys.rating_row(of_venue, paper), retrieved_at, text)

    values = each_value(files, _read_rows, replies, on_progress)
    report = import_replies(snapshot, values, _unite)
    return replace(report, columns_not_read=tuple(sorted(survey.columns_not_read)))


def _read_rows(file: Path, tell: Callable[[int], None]) -> Iterator[FileValue | InvalidEntry]:
    for value in read_table(file, tell):
        if isinstance(value, InvalidEntry):
            yield value
        else:
            yield from (FileValue(value.place, row) for row in expand_rows(value.value))


@dataclass(slots=True)
class _Survey:
    """Facts about whole tables that are needed before the first row is imported."""

    widths: set[int] = field(default_factory=set)
    """Numbers per cell, of the cells that are texts with semicolons."""
    example: str = ""
    columns_not_read: set[str] = field(default_factory=set)
    n_compared: int = 0
    n_differ: int = 0
    first_differ: str = ""

    @property
    def contradicts(self) -> bool:
        return self.n_compared >= _MIN_COMPARED and 2 * self.n_differ > self.n_compared


def _survey(files: Sequence[Path], snapshot: OpenSnapshot, pairs: Pairs | None) -> _Survey:
    survey = _Survey()
    for file in files:
        for value in _read_rows(file, lambda _: None):
            if isinstance(value, InvalidEntry) or not isinstance(value.value, dict):
                continue
            row, _ = with_states(value.value, text_is_states=pairs == "states")
            survey.columns_not_read |= {name for name in row if not _is_read(name)}
            for column, cell in row.items():
                if _is_rating(column) and isinstance(cell, str) and ";" in cell:
                    survey.widths.add(len(_split(cell)))
                    survey.example = survey.example or f"{file.name}: {value.place}: {cell!r:.40}"
            _compare(survey, row, snapshot, pairs)
    return survey


def _compare(
    survey: _Survey, row: dict[str, Any], snapshot: OpenSnapshot, pairs: Pairs | None
) -> None:
    """Compare the ratings of a row with those of the paper's notes, if the snapshot has both."""
    paper = _paper_id(row)
    table = [cell for _, cell in _cells(row, pairs) if isinstance(cell, list) and cell]
    reply = snapshot.get(*keys.forum(paper)) if paper and table else None
    if reply is None or paper is None:
        return
    try:
        parsed = parse_forum(reply.payload)
    except ParseError:
        return
    if isinstance(parsed, Dropped):
        return
    notes = sorted(r.rating for r in parsed.submission.reviews if r.rating is not None)
    if not notes:
        return
    survey.n_compared += 1
    if not any(_sorted_numbers(cell) == notes for cell in table):
        survey.n_differ += 1
        survey.first_differ = survey.first_differ or paper[:60]


def _paper_id(row: Mapping[str, Any]) -> str | None:
    """Return the paper id of a row; None if it has none."""
    cell = next((row[name] for name in _PAPER_IDS if row.get(name)), None)
    try:
        return read_paper_id(cell) if isinstance(cell, str) else None
    except ValueError:
        return None


def _problem_of_row(row: Mapping[str, Any], paper: str | None, venue: object) -> str | None:
    """Return why a row cannot be imported at all, or None."""
    columns = ", ".join(map(str, row))[:100]
    if paper is None:
        if stated := next((row[name] for name in _PAPER_IDS if row.get(name)), None):
            return f"expected a paper id or the URL of a forum, found {stated!r:.80}"
        return f"no paper_id, forum or id; found the columns {columns}; rename one, or add a header"
    if paper in _PAPER_IDS:
        return "repeats the header"
    if not isinstance(venue, str):
        return "no venue_id; rename the column, or pass --venue"
    content = [name for name in row if name not in _NAMES]
    read = any(_is_read(name) or name == "reviewers" for name in content)
    if not read and any(_LIKE_RATINGS.search(name) for name in content):
        return f"no ratings, decision, title or abstract; found the columns {columns}"
    return None


def _sorted_numbers(cell: list[Any]) -> list[float]:
    return sorted(float(item) for item in cell if isinstance(item, int | float))


def _is_rating(column: str) -> bool:
    return _RATING_COLUMN.fullmatch(column) is not None or column == "recommendation"


def _is_read(column: str) -> bool:
    read = column in _READ or _BESIDE_RATINGS.fullmatch(column) is not None
    return read or _is_rating(column)


def _cells(row: dict[str, Any], pairs: Pairs | None) -> Iterator[tuple[str, object]]:
    """Yield the columns that datasets read, ratings as lists of numbers.

    `recommendation` is yielded as `ratings` if the row has no other ratings.
    """
    ratings = [name for name in row if _RATING_COLUMN.fullmatch(name) and row[name]]
    for column, cell in list(row.items()):
        if column in _TEXT_COLUMNS:
            yield column, cell
        elif column == "recommendation" and not ratings:
            yield "ratings", _numbers(cell, pairs)
        elif _RATING_COLUMN.fullmatch(column):
            yield column, _numbers(cell, pairs)


def _numbers(cell: object, pairs: Pairs | None) -> object:
    """Return the ratings of a cell as numbers, None if it is empty, or the cell if it is neither.

    In a list, a text such as `5;6` gives the states of one reviewer, of which the last counts.
    """
    if isinstance(cell, str) and cell.strip().lower() in _MISSING:
        return None
    if isinstance(cell, str):
        parts: list[object] = list(_split(cell))
        if ";" not in cell and None in map(_number, parts) and _number(cell) is not None:
            parts = [cell]  # words with a comma, such as "8: accept, good paper"
        if pairs == "states" and ";" in cell:
            parts = parts[-1:]
    elif isinstance(cell, list):
        parts = [_split(p)[-1] if isinstance(p, str) and ";" in p else p for p in cell]
    else:
        parts = [cell]
    numbers = [_number(part) for part in parts if part not in (None, "")]
    if not numbers or cell in ([0, 0], None, ""):
        return None
    return cell if any(number is None for number in numbers) else numbers


def _split(cell: str) -> list[str]:
    inside = cell.strip().removeprefix("[").removesuffix("]")
    parts = (part.strip(" '\"") for part in re.split(";" if ";" in inside else ",", inside))
    return [part for part in parts if part]


def _number(value: object) -> int | float | None:
    """Return a rating; a text may be as on a form: `6: marginally above ...`, `8/10`."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        value = read_number(value)
    if not isinstance(value, int | float) or not -1000 < value < 1000:
        return None
    return int(value) if value == int(value) else float(value)


def _problem_of_cell(paper: str, column: str, cell: object) -> str | None:
    """Return why the parser cannot read a cell, or None if it can."""
    if cell is None or (column in _TEXT_COLUMNS and cell == ""):
        return None
    try:
        parse_ratings_row(json.dumps({"paper_id": paper, column: cell}).encode())
    except ParseError as error:
        # The reason in a build quotes no value; who imports the table may see it.
        return f"{error.detail}, found {cell!r:.60}"
    except ValueError as error:
        return str(error)
    return None


def _venue_in_name(file_name: str) -> str | None:
    """Venue id that a file's name begins with, as in ``iclr2024_ratings.parquet``."""
    name = file_name.lower()
    for conference, host in _HOSTS.items():
        year = name.removeprefix(conference).lstrip("_-")[:4]
        if name.startswith(conference) and year.isdecimal() and len(year) == 4:
            return f"{host}/{year}/Conference"
    return None
