"""Papers written by models, as a reviewer model or people rate them (Tables 2, 3, 5, 7, Figure 3).

In: one line per paper with its ratings and source. Out: per source the lowest,
highest and mean rating, the same for each aspect, the accept rate, references per paper, and what
picking the best of k papers would give: its exact expectation, not one draw.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import ArrayLike
from pydantic import Field, model_validator

from cycledata.errors import ParseError
from cycledata.jsonl import MAX_LINES, InvalidLine, read_jsonl, require_records
from cycledata.records import Record
from cycleeval.bootstrap import (
    Interval,
    Statistic,
    bca_interval,
    evaluate,
    left_out_weights,
    resampled_weights,
)
from cycleeval.inputs import numbers, require_whole
from cycleeval.intervals import exact_interval
from cycleeval.ragged import Floats
from cycleeval.result import MetricResult, signature

BEST_OF = (1, 5, 10, 50, 100)
"""Figure 3's numbers of papers to pick from."""
RESAMPLES, SEED = 2000, 0
"""Resamples of the papers of one source, behind every interval, and the seed that draws them."""
BEST_COLUMNS = ("rating_mean", "rating_max", "rating_min")
"""What Figure 3 shows of the paper with the best mean rating."""
ASPECTS = ("soundness", "presentation", "contribution")
"""The aspect ratings, as columns of Table 3."""

DEFAULT_SCALE = (1.0, 10.0)
"""Lowest and highest rating of a line that states no scale: that of CycleReviewer."""
Rating = Annotated[float, Field(allow_inf_nan=False)]
Aspect = Annotated[float, Field(allow_inf_nan=False)]
Ratings = Annotated[tuple[Rating, ...], Field(min_length=1, max_length=100)]
AspectRatings = Annotated[tuple[Aspect, ...], Field(min_length=1, max_length=100)]


class RatedPaper(Record):
    """One paper with the ratings it got, as a line of the input."""

    paper_id: Annotated[str, Field(min_length=1, max_length=500)]
    """Id of the paper, unique within its source."""
    source: Annotated[str, Field(min_length=1, max_length=200)]
    """Who wrote it, e.g. ``"CycleResearcher-12B"`` or ``"preprints"``; one row of a table."""
    ratings: Ratings
    """Overall ratings on the scale, one per reviewer, simulated or human."""
    rating_scale: tuple[Rating, Rating] | None = None
    """Lowest and highest rating of the reviewers' form; None means 1 to 10."""
    soundness: AspectRatings | None = None
    """Soundness, one per reviewer, 1 to 4 without ``rating_scale``; None if it was not asked."""
    presentation: AspectRatings | None = None
    """Presentation, in the same form."""
    contribution: AspectRatings | None = None
    """Contribution, in the same form."""
    decision: Literal["accept", "reject"] | None = None
    """The reviewer's decision; None if there is none."""
    n_references: Annotated[int, Field(ge=0, le=100_000)] | None = None
    """Works in its bibliography; None if they were not counted."""

    @property
    def limits(self) -> tuple[float, float]:
        """Lowest and highest rating."""
        return self.rating_scale or DEFAULT_SCALE

    @model_validator(mode="after")
    def _ratings_are_on_the_scale(self) -> Self:
        low, high = self.limits
        if not low < high:
            raise ValueError(f"expected a scale from low to high, found {low:g} to {high:g}")
        if not low <= min(self.ratings) <= max(self.ratings) <= high:
            raise ValueError(f"expected ratings from {low:g} to {high:g}; see rating_scale")
        aspects = [v for name in ASPECTS for v in getattr(self, name) or ()]
        if self.rating_scale is None and not all(1 <= v <= 4 for v in aspects):
            raise ValueError("expected aspect ratings from 1 to 4; see rating_scale")
        return self


@dataclass(frozen=True, slots=True)
class GeneratedRow:
    """One source of papers."""

    source: str
    """Who wrote them."""
    n_papers: int
    """Papers rated."""
    metrics: tuple[MetricResult, ...]
    """``rating_min``, ``rating_max``, ``rating_mean``, the same per aspect, ``accept_rate``,
    ``references``; a column that no paper has is left out."""
    best_of: tuple[tuple[int, tuple[MetricResult, ...]], ...]
    """Per k: ``rating_mean``, ``rating_max``, ``rating_min`` of the paper with the best mean."""


