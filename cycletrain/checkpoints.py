"""Models and tokenizers from disk or the hub, whole or as an adapter on a base.

A trained folder names the commit of its base and the digests of its tokenizer and chat template in
``base.json``. Every later stage checks them, so that no stage continues on another base.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from cycledata.errors import ParseError
from cycledata.files import sha256_bytes, write_file
from cycledata.records import Record, first_problem
from cycletrain.config_tables import ModelConfig

ADAPTER_CONFIG = "adapter_config.json"
BASE = "base.json"


class BaseIdentity(Record):
    """What a trained folder was trained from."""

    path: str
    """Directory or hub id of the base model."""
    revision: str | None
    """Commit of a hub id; None for a directory."""
    tokenizer_sha256: str
    """Digest of the tokenizer's model, vocabulary and added tokens."""
    chat_template_sha256: str | None
    """Digest of the chat template; None without one."""


def is_adapter(config: ModelConfig) -> bool:
    """Return whether the path is a folder with an adapter of peft."""
    return (Path(config.path) / ADAPTER_CONFIG).is_file()


def base_of(config: ModelConfig) -> ModelConfig:
    """Return the model that an adapter belongs to, or the model itself if it is not an adapter.

    Raises:
        ParseError: ``unpinned-model``, a hub id without a commit.
    """
    if not is_adapter(config):
        _pinned(config)
        return config
    from peft import PeftConfig

    with readable(config):
        adapter = PeftConfig.from_pretrained(config.path)
    base = config.model_copy(
        update={"path": str(adapter.base_model_name_or_path), "revision": adapter.revision}
    )
    _pinned(base)
    return base


def require_pinned(*models: ModelConfig) -> None:
    """Check, before work begins, that models that a later stage loads are folders or commits.

    Raises:
        ParseError: ``unpinned-model``, a hub id without a commit, or a folder that does not exist.
    """
    for model in models:
        if not model.is_endpoint:
            base_of(model)


@contextmanager
def readable(config: ModelConfig) -> Iterator[None]:
    """Turn what libraries raise about an unusable folder or setting into an expected error."""
    import torch
    from safetensors import SafetensorError

    try:
        yield
    except torch.OutOfMemoryError:
        raise
    except (OSError, ValueError, ImportError, RuntimeError, KeyError, SafetensorError) as error:
        reason = next((line for line in str(error).splitlines() if line.strip()), repr(error))
        raise ParseError("model", f"{config.path}: cannot be loaded: {reason[:300]}") from error


def load_tokenizer(config: ModelConfig) -> Any:
    """Load the tokenizer saved beside a model or an adapter, with the recipe's chat template.

    Raises:
        ParseError: ``unpinned-model``, a hub id without a commit; ``model``, a folder that
            transformers cannot load; ``tokenizer``, a slow tokenizer, which cannot give the
            offsets of tokens; ``changed-base``, not the tokenizer or the template that the weights
            were trained with.
    """
    from transformers import AutoTokenizer

    pinned = _pinned(config)
    with readable(config):
        tokenizer: Any = AutoTokenizer.from_pretrained(config.path, **pinned)
    if not tokenizer.is_fast:
        raise ParseError("tokenizer", f"{config.path}: expected a fast tokenizer; convert it first")
    if config.chat_template is not None:
        tokenizer.chat_template = read_template(config.chat_template)
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    _check_base(config, tokenizer)
    return tokenizer


def read_template(path: Path) -> str:
    """Read a chat template: a file, or one that this package ships, by its name.

    Raises:
        ParseError: ``chat-template``, neither exists.
    """
    return find_template(path).read_text(encoding="utf-8")


def find_template(path: Path) -> Path:
    """Return the file of a chat template; see ``read_template``.

    Raises:
        ParseError: ``chat-template``, neither exists.
    """
    if path.is_file():
        return path
    shipped = Path(__file__).parent / "recipes" / path.name
    if path.parent == Path() and shipped.is_file():
        return shipped
    raise ParseError("chat-template", f"{path}: expected a Jinja file, found none")


