"""On real ratings: the numbers that anyone who has the same table must find."""

from pathlib import Path

import polars as pl
import pytest

from cycleeval.protocol import Protocol
from cycleeval.reference import read_reference
from cycleeval.scoring import score_humans

pytestmark = pytest.mark.shared_data


def test_human_reviewers_of_iclr_2024_on_14_december(shared_data: Path, tmp_path: Path) -> None:
    table = pl.read_parquet(shared_data / "ratings" / "iclr2024_ratings.parquet")
    accepted = pl.when(pl.col("decision") == "").then(pl.lit("reject")).otherwise(pl.lit("accept"))
    kept = table.filter(pl.col("withdrawn_by_20231214").eq(other=False))
    path = tmp_path / "iclr2024.parquet"
    kept.select("paper_id", ratings="rating_20231214", decision=accepted).write_parquet(path)
    card = score_humans(read_reference(str(path)), Protocol(resamples=100))
    shown = {name: result.value for name, result in card.metrics.items()}
    assert card.n_scored == 2913
    assert card.metrics["decision_accuracy"].n_papers == 2914
    assert shown["proxy_mse_n1"] == pytest.approx(2.573, abs=5e-4)
    assert shown["proxy_mae_n1"] == pytest.approx(1.231, abs=5e-4)
    assert shown["decision_accuracy"] == pytest.approx(0.7483, abs=5e-5)
    assert shown["decision_macro_f1"] == pytest.approx(0.7446, abs=5e-5)
