"""Every reported metric as a statistic of weights over papers, with its signature.

Metrics that put one simulated reviewer or a committee of humans in the place of the model's mean
are in `equal_footing`.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from itertools import compress
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cycleeval import agreement, decision
from cycleeval.aligned import (
    AlignedHumans,
    AlignedPapers,
    LearnedConstant,
    Mask,
    ResolvedConfig,
    with_aspect,
)
from cycleeval.baselines import noise_floor
from cycleeval.bootstrap import OfSums, Prepared, Statistic
from cycleeval.proxy import PROXIES, Proxy, human_error, leave_one_out_means, proxy_error
from cycleeval.ragged import Floats, Integers, Ragged
from cycleeval.rank import (
    Cells,
    Mass,
    cells,
    kendall_tau_b_of,
    pairwise_accuracy_of,
    spearman_of,
    weigh,
)
from cycleeval.ratios import ratio
from cycleeval.result import Signature, digest, signature

IntervalMethod = Literal["bca", "exact", "balanced", "table", "auroc", "percentile"]
"""``bca``: bootstrap. ``exact``: Clopper-Pearson. ``balanced``: of two exact intervals. ``table``:
Jeffreys posterior of a two by two table. ``auroc``: logit DeLong. ``percentile``:
percentiles of the bootstrap, for a value that may be infinite."""


@dataclass(frozen=True, slots=True)
class PaperStatistic:
    """One metric on one set of papers."""

    statistic: Statistic
    """From weights of the papers, shape (resamples, n_papers), to values, shape (resamples,)."""
    n_papers: int
    """Papers that the value is computed from."""
    signature: Signature
    """Procedure and data, without the sampling."""
    why_undefined: str = "no paper can be used"
    """Reason to give if the value is NaN."""
    interval: IntervalMethod = "bca"
    """How its interval is computed."""
    counts: Floats | None = None
    """Outcome counts per paper, shape (n_papers, 4), for intervals of rates; for ``auroc``,
    negative and positive items per paper, shape (n_papers, 2)."""


PaperStatistics = dict[str, PaperStatistic]
Parts = dict[str, object]


@dataclass(frozen=True, slots=True)
class Signer:
    """Signatures of one answerer on some papers."""

    by: str
    """Who is scored: ``"model"``, ``"human"``, ``"constant"``, ``"majority"`` or ``"noise"``."""
    paper_ids: tuple[str, ...]
    resolved: ResolvedConfig
    shared: Parts = field(default_factory=dict)
    """Parts of every signature."""

    def sign(self, metric: str, used: Mask, *, train: bool = False, **parts: object) -> Signature:
        """Return a signature with the data: human ratings, papers used and training split.

        Args:
            metric: name of the metric.
            used: papers that the value is computed from, shape (n_papers,).
            train: whether the value depends on the training split.
            parts: further parts, in the order of printing.
        """
        depends = train or self.shared.get("policy") == "constant"
        return signature(
            metric,
            **parts,
            by=self.by,
            **self.shared,
            train=(self.resolved.train or "none") if depends else None,
            ref=self.resolved.reference,
            papers=_digest(tuple(compress(self.paper_ids, used))),
        )


@lru_cache(maxsize=256)
def _digest(paper_ids: tuple[str, ...]) -> str:
    """Return the digest of papers; most statistics use the same ones."""
    return digest(list(paper_ids))


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
    found |= _against_constant_and_noise(papers, signer)
    for aspect, ratings in papers.model.aspects.items():
        found |= proxy_statistics(views[aspect], ratings, aspect, _for_aspect(signer))
    found |= _decisions(papers, signer)
    found |= _ranks(papers.humans.ratings, papers.model.rating, "", signer)
    for aspect, ratings in papers.model.aspects.items():
        found |= _ranks(views[aspect].ratings, ratings, aspect, _for_aspect(signer))
    found |= _model_agreement(papers, signer)
    found |= _simulated(papers, signer)
    return found | model_on_equal_footing(papers, signer)


def chosen_statistics(
    papers: AlignedPapers, resolved: ResolvedConfig, metrics: Collection[str] | None
) -> PaperStatistics:
    """Return the metrics of a model with these names; all of them if None."""
    found = model_statistics(papers, resolved)
    return {name: s for name, s in found.items() if metrics is None or name in metrics}


def _for_aspect(signer: Signer) -> Signer:
    low, high = signer.resolved.options.aspect_scale
    return replace(signer, shared={**signer.shared, "scale": f"{low:g}-{high:g}"})


def human_statistics(humans: AlignedHumans, resolved: ResolvedConfig) -> PaperStatistics:
    """Return all metrics of the human reviewers themselves, each against the others."""
    from cycleeval.equal_footing import humans_on_equal_footing

    signer = _reference_signer("human", humans, resolved)
    found: PaperStatistics = {}
    for aspect, view in humans.views().items():
        own = _for_aspect(signer) if aspect else signer
        weights = paper_weights(view.ratings, own)
        for name, proxy in PROXIES.items():
            # In mode n the mean contains the human's own rating, which it does for no model.
            mode = "n-own-included" if proxy.mode == "n" else proxy.mode
            values = _human_errors(view, proxy)
            used = np.isfinite(values)
            found[with_aspect(name, aspect)] = mean_statistic(
                values, weights, _sign_proxy(proxy, view, aspect, own, used, mode=mode)
            )
    found |= _human_decisions(humans, signer)
    found |= _human_ranks(humans.ratings, signer)
    found |= _human_agreement(humans.ratings, signer)
    return found | humans_on_equal_footing(humans, signer)


def constant_statistics(humans: AlignedHumans, resolved: ResolvedConfig) -> PaperStatistics:
    """Return the proxy errors of the best constants."""
    signer = _reference_signer("constant", humans, resolved)
    found: PaperStatistics = {}
    for aspect, view in humans.views().items():
        own = _for_aspect(signer) if aspect else signer
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
    parts: Parts = {
        "over": "papers",
        "answer": "accept" if resolved.accept_all else "reject",
        "learned": resolved.majority_from,
    }
    said = np.full(len(humans.accepted), resolved.accept_all)
    known = np.isfinite(humans.accepted)
    return _rates(_outcomes(said, humans.accepted), known, parts, signer, train=True)


def noise_statistics(humans: AlignedHumans, resolved: ResolvedConfig) -> PaperStatistics:
    """Return the proxy MSE of the true rating; drawing a reviewer does not change it."""
    signer = _reference_signer("noise", humans, resolved)
    view = replace(humans, left_out=None)
    weights = paper_weights(humans.ratings, signer)
    found: PaperStatistics = {}
    for name in ("proxy_mse_n1", "proxy_mse_n"):
        values = noise_floor(humans.ratings, mode=PROXIES[name].mode)
        signed = _sign_proxy(PROXIES[name], view, "", signer, np.isfinite(values))
        found[name] = mean_statistic(values, weights, signed)
    return found


def _reference_signer(by: str, humans: AlignedHumans, resolved: ResolvedConfig) -> Signer:
    low, high = resolved.options.rating_scale
    return Signer(by, humans.paper_ids, resolved, {"scale": f"{low:g}-{high:g}"})


def _answer(constant: LearnedConstant) -> Parts:
    return {"answer": f"{constant.value:.6g}", "learned": constant.learned_from}


def _sign_proxy(
    proxy: Proxy,
    humans: AlignedHumans,
    aspect: str,
    signer: Signer,
    used: Mask,
    *,
    mode: str | None = None,
    train: bool = False,
) -> Signature:
    left_out, drawn = None, None
    if proxy.mode == "n-1":
        left_out = "every"
        if humans.left_out is not None:
            left_out = f"one-seed-{signer.resolved.options.left_out_seed}"
            drawn = digest(_drawn_ratings(humans, used))
    return signer.sign(
        proxy.metric,
        used,
        train=train,
        mode=mode or proxy.mode,
        left_out=left_out,
        drawn=drawn,
        over=signer.resolved.options.over,
        rating=aspect or "overall",
    )


def _drawn_ratings(humans: AlignedHumans, used: Mask) -> list[float]:
    """Return the drawn reviewer's rating per paper: the draw is part of the procedure."""
    assert humans.left_out is not None
    starts = np.cumsum(humans.ratings.counts) - humans.ratings.counts
    places = (starts + humans.left_out)[used & (humans.ratings.counts > 0)]
    return [float(value) for value in humans.ratings.values[places]]


