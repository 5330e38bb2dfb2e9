"""Find and parse the texts of a paper: e-prints and PDFs in a snapshot."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

from cycledata.consent.evidence import Evidence
from cycledata.consent.gather import eprint_evidence, note_evidence
from cycledata.datasets.text_cache import parse_cached
from cycledata.errors import ParseError
from cycledata.parse.arxiv import ArxivPaper, parse_atom, parse_named_id
from cycledata.parse.latex import parse_eprint
from cycledata.parse.pdf.parse import parse_pdf
from cycledata.records import Dropped, Leak, PaperText, Submission
from cycledata.snapshot import keys
from cycledata.snapshot.reply import Replies, Reply
from cycledata.stages.match import match_arxiv


@dataclass(frozen=True, slots=True)
class TextSource:
    """An e-print or PDF of a paper that has not been parsed yet."""

    reply: Reply
    kind: Literal["eprint", "pdf"]
    evidence: tuple[Evidence, ...]
    """Evidence about the license of this text, strongest first."""


def parse_text(source: TextSource, *, bibliography: bool, cache: Path | None) -> PaperText:
    """Parse an e-print or PDF.

    Args:
        source: the text.
        bibliography: also parse the bibliography of an e-print.
        cache: folder of parsed texts; None to parse again.

    Raises:
        ParseError: the payload is not a valid e-print or PDF.
    """
    file = source.reply.key.split("/", 1)[1]
    if source.kind == "pdf":
        return parse_cached(cache, file, [source.reply.sha256], partial(_parse_pdf, source, file))
    parse = partial(parse_eprint, source.reply.payload, file=file, bibliography=bibliography)
    return parse_cached(cache, file, [source.reply.sha256, bibliography], parse)


def _parse_pdf(source: TextSource, file: str) -> PaperText:
    try:
        return parse_pdf(source.reply.payload, file=file)
    except ValueError as error:
        # The PDF converter is an optional extra; without it the paper's row states the reason.
        raise ParseError("no-pdf-converter", str(error)) from error


def leak_row(paper_id: str, leak: Leak) -> Dropped:
    """Return the row of a span that was cut; it states where the span is, not what it says."""
    where = f"{leak.file}: {leak.end - leak.start} characters from {leak.start}"
    return Dropped(paper_id, leak.rule, where, "text")


def find_texts(
    snapshot: Replies, forum: Reply, submission: Submission, candidate: ArxivPaper | None
) -> Iterator[TextSource]:
    """Yield the texts of a submission, best first: the e-print, then the PDF."""
    eprint = find_eprint(snapshot, submission.paper_id, candidate)
    if eprint is not None:
        yield eprint
    reply = snapshot.get("openreview", f"pdf/{submission.paper_id}")
    if reply is not None and reply.status == 200:
        yield TextSource(reply, "pdf", tuple(note_evidence(forum, submission.license)))


def find_eprint(
    snapshot: Replies, paper_id: str, candidate: ArxivPaper | None
) -> TextSource | None:
    """Return the e-print of a paper: the latest version of its arXiv id, or one named by the paper.

    An e-print that was imported under the paper's id is taken to be the version that was matched.
    """
    found = latest_eprint(snapshot, candidate, paper_id) if candidate else None
    reply = snapshot.get(*keys.eprint_of_paper(paper_id))
    if reply is None and candidate is not None:  # imported under the id without a version
        reply = snapshot.get(*keys.eprint_of_paper(candidate.arxiv_id))
    if found is not None or reply is None or reply.status != 200:
        return found
    if candidate is None:
        return TextSource(reply, "eprint", ())
    named = replace(reply, key=keys.eprint(candidate.arxiv_id, candidate.version).key)
    evidence = eprint_evidence(snapshot, candidate, candidate.version, paper_id)
    return TextSource(named, "eprint", tuple(evidence))


def latest_eprint(
    snapshot: Replies, candidate: ArxivPaper, paper_id: str | None = None
) -> TextSource | None:
    """Return the latest e-print version in the snapshot, or None if it has none.

    arXiv itself may have a later version.
    """
    versions = list(snapshot.keys("arxiv", f"eprint/{candidate.arxiv_id}v"))
    if not versions:
        return None
    key = max(versions, key=version_of)
    reply = snapshot.get("arxiv", key)
    if reply is None or reply.status != 200:
        return None
    evidence = eprint_evidence(snapshot, candidate, version_of(key), paper_id)
    return TextSource(reply, "eprint", tuple(evidence))


def version_of(key: str) -> int:
    """Return the version in the key of an e-print, ``eprint/<arXiv id>v<N>``."""
    return int(key.rsplit("v", 1)[1])


def find_arxiv_paper(
    snapshot: Replies, paper_id: str, title: str | None, authors: Sequence[str] | None
) -> ArxivPaper | None:
    """Return the arXiv paper that is this work, or None if there is no match.

    An arXiv id from an imported file wins over a match by title.

    Raises:
        ParseError: the reply of the search is not an Atom feed.
    """
    reply = snapshot.get(*keys.arxiv_match(paper_id))
    found = () if reply is None or reply.status != 200 else parse_atom(reply.payload)
    stated = snapshot.get(*keys.arxiv_named(paper_id))
    if stated is not None:
        named = parse_named_id(stated.payload)
        same = [paper for paper in found if paper.arxiv_id == named.arxiv_id]
        return same[0] if same else named.as_paper(title)
    match = match_arxiv(title, authors, found)
    return match.paper if match else None
