"""Review notes of a venue without a known form -> a form inferred from their content."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from cycledata.parse.openreview.answers import Option, scale_from_words, wording_of
from cycledata.parse.openreview.forms import FormField, VenueForm
from cycledata.parse.openreview.invitation import RATING_NAMES, assign_roles
from cycledata.parse.openreview.note import clean_text, number_in

MAX_SCALE_VALUES = 21
"""A field with more distinct numbers than this is not on a scale."""
_MIN_SHARE = 0.5
"""Share of the reviews that must answer the field of the rating."""


def infer_form(venue: str, contents: Iterable[Mapping[str, Any]]) -> VenueForm | None:
    """Return a form from the contents of a venue's review notes, or None without a clear rating.

    The rating is a field with a usual name (``RATING_NAMES``) whose answers all start with a
    number; the scale consists of the numbers that occur. Where answers have words, the accept
    threshold is read from them.

    Args:
        venue: venue id.
        contents: content of each review note, API v1 or v2; values without access left out.
    """
    n_reviews = 0
    n_answers: Counter[str] = Counter()
    answers: dict[str, dict[Any, str]] = {}
    texts: set[str] = set()
    for content in contents:
        n_reviews += 1
        for name, found in content.items():
            value = found.get("value") if isinstance(found, dict) else found
            if value is None or value == "":
                continue
            n_answers[name] += 1
            number = number_in(value)
            if number is None or name in texts:
                texts.add(name)
                continue
            seen = answers.setdefault(name, {})
            if len(seen) <= MAX_SCALE_VALUES:
                seen[number] = _words(value) or seen.get(number, "")
    numeric = {
        name: [Option(value, seen[value]) for value in sorted(seen)]
        for name, seen in answers.items()
        if name not in texts and len(seen) <= MAX_SCALE_VALUES
    }
    rating = next((name for name in RATING_NAMES if name in numeric), None)
    if rating is None or n_answers[rating] < _MIN_SHARE * n_reviews:
        return None
    names = list(n_answers)
    options = {name: numeric.get(name, []) for name in names}
    # One answer seen in all reviews is still a number; a second, unseen one marks it as such.
    padded = {n: [*o, Option(float("-inf"), "")] if o else o for n, o in options.items()}
    roles = assign_roles(names, padded, {"rating_field_name": rating})
    fields = tuple(
        FormField(
            name=name,
            role=roles[name],
            values=tuple(option.value for option in options[name] if option.value is not None),
            words=tuple(option.words for option in options[name]),
        )
        for name in names
    )
    values = [option.value for option in numeric[rating] if option.value is not None]
    words = [option.words for option in numeric[rating]]
    scale, stated = scale_from_words(venue, values, words)
    evidence = f"inferred from {n_reviews} reviews, not from an invitation; {stated}"
    return VenueForm(
        venue=venue, fields=fields, rating_scale=scale, source="notes", evidence=evidence
    )


def _words(value: Any) -> str:
    """Wording behind the number of an answer such as "8: accept, good paper"."""
    return wording_of(clean_text(value)) if isinstance(value, str) else ""
