"""One frozen config per job, read from a TOML recipe and refused where a key is unknown.

    config = read_config(Path("cycletrain/recipes/researcher-12b-sft.toml"), SftConfig)

``--set adapter.rank=16`` replaces one value; the right-hand side is TOML, or else a bare string.
"""

import tomllib
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, ValidationError, field_serializer

from cycledata.errors import ParseError
from cycledata.llm.chat import Sampling
from cycledata.records import Record

Positive = Annotated[int, Field(ge=1)]
PositiveFloat = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]


class ModelConfig(Record):
    """A model and the bytes that are meant by its name."""

    path: str
    """A local directory (a model or an adapter), a hub id, or the URL of an endpoint."""
    revision: str | None = None
    """Commit of a hub id; the job refuses a hub id without one."""
    name: str | None = None
    """Name that an endpoint knows the model by; None for the rest."""
    key_variable: str | None = None
    """Environment variable with an endpoint's key. None sends `OPENAI_API_KEY` to OpenAI's own
    address and no key to any other."""
    chat_template: Path | None = None
    """Jinja file that replaces the tokenizer's own template and is saved with the model."""
    dtype: Literal["bfloat16", "float32"] = "bfloat16"
    """Type the weights are loaded as."""
    backend: Literal["transformers", "vllm"] = "transformers"
    """What generates from a local or hub model."""

    @field_serializer("path")
    def _without_credentials(self, path: str) -> str:
        """Keep the credentials of a URL out of records and cards."""
        from cycledata.llm.endpoint import split_url

        return split_url(path).shown if path.startswith(("http://", "https://")) else path


class AdapterConfig(Record):
    """Which weights train."""

    kind: Literal["lora-ga", "lora", "none"]
    """``none`` trains every weight."""
    rank: Positive = 8
    alpha: PositiveFloat = 16.0
    gamma: PositiveFloat = 16.0
    """LoRA-GA's "stable" constant."""
    gradient_examples: Positive = 8
    """Examples whose gradient LoRA-GA starts from."""
    target_modules: tuple[str, ...] = ()
    """Last parts of the layers' names; all linear layers but the head where empty."""
    fp8: bool = False
    """Keep the frozen weights in FP8 (Sec. 3.2)."""


class TrainingConfig(Record):
    """How weights are updated."""

    context_tokens: Positive
    """Longest example."""
    learning_rate: PositiveFloat
    batch_size: Positive
    """Examples (pairs) per device and step."""
    accumulate: Positive = 1
    """Batches per update."""
    epochs: PositiveFloat = 1.0
    max_steps: int = -1
    """Updates; -1 lets ``epochs`` decide."""
    schedule: Literal["linear", "cosine", "constant"] = "linear"
    warmup_share: Share = 0.0
    """Share of the updates over which the learning rate rises."""
    checkpointing: bool = False
    """Recompute activations in the backward pass to save memory."""
    zero2: bool = False
    """DeepSpeed ZeRO stage 2 (Sec. 3.2)."""
    log_steps: Positive = 10
    save_steps: Positive | None = None
    """Updates between checkpoints, of which the last two are kept; a job that is started again goes
    on from the last one. None keeps none, and starts from the beginning."""


class JobConfig(Record):
    """What every job has."""

    build: Path
    """Finished build that the data comes from; it is verified before anything starts."""
    out: Path
    """Folder of results; must not hold another run's."""
    seed: int = 0


class SftConfig(JobConfig):
    """Supervised fine-tuning of a reviewer or a researcher."""

    role: Literal["reviewer", "researcher"]
    model: ModelConfig
    adapter: AdapterConfig
    training: TrainingConfig


class RolloutConfig(JobConfig):
    """Papers from prompts."""

    split: Literal["train", "test"] = "train"
    model: ModelConfig
    sampling: Sampling
    n_samples: Positive
    """Papers per prompt."""
    tries: Positive = 1
    """Attempts at each turn before a paper counts as unreadable."""
    batch_size: Positive = 8
    limit: Positive | None = None
    """Prompts at most; None takes all."""


class RewardConfig(JobConfig):
    """Reviews and rewards of sampled papers."""

    papers: Path
    """``rollouts.jsonl`` of a rollout."""
    source: str
    """Name of the model that wrote them, in the result."""
    model: ModelConfig
    sampling: Sampling
    n_reviewers: Positive
    """Reviewers asked for."""
    tries: Positive = 2
    """Attempts before a review counts as unreadable."""
    batch_size: Positive = 8


