"""What import-linter cannot check: what an import loads and does, and what no file may hold."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("cycledata", "cycleeval", "cycletrain")
HEAVY = {
    *("torch", "transformers", "trl", "peft", "ray", "vllm"),
    *("datasets", "polars", "pandas", "pyarrow", "sklearn", "scipy", "huggingface_hub"),
    *("openreview", "arxiv", "semanticscholar", "openai"),
}

# Prints what was loaded, and everything that was done besides: files written, sockets, processes.
WATCH = """
import sys
sys.dont_write_bytecode = True
done = []
def watch(event, args):
    writes = event == "open" and isinstance(args[1], str) and set(args[1]) & set("wax+")
    acts = event.startswith(("socket.", "subprocess.", "os.system", "os.mkdir", "os.remove"))
    if writes or acts:
        done.append(f"{event} {args}")
sys.addaudithook(watch)
import logging, os, threading
before = (logging.root.handlers[:], dict(os.environ), threading.active_count())
STATEMENT
after = (logging.root.handlers[:], dict(os.environ), threading.active_count())
assert before == after, (before, after)
assert not done, done
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


def loaded_by(statement: str) -> set[str]:
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", WATCH.replace("STATEMENT", statement)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    *printed, modules = ran.stdout.rstrip("\n").split("\n")
    assert not printed, "an import printed something"
    return set(modules.split(" "))


@pytest.mark.parametrize("package", PACKAGES)
def test_importing_a_package_runs_nothing_and_loads_nothing_heavy(package: str) -> None:
    found = loaded_by(f"import {package}, {package}.cli")
    assert package in found
    assert not found & HEAVY


@pytest.mark.parametrize("package", PACKAGES)
def test_help_loads_nothing_heavy(package: str) -> None:
    statement = (
        f"import contextlib, io\nfrom {package}.cli import app\n"
        "with contextlib.redirect_stdout(io.StringIO()) as told, contextlib.suppress(SystemExit):\n"
        "    app(['--help'])\n"
        "assert 'Usage' in told.getvalue()"
    )
    assert not loaded_by(statement) & HEAVY


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_ships_its_types(package: str) -> None:
    assert (ROOT / package / "py.typed").is_file()


def repository_files() -> list[Path]:
    """Every text of the repository that a person wrote, this file excepted."""
    folders = [*PACKAGES, "tests", "docs", "cards", "benchmarks", ".ci"]
    inside = [path for name in folders for path in (ROOT / name).rglob("*")]
    kinds = {".py", ".md", ".toml", ".txt", ".jinja", ".json", ".tex", ".bib", ".html", ".js", ""}
    return sorted(
        path
        for path in [*ROOT.iterdir(), *inside]
        if path.is_file()
        and path.suffix in kinds
        and "__pycache__" not in path.parts
        and not path.name.startswith(".git")
        and path != Path(__file__)
    )


FORBIDDEN = {
    "a machine's path": re.compile(r"(?<![\w./])/(?:work|home/\w+|root)/"),
    "a package registry's host": re.compile(r"pythonhosted|/simple/?\b(?=[\s\"'])|--index-url"),
    "an unfinished thought": re.compile(r"(?:#|//|<!--)\s*(?:TODO|FIXME|XXX)\b"),
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_holds(what: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}: {match[0]!r}"
        for path in repository_files()
        for match in FORBIDDEN[what].finditer(path.read_text(encoding="utf-8", errors="replace"))
    ]
    assert not found


def test_every_silenced_check_names_its_code_and_its_reason() -> None:
    bare = re.compile(
        r"#\s*type:\s*ignore(?!\[[a-z-]+(?:, ?[a-z-]+)*\]\s+#\s*\S)"
        r"|#\s*noqa(?!: [A-Z]+[0-9]+(?:, ?[A-Z]+[0-9]+)*\s+\S)"
    )
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in repository_files()
        if path.suffix == ".py"
        for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), start=1)
        if bare.search(line)
    ]
    assert not found


def test_every_module_is_named_for_what_it_holds() -> None:
    nameless = {"utils", "util", "helpers", "helper", "misc", "common", "base", "manager"}
    modules = [path for path in repository_files() if path.suffix == ".py"]
    assert not [path for path in modules if path.stem.lower() in nameless]
