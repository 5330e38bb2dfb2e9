r"""Reviews of one paper <-> the text that CycleReviewer writes.

One block per reviewer, the lowest rating first, then the meta-review and the decision::

    ## Reviewer

    ### Summary

    ...

    ### Rating

    6: marginally above the acceptance threshold

    **********

    ## Meta Review
    ...
    **********

    ## Paper Decision

    Accept (poster)

``parse_reviews(render_reviews(x, scale=s), scale=s) == x`` for every ``ReviewText`` whose numbers
are on the scales. A missing rating or an empty text has no heading. Three reversible escapes, each
a backslash, separate any text from the format: before a line that would be structural
(``review_lines``), at the edge of a text that starts or ends with white space, and in a decision,
where a line break is ``\n``. Lines end at ``"\n"`` only.

A model's text is read if it has the format or a known variant (``review_lines``; a first review
without its heading, reviews separated by asterisks only, ``\boxed_simreviewers``). Drafts in
``<think>`` are removed. A text that would need a guess is unreadable: a field, a rating or a
decision that occurs twice, a reviewer after the decision, a heading that looks like a rating.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Annotated, Self

from pydantic import Field, model_validator

from cycledata.formats.line_markup import rating_like, second_field, without_markup
from cycledata.formats.rating_scales import (
    aspect_label,
    decision_kind,
    number_of,
    rating_label,
    read_number,
)
from cycledata.formats.review_blocks import (
    LINES,
    MAX_REVIEWERS,
    ReviewBlock,
    first_line,
    read_blocks,
    unboxed,
)
from cycledata.formats.review_drafts import without_drafts
from cycledata.formats.review_lines import (
    ASPECT_FIELDS,
    ETHICS,
    NOT_HIGHER,
    NOT_LOWER,
    NUMBER_FIELDS,
    SEPARATOR,
    STATED_DECISION,
    TEXT_FIELDS,
    classify,
    escape,
    structure,
    unescape,
)
from cycledata.formats.unreadable import Unreadable
from cycledata.records import Decision, MetaReview, Number, RatingScale, Record, Review, Submission

DEFAULT_LIMITS: tuple[Number, Number] = (0, 10)
"""Lowest and highest rating where no scale is given."""
_LIMITS: dict[str, tuple[Number, Number]] = {
    **dict.fromkeys(ASPECT_FIELDS, (1, 4)),
    "Confidence": (1, 5),
}

_DECISION_ESCAPE = re.compile(r"\\([n\\])")
_KIND_PREFIX = re.compile(r"\[(accept|reject|withdrawn)\] ")
_RESTATED = re.compile(
    r"^[ \t*_]{0,6}(?:(?:final|updated|revised|new|edit|update)[ ]?(?:rating|score)?[:= *_]{1,4})?"
    r"([0-9]{1,4}(?:\.[0-9]{1,4})?)[ \t*_]*(?:/[ ]?[0-9]{1,4}[ \t*_]*)?(?::[^\n]*)?\r?$",
    re.ASCII | re.IGNORECASE | re.MULTILINE,
)
"""A line that states a number and nothing else, or a number and its wording."""
_MOVED = re.compile(
    r"\bI[ ](?:have[ ]|now[ ]|therefore[ ]|hereby[ ])?(?:lower|rais|increas|decreas|reduc|chang"
    r"|updat|revis)(?:e|es|ed)?[ ](?:my|the)[ ](?:\w{1,10}[ ])?(?:rating|score)"
    r"[ ]to[ ]([0-9]{1,4})\b",
    re.IGNORECASE,
)
"""A sentence that gives another rating."""
_CUT_HEADING = re.compile(r"^#{1,4}[ ]?([A-Za-z][A-Za-z ]{0,30})\Z", re.MULTILINE)
_TITLES = ("Reviewer", "Rating", "Meta Review", "Paper Decision", "Final Decision", "Decision")
_FRONT = re.compile(r"\A\s{0,20}---[ \t]*\n(?P<fields>(?:[^\n]{0,200}\n){1,40}?)---[ \t]*(?:\n|\Z)")
_WORDS = re.compile(r"[A-Za-z(*_](?:[A-Za-z ().!*_-]*[A-Za-z).!*_])?")
_SCALE_END = re.compile(
    r"(?:[0-9]{1,2}[ ]?(?:-|–|to)|out[ ]of|of|/)[ ]?([0-9]{1,3})\b(?![ ]?(?:-|–|to)[ ]?[0-9])",
    re.IGNORECASE,
)
"""The highest value of a scale in brackets behind a title."""
MAX_DECISION_LINES = 40
MAX_DECISION_CHARS = 60
"""Lines of a decision, and their length, that are compared with its first one."""


class ReviewText(Record):
    """What CycleReviewer says about one paper."""

    reviews: Annotated[tuple[Review, ...], Field(min_length=1, max_length=MAX_REVIEWERS)]
    """In the text's order; reviewers are called R1, R2, ... in that order."""
    meta_review: MetaReview | None
    """None if the text has none."""
    decision: Decision | None
    """None if the text has none."""

    @model_validator(mode="after")
    def _numbered(self) -> Self:
        found = [review.reviewer for review in self.reviews]
        expected = [f"R{i}" for i in range(1, len(found) + 1)]
        if found != expected:
            raise ValueError(f"reviewers must be {expected} in this order, found {found}")
        if any(review.fields for review in self.reviews):
            raise ValueError("the text format has no place for `fields`; see `review_text`")
        return self


