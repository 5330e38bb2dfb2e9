"""Every reported metric as a statistic of weights over papers, with its signature.

Metrics that put one simulated reviewer or a committee of humans in the place of the model's mean
are in `equal_footing`.
"""

from collections.abc import Callable, Collection
from dataclasses import replace
from functools import partial

import numpy as np

from cycleeval import agreement
from cycleeval.aligned import (
    AlignedHumans,
    AlignedPapers,
    LearnedConstant,
    ResolvedConfig,
    with_aspect,
)
from cycleeval.bootstrap import OfSums, Prepared, Statistic
from cycleeval.decision_metrics import human_decisions, majority_decisions, model_decisions
from cycleeval.paper_statistics import (
    PaperStatistic,
    PaperStatistics,
    Parts,
    Signer,
    mean_statistic,
    on_cells,
    quotient,
)
from cycleeval.proxy import PROXIES, leave_one_out_means
from cycleeval.proxy_metrics import (
    against_constant_and_noise,
    human_proxy_statistics,
    noise_floor_statistics,
    proxy_statistics,
)
from cycleeval.ragged import Floats, Ragged
from cycleeval.rank import (
    Mass,
    cells,
    kendall_tau_b_of,
    pairwise_accuracy_of,
    spearman_of,
)


def model_statistics(papers: AlignedPapers, resolved: ResolvedConfig) -> PaperStatistics:
    """Return all metrics of a model, in the order of reports."""
    from cycleeval.equal_footing import model_on_equal_footing

    config = resolved.options
    low, high = config.rating_scale
    signer = Signer(
        "model",
        papers.humans.paper_ids,
        resolved,
        {"policy": config.policy, "scale": f"{low:g}-{high:g}"},
    )
    views = papers.humans.views()
    found = proxy_statistics(views[""], papers.model.rating, "", signer)
    found |= against_constant_and_noise(papers, signer)
    for aspect, ratings in papers.model.aspects.items():
        found |= proxy_statistics(views[aspect], ratings, aspect, signer.for_aspect())
    found |= model_decisions(papers, signer)
    found |= _ranks(papers.humans.ratings, papers.model.rating, "", signer)
    for aspect, ratings in papers.model.aspects.items():
        found |= _ranks(views[aspect].ratings, ratings, aspect, signer.for_aspect())
    found |= _model_agreement(papers, signer)
    found |= _simulated(papers, signer)
    return found | model_on_equal_footing(papers, signer)


def chosen_statistics(
    papers: AlignedPapers, resolved: ResolvedConfig, metrics: Collection[str] | None
) -> PaperStatistics:
    """Return the metrics of a model with these names; all of them if None."""
    found = model_statistics(papers, resolved)
    return {name: s for name, s in found.items() if metrics is None or name in metrics}


def human_statistics(humans: AlignedHumans, resolved: ResolvedConfig) -> PaperStatistics:
    """Return all metrics of the human reviewers themselves, each against the others."""
    from cycleeval.equal_footing import humans_on_equal_footing

    signer = _reference_signer("human", humans, resolved)
    found: PaperStatistics = {}
    for aspect, view in humans.views().items():
        found |= human_proxy_statistics(view, aspect, signer.for_aspect() if aspect else signer)
    found |= human_decisions(humans, signer)
    found |= _human_ranks(humans.ratings, signer)
    found |= _human_agreement(humans.ratings, signer)
    return found | humans_on_equal_footing(humans, signer)


def constant_statistics(humans: AlignedHumans, resolved: ResolvedConfig) -> PaperStatistics:
    """Return the proxy errors of the best constants."""
    signer = _reference_signer("constant", humans, resolved)
    found: PaperStatistics = {}
    for aspect, view in humans.views().items():
        own = signer.for_aspect() if aspect else signer
        for name in PROXIES:
            constant = resolved.constants.get(with_aspect(name, aspect))
            if constant is None:
                continue
            answer = np.full(len(view.ratings), constant.value)
            answered = replace(own, shared={**own.shared, **_answer(constant)})
            key = with_aspect(name, aspect)
            found[key] = proxy_statistics(view, answer, aspect, answered, train=True)[key]
    return found


def majority_statistics(humans: AlignedHumans, resolved: ResolvedConfig) -> PaperStatistics:
    """Return the decision metrics of the majority's decision for every paper."""
    if resolved.accept_all is None:
        return {}
    signer = _reference_signer("majority", humans, resolved)
    return majority_decisions(humans, resolved.accept_all, signer)


def noise_statistics(humans: AlignedHumans, resolved: ResolvedConfig) -> PaperStatistics:
    """Return the proxy MSE of the true rating; drawing a reviewer does not change it."""
    return noise_floor_statistics(humans, _reference_signer("noise", humans, resolved))


