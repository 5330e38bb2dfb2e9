"""From files that people have to rows of both datasets, without any service."""

import datetime as dt
import json
from pathlib import Path

import pytest

from cycledata.builds.inventory import take_inventory
from cycledata.builds.runner import DATASETS, build
from cycledata.consent.policy import read_policy
from cycledata.datasets.research14k.citations import wanted_papers
from cycledata.datasets.spec import MONTH_ONLY
from cycledata.errors import EmptyBuildError
from cycledata.load import BuildManifest, iterate_rows
from cycledata.sample import rehearsal
from cycledata.sample.compose import gzip_stored
from cycledata.snapshot.open import OpenSnapshot
from cycledata.snapshot.reply import Reply
from cycledata.snapshot.seal import seal
from cycledata.sources.dumps import import_notes
from cycledata.sources.import_metadata import import_arxiv_metadata
from cycledata.sources.import_papers import (
    import_accepted_papers,
    import_arxiv_ids,
)
from cycledata.sources.import_ratings import import_ratings
from cycledata.sources.import_texts import import_eprints

DRAFTS = rehearsal.drafts(4, 1)
LICENSE = "http://creativecommons.org/licenses/by/4.0/"


def write_eprints(folder: Path, names: list[str]) -> Path:
    folder.mkdir()
    for name, draft in zip(names, DRAFTS, strict=True):
        (folder / f"{name}.gz").write_bytes(gzip_stored(rehearsal.latex(draft).encode()))
    return folder


