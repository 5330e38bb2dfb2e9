"""Remarks, editing marks, identities and drawings that leave the text; prose that stays."""

from collections.abc import Callable

import pytest

from cycledata.records import PaperText

Parse = Callable[..., PaperText]


def words(text: PaperText) -> str:
    return " ".join(text.sections[0].text.split())


@pytest.mark.parametrize(
    ("body", "preamble", "kept"),
    [
        pytest.param(
            r"one \begin{todo}remark\end{todo}two", r"\newenvironment{todo}{\color{red}}{}",
            "one two", id="environment-of-remarks"),
        pytest.param(r"one \replaced[id=A]{two}{remark}", "", "one two", id="replaced"),
        pytest.param(
            r"one \added[id=A]{and }two, the\added{ last }word", "",
            "one and two, the last word", id="spaces-in-edits"),
        pytest.param(
            r"one \authorA{remark}two", r"\newcommand{\authorA}[1]{\textcolor{blue}{[** #1 --A]}}",
            "one two", id="starred-remark"),
        pytest.param(r"one \comment[id=A]{remark}two", "", "one two", id="comment-of-changes"),
        pytest.param(
            r"one \pdfmarkupcomment[color=red]{two}{remark}", "", "one two", id="markup-comment"),
        pytest.param(
            r"one \nb{AB}{remark}two",
            r"\newcommand{\nb}[2]{\fbox{x}\fcolorbox{black}{red}{\bfseries\scriptsize#1}{\it#2}}",
            "one two", id="name-in-a-small-box"),
        pytest.param(
            r"\rqbox{one two}", r"\newcommand{\rqbox}[1]{\colorbox{gray}{\textbf{RQ2:} #1}}",
            r"\colorbox{gray}{\textbf{RQ2:} one two}", id="numbered-label-is-content"),
        pytest.param(
            r"\obs{one}{two}", r"\newcommand{\obs}[2]{\colorbox{gray}{\textbf{#1:} #2}}",
            r"\colorbox{gray}{\textbf{one:} two}", id="label-and-text-in-one-box"),
        pytest.param(
            "Accepted as a conference standard, BLEU is one. Two.", "",
            "Accepted as a conference standard, BLEU is one. Two.", id="no-venue-named"),
        pytest.param(
            "Published as a conference paper at ICLR 2019. One sentence follows it.", "",
            "One sentence follows it.", id="header-ends-with-its-sentence"),
        pytest.param(
            r"one\footnotetext{Contact: ab@example.org} two", "", "one two", id="contact-note"),
        pytest.param(
            r"one\blfootnote{Correspondence to: Ada Lund.} two", "", "one two", id="corresponding"),
        pytest.param(
            r"one\footnote{Two points are the corresponding pair.}", "",
            r"one\footnote{Two points are the corresponding pair.}", id="corresponding-points"),
        pytest.param(
            r"one \markboth{Journal}{Lund et al.}two \headers{Title}{Ada Lund}", "", "one two",
            id="running-heads"),
        pytest.param(
            r"one \altaffiltext{1}{Institute of Ice}two", "", "one two", id="addresses-of-aastex"),
        pytest.param(r"one \begin{asy}draw(a--b);\end{asy}two", "", "one two", id="asymptote"),
        pytest.param(
            r"\MakeShortVerb{\|}one |\x%y| two", "", r"one |\x%y| two", id="short-verbatim"),
        pytest.param(
            r"\Verb[x=1]|a % b| two", "", r"\Verb[x=1]|a % b| two", id="verbatim-with-options"),
        pytest.param(
            r"one\allowdisplaybreaks[4] \pagebreak[3]two \printbibliography[title=Works]", "",
            "one two", id="options-of-layout"),
        pytest.param(
            r"\definecolor{a}{RGB}{1,2,3}\newtcolorbox{b}[2][]{c=#1}\tikzset{x/.style={y}}one", "",
            "one", id="setup-in-the-body"),
        pytest.param(
            r"one \begin{CSLReferences}{1}{0}\bibitem[\citeproctext]{k} Work.\end{CSLReferences}",
            r"\newenvironment{CSLReferences}[2]{\begin{list}{}{}}{\end{list}}",
            "one", id="references-of-pandoc"),
        pytest.param(
            r"\ifCLASSOPTIONcaptionsoff\newpage\fi one\ifCLASSOPTIONjournal, not two\fi", "",
            "one", id="options-of-ieee"),
    ],
)  # fmt: skip
def test_what_stays_of_a_section(parse_body: Parse, body: str, preamble: str, kept: str) -> None:
    assert words(parse_body(f"\\section{{A}}{body}\\section{{B}}b", preamble)) == kept


