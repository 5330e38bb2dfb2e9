r"""Keeping any text apart from the lines of a format, and getting it back unchanged.

A marker that means nothing to the reader (a backslash in Markdown, an empty group ``{}`` in LaTeX)
is put before a line that the format would take for its own, and at the edge of a text that begins
or ends with white space, since reading strips the edges.
"""

import re

WHITE = " \t\r\n"


class Escape:
    r"""One format's rule.

    >>> rule = Escape("\\", r"## [A-Z]")
    >>> rule.write("a\n## B\n")
    'a\n\\## B\n\\'
    >>> rule.read(rule.write("a\n## B\n"))
    'a\n## B\n'
    """

    def __init__(self, marker: str, structure: str) -> None:
        """Prepare the rule.

        Args:
            marker: what is added, and taken away again.
            structure: pattern of what a structural line begins with; linear, no groups needed.
        """
        mark = re.escape(marker)
        self.marker = marker
        self._to_write = re.compile(rf"^(?=(?:{mark})*+(?:{structure}))", re.MULTILINE)
        self._to_read = re.compile(rf"^{mark}(?=(?:{mark})*+(?:{structure}))", re.MULTILINE)
        self._head = re.compile(rf"(?:{mark})*+[{WHITE}]")

    def write(self, text: str) -> str:
        """``text`` so that no line of it is structural and its edges survive stripping."""
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
        """Whether it ends in white space, or in white space and then markers."""
        size, end = len(self.marker), len(text)
        while end and text.startswith(self.marker, end - size):
            end -= size
        return end > 0 and text[end - 1] in WHITE
