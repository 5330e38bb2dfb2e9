from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cycleeval.proxy import (
    Loss,
    Mode,
    human_error,
    leave_one_out_errors,
    leave_one_out_means,
    proxy_error,
    random_reviewers,
)
from cycleeval.ragged import from_flat, ragged

rating = st.integers(1, 10)
panels = st.lists(st.lists(rating, min_size=2, max_size=6), min_size=1, max_size=8)


def slow_model_error(m: float, ratings: list[float], mode: Mode, loss: Loss) -> float:
    lost = {"mse": lambda e: e * e, "mae": abs}[loss]
    if mode == "n":
        return float(lost(m - sum(ratings) / len(ratings)))
    errors = []
    for i in range(len(ratings)):
        others = ratings[:i] + ratings[i + 1 :]
        errors.append(lost(m - sum(others) / len(others)))
    return float(sum(errors) / len(errors))


# By hand, for ratings 3, 5, 8: the others' means are 6.5, 5.5, 4; the mean of all is 16/3.
BY_HAND: dict[str, tuple[Mode, Loss, float]] = {
    "n-1 mse": ("n-1", "mse", (1.5**2 + 0.5**2 + 1.0**2) / 3),
    "n-1 mae": ("n-1", "mae", (1.5 + 0.5 + 1.0) / 3),
    "n mse": ("n", "mse", (1 / 3) ** 2),
    "n mae": ("n", "mae", 1 / 3),
}


@pytest.mark.parametrize(("mode", "loss", "expected"), BY_HAND.values(), ids=BY_HAND.keys())
def test_model_that_says_5_by_hand(mode: Mode, loss: Loss, expected: float) -> None:
    assert proxy_error([5.0], [[3, 5, 8]], mode=mode, loss=loss) == pytest.approx([expected])


def test_humans_by_hand() -> None:
    assert leave_one_out_errors([3, 5, 8]).tolist() == [-3.5, -0.5, 4.0]
    assert human_error([[3, 5, 8]]).tolist() == [(3.5**2 + 0.5**2 + 4.0**2) / 3]
    assert human_error([[3, 5, 8]], loss="mae").tolist() == pytest.approx([8 / 3])
    assert leave_one_out_means([[3, 5], [6, 6, 9]]).tolist() == [5, 3, 7.5, 7.5, 6]


@given(panels)
def test_human_mse_is_n_times_the_variance_over_n_less_1(ratings: list[list[int]]) -> None:
    counts = np.array([len(r) for r in ratings])
    variance = np.array([np.var(r, ddof=1) for r in ratings])
    assert human_error(ratings) == pytest.approx(counts * variance / (counts - 1), abs=1e-9)


@given(panels, st.floats(1, 10))
def test_leaving_out_adds_the_same_whatever_the_model_says(
    ratings: list[list[int]], said: float
) -> None:
    counts = np.array([len(r) for r in ratings])
    variance = np.array([np.var(r, ddof=1) for r in ratings])
    model = [said] * len(ratings)
    added = proxy_error(model, ratings, mode="n-1") - proxy_error(model, ratings, mode="n")
    assert added == pytest.approx(variance / (counts * (counts - 1)), abs=1e-9)


@given(panels, st.data())
def test_model_errors_are_those_of_the_slow_loop(
    ratings: list[list[int]], data: st.DataObject
) -> None:
    model = data.draw(st.lists(st.floats(1, 10), min_size=len(ratings), max_size=len(ratings)))
    for mode, loss, _ in BY_HAND.values():
        slow = [
            slow_model_error(m, [float(r) for r in rs], mode, loss)
            for m, rs in zip(model, ratings, strict=True)
        ]
        assert proxy_error(model, ratings, mode=mode, loss=loss) == pytest.approx(slow, abs=1e-9)


@given(panels)
def test_signed_leave_one_out_errors_sum_to_zero(ratings: list[list[int]]) -> None:
    for marks in ratings:
        assert leave_one_out_errors(marks).sum() == pytest.approx(0, abs=1e-9)


def test_the_mean_over_random_reviewers_is_the_exhaustive_value() -> None:
    ratings = [[1, 3, 8], [5, 6], [3, 3, 8, 10]]
    counts = np.array([3, 2, 4])
    drawn = [
        human_error(ratings, left_out=random_reviewers(counts, seed=seed)).mean()
        for seed in range(4000)
    ]
    # 4,000 draws of a mean whose spread is about 6: five standard errors.
    assert np.mean(drawn) == pytest.approx(human_error(ratings).mean(), abs=0.5)
    assert random_reviewers(counts, seed=3).tolist() == random_reviewers(counts, seed=3).tolist()


def test_simulated_reviewers_are_judged_by_their_mean() -> None:
    one = proxy_error([5.0, 7.0], [[3, 5], [6, 8]], mode="n")
    many = proxy_error([[4, 6], [7]], [[3, 5], [6, 8]], mode="n")
    assert many.tolist() == one.tolist()


REFUSED: dict[str, tuple[Callable[[], object], str]] = {
    "one rating": (lambda: leave_one_out_errors([5]), "at least 2 rating"),
    "no papers": (lambda: human_error([]), "at least one paper"),
    "a paper with one rating": (lambda: human_error([[3, 5], [6]]), "paper 1: expected at least 2"),
    "too few predictions": (
        lambda: proxy_error([5.0], [[3, 5], [6, 8]]),
        "one prediction per paper",
    ),
    "a paper without prediction": (lambda: proxy_error([[5], []], [[3, 5], [6, 8]]), "paper 1"),
    "NaN": (lambda: proxy_error([float("nan")], [[3, 5]]), "finite number, found nan"),
    "infinite rating": (lambda: human_error([[3, float("inf")]]), "finite number, found inf"),
    "left_out in mode n": (
        lambda: proxy_error([5.0], [[3, 5]], mode="n", left_out=np.array([0])),
        "mode 'n' uses every rating",
    ),
    "left_out beyond the paper": (
        lambda: human_error([[3, 5]], left_out=np.array([2])),
        "to its number of ratings less one",
    ),
    "counts that do not add up": (
        lambda: from_flat(np.ones(3), np.array([1, 1])),
        "add up to 2, found 3",
    ),
}


@pytest.mark.parametrize(("call", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_refuses(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_refuses_what_is_no_number() -> None:
    with pytest.raises(TypeError, match="expected a number"):
        ragged([["six"]])
