"""Tables that the configs of several jobs have: model, servers, adapter, training."""

import shlex
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_serializer,
    field_validator,
    model_validator,
)

from cycledata.errors import FetchError
from cycledata.records import Record

MOST = 1_000_000
"""Largest plausible count and constant; a larger one is a slip that costs memory or days."""
Positive = Annotated[int, Field(ge=1, le=MOST)]
NonNegative = Annotated[int, Field(ge=0, le=MOST)]
Few = Annotated[int, Field(ge=1, le=1000)]
PositiveFloat = Annotated[float, Field(gt=0, le=MOST)]
NonNegativeFloat = Annotated[float, Field(ge=0, le=MOST)]
Tokens = Annotated[int, Field(ge=1, le=100 * MOST)]
Share = Annotated[float, Field(ge=0, le=1)]
Tracker = Literal[
    "trackio", "tensorboard", "wandb", "mlflow", "swanlab", "comet_ml", "clearml", "neptune"
]


def _not_zero(number: int) -> int:
    if number == 0:
        raise ValueError("expected -1, or 1 or more")
    return number


class ConfigTable(Record):
    """Base of every config; the docstring of a key is its description in ``recipe show``."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    @field_validator("*", mode="before")
    @classmethod
    def _is_meant(cls, value: Any, info: ValidationInfo) -> Any:
        """Refuse what would be read as something else: "" as this folder, true as 1."""
        if value == "":
            raise ValueError("expected a value; leave the key out for its default")
        if isinstance(value, str) and not value.isprintable():
            raise ValueError("expected text without control characters")
        wanted = cls.model_fields[str(info.field_name)].annotation
        if isinstance(value, bool) and wanted is not bool:
            raise ValueError("expected no truth value")
        return value


class ServerConfig(ConfigTable):
    """Servers of a model that a job starts and stops."""

    kind: Literal["vllm", "transformers"] = "vllm"
    """Options that the program understands."""
    program: str = "vllm serve"
    """Program with its first arguments; a path names the executable of another environment."""
    replicas: Few = 1
    """Servers side by side, each with its own GPUs."""
    tensor_parallel: Few = 1
    """GPUs per server."""
    context_tokens: Tokens = 32_768
    """Maximum tokens of prompt and completion."""
    adapter: Literal["merged", "lora"] = "merged"
    """How an adapter is served: merged into its base in host memory first, or by the server."""
    chat_template: Path | None = None
    """Jinja file in place of the template that is saved with the model."""
    arguments: tuple[str, ...] = ()
    """More arguments of the program."""
    n_parallel: Few = 64
    """Requests in flight per server."""
    startup_s: PositiveFloat = 1800.0
    """Seconds that a server may take to answer."""

    @field_validator("program")
    @classmethod
    def _is_a_command(cls, program: str) -> str:
        if not shlex.split(program):  # raises ValueError for an open quotation
            raise ValueError("expected a program, found blanks")
        return program


class ClusterConfig(ConfigTable):
    """Copies of a model on a Ray cluster: the present one, or that of ``RAY_ADDRESS``."""

    engines: Few
    """Copies, each in an actor of Ray Data that finishes whole papers or reviews."""
    gpus_per_engine: Annotated[int, Field(ge=0, le=1000)] = 1
    """GPUs that Ray reserves for each; vLLM divides the model among them. 0 for CPUs."""


class ModelConfig(ConfigTable):
    """A model, with what pins its bytes."""

    path: str
    """A local directory (a model or an adapter), a hub id, or the URL of an endpoint."""
    more_endpoints: tuple[str, ...] = ()
    """URLs of more servers of the same model, e.g. on other machines; requests go to all."""
    revision: str | None = None
    """Commit of a hub id; a hub id without one is refused."""
    name: str | None = None
    """Model name at an endpoint; None if the endpoint has one model only."""
    key_variable: str | None = None
    """Environment variable with an endpoint's key. None sends `OPENAI_API_KEY` to OpenAI's own
    address and no key to any other."""
    chat_template: Path | None = None
    """Jinja file, or name of a shipped one, in place of the tokenizer's own template; it is saved
    with the model."""
    dtype: Literal["bfloat16", "float32"] = "bfloat16"
    """Type of the loaded weights. If every weight trains, they are float32 and this is the type of
    the computation."""
    backend: Literal["transformers", "vllm"] = "transformers"
    """Library that generates from a directory or hub model."""
    attn_implementation: str | None = None
    """Attention of transformers, e.g. ``flash_attention_2``; None for its default."""
    server: ServerConfig | None = None
    """Servers to start for generation; None for none."""
    cluster: ClusterConfig | None = None
    """Ray cluster to generate on, for ``rollout`` and ``reward``; None for none."""
    tokens_per_second: PositiveFloat = 1000.0
    """Expected tokens per second of one server or process, for the estimate of time only."""

    @property
    def is_endpoint(self) -> bool:
        """True if the path is a URL."""
        from cycledata.llm.endpoint_url import is_endpoint

        return is_endpoint(self.path)

    @model_validator(mode="after")
    def _are_addresses(self) -> Self:
        from cycledata.llm.endpoint_url import refuse_other_address, split_url

        if self.more_endpoints and not self.is_endpoint:
            raise ValueError("more_endpoints need a path that is an endpoint; name its URL there")
        try:
            refuse_other_address(self.path)
            for url in (self.path, *self.more_endpoints) if self.is_endpoint else ():
                split_url(url)
        except FetchError as error:
            raise ValueError(str(error)) from error
        return self

    @model_validator(mode="after")
    def _runs_in_one_place(self) -> Self:
        if self.cluster is not None and (self.is_endpoint or self.server is not None):
            raise ValueError(
                "cluster loads the model in each of its engines; set no server and no URL with it"
            )
        return self

    @field_serializer("path")
    def _without_credentials(self, path: str) -> str:
        """Keep the credentials of a URL out of records and cards."""
        from cycledata.llm.endpoint_url import split_url

        return split_url(path).shown if self.is_endpoint else path

    @field_serializer("more_endpoints")
    def _all_without_credentials(self, urls: tuple[str, ...]) -> tuple[str, ...]:
        from cycledata.llm.endpoint_url import split_url

        return tuple(split_url(url).shown for url in urls)


class AdapterConfig(ConfigTable):
    """Weights that train."""

    kind: Literal["lora-ga", "lora", "none"]
    """``none`` trains every weight."""
    rank: Positive = 8
    """Rank r of the adapter."""
    alpha: PositiveFloat = 16.0
    """Numerator of the scaling alpha / r."""
    gamma: PositiveFloat = 16.0
    """LoRA-GA's "stable" constant."""
    gradient_examples: Positive = 8
    """Examples whose gradient LoRA-GA starts from."""
    gradient_device: Literal["gpu", "layers", "cpu"] = "gpu"
    """Where that gradient is computed. ``layers`` keeps the weights in host memory and copies one
    layer at a time to the GPU; ``cpu`` uses no GPU, and is slow."""
    target_modules: tuple[str, ...] = ()
    """Last parts of the layers' names; empty for all linear layers except the head."""
    fp8: bool = False
    """Store the frozen weights in FP8 (Sec. 3.2)."""

    @model_validator(mode="after")
    def _fp8_needs_frozen_weights(self) -> Self:
        if self.fp8 and self.kind == "none":
            raise ValueError("fp8 stores frozen weights, and kind none freezes none; choose lora")
        return self


