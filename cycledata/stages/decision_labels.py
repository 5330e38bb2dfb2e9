"""Tell the label of a decision from free words in its note.

A label is a fact and is published with the ratings. Free text has an author and is not.
"""

import re
from functools import lru_cache
from typing import Final

MAX_LABEL_CHARS = 120
"""Longer texts are not labels; the longest seen has 71 characters."""
_LABEL_WORDS: Final = frozenset(
    """
    a accept acceptance accepted an and as at award best candidate conditional conditionally
    conference contributed datasets benchmarks decision desk findings for highlight in invite
    invited is journal long lightning main major minor not notable of on only oral out paper poster
    presentation proceedings reject rejected rejection revision revisions runner scope short
    spotlight submission submitted talk the to top track up with withdraw withdrawal withdrawn
    workshop iclr neurips icml tmlr colm acl emnlp
    """.split()  # noqa: SIM905  a paragraph of words reads better than a column of quoted ones
)
_LABEL = re.compile(r"[A-Za-z0-9 ():;,./%&-]{1,120}")
_WORD = re.compile(r"[A-Za-z]{1,40}")


@lru_cache(maxsize=1024)
def is_decision_label(text: str, venue: str) -> bool:
    """Return True if a decision text consists of label words, numbers and words of the venue id.

    >>> is_decision_label("Accept: notable-top-25%", "ICLR.cc/2023/Conference")
    True
    >>> is_decision_label("Accept, since the authors are famous", "ICLR.cc/2023/Conference")
    False
    """
    if len(text) > MAX_LABEL_CHARS or not _LABEL.fullmatch(text):
        return False
    of_venue = {word.lower() for word in _WORD.findall(venue)}
    return all(word.lower() in _LABEL_WORDS | of_venue for word in _WORD.findall(text))
