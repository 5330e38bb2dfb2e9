r"""Control sequences that give others a meaning: ``\newcommand``, ``\def``, ``\let`` and their kin.

A definition leaves the flat text. Those of style files are taken too, but may not replace a command
that this package knows (``\title``, ``\cite``) unless they end in the old one, saved by ``\let``:
a venue's style lays out what we read by name.
"""

import re

from cycledata.parse.latex.environments import begin_custom, end_custom, skip_environment
from cycledata.parse.latex.expand import Action, Expander, Literal, Mark
from cycledata.parse.latex.known_commands import HEADING_OF_LEVEL, KNOWN_ENVIRONMENTS, WRAPPED
from cycledata.parse.latex.macros import Macro, names_in
from cycledata.parse.latex.tokens import CONTROL, group_end, skip_space, without_comments

_ANY_SPACE = re.compile(r"\s++")


def is_style(path: str) -> bool:
    """Whether a file holds a package or class."""
    return path.endswith((".sty", ".cls", ".clo", ".def", ".cfg"))


def in_style(x: Expander) -> bool:
    """Whether the definition being read stands in a style file."""
    return any(is_style(frame.name) for frame in x.stack[-3:])


def adopt(x: Expander, name: str, macro: Macro) -> None:
    r"""Store a definition, unless it would hide a command that is read by name.

    An author's ``\renewcommand{\section}[2]{}`` around a bibliography hides its heading and is
    taken; ``\renewcommand{\section}{\@startsection...}`` only dresses it and is not.
    """
    if name in x.base:
        inner = names_in(macro.body)
        marks = [
            (other, action.name)
            for other in inner
            if isinstance(action := x.table.get(other), Mark) and other != name
        ]
        saved = any(alias != canonical for alias, canonical in marks)
        purposeful = name in WRAPPED and (marks or not macro.body.strip())
        if not saved and (in_style(x) or not purposeful):
            return
    x.define(name, macro)


_NEWCOMMAND = re.compile(
    r"\s*+(\*?)\s*+(?:\{\s*+(\\[A-Za-z@]++)\s*+\}|(\\[A-Za-z@]++))\s*+(?:\[([1-9])\])?\s*+(?=\{)"
)
_DEF = re.compile(r"\s*+(\\(?:[A-Za-z@]++|.))((?:#[1-9])*+)(?=\{)")


def newcommand(x: Expander, name: str) -> None:
    r"""``\newcommand*{\name}[n][default]{body}`` and its kin."""
    frame = x.stack[-1]
    usual = _NEWCOMMAND.match(frame.text, frame.pos)
    default = None
    if usual:
        frame.pos = usual.end()
        starred = bool(usual[1])
        target, n_args = usual[2] or usual[3], int(usual[4] or 0)
    else:
        starred = x.read_star()
        target = x.read_name()
        n_args, default = read_signature(x)
    body = without_comments(x.read_argument())
    if name in ("\\newcommand", "\\providecommand") and target in x.macros:
        return  # LaTeX stops at a second \newcommand and keeps the first
    if name == "\\providecommand" and target in x.table:
        return
    adopt(x, target, Macro(body, n_args, default, long=not starred))


def read_signature(x: Expander) -> tuple[int, str | None]:
    """``[n][default]``: how many arguments, and what the optional first one defaults to."""
    count = x.read_optional()
    default = x.read_optional() if count is not None else None
    digits = (count or "").strip()
    usual = digits.isascii() and digits.isdigit() and len(digits) == 1
    return int(digits) if usual else 0, default


def define(x: Expander, name: str) -> None:
    r"""``\def\name#1.#2{body}``, ``\edef``, ``\gdef``, ``\xdef``."""
    frame = x.stack[-1]
    usual = _DEF.match(frame.text, frame.pos)
    if usual and usual[1] != "\\csname":
        frame.pos = usual.end()
        target, pattern = usual[1], usual[2]
    else:
        target = x.read_name()
        frame = x.stack[-1]
        brace = frame.text.find("{", frame.pos, frame.pos + 400)
        if brace < 0 or not target:
            return
        pattern = _ANY_SPACE.sub("", without_comments(frame.text[frame.pos : brace]))
        frame.pos = brace
    body = without_comments(x.read_argument())
    if name in ("\\edef", "\\xdef") and len(body) < 2_000 and "#" not in body:
        body = x.expanded(body)
    x.prefix_global = x.prefix_global or name in ("\\gdef", "\\xdef")
    n_args = pattern.count("#")
    plain = pattern == "#1#2#3#4#5#6#7#8#9"[: 2 * n_args]
    adopt(x, target, Macro(body, n_args, pattern=None if plain else pattern))


