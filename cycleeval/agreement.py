"""Agreement of reviewers with each other, and of a model's rating with a noisy human mean.

Krippendorff's alpha, ICC, reliability and the correlation corrected for it are functions of a few
sums over papers, so each takes weights of papers, shape (resamples, n_papers), and gives one value
a resample; weights of 1 give the plain value.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from cycleeval.proxy import leave_one_out_means
from cycleeval.ragged import Floats, Integers, Lists, Ragged, ragged


@dataclass(frozen=True, slots=True, eq=False)
class Patterns:
    """Papers gathered by equal lists of ratings, since many papers share one, e.g. 5, 6, 6."""

    lists: Ragged
    """Each list once, of two ratings or more, in ascending order."""
    paper: Integers
    """Papers with two ratings or more, in the order of their lists, shape (n_paired,)."""
    starts: Integers
    """First of them of each list, shape (n_lists,)."""

    def held(self, weights: Floats) -> Floats:
        """Weight of each list, shape (resamples, n_lists), from those of all papers."""
        return np.asarray(np.add.reduceat(weights[:, self.paper], self.starts, axis=1))


def patterns(ratings: Lists | Ragged) -> Patterns:
    """Gather papers by equal ratings.

    Raises:
        ValueError: no paper with two ratings or more, so nothing to agree on.
    """
    flat = ragged(ratings)
    papers: dict[tuple[float, ...], list[int]] = {}
    for place, values in enumerate(np.split(flat.values, np.cumsum(flat.counts)[:-1])):
        if len(values) > 1:
            papers.setdefault(tuple(sorted(values.tolist())), []).append(place)
    if not papers:
        raise ValueError("expected a paper with two ratings or more, found none")
    sizes = np.array([len(places) for places in papers.values()])
    together = np.concatenate([np.asarray(places) for places in papers.values()])
    return Patterns(ragged(list(papers)), together, np.cumsum(sizes) - sizes)


def alpha_interval_of(of: Patterns, held: Floats) -> Floats:
    """Krippendorff's alpha for interval data; see ``krippendorff_alpha``.

    Args:
        of: the papers with two ratings or more.
        held: whole-number weight of every list, shape (resamples, n_lists).
    """
    return _alpha(of.lists, of.lists.values[None, :], held)


def alpha_ordinal_of(of: Patterns, held: Floats) -> Floats:
    """Krippendorff's alpha for ordinal data: the interval form on pooled midranks.

    The ordinal distance between two values, the sum of the marginals from one to the other less
    half of each end, is the distance between their midranks; hence no coincidence matrix.
    """
    levels, level = np.unique(of.lists.values, return_inverse=True)
    counts = np.zeros((len(of.lists), len(levels)))
    np.add.at(counts, (of.lists.paper, level), 1.0)
    marginals = held @ counts
    midranks = np.cumsum(marginals, axis=1) - marginals / 2
    return _alpha(of.lists, midranks[:, level], held)


def krippendorff_alpha(ratings: Lists, *, level: str = "interval") -> float:
    """Krippendorff's alpha: 1 perfect agreement, 0 that of chance, below 0 systematic disagreement.

    Args:
        ratings: one list a paper; reviewers need not be the same people.
        level: ``"interval"`` or ``"ordinal"``.

    Raises:
        ValueError: another level, or no paper with two ratings.

    >>> round(krippendorff_alpha([[3, 5], [6, 6], [8, 6]]), 4)
    0.5
    """
    statistics = {"interval": alpha_interval_of, "ordinal": alpha_ordinal_of}
    if level not in statistics:
        raise ValueError(f"level: expected one of {sorted(statistics)}, found {level!r}")
    of = patterns(ratings)
    return _once(statistics[level](of, of.held(np.ones((1, len(ratings))))))


class MeanSquares(NamedTuple):
    """One-way analysis of variance, one value a resample."""

    between: Floats
    """Mean square between papers."""
    within: Floats
    """Mean square within papers."""
    per_paper: Floats
    """Effective number of ratings a paper."""


def mean_squares(ratings: Ragged, weights: Floats) -> MeanSquares:
    """Analysis of variance of papers with these weights, shape (resamples, n_papers)."""
    counts = ratings.counts.astype(np.float64)
    rated = counts > 0
    means = np.where(rated, ratings.means(), 0.0) - ratings.values.mean()
    means = np.where(rated, means, 0.0)
    columns = [rated, counts, counts * means, counts * means**2, counts**2, ratings.squares()]
    papers, n, first, second, squared, within = (weights @ np.stack(columns, axis=1)).T
    between = _ratio(_less(second, _ratio(first**2, n)), papers - 1)
    per_paper = _ratio(n - _ratio(squared, n), papers - 1)
    return MeanSquares(between, _ratio(within, n - papers), per_paper)


def icc_single_of(squares: MeanSquares) -> Floats:
    """ICC(1,1): share of one rating's variance that lies between papers, one value a resample."""
    between, within, per_paper = squares
    return _ratio(between - within, between + (per_paper - 1) * within)


