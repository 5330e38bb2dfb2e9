"""Reproduce the figures of docs/yardsticks.md from real ratings, abstracts and reviews.

    python benchmarks/yardsticks.py DATA_DIR [--bench-texts DIR] [--out DIR]

DATA_DIR has `ratings/` and `openreview/`; DIR of --bench-texts is `review_iclr_bench/iclr_parsed`
of the public repository of the AI Scientist. Neither is part of this repository. Each figure comes
from the command line, as printed; files are kept under --out (default: a temporary folder).
"""

import argparse
import contextlib
import io
import json
import lzma
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import polars as pl
from aiscientist_bench import convert

import cycledata.cli
import cycleeval.cli
from cycledata.jsonl import write_jsonl
from cycledata.stages.abstract_leaks import cut_abstract_leaks


def run(tool: str, *words: str | Path) -> str:
    """Run a command line in this process; return what it prints on stdout."""
    arguments = [str(word) for word in words]
    print("$", tool, *(Path(word).name or word for word in arguments), file=sys.stderr)
    out = io.StringIO()
    main = {"cycledata": cycledata.cli.main, "cycleeval": cycleeval.cli.main}[tool]
    with mock.patch.object(sys, "argv", [tool, *arguments]), contextlib.redirect_stdout(out):
        try:
            main()
        except SystemExit as end:
            if end.code not in (0, None) and not (tool, words[0]) == ("cycledata", "audit"):
                raise
    return out.getvalue()


def score(model: Path, reference: Path, *options: str) -> dict[str, Any]:
    """Return the JSON of `cycleeval score`."""
    return dict(json.loads(run("cycleeval", "score", model, reference, "--json", *options)))


def shown(result: dict[str, Any]) -> str:
    """Return a value with its interval."""
    if result["value"] is None:
        return str(result["why"])
    low, high = result["ci95"] or (None, None)
    ends = "" if low is None else f" [{low:+.3f}, {high:+.3f}]"
    return f"{result['value']:+.3f}{ends}"


def bench(data: Path, texts: Path | None, out: Path) -> None:
    """Print the six runs of the AI Scientist's bench beside the baselines, and its leak."""
    submissions = convert(data / "ratings" / "aiscientist_bench.parquet", out / "bench")
    reference = out / "bench" / "reference.jsonl"
    options = []
    if texts is not None:
        rows = [json.loads(line) for line in reference.read_text("utf-8").splitlines()]
        for row in rows:
            file = texts / f"{row['paper_id']}.txt"
            row["paper_text"] = file.read_text("utf-8", errors="replace") if file.exists() else None
        reference = out / "bench" / "with_texts.jsonl"
        write_jsonl(reference, rows)
        found = json.loads(run("cycledata", "audit", reference, "--json"))
        (out / "bench" / "audit.json").write_text(json.dumps(found), "utf-8")
        print(f"\n## Leak check of the bench's texts: {found['n_leaks']} leaks")
        for clue in found["clues"][:3]:
            print(
                f"{clue['kind']}: {clue['name']}: in {clue['share_accepted']:.1%} of accepted and "
                f"{clue['share_rejected']:.1%} of rejected papers; accuracy {clue['accuracy']:.3f}"
            )
    else:
        options = ["--no-baselines"]
    print("\n## Six runs: skill raw, after linear recalibration; Spearman; added; worth")
    cards = {path.stem: score(path, reference, *options) for path in submissions}
    for name, card in cards.items():
        metrics = card["metrics"]
        parts = [metrics[f"mse_{part}"]["value"] for part in ("bias", "spread", "order")]
        print(f"{name}: bias and spread {1 - parts[2] / sum(parts):.0%} of the MSE")
        for metric in (
            "skill_mse", "skill_recalibrated", "skill_isotonic", "spearman", "decision_accuracy",
            "added_information", "partial_spearman", "worth_reviewers",
        ):  # fmt: skip
            if metric in metrics:
                print(f"  {metric}: {shown(metrics[metric])}")
    for name, results in next(iter(cards.values()))["baselines"].items():
        for metric in ("skill_mse", "spearman", "decision_accuracy", "auroc"):
            if metric in results:
                print(f"baseline {name}: {metric}: {shown(results[metric])}")


