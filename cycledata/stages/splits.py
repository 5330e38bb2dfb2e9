"""Which side a paper stands on: by its own id alone, so that it never changes sides.

A paper's id, hashed, puts it in the test zone or in the train zone; no other paper has a say. Two
wishes of a fixed-size test set cannot be had without a third place, because a fixed count means
that one paper's leaving pulls another in. That place is the split ``"reserve"``: a paper may move
between test and reserve, never between test and train.
"""

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

from cycledata.stages.duplicates import group_alike

Split = Literal["train", "test", "reserve"]


class SplitItem(Protocol):
    """What a split needs to know of a paper."""

    @property
    def paper_id(self) -> str:
        """The id that decides the zone."""

    @property
    def stratum(self) -> str:
        """Decision, or ``"none"``; test papers of a full-size build come from every stratum."""

    @property
    def likeness(self) -> tuple[str, ...]:
        """Keys that near-identical papers share, from ``likeness.likeness_keys``."""


def zone_position(paper_id: str, *, salt: str) -> float:
    """A paper's place in [0, 1), uniform over ids and fixed for each."""
    digest = hashlib.sha256(f"{salt}\0{paper_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def assign_splits(
    items: Sequence[SplitItem], *, salt: str, test_zone: float, n_test: int, full_size: int
) -> dict[str, Split]:
    """A side for every paper.

    Args:
        items: every paper of the build; order does not matter.
        salt: names the dataset, so that two datasets draw different papers.
        test_zone: share of ids whose hash falls in the test zone, in (0, 1).
        n_test: papers in test when the build has at least ``full_size`` papers. A smaller build
            puts its whole test zone in test.
        full_size: papers from which on the test split has exactly ``n_test``.

    Returns:
        Paper id to split. Near-identical papers never stand on two sides: where their ids fall in
        both zones, those of the test zone go to the reserve.

    Raises:
        ValueError: two items with one id.
    """
    position = {item.paper_id: zone_position(item.paper_id, salt=salt) for item in items}
    if len(position) != len(items):
        raise ValueError("two items share one paper_id; pass every paper once")
    group = group_alike(items)
    train_groups = {group[i] for i, place in position.items() if place >= test_zone}
    sides: dict[str, Split] = {}
    candidates: list[SplitItem] = []
    for item in items:
        if position[item.paper_id] >= test_zone:
            sides[item.paper_id] = "train"
        elif group[item.paper_id] in train_groups:
            sides[item.paper_id] = "reserve"
        else:
            candidates.append(item)
    chosen = {item.paper_id for item in candidates}
    if len(items) >= full_size and len(candidates) > n_test:
        chosen = _stratified(candidates, position, _shares(items), n_test)
    for item in candidates:
        sides[item.paper_id] = "test" if item.paper_id in chosen else "reserve"
    return sides


def _shares(items: Sequence[SplitItem]) -> dict[str, float]:
    counts: defaultdict[str, int] = defaultdict(int)
    for item in items:
        counts[item.stratum] += 1
    return {stratum: count / len(items) for stratum, count in counts.items()}


def _stratified(
    candidates: Sequence[SplitItem],
    position: Mapping[str, float],
    shares: Mapping[str, float],
    n_test: int,
) -> set[str]:
    """The candidates with the lowest positions, as many per stratum as its share asks for.

    Quotas are rounded by largest remainder; a stratum that is too small passes its seats on to the
    candidates with the lowest positions overall.
    """
    ordered = sorted(candidates, key=lambda item: (position[item.paper_id], item.paper_id))
    exact = {stratum: share * n_test for stratum, share in shares.items()}
    quota = {stratum: int(seats) for stratum, seats in exact.items()}
    by_remainder = sorted(exact, key=lambda s: (quota[s] - exact[s], s))
    for stratum in by_remainder[: n_test - sum(quota.values())]:
        quota[stratum] += 1
    chosen: set[str] = set()
    for item in ordered:
        if quota[item.stratum] > 0:
            quota[item.stratum] -= 1
            chosen.add(item.paper_id)
    spare = [item.paper_id for item in ordered if item.paper_id not in chosen]
    return chosen | set(spare[: n_test - len(chosen)])
