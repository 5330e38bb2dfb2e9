"""How much memory a training run needs on each GPU, estimated before it starts.

The constants reproduce measured peaks on an H100 within 15% (see the test). The plan counts what
the allocator reserves at the peak of a step, and of LoRA-GA's gradient estimate if there is one.
"""

from dataclasses import dataclass
from typing import Any

from cycledata.errors import TrainingError
from cycletrain.config_tables import AdapterConfig, ModelConfig, TrainingConfig

GPU_CHUNK_BYTES = {False: 2**28, True: 2**30}
"""float32 log-probabilities that exist at a time, by whether the output head trains: each chunk
reads and writes the whole gradient of a head."""

GIB = 2**30
_BF16, _FLOAT32, _FP8 = 2, 4, 1
_ADAM_BYTES = 8
"""Two float32 moments per trained weight."""
_LOGIT_BYTES = 1.5
"""Logits of a chunk in bf16 and their log-probabilities in float32, per byte of the latter."""
_USABLE = 0.92
"""Share of a GPU's memory before fragmentation and the libraries' own buffers."""


@dataclass(frozen=True, slots=True)
class ModelShape:
    """Sizes of a decoder that determine its memory."""

    n_layers: int
    hidden: int
    intermediate: int
    """Width of the MLP; of all experts together in a mixture."""
    attention: int
    """Heads x head size."""
    key_value: int
    """Key-value heads x head size."""
    vocabulary: int
    tied: bool = False
    """The output head is the embedding."""
    max_positions: int | None = None
    """Longest text that the model was made for; None if its positions are scaled or unknown."""

    @property
    def n_linear(self) -> int:
        """Weights of the linear layers except the head: those that LoRA adapts and FP8 stores."""
        attention = 2 * self.hidden * self.attention + 2 * self.hidden * self.key_value
        return self.n_layers * (attention + 3 * self.hidden * self.intermediate)

    @property
    def n_parameters(self) -> int:
        """All weights."""
        return self.n_linear + self.hidden * self.vocabulary * (1 if self.tied else 2)

    def n_adapter(self, rank: int) -> int:
        """Weights of a LoRA adapter on all linear layers except the head."""
        attention = 2 * (self.hidden + self.attention) + 2 * (self.hidden + self.key_value)
        return self.n_layers * rank * (attention + 3 * (self.hidden + self.intermediate))

    @staticmethod
    def of(model: ModelConfig) -> "ModelShape | None":
        """Read the shape from a model's or its base's config; None if the config has no such sizes.

        Only the config file is read, no weights.
        """
        from transformers import AutoConfig

        from cycletrain.checkpoints import base_of, readable

        base = base_of(model)
        with readable(base):
            config: Any = AutoConfig.from_pretrained(base.path, revision=base.revision)
        config = getattr(config, "text_config", config)
        try:
            head_size = getattr(config, "head_dim", None) or (
                config.hidden_size // config.num_attention_heads
            )
            return ModelShape(
                n_layers=config.num_hidden_layers,
                hidden=config.hidden_size,
                intermediate=_mlp_width(config),
                attention=config.num_attention_heads * head_size,
                key_value=config.num_key_value_heads * head_size,
                vocabulary=config.vocab_size,
                tied=bool(config.tie_word_embeddings),
                max_positions=_positions(config),
            )
        except AttributeError:
            return None


def _positions(config: Any) -> int | None:
    scaling = getattr(config, "rope_parameters", None) or {}
    is_scaled = scaling.get("rope_type", "default") != "default"
    return None if is_scaled else getattr(config, "max_position_embeddings", None)


def _mlp_width(config: Any) -> int:
    """Return the width of the MLP; experts of a mixture count together, since all are loaded."""
    n_experts = getattr(config, "num_experts", None) or getattr(config, "num_local_experts", None)
    if n_experts:
        return int(n_experts * getattr(config, "moe_intermediate_size", config.intermediate_size))
    return int(config.intermediate_size)


@dataclass(frozen=True, slots=True)
class MemoryPlan:
    """Bytes on each GPU."""

    weights: float
    gradients: float
    optimizer: float
    activations: float
    logits: float
    start: float
    """Peak of LoRA-GA's gradient estimate on the GPU; 0 without one."""

    @property
    def step(self) -> float:
        """Peak of a training step."""
        return self.weights + self.gradients + self.optimizer + self.activations + self.logits

    @property
    def total(self) -> float:
        """Peak: the larger of a training step and the start."""
        return max(self.step, self.start)


