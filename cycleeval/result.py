"""Published numbers: value, interval, and the signature of the procedure and the data behind them.

Two numbers may be compared if their signatures agree in everything but the answerer (a model, the
humans, a constant) and the sampling. A difference is refused, with both signatures in the message.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from cycledata.files import canonical_json, sha256_bytes

DEFINITIONS_VERSION = "0.2.0"
"""Version of the metric definitions; increased when a value can change for the same input."""
SAMPLING_KEYS = frozenset({"ci", "boot", "test", "seed"})
"""Parts of a signature that affect the interval and the test, but not the value."""
ANSWERER_KEYS = frozenset({"by", "answer", "learned", "decide", "policy", "train", "voices"})
"""Parts that describe whose answers were scored; comparing these is the purpose of a comparison.
Between two answerers of one kind (``by``) they must agree."""
DIGEST_LENGTH = 12
"""Hexadecimal digits of a digest in a signature."""


@dataclass(frozen=True, slots=True)
class Signature:
    """Procedure and data of one number; printed as ``metric|key:value|...|v:version``."""

    metric: str
    """Name of the metric, e.g. ``"proxy_mse"``."""
    parts: tuple[tuple[str, str], ...]
    """Keys and values in the order of printing."""

    def __str__(self) -> str:
        return "|".join([self.metric, *(f"{key}:{value}" for key, value in self.parts)])

    def part(self, key: str) -> str | None:
        """Return the value of one key, or None if the signature does not have it."""
        return dict(self.parts).get(key)

    def extended(self, **parts: object) -> "Signature":
        """Return the signature with more parts, before the version."""
        *own, version = self.parts
        return Signature(self.metric, (*own, *_parts(parts), version))

    def conflicts(self, other: "Signature") -> tuple[str, ...]:
        """Return the keys (or ``"metric"``) that forbid a comparison; empty if there are none."""
        mine, theirs = dict(self.parts), dict(other.parts)
        ignored = set(SAMPLING_KEYS)
        if mine.get("by") != theirs.get("by"):
            ignored |= ANSWERER_KEYS
        keys = dict.fromkeys((*mine, *theirs))
        found = [key for key in keys if key not in ignored and mine.get(key) != theirs.get(key)]
        return ("metric", *found) if self.metric != other.metric else tuple(found)


def signature(metric: str, /, **parts: object) -> Signature:
    """Return a signature of named parts; ``left_out`` prints as ``left-out``, None is omitted.

    >>> str(signature("proxy_mae", mode="n-1", over="papers", train=None))
    'proxy_mae|mode:n-1|over:papers|v:0.2.0'

    Raises:
        ValueError: a value that contains ``|``, which separates the parts.
    """
    return Signature(metric, (*_parts(parts), ("v", DEFINITIONS_VERSION)))


def digest(*values: object) -> str:
    """Return the first 12 hexadecimal digits of a SHA-256 over JSON values.

    Floats count with nine significant digits, so that a change of float width does not matter.
    """
    text = canonical_json([_plain(value) for value in values])
    return sha256_bytes(text.encode())[:DIGEST_LENGTH]


@dataclass(frozen=True, slots=True)
class MetricResult:
    """One number with its interval and counts.

    ``float(result)``, ``round(result, 2)`` and ``f"{result:.3f}"`` use the value; ``<``, ``>`` and
    ``-`` work between results with comparable signatures, and so do ``sorted``, ``min`` and
    ``max``.
    """

    name: str
    """Name in reports and JSON, e.g. ``"proxy_mse_n1"``."""
    value: float | None
    """The number; None if it is undefined, and then ``why`` gives the reason."""
    low: float | None
    """Lower end of the 95% interval; None if there is none."""
    high: float | None
    """Upper end of the 95% interval; None if there is none."""
    n_papers: int
    """Papers (for detection: texts) that the value is computed from."""
    n_unreadable: int
    """Predictions that could not be read; they are counted here and never averaged."""
    signature: Signature
    """Procedure, data and sampling."""
    why: str | None = None
    """Reason why the value or its interval is None; None if both are given."""
    caution: str | None = None
    """Reason why the interval may be too narrow, e.g. too few papers; None if none is known."""

    def __float__(self) -> float:
        return math.nan if self.value is None else self.value

    def __round__(self, n_digits: int = 0) -> float:
        return round(float(self), n_digits)

    def __format__(self, spec: str) -> str:
        return str(self) if not spec else format(float(self), spec)

    def __lt__(self, other: "MetricResult") -> bool:
        mine, theirs = comparable_values(self, other)
        return mine < theirs

    def __gt__(self, other: "MetricResult") -> bool:
        mine, theirs = comparable_values(self, other)
        return mine > theirs

    def __le__(self, other: "MetricResult") -> bool:
        return not self > other

    def __ge__(self, other: "MetricResult") -> bool:
        return not self < other

    def __sub__(self, other: "MetricResult") -> float:
        mine, theirs = comparable_values(self, other)
        return mine - theirs

    def to_json(self) -> dict[str, object]:
        """Return the value as ``--json`` prints it."""
        interval = None if self.low is None else [self.low, self.high]
        shown: dict[str, object] = {
            "value": self.value,
            "ci95": interval,
            "n": self.n_papers,
            "signature": str(self.signature),
        }
        return shown if self.why is None else {**shown, "why": self.why}


def comparable(a: MetricResult, b: MetricResult) -> bool:
    """Return True if ``a < b`` is allowed."""
    return not a.signature.conflicts(b.signature) and a.value is not None and b.value is not None


def comparable_values(a: MetricResult, b: MetricResult) -> tuple[float, float]:
    """Return both values, after checking that they may be compared.

    Raises:
        TypeError: not two results.
        ValueError: the signatures differ, or a value is undefined.
    """
    for result in (a, b):
        if not isinstance(result, MetricResult):
            raise TypeError(f"expected two MetricResult, found {result!r:.60}; use float(result)")
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


def _parts(parts: dict[str, object]) -> Iterable[tuple[str, str]]:
    for name, value in parts.items():
        if value is None:
            continue
        if "|" in str(value):
            raise ValueError(f"signature part {name}={value!r} contains '|'; rename it")
        yield name.replace("_", "-"), str(value)


def _plain(value: object) -> object:
    if isinstance(value, float):
        return f"{value:.9g}"
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
