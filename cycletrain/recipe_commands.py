"""Commands `cycletrain recipe list|show|copy`."""

from pathlib import Path
from typing import Annotated

import typer

from cycledata.console import AsJson, command_line, examples, note, print_json, print_table

recipes = command_line("List, show and copy the recipes of this package.")


@recipes.command("list", epilog=examples("cycletrain recipe list"))
def list_recipes(as_json: AsJson = False) -> None:
    """List the recipes of this package."""
    from cycletrain.recipe_files import list_recipes as read

    rows = read()
    if as_json:
        print_json([row._asdict() for row in rows])
        return
    print_table({"recipe": "left", "job": "left", "summary": "left"}, [tuple(row) for row in rows])


@recipes.command(
    epilog=examples(
        "cycletrain recipe show researcher-12b-sft", "cycletrain recipe show detect-reviews --keys"
    )
)
def show(
    name: Annotated[str, typer.Argument(metavar="RECIPE", help="Name of a recipe.")],
    keys: Annotated[
        bool, typer.Option("--keys", help="Show every key of its job instead.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Print a recipe, or every key that it may have with its default and meaning."""
    from cycletrain.recipe_files import keys_of, recipe_path

    if not keys:
        text = recipe_path(name).read_text(encoding="utf-8")
        if as_json:
            import tomllib

            print_json(tomllib.loads(text))
        else:
            typer.echo(text, nl=False)
        return
    rows = keys_of(name)
    if as_json:
        print_json([row._asdict() for row in rows])
        return
    print_table({"key": "left", "default": "left", "meaning": "left"}, [tuple(row) for row in rows])


@recipes.command(
    epilog=examples(
        "cycletrain recipe copy researcher-12b-sft my-recipe.toml",
        "cycletrain recipe copy accelerate-8-gpus.yaml launch.yaml",
    )
)
def copy(
    name: Annotated[str, typer.Argument(metavar="RECIPE", help="Name of a recipe.")],
    to: Annotated[Path, typer.Argument(metavar="FILE", help="File to write; must not exist.")],
) -> None:
    """Copy a recipe, or a launch configuration of accelerate, to edit it."""
    from cycletrain.recipe_files import copy_recipe

    copy_recipe(name, to)
    note(f"{to}: copied from {name}")
