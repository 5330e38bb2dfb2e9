"""Rows of lists that are whole papers: kinds, decisions, authors, ids, headings."""

import json
from collections.abc import Mapping
from itertools import product
from pathlib import Path
from string import ascii_letters
from typing import Any

import pytest

from cycledata.snapshot.open import OpenSnapshot
from cycledata.sources.author_cells import author_names
from cycledata.sources.dumps import ImportReport
from cycledata.sources.import_papers import import_accepted_papers


def listed(
    file: Path, content: object, listing: str = "iclr/2024"
) -> tuple[ImportReport, dict[str, Mapping[str, Any]]]:
    file.parent.mkdir(exist_ok=True)
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    with OpenSnapshot(file.parents[1] / "snapshot") as snapshot:
        report = import_accepted_papers([file], snapshot, listing=listing)
        replies = [*snapshot.iter("proceedings"), *snapshot.iter("arxiv")]
        return report, {reply.key: json.loads(reply.payload) for reply in replies}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "files"


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        ("eventtype", "Lunch"),
        ("event_type", "Registration Desk"),
        ("eventtype", "Poster Session"),
        ("Item Type", "webpage"),
        ("Item Type", "preprint"),
        ("type", "posted-content"),
        ("type", "thesis"),
        ("type", "paratext"),
        ("ENTRYTYPE", "misc"),
        ("bibtype", "proceedings"),
        ("Document Type", "Conference review"),
        ("Document Type", "Erratum"),
        ("type", "article-newspaper"),
    ],
)
def test_a_kind_that_is_not_known_to_be_a_paper_is_named(
    folder: Path, column: str, kind: str
) -> None:
    report, found = listed(folder / "t.csv", f"id,title,{column}\np,T,{kind}\n")
    assert not found
    assert repr(kind) in report.unreadable[0].reason


@pytest.mark.parametrize(
    "kind",
    [
        *("conferencePaper", "paper-conference", "inproceedings", "book-chapter", "Short Paper"),
        *("Conference and Workshop Papers", "Article; Early Access", "{location} Poster"),
    ],
)
def test_kinds_of_papers_of_services_are_kept(folder: Path, kind: str) -> None:
    _, found = listed(folder / "t.csv", f"id,title,type\np,T,{kind}\n")
    assert [*found] == ["iclr/2024/p"]


def test_one_of_several_kinds_may_be_a_paper(folder: Path) -> None:
    rows = [
        {"paperId": "p", "title": "P", "publicationTypes": ["Review", "Conference"]},
        {"paperId": "q", "title": "Q", "publicationTypes": ["Dataset"]},
        {"paperId": "r", "title": "R", "publicationTypes": None},
    ]
    report, found = listed(folder / "t.json", {"data": rows})
    assert [*found] == ["iclr/2024/p", "iclr/2024/r"]
    assert report.unreadable[0].reason.startswith("publicationtypes is 'Dataset'")


def test_entries_of_a_bib_file_that_are_no_papers_are_named(folder: Path) -> None:
    text = "@inproceedings{a, title={A}}\n@misc{b, title={B}}\n@phdthesis{c, title={C}}\n"
    report, found = listed(folder / "t.bib", text)
    assert [*found] == ["iclr/2024/a"]
    assert [entry.place for entry in report.unreadable] == ["entry b", "entry c"]


@pytest.mark.parametrize(
    "words",
    [
        *("Not accepted", "Awaiting Decision", "Under Revision", "Retracted", "Unaccepted", "No"),
        *(
            "Accept or reject",
            "Borderline",
            "Waitlist",
            "Major Revision",
            "Pending",
            "Resubmit",
            "Declined",
        ),
    ],
)
def test_words_that_are_no_acceptance_leave_a_paper_out(folder: Path, words: str) -> None:
    report, found = listed(folder / "t.csv", f"id,title,status\np,T,{words}\n")
    assert not found
    assert report.unreadable[0].reason.startswith(f"status is {words!r}")


def test_a_paper_without_decision_among_decided_ones_is_named(folder: Path) -> None:
    text = "id,title,decision\np,P,Accept (Poster)\nq,Q,\n"
    report, found = listed(folder / "t.csv", text)
    assert [*found] == ["iclr/2024/p"]
    assert report.unreadable[0].place == "line 3"
    assert report.unreadable[0].reason.startswith("its decision is empty")


def test_an_empty_status_beside_awards_says_nothing(folder: Path) -> None:
    _, found = listed(folder / "t.csv", "id,title,status\np,P,Highlight\nq,Q,\n")
    assert [*found] == ["iclr/2024/p", "iclr/2024/q"]


