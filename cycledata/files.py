"""Files on disk: atomic writes, locks, the cache folder, hashes, strict and canonical JSON.

A file written here is either complete under its name or not there at all. Equal values give equal
bytes on every machine: no clock, no locale, no order of arrival. See also `jsonl` and
`parquet_files`.
"""

import datetime as dt
import errno
import hashlib
import json
import math
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import NoneType
from typing import NoReturn

from cycledata.errors import BuildError, FileLockedError

MAX_JSON_DEPTH = 200
"""Nesting beyond which a JSON value is refused; real replies stay below 20."""
_DEVICES = (Path("/dev"), Path("/dev/fd"), Path("/proc/self/fd"))
_TOO_DEEP = f"nested deeper than {MAX_JSON_DEPTH} levels"


@contextmanager
def replace_file(path: Path) -> Iterator[Path]:
    """Yield a temporary sibling that is renamed to `path` when the block ends without an error.

    The bytes are flushed to the disk before the rename and the folder after it, so that a kill or
    a power cut leaves the old file or the new one, never a mixture.

    Raises:
        FileExistsError: `path` is a device, a pipe or a folder, which must not be replaced.
        OSError: the file cannot be written; `filename` is `path`.
    """
    # /dev/stdout is a link, and what it points to may be a file.
    if path.exists() and (not path.is_file() or path.absolute().parent in _DEVICES):
        raise FileExistsError(errno.EEXIST, "expected a file or a new name", str(path))
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        _fsync(temporary)
        temporary.replace(path)
        _fsync(path.parent)
    except OSError as error:
        if error.filename in {temporary, str(temporary)}:
            error.filename = str(path)  # the name that the caller knows
        raise
    finally:
        temporary.unlink(missing_ok=True)


def _fsync(path: Path) -> None:
    if os.name == "nt" and path.is_dir():
        return  # Windows cannot open a folder, and its renames are flushed with the file
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_file(path: Path, data: bytes | str) -> None:
    """Write bytes, or text as UTF-8, under `path`: all of it or nothing. Makes parent folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replace_file(path) as temporary:
        temporary.write_bytes(data.encode() if isinstance(data, str) else data)


@contextmanager
def growing_folder(out: Path) -> Iterator[Path]:
    """Yield an empty hidden folder that is renamed to `out` when the block ends without an error.

    The hidden folder is removed if the block fails; what a killed process left is removed by the
    next call.

    Raises:
        BuildError: `out` is not empty, a file is where a folder is needed, or another process is
            writing `out`.
    """
    out = out.resolve()
    growing = out.parent / f".{out.name}.partial"
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise BuildError(f"{out}: a file is where a folder is needed; change --out") from error
    try:
        with locked(growing.with_suffix(".lock")):
            if out.exists() and (not out.is_dir() or any(out.iterdir())):
                raise BuildError(f"{out}: not empty; give --out a new or empty folder")
            _remove(growing)
            growing.mkdir()
            try:
                yield growing
                if os.name == "nt" and out.exists():
                    out.rmdir()  # only POSIX renames over an empty folder
                growing.rename(out)
            finally:
                shutil.rmtree(growing, ignore_errors=True)
    except FileLockedError as error:
        raise BuildError(
            f"{out}: another process is writing it; wait for it to end, or change --out"
        ) from error


@contextmanager
def replace_folder(folder: Path) -> Iterator[Path]:
    """Yield an empty folder that takes the name `folder` when the block ends without an error.

    An existing folder of that name is removed just before the rename: a kill in between leaves
    neither, never a mixture of both.
    """
    temporary = folder.with_name(f".{folder.name}.partial")
    _remove(temporary)
    temporary.mkdir(parents=True)
    try:
        yield temporary
        _remove(folder)
        temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _remove(folder: Path) -> None:
    """Remove a folder if it exists; a symbolic link is removed, not followed."""
    if folder.is_symlink():
        folder.unlink()
    shutil.rmtree(folder, ignore_errors=True)


def remove_leftovers(folder: Path, pattern: str) -> None:
    """Delete the temporary files that killed writers left of files named like the glob."""
    for leftover in folder.glob(f".{pattern}.*.tmp"):
        leftover.unlink(missing_ok=True)


@contextmanager
def locked(path: Path, *, wait: bool = False) -> Iterator[None]:
    """Lock a file against other processes; the system frees it after a kill.

    The lock file is made and removed here. A symbolic link is refused.

    Args:
        path: of the lock file.
        wait: wait until another process frees the lock.

    Raises:
        FileLockedError: another process has the lock, and ``wait`` is not set.
    """
    import filelock

    if path.is_symlink():
        raise FileLockedError(f"{path}: is a symbolic link, expected a lock file; remove it")
    lock = filelock.FileLock(path, blocking=wait, thread_local=False)
    try:
        lock.acquire()
    except filelock.Timeout as error:
        raise FileLockedError(
            f"{path}: locked by another process; wait for it to end or use another path"
        ) from error
    try:
        yield
    finally:
        # While the lock is held: a process that opened the same file finds it unlinked and retries.
        with suppress(OSError):  # Windows removes no open file; there it stays, empty
            path.unlink(missing_ok=True)
        lock.release()


def cache_folder() -> Path:
    """Return the folder for files that can be made again.

    `CYCLEKIT_CACHE` if set, else `cyclekit` in the user's cache folder of this system.
    """
    import platformdirs

    named = os.environ.get("CYCLEKIT_CACHE")
    return Path(named) if named else platformdirs.user_cache_path("cyclekit", appauthor=False)


def sha256_bytes(data: bytes) -> str:
    """Return the hex sha256 of bytes in memory."""
    return hashlib.sha256(data).hexdigest()


def sha256_file(path: Path) -> str:
    """Return the hex sha256 of a file without reading it into memory at once."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def strict_json(text: str | bytes) -> object:
    r"""Return the value of a JSON text that every reader reads alike.

    Raises:
        ValueError: not UTF-8, not JSON, a repeated key, NaN or Infinity, half a surrogate pair, or
            nesting deeper than `MAX_JSON_DEPTH`.

    >>> strict_json('{"a": [1, null]}')
    {'a': [1, None]}
    """
    if isinstance(text, bytes):
        text = text.decode()
    try:
        value: object = json.loads(
            text, object_pairs_hook=_unique_keys, parse_constant=_refuse_constant
        )
    except RecursionError as error:
        raise ValueError(_TOO_DEEP) from error
    if _is_deep(value, MAX_JSON_DEPTH):
        raise ValueError(_TOO_DEEP)
    if "\\u" in text or not text.isascii():
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            raise ValueError("half of a surrogate pair, which no file can contain") from error
    return value


