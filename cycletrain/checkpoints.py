"""Models and tokenizers from disk or the hub, whole or as an adapter on a base."""

import os
from pathlib import Path
from typing import Any

from cycledata.errors import ParseError
from cycletrain.config import ModelConfig

ADAPTER_CONFIG = "adapter_config.json"


def is_adapter(config: ModelConfig) -> bool:
    """Whether the path is a folder with an adapter of peft."""
    return (Path(config.path) / ADAPTER_CONFIG).is_file()


def load_tokenizer(config: ModelConfig) -> Any:
    """The tokenizer saved beside a model or an adapter, with the recipe's chat template.

    Raises:
        ParseError: see ``_pinned``; or ``tokenizer``, where it cannot tell where a token stands.
    """
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(config.path, **_pinned(config))
    if not tokenizer.is_fast:
        raise ParseError("tokenizer", f"{config.path}: expected a fast tokenizer; convert it first")
    if config.chat_template is not None:
        tokenizer.chat_template = config.chat_template.read_text(encoding="utf-8")
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def load_model(config: ModelConfig, *, trainable: bool = False) -> Any:
    """A causal model; an adapter is merged into its base, or kept apart where it is to train.

    The model is placed on this process's GPU where there is one.

    Raises:
        ParseError: ``unpinned-model``, a hub id without a revision.
    """
    import torch
    from transformers import AutoModelForCausalLM

    gpu = f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
    place = gpu if torch.cuda.is_available() else "cpu"
    dtype = getattr(torch, config.dtype)
    if not is_adapter(config):
        model: Any = AutoModelForCausalLM.from_pretrained(
            config.path, dtype=dtype, **_pinned(config)
        )
        return model.to(place)
    from peft import PeftConfig, PeftModel

    base = PeftConfig.from_pretrained(config.path)
    model = AutoModelForCausalLM.from_pretrained(
        base.base_model_name_or_path, dtype=dtype, revision=base.revision
    )
    wrapped = PeftModel.from_pretrained(model.to(place), config.path, is_trainable=trainable)
    return wrapped if trainable else wrapped.merge_and_unload()


def _pinned(config: ModelConfig) -> dict[str, str]:
    if Path(config.path).is_dir():
        return {}
    if config.revision is None:
        raise ParseError(
            "unpinned-model",
            f"{config.path}: expected a directory or a revision beside the hub id; name the commit",
        )
    return {"revision": config.revision}
