"""Paired differences of two models on the same papers, with intervals and tests."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from cycleeval import intervals
from cycleeval.aligned import Mask
from cycleeval.bootstrap import (
    Interval,
    bca_interval,
    detectable_difference,
    evaluate,
    holm,
    left_out_weights,
    permutation_p_value,
    resampled_weights,
    rounded,
)
from cycleeval.paper_statistics import PaperStatistic, PaperStatistics
from cycleeval.ragged import Floats
from cycleeval.result import Signature
from cycleeval.scoring_config import ScoringConfig

LEVEL = 0.05
"""Two models are shown to differ if Holm's p-value is below this."""
HEAVY_TAILS = "heavy tails"
"""How a caution begins that forbids to call two models different."""
_NONE = np.empty(0)


@dataclass(frozen=True, slots=True)
class Difference:
    """One metric of model A less that of model B, on the same papers."""

    a: float | None
    """Value of A; None if undefined."""
    b: float | None
    """Value of B; None if undefined."""
    difference: float | None
    """a - b; None if either is undefined."""
    low: float | None
    """Lower end of the paired 95% interval; None if there is none."""
    high: float | None
    """Upper end of the paired 95% interval; None if there is none."""
    p_value: float | None
    """Two-sided; the signature names the test. None if undefined."""
    p_holm: float | None
    """The same after Holm's adjustment over all pairs of models compared on this metric."""
    detectable: float | None
    """Smallest true difference that these papers show in 80% of such tests at the 5% level."""
    n_papers: int
    signature: Signature
    caution: str | None = None
    """Reason why the interval and the test may be wrong, e.g. heavy tails; None if none is known.
    Models with a caution of heavy tails are not shown to differ."""

    def to_json(self) -> dict[str, object]:
        """Return the difference as ``--json`` prints it."""
        shown: dict[str, object] = {
            "a": self.a,
            "b": self.b,
            "difference": self.difference,
            "ci95": None if self.low is None else [self.low, self.high],
            "p_value": self.p_value,
            "p_holm": self.p_holm,
            "detectable": self.detectable,
            "n": self.n_papers,
            "signature": str(self.signature),
        }
        return shown if self.caution is None else {**shown, "caution": self.caution}


@dataclass(frozen=True, slots=True)
class PairwiseComparison:
    """Two models on every metric."""

    a: str
    b: str
    differences: dict[str, Difference]
    refused: dict[str, str]
    """Metrics that cannot be compared, with the reason."""

    def to_json(self) -> dict[str, object]:
        """Return the pair as ``--json`` prints it."""
        return {
            "a": self.a,
            "b": self.b,
            "metrics": {name: d.to_json() for name, d in self.differences.items()},
            "refused": self.refused,
        }


class Sample(NamedTuple):
    """One metric of one model."""

    value: float
    drawn: Floats
    """On each resample, the same papers for every model; empty for one paper."""
    left_out: Floats
    """Without each paper (or group); empty for one paper."""


class ComparedModel(NamedTuple):
    """What the comparison of a model with another one needs."""

    name: str
    statistics: PaperStatistics
    samples: dict[str, Sample]
    filled: Mask
    """Papers without a readable prediction, which the policy filled in, shape (n_papers,)."""


def sample_of(
    statistics: PaperStatistics, n_papers: int, config: ScoringConfig
) -> dict[str, Sample]:
    """Return the value, resamples and left-out values of each metric."""
    named = {name: statistic.statistic for name, statistic in statistics.items()}
    values = evaluate(named, [np.ones((1, n_papers))])
    if n_papers == 1:
        return {name: Sample(float(value[0]), _NONE, _NONE) for name, value in values.items()}
    weights = resampled_weights(n_papers, resamples=config.resamples, seed=config.seed)
    drawn = evaluate(named, weights)
    left_out = evaluate(named, left_out_weights(n_papers))
    return {
        name: Sample(float(value[0]), drawn[name], left_out[name]) for name, value in values.items()
    }


def pair_of(
    a: ComparedModel, b: ComparedModel, swapped: dict[str, Floats] | None, config: ScoringConfig
) -> PairwiseComparison:
    """Return two models on every metric that both have.

    Args:
        a: one model.
        b: the other.
        swapped: differences after swapping the two, by metric; None for the jackknife test.
        config: options.
    """
    differences: dict[str, Difference] = {}
    refused: dict[str, str] = {}
    for metric, own in a.statistics.items():
        if metric not in b.statistics or (swapped is not None and metric not in swapped):
            continue
        theirs = b.statistics[metric]
        if differing := own.signature.conflicts(theirs.signature):
            refused[metric] = (
                f"differs in {', '.join(differing)}: {own.signature} against {theirs.signature}"
            )
            continue
        found = _difference(
            own,
            (a.samples[metric], b.samples[metric]),
            None if swapped is None else swapped[metric],
            config,
        )
        if found.caution is not None and found.caution.startswith(HEAVY_TAILS):
            found = _without_filled(found, own, theirs, a.filled | b.filled)
        differences[metric] = found
    return PairwiseComparison(a.name, b.name, differences, refused)


