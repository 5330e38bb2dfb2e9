"""Score a submission, or the humans themselves: metrics, baselines, and what they amount to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cycledata.jsonl import InvalidLine
from cycleeval.aligned import align, humans_of, resolve_config
from cycleeval.bootstrap import (
    bca_interval,
    evaluate,
    left_out_weights,
    resampled_weights,
    rounded,
)
from cycleeval.conclusions import verdicts_on_humans, verdicts_on_model
from cycleeval.human_ratings import HumanRatings, human_ratings_of
from cycleeval.metrics import (
    PaperStatistics,
    constant_statistics,
    human_statistics,
    majority_statistics,
    model_statistics,
    noise_statistics,
)
from cycleeval.predictions import DecisionLabel, Prediction, PredictionFile
from cycleeval.ragged import Floats
from cycleeval.result import MetricResult, Signature
from cycleeval.scoring_config import ScoringConfig

Results = dict[str, MetricResult]


@dataclass(frozen=True, slots=True)
class ScoreCard:
    """Everything that is said about one model, or about the human reviewers."""

    name: str
    n_papers: int
    """Papers of the reference."""
    n_scored: int
    """Papers with a readable prediction and a human rating; for humans, with two ratings."""
    n_unreadable: int
    """Lines that could not be read."""
    n_missing: int
    """Papers that no line is about."""
    n_unknown: int
    """Readable lines about papers that the reference does not have."""
    n_duplicate: int
    """Readable lines about a paper that an earlier line is about."""
    n_too_few_ratings: int
    """Papers with fewer than two human ratings, of no use for n-1."""
    metrics: Results
    """By the contract's names."""
    baselines: dict[str, Results]
    """``human``, ``constant``, ``majority``, ``noise_floor``, on the same papers."""
    verdicts: tuple[str, ...]
    """What the numbers amount to, in sentences."""
    invalid_lines: tuple[InvalidLine, ...]
    """Every line set aside."""

    def to_json(self) -> dict[str, object]:
        """What ``--json`` prints."""
        return {
            "n_papers": self.n_papers,
            "n_scored": self.n_scored,
            "n_unreadable": self.n_unreadable,
            "n_missing": self.n_missing,
            "n_unknown": self.n_unknown,
            "n_duplicate": self.n_duplicate,
            "n_too_few_ratings": self.n_too_few_ratings,
            "metrics": _json(self.metrics),
            "baselines": {name: _json(results) for name, results in self.baselines.items()},
            "verdicts": list(self.verdicts),
            "invalid_lines": [
                {"line": f.line, "paper_id": f.paper_id, "rule": f.rule, "detail": f.detail}
                for f in self.invalid_lines
            ],
        }


def score_predictions(
    submission: PredictionFile, reference: HumanRatings, config: ScoringConfig | None = None
) -> ScoreCard:
    """Score one model against a reference.

    Raises:
        ValueError: nothing to score, or a config that the reference cannot serve.
    """
    rules_of = config or ScoringConfig()
    panel, rules = align(submission, reference, rules_of)
    ref = reference.digest
    groups = {
        "": model_statistics(panel, rules, rules_of, ref=ref),
        "human": human_statistics(panel.humans, rules, rules_of, ref=ref),
        "constant": constant_statistics(panel.humans, rules, rules_of, ref=ref),
        "majority": majority_statistics(panel.humans, rules, ref=ref),
        "noise_floor": noise_statistics(panel.humans, rules_of, ref=ref),
    }
    unreadable = submission.unreadable
    results = measured(groups, len(panel.paper_ids), rules_of, n_unreadable=len(unreadable))
    lost = {invalid.paper_id for invalid in unreadable} & set(reference.paper_ids)
    said = sum(
        bool(r) and i in submission.predictions
        for i, r in zip(reference.paper_ids, reference.ratings, strict=True)
    )
    metrics = results.pop("")
    return ScoreCard(
        name=submission.name,
        n_papers=len(reference.paper_ids),
        n_scored=said,
        n_unreadable=len(unreadable),
        n_missing=len(set(reference.paper_ids) - submission.predictions.keys() - lost),
        n_unknown=submission.count("unknown-paper"),
        n_duplicate=submission.count("duplicate-paper"),
        n_too_few_ratings=sum(len(ratings) < 2 for ratings in reference.ratings),
        metrics=metrics,
        baselines=results,
        verdicts=verdicts_on_model(metrics, results, rules),
        invalid_lines=submission.invalid_lines,
    )


def score_humans(reference: HumanRatings, config: ScoringConfig | None = None) -> ScoreCard:
    """Score the human reviewers of a reference against each other.

    Raises:
        ValueError: no paper has a rating, or a config that the reference cannot serve.
    """
    rules_of = config or ScoringConfig()
    everyone = humans_of(reference, rules_of)
    rated = everyone.ratings.counts > 0
    if not rated.any():
        raise ValueError(f"{reference.name}: expected a paper with a rating, found none")
    humans = everyone.select(rated)
    rules = resolve_config(reference, humans, rules_of)
    ref = reference.digest
    groups = {
        "": human_statistics(humans, rules, rules_of, ref=ref),
        "constant": constant_statistics(humans, rules, rules_of, ref=ref),
        "majority": majority_statistics(humans, rules, ref=ref),
        "noise_floor": noise_statistics(humans, rules_of, ref=ref),
    }
    results = measured(groups, len(humans.ratings), rules_of, n_unreadable=0)
    metrics = results.pop("")
    return ScoreCard(
        name=f"humans of {reference.name}",
        n_papers=len(reference.paper_ids),
        n_scored=int((everyone.ratings.counts > 1).sum()),
        n_unreadable=0,
        n_missing=0,
        n_unknown=0,
        n_duplicate=0,
        n_too_few_ratings=int((everyone.ratings.counts < 2).sum()),
        metrics=metrics,
        baselines=results,
        verdicts=verdicts_on_humans(metrics, results),
        invalid_lines=(),
    )


