import numpy as np
import pytest

from cycleeval.reviewer_worth import reviewer_worth


def venue(n_papers: int, n_reviews: int, *, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """True ratings with variance 1, reviews with error variance 2."""
    generator = np.random.default_rng(seed)
    truth = generator.normal(5, 1, n_papers)
    reviews = truth[:, None] + generator.normal(0, 2**0.5, (n_papers, n_reviews))
    return truth, reviews


@pytest.mark.parametrize("k", [1, 2, 4])
def test_the_mean_of_k_reviewers_is_worth_k(k: int) -> None:
    _, reviews = venue(20_000, 4 + k, seed=k)
    found = reviewer_worth(reviews[:, :k].mean(axis=1), reviews[:, k:].tolist(), resamples=200)
    assert found.value == pytest.approx(k, rel=0.08)
    assert found.low is not None
    assert found.high is not None
    assert found.low < k < found.high
    assert found.noise_ratio == pytest.approx(2, rel=0.06)


def test_shifting_and_stretching_ratings_changes_nothing() -> None:
    _, reviews = venue(300, 4, seed=9)
    plain = reviewer_worth(reviews[:, 0], reviews[:, 1:].tolist(), resamples=50)
    moved = reviewer_worth(40 + 7 * reviews[:, 0], reviews[:, 1:].tolist(), resamples=50)
    assert moved.value == pytest.approx(plain.value)


def test_reviews_drawn_per_paper_may_differ_in_number() -> None:
    truth, reviews = venue(20_000, 6, seed=5)
    lists = [row[: 2 + place % 4].tolist() for place, row in enumerate(reviews)]
    model = truth + np.random.default_rng(6).normal(0, 1, len(truth))  # as good as two reviewers
    assert reviewer_worth(model, lists, resamples=50).value == pytest.approx(2, rel=0.08)


def test_a_constant_and_an_inverted_order_are_worth_nothing() -> None:
    _, reviews = venue(200, 4, seed=7)
    assert reviewer_worth(np.full(200, 5.0), reviews.tolist(), resamples=50).value == 0
    assert reviewer_worth(-reviews[:, 0], reviews[:, 1:].tolist(), resamples=50).value == 0


def test_a_model_that_knows_the_true_rating_is_worth_many() -> None:
    truth, reviews = venue(20_000, 4, seed=8)
    found = reviewer_worth(truth, reviews.tolist(), resamples=50)
    assert found.value > 50


def test_too_few_papers_and_humans_that_do_not_agree_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 10 papers with two ratings"):
        reviewer_worth([1, 2], [[1, 2], [3, 4]])
    with pytest.raises(ValueError, match="do not agree beyond chance"):
        reviewer_worth(np.arange(20.0), [[1.0, 9.0]] * 20)
