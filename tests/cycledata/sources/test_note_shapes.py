"""Dumps of OpenReview in the shapes of public repositories, and files that are something else."""

import bz2
import csv
import datetime as dt
import gzip
import json
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cycledata.parse.openreview.note import read_note
from cycledata.snapshot.open import OpenSnapshot
from cycledata.snapshot.seal import seal
from cycledata.sources.dumps import ImportReport, import_notes


def note(note_id: str, forum: str) -> dict[str, Any]:
    reply = {} if note_id == forum else {"replyto": forum}
    return {"id": note_id, "forum": forum, "cdate": 1, "content": {"title": "T"}, **reply}


A, B, REVIEW, REBUTTAL = note("a", "a"), note("b", "b"), note("r", "a"), note("s", "a")


def run(file: Path) -> tuple[ImportReport, dict[str, list[str]]]:
    with OpenSnapshot(file.parent / "snapshot") as snapshot:
        report = import_notes([file], snapshot)
        forums = [json.loads(reply.payload) for reply in snapshot.iter("openreview")]
    return report, {forum["forum"]: sorted(n["id"] for n in forum["notes"]) for forum in forums}


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(json.dumps({"a": [A, REVIEW, REBUTTAL], "b": [B]}), id="forums-by-id"),
        pytest.param(
            json.dumps([{"submission": A, "reviews": [REVIEW], "rebuttals": [REBUTTAL]}, B]),
            id="parts-by-name",
        ),
        pytest.param(
            json.dumps({"a": {"paper": A, "n": 2, "replies": [REVIEW, REBUTTAL]}, "b": {"x": B}}),
            id="parts-by-name-and-id",
        ),
        pytest.param(
            json.dumps([A, REVIEW]) + "\n" + json.dumps([B, REBUTTAL]), id="arrays-joined"
        ),
        pytest.param(
            json.dumps({"notes": [A, REVIEW]}) + json.dumps({"notes": [REBUTTAL, B]}),
            id="pages-joined",
        ),
        pytest.param(
            json.dumps([{"paper": A, "notes": [REVIEW], "more": {"late": [REBUTTAL]}}, B]),
            id="notes-beside-their-paper",
        ),
        pytest.param(
            json.dumps([{**A, "reviews": [REVIEW], "final": REBUTTAL}, B]), id="replies-in-a-note"
        ),
        pytest.param(
            json.dumps([{**A, "notes": [{**REVIEW, "answers": [REBUTTAL]}]}, B]),
            id="replies-in-a-reply",
        ),
    ],
)
def test_notes_are_found_in_every_shape(tmp_path: Path, content: str) -> None:
    (tmp_path / "x.json").write_text(content)
    report, forums = run(tmp_path / "x.json")
    assert forums == {"a": ["a", "r", "s"], "b": ["b"]}
    assert report.n_unreadable == 0


def test_replies_in_a_note_that_are_no_raw_notes_are_named(tmp_path: Path) -> None:
    reviews = [{"rating": 6, "summary": "x"}, REVIEW]
    (tmp_path / "x.json").write_text(json.dumps([{**A, "official_reviews": reviews, "tags": {}}]))
    report, forums = run(tmp_path / "x.json")
    assert forums == {"a": ["a", "r"]}
    assert [(one.place, one.reason) for one in report.unreadable] == [
        (
            "value 1, official_reviews 1",
            "not a raw note: expected id and content, found rating, summary",
        )
    ]


@pytest.mark.parametrize(
    "days",
    [
        pa.array([dt.date(2023, 11, 14)], pa.date32()),
        pa.array([1_699_920_000_000_000_000], pa.timestamp("ns")),
        pa.array([1_699_920_000_000], pa.timestamp("ms", "UTC")),
        pa.array([1_699_920_000_000], pa.decimal128(20, 0)),
        pa.array([1.69992e12], pa.float64()),
    ],
    ids=str,
)
def test_every_type_of_time_in_a_table_is_milliseconds(tmp_path: Path, days: pa.Array) -> None:
    columns = {"id": ["a"], "content": ["{}"], "cdate": days}
    pq.write_table(pa.table(columns), tmp_path / "x.parquet")
    with OpenSnapshot(tmp_path / "snapshot") as snapshot:
        import_notes([tmp_path / "x.parquet"], snapshot)
        [forum] = [json.loads(reply.payload) for reply in snapshot.iter("openreview")]
    assert forum["notes"][0]["cdate"] == 1_699_920_000_000


