"""Lengths, tags, options and drawings that say nothing leave the text; printed words stay."""

from collections.abc import Callable

import pytest

from cycledata.records import PaperText

Parse = Callable[..., PaperText]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        pytest.param(r"one \looseness=-1 in two", "one in two", id="number"),
        pytest.param(r"one\looseness=-1\emph{two}", r"one\emph{two}", id="command-after-number"),
        pytest.param(r"one \fboxsep=1.5pt two \vskip 0.2in three", "one two three", id="lengths"),
        pytest.param(
            r"one \vskip 3pt plus 1pt minus 2pt two \parskip=0.5\baselineskip three",
            "one two three", id="stretch-and-parts-of-lengths"),
        pytest.param(r"one \setlength\itemsep{0em}two", "one two", id="setlength-without-braces"),
        pytest.param(
            r"\newfloatcommand{capbox}{table}[][\FBwidth]\indent one {\color{red}two}", "one {two}",
            id="float-command-and-color"),
        pytest.param(
            r"one\etocdepthtag.toc{appendix}\etocsettagdepth{part}{none}", "one", id="contents"),
        pytest.param(
            r"\mbox{one} \raisebox{-1ex}[0pt]{two} \resizebox{3cm}{!}{three} \parbox[t]{1cm}{four}",
            "one two three four", id="boxes"),
        pytest.param(r"\makebox[1cm][l]{\scalebox{0.9}{\todo{x}one}}", "one", id="box-in-a-box"),
        pytest.param(r"a \mbox command", r"a \mbox command", id="box-of-nothing"),
        pytest.param(
            r"\newmdenv[linewidth=2pt]{Box}\newtcbox{\key}[1][]{colback=red}one", "one",
            id="definitions-of-boxes"),
        pytest.param(
            r"Our \includegraphics[height=1em]{fox.png} and \includegraphics[height=3cm]{b.png}",
            r"Our  and \includegraphics[height=3cm]{b.png}", id="icon"),
        pytest.param(r"a width of 2\parindent here", r"a width of 2\parindent here", id="unset"),
        pytest.param(
            r"\newlength{\wide}\settowidth{\wide}{words}one \nocite{a}\crefalias{section}{part}two",
            "one two", id="set-up"),
        pytest.param(r"{\small one} {\footnotesize{}two}", "{one} {two}", id="sizes"),
        pytest.param(r"$\small x$ \verb|\tiny|", r"$\small x$ \verb|\tiny|", id="not-in-formulas"),
        pytest.param(
            r"\begin{minipage}[t]{5cm}one\end{minipage} \begin{spacing}{.9}two\end{spacing}",
            "one two", id="tags-of-places"),
        pytest.param(
            r"\begin{verbatim}\begin{minipage}{1}\end{verbatim}",
            r"\begin{verbatim}\begin{minipage}{1}\end{verbatim}", id="not-in-verbatim"),
        pytest.param(
            "one\n\\hrule height 1pt width\\textwidth\n\\hrule\ntwo", "one\n\ntwo", id="rules"),
        pytest.param(
            r"\defbibheading{b}[\bibname]{\section*{#1}\markboth{#1}{#1}}one", "one",
            id="heading-of-a-bibliography"),
        pytest.param(r"one \leavevmode two\paragraph{}.", "one  two.", id="empty-heading"),
    ],
)  # fmt: skip
def test_layout_leaves_the_text(parse_body: Parse, body: str, text: str) -> None:
    assert parse_body(r"\section{S}" + body).sections[0].text == text


