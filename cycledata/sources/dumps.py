"""Replies that somebody else saved: import instead of fetch.

In: files of raw OpenReview notes, tables of ratings and decisions, e-print archives. Out: replies
in an open snapshot. What cannot be read is counted and named with its line, and never stops the
rest. The result does not depend on the order of files or lines, and a run that was killed is
simply run again.
"""

import datetime as dt
import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cycledata.errors import ReplyConflictError
from cycledata.files import canonical_json
from cycledata.snapshot.open import OpenSnapshot
from cycledata.snapshot.reply import Reply
from cycledata.sources.dump_files import FileValue, InvalidEntry, read_table, read_values

_BATCH_REPLIES = 500
_BATCH_BYTES = 16 << 20
_NAMED = 1000
"""Invalid entries that a report names; the rest are counted."""
MAX_EPRINT_BYTES = 256 << 20

OnProgress = Callable[[int, int], None]
"""Called with bytes of input read so far and in all."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did. ``n_read`` = added + merged + same + unreadable."""

    n_added: int
    """Replies under keys that were free."""
    n_merged: int
    """Replies that added something to what their key held."""
    n_same: int
    """Replies that were there already."""
    n_unreadable: int
    """Lines, rows, notes or files that could not be read."""
    unreadable: tuple[InvalidEntry, ...]
    """The first thousand of them, with place and reason."""

    @property
    def n_read(self) -> int:
        """Everything that was looked at."""
        return self.n_added + self.n_merged + self.n_same + self.n_unreadable


def import_notes(
    files: Sequence[Path],
    snapshot: OpenSnapshot,
    *,
    retrieved_at: dt.datetime | None = None,
    on_progress: OnProgress | None = None,
) -> ImportReport:
    """Import raw OpenReview notes, API v1 or v2, as one reply a forum: ``forum/<forum id>``.

    A value of a file is a note, a list of notes, ``{"notes": [...]}`` as the API answers, or
    ``{"forum": id, "notes": [...]}``. Notes of one forum from several lines or files are united by
    note id; of two states of one note the later one stays.

    Args:
        files: ``.json`` or ``.jsonl``, plain or as ``.gz``, ``.xz``, ``.zst``.
        snapshot: where the replies go.
        retrieved_at: when the dump was made, where that is known.
        on_progress: told bytes read and bytes in all.
    """

    def replies(file: Path, value: FileValue) -> Iterator[Reply | InvalidEntry]:
        for found in _notes_by_forum(file, value):
            if isinstance(found, InvalidEntry):
                yield found
                continue
            forum, notes = found
            yield _reply(file, "openreview", f"forum/{forum}", retrieved_at, _forum(forum, notes))

    items = _each_value(files, read_values, replies, on_progress)
    return _take(snapshot, items, _unite_notes)


def import_ratings(
    files: Sequence[Path],
    snapshot: OpenSnapshot,
    *,
    venue: str | None = None,
    retrieved_at: dt.datetime | None = None,
    on_progress: OnProgress | None = None,
) -> ImportReport:
    """Import tables of ratings and decisions, one reply a row: ``<venue id>/<paper id>``.

    The paper is named by the column ``paper_id``, ``forum`` or ``id``; the venue by ``venue_id``,
    else by ``venue``, else by a file name such as ``iclr2024_ratings.parquet``. Rows for one paper
    are united column by column; where two disagree, the second is reported and left out.

    Args:
        files: ``.parquet``, or ``.csv``, ``.json``, ``.jsonl``, also compressed.
        snapshot: where the replies go.
        venue: venue id of every row without a ``venue_id``, e.g. ``"ICLR.cc/2024/Conference"``.
        retrieved_at: when the table was made, where that is known.
        on_progress: told bytes read and bytes in all.
    """

    def replies(file: Path, value: FileValue) -> Iterator[Reply | InvalidEntry]:
        row = value.value
        if not isinstance(row, dict):
            yield InvalidEntry(file.name, value.place, f"expected a row, found {_kind(row)}")
            return
        paper = next((row[name] for name in ("paper_id", "forum", "id") if row.get(name)), None)
        of_venue = row.get("venue_id") or venue or _venue_in_name(file.name)
        if not isinstance(paper, str) or not isinstance(of_venue, str):
            missing = "paper_id, forum or id" if not isinstance(paper, str) else "venue_id"
            yield InvalidEntry(
                file.name, value.place, f"no {missing}; name the column so, or pass the venue"
            )
            return
        try:
            text = canonical_json({name: _plain(cell) for name, cell in row.items()})
        except ValueError as error:
            yield InvalidEntry(file.name, value.place, str(error))
            return
        yield _reply(file, "ratings", f"{of_venue}/{paper}", retrieved_at, text)

    return _take(snapshot, _each_value(files, read_table, replies, on_progress), _unite_rows)


