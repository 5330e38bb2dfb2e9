"""A takedown or opt-out covers a work under all its ids and wherever its text is."""

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from cycledata.builds.explain import explain
from cycledata.builds.publish import publish
from cycledata.builds.runner import DATASETS, build
from cycledata.builds.takedown import read_paper_ids, take_down
from cycledata.consent.policy import Policy, read_policy
from cycledata.consent.tombstones import Tombstone, read_tombstones, write_tombstones
from cycledata.errors import BuildError
from cycledata.load import verify_build
from cycledata.snapshot.reply import Reply

REVIEW_5K, RESEARCH_14K = DATASETS["review-5k"], DATASETS["research-14k"]
DAY = "2026-11-20"
Snapshots = Callable[[Path, Iterable[Reply]], Path]
Listed = Callable[..., dict[str, Reply]]


def values(folder: Path) -> str:
    tables = [pl.read_parquet(path).to_dicts() for path in folder.rglob("*.parquet")]
    return json.dumps(tables, default=str)


@pytest.fixture
def forums(make_forum: Callable[..., Reply], make_arxiv: Callable[..., list[Reply]]) -> list[Reply]:
    """Two submissions of one work, and another work."""
    words = {"title": "A Title About Invented Matter", "licence": "CC BY 4.0"}
    other = {"title": "Some Other Matter, Invented Too", "licence": "CC BY 4.0"}
    common = {"abstract": "It is so.", "review": "A review of it."}
    return [
        make_forum("first01", **common, **words),
        *make_arxiv("first01", "2309.99900", text="Words of a paper. ", **words),
        make_forum("again02", abstract="It was so.", review="Another review.", **words),
        make_forum("other03", abstract="Not so.", review="A third review.", **other),
        *make_arxiv("other03", "2309.99903", text="Other words. ", **other),
    ]


@pytest.mark.parametrize(
    "name", ["first01", "again02", "2309.99900v1", "https://arxiv.org/pdf/2309.99900.pdf"]
)
def test_every_id_of_a_work_takes_all_its_submissions_down(
    name: str, forums: list[Reply], tmp_path: Path, make_snapshot: Snapshots
) -> None:
    snapshot = make_snapshot(tmp_path / "snapshot", forums)
    cache, built, out = tmp_path / "cache", tmp_path / "a" / "built", tmp_path / "b" / "out"
    build(REVIEW_5K, snapshot, built, policy=read_policy(), cache=cache, allow_empty=True)
    assert len(list(cache.rglob("*.zst"))) == 2
    report = take_down(built, [name], out, reason="asked", date=DAY, snapshot=snapshot, cache=cache)
    assert report.taken_down == ("again02", "first01")
    verify_build(out)
    assert "About Invented Matter" not in values(out)
    assert len(list(cache.rglob("*.zst"))) == 1
    again = tmp_path / "c" / "again"
    build(REVIEW_5K, snapshot, again, policy=read_policy(), allow_empty=True)
    assert "About Invented Matter" not in values(again)
    assert explain(again, "https://openreview.net/forum?id=again02").outcome == "out"
    assert explain(out, "2309.99900").tombstone is not None


def test_an_opt_out_by_arxiv_id_covers_all_submissions(
    forums: list[Reply], tmp_path: Path, make_snapshot: Snapshots
) -> None:
    snapshot = make_snapshot(tmp_path / "snapshot", forums)
    policy = {
        **read_policy().model_dump(mode="json"),
        "opt_out": [{"paper_ids": ["2309.99900", "typo"], "date": DAY, "source": "mail"}],
    }
    report = build(
        REVIEW_5K,
        snapshot,
        tmp_path / "out",
        policy=Policy.model_validate(policy),
        allow_empty=True,
    )
    assert report.unknown_ids == ("typo",)
    assert "About Invented Matter" not in values(tmp_path / "out")
    assert explain(tmp_path / "out", "again02").outcome == "out"
    assert explain(tmp_path / "out", "other03").outcome == "in"


