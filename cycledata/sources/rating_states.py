"""Rows of tables with two states of a reviewer's ratings, such as `5;6` for initial and final.

`with_states` writes the states of a column into columns of their own, which datasets read:
`rating_initial` and `rating_final`, and the same for the aspects.
"""

import re
from collections.abc import Mapping
from typing import Any

MARKS = ("rating", "confidence", "soundness", "presentation", "contribution")
MAX_TRACING_SCORE = 1
"""Highest score of a trace between daily tables that counts as certain."""
_MARK = re.compile(f"({'|'.join(MARKS)})s?")
_STATES = re.compile(r"\s*([0-9.]{1,5})(?:\s*:[^;]*)?\s*;\s*([0-9.]{1,5})(?:\s*:[^;]*)?\s*")


def with_states(
    row: Mapping[str, Any], *, text_is_states: bool = False
) -> tuple[dict[str, Any], str | None]:
    """Return a row with a column per state, and why initial states are left out, if they are.

    Args:
        row: a row whose cells may have one `initial;final` per reviewer, in a list or under
            `reviewers`, a mapping from reviewer to marks.
        text_is_states: a text such as `5;6, 3;3` is a list of these pairs too.
    """
    found = dict(row)
    problem = None
    nested = row.get("reviewers")
    if isinstance(nested, dict) and all(isinstance(marks, dict) for marks in nested.values()):
        del found["reviewers"]
        for mark in MARKS:
            cells = [marks.get(mark) for marks in nested.values()]
            if any(cell is not None for cell in cells):
                found[mark] = cells
        for reviewer, marks in nested.items():
            score = marks.get("tracing_score")
            if isinstance(score, int) and score > MAX_TRACING_SCORE:
                problem = f"reviewer {reviewer}: tracing score {score}, so who gave which initial"
                problem += " rating is doubtful; only the final ratings are used"
    for column, cell in list(found.items()):
        match = _MARK.fullmatch(column)
        if match and text_is_states and isinstance(cell, str):
            cell = [part.strip(" '\"") for part in cell.strip("[] ").split(",")]
        states = _states(cell) if match else None
        if match is None or states is None:
            continue
        initial, final = states
        found[f"{match[1]}_final"] = found[column] = final
        if problem is None:
            found[f"{match[1]}_initial"] = initial
    return found, problem


def _states(cell: Any) -> tuple[list[float], list[float]] | None:
    """Return initial and final numbers of a list of pairs, or None if it is no such list."""
    if not isinstance(cell, list) or not cell:
        return None
    pairs = [_STATES.fullmatch(item) if isinstance(item, str) else None for item in cell]
    try:
        numbers = [(_number(pair[1]), _number(pair[2])) for pair in pairs if pair]
    except ValueError:
        return None
    if len(numbers) < len(cell):
        return None
    return [initial for initial, _ in numbers], [final for _, final in numbers]


def _number(text: str) -> float:
    number = float(text)
    return int(number) if number == int(number) else number
