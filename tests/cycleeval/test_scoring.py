from dataclasses import replace
from functools import reduce
from operator import add
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cycleeval
from cycleeval.aligned import align
from cycleeval.comparison import compare, compare_predictions
from cycleeval.conclusions import beats_constant
from cycleeval.human_ratings import human_ratings_of
from cycleeval.inputs import DecisionLabel
from cycleeval.predictions import Prediction, PredictionFile, parse_predictions
from cycleeval.score_card import ScoreCard
from cycleeval.scoring import score, score_each, score_humans, score_predictions
from cycleeval.scoring_config import ScoringConfig

QUICK = ScoringConfig(resamples=100)
CONTRACT_NAMES = {
    "proxy_mse_n1",
    "proxy_mae_n1",
    "proxy_mse_n",
    "proxy_mae_n",
    "decision_accuracy",
    "decision_macro_f1",
    "balanced_accuracy",
    "mcc",
    "auroc",
    "spearman",
    "kendall_tau_b",
    "pairwise_accuracy",
    "skill_mse",
    "mse_above_noise",
}

# Four papers, by hand. Means 4, 7, 6, 6; the model says 4, 8, 6, 5, so its errors are 0, 1, 0, -1.
# Papers have s^2 = 2, 2, 0, 8, so n-1 adds s^2/2 = 1, 1, 0, 4 to the squared errors 0, 1, 0, 1.
RATINGS = [[3, 5], [6, 8], [6, 6], [4, 8]]
DECISIONS: list[DecisionLabel | None] = ["reject", "accept", "accept", "reject"]
MODEL: list[float | None] = [4, 8, 6, 5]
AGREEMENT_NEEDED = ("disattenuated_correlation", "worth_reviewers", "skill_of_ceiling")
"""Undefined here: these humans agree less than by chance."""
BY_HAND = {
    "proxy_mse_n": 0.5,
    "proxy_mae_n": 0.5,
    "proxy_mse_n1": 2.0,
    # |4-5|,|4-3| | |8-8|,|8-6| | 0,0 | |5-8|,|5-4|  ->  1, 1, 0, 2
    "proxy_mae_n1": 1.0,
    # The best constant is 5.75; its squared errors are 3.0625, 1.5625, 0.0625, 0.0625.
    "skill_mse": 1 - 0.5 / 1.1875,
    # The noise is s^2/2 = 1, 1, 0, 4, on average 1.5.
    "mse_above_noise": -1.0,
    "decision_accuracy": 1.0,
    "false_accept_rate": 0.0,
    "auroc": 1.0,
    "decision_macro_f1": 1.0,
    "balanced_accuracy": 1.0,
    "mcc": 1.0,
    # Means 4, 7, 6, 6 against 4, 8, 6, 5: five pairs differ in the means, all in the same order.
    "pairwise_accuracy": 1.0,
    "kendall_tau_b": 5 / np.sqrt(5 * 6),
    # 1: |4-5| against 2, |4-3| against 2: both won. 2: 0 and 2 against 2: won, tie.
    # 3: two ties. 4: |5-8| = 3 and |5-4| = 1 against 4: both won.
    "replace_one_human": (1 + 0.75 + 0.5 + 1) / 4,
}


def test_a_table_by_hand() -> None:
    card = score(MODEL, RATINGS, decisions=DECISIONS, config=QUICK)
    found = {name: card.metrics[name].value for name in BY_HAND}
    assert found == pytest.approx(BY_HAND)
    assert set(card.metrics) >= CONTRACT_NAMES


def test_humans_by_hand() -> None:
    card = score_humans(human_ratings_of({str(i): r for i, r in enumerate(RATINGS)}), QUICK)
    # n s^2/(n-1) = 2 s^2 = 4, 4, 0, 16; |difference| 2, 2, 0, 4; with their own rating a half.
    assert card.metrics["proxy_mse_n1"].value == 6
    assert card.metrics["proxy_mae_n1"].value == 2
    assert card.metrics["proxy_mse_n"].value == 1.5
    assert "decision_accuracy" not in card.metrics
    assert card.baselines["majority"] == {}


