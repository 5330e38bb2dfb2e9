"""GRPO (Shao et al., 2024) with CycleReviewer as reward: TRL's GRPOTrainer on whole papers.

Papers and reviews are those of ``iterate``: the same turns, the same strict reading. TRL asks for
the papers of a generation through ``rollout_func`` and gets the tokens of all turns, with those
that the policy did not write masked. A paper or review that stays unreadable has no reward, which
TRL leaves out of its group. Everything that was generated is in ``out/generations``, so a killed
run resumes from its last checkpoint and ends with the same weights.
"""

import itertools
import logging
import math
import random
import shutil
import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import torch
from datasets import Dataset
from trl.trainer.grpo_config import GRPOConfig as TrlConfig
from trl.trainer.grpo_trainer import GRPOTrainer

from cycledata.errors import TrainingError
from cycledata.files import write_file
from cycledata.jsonl import read_jsonl
from cycletrain.adapter_start import prepare_model
from cycletrain.build_chats import Chat
from cycletrain.chat_tokens import IGNORED, encode_chat, encode_prompt, truncate_end
from cycletrain.checkpoints import load_tokenizer
from cycletrain.config_tables import ModelConfig
from cycletrain.generation import Generator, TransformersGenerator, seed_of
from cycletrain.jobs.iterate import RoundResult
from cycletrain.jobs.reward import require_rewards, summarise
from cycletrain.jobs.rollout import count_rollouts, read_prompts, require_papers
from cycletrain.loop_config import GrpoConfig
from cycletrain.loop_stages import (
    OpensGenerator,
    check_loop,
    hold_out_prompts,
    reward_stage,
    write_stage,
)
from cycletrain.preferences import Reward, Rollout
from cycletrain.ranks import n_launched
from cycletrain.reward_audit.report import GroupDiversity, diversity_of
from cycletrain.reward_audit.run import baseline_of, close_audited
from cycletrain.run_record import RunRecord, open_run, run_folders
from cycletrain.servers import generator_of
from cycletrain.training import (
    StopOnNonFinite,
    check_memory,
    curves_of,
    fit,
    save_trained,
    trainer_settings,
)

log = logging.getLogger(__name__)
CURVES = {
    "reward": "Reward of the papers of an update",
    "reward_std": "Standard deviation of the rewards",
    "frac_reward_zero_std": "Share of groups with equal rewards",
    "kl": "KL divergence from P_1, per token",
    "loss": "Loss",
}
_LOSSES = {"tokens": "dapo", "papers": "grpo"}


def run(config: GrpoConfig) -> RunRecord:
    """Train P_1 with GRPO, save the policy under ``out/model``, and audit it.

    Raises:
        TrainingError: several processes, too few prompts, or no paper with a reward.
    """
    if n_launched() > 1:
        raise TrainingError(
            f"grpo: expected one process, found {n_launched()}; start it without a launcher"
        )
    check_loop(config)
    record = open_run("grpo", config, dataset="research-14k")
    audit = config.audit
    baseline = None if audit is None else baseline_of(audit)
    trained_on, held_out = hold_out_prompts(
        read_prompts(config.build, config.split, config.limit),
        0 if audit is None else audit.n_prompts,
        seed=config.seed,
    )
    result = _trained(config, trained_on)
    finished = record.model_copy(
        update={
            "counts": result.counts,
            "metrics": result.metrics,
            "curves": result.curves,
            "parents": run_folders(config.out, config.policy.path, config.reviewer.path),
        }
    )
    return close_audited(
        config,
        finished,
        held_out,
        last=config.policy.model_copy(update={"path": result.policy, "revision": None}),
        baseline=baseline,
        diversity=_generations(config).diversity,
    )


def _trained(config: GrpoConfig, prompts: Sequence[Chat]) -> RoundResult:
    """Train and save the policy, or return the result of an earlier run."""
    done = config.out / "trained.json"
    if done.is_file():
        return RoundResult.model_validate_json(done.read_bytes())
    ids = [prompt_id for prompt_id, _ in prompts]
    n_updates, order = plan_updates(config, ids)
    check_memory(config.policy, config.adapter, config.training, rows_per_example=1)
    arguments = TrlConfig(**_settings(config, n_updates))
    tokenizer = load_tokenizer(config.policy)
    start = config.out / ".start"
    prepared = prepare_model(
        config.policy,
        config.adapter,
        [],
        pad=tokenizer.pad_token_id,
        start=start,
        seed=config.seed,
    )
    with ExitStack() as stack:
        writer = _Writer(config, prompts, tokenizer, stack)
        with _without_notes():
            trainer = _Trainer(
                model=prepared.model,
                reward_funcs=writer.reward,
                args=arguments,
                train_dataset=Dataset.from_dict({"prompt": order}),
                processing_class=tokenizer,
                rollout_func=writer.write,
            )
            output = fit(trainer, prepared=prepared)
    folder = config.out / "model"
    save_trained(trainer, tokenizer, folder, start=start, base=config.policy)
    history: list[dict[str, Any]] = trainer.state.log_history
    last = {
        key: row[key] for row in history for key in CURVES if math.isfinite(row.get(key, math.nan))
    }
    generated = _generations(config)
    result = RoundResult(
        number=1,
        counts=generated.counts,
        metrics={**last, **generated.metrics, "updates": float(output.global_step)},
        curves=curves_of(history, CURVES),
        policy=str(folder),
    )
    write_file(done, result.model_dump_json(indent=1) + "\n")
    return result


