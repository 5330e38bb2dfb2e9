"""Baselines, recalibration, added information and cut-off dates beside a model's score."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cycledata.errors import ScoringError
from cycleeval.added_information import added_information
from cycleeval.cutoff import score_by_cutoff
from cycleeval.human_ratings import HumanRatings, human_ratings_of, read_human_ratings
from cycleeval.predictions import Prediction, PredictionFile
from cycleeval.ragged import ragged
from cycleeval.recalibration import cross_fitted_mean, recalibrate, skill
from cycleeval.reference_texts import read_reference_papers
from cycleeval.result import MetricResult
from cycleeval.scoring import score_predictions
from cycleeval.scoring_config import ScoringConfig
from cycleeval.trivial_baselines import TrivialAnswers, TrivialBaselines, answer_trivially
from tests.command_line import cycleeval

N_PAPERS = 160
FILLER = ("model", "data", "training", "graph", "policy", "vision", "kernel", "token")
Rows = list[dict[str, Any]]
QUICK = ScoringConfig(resamples=200)


def planted(n_papers: int = N_PAPERS, *, split: str = "test", seed: int = 0) -> Rows:
    """Papers whose abstract gives the rating away; accepted ones came later."""
    generator = np.random.default_rng(seed)
    rows = []
    for number in range(n_papers):
        good = bool(generator.random() < 0.5)
        words = [*generator.choice(FILLER, size=40), "theorem" if good else "demo"]
        mean = 7 if good else 4
        rows.append(
            {
                "paper_id": f"{split}{number:03d}",
                "split": split,
                "title": f"On {words[0]} and {words[1]}",
                "abstract": " ".join(words),
                "ratings": np.clip(generator.normal(mean, 1.0, 3).round(), 1, 10).tolist(),
                "decision": "accept" if good else "reject",
                "submitted": f"202{3 if number % 2 else 2}-0{1 + number % 9}-01",
            }
        )
    return rows


def write(path: Path, rows: Rows) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("reference") / "ref.jsonl", planted())


def model_of(rows: Rows, *, seed: int = 1) -> PredictionFile:
    generator = np.random.default_rng(seed)
    return PredictionFile(
        "model",
        {
            row["paper_id"]: Prediction(
                row["paper_id"],
                (float(np.clip(np.mean(row["ratings"]) + generator.normal(2, 1.5), 1, 10)),),
            )
            for row in rows
        },
        (),
    )


def test_a_text_baseline_beside_a_model_finds_what_abstracts_give_away(reference: Path) -> None:
    humans = read_human_ratings(str(reference))
    trivial = answer_trivially(str(reference), humans, scale=(1, 10))
    assert [answer.kind for answer in trivial.answers] == ["length", "metadata", "text"]
    card = score_predictions(model_of(planted()), humans, QUICK, trivial=trivial)
    text = card.baselines["text"]
    skills = {name: float(card.baselines[name]["skill_mse"]) for name in ("length", "text")}
    assert skills["text"] > 0.6 > 0.1 > skills["length"]
    assert text["decision_accuracy"].value == 1.0
    signature = str(text["skill_mse"].signature)
    assert "|by:text|learned:cross-fitted-10|" in signature
    # Comparable with the model's own number: another answerer on the same papers.
    assert text["skill_mse"] - card.metrics["skill_mse"] > 0
    assert "policy" not in dict(text["skill_mse"].signature.parts)


def test_a_training_split_with_texts_is_what_baselines_learn_from(tmp_path: Path) -> None:
    path = write(tmp_path / "ref.jsonl", planted() + planted(split="train", seed=5))
    humans = read_human_ratings(str(path))
    assert humans.train is not None
    trivial = answer_trivially(str(path), humans, scale=(1, 10), kinds=["text"])
    assert trivial.answers[0].learned == f"train-{humans.train.digest}"
    errors = [trivial.answers[0].ratings[i] - np.mean(r) for i, r in _rated(humans)]
    constant = np.var([np.mean(ratings) for ratings in humans.ratings])
    assert np.mean(np.square(errors)) < 0.5 * constant


def _rated(humans: HumanRatings) -> list[tuple[str, tuple[float, ...]]]:
    return list(zip(humans.paper_ids, humans.ratings, strict=True))


def test_baselines_that_too_few_papers_have_text_for_are_left_out(tmp_path: Path) -> None:
    rows = planted()
    for row in rows[:20]:
        row["abstract"] = None
    path = write(tmp_path / "ref.jsonl", rows)
    trivial = answer_trivially(str(path), read_human_ratings(str(path)), scale=(1, 10))
    assert [answer.kind for answer in trivial.answers] == ["metadata"]
    assert "No baseline 'text': 140 of 160 papers have its input." in trivial.notes
    for row in rows:
        del row["title"], row["abstract"]
    bare = write(tmp_path / "bare.jsonl", rows)
    assert answer_trivially(str(bare), read_human_ratings(str(bare)), scale=(1, 10)).answers == ()


def test_added_information_and_isotonic_skill_equal_the_plain_functions(reference: Path) -> None:
    rows = planted()
    humans = read_human_ratings(str(reference))
    trivial = answer_trivially(str(reference), humans, scale=(1, 10))
    file = model_of(rows)
    card = score_predictions(file, humans, QUICK, trivial=trivial)
    rating = np.array([file.predictions[i].ratings[0] for i in humans.paper_ids])
    means = ragged(humans.ratings).means()
    known = trivial.ratings_on(humans.paper_ids)
    plain = added_information(rating, means, np.stack([known["length"], known["text"]]))
    assert card.metrics["added_information"].value == pytest.approx(plain.value)
    assert card.metrics["partial_spearman"].value == pytest.approx(plain.partial_spearman)
    assert card.metrics["added_information"].signature.part("given") == "length+text"
    fitted = recalibrate(rating, means, method="isotonic")
    expected = skill((fitted - means) ** 2, (cross_fitted_mean(means) - means) ** 2)
    assert card.metrics["skill_isotonic"].value == pytest.approx(expected)


def test_worth_in_reviewers_is_refused_for_a_leak_or_two_reviewers() -> None:
    rows = planted()
    ratings = {row["paper_id"]: row["ratings"] for row in rows}
    humans = human_ratings_of(ratings)
    file = model_of(rows)
    assert score_predictions(file, humans, QUICK).metrics["worth_reviewers"].value is not None
    leaky = TrivialBaselines(leaks=("abstract: phrase: theorem",))
    refused = score_predictions(file, humans, QUICK, trivial=leaky).metrics["worth_reviewers"]
    assert refused.value is None
    assert "give the decision away (abstract: phrase: theorem)" in str(refused.why)
    two = human_ratings_of({name: values[:2] for name, values in ratings.items()})
    few = score_predictions(file, two, QUICK).metrics["worth_reviewers"]
    assert few.value is None
    assert "fewer than 3 human ratings" in str(few.why)


def test_report_and_json_show_baselines_recalibration_and_remarks(
    reference: Path, tmp_path: Path
) -> None:
    lines = [
        {"paper_id": p.paper_id, "ratings": list(p.ratings)}
        for p in model_of(planted()).predictions.values()
    ]
    model = write(tmp_path / "model.jsonl", lines)
    plot = tmp_path / "plot.svg"
    options = ("--resamples", "100", "--metrics", "all", "--reliability", str(plot))
    shown = cycleeval("score", str(model), str(reference), *options).stdout
    header = next(line for line in shown.splitlines() if line.startswith("metric"))
    assert header.split()[-3:] == ["length", "metadata", "text"]
    assert "scale and order" in shown
    assert "after isotonic recalibration" in shown
    assert "State of the human ratings: not stated by the reference." in shown
    assert plot.read_text("utf-8").count('class="paper"') == N_PAPERS
    as_json = json.loads(
        cycleeval("score", str(model), str(reference), "--resamples", "100", "--json").stdout
    )
    assert "text" in as_json["baselines"]
    without = json.loads(
        cycleeval(
            "score", str(model), str(reference), "--resamples", "100", "--no-baselines", "--json"
        ).stdout
    )
    assert "text" not in without["baselines"]
    assert without["metrics"]["spearman"] == as_json["metrics"]["spearman"]


def test_a_comparison_shows_each_model_against_each_baseline(
    reference: Path, tmp_path: Path
) -> None:
    paths = []
    for seed in (1, 2):
        lines = [
            {"paper_id": p.paper_id, "ratings": list(p.ratings)}
            for p in model_of(planted(), seed=seed).predictions.values()
        ]
        paths.append(str(write(tmp_path / f"m{seed}.jsonl", lines)))
    ended = cycleeval("compare", *paths, str(reference), "--resamples", "100", "--json")
    pairs = json.loads(ended.stdout)["against_baselines"]
    assert [(pair["a"], pair["b"]) for pair in pairs] == [
        (model, f"baseline: {kind}")
        for model in ("m1", "m2")
        for kind in ("length", "metadata", "text")
    ]
    assert pairs[2]["metrics"]["spearman"]["difference"] is not None


def test_fit_and_score_refuse_papers_that_were_learned_from(
    reference: Path, tmp_path: Path
) -> None:
    earlier = write(tmp_path / "earlier.jsonl", planted(split="train", seed=5))
    saved = tmp_path / "text.npz"
    fitted = cycleeval("baseline", "fit", str(earlier), "--kind", "text", "--out", str(saved))
    assert fitted.exit_code == 0
    assert "text, learned from 160 papers (train-" in fitted.stdout
    out = tmp_path / "answers.jsonl"
    scored = cycleeval(
        "baseline", "score", str(saved), str(reference), "--resamples", "100", "--json",
        "--out", str(out),
    )  # fmt: skip
    shown = json.loads(scored.stdout)
    assert shown["metrics"]["skill_mse"]["value"] > 0.6
    assert shown["learned_from"].startswith("train-")
    again = cycleeval("score", str(out), str(reference), "--resamples", "100", "--json")
    assert json.loads(again.stdout)["metrics"]["spearman"] == shown["metrics"]["spearman"]
    refused = cycleeval("baseline", "score", str(saved), str(earlier), "--split", "train")
    assert refused.exit_code == 1
    assert "was fitted on 160 papers" in refused.stderr
    other = cycleeval("baseline", "score", str(out), str(reference))
    assert other.exit_code == 1
    assert "expected a baseline written by `cycleeval baseline fit`" in other.stderr
    wrong = cycleeval("baseline", "fit", str(earlier), "--kind", "novelty", "--out", str(saved))
    assert wrong.exit_code == 2
    assert "expected one of constant, length, metadata, title, text, found 'novelty'" in (
        wrong.stderr
    )


def test_a_file_without_splits_is_learned_from_whole(tmp_path: Path) -> None:
    rows = [{k: v for k, v in row.items() if k != "split"} for row in planted(split="train")]
    whole = write(tmp_path / "earlier.jsonl", rows)
    fitted = cycleeval("baseline", "fit", str(whole), "--out", str(tmp_path / "text.npz"))
    assert fitted.exit_code == 0
    assert f"learned from {len(rows)} papers (all-" in fitted.stdout


def ends(result: MetricResult) -> tuple[float, float]:
    assert result.low is not None
    assert result.high is not None
    return result.low, result.high


def test_a_cutoff_finds_papers_that_a_model_remembers(reference: Path) -> None:
    humans = read_human_ratings(str(reference))
    papers = read_reference_papers(str(reference))
    rows = planted()
    generator = np.random.default_rng(3)
    remembers = {
        row["paper_id"]: Prediction(
            row["paper_id"],
            (
                float(np.mean(row["ratings"]))
                if row["submitted"] < "2023"
                else float(generator.uniform(1, 10)),
            ),
        )
        for row in rows
    }
    day = papers["test000"].public
    assert str(day) == "2022-01-01"
    cutoff = dt.date(2023, 1, 1)
    found = score_by_cutoff(PredictionFile("m", remembers, ()), humans, papers, cutoff, QUICK)
    assert (found.n_before, found.n_after, found.n_undated) == (80, 80, 0)
    row = found.rows["proxy_mse_n"]
    assert row.before.value == 0
    assert row.difference.value == pytest.approx(row.after.value)
    low, high = ends(row.difference)
    assert low > 0
    honest = score_by_cutoff(model_of(rows), humans, papers, cutoff, QUICK).rows["proxy_mse_n"]
    low, high = ends(honest.difference)
    assert low < 0 < high
    assert "public:difference-2023-01-01" in str(row.difference.signature)


def test_a_cutoff_without_dates_or_with_one_side_is_refused(
    reference: Path, tmp_path: Path
) -> None:
    model = write(
        tmp_path / "m.jsonl", [{"paper_id": r["paper_id"], "ratings": [5]} for r in planted()]
    )
    late = cycleeval("score", str(model), str(reference), "--cutoff", "2030-01-01")
    assert late.exit_code == 1
    assert "found 160 before and 0 after; the papers are from 2022-01-01 to 2023-" in late.stderr
    rows = [{k: v for k, v in row.items() if k != "submitted"} for row in planted()]
    undated = write(tmp_path / "undated.jsonl", rows)
    without = cycleeval("score", str(model), str(undated), "--cutoff", "2023-01-01")
    assert without.exit_code == 1
    assert "--cutoff needs a date per paper, found none" in without.stderr
    wrong = cycleeval("score", str(model), str(reference), "--cutoff", "soon")
    assert wrong.exit_code == 2
    assert "expected YYYY-MM-DD, found 'soon'" in wrong.stderr


def test_an_audit_file_must_be_one(reference: Path, tmp_path: Path) -> None:
    model = write(tmp_path / "m.jsonl", [{"paper_id": "test000", "ratings": [5]}])
    audit = tmp_path / "audit.json"
    audit.write_text('{"clues": [{"verdict": "leak"}]}')
    ended = cycleeval("score", str(model), str(reference), "--audit", str(audit))
    assert ended.exit_code == 1
    assert "expected the output of `cycledata audit --json`" in ended.stderr


def test_answers_are_never_from_a_fit_on_the_same_paper(tmp_path: Path) -> None:
    # A unique word per paper: in-sample, TF-IDF could recall every rating.
    generator = np.random.default_rng(0)
    rows = [
        {
            "paper_id": f"p{i:03d}",
            "title": f"word{i} word{i}",
            "abstract": f"unique{i} " * 3 + " ".join(generator.choice(FILLER, 20)),
            "ratings": [float(generator.integers(1, 11))] * 2,
            "decision": None,
        }
        for i in range(120)
    ]
    path = write(tmp_path / "ref.jsonl", rows)
    humans = read_human_ratings(str(path))
    answers: TrivialAnswers = answer_trivially(
        str(path), humans, scale=(1, 10), kinds=["text"]
    ).answers[0]
    wanted = [ratings[0] for ratings in humans.ratings]
    correlation = np.corrcoef(list(answers.ratings.values()), wanted)[0, 1]
    assert correlation < 0.25
    with pytest.raises(ScoringError, match="nothing to score"):
        score_predictions(PredictionFile("none", {}, ()), humans, QUICK)
