"""A metric as a statistic of weights over papers, with its signature."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from itertools import compress
from typing import Literal

import numpy as np

from cycleeval.aligned import (
    Mask,
    ResolvedConfig,
)
from cycleeval.bootstrap import OfSums, Prepared, Statistic
from cycleeval.ragged import Floats, Ragged
from cycleeval.rank import (
    Cells,
    Mass,
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

    def for_aspect(self) -> "Signer":
        """Return the signer of metrics of an aspect, which has another scale."""
        low, high = self.resolved.options.aspect_limits
        return replace(self, shared={**self.shared, "scale": f"{low:g}-{high:g}"})


@lru_cache(maxsize=256)
def _digest(paper_ids: tuple[str, ...]) -> str:
    """Return the digest of papers; most statistics use the same ones."""
    return digest(list(paper_ids))


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
