"""Classes and styles of the archive: what they lay out is no text, what they read is."""

from collections.abc import Callable

from cycledata.records import PaperText

Parse = Callable[..., PaperText]
STYLE = r"""\newcommand{\dropcap}[1]{\lettrine[lines=2]{{\fontfamily{lmss}\selectfont #1}}{}}
\newcommand{\pkg}[1]{{\fontseries{m}\fontseries{b}\selectfont #1}}
\newcommand\code{\bgroup\@makeother\_\@codex}\def\@codex#1{{\ttfamily #1}\egroup}
\renewcommand\tableofcontents{\section*{\contentsname\@mkboth{A}{B}}\@starttoc{toc}}
\newenvironment{gift}
{\cleardoublepage\centering}

% an environment without a part for its end
\newenvironment{marked}{\trivlist\item[X]}{\popQED\endtrivlist}
\newcommand{\corref}[1]{\hyperref[#1]{Corollary \ref*{#1}}}
\newcommand{\shown}[1]{\section{\fontsize{12}{14}\selectfont #1}}
\ExplSyntaxOn
\NewDocumentCommand \printcredits { } { \section*{Credits} \seq_use:Nn \g_seq { . } }
\NewDocumentEnvironment { points } { O{H} } { \setbox\b=\vbox\bgroup { \head } } { \egroup }
\ExplSyntaxOff
"""
MAIN = r"""\documentclass{own}\title{Use of \pkg{scoring} in R}\begin{document}\maketitle
\tableofcontents\begin{gift}For you.\end{gift}\begin{abstract}Abs.\end{abstract}
\begin{points}First.\end{points}
\section{The \code{eval_it()} call}\dropcap{P}lague by \corref{a}.
\begin{marked}Inside.\end{marked}\printcredits\shown{Last}Text.\end{document}"""


def test_what_a_class_lays_out_is_left_in_place(parse_files: Parse) -> None:
    text = parse_files({"main.tex": MAIN, "own.cls": STYLE})
    assert (text.title, text.abstract) == ("Use of scoring in R", "Abs.")
    assert [section.title for section in text.sections] == ["The eval_it() call", "Last"]
    assert text.sections[0].text == (
        "\\dropcap{P}lague by \\hyperref[a]{Corollary \\ref*{a}}.\n"
        "\\begin{marked}Inside.\\end{marked}\\printcredits"
    )


def test_a_file_that_the_class_reads_has_the_title(parse_files: Parse) -> None:
    text = parse_files(
        {
            "main.tex": r"\documentclass{own}\begin{document}\maketitle\section{A}x\end{document}",
            "own.cls": r"\LoadClass{article}\input{metadata.tex}\newcommand{\own}{y}",
            "metadata.tex": r"\def\articleTITLE{[Re] Memory}\title{\articleTITLE}\author{M. Koss}",
        }
    )
    assert text.title == "[Re] Memory"
    assert [leak.rule for leak in text.leaks] == ["author-block"]


def test_keywords_are_keywords_in_whatever_type_a_paper_sets_them(parse_files: Parse) -> None:
    main = (
        r"\documentclass{llncs}\newcommand{\keywords}[1]{\par\noindent\keywordname\enspace#1}"
        r"\newcommand{\TeV}{Te\kern -0.1em V}\title{At 13 \TeV}\begin{document}\maketitle"
        r"\begin{abstract}Abs.\keywords{One, Two}\end{abstract}\section{A}x\end{document}"
    )
    text = parse_files({"main.tex": main})
    assert (text.title, text.abstract) == ("At 13 TeV", "Abs.")


def test_a_macro_with_arguments_is_replaced_in_a_title(parse_files: Parse) -> None:
    main = (
        r"\documentclass{article}\newcommand{\nca}[1]{\ce{Li_{#1}Ni_{0.8}O_2}}"
        r"\newcommand{\norm}[2][2]{$\lVert #2\rVert_{#1}$}\title{Cells of \nca{} and \ce{H2O}}"
        r"\begin{document}\maketitle\section{The \norm{x} of \nca{x}}x\end{document}"
    )
    text = parse_files({"main.tex": main})
    assert text.title == "Cells of LiNi0.8O2 and H2O"
    assert text.sections[0].title == "The $\\lVert x\\rVert_{2}$ of LixNi0.8O2"


