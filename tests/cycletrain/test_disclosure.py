"""The disclosure is reported as present only if it would be printed."""

import pytest

from cycledata.formats.paper_text import CitedWork, Plan
from cycledata.records import Section
from cycletrain.disclosure import DISCLOSURE, check_disclosure
from cycletrain.latex_paper import assemble

PLAN = Plan(
    motivation="Nobody has looked.",
    main_idea="Look.",
    interestingness=7,
    feasibility=8,
    novelty=6,
    title="On Looking",
    abstract="We look at 50\\% of things.",
    sections=(Section(level=1, title="Method", text="We minimise $x^2$ by looking."),),
    experimental_setup=(),
)
PAPER = assemble(PLAN, (), (), simulated=True).latex
BODY = "\\begin{document}"
D = DISCLOSURE


def around(before: str, after: str = "") -> str:
    return PAPER.replace(D, before + D + after)


def in_preamble(code: str) -> str:
    return PAPER.replace(BODY, code + "\n" + BODY).replace(D, f"\\textit{{{D}}}")


def in_body(code: str) -> str:
    return PAPER.replace(BODY, f"{BODY}\n{code}\n")


EDITS = {
    "comment": around("% "),
    "comment-after-two-backslashes": around("\\\\% "),
    "iffalse": around("\\iffalse ", " \\fi"),
    "if0": around("\\if0 1 ", " \\fi"),
    "ifx": around("\\ifx\\a\\b ", " \\fi"),
    "ifnum": around("\\ifnum0=1 ", " \\fi"),
    "ifcase": around("\\ifcase1 ", " \\fi"),
    "unless": around("\\unless\\iftrue ", " \\fi"),
    "newif": in_preamble("\\newif\\ifshow").replace(f"\\textit{{{D}}}", f"\\ifshow {D}\\fi"),
    "else-branch": around("\\iftrue x\\else ", " \\fi"),
    "ifthenelse": around("\\ifthenelse{1>2}{", "}{}"),
    "phantom": around("\\phantom{", "}"),
    "vphantom": around("\\vphantom{", "}"),
    "white": around("{\\color{white} ", "}"),
    "white-before": around("\\color{white} "),
    "textcolor": around("\\textcolor{white}{", "}"),
    "tenth-of-a-point": around("{\\fontsize{0.1pt}{0.1pt}\\selectfont ", "}"),
    "scalebox": around("\\scalebox{0.001}{", "}"),
    "savebox": around("\\newsavebox{\\x}\\savebox{\\x}{", "}"),
    "sbox": around("\\sbox0{", "}"),
    "setbox": around("\\setbox0=\\vbox{", "}"),
    "setbox-bgroup": around("\\setbox0=\\vbox\\bgroup ", " \\egroup"),
    "lrbox": around("\\begin{lrbox}{\\x}", "\\end{lrbox}"),
    "comment-environment": around("\\begin{comment}\n", "\n\\end{comment}"),
    "filecontents": around("\\begin{filecontents*}{x}\n", "\n\\end{filecontents*}"),
    "other-environment": around("\\begin{hidden}", "\\end{hidden}"),
    "end-document-before": around("\\end{document}\n"),
    "endinput-before": around("\\endinput\n"),
    "stop-before": around("\\stop\n"),
    "bye-through-csname": around("\\csname end\\endcsname "),
    "gobble": around("\\makeatletter\\@gobble{", "}"),
    "own-gobble": in_preamble("\\newcommand{\\drop}[1]{}").replace("\\textit{This", "\\drop{This"),
    "renewed-textit": in_preamble("\\renewcommand{\\textit}[1]{}"),
    "gdef-textit": in_preamble("\\gdef\\textit#1{}"),
    "let-textit": in_preamble("\\makeatletter\\let\\textit\\@gobble"),
    "let-without-at": in_preamble("\\let\\textit\\phantom"),
    "declared-textit": in_preamble("\\DeclareRobustCommand{\\textit}[1]{}"),
    "document-command": in_preamble("\\RenewDocumentCommand{\\textit}{m}{}"),
    "caret-notation": in_preamble("^^5cgdef^^5ctextit#1{}"),
    "renewed-section": in_preamble("\\renewcommand{\\section}{\\setbox0\\vbox\\bgroup}"),
    "renewed-abstract": around("\\renewenvironment{abstract}{\\sbox0\\bgroup}{\\egroup}"),
    "everypar": in_preamble("\\everypar{\\setbox0\\lastbox}"),
    "at-begin-document": in_preamble("\\AtBeginDocument{\\color{white}}"),
    "hook": in_preamble("\\AddToHook{env/document/begin}{\\color{white}}"),
    "shipout": in_preamble("\\AtBeginShipoutFirst{\\AtBeginShipoutDiscard}"),
    "catcode": in_body("\\catcode`T=14 "),
    "own-macro-in-the-body": in_body("\\def\\x{\\setbox0\\vbox\\bgroup}\\x"),
    "own-macro-with-let": in_body("\\let\\x\\iffalse \\x"),
    "moved-off-the-page": around("\\vspace*{-100cm}"),
    "moved-right": around("\\hspace*{50cm}"),
    "text-width": in_preamble("\\setlength{\\textwidth}{0pt}"),
    "covered": around("", "\\par\\vspace{-3cm}\\colorbox{white}{\\rule{0pt}{4cm}}"),
    "covered-in-a-picture": around("", "\\begin{picture}(0,0)\\put(0,0){x}\\end{picture}"),
    "unknown-package": in_preamble("\\usepackage{mystyle}"),
    "unknown-class": PAPER.replace("\\documentclass{article}", "\\documentclass{invisible}"),
    "rewritten-at-the-end": PAPER.replace("\\end{document}", "\\write18{x}\\end{document}"),
    "input-elsewhere": PAPER.replace(D, "\\input{disclosure}"),
    "marginpar": around("\\marginpar{", "}"),
    "label": around("\\label{", "}"),
    "index": around("\\index{", "}"),
    "pdf-metadata": around("\\hypersetup{pdftitle={", "}}"),
    "title-never-set": in_preamble("").replace(D, "").replace("\\title{%", "\\title{%\n" + D),
    "raisebox": around("\\raisebox{-90cm}{", "}"),
    "formula": around("$", "$"),
    "display": around("\\[\\textit{", "}\\]"),
    "underlined-off-the-page": around("\\underline{", "}"),
    "line-skip": around("x\\\\[-90cm]"),
    "list-off-the-page": around("\\begin{itemize}[leftmargin=99cm]\\item ", "\\end{itemize}"),
    "geometry": in_preamble("\\usepackage[hmargin=-30cm]{geometry}"),
    "tikz-overlay": around("", "\\begin{tikzpicture}[overlay]\\fill (0,0);\\end{tikzpicture}"),
    "iff-redefined": in_body("\\let\\iff\\iffalse \\iff"),
    "llap": around("\\llap{", "}"),
    "rotated-off": around("\\rotatebox{90}{", "}"),
    "moved-to-the-preamble": PAPER.replace(D, "").replace(BODY, f"{D}\n{BODY}"),
    "bibliography-only": PAPER.replace(D, "").replace("references.bib}\n", "references.bib}\n" + D),
    "removed": PAPER.replace(D, ""),
    "one-word-less": PAPER.replace(" and experimental results", ""),
    "another-tool": PAPER.replace("CycleResearcher", "a spell checker"),
    "negated": PAPER.replace("This paper was written", "This paper was not written"),
}


