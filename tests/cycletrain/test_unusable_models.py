"""Folders that no library can load, and packages that are missing, are errors of one line."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from cycledata.errors import ParseError, TrainingError
from cycledata.records import Message
from cycletrain import training
from cycletrain.chat_tokens import encode_chat
from cycletrain.checkpoints import load_model, load_tokenizer
from cycletrain.config_tables import AdapterConfig, ModelConfig, TrainingConfig
from cycletrain.job_command import enough_memory
from cycletrain.memory import ModelShape

CHAT = (Message(role="user", content="a"), Message(role="assistant", content="b"))


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()


def _cut(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])


def _broken_config(folder: Path) -> None:
    (folder / "config.json").write_text('{"model_type": "llama"')


def _unknown_type(folder: Path) -> None:
    (folder / "config.json").write_text('{"model_type": "nope"}')


def _no_tokenizer(folder: Path) -> None:
    for path in folder.glob("tokenizer*"):
        path.unlink()


@pytest.mark.parametrize(
    ("damage", "load"),
    [
        (_empty, ModelShape.of),
        (_empty, load_tokenizer),
        (_cut, load_model),
        (_broken_config, load_model),
        (_unknown_type, ModelShape.of),
        (_no_tokenizer, load_tokenizer),
    ],
    ids=["empty-shape", "empty-tokenizer", "cut", "broken-config", "type", "no-tokenizer"],
)
def test_a_folder_that_cannot_be_loaded_is_an_error_of_one_line(
    tiny_model: Path,
    tmp_path: Path,
    damage: Callable[[Path], None],
    load: Callable[[ModelConfig], object],
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(tiny_model, folder)
    damage(folder)
    with pytest.raises(ParseError, match=r"cannot be loaded: .") as found:
        load(ModelConfig(path=str(folder), dtype="float32"))
    assert str(folder) in str(found.value)
    assert "\n" not in str(found.value)


def test_an_attention_that_is_unknown_is_an_error_of_one_line(tiny_model: Path) -> None:
    config = ModelConfig(path=str(tiny_model), dtype="float32", attn_implementation="warp")
    with pytest.raises(ParseError, match=r"cannot be loaded: .*warp"):
        load_model(config)


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        (None, "the tokenizer has none"),
        ("{% for x in %}", "found "),
        ("{{ raise_exception('system turns are not supported') }}", "system turns are not"),
    ],
    ids=["none", "syntax", "refuses"],
)
def test_a_template_that_cannot_render_a_chat_is_named(
    tiny_model: Path, template: str | None, reason: str
) -> None:
    tokenizer = load_tokenizer(ModelConfig(path=str(tiny_model)))
    tokenizer.chat_template = template
    with pytest.raises(ParseError, match=f"renders the roles user, assistant, but .*{reason}"):
        encode_chat(tokenizer, CHAT)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"report_to": ["clearml"]}, r"training\.report_to: .*`pip install clearml`"),
        ({"liger": True}, r"training\.liger: .*`pip install liger-kernel`"),
        ({"sharding": "zero2"}, r"training\.sharding: .*cyclekit\[deepspeed\]"),
    ],
    ids=["tracker", "liger", "deepspeed"],
)
def test_a_missing_package_is_named_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, object], message: str
) -> None:
    monkeypatch.setattr(training, "find_spec", lambda _: None)
    config = TrainingConfig.model_validate(
        {"context_tokens": 8, "learning_rate": 1e-5, "batch_size": 1, **changes}
    )
    with pytest.raises(TrainingError, match=message):
        training.trainer_settings(config, out=tmp_path, seed=0, dtype="float32")


@pytest.mark.parametrize(
    ("job", "setting"),
    [("rollout", "sampling.max_tokens"), ("detect", "window_tokens"), ("sft", "gradient_device")],
)
def test_a_lack_of_memory_outside_of_the_updates_names_what_to_lower(
    job: str, setting: str
) -> None:
    with (
        pytest.raises(TrainingError, match=rf"out of memory: CUDA is full; lower .*{setting}"),
        enough_memory(job),
    ):
        raise torch.OutOfMemoryError("CUDA is full\nMore.")


def test_a_context_beyond_the_positions_of_the_model_is_refused(tiny_model: Path) -> None:
    model = ModelConfig(path=str(tiny_model), dtype="float32")
    config = TrainingConfig(context_tokens=10**6, learning_rate=1e-5, batch_size=1)
    with pytest.raises(TrainingError, match=r"context_tokens: expected at most \d+, .*1000000"):
        training.check_memory(model, AdapterConfig(kind="lora"), config, rows_per_example=1)


def test_packed_examples_do_not_see_each_other(tiny_model: Path) -> None:
    from datasets import Dataset
    from trl.data_utils import pack_dataset
    from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

    drawn = torch.Generator().manual_seed(0)
    rows = []
    for n_tokens in (30, 50, 20, 64, 7):
        ids = torch.randint(5, 250, (n_tokens,), generator=drawn).tolist()
        rows.append({"input_ids": ids, "labels": [-100] * 4 + ids[4:]})
    packed = pack_dataset(Dataset.from_list(rows), 100, "bfd")
    assert len(packed) < len(rows)
    collate = DataCollatorForLanguageModeling(pad_token_id=0, padding_free=True)
    for attention in ("eager", "sdpa"):
        config = ModelConfig(path=str(tiny_model), dtype="float32", attn_implementation=attention)
        model = load_model(config).double()

        def total(batch: dict[str, torch.Tensor], model: torch.nn.Module = model) -> float:
            n_scored = int((batch["labels"][:, 1:] != -100).sum())
            return float(model(**batch, use_cache=False).loss.detach()) * n_scored

        alone = [
            {name: torch.tensor([row[name]]) for name in ("input_ids", "labels")} for row in rows
        ]
        expected = sum(map(total, alone))
        assert sum(total(collate([row])) for row in packed) == pytest.approx(expected, rel=1e-6)
        assert total(collate(list(packed))) == pytest.approx(expected, rel=1e-6)
