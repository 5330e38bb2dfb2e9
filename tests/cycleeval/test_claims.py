"""The paper's claims: verdicts worked out by hand, bounds checked against scikit-learn."""

import json
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score

from cycleeval.claims import check_claims, macro_f1_bounds, printed, render_claims
from cycleeval.proxy import proxy_error, random_reviewers
from tests.command_line import cycleeval

# By hand, from the paper's tables: whether each claim holds, and a number the finding must name.
VERDICTS = {
    "mse-reduction": (False, "38.89%"),  # 1 - 1.43/2.34
    "mae-reduction": (False, "20.69%"),  # 1 - 0.92/1.16
    "mse-reduction-source": (True, "48.77%"),  # 1 - 1.25/2.44
    "mae-reduction-source": (True, "26.89%"),  # 1 - 0.87/1.19
    "errors-below-all": (True, "14"),
    "decisions-above-systems": (True, "12"),
    "decisions-above-humans": (False, "human 75.40"),
    "accuracy-of-781": (False, "74.24 (74.26 is 580/781)"),
    "human-accuracy-of-781": (False, "75.42 is 589/781"),
    "f1-possible": (False, "Claude-3.5-Sonnet: accuracy 48.05 needs 32.45"),  # .48045/1.48045
    "baselines-discriminate": (False, "GLM-4 33.10"),
    "same-gap": (False, "GPT-4o 0.08"),
    "gap-within-human-mse": (False, "DeepSpeak-2.5 0.90"),
    "mae-n-below-n1": (False, "2.30 > 2.24"),
    "one-accept-rate": (False, "31.07"),
    "preprint-accept-rate": (True, "955"),  # 283/955 = 29.634%
    "ten-ai-scientist-papers": (True, "1/10"),
    "above-preprints": (True, ""),
    "every-size-above-preprints": (False, "123B 5.13, preprint 5.24"),
    "above-ai-scientist": (True, "12"),
    "aspects-above-ai-scientist": (False, "12B 3.24, AI Scientist 3.40"),
    "lowest-aspects": (True, "3"),
    "scaling": (False, "123B 5.13, 12B 5.36"),
    "ablation-ratings": (True, "3"),
    "ablation-accept-rates": (True, "3"),
    "best-of-1": (False, "6.72 against 6.75"),
    "best-of-100": (True, "2"),
    "review-5k-split": (True, ""),
    "research-14k-filtered": (False, "13498 > 7725"),
    "human-evaluation": (True, "4"),
    "detection-above-95": (True, "4"),
    "references-ratio": (True, "4.61"),
    "parameters": (False, "123 against 12"),
}


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def test_every_claim_has_the_verdict_worked_out_by_hand() -> None:
    checked = check_claims()
    assert {claim.id: claim.holds for claim in checked} == {
        name: holds for name, (holds, _) in VERDICTS.items()
    }
    for claim in checked:
        assert VERDICTS[claim.id][1] in claim.found, claim


def test_no_accuracy_of_the_models_is_a_multiple_of_one_781st() -> None:
    every_share = {f"{100 * k / 781:.2f}" for k in range(782)}
    cut_off = {f"{100 * k / 781:.4f}"[:-2] for k in range(782)}
    accuracies = {"53.06", "49.49", "45.11", "50.98", "48.05", "52.58", "74.24"}
    assert not accuracies & (every_share | cut_off)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        pytest.param("2.34", "2.335", "2.345", id="two decimals"),
        pytest.param("3.6", "3.55", "3.65", id="one decimal"),
        pytest.param("781", "781", "781", id="a count is exact"),
        pytest.param("12696 + 802", "13498", "13498", id="a sum of counts"),
    ],
)
def test_a_printed_number_stands_for_what_rounds_to_it(text: str, low: str, high: str) -> None:
    number = printed(text)
    assert (number.low, number.high) == (Fraction(low), Fraction(high))


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60))
@settings(max_examples=50, deadline=None)
def test_macro_f1_lies_between_its_bounds(decisions: list[tuple[bool, bool]]) -> None:
    truth, said = zip(*decisions, strict=True)
    accuracy = Fraction(round(len(truth) * accuracy_score(truth, said)), len(truth))
    least, most = macro_f1_bounds(accuracy)
    # labels keeps a class in the mean that nobody named or was; its F1 is 0.
    f1 = f1_score(truth, said, labels=[False, True], average="macro", zero_division=0)
    assume(len(set(truth) | set(said)) == 2)
    assert float(least) - 1e-12 <= f1 <= float(most) + 1e-12


