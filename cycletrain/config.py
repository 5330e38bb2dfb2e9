"""One frozen config per job; ``read_recipe.read_config`` reads them from TOML recipes."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from cycledata.llm.chat import Sampling
from cycletrain.config_tables import (
    MOST,
    AdapterConfig,
    ConfigTable,
    Few,
    ModelConfig,
    NonNegative,
    NonNegativeFloat,
    Positive,
    PositiveFloat,
    Tokens,
    TrainingConfig,
    require_no_servers,
    require_shareable,
    require_whole_texts,
)


class JobConfig(ConfigTable):
    """Keys of every job."""

    build: Path
    """Finished build with the data; it is verified before anything starts."""
    out: Path
    """Folder of results; a folder of another run is refused."""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    """Seed of every random draw."""


class ValidationConfig(ConfigTable):
    """Papers of the training split that are held back and measured during training."""

    share: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the papers; 0 for none."""
    every: Positive = 100
    """Updates between two measurements; the last update is measured too."""
    n_reviewed: NonNegative = 0
    """Held-back papers that a reviewer reviews each time, for its proxy MSE; 0 reviews none."""
    max_tokens: Tokens = 4096
    """Maximum tokens of one of these reviews."""


class SftConfig(JobConfig):
    """Supervised fine-tuning of a reviewer or a researcher."""

    role: Literal["reviewer", "researcher"]
    """Model that is trained; decides the dataset."""
    model: ModelConfig
    adapter: AdapterConfig
    training: TrainingConfig
    validation: ValidationConfig = ValidationConfig()

    _check_place = model_validator(mode="after")(require_no_servers)
    _check = model_validator(mode="after")(require_shareable)

    @model_validator(mode="after")
    def _reviews_need_whole_weights(self) -> Self:
        if not self.validation.n_reviewed:
            return self
        if self.role != "reviewer" or self.training.sharding in ("zero3", "fsdp2"):
            raise ValueError(
                "validation.n_reviewed is for a reviewer whose weights each process has; set it to"
                " 0, or sharding to none or zero2"
            )
        if not self.validation.share:
            raise ValueError("validation.n_reviewed needs held-back papers; set validation.share")
        return self


class RolloutConfig(JobConfig):
    """Papers sampled for prompts."""

    split: Literal["train", "test"] = "train"
    """Split of the build with the prompts."""
    model: ModelConfig
    sampling: Sampling
    n_samples: Few
    """Papers per prompt."""
    tries: Few = 1
    """Attempts at each turn before a paper counts as unreadable."""
    batch_size: Positive = 8
    """Requests generated together."""
    limit: Positive | None = None
    """Maximum prompts; None for all."""
    round: Positive | None = None
    """Round t: only its prompts, with its seed, as ``iterate`` does. None for all prompts."""
    prompt_share: Annotated[float, Field(gt=0, le=1)] = 1 / 3
    """Share of the prompts per round."""


class RewardConfig(JobConfig):
    """Reviews and rewards of sampled papers."""

    papers: Path
    """``rollouts.jsonl`` of a rollout."""
    source: str
    """Name in the result of the model that wrote the papers."""
    model: ModelConfig
    sampling: Sampling
    n_reviewers: Few
    """Reviewers asked for."""
    rating_scale: str = "iclr-2022-2025-rating"
    """Scale that the reviewer was trained on: its name in Review-5k, or a build that has it."""
    tries: Few = 2
    """Attempts before a review counts as unreadable."""
    batch_size: Positive = 8
    """Requests generated together."""
    round: Positive | None = None
    """Round t, whose seed is used; None for ``seed`` itself."""


class PairsConfig(JobConfig):
    """Preference pairs of one round."""

    split: Literal["train", "test"] = "train"
    """Split of the build with the prompts."""
    rollouts: Path
    """``rollouts.jsonl`` of a rollout."""
    rewards: Path
    """``rewards.jsonl`` of its papers."""
    round: Positive | None = None
    """Round t; its number is recorded."""


class SimpoLoss(ConfigTable):
    """Constants of Eq. 4."""

    beta: PositiveFloat
    """Scale of the reward difference."""
    gamma: NonNegativeFloat
    """Margin as in Eq. 3, not the ratio gamma / beta."""
    nll_weight: NonNegativeFloat
    """Lambda."""
    nll_reduction: Literal["tokens", "sequence-mean", "sequence-sum"]
    """See ``losses.nll_loss``."""


class SimpoConfig(JobConfig):
    """One round of preference optimization."""

    pairs: Path
    """``pairs.jsonl``."""
    model: ModelConfig
    """P_t: a model, or an adapter that continues to train."""
    adapter: AdapterConfig
    """New adapter if ``model`` is not one."""
    loss: SimpoLoss
    training: TrainingConfig
    round: Positive | None = None
    """Round t, whose seed is used; None for ``seed`` itself."""

    _check_place = model_validator(mode="after")(require_no_servers)
    _check = model_validator(mode="after")(require_shareable)
    _check_pairs = model_validator(mode="after")(require_whole_texts)


class DetectConfig(JobConfig):
    """Curvature of human and generated texts."""

    format: Literal["review", "paper"]
    """Kind of the texts; decides the dataset of the build."""
    split: Literal["train", "test"] = "test"
    """Split of the build with the human texts."""
    generated: Path
    """``rollouts.jsonl`` (papers) or ``rewards.jsonl`` (reviews) of the model to detect."""
    source: str
    """Name of that model in the result."""
    model: ModelConfig
    """Scoring model."""
    reference: ModelConfig | None = None
    """Sampling model; None for the scoring model itself."""
    window_tokens: Annotated[int, Field(ge=2, le=100 * MOST)]
    """Tokens scored in one pass of the model."""
    overlap_tokens: Positive
    """Tokens of context that a later window repeats."""
    min_tokens: Positive = 50
    """Shorter texts are counted and left out."""
    calibration_share: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """Share of the papers that thresholds and probabilities are fitted on."""
    max_false_positive_rate: Annotated[float, Field(ge=0, lt=1)] = 0.05
    """Share of human texts that may be called generated, on the calibration share."""
    tokenizer: ModelConfig | None = None
    """Tokenizer of a scoring model that is an endpoint; needs no weights."""
    top_logprobs: Annotated[int, Field(ge=1, le=1_000_000)] = 20
    """Likeliest tokens per place that an endpoint is asked for; at most a whole vocabulary."""
    neighbours: Positive = 100
    """Nearest reference criteria that a probability is computed from."""

    _check_place = model_validator(mode="after")(require_no_servers)

    @model_validator(mode="after")
    def _windows_move_on(self) -> Self:
        if self.overlap_tokens >= self.window_tokens:
            raise ValueError(
                f"overlap_tokens: expected less than window_tokens {self.window_tokens}, found"
                f" {self.overlap_tokens}"
            )
        return self
