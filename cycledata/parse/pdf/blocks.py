"""Lines of a PDF to blocks in reading order: columns, paragraphs, headings, captions, notes."""

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from cycledata.formats.section_titles import is_abstract, is_keywords
from cycledata.parse.pdf.columns import (
    Type,
    beside_text,
    body_type,
    differs,
    front_cut,
    gutters,
    in_capitals,
    in_order,
    side_by_side,
    usual_gutter,
)
from cycledata.parse.pdf.convert import Block, Box
from cycledata.parse.pdf.floats import apart_from_figures, mark_floats
from cycledata.parse.pdf.groups import CAPTION, NUMBER_FIRST, RUN_IN, Group, text_of
from cycledata.parse.pdf.lines import TextLine, line_of
from cycledata.parse.pdf.runs import Page, Run

_ITEM = re.compile(r"[•●◦▪∗·–—-]\s|\(?[a-z0-9ivx]{1,3}[.)]\s|\[\d{1,3}\]\s")
_CELL = re.compile(r"[-−–+±(]?\d[\d,]*(?:\.\d+)?[%kKM)]?|[-–—✓✗×]|N/?A")
_DEEP_NUMBER = re.compile(r"[\dA-Z]{1,2}\.\d{1,2}[\d.]{0,6}\s.*?[^\W\d_]{3}")
_NOTE_MARK = re.compile(r"(?:\d{1,2}|[∗*†‡§¶⋆]+)\s?\S")
_MAX_HEADING_LINES = 4
_MAX_BELOW = 200
"""Groups that are looked at below a footnote."""


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
) -> list[Group]:
    drawn, printed = apart_from_figures(page, lines, body)
    aside, printed = beside_text(page, printed, body) if number == 0 else ([], printed)
    between = gutters(page, printed, body)
    if not between and usual is not None and side_by_side(printed, usual * page.width):
        between = [usual * page.width]  # a page with a wide abstract or figures
    cut = front_cut(printed, between, body) if number == 0 else 0.0
    groups: list[Group] = []
    ordered = in_order(printed, between, cut)
    margins = _margins(ordered)
    parted = [
        (column, part, at > 0)
        for column, line in ordered
        for at, part in enumerate(_without_run_in(line, body))
    ]
    for column, line, cut_off in parted:
        last = groups[-1] if groups else None
        joins = last is not None and _joins(last, line, column, body, margins.get(column))
        if last is not None and joins and not cut_off:
            last.lines.append(line)
            continue
        gap = _gap(last, line, column)
        if last is not None:
            last.below = gap
        groups.append(Group(number, column, [line], gap))
    _classify(groups, page, body, margins)
    groups += [Group(number, -1, inside, 9.0, "figure") for inside in drawn]
    if aside:
        groups.append(Group(number, -1, aside, 9.0, "footer"))
    return groups


def _without_run_in(line: TextLine, body: Type) -> list[TextLine]:
    """Return a line, or a heading with a number or a dash and the text that goes on after it."""
    first = line.runs[0]
    if len(line.runs) > 1 and first.bold and not line.runs[1].bold and is_abstract(first.text):
        # With a stop after it, it is known by that.
        return [line_of(line.runs[:1]), line_of(line.runs[1:])] if first.text.isalpha() else [line]
    numbered = first.text[:1].isalnum() and NUMBER_FIRST.match(line.text())
    if not numbered and not (first.text[:1].isupper() and first.font != body.font):
        return [line]
    at = next(
        (i for i in range(len(line.runs)) if _is_ordinary(line.runs, i, body)), len(line.runs)
    )
    if at == len(line.runs) or at == 0:
        return [line]
    head = line_of(line.runs[:at])
    text = head.text()
    if RUN_IN.fullmatch(text) and not (is_abstract(text[:-1]) or is_keywords(text)):
        return [head, line_of(line.runs[at:])]
    if not NUMBER_FIRST.match(text):
        return [line]
    # Some journals print no stop after it; a deep number and another font are as clear.
    if text[-1] not in ".:" and (head.font == body.font or not _DEEP_NUMBER.match(text)):
        return [line]
    return [head, line_of(line.runs[at:])]


def _is_ordinary(runs: Sequence[Run], at: int, body: Type) -> bool:
    """Return whether a run is of the text: some letters in its font, or any after a stop."""
    least = 1 if at and runs[at - 1].text[-1:] in (".", ":") else 3
    return runs[at].font == body.font and sum(map(str.isalpha, runs[at].text)) >= least


