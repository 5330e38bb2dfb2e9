"""Ratings and decisions as review forms word them: known scales, wording and reading.

The scales are data (``rating_scales.toml``). A rating is read strictly: the number at the start of
the text, never its first character ("10: strong accept" is 10); a text that starts otherwise, with
a range or with a fraction of another scale, is not a rating.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from cycledata.records import Number, RatingScale

DecisionKind = Literal["accept", "reject", "withdrawn"]


@dataclass(frozen=True, slots=True)
class KnownScale:
    """A scale and where its threshold is stated."""

    scale: RatingScale
    evidence: str
    """Why the accept threshold is what it is."""


def scale_of(table: Mapping[str, Any]) -> KnownScale:
    """Return the scale of a TOML table with ``name``, ``words`` and ``accept_threshold``.

    Args:
        table: ``words`` maps each value, as a text, to its wording or to "".

    Raises:
        KeyError: ``name`` or ``words`` is missing.
        ValueError: a value is not a number, or the record is invalid.
    """
    words = sorted((number_of(value), text) for value, text in table["words"].items())
    scale = RatingScale(
        name=table["name"],
        values=tuple(value for value, _ in words),
        words=tuple(text for _, text in words) if any(text for _, text in words) else (),
        accept_threshold=table.get("accept_threshold"),
    )
    return KnownScale(scale, table.get("evidence", ""))


def number_of(text: str) -> Number:
    """Return a decimal number as an integer where it is whole, else as a float.

    Raises:
        ValueError: not a number.
    """
    number = float(text)
    return int(number) if number.is_integer() else number


def _read_scales() -> Mapping[str, KnownScale]:
    text = Path(__file__).with_suffix(".toml").read_text("utf-8")
    known = (scale_of(table) for table in tomllib.loads(text)["scale"])
    return {scale.scale.name: scale for scale in known}


SCALES = _read_scales()
"""Known scales by name."""
ICLR_RATING = SCALES["iclr-2022-2025-rating"].scale
"""Scale of ICLR 2022 to 2025, on which CycleReviewer was trained."""

ASPECT_WORDING = {1: "poor", 2: "fair", 3: "good", 4: "excellent"}
"""Wording of soundness, presentation and contribution on forms of ICLR and NeurIPS."""

_NUMBER = re.compile(r"([+-]?[0-9]{1,4}(?:\.[0-9]{1,4})?)(?=[\s:;)*_=/\]]|,(?![0-9])|\.(?:\s|$)|$)")
_OF = re.compile(
    r"[\s)*_]{0,3}[(\[]?(?:(?P<slash>/)\s?|(?:out\s{1,3}of|of)\s{1,3})"
    r"(?P<highest>[0-9]{1,4}(?:\.0)?)?(?P<rest>\w|\.[0-9]|)"
)
_RANGE = re.compile(
    r"[\s*_]{0,3}(?:-{0,2}>|=>|→|-{1,3}|–|—|~|\.\.|\.\s|[,;|&]|\bto\b|\bor\b|\band\b)\s{0,3}[0-9]|\s+[0-9]",
    re.IGNORECASE,
)
"""Another number right behind a rating: a range, a list, a fraction, or the number of a list."""
_OTHER_SCALE = re.compile(
    r"\bout\s+of\s+(?P<of>[0-9]{1,4})\b|\bscale\b[^0-9\n]{0,12}(?:[0-9]{1,4}\s*(?:-|–|to)\s*)?(?P<to>[0-9]{1,4})"
    r"|\b[0-9]{1,4}\s*(?:-|–|to)\s*(?P<end>[0-9]{1,4})\s+scale\b|\b(?P<point>[0-9]{1,4})-point\b",
    re.IGNORECASE,
)
"""A scale stated behind a rating."""
_CHANGED = re.compile(
    r"(?:->|=>|→|⇒)\s*[*_]*[0-9]"
    r"|\b(?:now|final|finally|after(?: the)? (?:rebuttal|discussion))\b\W{0,4}[0-9]"
    r"|[0-9]\W{1,3}(?:now|finally|after(?: the)? (?:rebuttal|discussion))\b"
    r"|\bfor\b[^.;\n]{1,30},\s{0,3}[0-9]{1,2}\s+for\b|^\s*[\[(]\s{0,2}[0-9]{1,2}\s{0,2}[\])]"
    r"|\b(?:raised?|increased?|lower(?:ed)?|decreased?|reduced?|changed?"
    r"|updated?|upgraded?|downgraded?|revised?)\b[^.;\n]{0,30}\b(?:to|from)\s+[*_]*[0-9]",
    re.IGNORECASE,
)
"""Another rating behind a rating."""
_MOST_READ = 300
"""Characters behind a rating that are searched for another scale or rating."""
_DECISION = re.compile(
    r"[^a-z]{0,16}(?:(?P<accept>accept(?:ed)?)|(?P<reject>(?:desk[ _-]?)?reject(?:ed)?"
    r"|invite to workshop)|(?P<withdrawn>withdrawn?))(?![a-z])",
    re.ASCII | re.IGNORECASE,
)
_ANY_DECISION = re.compile(r"\b(?:accept|reject|withdraw)", re.ASCII | re.IGNORECASE)
_IN_BRACKETS = re.compile(r"\([^()]*\)")
_SENTENCE_END = re.compile(r"[.:;\n]")
_OPEN = re.compile(
    r"\?|\b(?:if|unless|provided|providing|assuming|on(?: the)? condition|conditional(?:ly)?"
    r"|subject to|tentative(?:ly)?|maybe|perhaps|possibly|undecided|probability"
    r"|(?:is|was|are|were|seems|be) (?:not|never)|(?:is|was|are|were)n['’]t)\b",
    re.ASCII | re.IGNORECASE,
)
"""A condition, a doubt or a negation behind the word of a decision."""
_OPEN_IN_BRACKETS = re.compile(
    r"\s*[(\[]\s*(?:\?|(?:if|unless|provided|conditional(?:ly)?|subject to|tentative(?:ly)?|maybe"
    r"|perhaps|possibly|unsure|undecided)\b)",
    re.IGNORECASE,
)
_DENIED = re.compile(r"\W{0,3}[:=]\W{0,4}(?:no|not|false|n/a|none|0)\b(?![ ]\w)", re.IGNORECASE)
_RETRACTED = re.compile(
    r"[.;!\n]\W*(?:actually|no|sorry|wait|rather|instead|correction|on second thoughts?"
    r"|final(?:ly)?|edit|update)\b\W{0,4}(?:accept|reject|withdraw)",
    re.ASCII | re.IGNORECASE,
)
_UNCHECKED = re.compile(r"\W{0,6}\[[ ]?\]")
_UNDECIDED = re.compile(
    r"[^a-z\n]{0,8}(?:/|\||\bor\b|\band\b)[^a-z\n]{0,8}(?:accept|reject|withdraw)",
    re.ASCII | re.IGNORECASE,
)


def rating_label(value: Number, scale: RatingScale | None) -> str:
    """Return a rating with its wording on the scale.

    >>> rating_label(6, ICLR_RATING)
    '6: marginally above the acceptance threshold'
    >>> rating_label(7, ICLR_RATING)
    '7'
    """
    words = dict(zip(scale.values, scale.words, strict=False)) if scale else {}
    return f"{value}: {words[value]}" if words.get(value) else str(value)


def aspect_label(value: Number) -> str:
    """Return an aspect rating with its wording, e.g. ``"3 good"``."""
    wording = ASPECT_WORDING.get(int(value)) if value == int(value) else None
    return str(value) if wording is None else f"{value} {wording}"


def read_number(text: str, *, highest: Number = 10) -> Number | None:
    """Return the number that a rating starts with, or None if it starts with none.

    A denominator is read only if it is the scale's highest value; a range or a change, such as
    "3 -> 6", is not a rating.

    Args:
        text: the answer, e.g. ``"8: accept, good paper"``.
        highest: highest value of the scale.

    >>> [read_number(t) for t in ("10: strong accept", "3 good", "**6**: weak", "8/10", "2.5 =")]
    [10, 3, 6, 8, 2.5]
    >>> [read_number(t) for t in ("6-8", "4 out of 5", "6, raised to 8", "4 (1-5 scale)", "")]
    [None, None, None, None, None]
    """
    # A form offers a few answers, so most texts of a venue are the same few.
    return (_read_number if len(text) > _MOST_READ else _read_number_once)(text, highest)


def _read_number(text: str, highest: Number) -> Number | None:
    text = text.strip(" \t\r\n*_`[(")
    match = _NUMBER.match(text)
    if match is None or _RANGE.match(text, match.end()):
        return None
    of = _OF.match(text, match.end())
    if of is not None and (of["slash"] or of["highest"]):
        denominator = of["highest"]
        if denominator is None or of["rest"] or float(denominator) != highest:
            return None
    rest = text[match.end() : match.end() + _MOST_READ]
    for stated in _OTHER_SCALE.finditer(rest):
        if float(next(filter(None, stated.groups()))) != highest:
            return None
    return None if _CHANGED.search(rest) else number_of(match[1])


_read_number_once = lru_cache(maxsize=4096)(_read_number)


def decision_kind(text: str) -> DecisionKind | None:
    """Return what a decision's wording starts with; None if it states none, several or a condition.

    >>> decision_kind("Accept: notable-top-5%"), decision_kind("Reject (not acceptable as it is)")
    ('accept', 'reject')
    >>> decision_kind("Acceptance is out of the question"), decision_kind("Accept/Reject")
    (None, None)
    >>> decision_kind("Accept if revised"), decision_kind("Reject is not warranted")
    (None, None)
    """
    match = None if _UNCHECKED.match(text) else _DECISION.match(text)
    if match is None or _UNDECIDED.match(text, match.end()):
        return None
    rest = text[match.end() : match.end() + _MOST_READ]
    sentence = _SENTENCE_END.split(_IN_BRACKETS.sub("", rest), 1)[0]
    kind: DecisionKind = "withdrawn"
    if match["accept"] or match["reject"]:
        kind = "accept" if match["accept"] else "reject"
    others = {word.lower() for word in _ANY_DECISION.findall(sentence)}
    is_open = (
        _OPEN.search(sentence)
        or _OPEN_IN_BRACKETS.match(rest)
        or _DENIED.match(rest)
        or _RETRACTED.search(rest)
    )
    return None if is_open or others - {kind.removesuffix("n")} else kind
