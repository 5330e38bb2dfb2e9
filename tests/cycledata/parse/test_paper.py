"""`cycledata parse` on e-prints, PDFs and what is neither."""

import gzip
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cycledata.cli import app

SOURCE = (
    "\\documentclass{article}\\title{T}\\begin{document}\\maketitle"
    "\\begin{abstract}A.\\end{abstract}\\section{One}Text~\\cite{k}.\\end{document}"
)


def test_parse_prints_one_object_a_file_and_fails_at_the_end(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.gz", tmp_path / "bad.gz"
    good.write_bytes(gzip.compress(SOURCE.encode()))
    bad.write_bytes(b"BZh9")
    done = CliRunner().invoke(app, ["parse", str(bad), str(good)])
    refused, read = map(json.loads, done.stdout.splitlines())
    assert done.exit_code == 1
    assert refused["file"] == "bad.gz"
    assert refused["error"]["rule"] == "unsupported-compression"
    assert (read["file"], read["main_file"], read["title"], read["abstract"]) == (
        "good.gz",
        "good.gz",
        "T",
        "A.",
    )
    assert [(s["level"], s["title"], s["text"]) for s in read["sections"]] == [
        (1, "One", "Text~\\cite{k}.")
    ]
    assert read["cited_keys"] == ["k"]
    assert [warning["rule"] for warning in read["warnings"]] == ["missing-entry"]


@pytest.mark.shared_data
def test_parse_reads_a_pdf_too(shared_data: Path) -> None:
    done = CliRunner().invoke(app, ["parse", str(shared_data / "latex/pdf/neural-fp.pdf")])
    assert done.exit_code == 0
    assert json.loads(done.stdout)["text_source"] == "pdf-markdown"
