"""A throw-away index of one build: what is looked up at random, a few dozen times a paper."""

import sqlite3
from pathlib import Path
from types import TracebackType
from typing import Self


class Lookup:
    """Bytes by kind and name, in one SQLite file that many processes may read."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    @classmethod
    def create(cls, path: Path) -> Self:
        """A new file, to be filled in one transaction."""
        database = sqlite3.connect(path)
        # The file is made again after a kill, so nothing has to reach the disk.
        database.execute("PRAGMA synchronous=OFF")
        database.execute("PRAGMA journal_mode=OFF")
        database.execute(
            "CREATE TABLE item (kind TEXT, name TEXT, value BLOB, PRIMARY KEY (kind, name))"
            " WITHOUT ROWID"
        )
        return cls(database)

    @classmethod
    def open(cls, path: Path) -> Self:
        """An existing file, for reading."""
        return cls(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True))

    def put(self, kind: str, name: str, value: bytes) -> None:
        """Keep a value; the last one under a name stays."""
        self._database.execute("INSERT OR REPLACE INTO item VALUES (?, ?, ?)", (kind, name, value))

    def get(self, kind: str, name: str) -> bytes | None:
        """The value under a name; None where there is none."""
        row = self._database.execute(
            "SELECT value FROM item WHERE kind = ? AND name = ?", (kind, name)
        ).fetchone()
        return None if row is None else bytes(row[0])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is None:
            self._database.commit()
        self._database.close()
