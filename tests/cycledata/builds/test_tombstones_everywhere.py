"""A tombstone reaches every build from a snapshot, and everything that the snapshot has."""

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from cycledata.builds import runner
from cycledata.builds.erase import erase_works
from cycledata.builds.publish import publish
from cycledata.builds.runner import DATASETS
from cycledata.builds.takedown import take_down
from cycledata.consent.policy import Policy, read_policy
from cycledata.consent.tombstones import Tombstone, add_tombstones, read_tombstones
from cycledata.errors import BuildError
from cycledata.load import read_build
from cycledata.parse.openreview import forum
from cycledata.parse.openreview.note import Note, read_note
from cycledata.snapshot.open import OpenSnapshot
from cycledata.snapshot.reply import Reply
from cycledata.snapshot.sealed import SealedSnapshot, verify_snapshot
from cycledata.sources.dumps import import_notes

build = partial(runner.build, allow_empty=True)
REVIEW_5K, RESEARCH_14K = DATASETS["review-5k"], DATASETS["research-14k"]
DAY = "2026-11-20"
Snapshots = Callable[[Path, Iterable[Reply]], Path]


@pytest.fixture
def replies(
    make_forum: Callable[..., Reply], make_arxiv: Callable[..., list[Reply]]
) -> list[Reply]:
    words = {"title": "A Title About Invented Matter", "licence": "CC BY 4.0"}
    other = {"title": "Some Other Matter, Invented Too", "licence": "CC BY 4.0"}
    return [
        make_forum("first01", abstract="It is so.", review="firstcanary.", **words),
        *make_arxiv("first01", "2309.99900", text="firstcanary of it. ", **words),
        make_forum("again02", abstract="It was so.", review="firstcanary again.", **words),
        make_forum("other03", abstract="Not so.", review="othercanary.", **other),
        *make_arxiv("other03", "2309.99903", text="othercanary of it. ", **other),
    ]


def test_a_takedown_finds_the_snapshot_of_a_build_and_binds_builds_everywhere(
    replies: list[Reply], tmp_path: Path, make_snapshot: Snapshots
) -> None:
    snapshot = make_snapshot(tmp_path / "snapshot", replies)
    cache, old = tmp_path / "cache", tmp_path / "a" / "old"
    build(REVIEW_5K, snapshot, old, policy=read_policy(), cache=cache)
    # The other build of this snapshot is neither beside the old one nor beside the new one.
    elsewhere = tmp_path / "c" / "build"
    build(REVIEW_5K, snapshot, tmp_path / "b" / "copy", policy=read_policy(), cache=cache)
    report = take_down(old, ["first01"], tmp_path / "d" / "new", reason="r", date=DAY, cache=cache)
    assert report.snapshots == (snapshot,)
    build(REVIEW_5K, snapshot, elsewhere, policy=read_policy(), cache=cache)
    assert read_build(elsewhere).counts["papers_dropped"] == 2
    for stale in (old, tmp_path / "b" / "copy"):
        with pytest.raises(BuildError, match=r"again02 was taken down \(2 such papers\)"):
            publish(stale, "org/name", token=None, dry_run=True, cache=cache)
    for made in (elsewhere, tmp_path / "d" / "new"):
        assert publish(made, "org/name", token=None, dry_run=True, cache=cache).files


def test_a_snapshot_that_is_not_there_any_more_is_not_written_to(
    replies: list[Reply], tmp_path: Path, make_snapshot: Snapshots
) -> None:
    snapshot = make_snapshot(tmp_path / "snapshot", replies)
    cache, old = tmp_path / "cache", tmp_path / "a" / "old"
    build(REVIEW_5K, snapshot, old, policy=read_policy(), cache=cache)
    moved = snapshot.rename(tmp_path / "moved")
    report = take_down(old, ["first01"], tmp_path / "new", reason="r", date=DAY, cache=cache)
    assert report.snapshots == ()
    assert not snapshot.exists()
    report = take_down(
        old, ["first01"], tmp_path / "newer", reason="r", date=DAY, cache=cache, snapshot=moved
    )
    assert report.snapshots == (moved,)


def test_two_takedowns_keep_the_tombstones_of_both(
    replies: list[Reply], tmp_path: Path, make_snapshot: Snapshots
) -> None:
    snapshot = make_snapshot(tmp_path / "snapshot", replies)
    cache, old = tmp_path / "cache", tmp_path / "a" / "old"
    build(REVIEW_5K, snapshot, old, policy=read_policy(), cache=cache)
    for name in ("first01", "other03"):
        take_down(old, [name], tmp_path / name / "new", reason="r", date=DAY, cache=cache)
    assert [s.paper_id for s in read_tombstones(snapshot)] == ["again02", "first01", "other03"]


