"""Import OpenReview notes and tables of ratings from files into an open snapshot.

An entry that cannot be used is counted and named with its place and reason, and the rest is
imported. The result does not depend on the order of files or lines, and a run that was killed can
be run again.
"""

import datetime as dt
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cycledata.consent.erase import forget_works, tombstone_names
from cycledata.errors import ReplyConflictError
from cycledata.files import canonical_json
from cycledata.snapshot import keys
from cycledata.snapshot.keys import ReplyKey
from cycledata.snapshot.open import OpenSnapshot
from cycledata.snapshot.reply import Reply
from cycledata.sources.dump_files import (
    FileValue,
    InvalidEntry,
    kind_of,
    list_files,
    read_values,
    unpacked,
)
from cycledata.sources.note_shapes import notes_by_forum
from cycledata.sources.note_tables import read_note_values

_BATCH_REPLIES = 500
_BATCH_BYTES = 16 << 20
_NAMED = 1000
"""Invalid entries that a report names; the rest are counted."""

OnProgress = Callable[[int, int], None]
"""Called with bytes of input read so far and in all."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """Result of an import. `n_read` = added + merged + same + unreadable."""

    n_added: int
    """Replies under new keys."""
    n_merged: int
    """Replies that added something to an earlier reply under the same key."""
    n_same: int
    """Replies that were already in the snapshot."""
    n_unreadable: int
    """Lines, rows, cells, notes or files that could not be used."""
    unreadable: tuple[InvalidEntry, ...]
    """The first thousand of them, with place and reason."""
    columns_not_read: tuple[str, ...] = ()
    """Columns of tables that are recorded but not used by any dataset."""
    hint: str = ""
    """What was not read of a table as a whole, and what to do; or empty."""

    @property
    def n_read(self) -> int:
        """All entries of the files."""
        return self.n_added + self.n_merged + self.n_same + self.n_unreadable


def import_notes(
    paths: Sequence[Path],
    snapshot: OpenSnapshot,
    *,
    retrieved_at: dt.datetime | None = None,
    on_progress: OnProgress | None = None,
) -> ImportReport:
    """Import raw OpenReview notes of API v1 or v2, one reply per forum.

    A value of a file is a note, a list of notes, `{"notes": [...]}` as the API responds, or
    `{"forum": id, "notes": [...]}`. A note may have its replies under `replies` or
    `details.replies`; a list of `{"review": note, "responses": [note, ...]}` is read too. Notes of
    one forum from several lines or files are merged. Every version of a note is kept: a tracker
    that lists the same id with several modification times has several versions.

    Args:
        paths: `.json` or `.jsonl` files, plain or as `.gz`, `.xz`, `.zst`, or `.parquet` or `.csv`
            with a row per note; folders, and `.zip` or `.tar` archives of them.
        snapshot: receives the replies.
        retrieved_at: when the files were saved, if known.
        on_progress: called with bytes read and bytes in total.
    """

    def replies(file: Path, value: FileValue) -> Iterator[Reply | InvalidEntry]:
        for found in notes_by_forum(file, value):
            if isinstance(found, InvalidEntry):
                yield found
                continue
            forum, notes = found
            yield json_reply(file, keys.forum(forum), retrieved_at, _forum(forum, notes))

    with unpacked(paths) as files:
        items = each_value(files, read_note_values, replies, on_progress)
        return import_replies(snapshot, items, _unite_notes)


def import_invitations(
    paths: Sequence[Path],
    snapshot: OpenSnapshot,
    *,
    retrieved_at: dt.datetime | None = None,
    on_progress: OnProgress | None = None,
) -> ImportReport:
    """Import invitations of OpenReview, which state the review forms of a venue.

    A value of a file is an invitation, a list of them, or `{"invitations": [...]}`.

    Args:
        paths: as for `import_notes`.
        snapshot: receives the replies.
        retrieved_at: when the files were saved, if known.
        on_progress: called with bytes read and bytes in total.
    """

    def replies(file: Path, value: FileValue) -> Iterator[Reply | InvalidEntry]:
        content = value.value
        if isinstance(content, dict) and isinstance(content.get("invitations"), list):
            content = content["invitations"]
        for item in content if isinstance(content, list) else [content]:
            name = item.get("id") if isinstance(item, dict) else None
            if not isinstance(name, str) or "/-/" not in name:
                reason = f"expected an invitation with an id, found {kind_of(item)}"
                yield InvalidEntry(file.name, value.place, reason)
                continue
            try:
                text = canonical_json(item)
            except ValueError as error:
                yield InvalidEntry(file.name, value.place, str(error))
                continue
            yield json_reply(file, keys.invitation(name), retrieved_at, text)

    with unpacked(paths) as files:
        items = each_value(files, read_values, replies, on_progress)
        return import_replies(snapshot, items, None)


def size_of(file: Path) -> int:
    """Return the size of a file in bytes; 0 if it does not exist."""
    return file.stat().st_size if file.is_file() else 0


def each_value(
    files: Sequence[Path | InvalidEntry],
    read: Callable[[Path, Callable[[int], None]], Iterator[FileValue | InvalidEntry]],
    replies: Callable[[Path, FileValue], Iterator[Reply | InvalidEntry]],
    on_progress: OnProgress | None,
) -> Iterator[Reply | InvalidEntry]:
    """Yield the replies of every value in the files, and the entries that cannot be used."""
    invalid = [file for file in files if isinstance(file, InvalidEntry)]
    files = list_files([file for file in files if isinstance(file, Path)])
    total, done = sum(size_of(file) for file in files), 0
    yield from invalid
    for file in files:

        def tell(position: int, before: int = done) -> None:
            if on_progress:
                on_progress(before + position, total)

        for value in read(file, tell):
            if isinstance(value, InvalidEntry):
                yield value
            else:
                yield from replies(file, value)
        done += size_of(file)


def import_replies(
    snapshot: OpenSnapshot,
    items: Iterable[Reply | InvalidEntry],
    unite: Callable[[bytes, bytes], bytes] | None,
) -> ImportReport:
    """Add replies to the snapshot, one transaction per batch, and count the outcomes.

    Args:
        snapshot: receives the replies.
        items: replies and entries that cannot be used.
        unite: merges the payloads of two replies under one key; None if they must be equal.
    """
    counts = {"added": 0, "merged": 0, "same": 0, "unreadable": 0}
    named: list[InvalidEntry] = []
    items = iter(items)
    while batch := _batch(items):
        with snapshot.transaction():
            for item in batch:
                outcome = item if isinstance(item, InvalidEntry) else _put(snapshot, item, unite)
                if isinstance(outcome, InvalidEntry):
                    counts["unreadable"] += 1
                    if len(named) < _NAMED:
                        named.append(outcome)
                else:
                    counts[outcome] += 1
    # Files have many papers; those that were taken down are not kept.
    forget_works(snapshot, tombstone_names(snapshot))
    return ImportReport(
        counts["added"], counts["merged"], counts["same"], counts["unreadable"], tuple(named)
    )


def _batch(items: Iterator[Reply | InvalidEntry]) -> list[Reply | InvalidEntry]:
    batch: list[Reply | InvalidEntry] = []
    n_bytes = 0
    for item in items:
        batch.append(item)
        n_bytes += len(item.payload) if isinstance(item, Reply) else 0
        if len(batch) == _BATCH_REPLIES or n_bytes > _BATCH_BYTES:
            break
    return batch


def _put(
    snapshot: OpenSnapshot, reply: Reply, unite: Callable[[bytes, bytes], bytes] | None
) -> str | InvalidEntry:
    """Add or unite one reply; ``"added"``, ``"merged"``, ``"same"``, or why neither."""
    # Half characters fit into no file, and an id with a line break into no list of ids.
    if not reply.key.isprintable() or any("\ud800" <= char <= "\udfff" for char in reply.url):
        reason = "expected an id and a file name of printable text"
        return InvalidEntry(ascii(reply.url)[:80], ascii(reply.key)[:80], reason)
    held = snapshot.get(reply.service, reply.key)
    if held is None or held.payload == reply.payload:
        return "added" if snapshot.add(reply) else "same"
    name = reply.url.removeprefix("file:").partition("#")[0]
    if unite is None:
        return InvalidEntry(
            name, reply.key, f"differs from what {held.url} gave; rename one of them"
        )
    try:
        payload = unite(held.payload, reply.payload)
    except ReplyConflictError as error:
        return InvalidEntry(name, reply.key, str(error))
    if payload == held.payload:
        return "same"
    moments = [moment for moment in (held.retrieved_at, reply.retrieved_at) if moment]
    united = Reply(
        reply.service,
        reply.key,
        " ".join(sorted({*held.url.split(" "), reply.url})),
        max(moments, default=None),
        reply.status,
        reply.media_type,
        payload,
    )
    snapshot.add(united, replace=True)
    return "merged"


def json_reply(file: Path, key: ReplyKey, retrieved_at: dt.datetime | None, text: str) -> Reply:
    """Return the reply that an entry of a file replaces."""
    # Named by key, not by line: the same reply from a shuffled file is the same reply.
    url = f"file:{file.name}#{key.key}"
    return Reply(*key, url, retrieved_at, 200, "application/json", text.encode("ascii"))


def _forum(forum: str, notes: Iterable[dict[str, Any]]) -> str:
    """Return the payload of one forum: each version of a note once, in order of creation.

    Two notes are one version if id, modification time and content are equal.
    """
    versions: dict[tuple[str, int, str], dict[str, Any]] = {}
    for note in notes:
        modified = _moment(note, "tmdate", "mdate", "tcdate")
        version = note["id"], modified, canonical_json(note["content"])
        held = versions.get(version)
        versions[version] = note if held is None else max(held, note, key=canonical_json)
    ordered = sorted(
        versions.items(),
        key=lambda item: (_moment(item[1], "cdate", "tcdate"), *item[0]),
    )
    return canonical_json({"forum": forum, "notes": [note for _, note in ordered]})


def _moment(note: dict[str, Any], *fields: str) -> int:
    """Milliseconds in the first field that has any; 0 where none has."""
    return next((note[name] for name in fields if isinstance(note.get(name), int)), 0)


def _unite_notes(held: bytes, new: bytes) -> bytes:
    old, more = json.loads(held), json.loads(new)
    return _forum(old["forum"], [*old["notes"], *more["notes"]]).encode("ascii")


def unite_rows(held: bytes, new: bytes, *, next_step: str) -> bytes:
    """Return two rows of tables as one, with the columns of both.

    Raises:
        ReplyConflictError: a column has different values; the message ends with the next step.
    """
    row, more = json.loads(held), json.loads(new)
    for name, cell in more.items():
        if row.get(name) is None:
            row[name] = cell
        elif cell is not None and cell != row[name]:
            raise ReplyConflictError(
                f"column {name} is {cell!r:.80}, an earlier row has {row[name]!r:.80}; {next_step}"
            )
    return canonical_json(row).encode("ascii")
