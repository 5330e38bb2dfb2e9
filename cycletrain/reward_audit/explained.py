"""Share of a gain that features without substance explain: a regression over papers.

The reward of a paper is regressed on its features and on the policy that wrote it,
reward = a + g after + sum_j b_j x_j. Least squares with the indicator ``after`` split the gain
exactly: gain = g + sum_j b_j (mean x_j after - mean x_j before), Oaxaca and Blinder's
decomposition with one slope for both policies. So a slope is learned within policies, from papers
of the same policy that differ in the feature. A feature that does not vary within either policy has
no slope; it is named, and the inserted claims of ``edits`` must measure it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter

import numpy as np

from cycledata.records import Record
from cycleeval.bootstrap import Prepared
from cycleeval.ragged import Floats
from cycletrain.reward_audit.changes import RESAMPLES, ShareOfGain, intervals_of, places

_CONSTANT = 1e-9
"""A feature with less variance within policies than this share of its own has no slope."""
_EXTRA_PAPERS = 10
"""Papers needed beyond the number of coefficients; our choice."""


class FeatureShare(Record):
    """One feature's part of the gain."""

    name: str
    slope: float
    """Reward per unit of the feature, within policies, the other features equal."""
    share: ShareOfGain
    """Slope times the change of the feature, as a share of the gain."""


class ExplainedGain(Record):
    """What the features explain of the gain."""

    share: ShareOfGain
    """Sum over the features."""
    features: tuple[FeatureShare, ...]
    """Features with a slope."""
    not_identified: tuple[str, ...]
    """Features that changed between the policies and vary within neither."""
    r_squared: float
    """Share of the variance of rewards within policies that the features explain."""
    n_papers: int


@dataclass(frozen=True, slots=True)
class FeatureRow:
    """What the regression reads of one paper."""

    prompt_id: str
    after: bool
    """True if the last policy wrote it."""
    reward: float
    features: tuple[float, ...]


def explain_gain(
    rows: Sequence[FeatureRow], names: Sequence[str], *, resamples: int = RESAMPLES
) -> ExplainedGain | None:
    """Return the share of the gain that the features explain.

    Args:
        rows: papers of both policies that have a reward.
        names: of the features.
        resamples: bootstrap resamples of prompts.

    Returns:
        The shares; None with too few papers for a regression, or papers of one policy only.
    """
    after = np.array([row.after for row in rows], dtype=np.float64)
    if len(rows) < len(names) + 2 + _EXTRA_PAPERS or not 0 < after.sum() < len(rows):
        return None
    rewards = np.array([row.reward for row in rows])
    columns = np.array([row.features for row in rows], dtype=np.float64)
    scale = columns.std(axis=0)
    spread = _within(columns, after).std(axis=0)
    varies = spread > _CONSTANT * np.maximum(scale, 1.0)
    moved = [
        name
        for name, differs, size in zip(names, varies, scale, strict=True)
        if not differs and size > _CONSTANT
    ]
    columns, scale = columns[:, varies], scale[varies]
    kept = [name for name, differs in zip(names, varies, strict=True) if differs]
    place = places(row.prompt_id for row in rows)
    unit = np.array([place[row.prompt_id] for row in rows])
    moments = _moments(rewards, after, (columns - columns.mean(axis=0)) / scale, unit, len(place))
    solved = _Regression(len(kept))

    def solve(weights: Floats) -> Floats:
        return solved(weights @ moments)

    shares = intervals_of(
        {"": Prepared(solve, lambda parts: parts.sum(axis=1))}
        | {name: Prepared(solve, itemgetter((..., n))) for n, name in enumerate(kept)},
        len(place),
        resamples=resamples,
    )
    slopes = solved.slopes(moments.sum(axis=0, keepdims=True))[0] / scale
    residual = _within(rewards, after) - _within(columns, after) @ slopes
    variance = float((_within(rewards, after) ** 2).sum())
    return ExplainedGain(
        share=shares[""],
        features=tuple(
            FeatureShare(name=name, slope=float(slopes[number]), share=shares[name])
            for number, name in enumerate(kept)
        ),
        not_identified=tuple(moved),
        r_squared=1 - float((residual**2).sum()) / variance if variance else 0.0,
        n_papers=len(rows),
    )


def _within(values: Floats, after: Floats) -> Floats:
    """Return the values minus the mean of their policy."""
    found = np.array(values, dtype=np.float64)
    for side in (0.0, 1.0):
        found[after == side] -= found[after == side].mean(axis=0)
    return found


def _moments(
    rewards: Floats, after: Floats, columns: Floats, unit: np.ndarray, n_units: int
) -> Floats:
    """Return sums per prompt of the products of all columns, shape (n_units, k * k).

    The columns are 1, ``after``, the features, the reward.
    """
    whole = np.column_stack([np.ones(len(rewards)), after, columns, rewards])
    products = whole[:, :, None] * whole[:, None, :]
    sums = np.zeros((n_units, *products.shape[1:]))
    np.add.at(sums, unit, products)
    return sums.reshape(n_units, -1)


@dataclass(frozen=True, slots=True)
class _Regression:
    """Least squares from moments, for many resamples at once."""

    n_features: int

    def slopes(self, moments: Floats) -> Floats:
        """Return the slopes of the features, shape (resamples, n_features)."""
        size = self.n_features + 3
        table = moments.reshape(-1, size, size)
        left, right = table[:, :-1, :-1], table[:, :-1, -1:]
        # A resample may lack the variation of a feature: the shortest solution leaves it out.
        found = np.linalg.pinv(left, rcond=1e-10, hermitian=True) @ right
        return np.asarray(found[:, 2:, 0])

    def __call__(self, moments: Floats) -> Floats:
        """Return each feature's share of the gain, shape (resamples, n_features)."""
        size = self.n_features + 3
        table = moments.reshape(-1, size, size)
        with np.errstate(invalid="ignore", divide="ignore"):
            n_after = table[:, 0, 1, None]
            n_before = table[:, 0, 0, None] - n_after
            change = table[:, 1, 2:] / n_after - (table[:, 0, 2:] - table[:, 1, 2:]) / n_before
            return np.asarray(self.slopes(moments) * change[:, :-1] / change[:, -1:])
