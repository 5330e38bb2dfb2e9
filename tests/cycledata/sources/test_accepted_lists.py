"""Lists of accepted papers in the layouts of sites, services and spreadsheets."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from cycledata.errors import ParseError
from cycledata.snapshot.open import OpenSnapshot
from cycledata.sources.dumps import ImportReport
from cycledata.sources.import_papers import import_accepted_papers

URL = "https://openreview.net/forum?id="


def accepted(
    folder: Path, name: str, text: str, listing: str | None = None
) -> tuple[ImportReport, dict[str, Mapping[str, Any]]]:
    (folder / name).write_text(text)
    with OpenSnapshot(folder / "snapshot") as snapshot:
        report = import_accepted_papers([folder / name], snapshot, listing=listing)
        found = {reply.key: json.loads(reply.payload) for reply in snapshot.iter("proceedings")}
    return report, found


@pytest.mark.parametrize(
    ("row", "listing"),
    [
        ({"venue": "COLT_2020", "year": 2020}, "colt/2020"),
        ({"conference": "ACL", "year": 2023.0}, "acl/2023"),
        ({"venue": "ICLR 2026 Poster", "venueid": "ICLR.cc/2026/Conference"}, "iclr/2026"),
        ({"venue": "NeurIPS2023"}, "neurips/2023"),
        ({"venue": "ICLR 2023 notable top 5%"}, "iclr/2023"),
        ({"list": "acl/2023", "venue": "EMNLP", "year": "2022"}, "acl/2023"),
    ],
)
def test_a_row_that_states_venue_and_year_needs_no_list(
    tmp_path: Path, row: Mapping[str, object], listing: str
) -> None:
    text = json.dumps({"paper_id": "p", "title": "T", **row})
    report, found = accepted(tmp_path, "t.jsonl", text)
    assert [*found] == [f"{listing}/p"]
    assert not {"venue", "year", "venueid", "conference"} & {*report.columns_not_read}


@pytest.mark.parametrize(
    "row", [{"venue": "COLT_2020", "year": 2021}, {"venue": "Proc. of COLT"}, {"year": 2020}]
)
def test_a_row_that_states_no_clear_list_is_named(
    tmp_path: Path, row: Mapping[str, object]
) -> None:
    report, found = accepted(tmp_path, "t.jsonl", json.dumps({"title": "T", **row}))
    assert not found
    assert report.unreadable[0].reason.startswith("no list, and no venue and year; add a column")


def test_the_option_wins_over_a_stated_venue(tmp_path: Path) -> None:
    _, found = accepted(tmp_path, "t.csv", "id,title,venue,year\np,T,ACL,2023\n", "acl-short/2023")
    assert [*found] == ["acl-short/2023/p"]


def test_an_option_without_a_year_is_refused_before_the_first_row(tmp_path: Path) -> None:
    with pytest.raises(ParseError, match="--list 'cvpr': expected a venue and a year"):
        accepted(tmp_path, "t.csv", "title\nT\n", "cvpr")


@pytest.mark.parametrize(
    ("column", "cell", "reason"),
    [
        ("accepted", "False", "the paper was not accepted"),
        ("withdraw", "1", "the paper was withdrawn"),
        ("status", "Workshop", "status is 'Workshop'"),
        ("status", "In review", "status is 'In review'"),
        ("status", "Poster Workshop", "status is 'Poster Workshop'"),
        ("decision", "Invite to Workshop Track", "decision is 'Invite to Workshop Track'"),
        ("decision", "2", "decision: expected words such as Accept or Reject, found 2"),
        ("accepted", "perhaps", "accepted: expected true or false, found 'perhaps'"),
    ],
)
def test_a_paper_that_was_not_accepted_is_left_out_of_a_list(
    tmp_path: Path, column: str, cell: str, reason: str
) -> None:
    text = f"id,title,{column}\np,T,{cell}\n"
    report, found = accepted(tmp_path, "t.csv", text, "iclr/2017")
    assert not found
    assert report.unreadable[0].reason.startswith(reason)


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("accepted", "yes"),
        ("status", "In-Person Poster"),
        ("status", "Poster"),
        ("status", "Long"),
        ("withdrawn", "false"),
    ],
)
def test_a_paper_that_was_accepted_is_kept(tmp_path: Path, column: str, cell: str) -> None:
    text = f"id,title,{column}\np,T,{cell}\n"
    report, found = accepted(tmp_path, "t.csv", text, "iclr/2017")
    assert (len(found), report.columns_not_read) == (1, ())


@pytest.mark.parametrize(
    "authors",
    [
        "Ann A,&nbsp;Bob B",
        "Ann A \u22c5 Bob B",
        "Ann A \u00b7 Bob B",
        "Ann A | Bob B",
        "Ann A; Bob B",
    ],
)
def test_authors_are_told_apart_as_pages_write_them(tmp_path: Path, authors: str) -> None:
    text = json.dumps([{"id": "p", "title": "T", "author": authors}])
    _, found = accepted(tmp_path, "t.json", text, "iclr/2024")
    assert found["iclr/2024/p"]["authors"] == ["Ann A", "Bob B"]


def test_an_entry_is_named_by_its_forum(tmp_path: Path) -> None:
    _, found = accepted(tmp_path, "t.csv", f"Title,Link\nT,{URL}Ab-3_x9Q\n", "iclr/2024")
    assert found["iclr/2024/Ab-3_x9Q"]["url"] == f"{URL}Ab-3_x9Q"


def test_a_quotation_mark_that_is_not_doubled_is_named(tmp_path: Path) -> None:
    report, _ = accepted(tmp_path, "t.csv", 'id,title\np,"The "best" way"\nq,Q\n', "iclr/2024")
    assert report.unreadable[0].reason == (
        "not CSV: a quotation mark inside of a cell is not doubled"
    )
    assert report.n_added == 1


@pytest.mark.parametrize(
    "row",
    [
        {"venueid": "ICLR.cc/2024/Workshop/X", "venue": "ICLR 2024"},
        {"venue": "arXiv", "year": 2023},
        {"venue": "CoRR 2023"},
        {"venue": "Workshop", "year": 2023},
    ],
)
def test_a_workshop_or_a_preprint_server_names_no_list(
    tmp_path: Path, row: Mapping[str, object]
) -> None:
    report, found = accepted(tmp_path, "t.jsonl", json.dumps({"title": "T", **row}))
    assert not found
    assert report.unreadable[0].reason.startswith("no list, and no venue and year; add a column")


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("venueid", "ICLR.cc/2024/Conference/Rejected_Submission"),
        ("venueid", "ICLR.cc/2024/Conference/Withdrawn_Submission"),
        ("venue_id", "ICLR.cc/2024/Conference/Submission"),
        ("venue", "Submitted to ICLR 2024"),
        ("venue", "ICLR 2024 Conference Desk Rejected Submission"),
        ("status", "Accept (Workshop)"),
        ("status", "ICLR 2024 Workshop"),
    ],
)
def test_a_paper_whose_venue_is_a_state_is_left_out_of_a_list(
    tmp_path: Path, column: str, cell: str
) -> None:
    report, found = accepted(tmp_path, "t.csv", f"id,title,{column}\np,T,{cell}\n", "iclr/2024")
    assert not found
    assert report.unreadable[0].reason.startswith(f"{column} is {cell[:30]!r}"[:-1])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(
            {
                "result": {
                    "status": {"@code": "200", "text": "OK"},
                    "completions": {"c": [{"@sc": "1", "text": "x"}]},
                    "hits": {
                        "@total": "1",
                        "hit": [
                            {
                                "@score": "3",
                                "@id": "9",
                                "info": {
                                    "authors": {"author": [{"text": "Ann A 0002"}]},
                                    "title": "Cats &amp; Dogs",
                                    "type": "Conference and Workshop Papers",
                                    "ee": f"{URL}Ab-3_x9Q",
                                    "url": "https://dblp.org/rec/conf/x/A24",
                                },
                                "url": "URL#9",
                            }
                        ],
                    },
                }
            },
            ("Ab-3_x9Q", None),
            id="dblp",
        ),
        pytest.param(
            {
                "result": {
                    "hits": {
                        "hit": [
                            {
                                "@score": "3",
                                "info": {
                                    "authors": {"author": {"@pid": "1/2", "text": "Ann A"}},
                                    "title": "Cats & Dogs",
                                    "ee": "https://doi.org/10.1000/X1",
                                },
                            }
                        ]
                    }
                }
            },
            ("iclr-2024-t-value-1-row-1", "10.1000/x1"),
            id="dblp-with-one-author",
        ),
        pytest.param(
            {
                "status": "ok",
                "message": {
                    "items": [
                        {
                            "DOI": "10.1000/X1",
                            "title": ["Cats &amp; Dogs"],
                            "author": [{"given": "Ann", "family": "A"}],
                            "type": "proceedings-article",
                        }
                    ]
                },
            },
            ("iclr-2024-t-value-1-row-1", "10.1000/x1"),
            id="crossref",
        ),
        pytest.param(
            {
                "count": 1,
                "results": [
                    {
                        "id": 17,
                        "uid": "u",
                        "name": "Cats & Dogs",
                        "authors": [{"id": 1, "fullname": "Ann A", "institution": "U"}],
                        "eventtype": "Poster",
                        "paper_url": f"{URL}Ab-3_x9Q",
                        "virtualsite_url": "/virtual/2024/poster/17",
                    }
                ],
            },
            ("Ab-3_x9Q", None),
            id="site-of-a-conference",
        ),
        pytest.param(
            {
                "results": [
                    {
                        "id": "W1",
                        "doi": "https://doi.org/10.1000/X1",
                        "display_name": "Cats & Dogs",
                        "authorships": [{"author": {"display_name": "Ann A"}}],
                    }
                ]
            },
            ("W1", "10.1000/x1"),
            id="openalex",
        ),
    ],
)
def test_replies_of_services_are_lists(
    tmp_path: Path, value: object, expected: tuple[str, str | None]
) -> None:
    report, found = accepted(tmp_path, "t.json", json.dumps(value), "iclr/2024")
    entry_id, doi = expected
    entry = found[f"iclr/2024/{entry_id}"]
    assert (entry["title"], entry["authors"], entry["doi"]) == ("Cats & Dogs", ["Ann A"], doi)
    assert (report.n_added, report.n_unreadable) == (1, 0)
    assert not entry["url"].startswith("/")


@pytest.mark.parametrize(
    "text",
    [
        "Paper ID\tPaper Title\tAuthor Names\np\tT\tAnn A (MIT, Boston)*; Bob B (ETH)\n",
        "sep=;\nid;Article Title;Author Full Names\np;T;Ann A (1) | Bob B (2)\n",
        '#,id,authors,title\n1,p,"Ann A* and Bob B\u2020",T\n',
    ],
)
def test_exports_of_conference_systems_are_lists(tmp_path: Path, text: str) -> None:
    name = "t.tsv" if "\t" in text else "t.csv"
    _, found = accepted(tmp_path, name, text, "iclr/2024")
    entry = found["iclr/2024/p"]
    assert (entry["title"], entry["authors"]) == ("T", ["Ann A", "Bob B"])


def test_a_byte_order_mark_is_no_part_of_a_quoted_column(tmp_path: Path) -> None:
    text = '\ufeff"Title","Authors"\n"T","Ann A; Bob B"\n'
    report, found = accepted(tmp_path, "t.csv", text, "iclr/2024")
    assert [(entry["title"], entry["authors"]) for entry in found.values()] == [
        ("T", ["Ann A", "Bob B"])
    ]
    assert report.columns_not_read == ()


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        ("eventtype", "Invited Talk"),
        ("type", "Tutorial"),
        ("event_type", "Affinity Workshop"),
        ("type", "Editorship"),
        ("type", "proceedings"),
    ],
)
def test_what_is_no_paper_is_left_out_of_a_list(tmp_path: Path, column: str, kind: str) -> None:
    report, found = accepted(tmp_path, "t.csv", f"id,title,{column}\np,T,{kind}\n", "iclr/2024")
    assert not found
    assert report.unreadable[0].reason == f"{column} is {kind!r}; only papers are imported"


@pytest.mark.parametrize(
    "kind",
    [
        *("Poster", "Oral", "proceedings-article", "Journal Articles"),
        *("Findings", "System Demonstrations", "Industry Track", "Accept (poster)"),
    ],
)
def test_every_kind_of_paper_is_kept(tmp_path: Path, kind: str) -> None:
    _, found = accepted(tmp_path, "t.csv", f"id,title,type\np,T,{kind}\n", "iclr/2024")
    assert len(found) == 1


@pytest.mark.parametrize("column", ["url", "link", "pdf", "url_abs"])
def test_a_link_to_arxiv_states_the_arxiv_id(tmp_path: Path, column: str) -> None:
    text = json.dumps({"id": "p", "title": "T", column: "https://arxiv.org/pdf/2305.01234v2"})
    report, found = accepted(tmp_path, "t.jsonl", text, "iclr/2024")
    assert found["iclr/2024/p"]["arxiv_id"] == "https://arxiv.org/pdf/2305.01234v2"
    assert (report.n_added, report.n_unreadable) == (2, 0)


@pytest.mark.parametrize("name", ["Robert (Bob) Smith", "Ann A 17"])
def test_a_part_of_a_name_is_kept(tmp_path: Path, name: str) -> None:
    text = json.dumps({"id": "p", "title": "T", "authors": [name]})
    _, found = accepted(tmp_path, "t.jsonl", text, "iclr/2024")
    assert found["iclr/2024/p"]["authors"] == [name]
