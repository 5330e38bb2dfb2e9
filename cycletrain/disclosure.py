r"""The disclosure of a generated paper, and a check that a text still prints it.

The sentence is the paper's own (Ethical considerations). Its absence proves nothing about who
wrote a text; ``cycletrain detect`` estimates that.

For LaTeX the check follows groups, environments and conditionals without running TeX. It answers
``present`` only if the sentence is plain text where TeX prints it, and every command before it is
one that cannot hide it. A file that uses other commands is ``unverified``: it may be fine, and the
check names the first command that it does not know. Where pdflatex and pypdfium2 are installed,
``printed_by_tex`` also compiles the file and looks at the page.
"""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Literal, NamedTuple

from cycletrain.latex_reader import MaskedWord, read_words

DISCLOSURE = (
    "This paper was written with the assistance of CycleResearcher, including but not limited to"
    " the introduction, related work, experimental design, and experimental results sections. A"
    " portion of the content may have been generated using large language models (LLMs)."
)
FABRICATED = (
    "The experimental results in this paper were made up by a language model."
    " No experiment was run."
)
"""Second sentence of the disclosure if results were simulated (Appendix A)."""

_LATEX = re.compile(r"\\(?:[A-Za-z]{2,}|\^\^)|\^\^5c")
_COMMAND = re.compile(r"\\[A-Za-z]{1,30}\*?|[{}~$]")
_WORD = re.compile(r"[a-z0-9]+")
_HTML_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_HTML_HIDDEN = re.compile(
    r"<[^>]{0,500}(?:display\s*:\s*none|visibility|opacity|font-size|color|\bhidden\b)[^>]{0,500}>",
    re.IGNORECASE,
)
_MAX_CHARS = 2_000_000
"""Longer texts are refused: a paper has a tenth of it."""
_ALTERED_FROM = 0.5
"""Share of the sentence's words, close together, from which a text counts as altered."""


class DisclosureCheck(NamedTuple):
    """Result of the check of one text."""

    verdict: Literal["present", "unverified", "altered", "hidden", "absent"]
    """``hidden``: only where it is not printed; ``unverified``: printed unless a command that the
    check does not know hides it."""
    detail: str
    """Place and reason, or words missing and added; ``""`` if present."""


def check_disclosure(text: str) -> DisclosureCheck:
    """Look for the disclosure in LaTeX or plain text.

    Case, line breaks, hyphens at line ends, font commands and punctuation do not matter; words do.

    Raises:
        ValueError: a text longer than any paper.
    """
    if len(text) > _MAX_CHARS:
        raise ValueError(f"{len(text)} characters, expected {_MAX_CHARS} at most; is this a paper?")
    sentence = tuple(_WORD.findall(DISCLOSURE.lower()))
    check = _check_latex if _LATEX.search(text) else _check_plain
    found = check(text, sentence)
    if found is not None:
        return found
    if _contains(_words(re.sub(r"[%{}]", " ", text)), sentence):
        return DisclosureCheck("hidden", "the sentence is only in a comment or in unprinted text")
    return _compare(_words(_HTML_COMMENT.sub(" ", text)), sentence)


def _check_plain(text: str, sentence: Sequence[str]) -> DisclosureCheck | None:
    if not _contains(_words(_HTML_COMMENT.sub(" ", text)), sentence):
        return None
    if _HTML_HIDDEN.search(text):
        return DisclosureCheck("unverified", "the text has HTML styles that may hide the sentence")
    return DisclosureCheck("present", "")


def _check_latex(text: str, sentence: Sequence[str]) -> DisclosureCheck | None:
    """Return the best verdict over all occurrences; None if the words do not occur in order."""
    words = read_words(text)
    verdicts = [
        _verdict(words[start : start + len(sentence)]) for start in _occurrences(words, sentence)
    ]
    order = ("present", "unverified", "hidden")
    return min(verdicts, key=lambda found: order.index(found.verdict), default=None)


def _occurrences(words: Sequence[MaskedWord], sentence: Sequence[str]) -> list[int]:
    texts = [word.text for word in words]
    first, size = sentence[0], len(sentence)
    return [
        start
        for start, text in enumerate(texts)
        if text == first and tuple(texts[start : start + size]) == tuple(sentence)
    ]


def _verdict(words: Sequence[MaskedWord]) -> DisclosureCheck:
    hidden = next((word.hidden for word in words if word.hidden), None)
    if hidden:
        return DisclosureCheck("hidden", hidden)
    doubt = next((word.doubt for word in words if word.doubt), None)
    if doubt:
        return DisclosureCheck("unverified", doubt)
    return DisclosureCheck("present", "")


def _compare(words: list[str], sentence: Sequence[str]) -> DisclosureCheck:
    window = _nearest(words, sentence)
    matcher = SequenceMatcher(None, sentence, window, autojunk=False)
    kept = sum(block.size for block in matcher.get_matching_blocks())
    if kept < _ALTERED_FROM * len(sentence):
        return DisclosureCheck("absent", f"found {kept} of its {len(sentence)} words together")
    changes = [
        f"{' '.join(sentence[a:b]) or '(nothing)'} -> {' '.join(window[c:d]) or '(nothing)'}"
        for kind, a, b, c, d in matcher.get_opcodes()
        if kind != "equal"
    ]
    return DisclosureCheck("altered", "; ".join(changes)[:300] or "its words are not consecutive")


def _words(text: str) -> list[str]:
    joined = _COMMAND.sub(" ", re.sub(r"-[ \t]{0,8}\n", "", text)).lower()
    return _WORD.findall(joined)


def _contains(words: Sequence[str], sentence: Sequence[str]) -> bool:
    # One search in a joined string is fast; the blanks keep words whole.
    return f" {' '.join(sentence)} " in f" {' '.join(words)} "


def _nearest(words: list[str], sentence: Sequence[str]) -> list[str]:
    """Return the stretch of the sentence's length that has most of its words."""
    size, wanted = len(sentence), set(sentence)
    hits = [word in wanted for word in words]
    count = best = sum(hits[:size])
    place = 0
    for start in range(1, max(len(words) - size, 0) + 1):
        count += hits[start + size - 1] - hits[start - 1]
        if count > best:
            best, place = count, start
    return words[place : place + size]
