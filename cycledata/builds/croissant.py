"""Write the Croissant 1.1 metadata of a build, with its provenance and conditions of use.

Provenance (PROV) comes from the manifest: snapshot, policy and code that made the build.
Conditions of use (ODRL) come from ``consent.parquet``: one permission per component and license.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from cycledata.consent.evidence import read_license
from cycledata.datasets.spec import DatasetSpec
from cycledata.files import canonical_json, write_file
from cycledata.load import BuildManifest

CROISSANT_VERSION = "http://mlcommons.org/croissant/1.1"
_PROHIBITED = (
    "writing official peer reviews or submissions without disclosure",
    "identifying reviewers",
)
"""Purposes that the form before a gated download excludes."""


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
        "usageInfo": _conditions_of_use(folder / "consent.parquet"),
        **_provenance(manifest),
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


def _provenance(manifest: BuildManifest) -> dict[str, Any]:
    """Return where the build comes from; without dates, so that equal builds are equal files."""
    snapshot = str(manifest.inputs["snapshot"])
    inputs = {
        "snapshot": snapshot,
        "policy": str(manifest.inputs["policy"]),
        "code": str(manifest.inputs["code"]),
    }
    return {
        "prov:wasDerivedFrom": {
            "@id": f"urn:sha256:{snapshot}",
            "@type": "prov:Entity",
            "prov:label": "recorded replies of the data services",
        },
        "prov:wasGeneratedBy": {
            "@id": f"urn:sha256:{manifest.fingerprint}",
            "@type": "prov:Activity",
            "prov:label": f"cycledata build {manifest.dataset}",
            "prov:used": [
                {"@id": f"urn:sha256:{value}", "@type": "prov:Entity", "prov:label": name}
                for name, value in inputs.items()
            ],
        },
    }


def _conditions_of_use(consent: Path) -> dict[str, Any]:
    """Return one permission per component and license of the published texts, and what is barred.

    mlcroissant loads `usageInfo` and checks nothing in it, so it is written as plain JSON-LD.
    """
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    names = ["component", "rule", "evidence"]
    verdicts = pq.read_table(consent, columns=[*names, "verdict"])
    published = verdicts.filter(pc.field("verdict") == "publish").group_by(names)
    grouped = published.aggregate([([], "count_all")]).select([*names, "count_all"])
    counts: dict[tuple[str, str], int] = {}
    for component, rule, evidence, n in zip(
        *(column.to_pylist() for column in grouped), strict=True
    ):
        known = read_license(evidence)
        basis = rule if known is None else known.name
        counts[component, basis] = counts.get((component, basis), 0) + n
    return {
        "@type": ["CreativeWork", "odrl:Offer"],
        "name": "Conditions of use by component; consent.parquet has the evidence of each paper",
        "odrl:permission": [
            _permission(component, basis, n) for (component, basis), n in sorted(counts.items())
        ],
        "odrl:prohibition": [
            {
                "@type": "odrl:Prohibition",
                "name": purpose,
                "odrl:action": {"@id": "odrl:use"},
                "odrl:constraint": [
                    {
                        "@type": "odrl:Constraint",
                        "odrl:leftOperand": {"@id": "odrl:purpose"},
                        "odrl:operator": {"@id": "odrl:eq"},
                        "odrl:rightOperand": purpose,
                    }
                ],
            }
            for purpose in _PROHIBITED
        ],
    }


def _permission(component: str, basis: str, n_decisions: int) -> dict[str, Any]:
    permission = {
        "@type": "odrl:Permission",
        "name": f"{component}: {basis}, {n_decisions} decisions",
        "odrl:target": component,
        "odrl:action": {"@id": "odrl:use"},
    }
    if not basis.startswith("CC-BY"):
        return permission
    duty = {"@type": "odrl:Duty", "odrl:action": {"@id": "odrl:attribute"}}
    return {**permission, "odrl:duty": duty}


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
    "odrl": "http://www.w3.org/ns/odrl/2/",
    "path": "cr:path",
    "personalSensitiveInformation": "cr:personalSensitiveInformation",
    "prov": "http://www.w3.org/ns/prov#",
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
