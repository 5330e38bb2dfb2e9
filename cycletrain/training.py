"""Shared by the training jobs: arguments, failures, progress, curves, saving."""

import json
import logging
import math
import shutil
import time
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from torch import Tensor
from transformers import (
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)
from transformers.trainer_utils import TrainOutput

from cycledata.console import time_left
from cycledata.errors import TrainingError
from cycledata.files import replace_folder
from cycledata.svg import Curve, Line
from cycletrain.adapter_start import PreparedModel, digest_of_start
from cycletrain.checkpoints import save_base
from cycletrain.config_tables import AdapterConfig, ModelConfig, TrainingConfig
from cycletrain.lora_ga import save_adapter
from cycletrain.memory import ModelShape, describe, plan_memory, require_fits
from cycletrain.ranks import is_main_process, n_launched, require_equal
from cycletrain.sharding import (
    require_sharded,
    sharding_settings,
    start_communication,
    whole_weights,
)

log = logging.getLogger(__name__)


def trainer_settings(config: TrainingConfig, *, out: Path, seed: int, dtype: str) -> dict[str, Any]:
    """Return keyword arguments of both transformers' TrainingArguments and TRL's SFTConfig."""
    _require_installed(config)
    on_gpu = torch.cuda.is_available()
    settings = {
        "output_dir": str(out),
        "learning_rate": config.learning_rate,
        "per_device_train_batch_size": config.batch_size,
        "gradient_accumulation_steps": config.accumulate,
        "num_train_epochs": config.epochs,
        "max_steps": config.max_steps,
        "lr_scheduler_type": config.schedule,
        "warmup_steps": config.warmup_share,  # below 1 it is a share of all steps
        "bf16": on_gpu and dtype == "bfloat16",
        "use_cpu": not on_gpu,
        "dataloader_pin_memory": on_gpu,
        "use_liger_kernel": config.liger,
        "logging_steps": config.log_steps,
        "logging_nan_inf_filter": False,  # it replaces a NaN loss by 0 in the log
        "save_strategy": "no" if config.save_steps is None else "steps",
        "save_steps": config.save_steps or 500,
        "save_total_limit": 2,
        "report_to": list(config.report_to),
        "project": "cycletrain",
        "run_name": out.parent.name,
        "disable_tqdm": True,
        "seed": seed,
        "data_seed": seed,
        "ddp_find_unused_parameters": False,
    }
    start_communication(config)
    return settings | sharding_settings(config)


def _require_installed(config: TrainingConfig) -> None:
    """Check that the packages that the recipe asks for are there.

    Raises:
        TrainingError: names the key and the command that installs the package.
    """
    wanted: dict[str, tuple[str, str]] = {name: ("report_to", name) for name in config.report_to}
    if config.liger:
        wanted["liger_kernel"] = ("liger", "liger-kernel")
    if config.sharding.startswith("zero"):
        wanted["deepspeed"] = ("sharding", "'cyclekit[deepspeed]'")
    for module, (key, package) in wanted.items():
        if find_spec(module) is None:
            raise TrainingError(
                f"training.{key}: expected the package {module}, found none; run"
                f" `pip install {package}` or change the key"
            )


def check_memory(
    model: ModelConfig, adapter: AdapterConfig, training: TrainingConfig, *, rows_per_example: int
) -> None:
    """Log the memory that each GPU needs, and refuse what cannot fit.

    Args:
        model: model that trains.
        adapter: weights that train.
        training: context, batch size, sharding.
        rows_per_example: 1 for SFT; 2 for pairs, which go through the model together.

    Raises:
        TrainingError: the plan exceeds the memory of this machine's GPU, or the context the
            positions of the model.
    """
    shape = ModelShape.of(model)
    if shape is None:
        return
    if shape.max_positions is not None and training.context_tokens > shape.max_positions:
        raise TrainingError(
            f"training.context_tokens: expected at most {shape.max_positions}, the positions of"
            f" {model.path}, found {training.context_tokens}"
        )
    plan = plan_memory(
        shape, adapter, training, n_gpus=n_launched(), rows_per_example=rows_per_example
    )
    if is_main_process():
        log.info("memory per GPU: %s", describe(plan))
    if torch.cuda.is_available():
        _, available = torch.cuda.mem_get_info()
        require_fits(
            shape,
            adapter,
            training,
            gpu_bytes=available,
            n_gpus=n_launched(),
            rows_per_example=rows_per_example,
        )