def let(x: Expander, _name: str) -> None:
    r"""``\let\new=\old``: the new name takes what the old one means now."""
    target = x.read_name()
    frame = x.next_frame()
    if frame is None or not target:
        return
    if frame.text[frame.pos] == "=":
        frame.pos += 1
        frame = x.next_frame()
        if frame is None:
            return
    if frame.text[frame.pos] != "\\":
        x.define(target, Macro(frame.text[frame.pos]))
        frame.pos += 1
        return
    source = x.read_name()
    assign(x, target, source)


def future_let(x: Expander, _name: str) -> None:
    r"""``\futurelet\next\act c``: ``\next`` takes what ``c`` means, then ``\act`` acts on it."""
    target, actor = x.read_name(), x.read_name()
    frame = x.next_frame(inline=True)
    if frame is not None and target:
        source = CONTROL.match(frame.text, frame.pos)
        if source is None:
            char = frame.text[frame.pos]
            x.define(target, Macro(char), Literal(char))
        else:
            assign(x, target, source[0])
    x.push(actor)


def assign(x: Expander, target: str, source: str) -> None:
    """Give ``target`` the present meaning of ``source``."""
    if not target or not source or target == source:
        return
    if target in x.base and in_style(x):
        return
    meaning: Action | None = x.table.get(source)
    macro = x.macros.get(source)
    if source in ("\\undefined", "\\@undefined"):
        x.forget(target)
    elif source in ("\\relax", "\\@empty", "\\empty", "\\@gobble", "\\@firstofone"):
        bodies = {"\\@gobble": ("", 1), "\\@firstofone": ("#1", 1)}
        x.define(target, Macro(*bodies.get(source, ("", 0))))
    elif source in ("\\iftrue", "\\iffalse"):
        x.conditionals.add(target)
        x.set_value("if:" + target[3:], source[3:])
        x.table[target] = x.table[source]
    elif meaning is None:
        x.define(target, macro or Macro(source), macro or Literal(source))
    else:
        x.define(target, macro or Macro(source), meaning)


def newenvironment(x: Expander, _name: str) -> None:
    r"""``\newenvironment{name}[n][default]{begin}{end}``."""
    x.read_star()
    target = x.read_argument().strip()
    n_args, default = read_signature(x)
    begin = without_comments(x.read_argument())
    end = without_comments(x.read_argument())
    add_environment(x, target, Macro(begin, n_args, default), end)


def add_environment(x: Expander, target: str, begin: Macro, end: str) -> None:
    """Store a user's environment, unless it dresses one that is read by name."""
    if not target or target in KNOWN_ENVIRONMENTS:
        return
    if "\\comment" in names_in(begin.body):
        x.define(f"\\begin{{{target}}}", Macro(""), skip_environment)
        return
    x.define(f"\\begin{{{target}}}", begin, begin_custom)
    x.define(f"\\end{{{target}}}", Macro(end), end_custom)


def new_document_command(x: Expander, name: str) -> None:
    r"""``\NewDocumentCommand{\name}{o m}{body}`` and its kin."""
    target = x.read_name()
    kinds = xparse_kinds(x.read_argument())
    body = without_comments(x.read_argument())
    if name == "\\ProvideDocumentCommand" and (target in x.table or target in x.macros):
        return
    adopt(x, target, Macro(body, spec=kinds))


def new_document_environment(x: Expander, _name: str) -> None:
    r"""``\NewDocumentEnvironment{name}{o m}{begin}{end}``."""
    target = x.read_argument().strip()
    kinds = xparse_kinds(x.read_argument())
    begin = without_comments(x.read_argument())
    end = without_comments(x.read_argument())
    add_environment(x, target, Macro(begin, spec=kinds), end)


def xparse_kinds(spec: str) -> tuple[str, ...]:
    """Argument letters of an xparse specification; ``O`` with its default.

    >>> xparse_kinds("s O{red} +m")
    ('s', 'Ored', 'm')
    """
    kinds: list[str] = []
    pos = 0
    while pos < len(spec) and len(kinds) < 9:
        letter = spec[pos]
        pos += 1
        if letter in "OD" and (at := skip_space(spec, pos)) < len(spec) and spec[at] == "{":
            end = group_end(spec, at)
            if end < 0:
                break
            kinds.append(letter + spec[at + 1 : end - 1])
            pos = end
        elif letter in "mosv":
            kinds.append(letter)
    return tuple(kinds)


