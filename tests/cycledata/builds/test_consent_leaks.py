"""Words that may not be published are in no byte of a build, wherever a note or table has them."""

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cycledata.builds.explain import explain
from cycledata.builds.runner import DATASETS, build
from cycledata.consent.evidence import COMPONENTS
from cycledata.consent.policy import Policy, read_policy
from cycledata.load import iterate_rows, read_build
from cycledata.snapshot.reply import Reply

REVIEW_5K = DATASETS["review-5k"]
Snapshots = Callable[[Path, Iterable[Reply]], Path]
Forums = Callable[..., Reply]


@pytest.fixture
def plain_parquet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write Parquet without compression, so that every value is visible in the bytes."""
    writer = pq.ParquetWriter
    monkeypatch.setattr(
        pq,
        "ParquetWriter",
        lambda *a, **k: writer(*a, **{**k, "compression": "none", "compression_level": None}),
    )


def all_bytes(folder: Path) -> bytes:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    values = [
        json.dumps(pl.read_parquet(p).to_dicts(), default=str)
        for p in files
        if p.suffix == ".parquet"
    ]
    return b"".join(path.read_bytes() for path in files) + "".join(values).encode()


def edited(forum: Reply, kind: str, **changes: Any) -> Reply:
    """Change the notes of one kind; ``content`` replaces fields, other keys are the note's own."""
    value = json.loads(forum.payload)
    for note in value["notes"]:
        if note["invitations"][0].endswith(f"/-/{kind}"):
            note["content"].update(
                {name: {"value": text} for name, text in changes.get("content", {}).items()}
            )
            note.update({name: v for name, v in changes.items() if name != "content"})
    return replace(forum, payload=json.dumps(value).encode())


def rows(folder: Path, config: str) -> list[dict[str, Any]]:
    splits = read_build(folder).configs[config]
    return [dict(row) for split in splits for row in iterate_rows(folder, config, split)]


def open_paper(make_forum: Forums, make_arxiv: Callable[..., list[Reply]]) -> list[Reply]:
    words = {"title": "A Title About Invented Matter", "licence": "CC BY 4.0"}
    forum = make_forum("p0", abstract="It is so.", review="A review of it.", **words)
    return [forum, *make_arxiv("p0", "2309.99900", text="Words of a paper. ", **words)]


@pytest.mark.parametrize("licence", [None, "CC BY-NC-ND 4.0", "All rights reserved"])
def test_the_meta_review_is_published_under_its_own_license_only(
    licence: str | None,
    tmp_path: Path,
    make_forum: Forums,
    make_arxiv: Callable[..., list[Reply]],
    make_snapshot: Snapshots,
    plain_parquet: None,
) -> None:
    forum, *arxiv = open_paper(make_forum, make_arxiv)
    forum = edited(forum, "Meta_Review", license=licence, content={"metareview": "metacanary"})
    snapshot = make_snapshot(tmp_path / "snapshot", [forum, *arxiv])
    build(REVIEW_5K, snapshot, tmp_path / "out", policy=read_policy(), allow_empty=True)
    (row,) = rows(tmp_path / "out", "default")
    assert row["meta_review"] is None
    assert len(row["reviews"]) == 3
    assert b"metacanary" not in all_bytes(tmp_path / "out")
    assert "meta-review-withheld" in {drop.rule for drop in explain(tmp_path / "out", "p0").dropped}


def test_free_words_of_a_decision_are_not_facts(
    tmp_path: Path,
    make_forum: Forums,
    make_arxiv: Callable[..., list[Reply]],
    make_snapshot: Snapshots,
    plain_parquet: None,
) -> None:
    forum, *arxiv = open_paper(make_forum, make_arxiv)
    forum = edited(forum, "Decision", content={"decision": "Accept, though decisioncanary"})
    snapshot = make_snapshot(tmp_path / "snapshot", [forum, *arxiv])
    build(REVIEW_5K, snapshot, tmp_path / "out", policy=read_policy(), allow_empty=True)
    (row,) = rows(tmp_path / "out", "scores")
    assert (row["decision"], row["decision_text"]) == ("accept", "Accept")
    assert b"decisioncanary" not in all_bytes(tmp_path / "out")