def test_the_macro_f1_bounds_are_attained() -> None:
    truth = [True] * 5 + [False] * 5
    always = f1_score(truth, [True] * 10, average="macro", zero_division=0)
    balanced = f1_score(truth, ([True] * 4 + [False]) + ([False] * 4 + [True]), average="macro")
    assert always == pytest.approx(float(macro_f1_bounds(Fraction(1, 2))[0]))
    assert balanced == pytest.approx(float(macro_f1_bounds(Fraction(4, 5))[1]))


@given(
    st.lists(
        st.lists(st.sampled_from([1, 3, 5, 6, 8, 10]), min_size=2, max_size=6),
        min_size=1,
        max_size=8,
    ),
    st.lists(st.floats(1, 10), min_size=2, max_size=2),
)
@settings(max_examples=50, deadline=None)
def test_the_gaps_of_table_1_obey_the_bounds_we_hold_it_to(
    papers: list[list[int]], models: list[float]
) -> None:
    """Written from Section 4.1 with loops: same gap for any model, 1/36 to 1/4, MAE n <= n-1."""
    human, gaps, maes = 0.0, [], []
    for ratings in papers:
        human += _mean([(r - (sum(ratings) - r) / (len(ratings) - 1)) ** 2 for r in ratings])
    for model in models:
        n1 = n = mae_n1 = mae_n = 0.0
        for ratings in papers:
            rest = [(sum(ratings) - r) / (len(ratings) - 1) for r in ratings]
            n1 += _mean([(model - r) ** 2 for r in rest])
            mae_n1 += _mean([abs(model - r) for r in rest])
            n += (model - _mean(ratings)) ** 2
            mae_n += abs(model - _mean(ratings))
        gaps.append(n1 - n)
        maes.append((mae_n, mae_n1))
    assert gaps[0] == pytest.approx(gaps[1], abs=1e-8)
    assert human / 36 - 1e-8 <= gaps[0] <= human / 4 + 1e-8
    assert all(mae_n <= mae_n1 + 1e-9 for mae_n, mae_n1 in maes)


@pytest.mark.shared_data
def test_the_gap_of_real_ratings_is_the_one_the_document_gives(shared_data: Path) -> None:
    """ICLR 2024, 14 December 2023; the draws are of one reviewer a paper on 781 papers."""
    table = pl.read_parquet(shared_data / "ratings" / "iclr2024_ratings.parquet")
    kept = table.filter(pl.col("withdrawn_by_20231214").eq(other=False))["rating_20231214"]
    ratings = [marks for marks in kept.to_list() if marks is not None and len(marks) > 1]
    fives = [5.0] * len(ratings)
    n1, n = (proxy_error(fives, ratings, mode=mode).mean() for mode in ("n-1", "n"))
    assert len(ratings) == 2913
    assert n1 - n == pytest.approx(0.190, abs=5e-4)

    rng = np.random.default_rng(0)
    for mse, low, high in ((3.72, 0.05, 0.07), (6.53, 0.065, 0.085), (1.25, 0.025, 0.045)):
        gaps = []
        for seed in range(40):
            drawn = [ratings[i] for i in rng.choice(len(ratings), 781, replace=False)]
            model = [_mean(marks) + rng.choice([-1, 1]) * mse**0.5 for marks in drawn]
            left_out = random_reviewers(np.array([len(marks) for marks in drawn]), seed=seed)
            gaps.append(proxy_error(model, drawn, mode="n-1", left_out=left_out).mean() - mse)
        assert low < np.std(gaps) < high


def test_the_command_prints_what_the_document_shows() -> None:
    document = (Path(__file__).parents[2] / "docs" / "claims.md").read_text("utf-8")
    shown = cycleeval("claims")
    assert shown.exit_code == 0
    assert shown.stdout.strip() == render_claims(check_claims())
    assert shown.stdout.strip() in document
    assert all(f"`{name}`" in document for name, (holds, _) in VERDICTS.items() if not holds)


def test_the_command_speaks_json() -> None:
    shown = cycleeval("claims", "--json")
    rows = json.loads(shown.stdout)
    assert [row["id"] for row in rows] == list(VERDICTS)
    assert set(rows[0]) == {"id", "where", "quote", "holds", "found"}
