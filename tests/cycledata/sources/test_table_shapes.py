"""Tables in the shapes that programs and people write: CSV dialects, JSON layouts, one row or
column per review. Each is read as meant, or refused with the reason; none is guessed."""

import decimal
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cycledata.errors import ParseError
from cycledata.parse.ratings import parse_ratings_row
from cycledata.snapshot.open import OpenSnapshot
from cycledata.sources.dumps import ImportReport
from cycledata.sources.import_papers import import_accepted_papers
from cycledata.sources.import_ratings import import_ratings

VENUE = "ICLR.cc/2024/Conference"
Row = tuple[tuple[float, ...], tuple[float | None, ...], str | None]


def ratings(file: Path, **options: Any) -> tuple[ImportReport, dict[str, Row]]:
    """Return the report, and ratings, confidences and decision by paper."""
    with OpenSnapshot(file.parent / "snapshot") as snapshot:
        report = import_ratings([file], snapshot, venue=VENUE, **options)
        rows = [parse_ratings_row(reply.payload) for reply in snapshot.iter("ratings")]
    found: dict[str, Row] = {}
    for row in rows:
        state = row.states[-1] if row.states else None
        found[row.paper_id] = (
            state.ratings if state else (),
            state.aspects.get("confidence", ()) if state else (),
            row.decision.text if row.decision else None,
        )
    return report, found


EXPECTED = {"a": ((5, 6, 8), (3, 4, 4), "Accept"), "b": ((3, 5), (2, 4), "Reject")}
SEMICOLONS = "paper_id,rating,confidence,decision\na,5;6;8,3;4;4,Accept\nb,3;5,2;4,Reject\n"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param("t.csv", SEMICOLONS, id="plain"),
        pytest.param("t.csv", "\n \n" + SEMICOLONS + "\n,,,\n", id="blank-lines"),
        pytest.param("t.csv", "\ufeffsep=,\r\n" + SEMICOLONS, id="excel-states-separator"),
        pytest.param("t.csv", SEMICOLONS.replace(",", "|"), id="pipes"),
        pytest.param("t.csv", SEMICOLONS.replace(",", "\t"), id="tabs-in-csv"),
        pytest.param(
            "t.csv",
            "paper_id,reviewer,rating,confidence,decision,text\n"
            "a,R1,5,3,Accept,one\nb,R1,3: reject,2,Reject,two\na,R2,6,4 sure,Accept,three\n"
            "a,R3,8,4,Accept,four\nb,R9,5,4,Reject,five\nb,R9,5,4,Reject,five\nb,AC,,,Reject,six\n",
            id="row-per-review",
        ),
        pytest.param(
            "t.csv",
            "id,forum,rating,confidence,decision\n"
            "n1,a,5,3,Accept\nn2,a,6,4,Accept\nn3,a,8,4,\nn4,b,3,2,Reject\nn5,b,5,4,Reject\n",
            id="row-per-note",
        ),
        pytest.param(
            "t.csv",
            "paper_id,rating_1,rating_2,rating_3,confidence_1,confidence_2,confidence_3,decision\n"
            "a,5,6,8,3,4,4,Accept\nb,3,,5,2,9,4,Reject\n",
            id="column-per-review",
        ),
        pytest.param(
            "t.csv",
            "Paper ID,Reviewer 1 Rating,Reviewer 1 Confidence,Reviewer 2 Rating,Reviewer 2"
            " Confidence,Review 3 rating,review-3-confidence,Decision,Rating\n"
            "a,5,3,6,4,8,4,Accept,6.33\nb,3,2,5,4,,,Reject,4\n",
            id="column-per-reviewer-beside-the-mean",
        ),
        pytest.param(
            "t.jsonl",
            '{"paper_id":"a","rating":[5,6,8],"confidence":[3,4,4],"decision":"Accept"},\n'
            '{"Paper ID":"b","Rating":[3,5],"confidence":[2,4],"decision":"Reject"},\n',
            id="commas-after-lines",
        ),
        pytest.param(
            "t.jsonl",
            '[\n  {"paper_id":"a","rating":[5,6,8],"confidence":[3,4,4],"decision":"Accept"},\n'
            '  {"paper_id":"b","rating":[3,5],"confidence":[2,4],"decision":"Reject"}\n]\n',
            id="array-in-jsonl",
        ),
        pytest.param(
            "t.json",
            '{"count":2,"data":[{"paper_id":"a","rating":"5;6;8","confidence":"[3, 4, 4]",'
            '"decision":"Accept"},{"paper_id":"b","rating":[3,5],"confidence":["2","4 sure"],'
            '"decision":"Reject"}]}',
            id="object-with-one-list",
        ),
        pytest.param(
            "t.json",
            '{"rows":[{"row_idx":0,"row":{"paper_id":"a","rating":[5,6,8],"confidence":[3,4,4],'
            '"decision":"Accept"}},{"row_idx":1,"row":{"paper_id":"b","rating":[3,5],'
            '"confidence":[2,4],"decision":"Reject"}}]}',
            id="hub-viewer",
        ),
        pytest.param(
            "t.json",
            '{"paper_id":{"0":"a","1":"b"},"rating":{"0":[5,6,8],"1":[3,5]},'
            '"confidence":{"0":[3,4,4],"1":[2,4]},"decision":{"0":"Accept","1":"Reject"}}',
            id="pandas-columns",
        ),
        pytest.param(
            "t.json",
            '{"columns":["paper_id","rating","confidence","decision"],"index":[0,1],"data":'
            '[["a",[5,6,8],[3,4,4],"Accept"],["b",[3,5],[2,4],"Reject"]]}',
            id="pandas-split",
        ),
        pytest.param(
            "t.json",
            '{"paper_id":["a","b"],"rating":[[5,6,8],[3,5]],"confidence":[[3,4,4],[2,4]],'
            '"decision":["Accept","Reject"]}',
            id="lists-of-columns",
        ),
        pytest.param(
            "t.jsonl",
            '{"id":"a","decision":"Accept","reviews":[{"IS_META_REVIEW":true,"comments":"x"},'
            '{"RECOMMENDATION":5,"REVIEWER_CONFIDENCE":3},{"RECOMMENDATION":"6",'
            '"REVIEWER_CONFIDENCE":"4"},{"RECOMMENDATION":8,"REVIEWER_CONFIDENCE":4},'
            '{"comments":"a question"}]}\n'
            '{"id":"b","decision":"Reject","reviews":[{"content":{"rating":{"value":3},'
            '"confidence":{"value":2}}},{"content":{"rating":"5: weak","confidence":4}}]}\n',
            id="lists-of-reviews",
        ),
    ],
)
def test_every_shape_of_a_table_gives_the_same_ratings(
    tmp_path: Path, name: str, text: str
) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    report, found = ratings(tmp_path / name)
    assert found == EXPECTED
    assert report.n_unreadable == 0