def abstracts(data: Path, out: Path) -> None:
    """Print the text baseline on abstracts of ICLR 2024, as they are and without leaks."""
    table = pl.read_parquet(data / "ratings" / "iclr2024_ratings.parquet")
    rows = [
        {
            "paper_id": row["paper_id"],
            "title": row["title"],
            "abstract": row["abstract"],
            "ratings": [float(rating) for rating in row["rating_20231214"]],
            "decision": "accept" if row["decision"].startswith("Accept") else "reject",
        }
        for row in table.iter_rows(named=True)
        if row["abstract"] and row["rating_20231214"]
    ]
    for name in ("as published", "without leaks"):
        cut = [
            row | {"abstract": cut_abstract_leaks(row["abstract"])[0]} if name != "as published"
            else row
            for row in rows
        ]  # fmt: skip
        reference = out / f"{name.replace(' ', '-')}.jsonl"
        write_jsonl(reference, cut)
        found = json.loads(run("cycledata", "audit", reference, "--text", "abstract", "--json"))
        human = json.loads(run("cycleeval", "human", reference, "--json", "--resamples", "500"))
        print(f"\n## Abstracts of ICLR 2024, {name}: {len(rows)} papers, {found['n_leaks']} leaks")
        for clue in found["clues"][:4]:
            if clue["share_accepted"] is not None:
                print(
                    f"{clue['verdict']}: {clue['kind']}: {clue['name']}: "
                    f"{clue['share_accepted']:.1%} of accepted, {clue['share_rejected']:.1%} of "
                    f"rejected, AUROC {clue['auroc']:.3f}"
                )
        for baseline in ("length", "metadata", "text"):
            results = human["baselines"][baseline]
            for metric in ("skill_mse", "spearman", "auroc"):
                print(f"baseline {baseline}: {metric}: {shown(results[metric])}")


def titles(data: Path, out: Path) -> None:
    """Print titles of one year, scored on the next."""
    print("\n## Titles of one year on the next")
    files = {}
    for year in (2022, 2023):
        table = pl.read_parquet(data / "ratings" / f"iclr{year}_ratings.parquet")
        files[year] = out / f"iclr{year}.jsonl"
        write_jsonl(
            files[year],
            (
                {
                    "paper_id": row["paper_id"],
                    "title": row["title"],
                    "ratings": [float(rating) for rating in row["rating"]],
                    "decision": {"Accept": "accept", "Reject": "reject"}.get(row["status"][:6]),
                }
                for row in table.iter_rows(named=True)
                if row["rating"]
            ),
        )
    saved = out / "titles-2022.npz"
    run("cycleeval", "baseline", "fit", files[2022], "--kind", "title", "--split", "all",
        "--out", saved)  # fmt: skip
    card = json.loads(
        run("cycleeval", "baseline", "score", saved, files[2023], "--json", "--resamples", "500")
    )
    for metric in ("skill_mse", "skill_recalibrated", "spearman"):
        print(f"titles of 2022 on 2023: {metric}: {shown(card['metrics'][metric])}")


def reviews(data: Path, out: Path) -> None:
    """Print the excess overlap of human reviews, a third reviewer in the model's place."""
    table = pl.read_parquet(data / "ratings" / "iclr2024_ratings.parquet")
    known = {row["paper_id"]: row for row in table.iter_rows(named=True)}
    papers, third = [], []
    for paper_id, found in _forums(data / "openreview" / "iclr2024_reviews_v2.jsonl.xz"):
        if paper_id in known and len(found) >= 3:
            row = known[paper_id]
            papers.append(
                {
                    "paper_id": paper_id,
                    "title": row["title"],
                    "abstract": row["abstract"],
                    "primary_area": row["primary_area"],
                    "ratings": [],
                    "reviews": found[1:],
                }
            )
            third.append({"paper_id": paper_id, "reviews": found[:1]})
    write_jsonl(out / "reviews.jsonl", papers)
    write_jsonl(out / "third.jsonl", third)
    print("\n## Reviews of ICLR 2024: a human reviewer in the model's place")
    print(run("cycleeval", "text", out / "third.jsonl", out / "reviews.jsonl"))


def _forums(path: Path) -> Iterator[tuple[str, list[dict[str, str]]]]:
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            forum = json.loads(line)
            contents = [note["content"] for note in forum["notes"] if "rating" in note["content"]]
            fields = ("summary", "strengths", "weaknesses", "questions")
            yield (
                forum["forum"],
                [
                    {name: (content.get(name) or {}).get("value") or "" for name in fields}
                    for content in contents
                ],
            )


def main() -> None:
    """Print every figure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--bench-texts", type=Path)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        out = arguments.out or Path(temporary)
        out.mkdir(parents=True, exist_ok=True)
        bench(arguments.data, arguments.bench_texts, out)
        abstracts(arguments.data, out)
        titles(arguments.data, out)
        reviews(arguments.data, out)


if __name__ == "__main__":
    main()
