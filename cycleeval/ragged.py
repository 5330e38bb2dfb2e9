"""Lists of different lengths, one per paper, as one flat array; every metric works on these."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from cycleeval.inputs import flat_numbers
from cycleeval.ratios import subtract

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Lists = Sequence[Sequence[float]]
Membership: TypeAlias = "Floats | NDArray[np.float32] | csr_array"
_MOST_DENSE = 1 << 18
"""Entries up to which a membership is an array."""


@dataclass(frozen=True, slots=True, eq=False)
class Ragged:
    """One list of numbers per paper, stored flat; lists may be empty."""

    values: Floats
    """All numbers, in the order of papers, shape (n_values,)."""
    paper: Integers
    """Index of the paper that each number belongs to, ascending, shape (n_values,)."""
    counts: Integers
    """Numbers per paper, shape (n_papers,)."""

    def __len__(self) -> int:
        return len(self.counts)

    def sums(self, values: Floats | None = None) -> Floats:
        """Return the sum per paper of the values, or of others of their shape."""
        weights = self.values if values is None else values
        return np.asarray(
            np.bincount(self.paper, weights=weights, minlength=len(self.counts)), dtype=np.float64
        )

    def means(self, values: Floats | None = None) -> Floats:
        """Return the mean per paper; NaN for an empty list."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(self.sums(values) / self.counts)

    def squares(self) -> Floats:
        """Return the sum per paper of squared distances to the paper's own mean."""
        return self.sums(subtract(self.values, self.means()[self.paper]) ** 2)

    def variances(self) -> Floats:
        """Return the unbiased variance s^2 per paper; NaN below two numbers."""
        freedom = np.where(self.counts > 1, self.counts - 1, np.nan)
        return np.asarray(self.squares() / freedom)

    def select(self, chosen: NDArray[np.bool_]) -> "Ragged":
        """Return the papers where ``chosen``, shape (n_papers,), is true."""
        counts = self.counts[chosen]
        return Ragged(
            self.values[chosen[self.paper]], np.repeat(np.arange(len(counts)), counts), counts
        )


def ragged(lists: object, *, what: str = "ratings") -> Ragged:
    """Return the flat form of one list of numbers per paper.

    Args:
        lists: one sequence per paper, of any array library; lengths may differ and may be 0.
        what: what the numbers are, for the message of an error.

    Raises:
        ValueError: no papers, or a number that is missing or infinite.
        TypeError: an entry that is not a list of real numbers.
    """
    if isinstance(lists, Ragged):
        return lists
    values, counts = flat_numbers(lists, what)
    return from_flat(values, counts, what=what)


def from_flat(values: Floats, counts: Integers, *, what: str = "ratings") -> Ragged:
    """Return the same from flat numbers and the number of values per paper.

    Raises:
        ValueError: no papers, counts that do not add up, or a number that is not finite.
    """
    if len(counts) == 0:
        raise ValueError(f"{what}: expected at least one paper, found none")
    if int(counts.sum()) != len(values) or int(counts.min()) < 0:
        raise ValueError(f"{what}: the counts add up to {counts.sum()}, found {len(values)} values")
    paper = np.repeat(np.arange(len(counts)), counts)
    finite = np.isfinite(values)
    if not finite.all():
        first = int(np.argmin(finite))
        raise ValueError(
            f"{what}: paper {paper[first]}: expected a finite number, found {values[first]}; leave "
            "unknown values out"
        )
    return Ragged(values, paper, counts)


def membership(
    group: Integers,
    member: Integers | None = None,
    *,
    shape: tuple[int, int] | None = None,
    narrow: bool = False,
) -> Membership:
    """Return the number of items of each member in each group, shape (n_groups, n_members).

    Its product with weights, shape (n_members, resamples), sums the weights by group. A small one
    is an array, since SciPy takes longer to import than such a product.

    Args:
        group: the group of each item, from 0.
        member: the member that each item belongs to; None if an item is a member.
        shape: groups and members; None ends with the last ones that have an item.
        narrow: count in single precision, which is exact for sums below 2^24.
    """
    members = np.arange(len(group)) if member is None else member
    size = shape or (int(group.max()) + 1, int(members.max()) + 1)
    dtype = np.float32 if narrow else np.float64
    if size[0] * size[1] <= _MOST_DENSE:
        dense = np.zeros(size, dtype=dtype)
        np.add.at(dense, (group, members), 1)
        return dense
    from scipy.sparse import csr_array

    return csr_array((np.ones(len(group), dtype=dtype), (group, members)), shape=size)
