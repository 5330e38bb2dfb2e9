"""The flat text while it is written: pieces with their sources, and positions of commands."""

from collections.abc import Callable

from cycledata.parse.latex.input_stack import InputFrame
from cycledata.parse.latex.tokens import ends_in_word


class FlatOutput:
    """Pieces of the flat text and what is known about them."""

    __slots__ = ("body", "length", "marks", "n_muted", "notes", "origins", "pieces", "starts")

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.length = 0
        """Characters written."""
        self.starts: list[int] = []
        """Offset of each piece."""
        self.origins: list[int] = []
        """Where each piece comes from (see ``InputFrame.origin``)."""
        self.marks: list[tuple[int, str]] = []
        """Offsets and names of marked commands."""
        self.notes: list[tuple[int, int]] = []
        """Spans of authors' remarks."""
        self.body = 0
        r"""Offset after ``\begin{document}``."""
        self.n_muted = 0
        """Calls of ``mute`` that are in force."""

    def mute(self) -> Callable[[], None]:
        """Write nothing until the function that is returned is called; calls may be nested."""
        self.n_muted += 1

        def unmute() -> None:
            self.n_muted -= 1

        return unmute

    def mark(self, offset: int, name: str) -> None:
        """Record a marked command ``offset`` characters after what was written."""
        if not self.n_muted:
            self.marks.append((self.length + offset, name))

    def note(self, start: int) -> None:
        """Record that an author's remark was written from ``start`` on."""
        if self.length > start:
            self.notes.append((start, self.length))

    def write(self, text: str, origin: int) -> None:
        """Append a text that comes from an origin."""
        if self.n_muted:
            return
        if text[0].isalpha() and self.pieces and ends_in_word(self.pieces[-1]):
            text = " " + text
        self.starts.append(self.length)
        self.origins.append(origin)
        self.pieces.append(text)
        self.length += len(text)

    def separate(self, frame: InputFrame, pos: int) -> None:
        """Append a space if the letter at ``pos`` would lengthen the control word written last."""
        if self.pieces and ends_in_word(self.pieces[-1]):
            self.write(" ", frame.source(pos))

    def write_slice(self, frame: InputFrame, start: int, end: int) -> None:
        """Append a part of a frame's text."""
        if end > start and not self.n_muted:
            self.starts.append(self.length)
            self.origins.append(frame.origin if frame.fixed else frame.origin + start)
            self.pieces.append(frame.text[start:end])
            self.length += end - start
