"""Write the card and the Croissant metadata, which make a build a dataset repository.

Counts come from the manifest and types from the schemas that wrote the files.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from cycledata.builds.audit_facts import NAME, audit_line
from cycledata.datasets.spec import DatasetSpec
from cycledata.files import canonical_json, write_file
from cycledata.load import BuildManifest
from cycledata.templates import Markdown, cards_folder, render_card

CROISSANT_VERSION = "http://mlcommons.org/croissant/1.0"


def write_card(folder: Path, dataset: DatasetSpec[Any], manifest: BuildManifest) -> None:
    """Write ``README.md``: the YAML that ``load_dataset`` reads, then the card."""
    import yaml

    recipe = manifest.inputs["recipe"]
    body = render_card(
        f"{dataset.name}.md.jinja",
        title=dataset.title,
        invented=manifest.invented,
        recipe=recipe,
        counts=manifest.counts,
        dropped=manifest.dropped,
        withheld=manifest.withheld,
        published=manifest.published,
        policy_name=manifest.policy_name,
        fingerprint=manifest.fingerprint,
        snapshot=manifest.inputs["snapshot"],
        facts={name: fact for name, fact in manifest.facts.items() if name != NAME},
        audit=audit_line(manifest.facts[NAME]) if NAME in manifest.facts else None,
        tables={"configs": Markdown(_config_table(manifest))},
    )
    header = yaml.safe_dump(
        _card_data(folder, dataset, manifest), sort_keys=False, allow_unicode=True, width=100
    )
    write_file(folder / "README.md", f"---\n{header}---\n\n{body}".encode())


def _config_table(manifest: BuildManifest) -> str:
    lines = ["| config | split | rows |", "| --- | --- | ---: |"]
    lines += [
        f"| {config} | {split} | {n_rows} |"
        for config, splits in manifest.configs.items()
        for split, n_rows in splits.items()
    ]
    return "\n".join(lines)


def _card_data(folder: Path, dataset: DatasetSpec[Any], manifest: BuildManifest) -> dict[str, Any]:
    from datasets import Features

    gating = tomllib.loads((cards_folder() / "gating.toml").read_text(encoding="utf-8"))
    filled = {config: splits for config, splits in manifest.configs.items() if splits}
    default = next(iter(filled), None)
    configs = []
    infos = []
    for config, splits in filled.items():
        data_files = [{"split": split, "path": f"{config}/{split}-*.parquet"} for split in splits]
        entry: dict[str, Any] = {"config_name": config, "data_files": data_files}
        configs.append({**entry, "default": True} if config == default else entry)
        features = Features.from_arrow_schema(dataset.schemas[config])
        sizes = {split: _sizes(folder, manifest, config, split) for split in splits}
        infos.append(
            {
                "config_name": config,
                "features": features._to_yaml_list(),  # noqa: SLF001  the library has no public function for it
                "splits": [
                    {"name": split, "num_bytes": sizes[split][0], "num_examples": n_rows}
                    for split, n_rows in splits.items()
                ],
                "download_size": sum(size[1] for size in sizes.values()),
                "dataset_size": sum(size[0] for size in sizes.values()),
            }
        )
    return {
        "pretty_name": dataset.title,
        "license": "other",
        "license_name": "per-row",
        "license_link": "https://pypi.org/project/cyclekit/",
        "language": ["en"],
        "task_categories": list(dataset.task_categories),
        "tags": [
            "peer-review",
            "openreview",
            "arxiv",
            *(["invented"] if manifest.invented else []),
        ],
        "configs": configs,
        "dataset_info": infos,
        **gating,
    }


def _sizes(folder: Path, manifest: BuildManifest, config: str, split: str) -> tuple[int, int]:
    """Return the bytes of a split in memory, as Parquet counts them, and on disk."""
    import pyarrow.parquet as pq

    in_memory = on_disk = 0
    for pin in manifest.files_of(config, split):
        metadata = pq.read_metadata(folder / pin.path)
        in_memory += sum(
            metadata.row_group(i).total_byte_size for i in range(metadata.num_row_groups)
        )
        on_disk += pin.size_bytes
    return in_memory, on_disk


def write_croissant(folder: Path, dataset: DatasetSpec[Any], manifest: BuildManifest) -> None:
    """Write ``croissant.json``: files with digests, record sets with types, and the RAI fields."""
    distribution: list[dict[str, Any]] = []
    record_sets: list[dict[str, Any]] = []
    for config, splits in manifest.configs.items():
        for split in splits:
            for pin in manifest.files_of(config, split):
                distribution.append(
                    {
                        "@type": "cr:FileObject",
                        "@id": pin.path,
                        "name": pin.path,
                        "contentUrl": pin.path,
                        "contentSize": f"{pin.size_bytes} B",
                        "encodingFormat": "application/x-parquet",
                        "sha256": pin.sha256,
                    }
                )
                name = pin.path.removesuffix(".parquet")
                record_sets.append(
                    {
                        "@type": "cr:RecordSet",
                        "@id": name,
                        "name": name,
                        "description": f"Rows of {pin.path}: config {config}, split {split}.",
                        "field": [
                            _croissant_field(name, field, pin.path)
                            for field in dataset.schemas[config]
                        ],
                    }
                )
    document = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "name": dataset.name,
        "description": f"{dataset.title}, build {manifest.fingerprint}.",
        "conformsTo": CROISSANT_VERSION,
        "license": "Per row, in the column license; reviews as in consent.parquet.",
        "url": "https://pypi.org/project/cyclekit/",
        "version": f"{manifest.schema_version}.0.0",
        "isLiveDataset": False,
        "citeAs": "Weng et al.: CycleResearcher: Improving Automated Research via Automated Review",
        "rai:dataCollection": "Replies of OpenReview and arXiv, frozen in a snapshot.",
        "rai:dataLimitations": "The openly licensed part is small and not a random sample.",
        "rai:personalSensitiveInformation": "Reviewers are pseudonyms within one paper.",
        "rai:dataUseCases": "Training and evaluating automated reviewers; not replacing people.",
        "rai:dataReleaseMaintenancePlan": "Takedowns make a new build and leave a tombstone.",
        "distribution": distribution,
        "recordSet": record_sets,
    }
    text = canonical_json(document, indent=1)
    write_file(folder / "croissant.json", text.encode() + b"\n")


def _croissant_field(parent: str, field: pa.Field, file: str) -> dict[str, Any]:
    kind = field.type
    repeated = pa.types.is_list(kind)
    value = kind.value_type if repeated else kind
    described: dict[str, Any] = {
        "@type": "cr:Field",
        "@id": f"{parent}/{field.name}",
        "name": field.name,
        "repeated": repeated,
        "source": {"fileObject": {"@id": file}, "extract": {"column": field.name.split("/")[0]}},
    }
    if not pa.types.is_struct(value):
        return {**described, "dataType": _croissant_type(value)}
    children = [_croissant_field(described["@id"], child, file) for child in value]
    for child in children:
        child["source"]["extract"]["column"] = field.name
        child["source"]["transform"] = {"jsonPath": f"$.{child['name']}"}
    return {**described, "subField": children}


def _croissant_type(kind: pa.DataType) -> str:
    if pa.types.is_boolean(kind):
        return "sc:Boolean"
    if pa.types.is_integer(kind):
        return "sc:Integer"
    if pa.types.is_floating(kind):
        return "sc:Float"
    if pa.types.is_date(kind):
        return "sc:Date"
    return "sc:Text"


_CONTEXT: Mapping[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataBiases": "cr:dataBiases",
    "dataCollection": "cr:dataCollection",
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "personalSensitiveInformation": "cr:personalSensitiveInformation",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
