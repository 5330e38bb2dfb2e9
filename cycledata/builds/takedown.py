"""Make a build without some works, from its own files alone, with a tombstone for each paper."""

from collections import defaultdict
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cycledata.builds.runner import DATASETS, finish
from cycledata.builds.staged_rows import (
    MATCHES,
    MATCHES_SCHEMA,
    WORKS,
    WORKS_SCHEMA,
)
from cycledata.builds.takedown_rows import (
    copy_consent,
    copy_data,
    copy_dropped,
    copy_table,
    paper_ids_of,
    reference_keys,
    references_of,
)
from cycledata.consent.snapshot_places import find_snapshots
from cycledata.consent.tombstones import (
    FILE,
    Tombstone,
    add_tombstones,
    merge_tombstones,
    read_tombstones,
    write_tombstones,
)
from cycledata.consent.works import WorkIndex, read_work_id, with_nearest, work_keys
from cycledata.datasets.text_cache import forget_texts
from cycledata.errors import BuildError, ParseError
from cycledata.files import growing_folder
from cycledata.load import BuildManifest, verify_build
from cycledata.manifest import fingerprint, pin_file
from cycledata.parquet_files import iterate_parquet
from cycledata.parse.proceedings import parse_entry
from cycledata.snapshot import keys
from cycledata.snapshot.sealed import SealedSnapshot

MAX_PROBLEMS = 5
"""Ids without a match that an error names."""


@dataclass(frozen=True, slots=True)
class TakedownReport:
    """Result of a takedown."""

    manifest: BuildManifest
    taken_down: tuple[str, ...]
    """Papers with a new tombstone: those named, and the other papers of the same works."""
    not_in_build: tuple[str, ...]
    """Named papers that the build has no row of; they have a tombstone too."""
    snapshots: tuple[Path, ...]
    """Folders of snapshots that got the tombstones, so that every later build obeys them."""


def read_paper_ids(path: Path) -> list[str]:
    """Return the ids of a text file with one per line, each once and sorted.

    Blank lines and lines that start with ``#`` are skipped.

    Raises:
        BuildError: the file is not UTF-8, or has no id.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise BuildError(f"{path}: expected UTF-8 text, one paper id per line ({error})") from error
    names = {line.strip() for line in lines}
    paper_ids = sorted(name for name in names if name and not name.startswith("#"))
    if not paper_ids:
        raise BuildError(f"{path}: no paper id in it; write one per line")
    return paper_ids


def take_down(
    build: Path,
    paper_ids: Sequence[str],
    out: Path,
    *,
    reason: str,
    date: str,
    snapshot: Path | None = None,
    cache: Path | None = None,
) -> TakedownReport:
    """Copy a build without some works.

    Every row about them is removed from the data, the reasons and the evidence, and their abstracts
    from the references of other papers. One reason per paper, ``takedown``, takes their place.

    Args:
        build: a finished build; verified first, and not changed.
        paper_ids: ids of the works, in any form that `works.read_work_id` understands.
        out: a new folder.
        reason: published in the tombstone.
        date: ISO 8601 day, published in the tombstone.
        snapshot: folder of a snapshot that gets the tombstones too, so that every later build from
            it obeys them, wherever it is written. The snapshots that the build was made from on
            this machine get them in any case.
        cache: cache folder, which knows these snapshots; the parsed texts of the works are deleted
            from it.

    Raises:
        BuildError: no ids, an id that matches nothing (nothing is written), or ``out`` is not
            empty.
        VerifyError: the build differs from its manifest.
    """
    if not paper_ids:
        raise BuildError("no paper ids to take down; give at least one")
    manifest = verify_build(build)
    dataset = DATASETS[manifest.dataset]
    index = WorkIndex.of(_keys_by_paper(build, manifest))
    named = _resolve(build, manifest, index, paper_ids, snapshot)
    names = index.expand(named)
    removed = names & index.keys_of.keys()
    stones = [
        Tombstone(
            paper_id=paper_id,
            reason=reason,
            date=date,
            keys=tuple(sorted(index.keys_of.get(paper_id, frozenset()))),
        )
        for paper_id in sorted(removed | {name for name in named if not index.papers_of(name)})
    ]
    tombstones = merge_tombstones(read_tombstones(build), stones)
    snapshots = _snapshots(manifest, snapshot, cache)
    inputs = {
        **manifest.inputs,
        "parent": manifest.fingerprint,
        "tombstones": [stone.model_dump(mode="json") for stone in tombstones],
    }
    with growing_folder(out) as folder:
        write_tombstones(folder, tombstones)
        changed = {
            **_copy_tables(build, folder, manifest, removed, names),
            "fingerprint": fingerprint(inputs),
            "inputs": inputs,
        }
        # Before the build takes its name: a kill in between loses no tombstone.
        for place in snapshots:
            add_tombstones(place, tombstones)
        made = finish(folder, dataset, manifest.model_copy(update=changed))
    if cache is not None:
        forget_texts(cache, names)
    taken = tuple(stone.paper_id for stone in stones)
    not_in_build = tuple(i for i in taken if i not in index.keys_of)
    return TakedownReport(made, taken, not_in_build, snapshots)


def _copy_tables(
    build: Path,
    out: Path,
    manifest: BuildManifest,
    removed: AbstractSet[str],
    names: AbstractSet[str],
) -> dict[str, Any]:
    """Copy all tables of a build without some papers, and return the changes of its manifest.

    Args:
        build: the build.
        out: where the tombstones of the copy already are.
        manifest: of the build.
        removed: ids of the papers to leave out.
        names: ids and keys of their works.
    """
    configs, pins = copy_data(build, out, manifest, DATASETS[manifest.dataset], removed, names)
    n_kept = len(set(paper_ids_of(out, pins)))
    dropped, n_dropped = copy_dropped(build, out, removed)
    withheld, published, n_verdicts = copy_consent(build, out, removed, names)
    n_rows = {
        "dropped.parquet": n_dropped,
        "consent.parquet": n_verdicts,
        WORKS: copy_table(build, out, WORKS, WORKS_SCHEMA, removed),
        MATCHES: copy_table(build, out, MATCHES, MATCHES_SCHEMA, removed),
    }
    pins += [pin_file(out, name, rows) for name, rows in n_rows.items()]
    pins.append(pin_file(out, FILE))
    counts = {
        "papers_kept": n_kept,
        "papers_dropped": manifest.counts["papers"] - n_kept,
        "papers_taken_down": len(read_tombstones(out)),
    }
    return {
        "configs": configs,
        "counts": {**manifest.counts, **counts},
        "dropped": dropped,
        "withheld": withheld,
        "published": published,
        "files": tuple(sorted(pins, key=lambda pin: pin.path)),
    }


def _snapshots(
    manifest: BuildManifest, snapshot: Path | None, cache: Path | None
) -> tuple[Path, ...]:
    """Return the folder given and those that this machine built from with the same digest."""
    given = {snapshot.resolve()} if snapshot is not None else set()
    digest = str(manifest.inputs.get("snapshot"))
    noted = find_snapshots(cache, digest) if cache is not None and not manifest.invented else []
    return tuple(sorted({*given, *noted}))


def _keys_by_paper(build: Path, manifest: BuildManifest) -> dict[str, set[str]]:
    """Return every paper id that the tables of a build name, and its keys."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for paper_id in paper_ids_of(build, manifest.files):
        found[paper_id] = set()
    for row in iterate_parquet(build / WORKS):
        found[str(row["paper_id"])].add(str(row["key"]))
    for stone in read_tombstones(build):
        if stone.paper_id in found:
            found[stone.paper_id] |= set(stone.keys)
    return dict(found)


