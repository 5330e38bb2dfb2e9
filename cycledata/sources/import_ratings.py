"""Import tables of ratings and decisions, as people have them, into an open snapshot.

A cell that cannot be read costs the cell, not the row. A table whose pairs of numbers are
ambiguous, or whose ratings contradict most notes in the snapshot, is refused.
"""

import datetime as dt
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from cycledata.errors import ParseError
from cycledata.files import canonical_json
from cycledata.parse.ratings import parse_ratings_row
from cycledata.snapshot import keys
from cycledata.snapshot.open import OpenSnapshot
from cycledata.snapshot.reply import Reply
from cycledata.sources.dump_files import FileValue, InvalidEntry, kind_of, list_files
from cycledata.sources.dumps import (
    ImportReport,
    OnProgress,
    each_value,
    import_replies,
    json_reply,
    unite_rows,
)
from cycledata.sources.rating_cells import (
    NAMES,
    PAPER_IDS,
    TEXT_COLUMNS,
    Pairs,
    is_aspect,
    is_plain_list,
    is_rating,
    is_read,
    paper_id_of,
    read_cells,
    with_decision,
)
from cycledata.sources.rating_states import with_states
from cycledata.sources.rating_survey import read_rows, require_clear, survey_tables
from cycledata.sources.reviewer_names import problem_of_names
from cycledata.sources.stated_names import stated_venue
from cycledata.sources.table_files import column_names, plain_cell

_unite = partial(unite_rows, next_step="use a snapshot of its own for each state")
_NUMBERED = re.compile(r"(\D*)(\d{1,2})")
"""Name of a column that has a number, such as `r1` or `0`."""
_HOSTS = {"iclr": "ICLR.cc", "neurips": "NeurIPS.cc", "icml": "ICML.cc"}


