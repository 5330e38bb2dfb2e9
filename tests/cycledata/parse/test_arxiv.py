import datetime as dt

import pytest

from cycledata.errors import ParseError
from cycledata.parse.arxiv import parse_atom, parse_oai

ATOM = """<?xml version='1.0' encoding='UTF-8'?>
<feed xmlns="http://www.w3.org/2005/Atom"><title>query</title>
<entry><id>http://arxiv.org/abs/{id}</id><title>Counting
  Invented Sheep</title><updated>2023-11-30T17:59:59Z</updated>
<published>2023-09-28T17:59:59Z</published><summary> Fog. </summary>
<author><name>Anna  Beispiel</name></author><author><name>Bo Esempio</name></author>
</entry></feed>"""
OAI = """<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><GetRecord><record><metadata>
<arXiv xmlns="http://arxiv.org/OAI/arXiv/"><id>2309.99999</id>{licence}</arXiv>
</metadata></record></GetRecord></OAI-PMH>"""


@pytest.mark.parametrize(
    ("identifier", "arxiv_id", "version"),
    [
        ("2309.99999v3", "2309.99999", 3),
        ("cs/0701999v1", "cs/0701999", 1),
        ("2309.99999", "2309.99999", 1),
    ],
)
def test_an_entry_gives_id_version_people_and_days(
    identifier: str, arxiv_id: str, version: int
) -> None:
    (paper,) = parse_atom(ATOM.format(id=identifier).encode())
    assert (paper.arxiv_id, paper.version) == (arxiv_id, version)
    assert (paper.title, paper.abstract) == ("Counting Invented Sheep", "Fog.")
    assert paper.authors == ("Anna Beispiel", "Bo Esempio")
    assert (paper.published, paper.updated) == (dt.date(2023, 9, 28), dt.date(2023, 11, 30))


def test_an_empty_feed_has_no_papers() -> None:
    assert parse_atom(b'<feed xmlns="http://www.w3.org/2005/Atom"/>') == ()


def test_the_record_gives_the_licence_or_none() -> None:
    stated = "<license> http://creativecommons.org/licenses/by/4.0/ </license>"
    licence = parse_oai(OAI.format(licence=stated).encode()).license
    assert licence == "http://creativecommons.org/licenses/by/4.0/"
    assert parse_oai(OAI.format(licence="").encode()).license is None


BOMB = b'<!DOCTYPE feed [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><feed>&b;</feed>'


@pytest.mark.parametrize(
    ("payload", "rule"),
    [
        (b"", "not-xml"),
        (b"<html><body>busy</body></html>", "not-atom"),
        (BOMB, "xml-doctype"),
        (ATOM.format(id="nowhere").encode(), "atom-entry"),
        (
            ATOM.replace("2023-09-28T17:59:59Z", "soon").format(id="2309.99999v1").encode(),
            "atom-date",
        ),
        (ATOM[:200].encode(), "not-xml"),
        (b"\xff\xfe<", "not-xml"),
    ],
    ids=["empty", "html", "entities", "no-id", "no-date", "cut", "bytes"],
)
def test_an_answer_that_is_no_feed_is_named(payload: bytes, rule: str) -> None:
    with pytest.raises(ParseError) as error:
        parse_atom(payload)
    assert error.value.rule == rule


def test_an_oai_error_is_no_record() -> None:
    answer = OAI.replace("<GetRecord>", '<error code="idDoesNotExist">none</error><GetRecord>')
    with pytest.raises(ParseError, match="oai-error: idDoesNotExist"):
        parse_oai(answer.format(licence="").encode())
