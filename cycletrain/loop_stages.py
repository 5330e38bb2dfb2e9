"""Stages that ``iterate``, ``grpo`` and the audit share: papers of a policy, and their rewards.

A stage's file is written in full or not at all, and a stage whose file exists is not run again.
"""

import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple, TypeVar

from cycledata.errors import TrainingError
from cycledata.jsonl import read_jsonl, write_jsonl
from cycledata.records import Record
from cycletrain.build_chats import Chat
from cycletrain.checkpoints import require_pinned
from cycletrain.config_tables import ModelConfig
from cycletrain.generation import Generator, seed_of
from cycletrain.loop_config import LoopConfig
from cycletrain.preferences import Reward, Rollout, prompts_of_round
from cycletrain.reviewing import reward_papers, scale_named
from cycletrain.reward_controls import shape_rewards
from cycletrain.sampling import SamplingPlan
from cycletrain.servers import log_estimate
from cycletrain.writing import TURNS, write_papers

log = logging.getLogger(__name__)
R = TypeVar("R", bound=Record)
OpensGenerator = Callable[[], AbstractContextManager[Generator]]
"""Opens a model when a stage needs it, and closes it after."""


class SampledRound(NamedTuple):
    """The papers of a round and their rewards."""

    rollouts: list[Rollout]
    rewards: list[Reward]
    """By the recipe's reviewer."""
    shaped: list[Reward]
    """As the policy is trained on them."""


def check_loop(config: LoopConfig) -> None:
    """Check, before work begins, the models and the scale that later stages need.

    Raises:
        ParseError: a model that does not exist or is not pinned, or an unknown scale.
        TrainingError: a range of ratings outside the scale.
    """
    audited = None if config.audit is None else config.audit.reviewer
    models = (config.policy, config.reviewer, *config.controls.reviewers, audited)
    require_pinned(*(model for model in models if model is not None))
    scale = scale_named(config.rating_scale).values
    human = config.controls.human_range
    if human is not None and not (human[0] < scale[-1] and human[1] > scale[0]):
        raise TrainingError(
            f"controls.human_range: expected a part of {scale[0]:g} to {scale[-1]:g}, the scale"
            f" {config.rating_scale}, found {list(human)}"
        )


def run_stage(path: Path, model: type[R], make: Callable[[], list[R]]) -> list[R]:
    """Return the rows of a stage; make and write them if its file does not exist."""
    if not path.is_file():
        log.info("writing %s", path)
        write_jsonl(path, make())
    return list(read_jsonl(path, model))


def write_stage(
    config: LoopConfig,
    policy: ModelConfig,
    open_policy: OpensGenerator,
    prompts: Sequence[Chat],
    *,
    n_samples: int,
    seed: int,
    folder: Path,
) -> list[Rollout]:
    """Return the papers of a policy, from ``rollouts.jsonl`` if they are written.

    Args:
        config: sampling and attempts.
        policy: for the estimate of time.
        open_policy: opens the policy.
        prompts: id and opening turns.
        n_samples: papers per prompt.
        seed: of the draws.
        folder: of the stage.
    """

    def make() -> list[Rollout]:
        log_estimate(
            f"{folder.name}, papers",
            n_texts=TURNS * len(prompts) * n_samples,
            tokens=config.writing.max_tokens,
            config=policy,
        )
        plan = SamplingPlan(config.writing, config.write_tries, config.batch_size, seed, folder)
        with open_policy() as generator:
            return write_papers(generator, prompts, n_samples=n_samples, plan=plan)

    return run_stage(folder / "rollouts.jsonl", Rollout, make)


def review_stage(
    config: LoopConfig,
    reviewer: ModelConfig,
    open_reviewer: OpensGenerator,
    rollouts: Sequence[Rollout],
    *,
    seed: int,
    folder: Path,
    name: str = "rewards.jsonl",
) -> list[Reward]:
    """Return the rewards of papers by one reviewer, from the stage's file if it is written.

    Args:
        config: sampling, attempts, scale.
        reviewer: for the estimate of time.
        open_reviewer: opens the reviewer.
        rollouts: papers.
        seed: of the draws.
        folder: of the recorded completions.
        name: of the stage's file.
    """

    def make() -> list[Reward]:
        log_estimate(
            f"{folder.name}, reviews",
            n_texts=sum(rollout.review_text is not None for rollout in rollouts),
            tokens=config.reviewing.max_tokens,
            config=reviewer,
        )
        plan = SamplingPlan(config.reviewing, config.review_tries, config.batch_size, seed, folder)
        with open_reviewer() as generator:
            return reward_papers(
                generator,
                rollouts,
                n_reviewers=config.n_reviewers,
                scale=scale_named(config.rating_scale),
                plan=plan,
            )

    return run_stage(folder / name, Reward, make)


def reward_stage(
    config: LoopConfig,
    open_reviewers: Sequence[OpensGenerator],
    rollouts: list[Rollout],
    *,
    seed: int,
    folder: Path,
) -> SampledRound:
    """Return the rewards by every reviewer of the recipe, and those to train on.

    Args:
        config: reviewers and controls.
        open_reviewers: open the recipe's reviewer and those of its controls, in this order.
        rollouts: papers.
        seed: of the draws.
        folder: of the stage; further reviewers have folders of their own in it.
    """
    models = (config.reviewer, *config.controls.reviewers)
    found = [
        review_stage(
            config,
            model,
            open_reviewer,
            rollouts,
            seed=seed if number == 1 else seed_of(seed, "reviewer", number),
            folder=folder if number == 1 else folder / f"reviewer-{number}",
        )
        for number, (model, open_reviewer) in enumerate(
            zip(models, open_reviewers, strict=True), start=1
        )
    ]
    return SampledRound(rollouts, found[0], shape_rewards(rollouts, found, config.controls))


def hold_out_prompts(
    prompts: Sequence[Chat], n: int, *, seed: int
) -> tuple[list[Chat], list[Chat]]:
    """Return the prompts to train on and those of the audit, each in their order.

    Args:
        prompts: id and opening turns.
        n: prompts of the audit; 0 for none.
        seed: of the choice.

    Raises:
        TrainingError: no prompt would be left to train on.
    """
    if n >= len(prompts):
        raise TrainingError(
            f"audit.n_prompts: expected less than {len(prompts)} prompts, found {n}; lower it or"
            " use a larger build"
        )
    if not n:
        return list(prompts), []
    ids = [prompt_id for prompt_id, _ in prompts]
    share = n / len(ids)
    kept = set(prompts_of_round(ids, round_number=1, share=share, seed=seed_of(seed, "audit")))
    return [p for p in prompts if p[0] not in kept], [p for p in prompts if p[0] in kept]
