"""Sealed snapshots: replies in sorted Parquet shards, pinned by `snapshot.json`."""

import datetime as dt
import hashlib
from bisect import bisect_left, bisect_right
from collections import Counter, OrderedDict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from cycledata.errors import (
    ChangedFileError,
    HalfWrittenError,
    NotASnapshotError,
    UnsealedError,
    VerifyError,
)
from cycledata.files import canonical_json
from cycledata.manifest import Manifest, manifest_bytes, pin_file, read_manifest, verify_files
from cycledata.parquet_files import open_parquet
from cycledata.snapshot.reply import DATABASE, MANIFEST, Reply

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

SHARDS = "replies-*.parquet"
_CACHED_GROUPS = 8
_REMEDY = "restore the file from where the snapshot came, or seal again from replies.sqlite"
_REPLY_COLUMNS = ["service", "key", "url", "retrieved_at", "status", "media_type", "payload"]
"""In the order of ``Reply``'s fields."""


class SnapshotManifest(Manifest):
    """Content of `snapshot.json`, which pins a sealed snapshot."""

    kind: Literal["snapshot"] = "snapshot"
    digest: str
    """sha256 over (service, key, status, media type, sha256 of payload) of every reply in order.

    URL and date are pinned by the digests of the shards, but are not part of this one: the same
    replies from a mirror, from files or of another day are the same data.
    """
    n_replies: int
    """Replies in all shards."""
    replies_by_service: dict[str, int]
    """Replies by service."""


class SnapshotDigest:
    """Digest of a snapshot, updated reply by reply in order of (service, key)."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self.by_service: Counter[str] = Counter()

    def add(self, reply: Reply, sha256: str) -> None:
        """Add the next reply; `sha256` is the hex digest of its payload."""
        line = canonical_json([reply.service, reply.key, reply.status, reply.media_type, sha256])
        self._hash.update(line.encode("ascii") + b"\n")
        self.by_service[reply.service] += 1

    def hexdigest(self) -> str:
        """Return the hex digest of all replies added so far."""
        return self._hash.hexdigest()


class SealedSnapshot:
    """Sealed snapshot: replies by key, or in order of key.

    Pickles as its path, so that it can be sent to workers; each reads its own index on first use.
    Make one with `SealedSnapshot.open`.
    """

    def __init__(self, path: Path, manifest: SnapshotManifest) -> None:
        self.path = path
        self.manifest = manifest
        self._index: _Index | None = None
        self._files: dict[str, pq.ParquetFile] = {}
        self._groups: OrderedDict[int, list[Reply]] = OrderedDict()

    @classmethod
    def open(cls, path: Path, *, verify: bool = True) -> Self:
        """Open a sealed snapshot.

        Args:
            path: its folder.
            verify: compare every shard with its sha256 first (about a second per gigabyte).

        Raises:
            NotASnapshotError, UnsealedError, HalfWrittenError: it is not sealed.
            NewerSchemaError: a newer version of this package sealed it.
            MissingFileError, ChangedFileError: a shard is not as pinned.
        """
        manifest = _read_sealed(path)
        if verify:
            verify_files(path, manifest.files, remedy=_REMEDY)
        return cls(path, manifest)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.path, self.manifest)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the shards; the next read opens them again."""
        for file in self._files.values():
            file.close()
        self._files.clear()
        self._groups.clear()

    @property
    def digest(self) -> str:
        """Digest that builds pin; depends on the replies alone, not on their order of arrival."""
        return self.manifest.digest

    def get(self, service: str, key: str) -> Reply | None:
        """Return the reply under a key, or None if there is none."""
        index = self._keyed()
        keys = index.keys.get(service)
        if keys is None:
            return None
        place = bisect_left(keys, key)
        if place == len(keys) or keys[place] != key:
            return None
        row = index.first_row[service] + place
        number = bisect_right(index.group_starts, row) - 1
        return self._group(number)[row - index.group_starts[number]]

    def keys(self, service: str, prefix: str = "") -> Iterator[str]:
        """Yield the keys of a service that begin with `prefix`, in order."""
        keys = self._keyed().keys.get(service, [])
        for place in range(bisect_left(keys, prefix), len(keys)):
            if not keys[place].startswith(prefix):
                return
            yield keys[place]

    def iter(self, service: str, prefix: str = "") -> Iterator[Reply]:
        """Yield the replies of a service whose key begins with `prefix`, in order of key.

        Uses a few megabytes of memory, however many replies there are.
        """
        for key in self.keys(service, prefix):
            reply = self.get(service, key)
            if reply is not None:
                yield reply

    def _keyed(self) -> "_Index":
        if self._index is None:
            self._index = _Index(self.path, self.manifest)
        return self._index

    def _group(self, number: int) -> list[Reply]:
        """Return the replies of a row group, numbered over all shards; the last few are cached."""
        if number in self._groups:
            self._groups.move_to_end(number)
            return self._groups[number]
        shard, position = self._keyed().groups[number]
        if shard not in self._files:
            self._files[shard] = open_parquet(self.path / shard, remedy=_REMEDY)
        replies = _replies(_read_groups(self._files[shard], shard, [position], _REPLY_COLUMNS))
        self._groups[number] = replies
        if len(self._groups) > _CACHED_GROUPS:
            self._groups.popitem(last=False)
        return replies


