"""Services and keys of the replies in a snapshot: one function per kind of reply.

A key is unique within its service. Keys that end in a version or an id have a prefix constant, so
that all replies of one kind can be listed.
"""

from typing import NamedTuple

OPENREVIEW = "openreview"
ARXIV = "arxiv"
SEMANTIC_SCHOLAR = "semantic_scholar"
PROCEEDINGS = "proceedings"
RATINGS = "ratings"

FORUMS = "forum/"
EDITS = "edits/"
PDFS = "pdf/"
MATCHES = "match/"
NAMED_IDS = "named/"
RECORDS = "record/"
METADATA = "metadata/"
CANDIDATES = "candidates/"
METADATA_SOURCES = "metadata-source/"
EPRINTS = "eprint/"
WORKS = "paper/"


class ReplyKey(NamedTuple):
    """Name of a reply."""

    service: str
    """Data service, for example `"arxiv"`."""
    key: str
    """Unique within the service."""


def forum(paper_id: str) -> ReplyKey:
    """Return the key of a submission with all its notes."""
    return ReplyKey(OPENREVIEW, f"{FORUMS}{paper_id}")


def invitation(name: str) -> ReplyKey:
    """Return the key of an invitation, which states the form of a kind of note."""
    return ReplyKey(OPENREVIEW, f"invitation/{name}")


def edits(note_id: str) -> ReplyKey:
    """Return the key of the edit history of a note."""
    return ReplyKey(OPENREVIEW, f"{EDITS}{note_id}")


def submission_pdf(paper_id: str) -> ReplyKey:
    """Return the key of a submission's PDF."""
    return ReplyKey(OPENREVIEW, f"{PDFS}{paper_id}")


def arxiv_match(paper_id: str) -> ReplyKey:
    """Return the key of the arXiv entries that may be a paper: search results or a named id."""
    return ReplyKey(ARXIV, f"{MATCHES}{paper_id}")


def arxiv_named(paper_id: str) -> ReplyKey:
    """Return the key of the arXiv id that an imported file states for a paper."""
    return ReplyKey(ARXIV, f"{NAMED_IDS}{paper_id}")


def arxiv_record(arxiv_id: str) -> ReplyKey:
    """Return the key of the metadata of an arXiv id, with the license of its last version."""
    return ReplyKey(ARXIV, f"{RECORDS}{arxiv_id}")


def arxiv_metadata(arxiv_id: str) -> ReplyKey:
    """Return the key of a row of arXiv's metadata, from a file or from a harvest."""
    return ReplyKey(ARXIV, f"{METADATA}{arxiv_id}")


def arxiv_candidates(paper_id: str) -> ReplyKey:
    """Return the key of the arXiv ids whose metadata may be a paper's."""
    return ReplyKey(ARXIV, f"{CANDIDATES}{paper_id}")


def arxiv_metadata_source(name: str) -> ReplyKey:
    """Return the key of what is known about a metadata file that papers were compared with."""
    return ReplyKey(ARXIV, f"{METADATA_SOURCES}{name}")


def arxiv_versions(arxiv_id: str) -> ReplyKey:
    """Return the key of the dates of all versions of an arXiv id."""
    return ReplyKey(ARXIV, f"versions/{arxiv_id}")


def arxiv_page(arxiv_id: str, version: int) -> ReplyKey:
    """Return the key of the abstract page of one version, which states its license."""
    return ReplyKey(ARXIV, f"abs/{arxiv_id}v{version}")


def eprint(arxiv_id: str, version: int) -> ReplyKey:
    """Return the key of the source archive of one version."""
    return ReplyKey(ARXIV, f"{EPRINTS}{arxiv_id}v{version}")


def eprint_of_paper(paper_id: str) -> ReplyKey:
    """Return the key of a source archive that was imported for a paper without an arXiv id."""
    return ReplyKey(ARXIV, f"{EPRINTS}{paper_id}")


def cited_work(work_id: str) -> ReplyKey:
    """Return the key of a work at Semantic Scholar, by its id there or as `ARXIV:...`."""
    return ReplyKey(SEMANTIC_SCHOLAR, f"{WORKS}{work_id}")


def accepted_paper(listing: str, entry_id: str) -> ReplyKey:
    """Return the key of one entry of a list of accepted papers, such as `"acl/2023"`."""
    return ReplyKey(PROCEEDINGS, f"{listing}/{entry_id}")


def rating_row(venue: str, paper_id: str) -> ReplyKey:
    """Return the key of a paper's row in an imported table of ratings."""
    return ReplyKey(RATINGS, f"{venue}/{paper_id}")