def plan_memory(
    shape: ModelShape,
    adapter: AdapterConfig,
    training: TrainingConfig,
    *,
    n_gpus: int,
    rows_per_example: int = 1,
) -> MemoryPlan:
    """Estimate the memory of one training run on each GPU.

    Args:
        shape: of the model.
        adapter: weights that train.
        training: context, batch size, checkpointing, sharding.
        n_gpus: GPUs that share the run.
        rows_per_example: texts per example: 1 for SFT, 2 for pairs.
    """
    tokens = training.context_tokens * training.batch_size * rows_per_example
    tokens //= training.context_parallel * training.sequence_parallel
    shards_weights = n_gpus if training.sharding in ("zero3", "fsdp2") else 1
    shards_state = 1 if training.sharding == "none" else n_gpus
    if adapter.kind == "none":
        trained = shape.n_parameters
        # float32 masters, and the bf16 copies that autocast makes of them.
        weights = trained * (_FLOAT32 + _BF16)
    else:
        trained = shape.n_adapter(adapter.rank)
        # FP8 weights are buffers, which no sharding shares.
        linear = shape.n_linear * (_FP8 * shards_weights if adapter.fp8 else _BF16)
        weights = linear + (shape.n_parameters - shape.n_linear) * _BF16 + trained * _FLOAT32
    activations = _activations(shape, tokens, checkpointing=training.checkpointing)
    logits = _LOGIT_BYTES * GPU_CHUNK_BYTES[adapter.kind == "none"]
    if adapter.kind == "none":
        logits += shape.hidden * shape.vocabulary * _FLOAT32  # the head's gradient
    start = 0.0
    if adapter.kind == "lora-ga" and adapter.gradient_device == "gpu":
        one = _activations(shape, training.context_tokens, checkpointing=True)
        largest = shape.hidden * shape.intermediate * (_BF16 + 2 * _FLOAT32)  # and its SVD
        start = shape.n_parameters * _BF16 + largest + one + logits
    if adapter.kind == "lora-ga" and adapter.gradient_device == "layers":
        layer = shape.n_linear / shape.n_layers * (2 * _BF16 + _FLOAT32)  # weights, gradients
        one = _activations(shape, training.context_tokens, checkpointing=False) / shape.n_layers
        start = layer + one + logits + shape.hidden * shape.vocabulary * _BF16
    return MemoryPlan(
        weights=weights / shards_weights,
        gradients=trained * _FLOAT32 / shards_state,
        optimizer=trained * _ADAM_BYTES / shards_state,
        activations=activations,
        logits=logits,
        start=start,
    )


def _activations(shape: ModelShape, tokens: int, *, checkpointing: bool) -> float:
    """Return the bytes of activations of one forward and backward pass."""
    layer = tokens * _BF16 * (20 * shape.hidden + 6 * shape.intermediate)
    head = tokens * _BF16 * 7 * shape.hidden
    if checkpointing:
        return float(tokens * _BF16 * shape.hidden * shape.n_layers + layer + head)
    return float(layer * shape.n_layers + head)


def describe(plan: MemoryPlan) -> str:
    """Return the plan as one line in GiB."""
    parts = {
        "weights": plan.weights,
        "gradients": plan.gradients,
        "optimizer": plan.optimizer,
        "activations": plan.activations,
        "logits": plan.logits,
    }
    line = ", ".join(f"{name} {size / GIB:.1f}" for name, size in parts.items())
    start = f"; gradient estimate of LoRA-GA {plan.start / GIB:.1f}" if plan.start else ""
    return f"{line}{start}; peak {plan.total / GIB:.1f} GiB"


