"""JSON Lines: strict reading with named invalid lines, atomic writing, appending."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeVar, overload

from pydantic import BaseModel, ValidationError

from cycledata.errors import ParseError
from cycledata.files import canonical_json, replace_file, strict_json
from cycledata.records import first_problem

MAX_LINE_BYTES = 16 * 2**20
"""Bytes of one line; a longer line is invalid and is not read into memory."""
MAX_LINES = 200_000
"""Lines of a file from an unknown author; a longer file is refused."""
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class InvalidLine:
    """A line of a JSON Lines file that is not a valid record."""

    line: int
    """Its number, from 1."""
    rule: str
    """`"too-long"`, `"not-a-record"` or `"duplicate"`."""
    detail: str
    """What was expected and what was found."""
    paper_id: str | None = None
    """The paper that the line is about; None if unknown."""


OnError = Callable[[InvalidLine], None]


@overload
def read_jsonl(path: Path, *, on_error: OnError | None = None) -> Iterator[dict[str, object]]: ...
@overload
def read_jsonl(
    path: Path,
    model: type[M],
    *,
    unique: tuple[str, ...] = (),
    max_lines: int | None = None,
    on_error: OnError | None = None,
) -> Iterator[M]: ...
def read_jsonl(
    path: Path,
    model: type[BaseModel] | None = None,
    *,
    unique: tuple[str, ...] = (),
    max_lines: int | None = None,
    on_error: OnError | None = None,
) -> Iterator[object]:
    r"""Yield the records of a JSON Lines file in order; blank lines are skipped.

    Lines end at ``\n`` alone, since texts contain every other separator. A byte order mark before
    the first line is skipped.

    Args:
        path: the file.
        model: record to validate each line as, strictly; None yields dicts.
        unique: fields whose values together must not occur in an earlier line.
        max_lines: refuse a longer file; None for no limit.
        on_error: called with each invalid line, which is then skipped; None raises instead.

    Raises:
        ParseError: `unreadable-file`, `too-many-lines`, or without `on_error` `invalid-line`, with
            file and line.
    """
    seen: dict[tuple[object, ...], int] = {}
    for number, line in _numbered_lines(path, max_lines):
        found = _read_line(number, line, model)
        if found is None:
            continue
        if unique and not isinstance(found, InvalidLine):
            key = tuple(getattr(found, name) for name in unique)
            first = seen.setdefault(key, number)
            if first != number:
                found = InvalidLine(number, "duplicate", f"{key!r:.200} is also on line {first}")
        if not isinstance(found, InvalidLine):
            yield found
        elif on_error is not None:
            on_error(found)
        else:
            raise ParseError("invalid-line", f"{path}:{number}: {found.detail}")


def _read_line(
    number: int, line: bytes | None, model: type[BaseModel] | None
) -> BaseModel | dict[str, object] | InvalidLine | None:
    if line is None:
        return InvalidLine(number, "too-long", f"expected at most {MAX_LINE_BYTES} bytes")
    if not line.strip():
        return None
    try:
        value = strict_json(line)
        if not isinstance(value, dict):
            detail = f"expected a JSON object, found a {type(value).__name__}"
            return InvalidLine(number, "not-a-record", detail)
        # From the JSON again: only there does strict mean JSON's types.
        return value if model is None else model.model_validate_json(line, strict=True)
    except ValidationError as error:
        return InvalidLine(number, "not-a-record", str(first_problem(error))[:300])
    except ValueError as error:
        return InvalidLine(number, "not-a-record", f"expected a JSON object: {error}"[:300])


def _numbered_lines(path: Path, max_lines: int | None) -> Iterator[tuple[int, bytes | None]]:
    """Yield lines with their numbers; None in place of a line that is too long."""
    try:
        with path.open("rb") as file:
            number = 0
            while line := file.readline(MAX_LINE_BYTES + 1):
                number += 1
                if number == 1:
                    line = line.removeprefix(_BYTE_ORDER_MARK)
                if max_lines is not None and number > max_lines:
                    raise ParseError("too-many-lines", f"{path}: expected at most {max_lines}")
                too_long = len(line) > MAX_LINE_BYTES
                yield number, None if too_long else line
                while too_long and line and not line.endswith(b"\n"):
                    line = file.readline(MAX_LINE_BYTES)
    except OSError as error:
        raise ParseError("unreadable-file", f"{path}: {error.strerror or error}") from error


def require_records(records: Iterable[M], invalid: Iterable[InvalidLine], path: Path) -> None:
    """Check that a file had at least one valid record.

    Raises:
        ParseError: `no-records`; names the first invalid line, if there is one.
    """
    if any(True for _ in records):
        return
    lines = list(invalid)
    cause = "an empty file"
    if lines:
        n_lines = f"{len(lines)} invalid line" + ("s" if len(lines) > 1 else "")
        cause = f"{n_lines}, the first on line {lines[0].line}: {lines[0].detail}"
    raise ParseError("no-records", f"{path}: expected one JSON object per line, found {cause}")


def write_jsonl(path: Path, rows: Iterable[BaseModel | Mapping[str, object]]) -> int:
    """Write one JSON object per line, all or none; return their number."""
    n_rows = 0
    path.parent.mkdir(parents=True, exist_ok=True)
    with replace_file(path) as temporary, temporary.open("wb") as file:
        for row in rows:
            file.write(_json_line(row))
            n_rows += 1
    return n_rows


def append_jsonl(path: Path, rows: Iterable[BaseModel | Mapping[str, object]]) -> None:
    """Append one JSON object per line and flush them to the disk.

    A kill leaves at most one incomplete last line, which `cut_incomplete_line` removes.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.write(b"".join(map(_json_line, rows)))
        file.flush()
        os.fsync(file.fileno())


def cut_incomplete_line(path: Path) -> None:
    """Remove a last line without a line end, which a killed writer left; a missing file is fine."""
    with suppress(FileNotFoundError), path.open("r+b") as file:
        file.truncate(_end_of_last_line(file))


def _end_of_last_line(file: BinaryIO) -> int:
    """Return the offset after the last line end, reading backwards in blocks."""
    end = file.seek(0, os.SEEK_END)
    while end:
        start = max(0, end - 2**16)
        file.seek(start)
        found = file.read(end - start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0


def _json_line(row: BaseModel | Mapping[str, object]) -> bytes:
    if isinstance(row, BaseModel):
        return row.model_dump_json().encode() + b"\n"
    return canonical_json(dict(row)).encode("ascii") + b"\n"
