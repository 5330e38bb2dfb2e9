"""Every job on a CPU: a tiny model learns its papers by heart, then runs the whole loop."""

import json
from pathlib import Path
from typing import Any

import pytest

from cycledata import jsonl
from cycledata.errors import BuildError, TrainingError, VerifyError
from cycledata.jsonl import read_jsonl
from cycledata.llm.chat import Sampling
from cycleeval.generated import RatedPaper
from cycletrain.config import DetectConfig, SftConfig, SimpoLoss
from cycletrain.config_tables import AdapterConfig, TrainingConfig
from cycletrain.loop_config import IterateConfig
from cycletrain.preferences import PreferencePair, Reward, Rollout
from cycletrain.run_record import RunRecord
from tests.cycletrain.conftest import Killed, KillSwitch, loop_table, model_at

WHOLE = AdapterConfig(kind="none")


def sft_config(build: Path, model: Path, out: Path, role: Any, **changes: Any) -> SftConfig:
    training = {"context_tokens": 400, "learning_rate": 5e-3, "batch_size": 2, "max_steps": 8}
    return SftConfig(
        build=build,
        out=out,
        role=role,
        model=model_at(model),
        adapter=changes.pop("adapter", WHOLE),
        training=TrainingConfig.model_validate({**training, "log_steps": 2, **changes}),
    )


@pytest.fixture(scope="session")
def reviewer(
    review_build: Path, tiny_model: Path, tmp_path_factory: pytest.TempPathFactory
) -> RunRecord:
    from cycletrain.jobs import sft

    out = tmp_path_factory.mktemp("reviewer")
    return sft.run(sft_config(review_build, tiny_model, out, "reviewer"))


def trained(record: RunRecord) -> Path:
    return Path(record.config["out"]) / "model"


def test_sft_learns_and_says_what_it_ran_on(reviewer: RunRecord, review_build: Path) -> None:
    assert reviewer.counts["papers"] == reviewer.counts["examples"] == 4
    assert len(reviewer.build_sha256) == 64
    assert {"python", "torch", "transformers", "trl", "peft"} <= reviewer.versions.keys()
    curve, rate = reviewer.curves
    assert rate.name == "tokens-per-second"
    assert curve.lines[0].y[-1] < 0.8 * curve.lines[0].y[0]
    out = Path(reviewer.config["out"])
    assert RunRecord.model_validate_json((out / "record.json").read_bytes()) == reviewer
    page = (out / "index.html").read_text(encoding="utf-8")
    assert "<svg" in page
    assert reviewer.build_sha256 in page
    assert "invented" in page
    assert (out / "plots" / "loss.svg").is_file()
    card = (out / "model" / "README.md").read_text(encoding="utf-8")
    assert reviewer.build_sha256 in card
    assert "Affiliation: text" in card
    assert "SafetyLock: not done" in card
    assert (out / "model" / "LICENSE.md").is_file()


def test_a_researcher_also_learns_the_experimenters_part(
    research_build: Path, tiny_model: Path, tmp_path: Path
) -> None:
    from cycletrain.checkpoints import load_tokenizer
    from cycletrain.prepared_examples import prepare

    config = sft_config(research_build, tiny_model, tmp_path, "researcher", context_tokens=350)
    examples = prepare(config, load_tokenizer(config.model))
    counts = examples.counts
    assert (counts["papers"], counts["examples"]) == (4, len(examples.train)) == (4, 8)
    assert 0 < counts["truncated"] < 8
    assert all(len(example.ids) <= 350 and example.n_trained for example in examples.first(8))


def test_every_weight_moves(reviewer: RunRecord, tiny_model: Path) -> None:
    from cycletrain.checkpoints import load_model

    before = load_model(model_at(tiny_model)).state_dict()
    after = load_model(model_at(trained(reviewer))).state_dict()
    assert [name for name in before if before[name].equal(after[name])] == []


