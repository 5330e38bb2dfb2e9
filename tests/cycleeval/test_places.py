"""Places, signatures and intervals of boards of many models."""

import json
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from cycledata.errors import ParseError
from cycleeval.comparison import compare_predictions
from cycleeval.human_ratings import HumanRatings, human_ratings_of, read_human_ratings
from cycleeval.intervals import balanced_interval, exact_interval, share_interval
from cycleeval.predictions import Prediction, PredictionFile, read_predictions
from cycleeval.rank import cells, kendall_tau_b_of, weigh
from cycleeval.scoring import score, score_predictions
from cycleeval.scoring_config import ScoringConfig

QUICK = ScoringConfig(resamples=100)


def board(n_models: int, n_papers: int = 300) -> tuple[list[PredictionFile], HumanRatings]:
    """Models whose noise grows by a fifth of a rating point from one to the next."""
    generator = np.random.default_rng(5)
    truth = generator.uniform(3, 8, n_papers)
    ids = [f"p{i:04d}" for i in range(n_papers)]
    human = np.clip(truth[:, None] + generator.normal(0, 1, (n_papers, 3)), 1, 10)
    humans = human_ratings_of(dict(zip(ids, human.tolist(), strict=True)))
    files = []
    for number in range(n_models):
        said = np.clip(truth + generator.normal(0, 0.2 + 0.2 * number, n_papers), 1, 10)
        predictions = {i: Prediction(i, (float(v),)) for i, v in zip(ids, said, strict=True)}
        files.append(PredictionFile(f"m{number:02d}", predictions, ()))
    return files, humans


def test_twenty_models_do_not_share_one_place() -> None:
    files, humans = board(20)
    found = compare_predictions(files, humans, QUICK, metrics=["proxy_mse_n1"])
    places = found.ranks["proxy_mse_n1"]
    assert places["m00"] == 1
    assert len(set(places.values())) >= 6
    for name, (best, worst) in found.rank_intervals["proxy_mse_n1"].items():
        assert best <= worst
        assert 1 <= best <= 20, name


def test_too_few_papers_for_any_place_are_refused() -> None:
    files, humans = board(20, n_papers=6)
    found = compare_predictions(files, humans, QUICK, metrics=["proxy_mse_n1"])
    assert found.ranks == {}
    assert "cannot show any of 190 differences" in found.unranked["proxy_mse_n1"]


def test_numbers_from_other_papers_have_another_signature() -> None:
    (file, *_), humans = board(2)
    part = dict(list(file.predictions.items())[10:])
    whole = score_predictions(file, humans, QUICK).metrics["proxy_mse_n"]
    less = score_predictions(replace(file, predictions=part), humans, QUICK).metrics["proxy_mse_n"]
    assert whole.signature != less.signature
    with pytest.raises(ValueError, match="differ in papers"):
        _ = whole < less


def test_a_digest_ignores_the_order_of_ratings_and_the_width_of_floats() -> None:
    one = human_ratings_of({"a": [3.3, 5.0]})
    other = human_ratings_of({"a": [5.0, float(np.float32(3.3))]})
    assert one.digest == human_ratings_of({"a": [5.0, 3.3]}).digest
    assert one.digest == other.digest or one.ratings != other.ratings


def test_a_rate_of_zero_has_the_exact_upper_end() -> None:
    ratings = [[3, 4]] * 60 + [[7, 8]] * 60
    decisions = ["reject"] * 60 + ["accept"] * 60
    model = [3.5] * 60 + [7.5] * 60
    card = score(model, ratings, decisions=cast("list[None]", decisions), config=QUICK)
    rate = card.metrics["false_accept_rate"]
    assert (rate.value, rate.low) == (0, 0)
    assert rate.high == pytest.approx(exact_interval(0, 60).high)
    assert card.metrics["auroc"].low is not None
    assert 0.9 < card.metrics["auroc"].low < 1


def test_reviews_of_one_paper_are_not_independent_items() -> None:
    same = share_interval(np.array([4.0, 0.0] * 20), np.full(40, 4.0))
    apart = share_interval(np.full(40, 2.0), np.full(40, 4.0))
    assert same is not None
    assert apart is not None
    assert same.high - same.low > apart.high - apart.low
    assert balanced_interval(None, same, np.array([0.1, 0.2])) is None


