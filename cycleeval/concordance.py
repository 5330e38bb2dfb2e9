"""Counts of concordant less discordant pairs of weighted cells, for many resamples at once.

With ties in x broken by y and ties in y by x, no tied pair is discordant, so all pairs less twice
the discordant ones and less the tied ones is the count. Discordant pairs are inversions of one
strict order: cells are divided into about sqrt(n) blocks by x and as many by y, pairs that differ
in both blocks are counted in the table of blocks, and pairs inside of a block are compared directly
as matrix products. So time grows with n^1.5, and memory with n.

Rows that leave out few papers differ from the plain count by what the left-out cells contribute,
which takes O(n log n) for all of them together.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cycleeval.ragged import Floats, Integers, Membership, membership

_LEAST_BLOCK = 512
"""Cells of a block at least; so many are compared without blocks."""
_STRIP = 64
"""Cells that are compared with all cells before them at once."""
_STRETCH = 8192
"""Cells whose products are in memory at once, about."""

Narrow = NDArray[np.float32]
"""Whole-number weights; sums are exact below 2^23."""


@dataclass(frozen=True, eq=False)
class PairPlan:
    """How to count the pairs of some cells; the cells ascend by x, then by y."""

    x: Integers
    """Level of x of each cell, shape (n_cells,)."""
    y: Integers
    """Level of y of each cell, shape (n_cells,)."""
    block: int
    """Cells of a block."""

    @cached_property
    def by_y(self) -> Integers:
        """Cells in ascending order of y, then of x, shape (n_cells,)."""
        return np.argsort(self.y, kind="stable")

    @cached_property
    def rank(self) -> Integers:
        """Position of each cell in that order, shape (n_cells,)."""
        found = np.empty_like(self.by_y)
        found[self.by_y] = np.arange(len(found))
        return found

    @cached_property
    def rank_in_block(self) -> NDArray[np.uint16]:
        """Rank of each cell among those of its block of x."""
        starts = range(0, len(self.rank), self.block)
        parts = (self.rank[start : start + self.block] for start in starts)
        ranks = [np.argsort(np.argsort(part)) for part in parts]
        return np.concatenate(ranks).astype(np.uint16)

    @cached_property
    def n_blocks(self) -> int:
        """Blocks of x, and of y."""
        return -(-len(self.x) // self.block)

    @cached_property
    def x_block_by_y(self) -> NDArray[np.int32]:
        """Block of x of each cell, in the order of y."""
        return np.asarray(self.by_y // self.block, dtype=np.int32)

    @cached_property
    def table(self) -> Membership:
        """From cells to the table of blocks, shape (n_blocks * n_blocks, n_cells)."""
        place = np.arange(len(self.x)) // self.block * self.n_blocks + self.rank // self.block
        return membership(place, shape=(self.n_blocks**2, len(place)), narrow=True)


def plan_pairs(x: Integers, y: Integers) -> PairPlan:
    """Return the plan for counting the pairs of cells with these levels of x and y.

    Args:
        x: level of x of each cell, from 0, ascending.
        y: level of y of each cell, from 0, ascending within a level of x.
    """
    return PairPlan(x, y, max(_LEAST_BLOCK, int(np.sqrt(len(x)))))


def count_discordant(plan: PairPlan, weight: Narrow) -> Floats:
    """Return the discordant pairs.

    Args:
        plan: of the cells.
        weight: whole-number weight of each cell, shape (n_cells, resamples); their sum is below
            2^23.

    Returns:
        One count per resample, shape (resamples,).
    """
    total = _inversions_inside(weight, plan.rank_in_block, plan.block)
    if plan.n_blocks > 1:
        total += _inversions_of_blocks(plan, weight)
        ordered = np.take(weight, plan.by_y, axis=0)
        total += _inversions_inside(ordered, plan.x_block_by_y, plan.block)
    return total


def _inversions_inside(weight: Narrow, key: NDArray[np.integer[Any]], block: int) -> Floats:
    """Return the pairs of one block in which the first cell has the larger key, by resample."""
    below = np.tri(_STRIP, k=-1, dtype=bool)
    total = np.zeros(weight.shape[1])
    stretch = max(_STRETCH // block, 1) * block
    products = np.empty((min(stretch, len(weight)), weight.shape[1]), dtype=np.float32)
    for start in range(0, len(weight), stretch):
        own = weight[start : start + stretch]
        for first in range(0, len(own), block):
            inside, keys = own[first : first + block], key[start + first : start + first + block]
            for low in range(0, len(inside), _STRIP):
                high = min(low + _STRIP, len(inside))
                inverted = keys[:high] > keys[low:high, None]
                inverted[:, low:] &= below[: high - low, : high - low]
                out = products[first + low : first + high]
                np.matmul(inverted.astype(np.float32), inside[:high], out=out)
        total += _products(own, products[: len(own)])
    return total


def _inversions_of_blocks(plan: PairPlan, weight: Narrow) -> Floats:
    """Return the discordant pairs of cells that differ in the block of x and in that of y."""
    total = np.zeros(weight.shape[1])
    rows = np.asarray(plan.table @ weight, dtype=np.float32)
    rows = rows.reshape(plan.n_blocks, plan.n_blocks, -1)
    lower = np.zeros_like(rows[0])
    for row in rows:
        above = np.cumsum(lower, axis=0)
        np.subtract(above[-1].copy(), above, out=above)
        total += _products(row, above)
        lower += row
    return total


def _products(own: Narrow, others: Narrow) -> Floats:
    """Return the sum over cells of weight times weight of the others; single sums are exact."""
    return np.asarray(np.einsum("cb,cb->b", own, others, dtype=np.float64))


def signed_sums(plan: PairPlan, weight: Floats) -> Floats:
    """Return the weight of cells concordant with each cell, less that of the discordant ones.

    Args:
        plan: of the cells.
        weight: weight of each cell, shape (n_cells,).

    Returns:
        One sum per cell, shape (n_cells,), of whole numbers if the weights are.
    """
    before_x = np.cumsum(weight) - weight
    before_y = np.empty_like(weight)
    before_y[plan.by_y] = np.cumsum(weight[plan.by_y]) - weight[plan.by_y]
    discordant = before_x + before_y - 2 * _lower_on_both(plan.rank, weight)
    tied = np.bincount(plan.x, weight)[plan.x] + np.bincount(plan.y, weight)[plan.y] - weight
    return np.asarray(weight.sum() - tied - 2 * discordant)


def pairs_among(plan: PairPlan, cells: Integers, weight: Floats) -> float:
    """Return concordant less discordant pairs of a few cells with these weights."""
    x, y = plan.x[cells], plan.y[cells]
    signs = np.sign(x[:, None] - x) * np.sign(y[:, None] - y)
    return float(weight @ signs @ weight) / 2


def _lower_on_both(rank: Integers, weight: Floats) -> Floats:
    """Return the weight of the cells before each cell that have a lower rank, shape (n_cells,).

    Runs of 1, 2, 4, ... cells are merged: a cell of the second half of a run counts the cells of
    the first half that have a lower rank.
    """
    n = len(rank)
    found = np.zeros(n)
    cell = np.empty(n, dtype=np.int64)
    cell[rank] = np.arange(n)  # by rank, in one run of all cells
    place = np.arange(n)
    for bit in range(int(n - 1).bit_length() - 1, -1, -1):
        start = (cell >> (bit + 1)) << (bit + 1)  # of the run, in places
        second = (cell >> bit) & 1
        seconds = np.cumsum(second) - second
        seconds -= seconds[start]
        firsts = place - start - seconds
        lower = np.cumsum(np.where(second, 0.0, weight[cell]))
        lower -= np.where(start, lower[start - 1], 0.0)
        found[cell] += second * lower
        moved = np.empty_like(cell)
        moved[start + np.where(second, (1 << bit) + seconds, firsts)] = cell
        cell = moved
    return found
