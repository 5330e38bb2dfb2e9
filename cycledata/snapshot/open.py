"""Open snapshots: replies are added to one SQLite file that survives a kill.

Every reply is committed before `add` returns, so a kill at any moment loses at most the reply in
flight. Equal payloads are stored once. `cycledata.snapshot.seal` writes the sealed form.
"""

import datetime as dt
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from cycledata.errors import (
    ChangedFileError,
    LockedError,
    NewerSchemaError,
    NotASnapshotError,
    ReplyConflictError,
    SealedError,
    SnapshotError,
)
from cycledata.records import SCHEMA_VERSION
from cycledata.snapshot.reply import DATABASE, MANIFEST, Reply

_APPLICATION_ID = 0x6379_6B74  # "cykt": distinguishes our files from other SQLite databases


class OpenSnapshot:
    """Snapshot to which replies are added, by one process at a time and any of its threads.

    Args:
        path: folder; made if missing.
        reopen: accept a sealed snapshot; removes `snapshot.json` once the folder is locked.

    Raises:
        LockedError: another process has it open.
        SealedError: it is sealed, and `reopen` is off.
        NotASnapshotError: `replies.sqlite` is something else.
    """

    def __init__(self, path: Path, *, reopen: bool = False) -> None:
        if (path / MANIFEST).exists() and not reopen:
            raise SealedError(
                f"{path}: sealed, so no replies can be added; use another folder, or delete"
                f" {MANIFEST} to add more (existing builds keep the old digest)"
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
        """Return True if there is a reply that was understood; others are asked for again."""
        with self._lock:
            row = self._execute(
                "SELECT 1 FROM replies WHERE service = :service AND key = :key AND NOT EXISTS"
                " (SELECT 1 FROM not_understood WHERE service = :service AND key = :key)",
                {"service": service, "key": key},
            ).fetchone()
        return row is not None

    def sha256(self, service: str, key: str) -> str | None:
        """Return the hex digest of the payload under a key, or None if there is no reply."""
        with self._lock:
            row = self._execute(
                "SELECT sha256 FROM replies WHERE service = ? AND key = ?", (service, key)
            ).fetchone()
        return None if row is None else str(row[0])

    def get(self, service: str, key: str) -> Reply | None:
        """Return the reply under a key, or None if there is none.

        Raises:
            ChangedFileError: the reply is recorded, but its payload is lost.
        """
        with self._lock:
            row = self._execute(
                f"{_SELECT} WHERE service = ? AND key = ?", (service, key)
            ).fetchone()
        return None if row is None else _reply(row)

    def add(self, reply: Reply, *, replace: bool = False, problem: str | None = None) -> bool:
        """Commit one reply; return True if anything changed.

        Args:
            reply: what to record. The same payload under the same key again changes nothing.
            replace: overwrite a different payload under the same key; a reply that was not
                understood is always overwritten.
            problem: why the reply cannot be understood; the next fetch asks again. None if it was
                understood.

        Raises:
            ReplyConflictError: the key has a different payload and `replace` is off.
        """
        with self.transaction():
            return self._put(reply, replace, problem)

    def add_many(self, replies: Iterable[Reply], *, replace: bool = False) -> int:
        """Commit replies in one transaction, all or none; return how many changed anything."""
        with self.transaction():
            return sum(self._put(reply, replace, None) for reply in replies)

    def not_understood(self, service: str | None = None) -> dict[tuple[str, str], str]:
        """Return the problem of each reply that was not understood, by (service, key)."""
        with self._lock:
            rows = self._execute(
                "SELECT service, key, problem FROM not_understood"
                " WHERE service = :service OR :service IS NULL ORDER BY service, key",
                {"service": service},
            ).fetchall()
        return {(found, key): problem for found, key, problem in rows}

    def forget(self, service: str, keys: Iterable[str]) -> int:
        """Remove replies, so that the next fetch asks again; return how many were removed."""
        with self.transaction():
            return sum(self._remove(service, key) for key in keys)

    def compact(self) -> None:
        """Rewrite the file, so that removed payloads are no longer in its free pages."""
        with self._lock:
            self._execute("VACUUM")
            self._execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def forget_marks(self, prefix: str) -> None:
        """Remove the notes that begin with a prefix, so that the next fetch starts there afresh."""
        with self.transaction():
            self._execute("DELETE FROM marks WHERE substr(name, 1, ?) = ?", (len(prefix), prefix))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit everything added inside together, or nothing; may be nested.

        Raises:
            SnapshotError: the disk is full or the database is damaged.
        """
        with self._lock:
            if self._in_transaction():
                yield
                return
            self._execute("BEGIN IMMEDIATE")
            try:
                yield
                self._execute("COMMIT")
            except BaseException:
                if self._in_transaction():  # SQLite itself rolls back on a full disk
                    self._database.execute("ROLLBACK")
                raise

    def _in_transaction(self) -> bool:
        return self._database.in_transaction

    def _execute(
        self, statement: str, values: tuple[object, ...] | dict[str, object] = ()
    ) -> sqlite3.Cursor:
        try:
            return self._database.execute(statement, values)
        except sqlite3.DatabaseError as error:
            full = "full" in str(error)
            next_step = (
                "free some disk space and run the command again; every reply so far is kept"
                if full
                else "restore the file from a copy, or fetch into a new folder"
            )
            raise SnapshotError(f"{self.path / DATABASE}: {error}; {next_step}") from error

    def _put(self, reply: Reply, replace: bool, problem: str | None) -> bool:
        sha256 = reply.sha256
        key = (reply.service, reply.key)
        held = self.sha256(*key)
        retried = self._execute(
            "DELETE FROM not_understood WHERE service = ? AND key = ?", key
        ).rowcount
        if problem is not None:
            self._execute("INSERT INTO not_understood VALUES (?, ?, ?)", (*key, problem[:500]))
        if held == sha256:
            return False
        if held is not None and not (replace or retried):
            raise ReplyConflictError(
                f"{reply.service} {reply.key}: recorded with sha256 {held[:12]}, the new reply from"
                f" {reply.url} has {sha256[:12]}; use a separate snapshot for each state"
            )
        moment = None if reply.retrieved_at is None else reply.retrieved_at.isoformat()
        self._execute(
            "INSERT OR IGNORE INTO payloads (sha256, payload) VALUES (?, ?)",
            (sha256, reply.payload),
        )
        self._execute(
            "INSERT OR REPLACE INTO replies VALUES (?, ?, ?, ?, ?, ?, ?)",
            (reply.service, reply.key, reply.url, moment, reply.status, reply.media_type, sha256),
        )
        self._drop_payload(held)
        return True

    def _remove(self, service: str, key: str) -> bool:
        held = self.sha256(service, key)
        for table in ("replies", "not_understood"):
            self._execute(
                f"DELETE FROM {table} WHERE service = ? AND key = ?",  # noqa: S608  our own names
                (service, key),
            )
        self._drop_payload(held)
        return held is not None

    def _drop_payload(self, sha256: str | None) -> None:
        """Remove a payload that no reply refers to any more."""
        if sha256 is not None:
            self._execute(
                "DELETE FROM payloads WHERE sha256 = :sha256"
                " AND NOT EXISTS (SELECT 1 FROM replies WHERE replies.sha256 = :sha256)",
                {"sha256": sha256},
            )

    def mark(self, name: str) -> str | None:
        """Return what a fetch noted for its next run, or None; never sealed.

        For example the page at which a listing stopped.
        """
        with self._lock:
            row = self._execute("SELECT value FROM marks WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def marks(self, prefix: str) -> list[tuple[str, str]]:
        """Return names and values of the marks that begin with a prefix, in order."""
        with self._lock:
            return [
                (name, value)
                for name, value in self._execute("SELECT name, value FROM marks ORDER BY name")
                if name.startswith(prefix)
            ]

    def set_mark(self, name: str, value: str) -> None:
        """Note something for the next run, inside the current transaction if there is one."""
        with self.transaction():
            self._execute("INSERT OR REPLACE INTO marks VALUES (?, ?)", (name, value))

    def keys(self, service: str, prefix: str = "") -> Iterator[str]:
        """Yield the keys of a service that begin with `prefix`, in order."""
        with self._lock:
            rows = self._execute(
                "SELECT key FROM replies WHERE service = ? AND key >= ? ORDER BY key",
                (service, prefix),
            ).fetchall()
        for (key,) in rows:
            if not key.startswith(prefix):
                return
            yield key

    def iter(self, service: str, prefix: str = "") -> Iterator[Reply]:
        """Yield the replies of a service whose key begins with `prefix`, in order of key."""
        for key in self.keys(service, prefix):
            reply = self.get(service, key)
            if reply is not None:
                yield reply

    def counts(self) -> dict[str, int]:
        """Return the number of replies by service."""
        with self._lock:
            return dict(
                self._execute(
                    "SELECT service, COUNT(*) FROM replies GROUP BY service ORDER BY service"
                )
            )

    def all_in_order(self) -> Iterator[Reply]:
        """Yield every reply by (service, key), one in memory at a time, and check its payload.

        Raises:
            ChangedFileError: a payload is lost, or its bytes are not those that were committed.
        """
        for row in self._execute(f"{_SELECT} ORDER BY service, key"):
            reply = _reply(row)
            if reply.sha256 != row[6]:
                raise ChangedFileError(
                    f"{DATABASE}: {reply.service} {reply.key}: committed with sha256"
                    f" {row[6][:12]}, payload has {reply.sha256[:12]}; the disk or another program"
                    f" changed it: {_forget_hint(reply.service, reply.key)}"
                )
            yield reply


_SELECT = (
    "SELECT service, key, url, retrieved_at, status, media_type, sha256, payload"
    " FROM replies LEFT JOIN payloads USING (sha256)"
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


_NOT_UNDERSTOOD = """
CREATE TABLE IF NOT EXISTS not_understood (
    service TEXT NOT NULL, key TEXT NOT NULL, problem TEXT NOT NULL, PRIMARY KEY (service, key)
) WITHOUT ROWID
"""


def _connect(file: Path) -> sqlite3.Connection:
    """Open or create the database and lock it until it is closed.

    With `locking_mode = EXCLUSIVE` the lock is SQLite's own: the system frees it when the process
    ends, so nothing needs to be cleaned up after a kill.
    """
    if file.is_symlink():
        raise NotASnapshotError(f"{file}: is a symbolic link, expected a file; use another folder")
    database = sqlite3.connect(file, timeout=0, isolation_level=None, check_same_thread=False)
    try:
        database.execute("PRAGMA locking_mode = EXCLUSIVE")
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute("BEGIN EXCLUSIVE")
        _require_ours(database, file)
        database.execute(_NOT_UNDERSTOOD)
        database.execute("COMMIT")
    except sqlite3.OperationalError as error:
        database.close()
        if "locked" in str(error):
            raise LockedError(
                f"{file}: another process is writing to this snapshot; wait for it to end"
            ) from error
        raise SnapshotError(
            f"{file}: cannot be opened for writing: {error}; use a copy in a writable folder with"
            " free space"
        ) from error
    except sqlite3.DatabaseError as error:
        database.close()
        raise NotASnapshotError(
            f"{file}: expected a database of replies, found another file ({error}); use another"
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


def _reply(row: tuple[str, str, str, str | None, int, str, str, bytes | None]) -> Reply:
    service, key, url, moment, status, media_type, sha256, payload = row
    if payload is None:
        raise ChangedFileError(
            f"{DATABASE}: {service} {key}: the payload with sha256 {sha256[:12]} is lost;"
            f" {_forget_hint(service, key)}"
        )
    retrieved_at = None if moment is None else dt.datetime.fromisoformat(moment)
    return Reply(service, key, url, retrieved_at, status, media_type, payload)


def _forget_hint(service: str, key: str) -> str:
    return f"run `cycledata forget SNAPSHOT --service {service} --key {key}` and fetch it again"
