"""The runner: a sealed snapshot in; Parquet, reasons, evidence, card and a manifest out.

Papers are made in the order of their ids, a chunk at a time, on any engine; rows wait in staging
files until every paper's side is known, then flow into the splits. Memory holds one chunk a worker
and a few strings a paper. Everything is written into a hidden folder beside ``out`` that takes its
name at the end: a build that was killed does not exist, and the next run starts afresh.
"""

import logging
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from cycledata.builds.engines import Engine, map_in_order
from cycledata.builds.row_shards import RowWriter, batches, write_splits
from cycledata.consent.policy import Policy, Verdict
from cycledata.consent.tombstones import FILE as TOMBSTONES
from cycledata.consent.tombstones import Tombstone, standing_tombstones
from cycledata.datasets.research14k.make import RESEARCH_14K
from cycledata.datasets.review5k.make import REVIEW_5K
from cycledata.datasets.spec import Context, Dataset, Make, Outcome, SplitItem
from cycledata.datasets.text_cache import code_digest, package_versions
from cycledata.errors import BuildError, ParseError
from cycledata.files import canonical_json, growing_folder, write_file
from cycledata.load import MANIFEST, BuildManifest
from cycledata.manifest import FilePin, fingerprint, pin_file, read_manifest, write_manifest
from cycledata.records import SCHEMA_VERSION, Dropped
from cycledata.snapshot.seal import SealedSnapshot

logger = logging.getLogger(__name__)

CHUNK = 32
"""Papers a task; fixed, so that row groups do not depend on the number of workers."""
DROPPED_SCHEMA = pa.schema(
    [(name, pa.string()) for name in ("paper_id", "rule", "detail", "stage")]
)
CONSENT_SCHEMA = pa.schema([(column.name, pa.string()) for column in fields(Verdict)])
PART_STAGES = {"notes", "text", "references"}
"""Stages whose rows are about a note, a span or a reference of a paper that itself goes on."""
INVENTED = ("sample", "invented")
"""Service and key of the reply that labels a snapshot as invented; it travels with the data."""
DATASETS = {dataset.name: dataset for dataset in (REVIEW_5K, RESEARCH_14K)}


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a run did."""

    manifest: BuildManifest
    unchanged: bool
    """The folder already held this very build, verified; nothing was written."""
    strangers: tuple[str, ...]
    """Papers that the policy names and the snapshot does not speak of: perhaps a typing error."""


def build(
    dataset: Dataset,
    snapshot: Path,
    out: Path,
    *,
    policy: Policy,
    engine: Engine = "local",
    n_workers: int = 1,
    cache: Path | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> BuildReport:
    """Build a dataset from a sealed snapshot.

    Args:
        dataset: the recipe.
        snapshot: folder of a sealed snapshot; verified first.
        out: folder to make; may hold the same build already, and then nothing is done.
        policy: what may be published.
        engine: where papers are made; the bytes are the same on each.
        n_workers: processes or Ray tasks at a time.
        cache: folder of texts read before; the bytes are the same with and without it.
        on_progress: called with papers done and papers in all.

    Raises:
        BuildError: ``out`` holds something else, or the books do not balance.
        SnapshotError, VerifyError: the snapshot is unsealed or not what its manifest pins.
    """
    before = _states(snapshot)
    sealed = SealedSnapshot.open(snapshot)
    tombstones = standing_tombstones(out, snapshot)
    inputs = _inputs(dataset, sealed, policy, tombstones)
    finished = _same_build(out, fingerprint(inputs))
    paper_ids = dataset.list_papers(sealed)
    strangers = tuple(sorted(policy.named_papers.difference(paper_ids)))
    if finished is not None:
        return BuildReport(finished, unchanged=True, strangers=strangers)
    gone = frozenset(stone.paper_id for stone in tombstones)
    with growing_folder(out) as folder:
        context = Context(
            snapshot.resolve(), sealed.digest, policy, gone, folder / "scratch", cache
        )
        run = _Run(dataset, folder)
        context.scratch.mkdir()
        dataset.prepare(sealed, context.scratch)
        run.make_papers(context, paper_ids, engine, n_workers, on_progress)
        shutil.rmtree(context.scratch)
        pins = run.write_splits()
        if tombstones:
            write_tombstones(folder, tombstones)
            pins.append(pin_file(folder, TOMBSTONES))
        manifest = _manifest(run, pins, inputs, sealed, policy)
        manifest = finish(folder, dataset, manifest)
        if _states(snapshot) != before:
            raise BuildError(f"{snapshot}: changed during the build; verify it and start again")
    return BuildReport(manifest, unchanged=False, strangers=strangers)


def _manifest(
    run: "_Run",
    pins: Sequence[FilePin],
    inputs: dict[str, Any],
    sealed: SealedSnapshot,
    policy: Policy,
) -> BuildManifest:
    """What pins a build's data files, the card and Croissant still to come."""
    return BuildManifest(
        kind="build",
        dataset=run.dataset.name,
        fingerprint=fingerprint(inputs),
        inputs=inputs,
        invented=next(sealed.keys(*INVENTED), None) is not None,
        shareable=policy.shareable,
        policy_name=policy.name,
        configs={name: run.rows_by_split[name] for name in run.dataset.schemas},
        counts=dict(sorted(run.counts.items())),
        dropped=dict(sorted(run.dropped_by_rule.items())),
        withheld=dict(sorted(run.withheld_by_rule.items())),
        facts=dict(sorted(run.facts.items())),
        files=tuple(sorted(pins, key=lambda pin: pin.path)),
    )


