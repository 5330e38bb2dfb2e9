"""Authors' remarks leave the text whole; what the paper says stays."""

from collections.abc import Callable

import pytest

from cycledata.parse.latex.author_notes import is_note
from cycledata.records import PaperText

Parse = Callable[..., PaperText]


@pytest.mark.parametrize(
    ("preamble", "note"),
    [
        (r"\newcommand{\ann}[1]{{\color{magenta}[Ann: #1]}}", r"\ann{GONE}"),
        (r"\newcommand{\remark}[2]{\textcolor{blue}{(#1) #2}}\def\x{}", r"\todo{GONE}"),
        (r"\newcommand{\cmnt}[2]{\textcolor{#1}{[#2]}}", r"\cmnt{red}{GONE}"),
        (r"\newcommand{\ab}[1]{\note{AB}{#1}}\newcommand{\note}[2]{\hl{#1: #2}}", r"\ab{GONE}"),
        (r"\newcommand{\kk}[2][me]{\marginpar{\tiny #1: #2}}", r"\kk[you]{GONE}"),
        (r"\newcommand{\kl}[3]{\textcolor{#1}{[#2: #3]}}", r"\kl{red}{K}{GONE}"),
        (r"\usepackage[disable]{todonotes}", r"\todo[inline]{GONE}"),
        (r"\usepackage{xargs}\newcommandx{\ask}[2][1=]{\todo[#1]{#2}}", r"\ask[a]{GONE}"),
        (
            r"\def\red#1{\textcolor{red}{#1}}\def\commentary#1{\red{{\bf Commentary}: #1}}",
            r"\commentary{GONE}",
        ),
        (r"\NewDocumentCommand{\jnote}{o m}{\textcolor{red}{note: #2}}", r"\jnote[x]{GONE}"),
        (r"\newcommand{\authnote}[2]{{$\ll$#1 notes: #2$\gg$}}", r"\authnote{Ann}{GONE}"),
        (
            r"\newcommand{\note}[1]{[#1]}\newcommand{\ann}[1]{{\color{blue}\note{#1}}}",
            r"\ann{GONE}",
        ),
    ],
    ids=lambda value: value[:40],
)
def test_notes_go_with_all_of_their_arguments(parse_body: Parse, preamble: str, note: str) -> None:
    body = r"\begin{abstract}One " + note + r" two.\end{abstract}\section{S " + note + "}"
    text = parse_body(body + f"Three {note} four.", preamble)
    assert "GONE" not in text.model_dump_json()
    assert text.abstract.split() == ["One", "two."]
    assert text.sections[0].text.split() == ["Three", "four."]


@pytest.mark.parametrize(
    ("preamble", "kept"),
    [
        (r"\newcommand{\rev}[1]{\textcolor{blue}{#1}}", r"\rev{KEPT}"),
        (r"\newcommand{\finding}[1]{\colorbox{gray}{Finding: #1}}", r"\finding{KEPT}"),
        (r"\newcommand{\q}[1]{\textcolor{blue}{Q: #1}}", r"\q{KEPT}"),
        (r"\newcommand{\denote}[1]{\textcolor{blue}{#1}}", r"\denote{KEPT}"),
        (r"\newcommand{\tablenote}[1]{{\footnotesize\color{gray} #1}}", r"\tablenote{KEPT}"),
        (r"\newcommand{\new}[1]{KEPT}", r"\new{x}"),
    ],
    ids=lambda value: value[:40],
)
def test_colored_words_of_the_paper_stay(parse_body: Parse, preamble: str, kept: str) -> None:
    assert "KEPT" in parse_body(r"\section{S}" + kept, preamble).sections[0].text


def test_own_commands_and_formulas_are_no_editing_marks(parse_body: Parse) -> None:
    preamble = r"\newcommand{\st}{s_t}\newcommand{\remove}{\mathcal{R}}"
    body = r"\section{S}$\st + \remove$ and \[a\hspace{1em}\null b\] and $\new x$."
    text = parse_body(body, preamble).sections[0].text
    assert text == r"$\st + \remove$ and \[a\hspace{1em}\null b\] and $\new x$."


def test_initials_name_an_author_and_labels_do_not() -> None:
    assert is_note(r"\jk", r"\textcolor{red}{JK: #1}")
    assert not is_note(r"\claim", r"\textcolor{red}{Claim: #1}")


@pytest.mark.parametrize(
    ("name", "answer"), [("answerYes", "[Yes]"), ("answerNo", "[No] "), ("answerNA", "[NA] ")]
)
def test_answers_of_checklists_are_no_remarks(parse_body: Parse, name: str, answer: str) -> None:
    macro = rf"\newcommand{{\{name}}}[1][]{{\textcolor{{blue}}{{{answer}#1}}}}"
    text = parse_body(rf"\section{{S}}Answer: \{name}[one]", macro).sections[0].text
    assert text == rf"Answer: \textcolor{{blue}}{{{answer}one}}"
