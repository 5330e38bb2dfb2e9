"""Tombstones: the memory that a paper was taken down, so that no later build brings it back.

A tombstone stands in ``tombstones.json`` of the build that a takedown made. A new build honours
those of every build in the folder it is written to, and those beside its snapshot.
"""

import json
from collections.abc import Iterable
from pathlib import Path

from pydantic import ValidationError

from cycledata.errors import PolicyError
from cycledata.records import Record, first_problem

FILE = "tombstones.json"


class Tombstone(Record):
    """One paper that was taken down."""

    paper_id: str
    reason: str
    date: str
    """Day of the takedown, ISO 8601."""


def read_tombstones(folder: Path) -> tuple[Tombstone, ...]:
    """The tombstones that stand in a folder, by paper id; none where it has no such file.

    Raises:
        PolicyError: the file is there but unreadable, so nobody knows what must stay out.
    """
    path = folder / FILE
    if not path.is_file():
        return ()
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))["tombstones"]
        found = [Tombstone.model_validate(row) for row in rows]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        problem = first_problem(error) if isinstance(error, ValidationError) else str(error)
        raise PolicyError(
            f"{path}: expected a list of tombstones, found something else ({problem}); restore the "
            f"file from the build that made it: without it a paper that was taken down may return"
        ) from error
    return merge_tombstones(found)


def merge_tombstones(*groups: Iterable[Tombstone]) -> tuple[Tombstone, ...]:
    """All tombstones once, by paper id; of several for one paper the earliest stays."""
    merged: dict[str, Tombstone] = {}
    for stone in sorted(
        (stone for group in groups for stone in group), key=lambda s: (s.paper_id, s.date, s.reason)
    ):
        merged.setdefault(stone.paper_id, stone)
    return tuple(merged.values())


def standing_tombstones(out: Path, snapshot: Path) -> tuple[Tombstone, ...]:
    """Every tombstone that binds a build made from ``snapshot`` and written to ``out``.

    They are those of the snapshot's folder, of ``out`` itself and of the builds beside it.
    """
    parent = out.resolve().parent
    beside = sorted(path.parent for path in parent.glob(f"*/{FILE}")) if parent.is_dir() else []
    return merge_tombstones(*(read_tombstones(folder) for folder in [snapshot, out, *beside]))
