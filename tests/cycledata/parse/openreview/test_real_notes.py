"""The parser on raw notes that nobody here wrote."""

import csv
import json
import lzma
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from cycledata.formats.review_text import parse_reviews, render_reviews, review_text
from cycledata.parse.openreview import FORMS, ParsedForum, parse_forum
from cycledata.records import Decision, Dropped, Submission
from cycledata.stages.filters import is_blank, require_review_texts

pytestmark = pytest.mark.shared_data

ICLR_2024 = "iclr2024_reviews_v2.jsonl.xz"
ICLR_2023 = "iclr2023_reviews_v1.jsonl.xz"


@cache
def forums(path: Path) -> tuple[ParsedForum | Dropped, ...]:
    lines = lzma.decompress(path.read_bytes()).rstrip(b"\n").split(b"\n")
    return tuple(parse_forum(line) for line in lines)


def submissions(path: Path) -> list[Submission]:
    return [forum.submission for forum in forums(path) if isinstance(forum, ParsedForum)]


@pytest.mark.parametrize(
    ("name", "n_papers", "n_notes", "ratings"),
    [
        (ICLR_2024, 3549, 13_670, {1: 312, 3: 3605, 5: 3961, 6: 3906, 8: 1825, 10: 61}),
        (ICLR_2023, 1931, 7327, {1: 138, 3: 1458, 5: 1884, 6: 2416, 8: 1384, 10: 47}),
    ],
    ids=["ICLR 2024, API v2", "ICLR 2023, API v1"],
)
def test_every_note_of_the_dump_is_a_review_with_a_rating(
    shared_data: Path, name: str, n_papers: int, n_notes: int, ratings: dict[int, int]
) -> None:
    parsed = forums(shared_data / "openreview" / name)
    read = [forum for forum in parsed if isinstance(forum, ParsedForum)]
    assert len(parsed) == len(read) == n_papers
    assert sum(forum.n_notes for forum in read) == n_notes
    assert [row for forum in read for row in forum.dropped] == []
    found = Counter(review.rating for forum in read for review in forum.submission.reviews)
    assert found == ratings
    assert all(forum.submission.public for forum in read)


def test_reviews_per_paper(shared_data: Path) -> None:
    counts = Counter(len(s.reviews) for s in submissions(shared_data / "openreview" / ICLR_2024))
    assert counts == {1: 1, 2: 12, 3: 883, 4: 2311, 5: 308, 6: 30, 8: 4}


def test_v2_notes_are_licensed_and_v1_notes_are_not(shared_data: Path) -> None:
    folder = shared_data / "openreview"
    assert {s.review_license for s in submissions(folder / ICLR_2024)} == {"CC BY 4.0"}
    assert {s.review_license for s in submissions(folder / ICLR_2023)} == {None}


def test_one_reviewer_against_the_others_errs_as_published(shared_data: Path) -> None:
    """Leave one out per paper, then over papers, on the ratings of 27 November 2023."""
    papers = [
        ratings
        for s in submissions(shared_data / "openreview" / ICLR_2024)
        if len(ratings := [r.rating for r in s.reviews if r.rating is not None]) >= 2
    ]
    errors = [[r - (sum(p) - r) / (len(p) - 1) for r in p] for p in papers]
    assert len(papers) == 3548
    assert sum(sum(e * e for e in p) / len(p) for p in errors) / 3548 == pytest.approx(
        2.696, abs=5e-4
    )
    assert sum(sum(map(abs, p)) / len(p) for p in errors) / 3548 == pytest.approx(1.282, abs=5e-4)


def test_near_blank_texts_are_counted(shared_data: Path) -> None:
    """Of 13,670 reviews: one in five asks no question, hardly one has no summary."""
    fields = ("summary", "strengths", "weaknesses", "questions")
    blank = Counter(
        field
        for s in submissions(shared_data / "openreview" / ICLR_2024)
        for review in s.reviews
        for field in fields
        if is_blank(getattr(review, field))
    )
    assert blank == {"summary": 2, "strengths": 61, "weaknesses": 132, "questions": 2860}


@pytest.mark.parametrize(("name", "n_escaped"), [(ICLR_2024, 33), (ICLR_2023, 411)])
def test_every_papers_reviews_read_back_from_the_models_text(
    shared_data: Path, name: str, n_escaped: int
) -> None:
    escaped = 0
    for s in submissions(shared_data / "openreview" / name):
        given = review_text(s)
        text = render_reviews(given, scale=s.rating_scale)
        assert parse_reviews(text) == given
        for review in s.reviews:
            texts = (review.summary, review.strengths, review.weaknesses, review.questions)
            escaped += sum(part not in text for part in texts)
    assert escaped == n_escaped


