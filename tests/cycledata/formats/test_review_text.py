import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from cycledata.formats.rating_scales import ICLR_RATING, SCALES
from cycledata.formats.review_blocks import MAX_REVIEWERS
from cycledata.formats.review_messages import paper_as_text, review_messages
from cycledata.formats.review_text import (
    ReviewText,
    parse_reviews,
    render_reviews,
)
from cycledata.formats.unreadable import Unreadable
from cycledata.records import (
    Decision,
    MetaReview,
    PaperText,
    RatingScale,
    Review,
    Section,
    Submission,
)


def review(number: int = 1, rating: int | None = 6, **fields: Any) -> Review:
    blank = dict.fromkeys(("summary", "strengths", "weaknesses", "questions"), "")
    marks = dict.fromkeys(("soundness", "presentation", "contribution", "confidence"))
    return Review(**{"reviewer": f"R{number}", "rating": rating, **blank, **marks, **fields})


def reviews(*given_: Review, decision: Decision | None = None) -> ReviewText:
    return ReviewText(reviews=given_, meta_review=None, decision=decision)


def read(text: str) -> ReviewText:
    result = parse_reviews(text)
    assert isinstance(result, ReviewText), result
    return result


def refused(text: str) -> Unreadable:
    result = parse_reviews(text)
    assert isinstance(result, Unreadable), result
    return result


RENDERED = """\
## Reviewer

### Summary

A new optimiser.

### Soundness

2 fair

### Presentation

3 good

### Contribution

1 poor

### Strengths

Simple.

### Weaknesses

No baseline.

### Questions

Why not Adam?

### Flag For Ethics Review

No ethics review needed.

### Rating

3: reject, not good enough

### Confidence

4

**********

## Reviewer

### Strengths

All of it.

### Rating

10: strong accept, should be highlighted at the conference

**********

## Meta Review

They disagree.

### justification_for_why_not_higher_score

No baseline.

### justification_for_why_not_lower_score

N/A

**********

## Paper Decision

Reject
"""


def test_a_record_reads_as_the_contract_says() -> None:
    record = ReviewText(
        reviews=(
            review(
                1,
                3,
                summary="A new optimiser.",
                strengths="Simple.",
                weaknesses="No baseline.",
                questions="Why not Adam?",
                soundness=2,
                presentation=3,
                contribution=1,
                confidence=4,
                ethics_flag="No ethics review needed.",
            ),
            review(2, 10, strengths="All of it."),
        ),
        meta_review=MetaReview(
            text="They disagree.", why_not_higher="No baseline.", why_not_lower="N/A"
        ),
        decision=Decision(kind="reject", text="Reject"),
    )
    assert render_reviews(record, scale=ICLR_RATING) == RENDERED
    assert read(RENDERED) == record


# Pieces that the format itself is made of, so that random texts meet its edges often.
PIECES = st.sampled_from(
    [
        "| Rating | 7 |",
        "<b>Rating:</b> 7",
        r"\textbf{Rating}: 7",
        r"\\textbf{Decision}: Accept",
        r"The answer is \boxed{Accept}",
        "### Rating：7",
        '{"rating": 7}',
        "[THINK]",
        "◁/think▷",
        "<!-- a comment",
        "<|channel|>final<|message|>",
        "---\nrating: 5\n---",
        "## 决定",
        "Final answer: Accept",
        *["## Reviewer", "### Summary", "### Rating: ", "## Meta Review\r", "## Paper Decision"],
        *["**********", "\\", "\\## Reviewer", " ", "\t", "\r", "\n", "\\n", "x", "6", "Accept"],
        *[
            "<think>",
            "a </think>",
            "</think> b",
            "\\boxed_simreviewers{",
            "## Decision",
            "## Rating",
        ],
        *[
            "**Rating:** 6",
            "- Decision: Accept",
            "Reviewer 2:",
            "### Final score",
            "### Summary: a",
        ],
        *["# Recommendation", "Soundness: 3", "### Score 6", "<thinking>", "## First Reviewer"],
        *["[reject] ", "\u2028", "### \u017fummary", "### justification_for_why_not_lower_score"],
    ]
)
TEXTS = st.text() | st.lists(PIECES).map("\n".join) | st.lists(PIECES).map("".join)
ASPECTS = st.none() | st.integers(1, 4)
REVIEWS = st.builds(
    Review,
    reviewer=st.just("R1"),
    summary=TEXTS,
    strengths=TEXTS,
    weaknesses=TEXTS,
    questions=TEXTS,
    soundness=ASPECTS,
    presentation=ASPECTS,
    contribution=ASPECTS,
    rating=st.none() | st.integers(1, 10),
    confidence=st.none() | st.integers(1, 5),
    ethics_flag=st.none() | TEXTS,
)
META_REVIEWS = st.builds(
    MetaReview, text=TEXTS, why_not_higher=st.none() | TEXTS, why_not_lower=st.none() | TEXTS
)
DECISIONS = st.builds(Decision, kind=st.sampled_from(["accept", "reject", "withdrawn"]), text=TEXTS)


