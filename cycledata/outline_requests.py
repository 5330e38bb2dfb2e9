"""Ask a model about the papers of an open snapshot, about those alone that a build will take."""

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
"""``extract_outlines`` or ``extract_outlines_on_ray``, everything but the papers filled in."""


@dataclass(frozen=True, slots=True)
class OutliningReport:
    """What became of the listed papers that were looked at."""

    asked: OutlineReport
    """Papers that a build takes."""
    not_asked: Mapping[str, int]
    """Papers that it leaves out, by ``stage: rule``."""


def outline_papers(
    snapshot: OpenSnapshot,
    ask: Ask,
    *,
    limit: int | None = None,
    cache: Path | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> OutliningReport:
    """Ask about every listed paper that passes the rules of Research-14k, in order of their ids.

    Args:
        snapshot: with all that was fetched for the papers; conversations are recorded in it.
        ask: asks about papers and records the conversations; what it raises passes through.
        limit: papers to ask about or to find recorded, at most.
        cache: folder of texts read before, which the build then reads too.
        on_progress: called with papers looked at and papers listed.

    Raises:
        SnapshotError: there is no list of accepted papers in it.
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
