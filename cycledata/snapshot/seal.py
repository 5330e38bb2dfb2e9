"""A snapshot, sealed: replies of the services frozen on a date, as Parquet shards and a manifest.

Sealing writes ``replies-*.parquet``, sorted by service and key, and ``snapshot.json`` last. Builds
read sealed snapshots only. The open half is in ``cycledata.snapshot.open``.
"""

import datetime as dt
import hashlib
from bisect import bisect_left, bisect_right
from collections import Counter, OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from cycledata.errors import (
    ChangedFileError,
    HalfWrittenError,
    NotASnapshotError,
    UnsealedError,
    VerifyError,
)
from cycledata.files import canonical_json, remove_leftovers, replace_file
from cycledata.manifest import (
    FilePin,
    Manifest,
    pin_file,
    read_manifest,
    verify_files,
    write_manifest,
)
from cycledata.parquet_files import parquet_writer
from cycledata.snapshot.open import DATABASE, MANIFEST, OpenSnapshot, Reply

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

__all__ = ["OpenSnapshot", "Reply", "SealedSnapshot", "SnapshotManifest", "seal", "verify_snapshot"]

SHARDS = "replies-*.parquet"
SHARD_BYTES = 256 << 20
"""Bytes, uncompressed, after which a new shard begins."""
_GROUP_BYTES = 1 << 20
"""Bytes of one row group: what one random read decompresses."""
_ROW_BYTES = 256
"""What a reply takes beside its payload, roughly."""
_CACHED_GROUPS = 8
_REMEDY = "restore the file from where the snapshot came, or seal again from replies.sqlite"


class SnapshotManifest(Manifest):
    """``snapshot.json``: what pins a sealed snapshot."""

    kind: Literal["snapshot"] = "snapshot"
    digest: str
    """sha256 over (service, key, status, media type, sha256 of payload) of every reply in order.

    URL and date are pinned by the shards' own digests, but stand outside this one: the same
    replies from a mirror, a dump or on another day are the same data.
    """
    n_replies: int
    """Replies in all shards."""
    replies_by_service: dict[str, int]
    """Replies by service."""


_REPLY_COLUMNS = ["service", "key", "url", "retrieved_at", "status", "media_type", "payload"]
"""In the order of ``Reply``'s fields."""


