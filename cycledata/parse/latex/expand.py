"""TeX's mouth, as far as papers need it: source files in, one flat text out.

A stack of frames (files and replacement texts) is read from the top. Control sequences in the table
act: definitions are stored, conditionals decided, files pulled in, macros that carry text or
structure replaced. Everything else is copied, so mathematics and tables stay as the author wrote
them. Commands that later steps look for leave a mark: their place in the flat text.

Work is bounded by ``FUEL``: each expansion is charged its length, so no input is worse than linear.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from cycledata.parse.latex import tokens
from cycledata.parse.latex.input_stack import Frame
from cycledata.parse.latex.macros import Kind, Macro, kind_of
from cycledata.records import ParseWarning

FUEL = 1_000_000
"""Characters that expansion may push, and the like; the hungriest real paper takes 230,000."""
MAX_DEPTH = 150
"""Frames on the stack: nested inputs and macros within macros."""
MAX_WARNINGS = 200


@dataclass(frozen=True, slots=True)
class Mark:
    """A command that stays in the flat text under this name, its place noted."""

    name: str


@dataclass(frozen=True, slots=True)
class Literal:
    r"""A saved command (``\let\old\textbf``) that stays in the flat text under its first name."""

    name: str


Action = Callable[["Expander", str], None] | Mark | Literal | Macro


@dataclass(slots=True)
class Group:
    """What a group has changed, to be given back at its end."""

    name: str
    """Environment, ``\\begingroup`` or ``{``."""
    meanings: dict[str, tuple[Action | None, Macro | None]] = field(default_factory=dict)
    values: dict[str, str | None] = field(default_factory=dict)


class FuelSpent(Exception):  # noqa: N818  it is a signal, caught by the run loop, not an error
    """Expansion pushed more than its bound."""


@dataclass
class Expander:
    """State of one reading; see the module's text."""

    texts: Mapping[str, str]
    table: dict[str, Action]
    use: Callable[["Expander", str, Macro], None]
    """Acts on a macro's use."""
    base: Mapping[str, Action] = field(default_factory=dict)
    """The table before any definition: what is read by name."""
    root: str = ""
    """Folder that the paper is compiled in."""
    macros: dict[str, Macro] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    """Counters, toggles and booleans by prefixed name, e.g. ``"if:draft"``."""
    conditionals: set[str] = field(default_factory=set)
    r"""Names made by ``\newif``, with their backslash."""
    conditions: list[str] = field(default_factory=list)
    """Open conditionals, outermost first: ``"then"``, ``"else"`` or ``"case"``."""
    groups: list[Group] = field(default_factory=list)
    include_only: frozenset[str] | None = None
    packages: dict[str, str] = field(default_factory=dict)
    """Packages and classes asked for, with their options."""
    hooks: dict[str, list[str]] = field(default_factory=dict)
    """Text to read at the beginning or end of the document."""
    notes: set[str] = field(default_factory=set)
    in_body: bool = False
    fuel: int = FUEL
    prefix_global: bool = False
    negate: bool = False
    class_options: tuple[str, ...] = ()
    names: frozenset[str] = frozenset()
    """Members of the archive that hold no text."""
    lower_names: dict[str, str] = field(default_factory=dict)
    styles_read: set[str] = field(default_factory=set)
    options: str = ""
    """Options that the style being read was asked for with."""
    option_code: dict[str, str] = field(default_factory=dict)
    n_inputs: int = 0
    forgotten: set[str] = field(default_factory=set)
    r"""Names let to ``\undefined``."""

    def __post_init__(self) -> None:
        self.stack: list[Frame] = []
        self.floor = 0
        self.out: list[str] = []
        self.length = 0
        self.at = 0
        """Where in the top frame the command being acted on begins."""
        self.starts: list[int] = []
        self.origins: list[int] = []
        self.marks: list[tuple[int, str]] = []
        self.body = 0
        self.files: list[str] = []
        self.warnings: list[ParseWarning] = []

    # --- Output ----------------------------------------------------------------------------------

    def emit(self, text: str, *, at: int | None = None) -> None:
        """Copy text to the flat text, as stemming from ``at``, else from where the frame stands."""
        if text:
            frame = self.stack[-1]
            self.starts.append(self.length)
            self.origins += frame.source(frame.pos if at is None else at)
            self.out.append(text)
            self.length += len(text)

    def emit_slice(self, frame: Frame, start: int, end: int) -> None:
        """Copy a part of a frame's text."""
        if end > start:
            self.starts.append(self.length)
            self.origins += (frame.file, frame.base if frame.fixed else frame.base + start)
            self.out.append(frame.text[start:end])
            self.length += end - start

    def mark(self, name: str) -> None:
        """Emit a marked command."""
        self.marks.append((self.length, name))
        self.emit(name, at=self.at)

    def warn(self, rule: str, detail: str) -> None:
        """Note something guessed or missing."""
        if len(self.warnings) < MAX_WARNINGS:
            self.warnings.append(ParseWarning(rule=rule, detail=detail[:300]))

    # --- Input -----------------------------------------------------------------------------------

    def spend(self, amount: int) -> None:
        """Pay for work.

        Raises:
            FuelSpent: there is nothing left.
        """
        self.fuel = self.fuel - amount
        if self.fuel < 0:
            raise FuelSpent

    def push(self, text: str, *, name: str = "") -> Frame | None:
        """Read a replacement text next."""
        self.spend(len(text) + 40)
        if len(self.stack) >= MAX_DEPTH:
            self.warn(
                "expansion-too-deep", f"{name or 'a text'} is nested {MAX_DEPTH} deep; left out"
            )
            return None
        top = self.stack[-1]
        file, base = top.source(top.pos)
        frame = Frame(text, file, base, fixed=True)
        frame.folder = top.folder
        frame.name = name
        self.stack.append(frame)
        return frame

    def push_file(self, path: str, *, start: int = 0, end: int | None = None) -> Frame | None:
        """Read a file next; None where it is being read already or the stack is full."""
        if any(frame.name == path for frame in self.stack) or len(self.stack) >= MAX_DEPTH:
            self.warn("input-loop", f"{path} is asked for while it is being read; left out")
            return None
        if path not in self.files:
            self.files.append(path)
        text = self.texts[path]
        frame = Frame(text if end is None else text[:end], self.files.index(path))
        frame.pos = start
        frame.name = path
        frame.folder = self.stack[-1].folder if self.stack else self.root
        self.spend(len(text) // 8 + 16)
        self.stack.append(frame)
        return frame

    def pop(self) -> None:
        """Leave the top frame."""
        frame = self.stack.pop()
        if frame.closing:
            frame.pos = len(frame.text)
            self.close_braces(frame)
        if frame.close:
            frame.close()

    def next_frame(self, *, inline: bool = False) -> Frame | None:
        """The frame that holds the next token, spaces and comments before it skipped."""
        skip = tokens.skip_inline_space if inline else tokens.skip_space
        while len(self.stack) > self.floor:
            frame = self.stack[-1]
            frame.pos = skip(frame.text, frame.pos)
            if frame.pos < len(frame.text):
                return frame
            if len(self.stack) == self.floor + 1:
                return None
            self.pop()
        return None

    def read_argument(self) -> str:
        """The next argument, ``""`` at the end of the input."""
        top = self.stack[-1] if self.stack else None
        simple = tokens.SIMPLE_GROUP.match(top.text, top.pos) if top else None
        if top and simple:
            top.pos = simple.end()
            return simple[1]
        frame = self.next_frame()
        if frame is None:
            return ""
        found = tokens.argument(frame.text, frame.pos)
        if found is None:
            self.spend((len(frame.text) - frame.pos) >> 1)
            self.warn("unclosed-group", f"a brace opened near {frame.text[frame.pos :][:40]!r}")
            frame.pos += 1
            return ""
        text, frame.pos = found
        self.spend(len(text) >> 3)
        return text

    def read_optional(self) -> str | None:
        """The next ``[...]``, None where there is none."""
        frame = self.next_frame(inline=True)
        if frame is None:
            return None
        value, frame.pos = tokens.optional(frame.text, frame.pos)
        if value is None and frame.text.startswith("[", frame.pos):
            self.spend(5_000)
        return value

    def read_star(self) -> bool:
        """Whether a star comes next; it is consumed."""
        frame = self.next_frame(inline=True)
        if frame is None or frame.text[frame.pos] != "*":
            return False
        frame.pos += 1
        return True

    def read_name(self) -> str:
        r"""The next control sequence, in braces or not, ``\csname`` resolved; ``""`` for none."""
        for _ in range(20):
            frame = self.next_frame()
            if frame is None:
                return ""
            char = frame.text[frame.pos]
            if char == "{":
                inner = self.read_argument().strip()
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
        r"""The control sequence spelled up to ``\endcsname``."""
        frame = self.next_frame()
        if frame is None:
            return ""
        end = frame.text.find("\\endcsname", frame.pos, frame.pos + 500)
        if end < 0:
            return ""
        spelled = frame.text[frame.pos : end]
        frame.pos = end + len("\\endcsname")
        return "\\" + self.expanded(spelled).strip()

    # --- Meaning ---------------------------------------------------------------------------------

    def define(self, name: str, macro: Macro, action: Action | None = None) -> None:
        """Give a control sequence a meaning, until the group ends."""
        if len(name) < 2:
            return
        group = self.group()
        if group is not None and name not in group.meanings:
            group.meanings[name] = (self.table.get(name), self.macros.get(name))
        self.macros[name] = macro
        self.table[name] = action or macro

    def set_value(self, key: str, value: str) -> None:
        """Set a switch or counter, until the group ends."""
        group = self.group()
        if group is not None:
            group.values.setdefault(key, self.values.get(key))
        self.values[key] = value

    def group(self) -> Group | None:
        r"""The innermost open group; None outside of any and after ``\global``."""
        if self.prefix_global:
            self.prefix_global = False
            return None
        if self.in_body:
            self.enter_group()
        return self.groups[-1] if self.groups else None

    def enter_group(self) -> None:
        """Make a group of the innermost brace or environment: none is one until it is needed."""
        for frame in reversed(self.stack[self.floor :]):
            start = frame.innermost()
            if start < 0:
                continue
            if frame.text[start] == "{":
                end = tokens.group_end(frame.text, start) - 1
            else:
                end = tokens.environment_end(frame.text, start + 2)
            self.spend((end - start) >> 3 if end > 0 else (len(frame.text) - start) >> 2)
            if end > frame.pos and end not in frame.closing:
                frame.closing.append(end)
                frame.end = end
                self.groups.append(Group("{"))
            return

    def close_group(self, name: str) -> None:
        """Give back what a group changed; an end without its beginning closes nothing."""
        if not any(group.name == name for group in self.groups[-40:]):
            return
        while self.groups:
            group = self.groups.pop()
            self.restore(group)
            if group.name == name:
                return

    def close_braces(self, frame: Frame) -> None:
        """Leave the brace groups whose end a frame has reached."""
        while frame.closing and frame.pos >= frame.closing[-1]:
            frame.closing.pop()
            self.close_group("{")
        frame.end = frame.closing[-1] if frame.closing else len(frame.text)

    def forget(self, name: str) -> None:
        """Take a meaning away."""
        self.macros.pop(name, None)
        if name in self.base:
            self.forgotten.add(name)
        else:
            self.table.pop(name, None)

    def restore(self, group: Group) -> None:
        """Give back the meanings and values that a group had changed."""
        for name, (action, macro) in group.meanings.items():
            if action is None:
                self.table.pop(name, None)
            else:
                self.table[name] = action
            if macro is None:
                self.macros.pop(name, None)
            else:
                self.macros[name] = macro
        for key, value in group.values.items():
            if value is None:
                self.values.pop(key, None)
            else:
                self.values[key] = value

    def acts(self, name: str, depth: int = 0) -> bool:
        """Whether a control word does anything here, macros resolved."""
        action = self.table.get(name)
        if action is None or isinstance(action, Literal):
            return False
        if isinstance(action, Macro):
            return depth < 12 and self.kind(name, action, depth + 1) == "expand"
        return True

    def kind(self, name: str, macro: Macro, depth: int = 0) -> Kind:
        """What to do with a use of a macro, decided at the first one."""
        if macro.kind is None:
            macro.kind = "keep"  # what a macro that contains itself finds
            macro.kind = kind_of(name, macro, lambda inner: self.acts(inner, depth))
        return macro.kind

    def expanded(self, text: str) -> str:
        """A short text with its macros replaced, for file names and the like."""
        if "\\" not in text:
            return text
        kept = (self.out, self.length, self.starts, self.origins, self.marks, self.floor)
        self.out, self.length, self.starts, self.origins, self.marks = [], 0, [], [], []
        self.floor = len(self.stack)
        try:
            if self.push(text):
                self.run()
            return "".join(self.out)
        finally:
            del self.stack[self.floor :]
            self.out, self.length, self.starts, self.origins, self.marks, self.floor = kept

    # --- Reading ---------------------------------------------------------------------------------

    def run(self) -> None:
        """Read until the stack is down to its floor."""
        stack, get = self.stack, self.table.get
        finditer = tokens.TOKEN.finditer
        while len(stack) > self.floor:
            frame = stack[-1]
            if frame.closing:
                self.close_braces(frame)
            text, mark = frame.text, frame.pos
            for match in finditer(text, mark, frame.end):
                name = match[0]
                action = get(name)
                if action is None:
                    if name[0] != "%":
                        continue
                    self.emit_slice(frame, mark, match.start())
                    mark = match.end()
                    if text.startswith("\n", mark):
                        frame.pos = mark
                        self.emit("\n")
                    continue
                start = match.start()
                if action.__class__ is Mark and action.name == name:
                    self.marks.append((self.length + start - mark, name))
                    continue
                self.emit_slice(frame, mark, start)
                self.at = start
                frame.pos = match.end()
                self.act(name, action)
                break
            else:
                self.emit_slice(frame, mark, frame.end)
                frame.pos = max(frame.end, mark)
                if frame.pos >= len(text):
                    self.pop()

    def act(self, name: str, action: Action) -> None:
        """Do what a control sequence stands for."""
        self.spend(4)
        if isinstance(action, Macro):
            self.use(self, name, action)
        elif isinstance(action, Literal):
            self.emit(action.name + " ")
        elif isinstance(action, Mark):
            self.mark(action.name)
        else:
            action(self, name)
