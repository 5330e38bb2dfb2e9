"""One model's predictions and the human ratings of the same papers, as arrays.

Papers without a readable prediction are left out or filled in, as the policy says. Constants,
majority and threshold come from the training split if there is one, else from the scored papers.
"""

import math
from dataclasses import dataclass, replace
from itertools import compress
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cycledata.errors import ScoringError
from cycledata.jsonl import InvalidLine
from cycleeval.baselines import best_constant, majority
from cycleeval.decision import accept_threshold
from cycleeval.human_ratings import HumanRatings
from cycleeval.prediction_lines import ASPECTS
from cycleeval.predictions import Prediction, PredictionFile
from cycleeval.proxy import PROXIES, random_reviewers
from cycleeval.ragged import Floats, Integers, Ragged, ragged
from cycleeval.ratios import reaches
from cycleeval.scoring_config import DEFAULT_SCALE, DEFAULT_THRESHOLD, ScoringConfig

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class AlignedHumans:
    """The human side of some papers."""

    paper_ids: tuple[str, ...]
    """Ids of the papers, in the order of every array."""
    ratings: Ragged
    """At least one per paper."""
    accepted: Floats
    """1 accepted, 0 rejected, NaN unknown, shape (n_papers,)."""
    aspects: dict[str, Ragged]
    """Aspect ratings; a paper may have none."""
    left_out: Integers | None
    """The reviewer drawn for each paper; None if every reviewer is left out in turn."""

    def views(self) -> dict[str, "AlignedHumans"]:
        """Return the overall rating under ``""``, and each aspect in the place of the rating."""
        aspects = {
            name: AlignedHumans(self.paper_ids, ratings, self.accepted, {}, None)
            for name, ratings in self.aspects.items()
        }
        return {"": self, **aspects}

    def select(self, chosen: Mask) -> "AlignedHumans":
        """Return the papers where ``chosen`` is true."""
        return AlignedHumans(
            tuple(compress(self.paper_ids, chosen)),
            self.ratings.select(chosen),
            self.accepted[chosen],
            {name: ratings.select(chosen) for name, ratings in self.aspects.items()},
            None if self.left_out is None else self.left_out[chosen],
        )


@dataclass(frozen=True, slots=True, eq=False)
class AlignedModel:
    """The model's side of the same papers."""

    rating: Floats
    """Mean rating, shape (n_papers,)."""
    accept: Floats
    """1 accept, 0 reject, shape (n_papers,)."""
    aspects: dict[str, Floats]
    """Mean aspect ratings; NaN for a paper without one."""
    simulated: Ragged
    """Ratings of the simulated reviewers; none for a paper that the policy filled in."""
    predictions: tuple[Prediction | None, ...]
    """The predictions; None for a paper that the policy filled in."""


@dataclass(frozen=True, slots=True, eq=False)
class AlignedPapers:
    """Both sides of the same papers."""

    humans: AlignedHumans
    model: AlignedModel


class LearnedConstant(NamedTuple):
    """The one rating with the lowest error."""

    value: float
    learned_from: str
    """``"train"``, or ``"oracle"``: the scored papers themselves."""


@dataclass(frozen=True, slots=True)
class ResolvedConfig:
    """A `ScoringConfig` with the values learned from the training split or the scored papers."""

    options: ScoringConfig
    """The options, with the scale and threshold of the human ratings filled in."""
    reference: str
    """Digest of the human ratings."""
    train: str | None
    """Digest of the training split; None if there is none."""
    threshold: float
    """Lowest rating that means accept."""
    threshold_from: str
    """``"given"``, or what it was learned from: ``"train"`` or ``"oracle"``, the scored papers."""
    constants: dict[str, LearnedConstant]
    """Best constants by metric and aspect, e.g. ``"proxy_mse_n"``."""
    accept_all: bool | None
    """The majority's decision; None if no decision is known."""
    majority_from: str
    """Where the majority was counted: ``"train"`` or ``"oracle"``."""


def with_aspect(metric: str, aspect: str) -> str:
    """Return the name of a metric in reports, with the aspect unless it is the overall rating."""
    return f"{metric}_{aspect}" if aspect else metric


