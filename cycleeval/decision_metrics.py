"""Rates of decisions and AUROC, of a model, of single reviews and of the majority's decision."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from cycleeval import decision
from cycleeval.aligned import (
    AlignedHumans,
    AlignedPapers,
    Mask,
)
from cycleeval.bootstrap import OfSums
from cycleeval.paper_statistics import (
    IntervalMethod,
    PaperStatistic,
    PaperStatistics,
    Parts,
    Signer,
    on_cells,
)
from cycleeval.ragged import Floats, Integers
from cycleeval.rank import (
    cells,
    pairwise_accuracy_of,
)
from cycleeval.ratios import reaches
from cycleeval.result import Signature


def model_decisions(papers: AlignedPapers, signer: Signer) -> PaperStatistics:
    """Return rates and AUROC of a model's decisions, empty if no paper has a human decision."""
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


def human_decisions(humans: AlignedHumans, signer: Signer) -> PaperStatistics:
    """Return single reviews against the decision, pooled over reviews."""
    flat, resolved = humans.ratings, signer.resolved
    known = np.isfinite(humans.accepted)[flat.paper]
    if not known.any():
        return {}
    unit, was = flat.paper[known], humans.accepted[flat.paper][known] == 1
    accepts = reaches(flat.values[known], resolved.threshold)
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


def majority_decisions(humans: AlignedHumans, accept_all: bool, signer: Signer) -> PaperStatistics:
    """Return the rates of one decision for every paper."""
    parts: Parts = {
        "over": "papers",
        "answer": "accept" if accept_all else "reject",
        "learned": signer.resolved.majority_from,
    }
    said = np.full(len(humans.accepted), accept_all)
    known = np.isfinite(humans.accepted)
    return _rates(_outcomes(said, humans.accepted), known, parts, signer, train=True)


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


def _outcomes(accepts: NDArray[np.bool_], accepted: Floats) -> Floats:
    known = np.isfinite(accepted)
    return decision.outcome_counts(
        accepts[known], accepted[known] == 1, unit=np.flatnonzero(known), n_units=len(accepted)
    )