V2 = {
    "readers": ["everyone"],
    "signatures": ["v/Submission1/Reviewer_a", "~Ann_O'Neil1"],
    "tmdate": 1_700_000_000_000,
}
FLAT_NOTES: list[dict[str, Any]] = [
    {**A, **V2, "number": 7, "content": {"title": {"value": 'T, "quoted"\nand [x]'}}},
    {
        **REVIEW,
        **V2,
        "invitations": ["v/Submission1/-/Official_Review"],
        "content": {
            "rating": {"value": "6: good"},
            "soundness": {"value": 3, "readers": ["v/Chairs"]},
            "flags": {"value": ["none", "other"]},
        },
    },
    {**B, "invitation": "w/-/Submission", "content": {"title": "v1", "Q1. Why?": "Because."}},
]


@pytest.mark.parametrize("name", ["x.csv", "x.tsv", "x.parquet", "x.json", "x.jsonl", "y.json"])
def test_notes_that_pandas_flattened_are_the_same_data(tmp_path: Path, name: str) -> None:
    import pandas as pd

    (tmp_path / "json").mkdir()
    (tmp_path / "json" / "x.json").write_text(json.dumps(FLAT_NOTES))
    flat = pd.json_normalize(FLAT_NOTES)
    if name.endswith((".csv", ".tsv")):
        flat.to_csv(tmp_path / name, index=False, sep="\t" if name == "x.tsv" else ",")
    elif name == "x.parquet":
        flat.to_parquet(tmp_path / name)
    else:
        orient: Literal["columns", "records"] = "columns" if name == "y.json" else "records"
        flat.to_json(tmp_path / name, orient=orient, lines=name == "x.jsonl")
    report, forums = run(tmp_path / name)
    assert (report.n_unreadable, forums) == (0, {"a": ["a", "r"], "b": ["b"]})
    run(tmp_path / "json" / "x.json")
    found, expected = (
        {note["id"]: note for note in stored_notes(folder)}
        for folder in (tmp_path, tmp_path / "json")
    )
    if name.endswith((".csv", ".tsv")):
        # A CSV file has no numbers; the text is one that forms have too.
        expected["r"]["content"]["soundness"]["value"] = "3.0"
    assert found == expected


def test_a_bad_row_of_flat_columns_costs_no_other(tmp_path: Path) -> None:
    columns = {
        "id": ["a", "b"],
        "forum": ["a", "b"],
        "content.title": ["T", "T"],
        "content.title.value": ["U", None],
    }
    (tmp_path / "x.json").write_text(json.dumps(columns))
    report, forums = run(tmp_path / "x.json")
    assert forums == {"b": ["b"]}
    assert [entry.place for entry in report.unreadable] == ["value 1, row 1"]


def stored_notes(folder: Path) -> list[dict[str, Any]]:
    with OpenSnapshot(folder / "snapshot") as snapshot:
        replies = [*snapshot.iter("openreview")]
    return [note for reply in replies for note in json.loads(reply.payload)["notes"]]


@pytest.mark.parametrize("as_text", [False, True], ids=["nested", "json-text"])
def test_a_table_of_notes_is_the_same_data_as_their_json(tmp_path: Path, as_text: bool) -> None:
    review = {"rating": {"value": "6: good"}, "summary": {"value": "[1] {a}"}}
    notes: list[dict[str, Any]] = [
        {**A, "readers": ["everyone"], "number": 7, "content": {"title": {"value": "T"}}},
        {**REVIEW, "invitations": ["v/Submission1/-/Official_Review"], "content": review},
        {**B, "tmdate": 1_700_000_000_000, "content": {}},
    ]
    columns: dict[str, list[Any]] = {
        name: [note.get(name) for note in notes]
        for name in dict.fromkeys(k for n in notes for k in n)
    }
    if as_text:
        for name in ("readers", "content", "invitations"):
            columns[name] = [cell and json.dumps(cell) for cell in columns[name]]
        # pandas stores numbers with gaps as floats, and times as times.
        columns["number"] = [7.0, float("nan"), float("nan")]
        columns["tmdate"] = [None, None, dt.datetime(2023, 11, 14, 22, 13, 20, tzinfo=dt.UTC)]
        columns["content"][2] = "{}"
    (tmp_path / "json").mkdir()
    (tmp_path / "json" / "x.json").write_text(json.dumps(notes))
    pq.write_table(pa.table(columns), tmp_path / "x.parquet")
    report, forums = run(tmp_path / "x.parquet")
    assert report.n_unreadable == 0
    assert forums == {"a": ["a", "r"], "b": ["b"]}
    run(tmp_path / "json" / "x.json")
    digests = [seal(folder / "snapshot").digest for folder in (tmp_path, tmp_path / "json")]
    assert digests[0] == digests[1]