def test_a_run_whose_build_was_changed_does_not_start(
    tiny_model: Path, review_build: Path, tmp_path: Path
) -> None:
    import shutil

    from cycletrain.jobs import sft

    build = tmp_path / "build"
    shutil.copytree(review_build, build)
    (build / "default" / "train-00000-of-00001.parquet").write_bytes(b"other")
    out = tmp_path / "out"
    with pytest.raises(VerifyError, match="manifest pins sha256"):
        sft.run(sft_config(build, tiny_model, out, "reviewer"))
    assert not out.exists()


def test_a_folder_of_another_run_is_refused(
    reviewer: RunRecord, review_build: Path, tiny_model: Path
) -> None:
    from cycletrain.jobs import sft

    out = Path(reviewer.config["out"])
    with pytest.raises(BuildError, match="has the sft run of another config"):
        sft.run(sft_config(review_build, tiny_model, out, "reviewer", learning_rate=1e-3))


def test_lora_ga_trains_on_fp8_weights_and_fits_the_untouched_base(
    review_build: Path, reviewer: RunRecord, tmp_path: Path
) -> None:
    from cycletrain.checkpoints import load_model
    from cycletrain.jobs import sft

    adapter = AdapterConfig(kind="lora-ga", rank=4, gradient_examples=2, fp8=True)
    changes = {"adapter": adapter, "max_steps": 2, "learning_rate": 1e-5}
    record = sft.run(sft_config(review_build, trained(reviewer), tmp_path, "reviewer", **changes))
    assert not (tmp_path / "start").exists()
    assert record.metrics["train_loss"] < 1.1 * reviewer.metrics["last_loss"]
    merged = load_model(model_at(trained(record))).state_dict()
    base = load_model(model_at(trained(reviewer))).state_dict()
    # Two tiny steps: what is saved is the base plus next to nothing, LoRA-GA's offset undone.
    assert all((merged[name] - base[name]).abs().max() < 1e-3 for name in base)


