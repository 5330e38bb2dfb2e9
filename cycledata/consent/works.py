"""Identify works under all their ids, so that takedowns and opt-outs cover a work, not a string.

A work has keys: ``arxiv:<id>`` without version, ``doi:<doi>``, ``s2:<Semantic Scholar id>``,
``title:<digest>``, and ``title-author:<digest>`` per author. Digests are of the normal form of a
title, so that a list of keys repeats no text. Two papers are one work if they share an id, or the
title and an author; the title alone counts if the authors of one of them are unknown.
"""

import hashlib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

from cycledata.stages.duplicates import family_name, normalise

MIN_TITLE_LETTERS = 20
"""Shorter titles do not identify a work."""
_ARXIV_ID = r"(?:\d{4}\.\d{4,5}|[a-z-]{1,20}(?:\.[a-z]{2})?/\d{7})"
_ARXIV = re.compile(rf"(?:arxiv:\s?)?({_ARXIV_ID})(?:v\d{{1,3}})?", re.IGNORECASE)
_DOI = re.compile(r"(?:doi:\s?)?(10\.\d{4,9}/\S{1,200})", re.IGNORECASE)
_ARXIV_DOI = re.compile(rf"10\.48550/arxiv\.({_ARXIV_ID})", re.IGNORECASE)
_SCHOLAR = re.compile(r"(?:s2:)?([0-9a-f]{40})", re.IGNORECASE)
_VERSION = re.compile(r"v\d{1,3}$")
_PLAIN = re.compile(r"[^\s'\"`,;#<>{}|\\^?=&]{1,200}")
_ARXIV_MIRRORS: Final = frozenset({"ar5iv.org", "alphaxiv.org", "huggingface.co"})
"""Sites with the pages of arXiv under arXiv's ids, such as ``huggingface.co/papers/ID``."""
_SITES: Final = (
    "openreview.net",
    "api2.openreview.net",
    "arxiv.org",
    "export.arxiv.org",
    "ar5iv.labs.arxiv.org",
    *sorted(_ARXIV_MIRRORS),
    "doi.org",
    "semanticscholar.org",
    "aclanthology.org",
)


def read_work_id(text: str) -> str | None:
    """Return the key or paper id that a person means, or None if the text is not an id.

    Understands forum ids and other plain ids, arXiv ids with or without version, DOIs, Semantic
    Scholar ids, and the URLs of OpenReview, arXiv and its mirrors, doi.org, Semantic Scholar and
    the Anthology.

    >>> read_work_id("https://openreview.net/forum?id=abc12&noteId=x")
    'abc12'
    >>> read_work_id("https://arxiv.org/pdf/2301.00001v2.pdf")
    'arxiv:2301.00001'
    >>> read_work_id("https://huggingface.co/papers/2301.00001")
    'arxiv:2301.00001'
    >>> read_work_id('"abc12",') is None
    True
    """
    if any(unicodedata.category(char) in {"Cc", "Cf", "Cs"} for char in text):
        return None
    if "://" in text or any(text.lower().startswith((site, f"www.{site}")) for site in _SITES):
        return _in_url(text if "://" in text else f"https://{text}")
    if found := _DOI.fullmatch(text):
        return _doi_key(found[1])
    if found := _ARXIV.fullmatch(text):
        return f"arxiv:{found[1].lower()}"
    if found := _SCHOLAR.fullmatch(text):
        return f"s2:{found[1].lower()}"
    return text if _PLAIN.fullmatch(text) else None


def with_nearest(name: str, known: Iterable[str]) -> str:
    """Return a name that is no known id as a message shows it, with the ids that it resembles.

    >>> with_nearest("Sample-1", ["SAMPLE-1", "other"])
    "'Sample-1' (nearest: SAMPLE-1)"
    """
    plain = {i.casefold(): i for i in known}
    meant = read_work_id(name) or name.rpartition("=")[2]
    wanted = re.sub(r"[^\w.:/-]", "", meant).casefold()
    near = [plain[match] for match in get_close_matches(wanted, plain, n=3, cutoff=0.5)]
    return f"{name!r}" + (f" (nearest: {', '.join(near)})" if near else "")


