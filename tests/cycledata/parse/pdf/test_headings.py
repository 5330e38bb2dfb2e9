"""What is a heading and what is not: rows of tables, labels, small type, numbers, languages."""

import pytest

from cycledata.formats.section_titles import (
    is_abstract,
    is_appendix,
    is_keywords,
    is_printed_acknowledgments,
    is_references,
)
from cycledata.parse.pdf.blocks import blocks_of
from cycledata.parse.pdf.columns import in_capitals
from cycledata.parse.pdf.convert import Block, Converted, PdfLine
from cycledata.parse.pdf.lines import page_lines
from cycledata.parse.pdf.pdfium import _with_plain_text
from cycledata.parse.pdf.runs import Page, Run
from cycledata.parse.pdf.structure import parts_of
from tests.cycledata.parse.pdf.test_pages import column, read, sections
from tests.cycledata.parse.pdf.test_parse import Printed
from tests.cycledata.parse.pdf.test_variants import LINE, headed

Sheet = list[Printed]
INTRODUCTION, METHOD, RESULTS = (1, "Introduction"), (1, "Method"), (1, "Results")


def one_command(*cells: str, space: int = 1_500) -> str:
    """Cells that one drawing command prints, with spaces in thousandths of the size."""
    parts = f" {-space} ".join(f"({cell})" for cell in cells)
    return f") Tj [{parts}] TJ ("


@pytest.mark.parametrize("numbered", [True, False], ids=["numbered", "not numbered"])
def test_a_bold_row_of_one_command_is_no_heading(numbered: bool) -> None:
    row = one_command("Kind of fox", "Score", "Cost of it")
    titles = ("Introduction", "Method")
    page = headed(*(f"{at + 1} {t}" if numbered else t for at, t in enumerate(titles)))
    second: Sheet = [
        (72, 740, 10, "F2", row), (72, 724, 10, "F1", one_command("red", "many", "few")),
        *column(72, 690, 6), (72, 580, 12, "F2", "3 Results" if numbered else "Results"),
        *column(72, 560, 6),
    ]  # fmt: skip
    paper = read(page, second)
    assert sections(paper) == [INTRODUCTION, METHOD, RESULTS]
    assert "Kind of fox Score Cost of it" in paper.sections[1].text


def test_a_heading_of_one_command_keeps_its_number() -> None:
    titles = ("Introduction", "Method", "Results")
    page = headed(*(one_command(f"{at + 1}", title) for at, title in enumerate(titles)))
    assert sections(read(page)) == [INTRODUCTION, METHOD, RESULTS]


def test_a_bold_label_above_rows_of_numbers_is_no_heading() -> None:
    page = headed("1 Introduction", "2 Method", "3 Results")
    page += [
        (72, 330, 10, "F2", "Foxes of all kinds"),
        (72, 318, 10, "F1", "Red 12.1% 3.4 -5"), (72, 306, 10, "F1", "Blue 0.1% 8.4 15"),
    ]  # fmt: skip
    assert sections(read(page)) == [INTRODUCTION, METHOD, RESULTS]


def test_lines_in_capitals_are_no_headings_where_headings_are_bold() -> None:
    page = headed("1 Introduction", "2 Method", "3 Results")
    page += [(72, 330, 10, "F1", "ASK THE FOX"), *column(72, 310, 3, LINE)]
    paper = read(page)
    assert sections(paper) == [INTRODUCTION, METHOD, RESULTS]
    assert "ASK THE FOX" in paper.sections[2].text


def test_numbered_headings_in_the_type_of_the_text_are_headings() -> None:
    page = headed("1 Introduction", "2 Method")
    page += [
        (72, 440, 10, "F1", "2.1 First foxes"), *column(72, 418, 3, LINE),
        (72, 360, 10, "F1", "2.2. Second foxes"), *column(72, 338, 3, LINE),
        (72, 280, 10, "F1", "2.7 foxes per square mile"), *column(72, 258, 3, LINE),
        (72, 200, 12, "F2", "3 Results"), *column(72, 180, 3, LINE),
    ]  # fmt: skip
    assert sections(read(page)) == [
        INTRODUCTION, METHOD, (2, "First foxes"), (2, "Second foxes"), RESULTS,
    ]  # fmt: skip


def test_a_number_out_of_sequence_in_the_type_of_the_text_is_no_heading() -> None:
    page = headed("1 Introduction", "2 Method")
    page += [(72, 440, 10, "F1", "2.3 Foxes"), *column(72, 418, 3, LINE)]
    assert sections(read(page)) == [INTRODUCTION, METHOD]


