"""Models compared with baselines that read a paper without understanding it."""

from collections.abc import Sequence

from cycleeval.comparison import compare_predictions
from cycleeval.differences import PairwiseComparison
from cycleeval.human_ratings import HumanRatings
from cycleeval.predictions import PredictionFile
from cycleeval.scoring_config import ScoringConfig
from cycleeval.trivial_baselines import TrivialBaselines

COMPARED = ("proxy_mse_n", "skill_recalibrated", "decision_accuracy", "auroc", "spearman")
"""Metrics on which a model is compared with the baselines."""


def compare_with_baselines(
    files: Sequence[PredictionFile],
    humans: HumanRatings,
    trivial: TrivialBaselines,
    config: ScoringConfig | None = None,
) -> tuple[PairwiseComparison, ...]:
    """Compare each model with each baseline, paired, on the papers of that model.

    P-values are adjusted within one model and baseline only.
    """
    return tuple(
        pair
        for file in files
        for answer in trivial.answers
        for pair in compare_predictions(
            [file, answer.as_predictions()], humans, config, metrics=COMPARED
        ).pairs
    )