@pytest.mark.parametrize(
    ("body", "opening"),
    [
        (r"\begin{itemize}[leftmargin=*,itemsep=1pt]\item a\end{itemize}", r"\begin{itemize}\item"),
        (r"\begin{itemize}[noitemsep]\item a\end{itemize}", r"\begin{itemize}\item"),
        (
            r"\begin{enumerate}[label=\textbf{(A, \arabic*)}, nosep]\item a\end{enumerate}",
            r"\begin{enumerate}[label=\textbf{(A, \arabic*)}]\item",
        ),
        (r"\begin{enumerate}[(i)]\item a\end{enumerate}", r"\begin{enumerate}[(i)]\item"),
        (
            r"\begin{tcolorbox}[colback=red!5,title={One, two},boxrule=1pt]a\end{tcolorbox}",
            r"\begin{tcolorbox}[title={One, two}]a",
        ),
    ],
    ids=["lengths", "switches", "label", "old-label", "box"],
)
def test_options_that_the_page_shows_stay(parse_body: Parse, body: str, opening: str) -> None:
    assert parse_body(r"\section{S}" + body).sections[0].text.startswith(opening)


def test_a_number_in_a_drawn_circle_is_its_number(parse_body: Parse) -> None:
    preamble = (
        r"\newcommand*\circled[1]{\tikz[baseline=(c.base)]{\node[draw,shape=circle] (c) {#1};}}"
    )
    body = r"\section{S}Step \circled{1}, then \tikz \draw (0,0) -- (1,1); step \circled{2}."
    assert parse_body(body, preamble).sections[0].text == "Step 1, then  step 2."


@pytest.mark.parametrize(
    "around",
    [
        r"{\small\bibliographystyle{plain}\bibliography{refs}}",
        "{\\footnotesize\n{\n\\begin{spacing}{.95}\n\\bibliography{refs}\n\\end{spacing}\n}}",
        "{\\small\n\\begin{thebibliography}{9}\\bibitem{a} A.\\end{thebibliography}\n}",
    ],
    ids=["commands", "nested", "printed"],
)
def test_no_empty_group_stays_where_a_bibliography_was(parse_body: Parse, around: str) -> None:
    text = parse_body("\\section{S}Words. \\texttt{\\small}\n" + around)
    assert text.sections[0].text == r"Words. \texttt{}"


def test_a_group_over_two_sections_leaves_no_brace(parse_body: Parse) -> None:
    body = r"\section{A}one \{ {\it two\section{B}three {\bf four}} \verb|{{| five"
    first, second = parse_body(body).sections
    assert first.text == r"one \{ \it two"
    assert second.text == r"three {\bf four} \verb|{{| five"


def test_the_heading_of_a_supplement_is_no_prose(parse_files: Parse) -> None:
    style = (
        "\\newcommand\\maketitlesupplementary{\\newpage\\twocolumn[\\centering\\Large"
        "\\textbf{\\thetitle}\\\\Supplementary Material\\\\]}"
    )
    main = (
        "\\documentclass{article}\\usepackage{venue}\\begin{document}\\section{A}one"
        "\\maketitlesupplementary\\section{B}two\\end{document}"
    )
    text = parse_files({"main.tex": main, "venue.sty": style})
    assert [section.text for section in text.sections] == ["one", "two"]


def test_marks_of_authors_without_their_names_leave_the_text(parse_body: Parse) -> None:
    lead = r"\title{T}\author{Ann Lee}\authornotemark[1]\maketitle " + "Words of a lead. " * 20
    text = parse_body(lead + r"\section{S}one").sections[0].text
    assert text.startswith("Words")


def test_a_caption_beside_two_columns_stays(parse_body: Parse) -> None:
    body = r"\section{S}one \twocolumn[Title \\ Supplement] two \twocolumn[\captionof{figure}{C}]"
    text = parse_body(body).sections[0].text
    assert "Supplement" not in text
    assert r"\captionof{figure}{C}" in text


def test_a_barrier_of_a_package_in_the_archive_prints_nothing(parse_files: Parse) -> None:
    style = (
        "\\def\\FloatBarrier{\\par\\begingroup\\ifx\\@a\\@empty\\else\\PackageInfo{p}{again}"
        "\\FloatBarrier\\fi\\endgroup}"
    )
    main = (
        "\\documentclass{article}\\usepackage{placeins}\\begin{document}\\section{A}"
        "one \\FloatBarrier two\\end{document}"
    )
    text = parse_files({"main.tex": main, "placeins.sty": style})
    assert text.sections[0].text == "one  two"
    assert "recursive-macro" not in [warning.rule for warning in text.warnings]


