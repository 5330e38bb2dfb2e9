"""One GPU: steps of training beside the formulas of TRL, tokens per second, LoRA-GA's start.

    python benchmarks/gpu.py            # under four minutes on an H100; needs torch, transformers,
    python benchmarks/gpu.py --tiny     # accelerate, peft, pydantic; --tiny runs it on a CPU

TRL's formulas are written out here, so that TRL need not be installed: all logits, log_softmax in
float32, gather. A row that does not fit says so. The last rows are of a model with the shape of
Llama 3.2 1B and random weights: its rollout, and whether LoRA-GA starts twice from the same bits.
"""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F  # noqa: N812  torch's own convention
from torch import Tensor

sys.path.insert(0, str(Path(__file__).parents[1]))

from transformers import LlamaConfig, LlamaForCausalLM

from cycledata.llm.chat import Sampling
from cycletrain.adapter_start import digest_of_start
from cycletrain.chat_tokens import Example
from cycletrain.curvature import curvature_moments
from cycletrain.generation import TransformersGenerator
from cycletrain.layer_gradients import gradient_estimate, sequence_logprobs
from cycletrain.lora_ga import add_adapter
from cycletrain.losses import simpo_loss

TINY = "--tiny" in sys.argv
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
SCALE = 256 if TINY else 1
VOCABULARY = 131_072 // SCALE
HIDDEN = 128 if TINY else 2_048


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    step: str
    tokens: int
    checkpointing: bool = False
    all_weights: bool = False


ROWS = (
    Row("SimPO 2 x 8,192", 8_192),
    Row("SimPO 2 x 16,384", 16_384),
    Row("SimPO 2 x 32,768, checkpointing", 32_768, checkpointing=True),
    Row("SimPO 2 x 8,192, all weights", 8_192, all_weights=True),
    Row("SFT 2 x 32,768, checkpointing", 32_768, checkpointing=True),
)


def make_model(row: Row) -> torch.nn.Module:
    """Return a two-layer Llama in bf16 with LoRA or with all weights trained."""
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=HIDDEN,
        intermediate_size=HIDDEN * 11 // 4,
        num_hidden_layers=2,
        num_attention_heads=HIDDEN // 64,
        num_key_value_heads=HIDDEN // 64,
        max_position_embeddings=65_536,
        tie_word_embeddings=False,
    )
    model = LlamaForCausalLM(config).to(DEVICE, torch.bfloat16)
    if not row.all_weights:
        from peft import LoraConfig, get_peft_model

        model = get_peft_model(model, LoraConfig(r=8, target_modules="all-linear"))
    if row.checkpointing:
        model.enable_input_require_grads()
        model.gradient_checkpointing_enable({"use_reentrant": False})
    return model.train()


def naive_means(model: torch.nn.Module, batch: dict[str, Tensor]) -> Tensor:
    """Return mean log-probabilities from all logits, as TRL's CPOTrainer computes them."""
    logits = model(
        input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], use_cache=False
    ).logits
    logps = logits[:, :-1].float().log_softmax(-1)
    return logps.gather(2, batch["labels"][:, 1:, None])[..., 0].mean(-1)


def measure(step: Callable[[], object]) -> tuple[float, float]:
    """Return seconds of the fastest of three runs, and the peak in GiB (0 on a CPU)."""
    times = []
    for _ in range(2 if TINY else 4):
        if DEVICE == "cuda":
            torch.cuda.synchronize()
            torch.cuda.reset_peak_memory_stats()
        begun = time.perf_counter()
        step()
        if DEVICE == "cuda":
            torch.cuda.synchronize()
        times.append(time.perf_counter() - begun)
    peak = torch.cuda.max_memory_allocated() / 2**30 if DEVICE == "cuda" else 0.0
    return min(times[1:]), peak


