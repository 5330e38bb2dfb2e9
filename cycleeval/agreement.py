"""Agreement of reviewers with each other, and of a model's rating with a noisy human mean.

Krippendorff's alpha, ICC, reliability and the correlation corrected for it are functions of a few
sums over papers, so each takes weights of papers, shape (resamples, n_papers), and returns one
value per resample; weights of 1 give the plain value.
"""

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from cycleeval.inputs import numbers, require_choice
from cycleeval.proxy import leave_one_out_means
from cycleeval.ragged import Floats, Lists, Membership, Ragged, membership, ragged
from cycleeval.ratios import centered, ratio, root, subtract


@dataclass(frozen=True, slots=True, eq=False)
class Patterns:
    """Papers grouped by equal lists of ratings, since many papers share one, e.g. 5, 6, 6."""

    counts: Floats
    """Ratings of each list, at least two, shape (n_lists,)."""
    of_papers: Membership
    """1 for each paper of a list, shape (n_lists, n_papers)."""
    levels: Floats
    """Different ratings, ascending, shape (n_levels,)."""
    of_levels: Membership
    """How often a list has each rating, shape (n_lists, n_levels)."""

    def weights(self, weights: Floats) -> Floats:
        """Return the weight of each list, shape (n_lists, resamples), from those of all papers."""
        return np.asarray(self.of_papers @ weights.T)


def patterns(ratings: Lists | Ragged) -> Patterns:
    """Group papers by equal ratings.

    Raises:
        ValueError: no paper with at least two ratings.
    """
    flat = ragged(ratings)
    papers: dict[tuple[float, ...], list[int]] = {}
    for place, values in enumerate(np.split(flat.values, np.cumsum(flat.counts)[:-1])):
        if len(values) > 1:
            papers.setdefault(tuple(sorted(values.tolist())), []).append(place)
    if not papers:
        raise ValueError("expected a paper with at least two ratings, found none")
    sizes = [len(places) for places in papers.values()]
    together = np.concatenate([np.asarray(places) for places in papers.values()])
    of_list = np.repeat(np.arange(len(sizes)), sizes)
    of_papers = membership(of_list, together, shape=(len(sizes), len(flat)))
    lists = ragged(list(papers))
    levels, level = np.unique(lists.values, return_inverse=True)
    return Patterns(
        lists.counts.astype(np.float64), of_papers, levels, membership(lists.paper, level)
    )


def alpha_interval_of(of: Patterns, weighed: Floats) -> Floats:
    """Return Krippendorff's alpha for interval data; see ``krippendorff_alpha``.

    Args:
        of: the papers with at least two ratings.
        weighed: whole-number weight of every list, shape (n_lists, resamples).
    """
    return _alpha(of, of.levels[:, None], weighed)


def alpha_ordinal_of(of: Patterns, weighed: Floats) -> Floats:
    """Return Krippendorff's alpha for ordinal data: the interval form on pooled midranks.

    The ordinal distance between two values, the sum of the marginals from one to the other less
    half of each end, is the distance between their midranks; so no coincidence matrix is needed.
    """
    marginals = of.of_levels.T @ weighed
    return _alpha(of, np.cumsum(marginals, axis=0) - marginals / 2, weighed)


def krippendorff_alpha(ratings: Lists, *, level: str = "interval") -> float:
    """Return Krippendorff's alpha: 1 perfect agreement, 0 chance, below 0 systematic disagreement.

    Args:
        ratings: one list per paper; reviewers need not be the same people.
        level: ``"interval"`` or ``"ordinal"``.

    Raises:
        ValueError: another level, or no paper with two ratings.

    >>> round(krippendorff_alpha([[3, 5], [6, 6], [8, 6]]), 4)
    0.5
    """
    statistics = {"interval": alpha_interval_of, "ordinal": alpha_ordinal_of}
    require_choice("level", level, statistics)
    flat = ragged(ratings)
    of = patterns(flat)
    return _once(statistics[level](of, of.weights(np.ones((1, len(flat))))))


class MeanSquares(NamedTuple):
    """One-way analysis of variance, one value per resample."""

    between: Floats
    """Mean square between papers."""
    within: Floats
    """Mean square within papers."""
    per_paper: Floats
    """Effective number of ratings per paper."""


def mean_squares(ratings: Ragged, weights: Floats) -> MeanSquares:
    """Return the analysis of variance of papers with these weights, shape (resamples, n_papers)."""
    counts = ratings.counts.astype(np.float64)
    rated = counts > 0
    means = subtract(np.where(rated, ratings.means(), 0.0), float(ratings.values.mean()))
    means = np.where(rated, means, 0.0)
    columns = [rated, counts, counts * means, counts * means**2, counts**2, ratings.squares()]
    papers, n, first, second, squared, within = (weights @ np.stack(columns, axis=1)).T
    between = ratio(subtract(second, ratio(first**2, n)), papers - 1)
    per_paper = ratio(n - ratio(squared, n), papers - 1)
    return MeanSquares(between, ratio(within, n - papers), per_paper)


def icc_single_of(squares: MeanSquares) -> Floats:
    """Return ICC(1,1): the share of one rating's variance that is between papers."""
    between, within, per_paper = squares
    return ratio(between - within, between + (per_paper - 1) * within)


def icc_mean_of(squares: MeanSquares) -> Floats:
    """Return ICC(1,k): the same share for the mean of a paper's ratings."""
    return ratio(squares.between - squares.within, squares.between)


