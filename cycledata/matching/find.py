"""Find the arXiv paper that a paper of a snapshot is, with rule, score and source."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cycledata.errors import ParseError
from cycledata.matching.papers import json_object
from cycledata.parse.arxiv import ArxivPaper, parse_atom, parse_named_id
from cycledata.parse.arxiv_metadata import (
    ArxivMetadata,
    ArxivVersion,
    parse_metadata,
    version_dates,
)
from cycledata.snapshot import keys
from cycledata.snapshot.reply import Replies
from cycledata.stages.match import match_arxiv

NAMED = "arxiv-id-from-file"
"""Rule of a match that an imported file states; it wins over every match by title."""


@dataclass(frozen=True, slots=True)
class ArxivMatch:
    """The arXiv paper that a paper is, and the evidence."""

    paper: ArxivPaper
    rule: str
    """Rule of `stages.match`, or `arxiv-id-from-file`."""
    score: float | None
    """Similarity of the titles, 0-1; None for an id from a file."""
    source: str
    """Service and key of the reply, e.g. ``"arxiv metadata/2301.00001"``."""
    date: str | None
    """Day of that reply, ISO 8601; None if unknown."""
    metadata: ArxivMetadata | None = None
    """Row of arXiv's metadata; None if the snapshot has none."""
    stated_version: int | None = None
    """Version that an imported file states; None if none does."""

    @property
    def versions(self) -> tuple[ArxivVersion, ...]:
        """Versions with their dates, ascending; empty if they are not known."""
        return self.metadata.versions if self.metadata else ()


def find_arxiv_match(
    snapshot: Replies,
    paper_id: str,
    title: str | None,
    authors: Sequence[str] | None,
    *,
    year: int | None = None,
) -> ArxivMatch | None:
    """Return the arXiv paper that is this work, or None if there is no match.

    An arXiv id from an imported file wins over a match by title. Candidates come from arXiv's
    metadata and from a recorded search; of one arXiv id, the metadata is used.

    Raises:
        ParseError: a candidate, or the reply of the search, is invalid.
    """
    found = _candidates(snapshot, paper_id)
    stated = snapshot.get(*keys.arxiv_named(paper_id))
    if stated is not None:
        named = parse_named_id(stated.payload)
        same = found.get(named.arxiv_id) or _from_metadata(snapshot, named.arxiv_id)
        paper = same.paper if same else named.as_paper(title)
        metadata = same.metadata if same else None
        if named.version is not None:
            paper = paper.model_copy(update={"version": named.version})
        date = stated.retrieved_at.date().isoformat() if stated.retrieved_at else None
        source = f"{stated.service} {stated.key}"
        return ArxivMatch(paper, NAMED, None, source, date, metadata, named.version)
    candidates = [match.paper for match in found.values()]
    match = match_arxiv(title, authors, candidates, year=year)
    if match is None:
        return None
    return replace(found[match.paper.arxiv_id], rule=match.rule, score=match.score)


def candidate_ids(snapshot: Replies, paper_id: str) -> list[str] | None:
    """Return the arXiv ids whose metadata may be a paper's; None if it was never compared."""
    reply = snapshot.get(*keys.arxiv_candidates(paper_id))
    if reply is None:
        return None
    ids = json_object(reply).get("arxiv_ids")
    return [name for name in ids if isinstance(name, str)] if isinstance(ids, list) else []


def has_metadata(snapshot: Replies) -> bool:
    """Return True if papers of the snapshot were compared with arXiv's metadata."""
    return next(iter(snapshot.keys(keys.ARXIV, keys.METADATA_SOURCES)), None) is not None


def read_metadata(snapshot: Replies, arxiv_id: str) -> ArxivMetadata | None:
    """Return the metadata of an arXiv id, with the versions of a later reply; None if unknown.

    Raises:
        ParseError: the row is invalid.
    """
    reply = snapshot.get(*keys.arxiv_metadata(arxiv_id))
    if reply is None or reply.status != 200:
        return None
    metadata = parse_metadata(reply.payload)
    if metadata.versions:
        return metadata
    dates = snapshot.get(*keys.arxiv_versions(arxiv_id))
    if dates is None or dates.status != 200:
        return metadata
    return metadata.model_copy(update={"versions": version_dates(dates.payload)})


def _candidates(snapshot: Replies, paper_id: str) -> dict[str, ArxivMatch]:
    """Return every candidate by arXiv id, without rule and score."""
    found: dict[str, ArxivMatch] = {}
    searched = snapshot.get(*keys.arxiv_match(paper_id))
    if searched is not None and searched.status == 200:
        day = searched.retrieved_at.date().isoformat() if searched.retrieved_at else None
        source = f"{searched.service} {searched.key}"
        for paper in parse_atom(searched.payload):
            found.setdefault(paper.arxiv_id, ArxivMatch(paper, "", 0.0, source, day))
    for arxiv_id in candidate_ids(snapshot, paper_id) or ():
        candidate = _from_metadata(snapshot, arxiv_id)
        if candidate is not None:
            found[candidate.paper.arxiv_id] = candidate
    return found


def _from_metadata(snapshot: Replies, arxiv_id: str) -> ArxivMatch | None:
    metadata = read_metadata(snapshot, arxiv_id)
    if metadata is None:
        return None
    if metadata.arxiv_id != arxiv_id:
        detail = f"expected the metadata of {arxiv_id}, found {metadata.arxiv_id}"
        raise ParseError("arxiv-metadata", detail)
    reply = snapshot.get(*keys.arxiv_metadata(arxiv_id))
    moment = reply.retrieved_at if reply else None
    date = moment.date().isoformat() if moment else None
    source = " ".join(keys.arxiv_metadata(arxiv_id))
    return ArxivMatch(metadata.as_paper(), "", 0.0, source, date, metadata)
