"""Answers that a field of a form offers, and which of them lean to acceptance."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from cycledata.parse.openreview.note import NUMBER_BEHIND, clean_text, number_in
from cycledata.records import Number, RatingScale

MAX_VALUES = 201
"""A field with more numbers than this has no scale."""
_NUMBER_PREFIX = re.compile(r"\s{0,20}+[+−-]?\d{1,4}(?:\.\d{1,4})?\s{0,20}+(?:[:=.)–-]\s{0,20}+)?")
_ABOVE, _BELOW = re.compile(r"\babove\b"), re.compile(r"\bbelow\b")
_ACCEPT = re.compile(r"\baccept\w*|\bin favou?r\b|\bpublish\w*")
_REJECT = re.compile(
    r"\breject\w*|\bdecline\w*|\bagainst\b|\bnot good enough\b|\bunaccept\w*"
    r"|\b(?:not|never|cannot|can't|don't)\b[^.;]{0,20}\b(?:accept|publish)"
)


@dataclass(frozen=True, slots=True)
class Option:
    """One answer that a field offers."""

    value: Number | None
    """Its number; None if it has none."""
    words: str
    """Its wording without the number."""


def is_numeric(options: Sequence[Option]) -> bool:
    """Return whether a field offers at least two numbers and nothing else."""
    values = [option.value for option in options]
    return None not in values and len(set(values)) >= 2


def leans_to(words: str) -> bool | None:
    """Return whether a wording leans to acceptance, or None if it states neither.

    Only the part before a bracket or a colon counts: "Weak accept (... could also be rejected)".

    >>> [leans_to(w) for w in ("Marginally below acceptance threshold", "Weak Accept", "Award")]
    [False, True, None]
    """
    head = re.split(r"[(:;]|\.\s", words.casefold().replace("’", "'"), maxsplit=1)[0]
    if _BELOW.search(head):
        return False
    if _ABOVE.search(head):
        return True
    rejects = _REJECT.search(head)
    # "Do not accept" and "not good enough - rejection" name acceptance only to deny it.
    accepts = _ACCEPT.search(_REJECT.sub(" ", head))
    if rejects:
        return None if accepts else False
    return True if accepts else None


def scale_from_words(
    name: str, values: Sequence[Number], words: Sequence[str]
) -> tuple[RatingScale, str]:
    """Return a scale with the accept threshold that its words state, and the evidence."""
    leaning = {value: leans_to(text) for value, text in zip(values, words, strict=False)}
    accepting = [value for value, lean in leaning.items() if lean]
    rejecting = [value for value, lean in leaning.items() if lean is False]
    threshold: Number | None = min(accepting, default=None)
    if threshold is None:
        stated = "no wording leans to acceptance"
    elif rejecting and max(rejecting) > threshold:
        stated = f"{max(rejecting)} leans to rejection and {threshold} to acceptance"
        threshold = None
    else:
        wording = words[list(values).index(threshold)]
        stated = f"{threshold} reads {wording[:80]!r}"
    scale = RatingScale(
        name=name,
        values=tuple(values),
        words=tuple(words) if any(words) else (),
        accept_threshold=threshold,
    )
    return scale, stated


def options_of(field: Any) -> Iterator[Option]:
    """Yield the answers that a field of either API offers; none for a free text."""
    if not isinstance(field, dict):
        return
    for key in ("value-radio", "value-dropdown"):
        if isinstance(field.get(key), list):
            yield from map(_option, field[key][:MAX_VALUES])
            return
    param = value_at(field, ("value", "param"))
    if not isinstance(param, dict):
        return
    offered = param.get("enum") or param.get("items")
    if isinstance(offered, list) and param.get("input") != "checkbox":
        yield from map(_option, offered[:MAX_VALUES])
        return
    low, high = param.get("minimum"), param.get("maximum")
    if param.get("type") == "integer" and type(low) is int and type(high) is int:
        yield from (Option(value, "") for value in range(low, min(high, low + MAX_VALUES) + 1))


def _option(raw: Any) -> Option:
    value, words = raw, raw
    if isinstance(raw, dict):
        value = raw.get("value")
        words = raw.get("description") if raw.get("description") is not None else value
    number = number_in(value)
    if number is None and isinstance(raw, dict):
        number = number_in(words)
    text = clean_text(words) if isinstance(words, str) else ""
    return Option(number, text if number is None else wording_of(text))


def wording_of(answer: str) -> str:
    """Return an answer without its number: "accept" for "8: accept" and "accept (8)"."""
    if NUMBER_BEHIND.fullmatch(answer):
        return answer[: answer.rindex("(")].rstrip()
    prefix = _NUMBER_PREFIX.match(answer)
    return answer[prefix.end() :] if prefix else answer


def value_at(raw: Any, path: Sequence[str]) -> Any:
    """Return the value under a path of names, or None."""
    for name in path:
        raw = raw.get(name) if isinstance(raw, dict) else None
    return raw
