"""Baselines: the best constant, the majority's decision, and the noise of the target itself."""

from collections.abc import Sequence
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from cycleeval.inputs import booleans, require_choice
from cycleeval.proxy import Loss, Mode, leave_one_out_means
from cycleeval.ragged import Floats, Lists, Ragged, ragged
from cycleeval.scoring_config import Over


def best_constant(
    ratings: Lists | Ragged, *, mode: Mode = "n", loss: Loss = "mse", over: Over = "papers"
) -> float:
    """Return the one rating that, given to every paper, has the lowest proxy error.

    Args:
        ratings: human ratings, one list per paper: of the training split, or of the scored papers
            for the best constant in hindsight (an oracle).
        mode: see ``cycleeval.proxy.Mode``; ``n-1`` needs at least two ratings per paper.
        loss: a mean minimizes ``mse``, a median ``mae`` (the lower one of two).
        over: whether papers have equal weight or the number of their ratings.

    >>> best_constant([[3, 5], [6, 8], [8, 8, 8]])
    6.333333333333333
    >>> best_constant([[3, 5], [6, 8], [8, 8, 8]], loss="mae")
    7.0
    """
    require_choice("mode", mode, get_args(Mode))
    require_choice("loss", loss, get_args(Loss))
    require_choice("over", over, get_args(Over))
    flat = ragged(ratings)
    if mode == "n":
        targets, weights = flat.means(), np.ones(len(flat))
        if over == "reviews":
            weights = flat.counts.astype(np.float64)
    else:
        targets, weights = leave_one_out_means(flat), np.ones(len(flat.values))
        if over == "papers":
            weights = 1 / flat.counts[flat.paper]
    return (
        float(np.average(targets, weights=weights)) if loss == "mse" else _median(targets, weights)
    )


def majority(accepted: Sequence[bool] | NDArray[np.bool_]) -> bool:
    """Return the more frequent decision; reject if both are equally frequent.

    Raises:
        ValueError: no decisions.

    >>> majority([True, False, False])
    False
    """
    decisions = booleans(accepted, "accepted")
    if len(decisions) == 0:
        raise ValueError("expected at least one decision, found none")
    return bool(2 * decisions.sum() > len(decisions))


def noise_floor(ratings: Lists | Ragged, *, mode: Mode = "n") -> Floats:
    """Return the proxy MSE of the true rating, one value per paper, in squared rating points.

    The variance of the proxy (Eq. 7): s^2 / n for the mean of all, s^2 / (n - 1) for the mean of
    all but one, averaged over the one. NaN below two ratings.

    >>> noise_floor([[3, 5]], mode="n-1").tolist()
    [2.0]
    """
    require_choice("mode", mode, get_args(Mode))
    flat = ragged(ratings)
    freedom = np.where(flat.counts > 1, flat.counts - (mode == "n-1"), np.nan)
    return np.asarray(flat.variances() / freedom)


def _median(values: Floats, weights: Floats) -> float:
    order = np.argsort(values, kind="stable")
    below = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(below, below[-1] / 2 * (1 - 1e-12))])
