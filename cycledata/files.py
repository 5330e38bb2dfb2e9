"""Bytes in and out: atomic writes, hashes, canonical JSON, JSON Lines and Parquet.

Whatever is written here is either there in full under its name or not there at all, and equal
values give equal bytes on every machine: no clock, no locale, no ordering by arrival.
"""

import hashlib
import json
import math
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from cycledata.errors import BuildError, ParseError

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

MAX_JSON_DEPTH = 200
"""Nesting beyond which a JSON value is refused: real replies stay below 20."""


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """A temporary sibling that takes the name ``path`` once the block ends without an error.

    The bytes are flushed to the disk before the rename and the folder after it, so that a kill or
    a power cut leaves the old file or the new one, never half of either.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        _fsync(temporary)
        temporary.replace(path)
        _fsync(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def atomic_write(path: Path, data: bytes) -> None:
    """Write ``data`` under ``path``, all of it or nothing."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)


@contextmanager
def growing_folder(out: Path) -> Iterator[Path]:
    """An empty hidden folder beside ``out`` that takes its name when the block ends without error.

    It is removed where the block fails; what a killed process left goes with the next call.

    Raises:
        BuildError: ``out`` is there and not empty, a file stands in its way, or another process is
            making it at this moment.
    """
    out = out.resolve()
    growing = out.parent / f".{out.name}.partial"
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise BuildError(f"{out}: a file stands where a folder is needed; change --out") from error
    with _locked(growing.with_suffix(".lock"), out):
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise BuildError(f"{out}: not empty; give --out a new or empty folder")
        shutil.rmtree(growing, ignore_errors=True)
        growing.mkdir()
        try:
            yield growing
            growing.rename(out)  # over an empty folder too, in one step
        finally:
            shutil.rmtree(growing, ignore_errors=True)


@contextmanager
def _locked(lock: Path, out: Path) -> Iterator[None]:
    """Hold a lock file; the kernel frees it when the process dies."""
    with lock.open("w") as file:
        if not _holds(file, lock):
            raise BuildError(
                f"{out}: another process is making it; wait for it to end, or change --out"
            )
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)


def _holds(file: TextIO, lock: Path) -> bool:
    """Take the lock of an open file; one that its last holder has just removed locks nothing."""
    import fcntl  # not on Windows, where builds can be read and scored but not made

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.fstat(file.fileno()).st_ino == lock.stat().st_ino
    except (BlockingIOError, FileNotFoundError):
        return False


def remove_leftovers(folder: Path, pattern: str) -> None:
    """Delete what killed writers left of files named like ``pattern`` (a glob)."""
    for leftover in folder.glob(f".{pattern}.*.tmp"):
        leftover.unlink(missing_ok=True)


def sha256_bytes(data: bytes) -> str:
    """Hex digest of bytes in memory."""
    return hashlib.sha256(data).hexdigest()


def sha256_file(path: Path) -> str:
    """Hex digest of a file, read a megabyte at a time."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def canonical_json(value: object, *, indent: int | None = None) -> str:
    r"""The one spelling of a JSON value: sorted keys, no spare blanks, ASCII only.

    Args:
        value: dict with str keys, list, tuple, str, int, finite float, bool or None, nested.
        indent: blanks per level for a file that people read; None for one line.

    Raises:
        ValueError: a value with no stable spelling (NaN, a set, a callable, a key that is no str,
            nesting beyond ``MAX_JSON_DEPTH``); names its place.

    >>> canonical_json({"b": (1, 2.5), "a": "é"})
    '{"a":"\\u00e9","b":[1,2.5]}'
    """
    _require_stable(value, "$", 0)
    separators = (",", ":") if indent is None else (",", ": ")
    return json.dumps(value, sort_keys=True, separators=separators, indent=indent, allow_nan=False)


def _require_stable(value: object, place: str, depth: int) -> None:
    if depth > MAX_JSON_DEPTH:
        raise ValueError(f"{place[:80]}: nested deeper than {MAX_JSON_DEPTH}; flatten it")
    if value is None or isinstance(value, str | bool | int):
        return
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{place}: {value} has no JSON; use None for what is absent")
    elif isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise ValueError(f"{place}: key {key!r} is a {type(key).__name__}, expected str")  # noqa: TRY004  unstable values are one kind of error
            _require_stable(item, f"{place}.{key}", depth + 1)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            _require_stable(item, f"{place}[{index}]", depth + 1)
    else:
        raise ValueError(  # noqa: TRY004  unstable values are one kind of error
            f"{place}: a {type(value).__name__} has no stable JSON; expected dict, list, str, int,"
            " float, bool or None"
        )


def write_jsonl(path: Path, rows: Iterable[Mapping[str, object]]) -> int:
    """Write rows as JSON Lines, one canonical object a line; returns their number."""
    n_rows = 0
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        for row in rows:
            file.write(canonical_json(dict(row)).encode("ascii") + b"\n")
            n_rows += 1
    return n_rows


def read_jsonl(path: Path) -> Iterator[dict[str, object]]:
    r"""Rows of a JSON Lines file of our own; lines end at ``\n`` alone, blank ones are skipped.

    Raises:
        ParseError: ``bad-json-line``; names file and line.
    """
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise ParseError("bad-json-line", f"{path.name}:{number}: {error}") from error
            if not isinstance(row, dict):
                found = type(row).__name__
                raise ParseError(
                    "bad-json-line", f"{path.name}:{number}: expected an object, found a {found}"
                )
            yield row


def parquet_writer(
    path: Path, schema: "pa.Schema", *, plain: Iterable[str] = ()
) -> "pq.ParquetWriter":
    """A Parquet writer with the settings that every file of ours has.

    Args:
        path: where to write; the caller makes it atomic.
        schema: columns; its metadata is left out, since pandas and others put versions in it.
        plain: columns of large unique values, written without dictionary and statistics.
    """
    import pyarrow.parquet as pq

    plain = set(plain)
    coded = [name for name in schema.names if name not in plain]
    return pq.ParquetWriter(
        path,
        schema.remove_metadata(),
        version="2.6",
        data_page_version="1.0",
        compression="zstd",
        compression_level=3,
        use_dictionary=coded if plain else True,
        write_statistics=coded if plain else True,
    )


def write_parquet(path: Path, table: "pa.Table", *, row_group_rows: int = 1000) -> None:
    """Write a table atomically; equal tables give equal bytes."""
    with atomic_path(path) as temporary, parquet_writer(temporary, table.schema) as writer:
        writer.write_table(table.replace_schema_metadata(None), row_group_size=row_group_rows)


def read_parquet(path: Path, columns: list[str] | None = None) -> "pa.Table":
    """Read a Parquet file, or some of its columns, into memory."""
    import pyarrow.parquet as pq

    return pq.ParquetFile(path).read(columns=columns)


def iterate_parquet(path: Path, columns: list[str] | None = None) -> Iterator[dict[str, object]]:
    """Rows of a Parquet file in order, holding one row group in memory."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        for index in range(file.num_row_groups):
            yield from file.read_row_group(index, columns=columns).to_pylist()
