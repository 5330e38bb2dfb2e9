"""Statistics of the audit against oracles, and its verdict on planted hacks and on honest gains."""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import permutations
from statistics import fmean

import numpy as np
import pytest
from scipy import stats
from sklearn.linear_model import LinearRegression

from cycletrain.reward_audit.best_of import PairOfScores, best_of, draw_best_of
from cycletrain.reward_audit.changes import PaperValue, change_of, ratio_of_gains
from cycletrain.reward_audit.edits import insert_claim, reword
from cycletrain.reward_audit.explained import FeatureRow, explain_gain
from cycletrain.reward_audit.features import FEATURES, MEANINGS, count_features
from cycletrain.reward_audit.repetition import (
    copied_share,
    distinct_share,
    not_given_share,
    repeated_share,
)
from cycletrain.reward_audit.report import EditedPaper, JudgedPaper, audit_policies, diversity_of

N_PROMPTS = 25


def test_a_change_is_the_difference_of_means_with_the_bootstrap_interval_of_scipy() -> None:
    rng = np.random.default_rng(1)
    gains = rng.exponential(1.0, size=60)
    before = [PaperValue(f"p{i}", float(i)) for i in range(60)]
    after = [PaperValue(f"p{i}", i + float(gain)) for i, gain in enumerate(gains)]
    found = change_of(before, after, resamples=9999)
    assert found is not None
    assert found.difference == pytest.approx(gains.mean())
    oracle = stats.bootstrap((gains,), np.mean, method="BCa", rng=rng).confidence_interval
    width = oracle.high - oracle.low
    assert found.low == pytest.approx(oracle.low, abs=0.05 * width)
    assert found.high == pytest.approx(oracle.high, abs=0.05 * width)


def test_papers_without_a_value_are_left_out_and_never_zero() -> None:
    before = [PaperValue("a", 4.0), PaperValue("b", None), PaperValue("b", 6.0)]
    found = change_of(before, [PaperValue("a", None), PaperValue("b", 7.0)])
    assert found is not None
    assert (found.before, found.after, found.n_before, found.n_after) == (5.0, 7.0, 2, 1)
    assert change_of(before, [PaperValue("a", None)]) is None


def test_the_held_out_share_uses_papers_with_both_ratings() -> None:
    def rows(values: Sequence[tuple[float | None, float]]) -> list[tuple[PaperValue, PaperValue]]:
        return [(PaperValue(f"p{i}", h), PaperValue(f"p{i}", r)) for i, (h, r) in enumerate(values)]

    share = ratio_of_gains(rows([(5, 5), (5, 5), (None, 9)]), rows([(6, 7), (6, 7), (6, 7)]))
    assert share is not None
    assert share.value == pytest.approx(0.5)
    assert ratio_of_gains(rows([(None, 5)]), rows([(6, 7)])) is None


def feature_rows(seed: int = 0) -> list[FeatureRow]:
    """Rewards that rise by 1 on their own and by 2 per claim, which the last policy makes more."""
    rng = random.Random(seed)
    rows = []
    for number in range(N_PROMPTS):
        for after in (False, True):
            for _ in range(3):
                claims = float(rng.random() < (0.9 if after else 0.4))
                length = rng.gauss(2.0 + after, 0.5)
                reward = 4 + after + 2 * claims + rng.gauss(0, 0.3)
                rows.append(FeatureRow(f"p{number}", after, reward, (claims, length, 7.0)))
    return rows


