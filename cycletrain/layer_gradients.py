"""Gradients that LoRA-GA starts from: of the whole model at once, or a layer at a time.

A layer at a time, the weights stay in host memory and one layer after the other is copied to the
device, forward and backward. The device then needs one layer's weights, gradients and activations,
so a model that is far too large for it can start there.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from cycletrain.chat_tokens import IGNORED, Example
from cycletrain.losses import Logprobs, completion_logprobs


def gradient_estimate(model: Any, examples: Sequence[Example], *, pad: int) -> Callable[[], None]:
    """Return a function that accumulates the gradient of the mean NLL of some examples.

    Activations are recomputed and logits are made a chunk at a time, so that peak memory is the
    weights, one gradient per adapted weight and the activations of one layer.
    """

    def estimate() -> None:
        model.activation_checkpointing_enable({"use_reentrant": False})
        try:
            for example in examples:
                batch = _moved(pad_right([example], pad), str(model.device))
                torch.autograd.backward(-sequence_logprobs(model, batch).mean.sum())
        finally:
            model.activation_checkpointing_disable()

    return estimate


def gradients_by_layer(
    model: Any, examples: Sequence[Example], names: set[str], *, pad: int, place: str
) -> dict[nn.Module, Tensor]:
    """Return the gradient of the summed mean NLL per linear layer, float32, on the CPU.

    It equals what ``gradient_estimate`` accumulates, up to rounding.

    Args:
        model: a decoder of transformers without adapter, in host memory.
        examples: chats; one goes through the model at a time.
        names: last parts of the names of the linear layers.
        pad: padding token.
        place: device that one layer at a time is copied to.
    """
    gradients: dict[nn.Module, Tensor] = {}
    was_training = model.training
    model.eval()  # these decoders have no dropout, and the estimate needs none
    try:
        for example in examples:
            _add_example(model, pad_right([example], pad), names, place, gradients)
    finally:
        model.train(was_training)
    return gradients


@dataclass(frozen=True, slots=True)
class _LayerCall:
    """A decoder layer and the keywords that its decoder calls it with."""

    layer: nn.Module
    keywords: dict[str, Any]


def _add_example(
    model: Any,
    batch: dict[str, Tensor],
    names: set[str],
    place: str,
    gradients: dict[nn.Module, Tensor],
) -> None:
    decoder = model.get_decoder()
    embedded, calls = _layer_calls(model, batch)
    inputs = [embedded]
    with torch.no_grad():
        for call in calls:
            out = functional_call(
                call.layer,
                _copied(call.layer, place),
                (inputs[-1].to(place),),
                _moved(call.keywords, place),
            )
            inputs.append(out.to("cpu"))
    last = inputs.pop().to(place).requires_grad_()
    norm = _copied(decoder.norm, place)
    head = model.get_output_embeddings().weight.detach().to(place)
    hidden = functional_call(decoder.norm, norm, (last,))
    loss = -completion_logprobs(hidden, head, batch["labels"].to(place)).mean.sum()
    (slope,) = torch.autograd.grad(loss, [last])
    del norm, head, hidden, loss, last
    for call, given in zip(reversed(calls), reversed(inputs), strict=True):
        slope = _backward(call, given, slope, names, place, gradients)


def _backward(
    call: _LayerCall,
    given: Tensor,
    slope: Tensor,
    names: set[str],
    place: str,
    gradients: dict[nn.Module, Tensor],
) -> Tensor:
    """Add the gradients of one layer's weights; return the slope of its input."""
    weights = _copied(call.layer, place)
    linear = {
        f"{name}.weight": module
        for name, module in call.layer.named_modules()
        if isinstance(module, nn.Linear) and name.rpartition(".")[2] in names
    }
    for name in linear:
        weights[name].requires_grad_()
    hidden = given.to(place).requires_grad_()
    out = functional_call(call.layer, weights, (hidden,), _moved(call.keywords, place))
    wanted = [hidden, *(weights[name] for name in linear)]
    slope, *found = torch.autograd.grad(out, wanted, slope)
    for module, gradient in zip(linear.values(), found, strict=True):
        new = gradient.to("cpu", torch.float32)
        gradients[module] = gradients[module].add_(new) if module in gradients else new
    return slope


