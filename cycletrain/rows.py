"""Records on disk as JSON Lines: written whole, or appended so that a kill costs one line."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from cycledata.errors import ParseError
from cycledata.records import Record

R = TypeVar("R", bound=Record)


def write_text(path: Path, text: str) -> None:
    """Write a file in full under its name, or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def write_rows(path: Path, records: Iterable[Record]) -> None:
    """Write all records, one a line, or none."""
    write_text(path, "".join(_line(record) for record in records))


def append_rows(path: Path, records: Iterable[Record]) -> None:
    """Append records in one write and flush them to the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write("".join(_line(record) for record in records))
        file.flush()
        os.fsync(file.fileno())


def drop_torn_line(path: Path) -> None:
    """Cut a last line that a killed writer left without its end."""
    if path.is_file():
        with path.open("r+b") as file:
            data = file.read()
            file.truncate(data.rfind(b"\n") + 1)


def read_rows(path: Path, model: type[R]) -> Iterator[R]:
    """Records of a file, in order.

    Raises:
        ParseError: ``missing-file``, or ``bad-row`` with file and line.
    """
    if not path.is_file():
        raise ParseError("missing-file", f"{path}: no such file; run the stage that writes it")
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                yield model.model_validate_json(line)
            except ValidationError as error:
                raise ParseError("bad-row", f"{path.name}:{number}: {error}") from error


def _line(record: Record) -> str:
    return record.model_dump_json() + "\n"
