"""Every reported metric as a named statistic of weights over papers, with its signature."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from cycleeval import agreement, decision
from cycleeval.aligned import AlignedHumans, AlignedPapers, LearnedConstant, ResolvedConfig, named
from cycleeval.baselines import noise_floor
from cycleeval.bootstrap import OfSums, Prepared, Statistic
from cycleeval.proxy import PROXIES, Proxy, human_error, leave_one_out_means, proxy_error
from cycleeval.ragged import Floats, Ragged
from cycleeval.rank import (
    Cells,
    Mass,
    cells,
    kendall_tau_b_of,
    pairwise_accuracy_of,
    spearman_of,
    weigh,
)
from cycleeval.result import Signature, signature
from cycleeval.scoring_config import ScoringConfig
from cycleeval.spread import duplicate_pairs


@dataclass(frozen=True, slots=True)
class PaperStatistic:
    """One metric on one set of papers."""

    statistic: Statistic
    """From weights of the panel's papers, shape (resamples, n_papers), to (resamples,)."""
    n_papers: int
    """Papers that take part."""
    signature: Signature
    """Definition without the sampling."""
    why_undefined: str = "no paper takes part"
    """What to say when the value is NaN."""


PaperStatistics = dict[str, PaperStatistic]
Parts = dict[str, str]


def model_statistics(
    panel: AlignedPapers, rules: ResolvedConfig, config: ScoringConfig, *, ref: str
) -> PaperStatistics:
    """All metrics of a model, in the order of reports."""
    low, high = config.scale
    parts = {"policy": config.policy, "scale": f"{low:g}-{high:g}", "ref": ref}
    views = panel.humans.views()
    found = _proxies(views[""], panel.model.rating, "", config, parts)
    found |= _against_constant_and_noise(panel, rules, config, parts)
    for aspect, marks in panel.model.aspects.items():
        found |= _proxies(views[aspect], marks, aspect, config, parts)
    found |= _decisions(panel, rules, config, parts)
    found |= _ranks(panel, parts)
    found |= _simulated(panel, parts)
    return found


def human_statistics(
    humans: AlignedHumans, rules: ResolvedConfig, config: ScoringConfig, *, ref: str
) -> PaperStatistics:
    """All metrics of the human reviewers themselves, each against the others."""
    found: PaperStatistics = {}
    for mark, view in humans.views().items():
        weights = _paper_weights(view.ratings, config)
        for name, proxy in PROXIES.items():
            # In mode n a human is part of the mean that judges them, which no model is.
            mode = "n-own-included" if proxy.mode == "n" else proxy.mode
            signed = _signed(proxy, view, mark, config, {"ref": ref}, mode=mode)
            found[named(name, mark)] = _mean(_human_errors(view, proxy), weights, signed)
    found |= _human_decisions(humans, rules, ref)
    found |= _human_ranks(humans.ratings, ref)
    return found | _agreement(humans.ratings, ref)


def constant_statistics(
    humans: AlignedHumans, rules: ResolvedConfig, config: ScoringConfig, *, ref: str
) -> PaperStatistics:
    """Proxy errors of the best constants."""
    found: PaperStatistics = {}
    for mark, view in humans.views().items():
        for name in PROXIES:
            constant = rules.constants.get(named(name, mark))
            if constant is None:
                continue
            answer = np.full(len(view.ratings), constant.value)
            parts = {**_answer(constant), "ref": ref}
            both = _proxies(view, answer, mark, config, parts)
            found[named(name, mark)] = both[named(name, mark)]
    return found


def majority_statistics(
    humans: AlignedHumans, rules: ResolvedConfig, *, ref: str
) -> PaperStatistics:
    """Decision metrics of always deciding as the majority does."""
    if rules.accept_all is None:
        return {}
    said = np.full(len(humans.accepted), rules.accept_all)
    parts = {
        "over": "papers",
        "answer": "accept" if rules.accept_all else "reject",
        "learned": rules.majority_from,
        "ref": ref,
    }
    return _rates(_outcomes(said, humans.accepted), int(np.isfinite(humans.accepted).sum()), parts)


def noise_statistics(humans: AlignedHumans, config: ScoringConfig, *, ref: str) -> PaperStatistics:
    """Proxy MSE that even the true rating would have; drawing a reviewer does not change it."""
    view = replace(humans, left_out=None)
    weights = _paper_weights(humans.ratings, config)
    return {
        name: _mean(
            noise_floor(humans.ratings, mode=PROXIES[name].mode),
            weights,
            _signed(PROXIES[name], view, "", config, {"ref": ref}),
        )
        for name in ("proxy_mse_n1", "proxy_mse_n")
    }


def _answer(constant: LearnedConstant) -> Parts:
    return {"answer": f"{constant.value:.6g}", "learned": constant.learned_from}


