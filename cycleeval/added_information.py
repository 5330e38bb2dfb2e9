"""What a model's ratings add to a trivial baseline such as length or text.

A cross-fitted linear regression predicts the mean human rating from the baseline alone, then from
baseline and model. The added information is the drop of squared error over the variance of the
target, so that 0 means nothing new and the values of nested baselines add up.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cycleeval.inputs import numbers, plain_list
from cycleeval.ragged import Floats
from cycleeval.ratios import centered
from cycleeval.recalibration import draw_folds


@dataclass(frozen=True, slots=True)
class AddedInformation:
    """Added information of a model over baselines."""

    value: float
    """Share of the target's variance, at most 1; negative where the model only adds noise."""
    low: float
    """Lower end of the 95% interval (percentiles of resampled papers, fits held fixed)."""
    high: float
    """Upper end."""
    partial_spearman: float
    """Rank correlation of model and target, baselines partialled out of both."""
    n_papers: int
    """Papers."""


def added_information(
    predictions: Sequence[float] | Floats,
    targets: Sequence[float] | Floats,
    baselines: Sequence[Sequence[float]] | Floats,
    *,
    folds: int = 10,
    resamples: int = 2000,
    seed: int = 0,
) -> AddedInformation:
    """Return what a model's ratings add to baselines.

    Args:
        predictions: one rating per paper, shape (n_papers,).
        targets: mean human rating per paper, shape (n_papers,).
        baselines: baseline predictions or features per paper, shape (n_baselines, n_papers).
            Learned ones must not have seen these papers' targets.
        folds: of the cross-fitted regressions.
        resamples: bootstrap resamples for the interval.
        seed: of folds and resamples.

    Raises:
        ValueError: shapes that do not fit, values that are not finite, or constant targets.
    """
    predicted, wanted = numbers(predictions, "predictions"), numbers(targets, "targets")
    rows = plain_list(baselines, "baselines")
    nested = rows if not rows or hasattr(rows[0], "__len__") else [rows]
    known = np.array([numbers(row, "baselines") for row in nested]).reshape(len(nested), -1)
    if predicted.shape != wanted.shape or known.shape[1:] != wanted.shape:
        raise ValueError(
            f"expected shapes (n,), (n,) and (k, n), found {predicted.shape}, {wanted.shape} "
            f"and {known.shape}"
        )
    variance = float(centered(wanted).var())
    if variance <= 0:
        raise ValueError("targets: expected ratings that differ between papers, found one value")
    without, having = cross_fitted_errors(predicted, wanted, known, folds=folds, seed=seed)
    gain = without - having
    counts = np.random.default_rng(seed).multinomial(
        len(wanted), np.full(len(wanted), 1 / len(wanted)), size=resamples
    )
    means, squares = counts @ wanted / len(wanted), counts @ wanted**2 / len(wanted)
    drawn = (counts @ gain / len(wanted)) / (squares - means**2)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return AddedInformation(
        value=float(gain.mean()) / variance,
        low=float(low),
        high=float(high),
        partial_spearman=partial_spearman(predicted, wanted, known),
        n_papers=len(wanted),
    )


def cross_fitted_errors(
    predicted: Floats, wanted: Floats, known: Floats, *, folds: int = 10, seed: int = 0
) -> tuple[Floats, Floats]:
    """Return squared errors of regressions on the baselines, and on baselines and model.

    Args:
        predicted: the model's ratings, shape (n_papers,).
        wanted: mean human ratings, shape (n_papers,).
        known: baselines, shape (n_baselines, n_papers).
        folds: number of folds.
        seed: of the assignment of papers to folds.

    Returns:
        Two arrays of shape (n_papers,), in squared rating points.
    """
    fold = draw_folds(len(wanted), folds=folds, seed=seed)
    without = _cross_fit(known, wanted, fold)
    having = _cross_fit(np.vstack([known, predicted]), wanted, fold)
    return (wanted - without) ** 2, (wanted - having) ** 2


def partial_spearman(first: Floats, second: Floats, given: Floats) -> float:
    """Return the rank correlation of two variables, others partialled out of both.

    Args:
        first: shape (n,).
        second: shape (n,).
        given: shape (k, n).

    >>> partial_spearman(np.arange(4.0), np.arange(4.0), np.array([[0.0, 1, 0, 1]]))
    1.0
    """
    residuals = rank_residuals(first, second, given)
    if residuals is None:
        return float("nan")
    one, other = residuals
    norms = float(np.linalg.norm(one)) * float(np.linalg.norm(other))
    return round(float(one @ other) / norms, 12)


def rank_residuals(first: Floats, second: Floats, given: Floats) -> tuple[Floats, Floats] | None:
    """Return the ranks of two variables, the ranks of others regressed out, shape (n,) each.

    None if one of the two is determined by the others.
    """
    from scipy.stats import rankdata

    columns = np.vstack([np.ones(len(first)), *(rankdata(row) for row in given)]).T
    one, other = (
        ranks - columns @ np.linalg.lstsq(columns, ranks, rcond=None)[0]
        for ranks in (rankdata(first), rankdata(second))
    )
    if min(np.linalg.norm(one), np.linalg.norm(other)) < 1e-9 * len(first):
        return None
    return one, other


def _cross_fit(features: Floats, wanted: Floats, fold: np.ndarray) -> Floats:
    columns = np.vstack([np.ones(features.shape[1]), features]).T
    found = np.empty(len(wanted))
    for number in np.unique(fold):
        held_out = fold == number
        weights = np.linalg.lstsq(columns[~held_out], wanted[~held_out], rcond=None)[0]
        found[held_out] = columns[held_out] @ weights
    return found
