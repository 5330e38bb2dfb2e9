"""Read a recipe from a TOML file and ``key=value`` overrides, and show it with its comments."""

import ast
import inspect
import json
import textwrap
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from cycledata.errors import BuildError
from cycledata.records import Record, first_problem
from cycledata.toml_files import read_toml, value_or_text

RecipeT = TypeVar("RecipeT", bound=Record)
MAX_COUNT = 1_000_000_000
"""Largest number of papers, reviews or words in a recipe."""
MAX_SHOWN = 60
"""Characters of a value that a message shows."""
_HELP = "see `cycledata recipe show DATASET`"
_KINDS = {"integer": "a whole number", "number": "a number", "boolean": "true or false"}
_BOUNDS = {
    "minimum": "at least",
    "exclusiveMinimum": "above",
    "maximum": "at most",
    "exclusiveMaximum": "below",
}


def read_recipe(
    default: RecipeT,
    path: Path | None,
    overrides: Sequence[str] = (),
    options: Mapping[str, Any] | None = None,
) -> RecipeT:
    """Return a recipe with the values of a file, then those of the overrides.

    Args:
        default: recipe with the values of all other keys.
        path: a TOML file; None for no file.
        overrides: ``key=value``; the value is TOML, or else a bare text. A list of texts may be
            written as ``a`` or ``a,b``. The last one of a key wins.
        options: values of keys that have options of their own; they win over the file.

    Raises:
        BuildError: the file is not TOML, or a key or value is not valid.
    """
    keys = type(default).model_json_schema()["properties"]
    options = options or {}
    stated = _stated(path, keys) if path is not None else {}
    origin = dict.fromkeys(stated, str(path))
    for override in overrides:
        key, value = _override(override, keys)
        if key in options:
            raise BuildError(f"--set: {key}: given by an option of its own too; use one of them")
        stated[key], origin[key] = value, "--set"
    values = {**default.model_dump(mode="json"), **stated, **options}
    try:
        # As strict JSON: dates are texts and tuples are lists, but true and "3" are no numbers.
        return type(default).model_validate_json(json.dumps(values, default=str), strict=True)
    except ValidationError as error:
        raise BuildError(f"{_problem(error, keys, values, origin)}; {_HELP}") from error


def _stated(path: Path, keys: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keys and values of a file."""
    try:
        stated = read_toml(path)
    except (OSError, ValueError) as error:
        raise BuildError(f"{path}: expected a recipe in TOML ({error}); {_HELP}") from error
    for key, value in stated.items():
        if key not in keys and isinstance(value, dict):
            raise BuildError(f"{path}: unknown table [{key}]; write the keys without a table")
        _require_known(key, keys, str(path))
    return stated


def _override(override: str, keys: Mapping[str, Any]) -> tuple[str, Any]:
    """Return key and value of ``key=value``."""
    key, equals, text = (part.strip() for part in override.partition("="))
    if not equals or not key:
        raise BuildError(f"--set: expected key=value, found {_short(override)}; {_HELP}")
    _require_known(key, keys, "--set")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise BuildError(f"--set: {key}: expected UTF-8, found {_short(text)}") from error
    value = value_or_text(text)
    kind = keys[key].get("type")
    if kind == "string" and not isinstance(value, list | dict | str):
        return key, text  # a number or date without quotes
    if kind == "boolean" and value in ("True", "False"):
        return key, value == "True"
    if _lists_texts(keys[key]) and isinstance(value, str) and not value.startswith("["):
        return key, [part.strip() for part in value.split(",")]
    return key, value


def _require_known(key: str, keys: Mapping[str, Any], where: str) -> None:
    if key not in keys:
        near = get_close_matches(key, keys, n=1)
        hint = f"; the nearest is {near[0]}" if near else ""
        raise BuildError(f"{where}: unknown key {_short(key)}{hint}; {_HELP}")


def _problem(
    error: ValidationError,
    keys: Mapping[str, Any],
    values: Mapping[str, Any],
    origin: Mapping[str, str],
) -> str:
    """Return where the first problem is, what was expected and what was found."""
    found = error.errors(include_url=False, include_context=False)[0]
    if not found["loc"]:
        where = " and ".join(sorted(set(origin.values())))
        return f"{where}: {found['msg'].removeprefix('Value error, ')}"
    key = str(found["loc"][0])
    where = origin.get(key, "options")
    if len(found["loc"]) > 1 and not _lists_texts(keys[key]):
        return f"{where}: {first_problem(error)}"
    return f"{where}: {key}: expected {_expected(keys[key])}, found {_short(values[key])}"


def _expected(key: Mapping[str, Any]) -> str:
    """Return the values that a key can have, in words.

    >>> _expected({"type": "number", "exclusiveMinimum": 0, "maximum": 1})
    'a number, above 0 and at most 1'
    """
    if "enum" in key:
        *names, last = key["enum"]
        return f"{', '.join(names)} or {last}"
    if "anyOf" in key:
        return "a date such as 2024-01-31"
    if key["type"] == "array":
        return 'a list of texts such as ["a", "b"]' if _lists_texts(key) else "a list of tables"
    bounds = [f"{words} {key[bound]}" for bound, words in _BOUNDS.items() if bound in key]
    kind = _KINDS.get(key["type"], "a text")
    return f"{kind}, {' and '.join(bounds)}" if bounds else kind


def _lists_texts(key: Mapping[str, Any]) -> bool:
    return bool(key.get("items", {}).get("type") == "string")


def _short(value: object) -> str:
    text = json.dumps(value, default=str, ensure_ascii=True)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}..."


def show_recipe(recipe: Record) -> str:
    """Return a recipe as TOML, with the meaning of each key as a comment."""
    comments = _field_comments(type(recipe))
    parts = []
    for key, value in recipe.model_dump(mode="json").items():
        comment = textwrap.fill(
            " ".join(comments.get(key, "").split()), 98, initial_indent="# ", subsequent_indent="# "
        )
        # JSON of numbers, strings and lists of them is TOML too; TOML has no null.
        line = f"# {key} is not set" if value is None else f"{key} = {json.dumps(value)}"
        parts.append(f"{comment}\n{line}")
    return "\n\n".join(parts) + "\n"


def _field_comments(model: type[Record]) -> dict[str, str]:
    """Return key to the docstring below it in the class."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(model))).body[0]
    if not isinstance(tree, ast.ClassDef):
        raise TypeError(f"{model.__name__}: expected a class")
    found: dict[str, str] = {}
    for field, below in zip(tree.body, tree.body[1:], strict=False):
        if not (isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant)):
            continue
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            found[field.target.id] = str(below.value.value)
    return found
