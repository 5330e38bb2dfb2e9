"""Shared by the training jobs: arguments, the start of an adapter, failures, curves, saving."""

import logging
import math
import shutil
from collections.abc import Callable, Iterator, Sequence
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

from cycledata.errors import TrainingError
from cycledata.files import replace_folder
from cycledata.svg import Curve, Line
from cycletrain.chat_tokens import IGNORED, Example
from cycletrain.checkpoints import device, is_adapter, load_model, save_base
from cycletrain.config import AdapterConfig, ModelConfig, TrainingConfig
from cycletrain.lora_ga import (
    add_adapter,
    lora_layers,
    quantise_base,
    restore_start,
    save_adapter,
    save_start,
)
from cycletrain.losses import completion_logprobs
from cycletrain.memory import ModelShape, describe, plan_memory, require_fits
from cycletrain.ranks import copy_from_first, is_main_process, n_launched, require_equal

log = logging.getLogger(__name__)

DEEPSPEED: dict[str, Any] = {
    "train_micro_batch_size_per_gpu": "auto",
    "train_batch_size": "auto",
    "gradient_accumulation_steps": "auto",
    "gradient_clipping": "auto",
    "bf16": {"enabled": "auto"},
}
"""DeepSpeed's settings; the trainer fills in what is "auto"."""
FSDP2: dict[str, Any] = {
    "version": 2,
    "auto_wrap_policy": "TRANSFORMER_BASED_WRAP",
    "reshard_after_forward": True,
    "state_dict_type": "FULL_STATE_DICT",
}


def trainer_settings(config: TrainingConfig, *, out: Path, seed: int, dtype: str) -> dict[str, Any]:
    """Return keyword arguments of both transformers' TrainingArguments and TRL's SFTConfig."""
    on_gpu = torch.cuda.is_available()
    stage = {"zero2": 2, "zero3": 3}.get(config.sharding)
    settings = {
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
        "deepspeed": stage and {**DEEPSPEED, "zero_optimization": {"stage": stage}},
        "logging_steps": config.log_steps,
        "logging_nan_inf_filter": False,  # it replaces a NaN loss by 0 in the log
        "save_strategy": "no" if config.save_steps is None else "steps",
        "save_steps": config.save_steps or 500,
        "save_total_limit": 2,
        "report_to": list(config.report_to),
        "run_name": out.parent.name,
        "disable_tqdm": True,
        "seed": seed,
        "data_seed": seed,
        "ddp_find_unused_parameters": False,
    }
    if config.sharding == "fsdp2":
        settings |= {"fsdp": "full_shard", "fsdp_config": FSDP2}
    return settings


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
        TrainingError: the plan exceeds the memory of this machine's GPU.
    """
    shape = ModelShape.of(model)
    if shape is None:
        return
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


def prepare_model(
    model_config: ModelConfig,
    adapter: AdapterConfig,
    examples: Sequence[Example],
    *,
    pad: int,
    start: Path,
    seed: int,
) -> Any:
    """Return the model with the weights that train: all, a new adapter, or the one it has.

    Under a launcher the first process estimates LoRA-GA's gradient; all processes then start from
    its factors and its shifted weights, and the digests are compared. The process group must exist:
    create the trainer's arguments first.

    Args:
        model_config: a model, or an adapter that continues to train.
        adapter: adapter for a model without one.
        examples: LoRA-GA starts from the gradient on the first of them.
        pad: padding token.
        start: folder of LoRA-GA's first factors until ``save_trained``.
        seed: of the adapter's start.

    Raises:
        TrainingError: LoRA-GA cannot start on this model, or the processes differ.
    """
    if is_adapter(model_config):
        return load_model(model_config, trainable=True)
    if adapter.kind == "none":
        # float32 masters: an update of 5e-7 is lost when it is added to a bf16 weight.
        return load_model(model_config.model_copy(update={"dtype": "float32"}))
    place = adapter.gradient_device if adapter.kind == "lora-ga" else "cpu"
    model = load_model(model_config, place="cpu" if adapter.fp8 and place == "cpu" else None)
    starts = adapter.kind == "lora-ga"
    resumes = starts and start.is_dir()
    estimate: Callable[[], None] | None = None
    if starts and not resumes and is_main_process():
        estimate = gradient_estimate(model, examples[: adapter.gradient_examples], pad=pad)
    try:
        wrapped = add_adapter(
            model,
            estimate,
            rank=adapter.rank,
            alpha=adapter.alpha,
            gamma=adapter.gamma,
            target_modules=adapter.target_modules,
            seed=seed,
        )
    except ValueError as error:
        raise TrainingError(f"adapter: {error}") from error
    _name_base(wrapped, model_config)
    if resumes and is_main_process():
        restore_start(wrapped, start)
    elif estimate is not None:
        save_start(wrapped, start)
    copy_from_first(_start_tensors(wrapped))
    if adapter.fp8:
        quantise_base(wrapped)
        # torchao's tensors cannot be broadcast by DDP; the digests show that they are equal.
        vars(wrapped)["_ddp_params_and_buffers_to_ignore"] = [
            name for name, _ in wrapped.named_buffers() if name.endswith("base_layer.weight")
        ]
    digest = require_equal(_start_tensors(wrapped), "the start of the adapter and its base")
    log.info("start of the adapter and its base: %s on every process", digest[:16])
    log.info("adapted layers: %s", _adapted(wrapped))
    return wrapped.to(device())


def _start_tensors(model: PeftModel) -> Iterator[Tensor]:
    found: Iterator[tuple[str, Any]] = lora_layers(model)
    for _, layer in found:
        yield layer.lora_A["default"].weight
        yield layer.lora_B["default"].weight
        yield layer.get_base_layer().weight


def _adapted(model: PeftModel) -> str:
    """Return the names of the adapted layers with their numbers, e.g. ``q_proj x 32``."""
    counts: dict[str, int] = {}
    for name, _ in lora_layers(model):
        last = name.rpartition(".")[2]
        counts[last] = counts.get(last, 0) + 1
    return ", ".join(f"{name} x {count}" for name, count in sorted(counts.items()))


def _name_base(model: PeftModel, config: ModelConfig) -> None:
    """Record in the adapter the commit of its base; peft records the path only."""
    model.peft_config["default"].revision = config.revision


def gradient_estimate(model: Any, examples: Sequence[Example], *, pad: int) -> Callable[[], None]:
    """Return a function that accumulates the gradient of the mean NLL of some examples.

    Activations are recomputed and logits are made a chunk at a time, so that peak memory is the
    weights, one gradient per adapted weight and the activations of one layer.
    """

    def estimate() -> None:
        model.activation_checkpointing_enable({"use_reentrant": False})
        try:
            for example in examples:
                parts = pad_right([example], pad)
                batch = {name: part.to(model.device) for name, part in parts.items()}
                hidden, head = last_hidden(model, batch)
                found = completion_logprobs(hidden, head, batch["labels"])
                torch.autograd.backward(-found.mean.sum())
        finally:
            model.activation_checkpointing_disable()

    return estimate


def last_hidden(model: Any, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    """Return last hidden states, shape (batch, tokens, width), and the output head's weight.

    The call goes through the outermost wrapper, which may need to act on it; the hidden states are
    caught on their way to the head, which computes one position only.
    """
    core = getattr(model, "module", model)
    core = core.get_base_model() if hasattr(core, "get_base_model") else core
    head = core.get_output_embeddings()
    if getattr(head, "bias", None) is not None:
        raise ValueError("expected an output head without bias, as Llama, Mistral and Qwen have")
    caught: list[Tensor] = []

    def catch(_module: Any, _inputs: Any, output: Any) -> None:
        caught.append(output.last_hidden_state)

    handle = core.get_decoder().register_forward_hook(catch)
    try:
        model(
            input_ids=batch["input_ids"],
            attention_mask=batch["attention_mask"],
            logits_to_keep=1,
            use_cache=False,
        )
    finally:
        handle.remove()
    return caught[0], head.weight


def save_trained(
    model: Any, tokenizer: Any, folder: Path, *, start: Path, base: ModelConfig
) -> None:
    """Save what trained with its tokenizer and its base's identity, in full or not at all."""
    if not is_main_process():
        return
    with replace_folder(folder) as temporary:
        if isinstance(model, PeftModel):
            save_adapter(model, temporary, start=start if start.is_dir() else None)
        else:
            model.save_pretrained(temporary)
        tokenizer.save_pretrained(temporary)
        save_base(temporary, base, tokenizer)
    shutil.rmtree(start, ignore_errors=True)


