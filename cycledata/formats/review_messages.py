"""One Review-5k paper as chat messages: instruction, paper, reviews."""

from cycledata.formats.review_text import render_reviews, review_text
from cycledata.records import Message, PaperText, RatingScale, Submission

_PROMPT = """\
You simulate the peer review of a machine learning conference. You are given one paper. Write \
{n_reviewers} independent reviews, then the area chair's meta-review, then the decision.

Order the reviews from the lowest rating to the highest. Each is a block headed "## Reviewer" with \
the headings ### Summary, ### Soundness, ### Presentation, ### Contribution, ### Strengths, \
### Weaknesses, ### Questions, ### Flag For Ethics Review, ### Rating and ### Confidence. \
Soundness, presentation and contribution go from "1 poor" to "4 excellent", confidence from 1 \
to 5, and the rating is one of {ratings}{threshold}. \
Separate blocks with a line of ten asterisks. Head the meta-review "## Meta Review" and the \
decision "## Paper Decision".

Judge only what the paper says. Each reviewer has a view of their own; they need not agree."""


def reviewer_prompt(n_reviewers: int, scale: RatingScale) -> str:
    """Return the system message that asks for this many reviews on this scale."""
    threshold = scale.accept_threshold
    return _PROMPT.format(
        n_reviewers=_number(n_reviewers),
        ratings=", ".join(map(str, scale.values)),
        threshold=""
        if threshold is None
        else f"; {threshold:g} is the lowest that leans to acceptance",
    )


def ask_for_reviewers(prompt: str, n_reviewers: int) -> str:
    """Return the system message of a build with another number of reviewers, on its own scale.

    Raises:
        ValueError: not a message of ``reviewer_prompt``.
    """
    before = _PROMPT.partition("{n_reviewers}")[0]
    _, space, rest = prompt.removeprefix(before).partition(" ")
    if not prompt.startswith(before) or not space:
        raise ValueError(f"expected a prompt that starts {before[:40]!r}, found {prompt[:40]!r}")
    return f"{before}{_number(n_reviewers)} {rest}"


def _number(n_reviewers: int) -> str:
    return "one" if n_reviewers == 1 else str(n_reviewers)


def paper_as_text(paper: PaperText) -> str:
    """Return a paper as Markdown: title, abstract, then each section under its heading."""
    parts = [f"# {paper.title}"] if paper.title else []
    if paper.abstract:
        parts += ["## Abstract", paper.abstract]
    for section in paper.sections:
        heading = f"{'#' * min(section.level + 1, 6)} {section.title}"
        parts += [text for text in (heading if section.title else "", section.text) if text]
    return "\n\n".join(parts) + "\n"


def review_messages(submission: Submission, paper: PaperText) -> tuple[Message, ...]:
    """Return the system, user and assistant message of one paper.

    Raises:
        ValueError: the submission has no review, or its venue has no rating scale.
    """
    reviews = review_text(submission)
    scale = submission.rating_scale
    if scale is None:
        raise ValueError(f"{submission.paper_id}: {submission.venue} has no rating scale")
    return (
        Message(role="system", content=reviewer_prompt(len(reviews.reviews), scale)),
        Message(role="user", content=paper_as_text(paper)),
        Message(role="assistant", content=render_reviews(reviews, scale=scale)),
    )
