"""A build whose input was written by an enemy: it is whole and true, or it does not exist."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from cycledata.builds.runner import DATASETS, build
from cycledata.consent.policy import read_policy
from cycledata.load import iterate_rows, read_build, verify_build
from cycledata.snapshot.reply import Reply

REVIEW_5K = DATASETS["review-5k"]
Forums = Callable[..., Reply]
Snapshots = Callable[[Path, Iterable[Reply]], Path]

STRANGE = {
    "jinja": "{{ 7 * 7 }}{% include '/etc/passwd' %}",
    "yaml": "---\nlicense: mit\nconfigs: []\n---",
    "markdown": "# Heading | a | b |\n> [x](javascript:alert(1))",
    "html": "<script>alert(1)</script>&lt;b&gt;",
    "terminal": "\x1b]0;owned\x07\x1b[2J",
    "right to left": "\u202eevil\u2066",
    "half a character": "\ud800 half \udfff",
    "zero": "nul\x00byte",
    "separators": "line\u2028paragraph\u2029",
    "long": "long " * 200_000,
}


def changed(reply: Reply, change: Callable[[dict[str, Any]], object]) -> Reply:
    """A forum's reply with something done to its JSON."""
    forum = json.loads(reply.payload)
    change(forum)
    payload = json.dumps(forum).encode()
    return Reply(reply.service, reply.key, reply.url, None, 200, reply.media_type, payload)


def plain(make_forum: Forums, paper_id: str = "plain", **extra: Any) -> Reply:
    given = {
        "title": f"A Plain Title of {paper_id}",
        "abstract": f"An abstract of {paper_id} with enough words to be one of a paper, I think.",
        "review": "A review that says something.",
        "licence": "CC BY 4.0",
        **extra,
    }
    return make_forum(paper_id, **given)


def build_of(snapshot: Path, out: Path) -> Path:
    build(REVIEW_5K, snapshot, out, policy=read_policy(), allow_empty=True)
    verify_build(out)
    return out


def header(out: Path) -> dict[str, Any]:
    return dict(yaml.safe_load((out / "README.md").read_text("utf-8").split("---\n")[1]))


def ids(out: Path, config: str) -> list[str]:
    return sorted(
        row["paper_id"]
        for split in read_build(out).configs[config]
        for row in iterate_rows(out, config, split)
    )


@pytest.mark.parametrize("name", STRANGE)
def test_a_strange_text_is_data_wherever_it_stands(
    name: str, tmp_path: Path, make_forum: Forums, make_snapshot: Snapshots
) -> None:
    text = STRANGE[name]
    strange = plain(make_forum, "strange", title=f"Title {text}", decision=f"Accept ({text})")

    def change(forum: dict[str, Any]) -> None:
        for note in forum["notes"]:
            note["license"] = f"CC BY 4.0 {text}"
            note["content"]["summary"] = {"value": text}
            note["content"]["keywords"] = {"value": [text]}
            note["content"]["flag_for_ethics_review"] = {"value": [text]}

    replies = [plain(make_forum), changed(strange, change)]
    # A reply without a paper, whose reason quotes the text.
    replies.append(Reply("ratings", f"V/{text[:40]!r}", "", None, 200, "application/json", b"{}"))
    usual = build_of(make_snapshot(tmp_path / "usual", [plain(make_forum)]), tmp_path / "a" / "out")
    out = build_of(make_snapshot(tmp_path / "snapshot", replies), tmp_path / "b" / "out")
    assert ids(out, "scores") == ["plain", "strange"]
    assert header(out).keys() == header(usual).keys()
    assert header(out)["license"] == "other"
    for file in ("README.md", "croissant.json", "manifest.json"):
        told = (out / file).read_text("utf-8")
        assert not {"\x1b", "\u202e", "\x00", "<script>", "49"} & set(told.split("Build `")[0])
        assert "javascript" not in told
    assert sorted(p.name for p in out.iterdir()) == sorted(p.name for p in usual.iterdir())


ODD_IDS = {
    "slashes": "a/b",
    "upwards": "../../etc/passwd",
    "line break": "a\nb",
    "blank ends": " a ",
    "terminal": "\x1b[2J",
    "nothing": "",
    "yaml": "- a: &x",
    "unicode": "論文é",
}


@pytest.mark.parametrize("name", ODD_IDS)
def test_an_odd_id_is_kept_or_dropped_but_never_a_path(
    name: str, tmp_path: Path, make_forum: Forums, make_snapshot: Snapshots
) -> None:
    odd = ODD_IDS[name]
    snapshot = make_snapshot(tmp_path / "s", [plain(make_forum), plain(make_forum, odd)])
    before = sorted(tmp_path.rglob("*"))
    out = build_of(snapshot, tmp_path / "out")
    assert [p for p in sorted(tmp_path.rglob("*")) if out not in [p, *p.parents]] == before
    counts = read_build(out).counts
    assert counts["papers"] == counts["papers_kept"] + counts["papers_dropped"] == 2
    if odd.isprintable() and odd.strip() == odd != "":
        assert ids(out, "scores") == sorted(["plain", odd])
    else:
        dropped = pl.read_parquet(out / "dropped.parquet").filter(pl.col("paper_id") == odd)
        assert "unusable-id" in dropped["rule"]