def with_form(config: ScoringConfig | None, humans: HumanRatings) -> ScoringConfig:
    """Return the options with the rating scale and accept threshold of the human ratings.

    Options that the caller gave are kept.

    Raises:
        TypeError: not a `ScoringConfig`.
        ScoringError: human ratings off the scale, or a threshold outside of it.
    """
    if not isinstance(config, ScoringConfig | None):
        raise TypeError(f"config: expected a ScoringConfig or None, found {config!r:.60}")
    options = config or ScoringConfig()
    scale = options.scale or humans.scale or DEFAULT_SCALE
    threshold = options.threshold
    if threshold is None:
        # A form whose wording states no threshold has none to assume: the decisions give it.
        unknown = None if humans.scale is not None else DEFAULT_THRESHOLD
        threshold = unknown if humans.threshold is None else humans.threshold
    values = [value for ratings in humans.ratings for value in ratings]
    if values and not scale[0] <= min(values) <= max(values) <= scale[1]:
        raise ScoringError(
            f"{humans.name}: human ratings from {min(values):g} to {max(values):g} are off the "
            f"scale {scale[0]:g} to {scale[1]:g}; give --scale, or rating_scale in the data"
        )
    if isinstance(threshold, float):
        low, high = scale
        if not low < threshold <= high:
            raise ScoringError(
                f"{humans.name}: the accept threshold {threshold:g} is off the scale {low:g} to "
                f"{high:g}; give --threshold, or accept_threshold in the data"
            )
    return replace(
        options,
        scale=scale,
        threshold=threshold,
        aspect_scale=options.aspect_scale or humans.aspect_scale,
        confidence_scale=options.confidence_scale or humans.confidence_scale,
    )


def on_scale(file: PredictionFile, config: ScoringConfig) -> PredictionFile:
    """Return the file without predictions off the scale, which become invalid lines."""
    low, high = config.rating_scale
    off = [
        p for p in file.predictions.values() if not low <= min(p.ratings) <= max(p.ratings) <= high
    ]
    if not off:
        return file
    problems = tuple(
        InvalidLine(
            0,
            "out-of-scale",
            f"ratings: expected {low:g} to {high:g}, found {list(p.ratings)!r:.60}",
            p.paper_id,
        )
        for p in off
    )
    dropped = {prediction.paper_id for prediction in off}
    kept = {i: p for i, p in file.predictions.items() if i not in dropped}
    return replace(file, predictions=kept, invalid_lines=(*file.invalid_lines, *problems))


def humans_of(humans: HumanRatings, config: ScoringConfig) -> AlignedHumans:
    """Return the human side of every paper, rated or not."""
    ratings = ragged(humans.ratings)
    accepted = [{"accept": 1.0, "reject": 0.0, None: np.nan}[d] for d in humans.decisions]
    drawn = None
    if config.left_out_seed is not None:
        drawn = random_reviewers(np.maximum(ratings.counts, 1), seed=config.left_out_seed)
    aspects = {name: ragged(lists) for name, lists in humans.aspects.items()}
    return AlignedHumans(humans.paper_ids, ratings, np.array(accepted), aspects, drawn)


def resolve_config(
    humans: HumanRatings, scored: AlignedHumans, config: ScoringConfig
) -> ResolvedConfig:
    """Return constants, majority and threshold from the training split, else the scored papers.

    Raises:
        ScoringError: a threshold to be learned without a training split that has decisions.
    """
    train = None if humans.train is None else humans_of(humans.train, config)
    constants: dict[str, LearnedConstant] = {}
    accept_all, majority_from = None, "oracle"
    for source, learned_from in ((scored, "oracle"), (train, "train")):
        if source is None:
            continue
        constants |= _best_constants(source, learned_from, config)
        known = source.accepted[np.isfinite(source.accepted)]
        if len(known):
            accept_all, majority_from = majority(known == 1), learned_from
    threshold, threshold_from = config.threshold, "given"
    if not isinstance(threshold, float):
        is_asked = threshold == "train"
        threshold, threshold_from = None if train is None else _learned_threshold(train), "train"
        if threshold is None and is_asked:
            raise ScoringError(f"{humans.name}: no training split with decisions; give a threshold")
        if threshold is None:
            threshold, threshold_from = _learned_threshold(scored), "oracle"
        if threshold is None:  # no decision is known, so nothing is compared with it
            threshold = math.inf
    return ResolvedConfig(
        config,
        humans.digest,
        None if humans.train is None else humans.train.digest,
        threshold,
        threshold_from,
        constants,
        accept_all,
        majority_from,
    )


