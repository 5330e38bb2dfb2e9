"""Charts of one model: whiskers of a table, calibration plots and histograms of ratings."""

import math
from collections.abc import Sequence

from markupsafe import Markup

from cycledata.svg.elements import Span, figure, line, scale_ticks, text, tick_labels, ticks

_MOST_BARS = 30


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


def histogram(
    human: Sequence[float], model: Sequence[float], *, scale: tuple[float, float]
) -> Markup:
    """Draw the shares of human and of simulated ratings, side by side.

    Bars are one rating point apart, on scales of few or of very many points a round number.
    """
    bins = _bins(scale)
    width, height, left, bottom = 400.0, 400.0, 40.0, 34.0
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
                    "<title>{}: {:.1%} of the ratings are nearest to {:g}</title></rect>"
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
    centers = {label: left + step * (i + 0.5) for i, label in enumerate(bins)}
    parts += tick_labels(bins, centers.__getitem__, height - 20)
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
    size, left, bottom = 400.0, 46.0, 34.0
    span = Span(*scale)
    places = scale_ticks(scale)
    inner = size - left - 12

    def x(value: float) -> float:
        return left + span.at(value, inner)

    def y(value: float) -> float:
        return size - bottom - span.at(value, size - bottom - 12)

    parts = []
    for tick in places:
        parts += [
            line("grid", left, y(tick), size - 12, y(tick)),
            line("grid", x(tick), 12, x(tick), size - bottom),
            text(left - 8, y(tick) + 4, f"{tick:g}", "end"),
        ]
    parts += tick_labels(places, x, size - bottom + 14)
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


def _bins(scale: tuple[float, float]) -> list[float]:
    """Return the centers of the bars: at most `_MOST_BARS`, with both ends of the scale."""
    low, high = scale
    if not 2 <= high - low < _MOST_BARS:
        return ticks(low, high, most=10 if high - low < 2 else _MOST_BARS - 2)
    return [float(point) for point in range(math.floor(low), math.ceil(high) + 1)]


def _shares(values: Sequence[float], bins: Sequence[float]) -> list[float]:
    """Return the share of the values that are nearest to each center; a tie counts upwards."""
    step = (bins[-1] - bins[0]) / (len(bins) - 1)
    counts = [0] * len(bins)
    for value in values:
        place = math.floor((value - bins[0]) / step + 0.5 + 1e-9)
        counts[min(max(place, 0), len(bins) - 1)] += 1
    return [count / max(1, len(values)) for count in counts]


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
