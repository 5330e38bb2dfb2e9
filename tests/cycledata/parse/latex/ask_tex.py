r"""Ask TeX what the small papers of ``tex_truth.json`` print, and write its answers there.

    python tests/cycledata/parse/latex/ask_tex.py

Needs ``pdflatex``; the tests do not. A hook package is loaded right after the document class: it
writes each heading that LaTeX's own ``\@sect`` and ``\@ssect`` come to set, expanded, and the
title; citation keys are what lands in the .aux files. So macros, groups, conditionals and inputs
are resolved by TeX and by no parser. Papers whose answer TeX cannot give (``"by_hand"``) are left
as they are.
"""

import json
import re
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from cycledata.parse.latex.to_plain_text import readable

TRUTH = Path(__file__).with_name("tex_truth.json")
HOOKS = r"""
\makeatletter
\newwrite\hooksfile\immediate\openout\hooksfile=hooks.txt
\AtBeginDocument{%
  \let\hooks@start\@startsection
  \def\@startsection#1#2#3#4#5#6{%
    \gdef\hooks@level{#2}\hooks@start{#1}{#2}{#3}{#4}{#5}{#6}}%
  \let\hooks@sect\@sect
  \def\@sect#1#2#3#4#5#6[#7]#8{%
    {\let\label\@gobble\let\footnote\@gobble\protected@edef\hooks@title{#8}%
     \immediate\write\hooksfile{S|#2|\meaning\hooks@title}}%
    \hooks@sect{#1}{#2}{#3}{#4}{#5}{#6}[{#7}]{#8}}%
  \let\hooks@ssect\@ssect
  \def\@ssect#1#2#3#4#5{%
    {\let\label\@gobble\let\footnote\@gobble\protected@edef\hooks@title{#5}%
     \immediate\write\hooksfile{S|\hooks@level|\meaning\hooks@title}}%
    \hooks@ssect{#1}{#2}{#3}{#4}{#5}}%
}
\makeatother
"""


def ask(files: dict[str, str]) -> dict[str, Any]:
    """Sections and cited keys of a paper as pdfTeX finds them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(text.encode())
        (folder / "hooks.sty").write_text(HOOKS, encoding="utf-8")
        main = (folder / "main.tex").read_bytes().decode()
        hooked = re.sub(
            r"(\\documentclass(?:\[[^\]]*\])?\{[^}]*\})",
            r"\1\\RequirePackage{hooks}",
            main,
            count=1,
        )
        (folder / "main.tex").write_bytes(hooked.encode())
        subprocess.run(
            ["pdflatex", "-interaction=nonstopmode", "-draftmode", "main.tex"],
            cwd=folder,
            capture_output=True,
            timeout=60,
            check=False,
        )
        lines = (folder / "hooks.txt").read_text(encoding="utf-8", errors="replace")
        found = re.findall(r"S\|(\d)\|macro:->(.*)", lines)
        aux = "".join(path.read_text(errors="replace") for path in sorted(folder.glob("*.aux")))
        keys = [
            key.strip()
            for group in re.findall(r"\\citation\{(.*?)\}", aux)
            for key in group.split(",")
        ]
    titles = [(int(level), readable(title)) for level, title in found]
    return {
        "sections": [[level, title] for level, title in titles if title != "References"],
        "cited_keys": sorted({key for key in keys if key and key != "*"}),
    }


def main() -> None:
    """Rewrite the answers."""
    papers = json.loads(TRUTH.read_text(encoding="utf-8"))
    for paper in papers:
        if not paper.get("by_hand"):
            paper |= ask(paper["files"])
    text = json.dumps(papers, indent=1, ensure_ascii=False)
    TRUTH.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
