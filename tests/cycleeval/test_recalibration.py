import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import PredefinedSplit, cross_val_predict

from cycleeval.recalibration import (
    cross_fitted_mean,
    draw_folds,
    error_parts,
    recalibrate,
    skill,
)

RATINGS = st.lists(st.sampled_from([1.0, 3.0, 5.0, 6.0, 8.0, 10.0]), min_size=2, max_size=30)


@given(RATINGS, st.randoms(use_true_random=False))
def test_the_three_parts_add_up_to_the_mean_squared_error(
    targets: list[float], dice: random.Random
) -> None:
    predictions = [dice.choice([0.0, 2.5, 7.0]) for _ in targets]
    parts = error_parts(predictions, targets)
    assert parts.total == pytest.approx(np.mean(np.subtract(predictions, targets) ** 2), abs=1e-9)
    assert min(parts.bias, parts.spread, parts.order) >= 0


@given(RATINGS)
def test_a_shift_is_bias_and_a_stretch_is_spread_alone(targets: list[float]) -> None:
    wanted = np.array(targets)
    shifted = error_parts(wanted + 2, wanted)
    assert (shifted.bias, shifted.signed_bias) == pytest.approx((4.0, 2.0))
    assert shifted.spread + shifted.order == pytest.approx(0, abs=1e-9)
    stretched = error_parts(wanted.mean() + 3 * (wanted - wanted.mean()), wanted)
    assert stretched.bias + stretched.order == pytest.approx(0, abs=1e-9)


def test_linear_recalibration_equals_scikit_learn_fold_by_fold() -> None:
    generator = np.random.default_rng(1)
    wanted = generator.normal(5, 1.5, 200)
    predicted = 3 + 0.4 * wanted + generator.normal(0, 1, 200)
    split = PredefinedSplit(draw_folds(200, folds=5, seed=3))
    theirs = cross_val_predict(LinearRegression(), predicted[:, None], wanted, cv=split)
    ours = recalibrate(predicted, wanted, folds=5, seed=3)
    assert ours == pytest.approx(theirs, abs=1e-10)


def test_no_paper_judges_its_own_fit() -> None:
    generator = np.random.default_rng(2)
    predicted, wanted = generator.normal(size=(2, 40))
    changed = wanted.copy()
    changed[7] += 100
    for method in ("linear", "isotonic"):
        before = recalibrate(predicted, wanted, method=method)
        after = recalibrate(predicted, changed, method=method)
        assert before[7] == after[7]


def test_recalibration_recovers_the_skill_of_a_reviewer_that_is_only_off_scale() -> None:
    generator = np.random.default_rng(3)
    wanted = generator.normal(5, 1.5, 500)
    predicted = 9 + 3 * (wanted - 5) + generator.normal(0, 0.3, 500)
    raw = skill((predicted - wanted) ** 2, (wanted - wanted.mean()) ** 2)
    fitted = recalibrate(predicted, wanted)
    repaired = skill((fitted - wanted) ** 2, (cross_fitted_mean(wanted) - wanted) ** 2)
    assert raw < 0 < 0.95 < repaired


def test_a_reviewer_that_always_answers_alike_gains_nothing_by_recalibration() -> None:
    wanted = np.random.default_rng(4).normal(size=100)
    constant = recalibrate(np.full(100, 7.0), wanted)
    assert constant == pytest.approx(cross_fitted_mean(wanted))


@pytest.mark.parametrize(
    ("predictions", "targets", "message"),
    [
        ([1.0], [1.0], "at least two papers"),
        ([1.0, 2.0], [1.0], "one prediction and one target per paper"),
        (
            [1.0, float("nan")],
            [1.0, 2.0],
            "predictions: paper 1: expected a finite number, found nan",
        ),
    ],
    ids=["one-paper", "lengths", "nan"],
)
def test_bad_input_is_named(predictions: list[float], targets: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        error_parts(predictions, targets)


def test_an_unknown_method_and_too_many_folds_are_refused() -> None:
    with pytest.raises(ValueError, match="expected one of 'linear', 'isotonic'; found 'platt'"):
        recalibrate([1, 2], [1, 2], method="platt")  # type: ignore[arg-type]  # the error under test
    with pytest.raises(ValueError, match="expected 2 to 3 folds for 3 papers, found 10"):
        recalibrate([1, 2, 3], [1, 2, 3])
