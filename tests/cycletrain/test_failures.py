"""A run whose result would be worthless fails with one line; what was good before it is kept."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import ValidationError

from cycledata import templates
from cycledata.errors import BuildError, ParseError, TrainingError
from cycledata.jsonl import read_jsonl, write_jsonl
from cycledata.llm.chat import Sampling
from cycledata.records import Message
from cycledata.templates import html_environment
from cycletrain.cards import load_card, write_model_card
from cycletrain.config import RewardConfig, RolloutConfig, SftConfig, SimpoConfig, SimpoLoss
from cycletrain.config_tables import AdapterConfig, ModelConfig, TrainingConfig
from cycletrain.jobs import iterate, reward, rollout, sft, simpo
from cycletrain.preferences import Reward, Rollout
from cycletrain.run_record import close_run, open_run, render_page


def model_at(path: Path) -> ModelConfig:
    return ModelConfig(path=str(path), dtype="float32")


def sft_config(build: Path, folder: Path, out: Path, **changes: Any) -> SftConfig:
    training = {"context_tokens": 300, "learning_rate": 1e-3, "batch_size": 2, "max_steps": 4}
    adapter = changes.pop("adapter", AdapterConfig(kind="none"))
    return SftConfig(
        build=build,
        out=out,
        role=changes.pop("role", "reviewer"),
        model=changes.pop("model", model_at(folder)),
        adapter=adapter,
        training=TrainingConfig.model_validate({**training, "log_steps": 1, **changes}),
    )


@pytest.mark.parametrize("where", ["loss", "gradient"])
def test_a_loss_or_gradient_that_is_not_finite_stops_before_the_update(
    review_build: Path,
    tiny_model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    where: str,
) -> None:
    from transformers import AutoModelForCausalLM, Trainer

    step, steps = Trainer.training_step, 0

    def broken(self: Any, model: Any, *args: Any, **kwargs: Any) -> Any:
        nonlocal steps
        loss = step(self, model, *args, **kwargs)
        steps += 1
        if steps == 3:
            if where == "loss":
                return loss * float("nan")
            next(model.parameters()).grad.fill_(float("inf"))
        return loss

    monkeypatch.setattr(Trainer, "training_step", broken)
    config = sft_config(review_build, tiny_model, tmp_path, save_steps=1)
    # checkpoint-2 has the weights that gave the value.
    with pytest.raises(TrainingError, match=rf"update 3: expected a finite {where}.*checkpoint-1"):
        sft.run(config)
    assert not (tmp_path / "model").exists()
    kept = AutoModelForCausalLM.from_pretrained(tmp_path / "trainer" / "checkpoint-1")
    assert all(bool(weight.isfinite().all()) for weight in kept.parameters())


def test_weights_that_an_update_destroyed_are_no_good_checkpoint(
    review_build: Path, tiny_model: Path, tmp_path: Path
) -> None:
    config = sft_config(review_build, tiny_model, tmp_path, save_steps=1)
    huge = config.training.model_copy(update={"learning_rate": 1e30})  # a recipe may not say so
    config = config.model_copy(update={"training": huge})
    with pytest.raises(TrainingError, match=r"update 2: .* found nan.*no good checkpoint"):
        sft.run(config)
    assert (tmp_path / "trainer" / "checkpoint-1").is_dir()


@pytest.mark.parametrize("cause", ["last update", "base"])
def test_weights_that_are_not_finite_are_not_saved(
    review_build: Path, tiny_model: Path, tmp_path: Path, cause: str
) -> None:
    from cycletrain.checkpoints import load_model, load_tokenizer

    config = sft_config(review_build, tiny_model, tmp_path / "out", max_steps=1)
    if cause == "base":  # of a token that no text has, so that the loss is finite
        model = load_model(model_at(tiny_model))
        model.get_input_embeddings().weight.data[0] = float("nan")
        model.save_pretrained(tmp_path / "base")
        load_tokenizer(model_at(tiny_model)).save_pretrained(tmp_path / "base")
        config = config.model_copy(update={"model": model_at(tmp_path / "base")})
    else:
        huge = config.training.model_copy(update={"learning_rate": float("inf")})
        config = config.model_copy(update={"training": huge})
    with pytest.raises(TrainingError, match=r"expected finite values, found .*nothing was saved"):
        sft.run(config)
    assert not (tmp_path / "out" / "model").exists()


def test_too_little_memory_names_the_settings_to_change(
    review_build: Path, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import Trainer

    def full(*_: Any, **__: Any) -> Any:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.\nMore.")

    monkeypatch.setattr(Trainer, "training_step", full)
    with pytest.raises(
        TrainingError, match=r"out of memory: .* lower training\.batch_size"
    ) as found:
        sft.run(sft_config(review_build, tiny_model, tmp_path))
    assert "\n" not in str(found.value)


def test_updates_that_bf16_would_lose_change_every_weight(
    review_build: Path, tiny_model: Path, tmp_path: Path
) -> None:
    from cycletrain.checkpoints import load_model

    model = ModelConfig(path=str(tiny_model), dtype="bfloat16")
    config = sft_config(review_build, tiny_model, tmp_path, model=model, learning_rate=5e-7)
    sft.run(config)
    before = load_model(model_at(tiny_model)).state_dict()
    after = load_model(model_at(tmp_path / "model")).state_dict()
    changed = sum(int((before[name] != after[name]).sum()) for name in before)
    assert changed > 0.5 * sum(value.numel() for value in before.values())


def test_a_role_needs_its_dataset(review_build: Path, tiny_model: Path, tmp_path: Path) -> None:
    config = sft_config(review_build, tiny_model, tmp_path / "out", role="researcher")
    with pytest.raises(
        BuildError, match="expected a build of research-14k for this job, found rev"
    ):
        sft.run(config)
    assert not (tmp_path / "out").exists()


def test_fp8_needs_frozen_weights() -> None:
    with pytest.raises(ValidationError, match="kind none freezes none"):
        AdapterConfig(kind="none", fp8=True)


def test_fp8_weights_cannot_be_sharded(tmp_path: Path) -> None:
    adapter = AdapterConfig(kind="lora", fp8=True)
    with pytest.raises(ValidationError, match="cannot share FP8 weights"):
        sft_config(tmp_path, tmp_path, tmp_path, adapter=adapter, sharding="fsdp2")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"adapter": AdapterConfig(kind="lora-ga", rank=40)}, "adapter: .*lower the rank"),
        ({"context_tokens": 20}, "full after the system turn"),
    ],
    ids=["rank", "context"],
)
def test_settings_that_do_not_fit_the_model_are_one_line(
    review_build: Path, tiny_model: Path, tmp_path: Path, changes: Any, message: str
) -> None:
    with pytest.raises(TrainingError, match=message) as found:
        sft.run(sft_config(review_build, tiny_model, tmp_path, **changes))
    assert "\n" not in str(found.value)


def test_papers_that_are_all_unreadable_are_written_and_fail(
    research_build: Path, tiny_model: Path, tmp_path: Path
) -> None:
    config = RolloutConfig(
        build=research_build,
        out=tmp_path,
        model=model_at(tiny_model),
        sampling=Sampling(temperature=0.4, max_tokens=5),
        n_samples=2,
        limit=1,
    )
    with pytest.raises(TrainingError, match=r"none of 2 papers could be read, .*plan"):
        rollout.run(config)
    assert len(list(read_jsonl(tmp_path / "rollouts.jsonl", Rollout))) == 2


def test_reviews_that_are_all_unreadable_are_written_and_fail(
    research_build: Path, tiny_model: Path, tmp_path: Path
) -> None:
    paper = Rollout(prompt_id="p", index=0, turns=(), review_text="# A paper", latex="x")
    write_jsonl(tmp_path / "papers.jsonl", [paper])
    config = RewardConfig(
        build=research_build,
        out=tmp_path / "out",
        papers=tmp_path / "papers.jsonl",
        source="tiny",
        model=model_at(tiny_model),
        sampling=Sampling(temperature=1.0, max_tokens=5),
        n_reviewers=2,
    )
    with pytest.raises(TrainingError, match=r"none of 1 papers has a reward, .*review: "):
        reward.run(config)
    assert [row.reward for row in read_jsonl(tmp_path / "out" / "rewards.jsonl", Reward)] == [None]


def test_no_pairs_are_an_error(research_build: Path, tiny_model: Path, tmp_path: Path) -> None:
    write_jsonl(tmp_path / "pairs.jsonl", [])
    config = SimpoConfig(
        build=research_build,
        out=tmp_path / "out",
        pairs=tmp_path / "pairs.jsonl",
        model=model_at(tiny_model),
        adapter=AdapterConfig(kind="lora", rank=2),
        loss=SimpoLoss(beta=2.0, gamma=0.5, nll_weight=0.1, nll_reduction="tokens"),
        training=TrainingConfig(context_tokens=100, learning_rate=1e-3, batch_size=1),
    )
    with pytest.raises(TrainingError, match="none of 0 pairs can be trained on"):
        simpo.run(config)


def test_an_empty_split_is_an_error(research_build: Path) -> None:
    with pytest.raises(BuildError, match="expected papers in split 'test'"):
        rollout.read_prompts(research_build, "test", None)


def test_the_loop_is_refused_under_a_launcher(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "8")
    with pytest.raises(TrainingError, match="expected one process, found 8; run rollout"):
        iterate.run(None)  # type: ignore[arg-type]  # refused before it is read


def test_a_trained_folder_names_its_base_and_refuses_another_template(
    review_build: Path, tiny_model: Path, tmp_path: Path
) -> None:
    from cycletrain.checkpoints import load_tokenizer, read_base

    adapter = AdapterConfig(kind="lora", rank=2)
    sft.run(sft_config(review_build, tiny_model, tmp_path, adapter=adapter, max_steps=1))
    folder = tmp_path / "model"
    base = read_base(folder)
    assert base is not None
    assert base.path == str(tiny_model)
    load_tokenizer(model_at(folder))
    other = ModelConfig(path=str(folder), dtype="float32", chat_template=Path("mistral.jinja"))
    with pytest.raises(ParseError, match="expected the chat template that it was trained with"):
        load_tokenizer(other)
    table = (folder / "tokenizer.json").read_text(encoding="utf-8")
    (folder / "tokenizer.json").write_text(table.replace('"<|end|>"', '"<|END|>"'), "utf-8")
    with pytest.raises(ParseError, match="expected the tokenizer that it was trained with"):
        load_tokenizer(model_at(folder))


def test_the_commit_of_a_base_travels_with_its_adapter(tiny_model: Path, tmp_path: Path) -> None:
    from cycletrain.adapter_start import _with_adapter
    from cycletrain.checkpoints import base_of, load_model

    config = ModelConfig(path="org/base", revision="c" * 40)
    adapter = AdapterConfig(kind="lora", rank=2)
    model = _with_adapter(
        load_model(model_at(tiny_model)), config, adapter, [], pad=0, start=tmp_path / "s", seed=0
    )
    model.save_pretrained(str(tmp_path))
    text = (tmp_path / "adapter_config.json").read_text(encoding="utf-8")
    (tmp_path / "adapter_config.json").write_text(
        text.replace(str(tiny_model), "org/base"), "utf-8"
    )
    base = base_of(model_at(tmp_path))
    assert (base.path, base.revision) == ("org/base", "c" * 40)
    text = text.replace(str(tiny_model), "org/base").replace(f'"{"c" * 40}"', "null")
    (tmp_path / "adapter_config.json").write_text(text, "utf-8")
    with pytest.raises(ParseError, match="unpinned-model: org/base"):
        base_of(model_at(tmp_path))


def test_templates_are_found_in_the_installed_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cycletrain.checkpoints import read_template

    monkeypatch.chdir(tmp_path)
    assert "[INST]" in read_template(Path("mistral.jinja"))
    with pytest.raises(ParseError, match=r"chat-template: other\.jinja: expected a Jinja file"):
        read_template(Path("other.jinja"))


def test_a_prompt_id_of_another_build_is_refused(research_build: Path, tmp_path: Path) -> None:
    from cycletrain.jobs.pairs import write_pairs

    turns = (Message(role="assistant", content="x"),)
    foreign = Rollout(prompt_id="other", index=0, turns=turns, review_text="x", latex="x")
    with pytest.raises(TrainingError, match="other and 0 others are not prompts of the build"):
        write_pairs(
            tmp_path, dict(rollout.read_prompts(research_build, "train", None)), [foreign], []
        )


def test_an_installation_that_changes_during_a_run_does_not_end_it(
    review_build: Path, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for read_once in (html_environment, templates._cards, load_card):
        read_once.cache_clear()
    config = sft_config(review_build, tiny_model, tmp_path)
    record = open_run("sft", config)

    def gone(*_: object) -> Any:
        raise AssertionError("read after the start of the run")

    monkeypatch.setattr("jinja2.PackageLoader.get_source", gone)
    monkeypatch.setattr("jinja2.FileSystemLoader.get_source", gone)
    monkeypatch.setattr("cycletrain.cards.cards_folder", gone)
    (tmp_path / "model").mkdir()
    write_model_card(
        tmp_path / "model", record, role="reviewer", model=config.model, adapter=config.adapter
    )
    audit = record.model_copy(update={"metrics": {"loss": 1.0}})
    assert "loss" in render_page(close_run(tmp_path, audit))
    assert (tmp_path / "model" / "LICENSE.md").stat().st_size > 0


def test_what_a_tracker_prints_is_not_in_the_result(
    research_build: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    from cycletrain.job_command import run_job

    recipe = tmp_path / "pairs.toml"
    recipe.write_text(
        f'build = "{research_build}"\nout = "{tmp_path / "out"}"\nrollouts = "a"\nrewards = "b"\n',
        encoding="utf-8",
    )

    def run(config: Any) -> Any:
        sys.stdout.write("* Trackio project initialized\n")
        return open_run("pairs", config)

    monkeypatch.setattr("cycletrain.jobs.pairs.run", run)
    run_job("pairs", str(recipe), None, as_json=True)
    shown = capsys.readouterr()
    assert json.loads(shown.out)["job"] == "pairs"
    assert "Trackio" in shown.err


def test_no_bar_of_a_library_is_among_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    from cycletrain.job_command import log_to_stderr

    monkeypatch.delenv("HF_DATASETS_DISABLE_PROGRESS_BARS", raising=False)
    log_to_stderr()
    code = "import datasets; print(datasets.are_progress_bars_disabled())"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "True\n"
