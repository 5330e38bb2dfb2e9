"""Lines of a predictions file: JSON Lines, one JSON value or CSV, plain or gzipped -> entries."""

import csv
import gzip
import io
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, cast

from cycledata.files import strict_json

MAX_REVIEWERS = 64
"""Most simulated reviewers of one paper."""
ASPECTS = ("soundness", "presentation", "contribution")
RATING_FIELDS = ("ratings", *ASPECTS, "confidence")
"""Fields that hold one number per simulated reviewer."""
MAX_LINE_BYTES = 8 << 20
"""A longer line is invalid and is not read into memory."""
MAX_JSON_BYTES = 512 << 20
"""A larger JSON array or object is refused; JSON Lines has no such limit."""
_OTHER_TABLES = {b"paper_id\t": "tab-separated text", b"paper_id;": "CSV with semicolons"}
"""First bytes of tables that are not read, and what these are."""
SUFFIXES = (".jsonl", ".json", ".csv", ".jsonl.gz", ".json.gz", ".csv.gz")
"""Names that a predictions file may end in."""


class InvalidEntryError(Exception):
    """A line that gives no prediction.

    Attributes:
        rule: rule name of the reason.
        detail: expected and found.
        paper_id: paper that the line is about; None if unknown.
    """

    def __init__(self, rule: str, detail: str, paper_id: str | None = None) -> None:
        super().__init__(detail)
        self.rule = rule
        self.detail = detail
        self.paper_id = paper_id


Entry = dict[str, object] | InvalidEntryError
"""Fields of a line, or why it could not be read."""
Entries = Iterator[tuple[int, Entry]]
"""Line numbers, from 1, and the entry of each line."""


def rating_list(name: str, values: object, limits: tuple[float, float]) -> tuple[float, ...] | None:
    """Return the numbers of a field, one per simulated reviewer; None for a missing field.

    Raises:
        InvalidEntryError: not a list of numbers within the limits.
    """
    if values is None:
        return None
    if isinstance(values, int | float) and not isinstance(values, bool):
        values = [values]
    if not isinstance(values, list):
        raise InvalidEntryError(
            "not-a-list", f"{name}: expected a list of numbers, found {values!r:.60}"
        )
    if not 1 <= len(values) <= MAX_REVIEWERS:
        rule = "no-ratings" if not values else "too-many-reviewers"
        raise InvalidEntryError(
            rule, f"{name}: expected 1 to {MAX_REVIEWERS} numbers, found {len(values)}"
        )
    low, high = limits
    for value in values:
        if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
            raise InvalidEntryError(
                "not-a-number", f"{name}: expected numbers, found {value!r:.60}"
            )
        if not low <= value <= high:
            raise InvalidEntryError(
                "out-of-scale", f"{name}: expected {low:g} to {high:g}, found {value!r:.60}"
            )
    return tuple(float(value) for value in values)


def model_name(path: Path) -> str:
    """Return the name of the model that a file is about: the file's without what it ends in."""
    name = path.name
    for suffix in sorted(SUFFIXES, key=len, reverse=True):
        name = name.removesuffix(suffix) or path.name
    return name


def open_plain(path: Path) -> IO[bytes]:
    """Open a file that may be gzipped, whatever its name."""
    with path.open("rb") as file:
        compressed = file.read(2) == b"\x1f\x8b"
    return cast("IO[bytes]", gzip.open(path)) if compressed else path.open("rb")


def read_entries(stream: IO[bytes], path: Path, max_line_bytes: int) -> Entries:
    """Yield the entries of a file: CSV by its name, else one JSON value or lines.

    Raises:
        ParseError: a CSV without a column ``paper_id``, or a file of another format.
    """
    from cycledata.errors import ParseError
    from cycledata.formats.file_kinds import other_format

    start = stream.read(1024)
    stream.seek(0)
    plain = start.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")
    table = next((kind for first, kind in _OTHER_TABLES.items() if plain.startswith(first)), None)
    if found := table or other_format(plain):
        raise ParseError(
            "unreadable-file",
            f"{path}: expected JSON Lines, JSON or CSV with commas, plain or gzipped; "
            f"found {found}",
        )
    if path.name.removesuffix(".gz").endswith(".csv"):
        return _csv_rows(stream, path)
    if plain.startswith(b"[") or (plain.startswith(b"{") and _is_one_object(stream)):
        return _json_value(stream, max_line_bytes)
    return json_lines(_lines(stream, max_line_bytes), max_line_bytes)


def _lines(stream: IO[bytes], max_line_bytes: int) -> Iterator[bytes]:
    """Yield lines; one beyond the limit is cut after it, which makes it invalid."""
    while line := stream.readline(max_line_bytes + 1):
        rest = line
        while not rest.endswith(b"\n") and (rest := stream.readline(max_line_bytes)):
            pass
        yield line


