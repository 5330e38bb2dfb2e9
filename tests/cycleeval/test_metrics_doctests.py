import doctest
from importlib import import_module

import pytest

MODULES = {
    "agreement": 6,
    "baselines": 3,
    "bootstrap": 5,
    "decision": 8,
    "proxy": 4,
    "rank": 5,
    "result": 1,
    "inputs": 2,
    "intervals": 1,
    "ratios": 1,
}


@pytest.mark.parametrize(("name", "at_least"), MODULES.items(), ids=MODULES.keys())
def test_every_example_in_a_docstring_prints_what_it_says(name: str, at_least: int) -> None:
    found = doctest.testmod(import_module(f"cycleeval.{name}"))
    assert found.attempted >= at_least
    assert found.failed == 0
