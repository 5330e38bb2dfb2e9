"""Files with nothing in them, of another kind, or with another ending never pass as a success."""

import gzip
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cycledata import sample
from cycledata.builds.runner import DATASETS, build
from cycledata.cli import app
from cycledata.consent.policy import read_policy
from cycledata.errors import SnapshotError

TABLES = ["openreview-notes", "openreview-ratings", "openreview-invitations", "arxiv-ids"]


@pytest.mark.parametrize("kind", [*TABLES, "accepted-papers", "eprints", "pdfs"])
def test_an_import_of_nothing_is_a_failure(kind: str, tmp_path: Path) -> None:
    source = tmp_path / "given.jsonl"
    if kind in {"eprints", "pdfs"}:
        source.mkdir()
    else:
        source.write_text("\n\n", "utf-8")
    words = ["import", kind, str(source), "--snapshot", str(tmp_path / "s")]
    ran = CliRunner().invoke(app, words)
    assert isinstance(ran.exception, SnapshotError), ran.output
    assert "nothing imported: expected files with at least one entry" in str(ran.exception)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        pytest.param(b"<!doctype html><p>no", "web page", id="a web page"),
        pytest.param(b'{"paper_id": "p1"}\n', "without a LaTeX command", id="JSON"),
        pytest.param(b"paper_id,ratings\np1,5\n", "without a LaTeX command", id="a table"),
        pytest.param(bytes(range(256)) * 8, "neither an archive", id="noise"),
        pytest.param(gzip.compress(b"x" * 400)[:40], "", id="a cut archive"),
    ],
)
def test_a_file_that_is_no_eprint_is_named_at_import(
    payload: bytes, reason: str, tmp_path: Path
) -> None:
    (tmp_path / "2301.00001v1.gz").write_bytes(payload)
    (tmp_path / "2301.00002v1.tex").write_bytes(rb"\documentclass{article}")
    files = [str(path) for path in sorted(tmp_path.iterdir())]
    ran = CliRunner().invoke(app, ["import", "eprints", *files, "--snapshot", str(tmp_path / "s")])
    assert ran.exit_code == 1
    assert "1 added, 0 merged, 0 same, 1 unreadable" in ran.stdout
    assert "2301.00001v1.gz: file: " in ran.stderr
    assert reason in ran.stderr


def test_the_ending_of_an_export_decides_its_format(tmp_path: Path) -> None:
    built = tmp_path / "built"
    build(DATASETS["review-5k"], sample.SNAPSHOT, built, policy=read_policy(sample.POLICY))
    for name, start in (("o.parquet", b"PAR1"), ("o.jsonl", b"{"), ("o.csv", b"paper_id,")):
        out = tmp_path / name
        ran = CliRunner().invoke(app, ["export", str(built), "--out", str(out)])
        assert ran.exit_code == 0, ran.output
        assert out.read_bytes().startswith(start)
    for words in (["--out", "o.xls"], ["--out", "o.parquet", "--format", "csv"]):
        ran = CliRunner().invoke(app, ["export", str(built), *words])
        assert ran.exit_code == 2
