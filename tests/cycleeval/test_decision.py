import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn import metrics

from cycleeval import decision

outcomes = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40)


@given(outcomes)
def test_rates_are_those_of_scikit_learn(pairs: list[tuple[bool, bool]]) -> None:
    said, was = zip(*pairs, strict=True)
    assume(len(set(said)) > 1 and len(set(was)) > 1)
    counts = decision.outcome_counts(said, was).sum(axis=0)
    oracle = {
        "decision_accuracy": metrics.accuracy_score(was, said),
        "decision_macro_f1": metrics.f1_score(was, said, average="macro"),
        "balanced_accuracy": metrics.balanced_accuracy_score(was, said),
        "mcc": metrics.matthews_corrcoef(was, said),
        "false_accept_rate": 1 - metrics.recall_score(was, said, pos_label=False),
        "false_reject_rate": 1 - metrics.recall_score(was, said, pos_label=True),
    }
    found = {name: rate(counts).item() for name, rate in decision.RATES.items()}
    assert found == pytest.approx(oracle, abs=1e-9)


def test_counts_by_hand_pooled_over_the_reviews_of_each_paper() -> None:
    counts = decision.outcome_counts(
        [True, False, True], [True, True, False], unit=np.array([0, 0, 2]), n_units=3
    )
    assert counts.tolist() == [[1, 0, 1, 0], [0, 0, 0, 0], [0, 1, 0, 0]]


UNDEFINED = {
    "every paper accepted": ([True, False], [True, True], {"mcc", "false_accept_rate"}),
    "always the same answer": ([True, True], [True, False], {"mcc"}),
    "one thing said and true": ([True], [True], {"mcc", "decision_macro_f1"}),
}


@pytest.mark.parametrize(("said", "was", "names"), UNDEFINED.values(), ids=UNDEFINED.keys())
def test_a_rate_without_a_divisor_is_undefined_not_zero(
    said: list[bool], was: list[bool], names: set[str]
) -> None:
    counts = decision.outcome_counts(said, was).sum(axis=0)
    undefined = {name for name, rate in decision.RATES.items() if np.isnan(rate(counts))}
    assert names <= undefined
    assert "decision_accuracy" not in undefined


@given(st.lists(st.tuples(st.integers(1, 10), st.booleans()), min_size=1, max_size=25))
def test_threshold_is_the_lowest_of_the_best(papers: list[tuple[int, bool]]) -> None:
    values, was = zip(*papers, strict=True)

    def right(threshold: float) -> int:
        return sum((value >= threshold) == accepted for value, accepted in papers)

    best = max(map(right, values))
    lowest = min(value for value in values if right(value) == best)
    assert decision.accept_threshold(values, list(was)) == lowest


def test_refuses_nothing_and_lengths_that_differ() -> None:
    with pytest.raises(ValueError, match="length >= 1"):
        decision.outcome_counts([], [])
    with pytest.raises(ValueError, match="found 2, 1"):
        decision.accept_threshold([3, 5], [True])
