import numpy as np
import pytest
from scipy.stats import spearmanr

from cycleeval.added_information import added_information, partial_spearman


def test_a_copy_of_the_baseline_adds_nothing() -> None:
    generator = np.random.default_rng(1)
    length = generator.normal(size=500)
    target = length + generator.normal(size=500)
    found = added_information(3 * length + 1, target, length[None, :])
    assert found.value == pytest.approx(0, abs=1e-6)


def test_independent_information_adds_its_share_of_the_variance() -> None:
    generator = np.random.default_rng(2)
    length, merit, noise = generator.normal(size=(3, 20_000))
    found = added_information(merit, length + merit + noise, [length], resamples=200)
    assert found.value == pytest.approx(1 / 3, abs=0.02)
    assert found.partial_spearman == pytest.approx(0.69, abs=0.02)


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    covered = 0
    for seed in range(60):
        length, merit, noise = np.random.default_rng(seed).normal(size=(3, 400))
        found = added_information(merit, length + merit + noise, [length], resamples=300)
        covered += found.low < 1 / 3 < found.high
    assert covered >= 51


def test_partial_rank_correlation_given_a_constant_is_spearmans() -> None:
    first, second = np.random.default_rng(3).normal(size=(2, 60))
    given = np.zeros((1, 60))
    assert partial_spearman(first, second, given) == pytest.approx(spearmanr(first, second)[0])


def test_a_model_of_noise_has_an_interval_around_zero() -> None:
    generator = np.random.default_rng(4)
    length, noise, other = generator.normal(size=(3, 400))
    found = added_information(noise, length + other, [length])
    assert found.low < 0.005
    assert abs(found.value) < 0.02


def test_shapes_that_do_not_fit_and_constant_targets_are_named() -> None:
    with pytest.raises(ValueError, match=r"expected shapes \(n,\), \(n,\) and \(k, n\)"):
        added_information([1, 2], [1, 2], [[1, 2, 3]])
    with pytest.raises(ValueError, match="ratings that differ between papers"):
        added_information([1, 2], [3, 3], [[1, 2]])
