import numpy as np
import pytest

from cycleeval.review_points import mask_vocabulary, overlap, specificity, split_points

OFF, MISSING = "One thing is off.", "Another is missing."


@pytest.mark.parametrize(
    ("text", "points"),
    [
        pytest.param(f"- {OFF}\n- {MISSING}", [OFF, MISSING], id="dashes"),
        pytest.param(f"(1) {OFF}\n(2) {MISSING}", [OFF, MISSING], id="brackets"),
        pytest.param(f"W1: {OFF}\nW2: {MISSING}", [OFF, MISSING], id="codes"),
        pytest.param(f"{OFF}\n\n{MISSING}", [OFF, MISSING], id="paragraphs"),
        pytest.param(
            f"Two issues are open.\n1. One thing\n   is off.\n2. {MISSING}",
            ["Two issues are open.", OFF, MISSING],
            id="introduction",
        ),
        pytest.param(f"My questions:\na) {OFF}\nb) {MISSING}", [OFF, MISSING], id="letters"),
        pytest.param("N/A", [], id="not-available"),
        pytest.param("See weaknesses.", [], id="pointer"),
        pytest.param("", [], id="empty"),
        pytest.param("A point about 3. and e.g. no more.", ["A point about 3. and e.g. no more."]),
    ],
)
def test_points_are_items_or_paragraphs(text: str, points: list[str]) -> None:
    assert split_points(text) == points


def test_specificity_counts_numbers_and_pointers_apart() -> None:
    found = specificity(
        ["Table 2 says 71.5%, but Eq. (3) and Section 4 say 70.", "Fine work here."]
    )
    assert (found.n_numbers, found.n_pointers, found.n_points) == (2, 3, 2)


def test_masking_removes_the_papers_own_words_only() -> None:
    assert (
        mask_vocabulary("Pruning lacks baselines", "We study PRUNING of nets") == "lacks baselines"
    )


def reviews(
    n_papers: int, *, shared: bool, seed: int = 0
) -> tuple[list[str], list[str], list[str]]:
    """Reviews that repeat their paper's words; with ``shared`` both also make one same point."""
    generator = np.random.default_rng(seed)
    letters = str.maketrans("0123456789", "qwrtypsdfg")
    topics = [[f"topic{n}{word}".translate(letters) for word in "abcde"] for n in range(n_papers)]
    points = [f"point{n}x".translate(letters) for n in range(n_papers)]
    common = ["weak", "novelty", "clarity", "evaluation", "motivation", "related"]

    def side() -> list[str]:
        return [
            " ".join([*topic, *generator.choice(common, 3), *([point] * 2 if shared else [])])
            for topic, point in zip(topics, points, strict=True)
        ]

    return side(), side(), [" ".join(topic) for topic in topics]


def test_topic_alone_gives_overlap_only_without_the_mask() -> None:
    first, second, papers = reviews(60, shared=False)
    plain = overlap(first, second, papers, masked=False)
    assert plain.low > 0.3
    masked = overlap(first, second, papers)
    assert masked.low < 0.02 < masked.high + 0.2
    assert abs(masked.excess) < 0.1


def test_shared_points_remain_after_the_mask() -> None:
    found = overlap(*reviews(60, shared=True))
    assert found.low > 0.2
    assert found.auroc > 0.9
    assert found.excess == pytest.approx(found.same - found.shuffled)


def test_papers_are_exchanged_within_their_area_alone() -> None:
    first, second, papers = reviews(40, shared=True)
    areas = ["a"] * 20 + ["b"] * 19 + ["alone"]
    assert overlap(first, second, papers, areas=areas).n_papers == 39


def test_lengths_and_small_sets_are_named() -> None:
    with pytest.raises(ValueError, match=r"expected equal lengths, found \[1, 2\] reviews"):
        overlap(["a"], ["a", "b"], ["p"])
    with pytest.raises(ValueError, match="at least 10 papers in areas of two or more, found 0"):
        overlap(["a"] * 12, ["b"] * 12, ["p"] * 12, areas=[str(n) for n in range(12)])


@pytest.mark.parametrize(
    "text", ["1. " * 50_000, "-\n" * 50_000, "(" * 100_000, "Section " * 20_000]
)
def test_hostile_text_ends(text: str) -> None:
    found = specificity([text])
    assert found.n_points <= found.n_words
