"""Comparisons of models on the same papers: paired differences, tests and places."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import NamedTuple

import numpy as np

from cycledata.errors import ScoringError
from cycleeval import intervals
from cycleeval.aligned import (
    AlignedHumans,
    AlignedModel,
    AlignedPapers,
    Mask,
    ResolvedConfig,
    align,
    on_scale,
    with_form,
)
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
    swap_weights,
    tie_groups,
)
from cycleeval.human_ratings import HumanRatings
from cycleeval.inputs import DecisionLabel
from cycleeval.metrics import PaperStatistics, model_statistics
from cycleeval.predictions import PredictionFile
from cycleeval.ragged import Floats, Ragged
from cycleeval.rank import midranks
from cycleeval.result import Signature
from cycleeval.scoring import human_ratings_from_sequences, predictions_from_sequences
from cycleeval.scoring_config import ScoringConfig

LOWER_IS_BETTER = (
    "proxy_mse",
    "proxy_mae",
    "mse_",
    "one_reviewer_mse",
    "false_accept",
    "false_reject",
)
"""How the names of metrics begin whose lower values are better."""
RANK_METRICS = ("auroc", "spearman", "kendall_tau_b", "pairwise_accuracy")
"""Metrics that use only the order of a model's ratings."""
LINEAR_METRICS = ("disattenuated_correlation", "skill_recalibrated")
"""Metrics that a linear change of a model's ratings does not change."""
NEUTRAL = frozenset({"spread_ratio", "duplicate_reviewer_rate", "bias", "skill_ceiling"})
"""Metrics without a better side; they are shown and not ranked."""
LEVEL = 0.05
"""Two models are shown to differ if Holm's p-value is below this."""
_NONE = np.empty(0)
_PROGRESS_STEP = 50


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


class PlaceInterval(NamedTuple):
    """Places that a model may have: one more than the models shown to be better, to the last."""

    best: int
    worst: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Several models on the same papers."""

    models: tuple[str, ...]
    n_papers: int
    """Papers with human ratings."""
    n_compared: int
    """Papers on which every model is scored."""
    n_unreadable: dict[str, int]
    """Lines that could not be read, by model."""
    n_filled: dict[str, int]
    """Compared papers without a readable prediction, which the policy filled in, by model."""
    pairs: tuple[PairwiseComparison, ...]
    """Each pair once, in the order of the models."""
    ranks: dict[str, dict[str, int]]
    """Places by metric and model, shared by models not shown to differ from their group's best."""
    rank_intervals: dict[str, dict[str, PlaceInterval]]
    """By metric and model: the places that the tests leave open, at 95% for all models at once."""
    unranked: dict[str, str]
    """Metrics without places, with the reason."""

    def to_json(self) -> dict[str, object]:
        """Return the comparison as ``--json`` prints it."""
        return {
            "models": list(self.models),
            "n_papers": self.n_papers,
            "n_compared": self.n_compared,
            "n_unreadable": self.n_unreadable,
            "n_filled": self.n_filled,
            "pairs": [pair.to_json() for pair in self.pairs],
            "ranks": self.ranks,
            "rank_intervals": {
                metric: {model: list(places) for model, places in models.items()}
                for metric, models in self.rank_intervals.items()
            },
            "unranked": self.unranked,
        }


def compare(
    a: Sequence[Sequence[float] | float | None],
    b: Sequence[Sequence[float] | float | None],
    ratings: Sequence[Sequence[float]],
    *,
    decisions: Sequence[DecisionLabel | None] | None = None,
    config: ScoringConfig | None = None,
) -> PairwiseComparison:
    """Compare two models given as plain sequences, one entry per paper; see `score`.

    Raises:
        TypeError: a rating that is not a number.
        ValueError: lengths that differ, or no paper on which both can be scored.
    """
    humans = human_ratings_from_sequences(ratings, decisions)
    files = [
        predictions_from_sequences(given, None, humans, name=name, config=config)
        for name, given in (("a", a), ("b", b))
    ]
    return compare_predictions(files, humans, config).pairs[0]


