"""Two real processes, with unequal numbers of threads, start LoRA-GA from the same bits."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from cycledata.errors import TrainingError
from cycletrain.ranks import mean_over_ranks, require_equal
from cycletrain.sharding import require_shardable

PROGRAM = """
import sys
if sys.argv[3] == "fsdp2":
    # accelerate shards GPUs only; its own code then runs on two CPU processes.
    import accelerate.state as state
    real = state.PartialState.__init__
    def init(self, *args, **kwargs):
        real(self, *args, **kwargs)
        if self.distributed_type == state.DistributedType.MULTI_CPU:
            self.distributed_type = state.DistributedType.MULTI_GPU
    state.PartialState.__init__ = init
import json, os, sys, warnings
warnings.filterwarnings("ignore")
import torch
from transformers import TrainingArguments
from cycletrain import adapter_start, ranks, training
from cycletrain import sharding as sharding_of
from cycletrain.chat_tokens import Example
from cycletrain.config_tables import AdapterConfig, ModelConfig, TrainingConfig
from cycletrain.lora_ga import lora_layers

model, out, fp8 = sys.argv[1], sys.argv[2], sys.argv[3] == "fp8"
rank = int(os.environ["RANK"])
torch.set_num_threads(1 + rank)
sharding = "fsdp2" if sys.argv[3] == "fsdp2" else "none"
config = TrainingConfig(
    context_tokens=64, learning_rate=1e-3, batch_size=1, max_steps=2, sharding=sharding
)
from pathlib import Path
settings = training.trainer_settings(config, out=Path(out) / "trainer", seed=0, dtype="float32")
arguments = TrainingArguments(**settings, label_names=["labels"], remove_unused_columns=False)
generator = torch.Generator().manual_seed(rank)  # each process estimates from examples of its own
ids = tuple(torch.randint(5, 250, (48,), generator=generator).tolist())
examples = [Example(ids, ids, ids, "", 0)]
adapter = AdapterConfig(kind="lora-ga", rank=4, gradient_examples=1, fp8=fp8)
prepared = adapter_start.prepare_model(
    ModelConfig(path=model, dtype="float32"), adapter, examples, pad=0,
    start=Path(out) / "start", seed=0, sharding=sharding,
)
rows = [{"input_ids": list(ids), "labels": list(ids)}] * 4

class Stopping(training.StopOnNonFinite, training.Trainer):
    pass

trainer = Stopping(
    prepared.model, arguments, train_dataset=rows,
    data_collator=lambda rows: {k: torch.tensor([row[k] for row in rows]) for k in rows[0]},
)
result = training.fit(trainer, sharding=sharding, prepared=prepared)
trained = [
    sharding_of.whole_tensor(p).detach() for p in trainer.model.parameters() if p.requires_grad
]
after = ranks.digest_of(trained)
torch.save(trained, Path(out) / f"trained-{rank}.pt")
print(json.dumps({"start": prepared.digest, "after": after, "loss": result.training_loss,
                  "mean": ranks.mean_over_ranks([float(rank)])}))
"""


def run_two(*arguments: str) -> list[dict[str, Any]]:
    """Run the program in two processes that form a group over gloo."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    processes = []
    for rank in range(2):
        environment = os.environ | {
            "RANK": str(rank),
            "LOCAL_RANK": str(rank),
            "WORLD_SIZE": "2",
            "MASTER_ADDR": "127.0.0.1",
            "MASTER_PORT": str(port),
            "OMP_NUM_THREADS": str(rank + 1),
        }
        processes.append(
            subprocess.Popen(
                [sys.executable, "-c", PROGRAM, *arguments],
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
    results = []
    for process in processes:
        out, err = process.communicate(timeout=300)
        assert process.returncode == 0, err[-3000:]
        results.append(json.loads(out.splitlines()[-1]))
    return results


def test_two_processes_start_and_train_from_the_same_bits(tiny_model: Path, tmp_path: Path) -> None:
    first, second = run_two(str(tiny_model), str(tmp_path), "fp8")
    assert first["start"] == second["start"]
    assert first["after"] == second["after"]
    assert first["mean"] == second["mean"] == [0.5]


def test_fsdp2_trains_to_the_weights_of_plain_data_parallelism(
    tiny_model: Path, tmp_path: Path
) -> None:
    whole, shared = (
        run_two(str(tiny_model), str(tmp_path / kind), kind) for kind in ("full", "fsdp2")
    )
    assert whole[0]["start"] == whole[1]["start"] == shared[0]["start"]
    assert shared[1]["start"] is None  # it received its shares from the first process
    for kind, results in {"full": whole, "fsdp2": shared}.items():
        assert results[0]["after"] == results[1]["after"], kind
    # The norm of the gradient is summed in another order, so the last bits may differ.
    one, other = (torch.load(tmp_path / kind / "trained-0.pt") for kind in ("full", "fsdp2"))
    torch.testing.assert_close(one, other, rtol=0, atol=1e-6)


def test_fsdp2_on_processes_that_accelerate_does_not_shard_is_refused() -> None:
    with pytest.raises(TrainingError, match="expected fsdp2, found none: accelerate shards on GPU"):
        require_shardable("fsdp2")


def test_one_process_needs_no_group() -> None:
    assert mean_over_ranks([1.0, 2.0]) == [1.0, 2.0]
    assert len(require_equal([torch.ones(3)], "weights")) == 64
    assert require_equal([torch.ones(3)], "w") != require_equal([torch.zeros(3)], "w")


def test_unequal_processes_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from cycletrain import ranks

    def gather(found: list[Any], own: str) -> None:
        found[:] = [own, "other"]

    monkeypatch.setattr(ranks, "_is_distributed", lambda: True)
    monkeypatch.setattr("torch.distributed.get_world_size", lambda: 2)
    monkeypatch.setattr("torch.distributed.all_gather_object", gather)
    with pytest.raises(
        TrainingError, match=r"same on all 2 processes, found other values on \[1\]"
    ):
        require_equal([torch.ones(3)], "the start")
