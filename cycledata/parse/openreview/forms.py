"""What each venue's review form of each year asked, under which field names, on which scale.

A venue that is not in ``FORMS`` is refused by name: guessing which field is the rating, and on
which scale, is how "recommendation: 6" gets lost and "10" becomes 1.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from cycledata.formats.rating_scales import (
    ICLR_RATING,
    NEURIPS_2021_RATING,
    NEURIPS_2022_RATING,
    NEURIPS_2025_RATING,
)
from cycledata.records import RatingScale

ASPECTS = ("soundness", "presentation", "contribution")


@dataclass(frozen=True, slots=True)
class Form:
    """Where the fields of a ``Review`` stand in a note's content."""

    scale: RatingScale
    """Scale of the rating."""
    rating: str
    """Content field of the rating."""
    texts: Mapping[str, str]
    """Field of ``Review`` -> content field."""
    aspects: tuple[str, ...]
    """Aspect ratings that the form asks for, 1-4, named alike in both."""
    ethics: str
    """Content field of the flag for ethics review."""
    not_carried: frozenset[str]
    """Content fields that ``Review`` has no place for."""

    @property
    def fields(self) -> frozenset[str]:
        """Every content field the form has."""
        named = {self.rating, "confidence", self.ethics, *self.texts.values(), *self.aspects}
        return self.not_carried | named


_FOUR_TEXTS = {name: name for name in ("summary", "strengths", "weaknesses", "questions")}
_PRIVATE = frozenset({"code_of_conduct", "first_time_reviewer", "details_of_ethics_concerns"})
# Marks of 2022 and 2023 that are neither soundness nor contribution, though near to them.
_NOVELTY = frozenset(
    {"correctness", "technical_novelty_and_significance", "empirical_novelty_and_significance"}
)

_ICLR_2022 = Form(
    scale=ICLR_RATING,
    rating="recommendation",
    texts={"summary": "summary_of_the_paper", "strengths": "main_review"},
    aspects=(),
    ethics="flag_for_ethics_review",
    not_carried=_NOVELTY | {"summary_of_the_review", "details_of_ethics_concerns"},
)
_ICLR_2023 = Form(
    scale=ICLR_RATING,
    rating="recommendation",
    texts={"summary": "summary_of_the_paper", "strengths": "strength_and_weaknesses"},
    aspects=(),
    ethics="flag_for_ethics_review",
    not_carried=_ICLR_2022.not_carried | {"clarity,_quality,_novelty_and_reproducibility"},
)
_ICLR_2024 = Form(
    scale=ICLR_RATING,
    rating="rating",
    texts=_FOUR_TEXTS,
    aspects=ASPECTS,
    ethics="flag_for_ethics_review",
    not_carried=_PRIVATE,
)
_NEURIPS_2021 = Form(
    scale=NEURIPS_2021_RATING,
    rating="rating",
    texts={"summary": "summary", "strengths": "main_review"},
    aspects=(),
    ethics="needs_ethics_review",
    not_carried=frozenset(
        {
            "limitations_and_societal_impact",
            "ethical_concerns",
            "ethics_review_area",
            "time_spent_reviewing",
            "code_of_conduct",
        }
    ),
)
_NEURIPS_2022 = Form(
    scale=NEURIPS_2022_RATING,
    rating="rating",
    texts={
        "summary": "summary",
        "strengths": "strengths_and_weaknesses",
        "questions": "questions",
    },
    aspects=ASPECTS,
    ethics="ethics_flag",
    not_carried=frozenset({"limitations", "ethics_review_area", "code_of_conduct"}),
)
_NEURIPS_2023 = Form(
    scale=NEURIPS_2022_RATING,
    rating="rating",
    texts=_FOUR_TEXTS,
    aspects=ASPECTS,
    ethics="flag_for_ethics_review",
    not_carried=_PRIVATE | {"limitations"},
)
_NEURIPS_2025 = Form(
    scale=NEURIPS_2025_RATING,
    rating="rating",
    texts={
        "summary": "summary",
        "strengths": "strengths_and_weaknesses",
        "questions": "questions",
    },
    aspects=(),
    ethics="ethical_concerns",
    not_carried=frozenset(
        {
            "quality",
            "clarity",
            "significance",
            "originality",
            "limitations",
            "final_justification",
            "paper_formatting_concerns",
            "code_of_conduct_acknowledgement",
            "responsible_reviewing_acknowledgement",
        }
    ),
)

FORMS: Mapping[str, Form] = {
    "ICLR.cc/2022/Conference": _ICLR_2022,
    "ICLR.cc/2023/Conference": _ICLR_2023,
    "ICLR.cc/2024/Conference": _ICLR_2024,
    "ICLR.cc/2025/Conference": _ICLR_2024,
    "NeurIPS.cc/2021/Conference": _NEURIPS_2021,
    "NeurIPS.cc/2022/Conference": _NEURIPS_2022,
    "NeurIPS.cc/2023/Conference": _NEURIPS_2023,
    "NeurIPS.cc/2024/Conference": _NEURIPS_2023,
    "NeurIPS.cc/2025/Conference": _NEURIPS_2025,
}
"""Venue id -> its form; the year is the venue id's second part."""

META_TEXTS = ("metareview", "metareview:_summary,_strengths_and_weaknesses", "comment")
"""Content fields that hold a meta-review; ``comment`` where the decision note carries it."""