class _Digest:
    """The digest of a snapshot, fed reply by reply in order of (service, key)."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self.by_service: Counter[str] = Counter()

    def add(self, reply: Reply, sha256: str) -> None:
        line = canonical_json([reply.service, reply.key, reply.status, reply.media_type, sha256])
        self._hash.update(line.encode("ascii") + b"\n")
        self.by_service[reply.service] += 1

    def hexdigest(self) -> str:
        return self._hash.hexdigest()


def seal(path: Path, *, shard_bytes: int = SHARD_BYTES) -> SnapshotManifest:
    """Write the shards and, last, ``snapshot.json``; the open database stays as it is.

    Sealing again gives the same bytes; a kill half way leaves no ``snapshot.json``, and the next
    call starts over. Memory holds one row group, however many replies there are.

    Args:
        path: folder of an open snapshot, or of one already sealed.
        shard_bytes: bytes, uncompressed, after which a new shard begins.

    Raises:
        NotASnapshotError: the folder holds no snapshot.
        LockedError: another process is writing to it.
    """
    if not (path / DATABASE).exists():
        if (path / MANIFEST).exists():
            return verify_snapshot(path)
        raise NotASnapshotError(f"{path}: no {DATABASE} and no {MANIFEST}; nothing to seal")
    digest = _Digest()
    with OpenSnapshot(path, reopen=True) as snapshot:
        for name in (SHARDS, MANIFEST):
            remove_leftovers(path, name)
        pins = _write_shards(path, snapshot.all_in_order(), digest, shard_bytes)
        for stale in {file.name for file in path.glob(SHARDS)} - {pin.path for pin in pins}:
            (path / stale).unlink()
        manifest = SnapshotManifest(
            files=pins,
            digest=digest.hexdigest(),
            n_replies=digest.by_service.total(),
            replies_by_service=dict(digest.by_service),
        )
        write_manifest(path / MANIFEST, manifest)
    return manifest


def _schema() -> "pa.Schema":
    import pyarrow as pa

    return pa.schema(
        [
            pa.field("service", pa.string(), nullable=False),
            pa.field("key", pa.string(), nullable=False),
            pa.field("url", pa.string(), nullable=False),
            pa.field("retrieved_at", pa.string()),
            pa.field("status", pa.int32(), nullable=False),
            pa.field("media_type", pa.string(), nullable=False),
            pa.field("sha256", pa.string(), nullable=False),
            pa.field("payload", pa.binary(), nullable=False),
        ]
    )


def _write_shards(
    path: Path, replies: Iterator[Reply], digest: _Digest, shard_bytes: int
) -> tuple[FilePin, ...]:
    import pyarrow as pa

    schema = _schema()
    pins: list[FilePin] = []
    group = next(groups := _groups(replies, digest), [])
    while group or not pins:
        name = f"replies-{len(pins):05d}.parquet"
        n_rows = n_bytes = 0
        with (
            replace_file(path / name) as temporary,
            parquet_writer(temporary, schema, plain=["payload"]) as writer,
        ):
            while group and n_bytes < shard_bytes:
                table = pa.Table.from_pylist(group, schema=schema)
                writer.write_table(table)
                n_rows += table.num_rows
                n_bytes += table.nbytes
                group = next(groups, [])
        pins.append(pin_file(path, name, n_rows))
    return tuple(pins)


def _groups(replies: Iterator[Reply], digest: _Digest) -> Iterator[list[dict[str, object]]]:
    """Rows by the megabyte, in order; feeds the digest as they pass."""
    group: list[dict[str, object]] = []
    n_bytes = 0
    for reply in replies:
        sha256 = reply.sha256
        digest.add(reply, sha256)
        moment = None if reply.retrieved_at is None else reply.retrieved_at.isoformat()
        group.append(
            {
                "service": reply.service,
                "key": reply.key,
                "url": reply.url,
                "retrieved_at": moment,
                "status": reply.status,
                "media_type": reply.media_type,
                "sha256": sha256,
                "payload": reply.payload,
            }
        )
        n_bytes += len(reply.payload) + _ROW_BYTES
        if n_bytes >= _GROUP_BYTES:
            yield group
            group, n_bytes = [], 0
    if group:
        yield group


class SealedSnapshot:
    """A sealed snapshot: replies by key, or streamed in order of key.

    Pickles as its path, so that workers may carry it; each reads its own index on first use. Make
    one with ``SealedSnapshot.open``.
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
        """What a build pins: depends on the replies alone, not on their order of arrival."""
        return self.manifest.digest

    def get(self, service: str, key: str) -> Reply | None:
        """The reply under a key; None where there is none."""
        keys = self._keyed().keys.get(service, [])
        place = bisect_left(keys, key)
        if place == len(keys) or keys[place] != key:
            return None
        row = self._keyed().first_row[service] + place
        number = bisect_right(self._keyed().group_starts, row) - 1
        return self._group(number)[row - self._keyed().group_starts[number]]

    def keys(self, service: str, prefix: str = "") -> Iterator[str]:
        """Keys of a service that begin with ``prefix``, in order."""
        keys = self._keyed().keys.get(service, [])
        for place in range(bisect_left(keys, prefix), len(keys)):
            if not keys[place].startswith(prefix):
                return
            yield keys[place]

    def iter(self, service: str, prefix: str = "") -> Iterator[Reply]:
        """Replies of a service whose key begins with ``prefix``, in order of key.

        Memory holds a few megabytes of payload, however many replies there are.
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
        """A row group's replies by its number over all shards; the last few stay in memory."""
        import pyarrow.parquet as pq

        if number in self._groups:
            self._groups.move_to_end(number)
            return self._groups[number]
        shard, position = self._keyed().groups[number]
        if shard not in self._files:
            self._files[shard] = pq.ParquetFile(self.path / shard)
        replies = _replies(_read_group(self._files[shard], shard, position, _REPLY_COLUMNS))
        self._groups[number] = replies
        if len(self._groups) > _CACHED_GROUPS:
            self._groups.popitem(last=False)
        return replies


