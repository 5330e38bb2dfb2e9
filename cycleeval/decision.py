"""Accept or reject (Table 1, "Decision"): counts of outcomes, and the rates made from them.

A rate is a function of four counts, so one formula serves the plain value and every resample. A
rate whose divisor is zero, e.g. if every paper is accepted, is NaN: undefined.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from cycleeval.inputs import booleans, numbers
from cycleeval.ragged import Floats, Integers
from cycleeval.ratios import ratio

Rate = Callable[[Floats], Floats]
"""From counts, shape (..., 4), to a rate, shape (...)."""


def outcome_counts(
    predicted: Sequence[bool] | NDArray[np.bool_],
    actual: Sequence[bool] | NDArray[np.bool_],
    *,
    unit: Integers | None = None,
    n_units: int | None = None,
) -> Floats:
    """Return true accepts, false accepts, false rejects and true rejects of each unit.

    Args:
        predicted: whether each item is judged acceptable; an item is a paper or one review.
        actual: whether the venue accepted it.
        unit: the paper of each item; None if an item is a paper.
        n_units: number of papers; required with ``unit``.

    Returns:
        Counts, shape (n_units, 4), in that order.

    Raises:
        ValueError: no items, or lengths that differ.

    >>> outcome_counts([True, True, False], [True, False, False]).sum(axis=0).tolist()
    [1.0, 1.0, 0.0, 1.0]
    """
    said, was = booleans(predicted, "predicted"), booleans(actual, "actual")
    if len(said) == 0 or len(said) != len(was):
        raise ValueError(
            f"expected two sequences of one length >= 1, found {len(said)}, {len(was)}"
        )
    units = np.arange(len(said)) if unit is None else unit
    counts = np.zeros((len(said) if n_units is None else n_units, 4))
    np.add.at(counts, (units, np.where(was, np.where(said, 0, 2), np.where(said, 1, 3))), 1.0)
    return counts


def accuracy(counts: Floats) -> Floats:
    """Return the share of right decisions, 0 to 1.

    >>> accuracy(np.array([3.0, 1.0, 2.0, 4.0])).item()
    0.7
    """
    return ratio(counts[..., 0] + counts[..., 3], counts.sum(axis=-1))


def macro_f1(counts: Floats) -> Floats:
    """Return the mean of the F1 of accept and of reject, 0 to 1; NaN if one of them never occurs.

    >>> macro_f1(np.array([3.0, 1.0, 2.0, 4.0])).round(4).item()
    0.697
    """
    true_accept, false_accept, false_reject, true_reject = np.moveaxis(counts, -1, 0)
    wrong = false_accept + false_reject
    accept = ratio(2 * true_accept, 2 * true_accept + wrong)
    return (accept + ratio(2 * true_reject, 2 * true_reject + wrong)) / 2


def false_accept_rate(counts: Floats) -> Floats:
    """Return the share of the rejected papers that would have been accepted.

    >>> false_accept_rate(np.array([3.0, 1.0, 2.0, 4.0])).item()
    0.2
    """
    return ratio(counts[..., 1], counts[..., 1] + counts[..., 3])


def false_reject_rate(counts: Floats) -> Floats:
    """Return the share of the accepted papers that would have been rejected.

    >>> false_reject_rate(np.array([3.0, 1.0, 2.0, 4.0])).item()
    0.4
    """
    return ratio(counts[..., 2], counts[..., 0] + counts[..., 2])


def balanced_accuracy(counts: Floats) -> Floats:
    """Return the mean of the accuracies on accepted and rejected papers; 0.5 for a constant.

    >>> balanced_accuracy(np.array([3.0, 1.0, 2.0, 4.0])).round(4).item()
    0.7
    """
    return 1 - (false_accept_rate(counts) + false_reject_rate(counts)) / 2


def mcc(counts: Floats) -> Floats:
    """Return the Matthews correlation coefficient, -1 to 1; NaN if either side never varies.

    >>> mcc(np.array([3.0, 1.0, 2.0, 4.0])).round(4).item()
    0.4082
    """
    true_accept, false_accept, false_reject, true_reject = np.moveaxis(counts, -1, 0)
    said = np.sqrt(true_accept + false_accept) * np.sqrt(true_reject + false_reject)
    was = np.sqrt(true_accept + false_reject) * np.sqrt(true_reject + false_accept)
    return ratio(true_accept * true_reject - false_accept * false_reject, said * was)


RATES: dict[str, Rate] = {
    "decision_accuracy": accuracy,
    "decision_macro_f1": macro_f1,
    "balanced_accuracy": balanced_accuracy,
    "mcc": mcc,
    "false_accept_rate": false_accept_rate,
    "false_reject_rate": false_reject_rate,
}
"""Every rate by its name in reports."""


def accept_threshold(ratings: Sequence[float] | Floats, accepted: Sequence[bool]) -> float:
    """Return the rating from which on accepting is most often right, among those that occur.

    Args:
        ratings: one mean rating per paper of the training split.
        accepted: whether the venue accepted each paper.

    Raises:
        ValueError: no papers, or lengths that differ.

    >>> accept_threshold([3, 5, 5.5, 6, 8], [False, False, True, True, True])
    5.5
    """
    values, was = numbers(ratings, "ratings"), booleans(accepted, "accepted")
    if len(values) == 0 or len(values) != len(was):
        raise ValueError(
            f"expected two sequences of one length >= 1, found {len(values)}, {len(was)}"
        )
    # Means of equal ratings may differ in their last bits; they are one candidate.
    candidates, level = np.unique(np.round(values, 9), return_inverse=True)
    accepts = np.bincount(level, weights=was, minlength=len(candidates))
    rejects = np.bincount(level, weights=~was, minlength=len(candidates))
    right = np.cumsum(accepts[::-1])[::-1] + np.concatenate([[0.0], np.cumsum(rejects)[:-1]])
    return float(candidates[np.argmax(right)])
