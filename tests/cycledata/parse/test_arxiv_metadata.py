"""Rows of arXiv's metadata, in every form in which the service gives them."""

import datetime as dt
import json
from typing import Any

import pytest

from cycledata.errors import ParseError
from cycledata.parse.arxiv_metadata import (
    newer_metadata,
    parse_metadata,
    read_metadata_row,
    read_oai_page,
    split_authors,
)

ROW: dict[str, Any] = {
    "id": "2301.99901",
    "submitter": "Ann Alpha",
    "authors": "Ann Alpha, Ben C. Beta Jr",
    "title": "An Invented Title on\n  Peer Review: $n < m$ & M\\\"uller's Friends",
    "comments": "12 pages; accepted at an invented venue",
    "journal-ref": None,
    "doi": None,
    "report-no": None,
    "categories": "cs.LG cs.CL",
    "license": "http://creativecommons.org/licenses/by/4.0/",
    "abstract": "  We study an invented problem. Line one,\nline two.\n",
    "versions": [
        {"version": "v2", "created": "Tue, 20 Jun 2023 09:00:00 GMT"},
        {"version": "v1", "created": "Thu, 5 Jan 2023 18:59:59 GMT"},
    ],
    "update_date": "2023-06-21",
    "authors_parsed": [["Alpha", "Ann", ""], ["Beta", "Ben C.", "Jr"]],
}
HEAD = '<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">'
RAW = """<record><header><identifier>oai:arXiv.org:2301.99901</identifier>
<datestamp>2023-06-21</datestamp></header><metadata>
<arXivRaw xmlns="http://arxiv.org/OAI/arXivRaw/"><id>2301.99901</id><submitter>A</submitter>
<version version="v1"><date>Thu, 05 Jan 2023 18:59:59 GMT</date><size>812kb</size></version>
<version version="v2"><date>Tue, 20 Jun 2023 09:00:00 GMT</date><size>840kb</size></version>
<title>An Invented Title</title><authors>Ann Alpha, Ben C. Beta</authors>
<categories>cs.LG cs.CL</categories><license>http://creativecommons.org/licenses/by/4.0/</license>
<abstract>  Line one,
line two.
</abstract></arXivRaw></metadata></record>"""
PLAIN = """<record><header><identifier>oai:arXiv.org:2301.99901</identifier>
<datestamp>2023-06-21</datestamp></header><metadata>
<arXiv xmlns="http://arxiv.org/OAI/arXiv/"><id>2301.99901</id><created>2023-01-05</created>
<updated>2023-06-20</updated><authors><author><keyname>Alpha</keyname><forenames>Ann</forenames>
</author><author><keyname>Beta</keyname><forenames>Ben C.</forenames><suffix>Jr</suffix></author>
</authors><title>An Invented Title</title><categories>cs.LG cs.CL</categories>
<license>http://creativecommons.org/licenses/by/4.0/</license><abstract>Line one.</abstract></arXiv>
</metadata></record>"""


def page(*records: str, token: str = "") -> bytes:
    return f"{HEAD}<ListRecords>{''.join(records)}{token}</ListRecords></OAI-PMH>".encode()


def test_a_row_of_the_snapshot_is_read_and_names_no_submitter() -> None:
    payload, found = read_metadata_row(ROW)
    assert parse_metadata(payload) == found
    assert b"submitter" not in payload
    assert found.title == "An Invented Title on Peer Review: $n < m$ & Müller's Friends"
    assert found.abstract == "We study an invented problem. Line one, line two."
    assert found.authors == ("Ann Alpha", "Ben C. Beta")
    assert [(v.number, v.created and v.created.date()) for v in found.versions] == [
        (1, dt.date(2023, 1, 5)),
        (2, dt.date(2023, 6, 20)),
    ]
    paper = found.as_paper()
    assert (paper.version, paper.published, paper.category) == (2, dt.date(2023, 1, 5), "cs.LG")


