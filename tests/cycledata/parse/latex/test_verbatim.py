"""Environments and commands that a paper makes verbatim are copied as they stand."""

from collections.abc import Callable

import pytest

from cycledata.records import PaperText

Parse = Callable[..., PaperText]
CODE = "x = 5 % percent \\section{No} \\cite{no} \\todo{stays}"


@pytest.mark.parametrize(
    ("preamble", "begin", "end"),
    [
        (r"\newtcblisting{box}[2][]{title=#2}", r"\begin{box}[a]{b}", r"\end{box}"),
        (r"\NewTCBListing{box}{O{} m}{title=#2}", r"\begin{box}{b}", r"\end{box}"),
        (r"\DeclareTCBListing{box}{m}{title=#1}", r"\begin{box}{b}", r"\end{box}"),
        (r"\newminted{sql}{linenos}", r"\begin{sqlcode}", r"\end{sqlcode}"),
        (r"\newminted[query]{sql}{}", r"\begin{query*}{a}", r"\end{query*}"),
        (r"\lstnewenvironment{code}[1][]{\lstset{#1}}{}", r"\begin{code}", r"\end{code}"),
        (r"\DefineVerbatimEnvironment{code}{Verbatim}{}", r"\begin{code}", r"\end{code}"),
    ],
)
def test_a_new_environment_is_copied(
    parse_body: Parse, preamble: str, begin: str, end: str
) -> None:
    text = parse_body(f"\\section{{S}}{begin}\n{CODE}\n{end}\\section{{E}}fin", preamble)
    assert [section.title for section in text.sections] == ["S", "E"]
    assert CODE in text.sections[0].text
    assert text.cited_keys == ()


def test_mint_and_its_commands_are_copied(parse_body: Parse) -> None:
    body = r"\section{S}\mint{sql}|a % b| \sql!c % d! \section{E}"
    text = parse_body(body, r"\newmint{sql}{}")
    assert text.sections[0].text == r"\mint{sql}|a % b| \sql!c % d!"


def test_a_file_in_the_source_is_written(parse_files: Parse) -> None:
    main = (
        "\\begin{filecontents}[overwrite]{own.tex}\n\\section{Own}\n\\end{filecontents}\n"
        "\\begin{filecontents*}{refs.bib}\n@misc{k, title={Kept}, year=2001}\n"
        "\\end{filecontents*}\n\\documentclass{article}\\begin{document}\\input{own}"
        "\\cite{k}\\bibliography{refs}\\end{document}"
    )
    text = parse_files({"main.tex": main}, bibliography=True)
    assert [section.title for section in text.sections] == ["Own"]
    assert [(entry.title, entry.year) for entry in text.bibliography] == [("Kept", 2001)]


@pytest.mark.parametrize(
    "declared", [r"\MakeShortVerb{\|}", r"\MakeShortVerb\|", r"\lstMakeShortInline[x=1]{|}"]
)
def test_short_verbatim_is_copied_until_it_is_deleted(parse_body: Parse, declared: str) -> None:
    body = f"\\section{{S}}|{CODE}| a | b \\DeleteShortVerb{{\\|}} |\\cite{{x}}|\\section{{E}}fin"
    text = parse_body(body.replace("a | b", "a|50%|b"), declared)
    assert [section.title for section in text.sections] == ["S", "E"]
    assert f"|{CODE}| a|50%|b" in text.sections[0].text
    assert text.cited_keys == ("x",)


def test_the_words_that_pandoc_marks_in_code_are_kept_without_marks(parse_body: Parse) -> None:
    text = parse_body(
        r"\section{S}\begin{Highlighting}[]\KeywordTok{if}\NormalTok{ a\_b }\OperatorTok{==}"
        r"\DataTypeTok{\{c\}}\end{Highlighting}"
    )
    code = r"\begin{Highlighting}[]if a\_b ==\{c\}\end{Highlighting}"
    assert text.sections[0].text == code
