import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import roc_auc_score

from cycleeval.rank import (
    auroc,
    cells,
    kendall_tau_b,
    kendall_tau_b_of,
    pairwise_accuracy,
    pairwise_accuracy_of,
    spearman,
    spearman_of,
    weigh,
)

pairs = st.lists(
    st.tuples(st.sampled_from([3, 4.5, 5, 5.25, 6, 8]), st.integers(1, 5)), min_size=2, max_size=30
)


@given(pairs)
def test_spearman_and_kendall_are_scipys(items: list[tuple[float, int]]) -> None:
    x, y = zip(*items, strict=True)
    assume(len(set(x)) > 1 and len(set(y)) > 1)
    assert spearman(x, y) == pytest.approx(stats.spearmanr(x, y).statistic, abs=1e-9)
    assert kendall_tau_b(x, y) == pytest.approx(stats.kendalltau(x, y).statistic, abs=1e-9)


@given(pairs)
def test_auroc_is_that_of_scikit_learn(items: list[tuple[float, int]]) -> None:
    x, positive = zip(*((score, mark > 2) for score, mark in items), strict=True)
    assume(len(set(positive)) > 1)
    assert auroc(x, positive) == pytest.approx(roc_auc_score(positive, x), abs=1e-9)


@given(pairs)
def test_pairwise_accuracy_is_the_slow_count_of_pairs(items: list[tuple[float, int]]) -> None:
    credit = [
        0.5 if x1 == x2 else float((x1 < x2) == (y1 < y2))
        for i, (x1, y1) in enumerate(items)
        for x2, y2 in items[i + 1 :]
        if y1 != y2
    ]
    assume(credit)
    x, y = zip(*items, strict=True)
    assert pairwise_accuracy(x, y) == pytest.approx(np.mean(credit), abs=1e-9)


@given(pairs, st.data())
def test_a_weight_of_2_is_the_item_twice(
    items: list[tuple[float, int]], data: st.DataObject
) -> None:
    weight = st.lists(st.integers(0, 3), min_size=len(items), max_size=len(items))
    times = np.array(data.draw(weight))
    assume(times.sum() > 0)
    x, y = (np.array(side, dtype=float) for side in zip(*items, strict=True))
    of = cells(x, y)
    mass = weigh(of, times[None, :].astype(float))
    again = np.repeat(x, times), np.repeat(y, times)
    for weighted, plain in (
        (spearman_of, spearman),
        (kendall_tau_b_of, kendall_tau_b),
        (pairwise_accuracy_of, pairwise_accuracy),
    ):
        assert weighted(mass)[0] == pytest.approx(plain(*again), abs=1e-9, nan_ok=True)


@pytest.mark.parametrize("decimals", [0, 2, 15], ids=["whole", "two decimals", "continuous"])
def test_many_cells_are_scipys(decimals: int) -> None:
    x, y = np.random.default_rng(5).normal(6, 1.5, size=(2, 6000)).round(decimals)
    assert kendall_tau_b(x, y) == pytest.approx(stats.kendalltau(x, y).statistic, abs=1e-9)
    assert spearman(x, y) == pytest.approx(stats.spearmanr(x, y).statistic, abs=1e-9)


def test_resamples_of_many_cells_are_scipys() -> None:
    generator = np.random.default_rng(8)
    x, y = generator.normal(6, 1.5, size=(2, 5000)).round(2)
    weights = np.stack([np.bincount(generator.integers(0, 5000, 5000), minlength=5000)] * 2)
    mass = weigh(cells(x, y), weights.astype(float))
    again = np.repeat(x, weights[0]), np.repeat(y, weights[0])
    tau, rho = stats.kendalltau(*again).statistic, stats.spearmanr(*again).statistic
    assert kendall_tau_b_of(mass) == pytest.approx([tau, tau], abs=1e-9)
    assert spearman_of(mass) == pytest.approx([rho, rho], abs=1e-9)


def test_means_that_differ_in_the_last_bit_are_ties() -> None:
    assert kendall_tau_b([0.1 + 0.2, 0.3, 1.0], [1, 1, 2]) == pytest.approx(1.0)


def test_what_never_varies_is_undefined() -> None:
    assert np.isnan(spearman([5, 5, 5], [1, 2, 3]))
    assert np.isnan(kendall_tau_b([1, 2, 3], [5, 5, 5]))
    assert np.isnan(auroc([1, 2, 3], [True, True, True]))
    assert pairwise_accuracy([5, 5, 5], [1, 2, 3]) == 0.5


REFUSED = {
    "nothing": ([], [], "length >= 1"),
    "lengths differ": ([1.0], [1.0, 2.0], "found 1, 2"),
    "NaN": ([float("nan")], [1.0], "finite"),
}


@pytest.mark.parametrize(("x", "y", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_refuses(x: list[float], y: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        spearman(x, y)
