"""`cycleeval check`: what a leaderboard would not read is named before it is sent."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cycleeval.cli import app

REFERENCE: list[dict[str, object]] = [
    {"paper_id": f"p{i}", "ratings": [4, 6], "decision": "accept"} for i in range(3)
]
GOOD: list[dict[str, object]] = [{"paper_id": f"p{i}", "ratings": [5]} for i in range(3)]


def checked(
    folder: Path, lines: list[dict[str, object]], about: str | None = None
) -> tuple[int, dict[str, object]]:
    (folder / "ref.jsonl").write_text("".join(json.dumps(r) + "\n" for r in REFERENCE), "utf-8")
    (folder / "mine.jsonl").write_text("".join(json.dumps(r) + "\n" for r in lines), "utf-8")
    if about is not None:
        (folder / "mine.toml").write_text(about, "utf-8")
    words = ["check", str(folder / "mine.jsonl"), str(folder / "ref.jsonl"), "--json"]
    ran = CliRunner().invoke(app, words)
    found: dict[str, object] = json.loads(ran.stdout)
    return ran.exit_code, found


def test_a_whole_submission_is_valid(tmp_path: Path) -> None:
    code, found = checked(tmp_path, GOOD, 'name = "Mine"\ndate = 2026-01-01\n')
    assert code == 0
    assert found["valid"] is True
    assert found["n_readable"] == 3
    assert found["problems"] == found["remarks"] == []


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ({"paper_id": "p0", "ratings": [11]}, "out-of-scale"),
        ({"paper_id": "zzz", "ratings": [5]}, "unknown-paper"),
        ({"paper_id": "p1", "ratings": [5]}, "duplicate-paper"),
        ({"paper_id": "p0", "ratings": []}, "no-ratings"),
    ],
)
def test_an_invalid_line_is_named(tmp_path: Path, line: dict[str, object], rule: str) -> None:
    code, found = checked(tmp_path, [*GOOD[1:], line])
    assert code == 1
    assert rule in str(found["problems"])


def test_missing_papers_are_allowed_and_named(tmp_path: Path) -> None:
    code, found = checked(tmp_path, GOOD[:2])
    assert code == 0
    assert "without a prediction: 1 paper, such as p2" in str(found["remarks"])


def test_an_invalid_description_is_a_problem(tmp_path: Path) -> None:
    code, found = checked(tmp_path, GOOD, "nmae = 'typo'\n")
    assert code == 1
    assert "mine.toml: nmae" in str(found["problems"])


def test_at_most_ten_unknown_fields_are_listed(tmp_path: Path) -> None:
    extra = {f"field {number}": 1 for number in range(12)}
    code, found = checked(tmp_path, [*GOOD[1:], {**GOOD[0], **extra, "": 1}])
    assert code == 0
    remarks = found["remarks"]
    assert isinstance(remarks, list)
    assert remarks[0] == "unknown field without a name, ignored in 1 line"
    assert remarks[10:] == ["and 3 more unknown fields"]
