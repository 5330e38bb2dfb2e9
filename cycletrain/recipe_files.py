"""The recipes of this package: list, show, copy, and the keys of each job."""

import re
import shutil
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple

from pydantic.fields import FieldInfo

from cycledata.errors import ParseError
from cycledata.records import Record
from cycletrain.config import (
    DetectConfig,
    JobConfig,
    PairsConfig,
    RewardConfig,
    RolloutConfig,
    SftConfig,
    SimpoConfig,
)
from cycletrain.loop_config import GrpoConfig, IterateConfig

CONFIGS: dict[str, type[JobConfig]] = {
    "sft": SftConfig,
    "rollout": RolloutConfig,
    "reward": RewardConfig,
    "pairs": PairsConfig,
    "simpo": SimpoConfig,
    "iterate": IterateConfig,
    "grpo": GrpoConfig,
    "detect": DetectConfig,
}
"""Config by job."""
_SENTENCE = re.compile(r"\.(?: (?=[A-Z])|$)")
"""End of a sentence; "Sec. 3.4" has none."""
_FOLDER = Path(__file__).parent / "recipes"


class RecipeSummary(NamedTuple):
    """One line of ``recipe list``."""

    name: str
    job: str
    summary: str


class RecipeKey(NamedTuple):
    """One key that a recipe may have."""

    key: str
    default: str
    """``required`` if there is none."""
    meaning: str


def list_recipes() -> list[RecipeSummary]:
    """Return the shipped recipes by name."""
    rows = []
    for path in sorted(_FOLDER.glob("*.toml")):
        first = path.read_text(encoding="utf-8").partition("\n")[0].lstrip("# ")
        rows.append(RecipeSummary(path.stem, job_of(path.stem), _SENTENCE.split(first)[0]))
    return rows


def job_of(name: str) -> str:
    """Return the job of a recipe, from its name.

    Raises:
        ParseError: ``recipe``, the name has no job.
    """
    for job in CONFIGS:
        if job in name.split("-"):
            return job
    raise ParseError(
        "recipe",
        f"{name}: expected a name with the job in it, one of {', '.join(CONFIGS)}; name a shipped"
        " recipe of the job",
    )


def recipe_path(name: str) -> Path:
    """Return the path of a recipe: a file, or a shipped recipe by its name.

    Raises:
        ParseError: ``recipe``, neither exists; gives the nearest name.
    """
    if Path(name).is_file():
        return Path(name)
    is_launch = name.endswith(".yaml")  # a config of accelerate
    shipped = _FOLDER / (name if is_launch else f"{Path(name).name.removesuffix('.toml')}.toml")
    if Path(name).parent == Path() and shipped.is_file():
        return shipped
    known = [path.stem for path in _FOLDER.glob("*.toml")]
    near = get_close_matches(Path(name).stem, known, n=1)
    help_text = f"did you mean {near[0]}?" if near else "see `cycletrain recipe list`"
    raise ParseError("recipe", f"{name}: no such file or shipped recipe; {help_text}")


def copy_recipe(name: str, to: Path) -> None:
    """Copy a shipped recipe to a new file.

    Raises:
        ParseError: ``recipe``, the recipe does not exist, or the file does.
    """
    source = recipe_path(name)
    if to.exists():
        raise ParseError("recipe", f"{to}: expected a new file, found one; choose another name")
    to.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, to)


def keys_of(name: str) -> list[RecipeKey]:
    """Return every key of the job of a shipped recipe, tables as ``table.key``."""
    recipe_path(name)
    return list(_keys(CONFIGS[job_of(Path(name).stem)], ""))


def _keys(model: type[Record], prefix: str) -> list[RecipeKey]:
    rows: list[RecipeKey] = []
    for key, field in model.model_fields.items():
        table = _table(field)
        if table is not None:
            rows += _keys(table, f"{prefix}{key}.")
        else:
            default = "required" if field.is_required() else str(field.default)
            meaning = " ".join((field.description or "").replace("``", "`").split())
            rows.append(RecipeKey(prefix + key, default, meaning))
    return rows


def _table(field: FieldInfo) -> type[Record] | None:
    """Return the config of a field that is a table; None for a single value."""
    options: tuple[Any, ...] = getattr(field.annotation, "__args__", ()) or (field.annotation,)
    for option in options:
        if isinstance(option, type) and issubclass(option, Record):
            return option
    return None
