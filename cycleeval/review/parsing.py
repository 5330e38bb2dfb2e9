"""Response of a model -> review | Unreadable: strict about ratings, lenient about other text."""

import json
import re
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from cycledata.formats.unreadable import Unreadable
from cycledata.records import Number, first_problem
from cycleeval.review.form import ICLR_2024, ReviewForm

MAX_RESPONSE_CHARACTERS = 400_000
"""A longer response is unreadable."""
_MAX_BRACES = 256
"""Braces tried, from the last; each try is at most linear in the response."""
_THINKING = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.DOTALL | re.IGNORECASE)


def _joined(value: object) -> object:
    """Join an array of strings, since models often list strengths as one."""
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return "\n".join(value)
    return value


Text = Annotated[str, BeforeValidator(_joined)]
Answer = Annotated[int, Field(strict=True)] | Annotated[float, Field(strict=True)]
"""A number of the model's answer; `parse_review` compares it with the form."""


class DraftReview(BaseModel):
    """A model's review of one paper; further fields are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    summary: Text = ""
    strengths: Text = ""
    weaknesses: Text = ""
    questions: Text = ""
    soundness: Answer | None = None
    """Aspect ratings and confidence are None only if the form does not ask for them."""
    presentation: Answer | None = None
    contribution: Answer | None = None
    rating: Answer
    """Overall rating, a value of the form's scale."""
    confidence: Answer | None = None
    decision: Literal["accept", "reject"]
    other_numbers: dict[str, Answer] = Field(default_factory=dict)
    """Further numbers of the form, e.g. ``originality``."""

    def as_json(self) -> str:
        """Return the review as the JSON object that the prompt asks for."""
        value = self.model_dump(exclude={"other_numbers"}, exclude_none=True)
        return json.dumps(
            {**value, **self.other_numbers}, ensure_ascii=False, separators=(",", ":")
        )


def parse_review(
    text: str, finish_reason: str | None, form: ReviewForm = ICLR_2024
) -> DraftReview | Unreadable:
    """Return the review in a response: the one JSON object in it that is a review.

    Text inside `<think>` is not part of the response. Two objects with different ratings or
    decisions make the response unreadable, since either could be a quotation from the paper.

    Args:
        text: the response.
        finish_reason: why the model stopped; a truncated response is unreadable even if it parses.
        form: rating scale and other numbers that the prompt asked for.
    """
    if finish_reason not in ("stop", "eos", "", None):
        return Unreadable("the end", f"expected finish_reason 'stop', found {finish_reason!r:.40}")
    if len(text) > MAX_RESPONSE_CHARACTERS:
        return Unreadable(
            "response", f"expected at most {MAX_RESPONSE_CHARACTERS} characters, found {len(text)}"
        )
    reviews: list[DraftReview] = []
    reasons: list[Unreadable] = []
    for found in _objects(_THINKING.sub("", text)):
        if isinstance(found, _RepeatedKeyError):
            return Unreadable("JSON object", str(found))
        read = _read(found, form)
        if isinstance(read, DraftReview):
            reviews.append(read)
            continue
        reasons.append(read)
        if reviews and isinstance(found, dict) and "rating" in found:
            return reasons[-1]
    if not reviews:
        missing = Unreadable("response", "expected a JSON object with a review, found none")
        return reasons[-1] if reasons else missing
    if len({_verdict(review) for review in reviews}) > 1:
        ratings = ", ".join(str(review.rating) for review in reversed(reviews))
        return Unreadable("response", f"expected one review, found several, with ratings {ratings}")
    if not _is_on(reviews[0].rating, form.scale.values):
        values = form.scale.values
        return Unreadable("rating", f"expected one of {values}, found {reviews[0].rating}")
    return reviews[0]


def _read(found: object, form: ReviewForm) -> DraftReview | Unreadable:
    """Return an object as a review of the form, or why it is none."""
    value = found
    if isinstance(found, dict):
        own = {name: number for name, number in found.items() if name != "other_numbers"}
        others = {n: own[n] for n in form.numbers if n in own and n not in DraftReview.model_fields}
        value = {**own, "other_numbers": others} if others else own
        missing = next((name for name in form.numbers if name not in own), None)
        if missing is not None:
            return Unreadable("JSON object", f"{missing}: expected a number, found none")
    try:
        review = DraftReview.model_validate(value)
    except ValidationError as error:
        return Unreadable("JSON object", str(first_problem(error))[:200])
    for name, values in form.numbers.items():
        number = review.other_numbers.get(name, getattr(review, name, None))
        if not _is_on(number, values):
            return Unreadable("JSON object", f"{name}: expected one of {values}, found {number}")
    return review


def _is_on(number: Number | None, values: tuple[Number, ...]) -> bool:
    """Return True if a number is a value of a scale, a fraction only where the scale has some."""
    whole = all(isinstance(value, int) for value in values)
    return number is not None and number in values and not (whole and isinstance(number, float))


def _verdict(review: DraftReview) -> tuple[object, ...]:
    """Return everything of a review that is scored."""
    aspects = (review.soundness, review.presentation, review.contribution)
    others = tuple(sorted(review.other_numbers.items()))
    return (review.rating, *aspects, review.confidence, review.decision, others)


def is_unchanged(text: str) -> bool:
    """Return True if a reflection leaves the review as it is."""
    return _THINKING.sub("", text).strip(" \t\r\n.*`'\"").upper() == "UNCHANGED"


def _objects(text: str) -> Iterator[object]:
    """Yield JSON objects that start at the last braces of a text, the last first.

    An object inside another is not yielded. Prose before the review has many braces if it contains
    LaTeX, so the search starts at the end and the number of braces tried is bounded.
    """
    decoder = json.JSONDecoder(object_pairs_hook=_unique_keys, parse_constant=_refuse)
    start = len(text)
    for _ in range(_MAX_BRACES):
        start = text.rfind("{", 0, start)
        if start < 0:
            return
        try:
            yield decoder.raw_decode(text, start)[0]
        except _RepeatedKeyError as error:
            yield error
        except (ValueError, RecursionError):
            continue


class _RepeatedKeyError(Exception):
    """A JSON object has a key twice."""


def _unique_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) < len(pairs):
        keys = [key for key, _ in pairs]
        repeated = [key for key in value if keys.count(key) > 1]
        raise _RepeatedKeyError(f"expected each key once, found {repeated[0][:40]!r} repeated")
    return value


def _refuse(constant: str) -> object:
    raise ValueError(f"JSON has no number {constant}")