def _best_constants(
    humans: AlignedHumans, learned_from: str, config: ScoringConfig
) -> dict[str, LearnedConstant]:
    """Return the best constants by metric and aspect, if some paper has enough ratings."""
    found: dict[str, LearnedConstant] = {}
    for aspect, view in humans.views().items():
        for name, proxy in PROXIES.items():
            usable = view.ratings.select(view.ratings.counts >= (2 if proxy.mode == "n-1" else 1))
            if len(usable):
                value = best_constant(usable, mode=proxy.mode, loss=proxy.loss, over=config.over)
                found[with_aspect(name, aspect)] = LearnedConstant(value, learned_from)
    return found


def _learned_threshold(train: AlignedHumans) -> float | None:
    decided = np.isfinite(train.accepted) & (train.ratings.counts > 0)
    if not decided.any():
        return None
    return accept_threshold(train.ratings.means()[decided], train.accepted[decided] == 1)


def align(
    file: PredictionFile,
    humans: HumanRatings,
    config: ScoringConfig,
    *,
    only: Mask | None = None,
) -> tuple[AlignedPapers, ResolvedConfig]:
    """Align a model's predictions with the human ratings under the policy.

    Args:
        file: the predictions.
        humans: the human ratings.
        config: options.
        only: papers to consider, shape (n_papers,); None for all. Draws of a reviewer per paper do
            not depend on it.

    Raises:
        ScoringError: no paper is left; the message says why.
    """
    config = with_form(config, humans)
    predictions = [file.predictions.get(paper_id) for paper_id in humans.paper_ids]
    everyone = humans_of(humans, config)
    usable = everyone.ratings.counts > 0
    if not usable.any():
        raise ScoringError(f"{humans.name}: expected a paper with a rating, found none")
    if only is not None:
        usable = usable & only
    if config.policy == "exclude":
        usable = usable & np.array([prediction is not None for prediction in predictions])
    if not usable.any():
        raise ScoringError(
            f"{file.name}: there is nothing to score: no readable prediction for a rated paper of "
            f"{humans.name}; {file.problems()}"
        )
    selected = everyone.select(usable)
    resolved = resolve_config(humans, selected, config)
    model = _aligned_model(tuple(compress(predictions, usable)), selected, resolved)
    return AlignedPapers(selected, model), resolved


def _aligned_model(
    predictions: tuple[Prediction | None, ...], humans: AlignedHumans, resolved: ResolvedConfig
) -> AlignedModel:
    config = resolved.options
    simulated = ragged(tuple(() if p is None else p.ratings for p in predictions))
    rating = simulated.means()
    accept = _accepts(predictions, rating, resolved)
    missing = np.array([prediction is None for prediction in predictions])
    if config.policy == "worst":
        rating = np.where(missing, _farthest(humans.ratings.means(), config.rating_scale), rating)
        wrong = np.where(np.isnan(humans.accepted), 0.0, 1 - humans.accepted)
        accept = np.where(missing, wrong, accept)
    elif config.policy == "constant":
        rating = np.where(missing, resolved.constants["proxy_mse_n"].value, rating)
        accept = np.where(missing, float(bool(resolved.accept_all)), accept)
    aspects: dict[str, Floats] = {}
    for name in (aspect for aspect in ASPECTS if aspect in humans.aspects):
        given = tuple(() if p is None else p.aspect(name) or () for p in predictions)
        if not any(given):
            continue
        means = ragged(given).means()
        if config.policy == "worst":
            filled = _farthest(humans.aspects[name].means(), config.aspect_limits)
            means = np.where(np.isnan(means), filled, means)
        elif config.policy == "constant":
            constant = resolved.constants.get(with_aspect("proxy_mse_n", name))
            means = np.where(np.isnan(means), np.nan if constant is None else constant.value, means)
        aspects[name] = means
    return AlignedModel(rating, accept, aspects, simulated, predictions)


def _accepts(
    predictions: tuple[Prediction | None, ...], rating: Floats, resolved: ResolvedConfig
) -> Floats:
    by_rating = reaches(rating, resolved.threshold).astype(np.float64)
    if resolved.options.decide_by == "rating":
        return by_rating
    stated = [
        np.nan if p is None or p.decision is None else float(p.decision == "accept")
        for p in predictions
    ]
    return np.where(np.isnan(stated), by_rating, stated)


def _farthest(truth: Floats, scale: tuple[float, float]) -> Floats:
    low, high = scale
    return np.where(truth - low >= high - truth, low, high)
