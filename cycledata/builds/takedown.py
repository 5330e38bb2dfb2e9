"""Make a build without some works, from its own files alone, with a tombstone for each paper."""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from cycledata.builds.row_shards import RowWriter, read_batches, write_splits
from cycledata.builds.runner import DATASETS, finish
from cycledata.builds.staged_rows import (
    CONSENT_SCHEMA,
    DROPPED_SCHEMA,
    MATCHES,
    MATCHES_SCHEMA,
    WORKS,
    WORKS_SCHEMA,
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
from cycledata.consent.works import WorkIndex, read_work_id, work_keys
from cycledata.datasets.spec import DatasetSpec
from cycledata.datasets.text_cache import forget_texts
from cycledata.errors import BuildError
from cycledata.files import growing_folder
from cycledata.formats.paper_text import cited_works, parse_messages, render_messages
from cycledata.formats.unreadable import Unreadable
from cycledata.load import BuildManifest, verify_build
from cycledata.manifest import FilePin, fingerprint, pin_file
from cycledata.parquet_files import iterate_parquet
from cycledata.records import Message, Reference
from cycledata.snapshot.sealed import SealedSnapshot
from cycledata.stages.references import ARXIV_PREFIX

_ARXIV_IN_BIBTEX = re.compile(r"(?<![\d.])(\d{4}\.\d{4,5})(?!\d)")
_DOI_IN_BIBTEX = re.compile(r"10\.\d{4,9}/[^\s\"{},]{1,200}")
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
    gone = names & index.keys_of.keys()
    stones = [
        Tombstone(
            paper_id=paper_id,
            reason=reason,
            date=date,
            keys=tuple(sorted(index.keys_of.get(paper_id, frozenset()))),
        )
        for paper_id in sorted(gone | {name for name in named if not index.papers_of(name)})
    ]
    tombstones = merge_tombstones(read_tombstones(build), stones)
    snapshots = _snapshots(manifest, snapshot, cache)
    inputs = {
        **manifest.inputs,
        "parent": manifest.fingerprint,
        "tombstones": [stone.model_dump(mode="json") for stone in tombstones],
    }
    with growing_folder(out) as folder:
        configs, pins = _rewrite_data(build, folder, manifest, dataset, gone, names)
        kept = set(_paper_ids(folder, pins))
        dropped, n_dropped = _rewrite_dropped(build, folder, gone)
        pins.append(pin_file(folder, "dropped.parquet", n_dropped))
        withheld, published, n_verdicts = _rewrite_consent(build, folder, gone, names)
        pins.append(pin_file(folder, "consent.parquet", n_verdicts))
        for name, schema in ((WORKS, WORKS_SCHEMA), (MATCHES, MATCHES_SCHEMA)):
            pins.append(pin_file(folder, name, _rewrite_table(build, folder, name, schema, gone)))
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
        # Before the build takes its name: a kill in between loses no tombstone.
        for place in snapshots:
            add_tombstones(place, tombstones)
        made = finish(folder, dataset, manifest.model_copy(update=changed))
    if cache is not None:
        forget_texts(cache, names)
    taken = tuple(stone.paper_id for stone in stones)
    not_in_build = tuple(i for i in taken if i not in index.keys_of)
    return TakedownReport(made, taken, not_in_build, snapshots)


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
    keys: defaultdict[str, set[str]] = defaultdict(set)
    for paper_id in _paper_ids(build, manifest.files):
        keys[paper_id] = set()
    for row in iterate_parquet(build / WORKS):
        keys[str(row["paper_id"])].add(str(row["key"]))
    for stone in read_tombstones(build):
        if stone.paper_id in keys:
            keys[stone.paper_id] |= set(stone.keys)
    return dict(keys)


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
        ids = sorted({*index.keys_of, *(e for e in elsewhere if not e.startswith("title"))})
        shown = "; ".join(_nearest(name, ids) for name in missing[:MAX_PROBLEMS])
        more = f" and {len(missing) - MAX_PROBLEMS} more" if len(missing) > MAX_PROBLEMS else ""
        raise BuildError(
            f"{build}: no paper matches {shown}{more}; nothing was written. Correct the ids, or "
            "give --snapshot with the snapshot that has the papers"
        )
    return frozenset(found)


def _nearest(name: str, known: Sequence[str]) -> str:
    """Return a name as a message shows it, with the ids that it resembles."""
    plain = {i.casefold(): i for i in known}
    wanted = re.sub(r"[^\w.:/-]", "", name.rpartition("=")[2]).casefold()
    near = [plain[match] for match in get_close_matches(wanted, plain, n=3, cutoff=0.5)]
    return f"{name!r}" + (f" (nearest: {', '.join(near)})" if near else "")


def _paper_ids(folder: Path, pins: Iterable[FilePin]) -> Iterator[str]:
    """Yield every paper id of the tables among some files."""
    for pin in pins:
        if pin.path.endswith(".parquet"):
            for row in iterate_parquet(folder / pin.path, ["paper_id"]):
                yield str(row["paper_id"])


def _cited_keys(build: Path, manifest: BuildManifest) -> set[str]:
    """Return the keys of all works that rows of the build cite."""
    found: set[str] = set()
    schema = DATASETS[manifest.dataset].schemas["default"]
    if "references" in schema.names:
        for split in manifest.configs.get("default", ()):
            for pin in manifest.files_of("default", split):
                for row in iterate_parquet(build / pin.path, ["references"]):
                    found.update(*map(_reference_keys, _references(row)))
    return found


def _references(row: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list(row.get("references") or ())


def _reference_keys(reference: Mapping[str, Any]) -> tuple[str, ...]:
    bibtex, name = str(reference.get("bibtex") or ""), str(reference.get("paper_id") or "")
    on_arxiv = name.removeprefix(ARXIV_PREFIX) if name.startswith(ARXIV_PREFIX) else None
    return work_keys(
        arxiv_ids=[*_ARXIV_IN_BIBTEX.findall(bibtex), on_arxiv],
        dois=_DOI_IN_BIBTEX.findall(bibtex),
        scholar_ids=[None if on_arxiv else name or None],
        title=reference.get("title"),
    )


def _rewrite_data(
    build: Path,
    out: Path,
    manifest: BuildManifest,
    dataset: DatasetSpec[Any],
    gone: AbstractSet[str],
    names: AbstractSet[str],
) -> tuple[dict[str, dict[str, int]], list[FilePin]]:
    """Copy every config without the papers that are taken down; the others keep their splits."""
    pins: list[FilePin] = []
    configs: dict[str, dict[str, int]] = {}
    for config in manifest.configs:
        files = {split: manifest.files_of(config, split) for split in manifest.configs[config]}
        split_of = {
            paper_id: split
            for split, pinned in files.items()
            for paper_id in _paper_ids(build, pinned)
            if paper_id not in gone
        }
        paths = [build / pin.path for pinned in files.values() for pin in pinned]
        schema = _schema_of(paths, dataset.schemas[config])
        read = partial(_batches_without, paths, schema, names)
        configs[config], of_config = write_splits(out, config, schema, read, split_of)
        pins.extend(of_config)
    return configs, pins


def _schema_of(paths: Sequence[Path], current: pa.Schema) -> pa.Schema:
    """Return the schema to write: this version's, or the files' own if they have other columns."""
    import pyarrow.parquet as pq

    if not paths:
        return current
    written = pq.read_schema(paths[0])
    same = _column_types(written) == _column_types(current)
    return current if same else written.remove_metadata()


def _column_types(schema: pa.Schema) -> list[tuple[str, str]]:
    # Parquet names the items of a list "element", pyarrow "item".
    return [(field.name, str(field.type).replace("element: ", "item: ")) for field in schema]


def _batches_without(
    paths: Sequence[Path], schema: pa.Schema, names: AbstractSet[str]
) -> Iterator[pa.RecordBatch]:
    """Yield all batches; abstracts of cited works with one of the names are removed."""
    cites = "references" in schema.names and "messages" in schema.names
    for path in paths:
        for batch in read_batches(path):
            rows = batch.to_pylist() if cites else []
            changed = [_without_abstracts(row, names) for row in rows]
            if any(row is not None for row in changed):
                merged = [new or old for new, old in zip(changed, rows, strict=True)]
                yield from pa.Table.from_pylist(merged, schema=schema).to_batches()
            else:
                yield batch


def _without_abstracts(row: dict[str, Any], names: AbstractSet[str]) -> dict[str, Any] | None:
    """Return the row without the abstracts of works with one of the names; None if it has none."""
    hits = [
        reference["abstract"] is not None and not names.isdisjoint(_reference_keys(reference))
        for reference in _references(row)
    ]
    if not any(hits):
        return None
    references = [
        {**reference, "abstract": None} if hit else reference
        for reference, hit in zip(_references(row), hits, strict=True)
    ]
    text = parse_messages([Message.model_validate(message) for message in row["messages"]])
    if isinstance(text, Unreadable):
        raise BuildError(f"row of {row['paper_id']}: its messages cannot be parsed; build it again")
    works = cited_works([Reference.model_validate(reference) for reference in references])
    messages = render_messages(text.model_copy(update={"references": works}))
    return {
        **row,
        "references": references,
        "messages": [message.model_dump() for message in messages],
    }


def _rewrite_dropped(build: Path, out: Path, gone: AbstractSet[str]) -> tuple[dict[str, int], int]:
    """Copy the reasons, with ``takedown`` as the only reason of the papers taken down."""
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
    build: Path, out: Path, gone: AbstractSet[str], names: Collection[str]
) -> tuple[dict[str, int], dict[str, int], int]:
    """Copy the verdicts without those of the papers taken down; withhold their abstracts."""
    writer = RowWriter(out / "consent.parquet", CONSENT_SCHEMA)
    withheld: Counter[str] = Counter()
    published: Counter[str] = Counter()
    for row in iterate_parquet(build / "consent.parquet"):
        if row["paper_id"] in gone:
            continue
        scholar_id = str(row["source"]).rpartition("semantic_scholar paper/")[2].lower()
        arxiv_id = str(row["source"]).rpartition("arxiv metadata/")[2].lower()
        of_work = {f"s2:{scholar_id}", f"arxiv:{arxiv_id}"}
        if row["component"] == "reference_abstracts" and not of_work.isdisjoint(names):
            row = {
                **row,
                "verdict": "withhold",
                "rule": "takedown",
                "evidence": "tombstone",
                "source": FILE,
                "date": "",
            }
        writer.add(row)
        by_rule = withheld if row["verdict"] == "withhold" else published
        by_rule[f"{row['component']}: {row['rule']}"] += 1
    writer.close()
    return dict(sorted(withheld.items())), dict(sorted(published.items())), writer.n_rows


def _rewrite_table(
    build: Path, out: Path, name: str, schema: pa.Schema, gone: AbstractSet[str]
) -> int:
    """Copy a table about papers without those taken down; tombstones have the keys of works."""
    writer = RowWriter(out / name, schema)
    for row in iterate_parquet(build / name):
        if row["paper_id"] not in gone:
            writer.add(row)
    writer.close()
    return writer.n_rows
