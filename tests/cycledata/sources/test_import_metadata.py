"""Import of arXiv's metadata from every form of file, hostile ones included."""

import gzip
import json
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from cycledata.cli import app
from cycledata.matching.find import candidate_ids, has_metadata
from cycledata.matching.papers import PaperToMatch, papers_to_match
from cycledata.matching.select_rows import WantedPapers
from cycledata.snapshot.open import OpenSnapshot
from cycledata.snapshot.reply import Reply
from cycledata.snapshot.seal import seal
from cycledata.sources import metadata_files
from cycledata.sources.import_metadata import MetadataReport, import_arxiv_metadata

TITLE = "Learning to Count Invented Sheep in Dense Fog"
WANTED = WantedPapers(
    {
        "p1": PaperToMatch(TITLE, ("Ann Alpha", "Ben Beta"), "ICLR.cc/2024/Conference"),
        "p2": PaperToMatch("Nothing Like It Is on arXiv at All", None, "ICLR.cc/2024/Conference"),
    },
    frozenset({"2301.00077"}),
)


def row(arxiv_id: str, title: str, *authors: str, **more: Any) -> dict[str, Any]:
    return {
        "id": arxiv_id,
        "title": title,
        "authors": ", ".join(authors),
        "abstract": "  We count.\n",
        "categories": "cs.LG",
        "license": "http://creativecommons.org/licenses/by/4.0/",
        "versions": [{"version": "v1", "created": "Thu, 5 Oct 2023 18:59:59 GMT"}],
        "update_date": "2023-10-06",
        "authors_parsed": [[name.split()[-1], name.split()[0], ""] for name in authors],
        **more,
    }


ROWS = [
    row("2310.00001", TITLE, "Ann Alpha", "Ben Beta"),
    row("2310.00002", f"{TITLE}s", "Ann Alpha", "Ben Beta"),
    row("2310.00003", f"{TITLE}s", "Cy Other"),
    row("2310.00004", TITLE, "Cy Other"),
    row("2301.00077", "A cited work", "Dan Delta"),
    *(row(f"2309.{number:05}", f"Unrelated number {number}", "X Y") for number in range(50)),
]
KEPT = ["metadata/2301.00077", "metadata/2310.00001", "metadata/2310.00002", "metadata/2310.00004"]


def lines(rows: Sequence[object]) -> bytes:
    return "".join(f"{json.dumps(one)}\n" for one in rows).encode()


def oai(rows: Sequence[dict[str, Any]]) -> bytes:
    records = "".join(
        "<record><header><datestamp>2023-10-06</datestamp></header><metadata>"
        '<arXivRaw xmlns="http://arxiv.org/OAI/arXivRaw/">'
        + "".join(f"<{n}>{one[n]}</{n}>" for n in ("id", "title", "authors", "categories"))
        + "<license>http://creativecommons.org/licenses/by/4.0/</license>"
        '<version version="v1"><date>Thu, 5 Oct 2023 18:59:59 GMT</date></version>'
        "<abstract>  We count.\n</abstract></arXivRaw></metadata></record>"
        for one in rows
    )
    head = '<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><ListRecords>'
    return f"{head}{records}</ListRecords></OAI-PMH>".encode()


def _zip(path: Path, members: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)


FORMS: dict[str, Callable[[Path], object]] = {
    "snapshot.json": lambda path: path.write_bytes(lines(ROWS)),
    "snapshot.jsonl.gz": lambda path: path.write_bytes(gzip.compress(lines(ROWS))),
    "archive.zip": lambda path: _zip(path, {"arxiv-metadata-oai-snapshot.json": lines(ROWS)}),
    "mirror.parquet": lambda path: pl.DataFrame(ROWS).write_parquet(path),
    "page.xml": lambda path: path.write_bytes(oai(ROWS)),
    "page.xml.gz": lambda path: path.write_bytes(gzip.compress(oai(ROWS))),
}


def run(folder: Path, *files: Path, wanted: WantedPapers = WANTED) -> MetadataReport:
    with OpenSnapshot(folder) as snapshot:
        return import_arxiv_metadata(list(files), snapshot, wanted)


