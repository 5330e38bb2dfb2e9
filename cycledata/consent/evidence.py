"""Evidence for publishing a component, and the licenses that are recognized.

Licenses are matched whole against a closed list of spellings. Words that are not on the list are no
license: the component is withheld and the words are named in its verdict.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Final, Literal

Component = Literal[
    "paper_text", "abstract", "reviews", "discussion", "ratings", "outline", "reference_abstracts"
]
"""Unit of a consent decision; ``ratings`` covers the decision, the title and all ratings,
``reviews`` the words of reviews, meta-reviews and decisions, and ``discussion`` those of rebuttals
and comments."""

COMPONENTS: Final[tuple[Component, ...]] = (
    "paper_text",
    "abstract",
    "reviews",
    "discussion",
    "ratings",
    "outline",
    "reference_abstracts",
)

Term = Literal["share-alike", "non-commercial", "no-derivatives", "no-redistribution"]


EvidenceKind = Literal["licence", "licence-of-another-version", "unreadable-licence", "public"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """One fact that supports publishing a component."""

    kind: EvidenceKind
    """``licence``: a license of the payload; ``licence-of-another-version``: a license of another
    version of it, which permits nothing; ``unreadable-licence``: the license reply is invalid,
    which permits nothing; ``public``: everyone can read it."""
    value: str
    """The words of the service, e.g. ``"CC BY 4.0"`` or ``"readers: everyone"``."""
    source: str
    """Service and key of the reply, e.g. ``"openreview forum/abc"``."""
    date: str | None
    """Date of that reply, ISO 8601; None if the reply states none."""


@dataclass(frozen=True, slots=True)
class License:
    """A license and the terms that apply to republishing under it."""

    name: str
    """SPDX identifier, or ``"arXiv-nonexclusive"``."""
    terms: frozenset[Term]


MAX_LICENSE_CHARS = 200
"""Longer words are never a license."""
_TERMS: Final[Mapping[str, Term]] = {
    "sa": "share-alike",
    "nc": "non-commercial",
    "nd": "no-derivatives",
}
_CC_PARTS: Final = ((), ("nc",), ("nd",), ("sa",), ("nc", "nd"), ("nc", "sa"))
_CC_VERSIONS: Final = ("1.0", "2.0", "2.5", "3.0", "4.0")
_SITE = "creativecommons.org"
_ARXIV_LICENSES: Final = (
    "arxiv.org/licenses/nonexclusive-distrib/1.0",
    "arxiv.org/licenses/assumed-1991-2003",
)
_SCHEME = re.compile(r"https?://(?:www\.)?")
_SPELLING = re.compile(r"[\x20-\x7e]{1,200}")


def _known_licenses() -> Iterator[tuple[str, License]]:
    """Yield every accepted spelling, normalized, and its license."""
    for spelling in ("cc0", "cc0 1.0", "cc0-1.0", f"{_SITE}/publicdomain/zero/1.0"):
        yield spelling, License("CC0-1.0", frozenset())
    for spelling in _ARXIV_LICENSES:
        yield spelling, License("arXiv-nonexclusive", frozenset({"no-redistribution"}))
    for parts in _CC_PARTS:
        terms = frozenset(_TERMS[part] for part in parts)
        name = "-".join(["CC-BY", *(part.upper() for part in parts)])
        code = "-".join(["by", *parts])
        for version in _CC_VERSIONS:
            versioned = License(f"{name}-{version}", terms)
            yield f"{_SITE}/licenses/{code}/{version}", versioned
            for spelling in _cc_spellings(parts):
                yield f"{spelling} {version}", versioned
                yield f"{spelling}-{version}", versioned
        # Some services name no version; the name then says so.
        for spelling in {*_cc_spellings(parts), f"{_SITE}/licenses/{code}"}:
            yield spelling, License(f"{name}-unversioned", terms)


def _cc_spellings(parts: tuple[str, ...]) -> set[str]:
    """Return the spellings of a Creative Commons license without version, e.g. ``"cc by-nc"``."""
    separators = product((" ", "-", ""), repeat=1)
    codes = {inner.join(["by", *parts]) for (inner,) in separators}
    return {f"cc{outer}{code}" for outer in (" ", "-", "") for code in codes}


_KNOWN: Final[Mapping[str, License]] = dict(_known_licenses())


@lru_cache(maxsize=4096)
def read_license(words: str) -> License | None:
    """Return the license that a service's words name, or None if they are not on the closed list.

    Case, surrounding blanks, the URL scheme and a final slash are ignored, and nothing else.

    >>> read_license("http://creativecommons.org/licenses/by-nc-nd/4.0/").name
    'CC-BY-NC-ND-4.0'
    >>> read_license("CC BY 4.0").terms
    frozenset()
    >>> read_license("All rights reserved. See creativecommons.org/publicdomain/zero/1.0/") is None
    True
    """
    # ASCII only: look-alike letters such as U+017F become ASCII when the case is folded.
    if len(words) > MAX_LICENSE_CHARS or not _SPELLING.fullmatch(words):
        return None
    text = words.strip().lower()
    url = _SCHEME.match(text)
    text = (text[url.end() :] if url else text).removesuffix("/")
    found = _KNOWN.get(text)
    # Only a URL has a scheme: "https://cc0" is no known spelling.
    return None if found and url and "/" not in text else found
