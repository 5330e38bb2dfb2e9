"""How many human reviewers a model's ratings are worth, by order alone.

The mean of k reviewers correlates with a paper's true rating by sqrt(k / (k + lambda)), lambda the
error variance of one review over the variance of true ratings between papers. A model whose
correlation with the true rating is rho orders papers as well as k = lambda rho^2 / (1 - rho^2)
reviewers do. Scale and bias play no part: by raw error a constant is "worth" reviewers too.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cycleeval.inputs import numbers, require_whole
from cycleeval.ragged import Floats, Lists, Ragged, ragged
from cycleeval.ratios import centered, subtract

MIN_PAPERS = 10
"""Papers with two ratings that an estimate needs."""
N_MOMENTS = 10
"""Columns of `worth_moments`."""


@dataclass(frozen=True, slots=True)
class ReviewerWorth:
    """A model's worth in human reviewers."""

    value: float
    """Reviewers; 0 where the model's order has nothing to do with the humans'."""
    low: float | None
    """Lower end of the 95% interval (percentiles of resampled papers)."""
    high: float | None
    """Upper end; infinite where resamples reach a perfect correlation."""
    correlation: float
    """Estimated correlation with the true rating, attenuation removed."""
    noise_ratio: float
    """Error variance of one review over the variance between papers (lambda)."""
    n_papers: int
    """Papers with at least two human ratings."""


def reviewer_worth(
    predictions: Sequence[float] | Floats,
    ratings: Lists | Ragged,
    *,
    resamples: int = 2000,
    seed: int = 0,
) -> ReviewerWorth:
    """Return how many human reviewers order papers as well as these predictions.

    Variances between and within papers are those of a one-way random effects model, unbiased for
    unequal numbers of reviews (Searle 1971); the covariance of predictions and mean ratings needs
    no correction, since reviews err independently of the model.

    Args:
        predictions: one rating per paper, shape (n_papers,).
        ratings: human ratings per paper; papers with fewer than two are left out.
        resamples: bootstrap resamples of papers for the interval.
        seed: of the resamples.

    Raises:
        ValueError: fewer than ten papers with two ratings, or humans that do not agree beyond
            chance, so that no number of them orders papers.
    """
    flat = ragged(ratings)
    require_whole("resamples", resamples, lowest=1)
    require_whole("seed", seed, lowest=0)
    predicted = numbers(predictions, "predictions")
    if predicted.shape != flat.counts.shape:
        raise ValueError(f"expected one prediction per paper ({len(flat)}), found {len(predicted)}")
    usable = flat.counts > 1
    if usable.sum() < MIN_PAPERS:
        raise ValueError(
            f"expected at least {MIN_PAPERS} papers with two ratings, found {usable.sum()}"
        )
    flat, predicted = flat.select(usable), predicted[usable]
    columns = worth_moments(predicted, flat)
    ones = np.ones((1, len(predicted)))
    worth, correlation, noise_ratio = (float(x[0]) for x in worth_of_sums(ones @ columns))
    if not np.isfinite(noise_ratio):
        raise ValueError("the human ratings do not agree beyond chance; worth is undefined")
    generator = np.random.default_rng(seed)
    counts = generator.multinomial(
        len(predicted), np.full(len(predicted), 1 / len(predicted)), size=resamples
    )
    drawn = worth_of_sums(counts @ columns)[0]
    drawn = drawn[~np.isnan(drawn)]
    enough = len(drawn) >= 0.95 * resamples
    low, high = np.quantile(drawn, [0.025, 0.975], method="lower") if enough else (None, None)
    return ReviewerWorth(
        value=worth,
        low=None if low is None else float(low),
        high=None if high is None else float(high),
        correlation=correlation,
        noise_ratio=noise_ratio,
        n_papers=len(predicted),
    )


def worth_moments(predicted: Floats, flat: Ragged) -> Floats:
    """Return per paper what the estimates sum up, shape (n_papers, N_MOMENTS)."""
    counts, means = flat.counts.astype(np.float64), flat.means()
    center = float(np.average(means, weights=counts))  # keeps the sums of squares small
    means, predicted = subtract(means, center), centered(predicted)
    return np.stack(
        [
            np.ones_like(means),
            counts,
            counts**2,
            flat.squares(),
            counts * means,
            counts * means**2,
            predicted,
            predicted**2,
            means,
            predicted * means,
        ],
        axis=1,
    )


def worth_of_sums(sums: Floats) -> tuple[Floats, Floats, Floats]:
    """Return worth, correlation and noise ratio from sums over papers, shape (resamples,) each."""
    papers, reviews, squares, within, total, total2, pred, pred2, means, product = sums.T
    with np.errstate(divide="ignore", invalid="ignore"):
        error = within / (reviews - papers)
        between_square = subtract(total2, total**2 / reviews) / (papers - 1)
        size = (reviews - squares / reviews) / (papers - 1)
        between = subtract(between_square, error) / size
        between = np.where(between > 0, between, np.nan)
        variance = subtract(pred2, pred**2 / papers) / (papers - 1)
        covariance = (product - pred * means / papers) / (papers - 1)
        correlation = np.where(variance > 0, covariance / np.sqrt(variance * between), 0.0)
        squared = np.clip(correlation, 0.0, None) ** 2
        ratio = error / between
        worth = np.where(squared < 1, ratio * squared / (1 - squared), np.inf)
        worth = np.where(np.isnan(between), np.nan, worth)
    return worth, correlation, ratio
