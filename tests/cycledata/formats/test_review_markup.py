"""Ratings and decisions in tables, HTML, LaTeX, other characters and drafts of several shapes."""

import pytest

from cycledata.formats.rating_scales import decision_kind, read_number
from cycledata.formats.review_text import ReviewText, parse_reviews
from cycledata.formats.unreadable import Unreadable
from cycleeval.predictions import Prediction, prediction_of_text

HEAD = "## Reviewer\n\n### Summary\n\nA summary.\n\n"
SIX = f"{HEAD}### Rating\n\n6\n"
THREE = f"{HEAD}### Rating\n\n3\n"

READ = {
    "row": "| Rating | 7 |",
    "rows with a header": "| Aspect | Score |\n| --- | --- |\n| Soundness | 3 |\n| Rating | 7 |",
    "bold cells": "| **Rating** | **7/10** |",
    "cells without edges": "Rating | 7",
    "bold of HTML": "<b>Rating:</b> 7",
    "item of HTML": "<li><strong>Rating</strong>: 7</li>",
    "element": "<rating>7</rating>",
    "heading of HTML": "<h3>Rating</h3>\n7",
    "bold of LaTeX": r"\textbf{Rating}: 7",
    "item of LaTeX": r"\item \textbf{Rating: 7}",
    "section of LaTeX": "\\subsection*{Rating}\n7",
    "wide colon": "**Rating**：7",
    "wide digit": "### Rating\n\n７：accept",
    "no-break space": "###\u00a0Rating\n\n\u00a07",
    "no width": "### Ra\u200bting\n\n\ufeff7",
    "numbered": "3. Rating: 7",
    "symbol": "### ⭐ Rating\n\n7",
    "its own scale": "### Rating (1-10)\n\n7",
    "boxed": "### Rating\n\n\\boxed{7}",
    "formula": "### Rating\n\n$7$",
    "quoted": '### Rating\n\n"7"',
    "end of a sentence": "Overall rating: 7 out of 10.",
    "scale in brackets": "Rating (scale of 1 to 10): 7",
    "after the rebuttal": "Rating after the rebuttal: 7",
    "when in front": "**Post-rebuttal score:** 7/10",
}


@pytest.mark.parametrize("text", READ.values(), ids=READ.keys())
def test_a_rating_in_known_markup_is_read(text: str) -> None:
    found = prediction_of_text(f"{HEAD}{text}\n")
    assert isinstance(found, Prediction), found
    assert found.ratings == (7,)


DECISIONS = {
    "row": "| Decision | Accept |",
    "element": "<decision>Accept</decision>",
    "LaTeX": r"\textbf{Decision}: Accept",
    "wide colon": "## Paper Decision：Accept",
    "mine": "My decision: Accept",
    "whose": "Program Chair Decision: **Accept**",
    "choices in brackets": "Final Decision (Accept/Reject): Accept",
}


@pytest.mark.parametrize("text", DECISIONS.values(), ids=DECISIONS.keys())
def test_a_decision_in_known_markup_is_read(text: str) -> None:
    found = prediction_of_text(f"{SIX}\n{text}\n")
    assert isinstance(found, Prediction), found
    assert found.decision == "accept"


REFUSED = {
    "several ratings in a row": (
        f"{HEAD}| Soundness | Rating |\n|---|---|\n| 3 | 7 |",
        "understood",
    ),
    "reviewers in rows": (f"{SIX}\n| Reviewer | Rating |\n|---|---|\n| R1 | 5 |", "understood"),
    "row and heading": (f"{SIX}\n| Rating | 5 |", "'Rating' once"),
    "JSON": ('{"rating": 7, "decision": "accept"}', "understood"),
    "JSON behind a review": (f'{SIX}\n{{"rating": 9}}', "understood"),
    "another language": (f"{HEAD}### 评分\n\n7", "understood"),
    "front matter": (f"---\nrating: 5\n---\n{SIX}", "front matter"),
    "cut reviewer": (f"{SIX}\n**********\n\n## Review", "inside of a heading"),
    "cut decision": (f"{SIX}\n**********\n\n## Paper Dec", "inside of a heading"),
    "changed in a sentence": (f"{SIX}\nI lower my score to 5.", "found 6 and 5"),
    "changed by an edit": (f"{SIX}\nEDIT: 5", "found 6 and 5"),
    "decision in a sentence": (f"{SIX}\nThe final decision is to reject it.", "outside of"),
    "decision behind a word": (f"{SIX}\nFinal answer: Accept", "outside of"),
    "decision in front": (f"Accept\n\n{SIX}", "outside of"),
    "decision in a box": (f"{SIX}\nThe answer is $\\boxed{{Accept}}$.", "outside of"),
    "decision denied": (f"{SIX}\n## Decision\n\nAccept.\n\nWe decided not to accept.", "alone"),
    "thinking in a fence": (f"```thinking\n{THREE}```\n{SIX}", "understood"),
    "thinking under a heading": (f"# Thinking\n{THREE}\n# Answer\n{SIX}", "begins the reviews"),
    "rating in prose": (f"{HEAD}My rating is 7.", "looks like a rating or a decision"),
    "another scale in the title": (f"{HEAD}### Rating (1-5)\n\n4", "one on '1-5'"),
    "boxed text": (f"{SIX}\n\\boxed{{\\text{{Accept}}}}", "outside of"),
    "boxes to check": (f"{SIX}\n- Accept: [ ]\n- Reject: [x]", "outside of"),
    "checked box": (f"{SIX}\n## Decision\n\n- [ ] Accept\n- [x] Reject", "words that state one"),
    "answer": (f"{SIX}\n<answer>Accept</answer>", "outside of"),
    "wide heading": (f"{HEAD}＃＃＃ Rating\n\n7", "looks like one"),
    "score": (f"{HEAD}Score: 7", "looks like a rating or a decision"),
    "two states": (f"{HEAD}Initial Rating: 4\nRating after rebuttal: 7", "'Rating' once"),
    "rating of another": (f"{SIX}\nReviewer 2 rating: 8", "understood"),
    "numbered ratings": (f"{SIX}\nRating #2: 8", "understood"),
    "reviewer and number": (f"{SIX}\nR2: 8", "understood"),
    "rating without a colon": (f"{SIX}\n**Rating** 8", "understood"),
    "decision on the line": (f"{HEAD}Rating: 6; Decision: Reject", "one field per line"),
    "carriage returns": (f"{HEAD}Rating: 6\rDecision: Reject\r", "one field per line"),
    "decision with a dash": (f"{SIX}\nDecision — Reject", "looks like a decision"),
    "decision without a colon": (f"{SIX}\n**Decision** Reject", "looks like a decision"),
    "underlined decision": (f"{SIX}\n__Decision__: Reject", "looks like a decision"),
    "vote": (f"{SIX}\nVote: weak reject", "looks like a decision"),
    "choices": (f"{SIX}\nAccept/Reject: Reject", "looks like a decision"),
    "yes or no": (f"{SIX}\nShould this paper be accepted? No", "looks like a decision"),
    "no heading": ("Reviewer 1: 6\nReviewer 2: 4", "looks like a rating"),
}