def json_lines(lines: Iterable[bytes], max_line_bytes: int) -> Entries:
    """Yield the entries of JSON Lines; blank lines are left out, a longer line is invalid."""
    for number, line in enumerate(lines, start=1):
        if len(line) > max_line_bytes:
            detail = f"expected at most {max_line_bytes} bytes, found more"
            yield number, InvalidEntryError("line-too-long", detail)
        elif line.strip():
            yield number, _parsed(line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line)


def _is_one_object(stream: IO[bytes]) -> bool:
    """Return True if a file has one JSON object and not lines of them."""
    first = stream.readline(MAX_LINE_BYTES + 1)
    more = stream.read(1)
    stream.seek(0)
    opens = first.removeprefix(b"\xef\xbb\xbf").strip() == b"{"
    return opens or not more or not first.endswith(b"\n")


def _json_value(stream: IO[bytes], max_line_bytes: int) -> Entries:
    data = stream.read(MAX_JSON_BYTES + 1)
    if len(data) > MAX_JSON_BYTES:
        yield 1, InvalidEntryError("line-too-long", f"expected at most {MAX_JSON_BYTES} bytes")
        return
    try:
        value = _loads(data.removeprefix(b"\xef\xbb\xbf"))
    except InvalidEntryError:
        # Lines of JSON, of which one is damaged: each is judged by itself.
        yield from json_lines(data.split(b"\n"), max_line_bytes)
        return
    for number, entry in enumerate(_entries_in(value), start=1):
        yield number, _object(entry)


def _entries_in(value: object) -> list[object]:
    """Return the entries of a JSON value.

    It is a list of entries, an entry, a mapping from paper id to an entry without it, or an object
    with one list of entries, such as ``{"model": "m", "results": [...]}``.
    """
    if isinstance(value, list):
        return value
    if not isinstance(value, dict) or "paper_id" in value:
        return [value]
    if value and all(isinstance(entry, dict) for entry in value.values()):
        return [{"paper_id": paper_id, **entry} for paper_id, entry in value.items()]
    lists = [v for v in value.values() if isinstance(v, list) and v and isinstance(v[0], dict)]
    return lists[0] if len(lists) == 1 else [value]


def _csv_rows(stream: IO[bytes], path: Path) -> Entries:
    from cycledata.errors import ParseError

    text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="")
    csv.field_size_limit(max(csv.field_size_limit(), MAX_LINE_BYTES))
    try:
        reader = csv.DictReader(text)
        reader.fieldnames = [name.strip() for name in reader.fieldnames or ()]
        if "paper_id" not in (reader.fieldnames or ()):
            raise ParseError(
                "no-paper-id",
                f"{path}: expected a header with a column paper_id, found "
                f"{', '.join(map(str, reader.fieldnames or ()))[:200] or 'an empty file'}",
            )
        names = reader.fieldnames or ()
        if len(set(names)) < len(names):
            raise ParseError("repeated-column", f"{path}: expected each column once: {names}")
        for number, row in enumerate(reader, start=1):
            if None in row or None in row.values():
                yield number, InvalidEntryError("uneven-row", "expected one cell per column")
            elif not all(map(_is_utf8, row.values())):
                yield (
                    number,
                    InvalidEntryError("not-utf8", "expected UTF-8; save the file as UTF-8"),
                )
            else:
                yield number, {name: _cell(name, cell) for name, cell in row.items() if cell != ""}
    except csv.Error as error:
        raise ParseError("unreadable-file", f"{path}: expected CSV: {error}") from error
    finally:
        text.detach()  # the caller closes the stream


def _is_utf8(cell: str) -> bool:
    """Return False if a cell has bytes that could not be decoded."""
    try:
        cell.encode()
    except UnicodeEncodeError:
        return False
    return True


def _cell(name: str, cell: str) -> object:
    if name not in (*RATING_FIELDS, "rating"):
        return cell
    plain = cell.strip()
    if plain.startswith("["):
        inside = plain.removeprefix("[").removesuffix("]").replace(";", ",").split(",")
    else:  # a comma here may be a decimal one
        inside = plain.split(";")
    try:
        return [float(number) for number in inside]
    except ValueError:
        return [cell]


def _parsed(line: bytes) -> Entry:
    try:
        return _object(_loads(line))
    except InvalidEntryError as problem:
        return problem


def _loads(data: bytes) -> object:
    try:
        return strict_json(data)
    except ValueError as error:
        detail = f"expected a JSON object: {error}"[:200]
        raise InvalidEntryError("not-json", detail, _named_paper(data)) from error


def _named_paper(line: bytes) -> str | None:
    """Return the paper that an invalid line is about, e.g. one with NaN for a rating."""
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    paper_id = entry.get("paper_id") if isinstance(entry, dict) else None
    return paper_id if isinstance(paper_id, str) else None


def _object(entry: object) -> Entry:
    if isinstance(entry, dict):
        return entry
    return InvalidEntryError(
        "not-an-object", f"expected a JSON object, found {type(entry).__name__}"
    )