class _Index:
    """Position of each reply. Shards are sorted, so the rank of a key is its row."""

    def __init__(self, path: Path, manifest: SnapshotManifest) -> None:
        self.keys: dict[str, list[str]] = {}
        self.first_row: dict[str, int] = {}
        self.groups: list[tuple[str, int]] = []
        self.group_starts: list[int] = []
        row = 0
        for pin in manifest.files:
            with open_parquet(path / pin.path, remedy=_REMEDY) as file:
                positions = range(file.num_row_groups)
                columns = _read_groups(file, pin.path, positions, ["service", "key"])
                self.groups += [(pin.path, position) for position in positions]
                start = row
                for position in positions:
                    self.group_starts.append(start)
                    start += file.metadata.row_group(position).num_rows
            services = columns["service"].to_pylist()
            for service, key in zip(services, columns["key"].to_pylist(), strict=True):
                self.first_row.setdefault(service, row)
                self.keys.setdefault(service, []).append(key)
                row += 1


def _read_groups(
    file: "pq.ParquetFile", shard: str, positions: Sequence[int], columns: list[str]
) -> "pa.Table":
    import pyarrow as pa

    try:
        return file.read_row_groups(positions, columns=columns)
    except (OSError, pa.ArrowException) as error:
        where = f"row groups {positions[0]} to {positions[-1]}" if positions else "the footer"
        raise ChangedFileError(f"{shard}: {where} cannot be read ({error}); {_REMEDY}") from error


def _replies(table: "pa.Table") -> list[Reply]:
    columns = (table[name].to_pylist() for name in _REPLY_COLUMNS)
    return [
        Reply(service, key, url, moment and dt.datetime.fromisoformat(moment), *rest)
        for service, key, url, moment, *rest in zip(*columns, strict=True)
    ]


def _read_sealed(path: Path) -> SnapshotManifest:
    if (path / MANIFEST).is_file():
        return read_manifest(path / MANIFEST, SnapshotManifest)
    if any(path.glob(SHARDS)) or any(path.glob(f".{SHARDS}.*.tmp")):
        step = (
            "run `cycledata seal`"
            if (path / DATABASE).is_file()
            else f"copy {MANIFEST} or {DATABASE} from where the snapshot came"
        )
        raise HalfWrittenError(
            f"{path}: shards but no {MANIFEST}, so sealing was interrupted; {step}"
        )
    if (path / DATABASE).is_file():
        raise UnsealedError(f"{path}: still open ({DATABASE}); run `cycledata seal` first")
    raise NotASnapshotError(
        f"{path}: expected {MANIFEST} and {SHARDS}, found neither; is the path right?"
    )


def verify_snapshot(path: Path) -> SnapshotManifest:
    """Check every byte of a sealed snapshot: shards, payloads, order, digest, counts, manifest.

    Raises:
        CycleDataError: as ``SealedSnapshot.open`` does, or the content is not what the manifest
            says (``VerifyError``).
    """
    manifest = _read_sealed(path)
    verify_files(path, manifest.files, remedy=_REMEDY)
    stray = {file.name for file in path.glob(SHARDS)} - {pin.path for pin in manifest.files}
    if stray:
        raise VerifyError(f"{min(stray)}: not pinned by {MANIFEST}; delete it")
    digest = SnapshotDigest()
    last = ("", "")
    n_rows: Counter[str] = Counter()
    for pin in manifest.files:
        for reply, sha256 in _rows(path / pin.path):
            if reply.sha256 != sha256 or (reply.service, reply.key) <= last:
                raise ChangedFileError(
                    f"{pin.path}: {reply.service} {reply.key}: out of order, or its payload is not"
                    f" the one with sha256 {sha256[:12]}; {_REMEDY}"
                )
            last = (reply.service, reply.key)
            digest.add(reply, sha256)
            n_rows[pin.path] += 1
    found = SnapshotManifest(
        schema_version=manifest.schema_version,
        files=tuple(pin_file(path, pin.path, n_rows[pin.path]) for pin in manifest.files),
        digest=digest.hexdigest(),
        n_replies=digest.by_service.total(),
        replies_by_service=dict(digest.by_service),
    )
    _require_same(path, found)
    return manifest


def _require_same(path: Path, found: SnapshotManifest) -> None:
    """Compare the manifest on disk with the one made from the shards, field by field and byte."""
    stated = _read_sealed(path)
    for name in SnapshotManifest.model_fields:
        if getattr(stated, name) != getattr(found, name):
            raise ChangedFileError(
                f"{MANIFEST}: states {name} {str(getattr(stated, name))[:80]}, the shards give"
                f" {str(getattr(found, name))[:80]}; {_REMEDY}"
            )
    if (path / MANIFEST).read_bytes() != manifest_bytes(found):
        raise ChangedFileError(
            f"{MANIFEST}: has other bytes than `cycledata seal` writes for these shards; {_REMEDY}"
        )


def _rows(shard: Path) -> Iterator[tuple[Reply, str]]:
    import pyarrow.parquet as pq

    with pq.ParquetFile(shard) as file:
        for position in range(file.num_row_groups):
            table = file.read_row_group(position)
            yield from zip(_replies(table), table["sha256"].to_pylist(), strict=True)
