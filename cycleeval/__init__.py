"""Peer-review metrics: numbers in, numbers out, each with its interval and signature.

Importing this package runs nothing and loads nothing; a name is fetched when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cycleeval.comparison import compare as compare
    from cycleeval.proxy import human_error as human_error
    from cycleeval.proxy import leave_one_out_errors as leave_one_out_errors
    from cycleeval.proxy import proxy_error as proxy_error
    from cycleeval.result import MetricResult as MetricResult
    from cycleeval.scoring import score as score
    from cycleeval.scoring_config import ScoringConfig as ScoringConfig

_HOME = {
    "MetricResult": "result",
    "ScoringConfig": "scoring_config",
    "compare": "comparison",
    "human_error": "proxy",
    "leave_one_out_errors": "proxy",
    "proxy_error": "proxy",
    "score": "scoring",
}

__all__ = [
    "MetricResult",
    "ScoringConfig",
    "compare",
    "human_error",
    "leave_one_out_errors",
    "proxy_error",
    "score",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'cycleeval' has no attribute {name!r}")
    return getattr(import_module(f"cycleeval.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
