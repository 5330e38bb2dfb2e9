"""Plots of one model or of several, as SVG with the colors of `cycledata.svg`."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from markupsafe import Markup

from cycledata.svg import (
    ForestRow,
    Span,
    calibration,
    figure,
    forest,
    line,
    text,
    ticks,
)
from cycleeval.bootstrap import bca_interval, evaluate, left_out_weights, resampled_weights
from cycleeval.comparison import Comparison
from cycleeval.ragged import Floats
from cycleeval.recalibration import reliability_bins
from cycleeval.score_card import PerPaper, ScoreCard

_RESAMPLES = 2000
_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP = 460.0, 320.0, 48.0, 36.0, 14.0


class RatedPoint(NamedTuple):
    """One paper with a prediction."""

    rating: float
    """The model's rating."""
    human_mean: float
    """Mean human rating."""
    accepted: bool | None
    """Decision of the venue; None if unknown."""


def rated_points(papers: PerPaper) -> list[RatedPoint]:
    """Return the papers that the model has rated."""
    columns = zip(papers.rating, papers.human_mean, papers.accepted, strict=True)
    return [RatedPoint(r, human, accepted) for r, human, accepted in columns if r is not None]


def reliability_plot(card: ScoreCard, scale: tuple[float, float]) -> Markup:
    """Draw the mean human rating against the model's rating, with the mean of each bin."""
    points = [(point.rating, point.human_mean) for point in rated_points(card.per_paper)]
    return calibration(points, reliability_bins(points), scale=scale)


def residual_plot(card: ScoreCard, scale: tuple[float, float]) -> Markup:
    """Draw the model's error (its rating less the human mean) over the mean human rating."""
    points = [(p.human_mean, p.rating - p.human_mean) for p in rated_points(card.per_paper)]
    span = Span(*scale)
    errors = [error for _, error in points]
    marks = ticks(min([*errors, 0.0]), max([*errors, 0.0]))
    rise = Span(marks[0], marks[-1])

    def across(value: float) -> float:
        return _LEFT + span.at(value, _WIDTH - _LEFT - 12)

    def down(value: float) -> float:
        return _HEIGHT - _BOTTOM - rise.at(value, _HEIGHT - _BOTTOM - _TOP)

    parts = [line("grid", _LEFT, down(m), _WIDTH - 12, down(m)) for m in marks]
    parts += [text(_LEFT - 6, down(m) + 4, f"{m:g}", "end") for m in marks]
    parts += [
        text(across(tick), _HEIGHT - 20, f"{tick:g}", "middle")
        for tick in range(math.ceil(scale[0]), math.floor(scale[1]) + 1)
    ]
    parts.append(line("diagonal", _LEFT, down(0.0), _WIDTH - 12, down(0.0)))
    dot = Markup('<circle class="paper" cx="{:.1f}" cy="{:.1f}" r="3"/>')
    parts += [dot.format(across(human), down(error)) for human, error in points]
    bins = reliability_bins(points)
    path = " ".join(
        f"{'L' if i else 'M'}{across(h):.1f} {down(e):.1f}" for i, (h, e, _) in enumerate(bins)
    )
    parts.append(Markup('<path class="level" d="{}"/>').format(path))
    level = Markup('<circle class="level" cx="{:.1f}" cy="{:.1f}" r="4.5"/>')
    parts += [level.format(across(human), down(error)) for human, error, _ in bins]
    parts.append(text((_LEFT + _WIDTH) / 2, _HEIGHT - 5, "mean human rating", "middle"))
    parts.append(_vertical("model's rating less the human mean", (_HEIGHT - _BOTTOM + _TOP) / 2))
    return figure(_WIDTH, _HEIGHT, "Error of the model over the mean human rating", parts)


def error_plot(card: ScoreCard) -> Markup:
    """Draw the mean squared error (n) with its 95% interval by decision and by human rating."""
    points = rated_points(card.per_paper)
    rows = [_error_row("all papers", points)]
    for label, accepted in (("accepted", True), ("not accepted", False), ("no decision", None)):
        rows.append(_error_row(label, [p for p in points if p.accepted is accepted]))
    for low, high in _rating_groups(points):
        name = f"human {low:.2f}-{high:.2f}"
        rows.append(_error_row(name, [p for p in points if low <= p.human_mean <= high]))
    return forest([row for row in rows if row is not None], {}, title="squared error (n)")


def forest_plot(cards: Mapping[str, ScoreCard], metric: str) -> Markup:
    """Draw one metric of several models with intervals, and dashed lines at the baselines.

    Args:
        cards: score card by name of the model, all against the same human ratings.
        metric: name of the metric.
    """
    rows = []
    marks: dict[str, float] = {}
    for name, card in cards.items():
        result = card.metrics[metric]
        if result.value is not None:
            rows.append(ForestRow(name, result.value, result.low, result.high))
        for baseline, results in card.baselines.items():
            value = results[metric].value if metric in results else None
            if value is not None:
                marks.setdefault(baseline.replace("_", " "), value)
    rows.sort(key=lambda row: row.value)
    return forest(rows, marks, title=metric.replace("_", " "))


def place_plot(comparison: Comparison, metric: str) -> Markup:
    """Draw the places of the models, with the places that the tests leave open."""
    places = comparison.ranks[metric]
    intervals = comparison.rank_intervals[metric]
    rows = [
        ForestRow(name, float(place), float(intervals[name].best), float(intervals[name].worst))
        for name, place in places.items()
    ]
    return forest(rows, {}, title=f"place by {metric.replace('_', ' ')}", whole=True)


def _error_row(name: str, points: Sequence[RatedPoint]) -> ForestRow | None:
    if not points:
        return None
    errors = np.array([(point.rating - point.human_mean) ** 2 for point in points])
    value = float(errors.mean())
    if len(errors) < 2:
        return ForestRow(f"{name} ({len(points)})", value, None, None)
    mean = {"": _mean_of(errors)}
    drawn = evaluate(mean, resampled_weights(len(errors), resamples=_RESAMPLES, seed=0))[""]
    left_out = evaluate(mean, left_out_weights(len(errors)))[""]
    interval = bca_interval(value, drawn, left_out)
    ends = (None, None) if interval is None else (interval.low, interval.high)
    return ForestRow(f"{name} ({len(points)})", value, *ends)


def _mean_of(values: Floats) -> Callable[[Floats], Floats]:
    def mean(weights: Floats) -> Floats:
        return np.asarray((weights @ values) / weights.sum(axis=1))

    return mean


def _rating_groups(points: Sequence[RatedPoint]) -> list[tuple[float, float]]:
    """Return up to four ranges of the human mean with about as many papers each."""
    means = sorted({round(point.human_mean, 9) for point in points})
    if len(means) < 4:
        return []
    ordered = sorted(point.human_mean for point in points)
    cuts = sorted({ordered[len(ordered) * i // 4] for i in range(1, 4)})
    starts = [ordered[0], *(cut for cut in cuts if cut > ordered[0])]
    ends = [max(v for v in ordered if v < start) for start in starts[1:]] + [ordered[-1]]
    return list(zip(starts, ends, strict=True))


def _vertical(words: str, y: float) -> Markup:
    return Markup(
        '<text class="label" text-anchor="middle" transform="translate(11 {:.0f}) rotate(-90)">'
        "{}</text>"
    ).format(y, words)
