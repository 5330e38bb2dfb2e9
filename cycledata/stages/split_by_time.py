"""Split by time: every test paper's first public day is later than that of every training paper.

The newest papers are the test split. Papers of the boundary day cannot be ordered and are all in
train. A paper of which only the month is known is in train if the month ends by the boundary, in
test if it begins after it, and else in the split ``"reserve"``, as are papers beyond a fixed count.
"""

import datetime as dt
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cycledata.stages.duplicates import group_alike
from cycledata.stages.split_item import SplitItem
from cycledata.stages.splits import Split


@dataclass(frozen=True, slots=True)
class Chronology:
    """Splits, and the day that separates them."""

    split_of: Mapping[str, Split]
    last_train_day: dt.date | None
    """Last day of train; test begins after it. None without papers."""
    n_undecided: int
    """Papers of which only the month is known, and it is that of the boundary."""


def split_by_time(
    items: Sequence[SplitItem], *, n_train: int, n_test: int, test_share: float
) -> Chronology:
    """Return the split of each paper by its first public day.

    Args:
        items: every paper of the build; order does not matter.
        n_train: papers in train, the latest ones, if the build is large enough for both counts.
        n_test: papers in test, if the build is large enough for both counts.
        test_share: share of test in a smaller build; at least one paper if there are two days.

    A test paper that is near-identical to a training paper is in the reserve.
    """
    ordered = sorted(items, key=lambda item: (item.latest_day, item.published, item.paper_id))
    if not ordered:
        return Chronology({}, None, 0)
    full = len(ordered) >= n_train + n_test
    wanted = n_test if full else max(1, round(test_share * len(ordered)))
    last_train_day = _boundary(ordered, wanted)
    before = [item for item in ordered if item.latest_day <= last_train_day]
    after = [item for item in ordered if item.published > last_train_day]
    split_of: dict[str, Split] = {item.paper_id: "reserve" for item in ordered}
    train = before[-n_train:] if full else before
    split_of.update({item.paper_id: "train" for item in train})
    group = group_alike(items)
    train_groups = {group[item.paper_id] for item in train}
    apart = [item for item in after if group[item.paper_id] not in train_groups]
    test = apart[:wanted] if full else apart
    split_of.update({item.paper_id: "test" for item in test})
    return Chronology(split_of, last_train_day, len(ordered) - len(before) - len(after))


def _boundary(ordered: Sequence[SplitItem], wanted: int) -> dt.date:
    """Return the latest day after which ``wanted`` papers remain, or the first day."""
    days = sorted({item.latest_day for item in ordered})
    first_days = sorted(item.published for item in ordered)
    for day in reversed(days):
        if len(first_days) - bisect_right(first_days, day) >= wanted:
            return day
    return days[0]
