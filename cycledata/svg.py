"""Inline SVG for the site: intervals, a calibration plot, histograms. No script, no other file.

Every function returns safe markup; whatever is put into it is a number or escaped. Colours are
classes of the style sheet, so that light and dark need no second drawing.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup


@dataclass(frozen=True, slots=True)
class Span:
    """Range of a scale."""

    low: float
    high: float

    def at(self, value: float, width: float) -> float:
        """Where a value lies on 0 to ``width``; the middle where the range is a point."""
        if self.high <= self.low:
            return width / 2
        return width * (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)


def span_of(values: Sequence[float]) -> Span:
    """The range of some values with a margin of 4% on each side; 0 to 1 for none."""
    if not values:
        return Span(0.0, 1.0)
    low, high = min(values), max(values)
    margin = (high - low) * 0.04 or 0.5
    return Span(low - margin, high + margin)


def whisker(
    value: float, low: float | None, high: float | None, *, span: Span, mark: float | None
) -> Markup:
    """A value with its interval on a shared scale, and a dashed line at what it must beat."""
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


def histogram(
    human: Sequence[float], model: Sequence[float], *, scale: tuple[float, float]
) -> Markup:
    """Shares of human and of simulated ratings, by whole rating points, side by side."""
    first, last = math.floor(scale[0]), math.ceil(scale[1])
    last = min(last, first + 30)  # a wider scale would give bars too thin to see
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
        parts.append(_text(left + step * (i + 0.5), height - 20, str(label), "middle"))
    parts.append(_text((left + width) / 2, height - 5, "rating", "middle"))
    return _figure(width, height, "Ratings given by people and by the model", parts)


def calibration(
    points: Sequence[tuple[float, float]],
    levels: Sequence[tuple[float, float, int]],
    *,
    scale: tuple[float, float],
) -> Markup:
    """Mean human rating against the model's rating.

    Args:
        points: model rating and mean human rating, one paper each.
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
            _line("grid", left, y(tick), size - 12, y(tick)),
            _line("grid", x(tick), 12, x(tick), size - bottom),
            _text(left - 8, y(tick) + 4, str(tick), "end"),
            _text(x(tick), size - bottom + 14, str(tick), "middle"),
        ]
    parts.append(_line("diagonal", x(scale[0]), y(scale[0]), x(scale[1]), y(scale[1])))
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
            "by the model, {:.2f} by people</title></circle>"
        ).format(x(m), y(h), n, m, h)
        for m, h, n in levels
    ]
    parts.append(_text((left + size) / 2, size - 5, "model's rating", "middle"))
    parts.append(
        Markup(
            '<text class="label" text-anchor="middle" transform="translate(11 {:.0f}) rotate(-90)">'
            "mean human rating</text>"
        ).format((size - bottom) / 2)
    )
    return _figure(size, size, "Mean human rating against the model's rating", parts)


def _shares(values: Sequence[float], bins: Sequence[int]) -> list[float]:
    nearest = [min(max(math.floor(value + 0.5), bins[0]), bins[-1]) for value in values]
    return [nearest.count(level) / max(1, len(nearest)) for level in bins]


def _grid_y(top: float, width: float, base: float, left: float) -> Markup:
    parts = []
    step = 0.1 if top > 0.25 else 0.05
    for i in range(int(top / step) + 1):
        level = base - (base - 12) * i * step / top
        parts += [
            _line("grid", left, level, width, level),
            _text(left - 6, level + 4, f"{i * step:.0%}", "end"),
        ]
    return Markup("").join(parts)


def _line(name: str, x1: float, y1: float, x2: float, y2: float) -> Markup:
    return Markup('<line class="{}" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>').format(
        name, x1, y1, x2, y2
    )


def _text(x: float, y: float, text: str, anchor: str) -> Markup:
    return Markup('<text class="label" x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>').format(
        x, y, anchor, text
    )


def _figure(width: float, height: float, label: str, parts: Sequence[Markup]) -> Markup:
    return Markup(
        '<svg class="figure" viewBox="0 0 {:.0f} {:.0f}" role="img" aria-label="{}">{}</svg>'
    ).format(width, height, label, Markup("").join(parts))
