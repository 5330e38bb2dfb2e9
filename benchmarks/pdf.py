"""Headings and speed on real PDFs, converter by converter.

    python benchmarks/pdf.py FOLDER [CONVERTER ...]

FOLDER has ``*.pdf`` and ``headings_truth.json``: {name: {"headings": [[level, title], ...]}}, with
titles as LaTeX or as printed. A heading counts as found where its words are (one of the authors'
own macros in it may be any text); levels are counted apart. Seconds per paper are given by the
clock and by processor time, worker and its start included. With ``plain`` as a converter every
heading that DocVortex itself marks counts, less the title, Abstract, References and
Acknowledgments.
"""

import json
import re
import resource
import sys
import time
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from cycledata.errors import ParseError
from cycledata.parse.pdf.convert import Converter, convert
from cycledata.parse.pdf.parse import parse_pdf

Headings = list[tuple[int, str]]
_NOT_COUNTED = re.compile(r"abstract|references|bibliography|acknowledge?ments?", re.IGNORECASE)
_FORMAT = re.compile(
    r"\\(?:text(?:it|bf|sc|tt|rm|sf|up|normal)?|emph|em|bf|it|sc|tt|bfseries|itshape|math(?:bb|cal|rm|bf)"
    r"|ensuremath|protect|mbox|textcolor)(?![A-Za-z])"
)
_UNPRINTED = re.compile(r"\\(?:label|footnote|thanks)\s*\{[^{}]*\}")
_ALTERNATIVES = re.compile(r"\\texorpdfstring\s*\{((?:[^{}]|\{[^{}]*\})*)\}\s*\{[^{}]*\}")
_ANYTHING = re.compile(
    r"\$[^$]*\$|\\\(.*?\\\)|\\[A-Za-z]+\*?(?:\s*\{[^{}]*\})?|[^\x00-\x7f\u2010-\u201f]+"
)


def folded(title: str) -> str:
    """Letters and digits alone, case folded."""
    return re.sub(r"[^a-z0-9]+", "", unicodedata.normalize("NFKD", title).lower())


def pattern(title: str) -> re.Pattern[str]:
    """Expression for a folded title: formats dropped, other macros and mathematics anything."""
    words = _ALTERNATIVES.sub(r"\1", _UNPRINTED.sub(" ", title))
    return re.compile(".*".join(map(folded, _ANYTHING.split(_FORMAT.sub(" ", words)))))


def matches(wanted: Sequence[Sequence[object]], found: Headings) -> tuple[int, int]:
    """How many headings are found, each once, and how many of those with their level."""
    left = [(level, folded(title)) for level, title in found]
    n_found = n_levels = 0
    for level, title in wanted:
        expression = pattern(str(title))
        same = [each for each in left if expression.fullmatch(each[1])]
        if same:
            best = next((each for each in same if each[0] == level), same[0])
            left.remove(best)
            n_found += 1
            n_levels += best[0] == level
    return n_found, n_levels


def read(payload: bytes, name: str, converter: str) -> Headings:
    if converter == "plain":
        blocks = convert(payload, converter="docvortex").blocks
        titles = [re.sub(r"^[\dA-Z.]{1,8}\s", "", b.text) for b in blocks if b.kind == "heading"]
        return [(1, title) for title in titles if not _NOT_COUNTED.fullmatch(title)]
    found = parse_pdf(payload, file=name, converter=cast(Converter, converter))
    return [(section.level, section.title) for section in found.sections]


def _processor_seconds() -> float:
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def main() -> None:
    folder = Path(sys.argv[1])
    truth = json.loads((folder / "headings_truth.json").read_text())
    head = ("recall", "precision", "levels", "s/paper", "by cpu")
    print("converter        {:>7} {:>9} {:>9} {:>8} {:>7}".format(*head))
    for converter in sys.argv[2:] or ["pypdfium2", "docvortex", "plain"]:
        n_told = n_wanted = n_found = n_levels = 0
        started, spent = time.perf_counter(), _processor_seconds()
        for name, paper in truth.items():
            try:
                found = read((folder / f"{name}.pdf").read_bytes(), name, converter)
            except ParseError as error:
                print(f"error: {name}: {error}", file=sys.stderr)
                found = []
            shared, levels = matches(paper["headings"], found)
            n_found += shared
            n_levels += levels
            n_told += len(found)
            n_wanted += len(paper["headings"])
        seconds = (time.perf_counter() - started) / len(truth)
        processor = (_processor_seconds() - spent) / len(truth)
        print(
            f"{converter:16} {n_found / n_wanted:7.3f} {n_found / max(n_told, 1):9.3f}"
            f" {n_levels:4}/{n_wanted:<4} {seconds:8.2f} {processor:7.2f}"
        )


if __name__ == "__main__":
    main()
