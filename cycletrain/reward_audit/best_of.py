"""Rejection sampling (Figure 3): the best of n papers, and what another reviewer rates it.

The expectation over all choices of n among the sampled papers is computed exactly, so that every n
uses every paper. The second reviewer rates the paper that the first one chose: the distance between
both lines is the reward that choosing gains and the paper does not have.
"""

from collections.abc import Mapping, Sequence
from math import comb
from statistics import mean
from typing import NamedTuple

from cycledata.svg import Curve, Line


class PairOfScores(NamedTuple):
    """Two scores of one paper."""

    chooser: float
    """Reward by the reviewer that chooses."""
    held_out: float | None
    """Rating by the other one; None if there is none."""


class BestOf(NamedTuple):
    """Expected scores of the best of n papers."""

    chooser: float
    held_out: float | None


def best_of(papers: Sequence[PairOfScores], n: int) -> BestOf:
    """Return the expected scores of the paper with the highest reward among n of them.

    Papers are drawn without replacement; among equal rewards each is as likely to be chosen.

    Args:
        papers: of one prompt.
        n: at most the number of papers.

    Raises:
        ValueError: n is not between 1 and the number of papers.
    """
    if not 1 <= n <= len(papers):
        raise ValueError(f"n: expected 1 to {len(papers)} papers, found {n}")
    ranked = sorted(papers, key=lambda paper: -paper.chooser)
    total = comb(len(ranked), n)
    chooser, held_out = 0.0, 0.0
    place = 0
    while place < len(ranked):
        ties = [paper for paper in ranked if paper.chooser == ranked[place].chooser]
        behind = len(ranked) - place
        chance = (comb(behind, n) - comb(behind - len(ties), n)) / total
        chooser += chance * ranked[place].chooser
        held_out += chance * mean(paper.held_out or 0.0 for paper in ties)
        place += len(ties)
    known = all(paper.held_out is not None for paper in papers)
    return BestOf(chooser, held_out if known else None)


def draw_best_of(
    papers: Mapping[str, Sequence[PairOfScores]], *, name: str, title: str
) -> Curve | None:
    """Return Figure 3 for the papers of one policy; None if no prompt has a paper.

    Both lines are of the same prompts for every n: those whose papers all have a held-out rating,
    if any has, and of these the ones with as many papers as at least half of them have. The label
    of the axis says how many prompts that are.

    Args:
        papers: with a reward and, where there is a held-out reviewer, its rating, by prompt.
        name: of the curve.
        title: of the curve.
    """
    groups = [group for group in papers.values() if group]
    rated = [group for group in groups if all(paper.held_out is not None for paper in group)]
    groups = rated or groups
    if not groups:
        return None
    n_most = sorted(map(len, groups))[(len(groups) - 1) // 2]
    groups = [group for group in groups if len(group) >= n_most]
    found = [[best_of(group, n) for group in groups] for n in range(1, n_most + 1)]
    lines = [Line(label="chooser", y=tuple(mean(one.chooser for one in row) for row in found))]
    if all(one.held_out is not None for row in found for one in row):
        held_out = tuple(mean(one.held_out or 0.0 for one in row) for row in found)
        lines.append(Line(label="held-out", y=held_out))
    return Curve(
        name=name,
        title=title,
        x_label=f"papers to choose from, {len(groups)} of {len(papers)} prompts",
        x=tuple(float(n) for n in range(1, n_most + 1)),
        lines=tuple(lines),
    )