def icc_mean_of(squares: MeanSquares) -> Floats:
    """ICC(1,k): the same share for the mean of a paper's ratings."""
    return _ratio(squares.between - squares.within, squares.between)


def icc(ratings: Lists) -> tuple[float, float]:
    """ICC(1,1) and ICC(1,k) from a one-way random-effects analysis of variance.

    Papers may differ in their number of ratings; k is then the usual weighted number per paper.

    Raises:
        ValueError: no paper with two ratings.

    >>> tuple(round(value, 4) for value in icc([[3, 5], [6, 6], [8, 6]]))
    (0.5556, 0.7143)
    """
    flat, once = ragged(ratings), np.ones((1, len(ratings)))
    if not (flat.counts > 1).any():
        raise ValueError("expected a paper with two ratings or more, found none")
    squares = mean_squares(flat, once)
    return _once(icc_single_of(squares)), _once(icc_mean_of(squares))


def disattenuated_of(predicted: Floats, ratings: Ragged, weights: Floats) -> Floats:
    """Pearson's r between prediction and human mean, over the root of the human mean's reliability.

    What the correlation would be were the human mean free of noise (Spearman's correction, one
    side). It can exceed 1 in a sample; NaN where the humans do not agree beyond chance.
    """
    means = ratings.means()
    x, y = predicted - predicted.mean(), means - means.mean()
    sums = weights @ np.stack([np.ones_like(x), x, y, x * x, y * y, x * y], axis=1)
    n, sx, sy, sxx, syy, sxy = sums.T
    r = _ratio(n * sxy - sx * sy, _root(_less(n * sxx, sx**2) * _less(n * syy, sy**2)))
    between, within, per_paper = mean_squares(ratings, weights)
    between_papers = _ratio(between - within, per_paper)
    noise = within * _ratio(weights @ (1 / ratings.counts), n)
    return _ratio(r, _root(_ratio(between_papers, between_papers + noise)))


def replacement_wins(predicted: Floats, ratings: Lists | Ragged) -> Floats:
    """Replace-one-human test, one value a paper.

    Each reviewer in turn is replaced by the model; the value is the share of reviewers whom the
    model beats, nearer than they are to the mean of the others, an equal distance counting a half.
    A mean above 0.5: the model agrees with a panel better than one of its members does.

    Args:
        predicted: the model's rating of each paper.
        ratings: human ratings, two or more a paper.

    >>> replacement_wins(np.array([5.0]), [[3, 5, 8]]).round(4).tolist()
    [0.8333]
    """
    flat = ragged(ratings)
    target = leave_one_out_means(flat)
    human = np.round(np.abs(flat.values - target), 9)
    model = np.round(np.abs(predicted[flat.paper] - target), 9)
    return flat.means((model < human) + 0.5 * (model == human))


def _alpha(lists: Ragged, values: Floats, held: Floats) -> Floats:
    """1 - observed / expected disagreement of values, shape (resamples or 1, n_values)."""
    shown = values - values.mean(axis=1, keepdims=True)
    starts = np.cumsum(lists.counts) - lists.counts
    sums = np.add.reduceat(shown, starts, axis=1)
    squares = np.add.reduceat(shown**2, starts, axis=1)
    n = held @ lists.counts
    within = (held * (squares * lists.counts - sums**2) / (lists.counts - 1)).sum(axis=1)
    total = _less((held * squares).sum(axis=1), _ratio((held * sums).sum(axis=1) ** 2, n))
    return 1 - _ratio(_ratio(within, n) * (n - 1), total)


def _less(total: Floats, part: Floats) -> Floats:
    """Total less part; what is left of two equal sums by rounding is 0."""
    left = total - part
    return np.asarray(np.where(np.abs(left) <= 1e-12 * np.abs(total), 0.0, left))


def _ratio(numerator: Floats, denominator: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(denominator > 0, numerator / denominator, np.nan))


def _root(values: Floats) -> Floats:
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(values > 0, np.sqrt(values), np.nan))


def _once(values: Floats) -> float:
    return float(values[0])