def save_trained(
    trainer: Any, tokenizer: Any, folder: Path, *, start: Path, base: ModelConfig
) -> None:
    """Save what trained with its tokenizer and its base's identity, in full or not at all.

    Every process calls this; the first one writes.

    Raises:
        TrainingError: a weight is not finite: the last update gave it, or the base had it.
    """
    weights = whole_weights(trainer)
    if not is_main_process():
        return
    model = trainer.accelerator.unwrap_model(trainer.model)
    _require_finite_weights(
        weights or {k: w for k, w in model.named_parameters() if w.requires_grad}
    )
    with replace_folder(folder) as temporary:
        if isinstance(model, PeftModel):
            first = start if start.is_dir() else None
            save_adapter(model, temporary, start=first, weights=weights)
        else:
            model.save_pretrained(temporary, state_dict=weights)
        tokenizer.save_pretrained(temporary)
        save_base(temporary, base, tokenizer)
    shutil.rmtree(start, ignore_errors=True)


class StopOnNonFinite:
    """Mixin of a Trainer: a loss or gradient that is not finite ends the run before the update."""

    def training_step(self: Any, *args: Any, **kwargs: Any) -> Tensor:
        """Run one step of the trainer and check its loss."""
        loss = super().training_step(*args, **kwargs)  # type: ignore[misc]  # Trainer's
        _require_finite("loss", loss, self)
        return loss  # type: ignore[no-any-return]  # Trainer returns a tensor

    def _get_grad_norm(self: Any, *args: Any, **kwargs: Any) -> Any:
        norm = super()._get_grad_norm(*args, **kwargs)  # type: ignore[misc]  # Trainer's
        _require_finite("gradient norm", norm, self)
        return norm


def _require_finite(name: str, value: Any, trainer: Any) -> None:
    if value is None or math.isfinite(float(value)):
        return
    step = trainer.state.global_step + 1
    kept = "no good checkpoint exists; see training.save_steps"
    # The checkpoint of this very update has the weights that gave the value.
    if good := [path for n, path in _checkpoints(trainer) if n < step - 1]:
        kept = f"the last good checkpoint is {good[-1]}"
    raise TrainingError(
        f"update {step}: expected a finite {name}, found {float(value)}; lower the learning rate or"
        f" check the data ({kept})"
    )


def _require_finite_weights(weights: Mapping[str, Tensor]) -> None:
    broken = [name for name, weight in weights.items() if not bool(weight.isfinite().all())]
    if broken:
        raise TrainingError(
            f"the trained weights: expected finite values, found others in {len(broken)} of"
            f" {len(weights)} tensors, the first {broken[0]}; nothing was saved. Lower the learning"
            " rate, or check the base"
        )


class _Watched(TrainerCallback):
    """Checks the weights as training begins; logs what the trainer would print, with rates."""

    def __init__(self, trainer: Trainer, sharding: str, digest: str | None) -> None:
        self._trainer = trainer
        self._sharding = sharding
        self._digest = digest
        self._started = 0.0
        self._first = 0

    def on_train_begin(
        self,
        args: TrainingArguments,  # noqa: ARG002  the trainer passes it
        state: TrainerState,
        control: TrainerControl,  # noqa: ARG002  the trainer passes it
        **_: Any,
    ) -> None:
        """Check sharding and weights, and remember when the first update of this process began."""
        require_sharded(self._trainer, self._sharding)
        if self._sharding == "fsdp2" and state.global_step == 0:
            found = digest_of_start(self._trainer.model)
            require_equal([torch.tensor(list(bytes.fromhex(found)))], "the weights at the start")
            if self._digest not in (None, found):
                raise TrainingError(
                    "the weights at the start: expected those that the first process loaded, found"
                    " others after FSDP2 shared them; report this with the versions of torch and"
                    " accelerate"
                )
            log.info("weights at the start: %s on every process", found[:16])
        self._started, self._first = time.monotonic(), state.global_step

    def on_log(
        self,
        args: TrainingArguments,  # noqa: ARG002  the trainer passes it
        state: TrainerState,
        control: TrainerControl,  # noqa: ARG002  the trainer passes it
        logs: dict[str, float] | None = None,
        **_: Any,
    ) -> None:
        """Log one line."""
        parts = " ".join(f"{key} {float(value):.4g}" for key, value in (logs or {}).items())
        done, seconds = state.global_step - self._first, time.monotonic() - self._started
        left = ""
        if done and state.max_steps > state.global_step:
            left = f", {time_left(seconds / done * (state.max_steps - state.global_step))}"
        log.info("update %s of %s%s: %s", state.global_step, state.max_steps, left, parts)