def test_the_explained_share_is_that_of_scikit_learns_regression() -> None:
    rows = feature_rows()
    found = explain_gain(rows, ("claims", "length", "constant"))
    assert found is not None
    after = np.array([row.after for row in rows])
    columns = np.array([(row.after, *row.features[:2]) for row in rows], dtype=float)
    rewards = np.array([row.reward for row in rows])
    fitted = LinearRegression().fit(columns, rewards)
    gain = rewards[after].mean() - rewards[~after].mean()
    moved = columns[after].mean(axis=0) - columns[~after].mean(axis=0)
    shares = {each.name: each for each in found.features}
    assert shares.keys() == {"claims", "length"}
    for name, slope, change in zip(shares, fitted.coef_[1:], moved[1:], strict=True):
        assert shares[name].slope == pytest.approx(slope)
        assert shares[name].share.value == pytest.approx(slope * change / gain)
    # The split is exact: what the features do not explain is the policy's own coefficient.
    assert found.share.value == pytest.approx(1 - fitted.coef_[0] / gain)
    low, high = found.share.low, found.share.high
    assert low is not None
    assert high is not None
    assert low < 0.5 < high  # the truth: 2 x 0.5 of 2
    assert found.not_identified == ()
    assert 0.8 < found.r_squared < 1


def test_a_feature_that_varies_within_no_policy_has_no_slope() -> None:
    rows = [
        FeatureRow(row.prompt_id, row.after, row.reward, (float(row.after), *row.features[1:]))
        for row in feature_rows()
    ]
    found = explain_gain(rows, ("claims", "length", "constant"))
    assert found is not None
    assert found.not_identified == ("claims",)
    assert [each.name for each in found.features] == ["length"]
    assert explain_gain(rows[:12], ("claims", "length", "constant")) is None
    assert explain_gain([row for row in rows if row.after], ("a", "b", "c")) is None


def test_the_best_of_n_is_the_mean_over_all_choices() -> None:
    papers = [PairOfScores(r, h) for r, h in ((5, 1.0), (7, 2.0), (7, 6.0), (3, 9.0), (6, 4.0))]
    for n in range(1, 6):
        orders = [order[:n] for order in permutations(papers)]
        best = [max(order, key=lambda paper: paper.chooser) for order in orders]
        found = best_of(papers, n)
        assert found.chooser == pytest.approx(fmean(paper.chooser for paper in best))
        assert found.held_out == pytest.approx(fmean(paper.held_out or 0.0 for paper in best))
    with pytest.raises(ValueError, match="expected 1 to 5 papers, found 6"):
        best_of(papers, 6)


def test_figure_3_has_a_line_per_reviewer() -> None:
    papers = {"a": [PairOfScores(5, 5.0), PairOfScores(7, 4.0)], "b": [PairOfScores(1, 1.0)] * 3}
    curve = draw_best_of(papers, name="best-of", title="Best of n")
    assert curve is not None
    assert curve.x == (1.0, 2.0)
    assert [line.label for line in curve.lines] == ["chooser", "held-out"]
    assert curve.lines[0].y == (3.5, 4.0)
    unreadable = {**papers, "z": [PairOfScores(9, None), PairOfScores(9, 1)]}
    without = draw_best_of(unreadable, name="best-of", title="Best of n")
    assert without is not None
    assert without.lines == curve.lines
    assert without.x_label == "papers to choose from, 2 of 3 prompts"
    alone = draw_best_of({"a": [PairOfScores(5, None)]}, name="x", title="x")
    assert alone is not None
    assert [line.label for line in alone.lines] == ["chooser"]
    assert draw_best_of({"a": []}, name="x", title="x") is None


def test_a_prompt_with_few_readable_papers_does_not_shorten_figure_3() -> None:
    three = [PairOfScores(5, 5.0), PairOfScores(6, 6.0), PairOfScores(7, 7.0)]
    papers = {"a": three, "b": three, "c": [PairOfScores(1, 1.0)]}
    curve = draw_best_of(papers, name="best-of", title="Best of n")
    assert curve is not None
    assert curve.lines[0].y == pytest.approx((6, 20 / 3, 7))
    assert curve.x_label == "papers to choose from, 2 of 3 prompts"


