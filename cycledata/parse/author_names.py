"""Names and e-mail addresses of authors, and the expression that masks them in a text."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

MASK = "[author]"
"""What replaces an author's full name or address in a text."""
MAX_NAMES = 200
"""Names of one paper."""

PARTICLES = re.compile(r"van|von|der|de[nrl]?|d[aiou]s?|la|le|della|bin|ibn|al|el|te[rn]|af|zu|y")
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


def name_phrases(text: str) -> list[str]:
    """Return the phrases between commas, marks and numbers of a line of authors."""
    return [" ".join(part.split()).strip(" .:") for part in _SEPARATORS.split(text)]


def is_name(text: str) -> bool:
    """Return whether a phrase may be a person's full name.

    >>> [is_name(t) for t in ("Ann B. Quimby", "Jan van der Berg", "Ann", "South Africa")]
    [True, True, False, False]
    """
    parts = text.split()
    if not 2 <= len(parts) <= 6 or not 5 <= len(text) <= 60:
        return False
    full = [part for part in parts if len(part.strip(".")) > 1 and not PARTICLES.fullmatch(part)]
    if not 1 <= len(full) <= 4 or PARTICLES.fullmatch(parts[0]) or PARTICLES.fullmatch(parts[-1]):
        return False
    if _NO_NAME.search(text) or AFFILIATION.search(text):
        return False
    return len(parts[-1]) > 1 and all(
        PARTICLES.fullmatch(part)
        or (part[0].isupper() and re.fullmatch(r"[^\W\d_]['’.\w-]*", part))
        for part in parts
    )


def folded_name(text: str) -> str:
    """Return text in lower case without accents."""
    flat = unicodedata.normalize("NFKD", text)
    return " ".join("".join(c for c in flat if not unicodedata.combining(c)).casefold().split())


def certain_names(
    printed: Sequence[str],
    stated: Sequence[str],
    addresses: Iterable[str],
    lower: Iterable[str],
    *,
    is_author_command: bool = False,
) -> tuple[str, ...]:
    """Return the names that are certain, as they are printed.

    The words of a name must not occur in lower case in the paper, unless metadata or an address
    confirm the name: so "Shared Task" is no author of a paper that writes of tasks.

    Args:
        printed: names in the front matter.
        stated: names by the metadata.
        addresses: e-mail addresses in the front matter.
        lower: all words of the paper in lower case letters.
        is_author_command: the printed names come from commands for authors; then one word that
            does not occur in lower case is enough.
    """
    common = frozenset(lower)
    known = {folded_name(name) for name in stated}
    places = [folded_name(address) for address in addresses]
    names: list[str] = []
    for name in (*printed, *stated):
        words = [part.strip(".") for part in folded_name(name).split()]
        parts = [part for part in words if len(part) > 1 and not PARTICLES.fullmatch(part)]
        if not parts or name in names:
            continue
        n_common = sum(part in common for part in parts)
        rare = n_common < len(parts) if is_author_command else n_common == 0
        stated_too = folded_name(name) in known and name in printed
        addressed = len(parts[-1]) > 3 and any(parts[-1] in place for place in places)
        if rare or stated_too or addressed:
            names.append(name)
    return tuple(names[:MAX_NAMES])


def with_last_names(addresses: Iterable[str], names: Sequence[str]) -> list[str]:
    """Return the e-mail addresses in which an author's last name occurs."""
    last_names = [last for name in names if len(last := folded_name(name).split()[-1]) > 2]
    return [
        address
        for address in dict.fromkeys(addresses)
        if any(last in folded_name(address) for last in last_names)
    ]


def names_pattern(names: Sequence[str]) -> re.Pattern[str] | None:
    """Return an expression for the full names in running text; None without names."""
    if not names:
        return None
    words = [r"[\s~]+".join(map(_spelled, name.split())) for name in names]
    ordered = sorted(words, key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(ordered)})(?!\w)", re.IGNORECASE)


def _spelled(word: str) -> str:
    """Return an expression for a word; a letter that is not ASCII may be written in LaTeX."""
    return "".join(
        re.escape(char)
        if char.isascii()
        else rf"(?:{char}|\{{?\\[^\s{{}}]{{1,3}}[\s{{}}]{{0,2}}[A-Za-z]?\}}{{0,2}})"
        for char in word
    )