class CountsTokens:
    """Mixin of a Trainer: adds tokens per second, over all processes, to every log row."""

    def compute_loss(self: Any, model: Any, inputs: dict[str, Any], *args: Any, **kw: Any) -> Any:
        """Count the tokens of a batch that trains, then compute its loss."""
        if model.training:
            mask = inputs.get("attention_mask")
            counted = inputs["input_ids"].numel() if mask is None else mask.sum()
            vars(self)["_n_tokens"] = vars(self).get("_n_tokens", 0) + counted
        return super().compute_loss(model, inputs, *args, **kw)  # type: ignore[misc]  # Trainer's

    def log(self: Any, logs: dict[str, float], *args: Any, **kwargs: Any) -> None:
        """Add the rate since the last row with a loss."""
        if "loss" in logs:
            now = time.monotonic()
            before, vars(self)["_counted_at"] = vars(self).get("_counted_at"), now
            n_tokens = float(vars(self).get("_n_tokens", 0)) * n_launched()
            if before is not None and now > before:
                logs["tokens_per_second"] = n_tokens / (now - before)
            vars(self)["_n_tokens"] = 0
        super().log(logs, *args, **kwargs)  # type: ignore[misc]  # Trainer's


def fit(trainer: Trainer, *, sharding: str = "none", prepared: PreparedModel) -> TrainOutput:
    """Train, from the last checkpoint if there is one; numbers go to the log, not to stdout.

    Args:
        trainer: with the prepared model.
        sharding: as in ``TrainingConfig``.
        prepared: what the trainer started from.

    Raises:
        TrainingError: a loss or gradient that is not finite, not enough memory, another sharding
            than asked for, or processes that start from different weights.
    """
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(_Watched(trainer, sharding, prepared.digest))
    try:
        return trainer.train(resume_from_checkpoint=_last_checkpoint(trainer))
    except torch.OutOfMemoryError as error:
        raise TrainingError(
            f"out of memory: {str(error).splitlines()[0][:200]}; lower training.batch_size (and"
            " raise accumulate) or training.context_tokens, or set training.checkpointing or"
            " training.sharding"
        ) from error


def _checkpoints(trainer: Any) -> list[tuple[int, Path]]:
    """Return number of updates and folder of each whole checkpoint, the oldest first."""
    folders = Path(trainer.args.output_dir or "").glob("checkpoint-*")
    return sorted((int(path.name.rpartition("-")[2]), path) for path in folders if _is_whole(path))


_LAST_FILE = "trainer_state.json"
"""File that transformers writes last into a checkpoint."""


def _is_whole(checkpoint: Path) -> bool:
    """Return whether a checkpoint's last file was written in full; a kill may have come before."""
    try:
        json.loads((checkpoint / _LAST_FILE).read_bytes())
    except (FileNotFoundError, ValueError):
        return False
    return True


def _last_checkpoint(trainer: Any) -> str | None:
    found = _checkpoints(trainer)
    return str(found[-1][1]) if found else None


def curves_of(history: Sequence[dict[str, Any]], wanted: dict[str, str]) -> tuple[Curve, ...]:
    """Return curves of a trainer's log.

    Args:
        history: rows with ``step`` and the values logged at that step.
        wanted: title of the picture by key of the log.
    """
    curves = []
    for key, title in wanted.items():
        rows = [row for row in history if key in row and math.isfinite(row[key])]
        name = key.replace("_", "-").replace("/", "-")
        curves.append(
            Curve(
                name=name,
                title=title,
                x_label="updates",
                x=tuple(float(row["step"]) for row in rows),
                lines=(Line(label=name, y=tuple(float(row[key]) for row in rows)),),
            )
        )
    return tuple(curve for curve in curves if curve.x)
