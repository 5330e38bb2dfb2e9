"""T rounds of sampling, reviewing and preference optimization (Sec. 3.3, Figure 2).

Round t is in ``out/round-t``: the papers that P_t wrote, their rewards, the pairs, and P_{t+1}
under ``policy``. Files are written in full or not at all, a stage whose file exists is not run
again, and every draw is seeded by its name: a loop that is killed and started again ends with the
same pairs and weights. After round T the last policy is sampled and reviewed once more, which gives
T + 1 rewards to compare; ``rated.jsonl`` has all of them for ``cycleeval generated``.
"""

from collections.abc import Sequence
from pathlib import Path

from cycledata.errors import TrainingError
from cycledata.files import write_file
from cycledata.jsonl import read_jsonl, write_jsonl
from cycledata.records import Record
from cycledata.svg import Curve, Line
from cycletrain.build_chats import Chat
from cycletrain.config_tables import ModelConfig
from cycletrain.generation import seed_of
from cycletrain.jobs.pairs import count_dropped, write_pairs
from cycletrain.jobs.reward import rated_papers, require_rewards, some_reviews, summarise
from cycletrain.jobs.rollout import (
    count_rollouts,
    read_prompts,
    require_papers,
    select_round,
    some_papers,
)
from cycletrain.jobs.simpo import CURVES, train
from cycletrain.loop_config import IterateConfig
from cycletrain.loop_stages import (
    OpensGenerator,
    SampledRound,
    check_loop,
    hold_out_prompts,
    reward_stage,
    write_stage,
)
from cycletrain.preferences import Reward, Rollout
from cycletrain.ranks import n_launched
from cycletrain.reviewing import scale_named
from cycletrain.reward_audit.report import GroupDiversity, diversity_of
from cycletrain.reward_audit.run import baseline_of, close_audited
from cycletrain.run_record import RunRecord, open_run, run_folders
from cycletrain.servers import generator_of
from cycletrain.training import curves_of

Prompts = Sequence[Chat]


class RoundResult(Record):
    """Result of one round; written last, so its file marks the round as finished."""

    number: int
    counts: dict[str, int]
    metrics: dict[str, float]
    """Rewards of the papers that P_t wrote, and the last values of training."""
    curves: tuple[Curve, ...]
    """Loss and margins over the updates of the round; empty if nothing was trained."""
    policy: str
    """Path of P_{t+1}; that of P_t if the round had no pair."""


def run(config: IterateConfig) -> RunRecord:
    """Run or resume the loop; ``out/round-T/round.json`` names the last policy.

    Raises:
        TrainingError: started by a launcher with several processes, or a round without any reward.
    """
    if n_launched() > 1:
        raise TrainingError(
            f"iterate: expected one process, found {n_launched()}; run rollout, reward, pairs and"
            " simpo with --round, and only simpo under the launcher"
        )
    check_loop(config)
    record = open_run("iterate", config, dataset="research-14k")
    audit = config.audit
    baseline = None if audit is None else baseline_of(audit)
    prompts, held_out = hold_out_prompts(
        read_prompts(config.build, config.split, config.limit),
        0 if audit is None else audit.n_prompts,
        seed=config.seed,
    )
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
    write_jsonl(
        config.out / "rated.jsonl",
        (
            paper
            for result in results
            for paper in rated_papers(
                list(read_jsonl(_folder(config, result.number) / "rewards.jsonl", Reward)),
                source=f"P_{result.number}",
                scale=scale_named(config.rating_scale),
            )
        ),
    )
    last = _folder(config, n_rounds + 1)
    finished = _with_results(record, results).model_copy(
        update={
            "samples": (
                *some_papers(list(read_jsonl(last / "rollouts.jsonl", Rollout)))[:1],
                *some_reviews(list(read_jsonl(last / "rewards.jsonl", Reward)))[:2],
            ),
            "parents": run_folders(config.out, config.policy.path, config.reviewer.path),
        }
    )
    return close_audited(
        config,
        finished,
        held_out,
        last=policy,
        baseline=baseline,
        diversity=[_diversity(config, result.number) for result in results],
    )


def run_round(
    config: IterateConfig, number: int, policy: ModelConfig, prompts: Prompts
) -> RoundResult:
    """Run one round, or return the result of an earlier run."""
    folder = _folder(config, number)
    done = folder / "round.json"
    if done.is_file():
        return RoundResult.model_validate_json(done.read_bytes())
    sampled = _sample(config, number, policy, prompts)
    pairing = write_pairs(folder, dict(prompts), sampled.rollouts, sampled.shaped)
    metrics, counts = _summary(sampled)
    counts |= count_dropped(pairing)
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
    write_file(done, result.model_dump_json(indent=1) + "\n")
    return result


def _last_look(
    config: IterateConfig, number: int, policy: ModelConfig, prompts: Prompts
) -> RoundResult:
    """Sample and review with the last policy; train nothing."""
    metrics, counts = _summary(_sample(config, number, policy, prompts))
    return RoundResult(number=number, counts=counts, metrics=metrics, curves=(), policy=policy.path)


def _sample(
    config: IterateConfig, number: int, policy: ModelConfig, prompts: Prompts
) -> SampledRound:
    folder = _folder(config, number)
    chosen = select_round(prompts, number, share=config.prompt_share, seed=config.seed)
    seed = seed_of(config.seed, "round", number)

    def opens(model: ModelConfig) -> OpensGenerator:
        return lambda: generator_of(model, folder / "servers")

    rollouts = write_stage(
        config,
        policy,
        opens(policy),
        chosen,
        n_samples=config.n_samples,
        seed=seed,
        folder=folder,
    )
    reviewers = [opens(model) for model in (config.reviewer, *config.controls.reviewers)]
    sampled = reward_stage(config, reviewers, rollouts, seed=seed, folder=folder)
    require_papers(rollouts)
    require_rewards(sampled.rewards)
    return sampled


def _folder(config: IterateConfig, number: int) -> Path:
    return config.out / f"round-{number}"


def _diversity(config: IterateConfig, number: int) -> GroupDiversity:
    rows = read_jsonl(_folder(config, number) / "rewards.jsonl", Reward)
    return diversity_of(f"round {number}", ((row.prompt_id, row.reward) for row in rows))


def _summary(sampled: SampledRound) -> tuple[dict[str, float], dict[str, int]]:
    metrics, counts = summarise(sampled.rewards)
    return metrics, {**counts, **count_rollouts(sampled.rollouts)}


def _with_results(record: RunRecord, results: Sequence[RoundResult]) -> RunRecord:
    """Return the record with rewards over rounds, then the training curves of each round."""
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
        title="Ratings of the papers P_t wrote",
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
