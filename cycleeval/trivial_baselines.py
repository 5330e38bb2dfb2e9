"""Answers of the text baselines to a reference, to be shown beside a model's.

Learned on the training split where the reference has one with texts, else cross-fitted on the
scored papers: each paper's answer then comes from the other nine tenths.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from cycledata.errors import ScoringError
from cycleeval.aligned import AlignedHumans, AlignedModel, AlignedPapers, ResolvedConfig
from cycleeval.human_ratings import HumanRatings
from cycleeval.metrics import model_statistics
from cycleeval.paper_statistics import PaperStatistics
from cycleeval.predictions import Prediction, PredictionFile
from cycleeval.ragged import Floats, ragged
from cycleeval.reference_texts import ReferencePaper, leaks_of, read_reference_papers
from cycleeval.result import Signature
from cycleeval.text_baselines import (
    Kind,
    PaperFeatures,
    TextBaseline,
    cross_fit,
    fit_baseline,
)

REPORTED: tuple[Kind, ...] = ("length", "metadata", "text")
"""Baselines beside every model; the constant is a baseline of every score card already."""
MIN_SHARE_WITH_TEXT = 0.9
"""Share of the rated papers that must have what a baseline reads (our choice)."""
MIN_LEARNED = 20
"""Fewest papers to learn from."""
FOLDS = 10
"""Folds where there is no training split."""


@dataclass(frozen=True, slots=True)
class TrivialAnswers:
    """One baseline's answers to the papers of a reference."""

    kind: Kind
    """What it reads."""
    learned: str
    """What it was learned from; part of its signatures."""
    ratings: Mapping[str, float]
    """Rating by paper id; papers without text have the mean of those learned from."""
    accepts: Mapping[str, bool]
    """Decision by paper id."""

    def as_predictions(self) -> PredictionFile:
        """Return the answers as the predictions of a model."""
        found = {
            paper_id: Prediction(
                paper_id, (rating,), "accept" if self.accepts[paper_id] else "reject"
            )
            for paper_id, rating in self.ratings.items()
        }
        return PredictionFile(f"baseline: {self.kind}", found, ())

    def aligned(self, humans: AlignedHumans) -> AlignedPapers:
        """Return the answers to some papers as a model's."""
        ratings = np.array([self.ratings[paper_id] for paper_id in humans.paper_ids])
        accepts = np.array([float(self.accepts[paper_id]) for paper_id in humans.paper_ids])
        none = (None,) * len(ratings)
        silent = ragged(tuple(() for _ in ratings))
        return AlignedPapers(humans, AlignedModel(ratings, accepts, {}, silent, none))


@dataclass(frozen=True, slots=True)
class TrivialBaselines:
    """The baselines that a reference permits."""

    answers: tuple[TrivialAnswers, ...] = ()
    """In the order of `REPORTED`."""
    notes: tuple[str, ...] = ()
    """Why some baseline is missing, as sentences."""
    leaks: tuple[str, ...] = ()
    """Clues in the texts of the reference that give the decision away, from its audit."""
    ratings_date: str = ""
    """Date or state of the human ratings; empty if the reference does not state it."""
    with_metrics: bool = True
    """False to measure a model's added information only, without metrics of the baselines."""

    def statistics(
        self, humans: AlignedHumans, resolved: ResolvedConfig
    ) -> dict[str, PaperStatistics]:
        """Return the metrics of each baseline on some papers, by its name."""
        if not self.with_metrics:
            return {}
        return {
            answer.kind: _as_baseline(
                model_statistics(answer.aligned(humans), resolved), answer.kind, answer.learned
            )
            for answer in self.answers
        }

    def remarks(self) -> tuple[str, ...]:
        """Return what a report says about them, as sentences."""
        found = list(self.notes)
        if self.leaks:
            found.append(
                f"The texts GIVE THE DECISION AWAY: {len(self.leaks)} leaks, e.g. {self.leaks[0]};"
                " see cycledata audit."
            )
        if self.answers:
            dated = self.ratings_date or "not stated by the reference"
            found.append(f"State of the human ratings: {dated}.")
        return tuple(found)

    def ratings_on(self, paper_ids: Sequence[str]) -> dict[Kind, Floats]:
        """Return each baseline's ratings of some papers, shape (n_papers,)."""
        return {
            answer.kind: np.array([answer.ratings[paper_id] for paper_id in paper_ids])
            for answer in self.answers
        }


