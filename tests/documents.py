"""Run the code blocks of a Markdown page and compare what they print with what the page shows.

`console` blocks are commands after `$` with their output below, `...` for anything; `python` and
`pycon` blocks are run, `>>>` lines compared. All blocks of a page share a folder and the Python
names. A block with `title="NAME"` is written to that file first. Other languages are not run.
"""

import doctest
import io
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
RUN = {"console", "python", "pycon"}
_FENCE = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_TITLE = re.compile(r'title="([^"]+)"')
_FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@dataclass(frozen=True)
class Block:
    """One fenced block."""

    language: str
    title: str | None
    text: str


def blocks(page: Path) -> list[Block]:
    """Return the fenced blocks of a page, in order."""
    found = []
    for language, options, text in _FENCE.findall(page.read_text(encoding="utf-8")):
        title = _TITLE.search(options)
        found.append(Block(language, title[1] if title else None, text))
    return found


def run_page(
    page: Path,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    replace: Mapping[str, str] | None = None,
) -> int:
    """Run every block of a page in a folder.

    Args:
        page: the Markdown file.
        folder: an empty folder, the working directory of every block.
        monkeypatch: undoes the changes to the environment.
        replace: texts in commands to replace, such as the URL of a server.

    Returns:
        How many blocks were run.
    """
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("HF_HOME", str(folder / ".cache"))
    names: dict[str, object] = {"__name__": "__main__"}
    n_run = 0
    for block in blocks(page):
        if block.title is not None:
            file = folder / block.title
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.text, encoding="utf-8")
        elif block.language in RUN:
            text = block.text
            for old, new in (replace or {}).items():
                text = text.replace(old, new)
            (run_console if block.language == "console" else run_python)(text, names, page.name)
            n_run += 1
    return n_run


def run_console(text: str, names: dict[str, object], page: str) -> None:
    """Run the commands of a block; compare what each prints."""
    assert text.startswith("$ "), f"{page}: a console block starts with a command"
    for shown in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, expected = shown.partition("\n")
        while command.endswith("\\"):
            more, _, expected = expected.partition("\n")
            command = f"{command}\n{more}"
        ran = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
        # Two pipes have no common order, so stderr is compared after stdout.
        assert same(expected, ran.stdout + ran.stderr), f"$ {command}\n{ran.stdout}{ran.stderr}"


def run_python(text: str, names: dict[str, object], page: str) -> None:
    """Run a block; compare what `>>>` lines print."""
    if not text.startswith(">>>"):
        exec(compile(text, page, "exec"), names)
        return
    examples = doctest.DocTestParser().get_doctest(text, names, page, page, 0)
    examples.globs = names
    report = io.StringIO()
    runner = doctest.DocTestRunner(optionflags=_FLAGS, verbose=False)
    runner.run(examples, out=report.write, clear_globs=False)
    assert runner.failures == 0, report.getvalue()


def same(expected: str, found: str) -> bool:
    """Return whether two outputs are equal; `...` in the expected one matches anything."""
    return doctest.OutputChecker().check_output(expected, found, doctest.ELLIPSIS)
