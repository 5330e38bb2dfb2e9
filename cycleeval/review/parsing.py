"""A model's reply -> review | Unusable; strict about marks, lenient about the text around them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from cycledata.records import first_problem

MAX_REPLY_CHARACTERS = 400_000
"""A longer reply is unusable: no review is."""
_MAX_BRACES = 256
"""Braces tried, from the last; each try is at most linear in the reply."""


def _joined(value: object) -> object:
    """Models often list strengths as an array of strings."""
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return "\n".join(value)
    return value


Text = Annotated[str, BeforeValidator(_joined)]
Aspect = Annotated[int, Field(ge=1, le=4, strict=True)]


class DraftReview(BaseModel):
    """What a model says of one paper; fields beyond these are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    summary: Text = ""
    strengths: Text = ""
    weaknesses: Text = ""
    questions: Text = ""
    soundness: Aspect
    presentation: Aspect
    contribution: Aspect
    rating: Annotated[int, Field(strict=True)]
    """Overall rating; one of 1, 3, 5, 6, 8, 10, as the prompt asks."""
    confidence: Annotated[int, Field(ge=1, le=5, strict=True)]
    decision: Literal["accept", "reject"]


RATINGS = (1, 3, 5, 6, 8, 10)
"""The rating scale of the prompt, ICLR 2024's."""


@dataclass(frozen=True, slots=True)
class Unusable:
    """A reply that holds no review."""

    reason: str
    """What was expected and what was found."""


def parse_reply(text: str, finish_reason: str) -> DraftReview | Unusable:
    """The review in a reply: the last JSON object in it that is one.

    Args:
        text: the reply.
        finish_reason: why the model stopped; a review that was cut off is unusable even where what
            is there happens to parse.
    """
    if finish_reason not in ("stop", "eos", ""):
        return Unusable(f"expected a finished reply, found finish_reason {finish_reason!r:.40}")
    if len(text) > MAX_REPLY_CHARACTERS:
        return Unusable(f"expected at most {MAX_REPLY_CHARACTERS} characters, found {len(text)}")
    reasons = []
    for found in _objects(text):
        try:
            review = DraftReview.model_validate(found)
        except ValidationError as error:
            reasons.append(str(first_problem(error))[:200])
            continue
        if review.rating in RATINGS:
            return review
        return Unusable(f"rating: expected one of {RATINGS}, found {review.rating}")
    return Unusable(reasons[-1] if reasons else "expected a JSON object, found none")


def says_unchanged(text: str) -> bool:
    """Whether a reflection says that the review stands."""
    return text.strip(" \t\r\n.*`'\"").upper() == "UNCHANGED"


def _objects(text: str) -> Iterator[object]:
    """JSON objects that start at the last braces of a text, the last first; bounded in number.

    Prose before the review is full of braces where it holds LaTeX, so the search starts at the end.
    """
    decoder = json.JSONDecoder(parse_constant=_refuse)
    start = len(text)
    for _ in range(_MAX_BRACES):
        start = text.rfind("{", 0, start)
        if start < 0:
            return
        try:
            yield decoder.raw_decode(text, start)[0]
        except (ValueError, RecursionError):
            continue


def _refuse(constant: str) -> object:
    raise ValueError(f"JSON has no number {constant}")
