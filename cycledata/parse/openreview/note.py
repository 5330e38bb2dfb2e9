"""One raw note, API v1 or v2, and how to read its parts.

API v1: ``invitation`` is a string and content is plain. API v2: ``invitations`` is a list, content
is ``{"field": {"value": ...}}``, and a field may be readable by fewer people than its note.
"""

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cycledata.errors import ParseError
from cycledata.formats.rating_scales import read_mark

_MAX_DEPTH = 8
"""Replies nested deeper than this are refused; services nest them once."""

_NO_MARK = frozenset({"", "not applicable", "n/a"})
_PLAIN = re.compile("[\n\t -%'-~]*+")
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_PAPER = re.compile(r"/(?:Submission|Paper)[0-9]{1,7}(?=/|$)")


def clean_text(text: str) -> str:
    r"""A text as its reader saw it: entities decoded once, no control characters but tab and \n.

    Only entities with a semicolon are decoded, so LaTeX's "a & b" and tokens such as "<SEG>" stay;
    U+2028 and U+2029 stay too. Half surrogates, which no file can hold, become U+FFFD.
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
    """The invitation it answers first, then those of its edits."""
    readers: tuple[str, ...] | None
    """Who may read it; None where it does not say."""
    license: str | None
    """Licence the note states; None where it states none."""
    number: int
    """Its number among notes of its kind; 0 where it has none."""
    created_ms: int
    """Creation in milliseconds since 1970; 0 where unknown."""
    modified_ms: int
    """Last modification, likewise; the latest version of an id wins."""
    deleted: bool
    """It bears a deletion date."""
    content: dict[str, Any]

    @property
    def kind(self) -> str:
        """End of the first invitation, e.g. ``"Official_Review"``."""
        return self.invitations[0].rpartition("/-/")[2]

    @property
    def venue(self) -> str:
        """Venue id: the first invitation without its kind and the paper's number."""
        head = self.invitations[0].rpartition("/-/")[0]
        paper = _PAPER.search(head)
        return head if paper is None else head[: paper.start()]

    def value(self, field: str) -> Any:
        """A field's value; None where it is absent, has no value or not everyone may read it."""
        found = self.content.get(field)
        if not isinstance(found, dict):
            return found
        readers = found.get("readers")
        if readers is not None and not (isinstance(readers, list) and "everyone" in readers):
            return None
        return found.get("value")

    def text(self, field: str) -> str | None:
        """A text field, cleaned, lists joined by "; "; None where it is absent.

        Raises:
            ParseError: it is neither a text nor a list of texts.
        """
        value = self.value(field)
        if value is None:
            return None
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return "; ".join(clean_text(item) for item in value)
        if not isinstance(value, str):
            detail = f"{field}: expected a text, found {type(value).__name__}"
            raise ParseError("unreadable-field", detail)
        return clean_text(value)

    def texts(self, field: str) -> tuple[str, ...] | None:
        """A field that lists texts, e.g. keywords; None where it is absent or lists none."""
        value = self.value(field)
        items = [value] if isinstance(value, str) else value if isinstance(value, list) else []
        cleaned = tuple(clean_text(item) for item in items if isinstance(item, str))
        return tuple(item for item in cleaned if item) or None

    def mark(self, field: str, values: tuple[int, ...]) -> int | None:
        """A mark on its scale; None where it is absent, empty or "Not applicable".

        Raises:
            ParseError: it starts with no whole number, or with one that the scale does not have.
        """
        value = self.value(field)
        if value is None:
            return None
        if isinstance(value, str):
            mark = read_mark(value)
            if mark is None and clean_text(value).casefold() in _NO_MARK:
                return None
        else:
            whole = isinstance(value, int | float) and not isinstance(value, bool)
            mark = int(value) if whole and value == value // 1 else None
        if mark is None:
            raise ParseError("unreadable-rating", f"{field}: expected a whole number first")
        if mark not in values:
            raise ParseError("rating-off-scale", f"{field}: expected one of {values}")
        return mark


def read_note(raw: Any) -> Note:
    """Check a raw note's shape.

    Raises:
        ParseError: not an object, or without an id, an invitation or a content.
    """
    if not isinstance(raw, dict):
        raise ParseError("unreadable-note", f"expected an object, found {type(raw).__name__}")
    stated = raw.get("invitations") or [raw.get("invitation")]
    note_id, content = raw.get("id"), raw.get("content")
    invitations = tuple(i for i in stated if isinstance(i, str)) if isinstance(stated, list) else ()
    if not isinstance(note_id, str) or not invitations or not isinstance(content, dict):
        parts = "an id, an invitation and a content"
        raise ParseError("unreadable-note", f"expected {parts}, found the keys {sorted(raw)[:20]}")
    readers, forum, licence = raw.get("readers"), raw.get("forum"), raw.get("license")
    return Note(
        id=note_id,
        forum=forum if isinstance(forum, str) else note_id,
        invitations=invitations,
        readers=tuple(map(str, readers)) if isinstance(readers, list) else None,
        license=licence if isinstance(licence, str) and licence else None,
        number=_integer(raw, "number"),
        created_ms=_integer(raw, "cdate") or _integer(raw, "tcdate"),
        modified_ms=_integer(raw, "tmdate") or _integer(raw, "mdate") or _integer(raw, "tcdate"),
        deleted=bool(raw.get("ddate")),
        content=content,
    )


def flatten(notes: list[Any], depth: int = 0) -> Iterator[Any]:
    """Raw notes with the replies nested in their details, in order.

    Services send a top-level reply under ``replies`` and ``directReplies`` alike when asked for
    both; the copy is no second note.

    Raises:
        ParseError: replies nested deeper than any service nests them.
    """
    if depth > _MAX_DEPTH:
        raise ParseError("nested-too-deep", f"expected at most {_MAX_DEPTH} levels of replies")
    for raw in notes:
        yield raw
        details = raw.get("details") if isinstance(raw, dict) else None
        if not isinstance(details, dict):
            continue
        replies, direct = details.get("replies"), details.get("directReplies")
        nested = replies if isinstance(replies, list) else []
        if isinstance(direct, list):
            copies = {json.dumps(reply, sort_keys=True) for reply in nested}
            nested = nested + [r for r in direct if json.dumps(r, sort_keys=True) not in copies]
        yield from flatten(nested, depth + 1)


def _integer(raw: dict[str, Any], key: str) -> int:
    value = raw.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
