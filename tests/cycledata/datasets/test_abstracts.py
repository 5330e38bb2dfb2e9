"""The abstract of a Review-5k row: as reviewers saw it, without what gives the decision away."""

import json
from pathlib import Path
from typing import Any

import pytest

from cycledata.datasets.review5k.abstracts import prepare_abstract
from cycledata.datasets.review5k.recipe import Review5kRecipe
from cycledata.parse.openreview import ParsedForum, parse_forum
from cycledata.snapshot.open import OpenSnapshot
from cycledata.snapshot.reply import Reply
from cycledata.snapshot.seal import seal
from cycledata.snapshot.sealed import SealedSnapshot

LATEST = "We fold paper. Code is at https://github.com/fold/paper."
EDITS = {
    "edits": [
        {"tcdate": 900, "note": {"content": {"abstract": {"value": "We fold. Under review."}}}},
        {"tcdate": 2000, "note": {"content": {"abstract": {"value": LATEST}}}},
    ]
}


def snapshot_with(folder: Path, edits: object | None, status: int = 200) -> SealedSnapshot:
    with OpenSnapshot(folder) as snapshot:
        for key, value in (("forum/p", {}), ("edits/p", edits)):
            if value is not None:
                payload = json.dumps(value).encode()
                answered = status if key.startswith("edits") else 200
                snapshot.add(
                    Reply("openreview", key, "file:x", None, answered, "application/json", payload)
                )
    seal(folder)
    return SealedSnapshot.open(folder)


@pytest.fixture(scope="module")
def forum() -> ParsedForum:
    base: dict[str, Any] = {"forum": "p", "readers": ["everyone"], "cdate": 100}
    venue = "ICLR.cc/2024/Conference/-/"
    review = {
        "summary": "s", "strengths": "t", "weaknesses": "w", "questions": "q",
        "rating": "6: marginally above the acceptance threshold", "confidence": "4: c",
    }  # fmt: skip
    notes = [
        base | {"id": "p", "tmdate": 2000, "invitations": [venue + "Submission"],
                "content": {"title": {"value": "T"}, "abstract": {"value": LATEST}}},
        base | {"id": "r", "cdate": 1000, "tmdate": 1000, "replyto": "p",
                "invitations": [venue + "Official_Review"],
                "content": {name: {"value": value} for name, value in review.items()}},
    ]  # fmt: skip
    parsed = parse_forum(json.dumps({"forum": "p", "notes": notes}).encode())
    assert isinstance(parsed, ParsedForum)
    return parsed


@pytest.mark.parametrize(
    ("recipe", "edits", "expected", "rules"),
    [
        ({}, None, "We fold paper.", ["author-link"]),
        ({}, EDITS, "We fold.", ["earlier-abstract", "under-review-header"]),
        ({"cut_abstract_leaks": False}, EDITS, "We fold. Under review.", ["earlier-abstract"]),
        ({"prefer_submitted_abstract": False}, EDITS, "We fold paper.", ["author-link"]),
        ({"cut_abstract_leaks": False}, None, LATEST, []),
    ],
)
def test_the_recipe_says_which_version_is_used_and_whether_leaks_are_cut(
    tmp_path: Path,
    forum: ParsedForum,
    recipe: dict[str, bool],
    edits: object,
    expected: str,
    rules: list[str],
) -> None:
    snapshot = snapshot_with(tmp_path / "s", edits)
    submission, rows = prepare_abstract(snapshot, forum, forum.submission, Review5kRecipe(**recipe))
    assert submission.abstract == expected
    assert [(row.rule, row.stage) for row in rows] == [(rule, "text") for rule in rules]
    # Rows state where and how much, never what the abstract says.
    assert not any("github" in row.detail or "fold" in row.detail for row in rows)


def test_a_refused_reply_about_edits_is_not_read(tmp_path: Path, forum: ParsedForum) -> None:
    snapshot = snapshot_with(tmp_path / "s", EDITS, status=403)
    submission, _ = prepare_abstract(snapshot, forum, forum.submission, Review5kRecipe())
    assert submission.abstract == "We fold paper."
