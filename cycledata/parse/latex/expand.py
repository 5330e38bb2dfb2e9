"""Macro expansion: the subset of TeX that papers need, from source files to one flat text.

A stack of frames (files and replacement texts) is read from the top. Control sequences in the
definition table act: definitions are stored, conditionals decided, files read, macros that contain
text or structure replaced. Everything else is copied, so mathematics and tables stay as the author
wrote them. The positions of commands that later steps look for are recorded.

Work is bounded by ``work.FUEL``: each expansion pays for its length, so time is linear.
"""

from collections.abc import Callable, Mapping
from types import FunctionType

from cycledata.parse.latex import tokens
from cycledata.parse.latex.acronyms import AcronymTable
from cycledata.parse.latex.actions import Action, MarkedCommand, SavedCommand
from cycledata.parse.latex.definition_table import DefinitionTable
from cycledata.parse.latex.input_stack import InputFrame, InputStack
from cycledata.parse.latex.macros import FixedText, Macro
from cycledata.parse.latex.output import FlatOutput
from cycledata.parse.latex.styles import LoadedStyles
from cycledata.parse.latex.tokens import needs_space
from cycledata.parse.latex.work import WorkLog

MAX_RECURSION = 8
"""How deep a macro may be nested in its own text; TeX would go on until its memory is full."""


