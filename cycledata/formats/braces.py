r"""One way to find where groups, brackets and environments of LaTeX or BibTeX end.

A backslash escapes the character after it. ``comments=True`` also skips from ``%`` to the end of
the line, as TeX does; texts from which comments were removed must not skip them.

Every expression is linear: repetitions are possessive, over disjoint alternatives.
"""

import re

_SIMPLE = re.compile(r"\{[^{}\\]*+\}")
SHALLOW_GROUP = re.compile(
    r"\{[^{}\\%]*+(?:(?:\\.|\{[^{}\\%]*+(?:(?:\\.|\{[^{}\\%]*+(?:\\.[^{}\\%]*+)*+\})[^{}\\%]*+)*+\})"
    r"[^{}\\%]*+)*+\}",
    re.DOTALL,
)
"""A group without comments and with at most two levels of groups in it."""
_BRACE = re.compile(r"\{|\}|\\[{}\\]")
_INNER = r"[^{}\\%]*+(?:(?:\\.|\{[^{}\\%]*+(?:\\.[^{}\\%]*+)*+\})[^{}\\%]*+)*+\}"
_GROUP_OR_BRACE = re.compile(rf"\{{(?:{_INNER})?+|\}}|\\[{{}}\\]", re.DOTALL)
"""A brace, or a group with at most one level of groups in it, which is passed over whole."""
_GROUP_OR_BRACE_OR_COMMENT = re.compile(rf"\{{(?:{_INNER})?+|\}}|\\[{{}}%\\]|%[^\n]*+", re.DOTALL)
_BRACKET = re.compile(r"\{|\}|\[|\]|\\[{}\[\]\\]")
_BRACKET_OR_COMMENT = re.compile(r"\{|\}|\[|\]|\\[{}\[\]%\\]|%[^\n]*+")
_ENVIRONMENT = re.compile(r"\\(?:(begin|end)\{|[%\\])|%[^\n]*+")

MAX_GROUP = 2_000_000
"""Characters that a group may span; a longer one is treated as never closed."""
MAX_BRACKET = 20_000
"""Characters that a ``[...]`` may span."""


def group_end(text: str, start: int, *, comments: bool = False, limit: int = MAX_GROUP) -> int:
    r"""Return one past the brace that closes the group at ``start``, or -1 if none does.

    Args:
        text: LaTeX or BibTeX.
        start: position of the opening brace; -1 is returned if there is none.
        comments: skip TeX comments.
        limit: characters after which the search stops.

    >>> group_end(r"{a{b}\}c}", 0)
    9
    """
    simple = SHALLOW_GROUP.match(text, start)
    if simple:
        return simple.end() if simple.end() - start <= limit else -1
    return deep_group_end(text, start, comments=comments, limit=limit)


def deep_group_end(text: str, start: int, *, comments: bool = False, limit: int = MAX_GROUP) -> int:
    """Return what ``group_end`` does, for a group that is no ``SHALLOW_GROUP``."""
    if not text.startswith("{", start):
        return -1
    pattern = _GROUP_OR_BRACE_OR_COMMENT if comments else _GROUP_OR_BRACE
    depth = 0
    for match in pattern.finditer(text, start, min(len(text), start + limit)):
        piece = match[0]
        if piece == "{":
            depth += 1
        elif piece == "}":
            depth -= 1
            if depth == 0:
                return match.end()
        elif depth == 0:  # the group itself, passed over whole
            return match.end()
    return -1


def closing_brace(text: str, start: int, *, limit: int = MAX_GROUP) -> int:
    """Return the position of the first ``}`` from ``start`` on without an opening brace, or -1."""
    depth = 0
    for match in _BRACE.finditer(text, start, min(len(text), start + limit)):
        if match[0] == "{":
            depth += 1
        elif match[0] == "}":
            if depth == 0:
                return match.start()
            depth -= 1
    return -1


def group_contents(text: str, start: int, *, limit: int = MAX_GROUP) -> str:
    """Return what the group at ``start`` contains, or ``""`` if it never closes."""
    end = group_end(text, start, limit=limit)
    return text[start + 1 : end - 1] if end > 0 else ""


def bracket_end(text: str, start: int, *, comments: bool = False, limit: int = MAX_BRACKET) -> int:
    """Return one past the bracket that closes the one at ``start``, or -1 if none does.

    Brackets within braces do not count; a brace that closes more than was opened ends the search.
    """
    pattern = _BRACKET_OR_COMMENT if comments else _BRACKET
    depth = 0
    for match in pattern.finditer(text, start + 1, min(len(text), start + limit)):
        char = match[0]
        if char == "{":
            depth += 1
        elif char == "}":
            depth -= 1
            if depth < 0:
                return -1
        elif char == "]" and depth == 0:
            return match.end()
    return -1


def environment_end(text: str, start: int) -> int:
    r"""Return where the ``\end`` of the environment opened before ``start`` begins, or -1."""
    depth = 1
    for match in _ENVIRONMENT.finditer(text, start, min(len(text), start + MAX_GROUP)):
        if match[1] is not None:
            depth += 1 if match[1] == "begin" else -1
            if depth == 0:
                return match.start()
    return -1


def balanced(text: str) -> str:
    """Return a text without the braces that have no partner.

    >>> balanced("a}b{c}{d")
    'ab{c}d'
    """
    unclosed: list[int] = []
    stray: set[int] = set()
    for match in _BRACE.finditer(text):
        if match[0] == "{":
            unclosed.append(match.start())
        elif match[0] == "}":
            if unclosed:
                unclosed.pop()
            else:
                stray.add(match.start())
    stray.update(unclosed)
    return "".join(c for at, c in enumerate(text) if at not in stray) if stray else text


class GroupEnds:
    """Ends of the groups of one text, in linear time however often they are asked for.

    Each group is searched on its own until as many characters were read as the text has; then one
    pass over the text makes a table.

    Args:
        text: LaTeX without comments.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._left = len(text)
        self._table: dict[int, int] | None = None

    def end(self, start: int) -> int:
        """Return one past the brace that closes the group at ``start``, or -1 if none does."""
        simple = _SIMPLE.match(self._text, start)
        if simple:
            return simple.end()
        if self._left <= 0:
            if self._table is None:
                self._table = self._all_ends()
            return self._table.get(start, -1)
        end = group_end(self._text, start, limit=len(self._text))
        self._left -= (end if end > 0 else len(self._text)) - start
        return end

    def _all_ends(self) -> dict[int, int]:
        ends: dict[int, int] = {}
        opened: list[int] = []
        for match in _BRACE.finditer(self._text):
            if match[0] == "{":
                opened.append(match.start())
            elif match[0] == "}" and opened:
                ends[opened.pop()] = match.end()
        return ends
