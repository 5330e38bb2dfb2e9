"""Build the documentation site: pages of `docs/`, and reference pages written from the code.

Run as `python checks/build_site.py`. The pages go to `.site/docs`, the site to `.site/html`. The
build is strict: a broken link, an unknown name or a page that the navigation lacks is an error.
Nothing is fetched.
"""

import html
import inspect
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import typer
from latex2mathml.converter import convert
from pydantic import BaseModel

import cycledata.cli
import cycleeval.cli
import cycletrain
import cycletrain.cli
from cycledata import RESEARCH_14K, REVIEW_5K
from cycledata.datasets.column_meanings import COLUMN_MEANINGS
from cycledata.rules import rules_reference

ROOT = Path(__file__).parents[1]
PAGES = ROOT / ".site" / "docs"
FORMULA = re.compile(r'<span class="arithmatex">\\\((.*?)\\\)</span>', re.DOTALL)
"""A formula as the Markdown extension leaves it for a script."""
APPS = {
    "cycledata": cycledata.cli.app,
    "cycleeval": cycleeval.cli.app,
    "cycletrain": cycletrain.cli.app,
}

COMMANDS_INTRODUCTION = """\
Every command prints results on stdout and everything else on stderr. It exits 0 when it is done, 1
when it failed, 2 when it was misused and 130 when it was interrupted. `-h` prints the same help."""
RECIPES_INTRODUCTION = """\
A training recipe is one TOML file per run; `--set key=value` replaces one value. An unknown key is
an error that names the nearest key."""
SIGNATURES_INTRODUCTION = """\
Values with the same signature were computed by the same procedure on the same data. `ref` is a
digest of the reference. [Metrics](metrics.md) defines each name."""


def cell(text: object) -> str:
    """Return a text as the cell of a Markdown table."""
    return " ".join(str(text).split()).replace("``", "`").replace("|", "\\|")


