"""A published number: its value, its interval and the signature that lets a stranger recompute it.

Two numbers may be compared only where their definitions agree; ``n-1`` against ``n``, or a mean
over papers against a mean over reviews, is refused with both signatures in the message.
"""

import math
from dataclasses import dataclass

DEFINITIONS_VERSION = "0.1.0"
"""Version of the definitions below; raised whenever any value can change for the same input."""

MODES = frozenset({"mode", "left-out", "over", "mark", "policy", "ref", "v"})
"""Keys of a signature that must agree, where both sides have them, before values are compared."""


@dataclass(frozen=True, slots=True)
class Signature:
    """What was computed, from named arguments; printed as ``metric|key:value|...|v:version``."""

    metric: str
    """Name of the metric, e.g. ``"proxy_mse"``."""
    parts: tuple[tuple[str, str], ...]
    """Keys and values in the order of printing."""

    def __str__(self) -> str:
        return "|".join([self.metric, *(f"{key}:{value}" for key, value in self.parts)])

    def conflicts(self, other: "Signature") -> tuple[str, ...]:
        """Keys (or ``"metric"``) on which two definitions differ; empty where they agree."""
        theirs = dict(other.parts)
        found = [
            key
            for key, value in self.parts
            if key in MODES and key in theirs and theirs[key] != value
        ]
        return ("metric", *found) if self.metric != other.metric else tuple(found)


def signature(metric: str, /, **parts: object) -> Signature:
    """Signature from named arguments; ``left_out`` prints as ``left-out``, None is left away.

    >>> str(signature("proxy_mae", mode="n-1", over="papers", train=None))
    'proxy_mae|mode:n-1|over:papers|v:0.1.0'

    Raises:
        ValueError: a value that holds ``|``, which separates the parts.
    """
    kept = [
        (key.replace("_", "-"), str(value)) for key, value in parts.items() if value is not None
    ]
    for key, value in kept:
        if "|" in value:
            raise ValueError(f"signature part {key}={value!r} must not hold '|'; rename it")
    return Signature(metric, (*kept, ("v", DEFINITIONS_VERSION)))


@dataclass(frozen=True, slots=True)
class MetricResult:
    """One number, with what a reader needs to judge it."""

    name: str
    """Name in reports and JSON, e.g. ``"proxy_mse_n1"``."""
    value: float | None
    """The number; None where it is undefined, and then ``why`` says why."""
    low: float | None
    """Lower end of the 95% interval; None where none can be given."""
    high: float | None
    """Upper end of the 95% interval, likewise."""
    n_papers: int
    """Papers that the value rests on."""
    n_unreadable: int
    """Predictions that could not be read and stand beside the value, never in it."""
    signature: Signature
    """Definition and sampling."""
    why: str | None = None
    """Why the value or its interval is None; None where both are there."""

    def __lt__(self, other: "MetricResult") -> bool:
        mine, theirs = comparable_values(self, other)
        return mine < theirs

    def __sub__(self, other: "MetricResult") -> float:
        mine, theirs = comparable_values(self, other)
        return mine - theirs

    def to_json(self) -> dict[str, object]:
        """The value as ``--json`` prints it."""
        interval = None if self.low is None else [self.low, self.high]
        shown: dict[str, object] = {
            "value": self.value,
            "ci95": interval,
            "n": self.n_papers,
            "signature": str(self.signature),
        }
        return shown if self.why is None else {**shown, "why": self.why}


def comparable_values(a: MetricResult, b: MetricResult) -> tuple[float, float]:
    """Both values, once it is sure that they measure the same thing.

    Raises:
        ValueError: the definitions differ, or a value is undefined.
    """
    if differing := a.signature.conflicts(b.signature):
        raise ValueError(
            f"{a.name} and {b.name} differ in {', '.join(differing)} and cannot be compared: "
            f"{a.signature} against {b.signature}; compute both the same way"
        )
    for result in (a, b):
        if result.value is None or math.isnan(result.value):
            raise ValueError(
                f"{result.name} is undefined ({result.why}) and cannot be compared: "
                f"{a.signature} against {b.signature}"
            )
    assert a.value is not None
    assert b.value is not None
    return a.value, b.value
