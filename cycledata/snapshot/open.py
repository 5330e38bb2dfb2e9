"""Replies of the services as they come in: one SQLite file that grows and survives a kill.

Every reply is committed before ``add`` returns, so a kill at any moment loses at most the reply in
flight. Payloads are kept once by their sha256. ``cycledata.snapshot.seal`` seals what stands here.
"""

import datetime as dt
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from cycledata.errors import (
    ChangedFileError,
    LockedError,
    NewerSchemaError,
    NotASnapshotError,
    ReplyConflictError,
    SealedError,
    SnapshotError,
)
from cycledata.files import sha256_bytes
from cycledata.records import SCHEMA_VERSION

DATABASE = "replies.sqlite"
MANIFEST = "snapshot.json"
_APPLICATION_ID = 0x6379_6B74  # "cykt", so that a stranger's database is told from ours


@dataclass(frozen=True, slots=True)
class Reply:
    """What a service answered to one question, negative answers included."""

    service: str
    """E.g. ``"openreview"``; docs/architecture.md lists them with their keys."""
    key: str
    """The question, unique within the service, e.g. ``"forum/014CgNPAGy"``."""
    url: str
    """Where it came from; ``file:NAME#KEY`` for a dump, never with credentials."""
    retrieved_at: dt.datetime | None
    """When, in UTC; None for a dump that states no date."""
    status: int
    """HTTP status; 200 for what a dump holds."""
    media_type: str
    """E.g. ``"application/json"``."""
    payload: bytes
    """The body."""

    def __post_init__(self) -> None:
        if not self.service or not self.key:
            raise ValueError(f"reply from {self.url!r}: service and key must not be empty")
        if self.retrieved_at is not None:
            if self.retrieved_at.tzinfo is None:
                raise ValueError(
                    f"{self.key}: retrieved_at has no time zone; pass an aware datetime"
                )
            object.__setattr__(self, "retrieved_at", self.retrieved_at.astimezone(dt.UTC))

    @property
    def sha256(self) -> str:
        """Hex digest of the payload."""
        return sha256_bytes(self.payload)


class Replies(Protocol):
    """What is read of a snapshot, whether it is open or sealed."""

    def get(self, service: str, key: str) -> Reply | None:
        """The reply under a key; None where there is none."""

    def keys(self, service: str, prefix: str = "") -> Iterator[str]:
        """Keys of a service that begin with ``prefix``, in order."""

    def iter(self, service: str, prefix: str = "") -> Iterator[Reply]:
        """Replies of a service whose key begins with ``prefix``, in order of key."""


class OpenSnapshot:
    """A snapshot that grows; one process writes at a time, from any of its threads.

    Args:
        path: folder; made when missing.
        reopen: take up a sealed snapshot again: ``snapshot.json`` goes once the folder is locked.

    Raises:
        LockedError: another process has it open.
        SealedError: it is sealed, and ``reopen`` is off.
        NotASnapshotError: ``replies.sqlite`` is something else.
    """

    def __init__(self, path: Path, *, reopen: bool = False) -> None:
        if (path / MANIFEST).exists() and not reopen:
            raise SealedError(
                f"{path}: already sealed, a sealed snapshot does not grow; use another folder, or"
                f" delete {MANIFEST} to go on (builds made from it keep naming the old digest)"
            )
        if path.exists() and not path.is_dir():
            raise NotASnapshotError(f"{path}: expected a folder, found a file")
        path.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._lock = threading.RLock()
        self._database = _connect(path / DATABASE)
        (path / MANIFEST).unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release the folder for other processes."""
        with self._lock:
            self._database.close()

    def has(self, service: str, key: str) -> bool:
        """Whether the question has been answered."""
        return self.sha256(service, key) is not None

    def sha256(self, service: str, key: str) -> str | None:
        """Digest of the payload under a key; None where there is none."""
        with self._lock:
            row = self._database.execute(
                "SELECT sha256 FROM replies WHERE service = ? AND key = ?", (service, key)
            ).fetchone()
        return None if row is None else str(row[0])

    def get(self, service: str, key: str) -> Reply | None:
        """The reply under a key; None where there is none."""
        with self._lock:
            row = self._database.execute(
                f"{_SELECT} WHERE service = ? AND key = ?", (service, key)
            ).fetchone()
        return None if row is None else _reply(row)

    def add(self, reply: Reply, *, replace: bool = False) -> bool:
        """Commit one reply; returns whether anything changed.

        Args:
            reply: what to keep. The same payload under the same key again changes nothing.
            replace: overwrite a different payload under the same key.

        Raises:
            ReplyConflictError: the key holds a different payload and ``replace`` is off.
        """
        with self.transaction():
            return self._put(reply, replace)

    def add_many(self, replies: Iterable[Reply], *, replace: bool = False) -> int:
        """Commit replies in one transaction, all or none; returns how many changed anything."""
        with self.transaction():
            return sum(self._put(reply, replace) for reply in replies)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything added inside is committed together, or not at all; nests."""
        with self._lock:
            if self._database.in_transaction:
                yield
                return
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")

    def _put(self, reply: Reply, replace: bool) -> bool:
        sha256 = reply.sha256
        held = self.sha256(reply.service, reply.key)
        if held == sha256:
            return False
        if held is not None and not replace:
            raise ReplyConflictError(
                f"{reply.service} {reply.key}: holds a reply with sha256 {held[:12]}, the new one"
                f" from {reply.url} has {sha256[:12]}; use a snapshot of its own for each state"
            )
        moment = None if reply.retrieved_at is None else reply.retrieved_at.isoformat()
        self._database.execute(
            "INSERT OR IGNORE INTO payloads (sha256, payload) VALUES (?, ?)",
            (sha256, reply.payload),
        )
        self._database.execute(
            "INSERT OR REPLACE INTO replies VALUES (?, ?, ?, ?, ?, ?, ?)",
            (reply.service, reply.key, reply.url, moment, reply.status, reply.media_type, sha256),
        )
        if held is not None:
            self._database.execute(
                "DELETE FROM payloads WHERE sha256 = ?1"
                " AND NOT EXISTS (SELECT 1 FROM replies WHERE replies.sha256 = ?1)",
                (held,),
            )
        return True

    def mark(self, name: str) -> str | None:
        """What a fetch noted for its next run, e.g. the page a listing stopped at; never sealed."""
        with self._lock:
            row = self._database.execute(
                "SELECT value FROM marks WHERE name = ?", (name,)
            ).fetchone()
        return None if row is None else str(row[0])

    def set_mark(self, name: str, value: str) -> None:
        """Note something for the next run, in the running transaction where there is one."""
        with self.transaction():
            self._database.execute("INSERT OR REPLACE INTO marks VALUES (?, ?)", (name, value))

    def keys(self, service: str, prefix: str = "") -> Iterator[str]:
        """Keys of a service that begin with ``prefix``, in order."""
        with self._lock:
            rows = self._database.execute(
                "SELECT key FROM replies WHERE service = ? AND key >= ? ORDER BY key",
                (service, prefix),
            ).fetchall()
        for (key,) in rows:
            if not key.startswith(prefix):
                return
            yield key

    def iter(self, service: str, prefix: str = "") -> Iterator[Reply]:
        """Replies of a service whose key begins with ``prefix``, in order of key."""
        for key in self.keys(service, prefix):
            reply = self.get(service, key)
            if reply is not None:
                yield reply

    def counts(self) -> dict[str, int]:
        """Number of replies by service."""
        with self._lock:
            return dict(
                self._database.execute(
                    "SELECT service, COUNT(*) FROM replies GROUP BY service ORDER BY service"
                )
            )

    def all_in_order(self) -> Iterator[Reply]:
        """Every reply by (service, key), one in memory at a time; checks each payload.

        Raises:
            ChangedFileError: a payload's bytes are not those that were committed.
        """
        for row in self._database.execute(f"{_SELECT} ORDER BY service, key"):
            reply = _reply(row)
            if reply.sha256 != row[6]:
                raise ChangedFileError(
                    f"{DATABASE}: {reply.service} {reply.key}: committed with sha256"
                    f" {row[6][:12]}, payload has {reply.sha256[:12]}; the disk or another program"
                    " changed it: delete the file and fetch or import again"
                )
            yield reply


