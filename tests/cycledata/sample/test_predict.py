"""The demo's two submissions: committed as their rule gives them, broken where they say so."""

import json
from pathlib import Path

from cycledata.formats.review_text import ReviewText, parse_reviews
from cycledata.sample import SUBMISSIONS
from cycledata.sample.predict import write_submissions


def _rows(name: str) -> list[dict[str, object]]:
    text = (SUBMISSIONS / f"{name}.jsonl").read_text("utf-8")
    return [json.loads(line) for line in text.split("\n") if line]


def test_committed_submissions_are_what_their_rules_give(tmp_path: Path) -> None:
    write_submissions(tmp_path / "again")
    for path in SUBMISSIONS.iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes(), path.name


def test_each_submission_covers_every_paper_once() -> None:
    expected = [f"SAMPLE5k{number:02d}" for number in (*range(1, 17), 25, 28)]
    for name in ("numbers-in-abstract", "invented-reviewer-text"):
        assert [row["paper_id"] for row in _rows(name)] == expected


def test_plausible_submission_has_four_ratings_and_a_decision() -> None:
    for row in _rows("numbers-in-abstract"):
        assert isinstance(row["ratings"], list)
        assert len(row["ratings"]) == 4
        assert row["decision"] in ("accept", "reject")


def test_every_third_text_is_broken_and_two_of_five_ways_stay_readable() -> None:
    rated = {}
    for row in _rows("invented-reviewer-text"):
        read = parse_reviews(str(row["text"]))
        ratings = [r.rating for r in read.reviews] if isinstance(read, ReviewText) else [None]
        rated[str(row["paper_id"])[-2:]] = len(ratings) == 4 and None not in ratings
    assert [paper for paper, whole in rated.items() if not whole] == ["03", "06", "15", "28"]
