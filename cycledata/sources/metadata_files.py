"""Blocks of rows of arXiv's metadata: JSON Lines, Parquet, OAI-PMH pages, plain or compressed.

A block has the ids and titles of some thousand rows as a table, and gives the few full rows that
are asked for. Memory use depends on the size of a block, not of a file.
"""

import io
import json
import re
import zipfile
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

import numpy as np
import numpy.typing as npt
import polars as pl
import zstandard

from cycledata.errors import ParseError
from cycledata.parse.arxiv_metadata import FIELDS, read_oai_page
from cycledata.parse.payload import MAX_XML_BYTES
from cycledata.sources.dump_files import (
    BROKEN_STREAM,
    InvalidEntry,
    OnBytesRead,
    kind_and_packing,
    opened,
    unknown_kind,
)
from cycledata.sources.table_files import plain_cell

BLOCK_BYTES = 32 << 20
"""Uncompressed bytes of JSON Lines per block, some 20,000 rows."""
MAX_ROW_BYTES = 4 << 20
"""Bytes of one row; the largest real ones take some 100 kB."""
BLOCK_ROWS = 20_000
"""Rows of a Parquet file per block."""
MAX_RATIO = 200
"""Unpacked bytes per packed byte, beyond the first gigabyte; texts reach 10."""
_FREE_BYTES = 1 << 30
if TYPE_CHECKING:
    import pyarrow as pa

_Places = npt.NDArray[np.int64]
_JSON = (".json", ".jsonl", ".ndjson")
_SCHEMA = {"id": pl.String, "title": pl.String}
_NO_LINES = re.compile(rb"\s*(?:(\[)|(\{)\s*\n)")
"""Start of a JSON file that is not JSON Lines."""
_EXPECTED = ".json, .jsonl, .parquet, .xml or .zip"


@dataclass(frozen=True, slots=True)
class MetadataBlock:
    """Some consecutive rows of a file."""

    frame: pl.DataFrame
    """Columns `id` and `title`, texts or null."""
    rows: Callable[[Sequence[int]], list[object]]
    """Return the full rows at some positions of the block."""
    place: Callable[[int], str]
    """Return the place of a row in the file, e.g. ``"line 7"``."""


class _FileEndsError(Exception):
    """A file that cannot be read beyond this point."""


def read_blocks(file: Path, tell: OnBytesRead) -> Iterator[MetadataBlock | InvalidEntry]:
    """Yield the rows of a metadata file in blocks, and its entries that cannot be used.

    An entry whose place starts with `after` means that the rest of the file was not read.
    """
    kind, _ = kind_and_packing(file)
    readers = {".parquet": _parquet_blocks, ".xml": _oai_blocks, ".zip": _zip_blocks}
    readers |= dict.fromkeys(_JSON, _json_file)
    if kind not in readers:
        yield InvalidEntry(file.name, "after start", unknown_kind(file, _EXPECTED))
        return
    place = "start"
    try:
        for found in readers[kind](file, tell):
            if isinstance(found, MetadataBlock):
                if found.frame.height:
                    place = found.place(found.frame.height - 1)
                found = _with_columns(found)
            yield found
    except (*BROKEN_STREAM, zstandard.ZstdError, zipfile.BadZipFile, NotImplementedError) as error:
        yield InvalidEntry(file.name, f"after {place}", f"the rest cannot be read: {error}")
    except (pl.exceptions.PolarsError, ParseError, _FileEndsError) as error:
        reason = " ".join(str(error).split())[:200]
        yield InvalidEntry(file.name, f"after {place}", f"the rest cannot be read: {reason}")


def _with_columns(block: MetadataBlock) -> MetadataBlock:
    """Return the block if any of its rows has an id and a title.

    Raises:
        _FileEndsError: none has, so this is another kind of file.
    """
    if block.frame.height and block.frame.drop_nulls().is_empty():
        first = block.rows([0])[0]
        found = ", ".join(map(str, first))[:100] if isinstance(first, dict) else type(first)
        raise _FileEndsError(f"expected rows with id and title, found {found}")
    return block


