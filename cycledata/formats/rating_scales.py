"""Marks and decisions as review forms write them: scales, their wording, and how to read them.

The forms of ICLR 2022-2025 and NeurIPS 2021-2025 are here as data. A mark is read strictly: the
whole number at the start of the text, never its first character ("10: strong accept" is 10), and a
text that starts otherwise is no mark.
"""

import re
from typing import Literal

from cycledata.records import RatingScale

DecisionKind = Literal["accept", "reject", "withdrawn"]

ICLR_RATING = RatingScale(
    name="iclr-2022-2025-rating", values=(1, 3, 5, 6, 8, 10), accept_threshold=6
)
NEURIPS_2021_RATING = RatingScale(
    name="neurips-2021-rating", values=tuple(range(1, 11)), accept_threshold=6
)
NEURIPS_2022_RATING = RatingScale(
    name="neurips-2022-2024-rating", values=tuple(range(1, 11)), accept_threshold=5
)
NEURIPS_2025_RATING = RatingScale(
    name="neurips-2025-rating", values=tuple(range(1, 7)), accept_threshold=4
)

RATING_WORDING: dict[str, dict[int, str]] = {
    ICLR_RATING.name: {
        1: "strong reject",
        3: "reject, not good enough",
        5: "marginally below the acceptance threshold",
        6: "marginally above the acceptance threshold",
        8: "accept, good paper",
        10: "strong accept, should be highlighted at the conference",
    },
    NEURIPS_2021_RATING.name: {
        1: "Trivial or wrong",
        2: "Strong rejection",
        3: "Clear rejection",
        4: "Ok but not good enough - rejection",
        5: "Marginally below the acceptance threshold",
        6: "Marginally above the acceptance threshold",
        7: "Good paper, accept",
        8: "Top 50% of accepted NeurIPS papers, clear accept",
        9: "Top 15% of accepted NeurIPS papers, strong accept",
        10: "Top 5% of accepted NeurIPS papers, seminal paper",
    },
    NEURIPS_2022_RATING.name: {
        1: "Very Strong Reject",
        2: "Strong Reject",
        3: "Reject",
        4: "Borderline reject",
        5: "Borderline accept",
        6: "Weak Accept",
        7: "Accept",
        8: "Strong Accept",
        9: "Very Strong Accept",
        10: "Award quality",
    },
    NEURIPS_2025_RATING.name: {
        1: "Strong Reject",
        2: "Reject",
        3: "Borderline reject",
        4: "Borderline accept",
        5: "Accept",
        6: "Strong Accept",
    },
}
"""The short wording of each value, by scale name; a value without one is written as a number."""

ASPECT_WORDING = {1: "poor", 2: "fair", 3: "good", 4: "excellent"}
"""Soundness, presentation and contribution, alike on every form that asks for them."""

_MARK = re.compile(r"([+-]?[0-9]{1,4})(?:\.0{1,4})?(?:/10)?(?=[\s:;,)*_]|\.(?:\s|$)|$)")
_DECISION = re.compile(
    r"[^a-z]{0,16}(?:(?P<accept>accept(?:ed)?)|(?P<reject>(?:desk[ _-]?)?reject(?:ed)?)"
    r"|(?P<withdrawn>withdrawn?))(?![a-z])",
    re.ASCII | re.IGNORECASE,
)


def rating_label(value: int, scale: RatingScale) -> str:
    """A rating with its wording on the scale's form.

    >>> rating_label(6, ICLR_RATING)
    '6: marginally above the acceptance threshold'
    >>> rating_label(7, ICLR_RATING)
    '7'
    """
    wording = RATING_WORDING.get(scale.name, {}).get(value)
    return str(value) if wording is None else f"{value}: {wording}"


def aspect_label(value: int) -> str:
    """An aspect rating with its wording, e.g. ``"3 good"``."""
    wording = ASPECT_WORDING.get(value)
    return str(value) if wording is None else f"{value} {wording}"


def read_mark(text: str) -> int | None:
    """The whole number that a mark starts with; None where it starts with none.

    >>> [read_mark(t) for t in ("10: strong accept", "3 good", "**6**: weak", "8/10")]
    [10, 3, 6, 8]
    >>> [read_mark(t) for t in ("5.5: between", "6-8", "strong accept", "")]
    [None, None, None, None]
    """
    match = _MARK.match(text.strip(" \t\r\n*_"))
    return None if match is None else int(match[1])


def decision_kind(text: str) -> DecisionKind | None:
    """What a decision's wording starts with; None where it is none of the three.

    >>> decision_kind("Accept: notable-top-5%"), decision_kind("Reject (not acceptable as it is)")
    ('accept', 'reject')
    >>> decision_kind("Acceptance is out of the question") is None
    True
    """
    match = _DECISION.match(text)
    if match is None:
        return None
    if match["accept"]:
        return "accept"
    return "reject" if match["reject"] else "withdrawn"