def import_eprints(
    files: Sequence[Path],
    snapshot: OpenSnapshot,
    *,
    retrieved_at: dt.datetime | None = None,
    on_progress: OnProgress | None = None,
) -> ImportReport:
    """Import e-prints as they are, one reply a file: ``eprint/<name without endings>``.

    Name the files after their arXiv id and version, ``2310.01234v2.tar.gz``, or freely.

    Args:
        files: archives, lone ``.gz`` files or PDFs, at most 256 MiB each.
        snapshot: where the replies go.
        retrieved_at: when they were downloaded, where that is known.
        on_progress: told bytes read and bytes in all.
    """

    def items() -> Iterator[Reply | InvalidEntry]:
        total, done = sum(_size(file) for file in files), 0
        for file in files:
            size = _size(file)
            if not 0 < size <= MAX_EPRINT_BYTES:
                reason = f"{size} bytes; expected a file of 1 to {MAX_EPRINT_BYTES}"
                yield InvalidEntry(file.name, "file", reason)
                continue
            payload = file.read_bytes()
            name = eprint_name(file.name)
            url = f"file:{file.name}"
            yield Reply(
                "arxiv", f"eprint/{name}", url, retrieved_at, 200, eprint_type(payload), payload
            )
            done += size
            if on_progress:
                on_progress(done, total)

    return _take(snapshot, items(), None)


def eprint_name(file_name: str) -> str:
    """A file's name without the endings of archives.

    >>> [eprint_name(name) for name in ("2310.01234v2.tar.gz", "2310.01234v2", "ali.gz")]
    ['2310.01234v2', '2310.01234v2', 'ali']
    """
    for ending in (".gz", ".xz", ".zst", ".tgz", ".tar", ".zip", ".pdf", ".tex"):
        file_name = file_name.removesuffix(ending)
    return file_name


def eprint_type(payload: bytes) -> str:
    """Media type of an e-print, by its first bytes."""
    if payload.startswith(b"\x1f\x8b"):
        return "application/gzip"
    if payload.startswith(b"%PDF"):
        return "application/pdf"
    if payload[257:262] == b"ustar":
        return "application/x-tar"
    return "application/octet-stream"


def _size(file: Path) -> int:
    return file.stat().st_size if file.is_file() else 0


def _each_value(
    files: Sequence[Path],
    read: Callable[[Path, Callable[[int], None]], Iterator[FileValue | InvalidEntry]],
    replies: Callable[[Path, FileValue], Iterator[Reply | InvalidEntry]],
    on_progress: OnProgress | None,
) -> Iterator[Reply | InvalidEntry]:
    total, done = sum(_size(file) for file in files), 0
    for file in files:

        def tell(position: int, before: int = done) -> None:
            if on_progress:
                on_progress(before + position, total)

        for value in read(file, tell):
            if isinstance(value, InvalidEntry):
                yield value
            else:
                yield from replies(file, value)
        done += _size(file)


def _take(
    snapshot: OpenSnapshot,
    items: Iterable[Reply | InvalidEntry],
    unite: Callable[[bytes, bytes], bytes] | None,
) -> ImportReport:
    """Put replies into the snapshot, a batch a transaction, and count what happened."""
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


def _reply(
    file: Path, service: str, key: str, retrieved_at: dt.datetime | None, text: str
) -> Reply:
    # Named by key, not by line: the same reply from a shuffled file is the same reply.
    url = f"file:{file.name}#{key}"
    return Reply(service, key, url, retrieved_at, 200, "application/json", text.encode("ascii"))


