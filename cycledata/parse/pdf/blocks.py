"""Lines of a PDF to blocks in reading order: columns, paragraphs, headings, captions, notes."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from cycledata.formats.section_titles import is_keywords, is_printed_title
from cycledata.parse.pdf.columns import (
    Type,
    body_type,
    differs,
    front_cut,
    gutters,
    in_capitals,
    in_order,
    side_by_side,
    usual_gutter,
)
from cycledata.parse.pdf.convert import Block, Box, Kind
from cycledata.parse.pdf.lines import TextLine, line_of
from cycledata.parse.pdf.runs import Page, Run

NUMBER_FIRST = re.compile(
    r"(?:\d{1,2}(?:\.\d{1,2}){0,3}|[A-Z](?:\.\d{1,2}){1,3}|[A-Z](?=[.\s])|[IVX]{1,5}(?=\.))[.):]?\s+(?:[|∣│]\s+)?\S"
)
_CAPTION = re.compile(
    r"(?P<what>figure|fig\.?|table|tab\.|algorithm|listing|scheme)\s?(?P<number>[A-Z]?[\d.]{0,5}\d|[IVX]{1,5})"
    r"(?:\s?[:.|—–-]|\s*\Z|(?=\s[A-Z]))",
    re.IGNORECASE,
)
_ITEM = re.compile(r"[•●◦▪∗·–—-]\s|\(?[a-z0-9ivx]{1,3}[.)]\s|\[\d{1,3}\]\s")
_NOTE_MARK = re.compile(r"(?:\d{1,2}|[∗*†‡§¶⋆]+)\s?\S")
_MAX_HEADING_LINES = 4
_MAX_BELOW = 200
"""Groups that are looked at below a footnote."""


@dataclass(slots=True)
class _Group:
    """Lines that become one block."""

    page: int
    column: int
    """-1 for what spans several columns."""
    lines: list[TextLine]
    above: float
    """Distance of its first baseline from the line above it in its column, in its size."""
    kind: Kind = "text"
    below: float = field(default=9.0)

    @property
    def left(self) -> float:
        return min(line.left for line in self.lines)

    @property
    def right(self) -> float:
        return max(line.right for line in self.lines)

    @property
    def top(self) -> float:
        return min(line.top for line in self.lines)

    @property
    def bottom(self) -> float:
        return max(line.bottom for line in self.lines)


def blocks_of(pages: Sequence[Page], lines: Sequence[Sequence[TextLine]]) -> list[Block]:
    """Return the blocks of a document in reading order.

    Args:
        pages: its pages.
        lines: the lines of each, from top to bottom.
    """
    body = body_type(lines)
    usual = usual_gutter(pages, lines, body)
    blocks: list[Block] = []
    for number, (page, printed) in enumerate(zip(pages, lines, strict=True)):
        groups = _page_groups(number, page, printed, body, usual)
        blocks += [_block(group, page) for group in groups]
    return blocks


# --- Columns -------------------------------------------------------------------------------------


# --- Groups --------------------------------------------------------------------------------------


def _page_groups(
    number: int, page: Page, lines: Sequence[TextLine], body: Type, usual: float | None
) -> list[_Group]:
    drawn, printed = _apart_from_figures(page, lines, body)
    between = gutters(page, printed, body)
    if not between and usual is not None and side_by_side(printed, usual * page.width):
        between = [usual * page.width]  # a page with a wide abstract or figures
    cut = front_cut(printed, between, body) if number == 0 else 0.0
    groups: list[_Group] = []
    ordered = [
        (column, part)
        for column, line in in_order(printed, between, cut)
        for part in _without_run_in(line, body)
    ]
    margins = _margins(ordered)
    for column, line in ordered:
        last = groups[-1] if groups else None
        if last is not None and _joins(last, line, column, body, margins.get(column)):
            last.lines.append(line)
            continue
        gap = _gap(last, line, column)
        if last is not None:
            last.below = gap
        groups.append(_Group(number, column, [line], gap))
    _classify(groups, page, body, margins)
    groups += [_Group(number, -1, inside, 9.0, "figure") for inside in drawn]
    return groups


def _without_run_in(line: TextLine, body: Type) -> list[TextLine]:
    """Return a line, or a numbered heading and the text that goes on after it."""
    first = line.runs[0]
    if not first.text[:1].isalnum() or not NUMBER_FIRST.match(line.text()):
        return [line]
    at = next((i for i, run in enumerate(line.runs) if _is_ordinary(run, body)), len(line.runs))
    if at == len(line.runs) or at == 0:
        return [line]
    head = line_of(line.runs[:at])
    if not NUMBER_FIRST.match(head.text()) or head.text()[-1] not in ".:":
        return [line]
    return [head, line_of(line.runs[at:])]


def _is_ordinary(run: Run, body: Type) -> bool:
    return run.font == body.font and sum(map(str.isalpha, run.text)) > 2


def _gap(last: _Group | None, line: TextLine, column: int) -> float:
    if last is None or last.column != column or line.base <= last.lines[-1].base:
        return 9.0
    return (line.base - last.lines[-1].base) / line.size


def _margins(ordered: Sequence[tuple[int, TextLine]]) -> dict[int, tuple[float, float]]:
    """Return the left and right edge of the text of each column."""
    edges: dict[int, tuple[float, float]] = {}
    for column in {column for column, _ in ordered}:
        inside = [line for other, line in ordered if other == column and line.letters]
        if not inside:
            continue
        lefts = Counter(round(line.left) for line in inside)
        rights = sorted(line.right for line in inside)
        edges[column] = (lefts.most_common(1)[0][0], rights[int(0.8 * (len(rights) - 1))])
    return edges


def _joins(
    group: _Group, line: TextLine, column: int, body: Type, margin: tuple[float, float] | None
) -> bool:
    """Return whether a line continues a group's paragraph, heading or caption."""
    last = group.lines[-1]
    if group.column != column:
        return False
    size = max(last.size, line.size)
    step = line.base - last.base
    if abs(step) < 0.3 * size:  # cells of one row
        return line.left > last.right - size
    apart = differs(line, body)
    heading = apart and not line.italic
    limit = max(1.25 * body.leading if not heading else 1.45, 1.3)
    if not 0 < step < limit * size:
        return False
    if (abs(last.size - line.size) > 0.6 and line.size not in last.sizes) or last.bold != line.bold:
        # A formula or a few words in another type inside of a paragraph.
        return False
    if apart != differs(last, body) and line.font != last.font and (apart and line.bold):
        return False
    if apart and NUMBER_FIRST.match(line.text()):
        return False
    if apart and len(group.lines) == 1 and last.text().lower().rstrip(".:") in _ALONE:
        return False
    text = line.text()
    if _CAPTION.match(text) or _ITEM.match(text) or is_keywords(text):
        return False
    return (heading and not line.italic) or not _starts_paragraph(group, line, margin)


