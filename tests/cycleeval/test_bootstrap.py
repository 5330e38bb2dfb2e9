import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from cycleeval import bootstrap
from cycleeval.ragged import Floats


def mean_of(values: Floats) -> bootstrap.Statistic:
    return lambda weights: np.asarray(weights @ values / weights.sum(axis=1))


@pytest.mark.parametrize("seed", range(5))
def test_interval_is_that_of_scipy_on_the_same_resamples(seed: int) -> None:
    values = np.random.default_rng(seed).exponential(size=40)
    oracle = stats.bootstrap((values,), np.mean, n_resamples=999, method="BCa", rng=seed)
    left_out = bootstrap.evaluate({"": mean_of(values)}, bootstrap.left_out_weights(40))[""]
    found = bootstrap.bca_interval(values.mean(), oracle.bootstrap_distribution, left_out)
    assert found is not None
    expected = oracle.confidence_interval
    assert (found.low, found.high) == pytest.approx(
        (expected.low, expected.high), rel=1e-9
    )  # rounded to 12 digits


def test_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    generator = np.random.default_rng(11)
    covered = 0
    for trial in range(200):
        values = generator.exponential(size=60)
        statistic = {"": mean_of(values)}
        drawn = bootstrap.evaluate(
            statistic, bootstrap.resampled_weights(60, resamples=400, seed=trial)
        )
        left_out = bootstrap.evaluate(statistic, bootstrap.left_out_weights(60))
        found = bootstrap.bca_interval(values.mean(), drawn[""], left_out[""])
        assert found is not None
        covered += found.low <= 1 <= found.high
    # 95% less the known shortfall of skewed samples; four standard errors of 200 trials are 6%.
    assert 176 <= covered <= 200


def test_every_resample_draws_as_many_papers_as_there_are() -> None:
    rows = np.concatenate(list(bootstrap.resampled_weights(7, resamples=50, seed=1)))
    again = np.concatenate(list(bootstrap.resampled_weights(7, resamples=50, seed=1)))
    assert rows.shape == (50, 7)
    assert (rows.sum(axis=1) == 7).all()
    assert (rows == again).all()
    assert len(np.unique(rows, axis=0)) > 40


def test_draws_are_even() -> None:
    rows = np.concatenate(list(bootstrap.resampled_weights(50, resamples=4000, seed=3)))
    # 200,000 draws over 50 papers: counts have a standard deviation of 63.
    assert rows.sum(axis=0) == pytest.approx(np.full(50, 4000), abs=300)


def test_papers_are_left_out_one_by_one_and_in_groups_beyond_a_number() -> None:
    rows = np.concatenate(list(bootstrap.left_out_weights(5)))
    assert rows.tolist() == (1 - np.eye(5)).tolist()
    many = 2 * bootstrap.JACKKNIFE_GROUPS + 3
    sizes = np.concatenate([many - chunk.sum(axis=1) for chunk in bootstrap.left_out_weights(many)])
    assert len(sizes) == bootstrap.JACKKNIFE_GROUPS
    assert sizes.sum() == many
    assert set(sizes.tolist()) == {2.0, 3.0}


UNDEFINED = {
    "the value": (np.nan, np.ones(100)),
    "a tenth of the resamples": (1.0, np.where(np.arange(100) < 10, np.nan, 1.0)),
}


@pytest.mark.parametrize(("value", "resampled"), UNDEFINED.values(), ids=UNDEFINED.keys())
def test_no_interval_where_this_is_undefined(value: float, resampled: Floats) -> None:
    assert bootstrap.bca_interval(value, resampled, np.ones(3)) is None


def test_a_statistic_that_never_moves_has_an_interval_of_no_width() -> None:
    assert bootstrap.bca_interval(2.0, np.full(9, 2.0), np.full(3, 2.0)) == bootstrap.Interval(2, 2)


def test_permutation_p_value_is_that_of_scipy() -> None:
    differences = np.random.default_rng(4).normal(0.4, 1, size=30)
    signs = np.concatenate(list(bootstrap.swap_weights(30, resamples=9999, seed=0))) * 2 - 1
    found = bootstrap.permutation_p_value(differences.mean(), (signs @ differences) / 30)
    oracle = stats.permutation_test(
        (differences,), np.mean, permutation_type="samples", n_resamples=9999, rng=1
    )
    assert found == pytest.approx(oracle.pvalue, abs=0.015)  # two draws of 9,999: three errors


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_holm_adjusts_as_its_definition_says(p_values: list[float]) -> None:
    m = len(p_values)
    order = np.argsort(p_values, kind="stable")
    steps = np.maximum.accumulate([(m - k) * p_values[i] for k, i in enumerate(order)])
    expected = np.empty(m)
    expected[order] = np.minimum(steps, 1)
    assert bootstrap.holm(p_values) == pytest.approx(expected.tolist())


def test_a_detectable_difference_is_found_four_times_in_five() -> None:
    error = 0.3
    shift = bootstrap.detectable_difference(error)
    drawn = np.random.default_rng(0).normal(shift, error, size=40_000)
    # 40,000 draws of a share near 0.8: 0.002 standard error.
    assert np.mean(np.abs(drawn) > 1.96 * error) == pytest.approx(0.8, abs=0.01)


GROUPS: dict[str, tuple[list[str], set[frozenset[str]], list[int]]] = {
    "none differ": (["a", "b", "c"], set(), [1, 1, 1]),
    "all differ": (["a", "b"], {frozenset("ab")}, [1, 2]),
    "the third from the first only": (["a", "b", "c"], {frozenset("ac")}, [1, 1, 3]),
    "a new group has a leader of its own": (
        ["a", "b", "c"],
        {frozenset("ab"), frozenset("ac")},
        [1, 2, 2],
    ),
}


@pytest.mark.parametrize(("ranked", "different", "places"), GROUPS.values(), ids=GROUPS.keys())
def test_tie_groups(ranked: list[str], different: set[frozenset[str]], places: list[int]) -> None:
    assert bootstrap.tie_groups(ranked, different) == places
