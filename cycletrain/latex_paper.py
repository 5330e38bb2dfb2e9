r"""A generated paper as one LaTeX file, with the disclosure that must not be taken out.

The sentence is the paper's own (Ethical considerations). It is printed under the abstract, where
no reader can miss it; ``check_disclosure`` finds it in LaTeX, or in text taken from a PDF, and
tells what was altered or removed. Removal proves nothing about who wrote a text: that is what
``cycletrain detect`` is for.
"""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Literal, NamedTuple

from cycledata.formats.latex_block import render_latex_block
from cycledata.formats.paper_text import CitedWork, Plan
from cycledata.records import PaperText, Section

DISCLOSURE = (
    "This paper was written with the assistance of CycleResearcher, including but not limited to"
    " the introduction, related work, experimental design, and experimental results sections. A"
    " portion of the content may have been generated using large language models (LLMs)."
)
FABRICATED = (
    "The experimental results in this paper were made up by a language model."
    " No experiment was run."
)
"""Stands beside the disclosure wherever results were simulated (Appendix A)."""

_PREAMBLE = r"""\begin{filecontents*}[overwrite]{references.bib}
%(bibtex)s
\end{filecontents*}
\documentclass{article}
\usepackage[T1]{fontenc}
\usepackage[utf8]{inputenc}
\usepackage{amsmath,amssymb,booktabs,graphicx,natbib,hyperref}
\title{%(title)s}
\author{}
\begin{document}
\maketitle
\begin{abstract}
%(abstract)s
\end{abstract}
\noindent\textit{%(disclosure)s}

%(body)s

\bibliographystyle{plainnat}
\bibliography{references}
\end{document}
"""
_COMMENT = re.compile(r"(?<!\\)%[^\n]*")
_HIDDEN = re.compile(
    r"\\iffalse\b.*?(?:\\fi\b|\Z)|\\begin\{comment\}.*?(?:\\end\{comment\}|\Z)", re.S
)
_COMMAND = re.compile(r"\\[A-Za-z]{1,30}\*?|[{}~$]")
_WORD = re.compile(r"[a-z0-9]+")
_MAX_CHARS = 2_000_000
"""Longer texts are refused: a paper has a tenth of it."""
_ALTERED_FROM = 0.5
"""Share of the sentence's words, in order and close together, that still counts as the sentence."""


def assemble(
    plan: Plan, rest: Sequence[Section], references: Sequence[CitedWork], *, simulated: bool
) -> str:
    """The whole paper, ready for pdflatex and bibtex.

    Args:
        plan: the first turn: title, abstract, sections up to the method.
        rest: the sections of the second turn.
        references: what may be cited.
        simulated: the results were made up; the paper then says so.
    """
    return _PREAMBLE % {
        "bibtex": "\n\n".join(work.bibtex for work in references),
        "title": plan.title,
        "abstract": plan.abstract,
        "disclosure": f"{DISCLOSURE} {FABRICATED}" if simulated else DISCLOSURE,
        "body": render_latex_block((*plan.sections, *rest)),
    }


def text_as_paper(title: str, abstract: str, sections: Sequence[Section], name: str) -> PaperText:
    """A generated paper as the record of a parsed one, for whoever shows papers to a reader.

    It has no disclosure: a reward that reflected it would teach the policy nothing.
    """
    return PaperText(
        file=name,
        main_file=name,
        title=title,
        abstract=abstract,
        sections=tuple(sections),
        cited_keys=(),
        bibliography=(),
        figures=(),
        leaks=(),
        warnings=(),
        text_source="arxiv-latex",
        text_version="cycletrain",
    )


class DisclosureCheck(NamedTuple):
    """What became of the disclosure in one text."""

    verdict: Literal["present", "altered", "hidden", "absent"]
    """``hidden``: only in comments or switched-off text, where no reader of the paper sees it."""
    detail: str
    """Words missing or added; ``""`` where it is present."""


def check_disclosure(text: str) -> DisclosureCheck:
    """Look for the disclosure in LaTeX or plain text.

    Case, line breaks, hyphens at line ends, LaTeX commands and punctuation do not matter; words do.

    Raises:
        ValueError: a text longer than any paper.
    """
    if len(text) > _MAX_CHARS:
        raise ValueError(f"{len(text)} characters, expected {_MAX_CHARS} at most; is this a paper?")
    sentence = _words(DISCLOSURE)
    visible = _words(_printed(text))
    if _contains(visible, sentence):
        return DisclosureCheck("present", "")
    if _contains(_words(text.replace("%", " ")), sentence):
        return DisclosureCheck("hidden", "it stands in a comment or in switched-off text")
    window = _nearest(visible, sentence)
    matcher = SequenceMatcher(None, sentence, window, autojunk=False)
    kept = sum(block.size for block in matcher.get_matching_blocks())
    if kept < _ALTERED_FROM * len(sentence):
        return DisclosureCheck("absent", f"{kept} of its {len(sentence)} words stand together")
    changes = [
        f"{' '.join(sentence[a:b]) or '(nothing)'} -> {' '.join(window[c:d]) or '(nothing)'}"
        for kind, a, b, c, d in matcher.get_opcodes()
        if kind != "equal"
    ]
    return DisclosureCheck("altered", "; ".join(changes)[:300])


def _printed(text: str) -> str:
    """What a LaTeX file shows: no preamble, no comment, no branch that is switched off."""
    body = text.partition(r"\begin{document}")[2] or text
    body = body.partition(r"\end{document}")[0]
    return _HIDDEN.sub(" ", _COMMENT.sub("", body))


def _words(text: str) -> list[str]:
    joined = _COMMAND.sub(" ", re.sub(r"-[ \t]{0,8}\n", "", text)).lower()
    return _WORD.findall(joined)


def _contains(words: list[str], sentence: list[str]) -> bool:
    # A joined string compares at C speed; the blanks keep words whole.
    return f" {' '.join(sentence)} " in f" {' '.join(words)} "


def _nearest(words: list[str], sentence: list[str]) -> list[str]:
    """The stretch of the sentence's length that shares most of its words."""
    size, wanted = len(sentence), set(sentence)
    hits = [word in wanted for word in words]
    count = best = sum(hits[:size])
    place = 0
    for start in range(1, max(len(words) - size, 0) + 1):
        count += hits[start + size - 1] - hits[start - 1]
        if count > best:
            best, place = count, start
    return words[place : place + size]