def test_json_has_the_shape_of_the_contract() -> None:
    # Twenty times over, or some resample has one kind of paper only and some metric no interval.
    shown = score(MODEL * 20, RATINGS * 20, decisions=DECISIONS * 20, config=QUICK).to_json()
    assert set(shown) >= {
        "n_papers",
        "n_scored",
        "n_unreadable",
        "n_missing",
        "metrics",
        "baselines",
    }
    metrics = cast("dict[str, dict[str, Any]]", shown["metrics"])
    for name in AGREEMENT_NEEDED:
        undefined = metrics.pop(name)
        assert (undefined["value"], undefined["ci95"]) == (None, None)
        assert "agree beyond chance" in undefined["why"] or "noise" in undefined["why"]
    for result in metrics.values():
        assert set(result) == {"value", "ci95", "n", "signature"}
        assert result["ci95"][0] <= result["value"] <= result["ci95"][1]


def test_a_model_and_the_humans_compare_in_one_mode_only() -> None:
    card = score(MODEL, RATINGS, decisions=DECISIONS, config=QUICK)
    human = card.baselines["human"]
    assert card.metrics["proxy_mse_n1"] < human["proxy_mse_n1"]
    with pytest.raises(ValueError, match=r"mode:n\|.*mode:n-1"):
        _ = card.metrics["proxy_mse_n"] < human["proxy_mse_n1"]
    with pytest.raises(ValueError, match="mode:n-own-included"):
        _ = card.metrics["proxy_mse_n"] < human["proxy_mse_n"]
    reviews = score(MODEL, RATINGS, config=replace(QUICK, over="reviews"))
    with pytest.raises(ValueError, match=r"over:papers.*over:reviews"):
        _ = card.metrics["proxy_mse_n1"] < reviews.metrics["proxy_mse_n1"]
    drawn = score(MODEL, RATINGS, config=replace(QUICK, left_out_seed=7))
    with pytest.raises(ValueError, match=r"left-out:every.*left-out:one-seed-7"):
        _ = card.metrics["proxy_mse_n1"] < drawn.metrics["proxy_mse_n1"]


def test_over_reviews_weighs_papers_by_their_ratings() -> None:
    ratings = [[3, 5], [6, 8, 10]]
    model = [4.0, 5.0]
    pooled = score(model, ratings, config=replace(QUICK, over="reviews"))
    assert pooled.metrics["proxy_mse_n"].value == pytest.approx((2 * 0 + 3 * 9) / 5)
    constant = pooled.baselines["constant"]["proxy_mse_n"]
    assert dict(constant.signature.parts)["answer"] == "6.4"  # the mean of all five ratings


POLICIES = {
    # Worst for a mean of 7 on 1-10 is 1, error -6; the truth is accept, so it rejects.
    "exclude": ([0.0, 0.0, 1.0], 1.0, 3),
    "worst": ([0.0, 36.0, 0.0, 1.0], 0.75, 4),
    # In hindsight the best constant is 5.75, error -1.25; the majority is a tie, so it rejects.
    "constant": ([0.0, 1.25**2, 0.0, 1.0], 0.75, 4),
}


@pytest.mark.parametrize(("policy", "expected"), POLICIES.items(), ids=POLICIES.keys())
def test_what_an_unreadable_prediction_counts_as(
    policy: cycleeval.scoring_config.Policy, expected: tuple[list[float], float, int]
) -> None:
    errors, accuracy, n = expected
    config = replace(QUICK, policy=policy)
    card = score([4, None, 6, 5], RATINGS, decisions=DECISIONS, config=config)
    assert card.metrics["proxy_mse_n"].value == pytest.approx(np.mean(errors))
    assert card.metrics["decision_accuracy"].value == pytest.approx(accuracy)
    assert (card.n_papers, card.n_scored, card.n_unreadable, card.n_missing) == (4, 3, 0, 1)
    assert card.metrics["proxy_mse_n"].n_papers == n
    assert f"policy:{policy}" in str(card.metrics["proxy_mse_n"].signature)


def test_every_paper_and_line_is_counted() -> None:
    reference = human_ratings_of({"a": [3, 5], "b": [6, 8], "c": [6], "d": []})
    lines = [
        b'{"paper_id": "a", "ratings": [5]}',
        b'{"paper_id": "a", "ratings": [6]}',
        b'{"paper_id": "b", "ratings": [50]}',
        b'{"paper_id": "d", "ratings": [5]}',
        b'{"paper_id": "z", "ratings": [5]}',
        b"?",
    ]
    submission = parse_predictions(lines, name="m", known=reference.paper_ids)
    card = score_predictions(submission, reference, QUICK)
    assert card.n_papers == 4
    assert card.n_scored == 1  # a; d has no human rating to judge by
    assert card.n_unreadable == 2  # b's line and the last
    assert card.n_missing == 1  # c
    assert (card.n_unknown, card.n_duplicate, card.n_too_few_ratings) == (1, 1, 2)
    assert all(result.n_unreadable == 2 for result in card.metrics.values())