@pytest.mark.parametrize(
    "title", ["Author Contributions", "CRediT authorship contribution statement", "Funding",
              "About the authors", "Authors' contributions", "Financial disclosure",
              "Lời cảm ơn"],
)  # fmt: skip
def test_a_section_about_the_authors_keeps_its_heading_only(parse_body: Parse, title: str) -> None:
    text = parse_body(f"\\section{{A}}one\\section*{{{title}}}Ada Lund wrote.\\section{{B}}two")
    assert [(section.title, section.text) for section in text.sections] == [
        ("A", "one"), (title, ""), ("B", "two")]  # fmt: skip
    assert any("Ada Lund" in leak.excerpt for leak in text.leaks)


@pytest.mark.parametrize(
    "title", ["Contributions", "Author Identification", "Correspondence", "Funding Rate Forecasts"]
)
def test_a_section_with_a_similar_title_stays(parse_body: Parse, title: str) -> None:
    text = parse_body(f"\\section{{{title}}}one two")
    assert [section.text for section in text.sections] == ["one two"]


def test_a_file_of_drawing_code_is_not_read(parse_files: Parse) -> None:
    code = "\\pgfpathmoveto{\\pgfqpoint{1in}{2in}}%\n\\pgfpathlineto{\\pgfqpoint{1in}{2in}}%\n" * 9
    main = "\\documentclass{article}\\begin{document}\\section{A}one \\input{fig}two\\end{document}"
    assert words(parse_files({"main.tex": main, "fig.tex": code})) == "one two"


def test_an_environment_built_on_verbatim_is_copied(parse_body: Parse) -> None:
    text = parse_body(
        "\\section{A}\\begin{code}\n50% \\section{No}\n\\end{code}\\section{B}b",
        "\\newenvironment{code}{\\small\\verbatim}{\\endverbatim}",
    )
    assert [section.title for section in text.sections] == ["A", "B"]
    assert "50% \\section{No}" in text.sections[0].text


def test_a_caption_set_as_a_figure_gives_one(parse_body: Parse) -> None:
    body = r"\section{A}\includegraphics{q}\captionsetup{type=figure}\caption{Shown}\label{f}"
    figure = parse_body(body).figures[0]
    assert (figure.caption, figure.files, figure.label) == ("Shown", ("q",), "f")


def test_headings_of_memoir_take_two_options(parse_body: Parse) -> None:
    assert parse_body(r"\section[toc][head]{Whole}x").sections[0].title == "Whole"


def test_quotation_environments_cite(parse_body: Parse) -> None:
    body = (
        r"\begin{displaycquote}[5]{a}x\end{displaycquote}"
        r"\begin{foreigndisplaycquote}{german}{b}y\end{foreigndisplaycquote}"
    )
    assert parse_body(body).cited_keys == ("a", "b")


def test_editing_marks_leave_titles_and_captions(parse_body: Parse) -> None:
    text = parse_body(
        r"\section{Large-\replaced[id=A]{scale}{Scale} \deleted{old }graphs\comment[id=A]{Rewrite}}"
        r"\begin{figure}\caption{Of \replaced[id=A]{six}{6} tools\todo{why}}\end{figure}"
    )
    assert text.sections[0].title == "Large-scale graphs"
    assert text.figures[0].caption == "Of six tools"


def test_acknowledgments_may_repeat_their_name_in_a_group(parse_body: Parse) -> None:
    text = parse_body(
        r"\section{End} Words. \acknowledgments {\it Acknowledgments:} I thank Ada Moss."
    )
    assert words(text) == "Words."