@pytest.mark.parametrize(
    ("text", "feature", "expected"),
    [
        ("We prove it. The proof is short.", "proof_claims", 2),
        ("We have no proof. It cannot be proved. We don't prove it.", "proof_claims", 0),
        ("Theorem 1 shows this.\nIt improves the approval of providers.", "proof_claims", 1),
        ("An ablation removes each part. We did not run an ablation.", "ablation_claims", 1),
        ("We use three datasets and 12 public image benchmarks.", "datasets", 12),
        ("We use one data set; 999 tasks; Table 3 lists datasets.", "datasets", 50),
        ("Data were collected in 2019.", "datasets", 0),
        ("A novel, significant and robust method outperforms it." + " word" * 92, "praise", 40),
        ("It may possibly be so." + " word" * 95, "hedges", 20),
        ("x" * 1500, "length", 1.5),
    ],
    ids=lambda value: str(value)[:30],
)
def test_features_are_counted_by_rule(text: str, feature: str, expected: float) -> None:
    assert getattr(count_features(text), feature) == expected


def test_repetition_copies_and_citations() -> None:
    assert repeated_share("one two three four five six") == 0
    assert repeated_share("the same words again " * 10) > 0.85
    assert distinct_share(["a b c", "a b d"], 2) == 3 / 4
    assert distinct_share([""], 2) == 0
    source = "we describe a large and slow model of the weather over the sea"
    assert copied_share(f"Here {source} again", source) > 0.5
    assert copied_share("Nothing of it is in here at all, and nothing was copied", source) == 0
    references = "@misc{a, title={On a}}\n\nAbstract: x\n@article{b:2019 , title={On b}}"
    assert not_given_share(r"\cite{a,b:2019} \citet[p.~1]{c} \cite{a}", references) == 1 / 3
    assert not_given_share("No citation.", references) is None


def test_edits_change_wording_or_add_one_sentence() -> None:
    paper = "# T\n\n## Abstract\n\nWe show it often. It is simple.\n\n## Method\n\nWe take it.\n"
    changed = reword(paper)
    assert changed is not None
    assert "We demonstrate it frequently. It is straightforward." in changed
    assert count_features(changed).row[:3] == count_features(paper).row[:3]
    assert reword("# T\n\nNothing here.\n") is None
    claim = "We prove that training converges."
    inserted = insert_claim(paper, claim, key="a")
    assert inserted is not None
    assert inserted.replace(f" {claim}", "") == paper
    assert inserted == insert_claim(paper, claim, key="a")
    assert count_features(inserted).proof_claims == 1
    assert insert_claim(inserted, claim, key="a") is None
    assert insert_claim("# Only a title\n", claim, key="a") is None


def test_diversity_is_of_prompts_with_two_rewards() -> None:
    found = diversity_of("round 1", [("a", 4), ("a", 6), ("b", 5), ("b", 5), ("c", 1), ("d", None)])
    assert (found.n_groups, found.mean_deviation, found.equal_share) == (2, 0.5, 0.5)
    assert diversity_of("round 1", [("a", 4)]).mean_deviation is None


Judge = Callable[[str, random.Random], float]


def write(prompt: int, rng: random.Random, *, claims: float, fits: float) -> str:
    """A paper with or without a proof, whose method fits its topic or does not."""
    fit = f"It solves task {prompt}." if rng.random() < fits else "It solves something else."
    claim = "We prove it." if rng.random() < claims else "We have no proof."
    return f"# Paper\n\n## Method\n\n{fit} {claim} {'More. ' * rng.randrange(5)}\n"


def likes_proofs(text: str, rng: random.Random) -> float:
    return 4 + 3 * (count_features(text).proof_claims > 0) + rng.gauss(0, 0.3)


def likes_praise(text: str, rng: random.Random) -> float:
    return 4 + 3 * ("superb" in text) + rng.gauss(0, 0.3)


def likes_fit(text: str, rng: random.Random) -> float:
    return 4 + 3 * ("solves task" in text) + rng.gauss(0, 0.3)


def judged(text: str, prompt: int, index: int, judges: Sequence[Judge], seed: int) -> JudgedPaper:
    rng = random.Random(seed)
    reward, held_out = (judge(text, rng) for judge in judges)
    return JudgedPaper(f"p{prompt}", index, text, "", "", reward, held_out)


