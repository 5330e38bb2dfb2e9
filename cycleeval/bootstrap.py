"""Uncertainty over papers, the unit of sampling: resampled weights, BCa intervals, paired tests.

A statistic is a function from weights of papers, shape (resamples, n_papers), to values, shape
(resamples,). A bootstrap resample is a row of whole-number weights; leaving a paper out is a row
with one zero; swapping two models on a paper moves a weight from one to the other. So each metric
is written once, and every metric uses the same resamples.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist
from typing import Generic, TypeVar

import numpy as np

from cycleeval.ragged import Floats

Shared = TypeVar("Shared")
Statistic = Callable[[Floats], Floats]
"""From weights, shape (resamples, n_papers), to values, shape (resamples,)."""

JACKKNIFE_GROUPS = 1000
"""Papers are left out one by one up to this number, in groups of equal size beyond it."""
_CHUNK = 1 << 19
"""Weights in memory at once: 4 MiB, so that a chunk stays in the cache for every statistic."""
_MOST_KEPT = 1 << 22
"""Weights that are kept for the next statistics: 32 MiB."""
_LEAST_ROWS = 64
"""Rows of a chunk at least, however many papers there are."""
_DEFINED_SHARE = 0.95
"""An interval needs at least this share of resamples with a defined value."""


@dataclass(frozen=True, slots=True)
class Interval:
    """Two ends of a confidence interval."""

    low: float
    high: float


def resampled_weights(n_papers: int, *, resamples: int, seed: int) -> Iterator[Floats]:
    """Yield how often each paper is drawn, in chunks of rows, shape (rows, n_papers).

    Args:
        n_papers: papers to draw from, and draws per resample; at least 1.
        resamples: number of rows.
        seed: of numpy's default generator; equal arguments give equal rows.
    """
    if resamples * n_papers <= _MOST_KEPT:
        yield from _kept_weights(n_papers, resamples, seed)
    else:
        yield from _drawn_weights(n_papers, resamples, seed)


@lru_cache(maxsize=1)
def _kept_weights(n_papers: int, resamples: int, seed: int) -> tuple[Floats, ...]:
    """Return the chunks of one sampling plan: every model of a board uses the same ones."""
    return tuple(_drawn_weights(n_papers, resamples, seed))


def _drawn_weights(n_papers: int, resamples: int, seed: int) -> Iterator[Floats]:
    generator = np.random.default_rng(seed)
    for rows in _chunks(resamples, n_papers):
        drawn = generator.integers(0, n_papers, size=(rows, n_papers), dtype=np.int32)
        places = drawn + np.arange(rows)[:, None] * n_papers
        drawn_times = np.bincount(places.ravel(), minlength=rows * n_papers)
        weights = drawn_times.reshape(rows, n_papers).astype(np.float64)
        weights.setflags(write=False)
        yield weights


def left_out_weights(n_papers: int) -> Iterator[Floats]:
    """Yield one row of ones per paper, or group of papers, with that one at zero."""
    groups = min(n_papers, JACKKNIFE_GROUPS)
    group = np.arange(n_papers) * groups // n_papers
    start = 0
    for rows in _chunks(groups, n_papers):
        yield (group != np.arange(start, start + rows)[:, None]).astype(np.float64)
        start += rows


def swap_weights(n_papers: int, *, resamples: int, seed: int) -> Iterator[Floats]:
    """Yield rows of fair coins: 1 keeps the two models of a paper, 0 swaps them."""
    generator = np.random.default_rng(seed)
    for rows in _chunks(resamples, n_papers):
        yield generator.integers(0, 2, size=(rows, n_papers), dtype=np.int8).astype(np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class OfSums:
    """A statistic of weighted sums over papers, e.g. a mean: one product serves all of these."""

    columns: Floats
    """What is summed, shape (n_papers, n_sums)."""
    finish: Callable[[Floats], Floats]
    """From sums, shape (resamples, n_sums), to values, shape (resamples,)."""

    def __call__(self, weights: Floats) -> Floats:
        """Return the values on these rows of weights."""
        return self.finish(weights @ self.columns)


@dataclass(frozen=True, slots=True, eq=False)
class Prepared(Generic[Shared]):
    """A statistic in two steps; statistics that share the first step give the same object."""

    prepare: Callable[[Floats], Shared]
    """From weights to the argument of ``finish``."""
    finish: Callable[[Shared], Floats]
    """From the result of ``prepare`` to values, shape (resamples,)."""

    def __call__(self, weights: Floats) -> Floats:
        """Return the values on these rows of weights."""
        return self.finish(self.prepare(weights))


def evaluate(statistics: Mapping[str, Statistic], weights: Iterable[Floats]) -> dict[str, Floats]:
    """Return every statistic on every row of weights, shape (rows,) each."""
    found: dict[str, list[Floats]] = {name: [] for name in statistics}
    sums = {name: s for name, s in statistics.items() if isinstance(s, OfSums)}
    columns = np.hstack([s.columns for s in sums.values()]) if sums else None
    ends = dict(zip(sums, np.cumsum([s.columns.shape[1] for s in sums.values()]), strict=True))
    for chunk in weights:
        summed = None if columns is None else chunk @ columns
        prepared: dict[int, object] = {}
        for name, statistic in statistics.items():
            if summed is not None and isinstance(statistic, OfSums):
                end = ends[name]
                values = statistic.finish(summed[:, end - statistic.columns.shape[1] : end])
            elif isinstance(statistic, Prepared):
                step = id(statistic.prepare)
                if step not in prepared:
                    prepared[step] = statistic.prepare(chunk)
                values = statistic.finish(prepared[step])
            else:
                values = statistic(chunk)
            found[name].append(values)
    return {name: np.concatenate(values) for name, values in found.items()}


def bca_interval(
    value: float, resampled: Floats, left_out: Floats, *, confidence: float = 0.95
) -> Interval | None:
    """Return the bias-corrected and accelerated bootstrap interval (Efron 1987).

    Args:
        value: the statistic on the papers themselves.
        resampled: the statistic on each resample, shape (resamples,); NaN if undefined.
        left_out: the statistic without each paper (or group), shape (groups,).
        confidence: share of such intervals that should contain the true value, 0 to 1.

    Returns:
        The interval, extended to the value where that is outside, as the square of a bias near 0
        is; None if the value or more than 5% of its resamples are undefined.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence: expected a share between 0 and 1, found {confidence}")
    defined = resampled[np.isfinite(resampled)]
    if not np.isfinite(value) or len(defined) < max(1, _DEFINED_SHARE * len(resampled)):
        return None
    normal = NormalDist()
    # Sums in another order differ in the last bits; such resamples are ties with the value.
    margin = 1e-9 * max(1.0, abs(value))
    share = float(np.mean(defined < value - margin) + np.mean(defined <= value + margin)) / 2
    if not 0 < share < 1:  # every resample on one side, or all equal: plain percentiles
        shift, acceleration = 0.0, 0.0
    else:
        shift, acceleration = normal.inv_cdf(share), _acceleration(left_out)
    ends = []
    for tail in ((1 - confidence) / 2, (1 + confidence) / 2):
        moved = shift + normal.inv_cdf(tail)
        ends.append(normal.cdf(shift + moved / (1 - acceleration * moved)))
    low, high = np.quantile(defined, ends)
    return Interval(rounded(min(float(low), value)), rounded(max(float(high), value)))


