"""Abstracts of cited works from arXiv's metadata, with the evidence for publishing them."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from cycledata.builds.runner import build
from cycledata.builds.takedown import take_down
from cycledata.consent.policy import read_policy
from cycledata.datasets.research14k import RESEARCH_14K
from cycledata.parse.arxiv_metadata import read_metadata_row
from cycledata.snapshot.reply import Reply

ABSTRACT = "Seen on arXiv alone."


def metadata(number: int, **more: Any) -> Reply:
    """Row of the work that listed paper `number` cites."""
    row = {
        "id": f"2001.{number:05}",
        "title": f"The work that {number:02} builds on",
        "abstract": f"  {ABSTRACT}\n",
        "versions": [{"version": "v1", "created": "Fri, 3 Jan 2020 10:00:00 GMT"}],
        **more,
    }
    payload = read_metadata_row(row)[0]
    key = f"metadata/{row['id']}"
    return Reply("arxiv", key, f"file:x#{key}", None, 200, "application/json", payload)


@pytest.fixture
def built(
    tmp_path: Path,
    make_listed: Callable[..., dict[str, Reply]],
    make_snapshot: Callable[[Path, Iterable[Reply]], Path],
) -> Path:
    """Paper 1: no record of Semantic Scholar. 2: a record without license. 3: withdrawn."""
    papers = {n: make_listed(n, cited_licence=None) for n in range(1, 4)}
    for name in ("own", "cited"):
        del papers[1][name]
    withdrawn = "This paper has been withdrawn by the author."
    rows = [metadata(1), metadata(2), metadata(3, comments=withdrawn)]
    replies = [*rows, *(reply for paper in papers.values() for reply in paper.values())]
    make_snapshot(tmp_path / "s", replies)
    report = build(
        RESEARCH_14K, tmp_path / "s", tmp_path / "b", policy=read_policy(), allow_empty=True
    )
    assert report.manifest.counts["references_with_arxiv_abstract"] == 2
    return tmp_path / "b"


def references(build_folder: Path) -> dict[str, tuple[str | None, str | None]]:
    frame = pl.concat([pl.read_parquet(f) for f in (build_folder / "default").glob("*.parquet")])
    return {
        row["paper_id"]: (row["references"][0]["paper_id"], row["references"][0]["abstract"])
        for row in frame.iter_rows(named=True)
    }


def verdicts(build_folder: Path) -> dict[str, tuple[str, str, str]]:
    frame = pl.read_parquet(build_folder / "consent.parquet")
    frame = frame.filter(pl.col("component") == "reference_abstracts")
    return {
        row["paper_id"]: (row["verdict"], row["evidence"], row["source"])
        for row in frame.iter_rows(named=True)
    }


def test_cited_abstracts_come_from_the_metadata_without_semantic_scholar(built: Path) -> None:
    assert references(built) == {
        "p01": ("ARXIV:2001.00001", ABSTRACT),
        "p02": (f"c{2:039}", ABSTRACT),
        "p03": (f"c{3:039}", None),
    }
    assert verdicts(built) == {
        "p01": ("publish", "CC0", "arxiv metadata/2001.00001"),
        "p02": ("publish", "CC0", "arxiv metadata/2001.00002"),
        "p03": ("withhold", "", ""),
    }


def test_a_takedown_of_the_cited_work_removes_its_abstract(built: Path, tmp_path: Path) -> None:
    take_down(built, ["2001.00001"], tmp_path / "out", reason="asked", date="2026-11-20")
    assert references(tmp_path / "out")["p01"] == ("ARXIV:2001.00001", None)
    assert verdicts(tmp_path / "out")["p01"][:2] == ("withhold", "tombstone")
    assert references(tmp_path / "out")["p02"] == (f"c{2:039}", ABSTRACT)
