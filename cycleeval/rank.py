"""Rank agreement with ties: Spearman, Kendall's tau-b, pairwise accuracy, AUROC.

Ratings take few values, so papers are first grouped into cells of equal (x, y). Each statistic is a
function of the weights of the cells, so that the plain value, bootstrap resamples, jackknife and
permutations are the same array operations.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cycleeval.inputs import booleans, numbers
from cycleeval.ragged import Floats, Integers
from cycleeval.ratios import ratio

_Statistic = Callable[["Mass"], Floats]
_MOST_DIRECT = 600
"""Cells up to which all their pairs are compared directly; more are counted by merging."""


_FEW_LEVELS = 4
"""Levels of y up to which many cells are counted level by level."""


@dataclass(frozen=True, slots=True, eq=False)
class _Merge:
    """One level of the counting of pairs: sorted left and right halves of blocks are merged."""

    order: Integers
    """Cells by block, then y, shape (n_cells,)."""
    left: NDArray[np.float32]
    """1 for a cell of a left half, 0 for a right one, in that order."""
    right: Integers
    """Places of the cells of right halves in that order, shape (n_right,); and so are the next."""
    tie_start: Integers
    tie_end: Integers
    block_start: Integers
    block_end: Integers


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Items grouped by equal (x, y)."""

    x: Integers
    """Level of x of each cell, 0 for the smallest value, ascending, shape (n_cells,)."""
    y: Integers
    """Level of y of each cell, ascending within a level of x, shape (n_cells,)."""
    unit: Integers
    """Unit (paper) of each item, in the order of cells, shape (n_items,)."""
    starts: Integers
    """First item of each cell, shape (n_cells,)."""
    merges: tuple[_Merge, ...]
    """Plan for counting pairs; empty if there are few cells or few levels of y."""


def cells(
    x: Sequence[float] | Floats, y: Sequence[float] | Floats, unit: Integers | None = None
) -> Cells:
    """Group items by equal values.

    Args:
        x: one number per item.
        y: one number per item.
        unit: the paper that each item belongs to; None if an item is a paper.

    Raises:
        ValueError: no items, lengths that differ, or a number that is not finite.
    """
    xs, ys = numbers(x, "x"), numbers(y, "y")
    if len(xs) == 0 or len(xs) != len(ys):
        raise ValueError(f"expected two sequences of one length >= 1, found {len(xs)}, {len(ys)}")
    x_level, y_level = _levels(xs), _levels(ys)
    order = np.lexsort((y_level, x_level))
    x_sorted, y_sorted = x_level[order], y_level[order]
    new = np.flatnonzero((np.diff(x_sorted) != 0) | (np.diff(y_sorted) != 0)) + 1
    starts = np.concatenate([np.zeros(1, dtype=np.int64), new])
    units = order if unit is None else unit[order]
    x_cell, y_cell = x_sorted[starts], y_sorted[starts]
    many = len(starts) > _MOST_DIRECT and int(y_cell.max()) >= _FEW_LEVELS
    merges = _merges(x_cell, y_cell) if many else ()
    return Cells(x_cell, y_cell, units, starts, merges)


@dataclass(frozen=True, eq=False)
class Mass:
    """Cells with weights, some resamples at a time."""

    of: Cells
    weight: Floats
    """Whole-number weight of each cell, shape (resamples, n_cells)."""

    @cached_property
    def concordance(self) -> Floats:
        """Return concordant less discordant pairs, shape (resamples,)."""
        return _concordance(self.of, self.weight)


def weigh(of: Cells, weights: Floats) -> Mass:
    """Broadcast weights of units, shape (resamples, n_units), to the cells."""
    return Mass(of, np.add.reduceat(weights[:, of.unit], of.starts, axis=1))


