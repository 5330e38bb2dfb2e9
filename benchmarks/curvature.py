"""Time and peak memory of the curvature criterion against the obvious implementation.

The obvious one keeps log-probabilities, probabilities and squares of a whole [T, V] in float32,
as the authors' reference script does. Each runs in a process of its own, on the same logits.

    python benchmarks/curvature.py [--tokens 2048] [--vocabulary 32768] [--dtype bfloat16]
"""

import argparse
import resource
import subprocess
import sys
import time

import torch
from torch import Tensor

from cycletrain.curvature import sampling_discrepancy


def obvious(logits: Tensor, labels: Tensor) -> Tensor:
    logits = logits.float()
    logp = torch.log_softmax(logits, -1)
    p = torch.softmax(logits, -1)
    found = logp.gather(-1, labels[..., None])[..., 0]
    mean = (p * logp).sum(-1)
    variance = (p * logp.square()).sum(-1) - mean.square()
    return (found.sum(-1) - mean.sum(-1)) / variance.sum(-1).sqrt()


def measure(name: str, tokens: int, vocabulary: int, dtype: str) -> None:
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(0)
    logits = torch.empty(1, tokens, vocabulary, dtype=getattr(torch, dtype), device=device)
    for row in logits[0].split(64):
        row.copy_(torch.randn(len(row), vocabulary))
    labels = torch.randint(vocabulary, (1, tokens), device=device)
    run = {"obvious": obvious, "ours": sampling_discrepancy}[name]
    run(logits[:, :64], labels[:, :64])
    before = _peak_bytes(device)
    # On a CPU that others use too, the time of this process alone can be compared.
    clock = time.perf_counter if device == "cuda" else time.process_time
    seconds = []
    for _ in range(3):
        start = clock()
        value = run(logits, labels).item()
        seconds.append(clock() - start)
    print(min(seconds), (_peak_bytes(device) - before) / 2**20, value)


def _peak_bytes(device: str) -> int:
    if device == "cuda":
        return torch.cuda.max_memory_allocated()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokens", type=int, default=2048)
    parser.add_argument("--vocabulary", type=int, default=32768)
    parser.add_argument("--dtype", default="bfloat16", choices=["bfloat16", "float32"])
    parser.add_argument("--only", choices=["obvious", "ours"])
    args = parser.parse_args()
    if args.only:
        measure(args.only, args.tokens, args.vocabulary, args.dtype)
        return
    found = {}
    for name in ("obvious", "ours"):
        command = [sys.executable, __file__, *sys.argv[1:], "--only", name]
        out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        found[name] = [float(value) for value in out.split()]
        seconds, mebibytes, value = found[name]
        print(
            f"{name:8} {seconds:7.3f} s  {mebibytes:8.1f} MiB beside the logits  value {value:.4f}"
        )
    (t0, m0, _), (t1, m1, _) = found["obvious"], found["ours"]
    print(f"ours / obvious: time {t1 / t0:.2f}, memory {m1 / m0:.3f}")


if __name__ == "__main__":
    main()
