import datetime as dt
import json
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from cycledata.errors import ParseError
from cycledata.formats.rating_scales import ICLR_RATING
from cycledata.parse.openreview import ParsedForum
from cycledata.parse.ratings import (
    RatingsRow,
    TableRatings,
    complete_from_row,
    parse_ratings_row,
)
from cycledata.records import Decision, Review, Submission


def row(**columns: Any) -> RatingsRow:
    return parse_ratings_row(json.dumps({"paper_id": "p1", **columns}).encode())


@pytest.mark.parametrize(
    ("columns", "decision"),
    [
        pytest.param({}, None, id="no column"),
        pytest.param(
            {"decision": "Accept (poster)", "status": "x"},
            Decision(kind="accept", text="Accept (poster)"),
            id="decision before status",
        ),
        pytest.param(
            {"decision": "", "status": "Reject or late withdrawal"},
            Decision(kind="reject", text="Reject or late withdrawal"),
            id="not accepted",
        ),
        pytest.param(
            {"decision": "", "status": "Withdrawn by 2023-12-14"},
            Decision(kind="withdrawn", text="Withdrawn by 2023-12-14"),
            id="withdrawn",
        ),
        pytest.param(
            {"decision": "", "status": "Absent from review dumps (reason unknown)"},
            None,
            id="unknown to the table",
        ),
        pytest.param(
            {"status": "Withdraw"}, Decision(kind="withdrawn", text="Withdraw"), id="2022"
        ),
        pytest.param(
            {"status": "Desk Reject"}, Decision(kind="reject", text="Desk Reject"), id="desk"
        ),
        pytest.param({"status": "Poster"}, Decision(kind="accept", text="Poster"), id="poster"),
        pytest.param({"status": "Top-5%"}, Decision(kind="accept", text="Top-5%"), id="top"),
    ],
)
def test_a_decision_is_the_tables_word_for_it(
    columns: dict[str, Any], decision: Decision | None
) -> None:
    assert row(**columns).decision == decision


def test_ratings_are_dated_by_their_columns_and_the_undated_come_last() -> None:
    found = row(rating=[8], rating_20231214=[5, 10], rating_20231111="3; 5", rating_raw="1;2")
    assert found.states == (
        TableRatings(column="rating_20231111", date=dt.date(2023, 11, 11), ratings=(3, 5)),
        TableRatings(column="rating_20231214", date=dt.date(2023, 12, 14), ratings=(5, 10)),
        TableRatings(column="rating", ratings=(8,)),
    )


def test_aspects_and_names_beside_the_ratings_are_read_where_there_are_as_many() -> None:
    found = row(
        rating_20231127=[5, 6.5],
        confidence_20231127=[4, None],
        soundness_20231127=[3],
        reviewer_20231127=["Reviewer_aBcD", "Reviewer_Zy9x"],
        presentation_20231111=[1, 1],
        rating_initial="3;5",
        rating_final="3;6",
        reviewers_final="aBcD;Zy9x",
    )
    assert found.states == (
        TableRatings(column="rating_initial", phase="initial", ratings=(3, 5)),
        TableRatings(
            column="rating_20231127",
            date=dt.date(2023, 11, 27),
            ratings=(5, 6.5),
            aspects={"confidence": (4, None)},
            reviewers=("Reviewer_aBcD", "Reviewer_Zy9x"),
        ),
        TableRatings(
            column="rating_final", phase="final", ratings=(3, 6), reviewers=("aBcD", "Zy9x")
        ),
    )


def test_texts_are_cleaned_and_empty_ones_are_unknown() -> None:
    found = row(title=" On &amp; off ", abstract="", rating=[])
    assert (found.title, found.abstract, found.states) == ("On & off", None, ())


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (b"{", "bad-json: expected the JSON of a table's row"),
        (b"[]", "bad-row: expected an object, found list"),
        (b'{"title": "t"}', "bad-row: expected a paper_id, found 1 other columns"),
        (b'{"id": "p1", "status": "Maybe"}', "unknown-status: expected accept"),
        (b'{"id": "p1", "rating": ["10"]}', "bad-ratings: rating: expected numbers"),
        (b'{"id": "p1", "rating": "5;x"}', "bad-ratings: rating: expected numbers"),
        (b'{"id": "p1", "rating": true}', "bad-ratings: rating: expected numbers"),
        (b'{"id": "p1", "rating_20231340": [5]}', "bad-ratings: .*rating_20231340"),
    ],
)
def test_a_row_that_would_need_a_guess_raises(payload: bytes, message: str) -> None:
    with pytest.raises(ParseError, match=message) as error:
        parse_ratings_row(payload)
    # Reasons are published, and consent may withhold the values.
    assert not any(word in str(error.value) for word in ("Maybe", "5.5", "10", "5;x", "True"))


