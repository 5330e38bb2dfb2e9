"""Import of what somebody else saved."""

import datetime as dt
import gzip
import json
import lzma
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from cycledata.cli import app
from cycledata.snapshot.open import OpenSnapshot
from cycledata.snapshot.reply import Reply
from cycledata.snapshot.seal import seal
from cycledata.snapshot.sealed import SealedSnapshot
from cycledata.sources import dump_files
from cycledata.sources.dumps import ImportReport, import_notes
from cycledata.sources.import_ratings import import_ratings
from cycledata.sources.import_texts import import_eprints


def note(
    name: str, forum: str, created: int = 1, text: str = "fine", **more: Any
) -> dict[str, Any]:
    content = {"summary": {"value": text}}
    return {"id": name, "forum": forum, "tcdate": created, "content": content, **more}


SUBMISSION = note("f1", "f1", 1, details={"replies": [note("r0", "f1", 9)]})
REVIEW = note("r1", "f1", 2)
OTHER = note("r2", "f2", 3)


def write(path: Path, text: str) -> Path:
    data = text.encode()
    packers: dict[str, Callable[[bytes], bytes]] = {
        ".gz": gzip.compress,
        ".xz": lzma.compress,
        ".zst": zstandard.ZstdCompressor().compress,
    }
    path.write_bytes(packers.get(path.suffix, bytes)(data))
    return path


def forums(path: Path) -> dict[str, Any]:
    with OpenSnapshot(path) as snapshot:
        replies = list(snapshot.iter("openreview", "forum/"))
    return {reply.key: json.loads(reply.payload) for reply in replies}


def into(path: Path, *files: Path, **options: Any) -> ImportReport:
    with OpenSnapshot(path) as snapshot:
        return import_notes(files, snapshot, **options)


def counts(report: ImportReport) -> tuple[int, int, int, int]:
    return report.n_added, report.n_merged, report.n_same, report.n_unreadable


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param("a.json", json.dumps([SUBMISSION, REVIEW, OTHER], indent=2), id="array"),
        pytest.param("a.json", json.dumps({"notes": [SUBMISSION, REVIEW, OTHER]}), id="answer"),
        pytest.param(
            "a.json", "\n".join(map(json.dumps, [SUBMISSION, REVIEW, OTHER])), id="values"
        ),
        pytest.param(
            "a.jsonl",
            json.dumps({"forum": "f1", "notes": [SUBMISSION, REVIEW]}) + "\n" + json.dumps(OTHER),
            id="forum-lines",
        ),
        pytest.param(
            "a.jsonl", "\n".join(map(json.dumps, [OTHER, REVIEW, SUBMISSION])), id="note-lines"
        ),
        pytest.param("a.jsonl.gz", json.dumps([SUBMISSION, OTHER, REVIEW]), id="gz"),
        pytest.param("a.jsonl.xz", json.dumps([SUBMISSION, OTHER, REVIEW]), id="xz"),
        pytest.param("a.json.zst", json.dumps([SUBMISSION, OTHER, REVIEW]), id="zst"),
        pytest.param("a.json", "\ufeff" + json.dumps([SUBMISSION, OTHER, REVIEW]), id="bom"),
    ],
)
def test_every_shape_of_a_dump_gives_the_same_forums(tmp_path: Path, name: str, text: str) -> None:
    report = into(tmp_path / "s", write(tmp_path / name, text))
    assert report.n_unreadable == 0
    assert forums(tmp_path / "s") == {
        "forum/f1": {"forum": "f1", "notes": [SUBMISSION, REVIEW]},
        "forum/f2": {"forum": "f2", "notes": [OTHER]},
    }


def test_a_reply_says_which_file_and_when(tmp_path: Path) -> None:
    moment = dt.datetime(2023, 11, 27, tzinfo=dt.UTC)
    into(tmp_path / "s", write(tmp_path / "a.jsonl", json.dumps(OTHER)), retrieved_at=moment)
    into(tmp_path / "s", write(tmp_path / "b.jsonl", json.dumps(REVIEW)))
    with OpenSnapshot(tmp_path / "s") as snapshot:
        replies = {reply.key: reply for reply in snapshot.iter("openreview")}
    assert replies["forum/f2"].url == "file:a.jsonl#forum/f2"
    assert replies["forum/f2"].retrieved_at == moment
    assert replies["forum/f1"].retrieved_at is None