def test_a_training_split_gives_constants_majority_and_threshold() -> None:
    train = human_ratings_of(
        {"x": [3, 3], "y": [4, 4], "z": [5, 5]}, {"x": "reject", "y": "accept", "z": "accept"}
    )
    reference = replace(
        human_ratings_of({"a": [3, 4], "b": [6, 8]}, {"a": "reject", "b": "accept"}), train=train
    )
    said = {"a": Prediction("a", (4.0,)), "b": Prediction("b", (7.0,))}
    card = score_predictions(
        PredictionFile("m", said, ()), reference, replace(QUICK, threshold="train")
    )
    assert card.metrics["decision_accuracy"].value == 0.5  # 4 is accepted from 4 on
    assert "decide:mean>=4-train" in str(card.metrics["decision_accuracy"].signature)
    assert "answer:4|learned:train" in str(card.baselines["constant"]["proxy_mse_n"].signature)
    assert "answer:accept|learned:train" in str(card.baselines["majority"]["mcc"].signature)
    assert any("learned on train" in sentence for sentence in card.verdicts)


def test_what_a_training_split_cannot_give_is_had_in_hindsight_and_says_so() -> None:
    train = human_ratings_of({"x": []}, aspects={"soundness": {"x": []}})
    reference = replace(
        human_ratings_of(
            {"a": [3, 4], "b": [6, 8]},
            {"a": "reject", "b": "accept"},
            {"soundness": {"a": [2, 3]}},
        ),
        train=train,
    )
    said = {"a": Prediction("a", (4.0,), soundness=(3.0,))}
    config = replace(QUICK, policy="constant")
    card = score_predictions(PredictionFile("m", said, ()), reference, config)
    assert "learned:oracle" in str(card.baselines["constant"]["proxy_mse_n"].signature)
    assert "an oracle" in card.verdicts[0]
    with pytest.raises(ValueError, match="no training split with decisions"):
        score_predictions(
            PredictionFile("m", said, ()), reference, replace(QUICK, threshold="train")
        )


def test_a_threshold_from_a_training_split_that_is_not_there() -> None:
    with pytest.raises(ValueError, match="no training split with decisions; give a threshold"):
        score(MODEL, RATINGS, decisions=DECISIONS, config=replace(QUICK, threshold="train"))


def test_a_models_own_decision_goes_before_its_rating_unless_told() -> None:
    stated: list[DecisionLabel | None] = ["accept", None, None, None]
    card = score(MODEL, RATINGS, decisions=DECISIONS, predicted_decisions=stated, config=QUICK)
    assert card.metrics["decision_accuracy"].value == 0.75
    assert "decide:stated-else-mean>=6-given" in str(card.metrics["mcc"].signature)
    by_rating = replace(QUICK, decide_by="rating")
    card = score(MODEL, RATINGS, decisions=DECISIONS, predicted_decisions=stated, config=by_rating)
    assert card.metrics["decision_accuracy"].value == 1.0


def test_aspects_are_scored_where_both_sides_have_them() -> None:
    reference = human_ratings_of(
        {"a": [3, 5], "b": [6, 8], "c": [5, 5]},
        aspects={"soundness": {"a": [2, 3], "b": [4], "c": [1, 1]}, "presentation": {"a": [1]}},
    )
    said = {
        "a": Prediction("a", (4.0,), soundness=(3.0,)),
        "b": Prediction("b", (7.0,), soundness=(3.0,)),
        "c": Prediction("c", (5.0,)),
    }
    card = score_predictions(PredictionFile("m", said, ()), reference, QUICK)
    assert card.metrics["proxy_mse_n_soundness"].value == pytest.approx((0.25 + 1) / 2)
    assert card.metrics["proxy_mse_n_soundness"].n_papers == 2
    assert card.metrics["proxy_mse_n1_soundness"].value == pytest.approx((0 + 1) / 2)
    assert "rating:soundness" in str(card.metrics["proxy_mse_n_soundness"].signature)
    assert "proxy_mse_n_presentation" not in card.metrics
    assert card.baselines["human"]["proxy_mse_n1_soundness"].n_papers == 2


