"""Ways in which papers print headings, keywords, thanks, contacts, margins and tables."""

import re
from collections.abc import Callable

import pytest

from cycledata.parse.pdf.columns import Type
from cycledata.parse.pdf.floats import apart_from_figures
from cycledata.parse.pdf.lines import line_of
from cycledata.parse.pdf.runs import Page as PrintedPage
from cycledata.parse.pdf.runs import Run
from tests.cycledata.parse.pdf.test_pages import column, read, sections
from tests.cycledata.parse.pdf.test_parse import Printed

LINE = "running words that fill a line of the paper and then go on"
Page = list[Printed]


def headed(*titles: str, bold: str = "F2", size: float = 12, x: float = 72) -> Page:
    """A title, an abstract and sections of five lines; a title's lines are parted by newlines."""
    page: Page = [
        (150, 740, 17, "F2", "A Plain Study of Foxes"),
        (72, 705, 12, "F2", "Abstract"), *column(90, 690, 3, "we say here what the paper has"),
    ]  # fmt: skip
    y = 630.0
    for title in titles:
        for at, line in enumerate(title.split("\n")):
            page.append((x + 14 * (at > 0), y, size, bold, line))
            y -= 14
        page += column(72, y - 4, 5, LINE)
        y -= 90
    return page


LONG = "How Foxes Jump over Dogs That Are Lazy and Why This Is of Interest to People Who Study Dogs"
HEADINGS: dict[str, tuple[Page, list[tuple[int, str]]]] = {
    "a pipe after the number": (
        headed("1 | Introduction", "2 | Data of Foxes", "3 | Results"),
        [(1, "Introduction"), (1, "Data of Foxes"), (1, "Results")],
    ),
    "centered on two lines": (
        headed("1. Start", "2. The Long and Winding Tale of\nFoxes and Dogs", "3. End", x=200),
        [(1, "Start"), (1, "The Long and Winding Tale of Foxes and Dogs"), (1, "End")],
    ),
    "unnumbered, long, on two lines": (
        headed("Introduction", LONG.replace("Is of ", "Is of\n"), "Conclusion", size=11),
        [
            (1, "Introduction"),
(1, LONG),
            (1, "Conclusion"),
        ],
    ),
    "in German": (
        [
            (150, 740, 17, "F2", "Eine Studie der Hunde"), (72, 705, 12, "F2", "Zusammenfassung"),
            *column(90, 690, 3, "wir sagen hier was die Arbeit hat"),
            (72, 630, 12, "F2", "1 Einleitung"), *column(72, 614, 5),
            (72, 540, 12, "F2", "2 Ergebnisse"), *column(72, 524, 5),
            (72, 450, 12, "F2", "Literatur"), (72, 434, 10, "F1", "[1] A. Fuchs. 2001."),
        ],
        [(1, "Einleitung"), (1, "Ergebnisse")],
    ),
    "levels without numbers": (
        [
            *headed("Introduction", size=14),
            (72, 520, 14, "F2", "Methods of Foxes"), (72, 502, 11, "F2", "Data"),
            *column(72, 488, 5), (72, 415, 11, "F2", "Models"), *column(72, 401, 5),
            (72, 330, 14, "F2", "Results"), *column(72, 312, 5),
        ],
        [(1, "Introduction"), (1, "Methods of Foxes"), (2, "Data"), (2, "Models"), (1, "Results")],
    ),
    "numbered after the references": (
        [
            *headed("1 Introduction", "2 Method"),
            (72, 430, 12, "F2", "References"), (72, 415, 10, "F1", "[1] A. Fox. On dogs, 2001."),
            (72, 403, 10, "F1", "[2] B. Owl. On foxes, 2002."),
            (72, 370, 12, "F2", "Notes"), *column(72, 352, 4),
            (72, 290, 12, "F2", "3 Appendix"), *column(72, 272, 4),
            (72, 210, 11, "F2", "3.1 [Fox et al., 2001] Once More"), *column(72, 192, 4),
        ],
        [
            (1, "Introduction"), (1, "Method"), (1, "Notes"), (1, "Appendix"),
            (2, "[Fox et al., 2001] Once More"),
        ],
    ),
    "with a small letter, a stop and numbers left out": (
        headed(
            "1 Introduction", "1.1 mRNA of Foxes", "1.4 Runs of All the Foxes of This Land.",
            "2 Method",
        ),
        [
            (1, "Introduction"), (2, "mRNA of Foxes"),
            (2, "Runs of All the Foxes of This Land"), (1, "Method"),
        ],
    ),
    "beside bold items of a list": (
        [
            *headed("1 Introduction", size=14),
            (72, 520, 10, "F2", "1. Foxes run."), *column(72, 506, 3),
            (72, 460, 10, "F2", "2. Dogs sleep."), *column(72, 446, 3),
            (72, 400, 14, "F2", "2 Method"), *column(72, 384, 5),
            (72, 310, 14, "F2", "3 Results"), *column(72, 294, 5),
        ],
        [(1, "Introduction"), (1, "Method"), (1, "Results")],
    ),
    "letters below numbers": (
        headed("1. Introduction", "A. First foxes", "B. Second foxes", "2. Results"),
        [
            (1, "Introduction"), (2, "First foxes"), (2, "Second foxes"), (1, "Results"),
        ],
    ),
    "small letters below numbers": (
        headed("1. Introduction", "2. Results", "a. First foxes", "b. Second foxes"),
        [(1, "Introduction"), (1, "Results"), (2, "First foxes"), (2, "Second foxes")],
    ),
    "letters of an appendix without a stop": (
        headed("1 Introduction", "2 Results", "A Proofs", "A1 First", "A2 Second"),
        [
            (1, "Introduction"), (1, "Results"), (1, "Proofs"), (2, "First"), (2, "Second"),
        ],
    ),
    "in all of its type bold": (
        [
            (x, y, size, "F2", text)
            for x, y, size, _, text in headed("Introduction", "Methods of Foxes", size=14)
        ],
        [(1, "Introduction"), (1, "Methods of Foxes")],
    ),
    "run in without a stop": (
        [
            *headed("1 Introduction", "1.1 Foxes"),
            (72, 430, 10, "F2", "1.1.1 Red foxes) Tj /F1 10 Tf ( They are red in this line and"),
            *column(72, 418, 4),
        ],
        [(1, "Introduction"), (2, "Foxes"), (3, "Red foxes")],
    ),
    "in capitals close above the text": (
        [
            *headed("INTRODUCTION", "METHOD", bold="F1", size=10),
            (72, 440, 10, "F1", "DISCUSSION"), *column(72, 428, 6),
        ],
        [(1, "INTRODUCTION"), (1, "METHOD"), (1, "DISCUSSION")],
    ),
    "above a figure with bold labels": (
        [
            *headed("1 Introduction", "2 Method"),
            (100, 420, 12, "F2", "Encoder"), (250, 420, 12, "F2", "Decoder"),
            (170, 395, 12, "F2", "Attention"),
            (110, 375, 10, "F1", "Figure 1: A model of foxes and of dogs."),
            (72, 340, 12, "F2", "3 Results"), *column(72, 322, 5),
        ],
        [(1, "Introduction"), (1, "Method"), (1, "Results")],
    ),
    "above a table with a bold head": (
        [
            *headed("1 Introduction", "2 Method"),
            (120, 430, 10, "F1", "Table 1. Numbers of foxes by their kinds"),
            (140, 412, 10, "F2", "Method"), (230, 412, 10, "F2", "Score"),
            (140, 400, 10, "F1", "2 Layers"), (230, 400, 10, "F1", "33.1"),
            (140, 388, 10, "F2", "3 Layers"), (230, 388, 10, "F2", "34.1"),
            (72, 340, 12, "F2", "3 Results"), *column(72, 322, 5),
        ],
        [(1, "Introduction"), (1, "Method"), (1, "Results")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", HEADINGS)
def test_headings_are_read_as_they_are_printed(case: str) -> None:
    page, expected = HEADINGS[case]
    assert sections(read(page)) == expected


KEYWORDS = {
    "bold, without a colon": ["Keywords) Tj /F1 10 Tf ( zebras, dogs, foxes"],
    "in capitals": ["KEYWORDS", "zebras; dogs; foxes"],
    "index terms, bold": ["Index Terms-zebras, dogs, foxes"],
    "phrases": ["Key words and phrases. zebras, dogs"],
    "additional": ["Additional Key Words and Phrases: zebras, dogs"],
    "classes": ["2020 Mathematics Subject Classification. Primary 62M10; zebras"],
    "JEL": ["JEL Classification: C63, zebras"],
    "PACS": ["PACS numbers: 03.67.Lx, zebras"],
    "ACM": ["Categories and Subject Descriptors: D.3.3 zebras", "General Terms: Zebras"],
    "French": ["Keywords : zebras, dogs"],
}


@pytest.mark.parametrize("font", ["F1", "F2"])
@pytest.mark.parametrize("case", KEYWORDS)
def test_keywords_are_no_part_of_the_abstract(case: str, font: str) -> None:
    page = headed("1 Introduction", "2 Method")
    lines = enumerate(KEYWORDS[case])
    page += [(90.0, 652.0 - 9 * at, 9.5, font, line) for at, line in lines]
    paper = read(page)
    assert paper.abstract.endswith("the paper has 02")
    assert "zebra" not in "".join(s.text for s in paper.sections).lower()
    assert sections(paper) == [(1, "Introduction"), (1, "Method")]


def test_an_abstract_may_speak_of_keywords() -> None:
    page = headed("1 Introduction", "2 Method")
    page += column(90, 654, 2, "Keywords are few, foxes many")
    assert "Keywords are few" in read(page).abstract


MARGINS: dict[str, Callable[[int], str]] = {
    "odd and even": lambda at: "Journal of Zebras 12" if at % 2 else "Quick zebras",
    "page of": lambda at: f"Page {at + 1} of 4",
    "slash": lambda at: f"{at + 1}/4",
    "dashes": lambda at: f"- {at + 1} -",
    "roman": lambda at: ["i", "ii", "iii", "iv"][at],
    "the section's title": lambda at: "ABCD"[at] * 4 + " PART",
}


@pytest.mark.parametrize("y", [766.0, 28.0], ids=["head", "foot"])
@pytest.mark.parametrize("case", MARGINS)
def test_margins_are_no_text(case: str, y: float) -> None:
    pages: list[Page] = []
    for at in range(4):
        start = headed() if at == 0 else []
        title = (72.0, 600.0, 12.0, "F2", f"{at + 1} {'ABCD'[at] * 4} Part")
        margin = (300.0, y, 9.0, "F1", MARGINS[case](at))
        pages.append([*start, margin, title, *column(72, 580, 30, "words and words")])
    paper = read(*pages)
    assert [title for _, title in sections(paper)] == [f"{c * 4} Part" for c in "ABCD"]
    text = " ".join(section.text for section in paper.sections)
    assert re.sub(r"words and words \d\d", "", text).split() == []


def test_numbers_at_the_ends_of_lines_are_no_line_numbers() -> None:
    pages = [
        [(72.0, 740.0, 12.0, "F2", f"{n + 1} {'AB'[n]} Part"),
         *((72.0, 720.0 - 12 * i, 10.0, "F1", f"{LINE} {n * 55 + i}") for i in range(55))]
        for n in range(2)
    ]  # fmt: skip
    text = " ".join(section.text for section in read(*pages).sections)
    assert [int(word) for word in text.split() if word.isdigit()] == list(range(110))


def test_a_head_below_a_wide_margin_is_known_by_its_place() -> None:
    def page(at: int) -> Page:
        head = (150.0, 690.0, 8.0, "F1", f"A. Zebra, B. Owl / Foxes 321 (2004) 5-12 {at + 5}")
        title = (120.0, 660.0, 12.0, "F2", f"{at + 1} {'ABCDE'[at]} Part")
        return [*(headed() if at == 0 else [head]), title, *column(120, 640, 30, "words of it")]

    text = " ".join(section.text for section in read(*map(page, range(5))).sections)
    assert "Zebra" not in text
    assert text.count("words of it") == 150


def test_a_column_of_small_type_beside_the_text_is_no_text() -> None:
    line = f"{LINE} and further on"
    notes = ["Received: 1 May 2001", "Citation: Zebra, Z.", "Foxes 2001", "Copyright: Z. Zebra"]
    page: Page = [
        (72, 740, 17, "F2", "A Plain Study of Foxes"),
        (180, 700, 10, "F2", "Summary"), *column(180, 686, 5, line),
        (180, 600, 12, "F2", "1 Introduction"), *column(180, 584, 12, line),
        *((60.0, 640.0 - 9 * at, 7.0, "F1", note) for at, note in enumerate(notes * 3)),
    ]  # fmt: skip
    paper = read([*page, *column(180, 400, 10, line)])
    text = paper.abstract + "".join(section.text for section in paper.sections)
    assert re.sub(rf"{line} \d\d", "", text).split() == []
    assert text.count(line) == 27
    assert paper.abstract.count(line) == 5


def test_an_abstract_in_small_type_low_on_the_first_page_is_no_footnote() -> None:
    first: Page = [
        (72, 560, 17, "F2", "A Plain Study of Foxes"), (72, 500, 11, "F2", "Zoe Zebra"),
        *((110.0, 420.0 - 11 * at, 9.0, "F1", f"{LINE} and more {at}") for at in range(7)),
        (80, 60, 7, "F1", "* Speaker."),
    ]  # fmt: skip
    second: Page = [(72, 740, 12, "F2", "1. Introduction"), *column(72, 720, 30, LINE)]
    paper = read(first, second, second)
    assert paper.abstract.count(LINE) == 7
    assert "Speaker" not in paper.abstract


def test_what_is_in_larger_type_below_an_abstract_is_no_part_of_it() -> None:
    page = headed("1 Introduction", "2 Method")
    page += [(90.0, 680.0 - 3 * at, 8.0, "F1", f"{LINE} {at}") for at in range(3)]
    first: Page = [
        (150, 740, 17, "F2", "A Plain Study of Foxes"), (90, 710, 9, "F2", "Abstract"),
        *((90.0, 696.0 - 10 * at, 9.0, "F1", f"{LINE} {at}") for at in range(7)),
        *column(72, 610, 2, "To cite this work use the zebra"),
        (72, 570, 12, "F2", "1 Introduction"), *column(72, 550, 20),
    ]  # fmt: skip
    assert "zebra" not in read(first).abstract


@pytest.mark.parametrize(
    ("first", "title"),
    [
        ([(72, 760, 12, "F1", "Running head: OWLS 1"), (150, 640, 12, "F1", "On Owls")], "On Owls"),
        (
            [(150, 730, 24, "F1", "Journal of Owl Studies"), (90, 640, 17, "F2", "On Owls")],
            "On Owls",
        ),
        ([(200, 730, 10, "F1", "On Owls"), (200, 690, 10, "F1", "Zoe Zebra, Ann Owl")], "On Owls"),
        (
            [(90, 730, 17, "F2", "On Owls That Are Very"), (90, 697, 17, "F2", "Old and Wise")],
            "On Owls That Are Very Old and Wise",
        ),
    ],
    ids=["running head", "name of the journal", "in the type of the authors", "double spaced"],
)  # fmt: skip
def test_the_title_is_known_by_type_and_place(first: Page, title: str) -> None:
    rest: Page = [
        (72, 560, 12, "F2", "Abstract"), *column(72, 540, 4, LINE),
        (72, 470, 12, "F2", "1 Introduction"), *column(72, 450, 20, LINE),
    ]  # fmt: skip
    assert read(first + rest).title == title


@pytest.mark.parametrize("apart", [False, True], ids=["whole", "digit by digit"])
def test_numbers_of_each_fifth_line_are_no_text(apart: bool) -> None:
    pages: list[Page] = []
    for at in range(4):
        page: Page = [(72.0, 740.0, 12.0, "F2", f"{at + 1} {'ABCD'[at]} Part")]
        page += column(72, 716, 44, LINE)
        for row in range(9):
            number = str(5 + 45 * at + 5 * row)
            parts = enumerate(number) if apart else [(0, number)]
            y = 740.0 if row == 0 else 716.0 - 60 * row + 12
            page += [(50.0 + 4 * place, y, 8.0, "F1", text) for place, text in parts]
        pages.append(page)
    paper = read(*pages)
    assert sections(paper) == [(1, f"{each} Part") for each in "ABCD"]
    text = " ".join(section.text for section in paper.sections)
    assert re.sub(rf"{LINE} \d\d", "", text).split() == []


def test_columns_below_a_wide_abstract_are_read_apart() -> None:
    words = "half a line of words that fill the column"
    page: Page = [
        (150, 740, 17, "F2", "A Plain Study of Foxes"), (250, 705, 10, "F1", "ABSTRACT"),
        *column(90, 690, 10, f"{LINE} that is wide here and goes on to the other edge"),
        (110, 540, 9, "F1", "1. INTRODUCTION"), *column(60, 526, 12, words),
        (110, 370, 9, "F1", "2. METHOD"), *column(60, 356, 6, words),
        *column(320, 540, 24, words),
    ]  # fmt: skip
    paper = read(page)
    assert sections(paper) == [(1, "INTRODUCTION"), (1, "METHOD")]
    assert [len(re.findall(words, section.text)) for section in paper.sections] == [12, 30]


def test_text_is_kept_where_a_drawing_has_wide_margins() -> None:
    page = PrintedPage(600, 800, [], [(50.0, 50.0, 550.0, 400.0)], 0, 0)
    run = Run(
        "A line of the page itself",
        60,
        300,
        100,
        10,
        "Times",
        bold=False,
        italic=False,
        spaced=False,
    )
    label = run._replace(text="A line of the drawing", right=150, base=200, nested=True)
    drawn, rest = apart_from_figures(
        page, [line_of([run]), line_of([label])], Type(10, "Times", 1.2)
    )
    assert [[line.text() for line in lines] for lines in (*drawn, rest)] == [
        ["A line of the drawing"],
        ["A line of the page itself"],
    ]


def test_a_spaced_heading_is_read_whole() -> None:
    page = [
        (x, y, s, f, t.replace("Abstract", "A B S T R A C T")) for x, y, s, f, t in headed("1 A")
    ]
    assert read(page).abstract.startswith("we say here")


def test_a_compound_that_a_line_breaks_at_its_hyphen_keeps_it() -> None:
    page = headed("1 Introduction", "2 Method")
    lines = ("we are the state-of-", "the-art and not out-", "of-date but inter-", "esting")
    page += [(72.0, 430.0 - 12 * at, 10.0, "F1", line) for at, line in enumerate(lines)]
    text = read(page).sections[-1].text
    assert "we are the state-of-the-art and not out-of-date but interesting" in text
