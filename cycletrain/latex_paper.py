"""A generated paper as one LaTeX file, with its disclosure."""

from collections.abc import Sequence

from cycledata.formats.latex_block import render_latex_block
from cycledata.formats.paper_text import CitedWork, Plan
from cycledata.records import PaperText, Section
from cycletrain.disclosure import DISCLOSURE, FABRICATED

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