def proxy_statistics(
    humans: AlignedHumans, rating: Floats, aspect: str, signer: Signer, *, train: bool = False
) -> PaperStatistics:
    """Return the four proxy errors of one rating per paper, NaN for a paper without one."""
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
        found[with_aspect(name, aspect)] = mean_statistic(
            values,
            paper_weights(humans.ratings, signer),
            _sign_proxy(proxy, humans, aspect, signer, usable, train=train),
        )
    return found


def _human_errors(humans: AlignedHumans, proxy: Proxy) -> Floats:
    """Return human proxy errors, NaN for a paper with fewer than two ratings."""
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


def _against_constant_and_noise(papers: AlignedPapers, signer: Signer) -> PaperStatistics:
    ratings, rating = papers.humans.ratings, papers.model.rating
    constant = signer.resolved.constants["proxy_mse_n"]
    weights = paper_weights(ratings, signer)
    errors = proxy_error(rating, ratings, mode="n")
    theirs = proxy_error(np.full(len(rating), constant.value), ratings, mode="n")
    noise = noise_floor(ratings)
    everyone = np.ones(len(ratings), dtype=bool)
    paired = np.isfinite(noise)
    over = signer.resolved.options.over
    versus = f"{constant.value:.6g}-{constant.learned_from}"
    sign_skill = partial(signer.sign, train=True, mode="n", over=over, constant=versus)
    skilled = np.stack([errors * weights, theirs * weights], axis=1)
    used = np.where(paired, weights, 0.0)
    above_chance = np.stack([(theirs - errors) * used, (theirs - np.nan_to_num(noise)) * used], 1)
    ceiling = np.stack([np.nan_to_num(noise) * used, theirs * used], axis=1)
    no_error = "the constant makes no error at all"
    no_room = "the constant is as close as the noise of the human mean allows"
    return {
        "skill_mse": PaperStatistic(
            OfSums(skilled, lambda sums: 1 - quotient(sums)),
            len(ratings),
            sign_skill("skill_mse", everyone),
            no_error,
        ),
        "skill_ceiling": PaperStatistic(
            OfSums(ceiling, lambda sums: 1 - quotient(sums)),
            int(paired.sum()),
            sign_skill("skill_ceiling", paired),
            no_error,
        ),
        "skill_of_ceiling": PaperStatistic(
            OfSums(above_chance, quotient),
            int(paired.sum()),
            sign_skill("skill_of_ceiling", paired),
            no_room,
        ),
        "mse_above_noise": mean_statistic(
            errors - noise, weights, signer.sign("mse_above_noise", paired, mode="n", over=over)
        ),
    }


