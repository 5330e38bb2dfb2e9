"""Small papers, each with one habit of authors, read as pdfTeX reads them.

``ask_tex.py`` beside this file made the truth by running TeX.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cycledata.parse.latex.to_plain_text import folded
from cycledata.records import PaperText

PAPERS = json.loads(Path(__file__).with_name("tex_truth.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("paper", PAPERS, ids=[paper["id"] for paper in PAPERS])
def test_sections_and_citations_are_those_that_tex_finds(
    parse_files: Callable[..., PaperText], paper: dict[str, Any]
) -> None:
    text = parse_files(paper["files"])
    sections = [(each.level, folded(each.title)) for each in text.sections if each.title]
    assert sections == [(level, folded(title)) for level, title in paper["sections"]]
    assert sorted(text.cited_keys) == paper["cited_keys"]
