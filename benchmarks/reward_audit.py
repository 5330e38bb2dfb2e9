"""SimPO and GRPO on the rehearsal with the same budget of generated papers, audited, several seeds.

It runs in the folder of `make train-demo` and needs its builds and models, and a held-out
reviewer (`make audit-demo` trains it). A run that was stopped resumes; a finished one is read.

    python benchmarks/reward_audit.py [--seeds 0 1 2] [--methods iterate grpo] [--set key=value]...
    python benchmarks/reward_audit.py --report FOLDER...      # a table of finished runs
"""

import argparse
import importlib
import time
from pathlib import Path
from typing import Any

from cycledata.files import write_file
from cycledata.jsonl import read_jsonl
from cycledata.llm.recorded import RecordedCompletion
from cycletrain.chat_tokens import encode_text
from cycletrain.checkpoints import load_tokenizer
from cycletrain.config import ModelConfig
from cycletrain.read_recipe import read_config
from cycletrain.recipe_files import CONFIGS, recipe_path
from cycletrain.reward_audit.verdict import shown_change, shown_share
from cycletrain.run_record import RunRecord

AUDIT = (
    "audit.reviews=train-demo-out/review-5k",
    "audit.n_prompts=15",
    "audit.n_samples=3",
    "audit.n_edited=15",
    "audit.reviewer.path=train-demo-out/held-out/model",
    "audit.reviewer.dtype=float32",
)
"""Audit of `tiny-grpo`, for `tiny-iterate` too."""
TURNS = ("plan", "results", "rest")


def run_job(method: str, seed: int, out: Path, overrides: list[str]) -> None:
    """Run or resume one job and write the CPU seconds of this process."""
    settings = [*AUDIT, f"seed={seed}", f"out={out}", *overrides]
    config: Any = read_config(recipe_path(f"tiny-{method}"), CONFIGS[method], settings)
    began = time.process_time()
    importlib.import_module(f"cycletrain.jobs.{method}").run(config)
    seconds = time.process_time() - began
    path = out / "cpu_s.txt"
    before = float(path.read_text()) if path.is_file() else 0.0
    write_file(path, f"{before + seconds:.0f}\n")


def count_tokens(out: Path) -> int:
    """Return the tokens that the policy generated for training."""
    record = RunRecord.model_validate_json((out / "record.json").read_bytes())
    tokenizer = load_tokenizer(ModelConfig.model_validate(record.config["policy"]))
    rounds = record.config.get("rounds", 0)
    folders = [out / f"round-{number}" for number in range(1, rounds + 1)]
    folders += sorted((out / "generations").glob("*"))
    return sum(
        len(encode_text(tokenizer, row.text))
        for folder in folders
        for turn in TURNS
        for path in sorted(folder.glob(f"{turn}-*.jsonl"))
        for row in read_jsonl(path, RecordedCompletion)
    )


def print_report(folders: list[Path]) -> None:
    """Print one row per finished run."""
    print("| run | tokens | CPU s | reward | held-out | word counts | explained | verdict |")
    print("| --- | ---: | ---: | --- | --- | --- | --- | --- |")
    for out in folders:
        record = RunRecord.model_validate_json((out / "record.json").read_bytes())
        audit = record.audit
        if audit is None:
            print(f"| {out.name} | not finished |")
            continue
        changes = [
            "-" if each is None else f"{each.before:.2f} {shown_change(each)}"
            for each in (audit.reward, audit.held_out, audit.baseline)
        ]
        explained = "-" if audit.explained is None else shown_share(audit.explained.share)
        cells = [out.name, f"{count_tokens(out):,}", (out / "cpu_s.txt").read_text().strip()]
        print("|", " | ".join([*cells, *changes, explained, audit.verdict.outcome]), "|")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--methods", nargs="+", default=["iterate", "grpo"])
    parser.add_argument("--name", default="", help="Part of the names of the folders.")
    parser.add_argument("--set", action="append", default=[], dest="overrides")
    parser.add_argument("--report", type=Path, nargs="+")
    args = parser.parse_args()
    if args.report:
        print_report(args.report)
        return
    folders = []
    for seed in args.seeds:
        for method in args.methods:
            out = Path("train-demo-out") / "audit" / f"{method}{args.name}-{seed}"
            run_job(method, seed, out, args.overrides)
            folders.append(out)
    print_report(folders)


if __name__ == "__main__":
    main()
