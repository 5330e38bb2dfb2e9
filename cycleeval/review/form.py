"""Review form that the prompts state: rating scale, aspects and confidence of one venue."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cycledata.errors import ParseError
from cycledata.formats.rating_scales import ICLR_RATING
from cycledata.load import read_build
from cycledata.records import Number, RatingScale

ASPECTS = ("soundness", "presentation", "contribution")
_WORDING: Mapping[str, tuple[tuple[int, ...], str]] = {
    **dict.fromkeys(ASPECTS, ((1, 2, 3, 4), "1 poor, 2 fair, 3 good, 4 excellent")),
    "confidence": (
        (1, 2, 3, 4, 5),
        (
            "1 an educated guess, 2 willing to defend it but may have missed central parts, "
            "3 fairly confident, 4 confident but not certain, 5 certain, and the details were "
            "checked"
        ),
    ),
}
"""Values of usual aspects, and how the prompt words them."""
_MOST_LISTED = 21
"""A prompt lists the values of a scale up to this number."""
_USUAL_ID = re.compile(r"([A-Za-z]{2,20})\.cc/((?:19|20)[0-9]{2})/Conference")
_SCALE, _WORDS = "Rating scale of ", "Rating words of "
_THRESHOLD, _NUMBERS = "Accept threshold of ", "Other numbers of "


def _usual_numbers() -> dict[str, tuple[Number, ...]]:
    return {name: values for name, (values, _) in _WORDING.items()}


@dataclass(frozen=True, slots=True)
class ReviewForm:
    """Numbers that a review must give."""

    venue: str = "ICLR"
    """Name of the venue in the prompt."""
    scale: RatingScale = ICLR_RATING
    numbers: Mapping[str, tuple[Number, ...]] = field(default_factory=_usual_numbers)
    """Aspect ratings and confidence: name to the values of the form, in its order."""

    def prompt_values(self) -> dict[str, str]:
        """Return the values of the placeholders of the review prompt."""
        groups: dict[str, list[str]] = {}
        for name, values in self.numbers.items():
            known, words = _WORDING.get(name, ((), ""))
            shown = words if values == known else f"one of {_listed(values)}"
            groups.setdefault(shown, []).append(name)
        lines = {", ".join(names): words for words, names in groups.items()}
        confidence = lines.pop("confidence", None)
        scale = self.scale
        wording = dict(zip(scale.values, scale.words, strict=False))
        rating = "; ".join(f"{v} {wording.get(v, '')}".strip() for v in scale.values)
        if len(scale.values) > _MOST_LISTED and not any(wording.values()):
            rating = _long_range(scale.values)
        if scale.accept_threshold is not None and not any(wording.values()):
            rating += f"; {scale.accept_threshold:g} is the lowest that leans to acceptance"
        example = {name: _range(values) for name, values in self.numbers.items()}
        after = {"confidence": example.pop("confidence")} if "confidence" in example else {}
        is_long = len(scale.values) > _MOST_LISTED
        offered = _range(scale.values) if is_long else "|".join(map(str, scale.values))
        example |= {"rating": offered, **after}
        return {
            "venue": self.venue,
            "aspects": "".join(f"- {names}: {shown}.\n" for names, shown in lines.items()),
            "rating": rating,
            "confidence": f"- confidence: {confidence}.\n" if confidence else "",
            "example": ", ".join(f'"{name}": {shown}' for name, shown in example.items()),
        }


ICLR_2024 = ReviewForm()


def form_of_build(folder: Path, venue: str | None = None) -> ReviewForm:
    """Return the form of a venue of a build, which states its scale and the words of it.

    Args:
        folder: a finished build of Review-5k.
        venue: venue id; may be left out if the build has one venue.

    Raises:
        ParseError: ``rating-scale``; the build states no form of this venue, or several.
        VerifyError: not a finished build.
    """
    facts = read_build(folder).facts
    venues = [name.removeprefix(_SCALE) for name in facts if name.startswith(_SCALE)]
    found = venues if venue is None else [name for name in venues if name == venue]
    if len(found) != 1:
        wanted = "one venue" if venue is None else venue
        listed = ", ".join(venues) or "none"
        raise ParseError(
            "rating-scale", f"{folder}: expected {wanted}, found {listed}; see --venue"
        )
    (name,) = found
    usual = _USUAL_ID.fullmatch(name)
    labels = [str(label) for label in facts.get(_WORDS + name, [])]
    scale = RatingScale(
        name=name,
        values=tuple(facts[_SCALE + name]),
        words=tuple(label.partition(": ")[2] for label in labels),
        accept_threshold=facts.get(_THRESHOLD + name),
    )
    stated: Mapping[str, Any] = facts.get(_NUMBERS + name, {})
    numbers = {key: tuple(values) for key, values in stated.items()}
    return ReviewForm(f"{usual[1]} {usual[2]}" if usual else name, scale, numbers)


def _listed(values: Sequence[Number]) -> str:
    return ", ".join(map(str, values))


def _long_range(values: Sequence[Number]) -> str:
    """Return the values of a long scale in words.

    >>> _long_range(range(101)), _long_range((0, 0.5, 1))
    ('a whole number from 0 to 100', 'one of 0, 0.5, 1')
    """
    low, high = values[0], values[-1]
    is_whole = list(values) == list(range(int(low), int(high) + 1))
    return f"a whole number from {low} to {high}" if is_whole else f"one of {_listed(values)}"


def _range(values: Sequence[Number]) -> str:
    """Return the values of an example: ``"1-4"``, or all of them if they have gaps.

    >>> _range((1, 2, 3, 4)), _range((0, 2, 4))
    ('1-4', '0|2|4')
    """
    low, high = values[0], values[-1]
    is_whole = low == int(low) and list(values) == list(range(int(low), int(high) + 1))
    return f"{low}-{high}" if is_whole and len(values) > 1 else "|".join(map(str, values))