def without_baselines(source: str) -> TrivialBaselines:
    """Return no baselines, but the leaks that a build states."""
    return TrivialBaselines(leaks=leaks_of(source))


NO_BASELINES = TrivialBaselines()
"""For references without text, and for those who do not want any."""


def features_of(paper: ReferencePaper) -> PaperFeatures:
    """Return what a baseline may read of a paper."""
    return PaperFeatures(
        paper.title,
        paper.abstract,
        paper.text,
        paper.n_characters,
        paper.n_sections,
        paper.n_keywords,
    )


def answer_trivially(
    source: str,
    humans: HumanRatings,
    *,
    split: str = "test",
    venue: str | None = None,
    scale: tuple[float, float],
    kinds: Sequence[Kind] = REPORTED,
) -> TrivialBaselines:
    """Return the baselines' answers to a reference.

    Args:
        source: the reference, as given to `read_human_ratings`.
        humans: its human ratings.
        split: split of `humans`.
        venue: venue of `humans`, None for all.
        scale: ratings are clipped to it.
        kinds: which baselines.

    Raises:
        ParseError: the texts cannot be read.
    """
    texts = read_reference_papers(source, split=split, venue=venue)
    wanted = [
        (paper_id, ratings)
        for paper_id, ratings in zip(humans.paper_ids, humans.ratings, strict=True)
        if ratings
    ]
    about = TrivialBaselines(leaks=leaks_of(source), ratings_date=_common_date(texts.values()))
    notes: list[str] = []
    usable: list[Kind] = []
    for kind in kinds:
        having = sum(_readable(texts.get(paper_id), kind) for paper_id, _ in wanted)
        if having >= MIN_SHARE_WITH_TEXT * len(wanted) and len(wanted) >= MIN_LEARNED:
            usable.append(kind)
        elif having:
            notes.append(f"No baseline {kind!r}: {having} of {len(wanted)} papers have its input.")
    if not usable:
        return replace(about, notes=tuple(notes))
    train = _train(source, humans, venue)
    answers = []
    for kind in usable:
        known = {i: paper for i, paper in train.items() if _readable(paper, kind)}
        if humans.train is not None and len(known) >= MIN_LEARNED:
            fitted = fit_on(known, humans.train, kind, learned_from=f"train-{humans.train.digest}")
            answers.append(answer_with(fitted, texts, humans, scale=scale))
        else:
            answers.append(_cross_fitted(kind, texts, humans, scale))
    return replace(about, answers=tuple(answers), notes=tuple(notes))


def fit_on(
    papers: Mapping[str, ReferencePaper], humans: HumanRatings, kind: Kind, *, learned_from: str
) -> TextBaseline:
    """Fit a baseline on the rated papers of a reference that have text.

    Raises:
        ScoringError: too few papers, or none with the text that the kind reads.
    """
    rows = [
        (paper_id, papers[paper_id], ratings, decision)
        for paper_id, ratings, decision in zip(
            humans.paper_ids, humans.ratings, humans.decisions, strict=True
        )
        if ratings and paper_id in papers
    ]
    try:
        return fit_baseline(
            [features_of(paper) for _, paper, _, _ in rows],
            np.array([np.mean(ratings) for _, _, ratings, _ in rows]),
            kind=kind,
            accepted=[None if said is None else said == "accept" for _, _, _, said in rows],
            learned_from=learned_from,
            paper_ids=[paper_id for paper_id, *_ in rows],
        )
    except ValueError as error:
        raise ScoringError(f"{humans.name}: {error}") from error


