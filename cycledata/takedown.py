"""Make a build without some papers, from its own files alone, and leave a tombstone for each."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import pyarrow as pa

from cycledata.build import (
    CONSENT_SCHEMA,
    DATASETS,
    DROPPED_SCHEMA,
    commit_folder,
    finish,
    new_folder,
    write_tombstones,
)
from cycledata.consent.tombstones import FILE, Tombstone, merge_tombstones, read_tombstones
from cycledata.errors import BuildError
from cycledata.files import iterate_parquet
from cycledata.load import BuildManifest, verify_build
from cycledata.manifest import FilePin, fingerprint, pin_file
from cycledata.shards import RowWriter, batches, write_splits


def take_down(
    build: Path, paper_ids: Sequence[str], out: Path, *, reason: str, date: str
) -> BuildManifest:
    """A copy of a build in which some papers are tombstones.

    Every row of theirs leaves the data, the reasons and the evidence; one reason, ``takedown``,
    takes their place.

    Args:
        build: a finished build; verified first, and left as it is.
        paper_ids: who must go; a paper that the build does not hold gets its tombstone too.
        out: a new folder.
        reason: stands in the tombstone, for everyone to read.
        date: ISO 8601 day, likewise.

    Raises:
        BuildError: no ids, or ``out`` is not empty.
        VerifyError: the build is not what its manifest pins.
    """
    if not paper_ids:
        raise BuildError("no paper ids to take down; give a file with one id a line")
    manifest = verify_build(build)
    gone = {i: Tombstone(paper_id=i, reason=reason, date=date) for i in paper_ids}
    tombstones = merge_tombstones(read_tombstones(build), gone.values())
    partial_out = new_folder(out)
    dataset = DATASETS[manifest.dataset]
    pins: list[FilePin] = []
    configs: dict[str, dict[str, int]] = {}
    for config, schema in dataset.schemas.items():
        files = {split: manifest.files_of(config, split) for split in manifest.configs[config]}
        side_of = {
            str(row["paper_id"]): split
            for split, pinned in files.items()
            for pin in pinned
            for row in iterate_parquet(build / pin.path, ["paper_id"])
            if row["paper_id"] not in gone
        }
        paths = [build / pin.path for pinned in files.values() for pin in pinned]
        configs[config], of_config = write_splits(
            partial_out, config, schema, partial(_all_batches, paths), side_of
        )
        pins.extend(of_config)
    dropped, n_dropped = _rewrite_dropped(build, partial_out, gone)
    pins.append(pin_file(partial_out, "dropped.parquet", n_dropped))
    withheld, n_verdicts = _rewrite_consent(build, partial_out, gone)
    pins.append(pin_file(partial_out, "consent.parquet", n_verdicts))
    write_tombstones(partial_out, tombstones)
    pins.append(pin_file(partial_out, FILE))
    inputs = {
        **manifest.inputs,
        "parent": manifest.fingerprint,
        "tombstones": [stone.model_dump(mode="json") for stone in tombstones],
    }
    made = finish(
        partial_out,
        dataset,
        manifest.model_copy(
            update={
                "fingerprint": fingerprint(inputs),
                "inputs": inputs,
                "configs": configs,
                "counts": {**manifest.counts, "papers_taken_down": len(tombstones)},
                "dropped": dropped,
                "withheld": withheld,
                "files": tuple(sorted(pins, key=lambda pin: pin.path)),
            }
        ),
    )
    commit_folder(partial_out, out)
    return made


def _all_batches(paths: Sequence[Path]) -> Iterator[pa.RecordBatch]:
    for path in paths:
        yield from batches(path)


def _rewrite_dropped(
    build: Path, out: Path, gone: Mapping[str, Tombstone]
) -> tuple[dict[str, int], int]:
    """Copy the reasons without those of the papers that are gone, in order of paper id."""
    kept = [
        row for row in iterate_parquet(build / "dropped.parquet") if row["paper_id"] not in gone
    ]
    for stone in gone.values():
        row: dict[str, object] = {"paper_id": stone.paper_id, "rule": "takedown"}
        kept.append({**row, "detail": f"see {FILE}", "stage": "takedown"})
    kept.sort(key=lambda row: str(row["paper_id"]))
    writer = RowWriter(out / "dropped.parquet", DROPPED_SCHEMA)
    for row in kept:
        writer.add(row)
    writer.close()
    by_rule = Counter(f"{row['stage']}: {row['rule']}" for row in kept)
    return dict(sorted(by_rule.items())), len(kept)


def _rewrite_consent(
    build: Path, out: Path, gone: Mapping[str, Tombstone]
) -> tuple[dict[str, int], int]:
    """Copy the verdicts without those of the papers that are gone."""
    writer = RowWriter(out / "consent.parquet", CONSENT_SCHEMA)
    by_rule: Counter[str] = Counter()
    for row in iterate_parquet(build / "consent.parquet"):
        if row["paper_id"] in gone:
            continue
        writer.add(row)
        if row["verdict"] == "withhold":
            by_rule[f"{row['component']}: {row['rule']}"] += 1
    writer.close()
    return dict(sorted(by_rule.items())), writer.n_rows
