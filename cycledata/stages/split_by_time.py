"""Train before test: every test paper's first public day is later than every training paper's.

The newest papers are the test split. Days are whole, so papers of the boundary day cannot be told
apart and all stand in train; what a fixed count leaves over stands in the split ``"reserve"``.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from cycledata.stages.duplicates import group_alike
from cycledata.stages.splits import Split


class DatedItem(Protocol):
    """What the rule needs to know of a paper."""

    @property
    def paper_id(self) -> str:
        """The paper."""

    @property
    def published(self) -> dt.date:
        """First public day."""

    @property
    def likeness(self) -> tuple[str, ...]:
        """Keys that versions and near-identical papers share."""


@dataclass(frozen=True, slots=True)
class Chronology:
    """Sides, and the day between them."""

    side_of: Mapping[str, Split]
    last_train_day: dt.date | None
    """Train ends with this day, test begins after it; None without papers."""


def split_by_time(
    items: Sequence[DatedItem], *, n_train: int, n_test: int, test_share: float
) -> Chronology:
    """Sides for papers by their first public day.

    Args:
        items: every paper of the build; order does not matter.
        n_train: papers in train, the latest ones, when the build is large enough for both counts.
        n_test: papers in test, likewise.
        test_share: share of test in a smaller build; at least one paper where there are two days.

    Near-identical papers on two sides lose their test members to the reserve.
    """
    ordered = sorted(items, key=lambda item: (item.published, item.paper_id))
    if not ordered:
        return Chronology({}, None)
    full = len(ordered) >= n_train + n_test
    wanted = n_test if full else max(1, round(test_share * len(ordered)))
    last_train_day = _boundary(ordered, wanted)
    before = [item for item in ordered if item.published <= last_train_day]
    after = [item for item in ordered if item.published > last_train_day]
    side_of: dict[str, Split] = {item.paper_id: "reserve" for item in ordered}
    train = before[-n_train:] if full else before
    side_of.update({item.paper_id: "train" for item in train})
    group = group_alike(items)
    train_groups = {group[item.paper_id] for item in train}
    apart = [item for item in after if group[item.paper_id] not in train_groups]
    test = apart[:wanted] if full else apart
    side_of.update({item.paper_id: "test" for item in test})
    return Chronology(side_of, last_train_day)


def _boundary(ordered: Sequence[DatedItem], wanted: int) -> dt.date:
    """The latest day after which there are still ``wanted`` papers, or the one before the last."""
    days = sorted({item.published for item in ordered})
    if len(days) == 1:
        return days[0]
    cut = ordered[max(0, len(ordered) - wanted)].published
    earlier = [day for day in days if day < cut]
    # The papers of day ``cut`` are test only if all of them are; the day before it closes train.
    return earlier[-1] if earlier else days[0]
