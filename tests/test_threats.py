"""The page of threats lists the kinds that the script runs, and the files exist."""

import importlib.util
from pathlib import Path

from cycledata import __file__ as package

ROOT = Path(package).parents[1]


def test_the_page_lists_every_kind_and_every_file_exists() -> None:
    spec = importlib.util.spec_from_file_location("threats", ROOT / "benchmarks" / "threats.py")
    assert spec is not None
    assert spec.loader is not None
    threats = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(threats)
    page = (ROOT / "docs" / "threats.md").read_text("utf-8")
    rows = [line for line in page.split("\n") if line.startswith("| ")][2:]
    assert [row.split(" | ")[0].removeprefix("| ") for row in rows] == list(threats.KINDS)
    files = [file for files in threats.KINDS.values() for file in files]
    assert len(files) == len(set(files))
    assert [file for file in files if not (ROOT / file).is_file()] == []
    assert threats.main(["nothing"]) == 2
