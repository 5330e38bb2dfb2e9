"""What changed between the papers of two policies, with intervals over prompts.

The unit of sampling is the prompt: the papers of one prompt are not independent. Both policies
write for the same prompts, and each resample draws prompts with the papers of both.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from cycledata.records import Record
from cycleeval.bootstrap import (
    OfSums,
    Statistic,
    bca_interval,
    evaluate,
    left_out_weights,
    resampled_weights,
    rounded,
)
from cycleeval.ragged import Floats

RESAMPLES = 2000


class Change(Record):
    """Mean of a measure before and after training, and the difference."""

    before: float
    after: float
    difference: float
    low: float | None
    """Lower end of the 95% interval of the difference; None if there is none."""
    high: float | None
    """Upper end; None if there is none."""
    n_before: int
    """Papers with a value."""
    n_after: int
    """Papers with a value."""

    @property
    def is_rise(self) -> bool:
        """True if the whole interval is above zero."""
        return self.low is not None and self.low > 0


class ShareOfGain(Record):
    """Share of a difference, with its interval."""

    value: float
    low: float | None
    """Lower end of the 95% interval; None if there is none."""
    high: float | None
    """Upper end; None if there is none."""


class PaperValue(NamedTuple):
    """A measure of one paper."""

    prompt_id: str
    value: float | None
    """None if the paper has none, e.g. an unreadable review."""


def change_of(
    before: Iterable[PaperValue], after: Iterable[PaperValue], *, resamples: int = RESAMPLES
) -> Change | None:
    """Return the difference of the means over papers; None if one side has no value.

    Args:
        before: papers of the first policy; those without a value are left out.
        after: papers of the last policy.
        resamples: bootstrap resamples of prompts.
    """
    known = [[row for row in rows if row.value is not None] for rows in (before, after)]
    if not all(known):
        return None
    place = places(row.prompt_id for rows in known for row in rows)
    sums = np.zeros((len(place), 4))
    for side, rows in enumerate(known):
        for row in rows:
            sums[place[row.prompt_id], 2 * side] += row.value or 0.0
            sums[place[row.prompt_id], 2 * side + 1] += 1
    means = [float(sums[:, 0].sum() / len(known[0])), float(sums[:, 2].sum() / len(known[1]))]
    found = interval_of(OfSums(sums, _difference_of_means), len(place), resamples=resamples)
    return Change(
        before=means[0],
        after=means[1],
        difference=means[1] - means[0],
        low=found.low,
        high=found.high,
        n_before=len(known[0]),
        n_after=len(known[1]),
    )


def ratio_of_gains(
    before: Sequence[tuple[PaperValue, PaperValue]],
    after: Sequence[tuple[PaperValue, PaperValue]],
    *,
    resamples: int = RESAMPLES,
) -> ShareOfGain | None:
    """Return the gain by a second measure as a share of the gain by the first.

    Args:
        before: second and first measure of each paper before training.
        after: the same after training; papers without both values are left out.
        resamples: bootstrap resamples of prompts.

    Returns:
        The share; None without papers that have both values, or without a gain.
    """
    known = [
        [(a, b) for a, b in rows if a.value is not None and b.value is not None]
        for rows in (before, after)
    ]
    if not all(known):
        return None
    place = places(first.prompt_id for rows in known for first, _ in rows)
    sums = np.zeros((len(place), 6))
    for side, rows in enumerate(known):
        for second, first in rows:
            row = sums[place[first.prompt_id]]
            row[3 * side : 3 * side + 3] += (second.value or 0.0, first.value or 0.0, 1)
    return interval_of(OfSums(sums, _ratio), len(place), resamples=resamples)


def interval_of(statistic: Statistic, n_prompts: int, *, resamples: int = RESAMPLES) -> ShareOfGain:
    """Return a statistic of weights of prompts with its bootstrap interval.

    One prompt gives no interval.
    """
    return intervals_of({"x": statistic}, n_prompts, resamples=resamples)["x"]


def intervals_of(
    statistics: Mapping[str, Statistic], n_prompts: int, *, resamples: int = RESAMPLES
) -> dict[str, ShareOfGain]:
    """Return several statistics of the same resamples of prompts, as `interval_of` does."""
    whole = evaluate(statistics, [np.ones((1, n_prompts))])
    values = {name: float(found[0]) for name, found in whole.items()}
    if n_prompts < 2:
        return {
            name: ShareOfGain(value=rounded(v), low=None, high=None) for name, v in values.items()
        }
    drawn = evaluate(statistics, resampled_weights(n_prompts, resamples=resamples, seed=0))
    left_out = evaluate(statistics, left_out_weights(n_prompts))
    shares = {}
    for name, value in values.items():
        interval = bca_interval(value, drawn[name], left_out[name])
        low, high = (None, None) if interval is None else (interval.low, interval.high)
        shares[name] = ShareOfGain(value=rounded(value), low=low, high=high)
    return shares


def places(prompt_ids: Iterable[str]) -> dict[str, int]:
    """Return a number from 0 per prompt, in sorted order."""
    return {prompt_id: place for place, prompt_id in enumerate(sorted(set(prompt_ids)))}


def _difference_of_means(sums: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(sums[:, 2] / sums[:, 3] - sums[:, 0] / sums[:, 1])


def _ratio(sums: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        means = sums / sums[:, [2, 2, 2, 5, 5, 5]]
        return np.asarray((means[:, 3] - means[:, 0]) / (means[:, 4] - means[:, 1]))