@pytest.mark.parametrize(
    ("text", "rule", "message"),
    [
        (
            "paper_id;rating\na;6,5\nb;3,25\n",
            "ambiguous-numbers",
            "one number with a decimal comma",
        ),
        ("paper_id,rating\na,6.25\nb,5\n", "ambiguous-numbers", "looks like a mean"),
        ("paper_id,rating\na,6\na,6\nb,5\n", "ambiguous-rows", "add a column reviewer"),
        ("id,paper_id,rating\n1,a,6\n2,a,5\n", "ambiguous-rows", "add a column reviewer"),
    ],
    ids=["decimal-comma", "mean", "rows-that-nothing-tells-apart", "numbered-rows"],
)
def test_a_table_with_two_meanings_is_refused(
    tmp_path: Path, text: str, rule: str, message: str
) -> None:
    file = tmp_path / "t.csv"
    file.write_text(text)
    with pytest.raises(ParseError, match=message) as raised:
        ratings(file)
    assert raised.value.rule == rule


@pytest.mark.parametrize(
    ("data", "place", "reason"),
    [
        (b"paper_id,rating,rating\na,5,6\n", "line 1", "several columns are named 'rating'"),
        (b"paper_id,rating\ra,5;6;8\r", "line 1", "found carriage returns"),
        (
            "paper_id,rating\n".encode("utf-16-le"),
            "line 1",
            "UTF-16, or no text; save the",
        ),
        (b"paper_id,title,rating\na,\xefx,5;6;8\n", "line 2", "save the file as UTF-8"),
        (b'paper_id,rating\na,"6,5;7,0;5,5"\n', "line 2, column rating", "found '6,5;7,0;5,5'"),
        (
            b"paper_id,rating,confidence\na,5;6;8,3;4\n",
            "line 2, column confidence",
            "2 marks for 3 ratings",
        ),
        (
            b"paper_id,rating,confidence\na,5;6;8,high;low;mid\n",
            "line 2, column confidence",
            "expected numbers such as 3;4;4, found 'high;low;mid'",
        ),
        (
            b"paper_id,reviewer,rating\na,R1,5\na,R1,6\na,R2,5\n",
            "line 3",
            'reviewer "R1" of paper a has other marks in an earlier row; keep one row per review',
        ),
        (
            b"paper_id,reviewer,rating,decision\na,R1,5,Accept\na,R2,5,Reject\n",
            "line 2, column decision",
            "the rows of paper a have several values; correct them",
        ),
        (b"paper_id,reviewer,rating\na,R1,5\na,R2,5\na,,5\n", "line 4", "names no reviewer"),
    ],
    ids=[
        *("twice", "carriage-returns", "utf-16", "encoding", "decimal-commas", "length", "words"),
        *("reviewer-twice", "decisions", "no-reviewer"),
    ],
)
def test_what_cannot_be_used_of_a_table_is_named(
    tmp_path: Path, data: bytes, place: str, reason: str
) -> None:
    (tmp_path / "t.csv").write_bytes(data)
    report, _ = ratings(tmp_path / "t.csv")
    assert [entry.place for entry in report.unreadable] == [place]
    assert reason in report.unreadable[0].reason


