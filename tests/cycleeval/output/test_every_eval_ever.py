"""Records of Every Eval Ever: valid against the published schema, and equal for equal scores."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from cycledata.files import sha256_bytes
from cycleeval import ScoringConfig, score
from cycleeval.output.every_eval_ever import EvaluatedModel, every_eval_ever_files

MODEL = EvaluatedModel(
    model_id="lab/reviewer",
    dataset="review-5k",
    hub_id="lab/review-5k",
    split="test",
    organization="Lab",
    relationship="first_party",
    date=dt.date(2026, 11, 1),
)
CARD = score([5, 6, 7, 2], [[5, 6], [6, 7], [3, 8], [1, 4]], decisions=["accept", "reject"] * 2)


def written() -> tuple[dict[str, Any], list[dict[str, Any]], dict[str, str]]:
    files = every_eval_ever_files(CARD, MODEL)
    aggregate, samples = sorted(files)
    return json.loads(files[aggregate]), [json.loads(s) for s in files[samples].splitlines()], files


def test_the_aggregate_states_direction_interval_and_resamples() -> None:
    record, _, _ = written()
    results = {r["metric_config"]["metric_id"]: r for r in record["evaluation_results"]}
    assert results["proxy_mse_n1"]["metric_config"]["lower_is_better"] is True
    assert results["proxy_mse_n1"]["metric_config"]["max_score"] == 81.0
    assert results["spearman"]["metric_config"]["lower_is_better"] is False
    details = results["proxy_mse_n1"]["score_details"]
    mine = CARD.metrics["proxy_mse_n1"]
    assert details["score"] == mine.value
    assert details["uncertainty"]["num_bootstrap_samples"] == 2000
    assert details["uncertainty"]["confidence_interval"]["lower"] == mine.low


@pytest.mark.parametrize("scale", [(1.0, 10.0), (-3.0, -1.0), (0.0, 1.5)])
def test_every_score_is_between_stated_ends(scale: tuple[float, float]) -> None:
    """The rule of ``every_eval_ever validate`` that the published schema does not express."""
    low, high = scale
    humans = [[low, high], [low, low], [high, high], [low, high]]
    config = ScoringConfig(scale=scale, threshold=high)
    card = score([low, high, high, low], humans, decisions=["accept", "reject"] * 2, config=config)
    (text,) = [t for p, t in every_eval_ever_files(card, MODEL).items() if p.endswith(".json")]
    results = json.loads(text)["evaluation_results"]
    assert len(results) > 10
    assert "bias" not in {result["metric_config"]["metric_id"] for result in results}
    for result in results:
        metric = result["metric_config"]
        ends = float(metric["min_score"]), float(metric["max_score"])
        assert ends[0] <= result["score_details"]["score"] <= ends[1], metric["metric_id"]


def test_the_samples_are_pinned_and_repeat_no_text() -> None:
    record, samples, files = written()
    pin = record["detailed_evaluation_results"]
    assert pin["checksum"] == sha256_bytes(files[pin["file_path"]].encode())
    assert pin["total_rows"] == len(samples) == 4
    errors = [sample["evaluation"]["score"] for sample in samples]
    assert errors == [0.25, 0.25, 2.25, 0.25]


def test_equal_scores_give_equal_files_and_another_model_other_names() -> None:
    assert every_eval_ever_files(CARD, MODEL) == every_eval_ever_files(CARD, MODEL)


@pytest.mark.shared_data
def test_both_files_pass_the_published_schema(shared_data: Path) -> None:
    folder = shared_data / "shapes" / "exchange" / "every_eval_ever"
    record, samples, _ = written()
    schema = json.loads((folder / "eval.schema.json").read_text("utf-8"))
    assert list(jsonschema.Draft7Validator(schema).iter_errors(record)) == []
    of_samples = json.loads((folder / "instance_level_eval.schema.json").read_text("utf-8"))
    validator = jsonschema.Draft7Validator(of_samples)
    assert [error for sample in samples for error in validator.iter_errors(sample)] == []
    assert list(validator.iter_errors({**samples[0], "evaluation": {}})) != []
