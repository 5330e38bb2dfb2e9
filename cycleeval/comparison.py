"""Compare models on the same papers: paired differences, tests, what this test set can detect."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import NamedTuple

import numpy as np

from cycleeval.aligned import AlignedHumans, AlignedModel, AlignedPapers, ResolvedConfig, align
from cycleeval.bootstrap import (
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
from cycleeval.metrics import PaperStatistic, PaperStatistics, model_statistics
from cycleeval.predictions import DecisionLabel, PredictionFile
from cycleeval.ragged import Floats, Ragged
from cycleeval.rank import midranks
from cycleeval.result import Signature
from cycleeval.scoring import human_ratings_from_sequences, predictions_from_sequences
from cycleeval.scoring_config import ScoringConfig

LOWER_IS_BETTER = ("proxy_mse", "proxy_mae", "mse_above_noise", "false_accept", "false_reject")
"""How the names of the metrics begin of which less is better."""
RANK_METRICS = ("auroc", "spearman", "kendall_tau_b", "pairwise_accuracy")
"""Metrics that see only the order of a model's ratings."""
LINEAR_METRICS = ("disattenuated_correlation",)
"""Metrics that see ratings only up to their mean and spread."""
_NONE = np.empty(0)
LEVEL = 0.05
"""Two models are shown to differ where Holm's p-value lies below this."""
NEUTRAL = frozenset({"spread_ratio", "duplicate_reviewer_rate"})
"""Metrics without a better side; they are shown, never ranked."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One metric of model A less that of model B, on the same papers."""

    a: float | None
    """Value of A; None where undefined."""
    b: float | None
    """Value of B, likewise."""
    difference: float | None
    """a - b; None where either is undefined."""
    low: float | None
    """Lower end of the paired 95% interval; None where none can be given."""
    high: float | None
    """Upper end, likewise."""
    p_value: float | None
    """Two-sided, from swapping the two models paper by paper; None where undefined."""
    p_holm: float | None
    """The same after Holm's adjustment over all pairs of models compared on this metric."""
    detectable: float | None
    """Smallest true difference that these papers show in 80% of such tests at the 5% level."""
    n_papers: int
    signature: Signature

    def to_json(self) -> dict[str, object]:
        """What ``--json`` prints."""
        return {
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


@dataclass(frozen=True, slots=True)
class PairwiseComparison:
    """Two models on every metric."""

    a: str
    b: str
    differences: dict[str, Difference]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Several models on the papers that all of them can be judged on."""

    models: tuple[str, ...]
    n_papers: int
    """Papers of the reference."""
    n_compared: int
    """Papers on which every model is judged."""
    n_unreadable: dict[str, int]
    """Lines that could not be read, by model."""
    pairs: tuple[PairwiseComparison, ...]
    """Each pair once, in the order of the models."""
    ranks: dict[str, dict[str, int]]
    """By metric and model: place, shared by those not shown to differ from their group's best."""

    def to_json(self) -> dict[str, object]:
        """What ``--json`` prints."""
        return {
            "models": list(self.models),
            "n_papers": self.n_papers,
            "n_compared": self.n_compared,
            "n_unreadable": self.n_unreadable,
            "pairs": [
                {
                    "a": pair.a,
                    "b": pair.b,
                    "metrics": {name: d.to_json() for name, d in pair.differences.items()},
                }
                for pair in self.pairs
            ],
            "ranks": self.ranks,
        }


def compare(
    a: Sequence[Sequence[float] | float | None],
    b: Sequence[Sequence[float] | float | None],
    ratings: Sequence[Sequence[float]],
    *,
    decisions: Sequence[DecisionLabel | None] | None = None,
    config: ScoringConfig | None = None,
) -> PairwiseComparison:
    """Compare two models given as plain sequences, one entry a paper; see ``score``.

    Raises:
        ValueError: lengths that differ, or no paper on which both can be judged.
    """
    reference = human_ratings_from_sequences(ratings, decisions)
    given = [
        predictions_from_sequences(said, None, reference, name=name, config=config)
        for name, said in (("a", a), ("b", b))
    ]
    return compare_predictions(given, reference, config).pairs[0]


def compare_predictions(
    submissions: Sequence[PredictionFile],
    reference: HumanRatings,
    config: ScoringConfig | None = None,
    *,
    metrics: Collection[str] | None = None,
) -> Comparison:
    """Compare models pair by pair; under the policy ``exclude``, on the papers that all judged.

    Args:
        submissions: two or more.
        reference: what humans said.
        config: how predictions are judged.
        metrics: names of those to compare on; None for all. Each takes its time for each pair.

    Raises:
        ValueError: fewer than two models, two of one name, or no paper in common.
    """
    rules = config or ScoringConfig()
    names = tuple(submission.name for submission in submissions)
    if len(names) < 2 or len(set(names)) != len(names):
        raise ValueError(f"expected two or more models of different names, found {list(names)}")
    common = reference
    if rules.policy == "exclude":
        common = _restricted(reference, submissions)
    ref = reference.digest
    panels: dict[str, AlignedPapers] = {}
    measures: dict[str, PaperStatistics] = {}
    for submission in submissions:
        panel, settled = align(submission, common, rules)
        panels[submission.name] = panel
        measures[submission.name] = _chosen(panel, settled, rules, ref, metrics)
    n_papers = len(panels[names[0]].paper_ids)
    samples = {name: _sample(measures[name], n_papers, rules) for name in names}
    pairs = []
    for one, other in combinations(names, 2):
        both = _both(panels[one], panels[other], settled, rules, ref, metrics)
        swapped = _swapped(both, n_papers, rules)
        differences = {
            metric: _difference(
                measures[one][metric], samples[one][metric], samples[other][metric], gaps, rules
            )
            for metric, gaps in swapped.items()
            if metric in measures[one] and metric in measures[other]
        }
        pairs.append(PairwiseComparison(one, other, differences))
    adjusted = _adjusted(pairs)
    return Comparison(
        models=names,
        n_papers=len(reference.paper_ids),
        n_compared=n_papers,
        n_unreadable={s.name: len(s.unreadable) for s in submissions},
        pairs=adjusted,
        ranks=_ranks(names, adjusted),
    )


def _restricted(reference: HumanRatings, submissions: Sequence[PredictionFile]) -> HumanRatings:
    kept = [
        i
        for i, paper_id in enumerate(reference.paper_ids)
        if all(paper_id in submission.predictions for submission in submissions)
    ]
    if not kept:
        said = ", ".join(f"{s.name} {len(s.predictions)}" for s in submissions)
        raise ValueError(f"no paper on which every model can be judged; readable: {said}")
    return replace(
        reference,
        paper_ids=tuple(reference.paper_ids[i] for i in kept),
        ratings=tuple(reference.ratings[i] for i in kept),
        decisions=tuple(reference.decisions[i] for i in kept),
        aspects={a: tuple(marks[i] for i in kept) for a, marks in reference.aspects.items()},
    )


def _chosen(
    panel: AlignedPapers,
    rules: ResolvedConfig,
    config: ScoringConfig,
    ref: str,
    metrics: Collection[str] | None,
) -> PaperStatistics:
    found = model_statistics(panel, rules, config, ref=ref)
    return {name: m for name, m in found.items() if metrics is None or name in metrics}


def _both(
    a: AlignedPapers,
    b: AlignedPapers,
    rules: ResolvedConfig,
    config: ScoringConfig,
    ref: str,
    metrics: Collection[str] | None,
) -> PaperStatistics:
    """Statistics of A's papers followed by B's, for swapping.

    A metric that no rescaling of a model's ratings changes is tested on ratings that have been
    rescaled alike, else the test would see two models' habits of rating and not their order
    (Venkatraman and Begg 1996, for ROC curves).
    """
    found = _chosen(_stacked(a, b), rules, config, ref, metrics)
    for names, rescaled in ((RANK_METRICS, midranks), (LINEAR_METRICS, standard_scores)):
        alike = [_rescaled(panel, rescaled(panel.model.rating)) for panel in (a, b)]
        again = _chosen(_stacked(*alike), rules, config, ref, metrics)
        found |= {name: again[name] for name in names if name in again}
    return found


def standard_scores(rating: Floats) -> Floats:
    """Ratings less their mean, in units of their spread; 0 where they never vary."""
    spread = rating.std()
    return np.asarray((rating - rating.mean()) / (spread if spread > 0 else 1.0))


def _rescaled(panel: AlignedPapers, rating: Floats) -> AlignedPapers:
    return replace(panel, model=replace(panel.model, rating=rating))


class _Sample(NamedTuple):
    """One metric of one model."""

    value: float
    drawn: Floats
    """On each resample; empty for one paper. The same papers for every model."""
    left_out: Floats
    """Without each paper, likewise."""


def _sample(measures: PaperStatistics, n_papers: int, config: ScoringConfig) -> dict[str, _Sample]:
    statistics = {name: measure.statistic for name, measure in measures.items()}
    values = evaluate(statistics, [np.ones((1, n_papers))])
    if n_papers == 1:
        return {name: _Sample(float(value[0]), _NONE, _NONE) for name, value in values.items()}
    weights = resampled_weights(n_papers, resamples=config.resamples, seed=config.seed)
    drawn = evaluate(statistics, weights)
    left_out = evaluate(statistics, left_out_weights(n_papers))
    return {
        name: _Sample(float(value[0]), drawn[name], left_out[name])
        for name, value in values.items()
    }


def _swapped(both: PaperStatistics, n_papers: int, config: ScoringConfig) -> dict[str, Floats]:
    """Differences after swapping the two models on random papers.

    The measures are of A's papers followed by B's, so a weight of 1 on a paper of the first half
    and 0 on the same paper of the second leaves A as it is there, and 0 and 1 put B in its place.
    """
    statistics = {name: measure.statistic for name, measure in both.items()}

    def coins() -> Iterator[Floats]:
        return swap_weights(n_papers, resamples=config.resamples, seed=config.seed)

    as_a = evaluate(statistics, (np.hstack([kept, 1 - kept]) for kept in coins()))
    as_b = evaluate(statistics, (np.hstack([1 - kept, kept]) for kept in coins()))
    return {name: as_a[name] - as_b[name] for name in statistics}


def _difference(
    measure: PaperStatistic, a: _Sample, b: _Sample, swapped: Floats, config: ScoringConfig
) -> Difference:
    gap, drawn = a.value - b.value, a.drawn - b.drawn
    interval = bca_interval(gap, drawn, a.left_out - b.left_out) if len(drawn) else None
    detectable = None
    if interval is not None:
        detectable = rounded(detectable_difference(float(np.nanstd(drawn, ddof=1))))
    *parts, version = measure.signature.parts
    sampling = (
        ("boot", f"paired-bca-{config.resamples}"),
        ("test", f"swap-{config.resamples}"),
        ("seed", str(config.seed)),
    )
    return Difference(
        a=_or_none(a.value),
        b=_or_none(b.value),
        difference=_or_none(gap),
        low=None if interval is None else interval.low,
        high=None if interval is None else interval.high,
        p_value=permutation_p_value(gap, swapped),
        p_holm=None,
        detectable=detectable,
        n_papers=measure.n_papers,
        signature=Signature(measure.signature.metric, (*parts, *sampling, version)),
    )


def _stacked(a: AlignedPapers, b: AlignedPapers) -> AlignedPapers:
    """Both models one below the other, each beside the same humans."""
    twice = np.tile(np.arange(len(a.paper_ids)), 2)
    humans = a.humans
    doubled = AlignedHumans(
        _repeated(humans.ratings, humans.ratings),
        humans.accepted[twice],
        {name: _repeated(marks, marks) for name, marks in humans.aspects.items()},
        None if humans.left_out is None else humans.left_out[twice],
    )
    model = AlignedModel(
        np.concatenate([a.model.rating, b.model.rating]),
        np.concatenate([a.model.accept, b.model.accept]),
        {
            name: np.concatenate([marks, b.model.aspects[name]])
            for name, marks in a.model.aspects.items()
            if name in b.model.aspects
        },
        _repeated(a.model.simulated, b.model.simulated),
        a.model.predictions + b.model.predictions,
    )
    return AlignedPapers(a.paper_ids + b.paper_ids, doubled, model)


def _repeated(first: Ragged, second: Ragged) -> Ragged:
    return Ragged(
        np.concatenate([first.values, second.values]),
        np.concatenate([first.paper, second.paper + len(first)]),
        np.concatenate([first.counts, second.counts]),
    )


def _adjusted(pairs: Sequence[PairwiseComparison]) -> tuple[PairwiseComparison, ...]:
    """The same with Holm's p-values, over the pairs, for each metric by itself."""
    by_metric: dict[str, dict[int, float]] = {}
    for number, pair in enumerate(pairs):
        for name, difference in pair.differences.items():
            if difference.p_value is not None:
                by_metric.setdefault(name, {})[number] = difference.p_value
    holms = {
        name: dict(zip(values, holm(list(values.values())), strict=True))
        for name, values in by_metric.items()
    }
    return tuple(
        replace(
            pair,
            differences={
                name: replace(difference, p_holm=holms.get(name, {}).get(number))
                for name, difference in pair.differences.items()
            },
        )
        for number, pair in enumerate(pairs)
    )


def _ranks(names: Sequence[str], pairs: Sequence[PairwiseComparison]) -> dict[str, dict[str, int]]:
    """Places by metric; a metric on which some model has no value has no ranking."""
    found: dict[str, dict[str, int]] = {}
    for metric in pairs[0].differences:
        on_metric = [(p.a, p.b, p.differences[metric]) for p in pairs if metric in p.differences]
        values = {a: d.a for a, _, d in on_metric} | {b: d.b for _, b, d in on_metric}
        known = {name: value for name, value in values.items() if value is not None}
        if metric in NEUTRAL or len(known) < len(names):
            continue
        different = {
            frozenset((a, b)) for a, b, d in on_metric if d.p_holm is not None and d.p_holm < LEVEL
        }
        sign = 1 if metric.startswith(LOWER_IS_BETTER) else -1
        # Rounded, so that models that say the same stand in the order of their names.
        order = {name: (round(sign * value, 12), name) for name, value in known.items()}
        ranked = sorted(names, key=order.__getitem__)
        found[metric] = dict(zip(ranked, tie_groups(ranked, different), strict=True))
    return found


def _or_none(value: float) -> float | None:
    return rounded(value) if np.isfinite(value) else None
