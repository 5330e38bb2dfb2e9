"""Figures and tables of a page: embedded drawings, and what is beside captions."""

import re
from collections import Counter
from collections.abc import Sequence

from cycledata.formats.section_titles import is_printed_title
from cycledata.parse.pdf.columns import Type
from cycledata.parse.pdf.convert import Kind
from cycledata.parse.pdf.groups import CAPTION, NUMBER_FIRST, Group, text_of
from cycledata.parse.pdf.lines import TextLine
from cycledata.parse.pdf.runs import Page

_DEEP_NUMBER = re.compile(r"\d{1,2}\.\d{1,2}[.\d]{0,6}\s[A-Z][a-z]+[\s:]+[A-Z]?[a-z]")


def mark_floats(groups: list[Group], margins: dict[int, tuple[float, float]]) -> None:
    """Mark the letters of drawings above their captions and the rows of tables beside theirs."""
    for at, group in enumerate(groups):
        found = CAPTION.match(text_of(group)) if group.kind == "caption" else None
        if not found:
            continue
        kind: Kind = "figure" if found["what"].lower().startswith("fig") else "table"
        steps = [range(at - 1, -1, -1), range(at + 1, len(groups))]
        if kind == "table":
            steps.reverse()
        for step in steps:
            n = 0
            labels: list[Group] = []
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


def _is_unnumbered_heading(group: Group) -> bool:
    text = text_of(group)
    return group.kind == "heading" and not (NUMBER_FIRST.match(text) or is_printed_title(text))


def apart_from_figures(
    page: Page, lines: Sequence[TextLine], body: Type
) -> tuple[list[list[TextLine]], list[TextLine]]:
    """Return the lines inside each embedded drawing, and the others."""
    drawn: list[list[TextLine]] = []
    rest = list(lines)
    for left, top, right, bottom in page.figures:
        inside: list[TextLine] = []
        outside: list[TextLine] = []
        for line in rest:
            within = (
                left - 2 <= (line.left + line.right) / 2 <= right + 2
                and top - 2 <= (line.top + line.bottom) / 2 <= bottom + 2
            )
            within = within and not _is_beside_drawing(line, body)
            (inside if within else outside).append(line)
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
        rest = outside
    return drawn, rest


def _is_beside_drawing(line: TextLine, body: Type) -> bool:
    """Return whether a line is of the page itself, though a drawing with wide margins covers it."""
    if line.size < 0.95 * body.size or sum(line.letters.values()) < 8:
        return False
    return not any(run.nested for run in line.runs)


def _is_prose(group: Group, margin: tuple[float, float] | None) -> bool:
    """Return whether a group is running text and no part of a drawing or table."""
    text = text_of(group)
    if group.kind in ("heading", "caption", "footnote"):
        return True
    if len(group.lines) == 1 and group.above > 1.4 and _DEEP_NUMBER.match(text):
        return True
    letters = sum(map(str.isalpha, text))
    if letters < 0.6 * len(text.replace(" ", "")):
        return False
    rows = Counter(round(line.base) for line in group.lines)
    if max(rows.values()) > 1:
        return False
    wide = margin is None or group.right - group.left > 0.7 * (margin[1] - margin[0])
    return (wide and letters > 30) or len(text) > 150
