"""A curve as an SVG picture: a line over a grid with labelled ticks, nothing more."""

import html
import math
from typing import Annotated

from pydantic import Field

from cycledata.records import Record

_WIDTH, _HEIGHT = 420, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 14, 34, 42
_LEGEND = 12
"""Height of the row that names the lines of a picture with several."""
_COLOURS = ("#0b5394", "#b45f06", "#38761d", "#741b47", "#666666")


class Line(Record):
    """One line of a picture."""

    label: str
    """Name in the legend."""
    y: tuple[float, ...]
    """Values, one for each ``x`` of the curve; all finite."""


class Curve(Record):
    """Lines over a common x."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]
    """Name of the file."""
    title: str
    """What is shown, with its unit."""
    x_label: str
    x: tuple[float, ...]
    """Ascending."""
    lines: tuple[Line, ...]


def draw_curve(curve: Curve) -> str:
    """The picture as one ``<svg>`` element; an empty curve says that it is empty."""
    values = [y for line in curve.lines for y in line.y]
    title = html.escape(curve.title)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img"',
        f' width="{_WIDTH}" height="{_HEIGHT}" font-family="sans-serif" font-size="11">',
        f'<title>{title}</title><text x="{_LEFT}" y="18" font-size="13">{title}</text>',
    ]
    if not values:
        return "".join([*parts, f'<text x="{_LEFT}" y="60">no data</text></svg>'])
    top = _TOP + _LEGEND * (len(curve.lines) > 1)
    xs, ys = _ticks(min(curve.x), max(curve.x), whole=True), _ticks(min(values), max(values))

    def across(x: float) -> float:
        low, high = min(xs[0], curve.x[0]), max(xs[-1], curve.x[-1])
        return _LEFT + (x - low) / (high - low or 1) * (_WIDTH - _LEFT - _RIGHT)

    def down(y: float) -> float:
        return top + (ys[-1] - y) / (ys[-1] - ys[0] or 1) * (_HEIGHT - top - _BOTTOM)

    parts += [
        f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{down(y):.1f}" y2="{down(y):.1f}"'
        f' stroke="#e4e4e4"/><text x="{_LEFT - 6}" y="{down(y) + 4:.1f}"'
        f' text-anchor="end">{y:g}</text>'
        for y in ys
    ]
    parts += [
        f'<text x="{across(x):.1f}" y="{_HEIGHT - 24}" text-anchor="middle">{x:g}</text>'
        for x in xs
    ]
    parts.append(
        f'<text x="{(_LEFT + _WIDTH - _RIGHT) / 2}" y="{_HEIGHT - 7}"'
        f' text-anchor="middle">{html.escape(curve.x_label)}</text>'
    )
    for i, line in enumerate(curve.lines):
        colour = _COLOURS[i % len(_COLOURS)]
        points = " ".join(
            f"{across(x):.1f},{down(y):.1f}" for x, y in zip(curve.x, line.y, strict=True)
        )
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.8"/>'
        )
        if len(line.y) <= 20:
            parts += [
                f'<circle cx="{across(x):.1f}" cy="{down(y):.1f}" r="3" fill="{colour}"/>'
                for x, y in zip(curve.x, line.y, strict=True)
            ]
    if len(curve.lines) > 1:
        names = "".join(
            f'<tspan fill="{_COLOURS[i % len(_COLOURS)]}" dx="{12 * (i > 0)}">'
            f"{html.escape(line.label)}</tspan>"
            for i, line in enumerate(curve.lines)
        )
        parts.append(f'<text x="{_LEFT}" y="{_TOP + 1}">{names}</text>')
    return "".join([*parts, "</svg>"])


def _ticks(low: float, high: float, *, whole: bool = False) -> list[float]:
    """Three to seven round numbers that enclose a range.

    >>> _ticks(0.12, 0.87)
    [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    """
    if high <= low:
        low, high = low - 0.5, high + 0.5
    raw = (high - low) / 4
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * m for m in (1, 2, 5, 10) if power * m >= raw * 0.999)
    if whole:
        step = max(1.0, step)
    first = math.floor(low / step + 1e-9)
    last = max(math.ceil(high / step - 1e-9), first + 1)
    return [round(step * i, 12) for i in range(first, last + 1)]
