"""Texts being read: files, and the texts that macros were replaced by, in a stack."""

from collections.abc import Callable, Mapping

from cycledata.formats.braces import SHALLOW_GROUP, environment_end, group_end
from cycledata.parse.latex import tokens
from cycledata.parse.latex.flat_text import FILE_STEP
from cycledata.parse.latex.work import WorkLog

MAX_DEPTH = 150
"""Frames on the stack: nested inputs and macros within macros."""
_STYLES = (".sty", ".cls", ".clo", ".def", ".cfg")


def is_style(path: str) -> bool:
    """Return whether a file is a package or class."""
    return path.endswith(_STYLES)


class InputFrame:
    """One text being read and the place in the archive that it comes from."""

    __slots__ = (
        "close", "closing", "comment", "end", "fixed", "folder", "group", "in_style", "name",
        "opened", "origin", "pos", "scanned", "text",
    )  # fmt: skip

    def __init__(self, text: str, origin: int, name: str, folder: str, *, fixed: bool) -> None:
        self.text = text
        self.pos = 0
        self.origin = origin
        """File number times ``FILE_STEP`` plus the offset of the text, or of the macro's use."""
        self.fixed = fixed
        """True for a replacement text, all of which comes from one place."""
        self.name = name
        """Path of the file, or name of the macro."""
        self.folder = folder
        """Folder in which names are resolved first."""
        self.in_style = False
        """True for a style file, and for the replacement texts of macros used in it."""
        self.close: Callable[[], None] | None = None
        """Called when the frame was read to its end."""
        self.end = len(text)
        """Where to stop next: the end of a group that changed something, or of the text."""
        self.opened: list[int] = []
        """Positions of open groups, as far as the text was scanned for them."""
        self.scanned = 0
        self.closing: list[int] = []
        """Ends of the groups that changed something, innermost last."""
        self.comment = -1
        """Position of the next comment, as far as is known; behind ``pos`` if it is not."""
        self.group = (-1, -1)
        """Start and end of the group asked for last."""

    def pass_blanks(self) -> None:
        """Skip the spaces that TeX takes as the end of a control word."""
        while self.pos < len(self.text) and self.text[self.pos] in " \t":
            self.pos += 1

    def innermost(self) -> int:
        """Return the start of the innermost group open at ``pos``, or -1 if none is."""
        text, opened, end = self.text, self.opened, self.pos
        at = self.scanned
        while at < end:
            passed = tokens.UNTIL_OPENING.match(text, at, end)
            match = tokens.OPENING.match(text, passed.end() if passed else at, end)
            if match is None:
                break
            at = match.end()
            piece, word = match[0], match[1]
            if piece == "{" or (word == "begin" and piece != "\\begin{document}"):
                opened.append(match.start())
            elif (piece == "}" or word == "end") and opened:
                matches = text[opened[-1]] == ("{" if piece == "}" else "\\")
                del opened[len(opened) - matches :]
        self.scanned = max(self.scanned, self.pos)
        return opened[-1] if opened else -1

    def end_of_group(self, start: int) -> int:
        """Return where the group or environment that begins at ``start`` ends, or a negative."""
        if self.group[0] != start:
            if self.text[start] == "{":
                end = group_end(self.text, start, comments=True) - 1
            else:
                end = environment_end(self.text, start + 2)
            self.group = (start, end)
        return self.group[1]

    def cut(self, end: int) -> None:
        """Let the text end earlier."""
        self.text = self.text[:end]
        self.opened = [start for start in self.opened if start < end]
        self.group = (-1, -1)

    def source(self, pos: int) -> int:
        """Return the origin of a position."""
        return self.origin if self.fixed else self.origin + pos


