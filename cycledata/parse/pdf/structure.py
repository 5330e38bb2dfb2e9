"""Blocks of a PDF to title, abstract and sections: rules for how papers are printed.

A heading is known by its number, which must follow from the numbers before it, by its type against
that of the running text, or by being one of the words that papers put above a part. The converter's
own opinion is evidence, not proof: it takes bold lines of any kind for headings and misses those
that are close to other text.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from cycledata.formats.section_titles import (
    is_abstract,
    is_appendix,
    is_keywords,
    is_printed_title,
    is_references,
)
from cycledata.parse.pdf.convert import Block, Converted, PdfLine
from cycledata.parse.pdf.layout import laid_out

_NUMBERED = re.compile(
    r"(?:(?:Appendix|APPENDIX)\s+(?=[A-Z]\b))?"
    r"(?:(?P<digits>\d{1,2}(?:\.\d{1,2}){0,3})|(?P<roman>[IVX]{1,5})|(?P<letter>[A-Z](?:\.\d{1,2}){0,3}))"
    r"(?P<stop>[.):])?[\s\u2003]+(?:[|∣│]\s+)?(?P<title>(?:\d{1,2}-?(?=[A-Z]))?[^\W\d_].*)",
    re.DOTALL,
)
_FLOAT = re.compile(r"(?:figure|fig\.|table|tab\.|algorithm|listing)\s*\d", re.IGNORECASE)
_STATEMENT = re.compile(
    r"(?:theorem|lemma|definition|corollary|remark|proposition|example|proof|assumption|claim)"
    r"(?:\s*\d|\s*\(|\.|$|\s+of\b)",
    re.IGNORECASE,
)
_MATHEMATICS = re.compile(r"[=∈≤≥∑∏∫→←≈∀∃{}|\\]")
_CITATION = re.compile(r"\b[A-Z]\.|\b(?:19|20)\d\d\b|\bet al")
_MAX_HEADING = 160
_MAX_CANDIDATES = 1_000


@dataclass(frozen=True, slots=True)
class Numbered:
    """A heading's number as a path, however it is printed: 3.1, III.A, A.1; and its words."""

    appendix: bool
    """Counted by letters, apart from the body."""
    path: tuple[int, ...]
    title: str
    inherits: int = 0
    """Leading parts of the path that are not printed but those of the heading before."""


@dataclass(frozen=True, slots=True)
class Part:
    """A heading and the text under it; level 0 for the front matter."""

    level: int
    title: str
    blocks: tuple[Block, ...]
    appendix: bool
    starred: bool


@dataclass(frozen=True, slots=True)
class _Style:
    """How this paper prints, learned from all of its lines."""

    body: float
    """Size of the running text, in points."""
    numbered: bool
    """Its headings carry numbers."""
    roman: bool
    """Top headings are numbered I, II, III; those below A, B."""
    sizes: dict[float, int]
    """Level that headings of a size have; of several, the deepest."""


def parts_of(document: Converted) -> list[Part]:
    """Return the document cut at its headings, in reading order, running heads left out."""
    blocks = [piece for block in laid_out(document) for piece in _split(block)]
    style = _learn(blocks)
    numbers = _numbered_headings(blocks, style)
    style = replace(style, numbered=len(numbers) >= 3, sizes=_levels_of_sizes(blocks, numbers))
    parts: list[Part] = []
    title, level, starred, appendix = "", 0, False, False
    gathered: list[Block] = []
    for at, block in enumerate(blocks):
        number = numbers.get(at)
        if number is not None:
            found = (_without_stop(number.title), min(len(number.path), 4))
        else:
            in_references = is_references(title)
            unnumbered = _unnumbered(block, style, past_front=level > 0 and not in_references)
            if unnumbered is None:
                gathered.append(block)
                continue
            found = unnumbered
        parts.append(Part(level, title, tuple(gathered), appendix, starred))
        gathered = []
        title, level = found
        starred = number is None
        appendix = appendix or is_appendix(title) or bool(number and number.appendix)
    parts.append(Part(level, title, tuple(gathered), appendix, starred))
    return parts


def _without_stop(title: str) -> str:
    """Return a title without the stop that some styles print after it."""
    return title[:-1] if re.search(r"[^\W\d_]{3}[.:]\Z", title) else title


# --- Headings ------------------------------------------------------------------------------------