def test_clones_have_no_spread() -> None:
    ratings = {"a": [3, 5], "b": [6, 8]}
    clones = {i: Prediction(i, (5.0, 5.0, 5.0)) for i in ratings}
    card = score_predictions(PredictionFile("m", clones, ()), human_ratings_of(ratings), QUICK)
    assert card.metrics["spread_ratio"].value == 0
    assert card.metrics["duplicate_reviewer_rate"].value == 1


VERDICTS = {
    "worse than a constant": (lambda means: 10 - means, "DOES NOT BEAT A CONSTANT"),
    "a constant": (lambda means: means * 0 + 5, "BEAT A CONSTANT"),
    "the truth": (lambda means: means, "The model beats a constant"),
}


@pytest.mark.parametrize(("model", "words"), VERDICTS.values(), ids=VERDICTS.keys())
def test_the_report_says_whether_a_constant_is_beaten(model: object, words: str) -> None:
    ratings = np.random.default_rng(0).integers(1, 11, size=(60, 3))
    assert callable(model)
    card = score(model(ratings.mean(axis=1)).clip(1, 10).tolist(), ratings.tolist(), config=QUICK)
    assert words in card.verdicts[0]


def test_no_verdict_against_a_constant_from_few_papers_or_heavy_tails() -> None:
    generator = np.random.default_rng(4)
    truth = generator.normal(5.5, 1.5, 200).clip(1, 10)
    ratings = (truth[:, None] + generator.normal(0, 0.3, (200, 3))).clip(1, 10)
    close = (truth + generator.normal(0, 0.3, 200)).clip(1, 10)
    far = close.copy()
    far[:2] = np.where(truth[:2] > 5.5, 1, 10)
    for model, n, beats in ((close, 200, True), (close, 20, False), (far, 200, False)):
        card = score(model[:n].tolist(), ratings[:n].tolist(), config=QUICK)
        skill = card.metrics["skill_mse"]
        assert skill.low is not None
        assert skill.low > 0
        assert beats_constant(skill) == beats
        assert card.verdicts[0].startswith("The model beats a constant") == beats


def test_what_never_varies_is_undefined_and_says_so() -> None:
    card = score([5, 5, 5, 5], RATINGS, decisions=DECISIONS, config=QUICK)
    for name in ("spearman", "kendall_tau_b", "mcc"):
        assert card.metrics[name].value is None
        assert card.metrics[name].why
    assert any("spearman is undefined" in sentence for sentence in card.verdicts)


@pytest.mark.parametrize("constant", [4.7, 6.1, 0.1])
def test_a_constant_that_floats_do_not_have_exactly_is_a_constant(constant: float) -> None:
    scale = ScoringConfig(scale=(0, 10), threshold=5, resamples=100)
    ratings = [[float((7 * i + 3 * k) % 10) for k in range(3 + i % 2)] for i in range(40)]
    model = [[constant] * (1 + i % 4) for i in range(40)]
    metrics = score(model, ratings, config=scale).metrics
    assert metrics["skill_recalibrated"].value == metrics["skill_isotonic"].value == 0
    assert metrics["worth_reviewers"].value in (0, None)
    assert metrics["disattenuated_correlation"].value is metrics["spearman"].value is None
    assert metrics["mse_spread"].value == 0
    agreed = score(ratings, model, config=scale)
    for name in ("skill_mse", "skill_ceiling", "skill_of_ceiling", "spread_ratio"):
        assert agreed.metrics[name].value is None
    assert agreed.baselines["noise_floor"]["proxy_mse_n"].value == 0
    assert agreed.baselines["constant"]["proxy_mse_n"].value == 0


def test_a_mean_equal_to_the_threshold_accepts() -> None:
    ratings = [[4.5, 5.7, 7.1, 6.7], [4.7, 5.5, 7.1, 6.7]]
    # By rounding alone; `sum` of Python 3.12 and newer corrects it.
    assert all(reduce(add, each) / 4 < 6 for each in ratings)
    found = score(ratings, ratings, decisions=["accept"] * 2, config=QUICK)
    assert found.metrics["decision_accuracy"].value == 1