def test_biographies_that_a_class_lays_out_are_left_out(parse_files: Parse) -> None:
    style = (
        r"\newenvironment{IEEEbiography}[2][]{\par #2 was born}{\par}"
        r"\newcommand{\received}[3]{\g@addto@macro{\@dates}{Received #1 #2 #3\stepcounter{d}}}"
        r"\newcommand{\cells}{\let\\\@arraycr\emph{cells}}"
    )
    body = (
        r"\section{A}\received{1}{May}{20}\cells a\\b"
        r"\begin{IEEEbiography}[x]{Mira Koss} in Koss.\end{IEEEbiography}"
    )
    main = rf"\documentclass{{own}}\begin{{document}}{body}\end{{document}}"
    text = parse_files({"main.tex": main, "own.cls": style})
    assert text.sections[0].text == r"\received{1}{May}{20}\emph{cells}a\\b"


def test_functions_of_latex3_that_a_style_defines_stay_in_place(parse_files: Parse) -> None:
    style = r"""\ExplSyntaxOn\NewDocumentCommand\vect{m}{\own_vector:n{#1}}
    \cs_new_protected:Npn\own_vector:n #1{\tl_map_inline:nn{#1}{\mathbf{##1}}}\ExplSyntaxOff"""
    main = r"\documentclass{x}\usepackage{own}\begin{document}\section{A}$\vect{x}$\end{document}"
    text = parse_files({"main.tex": main, "own.sty": style})
    assert text.sections[0].text == r"$\vect{x}$"


def test_accents_built_from_primitives_stay_as_written(parse_files: Parse) -> None:
    preamble = (
        r"\makeatletter\newcommand*\widebar[1]{\@ifnextchar^{{\wide@bar{#1}{0}}}{\wide@bar{#1}{1}}}"
        r"\newcommand*\wide@bar[2]{\begingroup\def\mathaccent##1##2{\setbox\z@\hbox{x}}"
        r"\macc@nested@a\relax111{#1}\endgroup}\makeatother"
    )
    paper = preamble + r"\begin{document}\section{A}Let $\widebar{x}=1$.\end{document}"
    text = parse_files({"main.tex": r"\documentclass{article}" + paper})
    assert text.sections[0].text == r"Let $\widebar{x}=1$."


def test_frames_of_knitr_do_not_print_their_measures(parse_files: Parse) -> None:
    preamble = (
        r"\makeatletter\newenvironment{kframe}{\def\at@end@of@kframe{}\MakeFramed {\advance\hsize"
        r"-\width\@totalleftmargin\z@}}{\par\unskip\endMakeFramed\at@end@of@kframe}\makeatother"
    )
    body = r"\begin{document}\section{A}\begin{kframe}Code\end{kframe}\end{document}"
    text = parse_files({"main.tex": r"\documentclass{article}" + preamble + body})
    assert text.sections[0].text == r"\begin{kframe}Code\end{kframe}"


def test_methods_in_the_argument_of_a_command_of_pnas_are_sections(parse_body: Parse) -> None:
    body = (
        r"\section{A}One\matmethods{We did. \subsection*{More}And that.}\showmatmethods{}"
        r"\acknow{We thank Ann.}\showacknow{}\bibsplit[2]"
    )
    assert [(each.title, each.text) for each in parse_body(body).sections] == [
        ("A", "One"),
        ("Materials and Methods", "We did."),
        ("More", "And that."),
    ]


def test_copies_of_packages_and_classes_of_publishers_are_not_read(parse_files: Parse) -> None:
    style = r"\NewDocumentCommand\%s{m}{\IfNoValueTF{#1}{}{\left\lbrace#1\right\rbrace}}"
    paper = (
        r"\documentclass{informs3}\usepackage{physics}\begin{document}\section{A}"
        r"$\qty{x} \near{y}$\end{document}"
    )
    text = parse_files(
        {"main.tex": paper, "informs3.cls": style % "near", "physics.sty": style % "qty"}
    )
    assert text.sections[0].text == r"$\qty{x} \near{y}$"


def test_calculations_are_no_text(parse_body: Parse) -> None:
    assert parse_body(r"\section{A}\FPeval{\sum}{round(1+2,1)}One.").sections[0].text == "One."
