"""Files of a split: how many there are, and that their bytes depend on the rows only."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cycledata.builds import row_shards
from cycledata.builds.row_shards import ROW_GROUP, row_sizes, write_splits
from cycledata.manifest import FilePin
from cycledata.parquet_files import read_parquet

SCHEMA = pa.schema([("paper_id", pa.string()), ("text", pa.string())])
N_ROWS = 5 * ROW_GROUP + 7


@pytest.fixture(scope="module")
def rows() -> pa.Table:
    """Rows of 200 bytes that do not compress."""
    rng = np.random.default_rng(3)
    texts = [rng.bytes(100).hex() for _ in range(N_ROWS)]
    ids = [f"paper{i:05}" for i in range(N_ROWS)]
    return pa.table({"paper_id": ids, "text": texts}, schema=SCHEMA)


def write(folder: Path, rows: pa.Table, *, batch: int) -> list[FilePin]:
    folder.mkdir()
    paper_ids = rows["paper_id"].to_pylist()
    split_of = {
        paper_id: "test" if i % 10 == 0 else "train" for i, paper_id in enumerate(paper_ids)
    }
    batches = rows.to_batches(max_chunksize=batch)
    return write_splits(folder, "scores", SCHEMA, batches, paper_ids, split_of)[1]


def test_a_file_ends_after_the_row_group_that_makes_it_large(
    rows: pa.Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_shards, "SHARD_BYTES", 30_000)
    pins = write(tmp_path / "build", rows, batch=64)
    n_train = N_ROWS - len(range(0, N_ROWS, 10))
    # A row group takes some 24,000 bytes, so every file but the last has two.
    assert {pin.path: pin.rows for pin in pins} == {
        "scores/train-00000-of-00003.parquet": 2 * ROW_GROUP,
        "scores/train-00001-of-00003.parquet": 2 * ROW_GROUP,
        "scores/train-00002-of-00003.parquet": n_train - 4 * ROW_GROUP,
        "scores/test-00000-of-00001.parquet": N_ROWS - n_train,
    }
    written = [
        paper_id
        for pin in pins
        for paper_id in read_parquet(tmp_path / "build" / pin.path)["paper_id"].to_pylist()
    ]
    assert sorted(written) == rows["paper_id"].to_pylist()
    assert written[:n_train] == sorted(written[:n_train])
    assert sorted(path.name for path in (tmp_path / "build/scores").iterdir()) == sorted(
        pin.path.removeprefix("scores/") for pin in pins
    )


def test_a_row_group_has_few_bytes_and_a_large_row_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_shards, "ROW_GROUP_BYTES", 1_000)
    sizes = [300, 300, 300, 300, 5_000, 10, 980]
    texts = ["x" * (size - len("paper0")) for size in sizes]
    ids = [f"paper{i}" for i in range(len(sizes))]
    rows = pa.table({"paper_id": ids, "text": texts}, schema=SCHEMA)
    for batch in (1, 3, 7):
        (pin, _) = write(tmp_path / f"{batch}", rows, batch=batch)
        with pq.ParquetFile(tmp_path / f"{batch}" / pin.path) as file:
            groups = [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)]
        # The first row is in the other split.
        assert groups == [3, 1, 2]


def test_the_size_of_a_row_is_that_of_its_values() -> None:
    rows = [
        {"texts": ["ab", None, "\u00e9"], "parts": [{"name": "x", "n": 1}], "n": 1.5},
        {"texts": None, "parts": None, "n": None},
        {"texts": [], "parts": [{"name": "yy", "n": None}, {"name": None, "n": 3}], "n": 2.0},
    ]
    part = pa.struct([("name", pa.string()), ("n", pa.int64())])
    schema = pa.schema(
        [("texts", pa.list_(pa.string())), ("parts", pa.list_(part)), ("n", pa.float64())]
    )
    table = pa.Table.from_pylist([rows[1], *rows], schema=schema)
    expected = [8, 4 + 9 + 8, 8, 2 + 16 + 8]
    assert row_sizes(table.to_batches()[0]).tolist() == expected
    assert row_sizes(table.slice(2).to_batches()[0]).tolist() == expected[2:], "also of a slice"


@pytest.mark.parametrize("batch", [1, 199, 10_000])
def test_files_do_not_depend_on_how_the_rows_arrive(
    rows: pa.Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr(row_shards, "SHARD_BYTES", 30_000)
    assert write(tmp_path / "a", rows, batch=batch) == write(tmp_path / "b", rows, batch=64)
