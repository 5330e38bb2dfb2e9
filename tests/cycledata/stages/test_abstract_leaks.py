"""Sentences of abstracts that give the decision away, and those that do not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cycledata.rules import RULES
from cycledata.stages.abstract_leaks import cut_abstract_leaks

BEFORE = "We study folding, e.g. of paper."
AFTER = "It is fast (i.e. 3.5 times)."


@pytest.mark.parametrize(
    ("sentence", "rule"),
    [
        ("Code is available at https://github.com/a/b.", "author-link"),
        ("Our code: https://anonymous.4open.science/r/x-1.", "author-link"),
        ("See \\url{example.org/x} for details.", "author-link"),
        ("Videos are at sites.google.com/view/fold.", "author-link"),
        ("Project page: folding.github.io.", "author-link"),
        ("The implementation is on GitHub.", "author-link"),
        ("We will release our code upon acceptance.", "code-availability"),
        ("Source code and models will be made publicly available.", "code-availability"),
        ("This paper has been accepted at a venue.", "camera-ready-header"),
        ("Published as a paper at ICLR 2024.", "camera-ready-header"),
        ("An ICML 2023 oral.", "camera-ready-header"),
        ("Under double-blind review.", "under-review-header"),
        ("Submitted to NeurIPS 2023.", "under-review-header"),
    ],
)
@pytest.mark.parametrize("place", ["first", "middle", "last"])
def test_a_sentence_that_gives_the_decision_away_is_cut_alone(
    sentence: str, rule: str, place: str
) -> None:
    parts = {
        "first": [sentence, BEFORE, AFTER],
        "middle": [BEFORE, sentence, AFTER],
        "last": [BEFORE, AFTER, sentence],
    }[place]
    abstract = " ".join(parts)
    kept, cuts = cut_abstract_leaks(abstract)
    assert kept == f"{BEFORE} {AFTER}"
    assert [(cut.rule, abstract[cut.start : cut.end]) for cut in cuts] == [(rule, sentence)]
    assert RULES[rule].group == "leak"


@pytest.mark.parametrize(
    "abstract",
    [
        "We show that code generation models share an encoder. They publish few errors.",
        "Models such as GPT-4 review code. A review of ICLR papers is hard.",
        "We release the constraint and accept the hypothesis.",
        "The proof is under way. Results are accepted by the community.",
        "We find sparse codes. The source is Gaussian.",
        "Error-correcting codes provide a bound.",
        "",
    ],
)
def test_abstracts_without_such_a_sentence_stay_as_they_are(abstract: str) -> None:
    assert cut_abstract_leaks(abstract) == (abstract, ())


@given(st.text(max_size=300))
def test_cuts_are_disjoint_parts_and_a_second_cut_finds_nothing(abstract: str) -> None:
    kept, cuts = cut_abstract_leaks(abstract)
    ends = [0, *(cut.end for cut in cuts)]
    assert all(end <= cut.start <= cut.end for end, cut in zip(ends, cuts, strict=False))
    assert len(kept) <= len(abstract)
    if cuts:
        assert cut_abstract_leaks(kept)[0] == kept


@pytest.mark.shared_data
def test_half_of_what_words_predict_in_public_abstracts_is_cut(shared_data: object) -> None:
    import numpy as np
    import polars as pl

    from cycleeval.rank import spearman
    from cycleeval.text_baselines import PaperFeatures, cross_fit

    table = pl.read_parquet(f"{shared_data}/ratings/iclr2024_ratings.parquet").filter(
        pl.col("abstract").is_not_null() & (pl.col("rating_20231214").list.len() > 0)
    )[::3]
    wanted = np.array([np.mean(ratings) for ratings in table["rating_20231214"].to_list()])
    found = {}
    for name, cut in (("whole", False), ("cut", True)):
        papers = [
            PaperFeatures(title, cut_abstract_leaks(abstract)[0] if cut else abstract)
            for title, abstract in table.select("title", "abstract").iter_rows()
        ]
        found[name] = spearman(
            cross_fit(papers, wanted[:, None], kind="text", folds=5)[:, 0], wanted
        )
    assert 0.05 < found["cut"] < found["whole"] - 0.03
