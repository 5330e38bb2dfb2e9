"""Pages are read as a person reads them: columns, headings, line numbers, turned pages.

Each page is a real PDF written by hand; PDFium reads it in this process.
"""

import time
import zlib
from dataclasses import replace

import pytest

from cycledata.errors import ParseError
from cycledata.parse.pdf.convert import PDF_LIMITS, convert
from cycledata.parse.pdf.parse import paper_of, parse_pdf
from cycledata.parse.pdf.pdfium import convert_with_pdfium
from cycledata.records import PaperText
from tests.cycledata.parse.pdf.test_parse import PAPER, Printed, pdf_of

WORDS = "running words that fill one whole line of a column"
LEFT, RIGHT = 60.0, 320.0


def read(*pages: list[Printed]) -> PaperText:
    return paper_of(convert_with_pdfium(pdf_of(*pages)), file="x.pdf")


def column(x: float, y: float, n: int, words: str = WORDS) -> list[Printed]:
    return [(x, y - 12 * i, 10.0, "F1", f"{words} {i:02}") for i in range(n)]


def sections(paper: PaperText) -> list[tuple[int, str]]:
    return [(section.level, section.title) for section in paper.sections]


TWO_COLUMNS: list[Printed] = [
    (72, 740, 17, "F2", "On Columns"),
    (90, 715, 10, "F1", "Ann Author"), (350, 715, 10, "F1", "Bob Writer"),
    (90, 703, 10, "F1", "ann@left.org"), (350, 703, 10, "F1", "bob@right.org"),
    (140, 670, 12, "F2", "Abstract"),
    *column(LEFT, 650, 4, "the abstract of it all says this and that"),
    (LEFT, 560, 12, "F2", "1 Introduction"), *column(LEFT, 540, 12),
    *column(RIGHT, 670, 8),
    (RIGHT, 540, 12, "F2", "2 A Heading Of Two Lines"),
    (RIGHT + 14, 526, 12, "F2", "Whose Second Is Here"),
    *column(RIGHT, 506, 9),
]  # fmt: skip
SECOND: list[Printed] = [
    (LEFT, 740, 10, "F2", "2.1 First"), *column(LEFT, 722, 20),
    (RIGHT, 740, 12, "F2", "3 Third"), *column(RIGHT, 722, 20),
]  # fmt: skip


def test_columns_are_read_one_after_the_other_and_wrapped_headings_whole() -> None:
    paper = read(TWO_COLUMNS, SECOND)
    assert sections(paper) == [
        (1, "Introduction"),
        (1, "A Heading Of Two Lines Whose Second Is Here"),
        (2, "First"),
        (1, "Third"),
    ]
    assert paper.title == "On Columns"
    assert paper.abstract.startswith("the abstract of it all")
    assert "running" not in paper.abstract
    everything = paper.abstract + "".join(section.text for section in paper.sections)
    for author in ("Ann", "Bob", "left.org", "right.org", "Whose Second"):
        assert author not in everything
    # Twelve lines of the left column and then eight of the right one.
    assert [int(word) for word in paper.sections[0].text.split() if word.isdigit()] == [
        *range(12),
        *range(8),
    ]


def numbered(page: list[Printed], first: int) -> list[Printed]:
    """A page with line numbers left of its left column and between the columns."""
    numbers: list[Printed] = []
    for x, at in ((LEFT, 45.0), (RIGHT, 302.0)):
        lines = sorted((y for left, y, *_ in page if left >= x and left < x + 200), reverse=True)
        for y in lines:
            numbers.append((at, y, 6.0, "F1", str(first + len(numbers))))
    return page + numbers


def test_line_numbers_between_columns_are_no_text() -> None:
    plain = read(TWO_COLUMNS, SECOND)
    paper = read(numbered(TWO_COLUMNS, 1), numbered(SECOND, 100))
    assert sections(paper) == sections(plain)
    assert [s.text for s in paper.sections] == [s.text for s in plain.sections]


def test_a_column_of_a_table_is_kept() -> None:
    rows: list[Printed] = [(72, 500 - 12 * i, 10, "F1", str(i)) for i in range(8)]
    page = [(72.0, 740.0, 12.0, "F2", "1 One"), *column(72, 720, 4), *rows]
    found = convert_with_pdfium(pdf_of(page, SECOND, SECOND, SECOND))
    assert {str(i) for i in range(8)} <= set(" ".join(b.text for b in found.blocks).split())


