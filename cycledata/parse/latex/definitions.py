r"""Control sequences that give others a meaning: ``\newcommand``, ``\def``, ``\let`` and their kin.

A definition leaves the flat text. Those of style files are taken too, but may not replace a command
that this package knows (``\title``, ``\cite``) unless they end in the old one, saved by ``\let``:
a venue's style lays out what we read by name.
"""

import re

from cycledata.formats.braces import group_end
from cycledata.parse.latex.actions import Action, MarkedCommand, SavedCommand
from cycledata.parse.latex.environments import begin_custom, end_custom, skip_environment
from cycledata.parse.latex.expand import Expander
from cycledata.parse.latex.known_commands import HEADING_OF_LEVEL, KNOWN_ENVIRONMENTS, WRAPPED
from cycledata.parse.latex.macros import Macro, names_in
from cycledata.parse.latex.tokens import CONTROL, skip_space, without_comments

_ANY_SPACE = re.compile(r"\s++")


def is_style(path: str) -> bool:
    """Whether a file holds a package or class."""
    return path.endswith((".sty", ".cls", ".clo", ".def", ".cfg"))


def in_style(expander: Expander) -> bool:
    """Whether the definition being read stands in a style file."""
    return any(is_style(frame.name) for frame in expander.input.frames[-3:])


def adopt(expander: Expander, name: str, macro: Macro) -> None:
    r"""Store a definition, unless it would hide a command that is read by name.

    An author's ``\renewcommand{\section}[2]{}`` around a bibliography hides its heading and is
    taken; ``\renewcommand{\section}{\@startsection...}`` only dresses it and is not.
    """
    if name in expander.definitions.base:
        inner = names_in(macro.body)
        marks = [
            (other, action.name)
            for other in inner
            if isinstance(action := expander.definitions.actions.get(other), MarkedCommand)
            and other != name
        ]
        saved = any(alias != canonical for alias, canonical in marks)
        purposeful = name in WRAPPED and (marks or not macro.body.strip())
        if not saved and (in_style(expander) or not purposeful):
            return
    expander.definitions.define(name, macro)


_NEWCOMMAND = re.compile(
    r"\s*+(\*?)\s*+(?:\{\s*+(\\[A-Za-z@]++)\s*+\}|(\\[A-Za-z@]++))\s*+(?:\[([1-9])\])?\s*+(?=\{)"
)
_DEF = re.compile(r"\s*+(\\(?:[A-Za-z@]++|.))((?:#[1-9])*+)(?=\{)")


def newcommand(expander: Expander, name: str) -> None:
    r"""``\newcommand*{\name}[n][default]{body}`` and its kin."""
    frame = expander.input.frames[-1]
    usual = _NEWCOMMAND.match(frame.text, frame.pos)
    default = None
    if usual:
        frame.pos = usual.end()
        starred = bool(usual[1])
        target, n_args = usual[2] or usual[3], int(usual[4] or 0)
    else:
        starred = expander.input.read_star()
        target = expander.read_name()
        n_args, default = read_signature(expander)
    body = without_comments(expander.input.read_argument())
    if name in ("\\newcommand", "\\providecommand") and target in expander.definitions.macros:
        return  # LaTeX stops at a second \newcommand and keeps the first
    if name == "\\providecommand" and target in expander.definitions.actions:
        return
    adopt(expander, target, Macro(body, n_args, default, long=not starred))


def read_signature(expander: Expander) -> tuple[int, str | None]:
    """``[n][default]``: how many arguments, and what the optional first one defaults to."""
    count = expander.input.read_optional()
    default = expander.input.read_optional() if count is not None else None
    digits = (count or "").strip()
    usual = digits.isascii() and digits.isdigit() and len(digits) == 1
    return int(digits) if usual else 0, default


def define(expander: Expander, name: str) -> None:
    r"""``\def\name#1.#2{body}``, ``\edef``, ``\gdef``, ``\xdef``."""
    frame = expander.input.frames[-1]
    usual = _DEF.match(frame.text, frame.pos)
    if usual and usual[1] != "\\csname":
        frame.pos = usual.end()
        target, pattern = usual[1], usual[2]
    else:
        target = expander.read_name()
        frame = expander.input.frames[-1]
        brace = frame.text.find("{", frame.pos, frame.pos + 400)
        if brace < 0 or not target:
            return
        pattern = _ANY_SPACE.sub("", without_comments(frame.text[frame.pos : brace]))
        frame.pos = brace
    body = without_comments(expander.input.read_argument())
    if name in ("\\edef", "\\xdef") and len(body) < 2_000 and "#" not in body:
        body = expander.expanded(body)
    expander.definitions.next_is_global = expander.definitions.next_is_global or name in (
        "\\gdef",
        "\\xdef",
    )
    n_args = pattern.count("#")
    plain = pattern == "#1#2#3#4#5#6#7#8#9"[: 2 * n_args]
    adopt(expander, target, Macro(body, n_args, pattern=None if plain else pattern))


