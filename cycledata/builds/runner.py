"""Build a dataset from a sealed snapshot: Parquet files, reasons, verdicts, card and manifest.

Papers are made in the order of their ids, in chunks, on any engine. Rows wait in staging files
until the split of every paper is known, and are then copied into the splits. Memory has one chunk
per worker and a few strings per paper. Everything is written into a hidden folder beside ``out``
that is renamed at the end: a killed build leaves nothing under ``out``, and the next run starts
again.
"""

import logging
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from cycledata.builds.emptiness import require_papers, require_rows
from cycledata.builds.engines import Engine, map_in_order
from cycledata.builds.staged_rows import WORKS, StagedRows
from cycledata.consent.decisions import redact
from cycledata.consent.policy import Policy
from cycledata.consent.snapshot_places import note_snapshot
from cycledata.consent.tombstones import FILE as TOMBSTONES
from cycledata.consent.tombstones import Tombstone, standing_tombstones, write_tombstones
from cycledata.consent.works import WorkIndex, read_work_id
from cycledata.datasets.spec import BuildContext, DatasetSpec, MakePaper, PaperRows, open_once
from cycledata.datasets.text_cache import code_digest, forget_texts, package_versions
from cycledata.errors import DEFECTS, BuildError, ParseError, defect_shown_by
from cycledata.files import growing_folder
from cycledata.load import MANIFEST, BuildManifest, read_build, verify_build
from cycledata.manifest import FilePin, fingerprint, pin_file, write_manifest
from cycledata.parquet_files import iterate_parquet
from cycledata.records import SCHEMA_VERSION, Dropped
from cycledata.snapshot.sealed import SealedSnapshot

logger = logging.getLogger(__name__)

MAX_RESTARTS = 5
"""Times that a build starts again because papers were taken down meanwhile."""
CHUNK_PAPERS = 32
"""Papers per task; the bytes of a build do not depend on it."""
INVENTED = ("sample", "invented")
"""Service and key of the reply that marks the papers of a snapshot as invented."""


class _Datasets(Mapping[str, DatasetSpec[Any]]):
    """Definitions by name; the modules of a dataset are imported when it is used."""

    _PLACES: Mapping[str, tuple[str, str]] = {
        "review-5k": ("cycledata.datasets.review5k", "REVIEW_5K"),
        "research-14k": ("cycledata.datasets.research14k", "RESEARCH_14K"),
    }

    def __getitem__(self, name: str) -> DatasetSpec[Any]:
        module, attribute = self._PLACES[name]
        spec: DatasetSpec[Any] = getattr(import_module(module), attribute)
        return spec

    def __iter__(self) -> Iterator[str]:
        return iter(self._PLACES)

    def __len__(self) -> int:
        return len(self._PLACES)


DATASETS: Mapping[str, DatasetSpec[Any]] = _Datasets()


@dataclass(frozen=True, slots=True)
class BuildReport:
    """Result of a build."""

    manifest: BuildManifest
    unchanged: bool
    """True if the folder already had this build, verified; nothing was written."""
    unknown_ids: tuple[str, ...]
    """Paper ids of the policy that are missing from the snapshot: perhaps mistyped."""


