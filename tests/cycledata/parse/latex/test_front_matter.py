"""Names, addresses and biographies of journal classes stay out of the text."""

from collections.abc import Callable

import pytest

from cycledata.records import PaperText

Parse = Callable[..., PaperText]
FRONT = {
    "elsarticle": (
        r"\begin{frontmatter}\title{T}\author[a]{Mira Koss\corref{c}}\ead{koss@x.org}"
        r"\cortext[c]{Koss answers}\fntext[f]{Koss is new}\address[a]{Koss Hall}"
        r"\begin{abstract}Abs.\end{abstract}\begin{keyword}Koss\end{keyword}\end{frontmatter}"
    ),
    "cas-sc": (
        r"\title{T}\shortauthors{Koss}\author[1]{Mira Koss}[orcid=0]\cormark[1]\credit{Koss wrote}"
        r"\nonumnote{Koss notes}\begin{abstract}Abs.\end{abstract}\maketitle\bio{p}Koss\endbio"
    ),
    "sn-jnl": (
        r"\title{T}\author*[1]{\fnm{Mira} \sur{Koss}}\email{koss@x.org}\equalcont{Koss}"
        r"\affil*[1]{\orgname{Koss Hall}}\abstract{Abs.}\maketitle"
    ),
    "IEEEtran": (
        r"\title{T}\author{\IEEEauthorblockN{Mira Koss}\IEEEauthorblockA{x}}\markboth{J}{Koss}"
        r"\maketitle\begin{abstract}Abs.\end{abstract}"
    ),
    "acmart": (
        r"\title{T}\author{Mira Koss}\authornote{Koss}\orcid{0}\affiliation{\city{Koss}}"
        r"\renewcommand{\shortauthors}{Koss}\begin{abstract}Abs.\end{abstract}\maketitle"
    ),
    "mdpi": (
        r"\Title{T}\Author{Mira Koss}\AuthorNames{Koss}\corres{koss@x.org}\abstract{Abs.}"
        r"\authorcontributions{Koss}\acknowledgments{Koss}"
    ),
    "informs3": (
        r"\TITLE{T}\RUNAUTHOR{Koss}\ARTICLEAUTHORS{\AUTHOR{Mira Koss}\AFF{\EMAIL{koss@x.org}}}"
        r"\ABSTRACT{Abs.}\maketitle"
    ),
}
END = (
    r"\section{I}Body.\bmhead{Acknowledgements}Koss helped.\section{J}Next."
    r"\begin{IEEEbiographynophoto}{Mira Koss} Koss was born.\end{IEEEbiographynophoto}"
)


@pytest.mark.parametrize("name", FRONT)
def test_no_author_is_named_in_the_text(parse_files: Parse, name: str) -> None:
    main = f"\\documentclass{{{name}}}\\begin{{document}}{FRONT[name]}{END}\\end{{document}}"
    text = parse_files({"main.tex": main})
    sections = [(section.title, section.text) for section in text.sections]
    assert sections == [("I", "Body."), ("J", "Next.")]
    assert (text.title, text.abstract) == ("T", "Abs.")


def test_a_class_in_the_archive_changes_nothing(parse_files: Parse) -> None:
    style = (
        r"\def\author{\@ifstar\@one\@two}\def\@one[#1]#2{\gdef\@a{#2}}\def\fnm#1{#1}\def\sur#1{#1}"
        r"\def\affil{\@ifstar\@one\@one}\newcommand{\bmhead}[1]{\vskip 1em\textbf{#1}}"
    )
    main = f"\\documentclass{{sn-jnl}}\\begin{{document}}{FRONT['sn-jnl']}{END}\\end{{document}}"
    text = parse_files({"main.tex": main, "sn-jnl.cls": style})
    assert "Koss" not in "".join(section.text for section in text.sections)


def test_a_paper_may_use_such_a_name_for_something_else(parse_body: Parse) -> None:
    text = parse_body(r"\section{S}We use \funding{9}.", r"\newcommand{\funding}[1]{#1 coins}")
    assert text.sections[0].text == "We use 9 coins."


@pytest.mark.parametrize(
    ("body", "abstract"),
    [
        (r"\abstract{One.}{Two.}{}{Four.}{Five.}\maketitle", "One.\n\nTwo.\n\nFour.\n\nFive."),
        (r"\maketitle\noindent\textbf{Abstract---}Some words.", "Some words."),
        (r"\maketitle{\bf Abstract:} Some words.", "Some words."),
        (r"\maketitle\begin{center}\textbf{ABSTRACT}\end{center} Some words.", "Some words."),
    ],
    ids=["parts", "dash", "colon", "center"],
)
def test_an_abstract_is_read(parse_files: Parse, body: str, abstract: str) -> None:
    main = f"\\documentclass{{aa}}\\begin{{document}}\\title{{T}}{body}\\section{{I}}x"
    assert parse_files({"main.tex": main + "\\end{document}"}).abstract == abstract


