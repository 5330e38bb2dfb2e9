"""What a sealed snapshot holds about one paper: its texts, and what speaks for publishing them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from cycledata.consent.evidence import Evidence, EvidenceKind
from cycledata.datasets.text_cache import remember
from cycledata.errors import ParseError
from cycledata.parse.arxiv import ArxivPaper, parse_atom, parse_licence_page, parse_oai
from cycledata.parse.latex import parse_eprint
from cycledata.parse.pdf.parse import parse_pdf
from cycledata.parse.semantic_scholar import Work
from cycledata.records import Dropped, Leak, PaperText, Submission
from cycledata.snapshot.open import Replies, Reply
from cycledata.stages.duplicates import normalise
from cycledata.stages.match import match_arxiv


@dataclass(frozen=True, slots=True)
class Text:
    """One text of a paper that the snapshot holds, still unread."""

    reply: Reply
    kind: Literal["eprint", "pdf"]
    evidence: tuple[Evidence, ...]


def read_text(text: Text, *, bibliography: bool, cache: Path | None) -> PaperText:
    """Read an e-print or PDF.

    Args:
        text: which one.
        bibliography: also read an e-print's bibliography.
        cache: folder of texts read before; None reads afresh.

    Raises:
        ParseError: it cannot be read as what it claims to be.
    """
    file = text.reply.key.split("/", 1)[1]
    if text.kind == "pdf":
        return remember(cache, [text.reply.sha256, file], partial(_read_pdf, text, file))
    read = partial(parse_eprint, text.reply.payload, file=file, bibliography=bibliography)
    return remember(cache, [text.reply.sha256, file, bibliography], read)


def _read_pdf(text: Text, file: str) -> PaperText:
    try:
        return parse_pdf(text.reply.payload, file=file)
    except ValueError as error:
        # The converter is an extra; a build without it says so in the paper's row.
        raise ParseError("no-pdf-converter", str(error)) from error


def cut_row(paper_id: str, leak: Leak) -> Dropped:
    """The row of a span that gives the decision or an author away; says where, never what."""
    where = f"{leak.file}: {leak.end - leak.start} characters from {leak.start}"
    return Dropped(paper_id, leak.rule, where, "text")


def texts(
    snapshot: Replies, forum: Reply, submission: Submission, candidate: ArxivPaper | None
) -> Iterator[Text]:
    """A submission's texts in the snapshot, best first, each with what speaks for publishing it."""
    eprint = latest_eprint(snapshot, candidate) if candidate else None
    if eprint is not None:
        yield eprint
    reply = snapshot.get("openreview", f"pdf/{submission.paper_id}")
    if reply is not None and reply.status == 200:
        yield Text(reply, "pdf", tuple(_licence_of_note(forum, submission.license)))


def latest_eprint(snapshot: Replies, candidate: ArxivPaper) -> Text | None:
    """The latest version of an e-print in the snapshot, which need not be arXiv's latest."""
    keys = list(snapshot.keys("arxiv", f"eprint/{candidate.arxiv_id}v"))
    if not keys:
        return None
    key = max(keys, key=version_of)
    reply = snapshot.get("arxiv", key)
    if reply is None or reply.status != 200:
        return None
    return Text(reply, "eprint", tuple(_eprint_evidence(snapshot, candidate, version_of(key))))


def stated_licence(text: Text) -> str | None:
    """The licence that a service states for a text, in its words; None where none is known."""
    words = (item.value for item in text.evidence if item.kind != "unreadable-licence")
    return next(words, None)


def version_of(key: str) -> int:
    """Version in the key of an e-print, ``eprint/<arxiv id>v<N>``."""
    return int(key.rsplit("v", 1)[1])


def arxiv_candidate(
    snapshot: Replies, paper_id: str, title: str | None, authors: Sequence[str] | None
) -> ArxivPaper | None:
    """The arXiv paper that is this work, from the search that the snapshot holds.

    Raises:
        ParseError: the search's answer is no feed.
    """
    reply = snapshot.get("arxiv", f"match/{paper_id}")
    if reply is None or reply.status != 200:
        return None
    match = match_arxiv(title, authors, parse_atom(reply.payload))
    return match.paper if match else None


def _eprint_evidence(snapshot: Replies, candidate: ArxivPaper, version: int) -> Iterator[Evidence]:
    """The licence of the e-print's own version.

    OAI-PMH tells the latest version's; an earlier one's stands on its abstract page.
    """
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
        licence = parse_oai(reply.payload).license
    except ParseError as error:
        yield _evidence("unreadable-licence", error.rule, reply)
        return
    if licence is None:
        return
    if version == candidate.version:
        yield _evidence("licence", licence, reply)
    else:
        words = f"{licence} (version {candidate.version}, text {version})"
        yield _evidence("licence-of-another-version", words, reply)


def metadata_evidence(snapshot: Replies, paper_id: str) -> list[Evidence]:
    """What speaks for publishing arXiv's own metadata: it is dedicated to the public domain."""
    reply = snapshot.get("arxiv", f"match/{paper_id}")
    return [] if reply is None else [_evidence("licence", "CC0", reply)]


def work_evidence(work: Work) -> list[Evidence]:
    """What speaks for publishing a cited work's abstract: the licence of its open-access copy."""
    if work.license is None:
        return []
    source = f"semantic_scholar paper/{work.work_id}"
    return [Evidence(kind="licence", value=work.license, source=source, date=None)]


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
    snapshot: Replies, forum: Reply, submission: Submission, candidate: ArxivPaper | None
) -> list[Evidence]:
    """What speaks for publishing the abstract: the submission's licence, else arXiv's metadata."""
    found = _licence_of_note(forum, submission.license)
    if candidate and normalise(candidate.abstract) == normalise(submission.abstract or ""):
        found += metadata_evidence(snapshot, submission.paper_id)
    return found
