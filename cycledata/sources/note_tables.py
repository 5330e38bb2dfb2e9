"""Raw notes of OpenReview in tables: a row per note, fields in nested columns or as JSON text."""

import datetime as dt
import json
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
from cycledata.sources.table_files import parquet_rows, plain_cell

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def read_note_values(file: Path, tell: OnBytesRead) -> Iterator[FileValue | InvalidEntry]:
    """Yield the values of a `.json` or `.jsonl` file, or the rows of a `.parquet` file as notes."""
    if kind_and_packing(file)[0] != ".parquet":
        yield from read_values(file, tell, expected=".json, .jsonl or .parquet")
        return
    for entry in parquet_rows(file, tell, list):
        if isinstance(entry, InvalidEntry) or not isinstance(entry.value, dict):
            yield entry
        else:
            yield FileValue(entry.place, note_of_row(entry.value))


def note_of_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a note as JSON has it: without the fields of other notes, times in milliseconds.

    >>> note_of_row({"id": "n", "content": '{"title": "T"}', "cdate": 1.5e12, "ddate": None})
    {'id': 'n', 'content': {'title': 'T'}, 'cdate': 1500000000000}
    """
    return {name: _plain(_decoded(cell)) for name, cell in row.items() if not _is_absent(cell)}


def _decoded(cell: object) -> object:
    """Return the value of a cell that is the text of a JSON object or array."""
    if isinstance(cell, str) and cell[:1] in ("{", "["):
        try:
            return json.loads(cell)
        except (ValueError, RecursionError):
            return cell
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