class InputStack:
    """The texts being read, innermost last, and the files that they may ask for.

    Args:
        texts: decoded members by path.
        root: folder that the paper is compiled in.
        work: pays for what is read.
        close_groups: called when a frame has reached the end of groups that changed something.
        end_of_file: called when a file without a line end at its end was read.
    """

    def __init__(
        self,
        texts: Mapping[str, str],
        root: str,
        work: WorkLog,
        close_groups: Callable[[InputFrame], None],
        end_of_file: Callable[[InputFrame], None],
    ) -> None:
        self.texts = texts
        self.root = root
        self.work = work
        self.close_groups = close_groups
        self.end_of_file = end_of_file
        self.frames: list[InputFrame] = []
        self.floor = 0
        """Frames below this one are not read: a short text is expanded on its own."""
        self.files: list[str] = []
        """Paths of the files read, in order of first reading."""
        self.paths_by_lower_case = {path.lower(): path for path in texts}
        self.lower_names = {path.rpartition("/")[2] for path in self.paths_by_lower_case}
        """File names without their folders, in lower case."""
        self.other_members: frozenset[str] = frozenset()
        """Members of the archive that are not text."""
        self.search_folders: list[str] = []
        r"""Folders in ``\input@path``."""
        self.written: dict[str, str] = {}
        """Files that the paper writes itself, by name."""
        self.n_inputs = 0
        """Files asked for."""
        self.in_body = False
        r"""True after ``\\begin{document}``."""

    @property
    def folder(self) -> str:
        """Folder in which the text being read resolves names."""
        return self.frames[-1].folder if self.frames else self.root

    def push(self, text: str, *, name: str = "") -> InputFrame | None:
        """Read a replacement text next; return None if the stack is full."""
        self.work.spend(len(text) + 40)
        frames = self.frames
        if len(frames) >= MAX_DEPTH:
            self.work.warn(
                "expansion-too-deep", f"{name or 'a text'} is nested {MAX_DEPTH} deep; left out"
            )
            return None
        top = frames[-1]
        frame = InputFrame(text, top.source(top.pos), name, top.folder, fixed=True)
        frame.in_style = top.in_style
        frames.append(frame)
        return frame

    def push_file(self, path: str, *, start: int = 0, end: int | None = None) -> InputFrame | None:
        """Read a file next; return None if it is being read already or the stack is full."""
        if any(frame.name == path for frame in self.frames) or len(self.frames) >= MAX_DEPTH:
            self.work.warn("input-loop", f"{path} is read while it is being read; left out")
            return None
        if path not in self.files:
            self.files.append(path)
        text = self.text_of(path)
        origin = self.files.index(path) * FILE_STEP
        text_read = text if end is None else text[:end]
        frame = InputFrame(text_read, origin, path, self.folder, fixed=False)
        frame.pos = start
        frame.in_style = is_style(path) or (bool(self.frames) and self.frames[-1].in_style)
        self.work.spend(len(text) // 8 + 16)
        self.frames.append(frame)
        return frame

    def text_of(self, path: str) -> str:
        """Return the text of a member, or of a file that the paper wrote."""
        text = self.texts.get(path)
        return self.written[path] if text is None else text

    def pop(self) -> None:
        """Leave the top frame."""
        frame = self.frames.pop()
        if not frame.fixed and frame.text and frame.text[-1] not in "\n%" and self.frames:
            self.end_of_file(frame)
        if frame.closing:
            frame.pos = len(frame.text)
            self.close_groups(frame)
        if frame.close:
            frame.close()

    def next_frame(self, *, inline: bool = False) -> InputFrame | None:
        """Return the frame with the next token, after spaces and comments, or None at the end."""
        skip = tokens.skip_inline_space if inline else tokens.skip_space
        while len(self.frames) > self.floor:
            frame = self.frames[-1]
            frame.pos = skip(frame.text, frame.pos)
            if frame.pos < len(frame.text):
                return frame
            if len(self.frames) == self.floor + 1:
                return None
            self.pop()
        return None

    def read_argument(self) -> str:
        """Return the next argument, or ``""`` at the end of the input."""
        top = self.frames[-1] if self.frames else None
        simple = SHALLOW_GROUP.match(top.text, top.pos) if top else None
        if top and simple:
            top.pos = simple.end()
            return simple[0][1:-1]
        frame = self.next_frame()
        if frame is None:
            return ""
        found = tokens.deep_argument(frame.text, frame.pos)
        if found is None:
            self.work.spend((len(frame.text) - frame.pos) >> 1)
            self.work.warn(
                "unclosed-group", f"a brace opened near {frame.text[frame.pos :][:40]!r}"
            )
            frame.pos += 1
            return ""
        text, frame.pos = found
        self.work.spend(len(text) >> 3)
        return text

    def read_body(self) -> str:
        """Return the next argument without comments."""
        body = self.read_argument()
        return tokens.without_comments(body) if "%" in body else body

    def read_optional(self) -> str | None:
        """Return the contents of the next ``[...]``, or None if something else comes next."""
        frame = self.next_frame(inline=True)
        if frame is None:
            return None
        value, frame.pos = tokens.optional(frame.text, frame.pos)
        if value is None and frame.text.startswith("[", frame.pos):
            self.work.spend(5_000)
        return value

    def read_star(self) -> bool:
        """Consume a star and return True, or return False if something else comes next."""
        frame = self.next_frame(inline=True)
        if frame is None or frame.text[frame.pos] != "*":
            return False
        frame.pos += 1
        return True
