"""Who gave a rating: names and fields of reviews that are not of a reviewer."""

import re
from collections.abc import Mapping, Sequence

REVIEWERS = ("reviewer", "reviewer_id", "reviewer_name", "signature", "signatures")
"""Columns that name the reviewer in a row per review."""
_KINDS = ("review_type", "reviewer_type", "reviewer_role", "role")
"""Columns that may say of which kind a review is, beside `type` in a list of reviews."""
_MODELS = ("model", "model_name", "llm", "generated_by")
"""Columns that name the model that wrote a review."""
_PEOPLE = frozenset({"", "human", "none", "null", "nan", "na", "n/a", "false", "no", "-"})
_MODEL = re.compile(
    r"(?:chat)?gpt|llms?\b|claude|gemini|llama|mistral|mixtral|qwen|deepseek|openai|o[134]-", re.I
)
"""Start of the name of a language model."""
_SHORT_ROLES = frozenset({"ac", "acs", "sac", "sacs", "pc", "pcs", "ai", "bot"})
"""Roles that are also names of people."""
_OTHER_ROLES = frozenset(
    [
        *("chair", "chairs", "areachair", "areachairs", *_SHORT_ROLES),
        *("meta", "metareview", "metareviewer", "editor", "editors", "author", "authors"),
        *("model", "generated", "synthetic", "simulated", "predicted", "prediction"),
    ]
)
_BESIDE_ROLES = _SHORT_ROLES | {"", "review", "reviews", "rating", "score", "decision"}
_NUMBERS = frozenset(
    [
        *("mean", "average", "avg", "median", "std", "stdev", "var", "variance", "min", "max"),
        *("sum", "total", "count", "overall", "initial", "final", "before", "after", "pre", "post"),
        *("rating", "score", "recommendation", "soundness", "presentation", "contribution"),
        *("confidence", "novelty", "clarity", "originality", "significance", "quality"),
    ]
)
"""Names in a mapping of numbers that are not ratings by reviewers."""


def is_other_role(name: str) -> bool:
    """Return True if a name is of a chair, an editor or a model, not of a reviewer.

    >>> [is_other_role(n) for n in ("X/Submission1/Area_Chair_ab12", "gpt-4o", "AI reviewer 2")]
    [True, True, True]
    >>> [is_other_role(n) for n in ("X/Submission1/Reviewer_ac12", "AnonReviewer3", "R2", "Ann A")]
    [False, False, False, False]
    >>> is_other_role("Ai Mori"), is_other_role("AI review 2"), is_other_role("AC_xYzw")
    (False, True, True)
    """
    last = name.strip().rpartition("/")[2].lower()
    before, reviewer, after = last.partition("reviewer")
    # Behind "Reviewer" are letters at random.
    words = re.split(r"[^a-z0-9]+", before if reviewer else last)
    named = {word.rstrip("0123456789") for word in words}
    roles = named & _OTHER_ROLES
    if roles <= _SHORT_ROLES and " " in last and not reviewer and not named <= _BESIDE_ROLES:
        roles = set()  # a person, such as Ai Mori
    return bool(roles) or bool(_MODEL.match(last)) or bool(_MODEL.match(after.lstrip(" _-")))


def problem_of_names(names: Sequence[str]) -> str | None:
    """Return why a mapping from these names to numbers has no ratings of reviewers, or None.

    >>> problem_of_names(["R1", "R2"]), problem_of_names(["mean", "std"])
    (None, "'mean' is not a reviewer")
    >>> problem_of_names(["1", "3", "5"])
    "'1', '3', ... may be ratings with their counts"
    """
    other = next((n for n in names if n.strip().lower() in _NUMBERS or is_other_role(n)), None)
    if other is not None:
        return f"{other[:40]!r} is not a reviewer"
    if names and all(name.strip().isdecimal() for name in names):
        numbers = sorted(int(name) for name in names)
        if numbers != list(range(numbers[0], numbers[0] + len(numbers))) or numbers[0] > 1:
            shown = ", ".join(map(repr, names[:2]))
            return f"{shown}, ... may be ratings with their counts"
    return None


def other_author(review: Mapping[str, object], kinds: Sequence[str] = ()) -> str | None:
    """Return who wrote a review if that is not a reviewer, else None.

    Args:
        review: fields of a review, or a row of a table.
        kinds: columns that may say of which kind it is, beside the usual ones.
    """
    for column in (*REVIEWERS, *_KINDS, *kinds):
        cell = review.get(column)
        name = cell[0] if isinstance(cell, list) and len(cell) == 1 else cell
        if isinstance(name, str) and is_other_role(name.replace("review_", "review ")):
            return f"{column} {name[:60]}"
    for column in _MODELS:
        cell = review.get(column)
        if isinstance(cell, str) and cell.strip().lower() not in _PEOPLE:
            return f"{column} {cell[:60]}"
    return None
