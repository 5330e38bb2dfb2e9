"""The discussion of a forum as a tree of notes, with pseudonyms for everyone who wrote them.

Notes are numbered per paper, reviewers have the pseudonyms of their reviews, and days count from
the submission.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from cycledata.errors import ParseError
from cycledata.parse.openreview.forms import META_TEXTS, TEXTS
from cycledata.parse.openreview.forum import REPLY_ROLES, ParsedForum
from cycledata.parse.openreview.note import Note
from cycledata.parse.openreview.pseudonyms import AUTHORS, Pseudonyms
from cycledata.records import Dropped, Review

ThreadKind = Literal["review", "rebuttal", "comment", "meta-review", "decision", "withdrawal"]
_KINDS: Mapping[str, ThreadKind] = {
    "review": "review",
    "meta-review": "meta-review",
    "decision": "decision",
    "desk-rejection": "decision",
    "withdrawal": "withdrawal",
}
_REBUTTALS = frozenset({"Rebuttal", "Author_Rebuttal", "Author_Response", "Author_Final_Remarks"})
_SKIPPED = re.compile(
    r"pdf|decision|recommendation|rating|supplementary_material|attachment|code_of_conduct|first_time_reviewer|paperhash"
    r"|flag_for_ethics_review|.*_confirmation|.*_agreement"
)
"""Fields that have no words of the discussion."""


@dataclass(frozen=True, slots=True)
class ThreadNote:
    """One note of a discussion."""

    note_id: str
    """``"N1"`` upwards, by creation, with gaps for notes that are not shown; says nothing across
    papers."""
    reply_to: str | None
    """The note that it answers; None if it answers the submission, or a note that is not here."""
    role: str
    """Reviewer ``"R1"`` upwards, ``"authors"``, ``"area-chair"``, ``"program-chairs"``,
    ``"ethics-reviewer"``, ``"public"`` or ``"unknown"``."""
    kind: ThreadKind
    """``rebuttal``: the authors' answer to a review."""
    day: int | None
    """Days from the submission to the creation of the note; None if either is unknown."""
    text: str
    """Words of the note, with pseudonyms."""
    license: str | None
    """License that the note states; None if it states none."""


def read_thread(
    forum: ParsedForum, hide: Pseudonyms | None = None
) -> tuple[tuple[ThreadNote, ...], tuple[Dropped, ...]]:
    """Return the notes of a forum's discussion by creation, and a row for each lost link.

    Review notes that could not be read as reviews are left out; they have a row already. The text
    of the last decision starts with the words of the submission's decision.

    Args:
        forum: the notes.
        hide: its pseudonyms, which count the replacements; None to make them here.
    """
    hide = hide or Pseudonyms(forum)
    paper_id, submitted = forum.submission.paper_id, forum.submission.submitted
    read = {note.id for note in forum.review_notes}
    replies = tuple(
        note for note in forum.replies if note.id in read or REPLY_ROLES.get(note.kind) != "review"
    )
    forum = replace(forum, replies=replies)
    ids = {note.id: forum.numbers[note.id] for note in replies}
    parents, rows = _parents(forum, ids)
    roles = hide.roles
    reviews = {
        note.id: review
        for note, review in zip(forum.review_notes, forum.submission.reviews, strict=True)
    }
    kinds: dict[str, ThreadKind] = {}
    for note in forum.replies:
        kinds[note.id] = _kind(note, roles, kinds, parents[note.id])
    last = next((n.id for n in reversed(forum.replies) if kinds[n.id] == "decision"), None)
    decision = {last: forum.submission.decision.text} if forum.submission.decision else {}
    found = [
        ThreadNote(
            note_id=ids[note.id],
            reply_to=ids.get(parents[note.id] or ""),
            role=roles[note.id],
            kind=kinds[note.id],
            day=(note.created - submitted).days if note.created and submitted else None,
            text=hide(_text(note, reviews.get(note.id), decision.get(note.id))),
            license=note.license,
        )
        for note in forum.replies
    ]
    return tuple(found), tuple(Dropped(paper_id, *row, stage="threads/notes") for row in rows)


def _parents(
    forum: ParsedForum, ids: Mapping[str, str]
) -> tuple[dict[str, str | None], list[tuple[str, str]]]:
    """Return note id -> id of the note that it answers, and rule and detail of lost links."""
    paper_id = forum.submission.paper_id
    parents: dict[str, str | None] = {}
    rows: list[tuple[str, str]] = []
    for note in forum.replies:
        parent = note.reply_to
        if parent in (None, paper_id):
            parents[note.id] = None
        elif parent in ids:
            parents[note.id] = parent
        else:
            parents[note.id] = None
            rows.append(("parent-not-shown", f"{ids[note.id]}: answers a note that is not here"))
    for note in forum.replies:
        seen = {note.id}
        above = parents[note.id]
        while above is not None and above not in seen:
            seen.add(above)
            above = parents[above]
        if above is not None:
            parents[note.id] = None
            rows.append(("reply-cycle", f"{ids[note.id]}: answers a note that answers it"))
    return parents, rows


def _kind(
    note: Note, roles: Mapping[str, str], kinds: Mapping[str, ThreadKind], parent: str | None
) -> ThreadKind:
    if note.kind in REPLY_ROLES:
        return _KINDS[REPLY_ROLES[note.kind]]
    if note.kind in _REBUTTALS:
        return "rebuttal"
    if roles[note.id] == AUTHORS and parent is not None:
        # A long answer is often split: the second part answers the first.
        answered = kinds.get(parent)
        if answered == "review" or (answered == "rebuttal" and roles[parent] == AUTHORS):
            return "rebuttal"
    return "comment"


def _text(note: Note, review: Review | None, decision: str | None) -> str:
    """Return the words of a note: its title, then each text under its heading."""
    if review is not None:
        named = [(name.capitalize(), getattr(review, name)) for name in TEXTS]
        named += [
            (field.name.replace("_", " ").capitalize(), field.text or "")
            for field in review.fields
            if field.value is None and not _SKIPPED.fullmatch(field.name)
        ]
        return "\n\n".join(f"### {name}\n\n{text}" for name, text in named if text)
    parts = [decision] if decision else []
    main = ("title", "comment", "rebuttal", *META_TEXTS)
    for field in dict.fromkeys([*main, *note.content]):
        try:
            text = note.text(field) if not _SKIPPED.fullmatch(field) else None
        except ParseError:
            continue  # a number or an object has no words
        if text and not text.startswith(("/pdf/", "/attachment/")):
            heading = field.replace("_", " ").capitalize()
            parts.append(text if field in main else f"### {heading}\n\n{text}")
    return "\n\n".join(parts)