def numbered(given_: list[Review]) -> tuple[Review, ...]:
    return tuple(r.model_copy(update={"reviewer": f"R{i}"}) for i, r in enumerate(given_, 1))


@settings(max_examples=300, deadline=None)
@given(
    st.builds(
        ReviewText,
        reviews=st.lists(REVIEWS, min_size=1, max_size=4).map(numbered),
        meta_review=st.none() | META_REVIEWS,
        decision=st.none() | DECISIONS,
    ),
    st.sampled_from([known.scale for known in SCALES.values()]),
)
def test_what_is_rendered_reads_back(record: ReviewText, scale: RatingScale) -> None:
    assert parse_reviews(render_reviews(record, scale=scale)) == record


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_any_text_is_read_or_refused(text: str) -> None:
    result = parse_reviews(text)
    if isinstance(result, ReviewText):
        assert parse_reviews(render_reviews(result, scale=ICLR_RATING)) == result


def test_aspects_and_confidence_of_another_form_read_back() -> None:
    text = "## Reviewer\n\n### Soundness\n\n4.5/5\n\n### Confidence\n\n50\n\n### Rating\n\n3\n"
    assert isinstance(parse_reviews(text), Unreadable)
    found = parse_reviews(text, limits={"soundness": (1, 5), "confidence": (0, 100)})
    assert isinstance(found, ReviewText)
    (review,) = found.reviews
    assert (review.soundness, review.confidence, review.rating) == (4.5, 50, 3)


def test_a_text_without_the_formats_lines_is_rendered_as_it_is() -> None:
    text = "# Strengths\n\n- *clear*\n\n### Minor points\n\\alpha is undefined\n***\n## Reviewers"
    assert text in render_reviews(reviews(review(summary=text)), scale=ICLR_RATING)


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        pytest.param("a\n## Reviewer\nb", "a\n\\## Reviewer\nb", id="block heading"),
        pytest.param("### Rating", "\\### Rating", id="field heading"),
        pytest.param("\\### Rating", "\\\\### Rating", id="escaped heading"),
        pytest.param("a\n**********", "a\n\\**********", id="separator"),
        pytest.param(" a", "\\ a", id="white space before"),
        pytest.param("a\n", "a\n\\", id="white space after"),
    ],
)
def test_escapes_are_one_backslash(text: str, rendered: str) -> None:
    expected = f"### Summary\n\n{rendered}\n\n### Rating"
    assert expected in render_reviews(reviews(review(summary=text)), scale=ICLR_RATING)


