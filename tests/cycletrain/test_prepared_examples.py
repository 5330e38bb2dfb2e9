"""Examples are made once per build, tokenizer and settings; held-back papers are measured."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import ValidationError

from cycledata.llm.chat import Completion
from cycletrain import held_back_reviews, prepared_examples
from cycletrain.checkpoints import load_tokenizer
from cycletrain.config import SftConfig
from cycletrain.config_tables import AdapterConfig, ModelConfig, TrainingConfig
from cycletrain.held_back_reviews import HeldBackReviews
from cycletrain.prepared_examples import prepare
from tests.cycletrain.conftest import make_build, rating_columns, review_messages


def config_of(build: Path, model: Path, out: Path, **changes: Any) -> SftConfig:
    training = {"context_tokens": 400, "learning_rate": 1e-3, "batch_size": 2, "max_steps": 2}
    return SftConfig(
        build=build,
        out=out,
        role="reviewer",
        model=ModelConfig(path=str(model), dtype="float32"),
        adapter=AdapterConfig(kind="lora", rank=2),
        training=TrainingConfig.model_validate({**training, **changes.pop("training", {})}),
        **changes,
    )


def test_a_second_start_reads_the_file_of_the_first(
    review_build: Path, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = config_of(review_build, tiny_model, tmp_path)
    tokenizer = load_tokenizer(config.model)
    first = prepare(config, tokenizer, cache=tmp_path / "cache")
    rows = [dict(row) for row in first.train]

    def forbidden(*_: Any) -> None:
        raise AssertionError

    monkeypatch.setattr(prepared_examples, "encode_chat", forbidden)
    second = prepare(config, tokenizer, cache=tmp_path / "cache")
    assert [dict(row) for row in second.train] == rows
    assert second.counts == first.counts
    with pytest.raises(AssertionError):
        prepare(config.model_copy(update={"seed": 1}), tokenizer, cache=tmp_path / "cache")
    # A killed or failed start leaves nothing that looks finished.
    assert len([path for path in (tmp_path / "cache").iterdir() if path.is_dir()]) == 1


def test_held_back_papers_are_measured_and_not_trained_on(
    review_build: Path, tiny_model: Path, tmp_path: Path
) -> None:
    from cycletrain.jobs import sft

    held = {"share": 0.5, "every": 1, "n_reviewed": 1, "max_tokens": 8}
    record = sft.run(config_of(review_build, tiny_model, tmp_path, validation=held))
    assert record.counts["held_back"] == record.counts["examples"] == 2
    assert record.metrics["eval_loss"] > 0
    assert record.metrics["eval_unreadable_share"] == 1  # an untrained model writes no review
    names = {curve.name: curve.x for curve in record.curves}
    assert names["eval-loss"] == (1.0, 2.0)
    assert len(record.samples) == 1
    assert json.loads((tmp_path / "record.json").read_text())["samples"][0]["text"]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("0", {"eval_unreadable_share": 0, "eval_proxy_mse": 4}),
        ("2.5", {"eval_unreadable_share": 0, "eval_proxy_mse": 0.25}),
        ("6", {"eval_unreadable_share": 1}),
    ],
)
def test_held_back_reviews_are_read_on_the_scale_of_the_venue(
    text: str, values: dict[str, float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """People gave 0 and 4, on a scale from 0 to 5; a model's 6 is not on it."""
    chats = {"p": review_messages("graphs", (3, 5))}
    build = make_build(tmp_path / "b", "review-5k", chats, {"p": rating_columns([0, 4], [0, 4, 5])})
    monkeypatch.setattr("cycletrain.held_back_reviews.held_back", lambda _, ids: set(ids))
    reviews = HeldBackReviews.of(
        config_of(build, tmp_path, tmp_path, validation={"share": 0.5, "n_reviewed": 1})
    )
    completion = Completion(f"## Reviewer\n\n### Rating\n\n{text}\n", "stop")
    generator = SimpleNamespace(complete=lambda *_: [completion])
    monkeypatch.setattr(held_back_reviews, "TransformersGenerator", lambda *_, **__: generator)
    assert reviews.measure(None, None) == values


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"training": {"context_parallel": 2}}, "context_parallel needs sharding fsdp2"),
        ({"training": {"sequence_parallel": 2}}, "sequence_parallel needs sharding zero2"),
        ({"validation": {"n_reviewed": 1}}, "needs held-back papers"),
        (
            {"training": {"sharding": "fsdp2"}, "validation": {"share": 0.5, "n_reviewed": 1}},
            "whose weights each process has",
        ),
    ],
    ids=["context", "sequence", "no-papers", "shared-weights"],
)
def test_settings_that_exclude_each_other_are_refused(
    tmp_path: Path, changes: Any, message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        config_of(tmp_path, tmp_path, tmp_path, **changes)
