"""Collect the evidence for publishing each component of a paper from the replies of a snapshot."""

from collections.abc import Iterator, Sequence

from cycledata.consent.evidence import Evidence, EvidenceKind
from cycledata.errors import ParseError
from cycledata.parse.arxiv import ArxivPaper, parse_licence_page, parse_named_id, parse_oai
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

    OAI-PMH states the license of the latest version only; the abstract page of an earlier version
    states its own.
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
    reply = snapshot.get("arxiv", f"record/{candidate.arxiv_id}")
    if reply is None or reply.status != 200:
        return
    try:
        record = parse_oai(reply.payload)
    except ParseError as error:
        yield _evidence("unreadable-licence", error.rule, reply)
        return
    if record.arxiv_id != candidate.arxiv_id:
        yield _evidence("unreadable-licence", "other-record", reply)
        return
    words = record.license
    if words is None:
        return
    if version == candidate.version:
        yield _evidence("licence", words, reply)
    else:
        words = f"{words} (version {candidate.version}, text {version})"
        yield _evidence("licence-of-another-version", words, reply)


def metadata_evidence(snapshot: Replies, paper_id: str) -> list[Evidence]:
    """Return the evidence for arXiv's own metadata, which is in the public domain."""
    reply = snapshot.get("arxiv", f"match/{paper_id}")
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
        found += metadata_evidence(snapshot, submission.paper_id)
    return found


def _evidence(kind: EvidenceKind, value: str, reply: Reply, origin: str | None = None) -> Evidence:
    date = reply.retrieved_at.date().isoformat() if reply.retrieved_at else None
    source = f"{reply.service} {reply.key}" + (f" from {origin}" if origin else "")
    return Evidence(kind=kind, value=value, source=source, date=date)
