"""The memory plan against the bytes that a training step allocates, on a CPU.

A dispatch mode counts the bytes of every tensor of forward pass, backward pass and update, so that
the peak needs no GPU. The models are narrow and have the proportions of the five base models. What
differs on a GPU is what no tensor shows: fragmentation, and workspaces of libraries.

    python benchmarks/memory_plan.py [--width 256] [--tokens 512]
"""

import argparse
import warnings
import weakref
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from transformers import LlamaConfig, LlamaForCausalLM

from cycletrain.chat_tokens import Example
from cycletrain.config_tables import AdapterConfig, TrainingConfig
from cycletrain.layer_gradients import gradient_estimate, sequence_logprobs
from cycletrain.lora_ga import accumulate_gradients, add_adapter, linear_names
from cycletrain.memory import FIVE_MODELS, GPU_CHUNK_BYTES, MemoryPlan, ModelShape, plan_memory

MIB = 2**20


def narrow(shape: ModelShape, width: int, layers: int) -> ModelShape:
    """Return a shape with the proportions of a base model; all widths are multiples of 64."""

    def scaled(size: int) -> int:
        return max(64, round(size * width / shape.hidden / 64) * 64)

    return ModelShape(
        layers,
        width,
        scaled(shape.intermediate),
        scaled(shape.attention),
        scaled(shape.key_value),
        4_096,
    )


def make_model(shape: ModelShape, *, adapter: str, checkpointing: bool) -> Any:
    """Return a Llama of that shape: bf16 with LoRA or none, or float32 if every weight trains."""
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=shape.vocabulary,
        hidden_size=shape.hidden,
        intermediate_size=shape.intermediate,
        num_hidden_layers=shape.n_layers,
        num_attention_heads=shape.attention // 64,
        num_key_value_heads=shape.key_value // 64,
        head_dim=64,
        tie_word_embeddings=False,
    )
    model: Any = LlamaForCausalLM(config)
    if adapter != "none":
        model = model.to(torch.bfloat16)
    if adapter == "lora":
        model = add_adapter(model, None, rank=8, alpha=8)
    if checkpointing and adapter != "lora-ga":
        model.enable_input_require_grads()
        model.gradient_checkpointing_enable({"use_reentrant": False})
    return model.train()


class AllocatedBytes(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch's own
    """Bytes of the tensors that exist: now, and at the peak since it was entered."""

    def __init__(self, in_host_memory: frozenset[tuple[int, ...]] = frozenset()) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch's own
        self.now = self.peak = 0
        self._in_host_memory = in_host_memory
        self._seen: set[int] = set()

    def __torch_dispatch__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        out = function(*args, **(kwargs or {}))
        for tensor in tree_leaves(out):
            if isinstance(tensor, torch.Tensor) and not self._is_moved(tensor):
                self._add(tensor.untyped_storage())
        self.peak = max(self.peak, self.now)
        return out

    def _is_moved(self, tensor: torch.Tensor) -> bool:
        """Return whether this is a gradient that has left the GPU: float32 in a bf16 model."""
        return tensor.dtype == torch.float32 and tuple(tensor.shape) in self._in_host_memory

    def _add(self, storage: Any) -> None:
        key, size = storage.data_ptr(), storage.nbytes()
        if key in self._seen:
            return
        self._seen.add(key)
        self.now += size
        weakref.finalize(storage, self._remove, key, size)

    def _remove(self, key: int, size: int) -> None:
        self._seen.discard(key)
        self.now -= size

    def know(self, tensors: Iterable[torch.Tensor]) -> None:
        """Count tensors that exist already."""
        for tensor in tensors:
            self._add(tensor.untyped_storage())


def step_bytes(model: Any, tokens: int, *, whole: bool) -> float:
    """Return the bytes at the peak of the second step, with the optimizer's moments."""
    ids = torch.randint(5, 4_000, (1, tokens))
    batch = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "labels": ids}
    optimizer = torch.optim.AdamW(w for w in model.parameters() if w.requires_grad)
    with AllocatedBytes() as allocated:
        allocated.know(model.parameters())
        for _ in range(2):
            allocated.peak = allocated.now
            with torch.autocast("cpu", torch.bfloat16, enabled=whole):
                loss = -sequence_logprobs(model, batch).mean.sum()
            torch.autograd.backward(loss)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            del loss
    return float(allocated.peak)


def start_bytes(model: Any, tokens: int) -> float:
    """Return the bytes at the peak of LoRA-GA's estimate, without the gradients in host memory."""
    shapes = frozenset(tuple(weight.shape) for weight in model.parameters() if weight.ndim == 2)
    example = Example(tuple(range(5, 5 + tokens)), tuple(range(5, 5 + tokens)), (), "", 0)
    with AllocatedBytes(shapes) as allocated:
        allocated.know(model.parameters())
        accumulate_gradients(
            model, set(linear_names(model)), gradient_estimate(model, [example], pad=0)
        )
    return float(allocated.peak)


def planned(shape: ModelShape, adapter: str, tokens: int, *, checkpointing: bool) -> MemoryPlan:
    """Return the plan, whose chunk of logits is the one of a CPU: all tokens."""
    plan = plan_memory(
        shape,
        AdapterConfig.model_validate({"kind": adapter, "rank": 8}),
        TrainingConfig.model_validate(
            {
                "context_tokens": tokens,
                "batch_size": 1,
                "learning_rate": 1e-5,
                "checkpointing": checkpointing,
            }
        ),
        n_gpus=1,
    )
    change = tokens * shape.vocabulary * 6.0 - 1.5 * GPU_CHUNK_BYTES[adapter == "none"]
    return replace(
        plan,
        logits=plan.logits + change,
        start=plan.start + change if plan.start else 0.0,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--tokens", type=int, default=512)
    parser.add_argument("--model", choices=list(FIVE_MODELS), help="one of them only")
    parser.add_argument("--step", help="one kind of step only, e.g. 'start of LoRA-GA'")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    print(f"{'proportions of':20} {'step':28} {'plan':>8} {'measured':>8} MiB  plan / measured")
    for name, full in FIVE_MODELS.items():
        if name == "CycleResearcher-123B":
            continue  # the shape of CycleReviewer-123B
        if args.model not in (None, name):
            continue
        shape = narrow(full, args.width, layers=4)
        for step, kind, checkpointing in (
            ("LoRA", "lora", False),
            ("LoRA, checkpointing", "lora", True),
            ("all weights", "none", False),
            ("all weights, checkpointing", "none", True),
            ("start of LoRA-GA", "lora-ga", True),
        ):
            if args.step not in (None, step):
                continue
            plan = planned(shape, kind, args.tokens, checkpointing=checkpointing)
            model = make_model(shape, adapter=kind, checkpointing=checkpointing)
            if kind == "lora-ga":
                expected, found = plan.start, start_bytes(model, args.tokens)
            else:
                expected = plan.step
                found = step_bytes(model, args.tokens, whole=kind == "none")
            print(
                f"{name:20} {step:28} {expected / MIB:8.1f} {found / MIB:8.1f}"
                f"      {expected / found:.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
