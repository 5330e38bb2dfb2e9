r"""Real papers read by this package and by others, against what TeX made of them.

    python benchmarks/latex.py SHARED/latex

Titles are compared as a reader sees them: commands, labels and
footnotes dropped, case folded. TeX's hooks saw some titles before the author's macros in them were
replaced (``The \gorc dataset``); such a macro matches whatever a reader puts in its place.
"""

import argparse
import json
import re
import resource
import time
from pathlib import Path
from typing import Any

from cycledata.parse.latex import parse_eprint
from cycledata.parse.latex.names import words
from cycledata.parse.latex.plain import folded, readable
from cycledata.records import PaperText

FIELDS = ("main", "title", "abstract", "sections", "keys")
_COMMAND = re.compile(r"\\([A-Za-z]+)\s?")
_MATH = re.compile(r"\$[^$]*\$|\\\(.*?\\\)")
_LATEX_OWN = words(
    "textbf textit texttt textsc textcolor textmd textrm textsf emph large Large LARGE normalsize "
    "small fontsize selectfont label footnote copyright hspace vspace texorpdfstring nobreakspace "
    "textemdash textendash ref Ref autoref cref Cref gls thesectiondis appendixname textbackslash "
    "thanks href url"
)


def same_text(truth: str, ours: str, *, prefix: bool = False) -> bool:
    """Whether two LaTeX or plain texts read alike; an author's macro in the truth matches any."""
    wild = _COMMAND.sub(
        lambda match: match[0] if match[1] in _LATEX_OWN else "\uf8ff", without_symbols(truth)
    )
    pieces = [re.escape(folded(readable(piece))) for piece in wild.split("\uf8ff")]
    pattern = ".*".join(pieces)
    plain = folded(readable(without_symbols(ours)))
    return bool(re.match(pattern, plain) if prefix else re.fullmatch(pattern, plain))


def without_symbols(latex: str) -> str:
    """LaTeX without the commands in its formulas: authors' macros and LaTeX's symbols alike."""
    return _MATH.sub(lambda match: _COMMAND.sub("", match[0]), latex)


def opening(truth: str) -> str:
    """The longest beginning of a cut text that ends at a space outside braces."""
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
        "sections": len(sections) == len(paper["sections"])
        and all(
            mine.level == theirs["level"] and same_text(theirs["title"], mine.title)
            for mine, theirs in zip(sections, paper["sections"], strict=True)
        ),
        "keys": set(text.cited_keys) == set(paper["cited_keys"]),
    }


def ours(folder: Path) -> dict[str, Any]:
    """This package's counts, speed and peak memory, with what is wrong by paper."""
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    payloads = {
        name: (folder / "eprints" / paper["file"]).read_bytes() for name, paper in truth.items()
    }
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
    return {
        "right": {field: sum(result[field] for result in results.values()) for field in FIELDS},
        "n": len(truth),
        "papers_per_s": len(truth) / seconds,
        "slowest_s": slowest,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "wrong": {
            name: [field for field in FIELDS if not result[field]]
            for name, result in results.items()
            if not all(result.values())
        },
        "quiet": len(quiet),
        "quiet_right": sum(all(results[name].values()) for name in quiet),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="holds truth.json and eprints/")
    arguments = parser.parse_args()
    report = ours(arguments.folder)
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