def test_columns_of_ratings_can_be_named(tmp_path: Path) -> None:
    file = tmp_path / "t.tsv"
    file.write_text("paper_id\t0\t1\tR 2\tdecision\na\t5.0\t6.0\t\tAccept\nb\t3\t4\t8\tReject\n")
    report, found = ratings(file)
    assert report.columns_not_read == ("0", "1", "r_2")
    assert "--rating-column" in report.hint
    assert found["a"] == ((), (), "Accept")
    with pytest.raises(ParseError, match="--rating-column r9: not in the files; found paper_id, 0"):
        ratings(file, rating_columns=["0", "R9"])
    (tmp_path / "again").mkdir()
    report, found = ratings(
        file.rename(tmp_path / "again" / "t.tsv"), rating_columns=["0", "1", "R 2"]
    )
    assert found == {"a": ((5, 6), (), "Accept"), "b": ((3, 4, 8), (), "Reject")}
    assert (report.hint, report.columns_not_read) == ("", ())


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ('paper_id,scores,rating\na,5; 6,9\nb,"[3, 5, 8]",9\n', {"a": (5, 6), "b": (3, 5, 8)}),
        ("paper_id,scores,reviewer\na,5,R1\na,6,R2\nb,8,R1\n", {"a": (5, 6), "b": (8,)}),
    ],
    ids=["lists", "row-per-review"],
)
def test_one_column_of_ratings_can_be_named(
    tmp_path: Path, table: str, expected: dict[str, tuple[int, ...]]
) -> None:
    (tmp_path / "t.csv").write_text(table)
    report, found = ratings(tmp_path / "t.csv", rating_columns=["scores"], pairs="reviewers")
    assert report.n_unreadable == 0
    assert {paper: marks for paper, (marks, *_) in found.items()} == expected


def test_parquet_types_are_read(tmp_path: Path) -> None:
    number = decimal.Decimal
    review = pa.struct([("rating", pa.decimal128(4, 1)), ("confidence", pa.int8())])
    table = pa.table(
        {
            "paper_id": pa.array(["a", "b"]).dictionary_encode(),
            "reviews": pa.array(
                [
                    [
                        {"rating": number("5.0"), "confidence": 3},
                        {"rating": number("6.5"), "confidence": 4},
                    ],
                    [{"rating": number("3.0"), "confidence": 2}],
                ],
                pa.large_list(review),
            ),
            "decision": pa.array(["Accept", "Reject"], pa.large_string()).dictionary_encode(),
            "raw": pa.array([b"\xff", None], pa.binary()),
            "votes": pa.array([[("x", 1)], None], pa.map_(pa.string(), pa.int64())),
            "took": pa.array([1, 2], pa.duration("s")),
        }
    )
    pq.write_table(table, tmp_path / "t.parquet")
    report, found = ratings(tmp_path / "t.parquet")
    assert found == {"a": ((5, 6.5), (3, 4), "Accept"), "b": ((3,), (2,), "Reject")}
    assert report.n_unreadable == 0
    assert report.columns_not_read == ("raw", "took", "votes")