def _numbered_headings(blocks: Sequence[Block], style: _Style) -> dict[int, Numbered]:
    """Blocks that are numbered headings, by position: the longest run of numbers in sequence.

    List items, table cells and equations carry numbers too. What tells headings apart is that all
    of them together count up, so the longest chain in which each can follow the one before wins.
    """
    abstract = next((i for i, b in enumerate(blocks) if is_abstract(b.text.strip())), -1)
    best: list[tuple[float, int, Numbered, int]] = []  # score, block, number, previous in the list
    in_references = False
    for at, block in enumerate(blocks):
        in_references = in_references or is_references(block.text.strip())
        if at < abstract or len(best) >= _MAX_CANDIDATES or not _may_be_heading(block, style):
            continue
        text = " ".join(block.text.split())
        weight = 1.0 if block.kind == "heading" else 0.8
        for reading in _readings(text, style):
            if reading.appendix and block.page == 0 and _size(block) > 1.4 * style.body:
                continue  # the title of a paper may start with "A"
            if in_references and (not reading.appendix or _CITATION.search(reading.title)):
                continue
            found = None if reading.inherits else (weight, at, reading, -1)
            if found and not _follows(reading, None):
                found = None
            for index, (score, before, last, _) in enumerate(best):
                number = _after(reading, last)
                if number and before < at and (found is None or score + weight > found[0]):
                    found = (score + weight, at, number, index)
            if found:
                best.append(found)
    chain: dict[int, Numbered] = {}
    index = max(range(len(best)), key=lambda i: best[i][0], default=-1)
    while index >= 0:
        _, at, number, index = best[index]
        chain[at] = number
    return chain


def _readings(text: str, style: _Style) -> Iterator[Numbered]:
    """Return the ways to read the number before a heading; empty without one."""
    found = _NUMBERED.match(text)
    if not found or _FLOAT.match(found["title"]):
        return
    title = found["title"]
    # An item of a list starts small or is a sentence; "k-means" may begin a title.
    if re.match(r"[a-z](?!-)", title) or (title[-1] in ".;," and len(title) > 40):
        return
    if found["digits"]:
        path = tuple(map(int, found["digits"].split(".")))
        below = 2 if style.roman and len(path) == 1 else 0
        yield Numbered(False, path, title, below)
        return
    letters = found["roman"] or found["letter"]
    if style.roman:
        if found["roman"]:
            yield Numbered(False, (_roman(letters),), title)
        if len(letters) == 1:
            yield Numbered(False, (ord(letters) - 64,), title, 1)
        return
    first, *rest = letters.split(".")
    if len(first) == 1:
        yield Numbered(True, (ord(first) - 64, *map(int, rest)), title)


def _roman(digits: str) -> int:
    """Value of a Roman number up to 39.

    >>> _roman("XIV")
    14
    """
    values = [{"I": 1, "V": 5, "X": 10}[digit] for digit in digits]
    return sum(-v if v < max(values[at:]) else v for at, v in enumerate(values))


def _after(reading: Numbered, last: Numbered) -> Numbered | None:
    """Return the number as it reads after another, or None if it cannot follow it."""
    if reading.inherits:
        if last.appendix or len(last.path) < reading.inherits:
            return None
        path = (*last.path[: reading.inherits], *reading.path)
        reading = replace(reading, path=path, inherits=0)
    return reading if _follows(reading, last) else None


def _follows(number: Numbered, last: Numbered | None) -> bool:
    """Return whether a number can come next: one may be missed, none may go back."""
    if last is None or (number.appendix and not last.appendix):
        return all(part in (0, 1, 2) for part in number.path)
    if last.appendix and not number.appendix:
        return False
    for depth, part in enumerate(number.path):
        step = part - last.path[depth] if depth < len(last.path) else part
        if step or depth >= len(last.path):
            return step in (1, 2) and all(rest in (0, 1, 2) for rest in number.path[depth + 1 :])
    return False


def _unnumbered(block: Block, style: _Style, *, past_front: bool) -> tuple[str, int] | None:
    """Title and level of a heading without number; None for any other block."""
    if not _may_be_heading(block, style):
        return None
    text = " ".join(block.text.split())
    if is_printed_title(text):
        return text.rstrip(".:"), 1
    # Without a number, a name or a converter that says so, bold words are labels of figures.
    trusted = block.kind == "heading" or (block.kind == "text" and not style.numbered)
    if not past_front or not trusted or is_keywords(text):
        return None
    # The statement of a theorem is in italics too.
    if not _stands_out(block, style) or any(line.italic and not line.bold for line in block.lines):
        return None
    if style.numbered and _NUMBERED.match(text):
        return None
    # A longer title is in larger type, not a bold sentence.
    most = 24 if all(line.size > 1.05 * style.body for line in block.lines) else 14
    return (text, _level_of_type(block, style)) if _reads_as_title(text, most) else None


def _may_be_heading(block: Block, style: _Style) -> bool:
    if block.kind not in ("heading", "title", "text", "figure"):
        return False
    if block.kind != "heading" and _in_cells(block):
        return False
    if not 2 < len(block.text) <= _MAX_HEADING:
        return False
    return block.kind == "heading" or _stands_out(block, style)


def _in_cells(block: Block) -> bool:
    """Return whether lines of a block are beside each other, as in a row of a table."""
    return any(
        abs(b.box[1] - a.box[1]) < 0.3 * (a.box[3] - a.box[1]) for a, b in pairwise(block.lines)
    )


