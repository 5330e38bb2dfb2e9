"""The documents tell the truth: every command is in them, and what they show is what runs.

A fenced block whose opening line says ``tested`` is run, in a folder that a page's blocks share: in
a ``console`` block every line after ``$`` is a command and the lines below it are its output, with
``...`` for anything; a ``python`` block is run, or held to its ``>>>`` lines. A block whose opening
line names a file, as in ``toml policy.toml``, is that file.
"""

import doctest
import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import typer

import cycledata.cli
import cycleeval.cli
import cycletrain.cli

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
_FENCE = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    language: str
    words: str
    """What follows the language on the opening line."""
    text: str


def blocks(page: Path) -> list[Block]:
    found = _FENCE.findall(page.read_text(encoding="utf-8"))
    return [Block(language, words.strip(), text) for language, words, text in found]


def commands(path: str, command: object) -> Iterator[str]:
    if isinstance(command, typer.core.TyperGroup):
        for name, inner in command.commands.items():
            yield from commands(f"{path} {name}", inner)
    else:
        yield path


COMMANDS = [
    words
    for package in (cycledata, cycleeval, cycletrain)
    for words in commands(package.__name__, typer.main.get_command(package.cli.app))
]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_documented(command: str) -> None:
    assert any(command in page.read_text(encoding="utf-8") for page in PAGES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_shows_is_what_runs(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("HF_HOME", str(tmp_path / ".cache"))
    names: dict[str, object] = {"__name__": "__main__"}
    for block in blocks(page):
        if "." in block.words:
            file = tmp_path / block.words
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.text, encoding="utf-8")
        elif block.words == "tested" and block.language == "console":
            run_console(block.text)
        elif block.words == "tested":
            run_python(block.text, names, page.name)


def run_console(text: str) -> None:
    for shown in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, expected = shown.partition("\n")
        while command.endswith("\\"):
            more, _, expected = expected.partition("\n")
            command = f"{command}\n{more}"
        ran = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
        # Two pipes have no common order, so what went to stderr is shown last.
        assert same(expected, ran.stdout + ran.stderr), f"$ {command}\n{ran.stdout}{ran.stderr}"


def run_python(text: str, names: dict[str, object], page: str) -> None:
    if not text.startswith(">>>"):
        exec(compile(text, page, "exec"), names)
        return
    examples = doctest.DocTestParser().get_doctest(text, names, page, page, 0)
    examples.globs = names
    told = io.StringIO()
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS, verbose=False)
    runner.run(examples, out=told.write, clear_globs=False)
    assert runner.failures == 0, told.getvalue()


def same(expected: str, found: str) -> bool:
    return doctest.OutputChecker().check_output(expected, found, doctest.ELLIPSIS)


@pytest.mark.parametrize(
    ("expected", "found", "equal"),
    [("a\nb\n", "a\nb\n", True), ("a\n...\nc\n", "a\nb\nc\n", True), ("a\n", "a\nb\n", False)],
    ids=["same", "anything between", "more than was shown"],
)
def test_output_is_compared_to_the_letter(expected: str, found: str, equal: bool) -> None:
    assert same(expected, found) == equal


def test_every_command_in_the_readme_is_run() -> None:
    shown = [
        block for block in blocks(ROOT / "README.md") if block.language in {"console", "python"}
    ]
    assert shown
    assert all(block.words == "tested" for block in shown)
