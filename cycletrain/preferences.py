"""Sampled papers and their rewards to preference pairs (Sec. 3.3); pure and seeded.

A pair is the paper with the highest reward and the one with the lowest. Rules of our own where the
paper states none: papers without a reward are in no pair; equal rewards make no pair; among equal
best (worst) papers the first sampled is taken; a pair of identical texts is left out. A prompt
without a pair is returned with the rule that dropped it.
"""

import math
import random
from collections.abc import Iterable, Sequence
from typing import Annotated, NamedTuple

from pydantic import Field

from cycledata.records import Dropped, Message, Record


class Rollout(Record):
    """One sampled paper."""

    prompt_id: str
    """Paper id of the prompt."""
    index: Annotated[int, Field(ge=0)]
    """Number of the sample among those of its prompt."""
    turns: tuple[Message, ...]
    """Turns after the prompt: assistant, user, assistant; fewer if a turn was unreadable."""
    review_text: str | None
    """The paper as shown to a reviewer; None if it could not be read."""
    latex: str | None
    """The whole paper as LaTeX; None if it could not be read."""
    n_neutralised: Annotated[int, Field(ge=0)] = 0
    """LaTeX commands that are printed, not run, because a paper needs none of them."""
    unreadable: str | None = None
    """Place and reason; None if the paper was read."""


class Reward(Record):
    """Reward of one sampled paper."""

    prompt_id: str
    index: Annotated[int, Field(ge=0)]
    reward: float | None
    """Mean of the simulated reviewers' ratings; None, never 0, if there is none."""
    ratings: tuple[float, ...] = ()
    """Ratings in the order of the text."""
    decision: str | None = None
    """``accept`` or ``reject``, which a withdrawal is too; None if the text states none."""
    text: str | None = None
    """The last completion of the reviewer model; None if there was no paper."""
    n_tries: Annotated[int, Field(ge=0)] = 0
    """Attempts made."""
    unreadable: str | None = None
    """Place and reason, for the last attempt; None if it was read."""


class PreferencePair(Record):
    """One prompt with a preferred and a rejected completion."""

    prompt_id: str
    prompt: tuple[Message, ...]
    chosen: tuple[Message, ...]
    rejected: tuple[Message, ...]
    reward_chosen: float
    reward_rejected: float


class UnpairedPrompt(Record):
    """A prompt without a pair, as a row of ``dropped.jsonl``."""

    prompt_id: str
    rule: str
    detail: str


class Pairing(NamedTuple):
    """The pairs, and the prompts without one."""

    pairs: tuple[PreferencePair, ...]
    """By prompt id."""
    dropped: tuple[Dropped, ...]
    """By prompt id."""


def pair_up(
    prompts: Iterable[tuple[str, tuple[Message, ...]]],
    rollouts: Iterable[Rollout],
    rewards: Iterable[Reward],
) -> Pairing:
    """Pair the best with the worst paper of each prompt, by the rules of this module.

    Args:
        prompts: id and messages per prompt of the round.
        rollouts: sampled papers, in any order.
        rewards: their rewards, in any order.

    Raises:
        ValueError: a rollout or reward that appears twice.
    """
    turns: dict[str, dict[int, tuple[Message, ...]]] = {}
    for rollout in rollouts:
        if rollout.index in turns.setdefault(rollout.prompt_id, {}):
            raise ValueError(f"rollout {rollout.index} of {rollout.prompt_id} appears twice")
        turns[rollout.prompt_id][rollout.index] = rollout.turns
    values: dict[str, dict[int, float | None]] = {}
    for reward in rewards:
        if reward.index in values.setdefault(reward.prompt_id, {}):
            raise ValueError(f"reward {reward.index} of {reward.prompt_id} appears twice")
        values[reward.prompt_id][reward.index] = reward.reward
    pairs, dropped = [], []
    for prompt_id, prompt in sorted(prompts):
        found = _pair(prompt_id, prompt, turns.get(prompt_id, {}), values.get(prompt_id, {}))
        if isinstance(found, PreferencePair):
            pairs.append(found)
        else:
            dropped.append(found)
    return Pairing(tuple(pairs), tuple(dropped))


def unpaired(dropped: Dropped) -> UnpairedPrompt:
    """Return the row of a prompt that was dropped."""
    return UnpairedPrompt(prompt_id=dropped.paper_id, rule=dropped.rule, detail=dropped.detail)


def _pair(
    prompt_id: str,
    prompt: tuple[Message, ...],
    turns: dict[int, tuple[Message, ...]],
    values: dict[int, float | None],
) -> PreferencePair | Dropped:
    read = {i: value for i, value in sorted(values.items()) if value is not None and i in turns}
    if len(read) < 2:
        detail = f"expected two papers with a reward, found {len(read)} of {len(turns)}"
        return Dropped(prompt_id, rule="too-few-rewards", detail=detail, stage="pair")
    best = max(read, key=lambda i: (read[i], -i))
    worst = min(read, key=lambda i: (read[i], i))
    # Means of equal ratings in another order differ in their last bits.
    if math.isclose(read[best], read[worst], rel_tol=1e-12):
        detail = f"all {len(read)} papers have the reward {read[best]:g}"
        return Dropped(prompt_id, rule="equal-rewards", detail=detail, stage="pair")
    if turns[best] == turns[worst]:
        detail = f"papers {best} and {worst} are the same text"
        return Dropped(prompt_id, rule="same-text", detail=detail, stage="pair")
    return PreferencePair(
        prompt_id=prompt_id,
        prompt=prompt,
        chosen=turns[best],
        rejected=turns[worst],
        reward_chosen=read[best],
        reward_rejected=read[worst],
    )


def prompts_of_round(
    prompt_ids: Sequence[str], *, round_number: int, share: float, seed: int
) -> tuple[str, ...]:
    """Return the prompts of one round, sorted: "one-third of the full dataset in each round".

    The prompts are shuffled, dealt out round by round, then shuffled again: with a share of a
    third, three rounds have no prompt in common. The n mod 3 prompts that do not fill a round wait
    for the next shuffle.

    Args:
        prompt_ids: all prompts, without repeats.
        round_number: from 1.
        share: share of the prompts per round; at least one prompt is used.
        seed: of the shuffle.

    >>> prompts_of_round("abcdef", round_number=1, share=1 / 3, seed=0)
    ('a', 'f')
    """
    if not prompt_ids or round_number < 1 or len(set(prompt_ids)) < len(prompt_ids):
        raise ValueError("expected at least one prompt, none twice, and a round from 1 on")
    # The tolerance keeps a third of 3n at n.
    size = max(1, int(len(prompt_ids) * share + 1e-9))
    per_deal = len(prompt_ids) // size
    deal, place = divmod(round_number - 1, per_deal)
    shuffled = sorted(prompt_ids)
    random.Random(f"{seed}/{deal}").shuffle(shuffled)  # noqa: S311  no secret
    return tuple(sorted(shuffled[place * size : (place + 1) * size]))