@pytest.mark.parametrize(
    ("decision", "line"),
    [
        (Decision(kind="accept", text="Accept (poster)"), "Accept (poster)"),
        (Decision(kind="withdrawn", text="ICLR 2024 Conference Withdrawn Submission"), None),
        (Decision(kind="reject", text="Submitted to ICLR 2024"), "[reject] Submitted to ICLR 2024"),
        (Decision(kind="reject", text="Accept"), "[reject] Accept"),
        (Decision(kind="accept", text="Accept\nwith honours"), "Accept\\nwith honours"),
        (Decision(kind="accept", text=""), "[accept] \\"),
    ],
)
def test_a_decision_is_one_line_that_tells_its_kind(decision: Decision, line: str | None) -> None:
    text = render_reviews(reviews(review(), decision=decision), scale=ICLR_RATING)
    line = line if line is not None else f"[{decision.kind}] {decision.text}"
    assert text.endswith(f"## Paper Decision\n\n{line}\n")
    assert read(text).decision == decision


def test_reviewers_are_numbered_in_order() -> None:
    with pytest.raises(ValidationError, match=r"reviewers must be \['R1', 'R2'\]"):
        reviews(review(2), review(1))


FIVE = "".join(f"## Reviewer\n\n### Rating\n\n{r}\n\n**********\n\n" for r in (1, 3, 5, 6, 8))