def _decisions(papers: AlignedPapers, signer: Signer) -> PaperStatistics:
    known = np.isfinite(papers.humans.accepted)
    if not known.any():
        return {}
    resolved = signer.resolved
    stated = np.array([p is not None and p.decision is not None for p in papers.model.predictions])
    rule = f"mean>={resolved.threshold:g}-{resolved.threshold_from}"
    learned = resolved.threshold_from == "train"
    if resolved.options.decide_by == "stated" and stated.any():
        rule = "stated" if stated.all() else f"stated-else-{rule}"
    counts = _outcomes(papers.model.accept == 1, papers.humans.accepted)
    found = _rates(counts, known, {"decide": rule, "over": "papers"}, signer, train=learned)
    return found | _auroc(
        papers.model.rating[known],
        papers.humans.accepted[known],
        np.flatnonzero(known),
        signer.sign("auroc", known, over="papers"),
        len(known),
    )


def _human_decisions(humans: AlignedHumans, signer: Signer) -> PaperStatistics:
    """Return single reviews against the decision, pooled over reviews."""
    flat, resolved = humans.ratings, signer.resolved
    known = np.isfinite(humans.accepted)[flat.paper]
    if not known.any():
        return {}
    unit, was = flat.paper[known], humans.accepted[flat.paper][known] == 1
    accepts = flat.values[known] >= resolved.threshold
    counts = decision.outcome_counts(accepts, was, unit=unit, n_units=len(flat))
    used = np.isin(np.arange(len(flat)), unit)
    rule = f"review>={resolved.threshold:g}-{resolved.threshold_from}"
    found = _rates(
        counts,
        used,
        {"decide": rule, "over": "reviews"},
        signer,
        train=resolved.threshold_from == "train",
    )
    signed = signer.sign("auroc", used, over="reviews")
    return found | _auroc(flat.values[known], was.astype(np.float64), unit, signed, len(flat))


