"""Stages: pure functions from a record to the next record, or to the reason why it is dropped."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from cycledata.records import Dropped

R = TypeVar("R")

Stage = Callable[[R], R | Dropped]
"""Take one record; return the same or a changed record, or why it is dropped."""


def run_stages(record: R, stages: Iterable[Stage[R]]) -> R | Dropped:
    """Pass a record through stages in order, until one drops it.

    >>> run_stages(4, [lambda n: n + 1, lambda n: n * 2])
    10
    """
    for stage in stages:
        result = stage(record)
        if isinstance(result, Dropped):
            return result
        record = result
    return record
