"""Metrics of automated peer review, each with a confidence interval and a signature.

Names are imported on first use, so `import cycleeval` is fast and loads no heavy package.
"""

from typing import TYPE_CHECKING

from cycledata import __version__ as __version__
from cycledata.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from cycledata.jsonl import InvalidLine as InvalidLine
    from cycleeval.agreement import icc as icc
    from cycleeval.agreement import krippendorff_alpha as krippendorff_alpha
    from cycleeval.bootstrap import Interval as Interval
    from cycleeval.comparison import Comparison as Comparison
    from cycleeval.comparison import compare as compare
    from cycleeval.comparison import compare_predictions as compare_predictions
    from cycleeval.detection import Criterion as Criterion
    from cycleeval.detection import Detected as Detected
    from cycleeval.detection import DetectionReport as DetectionReport
    from cycleeval.detection import Fixed as Fixed
    from cycleeval.detection import Threshold as Threshold
    from cycleeval.detection import detect as detect
    from cycleeval.detection import read_detection as read_detection
    from cycleeval.differences import Difference as Difference
    from cycleeval.differences import PairwiseComparison as PairwiseComparison
    from cycleeval.generated import GeneratedReport as GeneratedReport
    from cycleeval.generated import GeneratedRow as GeneratedRow
    from cycleeval.generated import RatedPaper as RatedPaper
    from cycleeval.generated import best_of_k as best_of_k
    from cycleeval.generated import rate_sources as rate_sources
    from cycleeval.generated import read_generated as read_generated
    from cycleeval.human_ratings import HumanRatings as HumanRatings
    from cycleeval.human_ratings import read_human_ratings as read_human_ratings
    from cycleeval.inputs import DecisionLabel as DecisionLabel
    from cycleeval.places import PlaceInterval as PlaceInterval
    from cycleeval.predictions import Prediction as Prediction
    from cycleeval.predictions import PredictionFile as PredictionFile
    from cycleeval.predictions import prediction_of as prediction_of
    from cycleeval.predictions import read_predictions as read_predictions
    from cycleeval.proxy import human_error as human_error
    from cycleeval.proxy import leave_one_out_errors as leave_one_out_errors
    from cycleeval.proxy import proxy_error as proxy_error
    from cycleeval.ragged import Floats as Floats
    from cycleeval.ragged import Lists as Lists
    from cycleeval.ragged import Ragged as Ragged
    from cycleeval.rank import auroc as auroc
    from cycleeval.rank import kendall_tau_b as kendall_tau_b
    from cycleeval.rank import pairwise_accuracy as pairwise_accuracy
    from cycleeval.rank import spearman as spearman
    from cycleeval.result import MetricResult as MetricResult
    from cycleeval.result import Signature as Signature
    from cycleeval.score_card import PerPaper as PerPaper
    from cycleeval.score_card import ScoreCard as ScoreCard
    from cycleeval.scoring import score as score
    from cycleeval.scoring import score_humans as score_humans
    from cycleeval.scoring import score_predictions as score_predictions
    from cycleeval.scoring_config import ScoringConfig as ScoringConfig
    from cycleeval.trivial_baselines import TrivialAnswers as TrivialAnswers
    from cycleeval.trivial_baselines import TrivialBaselines as TrivialBaselines
    from cycleeval.trivial_baselines import answer_trivially as answer_trivially
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "cycledata.jsonl": ("InvalidLine",),
            "cycleeval.agreement": (
                "icc",
                "krippendorff_alpha",
            ),
            "cycleeval.bootstrap": ("Interval",),
            "cycleeval.comparison": (
                "Comparison",
                "compare",
                "compare_predictions",
            ),
            "cycleeval.differences": ("Difference", "PairwiseComparison"),
            "cycleeval.places": ("PlaceInterval",),
            "cycleeval.detection": (
                "Criterion",
                "Detected",
                "DetectionReport",
                "Fixed",
                "Threshold",
                "detect",
                "read_detection",
            ),
            "cycleeval.generated": (
                "GeneratedReport",
                "GeneratedRow",
                "RatedPaper",
                "best_of_k",
                "rate_sources",
                "read_generated",
            ),
            "cycleeval.human_ratings": (
                "HumanRatings",
                "read_human_ratings",
            ),
            "cycleeval.inputs": ("DecisionLabel",),
            "cycleeval.predictions": (
                "Prediction",
                "PredictionFile",
                "prediction_of",
                "read_predictions",
            ),
            "cycleeval.proxy": (
                "human_error",
                "leave_one_out_errors",
                "proxy_error",
            ),
            "cycleeval.ragged": (
                "Floats",
                "Lists",
                "Ragged",
            ),
            "cycleeval.rank": (
                "auroc",
                "kendall_tau_b",
                "pairwise_accuracy",
                "spearman",
            ),
            "cycleeval.result": (
                "MetricResult",
                "Signature",
            ),
            "cycleeval.score_card": (
                "PerPaper",
                "ScoreCard",
            ),
            "cycleeval.scoring": (
                "score",
                "score_humans",
                "score_predictions",
            ),
            "cycleeval.scoring_config": ("ScoringConfig",),
            "cycleeval.trivial_baselines": (
                "TrivialAnswers",
                "TrivialBaselines",
                "answer_trivially",
            ),
        },
    )

__all__ = [
    "Comparison",
    "Criterion",
    "DecisionLabel",
    "Detected",
    "DetectionReport",
    "Difference",
    "Fixed",
    "Floats",
    "GeneratedReport",
    "GeneratedRow",
    "HumanRatings",
    "Interval",
    "InvalidLine",
    "Lists",
    "MetricResult",
    "PairwiseComparison",
    "PerPaper",
    "PlaceInterval",
    "Prediction",
    "PredictionFile",
    "Ragged",
    "RatedPaper",
    "ScoreCard",
    "ScoringConfig",
    "Signature",
    "Threshold",
    "TrivialAnswers",
    "TrivialBaselines",
    "__version__",
    "answer_trivially",
    "auroc",
    "best_of_k",
    "compare",
    "compare_predictions",
    "detect",
    "human_error",
    "icc",
    "kendall_tau_b",
    "krippendorff_alpha",
    "leave_one_out_errors",
    "pairwise_accuracy",
    "prediction_of",
    "proxy_error",
    "rate_sources",
    "read_detection",
    "read_generated",
    "read_human_ratings",
    "read_predictions",
    "score",
    "score_humans",
    "score_predictions",
    "spearman",
]