@pytest.mark.parametrize(
    "preamble",
    [
        r"\pdfstringdefDisableCommands{\let\Cref\plainref}",
        r"\AtBeginEnvironment{appendices}{\renewcommand{\Cref}[1]{Appendix #1}}",
        r"\AddToHook{env/table/begin}{\renewcommand{\Cref}[1]{#1}}",
    ],
)
def test_code_for_another_place_changes_nothing(parse_body: Parse, preamble: str) -> None:
    assert parse_body(r"\section{S}see \Cref{a}", preamble).sections[0].text == r"see \Cref{a}"


def test_an_authors_kind_of_proof_is_a_proof(parse_body: Parse) -> None:
    preamble = r"\newenvironment{sketch}{\renewcommand{\proofname}{Sketch}\proof}{\endproof}"
    text = parse_body(r"\section{S}\begin{sketch}It is so.\end{sketch}", preamble)
    assert text.sections[0].text == r"\begin{proof} It is so.\end{proof}"


def test_a_name_that_venues_use_for_the_abstract_may_be_a_data_set(parse_body: Parse) -> None:
    body = r"\begin{abstract}On \abstracts{}.\end{abstract}\section{S}The \abstracts\ are ours."
    text = parse_body(body, r"\newcommand{\abstracts}{\textsc{Abstracts}}")
    assert text.abstract == r"On \textsc{Abstracts}{}."
    assert text.sections[0].text == r"The \textsc{Abstracts}\ are ours."


def test_a_theorem_is_printed_where_it_is_stated_again(parse_body: Parse) -> None:
    body = (
        r"\section{S}\begin{restatable}[Bound]{theorem}{bound}\label{t}It is $a^2$.\end{restatable}"
        r"\section{Proofs}Again: \bound* So."
    )
    first, again = parse_body(body, r"\usepackage{thm-restate}").sections
    assert first.text == r"\begin{theorem}[Bound]\label{t}It is $a^2$.\end{theorem}"
    assert again.text == r"Again: \begin{theorem}[Bound]It is $a^2$.\end{theorem} So."


def test_what_sets_up_algorithms_leaves_the_text(parse_body: Parse) -> None:
    body = (
        r"\section{S}one \algblock{A}{EndA}\algnewcommand\algA{\textbf{A}}"
        r"\algrenewtext{A}[1]{\algA\ #1}\algtext*{EndA}\SetKwProg{Fn}{F}{:}{}\SetAlgoLined two"
    )
    assert parse_body(body).sections[0].text == "one  two"


def test_a_macro_for_cut_text_leaves_no_braces(parse_body: Parse) -> None:
    text = parse_body("\\section{S}one\n\n\\eat{gone}\n\ntwo", r"\newcommand{\eat}[1]{{}}")
    assert text.sections[0].text == "one\n\ntwo"


def test_a_repeated_theorem_has_the_name_of_its_kind(parse_body: Parse) -> None:
    preamble = (
        r"\makeatletter\newtheorem*{rep@theorem}{\rep@title}\newcommand{\newreptheorem}[2]{"
        r"\newenvironment{rep#1}[1]{\def\rep@title{#2 \ref{##1}}\begin{rep@theorem}}"
        r"{\end{rep@theorem}}}\makeatother\newreptheorem{theorem}{Theorem}"
    )
    text = parse_body(r"\section{S}\begin{reptheorem}{t}So.\end{reptheorem}", preamble)
    assert text.sections[0].text == r"\begin{theorem}So.\end{theorem}"


