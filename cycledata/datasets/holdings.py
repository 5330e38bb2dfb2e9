"""What a sealed snapshot holds about one paper: its texts, and what speaks for publishing them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from cycledata.consent.evidence import Evidence, EvidenceKind
from cycledata.errors import ParseError
from cycledata.parse.arxiv import ArxivPaper, parse_atom, parse_oai
from cycledata.parse.latex import parse_eprint
from cycledata.records import PaperText, Submission
from cycledata.replies import Reply
from cycledata.snapshot import SealedSnapshot
from cycledata.stages.likeness import normalise
from cycledata.stages.match import match_arxiv


@dataclass(frozen=True, slots=True)
class Text:
    """One text of a paper that the snapshot holds, still unread."""

    reply: Reply
    kind: Literal["eprint", "pdf"]
    evidence: tuple[Evidence, ...]


def read_text(text: Text) -> PaperText:
    """Read an e-print or PDF.

    Raises:
        ParseError: it cannot be read as what it claims to be.
    """
    file = text.reply.key.split("/", 1)[1]
    if text.kind == "pdf":
        raise ParseError("pdf-not-read", f"{file}: this version reads LaTeX alone")
    return parse_eprint(text.reply.payload, file=file, bibliography=False)


def texts(
    snapshot: SealedSnapshot, forum: Reply, submission: Submission, candidate: ArxivPaper | None
) -> Iterator[Text]:
    """The paper's texts in the snapshot, best first, each with what speaks for publishing it."""
    if candidate is not None:
        keys = list(snapshot.keys("arxiv", f"eprint/{candidate.arxiv_id}v"))
        if keys:
            key = max(keys, key=lambda k: int(k.rsplit("v", 1)[1]))
            reply = snapshot.get("arxiv", key)
            if reply is not None and reply.status == 200:
                yield Text(reply, "eprint", tuple(_eprint_evidence(snapshot, candidate, key)))
    reply = snapshot.get("openreview", f"pdf/{submission.paper_id}")
    if reply is not None and reply.status == 200:
        yield Text(reply, "pdf", tuple(_licence_of_note(forum, submission.license)))


def arxiv_candidate(snapshot: SealedSnapshot, submission: Submission) -> ArxivPaper | None:
    """The arXiv paper that is this submission, from the search that the snapshot holds."""
    reply = snapshot.get("arxiv", f"match/{submission.paper_id}")
    if reply is None or reply.status != 200:
        return None
    match = match_arxiv(submission.title, submission.authors, parse_atom(reply.payload))
    return match.paper if match else None


def _eprint_evidence(
    snapshot: SealedSnapshot, candidate: ArxivPaper, key: str
) -> Iterator[Evidence]:
    """The licence of the e-print; arXiv tells it for the latest version alone."""
    reply = snapshot.get("arxiv", f"record/{candidate.arxiv_id}")
    if reply is None or reply.status != 200:
        return
    licence = parse_oai(reply.payload).license
    if licence is None:
        return
    version = int(key.rsplit("v", 1)[1])
    if version == candidate.version:
        yield _evidence("licence", licence, reply)
    else:
        words = f"{licence} (version {candidate.version}, text {version})"
        yield _evidence("licence-of-another-version", words, reply)


def _licence_of_note(forum: Reply, words: str | None) -> list[Evidence]:
    return [] if words is None else [_evidence("licence", words, forum)]


def _evidence(kind: EvidenceKind, value: str, reply: Reply) -> Evidence:
    date = reply.retrieved_at.date().isoformat() if reply.retrieved_at else None
    return Evidence(kind=kind, value=value, source=f"{reply.service} {reply.key}", date=date)


def review_evidence(forum: Reply, submission: Submission) -> list[Evidence]:
    """What speaks for publishing the reviews' words."""
    return _licence_of_note(forum, submission.review_license)


def number_evidence(forum: Reply, submission: Submission) -> list[Evidence]:
    """What speaks for publishing the marks and the decision."""
    found = _licence_of_note(forum, submission.review_license)
    if submission.public:
        found.append(_evidence("public", "readers: everyone", forum))
    return found


def abstract_evidence(
    snapshot: SealedSnapshot, forum: Reply, submission: Submission, candidate: ArxivPaper | None
) -> list[Evidence]:
    """What speaks for publishing the abstract: the submission's licence, else arXiv's metadata."""
    found = _licence_of_note(forum, submission.license)
    reply = snapshot.get("arxiv", f"match/{submission.paper_id}") if candidate else None
    if candidate is None or reply is None:
        return found
    if normalise(candidate.abstract) == normalise(submission.abstract or ""):
        # arXiv dedicates its metadata, abstracts among them, to the public domain.
        found.append(_evidence("licence", "CC0", reply))
    return found