def test_headings_of_koma_script_are_headings(parse_body: Parse) -> None:
    text = parse_body(r"\section{A}a\addsec{B}b\addsec*{Acknowledgements}thanks\minisec{C}c")
    assert [(each.title, each.starred) for each in text.sections] == [
        ("A", False),
        ("B", True),
        ("C", True),
    ]


def test_figures_outside_of_environments_are_listed(parse_body: Parse) -> None:
    body = (
        r"\section{S}\begin{center}\includegraphics{a/b}\captionof{figure}{Loose}\label{f:l}"
        r"\end{center}\captionof{table}{No}\begin{figure}\includegraphics{c}\caption{Set}\end{figure}"
    )
    figures = parse_body(body).figures
    assert [(each.label, each.caption, each.files) for each in figures] == [
        ("f:l", "Loose", ("a/b",)),
        (None, "Set", ("c",)),
    ]


def test_drawings_are_no_text(parse_files: Parse) -> None:
    main = (
        r"\documentclass{article}\begin{document}\section{S}Before \input{p/plot}\input{q.pgf}"
        r"\begin{tikzpicture}\draw (0,0) node {x};\end{tikzpicture}after\end{document}"
    )
    plot = r"\begingroup\begin{pgfpicture}\pgfpathmoveto{\pgfqpoint{1in}{1in}}\end{pgfpicture}"
    text = parse_files({"main.tex": main, "p/plot.tex": plot, "q.pgf": r"\pgfpathclose"})
    assert text.sections[0].text.split() == ["Before", "after"]


@pytest.mark.parametrize(
    "hidden",
    [
        r"{\color{white} SECRET words}",
        r"\textcolor{white}{SECRET words}",
        r"{\fontsize{0.5pt}{0.5pt}\selectfont SECRET words}",
        r"\textcolor[rgb]{1,1,1}{SECRET words}",
        r"{\color{paper}SECRET words}",
        r"\scalebox{0.01}{SECRET words}",
        r"\phantom{SECRET words}",
    ],
)
def test_hidden_words_are_warned_of(parse_body: Parse, hidden: str) -> None:
    text = parse_body(r"\section{S}Plain. " + hidden, r"\definecolor{paper}{rgb}{1,1,1}")
    (warning,) = [each for each in text.warnings if each.rule == "hidden-text"]
    assert "SECRET words" in warning.detail


def test_white_words_on_a_dark_ground_are_ordinary(parse_body: Parse) -> None:
    body = r"\section{S}\colorbox{black}{\textcolor{white}{Ours}}"
    assert [each.rule for each in parse_body(body).warnings if each.rule == "hidden-text"] == []


@pytest.mark.parametrize(
    ("cite", "keys"),
    [
        (r"\blockquote{x}\textcquote[p. 3]{a}[.]{words}", ("a",)),
        (r"\foreignblockcquote{french}[p. 3]{a}{words}", ("a",)),
        (r"\volcite{3}[7]{a} \pvolcite[see]{2}[9]{b}", ("a", "b")),
        (r"\cite<e.g.,>[p. 2]{a} \citeA<see>{b}", ("a", "b")),
        (r"\parencites(see)(and)[1]{a}[2]{b}{c}", ("a", "b", "c")),
        (
            r"\begin{thebibliography}{9}\bibitem[\citeauthoryear{Abe, Bo}{2001}]{a} See \cite{b}.",
            ("b",),
        ),
    ],
)
def test_keys_are_found(parse_body: Parse, cite: str, keys: tuple[str, ...]) -> None:
    assert parse_body(r"\section{S}" + cite).cited_keys == keys