def review_text(submission: Submission) -> ReviewText:
    """Return the part of a submission that CycleReviewer learns to write.

    Raises:
        ValueError: the submission has no review.
    """
    return ReviewText(
        reviews=tuple(r.model_copy(update={"fields": ()}) for r in submission.reviews),
        meta_review=submission.meta_review,
        decision=submission.decision,
    )


def render_reviews(reviews: ReviewText, *, scale: RatingScale | None) -> str:
    """Return reviews as CycleReviewer writes them, ratings worded as on the scale."""
    blocks = [_render_review(review, scale) for review in reviews.reviews]
    if reviews.meta_review is not None:
        blocks.append(_render_meta_review(reviews.meta_review))
    if reviews.decision is not None:
        blocks.append(f"## Paper Decision\n\n{_render_decision(reviews.decision)}")
    return f"\n\n{SEPARATOR}\n\n".join(blocks) + "\n"


def parse_reviews(
    text: str,
    *,
    scale: RatingScale | None = None,
    limits: Mapping[str, tuple[Number, Number]] | None = None,
) -> ReviewText | Unreadable:
    """Return the reviews of a text, or where and why it cannot be read.

    Time is linear in the text's length. A heading with nothing under it counts as absent: a
    reviewer without ``### Rating`` has the rating None, a text without ``## Paper Decision`` the
    decision None. Exact repeats after the meta-review or the decision are not read again.

    Args:
        text: a model's output.
        scale: scale of the rating; without it, ratings from 0 to 10 are read.
        limits: lowest and highest aspect ratings and confidence by name, e.g. ``"soundness"``;
            1 to 4 and 1 to 5 where missing.
    """
    known = {**_LIMITS, **{name.capitalize(): ends for name, ends in (limits or {}).items()}}
    known["Rating"] = (scale.values[0], scale.values[-1]) if scale else DEFAULT_LIMITS
    full = text
    text, problem = without_drafts(text)
    if problem is not None:
        return Unreadable("whole text", problem)
    if (problem := _damage(text)) is not None:
        return Unreadable("whole text", problem)
    blocks = read_blocks(*unboxed(text))
    if isinstance(blocks, Unreadable):
        return blocks
    reviews: list[Review] = []
    seen: list[dict[str, str]] = []
    metas: list[ReviewBlock] = []
    decisions: list[Decision] = []
    for block in blocks:
        if block.kind == "reviewer":
            if (metas or decisions) and reviews:
                if block.fields in seen:
                    continue
                after = "decision" if decisions else "meta-review"
                return Unreadable("## Reviewer", f"a reviewer after the {after} that is no repeat")
            if len(reviews) == MAX_REVIEWERS:
                return Unreadable("## Reviewer", f"more than {MAX_REVIEWERS} blocks: repetition")
            review = _read_review(block, number=len(reviews) + 1, limits=known)
            if isinstance(review, Unreadable):
                return review
            seen.append(block.fields)
            reviews.append(review)
        elif block.kind == "meta":
            metas.append(block)
        else:
            decision = _read_decision(block.body)
            if isinstance(decision, Unreadable):
                return decision
            if decision is not None:
                decisions.append(decision)
    kinds = [decision.kind for decision in decisions]
    if len(set(kinds)) > 1:
        return Unreadable("## Paper Decision", f"expected one decision, found {kinds[:5]}")
    if not reviews:
        return _without_reviewers(text, is_draft=bool(full.strip()) and not text.strip())
    return ReviewText(
        reviews=tuple(reviews),
        meta_review=_read_meta_review(metas[0]) if metas else None,
        decision=decisions[0] if decisions else None,
    )


