"""The discussion of a forum as a tree of notes, with pseudonyms for everyone who wrote them.

Ids are numbered per paper, reviewers have the pseudonyms of their reviews, and days count from the
submission. Texts lose what names or links a person: names of reviewers on the site, profile ids,
addresses, names of the authors, ids of notes, and links to code hosts.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from cycledata.errors import ParseError
from cycledata.parse.openreview.forms import META_TEXTS, TEXTS
from cycledata.parse.openreview.forum import REPLY_ROLES, ParsedForum
from cycledata.parse.openreview.note import Note
from cycledata.records import Dropped, Review

ThreadKind = Literal["review", "rebuttal", "comment", "meta-review", "decision", "withdrawal"]
AUTHORS = "authors"
AREA_CHAIR = "area-chair"
PROGRAM_CHAIRS = "program-chairs"
PUBLIC = "public"
ETHICS = "ethics-reviewer"
UNKNOWN = "unknown"

_KINDS: Mapping[str, ThreadKind] = {
    "review": "review",
    "meta-review": "meta-review",
    "decision": "decision",
    "desk-rejection": "decision",
    "withdrawal": "withdrawal",
}
_REBUTTALS = frozenset({"Rebuttal", "Author_Rebuttal", "Author_Response", "Author_Final_Remarks"})
_GROUPS: Sequence[tuple[re.Pattern[str], str]] = (
    (re.compile("Ethics_"), ETHICS),
    (re.compile("(?:Senior_)?(?:Area_?Chair|Action_Editor|Meta_?Reviewer)"), AREA_CHAIR),
    (re.compile("(?:Assistant_|Associate_)?(?:Program_Chair|Editors?_In_Chief)"), PROGRAM_CHAIRS),
    (re.compile("Authors?$"), AUTHORS),
)
"""Start of the last part of a group's id -> role, where the group is no reviewer."""
_REVIEWER = re.compile(r"(?:Anon|Official_)?Reviewer")
_SKIPPED = re.compile(
    r"pdf|decision|recommendation|rating|supplementary_material|attachment|code_of_conduct|first_time_reviewer|paperhash"
    r"|flag_for_ethics_review|.*_confirmation|.*_agreement"
)
"""Fields that have no words of the discussion."""


@dataclass(frozen=True, slots=True)
class ThreadNote:
    """One note of a discussion."""

    note_id: str
    """``"N1"`` upwards, by creation; says nothing across papers."""
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


def read_thread(forum: ParsedForum) -> tuple[tuple[ThreadNote, ...], tuple[Dropped, ...]]:
    """Return the notes of a forum's discussion by creation, and a row for each lost link.

    Review notes that could not be read as reviews are left out; they have a row already. The text
    of the last decision starts with the words of the submission's decision.
    """
    paper_id, submitted = forum.submission.paper_id, forum.submission.submitted
    read = {note.id for note in forum.review_notes}
    replies = tuple(
        note for note in forum.replies if note.id in read or REPLY_ROLES.get(note.kind) != "review"
    )
    forum = replace(forum, replies=replies)
    ids = {note.id: f"N{i}" for i, note in enumerate(forum.replies, 1)}
    parents, rows = _parents(forum, ids)
    roles = _roles(forum)
    reviews = {
        note.id: review
        for note, review in zip(forum.review_notes, forum.submission.reviews, strict=True)
    }
    kinds: dict[str, ThreadKind] = {}
    for note in forum.replies:
        kinds[note.id] = _kind(note, roles, kinds, parents[note.id])
    last = next((n.id for n in reversed(forum.replies) if kinds[n.id] == "decision"), None)
    decision = {last: forum.submission.decision.text} if forum.submission.decision else {}
    hide = _Pseudonyms(forum, roles, ids)
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


def _roles(forum: ParsedForum) -> dict[str, str]:
    """Return note id -> role; reviewers without a review are numbered after the others."""
    names: dict[str, str] = {}
    own: dict[str, str] = {}
    for review, note in zip(forum.submission.reviews, forum.review_notes, strict=True):
        own[note.id] = review.reviewer
        for signature in note.signatures:
            names.setdefault(signature, review.reviewer)
    roles: dict[str, str] = {}
    n_reviewers = len(forum.submission.reviews)
    for note in forum.replies:
        role = own.get(note.id) or _role(note, names, forum.submission.venue)
        if role is None:
            n_reviewers += 1
            role = f"R{n_reviewers}"
            names.update(dict.fromkeys(note.signatures, role))
        roles[note.id] = role
    return roles


def _role(note: Note, names: Mapping[str, str], venue: str) -> str | None:
    """Return the role of a note's signer, or None for a reviewer without a pseudonym yet."""
    for signature in note.signatures:
        group = signature.rpartition("/")[2]
        if signature in names:
            return names[signature]
        if signature == venue:
            return PROGRAM_CHAIRS
        if signature.startswith("~") or "@" in signature or "/" not in signature:
            continue
        role = next((role for pattern, role in _GROUPS if pattern.match(group)), None)
        if role is not None:
            return role
        if _REVIEWER.match(group):
            return None
    if REPLY_ROLES.get(note.kind) == "review":
        return None
    return PUBLIC if note.kind in {"Public_Comment", "Comment"} else UNKNOWN


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