@dataclass(frozen=True, slots=True)
class GeneratedReport:
    """Tables 2, 3 and 7 and Figure 3 for one file."""

    rows: tuple[GeneratedRow, ...]
    """By source."""
    unreadable: tuple[InvalidLine, ...]
    """Lines that could not be read; they are counted."""
    papers: tuple[RatedPaper, ...] = ()
    """The lines that were read."""


def best_of_k(values: ArrayLike, k: int, *, of: ArrayLike | None = None) -> float:
    """Return the exact expected value at the best of k papers drawn without replacement (Figure 3).

    Args:
        values: criterion that papers are chosen by, shape (n,); larger is better.
        k: papers to pick from, 1 to n.
        of: value that is averaged over the chosen papers, shape (n,); ``values`` by default. Papers
            that tie for the best are equally likely.

    Raises:
        ValueError: k outside 1 to n, or shapes that differ.

    >>> best_of_k([1.0, 2.0, 3.0], 2)  # the pairs (1,2), (1,3), (2,3)
    2.6666666666666665
    """
    picked_by = numbers(values, "values")
    averaged = picked_by if of is None else numbers(of, "of")
    n = len(picked_by)
    require_whole("k", k, lowest=1, highest=max(n, 1))
    if averaged.shape != picked_by.shape:
        raise ValueError(f"of: expected {n} values, found {len(averaged)}")
    return float(_best_of(picked_by, averaged, k)(np.ones((1, n)))[0])


def rate_sources(
    papers: Sequence[RatedPaper], *, ks: Sequence[int] = BEST_OF, n_unreadable: int = 0
) -> list[GeneratedRow]:
    """Return the rows of Tables 2, 3 and 7 with the curves of Figure 3, by source.

    Args:
        papers: at least one.
        ks: numbers of papers to choose from; those above a source's number of papers are omitted.
        n_unreadable: lines that could not be read, shown beside every number.

    Raises:
        ValueError: a k below 1, or a source with several rating scales.
    """
    if mixed := _mixed_scales(papers):
        raise ValueError(mixed)
    for k in ks:
        require_whole("k", k, lowest=1)
    ks = sorted(set(ks))
    rows = []
    for source in sorted({paper.source for paper in papers}):
        mine = sorted((p for p in papers if p.source == source), key=lambda p: p.paper_id)
        columns = _columns(mine)
        scale = None if mine[0].limits == DEFAULT_SCALE else mine[0].limits
        results = _results(columns, [k for k in ks if k <= len(mine)], n_unreadable, scale)
        curve = tuple(
            (k, tuple(results[f"{name}@{k}"] for name in BEST_COLUMNS))
            for k in ks
            if k <= len(mine)
        )
        rows.append(
            GeneratedRow(source, len(mine), tuple(results[name] for name in columns), curve)
        )
    return rows


def read_generated(path: Path, *, ks: Sequence[int] = BEST_OF) -> GeneratedReport:
    """Read a JSON Lines file of `RatedPaper` and rate its sources.

    Raises:
        ParseError: an unreadable file, no records, or a source with several rating scales.
    """
    invalid: list[InvalidLine] = []
    unique = ("source", "paper_id")
    lines = read_jsonl(
        path, RatedPaper, unique=unique, max_lines=MAX_LINES, on_error=invalid.append
    )
    records = tuple(lines)
    require_records(records, invalid, path)
    if mixed := _mixed_scales(records):
        raise ParseError("mixed-scales", f"{path}: {mixed}")
    rows = rate_sources(records, ks=ks, n_unreadable=len(invalid))
    return GeneratedReport(tuple(rows), tuple(invalid), records)


def _mixed_scales(papers: Sequence[RatedPaper]) -> str:
    """Return which source has several rating scales; "" if none has."""
    known: dict[str, tuple[float, float]] = {}
    for paper in papers:
        first = known.setdefault(paper.source, paper.limits)
        if first != paper.limits:
            scales = " and ".join(f"{low:g} to {high:g}" for low, high in (first, paper.limits))
            return f"{paper.source}: expected one rating scale, found {scales}; use one source each"
    return ""


