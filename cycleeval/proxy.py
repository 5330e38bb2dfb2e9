"""Proxy MSE and MAE (Section 4.1, Eq. 5-6, Appendix C): per-paper errors, for people and models.

The true rating of a paper is unknown; the mean of its other human ratings is the proxy. Every
function returns one value per paper; see bootstrap.py for means and intervals.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple, get_args

import numpy as np

from cycleeval.inputs import number_or_none, numbers, plain_list, require_choice, require_whole
from cycleeval.ragged import Floats, Integers, Lists, Ragged, ragged
from cycleeval.ratios import subtract

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
    """Return the error of each reviewer against the mean of the others.

    Args:
        ratings: one paper's n >= 2 human ratings, in rating points.

    Returns:
        Signed errors, shape (n,), in rating points; square for proxy MSE (Eq. 6),
        take magnitudes for proxy MAE.

    Raises:
        ValueError: fewer than two ratings, so that no proxy is left.

    >>> leave_one_out_errors([3, 5, 8]).tolist()
    [-3.5, -0.5, 4.0]
    """
    flat = ragged([ratings])
    return subtract(flat.values, leave_one_out_means(flat))


def leave_one_out_means(ratings: Lists | Ragged) -> Floats:
    """Return the mean of a paper's other ratings, for each rating in turn (Eq. 5).

    Args:
        ratings: one list per paper, each of at least two ratings.

    Returns:
        One mean per rating, flat, in the order of papers, shape (n_ratings,).

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
    left_out: Sequence[int] | Integers | None = None,
) -> Floats:
    """Return the human reviewers' own proxy error, one value per paper (Eq. 6).

    In mode ``n-1`` the value is the expectation of "one random reviewer against the mean of the
    others"; for ``mse`` it equals n s^2 / (n - 1), s^2 the unbiased variance. In mode ``n`` each
    reviewer is part of the mean that judges it, so the value is too small: (n - 1) s^2 / n.

    Args:
        ratings: one list per paper, each of at least two ratings.
        mode: see ``Mode``.
        loss: see ``Loss``.
        left_out: which reviewer of each paper to judge, shape (n_papers,), as
            ``random_reviewers`` draws them; None judges every one of them in turn.

    Raises:
        ValueError: a paper with fewer than two ratings, or ``left_out`` in mode ``n``.

    >>> human_error([[3, 5, 8], [6, 6]]).tolist()
    [9.5, 0.0]
    """
    _require_options(mode, loss, left_out)
    flat = _with_ratings(ragged(ratings), at_least=2)
    target = leave_one_out_means(flat) if mode == "n-1" else flat.means()[flat.paper]
    return _per_paper(flat, _lost(subtract(flat.values, target), loss), left_out)


def proxy_error(
    predictions: Sequence[float] | Lists | Ragged | Floats,
    ratings: Lists | Ragged,
    *,
    mode: Mode = "n-1",
    loss: Loss = "mse",
    left_out: Sequence[int] | Integers | None = None,
) -> Floats:
    """Return a model's proxy error, one value per paper.

    Args:
        predictions: one rating per paper, or one list of simulated reviewers' ratings per paper,
            whose mean is judged.
        ratings: the human ratings, one list per paper; at least two for ``n-1``, one for ``n``.
        mode: ``n-1`` is the mean over i of the error against the mean without r_i, comparable
            with ``human_error``; ``n`` is the error against the mean of all, the smaller one:
            for ``mse`` smaller by s^2 / (n (n - 1)) for any prediction.
        loss: see ``Loss``.
        left_out: as in ``human_error``.

    Raises:
        ValueError: no papers, lengths that differ, a paper with too few ratings or predictions.

    >>> proxy_error([5.0], [[3, 5, 8]], mode="n").round(4).tolist()
    [0.1111]
    >>> proxy_error([[4, 6]], [[3, 5, 8]], mode="n-1", loss="mae").tolist()
    [1.0]
    """
    _require_options(mode, loss, left_out)
    flat = _with_ratings(ragged(ratings), at_least=2 if mode == "n-1" else 1)
    predicted = mean_predictions(predictions)
    if len(predicted) != len(flat):
        raise ValueError(f"expected one prediction per paper, {len(flat)}; found {len(predicted)}")
    if mode == "n":
        return _lost(subtract(predicted, flat.means()), loss)
    errors = _lost(subtract(predicted[flat.paper], leave_one_out_means(flat)), loss)
    return _per_paper(flat, errors, left_out)


def mean_predictions(predictions: Sequence[float] | Lists | Ragged | Floats) -> Floats:
    """Return one rating per paper: the mean of its simulated reviewers, or the number itself.

    Raises:
        ValueError: no papers, a paper without a rating, or a number that is not finite.
    """
    if isinstance(predictions, Ragged):
        return _with_ratings(predictions, at_least=1).means()
    if (
        isinstance(predictions, np.ndarray)
        and predictions.ndim == 1
        and predictions.dtype.kind in "iuf"
    ):
        return numbers(predictions, "predictions")
    given = plain_list(predictions, "predictions")
    if not any(map(_is_number, given)):
        return _with_ratings(ragged(given, what="predictions"), at_least=1).means()
    lists = [[entry] if _is_number(entry) else entry for entry in given]
    return _with_ratings(ragged(lists, what="predictions"), at_least=1).means()


def random_reviewers(counts: Integers, *, seed: int) -> Integers:
    """Draw one reviewer per paper with equal probability ("randomly select one reviewer", Eq. 6).

    Args:
        counts: ratings per paper, each at least 1.
        seed: of numpy's default generator.

    Returns:
        Indices from 0 to count - 1, shape (n_papers,).
    """
    require_whole("seed", seed, lowest=0)
    return np.asarray(np.random.default_rng(seed).integers(0, counts))


def _require_options(mode: str, loss: str, left_out: Sequence[int] | Integers | None) -> None:
    require_choice("mode", mode, get_args(Mode))
    require_choice("loss", loss, get_args(Loss))
    if mode == "n" and left_out is not None:
        raise ValueError("left_out: mode 'n' uses every rating; drop left_out or use mode 'n-1'")


def _is_number(value: object) -> bool:
    try:
        number_or_none(value, "predictions")
    except TypeError:
        return False
    except ValueError:  # infinite, which is refused later
        return True
    return True


def _lost(errors: Floats, loss: Loss) -> Floats:
    return np.asarray(errors**2 if loss == "mse" else np.abs(errors))


def _per_paper(flat: Ragged, errors: Floats, left_out: Sequence[int] | Integers | None) -> Floats:
    if left_out is None:
        return flat.means(errors)
    drawn = numbers(left_out, "left_out")
    fits = len(drawn) == len(flat) and bool(((drawn >= 0) & (drawn < flat.counts)).all())
    if not fits or (drawn % 1 != 0).any():
        raise ValueError(
            "left_out: expected one whole number per paper, from 0 to its number of ratings less "
            f"one; found {drawn.tolist()!r:.60}"
        )
    return np.asarray(errors[np.cumsum(flat.counts) - flat.counts + drawn.astype(np.int64)])


def _with_ratings(flat: Ragged, *, at_least: int) -> Ragged:
    few = np.flatnonzero(flat.counts < at_least)
    if few.size:
        raise ValueError(
            f"paper {few[0]}: expected at least {at_least} rating(s); found "
            f"{flat.counts[few[0]]}; {few.size} such paper(s), leave them out and count them"
        )
    return flat