def build(
    dataset: DatasetSpec[Any],
    snapshot: Path,
    out: Path,
    *,
    policy: Policy,
    engine: Engine = "local",
    n_workers: int = 1,
    cache: Path | None = None,
    on_progress: Callable[[int, int], None] | None = None,
    chunk_papers: int = CHUNK_PAPERS,
    configs: Collection[str] | None = None,
    allow_empty: bool = False,
) -> BuildReport:
    """Build a dataset from a sealed snapshot.

    Args:
        dataset: definition of the dataset, with the recipe to use.
        snapshot: folder of a sealed snapshot; verified first.
        out: folder to write; if it already has the same build, nothing is done.
        policy: what may be published.
        engine: execution backend; the bytes are the same on each.
        n_workers: processes, or Ray tasks at a time.
        cache: folder of parsed texts; the bytes are the same with and without it.
        on_progress: called with papers done and papers in total.
        chunk_papers: papers per task.
        configs: configs to write; None for all. Splits do not depend on it.
        allow_empty: accept builds, configs and splits without rows.

    Raises:
        BuildError: ``out`` has other content, or kept + dropped does not equal the input.
        EmptyBuildError: the build, a config or a split would have no rows; nothing is written.
        SnapshotError, VerifyError: the snapshot is unsealed or differs from its manifest.
    """
    written = _with_configs(dataset, configs)
    named = written.schemas.keys() if configs else written.schemas.keys() - written.extra_configs
    for _ in range(MAX_RESTARTS):
        try:
            return _build_once(
                written,
                snapshot,
                out,
                policy=policy,
                map_chunks=partial(map_in_order, engine=engine, n_workers=n_workers),
                cache=cache,
                on_progress=on_progress,
                chunk_papers=chunk_papers,
                required=frozenset() if allow_empty else frozenset(named),
            )
        except _TombstonesChangedError:
            logger.warning("%s: papers were taken down during the build; building again", out)
    raise BuildError(f"{out}: tombstones keep changing; wait until takedowns end and build again")


def _with_configs(dataset: DatasetSpec[Any], configs: Collection[str] | None) -> DatasetSpec[Any]:
    """Return the dataset with only some of its configs.

    Raises:
        BuildError: the dataset has no such config.
    """
    if not configs:
        return dataset
    for config in configs:
        if config not in dataset.schemas:
            known = ", ".join(dataset.schemas)
            raise BuildError(f"{dataset.name}: no config {config!r}; it has {known}")
    schemas = {name: schema for name, schema in dataset.schemas.items() if name in configs}
    return replace(dataset, schemas=schemas)


class _TombstonesChangedError(Exception):
    """Papers were taken down while a build was running."""


def _build_once(
    dataset: DatasetSpec[Any],
    snapshot: Path,
    out: Path,
    *,
    policy: Policy,
    map_chunks: Callable[..., Iterator[list[PaperRows]]],
    cache: Path | None,
    on_progress: Callable[[int, int], None] | None,
    chunk_papers: int,
    required: Collection[str],
) -> BuildReport:
    """Build once.

    Raises:
        _TombstonesChangedError: the tombstones changed during the build; nothing was written.
    """
    before = _file_states(snapshot)
    open_once.cache_clear()  # its shards may have been replaced since the last build
    sealed = open_once(snapshot.resolve(), SealedSnapshot.open(snapshot).digest)
    if cache is not None and not _is_invented(sealed):
        note_snapshot(cache, sealed.digest, snapshot)
    tombstones = standing_tombstones(out, snapshot)
    inputs = _inputs(dataset, sealed, policy, tombstones)
    finished = _same_build(out, fingerprint(inputs))
    paper_ids = dataset.list_papers(sealed)
    if finished is not None:
        keys = {str(row["key"]) for row in iterate_parquet(out / WORKS)}
        unknown_ids = _unknown_ids(policy, {*paper_ids, *keys})
        return BuildReport(finished, unchanged=True, unknown_ids=unknown_ids)
    if required:
        require_papers(dataset.name, len(paper_ids), snapshot)
    with growing_folder(out) as folder:
        context = BuildContext(
            snapshot_path=snapshot.resolve(),
            snapshot_digest=sealed.digest,
            recipe=dataset.recipe,
            policy=policy,
            tombstones=frozenset().union(*(stone.names for stone in tombstones)),
            scratch=folder / "scratch",
            cache=cache,
            configs=frozenset(dataset.schemas),
        )
        run = StagedRows(dataset, folder)
        context.scratch.mkdir()
        dataset.prepare(context)
        context = extend_to_works(dataset, context, paper_ids)
        if cache is not None:
            opted_out = context.policy.opted_out("paper_text")
            forget_texts(cache, context.tombstones | opted_out)
        chunks = [paper_ids[i : i + chunk_papers] for i in range(0, len(paper_ids), chunk_papers)]
        made = map_chunks(partial(_make_chunk, dataset.make, context), chunks)
        n_done = 0
        for papers in made:
            run.add(papers)
            n_done += len(papers)
            if on_progress is not None:
                on_progress(n_done, len(paper_ids))
        if n_done != len(paper_ids):
            raise BuildError(f"{len(paper_ids)} papers went in, {n_done} came out; report this")
        shutil.rmtree(context.scratch)
        pins = run.write_splits()
        if required:
            require_rows(
                dataset.name,
                run.rows_by_split,
                run.reasons(),
                sealed,
                snapshot,
                required=required,
                facts=run.facts,
            )
        if tombstones:
            write_tombstones(folder, tombstones)
            pins.append(pin_file(folder, TOMBSTONES))
        manifest = finish(folder, dataset, _manifest(run, pins, inputs, sealed, policy))
        if _file_states(snapshot) != before:
            raise BuildError(f"{snapshot}: changed during the build; verify it and start again")
        if standing_tombstones(out, snapshot) != tombstones:
            raise _TombstonesChangedError
    unknown_ids = _unknown_ids(policy, {*paper_ids, *run.keys})
    return BuildReport(manifest, unchanged=False, unknown_ids=unknown_ids)


