"""Raw notes of OpenReview in tables: a row per note, fields in nested columns or as JSON text.

Fields may also be in columns such as `content.rating.value`, as pandas flattens JSON.
"""

import ast
import datetime as dt
import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from cycledata.files import canonical_json
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
_NO_NUMBER = frozenset({"nan", "nat", "none", "null", "<na>"})
_FIELD = re.compile(r"content\.(.+?)(?:\.(value|readers)(?:\.(.+))?)?", re.DOTALL)
"""Column of a field, of its value or readers (API v2), or of a part of its value."""
_ESCAPE = r"""\\(?:[\\'"nrt]|x..|u....|U........)"""
_TEXT = re.compile(rf"""'(?:[^'\\\n]|{_ESCAPE})*'|"(?:[^"\\\n]|{_ESCAPE})*\"""")
_LIST = re.compile(rf"\[(?:(?:{_TEXT.pattern})(?:, |\s+|(?=\])))*\]")
"""List of texts as Python prints it, or numpy, which writes no commas."""
_LONGEST_PRINTED = 1 << 20
"""Characters of mappings as Python prints them; reading them takes many times the memory."""
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def read_note_values(file: Path, tell: OnBytesRead) -> Iterator[FileValue | InvalidEntry]:
    """Yield the values of a `.json` or `.jsonl` file, or the rows of a table as notes."""
    kind = kind_and_packing(file)[0]
    notes: Callable[[Any], object] = note_of_row
    if kind in (".csv", ".tsv"):
        entries, notes = csv_rows(file, tell, list), _note_of_texts
    elif kind == ".parquet":
        entries = parquet_rows(file, tell, list)
    else:
        values = read_values(file, tell, expected=".json, .jsonl, .parquet or .csv")
        entries = (row for value in values for row in _flat_rows(value))
        notes = _nested
    for entry in entries:
        if isinstance(entry, InvalidEntry):
            yield entry
            continue
        try:
            yield FileValue(entry.place, notes(entry.value))
        except ValueError as error:
            yield InvalidEntry(file.name, entry.place, str(error))


def _note_of_texts(row: Mapping[str, str]) -> dict[str, Any]:
    """Return the note of a row of a CSV file; an empty cell is a field that the note lacks."""
    return note_of_row({name: cell for name, cell in row.items() if cell})


def _flat_rows(entry: FileValue | InvalidEntry) -> Iterator[FileValue | InvalidEntry]:
    """Yield the rows of a JSON value with flat columns, so that a bad one costs no other."""
    value = None if isinstance(entry, InvalidEntry) else entry.value
    rows: list[object] = []
    if isinstance(value, dict) and isinstance(value.get("id"), dict | list):
        rows = [_without_gaps(row) for _, row in rows_of_columns(value)]
    elif isinstance(value, list) and any(map(_is_flat, value)):
        rows = value
    if isinstance(entry, InvalidEntry) or not rows:
        yield entry
        return
    for number, row in enumerate(rows, start=1):
        yield FileValue(f"{entry.place}, row {number}", row)


def _without_gaps(row: object) -> object:
    return note_of_row(row) if isinstance(row, dict) and not _is_flat(row) else row


def _nested(value: object) -> object:
    """Return the note of a JSON value whose fields are in flat columns; another value as is."""
    return note_of_row(value) if isinstance(value, dict) and _is_flat(value) else value


def _is_flat(row: object) -> bool:
    return isinstance(row, dict) and any(str(name).startswith("content.") for name in row)


def note_of_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a note as JSON has it: without the fields of other notes, times in milliseconds.

    Readers that cannot be read as a list are one unknown group, so that the note is not public.

    Raises:
        ValueError: two columns state one field, or the text of a time or of replies is not read.

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
        if field := _FIELD.fullmatch(name):
            _put(content, [part for part in field.groups() if part], value, name)
        elif name.startswith("details."):
            if isinstance(value, str) and name.lower().endswith("replies"):
                raise ValueError(f"{name}: expected a list of notes, found {value!r:.60}")
            _put(note, ["details", name.removeprefix("details.")], value, name)
        elif name in _NUMBERS and isinstance(value, str):
            if value.lower() not in _NO_NUMBER:
                note[name] = _number(name, value)
        elif name == "readers" and not isinstance(value, list):
            note[name] = [str(value)]
        else:
            note[name] = value
    if content and "content" in note:
        first = next(name for name in row if name.startswith("content."))
        raise ValueError(f"columns content and {first} both have a value; keep one of them")
    return {**note, "content": content} if content else note


def _put(target: dict[str, Any], path: list[str], value: object, column: str) -> None:
    """Add a value below the names of a path.

    Raises:
        ValueError: another column has a value for it.
    """
    *above, last = path
    inner: Any = target
    for name in above:
        inner = inner.setdefault(name, {}) if isinstance(inner, dict) else None
    if not isinstance(inner, dict) or last in inner:
        raise ValueError(f"column {column}: another column has the same field; keep one of them")
    inner[last] = value


def _number(column: str, text: str) -> int:
    """Return a number or a time in milliseconds that a CSV file has as text.

    Raises:
        ValueError: neither a whole number nor a time.
    """
    if _WHOLE.fullmatch(text):
        return int(text.partition(".")[0])
    try:
        time = _plain(dt.datetime.fromisoformat(text))
    except ValueError as error:
        raise ValueError(f"{column}: expected a whole number, found {text!r:.60}") from error
    assert isinstance(time, int), "a time becomes milliseconds"
    return time


def _decoded(cell: object) -> object:
    """Return the value of a cell that is the text of JSON, or of Python's lists or mappings."""
    if not isinstance(cell, str) or cell[:1] not in ("{", "["):
        return cell
    try:
        return json.loads(cell)
    except (ValueError, RecursionError):
        pass
    try:
        if _LIST.fullmatch(cell):
            return [ast.literal_eval(text) for text in _TEXT.findall(cell)]
        if cell.startswith(("{'", "[{'")) and len(cell) <= _LONGEST_PRINTED:
            return _json_value(ast.literal_eval(cell))
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        pass
    return cell


def _json_value(value: object) -> object:
    """Return a value, if JSON can have it.

    Raises:
        ValueError: it cannot.
    """
    return json.loads(canonical_json(value))


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
