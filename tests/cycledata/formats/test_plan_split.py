"""Which heading opens the second half: by hand on real papers' headings, then as a property."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cycledata.formats.plan_split import count_first_half
from cycledata.records import Section


def _sections(*titles: str) -> list[Section]:
    return [Section(level=1, title=title, text="") for title in titles]


# Judged by eye from the headings alone: how many top-level sections come before the experiments.
BY_EYE = {
    "ais-rl-lr": 4,
    "aleph-star": 2,
    "ali": 3,
    "arxiv-0705.2199": 3,
    "bandit-nips17": 3,  # "Main results" are theorems, "Simulation experiments" come after
    "best-words": 5,
    "bfw-face": 3,
    "bias-corr": 1,
    "bodyoutline": 3,
    "cakes": 3,
    "cheblienet": 3,
    "control-flow": 4,
    "deep-q-rank": 4,
    "dreamcoder-ec": 4,
    "exp-icml19": 7,
    "goodhart": 3,  # not "Theoretical results"
    "hypersyn": 2,
    "hyp-flows": 3,
    "ikp": 4,
    "im-mcts": 3,
    "libertus": 2,
    "mder": 5,  # no experiments: the conclusion opens it
    "mpc-calib": 3,
    "muse": 2,
    "nsdi-llm": 3,
    "onlikorn": 4,
    "physics-ntp": 5,
    "plt-xmlc": 5,
    "random-topology": 5,
    "s2orc-1911.02782": 3,
    "simple-mbrl": 5,
    "sisec2018": 3,
    "tikz-infer": 3,
    "uncert-crowd": 5,
    "vecchia": 5,
    "xai-misc": 7,
}


@pytest.mark.shared_data
@pytest.mark.parametrize(("paper", "expected"), BY_EYE.items(), ids=BY_EYE.keys())
def test_real_headings_split_as_a_reader_would(
    shared_data: Path, paper: str, expected: int
) -> None:
    truth = json.loads((shared_data / "latex" / "truth.json").read_text())
    assert count_first_half(_sections(*truth[paper]["top_sections"])) == expected


@pytest.mark.parametrize(
    ("titles", "opening"),
    [
        (["Introduction", "Method", "Experiments", "Conclusion"], "Experiments"),
        (["Introduction", "Main Results", "Proofs", "Experiments"], "Experiments"),
        (["Introduction", "Model", "Results", "Discussion"], "Results"),
        (["Introduction", "Corpus", "Applications", "Conclusion"], "Applications"),
        (["Experiments", "Model", "Conclusion"], "Conclusion"),
        (["Introduction", "Our Approach", "Related Work", "Conclusion"], "Related Work"),
        (["Introduction", "The Axiom", "Discussion", "Outlook"], "Discussion"),
        (["Introduction", "One", "Two", "Three"], "Two"),
    ],
    ids=[
        "experiments",
        "results-of-theory",
        "results",
        "weak-word",
        "never-the-first",
        "after-the-method",
        "closing",
        "middle",
    ],
)
def test_second_half_opens_at(titles: list[str], opening: str) -> None:
    assert titles[count_first_half(_sections(*titles))] == opening


def test_subsections_stay_with_their_section() -> None:
    sections = _sections("Introduction", "Method", "Experiments")
    sections.insert(2, Section(level=2, title="An experiment of thought", text=""))
    assert count_first_half(sections) == 3


def test_paper_of_subsections_is_split_at_their_level() -> None:
    sections = [
        Section(level=2, title=title, text="") for title in ("Introduction", "Model", "Results")
    ]
    assert count_first_half(sections) == 2


@given(
    st.lists(
        st.tuples(st.integers(1, 4), st.sampled_from(["", "Method", "Results", "A"]), st.booleans())
    )
)
def test_first_half_is_never_all_of_a_body_with_two_top_sections(
    drawn: list[tuple[int, str, bool]],
) -> None:
    drawn.sort(key=lambda item: item[2])
    sections = [Section(level=n, title=t, text="", appendix=a) for n, t, a in drawn]
    body = [section for section in sections if not section.appendix]
    found = count_first_half(sections)
    assert bool(body) <= found <= len(body)
    levels = [section.level for section in body if section.title]
    if levels and levels.count(min(levels)) > 1:
        assert found < len(body)
        assert sections[found].level == min(levels)
        assert sections[found].title
