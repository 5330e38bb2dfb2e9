"""Imports of what people have: arXiv ids, accepted papers, e-prints, PDFs, ratings, notes."""

import io
import json
import tarfile
import zipfile
from pathlib import Path
from typing import Any, Literal

import pytest

from cycledata.errors import ParseError
from cycledata.parse.ratings import parse_ratings_row
from cycledata.snapshot.open import OpenSnapshot
from cycledata.sources.dumps import ImportReport, import_notes
from cycledata.sources.import_papers import (
    import_accepted_papers,
    import_arxiv_ids,
)
from cycledata.sources.import_ratings import import_ratings
from cycledata.sources.import_texts import import_eprints, import_pdfs

VENUE = "ICLR.cc/2024/Conference"


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def run(function: Any, folder: Path, *files: Path, **options: Any) -> tuple[ImportReport, Any]:
    with OpenSnapshot(folder / "snapshot") as snapshot:
        report = function(files, snapshot, **options)
        found = {
            reply.key: json.loads(reply.payload)
            if reply.media_type == "application/json"
            else reply.payload
            for service in snapshot.counts()
            for reply in snapshot.iter(service)
        }
    return report, found


@pytest.mark.parametrize("function", [import_arxiv_ids, import_accepted_papers, import_ratings])
def test_a_folder_of_tables_is_read_and_a_file_without_ending_is_named(
    function: Any, tmp_path: Path
) -> None:
    row = '{"paper_id": "a", "title": "T", "arxiv_id": "2310.01234", "rating": [5, 6]}\n'
    write(tmp_path / "tables" / "one.jsonl", row)
    write(tmp_path / "tables" / "notes", "x")
    options = {
        import_accepted_papers: {"listing": "acl/2023"},
        import_ratings: {"venue": VENUE},
    }.get(function, {})
    report, found = run(function, tmp_path, tmp_path / "tables", **options)
    assert found
    assert report.n_unreadable == 1
    assert report.unreadable[0].file == "notes"
    assert report.unreadable[0].reason.startswith("its name has no ending; expected .parquet,")


def test_a_folder_of_tables_is_looked_through_before_its_first_row_is_imported(
    tmp_path: Path,
) -> None:
    write(tmp_path / "tables" / "one.csv", "paper_id,rating\na,5;6\n")
    with pytest.raises(ParseError, match="Pass --pairs reviewers or --pairs states"):
        run(import_ratings, tmp_path, tmp_path / "tables", venue=VENUE)


def test_arxiv_ids_keep_version_license_and_source(tmp_path: Path) -> None:
    table = write(
        tmp_path / "map.csv",
        "paper_id,arxiv_id,licence,source\n"
        "a,https://arxiv.org/abs/2310.01234v2,CC BY 4.0,abstract page\n"
        "b,cs/0112017,,\n"
        "c,not an id,,\n"
        ",2310.00001,,\n",
    )
    report, found = run(import_arxiv_ids, tmp_path, table)
    assert (report.n_added, report.n_unreadable) == (2, 2)
    a = found["named/a"]
    assert (a["arxiv_id"], a["version"], a["license"]) == ("2310.01234", 2, "CC BY 4.0")
    assert (found["named/b"]["version"], found["named/b"]["license"]) == (None, None)
    assert [row.place for row in report.unreadable] == ["line 4", "line 5"]
    assert "expected an arXiv id" in report.unreadable[0].reason
    again = write(tmp_path / "other.csv", "paper_id,arxiv_id\na,2310.09999\n")
    report, found = run(import_arxiv_ids, tmp_path, again)
    assert report.n_unreadable == 1
    assert "column arxiv_id is '2310.09999', an earlier row has '2310.01234'; correct one" in (
        report.unreadable[0].reason
    )
    assert found["named/a"]["arxiv_id"] == "2310.01234"


