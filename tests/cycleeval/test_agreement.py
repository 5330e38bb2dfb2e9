import krippendorff
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from cycleeval import agreement
from cycleeval.agreement import duplicate_pairs, target_noise, within_paper_variance
from cycleeval.ragged import ragged

panels = st.lists(
    st.lists(st.sampled_from([1, 3, 5, 6, 8, 10]), min_size=1, max_size=5), min_size=3, max_size=12
)


def as_table(ratings: list[list[int]]) -> np.ndarray:
    table = np.full((5, len(ratings)), np.nan)
    for paper, marks in enumerate(ratings):
        table[: len(marks), paper] = marks
    return table


@given(panels)
def test_alpha_is_that_of_the_krippendorff_package(ratings: list[list[int]]) -> None:
    paired = {mark for marks in ratings if len(marks) > 1 for mark in marks}
    assume(len(paired) > 1)
    for level in ("interval", "ordinal"):
        oracle = krippendorff.alpha(as_table(ratings), level_of_measurement=level)
        assert agreement.krippendorff_alpha(ratings, level=level) == pytest.approx(oracle, abs=1e-9)


def test_alpha_of_ratings_with_two_decimals_is_that_of_the_package() -> None:
    generator = np.random.default_rng(6)
    table = (generator.normal(5, 1, (1, 150)) + generator.normal(0, 1, (4, 150))).round(2)
    table[3, ::2] = np.nan
    lists = [column[np.isfinite(column)].tolist() for column in table.T]
    for level in ("interval", "ordinal"):
        oracle = krippendorff.alpha(table, level_of_measurement=level)
        assert agreement.krippendorff_alpha(lists, level=level) == pytest.approx(oracle, abs=1e-9)


def test_alpha_on_krippendorffs_own_example() -> None:
    # Krippendorff (2011), four observers and twelve units: alpha 0.849 interval, 0.815 ordinal.
    table = [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
        [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
    ]
    units = [[v for v in unit if v is not None] for unit in zip(*table, strict=True)]
    assert agreement.krippendorff_alpha(units) == pytest.approx(0.849, abs=5e-4)
    assert agreement.krippendorff_alpha(units, level="ordinal") == pytest.approx(0.815, abs=5e-4)


@given(panels)
def test_icc_is_made_from_the_f_of_a_one_way_analysis(ratings: list[list[int]]) -> None:
    assume(len(ratings) < sum(map(len, ratings)))
    assume(any(len(set(marks)) > 1 for marks in ratings))
    f = stats.f_oneway(*ratings).statistic
    assume(f > 1e-6)
    counts = np.array([len(marks) for marks in ratings])
    n0 = (counts.sum() - (counts**2).sum() / counts.sum()) / (len(counts) - 1)
    single, mean = agreement.icc(ratings)
    if f + n0 - 1 > 1e-9:
        assert single == pytest.approx((f - 1) / (f + n0 - 1), abs=1e-6)
    assert mean == pytest.approx(1 - 1 / f, rel=1e-6, abs=1e-6)


@given(panels, st.data())
def test_a_weight_of_2_is_the_paper_twice(ratings: list[list[int]], data: st.DataObject) -> None:
    weight = st.lists(st.integers(0, 3), min_size=len(ratings), max_size=len(ratings))
    times = data.draw(weight)
    again = [marks for marks, n in zip(ratings, times, strict=True) for _ in range(n)]
    assume(any(len(marks) > 1 for marks in again))
    weights = np.array([times], dtype=float)
    both, repeated = agreement.patterns(ratings), agreement.patterns(again)
    once = np.ones((1, len(again)))
    flat, flat_again = ragged(ratings), ragged(again)
    model = np.arange(len(flat), dtype=float)
    squares = agreement.mean_squares(flat, weights)
    squares_again = agreement.mean_squares(flat_again, once)
    lists, lists_again = both.weights(weights), repeated.weights(once)
    pairs = [
        (agreement.icc_single_of(squares), agreement.icc_single_of(squares_again)),
        (agreement.icc_mean_of(squares), agreement.icc_mean_of(squares_again)),
        (
            agreement.alpha_interval_of(both, lists),
            agreement.alpha_interval_of(repeated, lists_again),
        ),
        (
            agreement.alpha_ordinal_of(both, lists),
            agreement.alpha_ordinal_of(repeated, lists_again),
        ),
        (
            agreement.disattenuated_of(model, flat, weights),
            agreement.disattenuated_of(np.repeat(model, times), flat_again, once),
        ),
    ]
    for weighted, plain in pairs:
        assert weighted == pytest.approx(plain, abs=1e-6, nan_ok=True)


def test_corrected_correlation_is_r_over_the_root_of_icc_where_papers_have_equal_reviews() -> None:
    generator = np.random.default_rng(2)
    truth = generator.normal(6, 1.5, size=200)
    ratings = (truth[:, None] + generator.normal(0, 1.5, size=(200, 4))).tolist()
    model = truth + generator.normal(0, 0.5, size=200)
    r = stats.pearsonr(model, np.mean(ratings, axis=1)).statistic
    _, reliability = agreement.icc(ratings)
    found = agreement.disattenuated_of(model, ragged(ratings), np.ones((1, 200)))[0]
    assert found == pytest.approx(r / np.sqrt(reliability), abs=1e-9)
    # What it estimates: the correlation with the noiseless truth. Sampling error at n = 200: 0.02.
    assert found == pytest.approx(stats.pearsonr(model, truth).statistic, abs=0.05)


def test_replacing_humans_by_hand() -> None:
    # A model that says 3 ties with the 3 (both 2 off the other's 5) and beats the 5 (0 off the 3).
    assert agreement.replacement_wins(np.array([3.0]), [[3, 5]]).tolist() == [0.75]
    assert agreement.replacement_wins(np.array([10.0]), [[3, 5]]).tolist() == [0.0]


def test_undefined_where_nobody_can_agree() -> None:
    with pytest.raises(ValueError, match="at least two ratings"):
        agreement.krippendorff_alpha([[3], [5]])
    with pytest.raises(ValueError, match="at least two ratings"):
        agreement.icc([[3], [5]])
    with pytest.raises(ValueError, match="expected one of"):
        agreement.krippendorff_alpha([[3, 5]], level="nominal")
    assert np.isnan(agreement.krippendorff_alpha([[5, 5], [5, 5]]))


@given(panels)
def test_variances_are_numpys(ratings: list[list[int]]) -> None:
    expected = [np.var(marks, ddof=1) if len(marks) > 1 else np.nan for marks in ratings]
    counts = [len(marks) for marks in ratings]
    assert within_paper_variance(ratings) == pytest.approx(expected, abs=1e-9, nan_ok=True)
    noise = [v / n for v, n in zip(expected, counts, strict=True)]
    assert target_noise(ratings) == pytest.approx(noise, abs=1e-9, nan_ok=True)


def test_duplicates_are_pairs_with_all_marks_equal() -> None:
    clones = [(6, 3)] * 4
    assert duplicate_pairs([clones, [(6, 3), (6, 2)], [(6, 3)]]).tolist()[:2] == [1.0, 0.0]
    assert np.isnan(duplicate_pairs([[(6, 3)]])[0])
