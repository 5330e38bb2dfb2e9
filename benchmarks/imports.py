"""How long imports take, how much memory, and how good the shown remaining time is.

Writes invented notes (four per forum) and small e-prints, and imports them at a quarter of the size
and at full size, each in a process of its own. Prints seconds, CPU seconds, peak memory, and the
largest error of the remaining time that the progress gives after a quarter, half and three quarters
of the bytes, as a share of the whole time.

    python benchmarks/imports.py [--notes 100000] [--eprints 20000]

A number of 0 leaves that part out.
"""

import argparse
import gzip
import io
import json
import random
import resource
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

from cycledata.console import TimeLeft
from cycledata.snapshot.open import OpenSnapshot
from cycledata.sources.dumps import ImportReport, import_notes
from cycledata.sources.import_texts import import_eprints

PER_FORUM = 4
"""A submission and three reviews."""
VENUE = "ICLR.cc/2024/Conference"


def words(dice: random.Random, n_words: int) -> str:
    return " ".join(f"w{dice.randrange(20_000)}" for _ in range(n_words))


def write_notes(path: Path, n_notes: int) -> None:
    dice = random.Random(1)
    texts = [words(dice, 120) for _ in range(500)]
    with path.open("w", encoding="utf-8") as file:
        for number in range(n_notes // PER_FORUM):
            forum = f"f{number}"
            submission = {"title": words(dice, 8), "abstract": dice.choice(texts)}
            contents = [("Submission", forum, submission)]
            for review in range(1, PER_FORUM):
                names = ("summary", "strengths", "weaknesses", "questions")
                content = {name: dice.choice(texts) for name in names}
                content["rating"] = f"{dice.choice([3, 5, 6, 8])}: x"
                contents.append(("Official_Review", f"{forum}r{review}", content))
            notes = [
                {
                    "id": name,
                    "forum": forum,
                    "readers": ["everyone"],
                    "invitations": [f"{VENUE}/Submission{number}/-/{kind}"],
                    "content": {field: {"value": value} for field, value in content.items()},
                }
                for kind, name, content in contents
            ]
            file.write(json.dumps({"forum": forum, "notes": notes}) + "\n")


def write_eprints(folder: Path, n_eprints: int) -> None:
    dice = random.Random(2)
    bodies = [words(dice, 1500) for _ in range(200)]
    folder.mkdir()
    for number in range(n_eprints):
        body = f"{number} {dice.choice(bodies)}"
        text = f"\\documentclass{{article}}\\begin{{document}}{body}\\end{{document}}"
        raw = io.BytesIO()
        with tarfile.open(fileobj=raw, mode="w") as tar:
            for name in ("main.tex", "appendix.tex"):
                member = tarfile.TarInfo(name)
                member.size = len(text)
                tar.addfile(member, io.BytesIO(text.encode()))
        name = f"23{1 + number // 10_000:02}.{number % 10_000:05}v1.tar.gz"
        (folder / name).write_bytes(gzip.compress(raw.getvalue(), compresslevel=1, mtime=0))


def child(what: str, path: str, folder: str) -> None:
    started = time.perf_counter()
    estimate = TimeLeft(time.perf_counter)
    marks: list[tuple[float, float, float | None]] = []

    def note_time(done: int, total: int) -> None:
        left = estimate.after(done, total)
        marks.append((done / max(1, total), time.perf_counter() - started, left))

    with OpenSnapshot(Path(folder)) as snapshot:
        function = {"notes": import_notes, "e-prints": import_eprints}[what]
        report: ImportReport = function([Path(path)], snapshot, on_progress=note_time)
    seconds = time.perf_counter() - started
    used = resource.getrusage(resource.RUSAGE_SELF)
    errors = []
    for share in (0.25, 0.5, 0.75):
        _, elapsed, left = next(mark for mark in marks if mark[0] >= share)
        if left is not None:  # a step of less than half a second shows none
            errors.append(abs(left - (seconds - elapsed)) / seconds)
    print(
        f"{report.n_added:,} replies, {report.n_unreadable} unreadable, {seconds:.1f} s,"
        f" {used.ru_utime + used.ru_stime:.1f} s CPU, {used.ru_maxrss / 1024:,.0f} MB peak,"
        f" remaining time off by at most {max(errors, default=0):.0%}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--notes", type=int, default=100_000)
    parser.add_argument("--eprints", type=int, default=20_000)
    parser.add_argument("--child", nargs=3)
    options = parser.parse_args()
    if options.child:
        child(*options.child)
        return
    for part in (4, 1):
        with tempfile.TemporaryDirectory() as name:
            notes, eprints = Path(name, "notes.jsonl"), Path(name, "eprints")
            for what, path, n, write in (
                ("notes", notes, options.notes // part, write_notes),
                ("e-prints", eprints, options.eprints // part, write_eprints),
            ):
                if not n:
                    continue
                write(path, n)
                print(f"{n:,} {what}: ", end="", flush=True)
                snapshot = Path(name, f"snapshot-{what}")
                command = [sys.executable, __file__, "--child", what, str(path), str(snapshot)]
                subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
