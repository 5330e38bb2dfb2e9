"""T rounds of sampling, reviewing and preference optimisation (Sec. 3.3, Figure 2).

Round t lives in ``out/round-t``: the prompts it drew, the papers that P_t wrote, their rewards, the
pairs, and P_{t+1} under ``policy``. A stage whose result is there is not run again, a result is
there in full or not at all, and every draw is seeded by its name: a loop that was killed at any
point ends, once it is started again, in the same pairs and weights. After round T the last policy
is sampled and reviewed once more, so that there are T + 1 rewards to compare; ``rated.jsonl`` has
them all for ``cycleeval generated``.
"""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

from cycledata.records import Dropped, Message, Record
from cycletrain.cards import write_model_card
from cycletrain.config import IterateConfig, ModelConfig
from cycletrain.generation import open_generator, seed_of
from cycletrain.jobs.reward import rated_papers, reward_papers, summarise
from cycletrain.jobs.rollout import Asking, count_rollouts, read_prompts, write_papers
from cycletrain.jobs.simpo import CURVES, train
from cycletrain.plot import Curve, Line
from cycletrain.preferences import Reward, Rollout, pair_up, prompts_of_round
from cycletrain.rows import read_rows, write_rows, write_text
from cycletrain.run_record import RunRecord, close_run, open_run
from cycletrain.training import curves_of

log = logging.getLogger(__name__)
R = TypeVar("R", bound=Record)
Prompts = Sequence[tuple[str, tuple[Message, ...]]]


class DroppedPrompt(Record):
    """A prompt that gave no pair, as a row."""

    prompt_id: str
    rule: str
    detail: str


class RoundResult(Record):
    """What one round did; written last, so that it marks the round as finished."""

    number: int
    counts: dict[str, int]
    metrics: dict[str, float]
    """Rewards of the papers that P_t wrote, then the last values of training."""
    curves: tuple[Curve, ...]
    """Loss and margins over the round's updates; none where nothing was trained."""
    policy: str
    """Path of P_{t+1}; that of P_t where the round had no pair."""


class Sampled(NamedTuple):
    """The papers of a round and what the reviewer made of them."""

    rollouts: list[Rollout]
    rewards: list[Reward]


def run(config: IterateConfig) -> RunRecord:
    """Run or continue the loop; the last policy is named in ``out/round-T/round.json``."""
    record = open_run("iterate", config)
    prompts = read_prompts(config.build, config.split, config.limit)
    n_rounds = {"no-rl": 0, "no-iteration": 1}.get(config.ablation, config.rounds)
    policy = config.policy
    results = []
    for number in range(1, n_rounds + 1):
        result = run_round(config, number, policy, prompts)
        results.append(result)
        policy = policy.model_copy(update={"path": result.policy, "revision": None})
        if result.policy == config.policy.path:
            policy = config.policy
    results.append(_last_look(config, n_rounds + 1, policy, prompts))
    write_rows(
        config.out / "rated.jsonl",
        (
            paper
            for result in results
            for paper in rated_papers(
                list(read_rows(_folder(config, result.number) / "rewards.jsonl", Reward)),
                source=f"P_{result.number}",
            )
        ),
    )
    finished = _with_results(record, results)
    if policy != config.policy:
        write_model_card(
            Path(policy.path),
            finished,
            role="researcher",
            model=config.policy,
            adapter=config.adapter,
        )
    return close_run(config.out, finished)


def run_round(
    config: IterateConfig, number: int, policy: ModelConfig, prompts: Prompts
) -> RoundResult:
    """One round, or what it wrote when it ran before."""
    folder = _folder(config, number)
    done = folder / "round.json"
    if done.is_file():
        return RoundResult.model_validate_json(done.read_bytes())
    sampled = _sample(config, number, policy, prompts)
    by_id = dict(prompts)
    chosen_ids = sorted({rollout.prompt_id for rollout in sampled.rollouts})
    pairing = pair_up([(i, by_id[i]) for i in chosen_ids], sampled.rollouts, sampled.rewards)
    write_rows(folder / "pairs.jsonl", pairing.pairs)
    write_rows(folder / "dropped.jsonl", map(_dropped_row, pairing.dropped))
    metrics, counts = _summary(sampled)
    for dropped in pairing.dropped:
        counts[f"prompts_{dropped.rule}"] = counts.get(f"prompts_{dropped.rule}", 0) + 1
    curves: tuple[Curve, ...] = ()
    next_policy = policy.path
    if pairing.pairs:
        next_policy = str(folder / "policy")
        loss = config.loss
        if config.ablation == "no-nll":
            loss = loss.model_copy(update={"nll_weight": 0.0})
        trained = train(
            pairing.pairs,
            model=policy,
            adapter=config.adapter,
            loss=loss,
            training=config.training,
            seed=seed_of(config.seed, "train", number),
            folder=Path(next_policy),
        )
        counts |= trained.counts
        metrics |= trained.metrics
        curves = curves_of(trained.history, CURVES)
    result = RoundResult(
        number=number, counts=counts, metrics=metrics, curves=curves, policy=next_policy
    )
    write_text(done, result.model_dump_json(indent=1) + "\n")
    return result