@pytest.mark.parametrize(
    ("text", "ratings", "decision"),
    [
        pytest.param("## Reviewer\n### Rating\n10: strong accept", [10], None, id="ten is ten"),
        pytest.param("## Reviewer\n### Rating\n5: Borderline: solid", [5], None, id="two colons"),
        pytest.param(
            "## Reviewer\n### Rating\n3\n## Paper Decision\nReject (not acceptable as it is)",
            [3],
            "reject",
            id="reject that mentions acceptance",
        ),
        pytest.param(
            "## Reviewer\n### Summary\na\n**********\n## Reviewer\n### Rating\n6",
            [None, 6],
            None,
            id="missing rating",
        ),
        pytest.param(
            "## Reviewer\n### Rating\n\n### Confidence\n4", [None], None, id="empty rating"
        ),
        pytest.param(FIVE + "## Paper Decision\nAccept", [1, 3, 5, 6, 8], "accept", id="five"),
        pytest.param(
            "## Reviewer\n### Rating\n3\n**********\n\n**********\n**********\n\n"
            "## Reviewer\n### Rating\n5\n********************\n## Paper Decision\n"
            "**********\nReject\n**********",
            [3, 5],
            "reject",
            id="doubled separators",
        ),
        pytest.param(
            "## Reviewer\n### Rating\n3\n## Reviewer\n### Rating\n5",
            [3, 5],
            None,
            id="no separators",
        ),
        pytest.param(
            "## Reviewer\n### Rating\n3\n## Paper Decision\n\nReject\n" + "Reject\n" * 1000,
            [3],
            "reject",
            id="decision repeated",
        ),
        pytest.param(
            ("## Reviewer\n### Rating\n3\n## Paper Decision\n\nReject\n\n") * 200,
            [3],
            "reject",
            id="everything repeated after the decision",
        ),
        pytest.param(
            ("## Reviewer\n### Rating\n3\n## Meta Review\nNo.\n\n") * 200,
            [3],
            None,
            id="everything repeated after the meta-review",
        ),
        pytest.param(
            "## Reviewer\n### Rating\n3\n## Paper Decision\n\nReject (poster) **********\n\n"
            "**********\n\n## Paper Decision Summary\n\nNo.\n\n## Paper Decision\n\nReject",
            [3],
            "reject",
            id="blocks of its own after the decision",
        ),
        pytest.param(
            "## Paper Decision\nAccept\n## Reviewer\n### Rating\n6",
            [6],
            "accept",
            id="decision first",
        ),
        pytest.param(
            "### Summary\nS\n### Rating\n3\n*****\n## Reviewer\n### Summary\nS\n### Rating\n8",
            [3, 8],
            None,
            id="first heading missing",
        ),
        pytest.param(
            "### Summary\nS\n### Rating\n3\n*****\n### Summary\nS\n### Rating\n8",
            [3, 8],
            None,
            id="separators in place of headings",
        ),
        pytest.param(
            "<think>\n## Reviewer\n### Rating\n3\n</think>\n## Reviewer\n### Rating\n8",
            [8],
            None,
            id="draft",
        ),
        pytest.param(
            "## Reviewer\n### Rating\n3\n</think>\n\n## Reviewer\n### Rating\n8",
            [8],
            None,
            id="draft that the chat template opened",
        ),
        *(
            pytest.param(f"## Reviewer\n### Rating\n5\n{words}", [5], "accept", id=words)
            for words in (
                "## Decision\nAccept",
                "## Decision:\n\nAccept",
                "## Decision: Accept",
                "### Decision\nAccept (poster)",
                "# Final Decision\nAccept",
                "## **Paper Decision**\nAccept",
                "**Final Decision:** Accept",
                "**Decision: Accept**",
                "Paper Decision: Accept",
                "- Decision: **Accept**",
                "## Final Recommendation\nAccept",
                "## Verdict\nAccept",
            )
        ),
        *(
            pytest.param(f"## Reviewer\n### Summary\nS\n{words}", [6], None, id=words)
            for words in (
                "### **Rating**\n\n6",
                "### Rating: 6",
                "### Rating 6",
                "### Rating (1-10)\n6",
                "### Overall Rating\n6: weak accept",
                "### Overall Score: 6/10",
                "### Score\n6",
                "### Recommendation\n6: marginally above",
                "**Rating:** 6",
                "**Rating**: 6",
                "**Rating: 6**",
                "* **Overall Rating:** 6/10",
                "Rating: 6",
            )
        ),
        pytest.param(
            "## Summary\nA.\n## Rating\n5: below\n*****\n## Reviewer\n## Summary\nB.\n## Rating\n6",
            [5, 6],
            None,
            id="level two",
        ),
        *(
            pytest.param(f"{one}\n### Rating\n3\n{two}\n### Rating\n8", [3, 8], None, id=one)
            for one, two in (
                ("**Reviewer 1**", "**Reviewer 2**"),
                ("# Reviewer 1: theory", "# Reviewer 2: practice"),
                ("### Reviewer #1", "### Reviewer #2"),
                ("## Review 1", "## Review 2"),
                ("## Reviewer A", "## Reviewer B"),
                ("## Reviewer One", "## Reviewer Two"),
                ("## Reviewer_1", "## Reviewer_2"),
                ("## First Reviewer", "## Second Reviewer"),
                ("## Anonymous Reviewer 1", "## Anonymous Reviewer 2"),
            )
        ),
        pytest.param(
            "Here are the reviews.\n\n## reviewer 1:\n### rating\n**6: weak**\n",
            [6],
            None,
            id="preamble, number, colon, case and bold",
        ),
    ],
)
def test_known_malformations_are_read(
    text: str, ratings: list[int | None], decision: str | None
) -> None:
    result = read(text)
    assert [r.rating for r in result.reviews] == ratings
    assert (result.decision and result.decision.kind) == decision


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a\n### Minor points\nb", id="heading of its own"),
        pytest.param("a\n## Strengths\nb", id="known title, other level"),
        pytest.param("a\n### Weaknesses of the proof\nb", id="longer heading"),
        pytest.param("a\n### justification_for_why_not_higher_score\nb", id="another block's"),
        pytest.param("a\n\n**********\n\nb", id="separator within a section"),
    ],
)
def test_headings_inside_a_text_stay_in_it(text: str) -> None:
    result = read(f"## Reviewer\n\n### Summary\n\n{text}\n\n### Rating\n\n6\n")
    assert result.reviews == (review(1, 6, summary=text),)