class _Index:
    """Where each reply stands. Shards are sorted, so a key's rank is its row."""

    def __init__(self, path: Path, manifest: SnapshotManifest) -> None:
        import pyarrow.parquet as pq

        self.keys: dict[str, list[str]] = {}
        self.first_row: dict[str, int] = {}
        self.groups: list[tuple[str, int]] = []
        self.group_starts: list[int] = []
        row = 0
        for pin in manifest.files:
            with pq.ParquetFile(path / pin.path) as file:
                for position in range(file.num_row_groups):
                    self.groups.append((pin.path, position))
                    self.group_starts.append(row)
                    columns = _read_group(file, pin.path, position, ["service", "key"])
                    services = columns["service"].to_pylist()
                    for service, key in zip(services, columns["key"].to_pylist(), strict=True):
                        self.first_row.setdefault(service, row)
                        self.keys.setdefault(service, []).append(key)
                        row += 1


def _read_group(
    file: "pq.ParquetFile", shard: str, position: int, columns: list[str]
) -> "pa.Table":
    import pyarrow as pa

    try:
        return file.read_row_group(position, columns=columns)
    except (OSError, pa.ArrowException) as error:
        raise ChangedFileError(
            f"{shard}: row group {position} cannot be read ({error}); {_REMEDY}"
        ) from error


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
        raise HalfWrittenError(
            f"{path}: shards but no {MANIFEST}, so sealing was interrupted; run `cycledata seal`"
        )
    if (path / DATABASE).is_file():
        raise UnsealedError(f"{path}: still open ({DATABASE}); run `cycledata seal` first")
    raise NotASnapshotError(
        f"{path}: expected {MANIFEST} and {SHARDS}, found neither; is the path right?"
    )


def verify_snapshot(path: Path) -> SnapshotManifest:
    """Check a sealed snapshot to the last byte: shards, payloads, order, digest and counts.

    Raises:
        CycleDataError: as ``SealedSnapshot.open`` does, or the content is not what the manifest
            says (``VerifyError``).
    """
    manifest = _read_sealed(path)
    verify_files(path, manifest.files, remedy=_REMEDY)
    stray = {file.name for file in path.glob(SHARDS)} - {pin.path for pin in manifest.files}
    if stray:
        raise VerifyError(f"{min(stray)}: a shard that {MANIFEST} does not pin; delete it")
    digest = _Digest()
    last = ("", "")
    for pin in manifest.files:
        for reply, sha256 in _rows(path / pin.path):
            if reply.sha256 != sha256 or (reply.service, reply.key) <= last:
                raise ChangedFileError(
                    f"{pin.path}: {reply.service} {reply.key}: out of order, or its payload is not"
                    f" the one with sha256 {sha256[:12]}; {_REMEDY}"
                )
            last = (reply.service, reply.key)
            digest.add(reply, sha256)
    found = (digest.hexdigest(), dict(digest.by_service))
    if found != (manifest.digest, manifest.replies_by_service):
        raise ChangedFileError(
            f"{MANIFEST}: states digest {manifest.digest[:12]} and {manifest.replies_by_service},"
            f" the shards give {found[0][:12]} and {found[1]}; {_REMEDY}"
        )
    return manifest


def _rows(shard: Path) -> Iterator[tuple[Reply, str]]:
    import pyarrow.parquet as pq

    with pq.ParquetFile(shard) as file:
        for position in range(file.num_row_groups):
            table = file.read_row_group(position)
            yield from zip(_replies(table), table["sha256"].to_pylist(), strict=True)
