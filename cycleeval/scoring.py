"""Score cards of a model, or of the humans themselves: metrics, baselines and conclusions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from cycledata.errors import ScoringError
from cycledata.jsonl import InvalidLine
from cycleeval.aligned import (
    AlignedHumans,
    AlignedPapers,
    ResolvedConfig,
    align,
    humans_of,
    on_scale,
    resolve_config,
    with_form,
)
from cycleeval.conclusions import verdicts_on_humans, verdicts_on_model
from cycleeval.estimates import Results, estimate
from cycleeval.human_ratings import HumanRatings, human_ratings_of
from cycleeval.inputs import DecisionLabel, decision_labels, is_missing, number_lists, plain_list
from cycleeval.metrics import (
    constant_statistics,
    human_statistics,
    majority_statistics,
    model_statistics,
    noise_statistics,
)
from cycleeval.predictions import Prediction, PredictionFile
from cycleeval.ragged import Floats
from cycleeval.score_card import PerPaper, ScoreCard
from cycleeval.scoring_config import ScoringConfig
from cycleeval.trivial_baselines import NO_BASELINES, TrivialBaselines
from cycleeval.yardsticks import refuse_worth, yardstick_statistics

if TYPE_CHECKING:
    pass

INFORMATION_OVER = ("length", "text")
"""Baselines that `added_information` is measured over."""


def score_predictions(
    file: PredictionFile,
    humans: HumanRatings,
    config: ScoringConfig | None = None,
    *,
    trivial: TrivialBaselines = NO_BASELINES,
) -> ScoreCard:
    """Score one model against human ratings.

    Args:
        file: the predictions.
        humans: the human ratings.
        config: options.
        trivial: baselines on length and text, see `answer_trivially`.

    Raises:
        ScoringError: nothing to score, or options that do not fit the human ratings.
    """
    return score_each([file], humans, config, trivial=trivial)[0]


def score_each(
    files: Sequence[PredictionFile],
    humans: HumanRatings,
    config: ScoringConfig | None = None,
    *,
    trivial: TrivialBaselines = NO_BASELINES,
    on_progress: Callable[[int, int], None] | None = None,
) -> list[ScoreCard]:
    """Score several models; baselines of models on the same papers are computed once.

    Raises:
        ScoringError: nothing to score, or options that do not fit the human ratings.
    """
    options = with_form(config, humans)
    baselines: dict[tuple[str, ...], dict[str, Results]] = {}
    cards = []
    for done, file in enumerate(files, start=1):
        readable = on_scale(file, options)
        papers, resolved = align(readable, humans, options)
        ids = papers.humans.paper_ids
        if ids not in baselines:
            baselines[ids] = _baselines(papers.humans, resolved, trivial)
        cards.append(_card(readable, humans, papers, resolved, baselines[ids], trivial))
        if on_progress is not None:
            on_progress(done, len(files))
    return cards


def _baselines(
    scored: AlignedHumans, resolved: ResolvedConfig, trivial: TrivialBaselines
) -> dict[str, Results]:
    """Return the results of everybody but the model on these papers."""
    groups = {
        "human": human_statistics(scored, resolved),
        "constant": constant_statistics(scored, resolved),
        "majority": majority_statistics(scored, resolved),
        "noise_floor": noise_statistics(scored, resolved),
        **trivial.statistics(scored, resolved),
    }
    return estimate(groups, len(scored.paper_ids), resolved.options, n_unreadable=0)


def _card(
    file: PredictionFile,
    humans: HumanRatings,
    papers: AlignedPapers,
    resolved: ResolvedConfig,
    baselines: Mapping[str, Results],
    trivial: TrivialBaselines,
) -> ScoreCard:
    unreadable = file.unreadable
    n_unreadable = len(unreadable)
    own = model_statistics(papers, resolved)
    own |= yardstick_statistics(papers, resolved, _reading(trivial, papers.humans.paper_ids))
    n_papers = len(papers.humans.paper_ids)
    metrics = estimate({"": own}, n_papers, resolved.options, n_unreadable=n_unreadable)[""]
    results = {
        by: {name: replace(result, n_unreadable=n_unreadable) for name, result in named.items()}
        for by, named in baselines.items()
    }
    about = {line.paper_id for line in unreadable}
    n_scored = sum(
        bool(ratings) and paper_id in file.predictions
        for paper_id, ratings in zip(humans.paper_ids, humans.ratings, strict=True)
    )
    if (worth := metrics.get("worth_reviewers")) is not None:
        counts = papers.humans.ratings.counts
        metrics["worth_reviewers"] = refuse_worth(worth, counts, trivial.leaks)
    accepted = papers.humans.accepted
    return ScoreCard(
        name=file.name,
        n_papers=len(humans.paper_ids),
        n_scored=n_scored,
        n_unreadable=n_unreadable,
        n_missing=len(set(humans.paper_ids) - file.predictions.keys() - about),
        n_unknown=file.count("unknown-paper"),
        n_duplicate=file.count("duplicate-paper"),
        n_too_few_ratings=sum(len(ratings) < 2 for ratings in humans.ratings),
        n_missing_ratings=humans.n_missing,
        metrics=metrics,
        baselines=results,
        verdicts=verdicts_on_model(metrics, results, resolved),
        invalid_lines=file.invalid_lines,
        ignored_fields=dict(file.ignored_fields),
        per_paper=PerPaper(
            papers.humans.paper_ids,
            tuple(papers.humans.ratings.means().tolist()),
            tuple(papers.humans.ratings.counts.tolist()),
            tuple(None if np.isnan(value) else bool(value) for value in accepted),
            tuple(papers.model.rating.tolist()),
            tuple(bool(value) for value in papers.model.accept),
        ),
        notes=trivial.remarks(),
    )


def _reading(trivial: TrivialBaselines, paper_ids: Sequence[str]) -> dict[str, Floats]:
    """Return the ratings of the baselines that a model's information is measured over."""
    ratings = trivial.ratings_on(paper_ids)
    return {kind: ratings[kind] for kind in INFORMATION_OVER if kind in ratings}