def _last_look(
    config: IterateConfig, number: int, policy: ModelConfig, prompts: Prompts
) -> RoundResult:
    """Papers and rewards of the last policy; nothing is trained."""
    metrics, counts = _summary(_sample(config, number, policy, prompts))
    return RoundResult(number=number, counts=counts, metrics=metrics, curves=(), policy=policy.path)


def _sample(config: IterateConfig, number: int, policy: ModelConfig, prompts: Prompts) -> Sampled:
    folder = _folder(config, number)
    chosen = set(
        prompts_of_round(
            [prompt_id for prompt_id, _ in prompts],
            round_number=number,
            share=config.prompt_share,
            seed=config.seed,
        )
    )
    seed = seed_of(config.seed, "round", number)
    writing = Asking(config.writing, config.write_tries, config.batch_size, seed, folder)
    reviewing = Asking(config.reviewing, config.review_tries, config.batch_size, seed, folder)
    rollouts = _stage(
        folder / "rollouts.jsonl",
        Rollout,
        lambda: write_papers(
            open_generator(policy),
            [prompt for prompt in prompts if prompt[0] in chosen],
            n_samples=config.n_samples,
            asking=writing,
        ),
    )
    rewards = _stage(
        folder / "rewards.jsonl",
        Reward,
        lambda: reward_papers(
            open_generator(config.reviewer),
            rollouts,
            n_reviewers=config.n_reviewers,
            asking=reviewing,
        ),
    )
    return Sampled(rollouts, rewards)


def _folder(config: IterateConfig, number: int) -> Path:
    return config.out / f"round-{number}"


def _stage(path: Path, model: type[R], make: Callable[[], list[R]]) -> list[R]:
    """Rows of a stage: read where it has run, else made and written."""
    if not path.is_file():
        log.info("making %s", path)
        write_rows(path, make())
    return list(read_rows(path, model))


def _summary(sampled: Sampled) -> tuple[dict[str, float], dict[str, int]]:
    metrics, counts = summarise(sampled.rewards)
    return metrics, {**counts, **count_rollouts(sampled.rollouts)}


def _dropped_row(dropped: Dropped) -> DroppedPrompt:
    return DroppedPrompt(prompt_id=dropped.paper_id, rule=dropped.rule, detail=dropped.detail)


def _with_results(record: RunRecord, results: Sequence[RoundResult]) -> RunRecord:
    """The loop's record: rewards over rounds first, then each round's training curves."""
    metrics = {
        f"round_{result.number}_{name}": value
        for result in results
        for name, value in result.metrics.items()
    }
    counts = {
        f"round_{result.number}_{name}": value
        for result in results
        for name, value in result.counts.items()
    }
    rewarded = [result for result in results if "mean_reward" in result.metrics]
    names = ("mean_lowest_rating", "mean_reward", "mean_highest_rating")
    rewards = Curve(
        name="reward-per-round",
        title="Ratings of the papers P_t wrote (1-10)",
        x_label="t",
        x=tuple(float(result.number) for result in rewarded),
        lines=tuple(
            Line(label=name, y=tuple(result.metrics[name] for result in rewarded)) for name in names
        ),
    )
    curves = [
        curve.model_copy(
            update={
                "name": f"round-{result.number}-{curve.name}",
                "title": f"Round {result.number}: {curve.title}",
            }
        )
        for result in results
        for curve in result.curves
    ]
    return record.model_copy(
        update={"metrics": metrics, "counts": counts, "curves": (rewards, *curves)}
    )
