"""What a model adds to length and text, and its skill after a recalibration of any shape.

The fits are cross-fitted once; the intervals resample papers and take the fits as given.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from cycleeval.added_information import cross_fitted_errors, rank_residuals
from cycleeval.aligned import AlignedPapers, ResolvedConfig
from cycleeval.bootstrap import OfSums
from cycleeval.paper_statistics import PaperStatistic, PaperStatistics, Signer, quotient
from cycleeval.ragged import Floats, Integers
from cycleeval.ratios import centered, ratio, subtract
from cycleeval.recalibration import cross_fitted_mean, recalibrate
from cycleeval.result import MetricResult

FOLDS = 10
"""Folds of every fit."""
MIN_REVIEWERS = 3
"""Median number of human ratings per paper that the worth in reviewers needs (our choice)."""


def yardstick_statistics(
    papers: AlignedPapers, resolved: ResolvedConfig, baselines: Mapping[str, Floats]
) -> PaperStatistics:
    """Return isotonic skill, added information and partial Spearman.

    Args:
        papers: a model and the human ratings.
        resolved: options.
        baselines: ratings by baseline name on these papers; none leaves out what needs them.

    Returns:
        The statistics; none for fewer than twice as many papers as folds.
    """
    humans, rating = papers.humans, papers.model.rating
    if len(rating) < 2 * FOLDS:
        return {}
    low, high = resolved.options.rating_scale
    shared: dict[str, object] = {
        "policy": resolved.options.policy,
        "scale": f"{low:g}-{high:g}",
    }
    signer = Signer("model", humans.paper_ids, resolved, shared)
    means = humans.ratings.means()
    found = _isotonic(means, rating, signer)
    if baselines and centered(means).any():
        found |= _added(means, rating, baselines, signer)
    return found


def refuse_worth(result: MetricResult, counts: Integers, leaks: Sequence[str]) -> MetricResult:
    """Return the worth in human reviewers, without a value where it would mislead.

    Args:
        result: the worth.
        counts: human ratings per scored paper.
        leaks: clues in the papers' texts that give the decision away.
    """
    several = counts[counts > 1]
    why = None
    if len(several) and np.median(several) < MIN_REVIEWERS:
        why = (
            f"refused: half of the papers have fewer than {MIN_REVIEWERS} human ratings, too few "
            "to tell noise from disagreement about papers"
        )
    if leaks:
        why = (
            f"refused: the texts of the reference give the decision away ({leaks[0]}), and a leak "
            "is worth many reviewers"
        )
    if why is None:
        return result
    return replace(result, value=None, low=None, high=None, why=why, caution=None)


def _isotonic(means: Floats, rating: Floats, signer: Signer) -> PaperStatistics:
    fitted = recalibrate(rating, means, method="isotonic", folds=FOLDS)
    constant = cross_fitted_mean(means, folds=FOLDS)
    columns = np.stack([subtract(fitted, means) ** 2, subtract(constant, means) ** 2], axis=1)
    signed = signer.sign("skill_isotonic", np.ones(len(means), bool), mode="n", folds=FOLDS)
    return {
        "skill_isotonic": PaperStatistic(
            OfSums(columns, lambda sums: 1 - quotient(sums)),
            len(means),
            signed,
            "the constant makes no error at all",
        )
    }


def _added(
    means: Floats, rating: Floats, baselines: Mapping[str, Floats], signer: Signer
) -> PaperStatistics:
    known = np.stack(list(baselines.values()))
    without, having = cross_fitted_errors(rating, means, known, folds=FOLDS)
    center = centered(means)
    columns = np.stack([without - having, np.ones_like(center), center, center**2], axis=1)
    everyone = np.ones(len(means), dtype=bool)
    given = "+".join(baselines)
    found = {
        "added_information": PaperStatistic(
            OfSums(columns, _share_of_variance),
            len(means),
            signer.sign("added_information", everyone, given=given, folds=FOLDS),
            "the human means do not vary",
        )
    }
    residuals = rank_residuals(rating, means, known)
    if residuals is not None:
        own, theirs = residuals
        products = np.stack(
            [np.ones_like(own), own, theirs, own * own, theirs * theirs, own * theirs], axis=1
        )
        found["partial_spearman"] = PaperStatistic(
            OfSums(products, _correlation),
            len(means),
            signer.sign("partial_spearman", everyone, given=given),
            "one of the two sides never varies",
        )
    return found


def _share_of_variance(sums: Floats) -> Floats:
    gain, n, first, second = sums.T
    return ratio(gain, subtract(second, ratio(first**2, n)))


def _correlation(sums: Floats) -> Floats:
    n, x, y, xx, yy, xy = sums.T
    own = np.maximum(subtract(xx, ratio(x * x, n)), 0.0)
    theirs = np.maximum(subtract(yy, ratio(y * y, n)), 0.0)
    return ratio(xy - np.asarray(ratio(x * y, n)), np.sqrt(own * theirs))