def spearman_of(mass: Mass) -> Floats:
    """Return Spearman's rho per resample, midranks for ties; NaN if x or y does not vary."""
    of, weight = mass.of, mass.weight
    x_rank, x_spread = _centred_midranks(weight, of.x)
    y_rank, y_spread = _centred_midranks(weight, of.y)
    together = np.einsum("bc,bc,bc->b", weight, x_rank[:, of.x], y_rank[:, of.y])
    return ratio(together, np.sqrt(x_spread * y_spread))


def kendall_tau_b_of(mass: Mass) -> Floats:
    """Return Kendall's tau-b per resample; NaN if x or y does not vary."""
    x_pairs, y_pairs = (_untied_pairs(mass.weight, level) for level in (mass.of.x, mass.of.y))
    return ratio(mass.concordance, np.sqrt(x_pairs) * np.sqrt(y_pairs))


def pairwise_accuracy_of(mass: Mass) -> Floats:
    """Return the share of pairs with different y that x orders the same way, per resample.

    A tie in x counts a half. With a y of 0 and 1 this is AUROC. NaN if y does not vary.
    """
    return (1 + ratio(mass.concordance, _untied_pairs(mass.weight, mass.of.y))) / 2


def spearman(x: Sequence[float] | Floats, y: Sequence[float] | Floats) -> float:
    """Return Spearman's rank correlation of two sequences, ties at their midrank.

    >>> round(spearman([5, 6, 6, 8], [3, 6, 5, 8]), 4)
    0.9487
    """
    return _once(spearman_of, x, y)


def kendall_tau_b(x: Sequence[float] | Floats, y: Sequence[float] | Floats) -> float:
    """Return Kendall's tau-b of two sequences.

    >>> round(kendall_tau_b([5, 6, 6, 8], [3, 6, 5, 8]), 4)
    0.9129
    """
    return _once(kendall_tau_b_of, x, y)


def pairwise_accuracy(x: Sequence[float] | Floats, y: Sequence[float] | Floats) -> float:
    """Return the share of pairs with different y that x orders the same way, a tie in x at half.

    >>> round(pairwise_accuracy([5, 6, 6, 8], [3, 6, 5, 8]), 4)
    0.9167
    """
    return _once(pairwise_accuracy_of, x, y)


def auroc(scores: Sequence[float] | Floats, positive: Sequence[bool] | NDArray[np.bool_]) -> float:
    """Return the area under the ROC curve: a positive above a negative counts 1, a tie a half.

    >>> auroc([5, 6, 6, 8], [False, False, True, True])
    0.875
    """
    return _once(pairwise_accuracy_of, scores, booleans(positive, "positive").astype(np.float64))


def midranks(values: Sequence[float] | Floats) -> Floats:
    """Return the rank of each value from 1, ties at the middle of their ranks.

    >>> midranks([5, 3, 5, 8]).tolist()
    [2.5, 1.0, 2.5, 4.0]
    """
    level = _levels(numbers(values, "values"))
    counts = np.bincount(level)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[level])


def _once(statistic: _Statistic, x: Sequence[float] | Floats, y: Sequence[float] | Floats) -> float:
    of = cells(x, y)
    return float(statistic(weigh(of, np.ones((1, len(of.unit)))))[0])


def _levels(values: Floats) -> Integers:
    # Means of the same ratings in another order differ in the last bits; they are ties.
    return np.unique(np.round(values, 9), return_inverse=True)[1].astype(np.int64)


def _level_mass(mass: Floats, level: Integers) -> Floats:
    order = np.argsort(level, kind="stable")
    starts = np.flatnonzero(np.diff(level[order], prepend=-1))
    return np.asarray(np.add.reduceat(mass[:, order], starts, axis=1))


def _centred_midranks(mass: Floats, level: Integers) -> tuple[Floats, Floats]:
    """Return each level's midrank less the mean rank, and the weighted sum of its squares."""
    mass_of_level = _level_mass(mass, level)
    rank = (
        np.cumsum(mass_of_level, axis=1)
        - mass_of_level / 2
        - mass_of_level.sum(axis=1, keepdims=True) / 2
    )
    return rank, np.einsum("bk,bk,bk->b", mass_of_level, rank, rank)


