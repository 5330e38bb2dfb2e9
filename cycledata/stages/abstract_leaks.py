"""Sentences of an abstract that give the decision away.

Links to code appear in abstracts of accepted papers after the decision, and anonymous links
disappear; both tell a model the outcome. A sentence with a link, an offer of code or a statement
about the venue is cut.
"""

import re
from bisect import bisect_left
from typing import NamedTuple

_SENTENCE_END = re.compile(r"[.!?][\"')\]}]{0,2}\s+(?=[A-Z0-9\"'(\\$])|\n\s*\n")
_TOP_DOMAINS = (
    *("com", "org", "io", "net", "edu", "ai", "science"),
    *("me", "dev", "tech", "cc", "gg", "page", "site"),
)
_LINK = re.compile(
    r"https?://|www\.[a-z0-9-]{2,}\.|\\(?:url|href)\b|"
    rf"\b[a-z0-9][a-z0-9.-]{{0,60}}\.(?:{'|'.join(_TOP_DOMAINS)})/"
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
_BEFORE_SLASH = "|".join(rf"(?<=\.{name})" for name in _TOP_DOMAINS)


class _Rule(NamedTuple):
    """A kind of leak, and what is fast to find: every match has a clue, which begins with a start.

    Clues and their starts are those of a text in lower case.
    """

    name: str
    leak: re.Pattern[str]
    starts: tuple[str, ...]
    clue: re.Pattern[str]


_RULES = (
    _Rule(
        "author-link",
        _LINK,
        ("/", "www.", "\\", "git", "bitbucket", "huggingface", "zenodo"),
        re.compile(
            rf"(?:(?<=:/)|{_BEFORE_SLASH})/|www\.|\\(?:url|href)"
            r"|\b(?:github|gitlab|bitbucket|huggingface|zenodo)\b"
        ),
    ),
    _Rule(
        "code-availability",
        _CODE,
        ("code", "implementation", "project page", "checkpoint", "demo"),
        re.compile(r"\b(?:code(?:s|base)?|implementation|project page|checkpoints?|demos?)\b"),
    ),
    _Rule(
        "camera-ready-header",
        _ACCEPTED,
        ("accepted", "appear", "published", "oral", "spotlight", "paper", "camera"),
        re.compile(
            r"\b(?:accepted|appear(?:ing)?|published|oral|spotlight|camera[- ]ready)\b"
            r"|(?:(?<=best )|(?<=outstanding ))paper\b"
        ),
    ),
    _Rule(
        "under-review-header",
        _UNDER_REVIEW,
        ("under ", "submitted to"),
        re.compile(r"\b(?:under (?:double[- ]blind )?review|submitted to)\b"),
    ),
)


def _folded(text: str) -> str:
    if not text.isascii():
        # Letters that an expression without case takes for Latin ones.
        for letter, latin in (("\u0130", "i"), ("\u0131", "i"), ("\u017f", "s"), ("\u212a", "k")):
            text = text.replace(letter, latin)
    return text.lower()


def _places(text: str, rule: _Rule) -> list[int]:
    """Return the offset of every clue of a rule, ascending."""
    found = []
    for start in rule.starts:
        place = text.find(start)
        while place >= 0:
            if rule.clue.match(text, place):
                found.append(place)
            place = text.find(start, place + 1)
    return sorted(found)


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
    # Most abstracts have no clue, and searching for one is far faster than searching for a leak.
    rules = [(rule, near) for rule in _RULES if (near := _places(whole, rule))]
    if not rules:
        return abstract, ()
    cuts = []
    kept = []
    start = 0
    for end in [*(match.end() for match in _SENTENCE_END.finditer(abstract)), len(abstract)]:
        sentence = abstract[start:end]
        rule = next(
            (
                rule
                for rule, near in rules
                if bisect_left(near, start) < bisect_left(near, end) and rule.leak.search(sentence)
            ),
            None,
        )
        if rule is None:
            kept.append(sentence)
        else:
            cuts.append(AbstractCut(rule.name, start, start + len(sentence.rstrip())))
        start = end
    return ("".join(kept).strip() if cuts else abstract), tuple(cuts)
