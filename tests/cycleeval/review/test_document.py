"""The commands of docs/reviewers.md give what it shows."""

import re
from pathlib import Path
from typing import Protocol

import pytest
from typer.testing import CliRunner

from cycleeval.cli import app


class Server(Protocol):
    """The part of the fixture ``model`` that is used here."""

    url: str


DOCUMENT = Path(__file__).parents[3] / "docs" / "reviewers.md"


def test_the_document_shows_what_the_command_prints(
    model: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = DOCUMENT.read_text("utf-8")
    ((name, lines),) = re.findall(r"```jsonl (\S+)\n(.*?)```", text, re.DOTALL)
    (tmp_path / name).write_text(lines, "utf-8")
    monkeypatch.chdir(tmp_path)
    shown = re.findall(r"```console\n\$ cycleeval ([^\n]*)\n(.*?)```", text, re.DOTALL)
    assert len(shown) == 2
    for command, expected in shown:
        arguments = command.replace("http://127.0.0.1:8000/v1", model.url).split()
        assert CliRunner().invoke(app, arguments).stdout == expected