def _is_deep(value: object, limit: int) -> bool:
    """Return True if lists and objects are nested deeper than the limit."""
    level = [value]
    for _ in range(limit + 1):
        inner: list[object] = []
        for item in level:
            if isinstance(item, dict):
                inner += item.values()
            elif isinstance(item, list):
                inner += item
        if not inner:
            return False
        level = inner
    return True


def _unique_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) < len(pairs):
        seen: set[str] = set()
        repeated = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]  # add returns None, which is false
        raise ValueError(f"the key {repeated[:40]!r} occurs twice in one object")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_LEAVES = frozenset({str, int, bool, NoneType})
"""Types of values that need no look."""


def canonical_json(value: object, *, indent: int | None = None) -> str:
    r"""Return the one spelling of a JSON value: sorted keys, no spare blanks, ASCII only.

    Args:
        value: dict with str keys, list, tuple, str, int, finite float, bool, date (as ISO 8601) or
            None, nested.
        indent: blanks per level for a file that people read; None for one line.

    Raises:
        ValueError: a value without a stable spelling (NaN, a set, a callable, a key that is not a
            str, nesting beyond `MAX_JSON_DEPTH`); the message names its place.

    >>> canonical_json({"b": (1, 2.5), "a": "é"})
    '{"a":"\\u00e9","b":[1,2.5]}'
    """
    require_stable(value)
    separators = (",", ":") if indent is None else (",", ": ")
    return json.dumps(
        value,
        sort_keys=True,
        separators=separators,
        indent=indent,
        allow_nan=False,
        default=dt.date.isoformat,
    )


def require_stable(value: object) -> None:
    """Check that `canonical_json` can spell a value.

    Raises:
        ValueError: as for `canonical_json`.
    """
    if not _is_plain(value):
        _require_stable(value, "$", 0)


def _is_plain(value: object) -> bool:
    """Return True if a value is known to have a stable spelling; False if it may have none.

    Level by level and without the names of places, which is faster than `_require_stable`.
    """
    level = [value]
    for _ in range(MAX_JSON_DEPTH):
        inner: list[object] = []
        for item in level:
            if isinstance(item, dict):
                if not {*map(type, item)} <= {str}:
                    return False
                inner += [part for part in item.values() if type(part) not in _LEAVES]
            elif isinstance(item, list | tuple):
                inner += [part for part in item if type(part) not in _LEAVES]
            elif type(item) not in _LEAVES and not (
                isinstance(item, float) and math.isfinite(item)
            ):
                return False
        if not inner:
            return True
        level = inner
    return False


def _require_stable(value: object, place: str, depth: int) -> None:
    if depth > MAX_JSON_DEPTH:
        raise ValueError(f"{place[:80]}: nested deeper than {MAX_JSON_DEPTH}; flatten it")
    if value is None or isinstance(value, str | bool | int | dt.date):
        return
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{place}: {value} is not JSON; use None for an absent value")
    elif isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise ValueError(f"{place}: key {key!r} is a {type(key).__name__}, expected str")  # noqa: TRY004  unstable values are one kind of error
            _require_stable(item, f"{place}.{key}", depth + 1)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            _require_stable(item, f"{place}[{index}]", depth + 1)
    else:
        raise ValueError(  # noqa: TRY004  unstable values are one kind of error
            f"{place}: a {type(value).__name__} has no stable JSON; expected dict, list, str, int,"
            " float, bool, date or None"
        )