def icc(ratings: Lists) -> tuple[float, float]:
    """Return ICC(1,1) and ICC(1,k) from a one-way random-effects analysis of variance.

    Papers may differ in their number of ratings; k is then the usual weighted number per paper.

    Raises:
        ValueError: no paper with two ratings.

    >>> tuple(round(value, 4) for value in icc([[3, 5], [6, 6], [8, 6]]))
    (0.5556, 0.7143)
    """
    flat = ragged(ratings)
    once = np.ones((1, len(flat)))
    if not (flat.counts > 1).any():
        raise ValueError("expected a paper with at least two ratings, found none")
    squares = mean_squares(flat, once)
    return _once(icc_single_of(squares)), _once(icc_mean_of(squares))


def disattenuated_of(predicted: Floats, ratings: Ragged, weights: Floats) -> Floats:
    """Return Pearson's r of prediction and human mean over the root of the mean's reliability.

    What the correlation would be were the human mean free of noise (Spearman's correction, one
    side). It can exceed 1 in a sample; NaN if the humans do not agree beyond chance.
    """
    means = ratings.means()
    x, y = centered(predicted), centered(means)
    sums = weights @ np.stack([np.ones_like(x), x, y, x * x, y * y, x * y], axis=1)
    n, sx, sy, sxx, syy, sxy = sums.T
    r = ratio(n * sxy - sx * sy, root(subtract(n * sxx, sx**2) * subtract(n * syy, sy**2)))
    between, within, per_paper = mean_squares(ratings, weights)
    between_papers = ratio(between - within, per_paper)
    noise = within * ratio(weights @ (1 / ratings.counts), n)
    return ratio(r, root(ratio(between_papers, between_papers + noise)))


def replacement_wins(predicted: Sequence[float] | Floats, ratings: Lists | Ragged) -> Floats:
    """Return the outcome of the replace-one-human test, one value per paper.

    Each reviewer in turn is replaced by the model. The value is the share of reviewers that the
    model beats: it is closer to the mean of the others. An equal distance counts a half. With a
    mean above 0.5 the model agrees with the reviewers better than one of them does.

    Args:
        predicted: the model's rating of each paper.
        ratings: human ratings, at least two per paper.

    >>> replacement_wins([5], [[3, 5, 8]]).round(4).tolist()
    [0.8333]
    """
    flat, own = ragged(ratings), numbers(predicted, "predicted")
    if len(own) != len(flat):
        raise ValueError(f"expected one prediction per paper, {len(flat)}; found {len(own)}")
    target = leave_one_out_means(flat)
    human = np.round(np.abs(flat.values - target), 9)
    model = np.round(np.abs(own[flat.paper] - target), 9)
    return flat.means((model < human) + 0.5 * (model == human))


def within_paper_variance(ratings: Lists | Ragged) -> Floats:
    """Return the unbiased variance of each paper's ratings, in squared points; NaN below two.

    >>> within_paper_variance([[3, 5], [6, 6, 6]]).tolist()
    [2.0, 0.0]
    """
    return ragged(ratings).variances()


def target_noise(ratings: Lists | Ragged) -> Floats:
    """Return the variance of the mean of a paper's ratings, s^2 / n (Eq. 7); NaN below two.

    >>> target_noise([[3, 5], [6, 6, 6]]).tolist()
    [1.0, 0.0]
    """
    flat = ragged(ratings)
    return np.asarray(flat.variances() / np.maximum(flat.counts, 1))


def duplicate_pairs(reviewers: Sequence[Sequence[Hashable]]) -> Floats:
    """Return the share of a paper's pairs of reviewers with equal ratings; NaN below two.

    The mean of identical simulated reviewers carries no more information than one of them.

    Args:
        reviewers: per paper, one hashable value per reviewer: a rating, or all ratings as a tuple.

    >>> duplicate_pairs([[(6, 3), (6, 3), (5, 3)], [(6, 3), (8, 4)]]).round(4).tolist()
    [0.3333, 0.0]
    """
    return np.array([_equal_pairs(values) for values in reviewers], dtype=np.float64)


def _equal_pairs(values: Sequence[Hashable]) -> float:
    if len(values) < 2:
        return float("nan")
    equal = sum(count * (count - 1) for count in Counter(values).values())
    return equal / (len(values) * (len(values) - 1))


def _alpha(of: Patterns, values: Floats, weighed: Floats) -> Floats:
    """Return 1 - observed / expected disagreement of values, shape (n_levels, resamples or 1)."""
    shown = values - values.mean(axis=0)
    sums, squares = of.of_levels @ shown, of.of_levels @ shown**2
    counts = of.counts[:, None]
    n = of.counts @ weighed
    within = _weighted((squares * counts - sums**2) / (counts - 1), weighed)
    total = subtract(_weighted(squares, weighed), ratio(_weighted(sums, weighed) ** 2, n))
    return 1 - ratio(ratio(within, n) * (n - 1), total)


def _weighted(values: Floats, weighed: Floats) -> Floats:
    """Return the weighted sum of values over the lists, shape (resamples,)."""
    if values.shape[1] == 1:
        return np.asarray(values[:, 0] @ weighed)
    return np.asarray(np.einsum("lb,lb->b", values, weighed))


def _once(values: Floats) -> float:
    return float(values[0])
