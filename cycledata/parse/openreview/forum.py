"""A forum's notes -> one ``Submission``; every note is used or has a row that says why not."""

import datetime as dt
import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from cycledata.errors import ParseError
from cycledata.formats.rating_scales import DecisionKind, decision_kind
from cycledata.parse.openreview.forms import ASPECTS, FORMS, META_TEXTS, Form
from cycledata.parse.openreview.note import Note, flatten, read_note
from cycledata.parse.payload import read_json
from cycledata.records import Decision, Dropped, MetaReview, Review, Submission

MAX_PAYLOAD_BYTES = 256 * 1024 * 1024
"""A forum larger than this is no forum; the largest real one is a few megabytes."""

_ROLES = {
    "Official_Review": "review",
    "Meta_Review": "meta-review",
    "Decision": "decision",
    "Withdrawal": "withdrawal",
    "Withdraw": "withdrawal",
    "Desk_Rejection": "desk-rejection",
    "Desk_Reject": "desk-rejection",
}
"""Kind of a note -> the part it plays; the note whose id is the forum's is the submission."""
_COMMENTS = frozenset({"Official_Comment", "Public_Comment", "Comment", "Rebuttal"})
_GONE: dict[str, DecisionKind] = {
    "Withdrawn_Submission": "withdrawn",
    "Desk_Rejected_Submission": "reject",
}
"""Last part of a venueid, or kind of a submission's invitation, that ends a submission's life."""
_ONE_TO_FOUR, _ONE_TO_FIVE = (1, 2, 3, 4), (1, 2, 3, 4, 5)


@dataclass(frozen=True, slots=True)
class ParsedForum:
    """One paper as its forum tells it, and the notes that had no part in it."""

    submission: Submission
    dropped: tuple[Dropped, ...]
    """One row of the stage ``"notes"`` for each note set aside, by rule and note id."""
    n_notes: int
    """Notes in the payload, nested replies included."""


def parse_forum(payload: bytes) -> ParsedForum | Dropped:
    """Read the snapshot's payload of one forum.

    Returns:
        The submission, or the row that says why the paper has none: ``no-usable-notes``,
        ``deleted-submission``, ``mixed-venues``, ``unknown-form``, or ``unreadable-field`` for the
        submission note itself.

    Raises:
        ParseError: the payload is not the JSON of a forum.
    """
    try:
        return _parse_forum(*_read_payload(payload))
    except RecursionError as error:
        detail = "expected content a few levels deep, found more than can be read"
        raise ParseError("nested-too-deep", detail) from error


def _parse_forum(paper_id: str, raw_notes: list[Any]) -> ParsedForum | Dropped:
    rows: list[Dropped] = []
    notes: list[Note] = []
    for raw in raw_notes:
        try:
            notes.append(read_note(raw))
        except ParseError as error:
            rows.append(_row(paper_id, error.rule, error.detail))
    used = _used_notes(paper_id, notes, rows)
    if isinstance(used, Dropped):
        return used
    venues = sorted({note.venue for note in used})
    if len(venues) > 1:
        detail = f"expected notes of one venue, found {', '.join(venues)[:200]}"
        return Dropped(paper_id, rule="mixed-venues", detail=detail, stage="parse")
    form = FORMS.get(venues[0])
    if form is None:
        detail = f"expected one of {', '.join(FORMS)}, found {venues[0][:200]!r}"
        return Dropped(paper_id, rule="unknown-form", detail=detail, stage="parse")
    try:
        submission, n_used = _assemble(paper_id, venues[0], form, used, rows)
    except ParseError as error:
        return Dropped(paper_id, rule=error.rule, detail=error.detail, stage="parse")
    assert len(raw_notes) == n_used + len(rows), "every note is used or has a row"
    dropped = tuple(sorted(rows, key=lambda row: (row.rule, row.detail)))
    return ParsedForum(submission, dropped, n_notes=len(raw_notes))


def _read_payload(payload: bytes) -> tuple[str, list[Any]]:
    """Forum id and raw notes, flattened."""
    if len(payload) > MAX_PAYLOAD_BYTES:
        detail = f"expected at most {MAX_PAYLOAD_BYTES} bytes, found {len(payload)}"
        raise ParseError("forum-too-large", detail)
    try:
        forum = read_json(payload)
    except ValueError as error:
        raise ParseError("bad-json", f"expected the JSON of a forum: {error}") from error
    paper_id = forum.get("forum") if isinstance(forum, dict) else None
    notes = forum.get("notes") if isinstance(forum, dict) else None
    if not isinstance(paper_id, str) or not paper_id or not isinstance(notes, list):
        raise ParseError("bad-forum", 'expected {"forum": id, "notes": [...]}, found otherwise')
    return paper_id, list(flatten(notes))


