import numpy as np
import pytest

from cycleeval import concordance, rank
from cycleeval.bootstrap import left_out_weights
from cycleeval.concordance import PairPlan, count_discordant, plan_pairs, signed_sums


def signs(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.asarray(np.sign(x[:, None] - x) * np.sign(y[:, None] - y))


def distinct(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return cells that differ, ascending, with levels from 0."""
    first, second = np.unique(np.stack([x, y], axis=1), axis=0).T
    return np.unique(first, return_inverse=True)[1], np.unique(second, return_inverse=True)[1]


LEVELS = {
    "all different": (700, 700),
    "few of x": (4, 700),
    "few of y": (700, 3),
    "half of one level": (2, 700),
    "some hundreds": (300, 200),
    "one of x": (1, 900),
}


@pytest.mark.parametrize(("n_x", "n_y"), LEVELS.values(), ids=LEVELS.keys())
@pytest.mark.parametrize("block", [1, 40, 65, 600])
def test_counts_are_those_of_the_definition(n_x: int, n_y: int, block: int) -> None:
    generator = np.random.default_rng(3)
    x, y = distinct(generator.integers(0, n_x, 700), generator.integers(0, n_y, 700))
    weight = generator.integers(0, 5, (len(x), 2)).astype(np.float32)
    discordant = (signs(x, y) < 0).astype(float)
    expected = np.einsum("ib,ij,jb->b", weight, discordant, weight, optimize=True) / 2
    assert count_discordant(PairPlan(x, y, block), weight).tolist() == expected.tolist()


@pytest.mark.parametrize(("n_x", "n_y"), LEVELS.values(), ids=LEVELS.keys())
def test_sums_of_each_cell_are_those_of_the_definition(n_x: int, n_y: int) -> None:
    generator = np.random.default_rng(4)
    x, y = distinct(generator.integers(0, n_x, 333), generator.integers(0, n_y, 333))
    weight = generator.integers(0, 5, len(x)).astype(float)
    assert signed_sums(plan_pairs(x, y), weight).tolist() == (signs(x, y) @ weight).tolist()


def test_large_weights_are_exact() -> None:
    # The product of both weights, 1.6e13, has no exact single-precision number.
    weight = np.array([[4_000_001.0], [4_000_003.0]], dtype=np.float32)
    plan = plan_pairs(np.array([0, 1]), np.array([1, 0]))
    assert count_discordant(plan, weight).tolist() == [4_000_001.0 * 4_000_003.0]


@pytest.mark.parametrize("few_cells", [0, 1 << 30], ids=["by the change", "again"])
@pytest.mark.parametrize("n_levels", [12, 90, 10_000])
def test_rows_that_change_few_papers_count_all_pairs(
    few_cells: int, n_levels: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rank, "_FEW_CELLS", few_cells)
    generator = np.random.default_rng(5)
    paper = np.repeat(np.arange(150), generator.integers(1, 4, 150))
    x = generator.integers(0, n_levels, len(paper)).astype(float)
    y = x + generator.integers(0, n_levels, len(paper)).astype(float)
    others = np.ones((4, 150))
    others[0, 7], others[1, 3:9], others[2, -1] = 5, 0, 0
    rows = np.concatenate([*left_out_weights(150), others])
    found = rank.weigh(rank.cells(x, y, paper.astype(np.int64)), rows).concordance
    times = rows[:, paper]
    assert found.tolist() == (np.einsum("bi,ij,bj->b", times, signs(x, y), times) / 2).tolist()


def test_memory_does_not_grow_with_the_square() -> None:
    generator = np.random.default_rng(1)
    plan = plan_pairs(np.arange(100_000), generator.permutation(100_000))
    stored = (plan.rank, plan.by_y, plan.rank_in_block, plan.x_block_by_y)
    assert sum(array.size for array in stored) == 4 * 100_000
    assert plan.n_blocks**2 <= 100_000
    assert concordance._STRETCH * 64 < 1 << 20
