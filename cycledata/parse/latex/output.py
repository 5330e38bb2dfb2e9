"""The flat text while it is written: pieces with their sources, and positions of commands."""

from cycledata.parse.latex.input_stack import InputFrame
from cycledata.parse.latex.tokens import ends_in_word


class FlatOutput:
    """Pieces of the flat text and what is known about them."""

    __slots__ = ("body", "length", "marks", "notes", "origins", "pieces", "starts")

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.length = 0
        """Characters written."""
        self.starts: list[int] = []
        """Offset of each piece."""
        self.origins: list[int] = []
        """File number and offset of each piece, in turn."""
        self.marks: list[tuple[int, str]] = []
        """Offsets and names of marked commands."""
        self.notes: list[tuple[int, int]] = []
        """Spans of authors' remarks."""
        self.body = 0
        r"""Offset after ``\begin{document}``."""

    def write(self, text: str, origin: tuple[int, int]) -> None:
        """Append a text that comes from a file number and offset."""
        if text[0].isalpha() and self.pieces and ends_in_word(self.pieces[-1]):
            text = " " + text
        self.starts.append(self.length)
        self.origins += origin
        self.pieces.append(text)
        self.length += len(text)

    def separate(self, frame: InputFrame, pos: int) -> None:
        """Append a space if the text at ``pos`` would lengthen the control word written last."""
        pieces, text = self.pieces, frame.text
        if pieces and pos < frame.end and text[pos].isalpha() and ends_in_word(pieces[-1]):
            self.write(" ", frame.source(pos))

    def write_slice(self, frame: InputFrame, start: int, end: int) -> None:
        """Append a part of a frame's text."""
        if end > start:
            self.starts.append(self.length)
            self.origins += (frame.file, frame.base if frame.fixed else frame.base + start)
            self.pieces.append(frame.text[start:end])
            self.length += end - start

    def cut_back(self, n_pieces: int, length: int, n_marks: int) -> None:
        """Remove what was written after a point given by its counts."""
        del self.pieces[n_pieces:]
        del self.starts[n_pieces:]
        del self.origins[2 * n_pieces :]
        del self.marks[n_marks:]
        while self.notes and self.notes[-1][1] > length:
            self.notes.pop()
        self.length = length