@pytest.mark.parametrize(("text", "why"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_not_understood_is_refused_with_the_reason(text: str, why: str) -> None:
    found = prediction_of_text(text)
    assert isinstance(found, Unreadable), found
    assert why in found.why
    assert not found.is_silent


@pytest.mark.parametrize("line", ["Vote: weak reject", "Accepted: no", "Decision tree: accept 5"])
def test_a_label_beside_a_decision_is_text(line: str) -> None:
    found = prediction_of_text(f"{SIX}\n{line}\n\n## Paper Decision\n\nReject")
    assert isinstance(found, Prediction), found
    assert (found.ratings, found.decision) == ((6,), "reject")


TAGS = {
    "brackets": ("[THINK]", "[/THINK]"),
    "triangles": ("◁think▷", "◁/think▷"),
    "bars": ("<|think|>", "<|/think|>"),
    "prefix": ("<seed:think>", "</seed:think>"),
    "spaces": ("< think >", "</ think >"),
    "attribute": ('<think time="3">', "</think>"),
    "thought": ("<|begin_of_thought|>", "<|end_of_thought|>"),
    "analysis": ("<analysis>", "</analysis>"),
    "comment": ("<!--", "-->"),
    "wide brackets": ("＜think＞", "＜/think＞"),
    "entities": ("&lt;think&gt;", "&lt;/think&gt;"),
    "longer name": ("<reasoning_content>", "</reasoning_content>"),
    "monologue": ("<inner_monologue>", "</inner_monologue>"),
    "channel": (
        "<|channel|>analysis<|message|>",
        "<|end|><|start|>assistant<|channel|>final<|message|>",
    ),
}


@pytest.mark.parametrize(("opened", "closed"), TAGS.values(), ids=TAGS.keys())
def test_a_draft_is_no_reviewer(opened: str, closed: str) -> None:
    found = prediction_of_text(f"{opened}\n{THREE}\n{closed}\n{SIX}")
    assert isinstance(found, Prediction), found
    assert list(found.ratings) == [6]
    left_open = prediction_of_text(f"{opened}\n{THREE}")
    assert isinstance(left_open, Unreadable)
    assert "the text ends inside" in left_open.why


def test_nothing_behind_a_draft_is_said() -> None:
    found = parse_reviews(f"<think>{SIX}</think>")
    assert found == Unreadable("whole text", "expected reviews behind the draft, found nothing")


@pytest.mark.parametrize("text", ["Fine.", f"{HEAD}### Strengths\n\nClear."])
def test_a_text_without_any_rating_is_silent(text: str) -> None:
    found = prediction_of_text(text)
    assert isinstance(found, Unreadable)
    assert found.is_silent


def test_headings_and_tables_of_a_review_stay_text() -> None:
    table = "| Model | Accuracy |\n|---|---|\n| ours | 7 |\n\n<b>Minor:</b> typos.\n\n1. Figure 2."
    found = parse_reviews(f"{HEAD}{table}\n\n### Rating\n\n6\n")
    assert isinstance(found, ReviewText)
    assert table in found.reviews[0].summary


OPEN = (
    "Accept if the code is released",
    "Accept, provided that Table 2 is corrected",
    "Accept unless the reviewers object",
    "Accept (maybe)",
    "Accept (subject to changes)",
    "Accept with probability 0.6",
    "Accept: no",
    "Reject: false",
    "Accept. Actually, reject.",
    "Accept is not recommended",
    "Reject isn't warranted",
)


@pytest.mark.parametrize("words", OPEN)
def test_a_condition_or_a_denial_is_no_decision(words: str) -> None:
    assert decision_kind(words) is None


@pytest.mark.parametrize(
    "words",
    ["Accept (top 5%)", "Accept with minor revisions", "Accept: not the strongest", "Accept."],
)
def test_other_words_behind_a_decision_do_not_change_it(words: str) -> None:
    assert decision_kind(words) == "accept"


@pytest.mark.parametrize(
    "words",
    [
        "7, 8",
        "7 and 8",
        "7; 8",
        "7 | 8",
        "7 8",
        "7 1/2",
        "1. 7",
        "7 (now 5)",
        "8, final 6",
        "5 -- 8",
        "7 [8]",
    ],
)
def test_several_numbers_are_no_rating(words: str) -> None:
    assert read_number(words) is None
