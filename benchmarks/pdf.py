"""Headings, speed and memory on real PDFs, converter by converter; authors left in the text.

    python benchmarks/pdf.py FOLDER [CONVERTER ...]
    python benchmarks/pdf.py --identities PDF ...

FOLDER has ``*.pdf`` and ``headings_truth.json``: {name: {"headings": [[level, title], ...]}}, with
titles as LaTeX or as printed. A heading counts as found where its words are (one of the authors'
own macros in it may be any text); levels are counted apart. Seconds per paper are given by the
clock and by processor time, worker and its start included; memory is the largest process. Beside
our converters there are peers: ``docvortex-marks`` counts every heading that DocVortex itself
marks, less the title, Abstract, References and Acknowledgments; ``pypdfium2-text`` and
``pypdf-text`` take the plain text of these readers, and each line that begins with a number of a
section as a heading, as a short script would.

``--identities`` prints where a paper's text names its authors: the full names by the metadata and
by the lines above the abstract (read without our parser), and all e-mail addresses of page 1.
"""

import argparse
import io
import json
import re
import resource
import subprocess
import sys
import time
import unicodedata
from collections.abc import Iterator, Sequence
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


_NUMBERED = re.compile(
    r"(\d{1,2}(?:\.\d{1,2}){0,2}|[A-Z](?:\.\d{1,2}){1,2})\.?\s+([A-Z][^.]{2,80})"
)


def read(payload: bytes, name: str, converter: str) -> Headings:
    if converter.endswith("-text"):
        return list(_numbered_lines(plain_text(payload, converter)))
    if converter == "docvortex-marks":
        blocks = convert(payload, converter="docvortex").blocks
        titles = [re.sub(r"^[\dA-Z.]{1,8}\s", "", b.text) for b in blocks if b.kind == "heading"]
        return [(1, title) for title in titles if not _NOT_COUNTED.fullmatch(title)]
    found = parse_pdf(payload, file=name, converter=cast(Converter, converter))
    return [(section.level, section.title) for section in found.sections]


def plain_text(payload: bytes, converter: str) -> str:
    if converter == "pypdf-text":
        import pypdf

        pages = pypdf.PdfReader(io.BytesIO(payload)).pages
        return "\n".join(page.extract_text() for page in pages)
    import pypdfium2  # type: ignore[import-untyped]  # ships no stubs

    with pypdfium2.PdfDocument(payload) as document:
        texts = [document[at].get_textpage().get_text_range() for at in range(len(document))]
    return "\n".join(texts).replace("\r", "")


def _numbered_lines(text: str) -> Iterator[tuple[int, str]]:
    for line in text.splitlines():
        if found := _NUMBERED.fullmatch(line.strip()):
            yield found[1].count(".") + 1, found[2]


def _processor_seconds() -> float:
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def measure(folder: Path, converter: str) -> None:
    """Print the row of one converter."""
    truth = json.loads((folder / "headings_truth.json").read_text())
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
    whos = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    largest = max(resource.getrusage(who).ru_maxrss for who in whos) / 1024
    print(
        f"{converter:16} {n_found / n_wanted:7.3f} {n_found / max(n_told, 1):9.3f}"
        f" {n_levels:4}/{n_wanted:<4} {seconds:8.2f} {processor:7.2f} {largest:6.0f}",
        flush=True,
    )


# --- Identities ----------------------------------------------------------------------------------

_NAME = re.compile(
    r"\b(?:[A-Z][\w’'-]+|[A-Z]\.(?:\s?[A-Z]\.)*)"
    r"(?: (?:[A-Z]\.|van|von|der|de|da|la|le|del|di|bin|al))*(?: [A-Z][\w’'-]+){1,2}\b"
)
_EMAIL = re.compile(r"(?:\{[^{}@\n]{2,120}\}|[\w.+-]+)\s?@\s?[\w-]+(?:\.[\w-]+)+")
_PLACE = re.compile(
    r"universi|institut|laborator|department|school of|colleg|research|inc\.|corporation|gmbh",
    re.IGNORECASE,
)
_FRONT_ENDS = re.compile(
    r"\babstract\b|A\s?B\s?S\s?T\s?R\s?A\s?C\s?T\b|\bsummary\b|\bintroduction\b|\b1\.?\s+[A-Z]",
    re.IGNORECASE,
)


def identities(payload: bytes, title: str) -> set[str]:
    """Return names and addresses of the authors by the metadata and the plain text of page 1."""
    import pypdfium2

    with pypdfium2.PdfDocument(payload) as document:
        stated = document.get_metadata_value("Author")
        page = document[0].get_textpage().get_text_range().replace("\r", "")
    names = {each.strip() for each in re.split(r"[,;&\n]|\band\b", stated)}
    found = {each for each in names if _NAME.fullmatch(each) and not _PLACE.search(each)}
    end = _FRONT_ENDS.search(page, 30)
    for line in page[: end.start() if end else 600].splitlines()[:30]:
        if folded(line) in folded(title) or folded(title) in folded(line) or _PLACE.search(line):
            continue
        found |= {each for each in _NAME.findall(line) if folded(each) not in folded(title)}
    return found | set(_EMAIL.findall(page))


def check_identities(paths: Sequence[Path]) -> None:
    """Print where texts name their authors, and how many do."""
    n_papers = n_named = n_identities = 0
    for path in paths:
        payload = path.read_bytes()
        try:
            paper = parse_pdf(payload, file=path.name)
        except ParseError as error:
            print(f"{path.name}: {error}", file=sys.stderr)
            continue
        texts = [paper.abstract, *(s.text for s in paper.sections)]
        whole = " ".join(" ".join([*texts, *(f.caption for f in paper.figures)]).split())
        looked_for = identities(payload, paper.title)
        left = [each for each in sorted(looked_for) if " ".join(each.split()) in whole]
        n_papers, n_identities = n_papers + 1, n_identities + len(looked_for)
        n_named += bool(left)
        for each in left:
            at = whole.index(" ".join(each.split()))
            print(f"{path.name}: {each}: ...{whole[max(at - 40, 0) : at + len(each) + 40]}...")
    print(f"{n_papers} papers, {n_identities} names and addresses, {n_named} papers with one left")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--identities", action="store_true", help="look for authors in the text")
    parser.add_argument("paths", nargs="+", help="FOLDER [CONVERTER ...], or PDFs")
    given = parser.parse_args()
    if given.identities:
        check_identities([Path(path) for path in given.paths])
        return
    folder, *converters = given.paths
    if len(converters) == 1:
        measure(Path(folder), converters[0])
        return
    head = ("recall", "precision", "levels", "s/paper", "by cpu", "MB")
    print("converter        {:>7} {:>9} {:>9} {:>8} {:>7} {:>6}".format(*head), flush=True)
    for converter in converters or ["pypdfium2", "docvortex", "pypdfium2-text", "pypdf-text"]:
        # A process of its own, since memory is the largest that a process ever had.
        subprocess.run([sys.executable, __file__, folder, converter], check=True)


if __name__ == "__main__":
    main()
