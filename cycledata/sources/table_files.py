"""Read tables row by row: CSV, Parquet, and JSON in the shapes that programs write.

Columns are named in lower case, with underscores for blanks. A column without a name is called
`column 1` by its position.
"""

import codecs
import csv
import datetime as dt
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

from cycledata.sources.dump_files import (
    MAX_VALUE_BYTES,
    FileValue,
    InvalidEntry,
    OnBytesRead,
    guarded,
    kind_and_packing,
    read_values,
    unknown_kind,
)
from cycledata.sources.stated_names import forum_in_url

PAPER_IDS = ("paper_id", "forum", "id", "entry", "entry_id")
"""Columns that may name the paper, the first one first."""
_NAMES_OF_PAPER_ID = (
    *("openreview_id", "openreview_url", "openreview_link", "openreview", "paperid"),
    *("forum_id", "forum_url", "forum_link", "forumid", "submission_id", "pid"),
)
"""Other names of a column with paper ids or URLs of forums; they become `paper_id`."""
_OTHER_NAMES = (
    (_NAMES_OF_PAPER_ID, ("paper_id", "forum")),
    (("decisions", "final_decision", "paper_decision", "paper_acceptance"), ("decision", "status")),
    (("paper_title",), ("title",)),
    (("paper_abstract", "abstract_note"), ("abstract",)),
)
"""Other names of columns, and the names in whose place they are used; the first one is given."""
_URLS = (
    *("link", "url", "site", "paper_url", "paper_link", "ee", "conference_url_abs"),
    *("pdf", "pdf_url", "pdf_link"),
)
"""Columns that may have the URL of a forum."""
_ENVELOPES = ("result", "message", "response", "hits")
"""Keys under which the replies of DBLP, Crossref and others have their list."""
_NO_NAME = "column 1"
_INDEX_ID = re.compile(r"(?=.*[a-z])(?=.+[A-Z]|.*\d[a-z])[\w-]{8,14}", re.ASCII)
"""Forum id as the index of a table or a key; a word, or a name such as `paper_0001`, is none."""
_OF_PAPERS = frozenset({"paper_id", "forum", "ratings", "abstract", "authors"})
"""Keys of papers that reviews do not have."""
_ROWS = 500
_MAX_DEPTH = 100
"""Levels of lists and mappings in one row."""
_SEPARATOR_LINE = re.compile(rb"\"?sep=(.)\"?\s*", re.IGNORECASE)
"""First line that Excel writes to state the separator."""
_ARXIV_ID = re.compile(r"\d{4}\.\d{4,5}|[a-z]/\d{7}")
_CSV_PROBLEMS = {
    "new-line character": "expected lines that end with a line feed, found carriage returns; save"
    " the file with Unix or Windows line ends",
    "expected after": "a quotation mark inside of a cell is not doubled",
    "field larger": f"a cell of more than {MAX_VALUE_BYTES} bytes; is a quotation mark not closed?",
}


def read_table(
    file: Path, tell: OnBytesRead, *, expected: str = ".parquet, .csv, .tsv, .json or .jsonl"
) -> Iterator[FileValue | InvalidEntry]:
    """Yield the rows of a ``.parquet``, ``.csv``, ``.tsv``, ``.json`` or ``.jsonl`` table as dicts.

    A JSON value is a row, a list of rows, a mapping from paper id to row or arXiv id, an object
    with one list of rows (`{"data": [...]}`), or columns as pandas writes them. A row whose id is
    only in the URL of its forum, or in a first column without a name, gets a `paper_id`.

    Args:
        file: the table.
        tell: called with the bytes read.
        expected: endings that the caller reads, for the entry about a file with another.
    """
    for value in _rows(file, tell, expected):
        if isinstance(value, FileValue) and isinstance(value.value, dict):
            yield FileValue(value.place, _with_paper_id(value.value))
        else:
            yield value


