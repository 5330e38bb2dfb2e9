"""Defects of this package that an input shows: each costs its paper, or only its text."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from cycledata import sample
from cycledata.builds.runner import DATASETS, build
from cycledata.consent.policy import read_policy
from cycledata.datasets.research14k import select
from cycledata.datasets.review5k import forms
from cycledata.datasets.spec import BuildContext, PaperRows
from cycledata.load import verify_build
from cycledata.matching.find import ArxivMatch
from cycledata.parse import latex
from cycledata.parse.openreview import forum, note
from cycledata.parse.proceedings import ListedPaper
from cycledata.records import PaperText
from cycledata.snapshot.reply import Replies

REVIEW_5K = DATASETS["review-5k"]
POLICY = read_policy(sample.POLICY)


def test_a_text_that_shows_a_defect_of_the_reader_costs_its_paper_only_the_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built, out = tmp_path / "built", tmp_path / "out"
    build(REVIEW_5K, sample.SNAPSHOT, built, policy=POLICY)
    whole = pl.read_parquet(built / "default" / "*.parquet")["paper_id"].sort()
    parse = latex.parse_eprint

    def stumble(payload: bytes, *, file: str, **options: Any) -> PaperText:
        found = parse(payload, file=file, **options)
        if found.title == first_title:
            raise IndexError(found.title)
        return found

    first_title = pl.read_parquet(built / "default" / "*.parquet").sort("paper_id")["title"][0]
    monkeypatch.setattr(latex, "parse_eprint", stumble)
    build(REVIEW_5K, sample.SNAPSHOT, out, policy=POLICY)
    assert pl.read_parquet(out / "default" / "*.parquet")["paper_id"].sort().equals(whole[1:])
    drops = pl.read_parquet(out / "dropped.parquet").filter(rule="defect")
    assert drops["paper_id"].to_list() == [whole[0]]
    assert drops["detail"].item().startswith("IndexError in test_build_defects.stumble, a defect")
    assert first_title not in drops["detail"].item()
    scores = pl.read_parquet(out / "scores" / "*.parquet")
    assert whole[0] in scores["paper_id"]
    verify_build(out)


def test_a_paper_that_shows_a_defect_is_left_out_with_the_reason(tmp_path: Path) -> None:
    def make(context: BuildContext[Any], paper_id: str) -> PaperRows:
        if paper_id == "SAMPLE5k03":
            raise KeyError("its words")
        return REVIEW_5K.make(context, paper_id)

    report = build(replace(REVIEW_5K, make=make), sample.SNAPSHOT, tmp_path / "out", policy=POLICY)
    assert report.manifest.dropped["parse: defect"] == 1
    row = pl.read_parquet(tmp_path / "out" / "dropped.parquet").filter(rule="defect").row(0)
    assert row[0] == "SAMPLE5k03"
    assert "KeyError in test_build_defects.make" in row[2]
    assert "words" not in row[2]


def test_a_defect_in_a_first_look_at_all_papers_costs_only_its_paper(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = note.read_note

    def stumble(raw: Any, *, paper_id: str = "") -> note.Note:
        if paper_id == "SAMPLE5k03":
            raise IndexError("its words")
        return read(raw, paper_id=paper_id)

    monkeypatch.setattr(forum, "read_note", stumble)
    # Without the shipped forms, they are inferred from all reviews first.
    monkeypatch.setattr(forms, "FORMS", {})
    out = tmp_path / "out"
    build(REVIEW_5K, sample.SNAPSHOT, out, policy=POLICY, configs=["scores", "history"])
    drops = pl.read_parquet(out / "dropped.parquet").filter(rule="defect")
    assert drops["paper_id"].to_list() == ["SAMPLE5k03"]
    assert "SAMPLE5k04" in pl.read_parquet(out / "scores" / "*.parquet")["paper_id"]


def test_a_defect_in_the_index_of_research_14k_costs_only_its_paper(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = select.find_entry
    build(DATASETS["research-14k"], sample.SNAPSHOT, tmp_path / "whole", policy=POLICY)
    ids = pl.read_parquet(tmp_path / "whole" / "ids" / "*.parquet")["paper_id"].sort()

    def stumble(replies: Replies, entry: ListedPaper) -> ArxivMatch | None:
        if entry.paper_id == ids[-1]:
            raise KeyError("its words")
        return find(replies, entry)

    monkeypatch.setattr(select, "find_entry", stumble)
    build(DATASETS["research-14k"], sample.SNAPSHOT, tmp_path / "out", policy=POLICY)
    drops = pl.read_parquet(tmp_path / "out" / "dropped.parquet").filter(rule="defect")
    assert drops["paper_id"].to_list() == [ids[-1]]
    kept = pl.read_parquet(tmp_path / "out" / "ids" / "*.parquet")["paper_id"].sort()
    assert kept.equals(ids[:-1])