def table(head: tuple[str, ...], rows: Iterator[tuple[object, ...]]) -> str:
    """Return a Markdown table."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell(value) for value in line) + " |" for line in lines)


def commands(path: str, command: object) -> Iterator[tuple[str, Any]]:
    """Yield every command below one, with its full name."""
    inner_commands = getattr(command, "commands", None)
    if inner_commands is None:
        yield path, command
        return
    for name, inner in inner_commands.items():
        yield from commands(f"{path} {name}", inner)


def plain(text: str) -> str:
    """Return a help text without terminal markup."""
    return inspect.cleandoc(text.replace("\b", "").replace("\\[", "["))


def parameter_rows(command: Any) -> Iterator[tuple[object, ...]]:
    """Yield name, values, default and meaning of each parameter of a command."""
    for parameter in command.params:
        if parameter.hidden or parameter.name == "help":
            continue
        kind = parameter.bare_type()
        names = ", ".join(f"`{name}`" for name in [*parameter.opts, *parameter.secondary_opts])
        if parameter.param_type_name == "argument":
            names = f"`{parameter.metavar or parameter.name.upper()}`"
        values = "" if kind is bool else getattr(kind, "__name__", str(kind))
        if choices := getattr(kind, "__members__", None):
            values = ", ".join(str(choice.value) for choice in choices.values())
        shown = "" if parameter.default in (None, False, ()) else f"`{parameter.default}`"
        yield (
            names,
            values,
            "required" if parameter.required else shown,
            plain(parameter.help or ""),
        )


def command_page() -> str:
    """Return the reference of every command."""
    parts = [
        "# Commands",
        COMMANDS_INTRODUCTION,
    ]
    for package, app in APPS.items():
        parts.append(f"## {package}")
        for path, command in commands(package, typer.main.get_command(app)):
            parts += [f"### {path}", plain(command.help or "")]
            if command.params:
                head = ("parameter", "values", "default", "meaning")
                parts.append(table(head, parameter_rows(command)))
            if command.epilog:
                lines = [line.strip() for line in plain(command.epilog).split("\n")]
                shown = [line for line in lines if line and not line.startswith("Example")]
                parts.append("```bash\n" + "\n".join(shown) + "\n```")
    return "\n\n".join(parts) + "\n"


def attribute_docstrings(model: type) -> Mapping[str, str]:
    """Return the docstring below each attribute of a class, those of its bases included."""
    found: dict[str, str] = {}
    for base in reversed(model.__mro__):
        if base.__module__.partition(".")[0] not in APPS:
            continue
        source = inspect.cleandoc("\n" + inspect.getsource(base))
        pattern = r'^    (\w+): [^\n]*(?:\n      [^\n]*|\n    [)\]][^\n]*)*\n    r?"""(.*?)"""'
        found |= dict(re.findall(pattern, source, re.MULTILINE | re.DOTALL))
    return found


def type_name(annotation: object) -> str:
    """Return a type as a reader writes it."""
    text = str(annotation) if not inspect.isclass(annotation) else annotation.__name__
    text = re.sub(r"typing\.|pathlib\.|(?:cycledata|cycletrain)(?:\.\w+)*\.", "", text)
    text = re.sub(r"Annotated\[(\w+), FieldInfo\([^()]*\([^()]*\)[^()]*\)\]", r"\1", text)
    return re.sub(r"Optional\[(.+)\]", r"\1 | None", text).replace("NoneType", "None")


def recipe_rows(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[object, ...]]:
    """Yield key, type, default and meaning of every key of a config, nested keys with dots."""
    meanings = attribute_docstrings(model)
    for name, field in model.model_fields.items():
        annotation = field.annotation
        if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
            yield from recipe_rows(annotation, f"{prefix}{name}.")
            continue
        default = None if field.is_required() else field.get_default(call_default_factory=True)
        shown = "" if default in (None, (), "") else f"`{default}`"
        shown = "required" if field.is_required() else shown
        key = f"`{prefix}{name}`"
        yield key, f"`{type_name(annotation)}`", shown, meanings.get(name, "")


def recipe_page() -> str:
    """Return the reference of every recipe key."""
    head = ("key", "type", "default", "meaning")
    parts = [
        "# Recipe keys",
        RECIPES_INTRODUCTION,
    ]
    for job in ("sft", "rollout", "reward", "pairs", "simpo", "iterate", "grpo", "detect"):
        model: Any = getattr(cycletrain, f"{job.capitalize()}Config", None)
        if model is not None:
            parts += [f"## {job}", table(head, recipe_rows(model))]
    for spec in (REVIEW_5K, RESEARCH_14K):
        parts += [f"## {spec.name}", table(head, recipe_rows(type(spec.recipe)))]
    return "\n\n".join(parts) + "\n"


def column_page() -> str:
    """Return the reference of every column."""
    parts = [
        "# Columns",
        "A build is a Hugging Face dataset repository; each config is a set of Parquet files.",
    ]
    for spec in (REVIEW_5K, RESEARCH_14K):
        for config, schema in spec.schemas.items():
            rows = (
                (f"`{field.name}`", f"`{field.type}`", COLUMN_MEANINGS[spec.name][field.name])
                for field in schema
            )
            parts += [f"## {spec.name}: {config}", table(("column", "type", "meaning"), rows)]
    return "\n\n".join(parts) + "\n"


def signature_page() -> str:
    """Return every metric with the signature of its definition."""
    ratings = [[3, 5, 5], [6, 8], [6, 6, 5, 8], [1, 3, 3], [8, 6, 8], [5, 5, 6]]
    decisions = ["reject", "accept", "accept", "reject", "accept", "reject"]
    model = [[5, 5], [6, 7], [7, 8], [3, 3], [8, 7], [6, 6]]
    card = cycleeval.score(model, ratings, decisions=decisions)  # type: ignore[arg-type]  # literals
    parts = [
        "# Metric signatures",
        SIGNATURES_INTRODUCTION,
    ]
    for title, results in {"A model": card.metrics, **card.baselines}.items():
        rows = ((f"`{name}`", f"`{found.signature}`") for name, found in results.items())
        parts += [f"## {title}", table(("metric", "signature"), rows)]
    return "\n\n".join(parts) + "\n"


def python_page(package: str) -> str:
    """Return a page that documents every public name of a package."""
    module = sys.modules[package]
    names = [name for name in module.__all__ if name != "__version__"]
    parts = [f"# {package}", inspect.cleandoc(module.__doc__ or "")]
    parts += [f"::: {package}.{name}" for name in names]
    return "\n\n".join(parts) + "\n"


def write_pages() -> None:
    """Write all pages of the site to `.site/docs`."""
    shutil.rmtree(PAGES, ignore_errors=True)
    shutil.copytree(ROOT / "docs", PAGES)
    for name, title in {"CONTRIBUTING": "contributing", "CHANGELOG": "changelog"}.items():
        text = (ROOT / f"{name}.md").read_text(encoding="utf-8").replace("](docs/", "](")
        (PAGES / f"{title}.md").write_text(text, encoding="utf-8")
    pages = {
        "commands": command_page(),
        "recipes": recipe_page(),
        "rules": f"# Rules\n\n{rules_reference()}\n",
        "columns": column_page(),
        "signatures": signature_page(),
        **{package: python_page(package) for package in APPS},
    }
    for name, text in pages.items():
        (PAGES / "reference" / f"{name}.md").write_text(text, encoding="utf-8")


def unlisted_pages() -> list[str]:
    """Return the pages that the navigation lacks."""
    config = (ROOT / "zensical.toml").read_text(encoding="utf-8")
    names = sorted(path.relative_to(PAGES).as_posix() for path in PAGES.rglob("*.md"))
    return [name for name in names if f'"{name}"' not in config]


def render_formulas() -> None:
    """Replace the formulas of all pages by MathML, which a browser shows without a script."""
    for page in (ROOT / ".site" / "html").rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        rendered = FORMULA.sub(lambda found: convert(html.unescape(found[1])), text)
        if rendered != text:
            page.write_text(rendered, encoding="utf-8")


def main() -> int:
    """Write the pages and build the site; return the exit code."""
    write_pages()
    if missing := unlisted_pages():
        print(f"error: not in the navigation of zensical.toml: {missing}", file=sys.stderr)
        return 1
    command = [str(Path(sys.executable).parent / "zensical"), "build", "--clean", "--strict"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if ran.returncode:
        print(ran.stdout, ran.stderr.partition("Traceback")[0], file=sys.stderr)
    else:
        render_formulas()
    return ran.returncode


if __name__ == "__main__":
    sys.exit(main())
