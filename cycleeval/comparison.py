"""Comparisons of models on the same papers: paired differences, tests and places."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from cycledata.errors import ScoringError
from cycleeval.aligned import AlignedPapers, Mask, align, on_scale, with_form
from cycleeval.differences import (
    ComparedModel,
    PairwiseComparison,
    adjusted_pairs,
    pair_of,
    sample_of,
)
from cycleeval.human_ratings import HumanRatings
from cycleeval.inputs import DecisionLabel
from cycleeval.metrics import chosen_statistics
from cycleeval.places import PlaceInterval, places_of
from cycleeval.predictions import PredictionFile
from cycleeval.ragged import Floats
from cycleeval.scoring import human_ratings_from_sequences, predictions_from_sequences
from cycleeval.scoring_config import ScoringConfig
from cycleeval.swap_test import stacked_statistics, swapped_differences

_PROGRESS_STEP = 50


@dataclass(frozen=True, slots=True)
class Comparison:
    """Several models on the same papers."""

    models: tuple[str, ...]
    n_papers: int
    """Papers with human ratings."""
    n_compared: int
    """Papers on which every model is scored."""
    n_unreadable: dict[str, int]
    """Lines that could not be read, by model."""
    n_filled: dict[str, int]
    """Compared papers without a readable prediction, which the policy filled in, by model."""
    pairs: tuple[PairwiseComparison, ...]
    """Each pair once, in the order of the models."""
    ranks: dict[str, dict[str, int]]
    """Places by metric and model, shared by models not shown to differ from their group's best."""
    rank_intervals: dict[str, dict[str, PlaceInterval]]
    """By metric and model: the places that the tests leave open, at 95% for all models at once."""
    unranked: dict[str, str]
    """Metrics without places, with the reason."""

    def to_json(self) -> dict[str, object]:
        """Return the comparison as ``--json`` prints it."""
        return {
            "models": list(self.models),
            "n_papers": self.n_papers,
            "n_compared": self.n_compared,
            "n_unreadable": self.n_unreadable,
            "n_filled": self.n_filled,
            "pairs": [pair.to_json() for pair in self.pairs],
            "ranks": self.ranks,
            "rank_intervals": {
                metric: {model: list(places) for model, places in models.items()}
                for metric, models in self.rank_intervals.items()
            },
            "unranked": self.unranked,
        }


def compare(
    a: Sequence[Sequence[float] | float | None],
    b: Sequence[Sequence[float] | float | None],
    ratings: Sequence[Sequence[float]],
    *,
    decisions: Sequence[DecisionLabel | None] | None = None,
    config: ScoringConfig | None = None,
) -> PairwiseComparison:
    """Compare two models given as plain sequences, one entry per paper; see `score`.

    Raises:
        TypeError: a rating that is not a number.
        ValueError: lengths that differ, or no paper on which both can be scored.
    """
    humans = human_ratings_from_sequences(ratings, decisions)
    files = [
        predictions_from_sequences(given, None, humans, name=name, config=config)
        for name, given in (("a", a), ("b", b))
    ]
    return compare_predictions(files, humans, config).pairs[0]


def compare_predictions(
    files: Sequence[PredictionFile],
    humans: HumanRatings,
    config: ScoringConfig | None = None,
    *,
    metrics: Collection[str] | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Comparison:
    """Compare models pair by pair on one set of papers.

    Under the policy ``exclude`` these are the papers that every model has a prediction for; under
    the others all rated papers, with missing predictions filled in.

    Args:
        files: predictions of at least two models.
        humans: human ratings.
        config: options.
        metrics: names of the metrics to compare on; None for all.
        on_progress: called with steps done and steps in total.

    Raises:
        ScoringError: fewer than two models, two of one name, or no paper in common.
    """
    options = with_form(config, humans)
    names = tuple(file.name for file in files)
    if len(names) < 2 or len(set(names)) != len(names):
        raise ScoringError(
            f"expected at least two models of different names, found {list(names)}; rename a file"
        )
    files = [on_scale(file, options) for file in files]
    total = len(names) + len(names) * (len(names) - 1) // 2

    def step(done: int) -> None:
        if on_progress is not None:
            on_progress(done, total)

    only = _common(humans, files) if options.policy == "exclude" else None
    models, swapped = _models(files, humans, options, metrics, only, step)
    pairs = []
    for number, (a, b) in enumerate(combinations(models, 2), start=1):
        pairs.append(pair_of(a, b, swapped, options))
        if number % _PROGRESS_STEP == 0 or len(names) + number == total:
            step(len(names) + number)
    adjusted = adjusted_pairs(pairs)
    n_papers = len(models[0].filled)
    places = places_of(names, adjusted, n_papers)
    return Comparison(
        models=names,
        n_papers=len(humans.paper_ids),
        n_compared=n_papers,
        n_unreadable={file.name: len(file.unreadable) for file in files},
        n_filled={model.name: int(model.filled.sum()) for model in models},
        pairs=adjusted,
        ranks=places.ranks,
        rank_intervals=places.intervals,
        unranked=places.unranked,
    )


def _models(
    files: Sequence[PredictionFile],
    humans: HumanRatings,
    options: ScoringConfig,
    metrics: Collection[str] | None,
    only: Mask | None,
    step: Callable[[int], None],
) -> tuple[list[ComparedModel], dict[str, Floats] | None]:
    """Return the models on their common papers; of two models also the swapped differences."""
    models: list[ComparedModel] = []
    aligned: list[AlignedPapers] = []
    for done, file in enumerate(files, start=1):
        papers, resolved = align(file, humans, options, only=only)
        statistics = chosen_statistics(papers, resolved, metrics)
        filled = np.array([prediction is None for prediction in papers.model.predictions])
        samples = sample_of(statistics, len(filled), options)
        models.append(ComparedModel(file.name, statistics, samples, filled))
        aligned.append(papers)
        step(done)
    if len(models) > 2:
        return models, None
    both = stacked_statistics(aligned[0], aligned[1], resolved, metrics)
    return models, swapped_differences(both, len(models[0].filled), options)


def _common(humans: HumanRatings, files: Sequence[PredictionFile]) -> Mask:
    """Return the papers that every model has a prediction for."""
    common = np.array([all(i in file.predictions for file in files) for i in humans.paper_ids])
    if not common.any():
        counts = ", ".join(f"{file.name} {len(file.predictions)}" for file in files)
        worst = sorted(files, key=lambda file: len(file.predictions))[:3]
        problems = "; ".join(f"{file.name}: {file.problems()}" for file in worst)
        raise ScoringError(
            f"no paper on which every model can be scored; readable: {counts}; {problems}; remove "
            "a file, or use --policy worst"
        )
    return common
