"""The abstract that reviewers saw: that of the submission before its first review.

OpenReview shows the latest version of a submission, which for an accepted paper is the one after
the decision. Earlier versions are in a snapshot as versions of the submission note, or in the reply
about its edits.
"""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from cycledata.parse.openreview.forum import ParsedForum
from cycledata.parse.openreview.note import clean_text


class AbstractVersion(NamedTuple):
    """The abstract of one version of a submission."""

    modified_ms: int
    """Time of the version in milliseconds since 1970; 0 where unknown."""
    text: str


def submitted_abstract(forum: ParsedForum, edits: bytes | None = None) -> str | None:
    """Return the abstract of the latest version before the first review.

    Args:
        forum: the parsed forum, with earlier versions of its submission note if there are any.
        edits: payload of the snapshot's reply about the edits of the submission; None without one.

    Versions under another license than the latest, or not readable by everyone, are not used.

    Returns:
        The abstract; that of the earliest version if all are later than the first review; None if
        no other version than the latest is known.
    """
    paper_id, license_name = forum.submission.paper_id, forum.submission.license
    versions = [
        AbstractVersion(note.modified_ms, text)
        for note in forum.earlier
        if note.id == paper_id and note.license == license_name and (text := note.text("abstract"))
    ]
    versions += _edited(edits, license_name) if edits else []
    if not versions:
        return None
    versions.sort()
    reviewed = [note.created_ms for note in forum.review_notes if note.created_ms]
    first = min(reviewed, default=0)
    before = [version for version in versions if version.modified_ms <= first]
    return (before[-1] if before else versions[0]).text


def _edited(payload: bytes, license_name: str | None) -> Iterator[AbstractVersion]:
    """Yield the abstracts in a reply about edits (API v2) or references (API v1)."""
    try:
        reply = json.loads(payload)
    except (ValueError, RecursionError):
        return
    if not isinstance(reply, dict):
        return
    for edit in [*_list(reply.get("edits")), *_list(reply.get("references"))]:
        if not isinstance(edit, dict):
            continue
        note = edit.get("note")
        version = note if isinstance(note, dict) else edit
        if not _is_public(edit) or not _is_public(version):
            continue
        if version.get("license", license_name) != license_name:
            continue
        content = version.get("content")
        abstract = content.get("abstract") if isinstance(content, dict) else None
        if isinstance(abstract, dict):
            abstract = abstract.get("value")
        times = (edit.get(name) for name in ("tmdate", "tcdate", "mdate", "cdate"))
        modified = next((t for t in times if isinstance(t, int) and not isinstance(t, bool)), 0)
        if isinstance(abstract, str) and abstract.strip():
            yield AbstractVersion(modified, clean_text(abstract))


def _is_public(record: dict[str, Any]) -> bool:
    readers = record.get("readers")
    return readers is None or (isinstance(readers, list) and "everyone" in readers)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