def _signed(
    proxy: Proxy,
    humans: AlignedHumans,
    mark: str,
    config: ScoringConfig,
    parts: Parts,
    *,
    mode: str | None = None,
) -> Signature:
    left_out = None
    if proxy.mode == "n-1":
        left_out = "every" if humans.left_out is None else f"one-seed-{config.left_out_seed}"
    return signature(
        proxy.metric,
        mode=mode or proxy.mode,
        left_out=left_out,
        over=config.over,
        mark=mark or "rating",
        **parts,
    )


def _proxies(
    humans: AlignedHumans, rating: Floats, mark: str, config: ScoringConfig, parts: Parts
) -> PaperStatistics:
    """The four proxy errors of one rating a paper, NaN where there is none."""
    found: PaperStatistics = {}
    for name, proxy in PROXIES.items():
        drawn = humans.left_out if proxy.mode == "n-1" else None
        enough = humans.ratings.counts >= (2 if proxy.mode == "n-1" else 1)
        usable = enough & np.isfinite(rating)
        values = np.full(len(rating), np.nan)
        if usable.any():
            values[usable] = proxy_error(
                rating[usable],
                humans.ratings.select(usable),
                mode=proxy.mode,
                loss=proxy.loss,
                left_out=None if drawn is None else drawn[usable],
            )
        found[named(name, mark)] = _mean(
            values,
            _paper_weights(humans.ratings, config),
            _signed(proxy, humans, mark, config, parts),
        )
    return found


def _human_errors(humans: AlignedHumans, proxy: Proxy) -> Floats:
    """Human proxy errors, NaN where a paper has fewer than two ratings."""
    drawn = humans.left_out if proxy.mode == "n-1" else None
    paired = humans.ratings.counts > 1
    values = np.full(len(paired), np.nan)
    if paired.any():
        values[paired] = human_error(
            humans.ratings.select(paired),
            mode=proxy.mode,
            loss=proxy.loss,
            left_out=None if drawn is None else drawn[paired],
        )
    return values


def _against_constant_and_noise(
    panel: AlignedPapers, rules: ResolvedConfig, config: ScoringConfig, parts: Parts
) -> PaperStatistics:
    ratings, rating = panel.humans.ratings, panel.model.rating
    constant = rules.constants["proxy_mse_n"]
    weights = _paper_weights(ratings, config)
    errors = proxy_error(rating, ratings, mode="n")
    theirs = proxy_error(np.full(len(rating), constant.value), ratings, mode="n")
    shared = {"mode": "n", "over": config.over, **parts}

    def skill(sums: Floats) -> Floats:
        return 1 - _quotient(sums)

    return {
        "skill_mse": PaperStatistic(
            OfSums(np.stack([errors * weights, theirs * weights], axis=1), skill),
            len(ratings),
            signature("skill_mse", **shared, **_answer(constant)),
            "the constant makes no error at all",
        ),
        "mse_above_noise": _mean(
            errors - noise_floor(ratings), weights, signature("mse_above_noise", **shared)
        ),
    }


def _decisions(
    panel: AlignedPapers, rules: ResolvedConfig, config: ScoringConfig, parts: Parts
) -> PaperStatistics:
    known = np.isfinite(panel.humans.accepted)
    if not known.any():
        return {}
    stated = [p is not None and p.decision is not None for p in panel.model.predictions]
    rule = f"mean>={rules.threshold:g}-{rules.threshold_from}"
    if config.decide_by == "stated" and any(stated):
        rule = "stated" if all(stated) else f"stated-else-{rule}"
    shared, n_papers = {"over": "papers", **parts}, int(known.sum())
    counts = _outcomes(panel.model.accept == 1, panel.humans.accepted)
    found = _rates(counts, n_papers, {"decide": rule, **shared})
    of = cells(panel.model.rating[known], panel.humans.accepted[known], np.flatnonzero(known))
    return found | _on_cells({"auroc": pairwise_accuracy_of}, of, n_papers, shared)


def _human_decisions(humans: AlignedHumans, rules: ResolvedConfig, ref: str) -> PaperStatistics:
    """Single reviews against the decision, pooled over reviews."""
    flat = humans.ratings
    known = np.isfinite(humans.accepted)[flat.paper]
    if not known.any():
        return {}
    unit, was = flat.paper[known], humans.accepted[flat.paper][known] == 1
    said = flat.values[known] >= rules.threshold
    counts = decision.outcome_counts(said, was, unit=unit, n_units=len(flat))
    rule = f"review>={rules.threshold:g}-{rules.threshold_from}"
    shared, n_papers = {"over": "reviews", "ref": ref}, len(np.unique(unit))
    found = _rates(counts, n_papers, {"decide": rule, **shared})
    of = cells(flat.values[known], was.astype(np.float64), unit)
    return found | _on_cells({"auroc": pairwise_accuracy_of}, of, n_papers, shared)


def _rates(counts: Floats, n_papers: int, parts: Parts) -> PaperStatistics:
    why = "it needs both decisions, on the side of the truth and of the one who is judged"
    return {
        name: PaperStatistic(OfSums(counts, rate), n_papers, signature(name, **parts), why)
        for name, rate in decision.RATES.items()
    }