def score(
    predictions: Sequence[Sequence[float] | float | None],
    ratings: Sequence[Sequence[float]],
    *,
    decisions: Sequence[DecisionLabel | None] | None = None,
    predicted_decisions: Sequence[DecisionLabel | None] | None = None,
    config: ScoringConfig | None = None,
) -> ScoreCard:
    """Score a model given as plain sequences, one entry a paper.

    Args:
        predictions: ratings of the simulated reviewers, or one rating; None where unreadable.
        ratings: human ratings.
        decisions: what the venue decided.
        predicted_decisions: what the model decided; None follows its mean rating.
        config: see ``ScoringConfig``.

    Raises:
        ValueError: lengths that differ, nothing to score, or a rating that is not a number.
    """
    reference = human_ratings_from_sequences(ratings, decisions)
    submission = predictions_from_sequences(
        predictions, predicted_decisions, reference, name="model", config=config
    )
    return score_predictions(submission, reference, config)


def human_ratings_from_sequences(
    ratings: Sequence[Sequence[float]], decisions: Sequence[DecisionLabel | None] | None
) -> HumanRatings:
    """A reference whose paper ids are places in the sequence, ``"0000000"`` upwards."""
    if decisions is not None and len(decisions) != len(ratings):
        raise ValueError(f"expected {len(ratings)} decisions, found {len(decisions)}")
    named = {f"{i:07d}": tuple(marks) for i, marks in enumerate(ratings)}
    said = None if decisions is None else dict(zip(named, decisions, strict=True))
    return human_ratings_of(named, said)


def predictions_from_sequences(
    predictions: Sequence[Sequence[float] | float | None],
    decisions: Sequence[DecisionLabel | None] | None,
    reference: HumanRatings,
    *,
    name: str,
    config: ScoringConfig | None,
) -> PredictionFile:
    """Return predictions for those papers; a rating off the scale is an invalid line."""
    rules = config or ScoringConfig()
    ids = reference.paper_ids
    if len(predictions) != len(ids) or (decisions is not None and len(decisions) != len(ids)):
        raise ValueError(f"{name}: expected one prediction and decision a paper, {len(ids)}")
    said: dict[str, Prediction] = {}
    invalid_lines: list[InvalidLine] = []
    for place, (paper_id, marks) in enumerate(zip(ids, predictions, strict=True)):
        values = _as_tuple(marks)
        decision = None if decisions is None else decisions[place]
        if not values:
            invalid_lines.append(
                InvalidLine(place, "no-ratings", "expected ratings, found none", paper_id)
            )
        elif not all(rules.scale[0] <= value <= rules.scale[1] for value in values):
            detail = f"expected {rules.scale[0]:g} to {rules.scale[1]:g}, found {values}"
            invalid_lines.append(InvalidLine(place, "out-of-scale", detail[:200], paper_id))
        else:
            said[paper_id] = Prediction(paper_id, values, decision)
    return PredictionFile(name, said, tuple(invalid_lines))


def measured(
    groups: Mapping[str, PaperStatistics],
    n_papers: int,
    config: ScoringConfig,
    *,
    n_unreadable: int,
) -> dict[str, Results]:
    """Value and interval of every measure, all on the same resamples."""
    statistics = {
        f"{group}/{name}": measure.statistic
        for group, measures in groups.items()
        for name, measure in measures.items()
    }
    values = evaluate(statistics, [np.ones((1, n_papers))])
    drawn: dict[str, Floats] = {}
    left_out: dict[str, Floats] = {}
    if n_papers > 1:
        weights = resampled_weights(n_papers, resamples=config.resamples, seed=config.seed)
        drawn = evaluate(statistics, weights)
        left_out = evaluate(statistics, left_out_weights(n_papers))
    sampling = (("boot", f"bca-{config.resamples}"), ("seed", str(config.seed)))
    found: dict[str, Results] = {}
    for group, measures in groups.items():
        found[group] = {}
        for name, measure in measures.items():
            key = f"{group}/{name}"
            value = rounded(float(values[key][0]))
            interval = bca_interval(value, drawn[key], left_out[key]) if drawn else None
            defined = bool(np.isfinite(value))
            why = None
            if not defined:
                why = measure.why_undefined
            elif interval is None:
                why = (
                    "no interval: one paper"
                    if n_papers == 1
                    else "no interval: undefined in more than 5% of the resamples"
                )
            *parts, version = measure.signature.parts
            found[group][name] = MetricResult(
                name=name,
                value=value if defined else None,
                low=None if interval is None else interval.low,
                high=None if interval is None else interval.high,
                n_papers=measure.n_papers,
                n_unreadable=n_unreadable,
                signature=Signature(measure.signature.metric, (*parts, *sampling, version)),
                why=why,
            )
    return found


def _as_tuple(marks: Sequence[float] | float | None) -> tuple[float, ...]:
    if marks is None:
        return ()
    return (float(marks),) if isinstance(marks, int | float) else tuple(float(m) for m in marks)


def _json(results: Results) -> dict[str, object]:
    return {name: result.to_json() for name, result in results.items()}