def _json_file(file: Path, tell: OnBytesRead) -> Iterator[MetadataBlock | InvalidEntry]:
    with opened(file) as (raw, stream):
        yield from _json_blocks(file.name, _Bounded(stream, raw.tell), lambda: tell(raw.tell()))


def _zip_blocks(file: Path, tell: OnBytesRead) -> Iterator[MetadataBlock | InvalidEntry]:
    with zipfile.ZipFile(file) as packed:
        for entry in packed.infolist():
            if entry.is_dir():
                continue
            name = f"{file.name}: {entry.filename}"
            if not entry.filename.lower().endswith(_JSON):
                yield InvalidEntry(name, "file", "expected .json or .jsonl in a .zip")
                continue
            with packed.open(entry) as stream:
                size = entry.compress_size
                bounded = _Bounded(cast(BinaryIO, stream), lambda size=size: size)  # type: ignore[misc]  # mypy infers no type for a default of a lambda
                yield from _json_blocks(name, bounded, lambda: None)
            tell(entry.header_offset + entry.compress_size)


class _Bounded:
    """Stream that ends with an error if it unpacks to far more than its packed bytes."""

    def __init__(self, stream: BinaryIO, n_packed: Callable[[], int]) -> None:
        self._stream = stream
        self._n_packed = n_packed
        self._n_bytes = 0

    def read(self, size: int) -> bytes:
        data = self._stream.read(size)
        self._n_bytes += len(data)
        if self._n_bytes > _FREE_BYTES + MAX_RATIO * self._n_packed():
            raise _FileEndsError(
                f"unpacks to more than {MAX_RATIO} times its size; expected a text file"
            )
        return data


def _json_blocks(
    name: str, stream: _Bounded, on_block: Callable[[], None]
) -> Iterator[MetadataBlock | InvalidEntry]:
    rest, n_lines, skipping = b"", 0, False
    while chunk := stream.read(BLOCK_BYTES):
        if n_lines == 0 and not rest:
            chunk = chunk.removeprefix(b"\xef\xbb\xbf")
            if other := _NO_LINES.match(chunk):
                found = "an array" if other[1] == b"[" else "an object over several lines"
                raise _FileEndsError(f"expected one row per line (JSON Lines), found {found}")
        on_block()
        if skipping:
            _, newline, chunk = chunk.partition(b"\n")
            if not newline:
                continue
            skipping = False
        end = chunk.rfind(b"\n") + 1
        if not end and len(rest) + len(chunk) > MAX_ROW_BYTES:
            n_lines += 1
            yield InvalidEntry(name, f"line {n_lines}", f"longer than {MAX_ROW_BYTES} bytes")
            rest, skipping = b"", True
            continue
        data, rest = (rest + chunk[:end], chunk[end:]) if end else (b"", rest + chunk)
        if data:
            yield from _json_block(name, data, n_lines)
            n_lines += data.count(b"\n")
    if rest:
        for part in _json_block(name, rest + b"\n", n_lines):
            if isinstance(part, InvalidEntry):
                raise _FileEndsError(f"{part.reason}; it was cut short, so fetch it again")
            yield part


def _json_block(name: str, data: bytes, n_before: int) -> Iterator[MetadataBlock | InvalidEntry]:
    """Yield the rows of some whole lines; lines that are not a row are named."""
    ends = np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == ord("\n"))
    starts = np.concatenate([[0], ends[:-1] + 1])
    too_long = np.flatnonzero(ends - starts > MAX_ROW_BYTES)
    frame = None if len(too_long) else _fast_frame(data, len(ends))
    if frame is None:
        frame, numbers = yield from _slow_frame(name, data, starts, ends, n_before)
        starts, ends = starts[numbers], ends[numbers]
    else:
        numbers = np.arange(len(ends))

    def rows(positions: Sequence[int]) -> list[object]:
        return [json.loads(data[starts[i] : ends[i]]) for i in positions]

    yield MetadataBlock(frame, rows, lambda i: f"line {n_before + int(numbers[i]) + 1}")


