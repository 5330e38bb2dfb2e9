"""The public names of the three packages: complete, typed, unique and importable."""

import ast
import importlib
import inspect
import tomllib
import typing
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

import cycledata
import cycleeval
import cycletrain

ROOT = Path(__file__).parents[1]
PACKAGES = {"cycledata": cycledata, "cycleeval": cycleeval, "cycletrain": cycletrain}


def init_tree(package: str) -> ast.Module:
    return ast.parse((ROOT / package / "__init__.py").read_text(encoding="utf-8"))


def typed_names(package: str) -> dict[str, tuple[str, str]]:
    """Return what a type checker sees: exported name to module and defined name."""
    found = {}
    for node in ast.walk(init_tree(package)):
        if isinstance(node, ast.ImportFrom) and node.module not in {
            "typing",
            "cycledata.lazy_exports",
            "cycledata",
        }:
            for alias in node.names:
                found[alias.asname or alias.name] = (str(node.module), alias.name)
    return found


def lazy_names(package: str) -> dict[str, tuple[str, str]]:
    """Return what is imported at run time: exported name to module and defined name."""
    call = next(
        node
        for node in ast.walk(init_tree(package))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "lazy_exports"
    )
    modules = ast.literal_eval(call.args[1])
    found = {}
    for module, names in modules.items():
        for name in names:
            defined, _, exported = name.partition(" as ")
            found[exported or defined] = (module, defined)
    return found


@pytest.mark.parametrize("package", PACKAGES)
def test_all_lists_every_exported_name_once(package: str) -> None:
    listed = PACKAGES[package].__all__
    assert len(listed) == len(set(listed))
    assert set(listed) - {"__version__"} == set(lazy_names(package))
    assert set(listed) == set(dir(PACKAGES[package]))


@pytest.mark.parametrize("package", PACKAGES)
def test_type_checkers_see_the_names_that_are_imported_at_run_time(package: str) -> None:
    assert typed_names(package) == lazy_names(package)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_is_importable(package: str) -> None:
    for name in PACKAGES[package].__all__:
        assert getattr(PACKAGES[package], name) is not None


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_function_and_class_has_a_docstring(package: str) -> None:
    values = {name: getattr(PACKAGES[package], name) for name in PACKAGES[package].__all__}
    missing = [
        name
        for name, value in values.items()
        if (inspect.isclass(value) or inspect.isfunction(value)) and not value.__doc__
    ]
    assert not missing


@pytest.mark.parametrize("package", PACKAGES)
def test_an_unknown_name_is_an_attribute_error(package: str) -> None:
    with pytest.raises(AttributeError, match=f"module '{package}' has no attribute 'nothing'"):
        getattr(PACKAGES[package], "nothing")  # noqa: B009  the name is not an attribute


def test_the_version_is_written_in_one_place() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert "version" in project["project"]["dynamic"]
    assert {package.__version__ for package in PACKAGES.values()} == {cycledata.__version__}
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## {cycledata.__version__} - 2" in changes
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"version: {cycledata.__version__}\n" in citation


def class_places() -> dict[str, list[str]]:
    """Return every public class name with the files that define it."""
    found = defaultdict(list)
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.parse(path.read_text(encoding="utf-8")).body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    found[node.name].append(str(path.relative_to(ROOT)))
    return found


def test_no_two_public_classes_share_a_name() -> None:
    assert not {name: places for name, places in class_places().items() if len(places) > 1}


def classes_in(hint: object) -> Iterator[type]:
    """Yield our own classes that a type hint mentions, at any depth."""
    for argument in typing.get_args(hint):
        yield from classes_in(argument)
    if inspect.isclass(hint) and hint.__module__.partition(".")[0] in PACKAGES:
        yield hint


def hints_of(function: object) -> dict[str, object]:
    """Return the resolved hints of a function, with names that are imported for typing only."""
    module = importlib.import_module(str(getattr(function, "__module__", "")))
    names: dict[str, object] = {}
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
            exec(compile(ast.Module(node.body, []), module.__name__, "exec"), names)
    return typing.get_type_hints(function, globalns={**names, **vars(module)})


@pytest.mark.parametrize("package", PACKAGES)
def test_types_in_public_signatures_are_public(package: str) -> None:
    public = {
        getattr(module, name)
        for module in PACKAGES.values()
        for name in module.__all__
        if inspect.isclass(getattr(module, name))
    }
    private = defaultdict(set)
    for name in PACKAGES[package].__all__:
        value = getattr(PACKAGES[package], name)
        hints = {}
        own = str(getattr(value, "__module__", "")).startswith(package)
        if own and (inspect.isfunction(value) or inspect.isclass(value)):
            hints = hints_of(value)
        for hint in hints.values():
            for found in classes_in(hint):
                if found not in public and not found.__name__.startswith("_"):
                    private[name].add(found.__qualname__)
    assert not dict(private)


def test_contributing_imports_public_names_only() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    imported = set()
    for block in text.split("```python\n")[1:]:
        for node in ast.walk(ast.parse(block.partition("\n```")[0])):
            if isinstance(node, ast.ImportFrom):
                imported.add(str(node.module))
            elif isinstance(node, ast.Import):
                imported.update(alias.name for alias in node.names)
    ours = {name for name in imported if name.partition(".")[0] in PACKAGES}
    assert ours
    assert ours <= {*PACKAGES, "cycledata.sample"}
