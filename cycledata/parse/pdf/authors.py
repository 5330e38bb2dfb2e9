"""Authors of a PDF: their names, where they are printed again, and their contact addresses.

A name is taken from the lines between title and abstract, or from the PDF's metadata. The words of
a name must not occur in lower case in the paper, unless metadata or an address confirm the name: so
"Shared Task" is no author of a paper that writes of tasks.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from cycledata.parse.pdf.convert import Block, PdfLine

MAX_NAMES = 200
MASK = "[author]"

_PARTICLES = re.compile(r"van|von|der|de[nrl]?|d[aiou]s?|la|le|della|bin|ibn|al|el|te[rn]|af|zu|y")
_NO_NAME = re.compile(
    r"\b(?:abstract|authors?|draft|member|paper|preprint|senior|student|the|version|working"
    r"|anonymous|submission|track|technical|report|notes?|sciences?|engineering|computers?"
    r"|computing|mathematics|statistics|physics|systems|technolog(?:y|ies)|division|information"
    r"|contact|journals?|transactions|proceedings|conference|international|association"
    r"|professor|fellow|medicine|publishing|facility|acm|ieee|open|access|mellon|africa|america"
    r"|arabia|kingdom|korea|kong|lanka|republic|states|zealand)\b",
    re.IGNORECASE,
)
AFFILIATION = re.compile(
    r"universi|universit|institut|laborator|\blabs?\b|department|\bdept\b|faculty|school of"
    r"|college|academy|research|\bcent(?:er|re)\b|\binc\b|corporation|\bltd\b|gmbh|company|hospital"
    r"|foundation|ministry|\bstreet\b|\bavenue\b|\broad\b|\d{4,}",
    re.IGNORECASE,
)
_SEPARATORS = re.compile(
    r"[,;&|/·•]|\band\b|\bund\b|\bet\b|[∗*†‡§¶⋆#∥⊥♠♣♢♡✉]+|\([^()]{0,80}+\)|\[[^\[\]]{0,80}+\]|\d+"
)
ADDRESS = re.compile(
    r"(?:\{[^{}@\n]{2,200}+\}|(?<![\w.+-])[\w.+-]{1,64}+)\s?@"
    r"\s?[\w-]{1,60}+(?:\s?\.\s?[\w-]{2,24}+){1,4}"
)
"""An e-mail address, also of several people at one host."""


def author_names(
    front: Sequence[Block], metadata: Sequence[str], lower: Iterable[str]
) -> tuple[str, ...]:
    """Return the full names of the authors that are certain, as they are printed.

    Args:
        front: blocks between title and abstract.
        metadata: authors by the PDF's metadata.
        lower: all words of the paper in lower case letters.
    """
    common = frozenset(lower)
    printed = list(dict.fromkeys(_printed_names(front)))
    stated = [" ".join(name.split()) for name in metadata if _is_name(name)]
    known = {_folded(name) for name in stated}
    addresses = [_folded(found) for block in front for found in ADDRESS.findall(block.text)]
    names: list[str] = []
    for name in (*printed, *stated):
        words = [part.strip(".") for part in _folded(name).split()]
        parts = [part for part in words if len(part) > 1 and not _PARTICLES.fullmatch(part)]
        if not parts or name in names:
            continue
        rare = not any(part in common for part in parts)
        stated_too = _folded(name) in known and name in printed
        addressed = len(parts[-1]) > 3 and any(parts[-1] in address for address in addresses)
        if rare or stated_too or addressed:
            names.append(name)
    return tuple(names[:MAX_NAMES])


def author_addresses(front: Sequence[Block], names: Sequence[str], whole: str) -> list[str]:
    """Return the e-mail addresses of the front matter, and those with an author's last name."""
    listed = [found for block in front for found in ADDRESS.findall(block.text)]
    surnames = [last for name in names if len(last := _folded(name).split()[-1]) > 2]
    others = dict.fromkeys(ADDRESS.findall(whole))
    return listed + [each for each in others if any(last in _folded(each) for last in surnames)]


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
                named = [part for part in _phrases(text[:end]) if _is_name(part)]
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


def _phrases(text: str) -> list[str]:
    return [" ".join(part.split()).strip(" .:") for part in _SEPARATORS.split(text)]


def _is_name(text: str) -> bool:
    """Return whether a phrase may be a person's full name.

    >>> [_is_name(t) for t in ("Ann B. Quimby", "Jan van der Berg", "Ann", "South Africa")]
    [True, True, False, False]
    """
    parts = text.split()
    if not 2 <= len(parts) <= 6 or not 5 <= len(text) <= 60:
        return False
    full = [part for part in parts if len(part.strip(".")) > 1 and not _PARTICLES.fullmatch(part)]
    if not 1 <= len(full) <= 4 or _PARTICLES.fullmatch(parts[0]) or _PARTICLES.fullmatch(parts[-1]):
        return False
    if _NO_NAME.search(text) or AFFILIATION.search(text):
        return False
    return len(parts[-1]) > 1 and all(
        _PARTICLES.fullmatch(part)
        or (part[0].isupper() and re.fullmatch(r"[^\W\d_]['’.\w-]*", part))
        for part in parts
    )


def _folded(text: str) -> str:
    """Return text in lower case without accents."""
    flat = unicodedata.normalize("NFKD", text)
    return " ".join("".join(c for c in flat if not unicodedata.combining(c)).casefold().split())


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
    text = _folded(block.text)
    if any(_folded(name) in text for name in names):
        return True
    surnames = (_folded(name).split()[-1] for name in names)
    listed = re.search(r"et al\b|\band\b|\b[a-z]\. ?[a-z]|,|\A\S+\Z", text)
    return (
        bool(listed)
        and not re.search(r"(?<!\bal)\.\Z", text)
        and any(len(name) > 2 and re.search(rf"\b{re.escape(name)}\b", text) for name in surnames)
    )


def names_pattern(names: Sequence[str]) -> re.Pattern[str] | None:
    """Return an expression for the full names in running text; None without names."""
    if not names:
        return None
    words = [r"\s+".join(map(re.escape, name.split())) for name in names]
    ordered = sorted(words, key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(ordered)})(?!\w)", re.IGNORECASE)