def _damage(text: str) -> str | None:
    """Return what makes a text ambiguous: it ends in a heading, or has ratings at both ends."""
    cut = _CUT_HEADING.search(text)
    if cut is not None and any(title != cut[1] and title.startswith(cut[1]) for title in _TITLES):
        return f"the text ends inside of a heading, {cut[0]!r}"
    front = _FRONT.match(text)
    if front is not None and any(True for _ in structure(front["fields"])):
        kinds = {found.line.kind for found in structure(text[front.end() :])}
        if kinds & {"reviewer", "field", "decision"}:
            return "ratings or decisions in the front matter and behind it"
    return None


def _without_reviewers(text: str, *, is_draft: bool) -> Unreadable:
    """Return why a text without a review is unreadable."""
    if is_draft:
        return Unreadable("whole text", "expected reviews behind the draft, found nothing")
    line = rating_like(text)
    if line is not None:
        return Unreadable(line, "looks like a rating, and no line '## Reviewer' was found")
    why = "expected a line '## Reviewer', found none"
    return Unreadable("whole text", why, is_silent=True)


def _render_review(review: Review, scale: RatingScale | None) -> str:
    aspects = {
        title: None if (mark := getattr(review, field)) is None else aspect_label(mark)
        for title, field in ASPECT_FIELDS.items()
    }
    texts = {title: getattr(review, field) or None for title, field in TEXT_FIELDS.items()}
    body: dict[str, str | None] = {
        "Summary": review.summary or None,
        **aspects,
        **texts,
        ETHICS: review.ethics_flag,
        "Rating": None if review.rating is None else rating_label(review.rating, scale),
        "Confidence": None if review.confidence is None else str(review.confidence),
    }
    return _render_block("## Reviewer", body)


def _render_meta_review(meta: MetaReview) -> str:
    head = "## Meta Review" + (f"\n\n{escape(meta.text)}" if meta.text else "")
    return _render_block(head, {NOT_HIGHER: meta.why_not_higher, NOT_LOWER: meta.why_not_lower})


def _render_block(head: str, body: dict[str, str | None]) -> str:
    parts = [head]
    for title, text in body.items():
        if text is not None:
            parts += [f"### {title}", *([escape(text)] if text else [])]
    return "\n\n".join(parts)


def _render_decision(decision: Decision) -> str:
    """Return the decision on one line, with its kind in front if the words do not state it."""
    words = decision.text
    if decision_kind(words) != decision.kind or _KIND_PREFIX.match(words):
        words = f"[{decision.kind}] {words}"
    shown = words.replace("\\", "\\\\").replace("\n", "\\n")
    line = classify(shown)
    is_bare = line is not None and line.kind == "bare decision" and _WORDS.fullmatch(shown)
    return shown if is_bare else escape(shown)


