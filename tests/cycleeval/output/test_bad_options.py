"""Options of the commands that write files: what is refused, and that nothing is written then."""

import json
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from cycledata.errors import CycleDataError
from cycleeval.cli import app


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a reference of twelve papers, a model, and papers with one rating."""
    folder = tmp_path_factory.mktemp("inputs")
    rows = {
        "reference": [{"paper_id": f"p{i}", "ratings": [3 + i % 4, 5]} for i in range(12)],
        "model": [{"paper_id": f"p{i}", "ratings": [4 + i % 3]} for i in range(12)],
        "single": [{"paper_id": f"p{i}", "ratings": [5]} for i in range(12)],
        "rated": [{"paper_id": f"p{i}", "source": "m", "ratings": [5, 6]} for i in range(3)],
    }
    for name, lines in rows.items():
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (folder / f"{name}.jsonl").write_text(text, "utf-8")
    (folder / "submissions").mkdir()
    (folder / "submissions" / "model.jsonl").write_text(
        (folder / "model.jsonl").read_text("utf-8"), "utf-8"
    )
    (folder / "folder.csv").mkdir()
    return folder


EXPORT = "export every-eval-ever model.jsonl reference.jsonl --out records"
REFUSED = {
    "a model outside of the folder": (f"{EXPORT} --model ../.. --organization L", "ORG/NAME"),
    "a model with a newline": (f"{EXPORT} --model a\n/b --organization L", "ORG/NAME"),
    "a data set outside of the folder": (
        f"{EXPORT} --model a/b --organization L --dataset ../../x",
        "expected letters, digits, hyphens and dots, found '../../x'",
    ),
    "a hub id without a slash": (
        f"{EXPORT} --model a/b --organization L --hub-id x",
        "expected ORG/NAME, found 'x'",
    ),
    "an empty organization": (f"{EXPORT} --model a/b --organization=", "expected a name"),
    "a board's hub id outside of the hub": (
        "leaderboard submissions reference.jsonl --out site --hub-id ../..",
        "expected ORG/NAME, found '../..'",
    ),
    "a reliability plot as a bitmap": (
        "score model.jsonl reference.jsonl --reliability x.bmp",
        "expected a .svg file, found x.bmp",
    ),
    "a table in the place of a folder": (
        "score model.jsonl reference.jsonl --per-paper folder.csv",
        "expected a .csv or .parquet file, found the folder folder.csv",
    ),
    "a score from which labels count, without labels": (
        "human reference.jsonl --flag-from 0.5",
        "--flag-from: give --labels FILE with it",
    ),
    "two formats": (
        "score model.jsonl reference.jsonl --json --format latex",
        "--format latex and --json exclude each other",
    ),
    "an endpoint without a judge": (
        "text model.jsonl reference.jsonl --endpoint http://localhost:9/v1",
        "--endpoint: give --judge MODEL with it",
    ),
    "the default number of judged papers without a judge": (
        "text model.jsonl reference.jsonl --judge-papers 50",
        "--judge-papers: give --judge MODEL with it",
    ),
    "a metric of a plot without one": (
        "plot residuals model.jsonl reference.jsonl --out x.svg --metric spearman",
        "--metric: residuals draws ratings, not a metric",
    ),
    "the best of more papers than there are": (
        "generated rated.jsonl --best-of 4",
        "expected at most 3, the papers of the largest source; found 4",
    ),
}


@pytest.mark.parametrize(("words", "message"), REFUSED.values(), ids=REFUSED)
def test_a_wrong_option_is_named_and_nothing_is_written(
    inputs: Path, monkeypatch: pytest.MonkeyPatch, words: str, message: str
) -> None:
    monkeypatch.chdir(inputs)
    monkeypatch.setenv("COLUMNS", "300")
    before = sorted(inputs.rglob("*"))
    ran = CliRunner().invoke(app, words.split(" "))
    assert ran.exit_code == 2, ran.output
    assert message in ran.output
    assert sorted(inputs.rglob("*")) == before


def test_people_with_one_rating_per_paper_are_not_scored(
    inputs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(inputs)
    expected = "single.jsonl: expected papers with two human ratings or more, found none among 12"
    with pytest.raises(CycleDataError, match=expected):
        CliRunner().invoke(app, ["human", "single.jsonl"], catch_exceptions=False)


@pytest.mark.parametrize("name", ["new/papers.csv", "new/papers.parquet"])
def test_a_table_per_paper_makes_its_folder(inputs: Path, tmp_path: Path, name: str) -> None:
    words = ["human", str(inputs / "reference.jsonl"), "--resamples", "100", "--no-baselines"]
    ran = CliRunner().invoke(app, [*words, "--per-paper", str(tmp_path / name)])
    assert ran.exit_code == 0, ran.output
    assert (tmp_path / name).stat().st_size > 0


def test_every_command_writes_a_table_per_paper(
    inputs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`compare` has a row per model and paper, `generated` per paper, `detection` per test text."""
    monkeypatch.chdir(inputs)
    (tmp_path / "twin.jsonl").write_text((inputs / "model.jsonl").read_text("utf-8"), "utf-8")
    texts = [
        {"text_id": f"{split}{i}", "format": "paper", "source": source, "split": split,
         "criterion": i + (3.0 if source else 0.0)}
        for split in ("calibration", "test") for source in (None, "m") for i in range(3)
    ]  # fmt: skip
    (tmp_path / "texts.jsonl").write_text("".join(json.dumps(t) + "\n" for t in texts), "utf-8")
    quick = ["--resamples", "100", "--no-baselines"]
    n_rows = {}
    for words in (
        ["compare", "model.jsonl", str(tmp_path / "twin.jsonl"), "reference.jsonl", *quick],
        ["generated", "rated.jsonl", "--best-of", "1"],
        ["detection", str(tmp_path / "texts.jsonl")],
    ):
        out = tmp_path / f"{words[0]}.csv"
        ran = CliRunner().invoke(app, [*words, "--per-paper", str(out)], catch_exceptions=False)
        assert ran.exit_code == 0, ran.output
        n_rows[words[0]] = pl.read_csv(out)
    assert {name: len(rows) for name, rows in n_rows.items()} == {
        "compare": 24, "generated": 3, "detection": 6,
    }  # fmt: skip
    assert n_rows["compare"]["model"].to_list() == ["model"] * 12 + ["twin"] * 12
    assert n_rows["generated"]["rating_mean"].to_list() == [5.5] * 3
    found = n_rows["detection"]
    called = (found["criterion"] > found["threshold"]).to_list()
    assert found["called_generated"].to_list() == called
