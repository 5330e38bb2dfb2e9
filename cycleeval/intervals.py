"""Confidence intervals that stay valid at the boundary, and warnings for those that may not be.

Percentile methods give a rate of 0 the interval [0, 0]. Rates are therefore inverted exactly
(Clopper and Pearson 1934), with an effective number of items where a paper has several (Korn and
Graubard 1998); AUROC uses the logit of DeLong's variance; functions of a two by two table draw
tables from the Jeffreys posterior.
"""

import math
from statistics import NormalDist

import numpy as np

from cycleeval.bootstrap import Interval, rounded
from cycleeval.ragged import Floats
from cycleeval.ratios import ratio

FEW_PAPERS = 30
"""Below this number of papers a bootstrap interval covers less often than stated."""
TABLES_DRAWN = 4000
"""Tables drawn for the interval of macro F1 or MCC."""
_Z = NormalDist().inv_cdf(0.975)


def exact_interval(k: float, n: float) -> Interval:
    """Return the Clopper-Pearson 95% interval of a share k / n.

    Args:
        k: items that count, 0 to n; not necessarily whole (an effective number).
        n: items, more than 0.

    >>> round(exact_interval(0, 10).high, 4)
    0.3085
    """
    from scipy.special import betaincinv  # scipy.stats takes ten times as long to import

    low = 0.0 if k <= 0 else float(betaincinv(k, n - k + 1, 0.025))
    high = 1.0 if k >= n else float(betaincinv(k + 1, n - k, 0.975))
    return Interval(rounded(low), rounded(high))


def share_interval(numerator: Floats, denominator: Floats) -> Interval | None:
    """Return the interval of a share of items that are grouped by paper.

    Args:
        numerator: items that count, per paper, shape (n_papers,).
        denominator: items, per paper, shape (n_papers,).

    Returns:
        The exact interval for the effective number of items; None without items.
    """
    k, n = float(numerator.sum()), float(denominator.sum())
    if n == 0:
        return None
    n_effective = effective_items(numerator, denominator)
    return exact_interval(k / n * n_effective, n_effective)


def effective_items(numerator: Floats, denominator: Floats) -> float:
    """Return the number of independent items that give the same variance of the share.

    It is the number of items where every paper has one, and at least the number of papers with
    items where the share is 0 or 1 and shows no variance.
    """
    n = float(denominator.sum())
    used = denominator > 0
    n_papers = int(used.sum())
    if n == n_papers:
        return n
    share = float(numerator.sum()) / n
    residuals = (numerator - share * denominator)[used]
    variance = float((residuals**2).sum()) / n**2 * n_papers / max(n_papers - 1, 1)
    if variance <= 0:
        return float(n_papers)
    return float(np.clip(share * (1 - share) / variance, 1.0, n))


def balanced_interval(
    first: Interval | None, second: Interval | None, rates: Floats
) -> Interval | None:
    """Return the interval of 1 - (a + b) / 2 from those of two independent rates a and b.

    The distances of the ends are added as variances are (Zou and Donner 2008).
    """
    if first is None or second is None or not np.isfinite(rates).all():
        return None
    value = 1 - float(rates.sum()) / 2
    a, b = map(float, rates)
    up = math.hypot(a - first.low, b - second.low) / 2
    down = math.hypot(first.high - a, second.high - b) / 2
    return Interval(rounded(max(0.0, value - down)), rounded(min(1.0, value + up)))


def table_draws(counts: Floats, n_effective: float, *, seed: int) -> Floats:
    """Return tables drawn from the Jeffreys posterior of four cell shares.

    Args:
        counts: the four counts, shape (4,).
        n_effective: independent items behind them.
        seed: of NumPy's default generator.

    Returns:
        Shares, shape (TABLES_DRAWN, 4).
    """
    scaled = counts / counts.sum() * n_effective
    return np.random.default_rng(seed).dirichlet(scaled + 0.5, size=TABLES_DRAWN)


