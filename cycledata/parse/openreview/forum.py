"""Notes of one forum -> one ``Submission``; every note is used or has a row that says why not.

Of several versions of one note, the last modified one counts, also where it is deleted or no longer
public; every other version has a row. Versions have the same id or, in API v1, the same referent.
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from cycledata.errors import DEFECTS, ParseError
from cycledata.parse.openreview.decisions import (
    final_state,
    read_decision,
    read_meta_review,
    stated_outcome,
)
from cycledata.parse.openreview.forms import (
    FORMS,
    NUMBERS,
    TEXTS,
    VenueForm,
    find_form,
)
from cycledata.parse.openreview.note import DISCUSSION, Note, flatten, read_note
from cycledata.parse.payload import read_json, where_invalid
from cycledata.records import Dropped, Number, Review, Submission

MAX_PAYLOAD_BYTES = 256 * 1024 * 1024
"""Size limit of a forum's payload; the largest real one has a few megabytes."""

REPLY_ROLES = {
    "Official_Review": "review",
    "Review": "review",
    "Meta_Review": "meta-review",
    "Decision": "decision",
    "Acceptance_Decision": "decision",
    "Withdrawal": "withdrawal",
    "Withdraw": "withdrawal",
    "Desk_Rejection": "desk-rejection",
    "Desk_Reject": "desk-rejection",
}
"""Kind of a note -> its role; the note whose id is the forum's is the submission."""
_BLANK_REVIEW = {
    **dict.fromkeys(TEXTS, ""),
    **dict.fromkeys((*NUMBERS, "ethics_flag")),
}
_YEAR = re.compile(r"(?:^|/)((?:19|20)[0-9]{2})(?=/|$)")


@dataclass(frozen=True, slots=True)
class ParsedForum:
    """One paper of a forum, and the notes that were set aside."""

    submission: Submission
    dropped: tuple[Dropped, ...]
    """One row of the stage ``"notes"`` per note set aside, by rule and note id."""
    n_notes: int
    """Number of notes in the payload, nested replies included."""
    numbers: Mapping[str, str]
    """Note id -> ``"N1"``, ``"N2"``, ..., by creation, for every note but the submission's. In
    builds, numbers replace the ids, which lead to the page of a note on the site."""
    review_notes: tuple[Note, ...] = ()
    """Notes of ``submission.reviews``, in the same order."""
    earlier: tuple[Note, ...] = ()
    """Earlier versions of the replies, oldest first."""
    replies: tuple[Note, ...] = ()
    """Every public reply in its latest version, whether or not the submission uses it, by
    creation."""


class _SetAside:
    """Rows of the notes that are set aside, which name a note by its number."""

    def __init__(self, paper_id: str) -> None:
        self.dropped: list[Dropped] = []
        self.numbers: dict[str, str] = {}
        self._paper_id = paper_id

    def number(self, notes: Iterable[Note]) -> None:
        """Give each note a number, by creation; all versions of a note have the same."""
        first: dict[str, int] = {}
        for note in notes:
            if note.id != self._paper_id:
                first[note.id] = min(note.created_ms, first.get(note.id, note.created_ms))
        ordered = sorted(first, key=lambda note_id: (first[note_id], note_id))
        self.numbers = {note_id: f"N{i}" for i, note_id in enumerate(ordered, 1)}

    def add(self, note: Note | None, rule: str, detail: str) -> None:
        """Add a row for a note; None for one without an id."""
        if note is not None:
            detail = f"{self.numbers.get(note.id, note.id)}: {detail}"
        self.dropped.append(Dropped(self._paper_id, rule, detail, "notes"))


