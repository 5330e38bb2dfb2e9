"""What moves during the discussion, and how well a model predicts it.

A rating changes if a reviewer's rating after the discussion differs from the one before it. A
model predicts the ratings after the discussion; its predicted change of a paper is the mean of its
ratings minus the mean of the human ratings before the discussion.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cycledata.errors import ParseError
from cycleeval.bootstrap import OfSums
from cycleeval.estimates import Results, estimate
from cycleeval.paper_statistics import PaperStatistic, PaperStatistics, mean_statistic, quotient
from cycleeval.predictions import PredictionFile
from cycleeval.proxy import human_error
from cycleeval.ragged import Floats, Lists
from cycleeval.rating_states import ratings_by_reviewer
from cycleeval.ratios import subtract
from cycleeval.result import Signature, digest, signature
from cycleeval.scoring_config import ScoringConfig


@dataclass(frozen=True, slots=True)
class RatingPairs:
    """Ratings of the same reviewers before and after the discussion, per paper."""

    name: str
    """Where they come from."""
    paper_ids: tuple[str, ...]
    """Ascending, each once."""
    before: tuple[tuple[float, ...], ...]
    after: tuple[tuple[float, ...], ...]
    """In the order of ``before``."""
    n_unpaired: int
    """Reviewers with a rating in only one of the two states, which are left out."""


@dataclass(frozen=True, slots=True)
class ChangeReport:
    """Counts and metrics of the changes, and of a model's prediction of them."""

    name: str
    n_papers: int
    n_ratings: int
    n_raised: int
    n_lowered: int
    n_unpaired: int
    n_missing: int
    """Papers without a readable prediction; 0 without a model."""
    metrics: Results
    model: Results
    """Empty without a model."""

    def to_json(self) -> dict[str, object]:
        """Return the report as ``--json`` prints it."""
        counts = ("n_papers", "n_ratings", "n_raised", "n_lowered", "n_unpaired", "n_missing")
        return {
            **{name: getattr(self, name) for name in counts},
            "metrics": {name: result.to_json() for name, result in self.metrics.items()},
            "model": {name: result.to_json() for name, result in self.model.items()},
        }


def mean_changes(before: Lists, after: Lists) -> Floats:
    """Return the change of each paper's mean rating, in rating points, shape (n_papers,).

    >>> mean_changes([[3, 5]], [[5, 5]]).tolist()
    [1.0]

    Raises:
        ValueError: no papers, or lists of different lengths.
    """
    if not len(before) or [len(r) for r in before] != [len(r) for r in after]:
        raise ValueError("expected the same reviewers of at least one paper before and after")
    old, new = (np.array([np.mean(ratings) for ratings in lists]) for lists in (before, after))
    return subtract(new, old)


def sign_matches(changes: Floats, predicted: Floats, *, tolerance: float = 0.0) -> Floats:
    """Return 1.0 where a predicted change has the direction of the real one, else 0.0.

    Args:
        changes: real changes, in rating points, shape (n_papers,).
        predicted: predicted changes, same shape.
        tolerance: predicted changes up to this size mean "no change".

    >>> sign_matches(np.array([1.0, 0.0, -1.0]), np.array([0.2, 0.2, -3.0])).tolist()
    [1.0, 0.0, 1.0]
    """
    shown = np.where(np.abs(predicted) <= tolerance, 0.0, predicted)
    return np.asarray(np.sign(shown) == np.sign(changes), dtype=np.float64)


def rating_pairs(history: Iterable[Mapping[str, Any]], *, name: str) -> RatingPairs:
    """Return the ratings of reviewers that have both states.

    Args:
        history: rows of ``history``.
        name: where they come from.

    Raises:
        ParseError: ``no-rating-changes``; no reviewer has both.
    """
    rows = list(history)
    initial, final = (ratings_by_reviewer(rows, choice) for choice in ("initial", "final"))
    pairs: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {}
    n_unpaired = 0
    for paper_id in sorted({*initial, *final}):
        old, new = initial.get(paper_id, {}), final.get(paper_id, {})
        both = sorted(old.keys() & new.keys())
        n_unpaired += len(old.keys() ^ new.keys())
        if both:
            ratings = (tuple(float(state[r]["rating"]) for r in both) for state in (old, new))
            pairs[paper_id] = next(ratings), next(ratings)
    if not pairs:
        raise ParseError(
            "no-rating-changes",
            f"{name}: no reviewer has a rating before and after the discussion; import dated"
            " tables, trackers or edits, and build the config history",
        )
    return RatingPairs(
        name,
        tuple(pairs),
        tuple(old for old, _ in pairs.values()),
        tuple(new for _, new in pairs.values()),
        n_unpaired,
    )


