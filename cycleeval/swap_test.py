"""The swap test of two models: what remains of a difference if papers exchange their answers."""

from collections.abc import Collection, Iterator
from dataclasses import replace

import numpy as np

from cycleeval.aligned import AlignedHumans, AlignedModel, AlignedPapers, ResolvedConfig
from cycleeval.bootstrap import evaluate, swap_weights
from cycleeval.metrics import chosen_statistics
from cycleeval.paper_statistics import PaperStatistics
from cycleeval.ragged import Floats, Ragged
from cycleeval.rank import midranks
from cycleeval.ratios import centered
from cycleeval.scoring_config import ScoringConfig

RANK_METRICS = ("auroc", "spearman", "kendall_tau_b", "pairwise_accuracy")
"""Metrics that use only the order of a model's ratings."""
LINEAR_METRICS = ("disattenuated_correlation", "skill_recalibrated")
"""Metrics that a linear change of a model's ratings does not change."""


def stacked_statistics(
    a: AlignedPapers, b: AlignedPapers, resolved: ResolvedConfig, metrics: Collection[str] | None
) -> PaperStatistics:
    """Return statistics of A's papers followed by B's, for swapping.

    A metric that no rescaling of a model's ratings changes is tested on ratings rescaled in the
    same way; otherwise the test would detect how the two models use the scale instead of how they
    order papers (Venkatraman and Begg 1996, for ROC curves).
    """
    found = chosen_statistics(_stacked(a, b), resolved, metrics)
    for names, rescaled in ((RANK_METRICS, midranks), (LINEAR_METRICS, standard_scores)):
        same_scale = [_rescaled(papers, rescaled(papers.model.rating)) for papers in (a, b)]
        again = chosen_statistics(_stacked(*same_scale), resolved, metrics)
        found |= {name: again[name] for name in names if name in again}
    return found


def standard_scores(rating: Floats) -> Floats:
    """Return ratings less their mean, in units of their spread; 0 if they never vary."""
    own = centered(rating)
    return np.asarray(own / (own.std() if own.any() else 1.0))


def _rescaled(papers: AlignedPapers, rating: Floats) -> AlignedPapers:
    return replace(papers, model=replace(papers.model, rating=rating))


def swapped_differences(
    both: PaperStatistics, n_papers: int, config: ScoringConfig
) -> dict[str, Floats]:
    """Return differences after swapping the two models on random papers.

    The statistics are of A's papers followed by B's, so a weight of 1 on a paper of the first half
    and 0 on the same paper of the second keeps A, and 0 and 1 put B in its place.
    """
    named = {name: statistic.statistic for name, statistic in both.items()}

    def coins() -> Iterator[Floats]:
        return swap_weights(n_papers, resamples=config.resamples, seed=config.seed)

    as_a = evaluate(named, (np.hstack([kept, 1 - kept]) for kept in coins()))
    as_b = evaluate(named, (np.hstack([1 - kept, kept]) for kept in coins()))
    with np.errstate(invalid="ignore"):  # the worth of a model that is always right is infinite
        return {name: as_a[name] - as_b[name] for name in named}


def _stacked(a: AlignedPapers, b: AlignedPapers) -> AlignedPapers:
    """Return both models one after the other, each with the same humans."""
    twice = np.tile(np.arange(len(a.humans.paper_ids)), 2)
    humans = a.humans
    doubled = AlignedHumans(
        humans.paper_ids + humans.paper_ids,
        _repeated(humans.ratings, humans.ratings),
        humans.accepted[twice],
        {name: _repeated(ratings, ratings) for name, ratings in humans.aspects.items()},
        None if humans.left_out is None else humans.left_out[twice],
    )
    model = AlignedModel(
        np.concatenate([a.model.rating, b.model.rating]),
        np.concatenate([a.model.accept, b.model.accept]),
        {
            name: np.concatenate([ratings, b.model.aspects[name]])
            for name, ratings in a.model.aspects.items()
            if name in b.model.aspects
        },
        _repeated(a.model.simulated, b.model.simulated),
        a.model.predictions + b.model.predictions,
    )
    return AlignedPapers(doubled, model)


def _repeated(first: Ragged, second: Ragged) -> Ragged:
    return Ragged(
        np.concatenate([first.values, second.values]),
        np.concatenate([first.paper, second.paper + len(first)]),
        np.concatenate([first.counts, second.counts]),
    )
