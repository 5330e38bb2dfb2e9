import json
from typing import Any

import pytest

from cycledata.errors import ParseError
from cycledata.parse.openreview import FORMS, ParsedForum, find_form, parse_forum
from cycledata.parse.openreview.versions import ReviewVersion, read_edits, review_versions
from cycledata.records import Dropped

VENUE = "ICLR.cc/2024/Conference"
FORM = find_form(VENUE, FORMS)
DAY = 86_400_000
START = 1_698_000_000_000


def review(rating: Any, modified: int, note_id: str = "r1", **changes: Any) -> dict[str, Any]:
    """A version of a review, last modified a number of days after its creation."""
    return {
        "id": note_id,
        "forum": "p1",
        "replyto": "p1",
        "signatures": [f"{VENUE}/Submission7/Reviewer_{note_id}"],
        "readers": ["everyone"],
        "invitations": [f"{VENUE}/Submission7/-/Official_Review"],
        "number": 1,
        "tcdate": START,
        "cdate": START,
        "tmdate": START + modified * DAY,
        "content": {"summary": {"value": "S"}, "rating": {"value": f"{rating}: words"}},
        **changes,
    }


def parsed(*notes: dict[str, Any]) -> ParsedForum:
    found = parse_forum(json.dumps({"forum": "p1", "notes": notes}).encode())
    assert isinstance(found, ParsedForum), found
    return found


def versions(
    *notes: dict[str, Any], edits: Any = None
) -> tuple[tuple[ReviewVersion, ...], tuple[Dropped, ...]]:
    assert FORM is not None
    histories = {} if edits is None else {"r1": json.dumps(edits).encode()}
    (found, *_), rows = review_versions(parsed(*notes), FORM, histories)
    return found, rows


def shown(found: tuple[ReviewVersion, ...]) -> list[tuple[int, Any, str, bool]]:
    return [
        ((v.note.modified_ms - START) // DAY, v.review.rating, v.source, v.is_current)
        for v in found
    ]


def edit(content: dict[str, Any], day: int, **changes: Any) -> dict[str, Any]:
    note = {"id": "r1", "content": {name: {"value": value} for name, value in content.items()}}
    return {"note": note, "tcdate": START + day * DAY, "readers": ["everyone"], **changes}


def test_the_same_id_with_an_earlier_modification_is_an_older_version() -> None:
    notes = [review(rating, day) for rating, day in ((8, 30), (3, 0), (5, 20))]
    for order in (notes, notes[::-1]):
        found, rows = versions(*order)
        assert shown(found) == [
            (0, 3, "note", False),
            (20, 5, "note", False),
            (30, 8, "note", True),
        ]
        assert [v.note.unmodified for v in found] == [True, False, False]
        assert rows == ()


def test_versions_that_are_deleted_or_not_public_do_not_count() -> None:
    private = review(3, 0, readers=["Program_Chairs"])
    assert shown(versions(private, review(8, 30))[0]) == [(30, 8, "note", True)]
    deleted = parsed(review(3, 0), review(8, 30, ddate=1), review(5, 9, note_id="r2"))
    assert deleted.earlier == ()


def test_two_versions_of_one_moment_that_differ_are_set_aside_with_a_row() -> None:
    found, rows = versions(review(3, 10), review(5, 10), review(8, 30))
    assert shown(found) == [(30, 8, "note", True)]
    assert [(row.rule, row.detail) for row in rows] == [
        ("version-conflict", "R1: two versions of 2023-11-01")
    ]


def test_a_version_that_cannot_be_read_is_a_row() -> None:
    found, rows = versions(review("strong", 10), review(8, 30))
    assert shown(found) == [(30, 8, "note", True)]
    assert [(row.rule, row.stage) for row in rows] == [("unreadable-rating", "history/versions")]


def test_edits_of_api_v2_are_replayed_field_by_field() -> None:
    edits = [
        edit({"rating": "8: accept"}, 20),
        edit({"summary": "S", "rating": "3: reject", "soundness": "2 fair"}, 0),
        edit({}, 15),
        edit({"rating": "5: below"}, 10) | {"readers": ["Program_Chairs"]},
        edit({"soundness": {"delete": True}}, 25),
    ]
    found, rows = versions(review(8, 30), edits={"edits": edits})
    assert [*shown(found)] == [
        (0, 3, "edit", False),
        (20, 8, "edit", False),
        (25, 8, "edit", False),
        (30, 8, "note", True),
    ]
    assert [v.review.soundness for v in found] == [2, 2, None, None]
    assert [v.note.unmodified for v in found] == [True, False, False, False]
    assert rows == ()


def test_references_of_api_v1_are_whole_versions() -> None:
    old = review(3, 0, note_id="x9", referent="r1")
    other = review(5, 9, note_id="x8", referent="r7")
    found, _ = versions(review(8, 30), edits={"references": [other, old, "x"]})
    assert shown(found) == [(0, 3, "edit", False), (30, 8, "note", True)]
    assert found[0].note.unmodified


@pytest.mark.parametrize("payload", [b"{", b"[]", b'{"edits": 3}'], ids=["json", "list", "number"])
def test_a_history_of_another_shape_raises(payload: bytes) -> None:
    with pytest.raises(ParseError, match="bad-edits"):
        read_edits(payload, parsed(review(8, 30)).review_notes[0])
