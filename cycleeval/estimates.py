"""Values with intervals: every statistic is evaluated on the same resamples of the papers."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from cycleeval import decision, intervals
from cycleeval.bootstrap import (
    Interval,
    bca_interval,
    evaluate,
    left_out_weights,
    resampled_weights,
    rounded,
)
from cycleeval.paper_statistics import PaperStatistic, PaperStatistics
from cycleeval.ragged import Floats
from cycleeval.result import MetricResult, Signature
from cycleeval.scoring_config import ScoringConfig

Results = dict[str, MetricResult]
_EXACT = frozenset({"exact", "balanced", "table", "auroc"})
_NAMES = {
    "bca": "bca",
    "exact": "clopper-pearson",
    "balanced": "clopper-pearson-sum",
    "table": "jeffreys",
    "auroc": "logit-delong",
    "percentile": "percentile",
}
_SHARES = {
    "decision_accuracy": ((0, 3), (0, 1, 2, 3)),
    "false_accept_rate": ((1,), (1, 3)),
    "false_reject_rate": ((2,), (0, 2)),
}
"""Numerator and denominator of each rate, as columns of outcome counts."""


def estimate(
    groups: Mapping[str, PaperStatistics],
    n_papers: int,
    config: ScoringConfig,
    *,
    n_unreadable: int,
) -> dict[str, Results]:
    """Return value and interval of every statistic.

    Args:
        groups: statistics by group and name, all over the same papers.
        n_papers: number of these papers.
        config: gives resamples and seed.
        n_unreadable: predictions that could not be read, to be shown with every number.
    """
    statistics = {
        f"{group}/{name}": statistic.statistic
        for group, named in groups.items()
        for name, statistic in named.items()
    }
    values = evaluate(statistics, [np.ones((1, n_papers))])
    drawn: dict[str, Floats] = {}
    left_out: dict[str, Floats] = {}
    if n_papers > 1:
        weights = resampled_weights(n_papers, resamples=config.resamples, seed=config.seed)
        drawn = evaluate(statistics, weights)
        left_out = evaluate(statistics, left_out_weights(n_papers))
    nothing = np.empty(0)
    return {
        group: {
            name: _result(
                name,
                statistic,
                float(values[f"{group}/{name}"][0]),
                drawn.get(f"{group}/{name}", nothing),
                left_out.get(f"{group}/{name}", nothing),
                config,
                n_unreadable,
            )
            for name, statistic in named.items()
        }
        for group, named in groups.items()
    }


def _result(
    name: str,
    statistic: PaperStatistic,
    value: float,
    drawn: Floats,
    left_out: Floats,
    config: ScoringConfig,
    n_unreadable: int,
) -> MetricResult:
    value = rounded(value)
    defined = bool(np.isfinite(value))
    interval = interval_of(statistic, name, value, drawn, left_out, config) if defined else None
    why = None
    if not defined:
        why = statistic.why_undefined
    elif interval is None:
        why = (
            "no interval: one paper"
            if statistic.n_papers == 1 or not len(drawn)
            else "no interval: undefined in more than 5% of the resamples"
        )
    exact = statistic.interval in _EXACT
    high = None if interval is None else interval.high
    if high is not None and not np.isfinite(high):
        high, why = None, "no upper end: the order may be perfect"
    method = _NAMES[statistic.interval]
    signed = statistic.signature.extended(
        ci=method,
        boot=None if exact and method != "logit-delong" else config.resamples,
        seed=config.seed,
    )
    return MetricResult(
        name=name,
        value=value if defined else None,
        low=None if interval is None else interval.low,
        high=high,
        n_papers=statistic.n_papers,
        n_unreadable=n_unreadable,
        signature=signed,
        why=why,
        caution=intervals.caution(statistic.n_papers, left_out, interval, exact=exact),
    )


def interval_of(
    statistic: PaperStatistic,
    name: str,
    value: float,
    drawn: Floats,
    left_out: Floats,
    config: ScoringConfig,
) -> Interval | None:
    """Return the 95% interval by the statistic's own method; None if there is none."""
    if statistic.n_papers < 2:
        return None
    counts = statistic.counts
    if statistic.interval == "bca" or (counts is None and statistic.interval != "percentile"):
        return bca_interval(value, drawn, left_out) if len(drawn) else None
    if statistic.interval == "percentile":
        return _percentile(drawn) if len(drawn) else None
    assert counts is not None
    if statistic.interval == "exact":
        return _share(name, counts)
    if statistic.interval == "balanced":
        ends = [_share(rate, counts) for rate in ("false_accept_rate", "false_reject_rate")]
        total = counts.sum(axis=0)
        rates = np.array([decision.false_accept_rate(total), decision.false_reject_rate(total)])
        return intervals.balanced_interval(ends[0], ends[1], rates)
    if statistic.interval == "table":
        n_effective = _effective_items(counts)
        tables = intervals.table_draws(counts.sum(axis=0), n_effective, seed=config.seed)
        return intervals.table_interval(value, decision.RATES[name](tables))
    error = intervals.jackknife_error(left_out, len(counts))
    negative, positive = (float((counts[:, i] > 0).sum()) for i in (0, 1))
    return intervals.auroc_interval(value, error, positive, negative)


def percentile_result(
    name: str,
    value: float,
    drawn: Floats,
    n_papers: int,
    signature: Signature,
    *,
    n_unreadable: int = 0,
) -> MetricResult:
    """Return a number with the percentile interval of its resampled values."""
    found = MetricResult(name, None, None, None, n_papers, n_unreadable, signature)
    if not np.isfinite(value):
        return replace(found, why="undefined on these papers")
    defined = drawn[np.isfinite(drawn)]
    if len(defined) < 0.95 * len(drawn):
        why = "no interval: undefined in more than 5% of the resamples"
        return replace(found, value=rounded(value), why=why)
    low, high = np.quantile(defined, [0.025, 0.975])
    return replace(found, value=rounded(value), low=rounded(float(low)), high=rounded(float(high)))


def _share(name: str, counts: Floats) -> Interval | None:
    numerator, denominator = (counts[:, list(columns)].sum(axis=1) for columns in _SHARES[name])
    return intervals.share_interval(numerator, denominator)


def _effective_items(counts: Floats) -> float:
    return intervals.effective_items(counts[:, [0, 3]].sum(axis=1), counts.sum(axis=1))


def _percentile(drawn: Floats) -> Interval | None:
    """Return percentiles; the upper end may be infinite."""
    defined = drawn[~np.isnan(drawn)]
    if len(defined) < 0.95 * len(drawn):
        return None
    low, high = np.quantile(defined, [0.025, 0.975], method="lower")
    return Interval(rounded(float(low)), float(high))
