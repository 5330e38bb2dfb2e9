"""Rewards as a policy is trained on them: controls against gaming, applied to reviewers' ratings.

The reward of a paper is the mean rating by one reviewer. The controls average several reviewers,
clip to the range of people's ratings, and take points off long papers. A paper without a reward
stays without one.
"""

from collections.abc import Sequence
from statistics import fmean

from cycletrain.loop_config import ControlsConfig
from cycletrain.preferences import Reward, Rollout


def shape_rewards(
    rollouts: Sequence[Rollout], rewards: Sequence[Sequence[Reward]], controls: ControlsConfig
) -> list[Reward]:
    """Return the rewards to train on, in the order of the papers.

    Args:
        rollouts: papers.
        rewards: per reviewer, one reward per paper; the first reviewer's texts are kept.
        controls: what to apply; by default nothing.

    Raises:
        ValueError: numbers of papers and rewards that differ.
    """
    if any(len(row) != len(rollouts) for row in rewards):
        raise ValueError(f"expected {len(rollouts)} rewards per reviewer, found others")
    shaped = []
    for rollout, *found in zip(rollouts, *rewards, strict=True):
        values = [reward.reward for reward in found if reward.reward is not None]
        first = found[0]
        if len(values) < len(found):
            missing = next(reward for reward in found if reward.reward is None)
            shaped.append(
                first.model_copy(update={"reward": None, "unreadable": missing.unreadable})
            )
            continue
        value = _shape(fmean(values), len(rollout.review_text or ""), controls)
        shaped.append(first.model_copy(update={"reward": value}))
    return shaped


def _shape(value: float, n_characters: int, controls: ControlsConfig) -> float:
    if controls.human_range is not None:
        low, high = controls.human_range
        value = min(max(value, low), high)
    beyond = max(0, n_characters - controls.length_limit) / 1000
    return value - controls.length_penalty * beyond
