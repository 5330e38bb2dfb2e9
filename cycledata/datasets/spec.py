"""What one paper becomes: rows for the configs it enters, and a reason for each one it does not."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from cycledata.consent.policy import Policy, Verdict
from cycledata.errors import BuildError
from cycledata.records import Dropped, Record
from cycledata.snapshot.seal import SealedSnapshot
from cycledata.stages.splits import Split


@dataclass(frozen=True, slots=True)
class SplitItem:
    """What a dataset's split rule needs to know of a kept paper."""

    paper_id: str
    stratum: str
    """Decision, or ``"none"``."""
    likeness: tuple[str, ...]
    """Keys that near-identical papers share."""
    published: dt.date = dt.date.min
    """First public day, where the rule is chronological."""
    works: bytes = b""
    """Digests of 8 bytes: the paper's own title first, then the titles of what it cites."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One paper's way through a dataset's stages."""

    paper_id: str
    rows: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Config to row, values in the types of the config's schema; empty for a dropped paper."""
    dropped: tuple[Dropped, ...] = ()
    """Why the paper, one of its configs or one of its notes was left out."""
    verdicts: tuple[Verdict, ...] = ()
    """One for every component that was decided on."""
    split_item: SplitItem | None = None
    """None for a dropped paper."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """Added up over papers into the manifest, e.g. notes read and reviews kept."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Gathered over papers into the manifest, e.g. a venue's rating scale; alike wherever it is."""


@dataclass(frozen=True, slots=True)
class Context:
    """What every paper of one build shares; small, because it travels with every task."""

    snapshot_path: Path
    snapshot_digest: str
    policy: Policy
    tombstones: frozenset[str]
    scratch: Path
    """Folder of what ``Dataset.prepare`` wrote; gone once all papers are made."""
    cache: Path | None
    """Folder of texts read before; None reads every text afresh."""

    @property
    def snapshot(self) -> SealedSnapshot:
        """The sealed snapshot, opened once a process; the build verified it before."""
        return _opened(self.snapshot_path, self.snapshot_digest)


@lru_cache(maxsize=4)
def _opened(path: Path, digest: str) -> SealedSnapshot:
    snapshot = SealedSnapshot.open(path, verify=False)
    if snapshot.digest != digest:
        raise BuildError(f"{path}: the snapshot changed during the build; start it again")
    return snapshot


@dataclass(frozen=True, slots=True)
class Dataset:
    """The recipe of one dataset: which papers, what becomes of each, which side each stands on."""

    name: str
    """Command-line name, e.g. ``"review-5k"``."""
    title: str
    """As the card prints it."""
    recipe: Record
    """Parameters; part of the build's fingerprint."""
    schemas: Mapping[str, pa.Schema]
    """Config to schema; the first is the default config."""
    task_categories: tuple[str, ...]
    """The hub's words for what it is used for."""
    list_papers: Callable[[SealedSnapshot], Sequence[str]]
    """Every paper id that the snapshot speaks of, sorted."""
    make: "Make"
    """A pure function of the snapshot's bytes, the policy and the id."""
    assign_splits: Callable[[Sequence[SplitItem]], tuple[Mapping[str, Split], Mapping[str, Any]]]
    """Kept papers to sides, and facts for the card."""
    prepare: Callable[[SealedSnapshot, Path], None] = lambda _snapshot, _scratch: None
    """Looks at all papers once, before any is made; writes what ``make`` needs of the others."""


Make = Callable[[Context, str], Outcome]