def test_a_forum_under_another_papers_key_is_not_that_paper(
    tmp_path: Path, make_forum: Forums, make_snapshot: Snapshots
) -> None:
    # A takedown of "gone" must not be evaded by serving its forum under another key.
    (tmp_path / "s").mkdir()
    stone = {"paper_id": "gone", "reason": "asked", "date": "2026-11-20"}
    (tmp_path / "s" / "tombstones.json").write_text(json.dumps({"tombstones": [stone]}))
    disguised = plain(make_forum, "gone")
    disguised = Reply(
        "openreview", "forum/other", "", None, 200, "application/json", disguised.payload
    )
    out = build_of(make_snapshot(tmp_path / "s", [plain(make_forum), disguised]), tmp_path / "out")
    assert ids(out, "scores") == ["plain"]
    dropped = pl.read_parquet(out / "dropped.parquet").to_dicts()
    assert [(row["paper_id"], row["rule"]) for row in dropped if row["stage"] == "parse"] == [
        ("other", "other-forum")
    ]


def ratings_row(venue: str, paper_id: str, **columns: object) -> Reply:
    payload = json.dumps({"paper_id": paper_id, **columns}).encode()
    return Reply("ratings", f"{venue}/{paper_id}", "", None, 200, "application/json", payload)


def test_of_two_venues_tables_with_one_id_the_forums_own_counts(
    tmp_path: Path, make_forum: Forums, make_snapshot: Snapshots
) -> None:
    def without_decision(forum: dict[str, Any]) -> None:
        forum["notes"] = [note for note in forum["notes"] if "Decision" not in str(note)]

    replies = [
        changed(plain(make_forum), without_decision),
        ratings_row("A.org/2020/Conference", "plain", decision="Reject"),
        ratings_row("ICLR.cc/2024/Conference", "plain", decision="Accept (oral)"),
    ]
    out = build_of(make_snapshot(tmp_path / "s", replies), tmp_path / "out")
    (row,) = [r for s in read_build(out).configs["scores"] for r in iterate_rows(out, "scores", s)]
    assert (row["decision"], row["decision_text"]) == ("accept", "Accept (oral)")


WRONG_SHAPES: dict[str, Callable[[dict[str, Any]], object]] = {
    "notes are a text": lambda f: f.update(notes="none"),
    "notes are numbers": lambda f: f.update(notes=[1, None, [[]]]),
    "the forum is a number": lambda f: f.update(forum=7),
    "every note twice": lambda f: f.update(notes=f["notes"] * 2),
    "every note ten thousand times": lambda f: f.update(notes=f["notes"][:2] * 10_000),
    "one id for all": lambda f: [note.update(id="same") for note in f["notes"]],
    "a rating beyond 64 bits": lambda f: f["notes"][1]["content"].update(
        rating={"value": f"{10**30}: x"}
    ),
    "a number beyond 64 bits": lambda f: f["notes"][1].update(number=10**30, cdate=10**30),
    "infinite dates": lambda f: [n.update(cdate=float("inf")) for n in f["notes"]],
    "no venue": lambda f: [n.update(invitations=["/-/"]) for n in f["notes"]],
    "content in content": lambda f: (
        [n["content"].update(summary={"value": {"value": {"value": []}}}) for n in f["notes"]]
        and None
    ),
}


@pytest.mark.parametrize("name", WRONG_SHAPES)
def test_a_forum_of_the_wrong_shape_stops_nobody_else(
    name: str, tmp_path: Path, make_forum: Forums, make_snapshot: Snapshots
) -> None:
    wrong = changed(plain(make_forum, "wrong"), WRONG_SHAPES[name])
    snapshot = make_snapshot(tmp_path / "s", [plain(make_forum), wrong])
    out = build_of(snapshot, tmp_path / "out")
    assert "plain" in ids(out, "scores")
    assert read_build(out).counts["papers"] == 2


@pytest.mark.parametrize(
    "payload",
    [b"", b"\x00", b"[" * 200_000, b'{"a":' * 100_000, b'"' + b"x" * 1_000_000, b"9" * 100_000],
    ids=["nothing", "a zero", "deep list", "deep object", "open text", "long number"],
)
@pytest.mark.parametrize("service", ["openreview", "ratings", "arxiv"])
def test_a_reply_that_is_no_json_stops_nobody_else(
    service: str, payload: bytes, tmp_path: Path, make_forum: Forums, make_snapshot: Snapshots
) -> None:
    key = {"openreview": "forum/bad", "ratings": "V/plain", "arxiv": "match/plain"}[service]
    bad = Reply(service, key, "", None, 200, "application/json", payload)
    out = build_of(make_snapshot(tmp_path / "s", [plain(make_forum), bad]), tmp_path / "out")
    known = set(ids(out, "scores")) | set(pl.read_parquet(out / "dropped.parquet")["paper_id"])
    assert "plain" in known


@pytest.mark.parametrize(
    ("payload", "rule"),
    [
        (b"no json", "bad-json"),
        (b'{"paper_id": "a/plain", "decision": "Reject"}', "other-paper"),
        (b'{"paper_id": "plain", "decision": "Perhaps"}', "unknown-status"),
    ],
    ids=["no json", "another paper's", "unknown decision"],
)
def test_a_row_of_a_table_that_cannot_be_used_costs_a_paper_nothing(
    payload: bytes, rule: str, tmp_path: Path, make_forum: Forums, make_snapshot: Snapshots
) -> None:
    row = Reply("ratings", "V/a/plain", "", None, 200, "application/json", payload)
    out = build_of(make_snapshot(tmp_path / "s", [plain(make_forum), row]), tmp_path / "out")
    assert ids(out, "scores") == ["plain"]
    (reason,) = pl.read_parquet(out / "dropped.parquet").filter(stage="notes").to_dicts()
    assert reason["rule"] == rule
