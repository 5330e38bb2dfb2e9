"""Parts of charts: style sheet, scales, ticks, lines, text and the `<svg>` element.

Every function returns safe markup: what it inserts is a number or escaped. Colors are classes, so
that a page's style sheet serves light, dark and print; `standalone` adds a style sheet for a file.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from cycledata.svg.labels import text_width

STYLE = """
svg{font:12px system-ui,sans-serif;background:#fff;--page:#fff;--ink:#1c1c1c;--faint:#e4e4e4;
--c0:#0072b2;--c1:#d55e00;--c2:#009e73;--c3:#cc79a7;--c4:#666}
@media (prefers-color-scheme:dark){svg{background:#16181c;--page:#16181c;--ink:#e8e8e8;
--faint:#3a3d44;--c0:#56b4e9;--c1:#e69f00;--c2:#2fc79a;--c3:#dc9fc2;--c4:#aaa}}
@media print{svg{background:#fff;--page:#fff;--ink:#000;--faint:#ccc;
--c0:#0072b2;--c1:#d55e00;--c2:#009e73;--c3:#cc79a7;--c4:#666}}
text{fill:var(--ink)}.title{font-size:13px}.grid{stroke:var(--faint)}
.diagonal,.mark{stroke:var(--c4);stroke-dasharray:4 3}.bar{stroke:var(--c0);stroke-width:2}
.dot,.paper{fill:var(--c0)}.paper{fill-opacity:.45}.human{fill:var(--c4)}.model{fill:var(--c0)}
.series{fill:none;stroke-width:1.8}.level{stroke:var(--c1);fill:none;stroke-width:2}
circle.level{fill:var(--c1)}.heading{font-weight:600}
.over{stroke:var(--page);stroke-width:3;stroke-linejoin:round;paint-order:stroke}
.s0{stroke:var(--c0)}.s1{stroke:var(--c1)}.s2{stroke:var(--c2)}.s3{stroke:var(--c3)}
.s4{stroke:var(--c4)}.f0{fill:var(--c0)}.f1{fill:var(--c1)}.f2{fill:var(--c2)}.f3{fill:var(--c3)}
.f4{fill:var(--c4)}
"""
"""Style sheet of the charts. Colors are Okabe and Ito's, distinguishable with color blindness."""


@dataclass(frozen=True, slots=True)
class Span:
    """Range of a scale."""

    low: float
    high: float

    def at(self, value: float, width: float) -> float:
        """Return a value's place on 0 to `width`; the middle if the range is a point."""
        if self.high <= self.low:
            return width / 2
        return width * (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)


def span_of(values: Sequence[float]) -> Span:
    """Return the range of values with a margin of 4% on each side; 0 to 1 for no values."""
    if not values:
        return Span(0.0, 1.0)
    low, high = min(values), max(values)
    margin = (high - low) * 0.04 or 0.5
    return Span(low - margin, high + margin)


def line(name: str, x1: float, y1: float, x2: float, y2: float) -> Markup:
    """Return a line of a class."""
    return Markup('<line class="{}" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>').format(
        name, x1, y1, x2, y2
    )


def text(x: float, y: float, words: str, anchor: str, name: str = "label") -> Markup:
    """Return one line of text; `anchor` is `"start"`, `"middle"` or `"end"`."""
    return Markup('<text class="{}" x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>').format(
        name, x, y, anchor, words
    )


def figure(width: float, height: float, label: str, parts: Sequence[Markup]) -> Markup:
    """Return one `<svg>` element with a label for screen readers."""
    return Markup(
        '<svg class="figure" viewBox="0 0 {:.0f} {:.0f}" role="img" aria-label="{}">{}</svg>'
    ).format(width, height, label, Markup("").join(parts))


def standalone(chart: Markup) -> str:
    """Return a chart as the content of an SVG file, with a style sheet of its own."""
    head = '<svg xmlns="http://www.w3.org/2000/svg" '
    start, rest = str(chart).removeprefix("<svg ").split(">", 1)
    return f"{head}{start}><style>{STYLE}</style>{rest}\n"


def ticks(low: float, high: float, *, whole: bool = False, most: int = 5) -> list[float]:
    """Return two or more round numbers that enclose a range, about `most`.

    >>> ticks(0.12, 0.87)
    [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    """
    if high <= low:
        # Shares and counts that are all zero cannot be below it.
        low, high = (0.0, 1.0) if low == 0 else (low - 0.5, high + 0.5)
    raw = (high - low) / (most - 1)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * m for m in (1, 2, 5, 10) if power * m >= raw * 0.999)
    if whole:
        step = max(1.0, step)
    first = math.floor(low / step + 1e-9)
    last = max(math.ceil(high / step - 1e-9), first + 1)
    return [round(step * i, 12) for i in range(first, last + 1)]


def scale_ticks(scale: tuple[float, float]) -> list[float]:
    """Return the points of a rating scale to label: all of up to 12, else round numbers in it.

    >>> scale_ticks((1, 5)), scale_ticks((0, 100))
    ([1.0, 2.0, 3.0, 4.0, 5.0], [0.0, 20.0, 40.0, 60.0, 80.0, 100.0])
    """
    low, high = scale
    points = [float(point) for point in range(math.ceil(low), math.floor(high) + 1)]
    if 3 <= len(points) <= 12:
        return points
    return [tick for tick in ticks(low, high, most=9) if low <= tick <= high] or [low, high]


def tick_labels(
    places: Sequence[float], across: Callable[[float], float], y: float, *, form: str = "g"
) -> list[Markup]:
    """Return the labels of a horizontal axis, without those that would touch their neighbor."""
    parts: list[Markup] = []
    free_from = -math.inf
    for place in places:
        words = f"{place:{form}}"
        half = text_width(words) / 2
        if across(place) - half >= free_from:
            parts.append(text(across(place), y, words, "middle"))
            free_from = across(place) + half + 4
    return parts