def extend_to_works(
    dataset: DatasetSpec[Any], context: BuildContext[Any], paper_ids: Sequence[str]
) -> BuildContext[Any]:
    """Return the context with opt-outs and takedowns extended to all ids of their works."""
    if not context.policy.opt_out and not context.tombstones:
        return context
    works: dict[str, tuple[str, ...]] = {}
    unidentified: dict[str, ParseError] = {}
    for paper_id in paper_ids:
        try:
            works[paper_id] = dataset.identify(context, paper_id)
        except DEFECTS as error:
            unidentified[paper_id] = defect_shown_by(error)
    index = WorkIndex.of(works)
    return replace(
        context,
        policy=context.policy.with_works(index),
        tombstones=index.expand(context.tombstones),
        unidentified=unidentified,
    )


def _is_invented(sealed: SealedSnapshot) -> bool:
    return next(sealed.keys(*INVENTED), None) is not None


def _unknown_ids(policy: Policy, known: AbstractSet[str]) -> tuple[str, ...]:
    """Return the ids of a policy that are no id of a paper of the snapshot."""
    named = sorted(policy.named_papers - known)
    return tuple(name for name in named if read_work_id(name) not in known)


def _manifest(
    run: StagedRows,
    pins: Sequence[FilePin],
    inputs: dict[str, Any],
    sealed: SealedSnapshot,
    policy: Policy,
) -> BuildManifest:
    """Return the manifest of the data files, still without card and Croissant metadata."""
    return BuildManifest(
        kind="build",
        dataset=run.dataset.name,
        fingerprint=fingerprint(inputs),
        inputs=inputs,
        invented=_is_invented(sealed),
        shareable=policy.shareable,
        policy_name=policy.name,
        configs={name: run.rows_by_split[name] for name in run.dataset.schemas},
        counts=dict(sorted(run.counts.items())),
        dropped=dict(sorted(run.dropped_by_rule.items())),
        withheld=dict(sorted(run.withheld_by_rule.items())),
        published=dict(sorted(run.published_by_rule.items())),
        facts=dict(sorted(run.facts.items())),
        files=tuple(sorted(pins, key=lambda pin: pin.path)),
    )


def _inputs(
    dataset: DatasetSpec[Any],
    sealed: SealedSnapshot,
    policy: Policy,
    tombstones: Sequence[Tombstone],
) -> dict[str, Any]:
    """Return everything that the bytes of a build depend on; equal inputs are one build."""
    return {
        "dataset": dataset.name,
        "recipe": dataset.recipe.model_dump(mode="json"),
        "configs": list(dataset.schemas),
        "schema_version": SCHEMA_VERSION,
        "snapshot": sealed.digest,
        "policy": policy.sha256,
        "shareable": policy.shareable,
        "tombstones": [stone.model_dump(mode="json") for stone in tombstones],
        "packages": package_versions(),
        "code": code_digest(),
    }