@pytest.mark.parametrize("record", ["kept", "missing"])
@pytest.mark.parametrize("basis", ["written-consent", "private-use"])
def test_written_consent_and_private_use_build_without_a_license_record(
    basis: str,
    record: str,
    tmp_path: Path,
    make_forum: Forums,
    make_arxiv: Callable[..., list[Reply]],
    make_snapshot: Snapshots,
) -> None:
    forum, match, license_record, eprint = open_paper(make_forum, make_arxiv)
    closed = b"http://arxiv.org/licenses/nonexclusive-distrib/1.0/"
    license_record = replace(
        license_record, payload=license_record.payload.replace(b"CC BY 4.0", closed)
    )
    replies = [forum, match, eprint, *([license_record] if record == "kept" else [])]
    snapshot = make_snapshot(tmp_path / "snapshot", replies)
    components: dict[str, Any] = dict(read_policy().model_dump()["components"])
    policy: dict[str, Any] = {"name": "test", "components": components}
    if basis == "private-use":
        components["paper_text"] = ["private-use"]
    else:
        policy["written_consent"] = [
            {
                "publisher": "Example Press",
                "document": "letter.pdf",
                "sha256": "0" * 64,
                "date": "2026-01-15",
                "paper_ids": ["p0"],
                "components": ["paper_text"],
            }
        ]
    report = build(
        REVIEW_5K,
        snapshot,
        tmp_path / "out",
        policy=Policy.model_validate(policy),
        allow_empty=True,
    )
    (row,) = rows(tmp_path / "out", "default")
    if basis == "written-consent":
        assert row["license"] == "written consent of Example Press: letter.pdf sha256:000000000000"
    else:
        assert row["license"] == (closed.decode() if record == "kept" else None)
    assert report.manifest.published[f"paper_text: {basis}"] == 1
    assert f"| paper_text: {basis} | 1 |" in (tmp_path / "out" / "README.md").read_text()


CANARIES = {
    "title": "ratings",
    "abstract": "abstract",
    "review": "reviews",
    "rating": "ratings",
    "table": "ratings",
    "meta": "reviews",
}


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    out_of=st.sets(st.sampled_from(COMPONENTS), min_size=1),
    broken=st.sampled_from(["nothing", "rating", "decision", "no rating", "test title", "blank"]),
    ratings=st.lists(st.sampled_from([1, 3, 8]), min_size=1, max_size=3),
)
def test_no_row_of_an_opted_out_paper_repeats_its_words_or_ratings(
    out_of: set[str],
    broken: str,
    ratings: list[int],
    tmp_path_factory: pytest.TempPathFactory,
    make_forum: Forums,
    make_snapshot: Snapshots,
    plain_parquet: None,
) -> None:
    forum = make_forum(
        "p0",
        title="A Title With titlecanary" if broken != "test title" else "test",
        abstract="abstractcanary is what it is about" if broken != "blank" else "N/A",
        review="reviewcanary is what we think of it",
        licence="CC BY 4.0",
        ratings=ratings,
    )
    if broken == "rating":
        forum = edited(forum, "Official_Review", content={"rating": "ratingcanary: 6"})
    if broken == "no rating":
        forum = edited(forum, "Official_Review", content={"rating": ""})
    if broken == "decision":
        forum = edited(forum, "Decision", content={"decision": "ratingcanary says no"})
    table = {"paper_id": "p0", "rating": [7, 7, 7, 7], "title": "titlecanary", "status": "Reject"}
    from_table = Reply(
        "ratings", "v/p0", "file:t", None, 200, "application/json", json.dumps(table).encode()
    )
    policy = Policy.model_validate(
        {
            "name": "random",
            "components": {name: ["public", "licence"] for name in COMPONENTS},
            "opt_out": [
                {
                    "paper_ids": ["p0"],
                    "components": sorted(out_of),
                    "date": "2026-01-01",
                    "source": "mail",
                }
            ],
        }
    )
    folder = tmp_path_factory.mktemp("leaks")
    snapshot = make_snapshot(folder / "snapshot", [forum, from_table])
    build(REVIEW_5K, snapshot, folder / "out", policy=policy, allow_empty=True)
    content = all_bytes(folder / "out")
    for part, component in CANARIES.items():
        if component in out_of:
            assert f"{part}canary".encode() not in content, (part, out_of)
    # A rating that no note gave is nobody's to read, and neither are those of an opted-out paper.
    dropped = pl.read_parquet(folder / "out" / "dropped.parquet")["detail"].to_list()
    assert not any("[7, 7, 7, 7]" in detail or str(sorted(ratings)) in detail for detail in dropped)
