"""Plots of one model or of several, as SVG with the colors of `cycledata.svg`.

The command `cycleeval plot` and the leaderboard site draw with these functions.
"""

from collections import Counter
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
    scale_ticks,
    text,
    text_width,
    tick_labels,
    ticks,
)
from cycledata.templates import visible
from cycleeval.bootstrap import bca_interval, evaluate, left_out_weights, resampled_weights
from cycleeval.inputs import DecisionLabel
from cycleeval.places import PlaceInterval
from cycleeval.ragged import Floats
from cycleeval.recalibration import reliability_bins
from cycleeval.result import MetricResult
from cycleeval.score_card import PerPaper

_RESAMPLES = 2000
_VENUES_SHOWN = 12
_WIDTH, _HEIGHT, _BOTTOM, _TOP = 400.0, 320.0, 36.0, 14.0


class RatedPoint(NamedTuple):
    """One paper with a prediction."""

    rating: float
    """The model's rating."""
    human_mean: float
    """Mean human rating."""
    decision: DecisionLabel | None
    """Decision of the venue; None if unknown."""
    venue: str | None
    """None if unknown."""


def rated_points(papers: PerPaper, venues: Mapping[str, str] | None = None) -> list[RatedPoint]:
    """Return the papers that the model has rated.

    Args:
        papers: what was scored.
        venues: venue by paper id.
    """
    labels: dict[bool | None, DecisionLabel | None] = {True: "accept", False: "reject", None: None}
    columns = zip(papers.paper_ids, papers.rating, papers.human_mean, papers.accepted, strict=True)
    return [
        RatedPoint(rating, human, labels[accepted], (venues or {}).get(paper_id))
        for paper_id, rating, human, accepted in columns
        if rating is not None
    ]


def reliability_plot(points: Sequence[RatedPoint], scale: tuple[float, float]) -> Markup:
    """Draw the mean human rating against the model's rating, with the mean of each bin."""
    pairs = [(point.rating, point.human_mean) for point in points]
    return calibration(pairs, reliability_bins(pairs), scale=scale)


def residual_plot(papers: Sequence[RatedPoint], scale: tuple[float, float]) -> Markup:
    """Draw the model's error (its rating less the human mean) over the mean human rating."""
    points = [(p.human_mean, p.rating - p.human_mean) for p in papers]
    span = Span(*scale)
    errors = [error for _, error in points]
    marks = ticks(min([*errors, 0.0]), max([*errors, 0.0]))
    rise = Span(marks[0], marks[-1])
    left = max(48.0, *(text_width(f"{mark:g}") + 26 for mark in marks))

    def across(value: float) -> float:
        return left + span.at(value, _WIDTH - left - 12)

    def down(value: float) -> float:
        return _HEIGHT - _BOTTOM - rise.at(value, _HEIGHT - _BOTTOM - _TOP)

    parts = [line("grid", left, down(m), _WIDTH - 12, down(m)) for m in marks]
    parts += [text(left - 6, down(m) + 4, f"{m:g}", "end") for m in marks]
    parts += tick_labels(scale_ticks(scale), across, _HEIGHT - 20)
    parts.append(line("diagonal", left, down(0.0), _WIDTH - 12, down(0.0)))
    dot = Markup('<circle class="paper" cx="{:.1f}" cy="{:.1f}" r="3"/>')
    parts += [dot.format(across(human), down(error)) for human, error in points]
    bins = reliability_bins(points)
    path = " ".join(
        f"{'L' if i else 'M'}{across(h):.1f} {down(e):.1f}" for i, (h, e, _) in enumerate(bins)
    )
    parts.append(Markup('<path class="level" d="{}"/>').format(path))
    level = Markup('<circle class="level" cx="{:.1f}" cy="{:.1f}" r="4.5"/>')
    parts += [level.format(across(human), down(error)) for human, error, _ in bins]
    parts.append(text((left + _WIDTH) / 2, _HEIGHT - 5, "mean human rating", "middle"))
    parts.append(_vertical("model's rating less the human mean", (_HEIGHT - _BOTTOM + _TOP) / 2))
    return figure(_WIDTH, _HEIGHT, "Error of the model over the mean human rating", parts)