def _reads_as_title(text: str, most_words: int) -> bool:
    words = text.split()
    return (
        (text[0].isupper() or text[0].isdigit())
        and sum(map(str.isalpha, text)) >= 3
        and len(words) <= most_words
        and text[-1] not in ".,;:"
        and not re.search(r"[a-z]{2}[.?!] ", text)
        and not _MATHEMATICS.search(text)
        and not _FLOAT.match(text)
        and not _STATEMENT.match(text)
    )


def _stands_out(block: Block, style: _Style) -> bool:
    """Return whether a block is bold, larger than the running text, or all in capitals."""
    if not block.lines:
        return block.kind == "heading"
    lines = block.lines
    if len(lines) > 4 or any(line.size < 0.9 * style.body for line in lines):
        return False
    letters = [char for char in block.text if char.isalpha()]
    capitals = len(letters) > 3 and sum(map(str.isupper, letters)) > 0.9 * len(letters)
    return capitals or all(
        line.bold or line.italic or line.size > 1.08 * style.body for line in lines
    )


def _level_of_type(block: Block, style: _Style) -> int:
    """Level of a heading without number, by its size against those with numbers."""
    size = _size(block)
    if size in style.sizes:
        # As large as the numbered ones of a level: one below, unless that is the top level.
        level = style.sizes[size]
        return level if level == 1 or not style.numbered else min(level + 1, 4)
    larger = [level for known, level in style.sizes.items() if known > size]
    return min(max(larger, default=0) + 1, 4)


# --- Learning the paper's style ------------------------------------------------------------------


def _learn(blocks: Sequence[Block]) -> _Style:
    """Return the style as far as the type alone shows it."""
    by_size = Counter[float]()
    for block in blocks:
        if block.kind == "text":
            for line in block.lines:
                by_size[line.size] += len(line.text)
    body = by_size.most_common(1)[0][0] if by_size else 10.0
    style = _Style(body=body, numbered=True, roman=False, sizes={})
    n_roman = sum(
        bool(re.match(r"(?:II|III|IV|VI)\.[\s\u2003]", block.text))
        for block in blocks
        if _may_be_heading(block, style)
    )
    return replace(style, roman=n_roman >= 2)


def _levels_of_sizes(blocks: Sequence[Block], numbers: Mapping[int, Numbered]) -> dict[float, int]:
    """Level by type size: from the numbered headings, else by rank among marked headings."""
    sizes: dict[float, int] = {}
    for at, number in numbers.items():
        size = _size(blocks[at])
        sizes[size] = max(sizes.get(size, 0), min(len(number.path), 4))
    if len(numbers) >= 3:
        return sizes
    titles = (at for at, block in enumerate(blocks) if is_printed_title(block.text.strip()))
    marked = {
        _size(block)
        for block in blocks[next(titles, 0) :]  # the paper's own title is before it
        if block.kind == "heading" and block.lines and not is_abstract(block.text.strip())
    }
    return {size: min(rank, 3) for rank, size in enumerate(sorted(marked, reverse=True), start=1)}


def _size(block: Block) -> float:
    return max((line.size for line in block.lines), default=0.0)


# --- Blocks made ready ---------------------------------------------------------------------------


def _split(block: Block) -> Iterable[Block]:
    """Split a block before and after each heading in it: a line with its number and type.

    Lines in the same type that follow without a number belong to it.
    """
    if block.kind not in ("text", "figure") or len(block.lines) < 2:
        return (block,)
    ordinary = Counter(line.size for line in block.lines).most_common(1)[0][0]
    pieces: list[Block] = []
    rest, lines = block.text, block.lines
    start = at = 0
    while at < len(lines):
        line = lines[at]
        apart = line.bold or line.size > 1.08 * ordinary
        at += 1
        if not (apart and _NUMBERED.match(line.text) and len(line.text) <= _MAX_HEADING):
            continue
        before, found, after = rest.partition(line.text)
        if not found:
            continue
        title, first = line.text, at - 1
        while at < len(lines) and _same_heading(line, lines[at], len(title)):
            _, found, tail = after.partition(lines[at].text)
            if not found:
                break
            title, after, at = f"{title} {lines[at].text}", tail, at + 1
        if before.strip():
            pieces.append(replace(block, text=before.strip(), lines=lines[start:first]))
        pieces.append(replace(block, text=title, lines=lines[first:at]))
        rest, start = after, at
    if rest.strip():
        pieces.append(replace(block, text=rest.strip(), lines=lines[start:]))
    return pieces


def _same_heading(line: PdfLine, following: PdfLine, n_characters: int) -> bool:
    """Return whether the next line of a block goes on with a heading."""
    same = line.bold and following.bold and abs(line.size - following.size) < 0.3
    short = n_characters + len(following.text) <= _MAX_HEADING
    return same and short and not _NUMBERED.match(following.text)
