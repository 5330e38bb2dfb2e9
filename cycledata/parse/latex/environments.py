r"""``\begin`` and ``\end``, and texts that TeX does not read as commands."""

import re

from cycledata.parse.latex.expand import Expander, Group
from cycledata.parse.latex.macro_calls import read_call
from cycledata.parse.latex.macros import Macro, names_in
from cycledata.parse.latex.tokens import group_end

MAX_ADDRESS = 3_000
"""Characters of an address."""
_VERB = re.compile(r"\*?[ \t]*+([^\sA-Za-z*])")


def loose(x: Expander, name: str) -> None:
    r"""``\begin {name}`` or ``\begin{\name}``, which is no token of its own."""
    spelled = f"{name}{{{x.expanded(x.read_argument()).strip()}}}"
    action = x.table.get(spelled)
    if action is not None:
        x.act(spelled, action)
    else:
        x.emit(spelled)


def environment_name(token: str) -> str:
    r"""The name in ``\begin{name}`` or ``\end{name}``."""
    return token[token.index("{") + 1 : -1]


def begin_custom(x: Expander, token: str) -> None:
    r"""A user's ``\begin{name}``: the text that the definition puts there, if it does anything."""
    macro, end = x.macros[token], "\\end" + token[6:]
    whole = macro.body + x.macros[end].body
    if "\\" in whole and not any(x.acts(name) for name in names_in(whole)):
        x.table.pop(token)
        x.table.pop(end, None)
        x.emit(token)
        return
    x.groups.append(Group(token))
    x.push(macro.replaced(read_call(x, macro) or []), name=token)


def end_custom(x: Expander, token: str) -> None:
    r"""A user's ``\end{name}``."""
    opened = "\\begin" + token[4:]
    frame = x.push(x.macros[token].body, name=token)
    if frame is not None:
        frame.close = lambda: x.close_group(opened)


def begin_group(x: Expander, _name: str) -> None:
    r"""``\begingroup``."""
    x.groups.append(Group("\\begingroup"))


def end_group(x: Expander, _name: str) -> None:
    r"""``\endgroup``."""
    x.close_group("\\begingroup")


def begin_document(x: Expander, _token: str) -> None:
    """Start of the body."""
    if x.in_body:
        return
    x.in_body = True
    x.groups.clear()
    x.emit("\\begin{document}")
    x.body = x.length
    for text in reversed(x.hooks.get("\\AtBeginDocument", [])):
        x.push(text)


def end_document(x: Expander, _token: str) -> None:
    """End of the paper: whatever follows is not read."""
    if not x.in_body:
        return
    for frame in x.stack:
        frame.text = ""
        frame.pos = frame.end = 0
        frame.closing.clear()
    for text in reversed(x.hooks.pop("\\AtEndDocument", [])):
        x.push(text)


def skip_environment(x: Expander, token: str) -> None:
    """Pass over an environment that prints nothing."""
    name = environment_name(token)
    frame = x.stack[-1]
    found = frame.text.find("\\end{" + name + "}", frame.pos)
    if found < 0:
        x.warn(
            "unclosed-environment", f"\\begin{{{name}}} without its end; the file's rest is skipped"
        )
        frame.pos = len(frame.text)
        return
    frame.pos = found + len(name) + 6


def copy_verbatim(x: Expander, token: str) -> None:
    """Copy an environment as it stands, its commands unread."""
    name = environment_name(token)
    frame = x.stack[-1]
    found = frame.text.find("\\end{" + name + "}", frame.pos)
    stop = len(frame.text) if found < 0 else found + len(name) + 6
    x.emit_slice(frame, x.at, stop)
    frame.pos = stop


def verb(x: Expander, name: str) -> None:
    r"""``\verb|...|``, ``\lstinline|...|``, ``\mintinline{python}|...|``."""
    at = x.at
    if name == "\\lstinline":
        x.read_optional()
    elif name == "\\mintinline":
        x.read_optional()
        x.read_argument()
    frame = x.stack[-1]
    match = _VERB.match(frame.text, frame.pos)
    stop = frame.pos
    if match and match[1] == "{":
        stop = max(group_end(frame.text, match.start(1)), match.end())
    elif match:
        line_end = frame.text.find("\n", match.end())
        close = frame.text.find(match[1], match.end(), line_end if line_end >= 0 else None)
        stop = close + 1 if close >= 0 else match.end()
    x.emit_slice(frame, at, stop)
    frame.pos = stop


def url(x: Expander, name: str) -> None:
    r"""``\url{...%...}``, ``\href{...#...}``: the address is copied as it stands."""
    top, at = x.stack[-1], x.at
    x.read_star()
    if name == "\\href":
        x.read_optional()
    frame = x.next_frame()
    if frame is not top or not frame.text.startswith("{", frame.pos):
        x.emit(name + " ")
        return
    frame.pos = address_end(frame.text, frame.pos)
    x.emit_slice(frame, at, frame.pos)


def address_end(text: str, start: int) -> int:
    """The place after a group in which ``%`` is a character like any other."""
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


def exclude_comment(x: Expander, _name: str) -> None:
    r"""comment.sty's ``\excludecomment{name}``."""
    x.define(f"\\begin{{{x.read_argument().strip()}}}", Macro(""), skip_environment)


def include_comment(x: Expander, _name: str) -> None:
    r"""comment.sty's ``\includecomment{name}``: its begin and end print nothing."""
    name = x.read_argument().strip()
    x.define(f"\\begin{{{name}}}", Macro(""), begin_custom)
    x.define(f"\\end{{{name}}}", Macro(""), end_custom)


def new_verbatim(x: Expander, _name: str) -> None:
    r"""``\lstnewenvironment{name}``, ``\DefineVerbatimEnvironment{name}{..}{..}``."""
    name = x.read_argument().strip()
    x.define(f"\\begin{{{name}}}", Macro(""), copy_verbatim)
    x.read_optional()
    x.read_optional()
    x.read_argument()
    x.read_argument()
