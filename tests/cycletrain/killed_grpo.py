"""Kill a run of ``grpo`` with real signals at its weakest moments, then let it end.

    python -m tests.cycletrain.killed_grpo RECIPE WHOLE KILLED [MOMENT]...

The folder WHOLE is of a run without signals. Each life is a fork of this process, which imports the
trainers once. Models are scripted. The exit codes of the lives are printed, one per line; -9 is
SIGKILL.
"""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import torch
from transformers import PreTrainedTokenizerBase, Trainer, TrainerState

from cycledata.console import run as run_command
from cycledata.llm import recorded
from cycletrain import servers
from cycletrain.cli import app
from cycletrain.jobs import grpo
from cycletrain.loop_config import GrpoConfig
from cycletrain.read_recipe import read_config
from tests.cycletrain.conftest import ScriptedModel

Moment = tuple[Any, str, int, int]
"""Owner and name of a function, at which of its calls, and which signal."""
MOMENTS: dict[str, Moment] = {
    "generation": (recorded, "append_jsonl", 3, signal.SIGKILL),
    "optimizer": (torch.optim.AdamW, "step", 2, signal.SIGKILL),
    "checkpoint-weights": (PreTrainedTokenizerBase, "save_pretrained", 1, signal.SIGKILL),
    "checkpoint-optimizer": (Trainer, "_save_optimizer_and_scheduler", 1, signal.SIGKILL),
    "checkpoint-state": (TrainerState, "save_to_json", 1, signal.SIGKILL),
    "weights": (grpo, "write_file", 1, signal.SIGKILL),
    "audit": (grpo, "close_audited", 1, signal.SIGKILL),
    "review": (recorded, "append_jsonl", 4, signal.SIGKILL),
    "term": (Trainer, "training_step", 2, signal.SIGTERM),
}


def kill_at(moment: str) -> None:
    """Send this process a signal in the middle of a call."""
    owner, name, number, sent = MOMENTS[moment]
    real: Callable[..., Any] = getattr(owner, name)
    calls = 0

    def call(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == number:
            if name == "append_jsonl":  # the file ends within a line
                with args[0].open("ab") as file:
                    file.write(b'{"id": "torn')
            os.kill(os.getpid(), sent)
        return real(*args, **kwargs)

    setattr(owner, name, call)


def live(config: GrpoConfig, recipe: str, moment: str) -> int:
    """Run the job in a fork and return its exit code; negative for a signal."""
    child = os.fork()
    if not child:
        work(config, recipe, moment)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def work(config: GrpoConfig, recipe: str, moment: str) -> NoReturn:
    """Run the command of the job with scripted models and exit."""
    model: Any = ScriptedModel()
    vars(servers)["open_generator"] = lambda _: model
    vars(grpo)["TransformersGenerator"] = lambda *_, **__: model
    if moment:
        kill_at(moment)
    sys.argv = ["cycletrain", "grpo", "--recipe", recipe, "--set", f"out={config.out}"]
    run_command(app, "cycletrain")


def main() -> None:
    recipe, whole, killed, *moments = sys.argv[1:]
    torch.set_num_threads(1)
    for out, moment in [(whole, ""), *((killed, moment) for moment in (*moments, ""))]:
        config = read_config(Path(recipe), GrpoConfig, [f"out={out}"])
        sys.stdout.write(f"exit {live(config, recipe, moment)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
