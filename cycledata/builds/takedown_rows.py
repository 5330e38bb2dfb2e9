"""Copies of a build's tables without the works that are taken down."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa

from cycledata.builds.row_shards import RowWriter, read_batches, write_splits
from cycledata.builds.staged_rows import CONSENT_SCHEMA, DROPPED_SCHEMA
from cycledata.consent.tombstones import FILE
from cycledata.consent.works import work_keys
from cycledata.datasets.spec import DatasetSpec
from cycledata.errors import BuildError
from cycledata.formats.paper_text import cited_works, parse_messages, render_messages
from cycledata.formats.unreadable import Unreadable
from cycledata.load import BuildManifest
from cycledata.manifest import FilePin
from cycledata.parquet_files import iterate_parquet
from cycledata.records import Message, Reference
from cycledata.stages.references import ARXIV_PREFIX

_ARXIV_IN_BIBTEX = re.compile(r"(?<![\d.])(\d{4}\.\d{4,5})(?!\d)")
_DOI_IN_BIBTEX = re.compile(r"10\.\d{4,9}/[^\s\"{},]{1,200}")


def paper_ids_of(folder: Path, pins: Iterable[FilePin]) -> Iterator[str]:
    """Yield every paper id of the tables among some files."""
    for pin in pins:
        if pin.path.endswith(".parquet"):
            for row in iterate_parquet(folder / pin.path, ["paper_id"]):
                yield str(row["paper_id"])


def references_of(row: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the cited works of a row."""
    return list(row.get("references") or ())


def reference_keys(reference: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the keys of the work that a reference names."""
    bibtex, name = str(reference.get("bibtex") or ""), str(reference.get("paper_id") or "")
    on_arxiv = name.removeprefix(ARXIV_PREFIX) if name.startswith(ARXIV_PREFIX) else None
    return work_keys(
        arxiv_ids=[*_ARXIV_IN_BIBTEX.findall(bibtex), on_arxiv],
        dois=_DOI_IN_BIBTEX.findall(bibtex),
        scholar_ids=[None if on_arxiv else name or None],
        title=reference.get("title"),
    )


def copy_data(
    build: Path,
    out: Path,
    manifest: BuildManifest,
    dataset: DatasetSpec[Any],
    removed: AbstractSet[str],
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
            for paper_id in paper_ids_of(build, pinned)
            if paper_id not in removed
        }
        paths = [build / pin.path for pinned in files.values() for pin in pinned]
        schema = _schema_of(paths, dataset.schemas[config])
        batches = _batches_without(paths, schema, names)
        paper_ids = chain.from_iterable(paper_ids_of(build, pinned) for pinned in files.values())
        configs[config], of_config = write_splits(out, config, schema, batches, paper_ids, split_of)
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
        reference["abstract"] is not None and not names.isdisjoint(reference_keys(reference))
        for reference in references_of(row)
    ]
    if not any(hits):
        return None
    references = [
        {**reference, "abstract": None} if hit else reference
        for reference, hit in zip(references_of(row), hits, strict=True)
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


def copy_dropped(build: Path, out: Path, removed: AbstractSet[str]) -> tuple[dict[str, int], int]:
    """Copy the reasons, with ``takedown`` as the only reason of the papers taken down."""
    kept = [
        row for row in iterate_parquet(build / "dropped.parquet") if row["paper_id"] not in removed
    ]
    for paper_id in sorted(removed):
        row: dict[str, object] = {"paper_id": paper_id, "rule": "takedown"}
        kept.append({**row, "detail": f"see {FILE}", "stage": "takedown"})
    kept.sort(key=lambda row: str(row["paper_id"]))
    writer = RowWriter(out / "dropped.parquet", DROPPED_SCHEMA)
    for row in kept:
        writer.add(row)
    writer.close()
    by_rule = Counter(f"{row['stage']}: {row['rule']}" for row in kept)
    return dict(sorted(by_rule.items())), len(kept)


def copy_consent(
    build: Path, out: Path, removed: AbstractSet[str], names: Collection[str]
) -> tuple[dict[str, int], dict[str, int], int]:
    """Copy the verdicts without those of the papers taken down; withhold their abstracts."""
    writer = RowWriter(out / "consent.parquet", CONSENT_SCHEMA)
    withheld: Counter[str] = Counter()
    published: Counter[str] = Counter()
    for row in iterate_parquet(build / "consent.parquet"):
        if row["paper_id"] in removed:
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


def copy_table(
    build: Path, out: Path, name: str, schema: pa.Schema, removed: AbstractSet[str]
) -> int:
    """Copy a table about papers without those taken down; tombstones have the keys of works."""
    writer = RowWriter(out / name, schema)
    for row in iterate_parquet(build / name):
        if row["paper_id"] not in removed:
            writer.add(row)
    writer.close()
    return writer.n_rows