@pytest.mark.parametrize(
    ("text", "where", "why"),
    [
        ("", "whole text", "found none"),
        ("I cannot review this paper.", "whole text", "found none"),
        ("<think>\n## Reviewer\n### Rating\n6", "whole text", "ends inside <think>"),
        ("## Reviewer\n### Rating\n3\n### Rating\n8", "reviewer 1", "'Rating' once"),
        ("## Reviewer\n### Summary\na\n### Summary\nb", "reviewer 1", "'Summary' once"),
        ("## Reviewer\n### Summary\nRating: 10\n### Rating\n3", "reviewer 1", "'Rating' once"),
        ("## Reviewer\n### Rating\n4 out of 5", "reviewer 1, ### Rating", "found '4 out of 5'"),
        ("## Reviewer\n### Rating\n4/5", "reviewer 1, ### Rating", "found '4/5'"),
        ("## Reviewer\n### Rating\n3\n## Decision\nAccept/Reject", "## Paper Decision", "found"),
        (
            "## Reviewer\n### Rating\n3\n## Decision\nReject\n## Decision\nAccept",
            "## Paper Decision",
            "expected one decision",
        ),
        (
            "## Reviewer\n### Rating\n3\n## Decision\nReject\n\nAccept",
            "## Paper Decision",
            "expected one decision",
        ),
        (
            "## Reviewer\n### Rating\n3\n## Decision\nReject\n## Reviewer\n### Rating\n8",
            "## Reviewer",
            "a reviewer after the decision",
        ),
        (
            "## Reviewer\n### Rating\n3\n### Overall score and confidence\n8",
            "###",
            "not understood",
        ),
        ("## Reviewer\n### Summary\na\n## Rating\n8", "reviewer 1", "expected fields under ###"),
        ("## Meta Review\n### Rating\n8", "### Rating", "outside of a review"),
        (
            "## Reviewer\n### Rating\n3\n## Reviewer\n### Rating\nstrong accept",
            "reviewer 2, ### Rating",
            "from 0 to 10, found 'strong accept'",
        ),
        ("## Reviewer\n### Rating\n5-6", "reviewer 1, ### Rating", "found '5-6'"),
        ("## Reviewer\n### Rating\n11", "reviewer 1, ### Rating", "found '11'"),
        ("## Reviewer\n### Soundness\n5", "reviewer 1, ### Soundness", "from 1 to 4"),
        ("## Reviewer\n## Paper Decision\nMaybe", "## Paper Decision", "found 'Maybe'"),
        ("## Reviewer\n### Rating\n3\n" * 200, "## Reviewer", f"more than {MAX_REVIEWERS}"),
        ("## Reviewer\n### Rating\n6 -> 8", "reviewer 1, ### Rating", "found '6 -> 8'"),
        ("## Reviewer\n### Rating\n6, raised to 8", "reviewer 1, ### Rating", "raised to 8"),
        ("## Reviewer\n### Rating\n4 (on a scale of 1-5)", "reviewer 1, ### Rating", "1-5"),
        ("## Reviewer\n### Rating\n4 stars out of 5", "reviewer 1, ### Rating", "out of 5"),
        ("## Reviewer\n### Rating\n6\n8", "reviewer 1, ### Rating", "found 6 and 8"),
        ("## Reviewer\n### Rating\n6: weak\n\nFinal: 8", "reviewer 1, ### Rating", "6 and 8"),
        ("## Reviewer\n### Rating\n6\n## Outcome\nAccept", "Accept", "a decision outside"),
        ("## Reviewer\n### Rating\n6\n\n\\boxed{Accept}", "\\boxed{Accept", "a decision outside"),
        ("## Reviewer\n### Rating\n6\n\n**Average rating: 3**", "**Average", "not understood"),
        (
            "# Draft\n## Reviewer\n### Rating\n3\n# Final review\n## Reviewer\n### Rating\n8",
            "# Final review",
            "begins the reviews again",
        ),
        (
            "## Reviewer\n### Rating\n3\n## Decision\nAccept if revised, otherwise reject",
            "## Paper Decision",
            "expected words that state one",
        ),
        (
            "## Reviewer\n### Rating\n3\n## Decision\n~~Accept~~ Reject",
            "## Paper Decision",
            "expected words that state one",
        ),
    ],
)
def test_what_would_need_a_guess_is_refused(text: str, where: str, why: str) -> None:
    result = refused(text)
    assert result.where.startswith(where)
    assert why in result.why


