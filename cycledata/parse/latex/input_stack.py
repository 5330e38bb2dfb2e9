"""A text being read: a file, or what a macro was replaced by."""

from collections.abc import Callable

from cycledata.parse.latex import tokens


class Frame:
    """One text being read, with where it came from."""

    __slots__ = (
        "base", "close", "closing", "end", "file", "fixed", "folder", "name", "opened", "pos",
        "scanned", "text",
    )  # fmt: skip

    def __init__(self, text: str, file: int, base: int = 0, *, fixed: bool = False) -> None:
        self.text = text
        self.pos = 0
        self.file = file
        self.base = base
        self.fixed = fixed
        self.name = ""
        self.folder = ""
        self.close: Callable[[], None] | None = None
        self.end = len(text)
        self.opened: list[int] = []
        self.scanned = 0
        self.closing: list[int] = []

    def pass_blanks(self) -> None:
        """Go past the spaces that TeX takes for the end of a control word."""
        while self.pos < len(self.text) and self.text[self.pos] in " \t":
            self.pos += 1

    def innermost(self) -> int:
        """Place of the innermost group that is open where the frame stands; -1 for none."""
        text, opened = self.text, self.opened
        for match in tokens.OPENING.finditer(text, self.scanned, self.pos):
            piece, word = match[0], match[1]
            if piece == "{" or (word == "begin" and piece != "\\begin{document}"):
                opened.append(match.start())
            elif (piece == "}" or word == "end") and opened:
                matches = text[opened[-1]] == ("{" if piece == "}" else "\\")
                del opened[len(opened) - matches :]
        self.scanned = max(self.scanned, self.pos)
        return opened[-1] if opened else -1

    def source(self, pos: int) -> tuple[int, int]:
        """File and offset that a position of this text stems from."""
        return self.file, self.base if self.fixed else self.base + pos