def forum(*ratings: int | None, **known: Any) -> ParsedForum:
    marks = dict.fromkeys(("soundness", "presentation", "contribution", "confidence"))
    texts = dict.fromkeys(("summary", "strengths", "weaknesses", "questions"), "x")
    unknown = dict.fromkeys(("title", "abstract", "authors", "keywords", "license", "submitted"))
    submission = Submission(
        paper_id="p1",
        venue="ICLR.cc/2024/Conference",
        year=2024,
        rating_scale=ICLR_RATING,
        reviews=tuple(
            Review.model_validate({"reviewer": f"R{i}", "rating": rating, **marks, **texts})
            for i, rating in enumerate(ratings, 1)
        ),
        review_license=None,
        public=True,
        meta_review=None,
        **{**unknown, "decision": None, **known},
    )
    return ParsedForum(submission, (), n_notes=len(ratings), numbers={})


def test_a_row_fills_what_the_notes_leave_open() -> None:
    filled = complete_from_row(forum(5, 6), row(title="T", abstract="A", status="Reject"))
    assert filled.submission.title == "T"
    assert filled.submission.abstract == "A"
    assert filled.submission.decision == Decision(kind="reject", text="Reject")
    assert (filled.dropped, filled.n_notes) == ((), 2)


def test_a_row_never_overrides_a_note() -> None:
    known = {"title": "N", "abstract": "N", "decision": Decision(kind="accept", text="Accept")}
    filled = complete_from_row(forum(5, **known), row(title="T", abstract="A", status="Reject"))
    assert {name: getattr(filled.submission, name) for name in known} == known


@pytest.mark.parametrize(
    ("columns", "detail"),
    [
        pytest.param({"rating": [6, 5]}, None, id="same, in another order"),
        pytest.param({"rating": []}, None, id="none in the table"),
        pytest.param({"rating_20231127": [1], "rating_20231214": [5, 6]}, None, id="last the same"),
        pytest.param(
            {"rating_20231127": [5, 6], "rating_20231214": [8, 6]},
            "the ratings of the table (2023-12-14) differ from those of the notes, which are used",
            id="last differ",
        ),
        pytest.param(
            {"rating": [5]},
            "the ratings of the table (last known) differ from those of the notes, which are used",
            id="undated differ",
        ),
    ],
)
def test_ratings_that_differ_are_set_aside_with_a_row(
    columns: dict[str, Any], detail: str | None
) -> None:
    filled = complete_from_row(forum(5, 6, None), row(**columns))
    assert [review.rating for review in filled.submission.reviews] == [5, 6, None]
    assert [(r.rule, r.stage, r.detail) for r in filled.dropped] == (
        [] if detail is None else [("table-ratings-set-aside", "notes", detail)]
    )


def test_another_papers_row_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="expected the row of p1, found p2"):
        complete_from_row(forum(5), parse_ratings_row(b'{"paper_id": "p2"}'))


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("name", "kinds", "n_dates"),
    [
        (
            "iclr2024_ratings.parquet",
            {"accept": 1096, "reject": 1829, "withdrawn": 650, None: 44},
            {0: 70, 2: 21, 4: 3528},
        ),
        (
            "iclr2023_ratings.parquet",
            {"accept": 782, "reject": 1182, "withdrawn": 527},
            {0: 17, 1: 2474},
        ),
        (
            "iclr2022_ratings.parquet",
            {"accept": 557, "reject": 802, "withdrawn": 349},
            {0: 22, 1: 1686},
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_row_of_the_real_tables_is_read(
    shared_data: Path, name: str, kinds: dict[str | None, int], n_dates: dict[int, int]
) -> None:
    table = pl.read_parquet(shared_data / "ratings" / name)
    rows = [parse_ratings_row(json.dumps(r).encode()) for r in table.iter_rows(named=True)]
    assert Counter(r.decision.kind if r.decision else None for r in rows) == kinds
    assert Counter(len(r.states) for r in rows) == n_dates
