"""Rows of a build while it runs: staging files, reasons, verdicts and counts.

Rows wait in one staging file per config until the split of every paper is known.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from cycledata.builds.row_shards import RowWriter, read_batches, write_splits
from cycledata.consent.policy import Verdict
from cycledata.datasets.spec import DatasetSpec, PaperRows
from cycledata.errors import BuildError
from cycledata.manifest import FilePin, pin_file
from cycledata.parquet_files import iterate_parquet
from cycledata.records import Dropped
from cycledata.stages.split_item import SplitItem

WORKS = "works.parquet"
DROPPED_SCHEMA = pa.schema(
    [(name, pa.string()) for name in ("paper_id", "rule", "detail", "stage")]
)
WORKS_SCHEMA = pa.schema([("paper_id", pa.string()), ("key", pa.string())])
MATCHES = "matches.parquet"
MATCHES_SCHEMA = pa.schema(
    [
        ("paper_id", pa.string()),
        ("arxiv_id", pa.string()),
        ("title", pa.string()),
        ("rule", pa.string()),
        ("score", pa.float64()),
        ("source", pa.string()),
        ("date", pa.string()),
        ("version", pa.int32()),
        ("version_rule", pa.string()),
        ("version_day", pa.date32()),
        ("deadline", pa.date32()),
        ("version_license", pa.string()),
        ("version_abstract", pa.string()),
    ]
)
CONSENT_SCHEMA = pa.schema([(column.name, pa.string()) for column in fields(Verdict)])
PART_STAGES: Final = frozenset({"notes", "text", "references"})
"""Stages whose rows are about a note, a span or a reference of a paper that is kept."""


_DROPPED_COLUMNS = tuple(DROPPED_SCHEMA.names)
_CONSENT_COLUMNS = tuple(CONSENT_SCHEMA.names)


def _columns(record: Dropped | Verdict, names: tuple[str, ...]) -> dict[str, str]:
    return {name: getattr(record, name) for name in names}


@dataclass(slots=True)
class StagedRows:
    """Open files and running totals of one build."""

    dataset: DatasetSpec[Any]
    folder: Path
    counts: Counter[str] = field(
        default_factory=lambda: Counter(papers=0, papers_kept=0, papers_dropped=0)
    )
    dropped_by_rule: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)
    """``"<stage>: <rule>"`` to the first paper left out by it, with the detail."""
    withheld_by_rule: Counter[str] = field(default_factory=Counter)
    published_by_rule: Counter[str] = field(default_factory=Counter)
    split_items: list[SplitItem] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    rows_by_split: dict[str, dict[str, int]] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)
    writers: dict[str, RowWriter] = field(init=False)

    def __post_init__(self) -> None:
        schemas = {
            "dropped.parquet": DROPPED_SCHEMA,
            "consent.parquet": CONSENT_SCHEMA,
            WORKS: WORKS_SCHEMA,
            MATCHES: MATCHES_SCHEMA,
        }
        self.writers = {n: RowWriter(self.folder / n, schema) for n, schema in schemas.items()}
        for config, schema in self.dataset.schemas.items():
            name = _staging(config)
            self.writers[name] = RowWriter(self.folder / name, schema, temporary=True)

    def add(self, papers: Sequence[PaperRows]) -> None:
        """Write the rows of papers to staging files, and their reasons and verdicts."""
        dropped, consent = self.writers["dropped.parquet"], self.writers["consent.parquet"]
        for paper in papers:
            self._count(paper)
            for name, row in paper.all_rows():
                self.writers[_staging(name)].add(row)
            for drop in paper.dropped:
                dropped.add(_columns(drop, _DROPPED_COLUMNS))
            for key in paper.keys:
                self.writers[WORKS].add({"paper_id": paper.paper_id, "key": key})
            self.keys.update(paper.keys)
            if paper.match is not None:
                self.writers[MATCHES].add(asdict(paper.match))
            for verdict in paper.verdicts:
                consent.add(_columns(verdict, _CONSENT_COLUMNS))

    def _count(self, paper: PaperRows) -> None:
        if any(row["paper_id"] != paper.paper_id for _, row in paper.all_rows()):
            raise BuildError(f"{paper.paper_id}: a row has another paper's id; report this")
        configs = paper.configs
        whole = [d for d in paper.dropped if d.stage not in PART_STAGES and "/" not in d.stage]
        # in == kept + dropped, per paper: it has rows, or exactly one reason why not.
        if bool(configs) == bool(whole) or len(whole) > 1:
            raise BuildError(
                f"{paper.paper_id}: rows in {len(configs)} configs and {len(whole)} reasons "
                "for dropping it, expected rows or one reason; report this"
            )
        self.counts["papers"] += 1
        self.counts["papers_kept" if configs else "papers_dropped"] += 1
        for name, n in paper.counts.items():
            self.counts[name] += n
        self.facts.update(paper.facts)
        for verdict in paper.verdicts:
            by_rule = self.published_by_rule if verdict.publishes else self.withheld_by_rule
            by_rule[f"{verdict.component}: {verdict.rule}"] += 1
        for drop in paper.dropped:
            name = f"{drop.stage}: {drop.rule}"
            self.dropped_by_rule[name] += 1
            self.examples.setdefault(name, f"{drop.paper_id}: {drop.detail}")
        if paper.split_item is not None:
            self.split_items.append(paper.split_item)
        elif configs:
            raise BuildError(f"{paper.paper_id}: has rows but no split item; report this")

    def reasons(self) -> dict[str, tuple[int, str]]:
        """Return ``"<stage>: <rule>"`` to the number of its rows and an example."""
        return {name: (n, self.examples[name]) for name, n in self.dropped_by_rule.items()}

    def write_splits(self) -> list[FilePin]:
        """Copy the staged rows into the files of their splits; return the pins of all files."""
        for writer in self.writers.values():
            writer.close()
        pins = [
            pin_file(self.folder, name, self.writers[name].n_rows)
            for name in ("dropped.parquet", "consent.parquet", WORKS, MATCHES)
        ]
        split_of, facts = self.dataset.assign_splits(self.split_items, self.dataset.recipe)
        self.facts.update(facts)
        for config, schema in self.dataset.schemas.items():
            staging = self.folder / _staging(config)
            paper_ids = (str(row["paper_id"]) for row in iterate_parquet(staging, ["paper_id"]))
            self.rows_by_split[config], config_pins = write_splits(
                self.folder, config, schema, read_batches(staging), paper_ids, split_of
            )
            pins.extend(config_pins)
            staging.unlink()
        return pins


def _staging(config: str) -> str:
    return f"staging-{config}.parquet"