_RANKS: dict[str, Callable[[Mass], Floats]] = {
    "spearman": spearman_of,
    "kendall_tau_b": kendall_tau_b_of,
    "pairwise_accuracy": pairwise_accuracy_of,
}


def _agreement(ratings: Ragged, ref: str) -> PaperStatistics:
    """Alpha and ICC of the human ratings."""
    n_paired = int((ratings.counts > 1).sum())
    if not n_paired:
        return {}
    of = agreement.patterns(ratings)
    held = of.held
    squares = partial(agreement.mean_squares, ratings)
    statistics: dict[str, Statistic] = {
        "alpha_ordinal": Prepared(held, partial(agreement.alpha_ordinal_of, of)),
        "alpha_interval": Prepared(held, partial(agreement.alpha_interval_of, of)),
        "icc_1_1": Prepared(squares, agreement.icc_single_of),
        "icc_1_k": Prepared(squares, agreement.icc_mean_of),
    }
    return {
        name: PaperStatistic(
            statistic, n_paired, signature(name, ref=ref), "the ratings do not vary"
        )
        for name, statistic in statistics.items()
    }


def _on_cells(
    statistics: Mapping[str, Callable[[Mass], Floats]], of: Cells, n_papers: int, parts: Parts
) -> PaperStatistics:
    """Rank statistics that share the weighing of their cells."""
    weighed = partial(weigh, of)
    return {
        name: PaperStatistic(
            Prepared(weighed, statistic),
            n_papers,
            signature(name, **parts),
            "one of the two sides never varies",
        )
        for name, statistic in statistics.items()
    }


def _ranks(panel: AlignedPapers, parts: Parts) -> PaperStatistics:
    ratings, rating = panel.humans.ratings, panel.model.rating
    shared = {"over": "papers", **parts}
    of = cells(rating, ratings.means())
    found = _on_cells(_RANKS, of, len(ratings), shared)
    found["disattenuated_correlation"] = PaperStatistic(
        partial(agreement.disattenuated_of, rating, ratings),
        len(ratings),
        signature("disattenuated_correlation", **shared),
        "the predictions do not vary, or the humans do not agree beyond chance",
    )
    paired = ratings.counts > 1
    wins = np.full(len(ratings), np.nan)
    if paired.any():
        wins[paired] = agreement.replacement_wins(rating[paired], ratings.select(paired))
    found["replace_one_human"] = _mean(
        wins, np.ones(len(ratings)), signature("replace_one_human", **shared)
    )
    return found


def _human_ranks(ratings: Ragged, ref: str) -> PaperStatistics:
    """Each rating against the mean of the paper's others, pooled over reviews."""
    paired = ratings.counts > 1
    if not paired.any():
        return {}
    flat = ratings.select(paired)
    of = cells(flat.values, leave_one_out_means(flat), np.flatnonzero(paired)[flat.paper])
    shared = {"mode": "n-1", "over": "reviews", "ref": ref}
    return _on_cells(_RANKS, of, int(paired.sum()), shared)


def _simulated(panel: AlignedPapers, parts: Parts) -> PaperStatistics:
    """Spread and duplicates, where the model simulates two reviewers or more."""
    simulated, humans = panel.model.simulated, panel.humans.ratings
    both = (simulated.counts > 1) & (humans.counts > 1)
    if not both.any():
        return {}
    own = np.where(both, simulated.variances(), 0.0)
    theirs = np.where(both, humans.variances(), 0.0)
    shared = {"over": "papers", **parts}
    marks = [() if p is None else p.reviewers() for p in panel.model.predictions]
    return {
        "spread_ratio": PaperStatistic(
            OfSums(np.stack([own, theirs], axis=1), _quotient),
            int(both.sum()),
            signature("spread_ratio", **shared),
            "the humans never differ",
        ),
        "duplicate_reviewer_rate": _mean(
            duplicate_pairs(marks),
            np.ones(len(marks)),
            signature("duplicate_reviewer_rate", **shared),
        ),
    }


def _outcomes(said: NDArray[np.bool_], accepted: Floats) -> Floats:
    known = np.isfinite(accepted)
    return decision.outcome_counts(
        said[known], accepted[known] == 1, unit=np.flatnonzero(known), n_units=len(accepted)
    )


def _mean(values: Floats, weights: Floats, signed: Signature) -> PaperStatistic:
    """Weighted mean over the papers where the value is not NaN."""
    used = np.where(np.isfinite(values), weights, 0.0)
    columns = np.stack([np.nan_to_num(values) * used, used], axis=1)
    return PaperStatistic(OfSums(columns, _quotient), int((used > 0).sum()), signed)


def _paper_weights(ratings: Ragged, config: ScoringConfig) -> Floats:
    if config.over == "reviews":
        return ratings.counts.astype(np.float64)
    return np.ones(len(ratings))


def _quotient(sums: Floats) -> Floats:
    """First sum over the second, which is NaN where that is 0."""
    numerator, denominator = sums[:, 0], sums[:, 1]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(denominator > 0, numerator / denominator, np.nan))