@pytest.mark.parametrize("text", EDITS.values(), ids=EDITS.keys())
def test_a_disclosure_that_may_not_be_printed_is_not_present(text: str) -> None:
    assert check_disclosure(text).verdict != "present"


HONEST = {
    "written": PAPER,
    "emphasised": around("\\textit{", "}"),
    "in-the-abstract": f"\\documentclass{{article}}\n{BODY}\n\\begin{{abstract}}\nWe look. {D}\n"
    "\\end{abstract}\n\\section{A}\nText.\n\\end{document}\n",
    "in-a-footnote": f"{BODY} We look.\\footnote{{{D}}} And see $x^2 \\le 4$.\\end{{document}}",
    "own-math-macros": PAPER.replace(
        BODY, "\\newcommand{\\R}{\\mathbb{R}}\n\\def\\bx{\\mathbf{x}}\n" + BODY
    ).replace("$x^2$", "$\\bx \\in \\R$"),
    "after-a-table": around(
        "\\begin{table}\\begin{tabular}{l}a\\\\\\end{tabular}\\caption{b}\\end{table}\n"
    ),
    "small": around("{\\small ", "}"),
    "unknown-command-pages-later": PAPER.replace("We minimise", "\\mycommand We minimise"),
    "from-a-pdf": D.replace(" ", "\n").replace("CycleResearcher", "CycleRe-\nsearcher"),
    "upper-case": D.upper(),
}


