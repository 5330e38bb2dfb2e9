"""How TeX reads characters: spaces, comments, groups and control sequences of a string.

Every expression here is linear: repetitions are possessive, over disjoint alternatives. Those that
are searched for open each alternative with one character, outside classes and groups: then the
engine passes over plain text at a glance, where it would else try every character.
"""

import re
from collections.abc import Callable, Iterable
from itertools import islice

from cycledata.formats.braces import bracket_end, deep_group_end, group_end

COMMAND = re.compile(
    r"\\(?:(?:begin|end)\{[^{}\\%\s]{1,60}+\}|[A-Za-z@]++|.)",
    re.DOTALL,
)
"""A control sequence, or an environment's begin or end; one first character is found fastest.

``@`` counts as a letter everywhere: ``\\makeatletter`` would only ever be forgotten.
"""
COMMENT_BLOCK = re.compile(r"%[^\n]*+(?:\n[ \t]*+%[^\n]*+)*+\n?[ \t]*+")
"""A block of comment lines with the line end and the blanks that TeX passes over."""
CONTROL = re.compile(r"\\(?:[A-Za-z@]++|.)", re.DOTALL)
_SPACE = re.compile(r"(?:[ \t\n\r\f]|%[^\n]*+)*+")
_INLINE_SPACE = re.compile(r"[ \t]*+(?:%[^\n]*+)?+(?:\n[ \t]*+(?:%[^\n]*+\n[ \t]*+)*+)?+")
_ESCAPED = r"\\(?!(?:begin|end)\{)."
_PLAIN_GROUP = rf"\{{[^{{}}\\%]*+(?:{_ESCAPED}[^{{}}\\%]*+)*+\}}"
UNTIL_OPENING = re.compile(
    rf"[^{{}}\\%]*+(?:(?:{_ESCAPED}|\{{[^{{}}\\%]*+(?:(?:{_ESCAPED}|{_PLAIN_GROUP})[^{{}}\\%]*+)*+\}}"
    r"|%[^\n]*+)[^{}\\%]*+)*+",
    re.DOTALL,
)
"""What neither opens nor closes a group; one with at most one level of groups is passed whole."""
OPENING = re.compile(r"\{|\}|\\(begin|end)\{[^{}\n]*+\}|\\")
"""What comes then, or a backslash that begins no command."""
_COMMENT = re.compile(r"\\[%\\]|%[^\n]*+\n?[ \t]*+")
_LONGEST_WORD = 60

BEGIN_DOCUMENT = re.compile(r"\\begin\s*+\{document\}")
END_DOCUMENT = re.compile(r"\\end\s*+\{document\}")


def next_comment(text: str, start: int) -> int:
    r"""Return the position of the first comment from ``start`` on, or the length of the text.

    >>> next_comment(r"50\% of\\% it", 0)
    9
    """
    at = text.find("%", start)
    while at > start and text[at - 1] == "\\":
        before = at - 1
        while before > start and text[before - 1] == "\\":
            before -= 1
        if (at - before) % 2 == 0:
            break
        at = text.find("%", at + 1)
    return at if at >= 0 else len(text)


def has_comment(text: str) -> bool:
    """Return whether a text has a comment."""
    return "%" in text and next_comment(text, 0) < len(text)


def is_live(text: str, pos: int) -> bool:
    """Return whether no ``%`` precedes a position on its line (1,000 characters are seen)."""
    start = max(text.rfind("\n", max(0, pos - 1_000), pos) + 1, pos - 1_000, 0)
    return "%" not in text[start:pos].replace("\\%", "")


def find_live(pattern: re.Pattern[str], text: str, pos: int = 0) -> re.Match[str] | None:
    """First of an expression's matches outside comments, the first hundred looked at."""
    for match in islice(pattern.finditer(text, pos), 100):
        if is_live(text, match.start()):
            return match
    return None