def turned(text: str, x: float, y: float) -> Printed:
    return (0, 0, 10.0, "F1", f") Tj 0 1 -1 0 {x} {y} Tm ({text}")


def test_a_turned_page_is_read_in_order() -> None:
    page = [turned(f"line {i:02} of a turned page with some more words", 100 + 12 * i, 80)
            for i in range(12)]  # fmt: skip
    paper = read(TWO_COLUMNS, page)
    text = paper.sections[-1].text
    numbers = [int(word) for word in text[text.index("line 00") :].split() if word.isdigit()]
    assert numbers == list(range(12))
    assert "rotated-text" not in {warning.rule for warning in paper.warnings}


def test_turned_text_beside_upright_text_is_a_warning() -> None:
    page = [turned("a turned table with many more words in it", 100 + 12 * i, 80) for i in range(9)]
    paper = read([*column(72, 740, 10), *page])
    warning = next(each for each in paper.warnings if each.rule == "rotated-text")
    assert warning.detail.startswith("pages 1: ")


def test_keywords_are_no_part_of_an_abstract_without_a_heading() -> None:
    page: list[Printed] = [
        (72, 740, 17, "F2", "A Journal Paper"),
        (72, 715, 10, "F1", "ANN AUTHOR, University of Foxes"),
        *column(72, 690, 8, "an abstract that no heading announces says this and that"),
        (72, 570, 9, "F1", "Keywords: foxes, dogs"),
        (72, 540, 12, "F2", "1 Introduction"), *column(72, 520, 12),
    ]  # fmt: skip
    paper = read(page)
    assert paper.abstract.startswith("an abstract that no heading announces")
    assert "foxes" not in paper.abstract.lower()
    assert not [warning for warning in paper.warnings if warning.rule == "no-abstract"]


RUN_IN = "2.1.1. Name.) Tj /F1 10 Tf ( And the text goes on after it in the same line"


def test_a_numbered_heading_that_runs_into_its_paragraph_is_cut_from_it() -> None:
    page: list[Printed] = [
        (72, 740, 12, "F2", "1. One"), *column(72, 720, 6),
        (72, 620, 12, "F2", "2. Two"), (72, 600, 11, "F2", "2.1. Below"),
        (72, 580, 10, "F2", RUN_IN), *column(72, 568, 6),
    ]  # fmt: skip
    paper = read(page)
    assert sections(paper) == [(1, "One"), (1, "Two"), (2, "Below"), (3, "Name")]
    assert paper.sections[-1].text.startswith("And the text goes on after it")


def test_a_space_that_begins_a_piece_of_a_line_parts_the_words() -> None:
    line = "one of bold) Tj /F2 10 Tf ( words) Tj /F1 10 Tf ( and) Tj ( then) Tj (some"
    found = convert_with_pdfium(pdf_of([(72, 700, 10, "F1", line)]))
    assert [block.text for block in found.blocks] == ["one of bold words and thensome"]


def test_small_capitals_and_bold_sentences() -> None:
    caps = "1 I) Tj /F1 9.6 Tf (NTRODUCTION) Tj ("
    page: list[Printed] = [
        (72, 740, 12, "F1", caps), *column(72, 720, 6),
        (72, 620, 12, "F1", "2 T) Tj /F1 9.6 Tf (HE METHOD) Tj ("), *column(72, 600, 6),
        (72, 528, 10, "F2", "Foxes are better in every respect than all other"),
        *column(72, 516, 6, "animals are, since running words fill the lines"),
        (72, 420, 12, "F1", "3 R) Tj /F1 9.6 Tf (ESULTS) Tj ("), *column(72, 400, 6),
    ]  # fmt: skip
    assert sections(read(page)) == [(1, "INTRODUCTION"), (1, "THE METHOD"), (1, "RESULTS")]


# --- Hostile files -------------------------------------------------------------------------------


PAGE = (
    b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >>"
    b" /XObject << /X 6 0 R >> >> /Contents 5 0 R >>"
)


def raw_pdf(content: bytes, font: bytes, *more: bytes) -> bytes:
    """A PDF of one page with a compressed content stream."""
    packed = zlib.compress(content)
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [4 0 R] /Count 1 >>",
        font,
        PAGE,
        b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(packed), packed),
        *more,
    ]
    out = b"%PDF-1.4\n" + b"".join(
        b"%d 0 obj\n%s\nendobj\n" % each for each in enumerate(objects, start=1)
    )
    return out + b"trailer\n<< /Size %d /Root 1 0 R >>\n%%%%EOF" % (len(objects) + 1)