def test_texts_come_through_unchanged(tmp_path: Path) -> None:
    text = "a\u2028b\u2029c\x85d\x0b\x00e\ud835f \U0001d53c <SEG> &amp; \r\n"
    into(tmp_path / "s", write(tmp_path / "a.jsonl", json.dumps(note("r", "f", text=text))))
    assert forums(tmp_path / "s")["forum/f"]["notes"][0]["content"]["summary"]["value"] == text


BAD_LINES = [
    pytest.param('{"id": "x", "content": ', "line 2", "not JSON", id="truncated"),
    pytest.param("[" * 100_000, "line 2", "not JSON: maximum recursion", id="deep"),
    pytest.param('"text"', "line 2", "expected a note, found a str", id="text"),
    pytest.param('{"title": "t"}', "line 2", "expected id and content, found title", id="fields"),
    pytest.param(
        json.dumps({"forum": "f9", "notes": [OTHER]}), "line 2", "belongs to forum 'f2'", id="forum"
    ),
    pytest.param(
        json.dumps([REVIEW, 3]), "line 2, note 2", "expected a note, found a int", id="one-of-two"
    ),
    pytest.param('{"id": "x", "content": {"a": NaN}}', "line 2", "nan is not JSON", id="nan"),
    pytest.param('{"id": "x", "content": {"a": 1e999}}', "line 2", "inf is not JSON", id="inf"),
    pytest.param("x" * 3000, "line 2", "longer than 2000 bytes", id="long"),
]


@pytest.mark.parametrize(("line", "place", "reason"), BAD_LINES)
def test_a_bad_line_is_named_and_the_rest_goes_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, place: str, reason: str
) -> None:
    if line.startswith("x"):
        monkeypatch.setattr(dump_files, "MAX_VALUE_BYTES", 2000)
    text = "\n".join([json.dumps(SUBMISSION), line, json.dumps(OTHER), ""])
    report = into(tmp_path / "s", write(tmp_path / "a.jsonl", text))
    assert [(row.file, row.place) for row in report.unreadable] == [("a.jsonl", place)]
    assert reason in report.unreadable[0].reason
    assert set(forums(tmp_path / "s")) == {"forum/f1", "forum/f2"}


@pytest.mark.parametrize("ending", [".gz", ".xz", ".zst"])
def test_a_truncated_archive_gives_what_it_holds_and_is_named(tmp_path: Path, ending: str) -> None:
    dice = random.Random(3)
    lines = [json.dumps(note(f"r{i}", f"f{i}", text=dice.randbytes(400).hex())) for i in range(800)]
    path = write(tmp_path / f"a.jsonl{ending}", "\n".join(lines))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    report = into(tmp_path / "s", path, write(tmp_path / "b.jsonl", json.dumps(SUBMISSION)))
    assert 100 < report.n_added < 700
    assert report.unreadable[-1].place.startswith(f"after line {report.n_added}")
    assert "forum/f1" in forums(tmp_path / "s")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param(json.dumps([SUBMISSION, OTHER])[:-1], "the array is not closed", id="open"),
        pytest.param(json.dumps([SUBMISSION, OTHER])[:-20], "value 2 is not JSON", id="cut"),
        pytest.param("[" + json.dumps(SUBMISSION) + ", {]", "value 2 is not JSON", id="broken"),
    ],
)
def test_a_broken_json_file_gives_what_stands_before_the_break(
    tmp_path: Path, text: str, reason: str
) -> None:
    report = into(tmp_path / "s", write(tmp_path / "a.json", text))
    assert reason in report.unreadable[-1].reason
    assert "forum/f1" in forums(tmp_path / "s")


def test_a_file_of_another_kind_is_named(tmp_path: Path) -> None:
    report = into(tmp_path / "s", write(tmp_path / "a.txt", "x"))
    assert (
        report.unreadable[0].reason
        == "its name ends in .txt; expected .json, .jsonl, .parquet or .csv"
    )


def test_a_large_array_is_read_piece_by_piece(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dump_files, "_CHUNK_CHARS", 7)
    notes = [note(f"r{i}", f"f{i % 5}", text="é" * i) for i in range(50)]
    into(tmp_path / "s", write(tmp_path / "a.json", json.dumps(notes, ensure_ascii=False)))
    found = [one for forum in forums(tmp_path / "s").values() for one in forum["notes"]]
    assert sorted(found, key=lambda one: len(one["content"]["summary"]["value"])) == notes


