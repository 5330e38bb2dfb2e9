"""How fast `scores` is built from real OpenReview notes, and whether memory grows with them.

Builds the config `scores` of Review-5k from a dump of raw notes and a table of decisions, once and
four times over (ids changed), and runs a plain json + polars script over the same sealed replies,
which does the work without the guarantees: no evidence, no reasons, no digests, no fixed order.
Each measurement is a process of its own; the best of three counts. The script may use all cores.

    python benchmarks/build_review5k.py NOTES.jsonl.xz RATINGS.parquet
"""

import datetime as dt
import hashlib
import html
import json
import re
import resource
import subprocess
import sys
import tempfile
import time
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from cycledata.snapshot.open import OpenSnapshot
from cycledata.snapshot.reply import Reply
from cycledata.snapshot.seal import seal


def copies(reply: Reply, n: int) -> Iterator[Reply]:
    """Yield the reply, and n - 1 more under other paper ids."""
    yield reply
    paper_id = reply.key.rsplit("/", 1)[-1]
    for i in range(1, n):
        new_id = f"{paper_id}x{i}"
        payload = reply.payload.replace(f'"{paper_id}"'.encode(), f'"{new_id}"'.encode())
        key = reply.key.removesuffix(paper_id) + new_id
        yield Reply(reply.service, key, reply.url, None, reply.status, reply.media_type, payload)


def make_snapshot(notes: Path, ratings: Path, folder: Path, n: int) -> None:
    from cycledata.sources.dumps import import_notes
    from cycledata.sources.import_ratings import import_ratings

    once = folder.with_name(folder.name + "-once")
    with OpenSnapshot(once) as snapshot:
        import_notes([notes], snapshot)
        import_ratings([ratings], snapshot)
        with OpenSnapshot(folder) as many:
            for service in ("openreview", "ratings"):
                many.add_many(copy for reply in snapshot.iter(service) for copy in copies(reply, n))
    seal(folder)


def ours(snapshot: Path, out: Path, n_workers: int) -> None:
    from cycledata.builds.runner import DATASETS, build
    from cycledata.consent.policy import read_policy

    build(
        DATASETS["review-5k"],
        snapshot,
        out,
        policy=read_policy(),
        n_workers=n_workers,
        configs=["scores"],
        allow_empty=True,  # copies of a paper share a split, so four times over, test is empty
    )


SCALE = [1.0, 3.0, 5.0, 6.0, 8.0, 10.0]
ASPECTS = {
    "ratings": "rating",
    "confidences": "confidence",
    "soundness": "soundness",
    "presentation": "presentation",
    "contribution": "contribution",
}
DISCUSSION_MS = int(dt.datetime(2023, 11, 12, tzinfo=dt.UTC).timestamp() * 1000)
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
NOT_LETTERS = re.compile(r"[\W_]+")


def plain(text: str | None) -> str:
    return NOT_LETTERS.sub("", unicodedata.normalize("NFKD", text or "").casefold())


