r"""A paper as one text: macros and files resolved, comments removed, positions mapped to files.

A ``%`` in it is part of verbatim text or an address, so none opens a comment.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import NamedTuple

from cycledata.formats.braces import GroupEnds
from cycledata.parse.latex.known_commands import DRAWINGS
from cycledata.parse.latex.macros import Macro
from cycledata.parse.latex.tokens import joined
from cycledata.records import ParseWarning

_CONTROL = re.compile(r"\\(?:[A-Za-z@]++|.)", re.DOTALL)
_SPACE = re.compile(r"\s*+")
_LINE_SPACE = re.compile(r"[ \t]*+(?:\n[ \t]*+)?+")
_NOT_WHITE = frozenset("{}[]()*\\$,.;:abcdefghijklmnopqrstuvwxyz")
"""Frequent characters that are not white, for which no expression is needed."""
FILE_STEP = 2**32
"""Origins are numbers: file number times this, plus the offset in the file."""
MAX_OPTION = 2_000
"""Characters of a ``[...]``."""


class TextSpan(NamedTuple):
    """A piece of a text: its first character, and one past its last.

    A named tuple, which is made in half the time of a frozen dataclass: a paper has thousands.
    """

    start: int
    end: int


def merged_spans(spans: Iterable[TextSpan]) -> list[TextSpan]:
    """Return spans in order, with those that overlap or touch joined."""
    found: list[TextSpan] = []
    for span in sorted(spans):
        if found and span.start <= found[-1].end:
            found[-1] = TextSpan(found[-1].start, max(found[-1].end, span.end))
        else:
            found.append(span)
    return found


def visible(text: str, span: TextSpan, hidden: Sequence[TextSpan]) -> str:
    """Return a span of a text without the hidden spans (in order, not overlapping) in it."""
    out: list[str] = []
    pos = span.start
    first = max(0, bisect_left(hidden, (span.start,)) - 1)
    for gap in islice(hidden, first, None):
        if gap.start >= span.end:
            break
        if gap.end <= pos:
            continue
        out.append(text[pos : gap.start])
        pos = max(pos, gap.end)
    out.append(text[pos : span.end])
    return joined(out) if len(out) > 1 else out[0]


@dataclass(frozen=True)
class LatexText:
    """LaTeX in which no ``%`` opens a comment, and how its arguments are read."""

    text: str

    @cached_property
    def group_ends(self) -> GroupEnds:
        """Where groups end."""
        return GroupEnds(self.text)

    def after_space(self, pos: int) -> int:
        """First place from ``pos`` on that is not white."""
        if self.text[pos : pos + 1] in _NOT_WHITE:
            return pos
        match = _SPACE.match(self.text, pos)
        return match.end() if match else pos

    def after_star(self, pos: int) -> tuple[bool, int]:
        """Return whether a star follows, and the place after it."""
        start = self._same_paragraph(pos)
        return (True, start + 1) if self.text.startswith("*", start) else (False, pos)

    def option(self, pos: int) -> tuple[str | None, int]:
        """Return the ``[...]`` that follows or None, and the place after it."""
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
            at = max(self.group_ends.end(brace), brace + 1)

    def group(self, pos: int) -> TextSpan | None:
        """Contents of the group that follows, None if none does."""
        start = self.after_space(pos)
        if not self.text.startswith("{", start):
            return None
        end = self.group_ends.end(start)
        return TextSpan(start + 1, end - 1) if end > 0 else None

    def argument(self, pos: int) -> tuple[str, int] | None:
        """Return the argument that follows, a group or one token, and the place after it."""
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
        if self.text[pos : pos + 1] in _NOT_WHITE:
            return pos
        match = _LINE_SPACE.match(self.text, pos)
        return match.end() if match else pos


@dataclass(frozen=True)
class FlatText(LatexText):
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
    """Where each piece of ``starts`` comes from: file number times ``FILE_STEP`` plus offset."""
    macros: Mapping[str, Macro]
    """Definitions by name, as the paper leaves them."""
    notes: list[TextSpan]
    """Authors' remarks, in order, not overlapping."""
    own_names: frozenset[str]
    """Control sequences that the paper or its styles define."""
    written: Mapping[str, str]
    """Files that the paper writes itself, by name."""
    verbatim_names: frozenset[str]
    """Environments of the paper whose text TeX does not read as commands."""
    short_verbs: str
    r"""Characters that were made short for ``\\verb`` (``\\MakeShortVerb``)."""
    warnings: list[ParseWarning]

    @cached_property
    def bibliography_start(self) -> int:
        """Where the bibliography begins, the text's end where it has none."""
        found = self.text.find("\\begin{thebibliography}")
        return found if found >= 0 else len(self.text)

    def origin(self, offset: int) -> tuple[str, int]:
        """File and offset in it that a place of the flat text stems from."""
        if not self.starts:
            return (self.files[0] if self.files else "", 0)
        index = max(0, bisect_right(self.starts, offset) - 1)
        number, start = divmod(self.origins[index], FILE_STEP)
        return self.files[number], start + offset - self.starts[index]

    def printed_argument(self, pos: int) -> tuple[str, int] | None:
        """Return the argument that follows without authors' remarks, and the place after it."""
        found = self.argument(pos)
        if found is None or not self.notes or len(found[0]) < 2:
            return found
        end = found[1] - 1
        return visible(self.text, TextSpan(end - len(found[0]), end), self.notes), found[1]

    @cached_property
    def _environment_marks(self) -> list[tuple[int, int, bool, str]]:
        """Start, end, whether it begins, and name of each marked environment command."""
        return [
            (offset, offset + len(mark), mark[1] == "b", mark[7 if mark[1] == "b" else 5 : -1])
            for offset, mark in self.marks
            if mark[-1] == "}"
        ]

    def environment_tags(self, names: frozenset[str]) -> list[TextSpan]:
        r"""Places of the ``\begin`` and ``\end`` of environments with these names."""
        return [
            TextSpan(start, end) for start, end, _, name in self._environment_marks if name in names
        ]

    def environments(self, names: frozenset[str]) -> list[TextSpan]:
        """Places of whole environments with these names, outermost first."""
        spans: list[TextSpan] = []
        opened, start = "", 0
        for offset, end, is_begin, name in self._environment_marks:
            if not opened:
                if is_begin and name in names:
                    opened, start = name, offset
            elif name == opened and not is_begin:
                spans.append(TextSpan(start, end))
                opened = ""
        if opened and opened not in DRAWINGS:
            spans.append(TextSpan(start, len(self.text)))
        return spans
