"""Authors are named nowhere in the text of a PDF outside of its reference list."""

from dataclasses import replace

import pytest

from cycledata.parse.author_names import MASK
from cycledata.parse.pdf.convert import Block, Converted
from cycledata.parse.pdf.parse import paper_of
from cycledata.parse.pdf.pdfium import convert_with_pdfium
from cycledata.records import PaperText
from tests.cycledata.parse.pdf.test_pages import column
from tests.cycledata.parse.pdf.test_parse import Printed, pdf_of

LONG = "running words that fill one whole line of a page, the next of which goes on"


def front(*lines: str) -> list[Printed]:
    """Title, lines of authors, abstract and the start of a section."""
    authors: list[Printed] = [(72, 715 - 12 * i, 10, "F1", line) for i, line in enumerate(lines)]
    return [
        (72, 740, 17, "F2", "A Journal Paper"),
        *authors,
        (72, 640, 12, "F2", "Abstract"), *column(72, 620, 4, "we say this and that of things"),
        (72, 550, 12, "F2", "1 Introduction"), *column(72, 532, 6, LONG),
    ]  # fmt: skip


PAGE: list[Printed] = [(72, 700, 12, "F2", "2 Method"), *column(72, 680, 8, LONG)]
LAST: list[Printed] = [(72, 700, 12, "F2", "3 Results"), *column(72, 680, 8, LONG)]


def read(*pages: list[Printed], metadata: tuple[str, ...] = ()) -> PaperText:
    found = convert_with_pdfium(pdf_of(*pages))
    return paper_of(replace(found, authors=metadata), file="x.pdf")


def everything(paper: PaperText) -> str:
    captions = [figure.caption for figure in paper.figures]
    return "\n".join([paper.abstract, *(section.text for section in paper.sections), *captions])


NAMED = front("Zora Quimby and Iván Örnek", "University of Foxes, 12345 Foxton", "zora@fox.org")
AGAIN: dict[str, list[Printed]] = {
    "running head": [(220, 765, 8, "F1", "Zora Quimby and Ivan Ornek")],
    "running head of last names": [(220, 765, 8, "F1", "Quimby et al.")],
    "running foot": [(220, 30, 8, "F1", "Z. Quimby and I. Ornek")],
    "contributions": [
        (72, 500, 12, "F2", "Author Contributions"),
        *column(72, 480, 2, "Zora Quimby designed the study and wrote the text of it"),
    ],
    "roles": [
        (72, 500, 12, "F2", "Description of authors' roles"),
        *column(72, 480, 2, "Zora Quimby designed the study and wrote the text of it"),
    ],
    "run-in contributions": column(72, 500, 2, "Author contributions: Zora Quimby did it all and"),
    "in a sentence": column(72, 500, 2, "it was found by Zora Quimby in an earlier work that"),
    "thanks": column(72, 500, 2, "The authors would like to thank Zora Quimby and her dog"),
    "one author's thanks": column(72, 500, 2, "Z. Quimby thanks her dog for discussions and"),
    "support": column(72, 500, 2, "This work was partially supported by the Quimby Foundation"),
    "address": column(72, 500, 1, "Correspondence: Professor Quimby, email zora@fox.org and"),
    "address in a sentence": column(72, 500, 2, "the data can be had from quimby@dog.net"),
}  # fmt: skip


@pytest.mark.parametrize("case", AGAIN)
def test_authors_are_named_nowhere_in_the_text(case: str) -> None:
    paper = read(NAMED, [*PAGE, *AGAIN[case]], LAST)
    text = everything(paper)
    for named in ("Quimby", "Zora", "quimby", "Örnek", "Ornek", "fox.org"):
        assert named not in text
    assert text.count("the next of which goes on") == 6 + 8 + 8
    assert [s.title for s in paper.sections] == ["Introduction", "Method", "Results"]
    rules = {leak.rule for leak in paper.leaks}
    assert rules & {"author-block", "acknowledgments"}


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        pytest.param(("Shared Task",), "each shared task is shared by all", id="ordinary words"),
        pytest.param(
            ("Zora Quimby", "University of Foxes", "New Foxton, South Africa"),
            "people of New Foxton and South Africa were asked",
            id="places",
        ),
        pytest.param(
            ("Zora Quimby", "University of Foxes"),
            "University of Foxes students and Quimby sums were used",
            id="institutions and last names",
        ),
    ],
)
def test_only_certain_names_are_masked(lines: tuple[str, ...], words: str) -> None:
    paper = read(front(*lines), [*PAGE, *column(72, 500, 3, words)], LAST)
    assert words in everything(paper)
    assert MASK not in everything(paper)


