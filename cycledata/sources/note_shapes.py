"""Raw notes of OpenReview in the shapes of dumps: pages, lists, forums by id, nested replies."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cycledata.files import require_stable
from cycledata.sources.dump_files import FileValue, InvalidEntry, kind_of
from cycledata.sources.table_files import problem_of_cut

_REPLIES = ("replies", "directReplies")
"""Fields of a note that may have its replies, beside `details`, as OpenReview names them."""
_OTHERS = frozenset({"content", "details"})
"""Fields of a note with objects that are not replies, or whose replies stay where they are."""
_OF_REPLIES = re.compile(
    r"review|repl(?:y|ies)|comment|decision|discussion|rebuttal", re.IGNORECASE
)
"""Names that dumps give to fields with the replies of a note."""
_OF_NOTE = frozenset({"forum", "replyto", "invitation", "invitations"})
"""Fields of a raw note; a related paper or an earlier version in a field may have none of them."""
_MAX_DEPTH = 3
"""Objects around a note."""


def notes_by_forum(
    file: Path, value: FileValue
) -> Iterator[tuple[str, list[dict[str, Any]]] | InvalidEntry]:
    """Group the notes of a value by forum; yield an entry for what is not a note."""
    content = value.value
    stated = None
    if isinstance(content, dict) and isinstance(content.get("notes"), list):
        stated = content.get("forum")
        around = {name: part for name, part in content.items() if name != "notes"}
        content = [*filter(_is_note, _of_thread(around)), *content["notes"]]
    if isinstance(content, dict) and content.keys() == {"title"} and value.place == "value 1":
        return  # the heading of a file of reviews with their responses
    items = content if isinstance(content, list) else [content]
    notes = [note for item in items for note in _of_thread(item)]
    forums: dict[str, list[dict[str, Any]]] = (
        {stated: []} if isinstance(stated, str) and not notes else {}
    )
    for number, note in enumerate(notes, start=1):
        place = value.place if len(notes) == 1 else f"{value.place}, note {number}"
        for where, found, of in _with_replies(note, place, stated):
            reason = _no_note(found, of)
            if reason is None:
                forums.setdefault(found.get("forum") or of or found["id"], []).append(found)
            else:
                yield InvalidEntry(file.name, where, reason)
    yield from forums.items()


def _of_thread(item: Any, depth: int = 0) -> list[Any]:
    """Return the notes of an item: the item itself, or those in an object that is no note.

    Such an object has notes or lists of notes, for example a submission and its reviews, or all
    forums by id. Its texts and numbers are left out.
    """
    if not isinstance(item, dict) or "content" in item or "id" in item or depth == _MAX_DEPTH:
        return [item]
    if problem_of_cut(item):
        return [item]
    found: list[Any] = []
    for value in item.values():
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, dict):
                found += _of_thread(part, depth + 1)
    return found if any(_is_note(part) or problem_of_cut(part) for part in found) else [item]


def _is_note(value: Any) -> bool:
    return isinstance(value, dict) and _no_note(value, None) is None


def _with_replies(note: Any, place: str, forum: Any) -> Iterator[tuple[str, Any, Any]]:
    """Yield a note and the replies at its top level, each with its place and its forum.

    Replies under `details` stay where they are; the parser of forums reads them there.
    """
    fields = _fields_of_replies(note)
    if not fields:
        yield place, note, forum
        return
    yield place, {name: value for name, value in note.items() if name not in fields}, forum
    of = forum or note.get("forum") or note.get("id")
    seen: set[str] = set()
    for name, replies in fields.items():
        for number, reply in enumerate(replies, start=1):
            reply = _as_readable_as(note, reply)
            for where, found, _ in _with_replies(reply, f"{place}, {name} {number}", of):
                note_id = found.get("id") if isinstance(found, dict) else None
                if not isinstance(note_id, str) or note_id not in seen or name == "replies":
                    yield where, found, of
                seen.add(str(note_id))


def _as_readable_as(note: dict[str, Any], reply: Any) -> Any:
    """Return a reply that states no readers with those of its note, if not everyone reads that."""
    readers = note.get("readers")
    if not isinstance(reply, dict) or "readers" in reply or readers is None:
        return reply
    is_public = isinstance(readers, list) and "everyone" in readers
    return reply if is_public else {**reply, "readers": readers}


def _fields_of_replies(note: Any) -> dict[str, list[Any]]:
    """Return the fields of a note that have replies, OpenReview's own first, each as a list."""
    if not isinstance(note, dict) or "content" not in note:
        return {}
    fields = {name: note[name] for name in _REPLIES if isinstance(note.get(name), list)}
    for name, value in note.items():
        parts = value if isinstance(value, list) else [value]
        # Most fields are texts and numbers, or lists of texts.
        if not parts or isinstance(parts[0], str | int) or name in _OTHERS or name in _REPLIES:
            continue
        objects = [part for part in parts if isinstance(part, dict)]
        if len(objects) == 1 and all(map(_has_content, objects[0].values())):
            objects = list(objects[0].values())  # by id
        if any(_has_content(o) and not _OF_NOTE.isdisjoint(o) for o in objects) or (
            objects and _OF_REPLIES.search(str(name))
        ):
            fields[name] = objects
    return fields


def _has_content(value: object) -> bool:
    return isinstance(value, dict) and {"id", "content"} <= value.keys()


def _no_note(note: object, forum: object) -> str | None:
    """Return why a value is not a raw note of this forum, or None if it is one."""
    if not isinstance(note, dict):
        return f"expected a note, found {kind_of(note)}"
    if {"name", "message", "status"} <= note.keys():
        return f"an error of the API: {note['message']!s:.80}; fetch it again"
    if cut := problem_of_cut(note):
        return cut
    for name, kind in (("id", str), ("content", dict)):
        if name not in note:
            found = ", ".join(sorted(map(str, note))[:5])
            return f"not a raw note: expected id and content, found {found or 'nothing'}"
        if not isinstance(note[name], kind):
            expected = "a text" if kind is str else "an object"
            return f"not a raw note: expected {expected} as {name}, found {kind_of(note[name])}"
    if note["id"].startswith("~"):
        return f"not a note: {note['id'][:60]} is a person's profile"
    if note.get("forum") is None and forum is None and _is_reply(note):
        return f"note {note['id']} is a reply without forum"
    of = note.get("forum") or forum or note["id"]
    if not isinstance(of, str) or (forum is not None and of != forum):
        return f"note {note['id']} belongs to forum {of!r}, the line says {forum!r}"
    try:
        require_stable(note)
    except ValueError as error:
        return f"note {note['id']}: {error}"
    return None


def _is_reply(note: dict[str, Any]) -> bool:
    """Return True if a note answers another one, so that its own id names no forum."""
    return isinstance(note.get("replyto"), str) and note["replyto"] != note["id"]
