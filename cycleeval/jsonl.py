"""Strict reading of strangers' JSON Lines: every line is a record or a counted problem."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import BaseModel, ValidationError

from cycledata.errors import ParseError

MAX_LINE_BYTES = 16 * 2**20
"""A longer line is a problem, and is not read into memory."""
MAX_LINES = 200_000
"""A longer file is refused."""

R = TypeVar("R", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class InvalidLine:
    """A line that is no record."""

    line: int
    """Its number, from 1."""
    rule: str
    """``"too-long"``, ``"not-a-record"`` or ``"duplicate"``."""
    detail: str
    """What was expected and what was found."""
    paper_id: str | None = None
    """The paper that the line is about; None where it was not read."""


@dataclass(frozen=True, slots=True)
class Lines(Generic[R]):
    """What a file holds."""

    records: tuple[R, ...]
    """In the file's order."""
    problems: tuple[InvalidLine, ...]
    """In the file's order; blank lines are none."""


def read_lines(path: Path, record: type[R], *, unique: tuple[str, ...]) -> Lines[R]:
    """Records of a JSON Lines file; a line whose ``unique`` fields were seen before is a problem.

    Raises:
        ParseError: the file cannot be opened, or has too many lines.
    """
    records: list[R] = []
    problems: list[InvalidLine] = []
    seen: dict[tuple[object, ...], int] = {}
    for number, line in _numbered(path):
        if line is None:
            detail = f"expected at most {MAX_LINE_BYTES} bytes"
            problems.append(InvalidLine(number, "too-long", detail))
            continue
        if not line.strip():
            continue
        try:
            found = record.model_validate_json(line, strict=True)
        except ValidationError as error:
            problems.append(InvalidLine(number, "not-a-record", _first(error)))
            continue
        key = tuple(getattr(found, name) for name in unique)
        first = seen.setdefault(key, number)
        if first != number:
            problems.append(InvalidLine(number, "duplicate", f"{key!r:.200} is on line {first}"))
            continue
        records.append(found)
    return Lines(tuple(records), tuple(problems))


def require_records(lines: Lines[R], path: Path) -> tuple[R, ...]:
    """The records of a file that must have some.

    Raises:
        ParseError: there are none.
    """
    if lines.records:
        return lines.records
    if lines.problems:
        first = lines.problems[0]
        cause = f"{len(lines.problems)} unreadable, the first on line {first.line}: {first.detail}"
    else:
        cause = "an empty file"
    raise ParseError("no-records", f"{path}: expected one JSON object a line, found {cause}")


def _numbered(path: Path) -> Iterator[tuple[int, bytes | None]]:
    """Lines with their numbers; None for one that is too long."""
    try:
        with path.open("rb") as file:
            number = 0
            while line := file.readline(MAX_LINE_BYTES + 1):
                number += 1
                if number > MAX_LINES:
                    raise ParseError("too-many-lines", f"{path}: expected at most {MAX_LINES}")
                too_long = len(line) > MAX_LINE_BYTES
                yield number, None if too_long else line
                while too_long and line and not line.endswith(b"\n"):
                    line = file.readline(MAX_LINE_BYTES)
    except OSError as error:
        raise ParseError("unreadable-file", f"{path}: {error.strerror or error}") from error


def _first(error: ValidationError) -> str:
    details = error.errors(include_url=False, include_context=False)[0]
    place = ".".join(str(part) for part in details["loc"])
    return f"{place}: {details['msg']}"[:300] if place else details["msg"][:300]
