"""Ratings that no reviewer gave: of chairs, models, statistics of ratings, cut cells."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from cycledata.snapshot.open import OpenSnapshot
from cycledata.sources.dumps import ImportReport
from cycledata.sources.import_ratings import import_ratings


def rated(
    folder: Path, name: str, content: object
) -> tuple[ImportReport, dict[str, Mapping[str, Any]]]:
    (folder / name).write_text(content if isinstance(content, str) else json.dumps(content))
    with OpenSnapshot(folder / "snapshot") as snapshot:
        report = import_ratings([folder / name], snapshot, venue="ICLR.cc/2024/Conference")
        found = {r.key.rpartition("/")[2]: json.loads(r.payload) for r in snapshot.iter("ratings")}
    return report, found


@pytest.mark.parametrize(
    ("ratings", "culprit"),
    [
        ({"Reviewer_ab12": 6, "Area_Chair_x1": 5}, "'Area_Chair_x1' is not a reviewer"),
        ({"R1": 6, "gpt-4o": 8}, "'gpt-4o' is not a reviewer"),
        ({"mean": 6.3, "std": 1.2}, "'mean' is not a reviewer"),
        ({"soundness": 3, "overall": 6}, "'soundness' is not a reviewer"),
        ({"initial": 5, "final": 6}, "'initial' is not a reviewer"),
        ({"3": 2, "5": 1, "8": 1}, "'3', '5', ... may be ratings with their counts"),
        ({"R1": {"rating": 6}}, "found {'R1'"),
    ],
)
def test_a_mapping_with_other_names_than_reviewers_is_not_read(
    tmp_path: Path, ratings: Mapping[str, object], culprit: str
) -> None:
    report, found = rated(tmp_path, "t.json", [{"id": "a", "title": "T", "ratings": ratings}])
    assert found["a"]["ratings"] is None
    assert "a mapping from reviewer to rating; " + culprit in report.unreadable[0].reason


@pytest.mark.parametrize(
    "names",
    [("Reviewer_ac12", "Reviewer_gG4t"), ("0", "1"), ("1", "2"), ("R1", "R2"), ("~A_B1", "C")],
)
def test_a_mapping_from_reviewers_is_read(tmp_path: Path, names: tuple[str, str]) -> None:
    ratings = dict(zip(names, (6, 8), strict=True))
    report, found = rated(tmp_path, "t.json", [{"id": "a", "ratings": ratings}])
    assert found["a"]["ratings"] == [6, 8]
    assert report.unreadable == ()


@pytest.mark.parametrize(
    "review",
    [
        {"reviewer": "Area Chair"},
        {"signatures": ["X/Submission1/Area_Chair_ab"]},
        {"type": "meta_review"},
        {"model": "gpt-4"},
        {"generated_by": "some model"},
        {"reviewer": {"value": "Claude 3"}},
    ],
)
@pytest.mark.parametrize("column", ["reviews", "official_reviews"])
def test_a_review_of_no_reviewer_is_named(
    tmp_path: Path, column: str, review: Mapping[str, object]
) -> None:
    reviews = [{"rating": 6, "reviewer": "R1"}, {"rating": 9, **review}]
    report, found = rated(tmp_path, "t.json", [{"id": "a", column: reviews}])
    assert found["a"]["ratings"] == [6]
    assert report.unreadable[0].reason.endswith("is not a reviewer; the rating is not imported")


def test_reviews_that_say_human_are_read(tmp_path: Path) -> None:
    reviews = [{"rating": 6, "generated_by": "human"}, {"rating": 7, "model": None}]
    report, found = rated(tmp_path, "t.json", [{"id": "a", "reviews": reviews}])
    assert (found["a"]["ratings"], report.unreadable) == ([6, 7], ())


def test_a_row_of_a_review_of_no_reviewer_is_named(tmp_path: Path) -> None:
    text = (
        "paper_id,reviewer,review_type,rating\na,R1,official,6\na,R2,official,8\n"
        "a,gpt-4o,official,9\na,Area_Chair_1,official,7\na,R4,meta,5\n"
    )
    report, found = rated(tmp_path, "t.csv", text)
    assert found["a"]["rating"] == [6, 8]
    assert [entry.place for entry in report.unreadable] == ["line 4", "line 5", "line 6"]


def test_a_row_with_cells_that_the_api_cut_is_named(tmp_path: Path) -> None:
    rows = [
        {"row_idx": 0, "row": {"id": "a", "ratings": [6, 8]}, "truncated_cells": []},
        {"row_idx": 1, "row": {"id": "b", "ratings": [6]}, "truncated_cells": ["ratings"]},
    ]
    report, found = rated(tmp_path, "t.json", {"features": [], "rows": rows})
    assert [*found] == ["a"]
    assert report.unreadable[0].reason.startswith("the API cut the cells ['ratings']")


def test_the_place_of_a_row_by_paper_id_names_the_paper(tmp_path: Path) -> None:
    value = {"Ab-3_x9Q": {"ratings": "six"}, "Cd-3_x9Q": {"ratings": [6, 8]}}
    report, _ = rated(tmp_path, "t.json", value)
    assert report.unreadable[0].place == "value 1, Ab-3_x9Q, column ratings"


def test_an_id_with_half_a_character_is_named(tmp_path: Path) -> None:
    text = '[{"id": "a", "ratings": [6, 8]}, {"id": "\\ud800", "ratings": [5, 3]}]'
    report, found = rated(tmp_path, "t.json", text)
    assert [*found] == ["a"]
    assert report.unreadable[0].reason == "expected an id and a file name of printable text"


def test_marks_of_a_chair_in_a_mapping_of_reviewers_are_named(tmp_path: Path) -> None:
    reviewers = {"Reviewer_a": {"rating": "5;6"}, "Area_Chair_b": {"rating": "7;7"}}
    report, found = rated(tmp_path, "t.json", [{"id": "a", "reviewers": reviewers}])
    assert (found["a"]["rating_initial"], found["a"]["rating_final"]) == ([5], [6])
    assert report.unreadable[0].reason == (
        "Area_Chair_b is not a reviewer; the rating is not imported"
    )
