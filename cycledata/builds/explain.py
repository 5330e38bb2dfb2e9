"""Explain what a build has of one paper: rows, reasons, verdicts and their evidence."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from cycledata.builds.staged_rows import MATCHES, PART_STAGES, WORKS
from cycledata.consent.policy import Verdict
from cycledata.consent.tombstones import Tombstone, read_tombstones
from cycledata.consent.works import read_work_id
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
    paper_id = _meant_paper(build, paper_id)
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
    if not (places or dropped or verdicts or paper_id in stones):
        raise BuildError(
            f"{paper_id}: not found in {build}, kept or dropped; expected a forum id or "
            "the id of an accepted paper, in upper and lower case as the venue writes it"
        )
    matches = (row for row in iterate_parquet(build / MATCHES) if row["paper_id"] == paper_id)
    match = next((_MATCH.validate_python(row) for row in matches), None)
    return PaperExplanation(paper_id, places, dropped, verdicts, stones.get(paper_id), match)


def _meant_paper(build: Path, name: str) -> str:
    """Return the paper id that a name means: itself, or the paper with this arXiv id or URL."""
    stones = read_tombstones(build)
    known = {str(row["paper_id"]) for row in iterate_parquet(build / "dropped.parquet")}
    if name in known or name in {stone.paper_id for stone in stones}:
        return name
    key = read_work_id(name)
    for row in iterate_parquet(build / WORKS):
        if row["paper_id"] == name:
            return name
        if key in {row["key"], row["paper_id"]}:
            return str(row["paper_id"])
    return next((stone.paper_id for stone in stones if key in stone.names), key or name)


def _rows(path: Path, paper_id: str) -> list[dict[str, str]]:
    return [
        {name: str(value) for name, value in row.items()}
        for row in iterate_parquet(path)
        if row["paper_id"] == paper_id
    ]
