"""Ways to define a command: xparse, xargs, etoolbox and expl3; and names resolved in files."""

from collections.abc import Callable

import pytest

from cycledata.parse.latex.argument_kinds import argument_kinds, xargs_kinds
from cycledata.records import PaperText

Parse = Callable[..., PaperText]


@pytest.mark.parametrize(
    ("definition", "use", "title"),
    [
        (r"\NewDocumentCommand{\h}{d<> m}{\section{#2}}", r"\h<1>{T}", "T"),
        (r"\NewDocumentCommand{\h}{r() m}{\section{#1#2}}", r"\h(a){T}", "aT"),
        (r"\NewDocumentCommand{\h}{D<>{x} m}{\section{#1#2}}", r"\h{T}", "xT"),
        (r"\NewDocumentCommand{\h}{t! m}{\IfBooleanTF{#1}{\section{#2}}{}}", r"\h!{T}", "T"),
        (r"\NewDocumentCommand{\h}{m g}{\section{#1\IfValueT{#2}{#2}}}", r"\h{T}{u}", "Tu"),
        (r"\NewDocumentCommand{\h}{e{_^} m}{\section{#3}}", r"\h_{a}^{b}{T}", "T"),
        (r"\NewDocumentCommand{\h}{>{\TrimSpaces}m}{\section{#1}}", r"\h{T}", "T"),
        (r"\newcommandx{\h}[3][1=a,3=c]{\section{#1#2#3}}", r"\h[x]{T}", "xTc"),
        (r"\csdef{h@x}#1{\section{#1}}", r"\csuse{h@x}{T}", "T"),
        (r"\csgdef{hx}#1{\section{#1}}\letcs\h{hx}", r"\h{T}", "T"),
        (r"\newcommand{\old}[1]{\section{#1}}\NewCommandCopy\h\old", r"\h{T}", "T"),
        (r"\newif\ifa\atrue\let\ifb\ifa\afalse", r"\ifb\section{T}\else\ifb\fi\section{U}\fi", "T"),
        (r"\let\test\ifdefstring\def\a{x}", r"\test{\a}{x}{\section{T}}{\section{U}}", "T"),
        (r"\let\ifless\ifnum", r"\ifless 1<2 \section{T}\else\ifless 1<1 \fi\fi", "T"),
    ],
)
def test_a_definition_is_used(parse_body: Parse, definition: str, use: str, title: str) -> None:
    assert [each.title for each in parse_body(use, definition).sections] == [title]


@pytest.mark.parametrize(
    ("between", "last"),
    [
        (r"\renewcommand{\look}[1]{\cite{#1}}", r"\cite{Zed} b"),
        (r"\let\xspace\relax", r"\look{Zed}b"),
        (r"\renewcommand{\zed}{New}", "Newb"),
        ("", r"\look{Zed} b"),
    ],
    ids=["inner", "xspace", "itself", "none"],
)
def test_a_macro_is_looked_at_again_after_a_definition(
    parse_body: Parse, between: str, last: str
) -> None:
    preamble = r"\newcommand{\zed}{\look{Zed}\xspace}"
    text = parse_body(rf"\section{{T}} \zed, \zed b $x^\zed$ {between}\zed b", preamble)
    once = r"\look{Zed}, \look{Zed} b $x^{\look{Zed}}$ "
    assert text.sections[0].text == once + last


def test_expl3_code_defines_and_prints_nothing(parse_body: Parse) -> None:
    preamble = (
        "\\ExplSyntaxOn\n\\cs_new_protected:Nn \\pap_head:n { \\section { #1 } }\n"
        "\\tl_new:N \\l_pap_tl \\int_set:Nn \\l_tmpa_int { 3 }\n"
        "\\NewDocumentCommand \\head { m } { \\pap_head:n { #1 } }\n\\ExplSyntaxOff"
    )
    text = parse_body(r"\head{T}words", preamble)
    assert [(each.title.strip(), each.text) for each in text.sections] == [("T", "words")]


@pytest.mark.parametrize(
    ("preamble", "read"),
    [
        (r"\makeatletter\def\input@path{{a/}{parts/}}\makeatother", r"\input{one}"),
        (r"\makeatletter\g@addto@macro\input@path{{parts/}}\makeatother", r"\input{one}"),
        ("", r"\input{parts/\jobname-one}"),
    ],
)
def test_names_of_files_are_resolved(parse_files: Parse, preamble: str, read: str) -> None:
    main = rf"\documentclass{{article}}{preamble}\begin{{document}}{read}\end{{document}}"
    parts = {"parts/one.tex": r"\section{One}", "parts/paper-one.tex": r"\section{One}"}
    text = parse_files({"paper.tex": main, **parts})
    assert [section.title for section in text.sections] == ["One"]


def test_class_internals_are_not_pasted(parse_files: Parse) -> None:
    style = (
        "\\def\\midrule{\\noalign{\\hrule \\@height 1\\p@}\\futurelet\\x\\@xhline}"
        "\\renewcommand\\large{\\@setfontsize\\large\\@xiipt{14}}"
    )
    main = (
        "\\documentclass{own}\\begin{document}\\section{S}\\begin{tabular}{l}\\midrule\nA\\\\"
        "\\end{tabular}{\\large B}\\end{document}"
    )
    text = parse_files({"main.tex": main, "own.cls": style}).sections[0].text
    assert text == "\\begin{tabular}{l}\\midrule\nA\\\\\\end{tabular}{B}"


def test_kinds_are_read() -> None:
    assert argument_kinds("o+m!O{a}") == ("o", "m", "Oa")
    assert xargs_kinds(None, None) == ()


@pytest.mark.parametrize(
    "part",
    [
        "{\\def\\a{b}\\a\\endinput\nmore} tail",
        "{\\def\\a{b}\\a \\endinput",
        "\\begingroup\\def\\a{b}\\a\\endinput\nmore\\endgroup",
        "\\begin{x}{\\def\\a{b}\\a\\endinput\nmore}\\end{x}",
    ],
)
def test_a_file_may_end_inside_a_group_that_defines(parse_files: Parse, part: str) -> None:
    paper = "\\documentclass{article}\\begin{document}\\section{A}\\input{p} after\\end{document}"
    text = parse_files({"main.tex": paper, "p.tex": part}).sections[0].text
    assert "b" in text
    assert "after" in text
    assert "more" not in text
    parse_files({"main.tex": paper.replace("\\input{p}", part)})


def test_a_document_may_end_inside_a_group_that_defines(parse_body: Parse) -> None:
    paper = parse_body(r"A {\def\one{x} \one", r"\AtEndDocument{\def\late{Late}\section{\late}}")
    assert [section.title for section in paper.sections] == ["Late"]


def test_a_file_may_be_named_with_an_escaped_underscore(
    parse_files: Callable[..., PaperText],
) -> None:
    main = r"\documentclass{article}\input{my\_words}\begin{document}\section{\h}x\end{document}"
    text = parse_files({"main.tex": main, "my_words.tex": r"\newcommand{\h}{Hives}"})
    assert [section.title for section in text.sections] == ["Hives"]
    assert "missing-input" not in {warning.rule for warning in text.warnings}