@pytest.mark.parametrize(("name", "dropped"), [(ICLR_2024, {}), (ICLR_2023, {"blank-review": 5})])
def test_papers_with_a_review_that_says_nothing(
    shared_data: Path, name: str, dropped: dict[str, int]
) -> None:
    results = [require_review_texts(s) for s in submissions(shared_data / "openreview" / name)]
    assert Counter(r.rule for r in results if isinstance(r, Dropped)) == dropped


@pytest.mark.parametrize(
    ("name", "table", "columns"),
    [
        (
            ICLR_2024,
            "iclr2024_ratings.parquet",
            {
                f"{mark}_20231127": mark
                for mark in ("rating", "soundness", "presentation", "contribution", "confidence")
            },
        ),
        (
            ICLR_2023,
            "iclr2023_ratings.parquet",
            {"rating": "rating", "confidence": "confidence"},
        ),
    ],
    ids=["ICLR 2024, the same day", "ICLR 2023, final"],
)
def test_marks_agree_with_a_table_that_others_made(
    shared_data: Path, name: str, table: str, columns: dict[str, str]
) -> None:
    rows = pl.read_parquet(shared_data / "ratings" / table).rows_by_key("paper_id", named=True)
    differ = []
    for s in submissions(shared_data / "openreview" / name):
        (row,) = rows[s.paper_id]
        theirs = sorted(zip(*(row[column] for column in columns), strict=True))
        ours = sorted(tuple(getattr(r, m) for m in columns.values()) for r in s.reviews)
        if theirs != ours:
            differ.append((s.paper_id, theirs, ours))
    assert differ == []


@pytest.mark.parametrize("name", [ICLR_2024, ICLR_2023])
def test_the_form_knows_every_field_that_reviewers_filled(shared_data: Path, name: str) -> None:
    lines = lzma.decompress((shared_data / "openreview" / name).read_bytes()).rstrip(b"\n")
    fields = {
        (f"ICLR.cc/{name[4:8]}/Conference", field)
        for line in lines.split(b"\n")
        for note in json.loads(line)["notes"]
        for field in note["content"]
    }
    assert {(venue, f) for venue, f in fields if f not in FORMS[venue].names} == set()


def picked(folder: Path, paper_id: str) -> list[Any]:
    """A picked forum's notes: from its thread, where there is one, else its reviews."""
    thread = folder / "threads" / f"{paper_id}.json"
    if not thread.exists():
        reviews: list[Any] = json.loads((folder / "reviews" / f"{paper_id}.json").read_text())
        return reviews
    parts = [part for part in json.loads(thread.read_text()) if "review" in part]
    return [note for part in parts for note in (part["review"], *part["responses"])]


