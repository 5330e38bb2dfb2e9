"""All versions of a forum's reviews: those among its notes, and those of the edit history.

An edit of API v2 states the fields that it changes; in API v1, each version is a whole note that
refers to the current one.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Literal

from cycledata.errors import ParseError
from cycledata.parse.openreview.forms import VenueForm
from cycledata.parse.openreview.forum import ParsedForum, read_review
from cycledata.parse.openreview.note import Note, read_note
from cycledata.parse.payload import read_json
from cycledata.records import Dropped, Review

VersionSource = Literal["note", "edit"]


@dataclass(frozen=True, slots=True)
class ReviewVersion:
    """One version of one review."""

    note: Note
    review: Review
    """What it says, under the reviewer's pseudonym."""
    source: VersionSource
    """Whether it is a note of the forum or follows from the edit history."""
    is_current: bool
    """True for the version that the submission has."""


def review_versions(
    forum: ParsedForum, form: VenueForm, edits: Mapping[str, bytes]
) -> tuple[tuple[tuple[ReviewVersion, ...], ...], tuple[Dropped, ...]]:
    """Return the versions of each review, oldest first, and a row for each that is set aside.

    Args:
        forum: the parsed forum.
        form: the venue's form.
        edits: note id -> payload of its edit history.

    Returns:
        One tuple per review of the submission, in its order; the last version is the current one.
    """
    current_notes = zip(forum.submission.reviews, forum.review_notes, strict=True)
    if not forum.earlier and not edits:
        only = ((ReviewVersion(note, review, "note", True),) for review, note in current_notes)
        return tuple(only), ()
    paper_id = forum.submission.paper_id
    earlier: dict[str, list[Note]] = {}
    for note in forum.earlier:
        earlier.setdefault(note.id, []).append(note)
    found, rows = [], []
    for review, current in current_notes:
        candidates: list[tuple[Note, VersionSource]] = [
            (note, "note") for note in earlier.get(current.id, ())
        ]
        if current.id in edits:
            try:
                replayed = read_edits(edits[current.id], current)
            except ParseError as error:
                rows.append(_row(paper_id, error.rule, f"{review.reviewer}: {error.detail}"))
                replayed = ()
            candidates += [(note, "edit") for note in replayed]
        versions: list[ReviewVersion] = []
        for note, source in candidates:
            try:
                fields = read_review(form, note)
            except ParseError as error:
                detail = f"{review.reviewer}: a version of {note.modified}: {error.detail}"
                rows.append(_row(paper_id, error.rule, detail))
                continue
            read = Review(reviewer=review.reviewer, **fields)
            versions.append(ReviewVersion(note, read, source, is_current=False))
        versions.append(ReviewVersion(current, review, "note", is_current=True))
        kept, conflicts = _distinct(versions)
        found.append(kept)
        rows += [
            _row(paper_id, "version-conflict", f"{review.reviewer}: two versions of {day}")
            for day in conflicts
        ]
    return tuple(found), tuple(rows)


def _distinct(versions: list[ReviewVersion]) -> tuple[tuple[ReviewVersion, ...], list[str]]:
    """Return versions by time without repeats, and the days of those that contradict each other.

    Of two versions of one moment that differ, neither is kept unless one is the current version.
    """
    if len(versions) == 1:
        return (versions[0],), []
    ordered = sorted(versions, key=_moment)
    conflicts: set[int] = set()
    kept: list[ReviewVersion] = []
    for version in ordered:
        same = next((v for v in kept if v.note.modified_ms == version.note.modified_ms), None)
        if same is None:
            kept.append(version)
        elif same.review == version.review:
            kept[kept.index(same)] = version if version.is_current else same
        else:
            conflicts.add(version.note.modified_ms)
            if version.is_current:
                kept[kept.index(same)] = version
    days = [str(v.note.modified) for v in ordered if v.note.modified_ms in conflicts]
    kept = [v for v in kept if v.is_current or v.note.modified_ms not in conflicts]
    # The current version is the last one, also where an edit states a later time for it.
    current = kept[-1] if kept[-1].is_current else next(v for v in kept if v.is_current)
    others = [v for v in kept if not v.is_current]
    repeated = {
        id(later)
        for before, later in pairwise([*others, current])
        if before.review == later.review and not later.is_current
    }
    return (*(v for v in others if id(v) not in repeated), current), sorted(set(days))


def _moment(version: ReviewVersion) -> tuple[int, bool, str]:
    content = json.dumps(version.note.content, sort_keys=True)
    return version.note.modified_ms, version.is_current, content


def read_edits(payload: bytes, current: Note) -> tuple[Note, ...]:
    """Return the versions of a note that its edit history gives, oldest first.

    Only edits that everyone may read count. A version whose first edit is not among them has only
    the fields of later edits.

    Args:
        payload: the snapshot's payload of the history: ``{"edits": [...]}`` of API v2 or
            ``{"references": [...]}`` of API v1.
        current: the note itself.

    Raises:
        ParseError: ``bad-edits``; the payload is neither.
    """
    try:
        history = read_json(payload)
    except (ValueError, RecursionError) as error:
        raise ParseError("bad-edits", "expected the JSON of an edit history") from error
    if isinstance(history, dict) and isinstance(history.get("edits"), list):
        return tuple(_replay(history["edits"], current))
    if isinstance(history, dict) and isinstance(history.get("references"), list):
        return tuple(_references(history["references"], current))
    raise ParseError("bad-edits", "expected a list of edits or references, found otherwise")


def _replay(edits: list[Any], current: Note) -> Iterator[Note]:
    content: dict[str, Any] = {}
    is_first = True
    for edit in sorted(filter(_is_public_edit, edits), key=_edit_time):
        changed = edit["note"].get("content")
        if not isinstance(changed, dict):
            continue
        for name, value in changed.items():
            removed = value is None or (isinstance(value, dict) and _is_deletion(value))
            content = {k: v for k, v in content.items() if k != name}
            if not removed:
                content[name] = value
        time = _edit_time(edit)
        yield replace(
            current,
            content=content,
            modified_ms=time,
            unmodified=is_first and 0 < time <= current.created_ms + 1000,
            deleted=False,
        )
        is_first = False


def _is_public_edit(edit: Any) -> bool:
    if not isinstance(edit, dict) or not isinstance(edit.get("note"), dict) or edit.get("ddate"):
        return False
    readers = edit.get("readers")
    return readers is None or (isinstance(readers, list) and "everyone" in readers)


def _is_deletion(value: dict[str, Any]) -> bool:
    inner = value.get("value")
    return value.get("delete") is True or (isinstance(inner, dict) and inner.get("delete") is True)


def _edit_time(edit: dict[str, Any]) -> int:
    times = (edit.get("tcdate"), edit.get("cdate"))
    return next((t for t in times if isinstance(t, int) and not isinstance(t, bool)), 0)


def _references(references: list[Any], current: Note) -> Iterator[Note]:
    found = []
    for raw in references:
        try:
            note = read_note(raw)
        except ParseError:
            continue
        public = note.readers is None or "everyone" in note.readers
        if note.id == current.id and public and not note.deleted:
            found.append(note)
    for note in sorted(found, key=lambda note: note.modified_ms):
        # Each version is a note of its own, so it states its own creation.
        first = 0 < note.modified_ms <= current.created_ms + 1000
        yield replace(current, content=note.content, modified_ms=note.modified_ms, unmodified=first)


def _row(paper_id: str, rule: str, detail: str) -> Dropped:
    return Dropped(paper_id, rule=rule, detail=detail, stage="history/versions")