def score_humans(
    humans: HumanRatings,
    config: ScoringConfig | None = None,
    *,
    trivial: TrivialBaselines = NO_BASELINES,
) -> ScoreCard:
    """Score the human reviewers against each other.

    Args:
        humans: the human ratings.
        config: options.
        trivial: baselines on length and text, see `answer_trivially`.

    Raises:
        ScoringError: no paper has a rating, or options that do not fit the human ratings.
    """
    options = with_form(config, humans)
    everyone = humans_of(humans, options)
    rated = everyone.ratings.counts > 0
    if not rated.any():
        raise ScoringError(f"{humans.name}: expected a paper with a rating, found none")
    scored = everyone.select(rated)
    resolved = resolve_config(humans, scored, options)
    results = _baselines(scored, resolved, trivial)
    metrics = results.pop("human")
    n = len(scored.paper_ids)
    return ScoreCard(
        name=f"humans of {humans.name}",
        n_papers=len(humans.paper_ids),
        n_scored=int((everyone.ratings.counts > 1).sum()),
        n_unreadable=0,
        n_missing=0,
        n_unknown=0,
        n_duplicate=0,
        n_too_few_ratings=int((everyone.ratings.counts < 2).sum()),
        n_missing_ratings=humans.n_missing,
        metrics=metrics,
        baselines=results,
        verdicts=verdicts_on_humans(metrics, results),
        invalid_lines=(),
        ignored_fields={},
        per_paper=PerPaper(
            scored.paper_ids,
            tuple(scored.ratings.means().tolist()),
            tuple(scored.ratings.counts.tolist()),
            tuple(None if np.isnan(value) else bool(value) for value in scored.accepted),
            (None,) * n,
            (None,) * n,
        ),
        notes=trivial.remarks(),
    )