def skip_space(text: str, pos: int) -> int:
    """Position of the first character that is neither white space nor in a comment."""
    match = _SPACE.match(text, pos)
    return match.end() if match else pos


def skip_inline_space(text: str, pos: int) -> int:
    """Like ``skip_space``, but stops at an empty line, as LaTeX does before ``[`` and ``*``."""
    match = _INLINE_SPACE.match(text, pos)
    return match.end() if match else pos


def ends_in_word(text: str, end: int | None = None) -> bool:
    r"""Return whether a text ends in a control word, which a letter after it would lengthen.

    >>> ends_in_word(r"{\bf"), ends_in_word(r"a\\bf")
    (True, False)
    """
    end = len(text) if end is None else end
    if end == 0 or not (text[end - 1].isalpha() or text[end - 1] == "@"):
        return False
    start = text.rfind("\\", max(0, end - _LONGEST_WORD), end)
    if start < 0 or not text[start + 1 : end].replace("@", "a").isalpha():
        return False
    before = start
    while before > 0 and text[before - 1] == "\\":
        before -= 1
    return (start - before) % 2 == 0


def joined(pieces: Iterable[str]) -> str:
    r"""Return pieces of LaTeX as one text in which no control word grows into the next piece.

    >>> joined([r"{\em", "word", "}"])
    '{\\em word}'
    """
    out: list[str] = []
    for piece in pieces:
        if not piece:
            continue
        if out and piece[0].isalpha() and ends_in_word(out[-1]):
            out.append(" ")
        out.append(piece)
    return "".join(out)


def without_comments(text: str) -> str:
    r"""Return the text without comments and their line ends, as TeX reads it.

    >>> without_comments("50\\% of a%b\n  c")
    '50\\% of ac'
    """
    if "%" not in text:
        return text
    return _COMMENT.sub(_comment_gap, text)


def _comment_gap(match: re.Match[str]) -> str:
    if match[0][0] == "\\":
        return match[0]
    text, end = match.string, match.end()
    return " " * (text[end : end + 1].isalpha() and ends_in_word(text, match.start()))


def argument(text: str, pos: int) -> tuple[str, int] | None:
    """Return the argument that TeX would read at ``pos``: a group without its braces, or one token.

    Returns:
        The argument and the position after it; None at the end of the text or where a group
        never closes.
    """
    return _argument(text, skip_space(text, pos), group_end)


def deep_argument(text: str, pos: int) -> tuple[str, int] | None:
    """Return what ``argument`` does, sooner where no ``SHALLOW_GROUP`` or space is at ``pos``."""
    return _argument(text, pos, deep_group_end)


def _argument(text: str, pos: int, end_of: Callable[..., int]) -> tuple[str, int] | None:
    if pos >= len(text):
        return None
    if text[pos] == "{":
        end = end_of(text, pos, comments=True)
        return None if end < 0 else (text[pos + 1 : end - 1], end)
    if text[pos] == "\\":
        match = CONTROL.match(text, pos)
        end = match.end() if match else pos + 1
        return text[pos:end], end
    return text[pos], pos + 1


def optional(text: str, pos: int) -> tuple[str | None, int]:
    """Return the ``[...]`` at ``pos`` or None, and the position after it."""
    start = skip_inline_space(text, pos)
    if start < len(text) and text[start] == "[":
        end = bracket_end(text, start, comments=True)
        if end > 0:
            return text[start + 1 : end - 1], end
    return None, pos


def star(text: str, pos: int) -> tuple[bool, int]:
    """Return whether a star follows, and the position after it."""
    start = skip_inline_space(text, pos)
    if start < len(text) and text[start] == "*":
        return True, start + 1
    return False, pos


def needs_space(text: str, pos: int) -> bool:
    r"""Return whether ``\xspace`` puts a space before a position."""
    char = text[pos]
    if char == "\\":
        return text[pos + 1 : pos + 2].isalpha()
    return char not in " \n\t.,;:!?/')}]-~{%_^$"