def _kind(value: object) -> str:
    return "nothing" if value is None else f"a {type(value).__name__}"


def _notes_by_forum(
    file: Path, value: FileValue
) -> Iterator[tuple[str, list[dict[str, Any]]] | InvalidEntry]:
    """Group a value's notes by forum; what is no note is named."""
    content = value.value
    stated = None
    if isinstance(content, dict) and isinstance(content.get("notes"), list):
        stated = content.get("forum")
        content = content["notes"]
    notes = content if isinstance(content, list) else [content]
    forums: dict[str, list[dict[str, Any]]] = (
        {stated: []} if isinstance(stated, str) and not notes else {}
    )
    for number, note in enumerate(notes, start=1):
        reason = _no_note(note, stated)
        if reason is None:
            forums.setdefault(note.get("forum") or note["id"], []).append(note)
        else:
            place = value.place if len(notes) == 1 else f"{value.place}, note {number}"
            yield InvalidEntry(file.name, place, reason)
    yield from forums.items()


def _no_note(note: object, forum: object) -> str | None:
    """Why a value is no raw note of this forum; None when it is one."""
    if not isinstance(note, dict):
        return f"expected a note, found {_kind(note)}"
    if not isinstance(note.get("id"), str) or not isinstance(note.get("content"), dict):
        return f"no raw note: expected id and content, found {', '.join(sorted(note)[:5])}"
    of = note.get("forum") or note["id"]
    if not isinstance(of, str) or (forum is not None and of != forum):
        return f"note {note['id']} belongs to forum {of!r}, the line says {forum!r}"
    try:
        canonical_json(note)
    except ValueError as error:
        return f"note {note['id']}: {error}"
    return None


def _forum(forum: str, notes: Iterable[dict[str, Any]]) -> str:
    """The payload of one forum: each note once, its latest state, in order of creation."""
    latest: dict[str, dict[str, Any]] = {}
    for note in notes:
        held = latest.get(note["id"])
        latest[note["id"]] = note if held is None else max(held, note, key=_state)
    ordered = sorted(
        latest.values(), key=lambda note: (_moment(note, "cdate", "tcdate"), note["id"])
    )
    return canonical_json({"forum": forum, "notes": ordered})


def _state(note: dict[str, Any]) -> tuple[int, str]:
    return _moment(note, "tmdate", "mdate", "tcdate"), canonical_json(note)


def _moment(note: dict[str, Any], *fields: str) -> int:
    """Milliseconds in the first field that has any; 0 where none has."""
    return next((note[name] for name in fields if isinstance(note.get(name), int)), 0)


def _unite_notes(held: bytes, new: bytes) -> bytes:
    old, more = json.loads(held), json.loads(new)
    return _forum(old["forum"], [*old["notes"], *more["notes"]]).encode("ascii")


def _unite_rows(held: bytes, new: bytes) -> bytes:
    row, more = json.loads(held), json.loads(new)
    for name, cell in more.items():
        if row.get(name) is None:
            row[name] = cell
        elif cell is not None and cell != row[name]:
            raise ReplyConflictError(
                f"column {name} is {cell!r:.80}, an earlier row has {row[name]!r:.80}; use a"
                " snapshot of its own for each state"
            )
    return canonical_json(row).encode("ascii")


def _plain(cell: object) -> object:
    """A table's cell as JSON has it: NaN is a table's way to say nothing."""
    if isinstance(cell, float) and math.isnan(cell):
        return None
    if isinstance(cell, dt.date | dt.time):
        return cell.isoformat()
    if isinstance(cell, list):
        return [_plain(item) for item in cell]
    return cell


_HOSTS = {"iclr": "ICLR.cc", "neurips": "NeurIPS.cc", "icml": "ICML.cc"}


def _venue_in_name(file_name: str) -> str | None:
    """Venue id that a file's name begins with, as in ``iclr2024_ratings.parquet``."""
    name = file_name.lower()
    for conference, host in _HOSTS.items():
        year = name.removeprefix(conference).lstrip("_-")[:4]
        if name.startswith(conference) and year.isdecimal() and len(year) == 4:
            return f"{host}/{year}/Conference"
    return None
