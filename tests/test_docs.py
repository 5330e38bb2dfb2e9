"""The documents show what the code does: blocks run, every command and metric is in them."""

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

import cycledata.cli
import cycleeval.cli
import cycletrain.cli
from cycledata import RESEARCH_14K, REVIEW_5K, DatasetSpec
from cycledata.datasets.column_meanings import COLUMN_MEANINGS
from cycledata.rules import RULES
from cycleeval import inputs, prediction_lines, predictions, score
from tests.documents import ROOT, RUN, blocks, run_page, same

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
NEED_A_SERVER = {"docs/guides/outlines.md", "docs/guides/review.md"}
"""Run by the tests that have the server, which call `run_page` with its URL."""


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


ALONE = [page for page in PAGES if name_of(page) not in NEED_A_SERVER]


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
def test_every_command_is_shown_in_a_page(command: str) -> None:
    assert any(command in page.read_text(encoding="utf-8") for page in PAGES)


@pytest.mark.parametrize("page", ALONE, ids=name_of)
def test_a_page_shows_what_its_blocks_print(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    n_blocks = sum(block.language in RUN and block.title is None for block in blocks(page))
    assert run_page(page, tmp_path, monkeypatch) == n_blocks


@pytest.mark.parametrize(
    ("expected", "found", "equal"),
    [("a\nb\n", "a\nb\n", True), ("a\n...\nc\n", "a\nb\nc\n", True), ("a\n", "a\nb\n", False)],
    ids=["same", "anything between", "more than was shown"],
)
def test_output_is_compared_exactly(expected: str, found: str, equal: bool) -> None:
    assert same(expected, found) == equal


def test_the_hub_entry_in_the_guide_is_the_one_that_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    guide = blocks(ROOT / "docs" / "guides" / "leaderboard.md")
    for block in guide:
        if block.title is not None:
            (tmp_path / block.title).parent.mkdir(exist_ok=True)
            (tmp_path / block.title).write_text(block.text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    command = "leaderboard submissions reference.jsonl --out site --hub-id ORG/NAME"
    assert CliRunner().invoke(cycleeval.cli.app, command.split()).exit_code == 0
    (written,) = tmp_path.glob("site/hub/careful-*/.eval_results/cyclekit.yaml")
    (entry,) = [block.text for block in guide if block.text.startswith("- dataset")]
    assert written.read_text("utf-8").startswith(entry.rstrip("\n"))


METRICS_PAGE = ROOT / "docs" / "reference" / "metrics.md"


def test_every_metric_is_in_the_reference() -> None:
    text = METRICS_PAGE.read_text(encoding="utf-8")
    card = score([[5, 6], [6, 7]], [[3, 5], [6, 8]], decisions=["reject", "accept"])
    names = {name for results in (card.metrics, card.baselines["human"]) for name in results}
    assert [name for name in sorted(names) if f"`{name}`" not in text] == []


@pytest.mark.parametrize("package", ["cycledata", "cycleeval", "cycletrain"])
def test_every_module_is_on_the_map_of_the_architecture(package: str) -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    text = page.partition("## Map")[2].partition("## From")[0]
    mapped = {name for line in text.splitlines() for name in re.findall(r"[\w*]+(?=/|,| |$)", line)}
    found = {
        path.stem
        for path in (ROOT / package).iterdir()
        if (path.suffix == ".py" or (path / "__init__.py").is_file())
        and not path.name.startswith("__")
        and not path.stem.endswith(("_command", "_options"))
    }
    assert sorted(found - mapped) == []


def test_every_rule_of_an_unreadable_prediction_is_in_the_reference() -> None:
    modules = (predictions, prediction_lines, inputs)
    source = "".join(map(inspect.getsource, modules))
    rules = {name for name in RULES if f'"{name}"' in source}
    assert len(rules) > 10
    text = METRICS_PAGE.read_text(encoding="utf-8")
    assert [rule for rule in sorted(rules) if f"`{rule}`" not in text] == []


@pytest.mark.parametrize("dataset", [REVIEW_5K, RESEARCH_14K], ids=lambda dataset: dataset.name)
def test_every_column_has_a_meaning(dataset: DatasetSpec[Any]) -> None:
    columns = {name for schema in dataset.schemas.values() for name in schema.names}
    assert columns <= set(COLUMN_MEANINGS[dataset.name])