def _inputs(
    dataset: Dataset, sealed: SealedSnapshot, policy: Policy, tombstones: Sequence[Tombstone]
) -> dict[str, Any]:
    """All that decides a build's bytes; equal inputs are one build."""
    return {
        "dataset": dataset.name,
        "recipe": dataset.recipe.model_dump(mode="json"),
        "schema_version": SCHEMA_VERSION,
        "snapshot": sealed.digest,
        "policy": policy.sha256,
        "tombstones": [stone.model_dump(mode="json") for stone in tombstones],
        "packages": package_versions(),
        "code": code_digest(),
    }


def _states(snapshot: Path) -> list[tuple[str, int, int, int]]:
    """What the disk says of a snapshot's files, so that a change during a build is seen."""
    found = [(path.name, path.stat()) for path in sorted(snapshot.glob("*.parquet"))]
    return [(name, stat.st_ino, stat.st_size, stat.st_mtime_ns) for name, stat in found]


def finish(folder: Path, dataset: Dataset, manifest: BuildManifest) -> BuildManifest:
    """Write the card and Croissant of a build's data files, then its manifest, last."""
    from cycledata.builds.cards import write_card, write_croissant

    write_card(folder, dataset, manifest)
    write_croissant(folder, dataset, manifest)
    extra = [pin_file(folder, name) for name in ("README.md", "croissant.json")]
    pins = tuple(sorted([*manifest.files, *extra], key=lambda pin: pin.path))
    manifest = manifest.model_copy(update={"files": pins})
    write_manifest(folder / MANIFEST, manifest)
    return manifest


def write_tombstones(folder: Path, tombstones: Sequence[Tombstone]) -> None:
    """Write the tombstones that a build was made under."""
    rows = {"tombstones": [stone.model_dump(mode="json") for stone in tombstones]}
    write_file(folder / TOMBSTONES, canonical_json(rows, indent=1).encode() + b"\n")


def _same_build(out: Path, identity: str) -> BuildManifest | None:
    """The manifest in ``out`` if it is this very build and intact; None where nothing is there."""
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return None
    if not (out / MANIFEST).is_file():
        raise BuildError(f"{out}: holds files but no {MANIFEST}; give --out a new or empty folder")
    from cycledata.load import verify_build

    manifest = read_manifest(out / MANIFEST, BuildManifest)
    if manifest.fingerprint != identity:
        raise BuildError(
            f"{out}: holds a build with fingerprint {manifest.fingerprint[:12]}, this snapshot, "
            f"recipe and policy give {identity[:12]}; give --out another folder, or delete this one"
        )
    verify_build(out)
    return manifest


def _make_chunk(make: Make, context: Context, paper_ids: Sequence[str]) -> list[Outcome]:
    return [_make(make, context, paper_id) for paper_id in paper_ids]


def _make(make: Make, context: Context, paper_id: str) -> Outcome:
    if not paper_id or not paper_id.isprintable() or paper_id != paper_id.strip():
        detail = f"expected printable text, found {paper_id[:80]!r}"
        return Outcome(paper_id, dropped=(Dropped(paper_id, "unusable-id", detail, "parse"),))
    try:
        return make(context, paper_id)
    except ParseError as error:
        # One bad paper never stops a build; what it was stands in its row.
        drop = Dropped(paper_id, error.rule, error.detail[:300], "parse")
        return Outcome(paper_id, dropped=(drop,))


