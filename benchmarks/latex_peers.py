r"""Peers of ``benchmarks/latex.py``, run by a Python that has them: one peer, one process.

    VENV/bin/python benchmarks/latex_peers.py NAME FOLDER    # -> JSON on stdout

FOLDER has unpacked papers and ``papers.json``: main file (empty when the peer must find it) by
id. None of these readers gives sections or keys of a whole paper, so each is asked for what it does
(resolve inputs, drop comments, parse), and the same plain search for sectioning and citation
commands is run on its result.
"""

import importlib.util
import json
import logging
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

MODULES = {
    "arxiv-to-prompt": "arxiv_to_prompt",
    "arxiv-latex-cleaner": "arxiv_latex_cleaner",
    "pylatexenc": "pylatexenc",
    "TexSoup": "TexSoup",
}
_HEADING = re.compile(r"\\(section|subsection|subsubsection)(\*?)\s*(?:\[[^\]]*\])?\s*(?=\{)")
_CITE = re.compile(r"\\(?:no)?[cC]ite[a-zA-Z]*\*?\s*(?:\[[^\]]*\]\s*){0,2}\{([^{}]*)\}")
CITES = [
    "cite", "citep", "citet", "citealp", "citealt", "citeauthor", "citeyear", "nocite", "citep*",
    "citet*", "parencite", "textcite", "autocite",
]  # fmt: skip
_LEVELS = ("section", "subsection", "subsubsection")


def peak_mib() -> float:
    """Peak memory of this process; ``getrusage`` would give a child its parent's."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) / 1024


def group(text: str, start: int) -> str:
    depth = 0
    for match in re.finditer(r"\\.|[{}]", text[start : start + 3000], re.DOTALL):
        depth += (match[0] == "{") - (match[0] == "}")
        if depth == 0:
            return text[start + 1 : start + match.start()]
    return ""


def search(text: str) -> dict[str, Any]:
    """Sections and keys of flat LaTeX without comments."""
    body = text.partition("\\begin{document}")[2] or text
    body = body.partition("\\end{document}")[0]
    keys = {key.strip() for found in _CITE.findall(body) for key in found.split(",")}
    return {
        "sections": [
            [_LEVELS.index(found[1]) + 1, group(body, found.end())]
            for found in _HEADING.finditer(body)
        ],
        "keys": sorted(keys - {"", "*"}),
    }


def inputs(folder: Path, main: str) -> str:
    """Return a main file with its inputs inserted, by the plain search that such scripts use."""
    text = (folder / main).read_text(encoding="utf-8", errors="replace")
    for _ in range(5):
        text, n = re.subn(
            r"(?m)^([^%\n]*?)\\(?:input|include|subfile)\s*\{([^}]+)\}",
            lambda match: match[1] + read(folder, match[2].strip()),
            text,
        )
        if not n:
            break
    return text


def read(folder: Path, name: str) -> str:
    for path in (folder / f"{name}.tex", folder / name):
        if path.is_file():
            return path.read_text(encoding="utf-8", errors="replace")
    return ""


def arxiv_to_prompt(folder: Path, main: str) -> dict[str, Any]:
    from arxiv_to_prompt import core

    main = main or core.find_main_tex(str(folder)) or ""
    text = core.remove_comments_from_lines(core.flatten_tex(str(folder), main))
    return {"main": main, **search(text)}


def arxiv_latex_cleaner(folder: Path, main: str) -> dict[str, Any]:
    from arxiv_latex_cleaner import arxiv_latex_cleaner as cleaner

    with tempfile.TemporaryDirectory() as name:
        copy = Path(name) / "paper"
        shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("*.png", "*.jpg", "*.pdf"))
        cleaner.run_arxiv_cleaner({
            "input_folder": str(copy), "resize_images": False, "im_size": 500,
            "compress_pdf": False, "pdf_im_resolution": 500, "images_allowlist": {},
            "keep_bib": True, "commands_to_delete": [], "commands_only_to_delete": [],
            "environments_to_delete": [], "if_exceptions": [], "use_external_tikz": None,
            "svg_inkscape": None, "convert_png_to_jpg": False, "verbose": False,
        })  # fmt: skip
        return {"main": main, **search(inputs(Path(f"{copy}_arXiv"), main))}


def pylatexenc(folder: Path, main: str) -> dict[str, Any]:
    from pylatexenc.latexwalker import (
        LatexCommentNode,
        LatexEnvironmentNode,
        LatexGroupNode,
        LatexMacroNode,
        LatexWalker,
    )

    sections: list[list[Any]] = []
    keys: set[str] = set()

    def walk(nodes: list[Any]) -> None:
        for node in nodes or []:
            if node is None or isinstance(node, LatexCommentNode):
                continue
            if isinstance(node, LatexMacroNode):
                args = [each for each in (node.nodeargd.argnlist or []) if each is not None]
                if node.macroname in _LEVELS and args:
                    title = args[-1].latex_verbatim().strip("{}")
                    sections.append([_LEVELS.index(node.macroname) + 1, title])
                elif "cite" in node.macroname.lower() and args:
                    keys.update(args[-1].latex_verbatim().strip("{}").split(","))
                walk(args)
            elif isinstance(node, LatexGroupNode | LatexEnvironmentNode):
                walk(node.nodelist)

    body = inputs(folder, main).partition("\\begin{document}")[2].partition("\\end{document}")[0]
    walk(LatexWalker(body).get_latex_nodes()[0])
    found = {" ".join(key.split()) for key in keys}
    return {"main": main, "sections": sections, "keys": sorted(found - {"", "*"})}


def texsoup(folder: Path, main: str) -> dict[str, Any]:
    from TexSoup import TexSoup

    soup = TexSoup(inputs(folder, main), tolerance=1)
    names = [name + star for name in _LEVELS for star in ("", "*")]
    sections = [
        [_LEVELS.index(node.name.rstrip("*")) + 1, str(node.args[-1].string)]
        for node in soup.find_all(names)
        if node.args
    ]
    cites = soup.find_all(CITES)
    keys = {
        key.strip() for node in cites if node.args for key in str(node.args[-1].string).split(",")
    }
    return {"main": main, "sections": sections, "keys": sorted(keys - {"", "*"})}


PEERS: dict[str, Callable[[Path, str], dict[str, Any]]] = {
    "arxiv-to-prompt": arxiv_to_prompt,
    "arxiv-latex-cleaner": arxiv_latex_cleaner,
    "pylatexenc": pylatexenc,
    "TexSoup": texsoup,
}


def main() -> None:
    name, folder = sys.argv[1], Path(sys.argv[2])
    if importlib.util.find_spec(MODULES[name]) is None:
        print(json.dumps({"missing": name}))
        return
    logging.disable(logging.CRITICAL)
    sys.setrecursionlimit(20_000)
    papers = json.loads((folder / "papers.json").read_text(encoding="utf-8"))
    results: dict[str, Any] = {}
    start = time.process_time()
    for paper, main_file in papers.items():
        try:
            results[paper] = PEERS[name](folder / paper, main_file)
        except Exception as error:  # noqa: BLE001  whatever a peer raises is a paper it got wrong
            results[paper] = {"error": f"{type(error).__name__}: {error}"[:200]}
    seconds = time.process_time() - start
    print(json.dumps({"results": results, "seconds": seconds, "peak_mib": peak_mib()}))


if __name__ == "__main__":
    main()
