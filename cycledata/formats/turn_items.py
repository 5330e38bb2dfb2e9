"""Lists of experiments and results as a model writes them in JSON."""

from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from cycledata.formats.latex_json import read_latex_json
from cycledata.formats.unreadable import Unreadable
from cycledata.records import first_problem

_Items = TypeVar("_Items")


def _flat_item(item: object) -> object:
    """Return an experiment with its ``result`` one level up and its tables as text."""
    if not isinstance(item, dict):
        return item
    nested = item.get("result")
    if nested is None:
        flat = dict(item)
    else:
        inner = nested if isinstance(nested, dict) else {"description": nested}
        outer = {name: value for name, value in item.items() if name != "result"}
        if outer.keys() & inner.keys():
            return item
        flat = {**outer, **inner}
    table = flat.get("table")
    if isinstance(table, list):
        flat["table"] = "\n".join(_table_row(row) for row in table)
    return flat


def _table_row(row: object) -> str:
    """Return a row of a table that is given as a list, as LaTeX."""
    if not isinstance(row, list):
        return str(row)
    return " & ".join("" if cell is None else str(cell) for cell in row) + r" \\"


def read_items(where: str, text: str | None, adapter: TypeAdapter[_Items]) -> _Items | Unreadable:
    """Return the experiments or results of a JSON block; ``where`` names its place."""
    if text is None:
        return Unreadable(where, "expected a fenced JSON list, found none")
    value = read_latex_json(text)
    if isinstance(value, Unreadable):
        return Unreadable(f"{where}, {value.where}", value.why)
    if isinstance(value, list):
        value = [_flat_item(item) for item in value]
    try:
        return adapter.validate_python(value)
    except ValidationError as error:
        problem = first_problem(error)
        return Unreadable(f"{where}, {problem.where}", problem.detail)