def test_an_interval_contains_its_value() -> None:
    # The square of a bias near 0 is below that of nearly every resample.
    errors = np.random.default_rng(0).normal(size=40)
    errors += 1e-3 - errors.mean()
    model = 5 + errors / 2
    found = score(model.tolist(), [[5.0, 5.0]] * 40, config=QUICK).metrics["mse_bias"]
    assert found.value is not None
    assert found.low is not None
    assert found.low <= found.value


def test_one_paper_has_values_and_no_intervals() -> None:
    card = score([5], [[3, 5]], config=QUICK)
    assert card.metrics["proxy_mse_n"].value == 1
    assert card.metrics["proxy_mse_n"].low is None
    assert card.metrics["proxy_mse_n"].why == "no interval: one paper"


def test_equal_arguments_give_equal_cards() -> None:
    again = [score(MODEL, RATINGS, decisions=DECISIONS, config=QUICK).to_json() for _ in range(2)]
    assert again[0] == again[1]


REFUSED = {
    "no paper": ([], [], "at least one paper"),
    "nothing readable": ([None], [[3, 5]], "nothing to score"),
    "nothing rated": ([5], [[]], "a paper with a rating, found none"),
    "lengths differ": ([5], [[3, 5], [6, 8]], "one prediction and decision per paper"),
    "infinite": ([5], [[3, float("inf")]], "expected a finite number"),
}


