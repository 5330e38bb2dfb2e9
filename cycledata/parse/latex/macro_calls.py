"""The use of a macro: its arguments read, its text put in their place, or the use left as it is."""

from cycledata.parse.latex import tokens
from cycledata.parse.latex.expand import Expander
from cycledata.parse.latex.input_stack import Frame
from cycledata.parse.latex.macros import Macro

MAX_DELIMITED = 20_000
r"""Characters that an argument of a ``\def`` with delimiters may span."""
MAX_RECURSION = 8
"""How deep a macro may stand in its own text; TeX would go on until its memory is full."""


def use_macro(x: Expander, name: str, macro: Macro) -> None:
    """Replace a macro's use by its text, or leave it in place."""
    kind = x.kind(name, macro)
    if kind != "expand":
        if kind == "note":
            x.notes.add(name)
        x.table.pop(name, None)  # so that its next use costs nothing
        x.emit(name, at=x.at)
        return
    if (
        len(x.stack) > MAX_RECURSION
        and sum(frame.name == name for frame in x.stack) > MAX_RECURSION
    ):
        x.warn("recursive-macro", f"{name} calls itself")
        return
    args = read_call(x, macro)
    if args is None:
        x.warn("macro-mismatch", f"{name} is not followed by {macro.pattern!r}")
        return
    text = macro.replaced(args)
    if not args:
        text = guarded(x, text)
        if "\\" not in text:
            x.spend(len(text) + 8)
            x.emit(text)
            return
    x.push(text, name=name)


def guarded(x: Expander, text: str) -> str:
    """A replacement text that means the same where it stands once it is mere text."""
    last = x.out[-1] if x.out else ""
    if last[-1:] in ("^", "_") and len(text) > 1:
        return "{" + text + "}"
    if text[:1].isalpha() and last[-1:].isalpha():
        start = last.rfind("\\")
        if start >= 0 and last[start + 1 :].isalpha():
            return "{}" + text
    return text


def read_call(x: Expander, macro: Macro) -> list[str] | None:
    """The arguments of a macro's use; None where its delimiters are missing."""
    if macro.spec is not None:
        return [read_xparse(x, kind) for kind in macro.spec]
    if macro.pattern is not None:
        return read_delimited(x, macro.pattern)
    args: list[str] = []
    if macro.default is not None:
        given = x.read_optional()
        args.append(macro.default if given is None else given)
    while len(args) < macro.n_args:
        args.append(x.read_argument())
    if not args and len(x.stack) > x.floor:
        x.stack[-1].pass_blanks()
    return args


def read_xparse(x: Expander, kind: str) -> str:
    """One argument by its xparse letter."""
    if kind == "s":
        return "\\BooleanTrue" if x.read_star() else "\\BooleanFalse"
    if kind[0] in "oO":
        given = x.read_optional()
        return given if given is not None else (kind[1:] if kind[0] == "O" else "-NoValue-")
    return x.read_argument()


def read_delimited(x: Expander, pattern: str) -> list[str] | None:
    r"""Arguments by a ``\def``'s parameter text, e.g. ``"#1.#2;"``."""
    pieces = pattern.split("#")
    frame = x.next_frame()
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
            args.append(x.read_argument())
            continue
        frame = x.stack[-1]
        end = find_delimiter(x, frame, delimiter)
        if end < 0:
            return None
        value = frame.text[frame.pos : end]
        if value.startswith("{") and tokens.group_end(value, 0) == len(value):
            value = value[1:-1]
        args.append(value)
        frame.pos = end + len(delimiter)
    return args


def find_delimiter(x: Expander, frame: Frame, delimiter: str) -> int:
    """Where a delimiter stands outside groups; -1 where it does not."""
    pos = frame.pos
    limit = min(len(frame.text), pos + MAX_DELIMITED)
    while pos < limit:
        end = frame.text.find(delimiter, pos, limit)
        brace = frame.text.find("{", pos, end if end >= 0 else limit)
        x.spend(200)
        if brace < 0:
            return end
        pos = tokens.group_end(frame.text, brace)
        if pos < 0:
            x.spend((len(frame.text) - brace) >> 2)
            return -1
    return -1
