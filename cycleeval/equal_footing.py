"""Models and humans compared with the same number of voices.

A model that averages several simulated reviewers has a smaller error than one human by averaging
alone. These metrics compare one simulated reviewer with one human, a committee of humans with the
model, and say how many human reviewers the model's order of papers is worth.
"""

import numpy as np

from cycleeval.aligned import AlignedHumans, AlignedPapers
from cycleeval.bootstrap import OfSums
from cycleeval.paper_statistics import (
    PaperStatistic,
    PaperStatistics,
    Signer,
    mean_statistic,
    paper_weights,
    quotient,
)
from cycleeval.proxy import proxy_error
from cycleeval.ragged import Floats, Ragged
from cycleeval.ratios import ratio, subtract
from cycleeval.recalibration import cross_fitted_mean, recalibrate
from cycleeval.reviewer_worth import MIN_PAPERS, N_MOMENTS, worth_moments, worth_of_sums

COMMITTEES = (1, 2, 3)
"""Sizes of the committees of humans that are scored against the remaining reviewers."""
FOLDS = 10
"""Folds of the recalibration."""


def model_on_equal_footing(papers: AlignedPapers, signer: Signer) -> PaperStatistics:
    """Return the metrics of one simulated reviewer, the worth, and the parts of the error."""
    humans, model = papers.humans, papers.model
    found = _one_reviewer(humans, _voices(papers), signer)
    found |= _against_one_human(humans, model.rating, signer)
    found |= _worth(humans.ratings, model.rating, signer)
    found |= _parts(humans.ratings, model.rating, signer)
    return found | _recalibrated(humans, model.rating, signer)


def humans_on_equal_footing(humans: AlignedHumans, signer: Signer) -> PaperStatistics:
    """Return the metrics of one human and of committees of humans, named as the model's."""
    ratings = humans.ratings
    variances, weights = ratings.variances(), paper_weights(ratings, signer)
    paired = np.isfinite(variances)
    if not paired.any():
        return {}
    over = signer.resolved.options.over
    # One human against another one: E (r_i - r_j)^2 = 2 s^2.
    found = {
        "mse_one_human": mean_statistic(
            2 * variances, weights, signer.sign("mse_one_human", paired, over=over)
        )
    }
    for size in COMMITTEES:
        rest = ratings.counts.astype(np.float64) - size
        if not (rest > 0).any():
            continue
        # The mean of k of n without replacement against that of the other n - k.
        values = np.where(rest > 0, variances * (1 / size + ratio(1.0, rest)), np.nan)
        signed = signer.sign(
            "committee_mse", np.isfinite(values), over=over, humans=size, against="the-others"
        )
        found[f"committee_mse_{size}"] = mean_statistic(values, weights, signed)
    return found


def _voices(papers: AlignedPapers) -> Ragged:
    """Return the simulated reviewers' ratings, the policy's rating for a paper without any."""
    simulated, rating = papers.model.simulated, papers.model.rating
    if (simulated.counts > 0).all():
        return simulated
    counts = np.maximum(simulated.counts, 1)
    paper = np.repeat(np.arange(len(counts)), counts)
    values = rating[paper].copy()
    values[(simulated.counts > 0)[paper]] = simulated.values
    return Ragged(values, paper, counts)


def _one_reviewer(humans: AlignedHumans, voices: Ragged, signer: Signer) -> PaperStatistics:
    """Return the error of one random simulated reviewer against the mean of all humans but one.

    It is the error of the simulated mean plus the variance of the simulated reviewers.
    """
    ratings = humans.ratings
    paired = ratings.counts > 1
    values = np.full(len(ratings), np.nan)
    if paired.any():
        errors = proxy_error(voices.means()[paired], ratings.select(paired), mode="n-1")
        values[paired] = errors + (voices.squares() / voices.counts)[paired]
    signed = signer.sign(
        "proxy_mse",
        paired,
        mode="n-1",
        left_out="every",
        over=signer.resolved.options.over,
        rating="overall",
        voices="one",
    )
    return {"one_reviewer_mse_n1": mean_statistic(values, paper_weights(ratings, signer), signed)}


def _against_one_human(humans: AlignedHumans, rating: Floats, signer: Signer) -> PaperStatistics:
    """Return the error of the model's rating against one random human."""
    flat = humans.ratings
    values = flat.means((rating[flat.paper] - flat.values) ** 2)
    used = flat.counts > 1
    values = np.where(used, values, np.nan)
    over = signer.resolved.options.over
    return {
        "mse_one_human": mean_statistic(
            values, paper_weights(flat, signer), signer.sign("mse_one_human", used, over=over)
        )
    }


