"""Explain what a build has of one paper: rows, reasons, verdicts and their evidence."""

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from cycledata.builds.staged_rows import MATCHES, PART_STAGES, WORKS
from cycledata.consent.policy import Verdict
from cycledata.consent.tombstones import Tombstone, read_tombstones
from cycledata.consent.works import read_work_id, with_nearest
from cycledata.errors import BuildError
from cycledata.load import read_build
from cycledata.matching.version import MatchRecord
from cycledata.parquet_files import iterate_parquet
from cycledata.records import Dropped

_VERDICT = TypeAdapter(Verdict)
_MATCH = TypeAdapter(MatchRecord)


@dataclass(frozen=True, slots=True)
class PaperExplanation:
    """Everything that a build states about one paper."""

    paper_id: str
    places: tuple[str, ...]
    """``"<config>/<split>"`` of each of its rows."""
    dropped: tuple[Dropped, ...]
    """Reasons why the paper, one of its configs or one of its notes was left out."""
    verdicts: tuple[Verdict, ...]
    """Verdict per component, with evidence, source and date."""
    tombstone: Tombstone | None
    """Set if the paper was taken down."""
    match: MatchRecord | None = None
    """The arXiv paper that it is, with the evidence; None if there is no match."""

    @property
    def outcome(self) -> str:
        """Return ``"in"``, ``"in part"`` or ``"out"``."""
        if not self.places:
            return "out"
        whole = all(verdict.publishes for verdict in self.verdicts)
        left_out = any(drop.stage not in PART_STAGES for drop in self.dropped)
        return "in" if whole and not left_out else "in part"

    def match_as_json(self) -> dict[str, object] | None:
        """Return the match as JSON values, or None if there is none."""
        if self.match is None:
            return None
        return dict(_MATCH.dump_python(self.match, mode="json"))


def explain(build: Path, paper_id: str) -> PaperExplanation:
    """Return everything that a build states about one paper.

    Raises:
        BuildError: the build does not mention the paper.
        VerifyError: not a finished build.
    """
    manifest = read_build(build)
    paper_id = find_paper(build, paper_id)
    places = tuple(
        f"{config}/{split}"
        for config, splits in manifest.configs.items()
        for split in splits
        for pin in manifest.files_of(config, split)
        if any(r["paper_id"] == paper_id for r in iterate_parquet(build / pin.path, ["paper_id"]))
    )
    dropped = tuple(Dropped(**row) for row in _rows(build / "dropped.parquet", paper_id))
    verdicts = tuple(
        _VERDICT.validate_python(row) for row in _rows(build / "consent.parquet", paper_id)
    )
    stones = {stone.paper_id: stone for stone in read_tombstones(build)}
    matches = (row for row in iterate_parquet(build / MATCHES) if row["paper_id"] == paper_id)
    match = next((_MATCH.validate_python(row) for row in matches), None)
    return PaperExplanation(paper_id, places, dropped, verdicts, stones.get(paper_id), match)


def find_paper(build: Path, name: str) -> str:
    """Return the id of the paper that a name means: its id, or an arXiv id, DOI or URL of it.

    Raises:
        BuildError: the build does not mention the paper, and the message has the nearest ids, or
            several papers have this arXiv id or DOI.
        VerifyError: not a finished build.
    """
    read_build(build)
    stones = read_tombstones(build)
    known = {stone.paper_id for stone in stones}
    for file in ("dropped.parquet", "consent.parquet"):
        known.update(str(row["paper_id"]) for row in iterate_parquet(build / file, ["paper_id"]))
    by_key: defaultdict[str, set[str]] = defaultdict(set)
    for stone in stones:
        for key in stone.names:
            by_key[key].add(stone.paper_id)
    for row in iterate_parquet(build / WORKS):
        known.add(str(row["paper_id"]))
        by_key[str(row["key"])].add(str(row["paper_id"]))
    for meant in filter(None, (name, read_work_id(name))):
        if meant in known:
            return meant
        if len(by_key[meant]) > 1:
            papers = ", ".join(sorted(by_key[meant]))
            raise BuildError(f"{build}: {name!r} names the papers {papers}; give the id of one")
        if by_key[meant]:
            return by_key[meant].pop()
    raise BuildError(
        f"{build}: expected the id of a paper, kept or dropped, found {with_nearest(name, known)}; "
        f"`cycledata export {build} --columns paper_id` lists the ids"
    )


def _rows(path: Path, paper_id: str) -> list[dict[str, str]]:
    return [
        {name: str(value) for name, value in row.items()}
        for row in iterate_parquet(path)
        if row["paper_id"] == paper_id
    ]
