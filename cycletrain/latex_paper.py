"""A generated paper as one LaTeX file, with its disclosure.

The disclosure is a page of its own before everything that a model or a .bib file wrote. TeX has
finished that page before it reads the rest, and the rest uses allowed commands only (see
``latex_commands``), so nothing in it can redefine, hide or remove the disclosure.
"""

from collections.abc import Sequence
from typing import NamedTuple

from cycledata.formats.latex_block import render_latex_block
from cycledata.formats.paper_text import CitedWork, Plan
from cycledata.records import PaperText, Section
from cycletrain.disclosure import DISCLOSURE, FABRICATED
from cycletrain.latex_commands import neutralise

_TEMPLATE = r"""\begin{filecontents*}[overwrite]{references.bib}
%(bibtex)s
\end{filecontents*}
\documentclass{article}
\usepackage[T1]{fontenc}
\usepackage[utf8]{inputenc}
\usepackage{amsmath,amssymb,amsthm,bm,booktabs,graphicx,natbib,hyperref}
\DeclareMathOperator*{\argmax}{arg\,max}
\DeclareMathOperator*{\argmin}{arg\,min}
\newtheorem{theorem}{Theorem}
\newtheorem{lemma}[theorem]{Lemma}
\newtheorem{corollary}[theorem]{Corollary}
\newtheorem{proposition}[theorem]{Proposition}
\newtheorem{claim}[theorem]{Claim}
\theoremstyle{definition}
\newtheorem{definition}[theorem]{Definition}
\newtheorem{example}[theorem]{Example}
\newtheorem{remark}[theorem]{Remark}
\begin{document}
\section*{Disclosure}
%(disclosure)s
\clearpage
\title{%%
%(title)s
}
\author{}
\maketitle
\begin{abstract}
%(abstract)s
\end{abstract}

%(body)s

\bibliographystyle{plainnat}
\bibliography{references}
\end{document}
"""


class AssembledPaper(NamedTuple):
    """A paper ready for pdflatex and bibtex."""

    latex: str
    n_neutralised: int
    """Commands of the model or the .bib file that are printed, not run."""


def assemble(
    plan: Plan, rest: Sequence[Section], references: Sequence[CitedWork], *, simulated: bool
) -> AssembledPaper:
    """Return the whole paper as LaTeX.

    Args:
        plan: the first turn: title, abstract, sections up to the method.
        rest: sections of the second turn.
        references: works that may be cited.
        simulated: the results were invented; the disclosure then says so.
    """
    parts = {
        "bibtex": "\n\n".join(work.bibtex for work in references),
        "title": plan.title,
        "abstract": plan.abstract,
        "body": render_latex_block((*plan.sections, *rest)),
    }
    safe = {name: neutralise(text) for name, text in parts.items()}
    texts = {name: found.text for name, found in safe.items()}
    disclosure = f"{DISCLOSURE} {FABRICATED}" if simulated else DISCLOSURE
    return AssembledPaper(
        _TEMPLATE % {**texts, "disclosure": disclosure},
        sum(found.n_neutralised for found in safe.values()),
    )


def text_as_paper(title: str, abstract: str, sections: Sequence[Section], name: str) -> PaperText:
    """Return a generated paper as the record of a parsed one, to show it to a reviewer.

    It has no disclosure: a policy must not be rewarded for one.
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
