"""Ask a model for outlines of the papers of an open snapshot that a build would include."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from cycledata.consent.tombstones import read_tombstones
from cycledata.datasets.research14k.recipe import Research14kRecipe
from cycledata.datasets.research14k.select import (
    SelectedPaper,
    SelectionCriteria,
    entry_keys,
    first_entries,
    select_paper,
)
from cycledata.errors import SnapshotError
from cycledata.outlines.ask import OutlineReport
from cycledata.outlines.prompt import PaperToOutline
from cycledata.records import Dropped
from cycledata.snapshot.open import OpenSnapshot

Ask = Callable[[Iterable[PaperToOutline], OpenSnapshot], OutlineReport]
"""`extract_outlines` or `extract_outlines_on_ray` with all arguments but papers and snapshot."""


@dataclass(frozen=True, slots=True)
class OutliningReport:
    """Result for the listed papers that were considered."""

    asked: OutlineReport
    """Result for papers that a build would include."""
    not_asked: Mapping[str, int]
    """Number of papers that a build would drop, by `stage: rule`."""


def outline_papers(
    snapshot: OpenSnapshot,
    ask: Ask,
    *,
    limit: int | None = None,
    cache: Path | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> OutliningReport:
    """Ask for the outline of every listed paper that Research-14k would include, by id.

    Args:
        snapshot: has the sources of the papers; conversations are recorded in it.
        ask: asks about papers and records the conversations; its errors are passed on.
        limit: maximum number of papers, including those with a recorded outline.
        cache: folder of parsed texts, shared with builds.
        on_progress: called with papers considered and papers listed.

    Raises:
        SnapshotError: the snapshot has no list of accepted papers.
    """
    keys = entry_keys(snapshot)
    if not keys:
        raise SnapshotError(
            f"{snapshot.path}: no list of accepted papers in it; run"
            f" `cycledata fetch research-14k --snapshot {snapshot.path}` first"
        )
    gone = frozenset(name for s in read_tombstones(snapshot.path) for name in s.names)
    criteria = SelectionCriteria(Research14kRecipe(), gone, first_entries(snapshot).get)
    not_asked: Counter[str] = Counter()

    def papers() -> Iterator[PaperToOutline]:
        for n_before, (_, key) in enumerate(sorted(keys.items())):
            if on_progress is not None:
                on_progress(n_before, len(keys))
            selected = select_paper(snapshot, key, criteria, cache)
            if isinstance(selected, Dropped):
                not_asked[f"{selected.stage}: {selected.rule}"] += 1
            else:
                yield _to_outline(selected)

    asked = ask(islice(papers(), limit), snapshot)
    return OutliningReport(asked, dict(sorted(not_asked.items())))


def _to_outline(selected: SelectedPaper) -> PaperToOutline:
    paper = selected.paper
    return PaperToOutline(
        paper_id=selected.entry.paper_id,
        source=selected.source,
        title=paper.title or selected.entry.title,
        abstract=paper.abstract or selected.candidate.abstract,
        sections=paper.sections,
    )
