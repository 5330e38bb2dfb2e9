"""Write two rule-based submissions for the demo.

``numbers-in-abstract`` rates a paper by how many numbers its abstract has.
``invented-reviewer-text`` imitates raw model output: four reviewers with ratings around the same
value, and every third text damaged like real model output. Neither rule reads a review.
"""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from cycledata.formats.rating_scales import ICLR_RATING
from cycledata.formats.review_lines import SEPARATOR
from cycledata.formats.review_text import ReviewText, render_reviews
from cycledata.parse.openreview import parse_forum
from cycledata.records import Decision, Dropped, MetaReview, Review, Submission
from cycledata.sample import SUBMISSIONS
from cycledata.sample.compose import sample_replies

_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_SCALE = ICLR_RATING.values
_ACCEPT_FROM = 6
"""6: "marginally above the acceptance threshold" on the form of ICLR 2024."""
_FAULTS: tuple[Callable[[str], str], ...] = (
    lambda text: text[: len(text) // 3],  # truncated by the token limit
    lambda text: re.sub(r"### Rating\n\n[^\n]+\n", "", text),  # without a rating
    lambda text: text.replace(SEPARATOR, f"{SEPARATOR}\n\n{SEPARATOR}"),  # still readable
    lambda text: text + text,  # repeated after the decision; still readable
    lambda text: re.sub(
        r"(### Rating\n\n)\d+: ", r"\1good: ", text
    ),  # a word in place of the number
)


def numbers_in_abstract(submissions: list[Submission]) -> Iterator[dict[str, object]]:
    """Yield ratings around 3 + the count of numbers in the abstract, at most 8; accept from 6."""
    for paper in submissions:
        mean = _guess(paper)
        yield {
            "paper_id": paper.paper_id,
            "ratings": [mean - 1, mean, mean, min(mean + 1, 10)],
            "decision": "accept" if mean >= _ACCEPT_FROM else "reject",
        }


def invented_reviewer_text(submissions: list[Submission]) -> Iterator[dict[str, object]]:
    """Yield texts in CycleReviewer's format, every third one damaged by the next fault."""
    for place, paper in enumerate(submissions):
        text = render_reviews(_reviews(paper), scale=ICLR_RATING)
        if place % 3 == 2:
            text = _FAULTS[place // 3 % len(_FAULTS)](text)
        yield {"paper_id": paper.paper_id, "text": text}


def write_submissions(out: Path = SUBMISSIONS) -> None:
    """Write both files, one line per paper."""
    submissions = _submissions()
    out.mkdir(exist_ok=True)
    for name, rule in (
        ("numbers-in-abstract", numbers_in_abstract),
        ("invented-reviewer-text", invented_reviewer_text),
    ):
        lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rule(submissions)]
        (out / f"{name}.jsonl").write_text("".join(lines), encoding="utf-8")


def _submissions() -> list[Submission]:
    parsed = [
        parse_forum(reply.payload)
        for reply in sample_replies()
        if reply.service == "openreview" and reply.key.startswith("forum/SAMPLE5k")
    ]
    return [forum.submission for forum in parsed if not isinstance(forum, Dropped)]


def _guess(paper: Submission) -> int:
    return min(3 + len(_NUMBER.findall(paper.abstract or "")), 8)


def _reviews(paper: Submission) -> ReviewText:
    guess = _guess(paper)
    nearest = min(range(len(_SCALE)), key=lambda i: abs(_SCALE[i] - guess))
    ratings = sorted(_SCALE[max(0, min(nearest + step, len(_SCALE) - 1))] for step in (-1, 0, 0, 1))
    topic = (paper.keywords or ("machine learning",))[0]
    reviews = tuple(
        Review(
            reviewer=f"R{number}",
            summary=f'The paper "{paper.title}" is about {topic}. (Invented output.)',
            strengths=f"The abstract states {len(_NUMBER.findall(paper.abstract or ''))} numbers.",
            weaknesses="The abstract was all that this reviewer has read.",
            questions="What do the numbers depend on?",
            soundness=2 + (rating >= 6),
            presentation=3,
            contribution=2 + (rating >= 8),
            rating=rating,
            confidence=2,
        )
        for number, rating in enumerate(ratings, 1)
    )
    accept = guess >= _ACCEPT_FROM
    return ReviewText(
        reviews=reviews,
        meta_review=MetaReview(
            text="Reviewers agree, being one rule.", why_not_higher="N/A", why_not_lower="N/A"
        ),
        decision=Decision(
            kind="accept" if accept else "reject", text="Accept (poster)" if accept else "Reject"
        ),
    )