def test_days_are_added_to_ids_that_were_imported_before(tmp_path: Path) -> None:
    run(
        import_arxiv_ids, tmp_path, write(tmp_path / "ids.csv", "paper_id,arxiv_id\na,2310.01234\n")
    )
    days = write(
        tmp_path / "days.csv",
        "paper_id,arxiv_id,published\n"
        "a,2310.01234,2023-10-17\n"
        "b,2310.00001,2023-11-01\n"
        "c,2310.00001,10/17/2023\n"
        "d,hep-th/9913001,\n"
        "e,2310.00001,1900-01-01\n",
    )
    report, found = run(import_arxiv_ids, tmp_path, days)
    assert (report.n_merged, found["named/a"]["published"]) == (1, "2023-10-17")
    late, *others = [row.reason for row in report.unreadable]
    assert late == (
        "published: expected the day of version 1, in the month of 2310.00001 or up to a year"
        " before it, found 2023-11-01"
    )
    assert others == [
        "published: expected a day such as 2023-10-17, found '10/17/2023'",
        "expected an arXiv id such as 2310.01234v2, found 'hep-th/9913001'",
        late.replace("2023-11-01", "1900-01-01"),
    ]


def test_a_list_of_accepted_papers_brings_ids_too(tmp_path: Path) -> None:
    table = write(
        tmp_path / "acl.jsonl",
        json.dumps({"id": "p1", "title": "One", "authors": ["A B"], "arxiv_id": "2301.00001"})
        + "\n"
        + json.dumps({"id": "p2", "title": "", "authors": "A B; C D"})
        + "\n"
        + json.dumps({"id": "p3", "title": "Three", "authors": "A B; C D"}),
    )
    report, found = run(import_accepted_papers, tmp_path, table, listing="acl/2023")
    assert report.n_unreadable == 1
    assert found["acl/2023/p1"]["title"] == "One"
    assert found["acl/2023/p3"]["authors"] == ["A B", "C D"]
    assert found["named/p1"]["arxiv_id"] == "2301.00001"
    report, _ = run(import_accepted_papers, tmp_path, table)
    assert "--list" in report.unreadable[0].reason


def test_e_prints_and_pdfs_come_from_folders(tmp_path: Path) -> None:
    for name in ("e/2310.01234v1.tar.gz", "e/more/forumA.gz", "e/.hidden.gz"):
        write(tmp_path / name, "\\documentclass{article}")
    write(tmp_path / "p" / "forumB.pdf", "%PDF-1.5 x")
    write(tmp_path / "p" / "notes.pdf", "text")
    report, found = run(import_eprints, tmp_path, tmp_path / "e")
    assert sorted(found) == ["eprint/2310.01234v1", "eprint/forumA"]
    assert report.n_unreadable == 0
    report, found = run(import_pdfs, tmp_path, tmp_path / "p")
    assert "pdf/forumB" in found
    assert [row.reason for row in report.unreadable] == ["expected a PDF, found other bytes"]


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        pytest.param("[5, 6, 8]", [5, 6, 8], id="text-of-a-list"),
        pytest.param("5;6;", [5, 6], id="closing-semicolon"),
        pytest.param("5;6;8", [5, 6, 8], id="semicolons"),
        pytest.param([5.0], [5], id="floats"),
        pytest.param(["5", "6"], [5, 6], id="texts"),
        pytest.param(["5;6", "3;3"], [6, 3], id="states-per-reviewer"),
        pytest.param("6: marginally above; 3: reject", [6, 3], id="words"),
        pytest.param("8", [8], id="one"),
        pytest.param([0, 0], None, id="none-as-zeros"),
        pytest.param("", None, id="empty"),
    ],
)
@pytest.mark.parametrize("column", ["rating", "ratings", "recommendation"])
def test_ratings_are_read_as_people_write_them(
    cell: object, expected: object, column: str, tmp_path: Path
) -> None:
    table = write(tmp_path / "t.json", json.dumps([{"id": "a", column: cell, "extra": 1}]))
    report, found = run(import_ratings, tmp_path, table, venue=VENUE, pairs="reviewers")
    row = found[f"{VENUE}/a"]
    assert row["ratings" if column == "recommendation" else column] == expected
    assert report.n_unreadable == 0
    assert report.columns_not_read == ("extra",)


