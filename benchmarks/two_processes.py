"""Train the same tiny model on two CPU processes with every sharding; compare losses and weights.

    python benchmarks/two_processes.py [OUT]   # ZeRO needs cyclekit[deepspeed]

accelerate shards with FSDP on GPUs only; here it is patched that the two CPU processes are GPUs, so
that its own code runs. Every row should have the last loss and the weights of its first row.
"""

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
AS_GPUS = """
import accelerate.state as state
real = state.PartialState.__init__
def patched(self, *args, **kwargs):
    real(self, *args, **kwargs)
    if self.distributed_type == state.DistributedType.MULTI_CPU:
        self.distributed_type = state.DistributedType.MULTI_GPU
state.PartialState.__init__ = patched
"""
LORA = ["adapter.kind=lora"]
LORA_GA = ["adapter.kind=lora-ga", "adapter.gradient_examples=1"]
CASES = [
    ("sft", "lora-ga", LORA_GA, ["none", "zero2", "fsdp2"]),
    ("sft", "lora-ga, FP8", [*LORA_GA, "adapter.fp8=true"], ["none", "zero2"]),
    ("sft", "lora", LORA, ["none", "zero2", "zero3", "fsdp2"]),
    ("sft", "all weights", ["adapter.kind=none"], ["none", "zero2", "zero3", "fsdp2"]),
    ("simpo", "lora", LORA, ["none", "zero2", "zero3", "fsdp2"]),
    ("simpo", "all weights", ["adapter.kind=none"], ["none", "zero2", "zero3", "fsdp2"]),
]
RECIPES = {
    "sft": 'role = "reviewer"\nbuild = "{data}/review"\n',
    "simpo": 'build = "{data}/research"\npairs = "{data}/pairs.jsonl"\n[loss]\nbeta = 2.0\n'
    'gamma = 0.5\nnll_weight = 0.2\nnll_reduction = "sequence-mean"\n',
}
COMMON = """[model]
path = "{data}/tiny"
dtype = "float32"
[adapter]
kind = "lora"
rank = 4
[training]
context_tokens = 400
learning_rate = 1e-3
batch_size = 1
max_steps = 3
log_steps = 1
"""


def make_inputs(data: Path) -> None:
    """Write two builds, two pairs and a tiny model."""
    sys.path.insert(0, str(ROOT))
    from cycledata.formats.paper_text import render_messages
    from cycledata.jsonl import write_jsonl
    from cycledata.records import Message
    from cycletrain.preferences import PreferencePair
    from cycletrain.tiny import make_tiny_model
    from tests.cycletrain import conftest

    reviews = {
        topic: conftest.review_messages(topic, ratings)
        for topic, ratings in zip(conftest.TOPICS, conftest.RATINGS, strict=True)
    }
    papers = {topic: render_messages(conftest.paper_of(topic)) for topic in conftest.TOPICS}
    conftest.make_build(data / "review", "review-5k", reviews)
    conftest.make_build(data / "research", "research-14k", papers)
    texts = [message.content for chat in (*reviews.values(), *papers.values()) for message in chat]
    make_tiny_model(texts, data / "tiny", vocabulary=600, width=64, layers=2, context=1024)
    write_jsonl(
        data / "pairs.jsonl",
        [
            PreferencePair(
                prompt_id=topic,
                prompt=chat[:2],
                chosen=chat[2:],
                rejected=(Message(role="assistant", content="No paper."),),
                reward_chosen=6,
                reward_rejected=3,
            )
            for topic, chat in papers.items()
        ],
    )
    for job, text in RECIPES.items():
        recipe = text.partition("[loss]")
        table = f"[loss]{recipe[2]}" if recipe[1] else ""
        (data / f"{job}.toml").write_text((recipe[0] + COMMON + table).format(data=data))


def train(job: str, data: Path, out: Path, settings: list[str], sharding: str) -> float:
    """Run one job on two processes and return its last loss."""
    program = data / "program.py"
    patched = AS_GPUS if sharding == "fsdp2" else ""
    program.write_text(f"{patched}\nfrom cycletrain.cli import main\nmain()\n")
    words = [f"training.sharding={sharding}", f"out={out}", *settings]
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node=2"]
    command += ["--master_port=29714", str(program), job, "--recipe", str(data / f"{job}.toml")]
    for word in words:
        command += ["--set", word]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "CYCLEKIT_CACHE": str(data / "cache")}
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), *sys.path[1:]])
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if "Error" in line or "error:" in line]
        print(f"{job} {sharding}: failed: {lines[:2]}")
        return float("nan")
    metrics = json.loads((out / "record.json").read_text())["metrics"]
    return float(metrics.get("last_loss", metrics.get("loss")))


def largest_difference(first: Path, second: Path) -> float:
    """Return the largest difference of two saved sets of weights."""
    from safetensors.torch import load_file

    def weights(out: Path) -> dict[str, Any]:
        (path,) = (out / "model").glob("*model.safetensors")
        return load_file(path)

    a, b = weights(first), weights(second)
    if a.keys() != b.keys():
        return float("nan")
    return max(float((a[name].float() - b[name].float()).abs().max()) for name in a)


def main() -> None:
    """Print one row per case."""
    data = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp(prefix="two-processes-"))
    if not (data / "sft.toml").exists():
        make_inputs(data)
    has_deepspeed = importlib.util.find_spec("deepspeed") is not None
    for job, adapter, settings, shardings in CASES:
        first = None
        for sharding in shardings:
            if sharding.startswith("zero") and not has_deepspeed:
                print(f"{job:6} {adapter:14} {sharding:6} not run: deepspeed is not installed")
                continue
            out = data / "runs" / f"{job}-{adapter.replace(', ', '-').replace(' ', '-')}-{sharding}"
            loss = train(job, data, out, settings, sharding)
            difference = 0.0 if first is None else largest_difference(first, out)
            first = first or out
            print(
                f"{job:6} {adapter:14} {sharding:6} last loss {loss:.6f}, weights differ by at"
                f" most {difference:.1e}",
                flush=True,
            )


if __name__ == "__main__":
    main()
