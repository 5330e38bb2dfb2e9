"""What a score depends on besides the data; every field ends up in the signature."""

from dataclasses import dataclass
from typing import Literal

Policy = Literal["exclude", "worst", "constant"]
"""What an unreadable or missing prediction counts as: nothing, the rating farthest from the human
mean with the wrong decision, or the best constant with the majority's decision."""
Over = Literal["papers", "reviews"]
"""What a mean error is taken over: papers count alike, or by their number of ratings."""
DecideBy = Literal["stated", "rating"]
"""A model's decision: the one it states, else its mean rating at the threshold; or always that."""


@dataclass(frozen=True, slots=True)
class ScoringConfig:
    """How predictions are judged."""

    scale: tuple[float, float] = (1.0, 10.0)
    """Lowest and highest possible rating; anything outside is unreadable."""
    aspect_scale: tuple[float, float] = (1.0, 4.0)
    """The same for soundness, presentation and contribution."""
    threshold: float | Literal["train"] = 6.0
    """Rating from which on (that rating included) a paper is accepted; ``"train"`` takes the one
    that is most often right for the mean human rating on the training split."""
    decide_by: DecideBy = "stated"
    policy: Policy = "exclude"
    over: Over = "papers"
    left_out_seed: int | None = None
    """None leaves out every reviewer in turn; a seed draws one a paper, as the paper does."""
    resamples: int = 2000
    """Bootstrap resamples over papers."""
    seed: int = 0
    """Of the bootstrap and of permutations."""

    def __post_init__(self) -> None:
        for name, (low, high) in (("scale", self.scale), ("aspect_scale", self.aspect_scale)):
            if not low < high:
                raise ValueError(f"{name}: expected lowest < highest, found {low}-{high}")
        if not 100 <= self.resamples <= 1_000_000:
            raise ValueError(f"resamples: expected 100 to 1,000,000, found {self.resamples}")
        if self.seed < 0 or (self.left_out_seed or 0) < 0:
            raise ValueError("seeds: expected whole numbers >= 0")