def _used_notes(paper_id: str, notes: Sequence[Note], rows: list[Dropped]) -> list[Note] | Dropped:
    """The notes that say something about the paper; a row for every other."""
    latest: dict[str, Note] = {}
    for note in notes:
        known = latest.setdefault(note.id, note)
        if known is not note:
            older, newer = sorted((known, note), key=_version)
            latest[note.id] = newer
            rows.append(_row(paper_id, "duplicate-note", f"{older.id}: a later version is used"))
    used = []
    for note in latest.values():
        reason = _set_aside(paper_id, note)
        if reason is None:
            used.append(note)
        elif reason[0] == "deleted-note" and note.id == paper_id:
            detail = f"{note.id}: the submission note bears a deletion date"
            return Dropped(paper_id, rule="deleted-submission", detail=detail, stage="parse")
        else:
            rows.append(_row(paper_id, *reason))
    if used:
        return used
    counts = Counter(row.rule for row in rows)
    found = ", ".join(f"{n} {rule}" for rule, n in sorted(counts.items())) or "no note at all"
    detail = f"expected a submission, a review or a decision, found {found}"
    return Dropped(paper_id, rule="no-usable-notes", detail=detail, stage="parse")


def _version(note: Note) -> tuple[int, str]:
    """Later versions of a note sort last, whatever order they came in."""
    return note.modified_ms, json.dumps(asdict(note), sort_keys=True)


def _set_aside(paper_id: str, note: Note) -> tuple[str, str] | None:
    """Rule and detail for a note that has no part in the record; None where it has one."""
    if note.forum != paper_id:
        return "other-forum", f"{note.id}: expected the forum {paper_id}, found {note.forum}"
    if note.deleted:
        return "deleted-note", f"{note.id}: {note.kind} bears a deletion date"
    if note.readers is not None and "everyone" not in note.readers:
        return "not-public", f"{note.id}: {note.kind} is not readable by everyone"
    if note.id == paper_id or note.kind in _ROLES:
        return None
    rule = "comment" if note.kind in _COMMENTS else "other-note"
    return rule, f"{note.id}: {note.kind}"


def _assemble(
    paper_id: str, venue: str, form: Form, used: list[Note], rows: list[Dropped]
) -> tuple[Submission, int]:
    """The submission, and how many notes it is made of."""
    by_role: defaultdict[str, list[Note]] = defaultdict(list)
    for note in used:
        by_role["submission" if note.id == paper_id else _ROLES[note.kind]].append(note)
    head = by_role["submission"][0] if by_role["submission"] else None
    reviews, review_notes = _read_reviews(paper_id, form, by_role["review"], rows)
    decision_note = _latest(paper_id, by_role["decision"], rows)
    meta_note = _latest(paper_id, by_role["meta-review"], rows)
    decision, meta_review = None, None
    kept = [*by_role["submission"], *by_role["withdrawal"], *by_role["desk-rejection"]]
    for note in filter(None, (decision_note, meta_note)):
        try:
            decision = _read_decision(note) if note is decision_note else decision
            meta_review = _read_meta_review(note) or meta_review
            kept.append(note)
        except ParseError as error:
            rows.append(_row(paper_id, error.rule, f"{note.id}: {error.detail}"))
    licences = {note.license for note in review_notes}
    kept += review_notes
    submission = Submission(
        paper_id=paper_id,
        venue=venue,
        year=int(venue.split("/")[1]),
        title=head and head.text("title"),
        abstract=head and head.text("abstract"),
        authors=_authors(head),
        keywords=head and head.texts("keywords"),
        license=head and head.license,
        submitted=_date(head),
        rating_scale=form.scale,
        reviews=reviews,
        review_license=licences.pop() if len(licences) == 1 else None,
        public=all(note.readers is not None for note in kept),
        meta_review=meta_review,
        decision=_state(venue, head, by_role) or decision or _outcome(venue, head),
    )
    return submission, len(kept)


def _read_reviews(
    paper_id: str, form: Form, notes: Sequence[Note], rows: list[Dropped]
) -> tuple[tuple[Review, ...], list[Note]]:
    """Reviews from the lowest rating to the highest under names of this paper only."""
    read: list[tuple[Note, dict[str, Any]]] = []
    for note in notes:
        try:
            read.append((note, _read_review(form, note)))
        except ParseError as error:
            rows.append(_row(paper_id, error.rule, f"{note.id}: {error.detail}"))
    read.sort(key=_place)
    reviews = tuple(Review(reviewer=f"R{i}", **fields) for i, (_, fields) in enumerate(read, 1))
    return reviews, [note for note, _ in read]