_ALONE = {"abstract", "references", "introduction", "acknowledgments", "acknowledgements"}


def _starts_paragraph(group: _Group, line: TextLine, margin: tuple[float, float] | None) -> bool:
    last = group.lines[-1]
    left, right = margin if margin else (group.left, group.right)
    size = line.size
    indented = line.left > last.left + 0.7 * size and last.left < left + 0.5 * size
    if indented and line.left < left + 4 * size and line.letters and not line.bold:
        return True
    short = last.right < right - 2.5 * size
    return short and last.text()[-1:] in ".!?:" and line.text()[:1].isupper()


# --- Kinds ---------------------------------------------------------------------------------------


def _classify(
    groups: list[_Group], page: Page, body: Type, margins: dict[int, tuple[float, float]]
) -> None:
    """Set the kind of each group of a page."""
    for at, group in enumerate(groups):
        text = _text(group)
        if found := _CAPTION.match(text):
            group.kind = "caption" if _is_caption(group, text, found) else "text"
        elif _is_heading(group, text, body, margins.get(group.column)) and not (
            at + 1 < len(groups) and _is_label(group, groups[at + 1], body)
        ):
            group.kind = "heading"
        elif _is_note(groups, at, page, body):
            group.kind = "footnote"
        elif _is_equation(group, text, margins.get(group.column)):
            group.kind = "equation"
    _mark_floats(groups, margins)


def _is_caption(group: _Group, text: str, found: re.Match[str]) -> bool:
    sentence = re.match(r"\s[a-z]", text[found.end() :])
    return not sentence and group.above > 1.1


def _is_heading(group: _Group, text: str, body: Type, margin: tuple[float, float] | None) -> bool:
    lines = group.lines
    if len(lines) > _MAX_HEADING_LINES or not 2 < len(text) <= 200:
        return False
    if not all(line.bold or line.size > 1.08 * body.size for line in lines):
        capitals = in_capitals(text)
        other = all(line.font != body.font and line.size >= 0.9 * body.size for line in lines)
        numbered = NUMBER_FIRST.match(text)
        if not (capitals and lines[0].size >= 0.9 * body.size) and not (other and numbered):
            return False
    if any(line.size < 0.9 * body.size for line in lines):
        return False
    # Cells of a row share a baseline, or are far from each other.
    if any(line.widest_gap > 1.6 for line in lines):
        return False
    if any(abs(b.base - a.base) < 0.3 * a.size for a, b in pairwise(lines)):
        return False
    if margin is not None:
        left, right = margin
        indent = lines[0].left - left
        centered = abs((lines[0].left + lines[0].right) / 2 - (left + right) / 2) < 6
        if indent > 2 * body.size and not centered:
            return False
    return group.above > 1.15 * body.leading


def _is_label(group: _Group, following: _Group, body: Type) -> bool:
    """Return whether a bold line starts the paragraph that follows, or names a listing."""
    if following.column != group.column:
        return False
    if following.above < 1.5 and _text(following)[:1].islower():
        return True
    first = following.lines[0]
    return first.font != body.font and first.size < 0.95 * body.size and not first.bold


