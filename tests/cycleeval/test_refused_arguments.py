"""Arguments that are not what they look like: refused with a message, never read as a number."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from cycledata.errors import ScoringError
from cycleeval import added_information as added
from cycleeval.agreement import replacement_wins
from cycleeval.comparison import compare
from cycleeval.detection import choose_threshold, detect, threshold_at_false_positive_rate
from cycleeval.generated import best_of_k, rate_sources
from cycleeval.proxy import human_error, proxy_error
from cycleeval.recalibration import cross_fitted_mean, error_parts, recalibrate
from cycleeval.reviewer_worth import reviewer_worth
from cycleeval.scoring import score
from cycleeval.scoring_config import ScoringConfig

RATINGS = [[3, 5], [6, 8, 8], [6, 6]]
MANY = [[i % 7, i % 7 + 1, i % 5 + 1] for i in range(20)]
WORDS: Any = ["5", "6", "7"]
TRUTHS: Any = [True, False, True]
ANY: Any = {"policy": "worst"}

REFUSED: dict[str, tuple[Callable[[], object], type[Exception], str]] = {
    "words to recalibrate": (
        lambda: recalibrate(WORDS, [1, 2, 3], folds=2),
        TypeError,
        "predictions: expected a number, found '5'",
    ),
    "truth values to recalibrate": (
        lambda: recalibrate(TRUTHS, [1, 2, 3], folds=2),
        TypeError,
        "expected a number, found True",
    ),
    "half a fold": (
        lambda: recalibrate([1, 2, 3], [1, 2, 3], folds=2.0),  # type: ignore[arg-type]  # the case
        ValueError,
        "folds: expected a whole number",
    ),
    "an unknown method": (
        lambda: recalibrate([1, 2, 3], [1, 2, 3], method="Linear"),  # type: ignore[arg-type]  # the case
        ValueError,
        "method: expected one of 'linear', 'isotonic'",
    ),
    "words as targets": (lambda: cross_fitted_mean(WORDS, folds=2), TypeError, "targets"),
    "words with parts": (lambda: error_parts(WORDS, [1, 2, 3]), TypeError, "predictions"),
    "words worth reviewers": (lambda: reviewer_worth(WORDS, RATINGS), TypeError, "predictions"),
    "no resamples": (
        lambda: reviewer_worth(list(range(20)), MANY, resamples=0),
        ValueError,
        "resamples: expected a whole number >= 1",
    ),
    "words instead of a human": (
        lambda: replacement_wins(WORDS, RATINGS),
        TypeError,
        "predicted: expected a number",
    ),
    "too many predictions": (
        lambda: replacement_wins([5, 6, 7, 8], RATINGS),
        ValueError,
        "expected one prediction per paper, 3; found 4",
    ),
    "words that add information": (
        lambda: added.added_information(WORDS, [1, 2, 3], [[1, 2, 3]], folds=2),
        TypeError,
        "predictions",
    ),
    "words as a baseline": (
        lambda: added.added_information([1, 2, 3], [1, 2, 3], [WORDS], folds=2),
        TypeError,
        "baselines",
    ),
    "labels in words": (
        lambda: choose_threshold([1, 2, 3], ["human", "model", "human"]),
        TypeError,
        "generated: expected True or False",
    ),
    "criteria in words": (lambda: choose_threshold(WORDS, TRUTHS), TypeError, "criteria"),
    "criteria of people in words": (
        lambda: threshold_at_false_positive_rate(WORDS, 0.5),
        TypeError,
        "human_criteria",
    ),
    "a threshold in words": (lambda: detect([], thresholds=WORDS), TypeError, "thresholds"),
    "values in words": (lambda: best_of_k(WORDS, 1), TypeError, "values"),
    "the best of 1.5": (
        lambda: best_of_k([1.0, 2.0], 1.5),  # type: ignore[arg-type]  # the case
        ValueError,
        "k: expected a whole number",
    ),
    "the best of none": (lambda: rate_sources([], ks=[0]), ValueError, "k: expected a whole"),
    "half a reviewer": (
        lambda: human_error(RATINGS, left_out=[0.5, 0, 0]),  # type: ignore[list-item]  # the case
        ValueError,
        "left_out: expected one whole number per paper",
    ),
    "a reviewer who does not exist": (
        lambda: proxy_error([5, 6, 7], RATINGS, left_out=np.array([0, -1, 0])),
        ValueError,
        "left_out: expected one whole number per paper",
    ),
    "options as a mapping": (
        lambda: score([5, 6, 7], RATINGS, config=ANY),
        TypeError,
        "config: expected a ScoringConfig or None",
    ),
    "options of a comparison as a mapping": (
        lambda: compare([5, 6, 7], [5, 6, 7], RATINGS, config=ANY),
        TypeError,
        "config: expected a ScoringConfig or None",
    ),
    "a threshold that no rating reaches": (
        lambda: score([5, 6, 7], RATINGS, config=ScoringConfig(threshold=99)),
        ScoringError,
        "the accept threshold 99 is off the scale 1 to 10",
    ),
    "no human rating at all": (
        lambda: score([5, 6, 7], [[], [], []]),
        ScoringError,
        "expected a paper with a rating, found none",
    ),
}


@pytest.mark.parametrize(("call", "error", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_is_refused(call: Callable[[], object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def test_left_out_reviewers_may_be_a_list() -> None:
    assert human_error(RATINGS, left_out=[0, 1, 1]).tolist() == [4.0, 1.0, 0.0]