def arxiv_keys(folder: Path, prefix: str) -> list[str]:
    with OpenSnapshot(folder, reopen=True) as snapshot:
        return list(snapshot.keys("arxiv", prefix))


@pytest.mark.parametrize("name", FORMS)
def test_only_rows_that_may_be_wanted_are_kept_from_every_form(name: str, tmp_path: Path) -> None:
    FORMS[name](tmp_path / name)
    report = run(tmp_path / "s", tmp_path / name)
    assert (report.n_rows, report.n_papers, report.n_with_candidates) == (55, 2, 1)
    assert (report.replies.n_added, report.replies.n_unreadable) == (4, 0)
    assert arxiv_keys(tmp_path / "s", "metadata/") == KEPT
    with OpenSnapshot(tmp_path / "s") as snapshot:
        found = ["2310.00001", "2310.00002", "2310.00004"]
        assert [candidate_ids(snapshot, name) for name in ("p1", "p2", "p3")] == [found, [], None]
        assert has_metadata(snapshot)
    again = run(tmp_path / "s", tmp_path / name)
    assert (again.replies.n_added, again.replies.n_same) == (0, 4)


def test_the_result_does_not_depend_on_files_order_or_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.json").write_bytes(lines(ROWS))
    run(tmp_path / "one", tmp_path / "a.json")
    monkeypatch.setattr(metadata_files, "BLOCK_BYTES", 1000)
    (tmp_path / "a.json").write_bytes(lines(ROWS[::-1]).rstrip(b"\n"))
    run(tmp_path / "two", tmp_path / "a.json")
    assert seal(tmp_path / "one").digest == seal(tmp_path / "two").digest


def test_a_later_state_of_a_row_replaces_an_earlier_one(tmp_path: Path) -> None:
    late = {**ROWS[0], "update_date": "2024-05-01", "license": None}
    (tmp_path / "a.json").write_bytes(lines([late, ROWS[0]]))
    report = run(tmp_path / "s", tmp_path / "a.json")
    assert (report.replies.n_added, report.replies.n_same) == (1, 1)
    with OpenSnapshot(tmp_path / "s") as snapshot:
        reply = snapshot.get("arxiv", "metadata/2310.00001")
    assert reply is not None
    assert b"license" not in reply.payload


HOSTILE: dict[str, tuple[str, bytes, str, str]] = {
    "cut-line": ("a.json", lines(ROWS[:1]) + b'{"id": "1", "ti\n', "line 2", "not JSON"),
    "list": ("a.json", lines(ROWS[:1]) + b"[1, 2]\n", "line 2", "expected a row, found a list"),
    "no-title": ("a.json", lines([ROWS[0], {"id": "2310.00009"}]), "line 2", "with a title"),
    "not-utf8": ("a.json", lines(ROWS[:1]) + b'{"id": "\xff\xfe"}\n', "line 2", "not JSON"),
    "nested": ("a.json", lines(ROWS[:1]) + b"[" * 99_999 + b"\n", "line 2", "not JSON"),
    "bad-versions": (
        "a.json", lines([ROWS[1], {**ROWS[0], "versions": [{}]}]), "line 2", "versions such as v1",
    ),
    "array": ("a.json", json.dumps(ROWS).encode(), "after start", "found an array"),
    "indented": ("a.json", b'{\n "id": "1"\n}\n', "after start", "an object over several lines"),
    "cut-end": ("a.json", lines(ROWS[:1]) + b'{"id": "1", "ti', "after line 1", "was cut short"),
    "lost-zero": (
        "a.json", lines([ROWS[0], {**ROWS[1], "id": 2310.1}]), "line 2", "found '2310.1'",
    ),
    "columns": ("a.json", lines([{"paper": 1, "name": "x"}]), "after line 1", "found paper, name"),
    "cut-gz": ("a.json.gz", gzip.compress(lines(ROWS))[:-20], "after start", "cannot be read"),
    "not-gz": ("a.json.gz", lines(ROWS), "after start", "cannot be read"),
    "not-zip": ("a.zip", lines(ROWS), "after start", "cannot be read"),
    "not-parquet": ("a.parquet", lines(ROWS), "after start", "cannot be read"),
    "not-xml": ("a.xml", lines(ROWS), "after start", "not-xml"),
    "entities": ("a.xml", b"<!DOCTYPE x [<!ENTITY a 'b'>]><x/>", "after start", "document type"),
    "other": ("a.csv", b"id,title\n", "after start", "expected .json, .jsonl, .parquet"),
    "empty-xml": ("a.xml", b"", "after start", "not-xml"),
}  # fmt: skip


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_cannot_be_used_is_named_with_its_place(kind: str, tmp_path: Path) -> None:
    name, data, place, reason = HOSTILE[kind]
    (tmp_path / name).write_bytes(data)
    report = run(tmp_path / "s", tmp_path / name)
    (entry,) = report.replies.unreadable
    assert entry.file == name
    assert entry.place == place
    assert reason in entry.reason
    assert report.is_complete == (report.n_rows > 0 and not place.startswith("after"))


