"""Tables of ratings and of accepted papers in the layouts that public repositories have."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from cycledata.errors import ParseError
from cycledata.parse.ratings import RatingsRow, parse_ratings_row
from cycledata.snapshot.open import OpenSnapshot
from cycledata.sources.dumps import ImportReport
from cycledata.sources.import_ratings import import_ratings

VENUE = "ICLR.cc/2024/Conference"
URL = "https://openreview.net/forum?id="


def ratings(
    folder: Path, name: str, text: str, **options: Any
) -> tuple[ImportReport, dict[str, RatingsRow]]:
    (folder / name).write_text(text)
    with OpenSnapshot(folder / "snapshot") as snapshot:
        report = import_ratings([folder / name], snapshot, venue=VENUE, **options)
        rows = [parse_ratings_row(reply.payload) for reply in snapshot.iter("ratings")]
    return report, {row.paper_id: row for row in rows}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param("t.tsv", "\t0\t1\nAb-3_x9Q\t5.0\t6.0\n", id="index-without-a-name"),
        pytest.param("t.csv", f"Title,Link,0,1\nT,{URL}Ab-3_x9Q&noteId=z,5,6\n", id="link"),
        pytest.param(
            "t.csv", f"id,title,site,0,1\n17,T,{URL}Ab-3_x9Q,5,6\n", id="site-beside-a-row-number"
        ),
        pytest.param(
            "t.json",
            '[{"title":"T","pdf":"https://openreview.net/pdf?id=Ab-3_x9Q","0":5,"1":6}]',
            id="pdf",
        ),
        pytest.param("t.csv", "PID,0,1\nAb-3_x9Q,5,6\n", id="pid"),
    ],
)
def test_the_paper_is_found_where_a_table_names_it(tmp_path: Path, name: str, text: str) -> None:
    report, found = ratings(tmp_path, name, text, rating_columns=["0", "1"])
    assert found["Ab-3_x9Q"].states[-1].ratings == (5, 6)
    assert (report.n_added, report.n_unreadable) == (1, 0)
    assert not {"link", "site", "pdf"} & {*report.columns_not_read}


def test_the_number_of_a_row_is_no_paper_id(tmp_path: Path) -> None:
    report, found = ratings(tmp_path, "t.csv", ",title,rating\n0,T,5;6;8\n1,U,3;5\n")
    assert not found
    assert "no paper_id, forum or id; found the columns column 1, title" in (
        report.unreadable[0].reason
    )


def test_a_table_without_any_rating_says_so(tmp_path: Path) -> None:
    report, _ = ratings(tmp_path, "t.csv", "id,title\na,T\n")
    assert report.hint == "no ratings were read; no column is left that may have them"


def test_a_file_that_is_no_table_gets_no_advice_on_ratings(tmp_path: Path) -> None:
    report, _ = ratings(tmp_path, "t.csv", "<html><body>404</body></html>")
    assert (report.n_unreadable, report.hint) == (1, "")


def test_an_empty_id_is_named_as_one(tmp_path: Path) -> None:
    report, found = ratings(tmp_path, "t.csv", "id,rating\n,5;6;8\nb,3;5\n")
    assert [*found] == ["b"]
    assert report.unreadable[0].reason == "id is empty"


def test_numbered_columns_are_asked_about_with_the_options_to_pass(tmp_path: Path) -> None:
    text = "paper_id,10,2,mean,decision\na,5,6,5.5,Accept\n"
    report, found = ratings(tmp_path, "t.csv", text)
    assert found["a"].states == ()
    assert "if columns 2 to 10 have those of one review each, pass --rating-column 2" in report.hint
    assert report.hint.endswith("--rating-column 10")


@pytest.mark.parametrize(
    ("columns", "cells", "decision"),
    [
        ("accepted", "True", "Accept"),
        ("accepted", "0", "Reject"),
        ("is_accepted,withdrawn", "no,yes", "Withdrawn"),
        ("withdraw,decision", "1,", "Withdrawn"),
        ("withdraw,decision", "0,Accept (Oral)", "Accept (Oral)"),
        ("accepted,decision", "1.0,Unknown", "Accept"),
        ("decisions", "Reject", "Reject"),
        ("final_decision", "Accept", "Accept"),
        ("status", "Under review", None),
        ("decision", "N/A", None),
        ("withdraw", "0", None),
    ],
)
def test_a_decision_is_read_from_words_or_from_true_and_false(
    tmp_path: Path, columns: str, cells: str, decision: str | None
) -> None:
    report, found = ratings(tmp_path, "t.csv", f"paper_id,rating,{columns}\na,5;6;8,{cells}\n")
    stated = found["a"].decision
    assert (stated.text if stated else None, report.n_unreadable) == (decision, 0)
    assert report.columns_not_read == ()


@pytest.mark.parametrize(
    "cell", ["[5 6 8]", "[5. 6. 8.]", '"array([5, 6, 8])"', "5|6|8", "[ 5\t6 8 ]", "5 | 6 | 8"]
)
def test_lists_are_read_as_numpy_and_spreadsheets_write_them(tmp_path: Path, cell: str) -> None:
    report, found = ratings(tmp_path, "t.csv", f"paper_id,rating,confidence\na,{cell},{cell}\n")
    (state,) = found["a"].states
    assert (state.ratings, state.aspects["confidence"]) == ((5, 6, 8), (5, 6, 8))
    assert report.n_unreadable == 0


@pytest.mark.parametrize("cell", ["5 6 8", "5 / 6 / 8", "[5 to 8]", "array([5, x])"])
def test_what_is_no_list_of_numbers_is_named(tmp_path: Path, cell: str) -> None:
    report, found = ratings(tmp_path, "t.csv", f'paper_id,rating,title\na,"{cell}",T\n')
    assert found["a"].states == ()
    assert f"expected numbers such as 5;6;8, found '{cell}'" in report.unreadable[0].reason


def test_pairs_with_a_bar_are_asked_about(tmp_path: Path) -> None:
    with pytest.raises(ParseError, match="--pairs reviewers or --pairs states"):
        ratings(tmp_path, "t.csv", "paper_id,rating\na,5|6\n")


RATED = [{"rating": "6: weak", "confidence": 4}, {"rating": 8, "confidence": "3: fair"}]


@pytest.mark.parametrize(
    "row",
    [
        pytest.param({"reviewer_comments": RATED}, id="another-name"),
        pytest.param({"reviews": {"R1": RATED[0], "R2": RATED[1]}}, id="mapping-of-reviewers"),
        pytest.param({"reviews": [{"final_score": review} for review in RATED]}, id="final-score"),
    ],
)
def test_reviews_are_found_in_lists_and_mappings(tmp_path: Path, row: Mapping[str, Any]) -> None:
    report, found = ratings(tmp_path, "t.json", json.dumps([{"paper_id": "a", **row}]))
    (state,) = found["a"].states
    assert (state.ratings, state.aspects["confidence"]) == ((6, 8), (4, 3))
    assert (report.columns_not_read, report.n_unreadable) == ((), 0)


def test_two_lists_of_reviews_are_not_guessed_between(tmp_path: Path) -> None:
    row = {"paper_id": "a", "title": "T", "human_reviews": RATED, "other_reviews": RATED[:1]}
    report, found = ratings(tmp_path, "t.json", json.dumps([row]))
    assert found["a"].states == ()
    assert report.columns_not_read == ("human_reviews", "other_reviews")
    assert report.hint


def test_initial_and_final_scores_of_a_review_are_two_states(tmp_path: Path) -> None:
    reviews = [
        {"initial_score": {"rating": "5: below"}, "final_score": {"rating": "6: above"}},
        {"initial_score": {"rating": "8"}, "final_score": {"rating": "8"}},
    ]
    text = json.dumps([{"paper_id": "a", "reviews": reviews}])
    _, found = ratings(tmp_path, "t.json", text)
    assert {state.phase: state.ratings for state in found["a"].states} == {
        "initial": (5, 8),
        None: (6, 8),
        "final": (6, 8),
    }


def test_columns_that_are_named_after_the_paper_are_read(tmp_path: Path) -> None:
    text = "paper_id,paper_title,paper_acceptance,rating\na,T,Accept (Poster),5;6;8\n"
    report, found = ratings(tmp_path, "t.csv", text)
    assert (found["a"].title, report.columns_not_read) == ("T", ())
    assert found["a"].decision is not None


def test_a_flag_that_is_neither_true_nor_false_is_named(tmp_path: Path) -> None:
    report, found = ratings(tmp_path, "t.csv", "paper_id,rating,accepted\na,5;6;8,maybe\n")
    assert found["a"].decision is None
    assert report.unreadable[0].reason == "accepted: expected true or false, found 'maybe'"


def test_the_text_of_a_review_tells_the_rows_of_a_paper_apart(tmp_path: Path) -> None:
    text = "PID,Review,Rating\nab,Good.,8\nab,Bad.,3\ncd,So so.,5\nab,Bad.,3\n"
    report, found = ratings(tmp_path, "t.csv", text)
    assert {paper: row.states[-1].ratings for paper, row in found.items()} == {
        "ab": (3, 8),
        "cd": (5,),
    }
    assert report.n_unreadable == 0


@pytest.mark.parametrize("index", ["Accepted", "workshop", "paper_0001", "2024-ICLR", "12345678"])
def test_a_word_as_the_index_is_no_paper_id(tmp_path: Path, index: str) -> None:
    report, found = ratings(tmp_path, "t.csv", f",rating\n{index},5;6;8\nAb-3_x9Q,5;6;8\n")
    assert [*found] == ["Ab-3_x9Q"]
    assert report.unreadable[0].reason.startswith("no paper_id, forum or id; found")


@pytest.mark.parametrize("name", ["meta_reviews", "ai_reviews", "reviews_gpt4", "model_review"])
def test_reviews_that_no_reviewer_wrote_are_not_read(tmp_path: Path, name: str) -> None:
    report, found = ratings(tmp_path, "t.json", json.dumps([{"paper_id": "a", name: RATED}]))
    assert (found, report.columns_not_read) == ({}, (name,))


@pytest.mark.parametrize(
    "value",
    [
        pytest.param({"Ab-3_x9Q": {"ratings": {"R_a": 6, "R_b": 8}}}, id="reviewer-to-rating"),
        pytest.param(
            {
                "Ab-3_x9Q": [{"id": "n", "rating": "6: x"}, {"id": "m", "rating": 8}],
                "Zb-3_x9Q": [{"id": "o", "title": "A review"}],
            },
            id="paper-to-reviews",
        ),
        pytest.param(
            {"features": [{"name": "x"}], "rows": [
                {"row_idx": 0, "row": {"paper_id": "Ab-3_x9Q", "ratings": [6, 8]}}]},
            id="api-of-hugging-face",
        ),
        pytest.param(
            {"paper_id": "Ab-3_x9Q", "reviews": [
                {"overall_assessment": "6 = x", "title": "T"}, {"overall_assessment": 8}]},
            id="overall-assessment",
        ),
    ],
)  # fmt: skip
def test_mappings_and_lists_of_reviews_are_read(tmp_path: Path, value: object) -> None:
    report, found = ratings(tmp_path, "t.json", json.dumps(value))
    assert found["Ab-3_x9Q"].states[-1].ratings == (6, 8)
    assert report.n_added == 1


@pytest.mark.parametrize(
    "value",
    [
        {"reviewList": [{"rating": 6}, {"rating": 8}]},
        {"train": [{"id": "a", "rating": 6}], "test": [{"id": "b", "rating": 8}]},
        {"NeurIPS2023": [{"forum": "a", "rating": 6}, {"forum": "b", "rating": 8}], "x": []},
        {"NeurIPS2023": [{"paper_id": "Ab-3_x9Q", "rating": 6}], "NeurIPS2024": [{"rating": 8}]},
    ],
)
def test_lists_of_papers_are_not_the_reviews_of_one(tmp_path: Path, value: object) -> None:
    _, found = ratings(tmp_path, "t.json", json.dumps(value))
    assert not found.keys() & {"train", "test", "reviewList", "NeurIPS2023", "NeurIPS2024"}


@pytest.mark.parametrize("name", ["result", "response", "message", "hits"])
def test_an_object_in_a_row_with_an_id_is_not_the_row(tmp_path: Path, name: str) -> None:
    row = {"id": "Ab-3_x9Q", "ratings": [6, 8], name: {"id": "Zb-3_x9Q", "ratings": [1]}}
    _, found = ratings(tmp_path, "t.jsonl", json.dumps(row))
    assert {paper: row.states[-1].ratings for paper, row in found.items()} == {"Ab-3_x9Q": (6, 8)}


def test_the_column_that_has_lists_of_numbers_is_asked_about(tmp_path: Path) -> None:
    text = 'forum,title,scores,mean\nAb-3_x9Q,T,"6, 6, 8",6.7\n'
    report, _ = ratings(tmp_path, "t.csv", text)
    assert report.hint == (
        "no ratings were read; if column scores has those of a paper, pass --rating-column scores"
    )


def test_a_list_is_not_read_in_place_of_an_empty_one(tmp_path: Path) -> None:
    row = {"paper_id": "a", "title": "T", "human_reviews": [], "other_reviews": RATED}
    report, found = ratings(tmp_path, "t.json", json.dumps([row]))
    assert found["a"].states == ()
    assert "other_reviews" in report.columns_not_read


def test_words_with_a_bar_are_one_rating(tmp_path: Path) -> None:
    text = "paper_id,rating,soundness\na,8: accept | good,3: good | fair\nb,6: weak | x,2\n"
    report, found = ratings(tmp_path, "t.csv", text)
    assert {paper: row.states[-1].ratings for paper, row in found.items()} == {"a": (8,), "b": (6,)}
    assert found["a"].states[-1].aspects == {"soundness": (3,)}
    assert report.n_unreadable == 0


@pytest.mark.parametrize("cell", ["5|6|8", "[5 6 8]"])
def test_lists_in_equal_rows_are_not_rows_per_review(tmp_path: Path, cell: str) -> None:
    report, found = ratings(tmp_path, "t.csv", f"paper_id,rating\na,{cell}\na,{cell}\n")
    assert found["a"].states[-1].ratings == (5, 6, 8)
    assert (report.n_same, report.n_unreadable) == (1, 0)


@pytest.mark.parametrize(
    ("initial", "final", "last"),
    [
        ({"value": 5}, {"value": 6}, 6),
        ("5: below; weak", "6: above; good", 6),
        (5, None, 5),
        (None, 6, 6),
    ],
)
def test_the_last_known_score_of_a_review_counts(
    tmp_path: Path, initial: object, final: object, last: int
) -> None:
    review = {"initial_score": {"rating": initial}, "final_score": {"rating": final}}
    report, found = ratings(
        tmp_path, "t.json", json.dumps([{"paper_id": "a", "reviews": [review]}])
    )
    assert found["a"].states[-1].ratings == (last,)
    assert report.n_unreadable == 0


def test_an_accepted_paper_that_was_withdrawn_has_no_decision(tmp_path: Path) -> None:
    text = "paper_id,rating,decision,withdrawn\na,5;6;8,Accept,1\nb,5;6;8,Reject,1\n"
    report, found = ratings(tmp_path, "t.csv", text)
    assert found["a"].decision is None
    assert found["b"].decision is not None
    assert [entry.reason for entry in report.unreadable] == [
        "decision is 'Accept', but the paper was withdrawn"
    ]
