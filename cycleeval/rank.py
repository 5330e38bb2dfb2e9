"""Rank agreement with ties: Spearman, Kendall's tau-b, pairwise accuracy, AUROC.

Ratings take few values, so papers are first gathered into cells of equal (x, y). Each statistic is
a function of the weight of every cell, which makes the plain value, every bootstrap resample, the
jackknife and the permutation the same few array operations.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cycleeval.ragged import Floats, Integers

_Statistic = Callable[["Mass"], Floats]
_BLOCK = 2048
"""Cells whose pairs are held at once; bounds memory at about 2048 x n_cells x 4 bytes."""


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Items gathered by equal (x, y)."""

    x: Integers
    """Level of x of each cell, 0 for the smallest value, ascending, shape (n_cells,)."""
    y: Integers
    """Level of y of each cell, ascending within a level of x, shape (n_cells,)."""
    unit: Integers
    """Unit (paper) of each item, in the order of cells, shape (n_items,)."""
    starts: Integers
    """First item of each cell, shape (n_cells,)."""


def cells(
    x: Sequence[float] | Floats, y: Sequence[float] | Floats, unit: Integers | None = None
) -> Cells:
    """Gather items by equal values.

    Args:
        x: one number an item.
        y: one number an item.
        unit: the paper that each item belongs to; None where an item is a paper.

    Raises:
        ValueError: no items, lengths that differ, or a number that is not finite.
    """
    xs, ys = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if len(xs) == 0 or len(xs) != len(ys):
        raise ValueError(f"expected two sequences of one length >= 1, found {len(xs)}, {len(ys)}")
    if not (np.isfinite(xs).all() and np.isfinite(ys).all()):
        raise ValueError("expected finite numbers; leave unknown values out")
    x_level, y_level = _levels(xs), _levels(ys)
    order = np.lexsort((y_level, x_level))
    x_sorted, y_sorted = x_level[order], y_level[order]
    new = np.flatnonzero((np.diff(x_sorted) != 0) | (np.diff(y_sorted) != 0)) + 1
    starts = np.concatenate([np.zeros(1, dtype=np.int64), new])
    units = order if unit is None else unit[order]
    return Cells(x_sorted[starts], y_sorted[starts], units, starts)


@dataclass(frozen=True, eq=False)
class Mass:
    """Cells with weights, some resamples at a time."""

    of: Cells
    weight: Floats
    """Whole-number weight of each cell, shape (resamples, n_cells)."""

    @cached_property
    def concordance(self) -> Floats:
        """Concordant less discordant pairs, shape (resamples,)."""
        return _concordance(self.of, self.weight)


def weigh(of: Cells, weights: Floats) -> Mass:
    """Give cells the weights of their units, shape (resamples, n_units)."""
    return Mass(of, np.add.reduceat(weights[:, of.unit], of.starts, axis=1))


def spearman_of(mass: Mass) -> Floats:
    """Spearman's rho, midranks for ties, one value a resample; NaN where x or y does not vary."""
    of, weight = mass.of, mass.weight
    x_rank, x_spread = _centred_midranks(weight, of.x)
    y_rank, y_spread = _centred_midranks(weight, of.y)
    together = np.einsum("bc,bc,bc->b", weight, x_rank[:, of.x], y_rank[:, of.y])
    return _ratio(together, np.sqrt(x_spread * y_spread))


def kendall_tau_b_of(mass: Mass) -> Floats:
    """Kendall's tau-b, one value a resample; NaN where x or y does not vary."""
    x_pairs, y_pairs = (_untied_pairs(mass.weight, level) for level in (mass.of.x, mass.of.y))
    return _ratio(mass.concordance, np.sqrt(x_pairs) * np.sqrt(y_pairs))


def pairwise_accuracy_of(mass: Mass) -> Floats:
    """Share of pairs with different y that x orders the same way, ties in x at half credit.

    With a y of 0 and 1 this is AUROC. One value a resample; NaN where y does not vary.
    """
    return (1 + _ratio(mass.concordance, _untied_pairs(mass.weight, mass.of.y))) / 2


