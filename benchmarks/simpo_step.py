"""Time and peak memory of one SimPO step: TRL's formulas, the obvious way, and ours.

One forward and backward pass over a batch of pairs through a small Llama with a large vocabulary,
where the logits are what costs. Each way runs in a process of its own on the same batch.

    python benchmarks/simpo_step.py [--pairs 2] [--tokens 1024] [--vocabulary 32768] [--lora]
"""

import argparse
import resource
import subprocess
import sys
import time
import warnings
from typing import Any

import torch
from torch import Tensor

BETA, GAMMA, NLL_WEIGHT = 2.0, 0.5, 0.1


def model_of(vocabulary: int, *, lora: bool) -> Any:
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=256,
        intermediate_size=512,
        num_hidden_layers=2,
        num_attention_heads=8,
    )
    model = LlamaForCausalLM(config)
    if lora:
        from cycletrain.lora_ga import add_adapter

        return add_adapter(model, None, rank=8, alpha=16)
    return model


def trl(model: Any, ids: Tensor, labels: Tensor) -> Tensor:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from trl.experimental.cpo import CPOTrainer
    trainer: Any = CPOTrainer.__new__(CPOTrainer)
    trainer.alpha, trainer.beta, trainer.simpo_gamma = 0.0, BETA, GAMMA
    trainer.loss_type, trainer.label_smoothing, trainer.is_encoder_decoder = "simpo", 0.0, False
    trainer.accelerator = type("OnDevice", (), {"device": ids.device})()
    trainer.pad_token_id, trainer.aux_loss_enabled, trainer.cpo_alpha = 0, False, NLL_WEIGHT
    half = len(ids) // 2
    batch = {}
    for name, part in (("chosen", slice(half)), ("rejected", slice(half, None))):
        batch[f"{name}_input_ids"], batch[f"{name}_labels"] = ids[part], labels[part]
        batch[f"{name}_attention_mask"] = torch.ones_like(ids[part])
    chosen, rejected, _, _, nll = trainer.concatenated_forward(model, batch)
    return trainer.cpo_loss(chosen, rejected)[0].mean() + NLL_WEIGHT * nll


def obvious(model: Any, ids: Tensor, labels: Tensor) -> Tensor:
    logp = model(ids, use_cache=False).logits[:, :-1].float().log_softmax(-1)
    targets = labels[:, 1:]
    scored = targets != -100
    tokens = logp.gather(-1, targets.clamp(min=0)[..., None])[..., 0] * scored
    means = tokens.sum(1) / scored.sum(1)
    half = len(ids) // 2
    margin = BETA * (means[:half] - means[half:]) - GAMMA
    nll = -tokens[:half].sum() / scored[:half].sum()
    return -torch.nn.functional.logsigmoid(margin).mean() + NLL_WEIGHT * nll


def ours(model: Any, ids: Tensor, labels: Tensor) -> Tensor:
    from cycletrain.jobs.simpo import pair_loss

    return pair_loss(
        model,
        {"input_ids": ids, "attention_mask": torch.ones_like(ids), "labels": labels},
        beta=BETA,
        gamma=GAMMA,
        nll_weight=NLL_WEIGHT,
        nll_reduction="tokens",
    ).loss


def measure(args: argparse.Namespace) -> None:
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.set_num_threads(1)  # idle threads spin on a busy machine
    model = model_of(args.vocabulary, lora=args.lora).to(device)
    ids = torch.randint(1, args.vocabulary, (2 * args.pairs, args.tokens), device=device)
    labels = ids.clone()
    labels[:, : args.tokens // 4] = -100  # a quarter of each example is the prompt
    step = {"trl": trl, "obvious": obvious, "ours": ours}[args.only]
    small = slice(0, 32)
    labels_small = ids[:, small].clone()
    step(model, ids[:, small], labels_small).backward()
    before = _peak_bytes(device)
    # On a CPU that others use too, the time of this process alone can be compared.
    clock = time.perf_counter if device == "cuda" else time.process_time
    seconds = []
    for _ in range(3):
        model.zero_grad()
        start = clock()
        loss = step(model, ids, labels)
        loss.backward()
        seconds.append(clock() - start)
    print(min(seconds), (_peak_bytes(device) - before) / 2**20, loss.item())


def _peak_bytes(device: str) -> int:
    if device == "cuda":
        return torch.cuda.max_memory_allocated()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=2)
    parser.add_argument("--tokens", type=int, default=1024)
    parser.add_argument("--vocabulary", type=int, default=32768)
    parser.add_argument("--lora", action="store_true")
    parser.add_argument("--only", choices=["trl", "obvious", "ours"])
    args = parser.parse_args()
    if args.only:
        measure(args)
        return
    found = {}
    for name in ("obvious", "trl", "ours"):
        command = [sys.executable, __file__, *sys.argv[1:], "--only", name]
        out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        found[name] = [float(value) for value in out.split()]
        seconds, mebibytes, loss = found[name]
        print(f"{name:8} {seconds:7.3f} s  {mebibytes:8.1f} MiB over the weights  loss {loss:.5f}")
    t1, m1, _ = found["ours"]
    for name in ("obvious", "trl"):
        t0, m0, _ = found[name]
        print(f"ours / {name}: time {t1 / t0:.2f}, memory {m1 / m0:.3f}")


if __name__ == "__main__":
    main()