def _place(read: tuple[Note, dict[str, Any]]) -> tuple[bool, int, int, int, str]:
    """Lowest rating first, those without one last, ties in the forum's order."""
    note, fields = read
    rating = fields["rating"]
    return rating is None, rating or 0, note.number, note.created_ms, note.id


def _read_review(form: Form, note: Note) -> dict[str, Any]:
    """Every field of a ``Review`` but its pseudonym, which the order of ratings gives."""
    if not {form.rating, *form.texts.values()} & note.content.keys():
        detail = f"expected {form.rating} or a text of the form, found {sorted(note.content)[:20]}"
        raise ParseError("comment-in-review-slot", detail)
    texts = dict.fromkeys(("summary", "strengths", "weaknesses", "questions"), "")
    aspects: dict[str, int | None] = dict.fromkeys(ASPECTS)
    return {
        **texts,
        **{field: note.text(name) or "" for field, name in form.texts.items()},
        **aspects,
        **{name: note.mark(name, _ONE_TO_FOUR) for name in form.aspects},
        "rating": note.mark(form.rating, form.scale.values),
        "confidence": note.mark("confidence", _ONE_TO_FIVE),
        "ethics_flag": note.text(form.ethics),
    }


def _latest(paper_id: str, notes: Sequence[Note], rows: list[Dropped]) -> Note | None:
    """The last modified of several decisions or meta-reviews; a row for each other."""
    if not notes:
        return None
    *older, newest = sorted(notes, key=lambda note: (note.modified_ms, note.id))
    rows += [
        _row(paper_id, "superseded", f"{note.id}: a later {note.kind} is used") for note in older
    ]
    return newest


def _read_decision(note: Note) -> Decision:
    words = note.text("decision") or ""
    kind = decision_kind(words)
    if kind is None:
        detail = f"expected words that start with accept, reject or withdrawn, found {words[:60]!r}"
        raise ParseError("unreadable-decision", detail)
    return Decision(kind=kind, text=words)


def _read_meta_review(note: Note) -> MetaReview | None:
    text = next((found for field in META_TEXTS if (found := note.text(field))), None)
    if text is None:
        return None
    return MetaReview(
        text=text,
        why_not_higher=note.text("justification_for_why_not_higher_score"),
        why_not_lower=note.text("justification_for_why_not_lower_score"),
    )


def _state(venue: str, head: Note | None, by_role: defaultdict[str, list[Note]]) -> Decision | None:
    """A withdrawal or desk rejection, which stands whatever was decided before it.

    The submission's venueid is the last word; the note that asks for the withdrawal only counts
    where there is no venueid, because withdrawals can be taken back.
    """
    words = None
    if head and (venueid := head.text("venueid")):
        states, words = [venueid.removeprefix(f"{venue}/")], head.text("venue")
    else:
        states = [kind.rpartition("/-/")[2] for kind in head.invitations] if head else []
        states += ["Withdrawn_Submission"] if by_role["withdrawal"] else []
        states += ["Desk_Rejected_Submission"] if by_role["desk-rejection"] else []
    state = next((state for state in states if state in _GONE), None)
    if state is None:
        return None
    return Decision(kind=_GONE[state], text=words or state.replace("_", " "))


def _outcome(venue: str, head: Note | None) -> Decision | None:
    """What the submission note itself says was decided, where no decision note says it."""
    venueid, words = (head.text("venueid"), head.text("venue")) if head else (None, None)
    if venueid == f"{venue}/Rejected_Submission":
        return Decision(kind="reject", text=words or "Rejected Submission")
    # Accepted papers bear the venue's own id; so do some under review, "Submitted to ...".
    if venueid == venue and words and "submitted" not in words.casefold():
        return Decision(kind="accept", text=words)
    return None


def _authors(head: Note | None) -> tuple[str, ...] | None:
    authors = head.texts("authors") if head else None
    return None if authors == ("Anonymous",) else authors


def _date(head: Note | None) -> dt.date | None:
    """Day of creation, UTC; None where unknown or out of the calendar's range."""
    if head is None or not 0 < head.created_ms < 253_402_300_800_000:
        return None
    return dt.datetime.fromtimestamp(head.created_ms / 1000, tz=dt.UTC).date()


def _row(paper_id: str, rule: str, detail: str) -> Dropped:
    return Dropped(paper_id, rule=rule, detail=detail, stage="notes")
