"""The main file among drafts, templates, supplements and parts."""

import pytest

from cycledata.errors import ParseError
from cycledata.parse.latex.main_file import choose_main

LONG = "words " * 2_000


def document(body: str = LONG, *, preamble: str = "", name: str = "article") -> str:
    top = f"\\documentclass{{{name}}}{preamble}"
    return f"{top}\\begin{{document}}\\section{{A}}{body}\\end{{document}}"


@pytest.mark.parametrize(
    ("texts", "main"),
    [
        pytest.param({"a.tex": document()}, "a.tex", id="one"),
        pytest.param(
            {"paper.tex": document("\\input{b}"), "b.tex": document()},
            "paper.tex",
            id="read-by-other",
        ),
        pytest.param(
            {"top.tex": "\\input{head}\\input{body}", "head.tex": "\\documentclass{article}",
             "body.tex": "\\begin{document}x\\end{document}"},
            "top.tex",
            id="two-inputs-are-the-main-file",
        ),
        pytest.param(
            {"arxiv.tex": "\\def\\isarxiv{}\\input{paper}", "paper.tex": document()},
            "arxiv.tex",
            id="wrapper-with-a-switch",
        ),
        pytest.param(
            {"x.tex": document("x"), "neurips_2023.tex": document(
                preamble="\\title{Formatting Instructions For NeurIPS 2023}")},
            "x.tex",
            id="template",
        ),
        pytest.param(
            {"x.tex": document("x" * 900), "supplement.tex": document()}, "x.tex", id="supplement"
        ),
        pytest.param({"x.tex": document(), "rebuttal.tex": document()}, "x.tex", id="rebuttal"),
        pytest.param(
            {"x.tex": document("x"), "talk_2.tex": document(name="beamer")}, "x.tex", id="slides"
        ),
        pytest.param(
            {"x.tex": document("x"), "net.tex": document(name="standalone")}, "x.tex", id="figure"
        ),
        pytest.param(
            {"a.tex": document(preamble="\\usepackage{icml2018}"),
             "b.tex": document(preamble="\\usepackage{nips_2018}")},
            "b.tex",
            id="later-venue",
        ),
        pytest.param(
            {f"{folder}/main.tex": document() for folder in ("acc", "arxiv", "updated-arxiv")},
            "updated-arxiv/main.tex",
            id="folder-for-arxiv",
        ),
        pytest.param(
            {f"{folder}/main.tex": document() for folder in ("arxiv", "arxiv v2", "arxiv v3")},
            "arxiv v3/main.tex",
            id="version-after-a-space",
        ),
        pytest.param(
            {"a.tex": document(), "b.tex": document(preamble="\\usepackage[review]{cvpr}")},
            "b.tex",
            id="style-of-a-venue",
        ),
        pytest.param(
            {"main.tex": document(), "main-arxiv.tex": document()}, "main-arxiv.tex", id="for-arxiv"
        ),
        pytest.param(
            {f"v{n}/paper.tex": document() for n in (1, 10, 9)}, "v10/paper.tex", id="folders"
        ),
        pytest.param(
            {f"paper-{day}.tex": document() for day in ("2019-11-20", "2018-12-31", "2019-03-01")},
            "paper-2019-11-20.tex",
            id="dates",
        ),
        pytest.param(
            {f"{month}/ms.tex": document() for month in ("2023-05", "2023-11")},
            "2023-11/ms.tex",
            id="folders-by-month",
        ),
        pytest.param(
            {"draft/ms.tex": document(), "final/ms.tex": document()}, "final/ms.tex", id="final"
        ),
        pytest.param(
            {"x.tex": document(), "extra.tex": document(
                LONG * 2, preamble="\\title{Supplementary Material for X}")},
            "x.tex",
            id="supplement-by-title",
        ),
        pytest.param(
            {"a.tex": document(), "b.tex": document(), "b.bbl": "x"}, "b.tex", id="has-a-bbl"
        ),
        pytest.param(
            {"main.tex": document(), "b.tex": document("x"),
             "00README.XXX": "b.tex toplevelfile\n"},
            "b.tex",
            id="old-00readme",
        ),
        pytest.param(
            {"main.tex": document(), "b.tex": document("x"), "00README.json":
             '{"sources": [{"filename": "main.tex", "usage": "include"},'
             ' {"filename": "b.tex", "usage": "toplevel"}]}'},
            "b.tex",
            id="new-00readme",
        ),
        pytest.param(
            {"main.tex": document(), "old/main.tex": document()}, "main.tex", id="copy-in-a-folder"
        ),
        pytest.param(
            {"c.tex": "%\\documentclass{x}\n" + LONG, "p.tex": document("x")},
            "p.tex",
            id="commented",
        ),
        pytest.param(
            {"p_v2.tex": document(), "p_v3.tex": document(), "p_v10.tex": document("x" * 900)},
            "p_v10.tex",
            id="highest-version",
        ),
        pytest.param(
            {"p_v2.tex": document("x" * 90), "p_v2_final.tex": document(), "p_v1.tex": document()},
            "p_v2_final.tex",
            id="last-state-of-the-highest-version",
        ),
        pytest.param(
            {"old_2023/main.tex": document(), "new/draft.tex": document()},
            "new/draft.tex",
            id="folder-of-old-files",
        ),
        pytest.param(
            {"_main.tex": document(), "ours.tex": document("x" * 900)}, "ours.tex", id="underscore"
        ),
        pytest.param(
            {"supmat.tex": document(), "ours.tex": document("x" * 900)}, "ours.tex", id="supmat"
        ),
        pytest.param(
            {"paper_fr.tex": document(), "text.tex": document("x" * 900)},
            "text.tex",
            id="translation",
        ),
        pytest.param(
            {"Text.tex": document(), "Anciens/text_v20.tex": document(LONG * 2)},
            "Text.tex",
            id="french-folder-of-old-files",
        ),
        pytest.param(
            {"a.tex": document("中文" * 3_000), "b.tex": document("x" * 900)}, "b.tex", id="chinese"
        ),
        pytest.param(
            {"a.tex": document(),
             "b.tex": document(LONG + "\\bibliography{r}", preamble="\\title{B}")},
            "b.tex",
            id="most-complete",
        ),
        pytest.param(
            {"a_final.tex": document("x" * 900), "a_final_final.tex": document("x" * 900)},
            "a_final_final.tex",
            id="final-of-finals",
        ),
        pytest.param(
            {"a_02.06.2022.tex": document("x" * 900), "a_17.05.2023.tex": document()},
            "a_17.05.2023.tex",
            id="day-first",
        ),
        pytest.param(
            {"a-June2.tex": document(), "a-May30.tex": document("x" * 900)},
            "a-June2.tex",
            id="named-month",
        ),
        pytest.param(
            {"a.tex": document("x" * 900),
             "b.tex": document("y" * 990, preamble="\\providecommand{\\DIFadd}[1]{#1}")},
            "a.tex",
            id="latexdiff",
        ),
        pytest.param(
            {"ours.tex": document("x"),
             "sn-article.tex": document("x" * 900, preamble="\\title{Article Title}\n")},
            "ours.tex",
            id="template-by-title",
        ),
        pytest.param(
            {"a_for_review.tex": document("x" * 900), "a.old.tex": document()},
            "a_for_review.tex",
            id="submitted-to-review",
        ),
        pytest.param(
            {"paper.tex": document(), "camera-ready.tex": document("word " * 2_000)},
            "camera-ready.tex",
            id="camera-ready-before-usual-name",
        ),
        pytest.param(
            {"ms.tex": document("x" * 900), "ms+corrections.tex": document()},
            "ms.tex",
            id="corrections",
        ),
        pytest.param(
            {"a_27th_feb.tex": document(), "a_10th_feb.tex": document("x" * 900)},
            "a_27th_feb.tex",
            id="day-before-month",
        ),
        pytest.param(
            {"aistats2017.tex": document(preamble="\\usepackage{aistats2017}"),
             "uai2017/paper.tex": document()},
            "uai2017/paper.tex",
            id="venue-of-the-folder",
        ),
        pytest.param({"body.tex": "\\section{A} text", "n.txt": "x"}, "body.tex", id="no-class"),
    ],
)  # fmt: skip
def test_main_file_is_the_paper(texts: dict[str, str], main: str) -> None:
    assert choose_main(texts).path == main


def test_a_tie_between_drafts_is_reported() -> None:
    chosen = choose_main({"a.tex": document(), "b.tex": document()})
    assert [warning.rule for warning in chosen.warnings] == ["tied-drafts"]


def test_an_archive_without_latex_says_so() -> None:
    with pytest.raises(ParseError, match="no-latex: none of 1 text members is LaTeX"):
        choose_main({"README.md": "hello"})


def test_a_main_file_may_be_named() -> None:
    texts = {"main.tex": document(), "other/second.tex": document()}
    assert choose_main(texts, main="second.tex").path == "other/second.tex"
    with pytest.raises(ParseError, match=r"no-main-file: expected one member third\.tex, found 0"):
        choose_main(texts, main="third.tex")


def test_the_choice_gives_its_reasons() -> None:
    chosen = choose_main({"a-arxiv.tex": document(), "b.tex": document()})
    assert chosen.warnings[0].detail == "took a-arxiv.tex (named for arXiv); also b.tex"
