"""GRPO on a tiny model whose papers and reviews are scripted: what TRL gets, kills, the audit."""

import html
import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from cycledata import jsonl
from cycledata.errors import ParseError, TrainingError
from cycledata.jsonl import read_jsonl
from cycledata.llm.chat import Sampling
from cycletrain.loop_config import AuditConfig, ControlsConfig, GrpoConfig
from cycletrain.preferences import Reward, Rollout
from cycletrain.reward_controls import shape_rewards
from tests.cycletrain.conftest import Killed, KillSwitch, ScriptedModel, loop_table, model_at


def grpo_config(build: Path, model: Path, out: Path, **changes: Any) -> GrpoConfig:
    table = loop_table(build, model, out, batch_size=3, max_steps=4, save_steps=2)
    return GrpoConfig.model_validate(table | changes)


ROOT = Path(__file__).parents[2]


@pytest.fixture
def writer(scripted: ScriptedModel, monkeypatch: pytest.MonkeyPatch) -> ScriptedModel:
    """The model in training also answers as scripted."""
    from cycletrain.jobs import grpo

    monkeypatch.setattr(grpo, "TransformersGenerator", lambda *_, **__: scripted)
    return scripted


@pytest.fixture
def advantages(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Inputs of every loss that TRL computes."""
    from trl.trainer.grpo_trainer import GRPOTrainer

    seen: list[Any] = []
    real: Any = GRPOTrainer._compute_loss

    def compute(self: Any, model: Any, inputs: Any) -> Any:
        seen.append(inputs)
        return real(self, model, inputs)

    monkeypatch.setattr(GRPOTrainer, "_compute_loss", compute)
    return seen


def test_papers_without_a_reward_are_left_out_of_their_group(
    research_build: Path, tiny_model: Path, tmp_path: Path, writer: Any, advantages: list[Any]
) -> None:
    import torch

    from cycletrain.jobs import grpo

    config = grpo_config(research_build, tiny_model, tmp_path)
    record = grpo.run(config)
    assert record.counts["generations"] == record.metrics["updates"] == len(advantages) == 4
    assert record.counts["papers"] == 12
    unreadable = record.counts["papers_unreadable"]
    assert 0 < unreadable == record.counts["papers"] - record.counts["papers_rewarded"]
    for number, inputs in enumerate(advantages, start=1):
        rows = list(read_jsonl(grpo.generation_folder(config, number) / "rewards.jsonl", Reward))
        assert len({row.prompt_id for row in rows}) == 1
        rewards = torch.tensor([row.reward for row in rows if row.reward is not None])
        spread = rewards.std() + 1e-4 if len(rewards) > 1 else 1.0
        found = sorted(inputs["advantages"].tolist())
        n_zero = sum(row.reward is None for row in rows)
        expected = sorted([*((rewards - rewards.mean()) / spread).tolist(), *[0.0] * n_zero])
        assert found == pytest.approx(expected, abs=1e-3)
    assert (tmp_path / "model" / "adapter_model.safetensors").is_file()
    n_asked = len(writer.asked)
    assert grpo.run(config) == record
    assert len(writer.asked) == n_asked


def test_only_the_policys_own_turns_are_trained(
    research_build: Path, tiny_model: Path, tmp_path: Path, writer: Any, advantages: list[Any]
) -> None:
    from cycletrain.checkpoints import load_tokenizer
    from cycletrain.jobs import grpo

    config = grpo_config(research_build, tiny_model, tmp_path)
    grpo.run(config)
    tokenizer = load_tokenizer(config.policy)
    rollouts = list(read_jsonl(grpo.generation_folder(config, 1) / "rollouts.jsonl", Rollout))
    own = {
        "".join(turn.content for turn in rollout.turns if turn.role == "assistant")
        for rollout in rollouts
    }
    inputs = advantages[0]
    mask = inputs["completion_mask"] * inputs["tool_mask"]
    texts = set()
    for ids, kept in zip(inputs["completion_ids"], mask, strict=True):
        text = tokenizer.decode(ids[kept.bool()], skip_special_tokens=True)
        texts.add(re.sub(r"\n*$", "", text))
        assert "Experimental_results" not in text
    assert {text.replace("\n", "") for text in texts} == {text.replace("\n", "") for text in own}


@pytest.mark.parametrize("updates", [1, 2], ids=["one-update", "two-updates"])
def test_a_killed_run_ends_in_the_same_weights(
    updates: int, research_build: Path, tiny_model: Path, tmp_path: Path, writer: Any,
    kill_switch: KillSwitch,
) -> None:  # fmt: skip
    from transformers import Trainer

    from cycledata.llm import recorded
    from cycletrain.jobs import grpo

    # The last generations are of a second pass over the three prompts.
    training = {"context_tokens": 500, "learning_rate": 1e-3, "batch_size": 3, "log_steps": 1}
    training |= {"max_steps": 4, "save_steps": updates}
    audit = AuditConfig(n_prompts=1, n_samples=2, n_edited=2)

    def run(out: Path) -> None:
        changes = {"audit": audit, "updates_per_generation": updates, "training": training}
        grpo.run(grpo_config(research_build, tiny_model, out, **changes))

    run(tmp_path / "whole")
    kill_switch.watch(
        (jsonl, "replace_file"),
        (recorded, "append_jsonl"),
        (grpo, "save_trained"),
        (Trainer, "training_step"),
    )
    kills = 0
    while True:
        kill_switch.set(5 + 4 * kills)
        try:
            run(tmp_path / "killed")
            break
        except Killed:
            kills += 1
    assert kills >= 3
    for path in (
        "model/adapter_model.safetensors",
        f"generations/{4 // updates:05}/rewards.jsonl",
        "audit/before/rewards.jsonl",
    ):
        assert (tmp_path / "killed" / path).read_bytes() == (tmp_path / "whole" / path).read_bytes()


def as_toml(table: dict[str, Any], name: str = "") -> str:
    """Return a recipe with these keys."""
    rows = [f"[{name}]"] if name else []
    tables = {key: value for key, value in table.items() if isinstance(value, dict)}
    rows += [
        f"{key} = {json.dumps(value)}"
        for key, value in table.items()
        if key not in tables and value is not None
    ]
    prefix = f"{name}." if name else ""
    rows += [as_toml(value, f"{prefix}{key}") for key, value in tables.items()]
    return "\n".join(rows) + "\n"


def test_signals_at_every_moment_leave_a_run_that_ends_in_the_same_files(
    research_build: Path, tiny_model: Path, held_out_model: Path, tmp_path: Path
) -> None:
    audit = AuditConfig(n_prompts=1, n_samples=2, n_edited=2, reviewer=model_at(held_out_model))
    config = grpo_config(research_build, tiny_model, tmp_path / "whole", audit=audit)
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(
        as_toml(config.model_dump(mode="json", exclude_defaults=True)), encoding="utf-8"
    )
    moments = [
        "generation",
        "optimizer",
        "checkpoint-weights",
        "checkpoint-optimizer",
        "checkpoint-state",
        "term",
        "weights",
        "audit",
        "review",
    ]

    paths = (recipe, config.out, tmp_path / "killed")
    command = [sys.executable, "-m", "tests.cycletrain.killed_grpo", *map(str, paths), *moments]
    killed = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    codes = [int(line[5:]) for line in killed.stdout.splitlines() if line.startswith("exit ")]
    expected = [130 if moment == "term" else -signal.SIGKILL for moment in moments]
    assert codes == [0, *expected, 0]
    assert "run the same command again to resume" in killed.stderr
    names = sorted(
        path.relative_to(config.out)
        for path in config.out.rglob("*")
        if path.suffix in {".jsonl", ".safetensors"} and "trainer" not in path.parts
    )
    assert len(names) > 20
    for name in names:
        assert (tmp_path / "killed" / name).read_bytes() == (config.out / name).read_bytes(), name


def test_the_audit_is_in_the_record_and_on_the_page(
    research_build: Path, tiny_model: Path, held_out_model: Path, tmp_path: Path, writer: Any
) -> None:
    from cycletrain.jobs import grpo

    audit = AuditConfig(reviewer=model_at(held_out_model), n_prompts=2, n_samples=4, n_edited=3)
    controls = ControlsConfig(reviewers=(model_at(tiny_model),), human_range=(5.0, 6.0))
    training = {"context_tokens": 500, "learning_rate": 1e-3, "batch_size": 3, "max_steps": 1}
    changes = {"audit": audit, "controls": controls, "training": training}
    record = grpo.run(grpo_config(research_build, tiny_model, tmp_path, **changes))
    assert record.audit is not None
    assert record.audit.n_prompts == 2
    assert record.audit.reward is not None
    assert record.metrics["audit_reward_gain"] == record.audit.reward.difference
    assert record.audit.held_out is not None
    edits = record.audit.edits
    assert {effect.kind for effect in edits} - {"wording"} == set(audit.claims)
    assert all((effect.n_papers == 0) == (effect.change is None) for effect in edits)
    assert all(0 < effect.n_papers + effect.n_unreadable <= audit.n_edited for effect in edits)
    assert [row.label for row in record.audit.diversity] == ["generation 1", "before", "after"]
    assert {"audit-best-of-n-before", "audit-best-of-n-after"} <= {
        curve.name for curve in record.curves
    }
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert record.audit.verdict.sentence in html.unescape(page)
    assert "inserted: We prove that training converges." in page
    trained_on = {
        row.prompt_id
        for row in read_jsonl(tmp_path / "generations" / "00001" / "rollouts.jsonl", Rollout)
    }
    audited = {
        row.prompt_id
        for row in read_jsonl(tmp_path / "audit" / "before" / "rollouts.jsonl", Rollout)
    }
    assert not trained_on & audited
    second = tmp_path / "generations" / "00001" / "reviewer-2" / "rewards.jsonl"
    assert len(list(read_jsonl(second, Reward))) == 3


def test_every_weight_moves_without_an_adapter_and_with_the_kl_term(
    research_build: Path, tiny_model: Path, tmp_path: Path, writer: Any
) -> None:
    from cycletrain.checkpoints import load_model
    from cycletrain.jobs import grpo

    training = {"context_tokens": 500, "learning_rate": 1e-3, "batch_size": 3, "max_steps": 2}
    changes = {"adapter": {"kind": "none"}, "loss": {"kl_weight": 0.1}, "training": training}
    record = grpo.run(grpo_config(research_build, tiny_model, tmp_path, **changes))
    assert record.metrics["kl"] >= 0
    before = load_model(model_at(tiny_model)).state_dict()
    after = load_model(model_at(tmp_path / "model")).state_dict()
    assert [name for name in before if before[name].equal(after[name])] == []


def test_a_policy_of_another_backend_is_saved_for_each_generation(
    research_build: Path, tiny_model: Path, tmp_path: Path, writer: ScriptedModel,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    from cycletrain import servers
    from cycletrain.jobs import grpo

    served: list[str] = []

    def open_saved(config: Any) -> ScriptedModel:
        served.append(config.path)
        assert (Path(config.path) / "adapter_model.safetensors").is_file() or config.path == first
        return writer

    first = str(tiny_model)
    training = {"context_tokens": 500, "learning_rate": 1e-3, "batch_size": 3, "max_steps": 1}
    inside = grpo_config(research_build, tiny_model, tmp_path / "inside", training=training)
    grpo.run(inside)
    policy = inside.policy.model_copy(update={"backend": "vllm"})
    outside = inside.model_copy(update={"out": tmp_path / "outside", "policy": policy})
    monkeypatch.setattr(servers, "open_generator", open_saved)
    grpo.run(outside)
    saved = grpo.generation_folder(outside, 1) / "policy"
    assert served == [str(saved), first]
    assert not saved.exists()
    weights = "model/adapter_model.safetensors"
    assert (inside.out / weights).read_bytes() == (outside.out / weights).read_bytes()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_samples": 4}, "expected a multiple of n_samples 4, found 3"),
        ({"updates_per_generation": 3}, "expected a multiple of updates_per_generation 3"),
        ({"writing": Sampling(temperature=0, max_tokens=9)}, "expected more than 0"),
        ({"adapter": {"kind": "lora-ga"}}, "expected lora or none"),
        ({"audit": {"claims": ["We prove it.", "We prove it."]}}, "expected different sentences"),
        ({"audit": {"claims": [" "]}}, "expected different sentences of one line, found ' '"),
        ({"audit": {"reviewer": model_at(Path("m"))}}, "expected a reviewer that gives no reward"),
    ],
    ids=["group", "checkpoint", "temperature", "adapter", "twice", "blank", "same-reviewer"],
)
def test_recipes_that_cannot_work_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        grpo_config(Path("b"), Path("m"), Path("o"), **changes)


def test_too_few_prompts_are_refused_before_a_model_is_loaded(
    research_build: Path, tiny_model: Path, tmp_path: Path, scripted: ScriptedModel
) -> None:
    from cycletrain.jobs import grpo

    for n_prompts, message in ((4, "expected less than 4 prompts"), (3, "expected at least 2")):
        config = grpo_config(
            research_build,
            tiny_model,
            tmp_path / str(n_prompts),
            audit=AuditConfig(n_prompts=n_prompts),
            updates_per_generation=2,
        )
        with pytest.raises(TrainingError, match=message):
            grpo.run(config)
    assert scripted.asked == []


def test_models_and_ranges_are_checked_before_anything_is_written(
    research_build: Path, tiny_model: Path, tmp_path: Path, scripted: ScriptedModel
) -> None:
    from cycletrain.jobs import grpo

    missing = model_at(tmp_path / "missing")
    for changes, message in (
        ({"controls": {"reviewers": (missing,)}}, "missing"),
        ({"audit": {"reviewer": missing, "n_prompts": 1}}, "missing"),
        ({"controls": {"human_range": (30, 80)}}, "expected a part of 1 to 10"),
    ):
        out = tmp_path / "out"
        with pytest.raises((TrainingError, ParseError), match=message):
            grpo.run(grpo_config(research_build, tiny_model, out, **changes))
        assert not out.exists()
    assert scripted.asked == []


def paper(n_characters: int, index: int = 0) -> Rollout:
    return Rollout(prompt_id="p", index=index, turns=(), review_text="x" * n_characters, latex=None)


def reward(value: float | None, index: int = 0) -> Reward:
    return Reward(
        prompt_id="p",
        index=index,
        reward=value,
        text="review",
        unreadable=None if value is not None else "review: x",
    )


@pytest.mark.parametrize(
    ("controls", "expected"),
    [
        (ControlsConfig(), [9.0, 2.0]),
        (ControlsConfig(human_range=(3, 8)), [8.0, 3.0]),
        (ControlsConfig(length_penalty=0.5, length_limit=1000), [8.0, 2.0]),
    ],
    ids=["off", "range", "length"],
)
def test_controls_change_the_reward_and_nothing_else(
    controls: ControlsConfig, expected: list[float]
) -> None:
    papers, rewards = [paper(3000), paper(500, 1)], [reward(9.0), reward(2.0, 1)]
    shaped = shape_rewards(papers, [rewards], controls)
    assert [row.reward for row in shaped] == expected
    assert [row.text for row in shaped] == ["review", "review"]


def test_the_mean_of_several_reviewers_needs_all_of_them() -> None:
    papers = [paper(10), paper(10, 1)]
    first, second = [reward(9.0), reward(2.0, 1)], [reward(5.0), reward(None, 1)]
    shaped = shape_rewards(papers, [first, second], ControlsConfig())
    assert [row.reward for row in shaped] == [7.0, None]
    assert shaped[1].unreadable == "review: x"