def categories(folder: Path) -> dict[str, list[dict[str, str]]]:
    """Rows of the index by quirk; the status is one quirk, whichever it is."""
    with (folder / "index.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    found: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        for category in {part.split(":")[0] for part in row["categories"].split(";")}:
            found.setdefault(category, []).append(row)
    return found


def parse_picked(folder: Path, paper_id: str) -> ParsedForum | Dropped:
    notes = picked(folder, paper_id)
    return parse_forum(json.dumps({"forum": paper_id, "notes": notes}).encode())


def texts_of(forum: ParsedForum | Dropped) -> list[str]:
    assert isinstance(forum, ParsedForum)
    return [
        text
        for review in forum.submission.reviews
        for text in (review.summary, review.strengths, review.weaknesses, review.questions)
    ]


def ratings_of(forum: ParsedForum | Dropped) -> list[int | float | None]:
    assert isinstance(forum, ParsedForum)
    return [review.rating for review in forum.submission.reviews]


V2_CHECKS = {
    "rating_10": lambda raw, forum: ratings_of(forum)[-1] == 10,
    "rating_1": lambda raw, forum: ratings_of(forum)[0] == 1,
    "html_entity": lambda raw, forum: (
        not any("&nbsp;" in t or "&amp;" in t for t in texts_of(forum))
    ),
    "control_char": lambda raw, forum: (
        not any(ord(c) < 32 and c not in "\n\t" for t in texts_of(forum) for c in t)
    ),
    "u2028": lambda raw, forum: any("\u2028" in t or "\u2029" in t for t in texts_of(forum)),
    "near_blank_field": lambda raw, forum: any(0 < len(t) <= 12 for t in texts_of(forum)),
    "toplevel_comment_in_review_slot": lambda raw, forum: any(
        note.kind == "Official_Comment" for note in forum.replies
    ),
    "restricted_field_no_value": lambda raw, forum: any(
        "value" not in f for n in raw for f in n["content"].values()
    ),
    "single_invitation": lambda raw, forum: any(len(n["invitations"]) == 1 for n in raw),
    "number_gap": lambda raw, forum: (
        sorted(n["number"] for n in raw if n["content"].get("rating"))
        != list(range(1, len(ratings_of(forum)) + 1))
    ),
    "no_reviews_at_all": lambda raw, forum: forum.rule == "no-usable-notes",
    "n_ge_6": lambda raw, forum: len(ratings_of(forum)) >= 6,
    "n_le_2": lambda raw, forum: len(ratings_of(forum)) <= 2,
    "ethics_flag": lambda raw, forum: any(
        "Yes," in (r.ethics_flag or "") for r in forum.submission.reviews
    ),
    "status": lambda raw, forum: len(ratings_of(forum)) > 0,
    "final_known_elsewhere": lambda raw, forum: len(ratings_of(forum)) > 0,
}
V1_CHECKS = {
    "rating_10": V2_CHECKS["rating_10"],
    "html_entity": V2_CHECKS["html_entity"],
    "n_ge_6": V2_CHECKS["n_ge_6"],
    "n_le_2": V2_CHECKS["n_le_2"],
    "status": V2_CHECKS["status"],
    "ethics": V2_CHECKS["ethics_flag"],
    "empirical_NA": lambda raw, forum: any(
        n["content"]["empirical_novelty_and_significance"] == "Not applicable" for n in raw
    ),
    "no_weakness_header": lambda raw, forum: all(
        r.strengths and not r.weaknesses for r in forum.submission.reviews
    ),
    "empty_field": lambda raw, forum: any(
        isinstance(f, str) and not f.strip() for n in raw for f in n["content"].values()
    ),
    "mdate_set": lambda raw, forum: any(n["mdate"] for n in raw),
}


@pytest.mark.parametrize(
    ("folder", "checks", "category"),
    [
        pytest.param(folder, checks, category, id=f"{folder[7:9]} {category}")
        for folder, checks in (
            ("picked_v2_iclr2024", V2_CHECKS),
            ("picked_v1_iclr2023", V1_CHECKS),
        )
        for category in checks
    ],
)
def test_forums_picked_for_their_quirks(
    shared_data: Path, folder: str, checks: dict[str, Any], category: str
) -> None:
    root = shared_data / "openreview" / folder
    index = categories(root)
    assert index.keys() == checks.keys(), "every category of the index has its check"
    for row in index[category]:
        raw = picked(root, row["paper_id"])
        forum = parse_picked(root, row["paper_id"])
        assert checks[category](raw, forum), row["paper_id"]
        if isinstance(forum, ParsedForum):
            assert forum.n_notes == len(raw)
            assert len(forum.submission.reviews) == int(row["n_review_notes"])
            assert forum.dropped == ()


def test_a_whole_forum_of_neurips_2021(shared_data: Path) -> None:
    path = shared_data / "openreview/picked_v1_neurips2021/0CDKgyYaxC8.json"
    note = json.loads(path.read_text())
    forum = parse_forum(json.dumps({"forum": "0CDKgyYaxC8", "notes": [note]}).encode())
    assert isinstance(forum, ParsedForum)
    submission = forum.submission
    assert (submission.venue, submission.year) == ("NeurIPS.cc/2021/Conference", 2021)
    assert submission.title == (
        "Evaluating Gradient Inversion Attacks and Defenses in Federated Learning"
    )
    assert submission.authors is not None
    assert submission.authors[0] == "Yangsibo Huang"
    assert submission.rating_scale is not None
    assert submission.rating_scale.accept_threshold == 6
    assert [review.rating for review in submission.reviews] == [6, 7, 7, 9]
    assert [review.confidence for review in submission.reviews] == [4, 3, 4, 4]
    assert submission.decision == Decision(kind="accept", text="Accept (Oral)")
    assert submission.meta_review is not None
    assert submission.meta_review.text.startswith("The reviewers are satisfied")
    assert forum.n_notes == 13
    assert forum.dropped == ()
    assert Counter(note.kind for note in forum.replies) == {
        "Official_Comment": 7,
        "Official_Review": 4,
        "Decision": 1,
    }
