r"""LoRA-GA (Wang et al., 2024) with the authors' scaling, on top of peft.

For each target layer let G be the loss's gradient in W at the start, G = U S V^T. Then

    A = c V[:, :r]^T,   B = c U[:, r:2r],   c = d_out^(1/4) / sqrt(gamma),   W <- W - s B A

with s = alpha / r, so that the model's output is unchanged at step 0. peft's own initialization
leaves A unscaled and multiplies B by S.

The offset of W is not part of an adapter. ``save_adapter`` therefore writes a plain LoRA adapter
of rank 2r that fits the *untouched* base model: [B, -B_0] [A; A_0].
"""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from peft import (
    LoraConfig,
    PeftModel,
    get_peft_model,
    load_peft_weights,
    set_peft_model_state_dict,
)
from peft.tuners.lora import LoraLayer
from safetensors.torch import save_file
from torch import Tensor, nn
from transformers import PreTrainedModel

from cycledata.files import replace_folder

_ADAPTER = "default"


class Factors(NamedTuple):
    """Initial adapter matrices of one layer."""

    a: Tensor
    """Shape (r, d_in), float32."""
    b: Tensor
    """Shape (d_out, r), float32."""


def gradient_factors(gradient: Tensor, *, rank: int, gamma: float, seed: int) -> Factors:
    """Return the authors' A and B for one layer's gradient.

    Args:
        gradient: of the loss in W, shape (d_out, d_in); its length does not matter.
        rank: r of the adapter; 2r singular directions are used.
        gamma: the "stable" constant, in the denominator of c squared.
        seed: of the randomized decomposition.

    Raises:
        ValueError: the layer has fewer than 2r directions, or the gradient has no direction.
    """
    if 2 * rank > min(gradient.shape):
        raise ValueError(
            f"rank {rank} needs {2 * rank} singular directions, a layer of shape"
            f" {tuple(gradient.shape)} has {min(gradient.shape)}; lower the rank"
        )
    if not torch.isfinite(gradient).all() or not gradient.any():
        raise ValueError("gradient is zero or not finite; estimate it on examples that train")
    # A scale-free decomposition: tiny gradients would underflow in float32.
    gradient = gradient.float() / gradient.abs().max().float()
    with torch.random.fork_rng(devices=_cuda_of(gradient)):
        torch.manual_seed(seed)
        left, _, right = torch.svd_lowrank(gradient, q=min(4 * rank, *gradient.shape), niter=4)
    # The sign of a pair of singular vectors is arbitrary, and the last bits of a gradient would
    # decide it; the largest entry of each right vector is made positive.
    signs = right.gather(0, right.abs().argmax(0, keepdim=True)).sign()
    left, right = left * signs, right * signs
    scale = gradient.shape[0] ** 0.25 / gamma**0.5
    return Factors(scale * right[:, :rank].T, scale * left[:, rank : 2 * rank])


def _cuda_of(tensor: Tensor) -> list[torch.device]:
    return [tensor.device] if tensor.is_cuda else []


def add_adapter(
    model: PreTrainedModel,
    estimate_gradients: Callable[[], None] | None,
    *,
    rank: int,
    alpha: float,
    gamma: float = 16.0,
    target_modules: Sequence[str] = (),
    seed: int = 0,
    gradients: dict[nn.Module, Tensor] | None = None,
    place: str | None = None,
) -> PeftModel:
    """Wrap a model in LoRA; with a gradient estimate, initialize it as LoRA-GA does.

    Args:
        model: in full or half precision; quantize it afterwards (``quantise_base``).
        estimate_gradients: runs forward and backward over some examples and accumulates gradients
            in the model's weights; None for plain LoRA (B = 0, W untouched).
        rank: r.
        alpha: numerator of the scaling s = alpha / r.
        gamma: see ``gradient_factors``.
        target_modules: last parts of the layers' names; all linear layers but the head if empty.
        seed: of the decomposition, and of plain LoRA's A.
        gradients: of each linear layer, if they are known already.
        place: device of the decomposition; None for that of the layer.
    """
    config = LoraConfig(
        r=rank,
        lora_alpha=alpha,  # type: ignore[arg-type]  # annotated int, used as a float
        target_modules=list(target_modules) or linear_names(model),
        task_type="CAUSAL_LM",
    )
    if gradients is None and estimate_gradients is not None:
        names = set(target_modules) or set(linear_names(model))
        gradients = accumulate_gradients(model, names, estimate_gradients)
    with torch.random.fork_rng(devices=_cuda_of(next(model.parameters()))):
        torch.manual_seed(seed)
        wrapped = get_peft_model(model, config)
    if gradients is not None:
        for name, layer in lora_layers(wrapped):
            gradient = gradients.pop(layer.get_base_layer(), None)
            if gradient is not None and place is not None:
                gradient = gradient.to(place)
            _start_from_gradient(name, layer, gradient, gamma=gamma, seed=seed)
    assert isinstance(wrapped, PeftModel)
    return wrapped