def test_every_version_of_a_note_is_kept_once_in_any_order(tmp_path: Path) -> None:
    early = note("r1", "f1", 2, "before the rebuttal", tmdate=10)
    late = note("r1", "f1", 2, "after the rebuttal", tmdate=20)
    other_dump = {**late, "version": 2}
    ones = (late, early, other_dump)
    files = [write(tmp_path / f"{i}.jsonl", json.dumps(one)) for i, one in enumerate(ones)]
    assert counts(into(tmp_path / "s", *files)) == (1, 1, 1, 0)
    assert counts(into(tmp_path / "s", *files)) == (0, 0, 3, 0)
    into(tmp_path / "t", *reversed(files))
    assert forums(tmp_path / "s") == forums(tmp_path / "t")
    assert forums(tmp_path / "s")["forum/f1"]["notes"] == [early, late]


def test_a_tracker_file_gives_every_version_of_a_review(tmp_path: Path) -> None:
    versions = [note("r1", "f1", 2, f"text {day}", mdate=day, version=2) for day in (10, 20, 30)]
    tracked = {
        "id": "f1",
        "cdate": 1,
        "content": {"title": "T"},
        "replies": [versions[2], versions[0], note("r2", "f1", 3), versions[1]],
        "withdrawn": False,
    }
    into(tmp_path / "s", write(tmp_path / "f1.json", json.dumps(tracked)))
    submission, *replies = forums(tmp_path / "s")["forum/f1"]["notes"]
    assert submission["id"] == "f1"
    assert replies == [*versions, note("r2", "f1", 3)]


def test_reviews_with_their_responses_are_read(tmp_path: Path) -> None:
    response = note("c1", "f1", 4, replyto="r1")
    threads = [{"title": "T"}, {"review": REVIEW, "responses": [response]}]
    threads.append({"review": note("r2", "f1", 3), "responses": []})
    report = into(tmp_path / "s", write(tmp_path / "f1.json", json.dumps(threads)))
    assert counts(report) == (1, 1, 0, 0)
    assert forums(tmp_path / "s")["forum/f1"]["notes"] == [REVIEW, note("r2", "f1", 3), response]


NOTES = st.builds(
    note,
    st.sampled_from("abcd"),
    st.sampled_from(["f1", "f2"]),
    st.integers(1, 3),
    st.sampled_from(["x", "y"]),
    tmdate=st.none() | st.integers(1, 3),
)


@settings(max_examples=25, deadline=None)
@given(st.lists(NOTES, max_size=12), st.randoms(use_true_random=False))
def test_the_digest_does_not_depend_on_the_order_of_lines_and_files(
    tmp_path_factory: pytest.TempPathFactory, notes: list[dict[str, Any]], dice: random.Random
) -> None:
    digests = set()
    for _ in range(2):
        folder = tmp_path_factory.mktemp("order")
        cut = dice.randint(0, len(notes))
        files = [
            write(folder / f"{i}.jsonl", "\n".join(map(json.dumps, part)))
            for i, part in enumerate((notes[:cut], notes[cut:]))
        ]
        into(folder / "s", *files)
        into(folder / "s", *reversed(files))
        digests.add(seal(folder / "s").digest)
        dice.shuffle(notes)
    assert len(digests) == 1


def ratings(path: Path, *files: Path, **options: Any) -> tuple[ImportReport, dict[str, Any]]:
    with OpenSnapshot(path) as snapshot:
        report = import_ratings(files, snapshot, **options)
        return report, {reply.key: json.loads(reply.payload) for reply in snapshot.iter("ratings")}


def test_tables_come_in_row_by_row(tmp_path: Path) -> None:
    table = {
        "paper_id": ["a", "b"],
        "rating": [[3, 10], None],
        "spread": [0.5, float("nan")],
        "day": [dt.date(2024, 1, 2), None],
    }
    pq.write_table(pa.table(table), tmp_path / "iclr2024_ratings.parquet")
    csv = 'forum,venue_id,decision\nc,NeurIPS.cc/2023/Conference,"Accept, (oral)"\nd,X,é\n'
    report, rows = ratings(
        tmp_path / "s", tmp_path / "iclr2024_ratings.parquet", write(tmp_path / "a.csv.gz", csv)
    )
    assert counts(report) == (4, 0, 0, 1)
    assert report.columns_not_read == ("day", "spread")
    assert rows["ICLR.cc/2024/Conference/a"] == {
        "paper_id": "a", "rating": [3, 10], "spread": 0.5, "day": "2024-01-02",
    }  # fmt: skip
    assert rows["ICLR.cc/2024/Conference/b"]["spread"] is None
    assert rows["NeurIPS.cc/2023/Conference/c"]["decision"] == "Accept, (oral)"
    assert rows["X/d"]["decision"] is None
    (cell,) = report.unreadable
    assert (cell.file, cell.place) == ("a.csv.gz", "line 3, column decision")
    assert "found 'é'" in cell.reason


