"""Collect the evidence for publishing each component of a paper from the replies of a snapshot."""

from collections.abc import Iterator, Sequence

from cycledata.consent.evidence import Evidence, EvidenceKind
from cycledata.errors import ParseError
from cycledata.parse.arxiv import ArxivPaper, parse_licence_page, parse_named_id, parse_oai
from cycledata.parse.arxiv_metadata import ArxivMetadata, parse_metadata
from cycledata.parse.semantic_scholar import Work
from cycledata.records import Submission
from cycledata.snapshot import keys
from cycledata.snapshot.reply import Replies, Reply
from cycledata.stages.duplicates import normalise


def stated_license(evidence: Sequence[Evidence]) -> str | None:
    """Return the license that a service states for a text, in its words, or None if unknown."""
    return next((item.value for item in evidence if item.kind != "unreadable-licence"), None)


def eprint_evidence(
    snapshot: Replies, candidate: ArxivPaper, version: int, paper_id: str | None = None
) -> Iterator[Evidence]:
    """Yield evidence about the license of one version of an e-print.

    A license that an imported file states for the paper's arXiv id comes first.

    OAI-PMH and arXiv's metadata state the license of the latest version only; the abstract page of
    an earlier version states its own.
    """
    stated = snapshot.get(*keys.arxiv_named(paper_id)) if paper_id is not None else None
    if stated is not None:
        named = parse_named_id(stated.payload)
        if named.license is not None and named.arxiv_id == candidate.arxiv_id:
            of_this = named.version is None or named.version == version
            origin = named.license_source or stated.url
            value = named.license if of_this else f"{named.license} (version {named.version})"
            kind: EvidenceKind = "licence" if of_this else "licence-of-another-version"
            yield _evidence(kind, value, stated, origin)
            return
    page = snapshot.get("arxiv", f"abs/{candidate.arxiv_id}v{version}")
    if page is not None and page.status == 200:
        words = parse_licence_page(page.payload)
        if words is not None:
            yield _evidence("licence", words, page)
            return
    yield from _latest_license(snapshot, candidate, version)


def _latest_license(snapshot: Replies, candidate: ArxivPaper, version: int) -> Iterator[Evidence]:
    """Yield the license of the latest version, from an OAI-PMH record or arXiv's metadata."""
    reply = snapshot.get(*keys.arxiv_record(candidate.arxiv_id))
    of_record = reply is not None and reply.status == 200
    reply = reply if of_record else snapshot.get(*keys.arxiv_metadata(candidate.arxiv_id))
    if reply is None or reply.status != 200:
        return
    latest = candidate.version
    try:
        record = parse_oai(reply.payload) if of_record else parse_metadata(reply.payload)
    except ParseError as error:
        yield _evidence("unreadable-licence", error.rule, reply)
        return
    if record.arxiv_id != candidate.arxiv_id:
        yield _evidence("unreadable-licence", "other-record", reply)
        return
    if isinstance(record, ArxivMetadata) and record.versions:
        latest = record.versions[-1].number
    words = record.license
    if words is None:
        return
    if version == latest:
        yield _evidence("licence", words, reply)
    else:
        found = f"version {latest}" if latest else "latest version"
        words = f"{words} ({found}, text {version})"
        yield _evidence("licence-of-another-version", words, reply)


def metadata_evidence(
    snapshot: Replies, arxiv_id: str, paper_id: str | None = None
) -> list[Evidence]:
    """Return the evidence for arXiv's own metadata, which is in the public domain.

    Args:
        snapshot: has a row of arXiv's metadata, or a search for the paper.
        arxiv_id: the arXiv paper.
        paper_id: the paper that was searched for; None for a cited work.
    """
    reply = snapshot.get(*keys.arxiv_metadata(arxiv_id))
    if reply is None and paper_id is not None:
        reply = snapshot.get(*keys.arxiv_match(paper_id))
    return [] if reply is None else [_evidence("licence", "CC0", reply)]


def work_evidence(work: Work) -> list[Evidence]:
    """Return the evidence for a cited work's abstract: the license of its open-access copy."""
    if work.license is None:
        return []
    source = f"semantic_scholar paper/{work.work_id}"
    return [Evidence(kind="licence", value=work.license, source=source, date=None)]


def note_evidence(forum: Reply, words: str | None) -> list[Evidence]:
    """Return the license that a note of a forum states, as evidence; empty if it states none."""
    return [] if words is None else [_evidence("licence", words, forum)]


def rating_evidence(forum: Reply, submission: Submission) -> list[Evidence]:
    """Return the evidence for the ratings and the decision."""
    found = note_evidence(forum, submission.review_license)
    if submission.public:
        found.append(_evidence("public", "readers: everyone", forum))
    return found


def abstract_evidence(
    snapshot: Replies, forum: Reply, submission: Submission, candidate: ArxivPaper | None
) -> list[Evidence]:
    """Return the evidence for the abstract: the submission's license, then arXiv's metadata."""
    found = note_evidence(forum, submission.license)
    if candidate and normalise(candidate.abstract) == normalise(submission.abstract or ""):
        found += metadata_evidence(snapshot, candidate.arxiv_id, submission.paper_id)
    return found


def _evidence(kind: EvidenceKind, value: str, reply: Reply, origin: str | None = None) -> Evidence:
    date = reply.retrieved_at.date().isoformat() if reply.retrieved_at else None
    source = f"{reply.service} {reply.key}" + (f" from {origin}" if origin else "")
    return Evidence(kind=kind, value=value, source=source, date=date)
