"""Authors of a PDF: their names, where they are printed again, and their contact addresses.

A name is taken from the lines between title and abstract, or from the PDF's metadata.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from cycledata.parse.author_names import (
    ADDRESS,
    AFFILIATION,
    certain_names,
    folded_name,
    is_name,
    name_phrases,
    with_last_names,
)
from cycledata.parse.pdf.convert import Block, PdfLine


def author_names(
    front: Sequence[Block], metadata: Sequence[str], lower: Iterable[str]
) -> tuple[str, ...]:
    """Return the full names of the authors that are certain, as they are printed.

    Args:
        front: blocks between title and abstract.
        metadata: authors by the PDF's metadata.
        lower: all words of the paper in lower case letters.
    """
    printed = list(dict.fromkeys(_printed_names(front)))
    stated = [" ".join(name.split()) for name in metadata if is_name(name)]
    addresses = [found for block in front for found in ADDRESS.findall(block.text)]
    return certain_names(printed, stated, addresses, lower)


def author_addresses(front: Sequence[Block], names: Sequence[str], whole: str) -> list[str]:
    """Return the e-mail addresses of the front matter, and those with an author's last name."""
    listed = [found for block in front for found in ADDRESS.findall(block.text)]
    return listed + with_last_names(ADDRESS.findall(whole), names)


def _printed_names(front: Sequence[Block]) -> Iterator[str]:
    """Yield the names of the front matter: before the first affiliation, and in the same type."""
    first: tuple[float, bool, str] | None = None
    for block in front:
        if block.kind == "figure" or block.page > 0:
            continue
        after: tuple[float, bool, str] | None = None  # type of the affiliation that goes on
        for text, kind in _lines(block):
            cut = AFFILIATION.search(text)
            mail = ADDRESS.search(text)
            end = min(found.start() for found in (cut, mail) if found) if cut or mail else None
            if after is None or (kind == first and kind != after):
                named = [part for part in name_phrases(text[:end]) if is_name(part)]
                if named and first is None:
                    first = kind
                yield from named
            if mail:
                after = None
            elif cut:
                after = kind


def _lines(block: Block) -> Iterator[tuple[str, tuple[float, bool, str]]]:
    if not block.lines:
        yield block.text, (0.0, False, "")
    for line in block.lines:
        yield line.text, _kind(line)


def _kind(line: PdfLine) -> tuple[float, bool, str]:
    return (line.size, line.bold, line.font)


def is_affiliation(text: str) -> bool:
    """Return whether a paragraph lists people and where they work."""
    n = len(AFFILIATION.findall(text))
    return n >= 2 and 80 * n > len(text)


def is_running_head(block: Block, names: Sequence[str]) -> bool:
    """Return whether a block at the edge of a page is a head or foot with the authors' names."""
    if len(block.text) > 160 or len(block.lines) > 2 or not names:
        return False
    if not (block.box[3] < 0.12 or block.box[1] > 0.88):
        return False
    text = folded_name(block.text)
    if any(folded_name(name) in text for name in names):
        return True
    surnames = (folded_name(name).split()[-1] for name in names)
    listed = re.search(r"et al\b|\band\b|\b[a-z]\. ?[a-z]|,|\A\S+\Z", text)
    return (
        bool(listed)
        and not re.search(r"(?<!\bal)\.\Z", text)
        and any(len(name) > 2 and re.search(rf"\b{re.escape(name)}\b", text) for name in surnames)
    )
