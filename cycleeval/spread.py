"""Simulated reviewers beside human ones: do they disagree as people do, or are they copies?

A panel of clones has no spread: its mean is no better informed than one voice, and its lowest and
highest rating say nothing.
"""

from collections.abc import Hashable, Sequence

import numpy as np

from cycleeval.ragged import Floats, Lists, Ragged, ragged


def within_paper_variance(ratings: Lists | Ragged) -> Floats:
    """Unbiased variance of each paper's ratings, in squared rating points; NaN below two ratings.

    >>> within_paper_variance([[3, 5], [6, 6, 6]]).tolist()
    [2.0, 0.0]
    """
    return ragged(ratings).variances()


def target_noise(ratings: Lists | Ragged) -> Floats:
    """Variance of the mean of a paper's ratings, s^2 / n (Eq. 7's second term); NaN below two.

    >>> target_noise([[3, 5], [6, 6, 6]]).tolist()
    [1.0, 0.0]
    """
    flat = ragged(ratings)
    return np.asarray(flat.variances() / np.maximum(flat.counts, 1))


def duplicate_pairs(marks: Sequence[Sequence[Hashable]]) -> Floats:
    """Share of the pairs of a paper's reviewers who gave the same marks; NaN below two reviewers.

    Args:
        marks: for each paper, one hashable value a reviewer: a rating, or all marks as a tuple.

    >>> duplicate_pairs([[(6, 3), (6, 3), (5, 3)], [(6, 3), (8, 4)]]).round(4).tolist()
    [0.3333, 0.0]
    """
    return np.array([_same_pairs(reviewers) for reviewers in marks], dtype=np.float64)


def _same_pairs(reviewers: Sequence[Hashable]) -> float:
    if len(reviewers) < 2:
        return float("nan")
    held: dict[Hashable, int] = {}
    for reviewer in reviewers:
        held[reviewer] = held.get(reviewer, 0) + 1
    same = sum(count * (count - 1) for count in held.values())
    return same / (len(reviewers) * (len(reviewers) - 1))