def error_plot(points: Sequence[RatedPoint]) -> Markup:
    """Draw the mean squared error (n) with its 95% interval by decision, venue and human rating.

    Venues are drawn if there are several; those with the fewest papers share one row.
    """
    rows = [_error_row("", "all papers", points)]
    names = {"accept": "accepted", "reject": "not accepted", None: "no decision"}
    for decision, name in names.items():
        rows.append(_error_row("by decision", name, [p for p in points if p.decision == decision]))
    for name, group in _by_venue(points):
        rows.append(_error_row("by venue", name, group))
    for low, high in _rating_groups(points):
        within = [p for p in points if low <= p.human_mean <= high]
        rows.append(_error_row("by mean human rating", f"{low:.2f} to {high:.2f}", within))
    return forest([row for row in rows if row is not None], {}, title="squared error (n)")


BASELINE_MARKS = {
    "human": "one human reviewer",
    "constant": "best constant",
    "majority": "majority decision",
    "noise_floor": "noise floor",
    "length": "length alone",
    "metadata": "metadata alone",
    "text": "text alone",
}
"""Name of each baseline in a forest plot."""


def forest_plot(
    results: Mapping[str, MetricResult | None],
    baselines: Mapping[str, MetricResult | None],
    title: str,
) -> Markup:
    """Draw one metric of several models with intervals, and dashed lines at the baselines.

    Args:
        results: of each model, by name, all against the same human ratings.
        baselines: of each baseline, by its name in a score card.
        title: name of the metric.
    """
    rows = [
        ForestRow(visible(name), result.value, result.low, result.high)
        for name, result in results.items()
        if result is not None and result.value is not None
    ]
    marks = {
        BASELINE_MARKS.get(name, name): result.value
        for name, result in baselines.items()
        if result is not None and result.value is not None
    }
    return forest(rows, marks, title=title)


def place_plot(
    places: Mapping[str, int], intervals: Mapping[str, PlaceInterval], title: str
) -> Markup:
    """Draw the places of the models, with the places that the tests leave open.

    Args:
        places: by name of the model.
        intervals: by name of the model.
        title: name of the metric.
    """
    rows = [
        ForestRow(
            visible(name), float(place), float(intervals[name].best), float(intervals[name].worst)
        )
        for name, place in places.items()
    ]
    return forest(rows, {}, title=f"place by {title}", whole=True)


def _error_row(group: str, label: str, points: Sequence[RatedPoint]) -> ForestRow | None:
    if not points:
        return None
    name = f"{visible(label)} ({len(points)})"
    errors = np.array([(point.rating - point.human_mean) ** 2 for point in points])
    value = float(errors.mean())
    if len(errors) < 2:
        return ForestRow(name, value, None, None, group=group)
    mean = {"": _mean_of(errors)}
    drawn = evaluate(mean, resampled_weights(len(errors), resamples=_RESAMPLES, seed=0))[""]
    left_out = evaluate(mean, left_out_weights(len(errors)))[""]
    interval = bca_interval(value, drawn, left_out)
    if interval is None:
        return ForestRow(name, value, None, None, group=group)
    return ForestRow(name, value, interval.low, interval.high, group=group)


def _by_venue(points: Sequence[RatedPoint]) -> list[tuple[str, list[RatedPoint]]]:
    """Return the papers of each venue by name; none if there is only one."""
    counts = Counter(point.venue for point in points)
    if len(counts) < 2:
        return []
    known = sorted((venue for venue in counts if venue is not None), key=lambda v: (-counts[v], v))
    shown = known if len(known) <= _VENUES_SHOWN else known[: _VENUES_SHOWN - 1]
    groups = [(venue, [p for p in points if p.venue == venue]) for venue in sorted(shown)]
    others = [p for p in points if p.venue is not None and p.venue not in shown]
    n_others = len(known) - len(shown)
    return [
        *groups,
        (f"{n_others} other venues", others),
        ("no venue", [p for p in points if p.venue is None]),
    ]


def _mean_of(values: Floats) -> Callable[[Floats], Floats]:
    def mean(weights: Floats) -> Floats:
        return np.asarray((weights @ values) / weights.sum(axis=1))

    return mean


def _rating_groups(points: Sequence[RatedPoint]) -> list[tuple[float, float]]:
    """Return up to four ranges of the human mean with about as many papers each."""
    ordered = sorted(point.human_mean for point in points)
    if len({round(mean, 9) for mean in ordered}) < 4:
        return []
    cuts = sorted({ordered[len(ordered) * i // 4] for i in range(1, 4)})
    starts = [ordered[0], *(cut for cut in cuts if cut > ordered[0])]
    ends = [max(v for v in ordered if v < start) for start in starts[1:]] + [ordered[-1]]
    return list(zip(starts, ends, strict=True))


def _vertical(words: str, y: float) -> Markup:
    return Markup(
        '<text class="label" text-anchor="middle" transform="translate(11 {:.0f}) rotate(-90)">'
        "{}</text>"
    ).format(y, words)
