"""One raw note, API v1 or v2, and access to its fields.

API v1: ``invitation`` is a string and content is plain. API v2: ``invitations`` is a list, content
is ``{"field": {"value": ...}}``, and a field may be readable by fewer people than its note.
"""

import datetime as dt
import html
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from math import isfinite
from typing import Any

from cycledata.errors import ParseError
from cycledata.formats.rating_scales import read_number
from cycledata.records import Number, ReviewField

_INTEGERS = ("cdate", "tcdate", "mdate", "tmdate", "number")
_MAX_DEPTH = 8
"""Replies nested deeper than this are refused; services nest them once."""

DISCUSSION = frozenset(
    """
    Official_Comment Public_Comment Comment Rebuttal Rebuttal_Comment Reply_Rebuttal_Comment
    Author_Rebuttal Author_Response Ethics_Review Rebuttal_Acknowledgement
    Mandatory_Acknowledgement Author_Final_Remarks
    """.split()  # noqa: SIM905  a paragraph of names reads better than a column of quoted ones
)
"""Kinds of notes that are part of the discussion only."""
_DAY_MS = 86_400_000
_EPOCH = dt.date(1970, 1, 1).toordinal()
_MOST_CACHED = 200
"""Characters of an answer whose rating is remembered."""
_EVERYONE = ("everyone",)
_NO_RATING = frozenset({"", "not applicable", "n/a"})
NUMBER_BEHIND = re.compile(
    r"[^0-9()\n]{1,200}\((?P<number>[+−-]?[0-9]{1,4}(?:\.[0-9]{1,4})?)\)\s{0,20}"
)
"""An answer with its only number behind it, such as "Strong accept (4)"."""
_PLAIN = re.compile("[\n\t -%'-~]*+")
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_PAPER = re.compile(r"/(?:Submission|Paper)[0-9]{1,7}(?=/|$)")


@lru_cache(maxsize=1024)
def kind_of(invitation: str) -> str:
    """Return the kind of notes an invitation asks for.

    >>> kind_of("ICLR.cc/2026/Conference/Submission7/-/Official_Review")
    'Official_Review'
    >>> kind_of("ICLR.cc/2018/Conference/-/Paper7/Official_Review")
    'Official_Review'
    """
    return invitation.rpartition("/-/")[2].rpartition("/")[2]


@lru_cache(maxsize=1024)
def venue_of(invitation: str) -> str:
    """Return the venue id: an invitation without its kind and the number of the paper.

    >>> venue_of("ICML.cc/2025/Conference/Submission7/Official_Review3/Rebuttal1/-/Rebuttal")
    'ICML.cc/2025/Conference'
    """
    head = invitation.rpartition("/-/")[0]
    paper = _PAPER.search(head)
    return head if paper is None else head[: paper.start()]


def clean_text(text: str) -> str:
    r"""Return a text as readers see it: entities decoded once, control characters removed.

    Tabs and line feeds stay, and so do U+2028 and U+2029. Only entities with a semicolon are
    decoded, so LaTeX's "a & b" and tokens such as "<SEG>" stay. Half surrogates, which no file can
    store, become U+FFFD.
    """
    if not _PLAIN.fullmatch(text):  # ASCII without & or control characters needs no more
        text = _ENTITY.sub(lambda match: html.unescape(match[0]), text)
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        text = _SURROGATE.sub("\ufffd", _CONTROL.sub("", text))
    return text.strip()