def require_fits(
    shape: ModelShape,
    adapter: AdapterConfig,
    training: TrainingConfig,
    *,
    gpu_bytes: int,
    n_gpus: int,
    rows_per_example: int = 1,
) -> MemoryPlan:
    """Return the plan of a run that fits.

    Raises:
        TrainingError: it does not fit; names the changes that would make it fit.
    """
    limit = _USABLE * gpu_bytes
    found = plan_memory(shape, adapter, training, n_gpus=n_gpus, rows_per_example=rows_per_example)
    if found.total <= limit:
        return found
    for change in _changes(training):
        other = plan_memory(
            shape,
            adapter.model_copy(update=_part(change, "adapter")),
            training.model_copy(update=_part(change, "training")),
            n_gpus=n_gpus,
            rows_per_example=rows_per_example,
        )
        if other.total <= limit:
            values = " ".join(f"--set {key}={str(value).lower()}" for key, value in change.items())
            help_text = f"what would fit, {other.total / GIB:.1f} GiB: {values}"
            break
    else:
        help_text = "use larger or more GPUs"
    raise TrainingError(
        f"expected a peak of at most {limit / GIB:.1f} GiB per GPU, found {describe(found)};"
        f" {help_text}"
    )


def _changes(training: TrainingConfig) -> list[dict[str, object]]:
    """Return settings that need less memory, those that change least first."""
    by_layer: dict[str, object] = {"adapter.gradient_device": "layers"}
    on_cpu: dict[str, object] = {"adapter.gradient_device": "cpu"}
    small: dict[str, object] = {"training.batch_size": 1, "training.checkpointing": True}
    sharded: dict[str, object] = {"training.sharding": "fsdp2", "adapter.fp8": False}
    everything = {**on_cpu, **small, **sharded}
    shorter = [
        {**everything, "training.context_tokens": training.context_tokens // part}
        for part in (2, 4)
    ]
    return [
        by_layer,
        on_cpu,
        small,
        {**small, **by_layer},
        {**small, **on_cpu},
        sharded,
        {**sharded, **by_layer},
        {**sharded, **on_cpu},
        everything,
        *shorter,
    ]


def _part(change: dict[str, object], table: str) -> dict[str, object]:
    return {
        key.partition(".")[2]: value
        for key, value in change.items()
        if key.partition(".")[0] == table
    }


FIVE_MODELS = {
    "CycleReviewer-8B": ModelShape(32, 4096, 14336, 4096, 1024, 128_256),
    "CycleReviewer-123B": ModelShape(88, 12288, 28672, 12288, 1024, 32_768),
    "CycleResearcher-12B": ModelShape(40, 5120, 14336, 4096, 1024, 131_072),
    "CycleResearcher-72B": ModelShape(80, 8192, 29568, 8192, 1024, 152_064),
    "CycleResearcher-123B": ModelShape(88, 12288, 28672, 12288, 1024, 32_768),
}
"""Shapes of the base models: Llama 3.1 8B, Mistral Large 2, Mistral Nemo, Qwen2.5 72B."""


def main() -> None:
    """Print the plans of the SFT recipes on 8 GPUs (``python -m cycletrain.memory``)."""
    from pathlib import Path

    from cycletrain.config import SftConfig
    from cycletrain.read_recipe import read_config

    folder = Path(__file__).parent / "recipes"
    for name, shape in FIVE_MODELS.items():
        recipe = name.removeprefix("Cycle").lower()
        config = read_config(folder / f"{recipe}-sft.toml", SftConfig)
        changes: tuple[dict[str, object], ...] = (
            {},
            {"gradient_device": "cpu"},
            {"gradient_device": "cpu", "sharding": "fsdp2", "fp8": False},
            {"gradient_device": "cpu", "sharding": "fsdp2", "fp8": False, "batch_size": 1},
        )
        for change in changes:
            names = AdapterConfig.model_fields
            adapter = config.adapter.model_copy(
                update={key: value for key, value in change.items() if key in names}
            )
            training = config.training.model_copy(
                update={key: value for key, value in change.items() if key not in names}
            )
            plan = plan_memory(shape, adapter, training, n_gpus=8)
            fits = [size for size in (80, 141) if plan.total <= _USABLE * size * 1e9]
            where = f"fits {fits[0]} GB" if fits else "does not fit 141 GB"
            values = " ".join(f"{key}={str(value).lower()}" for key, value in change.items())
            print(f"{name:22} {values or 'as shipped':60} {where:20} {describe(plan)}")  # noqa: T201  a table


if __name__ == "__main__":
    main()
