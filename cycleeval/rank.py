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

from cycleeval.concordance import (
    Narrow,
    PairPlan,
    count_discordant,
    pairs_among,
    plan_pairs,
    signed_sums,
)
from cycleeval.inputs import booleans, numbers
from cycleeval.ragged import Floats, Integers, Membership, membership
from cycleeval.ratios import ratio

_Statistic = Callable[["Mass"], Floats]
_CELLS_AT_ONCE = 4096
"""Cells whose products are in memory at once."""
_FEW_CELLS = 1024
"""Up to so many cells, all pairs are counted again for each row of weights."""
_MOST_CHANGED = 600
"""Cells that a row may change to be counted by the change alone."""


@dataclass(frozen=True, eq=False)
class Cells:
    """Items grouped by equal (x, y)."""

    x: Integers
    """Level of x of each cell, 0 for the smallest value, ascending, shape (n_cells,)."""
    y: Integers
    """Level of y of each cell, ascending within a level of x, shape (n_cells,)."""
    cell: Integers
    """Cell of each item, shape (n_items,)."""
    unit: Integers
    """Unit (paper) of each item, shape (n_items,)."""
    of_units: Membership
    """Items of each unit in each cell, shape (n_cells, n_units)."""
    x_levels: Membership
    """1 for each cell of a level of x, shape (n_levels, n_cells)."""
    y_levels: Membership
    """The same for y."""
    pairs: PairPlan
    """Plan for counting pairs."""

    @cached_property
    def plain(self) -> Floats:
        """Items in each cell, shape (n_cells,)."""
        return np.bincount(self.cell).astype(np.float64)

    @cached_property
    def signed(self) -> Floats:
        """Items concordant with each cell less discordant ones, shape (n_cells,)."""
        return signed_sums(self.pairs, self.plain)

    @cached_property
    def by_unit(self) -> tuple[Integers, Integers]:
        """Cells of the items in the order of units, and the place of each unit's first item."""
        order = np.argsort(self.unit, kind="stable")
        return self.cell[order], np.searchsorted(self.unit[order], np.arange(self.unit.max() + 2))


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
    n_y = int(y_level.max()) + 1
    of_cell, cell = np.unique(x_level * n_y + y_level, return_inverse=True)
    x_cell, y_cell = of_cell // n_y, of_cell % n_y
    units = np.arange(len(xs)) if unit is None else unit
    return Cells(
        x_cell,
        y_cell,
        cell,
        units,
        membership(cell, units, narrow=True),
        membership(x_cell, narrow=True),
        membership(y_cell, narrow=True),
        plan_pairs(x_cell, y_cell),
    )


@dataclass(frozen=True, eq=False)
class Mass:
    """Cells with weights, some resamples at a time."""

    of: Cells
    units: Floats
    """Whole-number weight of each unit, shape (resamples, n_units)."""
    weight: Narrow
    """Weight of each cell, shape (n_cells, resamples)."""

    @cached_property
    def concordance(self) -> Floats:
        """Concordant less discordant pairs, shape (resamples,)."""
        found = _changed_concordance(self.of, self.units) if len(self.of.x) > _FEW_CELLS else None
        if found is not None:
            return found
        # A pair that is tied in x or in y is not discordant.
        untied = _untied_pairs(self.x) + _untied_pairs(self.y) - _untied_pairs(self.weight)
        return untied - 2 * count_discordant(self.of.pairs, self.weight)

    @cached_property
    def x(self) -> Narrow:
        """Weight of each level of x, shape (n_levels, resamples)."""
        return np.asarray(self.of.x_levels @ self.weight)

    @cached_property
    def y(self) -> Narrow:
        """Weight of each level of y, shape (n_levels, resamples)."""
        return np.asarray(self.of.y_levels @ self.weight)


def weigh(of: Cells, weights: Floats) -> Mass:
    """Broadcast weights of units, shape (resamples, n_units), to the cells."""
    # A unit after the last one with an item has no column.
    narrow = weights.T[: of.of_units.shape[1]].astype(np.float32, order="C")
    return Mass(of, weights, np.asarray(of.of_units @ narrow, dtype=np.float32))


def _changed_concordance(of: Cells, weights: Floats) -> Floats | None:
    """Return the concordance of rows that differ from ones in few items, or None.

    With signs S of pairs of cells, plain weights b and changes d it is (b - d) S (b - d) / 2.
    """
    cell, first = of.by_unit
    found = np.full(len(weights), float(of.plain @ of.signed) / 2)
    for row, weight in enumerate(weights[:, : len(first) - 1]):
        units = np.flatnonzero(weight != 1)
        sizes = first[units + 1] - first[units]
        if sizes.sum() > _MOST_CHANGED:
            return None
        items = np.concatenate([np.arange(first[u], first[u + 1]) for u in units] or [cell[:0]])
        changed, place = np.unique(cell[items], return_inverse=True)
        lost = np.repeat(1 - weight[units], sizes)
        change = np.bincount(place, lost, len(changed)).astype(np.float64)
        among = pairs_among(of.pairs, changed, change)
        found[row] += among - float(change @ of.signed[changed])
    return found


def spearman_of(mass: Mass) -> Floats:
    """Return Spearman's rho per resample, midranks for ties; NaN if x or y does not vary."""
    x_rank, x_spread = _centered_midranks(mass.x)
    y_rank, y_spread = _centered_midranks(mass.y)
    together = np.zeros_like(x_spread)
    for start in range(0, len(mass.weight), _CELLS_AT_ONCE):
        here = slice(start, start + _CELLS_AT_ONCE)
        weighted = mass.weight[here] * x_rank[mass.of.x[here]].astype(np.float64)
        together += np.einsum("cb,cb->b", weighted, y_rank[mass.of.y[here]])
    return ratio(together, np.sqrt(x_spread * y_spread))


def kendall_tau_b_of(mass: Mass) -> Floats:
    """Return Kendall's tau-b per resample; NaN if x or y does not vary."""
    x_pairs, y_pairs = _untied_pairs(mass.x), _untied_pairs(mass.y)
    return ratio(mass.concordance, np.sqrt(x_pairs) * np.sqrt(y_pairs))


def pairwise_accuracy_of(mass: Mass) -> Floats:
    """Return the share of pairs with different y that x orders the same way, per resample.

    A tie in x counts a half. With a y of 0 and 1 this is AUROC. NaN if y does not vary.
    """
    return (1 + ratio(mass.concordance, _untied_pairs(mass.y))) / 2


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
    return float(statistic(weigh(of, np.ones((1, of.of_units.shape[1]))))[0])


def _levels(values: Floats) -> Integers:
    # Means of the same ratings in another order differ in the last bits; they are ties.
    return np.unique(np.round(values, 9), return_inverse=True)[1].astype(np.int64)


def _centered_midranks(mass: Narrow) -> tuple[Narrow, Floats]:
    """Return each level's midrank less the mean rank, and the weighted sum of its squares."""
    rank = np.cumsum(mass, axis=0)
    rank -= mass / 2
    rank -= mass.sum(axis=0) / 2
    return rank, np.einsum("kb,kb,kb->b", mass, rank, rank, dtype=np.float64)


def _untied_pairs(mass: Narrow) -> Floats:
    total = mass.sum(axis=0, dtype=np.float64)
    return np.asarray((total**2 - np.einsum("kb,kb->b", mass, mass, dtype=np.float64)) / 2)
