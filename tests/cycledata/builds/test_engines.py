import operator
from collections.abc import Iterator
from functools import partial

import pytest

from cycledata.builds.engines import map_in_order

double = partial(operator.mul, 2)


@pytest.mark.parametrize("n_workers", [1, 2])
def test_results_come_in_the_order_of_the_items(n_workers: int) -> None:
    found = list(map_in_order(double, range(40), n_workers=n_workers))
    assert found == [2 * i for i in range(40)]


def test_items_are_read_only_a_little_ahead() -> None:
    taken = []

    def items() -> Iterator[int]:
        for i in range(1000):
            taken.append(i)
            yield i

    results = map_in_order(double, items(), n_workers=2)
    next(results)
    assert len(taken) < 20
    results.close()  # type: ignore[attr-defined]  # a generator, as every pool's results are


def test_no_worker_is_refused() -> None:
    with pytest.raises(ValueError, match="n_workers must be at least 1, got 0"):
        map_in_order(double, [1], n_workers=0)
