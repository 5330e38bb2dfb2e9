"""Seal an open snapshot: sorted Parquet shards, then `snapshot.json` as the last file."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from cycledata.errors import NotASnapshotError
from cycledata.files import remove_leftovers, replace_file
from cycledata.manifest import FilePin, pin_file, write_manifest
from cycledata.parquet_files import parquet_writer
from cycledata.snapshot.open import OpenSnapshot
from cycledata.snapshot.reply import DATABASE, MANIFEST, Reply
from cycledata.snapshot.sealed import SHARDS, SnapshotDigest, SnapshotManifest, verify_snapshot

if TYPE_CHECKING:
    import pyarrow as pa

SHARD_BYTES = 256 << 20
"""Uncompressed bytes after which a new shard begins."""
_GROUP_BYTES = 1 << 20
"""Bytes of one row group: what one random read decompresses."""
_ROW_BYTES = 256
"""Approximate bytes of a reply without its payload."""


def seal(path: Path, *, shard_bytes: int = SHARD_BYTES) -> SnapshotManifest:
    """Write the shards and, last, `snapshot.json`; the open database is not changed.

    Sealing again gives the same bytes. After a kill there is no `snapshot.json`, and the next call
    starts over. Memory use does not grow with the number of replies.

    Args:
        path: folder of an open snapshot, or of one already sealed.
        shard_bytes: uncompressed bytes after which a new shard begins.

    Raises:
        NotASnapshotError: the folder has no snapshot.
        LockedError: another process is writing to it.
        ChangedFileError: a payload is lost or damaged.
    """
    if not (path / DATABASE).exists():
        if (path / MANIFEST).exists():
            return verify_snapshot(path)
        raise NotASnapshotError(f"{path}: no {DATABASE} and no {MANIFEST}; nothing to seal")
    digest = SnapshotDigest()
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
    path: Path, replies: Iterator[Reply], digest: SnapshotDigest, shard_bytes: int
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


def _groups(replies: Iterator[Reply], digest: SnapshotDigest) -> Iterator[list[dict[str, object]]]:
    """Group rows into row groups of about a megabyte, and update the digest with each reply."""
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
