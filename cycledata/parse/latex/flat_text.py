r"""A paper as one text: macros and files resolved, comments gone, places mapped to their files.

A ``%`` in it stands in a verbatim text or an address, so none opens a comment.
"""

import re
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from cycledata.records import ParseWarning

_BRACE = re.compile(r"\\[\\{}]|\{|\}")
_SIMPLE = re.compile(r"\{[^{}\\]*+\}")
_CONTROL = re.compile(r"\\(?:[A-Za-z@]++|.)", re.DOTALL)
_SPACE = re.compile(r"\s*+")
_LINE_SPACE = re.compile(r"[ \t]*+(?:\n[ \t]*+)?+")
MAX_OPTION = 2_000
"""Characters of a ``[...]``."""


class Braces:
    """Where the groups of a text end, found group by group while that is cheap.

    Groups that nest or never close would be read over and over: once as much as the text has been
    read, one pass over it all makes a table.

    Args:
        text: LaTeX in which no ``%`` opens a comment.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._left = len(text)
        self._table: dict[int, int] | None = None

    def end(self, start: int) -> int:
        """The place after the brace that closes the one at ``start``; -1 where none does."""
        simple = _SIMPLE.match(self._text, start)
        if simple:
            return simple.end()
        if self._left <= 0:
            if self._table is None:
                self._table = self._all_ends()
            return self._table.get(start, -1)
        depth = 0
        for match in _BRACE.finditer(self._text, start):
            char = match[0]
            if char == "{":
                depth += 1
            elif char == "}":
                depth -= 1
                if depth == 0:
                    self._left -= match.end() - start
                    return match.end()
        self._left -= len(self._text) - start
        return -1

    def _all_ends(self) -> dict[int, int]:
        ends: dict[int, int] = {}
        opened: list[int] = []
        for match in _BRACE.finditer(self._text):
            if match[0] == "{":
                opened.append(match.start())
            elif match[0] == "}" and opened:
                ends[opened.pop()] = match.end()
        return ends


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a text: its first character, and one past its last."""

    start: int
    end: int


@dataclass(frozen=True)
class Piece:
    """LaTeX in which no ``%`` opens a comment, and how its arguments are read."""

    text: str

    @cached_property
    def braces(self) -> "Braces":
        """Where groups end."""
        return Braces(self.text)

    def after_space(self, pos: int) -> int:
        """First place from ``pos`` on that is not white."""
        match = _SPACE.match(self.text, pos)
        return match.end() if match else pos

    def after_star(self, pos: int) -> tuple[bool, int]:
        """Whether a star follows, and the place after it."""
        start = self._same_paragraph(pos)
        return (True, start + 1) if self.text.startswith("*", start) else (False, pos)

    def option(self, pos: int) -> tuple[str | None, int]:
        """The ``[...]`` that follows or None, and the place after it."""
        text = self.text
        start = self._same_paragraph(pos)
        if not text.startswith("[", start):
            return None, pos
        limit = start + MAX_OPTION
        at = start + 1
        while True:
            close = text.find("]", at, limit)
            if close < 0:
                return None, pos
            brace = text.find("{", at, close)
            if brace < 0:
                return text[start + 1 : close], close + 1
            at = max(self.braces.end(brace), brace + 1)

    def group(self, pos: int) -> Span | None:
        """Contents of the group that follows, None where none does."""
        start = self.after_space(pos)
        if not self.text.startswith("{", start):
            return None
        end = self.braces.end(start)
        return Span(start + 1, end - 1) if end > 0 else None

    def argument(self, pos: int) -> tuple[str, int] | None:
        """The argument that follows, a group or one token, and the place after it."""
        found = self.group(pos)
        if found is not None:
            return self.text[found.start : found.end], found.end + 1
        start = self.after_space(pos)
        match = _CONTROL.match(self.text, start)
        if match:
            return match[0], match.end()
        char = self.text[start : start + 1]
        return None if char in ("", "{", "}") else (char, start + 1)

    def _same_paragraph(self, pos: int) -> int:
        match = _LINE_SPACE.match(self.text, pos)
        return match.end() if match else pos


@dataclass(frozen=True)
class Flat(Piece):
    """A paper as one text."""

    marks: list[tuple[int, str]]
    """Places of the marked commands, ascending, with their canonical names."""
    body: int
    r"""Where the text after ``\begin{document}`` starts; 0 where there is none."""
    files: list[str]
    """Files that were read, in order of first reading."""
    starts: list[int]
    """Offsets at which a new origin begins, ascending."""
    origins: list[int]
    """Where each piece of ``starts`` stems from: file number and offset, in turn."""
    kept: Mapping[str, str]
    """Texts of the macros without arguments, by name, as the paper leaves them."""
    notes: frozenset[str]
    """Macros that wrap authors' remarks, left in the text."""
    warnings: list[ParseWarning]

    def origin(self, offset: int) -> tuple[str, int]:
        """File and offset in it that a place of the flat text stems from."""
        if not self.starts:
            return (self.files[0] if self.files else "", 0)
        index = max(0, bisect_right(self.starts, offset) - 1)
        number, start = self.origins[2 * index : 2 * index + 2]
        return self.files[number], start + offset - self.starts[index]

    def environments(self, names: frozenset[str]) -> list[Span]:
        """Places of whole environments with these names, outermost first."""
        spans: list[Span] = []
        opened, start = "", 0
        for offset, name in self.marks:
            if not opened:
                if name.startswith("\\begin{") and name[7:-1] in names:
                    opened, start = name[7:], offset
            elif name == "\\end{" + opened:
                spans.append(Span(start, offset + len(name)))
                opened = ""
        if opened:
            spans.append(Span(start, len(self.text)))
        return spans
