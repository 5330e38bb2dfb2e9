"""Places of models on each metric, from the tests of all pairs of them."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from cycleeval.bootstrap import tie_groups
from cycleeval.differences import HEAVY_TAILS, LEVEL, Difference, PairwiseComparison

LOWER_IS_BETTER = (
    "proxy_mse",
    "proxy_mae",
    "mse_",
    "one_reviewer_mse",
    "false_accept",
    "false_reject",
)
"""How the names of metrics begin whose lower values are better."""
NEUTRAL = frozenset({"spread_ratio", "duplicate_reviewer_rate", "bias", "skill_ceiling"})
"""Metrics without a better side; they are shown and not ranked."""


class PlaceInterval(NamedTuple):
    """Places that a model may have: one more than the models shown to be better, to the last."""

    best: int
    worst: int


class Places(NamedTuple):
    """Places by metric."""

    ranks: dict[str, dict[str, int]]
    """By metric and model; shared by models not shown to differ from their group's best."""
    intervals: dict[str, dict[str, PlaceInterval]]
    """By metric and model: the places that the tests leave open."""
    unranked: dict[str, str]
    """Metrics without places, with the reason."""


def places_of(names: Sequence[str], pairs: Sequence[PairwiseComparison], n_papers: int) -> Places:
    """Return the places of models on every metric that has a better side.

    Args:
        names: the models.
        pairs: every pair of them, p-values adjusted.
        n_papers: papers compared.
    """
    found = Places({}, {}, {})
    for metric in dict.fromkeys(name for pair in pairs for name in pair.differences):
        if metric in NEUTRAL:
            continue
        on_metric = [(p.a, p.b, p.differences[metric]) for p in pairs if metric in p.differences]
        values = {a: d.a for a, _, d in on_metric} | {b: d.b for _, b, d in on_metric}
        known = {name: value for name, value in values.items() if value is not None}
        if why := _why_unranked(names, known, len(on_metric), len(pairs), n_papers):
            found.unranked[metric] = why
            continue
        different = {frozenset((a, b)) for a, b, d in on_metric if shown_to_differ(d)}
        sign = 1 if metric.startswith(LOWER_IS_BETTER) else -1
        # Rounded, so that models with equal predictions are in the order of their names.
        order = {name: (round(sign * value, 12), name) for name, value in known.items()}
        ranked = sorted(names, key=order.__getitem__)
        found.ranks[metric] = dict(zip(ranked, tie_groups(ranked, different), strict=True))
        found.intervals[metric] = {
            name: _place_interval(name, place, ranked, different)
            for place, name in enumerate(ranked)
        }
    return found


def _why_unranked(
    names: Sequence[str], known: Collection[str], n_compared: int, n_pairs: int, n_papers: int
) -> str | None:
    if len(known) < len(names) or n_compared < n_pairs:
        without = sorted(set(names) - set(known))
        return f"no value for {', '.join(without)}" if without else "not comparable"
    if 2.0 ** (1 - min(n_papers, 1000)) * n_pairs >= LEVEL:
        papers = "1 paper" if n_papers == 1 else f"{n_papers} papers"
        return f"{papers} cannot show any of {n_pairs} differences at the {LEVEL:.0%} level"
    return None


def shown_to_differ(difference: Difference) -> bool:
    """Return True if the adjusted test rejects and its error rate is known to be right."""
    rejected = difference.p_holm is not None and difference.p_holm < LEVEL
    return rejected and not (difference.caution or "").startswith(HEAVY_TAILS)


def _place_interval(
    name: str, place: int, ranked: Sequence[str], different: Collection[frozenset[str]]
) -> PlaceInterval:
    better = sum(frozenset((name, other)) in different for other in ranked[:place])
    worse = sum(frozenset((name, other)) in different for other in ranked[place + 1 :])
    return PlaceInterval(1 + better, len(ranked) - worse)
