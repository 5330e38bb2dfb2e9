"""Records of Every Eval Ever, schema 0.3.0: one aggregate and one line per paper.

The files lie at ``data/<collection>/<developer>/<model>/<uuid>.json`` and ``<uuid>_samples.jsonl``.
The uuid, which must have the form of version 4, is a digest of the content, so equal scores give
equal files. A line repeats no text of a
paper: its input is the paper's id, its output the model's mean rating and decision.
"""

import datetime as dt
import math
import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import cycledata
from cycledata.files import canonical_json, sha256_bytes
from cycleeval.places import LOWER_IS_BETTER, NEUTRAL
from cycleeval.result import MetricResult
from cycleeval.score_card import ScoreCard

SCHEMA = "0.3.0"
Relationship = Literal["first_party", "third_party", "collaborative", "other"]
_WITHIN = 1.0
"""Rating points; a rating this close to the human mean counts as correct."""
_SHARES = frozenset({"decision_accuracy", "decision_macro_f1", "balanced_accuracy", "auroc"})
_CORRELATIONS = frozenset({"spearman", "kendall_tau_b", "mcc"})
_SCALE = re.compile(r"(-?[^-]+)-(-?[^-]+)")


@dataclass(frozen=True, slots=True)
class EvaluatedModel:
    """Who was scored, on what, and by whom."""

    model_id: str
    """``ORG/NAME``, as on the Hugging Face Hub."""
    dataset: str
    """Name of the dataset, e.g. ``"review-5k"``."""
    hub_id: str | None
    """``ORG/NAME`` of the dataset on the hub; None if it is not there."""
    split: str
    organization: str
    """Who publishes the record."""
    relationship: Relationship
    """Of that organization to the model."""
    date: dt.date
    """Day of the record."""
    weights: Literal["open_weights", "closed_weights", "unknown"] = "unknown"


def every_eval_ever_files(card: ScoreCard, model: EvaluatedModel) -> dict[str, str]:
    """Return the two files of a score card by path.

    Args:
        card: scores of one model.
        model: facts that the card does not have.
    """
    developer, _, name = model.model_id.partition("/")
    collection = f"cyclekit_{model.dataset}".replace("-", "_")
    seconds = int(dt.datetime.combine(model.date, dt.time(), dt.UTC).timestamp())
    evaluation_id = f"{collection}/{developer}_{name}/{seconds}"
    lines = [canonical_json(line) + "\n" for line in _samples(card, model, evaluation_id)]
    samples = "".join(lines)
    record = _aggregate(card, model, evaluation_id, seconds)
    digest = sha256_bytes(canonical_json([record, samples]).encode())
    name_of_run = uuid.UUID(hex=digest[:32], version=4)
    stem = f"data/{collection}/{developer}/{name}/{name_of_run}"
    record["detailed_evaluation_results"] = {
        "format": "jsonl",
        "file_path": f"{stem}_samples.jsonl",
        "hash_algorithm": "sha256",
        "checksum": sha256_bytes(samples.encode()),
        "total_rows": len(lines),
    }
    return {
        f"{stem}.json": canonical_json(record, indent=1) + "\n",
        f"{stem}_samples.jsonl": samples,
    }


def _aggregate(
    card: ScoreCard, model: EvaluatedModel, evaluation_id: str, seconds: int
) -> dict[str, object]:
    developer, _, name = model.model_id.partition("/")
    results = [
        _result(result, card, model, evaluation_id)
        for result in card.metrics.values()
        # The record must state a better side, which neutral metrics such as the bias do not have.
        if result.name not in NEUTRAL and result.value is not None and math.isfinite(result.value)
    ]
    return {
        "schema_version": SCHEMA,
        "evaluation_id": evaluation_id,
        "retrieved_timestamp": str(seconds),
        "source_metadata": {
            "source_name": "cycleeval score",
            "source_type": "evaluation_run",
            "source_organization_name": model.organization,
            "evaluator_relationship": model.relationship,
        },
        "eval_library": {"name": "cycleeval", "version": cycledata.__version__},
        "model_info": {
            "name": name,
            "id": model.model_id,
            "developer": developer,
            "additional_details": {
                "deployment_type": "unknown",
                "model_availability": model.weights,
            },
        },
        "evaluation_results": results,
    }


