"""Counts of concordant less discordant pairs of weighted cells, for many resamples at once.

All pairs of few cells are compared directly, as a product with a matrix of signs. More cells are
divided into about sqrt(n) blocks by x and as many by y: pairs of cells that differ in both blocks
are counted in the table of blocks, and the pairs inside of a block are the same problem with
fewer cells. So time grows with n^1.5 in matrix products, and memory too, but never with n^2.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cycleeval.ragged import Floats, Integers, Membership, membership

_MOST_DIRECT = 600
"""Cells up to which all their pairs are compared directly."""
_STRIP = 128
"""Cells that are compared with all cells before them at once."""
_MOST_EXACT = 1 << 24
"""Whole numbers below this are exact in single precision."""

Narrow = NDArray[np.float32]
"""Whole-number weights; sums are exact below 2^23."""


@dataclass(frozen=True, slots=True, eq=False)
class _DirectPairs:
    """All pairs of few cells."""

    places: Integers
    """Their places among the cells of the plan above."""
    sign: NDArray[np.int8]
    """Sign of the product of both differences of a cell (row) and one before it, else 0, shape
    (n_places, n_places)."""

    def count(self, weight: Narrow) -> Floats:
        """Return the count, shape (resamples,)."""
        own = np.take(weight, self.places, axis=0)
        products = np.empty_like(own)
        for start in range(0, len(own), _STRIP):
            end = start + _STRIP
            strip = self.sign[start:end, :end].astype(np.float32)
            np.matmul(strip, own[:end], out=products[start:end])
        exact = float(own.sum(axis=0).max()) ** 2 < _MOST_EXACT
        return _products(own, products, np.float32 if exact else np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class _BlockedPairs:
    """Pairs of many cells by blocks of x and y."""

    places: Integers
    table: Membership
    """From cells to the table of blocks, shape (n_x_blocks * n_y_blocks, n_places)."""
    shape: tuple[int, int]
    """Numbers of blocks of x and of y."""
    parts: tuple["PairPlan", ...]
    """Pairs inside of one block."""

    def count(self, weight: Narrow) -> Floats:
        """Return the count, shape (resamples,)."""
        own = np.take(weight, self.places, axis=0)
        total = np.zeros(own.shape[1])
        rows = np.asarray(self.table @ own, dtype=np.float32).reshape(*self.shape, -1)
        lower = np.zeros_like(rows[0])
        for row in rows:
            # Less the blocks above, by the sum of all.
            below = np.cumsum(lower, axis=0)
            below += below
            below -= lower
            below -= lower.sum(axis=0)
            total += _products(row, below, np.float64)
            lower += row
        for part in self.parts:
            total += part.count(own)
        return total


PairPlan = _DirectPairs | _BlockedPairs


def plan_pairs(x: Integers, y: Integers) -> PairPlan:
    """Return the plan for counting the pairs of cells with these levels of x and y."""
    return _plan(np.arange(len(x)), x, y)


def count_pairs(plan: PairPlan, weight: Narrow) -> Floats:
    """Return concordant less discordant pairs.

    Args:
        plan: of the cells.
        weight: whole-number weight of each cell, shape (n_cells, resamples); their sum is below
            2^23.

    Returns:
        One count per resample, shape (resamples,).
    """
    return plan.count(weight)


def _plan(places: Integers, x: Integers, y: Integers) -> PairPlan:
    if len(places) <= _MOST_DIRECT:
        return _DirectPairs(places, np.tril(_signs(x) * _signs(y), -1))
    x_block, y_block = _blocks(x), _blocks(y)
    shape = int(x_block.max()) + 1, int(y_block.max()) + 1
    size = shape[0] * shape[1], len(x)
    table = membership(x_block * shape[1] + y_block, shape=size, narrow=True)
    # Pairs of one block of x with any y; then those of one block of y that differ in that of x.
    parts = [
        *_parts_inside(x_block, x, y),
        *_parts_inside(y_block, x_block, y),
    ]
    return _BlockedPairs(places, table, shape, tuple(parts))


def _parts_inside(block: Integers, x: Integers, y: Integers) -> Sequence[PairPlan]:
    """Return a plan per block, without those in which x or y does not vary."""
    order = np.argsort(block, kind="stable")
    members = np.split(order, np.flatnonzero(np.diff(block[order])) + 1)
    return [
        _plan(inside, x[inside], y[inside])
        for inside in members
        if np.ptp(x[inside]) and np.ptp(y[inside])
    ]


def _blocks(level: Integers) -> Integers:
    """Return the block of each cell: about sqrt(n) runs of levels with equally many cells."""
    n = len(level)
    size = max(int(np.sqrt(n)), 1)
    counts = np.bincount(level)
    # A level belongs to the block in which its first cell falls, so that no level is divided; a
    # large one has a block of its own, so that every block with several levels is smaller than n.
    of_level = (np.cumsum(counts) - counts) // size + np.cumsum(counts >= size)
    return np.asarray(np.unique(of_level[level], return_inverse=True)[1], dtype=np.int64)


def _signs(level: Integers) -> NDArray[np.int8]:
    return np.asarray(np.sign(level[:, None] - level), dtype=np.int8)


def _products(own: Narrow, others: Narrow, dtype: type[np.floating[Any]]) -> Floats:
    """Return the sum over cells of weight times weight of the others, in this precision."""
    return np.asarray(np.einsum("cb,cb->b", own, others, dtype=dtype), dtype=np.float64)
