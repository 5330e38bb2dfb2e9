"""XML of the ACL Anthology."""

import pytest

from cycledata.errors import ParseError
from cycledata.parse.anthology import AnthologyPaper, parse_volume

COLLECTION = """<?xml version='1.0' encoding='UTF-8'?>
<collection id="2023.acl">
  <volume id="short"><paper id="1"><title>Another</title></paper></volume>
  <volume id="long">
    <meta><booktitle>Proceedings</booktitle></meta>
    <frontmatter><url>2023.acl-long.0</url></frontmatter>
    <paper id="1">
      <title><fixed-case>BLEU</fixed-case> is <b>not</b>
        <tex-math>\\mathcal{E}</tex-math>-complete</title>
      <author id="a"><first>Zoë</first><last>van der Beispiel</last>
        <variant script="hani"><first>某</first><last>人</last></variant></author>
      <author><last>Mononym</last></author>
      <author><first/><last/></author>
      <abstract>First.<par/>Second.</abstract>
      <doi>10.1/X.1</doi>
    </paper>
    <paper id="12"><title>Bare</title></paper>
  </volume>
</collection>"""


def test_papers_are_read_without_markup_and_without_front_matter() -> None:
    first, second = parse_volume(COLLECTION.encode(), "2023.acl-long")
    assert first == AnthologyPaper(
        paper_id="2023.acl-long.1",
        title=r"BLEU is not $\mathcal{E}$-complete",
        authors=("Zoë van der Beispiel", "Mononym"),
        abstract="First. Second.",
        doi="10.1/x.1",
    )
    assert second == AnthologyPaper("2023.acl-long.12", "Bare", (), None, None)


@pytest.mark.parametrize(
    ("volume_id", "paper_id"),
    [("P19-1", "P19-1007"), ("W04-2", "W04-0207"), ("D19-50", "D19-5007"), ("C69-1", "C69-0107")],
)
def test_old_ids_have_four_digits(volume_id: str, paper_id: str) -> None:
    collection, _, name = volume_id.partition("-")
    paper = '<paper id="7"><title>T</title></paper>'
    xml = f'<collection id="{collection}"><volume id="{name}">{paper}</volume></collection>'
    assert [paper.paper_id for paper in parse_volume(xml.encode(), volume_id)] == [paper_id]


@pytest.mark.parametrize(
    ("payload", "rule"),
    [
        (b"", "not-xml"),
        (b"<collection", "not-xml"),
        (b"<html/>", "not-anthology"),
        (b'<collection id="2023.acl"/>', "not-anthology"),
        (b'<collection id="2023.emnlp"><volume id="long"/></collection>', "not-anthology"),
        (b"<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>", "xml-doctype"),
        ("<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>".encode("utf-16"), "not-xml"),
        (b'<?xml version="1.0" encoding="no-such"?><x/>', "not-xml"),
    ],
)
def test_another_document_is_an_error_that_quotes_nothing(payload: bytes, rule: str) -> None:
    with pytest.raises(ParseError) as error:
        parse_volume(payload, "2023.acl-long")
    assert error.value.rule == rule
    assert "<" not in error.value.detail
