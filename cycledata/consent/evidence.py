"""Licences as what they are, and the evidence that a decision about publishing rests on.

In: the words a service uses for a licence. Out: the licence's terms, or None for words nobody
recognises, which the policy treats as no licence at all.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

Component = Literal[
    "paper_text", "abstract", "reviews", "ratings", "outline", "reference_abstracts"
]
"""What is decided on separately; ``ratings`` covers the decision, the title and every mark."""

COMPONENTS: Final[tuple[Component, ...]] = (
    "paper_text",
    "abstract",
    "reviews",
    "ratings",
    "outline",
    "reference_abstracts",
)

Term = Literal["share-alike", "non-commercial", "no-derivatives", "no-redistribution"]


EvidenceKind = Literal["licence", "licence-of-another-version", "unreadable-licence", "public"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """One fact that speaks for publishing a component."""

    kind: EvidenceKind
    """``licence``: one stands with the payload; ``licence-of-another-version``: one stands with
    another version of it, which permits nothing; ``unreadable-licence``: the answer cannot be read,
    which permits nothing either; ``public``: everyone can read it."""
    value: str
    """The service's own words, e.g. ``"CC BY 4.0"`` or ``"readers: everyone"``."""
    source: str
    """Service and key of the reply that says so, e.g. ``"openreview forum/abc"``."""
    date: str | None
    """Date of that reply, ISO 8601; None where the reply states none."""


@dataclass(frozen=True, slots=True)
class Licence:
    """A licence and the terms that bind whoever republishes under it."""

    name: str
    """SPDX identifier, or ``"arXiv-nonexclusive"``."""
    terms: frozenset[Term]


_CC = re.compile(
    r"(?:https?://)?(?:www\.)?(?:creativecommons\.org/licenses/|cc[- ]?)"
    r"(by(?:[- ]?(?:nc|nd|sa)){0,2})[/ -]{0,3}([1-4]\.0)?",
    re.IGNORECASE,
)
_PART = re.compile(r"by|nc|nd|sa")
_CC_TERMS: Final[dict[str, Term]] = {
    "sa": "share-alike",
    "nc": "non-commercial",
    "nd": "no-derivatives",
}


@lru_cache(maxsize=4096)
def read_licence(words: str) -> Licence | None:
    """The licence that a service's words name; None for words nobody recognises.

    >>> read_licence("http://creativecommons.org/licenses/by-nc-nd/4.0/").name
    'CC-BY-NC-ND-4.0'
    >>> read_licence("CC BY 4.0").terms
    frozenset()
    >>> read_licence("all rights reserved") is None
    True
    """
    text = words.strip().rstrip("/")
    lowered = text.lower()
    if len(text) > 200:
        return None
    if "nonexclusive-distrib" in lowered:
        return Licence("arXiv-nonexclusive", frozenset({"no-redistribution"}))
    if "publicdomain/zero" in lowered or lowered in {"cc0", "cc0 1.0", "cc0-1.0"}:
        return Licence("CC0-1.0", frozenset())
    match = _CC.fullmatch(text)
    if match is None:
        return None
    parts = _PART.findall(match.group(1).lower())
    # Older arXiv deposits name by-nc-sa without a version; the version is then part of the doubt.
    version = match.group(2) or "unversioned"
    name = "CC-" + "-".join(part.upper() for part in parts) + f"-{version}"
    return Licence(name, frozenset(_CC_TERMS[part] for part in parts[1:]))
