"""Blocks of a review text: reviewers, meta-review and decision, each with its fields."""

import re
from dataclasses import dataclass, field
from itertools import pairwise

from cycledata.formats.rating_scales import (
    decision_kind,
    read_number,
)
from cycledata.formats.review_lines import (
    MAX_LINE,
    META_FIELDS,
    REVIEW_FIELDS,
    SEPARATOR_LINE,
    WHITE,
    Found,
    LineKind,
    structure,
)
from cycledata.formats.unreadable import Unreadable

MAX_REVIEWERS = 64
"""A text with more blocks than this repeats itself."""
_SEPARATORS_REVERSED = re.compile(r"(?:[ \t\r\n]*+\*{5,}+(?=\n|\Z))++")
LINES = re.compile(r"[^\n]++")
_BOXED_REVIEWERS = re.compile(r"^\\boxed_simreviewers[ \t]*\{", re.MULTILINE)
_BOXED_REVIEW = re.compile(r"^\\boxed_review[ \t]*\{", re.MULTILINE)
_BOX_END = re.compile(r"[ \t\r\n]*\}[ \t\r\n]*\Z")
MAX_PARTS = 20_000
"""A text with more headings than this repeats itself."""


@dataclass(slots=True)
class ReviewBlock:
    """One part of a text: a reviewer, the meta-review or the decision; escapes still in place."""

    kind: str
    """``"reviewer"``, ``"meta"`` or ``"decision"``."""
    body: str = ""
    """Text before the block's first field."""
    fields: dict[str, str] = field(default_factory=dict)
    """Field name of the format -> text."""
    scales: dict[str, str] = field(default_factory=dict)
    """Field name -> what is in brackets behind it, e.g. ``"1-5"``."""


def unboxed(text: str) -> tuple[str, str]:
    r"""Return the reviewers' part of a text, and the part with the decision if it is apart.

    Some models write ``\boxed_simreviewers{...}`` and their own verdict in ``\boxed_review{...}``,
    of which the decision counts and the rating, a mean, does not.
    """
    boxed = _BOXED_REVIEWERS.search(text)
    if boxed is None or next(structure(text[: boxed.start()]), None):
        return text, ""
    own = _BOXED_REVIEW.search(text, boxed.end())
    end = len(text) if own is None else own.start()
    reviewers = _BOX_END.sub("", text[boxed.end() : end])
    return reviewers, "" if own is None else _BOX_END.sub("", text[own.end() :])


def read_blocks(text: str, verdict: str) -> list[ReviewBlock] | Unreadable:
    """Return the blocks of a text in order, with the decision of a verdict that is apart."""
    parts = _Parts()
    for found in structure(text):
        problem = parts.add(found, text)
        if problem is not None:
            return problem
    blocks = _blocks_of(parts, text)
    is_decided = any(block.kind == "decision" for block in blocks)
    if parts.early is not None and not is_decided:
        return Unreadable(parts.early, "a decision outside of '## Paper Decision'")
    if parts.loose is not None and not is_decided and not verdict:
        return Unreadable(parts.loose, "looks like a decision and is not understood")
    lines = [found for found in structure(verdict) if found.line.kind != "bare decision"]
    stops = [*(line.start for line in lines[1:]), len(verdict)]
    for found, stop in zip(lines, stops, strict=False):
        if found.line.kind == "decision":
            body = _without_separators(verdict[found.end : stop].strip(WHITE))
            blocks.append(ReviewBlock("decision", _joined(found.line.inline, body)))
    return blocks


@dataclass(slots=True)
class _Part:
    """A heading that opens a block or a field, and where its text begins."""

    kind: str
    """Kind of a block, or ``"field"``."""
    title: str
    inline: str
    line_start: int
    """Offset of the heading's line."""
    start: int
    """Offset of the text behind the heading."""