def _reference_signer(by: str, humans: AlignedHumans, resolved: ResolvedConfig) -> Signer:
    low, high = resolved.options.rating_scale
    return Signer(by, humans.paper_ids, resolved, {"scale": f"{low:g}-{high:g}"})


def _answer(constant: LearnedConstant) -> Parts:
    return {"answer": f"{constant.value:.6g}", "learned": constant.learned_from}


_RANKS: dict[str, Callable[[Mass], Floats]] = {
    "spearman": spearman_of,
    "kendall_tau_b": kendall_tau_b_of,
    "pairwise_accuracy": pairwise_accuracy_of,
}


def _ranks(ratings: Ragged, rating: Floats, aspect: str, signer: Signer) -> PaperStatistics:
    """Return the order of a model's ratings against that of the human means."""
    used = np.isfinite(rating) & (ratings.counts > 0)
    if not used.any():
        return {}
    of = cells(rating[used], ratings.means()[used], np.flatnonzero(used))
    signed = signer.sign("rank", used, over="papers", rating=aspect or "overall")
    found = on_cells(_RANKS, of, int(used.sum()), signed)
    return {with_aspect(name, aspect): statistic for name, statistic in found.items()}


def _human_ranks(ratings: Ragged, signer: Signer) -> PaperStatistics:
    """Return each rating against the mean of the paper's others, pooled over reviews."""
    paired = ratings.counts > 1
    if not paired.any():
        return {}
    flat = ratings.select(paired)
    of = cells(flat.values, leave_one_out_means(flat), np.flatnonzero(paired)[flat.paper])
    signed = signer.sign("rank", paired, mode="n-1", over="reviews", rating="overall")
    return on_cells(_RANKS, of, int(paired.sum()), signed)


def _model_agreement(papers: AlignedPapers, signer: Signer) -> PaperStatistics:
    ratings, rating = papers.humans.ratings, papers.model.rating
    everyone, paired = np.ones(len(ratings), dtype=bool), ratings.counts > 1
    wins = np.full(len(ratings), np.nan)
    if paired.any():
        wins[paired] = agreement.replacement_wins(rating[paired], ratings.select(paired))
    return {
        "disattenuated_correlation": PaperStatistic(
            partial(agreement.disattenuated_of, rating, ratings),
            len(ratings),
            signer.sign("disattenuated_correlation", everyone, over="papers"),
            "the predictions do not vary, or the humans do not agree beyond chance",
        ),
        "replace_one_human": mean_statistic(
            wins,
            np.ones(len(ratings)),
            signer.sign("replace_one_human", paired, over="papers"),
        ),
    }


def _human_agreement(ratings: Ragged, signer: Signer) -> PaperStatistics:
    """Return alpha and ICC of the human ratings."""
    paired = ratings.counts > 1
    if not paired.any():
        return {}
    of = agreement.patterns(ratings)
    squares = partial(agreement.mean_squares, ratings)
    weighed = of.weights
    statistics: dict[str, Statistic] = {
        "alpha_ordinal": Prepared(weighed, partial(agreement.alpha_ordinal_of, of)),
        "alpha_interval": Prepared(weighed, partial(agreement.alpha_interval_of, of)),
        "icc_1_1": Prepared(squares, agreement.icc_single_of),
        "icc_1_k": Prepared(squares, agreement.icc_mean_of),
    }
    used = paired | (ratings.counts > 0)
    return {
        name: PaperStatistic(
            statistic,
            int(paired.sum()),
            signer.sign(name, paired if name.startswith("alpha") else used),
            "the ratings do not vary",
        )
        for name, statistic in statistics.items()
    }


def _simulated(papers: AlignedPapers, signer: Signer) -> PaperStatistics:
    """Return spread and duplicates, if the model simulates at least two reviewers."""
    simulated, humans = papers.model.simulated, papers.humans.ratings
    both = (simulated.counts > 1) & (humans.counts > 1)
    if not both.any():
        return {}
    own = np.where(both, simulated.variances(), 0.0)
    theirs = np.where(both, humans.variances(), 0.0)
    reviewers = [() if p is None else p.reviewers() for p in papers.model.predictions]
    pairs = agreement.duplicate_pairs(reviewers)
    return {
        "spread_ratio": PaperStatistic(
            OfSums(np.stack([own, theirs], axis=1), quotient),
            int(both.sum()),
            signer.sign("spread_ratio", both, over="papers"),
            "the humans never differ",
        ),
        "duplicate_reviewer_rate": mean_statistic(
            pairs,
            np.ones(len(pairs)),
            signer.sign("duplicate_reviewer_rate", np.isfinite(pairs), over="papers"),
        ),
    }
