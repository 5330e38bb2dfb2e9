"""Titles, abstracts and acknowledgments in the forms that venues and authors give them."""

from collections.abc import Callable

import pytest

from cycledata.records import PaperText

Parse = Callable[..., PaperText]


@pytest.mark.parametrize(
    ("preamble", "body", "title"),
    [
        (r"\title{A \\[2pt] B\thanks{Us}}", r"\maketitle", "A B"),
        (r"\title[Short]{Long}", r"\maketitle", "Long"),
        (r"\title{Left from the template}\title{Real}", r"\maketitle", "Real"),
        (r"\title{Paper}", r"\maketitle\title{Supplement}\maketitle", "Paper"),
        ("", r"\twocolumn[\icmltitle{Main}]\icmltitle{Supplement to Main}", "Main"),
        ("", r"\aistatstitle{AISTATS Form}", "AISTATS Form"),
        (r"\newcommand{\ours}{Foo\textsuperscript{2}}\title{\ours: Bars}", "", "Foo2: Bars"),
        (r"\title{\LARGE \bf IEEE \vspace{-2mm} Form}", r"\maketitle", "IEEE Form"),
        (r"\title{\includegraphics[height=1em]{logo} With a Logo}", "", "With a Logo"),
        (r"\title{\texorpdfstring{$\ell_1$-Norms}{L1-Norms}}", "", r"$\ell_1$-Norms"),
        (r"\title{\href{http://x.org/a%20b}{Linked}}", "", "Linked"),
        (r"\title{\textcolor{red}{Red} \raisebox{1pt}{Up}}", "", "Red Up"),
        ("\\title{%\n  Broken % note\n  over lines}", "", "Broken over lines"),
        (r"\title{\papertitle}\newcommand{\papertitle}{By Macro}", r"\maketitle", "By Macro"),
        (r"\title{\ours and us}\newcommand{\ours}{\textsc{Fox}\xspace}", "", "Fox and us"),
        ("", "\\begin{center}{\\LARGE \\bf By Size Alone}\\end{center}\n\nText", "By Size Alone"),
        (r"\newcommand{\Title}{ Own Name }\title[Short]{\Title}", r"\maketitle", "Own Name"),
        (r"\def\TITLE{Own Name}\title{\TITLE}", r"\maketitle", "Own Name"),
        ("", "\\begin{center}\n\\Large\\bfseries\nLarge Title\n\\end{center}\nBy", "Large Title"),
        (
            "",
            "{\\Large\\textbf{Of the First Page}\n\n}\\newpage{\\Huge\\it For my children\\par}",
            "Of the First Page",
        ),
        (r"\title{}", r"\maketitle", ""),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else None,
)
def test_title_is_what_a_reader_sees(
    parse_body: Parse, preamble: str, body: str, title: str
) -> None:
    assert parse_body(body + r"\section{Intro}", preamble).title == title


@pytest.mark.parametrize(
    "body",
    [
        r"\begin{abstract}The words.\end{abstract}",
        r"\maketitle \abstract{The words.}",
        r"\abstract The words.\endabstract \maketitle",
        r"\begin{onecolabstract}The words.\end{onecolabstract}",
        r"\section*{Abstract} The words.",
        r"\chapter{Abstract}\label{a} The words.",
        r"\begin{abstract}\begin{quote}The words.\end{quote}\end{abstract}",
        r"\begin{abstract}The words.\begin{CCSXML}<a>\end{CCSXML}\printccsdesc\end{abstract}",
        r"\textbf{Abstract.} The words.\par\medskip\noindent\textbf{Keywords:} ice",
        r"\begin{center}\textbf{Abstract}\end{center}The words.",
        r"\twocolumn[\icmltitle{T}\begin{abstract}The words.\end{abstract}]",
        r"\begin{myabs}The words.\end{myabs}",
        "\\begin{abstract}% note\nThe \\todo{more} words.\\end{abstract}",
    ],
    ids=lambda body: body[:30],
)
def test_abstract_is_found_in_every_form(parse_body: Parse, body: str) -> None:
    preamble = r"\newenvironment{myabs}{\begin{abstract}}{\end{abstract}}"
    text = parse_body(body + "\\section{Intro} Text.", preamble)
    assert "".join(text.abstract.replace("\\end{center}", "").split()) == "Thewords."
    assert [section.title for section in text.sections] == ["Intro"]


@pytest.mark.parametrize(
    "acknowledgment",
    [
        r"\section*{Acknowledgements} We thank Ann.",
        r"\section{Acknowledgment and Disclosure of Funding} We thank Ann.",
        r"\subsubsection*{Acknowledgments} We thank Ann.",
        r"\paragraph{Acknowledgments.} We thank Ann.",
        r"\begin{ack}We thank Ann.\end{ack}",
        r"\acks{We thank Ann.}",
        r"\acknowledgments We thank Ann.",
        "\n\n\\textbf{Acknowledgments.} We thank Ann.",
        "\n\n{\\bf Acknowledgements:} We thank Ann.",
        r"\section*{Aknowledgements} We thank Ann.",
    ],
    ids=lambda text: text.strip()[:30],
)
def test_acknowledgments_leave_the_text_and_are_reported(
    parse_body: Parse, acknowledgment: str
) -> None:
    text = parse_body(
        r"\section{End} Done."
        + acknowledgment
        + "\n\\bibliography{x}\\appendix\\section{Proofs} P."
    )
    assert [section.title for section in text.sections] == ["End", "Proofs"]
    assert "Ann" not in "".join(section.text for section in text.sections)
    assert "acknowledgments" in [leak.rule for leak in text.leaks]


def test_sections_after_the_appendix_say_so(parse_body: Parse) -> None:
    text = parse_body(r"\section{A}\appendix\section{B}\subsection*{C}")
    assert [(each.title, each.appendix, each.starred) for each in text.sections] == [
        ("A", False, False),
        ("B", True, False),
        ("C", True, True),
    ]


ONEDOT = r"""
\makeatletter
\def\onedot{\futurelet\@let@token\@onedot}
\def\@onedot{\ifx\@let@token.\else.\null\fi\xspace}
\def\etal{et al\onedot}
\makeatother
"""
"""How the styles of CVPR and ICCV put one full stop after an abbreviation."""


@pytest.mark.parametrize(
    ("preamble", "body", "expected"),
    [
        ("", r"a\todo{fix}b", "ab"),
        ("", r"a\todo[inline]{fix \cite{x}}b", "ab"),
        ("", r"a\added{new}\deleted{old}b", "anewb"),
        (r"\newcommand{\jk}[1]{\textcolor{red}{[JK: #1]}}", r"a\jk{rewrite}b", "ab"),
        (r"\newcommand{\red}[1]{\textcolor{red}{#1}}", r"a\red{c}b", r"a\textcolor{red}{c}b"),
        (r"\newcommand{\R}{\mathbb{R}}", r"in $\R^n$", r"in $\R^n$"),
        (r"\newcommand{\name}{Foo}", r"$x^\name$", r"$x^{Foo}$"),
        (r"\newcommand{\name}{Foo}", r"{\em\name} a\name b", r"{\em Foo} aFoob"),
        (
            r"\newcommand{\name}{Foo\xspace}",
            r"\name, \name. (\name) \name b",
            "Foo, Foo. (Foo) Foo b",
        ),
        (
            r"\newcommand{\name}{\textsc{Foo}\xspace}",
            r"\name's \name{}",
            r"\textsc{Foo}'s \textsc{Foo}{}",
        ),
        (
            ONEDOT,
            r"Yin~\etal say, e.g\onedot, that \etal. do",
            r"Yin~et al. say, e.g., that et al. do",
        ),
        ("", r"\glsunset{cnn}a \gls{cnn}\glsresetall", r"a \gls{cnn}"),
        ("", "a\\vspace{1em}\n\n\n\n\\newpage b", "a\n\n b"),
        ("", "50\\% % of\n% all\nb", "50\\% b"),
        ("", "a\\verb|%\\todo{x}|b", "a\\verb|%\\todo{x}|b"),
    ],
)
def test_text_keeps_what_the_paper_says_and_no_remark(
    parse_body: Parse, preamble: str, body: str, expected: str
) -> None:
    (section,) = parse_body(r"\section{S}" + body, preamble).sections
    assert section.text == expected


def test_figures_have_label_caption_and_files(parse_body: Parse) -> None:
    body = (
        r"\begin{figure*}\includegraphics[width=1pt]{a.pdf}\begin{subfigure}{1pt}"
        r"\includegraphics{b}\caption{Sub}\label{fig:sub}\end{subfigure}"
        r"\caption[s]{All of \textbf{it}}\label{fig:x}\end{figure*}"
        r"\begin{wrapfigure}{r}{1pt}\epsfig{file=c.eps}\end{wrapfigure}"
    )
    first, second = parse_body(body).figures
    assert (first.label, first.caption, first.files) == (
        "fig:x",
        r"All of \textbf{it}",
        ("a.pdf", "b"),
    )
    assert (second.label, second.caption, second.files) == (None, "", ("c.eps",))


def test_a_bold_abstract_ends_with_the_environment_around_it(parse_body: Parse) -> None:
    words = " ".join(["We count foxes in the snow of one winter."] * 8)
    text = parse_body(
        r"\twocolumn[\begin{center}{\Large Foxes in the snow}\begin{minipage}{5cm}"
        rf"\textbf{{Abstract.}} {words}\end{{minipage}}\vskip 1em\end{{center}}]\section{{A}}One."
    )
    assert text.abstract == words
