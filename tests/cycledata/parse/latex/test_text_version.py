"""The texts of the sample and of small papers belong to one version of the LaTeX reader.

After a change of what is read, raise ``TEXT_VERSION`` and run this file as a script; it adds the
digest of the new version to ``text_versions.json`` and never changes that of an earlier one.
"""

import hashlib
import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path

from cycledata import sample
from cycledata.parse.latex import parse_eprint
from cycledata.parse.latex.paper import TEXT_VERSION

FILE = Path(__file__).with_name("text_versions.json")
STEPS = (
    "raise TEXT_VERSION in cycledata/parse/latex/paper.py, say in CHANGELOG.md what changed,"
    " and run `python tests/cycledata/parse/latex/test_text_version.py`"
)
SPECIMEN = r"""\documentclass{article}
\usepackage{acronym}\newacronym{rl}{RL}{reinforcement learning}\newif\ifdraft
\newcommand{\ours}{\textsc{Fox}}\newcommand{\jk}[1]{\textcolor{red}{JK: #1}}
\newcommand{\Title}{Foxes}\title{\Title\ by \gls{rl}}
\author{Zora Quimby$^{1}$ \and Iv\'an Ornek \\ Fox University \\ \texttt{zora@fox.org}}
\begin{document}\maketitle\begin{abstract}We \gls{rl}.\end{abstract}
\chapter{One}\section{\ours{} and \ifdraft no\else yes\fi}Text\jk{fix} \added{new} \deleted{old}.
\paragraph{Zora Quimby} wrote; ask zora@fox.org \cite{q}. $x \st y$ \verb|%a|
\begin{verbatim}\section{No}\end{verbatim}\begin{figure}\caption{A fox}\label{f}\end{figure}
\section*{Acknowledgments}Thanks.
\begin{thebibliography}{1}\bibitem{q} Quimby, Z. \newblock Of foxes. \newblock 2019.
\end{thebibliography}
\end{document}
"""


def payloads() -> Iterator[bytes]:
    yield SPECIMEN.encode()
    folder = Path(sample.__file__).parent / "source/arxiv/eprint"
    for path in sorted(path for path in folder.iterdir() if path.suffix not in (".md", ".pdf")):
        if path.is_file():
            yield path.read_bytes()
            continue
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            for member in sorted(path.rglob("*")):
                archive.add(member, member.relative_to(path).as_posix(), recursive=False)
        yield packed.getvalue()


def digest() -> str:
    texts = [parse_eprint(payload, file="x.tex") for payload in payloads()]
    assert len(texts) > 10
    dumped = [text.model_dump(mode="json", exclude={"text_version"}) for text in texts]
    return hashlib.sha256(json.dumps(dumped, sort_keys=True).encode()).hexdigest()


def test_texts_are_those_of_the_text_version() -> None:
    recorded = json.loads(FILE.read_text("utf-8"))
    assert recorded.get(TEXT_VERSION) == digest(), f"{TEXT_VERSION} gives other texts: {STEPS}"


def main() -> None:
    recorded = json.loads(FILE.read_text("utf-8")) if FILE.exists() else {}
    if recorded.setdefault(TEXT_VERSION, digest()) != digest():
        raise SystemExit(f"{TEXT_VERSION} gives other texts: {STEPS}")
    FILE.write_text(json.dumps(recorded, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
