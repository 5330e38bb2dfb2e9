"""The disclosure of a generated paper, and a check that a text still has it.

The sentence is the paper's own (Ethical considerations). Its absence proves nothing about who
wrote a text; ``cycletrain detect`` estimates that.
"""

import re
from difflib import SequenceMatcher
from typing import Literal, NamedTuple

DISCLOSURE = (
    "This paper was written with the assistance of CycleResearcher, including but not limited to"
    " the introduction, related work, experimental design, and experimental results sections. A"
    " portion of the content may have been generated using large language models (LLMs)."
)
FABRICATED = (
    "The experimental results in this paper were made up by a language model."
    " No experiment was run."
)
"""Stands beside the disclosure wherever results were simulated (Appendix A)."""

_COMMENT = re.compile(r"(?<!\\)%[^\n]*")
_HIDDEN = re.compile(
    r"\\iffalse\b.*?(?:\\fi\b|\Z)|\\begin\{comment\}.*?(?:\\end\{comment\}|\Z)", re.S
)
_COMMAND = re.compile(r"\\[A-Za-z]{1,30}\*?|[{}~$]")
_WORD = re.compile(r"[a-z0-9]+")
_MAX_CHARS = 2_000_000
"""Longer texts are refused: a paper has a tenth of it."""
_ALTERED_FROM = 0.5
"""Share of the sentence's words, in order and close together, that still counts as the sentence."""


class DisclosureCheck(NamedTuple):
    """What became of the disclosure in one text."""

    verdict: Literal["present", "altered", "hidden", "absent"]
    """``hidden``: only in comments or switched-off text, where no reader of the paper sees it."""
    detail: str
    """Words missing or added; ``""`` where it is present."""


def check_disclosure(text: str) -> DisclosureCheck:
    """Look for the disclosure in LaTeX or plain text.

    Case, line breaks, hyphens at line ends, LaTeX commands and punctuation do not matter; words do.

    Raises:
        ValueError: a text longer than any paper.
    """
    if len(text) > _MAX_CHARS:
        raise ValueError(f"{len(text)} characters, expected {_MAX_CHARS} at most; is this a paper?")
    sentence = _words(DISCLOSURE)
    visible = _words(_printed(text))
    if _contains(visible, sentence):
        return DisclosureCheck("present", "")
    if _contains(_words(text.replace("%", " ")), sentence):
        return DisclosureCheck("hidden", "it stands in a comment or in switched-off text")
    window = _nearest(visible, sentence)
    matcher = SequenceMatcher(None, sentence, window, autojunk=False)
    kept = sum(block.size for block in matcher.get_matching_blocks())
    if kept < _ALTERED_FROM * len(sentence):
        return DisclosureCheck("absent", f"{kept} of its {len(sentence)} words stand together")
    changes = [
        f"{' '.join(sentence[a:b]) or '(nothing)'} -> {' '.join(window[c:d]) or '(nothing)'}"
        for kind, a, b, c, d in matcher.get_opcodes()
        if kind != "equal"
    ]
    return DisclosureCheck("altered", "; ".join(changes)[:300])


def _printed(text: str) -> str:
    """What a LaTeX file shows: no preamble, no comment, no branch that is switched off."""
    body = text.partition(r"\begin{document}")[2] or text
    body = body.partition(r"\end{document}")[0]
    return _HIDDEN.sub(" ", _COMMENT.sub("", body))


def _words(text: str) -> list[str]:
    joined = _COMMAND.sub(" ", re.sub(r"-[ \t]{0,8}\n", "", text)).lower()
    return _WORD.findall(joined)


def _contains(words: list[str], sentence: list[str]) -> bool:
    # A joined string compares at C speed; the blanks keep words whole.
    return f" {' '.join(sentence)} " in f" {' '.join(words)} "


def _nearest(words: list[str], sentence: list[str]) -> list[str]:
    """The stretch of the sentence's length that shares most of its words."""
    size, wanted = len(sentence), set(sentence)
    hits = [word in wanted for word in words]
    count = best = sum(hits[:size])
    place = 0
    for start in range(1, max(len(words) - size, 0) + 1):
        count += hits[start + size - 1] - hits[start - 1]
        if count > best:
            best, place = count, start
    return words[place : place + size]