def plan_updates(config: GrpoConfig, ids: Sequence[str]) -> tuple[int, list[str]]:
    """Return the number of updates, and the prompts of all generations one after the other.

    Every pass over the prompts is shuffled by its number, and the prompts that do not fill a
    generation are left out of it. TRL shuffles by a generator that a resumed run starts again.

    Raises:
        TrainingError: too few prompts for a generation.
    """
    n_groups = config.papers_per_generation // config.n_samples
    if len(ids) < n_groups:
        raise TrainingError(
            f"grpo: expected at least {n_groups} prompts for a generation, found {len(ids)};"
            " lower training.batch_size or accumulate, or raise n_samples"
        )
    n_updates = config.training.max_steps
    if n_updates < 0:
        n_generations = max(1, int(config.training.epochs * len(ids) / n_groups + 1e-9))
        n_updates = n_generations * config.updates_per_generation
    n_generations = math.ceil(n_updates / config.updates_per_generation)
    order: list[str] = []
    for number in itertools.count():
        if len(order) >= n_generations * n_groups:
            break
        shuffled = sorted(ids)
        random.Random(seed_of(config.seed, "pass", number)).shuffle(shuffled)  # noqa: S311  no secret
        order += shuffled[: len(shuffled) // n_groups * n_groups]
    return n_updates, order[: n_generations * n_groups]


class _Generations(NamedTuple):
    """Everything that was generated for training."""

    counts: dict[str, int]
    metrics: dict[str, float]
    diversity: tuple[GroupDiversity, ...]
    """Of the first and of the last generation."""


def _generations(config: GrpoConfig) -> _Generations:
    """Read the papers and rewards of all generations."""
    folders = sorted((config.out / "generations").iterdir())
    rewards = [list(read_jsonl(folder / "rewards.jsonl", Reward)) for folder in folders]
    metrics, counts = summarise([reward for rows in rewards for reward in rows])
    rollouts = [
        rollout for folder in folders for rollout in read_jsonl(folder / "rollouts.jsonl", Rollout)
    ]
    counts |= count_rollouts(rollouts)
    ends = dict.fromkeys((0, len(folders) - 1))
    return _Generations(
        counts | {"generations": len(folders)},
        metrics,
        tuple(
            diversity_of(
                f"generation {number + 1}", ((row.prompt_id, row.reward) for row in rewards[number])
            )
            for number in ends
        ),
    )


def _settings(config: GrpoConfig, n_updates: int) -> dict[str, Any]:
    training = config.training
    settings = trainer_settings(
        training, out=config.out / "trainer", seed=config.seed, dtype=config.policy.dtype
    )
    return settings | {
        "beta": config.loss.kl_weight,
        "epsilon": config.loss.clip,
        "gradient_checkpointing": training.checkpointing,
        "loss_type": _LOSSES[config.loss.mean_over],
        "max_completion_length": training.context_tokens,
        "max_steps": n_updates,
        "num_generations": config.n_samples,
        "scale_rewards": config.loss.scale,
        "shuffle_dataset": False,
        "steps_per_generation": training.accumulate * config.updates_per_generation,
        # The probabilities of the distribution that the papers are drawn from.
        "temperature": config.writing.temperature,
    }


class _Trainer(StopOnNonFinite, GRPOTrainer):
    """TRL's trainer, which stops before an update that would destroy the weights."""


class _Writer:
    """The papers of each generation, as tokens for TRL, and their rewards."""

    def __init__(
        self, config: GrpoConfig, prompts: Sequence[Chat], tokenizer: Any, stack: ExitStack
    ) -> None:
        self._config = config
        self._prompts = dict(prompts)
        self._tokenizer = tokenizer
        models = (config.reviewer, *config.controls.reviewers)
        self._reviewers = [_kept_open(model, config.out / "servers", stack) for model in models]
        self._rollouts: list[Rollout] = []

    def write(self, prompts: list[str], trainer: Any) -> dict[str, Any]:
        """Return the tokens of one paper per prompt id; TRL's ``rollout_func``."""
        chosen = list(dict.fromkeys(prompts))
        number = trainer.state.global_step // self._config.updates_per_generation + 1
        self._rollouts = write_stage(
            self._config,
            self._config.policy,
            lambda: _policy_in_training(self._config, trainer, self._tokenizer, number),
            [(prompt_id, self._prompts[prompt_id]) for prompt_id in chosen],
            n_samples=self._config.n_samples,
            seed=seed_of(self._config.seed, "generation", number),
            folder=generation_folder(self._config, number),
        )
        require_same_order(prompts, self._rollouts)
        if number == 1:
            require_papers(self._rollouts)
        rows = [self._tokens(rollout) for rollout in self._rollouts]
        keys = ("prompt_ids", "completion_ids", "env_mask")
        found: dict[str, Any] = dict(zip(keys, zip(*rows, strict=True), strict=True))
        found = {key: list(values) for key, values in found.items()}
        return found | {"logprobs": None, "generation": [number] * len(rows)}

    def reward(self, prompts: list[str], generation: list[int], **_: Any) -> list[float | None]:
        """Return the reward per paper; None if it or its review is unreadable."""
        require_same_order(prompts, self._rollouts)
        sampled = reward_stage(
            self._config,
            self._reviewers,
            self._rollouts,
            seed=seed_of(self._config.seed, "generation", generation[0]),
            folder=generation_folder(self._config, generation[0]),
        )
        if generation[0] == 1:
            require_rewards(sampled.rewards)
        return [reward.reward for reward in sampled.shaped]

    def _tokens(self, rollout: Rollout) -> tuple[list[int], list[int], list[int]]:
        """Return the tokens of the prompt and of the turns, and 1 for those the policy wrote."""
        opening = self._prompts[rollout.prompt_id]
        if not any(turn.role == "assistant" for turn in rollout.turns):
            # TRL needs a token; it is masked, and the paper has no reward.
            return encode_prompt(self._tokenizer, opening), [self._tokenizer.eos_token_id], [0]
        chat = encode_chat(self._tokenizer, (*opening, *rollout.turns))
        first = next(i for i, label in enumerate(chat.labels) if label != IGNORED)
        cut = truncate_end(chat, max(self._config.training.context_tokens, first + 1))
        mask = [int(label != IGNORED) for label in cut.labels[first:]]
        return list(cut.ids[:first]), list(cut.ids[first:]), mask


def require_same_order(prompts: Sequence[str], rollouts: Sequence[Rollout]) -> None:
    """Check that TRL asked for the papers prompt by prompt, as they are written.

    Raises:
        TrainingError: it did not, which this version of TRL never does.
    """
    if [rollout.prompt_id for rollout in rollouts] != list(prompts):
        raise TrainingError(
            f"grpo: expected TRL to ask for the papers of a prompt one after the other, found"
            f" {list(prompts)[:4]}; use the version of trl in constraints.txt"
        )


def generation_folder(config: GrpoConfig, number: int) -> Path:
    """Return the folder of the papers of one generation."""
    return config.out / "generations" / f"{number:05}"


@contextmanager
def _policy_in_training(
    config: GrpoConfig, trainer: Any, tokenizer: Any, number: int
) -> Iterator[Generator]:
    """Yield the policy as it is now: in this process, or saved and loaded by its own backend."""
    model = trainer.accelerator.unwrap_model(trainer.model)
    policy = config.policy
    if policy.server is None and policy.backend == "transformers":
        model.eval()
        try:
            with trainer.accelerator.autocast():
                yield TransformersGenerator(model, tokenizer, name=f"generation {number}")
        finally:
            model.train()
        return
    folder = generation_folder(config, number)
    save_trained(trainer, tokenizer, folder / "policy", start=folder / ".none", base=policy)
    torch.cuda.empty_cache()  # the servers share the GPUs with the model in training
    saved = policy.model_copy(update={"path": str(folder / "policy"), "revision": None})
    with generator_of(saved, folder / "servers") as generator:
        yield generator
    shutil.rmtree(folder / "policy")


def _kept_open(model: ModelConfig, folder: Path, stack: ExitStack) -> OpensGenerator:
    """Return an opener of a reviewer: one in this process stays, servers run when needed."""
    if model.server is not None:
        return partial(generator_of, model, folder)
    opened: list[Generator] = []

    def opens() -> Any:
        if not opened:
            opened.append(stack.enter_context(generator_of(model, folder)))
        return nullcontext(opened[0])

    return opens


@contextmanager
def _without_notes() -> Iterator[None]:
    """Silence two notes of TRL: of its experimental argument, and of papers without a reward.

    The second one prints the whole paper; the record counts these papers.
    """
    logger = logging.getLogger("trl.trainer.grpo_trainer")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "You are using 'rollout_func'", UserWarning)
            yield
    finally:
        logger.setLevel(level)