def spearman(x: Sequence[float] | Floats, y: Sequence[float] | Floats) -> float:
    """Spearman's rank correlation of two sequences, ties at their midrank.

    >>> round(spearman([5, 6, 6, 8], [3, 6, 5, 8]), 4)
    0.9487
    """
    return _once(spearman_of, x, y)


def kendall_tau_b(x: Sequence[float] | Floats, y: Sequence[float] | Floats) -> float:
    """Kendall's tau-b of two sequences.

    >>> round(kendall_tau_b([5, 6, 6, 8], [3, 6, 5, 8]), 4)
    0.9129
    """
    return _once(kendall_tau_b_of, x, y)


def pairwise_accuracy(x: Sequence[float] | Floats, y: Sequence[float] | Floats) -> float:
    """Share of pairs with different y that x orders the same way, ties in x at half credit.

    >>> round(pairwise_accuracy([5, 6, 6, 8], [3, 6, 5, 8]), 4)
    0.9167
    """
    return _once(pairwise_accuracy_of, x, y)


def auroc(scores: Sequence[float] | Floats, positive: Sequence[bool] | NDArray[np.bool_]) -> float:
    """Area under the ROC curve: a positive above a negative counts 1, a tie counts a half.

    >>> auroc([5, 6, 6, 8], [False, False, True, True])
    0.875
    """
    return _once(pairwise_accuracy_of, scores, np.asarray(positive, dtype=np.float64))


def midranks(values: Sequence[float] | Floats) -> Floats:
    """Rank of each value from 1, ties at the middle of their ranks.

    >>> midranks([5, 3, 5, 8]).tolist()
    [2.5, 1.0, 2.5, 4.0]
    """
    level = _levels(np.asarray(values, dtype=np.float64))
    held = np.bincount(level)
    return np.asarray((np.cumsum(held) - (held - 1) / 2)[level])


def _once(statistic: _Statistic, x: Sequence[float] | Floats, y: Sequence[float] | Floats) -> float:
    of = cells(x, y)
    return float(statistic(weigh(of, np.ones((1, len(x)))))[0])


def _levels(values: Floats) -> Integers:
    # Means of the same ratings in another order differ in the last bits; they are ties.
    return np.unique(np.round(values, 9), return_inverse=True)[1].astype(np.int64)


def _level_mass(mass: Floats, level: Integers) -> Floats:
    order = np.argsort(level, kind="stable")
    starts = np.flatnonzero(np.diff(level[order], prepend=-1))
    return np.asarray(np.add.reduceat(mass[:, order], starts, axis=1))


def _centred_midranks(mass: Floats, level: Integers) -> tuple[Floats, Floats]:
    """Midrank of each level less the mean rank, and the weighted sum of its squares."""
    held = _level_mass(mass, level)
    rank = np.cumsum(held, axis=1) - held / 2 - held.sum(axis=1, keepdims=True) / 2
    return rank, np.einsum("bk,bk,bk->b", held, rank, rank)


def _untied_pairs(mass: Floats, level: Integers) -> Floats:
    held = _level_mass(mass, level)
    return np.asarray((held.sum(axis=1) ** 2 - (held**2).sum(axis=1)) / 2)


def _concordance(of: Cells, mass: Floats) -> Floats:
    """Concordant less discordant pairs. Whole numbers below 2^24, so float32 products are exact."""
    total = np.zeros(len(mass))
    narrow = mass.astype(np.float32)
    for start in range(0, len(of.x), _BLOCK):
        rows = slice(start, start + _BLOCK)
        sign = np.sign(of.x[rows, None] - of.x) * np.sign(of.y[rows, None] - of.y)
        above = narrow @ sign.astype(np.float32).T
        total += np.einsum("bc,bc->b", mass[:, rows], above.astype(np.float64))
    return total / 2


def _ratio(numerator: Floats, denominator: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(denominator > 0, numerator / denominator, np.nan))