def _untied_pairs(mass: Floats, level: Integers) -> Floats:
    mass_of_level = _level_mass(mass, level)
    return np.asarray((mass_of_level.sum(axis=1) ** 2 - (mass_of_level**2).sum(axis=1)) / 2)


def _concordance(of: Cells, mass: Floats) -> Floats:
    """Return concordant less discordant pairs. Weights below 2^24 are exact in float32."""
    if of.merges:
        return _merged_concordance(of, mass)
    if len(of.x) > _MOST_DIRECT:
        return _concordance_by_level(of, mass)
    total = np.zeros(len(mass))
    narrow = mass.astype(np.float32)
    sign = np.sign(of.x[:, None] - of.x) * np.sign(of.y[:, None] - of.y)
    above = narrow @ sign.astype(np.float32).T
    total += np.einsum("bc,bc->b", mass, above.astype(np.float64))
    return total / 2


def _concordance_by_level(of: Cells, mass: Floats) -> Floats:
    """Return concordant less discordant pairs, in one pass over the cells per level of y."""
    total = np.zeros(len(mass))
    first = np.flatnonzero(np.diff(of.x, prepend=-1))
    start = first[np.searchsorted(first, np.arange(len(of.x)), side="right") - 1]
    end = np.append(first[1:], len(of.x))[np.searchsorted(first, start)]
    for level in range(1, int(of.y.max()) + 1):
        own = np.flatnonzero(of.y == level)
        sums = np.zeros((len(mass), len(of.x) + 1))
        np.cumsum(np.where(of.y < level, mass, 0.0), axis=1, out=sums[:, 1:])
        lower = sums[:, start[own]] - (sums[:, -1:] - sums[:, end[own]])
        total += np.einsum("bc,bc->b", mass[:, own], lower)
    return total


def _merges(x: Integers, y: Integers) -> tuple[_Merge, ...]:
    """Plan the counting of pairs by merging: block sizes double, each block sorted by y."""
    n = len(x)
    place = np.arange(n)
    found = []
    size = 1
    while size < n:
        block = place // (2 * size)
        order = np.lexsort((y, block))
        starts = np.flatnonzero(np.diff(block[order], prepend=-1))
        ends = np.append(starts[1:], n)
        new = np.flatnonzero(
            np.diff(block[order], prepend=-1) | np.diff(y[order], prepend=-1).astype(bool)
        )
        tie = np.searchsorted(new, place, side="right") - 1
        tie_end = np.append(new[1:], n)
        left = (order // size) % 2 == 0
        right = np.flatnonzero(~left)
        of_block = block[order][right]
        found.append(
            _Merge(
                order,
                left.astype(np.float32),
                right,
                new[tie[right]],
                tie_end[tie[right]],
                starts[of_block],
                ends[of_block],
            )
        )
        size *= 2
    return tuple(found)


def _merged_concordance(of: Cells, mass: Floats) -> Floats:
    """Return concordant less discordant pairs in O(n log n) per resample.

    Cells are in the order of x, and within a level of x in that of y. So the pairs of a level of x,
    which are ties, are all counted as concordant by the merging, and are subtracted.
    """
    weight = np.ascontiguousarray(mass.T, dtype=np.float32)
    total = np.zeros(len(mass))
    sums = np.zeros((len(of.x) + 1, len(mass)), dtype=np.float32)
    for merge in of.merges:
        ordered = weight[merge.order]
        np.cumsum(ordered * merge.left[:, None], axis=0, out=sums[1:])
        below = sums[merge.tie_start] - sums[merge.block_start]
        above = sums[merge.block_end] - sums[merge.tie_end]
        below -= above
        below *= ordered[merge.right]
        total += below.sum(axis=0, dtype=np.float64)
    level = _level_mass(mass, of.x)
    return np.asarray(total - ((level**2).sum(axis=1) - (mass**2).sum(axis=1)) / 2)