def test_pages_of_both_formats_give_rows_of_the_same_form() -> None:
    token = "<resumptionToken expirationDate='2026-11-21T00:00:00Z'>verb%3DList</resumptionToken>"
    found = read_oai_page(page(RAW, PLAIN, token=token))
    raw, plain = (read_metadata_row(row)[1] for row in found.rows)
    assert found.token == "verb%3DList"
    assert (raw.authors, plain.authors) == (("Ann Alpha", "Ben C. Beta"),) * 2
    assert [v.size_bytes for v in raw.versions] == [812_000, 840_000]
    # The format arXiv does not list versions, and this record has later ones.
    assert (plain.versions, plain.as_paper().version) == ((), 0)
    assert (plain.first_day, plain.last_day) == (dt.date(2023, 1, 5), dt.date(2023, 6, 20))
    assert raw.license == plain.license == ROW["license"]
    once = PLAIN.replace("<updated>2023-06-20</updated>", "")
    (row,) = read_oai_page(page(once)).rows
    assert [v.number for v in read_metadata_row(row)[1].versions] == [1]


def test_the_last_page_and_deleted_records_are_recognized() -> None:
    deleted = '<record><header status="deleted"><identifier>x</identifier></header></record>'
    odd = "<record><header/><metadata/></record>"
    found = read_oai_page(page(RAW, deleted, odd, token="<resumptionToken/>"))
    assert (len(found.rows), found.n_deleted, found.token) == (1, 1, None)
    assert found.problems == ("record 3: no arXiv or arXivRaw metadata with an id",)
    none = f'{HEAD}<error code="noRecordsMatch">none</error></OAI-PMH>'.encode()
    assert read_oai_page(none).rows == ()
    with pytest.raises(ParseError, match="oai-error: badResumptionToken"):
        read_oai_page(none.replace(b"noRecordsMatch", b"badResumptionToken"))


@pytest.mark.parametrize(
    ("changed", "is_withdrawn"),
    [
        ({"comments": "This paper has been withdrawn by the author due to an error"}, True),
        ({"comments": "Withdrawn."}, True),
        ({"abstract": "This paper has been withdrawn."}, True),
        ({"comments": "This paper was withdrawn from ICLR 2024; 12 pages"}, False),
        ({"comments": "Accepted at ICLR 2024"}, False),
        ({"abstract": "We study why funds are withdrawn by the author of a bank run."}, False),
    ],
    ids=["comment", "one-word", "abstract", "from-a-venue", "accepted", "the-topic"],
)
def test_a_withdrawn_paper_is_recognized(changed: dict[str, str], is_withdrawn: bool) -> None:
    assert read_metadata_row({**ROW, **changed})[1].withdrawn is is_withdrawn


@pytest.mark.parametrize(
    "changed",
    [
        {"id": "not an id"},
        {"id": None},
        {"title": " "},
        {"title": ["a"]},
        {"versions": [{"version": "last"}]},
        {"versions": [{"version": "v1", "created": "someday, yes"}]},
        {"versions": [{"version": "v1"}, {"version": "v1"}]},
        {"authors_parsed": [7]},
        {"abstract": 7},
    ],
    ids=str,
)
def test_a_row_that_is_not_metadata_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(ParseError, match="arxiv-metadata"):
        read_metadata_row({**ROW, **changed})


def test_rows_with_little_in_them_are_read() -> None:
    found = read_metadata_row({"id": "math/0700099", "title": "An Old Identifier"})[1]
    assert (found.license, found.authors, found.first_day) == (None, (), dt.date(2007, 1, 1))


def test_half_characters_are_replaced() -> None:
    assert read_metadata_row({**ROW, "title": "half \ud800"})[1].title == "half \ufffd"


def test_the_later_state_of_a_row_is_kept_whatever_the_order() -> None:
    early = read_metadata_row(ROW)[0]
    late = read_metadata_row({**ROW, "update_date": "2024-01-01", "license": None})[0]
    plain = json.dumps({"id": "2301.99901", "title": "T", "update_date": "2023-06-21"}).encode()
    assert newer_metadata(early, late) == newer_metadata(late, early) == late
    assert newer_metadata(early, plain) == newer_metadata(plain, early) == early


def test_author_lines_are_split() -> None:
    line = "J\\'er\\^ome Na\\\"ive, Dan Delta, III (MIT), the Invented Collaboration & Eve Q. Zeta"
    assert list(split_authors(line)) == [
        "Jérôme Naïve", "Dan Delta", "the Invented Collaboration", "Eve Q. Zeta",
    ]  # fmt: skip