def let(expander: Expander, _name: str) -> None:
    r"""``\let\new=\old``: the new name takes what the old one means now."""
    target = expander.read_name()
    frame = expander.input.next_frame()
    if frame is None or not target:
        return
    if frame.text[frame.pos] == "=":
        frame.pos += 1
        frame = expander.input.next_frame()
        if frame is None:
            return
    if frame.text[frame.pos] != "\\":
        expander.definitions.define(target, Macro(frame.text[frame.pos]))
        frame.pos += 1
        return
    source = expander.read_name()
    assign(expander, target, source)


def future_let(expander: Expander, _name: str) -> None:
    r"""``\futurelet\next\act c``: ``\next`` takes what ``c`` means, then ``\act`` acts on it."""
    target, actor = expander.read_name(), expander.read_name()
    frame = expander.input.next_frame(inline=True)
    if frame is not None and target:
        source = CONTROL.match(frame.text, frame.pos)
        if source is None:
            char = frame.text[frame.pos]
            expander.definitions.define(target, Macro(char), SavedCommand(char))
        else:
            assign(expander, target, source[0])
    expander.input.push(actor)


def assign(expander: Expander, target: str, source: str) -> None:
    """Give ``target`` the present meaning of ``source``."""
    if not target or not source or target == source:
        return
    if target in expander.definitions.base and in_style(expander):
        return
    meaning: Action | None = expander.definitions.actions.get(source)
    macro = expander.definitions.macros.get(source)
    if source in ("\\undefined", "\\@undefined"):
        expander.definitions.forget(target)
    elif source in ("\\relax", "\\@empty", "\\empty", "\\@gobble", "\\@firstofone"):
        bodies = {"\\@gobble": ("", 1), "\\@firstofone": ("#1", 1)}
        expander.definitions.define(target, Macro(*bodies.get(source, ("", 0))))
    elif source in ("\\iftrue", "\\iffalse"):
        expander.definitions.conditionals.add(target)
        expander.definitions.set_value("if:" + target[3:], source[3:])
        expander.definitions.actions[target] = expander.definitions.actions[source]
    elif meaning is None:
        expander.definitions.define(target, macro or Macro(source), macro or SavedCommand(source))
    else:
        expander.definitions.define(target, macro or Macro(source), meaning)


def newenvironment(expander: Expander, _name: str) -> None:
    r"""``\newenvironment{name}[n][default]{begin}{end}``."""
    expander.input.read_star()
    target = expander.input.read_argument().strip()
    n_args, default = read_signature(expander)
    begin = without_comments(expander.input.read_argument())
    end = without_comments(expander.input.read_argument())
    add_environment(expander, target, Macro(begin, n_args, default), end)


def add_environment(expander: Expander, target: str, begin: Macro, end: str) -> None:
    """Store a user's environment, unless it dresses one that is read by name."""
    if not target or target in KNOWN_ENVIRONMENTS:
        return
    if "\\comment" in names_in(begin.body):
        expander.definitions.define(f"\\begin{{{target}}}", Macro(""), skip_environment)
        return
    expander.definitions.define(f"\\begin{{{target}}}", begin, begin_custom)
    expander.definitions.define(f"\\end{{{target}}}", Macro(end), end_custom)


def new_document_command(expander: Expander, name: str) -> None:
    r"""``\NewDocumentCommand{\name}{o m}{body}`` and its kin."""
    target = expander.read_name()
    kinds = xparse_kinds(expander.input.read_argument())
    body = without_comments(expander.input.read_argument())
    if name == "\\ProvideDocumentCommand" and (
        target in expander.definitions.actions or target in expander.definitions.macros
    ):
        return
    adopt(expander, target, Macro(body, spec=kinds))


def new_document_environment(expander: Expander, _name: str) -> None:
    r"""``\NewDocumentEnvironment{name}{o m}{begin}{end}``."""
    target = expander.input.read_argument().strip()
    kinds = xparse_kinds(expander.input.read_argument())
    begin = without_comments(expander.input.read_argument())
    end = without_comments(expander.input.read_argument())
    add_environment(expander, target, Macro(begin, spec=kinds), end)


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
            end = group_end(spec, at, comments=True)
            if end < 0:
                break
            kinds.append(letter + spec[at + 1 : end - 1])
            pos = end
        elif letter in "mosv":
            kinds.append(letter)
    return tuple(kinds)


def new_environ(expander: Expander, _name: str) -> None:
    r"""``\NewEnviron{name}[n]{body with \BODY}``: contents vanish unless ``\BODY`` is used."""
    target = expander.input.read_argument().strip()
    expander.input.read_optional()
    expander.input.read_optional()
    body = expander.input.read_argument()
    after = expander.input.read_optional()
    if "\\BODY" not in body + (after or ""):
        expander.definitions.define(f"\\begin{{{target}}}", Macro(""), skip_environment)