def _fast_frame(data: bytes, n_lines: int) -> pl.DataFrame | None:
    """Return id and title of every line, or None if any line is not a row."""
    try:
        lazy = pl.scan_ndjson(io.BytesIO(data), schema=_SCHEMA)
        frame = lazy.select("id", "title").collect(engine="streaming")
    except pl.exceptions.PolarsError:
        return None
    return frame if frame.height == n_lines else None


def _slow_frame(
    name: str, data: bytes, starts: _Places, ends: _Places, n_before: int
) -> Generator[InvalidEntry, None, tuple[pl.DataFrame, _Places]]:
    """Return id and title of the lines that are rows, and their numbers; yield the others."""
    ids: list[str | None] = []
    titles: list[str | None] = []
    numbers: list[int] = []
    for number, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
        line = data[start:end]
        if not line.strip():
            continue
        place = f"line {n_before + number + 1}"
        if len(line) > MAX_ROW_BYTES:
            yield InvalidEntry(name, place, f"longer than {MAX_ROW_BYTES} bytes")
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield InvalidEntry(name, place, f"not JSON: {error!s:.100}")
            continue
        if not isinstance(row, dict):
            reason = f"expected a row, found a {type(row).__name__}"
            yield InvalidEntry(name, place, reason)
            continue
        cells = [row.get(column) for column in ("id", "title")]
        ids.append(cells[0] if isinstance(cells[0], str) else None)
        titles.append(_utf8(cells[1]) if isinstance(cells[1], str) else None)
        numbers.append(number)
    frame = pl.DataFrame({"id": ids, "title": titles}, schema=_SCHEMA)
    return frame, np.array(numbers, dtype=np.int64)


def _utf8(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _parquet_blocks(file: Path, tell: OnBytesRead) -> Iterator[MetadataBlock | InvalidEntry]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    first, size = 0, file.stat().st_size
    try:
        with pq.ParquetFile(file, pre_buffer=False) as table:
            columns = table.schema_arrow.names
            missing = [name for name in _SCHEMA if name not in columns]
            if missing:
                found = ", ".join(columns)[:150]
                raise _FileEndsError(f"expected the columns id and title, found {found}")
            used = [name for name in columns if name in FIELDS]
            for batch in table.iter_batches(BLOCK_ROWS, columns=used, use_threads=False):
                yield _parquet_block(batch, first)
                first += batch.num_rows
                tell(size * first // max(1, table.metadata.num_rows))
    except (pa.ArrowException, OSError) as error:
        raise _FileEndsError(str(error)) from error


def _parquet_block(batch: "pa.RecordBatch", first: int) -> MetadataBlock:
    texts = pl.from_arrow(batch.select(list(_SCHEMA)))
    assert isinstance(texts, pl.DataFrame)

    def rows(positions: Sequence[int]) -> list[object]:
        return [_plain(row) for row in batch.take(list(positions)).to_pylist()]

    frame = texts.select(pl.col(name).cast(pl.String) for name in _SCHEMA)
    return MetadataBlock(frame, rows, lambda i: f"row {first + i + 1}")


def _plain(value: object) -> object:
    """Return a cell as a JSON value; dates become text."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else plain_cell(value)


def _oai_blocks(file: Path, tell: OnBytesRead) -> Iterator[MetadataBlock | InvalidEntry]:
    with opened(file) as (raw, stream):
        payload = stream.read(MAX_XML_BYTES + 1)
        tell(raw.tell())
    page = read_oai_page(payload)
    for problem in page.problems:
        yield InvalidEntry(file.name, problem.partition(":")[0], problem.partition(": ")[2])
    if page.rows:
        cells = {name: [row.get(name) for row in page.rows] for name in _SCHEMA}

        def rows(positions: Sequence[int]) -> list[object]:
            return [page.rows[i] for i in positions]

        yield MetadataBlock(pl.DataFrame(cells, schema=_SCHEMA), rows, lambda i: f"record {i + 1}")