def test_a_bad_cell_costs_the_cell(tmp_path: Path) -> None:
    table = write(
        tmp_path / "t.json", json.dumps([{"id": "a", "title": "T", "rating": "5;x", "status": "?"}])
    )
    report, found = run(import_ratings, tmp_path, table, venue=VENUE, pairs="reviewers")
    assert found[f"{VENUE}/a"] == {"id": "a", "title": "T", "rating": None, "status": None}
    assert {row.place for row in report.unreadable} == {
        "value 1, column rating",
        "value 1, column status",
    }


def test_pairs_of_numbers_are_asked_about(tmp_path: Path) -> None:
    table = write(tmp_path / "t.csv", "id,rating\na,5;6\nb,3;3\n")
    with pytest.raises(ParseError, match=r"line 2: '5;6': two reviewers, or .* --pairs"):
        run(import_ratings, tmp_path, table, venue=VENUE)
    _, found = run(import_ratings, tmp_path / "a", table, venue=VENUE, pairs="states")
    assert found[f"{VENUE}/a"]["rating"] == [6]
    _, found = run(import_ratings, tmp_path / "b", table, venue=VENUE, pairs="reviewers")
    assert found[f"{VENUE}/a"]["rating"] == [5, 6]
    table = write(tmp_path / "u.csv", "id,rating\na,5;6\nb,3;3;8\n")
    assert run(import_ratings, tmp_path / "c", table, venue=VENUE)[0].n_added == 2


def forum(number: int, rating: int) -> str:
    def note(kind: str, content: dict[str, Any]) -> dict[str, Any]:
        own = kind == "Submission"
        return {
            "id": f"f{number}" + ("" if own else "r"),
            "forum": f"f{number}",
            "readers": ["everyone"],
            "tmdate": 1,
            "invitations": [f"{VENUE}/-/{kind}" if own else f"{VENUE}/Submission1/-/{kind}"],
            "content": {name: {"value": value} for name, value in content.items()},
        }

    review = {"summary": "s", "rating": f"{rating}: x", "confidence": "3: y"}
    notes = [note("Submission", {"title": f"Paper {number}"}), note("Official_Review", review)]
    return json.dumps({"forum": f"f{number}", "notes": notes})


def test_a_shifted_table_is_refused_unless_told_otherwise(tmp_path: Path) -> None:
    scale = [1, 3, 5, 6, 8, 10]
    lines = [forum(i, scale[i % 6]) for i in range(12)]
    run(import_notes, tmp_path, write(tmp_path / "notes.jsonl", "\n".join(lines)))
    # Marks beside the ratings that happen to equal those of the notes are not compared.
    rows = [f"f{i},[{scale[(i + 1) % 6]}],[{scale[i % 6]}]" for i in range(12)]
    table = write(tmp_path / "t.csv", "paper_id,rating,confidence\n" + "\n".join(rows) + "\n")
    with pytest.raises(ParseError, match=r"12 of 12 papers have other ratings .* first f0; is the"):
        run(import_ratings, tmp_path, table, venue=VENUE)
    report, _ = run(import_ratings, tmp_path, table, venue=VENUE, allow_contradictions=True)
    assert report.n_added == 12


def test_replies_beside_a_note_are_imported(tmp_path: Path) -> None:
    value = {
        "id": "f",
        "content": {"title": "T"},
        "replies": [
            {"id": "r1", "forum": "f", "content": {}, "replies": [{"id": "r2", "content": {}}]},
            {"id": "r3"},
        ],
    }
    report, found = run(import_notes, tmp_path, write(tmp_path / "f.json", json.dumps(value)))
    assert [note["id"] for note in found["forum/f"]["notes"]] == ["f", "r1", "r2"]
    assert [(row.place, row.reason) for row in report.unreadable] == [
        ("value 1, replies 2", "not a raw note: expected id and content, found id")
    ]


def test_folders_and_archives_of_notes_are_read(tmp_path: Path) -> None:
    for number in range(4):
        write(tmp_path / "in" / f"{number}.json", forum(number, 6))
    with zipfile.ZipFile(tmp_path / "in" / "a.zip", "w") as packed:
        packed.write(tmp_path / "in" / "0.json", "../../0.json")
        packed.write(tmp_path / "in" / "1.json", "deep/0.json")
    with tarfile.open(tmp_path / "in" / "b.tar.gz", "w:gz") as tar:
        tar.add(tmp_path / "in" / "2.json", "x/2.json")
    for number in range(3):
        (tmp_path / "in" / f"{number}.json").unlink()
    report, found = run(import_notes, tmp_path, tmp_path / "in")
    assert sorted(found) == [f"forum/f{number}" for number in range(4)]
    assert report.n_unreadable == 0