def _gap(last: Group | None, line: TextLine, column: int) -> float:
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
        often = max(lefts.values())
        left = min(left for left, n in lefts.items() if n >= max(0.25 * often, min(2, often)))
        edges[column] = (left, rights[int(0.8 * (len(rights) - 1))])
    return edges


def _joins(
    group: Group, line: TextLine, column: int, body: Type, margin: tuple[float, float] | None
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
    if not apart and differs(last, body) and _goes_on_small(last, line):
        return step < 1.45 * last.size
    heading = apart and not line.italic
    limit = max(1.08 * body.leading, 1.45) if heading else max(1.25 * body.leading, 1.3)
    if not 0 < step < limit * size:
        return False
    bold = last.bold == line.bold or _is_large_and_partly_bold(last, line, body)
    if (abs(last.size - line.size) > 0.6 and line.size not in last.sizes) or not bold:
        # A formula or a few words in another type inside of a paragraph.
        return False
    if apart != differs(last, body) and line.font != last.font and (apart and line.bold):
        return False
    if apart and NUMBER_FIRST.match(line.text()):
        return False
    if not apart and _ends_heading(group, body, margin):
        return False
    if apart and len(group.lines) == 1 and last.text().lower().rstrip(".:") in _ALONE:
        return False
    text = line.text()
    if CAPTION.match(text) or _ITEM.match(text) or is_keywords(text):
        return False
    return (heading and not line.italic) or not _starts_paragraph(group, line, margin)


def _is_large_and_partly_bold(last: TextLine, line: TextLine, body: Type) -> bool:
    """Return whether a bold line of a large heading goes on with some words in another font."""
    large = last.size == line.size > 1.08 * body.size
    return large and last.bold and any(run.bold for run in line.runs)


def _goes_on_small(last: TextLine, line: TextLine) -> bool:
    """Return whether a line has only the small capitals of the line before."""
    return (
        line.size in last.sizes
        and line.size < last.size
        and (line.font, line.bold) == (last.font, last.bold)
        and in_capitals(last.text())
        and line.text().isupper()
    )


_ALONE = {"abstract", "references", "introduction", "acknowledgments", "acknowledgements"}


def _starts_paragraph(group: Group, line: TextLine, margin: tuple[float, float] | None) -> bool:
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
    groups: list[Group], page: Page, body: Type, margins: dict[int, tuple[float, float]]
) -> None:
    """Set the kind of each group of a page."""
    for at, group in enumerate(groups):
        text = text_of(group)
        if len(group.lines) == 1 and group.above > 1.15 * body.leading and RUN_IN.fullmatch(text):
            group.kind = "heading"
        elif found := CAPTION.match(text):
            group.kind = "caption" if _is_caption(group, text, found) else "text"
        elif _is_heading(group, text, body, margins.get(group.column)) and not (
            (at + 1 < len(groups) and _is_label(group, groups[at + 1], body))
            or _is_cell(groups, at)
        ):
            group.kind = "heading"
        elif _is_note(groups, at, page, body):
            group.kind = "footnote"
        elif _is_equation(group, text, margins.get(group.column)):
            group.kind = "equation"
        elif group.page > 0 and _is_head_of_table(group):
            group.kind = "table"
    mark_floats(groups, margins)


def _ends_heading(group: Group, body: Type, margin: tuple[float, float] | None) -> bool:
    """Return whether a group is a heading, known without what follows: numbered or capitals."""
    lines = group.lines
    if len(lines) > _MAX_HEADING_LINES:
        return False
    if margin is not None and lines[-1].right > margin[1] - 2 * lines[-1].size:
        return False
    if not all(differs(line, body) for line in lines):
        return False
    text = lines[0].text()
    return bool(NUMBER_FIRST.match(text)) or all(in_capitals(line.text()) for line in lines)


def _is_caption(group: Group, text: str, found: re.Match[str]) -> bool:
    sentence = re.match(r"\s[a-z]", text[found.end() :])
    return not sentence and group.above > 1.1