class SimpoLoss(Record):
    """Eq. 4's constants."""

    beta: PositiveFloat
    gamma: Annotated[float, Field(ge=0)]
    """Margin as in Eq. 3, not the ratio gamma / beta."""
    nll_weight: Annotated[float, Field(ge=0)]
    """Lambda."""
    nll_reduction: Literal["tokens", "sequence-mean", "sequence-sum"]
    """See ``losses.nll_loss``."""


class SimpoConfig(JobConfig):
    """One round of preference optimisation."""

    pairs: Path
    """``pairs.jsonl``."""
    model: ModelConfig
    """P_t: a model, or an adapter that trains on."""
    adapter: AdapterConfig
    """Used where ``model`` is not an adapter yet."""
    loss: SimpoLoss
    training: TrainingConfig


class IterateConfig(JobConfig):
    """T rounds of sampling, reviewing and preference optimisation."""

    split: Literal["train", "test"] = "train"
    policy: ModelConfig
    """P_1."""
    reviewer: ModelConfig
    rounds: Annotated[int, Field(ge=1, le=100)]
    """T."""
    prompt_share: Annotated[float, Field(gt=0, le=1)] = 1 / 3
    """Share of the prompts that a round uses."""
    ablation: Literal["none", "no-rl", "no-iteration", "no-nll"] = "none"
    """Rows of Table 4."""
    n_samples: Annotated[int, Field(ge=2)] = 3
    writing: Sampling
    write_tries: Positive = 1
    reviewing: Sampling
    review_tries: Positive = 2
    n_reviewers: Positive = 4
    batch_size: Positive = 8
    """Texts generated together."""
    limit: Positive | None = None
    """Prompts at most; None takes all."""
    adapter: AdapterConfig
    loss: SimpoLoss
    training: TrainingConfig


class DetectConfig(JobConfig):
    """Curvature of human and generated texts."""

    format: Literal["review", "paper"]
    split: Literal["train", "test"] = "test"
    """Split of the build that the human texts come from."""
    generated: Path
    """``rollouts.jsonl`` (papers) or ``rewards.jsonl`` (reviews) of the model to be detected."""
    source: str
    """Name of that model in the result."""
    model: ModelConfig
    """Scoring model."""
    reference: ModelConfig | None = None
    """Sampling model; None when it is the scoring model."""
    window_tokens: Annotated[int, Field(ge=2)]
    overlap_tokens: Positive
    """Context that a later window repeats."""
    min_tokens: Positive = 50
    """Shorter texts are counted and left out."""
    calibration_share: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """Share of the texts that thresholds and probabilities are fitted on."""
    max_false_positive_rate: Annotated[float, Field(ge=0, lt=1)] = 0.05
    neighbours: Positive = 100
    """Reference criteria that a probability asks."""


C = TypeVar("C", bound=JobConfig)


def read_config(path: Path, model: type[C], overrides: Sequence[str] = ()) -> C:
    """Read a recipe as the config of one job.

    Args:
        path: a TOML file.
        model: the job's config.
        overrides: ``key=value`` or ``table.key=value``, later ones win.

    Raises:
        ParseError: ``recipe``; names the file and key, with the nearest key that exists.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ParseError("recipe", f"{path}: {error}") from error
    for override in overrides:
        _set(table, override)
    try:
        return model.model_validate(table)
    except ValidationError as error:
        problems = "; ".join(_explain(problem, model) for problem in error.errors())
        raise ParseError("recipe", f"{path}: {problems}") from error


def _set(table: dict[str, Any], override: str) -> None:
    key, equals, value = override.partition("=")
    *tables, last = key.strip().split(".")
    if not equals or not last:
        raise ParseError("recipe", f"--set {override!r}: expected key=value")
    for name in tables:
        table = table.setdefault(name, {})
        if not isinstance(table, dict):
            raise ParseError("recipe", f"--set {override!r}: {name} is no table")
    try:
        table[last] = tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        table[last] = value


def _explain(problem: Any, model: type[Record]) -> str:
    place = ".".join(str(part) for part in problem["loc"])
    if problem["type"] != "extra_forbidden":
        return f"{place}: {problem['msg']}, found {problem['input']!r}"
    for name in problem["loc"][:-1]:
        inner = model.model_fields[name].annotation
        if not (isinstance(inner, type) and issubclass(inner, Record)):
            return f"{place}: unknown key"
        model = inner
    known = sorted(model.model_fields)
    near = get_close_matches(str(problem["loc"][-1]), known, n=1)
    return f"{place}: unknown key; " + (f"did you mean {near[0]}?" if near else f"keys: {known}")
