"""How fast Research-14k is made once everything is fetched, on real LaTeX, and what it costs.

Takes a folder of e-prints, invents a list, a search result, a license and Semantic Scholar records
around each, repeats them under other ids and titles up to the number asked for, seals, and builds
with the extractive outline and without a cache. Prints papers per second, peak memory of all
processes together, and, from a run of its own in one process, the share of each stage.

    python benchmarks/build_research14k.py EPRINTS_FOLDER [N_PAPERS]... [--workers N]
"""

import argparse
import datetime as dt
import html
import json
import multiprocessing
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from typing import Any

import psutil

from cycledata.errors import ParseError
from cycledata.parse.latex import parse_eprint
from cycledata.records import PaperText
from cycledata.snapshot.open import OpenSnapshot
from cycledata.snapshot.reply import Reply
from cycledata.snapshot.seal import seal

DAY = dt.date(2022, 1, 1)


def read_all(folder: Path) -> list[tuple[bytes, PaperText | None]]:
    """Every e-print with its text; None if it cannot be read, which is part of the work."""
    papers: list[tuple[bytes, PaperText | None]] = []
    for path in sorted(folder.glob("*.gz")):
        payload = path.read_bytes()
        try:
            papers.append((payload, parse_eprint(payload, file=path.name)))
        except ParseError:
            papers.append((payload, None))
    return papers


def replies_of(number: int, base: int, payload: bytes, paper: PaperText | None) -> Iterator[Reply]:
    """Return what the services would reply about one paper and, the first time, its citations."""
    entry = f"entry{number:06}"
    arxiv_id = f"{2201 + number // 100_000:04}.{number % 100_000:05}"
    title = f"{paper.title if paper else 'Unreadable'} {number}"
    day = DAY + dt.timedelta(minutes=100 * number)
    listed = {"list": "iclr/2024", "entry": entry, "title": title, "authors": ["Anna Beispiel"]}
    yield as_json("proceedings", f"iclr/2024/{entry}", {**listed, "url": "https://example.invalid"})
    abstract = html.escape(paper.abstract if paper else "")
    atom = f"""<feed xmlns="http://www.w3.org/2005/Atom"><entry>
<id>http://arxiv.org/abs/{arxiv_id}v1</id><title>{html.escape(title)}</title>
<summary>{abstract} {number}</summary><published>{day}T00:00:00Z</published>
<updated>{day}T00:00:00Z</updated><author><name>Anna Beispiel</name></author></entry></feed>"""
    oai = f"""<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><GetRecord><record><metadata>
<arXiv xmlns="http://arxiv.org/OAI/arXiv/"><id>{arxiv_id}</id>
<license>http://creativecommons.org/licenses/by/4.0/</license></arXiv>
</metadata></record></GetRecord></OAI-PMH>"""
    yield reply("arxiv", f"match/{entry}", "".join(c for c in atom if c >= " ").encode())
    yield reply("arxiv", f"record/{arxiv_id}", oai.encode())
    yield reply("arxiv", f"eprint/{arxiv_id}v1", payload)
    works = [
        {
            "paperId": f"{base:04x}{i:036x}",
            "externalIds": {"ArXiv": e.arxiv_id} if e.arxiv_id else {},
            "title": e.title,
            "abstract": f"What {e.title} is about. " * 20,
            "year": e.year,
            "openAccessPdf": {"license": "CCBY"},
        }
        for i, e in enumerate(paper.bibliography if paper else ())
    ]
    cites = [{"paperId": work["paperId"], "title": work["title"]} for work in works]
    record = {"paperId": f"ffff{number:036x}", "title": title, "references": cites}
    yield as_json("semantic_scholar", f"paper/ARXIV:{arxiv_id}", record)
    if number == base:
        for work in works:
            yield as_json("semantic_scholar", f"paper/{work['paperId']}", work)


def as_json(service: str, key: str, value: object) -> Reply:
    return reply(service, key, json.dumps(value).encode())


def reply(service: str, key: str, payload: bytes) -> Reply:
    return Reply(service, key, "file:benchmark", None, 200, "application/octet-stream", payload)


