"""Both ways to cite agree."""

from pathlib import Path

import yaml
from typer.testing import CliRunner

from cycledata import __version__
from cycleeval.citation import YEAR, cite
from cycleeval.cli import app


def test_the_command_prints_the_entries() -> None:
    result = CliRunner().invoke(app, ["cite"])
    assert result.exit_code == 0
    assert result.stdout == f"{cite()}\n"
    assert f"version = {{{__version__}}}" in result.stdout


def test_the_citation_file_states_the_same_work() -> None:
    file = Path(__file__).parents[2] / "CITATION.cff"
    citation = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert citation["version"] == __version__
    assert citation["date-released"].startswith(str(YEAR))
    (paper,) = citation["references"]
    assert paper["title"] in cite()
    for author in paper["authors"]:
        assert f"{author['family-names']}, {author['given-names']}" in " ".join(cite().split())