def _resolve(
    build: Path,
    manifest: BuildManifest,
    index: WorkIndex,
    names: Sequence[str],
    snapshot: Path | None,
) -> frozenset[str]:
    """Return the ids and keys that the names mean.

    Raises:
        BuildError: a name matches no paper, cited work or tombstone, nor a paper of the snapshot.
    """
    elsewhere = _cited_keys(build, manifest)
    elsewhere |= {name for stone in read_tombstones(build) for name in stone.names}
    if snapshot is not None:
        sealed = SealedSnapshot.open(snapshot)
        elsewhere |= {i for spec in DATASETS.values() for i in spec.list_papers(sealed)}
        elsewhere |= _listed_dois(sealed)
    known = index.keys_of.keys() | {key for keys in index.keys_of.values() for key in keys}
    found: set[str] = set()
    missing: list[str] = []
    for name in names:
        meant = name if name in known else read_work_id(name)
        if meant is None or not (meant in known or meant in elsewhere):
            missing.append(name)
        else:
            found.add(meant)
    if missing:
        ids = sorted({name for name in (*known, *elsewhere) if not name.startswith("title")})
        shown = "; ".join(with_nearest(name, ids) for name in missing[:MAX_PROBLEMS])
        more = f" and {len(missing) - MAX_PROBLEMS} more" if len(missing) > MAX_PROBLEMS else ""
        raise BuildError(
            f"{build}: no paper matches {shown}{more}; nothing was written. Correct the ids, or "
            "give --snapshot with the snapshot that has the papers"
        )
    return frozenset(found)


def _listed_dois(snapshot: SealedSnapshot) -> set[str]:
    """Return the keys of the DOIs that lists of accepted papers in a snapshot state."""
    found: set[str] = set()
    for reply in snapshot.iter(keys.PROCEEDINGS):
        if not reply.key.startswith("list/"):
            with suppress(ParseError):  # a build has a row that states the reason
                found.update(work_keys(dois=[parse_entry(reply.payload).doi]))
    return found


def _cited_keys(build: Path, manifest: BuildManifest) -> set[str]:
    """Return the keys of all works that rows of the build cite."""
    found: set[str] = set()
    schema = DATASETS[manifest.dataset].schemas["default"]
    if "references" in schema.names:
        for split in manifest.configs.get("default", ()):
            for pin in manifest.files_of("default", split):
                for row in iterate_parquet(build / pin.path, ["references"]):
                    found.update(*map(reference_keys, references_of(row)))
    return found
