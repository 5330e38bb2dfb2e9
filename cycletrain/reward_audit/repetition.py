"""Repetition, variety, copies and citations in generated papers, counted by rule."""

import re
from collections.abc import Iterable, Sequence

_WORD = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_CITE = re.compile(
    r"\\[a-zA-Z]{0,12}cite[a-zA-Z]{0,10}\*?(?:\[[^\]\n]{0,200}\]){0,2}\{([^{}]{1,2000})\}"
)
_KEY = re.compile(r"@[A-Za-z]{1,40}[ \t]{0,8}[{(]\s{0,8}([^\s,{}()]{1,200})[ \t]{0,8},")
REPEATED_WORDS = 4
"""Words of a window of ``repeated_share``."""
COPIED_WORDS = 8
"""Words of a window of ``copied_share``; our choice, longer than most titles."""


def words_of(text: str) -> list[str]:
    """Return the words of a text in lower case."""
    return _WORD.findall(text.lower())


def windows_of(words: Sequence[str], n: int) -> list[tuple[str, ...]]:
    """Return all runs of ``n`` neighboring words, in order."""
    return [tuple(words[start : start + n]) for start in range(len(words) - n + 1)]


def repeated_share(text: str, n: int = REPEATED_WORDS) -> float:
    """Return the share of a paper's n-word windows that the paper has already had; 0 for none.

    >>> repeated_share("a b c d e a b c d e")
    0.2857142857142857
    """
    found = windows_of(words_of(text), n)
    return 1 - len(set(found)) / len(found) if found else 0.0


def distinct_share(texts: Iterable[str], n: int) -> float:
    """Return the number of different n-word windows over all windows of several papers.

    It falls as papers are added, so compare equal numbers of papers only (distinct-n of Li et al.,
    2016).
    """
    found = [window for text in texts for window in windows_of(words_of(text), n)]
    return len(set(found)) / len(found) if found else 0.0


def copied_share(text: str, source: str, n: int = COPIED_WORDS) -> float:
    """Return the share of a paper's n-word windows that the given references have too."""
    found = windows_of(words_of(text), n)
    given = set(windows_of(words_of(source), n))
    return sum(window in given for window in found) / len(found) if found else 0.0


def cited_keys(latex: str) -> tuple[str, ...]:
    r"""Return the different keys that a paper cites, in order.

    >>> cited_keys(r"See \citep[p.~3]{a, b} and \cite{a}.")
    ('a', 'b')
    """
    keys = (key.strip() for match in _CITE.finditer(latex) for key in match[1].split(","))
    return tuple(dict.fromkeys(key for key in keys if key))


def given_keys(references: str) -> frozenset[str]:
    """Return the keys of the BibTeX entries that a prompt gives."""
    return frozenset(_KEY.findall(references))


def not_given_share(latex: str, references: str) -> float | None:
    """Return the share of cited keys that are not among the given references; None without any."""
    cited = cited_keys(latex)
    given = given_keys(references)
    return sum(key not in given for key in cited) / len(cited) if cited else None