def test_a_heading_in_a_spreadsheet_is_no_paper(folder: Path) -> None:
    text = "Title,Authors\nOral papers,\nA,Ann A\nPoster papers,\nB,Bob B\n"
    report, found = listed(folder / "t.csv", text)
    assert [entry["title"] for entry in found.values()] == ["A", "B"]
    assert [entry.place for entry in report.unreadable] == ["line 2", "line 4"]


def test_titles_alone_are_a_list(folder: Path) -> None:
    _, found = listed(folder / "t.csv", "Title,Authors\nA,\nB,\n")
    assert [entry["title"] for entry in found.values()] == ["A", "B"]


@pytest.mark.parametrize("title", ['=HYPERLINK("u","T")', "[T](https://x.org)", "<a href=u>T</a>"])
def test_a_formula_or_a_link_is_no_title(folder: Path, title: str) -> None:
    report, found = listed(folder / "t.json", [{"id": "p", "title": title}])
    assert not found
    assert report.unreadable[0].reason.startswith("expected a title, found a formula or a link")


def test_rows_of_the_authors_of_one_paper_are_one_entry(folder: Path) -> None:
    text = (
        "Conference,Year,Title,Author,Affiliation\nX,2020,T,Ann A,U\nX,2020,T,Bob B,V\n"
        "X,2020,Q,Cat C,U\nX,2021,Q,Dan D,U\n"
    )
    _, found = listed(folder / "t.csv", text)
    assert [(entry["title"], entry["authors"]) for entry in found.values()] == [
        ("T", ["Ann A", "Bob B"]),
        ("Q", ["Cat C"]),
        ("Q", ["Dan D"]),
    ]


def test_papers_of_one_title_with_other_links_stay_apart(folder: Path) -> None:
    text = "Title,Author,Url\nEditorial,Ann A,https://x.org/1\nEditorial,Bob B,https://x.org/2\n"
    _, found = listed(folder / "t.csv", text)
    assert [entry["authors"] for entry in found.values()] == [["Ann A"], ["Bob B"]]


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("['Ann A', 'Bob B']", ["Ann A", "Bob B"]),
        ("['Ann A' 'Bob B']", ["Ann A", "Bob B"]),
        ("array(['Ann A', \"Bob O'B\"], dtype=object)", ["Ann A", "Bob O'B"]),
        ('["Ann \\u00c4", "Bob B"]', ["Ann \u00c4", "Bob B"]),
        ("[{'name': 'Ann A', 'id': None}]", ["Ann A"]),
        ("('Ann A', 'Bob B')", ["Ann A", "Bob B"]),
        ("[]", []),
        ("nan", []),
        ("Anonymous", []),
        ("Ann A et al.", ["Ann A"]),
        ("Ann A and 3 others", ["Ann A"]),
        ("Ann A1,2, Bob B2", ["Ann A", "Bob B"]),
        ("Ann A\u00b9, Bob B\u00b2", ["Ann A", "Bob B"]),
        ("Ann A\u3001Bob B", ["Ann A", "Bob B"]),
        ("Ann A / Bob B", ["Ann A", "Bob B"]),
        ("Ann A\nBob B", ["Ann A", "Bob B"]),
        ("Zhang, Jing, Dyk, Ann", ["Zhang, Jing", "Dyk, Ann"]),
        ("Zhang, J., van Dyk, A.-B.", ["Zhang, J.", "van Dyk, A.-B."]),
        ("Ann King, Jr., Bob B", ["Ann King, Jr.", "Bob B"]),
        ("['Ann A', 'Bob", []),
        ("{'a':'b':1}", []),
        ("[" * 30_000, []),
        ('{"author":' * 300 + "1" + "}" * 300, []),
        ([{"first": "Ann", "last": "A"}], ["Ann A"]),
        ([{"firstName": "Ann", "lastName": "A"}], ["Ann A"]),
        ([{"given": "Ann", "non-dropping-particle": "van", "family": "A"}], ["Ann van A"]),
        ([{"literal": "The Group"}], ["The Group"]),
        ([{"creatorType": "editor", "lastName": "A"}], []),
    ],
)
def test_authors_are_read_as_programs_write_them(cell: object, names: list[str]) -> None:
    assert author_names(cell) == names


def test_authors_that_are_not_understood_are_named(folder: Path) -> None:
    report, found = listed(folder / "t.json", [{"id": "p", "title": "T", "authors": [{"x": 1}]}])
    assert found["iclr/2024/p"]["authors"] == []
    assert report.unreadable[0].place == "value 1, authors"
    assert report.unreadable[0].reason.startswith("expected names such as Ann A; Bob B")