def compare_predictions(
    files: Sequence[PredictionFile],
    humans: HumanRatings,
    config: ScoringConfig | None = None,
    *,
    metrics: Collection[str] | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Comparison:
    """Compare models pair by pair on one set of papers.

    Under the policy ``exclude`` these are the papers that every model has a prediction for; under
    the others all rated papers, with missing predictions filled in.

    Args:
        files: predictions of at least two models.
        humans: human ratings.
        config: options.
        metrics: names of the metrics to compare on; None for all.
        on_progress: called with steps done and steps in total.

    Raises:
        ScoringError: fewer than two models, two of one name, or no paper in common.
    """
    options = with_form(config, humans)
    names = tuple(file.name for file in files)
    if len(names) < 2 or len(set(names)) != len(names):
        raise ScoringError(
            f"expected at least two models of different names, found {list(names)}; rename a file"
        )
    files = [on_scale(file, options) for file in files]
    only = _common(humans, files) if options.policy == "exclude" else None
    aligned: dict[str, AlignedPapers] = {}
    statistics: dict[str, PaperStatistics] = {}
    samples: dict[str, dict[str, _Sample]] = {}
    n_pairs = len(names) * (len(names) - 1) // 2
    total = len(names) + n_pairs
    for done, file in enumerate(files, start=1):
        papers, resolved = align(file, humans, options, only=only)
        aligned[file.name] = papers
        statistics[file.name] = _chosen(papers, resolved, metrics)
        n_papers = len(papers.humans.paper_ids)
        samples[file.name] = _sample(statistics[file.name], n_papers, options)
        if on_progress is not None:
            on_progress(done, total)
    pairs = []
    for number, (one, other) in enumerate(combinations(names, 2), start=1):
        swapped = None
        if n_pairs == 1:
            both = _both(aligned[one], aligned[other], resolved, metrics)
            swapped = _swapped(both, n_papers, options)
        pairs.append(
            _pair(
                one,
                other,
                (statistics[one], statistics[other]),
                (samples[one], samples[other]),
                swapped,
                options,
            )
        )
        if on_progress is not None and (number % _PROGRESS_STEP == 0 or number == n_pairs):
            on_progress(len(names) + number, total)
    adjusted = _adjusted(pairs)
    ranks, places, unranked = _ranks(names, adjusted, n_papers)
    return Comparison(
        models=names,
        n_papers=len(humans.paper_ids),
        n_compared=n_papers,
        n_unreadable={file.name: len(file.unreadable) for file in files},
        n_filled={
            name: sum(prediction is None for prediction in papers.model.predictions)
            for name, papers in aligned.items()
        },
        pairs=adjusted,
        ranks=ranks,
        rank_intervals=places,
        unranked=unranked,
    )


def _common(humans: HumanRatings, files: Sequence[PredictionFile]) -> Mask:
    """Return the papers that every model has a prediction for."""
    common = np.array([all(i in file.predictions for file in files) for i in humans.paper_ids])
    if not common.any():
        counts = ", ".join(f"{file.name} {len(file.predictions)}" for file in files)
        problems = "; ".join(f"{file.name}: {file.problems()}" for file in files[:3])
        raise ScoringError(
            f"no paper on which every model can be scored; readable: {counts}; {problems}; remove "
            "a file, or use --policy worst"
        )
    return common


def _chosen(
    papers: AlignedPapers, resolved: ResolvedConfig, metrics: Collection[str] | None
) -> PaperStatistics:
    found = model_statistics(papers, resolved)
    return {name: s for name, s in found.items() if metrics is None or name in metrics}


def _both(
    a: AlignedPapers, b: AlignedPapers, resolved: ResolvedConfig, metrics: Collection[str] | None
) -> PaperStatistics:
    """Return statistics of A's papers followed by B's, for swapping.

    A metric that no rescaling of a model's ratings changes is tested on ratings rescaled in the
    same way; otherwise the test would detect how the two models use the scale instead of how they
    order papers (Venkatraman and Begg 1996, for ROC curves).
    """
    found = _chosen(_stacked(a, b), resolved, metrics)
    for names, rescaled in ((RANK_METRICS, midranks), (LINEAR_METRICS, standard_scores)):
        same_scale = [_rescaled(papers, rescaled(papers.model.rating)) for papers in (a, b)]
        again = _chosen(_stacked(*same_scale), resolved, metrics)
        found |= {name: again[name] for name in names if name in again}
    return found


def standard_scores(rating: Floats) -> Floats:
    """Return ratings less their mean, in units of their spread; 0 if they never vary."""
    spread = rating.std()
    return np.asarray((rating - rating.mean()) / (spread if spread > 0 else 1.0))


def _rescaled(papers: AlignedPapers, rating: Floats) -> AlignedPapers:
    return replace(papers, model=replace(papers.model, rating=rating))


class _Sample(NamedTuple):
    """One metric of one model."""

    value: float
    drawn: Floats
    """On each resample, the same papers for every model; empty for one paper."""
    left_out: Floats
    """Without each paper (or group); empty for one paper."""


def _sample(
    statistics: PaperStatistics, n_papers: int, config: ScoringConfig
) -> dict[str, _Sample]:
    named = {name: statistic.statistic for name, statistic in statistics.items()}
    values = evaluate(named, [np.ones((1, n_papers))])
    if n_papers == 1:
        return {name: _Sample(float(value[0]), _NONE, _NONE) for name, value in values.items()}
    weights = resampled_weights(n_papers, resamples=config.resamples, seed=config.seed)
    drawn = evaluate(named, weights)
    left_out = evaluate(named, left_out_weights(n_papers))
    return {
        name: _Sample(float(value[0]), drawn[name], left_out[name])
        for name, value in values.items()
    }


def _swapped(both: PaperStatistics, n_papers: int, config: ScoringConfig) -> dict[str, Floats]:
    """Return differences after swapping the two models on random papers.

    The statistics are of A's papers followed by B's, so a weight of 1 on a paper of the first half
    and 0 on the same paper of the second keeps A, and 0 and 1 put B in its place.
    """
    named = {name: statistic.statistic for name, statistic in both.items()}

    def coins() -> Iterator[Floats]:
        return swap_weights(n_papers, resamples=config.resamples, seed=config.seed)

    as_a = evaluate(named, (np.hstack([kept, 1 - kept]) for kept in coins()))
    as_b = evaluate(named, (np.hstack([1 - kept, kept]) for kept in coins()))
    with np.errstate(invalid="ignore"):  # the worth of a model that is always right is infinite
        return {name: as_a[name] - as_b[name] for name in named}


def _pair(
    one: str,
    other: str,
    statistics: tuple[PaperStatistics, PaperStatistics],
    samples: tuple[dict[str, _Sample], dict[str, _Sample]],
    swapped: dict[str, Floats] | None,
    config: ScoringConfig,
) -> PairwiseComparison:
    differences: dict[str, Difference] = {}
    refused: dict[str, str] = {}
    for metric, statistic in statistics[0].items():
        if metric not in statistics[1] or (swapped is not None and metric not in swapped):
            continue
        theirs = statistics[1][metric].signature
        if differing := statistic.signature.conflicts(theirs):
            refused[metric] = (
                f"differs in {', '.join(differing)}: {statistic.signature} against {theirs}"
            )
            continue
        gaps = None if swapped is None else swapped[metric]
        a, b = samples[0][metric], samples[1][metric]
        differences[metric] = _difference(
            statistic.signature, statistic.n_papers, a, b, gaps, config
        )
    return PairwiseComparison(one, other, differences, refused)


def _difference(
    signed: Signature,
    n_papers: int,
    a: _Sample,
    b: _Sample,
    swapped: Floats | None,
    config: ScoringConfig,
) -> Difference:
    with np.errstate(invalid="ignore"):  # the worth of a model that is always right is infinite
        gap, drawn, left_out = a.value - b.value, a.drawn - b.drawn, a.left_out - b.left_out
    interval: Interval | None = bca_interval(gap, drawn, left_out) if len(drawn) else None
    detectable = None
    if interval is not None:
        spread = float(drawn[np.isfinite(drawn)].std(ddof=1))
        detectable = rounded(detectable_difference(spread))
    if swapped is None:
        test, p_value = "t-jackknife", jackknife_p_value(gap, left_out, n_papers)
    else:
        test, p_value = f"swap-{config.resamples}", permutation_p_value(gap, swapped)
    same = interval is not None and interval.low == interval.high == 0 and rounded(gap) == 0
    return Difference(
        a=_or_none(a.value),
        b=_or_none(b.value),
        difference=_or_none(gap),
        low=None if interval is None else interval.low,
        high=None if interval is None else interval.high,
        p_value=p_value,
        p_holm=None,
        detectable=detectable,
        n_papers=n_papers,
        signature=signed.extended(
            ci="paired-bca", boot=config.resamples, test=test, seed=config.seed
        ),
        caution=None if same else intervals.caution(n_papers, left_out, interval, exact=False),
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


def _stacked(a: AlignedPapers, b: AlignedPapers) -> AlignedPapers:
    """Return both models one after the other, each with the same humans."""
    twice = np.tile(np.arange(len(a.humans.paper_ids)), 2)
    humans = a.humans
    doubled = AlignedHumans(
        humans.paper_ids + humans.paper_ids,
        _repeated(humans.ratings, humans.ratings),
        humans.accepted[twice],
        {name: _repeated(ratings, ratings) for name, ratings in humans.aspects.items()},
        None if humans.left_out is None else humans.left_out[twice],
    )
    model = AlignedModel(
        np.concatenate([a.model.rating, b.model.rating]),
        np.concatenate([a.model.accept, b.model.accept]),
        {
            name: np.concatenate([ratings, b.model.aspects[name]])
            for name, ratings in a.model.aspects.items()
            if name in b.model.aspects
        },
        _repeated(a.model.simulated, b.model.simulated),
        a.model.predictions + b.model.predictions,
    )
    return AlignedPapers(doubled, model)


def _repeated(first: Ragged, second: Ragged) -> Ragged:
    return Ragged(
        np.concatenate([first.values, second.values]),
        np.concatenate([first.paper, second.paper + len(first)]),
        np.concatenate([first.counts, second.counts]),
    )


def _adjusted(pairs: Sequence[PairwiseComparison]) -> tuple[PairwiseComparison, ...]:
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


_Ranks = tuple[dict[str, dict[str, int]], dict[str, dict[str, PlaceInterval]], dict[str, str]]


def _ranks(names: Sequence[str], pairs: Sequence[PairwiseComparison], n_papers: int) -> _Ranks:
    """Return places and their intervals by metric, and the metrics that have none."""
    ranks: dict[str, dict[str, int]] = {}
    places: dict[str, dict[str, PlaceInterval]] = {}
    unranked: dict[str, str] = {}
    for metric in dict.fromkeys(name for pair in pairs for name in pair.differences):
        if metric in NEUTRAL:
            continue
        on_metric = [(p.a, p.b, p.differences[metric]) for p in pairs if metric in p.differences]
        values = {a: d.a for a, _, d in on_metric} | {b: d.b for _, b, d in on_metric}
        known = {name: value for name, value in values.items() if value is not None}
        if len(known) < len(names) or len(on_metric) < len(pairs):
            without = sorted(set(names) - known.keys())
            unranked[metric] = f"no value for {', '.join(without)}" if without else "not comparable"
            continue
        if 2.0 ** (1 - min(n_papers, 1000)) * len(pairs) >= LEVEL:
            unranked[metric] = (
                f"{n_papers} papers cannot show any of {len(pairs)} differences at the "
                f"{LEVEL:.0%} level"
            )
            continue
        different = {frozenset((a, b)) for a, b, d in on_metric if shown_to_differ(d)}
        sign = 1 if metric.startswith(LOWER_IS_BETTER) else -1
        # Rounded, so that models with equal predictions are in the order of their names.
        order = {name: (round(sign * value, 12), name) for name, value in known.items()}
        ranked = sorted(names, key=order.__getitem__)
        ranks[metric] = dict(zip(ranked, tie_groups(ranked, different), strict=True))
        places[metric] = {
            name: _place_interval(name, place, ranked, different)
            for place, name in enumerate(ranked)
        }
    return ranks, places, unranked


def shown_to_differ(difference: Difference) -> bool:
    """Return True if the adjusted test rejects and its error rate is known to be right."""
    rejected = difference.p_holm is not None and difference.p_holm < LEVEL
    return rejected and "heavy tails" not in (difference.caution or "")


def _place_interval(
    name: str, place: int, ranked: Sequence[str], different: Collection[frozenset[str]]
) -> PlaceInterval:
    better = sum(frozenset((name, other)) in different for other in ranked[:place])
    worse = sum(frozenset((name, other)) in different for other in ranked[place + 1 :])
    return PlaceInterval(1 + better, len(ranked) - worse)


def _or_none(value: float) -> float | None:
    return rounded(value) if np.isfinite(value) else None
