"""Best against worst, and what happens where the paper says nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cycledata.records import Message
from cycletrain.preferences import Reward, Rollout, pair_up, prompts_of_round

PROMPT = (Message(role="user", content="references"),)


def rollout(index: int, text: str | None = None) -> Rollout:
    turns = (Message(role="assistant", content=text or f"paper {index}"),)
    return Rollout(prompt_id="p", index=index, turns=turns, review_text="", latex="")


def reward(index: int, value: float | None) -> Reward:
    return Reward(prompt_id="p", index=index, reward=value)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([3.0, 6.0, 5.0], (1, 0)),
        ([5.0, 5.0, 3.0], (0, 2)),
        ([6.0, 3.0, 3.0], (0, 1)),
        ([None, 4.0, 5.0], (2, 1)),
        ([0.0, None, 1.0], (2, 0)),
        ([5.0, 5.0, 5.0], "equal-rewards"),
        ([6.1, (6.1 + 6.1 + 6.1) / 3, 6.1], "equal-rewards"),
        ([5.0, None, None], "too-few-rewards"),
        ([None, None, None], "too-few-rewards"),
        ([], "too-few-rewards"),
    ],
    ids=[
        "plain",
        "tie-best",
        "tie-worst",
        "unreadable",
        "zero-is-a-reward",
        "equal",
        "equal-but-for-rounding",
        "one",
        "none",
        "empty",
    ],
)
def test_best_against_worst_or_a_reason(
    values: list[float | None], expected: tuple[int, int] | str
) -> None:
    rollouts = [rollout(i) for i in range(len(values))]
    found = pair_up([("p", PROMPT)], rollouts, [reward(i, v) for i, v in enumerate(values)])
    if isinstance(expected, str):
        assert [dropped.rule for dropped in found.dropped] == [expected]
        assert not found.pairs
    else:
        (pair,) = found.pairs
        assert (pair.chosen, pair.rejected) == tuple(rollouts[i].turns for i in expected)
        assert (pair.reward_chosen, pair.reward_rejected) == tuple(values[i] for i in expected)


def test_two_rewards_for_the_same_text_make_no_pair() -> None:
    rollouts = [rollout(0, "same"), rollout(1, "same")]
    found = pair_up([("p", PROMPT)], rollouts, [reward(0, 3.0), reward(1, 5.0)])
    assert found.dropped[0].rule == "same-text"


def test_a_sample_that_appears_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="rollout 0 of p appears twice"):
        pair_up([("p", PROMPT)], [rollout(0), rollout(0)], [])


@given(
    st.dictionaries(
        st.sampled_from("abcdef"),
        st.lists(st.none() | st.integers(1, 10).map(float), min_size=3, max_size=3),
    ),
    st.randoms(use_true_random=False),
)
def test_every_prompt_is_paired_or_dropped_whatever_the_order(
    rewards: dict[str, list[float | None]], rng: object
) -> None:
    prompts = [(key, PROMPT) for key in rewards]
    rollouts = [
        Rollout(prompt_id=k, index=i, turns=(Message(role="assistant", content=f"{k}{i}"),),
                review_text="", latex="")
        for k in rewards for i in range(3)
    ]  # fmt: skip
    values = [Reward(prompt_id=k, index=i, reward=v) for k, vs in rewards.items() for i, v in enumerate(vs)]  # fmt: skip  # noqa: E501  one line a table
    found = pair_up(prompts, rollouts, values)
    assert {p.prompt_id for p in found.pairs} | {d.paper_id for d in found.dropped} == set(rewards)
    assert all(p.reward_chosen > p.reward_rejected for p in found.pairs)
    for shuffled in (prompts, rollouts, values):
        rng.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis types it as object
    assert pair_up(prompts, rollouts, values) == found


@given(st.integers(1, 40), st.integers(0, 5))
def test_three_rounds_of_a_third_share_no_prompt(n_prompts: int, seed: int) -> None:
    ids = [f"{i:03}" for i in range(n_prompts)]
    rounds = [prompts_of_round(ids, round_number=t, share=1 / 3, seed=seed) for t in range(1, 4)]
    assert all(len(chosen) == max(1, n_prompts // 3) for chosen in rounds)
    if n_prompts >= 3:
        assert len(set().union(*rounds)) == sum(map(len, rounds))


def test_the_prompts_of_a_round_depend_on_seed_and_round_only() -> None:
    ids = [f"{i:03}" for i in range(30)]
    first = prompts_of_round(ids, round_number=4, share=1 / 3, seed=1)
    assert first == prompts_of_round(ids[::-1], round_number=4, share=1 / 3, seed=1)
    assert first != prompts_of_round(ids, round_number=4, share=1 / 3, seed=2)
    assert first != prompts_of_round(ids, round_number=1, share=1 / 3, seed=1)
