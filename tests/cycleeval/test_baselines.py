import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cycleeval.baselines import best_constant, majority, noise_floor
from cycleeval.proxy import Loss, Mode, proxy_error
from cycleeval.scoring_config import Over

panels = st.lists(st.lists(st.integers(1, 10), min_size=2, max_size=5), min_size=1, max_size=7)


@given(
    panels,
    st.sampled_from(["n-1", "n"]),
    st.sampled_from(["mse", "mae"]),
    st.sampled_from(["papers", "reviews"]),
)
def test_no_other_constant_has_a_lower_error(
    ratings: list[list[int]], mode: Mode, loss: Loss, over: Over
) -> None:
    weights = [len(marks) for marks in ratings] if over == "reviews" else None

    def error(constant: float) -> float:
        per_paper = proxy_error([constant] * len(ratings), ratings, mode=mode, loss=loss)
        return float(np.average(per_paper, weights=weights))

    best = error(best_constant(ratings, mode=mode, loss=loss, over=over))
    assert all(best <= error(other) + 1e-9 for other in np.linspace(1, 10, 91))


@given(panels)
def test_the_noise_floors_differ_as_the_modes_do(ratings: list[list[int]]) -> None:
    # The same identity as for any model, because the floor is the error of the true rating.
    variance = np.array([np.var(marks, ddof=1) for marks in ratings])
    n = np.array([len(marks) for marks in ratings])
    gap = noise_floor(ratings, mode="n-1") - noise_floor(ratings, mode="n")
    assert gap == pytest.approx(variance / (n * (n - 1)), abs=1e-9)


def test_the_noise_floor_is_what_the_truth_scores() -> None:
    generator = np.random.default_rng(8)
    truth = generator.normal(6, 1, size=20_000)
    ratings = (truth[:, None] + generator.normal(0, 1.6, size=(20_000, 4))).tolist()
    modes: tuple[Mode, ...] = ("n", "n-1")
    for mode in modes:
        # Both means have a standard error of about 0.01.
        measured = proxy_error(truth.tolist(), ratings, mode=mode).mean()
        assert noise_floor(ratings, mode=mode).mean() == pytest.approx(measured, abs=0.04)


def test_majority_and_its_tie() -> None:
    assert majority([True, True, False])
    assert not majority([True, False])
    with pytest.raises(ValueError, match="at least one decision"):
        majority([])