def _is_note(groups: Sequence[_Group], at: int, page: Page, body: Type) -> bool:
    """Return whether a group is a footnote: small type with nothing but notes below it."""
    group = groups[at]
    if group.lines[0].size > 0.94 * body.size or group.top < 0.4 * page.height:
        return False
    if not any(line.letters for line in group.lines):
        return False
    for other in groups[at + 1 : at + _MAX_BELOW]:
        if other.column != group.column:
            break
        if other.lines[0].size > 0.94 * body.size and len(_text(other)) > 12:
            return False
    before = groups[at - 1] if at else None
    follows = before is not None and before.kind == "footnote" and before.column == group.column
    return bool(_NOTE_MARK.match(_text(group))) or follows or group.page == 0


def _is_equation(group: _Group, text: str, margin: tuple[float, float] | None) -> bool:
    if len(group.lines) > 6 or margin is None or len(text) > 300:
        return False
    if group.left < margin[0] + group.lines[0].size and len(text) > 40:
        return False
    words = sum(len(word) for word in re.findall(r"[A-Za-z]{4,}", text))
    solid = len(text.replace(" ", ""))
    signs = re.search(r"[=≤≥<>∑∫∏∈≈∝→+−×∀∃√|]", text)
    return bool(signs) and words < 0.35 * solid


def _is_prose(group: _Group, margin: tuple[float, float] | None) -> bool:
    """Return whether a group is running text and no part of a drawing or table."""
    text = _text(group)
    if group.kind in ("heading", "caption", "footnote"):
        return True
    letters = sum(map(str.isalpha, text))
    if letters < 0.6 * len(text.replace(" ", "")):
        return False
    rows = Counter(round(line.base) for line in group.lines)
    if max(rows.values()) > 1:
        return False
    wide = margin is None or group.right - group.left > 0.7 * (margin[1] - margin[0])
    return (wide and letters > 30) or len(text) > 150


def _mark_floats(groups: list[_Group], margins: dict[int, tuple[float, float]]) -> None:
    """Mark the letters of drawings above their captions and the rows of tables beside theirs."""
    for at, group in enumerate(groups):
        found = _CAPTION.match(_text(group)) if group.kind == "caption" else None
        if not found:
            continue
        kind: Kind = "figure" if found["what"].lower().startswith("fig") else "table"
        steps = [range(at - 1, -1, -1), range(at + 1, len(groups))]
        if kind == "table":
            steps.reverse()
        for step in steps:
            n = 0
            labels: list[_Group] = []
            for other in (groups[i] for i in step):
                margin = margins.get(other.column)
                if other.column != group.column:
                    break
                if kind == "figure" and _is_unnumbered_heading(other):
                    labels.append(other)  # a bold label if more of a drawing is above it
                    continue
                if _is_prose(other, margin):
                    break
                for each in (*labels, other):
                    each.kind = kind
                labels = []
                n += 1
            if n:
                break


def _is_unnumbered_heading(group: _Group) -> bool:
    text = _text(group)
    return group.kind == "heading" and not (NUMBER_FIRST.match(text) or is_printed_title(text))


def _apart_from_figures(
    page: Page, lines: Sequence[TextLine], body: Type
) -> tuple[list[list[TextLine]], list[TextLine]]:
    """Return the lines inside each embedded drawing, and the others."""
    drawn: list[list[TextLine]] = []
    rest = list(lines)
    for left, top, right, bottom in page.figures:
        inside = [
            line
            for line in rest
            if left - 2 <= (line.left + line.right) / 2 <= right + 2
            and top - 2 <= (line.top + line.bottom) / 2 <= bottom + 2
        ]
        letters = sum(sum(line.letters.values()) for line in inside)
        as_text = sum(
            sum(line.letters.values())
            for line in inside
            if line.font == body.font and line.width > 0.25 * page.width
        )
        # Some programs put the whole text of a page into one drawing.
        if not inside or as_text > 0.4 * letters:
            continue
        drawn.append(inside)
        rest = [line for line in rest if line not in inside]
    return drawn, rest


# --- Blocks --------------------------------------------------------------------------------------


def _text(group: _Group) -> str:
    """Return the lines of a group; a hyphen at a line's end goes before a lower-case letter."""
    text = ""
    last: TextLine | None = None
    for line in group.lines:
        printed = line.text()
        if not text:
            text = printed
        elif text.endswith("-") and printed[:1].islower():
            text = text[:-1] + printed
        elif text[-2:-1].isalpha() and text.endswith("-") and printed[:1].isupper():
            text += printed
        elif group.kind == "table" and last is not None and line.base - last.base > 0.3 * line.size:
            text += "\n" + printed
        else:
            text += " " + printed
        last = line
    return text


def _block(group: _Group, page: Page) -> Block:
    box: Box = (
        group.left / page.width, group.top / page.height,
        group.right / page.width, group.bottom / page.height,
    )  # fmt: skip
    lines = tuple(line.printed(page) for line in group.lines)
    return Block(group.kind, _text(group), group.page, box, lines)
