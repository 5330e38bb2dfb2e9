"""Read a recipe from a TOML file and ``key=value`` overrides, and show it with its comments."""

import ast
import inspect
import json
import textwrap
import tomllib
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from cycledata.errors import BuildError
from cycledata.records import Record, first_problem

RecipeT = TypeVar("RecipeT", bound=Record)


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
        overrides: ``key=value``; the value is TOML, or else a bare string. Later ones win.
        options: values of keys that have options of their own; they win over the others.

    Raises:
        BuildError: the file is not TOML, or a key or value is not valid.
    """
    values = default.model_dump()
    where = str(path) if path else "--set"
    if path is not None:
        try:
            values |= tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise BuildError(f"{path}: expected a recipe in TOML ({error})") from error
    for override in overrides:
        key, equals, value = override.partition("=")
        if not equals:
            raise BuildError(f"--set {override!r}: expected key=value")
        values[key.strip()] = _toml_value(value)
    values |= options or {}
    known = type(default).model_fields
    for key in values.keys() - known.keys():
        near = get_close_matches(key, known, n=1)
        hint = f"; the nearest is {near[0]}" if near else ""
        raise BuildError(f"{where}: unknown key {key!r}{hint}; see `cycledata recipe show`")
    try:
        return type(default).model_validate(values)
    except ValidationError as error:
        raise BuildError(f"{where}: {first_problem(error)}") from error


def _toml_value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


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
