"""Sentences of an abstract that give the decision away.

Links to code appear in abstracts of accepted papers after the decision, and anonymous links
disappear; both tell a model the outcome. A sentence with a link, an offer of code or a statement
about the venue is cut.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import NamedTuple

_SENTENCE_END = re.compile(r"[.!?][\"')\]}]{0,2}\s+(?=[A-Z0-9\"'(\\$])|\n\s*\n")
_LINK = re.compile(
    r"https?://|www\.[a-z0-9-]{2,}\.|\\(?:url|href)\b|"
    r"\b[a-z0-9][a-z0-9.-]{0,60}\.(?:com|org|io|net|edu|ai|science|me|dev|tech|cc|gg|page|site)/"
    r"|\b[a-z0-9-]{2,60}\.github\.io\b|\b(?:github|gitlab|huggingface|zenodo)\.(?:com|org|co)\b"
    r"|\b(?:github|gitlab|bitbucket)\b",
    re.IGNORECASE,
)
_WHAT = r"(?:code|codes|codebase|source code|implementation|project page|checkpoints?|demos?)"
_CODE = re.compile(
    rf"\b{_WHAT}\b[^.]{{0,80}}\b(?:available|released?|open[- ]?sourced?|published|found|provided|"
    rf"public(?:ly)?|here|accessible)\b"
    rf"|\b(?:release|open[- ]?source|publish|share)\b (?:\w+ ){{0,6}}?{_WHAT}\b"
    rf"|\b{_WHAT}(?: and \w+)?\s*:\s*$|\b{_WHAT} (?:is|are) at\b",
    re.IGNORECASE,
)
_VENUES = (
    r"(?:ICLR|ICML|NeurIPS|NIPS|CVPR|ICCV|ECCV|ACL|EMNLP|NAACL|AAAI|IJCAI|AISTATS|UAI|COLT|CoRL|KDD|"
    r"COLM|TMLR|JMLR|MLSys)"
)
_ACCEPTED = re.compile(
    rf"\b(?i:accepted|to appear|appearing|published)\b[^.]{{0,40}}\b{_VENUES}\b"
    rf"|\b{_VENUES}\b[^.]{{0,30}}\b(?i:oral|spotlight|best paper|outstanding paper)\b"
    r"|\b(?i:camera[- ]ready|this (?:paper|work) (?:has been|was|is) accepted)\b"
)
_UNDER_REVIEW = re.compile(
    rf"\b(?i:under (?:double[- ]blind )?review)\b|\b(?i:submitted to)\b[^.]{{0,40}}\b{_VENUES}\b"
)
_RULES = (
    (
        "author-link",
        _LINK,
        ("/", "www.", "\\url", "\\href", "git", "bitbucket", "hugging", "zenodo"),
    ),
    ("code-availability", _CODE, ("code", "implementation", "project page", "checkpoint", "demo")),
    (
        "camera-ready-header",
        _ACCEPTED,
        ("accepted", "appear", "published", "oral", "spotlight", "paper", "camera"),
    ),
    ("under-review-header", _UNDER_REVIEW, ("under", "submitted")),
)
"""Rule, expression, and letters of which every match has some, in lower case."""


_LIKE_LATIN = str.maketrans("\u0130\u0131\u017f\u212a", "iisk")
"""Letters that an expression without case takes for these."""


def _folded(text: str) -> str:
    return (text if text.isascii() else text.translate(_LIKE_LATIN)).lower()


def _places(text: str, words: Iterable[str]) -> Iterator[int]:
    """Yield the offset of every occurrence of some words."""
    for word in words:
        place = text.find(word)
        while place >= 0:
            yield place
            place = text.find(word, place + 1)


class AbstractCut(NamedTuple):
    """A sentence that was cut."""

    rule: str
    """Name of the leak rule."""
    start: int
    """Offset of its first character in the abstract."""
    end: int
    """Offset after its last character."""


def cut_abstract_leaks(abstract: str) -> tuple[str, tuple[AbstractCut, ...]]:
    """Return an abstract without the sentences that give the decision away, and what was cut.

    >>> cut_abstract_leaks("We prove it. Code is at https://github.com/a/b.")[0]
    'We prove it.'
    """
    whole = _folded(abstract)
    # Most abstracts have few of the letters, and searching for them is far faster than expressions.
    rules = [(name, rule, sorted(_places(whole, words))) for name, rule, words in _RULES]
    rules = [rule for rule in rules if rule[2]]
    if not rules:
        return abstract, ()
    cuts = []
    kept = []
    start = 0
    for end in [*(match.end() for match in _SENTENCE_END.finditer(abstract)), len(abstract)]:
        sentence = abstract[start:end]
        rule = next(
            (
                name
                for name, found, near in rules
                if bisect_left(near, start) < bisect_left(near, end) and found.search(sentence)
            ),
            None,
        )
        if rule is None:
            kept.append(sentence)
        else:
            cuts.append(AbstractCut(rule, start, start + len(sentence.rstrip())))
        start = end
    return ("".join(kept).strip() if cuts else abstract), tuple(cuts)
