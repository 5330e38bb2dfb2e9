"""Tests of etoolbox, ifthen and xstring are decided as LaTeX decides them."""

from collections.abc import Callable

import pytest

from cycledata.records import PaperText

Parse = Callable[..., PaperText]
PREAMBLE = (
    r"\usepackage{etoolbox,xstring}\newcommand{\kind}{long}\newbool{full}\booltrue{full}\def\void{}"
)


@pytest.mark.parametrize(
    ("test", "taken"),
    [
        (r"\ifdefstring{\kind}{long}", "yes"),
        (r"\ifcsstring{kind}{short}", "no"),
        (r"\ifdefstrequal{\kind}{\kind}", "yes"),
        (r"\ifdefvoid{\nothing}", "yes"),
        (r"\ifcsvoid{kind}", "no"),
        (r"\notblank{ }", "no"),
        (r"\ifdefmacro{\kind}", "yes"),
        (r"\ifnumcomp{2}{>}{3}", "no"),
        (r"\ifnumless{2}{3}", "yes"),
        (r"\ifnumodd{3}", "yes"),
        (r"\ifboolexpr{bool {full} and not test {\ifdefstring{\kind}{short}}}", "yes"),
        (r"\ifboolexpr{not bool {full} or ( bool {full} and bool {none} )}", "no"),
        (r"\notboolexpr{bool {full}}", "no"),
        (r"\IfStrEq{\kind}{long}", "yes"),
        (r"\IfSubStr{\kind}{on}", "yes"),
        (r"\IfBeginWith{\kind}{s}", "no"),
        (r"\IfEndWith*{\kind}{ng}", "yes"),
        (r"\IfEq{02}{2}", "yes"),
        (r"\IfInteger{4.5}", "no"),
        (r"\ifthenelse{\equal{\kind}{long} \AND \boolean{full}}", "yes"),
        (r"\IfBlankTF{}", "yes"),
        (r"\ifthenelse{\NOT \equal{\kind}{long} \OR \isodd{\value{page}}}", "no"),
        (r"\ifthenelse{\equal{a}{a} \OR \equal{a}{a} \AND \equal{a}{b}}", "no"),
        (r"\ifthenelse{\equal{a}{a} \OR \( \equal{a}{a} \AND \equal{a}{b} \)}", "yes"),
        (r"\ifthenelse{\lengthtest{1pt < 2cm}}", "yes"),
        (r"\expandafter\ifblank\expandafter{\void}", "yes"),
        (r"\listadd{\kinds}{a}\listadd{\kinds}{b}\ifinlist{b}{\kinds}", "yes"),
        (
            r"\ExplSyntaxOn\str_if_eq:nnTF{x}{x}{\gdef\a{1}}{\gdef\a{0}}\ExplSyntaxOff\ifnumequal{\a}{1}",
            "yes",
        ),
    ],
)
def test_one_branch_is_read(parse_body: Parse, test: str, taken: str) -> None:
    text = parse_body(test + r"{\section{yes}}{\section{no}}\section{End}", PREAMBLE)
    assert [section.title for section in text.sections] == [taken, "End"]
    assert text.sections[0].text == ""


@pytest.mark.parametrize(
    ("body", "title"),
    [
        (r"\ifnum\pdfstrcmp{\kind}{long}=0 \section{A}\else\section{B}\fi", "A"),
        (r"\ifnum\numexpr 2*(3+1)-7/2\relax=4 \section{A}\else\section{B}\fi", "A"),
        (r"\chardef\flag=1 \ifnum\flag=1 \section{A}\else\section{B}\fi", "A"),
        (r"\IfStrEqCase{\kind}{{short}{\section{A}}{long}{\section{B}}}[\section{C}]", "B"),
        (r"\IfStrEqCase{x}{{short}{\section{A}}{long}{\section{B}}}[\section{C}]", "C"),
    ],
)
def test_cases_and_comparisons(parse_body: Parse, body: str, title: str) -> None:
    assert [section.title for section in parse_body(body, PREAMBLE).sections] == [title]


def test_an_unknown_conditional_is_warned_of(parse_body: Parse) -> None:
    text = parse_body(r"\section{S}\ifourvenue{one}{two}")
    (warning,) = [each for each in text.warnings if each.rule == "unknown-conditional"]
    assert warning.detail.startswith("\\ifourvenue is not known")


def test_labels_count_as_defined(parse_body: Parse) -> None:
    body = r"\section{A}\IfRefUndefinedExpandable{a}{no label}{see \ref{a}}"
    text = parse_body(body)
    assert text.sections[0].text == r"see \ref{a}"
    assert "unknown-conditional" not in [each.rule for each in text.warnings]
