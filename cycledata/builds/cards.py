"""Write the card of a build: the YAML of a Hugging Face dataset and its description.

Counts come from the manifest and types from the schemas that wrote the files.
"""

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa

from cycledata.builds.audit_facts import NAME, audit_line
from cycledata.datasets.spec import DatasetSpec
from cycledata.files import write_file
from cycledata.load import BuildManifest
from cycledata.templates import Markdown, cards_folder, render_card

_DTYPES = {"double": "float64", "date32[day]": "date32"}
"""Types of Arrow to their names on cards, where they differ."""


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
        facts={name: in_words(fact) for name, fact in manifest.facts.items() if name != NAME},
        audit=audit_line(manifest.facts[NAME]) if NAME in manifest.facts else None,
        tables={"configs": Markdown(_config_table(manifest))},
    )
    header = yaml.safe_dump(
        _card_data(folder, dataset, manifest), sort_keys=False, allow_unicode=True, width=100
    )
    write_file(folder / "README.md", f"---\n{header}---\n\n{body}".encode())


def in_words(fact: Any) -> str:
    """Return a fact of a manifest as a reader would write it.

    >>> in_words({"soundness": [1, 2, 3, 4], "reverted_on": None})
    'soundness 1, 2, 3, 4; reverted on not stated'
    """
    if fact is None:
        return "not stated"
    if isinstance(fact, dict):
        parts = (f"{name.replace('_', ' ')} {in_words(value)}" for name, value in fact.items())
        return "; ".join(parts)
    if isinstance(fact, list | tuple):
        return ("; " if any(isinstance(each, str) for each in fact) else ", ").join(
            map(in_words, fact)
        )
    return str(fact)


def _config_table(manifest: BuildManifest) -> str:
    lines = ["| config | split | rows |", "| --- | --- | ---: |"]
    lines += [
        f"| {config} | {split} | {n_rows} |"
        for config, splits in manifest.configs.items()
        for split, n_rows in splits.items()
    ]
    return "\n".join(lines)


def _card_data(folder: Path, dataset: DatasetSpec[Any], manifest: BuildManifest) -> dict[str, Any]:
    gating = tomllib.loads((cards_folder() / "gating.toml").read_text(encoding="utf-8"))
    filled = {config: splits for config, splits in manifest.configs.items() if splits}
    default = next(iter(filled), None)
    configs = []
    infos = []
    for config, splits in filled.items():
        data_files = [{"split": split, "path": f"{config}/{split}-*.parquet"} for split in splits]
        entry: dict[str, Any] = {"config_name": config, "data_files": data_files}
        configs.append({**entry, "default": True} if config == default else entry)
        sizes = {split: _sizes(folder, manifest, config, split) for split in splits}
        infos.append(
            {
                "config_name": config,
                "features": list_features(dataset.schemas[config]),
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


def list_features(fields: Iterable[pa.Field]) -> list[dict[str, Any]]:
    """Return columns as a card's YAML states them, like `datasets.Features` (slow to import)."""
    return [{"name": field.name, **_feature(field.type)} for field in fields]


def _feature(type_: pa.DataType) -> dict[str, Any]:
    if pa.types.is_struct(type_):
        return {"struct": list_features(type_)}
    if pa.types.is_list(type_):
        inner = _feature(type_.value_type)
        return {"list": inner.get("dtype") or inner.get("struct") or inner}
    return {"dtype": _DTYPES.get(str(type_), str(type_))}


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
