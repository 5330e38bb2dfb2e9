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

``parse_reviews(render_reviews(x, scale=s)) == x`` for every ``ReviewText``. A missing mark or an
empty text has no heading. Three reversible escapes, each a backslash, keep any text apart from the
format: before a line that would be a heading or a separator; at the edge of a text that starts or
ends with white space; and in a decision, where a line break is ``\n``. Lines end at ``"\n"`` alone.

Reading a model's text forgives what does no harm (repeated or missing separators, headings of the
model's own, anything before the first reviewer and after the decision's line) and refuses what
would need a guess.
"""

import re
from collections.abc import Iterator
from typing import Annotated, NamedTuple, Self

from pydantic import Field, model_validator

from cycledata.formats.rating_scales import aspect_label, decision_kind, rating_label, read_number
from cycledata.formats.unreadable import Unreadable
from cycledata.records import Decision, MetaReview, Number, RatingScale, Record, Review, Submission

SEPARATOR = "**********"
MAX_REVIEWERS = 64
"""More blocks than this are a model repeating itself."""

TEXT_FIELDS = {"Strengths": "strengths", "Weaknesses": "weaknesses", "Questions": "questions"}
ASPECT_FIELDS = {
    "Soundness": "soundness",
    "Presentation": "presentation",
    "Contribution": "contribution",
}
_ETHICS = "Flag For Ethics Review"
_NOT_HIGHER = "justification_for_why_not_higher_score"
_NOT_LOWER = "justification_for_why_not_lower_score"
_MARK_LIMITS = {**dict.fromkeys(ASPECT_FIELDS, (1, 4)), "Rating": (0, 10), "Confidence": (1, 5)}
"""What a reviewer may answer, as in ``Review``."""

_REVIEW_FIELDS = ("Summary", *TEXT_FIELDS, *_MARK_LIMITS, _ETHICS)
_BLOCKS: dict[str, tuple[str, ...]] = {
    "Reviewer": _REVIEW_FIELDS,
    "Meta Review": (_NOT_HIGHER, _NOT_LOWER),
    "Paper Decision": (),
}
"""Each block's own headings, by title."""
_TITLES = {title.lower(): title for block, fields in _BLOCKS.items() for title in (block, *fields)}

# Every quantifier is bounded or possessive, so a line costs its length and no more.
_HEADING = (
    r"(?:##[ \t]{1,4}(?:(?P<reviewer>Reviewer)(?:[ \t]{1,4}#?\d{1,3})?"
    r"|(?P<closing>Meta Review|Paper Decision))"
    rf"|###[ \t]{{1,4}}(?P<field>{'|'.join(f for fields in _BLOCKS.values() for f in fields)}))"
    r"[ \t\r]*+(?::[ \t\r]*+)?$"
)
_SEPARATOR = r"\*{5,}+[ \t\r]*+$"
_STRUCTURE = re.sub(r"\?P<\w+>", "?:", rf"(?:{_HEADING}|{_SEPARATOR})")
_FLAGS = re.ASCII | re.IGNORECASE | re.MULTILINE
_HEADINGS = re.compile(rf"^{_HEADING}", _FLAGS)
_SEPARATOR_LINE = re.compile(_SEPARATOR, _FLAGS)
_TO_ESCAPE = re.compile(rf"^(?=\\*+{_STRUCTURE})", _FLAGS)
_TO_UNESCAPE = re.compile(rf"^\\(?=\\*+{_STRUCTURE})", _FLAGS)
_SEPARATORS_REVERSED = re.compile(r"(?:[ \t\r\n]*+\*{5,}+(?=\n|\Z))++")
_LINE = re.compile(r"[^\n]++")
_WHITE = " \t\r\n"
_DECISION_ESCAPE = re.compile(r"\\([n\\])")
_KIND_PREFIX = re.compile(r"\[(accept|reject|withdrawn)\] ")