@dataclass(frozen=True, slots=True)
class Note:
    """A note whose shape has been checked; its content is read field by field."""

    id: str
    forum: str
    """Id of the paper's forum; the submission note's own id."""
    invitations: tuple[str, ...]
    """The invitation that it answers, then those of its edits; empty for a submission note of a
    dump without invitations."""
    readers: tuple[str, ...] | None
    """Groups that may read it; None if it does not say."""
    license: str | None
    """License that the note states; None if it states none."""
    number: int
    """Number among the notes of its kind; 0 where it has none."""
    created_ms: int
    """Creation in milliseconds since 1970; 0 where unknown."""
    modified_ms: int
    """Last modification in milliseconds since 1970; 0 where unknown."""
    deleted: bool
    """True if it has a deletion date."""
    content: dict[str, Any]
    signatures: tuple[str, ...] = ()
    """Groups or profiles that signed it; never published."""
    reply_to: str | None = None
    """Id of the note that it answers; None if it states none."""
    unmodified: bool = False
    """True if it states equal times of creation and last modification, so that it is the first
    version."""
    kind: str = ""
    """Kind of the first invitation, e.g. ``"Official_Review"``; ``""`` without one."""
    venue: str = ""
    """Venue id; ``""`` without an invitation."""

    @property
    def created(self) -> dt.date | None:
        """Day of creation in UTC; None if unknown."""
        return day_of(self.created_ms)

    @property
    def modified(self) -> dt.date | None:
        """Day of the last modification in UTC; None if unknown."""
        return day_of(self.modified_ms)

    def value(self, field: str) -> Any:
        """Return a field's value, or None if it has none that everyone may read."""
        found = self.content.get(field)
        if not isinstance(found, dict):
            return found
        readers = found.get("readers")
        if readers is not None and not (isinstance(readers, list) and "everyone" in readers):
            return None
        return found.get("value")

    def text(self, field: str) -> str | None:
        """Return a text field, cleaned, lists joined by "; ", or None if it is absent.

        Raises:
            ParseError: neither a text nor a list of texts.
        """
        value = self.checked_text(field)
        if value is None or isinstance(value, str):
            return value and clean_text(value)
        return "; ".join(clean_text(item) for item in value)

    def check_texts(self, fields: Iterable[str]) -> None:
        """Check that each field is a text, a list of texts, or absent.

        Raises:
            ParseError: one is something else.
        """
        for field in fields:
            if not isinstance(self.value(field), str):
                self.checked_text(field)

    def checked_text(self, field: str) -> str | list[str] | None:
        """Return the value of a text field as it is, or None if it is absent.

        Raises:
            ParseError: neither a text nor a list of texts.
        """
        value = self.value(field)
        if value is None or isinstance(value, str):
            return value
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return value
        detail = f"{field}: expected a text, found {type(value).__name__}"
        raise ParseError("unreadable-field", detail)

    def texts(self, field: str) -> tuple[str, ...] | None:
        """Return a field that lists texts, e.g. keywords, or None if it has none."""
        value = self.value(field)
        items = [value] if isinstance(value, str) else value if isinstance(value, list) else []
        cleaned = tuple(clean_text(item) for item in items if isinstance(item, str))
        return tuple(item for item in cleaned if item) or None

    def rating(self, field: str, values: tuple[Number, ...]) -> Number | None:
        """Return a rating on its scale, or None if it is absent, empty or "Not applicable".

        Args:
            field: content field.
            values: numbers that the form offers; any number where empty.

        Raises:
            ParseError: it starts with no number, or with one that the form does not offer.
        """
        value = self.value(field)
        if value is None:
            return None
        # A form offers a few answers, so most texts of a venue are the same few.
        often = isinstance(value, str) and len(value) <= _MOST_CACHED
        try:
            return (_rating_in_text if often else _rating_in)(value, values)
        except ParseError as error:
            raise ParseError(error.rule, f"{field}: {error.detail}") from None

    def answer(self, field: str, values: tuple[Number, ...]) -> ReviewField | None:
        """Return any field as text and number, or None if it was not answered.

        Args:
            field: content field.
            values: numbers that the form offers; empty for a text.
        """
        value = self.value(field)
        if value is None or value in ("", []):
            return None
        if isinstance(value, str):
            number = number_in(value, highest=values[-1]) if values else None
            return ReviewField(name=field, text=clean_text(value), value=number)
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return ReviewField(name=field, text=self.text(field), value=None)
        number = number_in(value, highest=10)
        if number is not None:
            return ReviewField(name=field, text=None, value=number)
        text = json.dumps(value, ensure_ascii=False, sort_keys=True)
        return ReviewField(name=field, text=clean_text(text), value=None)


def _rating_in(value: Any, values: tuple[Number, ...]) -> Number | None:
    """Return the rating that an answer is, or None for one that states none.

    Raises:
        ParseError: it starts with no number, or with one that is not among the values.
    """
    number = number_in(value, highest=values[-1] if values else 10)
    if number is None:
        if isinstance(value, str) and clean_text(value).casefold() in _NO_RATING:
            return None
        raise ParseError("unreadable-rating", "expected a number first")
    if values and number not in values:
        raise ParseError("rating-off-scale", f"expected one of {', '.join(map(str, values))}")
    return number


_rating_in_text = lru_cache(maxsize=4096)(_rating_in)


