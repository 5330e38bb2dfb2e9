r"""Real papers read by this package and by others, against what TeX made of them.

    python benchmarks/latex.py SHARED/latex [--peers VENV/bin/python]

Prints how many papers each reader has right, papers a second of process time, and peak memory.
Each reader is timed five times, in turn with the others, and its best time counts: on a shared
machine single times differ by half. Peers run in a Python of their own, because their pins are
theirs, one process each, on folders unpacked beforehand and given the main file; one that is not
installed there is named and left out.
Titles are compared as a reader sees them: commands, labels and
footnotes dropped, case folded. TeX's hooks saw some titles before the author's macros in them were
replaced (``The \gorc dataset``); such a macro, or an acronym (``\gls{fr}``), matches whatever a
reader puts in its place.
"""

import argparse
import gzip
import io
import json
import re
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cycledata.formats.section_titles import is_acknowledgments, is_apart
from cycledata.parse.latex import parse_eprint
from cycledata.parse.latex.known_commands import words
from cycledata.parse.latex.to_plain_text import folded, readable
from cycledata.records import PaperText

ROUNDS = 5
FIELDS = ("main", "title", "abstract", "sections", "keys")
_COMMAND = re.compile(r"\\([A-Za-z]+)\s?")
_ACRONYM = re.compile(r"\\(?:[gG]ls|ac)(?:pl|[slfp])?\{[^{}]*\}")
_MATH = re.compile(r"\$[^$]*\$|\\\(.*?\\\)")
_LATEX_OWN = words(
    "textbf textit texttt textsc textcolor textmd textrm textsf emph large Large LARGE normalsize "
    "small fontsize selectfont label footnote copyright hspace vspace texorpdfstring nobreakspace "
    "textemdash textendash ref Ref autoref cref Cref thesectiondis appendixname textbackslash "
    "thanks href url"
)


def same_text(truth: str, ours: str, *, prefix: bool = False) -> bool:
    """Whether two LaTeX or plain texts read alike; an author's macro in the truth matches any."""
    wild = _COMMAND.sub(
        lambda match: match[0] if match[1] in _LATEX_OWN else "\uf8ff",
        _ACRONYM.sub("\uf8ff", without_symbols(truth)),
    )
    pieces = [re.escape(folded(readable(piece))) for piece in wild.split("\uf8ff")]
    pattern = ".*".join(pieces)
    plain = folded(readable(without_symbols(ours)))
    return bool(re.match(pattern, plain) if prefix else re.fullmatch(pattern, plain))


def without_symbols(latex: str) -> str:
    """LaTeX without the commands in its formulas: authors' macros and LaTeX's symbols alike."""
    return _MATH.sub(lambda match: _COMMAND.sub("", match[0]), latex)


def opening(truth: str) -> str:
    """Return the longest beginning of a cut text that ends at a space outside braces."""
    depth, last = 0, 0
    for index, char in enumerate(truth):
        depth += (char == "{") - (char == "}")
        if char == " " and depth == 0:
            last = index
    return truth[:last] or truth


def compared(text: PaperText, paper: dict[str, Any]) -> dict[str, bool]:
    """Which of ``FIELDS`` a reading has right."""
    lone = "no name" in paper["main"]
    sections = [section for section in text.sections if section.level <= 3 and section.title]
    return {
        "main": lone or text.main_file in [paper["main"], *paper["main_alternatives"]],
        "title": same_text(paper["title"], text.title),
        "abstract": (
            same_text(opening(paper["abstract"]), text.abstract, prefix=True)
            if paper["abstract"]
            else not text.abstract
        ),
        "sections": same_sections(
            paper["sections"], [(section.level, section.title) for section in sections]
        ),
        "keys": set(text.cited_keys) == set(paper["cited_keys"]),
    }


def peak_mib() -> float:
    """Peak memory of this process; ``getrusage`` would give a child its parent's."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) / 1024


def ours(folder: Path, truth: dict[str, Any]) -> dict[str, Any]:
    """Measure this package, from the archives' bytes to records, without the bibliography."""
    payloads = {name: (folder / "eprints" / truth[name]["file"]).read_bytes() for name in truth}
    texts: dict[str, PaperText] = {}
    slowest = 0.0
    start = time.process_time()
    for name, payload in payloads.items():
        before = time.process_time()
        texts[name] = parse_eprint(payload, file=truth[name]["file"], bibliography=False)
        slowest = max(slowest, time.process_time() - before)
    seconds = time.process_time() - start
    results = {name: compared(texts[name], truth[name]) for name in truth}
    quiet = [name for name in truth if not texts[name].warnings]
    print(f"slowest paper {slowest:.3f} s; wrong:")
    for name, result in results.items():
        if not all(result.values()):
            print(f"  {name}: {', '.join(field for field in FIELDS if not result[field])}")
    right = sum(all(results[name].values()) for name in quiet)
    print(f"without a warning: {len(quiet)} papers, {right} right in all five")
    return {
        **{field: sum(result[field] for result in results.values()) for field in FIELDS},
        "papers_per_s": len(truth) / seconds,
        "peak_mib": peak_mib(),
    }


