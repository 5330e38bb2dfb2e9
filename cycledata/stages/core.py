"""What a stage is: a pure function from a record to the next record, or to the row that ends it."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from cycledata.records import Dropped

R = TypeVar("R")

Stage = Callable[[R], R | Dropped]
"""One record in; the same or a changed record out, or why it must not go on."""


def run_stages(record: R, stages: Iterable[Stage[R]]) -> R | Dropped:
    """Pass a record through stages in order, up to the first that drops it.

    >>> run_stages(4, [lambda n: n + 1, lambda n: n * 2])
    10
    """
    for stage in stages:
        result = stage(record)
        if isinstance(result, Dropped):
            return result
        record = result
    return record