def table_interval(value: float, drawn: Floats) -> Interval | None:
    """Return the 95% interval from a statistic of drawn tables, extended to the value itself."""
    defined = drawn[np.isfinite(drawn)]
    if not len(defined) or not np.isfinite(value):
        return None
    low, high = np.quantile(defined, [0.025, 0.975])
    return Interval(rounded(min(float(low), value)), rounded(max(float(high), value)))


def auroc_interval(
    value: float, standard_error: float, n_positive: float, n_negative: float
) -> Interval | None:
    """Return the 95% interval of an AUROC on the logit scale.

    Args:
        value: the AUROC.
        standard_error: DeLong's, or the jackknife's over papers.
        n_positive: independent positive items.
        n_negative: independent negative items.

    Returns:
        The interval; at complete separation, where the error is 0, the score interval of Newcombe
        (2006, method 5); None without items of both kinds.
    """
    if not np.isfinite(value) or min(n_positive, n_negative) < 1:
        return None
    if 0 < value < 1 and np.isfinite(standard_error) and standard_error > 0:
        logit = math.log(value / (1 - value))
        half = _Z * standard_error / (value * (1 - value))
        ends = [1 / (1 + math.exp(-(logit + sign * half))) for sign in (-1, 1)]
        return Interval(rounded(ends[0]), rounded(ends[1]))
    grid = np.linspace(1e-6, 1 - 1e-6, 200_001)
    inside = grid[
        np.abs(grid - value) <= _Z * np.sqrt(_score_variance(grid, n_positive, n_negative))
    ]
    if not len(inside):
        return None
    low = 0.0 if value == 0 else float(inside[0])
    high = 1.0 if value == 1 else float(inside[-1])
    return Interval(rounded(low), rounded(high))


def _score_variance(area: Floats, n_positive: float, n_negative: float) -> Floats:
    """Return Hanley and McNeil's variance with Newcombe's mean sample size."""
    spare = (n_positive + n_negative) / 2 - 1
    terms = 1 + spare * ((1 - area) / (2 - area) + area / (1 + area))
    return np.asarray(area * (1 - area) * terms / (n_positive * n_negative))


def jackknife_error(left_out: Floats, n_papers: int) -> float:
    """Return the jackknife standard error from the values without each paper (or group)."""
    defined = left_out[np.isfinite(left_out)]
    groups = len(defined)
    if groups < 2 or groups < 0.95 * min(n_papers, len(left_out)):
        return math.nan
    return float(np.sqrt((groups - 1) / groups * ((defined - defined.mean()) ** 2).sum()))


def effective_papers(left_out: Floats) -> float:
    """Return how many papers share the variance: (sum d^2)^2 / sum d^4 of the influences d.

    It is about n / 3 for normal influences, and k if k extreme papers have all the variance.
    """
    defined = left_out[np.isfinite(left_out)]
    if len(defined) < 2:
        return math.nan
    away = defined - defined.mean()
    return float(ratio(np.square((away**2).sum()), (away**4).sum()))


def has_heavy_tails(n_papers: int, left_out: Floats) -> bool:
    """Return True if few papers have most of the variance of a value, see `caution`."""
    return effective_papers(left_out) < math.sqrt(n_papers)


def caution(
    n_papers: int, left_out: Floats, interval: Interval | None, *, exact: bool
) -> str | None:
    """Return why an interval may be too narrow, or None if no reason is known.

    Args:
        n_papers: papers behind the value.
        left_out: the value without each paper.
        interval: the interval; None if there is none.
        exact: whether its method is exact for any number of papers.

    Tails are heavy if the effective number of papers is below the root of their number: then tests
    and intervals of means err more often than stated; see benchmarks/simulations.py.
    """
    if interval is None:
        return None
    if interval.low == interval.high:
        return "the interval has no width: the sample shows no variation"
    if exact:
        return None
    if n_papers < FEW_PAPERS:
        return f"fewer than {FEW_PAPERS} papers: the interval is often too narrow"
    if has_heavy_tails(n_papers, left_out):
        effective = effective_papers(left_out)
        return (
            f"heavy tails: about {effective:.0f} of {n_papers} papers have most of the variance, "
            "so the interval is often too narrow"
        )
    return None
