"""Columns of a page, found by the white stripe between them, and the type of the running text."""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from cycledata.parse.pdf.lines import TextLine
from cycledata.parse.pdf.runs import Page, is_mathematical

_BINS = 200
_VARIABLES = re.compile(r"[\u0370-\u03ff\u2100-\u214f\U0001d400-\U0001d7ff]")
"""Greek letters and those of mathematics."""


@dataclass(frozen=True, slots=True)
class Type:
    """Type of the running text, learned from all lines."""

    size: float
    font: str
    leading: float
    """Distance of two baselines, in units of the size."""


def body_type(lines: Sequence[Sequence[TextLine]]) -> Type:
    """Return the type of most letters."""
    letters = Counter[tuple[float, str]]()
    for printed in lines:
        for line in printed:
            for (font, size, _, _), n in line.letters.items():
                letters[size, font] += n
    if not letters:
        return Type(10.0, "", 1.2)
    sizes = Counter[float]()
    for (size, _), n in letters.items():
        sizes[size] += n
    size = sizes.most_common(1)[0][0]
    font = max((n, font) for (each, font), n in letters.items() if each == size)[1]
    steps = Counter[float]()
    for printed in lines:
        for line, following in pairwise(sorted(printed, key=lambda ln: (round(ln.left), ln.base))):
            if line.size == following.size == size and abs(line.left - following.left) < 1:
                step = round((following.base - line.base) / size, 1)
                if 0.9 < step < 3.0:
                    steps[step] += 1
    return Type(size, font, steps.most_common(1)[0][0] if steps else 1.2)


def gutters(page: Page, lines: Sequence[TextLine], body: Type) -> list[float]:
    """Return the middles of the white stripes between the columns of a page; mostly one or none."""
    text = [
        line
        for line in lines
        if abs(line.size - body.size) < 1.6
        and sum(line.letters.values()) > 15
        and line.width > 0.15 * page.width
    ]
    covered = _covered(page, text)
    found = _stripes(page, text, covered, 0.12)
    if found or len(text) < 10:
        return found
    loose = _stripes(page, text, covered, 0.4)
    return [middle for middle in loose if _in_two_columns(page, text, middle)]


def _covered(page: Page, text: Sequence[TextLine]) -> list[int]:
    """Return how many lines are at each of some places between the edges of a page."""
    steps = [0] * (_BINS + 1)
    for line in text:
        first = max(int(line.left / page.width * _BINS), 0)
        last = min(int(line.right / page.width * _BINS), _BINS - 1)
        if first <= last:
            steps[first] += 1
            steps[last + 1] -= 1
    return list(accumulate(steps[:_BINS]))


