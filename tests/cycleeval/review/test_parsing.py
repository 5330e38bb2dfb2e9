"""A model's reply: what is read as a review, and what is not."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cycledata.formats.unreadable import Unreadable
from cycleeval.review.parsing import DraftReview, is_unchanged, parse_review

GOOD: dict[str, object] = {
    "summary": "s", "strengths": "a", "weaknesses": "b", "questions": "c", "soundness": 3,
    "presentation": 2, "contribution": 4, "rating": 8, "confidence": 5, "decision": "reject",
}  # fmt: skip


def _json(**change: object) -> str:
    return json.dumps({**GOOD, **change})


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(_json(), id="bare"),
        pytest.param(f"Thoughts.\n```json\n{_json()}\n```\nDone.", id="fenced"),
        pytest.param(r"Eq. {x_{i}} { \frac{1}{2}" + _json(), id="after LaTeX"),
        pytest.param(_json() + "\nAgain:\n" + _json(summary="b"), id="the same verdict twice"),
        pytest.param(f"<think>{_json(rating=3)}</think>{_json()}", id="a draft in its thinking"),
        pytest.param(_json(summary="uses {braces} and {\"rating\": 1}"), id="braces in a text"),
        pytest.param(_json(extra={"a": 1}), id="further fields"),
        pytest.param(_json(strengths=["a", "b"]), id="a list of points"),
    ],
)  # fmt: skip
def test_the_review_is_found(text: str) -> None:
    found = parse_review(text, "stop")
    assert isinstance(found, DraftReview), found
    assert (found.rating, found.soundness, found.decision) == (8, 3, "reject")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("", "found none", id="empty"),
        pytest.param(_json(rating=7), r"rating: expected one of", id="not on the scale"),
        pytest.param(_json(rating="8: accept"), "rating", id="a rating in words"),
        pytest.param(_json(rating=8.0), "rating", id="a fraction"),
        pytest.param(_json(rating=True), "rating", id="a truth value"),
        pytest.param(_json(soundness=5), "soundness", id="aspect off its scale"),
        pytest.param(_json(decision="borderline"), "decision", id="neither decision"),
        pytest.param('{"rating": 8}', "soundness", id="half the marks"),
        pytest.param(_json()[:-5], "found none", id="cut off"),
        pytest.param(_json().replace("8,", "NaN,"), "found none", id="NaN"),
        pytest.param(
            _json(rating=3) + "\nOn reflection:\n" + _json(), "ratings 3, 8", id="two verdicts"
        ),
        pytest.param(
            _json().replace("{", '{"rating": 10, ', 1), "'rating' repeated", id="a rating twice"
        ),
        pytest.param(f"<think>{_json()}", "found none", id="thinking without an end"),
        pytest.param("[" * 100_000, "found none", id="deep nesting"),
        pytest.param('{"a":' * 50_000, "found none", id="deep objects"),
        pytest.param("x" * 400_001, "at most 400000", id="endless"),
    ],
)
def test_nothing_else_is_a_review(text: str, reason: str) -> None:
    found = parse_review(text, "stop")
    assert isinstance(found, Unreadable)
    assert reason in f"{found.where}: {found.why}"


def test_a_reply_that_was_cut_off_is_none_even_if_it_parses() -> None:
    assert isinstance(parse_review(_json(), "length"), Unreadable)


@pytest.mark.parametrize("text", ["UNCHANGED", " unchanged.\n", "**UNCHANGED**", "`Unchanged`"])
def test_a_reflection_may_change_nothing(text: str) -> None:
    assert is_unchanged(text)
    assert not is_unchanged(f"{text} but for the rating")


@given(st.text(alphabet='{}[]"rating:8, \n', max_size=200))
@settings(max_examples=100, deadline=None)
def test_no_text_crashes_the_parser(text: str) -> None:
    assert isinstance(parse_review(text, "stop"), Unreadable)
