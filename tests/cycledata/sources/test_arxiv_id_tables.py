"""Tables of arXiv ids under the names of columns that people and services use."""

import json
from pathlib import Path
from typing import Any

import pytest

from cycledata.snapshot.open import OpenSnapshot
from cycledata.sources.dumps import ImportReport
from cycledata.sources.import_papers import import_arxiv_ids


def imported(file: Path) -> tuple[ImportReport, dict[str, Any]]:
    with OpenSnapshot(file.parent / "snapshot") as snapshot:
        report = import_arxiv_ids([file], snapshot)
        return report, {reply.key: json.loads(reply.payload) for reply in snapshot.iter("arxiv")}


def test_arxiv_ids_are_read_under_other_names(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text(
        '{"a":"2301.00001","b":"2301.00002v3"}\n'
        '{"paper_id":"c","externalIds":{"ArXiv":"2301.00003"},"year":2023}\n'
        '{"paper_id":"d","arxiv_url":"https://arxiv.org/abs/2301.00004v2","version":"2.0"}\n'
        '{"paper_id":"e","arxiv_id":"arXiv:2301.00005 [cs.LG]","version":null}\n'
        '{"paper_id":"f","arxiv_id":"2301.00006","version":"two"}\n'
        '{"paper_id":"g","arxiv_id":"2301.00007","license":"","license_source":"page"}\n'
        '{"openreview_url":"https://openreview.net/pdf?id=h","id":7,"arxiv":"https://ar5iv.org/abs/2301.00008"}\n'
        '{"forum_id":"i","arxiv":"https://arxiv.org/abs/2301.00009v1?context=cs#bib"}\n'
        '{"paper_id":"j","arxiv_id":"N/A"}\n{"paper_id":"k","externalIds":{"DOI":"10.1/x"}}\n'
    )
    report, found = imported(tmp_path / "t.jsonl")
    assert {key: (row["arxiv_id"], row["version"]) for key, row in found.items()} == {
        "named/a": ("2301.00001", None),
        "named/b": ("2301.00002", 3),
        "named/c": ("2301.00003", None),
        "named/d": ("2301.00004", 2),
        "named/e": ("2301.00005", None),
        "named/g": ("2301.00007", None),
        "named/h": ("2301.00008", None),
        "named/i": ("2301.00009", 1),
    }
    assert report.hint == "left out: 2 rows have an empty arXiv id"
    assert [entry.reason for entry in report.unreadable] == [
        "version: expected a number such as 2, found 'two'"
    ]
    assert report.columns_not_read == ("year",)
    # A license is not joined to the source that another file gives for no license.
    (tmp_path / "more.csv").write_text("paper_id,arxiv_id,license\ng,2301.00007,CC BY 4.0\n")
    _, found = imported(tmp_path / "more.csv")
    assert (found["named/g"]["license"], found["named/g"]["license_source"]) == ("CC BY 4.0", None)


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("arXiv Link", "https://arxiv.org/abs/2301.00001v2"),
        ("arxiv_entry_id", "http://arxiv.org/abs/2301.00001v2"),
        ("entry_id", "http://arxiv.org/abs/2301.00001v2"),
        ("eprint", "2301.00001v2"),
        ("pdf", "https://arxiv.org/pdf/2301.00001v2.pdf"),
        ("DOI", "10.48550/arXiv.2301.00001v2"),
    ],
)
def test_any_column_that_names_an_arxiv_paper_states_the_id(
    tmp_path: Path, column: str, cell: str
) -> None:
    text = f"paper_id,{column},arXiv License,arXiv Title\na,{cell},CC BY 4.0,2301\n"
    (tmp_path / "t.csv").write_text(text)
    report, found = imported(tmp_path / "t.csv")
    row = found["named/a"]
    assert (row["arxiv_id"], row["version"], row["license"]) == ("2301.00001", 2, "CC BY 4.0")
    assert report.columns_not_read == ("arxiv_title",)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("a,https://x.org/1", "no arxiv_id; found the columns paper_id, arxiv_link; rename one"),
        ("a,pending", "no arxiv_id; found the columns paper_id, arxiv_link; rename one"),
        ("a,2301.1", "no arxiv_id; found the columns paper_id, arxiv_link; rename one"),
    ],
)
def test_a_cell_that_is_no_arxiv_id_is_named(tmp_path: Path, row: str, reason: str) -> None:
    (tmp_path / "t.csv").write_text(f"paper_id,arxiv_link\n{row}\n")
    report, found = imported(tmp_path / "t.csv")
    assert not found
    assert report.unreadable[0].reason.startswith(reason)


def test_papers_without_an_id_in_a_mapping_are_counted(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text('{"a":"2301.00001","b":null,"c":""}')
    report, found = imported(tmp_path / "t.json")
    assert [*found] == ["named/a"]
    assert report.hint == "left out: 2 rows have an empty arXiv id"


def test_a_list_of_one_id_is_read_and_a_mapping_is_named(tmp_path: Path) -> None:
    rows = '[{"paper_id":"a","arxiv":["2301.00001"]},{"paper_id":"b","arxiv":{"v":"2301.00002"}}]'
    (tmp_path / "t.json").write_text(rows)
    report, found = imported(tmp_path / "t.json")
    assert [*found] == ["named/a"]
    assert report.unreadable[0].reason.startswith("no arxiv_id; found the columns paper_id, arxiv")
