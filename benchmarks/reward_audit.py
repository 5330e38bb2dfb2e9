"""SimPO, GRPO and the controls against gaming on the rehearsal, audited, with several seeds.

It runs in the folder of `make train-demo` and needs its builds and models, a held-out reviewer and,
for the controls, a second one that gives rewards (`make audit-demo` and `make controls-demo` train
them). A run that was stopped resumes; a finished one is read. What P_1 wrote and what was said of
it is the same in every run with the same seed, so it is taken from the first of them.

    python benchmarks/reward_audit.py [--seeds 0 1 2] [--runs simpo grpo] [--set key=value]...
    python benchmarks/reward_audit.py --runs controls [--seeds 0]   # every control, and Table 4
    python benchmarks/reward_audit.py --report [--seeds 0 1 2] [--runs controls]   # a table
"""

import argparse
import importlib
import json
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import fmean, median
from typing import Any, NamedTuple

from cycledata.files import write_file
from cycledata.jsonl import read_jsonl
from cycledata.llm.recorded import RecordedCompletion
from cycletrain.build_chats import iterate_chats, iterate_ratings
from cycletrain.chat_tokens import encode_text
from cycletrain.checkpoints import load_tokenizer
from cycletrain.config_tables import ModelConfig
from cycletrain.read_recipe import read_config
from cycletrain.recipe_files import CONFIGS, recipe_path
from cycletrain.reward_audit.verdict import WORDING, shown_change, shown_share
from cycletrain.run_record import RunRecord

DEMO = Path("train-demo-out")
AUDIT = (
    f"audit.reviews={DEMO}/review-5k",
    "audit.n_prompts=15",
    "audit.n_samples=3",
    "audit.n_edited=15",
    f"audit.reviewer.path={DEMO}/held-out/model",
    "audit.reviewer.dtype=float32",
)
"""Audit of `tiny-grpo`, for `tiny-iterate` too."""
TURNS = ("plan", "results", "rest")
SECOND_REVIEWER = {"path": f"{DEMO}/reviewer-2/model", "dtype": "float32"}
POINTS_PER_THOUSAND = 2.0
"""Length penalty: rating points per thousand characters beyond the median paper by people."""


class Variant(NamedTuple):
    """A method with its settings."""

    method: str
    settings: tuple[str, ...] = ()


def variants() -> dict[str, Variant]:
    """Return every run by name; the numbers of people are those of the rehearsal's build."""
    ratings = [fmean(p.ratings) for p in iterate_ratings(DEMO / "review-5k", "train") if p.ratings]
    texts = [chat[1].content for _, chat in iterate_chats(DEMO / "review-5k", "train")]
    human_range = f"controls.human_range=[{min(ratings)!r}, {max(ratings)!r}]"
    reviewers = f"controls.reviewers=[{_inline_table(SECOND_REVIEWER)}]"
    length = (
        f"controls.length_penalty={POINTS_PER_THOUSAND}",
        f"controls.length_limit={int(median(map(len, texts)))}",
    )
    found = {"simpo": Variant("iterate"), "grpo": Variant("grpo")}
    for name, method in (("simpo", "iterate"), ("grpo", "grpo")):
        found |= {
            f"{name}-human-range": Variant(method, (human_range,)),
            f"{name}-two-reviewers": Variant(method, (reviewers,)),
            f"{name}-length": Variant(method, length),
        }
    found |= {"grpo-kl": Variant("grpo", ("loss.kl_weight=0.1",))}
    tables = ("no-rl", "no-iteration", "no-nll")
    return found | {f"simpo-{row}": Variant("iterate", (f"ablation={row}",)) for row in tables}


def _inline_table(table: dict[str, str]) -> str:
    return "{" + ", ".join(f"{key} = {json.dumps(value)}" for key, value in table.items()) + "}"


def folder_of(name: str, seed: int) -> Path:
    """Return the folder of a run."""
    return DEMO / "audit" / f"{name}-{seed}"


