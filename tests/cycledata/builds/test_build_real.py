"""Review-5k from real raw notes: nothing is lost, and the human figures are what they must be."""

from pathlib import Path

import polars as pl
import pytest

from cycledata.builds.runner import DATASETS, build
from cycledata.consent.policy import read_policy
from cycledata.load import BuildManifest
from cycledata.snapshot.open import OpenSnapshot
from cycledata.snapshot.seal import seal
from cycledata.sources.dumps import import_notes
from cycledata.sources.import_ratings import import_ratings
from cycleeval.proxy import leave_one_out_errors

pytestmark = pytest.mark.shared_data


def build_scores(
    tmp_path: Path, notes: Path, ratings: Path, configs: list[str] | None = None
) -> tuple[BuildManifest, pl.DataFrame, pl.DataFrame]:
    with OpenSnapshot(tmp_path / "snapshot") as snapshot:
        import_notes([notes], snapshot)
        import_ratings([ratings], snapshot)
    seal(tmp_path / "snapshot")
    out = tmp_path / "out"
    report = build(
        DATASETS["review-5k"],
        tmp_path / "snapshot",
        out,
        policy=read_policy(),
        configs=configs,
        allow_empty=True,
    )
    scores = pl.read_parquet(out / "scores" / "*.parquet")
    return report.manifest, scores, pl.read_parquet(out / "dropped.parquet")


def human_errors(scores: pl.DataFrame) -> tuple[int, float, float]:
    """Papers with two ratings or more, and human n-1 MSE and MAE over them."""
    errors = [leave_one_out_errors(r) for r in scores["ratings"].to_list() if len(r) >= 2]
    n_papers = len(errors)
    mse = sum(float((e**2).mean()) for e in errors) / n_papers
    return n_papers, mse, sum(float(abs(e).mean()) for e in errors) / n_papers


def test_iclr_2024_notes_give_every_paper_and_the_known_human_errors(
    tmp_path: Path, shared_data: Path
) -> None:
    manifest, scores, dropped = build_scores(
        tmp_path,
        shared_data / "openreview" / "iclr2024_reviews_v2.jsonl.xz",
        shared_data / "ratings" / "iclr2024_ratings.parquet",
    )
    assert manifest.counts["papers_kept"] == scores.height == 3549
    assert manifest.counts["notes"] == scores["n_reviews"].sum() == 13670
    whole = dropped.filter(~pl.col("stage").str.contains("/|notes|text"))
    assert whole.group_by("stage", "rule").len().rows() == [("parse", "no-notes", 70)]
    n_papers, mse, mae = human_errors(scores)
    assert (n_papers, round(mse, 3), round(mae, 3)) == (3548, 2.696, 1.282)


def test_iclr_2023_notes_have_their_rating_in_recommendation(
    tmp_path: Path, shared_data: Path
) -> None:
    manifest, scores, _ = build_scores(
        tmp_path,
        shared_data / "openreview" / "iclr2023_reviews_v1.jsonl.xz",
        shared_data / "ratings" / "iclr2023_ratings.parquet",
        ["scores"],
    )
    assert manifest.counts["papers_kept"] == scores.height == 1931
    theirs = pl.read_parquet(shared_data / "ratings" / "iclr2023_ratings.parquet")
    both = scores.join(theirs, on="paper_id").select(
        ours=pl.col("ratings").list.sort(), theirs=pl.col("rating").list.sort()
    )
    # The table is of the final ratings, and so are these notes: they agree but for late changes.
    assert (both["ours"].to_list() == both["theirs"].to_list()) or (
        sum(a == b for a, b in both.rows()) > 0.99 * both.height
    )
