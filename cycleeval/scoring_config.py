"""Options of a score; every one of them is part of the signature."""

import math
from dataclasses import dataclass
from numbers import Real
from typing import Literal, get_args

from cycleeval.inputs import require_choice, require_whole

Policy = Literal["exclude", "worst", "constant"]
"""Treatment of an unreadable or missing prediction: leave the paper out; give it the rating
farthest from the human mean and the wrong decision; or give it the best constant rating and the
majority's decision."""
Over = Literal["papers", "reviews"]
"""Average of errors over papers with equal weight, or with the number of their human ratings."""
DecideBy = Literal["stated", "rating"]
"""A model's decision: the stated one, or else its mean rating at the threshold; or always the
latter."""
DEFAULT_SCALE = (1.0, 10.0)
"""Rating scale where neither the options nor the human ratings state one."""
DEFAULT_ASPECT_SCALE = (1.0, 4.0)
"""Scale of soundness, presentation and contribution where nothing states another."""
DEFAULT_CONFIDENCE_SCALE = (1.0, 5.0)
"""Scale of the confidence."""
DEFAULT_THRESHOLD = 6.0
"""Accept threshold where neither the options nor the human ratings state a scale or threshold."""
MAX_RESAMPLES = 1_000_000


@dataclass(frozen=True, slots=True)
class ScoringConfig:
    """Options of a score.

    Raises:
        ValueError: an option outside its allowed values.
    """

    scale: tuple[float, float] | None = None
    """Lowest and highest possible rating, in rating points; a rating outside is unreadable. None
    takes the scale of the human ratings, or 1 to 10 if they state none."""
    aspect_scale: tuple[float, float] | None = None
    """Lowest and highest possible soundness, presentation and contribution. None takes the scale
    of the human ratings, or 1 to 4 if they state none."""
    confidence_scale: tuple[float, float] | None = None
    """Lowest and highest possible confidence. None takes that of the human ratings, or 1 to 5."""
    threshold: float | Literal["train"] | None = None
    """Lowest rating that means accept, in rating points. ``"train"`` takes the mean human rating
    that separates the decisions of the training split best. None takes the threshold of the human
    ratings. If they state a scale without one, the decisions give it, those of the training split
    if there is one; if they state neither, it is 6."""
    decide_by: DecideBy = "stated"
    policy: Policy = "exclude"
    over: Over = "papers"
    left_out_seed: int | None = None
    """None leaves out every reviewer in turn; a seed draws one reviewer per paper (Eq. 6)."""
    resamples: int = 2000
    """Bootstrap resamples of the papers."""
    seed: int = 0
    """Seed of the bootstrap and of permutations."""

    def __post_init__(self) -> None:
        for name in ("scale", "aspect_scale", "confidence_scale"):
            if (given := getattr(self, name)) is not None:
                object.__setattr__(self, name, _scale(name, given))
        if self.threshold is not None and self.threshold != "train":
            if not _is_number(self.threshold):
                raise ValueError(
                    "threshold: expected a finite number, 'train' or None, "
                    f"found {self.threshold!r:.60}"
                )
            object.__setattr__(self, "threshold", float(self.threshold))
        require_choice("decide_by", self.decide_by, get_args(DecideBy))
        require_choice("policy", self.policy, get_args(Policy))
        require_choice("over", self.over, get_args(Over))
        require_whole("resamples", self.resamples, lowest=100, highest=MAX_RESAMPLES)
        require_whole("seed", self.seed, lowest=0)
        if self.left_out_seed is not None:
            require_whole("left_out_seed", self.left_out_seed, lowest=0)

    @property
    def rating_scale(self) -> tuple[float, float]:
        """Lowest and highest rating, 1 to 10 if none is given."""
        return DEFAULT_SCALE if self.scale is None else self.scale

    @property
    def aspect_limits(self) -> tuple[float, float]:
        """Lowest and highest aspect rating, 1 to 4 if none is given."""
        return self.aspect_scale or DEFAULT_ASPECT_SCALE

    @property
    def confidence_limits(self) -> tuple[float, float]:
        """Lowest and highest confidence, 1 to 5 if none is given."""
        return self.confidence_scale or DEFAULT_CONFIDENCE_SCALE


def _scale(name: str, value: object) -> tuple[float, float]:
    ends = tuple(value) if isinstance(value, tuple | list) else ()
    if len(ends) != 2 or not all(map(_is_number, ends)) or not ends[0] < ends[1]:
        raise ValueError(f"{name}: expected two numbers, lowest < highest; found {value!r:.60}")
    return float(ends[0]), float(ends[1])


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, Real):
        return False
    return math.isfinite(value)