def parse_forum(
    payload: bytes, *, forms: Mapping[str, VenueForm] = FORMS, texts: bool = True
) -> ParsedForum | Dropped:
    """Return the submission of one forum, or the row that says why there is none.

    Rows are ``no-usable-notes``, ``deleted-submission``, ``mixed-venues``, ``unknown-form``, or
    ``unreadable-field`` for the submission note itself.

    Args:
        payload: the snapshot's payload of the forum.
        forms: venue id -> form, the shipped forms by default.
        texts: also read the words of the reviews. Without them, texts are ``""`` and other fields
            are left out, and everything else is the same.

    Raises:
        ParseError: the payload is not the JSON of a forum.
    """
    try:
        return _parse_forum(*_read_payload(payload), forms, texts=texts)
    except RecursionError as error:
        detail = "expected content a few levels deep, found more than can be read"
        raise ParseError("nested-too-deep", detail) from error


def review_contents(payload: bytes) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield venue and content of each public review note of a forum; none if it is unreadable."""
    try:
        paper_id, raw_notes = _read_payload(payload)
        for raw in raw_notes:
            try:
                note = read_note(raw, paper_id=paper_id)
            except ParseError:
                continue
            if REPLY_ROLES.get(note.kind) == "review" and _set_aside(paper_id, note) is None:
                yield note.venue, {name: note.value(name) for name in note.content}
    except (ParseError, *DEFECTS):
        return  # the build has a row for this paper


def _parse_forum(
    paper_id: str, raw_notes: list[Any], forms: Mapping[str, VenueForm], *, texts: bool
) -> ParsedForum | Dropped:
    rows = _SetAside(paper_id)
    notes: list[Note] = []
    for raw in raw_notes:
        try:
            notes.append(read_note(raw, paper_id=paper_id))
        except ParseError as error:
            rows.add(None, error.rule, error.detail)
    rows.number(notes)
    found = _latest_versions(paper_id, notes, rows)
    if found.deleted_submission:
        detail = f"{paper_id}: the submission note has a deletion date"
        return Dropped(paper_id, rule="deleted-submission", detail=detail, stage="parse")
    used = [note for note in found.current if note.id == paper_id or note.kind in REPLY_ROLES]
    if not used:
        return _no_usable_notes(paper_id, rows.dropped)
    venues = sorted({note.venue for note in used if note.venue})
    if len(venues) > 1:
        detail = f"expected notes of one venue, found {', '.join(venues)[:200]}"
        return Dropped(paper_id, rule="mixed-venues", detail=detail, stage="parse")
    if not venues:
        detail = "expected a note with an invitation, found a submission without one"
        return Dropped(paper_id, rule="no-usable-notes", detail=detail, stage="parse")
    form = find_form(venues[0], forms)
    if form is None:
        return _unknown_form(paper_id, venues[0], used)
    try:
        submission, n_used, review_notes = _assemble(paper_id, form, used, rows, texts=texts)
    except ParseError as error:
        return Dropped(paper_id, rule=error.rule, detail=error.detail, stage="parse")
    n_used += len(found.current) - len(used)
    assert len(raw_notes) == n_used + len(rows.dropped), "every note is used or has a row"
    return ParsedForum(
        submission,
        tuple(sorted(rows.dropped, key=lambda row: (row.rule, row.detail))),
        n_notes=len(raw_notes),
        review_notes=tuple(review_notes),
        earlier=found.earlier,
        replies=tuple(note for note in found.current if note.id != paper_id),
        numbers=rows.numbers,
    )


def _unknown_form(paper_id: str, venue: str, used: Sequence[Note]) -> Dropped:
    reviews = [note for note in used if REPLY_ROLES.get(note.kind) == "review"]
    fields = sorted({name for note in reviews for name in note.content})
    found = f"reviews with the fields {', '.join(fields)}" if fields else "no review"
    detail = (
        f"{venue[:120]}: expected a known form, found {found[:200]}; import the venue's"
        " invitations or give a form file"
    )
    return Dropped(paper_id, rule="unknown-form", detail=detail, stage="parse")


def _read_payload(payload: bytes) -> tuple[str, list[Any]]:
    """Return the forum id and its raw notes, flattened."""
    if len(payload) > MAX_PAYLOAD_BYTES:
        detail = f"expected at most {MAX_PAYLOAD_BYTES} bytes, found {len(payload)}"
        raise ParseError("forum-too-large", detail)
    try:
        forum = read_json(payload)
    except ValueError as error:
        detail = f"expected the JSON of a forum: {where_invalid(error)}"
        raise ParseError("bad-json", detail) from error
    paper_id = forum.get("forum") if isinstance(forum, dict) else None
    notes = forum.get("notes") if isinstance(forum, dict) else None
    if not isinstance(paper_id, str) or not paper_id or not isinstance(notes, list):
        raise ParseError("bad-forum", 'expected {"forum": id, "notes": [...]}, found otherwise')
    return paper_id, list(flatten(notes))


@dataclass(frozen=True, slots=True)
class _Versions:
    """Public notes of a forum that datasets use."""

    current: tuple[Note, ...]
    """The latest version of each note, by creation."""
    earlier: tuple[Note, ...]
    """All other versions of these notes, oldest first."""
    deleted_submission: bool


def _latest_versions(paper_id: str, notes: Sequence[Note], rows: _SetAside) -> _Versions:
    """Return the notes in their latest version; add a row for every other note or version.

    An earlier version counts only if the latest one is public.
    """
    versions: defaultdict[str, list[Note]] = defaultdict(list)
    for note in notes:
        versions[note.id].append(note)
    current, earlier, deleted_submission = [], [], False
    for found in versions.values():
        # The key costs more than the rest, and most notes have one version.
        *older, newest = sorted(found, key=_version) if len(found) > 1 else found
        for _ in older:
            rows.add(newest, "duplicate-note", "a later version is used")
        reason = _set_aside(paper_id, newest)
        if reason is None:
            current.append(newest)
            earlier += [note for note in older if _set_aside(paper_id, note) is None]
        else:
            rows.add(newest, *reason)
            deleted_submission |= newest.id == paper_id and newest.deleted
    current.sort(key=lambda note: (note.created_ms, note.id))
    earlier.sort(key=_version)
    return _Versions(tuple(current), tuple(earlier), deleted_submission)


def _no_usable_notes(paper_id: str, rows: Sequence[Dropped]) -> Dropped:
    counts = Counter(row.rule for row in rows)
    found = ", ".join(f"{n} {rule}" for rule, n in sorted(counts.items())) or "no note at all"
    detail = f"expected a submission, a review or a decision, found {found}"
    return Dropped(paper_id, rule="no-usable-notes", detail=detail, stage="parse")


def _version(note: Note) -> tuple[int, str]:
    """Return a key that sorts later versions of a note last, in whatever order they came."""
    return note.modified_ms, json.dumps(asdict(note), sort_keys=True)


def _set_aside(paper_id: str, note: Note) -> tuple[str, str] | None:
    """Return rule and detail for a note that is not used, or None if it is used."""
    if note.forum != paper_id:
        return "other-forum", f"expected the forum {paper_id}, found another"
    if note.deleted:
        return "deleted-note", f"{note.kind} has a deletion date"
    if note.readers is not None and "everyone" not in note.readers:
        return "not-public", f"{note.kind} is not readable by everyone"
    if note.id == paper_id or note.kind in REPLY_ROLES or note.kind in DISCUSSION:
        return None
    return "other-note", note.kind


def _assemble(
    paper_id: str, form: VenueForm, used: list[Note], rows: _SetAside, *, texts: bool
) -> tuple[Submission, int, list[Note]]:
    """Return the submission, the number of notes that it is made of, and those of its reviews."""
    by_role: defaultdict[str, list[Note]] = defaultdict(list)
    for note in used:
        by_role["submission" if note.id == paper_id else REPLY_ROLES[note.kind]].append(note)
    head = by_role["submission"][0] if by_role["submission"] else None
    reviews, review_notes = _read_reviews(form, by_role["review"], rows, texts=texts)
    decision_note = _latest(by_role["decision"], rows)
    meta_note = _latest(by_role["meta-review"], rows)
    decision, meta_review, meta_review_license = None, None, None
    kept = [*by_role["submission"], *by_role["withdrawal"], *by_role["desk-rejection"]]
    for note in filter(None, (decision_note, meta_note)):
        try:
            decision = read_decision(note, form, is_meta=note is meta_note) or decision
            if (found := read_meta_review(note, form)) is not None:
                meta_review, meta_review_license = found, note.license
            kept.append(note)
        except ParseError as error:
            rows.add(note, error.rule, error.detail)
    licences = {note.license for note in review_notes}
    kept += review_notes
    submitted = head and head.created
    year = _YEAR.search(form.venue)
    submission = Submission(
        paper_id=paper_id,
        venue=form.venue,
        year=int(year[1]) if year else submitted and submitted.year,
        title=head and head.text("title"),
        abstract=head and head.text("abstract"),
        authors=_authors(head),
        keywords=head and head.texts("keywords"),
        license=head and head.license,
        submitted=submitted,
        rating_scale=form.rating_scale,
        reviews=reviews,
        review_license=licences.pop() if len(licences) == 1 else None,
        meta_review_license=meta_review_license,
        public=all(note.readers is not None for note in kept),
        meta_review=meta_review,
        decision=final_state(form.venue, head, by_role)
        or decision
        or stated_outcome(form.venue, head),
    )
    return submission, len(kept), review_notes


def _read_reviews(
    form: VenueForm, notes: Sequence[Note], rows: _SetAside, *, texts: bool
) -> tuple[tuple[Review, ...], list[Note]]:
    """Return reviews from the lowest rating to the highest, with pseudonyms of this paper only."""
    read: list[tuple[Note, dict[str, Any]]] = []
    for note in notes:
        try:
            read.append((note, read_review(form, note, texts=texts)))
        except ParseError as error:
            rows.add(note, error.rule, error.detail)
    read.sort(key=_place)
    reviews = tuple(Review(reviewer=f"R{i}", **fields) for i, (_, fields) in enumerate(read, 1))
    return reviews, [note for note, _ in read]


def _place(read: tuple[Note, dict[str, Any]]) -> tuple[bool, Number, int, int, str]:
    """Return the sort key: lowest rating first, unrated last, ties in the forum's order."""
    note, fields = read
    rating = fields["rating"]
    return rating is None, rating or 0, note.number, note.created_ms, note.id


