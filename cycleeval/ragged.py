"""Lists of different lengths, one a paper, as one flat array: the shape every metric works on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Lists = Sequence[Sequence[float]]


@dataclass(frozen=True, slots=True, eq=False)
class Ragged:
    """One list of numbers a paper, stored flat; lists may be empty."""

    values: Floats
    """All numbers, paper after paper, shape (n_values,)."""
    paper: Integers
    """Index of the paper that each number belongs to, ascending, shape (n_values,)."""
    counts: Integers
    """Numbers per paper, shape (n_papers,)."""

    def __len__(self) -> int:
        return len(self.counts)

    def sums(self, values: Floats | None = None) -> Floats:
        """Sum per paper of these numbers, or of others of their shape; 0 where there are none."""
        weights = self.values if values is None else values
        return np.asarray(
            np.bincount(self.paper, weights=weights, minlength=len(self.counts)), dtype=np.float64
        )

    def means(self, values: Floats | None = None) -> Floats:
        """Mean per paper; NaN where a paper has no number."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(self.sums(values) / self.counts)

    def squares(self) -> Floats:
        """Sum per paper of squared distances to the paper's own mean."""
        return self.sums((self.values - self.means()[self.paper]) ** 2)

    def variances(self) -> Floats:
        """Unbiased variance per paper, s^2; NaN where a paper has fewer than two numbers."""
        freedom = np.where(self.counts > 1, self.counts - 1, np.nan)
        return np.asarray(self.squares() / freedom)

    def select(self, chosen: NDArray[np.bool_]) -> "Ragged":
        """The papers where ``chosen``, shape (n_papers,), is true."""
        counts = self.counts[chosen]
        return Ragged(
            self.values[chosen[self.paper]], np.repeat(np.arange(len(counts)), counts), counts
        )


def ragged(lists: Lists | Ragged, *, what: str = "ratings") -> Ragged:
    """Flat form of one list of numbers a paper.

    Args:
        lists: one sequence a paper, lengths may differ and may be 0.
        what: what the numbers are, for the message of an error.

    Raises:
        ValueError: no papers, or a number that is NaN or infinite.
        TypeError: something that is not a number.
    """
    if isinstance(lists, Ragged):
        return lists
    if len(lists) == 0:
        raise ValueError(f"{what}: expected at least one paper, found none")
    counts = np.fromiter(map(len, lists), dtype=np.int64, count=len(lists))
    return from_flat(
        _floats(chain.from_iterable(lists), int(counts.sum()), what), counts, what=what
    )


def from_flat(values: Floats, counts: Integers, *, what: str = "ratings") -> Ragged:
    """The same from numbers that are flat already, and how many of them each paper has.

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
            f"{what}: paper {paper[first]} holds {values[first]}; leave unknown values out"
        )
    return Ragged(values, paper, counts)


def _floats(values: Iterable[float], count: int, what: str) -> Floats:
    try:
        return np.fromiter(values, dtype=np.float64, count=count)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{what}: expected numbers, one list a paper: {error}") from error
