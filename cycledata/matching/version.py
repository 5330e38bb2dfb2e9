"""The version of a matched arXiv paper that a dataset uses, and the record of the match."""

import datetime as dt
from dataclasses import dataclass

from cycledata.consent.gather import eprint_evidence
from cycledata.matching.deadlines import ChosenVersion, choose_version
from cycledata.matching.find import ArxivMatch
from cycledata.parse.arxiv import parse_abstract_page
from cycledata.snapshot import keys
from cycledata.snapshot.reply import Replies


@dataclass(frozen=True, slots=True)
class MatchRecord:
    """Evidence that a paper is an arXiv paper: a row of ``matches.parquet``."""

    paper_id: str
    arxiv_id: str
    title: str
    """arXiv's title."""
    rule: str
    """Rule that accepted the match."""
    score: float | None
    """Similarity of the normalized titles, 0-1; None for an arXiv id from a file."""
    source: str
    """Service and key of the reply."""
    date: str | None
    """Day of that reply, ISO 8601; None if unknown."""
    version: int | None
    """Version that the dataset uses; None if unknown."""
    version_rule: str
    """Rule that chose it."""
    version_day: dt.date | None
    """Day of that version; None if unknown."""
    deadline: dt.date | None
    """Submission deadline that it was compared with; None if there was none."""
    version_license: str | None
    """License of that version in arXiv's words; None if unknown."""
    version_abstract: str | None
    """arXiv's abstract of that version; None if unknown or withheld."""


def reviewed_version(match: ArxivMatch, deadline: dt.date | None) -> ChosenVersion:
    """Return the version that was reviewed; a version that a file states wins."""
    if match.stated_version is not None:
        return ChosenVersion(match.stated_version, "stated")
    if match.metadata is None:
        # A search lists the last version only.
        return ChosenVersion(match.paper.version or None, "latest", match.paper.updated)
    return choose_version(match.versions, deadline)


def latest_version(match: ArxivMatch) -> ChosenVersion:
    """Return the last version; a version that a file states wins."""
    return reviewed_version(match, None)


def match_record(
    snapshot: Replies, paper_id: str, match: ArxivMatch, chosen: ChosenVersion, *, abstract: bool
) -> MatchRecord:
    """Return the record of a match.

    Args:
        snapshot: has the replies about the arXiv paper.
        paper_id: the paper.
        match: its arXiv paper.
        chosen: version that the dataset uses.
        abstract: whether the abstract may be published.
    """
    paper, number = match.paper, chosen.number
    license_ = None
    if number is not None:
        evidence = eprint_evidence(snapshot, paper, number, paper_id)
        license_ = next((item.value for item in evidence if item.kind == "licence"), None)
    return MatchRecord(
        paper_id=paper_id,
        arxiv_id=paper.arxiv_id,
        title=paper.title,
        rule=match.rule,
        score=match.score,
        source=match.source,
        date=match.date,
        version=number,
        version_rule=chosen.rule,
        version_day=chosen.day,
        deadline=chosen.deadline,
        version_license=license_,
        version_abstract=_abstract(snapshot, match, number) if abstract else None,
    )


def _abstract(snapshot: Replies, match: ArxivMatch, number: int | None) -> str | None:
    """Return arXiv's abstract of a version: from its page, or the metadata of the last version."""
    if number is None:
        return None
    page = snapshot.get(*keys.arxiv_page(match.paper.arxiv_id, number))
    found = parse_abstract_page(page.payload) if page and page.status == 200 else None
    last = match.versions[-1].number if match.versions else match.paper.version
    return found or (match.paper.abstract or None if number == last else None)