def answer_with(
    baseline: TextBaseline,
    papers: Mapping[str, ReferencePaper],
    humans: HumanRatings,
    *,
    scale: tuple[float, float],
) -> TrivialAnswers:
    """Return a fitted baseline's answers to the papers of a reference.

    Raises:
        ScoringError: it was fitted on some of them.
    """
    seen = set(baseline.paper_ids) & set(humans.paper_ids)
    if seen:
        raise ScoringError(
            f"the baseline {baseline.kind!r} was fitted on {len(seen)} papers of {humans.name}, "
            f"e.g. {min(seen)}; fit it on another split or on earlier years"
        )
    features = [features_of(papers.get(i) or ReferencePaper(i)) for i in humans.paper_ids]
    has = [_readable(papers.get(i), baseline.kind) for i in humans.paper_ids]
    ratings = baseline.ratings(features)
    shares = baseline.accept_probabilities(features)
    return _answers(baseline.kind, baseline.learned_from, humans, ratings, shares, has, scale)


def _cross_fitted(
    kind: Kind,
    texts: Mapping[str, ReferencePaper],
    humans: HumanRatings,
    scale: tuple[float, float],
) -> TrivialAnswers:
    rated = np.array([bool(ratings) for ratings in humans.ratings])
    means = [np.mean(ratings) for ratings in humans.ratings if ratings]
    said = [
        np.nan if decision is None else float(decision == "accept")
        for decision, ratings in zip(humans.decisions, humans.ratings, strict=True)
        if ratings
    ]
    features = [
        features_of(texts.get(i) or ReferencePaper(i))
        for i, ratings in zip(humans.paper_ids, humans.ratings, strict=True)
        if ratings
    ]
    found = np.full((len(rated), 2), np.nan)
    found[rated] = cross_fit(features, np.column_stack([means, said]), kind=kind, folds=FOLDS)
    has = [_readable(texts.get(i), kind) for i in humans.paper_ids]
    learned = f"cross-fitted-{FOLDS}"
    return _answers(kind, learned, humans, found[:, 0], found[:, 1], has, scale)


def _answers(
    kind: Kind,
    learned: str,
    humans: HumanRatings,
    ratings: Floats,
    shares: Floats | None,
    has: Sequence[bool],
    scale: tuple[float, float],
) -> TrivialAnswers:
    """Return answers; papers without the input have the mean of the other papers' ratings."""
    having = np.array(has) & np.isfinite(ratings)
    mean = float(ratings[having].mean()) if having.any() else float(np.mean(scale))
    ratings = np.clip(np.where(having, ratings, mean), *scale)
    accepts = np.zeros(len(ratings), dtype=bool)
    if shares is not None:
        accepts = np.nan_to_num(shares) >= 0.5
    return TrivialAnswers(
        kind,
        learned,
        dict(zip(humans.paper_ids, ratings.tolist(), strict=True)),
        dict(zip(humans.paper_ids, accepts.tolist(), strict=True)),
    )


def _common_date(papers: Iterable[ReferencePaper]) -> str:
    return ", ".join(sorted({paper.ratings_date for paper in papers} - {""})[:3])


def _train(source: str, humans: HumanRatings, venue: str | None) -> dict[str, ReferencePaper]:
    if humans.train is None:
        return {}
    return read_reference_papers(source, split="train", venue=venue)


def _readable(paper: ReferencePaper | None, kind: Kind) -> bool:
    if paper is None:
        return kind == "constant"
    if kind in ("metadata", "title"):
        return bool(paper.title)
    return kind == "constant" or bool(paper.abstract or paper.text)


def _as_baseline(statistics: PaperStatistics, kind: str, learned: str) -> PaperStatistics:
    """Return a model's statistics signed as a baseline's."""
    return {
        name: replace(statistic, signature=_signed(statistic.signature, kind, learned))
        for name, statistic in statistics.items()
    }


def _signed(signature: Signature, kind: str, learned: str) -> Signature:
    parts: list[tuple[str, str]] = []
    for key, value in signature.parts:
        if key == "by":
            parts += [("by", kind), ("learned", learned)]
        elif key != "policy":
            parts.append((key, value))
    return Signature(signature.metric, tuple(parts))