BYLINES = {
    "plos": (
        r"\begin{flushleft}{\Large\textbf\newline{A long enough title}}\newline\\"
        r"Mira Koss\textsuperscript{1*}\\\textbf{1} University of Koss\\* koss@x.org\end{flushleft}"
        "\n\\section*{Abstract}\nAbs.\n"
    ),
    "center": (
        r"\title{A long enough title}\author{}\maketitle\begin{center}Mira Koss, Koss Institute"
        r"\end{center}\begin{abstract}Abs.\end{abstract}"
    ),
    "labels": (
        "\\textbf{Title:} A long enough\ntitle\\\\\n\\textbf{Authors:} Mira Koss$^1$\\\\ 1: Koss\n"
        "\\section*{Abstract}\nAbs.\n"
    ),
    "heads": (
        r"\title{A long enough title}\maketitle\shortauthors{Koss et al.}Mira Koss, Koss University"
        r"\begin{abstract}Abs. \textbf{keywords:} koss\end{abstract}"
    ),
    "agu": (
        r"\title{A long enough title}\authors{Mira Koss\affil{1}}\affiliation{1}{Koss Hall}"
        r"\correspondingauthor{Mira Koss}{koss@x.org}\begin{abstract}Abs.\end{abstract}"
    ),
    "icml": (
        r"\twocolumn[\icmltitle{A long enough title}\begin{icmlauthorlist}\icmlauthor{Mira Koss}{}"
        r"\end{icmlauthorlist}\centerline{\it University of Koss}\icmlkeywords{a}]"
        r"\begin{abstract}Abs.\end{abstract}"
    ),
    "sage": (
        r"\title{A long enough title}\author{Mira Koss}\corrauth{Mira Koss, Koss Hall}"
        r"\begin{abstract}Abs.\end{abstract}\maketitle"
    ),
    "copernicus": (
        r"\title{A long enough title}\Author[1][koss@x.org]{Mira}{Koss}\runningauthor{Koss}"
        r"\maketitle\begin{abstract}Abs.\end{abstract}\authorcontribution{Koss did it.}"
    ),
    "lipics": (
        r"\title{A long enough title}\author{Mira Koss}{Koss Hall}{koss@x.org}{}{Koss fund}"
        r"\Copyright{Mira Koss}\maketitle\begin{abstract}Abs.\end{abstract}"
    ),
    "sigplan": (
        r"\title{A long enough title}\titlebanner{Koss}\preprintfooter{Koss}"
        "\\authorinfo{Mira Koss}\n{Koss Hall}{koss@x.org}\\conferenceinfo{P '12}{Koss, USA.}"
        r"\maketitle\begin{abstract}Abs.\end{abstract}"
    ),
    "pnas": (
        r"\title{A long enough title}\author[a]{Mira Koss}\affil[a]{Koss Hall}\leadauthor{Koss}"
        r"\maketitle\begin{abstract}Abs.\end{abstract}\acknow{Koss helped.}\showacknow{}"
    ),
    "nature": (
        r"\title{A long enough title}\author{Mira Koss}\maketitle\begin{affiliations}\item Koss"
        r"\end{affiliations}\begin{abstract}Abs.\end{abstract}"
        r"\begin{addendum}\item[Correspondence] koss@x.org\end{addendum}"
    ),
    "wiley": (
        r"\title{A long enough title}\author[1]{Mira Koss}\jnlcitation{\cname{M. Koss}, A title}"
        r"\maketitle\begin{abstract}Abs.\end{abstract}\href{https://orcid.org/0-koss}{Koss}"
    ),
    "frontiers": (
        r"\title{A long enough title}\author{Mira Koss}\begin{abstract}\section{} Abs."
        "\n\\tiny\n \\keyFont{ \\section{Keywords:} koss, koss} \\end{abstract}"
    ),
}
LEAD = "This text is long enough to be shown. " * 20


@pytest.mark.parametrize("name", BYLINES)
def test_no_author_is_named_between_title_and_abstract(parse_files: Parse, name: str) -> None:
    main = f"\\documentclass{{x}}\\begin{{document}}{BYLINES[name]}"
    text = parse_files({"main.tex": f"{main}{LEAD}\\section{{I}}Body.\\end{{document}}"})
    shown = text.abstract + "".join(section.text for section in text.sections)
    assert text.title == "A long enough title"
    assert text.abstract.startswith("Abs.")
    assert "koss" not in shown.lower()


def test_every_author_of_a_collaboration_is_left_out(parse_body: Parse) -> None:
    authors = "\n".join(
        rf"\author{{Ann Au{chr(97 + n % 26)}}}\affiliation{{X}}" for n in range(400)
    )
    text = parse_body(f"\\title{{T}}{authors}\\maketitle {LEAD}\\section{{I}}x")
    assert text.sections[0].text == LEAD.strip()


def test_an_abstract_ends_with_the_group_of_its_heading(parse_body: Parse) -> None:
    text = parse_body(r"\textbf{\textit{Abstract}---We go.}\par\section{I}x")
    assert text.abstract == "We go."


def test_copernicus_has_commands_for_headings(parse_files: Parse) -> None:
    main = r"\documentclass[acp]{copernicus}\begin{document}\introduction x\conclusions[Ends]y"
    text = parse_files({"main.tex": main + r"\end{document}"})
    assert [section.title for section in text.sections] == ["Introduction", "Ends"]


def test_text_between_title_and_abstract_stays_where_no_one_is_named(parse_files: Parse) -> None:
    main = "\\documentclass{x}\\title{T}\\begin{document}\\maketitle "
    text = parse_files({"main.tex": f"{main}{LEAD}\\section{{I}}The institute.\\end{{document}}"})
    assert [section.text for section in text.sections] == [LEAD.strip(), "The institute."]
    text = parse_files(
        {"main.tex": main + LEAD + "\\begin{abstract}We \\emph{keywords} go.\\end{abstract}x"}
    )
    assert text.abstract == "We \\emph{keywords} go."
    assert text.sections[0].text.startswith(LEAD.strip())


def test_thanks_to_anonymous_referees_do_not_make_a_paper_anonymous(parse_files: Parse) -> None:
    main = (
        r"\documentclass{x}\title{T}\begin{document}\author{Mira Koss\thanks{Koss Hall. I thank"
        r" two anonymous referees.}}\maketitle\begin{abstract}Abs.\end{abstract}"
    )
    text = parse_files({"main.tex": f"{main}{LEAD}\\section{{I}}Body.\\end{{document}}"})
    assert text.sections[0].text == LEAD.strip()
