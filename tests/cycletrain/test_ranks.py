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

PROGRAM = """
import json, os, sys, warnings
warnings.filterwarnings("ignore")
import torch
from transformers import TrainingArguments
from cycletrain import ranks, training
from cycletrain.chat_tokens import Example
from cycletrain.config import AdapterConfig, ModelConfig, TrainingConfig
from cycletrain.lora_ga import lora_layers

model, out, fp8 = sys.argv[1], sys.argv[2], sys.argv[3] == "fp8"
rank = int(os.environ["RANK"])
torch.set_num_threads(1 + rank)
config = TrainingConfig(context_tokens=64, learning_rate=1e-3, batch_size=1, max_steps=2)
from pathlib import Path
settings = training.trainer_settings(config, out=Path(out) / "trainer", seed=0, dtype="float32")
arguments = TrainingArguments(**settings, label_names=["labels"], remove_unused_columns=False)
generator = torch.Generator().manual_seed(rank)  # each process estimates from examples of its own
ids = tuple(torch.randint(5, 250, (48,), generator=generator).tolist())
examples = [Example(ids, ids, ids, "", 0)]
adapter = AdapterConfig(kind="lora-ga", rank=4, gradient_examples=1, fp8=fp8)
prepared = training.prepare_model(
    ModelConfig(path=model, dtype="float32"), adapter, examples, pad=0,
    start=Path(out) / "start", seed=0,
)
digest = ranks.require_equal(training._start_tensors(prepared), "start")
rows = [{"input_ids": list(ids), "labels": list(ids)}] * 4

class Stopping(training.StopOnNonFinite, training.Trainer):
    pass

trainer = Stopping(
    prepared, arguments, train_dataset=rows,
    data_collator=lambda rows: {k: torch.tensor([row[k] for row in rows]) for k in rows[0]},
)
result = training.fit(trainer)
after = ranks._digest(p for p in prepared.parameters() if p.requires_grad)
print(json.dumps({"start": digest, "after": after, "loss": result.training_loss,
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


@pytest.mark.parametrize("weights", ["full", "fp8"])
def test_two_processes_start_and_train_from_the_same_bits(
    tiny_model: Path, tmp_path: Path, weights: str
) -> None:
    first, second = run_two(str(tiny_model), str(tmp_path), weights)
    assert first["start"] == second["start"]
    assert first["after"] == second["after"]
    assert first["mean"] == second["mean"] == [0.5]


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
