"""Folders of the snapshots that builds on this machine were made from.

A build pins the digest of its snapshot but not its folder, because its bytes do not depend on the
folder. This list, one small file per folder in the cache, lets a takedown find the snapshot of a
build.
"""

from pathlib import Path

from cycledata.files import sha256_bytes, write_file
from cycledata.snapshot.reply import DATABASE, MANIFEST

_FOLDER = "snapshots"


def note_snapshot(cache: Path, digest: str, folder: Path) -> None:
    """Add the folder of a snapshot to the list.

    Args:
        cache: cache folder, which has the list.
        digest: digest of the snapshot, which builds pin.
        folder: folder of the snapshot.
    """
    place = str(folder.resolve())
    path = cache / _FOLDER / digest / sha256_bytes(place.encode(errors="surrogateescape"))[:32]
    if not path.is_file():
        write_file(path, place.encode(errors="surrogateescape"))


def find_snapshots(cache: Path, digest: str) -> list[Path]:
    """Return the folders of snapshots that had this digest and still exist, in order of name.

    A snapshot that was sealed again since then is one of them: its folder is the same.
    """
    listed = cache / _FOLDER / digest
    if not listed.is_dir():
        return []
    folders = {
        Path(path.read_bytes().decode(errors="surrogateescape"))
        for path in listed.iterdir()
        if path.is_file() and not path.name.startswith(".")
    }
    return sorted(f for f in folders if (f / MANIFEST).is_file() or (f / DATABASE).is_file())