class ReviewText(Record):
    """What CycleReviewer says about one paper."""

    reviews: Annotated[tuple[Review, ...], Field(min_length=1, max_length=MAX_REVIEWERS)]
    """In the text's order; reviewers are called R1, R2, ... in that order."""
    meta_review: MetaReview | None
    """None where the text has none."""
    decision: Decision | None
    """None where the text has none."""

    @model_validator(mode="after")
    def _numbered(self) -> Self:
        found = [review.reviewer for review in self.reviews]
        expected = [f"R{i}" for i in range(1, len(found) + 1)]
        if found != expected:
            raise ValueError(f"reviewers must be {expected} in this order, found {found}")
        if any(review.fields for review in self.reviews):
            raise ValueError("the text format has no place for `fields`; see `review_text`")
        return self


class _Block(NamedTuple):
    """One part of a text: a reviewer, the meta-review or the decision; escapes still in place."""

    title: str
    """One of the three, as in the format."""
    body: str
    """What stands before the block's first heading."""
    fields: dict[str, str]
    """Its headings, as in the format, with the text under each."""


def review_text(submission: Submission) -> ReviewText:
    """The part of a submission that CycleReviewer learns to write.

    Raises:
        ValueError: the submission has no review.
    """
    return ReviewText(
        reviews=tuple(r.model_copy(update={"fields": ()}) for r in submission.reviews),
        meta_review=submission.meta_review,
        decision=submission.decision,
    )


def render_reviews(reviews: ReviewText, *, scale: RatingScale | None) -> str:
    """Write reviews as CycleReviewer does; ratings are worded as on the scale's form."""
    blocks = [_render_review(review, scale) for review in reviews.reviews]
    if reviews.meta_review is not None:
        blocks.append(_render_meta_review(reviews.meta_review))
    if reviews.decision is not None:
        blocks.append(f"## Paper Decision\n\n{_render_decision(reviews.decision)}")
    return f"\n\n{SEPARATOR}\n\n".join(blocks) + "\n"


def parse_reviews(text: str) -> ReviewText | Unreadable:
    """Read CycleReviewer's text, or say where and why it cannot be read.

    Time is linear in the text's length. A heading with nothing under it counts as absent: a
    reviewer without ``### Rating`` has the rating None, a text without ``## Paper Decision`` the
    decision None. Reviewers after the meta-review repeat it and are not read.
    """
    reviews: list[Review] = []
    meta_review: MetaReview | None = None
    decision: Decision | None = None
    for block in _blocks(text):
        if block.title == "Reviewer" and meta_review is None:
            if len(reviews) == MAX_REVIEWERS:
                return Unreadable("## Reviewer", f"more than {MAX_REVIEWERS} blocks: repetition")
            review = _read_review(block, number=len(reviews) + 1)
            if isinstance(review, Unreadable):
                return review
            reviews.append(review)
        elif block.title == "Meta Review" and meta_review is None:
            meta_review = _read_meta_review(block)
        elif block.title == "Paper Decision":
            read = _read_decision(block.body)
            if isinstance(read, Unreadable):
                return read
            decision = read
    if not reviews:
        return Unreadable("whole text", "expected a line '## Reviewer', found none")
    return ReviewText(reviews=tuple(reviews), meta_review=meta_review, decision=decision)


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
        _ETHICS: review.ethics_flag,
        "Rating": None if review.rating is None else rating_label(review.rating, scale),
        "Confidence": None if review.confidence is None else str(review.confidence),
    }
    return _render_block("## Reviewer", body)


def _render_meta_review(meta: MetaReview) -> str:
    head = "## Meta Review" + (f"\n\n{_escape(meta.text)}" if meta.text else "")
    return _render_block(head, {_NOT_HIGHER: meta.why_not_higher, _NOT_LOWER: meta.why_not_lower})


def _render_block(head: str, body: dict[str, str | None]) -> str:
    parts = [head]
    for title, text in body.items():
        if text is not None:
            parts += [f"### {title}", *([_escape(text)] if text else [])]
    return "\n\n".join(parts)


def _render_decision(decision: Decision) -> str:
    """The decision's own words on one line, with its kind before them where they do not tell it."""
    words = decision.text
    if decision_kind(words) != decision.kind or _KIND_PREFIX.match(words):
        words = f"[{decision.kind}] {words}"
    return _escape(words.replace("\\", "\\\\").replace("\n", "\\n"))