def read_review(form: VenueForm, note: Note, *, texts: bool = True) -> dict[str, Any]:
    """Return every field of a ``Review`` but its pseudonym, which follows from the order.

    Args:
        form: the venue's form.
        note: the review.
        texts: also read its words.
    """
    named = form.distinctive
    if note.content.keys().isdisjoint(named):
        detail = f"expected one of {', '.join(named)}; found {len(note.content)} other fields"
        raise ParseError("comment-in-review-slot", detail)
    review: dict[str, Any] = {**_BLANK_REVIEW}
    for role, field in form.numbers.items():
        review[role] = note.rating(field.name, field.values)
    if not texts:
        note.check_texts(form.text_names)
        return review
    for role, field in form.by_role.items():
        if role not in NUMBERS:
            text = note.text(field.name)
            review[role] = text if role == "ethics_flag" else text or ""
    others = {field.name: field.values for field in form.fields if field.role == "other"}
    extra = sorted(note.content.keys() - form.names)
    answers = (note.answer(name, others.get(name, ())) for name in [*others, *extra])
    return {**review, "fields": tuple(filter(None, answers))}


def _latest(notes: Sequence[Note], rows: _SetAside) -> Note | None:
    """Return the last modified of several decisions or meta-reviews; add a row per other."""
    if not notes:
        return None
    *older, newest = sorted(notes, key=lambda note: (note.modified_ms, note.id))
    for note in older:
        rows.add(note, "superseded", f"a later {note.kind} is used")
    return newest


def _authors(head: Note | None) -> tuple[str, ...] | None:
    authors = head.texts("authors") if head else None
    return None if authors == ("Anonymous",) else authors