def archive_of_notes(n_files: int, mode: Literal["w", "w:gz"]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode=mode) as tar:
        for number in range(n_files):
            member = tarfile.TarInfo(f"{number}.json")
            text = forum(number, 6).encode()
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text))
    return packed.getvalue()


def without_end_mark(tar: bytes) -> bytes:
    """Return a tar that is cut exactly after its last file."""
    n_blocks = -(-len(tar.rstrip(b"\0")) // tarfile.BLOCKSIZE)
    return tar[: n_blocks * tarfile.BLOCKSIZE]


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        pytest.param("c.zip", b"PK no", "damaged-archive: File is not a zip file", id="no-zip"),
        pytest.param(
            "c.tar", archive_of_notes(9, "w")[:6144], "no end mark, so it was cut short", id="tar"
        ),
        pytest.param(
            "c.tar",
            without_end_mark(archive_of_notes(2, "w")),
            "no end mark",
            id="tar-without-its-end",
        ),
        pytest.param(
            "c.tar.gz", archive_of_notes(99, "w:gz")[:900], "before the end-of-stream", id="gz"
        ),
    ],
)
def test_a_cut_archive_is_named_and_the_rest_goes_in(
    tmp_path: Path, name: str, data: bytes, reason: str
) -> None:
    write(tmp_path / "in" / "d.json", forum(500, 6))
    (tmp_path / "in" / name).write_bytes(data)
    report, found = run(import_notes, tmp_path, tmp_path / "in")
    assert "forum/f500" in found
    assert [row.file for row in report.unreadable] == [name]
    assert report.unreadable[0].place == f"after file {len(found) - 1}"
    assert reason in report.unreadable[0].reason


@pytest.mark.parametrize(
    ("name", "text", "ratings"),
    [
        pytest.param("a.tsv", "paper_id\trating\np\t5;6;8\n", [5, 6, 8], id="tabs"),
        pytest.param("a.csv", "paper_id;rating\np;5,6,8\n", [5, 6, 8], id="semicolons"),
        pytest.param("a.csv", "Paper ID,Rating\np,5;6;8\n", [5, 6, 8], id="capitals"),
        pytest.param("a.csv", "paper_id,rating\np,8/10; 6/10; 5/10\n", [8, 6, 5], id="of-ten"),
        pytest.param(
            "a.csv", 'paper_id,rating\np,"8: accept, good paper"\n', [8], id="words-with-comma"
        ),
        pytest.param("a.csv", "paper_id,rating\np,NaN\n", None, id="missing"),
        pytest.param(
            "a.csv",
            "forum,rating\nhttps://openreview.net/forum?id=p&noteId=x,5;6;8\n",
            [5, 6, 8],
            id="url",
        ),
    ],
)
def test_tables_of_ratings_as_people_write_them_are_read(
    tmp_path: Path, name: str, text: str, ratings: list[int] | None
) -> None:
    report, found = run(import_ratings, tmp_path, write(tmp_path / name, text), venue=VENUE)
    assert (report.n_added, report.n_unreadable) == (1, 0)
    assert found[f"{VENUE}/p"]["rating"] == ratings


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("p,5;6;8\nq,5;6;8\n", "found the columns p, 5;6;8; rename", id="no-header"),
        pytest.param("paper_id,rating\npaper_id,rating\n", "repeats the header", id="header-twice"),
        pytest.param("paper_id,rating_avg\np,5.67\n", "no ratings, decision, title", id="average"),
        pytest.param("paper_id,r1,r2\np,5,6\n", "pass --rating-column", id="own names"),
        pytest.param("paper_id,rates\np,5;6;7\n", "pass --rating-column", id="own name"),
        pytest.param("\ufeffpaper_id\n", "UTF-16, or no text; save the", id="utf-16"),
        pytest.param(
            "id,rating\nhttps://example.org/p,5;6;8\n", "paper id or the URL of a forum", id="url"
        ),
    ],
)
def test_rows_of_ratings_that_cannot_be_used_are_named(
    tmp_path: Path, text: str, reason: str
) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(text.encode("utf-16-le" if text.startswith("\ufeff") else "utf-8"))
    report, found = run(import_ratings, tmp_path, file, venue=VENUE)
    assert not found
    assert report.n_unreadable == 1
    assert reason in report.unreadable[0].reason


