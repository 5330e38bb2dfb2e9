"""Levels and texts of headings, and warnings about them."""

from collections.abc import Callable

from cycledata.records import PaperText

Parse = Callable[..., PaperText]


def test_chapters_are_the_first_level_of_a_paper_that_has_them(parse_body: Parse) -> None:
    body = r"\chapter{One}a\section{Two}b\paragraph{Three}c\chapter*{Four}d"
    sections = parse_body(body).sections
    assert [(each.level, each.title, each.starred) for each in sections] == [
        (1, "One", False),
        (2, "Two", False),
        (5, "Three", False),
        (1, "Four", True),
    ]


def test_the_first_section_of_a_vgtc_paper_is_a_section(parse_body: Parse) -> None:
    sections = parse_body(r"\firstsection{Introduction}\maketitle Words\section{Next}More").sections
    assert [(each.title, each.text.strip()) for each in sections] == [
        ("Introduction", "Words"),
        ("Next", "More"),
    ]


def test_headings_may_be_environments_or_in_a_wrapper(parse_body: Parse) -> None:
    body = (
        r"\IEEEraisesectionheading{\section{One}\label{o}}a"
        r"\hypertarget{two}{\begin{section}{Two}b\begin{subsection}{Three}c\end{subsection}\end{section}}"
    )
    assert [(each.level, each.title, each.text) for each in parse_body(body).sections] == [
        (1, "One", r"\label{o}a"),
        (1, "Two", "b"),
        (2, "Three", "c"),
    ]


def test_font_sizes_that_a_style_defines_are_not_printed(parse_files: Parse) -> None:
    style = r"\def\huge{\@setfontsize\huge\@xviipt{20}}\def\large{\@setfontsize\large\@xipt{12}}"
    paper = (
        r"\documentclass{article}\usepackage{venue}\title{{\huge Big: Title}}\begin{document}"
        r"\maketitle\section{\large Head}Words\end{document}"
    )
    text = parse_files({"main.tex": paper, "venue.sty": style})
    assert (text.title, text.sections[0].title) == ("Big: Title", "Head")


def test_one_warning_is_given_once(parse_body: Parse) -> None:
    text = parse_body(r"\section{A}" + r"\ifdim\textwidth>1pt a\fi " * 3)
    assert [each.rule for each in text.warnings].count("undecided-conditional") == 1


def test_formulas_in_headings_stay_formulas_however_they_are_set(parse_body: Parse) -> None:
    body = (
        r"\section{\(a\mid \beta\)}One\section{Of \ensuremath{\beta0\nu} decay}Two"
        r"\section{\texorpdfstring{\(x^2\)}{x2} wins}Three\section{An open \( here}Four"
    )
    assert [each.title for each in parse_body(body).sections] == [
        r"$a\mid \beta$",
        r"Of $\beta0\nu$ decay",
        "$x^2$ wins",
        "An open here",
    ]


def test_tags_of_appendices_are_no_text(parse_body: Parse) -> None:
    body = r"\section{A}One\begin{appendices}\section{B}Two\end{appendices}"
    assert [(each.text, each.appendix) for each in parse_body(body).sections] == [
        ("One", False),
        ("Two", True),
    ]


def test_a_paragraph_without_a_title_stays_in_its_section(parse_body: Parse) -> None:
    text = parse_body(r"\section{A}One. \paragraph{} Two." + " Words of the second part." * 20)
    assert [each.title for each in text.sections] == ["A"]
    assert "Two." in text.sections[0].text


def test_the_title_of_a_supplement_begins_the_appendix(parse_body: Parse) -> None:
    text = parse_body(r"\section{S}one\maketitlesupplementary\section{T}two")
    assert [(section.title, section.appendix) for section in text.sections] == [
        ("S", False),
        ("T", True),
    ]