def _result(
    result: MetricResult, card: ScoreCard, model: EvaluatedModel, evaluation_id: str
) -> dict[str, object]:
    low, high = _range(result)
    config: dict[str, object] = {
        "evaluation_description": f"{result.name} against human ratings",
        "metric_id": result.name,
        "metric_name": result.name.replace("_", " "),
        "lower_is_better": result.name.startswith(LOWER_IS_BETTER),
        "score_type": "continuous",
        "min_score": low,
        "max_score": high,
        "additional_details": {"signature": str(result.signature)},
    }
    return {
        "evaluation_result_id": f"{evaluation_id}/{result.name}",
        "evaluation_name": model.dataset,
        "source_data": _source(card, model),
        "metric_config": config,
        "score_details": {
            "score": result.value,
            "uncertainty": _uncertainty(result),
            "details": {
                "n_papers": str(result.n_papers),
                "n_unreadable": str(result.n_unreadable),
                "baselines": canonical_json(_baselines(card, result.name)),
            },
        },
    }


def _source(card: ScoreCard, model: EvaluatedModel) -> dict[str, object]:
    if model.hub_id is None:
        return {"dataset_name": model.dataset, "source_type": "other"}
    return {
        "dataset_name": model.dataset,
        "source_type": "hf_dataset",
        "hf_repo": model.hub_id,
        "hf_split": model.split,
        "samples_number": card.n_scored,
    }


def _uncertainty(result: MetricResult) -> dict[str, object]:
    found: dict[str, object] = {"num_samples": result.n_papers}
    resamples = result.signature.part("boot")
    if resamples is not None:
        found["num_bootstrap_samples"] = int(resamples)
    if result.low is not None and result.high is not None:
        found["confidence_interval"] = {
            "lower": result.low,
            "upper": result.high,
            "confidence_level": 0.95,
            "method": result.signature.part("ci") or "unknown",
        }
    return found


def _baselines(card: ScoreCard, metric: str) -> Mapping[str, float | None]:
    return {
        name: results[metric].value for name, results in card.baselines.items() if metric in results
    }


def _range(result: MetricResult) -> tuple[float | str, float | str]:
    """Return the lowest and highest possible score; ``"Infinity"`` or its negative if unbounded.

    A validator of the registry requires both ends, and that the score is between them.
    """
    if result.name in _SHARES or result.name.endswith(("_rate", "_accuracy")):
        return 0.0, 1.0
    if result.name in _CORRELATIONS:
        return -1.0, 1.0
    if result.name.startswith("skill_"):
        return "-Infinity", 1.0
    scale = _SCALE.fullmatch(result.signature.part("scale") or "")
    if scale is None or not result.name.startswith(("proxy_mse", "proxy_mae")):
        return "-Infinity", "Infinity"
    width = float(scale[2]) - float(scale[1])
    return 0.0, width**2 if result.name.startswith("proxy_mse") else width


def _samples(
    card: ScoreCard, model: EvaluatedModel, evaluation_id: str
) -> Iterator[dict[str, object]]:
    for row in card.per_paper.to_frame().iter_rows(named=True):
        if row["rating"] is None:
            continue
        error = row["squared_error"]
        answer = f"{row['rating']:g}"
        yield {
            "schema_version": SCHEMA,
            "evaluation_id": evaluation_id,
            "model_id": model.model_id,
            "evaluation_name": model.dataset,
            "evaluation_result_id": f"{evaluation_id}/proxy_mse_n",
            "sample_id": row["paper_id"],
            "interaction_type": "single_turn",
            "input": {"raw": row["paper_id"], "reference": [f"{row['human_mean']:g}"]},
            "output": {"raw": [answer]},
            "messages": None,
            "answer_attribution": [
                {
                    "turn_idx": 0,
                    "source": "output.raw",
                    "extracted_value": answer,
                    "extraction_method": "cycleeval.predictions",
                    "is_terminal": True,
                }
            ],
            "evaluation": {"score": error, "is_correct": math.sqrt(error) <= _WITHIN},
            "metadata": {
                "is_correct": f"within {_WITHIN:g} rating point of the human mean",
                "n_human_ratings": str(row["n_human_ratings"]),
            },
        }
