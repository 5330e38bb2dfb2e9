r"""``\begin`` and ``\end``, and texts that TeX does not read as commands."""

import re

from cycledata.formats.braces import group_end
from cycledata.parse.latex.definition_table import OpenGroup
from cycledata.parse.latex.expand import Expander
from cycledata.parse.latex.macro_calls import read_call
from cycledata.parse.latex.macros import Macro, names_in

MAX_ADDRESS = 3_000
"""Characters of an address."""
_VERB = re.compile(r"\*?[ \t]*+([^\sA-Za-z*])")


def loose(expander: Expander, name: str) -> None:
    r"""``\begin {name}`` or ``\begin{\name}``, which is no token of its own."""
    spelled = f"{name}{{{expander.expanded(expander.input.read_argument()).strip()}}}"
    action = expander.definitions.actions.get(spelled)
    if action is not None:
        expander.act(spelled, action)
    else:
        expander.emit(spelled)


def environment_name(token: str) -> str:
    r"""The name in ``\begin{name}`` or ``\end{name}``."""
    return token[token.index("{") + 1 : -1]


def begin_custom(expander: Expander, token: str) -> None:
    r"""A user's ``\begin{name}``: the text that the definition puts there, if it does anything."""
    macro, end = expander.definitions.macros[token], "\\end" + token[6:]
    whole = macro.body + expander.definitions.macros[end].body
    if "\\" in whole and not any(expander.definitions.acts(name) for name in names_in(whole)):
        expander.definitions.actions.pop(token)
        expander.definitions.actions.pop(end, None)
        expander.emit(token)
        return
    expander.definitions.groups.append(OpenGroup(token))
    expander.input.push(macro.replaced(read_call(expander, macro) or []), name=token)


def end_custom(expander: Expander, token: str) -> None:
    r"""A user's ``\end{name}``."""
    opened = "\\begin" + token[4:]
    frame = expander.input.push(expander.definitions.macros[token].body, name=token)
    if frame is not None:
        frame.close = lambda: expander.definitions.close_group(opened)


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
        frame.text = ""
        frame.pos = frame.end = 0
        frame.closing.clear()
    for text in reversed(expander.styles.hooks.pop("\\AtEndDocument", [])):
        expander.input.push(text)


def skip_environment(expander: Expander, token: str) -> None:
    """Pass over an environment that prints nothing."""
    name = environment_name(token)
    frame = expander.input.frames[-1]
    found = frame.text.find("\\end{" + name + "}", frame.pos)
    if found < 0:
        expander.work.warn(
            "unclosed-environment", f"\\begin{{{name}}} without its end; the file's rest is skipped"
        )
        frame.pos = len(frame.text)
        return
    frame.pos = found + len(name) + 6


def copy_verbatim(expander: Expander, token: str) -> None:
    """Copy an environment as it stands, its commands unread."""
    name = environment_name(token)
    frame = expander.input.frames[-1]
    found = frame.text.find("\\end{" + name + "}", frame.pos)
    stop = len(frame.text) if found < 0 else found + len(name) + 6
    expander.output.write_slice(frame, expander.at, stop)
    frame.pos = stop


def verb(expander: Expander, name: str) -> None:
    r"""``\verb|...|``, ``\lstinline|...|``, ``\mintinline{python}|...|``."""
    at = expander.at
    if name == "\\lstinline":
        expander.input.read_optional()
    elif name == "\\mintinline":
        expander.input.read_optional()
        expander.input.read_argument()
    frame = expander.input.frames[-1]
    match = _VERB.match(frame.text, frame.pos)
    stop = frame.pos
    if match and match[1] == "{":
        stop = max(group_end(frame.text, match.start(1), comments=True), match.end())
    elif match:
        line_end = frame.text.find("\n", match.end())
        close = frame.text.find(match[1], match.end(), line_end if line_end >= 0 else None)
        stop = close + 1 if close >= 0 else match.end()
    expander.output.write_slice(frame, at, stop)
    frame.pos = stop


def url(expander: Expander, name: str) -> None:
    r"""``\url{...%...}``, ``\href{...#...}``: the address is copied as it stands."""
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


def new_verbatim(expander: Expander, _name: str) -> None:
    r"""``\lstnewenvironment{name}``, ``\DefineVerbatimEnvironment{name}{..}{..}``."""
    name = expander.input.read_argument().strip()
    expander.definitions.define(f"\\begin{{{name}}}", Macro(""), copy_verbatim)
    expander.input.read_optional()
    expander.input.read_optional()
    expander.input.read_argument()
    expander.input.read_argument()
