"""What the job commands share: read the recipe, run the job, print its numbers; the log."""

import importlib
import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

import typer

from cycledata.console import note, print_json, printable


def run_job(
    job: str,
    recipe: str,
    overrides: list[str] | None,
    round_: int | None = None,
    *,
    as_json: bool,
) -> None:
    """Read the recipe, run the job, print its numbers and where its record is."""
    log_to_stderr()
    from cycletrain.read_recipe import read_config
    from cycletrain.recipe_files import CONFIGS, recipe_path

    settings = [*(overrides or []), *([f"round={round_}"] if round_ else [])]
    config: Any = read_config(recipe_path(recipe), CONFIGS[job], settings)
    module = importlib.import_module(f"cycletrain.jobs.{job}")
    # Trackers print on stdout, which is for the result.
    with enough_memory(job), redirect_stdout(sys.stderr), _named_on_interrupt(config.out):
        record = module.run(config)
    if as_json:
        print_json(record.model_dump(mode="json"))
        return
    for name, value in record.metrics.items():
        typer.echo(f"{name:40} {value:.4g}")
    for name, value in record.counts.items():
        typer.echo(f"{name:40} {value}")
    if record.audit is not None:
        typer.echo(printable(record.audit.verdict.sentence))
    typer.echo(f"record: {config.out / 'index.html'}")


_SMALLER = {
    "sft": "training.batch_size or context_tokens, or set training.checkpointing or sharding, or"
    " adapter.gradient_device=layers",
    "rollout": "batch_size or sampling.max_tokens",
    "reward": "batch_size or sampling.max_tokens",
    "iterate": "batch_size, training.batch_size or training.context_tokens",
    "detect": "window_tokens",
}
"""What to lower when a job runs out of memory."""
_SMALLER["simpo"], _SMALLER["grpo"] = _SMALLER["sft"], _SMALLER["iterate"]


@contextmanager
def enough_memory(job: str) -> Iterator[None]:
    """Turn a lack of memory, wherever it occurs, into an error that names what to lower."""
    import torch

    from cycledata.errors import TrainingError

    try:
        yield
    except torch.OutOfMemoryError as error:
        lower = _SMALLER.get(job, "the batch size")
        reason = str(error).splitlines()[0][:200]
        raise TrainingError(f"out of memory: {reason}; lower {lower}") from error


@contextmanager
def _named_on_interrupt(out: Path) -> Iterator[None]:
    """Print how to resume if the job is interrupted by Ctrl-C or SIGTERM."""
    try:
        yield
    except KeyboardInterrupt:
        note(f"interrupted; run the same command again to resume from {out}")
        raise


def log_to_stderr() -> None:
    """Log to stderr; of the libraries only what a user can act on."""
    from rich.console import Console
    from rich.logging import RichHandler

    on_terminal = sys.stderr.isatty()
    # Packing and preparing have bars of their own, which would tear the log. Read at import.
    os.environ.setdefault("HF_DATASETS_DISABLE_PROGRESS_BARS", "1")
    if not on_terminal:  # before the hub's library is imported, which reads it once
        os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    rich = RichHandler(console=Console(stderr=True), show_path=False)
    handler = rich if on_terminal else logging.StreamHandler()
    logging.basicConfig(level=logging.INFO, format="%(message)s", handlers=[handler])
    # Requests, kernels for devices that are not there, notes for authors of libraries.
    for name in ("httpx", "httpx2", "torchao", "torch.utils._pytree"):
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", "`is_gradient_checkpointing`", FutureWarning)
