"""A TOML recipe to the config of one job; an unknown key is an error.

    config = read_config(Path("cycletrain/recipes/researcher-12b-sft.toml"), SftConfig)

``--set adapter.rank=16`` replaces one value; the right-hand side is TOML, or else a bare string.
``{round}`` and ``{previous}`` in a string are replaced by ``round`` and the number before it.
"""

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from cycledata.errors import ParseError
from cycledata.records import Record
from cycledata.toml_files import read_toml, value_or_text
from cycletrain.config import JobConfig

C = TypeVar("C", bound=JobConfig)


def read_config(path: Path, model: type[C], overrides: Sequence[str] = ()) -> C:
    """Read a recipe as the config of one job.

    Args:
        path: a TOML file.
        model: the job's config.
        overrides: ``key=value`` or ``table.key=value``, later ones win.

    Raises:
        ParseError: ``recipe``; names the file and key, with the nearest key that exists.
    """
    try:
        table = read_toml(path)
    except (OSError, ValueError) as error:
        raise ParseError("recipe", f"{path}: {error}") from error
    for override in overrides:
        _set(table, override)
    try:
        return model.model_validate(_fill_round(table))
    except ValidationError as error:
        raise ParseError("recipe", f"{path}: {_problems(error, model)}") from error


def _problems(error: ValidationError, model: type[Record]) -> str:
    """Return all problems of a recipe: unknown keys first, missing ones together."""
    found = sorted(error.errors(), key=lambda problem: problem["type"] != "extra_forbidden")
    parts = [_explain(problem, model) for problem in found if problem["type"] != "missing"]
    missing = [".".join(map(str, p["loc"])) for p in found if p["type"] == "missing"]
    if missing:
        parts.append(f"missing keys: {', '.join(missing)}; see `cycletrain recipe list`")
    return "; ".join(parts)


def _fill_round(table: dict[str, Any]) -> dict[str, Any]:
    """Replace ``{round}`` and ``{previous}`` in strings if the table has a round."""
    number = table.get("round")
    if not isinstance(number, int):
        return table

    def fill(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: fill(inner) for key, inner in value.items()}
        if isinstance(value, str):
            return value.replace("{round}", str(number)).replace("{previous}", str(number - 1))
        return value

    filled: dict[str, Any] = fill(table)
    return filled


def _set(table: dict[str, Any], override: str) -> None:
    key, equals, value = override.partition("=")
    *tables, last = key.strip().split(".")
    if not equals or not last:
        raise ParseError("recipe", f"--set {override!r}: expected key=value")
    for name in tables:
        table = table.setdefault(name, {})
        if not isinstance(table, dict):
            raise ParseError("recipe", f"--set {override!r}: {name} is no table")
    table[last] = value_or_text(value)


def _explain(problem: Any, model: type[Record]) -> str:
    place = ".".join(str(part) for part in problem["loc"])
    if problem["type"] != "extra_forbidden":
        message = problem["msg"].removeprefix("Value error, ")
        if not isinstance(problem["input"], dict):  # a whole table says nothing
            message += f", found {' '.join(repr(problem['input']).split())[:80]}"
        return f"{place}: {message}" if place else message
    for name in problem["loc"][:-1]:
        inner = model.model_fields[name].annotation
        if not (isinstance(inner, type) and issubclass(inner, Record)):
            return f"{place}: unknown key"
        model = inner
    known = sorted(model.model_fields)
    near = get_close_matches(str(problem["loc"][-1]), known, n=1)
    return f"{place}: unknown key; " + (f"did you mean {near[0]}?" if near else f"keys: {known}")