TIMES = b"<< /Type /Font /Subtype /Type1 /BaseFont /Times-Roman >>"
DESCRIPTOR = (
    b"<< /Type /FontDescriptor /FontName /Foo /Flags 4 /ItalicAngle 0 /Ascent 800 /Descent -200"
    b" /CapHeight 700 /StemV 80 /FontBBox [0 0 1000 1000] >>"
)
UNMAPPED = (
    b"<< /Type /Font /Subtype /Type0 /BaseFont /Foo /Encoding /Identity-H /DescendantFonts [<< "
    b"/Type /Font /Subtype /CIDFontType2 /BaseFont /Foo /CIDSystemInfo << /Registry (Adobe) "
    b"/Ordering (Identity) /Supplement 0 >> /DW 500 /FontDescriptor " + DESCRIPTOR + b" >>] >>"
)


def test_fonts_without_a_mapping_are_a_warning() -> None:
    content = b"BT /F1 10 Tf 72 700 Td <" + b"00240025002600270028" * 30 + b"> Tj ET"
    found = convert_with_pdfium(raw_pdf(content, UNMAPPED))
    rules = {warning.rule for warning in paper_of(found, file="x").warnings}
    assert found.unmapped == (0,)
    assert "unmapped-characters" in rules
    assert convert_with_pdfium(PAPER).unmapped == ()


@pytest.mark.parametrize("size", ["0 0", "1e9 1e9", "-5 -5", "612 1e-9"])
def test_pages_of_strange_sizes_are_read(size: str) -> None:
    payload = PAPER.replace(b"612 792", size.encode())
    found = convert_with_pdfium(payload)
    assert sum(block.text.count("brown fox") for block in found.blocks) == 16


@pytest.mark.parametrize("size", ["0", "1e38", "-10", "0.00001"])
def test_type_of_strange_sizes_is_read(size: str) -> None:
    payload = PAPER.replace(b"/F1 10.0 Tf", f"/F1 {size} Tf".encode())
    assert payload != PAPER
    titles = [b.text for b in convert_with_pdfium(payload).blocks if b.kind == "heading"]
    assert "2 Method" in titles


def test_a_figure_that_contains_itself_ends() -> None:
    form = (
        b"<< /Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X 6 0 R >> >>"
    )
    form += b" /Length 5 >>\nstream\n/X Do\nendstream"
    content = b"BT /F1 10 Tf 72 700 Td (Some words that are here) Tj ET /X Do"
    found = convert_with_pdfium(raw_pdf(content, TIMES, form))
    assert [block.text for block in found.blocks] == ["Some words that are here"]


def test_a_broken_table_of_offsets_is_mended() -> None:
    whole = convert_with_pdfium(PAPER).blocks
    assert convert_with_pdfium(PAPER.replace(b"xref\n0", b"xxxx\n0")).blocks == whole


def test_a_page_that_cannot_be_loaded_is_named() -> None:
    payload = pdf_of(*[column(72, 700, 9)] * 2)
    broken = payload.replace(b"/Kids [6 0 R", b"/Kids [1 0 R")
    with pytest.raises(ParseError, match=r"^damaged-pdf: Failed to load page"):
        parse_pdf(broken, file="x")


def test_ten_thousand_pages_are_refused_before_they_are_read() -> None:
    kids = b"4 0 R " * 10_000
    payload = raw_pdf(b"", TIMES).replace(b"[4 0 R] /Count 1 ", b"[" + kids + b"] /Count 10000 ")
    with pytest.raises(ParseError, match=r"^too-many-pages: 10000 pages, more than 300"):
        parse_pdf(payload, file="x")


def test_a_content_stream_that_unpacks_to_too_much_ends_in_time() -> None:
    payload = raw_pdf(b"BT /F1 10 Tf 72 700 Td " + b"(word ) Tj " * 3_000_000 + b"ET", TIMES)
    assert len(payload) < 100_000
    started = time.monotonic()
    with pytest.raises(ParseError, match=r"^(?:pdf-timeout|pdf-memory|converter-failed): "):
        convert(payload, converter="pypdfium2", limits=replace(PDF_LIMITS, seconds=1.5))
    assert time.monotonic() - started < 30