_PROFILE = re.compile(r"~[^\W\d_][\w.'’-]{0,60}_[^\W\d_][\w.'’-]{1,60}?[0-9]{1,3}\b")
_EMAIL = re.compile(r"[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,5}[A-Za-z]{2,24}\b")
_ORCID = re.compile(r"\b[0-9]{4}-[0-9]{4}-[0-9]{4}-[0-9]{3}[0-9X]\b")
_NOTE_LINK = re.compile(r"[?&]noteId=[\w-]{1,40}")
_CODE_LINK = re.compile(
    r"(?:https?://)?(?:[\w-]{1,63}\.){0,3}"
    r"(?:github\.(?:com|io)|gitlab\.(?:com|io)|bitbucket\.org|huggingface\.co|osf\.io"
    r"|drive\.google\.com|sites\.google\.com)\b(?:[^\s<>\"'|\\^`{}()\[\]]*[\w/#=-])?",
    re.IGNORECASE,
)
_PERSON = re.compile(
    r"(\w{1,60}?)_?"
    r"([0-9]{1,20}|(?<=_)(?!(?:Chair|Reviewer|Editor|Author)s)[A-Za-z0-9]{1,40})"
)
"""Group of one person: what it is, and its number or token."""
_PSEUDONYM = re.compile("R[0-9]+")
_WORD_LIKE = re.compile(r"[A-Za-z]?[a-z]+|[A-Z]+|[0-9]+")


class _Replacement(NamedTuple):
    """What is replaced in the texts of a forum."""

    needles: tuple[str, ...]
    """Lower-case texts; the expression can match only where one of them occurs."""
    expression: Callable[[], re.Pattern[str]]
    """Makes the expression, which costs more than a search for the needles."""
    shown: str


_ALWAYS = (
    _Replacement(("noteid=",), lambda: _NOTE_LINK, ""),
    _Replacement(
        ("github.", "gitlab.", "bitbucket.", "huggingface.", "osf.io", "google."),
        lambda: _CODE_LINK,
        "[link]",
    ),
    _Replacement(("@",), lambda: _EMAIL, "[address]"),
    _Replacement(("-",), lambda: _ORCID, "[address]"),
)
_PROFILES = _Replacement(("~",), lambda: _PROFILE, "[profile]")
_ODD_CASE = re.compile("[\u017f\u212a\u0130\u0131]")
"""Letters that equal an ASCII letter when case is ignored, but not after `str.lower`."""


def _needles(text: str) -> tuple[str, ...]:
    """Return what must occur for a text to match; lower case is a safe filter for ASCII only."""
    return (text.lower(),) if text.isascii() else ("",)


def _by_name(words: Sequence[str], shown: str) -> _Replacement:
    """Replace a person's name, also with the family name first."""
    given, family = r"[\s_]+".join(map(re.escape, words[:-1])), re.escape(words[-1])
    return _Replacement(
        _needles(words[-1]),
        lambda: re.compile(
            rf"(?<!\w)(?:{given}[\s_]+{family}|{family},\s*{given})(?!\w)", re.IGNORECASE
        ),
        shown,
    )


def _by_group(name: str, token: str, role: str) -> Iterator[_Replacement]:
    """Replace a group such as "Reviewer_aBcD" by its role, and "aBcD" if it is no word."""
    spelled = r"[\s_#-]{0,3}".join(map(re.escape, name.removeprefix("Anon").split("_")))
    escaped = re.escape(token)
    yield _Replacement(
        _needles(token),
        lambda: re.compile(
            rf"(?<!\w)(?:Anon)?{spelled}s?[\s_#:*-]{{0,4}}{escaped}(?!\w)", re.IGNORECASE
        ),
        f"Reviewer {role}" if _PSEUDONYM.fullmatch(role) else role,
    )
    if len(token) >= 4 and not _WORD_LIKE.fullmatch(token):
        yield _Replacement(_needles(token), lambda: re.compile(rf"(?<!\w){escaped}(?!\w)"), role)


class _Pseudonyms:
    """What must not be in the texts of one forum, and what replaces it."""

    def __init__(
        self, forum: ParsedForum, roles: Mapping[str, str], ids: Mapping[str, str]
    ) -> None:
        self._replacements: list[_Replacement] = list(_ALWAYS)
        people = dict.fromkeys(forum.submission.authors or (), "[author]")
        for signature, role in dict.fromkeys(
            (signature, roles[note.id]) for note in forum.replies for signature in note.signatures
        ):
            if signature.startswith("~"):
                name = signature.strip("~0123456789").replace("_", " ")
                people.setdefault(name, "[name]")
            elif found := _PERSON.fullmatch(signature.rpartition("/")[2]):
                self._replacements += _by_group(found[1], found[2], role)
        self._replacements.append(_PROFILES)
        for name, label in people.items():
            words = [word for word in re.split(r"[\s_]+", name) if word]
            if len(words) > 1:
                self._replacements.append(_by_name(words, label))
        self._ids = ids

    def __call__(self, text: str) -> str:
        lowered = text.lower()
        for needles, expression, shown in self._replacements:
            if _ODD_CASE.search(text) or any(needle in lowered for needle in needles):
                text = expression().sub(shown, text)
                lowered = text.lower()
        if not any(known in text for known in self._ids):
            return text
        ids = "|".join(map(re.escape, self._ids))
        any_id = re.compile(rf"(?<![\w-])(?:{ids})(?![\w-])")
        return any_id.sub(lambda match: self._ids[match[0]], text)