def test_training_goes_on_from_its_last_checkpoint(
    review_build: Path, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import Trainer

    from cycletrain.jobs import sft

    def run(out: Path) -> bytes:
        adapter = AdapterConfig(kind="lora-ga", rank=2, gradient_examples=2)
        changes = {"adapter": adapter, "max_steps": 5, "save_steps": 2}
        record = sft.run(sft_config(review_build, tiny_model, out, "reviewer", **changes))
        return (trained(record) / "adapter_model.safetensors").read_bytes()

    whole = run(tmp_path / "whole")
    step, steps = Trainer.training_step, 0

    def counted(self: Any, *args: Any, **kwargs: Any) -> Any:
        nonlocal steps
        steps += 1
        if steps == 4:
            raise Killed
        return step(self, *args, **kwargs)

    monkeypatch.setattr(Trainer, "training_step", counted)
    with pytest.raises(Killed):
        run(tmp_path / "killed")
    assert run(tmp_path / "killed") == whole
    assert steps == 4 + 3  # updates 3 to 5, not 1 to 5


LOSS = SimpoLoss(beta=2.0, gamma=0.5, nll_weight=0.2, nll_reduction="sequence-mean")


def loop_config(build: Path, model: Path, out: Path, **changes: Any) -> IterateConfig:
    table = loop_table(build, model, out, batch_size=2, epochs=2)
    table |= {"write_tries": 2, "batch_size": 5, "loss": LOSS, "prompt_share": 1.0, "rounds": 2}
    return IterateConfig.model_validate(table | changes)


def test_two_rounds_write_pairs_policies_and_rewards(
    research_build: Path, tiny_model: Path, tmp_path: Path, scripted: Any
) -> None:
    from cycletrain.jobs import iterate

    record = iterate.run(loop_config(research_build, tiny_model, tmp_path))
    for number in (1, 2):
        folder = tmp_path / f"round-{number}"
        pairs = list(read_jsonl(folder / "pairs.jsonl", PreferencePair))
        assert all(pair.reward_chosen > pair.reward_rejected for pair in pairs)
        assert len(pairs) + len((folder / "dropped.jsonl").read_bytes().splitlines()) == 4
        assert record.counts[f"round_{number}_papers"] == 12
        assert (folder / "policy" / "adapter_model.safetensors").is_file()
    rewards = next(curve for curve in record.curves if curve.name == "reward-per-round")
    assert rewards.x == (1.0, 2.0, 3.0)
    assert any(curve.name == "round-2-margin" for curve in record.curves)
    rated = list(read_jsonl(tmp_path / "rated.jsonl", RatedPaper))
    assert {paper.source for paper in rated} == {"P_1", "P_2", "P_3"}
    assert all(paper.soundness == (3, 3) for paper in rated)
    # A finished loop is read, not run again.
    n_asked = len(scripted.asked)
    assert iterate.run(loop_config(research_build, tiny_model, tmp_path)) == record
    assert len(scripted.asked) == n_asked


def test_the_loop_keeps_prompts_for_its_audit(
    research_build: Path, tiny_model: Path, held_out_model: Path, tmp_path: Path, scripted: Any
) -> None:
    from cycletrain.jobs import iterate
    from cycletrain.loop_config import AuditConfig, ControlsConfig

    config = loop_config(
        research_build,
        tiny_model,
        tmp_path,
        rounds=1,
        audit=AuditConfig(reviewer=model_at(held_out_model), n_prompts=2, n_samples=2, n_edited=2),
        controls=ControlsConfig(human_range=(5.4, 5.6)),
    )
    record = iterate.run(config)
    assert record.audit is not None
    assert [row.label for row in record.audit.diversity] == [
        "round 1",
        "round 2",
        "before",
        "after",
    ]
    assert record.audit.n_prompts == 2
    written = {
        folder: {row.prompt_id for row in read_jsonl(tmp_path / folder / "rollouts.jsonl", Rollout)}
        for folder in ("round-1", "round-2", "audit/before", "audit/after")
    }
    assert written["audit/before"] == written["audit/after"]
    assert not written["audit/before"] & (written["round-1"] | written["round-2"])
    # Pairs have the clipped rewards, the record those of the reviewer.
    for pair in read_jsonl(tmp_path / "round-1" / "pairs.jsonl", PreferencePair):
        assert 5.4 <= pair.reward_rejected < pair.reward_chosen <= 5.6
    rewards = read_jsonl(tmp_path / "round-1" / "rewards.jsonl", Reward)
    assert max(row.reward or 0 for row in rewards) > 5.6
    assert iterate.run(config) == record


@pytest.mark.parametrize(
    ("ablation", "rounds", "trained_rounds"),
    [("no-rl", 1, 0), ("no-iteration", 2, 1), ("no-nll", 3, 2)],
)
def test_table_4s_ablations(
    ablation: Any, rounds: int, trained_rounds: int,
    research_build: Path, tiny_model: Path, tmp_path: Path,
    scripted: Any, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    from cycletrain.jobs import iterate
    from cycletrain.jobs.simpo import TrainedPolicy

    weights: list[float] = []

    def train(*_: Any, loss: SimpoLoss, **__: Any) -> TrainedPolicy:
        weights.append(loss.nll_weight)
        return TrainedPolicy({}, {}, [])

    monkeypatch.setattr(iterate, "train", train)
    config = loop_config(research_build, tiny_model, tmp_path, ablation=ablation)
    record = iterate.run(config)
    (rewards,) = record.curves
    assert len(rewards.x) == rounds
    assert weights == [0.0 if ablation == "no-nll" else 0.2] * trained_rounds


def test_a_loop_killed_at_any_write_ends_in_the_same_pairs_and_weights(
    research_build: Path, tiny_model: Path, tmp_path: Path, scripted: Any,
    kill_switch: KillSwitch,
) -> None:  # fmt: skip
    from cycledata.llm import recorded
    from cycletrain.jobs import iterate, simpo

    def run(out: Path) -> None:
        iterate.run(loop_config(research_build, tiny_model, out, prompt_share=0.5))

    run(tmp_path / "whole")
    kill_switch.watch((jsonl, "replace_file"), (recorded, "append_jsonl"), (simpo, "save_trained"))
    kills = 0
    while True:
        # Kills come early at first; the last ones let the record and its pictures be written too.
        kill_switch.set(2 + kills % 3 + max(0, kills - 25))
        try:
            run(tmp_path / "killed")
            break
        except Killed:
            kills += 1
            assert kills < 100
    assert kills >= 10
    for name in ("pairs.jsonl", "rewards.jsonl", "policy/adapter_model.safetensors"):
        for number in (1, 2):
            path = f"round-{number}/{name}"
            assert (tmp_path / "killed" / path).read_bytes() == (
                tmp_path / "whole" / path
            ).read_bytes()


def test_a_prompt_that_fills_the_context_is_dropped_and_counted(tiny_model: Path) -> None:
    from cycledata.records import Message
    from cycletrain.checkpoints import load_tokenizer
    from cycletrain.jobs.simpo import encode_pairs

    def pair(prompt: str) -> PreferencePair:
        chosen, rejected = ((Message(role="assistant", content=text),) for text in ("good", "bad"))
        return PreferencePair(
            prompt_id="p",
            prompt=(Message(role="user", content=prompt),),
            chosen=chosen,
            rejected=rejected,
            reward_chosen=6,
            reward_rejected=3,
        )

    tokenizer = load_tokenizer(model_at(tiny_model))
    kept, n_full = encode_pairs(tokenizer, [pair("short"), pair("long " * 200)], 100)
    assert (len(kept), n_full) == (1, 1)


def test_simpo_reaches_its_margin_on_one_batch(tiny_model: Path) -> None:
    import torch

    from cycletrain.checkpoints import load_model
    from cycletrain.jobs.simpo import pair_loss

    model = load_model(model_at(tiny_model))
    ids = torch.randint(5, 200, (4, 30), generator=torch.Generator().manual_seed(0))
    labels = ids.clone()
    labels[:, :5] = -100
    batch = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "labels": labels}
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(25):
        optimizer.zero_grad()
        found = pair_loss(model, batch, beta=2.0, gamma=0.5, nll_weight=0.1, nll_reduction="tokens")
        torch.autograd.backward(found.loss)
        optimizer.step()
    assert found.margin > 0.5
    assert found.reward_accuracy == 1


def test_the_detector_files_are_what_cycleeval_reads(
    review_build: Path, tiny_model: Path, tmp_path: Path, scripted: Any
) -> None:
    from cycledata.jsonl import write_jsonl
    from cycletrain.jobs import detect
    from cycletrain.reviewing import reward_papers
    from cycletrain.sampling import SamplingPlan

    turns = ()
    papers = [
        Rollout(prompt_id=topic, index=0, turns=turns, review_text=topic, latex=None)
        for topic in ("graphs", "text", "noise", "games")
    ]
    plan = SamplingPlan(Sampling(temperature=0, max_tokens=9), 1, 2, 0, tmp_path / "answers")
    write_jsonl(
        tmp_path / "rewards.jsonl",
        reward_papers(scripted, papers, n_reviewers=2, plan=plan),
    )
    record = detect.run(
        DetectConfig(
            build=review_build,
            out=tmp_path / "out",
            split="train",
            format="review",
            generated=tmp_path / "rewards.jsonl",
            source="tiny",
            model=model_at(tiny_model),
            window_tokens=100,
            overlap_tokens=20,
            max_false_positive_rate=0.5,
        )
    )
    assert record.counts == {"human": 4, "generated": 4, "too_short": 0}
    rows = [
        json.loads(line) for line in (tmp_path / "out" / "criteria.jsonl").read_text().splitlines()
    ]
    assert rows[0].keys() == {"text_id", "format", "source", "split", "criterion"}
    assert {row["source"] for row in rows} == {None, "tiny"}


def test_unreadable_reviews_have_no_reward_and_are_asked_again(
    tiny_model: Path, research_build: Path, tmp_path: Path
) -> None:
    from cycledata.jsonl import write_jsonl
    from cycledata.records import Message
    from cycletrain.config import RewardConfig
    from cycletrain.jobs import reward

    turns = (Message(role="assistant", content="x"),)
    papers = [
        Rollout(prompt_id="p", index=0, turns=turns, review_text="# A paper", latex="x"),
        Rollout(
            prompt_id="p", index=1, turns=turns, review_text=None, latex=None, unreadable="plan: x"
        ),
    ]
    write_jsonl(tmp_path / "papers.jsonl", papers)
    config = RewardConfig(
        build=research_build,
        out=tmp_path / "out",
        papers=tmp_path / "papers.jsonl",
        source="tiny",
        model=model_at(tiny_model),
        sampling=Sampling(temperature=1.0, max_tokens=5),
        n_reviewers=2,
        tries=2,
    )
    with pytest.raises(TrainingError, match="none of 2 papers has a reward"):
        reward.run(config)
    record = RunRecord.model_validate_json((tmp_path / "out" / "record.json").read_bytes())
    rewards = list(read_jsonl(tmp_path / "out" / "rewards.jsonl", Reward))
    assert [found.reward for found in rewards] == [None, None]
    assert [found.n_tries for found in rewards] == [2, 0]
    assert record.counts["reviews_unreadable"] == record.counts["papers_unreadable"] == 1
    assert record.counts["reviews_asked_again"] == 1
    assert "mean_reward" not in record.metrics


def test_a_round_by_stages_has_the_files_of_the_loop(
    research_build: Path, tiny_model: Path, tmp_path: Path, scripted: Any
) -> None:
    from cycletrain.config import PairsConfig, RewardConfig, RolloutConfig, SimpoConfig
    from cycletrain.jobs import iterate, pairs, reward, rollout, simpo

    loop = loop_config(research_build, tiny_model, tmp_path / "loop", prompt_share=0.5, rounds=1)
    iterate.run(loop)
    common = {"build": research_build, "round": 1, "seed": loop.seed}
    out = {name: tmp_path / name for name in ("papers", "rewards", "pairs", "simpo")}
    model = loop.policy
    rollout.run(
        RolloutConfig(
            **common,
            out=out["papers"],
            model=model,
            sampling=loop.writing,
            n_samples=3,
            tries=2,
            batch_size=5,
            prompt_share=0.5,
        )
    )
    papers = out["papers"] / "rollouts.jsonl"
    reward.run(
        RewardConfig(
            **common,
            out=out["rewards"],
            papers=papers,
            source="P_1",
            model=model,
            sampling=loop.reviewing,
            n_reviewers=2,
            batch_size=5,
        )
    )
    rewards = out["rewards"] / "rewards.jsonl"
    pairs.run(PairsConfig(**common, out=out["pairs"], rollouts=papers, rewards=rewards))
    simpo.run(
        SimpoConfig(
            **common,
            out=out["simpo"],
            pairs=out["pairs"] / "pairs.jsonl",
            model=model,
            adapter=loop.adapter,
            loss=LOSS,
            training=loop.training,
        )
    )
    weights = "adapter_model.safetensors"
    for stage, name in (
        (papers, "rollouts.jsonl"),
        (rewards, "rewards.jsonl"),
        (out["pairs"] / "pairs.jsonl", "pairs.jsonl"),
        (out["pairs"] / "dropped.jsonl", "dropped.jsonl"),
        (out["simpo"] / "model" / weights, f"policy/{weights}"),
    ):
        assert stage.read_bytes() == (tmp_path / "loop" / "round-1" / name).read_bytes()


def test_two_servers_give_the_files_of_one_process(
    research_build: Path, tiny_model: Path, tmp_path: Path, scripted: Any
) -> None:
    from cycletrain.jobs import iterate
    from tests.cycletrain.test_servers import SERVER

    one = loop_config(research_build, tiny_model, tmp_path / "one", prompt_share=0.5, rounds=1)
    two = one.model_copy(
        update={
            "out": tmp_path / "two",
            "policy": one.policy.model_copy(update={"server": SERVER}),
            "reviewer": one.reviewer.model_copy(update={"server": SERVER}),
        }
    )
    iterate.run(one)
    iterate.run(two)
    names = ("rollouts.jsonl", "rewards.jsonl", "pairs.jsonl", "policy/adapter_model.safetensors")
    for name in names:
        first, second = (tmp_path / each / "round-1" / name for each in ("one", "two"))
        assert first.read_bytes() == second.read_bytes(), name
