"""Real papers against what TeX itself made of them."""

import json
from pathlib import Path

import pytest

from benchmarks.latex import compared
from cycledata.parse.latex import parse_eprint

RIGHT = {"main": 77, "title": 77, "abstract": 77, "sections": 75, "keys": 77}
"""Of 77; docs/datasets/paper-text.md gives the reason for the two whose sections differ."""


@pytest.mark.shared_data
def test_real_papers_read_as_tex_reads_them(shared_data: Path) -> None:
    truth = json.loads((shared_data / "latex/truth.json").read_text(encoding="utf-8"))
    right = dict.fromkeys(RIGHT, 0)
    for paper in truth.values():
        payload = (shared_data / "latex/eprints" / paper["file"]).read_bytes()
        text = parse_eprint(payload, file=paper["file"], bibliography=False)
        for field, is_right in compared(text, paper).items():
            right[field] += is_right
    assert right == RIGHT