def _rows(file: Path, tell: OnBytesRead, expected: str) -> Iterator[FileValue | InvalidEntry]:
    kind, _ = kind_and_packing(file)
    if kind == ".parquet":
        yield from parquet_rows(file, tell, _header)
    elif kind in {".csv", ".tsv"}:
        yield from csv_rows(file, tell, _header)
    elif kind in {".json", ".jsonl", ".ndjson"}:
        for value in read_values(file, tell):
            if isinstance(value, InvalidEntry):
                yield value
            else:
                yield from _json_rows(file, value)
    else:
        yield InvalidEntry(file.name, "file", unknown_kind(file, expected))


def _with_paper_id(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with the paper id that only a URL or an index without a name states."""
    if row.get("paper_id") or row.get("forum"):
        return row
    for name in _URLS:
        paper = forum_in_url(row.get(name))
        if paper is not None:
            return {**row, "paper_id": paper}
    index = row.get(_NO_NAME)
    if any(row.get(name) for name in PAPER_IDS) or not isinstance(index, str):
        return row
    return {**row, "paper_id": index} if _INDEX_ID.fullmatch(index) else row


def _json_rows(file: Path, value: FileValue) -> Iterator[FileValue | InvalidEntry]:
    for part, row in _rows_in(value.value):
        place = f"{value.place}, {part}" if part else value.place
        if not isinstance(row, dict):
            yield FileValue(place, row)
            continue
        if (reason := problem_of_cut(row)) is not None:
            yield InvalidEntry(file.name, place, reason)
            continue
        if is_deep(row):
            reason = f"expected a row, found lists and objects nested over {_MAX_DEPTH} deep"
            yield InvalidEntry(file.name, place, reason)
            continue
        row = _without_wrapper(row)
        names = list(map(str, row))
        problem = _problem_of_names(names)
        if problem is None:
            yield FileValue(place, dict(zip(_header(names), row.values(), strict=True)))
        else:
            yield InvalidEntry(file.name, place, problem)


def _rows_in(value: object) -> Iterator[tuple[str, Any]]:
    """Yield the rows of a JSON value, each with its place in the value, if it has several."""
    value = _without_envelopes(value)
    if not isinstance(value, dict):
        yield "", value
        return
    if isinstance(value.get("hit"), dict):  # DBLP has a list of several hits only
        value = {**value, "hit": [value["hit"]]}
    names = frozenset(_header(list(map(str, value))))
    ids = [name for name in PAPER_IDS if name in names]
    columns, data = value.get("columns"), value.get("data")
    lists = [v for v in value.values() if isinstance(v, list) and v and isinstance(v[0], dict)]
    lists = [rows for rows in lists if "row_idx" in rows[0]] or lists
    if ids and all(isinstance(cell, dict | list) for cell in value.values()):
        yield from rows_of_columns(value)
    elif isinstance(columns, list) and isinstance(data, list) and not ids:
        for number, cells in enumerate(data, start=1):
            is_row = isinstance(cells, list) and len(cells) == len(columns)
            yield f"row {number}", dict(zip(columns, cells, strict=True)) if is_row else cells
    elif ids or "title" in value:
        yield "", value
    elif value and all(isinstance(row, dict) for row in value.values()):
        for paper_id, row in value.items():
            yield str(paper_id)[:40], {"id": paper_id, **row}
    elif _states_arxiv_ids(value):
        for paper_id, arxiv_id in value.items():
            yield str(paper_id)[:40], {"id": paper_id, "arxiv_id": arxiv_id}
    elif _lists_reviews(value):
        for paper_id, reviews in value.items():
            yield str(paper_id)[:40], {"id": paper_id, "reviews": reviews}
    elif len(lists) == 1:
        for number, row in enumerate(lists[0], start=1):
            yield f"row {number}", row
    else:
        yield "", value


def _without_envelopes(value: object) -> object:
    """Return what the reply of a service has inside; a row with an id or a title is not a reply."""
    while isinstance(value, dict) and not {"title", *PAPER_IDS}.intersection(_header([*value])):
        inside = next((value[n] for n in _ENVELOPES if isinstance(value.get(n), dict)), None)
        if not inside:
            break
        value = inside
    return value


def _states_arxiv_ids(value: Mapping[str, Any]) -> bool:
    """Return True for a mapping from paper id to arXiv id, null for a paper without one."""
    stated = [cell for cell in value.values() if cell is not None and cell != ""]
    return bool(stated) and all(isinstance(c, str) and _ARXIV_ID.search(c) for c in stated)


def _lists_reviews(value: Mapping[str, Any]) -> bool:
    """Return True for a mapping from paper id to the list of its reviews."""
    if len(value) < 2 or not all(_INDEX_ID.fullmatch(name) for name in value):
        return False
    if not all(isinstance(cell, list) and cell for cell in value.values()):
        return False
    items = list(chain.from_iterable(value.values()))
    return all(isinstance(item, dict) and not _OF_PAPERS & item.keys() for item in items)


def _without_wrapper(row: dict[str, Any]) -> dict[str, Any]:
    """Return what a row of Hugging Face's API or DBLP's has under its one key with content."""
    wrapper = "row" if "row_idx" in row else "info" if "@score" in row else None
    inside = row.get(wrapper) if wrapper else None
    return inside if isinstance(inside, dict) else row


def rows_of_columns(columns: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the rows of columns that are all lists of one length, or all mappings from index."""
    cells = list(columns.values())
    if all(isinstance(column, dict) for column in cells):
        indices = list(dict.fromkeys(index for column in cells for index in column))
        for index in indices:
            yield f"row {index}", {name: column.get(index) for name, column in columns.items()}
    elif all(isinstance(column, list) for column in cells) and len({*map(len, cells)}) == 1:
        for number, row in enumerate(zip(*cells, strict=True), start=1):
            yield f"row {number}", dict(zip(columns, row, strict=True))
    else:
        yield "", columns


def is_deep(value: object) -> bool:
    """Return True if lists and mappings are nested more deeply than in any real table."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(_MAX_DEPTH):
        inside = (item.values() if isinstance(item, dict) else item for item in level)
        level = [part for parts in inside for part in parts if isinstance(part, dict | list)]
        if not level:
            return False
    return True


def problem_of_cut(row: object) -> str | None:
    """Return why a row of Hugging Face's API is not whole, or None if it is."""
    cut = row.get("truncated_cells") if isinstance(row, dict) and "row_idx" in row else None
    return (
        f"the API cut the cells {cut!s:.60}; import the Parquet file of the dataset"
        if cut
        else None
    )


def field_value(cell: object) -> object:
    """Return the value of a field of OpenReview's API v2, or another cell as is."""
    return cell["value"] if isinstance(cell, Mapping) and "value" in cell else cell


def plain_cell(cell: object) -> object:
    """Return a table's cell as a JSON value; NaN is an absent value."""
    if isinstance(cell, float) and math.isnan(cell):
        return None
    if isinstance(cell, dt.date | dt.time):
        return cell.isoformat()
    if isinstance(cell, Decimal):
        return int(cell) if cell == cell.to_integral_value() else float(cell)
    if isinstance(cell, dt.timedelta):
        return str(cell)
    if isinstance(cell, bytes):
        return cell.decode("utf-8", "replace")
    if isinstance(cell, dict):
        return {str(name): plain_cell(item) for name, item in cell.items()}
    if isinstance(cell, list | tuple):
        return [plain_cell(item) for item in cell]
    return cell


def first_text(row: Mapping[str, object], columns: Sequence[str]) -> str | None:
    """Return the first cell of the columns that is a text or number, without blanks around it."""
    for column in columns:
        value = plain_cell(row.get(column))
        if isinstance(value, str | int | float) and str(value).strip():
            return str(value).strip()
    return None


def column_names(names: Sequence[str]) -> list[str]:
    """Return names in lower case with underscores for blanks; those that would be equal as is."""
    plain = [re.sub(r"[\s-]+", "_", name.strip().lower()) for name in names]
    n_equal = Counter(plain)
    return [
        f"column {number}" if not new else new if n_equal[new] == 1 else old
        for number, (old, new) in enumerate(zip(names, plain, strict=True), start=1)
    ]


def _header(names: Sequence[str]) -> list[str]:
    """Return the names of a table's columns, `paper_id`, `title` and so on for other names."""
    plain = column_names(names)
    for others, known in _OTHER_NAMES:
        other = next((name for name in others if name in plain), None)
        if other is not None and not any(name in plain for name in known):
            plain = [known[0] if name == other else name for name in plain]
    return plain


def _problem_of_names(names: Sequence[str]) -> str | None:
    """Return why the names of columns are not unique, or None if they are."""
    n_equal = Counter(names)
    twice = next((name for name in names if name.strip() and n_equal[name] > 1), None)
    return None if twice is None else f"several columns are named {twice!r:.60}; rename them"


def csv_rows(
    file: Path, tell: OnBytesRead, header: Callable[[Sequence[str]], list[str]]
) -> Iterator[FileValue | InvalidEntry]:
    """Yield the rows of a CSV file as dicts; `header` gives the columns their names."""
    yield from guarded(file, partial(_csv_rows, name_columns=header), tell)


def _csv_rows(
    stream: BinaryIO, *, name_columns: Callable[[Sequence[str]], list[str]]
) -> Iterator[FileValue | tuple[str, str]]:
    # Bytes that are no UTF-8 become lone surrogates, so that one bad row does not end the file.
    first, n_before, separator = _header_line(stream)
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in first:
        yield f"line {n_before + 1}", "UTF-16, or no text; save the table as CSV in UTF-8"
        return
    csv.field_size_limit(MAX_VALUE_BYTES)
    lines = (line.decode("utf-8", "surrogateescape") for line in chain([first], stream))
    rows = csv.reader(lines, strict=True, delimiter=separator)
    header: list[str] | None = None
    while True:
        try:
            row = next(rows, None)
        except csv.Error as error:
            place = f"line {n_before + rows.line_num}"
            found = next((r for t, r in _CSV_PROBLEMS.items() if t in str(error)), str(error))
            yield place, f"not CSV: {found}"
            continue
        place = f"line {n_before + rows.line_num}"
        if row is None:
            return
        if header is None:
            if problem := _problem_of_names(row):
                yield place, problem
                return
            header = name_columns(row)
        elif not any(row):
            continue
        elif len(row) != len(header) and any(row[len(header) :] or [len(row) < len(header)]):
            yield place, f"{len(row)} cells, the header has {len(header)}"
        elif any("\udc80" <= character <= "\udcff" for cell in row for character in cell):
            yield place, "not UTF-8; save the file as UTF-8"
        else:
            yield FileValue(place, dict(zip(header, row, strict=False)))


def _header_line(stream: BinaryIO) -> tuple[bytes, int, str]:
    """Return the line with the names, the number of lines before it, and the separator."""
    n_before = 0
    # In front of a quoted name, a byte order mark would make the quotes part of the name.
    line = stream.readline(MAX_VALUE_BYTES).removeprefix(codecs.BOM_UTF8)
    stated = _SEPARATOR_LINE.fullmatch(line)
    is_names = stated is None
    while line and not (is_names and line.strip()):
        line = stream.readline(MAX_VALUE_BYTES)
        n_before, is_names = n_before + 1, True
    if stated:
        return line, n_before, stated[1].decode("ascii", "replace")
    found = next((s for s in (b"\t", b",", b";", b"|") if s in line), b",")
    return line, n_before, found.decode()


def parquet_rows(
    file: Path, tell: OnBytesRead, header: Callable[[Sequence[str]], list[str]]
) -> Iterator[FileValue | InvalidEntry]:
    """Yield the rows of a Parquet file as dicts; `header` gives the columns their names."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    number = 0
    try:
        with pq.ParquetFile(file) as table:
            names = table.schema_arrow.names
            if problem := _problem_of_names(names):
                yield InvalidEntry(file.name, "file", problem)
                return
            names = header(names)
            for batch in table.iter_batches(batch_size=_ROWS):
                for row in batch.rename_columns(names).to_pylist():
                    number += 1
                    yield FileValue(f"row {number}", row)
                tell(file.stat().st_size * number // max(1, table.metadata.num_rows))
    except (pa.ArrowException, OSError) as error:
        yield InvalidEntry(file.name, f"after row {number}", f"the rest cannot be read: {error}")