def test_rows_of_one_paper_are_united_unless_they_disagree(tmp_path: Path) -> None:
    first = write(tmp_path / "a.csv", "paper_id,rating,decision\np,3;5,\nq,1,Reject\n")
    second = write(
        tmp_path / "b.json", '[{"paper_id": "p", "title": "T"}, {"paper_id": "q", "rating": "8"}]'
    )
    report, rows = ratings(tmp_path / "s", first, second, venue="V", pairs="reviewers")
    assert counts(report) == (2, 1, 0, 1)
    assert rows["V/p"] == {"paper_id": "p", "rating": [3, 5], "decision": "", "title": "T"}
    assert rows["V/q"]["rating"] == [1]
    assert report.unreadable[0].place == "V/q"
    assert "column rating is [8], an earlier row has [1]" in report.unreadable[0].reason


@pytest.mark.parametrize(
    ("name", "data", "place", "reason"),
    [
        pytest.param(
            "a.csv", b"paper_id\na\nb,c\nd\n", "line 3", "2 cells, the header has 1", id="cells"
        ),
        pytest.param("a.csv", b"paper_id\na\n\xff\nd\n", "line 3", "not UTF-8", id="utf-8"),
        pytest.param("a.csv", b'paper_id\na\n"x"y\nd\n', "line 3", "not CSV", id="quotes"),
        pytest.param(
            "a.csv", b"paper_id,title\na,\n,1\nd,\n", "line 3", "paper_id is empty", id="id"
        ),
        pytest.param(
            "a.parquet", b"PAR1 no", "after row 0", "the rest cannot be read", id="parquet"
        ),
        pytest.param("a.xlsx", b"", "file", "its name ends in .xlsx", id="kind"),
    ],
)
def test_a_bad_row_is_named_and_the_rest_goes_in(
    tmp_path: Path, name: str, data: bytes, place: str, reason: str
) -> None:
    (tmp_path / name).write_bytes(data)
    report, rows = ratings(tmp_path / "s", tmp_path / name, venue="V")
    assert [(row.file, row.place) for row in report.unreadable] == [(name, place)]
    assert reason in report.unreadable[0].reason
    assert set(rows) == ({"V/a", "V/d"} if name == "a.csv" else set())


def test_a_table_without_venue_says_what_to_do(tmp_path: Path) -> None:
    report, _ = ratings(tmp_path / "s", write(tmp_path / "ratings.csv", "paper_id\na\n"))
    assert "no venue_id; rename the column, or pass --venue" in report.unreadable[0].reason


TEX = rb"\documentclass{article}"


def test_eprints_come_in_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "2310.01234v2.tar.gz").write_bytes(gzip.compress(TEX, mtime=0))
    (tmp_path / "2310.01234").write_bytes(b"%PDF-1.5")
    (tmp_path / "empty.gz").write_bytes(b"")
    with OpenSnapshot(tmp_path / "s") as snapshot:
        report = import_eprints(sorted(tmp_path.glob("*.*")), snapshot)
        found = {reply.key: reply for reply in snapshot.iter("arxiv")}
    assert counts(report) == (2, 0, 0, 1)
    assert report.unreadable[0].file == "empty.gz"
    assert found["eprint/2310.01234v2"].payload == gzip.compress(TEX, mtime=0)
    assert found["eprint/2310.01234v2"].media_type == "application/gzip"
    assert found["eprint/2310.01234"].media_type == "application/pdf"


def test_two_eprints_of_one_name_are_not_mixed_up(tmp_path: Path) -> None:
    (tmp_path / "ali.tar.gz").write_bytes(TEX)
    (tmp_path / "ali.gz").write_bytes(TEX + b"% two")
    with OpenSnapshot(tmp_path / "s") as snapshot:
        files = [tmp_path / "ali.tar.gz", tmp_path / "ali.gz", tmp_path / "ali.gz"]
        report = import_eprints(files, snapshot)
    assert counts(report) == (1, 0, 0, 2)
    assert "differs from what file:ali.tar.gz gave" in report.unreadable[0].reason