def test_a_doi_that_arxiv_states_names_all_submissions(
    forums: list[Reply], tmp_path: Path, make_snapshot: Snapshots
) -> None:
    doi = '<doi xmlns="http://arxiv.org/schemas/atom">10.1000/J.7</doi></entry>'
    match = replace(forums[1], payload=forums[1].payload.replace(b"</entry>", doi.encode()))
    snapshot = make_snapshot(tmp_path / "snapshot", [forums[0], match, *forums[2:]])
    built, out = tmp_path / "built", tmp_path / "out"
    build(REVIEW_5K, snapshot, built, policy=read_policy(), allow_empty=True)
    report = take_down(built, ["https://doi.org/10.1000/j.7"], out, reason="asked", date=DAY)
    assert report.taken_down == ("again02", "first01")
    assert "About Invented Matter" not in values(out)


def test_a_doi_of_the_list_names_its_paper(
    tmp_path: Path, make_listed: Listed, make_snapshot: Snapshots
) -> None:
    papers = {n: make_listed(n) for n in (1, 2)}
    entry = json.loads(papers[1]["entry"].payload) | {"doi": "https://doi.org/10.18653/V1/X.1"}
    papers[1]["entry"] = replace(papers[1]["entry"], payload=json.dumps(entry).encode())
    snapshot = make_snapshot(
        tmp_path / "s", (reply for paper in papers.values() for reply in paper.values())
    )
    built, out = tmp_path / "built", tmp_path / "out"
    build(RESEARCH_14K, snapshot, built, policy=read_policy(), allow_empty=True)
    report = take_down(built, ["doi:10.18653/v1/x.1"], out, reason="asked", date=DAY)
    assert report.taken_down == ("p01",)


def test_a_doi_of_a_listed_paper_that_no_build_has_needs_the_snapshot(
    tmp_path: Path, make_listed: Listed, make_snapshot: Snapshots
) -> None:
    papers = {n: make_listed(n) for n in (1, 2)}
    entry = json.loads(papers[1]["entry"].payload) | {"doi": "https://doi.org/10.18653/V1/X.1"}
    only = replace(papers[1]["entry"], payload=json.dumps(entry).encode())  # without a text
    snapshot = make_snapshot(tmp_path / "s", (only, *papers[2].values()))
    built, out = tmp_path / "built", tmp_path / "out"
    build(RESEARCH_14K, snapshot, built, policy=read_policy(), allow_empty=True)
    with pytest.raises(BuildError, match=r"no paper matches .10\.18653/v1/x\.1."):
        take_down(built, ["10.18653/v1/x.1"], out, reason="asked", date=DAY)
    report = take_down(built, ["10.18653/v1/x.1"], out, reason="asked", date=DAY, snapshot=snapshot)
    assert report.not_in_build == ("doi:10.18653/v1/x.1",)


@pytest.mark.parametrize(
    "name",
    ["FIRST01", "first01,", '"first01"', "first01\u200b", "first01 # asked", "frist01", "x" * 90],
)
def test_a_mistyped_id_is_an_error_and_writes_nothing(
    name: str, forums: list[Reply], tmp_path: Path, make_snapshot: Snapshots
) -> None:
    snapshot = make_snapshot(tmp_path / "snapshot", forums)
    build(REVIEW_5K, snapshot, tmp_path / "built", policy=read_policy(), allow_empty=True)
    (tmp_path / "ids.txt").write_text(f"other03\n{name}\n", "utf-8")
    names = read_paper_ids(tmp_path / "ids.txt")
    with pytest.raises(BuildError, match="nothing was written") as refused:
        take_down(tmp_path / "built", names, tmp_path / "out", reason="r", date=DAY)
    assert not (tmp_path / "out").exists()
    assert "nearest: first01" in str(refused.value) or name.startswith("x")


