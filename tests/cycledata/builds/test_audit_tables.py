import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from cycledata import sample
from cycledata.builds.audit_tables import papers_of
from cycledata.builds.runner import DATASETS, build
from cycledata.consent.policy import read_policy
from cycledata.errors import AuditError


def table(n_papers: int, *, leak: bool) -> pl.DataFrame:
    decisions = ["Accept (poster)" if number % 2 else "Reject" for number in range(n_papers)]
    links = [" https://github.com/x" if leak and number % 2 else "" for number in range(n_papers)]
    return pl.DataFrame(
        {
            "paper_id": [f"p{number}" for number in range(n_papers)],
            "abstract": [f"We fold sheet {n % 7} of paper.{link}" for n, link in enumerate(links)],
            "decision": decisions,
        }
    )


def run_audit(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cycledata", "audit", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".jsonl"])
def test_a_planted_link_is_reported_from_every_kind_of_file(suffix: str, tmp_path: Path) -> None:
    file = tmp_path / f"papers{suffix}"
    frame = table(200, leak=True)
    if suffix == ".parquet":
        frame.write_parquet(file)
    elif suffix == ".csv":
        frame.write_csv(file)
    else:
        frame.write_ndjson(file)
    done = run_audit(str(file), "--json")
    assert done.returncode == 1, done.stderr
    found = json.loads(done.stdout)
    assert (found["n_papers"], found["n_accepted"]) == (200, 100)
    assert {"github.com", "any link"} <= {clue["name"] for clue in found["clues"]}


def test_a_table_without_a_leak_passes(tmp_path: Path) -> None:
    table(200, leak=False).write_parquet(tmp_path / "papers.parquet")
    done = run_audit(str(tmp_path / "papers.parquet"))
    assert done.returncode == 0, done.stderr
    assert "200 papers, 100 accepted; base rate 0.500" in done.stdout
    assert "0 leaks" in done.stdout


def test_a_build_is_read_with_its_sections_counted(tmp_path: Path) -> None:
    policy = read_policy(sample.POLICY)
    build(DATASETS["review-5k"], sample.SNAPSHOT, tmp_path / "build", policy=policy)
    papers = list(papers_of(tmp_path / "build")())
    assert len(papers) == 9
    assert all(paper.texts["paper_text"] and paper.numbers["n_sections"] > 1 for paper in papers)
    assert {paper.categories["text_source"] for paper in papers} <= {"arxiv-latex", "pdf-markdown"}


def test_what_cannot_be_audited_is_named(tmp_path: Path) -> None:
    table(40, leak=False).write_parquet(tmp_path / "papers.parquet")
    (tmp_path / "papers.txt").write_text("x")
    (tmp_path / "broken.parquet").write_text("x")
    (tmp_path / "folder").mkdir()
    for arguments, message in (
        (["papers.parquet", "--decision", "outcome"], "no column 'outcome'; columns are paper_id"),
        (["papers.parquet", "--text", "body"], "no column 'body'"),
        (["papers.txt"], "expected a build or a file of .parquet"),
        (["broken.parquet"], "cannot be read as .parquet"),
        (["folder"], "expected a finished build, found no manifest.json"),
    ):
        done = run_audit(str(tmp_path / arguments[0]), *arguments[1:])
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith("error: ")
        assert message in done.stderr
        assert done.stderr.count("\n") == 1


def test_too_few_decisions_are_an_error(tmp_path: Path) -> None:
    table(8, leak=False).write_parquet(tmp_path / "papers.parquet")
    done = run_audit(str(tmp_path / "papers.parquet"))
    assert done.returncode == 1
    assert "4 accepted and 4 rejected papers are too few" in done.stderr
    assert "the column `decision` and start with accept or reject" in done.stderr
    assert "--config" not in done.stderr


def test_a_missing_text_column_is_named(tmp_path: Path) -> None:
    pl.DataFrame({"decision": ["accept"]}).write_csv(tmp_path / "a.csv")
    with pytest.raises(AuditError, match="no column of text among decision; name one with --text"):
        papers_of(tmp_path / "a.csv")