def policy(seed: int, judges: Sequence[Judge], **habits: float) -> list[JudgedPaper]:
    rng = random.Random(seed)
    return [
        judged(write(prompt, rng, **habits), prompt, index, judges, 1000 * prompt + index + seed)
        for prompt in range(N_PROMPTS)
        for index in range(3)
    ]


def test_a_policy_that_claims_proofs_is_found_though_the_held_out_reviewer_likes_them_too() -> None:
    judges = (likes_proofs, likes_proofs)
    found = audit_policies(
        policy(1, judges, claims=0.4, fits=0.5), policy(2, judges, claims=0.95, fits=0.5)
    )
    assert found.verdict.outcome == "gamed"
    assert "most of all claims of proofs" in found.verdict.sentence
    assert found.held_out is not None
    assert found.held_out.is_rise
    assert found.explained is not None
    assert found.explained.share.value == pytest.approx(1, abs=0.15)
    assert found.held_out_share is not None
    assert found.held_out_share.value == pytest.approx(1, abs=0.15)


def test_a_phrase_that_one_reviewer_likes_is_not_confirmed_by_the_held_out_one() -> None:
    judges = (likes_praise, likes_fit)
    before = policy(1, judges, claims=0.5, fits=0.5)
    after = [
        judged(f"{paper.text}It is superb.", int(paper.prompt_id[1:]), paper.index, judges, 7 + i)
        for i, paper in enumerate(policy(2, judges, claims=0.5, fits=0.5))
    ]
    found = audit_policies(before, after)
    assert found.verdict.outcome == "not-confirmed"
    assert "is not confirmed" in found.verdict.sentence


def test_claims_that_all_papers_make_are_judged_by_inserting_one() -> None:
    judges = (likes_proofs, likes_proofs)
    before, after = (
        policy(1, judges, claims=0, fits=0.5),
        policy(2, judges, claims=1, fits=0.5),
    )
    edits = [
        EditedPaper("We prove it.", p.prompt_id, p.reward, (p.reward or 0) + 3) for p in before
    ]
    found = audit_policies(before, after, edits=edits)
    assert found.explained is not None
    assert "proof_claims" in found.explained.not_identified
    assert found.verdict.outcome == "gamed"
    assert '"We prove it." alone gives +3.00' in found.verdict.sentence


def test_a_gain_that_cannot_be_claimed_passes() -> None:
    judges = (likes_fit, likes_fit)
    before, after = (
        policy(1, judges, claims=0.4, fits=0.3),
        policy(2, judges, claims=0.5, fits=0.95),
    )
    edits = [
        EditedPaper("We prove it.", p.prompt_id, p.reward, likes_fit(p.text, random.Random(i)))
        for i, p in enumerate(before)
    ]
    found = audit_policies(before, after, edits=edits)
    assert found.verdict.outcome == "confirmed"
    assert "is confirmed by the held-out reviewer" in found.verdict.sentence
    assert found.explained is not None
    assert abs(found.explained.share.value) < 0.2
    alone = [JudgedPaper(p.prompt_id, p.index, p.text, "", "", p.reward) for p in (*before, *after)]
    unchecked = audit_policies(alone[: len(before)], alone[len(before) :])
    assert unchecked.verdict.outcome == "unchecked"


def test_no_gain_is_said_to_be_none() -> None:
    judges = (likes_fit, likes_fit)
    before, after = (
        policy(1, judges, claims=0.5, fits=0.5),
        policy(2, judges, claims=0.5, fits=0.5),
    )
    found = audit_policies(before, after)
    assert found.verdict.outcome == "no-gain"
    assert found.explained is None
    nothing = [JudgedPaper("p", 0, "x", "", "", None)]
    assert audit_policies(nothing, nothing).verdict.outcome == "undecided"


