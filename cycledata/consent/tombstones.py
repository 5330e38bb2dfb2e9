"""Tombstones: the record that a paper was taken down, so that no later build publishes it again.

``tombstones.json`` in the folder of a snapshot is authoritative for all builds from it, and a
takedown writes there. The file also travels with every build; a new build obeys the tombstones of
its snapshot, of its own folder and of the builds beside it.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from pydantic import ValidationError

from cycledata.errors import PolicyError
from cycledata.files import canonical_json, locked, strict_json, write_file
from cycledata.records import Record, first_problem

FILE = "tombstones.json"


class Tombstone(Record):
    """One paper that was taken down."""

    paper_id: str
    reason: str
    date: str
    """Day of the takedown, ISO 8601."""
    keys: tuple[str, ...] = ()
    """Keys of the work, see `works`: other papers with one of its ids are taken down too."""

    @property
    def names(self) -> frozenset[str]:
        """Return the paper id and the keys."""
        return frozenset({self.paper_id, *self.keys})


class _TombstoneFile(Record):
    tombstones: tuple[Tombstone, ...]


def read_tombstones(folder: Path) -> tuple[Tombstone, ...]:
    """Return the tombstones of a folder by paper id; empty if it has no such file.

    Raises:
        PolicyError: the file is invalid, so the papers that must stay out are unknown.
    """
    path = folder / FILE
    if not path.is_file():
        return ()
    try:
        found = _TombstoneFile.model_validate(strict_json(path.read_bytes())).tombstones
    except (ValueError, RecursionError) as error:
        problem = first_problem(error) if isinstance(error, ValidationError) else error
        raise PolicyError(
            f"{path}: expected a list of tombstones, found something else ({problem}); restore the "
            "file from a copy: without it a paper that was taken down may return"
        ) from error
    return merge_tombstones(found)


def write_tombstones(folder: Path, tombstones: Sequence[Tombstone]) -> None:
    """Write the tombstones of a folder; the file is replaced in one step."""
    rows = {
        "tombstones": [stone.model_dump(mode="json", exclude_defaults=True) for stone in tombstones]
    }
    write_file(folder / FILE, canonical_json(rows, indent=1) + "\n")


def add_tombstones(folder: Path, tombstones: Iterable[Tombstone]) -> None:
    """Add tombstones to those of a folder, which keeps its own.

    Raises:
        FileLockedError: another process adds tombstones there now.
        PolicyError: the folder has an invalid file of tombstones.
    """
    with locked(folder / f".{FILE}.lock"):
        write_tombstones(folder, merge_tombstones(read_tombstones(folder), tombstones))


def merge_tombstones(*groups: Iterable[Tombstone]) -> tuple[Tombstone, ...]:
    """Return all tombstones by paper id; of several about one paper, the earliest is kept.

    The keys of all of them are kept.
    """
    merged: dict[str, Tombstone] = {}
    for stone in sorted(
        (stone for group in groups for stone in group), key=lambda s: (s.paper_id, s.date, s.reason)
    ):
        first = merged.setdefault(stone.paper_id, stone)
        keys = tuple(sorted({*first.keys, *stone.keys}))
        merged[stone.paper_id] = first.model_copy(update={"keys": keys})
    return tuple(merged.values())


def standing_tombstones(out: Path, snapshot: Path) -> tuple[Tombstone, ...]:
    """Return every tombstone that applies to a build made from ``snapshot`` in ``out``.

    They are those of the snapshot's folder, of ``out`` itself and of the builds beside it.
    """
    parent = out.resolve().parent
    beside = sorted(path.parent for path in parent.glob(f"*/{FILE}")) if parent.is_dir() else []
    return merge_tombstones(*(read_tombstones(folder) for folder in [snapshot, out, *beside]))