@pytest.mark.parametrize(("model", "ratings", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_refuses(model: list[float | None], ratings: list[list[float]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        score(model, ratings, config=QUICK)


def test_protocol_refuses_nonsense() -> None:
    with pytest.raises(ValueError, match="lowest < highest"):
        ScoringConfig(scale=(10, 1))
    with pytest.raises(ValueError, match="resamples"):
        ScoringConfig(resamples=1)


marks = st.lists(st.integers(1, 10), min_size=1, max_size=4)
papers = st.lists(
    st.tuples(
        marks,
        marks | st.none(),
        st.sampled_from(["accept", "reject", None]),
        st.sampled_from(["exclude", "worst", "constant"]),
    ),
    min_size=1,
    max_size=6,
)


@given(papers)
@settings(max_examples=40, deadline=None)
def test_whatever_is_scored_every_number_is_finite_or_explained(
    given_papers: list[tuple[list[int], list[int] | None, DecisionLabel | None, str]],
) -> None:
    ratings, model, decisions, policies = zip(*given_papers, strict=True)
    if all(said is None for said in model) and policies[0] == "exclude":
        return  # nothing to score, which is an error; see test_refuses
    config = replace(QUICK, policy=policies[0])
    card = score(model, ratings, decisions=decisions, config=config)
    for results in (card.metrics, *card.baselines.values()):
        for result in results.values():
            if result.value is None:
                assert result.why
            else:
                assert np.isfinite(result.value)
                assert result.n_papers > 0


def pair_of(card: ScoreCard, name: str) -> float:
    value = card.metrics[name].value
    assert value is not None
    return value


def test_a_comparison_is_the_difference_of_two_scores() -> None:
    other: list[float | None] = [5, 6, 7, 6]
    pair = compare(MODEL, other, RATINGS, decisions=DECISIONS, config=QUICK)
    ours, theirs = (score(m, RATINGS, decisions=DECISIONS, config=QUICK) for m in (MODEL, other))
    for name, found in pair.differences.items():
        if found.difference is not None:
            expected = pair_of(ours, name) - pair_of(theirs, name)
            assert found.difference == pytest.approx(expected)
    turned = compare(other, MODEL, RATINGS, decisions=DECISIONS, config=QUICK)
    for name, found in pair.differences.items():
        assert turned.differences[name].p_value == found.p_value


def test_a_model_does_not_differ_from_itself() -> None:
    pair = compare(MODEL * 20, MODEL * 20, RATINGS * 20, decisions=DECISIONS * 20, config=QUICK)
    for name, found in pair.differences.items():
        if name in AGREEMENT_NEEDED:
            continue
        assert (found.difference, found.low, found.high, found.p_value) == (0, 0, 0, 1)


def test_permutation_and_interval_agree_on_a_large_difference() -> None:
    generator = np.random.default_rng(3)
    truth = generator.uniform(2, 9, size=120)
    ratings = np.clip(truth[:, None] + generator.normal(0, 1, (120, 3)), 1, 10).tolist()
    good = np.clip(truth + generator.normal(0, 0.3, 120), 1, 10).tolist()
    bad = np.clip(truth + generator.normal(0, 3, 120), 1, 10).tolist()
    pair = compare(good, bad, ratings, config=replace(QUICK, resamples=400))
    for name in ("proxy_mse_n1", "spearman", "kendall_tau_b", "skill_mse"):
        found = pair.differences[name]
        assert found.p_value is not None
        assert found.low is not None
        assert found.high is not None
        assert found.p_value < 0.01
        assert found.low * found.high > 0


def test_a_test_of_order_does_not_see_the_scale_that_a_model_uses() -> None:
    generator = np.random.default_rng(6)
    truth = generator.uniform(2, 9, size=80)
    ratings = np.clip(truth[:, None] + generator.normal(0, 1, (80, 3)), 1, 10).tolist()
    one, other = (np.clip(truth + generator.normal(0, 2, 80), 1, 10) for _ in range(2))
    decisions: list[DecisionLabel | None] = ["accept" if t > 6 else "reject" for t in truth]
    plain, harsh = (
        compare(one.tolist(), said.tolist(), ratings, decisions=decisions, config=QUICK)
        for said in (other, 1 + (other - 1) / 4)
    )
    for name in ("auroc", "spearman", "kendall_tau_b", "disattenuated_correlation"):
        assert harsh.differences[name].p_value == plain.differences[name].p_value, name
    assert harsh.differences["proxy_mse_n"].p_value != plain.differences["proxy_mse_n"].p_value


def test_several_models_are_ranked_with_ties_on_the_papers_all_judged() -> None:
    reference = human_ratings_of(
        {f"p{i:02d}": r for i, r in enumerate([[3, 5], [6, 8], [9, 9]] * 20)}
    )
    means = [float(np.mean(r)) for r in reference.ratings]
    answers: dict[str, dict[str, float]] = {
        "exact": dict(zip(reference.paper_ids, means, strict=True)),
        "same": dict(zip(reference.paper_ids[1:], means[1:], strict=True)),
        "far": dict.fromkeys(reference.paper_ids, 1.0),
    }
    submissions = [
        PredictionFile(name, {i: Prediction(i, (float(v),)) for i, v in said.items()}, ())
        for name, said in answers.items()
    ]
    comparison = compare_predictions(submissions, reference, replace(QUICK, resamples=500))
    assert (comparison.n_papers, comparison.n_compared) == (60, 59)
    assert comparison.ranks["proxy_mse_n"] == {"exact": 1, "same": 1, "far": 3}
    assert "spearman" not in comparison.ranks  # undefined for the one that never varies
    assert len(comparison.pairs) == 3
    with pytest.raises(ValueError, match="at least two models of different names"):
        compare_predictions(submissions[:1], reference, QUICK)
    with pytest.raises(ValueError, match="no paper on which every model"):
        compare_predictions([submissions[0], PredictionFile("none", {}, ())], reference, QUICK)


def test_a_panel_keeps_the_same_draw_whatever_is_excluded() -> None:
    reference = human_ratings_of({f"p{i}": [1, 3, 5, 8] for i in range(20)})
    drawing = replace(QUICK, left_out_seed=1)
    full = {i: Prediction(i, (5.0,)) for i in reference.paper_ids}
    part = {i: p for i, p in full.items() if i != "p0"}
    all_of, _ = align(PredictionFile("m", full, ()), reference, drawing)
    rest, _ = align(PredictionFile("m", part, ()), reference, drawing)
    assert all_of.humans.left_out is not None
    assert rest.humans.left_out is not None
    assert all_of.humans.left_out[1:].tolist() == rest.humans.left_out.tolist()


def test_models_scored_together_have_the_cards_that_each_has_alone() -> None:
    humans = human_ratings_of({"a": [3, 5], "b": [6, 8], "c": [6, 6]})
    files = [
        PredictionFile("all", {i: Prediction(i, (5.0,)) for i in "abc"}, ()),
        PredictionFile("some", {i: Prediction(i, (6.0,)) for i in "ab"}, ()),
        parse_predictions([b'{"paper_id": "a", "ratings": [4]}', b"x"], name="one", known="abc"),
    ]
    cards = score_each(files, humans, QUICK)
    assert cards == [score_predictions(file, humans, QUICK) for file in files]
    assert [card.baselines["human"]["proxy_mse_n"].n_unreadable for card in cards] == [0, 0, 1]