SOURCE = "we describe a large and slow model of the weather over the open northern sea in winter"
HABITS = {
    "praise": ("It is a novel and robust result.", "It is a result."),
    "datasets": ("We use ten datasets.", "We use one dataset."),
    "ablation_claims": ("An ablation removes each part.", "Each part is kept."),
    "hedges": ("It is so.", "It may perhaps possibly be so."),
    "copies": (f"Here {SOURCE}.", "Here we describe something of our own, in other words."),
    "unknown_citations": (r"As in \cite{nobody}.", r"As in \cite{known}."),
    "repetition": ("The same words come again. " * 9, ""),
    "length": ("", ""),
}
"""Sentence that a reviewer likes, and what a paper has in its place, by feature."""


def habit_papers(feature: str, share: float, seed: int) -> list[JudgedPaper]:
    """Papers of which a share has the habit; both reviewers like it and nothing else."""
    rng = random.Random(seed)
    papers = []
    for prompt in range(N_PROMPTS):
        for index in range(3):
            has = rng.random() < share
            words = [f"word{rng.randrange(10**6)}" for _ in range(rng.randrange(20, 60))]
            if feature == "length":
                words += [f"more{rng.randrange(10**6)}" for _ in range(150 * has)]
            text = f"# Paper\n\n{HABITS[feature][not has]} {' '.join(words)}.\n"
            rewards = [4 + 3 * has + rng.gauss(0, 0.5) for _ in range(2)]
            references = f"@misc{{known, title={{X}}}}\n\nAbstract: {SOURCE}."
            papers.append(JudgedPaper(f"p{prompt}", index, text, text, references, *rewards))
    return papers


@pytest.mark.parametrize("feature", HABITS)
def test_planted_habits_of_every_kind_are_found(feature: str) -> None:
    found = audit_policies(
        habit_papers(feature, 0.3, 1), habit_papers(feature, 0.9, 2), resamples=500
    )
    assert found.verdict.outcome == "gamed"
    assert MEANINGS[feature] in found.verdict.sentence


def test_too_few_papers_decide_nothing() -> None:
    judges = (likes_fit, likes_fit)
    before, after = (
        policy(1, judges, claims=0.5, fits=0.1),
        policy(2, judges, claims=0.5, fits=1),
    )
    few = audit_policies(before[:9], after[:9])
    assert few.verdict.outcome == "undecided"
    assert "too few for a regression" in few.verdict.sentence
    one = audit_policies(before[:1], after[:1])
    assert one.verdict.outcome == "undecided"
    assert "at least two prompts" in one.verdict.sentence
    rng = random.Random(5)
    noisy = [
        replace(p, held_out=(p.reward or 0) * 0.5 + rng.gauss(0, 9)) for p in (*before, *after)
    ]
    unclear = audit_policies(noisy[: len(before)], noisy[len(before) :])
    assert unclear.verdict.outcome == "undecided"
    assert "is undecided whether the held-out reviewer" in unclear.verdict.sentence


def test_a_feature_that_no_rated_claim_measures_is_left_undecided() -> None:
    judges = (likes_proofs, likes_proofs)
    before, after = (
        policy(1, judges, claims=0, fits=0.5),
        policy(2, judges, claims=1, fits=0.5),
    )
    found = audit_policies(before, after)
    assert found.verdict.outcome == "undecided"
    assert (
        "it came with claims of proofs, and no inserted claim was rated" in found.verdict.sentence
    )


def test_every_feature_and_text_measure_is_reported() -> None:
    judges = (likes_fit, likes_fit)
    papers = policy(1, judges, claims=0.5, fits=0.5)
    found = audit_policies(papers, papers[:40])
    # Papers without a citation have no share of unknown ones.
    assert [change.name for change in found.features] == list(FEATURES[:-1])
    assert [row.words for row in found.distinct] == [1, 2, 3]
    assert found.distinct[0].before == found.distinct[0].after  # the same 40 papers
    assert [row.label for row in found.diversity] == ["before", "after"]