def _in_two_columns(page: Page, text: Sequence[TextLine], middle: float) -> bool:
    """Return whether the lines beside a stripe are columns, below a wide abstract for example."""
    for side in (
        [line for line in text if line.right <= middle + 1],
        [line for line in text if line.left >= middle - 1],
    ):
        wide = sorted(line.width for line in side)
        edges = Counter(round(line.left / 3) for line in side)
        if len(side) < 0.2 * len(text) or wide[len(wide) // 2] < 0.25 * page.width:
            return False
        if edges.most_common(1)[0][1] < 0.5 * len(side):
            return False
    return True


def _stripes(
    page: Page, text: Sequence[TextLine], covered: Sequence[int], crossed: float
) -> list[float]:
    """Return the middles of the stripes that at most a share of the lines cross."""
    found: list[float] = []
    allowed = crossed * len(text)
    at = _BINS // 4
    while at < 3 * _BINS // 4:
        end = at
        while end < 3 * _BINS // 4 and covered[end] <= allowed:
            end += 1
        if end > at:
            lowest = min(covered[at:end])
            stripe = [i for i in range(at, end) if covered[i] == lowest]
            middle = (stripe[0] + stripe[-1] + 1) / 2 / _BINS * page.width
            left = sum(line.right <= middle + 1 for line in text)
            right = sum(line.left >= middle - 1 for line in text)
            if min(left, right) >= max(3, 0.12 * len(text)):
                found.append(middle)
        at = end + 1
    return found


def beside_text(
    page: Page, lines: Sequence[TextLine], body: Type
) -> tuple[list[TextLine], list[TextLine]]:
    """Return the lines of a narrow column of small type left of the text, and the others.

    Some journals print dates, addresses, citation and license there on the first page.
    """
    wide = [line for line in lines if line.width > 0.45 * page.width]
    edges = Counter(round(line.left) for line in wide if line.left > 0.18 * page.width)
    left, n = max(edges.items(), key=lambda each: each[1], default=(0, 0))
    heights = [line.base for line in wide if round(line.left) == left]
    if n < 6:
        return [], list(lines)
    first, last = min(heights) - 8 * body.size, max(heights) + 4 * body.size
    narrow: list[TextLine] = []
    others: list[TextLine] = []
    for line in lines:
        small = line.size < 0.93 * body.size and line.right < left - 2 and first < line.base < last
        (narrow if small else others).append(line)
    if len(narrow) < 4:
        return [], list(lines)
    top, bottom = min(line.top for line in narrow), max(line.bottom for line in narrow)
    between = [line for line in others if top < line.base < bottom]
    over = sum(line.left < left - 5 for line in between)
    if over > 0.1 * len(between):
        return [], list(lines)
    return narrow, others


def usual_gutter(
    pages: Sequence[Page], lines: Sequence[Sequence[TextLine]], body: Type
) -> float | None:
    """Return the gutter of most pages as a share of the width; None for one column."""
    found = []
    for page, printed in zip(pages, lines, strict=True):
        between = gutters(page, printed, body)
        if len(between) == 1:
            found.append(between[0] / page.width)
    return sorted(found)[len(found) // 2] if found and len(found) >= 0.3 * len(pages) else None


def side_by_side(lines: Sequence[TextLine], middle: float) -> bool:
    """Return whether there is text on both sides of a gutter at the same height."""
    left = {round(line.base / 30) for line in lines if line.right < middle + 1}
    long = {
        round(line.base / 30)
        for line in lines
        if line.left > middle - 1 and sum(line.letters.values()) > 16
    }
    return len(left & long) >= 3


def _column_of(line: TextLine, between: Sequence[float]) -> int:
    """Return a line's column, from 0; -1 if it crosses a gutter."""
    if any(line.left < middle - 2 and line.right > middle + 2 for middle in between):
        return -1
    return bisect_right(between, (line.left + line.right) / 2)


def in_order(
    lines: Sequence[TextLine], between: Sequence[float], cut: float
) -> list[tuple[int, TextLine]]:
    """Return the lines column by column, between those that span all; ``cut`` ends the front."""
    ordered: list[tuple[int, TextLine]] = []
    columns: list[list[TextLine]] = [[] for _ in range(len(between) + 1)]

    def flush() -> None:
        for number, column in enumerate(columns):
            ordered.extend((number, line) for line in column)
            column.clear()

    for line in sorted(lines, key=lambda line: (round(line.base), line.left)):
        column = _column_of(line, between) if line.base >= cut else -1
        if column < 0:
            flush()
            ordered.append((-1, line))
        else:
            columns[column].append(line)
    flush()
    return ordered


def front_cut(lines: Sequence[TextLine], between: Sequence[float], body: Type) -> float:
    """Return the top of the abstract or of the first heading, which ends the authors' columns."""
    for line in lines:
        text = line.text()
        inline = re.match(r"abstract\s?[.:—–-]", text, re.IGNORECASE)
        alone = re.fullmatch(r"(?:1\s|I\.\s)?(?:abstract|summary|introduction)[.:]?", text, re.I)
        if not inline and not alone:
            continue
        right = [
            other
            for other in lines
            if other.base < line.base - 2
            and between
            and _column_of(other, between) > 0
            and abs(other.size - body.size) < 0.6
            and sum(other.letters.values()) > 25
        ]
        # A heading beside it may be a bit higher.
        return 0.0 if len(right) > 3 else line.base - 0.9 * line.size
    return 0.0


def differs(line: TextLine, body: Type) -> bool:
    """Return whether a line's type is not that of running text: bold, large, another font."""
    if not line.letters:
        return False
    if line.size < 0.9 * body.size:
        return False
    return (
        line.bold
        or line.size > 1.08 * body.size
        or (line.font != body.font and not is_mathematical(line.font))
        or in_capitals(line.text())
    )


def in_capitals(text: str) -> bool:
    """Return whether a text of some length has only capitals, beside variables."""
    if not text.isascii():
        text = _VARIABLES.sub("", text)
    if not text.isupper():
        return False
    letters = [char for char in text if char.isalpha()]
    return len(letters) > 4 and all(map(str.isupper, letters))