def score(
    predictions: Sequence[Sequence[float] | float | None],
    ratings: Sequence[Sequence[float]],
    *,
    decisions: Sequence[DecisionLabel | None] | None = None,
    predicted_decisions: Sequence[DecisionLabel | None] | None = None,
    config: ScoringConfig | None = None,
) -> ScoreCard:
    """Score a model given as plain sequences or columns of any array library, one entry per paper.

    Args:
        predictions: one rating, or the ratings of the simulated reviewers; None or NaN is missing.
        ratings: human ratings; missing ones are left out and counted.
        decisions: decisions of the venue, ``"accept"``, ``"reject"`` or None.
        predicted_decisions: the model's decisions; None follows its mean rating.
        config: options.

    Raises:
        TypeError: a rating that is not a number, or a mapping or text in place of a sequence.
        ValueError: lengths that differ, nothing to score, or an unknown decision.
    """
    humans = human_ratings_from_sequences(ratings, decisions)
    file = predictions_from_sequences(
        predictions, predicted_decisions, humans, name="model", config=config
    )
    return score_predictions(file, humans, config)


def human_ratings_from_sequences(ratings: object, decisions: object) -> HumanRatings:
    """Return human ratings whose paper ids are positions in the sequence, from ``"0000000"``.

    Raises:
        TypeError: a rating that is not a number.
        ValueError: another number of decisions, an unknown decision, or no papers.
    """
    found = number_lists(ratings, "ratings")
    ids = [f"{place:07d}" for place in range(len(found.lists))]
    labels = decision_labels(decisions, len(ids), "decisions")
    return human_ratings_of(
        dict(zip(ids, found.lists, strict=True)),
        dict(zip(ids, labels, strict=True)),
        n_missing=found.n_missing,
    )


def predictions_from_sequences(
    predictions: object,
    decisions: object,
    humans: HumanRatings,
    *,
    name: str,
    config: ScoringConfig | None,
) -> PredictionFile:
    """Return predictions for those papers, in their order.

    A rating off the scale, or a simulated reviewer without a rating, is an invalid line, as in a
    file; a paper without any rating is missing.

    Raises:
        TypeError: a rating that is not a number.
        ValueError: lengths that differ, or an unknown decision.
    """
    low, high = with_form(config, humans).rating_scale
    ids = humans.paper_ids
    entries = plain_list(predictions, "predictions")
    if len(entries) != len(ids):
        raise ValueError(
            f"{name}: expected one prediction and decision per paper, {len(ids)}; found "
            f"{len(entries)}"
        )
    lists = number_lists(entries, "predictions").lists
    labels = decision_labels(decisions, len(ids), f"{name}: predicted_decisions")
    found: dict[str, Prediction] = {}
    invalid: list[InvalidLine] = []
    rows = zip(ids, entries, lists, labels, strict=True)
    for place, (paper_id, entry, values, label) in enumerate(rows):
        if not values:
            if not is_missing(entry) and not _all_missing(entry):
                invalid.append(
                    InvalidLine(place, "no-ratings", "expected ratings, found none", paper_id)
                )
        elif _some_missing(entry, len(values)):
            detail = "expected a rating of every simulated reviewer, found missing ones"
            invalid.append(InvalidLine(place, "no-ratings", detail, paper_id))
        elif not low <= min(values) <= max(values) <= high:
            detail = f"expected {low:g} to {high:g}, found {values}"
            invalid.append(InvalidLine(place, "out-of-scale", detail[:200], paper_id))
        else:
            found[paper_id] = Prediction(paper_id, values, label)
    return PredictionFile(name, found, tuple(invalid))


def _all_missing(entry: object) -> bool:
    """Return True for a list of missing values only, which is not an empty list."""
    return _some_missing(entry, 0)


def _some_missing(entry: object, n_known: int) -> bool:
    try:
        return len(entry) > n_known  # type: ignore[arg-type]  # numbers have no length
    except TypeError:
        return False