def test_a_row_names_its_own_venue(tmp_path: Path) -> None:
    text = "paper_id,venue,venueid,rating\np,NeurIPS 2023 poster,NeurIPS.cc/2023/Conference,5;6;8\n"
    _, found = run(import_ratings, tmp_path, write(tmp_path / "a.csv", text), venue=VENUE)
    assert list(found) == ["NeurIPS.cc/2023/Conference/p"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        pytest.param({"arxiv_id": 2301.0001}, "is the number 2301.0001", id="number"),
        pytest.param({"arxiv_id": "2301.0001"}, "five digits after the point", id="lost-zero"),
        pytest.param({"arxiv_id": "2301.8"}, "expected an arXiv id such as", id="short"),
    ],
)
def test_arxiv_ids_that_lost_digits_are_refused(
    tmp_path: Path, row: dict[str, Any], reason: str
) -> None:
    file = write(tmp_path / "a.json", json.dumps([{"paper_id": "p", **row}]))
    report, found = run(import_arxiv_ids, tmp_path, file)
    assert not found
    assert reason in report.unreadable[0].reason


def test_a_reply_without_its_forum_is_named(tmp_path: Path) -> None:
    note = {"id": "r1", "replyto": "f", "content": {}, "invitations": ["V/-/Official_Review"]}
    report, found = run(import_notes, tmp_path, write(tmp_path / "f.json", json.dumps([note])))
    assert not found
    assert report.unreadable[0].reason == "note r1 is a reply without forum"


@pytest.mark.parametrize(
    ("row", "pairs"),
    [
        pytest.param({"rating": ["5;6", "3;3"], "soundness": ["2;3", "1;1"]}, None, id="lists"),
        pytest.param(
            {"reviewers": {"0": {"rating": "5;6", "soundness": "2;3", "tracing_score": 1},
                           "1": {"rating": "3;3", "soundness": "1;1"}}},
            None, id="reviewers",
        ),
        pytest.param({"rating": "5;6, 3;3", "soundness": "2;3,1;1"}, "states", id="texts"),
    ],
)  # fmt: skip
def test_initial_and_final_ratings_become_columns_of_their_own(
    tmp_path: Path, row: dict[str, Any], pairs: Any
) -> None:
    text = json.dumps([{"id": "p1", **row}])
    report, found = run(
        import_ratings, tmp_path, write(tmp_path / "t.json", text), venue=VENUE, pairs=pairs
    )
    assert report.n_unreadable == 0
    read = parse_ratings_row(json.dumps(found[f"{VENUE}/p1"]).encode())
    assert [(s.phase, s.ratings, s.aspects) for s in read.states if s.phase] == [
        ("initial", (5, 3), {"soundness": (2, 1)}),
        ("final", (6, 3), {"soundness": (3, 1)}),
    ]


def test_a_mapping_from_paper_to_row_is_a_table_and_a_doubtful_trace_is_named(
    tmp_path: Path,
) -> None:
    marks = {"rating": "5;6", "tracing_score": 2}
    text = json.dumps({"p1": {"reviewers": {"a": marks}}, "p2": {"rating": [5]}})
    report, found = run(import_ratings, tmp_path, write(tmp_path / "t.json", text), venue=VENUE)
    assert found.keys() == {f"{VENUE}/p1", f"{VENUE}/p2"}
    assert report.unreadable[0].reason.startswith("reviewer a: tracing score 2")
    states = parse_ratings_row(json.dumps(found[f"{VENUE}/p1"]).encode()).states
    assert [(s.phase, s.ratings) for s in states if s.phase] == [("final", (6,))]