def _read_review(
    block: ReviewBlock, *, number: int, limits: Mapping[str, tuple[Number, Number]]
) -> Review | Unreadable:
    numbers: dict[str, Number | None] = {}
    for title in NUMBER_FIELDS:
        lowest, highest = limits[title]
        line = first_line(block.fields.get(title, ""))
        value = read_number(line, highest=highest)
        if value is None:
            value = read_number(without_markup(line).strip("$\"'“” "), highest=highest)
        if value is not None and (other := second_field(line)) is not None:
            why = f"expected one field per line, found {other!r} behind a number: {line[:60]!r}"
            return Unreadable(f"reviewer {number}, ### {title}", why)
        scale = _SCALE_END.search(block.scales.get(title, ""))
        if value is not None and scale is not None and float(scale[1]) != highest:
            why = f"expected a number from {lowest} to {highest}, found one on {scale[0]!r}"
            return Unreadable(f"reviewer {number}, ### {title}", why)
        if line and (value is None or not lowest <= value <= highest):
            why = f"expected a number from {lowest} to {highest}, found {line[:60]!r}"
            return Unreadable(f"reviewer {number}, ### {title}", why)
        others = [found for found in _restated(block.fields.get(title, "")) if found != value]
        if value is not None and others:
            why = f"expected one number, found {value} and {others[0]}"
            return Unreadable(f"reviewer {number}, ### {title}", why)
        numbers[title.lower()] = value
    texts = {
        name: unescape(block.fields.get(title, ""))
        for title, name in {"Summary": "summary", **TEXT_FIELDS}.items()
    }
    flag = block.fields.get(ETHICS)
    ethics_flag = None if flag is None else unescape(flag)
    return Review(reviewer=f"R{number}", ethics_flag=ethics_flag, **texts, **numbers)


def _read_meta_review(block: ReviewBlock) -> MetaReview:
    higher, lower = block.fields.get(NOT_HIGHER), block.fields.get(NOT_LOWER)
    return MetaReview(
        text=unescape(block.body),
        why_not_higher=None if higher is None else unescape(higher),
        why_not_lower=None if lower is None else unescape(lower),
    )


def _read_decision(body: str) -> Decision | Unreadable | None:
    line = first_line(body)
    if not line:
        return None
    words = _DECISION_ESCAPE.sub(lambda m: "\n" if m[1] == "n" else "\\", unescape(line))
    if prefix := _KIND_PREFIX.match(words):
        kind, words = decision_kind(prefix[1]), words[prefix.end() :]
    else:
        kind = decision_kind(words)
    if kind is None:
        why = f"expected words that state one of accept, reject, withdrawn; found {line[:60]!r}"
        return Unreadable("## Paper Decision", why)
    others = {decision_kind(other) for other in _short_lines(body)} - {None, kind}
    for stated in filter(None, map(STATED_DECISION.match, body.split("\n")[:MAX_DECISION_LINES])):
        if stated["not"] or stated["word"].lower() != kind:
            return Unreadable(
                "## Paper Decision", f"expected {kind} alone, found {stated[0]!r:.60}"
            )
    if others:
        return Unreadable("## Paper Decision", f"expected one decision, found {kind} and {others}")
    return Decision(kind=kind, text=words)


def _short_lines(body: str) -> Iterator[str]:
    """Yield the first lines of a decision that could state another one."""
    for match in islice(LINES.finditer(body), MAX_DECISION_LINES):
        if len(match[0]) <= MAX_DECISION_CHARS:
            yield match[0]


def _restated(body: str) -> Iterator[Number]:
    """Yield the numbers that later lines of a rating state on their own."""
    for match in islice(_RESTATED.finditer(body), MAX_DECISION_LINES):
        yield number_of(match[1])
    for match in islice(_MOVED.finditer(body), MAX_DECISION_LINES):
        yield number_of(match[1])