def read_rating_pairs(folder: Path, *, split: str | None = None) -> RatingPairs:
    """Read the ratings before and after the discussion from the config ``history`` of a build.

    Args:
        folder: a finished build.
        split: its split; None for all.

    Raises:
        ParseError: ``no-rating-changes``; the build has no such config, or no reviewer has both.
    """
    from cycledata.load import iterate_rows, read_build

    splits = read_build(folder).configs.get("history", {})
    rows = [
        row
        for name in splits
        if split in (None, name)
        for row in iterate_rows(folder, "history", name)
    ]
    return rating_pairs(rows, name=str(folder))


def score_changes(
    pairs: RatingPairs, config: ScoringConfig, predictions: PredictionFile | None = None
) -> ChangeReport:
    """Return what changed, and how well a model predicted it.

    Args:
        pairs: ratings before and after the discussion.
        config: gives resamples and seed.
        predictions: a model's ratings after the discussion; None for the changes alone.
    """
    changes = mean_changes(pairs.before, pairs.after)
    differences = [
        new - old
        for before, after in zip(pairs.before, pairs.after, strict=True)
        for old, new in zip(before, after, strict=True)
    ]
    results = estimate(
        {"humans": _human_statistics(pairs, changes)}, len(changes), config, n_unreadable=0
    )["humans"]
    model: Results = {}
    n_missing = 0
    if predictions is not None:
        predicted = _predicted_changes(pairs, predictions)
        used = np.isfinite(predicted)
        n_missing = int((~used).sum())
        if not used.any():
            raise ParseError(
                "no-common-papers",
                f"{predictions.name}: no prediction is of a paper of {pairs.name}",
            )
        statistics = _model_statistics(pairs, changes, predicted)
        model = estimate(
            {"model": statistics}, len(changes), config, n_unreadable=len(predictions.unreadable)
        )["model"]
    return ChangeReport(
        name=pairs.name,
        n_papers=len(changes),
        n_ratings=len(differences),
        n_raised=sum(difference > 0 for difference in differences),
        n_lowered=sum(difference < 0 for difference in differences),
        n_unpaired=pairs.n_unpaired,
        n_missing=n_missing,
        metrics=results,
        model=model,
    )


def _sign(pairs: RatingPairs, name: str, by: str, **parts: object) -> Signature:
    data = digest(pairs.before, pairs.after)
    papers = digest(pairs.paper_ids)
    return signature(name, by=by, over="papers", **parts, ref=data, papers=papers)


def _human_statistics(pairs: RatingPairs, changes: Floats) -> PaperStatistics:
    ones = np.ones(len(changes))
    several = np.array([len(ratings) >= 2 for ratings in pairs.before])
    shares = np.array(
        [
            np.mean(np.array(b) != np.array(a))
            for b, a in zip(pairs.before, pairs.after, strict=True)
        ]
    )
    found = {
        "changed_share": mean_statistic(shares, ones, _sign(pairs, "changed_share", "human")),
        "mean_change": mean_statistic(changes, ones, _sign(pairs, "mean_change", "human")),
    }
    for state, lists in (("initial", pairs.before), ("final", pairs.after)):
        errors = np.full(len(changes), np.nan)
        if several.any():
            chosen = [ratings for ratings, enough in zip(lists, several, strict=True) if enough]
            errors[several] = human_error(chosen)
        signed = _sign(pairs, "proxy_mse", "human", mode="n-1", state=state)
        found[f"human_mse_n1_{state}"] = mean_statistic(errors, ones, signed)
    return found


def _predicted_changes(pairs: RatingPairs, predictions: PredictionFile) -> Floats:
    """Return the predicted change of each paper, NaN without a prediction."""
    found = np.full(len(pairs.paper_ids), np.nan)
    for i, paper_id in enumerate(pairs.paper_ids):
        prediction = predictions.predictions.get(paper_id)
        if prediction is not None and prediction.ratings:
            found[i] = np.mean(prediction.ratings)
    return subtract(found, np.array([np.mean(ratings) for ratings in pairs.before]))


def _model_statistics(pairs: RatingPairs, changes: Floats, predicted: Floats) -> PaperStatistics:
    used = np.isfinite(predicted).astype(np.float64)
    guessed = np.nan_to_num(predicted)
    errors, nothing = (guessed - changes) ** 2, changes**2
    matches = sign_matches(changes, guessed)
    moved = used * (changes != 0)
    sums = np.stack([errors * used, nothing * used], axis=1)
    return {
        "change_mse": mean_statistic(errors, used, _sign(pairs, "change_mse", "model")),
        "change_mse_no_change": mean_statistic(
            nothing, used, _sign(pairs, "change_mse", "constant", answer="0")
        ),
        "change_skill": PaperStatistic(
            OfSums(sums, lambda s: 1 - quotient(s)),
            int(used.sum()),
            _sign(pairs, "change_skill", "model", constant="no-change"),
            why_undefined="no mean rating changed",
        ),
        "change_sign_accuracy": mean_statistic(
            matches, used, _sign(pairs, "change_sign_accuracy", "model", papers_with="all")
        ),
        "moved_sign_accuracy": mean_statistic(
            matches, moved, _sign(pairs, "change_sign_accuracy", "model", papers_with="changes")
        ),
    }
