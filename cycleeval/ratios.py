"""Division with an undefined result instead of an error, and differences without rounding noise."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from cycleeval.ragged import Floats

_ROUNDING = 1e-12
"""Share of two numbers up to which their difference is rounding noise."""


def ratio(numerator: "Floats | float", denominator: "Floats | float") -> "Floats":
    """Return numerator / denominator, NaN where the denominator is not positive.

    >>> ratio(np.array([1.0, 2.0]), np.array([4.0, 0.0])).tolist()
    [0.25, nan]
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(
            np.where(np.greater(denominator, 0), np.divide(numerator, denominator), np.nan)
        )


def subtract(first: "Floats", second: "Floats | float") -> "Floats":
    """Return first - second, and 0 where they differ in their last bits only.

    The mean of equal ratings such as 6.1 may differ from 6.1 by rounding. Divided by another such
    difference, that would be a large number in place of an undefined one.

    >>> mean = np.mean([6.1] * 3)
    >>> subtract(np.array([6.1]), mean).tolist(), bool(mean == 6.1)
    ([0.0], False)
    """
    left = first - second
    noise = _ROUNDING * np.maximum(np.abs(first), np.abs(second))
    return np.asarray(np.where(np.isfinite(left) & (np.abs(left) <= noise), 0.0, left))


def reaches(values: "Floats", threshold: float) -> NDArray[np.bool_]:
    """Return where values are at least the threshold, rounding noise aside; False for NaN.

    >>> reaches(np.array([0.1 + 0.7, 0.7]), 0.8).tolist(), 0.1 + 0.7 >= 0.8
    ([True, False], False)
    """
    return np.asarray(subtract(values, threshold) >= 0)


def centered(values: "Floats") -> "Floats":
    """Return the values less their mean; zeros for values that never vary."""
    return subtract(values, float(values.mean()))


def root(values: "Floats") -> "Floats":
    """Return the square root, NaN where the value is not positive."""
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(values > 0, np.sqrt(values), np.nan))
