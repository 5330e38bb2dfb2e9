"""Proxy MSE and MAE (Section 4.1, Eq. 5-6, Appendix C): per-paper errors, for people and models.

Nobody knows a paper's true rating, so the mean of its other human ratings stands in for it. Every
function returns one value a paper; averaging and intervals are somebody else's work.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

from cycleeval.ragged import Floats, Integers, Lists, Ragged, ragged

Mode = Literal["n-1", "n"]
"""``n-1``: against the mean of all humans but one, for each one in turn; ``n``: against all."""
Loss = Literal["mse", "mae"]
"""Squared error in squared rating points, or absolute error in rating points."""


class Proxy(NamedTuple):
    """One of the four proxy errors."""

    metric: str
    mode: Mode
    loss: Loss


PROXIES = {
    "proxy_mse_n1": Proxy("proxy_mse", "n-1", "mse"),
    "proxy_mae_n1": Proxy("proxy_mae", "n-1", "mae"),
    "proxy_mse_n": Proxy("proxy_mse", "n", "mse"),
    "proxy_mae_n": Proxy("proxy_mae", "n", "mae"),
}
"""The four by their names in reports."""


def leave_one_out_errors(ratings: Sequence[float]) -> Floats:
    """Error of each reviewer against the mean of the others.

    Args:
        ratings: one paper's n >= 2 human ratings, in rating points.

    Returns:
        Signed errors, shape (n,), in rating points; square for proxy MSE (Eq. 6),
        take magnitudes for proxy MAE.

    Raises:
        ValueError: fewer than two ratings, so nobody is left to be the proxy.

    >>> leave_one_out_errors([3, 5, 8]).tolist()
    [-3.5, -0.5, 4.0]
    """
    flat = ragged([ratings])
    return np.asarray(flat.values - leave_one_out_means(flat))


def leave_one_out_means(ratings: Lists | Ragged) -> Floats:
    """Mean of a paper's other ratings, for each rating in turn (Eq. 5).

    Args:
        ratings: one list a paper, each of two ratings or more.

    Returns:
        One mean a rating, flat, paper after paper, shape (n_ratings,).

    Raises:
        ValueError: a paper with fewer than two ratings.

    >>> leave_one_out_means([[3, 5], [1, 1, 4]]).tolist()
    [5.0, 3.0, 2.5, 2.5, 1.0]
    """
    flat = _with_ratings(ragged(ratings), at_least=2)
    return np.asarray((flat.sums()[flat.paper] - flat.values) / (flat.counts[flat.paper] - 1))


def human_error(
    ratings: Lists | Ragged,
    *,
    mode: Mode = "n-1",
    loss: Loss = "mse",
    left_out: Integers | None = None,
) -> Floats:
    """Human reviewers' own proxy error, one value a paper (Eq. 6).

    In mode ``n-1`` the value is the expectation of "one random reviewer against the mean of the
    others"; for ``mse`` it equals n s^2 / (n - 1), s^2 the unbiased variance. In mode ``n`` each
    reviewer is part of the mean that judges it, so the value is too small: (n - 1) s^2 / n.

    Args:
        ratings: one list a paper, each of two ratings or more.
        mode: see ``Mode``.
        loss: see ``Loss``.
        left_out: which reviewer of each paper to judge, shape (n_papers,), as
            ``random_reviewers`` draws them; None judges every one of them in turn.

    Raises:
        ValueError: a paper with fewer than two ratings, or ``left_out`` in mode ``n``.

    >>> human_error([[3, 5, 8], [6, 6]]).tolist()
    [9.5, 0.0]
    """
    flat = _with_ratings(ragged(ratings), at_least=2)
    target = leave_one_out_means(flat) if mode == "n-1" else flat.means()[flat.paper]
    return _per_paper(flat, _lost(flat.values - target, loss), mode, left_out)


def proxy_error(
    predictions: Sequence[float] | Lists | Ragged | Floats,
    ratings: Lists | Ragged,
    *,
    mode: Mode = "n-1",
    loss: Loss = "mse",
    left_out: Integers | None = None,
) -> Floats:
    """A model's proxy error, one value a paper.

    Args:
        predictions: one rating a paper, or one list of simulated reviewers' ratings a paper,
            whose mean is judged.
        ratings: the human ratings, one list a paper; two or more for ``n-1``, one for ``n``.
        mode: ``n-1`` is the mean over i of the error against the mean without r_i, comparable
            with ``human_error``; ``n`` is the error against the mean of all, the smaller one:
            for ``mse`` smaller by s^2 / (n (n - 1)) whatever the model says.
        loss: see ``Loss``.
        left_out: as in ``human_error``.

    Raises:
        ValueError: no papers, lengths that differ, a paper with too few ratings or predictions.

    >>> proxy_error([5.0], [[3, 5, 8]], mode="n").round(4).tolist()
    [0.1111]
    >>> proxy_error([[4, 6]], [[3, 5, 8]], mode="n-1", loss="mae").tolist()
    [1.0]
    """
    flat = _with_ratings(ragged(ratings), at_least=2 if mode == "n-1" else 1)
    predicted = mean_predictions(predictions)
    if len(predicted) != len(flat):
        raise ValueError(f"expected one prediction a paper, {len(flat)}, found {len(predicted)}")
    if mode == "n":
        if left_out is not None:
            raise ValueError("mode n leaves nobody out; drop left_out or use mode n-1")
        return _lost(predicted - flat.means(), loss)
    errors = _lost(predicted[flat.paper] - leave_one_out_means(flat), loss)
    return _per_paper(flat, errors, mode, left_out)


def mean_predictions(predictions: Sequence[float] | Lists | Ragged | Floats) -> Floats:
    """One rating a paper: the mean of its simulated reviewers, or the number itself.

    Raises:
        ValueError: no papers, a paper without a rating, or a number that is not finite.
    """
    if isinstance(predictions, Ragged):
        return _with_ratings(predictions, at_least=1).means()
    lists: list[Sequence[float]] = [
        [float(p)] if isinstance(p, int | float | np.number) else p for p in predictions
    ]
    return _with_ratings(ragged(lists, what="predictions"), at_least=1).means()


def random_reviewers(counts: Integers, *, seed: int) -> Integers:
    """One reviewer a paper, drawn evenly: the paper's "randomly select one reviewer".

    Args:
        counts: ratings per paper, each at least 1.
        seed: of numpy's default generator.

    Returns:
        Indices from 0 to count - 1, shape (n_papers,).
    """
    return np.asarray(np.random.default_rng(seed).integers(0, counts))


def _lost(errors: Floats, loss: Loss) -> Floats:
    return np.asarray(errors**2 if loss == "mse" else np.abs(errors))


def _per_paper(flat: Ragged, errors: Floats, mode: Mode, left_out: Integers | None) -> Floats:
    if left_out is None:
        return flat.means(errors)
    if mode == "n":
        raise ValueError("mode n leaves nobody out; drop left_out or use mode n-1")
    if len(left_out) != len(flat) or (left_out < 0).any() or (left_out >= flat.counts).any():
        raise ValueError("left_out: expected one index below the number of ratings for each paper")
    return np.asarray(errors[np.cumsum(flat.counts) - flat.counts + left_out])


def _with_ratings(flat: Ragged, *, at_least: int) -> Ragged:
    few = np.flatnonzero(flat.counts < at_least)
    if few.size:
        raise ValueError(
            f"paper {few[0]}: expected at least {at_least} rating(s), found "
            f"{flat.counts[few[0]]}; {few.size} such paper(s), leave them out and count them"
        )
    return flat