@pytest.mark.parametrize("text", HONEST.values(), ids=HONEST.keys())
def test_a_printed_disclosure_is_present(text: str) -> None:
    assert check_disclosure(text) == ("present", "")


@pytest.mark.parametrize(
    ("text", "verdict", "detail"),
    [
        (EDITS["if0"], "hidden", "inside a conditional"),
        (EDITS["phantom"], "hidden", r"inside the argument of \phantom"),
        (EDITS["comment"], "hidden", "comment"),
        (EDITS["unknown-package"], "unverified", "mystyle is not known"),
        (EDITS["another-tool"], "altered", "cycleresearcher -> a spell checker"),
        (EDITS["removed"], "absent", "words together"),
        ("<!-- " + D + " -->", "hidden", "comment"),
        (f'<p style="display:none">{D}</p>', "unverified", "HTML"),
    ],
    ids=["conditional", "argument", "comment", "package", "altered", "absent", "html", "style"],
)
def test_a_verdict_has_its_reason(text: str, verdict: str, detail: str) -> None:
    found = check_disclosure(text)
    assert found.verdict == verdict
    assert detail in found.detail


HOSTILE = {
    "gdef": "\\gdef\\textit#1{}",
    "input": "\\input{/etc/passwd}",
    "openout": "\\newwrite\\w\\immediate\\openout\\w=x.tex",
    "loop": "\\loop\\iftrue\\repeat",
    "caret": "^^5cdef^^5ctextit#1{}",
    "end": "\\end{document}",
    "filecontents": "\\end{filecontents*}\n\\gdef\\section#1{}\\begin{filecontents*}{y}",
    "cover": "\\vspace*{-20cm}\\colorbox{white}{x}",
    "shipout": "\\AtBeginDocument{\\color{white}}",
    "brace": "} \\egroup {",
    "percent": "50%",
}


@pytest.mark.parametrize("code", HOSTILE.values(), ids=HOSTILE.keys())
def test_neither_model_text_nor_references_can_remove_the_disclosure(code: str) -> None:
    from cycletrain.latex_commands import neutralise

    hostile = PLAN.model_copy(
        update={
            "abstract": code,
            "sections": (Section(level=1, title="Method", text=code),),
        }
    )
    cited = (CitedWork(bibtex=f"@misc{{a, title={{{code}}}}}", abstract=None),)
    paper = assemble(hostile, (Section(level=1, title="E", text=code),), cited, simulated=True)
    assert check_disclosure(paper.latex).verdict == "present"
    assert (paper.n_neutralised > 0) == (code not in ("50%", "} \\egroup {") or "egroup" in code)
    assert neutralise(paper.latex.partition("\\clearpage")[2].partition("\\bibliographystyle")[0])
