"""The AI Scientist's review bench as submissions and a reference: real reviewers, real papers.

Six runs of one review system on ICLR 2022 papers, from the bench that its authors published. The
file here is a Parquet table of one row per paper and run; it is not part of this repository.

    python benchmarks/aiscientist_bench.py BENCH.parquet OUT_DIR
    cycleeval leaderboard OUT_DIR/submissions OUT_DIR/reference.jsonl --out SITE_DIR
"""

import json
import sys
from pathlib import Path

import polars as pl


def convert(bench: Path, out: Path) -> list[Path]:
    """Write ``reference.jsonl`` and one predictions file a run; returns the latter, by name."""
    table = pl.read_parquet(bench).sort("model", "paper_id")
    folder = out / "submissions"
    folder.mkdir(parents=True, exist_ok=True)
    papers = table.unique("paper_id", keep="first").sort("paper_id")
    _write(
        out / "reference.jsonl",
        [
            {
                "paper_id": row["paper_id"],
                "ratings": row["human_ratings"],
                "decision": "accept" if row["human_decision"].startswith("Accept") else "reject",
            }
            for row in papers.iter_rows(named=True)
        ],
    )
    paths = []
    for (model,), rows in table.group_by(["model"], maintain_order=True):
        path = folder / f"{model}.jsonl"
        _write(path, [_prediction(row) for row in rows.iter_rows(named=True)])
        paths.append(path)
    return sorted(paths)


def _prediction(row: dict[str, object]) -> dict[str, object]:
    """One line; a run that gave no rating keeps its words, so that scoring counts it."""
    if row["llm_overall"] is None:
        return {"paper_id": row["paper_id"], "text": str(row["llm_summary"])}
    marks = {
        "ratings": row["llm_overall"],
        "soundness": row["llm_soundness"],
        "presentation": row["llm_presentation"],
        "contribution": row["llm_contribution"],
        "confidence": row["llm_confidence"],
    }
    lists = {name: [mark] for name, mark in marks.items() if mark is not None}
    decision = {"Accept": "accept", "Reject": "reject"}.get(str(row["llm_decision"]))
    return {"paper_id": row["paper_id"], **lists, "decision": decision}


def _write(path: Path, rows: list[dict[str, object]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


if __name__ == "__main__":
    for written in convert(Path(sys.argv[1]), Path(sys.argv[2])):
        print(written)