def write_lines(path: Path, rows: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def made(dataset: str, snapshot: Path, out: Path) -> BuildManifest:
    seal(snapshot)
    return build(DATASETS[dataset], snapshot, out, policy=read_policy(), allow_empty=True).manifest


def test_notes_e_prints_and_a_mapping_give_every_config_of_review_5k(tmp_path: Path) -> None:
    papers = [f"forum{n}" for n in range(4)]
    forums = [rehearsal._forum(p, n, DRAFTS[n]) for n, p in enumerate(papers)]
    names = ["2301.90000v2", "2301.90001v1", "forum2", "forum3"]
    ids: list[dict[str, object]] = [
        {"paper_id": "forum0", "arxiv_id": "2301.90000v2", "license": LICENSE},
        {"paper_id": "forum1", "arxiv_id": "2301.90001", "license": LICENSE},
        {"paper_id": "forum2", "arxiv_id": "2301.90002v1", "license": LICENSE},
    ]
    with OpenSnapshot(tmp_path / "s") as snapshot:
        import_notes([write_lines(tmp_path / "notes.jsonl", forums)], snapshot)
        import_eprints([write_eprints(tmp_path / "e", names)], snapshot)
        unused = take_inventory(snapshot).unused
        assert [(item.kind, item.n_replies) for item in unused] == [("e-prints", 2)]
        import_arxiv_ids([write_lines(tmp_path / "ids.jsonl", ids)], snapshot)
        assert take_inventory(snapshot).unused == ()
    manifest = made("review-5k", tmp_path / "s", tmp_path / "out")
    assert sum(manifest.configs["scores"].values()) == 4
    rows = {
        row["paper_id"]: row
        for split in manifest.configs["default"]
        for row in iterate_rows(tmp_path / "out", "default", split)
    }
    # Nothing states a license for the fourth e-print.
    assert sorted(rows) == papers[:3]
    assert {row["license"] for row in rows.values()} == {LICENSE}
    assert rows["forum0"]["sections"][0]["title"] == "Introduction"


def test_a_list_with_ids_and_e_prints_give_research_14k(tmp_path: Path) -> None:
    names = [f"2301.9000{n}v1" for n in range(4)]
    listed: list[dict[str, object]] = [
        {
            "paper_id": f"p{n}",
            "title": draft.title,
            "authors": "Anna Beispiel",
            "arxiv_id": names[n],
            "license": LICENSE,
        }
        for n, draft in enumerate(DRAFTS)
    ]
    with OpenSnapshot(tmp_path / "s") as snapshot:
        table = write_lines(tmp_path / "list.jsonl", listed)
        import_accepted_papers([table], snapshot, listing="acl/2023")
        import_eprints([write_eprints(tmp_path / "e", names)], snapshot)
    manifest = made("research-14k", tmp_path / "s", tmp_path / "out")
    # The ids have one month, so no paper is known to be later than another.
    assert manifest.configs["ids"] == {"train": 4}
    assert manifest.facts[MONTH_ONLY] == 4
    with pytest.raises(EmptyBuildError, match=r"of 4 only the month .* add their days as a column"):
        build(DATASETS["research-14k"], tmp_path / "s", tmp_path / "no", policy=read_policy())
    rows = [
        row
        for split in manifest.configs["default"]
        for row in iterate_rows(tmp_path / "out", "default", split)
    ]
    assert [row["paper_id"] for row in rows] == ["p0", "p1", "p2", "p3"]
    assert rows[0]["abstract"] == rehearsal.abstract(DRAFTS[0])
    assert {row["published"] for row in rows} == {None}


def test_months_of_arxiv_ids_split_research_14k_where_days_are_not_known(tmp_path: Path) -> None:
    names = ["2301.90000v1", "2302.90001v1", "2303.90002v1", "2303.90003v1"]
    listed: list[dict[str, object]] = [
        {"paper_id": f"p{n}", "title": draft.title, "arxiv_id": names[n], "license": LICENSE}
        for n, draft in enumerate(DRAFTS)
    ]
    listed[2]["published"] = "2023-03-05"
    with OpenSnapshot(tmp_path / "s") as snapshot:
        table = write_lines(tmp_path / "list.jsonl", listed)
        import_accepted_papers([table], snapshot, listing="acl/2023")
        import_eprints([write_eprints(tmp_path / "e", names)], snapshot)
    seal(tmp_path / "s")
    manifest = build(
        DATASETS["research-14k"], tmp_path / "s", tmp_path / "out", policy=read_policy()
    ).manifest
    rows = {
        row["paper_id"]: (split, row["published"])
        for split in manifest.configs["ids"]
        for row in iterate_rows(tmp_path / "out", "ids", split)
    }
    day = dt.date(2023, 3, 5)
    assert rows["p0"] == rows["p1"] == ("train", None)
    assert (rows["p2"], rows["p3"]) == (("test", day), ("test", None))
    assert manifest.facts["Last day of train"] == "2023-02-28"
    assert manifest.facts[MONTH_ONLY] == 3


def test_the_inventory_counts_matches_and_licenses_of_metadata(tmp_path: Path) -> None:
    forum = rehearsal._forum("forum0", 0, DRAFTS[0])
    title = DRAFTS[0].title
    row: dict[str, object] = {
        "id": "2301.90000",
        "title": title,
        "authors": "A",
        "abstract": "",
        "license": LICENSE,
    }
    with OpenSnapshot(tmp_path / "s") as snapshot:
        import_notes([write_lines(tmp_path / "notes.jsonl", [forum])], snapshot)
        eprint = tmp_path / "2301.90000.gz"
        eprint.write_bytes(gzip_stored(rehearsal.latex(DRAFTS[0]).encode()))
        import_eprints([eprint], snapshot)
        assert [gap.what for gap in take_inventory(snapshot).missing] == ["no arXiv match"]
        wanted = wanted_papers(snapshot, tmp_path / "cache")
        file = write_lines(tmp_path / "arxiv.json", [row])
        import_arxiv_metadata([file], snapshot, wanted)
        found = take_inventory(snapshot, read_notes=True)
    assert found.n_replies["rows of arXiv's metadata"] == 1
    assert (found.unused, found.missing) == ((), ())


def test_the_inventory_of_replies_that_cannot_be_read_counts_them(tmp_path: Path) -> None:
    payloads = {"a": b"<html>", "b": b'{"forum": "b", "notes": [5, {"id": "b"}]}', "c": b"[1]"}
    with OpenSnapshot(tmp_path) as snapshot:
        snapshot.add_many(
            Reply("openreview", f"forum/{i}", "u", None, 200, "j", payload)
            for i, payload in payloads.items()
        )
        snapshot.add_many([Reply("ratings", "V/a", "u", None, 200, "j", b"no JSON")])
        found = take_inventory(snapshot, read_notes=True)
    assert found.n_submissions == 3
    assert (3, "no title") in [(gap.n_papers, gap.what) for gap in found.missing]


def test_the_inventory_names_papers_without_a_title(tmp_path: Path) -> None:
    review: dict[str, object] = {
        "id": "r",
        "forum": "f",
        "replyto": "f",
        "content": {"title": "Review", "rating": 5},
    }
    other = {**review, "id": "s", "forum": "g", "replyto": "g"}
    with OpenSnapshot(tmp_path / "s") as snapshot:
        import_notes([write_lines(tmp_path / "notes.jsonl", [review, other])], snapshot)
        gaps = take_inventory(snapshot, read_notes=True).missing
        assert [(gap.n_papers, gap.what) for gap in gaps if "title" in gap.what] == [
            (2, "no title")
        ]
        table = write_lines(tmp_path / "t.jsonl", [{"paper_id": "f", "title": "T"}])
        import_ratings([table], snapshot, venue="V/x")
        gaps = take_inventory(snapshot, read_notes=True).missing
        assert [(gap.n_papers, gap.what) for gap in gaps if "title" in gap.what] == [
            (1, "no title")
        ]