@pytest.mark.parametrize(
    "draft",
    [
        "<scratchpad>\n## Reviewer\n### Rating\n3\n</scratchpad>\n",
        "<think>a <think>b</think>\n## Reviewer\n### Rating\n3\n</think>\n",
    ],
    ids=["scratchpad", "nested"],
)
def test_other_drafts_are_removed(draft: str) -> None:
    found = parse_reviews(draft + "## Reviewer\n### Rating\n8: accept (1-10 scale)\n\n1. Clear.")
    assert isinstance(found, ReviewText)
    assert [review.rating for review in found.reviews] == [8]


@pytest.mark.parametrize("where", ["", "## Paper Decision\n\nAccept\n"], ids=["review", "decision"])
@pytest.mark.parametrize(
    "unit",
    [
        *["Accept\n", "\n", "*****\n", "*", "## Reviewer\n", "### Rating\n", "\\", " ", "#"],
        *[
            "## Reviewer" + " " * 99,
            "### Summary\n\nGood.\n\n",
            "## Paper Decision\n",
            "*****\n\nx",
        ],
    ],
    ids=repr,
)
def test_a_megabyte_of_repetition_is_read_at_once(unit: str, where: str) -> None:
    text = "## Reviewer\n\n### Rating\n\n6\n\n" + where + unit * (1_000_000 // len(unit))
    start = time.process_time()
    parse_reviews(text)
    # A linear reader takes 0.1 to 0.5 s of CPU; one that is not linear takes minutes.
    assert time.process_time() - start < 5


def submission(*given_: Review) -> Submission:
    return Submission(
        paper_id="p1",
        venue="ICLR.cc/2024/Conference",
        year=2024,
        title="T",
        abstract="A",
        authors=None,
        keywords=None,
        license="CC BY 4.0",
        submitted=None,
        rating_scale=ICLR_RATING,
        reviews=given_,
        review_license="CC BY 4.0",
        public=True,
        meta_review=None,
        decision=Decision(kind="reject", text="Reject"),
    )


PAPER = PaperText(
    file="p.tar.gz",
    main_file="main.tex",
    title="On Bounds",
    abstract="We bound.",
    sections=(
        Section(level=1, title="", text="Opening."),
        Section(level=1, title="Introduction", text=""),
        Section(level=2, title="Setting", text="Let $x$ be."),
    ),
    cited_keys=(),
    bibliography=(),
    figures=(),
    leaks=(),
    warnings=(),
    text_source="arxiv-latex",
    text_version="t/1",
)


def test_messages_are_an_instruction_a_paper_and_its_reviews() -> None:
    chat = review_messages(submission(review(1, 3), review(2, 8)), PAPER)
    assert [message.role for message in chat] == ["system", "user", "assistant"]
    assert "Write 2 independent reviews" in chat[0].content
    assert "one of 1, 3, 5, 6, 8, 10; 6 is the lowest" in chat[0].content
    assert chat[1].content == paper_as_text(PAPER)
    answer = read(chat[2].content)
    assert [r.rating for r in answer.reviews] == [3, 8]
    assert answer.decision == Decision(kind="reject", text="Reject")


def test_the_instruction_names_every_heading_of_the_answer() -> None:
    instruction = review_messages(submission(review()), PAPER)[0].content
    headings = [line for line in RENDERED.split("\n") if line.startswith("#")]
    missing = [h for h in headings if h not in instruction and "justification" not in h]
    assert missing == []


def test_a_paper_without_reviews_has_no_messages() -> None:
    with pytest.raises(ValueError, match="at least 1 item"):
        review_messages(submission(), PAPER)


def test_a_paper_is_one_markdown_text() -> None:
    assert paper_as_text(PAPER) == (
        "# On Bounds\n\n## Abstract\n\nWe bound.\n\nOpening.\n\n## Introduction\n\n"
        "### Setting\n\nLet $x$ be.\n"
    )