def name_definition(expander: Expander, name: str) -> None:
    r"""``\@namedef{name}{body}`` and etoolbox's ``\csdef``."""
    target = "\\" + expander.expanded(expander.input.read_argument()).strip()
    frame = expander.input.next_frame()
    if frame is None:
        return
    if name == "\\@namedef" or name.startswith("\\cs"):
        adopt(expander, target, Macro(without_comments(expander.input.read_argument())))


def use_name(expander: Expander, _name: str) -> None:
    r"""``\@nameuse{name}`` and ``\csuse{name}``."""
    run_named(expander, "\\" + expander.expanded(expander.input.read_argument()).strip())


def csname(expander: Expander, _name: str) -> None:
    r"""``\csname name\endcsname``."""
    run_named(expander, expander.read_csname())


def run_named(expander: Expander, name: str) -> None:
    r"""Act on a control sequence that was spelled out; an undefined one is ``\relax``."""
    action = expander.definitions.actions.get(name)
    if isinstance(action, MarkedCommand):
        expander.mark(action.name)
    elif action is not None:
        expander.act(name, action)
    elif name[1:].isalpha():
        expander.emit(name + " ")


def start_section(expander: Expander, _name: str) -> None:
    r"""``\@startsection{name}{level}{indent}{before}{after}{style}``: a heading of that level."""
    expander.input.read_argument()
    level = expander.expanded(expander.input.read_argument()).strip()
    for _ in range(4):
        expander.input.read_argument()
    number = int(level) if level.isascii() and level.isdigit() and len(level) < 3 else 1
    expander.mark(HEADING_OF_LEVEL.get(number, "\\subparagraph"))


def heading_font(expander: Expander, _name: str) -> None:
    r"""Sectsty's ``\sectionfont{...}``."""
    expander.input.read_argument()


def new_operator(expander: Expander, name: str) -> None:
    r"""``\DeclareMathOperator{\name}{text}``: mathematics, left in place where it is used."""
    expander.input.read_star()
    expander.read_name()
    for _ in range(2 if "Delimiter" in name else 1):
        expander.input.read_argument()


def title_format(expander: Expander, _name: str) -> None:
    r"""Titlesec's ``\titleformat``, starred or not."""
    if expander.input.read_star():
        expander.read_name()
        expander.input.read_argument()
        return
    expander.read_name()
    expander.input.read_optional()
    for _ in range(4):
        expander.input.read_argument()
    expander.input.read_optional()


def title_spacing(expander: Expander, _name: str) -> None:
    r"""Titlesec's ``\titlespacing``."""
    expander.input.read_star()
    expander.read_name()
    for _ in range(3):
        expander.input.read_argument()
    expander.input.read_optional()


def patch(expander: Expander, name: str) -> None:
    r"""Etoolbox's ``\patchcmd``, ``\apptocmd`` and ``\pretocmd``."""
    expander.input.read_optional()
    expander.read_name()
    for _ in range(4 if name in ("\\patchcmd", "\\xpatchcmd") else 3):
        expander.input.read_argument()


def new_theorem(expander: Expander, _name: str) -> None:
    r"""``\newtheorem{name}[counter]{Title}[within]``."""
    expander.input.read_star()
    expander.input.read_argument()
    expander.input.read_optional()
    expander.input.read_argument()
    expander.input.read_optional()


def make_global(expander: Expander, _name: str) -> None:
    r"""``\global`` before an assignment."""
    expander.definitions.next_is_global = True


def pass_over(_expander: Expander, _name: str) -> None:
    r"""A command that means nothing in a flat text, such as ``\relax``."""


def hook(expander: Expander, name: str) -> None:
    r"""``\AtBeginDocument{...}`` and ``\AtEndDocument{...}``: read there, not here."""
    text = expander.input.read_argument()
    if not any(is_style(frame.name) for frame in expander.input.frames):
        expander.styles.hooks.setdefault(name, []).append(text)


def x_space(expander: Expander, _name: str) -> None:
    r"""``\xspace``: a space unless punctuation or one follows."""
    expander.input.frames[-1].pass_blanks()
    pos = len(expander.input.frames) - 1
    while pos >= expander.input.floor:
        frame = expander.input.frames[pos]
        rest = frame.text[frame.pos : frame.pos + 1]
        if rest:
            if rest not in " \n\t.,;:!?/')}]-~\\{%_^$":
                expander.emit(" ")
            elif rest == "\\" and CONTROL.match(frame.text, frame.pos):
                expander.emit(" " if frame.text[frame.pos + 1 : frame.pos + 2].isalpha() else "")
            return
        pos -= 1
