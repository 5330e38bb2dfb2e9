"""The columns of every file of a build belong to one schema version.

After a change of columns, raise ``SCHEMA_VERSION`` and run this file as a script; it adds the
columns of the new version to ``columns.json`` and never changes those of an earlier one.
"""

import json
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pytest

from cycledata.builds.runner import DATASETS
from cycledata.builds.staged_rows import (
    CONSENT_SCHEMA,
    DROPPED_SCHEMA,
    MATCHES_SCHEMA,
    WORKS_SCHEMA,
)
from cycledata.records import SCHEMA_VERSION

FILE = Path(__file__).with_name("columns.json")
STEPS = (
    "raise SCHEMA_VERSION in cycledata/records.py, say in CHANGELOG.md what changed, and run"
    " `python tests/cycledata/datasets/test_schema_version.py`"
)
Columns = Mapping[str, Mapping[str, str]]
"""File or config to column to type."""


def current_columns() -> Columns:
    schemas = {
        "dropped.parquet": DROPPED_SCHEMA,
        "consent.parquet": CONSENT_SCHEMA,
        "works.parquet": WORKS_SCHEMA,
        "matches.parquet": MATCHES_SCHEMA,
        **{
            f"{name} {config}": schema
            for name, dataset in DATASETS.items()
            for config, schema in dataset.schemas.items()
        },
    }
    return {where: {field.name: str(field.type) for field in s} for where, s in schemas.items()}


def find_problem(recorded: Mapping[str, Columns], version: int, found: Columns) -> str | None:
    """Return what is wrong with the columns of a version, and what to do, or None."""
    if str(version) not in recorded:
        return (
            f"no columns are recorded for schema version {version}; {STEPS.rpartition(', and ')[2]}"
        )
    expected = recorded[str(version)]
    for where in sorted(expected.keys() | found.keys()):
        before, now = dict(expected.get(where, {})), dict(found.get(where, {}))
        if list(before.items()) != list(now.items()):
            odd = sorted(f"{name}: {type_}" for name, type_ in before.items() ^ now.items())
            changed = ", ".join(odd) or "their order"
            return f"{where}: the columns of schema version {version} changed ({changed}); {STEPS}"
    return None


def test_columns_are_those_of_the_schema_version() -> None:
    recorded = json.loads(FILE.read_text("utf-8"))
    problem = find_problem(recorded, SCHEMA_VERSION, current_columns())
    assert problem is None, problem


SCORES = {"scores": {"paper_id": "string", "year": "int32"}}


@pytest.mark.parametrize(
    ("version", "found", "message"),
    [
        pytest.param(2, SCORES, None, id="same"),
        pytest.param(
            2,
            {"scores": {"paper_id": "string", "year": "int64"}},
            "scores: the columns of schema version 2 changed (year: int32, year: int64); raise",
            id="type",
        ),
        pytest.param(
            2,
            {"scores": {**SCORES["scores"], "field": "string"}},
            "scores: the columns of schema version 2 changed (field: string); raise",
            id="added",
        ),
        pytest.param(
            2,
            {"scores": dict(reversed(SCORES["scores"].items()))},
            "scores: the columns of schema version 2 changed (their order); raise",
            id="order",
        ),
        pytest.param(
            2,
            {**SCORES, "new": {"paper_id": "string"}},
            "new: the columns of schema version 2 changed (paper_id: string); raise",
            id="new-config",
        ),
        pytest.param(
            3,
            SCORES,
            "no columns are recorded for schema version 3; run `python",
            id="not-recorded",
        ),
    ],
)
def test_a_change_of_columns_needs_a_new_version(
    version: int, found: Columns, message: str | None
) -> None:
    problem = find_problem({"2": SCORES}, version, found)
    assert (problem is None) if message is None else (problem or "").startswith(message)


def test_the_cards_types_are_those_of_datasets() -> None:
    from datasets import Features

    from cycledata.builds.cards import list_features

    fields = [
        field for dataset in DATASETS.values() for s in dataset.schemas.values() for field in s
    ]
    fields.append(pa.field("nested", pa.struct([("a", pa.list_(pa.list_(pa.float64())))])))
    for field in fields:
        expected = Features.from_arrow_schema(pa.schema([field]))._to_yaml_list()
        assert list_features([field]) == expected, field


def main() -> None:
    recorded = json.loads(FILE.read_text("utf-8")) if FILE.exists() else {}
    if str(SCHEMA_VERSION) in recorded:
        raise SystemExit(find_problem(recorded, SCHEMA_VERSION, current_columns()) or 0)
    recorded[str(SCHEMA_VERSION)] = current_columns()
    FILE.write_text(json.dumps(recorded, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