def _difference(
    statistic: PaperStatistic,
    samples: tuple[Sample, Sample],
    swapped: Floats | None,
    config: ScoringConfig,
) -> Difference:
    a, b = samples
    with np.errstate(invalid="ignore"):  # the worth of a model that is always right is infinite
        gap, drawn, left_out = a.value - b.value, a.drawn - b.drawn, a.left_out - b.left_out
    interval: Interval | None = bca_interval(gap, drawn, left_out) if len(drawn) else None
    detectable = None
    if interval is not None:
        spread = float(drawn[np.isfinite(drawn)].std(ddof=1))
        detectable = rounded(detectable_difference(spread))
    if swapped is None:
        test, p_value = "t-jackknife", jackknife_p_value(gap, left_out, statistic.n_papers)
    else:
        test, p_value = f"swap-{config.resamples}", permutation_p_value(gap, swapped)
    same = interval is not None and interval.low == interval.high == 0 and rounded(gap) == 0
    caution = intervals.caution(statistic.n_papers, left_out, interval, exact=False)
    return Difference(
        a=_or_none(a.value),
        b=_or_none(b.value),
        difference=_or_none(gap),
        low=None if interval is None else interval.low,
        high=None if interval is None else interval.high,
        p_value=p_value,
        p_holm=None,
        detectable=detectable,
        n_papers=statistic.n_papers,
        signature=statistic.signature.extended(
            ci="paired-bca", boot=config.resamples, test=test, seed=config.seed
        ),
        caution=None if same else caution,
    )


def _without_filled(
    found: Difference, own: PaperStatistic, theirs: PaperStatistic, filled: Mask
) -> Difference:
    """Return a difference with heavy tails tested on the papers that no policy filled in.

    One filled paper can have most of the variance. Where the filled papers only enlarge the
    difference, a difference without them is one with them too, so the test leaves them out.
    """
    kept = int((~filled).sum())
    if found.difference is None or not filled.any() or kept < intervals.FEW_PAPERS:
        return found
    named = {"own": own.statistic, "theirs": theirs.statistic}
    whole = evaluate(named, [(~filled).astype(np.float64)[None, :]])
    # Groups that consist of filled papers alone change nothing and are no evidence.
    rows = [chunk * ~filled for chunk in left_out_weights(len(filled))]
    weights = np.concatenate(rows)
    parts = evaluate(named, [weights[weights.sum(axis=1) < kept]])
    with np.errstate(invalid="ignore"):
        gap = float((whole["own"] - whole["theirs"])[0])
        left_out = parts["own"] - parts["theirs"]
    only_enlarged = gap * found.difference > 0 and abs(gap) <= abs(found.difference)
    p_value = jackknife_p_value(gap, left_out, kept)
    if not only_enlarged or p_value is None or intervals.has_heavy_tails(kept, left_out):
        return found
    said = found.signature
    parts_of = tuple(
        ("test", "t-jackknife-unfilled") if k == "test" else (k, v) for k, v in said.parts
    )
    caution = f"tested without {len(filled) - kept} filled papers, which only enlarge it"
    return replace(
        found, p_value=p_value, caution=caution, signature=Signature(said.metric, parts_of)
    )


def jackknife_p_value(gap: float, left_out: Floats, n_papers: int) -> float | None:
    """Return the two-sided p-value of a paired difference from its jackknife standard error.

    The tail is that of Student's t. No p-value is below 2^(1 - n), the smallest that swapping the
    two models on n papers can give. benchmarks/simulations.py states the error rates.

    Args:
        gap: the difference on all papers.
        left_out: the difference without each paper, shape (groups,).
        n_papers: papers behind it.

    Returns:
        The p-value; None if it is undefined.
    """
    from scipy.special import stdtr

    if not np.isfinite(gap):
        return None
    floor = 2.0 ** (1 - min(n_papers, 1000))
    error = intervals.jackknife_error(left_out, n_papers)
    if not np.isfinite(error):
        return None
    if error <= 1e-9 * abs(gap) or rounded(gap) == 0:
        return 1.0 if rounded(gap) == 0 else floor
    degrees = max(min(n_papers, len(left_out)) - 1, 1)
    return rounded(max(floor, float(2 * stdtr(degrees, -abs(gap) / error))))


def adjusted_pairs(pairs: Sequence[PairwiseComparison]) -> tuple[PairwiseComparison, ...]:
    """Return the same with Holm's p-values, over the pairs, for each metric by itself."""
    by_metric: dict[str, dict[int, float]] = {}
    for number, pair in enumerate(pairs):
        for name, difference in pair.differences.items():
            if difference.p_value is not None:
                by_metric.setdefault(name, {})[number] = difference.p_value
    adjusted = {
        name: dict(zip(values, holm(list(values.values())), strict=True))
        for name, values in by_metric.items()
    }
    return tuple(
        replace(
            pair,
            differences={
                name: replace(difference, p_holm=adjusted.get(name, {}).get(number))
                for name, difference in pair.differences.items()
            },
        )
        for number, pair in enumerate(pairs)
    )


def _or_none(value: float) -> float | None:
    return rounded(value) if np.isfinite(value) else None
