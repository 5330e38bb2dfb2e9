import pytest

from cycleeval.perturb import RULES, Edit, PaperSection, apply_edit, perturb, show_edit

TABLE = r"""\begin{tabular}{lcc}
\toprule
Model & Accuracy & Speed \\
\midrule
Plain & 71.5 & 3.25 \\
Deep & 74.0 & 2.50 \\
Wide & 75.1 & 2.75 \\
Ours & 79.9 & 4.00 \\
\bottomrule
\end{tabular}"""
PAPER = [
    PaperSection("Introduction", "We show folds \\citep{fold2019, sheet2020}.\n\nThey matter."),
    PaperSection("Experiments", f"Ours is better than others.\n\n{TABLE}\n\nIt took days."),
    PaperSection("Conclusion", "Folding improves accuracy. We use paper."),
]


@pytest.mark.parametrize("kind", RULES)
def test_each_rule_makes_one_edit_that_is_made_again_from_its_seed(kind: str) -> None:
    edit = perturb("paper-1", PAPER, kind, seed=3)
    assert edit is not None
    assert edit == perturb("paper-1", PAPER, kind, seed=3)
    assert (edit.kind, edit.before != edit.after) == (kind, True)
    changed = apply_edit(PAPER, edit)
    differing = [
        number for number, pair in enumerate(zip(PAPER, changed, strict=True)) if pair[0] != pair[1]
    ]
    assert differing == [edit.section]


def test_other_papers_and_seeds_draw_other_places() -> None:
    edits = {perturb(f"paper-{number}", PAPER, "swapped-numbers", seed=0) for number in range(40)}
    assert len(edits) > 4


def test_swapped_numbers_are_the_same_numbers_in_other_rows() -> None:
    for number in range(30):
        edit = perturb(f"p{number}", PAPER, "swapped-numbers")
        assert edit is not None
        assert sorted(edit.before) == sorted(edit.after)
        assert r"\\" in edit.before


def test_a_removed_baseline_is_neither_the_heading_nor_the_authors_own_row() -> None:
    for number in range(30):
        edit = perturb(f"p{number}", PAPER, "removed-baseline")
        assert edit is not None
        assert edit.after == ""
        assert edit.before.strip().split(" ")[0] in {"Deep", "Wide"}


def test_a_result_and_a_conclusion_are_turned_into_their_opposites() -> None:
    result = perturb("p", PAPER, "flipped-result")
    assert result == Edit("flipped-result", 1, 8, "better", "worse")
    conclusion = perturb("p", PAPER, "contradicting-conclusion")
    assert conclusion == Edit("contradicting-conclusion", 2, 8, "improves", "degrades")


def test_a_hidden_order_stays_outside_of_groups_and_tables() -> None:
    for number in range(30):
        edit = perturb(f"p{number}", PAPER, "hidden-order")
        assert edit is not None
        text = apply_edit(PAPER, edit)[edit.section].text
        before = text[: edit.start]
        assert before.count("{") == before.count("}")
        assert before.count("\\begin") == before.count("\\end")


def test_mathematics_commands_and_their_arguments_are_left_alone() -> None:
    sections = [PaperSection("Results", r"$higher$ \label{better} \emph{improves} \ref{tab:lower}")]
    assert perturb("p", sections, "flipped-result") is None
    assert perturb("p", [PaperSection("A", r"\textbf{use} $show$")], "wording") is None


@pytest.mark.parametrize("kind", RULES)
def test_papers_without_a_place_are_left_out(kind: str) -> None:
    assert perturb("p", [PaperSection("Theory", "x")], kind) is None
    assert perturb("p", [], kind) is None


@pytest.mark.parametrize(
    "text",
    ["\\begin{tabular}" * 3000, "{" * 50_000, "\\cite[" * 20_000, "$" * 20_001, "&\\\\" * 30_000],
)
def test_hostile_text_ends(text: str) -> None:
    for kind in RULES:
        sections = [PaperSection("Results", text)]
        edit = perturb("p", sections, kind)
        assert edit is None or apply_edit(sections, edit) != sections


def test_the_diff_shows_the_changed_line_alone() -> None:
    edit = perturb("p", PAPER, "flipped-result")
    assert edit is not None
    shown = show_edit(PAPER, edit)
    assert "-Ours is better than others." in shown
    assert "+Ours is worse than others." in shown
    assert shown.count("\n-") + shown.count("\n+") == 3


def test_a_key_of_another_version_and_an_unknown_kind_are_named() -> None:
    with pytest.raises(ValueError, match="expected 'xyz' at 0, found 'Fol'"):
        apply_edit(PAPER, Edit("wording", 2, 0, "xyz", "abc"))
    with pytest.raises(ValueError, match="expected one of flipped-result"):
        perturb("p", PAPER, "typo")
