"""Compare models on the same papers: paired differences, tests, what this test set can detect."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from cycleeval.bootstrap import (
    Statistic,
    bca_interval,
    detectable_difference,
    evaluate,
    holm,
    left_out_weights,
    permutation_p_value,
    resampled_weights,
    swap_weights,
    tie_groups,
)
from cycleeval.measures import Measures, model_measures
from cycleeval.panel import Humans, Marked, Panel, panel_of
from cycleeval.predictions import Decision, Submission
from cycleeval.protocol import Protocol
from cycleeval.ragged import Floats, Ragged
from cycleeval.reference import Reference
from cycleeval.result import Signature
from cycleeval.scoring import reference_from_sequences, submission_from_sequences

LOWER_IS_BETTER = ("proxy_mse", "proxy_mae", "mse_above_noise", "false_accept", "false_reject")
"""How the names of the metrics begin of which less is better."""
LEVEL = 0.05
"""Two models are shown to differ where Holm's p-value lies below this."""
NEUTRAL = frozenset({"spread_ratio", "duplicate_reviewer_rate"})
"""Metrics without a better side; they are shown, never ranked."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One metric of model A less that of model B, on the same papers."""

    metric: str
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
    decisions: Sequence[Decision | None] | None = None,
    protocol: Protocol | None = None,
) -> PairwiseComparison:
    """Compare two models given as plain sequences, one entry a paper; see ``score``.

    Raises:
        ValueError: lengths that differ, or no paper on which both can be judged.
    """
    reference = reference_from_sequences(ratings, decisions)
    given = [
        submission_from_sequences(said, None, reference, name=name, protocol=protocol)
        for name, said in (("a", a), ("b", b))
    ]
    return compare_submissions(given, reference, protocol).pairs[0]


def compare_submissions(
    submissions: Sequence[Submission],
    reference: Reference,
    protocol: Protocol | None = None,
    *,
    metrics: Collection[str] | None = None,
) -> Comparison:
    """Compare models pair by pair; under the policy ``exclude``, on the papers that all judged.

    Args:
        submissions: two or more.
        reference: what humans said.
        protocol: how predictions are judged.
        metrics: names of those to compare on; None for all. Each takes its time for each pair.

    Raises:
        ValueError: fewer than two models, two of one name, or no paper in common.
    """
    rules = protocol or Protocol()
    names = tuple(submission.name for submission in submissions)
    if len(names) < 2 or len(set(names)) != len(names):
        raise ValueError(f"expected two or more models of different names, found {list(names)}")
    common = reference
    if rules.policy == "exclude":
        common = _restricted(reference, submissions)
    ref = reference.digest
    panels: dict[str, Panel] = {}
    measures: dict[str, Measures] = {}
    for submission in submissions:
        panel, settled = panel_of(submission, common, rules)
        panels[submission.name] = panel
        found = model_measures(panel, settled, rules, ref=ref)
        measures[submission.name] = {
            name: measure for name, measure in found.items() if metrics is None or name in metrics
        }
    pairs = [
        PairwiseComparison(
            one,
            other,
            _differences(
                measures[one],
                measures[other],
                model_measures(_stacked(panels[one], panels[other]), settled, rules, ref=ref),
                len(panels[one].paper_ids),
                rules,
            ),
        )
        for one, other in combinations(names, 2)
    ]
    adjusted = _adjusted(pairs)
    return Comparison(
        models=names,
        n_papers=len(reference.paper_ids),
        n_compared=len(panels[names[0]].paper_ids),
        n_unreadable={s.name: len(s.unreadable) for s in submissions},
        pairs=adjusted,
        ranks=_ranks(names, adjusted),
    )


def _restricted(reference: Reference, submissions: Sequence[Submission]) -> Reference:
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


def _differences(
    a: Measures, b: Measures, both: Measures, n_papers: int, protocol: Protocol
) -> dict[str, Difference]:
    shared = [name for name in a if name in b and name in both]
    less = {name: _less(a[name].statistic, b[name].statistic) for name in shared}
    once = [np.ones((1, n_papers))]
    values = {
        name: evaluate({"a": a[name].statistic, "b": b[name].statistic}, once) for name in shared
    }
    drawn: dict[str, Floats] = {}
    left_out: dict[str, Floats] = {}
    swapped: dict[str, Floats] = {}
    if n_papers > 1:
        resamples = {"resamples": protocol.resamples, "seed": protocol.seed}
        drawn = evaluate(less, resampled_weights(n_papers, **resamples))
        left_out = evaluate(less, left_out_weights(n_papers))
        swaps = {name: _swapped(both[name].statistic) for name in shared}
        swapped = evaluate(swaps, swap_weights(n_papers, **resamples))
    found: dict[str, Difference] = {}
    for name in shared:
        ours, theirs = float(values[name]["a"][0]), float(values[name]["b"][0])
        gap = ours - theirs
        interval = bca_interval(gap, drawn[name], left_out[name]) if drawn else None
        *parts, version = a[name].signature.parts
        tested = (("test", f"swap-{protocol.resamples}"), ("seed", str(protocol.seed)))
        sampling = (("boot", f"paired-bca-{protocol.resamples}"), *tested)
        found[name] = Difference(
            metric=name,
            a=_or_none(ours),
            b=_or_none(theirs),
            difference=_or_none(gap),
            low=None if interval is None else interval.low,
            high=None if interval is None else interval.high,
            p_value=permutation_p_value(gap, swapped[name]) if swapped else None,
            p_holm=None,
            detectable=None
            if interval is None
            else detectable_difference(float(np.nanstd(drawn[name], ddof=1))),
            n_papers=a[name].n_papers,
            signature=Signature(a[name].signature.metric, (*parts, *sampling, version)),
        )
    return found


def _less(a: Statistic, b: Statistic) -> Statistic:
    return lambda weights: a(weights) - b(weights)


def _swapped(both: Statistic) -> Statistic:
    """Difference after swapping, from a statistic of A's papers followed by B's.

    Rows hold 1 where the models keep their names on a paper and 0 where they are swapped.
    """

    def difference(kept: Floats) -> Floats:
        return both(np.hstack([kept, 1 - kept])) - both(np.hstack([1 - kept, kept]))

    return difference


def _stacked(a: Panel, b: Panel) -> Panel:
    """Both models one below the other, each beside the same humans."""
    twice = np.tile(np.arange(len(a.paper_ids)), 2)
    humans = a.humans
    doubled = Humans(
        _repeated(humans.ratings, humans.ratings),
        humans.accepted[twice],
        {name: _repeated(marks, marks) for name, marks in humans.aspects.items()},
        None if humans.left_out is None else humans.left_out[twice],
    )
    model = Marked(
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
    return Panel(a.paper_ids + b.paper_ids, doubled, model)


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
    return value if np.isfinite(value) else None