class TrainingConfig(ConfigTable):
    """How weights are updated."""

    context_tokens: Tokens
    """Maximum tokens of an example."""
    learning_rate: Annotated[float, Field(gt=0, le=1)]
    """Highest learning rate of the schedule."""
    batch_size: Annotated[int, Field(ge=1, le=65_536)]
    """Examples (or pairs) per GPU and step."""
    accumulate: Annotated[int, Field(ge=1, le=65_536)] = 1
    """Batches per update."""
    epochs: Annotated[float, Field(gt=0, le=10_000)] = 1.0
    """Passes over the examples."""
    max_steps: Annotated[int, Field(ge=-1, le=100 * MOST), AfterValidator(_not_zero)] = -1
    """Updates; -1 for as many as ``epochs`` gives."""
    schedule: Literal["linear", "cosine", "constant"] = "linear"
    """Course of the learning rate after the rise."""
    warmup_share: Share = 0.0
    """Share of the updates in which the learning rate rises."""
    checkpointing: bool = False
    """Recompute activations in the backward pass to save memory."""
    sharding: Literal["none", "zero2", "zero3", "fsdp2"] = "none"
    """What the GPUs share: ``zero2`` gradients and optimizer (Sec. 3.2), ``zero3`` and ``fsdp2``
    also the weights. ``zero2`` and ``zero3`` need DeepSpeed."""
    context_parallel: Few = 1
    """GPUs that share each text, with FSDP2 (accelerate's ``cp_size``)."""
    sequence_parallel: Few = 1
    """GPUs that share each text, with DeepSpeed's Ulysses (accelerate's ``sp_size``)."""
    packing: bool = False
    """Put several short examples into one row (TRL's ``packing``); each attends to itself alone."""
    liger: bool = False
    """Use Liger's kernels where transformers and TRL do; needs ``liger-kernel`` and a GPU."""
    report_to: tuple[Tracker, ...] = ()
    """Trackers that transformers reports to; each needs its package."""
    log_steps: Positive = 10
    """Updates between two rows of the log."""
    save_steps: Positive | None = None
    """Updates between checkpoints, of which the last two are kept; a job that is started again
    resumes from the last one. None keeps none."""


def require_no_servers(config: Any) -> Any:
    """Check that a model that trains or scores in this process names no place to generate at."""
    if config.model.server is not None or config.model.cluster is not None:
        raise ValueError(
            "model.server and model.cluster are for generation, which this job does not do; leave"
            " them out"
        )
    return config


def require_shareable(config: Any) -> Any:
    """Check that sharding, adapter and parallelism fit together."""
    training, adapter = config.training, config.adapter
    sharding = training.sharding
    if adapter.fp8 and sharding in ("zero3", "fsdp2"):
        raise ValueError(
            f"sharding {sharding} cannot share FP8 weights, which are buffers; set"
            " adapter.fp8=false"
        )
    if adapter.kind == "lora-ga" and sharding == "zero3":
        raise ValueError(
            "lora-ga starts from whole gradients, which zero3 shares from the start; use fsdp2"
        )
    if training.context_parallel > 1 and sharding != "fsdp2":
        raise ValueError(f"context_parallel needs sharding fsdp2, found {sharding}")
    if training.sequence_parallel > 1 and not sharding.startswith("zero"):
        raise ValueError(f"sequence_parallel needs sharding zero2 or zero3, found {sharding}")
    return config


def require_whole_texts(config: Any) -> Any:
    """Check that each process sees whole pairs: SimPO's loss is of whole texts."""
    training = config.training
    if training.context_parallel > 1 or training.sequence_parallel > 1 or training.packing:
        raise ValueError(
            "context_parallel, sequence_parallel and packing are for sft: the loss of pairs needs"
            " whole texts; set sharding and checkpointing"
        )
    return config