def test_a_huge_line_is_skipped_and_the_rows_after_it_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metadata_files, "BLOCK_BYTES", 4000)
    monkeypatch.setattr(metadata_files, "MAX_ROW_BYTES", 2000)
    huge = lines([row("2310.00008", "x" * 20_000, "A B"), row("2310.00009", "y" * 2500, "A B")])
    (tmp_path / "a.json").write_bytes(huge + lines(ROWS))
    report = run(tmp_path / "s", tmp_path / "a.json")
    places = [(one.place, one.reason) for one in report.replies.unreadable]
    reason = "longer than 2000 bytes"
    assert places == [("line 1", reason), ("line 2", reason)]
    assert arxiv_keys(tmp_path / "s", "metadata/") == KEPT


def test_a_bomb_ends_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata_files, "_FREE_BYTES", 1 << 20)
    monkeypatch.setattr(metadata_files, "BLOCK_BYTES", 1 << 20)
    bomb = b"\n" * (64 << 20)
    _zip(tmp_path / "a.zip", {"a.json": lines(ROWS) + bomb})
    (tmp_path / "b.json.gz").write_bytes(gzip.compress(lines(ROWS) + bomb))
    for name in ("a.zip", "b.json.gz"):
        (entry,) = run(tmp_path / name[0], tmp_path / name).replies.unreadable
        assert "unpacks to more than 200 times its size" in entry.reason


def test_a_file_that_ends_early_shows_nothing_about_papers_that_it_lacks(tmp_path: Path) -> None:
    data = gzip.compress(lines(ROWS), compresslevel=0)
    (tmp_path / "a.json.gz").write_bytes(data[: len(data) - 2000])
    run(tmp_path / "s", tmp_path / "a.json.gz")
    with OpenSnapshot(tmp_path / "s") as snapshot:
        assert candidate_ids(snapshot, "p2") is None
        assert not has_metadata(snapshot)


def notes() -> Iterator[Reply]:
    for name, title in (("f1", TITLE), ("f2", "Nothing Like It Is on arXiv at All")):
        note = {
            "id": name,
            "invitations": ["ICLR.cc/2024/Conference/-/Submission"],
            "cdate": 1_695_000_000_000,
            "content": {"title": {"value": title}, "authors": {"value": ["Ann Alpha"]}},
        }
        payload = json.dumps({"forum": name, "notes": [note]}).encode()
        yield Reply("openreview", f"forum/{name}", "u", None, 200, "application/json", payload)


def test_the_command_imports_for_the_papers_of_the_snapshot(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(lines(ROWS) + b"{\n")
    command = ["import", "arxiv-metadata", str(tmp_path / "a.json"), "--snapshot"]
    empty = CliRunner().invoke(app, [*command, str(tmp_path / "empty")])
    assert "has no papers to match" in str(empty.exception)
    with OpenSnapshot(tmp_path / "s") as snapshot:
        snapshot.add_many(notes())
        papers = papers_to_match(snapshot)
    assert papers["f1"].year == 2024
    result = CliRunner().invoke(app, [*command, str(tmp_path / "s")])
    assert result.exit_code == 1
    assert "55 rows read; 1 of 2 papers have a candidate" in result.output
    assert "a.json: line 56: not JSON" in result.output
    report = json.loads(CliRunner().invoke(app, [*command, str(tmp_path / "s"), "--json"]).stdout)
    assert (report["counts"]["same"], report["papers_with_candidates"]) == (3, 1)
