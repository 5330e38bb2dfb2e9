r"""``\begin`` and ``\end``, and texts that TeX does not read as commands."""

import re

from cycledata.parse.latex.expand import Expander, Group
from cycledata.parse.latex.macros import Macro
from cycledata.parse.latex.names import COMMENTS, VERBATIM
from cycledata.parse.latex.scan import group_end

_VERB = re.compile(r"\*?[ \t]*+([^\sA-Za-z*])")


def begin(x: Expander, _name: str) -> None:
    r"""``\begin{name}``: copied; verbatim is passed over, comments dropped, the user's expanded."""
    name = x.read_argument().strip()
    if "\\" in name:
        name = x.expanded(name).strip()
    if name == "document":
        begin_document(x)
        return
    if name in x.skipped_environments or (name in COMMENTS and name not in x.environments):
        skip_environment(x, name)
        return
    if name in VERBATIM or name in x.verbatim:
        copy_verbatim(x, name)
        return
    x.groups.append(Group(name))
    custom = x.environments.get(name)
    if custom is not None and environment_acts(x, custom):
        macro = custom[0]
        args = x.read_call(macro)
        x.push(macro.replaced(args or []), name="\\begin{" + name + "}")
        return
    x.marks.append((x.length, "\\begin{" + name + "}"))
    x.emit("\\begin{" + name + "}")


def environment_acts(x: Expander, custom: tuple[Macro, str]) -> bool:
    """Whether a user's environment brings structure (an abstract, a heading, a conditional)."""
    whole = custom[0].body + custom[1]
    if "\\begin" not in whole and "\\" not in whole:
        return bool(whole.strip())
    return any(x.acts(name) for name in set(re.findall(r"\\[A-Za-z@]++", whole)))


def end(x: Expander, _name: str) -> None:
    r"""``\end{name}``."""
    name = x.read_argument().strip()
    if "\\" in name:
        name = x.expanded(name).strip()
    if name == "document":
        end_document(x)
        return
    custom = x.environments.get(name)
    if custom is not None and environment_acts(x, custom):
        frame = x.push(custom[1], name="\\end{" + name + "}")
        if frame is not None:
            frame.close = lambda: x.close_group(name)
        return
    x.close_group(name)
    x.marks.append((x.length, "\\end{" + name + "}"))
    x.emit("\\end{" + name + "}")


def begin_group(x: Expander, _name: str) -> None:
    r"""``\begingroup``."""
    x.groups.append(Group("\\begingroup"))


def end_group(x: Expander, _name: str) -> None:
    r"""``\endgroup``."""
    x.close_group("\\begingroup")


def begin_document(x: Expander) -> None:
    """Start of the body."""
    if x.in_body:
        return
    x.in_body = True
    x.groups.clear()
    x.emit("\\begin{document}")
    x.body = x.length
    for text in reversed(x.hooks.get("begin", [])):
        x.push(text)


def end_document(x: Expander) -> None:
    """End of the paper: whatever follows is not read."""
    if not x.in_body:
        return
    for frame in x.stack:
        frame.text = ""
        frame.pos = frame.end = 0
        frame.closing.clear()


def skip_environment(x: Expander, name: str) -> None:
    """Pass over an environment that prints nothing."""
    frame = x.stack[-1]
    found = frame.text.find("\\end{" + name + "}", frame.pos)
    if found < 0:
        x.warn(
            "unclosed-environment", f"\\begin{{{name}}} without its end; the file's rest is skipped"
        )
        frame.pos = len(frame.text)
        return
    frame.pos = found + len(name) + 6


def copy_verbatim(x: Expander, name: str) -> None:
    """Copy an environment as it stands, its commands unread."""
    frame = x.stack[-1]
    found = frame.text.find("\\end{" + name + "}", frame.pos)
    stop = len(frame.text) if found < 0 else found + len(name) + 6
    x.emit("\\begin{" + name + "}")
    x.emit_slice(frame, frame.pos, stop)
    frame.pos = stop


def verb(x: Expander, name: str) -> None:
    r"""``\verb|...|``, ``\lstinline|...|``, ``\mintinline{python}|...|``."""
    frame = x.stack[-1]
    start = frame.pos
    if name == "\\lstinline":
        x.read_optional()
    elif name == "\\mintinline":
        x.read_optional()
        x.read_argument()
    frame = x.stack[-1]
    match = _VERB.match(frame.text, frame.pos)
    stop = frame.pos
    if match:
        if match[1] == "{":
            stop = max(group_end(frame.text, match.start(1)), match.end())
        else:
            line_end = frame.text.find("\n", match.end())
            close = frame.text.find(match[1], match.end(), line_end if line_end >= 0 else None)
            stop = close + 1 if close >= 0 else match.end()
    x.emit(name)
    x.emit_slice(frame, start, stop)
    frame.pos = stop


def url(x: Expander, name: str) -> None:
    r"""``\url{...%...}``, ``\href{...#...}``: the address is copied as it stands."""
    x.read_star()
    if name == "\\href":
        option = x.read_optional()
        if option is not None:
            name += f"[{option}]"
    frame = x.next_frame()
    if frame is None:
        return
    x.marks.append((x.length, name[:5].rstrip("[")))
    if frame.text[frame.pos] != "{":
        x.emit(name + " ")
        return
    depth, pos = 0, frame.pos
    stop = min(len(frame.text), pos + 3_000)
    while pos < stop:
        char = frame.text[pos]
        if char == "\\":
            pos += 1
        elif char == "{":
            depth += 1
        elif char == "}":
            depth -= 1
            if depth == 0:
                break
        pos += 1
    x.emit(name)
    x.emit_slice(frame, frame.pos, min(pos + 1, len(frame.text)))
    frame.pos = min(pos + 1, len(frame.text))


def exclude_comment(x: Expander, _name: str) -> None:
    r"""comment.sty's ``\excludecomment{name}``."""
    x.skipped_environments.add(x.read_argument().strip())


def include_comment(x: Expander, _name: str) -> None:
    r"""comment.sty's ``\includecomment{name}``."""
    name = x.read_argument().strip()
    x.skipped_environments.discard(name)
    x.environments.setdefault(name, (Macro(""), ""))


def new_verbatim(x: Expander, _name: str) -> None:
    r"""``\lstnewenvironment{name}``, ``\DefineVerbatimEnvironment{name}{..}{..}``."""
    name = x.read_argument().strip()
    x.verbatim.add(name)
    x.read_optional()
    x.read_optional()
    x.read_argument()
    x.read_argument()
