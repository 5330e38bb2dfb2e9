"""Parquet files: one writer configuration, so that equal tables give equal bytes."""

import errno
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from cycledata.errors import ChangedFileError
from cycledata.files import replace_file

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq


def parquet_writer(
    path: Path, schema: "pa.Schema", *, plain: Iterable[str] = (), temporary: bool = False
) -> "pq.ParquetWriter":
    """Return a Parquet writer with the settings of every file that we write.

    Args:
        path: where to write; the caller makes it atomic.
        schema: columns; its metadata is left out, because pandas and others put versions in it.
        plain: columns of large unique values, written without dictionary and statistics.
        temporary: write for speed, with lz4 and all columns plain.
    """
    import pyarrow.parquet as pq

    plain = set(schema.names if temporary else plain)
    coded = [name for name in schema.names if name not in plain]
    return pq.ParquetWriter(
        path,
        schema.remove_metadata(),
        version="2.6",
        data_page_version="1.0",
        compression="lz4" if temporary else "zstd",
        compression_level=None if temporary else 3,
        use_dictionary=coded if plain else True,
        write_statistics=coded if plain else True,
    )


def write_parquet(path: Path, table: "pa.Table", *, row_group_rows: int = 1000) -> None:
    """Write a table atomically; equal tables give equal bytes."""
    with replace_file(path) as temporary, parquet_writer(temporary, table.schema) as writer:
        writer.write_table(table.replace_schema_metadata(None), row_group_size=row_group_rows)


def open_parquet(path: Path, *, remedy: str = "restore it or make it again") -> "pq.ParquetFile":
    """Open a Parquet file.

    Raises:
        ChangedFileError: the file is damaged or another file; the message ends with the remedy.
        OSError: it cannot be opened.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(path)
    except FileNotFoundError as error:
        # The error of pyarrow has no file name.
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path)) from error
    except pa.ArrowException as error:
        raise ChangedFileError(f"{path}: expected a whole Parquet file; {remedy}") from error


def read_parquet(path: Path, columns: list[str] | None = None) -> "pa.Table":
    """Read a Parquet file, or some of its columns, into memory."""
    with open_parquet(path) as file:
        return file.read(columns=columns)


def iterate_parquet(path: Path, columns: list[str] | None = None) -> Iterator[dict[str, object]]:
    """Yield the rows of a Parquet file in order, with one row group in memory."""
    with open_parquet(path) as file:
        for index in range(file.num_row_groups):
            yield from file.read_row_group(index, columns=columns).to_pylist()