def _columns(papers: Sequence[RatedPaper]) -> dict[str, Floats]:
    """Return the values of each column per paper, NaN for a paper without one."""
    columns: dict[str, list[float | None]] = {}
    for column, mark in (("rating", "ratings"), *((aspect, aspect) for aspect in ASPECTS)):
        lists: list[tuple[float, ...] | None] = [getattr(paper, mark) for paper in papers]
        columns[f"{column}_min"] = [None if marks is None else min(marks) for marks in lists]
        columns[f"{column}_max"] = [None if marks is None else max(marks) for marks in lists]
        columns[f"{column}_mean"] = [
            None if marks is None else sum(marks) / len(marks) for marks in lists
        ]
    columns["accept_rate"] = [
        None if paper.decision is None else float(paper.decision == "accept") for paper in papers
    ]
    columns["references"] = [paper.n_references for paper in papers]
    return {
        name: np.array([np.nan if value is None else value for value in column])
        for name, column in columns.items()
        if any(value is not None for value in column)
    }


def _results(
    columns: dict[str, Floats],
    ks: Sequence[int],
    n_unreadable: int,
    scale: tuple[float, float] | None,
) -> dict[str, MetricResult]:
    """Return the mean of each column, and of the best of k as ``"<column>@<k>"``."""
    statistics: dict[str, Statistic] = {name: _mean(values) for name, values in columns.items()}
    for k in ks:
        for name in BEST_COLUMNS:
            statistics[f"{name}@{k}"] = _best_of(columns["rating_mean"], columns[name], k)
    n = len(columns["rating_mean"])
    values = evaluate(statistics, [np.ones((1, n))])
    # Rounded, so that a resample which gives the value itself ties with it, as it should.
    drawn = evaluate(statistics, resampled_weights(n, resamples=RESAMPLES, seed=SEED))
    drawn = {key: np.round(draws, 10) for key, draws in drawn.items()}
    left_out = evaluate(statistics, left_out_weights(n))
    results: dict[str, MetricResult] = {}
    for key in statistics:
        name, _, k_text = key.partition("@")
        known = columns[name][np.isfinite(columns[name])]
        n_known = len(known)
        said: dict[str, object] = {
            "over": "papers",
            "best_of": k_text or None,
            "without": n - n_known or None,
            "scale": scale and f"{scale[0]:g}-{scale[1]:g}",
        }
        interval: Interval | None
        if name == "accept_rate":
            interval = exact_interval(int(known.sum()), n_known)
            said |= {"ci": "exact"}
        else:
            interval = bca_interval(round(float(values[key][0]), 10), drawn[key], left_out[key])
            interval = interval if n_known > 1 else None
            said |= {"ci": "bca", "boot": RESAMPLES, "seed": SEED}
        results[key] = MetricResult(
            name,
            float(values[key][0]),
            interval.low if interval is not None else None,
            interval.high if interval is not None else None,
            n_known,
            n_unreadable,
            signature(name, **said),
            None if interval is not None else "no interval: too few papers",
        )
    return results


def _mean(column: Floats) -> Statistic:
    """Return the weighted mean of papers that have the value; NaN for a resample without any."""
    known = np.isfinite(column)

    def mean(weights: Floats) -> Floats:
        totals = weights[:, known].sum(axis=1)
        with np.errstate(invalid="ignore"):
            return np.asarray(weights[:, known] @ column[known] / totals)

    return mean


def _best_of(picked_by: Floats, averaged: Floats, k: int) -> Statistic:
    """Return the expectation at the best of k, for papers repeated in a sample by weights.

    Of n papers, the best of k is among the m lowest with probability C(m, k) / C(n, k). Papers of
    equal criterion form one level: it is hit with the difference of two such chances, and then
    gives the level's mean.
    """
    levels = np.round(picked_by, 9)  # means of equal ratings may differ in their last bits
    order = np.argsort(levels, kind="stable")
    _, starts = np.unique(levels[order], return_index=True)

    def expectation(weights: Floats) -> Floats:
        held = weights[:, order]
        counts = np.add.reduceat(held, starts, axis=1)
        sums = np.add.reduceat(held * averaged[order], starts, axis=1)
        among = np.cumsum(counts, axis=1)
        n = among[:, -1:]
        reached = np.ones_like(among)
        for i in range(k):  # a product of k ratios of at most 1: nothing overflows
            with np.errstate(invalid="ignore", divide="ignore"):
                reached *= np.maximum(among - i, 0) / np.maximum(n - i, 0)
        hit = np.diff(reached, axis=1, prepend=0.0)
        means = np.divide(sums, counts, out=np.zeros_like(sums), where=counts > 0)
        return np.asarray((hit * means).sum(axis=1))

    return expectation
