"""Exported rows, read back by other programs, are the rows of the build."""

import csv
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import cycledata
from cycledata import sample
from cycledata.builds.explain import explain
from cycledata.builds.runner import DATASETS, build
from cycledata.cli.reading import ExportFormat, write_rows
from cycledata.consent.policy import read_policy
from cycledata.errors import ChangedFileError

TEXTS = [
    "=cmd|' /C calc'!A0", "+1", "-1+2", "@SUM(A1)", "\tx", "\rx", "-0ZOjmjFnN", "a\rb", "a\r\nb",
    "a\nb", 'say "x"', '"', "a,b", "", None, " lead", "trail ", "\x00", "n\x00ul", "\u2028",
    "\u202e", "\ufeff", "é𝔘", "NA", "null", "1e5", "2024-01-01", "\x1b[31m",
]  # fmt: skip
FORMULAS = TEXTS[:6]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("export") / "build"
    build(DATASETS["review-5k"], sample.SNAPSHOT, out, policy=read_policy(sample.POLICY))
    return out


def _text(write: Callable[[io.StringIO], None]) -> str:
    file = io.StringIO(newline="")
    write(file)
    return file.getvalue()


def test_every_text_survives_csv_and_no_formula_runs(tmp_path: Path) -> None:
    frame = pl.DataFrame({"text": TEXTS, "number": [2**62] * len(TEXTS)})
    path = tmp_path / "texts.csv"
    written = _text(lambda file: write_rows(frame, file, ExportFormat.CSV))
    path.write_bytes(written.encode())
    expected = [f"'{text}" if text in FORMULAS else text for text in TEXTS]
    read = pl.read_csv(path, infer_schema=False)
    assert read["text"].to_list() == expected
    assert read["number"].to_list() == [str(2**62)] * len(TEXTS)
    with path.open(encoding="utf-8", newline="") as lines:
        assert [row["text"] for row in csv.DictReader(lines)] == [text or "" for text in expected]


@pytest.mark.parametrize("config", ["default", "reviews", "scores", "history", "threads"])
def test_csv_and_json_lines_have_the_rows_of_the_build(folder: Path, config: str) -> None:
    frame = cycledata.load_frame(folder, config)
    rows = json.loads(json.dumps(frame.to_dicts(), default=str))
    lines = _text(lambda file: write_rows(frame, file, ExportFormat.JSONL))
    assert [json.loads(line) for line in lines.split("\n")[:-1]] == rows
    written = _text(lambda file: write_rows(frame, file, ExportFormat.CSV))
    cells = list(csv.reader(io.StringIO(written, newline="")))
    assert cells[0] == frame.columns
    assert cells[1:] == [[_cell(row[name]) for name in frame.columns] for row in rows]


def _cell(value: object) -> str:
    if value is None:
        return ""
    return json.dumps(value) if isinstance(value, list | dict) else str(value)


def test_a_frame_has_the_named_columns_in_order(folder: Path) -> None:
    frame = cycledata.load_frame(str(folder), "scores", "test", ["year", "paper_id"])
    assert frame.columns == ["year", "paper_id"]
    assert frame.height == cycledata.read_build(folder).configs["scores"]["test"]


@pytest.mark.parametrize(
    ("columns", "error", "message"),
    [
        (["ratngs"], ValueError, "no column 'ratngs'; scores has paper_id, "),
        (["year", "year"], ValueError, "columns: 'year' is named twice"),
        ("year", TypeError, "columns: expected a list of names, found the text 'year'"),
    ],
)
def test_wrong_columns_are_refused_by_every_reader(
    folder: Path, columns: Any, error: type[Exception], message: str
) -> None:
    for read in (cycledata.load_frame, cycledata.load_split, cycledata.iterate_rows):
        with pytest.raises(error, match=message.replace("[", r"\[")):
            list(read(folder, "scores", "test", columns))


def test_a_damaged_or_missing_file_beside_the_rows_is_named(folder: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    (copy / "dropped.parquet").write_bytes(b"PAR1")
    with pytest.raises(ChangedFileError, match=r"dropped.parquet: expected a whole Parquet file"):
        explain(copy, "SAMPLE5k01")
    (copy / "dropped.parquet").unlink()
    with pytest.raises(FileNotFoundError) as error:
        explain(copy, "SAMPLE5k01")
    assert error.value.filename == str(copy / "dropped.parquet")