def peer(snapshot: Path, out: Path, _n_workers: int) -> None:
    """Parse a forum in the obvious way: the same replies, columns, rows, splits and files."""
    import polars as pl

    replies = pl.read_parquet(snapshot / "replies-*.parquet", columns=["service", "payload"])
    tables = [json.loads(p) for p in replies.filter(pl.col("service") == "ratings")["payload"]]
    table = {row["paper_id"]: row for row in tables}
    rows = []
    for payload in replies.filter(pl.col("service") == "openreview")["payload"]:
        forum = json.loads(payload)
        paper_id = forum["forum"]
        reviews = []
        for note in forum["notes"]:
            content = note["content"]
            found = {
                column: float(content[name]["value"].split(":")[0].split(" ")[0])
                for column, name in ASPECTS.items()
            }
            reviews.append((found["ratings"], note["number"], note["cdate"], note["id"], found))
        reviews.sort()
        known = table.get(paper_id, {})
        status = known.get("decision") or known.get("status") or ""
        decision = next((k for k in ("Reject", "Withdrawn") if status.startswith(k)), None)
        modified = max(note["tmdate"] for note in forum["notes"])
        digest = hashlib.sha256(f"review-5k\0{paper_id}".encode()).digest()
        rows.append(
            {
                "paper_id": paper_id,
                "venue": "ICLR.cc/2024/Conference",
                "year": 2024,
                "title": CONTROL.sub("", html.unescape(known.get("title") or "")) or None,
                "decision": (decision or "accept").lower(),
                "decision_text": decision or status,
                **{name: [review[-1][name] for review in reviews] for name in ASPECTS},
                "rating_scale": SCALE,
                "accept_threshold": 6.0,
                "ratings_state": "before-discussion" if modified < DISCUSSION_MS else None,
                "n_reviews": len(reviews),
                "submitted": None,
                "alike_title": plain(known.get("title")),
                "alike_abstract": plain(known.get("abstract")),
                "in_test": int.from_bytes(digest[:8], "big") / 2**64 < 0.17,
            }
        )
    frame = pl.DataFrame(rows).sort("paper_id")
    for name in ("alike_title", "alike_abstract"):  # near-identical papers share a split
        crossing = pl.col("in_test").any().over(name) & ~pl.col("in_test").all().over(name)
        frame = frame.with_columns(crossing=crossing & (pl.col(name) != ""))
        frame = frame.filter(~(pl.col("crossing") & pl.col("in_test"))).drop(name, "crossing")
    out.mkdir()
    for name, part in (
        ("train", frame.filter(~pl.col("in_test"))),
        ("test", frame.filter("in_test")),
    ):
        part.drop("in_test").write_parquet(out / f"{name}.parquet")


def measure(what: str, snapshot: Path, folder: Path, n_workers: int) -> dict[str, float]:
    """Seconds and peak resident megabytes of one build in a process of its own."""
    out = folder / f"{what}-{snapshot.name}-{n_workers}"
    command = [sys.executable, __file__, "--child", what, snapshot, out, n_workers]
    done = subprocess.run([*map(str, command)], check=True, capture_output=True, text=True)
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def child(what: str, snapshot: str, out: str, n_workers: str) -> None:
    import datasets  # noqa: F401  imported before the clock starts, for both alike
    import polars as pl  # noqa: F401  the same
    import pyarrow.parquet  # noqa: F401  the same

    import cycledata.builds.runner  # noqa: F401  the same

    run = {"ours": ours, "peer": peer}[what]
    start, cpu = time.perf_counter(), _cpu_s()
    run(Path(snapshot), Path(out), int(n_workers))
    seconds, cpu_s = time.perf_counter() - start, _cpu_s() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "cpu_s": cpu_s, "peak_mb": peak}))


def _cpu_s() -> float:
    """Return the CPU seconds of this process and of its children that have ended."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def main(notes: str, ratings: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = []
        for n in (1, 4):
            snapshot = folder / f"x{n}"
            make_snapshot(Path(notes), Path(ratings), snapshot, n)
            for what, n_workers in (("peer", 1), ("ours", 1), ("ours", 2)):
                best = min(
                    (
                        measure(what, snapshot, folder / f"run{i}", n_workers)
                        for i in _rounds(folder)
                    ),
                    key=lambda result: result["seconds"],
                )
                n_papers = sum(1 for _ in _forums(snapshot))
                rows.append((what, n_workers, n, n_papers, best))
        base = {n: best for what, _, n, _, best in rows if what == "peer"}
        print("what  workers  papers  seconds   CPU s  papers/s  peak MB  time / peer  CPU / peer")
        for what, n_workers, n, n_papers, best in rows:
            ratios = [best[name] / base[n][name] for name in ("seconds", "cpu_s")]
            print(
                f"{what}  {n_workers:7}  {n_papers:6}  {best['seconds']:7.2f}"
                f"  {best['cpu_s']:6.2f}  {n_papers / best['seconds']:8.0f}"
                f"  {best['peak_mb']:7.0f}  {ratios[0]:11.2f}  {ratios[1]:10.2f}"
            )


def _rounds(folder: Path) -> Iterator[int]:
    for i in range(3):
        (folder / f"run{i}").mkdir(exist_ok=True)
        yield i


def _forums(snapshot: Path) -> Iterator[str]:
    from cycledata.snapshot.sealed import SealedSnapshot

    yield from SealedSnapshot.open(snapshot, verify=False).keys("openreview", "forum/")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(*sys.argv[2:])
    else:
        main(*sys.argv[1:])
