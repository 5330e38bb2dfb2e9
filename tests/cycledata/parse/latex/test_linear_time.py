"""Texts that make a careless reader quadratic, or worse: every one ends soon.

Doubling a text must not much more than double the time. Timers on shared machines jump, so each is
held to a bound that linear readers keep twenty times over and quadratic ones miss at this length.
"""

import gzip
import time

import pytest

from cycledata.parse.latex import parse_eprint

HEAD = "\\documentclass{article}\\begin{document}"
LENGTH = 150_000
SECONDS = 2.0
REPEATED = (
    "{", "}", "\\", "%\n", "\\cite{", "\\cite[", "\\cites[a][b]{c}", "\\section{", "\\title{",
    "\\begin{figure}", "\\begin{abstract}", "\\begin{verbatim}", "\\begin{figure}\\caption{",
    "\\verb|a", "\\href{", "\\iffalse ", "\\ifx\\a\\b ", "\\fi ", "\\ifthenelse{", "\\csname ",
    "\\newcommand{\\a}{", "\\def\\a#1{", "\\let\\a\\b ", "\\newenvironment{a}{", "\\usepackage{a}",
    "\\input{x}", "\\input{main}", "\\abstract ", "\\section{Acknowledgments}",
    "\\textbf{Acknowledgments} ", "github.com/x ", "Under review at ICLR ", "\\todo{", "\\todo[",
    "\\added{", "{\\def\\a{b}", "\\begin{x}\\def\\a{b}", "\\icmlauthor{a}", "{\\LARGE ",
    "\\documentclass{a}\n", "\\tikz{", "\\tikz[", "\\begin{itemize}[a={", "\\looseness=",
    "{ \\small ", "\\small }", "\\begin{minipage}[", "\\twocolumn[", "\\paragraph{",
)  # fmt: skip
WHOLE = {
    "macro-in-itself": HEAD + "\\def\\a{\\a\\a}\\a",
    "doubling-macros": HEAD
    + "".join(
        f"\\def\\{one}{{\\{two}\\{two}\\section{{x}}}}"
        for one, two in zip("bcdefghijklmnopqrstuvwxy", "cdefghijklmnopqrstuvwxyz", strict=True)
    )
    + "\\b",
    "doubling-edef": HEAD + "\\def\\a{x}" + "\\edef\\a{\\a\\a}" * 200,
    "optional-never-closed": "\\newcommand{\\a}[2][x]{\\section{#1#2}}" + HEAD + "\\a[" * 100_000,
    "delimiter-never-met": "\\def\\a#1.{\\section{#1}}" + HEAD + "\\a{" * 100_000,
    "nested-marks": HEAD + "\\added{" * 5_000 + "}" * 5_000,
    "nested-sections": HEAD + "\\section{" * 5_000 + "}" * 5_000,
    "long-test": HEAD + "\\ifthenelse{" + "\\not" * 50_000 + "}{a}{b}",
    "long-loop": HEAD + "\\forcsvlist{\\section}{" + "a," * 100_000 + "}",
    "acronyms-in-themselves": "\\newacronym{a}{A}{\\acrfull{a} x}" + HEAD + "\\gls{a}",
    "doubling-acronyms": "".join(
        f"\\newacronym{{k{n}}}{{K}}{{\\acrlong{{k{n + 1}}}\\acrlong{{k{n + 1}}}}}"
        for n in range(40)
    )
    + HEAD
    + "\\acrlong{k0}",
    "acronyms-never-closed": "\\usepackage{acronym}" + HEAD + "\\ac{z}" + "\\acro{a}[b]{c" * 20_000,
    "signs-of-addresses": "\\author{Zora Quimby \\texttt{z@f.org}}" + HEAD + "@" * 100_000,
    "addresses": "\\author{Zora Quimby \\texttt{z@f.org}}" + HEAD + "a@b.c " * 20_000,
    "remarks": "\\newcommand{\\jk}[1]{\\textcolor{red}{JK: #1}}" + HEAD + "\\jk{" * 60_000,
}
TEXTS = WHOLE | {repr(piece): HEAD + piece * (LENGTH // len(piece)) for piece in REPEATED}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_hostile_text_ends_soon(text: str) -> None:
    payload = gzip.compress(text.encode(), 1)
    start = time.process_time()
    parse_eprint(payload, file="hostile.gz", bibliography=False)
    assert time.process_time() - start < SECONDS
