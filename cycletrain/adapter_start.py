"""The model as training starts: loaded, with its adapter, equal on every process.

LoRA-GA starts from a gradient whose last bits decide singular vectors, so only the first process
estimates it; the others copy its factors and its shifted weights, or, with FSDP2, receive their
shares of them.
"""

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from peft import PeftModel
from torch import Tensor

from cycledata.errors import TrainingError
from cycletrain.chat_tokens import Example
from cycletrain.checkpoints import device, is_adapter, load_model, load_without_weights
from cycletrain.config_tables import AdapterConfig, ModelConfig
from cycletrain.layer_gradients import (
    gradient_estimate,
    gradients_by_layer,
    pad_right,
    sequence_logprobs,
)
from cycletrain.lora_ga import (
    accumulate_gradients,
    add_adapter,
    linear_names,
    lora_layers,
    quantise_base,
    restore_start,
    save_start,
)
from cycletrain.ranks import copy_from_first, digest_of, is_main_process, require_equal
from cycletrain.sharding import require_shardable, whole_tensor

log = logging.getLogger(__name__)
MAX_START_CHANGE = 0.05
"""Largest accepted change of the mean NLL (nats per token) by the start of an adapter in bf16."""

_CHECKED_TOKENS = 512


class PreparedModel(NamedTuple):
    """A model that is ready for the trainer."""

    model: Any
    digest: str | None
    """Digest of the weights at the start, or None until FSDP2 has shared them."""


def prepare_model(
    model_config: ModelConfig,
    adapter: AdapterConfig,
    examples: Sequence[Example],
    *,
    pad: int,
    start: Path,
    seed: int,
    sharding: str = "none",
) -> PreparedModel:
    """Return the model with the weights that train: all, a new adapter, or the one it has.

    The process group must exist: create the trainer's arguments first.

    Args:
        model_config: a model, or an adapter that continues to train.
        adapter: adapter for a model without one.
        examples: LoRA-GA starts from the gradient on the first of them.
        pad: padding token.
        start: folder of LoRA-GA's first factors until ``save_trained``.
        seed: of the adapter's start.
        sharding: as in ``TrainingConfig``.

    Raises:
        TrainingError: LoRA-GA cannot start on this model, or the processes differ.
    """
    require_shardable(sharding)
    if sharding == "fsdp2" and not is_main_process():
        return PreparedModel(_without_weights(model_config, adapter), None)
    place = "cpu" if sharding == "fsdp2" else None
    if is_adapter(model_config):
        return _finished(load_model(model_config, trainable=True, place=place), sharding)
    if adapter.kind == "none":
        # float32 masters: an update of 5e-7 is lost when it is added to a bf16 weight.
        wide = model_config.model_copy(update={"dtype": "float32"})
        return _finished(load_model(wide, place=place), sharding)
    if adapter.kind == "lora-ga" and adapter.gradient_device != "gpu":
        place = "cpu"
    model = load_model(model_config, place=place)
    wrapped = _with_adapter(model, model_config, adapter, examples, pad=pad, start=start, seed=seed)
    if sharding in ("none", "zero2"):
        copy_from_first(_start_tensors(wrapped))
    if adapter.fp8:
        quantise_base(wrapped)
        # torchao's tensors cannot be broadcast by DDP; the digests show that they are equal.
        vars(wrapped)["_ddp_params_and_buffers_to_ignore"] = [
            name for name, _ in wrapped.named_buffers() if name.endswith("base_layer.weight")
        ]
    log.info("adapted layers: %s", _adapted(wrapped))
    return _finished(wrapped, sharding)


def _finished(model: Any, sharding: str) -> PreparedModel:
    """Check that the processes agree, where each of them has all weights, and place the model."""
    if sharding == "zero3":
        return PreparedModel(model, None)  # DeepSpeed has shared the weights already
    if sharding == "fsdp2":
        return PreparedModel(model, digest_of_start(model))
    digest = require_equal(_start_tensors(model), "the weights at the start")
    log.info("weights at the start: %s on every process", digest[:16])
    return PreparedModel(model.to(device()), digest)


def digest_of_start(model: Any) -> str:
    """Return the digest of an adapter and its base, or of all weights.

    With FSDP2 every process calls this, since each has a share of each weight.
    """
    return digest_of(whole_tensor(tensor) for tensor in _start_tensors(model))


def _start_tensors(model: Any) -> Iterator[Tensor]:
    layers: list[Any] = [layer for _, layer in lora_layers(model)]
    for layer in layers:
        yield layer.lora_A["default"].weight
        yield layer.lora_B["default"].weight
        yield layer.get_base_layer().weight
    if not layers:
        yield from model.parameters()


