import numpy as np
import pytest

from cycleeval import concordance
from cycleeval.concordance import PairPlan, count_pairs, plan_pairs


def counted_one_by_one(x: np.ndarray, y: np.ndarray, weight: np.ndarray) -> list[float]:
    sign = np.sign(x[:, None] - x) * np.sign(y[:, None] - y)
    found = np.einsum("ib,ij,jb->b", weight, sign, weight, optimize=True) / 2
    return [float(value) for value in found]


LEVELS = {
    "all different": (700, 700),
    "few of x": (4, 700),
    "few of y": (700, 3),
    "half of one level": (2, 700),
    "some hundreds": (300, 200),
    "one of x": (1, 900),
}


@pytest.mark.parametrize(("n_x", "n_y"), LEVELS.values(), ids=LEVELS.keys())
@pytest.mark.parametrize("most_direct", [1, 40, 600])
def test_counts_are_those_of_the_definition(
    n_x: int, n_y: int, most_direct: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(concordance, "_MOST_DIRECT", most_direct)
    generator = np.random.default_rng(3)
    x, y = generator.integers(0, n_x, 700), generator.integers(0, n_y, 700)
    x, y = (np.unique(level, return_inverse=True)[1] for level in (x, y))
    weight = generator.integers(0, 5, (700, 2)).astype(np.float32)
    found = count_pairs(plan_pairs(x, y), weight)
    assert found.tolist() == counted_one_by_one(x, y, weight.astype(float))


def test_large_weights_are_exact() -> None:
    # The product of both weights, 1.6e13, has no exact single-precision number.
    weight = np.array([[4_000_001.0], [4_000_003.0]], dtype=np.float32)
    plan = plan_pairs(np.array([0, 1]), np.array([0, 1]))
    assert count_pairs(plan, weight).tolist() == [4_000_001.0 * 4_000_003.0]


def stored_signs(plan: PairPlan) -> int:
    if isinstance(plan, concordance._DirectPairs):
        return plan.sign.size
    return sum(map(stored_signs, plan.parts))


def test_memory_does_not_grow_with_the_square() -> None:
    generator = np.random.default_rng(1)
    for n in (5_000, 20_000):
        plan = plan_pairs(generator.permutation(n), generator.permutation(n))
        assert 0 < stored_signs(plan) < 3 * n**1.5
