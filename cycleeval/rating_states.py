"""Human ratings in one state: of the rows of `scores`, or from the rating history of a build."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cycledata.formats.rating_states import STATES_OF, StateChoice, latest_in_state

Row = Mapping[str, Any]
_ASPECTS = ("soundness", "presentation", "contribution", "confidence")


@dataclass(frozen=True, slots=True)
class RowsInState:
    """Rows of `scores` with the ratings of one state."""

    rows: list[dict[str, object]]
    n_left_out: int
    """Papers with a review whose rating in that state is not known."""


def rows_in_state(
    scores: Iterable[Row], history: Iterable[Row], choice: StateChoice
) -> RowsInState:
    """Return the rows with the ratings of one state, without papers where they are not all known.

    Args:
        scores: rows of `scores`.
        history: rows of `history`.
        choice: ratings before the discussion, or those after it.
    """
    known = ratings_by_reviewer(history, choice)
    rows: list[dict[str, object]] = []
    n_left_out = 0
    for row in scores:
        chosen = known.get(row["paper_id"], {})
        if len(chosen) >= len(row["ratings"] or ()) > 0:
            ordered = sorted(chosen.values(), key=lambda state: state["rating"])
            aspects = {
                "confidences" if name == "confidence" else name: [s[name] for s in ordered]
                for name in _ASPECTS
            }
            ratings = [state["rating"] for state in ordered]
            rows.append(
                {**row, "ratings": ratings, **{k: v for k, v in aspects.items() if k in row}}
            )
        elif row.get("ratings_state") in STATES_OF[choice]:
            rows.append(dict(row))
        else:
            n_left_out += 1
    return RowsInState(rows, n_left_out)


def ratings_by_reviewer(history: Iterable[Row], choice: StateChoice) -> dict[str, dict[str, Row]]:
    """Return paper id -> reviewer -> row of `history` in one state."""
    by_paper: defaultdict[str, list[Row]] = defaultdict(list)
    for row in history:
        by_paper[row["paper_id"]].append(row)
    return {paper_id: latest_in_state(_items(rows), choice) for paper_id, rows in by_paper.items()}


def _items(rows: Iterable[Row]) -> Iterator[tuple[str, str | None, Any, Row]]:
    for row in rows:
        yield row["reviewer"], row["state"], row["observed"], row