def again(folder: Path, truth: dict[str, Any]) -> float:
    """Papers a second of this package, once more."""
    payloads = [
        ((folder / "eprints" / each["file"]).read_bytes(), each["file"]) for each in truth.values()
    ]
    start = time.process_time()
    for payload, file in payloads:
        parse_eprint(payload, file=file, bibliography=False)
    return len(payloads) / (time.process_time() - start)


def unpack(folder: Path, truth: dict[str, Any], into: Path, *, tell: bool) -> None:
    """Papers as folders, with the list of main files (empty where the peer must find them)."""
    mains = {}
    for name, paper in truth.items():
        target = into / name
        target.mkdir(exist_ok=True)
        payload = (folder / "eprints" / paper["file"]).read_bytes()
        if paper["kind"] == "tar.gz":
            with tarfile.open(fileobj=io.BytesIO(payload)) as archive:
                archive.extractall(target, filter="data")
        else:
            (target / paper["main"].split(" ")[0]).write_bytes(gzip.decompress(payload))
        mains[name] = paper["main"].split(" ")[0] if tell else ""
    (into / "papers.json").write_text(json.dumps(mains), encoding="utf-8")


def peer(python: Path, name: str, papers: Path, truth: dict[str, Any]) -> dict[str, Any] | None:
    """One peer's counts; None if it is not installed."""
    script = Path(__file__).with_name("latex_peers.py")
    done = subprocess.run(
        [str(python), str(script), name, str(papers)], capture_output=True, check=False
    )
    if done.returncode:
        print(f"{name}: failed: {done.stderr.decode()[-200:]!r}")
        return None
    found = json.loads(done.stdout.splitlines()[-1])
    if "missing" in found:
        print(f"{name}: not installed in {python}; left out")
        return None
    counts: dict[str, Any] = dict.fromkeys(("main", "sections", "keys", "errors"), 0)
    for key, paper in truth.items():
        result = found["results"][key]
        if "error" in result:
            counts["errors"] += 1
            continue
        wanted = [paper["main"].split(" ")[0], *paper["main_alternatives"]]
        counts["main"] += result["main"] in wanted
        pairs = [(level, title) for level, title in result["sections"] if said(title)]
        counts["sections"] += same_sections(paper["sections"], pairs)
        counts["keys"] += set(result["keys"]) == set(paper["cited_keys"])
    return {**counts, "papers_per_s": len(truth) / found["seconds"], "peak_mib": found["peak_mib"]}


def said(title: str) -> bool:
    """Whether the truth would list a heading: not the apparatus, and not an empty one."""
    plain = readable(title)
    return bool(folded(plain)) and not is_apart(plain) and not is_acknowledgments(plain)


def same_sections(truth: list[dict[str, Any]], pairs: list[tuple[int, str]]) -> bool:
    """Whether two lists of headings have the same levels and titles in the same order."""
    return len(pairs) == len(truth) and all(
        level == theirs["level"] and same_text(theirs["title"], title)
        for (level, title), theirs in zip(pairs, truth, strict=True)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="folder with truth.json and eprints/")
    parser.add_argument("--peers", type=Path, help="a Python that has the peers installed")
    arguments = parser.parse_args()
    truth = json.loads((arguments.folder / "truth.json").read_text(encoding="utf-8"))
    print(f"{len(truth)} papers | main | title | abstract | sections | keys | papers/s | MiB")
    ours_row = ours(arguments.folder, truth)
    rows: dict[str, dict[str, Any] | None] = {"cyclekit": ours_row}
    with tempfile.TemporaryDirectory() as folder:
        told, untold = Path(folder) / "told", Path(folder) / "untold"
        for papers in (told, untold):
            papers.mkdir()
            unpack(arguments.folder, truth, papers, tell=papers == told)
        for _ in range(ROUNDS):
            ours_row["papers_per_s"] = max(ours_row["papers_per_s"], again(arguments.folder, truth))
            for label, name, papers in peers(told, untold) if arguments.peers else ():
                if label in rows and (rows[label] or {"papers_per_s": 0})["papers_per_s"] < 20:
                    continue  # missing, or so slow that more rounds would tell nothing
                row = peer(arguments.peers, name, papers, truth)
                best = rows.setdefault(label, row)
                if best and row:
                    best["papers_per_s"] = max(best["papers_per_s"], row["papers_per_s"])
    for label, row in rows.items():
        show(label, row)


def peers(told: Path, untold: Path) -> Iterator[tuple[str, str, Path]]:
    """Label, name and papers of each peer."""
    yield "arxiv-to-prompt", "arxiv-to-prompt", untold
    for name in ("arxiv-to-prompt", "arxiv-latex-cleaner", "pylatexenc", "TexSoup"):
        yield f"{name}, given the main file", name, told


def show(name: str, row: dict[str, Any] | None) -> None:
    if row:
        cells = [str(row.get(field, "-")) for field in FIELDS]
        speed, memory = f"{row['papers_per_s']:.1f}", f"{row['peak_mib']:.0f}"
        print(" | ".join([name, *cells, speed, memory]), flush=True)


if __name__ == "__main__":
    main()