def _file_states(snapshot: Path) -> list[tuple[str, int, int, int]]:
    """Return name, inode, size and time of a snapshot's files, to notice a change."""
    found = [(path.name, path.stat()) for path in sorted(snapshot.glob("*.parquet"))]
    return [(name, stat.st_ino, stat.st_size, stat.st_mtime_ns) for name, stat in found]


def finish(folder: Path, dataset: DatasetSpec[Any], manifest: BuildManifest) -> BuildManifest:
    """Audit a build's texts, write its card and Croissant metadata, then its manifest."""
    from cycledata.builds.audit_facts import NAME, audit_facts, text_files
    from cycledata.builds.cards import write_card
    from cycledata.builds.croissant import write_croissant

    if (audit := audit_facts(text_files(folder, manifest))) is not None:
        manifest = manifest.model_copy(update={"facts": {**manifest.facts, NAME: audit}})
    write_card(folder, dataset, manifest)
    write_croissant(folder, dataset, manifest)
    extra = [pin_file(folder, name) for name in ("README.md", "croissant.json")]
    pins = tuple(sorted([*manifest.files, *extra], key=lambda pin: pin.path))
    manifest = manifest.model_copy(update={"files": pins})
    return write_manifest(folder / MANIFEST, manifest)


def _same_build(out: Path, identity: str) -> BuildManifest | None:
    """Return the manifest in ``out`` if it is this build and intact; None if ``out`` is empty."""
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return None
    if not (out / MANIFEST).is_file():
        raise BuildError(f"{out}: has files but no {MANIFEST}; give --out a new or empty folder")
    manifest = read_build(out)
    if manifest.fingerprint != identity:
        raise BuildError(
            f"{out}: has a build with fingerprint {manifest.fingerprint[:12]}, but this snapshot, "
            f"recipe and policy give {identity[:12]}; give --out another folder"
        )
    return verify_build(out)


def _make_chunk(
    make: MakePaper[Any],
    context: BuildContext[Any],
    paper_ids: Sequence[str],
) -> list[PaperRows]:
    made = (_make_paper(make, context, paper_id) for paper_id in paper_ids)
    return [_selected(paper, context.configs) for paper in made]


def _selected(made: PaperRows, configs: frozenset[str]) -> PaperRows:
    """Return the rows of some configs; the paper keeps its place in the splits."""
    if made.configs <= configs:
        return made
    rows = {config: row for config, row in made.rows.items() if config in configs}
    many_rows = {config: many for config, many in made.many_rows.items() if config in configs}
    selected = replace(made, rows=rows, many_rows=many_rows)
    if selected.configs:
        return selected
    detail = f"has rows only in {', '.join(sorted(made.configs))}"
    other = Dropped(made.paper_id, "other-config", detail, "configs")
    return replace(selected, dropped=(*made.dropped, other))


def _make_paper(make: MakePaper[Any], context: BuildContext[Any], paper_id: str) -> PaperRows:
    if not paper_id or not paper_id.isprintable() or paper_id != paper_id.strip():
        detail = f"expected printable text, found {paper_id[:80]!r}"
        return PaperRows(paper_id, dropped=(Dropped(paper_id, "unusable-id", detail, "parse"),))
    try:
        if paper_id in context.unidentified:
            raise context.unidentified[paper_id]
        made = make(context, paper_id)
    except (ParseError, *DEFECTS) as error:
        # One invalid paper never stops a build; its row states the reason.
        reason = error if isinstance(error, ParseError) else defect_shown_by(error)
        drop = Dropped(paper_id, reason.rule, reason.detail[:300], "parse")
        made = PaperRows(paper_id, dropped=(drop,))
    shown = redact(made.dropped, made.verdicts, context.policy)
    return made if shown == made.dropped else replace(made, dropped=shown)