def test_what_prints_nothing_at_the_end_leaves_the_text(parse_body: Parse) -> None:
    body = r"\section{S}one\authorsaddresses{} two\bibliographystyle{plain}\bibliography{x}{}"
    text = parse_body(body + "\n\\section{T}three")
    assert [section.text for section in text.sections] == ["one two", "three"]


def test_a_level_below_paragraphs_is_its_words(parse_body: Parse) -> None:
    text = parse_body(r"\section{S}\subsubsubsection{Depth} Text.").sections[0].text
    assert text == "Depth Text."


def test_rules_and_what_sets_up_drawings_leave_the_text(parse_body: Parse) -> None:
    body = (
        r"\section{S}So.\rule{1.5ex}{1.5ex} \RestyleAlgo{ruled}one \tikzstyle{n}=[circle,draw]"
        r"\tikzstyle{n}+=[red]\tikzfading[name=f, left color=red]two"
        r"\begin{myverbbox}[]{\code}for \x\end{myverbbox}\appendixpage"
    )
    assert parse_body(body).sections[0].text == "So. one two"


def test_names_of_floats_are_words_of_a_heading(parse_body: Parse) -> None:
    text = parse_body(r"\section{See \figurename~1 and \tablename~2}x")
    assert text.sections[0].title == "See Figure 1 and Table 2"


def test_the_square_after_a_proof_leaves_the_text(parse_body: Parse) -> None:
    preamble = r"\def\QED{\hfill \ensuremath{\rule{1ex}{1ex}}}"
    assert parse_body(r"\section{S}So. \qed Also.\QED", preamble).sections[0].text == "So.  Also."


def test_a_picture_as_high_as_a_letter_is_an_icon(parse_body: Parse) -> None:
    body = r"\section{S}Bee \includegraphics[height=1.4\fontcharht\font`\B]{bee}{} flies."
    assert parse_body(body).sections[0].text == "Bee  flies."


def test_an_appendix_defined_anew_prints_nothing(parse_body: Parse) -> None:
    preamble = r"\let\old\appendix\renewcommand{\appendix}{\old\counterwithin{figure}{section}}"
    assert parse_body(r"\section{S}one\appendix\section{T}two", preamble).sections[0].text == "one"


BOXES = (
    r"\newtcolorbox{tip}[2][]{colback=red, title={#2}, #1}"
    r"\newtcolorbox[auto counter]{ask}[1]{title=Prompt: #1, boxrule=1pt}"
    r"\NewTColorBox{note}{O{} m}{fonttitle=\bfseries, title=#2}"
    r"\newtcolorbox{plain}[1][]{title=Result, #1}"
)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (r"\begin{tip}[colback=blue]{A, B}one\end{tip}", r"\begin{tip}[title={A, B}]one\end{tip}"),
        (r"\begin{ask}{Sys}one\end{ask}", r"\begin{ask}[title=Prompt: Sys]one\end{ask}"),
        (r"\begin{note}{T}one\end{note}", r"\begin{note}[title=T]one\end{note}"),
        (
            r"\begin{plain}[colback=red]one\end{plain}",
            r"\begin{plain}[title=Result]one\end{plain}",
        ),
        (r"\begin{plain}[title=Own]one\end{plain}", r"\begin{plain}[title=Own]one\end{plain}"),
        ("\\begin{plain}\none\\end{plain}", "\\begin{plain}[title=Result]\none\\end{plain}"),
    ],
)
def test_the_authors_own_boxes_show_their_titles(parse_body: Parse, body: str, text: str) -> None:
    assert parse_body(r"\section{S}" + body, BOXES).sections[0].text == text


def test_rules_made_of_repeated_boxes_go(parse_body: Parse) -> None:
    rule = r"\textcolor{black!45}{\xleaders\hbox{\rule{6pt}{1pt}\hskip 4pt}\hfill}"
    text = parse_body(rf"\section{{S}}one {rule} two \hbox{{three}} \textcolor{{red}}{{four}}")
    assert text.sections[0].text.split() == ["one", "two", "three", r"\textcolor{red}{four}"]
