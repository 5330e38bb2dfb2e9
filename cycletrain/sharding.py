"""What several GPUs share: settings of DeepSpeed and FSDP2, and checks that they took effect.

accelerate ignores a request for FSDP where it does not shard, e.g. on CPUs, and trains without it.
``require_sharded`` makes that an error.
"""

from typing import Any

import torch
from torch import Tensor

from cycledata.errors import TrainingError
from cycletrain.config_tables import TrainingConfig
from cycletrain.ranks import n_launched

DEEPSPEED: dict[str, Any] = {
    "train_micro_batch_size_per_gpu": "auto",
    "train_batch_size": "auto",
    "gradient_accumulation_steps": "auto",
    "gradient_clipping": "auto",
    "bf16": {"enabled": "auto"},
}
"""DeepSpeed's settings; the trainer fills in what is "auto"."""
ZERO = {
    "zero2": {"stage": 2},
    "zero3": {"stage": 3, "stage3_gather_16bit_weights_on_model_save": True},
}
FSDP2: dict[str, Any] = {
    "version": 2,
    "auto_wrap_policy": "TRANSFORMER_BASED_WRAP",
    "reshard_after_forward": True,
    "state_dict_type": "FULL_STATE_DICT",
    # One process loads the weights, the others receive their shares.
    "cpu_ram_efficient_loading": True,
}


def sharding_settings(config: TrainingConfig) -> dict[str, Any]:
    """Return the keyword arguments of TrainingArguments that concern sharding."""
    settings: dict[str, Any] = {"activation_checkpointing": config.checkpointing}
    if config.sharding in ZERO:
        settings["deepspeed"] = {**DEEPSPEED, "zero_optimization": ZERO[config.sharding]}
    if config.sharding == "fsdp2":
        settings["fsdp"] = True
        settings["fsdp_config"] = {**FSDP2, "activation_checkpointing": config.checkpointing}
        settings["activation_checkpointing"] = False
    if config.context_parallel > 1 or config.sequence_parallel > 1:
        settings["parallelism_config"] = _parallelism(config)
    return settings


def start_communication(config: TrainingConfig) -> None:
    """Open DeepSpeed's process group where the trainer's arguments do not: on CPUs.

    ZeRO-3 shares weights while they are loaded, before the trainer exists.
    """
    if config.sharding == "zero3" and not torch.cuda.is_available():
        import deepspeed

        deepspeed.init_distributed("gloo")


def _parallelism(config: TrainingConfig) -> Any:
    """Return accelerate's description of the processes that share one text.

    Raises:
        TrainingError: the processes of the launch cannot be divided in this way.
    """
    from accelerate import ParallelismConfig

    shared = config.context_parallel * config.sequence_parallel
    if n_launched() % shared:
        raise TrainingError(
            f"training: expected a number of processes that {shared} divides, found"
            f" {n_launched()}; change context_parallel, sequence_parallel or --num_processes"
        )
    rest = n_launched() // shared
    if config.sequence_parallel > 1:
        return ParallelismConfig(
            sp_size=config.sequence_parallel, sp_backend="deepspeed", dp_replicate_size=rest
        )
    return ParallelismConfig(cp_size=config.context_parallel, dp_shard_size=rest)


def require_shardable(sharding: str) -> None:
    """Check, before a model is loaded, that accelerate shards the processes of this launch.

    Raises:
        TrainingError: FSDP2 on CPUs, or without a launcher.
    """
    from accelerate import DistributedType, PartialState

    whole = (DistributedType.NO, DistributedType.MULTI_CPU)
    if sharding == "fsdp2" and PartialState().distributed_type in whole:
        raise _not_sharded(sharding, "none")


def _not_sharded(expected: str, found: str) -> TrainingError:
    return TrainingError(
        f"training.sharding: expected {expected}, found {found}: accelerate shards on GPUs only,"
        " and FSDP only under a launcher; start with `accelerate launch` on GPUs, or set"
        " training.sharding=none"
    )


def require_sharded(trainer: Any, sharding: str) -> None:
    """Check, when training begins, that the model is sharded as the recipe asks.

    Raises:
        TrainingError: it is not.
    """
    found = "none"
    wrapped = trainer.model_wrapped
    if hasattr(wrapped, "zero_optimization_stage"):
        found = f"zero{wrapped.zero_optimization_stage()}"
    elif _is_fsdp2(trainer.model):
        found = "fsdp2"
    if sharding != found:
        raise _not_sharded(sharding, found)


def _is_fsdp2(model: Any) -> bool:
    from torch.distributed.fsdp import FSDPModule

    return isinstance(model, FSDPModule)


def whole_weights(trainer: Any) -> dict[str, Tensor] | None:
    """Return all weights by name if each process has a share of each; None if it has all.

    Every process calls this; only the first one receives weights.
    """
    stage = getattr(trainer.model_wrapped, "zero_optimization_stage", lambda: 0)()
    if stage != 3 and not _is_fsdp2(trainer.model):
        return None
    found: dict[str, Tensor] = trainer.accelerator.get_state_dict(trainer.model_wrapped) or {}
    return {name.replace("_checkpoint_wrapped_module.", ""): found[name] for name in found}


def whole_tensor(tensor: Tensor) -> Tensor:
    """Return a tensor of which FSDP2 gives each process a share; every process calls this."""
    from torch.distributed.tensor import DTensor

    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor
