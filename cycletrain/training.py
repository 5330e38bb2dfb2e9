"""What the two training jobs share: arguments, an adapter's start, curves, saving."""

import logging
import math
import shutil
from collections.abc import Sequence
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
from transformers.trainer_utils import TrainOutput, get_last_checkpoint

from cycledata.svg import Curve, Line
from cycletrain.chat_tokens import IGNORED, Example
from cycletrain.checkpoints import is_adapter, load_model
from cycletrain.config import AdapterConfig, ModelConfig, TrainingConfig
from cycletrain.lora_ga import add_adapter, quantise_base, restore_start, save_adapter, save_start
from cycletrain.run_record import is_main_process

log = logging.getLogger(__name__)

ZERO2: dict[str, Any] = {
    "zero_optimization": {"stage": 2},
    "train_micro_batch_size_per_gpu": "auto",
    "train_batch_size": "auto",
    "gradient_accumulation_steps": "auto",
    "gradient_clipping": "auto",
    "bf16": {"enabled": "auto"},
}
"""DeepSpeed's stage 2; the trainer fills in what is "auto"."""


def trainer_settings(config: TrainingConfig, *, out: Path, seed: int, dtype: str) -> dict[str, Any]:
    """Keyword arguments for transformers' TrainingArguments and TRL's SFTConfig alike."""
    on_gpu = torch.cuda.is_available()
    return {
        "output_dir": str(out),
        "learning_rate": config.learning_rate,
        "per_device_train_batch_size": config.batch_size,
        "gradient_accumulation_steps": config.accumulate,
        "num_train_epochs": config.epochs,
        "max_steps": config.max_steps,
        "lr_scheduler_type": config.schedule,
        "warmup_steps": config.warmup_share,  # below 1 it is a share of all steps
        "activation_checkpointing": config.checkpointing,
        "bf16": on_gpu and dtype == "bfloat16",
        "use_cpu": not on_gpu,
        "dataloader_pin_memory": on_gpu,
        "deepspeed": ZERO2 if config.zero2 else None,
        "logging_steps": config.log_steps,
        "save_strategy": "no" if config.save_steps is None else "steps",
        "save_steps": config.save_steps or 500,
        "save_total_limit": 2,
        "report_to": [],
        "disable_tqdm": True,
        "seed": seed,
        "data_seed": seed,
    }


def prepare_model(
    model_config: ModelConfig,
    adapter: AdapterConfig,
    examples: Sequence[Example],
    *,
    pad: int,
    start: Path,
    seed: int,
) -> Any:
    """The model with the weights that train: all, a new adapter, or the adapter it came with.

    Args:
        model_config: a model, or an adapter that trains on.
        adapter: used for a model without one.
        examples: LoRA-GA starts from the gradient on the first of them.
        pad: padding token.
        start: where LoRA-GA's first factors are kept until ``save_trained``.
        seed: of the adapter's start.
    """
    if is_adapter(model_config):
        return load_model(model_config, trainable=True)
    model = load_model(model_config)
    if adapter.kind == "none":
        return model
    chosen = examples[: adapter.gradient_examples]

    def estimate_gradients() -> None:
        for example in chosen:
            batch = {
                name: part.to(model.device) for name, part in pad_right([example], pad).items()
            }
            model(**batch, use_cache=False).loss.backward()

    starts = adapter.kind == "lora-ga"
    resumes = starts and start.is_dir()
    wrapped = add_adapter(
        model,
        estimate_gradients if starts and not resumes else None,
        rank=adapter.rank,
        alpha=adapter.alpha,
        gamma=adapter.gamma,
        target_modules=adapter.target_modules,
        seed=seed,
    )
    if resumes:
        restore_start(wrapped, start)
    elif starts and is_main_process():
        save_start(wrapped, start)
    if adapter.fp8:
        quantise_base(wrapped)
    return wrapped


def save_trained(model: Any, tokenizer: Any, folder: Path, *, start: Path) -> None:
    """Save what trained with its tokenizer under its name, in full or not at all."""
    if not is_main_process():
        return
    temporary = folder.with_name(f".{folder.name}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    if isinstance(model, PeftModel):
        save_adapter(model, temporary, start=start if start.is_dir() else None)
    else:
        model.save_pretrained(temporary)
    tokenizer.save_pretrained(temporary)
    shutil.rmtree(start, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)
    temporary.rename(folder)


def pad_right(examples: Sequence[Example], pad: int) -> dict[str, Tensor]:
    """A batch: ``input_ids``, ``attention_mask`` and ``labels``, shape (batch, longest)."""
    width = max(len(example.ids) for example in examples)

    def stack(rows: Sequence[Sequence[int]], fill: int) -> Tensor:
        return torch.tensor([[*row, *[fill] * (width - len(row))] for row in rows])

    return {
        "input_ids": stack([example.ids for example in examples], pad),
        "attention_mask": stack([[1] * len(example.ids) for example in examples], 0),
        "labels": stack([example.labels for example in examples], IGNORED),
    }


class _Logged(TrainerCallback):
    """Says on the log what the trainer would print."""

    def on_log(
        self,
        args: TrainingArguments,  # noqa: ARG002  the trainer passes it
        state: TrainerState,
        control: TrainerControl,  # noqa: ARG002  likewise
        logs: dict[str, float] | None = None,
        **_: Any,
    ) -> None:
        """One line a log."""
        parts = " ".join(f"{key} {float(value):.4g}" for key, value in (logs or {}).items())
        log.info("step %s of %s: %s", state.global_step, state.max_steps, parts)


def fit(trainer: Trainer) -> TrainOutput:
    """Train from the last checkpoint, if there is one; numbers go to the log, not to stdout."""
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(_Logged)
    folder = Path(trainer.args.output_dir or "")
    last = None
    if folder.is_dir():
        last = get_last_checkpoint(str(folder))  # type: ignore[no-untyped-call]  # transformers' own
    return trainer.train(resume_from_checkpoint=last)


def curves_of(history: Sequence[dict[str, Any]], wanted: dict[str, str]) -> tuple[Curve, ...]:
    """Curves of a trainer's log.

    Args:
        history: rows with ``step`` and whatever was logged at it.
        wanted: key in the log to the picture's title.
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