def _layer_calls(model: Any, batch: dict[str, Tensor]) -> tuple[Tensor, list[_LayerCall]]:
    """Return the first layer's input and how the decoder calls each layer; compute no layer."""
    calls: list[_LayerCall] = []
    first: list[Tensor] = []
    layers = list(model.get_decoder().layers)

    def recorder(layer: nn.Module) -> Callable[..., Tensor]:
        def record(hidden: Tensor, *_: Any, **keywords: Any) -> Tensor:
            first.append(hidden.detach())
            calls.append(_LayerCall(layer, keywords))
            return hidden

        return record

    with _replaced_forwards({layer: recorder(layer) for layer in layers}), torch.no_grad():
        model(
            input_ids=batch["input_ids"],
            attention_mask=batch["attention_mask"],
            logits_to_keep=1,
            use_cache=False,
        )
    return first[0], calls


@contextmanager
def _replaced_forwards(forwards: Mapping[nn.Module, Callable[..., Tensor]]) -> Iterator[None]:
    for layer, forward in forwards.items():
        vars(layer)["forward"] = forward
    try:
        yield
    finally:
        for layer in forwards:
            del vars(layer)["forward"]


def _copied(module: nn.Module, place: str) -> dict[str, Tensor]:
    """Return copies of a module's weights on a device, without gradients."""
    return {name: weight.detach().to(place) for name, weight in module.named_parameters()}


def _moved(value: Any, place: str) -> Any:
    """Return keywords with all tensors on a device."""
    if isinstance(value, Tensor):
        return value.to(place)
    if isinstance(value, dict):
        return {key: _moved(inner, place) for key, inner in value.items()}
    if isinstance(value, tuple):
        return tuple(_moved(inner, place) for inner in value)
    return value


def sequence_logprobs(model: Any, batch: dict[str, Tensor]) -> Logprobs:
    """Return the log-probabilities of each sequence's labels, without the logits of the batch.

    The output head itself computes them, in place of logits: the call goes through every wrapper,
    and those that share or gather weights (FSDP, ZeRO) do so around the head as usual.

    Args:
        model: a causal model, or its wrapper by peft, DeepSpeed, DDP or FSDP.
        batch: ``input_ids``, ``attention_mask`` and ``labels``.

    Raises:
        ValueError: the output head has a bias.
    """
    core = getattr(model, "module", model)
    core = core.get_base_model() if hasattr(core, "get_base_model") else core
    head = core.get_output_embeddings()
    if getattr(head, "bias", None) is not None:
        raise ValueError("expected an output head without bias, as Llama, Mistral and Qwen have")
    counts: list[Tensor] = []

    def score(hidden: Tensor) -> Tensor:
        found = completion_logprobs(hidden, head.weight, batch["labels"])
        counts.append(found.n_tokens)
        return found.total

    with _replaced_forwards({head: score}):
        out = model(
            input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], use_cache=False
        )
    return Logprobs(out.logits, counts[0])


def pad_right(examples: Sequence[Example], pad: int) -> dict[str, Tensor]:
    """Return ``input_ids``, ``attention_mask`` and ``labels``, shape (batch, longest)."""
    width = max(len(example.ids) for example in examples)

    def stack(rows: Sequence[Sequence[int]], fill: int) -> Tensor:
        return torch.tensor([[*row, *[fill] * (width - len(row))] for row in rows])

    return {
        "input_ids": stack([example.ids for example in examples], pad),
        "attention_mask": stack([[1] * len(example.ids) for example in examples], 0),
        "labels": stack([example.labels for example in examples], IGNORED),
    }
