"""The use of a macro: its arguments read, its text put in their place, or the use left as it is."""

from cycledata.formats.braces import group_end
from cycledata.parse.latex.expand import Expander
from cycledata.parse.latex.input_stack import InputFrame
from cycledata.parse.latex.macros import Macro

MAX_DELIMITED = 20_000
r"""Characters that an argument of a ``\def`` with delimiters may span."""
MAX_RECURSION = 8
"""How deep a macro may stand in its own text; TeX would go on until its memory is full."""


def use_macro(expander: Expander, name: str, macro: Macro) -> None:
    """Replace a macro's use by its text, or leave it in place."""
    kind = expander.definitions.kind(name, macro)
    if kind != "expand":
        if kind == "note":
            expander.notes.add(name)
        expander.definitions.actions.pop(name, None)  # so that its next use costs nothing
        expander.emit(name, at=expander.at)
        return
    if (
        len(expander.input.frames) > MAX_RECURSION
        and sum(frame.name == name for frame in expander.input.frames) > MAX_RECURSION
    ):
        expander.work.warn("recursive-macro", f"{name} calls itself")
        return
    args = read_call(expander, macro)
    if args is None:
        expander.work.warn("macro-mismatch", f"{name} is not followed by {macro.pattern!r}")
        return
    text = macro.replaced(args)
    if not args:
        text = guarded(expander, text)
        if "\\" not in text:
            expander.work.spend(len(text) + 8)
            expander.emit(text)
            return
    expander.input.push(text, name=name)


def guarded(expander: Expander, text: str) -> str:
    """A replacement text that means the same where it stands once it is mere text."""
    last = expander.output.pieces[-1] if expander.output.pieces else ""
    if last[-1:] in ("^", "_") and len(text) > 1:
        return "{" + text + "}"
    if text[:1].isalpha() and last[-1:].isalpha():
        start = last.rfind("\\")
        if start >= 0 and last[start + 1 :].isalpha():
            return "{}" + text
    return text


def read_call(expander: Expander, macro: Macro) -> list[str] | None:
    """The arguments of a macro's use; None where its delimiters are missing."""
    if macro.spec is not None:
        return [read_xparse(expander, kind) for kind in macro.spec]
    if macro.pattern is not None:
        return read_delimited(expander, macro.pattern)
    args: list[str] = []
    if macro.default is not None:
        given = expander.input.read_optional()
        args.append(macro.default if given is None else given)
    while len(args) < macro.n_args:
        args.append(expander.input.read_argument())
    if not args and len(expander.input.frames) > expander.input.floor:
        expander.input.frames[-1].pass_blanks()
    return args


def read_xparse(expander: Expander, kind: str) -> str:
    """One argument by its xparse letter."""
    if kind == "s":
        return "\\BooleanTrue" if expander.input.read_star() else "\\BooleanFalse"
    if kind[0] in "oO":
        given = expander.input.read_optional()
        return given if given is not None else (kind[1:] if kind[0] == "O" else "-NoValue-")
    return expander.input.read_argument()


def read_delimited(expander: Expander, pattern: str) -> list[str] | None:
    r"""Arguments by a ``\def``'s parameter text, e.g. ``"#1.#2;"``."""
    pieces = pattern.split("#")
    frame = expander.input.next_frame()
    if frame is None:
        return None
    if pieces[0]:
        if not frame.text.startswith(pieces[0].rstrip(), frame.pos):
            return None
        frame.pos += len(pieces[0].rstrip())
    args: list[str] = []
    for piece in pieces[1:]:
        delimiter = piece[1:]
        if not delimiter:
            args.append(expander.input.read_argument())
            continue
        frame = expander.input.frames[-1]
        end = find_delimiter(expander, frame, delimiter)
        if end < 0:
            return None
        value = frame.text[frame.pos : end]
        if value.startswith("{") and group_end(value, 0, comments=True) == len(value):
            value = value[1:-1]
        args.append(value)
        frame.pos = end + len(delimiter)
    return args


def find_delimiter(expander: Expander, frame: InputFrame, delimiter: str) -> int:
    """Where a delimiter stands outside groups; -1 where it does not."""
    pos = frame.pos
    limit = min(len(frame.text), pos + MAX_DELIMITED)
    while pos < limit:
        end = frame.text.find(delimiter, pos, limit)
        brace = frame.text.find("{", pos, end if end >= 0 else limit)
        expander.work.spend(200)
        if brace < 0:
            return end
        pos = group_end(frame.text, brace, comments=True)
        if pos < 0:
            expander.work.spend((len(frame.text) - brace) >> 2)
            return -1
    return -1