def test_the_command_line_reports_and_exits_1_when_something_was_unreadable(tmp_path: Path) -> None:
    good = write(tmp_path / "a.jsonl", json.dumps(SUBMISSION))
    bad = write(tmp_path / "b.jsonl", "{\n")
    runner = CliRunner()
    command = ["import", "openreview-notes", "--snapshot", str(tmp_path / "s")]
    result = runner.invoke(app, [*command, str(good)])
    assert (result.exit_code, result.stdout) == (0, "1 added, 0 merged, 0 same, 0 unreadable\n")
    result = runner.invoke(app, [*command, str(good), str(bad), "--json"])
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert found["counts"] == {"added": 0, "merged": 0, "same": 1, "unreadable": 1}
    assert found["unreadable"][0]["place"] == "line 1"
    assert runner.invoke(app, ["seal", str(tmp_path / "s")]).exit_code == 0
    result = runner.invoke(app, ["verify", str(tmp_path / "s")])
    assert result.stdout == "s: snapshot as pinned, 1 files\n"


def test_no_machine_path_stands_in_a_snapshot(tmp_path: Path) -> None:
    into(tmp_path / "s", write(tmp_path / "a.jsonl", json.dumps(SUBMISSION)))
    seal(tmp_path / "s")
    for file in (tmp_path / "s").iterdir():
        assert str(tmp_path).encode() not in file.read_bytes()


def _start(*arguments: str | Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "cycledata", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL)


def test_a_kill_during_import_or_seal_changes_nothing_in_the_end(tmp_path: Path) -> None:
    dice = random.Random(11)
    dump = tmp_path / "a.jsonl"
    lines = [
        json.dumps(note(f"r{i}", f"f{i % 2000}", text=dice.randbytes(800).hex()))
        for i in range(4000)
    ]
    write(dump, "\n".join(lines))
    into(tmp_path / "reference", dump)
    reference = seal(tmp_path / "reference")
    snapshot = tmp_path / "s"
    killed = []
    commands: tuple[list[str | Path], ...] = (
        ["import", "openreview-notes", dump, "--snapshot", snapshot],
        ["seal", snapshot],
    )
    for command in commands:
        # A run shows itself by its first file; the kill comes at a random moment after that.
        for watched in ("replies.sqlite-wal", ".replies-*"):
            process = _start(*command)
            while process.poll() is None and not list(snapshot.glob(watched)):
                time.sleep(0.001)
            time.sleep(dice.random() * 0.15)
            process.kill()
            killed.append(process.wait() == -signal.SIGKILL)
            if command[0] == "seal" and killed[-1]:
                assert not (snapshot / "snapshot.json").exists()
        assert _start(*command).wait() == 0
    assert any(killed)
    assert SealedSnapshot.open(snapshot).digest == reference.digest


@pytest.mark.shared_data
def test_real_notes_come_through_unchanged(tmp_path: Path, shared_data: Path) -> None:
    dump = shared_data / "openreview" / "iclr2024_reviews_v2.jsonl.xz"
    report = into(tmp_path, dump)
    assert counts(report) == (3549, 0, 0, 0)
    seal(tmp_path)
    n_notes = 0
    with SealedSnapshot.open(tmp_path) as sealed, lzma.open(dump, "rb") as lines:
        for number, line in enumerate(lines):
            raw = json.loads(line)
            n_notes += len(raw["notes"])
            if number % 5 == 0:
                reply = sealed.get("openreview", f"forum/{raw['forum']}")
                assert isinstance(reply, Reply)
                held = {note["id"]: note for note in json.loads(reply.payload)["notes"]}
                assert held == {note["id"]: note for note in raw["notes"]}
    assert n_notes == 13_670


@pytest.mark.parametrize("odd", ["\ud800half", "line\nbreak", "\x1b[2J"], ids=ascii)
def test_an_id_that_no_list_of_ids_can_hold_is_named_and_the_rest_goes_in(
    odd: str, tmp_path: Path
) -> None:
    lines = [json.dumps(note("n", odd)), json.dumps(REVIEW)]
    dump = write(tmp_path / "notes.jsonl", "\n".join(lines))
    report = into(tmp_path / "snapshot", dump)
    assert (report.n_added, report.n_unreadable) == (1, 1)
    assert report.unreadable[0].reason == "expected an id and a file name of printable text"
    assert (report.unreadable[0].file + report.unreadable[0].place).isascii()