@pytest.mark.parametrize("name", ["2001.00001", "c" + f"{1:039}", f"{1:040}"])
def test_a_cited_works_abstract_leaves_the_papers_that_cite_it(
    name: str, tmp_path: Path, make_listed: Listed, make_snapshot: Snapshots
) -> None:
    listed = [make_listed(i, cited_abstract=f"cited{i}canary of it.") for i in range(3)]
    replies = [reply for paper in listed for reply in paper.values()]
    # The Semantic Scholar ids of the fixture are not hexadecimal; only this work's is.
    text = [
        replace(r, payload=r.payload.replace(b"c" + b"%039d" % 1, b"%040d" % 1)) for r in replies
    ]
    text = [replace(r, key=r.key.replace(f"c{1:039}", f"{1:040}")) for r in text]
    snapshot = make_snapshot(tmp_path / "snapshot", text)
    built, out = tmp_path / "built", tmp_path / "out"
    build(RESEARCH_14K, snapshot, built, policy=read_policy(), allow_empty=True)
    assert "cited1canary" in values(built)
    if name.startswith("c"):
        with pytest.raises(BuildError, match="nothing was written"):
            take_down(built, [name], out, reason="r", date=DAY)
        return
    report = take_down(built, [name], out, reason="asked", date=DAY)
    verify_build(out)
    assert "cited1canary" not in values(out)
    assert "cited0canary" in values(out)
    assert report.manifest.counts["papers_kept"] == 3
    again = tmp_path / "again"
    build(RESEARCH_14K, snapshot, again, policy=read_policy(), allow_empty=True)
    assert "cited1canary" not in values(again)
    assert report.manifest.configs == verify_build(again).configs


def test_a_takedown_during_a_build_is_obeyed(
    forums: list[Reply], tmp_path: Path, make_snapshot: Snapshots
) -> None:
    snapshot = make_snapshot(tmp_path / "snapshot", forums)
    stone = Tombstone(paper_id="other03", reason="r", date=DAY)
    calls: list[int] = []

    def meanwhile(done: int, total: int) -> None:
        calls.append(done)
        write_tombstones(snapshot, [stone])

    out = tmp_path / "builds" / "out"
    build(REVIEW_5K, snapshot, out, policy=read_policy(), on_progress=meanwhile, allow_empty=True)
    assert len(calls) == 2
    assert "Some Other Matter" not in values(out)
    assert [s.paper_id for s in read_tombstones(out)] == ["other03"]


def test_an_old_build_beside_a_takedown_is_not_published(
    forums: list[Reply], tmp_path: Path, make_snapshot: Snapshots
) -> None:
    snapshot = make_snapshot(tmp_path / "snapshot", forums)
    old = tmp_path / "builds" / "old"
    build(REVIEW_5K, snapshot, old, policy=read_policy(), allow_empty=True)
    take_down(old, ["other03"], tmp_path / "builds" / "new", reason="r", date=DAY)
    with pytest.raises(BuildError, match="other03 was taken down"):
        publish(old, "org/name", token=None, dry_run=True)
    publish(tmp_path / "builds" / "new", "org/name", token=None, dry_run=True)


def test_no_error_advises_to_delete_a_folder_with_tombstones(
    forums: list[Reply], tmp_path: Path, make_snapshot: Snapshots
) -> None:
    snapshot = make_snapshot(tmp_path / "snapshot", forums)
    out = tmp_path / "out"
    build(REVIEW_5K, snapshot, out, policy=read_policy(), allow_empty=True)
    messages: list[str] = []

    def failing(action: Callable[[], Any]) -> None:
        with pytest.raises(Exception, match=r".") as error:
            action()
        messages.append(str(error.value))

    other = read_policy().model_copy(update={"name": "other"})
    failing(lambda: build(REVIEW_5K, snapshot, out, policy=other, allow_empty=True))
    write_tombstones(out, [Tombstone(paper_id="other03", reason="r", date=DAY)])
    failing(lambda: verify_build(out))
    (out / "README.md").write_text("changed")
    failing(lambda: verify_build(out))
    assert len(messages) == 3
    assert not any("delete" in message or "move it out" in message for message in messages)