def _worth(ratings: Ragged, rating: Floats, signer: Signer) -> PaperStatistics:
    """Return how many human reviewers, averaged, order papers as well as the model.

    See `reviewer_worth`; scale and bias play no part, since a constant has a low error too.
    """
    paired = ratings.counts > 1
    if paired.sum() < MIN_PAPERS:
        return {}
    columns = np.zeros((len(ratings), N_MOMENTS))
    columns[paired] = worth_moments(rating[paired], ratings.select(paired))
    return {
        "worth_reviewers": PaperStatistic(
            OfSums(columns, lambda sums: worth_of_sums(sums)[0]),
            int(paired.sum()),
            signer.sign("worth_reviewers", paired, over="papers"),
            "the humans do not agree beyond chance, or the model orders papers perfectly",
            "percentile",
        )
    }


def _parts(ratings: Ragged, rating: Floats, signer: Signer) -> PaperStatistics:
    """Return the signed bias, and MSE (n) split into bias, spread and order.

    It is the split of `recalibration.error_parts`, as a function of moments: with means a, b,
    standard deviations s, t and correlation r of model and human means,
    MSE = (a - b)^2 + (s - r t)^2 + (1 - r^2) t^2.
    """
    means, weights = ratings.means(), paper_weights(ratings, signer)
    # Both less one number: squares of small numbers lose fewer digits.
    center = float(means.mean())
    x, y = subtract(rating, center), subtract(means, center)
    moments = np.stack([np.ones_like(x), x, y, x * x, y * y, x * y], axis=1) * weights[:, None]
    everyone = np.ones(len(ratings), dtype=bool)
    over = signer.resolved.options.over
    finishes = {
        "bias": _bias,
        "mse_bias": _squared_bias,
        "mse_spread": _spread,
        "mse_order": _order,
    }
    return {
        name: PaperStatistic(
            OfSums(moments, finish), len(ratings), signer.sign(name, everyone, mode="n", over=over)
        )
        for name, finish in finishes.items()
    }


def _bias(sums: Floats) -> Floats:
    return ratio(sums[:, 1] - sums[:, 2], sums[:, 0])


def _squared_bias(sums: Floats) -> Floats:
    return np.asarray(_bias(sums) ** 2)


def _spread(sums: Floats) -> Floats:
    own, explained, _ = _spreads(sums)
    return np.asarray((own - explained) ** 2)


def _order(sums: Floats) -> Floats:
    _, explained, theirs = _spreads(sums)
    return np.maximum(theirs - explained**2, 0.0)


def _spreads(sums: Floats) -> tuple[Floats, Floats, Floats]:
    """Return s, r t and t^2; r t is 0 for a model that never varies."""
    n, x, y, xx, yy, xy = sums.T
    own = np.maximum(subtract(ratio(xx, n), ratio(x, n) ** 2), 0.0)
    theirs = np.maximum(subtract(ratio(yy, n), ratio(y, n) ** 2), 0.0)
    together = subtract(ratio(xy, n), ratio(x, n) * ratio(y, n))
    explained = np.where(own > 0, ratio(together, np.sqrt(own)), 0.0)
    return np.sqrt(own), explained, theirs


def _recalibrated(humans: AlignedHumans, rating: Floats, signer: Signer) -> PaperStatistics:
    """Return skill after a linear recalibration that is fitted on the other folds.

    The constant that it must beat is fitted on the other folds as well. The intervals take the
    fits as given.
    """
    means, weights = humans.ratings.means(), paper_weights(humans.ratings, signer)
    n = len(means)
    if n < 2 * FOLDS:
        return {}
    fitted = recalibrate(rating, means, folds=FOLDS)
    constant = cross_fitted_mean(means, folds=FOLDS)
    columns = (
        np.stack([subtract(fitted, means) ** 2, subtract(constant, means) ** 2], axis=1)
        * weights[:, None]
    )
    signed = signer.sign(
        "skill_recalibrated",
        np.ones(n, dtype=bool),
        mode="n",
        over=signer.resolved.options.over,
        folds=FOLDS,
    )
    return {
        "skill_recalibrated": PaperStatistic(
            OfSums(columns, lambda sums: 1 - quotient(sums)),
            n,
            signed,
            "the constant makes no error at all",
        )
    }
