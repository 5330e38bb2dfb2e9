"""Builds of Review-5k from venues that the package has never heard of."""

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from cycledata.builds import runner
from cycledata.consent.policy import read_policy
from cycledata.datasets.review5k import REVIEW_5K
from cycledata.datasets.review5k.forms import inferred_venues
from cycledata.parse.openreview import forms_from_invitations
from cycledata.snapshot.open import OpenSnapshot
from cycledata.snapshot.reply import Reply
from cycledata.snapshot.seal import seal

VENUE = "Somewhere.org/2031/Conference"
DAY = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
OPTIONS = [
    {"value": 0, "description": "0: clear reject"},
    {"value": 0.5, "description": "0.5: weak accept"},
    {"value": 1, "description": "1: accept"},
]


def reply(key: str, payload: bytes) -> Reply:
    return Reply("openreview", key, f"file:{key}", DAY, 200, "application/json", payload)


def invitation(rating: str) -> dict[str, Any]:
    field = {"value": {"param": {"type": "float", "enum": OPTIONS}}}
    note = {"note": {"content": {rating: field}}}
    return {
        "id": f"{VENUE}/-/Official_Review",
        "edit": {"invitation": {"edit": note}},
    }


def snapshot_of(path: Path, rating: str, *, invited: bool) -> Path:
    with OpenSnapshot(path) as snapshot:
        for paper in ("p1", "p2"):
            notes = [
                {
                    "id": f"{paper}r{i}",
                    "forum": paper,
                    "readers": ["everyone"],
                    "invitations": [f"{VENUE}/Submission1/-/Official_Review"],
                    "content": {rating: {"value": value}, "views": {"value": "V"}},
                }
                for i, value in enumerate((1, 0, 0.5))
            ]
            payload = json.dumps({"forum": paper, "notes": notes}).encode()
            snapshot.add(reply(f"forum/{paper}", payload))
        if invited:
            form = json.dumps(invitation(rating)).encode()
            snapshot.add(reply(f"invitation/{VENUE}/-/Official_Review", form))
    seal(path)
    return path


def built(snapshot: Path, out: Path, dataset: Any = REVIEW_5K) -> tuple[Any, list[dict[str, Any]]]:
    report = runner.build(dataset, snapshot, out, policy=read_policy(None), allow_empty=True)
    rows = [
        row
        for file in sorted(out.glob("scores/*.parquet"))
        for row in pq.read_table(file).to_pylist()
    ]
    return report.manifest, rows


def test_an_invitation_in_the_snapshot_is_enough(tmp_path: Path) -> None:
    manifest, rows = built(snapshot_of(tmp_path / "s", "verdict", invited=True), tmp_path / "b")
    assert [(row["ratings"], row["rating_scale"], row["accept_threshold"]) for row in rows] == [
        ([0, 0.5, 1], [0, 0.5, 1], 0.5)
    ] * 2
    assert {row["year"] for row in rows} == {2031}
    assert manifest.facts[f"Accept threshold of {VENUE}"] == 0.5
    assert manifest.facts[f"Review form of {VENUE}"].startswith(f"invitation: {VENUE}/-/")
    assert inferred_venues(manifest.facts) == []


def test_without_an_invitation_a_usual_name_is_inferred_and_said(tmp_path: Path) -> None:
    manifest, rows = built(snapshot_of(tmp_path / "s", "rating", invited=False), tmp_path / "b")
    assert [(row["ratings"], row["accept_threshold"]) for row in rows] == [([0, 0.5, 1], None)] * 2
    assert inferred_venues(manifest.facts) == [VENUE]


def test_a_form_of_the_recipe_makes_an_unknown_venue_known(tmp_path: Path) -> None:
    snapshot = snapshot_of(tmp_path / "s", "verdict", invited=False)
    manifest, rows = built(snapshot, tmp_path / "refused")
    assert rows == []
    assert manifest.dropped == {"parse: unknown-form": 2}
    forms = tuple(forms_from_invitations([invitation("verdict")], source="file").values())
    recipe = REVIEW_5K.recipe.model_copy(update={"forms": forms})
    _, rows = built(snapshot, tmp_path / "b", replace(REVIEW_5K, recipe=recipe))
    assert [row["accept_threshold"] for row in rows] == [0.5, 0.5]


def test_a_form_without_a_rating_gives_reviews_if_the_recipe_allows_it(tmp_path: Path) -> None:
    with OpenSnapshot(tmp_path / "s") as snapshot:
        note = {
            "id": "p1r1",
            "forum": "p1",
            "readers": ["everyone"],
            "license": "CC BY 4.0",
            "invitations": ["TMLR/Paper1/-/Review"],
            "content": {
                "summary_of_contributions": {"value": "Sound."},
                "claims_and_evidence": {"value": "Yes"},
            },
        }
        snapshot.add(reply("forum/p1", json.dumps({"forum": "p1", "notes": [note]}).encode()))
    seal(tmp_path / "s")
    manifest, rows = built(tmp_path / "s", tmp_path / "refused")
    assert (manifest.dropped, rows) == ({"filter: too-few-ratings": 1}, [])
    (dropped,) = pq.read_table(tmp_path / "refused" / "dropped.parquet").to_pylist()
    assert "review form without a scale: " in dropped["detail"]
    recipe = REVIEW_5K.recipe.model_copy(update={"min_ratings": 0})
    _, (row,) = built(tmp_path / "s", tmp_path / "b", replace(REVIEW_5K, recipe=recipe))
    assert (row["ratings"], row["n_reviews"], row["rating_scale"]) == ([], 0, None)
    (file,) = (tmp_path / "b").glob("reviews/*.parquet")
    (review,) = pq.read_table(file).to_pylist()[0]["reviews"]
    assert (review["summary"], review["rating"]) == ("Sound.", None)
    assert review["fields"] == [{"name": "claims_and_evidence", "text": "Yes", "value": None}]


@pytest.mark.parametrize("n_workers", [1, 2])
def test_workers_read_the_same_forms(tmp_path: Path, n_workers: int) -> None:
    snapshot = snapshot_of(tmp_path / "s", "rating", invited=False)
    report = runner.build(
        REVIEW_5K,
        snapshot,
        tmp_path / "b",
        policy=read_policy(None),
        n_workers=n_workers,
        chunk_papers=1,
        allow_empty=True,
    )
    assert report.manifest.counts["papers_kept"] == 2