def accumulate_gradients(
    model: nn.Module, names: set[str], estimate_gradients: Callable[[], None]
) -> dict[nn.Module, Tensor]:
    """Run backward passes and return the summed gradient per linear layer, float32, on the CPU.

    Each gradient leaves the model's device as soon as it is complete, so that the device stores one
    at a time. peft's own estimate stores all of them beside the weights.

    Args:
        model: every weight of it is frozen except those of the layers.
        names: last parts of the layers' names.
        estimate_gradients: runs forward and backward over some examples.
    """
    layers: dict[Tensor, nn.Module] = {
        module.weight: module
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear) and name.rpartition(".")[2] in names
    }
    gradients: dict[nn.Module, Tensor] = {}

    def move(weight: Tensor) -> None:
        assert weight.grad is not None
        found = weight.grad.detach().to("cpu", torch.float32)
        layer = layers[weight]
        gradients[layer] = gradients[layer].add_(found) if layer in gradients else found
        weight.grad = None

    was_training, required = model.training, [p.requires_grad for p in model.parameters()]
    for parameter in model.parameters():
        parameter.requires_grad_(parameter in layers)
    hooks = [
        weight.register_post_accumulate_grad_hook(move)  # type: ignore[no-untyped-call]  # torch's
        for weight in layers
    ]
    model.train()
    try:
        estimate_gradients()
    finally:
        for hook in hooks:
            hook.remove()
        for parameter, needed in zip(model.parameters(), required, strict=True):
            parameter.requires_grad_(needed)
        model.train(was_training)
    return gradients


def _start_from_gradient(
    name: str, layer: Any, gradient: Tensor | None, *, gamma: float, seed: int
) -> None:
    if gradient is None:
        raise ValueError(f"{name}: no gradient reached this layer; leave it out of target_modules")
    if gradient.device.type == "cpu":
        gradient = gradient.to(layer.get_base_layer().weight.device)
    try:
        start = gradient_factors(gradient, rank=layer.r[_ADAPTER], gamma=gamma, seed=seed)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error
    weights = layer.lora_A[_ADAPTER].weight, layer.lora_B[_ADAPTER].weight
    with torch.no_grad():
        for weight, value in zip(weights, start, strict=True):
            weight.copy_(value)
    _shift_base(layer)


def _shift_base(layer: Any) -> None:
    """Set W <- W - s B A with the factors as stored, so that rounding to bf16 cancels too."""
    base = layer.get_base_layer()
    a, b = layer.lora_A[_ADAPTER].weight, layer.lora_B[_ADAPTER].weight
    with torch.no_grad():
        base.weight.copy_(base.weight.float() - layer.scaling[_ADAPTER] * (b.float() @ a.float()))


def lora_layers(model: nn.Module) -> Iterator[tuple[str, LoraLayer]]:
    """Yield every adapted layer with its name, in the model's order."""
    for name, module in model.named_modules():
        if isinstance(module, LoraLayer):
            yield name, module


def linear_names(model: PreTrainedModel) -> list[str]:
    """Return the last parts of the names of all linear layers except the output head, sorted."""
    head = model.get_output_embeddings()  # type: ignore[no-untyped-call]  # transformers' own
    return sorted(
        {
            name.rpartition(".")[2]
            for name, module in model.named_modules()
            if isinstance(module, nn.Linear) and module is not head
        }
    )


def save_start(model: PeftModel, folder: Path) -> None:
    """Save A_0 and B_0, in full or not at all; call it before the first step of training."""
    with replace_folder(folder) as temporary:
        model.save_pretrained(str(temporary))


def restore_start(model: PeftModel, folder: Path) -> None:
    """Start a plain adapter from a saved A_0 and B_0, to resume a run that was stopped.

    A second gradient estimate differs in the last bits on a GPU, and so would the offset of the
    base.
    """
    set_peft_model_state_dict(model, load_peft_weights(str(folder), device="cpu"))
    for _, layer in lora_layers(model):
        _shift_base(layer)


def save_adapter(
    model: PeftModel,
    folder: Path,
    *,
    start: Path | None,
    weights: dict[str, Tensor] | None = None,
) -> None:
    """Save an adapter that fits the untouched base model.

    Args:
        model: after training.
        folder: to write to.
        start: what ``save_start`` wrote (the rank doubles); None for plain LoRA.
        weights: all weights by name if the model itself has only a share of each.
    """
    model.save_pretrained(str(folder), state_dict=weights)
    if start is not None:
        _subtract_start(folder, start)


def _subtract_start(folder: Path, start: Path) -> None:
    """Turn the saved A and B into [A; A_0] and [B, -B_0], with twice the rank and alpha."""
    now: dict[str, Tensor] = load_peft_weights(str(folder), device="cpu")
    before: dict[str, Tensor] = load_peft_weights(str(start), device="cpu")
    joined = {}
    for name, weight in now.items():
        if ".lora_A." in name:
            joined[name] = torch.cat([weight, before[name].to(weight.dtype)], 0)
        else:
            joined[name] = torch.cat([weight, -before[name].to(weight.dtype)], 1)
    save_file(joined, folder / "adapter_model.safetensors", metadata={"format": "pt"})
    path = folder / "adapter_config.json"
    table = json.loads(path.read_text(encoding="utf-8"))
    table |= {"r": 2 * table["r"], "lora_alpha": 2 * table["lora_alpha"]}
    path.write_text(json.dumps(table, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def quantise_base(model: PeftModel) -> None:
    """Turn the frozen weights of the adapted layers into FP8 (torchao, weight only).

    Sec. 3.2: "we apply FP8 quantization to model weights". It comes after LoRA-GA, whose gradients
    and offset need full weights; the output then changes by FP8's rounding only.
    """
    from torchao.quantization import Float8WeightOnlyConfig, quantize_

    found: list[Any] = [layer.get_base_layer() for _, layer in lora_layers(model)]
    bases = {id(base): base for base in found}
    quantize_(model, Float8WeightOnlyConfig(), filter_fn=lambda module, _: id(module) in bases)
    for base in bases.values():
        # DeepSpeed broadcasts, casts and refers to every parameter, which torchao's tensors do not
        # support; a frozen weight can be a buffer.
        weight = base.weight
        del base.weight
        base.register_buffer("weight", weight.detach())