def make_snapshot(papers: list[tuple[bytes, PaperText | None]], n: int, folder: Path) -> None:
    with OpenSnapshot(folder) as snapshot:
        for number in range(n):
            base = number % len(papers)
            snapshot.add_many(replies_of(number, base, *papers[base]))
    seal(folder)


def build_it(snapshot: Path, out: Path, n_workers: int) -> None:
    from cycledata.builds.runner import DATASETS, build
    from cycledata.consent.policy import read_policy

    report = build(
        DATASETS["research-14k"], snapshot, out, policy=read_policy(), n_workers=n_workers
    )
    print(json.dumps({"counts": report.manifest.counts, "dropped": report.manifest.dropped}))


def measure(snapshot: Path, out: Path, n_workers: int) -> tuple[float, float]:
    """Seconds, and the peak of the resident megabytes of the build and its workers together."""
    process = multiprocessing.get_context("spawn").Process(
        target=build_it, args=(snapshot, out, n_workers)
    )
    start = time.perf_counter()
    process.start()
    peak = 0.0
    while process.is_alive():
        peak = max(peak, resident_mb(process.pid))
        process.join(0.2)
    return time.perf_counter() - start, peak


def resident_mb(pid: int | None) -> float:
    try:
        parent = psutil.Process(pid)
        family = [parent, *parent.children(recursive=True)]
        return sum(member.memory_info().rss for member in family) / 2**20
    except psutil.NoSuchProcess:
        return 0.0


def shares(snapshot: Path, out: Path) -> dict[str, float]:
    """Seconds by stage of a build in one process, from timers around the stages' functions."""
    from cycledata.datasets.research14k import make as research14k
    from cycledata.datasets.research14k import select as selection
    from cycledata.snapshot.sealed import SealedSnapshot

    seconds: defaultdict[str, float] = defaultdict(float)
    nested = threading.local()

    def timed(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:
            outer, nested.inside = getattr(nested, "inside", 0.0), 0.0
            start = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                took = time.perf_counter() - start
                seconds[name] += took - nested.inside
                nested.inside = outer + took

        return run

    stages = (
        (selection, "parse_text", "text and bibliography"),
        (selection, "find_arxiv_paper", "match"),
        (research14k, "cited_works", "references"),
        (research14k, "resolve_references", "references"),
        (research14k, "_outline", "outline"),
        (research14k, "_full_row", "turns"),
    )
    for module, name, label in stages:
        setattr(module, name, timed(label, getattr(module, name)))
    SealedSnapshot.get = timed("read replies", SealedSnapshot.get)  # type: ignore[method-assign]  # timed
    start = time.perf_counter()
    build_it(snapshot, out, 1)
    seconds["all the rest"] = time.perf_counter() - start - sum(seconds.values())
    return dict(seconds)


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("eprints", type=Path)
    options.add_argument("n_papers", type=int, nargs="*", default=[1000])
    options.add_argument("--workers", type=int, default=2)
    chosen = options.parse_args()
    papers = read_all(chosen.eprints)
    print(f"{len(papers)} e-prints", file=sys.stderr)
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for n in chosen.n_papers:
            make_snapshot(papers, n, folder / f"s{n}")
            seconds, peak = measure(folder / f"s{n}", folder / f"o{n}", chosen.workers)
            rows.append((n, seconds, peak))
        smallest = min(chosen.n_papers)
        by_stage = shares(folder / f"s{smallest}", folder / "shares")
    print("papers  workers  seconds  papers/s  peak MB")
    for n, seconds, peak in rows:
        print(f"{n:6}  {chosen.workers:7}  {seconds:7.1f}  {n / seconds:8.1f}  {peak:7.0f}")
    total = sum(by_stage.values())
    print(f"\nshares of {total:.1f} s in one process, {smallest} papers")
    for label, seconds in sorted(by_stage.items(), key=lambda item: -item[1]):
        print(f"{label:22} {100 * seconds / total:5.1f}%")


if __name__ == "__main__":
    main()