def test_numbered_headings_may_start_with_a_small_letter() -> None:
    page = headed("1 Introduction", "1.1 getfox function", "A Proofs", "A.1 setfox of it")
    assert sections(read(page)) == [
        INTRODUCTION, (2, "getfox function"), (1, "Proofs"), (2, "setfox of it"),
    ]  # fmt: skip


@pytest.mark.parametrize(("size", "kind"), [(12.0, "heading"), (10.0, "text")], ids=str)
def test_a_large_numbered_heading_above_a_listing_is_a_heading(size: float, kind: str) -> None:
    body = Run("words " * 20, 72, 400, 700, 10, "Serif", bold=False, italic=False, spaced=False)
    title = body._replace(text="3 Code", right=160, base=740, size=size, font="Bold", bold=True)
    code = body._replace(text="fox = jump", right=120, base=755, size=6.0, font="Typewriter")
    text = [body._replace(base=100.0 + 12 * at) for at in range(40)]
    page = Page(600, 800, [*text, title, code], [], 0, 0)
    blocks = blocks_of([page], [page_lines(page, set())])
    assert (blocks[-2].kind, blocks[-2].text) == (kind, "3 Code")


def test_small_capitals_go_on_in_the_next_line() -> None:
    start = ") Tj /F1 10 Tf (II. M) Tj /F1 8 Tf (ETHOD OF ALL THE FOXES AND OF) Tj ("
    page = headed("I. INTRODUCTION", bold="F1", size=10)
    page += [
        (90, 520, 10, "F1", start), (150, 508, 8, "F1", "ALL THE DOGS"), *column(72, 490, 5, LINE),
        (200, 400, 10, "F1", "III. RESULTS"), *column(72, 380, 5, LINE),
    ]  # fmt: skip
    assert sections(read(page)) == [
        (1, "INTRODUCTION"), (1, "METHOD OF ALL THE FOXES AND OF ALL THE DOGS"), (1, "RESULTS"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Proof of the Law of Foxes", True),
        ("Definition of Terms", True),
        ("Proof of Theorem 3", False),
        ("Proof of the main lemma", False),
    ],
)
def test_a_proof_of_a_statement_is_no_heading(title: str, expected: bool) -> None:
    found = [each for _, each in sections(read(headed("Introduction", title, "Conclusion")))]
    assert (title in found) == expected


def korean(text: str, y: float, *, bold: bool = False, size: float = 10.0) -> Block:
    box = (0.1, y, 0.9, y + 0.02)
    line = PdfLine(text, box, size, bold, italic=False, font="Serif")
    return Block("heading" if bold else "text", text, 0, box, (line,))


def test_headings_of_two_letters_are_read_in_korean() -> None:
    blocks = (
        korean("여우에 대하여", 0.1, bold=True, size=16),
        korean("초록", 0.2, bold=True, size=12), korean("이 연구는 여우를 다룬다. " * 9, 0.24),
        korean("서론", 0.3, bold=True, size=12), korean("여우는 개를 뛰어넘는다. " * 9, 0.34),
        korean("한계", 0.4, bold=True, size=12), korean("여우가 적다. " * 9, 0.44),
        korean("참고문헌", 0.5, bold=True, size=12), korean("김여우. 2001. 개.", 0.54),
    )  # fmt: skip
    parts = parts_of(Converted("x", 1, blocks, ordered=True))
    assert [part.title for part in parts] == ["", "초록", "서론", "한계", "참고문헌"]


def test_names_of_parts_are_known_in_more_languages_and_misspelled() -> None:
    assert [is_references(t) for t in ("참고문헌", "참고 문헌", "參考文獻")] == [True] * 3
    assert [is_abstract(t) for t in ("초록", "要旨")] == [True] * 2
    assert is_printed_acknowledgments("Acknowledgemnts")
    assert not is_printed_acknowledgments("Knowledge of Foxes")
    assert is_keywords("Digital Object Identifier 10.0000/FOX.2001.1")
    assert is_keywords("2012 ACM Subject Classification Theory of foxes")


FRONT: Sheet = [
    (72, 560, 12, "F2", "Abstract"), *column(72, 540, 4, LINE),
    (72, 470, 12, "F2", "1 Introduction"), *column(72, 450, 20, LINE),
]  # fmt: skip


