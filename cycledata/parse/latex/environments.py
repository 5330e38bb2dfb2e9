r"""``\begin`` and ``\end``, and texts that TeX does not read as commands."""

import re

from cycledata.parse.latex.definition_table import OpenGroup
from cycledata.parse.latex.expand import Expander
from cycledata.parse.latex.known_commands import WRAPPED
from cycledata.parse.latex.macro_calls import read_call
from cycledata.parse.latex.macros import Macro, is_internal, names_in
from cycledata.parse.latex.tokens import without_comments
from cycledata.parse.latex.verbatim import skip_environment

MAX_ADDRESS = 3_000
"""Characters of an address."""


def loose(expander: Expander, name: str) -> None:
    r"""``\begin {name}`` or ``\begin{\name}``, which is no token of its own."""
    spelled = f"{name}{{{expander.expanded(expander.input.read_argument()).strip()}}}"
    action = expander.definitions.actions.get(spelled)
    if action is not None:
        expander.act(spelled, action)
    else:
        expander.emit(spelled)


def begin_custom(expander: Expander, token: str) -> None:
    r"""Expand a user's ``\begin{name}`` to the text of its definition, if it has any."""
    macro, end = expander.definitions.macros[token], "\\end" + token[6:]
    whole = macro.body + expander.definitions.macros[end].body
    if "\\" in whole and (
        is_internal_environment(macro, whole)
        or not any(expander.definitions.acts(name) for name in names_in(whole))
    ):
        expander.definitions.actions.pop(token)
        expander.definitions.actions.pop(end, None)
        expander.emit(token)
        return
    expander.definitions.groups.append(OpenGroup(token))
    expander.input.push(macro.replaced(read_call(expander, macro) or []), name=token)


def is_internal_environment(begin: Macro, whole: str) -> bool:
    """Return whether a style's environment works with primitives around its contents."""
    return (
        begin.from_style
        and is_internal(whole)
        and names_in(whole).isdisjoint(WRAPPED)
        and "abstract}" not in whole
    )


def end_custom(expander: Expander, token: str) -> None:
    r"""Expand a user's ``\end{name}``."""
    opened = "\\begin" + token[4:]
    frame = expander.input.push(expander.definitions.macros[token].body, name=token)
    if frame is not None:
        frame.close = lambda: expander.definitions.close_group(opened)


def as_environment(expander: Expander, name: str) -> None:
    r"""``\proof`` and ``\endproof`` in the definition of an author's kind of proof."""
    tag = f"\\end{{{name[4:]}}}" if name.startswith("\\end") else f"\\begin{{{name[1:]}}}"
    expander.emit(tag, at=expander.at)


def restatable(expander: Expander, _token: str) -> None:
    r"""thm-restate's ``\begin{restatable}[title]{theorem}{name}``; ``\name*`` prints it again."""
    source = expander.input
    title = source.read_optional()
    kind, name = source.read_argument().strip(), source.read_argument().strip()
    opening = f"\\begin{{{kind}}}" + (f"[{title}]" if title is not None else "")
    frame = source.frames[-1]
    end = frame.text.find("\\end{restatable", frame.pos, frame.pos + MAX_RESTATED)
    if end >= 0 and name.isalpha():
        words = without_comments(_LABEL.sub("", frame.text[frame.pos : end]))
        again = f"{opening}{words}\\end{{{kind}}}".replace("#", "##")
        expander.definitions.next_is_global = True
        expander.definitions.define("\\" + name, Macro(again, spec=("s",)))
    expander.restated.append(kind)
    source.push(opening)


def end_restatable(expander: Expander, token: str) -> None:
    r"""``\end{restatable}``."""
    if expander.restated:
        expander.input.push(f"\\end{{{expander.restated.pop()}}}")
    else:
        expander.emit(token)


_LABEL = re.compile(r"\\label\s?\{[^{}]{0,200}+\}")
MAX_RESTATED = 20_000
"""Characters of a theorem that is stated twice."""


def begin_group(expander: Expander, _name: str) -> None:
    r"""``\begingroup``."""
    expander.definitions.groups.append(OpenGroup("\\begingroup"))


def end_group(expander: Expander, _name: str) -> None:
    r"""``\endgroup``."""
    expander.definitions.close_group("\\begingroup")


def begin_document(expander: Expander, _token: str) -> None:
    """Start of the body."""
    if expander.input.in_body:
        return
    expander.input.in_body = True
    expander.definitions.groups.clear()
    expander.emit("\\begin{document}")
    expander.output.body = expander.output.length
    for text in reversed(expander.styles.hooks.get("\\AtBeginDocument", [])):
        expander.input.push(text)


def end_document(expander: Expander, _token: str) -> None:
    """End of the paper: whatever follows is not read."""
    if not expander.input.in_body:
        return
    for frame in expander.input.frames:
        frame.cut(0)
        frame.pos = frame.end = 0
        frame.closing.clear()
    for text in reversed(expander.styles.hooks.pop("\\AtEndDocument", [])):
        expander.input.push(text)


def url(expander: Expander, name: str) -> None:
    r"""``\url{...%...}``, ``\href{...#...}``: the address is copied unchanged."""
    top, at = expander.input.frames[-1], expander.at
    expander.input.read_star()
    if name == "\\href":
        expander.input.read_optional()
    frame = expander.input.next_frame()
    if frame is not top or not frame.text.startswith("{", frame.pos):
        expander.emit(name + " ")
        return
    frame.pos = address_end(frame.text, frame.pos)
    expander.output.write_slice(frame, at, frame.pos)


def address_end(text: str, start: int) -> int:
    """Return the position after a group in which ``%`` is an ordinary character."""
    depth, pos = 0, start
    stop = min(len(text), start + MAX_ADDRESS)
    while pos < stop:
        char = text[pos]
        pos += 1
        if char == "\\":
            pos += 1
        elif char == "{":
            depth += 1
        elif char == "}":
            depth -= 1
            if depth == 0:
                break
    return min(pos, len(text))


def exclude_comment(expander: Expander, _name: str) -> None:
    r"""comment.sty's ``\excludecomment{name}``."""
    expander.definitions.define(
        f"\\begin{{{expander.input.read_argument().strip()}}}", Macro(""), skip_environment
    )


def include_comment(expander: Expander, _name: str) -> None:
    r"""comment.sty's ``\includecomment{name}``: its begin and end print nothing."""
    name = expander.input.read_argument().strip()
    expander.definitions.define(f"\\begin{{{name}}}", Macro(""), begin_custom)
    expander.definitions.define(f"\\end{{{name}}}", Macro(""), end_custom)
