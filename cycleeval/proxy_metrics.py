"""Proxy errors, skill against a constant, and the noise of the human mean."""

from dataclasses import replace
from functools import partial

import numpy as np

from cycleeval.aligned import (
    AlignedHumans,
    AlignedPapers,
    Mask,
    with_aspect,
)
from cycleeval.baselines import noise_floor
from cycleeval.bootstrap import OfSums
from cycleeval.paper_statistics import (
    PaperStatistic,
    PaperStatistics,
    Signer,
    mean_statistic,
    paper_weights,
    quotient,
)
from cycleeval.proxy import PROXIES, Proxy, human_error, proxy_error
from cycleeval.ragged import Floats
from cycleeval.result import Signature, digest


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


def human_proxy_statistics(humans: AlignedHumans, aspect: str, signer: Signer) -> PaperStatistics:
    """Return the four proxy errors of each human reviewer against the others."""
    weights = paper_weights(humans.ratings, signer)
    found: PaperStatistics = {}
    for name, proxy in PROXIES.items():
        # In mode n the mean contains the human's own rating, which it does for no model.
        mode = "n-own-included" if proxy.mode == "n" else proxy.mode
        values = _human_errors(humans, proxy)
        signed = _sign_proxy(proxy, humans, aspect, signer, np.isfinite(values), mode=mode)
        found[with_aspect(name, aspect)] = mean_statistic(values, weights, signed)
    return found


def noise_floor_statistics(humans: AlignedHumans, signer: Signer) -> PaperStatistics:
    """Return the proxy MSE of the true rating; drawing a reviewer does not change it."""
    view = replace(humans, left_out=None)
    weights = paper_weights(humans.ratings, signer)
    found: PaperStatistics = {}
    for name in ("proxy_mse_n1", "proxy_mse_n"):
        values = noise_floor(humans.ratings, mode=PROXIES[name].mode)
        signed = _sign_proxy(PROXIES[name], view, "", signer, np.isfinite(values))
        found[name] = mean_statistic(values, weights, signed)
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


def against_constant_and_noise(papers: AlignedPapers, signer: Signer) -> PaperStatistics:
    """Return a model's skill against the best constant, its ceiling, and its excess over noise."""
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
