"""Configs of the jobs that write, review and train by turns: ``iterate`` and ``grpo``."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from cycledata.llm.chat import Sampling
from cycletrain.config import JobConfig, SimpoLoss
from cycletrain.config_tables import (
    AdapterConfig,
    ConfigTable,
    Few,
    ModelConfig,
    NonNegative,
    NonNegativeFloat,
    Positive,
    PositiveFloat,
    TrainingConfig,
    require_whole_texts,
)
from cycletrain.reward_audit.edits import DEFAULT_CLAIMS

Rating = Annotated[float, Field(ge=-1000, le=1000)]


class ControlsConfig(ConfigTable):
    """Controls against gaming of the reward; all off by default."""

    human_range: tuple[Rating, Rating] | None = None
    """Lowest and highest mean rating of papers by people; rewards beyond it are clipped."""
    reviewers: tuple[ModelConfig, ...] = ()
    """More reviewers; the reward is the mean over all, and there is none if one is unreadable."""
    length_penalty: NonNegativeFloat = 0.0
    """Rating points taken off per thousand characters beyond `length_limit`."""
    length_limit: Positive = 60_000
    """Characters of a paper, as a reviewer reads it, without a penalty."""

    @model_validator(mode="after")
    def _range_is_ordered(self) -> Self:
        if self.human_range is not None and self.human_range[0] >= self.human_range[1]:
            raise ValueError(f"human_range: expected low < high, found {list(self.human_range)}")
        return self


class AuditConfig(ConfigTable):
    """What the trained policy is audited with."""

    reviewer: ModelConfig | None = None
    """Held-out reviewer, trained on another split or with another seed; None for none."""
    reviews: Path | None = None
    """Build of Review-5k that the text baseline is fitted on; None for no baseline."""
    n_prompts: Positive = 50
    """Prompts kept out of training, for which the first and the last policy write papers."""
    n_samples: Few = 3
    """Papers per prompt and policy; at most so many are in Figure 3."""
    n_edited: NonNegative = 50
    """Papers of the first policy that are reworded and given claims; 0 for none."""
    claims: tuple[str, ...] = DEFAULT_CLAIMS
    """Sentences that are inserted, one at a time."""

    @model_validator(mode="after")
    def _claims_are_sentences(self) -> Self:
        for claim in self.claims:
            if not claim.strip() or "\n" in claim or self.claims.count(claim) > 1:
                raise ValueError(
                    f"claims: expected different sentences of one line, found {claim!r}"
                )
        return self


class LoopConfig(JobConfig):
    """Keys of both jobs."""

    split: Literal["train", "test"] = "train"
    """Split of the build with the prompts."""
    policy: ModelConfig
    """P_1."""
    reviewer: ModelConfig
    n_samples: Annotated[int, Field(ge=2, le=1000)] = 3
    """Papers per prompt."""
    writing: Sampling
    write_tries: Few = 1
    """Attempts at each turn of a paper."""
    reviewing: Sampling
    review_tries: Few = 2
    """Attempts at a review."""
    n_reviewers: Few = 4
    """Simulated reviewers per paper."""
    rating_scale: str = "iclr-2022-2025-rating"
    """Scale that the reviewer was trained on, by its name in Review-5k."""
    batch_size: Positive = 8
    """Texts generated together."""
    limit: Positive | None = None
    """Maximum prompts; None for all."""
    adapter: AdapterConfig
    training: TrainingConfig
    controls: ControlsConfig = ControlsConfig()
    audit: AuditConfig | None = None
    """Audit of the trained policy; None for none."""

    @model_validator(mode="after")
    def _needs_no_cluster(self) -> Self:
        models = (self.policy, self.reviewer, *self.controls.reviewers)
        if any(model.cluster is not None for model in models):
            raise ValueError("cluster is for rollout and reward; run the stages one by one")
        return self

    _check_texts = model_validator(mode="after")(require_whole_texts)

    @model_validator(mode="after")
    def _held_out_reviewer_gave_no_reward(self) -> Self:
        held_out = None if self.audit is None else self.audit.reviewer
        if held_out is not None and held_out in (self.reviewer, *self.controls.reviewers):
            raise ValueError(
                "audit.reviewer: expected a reviewer that gives no reward in training, found"
                f" {held_out.path}; train one with another seed or on another split"
            )
        return self


class IterateConfig(LoopConfig):
    """T rounds of sampling, reviewing and preference optimization."""

    rounds: Annotated[int, Field(ge=1, le=100)]
    """T."""
    prompt_share: Annotated[float, Field(gt=0, le=1)] = 1 / 3
    """Share of the prompts per round."""
    ablation: Literal["none", "no-rl", "no-iteration", "no-nll"] = "none"
    """Rows of Table 4."""
    loss: SimpoLoss


class GrpoLoss(ConfigTable):
    """Constants of GRPO, as TRL has them."""

    kl_weight: NonNegativeFloat = 0.0
    """Weight of the KL divergence from P_1 (TRL's `beta`)."""
    clip: PositiveFloat = 0.2
    """Largest change of a token's probability ratio that is rewarded (TRL's `epsilon`)."""
    scale: Literal["group", "batch", "none"] = "group"
    """Whose standard deviation divides the advantages (TRL's `scale_rewards`)."""
    mean_over: Literal["tokens", "papers"] = "tokens"
    """Average over all tokens of an update (TRL's `dapo`), or first over each paper (`grpo`)."""


class GrpoConfig(LoopConfig):
    """Group relative policy optimization with a reviewer as reward."""

    updates_per_generation: Positive = 1
    """Updates from the papers of one generation."""
    loss: GrpoLoss = GrpoLoss()

    @property
    def papers_per_generation(self) -> int:
        """Papers that are written before the next updates."""
        training = self.training
        return training.batch_size * training.accumulate * self.updates_per_generation

    @model_validator(mode="after")
    def _generations_are_whole(self) -> Self:
        n_papers, training = self.papers_per_generation, self.training
        if n_papers % self.n_samples:
            raise ValueError(
                "training.batch_size x accumulate x updates_per_generation: expected a multiple of"
                f" n_samples {self.n_samples}, found {n_papers}"
            )
        if training.save_steps is not None and training.save_steps % self.updates_per_generation:
            raise ValueError(
                "training.save_steps: expected a multiple of updates_per_generation"
                f" {self.updates_per_generation}, found {training.save_steps}"
            )
        return self

    @model_validator(mode="after")
    def _papers_differ(self) -> Self:
        if self.writing.temperature == 0:
            raise ValueError("writing.temperature: expected more than 0, since groups are compared")
        return self

    @model_validator(mode="after")
    def _one_process_trains(self) -> Self:
        unfit: dict[str, Any] = {
            "adapter.kind": (self.adapter.kind, "lora-ga", "lora or none: there is no text yet"),
            "training.liger": (self.training.liger, True, "false: it has no mask for turns"),
        }
        for key, (found, refused, expected) in unfit.items():
            if found == refused:
                raise ValueError(f"{key}: expected {expected}, found {found}")
        if self.training.sharding != "none":
            raise ValueError(
                f"training.sharding: expected none, found {self.training.sharding}: grpo is one"
                " process; put the reviewer and, if need be, the policy on servers"
            )
        return self