def test_bzip2_is_read(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl.bz2").write_bytes(bz2.compress(json.dumps(A).encode()))
    assert run(tmp_path / "x.jsonl.bz2")[1] == {"a": ["a"]}


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("x.json", json.dumps([A]).encode() + b"\nrest", "value 2 is not JSON"),
        (
            "x.json",
            gzip.compress(b"[]", mtime=0),
            "its content is a gzip file, not what its name says",
        ),
        ("x.json", json.dumps([A]).encode("utf-16"), "its content is text in UTF-16"),
        ("x.jsonl", b"<html>", "its content is HTML or XML"),
        ("x.json", b"version https://git-lfs.github.com/spec/v1\n", "`git lfs pull` replaces"),
        ("x.gz", gzip.compress(b"[]", mtime=0), "its name has no ending before .gz"),
        (
            "x.json",
            b'{"name":"RateLimitError","message":"Too many requests","status":429}',
            "an error of the API: Too many requests; fetch it again",
        ),
        ("x.json", b'{"id":"~A_B1","content":{}}', "~A_B1 is a person's profile"),
        ("x.json", b'{"id":5,"content":{}}', "expected a text as id, found a int"),
        ("x.json", b'{"id":"a","content":"{}"}', "expected an object as content, found a str"),
        ("x.json", b'{"profiles":[{"id":"~A_B1","content":{}}]}', "found profiles"),
        ("x.json", b'{"edits":[{"id":"e","note":{"id":"a","content":{}}}]}', "found edits"),
    ],
)
def test_what_is_no_note_is_named(tmp_path: Path, name: str, data: bytes, reason: str) -> None:
    (tmp_path / name).write_bytes(data)
    report, _ = run(tmp_path / name)
    assert report.n_unreadable == 1
    assert reason in report.unreadable[0].reason


@pytest.mark.parametrize(
    ("readers", "is_public"),
    [
        ("['everyone']", True),
        ("['v/Chairs' 'v/Authors']", False),
        ("['v/Chairs', \"v/O'Neil\\'s\"]", False),
        ("array(['v/Chairs'])", False),
        ("v/Chairs", False),
        ("everyone", True),
    ],
)
def test_a_note_of_a_table_is_public_only_if_its_readers_are_everyone(
    tmp_path: Path, readers: str, is_public: bool
) -> None:
    with (tmp_path / "x.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "invitation", "readers", "content.title"])
        rows.writerow(["a", "v/-/Submission", readers, "T"])
    run(tmp_path / "x.csv")
    (note,) = stored_notes(tmp_path)
    assert ("everyone" in read_note(note).readers) == is_public  # type: ignore[operator]  # stated


def test_parts_of_a_value_keep_the_readers_of_their_field(tmp_path: Path) -> None:
    row = {"content.s.value.a": 3, "content.s.value.b": "x", "content.s.readers": ["v/Chairs"]}
    (tmp_path / "x.jsonl").write_text(json.dumps({"id": "a", **row}))
    run(tmp_path / "x.jsonl")
    (note,) = stored_notes(tmp_path)
    assert note["content"] == {"s": {"value": {"a": 3, "b": "x"}, "readers": ["v/Chairs"]}}


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"content.t": "T", "content.t.value": "U"}, "column content.t.value: another column has"),
        ({"content.t.readers": ["v"], "content.t": "T"}, "column content.t: another column has"),
        (
            {"content": {"t": 1}, "content.t.readers": ["v"]},
            "columns content and content.t.readers",
        ),
        ({"content.t": "T", "cdate": "1.7E+12"}, "cdate: expected a whole number, found '1.7E+12'"),
        ({"content.t": "T", "details.replies": "[x]"}, "details.replies: expected a list of notes"),
    ],
)
def test_columns_of_a_note_that_have_no_one_meaning_are_named(
    tmp_path: Path, row: dict[str, Any], reason: str
) -> None:
    (tmp_path / "x.jsonl").write_text(json.dumps({"id": "a", **row}))
    report, forums = run(tmp_path / "x.jsonl")
    assert (forums, report.n_unreadable) == ({}, 1)
    assert report.unreadable[0].reason.startswith(reason)


