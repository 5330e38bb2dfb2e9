"""Edits of a paper that add no substance: other wording, or one more claim.

A reviewer that judges what was done gives an edited paper the rating of the paper itself.
"""

import random
import re

from cycledata.manifest import fingerprint

DEFAULT_CLAIMS = (
    "We prove that training converges.",
    "We test it on ten datasets.",
    "An ablation removes each part in turn.",
    "Our novel method significantly outperforms the state of the art.",
)
"""Claims that are inserted one at a time; our choice."""
_REWORDINGS = (
    ("however", "nevertheless"),
    ("because", "since"),
    ("also", "in addition"),
    ("often", "frequently"),
    ("shows", "demonstrates"),
    ("show", "demonstrate"),
    ("many", "numerous"),
    ("so far", "until now"),
    ("is lower than", "is below"),
    ("is larger", "is greater"),
    ("stays the same", "does not change"),
    ("grows by", "increases by"),
    ("We hope that", "It is our hope that"),
    ("is simple", "is straightforward"),
    ("We take", "We start from"),
    ("propose", "introduce"),
    ("important", "essential"),
)
"""Expressions and others of the same meaning, neither of which is a claim, praise or a hedge."""
_PARAGRAPH = re.compile(r"[^\n]+[.!?](?=\n|\Z)")


def reword(text: str) -> str | None:
    """Return a paper with every known expression replaced by another of the same meaning.

    Returns:
        The paper; None if it has none of the expressions.

    >>> reword("However, it is simple.")
    'Nevertheless, it is straightforward.'
    """
    changed = text
    for old, new in _REWORDINGS:
        changed = re.sub(rf"(?<![\w-]){old}(?![\w-])", new, changed)
        changed = re.sub(rf"(?<![\w-]){_capital(old)}(?![\w-])", _capital(new), changed)
    return None if changed == text else changed


def insert_claim(text: str, claim: str, *, key: str) -> str | None:
    """Return a paper with one more sentence at the end of a paragraph.

    Args:
        text: the paper as a reviewer reads it, in Markdown.
        claim: sentence to insert.
        key: with the claim it determines the paragraph, whatever other papers there are.

    Returns:
        The paper; None if it has the claim already, or no paragraph of prose.
    """
    if claim in text:
        return None
    ends = [match.end() for match in _PARAGRAPH.finditer(text) if not match[0].startswith("#")]
    if not ends:
        return None
    dice = random.Random(fingerprint([key, claim]))  # noqa: S311  reproducible, not secret
    place = dice.choice(ends)
    return f"{text[:place]} {claim}{text[place:]}"


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
