"""SVG charts: intervals, calibration plots, histograms and curves. No script, no other file.

Every function returns safe markup: what it inserts is a number or escaped. Colors are classes, so
that a page's style sheet serves light, dark and print; `standalone` adds a style sheet for a file.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from markupsafe import Markup
from pydantic import Field

from cycledata.records import Record

STYLE = """
svg{font:11px system-ui,sans-serif;background:#fff;--ink:#1c1c1c;--faint:#e4e4e4;--c0:#0072b2;
--c1:#d55e00;--c2:#009e73;--c3:#cc79a7;--c4:#666}
@media (prefers-color-scheme:dark){svg{background:#16181c;--ink:#e8e8e8;--faint:#3a3d44;
--c0:#56b4e9;--c1:#e69f00;--c2:#2fc79a;--c3:#dc9fc2;--c4:#aaa}}
@media print{svg{background:#fff;--ink:#000;--faint:#ccc;--c0:#0072b2;--c1:#d55e00;--c2:#009e73;
--c3:#cc79a7;--c4:#666}}
text{fill:var(--ink)}.title{font-size:13px}.grid{stroke:var(--faint)}
.diagonal,.mark{stroke:var(--c4);stroke-dasharray:4 3}.bar{stroke:var(--c0);stroke-width:2}
.dot,.paper{fill:var(--c0)}.paper{fill-opacity:.45}.human{fill:var(--c4)}.model{fill:var(--c0)}
.series{fill:none;stroke-width:1.8}.level{stroke:var(--c1);fill:none;stroke-width:2}
circle.level{fill:var(--c1)}
.s0{stroke:var(--c0)}.s1{stroke:var(--c1)}.s2{stroke:var(--c2)}.s3{stroke:var(--c3)}
.s4{stroke:var(--c4)}.f0{fill:var(--c0)}.f1{fill:var(--c1)}.f2{fill:var(--c2)}.f3{fill:var(--c3)}
.f4{fill:var(--c4)}
"""
"""Style sheet of the charts. Colors are Okabe and Ito's, distinguishable with color blindness."""
_N_COLORS = 5


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


def whisker(
    value: float, low: float | None, high: float | None, *, span: Span, mark: float | None
) -> Markup:
    """Draw a value with its interval on a shared scale, and a dashed line at a baseline."""
    width, height = 96.0, 12.0
    parts = []
    if mark is not None:
        x = span.at(mark, width)
        parts.append(
            Markup('<line class="mark" x1="{0:.1f}" x2="{0:.1f}" y1="0" y2="{1:.0f}"/>').format(
                x, height
            )
        )
    if low is not None and high is not None:
        parts.append(
            Markup('<line class="bar" x1="{:.1f}" x2="{:.1f}" y1="6" y2="6"/>').format(
                span.at(low, width), span.at(high, width)
            )
        )
    parts.append(
        Markup('<circle class="dot" cx="{:.1f}" cy="6" r="3"/>').format(span.at(value, width))
    )
    return Markup(
        '<svg class="whisker" viewBox="-4 0 104 12" aria-hidden="true" focusable="false">{}</svg>'
    ).format(Markup("").join(parts))


@dataclass(frozen=True, slots=True)
class ForestRow:
    """One model of a forest plot."""

    name: str
    value: float
    low: float | None
    """Lower end of the interval; None if there is none."""
    high: float | None
    """Upper end of the interval; None if there is none."""


def forest(
    rows: Sequence[ForestRow], marks: Mapping[str, float], *, title: str, whole: bool = False
) -> Markup:
    """Draw values with intervals, one row per model, and dashed lines at baselines.

    Args:
        rows: from top to bottom.
        marks: value by name of the baseline.
        title: name of the axis.
        whole: label whole numbers only.
    """
    width, left, right, row_height = 460.0, 160.0, 14.0, 22.0
    top = 22.0 + 16 * len(marks)
    base = top + row_height * len(rows)
    ends = [end for row in rows for end in (row.low, row.value, row.high) if end is not None]
    known = [*ends, *marks.values()]
    places = ticks(min(known, default=0), max(known, default=1), whole=whole)
    span = Span(places[0], places[-1])

    def across(value: float) -> float:
        return left + span.at(value, width - left - right)

    parts = []
    for place in places:
        parts.append(line("grid", across(place), top, across(place), base))
        parts.append(text(across(place), base + 14, f"{place:g}", "middle"))
    parts.append(text((left + width - right) / 2, base + 30, title, "middle"))
    for i, (name, value) in enumerate(sorted(marks.items(), key=lambda mark: mark[1])):
        y = 16.0 + 16 * i
        is_right = across(value) > width * 0.7
        parts.append(line("diagonal", across(value), y - 8, across(value), base))
        words_x = across(value) + (-5 if is_right else 5)
        parts.append(text(words_x, y, f"{name} {value:.2f}", "end" if is_right else "start"))
    for i, row in enumerate(rows):
        y = top + row_height * (i + 0.5)
        name = row.name if len(row.name) <= 21 else f"{row.name[:20]}…"
        parts.append(text(left - 12, y + 4, name, "end"))
        if row.low is not None and row.high is not None:
            parts.append(line("bar", across(row.low), y, across(row.high), y))
        parts.append(
            Markup('<circle class="dot" cx="{:.1f}" cy="{:.1f}" r="4"/>').format(
                across(row.value), y
            )
        )
    return figure(width, base + 38, f"{title}: values and 95% intervals of the models", parts)


def histogram(
    human: Sequence[float], model: Sequence[float], *, scale: tuple[float, float]
) -> Markup:
    """Draw the shares of human and of simulated ratings per whole rating point, side by side."""
    first, last = math.floor(scale[0]), math.ceil(scale[1])
    last = min(last, first + 30)  # bars of a wider scale would be too thin
    bins = list(range(first, last + 1))
    width, height, left, bottom = 420.0, 420.0, 40.0, 34.0
    shares = [_shares(values, bins) for values in (human, model)]
    top = max([0.05, *shares[0], *shares[1]])
    step = (width - left) / len(bins)
    parts = [_grid_y(top, width, height - bottom, left)]
    for i, label in enumerate(bins):
        for j, (name, share) in enumerate(zip(("human", "model"), shares, strict=True)):
            tall = (height - bottom - 12) * share[i] / top
            parts.append(
                Markup(
                    '<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}">'
                    "<title>{}: {:.1%} of the ratings are {}</title></rect>"
                ).format(
                    name,
                    left + step * (i + 0.12 + 0.39 * j),
                    height - bottom - tall,
                    step * 0.36,
                    tall,
                    name,
                    share[i],
                    label,
                )
            )
        parts.append(text(left + step * (i + 0.5), height - 20, str(label), "middle"))
    parts.append(text((left + width) / 2, height - 5, "rating", "middle"))
    return figure(width, height, "Ratings by human reviewers and by the model", parts)


def calibration(
    points: Sequence[tuple[float, float]],
    levels: Sequence[tuple[float, float, int]],
    *,
    scale: tuple[float, float],
) -> Markup:
    """Draw the mean human rating against the model's rating.

    Args:
        points: model rating and mean human rating per paper.
        levels: mean model rating, mean human rating and number of papers of each bin.
        scale: lowest and highest rating, of both axes.
    """
    size, left, bottom = 420.0, 40.0, 34.0
    span = Span(*scale)
    inner = size - left - 12

    def x(value: float) -> float:
        return left + span.at(value, inner)

    def y(value: float) -> float:
        return size - bottom - span.at(value, size - bottom - 12)

    parts = []
    ticks = range(math.ceil(scale[0]), math.floor(scale[1]) + 1)
    stride = max(1, len(ticks) // 10)
    for tick in ticks[::stride]:
        parts += [
            line("grid", left, y(tick), size - 12, y(tick)),
            line("grid", x(tick), 12, x(tick), size - bottom),
            text(left - 8, y(tick) + 4, str(tick), "end"),
            text(x(tick), size - bottom + 14, str(tick), "middle"),
        ]
    parts.append(line("diagonal", x(scale[0]), y(scale[0]), x(scale[1]), y(scale[1])))
    parts += [
        Markup('<circle class="paper" cx="{:.1f}" cy="{:.1f}" r="3"/>').format(x(m), y(h))
        for m, h in points
    ]
    path = " ".join(
        f"{'L' if i else 'M'}{x(m):.1f} {y(h):.1f}" for i, (m, h, _) in enumerate(levels)
    )
    parts.append(Markup('<path class="level" d="{}"/>').format(path))
    parts += [
        Markup(
            '<circle class="level" cx="{:.1f}" cy="{:.1f}" r="4.5"><title>{} papers rated {:.2f} '
            "by the model, {:.2f} by human reviewers</title></circle>"
        ).format(x(m), y(h), n, m, h)
        for m, h, n in levels
    ]
    parts.append(text((left + size) / 2, size - 5, "model's rating", "middle"))
    parts.append(
        Markup(
            '<text class="label" text-anchor="middle" transform="translate(11 {:.0f}) rotate(-90)">'
            "mean human rating</text>"
        ).format((size - bottom) / 2)
    )
    return figure(size, size, "Mean human rating against the model's rating", parts)


def _shares(values: Sequence[float], bins: Sequence[int]) -> list[float]:
    nearest = [min(max(math.floor(value + 0.5), bins[0]), bins[-1]) for value in values]
    return [nearest.count(level) / max(1, len(nearest)) for level in bins]


def _grid_y(top: float, width: float, base: float, left: float) -> Markup:
    parts = []
    step = 0.1 if top > 0.25 else 0.05
    for i in range(int(top / step) + 1):
        level = base - (base - 12) * i * step / top
        parts += [
            line("grid", left, level, width, level),
            text(left - 6, level + 4, f"{i * step:.0%}", "end"),
        ]
    return Markup("").join(parts)


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
    width, height, left, right, bottom = 420.0, 260.0, 62.0, 14.0, 42.0
    values = [y for each in curve.lines for y in each.y]
    parts = [text(left, 18, curve.title, "start", "title")]
    if not values:
        return figure(width, height, curve.title, [*parts, text(left, 60, "no data", "start")])
    top = 34.0 + 12 * (len(curve.lines) > 1)
    xs, ys = ticks(min(curve.x), max(curve.x), whole=True), ticks(min(values), max(values))
    x_span = Span(min(xs[0], curve.x[0]), max(xs[-1], curve.x[-1]))
    y_span = Span(ys[0], ys[-1])

    def across(x: float) -> float:
        return left + x_span.at(x, width - left - right)

    def down(y: float) -> float:
        return height - bottom - y_span.at(y, height - top - bottom)

    for y in ys:
        parts.append(line("grid", left, down(y), width - right, down(y)))
        parts.append(text(left - 6, down(y) + 4, f"{y:g}", "end"))
    parts += [text(across(x), height - 24, f"{x:g}", "middle") for x in xs]
    parts.append(text((left + width - right) / 2, height - 7, curve.x_label, "middle"))
    legend_x = left
    for i, each in enumerate(curve.lines):
        places = [(across(x), down(y)) for x, y in zip(curve.x, each.y, strict=True)]
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        color = i % _N_COLORS
        parts.append(Markup('<polyline class="series s{}" points="{}"/>').format(color, points))
        if len(places) <= 20:
            dot = Markup('<circle class="f{}" cx="{:.1f}" cy="{:.1f}" r="3"/>')
            parts += [dot.format(color, x, y) for x, y in places]
        if len(curve.lines) > 1:
            parts.append(text(legend_x, 35, each.label, "start", f"f{color}"))
            legend_x += 6.5 * len(each.label) + 14
    return figure(width, height, curve.title, parts)


def ticks(low: float, high: float, *, whole: bool = False) -> list[float]:
    """Return two to eight round numbers that enclose a range.

    >>> ticks(0.12, 0.87)
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
