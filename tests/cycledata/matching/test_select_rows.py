"""The vectorized selection keeps every row that the rules of `stages.match` would accept."""

import random

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from cycledata.matching.papers import PaperToMatch
from cycledata.matching.select_rows import RowSelector, WantedPapers, normal_forms, normal_titles
from cycledata.stages.duplicates import normalise
from cycledata.stages.match import _ratio

WORDS = (
    *("learning", "neural", "networks", "deep", "reinforcement", "language", "models", "graph"),
    *("transformer", "attention", "robust", "causal", "bayesian", "inference", "diffusion"),
    *("representation", "contrastive", "federated", "quantum", "optimal", "transport", "kernel"),
    *("policy", "gradient", "sparse", "efficient", "zero", "shot", "vision", "multimodal"),
)


def block(*titles: str | None) -> pl.DataFrame:
    ids = [f"2301.{number:05}" for number in range(len(titles))]
    return pl.DataFrame({"id": ids, "title": titles}, schema={"id": pl.String, "title": pl.String})


def selected(wanted: WantedPapers, rows: pl.DataFrame) -> dict[int, set[str]]:
    return {one.row: one.papers for one in RowSelector(wanted).select(rows)}


@given(st.text(max_size=60))
def test_normal_forms_are_those_of_normalise_for_letters_without_special_cases(text: str) -> None:
    plain = "".join(char for char in text if char.isascii() or char in "äéñøçÅß")
    assert normal_forms(pl.Series([plain])).to_list() == [normalise(plain)]


def test_equal_titles_ids_and_citations_are_selected() -> None:
    wanted = WantedPapers(
        {
            "p1": PaperToMatch("A Study of  Sheep, in Fog", None, ""),
            "p2": PaperToMatch("Another", None, "", arxiv_id="2301.00003"),
            "p3": PaperToMatch(None, None, ""),
        },
        frozenset({"2301.00004"}),
        normal_titles(["A cited work with a long title", "short"]),
    )
    rows = block(
        "a study of sheep in fog", "Unrelated", "A CITED work, with a long title", "Else", "X", None
    )
    assert selected(wanted, rows) == {0: {"p1"}, 2: set(), 3: {"p2"}, 4: set()}
    assert selected(WantedPapers({}), rows) == {}


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6))
def test_no_similar_title_is_missed(seed: int) -> None:
    dice = random.Random(seed)
    titles = [" ".join(dice.choices(WORDS, k=dice.randint(3, 14))).title() for _ in range(200)]
    rows: list[str] = []
    for title in titles:
        words = title.split()
        for _ in range(dice.randint(1, 2)):
            kind, at = dice.randrange(4), dice.randrange(len(words))
            if kind == 0:
                words[at] += "s"
            elif kind == 1:
                words.insert(at, "the")
            elif kind == 2 and len(words[at]) > 4:
                words[at] = words[at][:2] + words[at][3:]
            else:
                words[at] = words[at].replace("a", "e", 1)
        rows.append(" ".join(words))
    papers = {f"p{n}": PaperToMatch(title, None, "") for n, title in enumerate(titles)}
    found = selected(WantedPapers(papers), block(*rows))
    similar = {
        n
        for n, (title, row) in enumerate(zip(titles, rows, strict=True))
        if _ratio(normalise(title), normalise(row)) >= 0.9
    }
    missed = {n for n in similar if f"p{n}" not in found.get(n, set())}
    assert len(similar) > 100
    # Two changes may touch every rare segment of a short title.
    assert len(missed) <= 0.01 * len(similar) + 1


def test_rows_without_letters_and_titles_of_one_word_do_no_harm() -> None:
    wanted = WantedPapers({"p": PaperToMatch("Go", None, ""), "q": PaperToMatch("!!!", None, "")})
    assert selected(wanted, block("go", "", "???", "GO!")) == {0: {"p"}, 3: {"p"}}