def _without_weights(config: ModelConfig, adapter: AdapterConfig) -> Any:
    """Return a model of the right shape for a process that receives its weights from the first."""
    if is_adapter(config):
        model = load_without_weights(config)
    elif adapter.kind == "none":
        model = load_without_weights(config.model_copy(update={"dtype": "float32"}))
    else:
        model = add_adapter(
            load_without_weights(config),
            None,
            rank=adapter.rank,
            alpha=adapter.alpha,
            target_modules=adapter.target_modules,
        )
    # accelerate 1.15 finds the optimizer's weights again by their address (_prepare_fsdp2), which
    # all weights without memory share: then only the last of them would train on this process.
    for module in model.modules():
        for name, weight in module.named_parameters(recurse=False):
            if weight.requires_grad and weight.is_meta:
                empty = torch.zeros_like(weight, device="cpu")
                setattr(module, name, torch.nn.Parameter(empty))
    return model


def _with_adapter(
    model: Any,
    config: ModelConfig,
    adapter: AdapterConfig,
    examples: Sequence[Example],
    *,
    pad: int,
    start: Path,
    seed: int,
) -> PeftModel:
    """Wrap the model; on the first process LoRA-GA starts from the gradient or resumes."""
    starts = adapter.kind == "lora-ga" and is_main_process()
    resumes = starts and start.is_dir()
    gradients = before = None
    if starts and not resumes:
        used = examples[: adapter.gradient_examples]
        gradients = _gradients(model, adapter, used, pad=pad)
        before = _mean_nll(model, used[0], pad)
    try:
        wrapped = add_adapter(
            model,
            None,
            rank=adapter.rank,
            alpha=adapter.alpha,
            gamma=adapter.gamma,
            target_modules=adapter.target_modules,
            seed=seed,
            gradients=gradients,
            place=device() if adapter.gradient_device == "layers" else None,
        )
    except ValueError as error:
        raise TrainingError(f"adapter: {error}") from error
    # peft records the path of the base only.
    wrapped.peft_config["default"].revision = config.revision
    if resumes:
        restore_start(wrapped, start)
    elif before is not None:
        save_start(wrapped, start)
        require_small_change(before, _mean_nll(wrapped, examples[0], pad))
    return wrapped


def _gradients(
    model: Any, adapter: AdapterConfig, examples: Sequence[Example], *, pad: int
) -> dict[torch.nn.Module, Tensor]:
    names = set(adapter.target_modules) or set(linear_names(model))
    if adapter.gradient_device == "layers":
        return gradients_by_layer(model, examples, names, pad=pad, place=device())
    return accumulate_gradients(model, names, gradient_estimate(model, examples, pad=pad))


@torch.no_grad()
def _mean_nll(model: Any, example: Example, pad: int) -> float:
    """Return the mean NLL per trained token of the end of one example."""
    end = example.part(slice(-_CHECKED_TOKENS, None))
    shown = pad_right([end if end.n_trained else example], pad)
    batch = {name: part.to(model.device) for name, part in shown.items()}
    return -float(sequence_logprobs(model, batch).mean[0])


def require_small_change(before: float, after: float) -> None:
    """Check that the start of an adapter leaves the model as it was, up to rounding.

    In exact arithmetic W - s B A + s B A = W. Stored in bf16, each shifted weight is off by at most
    2^-9 of its size, as much as every other bf16 weight is.

    Args:
        before: mean NLL of one example under the model itself, nats per token.
        after: the same with the adapter and the shifted weights.

    Raises:
        TrainingError: the difference exceeds ``MAX_START_CHANGE``.
    """
    change = abs(after - before)
    log.info("start of the adapter: NLL %.4f, %.4f before (nats per token)", after, before)
    if not change <= MAX_START_CHANGE:
        raise TrainingError(
            f"adapter: expected a start that changes the NLL by at most {MAX_START_CHANGE}, found"
            f" {change:.3f}: the offset of LoRA-GA is too large for the type of the weights; raise"
            " adapter.gamma, lower adapter.rank or alpha, or set model.dtype=float32"
        )


def _adapted(model: PeftModel) -> str:
    """Return the names of the adapted layers with their numbers, e.g. ``q_proj x 32``."""
    counts: dict[str, int] = {}
    for name, _ in lora_layers(model):
        last = name.rpartition(".")[2]
        counts[last] = counts.get(last, 0) + 1
    return ", ".join(f"{name} x {count}" for name, count in sorted(counts.items()))
