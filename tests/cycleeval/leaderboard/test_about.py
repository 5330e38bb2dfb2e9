"""Words about models and boards: shown where valid, reported where not, never fatal."""

import csv
import io
import json
from pathlib import Path

import pytest

from cycleeval.human_ratings import read_human_ratings
from cycleeval.leaderboard.about import AboutBoard, AboutModel, read_about
from cycleeval.leaderboard.gather import gather
from cycleeval.leaderboard.site import build_site
from cycleeval.scoring_config import ScoringConfig

MODEL = """
name = "Model <b>X</b>"
organization = "Lab"
date = 2026-05-01
kind = "open-weights"
training_cutoff = 2024-06-30
link = "https://example.org/x"
"""


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("nam = 'x'", "nam: Extra inputs"),
        ("name = 3", "name: Input should be a valid string"),
        ("link = 'javascript:alert(1)'", "expected an address that begins with https://"),
        ("link = 'https://u:secret@h/x'", "without a user name and password"),
        ("date = 'May'", "date: Input should be a valid date"),
        ("kind = 'other'", "kind: Input should be 'open-weights'"),
        ("= ", "expected a TOML file"),
        ("name = " + "[" * 3000, "expected a TOML file: nested too deep"),
        ("name = " + "9" * 5000, "expected a TOML file: a number has too many digits"),
        ("name = '" + "x" * 70_000 + "'", "at most 65536 bytes"),
        ("name = '" + "x" * 201 + "'", "at most 200 characters"),
    ],
    ids=[
        "key",
        "type",
        "script",
        "password",
        "date",
        "kind",
        "toml",
        "deep",
        "digits",
        "size",
        "length",
    ],
)
def test_an_invalid_description_is_reported(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "m.toml").write_text(text, "utf-8")
    found = read_about(tmp_path / "m.toml", AboutModel)
    assert isinstance(found, str)
    assert problem in found
    assert found.startswith("m.toml: ")
    assert len(found) <= 310


def test_a_missing_description_gives_the_defaults(tmp_path: Path) -> None:
    assert read_about(tmp_path / "m.toml", AboutModel) == AboutModel()
    assert read_about(tmp_path / "leaderboard.toml", AboutBoard) == AboutBoard()


@pytest.fixture
def site(inputs: Path, tmp_path: Path, quick: ScoringConfig) -> dict[str, str]:
    for name in ("close", "far"):
        data = (inputs / f"submissions/{name}.jsonl").read_bytes()
        (tmp_path / f"{name}.jsonl").write_bytes(data)
    (tmp_path / "close.toml").write_text(MODEL, "utf-8")
    (tmp_path / "far.toml").write_text("nonsense", "utf-8")
    (tmp_path / "leaderboard.toml").write_text(
        'title = "Our board"\nhow_to_submit = "Send it."\ncitation = "@misc{x}"\n', "utf-8"
    )
    lines = (inputs / "reference.jsonl").read_text("utf-8").splitlines()
    rows = [json.loads(line) | {"venue": "ICLR.cc/2024/Conference"} for line in lines]
    rows[1]["title"] = "=A paper's title"
    reference = tmp_path / "data"
    reference.mkdir()
    (reference / "reference.jsonl").write_text(
        "".join(json.dumps(row) + "\n" for row in rows), "utf-8"
    )
    humans = read_human_ratings(str(reference / "reference.jsonl"))
    return build_site(gather(tmp_path, humans, quick, rank_by="spearman"))


def test_descriptions_are_on_the_pages(site: dict[str, str]) -> None:
    index = site["index.html"]
    assert "Model &lt;b&gt;" in index
    assert "Lab, 2026-05-01, open-weights, training data to 2024-06-30" in index
    assert "<h1>Our board</h1>" in index
    assert "Send it." in index
    assert "@misc{x}" in index
    assert "Ranked by <span data-ranked-by>Spearman</span>." in index
    (close,) = [text for name, text in site.items() if name.startswith("submissions/close-")]
    assert 'href="https://example.org/x"' in close
    (far,) = [text for name, text in site.items() if name.startswith("submissions/far-")]
    assert "far.toml: expected a TOML file" in far


def test_papers_have_titles_links_and_every_model(site: dict[str, str]) -> None:
    papers = site["papers.html"]
    assert 'href="https://openreview.net/forum?id=paper-05"' in papers
    assert "=A paper&#39;s title" in papers
    rows = list(csv.reader(io.StringIO(site["data/papers.csv"])))
    assert rows[0] == [
        "paper_id", "title", "human_mean", "n_ratings", "decision", "close", "far",
    ]  # fmt: skip
    assert len(rows) == 41
    titles = {row[1] for row in rows[1:]}
    assert titles == {"", "'=A paper's title"}, "no spreadsheet takes it for a formula"


def test_the_table_can_be_downloaded(site: dict[str, str]) -> None:
    table = list(csv.DictReader(io.StringIO(site["data/leaderboard.csv"])))
    assert {row["file"] for row in table} == {"close", "far"}
    (row,) = [r for r in table if (r["file"], r["metric"]) == ("close", "spearman")]
    found = json.loads(site["data/leaderboard.json"])
    (entry,) = [entry for entry in found["entries"] if entry["file"] == "close"]
    assert entry["scores"]["metrics"]["spearman"]["value"] == float(row["value"])
    assert entry["about"]["training_cutoff"] == "2024-06-30"


def test_the_table_can_be_embedded(site: dict[str, str]) -> None:
    embedded = site["embed.html"]
    assert "<nav" not in embedded
    assert "<footer" not in embedded
    assert 'target="_top"' in embedded
    assert "data-table" in embedded


def test_another_metric_ranks_or_is_refused(inputs: Path, quick: ScoringConfig) -> None:
    humans = read_human_ratings(str(inputs / "reference.jsonl"))
    with pytest.raises(ValueError, match="rank_by: expected one of proxy_mse_n1"):
        gather(inputs / "submissions", humans, quick, rank_by="name")
    board = gather(inputs / "submissions", humans, quick, rank_by="spearman")
    ranked = [entry for entry in board.entries if entry.standing is not None]
    first = [e for e in ranked if e.standing is not None and e.standing.place == 1]
    values = [e.card.metrics["spearman"].value for e in first if e.card]
    assert values == sorted(values, reverse=True)  # type: ignore[type-var]  # no None here