def rounded(value: float) -> float:
    """Return the value with twelve significant digits, which the order of a sum does not change.

    >>> rounded(0.1 + 0.2)
    0.3
    """
    return float(f"{value:.12g}")


def permutation_p_value(observed: float, permuted: Floats) -> float | None:
    """Return the two-sided p-value: the share of permutations at least as far from 0.

    The observed difference counts as one permutation.

    Returns:
        The p-value, never 0; None if the observed difference is undefined.

    >>> permutation_p_value(2.0, np.array([0.0, -2.0, 1.0]))
    0.5
    """
    if not np.isfinite(observed):
        return None
    defined = permuted[np.isfinite(permuted)]
    # Sums in another order differ in the last bits; such permutations are as extreme.
    extreme = np.abs(defined) >= abs(observed) * (1 - 1e-9)
    return float((1 + extreme.sum()) / (1 + len(defined)))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return Holm's step-down adjustment for several comparisons, in the order given.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    adjusted = [0.0] * len(p_values)
    running = 0.0
    for rank, i in enumerate(order):
        running = max(running, min(1.0, (len(p_values) - rank) * p_values[i]))
        adjusted[i] = running
    return adjusted


def detectable_difference(
    standard_error: float, *, power: float = 0.8, level: float = 0.05
) -> float:
    """Return the smallest true difference that a two-sided test finds with this power.

    Args:
        standard_error: of the difference, in the metric's own unit.
        power: probability of finding it.
        level: of the test.

    >>> round(detectable_difference(0.1), 4)
    0.2802
    """
    normal = NormalDist()
    return (normal.inv_cdf(1 - level / 2) + normal.inv_cdf(power)) * standard_error


def tie_groups(ranked: Sequence[str], different: Collection[frozenset[str]]) -> list[int]:
    """Return the place of each name, shared by those not shown to differ from their group's best.

    Args:
        ranked: names from the best to the worst.
        different: the pairs that are shown to differ, e.g. by Holm's p-value.

    Returns:
        Places in the same order; the first name of each group has its own place.

    >>> tie_groups(["a", "b", "c"], {frozenset("ac"), frozenset("bc")})
    [1, 1, 3]
    """
    ranks: list[int] = []
    leader = ""
    for place, name in enumerate(ranked, start=1):
        if not ranks or frozenset((leader, name)) in different:
            leader = name
            ranks.append(place)
        else:
            ranks.append(ranks[-1])
    return ranks


def _chunks(rows: int, n_papers: int) -> Iterator[int]:
    size = max(_LEAST_ROWS, _CHUNK // n_papers)
    for start in range(0, rows, size):
        yield min(size, rows - start)


def _acceleration(left_out: Floats) -> float:
    defined = left_out[np.isfinite(left_out)]
    if not len(defined):
        return 0.0
    away = defined.mean() - defined
    scale = float((away**2).sum()) ** 1.5
    return float((away**3).sum()) / (6 * scale) if scale > 0 else 0.0