def papers(function: Any, file: Path, **options: Any) -> tuple[ImportReport, dict[str, Any]]:
    with OpenSnapshot(file.parent / "snapshot") as snapshot:
        report = function([file], snapshot, **options)
        counts = snapshot.counts()
        found = {r.key: json.loads(r.payload) for name in counts for r in snapshot.iter(name)}
    return report, found


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            '[{"id":"p","title":"T","status":"Long","author":"Ann A; Bob B","site":"https://x/p",'
            '"aff":"U"},{"id":"q","title":"Q","status":"Reject","aff":""},'
            '{"id":"r","title":"R","status":"Desk Reject","aff":""},'
            '{"id":"s","title":"S","status":"Active","aff":""}]',
            id="paperlists",
        ),
        pytest.param(
            '{"total":4,"data":[{"id":"p","title":"T","authors":[{"name":"Ann A"},{"name":"Bob B"}]'
            ',"url":"https://x/p","aff":1},{"id":"q","decision":"Reject","title":"Q"},'
            '{"id":"r","title":["R","S"]},{"id":"s","title":" "}]}',
            id="pages-of-an-api",
        ),
    ],
)
def test_lists_of_accepted_papers_are_read_as_sites_write_them(tmp_path: Path, text: str) -> None:
    (tmp_path / "t.json").write_text(text)
    report, found = papers(import_accepted_papers, tmp_path / "t.json", listing="v/2023")
    entry = found["v/2023/p"]
    assert (entry["title"], entry["authors"], entry["url"]) == (
        "T",
        ["Ann A", "Bob B"],
        "https://x/p",
    )
    assert (report.n_added, report.n_unreadable, report.columns_not_read) == (1, 3, ("aff",))


def test_a_bib_file_is_a_list_of_papers(tmp_path: Path) -> None:
    (tmp_path / "t.bib").write_text(
        '@proceedings{all, title = "Proceedings", year = 2023}\n'
        '@inproceedings{a-2023,\n  title = "{O}n {\\"U}ber-Models \\& {B}ERT",\n'
        '  author = {M{\\"u}ller, Jan  and\n   van Dyk, Ann and {A and B Team} and others},\n'
        '  url = "https://aclanthology.org/2023.acl-long.1",\n  doi = "10.18653/v1/X",\n'
        '  abstract = "We use 5{\\%}.",\n}\n'
        "@article{b, title={T}, eprint={2305.01234}, archivePrefix={arXiv}}\n"
        "@article{b, title={U}}\n@article{c, title={Open, author={A}\n@article{d, title={D}}\n"
    )
    report, found = papers(import_accepted_papers, tmp_path / "t.bib", listing="acl/2023")
    entry = found["acl/2023/a-2023"]
    assert entry["title"] == "On Über-Models & BERT"
    assert entry["authors"] == ["Jan Müller", "Ann van Dyk", "A and B Team"]
    assert (entry["doi"], entry["abstract"]) == ("10.18653/v1/x", "We use 5%.")
    assert found["named/b"]["arxiv_id"] == found["acl/2023/b"]["arxiv_id"] == "2305.01234"
    assert [(one.place, one.reason) for one in report.unreadable] == [
        ("entry all", "a volume (@proceedings), not a paper"),
        ("entry b", "the key occurs twice; the first entry is imported"),
        ("entry c", "not valid BibTeX; only what could be read was imported; repair it"),
    ]


def test_a_row_per_review_gives_the_same_row_in_any_order(tmp_path: Path) -> None:
    lines = ["a,R2,6,4", "a,R1,5,3", "b,R1,3,2", "a,R3,8,4"]
    header = "paper_id,reviewer,rating,confidence"
    (tmp_path / "one.csv").write_text("\n".join([header, *lines]))
    (tmp_path / "two.csv").write_text("\n".join([header, *reversed(lines)]))
    _, found = ratings(tmp_path / "one.csv")
    assert found["a"][:2] == ((5, 6, 8), (3, 4, 4))
    report, _ = ratings(tmp_path / "two.csv")
    assert (report.n_same, report.n_added, report.n_unreadable) == (2, 0, 0)