def training_step(row: Row, *, ours: bool) -> Callable[[], object]:
    """Return one forward and backward pass of two rows of tokens."""
    model = make_model(row)
    ids = torch.randint(5, VOCABULARY, (2, row.tokens // SCALE), device=DEVICE)
    batch = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "labels": ids}

    def step() -> None:
        model.zero_grad(set_to_none=True)
        means = sequence_logprobs(model, batch).mean if ours else naive_means(model, batch)
        if row.step.startswith("SFT"):
            loss = -means.mean()
        else:
            loss = simpo_loss(means[:1], means[1:], beta=2.0, gamma=0.5).mean()
        loss.backward()

    return step


def curvature_step(*, ours: bool) -> Callable[[], object]:
    """Return the criterion of 8,192 tokens, vocabulary 128,256."""
    logits = torch.randn(1, 8_192 // SCALE, 128_256 // SCALE, device=DEVICE, dtype=torch.bfloat16)
    labels = torch.randint(0, logits.shape[-1], logits.shape[:2], device=DEVICE)

    def naive() -> Tensor:
        logp = F.log_softmax(logits.float(), -1)
        p = F.softmax(logits.float(), -1)
        mean = (p * logp).sum(-1)
        variance = (p * logp.square()).sum(-1) - mean.square()
        return (logp.gather(-1, labels[..., None])[..., 0] - mean).sum(-1) / variance.sum(-1).sqrt()

    def chunked() -> Tensor:
        return curvature_moments(logits, labels).criterion()

    return chunked if ours else naive


def run(name: str, make: Callable[[bool], Callable[[], object]]) -> dict[str, object]:
    """Measure both variants of a row and print it."""
    row: dict[str, object] = {"step": name}
    cells = []
    for ours in (True, False):
        try:
            seconds, peak = measure(make(ours))
            cells.append(f"{seconds:.3f} s, {peak:.1f} GiB")
            row["ours" if ours else "formulas"] = {"seconds": seconds, "peak_gib": peak}
        except torch.OutOfMemoryError:
            cells.append("out of memory")
        if DEVICE == "cuda":
            torch.cuda.empty_cache()
    print(f"{name:42} {cells[0]:22} {cells[1]}", flush=True)
    return row


def make_1b() -> LlamaForCausalLM:
    """Return a bf16 model with the shape of Llama 3.2 1B and random weights."""
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=128_256 // SCALE,
        hidden_size=HIDDEN,
        intermediate_size=HIDDEN * 4,
        num_hidden_layers=2 if TINY else 16,
        num_attention_heads=HIDDEN // 64,
        num_key_value_heads=HIDDEN // 128,
        max_position_embeddings=8_192,
        tie_word_embeddings=True,
    )
    return LlamaForCausalLM(config).to(DEVICE, torch.bfloat16).eval()


class Ids:
    """The part of a tokenizer that generation needs; no text ends early."""

    pad_token_id = 0
    eos_token_id = -1

    def decode(self, ids: list[int], **_: object) -> str:
        """Return the ids."""
        return " ".join(map(str, ids))


def rollout_rate(batch_size: int) -> dict[str, object]:
    """Print tokens per second of the transformers backend, prompts of 256 tokens."""
    generator = TransformersGenerator(make_1b(), Ids(), name="1b")
    n_tokens = 16 if TINY else 128
    prompts = [[5] * 256] * batch_size
    sampling = Sampling(temperature=0.4, max_tokens=n_tokens)
    rates = []
    for _ in range(2):
        begun = time.perf_counter()
        generator._sample(prompts, list(range(batch_size)), sampling)  # noqa: SLF001  without text
        rates.append(batch_size * n_tokens / (time.perf_counter() - begun))
    print(
        f"{f'transformers rollout, 1B, batch {batch_size}':42} {rates[-1]:.0f} tokens/s", flush=True
    )
    return {"step": f"rollout, batch {batch_size}", "tokens_per_second": rates[-1]}


def start_twice() -> dict[str, object]:
    """Print whether LoRA-GA's start has the same bits twice on one device, with one seed."""
    ids = tuple(torch.randint(5, 128_256 // SCALE, (512,)).tolist())
    example = Example(ids, ids, (), "", 0)
    digests, seconds = [], []
    for _ in range(2):
        model = make_1b()
        begun = time.perf_counter()
        wrapped = add_adapter(
            model, gradient_estimate(model, [example], pad=0), rank=8, alpha=16, seed=0
        )
        seconds.append(time.perf_counter() - begun)
        digests.append(digest_of_start(wrapped)[:16])
    same = "equal" if digests[0] == digests[1] else "different"
    print(
        f"{'LoRA-GA start on 1B, twice':42} {same} ({digests[0]}, {digests[1]}), {seconds[1]:.1f} s"
    )
    return {"step": "LoRA-GA start", "digests": digests, "seconds": seconds}


def main() -> None:
    """Print the table, then one line of JSON."""
    device = torch.cuda.get_device_name() if DEVICE == "cuda" else "CPU"
    print(f"{device}, torch {torch.__version__}, bf16, hidden {HIDDEN}, vocabulary {VOCABULARY}")
    print(f"{'step':42} {'ours':22} formulas of TRL")
    rows = [
        run(row.step, lambda ours, row=row: training_step(row, ours=ours))  # type: ignore[misc]  # mypy infers no type for a default of a lambda
        for row in ROWS
    ]
    rows.append(run("curvature, 8,192 tokens", lambda ours: curvature_step(ours=ours)))
    rows += [rollout_rate(batch_size) for batch_size in (1, 64)]
    rows.append(start_twice())
    print(json.dumps({"device": device, "rows": rows}))


if __name__ == "__main__":
    main()
