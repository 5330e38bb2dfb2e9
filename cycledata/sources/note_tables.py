"""Raw notes of OpenReview in tables: a row per note, fields in nested columns or as JSON text.

Fields may also be in columns such as `content.rating.value`, as pandas flattens JSON.
"""

import datetime as dt
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cycledata.sources.dump_files import (
    FileValue,
    InvalidEntry,
    OnBytesRead,
    kind_and_packing,
    read_values,
)
from cycledata.sources.table_files import csv_rows, parquet_rows, plain_cell, rows_of_columns

_NUMBERS = frozenset({"cdate", "tcdate", "mdate", "tmdate", "ddate", "pdate", "number", "version"})
"""Fields that are numbers, which a CSV file has as text."""
_WHOLE = re.compile(r"[0-9]{1,15}(?:\.0)?")
_PARTS = frozenset({"value", "readers"})
"""Parts of a field of API v2."""
_TEXT = re.compile(r"""'[^'\\\n]*'|"[^"\\\n]*\"""")
_LIST = re.compile(rf"\[(?:(?:{_TEXT.pattern})(?:, |(?=\])))*\]")
"""List of texts as Python prints it."""
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def read_note_values(file: Path, tell: OnBytesRead) -> Iterator[FileValue | InvalidEntry]:
    """Yield the values of a `.json` or `.jsonl` file, or the rows of a table as notes."""
    kind = kind_and_packing(file)[0]
    is_csv = kind in (".csv", ".tsv")
    if is_csv:
        rows = csv_rows(file, tell, list)
    elif kind == ".parquet":
        rows = parquet_rows(file, tell, list)
    else:
        for value in read_values(file, tell, expected=".json, .jsonl, .parquet or .csv"):
            yield (
                FileValue(value.place, _nested(value.value))
                if isinstance(value, FileValue)
                else value
            )
        return
    for entry in rows:
        if isinstance(entry, InvalidEntry) or not isinstance(entry.value, dict):
            yield entry
        else:
            # An empty cell of a CSV file is a field that the note lacks.
            row = {name: cell for name, cell in entry.value.items() if cell != "" or not is_csv}
            yield FileValue(entry.place, note_of_row(row))


def _nested(value: object) -> object:
    """Return the notes of a JSON value whose fields are in flat columns; another value as is."""
    if isinstance(value, dict) and isinstance(value.get("id"), dict | list):
        return [note_of_row(row) for _, row in rows_of_columns(value) if isinstance(row, dict)]
    if isinstance(value, list) and any(map(_is_flat, value)):
        return [note_of_row(row) if _is_flat(row) else row for row in value]
    return note_of_row(value) if isinstance(value, dict) and _is_flat(value) else value


def _is_flat(row: object) -> bool:
    return isinstance(row, dict) and any(str(name).startswith("content.") for name in row)


def note_of_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a note as JSON has it: without the fields of other notes, times in milliseconds.

    >>> note_of_row({"id": "n", "content": '{"title": "T"}', "cdate": 1.5e12, "ddate": None})
    {'id': 'n', 'content': {'title': 'T'}, 'cdate': 1500000000000}
    >>> note_of_row({"id": "n", "content.rating.value": "8", "signatures": "['a', 'b']"})
    {'id': 'n', 'signatures': ['a', 'b'], 'content': {'rating': {'value': '8'}}}
    """
    note: dict[str, Any] = {}
    content: dict[str, Any] = {}
    for name, cell in row.items():
        if _is_absent(cell):
            continue
        value = _plain(_decoded(cell))
        if name in _NUMBERS and isinstance(value, str) and _WHOLE.fullmatch(value):
            value = int(value.partition(".")[0])
        if not name.startswith("content."):
            note[name] = value
            continue
        field, dot, part = name.removeprefix("content.").rpartition(".")
        if dot and part in _PARTS:
            content.setdefault(field, {})[part] = value
        else:
            content[name.removeprefix("content.")] = value
    return {**note, "content": content} if content and "content" not in note else note


def _decoded(cell: object) -> object:
    """Return the value of a cell that is the text of a JSON object or array."""
    if isinstance(cell, str) and cell[:1] in ("{", "["):
        try:
            return json.loads(cell)
        except (ValueError, RecursionError):
            return [text[1:-1] for text in _TEXT.findall(cell)] if _LIST.fullmatch(cell) else cell
    return cell


def _plain(value: object) -> object:
    """Return a value of a table as JSON; Arrow gives every struct the fields of all rows."""
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items() if not _is_absent(part)}
    if isinstance(value, list):
        if value and all(isinstance(part, tuple) and len(part) == 2 for part in value):
            return {str(name): _plain(part) for name, part in value if not _is_absent(part)}
        return [_plain(part) for part in value]
    if isinstance(value, dt.date):
        midnight = dt.time(tzinfo=dt.UTC)
        time = value if isinstance(value, dt.datetime) else dt.datetime.combine(value, midnight)
        utc = time if time.tzinfo else time.replace(tzinfo=dt.UTC)
        return (utc - _EPOCH) // dt.timedelta(milliseconds=1)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return plain_cell(value)


def _is_absent(cell: object) -> bool:
    return cell is None or cell != cell
