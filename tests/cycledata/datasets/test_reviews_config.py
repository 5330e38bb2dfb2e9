"""Config ``reviews`` of Review-5k: reviews that may be published, without any text of the paper."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cycledata.builds.explain import explain
from cycledata.builds.runner import DATASETS, build
from cycledata.consent.policy import read_policy
from cycledata.load import iterate_rows, read_build
from cycledata.snapshot.reply import Reply

REVIEW_5K = DATASETS["review-5k"]
ABSTRACT = "An abstract with the word xylophone."
TEXT = "We write of the quagga at length. "


def licensed(forum: Reply, licenses: Mapping[str, str | None]) -> Reply:
    """Return the forum with the licenses of some kinds of notes replaced."""
    value = json.loads(forum.payload)
    for note in value["notes"]:
        kind = note["invitations"][0].rpartition("/")[2]
        note["license"] = licenses.get(kind, note["license"])
    return replace(forum, payload=json.dumps(value).encode())


@pytest.fixture
def rows(
    tmp_path: Path,
    make_forum: Callable[..., Reply],
    make_arxiv: Callable[..., list[Reply]],
    make_snapshot: Callable[[Path, Iterable[Reply]], Path],
) -> Callable[..., dict[str, Mapping[str, Any]]]:
    """Build one paper per set of licenses; return the rows of a config by paper id."""

    def make(config: str, cases: Mapping[str, Mapping[str, str | None]]) -> dict[str, Any]:
        replies = []
        for number, (paper_id, licenses) in enumerate(cases.items()):
            title = f"Title number {number} of some"
            forum = make_forum(
                paper_id, title=title, abstract=ABSTRACT, review="Sound.", licence="CC BY 4.0"
            )
            replies.append(licensed(forum, licenses))
            closed = "http://arxiv.org/licenses/nonexclusive-distrib/1.0/"
            replies += make_arxiv(
                paper_id, f"2309.9990{number}", title=title, text=TEXT * 9, licence=closed
            )
        snapshot = make_snapshot(tmp_path / "s", replies)
        out = tmp_path / "out"
        build(REVIEW_5K, snapshot, out, policy=read_policy(), allow_empty=True)
        splits = read_build(out).configs[config]
        return {r["paper_id"]: r for split in splits for r in iterate_rows(out, config, split)}

    return make


def test_reviews_are_published_without_a_word_of_the_paper(
    rows: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    (row,) = rows("reviews", {"open": {}}).values()
    assert list(row)[-3:] == ["reviews", "meta_review", "license"]
    assert [review["rating"] for review in row["reviews"]] == row["ratings"] == [3.0, 6.0, 8.0]
    assert {review["summary"] for review in row["reviews"]} == {"Sound."}
    assert (row["meta_review"], row["decision"], row["license"]) == (
        "Sound.",
        "accept",
        "CC BY 4.0",
    )
    for file in (tmp_path / "out").rglob("*.parquet"):
        assert all(word not in file.read_bytes() for word in (b"xylophone", b"quagga")), file
    assert "reviews/train" in explain(tmp_path / "out", "open").places


def test_only_the_license_of_the_reviews_decides(rows: Callable[..., dict[str, Any]]) -> None:
    closed = "All rights reserved"
    found = rows(
        "reviews",
        {
            "closed-submission": {"Submission": closed},
            "closed-reviews": {"Official_Review": closed},
            "closed-meta-review": {"Meta_Review": closed},
            "no-license": {"Official_Review": None},
        },
    )
    assert sorted(found) == ["closed-meta-review", "closed-submission"]
    assert found["closed-meta-review"]["meta_review"] is None
    assert found["closed-submission"]["meta_review"] == "Sound."


def test_a_paper_without_open_reviews_says_why(
    rows: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    rows("reviews", {"closed": {"Official_Review": "All rights reserved"}})
    reasons = {f"{drop.stage}: {drop.rule}" for drop in explain(tmp_path / "out", "closed").dropped}
    assert {"reviews/consent: reviews-withheld", "default/consent: reviews-withheld"} <= reasons