@pytest.mark.parametrize(
    "words",
    [
        "We acknowledge that our method has limits and",
        "This work is supported by strong evidence and",
        "Author contributions differ between fields and",
        "Correspondence between two views is learned and",
        "We thank to no one and",
    ],
)
def test_paragraphs_that_only_begin_like_thanks_stay(words: str) -> None:
    paper = read(NAMED, [*PAGE, *column(72, 500, 3, words)], LAST)
    assert everything(paper).count(words) == 3


@pytest.mark.parametrize("name", ["Yi Wu", "June Lee", "J. R. R. Quimby", "Jan van der Berg"])
def test_short_names_and_names_with_particles_are_masked(name: str) -> None:
    page = [*PAGE, *column(72, 500, 2, f"it was found by {name} in an earlier work that")]
    text = everything(read(front(f"{name}, Zora Quimby", "zora@fox.org"), page, LAST))
    assert name not in text
    assert text.count(f"found by {MASK} in") == 2


def test_a_name_in_the_metadata_confirms_one_of_ordinary_words() -> None:
    said = "the young are bold, says Bold Young in this work"
    page = [*PAGE, *column(72, 500, 2, said)]
    pages = (front("Bold Young"), page, LAST)
    assert "Bold Young" in everything(read(*pages))
    assert "Bold Young" not in everything(read(*pages, metadata=("Bold Young",)))


def test_notes_of_publishers_on_the_first_page_are_no_text() -> None:
    note = (
        "This is an Open Access article, distributed under the terms of the Creative Commons "
        "Attribution licence, which permits unrestricted re-use of it. " * 3
    )
    copyright_line = "Prague, Czech Republic, June 2007. \u00a92007 Association for Foxes"
    box = (0.1, 0.8, 0.9, 0.86)
    blocks = (
        Block("title", "A Journal Paper", 0, (0.1, 0.05, 0.9, 0.1)),
        Block("heading", "Abstract", 0, (0.1, 0.2, 0.9, 0.22)),
        Block("text", "We say this and that.", 0, (0.1, 0.25, 0.9, 0.3)),
        Block("text", note.strip(), 0, box),
        Block("text", copyright_line.replace("Foxes", "Computational Foxes"), 0, box),
    )
    assert paper_of(Converted("x", 1, blocks), file="x").abstract == "We say this and that."


def test_a_list_of_authors_is_no_abstract() -> None:
    names = (
        "ZORA QUIMBY University of Foxes, Foxton and IVAN ORNEK Department of Dogs, University of "
        "Dogton and BOLD YOUNG Department of Cats, Institute of Felines and Technology, Catton and "
        "ANN AUTHOR Faculty of Birds, Academy of Flight and Department of Feathers, Nestville"
    )
    blocks = (
        Block("title", "A Journal Paper", 0, (0.1, 0.05, 0.9, 0.1)),
        Block("text", names, 0, (0.1, 0.12, 0.9, 0.2)),
        Block("text", "An abstract without a heading. " * 12, 0, (0.1, 0.22, 0.9, 0.4)),
        Block("heading", "1 Introduction", 0, (0.1, 0.5, 0.9, 0.52)),
        Block("text", "Words of it.", 0, (0.1, 0.6, 0.9, 0.7)),
    )
    assert paper_of(Converted("x", 1, blocks), file="x").abstract.startswith("An abstract")
