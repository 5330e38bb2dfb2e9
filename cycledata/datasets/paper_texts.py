"""Find and parse the texts of a paper: e-prints and PDFs in a snapshot."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

from cycledata.consent.evidence import Evidence
from cycledata.consent.gather import eprint_evidence, note_evidence
from cycledata.datasets.text_cache import parse_cached
from cycledata.errors import DEFECTS, defect_shown_by
from cycledata.parse.arxiv import ArxivPaper
from cycledata.parse.reviewer_orders import RULE as ORDER
from cycledata.records import Dropped, PaperText, Submission
from cycledata.snapshot import keys
from cycledata.snapshot.reply import Replies, Reply

HIDDEN_TEXT = "hidden-text"
"""Rule of the warning about words that a page does not show."""


@dataclass(frozen=True, slots=True)
class TextSource:
    """An e-print or PDF of a paper that has not been parsed yet."""

    reply: Reply
    kind: Literal["eprint", "pdf"]
    evidence: tuple[Evidence, ...]
    """Evidence about the license of this text, strongest first."""


def parse_text(
    source: TextSource, *, bibliography: bool, cache: Path | None, cut_hidden: bool = False
) -> PaperText:
    """Parse an e-print or PDF.

    Args:
        source: the text.
        bibliography: also parse the bibliography of an e-print.
        cache: folder of parsed texts; None to parse again.
        cut_hidden: cut words that the page does not show, and orders to a reviewer.

    Raises:
        ParseError: the payload is not a valid e-print or PDF, or shows a defect of the reader.
    """
    payload, file = source.reply.payload, source.reply.key.split("/", 1)[1]
    identity: list[str | bool] = [source.reply.sha256, cut_hidden]
    if source.kind == "pdf":
        from cycledata.parse.pdf import parse_pdf

        parse = partial(parse_pdf, payload, file=file, cut_hidden=cut_hidden)
    else:
        from cycledata.parse.latex import parse_eprint

        parse = partial(
            parse_eprint, payload, file=file, bibliography=bibliography, cut_hidden=cut_hidden
        )
        identity = [source.reply.sha256, bibliography, cut_hidden]
    try:
        return parse_cached(cache, file, identity, parse)
    except DEFECTS as error:
        raise defect_shown_by(error) from error


def text_rows(paper_id: str, text: PaperText, *, cut_hidden: bool = False) -> tuple[Dropped, ...]:
    """Return one row per span that was cut, hidden, or orders a reviewer about.

    A row states where the span is, not what it says.
    """
    cut = (
        Dropped(
            paper_id,
            leak.rule,
            f"{leak.file}: {leak.end - leak.start} characters from {leak.start}",
            "text",
        )
        for leak in text.leaks
    )
    fate = "cut from" if cut_hidden else "kept in"
    details = {
        HIDDEN_TEXT: f"words that the page does not show; they are {fate} the text",
        ORDER: f"a sentence that orders a reviewer about; it is {fate} the text",
    }
    reported = (
        Dropped(paper_id, warning.rule, details[warning.rule], "text")
        for warning in text.warnings
        if warning.rule in details
    )
    return (*cut, *reported)


def n_hidden(text: PaperText) -> int:
    """Return the number of spans that the page does not show or that order a reviewer about."""
    return sum(warning.rule in (HIDDEN_TEXT, ORDER) for warning in text.warnings)


def find_texts(
    snapshot: Replies,
    forum: Reply,
    submission: Submission,
    candidate: ArxivPaper | None,
    version: int | None = None,
) -> Iterator[TextSource]:
    """Yield the texts of a submission, best first: the e-print, then the PDF.

    Args:
        snapshot: has the texts.
        forum: the submission's notes.
        submission: the submission.
        candidate: the arXiv paper that it is; None if there is none, or if it was withdrawn.
        version: version to prefer; None for the latest in the snapshot.
    """
    eprint = find_eprint(snapshot, submission.paper_id, candidate, version)
    if eprint is not None:
        yield eprint
    reply = snapshot.get("openreview", f"pdf/{submission.paper_id}")
    if reply is not None and reply.status == 200:
        yield TextSource(reply, "pdf", tuple(note_evidence(forum, submission.license)))


def find_eprint(
    snapshot: Replies, paper_id: str, candidate: ArxivPaper | None, version: int | None = None
) -> TextSource | None:
    """Return the e-print of a paper: a version of its arXiv id, or one named by the paper.

    The preferred version, else the latest in the snapshot. An e-print that was imported under the
    paper's id is taken to be the version that was matched.
    """
    found = latest_eprint(snapshot, candidate, paper_id, version) if candidate else None
    reply = snapshot.get(*keys.eprint_of_paper(paper_id))
    if reply is None and candidate is not None:  # imported under the id without a version
        reply = snapshot.get(*keys.eprint_of_paper(candidate.arxiv_id))
    if found is not None or reply is None or reply.status != 200:
        return found
    if candidate is None:
        return TextSource(reply, "eprint", ())
    imported = candidate.version or version or 1
    named = replace(reply, key=keys.eprint(candidate.arxiv_id, imported).key)
    evidence = eprint_evidence(snapshot, candidate, imported, paper_id)
    return TextSource(named, "eprint", tuple(evidence))


def latest_eprint(
    snapshot: Replies,
    candidate: ArxivPaper,
    paper_id: str | None = None,
    version: int | None = None,
) -> TextSource | None:
    """Return a version's e-print, else the latest in the snapshot, or None if it has none.

    arXiv itself may have a later version.
    """
    versions = list(snapshot.keys("arxiv", f"eprint/{candidate.arxiv_id}v"))
    if not versions:
        return None
    preferred = None if version is None else keys.eprint(candidate.arxiv_id, version).key
    key = preferred if preferred in versions else max(versions, key=version_of)
    reply = snapshot.get("arxiv", key)
    if reply is None or reply.status != 200:
        return None
    evidence = eprint_evidence(snapshot, candidate, version_of(key), paper_id)
    return TextSource(reply, "eprint", tuple(evidence))


def version_of(key: str) -> int:
    """Return the version in the key of an e-print, ``eprint/<arXiv id>v<N>``."""
    return int(key.rsplit("v", 1)[1])