@pytest.mark.parametrize(
    "first",
    [
        [(90, 730, 12, "F1", "RESEARCH ARTICLE"), (90, 700, 12, "F2", "On Owls")],
        [(90, 730, 17, "F2", "Highlights"), (90, 700, 17, "F2", "On Owls")],
        [
            (90, 730, 12, "F2", "On Owls"), (90, 710, 12, "F1", "Zoe Zebra and Ann Owl"),
            (90, 695, 12, "F1", "University of Foxes"),
        ],
    ],
    ids=["kind of article", "highlights", "authors in its size"],
)  # fmt: skip
def test_a_title_is_no_kind_of_article_and_has_no_authors(first: Sheet) -> None:
    assert read(first + FRONT).title == "On Owls"


def test_a_title_at_the_edge_that_pages_repeat_is_the_title() -> None:
    page: Sheet = [(72, 775, 7, "F1", "Quick Foxes"), *column(72, 720, 40, LINE)]
    paper = read([(72, 740, 17, "F2", "Quick Foxes"), *FRONT], page, page, page)
    assert paper.title == "Quick Foxes"
    assert "Quick" not in "".join(section.text for section in paper.sections)


def test_an_introduction_a_bit_above_the_abstract_beside_it_is_no_front_matter() -> None:
    words = "half a line of words that fill the column"
    page: Sheet = [
        (150, 740, 17, "F2", "A Plain Study of Foxes"), (200, 715, 10, "F1", "Zoe Zebra"),
        (140, 680, 12, "F2", "Abstract"), *column(60, 660, 12, f"{words} of it"),
        (320, 682, 12, "F2", "1. Introduction"), *column(320, 660, 20, words),
    ]  # fmt: skip
    paper = read(page, [(60, 740, 12, "F2", "2. Method"), *column(60, 720, 20, words)])
    assert sections(paper) == [INTRODUCTION, METHOD]
    assert paper.abstract.count(f"{words} of it") == 12
    assert paper.abstract.count(words) == 12


def printed(text: str, base: float, size: float = 10.0, font: str = "Serif", **type_: bool) -> Run:
    bold = type_.get("bold", False)
    width = 4.5 * len(text)
    return Run(text, 72, 72 + width, base, size, font, bold=bold, italic=False, spaced=False)


def test_a_heading_in_another_font_that_ends_in_a_dash_is_cut_from_its_paragraph() -> None:
    runs = [printed("2 Method", 60, 14.0, "Sans"), printed("2.1 Foxes", 90, 12.0, "Sans")]
    runs += [printed("3 Results", 500, 14.0, "Sans")]
    runs += [printed(LINE, 110.0 + 12 * at) for at in range(5)]
    for title, base in (("Red foxes —", 180.0), ("Lemma 1 —", 300.0)):
        head = printed(title, base, font="Sans")
        rest = printed(f"and then {LINE}", base)._replace(left=head.right + 3, right=500)
        runs += [head, rest, *(printed(LINE, base + 12 * at) for at in range(1, 6))]
    runs += [printed(LINE, 530.0 + 12 * at) for at in range(9)]
    page = Page(600, 800, sorted(runs, key=lambda run: run.base), [], 0, 0)
    blocks = tuple(blocks_of([page], [page_lines(page, set())]))
    parts = parts_of(Converted("x", 1, blocks, ordered=True))[1:]
    assert [(part.level, part.title) for part in parts] == [
        (1, "Method"), (2, "Foxes"), (3, "Red foxes"), (1, "Results"),
    ]  # fmt: skip
    assert parts[2].blocks[0].text.startswith("and then running words")


def test_bold_numbered_headings_of_an_appendix_in_small_type_are_headings() -> None:
    page = headed("1 Introduction", "2 Method")
    small = [
        (72.0, 700.0, 10.0, "F2", "A Proofs"), (72.0, 680.0, 8.0, "F2", "A.1 Proofs of foxes"),
        *((72.0, 664.0 - 10 * at, 8.0, "F1", LINE) for at in range(4)),
        (72.0, 600.0, 8.0, "F2", "A.2 Proofs of dogs"),
        *((72.0, 584.0 - 10 * at, 8.0, "F1", LINE) for at in range(4)),
    ]  # fmt: skip
    assert sections(read(page, small)) == [
        INTRODUCTION, METHOD, (1, "Proofs"), (2, "Proofs of foxes"), (2, "Proofs of dogs"),
    ]  # fmt: skip


def test_a_bold_numbered_heading_may_have_many_lines() -> None:
    words = [f"long words of a title in line {n} of" for n in ("one", "two", "three", "four")]
    title = ["2 The very", *words, "it all and then its end"]
    page: Sheet = [*headed("1 Introduction")]
    page += [(72.0, 500.0 - 14 * at, 12.0, "F2", line) for at, line in enumerate(title)]
    page += [*column(72, 410, 5, LINE), (72, 320, 12, "F2", "3 Results"), *column(72, 300, 5, LINE)]
    whole = " ".join(title)[2:]
    assert sections(read(page)) == [INTRODUCTION, (1, whole), RESULTS]


