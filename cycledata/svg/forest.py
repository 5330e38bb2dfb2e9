"""Forest plots: values with intervals, one row each, and dashed lines at baselines."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from cycledata.svg.elements import Span, figure, line, text, tick_labels, ticks
from cycledata.svg.labels import LINE_HEIGHT, text_width, wrapped

WIDTH = 400.0
_MARGIN = 14.0
_WIDEST_BESIDE = 170.0
"""Width of names that are drawn beside their rows; wider ones are drawn above them."""
_ROW_HEIGHT = 22.0
_MARK_HEIGHT = 16.0


@dataclass(frozen=True, slots=True)
class ForestRow:
    """One model of a forest plot."""

    name: str
    value: float
    low: float | None
    """Lower end of the interval; None if there is none."""
    high: float | None
    """Upper end of the interval; None if there is none."""
    group: str = ""
    """Heading of the rows; consecutive rows of one group have one heading."""


@dataclass(frozen=True, slots=True)
class _PlacedLine:
    """One line of text at the left of the plot."""

    words: str
    x: float
    y: float
    anchor: str
    style: str


@dataclass(frozen=True, slots=True)
class _Layout:
    """Places of rows and names."""

    left: float
    """Left end of the plot."""
    base: float
    """Lower end of the plot."""
    lines: tuple[_PlacedLine, ...]
    centers: tuple[float, ...]
    """Height of each row's value."""


def forest(
    rows: Sequence[ForestRow], marks: Mapping[str, float], *, title: str, whole: bool = False
) -> Markup:
    """Draw values with intervals, one row per model, and dashed lines at baselines.

    Names are never shortened: if one does not fit beside its row, all are drawn above their rows.

    Args:
        rows: from top to bottom.
        marks: value by name of the baseline.
        title: name of the axis.
        whole: values are whole numbers, as places are; the axis begins and ends with one.
    """
    top = 22.0 + _MARK_HEIGHT * len(marks)
    layout = _layout(rows, top)
    ends = [end for row in rows for end in (row.low, row.value, row.high) if end is not None]
    known = [*ends, *marks.values()]
    places = _whole(known) if whole else ticks(min(known, default=0), max(known, default=1))
    span = Span(places[0], places[-1])

    def across(value: float) -> float:
        return layout.left + span.at(value, WIDTH - layout.left - _MARGIN)

    parts = [line("grid", across(place), top, across(place), layout.base) for place in places]
    parts += tick_labels(places, across, layout.base + 14)
    title_width = text_width(title)
    middle = min((layout.left + WIDTH - _MARGIN) / 2, WIDTH - title_width / 2 - 2)
    parts.append(text(max(middle, title_width / 2 + 2), layout.base + 30, title, "middle"))
    parts += _marks(marks, across, layout.base)
    parts += [text(p.x, p.y, p.words, p.anchor, p.style) for p in layout.lines]
    for row, y in zip(rows, layout.centers, strict=True):
        if row.low is not None and row.high is not None:
            parts.append(line("bar", across(row.low), y, across(row.high), y))
        dot = Markup('<circle class="dot" cx="{:.1f}" cy="{:.1f}" r="4"/>')
        parts.append(dot.format(across(row.value), y))
    return figure(WIDTH, layout.base + 38, f"{title}: values and 95% intervals", parts)


def _whole(values: Sequence[float]) -> list[float]:
    """Return whole numbers at equal distances, at most 13, from the least to the greatest."""
    low, high = math.floor(min(values, default=0)), math.ceil(max(values, default=1))
    stride = max(1, math.ceil((high - low) / 12))
    return [float(value) for value in range(low, high + stride, stride)]


def _layout(rows: Sequence[ForestRow], top: float) -> _Layout:
    widest = max((text_width(row.name) for row in rows), default=0.0)
    is_beside = widest <= _WIDEST_BESIDE
    left = max(widest + 16, 60.0) if is_beside else _MARGIN
    lines: list[_PlacedLine] = []
    centers: list[float] = []
    y, group = top, ""
    for row in rows:
        if row.group and row.group != group:
            group = row.group
            lines.append(_PlacedLine(group, 2.0, y + LINE_HEIGHT, "start", "label over heading"))
            y += LINE_HEIGHT + 5
        if is_beside:
            lines.append(_PlacedLine(row.name, left - 12, y + _ROW_HEIGHT / 2 + 4, "end", "label"))
        else:
            for words in wrapped(row.name, WIDTH - 2 * _MARGIN):
                y += LINE_HEIGHT
                lines.append(_PlacedLine(words, _MARGIN, y, "start", "label over"))
            y += 2
        centers.append(y + _ROW_HEIGHT / 2)
        y += _ROW_HEIGHT
    return _Layout(left, y, tuple(lines), tuple(centers))


def _marks(
    marks: Mapping[str, float], across: Callable[[float], float], base: float
) -> list[Markup]:
    parts = []
    for i, (name, value) in enumerate(sorted(marks.items(), key=lambda mark: mark[1])):
        x, y = across(value), _MARK_HEIGHT * (i + 1)
        words = f"{name} {value:.2f}"
        needed = text_width(words) + 5
        parts.append(line("diagonal", x, y - 8, x, base))
        if x + needed <= WIDTH or x - needed < 0:
            parts.append(text(min(x + 5, WIDTH - needed), y, words, "start", "label over"))
        else:
            parts.append(text(x - 5, y, words, "end", "label over"))
    return parts
