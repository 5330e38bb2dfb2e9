"""Commands shown in the documents print what stands there."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cycleeval.cli import app

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize(("document", "n_commands"), [("detection.md", 2), ("leaderboard.md", 1)])
def test_a_documents_commands_print_what_it_shows(
    document: str, n_commands: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (DOCS / document).read_text("utf-8")
    for name, lines in re.findall(r"```jsonl (\S+)\n(.*?)```", text, re.DOTALL):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(lines, "utf-8")
    monkeypatch.chdir(tmp_path)
    shown = re.findall(r"```console\n\$ cycleeval ([^\n]*)\n(.*?)```", text, re.DOTALL)
    assert len(shown) == n_commands
    for command, expected in shown:
        assert CliRunner().invoke(app, command.split()).stdout == expected


def test_the_hub_entry_in_the_document_is_the_one_that_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (DOCS / "leaderboard.md").read_text("utf-8")
    for name, lines in re.findall(r"```jsonl (\S+)\n(.*?)```", text, re.DOTALL):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(lines, "utf-8")
    monkeypatch.chdir(tmp_path)
    command = "leaderboard submissions reference.jsonl --out site --hub-id ORG/NAME"
    assert CliRunner().invoke(app, command.split()).exit_code == 0
    (written,) = tmp_path.glob("site/hub/careful-*/.eval_results/cyclekit.yaml")
    ((entry,),) = [re.findall(r"```yaml\n(.*?)\n```", text, re.DOTALL)]
    assert written.read_text("utf-8").startswith(entry)
