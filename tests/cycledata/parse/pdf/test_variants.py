"""Ways in which papers print headings, keywords, thanks, contacts, margins and tables."""

import re
from collections.abc import Callable

import pytest

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