def test_notes_that_pandas_printed_are_the_same_data(tmp_path: Path) -> None:
    import pandas as pd

    times = {"cdate": 1_700_000_000_000, "ddate": None}
    reply = {"id": "r", "invitation": "v/-/Review", "content": {"rating": '6: it\'s "good"'}}
    note = {**A, **times, "content": {"title": {"value": "T's"}}, "details": {"replies": [reply]}}
    printed = pd.DataFrame([note])
    printed["cdate"] = pd.to_datetime(printed["cdate"], unit="ms", utc=True)
    printed.to_csv(tmp_path / "x.csv", index=False, na_rep="None")
    report, _ = run(tmp_path / "x.csv")
    assert report.n_unreadable == 0
    assert stored_notes(tmp_path) == [{name: part for name, part in note.items() if part}]


def test_a_note_whose_readers_are_no_list_is_not_public() -> None:
    stated = {**A, "invitation": "v/-/Submission", "readers": "v/Chairs"}
    assert read_note(stated).readers == ("v/Chairs",)


def test_replies_by_id_in_a_field_of_a_note_are_imported(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text(json.dumps([{**A, "reviews": {"r": REVIEW, "s": REBUTTAL}}]))
    report, found = run(tmp_path / "t.json")
    assert (found, report.unreadable) == ({"a": ["a", "r", "s"]}, ())


@pytest.mark.parametrize("field", ["original_note", "similar_papers", "revisions"])
def test_a_related_paper_in_a_field_is_no_reply(tmp_path: Path, field: str) -> None:
    other = {"id": "other", "content": {"title": "Another paper"}}
    (tmp_path / "t.json").write_text(json.dumps([{**A, field: [other]}]))
    report, found = run(tmp_path / "t.json")
    assert (found, report.unreadable) == ({"a": ["a"]}, ())


@pytest.mark.parametrize(
    ("of_note", "of_reply", "expected"),
    [
        (["X/Chairs"], None, ["X/Chairs"]),
        (["X/Chairs"], ["everyone"], ["everyone"]),
        (["everyone"], None, None),
        (None, None, None),
    ],
)
def test_a_reply_without_readers_is_as_private_as_its_note(
    tmp_path: Path, of_note: object, of_reply: object, expected: object
) -> None:
    outer = A if of_note is None else {**A, "readers": of_note}
    reply = REVIEW if of_reply is None else {**REVIEW, "readers": of_reply}
    (tmp_path / "t.json").write_text(json.dumps([{**outer, "reviews": [reply]}]))
    run(tmp_path / "t.json")
    with OpenSnapshot(tmp_path / "snapshot") as snapshot:
        payloads = [json.loads(found.payload) for found in snapshot.iter("openreview")]
    readers = {n["id"]: n.get("readers") for n in payloads[0]["notes"]}
    assert readers == {"a": of_note, "r": expected}


def test_a_note_with_cells_that_the_api_cut_is_named(tmp_path: Path) -> None:
    rows = [
        {"row_idx": 0, "row": A, "truncated_cells": []},
        {"row_idx": 1, "row": B, "truncated_cells": ["content"]},
    ]
    (tmp_path / "t.json").write_text(json.dumps({"features": [], "rows": rows}))
    report, found = run(tmp_path / "t.json")
    assert found == {"a": ["a"]}
    assert report.unreadable[0].reason.startswith("the API cut the cells ['content']")
