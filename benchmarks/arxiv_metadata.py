"""How long an import of arXiv's metadata takes, and how much memory, on invented rows.

Writes rows in the form of the Kaggle snapshot with words of no language, makes a snapshot whose
papers have some of these titles, exact or changed, and imports the file in a process of its own.
Prints seconds, peak memory of the process, and how many papers got candidates.

    python benchmarks/arxiv_metadata.py [N_ROWS] [--papers N] [--form jsonl|gz|zip|parquet]
"""

import argparse
import gzip
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from cycledata.matching.papers import papers_to_match
from cycledata.matching.select_rows import WantedPapers
from cycledata.snapshot.open import OpenSnapshot
from cycledata.snapshot.reply import Reply
from cycledata.sources.import_metadata import import_arxiv_metadata

LETTERS = "abcdefghijklmnopqrstuvwxyz"
LICENSES = (
    "http://arxiv.org/licenses/nonexclusive-distrib/1.0/",
    "http://creativecommons.org/licenses/by/4.0/",
    "http://creativecommons.org/licenses/by-nc-sa/4.0/",
    None,
)


def rows(n_rows: int) -> Iterator[dict[str, Any]]:
    """Invent rows; words are as frequent as words of a language are."""
    dice = random.Random(3)
    words = ["".join(dice.choices(LETTERS, k=dice.randint(3, 11))) for _ in range(20_000)]
    weights = [1 / rank for rank in range(20, 20_020)]
    stream = dice.choices(words, weights, k=400_000)
    names = ["".join(dice.choices(LETTERS, k=dice.randint(4, 9))).title() for _ in range(5_000)]
    abstracts = [" ".join(dice.choices(words, weights, k=165)) for _ in range(300)]
    for number in range(n_rows):
        people = [[dice.choice(names), dice.choice(names), ""] for _ in range(dice.randint(1, 6))]
        month = f"{7 + number // 150_000:02}{number // 12_500 % 12 + 1:02}"
        start = dice.randrange(399_000)
        yield {
            "id": f"{month}.{number % 12_500:05}",
            "submitter": f"{people[0][1]} {people[0][0]}",
            "authors": ", ".join(f"{first} {last}" for last, first, _ in people),
            "title": " ".join(stream[start : start + dice.randint(4, 13)]).capitalize(),
            "comments": None,
            "journal-ref": None,
            "doi": None,
            "report-no": None,
            "categories": "cs.LG stat.ML",
            "license": dice.choice(LICENSES),
            "abstract": f"  {dice.choice(abstracts)}\n",
            "versions": [{"version": "v1", "created": "Thu, 5 Jan 2023 18:59:59 GMT"}],
            "update_date": "2023-06-21",
            "authors_parsed": people,
        }


def write_file(
    folder: Path, form: str, n_rows: int, wanted: list[dict[str, Any]], n_papers: int
) -> Path:
    """Write the rows in a form, and collect those that are wanted."""
    step = max(1, n_rows // n_papers)
    path = folder / "arxiv-metadata-oai-snapshot.json"
    with path.open("w", encoding="utf-8") as file:
        for number, row in enumerate(rows(n_rows)):
            file.write(json.dumps(row) + "\n")
            if number % step == 0:
                wanted.append(row)
    if form == "gz":
        target = path.with_suffix(".json.gz")
        with path.open("rb") as plain, gzip.open(target, "wb", compresslevel=6) as packed:
            while chunk := plain.read(1 << 24):
                packed.write(chunk)
    elif form == "zip":
        target = folder / "archive.zip"
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(path, path.name)
    elif form == "parquet":
        target = folder / "arxiv.parquet"
        pl.scan_ndjson(path, infer_schema_length=1000).sink_parquet(target)
    else:
        return path
    path.unlink()
    return target


def make_snapshot(folder: Path, wanted: list[dict[str, Any]], n_papers: int) -> None:
    """Make forums: a third with a title of a row, a third with a changed one, a third with none."""
    dice = random.Random(5)
    with OpenSnapshot(folder) as snapshot, snapshot.transaction():
        for number in range(n_papers):
            row = wanted[number % len(wanted)]
            words = row["title"].split()
            if number % 3 == 1:
                words[-1] += "s"
            elif number % 3 == 2:
                dice.shuffle(words)
                words += ["wholly", "unrelated"]
            authors = [f"{first} {last}" for last, first, _ in row["authors_parsed"]]
            content = {"title": {"value": " ".join(words)}, "authors": {"value": authors}}
            note = {"id": f"f{number}", "content": content}
            note["invitations"] = ["ICLR.cc/2024/Conference/-/Submission"]
            payload = json.dumps({"forum": note["id"], "notes": [note]}).encode()
            url = f"file:invented#{number}"
            snapshot.add(
                Reply("openreview", f"forum/f{number}", url, None, 200, "application/json", payload)
            )


def run_import(file: Path, folder: Path) -> None:
    """Import in this process, and print what it took."""
    started = time.perf_counter()
    with OpenSnapshot(folder) as snapshot:
        wanted = WantedPapers(papers_to_match(snapshot))
        report = import_arxiv_metadata([file], snapshot, wanted)
    seconds = time.perf_counter() - started
    cpu_s = time.process_time()
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{report.n_rows:,} rows, {seconds:.1f} s, {cpu_s:.1f} s CPU,"
        f" {report.n_rows / seconds:,.0f} rows/s, {peak_mb:,.0f} MB peak,"
        f" {report.n_with_candidates:,} of {report.n_papers:,} papers with candidates"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("n_rows", type=int, nargs="?", default=200_000)
    parser.add_argument("--papers", type=int, default=20_000)
    parser.add_argument("--form", choices=("jsonl", "gz", "zip", "parquet"), default="jsonl")
    parser.add_argument("--run", nargs=2, type=Path, metavar=("FILE", "SNAPSHOT"))
    options = parser.parse_args()
    if options.run:
        run_import(*options.run)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wanted: list[dict[str, Any]] = []
        file = write_file(folder, options.form, options.n_rows, wanted, options.papers)
        make_snapshot(folder / "snapshot", wanted, options.papers)
        print(f"{options.form}: {file.stat().st_size / 1e6:,.0f} MB", flush=True)
        command = [sys.executable, __file__, "--run", str(file), str(folder / "snapshot")]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
