"""Spans that give away the decision or an author, with their places in the archive's files."""

from collections.abc import Callable

import pytest

from cycledata.records import PaperText

Parse = Callable[..., PaperText]


@pytest.mark.parametrize(
    ("preamble", "body", "rule", "excerpt"),
    [
        (r"\iclrfinalcopy", "", "final-copy-switch", r"\iclrfinalcopy"),
        (
            r"\usepackage[final, nonatbib]{neurips_2023}",
            "",
            "final-copy-switch",
            r"\usepackage[final, nonatbib]{neurips_2023}",
        ),
        (
            r"\usepackage[accepted]{icml2024}",
            "",
            "final-copy-switch",
            r"\usepackage[accepted]{icml2024}",
        ),
        (r"\author{Ann Bee\\MIT}", "", "author-block", r"\author{Ann Bee\\MIT}"),
        ("", r"\icmlauthor{Ann}{mit}", "author-block", r"\icmlauthor{Ann}{mit}"),
        (
            "",
            r"\icmlcorrespondingauthor{Ann}{ann@mit.edu}",
            "author-block",
            r"\icmlcorrespondingauthor{Ann}{ann@mit.edu}",
        ),
        ("", r"\thanks{Work done at X}", "author-block", r"\thanks{Work done at X}"),
        (
            r"\lhead{Published as a conference paper at ICLR 2024}",
            "",
            "camera-ready-header",
            "Published as a conference paper at ICLR 2024",
        ),
        (
            "",
            "Under review as a conference paper at ICLR 2025",
            "under-review-header",
            "Under review as a conference paper at ICLR 2025",
        ),
        (
            "",
            r"Our code is at \url{https://github.com/ann/foo}.",
            "author-link",
            r"\url{https://github.com/ann/foo}",
        ),
        (
            "",
            "Code is available: https://ann.github.io/foo",
            "author-link",
            "https://ann.github.io/foo",
        ),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else None,
)
def test_leak_is_reported_in_place_and_leaves_the_text(
    parse_files: Parse, preamble: str, body: str, rule: str, excerpt: str
) -> None:
    source = f"\\documentclass{{article}}% x\n{preamble}\n\\begin{{document}}\\section{{S}}\n"
    text = parse_files({"main.tex": source + "\\input{part}\\end{document}", "part.tex": body})
    (leak,) = text.leaks
    assert (leak.rule, leak.excerpt) == (rule, excerpt)
    assert {"main.tex": source, "part.tex": body}[leak.file][leak.start : leak.end] == excerpt
    assert excerpt not in "".join(section.text for section in text.sections)


def test_a_project_claimed_once_is_the_authors_everywhere(parse_body: Parse) -> None:
    far = "Words of a paper. " * 20
    text = parse_body(
        rf"\section{{S}}We release \url{{https://github.com/ann/foo}}. {far} Use "
        rf"\href{{https://github.com/Ann/foo/blob/a.py}}{{it}}. {far} \url{{https://github.com/x/y}}"
    )
    assert [leak.rule for leak in text.leaks] == ["author-link", "author-link"]
    assert "ann" not in text.sections[0].text.lower()
    assert "github.com/x/y" in text.sections[0].text


@pytest.mark.parametrize(
    ("preamble", "body"),
    [
        pytest.param("%\\iclrfinalcopy", "", id="commented-out"),
        pytest.param(r"\iffalse\iclrfinalcopy\fi", "", id="switched-off"),
        pytest.param(r"\author{Anonymous Authors}", "", id="anonymous"),
        pytest.param(r"\usepackage{neurips_2023}", "", id="submission-style"),
        pytest.param(r"\usepackage[final]{microtype}", "", id="final-of-another-package"),
        pytest.param("", r"Code: \url{https://anonymous.4open.science/r/x}", id="anonymous-link"),
        pytest.param("", r"It is accepted by all that most agree.", id="plain-words"),
        pytest.param(
            "", r"The plan was accepted by the oracle of the miracle.", id="acl-in-oracle"
        ),
        pytest.param("", r"We count papers submitted to ICLR 2020 and 2021.", id="about-others"),
        pytest.param("", r"It is \emph{acknowledged} that models overfit. We do.", id="emphasis"),
        pytest.param("", r"\subsection{Acknowledging noise} We do.", id="acknowledging"),
        pytest.param("", r"PyTorch~\cite{p} at \url{https://pytorch.org}", id="another's-site"),
    ],
)
def test_what_gives_nothing_away_is_not_reported(
    parse_body: Parse, preamble: str, body: str
) -> None:
    assert parse_body(r"\section{S}" + body, preamble).leaks == ()


def test_what_a_venue_style_would_print_of_the_authors_stays_out(parse_files: Parse) -> None:
    style = (
        "\\def\\icmlcorrespondingauthor#1#2{\\gdef\\who{#1 <#2>}}"
        "\\def\\printAffiliationsAndNotice#1{#1 Correspondence to: \\who. "
        + "Proceedings of the conference. " * 10
        + "}"
    )
    body = (
        "\\documentclass{article}\\usepackage{icml2024}\\begin{document}\\twocolumn["
        "\\icmlcorrespondingauthor{Ann}{ann@mit.edu}]\\printAffiliationsAndNotice{\\textbf{Equal}}"
        "\\section{S}Text.\\end{document}"
    )
    text = parse_files({"main.tex": body, "icml2024.sty": style})
    assert [section.text for section in text.sections] == ["Text."]


def test_a_bold_paragraph_on_funding_goes_and_one_about_funding_stays(parse_body: Parse) -> None:
    text = parse_body(
        "\\section{A}\nOne.\n\n\\textbf{Funding:} This was supported by the Bee Fund.\n\n"
        "\\textbf{Funding.} Startups look for investors.\n"
    )
    assert "Bee Fund" not in text.sections[0].text
    assert "Startups look for investors." in text.sections[0].text


def test_authors_of_the_affils_package_are_an_author_block(parse_body: Parse) -> None:
    text = parse_body(r"\affilauthorlist{Ann Bee\affils{x}, Cy Dee\affils{y}}\section{A}Text.")
    assert [leak.rule for leak in text.leaks] == ["author-block"]


def test_financial_support_in_a_command_is_an_author_block(parse_body: Parse) -> None:
    text = parse_body(
        r"\section{A}One.\financialsupport{The Bee Fund paid.}\refstepcounter{section}"
    )
    assert ([leak.rule for leak in text.leaks], text.sections[0].text) == (["author-block"], "One.")


@pytest.mark.parametrize(
    "link",
    [
        r"\url{https://www.jo-quimbyer.org/tool.html}",
        r"\footnote{\small\url{https://github.com/JoQuimbyer/tool}}",
        r"\href{https://people.uni.edu/quimbyer/tool}{https://people.uni.edu/quimbyer/tool}",
    ],
)
def test_an_address_with_an_authors_last_name_is_the_authors(parse_body: Parse, link: str) -> None:
    text = parse_body(r"\section{S}The filter " + link + " runs.", r"\author{Jo Quimbyér}")
    assert "author-link" in [leak.rule for leak in text.leaks]
    assert "quimby" not in text.sections[0].text.lower()


def test_a_name_with_an_umlaut_is_known_as_addresses_spell_it(parse_body: Parse) -> None:
    body = r"\section{S}Run \url{https://www.jo-kruemel.de/tool}."
    assert parse_body(body, r"\author{Jo Kr\"umel \and Bo Short}").sections[0].text == "Run ."


def test_another_address_of_the_same_letters_stays(parse_body: Parse) -> None:
    body = r"\section{S}Run \url{https://www.quimbyers.org} and \url{https://short.org}."
    text = parse_body(body, r"\author{Jo Quimby \and Bo Short \and Al Li}")
    assert "quimbyers" in text.sections[0].text


def test_the_target_of_a_link_goes_with_its_words(parse_body: Parse) -> None:
    body = (
        r"\section{S}"
        + "Far words. " * 20
        + r"\href{https://osf.io/abcde/files/and/a/long/path/of/many/letters/and/more/names/here}"
        r"{https://osf.io/abcde} our data."
    )
    assert "osf.io" not in parse_body(body).sections[0].text


def test_a_link_in_small_type_goes_with_its_type(parse_body: Parse) -> None:
    body = r"\section{S}Code: \texttt{\small https://hub.docker.com/r/bee/tool}."
    assert parse_body(body).sections[0].text == "Code: ."


def test_an_address_to_contact_the_authors_at_is_an_author_block(parse_body: Parse) -> None:
    text = parse_body(
        r"\section{S}We can be contacted at \url{help@bees.org}. An input is \texttt{ann@x.org}."
    )
    assert text.sections[0].text == r"We can be contacted at . An input is \texttt{ann@x.org}."
    assert [leak.rule for leak in text.leaks] == ["author-block"]


def test_contributions_that_name_the_authors_are_removed(parse_body: Parse) -> None:
    names = r"\author{Ann Quimby \and Bo Ornek \and Cy Dunmore}"
    body = (
        r"\section{Contributions}We make three, as Ann Quimby said."
        r"\section{Contributions}\paragraph{Lead.} Ann Quimby, Bo Ornek\paragraph{Data.} Cy Dunmore"
        r"\section{End}Text."
    )
    sections = parse_body(body, names).sections
    assert [(section.title, section.text) for section in sections] == [
        ("Contributions", "We make three, as [author] said."),
        ("Contributions", ""),
        ("Lead.", ""),
        ("Data.", ""),
        ("End", "Text."),
    ]


def test_a_footnote_with_a_link_only_goes_with_it(parse_body: Parse) -> None:
    note = r"\footnote{See \url{https://x.org}.}"
    body = r"\section{S}Our code\footnote{\url{https://git.io/abc}.} runs" + note
    assert parse_body(body).sections[0].text == "Our code runs" + note


def test_a_link_whose_words_hold_the_address_goes_whole(parse_body: Parse) -> None:
    link = r"\href{https://bees.example/}{(https://github.com/bee/tool)}"
    assert parse_body(r"\section{S}Our code " + link + " runs.").sections[0].text == (
        "Our code  runs."
    )


def test_a_title_page_footnote_with_an_institution_is_an_author_block(parse_body: Parse) -> None:
    note = r"\footnotetext[1]{Department of Bees, University of Hive}"
    text = parse_body(note + r"\section{S}Text" + note.replace("[1]", "[2]"))
    assert [leak.rule for leak in text.leaks] == ["author-block"]
    assert text.sections[0].text == r"Text" + note.replace("[1]", "[2]")


def test_an_address_with_an_authors_whole_name_is_a_leak(parse_body: Parse) -> None:
    body = r"\section{S}See \url{https://annli.example.com/x} and \url{https://li.example.com/}."
    text = parse_body(body, r"\author{Ann Li}")
    assert text.sections[0].text == r"See  and \url{https://li.example.com/}."


def test_braces_around_a_link_go_with_it(parse_body: Parse) -> None:
    body = r"\section{S}It is available {\href{https://github.com/bee/our-code}{here}}."
    assert parse_body(body).sections[0].text == "It is available ."


def test_a_verbatim_link_goes_with_its_command(parse_body: Parse) -> None:
    body = r"\section{S}Code: \lstinline!https://github.com/bee/our-code!\n \vspace{1em}End."
    assert parse_body(body.replace(r"\n", "\n")).sections[0].text == "Code: \n End."


@pytest.mark.parametrize(
    "words",
    [
        r"Project page: \url{https://foxes.ai/x}.",
        r"See our project website at \url{https://foxes.ai}.",
        r"Code is available at \url{https://code.foxes.org/a}.",
        r"Our dataset can be found at \emph{\url{https://foxes.org/d}}.",
        r"See the \href{https://foxes.ai}{Project Page}.",
    ],
)
def test_pages_of_the_project_on_a_domain_of_their_own_go(parse_body: Parse, words: str) -> None:
    text = parse_body(r"\section{A}" + words)
    assert [leak.rule for leak in text.leaks] == ["author-link"]
    assert "foxes" not in text.sections[0].text
    assert "{}" not in text.sections[0].text


@pytest.mark.parametrize(
    "words",
    [
        r"We use data from \url{https://bears.org} of others.",
        r"The page limit is given at \url{https://bears.org}.",
        r"The code of Bee et al. is available at \url{https://bears.org}.",
        r"The dataset is available at \url{https://bears.org/d}.",
        r"Code is available at \url{https://anonymous.bears.org}.",
        r"Our website is \url{http://\website}.",
    ],
)
def test_pages_of_others_stay(parse_body: Parse, words: str) -> None:
    text = parse_body(r"\section{A}" + words)
    assert not text.leaks
    assert text.sections[0].text == words


def test_a_section_on_the_teams_contributions_is_one_on_the_authors(parse_body: Parse) -> None:
    text = parse_body(
        r"\section{Team Contributions}Ann Quimby: text. Bo Ornek: data. Cy Dunmore: code.",
        r"\author{Ann Quimby, Bo Ornek, Cy Dunmore}",
    )
    assert not text.sections[0].text
