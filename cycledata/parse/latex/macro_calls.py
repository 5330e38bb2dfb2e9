"""The use of a macro: its arguments read, its text put in their place, or the use left as it is."""

from cycledata.formats.braces import group_end
from cycledata.parse.latex.expand import MAX_RECURSION, Expander
from cycledata.parse.latex.input_stack import InputFrame
from cycledata.parse.latex.macros import FixedText, Macro
from cycledata.parse.latex.tokens import COMMAND, has_comment, needs_space

MAX_DELIMITED = 20_000
r"""Characters that an argument of a ``\def`` with delimiters may span."""
MAX_BETWEEN = 2_000
"""Characters of an argument between two characters."""


def use_macro(expander: Expander, name: str, macro: Macro) -> None:
    """Replace a macro's use by its text, or leave it in place."""
    kind = macro.kind or expander.definitions.kind(name, macro)
    if kind == "note":
        copy_note(expander, name, macro)
        return
    if kind != "expand":
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
        if macro.fixed is None and not macro.pattern and not macro.spec:
            macro.fixed = fixed_text(text)
        text = guarded(expander, text)
        if "\\" not in text:
            expander.work.spend(len(text) + 8)
            expander.emit(text)
            return
    if not write_inert(expander, text):
        expander.input.push(text, name=name)


def write_inert(expander: Expander, text: str) -> bool:
    r"""Write a replacement text in which no command acts and return True, else return False.

    An ``\xspace`` at its end is the one that may.
    """
    if expander.short_verbs or has_comment(text):
        return False
    actions, frame = expander.definitions.actions, expander.input.frames[-1]
    names = COMMAND.findall(text)
    spaced = names[-1:] == ["\\xspace"] and text.endswith(_SPACED)
    if spaced:
        at_end = frame.pos >= len(frame.text)
        if at_end or actions.get("\\xspace") is not expander.definitions.base["\\xspace"]:
            return False
        names.pop()
    if any(map(actions.get, names)):
        return False
    expander.work.spend(len(text) + 44)
    if spaced:
        expander.emit(text[: text.rindex("\\")])
        if needs_space(frame.text, frame.pos):
            expander.emit(" ")
    else:
        expander.emit(text)
    return True


_SPACED = ("\\xspace ", "\\xspace")


def fixed_text(text: str) -> FixedText | None:
    """Return a replacement text as it is written, or None if its uses have to be looked at."""
    if not text or has_comment(text):
        return None
    if "\\" not in text:
        return FixedText(text, (), is_plain=True, spaced=False, cost=len(text) + 12)
    names = COMMAND.findall(text)
    spaced = names[-1:] == ["\\xspace"] and text.endswith(_SPACED)
    written = text[: text.rindex("\\")] if spaced else text
    inner = tuple(names[:-1] if spaced else names)
    return FixedText(written, inner, is_plain=False, spaced=spaced, cost=len(text) + 44)


def copy_note(expander: Expander, name: str, macro: Macro) -> None:
    """Copy a remark with its arguments and record its span."""
    output, start = expander.output, expander.output.length
    expander.emit(name, at=expander.at)
    args = read_call(expander, macro) or []
    top = expander.input.frames[-1]
    if top.text.startswith("{}", top.pos):  # written to end the name of a note without argument
        top.pos += 2
    frame = expander.input.push("".join(f"{{{arg}}}" for arg in args), name=name)
    if frame is None:
        output.note(start)
    else:
        frame.close = lambda: output.note(start)


def guarded(expander: Expander, text: str) -> str:
    """Return a replacement text in braces if it follows ``^`` or ``_``."""
    last = expander.output.pieces[-1] if expander.output.pieces else ""
    if last[-1:] in ("^", "_") and len(text) > 1:
        return "{" + text + "}"
    return text


def read_call(expander: Expander, macro: Macro) -> list[str] | None:
    """Return the arguments of a macro's use, or None if its delimiters are missing."""
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
    """Return one argument by its kind (see ``argument_kinds``)."""
    letter = kind[0]
    if letter == "s" or letter == "t":
        given = read_character(expander, kind[1:] or "*")
        return "\\BooleanTrue" if given else "\\BooleanFalse"
    if letter in "oO":
        value = expander.input.read_optional()
        default = kind[1:]
    elif letter in "drDR":
        value = read_between(expander, kind[1:2], kind[2:3])
        default = kind[3:]
    elif letter in "gG":
        frame = expander.input.next_frame(inline=True)
        here = frame is not None and frame.text[frame.pos] == "{"
        value, default = expander.input.read_argument() if here else None, kind[1:]
    elif letter == "e":
        here = read_character(expander, kind[1:])
        value, default = expander.input.read_argument() if here else None, ""
    elif letter == "v":
        return read_verbatim(expander)
    else:
        return expander.input.read_argument()
    if value is not None:
        return value
    return default if letter.isupper() else "-NoValue-"


def read_character(expander: Expander, wanted: str) -> bool:
    """Consume a character and return True, or return False if another comes next."""
    frame = expander.input.next_frame(inline=True)
    if frame is None or not frame.text.startswith(wanted, frame.pos):
        return False
    frame.pos += len(wanted)
    return True


def read_between(expander: Expander, opening: str, closing: str) -> str | None:
    """Return the text between two characters, or None if the first does not come next."""
    frame = expander.input.next_frame(inline=True)
    if frame is None or not opening or not frame.text.startswith(opening, frame.pos):
        return None
    end = frame.text.find(closing or opening, frame.pos + 1, frame.pos + MAX_BETWEEN)
    if end < 0:
        return None
    value = frame.text[frame.pos + 1 : end]
    frame.pos = end + 1
    return value


def read_verbatim(expander: Expander) -> str:
    """Return an argument between braces or between two equal characters."""
    frame = expander.input.next_frame()
    if frame is None or frame.text[frame.pos] == "{":
        return expander.input.read_argument()
    return read_between(expander, frame.text[frame.pos], frame.text[frame.pos]) or ""


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
    """Return the position of a delimiter outside groups, or -1."""
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