def test_a_numbered_heading_below_a_figure_is_no_part_of_it() -> None:
    page = headed("1 Introduction", "2 Method")
    page += [
        (72, 430, 10, "F1", "2.1 First foxes"), *column(72, 412, 2, LINE),
        (72, 370, 10, "F1", "Figure 1: A fox jumps over a dog."),
        (72, 330, 10, "F1", "2.2 Second foxes"), *column(72, 308, 4, LINE),
        (72, 240, 12, "F2", "3 Results"), *column(72, 220, 4, LINE),
    ]  # fmt: skip
    assert sections(read(page))[2:] == [(2, "First foxes"), (2, "Second foxes"), RESULTS]


def test_the_weight_of_a_font_is_not_believed_if_that_of_the_text_is_wrong() -> None:
    def page(font: str) -> Page:
        text = [printed(LINE, 100.0 + 12 * at, font="PlainT", bold=True) for at in range(9)]
        return Page(600, 800, [*text, printed("words", 300, font=font, bold=True)], [], 0, 0)

    last = [_with_plain_text([page(font)])[0].runs[-1].bold for font in ("PlainTI", "Plain-Bold")]
    assert last == [False, True]


def test_headings_that_are_all_in_the_type_of_the_text_are_known_by_their_numbers() -> None:
    titles = ("1. Introduction", "2. Method of foxes", "2.1. Data of foxes", "3. Results")
    page = [
        (x, y, size, "F1", text) for x, y, size, _, text in headed(*titles, size=10) if size <= 12
    ]
    page = [(150.0, 740.0, 17.0, "F1", "A Plain Study of Foxes"), *page]
    page += [(72.0, 225.0, 10.0, "F1", "References"), (72.0, 205.0, 10.0, "F1", "[1] A. Zebra.")]
    paper = read(page)
    assert sections(paper) == [
        INTRODUCTION, (1, "Method of foxes"), (2, "Data of foxes"), RESULTS,
    ]  # fmt: skip
    assert "Zebra" not in "".join(section.text for section in paper.sections)
    assert paper.abstract.startswith("we say here")


def test_items_of_a_list_are_no_headings_of_a_paper_without_numbers() -> None:
    page = headed("Introduction", "Method")
    items = ("1. Foxes", "2. Dogs", "3. Owls")
    page += [(72.0, 430.0 - 24 * at, 10.0, "F1", item) for at, item in enumerate(items)]
    assert sections(read(page)) == [INTRODUCTION, METHOD]


def test_a_title_with_variables_may_be_in_capitals() -> None:
    assert in_capitals("\u2113 AND \u03b1 FOXES")
    assert not in_capitals("\u2113 and \u03b1 Foxes")


def test_an_appendix_may_start_with_a_small_letter_but_an_article_is_no_number() -> None:
    page = headed("1 Introduction", "2 Method", "A Proofs", "B foxes_and_dogs: a definition")
    page += [(72, 250, 12, "F2", "A fox is no number"), *column(72, 232, 3, LINE)]
    assert (1, "foxes_and_dogs: a definition") in sections(read(page))
    assert (1, "fox is no number") not in sections(read(page))


def test_the_name_of_tex_is_read_whole() -> None:
    page = headed("1 Introduction", "2 Method", "3 Results")
    parts = (("T", 109.3, 330), ("E", 115.2, 327.8), ("X here", 121, 330))
    page += [(x, y, 10, "F1", text) for text, x, y in parts]
    page += [(72, 330, 10, "F1", "We use")]
    assert "We use TEX here" in read(page).sections[-1].text


def test_a_running_head_with_the_number_of_its_page_is_no_heading() -> None:
    head: Printed = (72, 690, 8, "F2", "2 Ann Zebra and Bob Owl")
    paper = read(headed("1 Introduction"), [head, *column(72, 660, 20, LINE)])
    assert sections(paper) == [INTRODUCTION]
    assert "Zebra" not in paper.sections[0].text


def test_a_run_in_heading_ends_at_its_stop_though_short_words_follow() -> None:
    page = headed("1 Introduction", "1.1 Foxes")
    page += [
        (72, 430, 10, "F2", "1.1.1 Red foxes.) Tj /F1 10 Tf ( As) Tj /F2 10 Tf ( foxes) Tj ("),
        *column(72, 418, 4, LINE),
    ]  # fmt: skip
    paper = read(page)
    assert sections(paper)[-1] == (3, "Red foxes")
    assert paper.sections[-1].text.startswith("As foxes")


