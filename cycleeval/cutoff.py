"""Metrics on papers that were public before and after a model's training cut-off.

A model may have read the papers, and their reviews, that were public before its cut-off. A
difference between the two groups is a sign of that, or of a change of the venue.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cycledata.errors import ScoringError
from cycleeval.aligned import AlignedModel, AlignedPapers, Mask, align, on_scale, with_form
from cycleeval.bootstrap import evaluate, resampled_weights
from cycleeval.estimates import percentile_result
from cycleeval.human_ratings import HumanRatings
from cycleeval.metrics import model_statistics
from cycleeval.paper_statistics import PaperStatistics
from cycleeval.predictions import PredictionFile
from cycleeval.reference_texts import ReferencePaper
from cycleeval.result import MetricResult, Signature
from cycleeval.scoring_config import ScoringConfig

MIN_PAPERS = 10
"""Fewest papers on each side of the cut-off (our choice)."""


@dataclass(frozen=True, slots=True)
class CutoffRow:
    """One metric before and after a cut-off."""

    before: MetricResult
    after: MetricResult
    difference: MetricResult
    """After minus before; both groups are resampled independently."""


@dataclass(frozen=True, slots=True)
class CutoffReport:
    """Every metric before and after a cut-off."""

    cutoff: dt.date
    n_before: int
    """Scored papers that were public before that day."""
    n_after: int
    """Scored papers first public on that day or later."""
    n_undated: int
    """Scored papers without a date, which are in neither group."""
    rows: Mapping[str, CutoffRow]

    def to_json(self) -> dict[str, object]:
        """Return the report as ``--json`` prints it."""
        return {
            "cutoff": self.cutoff.isoformat(),
            "n_before": self.n_before,
            "n_after": self.n_after,
            "n_undated": self.n_undated,
            "metrics": {
                name: {
                    "before": row.before.to_json(),
                    "after": row.after.to_json(),
                    "difference": row.difference.to_json(),
                }
                for name, row in self.rows.items()
            },
        }


def score_by_cutoff(
    file: PredictionFile,
    humans: HumanRatings,
    papers: Mapping[str, ReferencePaper],
    cutoff: dt.date,
    config: ScoringConfig | None = None,
) -> CutoffReport:
    """Score a model on papers public before a day, and on the others.

    Constants and thresholds are those of all scored papers, so that both groups are measured
    against the same ones.

    Args:
        file: the predictions.
        humans: the human ratings.
        papers: gives the dates.
        cutoff: first day that the model's training data does not cover.
        config: options.

    Raises:
        ScoringError: no dates, or fewer than ten papers on one side.
    """
    options = with_form(config, humans)
    aligned, resolved = align(on_scale(file, options), humans, options)
    ids = aligned.humans.paper_ids
    days = [paper.public if (paper := papers.get(paper_id)) else None for paper_id in ids]
    if not any(days):
        raise ScoringError(
            f"{humans.name}: --cutoff needs a date per paper, found none; give a build or a table "
            "with a column submitted or published"
        )
    after = np.array([day is not None and day >= cutoff for day in days])
    before = np.array([day is not None and day < cutoff for day in days])
    if min(before.sum(), after.sum()) < MIN_PAPERS:
        known = [day for day in days if day is not None]
        raise ScoringError(
            f"{humans.name}: expected at least {MIN_PAPERS} papers on each side of {cutoff}, found "
            f"{before.sum()} before and {after.sum()} after; the papers are from {min(known)} to "
            f"{max(known)}"
        )
    groups = []
    for place, chosen in enumerate((before, after)):
        statistics = model_statistics(_select(aligned, chosen), resolved)
        groups.append(_Group(statistics, int(chosen.sum()), options, seed_step=place))
    unreadable = len(file.unreadable)
    common = [name for name in groups[0].values if name in groups[1].values]
    return CutoffReport(
        cutoff,
        int(before.sum()),
        int(after.sum()),
        len(ids) - int(before.sum()) - int(after.sum()),
        {name: _row(name, groups[0], groups[1], cutoff, unreadable) for name in common},
    )


class _Group:
    """The papers on one side: values and resampled values of every statistic."""

    def __init__(
        self, statistics: PaperStatistics, n_papers: int, config: ScoringConfig, *, seed_step: int
    ) -> None:
        plain = {name: found.statistic for name, found in statistics.items()}
        self.statistics = statistics
        self.values = evaluate(plain, [np.ones((1, n_papers))])
        self.drawn = evaluate(
            plain,
            resampled_weights(n_papers, resamples=config.resamples, seed=config.seed + seed_step),
        )
        self.config = config


def _row(name: str, before: _Group, after: _Group, cutoff: dt.date, n_unreadable: int) -> CutoffRow:
    sides = [
        percentile_result(
            name,
            float(group.values[name][0]),
            group.drawn[name],
            group.statistics[name].n_papers,
            _signed(group.statistics[name].signature, group, f"{side}-{cutoff}"),
            n_unreadable=n_unreadable,
        )
        for side, group in (("before", before), ("after", after))
    ]
    signature = _signed(after.statistics[name].signature, after, f"difference-{cutoff}")
    difference = percentile_result(
        name,
        float(after.values[name][0] - before.values[name][0]),
        after.drawn[name] - before.drawn[name],
        before.statistics[name].n_papers + after.statistics[name].n_papers,
        signature,
        n_unreadable=n_unreadable,
    )
    return CutoffRow(sides[0], sides[1], difference)


def _signed(signature: Signature, group: _Group, public: str) -> Signature:
    config = group.config
    return signature.extended(
        public=public, ci="percentile", boot=config.resamples, seed=config.seed
    )


def _select(papers: AlignedPapers, chosen: Mask) -> AlignedPapers:
    model = papers.model
    kept = AlignedModel(
        model.rating[chosen],
        model.accept[chosen],
        {name: values[chosen] for name, values in model.aspects.items()},
        model.simulated.select(chosen),
        tuple(p for p, keep in zip(model.predictions, chosen, strict=True) if keep),
    )
    return AlignedPapers(papers.humans.select(chosen), kept)
