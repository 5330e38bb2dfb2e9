"""Headings and speed on real PDFs, converter by converter.

    python benchmarks/pdf.py FOLDER [CONVERTER ...]

FOLDER has ``*.pdf`` and ``headings_truth.json``: {name: {"headings": [[level, title], ...]}}.
A heading counts as found where its words are; levels are counted apart. Pages a second are given by
the clock and by processor time, worker and its start included. ``plain docvortex`` takes every
heading that DocVortex itself marks, less the title, Abstract, References and Acknowledgments.
"""

import json
import re
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import cast

from cycledata.parse.pdf.convert import Converter, convert
from cycledata.parse.pdf.parse import parse_pdf

Headings = list[tuple[int, str]]
Read = Callable[[bytes, str, Converter], Headings]
_NOT_COUNTED = re.compile(r"abstract|references|bibliography|acknowledge?ments?", re.IGNORECASE)


def folded(title: str) -> str:
    """Letters and digits alone, commands and numbering dropped, case folded."""
    words = re.sub(r"\\[a-z]+", " ", title)
    return re.sub(r"[^a-z0-9]+", "", words.lower())


def ours(payload: bytes, name: str, converter: Converter) -> Headings:
    found = parse_pdf(payload, file=name, converter=converter)
    return [(section.level, section.title) for section in found.sections]


def plain(payload: bytes, _name: str, converter: Converter) -> Headings:
    blocks = convert(payload, converter=converter).blocks
    titles = [re.sub(r"^[\dA-Z.]{1,8}\s", "", b.text) for b in blocks if b.kind == "heading"]
    return [(1, title) for title in titles if not _NOT_COUNTED.fullmatch(title)]


def _processor_seconds() -> float:
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def main() -> None:
    folder = Path(sys.argv[1])
    truth = json.loads((folder / "headings_truth.json").read_text())
    asked = cast("list[Converter]", sys.argv[2:] or ["docvortex", "pypdfium2"])
    runs: list[tuple[str, Read, Converter]] = [(name, ours, name) for name in asked]
    runs.append(("plain docvortex", plain, "docvortex"))
    head = ("recall", "precision", "levels", "pages/s", "by cpu")
    print("converter        {:>7} {:>9} {:>9} {:>8} {:>7}".format(*head))
    for label, read, converter in runs:
        found_all = wanted_all = shared = levels = pages = 0
        seconds = processor = 0.0
        for name, paper in truth.items():
            payload = (folder / f"{name}.pdf").read_bytes()
            started, spent = time.perf_counter(), _processor_seconds()
            found = read(payload, name, converter)
            seconds += time.perf_counter() - started
            processor += _processor_seconds() - spent
            pages += convert(payload, converter="pypdfium2").n_pages
            wanted = Counter(folded(title) for _, title in paper["headings"])
            told = Counter(folded(title) for _, title in found)
            both = {(level, folded(title)) for level, title in found}
            levels += sum((level, folded(title)) in both for level, title in paper["headings"])
            wanted_all += sum(wanted.values())
            found_all += sum(told.values())
            shared += sum((wanted & told).values())
        print(
            f"{label:16} {shared / wanted_all:7.3f} {shared / found_all:9.3f}"
            f" {levels:4}/{wanted_all:<4} {pages / seconds:8.1f} {pages / processor:7.1f}"
        )


if __name__ == "__main__":
    main()