class _Parts:
    """The headings of a text that open a block or a field; other structural lines are text.

    The level of the fields is that of the first one: a heading of another level is text, unless it
    is a rating.
    """

    def __init__(self) -> None:
        self.parts: list[_Part] = []
        self._block: str | None = None
        self._titles: set[str] = set()
        self._n_reviewers = 0
        self._level = 0
        self.scales: dict[int, str] = {}
        """What is in brackets behind the title of a field, by the offset of its line."""
        self.early: str | None = None
        """A decision before the first review."""
        self.loose: str | None = None
        """A decision behind a label that is not read."""
        self._is_open = True
        """No meta-review and no decision came yet."""

    def add(self, found: Found, text: str) -> Unreadable | None:
        """Take the next structural line; return why the text is unreadable, if it is."""
        line = found.line
        kind = line.kind
        if kind == "recommendation":
            kind = _recommends(line.inline or first_line(text[found.end : found.end + MAX_LINE]))
        if kind == "restart":
            why = "a heading that begins the reviews again"
            return Unreadable(line.shown, why) if self._n_reviewers else None
        if kind == "loose decision":
            self.loose = self.loose or line.shown
            return None
        if kind == "bare decision":
            if self._block == "decision":
                return None
            if not self._n_reviewers:
                self.early = line.shown
                return None
            return Unreadable(line.shown, "a decision outside of '## Paper Decision'")
        if kind == "unclear":
            return Unreadable(line.shown, "looks like a rating or a decision and is not understood")
        if kind == "field":
            return self._field(found, text)
        self._open(kind, found)
        if len(self.parts) > MAX_PARTS or (self._is_open and self._n_reviewers > MAX_REVIEWERS):
            return Unreadable("## Reviewer", f"more than {MAX_REVIEWERS} blocks: repetition")
        return None

    def _field(self, found: Found, text: str) -> Unreadable | None:
        line = found.line
        is_rating = line.title == "Rating"
        if self._level and line.level and line.level != self._level:
            shown = "#" * self._level
            why = f"expected fields under {shown}, found {line.shown!r}"
            return Unreadable(self._place(), why) if is_rating else None
        if self._block == "decision":
            return Unreadable(line.shown, "a rating after the decision") if is_rating else None
        belongs = META_FIELDS if self._block == "meta" else REVIEW_FIELDS
        if line.title not in belongs:
            return Unreadable(line.shown, "a rating outside of a review") if is_rating else None
        is_repeated = line.title in self._titles
        if self._block is None or (is_repeated and self._is_separated(found, text)):
            self._open("reviewer", found, is_implicit=True)
        elif is_repeated:
            return Unreadable(self._place(), f"expected {line.title!r} once, found it twice")
        self._level = self._level or line.level
        self._titles.add(line.title)
        self.scales[found.start] = line.scale
        self.parts.append(_Part("field", line.title, line.inline, found.start, found.end))
        return None

    def _is_separated(self, found: Found, text: str) -> bool:
        """Return True if a separator ends the text between the last field and a heading."""
        between = text[self.parts[-1].start : found.start]
        return _SEPARATORS_REVERSED.match(between.rstrip(WHITE)[::-1]) is not None

    def _open(self, kind: str, found: Found, *, is_implicit: bool = False) -> None:
        start = found.start if is_implicit else found.end
        inline = "" if is_implicit else found.line.inline
        self.parts.append(_Part(kind, "", inline, found.start, start))
        self._block = kind
        self._is_open &= kind == "reviewer"
        self._titles.clear()
        self._n_reviewers += kind == "reviewer"

    def _place(self) -> str:
        return f"reviewer {self._n_reviewers}" if self._n_reviewers else "whole text"


def _blocks_of(found: _Parts, text: str) -> list[ReviewBlock]:
    blocks: list[ReviewBlock] = []
    for part, following in pairwise([*found.parts, None]):
        if part is None:
            break
        body = text[part.start : following.line_start if following else len(text)].strip(WHITE)
        if following is None or following.kind != "field":
            body = _without_separators(body)
        body = _joined(part.inline, body)
        if part.kind == "field":
            blocks[-1].fields[part.title] = body
            blocks[-1].scales[part.title] = found.scales[part.line_start]
        else:
            blocks.append(ReviewBlock(part.kind, body))
    return blocks


def _joined(inline: str, body: str) -> str:
    """Return what is under a heading, the rest of its line included."""
    return f"{inline}\n{body}".strip(WHITE) if inline else body


def _recommends(first: str) -> LineKind:
    """Return what a recommendation is: a rating, a decision, or unclear."""
    if read_number(first) is not None:
        return "field"
    return "decision" if decision_kind(first) else "unclear"


def _without_separators(body: str) -> str:
    """Return a block's end without the lines that separate it from the next."""
    end = len(body)
    if tail := _SEPARATORS_REVERSED.match(body[::-1]):
        end -= tail.end()
    return body[:end].rstrip(WHITE)


def first_line(body: str) -> str:
    """Return the first line that is neither blank nor a separator, stripped."""
    for match in LINES.finditer(body):
        line = match[0].strip(WHITE)
        if line and not SEPARATOR_LINE.match(line):
            return line
    return ""
