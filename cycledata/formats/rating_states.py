"""States of a rating, and the choice of each reviewer's rating in one of them."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, TypeVar

Item = TypeVar("Item")

RatingState = Literal["initial", "before-discussion", "during-discussion", "final"]
"""``initial``: the first version of a review; ``before-discussion``: as the reviews were released
to the authors; ``final``: after the last day on which reviewers discuss, or with the decision."""
StateChoice = Literal["initial", "final"]
"""The ratings before the discussion, or those after it."""
STATES_OF: Mapping[StateChoice, Sequence[RatingState]] = {
    "initial": ("before-discussion", "initial"),
    "final": ("final",),
}
"""States that count for a choice, the preferred one first."""


def latest_in_state(
    items: Iterable[tuple[str, str | None, dt.date | None, Item]], choice: StateChoice
) -> dict[str, Item]:
    """Return each reviewer's item in the preferred state, the latest one if there are several.

    Args:
        items: reviewer, state, day and the item itself.
        choice: which states count.

    >>> states = [("R1", "initial", None, 3), ("R1", "before-discussion", None, 5)]
    >>> latest_in_state(states, "initial")
    {'R1': 5}
    """
    found: dict[str, tuple[int, dt.date, Item]] = {}
    states = STATES_OF[choice]
    for reviewer, state, day, item in items:
        if state in states:
            rank, day = -states.index(state), day or dt.date.min
            held = found.get(reviewer)
            if held is None or (held[0], held[1]) <= (rank, day):
                found[reviewer] = rank, day, item
    return {reviewer: item for reviewer, (_, _, item) in found.items()}