def test_papers_without_ids_of_several_files_and_lists_stay_apart(folder: Path) -> None:
    listed(folder / "a.csv", "title,arxiv\nA,2301.00001\n", "iclr/2024")
    listed(folder / "b.csv", "title,arxiv\nB,\n", "iclr/2024")
    report, found = listed(folder / "a.csv", "title,arxiv\nC,\n", "acl/2024")
    assert report.unreadable == ()
    assert sorted(entry["entry"] for key, entry in found.items() if "entry" in entry) == [
        *("acl-2024-a-line-2", "iclr-2024-a-line-2", "iclr-2024-b-line-2")
    ]
    assert "named/iclr-2024-a-line-2" in found


def test_an_id_of_another_paper_in_another_list_is_named(folder: Path) -> None:
    listed(folder / "a.csv", "id,title\n12,A\n13,Same\n", "iclr/2024")
    report, found = listed(folder / "b.csv", "id,title\n12,B\n13,same\n", "acl/2024")
    assert [*found] == ["acl/2024/13", "iclr/2024/12", "iclr/2024/13"]
    assert report.unreadable[0].reason == (
        "the id 12 is that of another paper in the list iclr/2024; give each paper an id of its"
        " own, such as acl-2024-12"
    )


@pytest.mark.parametrize(
    ("stated", "entry_id"),
    [
        ("10.1145/1.2", "10.1145_1.2"),
        ("https://openalex.org/W12", "W12"),
        ("conf/iclr/A24", "conf_iclr_A24"),
        ("https://openreview.net/forum?id=../../x", ".._.._x"),
    ],
)
def test_an_id_with_slashes_is_one_part_of_a_key(folder: Path, stated: str, entry_id: str) -> None:
    _, found = listed(folder / "t.csv", f"id,title\n{stated},T\n")
    assert [(key, entry["entry"]) for key, entry in found.items()] == [
        (f"iclr/2024/{entry_id}", entry_id)
    ]


@pytest.mark.parametrize(
    "row",
    [
        {
            "id": "p",
            "content": {"title": {"value": "T"}, "authors": {"value": ["A B"]}},
        },
        {"id": "p", "content": {"title": "T", "authors": ["A B"]}},
        {"id": "p", "content.title.value": "T", "content.authors.value": "['A B']"},
    ],
)
def test_fields_under_content_are_read(folder: Path, row: Mapping[str, object]) -> None:
    _, found = listed(folder / "t.json", [row])
    entry = found["iclr/2024/p"]
    assert (entry["title"], entry["authors"]) == ("T", ["A B"])


def test_the_only_hit_of_a_search_is_an_entry(folder: Path) -> None:
    hit = {"@score": "1", "info": {"title": "T", "venue": "ICLR", "year": "2024"}}
    _, found = listed(folder / "t.json", {"result": {"hits": {"@total": "1", "hit": hit}}})
    assert [entry["title"] for entry in found.values()] == ["T"]


@pytest.mark.parametrize(
    "column",
    ["cites_arxiv", "related_arxiv_id", "baseline_arxiv", "arxiv_date", "most_similar_arxiv_id"],
)
def test_a_column_with_arxiv_ids_of_other_papers_is_not_read(folder: Path, column: str) -> None:
    report, found = listed(folder / "t.csv", f"id,title,{column}\np,T,2301.00001\n")
    assert [*found] == ["iclr/2024/p"]
    assert report.columns_not_read == (column,)


def test_two_arxiv_ids_of_one_paper_are_named(folder: Path) -> None:
    text = "id,title,arxiv_id,link\np,P,2301.00001,https://arxiv.org/abs/2301.00002\n"
    report, found = listed(folder / "t.csv", text)
    assert found["iclr/2024/p"]["arxiv_id"] is None
    assert "named/p" not in found
    assert report.unreadable[0].reason.startswith("two arXiv ids: arxiv_id is 2301.00001, link is")


def test_a_row_of_lists_in_lists_is_named(folder: Path) -> None:
    text = '[{"title":"T","authors":' + "[" * 500 + "]" * 500 + '},{"title":"U","authors":[["A"]]}]'
    report, found = listed(folder / "t.json", text)
    assert [entry["title"] for entry in found.values()] == ["U"]
    assert report.unreadable[0].reason.endswith("found lists and objects nested over 100 deep")


@pytest.mark.parametrize("name", ["list/2023", "../x/2023", "acl", "a//2023"])
def test_a_name_of_a_list_that_builds_cannot_use_is_named(folder: Path, name: str) -> None:
    report, found = listed(folder / "t.json", [{"title": "T", "list": name}])
    assert not found
    assert "expected a venue and a year, such as acl/2023" in report.unreadable[0].reason


def test_many_rows_of_authors_of_one_paper_are_one_entry(folder: Path) -> None:
    names = [f"Ann {a}{b}{c}" for a, b, c in product(ascii_letters, repeat=3)][:9000]
    text = "title,author\n" + "".join(f"T,{name}\n" for name in names)
    _, found = listed(folder / "t.csv", text)
    assert [entry["authors"] for entry in found.values()] == [names]
