"""One model's predictions beside the human ratings, paper by paper, once the policy has spoken."""

from dataclasses import dataclass
from itertools import compress
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cycleeval.baselines import best_constant, majority
from cycleeval.decision import accept_threshold
from cycleeval.human_ratings import HumanRatings
from cycleeval.predictions import ASPECTS, Prediction, PredictionFile
from cycleeval.proxy import PROXIES, random_reviewers
from cycleeval.ragged import Floats, Integers, Ragged, ragged
from cycleeval.scoring_config import ScoringConfig


@dataclass(frozen=True, slots=True, eq=False)
class AlignedHumans:
    """The human side of some papers."""

    ratings: Ragged
    """At least one a paper."""
    accepted: Floats
    """1 accepted, 0 rejected, NaN unknown, shape (n_papers,)."""
    aspects: dict[str, Ragged]
    """Aspect marks; a paper may have none."""
    left_out: Integers | None
    """The reviewer drawn for each paper; None where all take turns."""

    def views(self) -> dict[str, "AlignedHumans"]:
        """The overall rating under ``""``, and each aspect by name, as if it were the rating."""
        aspects = {
            name: AlignedHumans(marks, self.accepted, {}, None)
            for name, marks in self.aspects.items()
        }
        return {"": self, **aspects}

    def select(self, chosen: NDArray[np.bool_]) -> "AlignedHumans":
        """The papers where ``chosen`` is true."""
        return AlignedHumans(
            self.ratings.select(chosen),
            self.accepted[chosen],
            {name: marks.select(chosen) for name, marks in self.aspects.items()},
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
    """Mean aspect marks; NaN where a paper has none."""
    simulated: Ragged
    """Ratings of the simulated reviewers; empty where a policy filled in."""
    predictions: tuple[Prediction | None, ...]
    """What the model said, None where a policy filled in."""


@dataclass(frozen=True, slots=True, eq=False)
class AlignedPapers:
    """Both sides, aligned."""

    paper_ids: tuple[str, ...]
    humans: AlignedHumans
    model: AlignedModel


class LearnedConstant(NamedTuple):
    """The one rating that has the lowest error."""

    value: float
    learned_from: str
    """``"train"``, or ``"oracle"``: the judged papers themselves."""


@dataclass(frozen=True, slots=True)
class ResolvedConfig:
    """A config's open values, settled on the training split or else in hindsight."""

    threshold: float
    """Rating from which on a paper is accepted."""
    threshold_from: str
    """``"given"`` or ``"train"``."""
    constants: dict[str, LearnedConstant]
    """Best constants by metric and mark, e.g. ``"proxy_mse_n"``."""
    accept_all: bool | None
    """The majority's decision; None where no decision is known."""
    majority_from: str
    """Where it was counted, ``"train"`` or ``"oracle"``."""


def named(metric: str, mark: str) -> str:
    """Name in reports: the metric's own for the overall rating, else with the aspect behind it."""
    return f"{metric}_{mark}" if mark else metric


def humans_of(reference: HumanRatings, config: ScoringConfig) -> AlignedHumans:
    """Human side of every paper of a reference, rated or not."""
    ratings = ragged(reference.ratings)
    accepted = [{"accept": 1.0, "reject": 0.0, None: np.nan}[d] for d in reference.decisions]
    drawn = None
    if config.left_out_seed is not None:
        drawn = random_reviewers(np.maximum(ratings.counts, 1), seed=config.left_out_seed)
    aspects = {name: ragged(marks) for name, marks in reference.aspects.items()}
    return AlignedHumans(ratings, np.array(accepted), aspects, drawn)


def resolve_config(
    reference: HumanRatings, judged: AlignedHumans, config: ScoringConfig
) -> ResolvedConfig:
    """Constants, majority and threshold: from the training split, else from the judged papers.

    Raises:
        ValueError: a threshold from a training split that is not there or has no decisions.
    """
    train = None if reference.train is None else humans_of(reference.train, config)
    constants: dict[str, LearnedConstant] = {}
    accept_all, majority_from = None, "oracle"
    for source, learned_from in ((judged, "oracle"), (train, "train")):
        if source is None:
            continue
        constants |= _best_constants(source, learned_from, config)
        known = source.accepted[np.isfinite(source.accepted)]
        if len(known):
            accept_all, majority_from = majority(list(known == 1)), learned_from
    if config.threshold != "train":
        return ResolvedConfig(config.threshold, "given", constants, accept_all, majority_from)
    threshold = None if train is None else _learned_threshold(train)
    if threshold is None:
        raise ValueError(f"{reference.name}: no training split with decisions; give a threshold")
    return ResolvedConfig(threshold, "train", constants, accept_all, majority_from)


def _best_constants(
    humans: AlignedHumans, learned_from: str, config: ScoringConfig
) -> dict[str, LearnedConstant]:
    """By metric and mark; without those for which no paper has ratings enough."""
    found: dict[str, LearnedConstant] = {}
    for mark, view in humans.views().items():
        for name, proxy in PROXIES.items():
            usable = view.ratings.select(view.ratings.counts >= (2 if proxy.mode == "n-1" else 1))
            if len(usable):
                value = best_constant(usable, mode=proxy.mode, loss=proxy.loss, over=config.over)
                found[named(name, mark)] = LearnedConstant(value, learned_from)
    return found


def _learned_threshold(train: AlignedHumans) -> float | None:
    decided = np.isfinite(train.accepted) & (train.ratings.counts > 0)
    if not decided.any():
        return None
    return accept_threshold(train.ratings.means()[decided], list(train.accepted[decided] == 1))


def align(
    submission: PredictionFile, reference: HumanRatings, config: ScoringConfig
) -> tuple[AlignedPapers, ResolvedConfig]:
    """Align a submission with a reference under the config's policy.

    Raises:
        ValueError: no paper is left to judge.
    """
    said = [submission.predictions.get(paper_id) for paper_id in reference.paper_ids]
    everyone = humans_of(reference, config)
    usable = everyone.ratings.counts > 0
    if config.policy == "exclude":
        usable = usable & np.array([prediction is not None for prediction in said])
    if not usable.any():
        raise ValueError(
            f"{submission.name}: no readable prediction about a rated paper of {reference.name}; "
            f"{len(submission.invalid_lines)} line(s) set aside, so there is nothing to score"
        )
    humans = everyone.select(usable)
    rules = resolve_config(reference, humans, config)
    model = _marked(tuple(compress(said, usable)), humans, rules, config)
    return AlignedPapers(tuple(compress(reference.paper_ids, usable)), humans, model), rules


def _marked(
    said: tuple[Prediction | None, ...],
    humans: AlignedHumans,
    rules: ResolvedConfig,
    config: ScoringConfig,
) -> AlignedModel:
    simulated = ragged(tuple(() if p is None else p.ratings for p in said))
    rating = simulated.means()
    accept = _accepts(said, rating, rules, config)
    silent = np.array([prediction is None for prediction in said])
    if config.policy == "worst":
        rating = np.where(silent, _farthest(humans.ratings.means(), config.scale), rating)
        wrong = np.where(np.isnan(humans.accepted), 0.0, 1 - humans.accepted)
        accept = np.where(silent, wrong, accept)
    elif config.policy == "constant":
        rating = np.where(silent, rules.constants["proxy_mse_n"].value, rating)
        accept = np.where(silent, float(bool(rules.accept_all)), accept)
    aspects: dict[str, Floats] = {}
    for name in (aspect for aspect in ASPECTS if aspect in humans.aspects):
        given = tuple(() if p is None else p.aspect(name) or () for p in said)
        if not any(given):
            continue
        marks = ragged(given).means()
        if config.policy == "worst":
            filled = _farthest(humans.aspects[name].means(), config.aspect_scale)
            marks = np.where(np.isnan(marks), filled, marks)
        elif config.policy == "constant":
            constant = rules.constants.get(named("proxy_mse_n", name))
            marks = np.where(np.isnan(marks), np.nan if constant is None else constant.value, marks)
        aspects[name] = marks
    return AlignedModel(rating, accept, aspects, simulated, said)


def _accepts(
    said: tuple[Prediction | None, ...],
    rating: Floats,
    rules: ResolvedConfig,
    config: ScoringConfig,
) -> Floats:
    by_rating = (np.nan_to_num(rating, nan=-np.inf) >= rules.threshold).astype(np.float64)
    if config.decide_by == "rating":
        return by_rating
    stated = [
        np.nan if p is None or p.decision is None else float(p.decision == "accept") for p in said
    ]
    return np.where(np.isnan(stated), by_rating, stated)


def _farthest(truth: Floats, scale: tuple[float, float]) -> Floats:
    low, high = scale
    return np.where(truth - low >= high - truth, low, high)
