r"""Reversible escapes that keep a text distinct from the lines of a format.

A marker without meaning to the reader (a backslash in Markdown, an empty group ``{}`` in LaTeX) is
written before a line that looks like a line of the format, and at the edge of a text that starts or
ends with white space, because parsing strips the edges.
"""

import re

WHITE = " \t\r\n"


class Escape:
    r"""Escape rule of one format.

    >>> rule = Escape("\\", r"## [A-Z]")
    >>> rule.write("a\n## B\n")
    'a\n\\## B\n\\'
    >>> rule.read(rule.write("a\n## B\n"))
    'a\n## B\n'
    """

    def __init__(self, marker: str, structure: str) -> None:
        """Compile the rule.

        Args:
            marker: text that is added and removed.
            structure: pattern of the start of a structural line; linear, without groups.
        """
        mark = re.escape(marker)
        self.marker = marker
        self._to_write = re.compile(rf"^(?=(?:{mark})*+(?:{structure}))", re.MULTILINE)
        self._to_read = re.compile(rf"^{mark}(?=(?:{mark})*+(?:{structure}))", re.MULTILINE)
        self._head = re.compile(rf"(?:{mark})*+[{WHITE}]")

    def write(self, text: str) -> str:
        """Return a text in which no line is structural and whose edges survive stripping."""
        text = self._to_write.sub(lambda _: self.marker, text)
        if self._head.match(text):
            text = self.marker + text
        return text + self.marker if self._tail(text) else text

    def read(self, text: str) -> str:
        """Return what ``write`` was given, with or without white space around it."""
        text = text.strip(WHITE)
        if text.endswith(self.marker) and self._tail(text.removesuffix(self.marker)):
            text = text.removesuffix(self.marker)
        if text.startswith(self.marker) and self._head.match(text):
            text = text.removeprefix(self.marker)
        return self._to_read.sub("", text)

    def _tail(self, text: str) -> bool:
        """Return True if a text ends in white space, with or without markers behind."""
        size, end = len(self.marker), len(text)
        while end and text.startswith(self.marker, end - size):
            end -= size
        return end > 0 and text[end - 1] in WHITE