def _in_url(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        host = re.sub(r"^(?:www|api2?|dx)\.", "", parts.hostname or "")
    except ValueError:
        return None
    path = unquote(parts.path).strip("/")
    if host == "openreview.net":
        query = parse_qs(parts.query)
        found = query.get("forum") or query.get("id", [])
        return found[0] if len(found) == 1 and _PLAIN.fullmatch(found[0]) else None
    if host == "arxiv.org" or host.endswith(".arxiv.org") or host in _ARXIV_MIRRORS:
        last = path.partition("/")[2].removesuffix(".pdf")
        found_id = _ARXIV.fullmatch(last)
        return f"arxiv:{found_id[1].lower()}" if found_id else None
    if host == "doi.org":
        return _doi_key(path) if _DOI.fullmatch(path) else None
    if host == "aclanthology.org":
        name = path.removesuffix(".pdf")
        return name if _PLAIN.fullmatch(name) and "/" not in name else None
    if host == "semanticscholar.org":
        scholar = _SCHOLAR.fullmatch(path.rpartition("/")[2])
        return f"s2:{scholar[1].lower()}" if scholar else None
    return None


def _doi_key(doi: str) -> str:
    of_arxiv = _ARXIV_DOI.fullmatch(doi)
    return f"arxiv:{of_arxiv[1].lower()}" if of_arxiv else f"doi:{doi.lower()}"


def work_keys(
    *,
    arxiv_ids: Iterable[str | None] = (),
    dois: Iterable[str | None] = (),
    scholar_ids: Iterable[str | None] = (),
    title: str | None = None,
    authors: Sequence[str] | None = None,
) -> tuple[str, ...]:
    """Return the keys of a work, sorted; ids that are None are left out."""
    keys = {f"arxiv:{_VERSION.sub('', name.lower())}" for name in arxiv_ids if name}
    keys |= {_doi_key(name) for name in dois if name}
    keys |= {f"s2:{name.lower()}" for name in scholar_ids if name}
    plain = normalise(title or "")
    if len(plain) >= MIN_TITLE_LETTERS:
        keys.add(f"title:{_digest(plain)}")
        keys |= {f"title-author:{_digest(plain, family_name(name))}" for name in authors or ()}
    return tuple(sorted(keys))


def _digest(*parts: str) -> str:
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=12).hexdigest()


def same_works(keys_of: Mapping[str, Collection[str]]) -> dict[str, frozenset[str]]:
    """Return each paper id to the ids of all papers that are the same work, itself included."""
    parent = {paper_id: paper_id for paper_id in keys_of}

    def root(node: str) -> str:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    def join(members: Sequence[str]) -> None:
        for member in members[1:]:
            first, second = sorted((root(members[0]), root(member)))
            parent[second] = first

    sharing: defaultdict[str, list[str]] = defaultdict(list)
    for paper_id, keys in keys_of.items():
        for key in keys:
            sharing[key].append(paper_id)
    named = {i for i, keys in keys_of.items() if any(k.startswith("title-author:") for k in keys)}
    for key, members in sharing.items():
        if not key.startswith("title:") or any(member not in named for member in members):
            join(members)
    groups: defaultdict[str, set[str]] = defaultdict(set)
    for paper_id in keys_of:
        groups[root(paper_id)].add(paper_id)
    return {paper_id: frozenset(groups[root(paper_id)]) for paper_id in keys_of}


@dataclass(frozen=True, slots=True)
class WorkIndex:
    """Papers of a snapshot or build, with the keys of each and the works that they form."""

    keys_of: Mapping[str, frozenset[str]]
    """Paper id to its keys."""
    works: Mapping[str, frozenset[str]]
    """Paper id to the papers of the same work."""

    @classmethod
    def of(cls, keys_of: Mapping[str, Collection[str]]) -> "WorkIndex":
        """Index papers by their keys."""
        return cls({i: frozenset(keys) for i, keys in keys_of.items()}, same_works(keys_of))

    def papers_of(self, name: str) -> frozenset[str]:
        """Return the papers of the work that a paper id or key names; empty if none does."""
        found = {name} & self.keys_of.keys() or {
            paper_id for paper_id, keys in self.keys_of.items() if name in keys
        }
        return frozenset().union(*(self.works[paper_id] for paper_id in found))

    def expand(self, names: Iterable[str]) -> frozenset[str]:
        """Return the names with all paper ids and keys of their works.

        An id that no paper has stays as it is: it may be the id of a cited work.
        """
        wanted = {read_work_id(name) or name for name in names} | set(names)
        by_key: defaultdict[str, set[str]] = defaultdict(set)
        for paper_id, keys in self.keys_of.items():
            # A tombstone lists the title of its work; the title alone names no other paper.
            for key in (key for key in keys & wanted if not key.startswith("title:")):
                by_key[key].add(paper_id)
        papers: set[str] = set()
        for name in wanted:
            for paper_id in {name} & self.keys_of.keys() | by_key.get(name, set()):
                papers |= self.works[paper_id]
        keys = frozenset[str]().union(*(self.keys_of[paper_id] for paper_id in papers))
        return frozenset(wanted | papers) | keys
