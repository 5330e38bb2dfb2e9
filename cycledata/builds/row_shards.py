"""Write rows and batches to Parquet files whose bytes depend on the rows and their order only."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cycledata.errors import BuildError
from cycledata.manifest import FilePin, pin_file
from cycledata.parquet_files import parquet_writer

ROW_GROUP = 200
"""Most rows of a row group of a published file: at 100 kB per paper, a reader needs 20 MB."""
ROW_GROUP_BYTES = 32_000_000
"""Most bytes of the values of a row group, before compression: readers decode one at a time. A
larger row is a row group of its own."""
SHARD_ROWS = 5_000
"""Most rows of a published file."""
SHARD_BYTES = 32_000_000
"""Size from which a published file gets no further row group, our choice: an interrupted push
sends a file again from its start, so a small file loses little, and `datasets` reads several at
once."""
SPLITS = ("train", "test", "reserve")


def read_batches(path: Path) -> Iterator[pa.RecordBatch]:
    """Yield the record batches of a Parquet file in order, one row group in memory at a time."""
    with pq.ParquetFile(path) as file:
        for index in range(file.num_row_groups):
            yield from file.read_row_group(index).to_batches()


class RowWriter:
    """Writer of Python rows to one Parquet file, one row group at a time."""

    def __init__(self, path: Path, schema: pa.Schema, *, temporary: bool = False) -> None:
        """Open the file.

        Args:
            path: the file.
            schema: its columns.
            temporary: write for speed; the file is read once and deleted.
        """
        self._writer = parquet_writer(path, schema, temporary=temporary)
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
    """Writer of record batches to ``<config>/<split>-0000i-of-0000N.parquet``.

    A row group ends at `ROW_GROUP` rows or `ROW_GROUP_BYTES`, a file after the row group with which
    it reaches `SHARD_ROWS` or `SHARD_BYTES`. How many files there are is known at the end, so they
    get their names then.
    """

    def __init__(self, folder: Path, config: str, split: str, schema: pa.Schema) -> None:
        self._folder = folder
        self._stem = f"{config}/{split}"
        self._schema = schema
        self._waiting = schema.empty_table()
        self._sizes: npt.NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self._n_written: list[int] = []
        (folder / config).mkdir(exist_ok=True)
        self._open_next()

    def add(self, batch: pa.RecordBatch) -> None:
        """Add rows; whole row groups are written."""
        self._waiting = pa.concat_tables([self._waiting, pa.Table.from_batches([batch])])
        self._sizes = np.concatenate([self._sizes, row_sizes(batch)])
        while (n_rows := self._n_of_group()) < len(self._sizes) or n_rows == ROW_GROUP:
            self._write(n_rows)

    def _n_of_group(self) -> int:
        """Return how many of the waiting rows the next row group can have."""
        within = int(np.searchsorted(np.cumsum(self._sizes), ROW_GROUP_BYTES, side="right"))
        return min(max(within, 1), ROW_GROUP, len(self._sizes))

    def _unnamed(self, shard: int) -> Path:
        return self._folder / f"{self._stem}-{shard:05}.parquet"

    def _open_next(self) -> None:
        self._path = self._unnamed(len(self._n_written))
        self._writer = parquet_writer(self._path, self._schema)
        self._n_written.append(0)

    def _write(self, n_rows: int) -> None:
        # The size is that of the row groups that are written, so it depends on the rows only.
        if self._n_written[-1] >= SHARD_ROWS or self._path.stat().st_size >= SHARD_BYTES:
            self._writer.close()
            self._open_next()
        # Contiguous, so that the file does not depend on how the batches arrived.
        self._writer.write_table(self._waiting.slice(0, n_rows).combine_chunks())
        self._n_written[-1] += n_rows
        self._waiting, self._sizes = self._waiting.slice(n_rows), self._sizes[n_rows:]

    def close(self) -> list[FilePin]:
        """Write the remaining rows and name the files; return their pins."""
        if len(self._sizes):
            self._write(len(self._sizes))
        self._writer.close()
        n_shards = len(self._n_written)
        names = [f"{self._stem}-{i:05}-of-{n_shards:05}.parquet" for i in range(n_shards)]
        for shard, name in enumerate(names):
            self._unnamed(shard).rename(self._folder / name)
        return [
            pin_file(self._folder, name, rows)
            for name, rows in zip(names, self._n_written, strict=True)
        ]


def row_sizes(batch: pa.RecordBatch) -> npt.NDArray[np.int64]:
    """Return the bytes of the values of each row: those of texts, eight for anything else.

    Buffers are not counted, because they depend on how rows arrive in batches.

    >>> row_sizes(pa.record_batch({"text": ["ab", None], "list": [["c"], ["d", "ef"]]})).tolist()
    [3, 3]
    """
    return sum((_sizes(column) for column in batch.columns), np.zeros(len(batch), dtype=np.int64))


def _sizes(values: pa.Array) -> npt.NDArray[np.int64]:
    kind = values.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        lengths = pc.fill_null(pc.binary_length(values), 0)
        return np.asarray(lengths, dtype=np.int64)
    if pa.types.is_list(kind):
        ends = np.cumsum(np.asarray(pc.fill_null(pc.list_value_length(values), 0), dtype=np.int64))
        totals = np.concatenate([[0], np.cumsum(_sizes(values.flatten()))])
        at_ends: npt.NDArray[np.int64] = totals[ends]
        return np.diff(at_ends, prepend=0)
    if pa.types.is_struct(kind):
        fields = map(_sizes, values.flatten())
        return sum(fields, np.zeros(len(values), dtype=np.int64))
    return np.full(len(values), 8, dtype=np.int64)


def write_splits(
    folder: Path,
    config: str,
    schema: pa.Schema,
    batches: Iterable[pa.RecordBatch],
    paper_ids: Iterable[str],
    split_of: Mapping[str, str],
) -> tuple[dict[str, int], list[FilePin]]:
    """Write the rows of one config to its splits.

    Args:
        folder: the build.
        config: its name, which is also the name of its folder.
        schema: its columns, including ``paper_id``.
        batches: all rows in order of paper id.
        paper_ids: the paper id of each of these rows; tells which splits have rows.
        split_of: paper id to split; rows of other papers are left out.

    Returns:
        Split to number of rows, and the pins of the files. A split without rows is left out,
        because `datasets.load_dataset` refuses empty splits.
    """
    n_rows = Counter(split_of[paper_id] for paper_id in paper_ids if paper_id in split_of)
    splits = [split for split in SPLITS if n_rows[split]]
    writers = {split: ShardWriter(folder, config, split, schema) for split in splits}
    for batch in batches:
        splits_of_rows = [
            split_of.get(paper_id) for paper_id in batch.column("paper_id").to_pylist()
        ]
        for split, writer in writers.items():
            writer.add(batch.filter(pa.array([name == split for name in splits_of_rows])))
    pins = [pin for writer in writers.values() for pin in writer.close()]
    return {split: n_rows[split] for split in splits}, pins
