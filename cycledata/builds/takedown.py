"""Make a build without some papers, from its own files alone, and leave a tombstone for each."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from cycledata.builds.row_shards import RowWriter, read_batches, write_splits
from cycledata.builds.runner import (
    CONSENT_SCHEMA,
    DATASETS,
    DROPPED_SCHEMA,
    finish,
)
from cycledata.consent.tombstones import (
    FILE,
    Tombstone,
    merge_tombstones,
    read_tombstones,
    write_tombstones,
)
from cycledata.datasets.spec import DatasetSpec
from cycledata.errors import BuildError
from cycledata.files import growing_folder
from cycledata.load import BuildManifest, verify_build
from cycledata.manifest import FilePin, fingerprint, pin_file
from cycledata.parquet_files import iterate_parquet


@dataclass(frozen=True, slots=True)
class TakedownReport:
    """What a takedown did."""

    manifest: BuildManifest
    unknown_ids: tuple[str, ...]
    """Ids that the build does not mention; they have a tombstone too."""


def read_paper_ids(path: Path) -> list[str]:
    """Ids from a text file with one a line, each once, in order of id; blank lines do not count.

    Raises:
        BuildError: not UTF-8, or no id in it.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise BuildError(f"{path}: expected UTF-8 text, one paper id a line ({error})") from error
    paper_ids = sorted({line.strip() for line in lines if line.strip()})
    if not paper_ids:
        raise BuildError(f"{path}: no paper id in it; write one a line")
    return paper_ids


def take_down(
    build: Path,
    paper_ids: Sequence[str],
    out: Path,
    *,
    reason: str,
    date: str,
    snapshot: Path | None = None,
) -> TakedownReport:
    """A copy of a build in which some papers are tombstones.

    Every row of theirs leaves the data, the reasons and the evidence; one reason, ``takedown``,
    takes their place.

    Args:
        build: a finished build; verified first, and left as it is.
        paper_ids: who must go; a paper that the build does not hold gets its tombstone too.
        out: a new folder.
        reason: stands in the tombstone, for everyone to read.
        date: ISO 8601 day, likewise.
        snapshot: folder of a snapshot that gets the tombstones too, so that every later build from
            it obeys them, wherever it is written.

    Raises:
        BuildError: no ids, or ``out`` is not empty.
        VerifyError: the build is not what its manifest pins.
    """
    if not paper_ids:
        raise BuildError("no paper ids to take down; give at least one")
    manifest = verify_build(build)
    stones = {i: Tombstone(paper_id=i, reason=reason, date=date) for i in paper_ids}
    tombstones = merge_tombstones(read_tombstones(build), stones.values())
    known = set(_paper_ids(build, manifest.files))
    gone = known & stones.keys()
    dataset = DATASETS[manifest.dataset]
    inputs = {
        **manifest.inputs,
        "parent": manifest.fingerprint,
        "tombstones": [stone.model_dump(mode="json") for stone in tombstones],
    }
    with growing_folder(out) as folder:
        configs, pins = _rewrite_data(build, folder, manifest, dataset, gone)
        kept = set(_paper_ids(folder, pins))
        dropped, n_dropped = _rewrite_dropped(build, folder, gone)
        pins.append(pin_file(folder, "dropped.parquet", n_dropped))
        withheld, published, n_verdicts = _rewrite_consent(build, folder, gone)
        pins.append(pin_file(folder, "consent.parquet", n_verdicts))
        write_tombstones(folder, tombstones)
        pins.append(pin_file(folder, FILE))
        n_papers = manifest.counts["papers"]
        of_papers = {"papers_kept": len(kept), "papers_dropped": n_papers - len(kept)}
        changed = {
            "fingerprint": fingerprint(inputs),
            "inputs": inputs,
            "configs": configs,
            "counts": {**manifest.counts, **of_papers, "papers_taken_down": len(tombstones)},
            "dropped": dropped,
            "withheld": withheld,
            "published": published,
            "files": tuple(sorted(pins, key=lambda pin: pin.path)),
        }
        made = finish(folder, dataset, manifest.model_copy(update=changed))
    if snapshot is not None:
        write_tombstones(snapshot, merge_tombstones(read_tombstones(snapshot), tombstones))
    spoken_of = known | {stone.paper_id for stone in read_tombstones(build)}
    return TakedownReport(made, tuple(sorted(stones.keys() - spoken_of)))


def _paper_ids(folder: Path, pins: Iterable[FilePin]) -> Iterator[str]:
    """Every id that the tables among some files name."""
    for pin in pins:
        if pin.path.endswith(".parquet"):
            for row in iterate_parquet(folder / pin.path, ["paper_id"]):
                yield str(row["paper_id"])


def _rewrite_data(
    build: Path,
    out: Path,
    manifest: BuildManifest,
    dataset: DatasetSpec[Any],
    gone: AbstractSet[str],
) -> tuple[dict[str, dict[str, int]], list[FilePin]]:
    """Copy every config without the papers that are gone; the others keep their splits."""
    pins: list[FilePin] = []
    configs: dict[str, dict[str, int]] = {}
    for config, schema in dataset.schemas.items():
        files = {split: manifest.files_of(config, split) for split in manifest.configs[config]}
        split_of = {
            paper_id: split
            for split, pinned in files.items()
            for paper_id in _paper_ids(build, pinned)
            if paper_id not in gone
        }
        paths = [build / pin.path for pinned in files.values() for pin in pinned]
        configs[config], of_config = write_splits(
            out, config, schema, partial(_all_batches, paths), split_of
        )
        pins.extend(of_config)
    return configs, pins


def _all_batches(paths: Sequence[Path]) -> Iterator[pa.RecordBatch]:
    for path in paths:
        yield from read_batches(path)


def _rewrite_dropped(build: Path, out: Path, gone: AbstractSet[str]) -> tuple[dict[str, int], int]:
    """Copy the reasons without those of the papers that are gone, in order of paper id."""
    kept = [
        row for row in iterate_parquet(build / "dropped.parquet") if row["paper_id"] not in gone
    ]
    for paper_id in sorted(gone):
        row: dict[str, object] = {"paper_id": paper_id, "rule": "takedown"}
        kept.append({**row, "detail": f"see {FILE}", "stage": "takedown"})
    kept.sort(key=lambda row: str(row["paper_id"]))
    writer = RowWriter(out / "dropped.parquet", DROPPED_SCHEMA)
    for row in kept:
        writer.add(row)
    writer.close()
    by_rule = Counter(f"{row['stage']}: {row['rule']}" for row in kept)
    return dict(sorted(by_rule.items())), len(kept)


def _rewrite_consent(
    build: Path, out: Path, gone: AbstractSet[str]
) -> tuple[dict[str, int], dict[str, int], int]:
    """Copy the verdicts without those of the papers that are gone."""
    writer = RowWriter(out / "consent.parquet", CONSENT_SCHEMA)
    withheld: Counter[str] = Counter()
    published: Counter[str] = Counter()
    for row in iterate_parquet(build / "consent.parquet"):
        if row["paper_id"] in gone:
            continue
        writer.add(row)
        by_rule = withheld if row["verdict"] == "withhold" else published
        by_rule[f"{row['component']}: {row['rule']}"] += 1
    writer.close()
    return dict(sorted(withheld.items())), dict(sorted(published.items())), writer.n_rows
