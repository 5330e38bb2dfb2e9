"""Blocks of a PDF to title, abstract and sections: rules for how papers are printed.

A heading is known by its number, which must follow from the numbers before it, by its type against
that of the running text, or by being one of the words that papers put above a part. The converter's
own opinion is evidence, not proof: it takes bold lines of any kind for headings and misses those
that are close to other text.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from cycledata.formats.section_titles import (
    is_abstract,
    is_appendix,
    is_keywords,
    is_printed_title,
    is_references,
)
from cycledata.parse.pdf.convert import Block, Converted, PdfLine
from cycledata.parse.pdf.groups import RUN_IN
from cycledata.parse.pdf.heading_type import (
    MAX_HEADING,
    HeadingStyle,
    is_bold,
    is_marked,
    is_plain_heading,
    may_be_heading,
    reads_as_title,
    size_of,
    stands_out,
)
from cycledata.parse.pdf.layout import laid_out
from cycledata.parse.pdf.numbering import (
    MOST_MISSED,
    NUMBERED,
    PER_MISSED,
    Numbered,
    n_missed,
    placed_after,
    readings,
)

_CITATION = re.compile(r"\b[A-Z]\.|\b(?:19|20)\d\d\b|\bet al")
_MAX_CANDIDATES = 1_000


@dataclass(frozen=True, slots=True)
class Part:
    """A heading and the text under it; level 0 for the front matter."""

    level: int
    title: str
    blocks: tuple[Block, ...]
    appendix: bool
    starred: bool


def parts_of(document: Converted) -> list[Part]:
    """Return the document cut at its headings, in reading order, running heads left out."""
    blocks = [piece for block in laid_out(document) for piece in _split(block)]
    style = _learn(blocks)
    numbers = _numbered_headings(blocks, style)
    if len(numbers) < 3:
        plain = replace(style, plain=True)
        others = _numbered_headings(blocks, plain)
        if len(others) >= 3 and is_printed_title(others[min(others)].title):
            style, numbers = plain, others
    numbers |= _numbered_anew(blocks, style, max(numbers, default=len(blocks)))
    n_marked = sum(is_marked(blocks[at], style) for at in numbers)
    style = replace(
        style,
        numbered=len(numbers) >= 3,
        sizes=_levels_of_sizes(blocks, numbers),
        marked=n_marked > 0.5 * len(numbers),
    )
    parts: list[Part] = []
    title, level, starred, appendix = "", 0, False, False
    references: Block | None = None
    gathered: list[Block] = []
    for at, block in enumerate(blocks):
        number = numbers.get(at)
        if number is not None:
            found = (_without_stop(number.title), min(len(number.path), 4))
        else:
            past = level > 0 and (references is None or _same_type(block, references))
            unnumbered = _unnumbered(block, style, past_front=past)
            if unnumbered is None:
                gathered.append(block)
                continue
            found = unnumbered
        parts.append(Part(level, title, tuple(gathered), appendix, starred))
        gathered = []
        title, level = found
        references = block if is_references(title) else None
        starred = number is None
        appendix = appendix or is_appendix(title) or bool(number and number.appendix)
    parts.append(Part(level, title, tuple(gathered), appendix, starred))
    return parts


def _without_stop(title: str) -> str:
    """Return a title without the stop that some styles print after it."""
    return title[:-1] if re.search(r"[^\W\d_]{3}[.:]\Z", title) else title


# --- Headings ------------------------------------------------------------------------------------


def _numbered_headings(blocks: Sequence[Block], style: HeadingStyle) -> dict[int, Numbered]:
    """Blocks that are numbered headings, by position: the longest run of numbers in sequence.

    List items, table cells and equations carry numbers too. What tells headings apart is that all
    of them together count up, so the longest chain in which each can follow the one before wins.
    """
    abstract = next((i for i, b in enumerate(blocks) if is_abstract(b.text.strip())), -1)
    best: list[tuple[float, int, Numbered, int]] = []  # score, block, number, previous in the list
    in_references, size = False, 0.0
    for at, block in enumerate(blocks):
        if is_references(block.text.strip()) and may_be_heading(block, style):
            in_references, size = True, size_of(block)
        plain = is_plain_heading(block, style)
        if at < abstract or len(best) >= _MAX_CANDIDATES:
            continue
        if not (plain or may_be_heading(block, style)):
            continue
        text = " ".join(block.text.split())
        trusted = block.kind == "heading"
        weight = 1.0 if trusted else 0.5 if plain else 0.8
        weight += 0.1 * (size_of(block) > 1.08 * style.body)
        strong = trusted and (size_of(block) > 1.08 * style.body or is_bold(block))
        for reading in readings(text, roman=style.roman, trusted=trusted, strong=strong):
            if reading.appendix and block.page == 0 and size_of(block) > 1.4 * style.body:
                continue  # the title of a paper may start with "A"
            if in_references and not _may_follow_references(reading, block, size):
                continue
            most = MOST_MISSED if trusted else 0 if plain else 1
            found = None
            if not reading.inherits and (missed := n_missed(reading, None)) <= most:
                found = (weight - PER_MISSED * missed, at, reading, -1)
            for index, (score, before, last, _) in enumerate(best):
                number = placed_after(reading, last)
                if number is None or before >= at or (missed := n_missed(number, last)) > most:
                    continue
                score += weight - PER_MISSED * missed
                if found is None or score > found[0]:
                    found = (score, at, number, index)
            if found:
                best.append(found)
    chain: dict[int, Numbered] = {}
    index = max(range(len(best)), key=lambda i: best[i][0], default=-1)
    while index >= 0:
        _, at, number, index = best[index]
        chain[at] = number
    return chain


def _is_supplement(title: str) -> bool:
    """Return whether a title is that of an appendix; the items of a checklist are no headings."""
    return is_appendix(title) and not title.lower().endswith("checklist")


def _numbered_anew(blocks: Sequence[Block], style: HeadingStyle, last: int) -> dict[int, Numbered]:
    """Return the numbered headings of a supplement that starts again from 1, by position.

    Args:
        blocks: those of the whole paper.
        style: how it prints.
        last: position of the last numbered heading before.
    """
    start = next(
        (
            at + 1
            for at in range(last + 1, len(blocks))
            if blocks[at].kind == "heading" and _is_supplement(blocks[at].text.strip())
        ),
        len(blocks),
    )
    found = _numbered_headings(blocks[start:], style)
    if not found or any(blocks[start + at].kind != "heading" for at in found):
        return {}
    first = found[min(found)]
    return {start + at: n for at, n in found.items()} if first.path == (1,) else {}


def _may_follow_references(number: Numbered, block: Block, size: float) -> bool:
    """Return whether a number after the references is a heading's and not that of an entry.

    Args:
        number: the number and the words after it.
        block: where it is.
        size: type size of the heading "References".
    """
    if number.appendix and not _CITATION.search(number.title):
        return True
    return block.kind == "heading" and (len(number.path) > 1 or size_of(block) > size - 0.3)


def _unnumbered(block: Block, style: HeadingStyle, *, past_front: bool) -> tuple[str, int] | None:
    """Title and level of a heading without number; None for any other block."""
    if not may_be_heading(block, style):
        return None
    text = " ".join(block.text.split())
    if is_printed_title(text):
        return text.rstrip(".:"), 1
    # Without a number, a name or a converter that says so, bold words are labels of figures.
    trusted = block.kind == "heading" or (block.kind == "text" and not style.numbered)
    if not past_front or not trusted or is_keywords(text):
        return None
    if block.kind == "heading" and RUN_IN.fullmatch(text):
        text = text[:-1].rstrip()
        level = max(style.sizes.values(), default=0) + 1 if style.numbered else 1
        return (text, min(level, 4)) if reads_as_title(text, 12) else None
    # The statement of a theorem is in italics too.
    if not stands_out(block, style) or any(line.italic and not line.bold for line in block.lines):
        return None
    if style.numbered and (NUMBERED.match(text) or (style.marked and not is_marked(block, style))):
        return None
    # A longer title is in larger type, not a bold sentence.
    most = 24 if all(line.size > 1.05 * style.body for line in block.lines) else 14
    # Small capitals are lower-case letters to some fonts.
    if text.islower() and len(text.split()) <= 10 and size_of(block) > 1.25 * style.body:
        text = text[0].upper() + text[1:]
    return (text, _level_of_type(block, style)) if reads_as_title(text, most) else None


def _same_type(block: Block, heading: Block) -> bool:
    """Return whether a block is in the type of a heading, e.g. of that of the references."""
    if block.kind != "heading" or not block.lines or not heading.lines:
        return False
    first, other = block.lines[0], heading.lines[0]
    return (first.bold, first.font) == (other.bold, other.font) and abs(
        first.size - other.size
    ) < 0.3


def _level_of_type(block: Block, style: HeadingStyle) -> int:
    """Level of a heading without number, by its size against those with numbers."""
    size = size_of(block)
    if size in style.sizes:
        # As large as the numbered ones of a level: one below, unless that is the top level.
        level = style.sizes[size]
        return level if level == 1 or not style.numbered else min(level + 1, 4)
    larger = [level for known, level in style.sizes.items() if known > size]
    return min(max(larger, default=0) + 1, 4)


# --- Learning the paper's style ------------------------------------------------------------------


def _learn(blocks: Sequence[Block]) -> HeadingStyle:
    """Return the style as far as the type alone shows it."""
    by_size = Counter[float]()
    for block in blocks:
        if block.kind == "text":
            for line in block.lines:
                by_size[line.size] += len(line.text)
    body = by_size.most_common(1)[0][0] if by_size else 10.0
    style = HeadingStyle(body=body, numbered=True, roman=False, sizes={})
    n_roman = sum(
        bool(re.match(r"(?:II|III|IV|VI)\.[\s\u2003]", block.text))
        for block in blocks
        if may_be_heading(block, style)
    )
    return replace(style, roman=n_roman >= 2)


def _levels_of_sizes(blocks: Sequence[Block], numbers: Mapping[int, Numbered]) -> dict[float, int]:
    """Level by type size: from the numbered headings, else by rank among marked headings."""
    sizes: dict[float, int] = {}
    for at, number in numbers.items():
        size = size_of(blocks[at])
        sizes[size] = max(sizes.get(size, 0), min(len(number.path), 4))
    if len(numbers) >= 3:
        return sizes
    titles = (at for at, block in enumerate(blocks) if is_printed_title(block.text.strip()))
    marked = {
        size_of(block)
        for block in blocks[next(titles, 0) :]  # the paper's own title is before it
        if block.kind == "heading" and block.lines and not is_abstract(block.text.strip())
    }
    return {size: min(rank, 3) for rank, size in enumerate(sorted(marked, reverse=True), start=1)}


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
        if not (apart and NUMBERED.match(line.text) and len(line.text) <= MAX_HEADING):
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
    short = n_characters + len(following.text) <= MAX_HEADING
    return same and short and not NUMBERED.match(following.text)