def import_ratings(
    files: Sequence[Path],
    snapshot: OpenSnapshot,
    *,
    venue: str | None = None,
    pairs: Pairs | None = None,
    rating_columns: Sequence[str] = (),
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
    reviewer to such texts, and, with `pairs="states"`, a text `5;6, 3;3`. A table may also have a
    column per review (`rating_1`, `reviewer_2_rating`), a row per review with a column such as
    `reviewer`, or lists `reviews` of mappings with a `rating`. Other rows of one paper are merged
    column by column; if two disagree, the second is reported and not imported.

    Args:
        files: `.parquet`, `.csv`, `.tsv`, `.json` or `.jsonl`; all but the first also compressed.
        snapshot: receives the replies.
        venue: venue id of every row without a `venue_id`, e.g. `"ICLR.cc/2024/Conference"`.
        pairs: meaning of a cell such as `5;6`; needed if all such cells have two numbers.
        rating_columns: columns with one rating of one review each, such as `r1` and `r2`, or one
            column with all ratings, such as `rates`.
        allow_contradictions: import a table even if most of its ratings differ from the notes.
        retrieved_at: when the table was made, if known.
        on_progress: called with bytes read and bytes in total.

    Raises:
        ParseError: `ambiguous-pairs`, `ambiguous-numbers`, `ambiguous-rows` or
            `table-contradicts-notes`; nothing was imported.
    """
    files = list_files(files)
    rating_columns = column_names(rating_columns)
    survey = survey_tables(files, snapshot, pairs, rating_columns)
    require_clear(survey, pairs, rating_columns)
    if survey.contradicts and not allow_contradictions:
        raise ParseError(
            "table-contradicts-notes",
            f"{files[0].name}: {survey.n_differ} of {survey.n_compared} papers have other ratings"
            f" than their notes in the snapshot, the first {survey.first_differ}; is the table"
            " shifted or of another venue? Pass --allow-contradictions to import it anyway",
        )

    replies = partial(_replies_of_row, venue=venue, pairs=pairs, retrieved_at=retrieved_at)
    read = partial(read_rows, survey=survey, rating_columns=rating_columns)
    values = each_value(files, read, replies, on_progress)
    report = import_replies(snapshot, values, _unite)
    unread = tuple(sorted(survey.columns_not_read))
    lists = sorted(survey.columns_of_lists)
    hint = "" if survey.lengths or not survey.columns else _where_ratings_may_be(unread, lists)
    return replace(report, columns_not_read=unread, hint=hint)


def _replies_of_row(
    file: Path,
    value: FileValue,
    *,
    venue: str | None,
    pairs: Pairs | None,
    retrieved_at: dt.datetime | None,
) -> Iterator[Reply | InvalidEntry]:
    """Yield the reply of a row, and an entry for each cell that cannot be used."""
    row = value.value
    if not isinstance(row, dict):
        yield InvalidEntry(file.name, value.place, f"expected a row, found {kind_of(row)}")
        return
    paper = paper_id_of(row)
    of_venue = row.get("venue_id") or stated_venue(row) or venue or _venue_in_name(file.name)
    reason = _problem_of_row(row, paper, of_venue)
    if reason is not None or paper is None or not isinstance(of_venue, str):
        yield InvalidEntry(file.name, value.place, reason or "no paper_id")
        return
    row = {**row, next(name for name in PAPER_IDS if row.get(name)): paper}
    plain = {name: plain_cell(cell) for name, cell in row.items()}
    try:
        plain = with_decision(plain)
    except ValueError as error:
        yield InvalidEntry(file.name, value.place, str(error))
        plain |= {name: None for name in ("decision", "status") if name in plain}
    kept, doubt = with_states(plain, text_is_states=pairs == "states")
    if doubt is not None:
        yield InvalidEntry(file.name, value.place, doubt)
    for column, cell in read_cells(kept, pairs):
        if is_aspect(column):
            problem = _problem_of_length(kept, column, cell)
        else:
            problem = _problem_of_cell(paper, column, cell)
        if not is_aspect(column) or not is_plain_list(kept[column], cell):
            kept[column] = cell
        if problem is not None:
            kept[column] = None
            yield InvalidEntry(file.name, f"{value.place}, column {column}", problem)
    try:
        text = canonical_json(kept)
    except ValueError as error:
        yield InvalidEntry(file.name, value.place, str(error))
        return
    yield json_reply(file, keys.rating_row(of_venue, paper), retrieved_at, text)


def _where_ratings_may_be(unread: Sequence[str], lists: Sequence[str]) -> str:
    """Return how to read a table whose ratings are in columns under other names.

    Args:
        unread: columns that were not read.
        lists: those of them that have several numbers in a cell.
    """
    if not unread:
        return "no ratings were read; no column is left that may have them"
    numbered: dict[str, list[tuple[int, str]]] = {}
    for name in unread:
        if match := _NUMBERED.fullmatch(name):
            numbered.setdefault(match[1], []).append((int(match[2]), name))
    series = [sorted(names) for names in numbered.values() if len(names) > 1]
    if len(series) == 1:
        names = [name for _, name in series[0]]
        options = " ".join(f"--rating-column {name}" for name in names)
        columns = f"columns {names[0]} to {names[-1]}"
        return f"no ratings were read; if {columns} have those of one review each, pass {options}"
    if len(lists) == 1:
        return (
            f"no ratings were read; if column {lists[0]} has those of a paper, pass"
            f" --rating-column {lists[0]}"
        )
    return (
        "no ratings were read; if a column has them, pass --rating-column COLUMN, once per"
        " column if each has those of one review"
    )


def _problem_of_row(row: Mapping[str, Any], paper: str | None, venue: object) -> str | None:
    """Return why a row cannot be imported at all, or None."""
    columns = ", ".join(map(str, row))[:100]
    if paper is None:
        empty = [name for name in PAPER_IDS if name in row]
        if stated := next((row[name] for name in PAPER_IDS if row.get(name)), None):
            return f"expected a paper id or the URL of a forum, found {stated!r:.80}"
        if empty:
            return f"{empty[0]} is empty"
        return f"no paper_id, forum or id; found the columns {columns}; rename one, or add a header"
    if paper in PAPER_IDS:
        return "repeats the header"
    if not isinstance(venue, str):
        return "no venue_id; rename the column, or pass --venue"
    content = [name for name in row if name not in NAMES]
    read = any(is_read(name) or name == "reviewers" for name in content)
    if content and not read:
        return (
            f"no ratings, decision, title or abstract; found the columns {columns}; pass"
            " --rating-column COLUMN if a column has ratings"
        )
    return None


def _problem_of_length(row: Mapping[str, Any], column: str, cell: object) -> str | None:
    """Return why the marks of an aspect cannot be used beside the ratings, or None."""
    if cell is None:
        return None
    ending = re.sub("^[a-z]+", "", column)
    names = (f"rating{ending}", f"ratings{ending}")
    ratings = next((row[name] for name in names if isinstance(row.get(name), list)), None)
    if not isinstance(cell, list):
        return f"expected numbers such as 3;4;4, found {cell!r:.60}"
    if ratings is not None and len(ratings) != len(cell):
        return f"{len(cell)} marks for {len(ratings)} ratings, so it is not known whose they are"
    return None


def _problem_of_cell(paper: str, column: str, cell: object) -> str | None:
    """Return why the parser cannot read a cell, or None if it can."""
    if cell is None or (column in TEXT_COLUMNS and cell == ""):
        return None
    if is_rating(column) and isinstance(cell, dict):
        reason = problem_of_names(list(map(str, cell))) or f"found {cell!r:.60}"
        return f"{column}: expected numbers, or a mapping from reviewer to rating; {reason}"
    if is_rating(column) and not isinstance(cell, list):
        return f"{column}: expected numbers such as 5;6;8, found {cell!r:.60}"
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