def load_model(config: ModelConfig, *, trainable: bool = False, place: str | None = None) -> Any:
    """Load a causal model; an adapter is merged into its base, or kept apart if it is to train.

    Args:
        config: model or adapter.
        trainable: keep an adapter apart and train it.
        place: device; None for this process's GPU, or the CPU if there is none.

    Raises:
        ParseError: ``unpinned-model``, a hub id without a commit; ``model``, a folder or an
            attention that transformers cannot load.
    """
    import torch
    from transformers import AutoModelForCausalLM

    base = base_of(config)
    settings: dict[str, Any] = {"dtype": getattr(torch, config.dtype), **_pinned(base)}
    if config.attn_implementation is not None:
        settings["attn_implementation"] = config.attn_implementation
    with readable(base):
        model: Any = AutoModelForCausalLM.from_pretrained(base.path, **settings)
    model = model.to(place or device())
    if not is_adapter(config):
        return model
    from peft import PeftModel

    with readable(config):
        wrapped = PeftModel.from_pretrained(model, config.path, is_trainable=trainable)
    return wrapped if trainable else wrapped.merge_and_unload()


def load_without_weights(config: ModelConfig) -> Any:
    """Return a model, or an adapter on one, whose weights have shapes and types but no values.

    It is for a process that receives its share of the weights from another one. Buffers are real.

    Raises:
        ParseError: ``unpinned-model``, a hub id without a commit.
    """
    import torch
    from accelerate import init_empty_weights
    from transformers import AutoConfig, AutoModelForCausalLM

    base = base_of(config)
    shape: Any = AutoConfig.from_pretrained(base.path, **_pinned(base))
    settings: dict[str, Any] = {"dtype": getattr(torch, config.dtype)}
    if config.attn_implementation is not None:
        settings["attn_implementation"] = config.attn_implementation
    with init_empty_weights(include_buffers=False):
        model: Any = AutoModelForCausalLM.from_config(  # type: ignore[no-untyped-call]  # untyped
            shape, **settings
        )
    if not is_adapter(config):
        return model
    from peft import PeftConfig, get_peft_model

    adapter: Any = PeftConfig.from_pretrained(config.path)
    adapter.inference_mode = False
    return get_peft_model(model, adapter)


def device() -> str:
    """Return this process's GPU, or ``cpu`` if there is none."""
    import torch

    gpu = f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
    return gpu if torch.cuda.is_available() else "cpu"


def save_base(folder: Path, config: ModelConfig, tokenizer: Any) -> None:
    """Write ``base.json`` into a folder of trained weights.

    Args:
        folder: of the weights.
        config: the model that training started from.
        tokenizer: as used in training.
    """
    base = base_of(config)
    identity = BaseIdentity(
        path=base.path,
        revision=base.revision,
        tokenizer_sha256=tokenizer_sha256(tokenizer),
        chat_template_sha256=_sha256(tokenizer.chat_template),
    )
    write_file(folder / BASE, identity.model_dump_json(indent=1) + "\n")


def read_base(folder: Path) -> BaseIdentity | None:
    """Read ``base.json`` of a trained folder; None if the folder has none.

    Raises:
        ParseError: ``base``, an unreadable file.
    """
    path = folder / BASE
    if not path.is_file():
        return None
    try:
        return BaseIdentity.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise ParseError("base", f"{path}: {first_problem(error)}") from error


def tokenizer_sha256(tokenizer: Any) -> str:
    """Return a digest of everything that decides how text becomes tokens."""
    table = json.loads(tokenizer.backend_tokenizer.to_str())
    kept = {key: table.get(key) for key in ("model", "added_tokens", "normalizer", "pre_tokenizer")}
    return sha256_bytes(json.dumps(kept, sort_keys=True).encode())


def _check_base(config: ModelConfig, tokenizer: Any) -> None:
    identity = read_base(Path(config.path))
    if identity is None:
        return
    found = {
        "tokenizer": (identity.tokenizer_sha256, tokenizer_sha256(tokenizer)),
        "chat template": (identity.chat_template_sha256, _sha256(tokenizer.chat_template)),
    }
    for name, (expected, actual) in found.items():
        if expected != actual:
            raise ParseError(
                "changed-base",
                f"{config.path}: expected the {name} that it was trained with"
                f" (sha256 {str(expected)[:12]}), found {str(actual)[:12]}; restore the folder, and"
                " name no other chat_template",
            )
    if is_adapter(config) and base_of(config).revision != identity.revision:
        raise ParseError(
            "changed-base",
            f"{config.path}: expected the base at {identity.revision}, found"
            f" {base_of(config).revision} in {ADAPTER_CONFIG}; restore the folder",
        )


def _sha256(template: str | None) -> str | None:
    return None if template is None else sha256_bytes(template.encode())


def _pinned(config: ModelConfig) -> dict[str, str]:
    if Path(config.path).is_dir():
        return {}
    if config.revision is None:
        raise ParseError(
            "unpinned-model",
            f"{config.path}: expected a directory, or a hub id with a revision; name the commit",
        )
    return {"revision": config.revision}
