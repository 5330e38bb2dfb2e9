"""Authors that a LaTeX paper names again are masked, and nothing else is."""

from collections.abc import Callable

import pytest

from cycledata.parse.author_names import MASK
from cycledata.parse.latex import named_authors
from cycledata.records import PaperText

Parse = Callable[..., PaperText]

FORMS = {
    "neurips": r"\author{Zora Quimby\thanks{Us}\\ Foxes \\ \texttt{z@f} \And Iv\'an Ornek \\ B}",
    "iclr": r"\author{Zora Quimby$^{1}$, Iv\'an Ornek$^{1,2}$ \\ $^{1}$Fox School \\ New York}",
    "rows": r"\author{Zora Quimby$^{1}$ \\ Iv\'an Ornek$^{2}$ \\ $^{1}$Fox Institute}",
    "quads": r"\author{\textbf{Zora Quimby}\hspace{2mm}{a}\quad \textbf{Iv\'an Ornek} \\ F}",
    "jmlr": r"\author{\name Zora Quimby \email z@f \\ \addr F \\ \name Iv\'an Ornek \email i@f}",
    "ieee": r"\author{\IEEEauthorblockN{Zora Quimby and Iv\'an Ornek} \IEEEauthorblockA{Fox Lab}}",
    "table": r"\author{\begin{tabular}{cc}Zora Quimby & Iv\'an Ornek\\Fox Lab & B\end{tabular}}",
    "thanks": r"\author{Zora Quimby\thanks{Of \emph{F}}, Iv\'an Ornek\footnotemark[1] \\ Foxes}",
    "several": r"\author[1]{Zora Quimby}\author[2]{Iv\'an Ornek}\affil[1]{Fox Lab}",
    "springer": r"\author[1]{\fnm{Zora} \sur{Quimby}}\author*[2]{\fnm{Iv\'an} \sur{Ornek}}",
    "and": "\\author{Zora Quimby and Iv\\'{a}n Ornek\\\\\nDepartment of Foxes}",
}


@pytest.mark.parametrize("author", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize(
    "spelled", ["Iván Ornek", r"Iv\'an Ornek", r"Iv\'{a}n~Ornek", "IVÁN ORNEK"]
)
def test_names_are_masked_wherever_they_come_again(
    parse_body: Parse, author: str, spelled: str
) -> None:
    body = rf"\maketitle\section{{A}}Zora Quimby wrote, {spelled} counted; Quimby (2019) showed it."
    text = parse_body(body, author)
    assert text.sections[0].text == f"{MASK} wrote, {MASK} counted; Quimby (2019) showed it."
    assert [leak.rule for leak in text.leaks].count("author-block") >= 3


def test_tables_captions_headings_and_addresses_are_masked(parse_body: Parse) -> None:
    preamble = r"\author{Zora Quimby \\ Fox Lab \\ \texttt{zq@fox.org}}"
    body = (
        r"\maketitle\section{A}Ask zq@fox.org or mail quimby@gmail.com, not help@example.com."
        r"\paragraph{Zora Quimby.} \begin{tabular}{ll}Zora Quimby & code \\\end{tabular}"
        r"\begin{figure}\caption{By Zora Quimby}\end{figure}"
    )
    text = parse_body(body, preamble)
    assert text.sections[0].text == f"Ask {MASK} or mail {MASK}, not help@example.com."
    assert text.sections[1].title == f"{MASK}."
    assert f"{MASK} & code" in text.sections[1].text
    assert text.figures[0].caption == f"By {MASK}"


@pytest.mark.parametrize(
    ("author", "words"),
    [
        (r"\author{Zora Quimby \\ Hong Kong}", "data of Hong Kong"),
        (r"\author{Zora Quimby \\ New York \\ Fox Lab}", "data of New York"),
        (r"\author{Zora Quimby, Fox University}", "students of Fox University"),
        (r"\author{Deep Learning Team}", "The Deep Learning Team does deep learning in a team."),
        (r"\author{Anonymous Authors}", "Anonymous Authors wrote this."),
        (r"\author{Zora Quimby}", "as Quimby et al. show, and Zora too"),
        ("", "Zora Quimby is named by nobody."),
    ],
)
def test_other_words_stay(parse_body: Parse, author: str, words: str) -> None:
    assert parse_body(rf"\maketitle\section{{A}}{words}", author).sections[0].text == words


def test_the_bibliography_keeps_its_names(parse_body: Parse) -> None:
    body = (
        r"\maketitle\section{A}Words \cite{q}\begin{thebibliography}{1}"
        r"\bibitem{q} Zora Quimby. \newblock A title of foxes. \newblock 2019.\end{thebibliography}"
    )
    text = parse_body(body, r"\author{Zora Quimby}")
    assert text.sections[0].text == r"Words \cite{q}"


@pytest.mark.parametrize(
    "front",
    [
        "\\name{Zora Quimby, Iv\\'an Ornek$^{1}$}\n\\address{Fox Lab}",
        r"\twoauthors{Zora Quimby}{Fox Lab\\B}{Iv\'an Ornek\sthanks{Us.}}{Snow School}",
        r"\threeauthors{Zora Quimby}{F}{Bo Dunmore}{G}{Iv\'an Ornek}{H}",
    ],
)
def test_names_of_signal_processing_venues_are_masked(parse_body: Parse, front: str) -> None:
    text = parse_body(r"\maketitle\section{A}Zora Quimby and Iv\'an Ornek wrote.", front)
    assert text.sections[0].text == f"{MASK} and {MASK} wrote."


def test_names_in_commands_inside_of_one_another_are_read_within_a_limit(
    parse_body: Parse, monkeypatch: pytest.MonkeyPatch
) -> None:
    front = "\\author{Ann Alpha}" + "\\author{" * 30 + "Bob Beta " + "x" * 500 + "}" * 30
    body = "\\section{One} We thank Ann Alpha, but not Cleo Gamma."
    text = front + "\\author{Cleo Gamma}\n" + body
    assert parse_body(text).sections[0].text.count(MASK) == 2
    monkeypatch.setattr(named_authors, "MAX_READ", 2_000)
    assert parse_body(text).sections[0].text.count(MASK) == 1