_RATE_INTERVALS: dict[str, IntervalMethod] = {
    "decision_accuracy": "exact",
    "false_accept_rate": "exact",
    "false_reject_rate": "exact",
    "balanced_accuracy": "balanced",
    "decision_macro_f1": "table",
    "mcc": "table",
}


def _rates(
    counts: Floats, used: Mask, parts: Parts, signer: Signer, *, train: bool
) -> PaperStatistics:
    why = "both decisions must occur, among the papers and among the predictions"
    return {
        name: PaperStatistic(
            OfSums(counts, rate),
            int(used.sum()),
            signer.sign(name, used, train=train, **parts),
            why,
            _RATE_INTERVALS[name],
            counts,
        )
        for name, rate in decision.RATES.items()
    }


def _auroc(
    scores: Floats, positive: Floats, unit: Integers, signed: Signature, n_units: int
) -> PaperStatistics:
    items = np.zeros((n_units, 2))
    np.add.at(items, (unit, positive.astype(int)), 1.0)
    found = on_cells(
        {"auroc": pairwise_accuracy_of}, cells(scores, positive, unit), len(np.unique(unit)), signed
    )
    return {"auroc": replace(found["auroc"], interval="auroc", counts=items)}


_RANKS: dict[str, Callable[[Mass], Floats]] = {
    "spearman": spearman_of,
    "kendall_tau_b": kendall_tau_b_of,
    "pairwise_accuracy": pairwise_accuracy_of,
}


def on_cells(
    statistics: Mapping[str, Callable[[Mass], Floats]],
    of: Cells,
    n_papers: int,
    signed: Signature,
) -> PaperStatistics:
    """Return rank statistics that share the weighing of their cells.

    Args:
        statistics: by name; the name replaces the metric of the signature.
        of: the cells.
        n_papers: papers in them.
        signed: signature of any of them.
    """
    weighed = partial(weigh, of)
    return {
        name: PaperStatistic(
            Prepared(weighed, statistic),
            n_papers,
            replace(signed, metric=name),
            "one of the two sides never varies",
        )
        for name, statistic in statistics.items()
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


def _outcomes(accepts: NDArray[np.bool_], accepted: Floats) -> Floats:
    known = np.isfinite(accepted)
    return decision.outcome_counts(
        accepts[known], accepted[known] == 1, unit=np.flatnonzero(known), n_units=len(accepted)
    )


def mean_statistic(values: Floats, weights: Floats, signed: Signature) -> PaperStatistic:
    """Return the weighted mean over the papers whose value is not NaN."""
    used = np.where(np.isfinite(values), weights, 0.0)
    columns = np.stack([np.nan_to_num(values) * used, used], axis=1)
    return PaperStatistic(OfSums(columns, quotient), int((used > 0).sum()), signed)


def paper_weights(ratings: Ragged, signer: Signer) -> Floats:
    """Return the weight of each paper in a mean error."""
    if signer.resolved.options.over == "reviews":
        return ratings.counts.astype(np.float64)
    return np.ones(len(ratings))


def quotient(sums: Floats) -> Floats:
    """Return the first sum over the second, NaN where the second is not positive."""
    return ratio(sums[:, 0], sums[:, 1])
