import datetime as dt
import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cycledata.parse.openreview import FORMS, ParsedForum, find_form, parse_forum
from cycledata.parse.openreview.calendar import CALENDARS
from cycledata.parse.openreview.versions import ReviewVersion, review_versions
from cycledata.parse.ratings import TableRatings
from cycledata.stages.rating_history import (
    ForumDates,
    ObservedRating,
    ratings_in_state,
    table_order,
    table_states,
    version_states,
    vote_on_order,
)

VENUE = "ICLR.cc/2024/Conference"
CALENDAR = CALENDARS[VENUE]
RELEASED, LATER, DURING, AFTER = (
    dt.date(2023, 11, 10),
    dt.date(2023, 11, 15),
    dt.date(2023, 11, 27),
    dt.date(2024, 1, 20),
)
UNKNOWN = ForumDates(None, None, None, decided=False)


def milliseconds(day: dt.date) -> int:
    return int(dt.datetime.combine(day, dt.time(12), dt.UTC).timestamp() * 1000)


def note(
    name: str, rating: int, *, created: dt.date, modified: dt.date, number: int = 1
) -> dict[str, Any]:
    return {
        "id": name,
        "forum": "p1",
        "signatures": [f"{VENUE}/Submission7/Reviewer_{name}"],
        "readers": ["everyone"],
        "invitations": [f"{VENUE}/Submission7/-/Official_Review"],
        "number": number,
        "tcdate": milliseconds(created),
        "tmdate": milliseconds(modified),
        "content": {"summary": {"value": "S"}, "rating": {"value": rating}},
    }


def reviews(*notes: dict[str, Any]) -> tuple[tuple[ReviewVersion, ...], ...]:
    forum = parse_forum(json.dumps({"forum": "p1", "notes": notes}).encode())
    form = find_form(VENUE, FORMS)
    assert isinstance(forum, ParsedForum)
    assert form is not None
    return review_versions(forum, form, {})[0]


def states(found: Sequence[ObservedRating]) -> list[tuple[str | None, Any, Any]]:
    return [(item.state, item.rating, item.observed) for item in found]


def read(day: dt.date | None = None, *, not_before: dt.date | None = None) -> ForumDates:
    return ForumDates(CALENDAR, day, not_before, decided=False)


CREATED = dt.date(2023, 10, 30)


@pytest.mark.parametrize(
    ("created", "modified", "dates", "expected"),
    [
        pytest.param(CREATED, RELEASED, read(), [("before-discussion", RELEASED)], id="released"),
        pytest.param(
            CREATED, CREATED, read(), [("initial", CREATED), ("before-discussion", CREATED)],
            id="never modified",
        ),
        pytest.param(CREATED, LATER, read(), [("during-discussion", LATER)], id="changed"),
        pytest.param(
            LATER, LATER, read(), [("initial", LATER), ("during-discussion", LATER)], id="late"
        ),
        pytest.param(
            CREATED, RELEASED, read(DURING),
            [("before-discussion", RELEASED), ("during-discussion", DURING)], id="read during",
        ),
        pytest.param(
            CREATED, RELEASED, read(AFTER), [("before-discussion", RELEASED), ("final", AFTER)],
            id="read after",
        ),
        pytest.param(
            CREATED, RELEASED, read(not_before=AFTER),
            [("before-discussion", RELEASED), ("final", AFTER)], id="not read before the end",
        ),
        pytest.param(
            CREATED, RELEASED, read(not_before=DURING), [("before-discussion", RELEASED)],
            id="a lower bound says nothing of the discussion",
        ),
        pytest.param(CREATED, LATER, UNKNOWN, [(None, LATER)], id="no calendar"),
        pytest.param(
            CREATED, LATER, ForumDates(None, AFTER, None, decided=True), [("final", AFTER)],
            id="decided",
        ),
    ],
)  # fmt: skip
def test_a_version_is_in_the_states_that_its_days_prove(
    created: dt.date, modified: dt.date, dates: ForumDates, expected: list[tuple[str, dt.date]]
) -> None:
    (versions,) = reviews(note("a", 6, created=created, modified=modified))
    found = version_states(versions, dates)
    assert states(found) == [(state, 6, day) for state, day in expected]


def test_the_last_version_before_the_discussion_is_the_one_before_it() -> None:
    versions = reviews(
        note("a", 3, created=CREATED, modified=CREATED),
        note("a", 5, created=CREATED, modified=RELEASED),
        note("a", 8, created=CREATED, modified=LATER),
    )[0]
    found = version_states(versions, read(AFTER))
    assert states(found) == [
        ("initial", 3, CREATED),
        ("before-discussion", 5, RELEASED),
        ("during-discussion", 8, LATER),
        ("final", 8, AFTER),
    ]
    assert ratings_in_state(found, "initial")["R1"].rating == 5
    assert ratings_in_state(found, "final")["R1"].rating == 8


def test_ratings_that_were_set_back_are_from_before_the_discussion() -> None:
    calendar = CALENDARS["ICLR.cc/2026/Conference"]
    dates = ForumDates(calendar, dt.date(2026, 2, 1), None, decided=True)
    day = dt.date(2025, 11, 29)
    (versions,) = reviews(note("a", 5, created=dt.date(2025, 10, 20), modified=day))
    assert states(version_states(versions, dates)) == [("before-discussion", 5, day)]
    assert calendar.state_on(dt.date(2025, 11, 20)) == "during-discussion"