def _is_heading(group: Group, text: str, body: Type, margin: tuple[float, float] | None) -> bool:
    lines = group.lines
    marked = all(line.bold or line.size > 1.08 * body.size for line in lines)
    number = NUMBER_FIRST.match(text)
    most = (7, 260) if marked and number else (_MAX_HEADING_LINES, 200)
    if len(lines) > most[0] or not (3 if text.isascii() else 2) <= len(text) <= most[1]:
        return False
    if not marked:
        capitals = in_capitals(text)
        other = all(line.font != body.font and line.size >= 0.9 * body.size for line in lines)
        if not (capitals and (number or lines[0].size >= 0.9 * body.size)) and not (
            other and number
        ):
            return False
    small = number and (in_capitals(text) or all(line.bold for line in lines))
    least = 0.75 if small else 0.9
    if any(line.size < least * body.size for line in lines):
        return False
    # Cells of a row share a baseline, or are far from each other.
    if any(_has_cells(line) for line in lines):
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


def _has_cells(line: TextLine) -> bool:
    """Return whether a line has wide spaces, as a row of a table."""
    return line.widest_gap > 1.0


def _is_head_of_table(group: Group) -> bool:
    """Return whether a group is one bold row of cells."""
    lines = group.lines
    flat = all(abs(b.base - a.base) < 0.3 * a.size for a, b in pairwise(lines))
    cells = len(lines) > 1 or _has_cells(lines[0])
    return flat and cells and all(line.bold for line in lines)


def _is_cell(groups: Sequence[Group], at: int) -> bool:
    """Return whether a group in a column has on its baseline a line that spans the columns."""
    group = groups[at]
    return group.column >= 0 and any(
        other.column < 0
        and abs(other.lines[0].base - group.lines[0].base) < 0.3 * other.lines[0].size
        for other in groups[max(at - 2, 0) : at + 3]
    )


def _is_label(group: Group, following: Group, body: Type) -> bool:
    """Return whether a bold line starts the paragraph that follows, or names a listing or rows."""
    if following.column != group.column:
        return False
    text = text_of(group)
    if NUMBER_FIRST.match(text):
        large = all(line.size > 1.08 * body.size for line in group.lines)
    else:
        large = False
        if following.above < 1.6 and _is_row(following.lines[0]):
            return True
    if following.above < 1.5 and text_of(following)[:1].islower():
        return True
    first = following.lines[0]
    small = first.font != body.font and first.size < 0.95 * body.size and not first.bold
    return small and not large


def _is_row(line: TextLine) -> bool:
    """Return whether a line is a row of numbers, with or without a name before them."""
    words = line.text().split()
    numbers = sum(bool(_CELL.fullmatch(word)) for word in words)
    return numbers >= 2 and numbers >= 0.5 * len(words)


def _is_note(groups: Sequence[Group], at: int, page: Page, body: Type) -> bool:
    """Return whether a group is a footnote: small type with nothing but notes below it."""
    group = groups[at]
    if group.lines[0].size > 0.94 * body.size or group.top < 0.4 * page.height:
        return False
    if not any(line.letters for line in group.lines):
        return False
    for other in groups[at + 1 : at + _MAX_BELOW]:
        if other.column != group.column:
            break
        if other.lines[0].size > 0.94 * body.size and len(text_of(other)) > 12:
            return False
    before = groups[at - 1] if at else None
    follows = before is not None and before.kind == "footnote" and before.column == group.column
    if _NOTE_MARK.match(text_of(group)) or follows:
        return True
    # Without a mark: below running text of the first page, not an abstract in small type.
    return group.page == 0 and any(
        other.top < group.top
        and abs(other.lines[0].size - body.size) < 0.06 * body.size
        and len(text_of(other)) > 120
        for other in groups[max(at - _MAX_BELOW, 0) : at]
    )


def _is_equation(group: Group, text: str, margin: tuple[float, float] | None) -> bool:
    if len(group.lines) > 6 or margin is None or len(text) > 300:
        return False
    if group.left < margin[0] + group.lines[0].size and len(text) > 40:
        return False
    words = sum(len(word) for word in re.findall(r"[A-Za-z]{4,}", text))
    solid = len(text.replace(" ", ""))
    signs = re.search(r"[=≤≥<>∑∫∏∈≈∝→+−×∀∃√|]", text)
    return bool(signs) and words < 0.35 * solid


# --- Blocks --------------------------------------------------------------------------------------


def _block(group: Group, page: Page) -> Block:
    box: Box = (
        group.left / page.width, group.top / page.height,
        group.right / page.width, group.bottom / page.height,
    )  # fmt: skip
    lines = tuple(line.printed(page) for line in group.lines)
    return Block(group.kind, text_of(group), group.page, box, lines)