def pad_right(examples: Sequence[Example], pad: int) -> dict[str, Tensor]:
    """Return ``input_ids``, ``attention_mask`` and ``labels``, shape (batch, longest)."""
    width = max(len(example.ids) for example in examples)

    def stack(rows: Sequence[Sequence[int]], fill: int) -> Tensor:
        return torch.tensor([[*row, *[fill] * (width - len(row))] for row in rows])

    return {
        "input_ids": stack([example.ids for example in examples], pad),
        "attention_mask": stack([[1] * len(example.ids) for example in examples], 0),
        "labels": stack([example.labels for example in examples], IGNORED),
    }


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
    kept = "no checkpoint was saved; set training.save_steps"
    if last := _last_checkpoint(trainer):
        kept = f"the last good checkpoint is {last}"
    raise TrainingError(
        f"update {step}: expected a finite {name}, found {float(value)}; lower the learning rate or"
        f" check the data ({kept})"
    )


class _Logged(TrainerCallback):
    """Logs what the trainer would print, with the time left."""

    def __init__(self) -> None:
        self._started = 0.0
        self._first = 0

    def on_train_begin(
        self,
        args: TrainingArguments,  # noqa: ARG002  the trainer passes it
        state: TrainerState,
        control: TrainerControl,  # noqa: ARG002  the trainer passes it
        **_: Any,
    ) -> None:
        """Remember when the first update of this process began."""
        import time

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
        import time

        parts = " ".join(f"{key} {float(value):.4g}" for key, value in (logs or {}).items())
        done = state.global_step - self._first
        left = ""
        if done and state.max_steps > state.global_step:
            seconds = (time.monotonic() - self._started) / done
            left = f", {seconds * (state.max_steps - state.global_step) / 60:.0f} min left"
        log.info("update %s of %s%s: %s", state.global_step, state.max_steps, left, parts)


def fit(trainer: Trainer) -> TrainOutput:
    """Train, from the last checkpoint if there is one; numbers go to the log, not to stdout.

    Raises:
        TrainingError: a loss or gradient that is not finite, or not enough memory.
    """
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(_Logged)
    try:
        return trainer.train(resume_from_checkpoint=_last_checkpoint(trainer))
    except torch.OutOfMemoryError as error:
        raise TrainingError(
            f"out of memory: {str(error).splitlines()[0][:200]}; lower training.batch_size (and"
            " raise accumulate) or training.context_tokens, or set training.checkpointing or"
            " training.sharding"
        ) from error


def _last_checkpoint(trainer: Any) -> str | None:
    folder = Path(trainer.args.output_dir or "")
    if not folder.is_dir():
        return None
    return get_last_checkpoint(str(folder))  # type: ignore[no-untyped-call, no-any-return]  # untyped in transformers


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
