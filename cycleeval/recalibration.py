"""What a reviewer's squared error consists of, and what recalibration would leave of it.

A reviewer that is too kind, or spreads its ratings too widely, has a large error although it may
order papers well. The decomposition separates the three; recalibration, fitted on some papers and
judged on others, removes the first two.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

import numpy as np

from cycleeval.inputs import numbers, require_choice, require_whole
from cycleeval.ragged import Floats, Integers
from cycleeval.ratios import centered, subtract

Method = Literal["linear", "isotonic"]
"""Recalibration: least squares with intercept, or the best non-decreasing step function."""
METHODS: tuple[Method, ...] = ("linear", "isotonic")


@dataclass(frozen=True, slots=True)
class ErrorParts:
    """Mean squared error split into three parts (Murphy 1988), in squared rating points.

    ``bias + spread + order`` equals the mean squared error.
    """

    bias: float
    """Squared difference of the means: too kind or too harsh."""
    spread: float
    """``(s_p - r s_y)^2``: ratings spread more or less widely than their correlation justifies."""
    order: float
    """``(1 - r^2) s_y^2``: what no linear recalibration removes."""
    signed_bias: float
    """Mean prediction minus mean target, in rating points; positive is too kind."""

    @property
    def total(self) -> float:
        """Mean squared error."""
        return self.bias + self.spread + self.order


def error_parts(
    predictions: Sequence[float] | Floats, targets: Sequence[float] | Floats
) -> ErrorParts:
    """Split a mean squared error into bias, spread and order.

    Args:
        predictions: one rating per paper, shape (n_papers,).
        targets: mean human rating per paper, shape (n_papers,).

    Raises:
        ValueError: fewer than two papers, lengths that differ, or a value that is not finite.

    >>> parts = error_parts([6, 8, 10], [3, 4, 5])
    >>> parts.bias, parts.order
    (16.0, 0.0)
    >>> round(parts.spread, 4)
    0.6667
    """
    predicted, wanted = _pair(predictions, targets)
    own, theirs = centered(predicted), centered(wanted)
    spread_of_predictions, spread_of_targets = own.std(), theirs.std()
    covariance = float(np.mean(own * theirs))
    # r s_y without dividing by a spread of zero: a constant prediction has no correlation.
    explained = covariance / spread_of_predictions if spread_of_predictions > 0 else 0.0
    signed = float(predicted.mean() - wanted.mean())
    return ErrorParts(
        bias=signed**2,
        spread=float((spread_of_predictions - explained) ** 2),
        order=float(max(spread_of_targets**2 - explained**2, 0.0)),
        signed_bias=signed,
    )


def draw_folds(n_papers: int, *, folds: int = 10, seed: int = 0) -> Integers:
    """Return the fold of each paper, shape (n_papers,); fold sizes differ by at most one.

    Raises:
        ValueError: fewer than two folds, or fewer papers than folds.
    """
    require_whole("folds", folds, lowest=1)
    require_whole("seed", seed, lowest=0)
    if not 2 <= folds <= n_papers:
        raise ValueError(f"expected 2 to {n_papers} folds for {n_papers} papers, found {folds}")
    return np.random.default_rng(seed).permutation(np.arange(n_papers) % folds)


def recalibrate(
    predictions: Sequence[float] | Floats,
    targets: Sequence[float] | Floats,
    *,
    method: Method = "linear",
    folds: int = 10,
    seed: int = 0,
) -> Floats:
    """Return predictions recalibrated by cross-fitting, shape (n_papers,).

    Each paper's value comes from a fit on the other folds, so no paper judges its own fit.

    Args:
        predictions: one rating per paper, shape (n_papers,).
        targets: mean human rating per paper, shape (n_papers,).
        method: see ``Method``.
        folds: number of folds.
        seed: of the assignment of papers to folds.

    Raises:
        ValueError: an unknown method, lengths that differ, or too few papers for the folds.

    >>> recalibrate([6, 8, 10, 12], [3, 4, 5, 6], folds=2).round(6).tolist()
    [3.0, 4.0, 5.0, 6.0]
    """
    require_choice("method", method, METHODS)
    predicted, wanted = _pair(predictions, targets)
    fold = draw_folds(len(predicted), folds=folds, seed=seed)
    found = np.empty(len(predicted))
    for number in range(folds):
        held_out = fold == number
        fit = _fit_linear if method == "linear" else _fit_isotonic
        found[held_out] = fit(predicted[~held_out], wanted[~held_out], predicted[held_out])
    return found


def skill(errors: Floats, reference_errors: Floats) -> float:
    """Return 1 minus the ratio of mean errors; 0 is as good as the reference, 1 is perfect.

    Raises:
        ValueError: the reference makes no error, so there is nothing to improve on.
    """
    baseline = float(np.mean(reference_errors))
    if baseline <= 0:
        raise ValueError("expected a reference with an error above 0, found 0")
    return 1 - float(np.mean(errors)) / baseline


def cross_fitted_mean(
    targets: Sequence[float] | Floats, *, folds: int = 10, seed: int = 0
) -> Floats:
    """Return the mean target of the other folds per paper: the constant to beat."""
    wanted = numbers(targets, "targets")
    fold = draw_folds(len(wanted), folds=folds, seed=seed)
    means = np.array([wanted[fold != number].mean() for number in range(folds)])
    return np.asarray(means[fold])


def reliability_bins(points: Sequence[tuple[float, float]]) -> list[tuple[float, float, int]]:
    """Return mean rating, mean target and papers per bin of a reliability plot.

    A bin has at least an eighth of the papers by the model's rating; ties stay together.

    Args:
        points: the model's rating and the mean human rating per paper.
    """
    by_rating: dict[float, list[float]] = {}
    for model, human in points:
        by_rating.setdefault(round(model, 9), []).append(human)
    size = max(1, len(points) // 8)
    bins: list[list[tuple[float, float]]] = [[]]
    for model in sorted(by_rating):
        if len(bins[-1]) >= size:
            bins.append([])
        bins[-1] += [(model, human) for human in by_rating[model]]
    return [
        (fmean(m for m, _ in each), fmean(h for _, h in each), len(each)) for each in bins if each
    ]


def _fit_linear(predicted: Floats, wanted: Floats, apply_to: Floats) -> Floats:
    own = centered(predicted)
    variance = float(own @ own)
    slope = float(own @ centered(wanted)) / variance if variance > 0 else 0.0
    return np.asarray(wanted.mean() + slope * subtract(apply_to, float(predicted.mean())))


def _fit_isotonic(predicted: Floats, wanted: Floats, apply_to: Floats) -> Floats:
    from sklearn.isotonic import IsotonicRegression

    fitted = IsotonicRegression(out_of_bounds="clip").fit(np.round(predicted, 9), wanted)
    return np.asarray(fitted.predict(np.round(apply_to, 9)), dtype=np.float64)


def _pair(
    predictions: Sequence[float] | Floats, targets: Sequence[float] | Floats
) -> tuple[Floats, Floats]:
    predicted, wanted = numbers(predictions, "predictions"), numbers(targets, "targets")
    if predicted.shape != wanted.shape:
        raise ValueError(
            f"expected one prediction and one target per paper, found {len(predicted)} and "
            f"{len(wanted)}"
        )
    if len(predicted) < 2:
        raise ValueError(f"expected at least two papers, found {len(predicted)}")
    return predicted, wanted