class Expander:
    """One reading of a paper: its input, output, definitions, styles and work, and the loop.

    Args:
        texts: decoded members by path.
        root: folder that the paper is compiled in.
        base: what each control sequence does before the paper defines its own.
        use_macro: acts on the use of a macro.
    """

    def __init__(
        self,
        texts: Mapping[str, str],
        *,
        root: str,
        base: Mapping[str, Action],
        use_macro: Callable[["Expander", str, Macro], None],
    ) -> None:
        self.work = WorkLog()
        self.input = InputStack(texts, root, self.work, self._close_braces, self._end_file)
        self.output = FlatOutput()
        self.definitions = DefinitionTable(base, self.input)
        self.styles = LoadedStyles()
        self.acronyms = AcronymTable()
        self.use_macro = use_macro
        self.at = 0
        """Where in the top frame the command being acted on begins."""
        self.conditions: list[str] = []
        """Open conditionals, outermost first: ``"then"``, ``"else"`` or ``"case"``."""
        self.negate_next = False
        r"""True after ``\\unless``."""
        self.token = tokens.COMMAND
        self.short_verbs = ""
        r"""Characters between which text is verbatim (``\\MakeShortVerb``)."""
        self.all_short_verbs = ""
        """Those made at any place of the paper."""
        self.restated: list[str] = []
        r"""Kinds of the ``restatable`` theorems that are open."""
        self.verbatim_names: set[str] = set()
        """Environments of the paper whose text TeX does not read as commands."""

    def _close_braces(self, frame: InputFrame) -> None:
        self.definitions.close_braces(frame)

    def _end_file(self, frame: InputFrame) -> None:
        self.output.write("\n", frame.source(len(frame.text)))

    def emit(self, text: str, *, at: int | None = None) -> None:
        """Write a text as coming from ``at`` in the top frame, by default from its position."""
        if text:
            frame = self.input.frames[-1]
            self.output.write(text, frame.source(frame.pos if at is None else at))

    def mark(self, name: str) -> None:
        """Write a command and record its position."""
        self.output.mark(0, name)
        self.emit(name, at=self.at)

    # --- Control sequences -----------------------------------------------------------------------

    def read_name(self) -> str:
        r"""Return the next control sequence, in braces or not, or ``""`` if there is none.

        ``\csname ...\endcsname`` is resolved.
        """
        for _ in range(20):
            frame = self.input.next_frame()
            if frame is None:
                return ""
            char = frame.text[frame.pos]
            if char == "{":
                inner = self.input.read_argument().strip()
                match = tokens.CONTROL.match(inner)
                name = match[0] if match else ""
                if name == "\\csname":
                    return "\\" + self.expanded(inner[7:].split("\\endcsname")[0]).strip()
                return name
            if char != "\\":
                return ""
            match = tokens.CONTROL.match(frame.text, frame.pos)
            if match is None:
                return ""
            frame.pos = match.end()
            if match[0] == "\\csname":
                return self.read_csname()
            if match[0] not in ("\\expandafter", "\\noexpand", "\\protect"):
                return match[0]
        return ""

    def read_csname(self) -> str:
        r"""Return the control sequence spelled up to ``\endcsname``, or ``""`` without it."""
        frame = self.input.next_frame()
        if frame is None:
            return ""
        end = frame.text.find("\\endcsname", frame.pos, frame.pos + 500)
        if end < 0:
            return ""
        spelled = frame.text[frame.pos : end]
        frame.pos = end + len("\\endcsname")
        return "\\" + self.expanded(spelled).strip()

    def expanded(self, text: str) -> str:
        """Return a short text with its macros replaced, for file names and the like."""
        if "\\" not in text:
            return text
        output, floor = self.output, self.input.floor
        self.output = FlatOutput()
        self.input.floor = len(self.input.frames)
        try:
            if self.input.push(text):
                self.run()
            return "".join(self.output.pieces)
        finally:
            del self.input.frames[self.input.floor :]
            self.output, self.input.floor = output, floor

    # --- Reading ---------------------------------------------------------------------------------

    def run(self) -> None:
        """Read until the stack is down to its floor."""
        source, output, frames = self.input, self.output, self.input.frames
        get = self.definitions.actions.get
        while len(frames) > source.floor:
            frame = frames[-1]
            if frame.closing:
                self.definitions.close_braces(frame)
            text, mark, end = frame.text, frame.pos, frame.end
            if mark < end and text[mark].isalpha():
                output.separate(frame, mark)
            if self.short_verbs:
                stop = end
            else:
                if frame.comment < mark:
                    frame.comment = tokens.next_comment(text, mark)
                stop = frame.comment if frame.comment < end else end
            for match in self.token.finditer(text, mark, stop):
                name = match[0]
                action = get(name)
                if action is None:
                    if name[0] == "\\":
                        continue
                    output.write_slice(frame, mark, match.start())
                    if name[0] == "%":
                        mark = self._after_comment(frame, match.end())
                    else:  # short verbatim
                        mark = match.start()
                        output.write("\\verb", frame.source(mark))
                    continue
                start, kind = match.start(), action.__class__
                if kind is MarkedCommand and action.name == name:  # type: ignore[union-attr]  # by its class
                    if not output.n_muted:
                        output.marks.append((output.length + start - mark, name))
                    continue
                if mark < start:
                    output.write_slice(frame, mark, start)
                self.at = start
                frame.pos = match.end()
                if kind is Macro:
                    fixed = action.fixed  # type: ignore[union-attr]  # by its class
                    if fixed is not None and self._write_fixed(frame, fixed):
                        mark = frame.pos
                        continue
                    self.work.spend(4)
                    self.use_macro(self, name, action)  # type: ignore[arg-type]  # by its class
                elif kind is FunctionType:
                    self.work.spend(4)
                    action(self, name)  # type: ignore[operator]  # by its class
                else:
                    self.act(name, action)
                break
            else:
                output.write_slice(frame, mark, stop)
                frame.pos = max(stop, mark)
                if stop < end:
                    block = tokens.COMMENT_BLOCK.match(text, stop, end)
                    frame.pos = self._after_comment(frame, block.end() if block else end)
                elif frame.pos >= len(text):
                    source.pop()

    def _write_fixed(self, frame: InputFrame, fixed: FixedText) -> bool:
        r"""Write a replacement text and return True, unless braces may be needed or a command acts.

        Blanks after the macro's name are passed over; an ``\\xspace`` after the text is obeyed.
        """
        output, pos, end = self.output, frame.pos, frame.end
        if output.pieces and output.pieces[-1][-1] in "^_":
            return False
        if fixed.is_plain:
            self.work.spend(fixed.cost)
        elif self.short_verbs or len(self.input.frames) > MAX_RECURSION:
            return False
        text = frame.text
        while pos < end and text[pos] in " \t":
            pos += 1
        if pos >= end:
            return False
        if not fixed.is_plain:
            actions = self.definitions.actions
            if any(map(actions.get, fixed.names)) or (
                fixed.spaced and actions.get("\\xspace") is not self.definitions.base["\\xspace"]
            ):
                return False
            self.work.spend(fixed.cost + 4)
        frame.pos = pos
        if fixed.text:
            output.write(fixed.text, frame.source(pos))
        if fixed.spaced and needs_space(text, pos):
            output.write(" ", frame.source(pos))
        return True

    def _after_comment(self, frame: InputFrame, pos: int) -> int:
        """Write the boundary that a comment up to ``pos`` leaves; return ``pos``."""
        following = frame.text[pos : pos + 1]
        if following == "\n":
            self.output.write("\n", frame.source(pos))
        elif pos < frame.end and following.isalpha():
            self.output.separate(frame, pos)
        return pos

    def act(self, name: str, action: Action) -> None:
        """Do what a control sequence means."""
        self.work.spend(4)
        if isinstance(action, Macro):
            self.use_macro(self, name, action)
        elif isinstance(action, SavedCommand):
            self.emit(action.name + " ")
        elif isinstance(action, MarkedCommand):
            self.mark(action.name)
        else:
            action(self, name)
