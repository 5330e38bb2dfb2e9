from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from cycledata.formats.rating_scales import ICLR_RATING
from cycledata.records import Decision, Dropped, Review, Submission
from cycledata.stages import filters
from cycledata.stages.core import Stage, run_stages
from cycledata.stages.filters import is_blank, is_test_title


def review(number: int = 1, rating: int | None = 6, **texts: str) -> Review:
    marks = dict.fromkeys(("soundness", "presentation", "contribution", "confidence"))
    blank = dict.fromkeys(("summary", "strengths", "weaknesses", "questions"), "")
    fields = {"reviewer": f"R{number}", "rating": rating, **marks, **blank, **texts}
    return Review.model_validate(fields)


def submission(*reviews: Review, **changes: Any) -> Submission:
    fields: dict[str, Any] = {
        "paper_id": "p1",
        "venue": "ICLR.cc/2024/Conference",
        "year": 2024,
        "title": "On bounds",
        "abstract": "We bound what was unbounded.",
        "authors": None,
        "keywords": None,
        "license": None,
        "submitted": None,
        "rating_scale": ICLR_RATING,
        "reviews": reviews,
        "review_license": None,
        "public": True,
        "meta_review": None,
        "decision": Decision(kind="reject", text="Reject"),
    }
    return Submission(**{**fields, **changes})


@pytest.mark.parametrize(
    "text",
    [
        *["", " \n", "-", "--", ".", "/", "N/A", "n/a.", "NA", "None.", "Nil", "No", "\u2028"],
        *["See above", "As above.", "See weaknesses.", 'See "Weaknesses".', "No questions."],
        *["Please see the Weaknesses section above.", "I have no questions.", "Not applicable"],
        *["(See the questions section for details)", "Please refer to the weakness part."],
        *["Don't wish to answer", "- Please refer to questions."],
    ],
)
def test_a_placeholder_is_blank(text: str) -> None:
    assert is_blank(text)


@pytest.mark.parametrize(
    "text",
    [
        "The paper is clear.",
        "Limited novelty.",
        "See [3].",
        "Why not Adam?",
        "What is $\\hat{r}$?",
        "没有",
        "See weaknesses. " * 20,
    ],
)
def test_a_text_that_says_something_is_not_blank(text: str) -> None:
    assert not is_blank(text)


@pytest.mark.parametrize(
    ("title", "is_test"),
    [
        ("Test", True),
        ("test submission 2", True),
        ("This is a test!", True),
        ("xxx", True),
        ("", True),
        ("Test-Time Adaptation", False),
        ("Proving Test Set Contamination in Black-Box Language Models", False),
        ("The Paper", False),
        ("GPT", False),
    ],
)
def test_a_title_typed_to_try_the_form_is_known(title: str, is_test: bool) -> None:
    assert is_test_title(title) is is_test


@pytest.mark.parametrize(
    ("stage", "given", "rule", "detail"),
    [
        pytest.param(
            filters.drop_test_submissions,
            submission(title="Test"),
            "test-submission",
            "typed to try the form",
            id="test",
        ),
        pytest.param(
            partial(filters.require_reviews, at_least=2),
            submission(),
            "no-reviews",
            "at least 2 reviews, found 0",
            id="no reviews",
        ),
        pytest.param(
            partial(filters.require_reviews, at_least=2),
            submission(review()),
            "too-few-reviews",
            "at least 2 reviews, found 1",
            id="one review",
        ),
        pytest.param(
            partial(filters.require_ratings, at_least=2),
            submission(review(1), review(2, None)),
            "too-few-ratings",
            "at least 2 ratings, found 1",
            id="unrated",
        ),
        pytest.param(
            filters.require_decision,
            submission(decision=None),
            "no-decision",
            "found neither",
            id="undecided",
        ),
        pytest.param(
            filters.require_title_and_abstract,
            submission(title=None),
            "no-title",
            "found none",
            id="untitled",
        ),
        pytest.param(
            filters.require_title_and_abstract,
            submission(abstract="N/A"),
            "no-abstract",
            "found a placeholder",
            id="blank abstract",
        ),
        pytest.param(
            filters.require_review_texts,
            submission(
                review(1, summary="Good."),
                review(2, summary="-", strengths="See above", questions="Why not Adam?"),
            ),
            "blank-review",
            "no text from R2",
            id="blank review",
        ),
    ],
)
def test_each_rule_drops_with_its_name_and_finding(
    stage: Stage[Submission], given: Submission, rule: str, detail: str
) -> None:
    result = stage(given)
    assert isinstance(result, Dropped)
    assert (result.paper_id, result.rule, result.stage) == ("p1", rule, "filter")
    assert detail in result.detail


ALL: tuple[Stage[Submission], ...] = (
    filters.drop_test_submissions,
    partial(filters.require_reviews, at_least=2),
    partial(filters.require_ratings, at_least=2),
    filters.require_decision,
    filters.require_title_and_abstract,
    filters.require_review_texts,
)


@pytest.mark.parametrize(
    "said",
    [review(summary="S is new."), review(strengths="Neat."), review(weaknesses="Slow.")],
    ids=["summary", "strengths", "weaknesses"],
)
def test_a_sound_submission_passes_unchanged(said: Review) -> None:
    given = submission(said, said)
    assert run_stages(given, ALL) is given


def test_an_unknown_title_is_no_test_submission() -> None:
    given = submission(title=None)
    assert filters.drop_test_submissions(given) is given


def test_the_first_rule_that_drops_is_the_one_reported() -> None:
    result = run_stages(submission(title="Test"), ALL)
    assert isinstance(result, Dropped)
    assert result.rule == "test-submission"


@pytest.mark.shared_data
def test_among_real_titles_only_the_typed_ones_are_tests(shared_data: Path) -> None:
    tables = sorted((shared_data / "ratings").glob("iclr*_ratings.parquet"))
    titles = [title for t in tables for title in pl.read_parquet(t, columns=["title"])["title"]]
    assert len(titles) == 7818
    assert sorted(filter(is_test_title, titles)) == ["Test", "xxx"]
