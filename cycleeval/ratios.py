"""Division with an undefined result instead of an error."""

import numpy as np

from cycleeval.ragged import Floats


def ratio(numerator: Floats | float, denominator: Floats | float) -> Floats:
    """Return numerator / denominator, NaN where the denominator is not positive.

    >>> ratio(np.array([1.0, 2.0]), np.array([4.0, 0.0])).tolist()
    [0.25, nan]
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(
            np.where(np.greater(denominator, 0), np.divide(numerator, denominator), np.nan)
        )


def root(values: Floats) -> Floats:
    """Return the square root, NaN where the value is not positive."""
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(values > 0, np.sqrt(values), np.nan))