TWO = (
    note("a", 3, created=CREATED, modified=RELEASED, number=1),
    note("b", 8, created=dt.date(2023, 11, 1), modified=DURING, number=2),
)
"""R1 is a, the older review; R2 is b."""


def table(*ratings: float, **more: Any) -> TableRatings:
    day = more.pop("date", dt.date(2023, 11, 11))
    return TableRatings(column="rating_x", date=day, ratings=ratings, **more)


def joined(
    given: TableRatings, *notes: dict[str, Any], dates: ForumDates | None = None, **more: Any
) -> tuple[list[tuple[str, Any]], list[str]]:
    options = {"order": "oldest-first", "offered": (1, 3, 5, 6, 8, 10), **more}
    found, rows = table_states(
        "p1", given, reviews(*(notes or TWO)), dates=dates or read(), **options
    )
    assert {row.stage for row in rows} <= {"history/table"}
    return [(item.reviewer, item.rating) for item in found], [row.rule for row in rows]


@pytest.mark.parametrize(
    ("given", "options", "matched", "rules"),
    [
        pytest.param(table(3, 5), {}, [("R1", 3), ("R2", 5)], [], id="by creation"),
        pytest.param(
            table(5, 3), {"order": "newest-first"}, [("R2", 5), ("R1", 3)], [], id="reversed"
        ),
        pytest.param(table(3, 5), {"order": None}, [], ["history-order-unknown"], id="unknown"),
        pytest.param(
            table(5, 3, reviewers=("Reviewer_b", "a")), {"order": None},
            [("R2", 5), ("R1", 3)], [], id="by name",
        ),
        pytest.param(
            table(5, 3, reviewers=("b", "c")), {}, [], ["history-unknown-reviewer"], id="unnamed"
        ),
        pytest.param(table(3), {}, [], ["history-count-differs"], id="too few"),
        pytest.param(table(3, 5, 6), {}, [], ["history-count-differs"], id="too many"),
        pytest.param(table(8, 3), {}, [], ["history-other-order"], id="another order"),
        pytest.param(table(3, 4), {}, [("R1", 3)], ["history-off-scale"], id="off the scale"),
        pytest.param(
            table(5, 5), {"dates": read(DURING)}, [("R2", 5)], ["history-contradiction"],
            id="contradicts a note that was not modified since",
        ),
        pytest.param(
            table(5, 5), {}, [("R1", 5), ("R2", 5)], [], id="not known to contradict"
        ),
        pytest.param(
            table(3, 6, phase="final"), {"dates": read(AFTER)}, [("R1", 3)],
            ["history-contradiction"], id="another final rating",
        ),
    ],
)  # fmt: skip
def test_a_table_is_joined_only_where_nothing_is_guessed(
    given: TableRatings, options: dict[str, Any], matched: Any, rules: list[str]
) -> None:
    assert joined(given, **options) == (matched, rules)


def test_a_review_written_after_the_day_of_a_table_is_not_in_it() -> None:
    late = note("c", 6, created=LATER, modified=LATER, number=3)
    assert joined(table(3, 5), *TWO, late) == ([("R1", 3), ("R3", 5)], [])
    same_day = note("c", 6, created=dt.date(2023, 11, 11), modified=LATER, number=3)
    for ratings in ((3, 5), (3, 5, 6)):
        assert joined(table(*ratings), *TWO, same_day)[1] == []


def test_aspects_and_state_come_with_the_rating() -> None:
    given = table(3, 5, aspects={"confidence": (4, None), "soundness": (1, 2)})
    found, _ = table_states(
        "p1", given, reviews(*TWO), dates=read(), order="oldest-first", offered=()
    )
    assert found[0] == ObservedRating(
        "R1", 3, 1, None, None, 4, "before-discussion", dt.date(2023, 11, 11), "table rating_x"
    )
    undated = TableRatings(column="rating_initial", phase="initial", ratings=(3, 5))
    found, _ = table_states(
        "p1", undated, reviews(*TWO), dates=UNKNOWN, order="oldest-first", offered=()
    )
    assert states(found) == [("initial", 3, None), ("initial", 5, None)]


def test_an_order_is_known_if_nearly_all_papers_that_show_one_agree() -> None:
    assert table_order({"oldest-first": 7}) is None
    assert table_order({"oldest-first": 8}) == "oldest-first"
    assert table_order({"oldest-first": 1, "newest-first": 9}) == "newest-first"
    assert table_order({"oldest-first": 2, "newest-first": 8}) is None


@given(st.lists(st.sampled_from([1, 3, 5, 6, 8]), max_size=6))
def test_only_ratings_that_are_no_palindrome_vote(ratings: list[int]) -> None:
    palindrome = ratings == ratings[::-1]
    assert vote_on_order(ratings, ratings) == (None if palindrome else "oldest-first")
    assert vote_on_order(ratings[::-1], ratings) == (None if palindrome else "newest-first")