def test_the_next_line_of_a_large_bold_heading_may_have_words_in_another_font() -> None:
    page = headed("1 Introduction", "2 Method")
    page += [
        (72, 430, 12, "F2", "3 The very long tale of foxes"),
        (72, 416, 12, "F1", "foxOverDog) Tj /F2 12 Tf ( code"), *column(72, 396, 5, LINE),
    ]  # fmt: skip
    assert sections(read(page))[-1] == (1, "The very long tale of foxes foxOverDog code")


def test_a_word_in_capitals_that_a_line_breaks_is_joined_as_the_paper_writes_it() -> None:
    first: Sheet = [
        (72, 740, 17, "F2", "ON THE CONVOLU-"), (72, 720, 17, "F2", "TION OF NON-"),
        (72, 700, 17, "F2", "LINEAR FOXES"), *FRONT,
        *column(72, 170, 2, "a convolution of non-linear foxes"),
    ]  # fmt: skip
    assert read(first).title == "ON THE CONVOLUTION OF NON-LINEAR FOXES"


def test_an_abstract_that_runs_into_its_bold_name_is_the_abstract() -> None:
    start = "Abstract) Tj /F1 10 Tf ( The foxes of this paper jump over the dogs of it"
    page = [(72.0, 640.0, 10.0, "F2", start), *column(72, 628, 4, LINE)]
    page = [(90.0, 740.0, 17.0, "F2", "On Owls"), (90.0, 715.0, 10.0, "F1", "Zoe Zebra"), *page]
    page += [(72.0, 550.0, 12.0, "F2", "Results"), *column(72, 530, 20, LINE)]
    paper = read(page)
    assert paper.abstract.startswith("The foxes of this paper")
    assert sections(paper) == [(1, "Results")]


def test_a_bold_label_below_a_heading_is_no_part_of_it() -> None:
    page = headed("1 Introduction", "2 Method")
    page += [
        (72, 440, 10, "F2", "2.1 Results of the foxes with bold type"),
        (72, 423, 10, "F2", "Scores of all dogs."), *column(72, 408, 5, LINE),
    ]  # fmt: skip
    assert sections(read(page))[-1] == (2, "Results of the foxes with bold type")


def test_appendices_of_papers_with_roman_numbers_have_sections() -> None:
    page = headed("I. INTRODUCTION", "II. METHOD", bold="F1", size=10)
    page += [
        (72, 430, 10, "F1", "III. RESULTS"), *column(72, 412, 3, LINE),
        (72, 350, 10, "F1", "APPENDIX A PROOFS"), (72, 330, 10, "F2", "A. Of foxes"),
        *column(72, 312, 3, LINE), (72, 250, 10, "F2", "B. Of dogs"), *column(72, 232, 3, LINE),
    ]  # fmt: skip
    assert sections(read(page)) == [
        (1, "INTRODUCTION"), (1, "METHOD"), (1, "RESULTS"),
        (1, "PROOFS"), (2, "Of foxes"), (2, "Of dogs"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("title", "found"), [("Supplementary Material", True), ("Checklist", False)]
)
def test_a_supplement_may_number_its_headings_anew(title: str, *, found: bool) -> None:
    page = headed("1 Introduction", "2 Method", "3 Results")
    second = [
        (72.0, 740.0, 12.0, "F2", title), (72.0, 715.0, 12.0, "F2", "1 More foxes"),
        *column(72, 697, 4, LINE), (72.0, 620.0, 12.0, "F2", "2 More dogs"),
        *column(72, 602, 4, LINE),
    ]  # fmt: skip
    anew = [(1, "More foxes"), (1, "More dogs")]
    assert (sections(read(page, second))[4:] == anew) == found


@pytest.mark.parametrize("title", ["ANNEXE", "Anhang", "\u9644\u5f55"])
def test_appendices_have_names_in_other_languages(title: str) -> None:
    assert is_appendix(title)
    assert not is_appendix(f"{title} of foxes")


def test_a_sign_under_a_slash_is_no_second_cell_of_a_row() -> None:
    head = printed("3.2 Noise of foxes (a", 100, bold=True, font="Serif-Bold")
    slash = printed("\u0338", 100, font="CMSY10")._replace(left=170, right=176.4)
    equals = printed("= 0)", 100, font="CMR10")._replace(left=169.9, right=190)
    lines = page_lines(Page(600, 800, [head, slash, equals], [], 0, 0), set())
    assert [line.text() for line in lines] == ["3.2 Noise of foxes (a ≠ 0)"]