def run_job(name: str, variant: Variant, seed: int, overrides: Sequence[str]) -> None:
    """Run or resume one job and write the CPU seconds of this process."""
    out = folder_of(name, seed)
    settings = [*AUDIT, *variant.settings, f"seed={seed}", f"out={out}", *overrides]
    recipe = recipe_path(f"tiny-{variant.method}")
    config: Any = read_config(recipe, CONFIGS[variant.method], settings)
    began = time.process_time()
    if not out.exists():
        copy_first_policy(out, variant.method, seed)
    importlib.import_module(f"cycletrain.jobs.{variant.method}").run(config)
    seconds = time.process_time() - began
    path = out / "cpu_s.txt"
    before = float(path.read_text()) if path.is_file() else 0.0
    write_file(path, f"{before + seconds:.0f}\n")


def copy_first_policy(out: Path, method: str, seed: int) -> None:
    """Copy the recorded completions of P_1, and of its reviewers, from a run of the same seed.

    A job checks prompt, sampling, seed and model of each completion that it finds.
    """
    first = {"iterate": "round-1", "grpo": "generations/00001"}[method]
    for run in sorted((DEMO / "audit").glob(f"*-{seed}")):
        for part in ("audit/before", first):
            for path in sorted((run / part).rglob("*-[0-9].jsonl")):
                place = out / path.relative_to(run)
                if not place.exists():
                    place.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy(path, place)


def count_tokens(out: Path, record: RunRecord) -> int:
    """Return the tokens that the policy generated for training."""
    tokenizer = load_tokenizer(ModelConfig.model_validate(record.config["policy"]))
    return sum(
        len(encode_text(tokenizer, row.text))
        for folder in _training_folders(out, record)
        for turn in TURNS
        for path in sorted(folder.glob(f"{turn}-*.jsonl"))
        for row in read_jsonl(path, RecordedCompletion)
    )


def _training_folders(out: Path, record: RunRecord) -> Iterator[Path]:
    for number in range(1, record.config.get("rounds", 0) + 1):
        yield out / f"round-{number}"
    yield from sorted((out / "generations").glob("*"))


def print_report(names: Sequence[str], seeds: Sequence[int]) -> None:
    """Print one row per finished run."""
    columns = (
        "run",
        "gain of the reward",
        "by the held-out reviewer",
        "claims of proofs per paper",
        "share of the gain that features explain",
        "other wording alone",
        "verdict",
        "tokens",
        "CPU s",
    )
    print("|", " | ".join(columns), "|")
    print("|", " | ".join("---" for _ in columns), "|")
    for name in names:
        for seed in seeds:
            out = folder_of(name, seed)
            path = out / "record.json"
            record = RunRecord.model_validate_json(path.read_bytes()) if path.is_file() else None
            if record is None or record.audit is None:
                print(f"| {out.name} | not finished |")
                continue
            print("|", " | ".join([out.name, *_cells(out, record)]), "|")


def _cells(out: Path, record: RunRecord) -> list[str]:
    audit = record.audit
    assert audit is not None
    claims = {row.name: row.change for row in audit.features}["proof_claims"]
    wording = {effect.kind: effect for effect in audit.edits}.get(WORDING)
    return [
        "-" if audit.reward is None else shown_change(audit.reward),
        "-" if audit.held_out is None else shown_change(audit.held_out),
        f"{claims.before:.2f}, then {claims.after:.2f}",
        "-" if audit.explained is None else shown_share(audit.explained.share),
        "-"
        if wording is None or wording.change is None
        else f"{shown_change(wording.change)} ({wording.n_papers} papers)",
        audit.verdict.outcome,
        f"{count_tokens(out, record):,}",
        (out / "cpu_s.txt").read_text().strip(),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--runs", nargs="+", default=["simpo", "grpo"], help="Names, or controls.")
    parser.add_argument("--set", action="append", default=[], dest="overrides")
    parser.add_argument("--report", action="store_true", help="Run nothing.")
    args = parser.parse_args()
    known = variants()
    names = list(known) if args.runs == ["controls"] else args.runs
    if unknown := [name for name in names if name not in known]:
        parser.error(f"unknown runs {unknown}; known: {', '.join(known)}, or controls for all")
    for seed in () if args.report else args.seeds:
        for name in names:
            run_job(name, known[name], seed, args.overrides)
    print_report(names, args.seeds)


if __name__ == "__main__":
    main()