def _escape(text: str) -> str:
    text = _TO_ESCAPE.sub(r"\\", text)
    if _white_edge(text):
        text = "\\" + text
    if _white_edge(text[::-1]):
        text += "\\"
    return text


def _unescape(text: str) -> str:
    if text.endswith("\\") and _white_edge(text[-2::-1]):
        text = text[:-1]
    if text.startswith("\\") and _white_edge(text[1:]):
        text = text[1:]
    return _TO_UNESCAPE.sub("", text)


def _white_edge(text: str) -> bool:
    """Whether a text starts with white space, backslashes before it set aside."""
    return text.lstrip("\\")[:1] in tuple(_WHITE)


def _blocks(text: str) -> Iterator[_Block]:
    """Blocks in order, up to the decision.

    A heading that does not belong to its block, or that the block already has, is text: models
    write headings of their own, and they stay in the section where they stand.
    """
    block: _Block | None = None
    title, start = "", 0
    for match in _HEADINGS.finditer(text):
        found = _TITLES[match[match.lastgroup or 0].lower()]
        opens = found in _BLOCKS
        if not opens and (
            block is None
            or found not in _BLOCKS[block.title]
            or found in block.fields
            or found == title
        ):
            continue
        if block is not None:
            body = text[start : match.start()].strip(_WHITE)
            block = _with(block, title, _without_separators(body) if opens else body)
            if opens:
                yield block
        block = _Block(found, "", {}) if opens or block is None else block
        title, start = "" if opens else found, match.end()
        if found == "Paper Decision":
            break
    if block is not None:
        yield _with(block, title, _without_separators(text[start:].strip(_WHITE)))


def _with(block: _Block, title: str, body: str) -> _Block:
    """The block with one more field, or with its body where the title is empty."""
    if not title:
        return block._replace(body=body)
    return block._replace(fields={**block.fields, title: body})


def _without_separators(body: str) -> str:
    """A block's end without the lines that separate it from the next."""
    end = len(body)
    if tail := _SEPARATORS_REVERSED.match(body[::-1]):
        end -= tail.end()
    return body[:end].rstrip(_WHITE)


def _read_review(block: _Block, *, number: int) -> Review | Unreadable:
    marks: dict[str, Number | None] = {}
    for title, (lowest, highest) in _MARK_LIMITS.items():
        line = _first_line(block.fields.get(title, ""))
        mark = read_number(line)
        if line and (mark is None or not lowest <= mark <= highest):
            why = f"expected a number from {lowest} to {highest}, found {line[:60]!r}"
            return Unreadable(f"reviewer {number}, ### {title}", why)
        marks[title.lower()] = mark
    texts = {
        field: _unescape(block.fields.get(title, ""))
        for title, field in {"Summary": "summary", **TEXT_FIELDS}.items()
    }
    flag = block.fields.get(_ETHICS)
    ethics_flag = None if flag is None else _unescape(flag)
    return Review(reviewer=f"R{number}", ethics_flag=ethics_flag, **texts, **marks)


def _read_meta_review(block: _Block) -> MetaReview:
    higher, lower = block.fields.get(_NOT_HIGHER), block.fields.get(_NOT_LOWER)
    return MetaReview(
        text=_unescape(block.body),
        why_not_higher=None if higher is None else _unescape(higher),
        why_not_lower=None if lower is None else _unescape(lower),
    )


def _read_decision(body: str) -> Decision | Unreadable | None:
    line = _first_line(body)
    if not line:
        return None
    words = _DECISION_ESCAPE.sub(lambda m: "\n" if m[1] == "n" else "\\", _unescape(line))
    if prefix := _KIND_PREFIX.match(words):
        kind, words = decision_kind(prefix[1]), words[prefix.end() :]
    else:
        kind = decision_kind(words)
    if kind is None:
        why = f"expected words that start with accept, reject or withdrawn, found {line[:60]!r}"
        return Unreadable("## Paper Decision", why)
    return Decision(kind=kind, text=words)


def _first_line(body: str) -> str:
    """The first line that is neither blank nor a separator, without white space at its ends."""
    for match in _LINE.finditer(body):
        line = match[0].strip(_WHITE)
        if line and not _SEPARATOR_LINE.match(line):
            return line
    return ""