def test_a_sealed_snapshot_is_copied_without_the_works_that_were_taken_down(
    replies: list[Reply],
    tmp_path: Path,
    make_snapshot: Snapshots,
    make_conversation: Callable[..., Reply],
) -> None:
    scholar = {"paperId": "a" * 40, "title": "firstcanary", "externalIds": {"ArXiv": "2309.99900"}}
    about = [
        Reply("openreview", "edits/first01-Official_Review-1", "u", None, 200, "j", b"firstcanary"),
        Reply("openreview", "pdf/again02", "u", None, 200, "pdf", b"firstcanary"),
        Reply("arxiv", "abs/2309.99900v1", "u", None, 200, "h", b"firstcanary"),
        Reply("arxiv", "versions/2309.99900", "u", None, 200, "x", b"firstcanary"),
        Reply("ratings", "v/first01", "u", None, 200, "j", b'{"title": "firstcanary"}'),
        Reply("semantic_scholar", "paper/ARXIV:2309.99900", "u", None, 200, "j",
              json.dumps(scholar).encode()),
        make_conversation("again02", "firstcanary", source="2309.99900v1"),
    ]  # fmt: skip
    snapshot = make_snapshot(tmp_path / "snapshot", [*replies, *about])
    with pytest.raises(BuildError, match="no tombstones"):
        erase_works(snapshot, tmp_path / "out")
    # Only one id is named; the other submission and the e-print follow from the snapshot.
    add_tombstones(snapshot, [Tombstone(paper_id="first01", reason="r", date=DAY)])
    with pytest.raises(BuildError, match="give --out"):
        erase_works(snapshot)
    report = erase_works(snapshot, tmp_path / "out")
    verify_snapshot(tmp_path / "out")
    left = SealedSnapshot.open(tmp_path / "out")
    found = [(s, key) for s in left.manifest.replies_by_service for key in left.keys(s)]
    assert found == [
        ("arxiv", "eprint/2309.99903v1"),
        ("arxiv", "match/other03"),
        ("arxiv", "record/2309.99903"),
        ("openreview", "forum/other03"),
    ]
    assert report.n_removed == len(replies) + len(about) - len(found)
    files = [path.read_bytes() for path in (tmp_path / "out").iterdir()]
    assert not any(b"firstcanary" in data for data in files)
    assert [s.paper_id for s in read_tombstones(tmp_path / "out")] == ["first01"]
    assert SealedSnapshot.open(snapshot).get("openreview", "forum/first01") is not None


def test_nothing_is_erased_if_a_defect_hides_the_work_of_a_paper(
    replies: list[Reply],
    tmp_path: Path,
    make_snapshot: Snapshots,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read = read_note

    def stumble(raw: Any, *, paper_id: str = "") -> Note:
        if paper_id == "again02":
            raise IndexError("its words")
        return read(raw, paper_id=paper_id)

    snapshot = make_snapshot(tmp_path / "snapshot", replies)
    add_tombstones(snapshot, [Tombstone(paper_id="first01", reason="r", date=DAY)])
    monkeypatch.setattr(forum, "read_note", stumble)
    with pytest.raises(BuildError, match=r"again02: might be one of the works, but IndexError in"):
        erase_works(snapshot, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    build(REVIEW_5K, snapshot, tmp_path / "built", policy=read_policy())
    dropped = pl.read_parquet(tmp_path / "built" / "dropped.parquet")
    assert dropped.filter(rule="defect")["paper_id"].to_list() == ["again02"]


def test_an_open_snapshot_loses_taken_down_works_and_imports_do_not_bring_them_back(
    replies: list[Reply], tmp_path: Path
) -> None:
    folder = tmp_path / "snapshot"
    with OpenSnapshot(folder) as snapshot:
        snapshot.add_many(replies)
    keys = ("arxiv:2309.99900",)
    stones = [
        Tombstone(paper_id=i, reason="r", date=DAY, keys=keys) for i in ("again02", "first01")
    ]
    add_tombstones(folder, stones)
    assert erase_works(folder).n_removed == 5
    assert not any(b"firstcanary" in path.read_bytes() for path in folder.iterdir())
    dump = tmp_path / "notes.jsonl"
    notes = [note for i in (0, 4, 5) for note in json.loads(replies[i].payload)["notes"]]
    dump.write_text("".join(json.dumps(note) + "\n" for note in notes))
    with OpenSnapshot(folder) as snapshot:
        import_notes([dump], snapshot)
        assert list(snapshot.keys("openreview")) == ["forum/other03"]


@pytest.mark.parametrize("request_", ["opt-out", "takedown"])
def test_a_build_deletes_cached_texts_that_it_may_not_use(
    request_: str,
    tmp_path: Path,
    make_listed: Callable[..., dict[str, Reply]],
    make_snapshot: Snapshots,
) -> None:
    listed = [reply for i in range(2) for reply in make_listed(i).values()]
    snapshot = make_snapshot(tmp_path / "snapshot", listed)
    cache, policy = tmp_path / "cache", read_policy()
    build(RESEARCH_14K, snapshot, tmp_path / "a" / "first", policy=policy, cache=cache)
    assert len(list(cache.rglob("*.zst"))) == 2
    if request_ == "opt-out":
        asked = {"paper_ids": ["2301.00001v2"], "date": DAY, "source": "mail"}
        policy = Policy.model_validate({**policy.model_dump(mode="json"), "opt_out": [asked]})
    else:
        add_tombstones(snapshot, [Tombstone(paper_id="p01", reason="r", date=DAY)])
    build(RESEARCH_14K, snapshot, tmp_path / "b" / "second", policy=policy, cache=cache)
    assert len(list(cache.rglob("*.zst"))) == 1


def test_a_resubmission_is_found_although_the_search_result_is_invalid(
    replies: list[Reply], tmp_path: Path, make_snapshot: Snapshots
) -> None:
    replies[1] = replace(replies[1], payload=b"<feed")
    snapshot = make_snapshot(tmp_path / "snapshot", replies)
    build(REVIEW_5K, snapshot, tmp_path / "a", policy=read_policy())
    report = take_down(tmp_path / "a", ["first01"], tmp_path / "b", reason="r", date=DAY)
    assert report.taken_down == ("again02", "first01")
    add_tombstones(snapshot, [Tombstone(paper_id="again02", reason="r", date=DAY)])
    build(REVIEW_5K, snapshot, tmp_path / "c" / "c", policy=read_policy())
    assert read_build(tmp_path / "c" / "c").counts["papers_dropped"] == 2
