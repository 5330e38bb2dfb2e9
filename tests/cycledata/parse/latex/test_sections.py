"""Sections of small papers, with the truth that TeX's rules give."""

from collections.abc import Callable

import pytest

from cycledata.records import PaperText

Parse = Callable[..., PaperText]


def outline(text: PaperText) -> list[tuple[int, str]]:
    return [(section.level, section.title) for section in text.sections]


@pytest.mark.parametrize(
    ("preamble", "body", "expected"),
    [
        pytest.param("", r"\section{A}x\subsection*{B}y", [(1, "A"), (2, "B")], id="plain"),
        pytest.param("", "%\\section{A}\n\\section{B}", [(1, "B")], id="commented-out"),
        pytest.param("", r"50\% \section{B}", [(1, "B")], id="escaped-percent"),
        pytest.param("", r"\iffalse\section{A}\else\section{B}\fi", [(1, "B")], id="iffalse-else"),
        pytest.param(
            r"\newif\ifdraft\draftfalse",
            r"\ifdraft\section{A}\fi\section{B}",
            [(1, "B")],
            id="newif",
        ),
        pytest.param(
            r"\newcommand{\sect}[1]{\section{#1}}",
            r"\sect{A}",
            [(1, "A")],
            id="behind-a-macro",
        ),
        pytest.param(
            r"\let\old\section\renewcommand{\section}[1]{\old{#1}\vspace{-1em}}",
            r"\section{A}",
            [(1, "A")],
            id="redefined-through-let",
        ),
        pytest.param(
            "", r"\section[Short]{\label{s}A long\footnote{f} one}", [(1, "A long one")], id="label"
        ),
        pytest.param(
            "",
            "\\begin{verbatim}\n\\section{A} %\n\\end{verbatim}\\section{B}",
            [(1, "B")],
            id="verbatim",
        ),
        pytest.param("", "\\section{A}\\end{document}\\section{B}", [(1, "A")], id="after-the-end"),
        pytest.param(
            r"\newcommand{\cut}[1]{}", r"\cut{\section{A}}\section{B}", [(1, "B")], id="cut"
        ),
        pytest.param(r"\def\icml{0}", r"\if\icml1\section{A}\fi\section{B}", [(1, "B")], id="if1"),
    ],
)
def test_sections_are_those_that_tex_would_print(
    parse_body: Parse, preamble: str, body: str, expected: list[tuple[int, str]]
) -> None:
    assert outline(parse_body(body, preamble)) == expected
