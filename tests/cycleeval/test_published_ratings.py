"""On real ratings: the numbers that anyone who has the same table must find."""

from pathlib import Path

import polars as pl
import pytest
from scipy import stats

from cycleeval.comparison import compare_predictions
from cycleeval.human_ratings import human_ratings_of, read_human_ratings
from cycleeval.predictions import Prediction, PredictionFile
from cycleeval.scoring import score_humans, score_predictions
from cycleeval.scoring_config import ScoringConfig

pytestmark = pytest.mark.shared_data


def test_human_reviewers_of_iclr_2024_on_14_december(shared_data: Path, tmp_path: Path) -> None:
    table = pl.read_parquet(shared_data / "ratings" / "iclr2024_ratings.parquet")
    accepted = pl.when(pl.col("decision") == "").then(pl.lit("reject")).otherwise(pl.lit("accept"))
    kept = table.filter(pl.col("withdrawn_by_20231214").eq(other=False))
    path = tmp_path / "iclr2024.parquet"
    kept.select("paper_id", ratings="rating_20231214", decision=accepted).write_parquet(path)
    card = score_humans(read_human_ratings(str(path)), ScoringConfig(resamples=100))
    shown = {name: result.value for name, result in card.metrics.items()}
    assert card.n_scored == 2913
    assert card.metrics["decision_accuracy"].n_papers == 2914
    assert shown["proxy_mse_n1"] == pytest.approx(2.573, abs=5e-4)
    assert shown["proxy_mae_n1"] == pytest.approx(1.231, abs=5e-4)
    assert shown["decision_accuracy"] == pytest.approx(0.7483, abs=5e-5)
    assert shown["decision_macro_f1"] == pytest.approx(0.7446, abs=5e-5)


RUNS = {
    "claude-3-5-sonnet-20240620_temp_0_1_reflect_5_ensemble_5": 6,
    "gpt-4o-2024-05-13_temp_0_1": 4,
    "gpt-4o-2024-05-13_temp_0_1_fewshot_1_reflect_5_ensemble_5": 1,
    "gpt-4o-2024-05-13_temp_0_1_reflect_5": 4,
    "gpt-4o-2024-05-13_temp_0_1_reflect_5_ensemble_5": 1,
    "gpt-4o-mini-2024-07-18_temp_0_1_fewshot_1_reflect_5_ensemble_5": 1,
}
"""Runs of the published bench, with the place that proxy MSE (n-1) gives them."""


def test_six_real_runs_none_beats_a_constant_and_mse_hides_who_orders_papers(
    shared_data: Path,
) -> None:
    table = pl.read_parquet(shared_data / "ratings" / "aiscientist_bench.parquet")
    accepted = pl.col("human_decision") != "Reject"
    papers = table.unique("paper_id").with_columns(accepted=accepted)
    reference = human_ratings_of(
        dict(papers.select("paper_id", "human_ratings").iter_rows()),
        {
            paper_id: "accept" if ok else "reject"
            for paper_id, ok in papers.select("paper_id", "accepted").iter_rows()
        },
    )
    submissions = [
        PredictionFile(
            name,
            {
                paper_id: Prediction(paper_id, (float(rating),))
                for paper_id, rating in table.filter(model=name)
                .select("paper_id", "llm_overall")
                .iter_rows()
            },
            (),
        )
        for name in RUNS
    ]
    quick = ScoringConfig(resamples=1000)
    for submission in submissions:
        card = score_predictions(submission, reference, quick)
        rows = table.filter(model=submission.name)
        means = rows["human_ratings"].list.mean().to_numpy()
        said = rows["llm_overall"].to_numpy()
        oracle = stats.spearmanr(said, means).statistic
        assert card.n_scored == 247
        assert card.metrics["spearman"].value == pytest.approx(oracle, abs=1e-9)
        mse = float(((said - means) ** 2).mean())
        assert card.metrics["proxy_mse_n"].value == pytest.approx(mse, abs=1e-9)
        assert "BEAT A CONSTANT" in card.verdicts[0]
    places = compare_predictions(
        submissions, reference, quick, metrics=["proxy_mse_n1", "spearman"]
    ).ranks
    assert places["proxy_mse_n1"] == RUNS
    # The run that is worst by far on MSE is not shown to order papers worse than any other.
    assert places["spearman"]["claude-3-5-sonnet-20240620_temp_0_1_reflect_5_ensemble_5"] == 1
