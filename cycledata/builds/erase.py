"""Remove everything that a snapshot has about works that were taken down."""

import tempfile
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from cycledata.builds.runner import DATASETS, extend_to_works
from cycledata.consent.erase import (
    arxiv_ids_in,
    forget_works,
    replies_about,
    tombstone_names,
)
from cycledata.consent.harvest import forget_records
from cycledata.consent.policy import Policy
from cycledata.consent.tombstones import read_tombstones, write_tombstones
from cycledata.datasets.spec import BuildContext, DatasetSpec
from cycledata.errors import BuildError
from cycledata.files import growing_folder
from cycledata.snapshot.open import OpenSnapshot
from cycledata.snapshot.reply import DATABASE, MANIFEST
from cycledata.snapshot.seal import seal
from cycledata.snapshot.sealed import SealedSnapshot

_BATCH = 256
"""Replies per transaction."""


@dataclass(frozen=True, slots=True)
class EraseReport:
    """Result of removing works from a snapshot."""

    folder: Path
    """Snapshot without the works: the same folder if it is open, else the new one."""
    n_removed: int
    """Replies about the works."""
    digest: str | None
    """Digest of the new snapshot; None if it is open."""


def erase_works(folder: Path, out: Path | None = None) -> EraseReport:
    """Remove the replies about the works that the tombstones of a snapshot name.

    An open snapshot is changed. A sealed one is not: its replies without these works are sealed in
    a new folder, with the tombstones, under a new digest. Lists of many papers stay as they are.

    Args:
        folder: snapshot with ``tombstones.json``.
        out: new folder; needed if the snapshot is sealed.

    Raises:
        BuildError: no tombstones, no ``out`` for a sealed snapshot, or a paper of which a defect
            hides the work.
        SnapshotError, VerifyError: not a snapshot, or a damaged one.
    """
    tombstones = read_tombstones(folder)
    if not tombstones:
        raise BuildError(f"{folder}: no tombstones; run `cycledata takedown` with --snapshot first")
    if (folder / DATABASE).is_file() and not (folder / MANIFEST).is_file():
        if out is not None:
            raise BuildError(f"{folder}: an open snapshot is changed in place; leave out --out")
        with OpenSnapshot(folder) as snapshot:
            n_removed = forget_works(snapshot, tombstone_names(snapshot))
            snapshot.compact()
        return EraseReport(folder, n_removed, None)
    if out is None:
        raise BuildError(f"{folder}: sealed; give --out a new folder for the snapshot without them")
    with SealedSnapshot.open(folder) as sealed, growing_folder(out) as growing:
        names = frozenset[str]().union(*(stone.names for stone in tombstones))
        for dataset in DATASETS.values():
            names |= _names_in(dataset, sealed, names)
        removed = replies_about(sealed, names)
        forget_records(folder, arxiv_ids_in(names))
        with OpenSnapshot(growing) as snapshot:
            kept = (
                reply
                for service in sealed.manifest.replies_by_service
                for reply in sealed.iter(service)
                if (reply.service, reply.key) not in removed
            )
            while some := list(islice(kept, _BATCH)):
                snapshot.add_many(some)
        digest = seal(growing).digest
        if not (folder / DATABASE).is_file():
            (growing / DATABASE).unlink()
        write_tombstones(growing, tombstones)
    return EraseReport(out, len(removed), digest)


def _names_in(
    dataset: DatasetSpec[Any], sealed: SealedSnapshot, names: frozenset[str]
) -> frozenset[str]:
    """Return the names with all paper ids and keys that their works have in a snapshot."""
    with tempfile.TemporaryDirectory() as scratch:
        context = BuildContext(
            snapshot_path=sealed.path.resolve(),
            snapshot_digest=sealed.digest,
            recipe=dataset.recipe,
            policy=Policy(name="nothing", components={}),
            tombstones=names,
            scratch=Path(scratch),
            cache=None,
        )
        dataset.prepare(context)
        extended = extend_to_works(dataset, context, dataset.list_papers(sealed))
        if extended.unidentified:
            paper_id, reason = min(extended.unidentified.items())
            raise BuildError(f"{paper_id}: might be one of the works, but {reason.detail}")
        return extended.tombstones
