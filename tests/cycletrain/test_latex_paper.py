"""The disclosure is built in, found again, and its removal noticed; the LaTeX compiles."""

import shutil
import subprocess
from pathlib import Path

import pytest

from cycledata.formats.paper_text import CitedWork, Plan
from cycledata.records import Section, SetupItem
from cycletrain.compiled_disclosure import printed_by_tex
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
    sections=(
        Section(level=1, title="Introduction", text="Others did not look \\citep{doe2020}."),
        Section(level=1, title="Method", text="We minimise $x^2$ by looking."),
    ),
    experimental_setup=(SetupItem(name="eyes", description="Open against closed."),),
)
REST = (Section(level=1, title="Experiments", text="Open eyes see more."),)
CITED = (
    CitedWork(
        bibtex="@article{doe2020,\n title={Blind}, author={Doe, Jo},\n journal={J}, year={2020}}",
        abstract=None,
    ),
)
PAPER = assemble(PLAN, REST, CITED, simulated=True).latex


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        (PAPER, "present"),
        (assemble(PLAN, REST, CITED, simulated=False).latex, "present"),
        (PAPER.replace(DISCLOSURE, ""), "absent"),
        (PAPER.replace(DISCLOSURE, f"% {DISCLOSURE}\n"), "hidden"),
        (PAPER.replace(DISCLOSURE, f"\\iffalse {DISCLOSURE} \\fi"), "hidden"),
        (PAPER.replace("CycleResearcher", "a spell checker"), "altered"),
        (PAPER.replace(" and experimental results", ""), "altered"),
        (DISCLOSURE.replace(" ", "\n").replace("CycleResearcher", "CycleRe-\nsearcher"), "present"),
        (DISCLOSURE.upper().replace("LIMITED", "\\emph{limited}"), "present"),
        ("A paper written by hand, from the first word to the last.", "absent"),
        ("", "absent"),
    ],
    ids=[
        "written",
        "real-results",
        "removed",
        "commented-out",
        "switched-off",
        "another-tool",
        "shortened",
        "from-a-pdf",
        "emphasised",
        "human",
        "empty",
    ],
)
def test_the_disclosure_is_found_and_its_removal_noticed(text: str, verdict: str) -> None:
    assert check_disclosure(text).verdict == verdict


def test_an_altered_disclosure_names_the_change() -> None:
    found = check_disclosure(PAPER.replace("CycleResearcher", "a spell checker"))
    assert "cycleresearcher -> a spell checker" in found.detail


def test_the_sentence_is_the_papers_own() -> None:
    assert DISCLOSURE.startswith("This paper was written with the assistance of CycleResearcher, ")
    assert DISCLOSURE.endswith("generated using large language models (LLMs).")


def test_only_simulated_results_are_said_to_be_made_up() -> None:
    assert "No experiment was run." in PAPER
    assert "No experiment was run." not in assemble(PLAN, REST, CITED, simulated=False).latex


NEEDS_TEX = pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no TeX on this machine")
WHITE = "\\usepackage{xcolor}\n\\begin{document}\n\\color{white}"


@NEEDS_TEX
@pytest.mark.parametrize(
    ("text", "printed"),
    [
        (PAPER, "printed"),
        (PAPER.replace("\\begin{document}", WHITE), "not-printed"),
        (PAPER.replace(DISCLOSURE, f"\\hspace*{{70cm}}\\mbox{{{DISCLOSURE}}}"), "not-printed"),
    ],
    ids=["written", "white", "off-the-page"],
)
def test_a_compiled_page_shows_the_disclosure_or_not(text: str, printed: str) -> None:
    pytest.importorskip("pypdfium2")
    assert printed_by_tex(text) == printed


@NEEDS_TEX
def test_the_paper_compiles(tmp_path: Path) -> None:
    (tmp_path / "paper.tex").write_text(PAPER, encoding="utf-8")
    latex = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "paper"]
    for command in (latex, ["bibtex", "paper"], latex, latex):
        done = subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stdout[-1500:]
    log = (tmp_path / "paper.log").read_text(encoding="utf-8", errors="replace")
    assert "undefined" not in log