def new_environ(x: Expander, _name: str) -> None:
    r"""``\NewEnviron{name}[n]{body with \BODY}``: contents vanish unless ``\BODY`` is used."""
    target = x.read_argument().strip()
    x.read_optional()
    x.read_optional()
    body = x.read_argument()
    after = x.read_optional()
    if "\\BODY" not in body + (after or ""):
        x.define(f"\\begin{{{target}}}", Macro(""), skip_environment)


def name_definition(x: Expander, name: str) -> None:
    r"""``\@namedef{name}{body}`` and etoolbox's ``\csdef``."""
    target = "\\" + x.expanded(x.read_argument()).strip()
    frame = x.next_frame()
    if frame is None:
        return
    if name == "\\@namedef" or name.startswith("\\cs"):
        adopt(x, target, Macro(without_comments(x.read_argument())))


def use_name(x: Expander, _name: str) -> None:
    r"""``\@nameuse{name}`` and ``\csuse{name}``."""
    run_named(x, "\\" + x.expanded(x.read_argument()).strip())


def csname(x: Expander, _name: str) -> None:
    r"""``\csname name\endcsname``."""
    run_named(x, x.read_csname())


def run_named(x: Expander, name: str) -> None:
    r"""Act on a control sequence that was spelled out; an undefined one is ``\relax``."""
    action = x.table.get(name)
    if isinstance(action, Mark):
        x.mark(action.name)
    elif action is not None:
        x.act(name, action)
    elif name[1:].isalpha():
        x.emit(name + " ")


def start_section(x: Expander, _name: str) -> None:
    r"""``\@startsection{name}{level}{indent}{before}{after}{style}``: a heading of that level."""
    x.read_argument()
    level = x.expanded(x.read_argument()).strip()
    for _ in range(4):
        x.read_argument()
    number = int(level) if level.isascii() and level.isdigit() and len(level) < 3 else 1
    x.mark(HEADING_OF_LEVEL.get(number, "\\subparagraph"))


def heading_font(x: Expander, _name: str) -> None:
    r"""Sectsty's ``\sectionfont{...}``."""
    x.read_argument()


def new_operator(x: Expander, name: str) -> None:
    r"""``\DeclareMathOperator{\name}{text}``: mathematics, left in place where it is used."""
    x.read_star()
    x.read_name()
    for _ in range(2 if "Delimiter" in name else 1):
        x.read_argument()


def title_format(x: Expander, _name: str) -> None:
    r"""Titlesec's ``\titleformat``, starred or not."""
    if x.read_star():
        x.read_name()
        x.read_argument()
        return
    x.read_name()
    x.read_optional()
    for _ in range(4):
        x.read_argument()
    x.read_optional()


def title_spacing(x: Expander, _name: str) -> None:
    r"""Titlesec's ``\titlespacing``."""
    x.read_star()
    x.read_name()
    for _ in range(3):
        x.read_argument()
    x.read_optional()


def patch(x: Expander, name: str) -> None:
    r"""Etoolbox's ``\patchcmd``, ``\apptocmd`` and ``\pretocmd``."""
    x.read_optional()
    x.read_name()
    for _ in range(4 if name in ("\\patchcmd", "\\xpatchcmd") else 3):
        x.read_argument()


def new_theorem(x: Expander, _name: str) -> None:
    r"""``\newtheorem{name}[counter]{Title}[within]``."""
    x.read_star()
    x.read_argument()
    x.read_optional()
    x.read_argument()
    x.read_optional()


def make_global(x: Expander, _name: str) -> None:
    r"""``\global`` before an assignment."""
    x.prefix_global = True


def pass_over(_x: Expander, _name: str) -> None:
    r"""A command that means nothing in a flat text, such as ``\relax``."""


def hook(x: Expander, name: str) -> None:
    r"""``\AtBeginDocument{...}`` and ``\AtEndDocument{...}``: read there, not here."""
    text = x.read_argument()
    if not any(is_style(frame.name) for frame in x.stack):
        x.hooks.setdefault(name, []).append(text)


def x_space(x: Expander, _name: str) -> None:
    r"""``\xspace``: a space unless punctuation or one follows."""
    x.stack[-1].pass_blanks()
    pos = len(x.stack) - 1
    while pos >= x.floor:
        frame = x.stack[pos]
        rest = frame.text[frame.pos : frame.pos + 1]
        if rest:
            if rest not in " \n\t.,;:!?/')}]-~\\{%_^$":
                x.emit(" ")
            elif rest == "\\" and CONTROL.match(frame.text, frame.pos):
                x.emit(" " if frame.text[frame.pos + 1 : frame.pos + 2].isalpha() else "")
            return
        pos -= 1