@pytest.mark.parametrize("levels", [3, 2000], ids=["few levels", "many levels"])
def test_many_cells_count_pairs_as_the_definition_does(levels: int) -> None:
    generator = np.random.default_rng(2)
    x, y = generator.normal(size=1500).round(2), generator.integers(0, levels, 1500).astype(float)
    of = cells(x, y)
    weights = generator.integers(0, 3, (2, 1500)).astype(float)
    sign = np.sign(x[:, None] - x) * np.sign(y[:, None] - y)
    expected = np.einsum("bi,ij,bj->b", weights, sign, weights) / 2
    mass = weigh(of, weights)
    assert mass.concordance.tolist() == expected.tolist()
    assert np.isfinite(kendall_tau_b_of(mass)).all()


def test_scale_and_threshold_come_from_the_human_ratings(tmp_path: Path) -> None:
    rows = [
        {"paper_id": f"p{i}", "ratings": [2, 4], "rating_scale": [0, 2, 4, 6], "decision": "accept"}
        | {"accept_threshold": 3}
        for i in range(3)
    ]
    path = tmp_path / "r.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    humans = read_human_ratings(str(path))
    assert (humans.scale, humans.threshold) == ((0, 6), 3)
    file = PredictionFile(
        "m", {f"p{i}": Prediction(f"p{i}", (r,)) for i, r in enumerate((0, 3, 9))}, ()
    )
    card = score_predictions(file, humans, QUICK)
    assert card.n_unreadable == 1
    assert card.metrics["decision_accuracy"].value == 0.5
    rows[0]["rating_scale"] = [1, 10]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    with pytest.raises(ParseError, match=r"expected papers on one rating scale.*--venue"):
        read_human_ratings(str(path))


@pytest.mark.parametrize("suffix", ["csv", "json"])
def test_csv_and_arrays_are_read(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"model.{suffix}"
    if suffix == "csv":
        path.write_text("paper_id,ratings,decision\na,5;6,Accept (poster)\nb,[3],\n", "utf-8")
    else:
        rows = [
            {"paper_id": "a", "ratings": [5, 6], "decision": "Accept"},
            {"paper_id": "b", "rating": 3},
        ]
        path.write_text(json.dumps(rows), "utf-8")
    found = read_predictions(path, known=["a", "b"])
    assert found.name == "model"
    assert found.predictions == {
        "a": Prediction("a", (5, 6), "accept"),
        "b": Prediction("b", (3,)),
    }


def with_gap(shift: float, n_papers: int = 60) -> tuple[list[PredictionFile], HumanRatings]:
    """Return a model, one with larger errors and a gap, and the first once more."""
    generator = np.random.default_rng(4)
    ids = [f"p{i:03d}" for i in range(n_papers)]
    truth = generator.uniform(4, 7, n_papers)
    humans = human_ratings_of(
        dict(
            zip(
                ids,
                (truth[:, None] + generator.normal(0, 0.3, (n_papers, 3))).tolist(),
                strict=True,
            )
        )
    )
    files = []
    for name, error in (("best", 0.2), ("gap", 0.2 + shift)):
        said = truth + error * generator.choice([-1, 1], n_papers)
        rows = zip(ids, said, strict=True)
        predictions = {i: Prediction(i, (float(value),)) for i, value in rows}
        if name == "gap":
            del predictions[ids[7]]
        files.append(PredictionFile(name, predictions, ()))
    third = replace(files[0], name="same")
    return [*files, third], humans


def test_one_filled_paper_does_not_hide_a_worse_model() -> None:
    files, humans = with_gap(1.0)
    config = ScoringConfig(resamples=100, policy="worst")
    found = compare_predictions(files, humans, config, metrics=["proxy_mse_n"])
    assert found.ranks["proxy_mse_n"] == {"best": 1, "same": 1, "gap": 3}
    difference = found.pairs[0].differences["proxy_mse_n"]
    assert difference.signature.part("test") == "t-jackknife-unfilled"
    assert difference.caution == "tested without 1 filled papers, which only enlarge it"


def test_one_filled_paper_alone_is_no_evidence() -> None:
    files, humans = with_gap(0.0)
    config = ScoringConfig(resamples=100, policy="worst")
    found = compare_predictions(files, humans, config, metrics=["proxy_mse_n"])
    assert set(found.ranks["proxy_mse_n"].values()) == {1}
