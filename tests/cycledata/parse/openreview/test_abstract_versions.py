"""The abstract that reviewers saw, from versions of the submission note or from its edits."""

import json
from typing import Any

import pytest

from cycledata.parse.openreview import ParsedForum, parse_forum, submitted_abstract

VENUE = "ICLR.cc/2024/Conference"
REVIEWED = 1_000


def note(note_id: str, kind: str, created: int, **content: object) -> dict[str, Any]:
    return {
        "id": note_id,
        "forum": "forum",
        "replyto": None if note_id == "forum" else "forum",
        "invitations": [f"{VENUE}/-/{kind}"],
        "readers": ["everyone"],
        "license": "CC BY 4.0",
        "cdate": 100 if note_id == "forum" else created,
        "tmdate": created,
        "content": {name: {"value": value} for name, value in content.items()},
    }


def version(abstract: str, at: int, **changes: object) -> dict[str, Any]:
    return note("forum", "Submission", at, title="T", abstract=abstract) | changes


def forum_of(*versions: dict[str, Any]) -> ParsedForum:
    review = note(
        "r1", "Official_Review", REVIEWED, summary="s", strengths="t", weaknesses="w",
        questions="q", rating="6: marginally above the acceptance threshold", confidence="4: c",
        soundness="3 good", presentation="3 good", contribution="3 good",
    )  # fmt: skip
    parsed = parse_forum(json.dumps({"forum": "forum", "notes": [*versions, review]}).encode())
    assert isinstance(parsed, ParsedForum)
    return parsed


@pytest.mark.parametrize(
    ("versions", "expected"),
    [
        ([version("only", 100)], None),
        ([version("registered", 100), version("camera", 2_000)], "registered"),
        (
            [version("registered", 100), version("submitted", 900), version("camera", 2_000)],
            "submitted",
        ),
        ([version("late", 1_500), version("camera", 2_000)], "late"),
        ([version("secret", 100, readers=["someone"]), version("camera", 2_000)], None),
        ([version("old", 100, license="CC BY-NC 4.0"), version("camera", 2_000)], None),
    ],
)
def test_the_latest_version_before_the_first_review_is_what_reviewers_saw(
    versions: list[dict[str, Any]], expected: str | None
) -> None:
    assert submitted_abstract(forum_of(*versions)) == expected


def edit(abstract: str | None, at: int, **changes: object) -> dict[str, Any]:
    content = {} if abstract is None else {"abstract": {"value": abstract}}
    return {"id": f"e{at}", "tcdate": at, "note": {"id": "forum", "content": content}} | changes


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ({"edits": [edit("registered", 100), edit("submitted", 900), edit("camera", 2_000)]},
         "submitted"),
        ({"edits": [edit("submitted", 900), edit(None, 950), edit("camera", 2_000)]}, "submitted"),
        ({"references": [{"tmdate": 500, "content": {"abstract": "first"}}]}, "first"),
        ({"edits": [edit("secret", 500, readers=["someone"])]}, None),
        ({"edits": [edit("x", True), {"note": 3}, 5, None]}, "x"),
        ({"edits": "none"}, None),
        ([], None),
    ],
)  # fmt: skip
def test_edits_of_the_submission_give_versions_too(reply: object, expected: str | None) -> None:
    forum = forum_of(version("camera", 2_000))
    assert submitted_abstract(forum, json.dumps(reply).encode()) == expected


@pytest.mark.parametrize("payload", [b"", b"{", b"\xff", b"[" * 100_000])
def test_unreadable_edits_give_nothing(payload: bytes) -> None:
    assert submitted_abstract(forum_of(version("camera", 2_000)), payload) is None
