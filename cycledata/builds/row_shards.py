"""Write rows and batches to Parquet files whose bytes depend on the rows and their order only."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from cycledata.errors import BuildError
from cycledata.manifest import FilePin, pin_file
from cycledata.parquet_files import parquet_writer

ROW_GROUP = 200
"""Rows per row group of a published file: at 100 kB per paper, a reader needs 20 MB."""
SHARD_ROWS = 5_000
"""Rows per published file."""
SPLITS = ("train", "test", "reserve")


def read_batches(path: Path) -> Iterator[pa.RecordBatch]:
    """Yield the record batches of a Parquet file in order, one row group in memory at a time."""
    with pq.ParquetFile(path) as file:
        for index in range(file.num_row_groups):
            yield from file.read_row_group(index).to_batches()


class RowWriter:
    """Writer of Python rows to one Parquet file, one row group at a time."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._writer = parquet_writer(path, schema)
        self._schema = schema
        self._names = frozenset(schema.names)
        self._rows: list[Mapping[str, Any]] = []
        self.n_rows = 0

    def add(self, row: Mapping[str, Any]) -> None:
        """Add a row whose keys are exactly the columns of the schema."""
        if row.keys() != self._names:
            odd = sorted(row.keys() ^ self._names)
            raise BuildError(f"row of {row.get('paper_id')}: columns differ from the schema: {odd}")
        self._rows.append(row)
        self.n_rows += 1
        if len(self._rows) >= ROW_GROUP:
            self._flush()

    def _flush(self) -> None:
        if self._rows:
            try:
                table = pa.Table.from_pylist(self._rows, schema=self._schema)
            except (pa.ArrowException, OverflowError, UnicodeEncodeError) as error:
                raise self._misfit() from error
            self._writer.write_table(table)
            self._rows = []

    def _misfit(self) -> BuildError:
        """Return the error about the first row that does not fit the schema."""
        for row in self._rows:
            try:
                pa.Table.from_pylist([row], schema=self._schema)
            except (pa.ArrowException, OverflowError, UnicodeEncodeError) as error:
                return BuildError(f"row of {row.get('paper_id')}: does not fit: {error}; report it")
        return BuildError("a row does not fit its schema; report it")

    def close(self) -> None:
        """Write the remaining rows and close the file."""
        self._flush()
        self._writer.close()


class ShardWriter:
    """Writer of record batches to ``<config>/<split>-0000i-of-0000N.parquet`` of fixed size."""

    def __init__(
        self, folder: Path, config: str, split: str, schema: pa.Schema, n_rows: int
    ) -> None:
        self._folder = folder
        self._schema = schema
        n_shards = -(-n_rows // SHARD_ROWS)
        self._names = [f"{config}/{split}-{i:05}-of-{n_shards:05}.parquet" for i in range(n_shards)]
        self._waiting: list[pa.RecordBatch] = []
        self._n_waiting = 0
        self._n_written = [0] * n_shards
        self._shard = 0
        (folder / config).mkdir(exist_ok=True)
        self._writer = parquet_writer(folder / self._names[0], schema)

    def add(self, batch: pa.RecordBatch) -> None:
        """Add rows; they are written in row groups of ``ROW_GROUP``."""
        self._waiting.append(batch)
        self._n_waiting += batch.num_rows
        while self._n_waiting >= ROW_GROUP:
            self._write(ROW_GROUP)

    def _write(self, n_rows: int) -> None:
        if self._n_written[self._shard] >= SHARD_ROWS:
            self._writer.close()
            self._shard += 1
            self._writer = parquet_writer(self._folder / self._names[self._shard], self._schema)
        table = pa.Table.from_batches(self._waiting, schema=self._schema)
        # Contiguous, so that the file does not depend on how the batches arrived.
        self._writer.write_table(table.slice(0, n_rows).combine_chunks())
        self._n_written[self._shard] += n_rows
        rest = table.slice(n_rows)
        self._waiting = rest.to_batches()
        self._n_waiting = rest.num_rows

    def close(self) -> list[FilePin]:
        """Write the remaining rows; return the pins of the files."""
        if self._n_waiting:
            self._write(self._n_waiting)
        self._writer.close()
        return [
            pin_file(self._folder, name, rows)
            for name, rows in zip(self._names, self._n_written, strict=True)
        ]


def write_splits(
    folder: Path,
    config: str,
    schema: pa.Schema,
    read: Callable[[], Iterator[pa.RecordBatch]],
    split_of: Mapping[str, str],
) -> tuple[dict[str, int], list[FilePin]]:
    """Write the rows of one config to its splits.

    Args:
        folder: the build.
        config: its name, which is also the name of its folder.
        schema: its columns, including ``paper_id``.
        read: yields all rows in order of paper id; called twice, first to count.
        split_of: paper id to split; rows of other papers are left out.

    Returns:
        Split to number of rows, and the pins of the files. A split without rows is left out,
        because `datasets.load_dataset` refuses empty splits.
    """
    n_rows = Counter(
        split_of[paper_id]
        for batch in read()
        for paper_id in batch.column("paper_id").to_pylist()
        if paper_id in split_of
    )
    splits = [split for split in SPLITS if n_rows[split]]
    writers = {split: ShardWriter(folder, config, split, schema, n_rows[split]) for split in splits}
    for batch in read():
        splits_of_rows = [
            split_of.get(paper_id) for paper_id in batch.column("paper_id").to_pylist()
        ]
        for split, writer in writers.items():
            writer.add(batch.filter(pa.array([name == split for name in splits_of_rows])))
    pins = [pin for writer in writers.values() for pin in writer.close()]
    return {split: n_rows[split] for split in splits}, pins