def _columns(record: Dropped | Verdict, schema: pa.Schema) -> dict[str, str]:
    return {name: getattr(record, name) for name in schema.names}


@dataclass(slots=True)
class _Run:
    """The open files and running totals of one build."""

    dataset: Dataset
    folder: Path
    counts: Counter[str] = field(
        default_factory=lambda: Counter(papers=0, papers_kept=0, papers_dropped=0)
    )
    dropped_by_rule: Counter[str] = field(default_factory=Counter)
    withheld_by_rule: Counter[str] = field(default_factory=Counter)
    split_items: list[SplitItem] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    rows_by_split: dict[str, dict[str, int]] = field(default_factory=dict)
    pins: list[FilePin] = field(default_factory=list)

    def make_papers(
        self,
        context: Context,
        paper_ids: Sequence[str],
        engine: Engine,
        n_workers: int,
        on_progress: Callable[[int, int], None] | None,
    ) -> None:
        """Make every paper; rows go to staging files, reasons and evidence to their own."""
        work = partial(_make_chunk, self.dataset.make, context)
        chunks = (paper_ids[i : i + CHUNK] for i in range(0, len(paper_ids), CHUNK))
        schemas = {
            **{self._staging(name): schema for name, schema in self.dataset.schemas.items()},
            "dropped.parquet": DROPPED_SCHEMA,
            "consent.parquet": CONSENT_SCHEMA,
        }
        writers = {n: RowWriter(self.folder / n, schema) for n, schema in schemas.items()}
        n_done = 0
        for outcomes in map_in_order(work, chunks, engine=engine, n_workers=n_workers):
            for outcome in outcomes:
                self._count(outcome)
                for name, row in outcome.rows.items():
                    writers[self._staging(name)].add(row)
                for drop in outcome.dropped:
                    writers["dropped.parquet"].add(_columns(drop, DROPPED_SCHEMA))
                for verdict in outcome.verdicts:
                    writers["consent.parquet"].add(_columns(verdict, CONSENT_SCHEMA))
            n_done += len(outcomes)
            if on_progress is not None:
                on_progress(n_done, len(paper_ids))
        for writer in writers.values():
            writer.close()
        if n_done != len(paper_ids):
            raise BuildError(f"{len(paper_ids)} papers went in, {n_done} came out; report this")
        for name in ("dropped.parquet", "consent.parquet"):
            self.pins.append(pin_file(self.folder, name, writers[name].n_rows))

    def _staging(self, config: str) -> str:
        return f"staging-{config}.parquet"

    def _count(self, outcome: Outcome) -> None:
        if {row["paper_id"] for row in outcome.rows.values()} - {outcome.paper_id}:
            raise BuildError(f"{outcome.paper_id}: a row bears another paper's id; report this")
        whole = [d for d in outcome.dropped if d.stage not in PART_STAGES and "/" not in d.stage]
        # in == kept + dropped, paper by paper: kept with rows, or dropped for exactly one reason.
        if bool(outcome.rows) == bool(whole) or len(whole) > 1:
            raise BuildError(
                f"{outcome.paper_id}: {len(outcome.rows)} rows and {len(whole)} reasons for "
                "leaving it out, expected rows or one reason; report this"
            )
        self.counts["papers"] += 1
        self.counts["papers_kept" if outcome.rows else "papers_dropped"] += 1
        self.counts.update(outcome.counts)
        self.facts.update(outcome.facts)
        self.dropped_by_rule.update(f"{d.stage}: {d.rule}" for d in outcome.dropped)
        self.withheld_by_rule.update(
            f"{v.component}: {v.rule}" for v in outcome.verdicts if not v.publishes
        )
        if outcome.rows:
            if outcome.split_item is None:
                raise BuildError(f"{outcome.paper_id}: has rows but nothing to split it by")
            self.split_items.append(outcome.split_item)

    def write_splits(self) -> list[FilePin]:
        """Move staged rows into their splits' files; returns the pins of all files so far."""
        sides, facts = self.dataset.assign_splits(self.split_items)
        self.facts.update(facts)
        for config, schema in self.dataset.schemas.items():
            staging = self.folder / self._staging(config)
            self.rows_by_split[config], pins = write_splits(
                self.folder, config, schema, partial(batches, staging), sides
            )
            self.pins.extend(pins)
            staging.unlink()
        return list(self.pins)
