"""Lines over a common x, such as the loss of a training run."""

from collections.abc import Sequence
from typing import Annotated

from markupsafe import Markup
from pydantic import Field

from cycledata.records import Record
from cycledata.svg.elements import Span, figure, line, text, tick_labels, ticks
from cycledata.svg.labels import LABEL_SIZE, LINE_HEIGHT, text_width, wrapped

_N_COLORS = 5
_TITLE_SIZE = 13.0
"""Units per em of a title."""


class Line(Record):
    """One line of a curve."""

    label: str
    """Name in the legend."""
    y: tuple[float, ...]
    """Values, one per `x` of the curve; all finite."""


class Curve(Record):
    """Lines over a common x."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]
    """Name of the file."""
    title: str
    """Title, with the unit."""
    x_label: str
    x: tuple[float, ...]
    """Ascending."""
    lines: tuple[Line, ...]


def draw_curve(curve: Curve) -> Markup:
    """Draw lines over a grid with labeled ticks; an empty curve has the text "no data"."""
    width, right, bottom = 420.0, 14.0, 42.0
    values = [y for each in curve.lines for y in each.y]
    xs, ys = ticks(min(curve.x, default=0), max(curve.x, default=1), whole=True), _heights(values)
    left = max(62.0, *(text_width(f"{y:g}") + 14 for y in ys))
    head, top = _head(curve, left, width - right)
    height = top + 226.0
    if not values:
        words = text(left, top + 26, "no data", "start")
        return figure(width, height, curve.title, [*head, words])
    x_span = Span(min(xs[0], curve.x[0]), max(xs[-1], curve.x[-1]))
    y_span = Span(ys[0], ys[-1])

    def across(x: float) -> float:
        return left + x_span.at(x, width - left - right)

    def down(y: float) -> float:
        return height - bottom - y_span.at(y, height - top - bottom)

    parts = [*head]
    for y in ys:
        parts.append(line("grid", left, down(y), width - right, down(y)))
        parts.append(text(left - 6, down(y) + 4, f"{y:g}", "end"))
    parts += tick_labels(xs, across, height - 24)
    parts.append(text((left + width - right) / 2, height - 7, curve.x_label, "middle"))
    for i, each in enumerate(curve.lines):
        places = [(across(x), down(y)) for x, y in zip(curve.x, each.y, strict=True)]
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        color = i % _N_COLORS
        parts.append(Markup('<polyline class="series s{}" points="{}"/>').format(color, points))
        if len(places) <= 20:
            dot = Markup('<circle class="f{}" cx="{:.1f}" cy="{:.1f}" r="3"/>')
            parts += [dot.format(color, x, y) for x, y in places]
    return figure(width, height, curve.title, parts)


def _heights(values: Sequence[float]) -> list[float]:
    return ticks(min(values, default=0), max(values, default=1))


def _head(curve: Curve, left: float, right: float) -> tuple[list[Markup], float]:
    """Return title and legend, each in as many lines as they need, and the top of the plot."""
    parts = []
    y = 2.0
    for words in wrapped(curve.title, (right - left) * LABEL_SIZE / _TITLE_SIZE):
        y += 16
        parts.append(text(left, y, words, "start", "title"))
    if len(curve.lines) < 2:
        return parts, y + 16
    x, y = left, y + 17
    for i, each in enumerate(curve.lines):
        for words in wrapped(each.label, right - left):
            if x > left and x + text_width(words) > right:
                x, y = left, y + LINE_HEIGHT
            parts.append(text(x, y, words, "start", f"label f{i % _N_COLORS}"))
            x += text_width(words) + 14
    return parts, y + 11
