"""Types that all datasets share: their definition, the inputs of a build, the rows of a paper."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Generic, TypeVar

import pyarrow as pa

from cycledata.consent.policy import Policy, Verdict
from cycledata.errors import BuildError, ParseError
from cycledata.matching.version import MatchRecord
from cycledata.records import Dropped, Record
from cycledata.snapshot.sealed import SealedSnapshot
from cycledata.stages.split_item import SplitItem
from cycledata.stages.splits import Split

RecipeT = TypeVar("RecipeT", bound=Record)
NO_PAPERS = "Venues of the recipe without papers"
"""Fact of a build whose recipe names venues of which no paper is kept."""
MONTH_ONLY = "Papers of which only the month is known"
"""Fact of a build that is split by day and has papers without one."""


@dataclass(frozen=True, slots=True)
class PaperRows:
    """Everything that a build writes about one paper."""

    paper_id: str
    rows: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Config to row, with values in the types of the config's schema; empty for a dropped paper."""
    many_rows: Mapping[str, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)
    """Config to rows, for configs with any number of rows per paper."""
    dropped: tuple[Dropped, ...] = ()
    """Reasons why the paper, one of its configs or one of its notes was left out."""
    verdicts: tuple[Verdict, ...] = ()
    """Consent verdicts, at least one per component that was decided."""
    split_item: SplitItem | None = None
    """None for a dropped paper. A paper with rows only in configs that are not built keeps it."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """Summed over papers into the manifest, e.g. notes read and reviews kept."""
    keys: tuple[str, ...] = ()
    """Keys of the work, see `consent.works`; rows of ``works.parquet``."""
    match: MatchRecord | None = None
    """The arXiv paper that it is, with the evidence: a row of ``matches.parquet``."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Merged over papers into the manifest, e.g. a venue's rating scale; equal for equal keys."""

    @property
    def configs(self) -> frozenset[str]:
        """Configs in which the paper has rows; empty for a dropped paper."""
        return frozenset(self.rows) | {name for name, many in self.many_rows.items() if many}

    def all_rows(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield config and row of every row."""
        yield from self.rows.items()
        for name, many in self.many_rows.items():
            for row in many:
                yield name, row


@dataclass(frozen=True, slots=True)
class BuildContext(Generic[RecipeT]):
    """Inputs that all papers of one build share; small, because every task carries a copy."""

    snapshot_path: Path
    snapshot_digest: str
    recipe: RecipeT
    policy: Policy
    tombstones: frozenset[str]
    """Paper ids and keys of works that were taken down."""
    scratch: Path
    """Folder with the output of ``DatasetSpec.prepare``; deleted once all papers are made."""
    cache: Path | None
    """Folder of parsed texts; None to parse every text again."""
    configs: frozenset[str] = frozenset()
    """Configs that the build writes."""
    unidentified: Mapping[str, ParseError] = field(default_factory=dict)
    """Papers whose works a defect hides, to the reason: an opt-out might cover them, so none of
    them is made."""

    @property
    def snapshot(self) -> SealedSnapshot:
        """The sealed snapshot, opened once per process; the build verified it before."""
        return open_once(self.snapshot_path, self.snapshot_digest)


@lru_cache(maxsize=4)
def open_once(path: Path, digest: str) -> SealedSnapshot:
    """Return a sealed snapshot whose files a build has verified, the same one for equal arguments.

    Raises:
        BuildError: it has another digest.
    """
    snapshot = SealedSnapshot.open(path, verify=False)
    if snapshot.digest != digest:
        raise BuildError(f"{path}: the snapshot changed during the build; start it again")
    return snapshot


def _prepare_nothing(context: BuildContext[Any]) -> None:
    """Write nothing: most datasets make each paper on its own."""


@dataclass(frozen=True, slots=True)
class DatasetSpec(Generic[RecipeT]):
    """The definition of one dataset: which papers, how to make each one, and their splits."""

    name: str
    """Name on the command line, e.g. ``"review-5k"``."""
    title: str
    """Name on the card."""
    recipe: RecipeT
    """All parameters; recorded in the manifest and part of the build's fingerprint."""
    schemas: Mapping[str, pa.Schema]
    """Config to schema; the first is the default config."""
    task_categories: tuple[str, ...]
    """Task categories of the Hugging Face Hub."""
    list_papers: Callable[[SealedSnapshot], Sequence[str]]
    """Return every paper id in the snapshot, sorted."""
    make: "MakePaper[RecipeT]"
    """Make the rows of one paper: a pure function of the context and the paper id."""
    identify: "IdentifyPaper[RecipeT]"
    """Return the keys of the work that a paper is."""
    assign_splits: Callable[
        [Sequence[SplitItem], RecipeT], tuple[Mapping[str, Split], Mapping[str, Any]]
    ]
    """Return the split of every kept paper, and facts for the card."""
    extra_configs: frozenset[str] = frozenset()
    """Configs that may have no rows, unless a build asks for them by name."""
    prepare: "Prepare[RecipeT]" = _prepare_nothing
    """Read the whole snapshot once and write what ``make`` needs about other papers."""


MakePaper = Callable[[BuildContext[RecipeT], str], PaperRows]
Prepare = Callable[[BuildContext[RecipeT]], None]
IdentifyPaper = Callable[[BuildContext[RecipeT], str], tuple[str, ...]]