_SELECT = (
    "SELECT service, key, url, retrieved_at, status, media_type, sha256, payload"
    " FROM replies JOIN payloads USING (sha256)"
)
_TABLES = """
CREATE TABLE payloads (sha256 TEXT NOT NULL UNIQUE, payload BLOB NOT NULL);
CREATE TABLE replies (
    service TEXT NOT NULL, key TEXT NOT NULL, url TEXT NOT NULL, retrieved_at TEXT,
    status INTEGER NOT NULL, media_type TEXT NOT NULL, sha256 TEXT NOT NULL,
    PRIMARY KEY (service, key)
) WITHOUT ROWID;
CREATE TABLE marks (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX replies_by_payload ON replies (sha256);
"""


def _connect(file: Path) -> sqlite3.Connection:
    """Open or make the database, holding its lock until it is closed.

    With ``locking_mode = EXCLUSIVE`` the lock is SQLite's own: the kernel frees it when the
    process dies, so a killed run never has to be cleaned up after.
    """
    database = sqlite3.connect(file, timeout=0, isolation_level=None, check_same_thread=False)
    try:
        database.execute("PRAGMA locking_mode = EXCLUSIVE")
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute("BEGIN EXCLUSIVE")
        _require_ours(database, file)
        database.execute("COMMIT")
    except sqlite3.OperationalError as error:
        database.close()
        if "locked" in str(error):
            raise LockedError(
                f"{file}: another process is writing to this snapshot; wait for it to end"
            ) from error
        raise SnapshotError(f"{file}: cannot be opened for writing: {error}") from error
    except sqlite3.DatabaseError as error:
        database.close()
        raise NotASnapshotError(
            f"{file}: expected a database of replies, found something else ({error}); use another"
            " folder"
        ) from error
    except BaseException:
        database.close()
        raise
    return database


def _require_ours(database: sqlite3.Connection, file: Path) -> None:
    (version,) = database.execute("PRAGMA user_version").fetchone()
    (application,) = database.execute("PRAGMA application_id").fetchone()
    (n_tables,) = database.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
    if n_tables == 0:
        for statement in _TABLES.split(";"):
            database.execute(statement)
        database.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
        database.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    elif application != _APPLICATION_ID:
        raise NotASnapshotError(f"{file}: a database of another program; use another folder")
    elif version > SCHEMA_VERSION:
        raise NewerSchemaError(
            f"{file}: schema version {version}, this package reads up to {SCHEMA_VERSION};"
            " upgrade cyclekit"
        )


def _reply(row: tuple[str, str, str, str | None, int, str, str, bytes]) -> Reply:
    service, key, url, moment, status, media_type, _, payload = row
    retrieved_at = None if moment is None else dt.datetime.fromisoformat(moment)
    return Reply(service, key, url, retrieved_at, status, media_type, payload)