def read_note(raw: Any, *, paper_id: str = "") -> Note:
    """Return a note whose shape is checked.

    Args:
        raw: the note as JSON.
        paper_id: id of the forum, whose submission note may lack an invitation.

    Raises:
        ParseError: not an object, or without an id, an invitation or a content.
    """
    if not isinstance(raw, dict):
        raise ParseError("unreadable-note", f"expected an object, found {type(raw).__name__}")
    stated = raw.get("invitations") or [raw.get("invitation")]
    note_id, content = raw.get("id"), raw.get("content")
    invitations = tuple([i for i in stated if isinstance(i, str)] if type(stated) is list else ())
    known = bool(invitations) or note_id == paper_id
    if not isinstance(note_id, str) or not known or not isinstance(content, dict):
        parts = {
            "id": isinstance(note_id, str),
            "invitation": known,
            "content": isinstance(content, dict),
        }
        missing = ", ".join(name for name, there in parts.items() if not there)
        raise ParseError("unreadable-note", f"expected id, invitation, content; without {missing}")
    readers, forum, licence = raw.get("readers"), raw.get("forum"), raw.get("license")
    referent, signatures, reply_to = raw.get("referent"), raw.get("signatures"), raw.get("replyto")
    cdate, tcdate, mdate, tmdate, number = (
        value if type(value) is int else 0 for value in map(raw.get, _INTEGERS)
    )
    first = invitations[0] if invitations else None
    return Note(
        # In API v1, an edited state is a note of its own that refers to the note it replaces.
        id=referent if isinstance(referent, str) and referent else note_id,
        forum=forum if isinstance(forum, str) else note_id,
        invitations=invitations,
        # Readers of another shape are an unknown group, so that the note is not public.
        readers=None if readers is None else _groups(readers),
        license=licence if isinstance(licence, str) and licence else None,
        number=number,
        created_ms=cdate or tcdate,
        modified_ms=tmdate or mdate or tcdate,
        deleted=bool(raw.get("ddate")),
        content=content,
        signatures=tuple([s for s in signatures if s and isinstance(s, str)])
        if isinstance(signatures, list)
        else (),
        reply_to=reply_to if isinstance(reply_to, str) and reply_to else None,
        unmodified=(tcdate or cdate) == (tmdate or mdate) > 0,
        kind=kind_of(first) if first else "",
        venue=venue_of(first) if first else "",
    )


def day_of(milliseconds: int) -> dt.date | None:
    """Return a day in UTC, or None if the time is 0 or out of the calendar's range."""
    if not 0 < milliseconds < 253_402_300_800_000:
        return None
    return dt.date.fromordinal(_EPOCH + milliseconds // _DAY_MS)


def _groups(readers: Any) -> tuple[str, ...]:
    if readers == ["everyone"]:
        return _EVERYONE
    return tuple(map(str, readers if isinstance(readers, list) else [readers]))


def flatten(notes: list[Any], depth: int = 0) -> Iterator[Any]:
    """Yield raw notes and the replies nested in them, in order.

    Replies are under ``details.replies``, ``details.directReplies`` or, in some dumps, under
    ``replies`` of the note itself; exact copies of a reply are yielded once.

    Raises:
        ParseError: replies nested deeper than any service nests them.
    """
    if depth > _MAX_DEPTH:
        raise ParseError("nested-too-deep", f"expected at most {_MAX_DEPTH} levels of replies")
    for raw in notes:
        yield raw
        if not isinstance(raw, dict) or not ("details" in raw or "replies" in raw):
            continue
        details = raw.get("details")
        lists = [raw.get("replies")]
        if isinstance(details, dict):
            lists = [details.get("replies"), details.get("directReplies"), *lists]
        nested: list[Any] = []
        for replies in lists:
            if not isinstance(replies, list):
                continue
            copies = {json.dumps(reply, sort_keys=True) for reply in nested}
            nested += [r for r in replies if json.dumps(r, sort_keys=True) not in copies]
        if nested:
            yield from flatten(nested, depth + 1)


def number_in(value: Any, *, highest: Number = 10) -> Number | None:
    """Return the number that an answer is, starts with or ends with in brackets, else None.

    >>> number_in("8: accept"), number_in("Strong accept (4)"), number_in("−1: weak")
    (8, 4, -1)
    """
    if isinstance(value, str):
        behind = NUMBER_BEHIND.fullmatch(value)
        stated = behind["number"] if behind else value
        return read_number(stated.replace("\N{MINUS SIGN}", "-"), highest=highest)
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        return None
    return int(value) if value == int(value) else float(value)
