"""Split by paper id, so that no paper moves between train and test when others come or go.

The hash of a paper's id puts it in the test zone or in the train zone. A test split of fixed size
needs a third split, ``"reserve"``, because a paper that leaves is replaced by another one: a paper
may move between test and reserve, never between test and train.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from cycledata.stages.duplicates import group_alike
from cycledata.stages.split_item import SplitItem

Split = Literal["train", "test", "reserve"]


def zone_position(paper_id: str, *, salt: str) -> float:
    """Return a number in [0, 1) that depends on the id and the salt only, uniform over ids."""
    digest = hashlib.sha256(f"{salt}\0{paper_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def assign_splits(
    items: Sequence[SplitItem], *, salt: str, test_zone: float, n_test: int, full_size: int
) -> dict[str, Split]:
    """Return the split of every paper.

    Args:
        items: every paper of the build; order does not matter.
        salt: name of the dataset, so that two datasets draw different papers.
        test_zone: share of ids whose hash falls in the test zone, in (0, 1).
        n_test: papers in test if the build has at least ``full_size`` papers. In a smaller build
            the whole test zone is in test.
        full_size: smallest number of papers with exactly ``n_test`` test papers.

    Returns:
        Paper id to split. Near-identical papers are never in both train and test: if their ids
        are in both zones, those of the test zone are in the reserve.

    Raises:
        ValueError: two items share an id.
    """
    position = {item.paper_id: zone_position(item.paper_id, salt=salt) for item in items}
    if len(position) != len(items):
        raise ValueError("two items share one paper_id; pass every paper once")
    group = group_alike(items)
    train_groups = {group[i] for i, place in position.items() if place >= test_zone}
    splits: dict[str, Split] = {}
    candidates: list[SplitItem] = []
    for item in items:
        if position[item.paper_id] >= test_zone:
            splits[item.paper_id] = "train"
        elif group[item.paper_id] in train_groups:
            splits[item.paper_id] = "reserve"
        else:
            candidates.append(item)
    chosen = {item.paper_id for item in candidates}
    if len(items) >= full_size and len(candidates) > n_test:
        chosen = _stratified(candidates, position, _shares(items), n_test)
    for item in candidates:
        splits[item.paper_id] = "test" if item.paper_id in chosen else "reserve"
    return splits


def stated_splits(
    items: Sequence[SplitItem], split_of: Callable[[SplitItem], Split]
) -> dict[str, Split]:
    """Return the split that a rule states for each paper, such as one by venue or date.

    Args:
        items: every paper of the build; order does not matter.
        split_of: the rule.

    Returns:
        Paper id to split. A test paper that is near-identical to a training paper, such as an
        earlier submission of it at another venue, is in the reserve.
    """
    splits = {item.paper_id: split_of(item) for item in items}
    group = group_alike(items)
    trained = {group[paper_id] for paper_id, split in splits.items() if split == "train"}
    return {
        paper_id: "reserve" if split == "test" and group[paper_id] in trained else split
        for paper_id, split in splits.items()
    }


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
    """Return the candidates with the lowest positions, in proportion to each stratum's share.

    Quotas are rounded by largest remainder. If a stratum has too few candidates, those with the
    lowest positions overall fill its quota.
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
