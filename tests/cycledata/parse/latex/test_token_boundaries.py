"""No control word grows into what follows it, wherever two pieces of text are joined."""

import re
from collections.abc import Callable

import pytest

from cycledata.parse.latex.tokens import ends_in_word, joined, without_comments
from cycledata.records import PaperText

Parse = Callable[..., PaperText]


@pytest.mark.parametrize(
    ("preamble", "body", "text"),
    [
        (r"\newcommand{\key}[1]{{\sl#1}}", r"a \key{term}", r"a {\sl term}"),
        (r"\newcommand{\key}[2]{{\sf\sl#1\bf#2}}", r"\key{a}{b}", r"{\sf\sl a\bf b}"),
        (r"\newcommand{\end*}[1]{#1now}", r"\hline%" + "\nRow", r"\hline Row"),
        (r"\newcommand{\tool}{Foo}", r"{\sc\tool}", r"{\sc Foo}"),
        (r"\newif\ifx@\x@true", r"\iftrue\it\fi slanted", r"\it slanted"),
        ("", "$a \\geq% why\nb$", "$a \\geq b$"),
        ("", r"\bf\todo{x}Words", r"\bf Words"),
        ("", r"\sl\thanks{Ann}Words", r"\sl Words"),
    ],
)
def test_joined_pieces_keep_the_boundary(
    parse_body: Parse, preamble: str, body: str, text: str
) -> None:
    (section,) = parse_body(r"\section{S}" + body, preamble).sections
    assert section.text == text


def test_a_heading_behind_a_font_command_keeps_its_words(parse_body: Parse) -> None:
    preamble = r"\newcommand{\head}[1]{\section{\sffamily#1}}"
    text = parse_body(r"\head{First}a\section{\itshape%" + "\nSecond}b", preamble)
    assert [section.title for section in text.sections] == ["First", "Second"]


def test_files_are_joined_as_lines(parse_files: Parse) -> None:
    main = r"\documentclass{article}\begin{document}\section{S}\input{part}next\end{document}"
    text = parse_files({"main.tex": main, "part.tex": r"ends in \em"})
    assert re.fullmatch(r"ends in \\em\s+next", text.sections[0].text)


@pytest.mark.parametrize(
    ("text", "expected"), [(r"\bf", True), (r"\\bf", False), (r"\\\bf", True), ("bf", False)]
)
def test_a_control_word_is_told_by_its_backslashes(text: str, expected: bool) -> None:
    assert ends_in_word(text) is expected


def test_pieces_and_comments_are_joined_alike() -> None:
    assert joined([r"\em", "", "a"]) == without_comments("\\em%\na") == r"\em a"
