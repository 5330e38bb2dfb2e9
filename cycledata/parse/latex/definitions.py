r"""Control sequences that give others a meaning: ``\newcommand``, ``\def`` and the like.

A definition leaves the flat text. Those of style files are taken too, but may not replace a command
that this package knows (``\title``, ``\cite``) unless they end in the old one, saved by ``\let``:
a venue's style lays out what we read by name.
"""

import re

from cycledata.parse.latex.actions import MarkedCommand
from cycledata.parse.latex.argument_kinds import argument_kinds, xargs_kinds
from cycledata.parse.latex.author_notes import is_note_environment
from cycledata.parse.latex.definition_table import DefinitionTable
from cycledata.parse.latex.environments import begin_custom, end_custom
from cycledata.parse.latex.expand import Expander
from cycledata.parse.latex.known_commands import (
    DRESSED_ENVIRONMENTS,
    FRONT_MATTER,
    HEADING_OF_LEVEL,
    KNOWN_ENVIRONMENTS,
    VALUE_NAMES,
    WRAPPED,
    words,
)
from cycledata.parse.latex.macros import Macro, names_in
from cycledata.parse.latex.tokens import needs_space, without_comments
from cycledata.parse.latex.verbatim import define_verbatim, skip_environment

MAX_LIST = 5_000
"""Characters of a list that the paper builds."""
_BLANK_LINE = re.compile(r"[ \t]*+(?:%[^\n]*+)?\n[ \t]*+\n")
_ANY_SPACE = re.compile(r"\s++")


def adopt(expander: Expander, name: str, macro: Macro) -> None:
    r"""Store a definition, unless it would hide a command that is read by name.

    An author's ``\renewcommand{\section}[2]{}`` around a bibliography hides its heading and is
    taken; ``\renewcommand{\section}{\@startsection...}`` only dresses it and is not.
    """
    styled = macro.from_style = expander.input.frames[-1].in_style
    if macro.body and not macro.body.strip("{} "):  # \newcommand{\cut}[1]{{}}
        macro.body = ""
    definitions = expander.definitions
    if name not in definitions.base or _may_replace(definitions, name, macro, styled=styled):
        definitions.define(name, macro)


def _may_replace(definitions: DefinitionTable, name: str, macro: Macro, *, styled: bool) -> bool:
    """Return whether a definition may hide a command that is read by name."""
    if _is_own(name, macro) and (not styled or _refers(macro)):
        return True
    marks = [
        (other, action.name)
        for other in names_in(macro.body)
        if isinstance(action := definitions.actions.get(other), MarkedCommand) and other != name
    ]
    if any(alias != canonical for alias, canonical in marks):
        return True
    return not styled and name in WRAPPED and bool(marks or not macro.body.strip())


def _is_own(name: str, macro: Macro) -> bool:
    """Return whether a paper may give a name that this package knows a meaning of its own."""
    if name in _KEYWORDS and "keyword" in macro.body.lower():
        return False
    is_value = name in VALUE_NAMES and not macro.takes_arguments and bool(macro.body.strip())
    return name in FRONT_MATTER or is_value


_KEYWORDS = words("\\keywords \\keyword")


def _refers(macro: Macro) -> bool:
    r"""Return whether a style's macro is a reference: ``\\corref`` to a corollary."""
    return "@" not in macro.body and not names_in(macro.body).isdisjoint(_REFERENCES)


_REFERENCES = words("\\ref \\autoref \\cref \\Cref \\hyperref \\nameref")
_NEWCOMMAND = re.compile(
    r"\s*+(\*?)\s*+(?:\{\s*+(\\[A-Za-z@]++)\s*+\}|(\\[A-Za-z@]++))\s*+(?:\[([1-9])\])?\s*+(?=\{)"
)
_DEF = re.compile(r"\s*+(\\(?:[A-Za-z@]++|.))((?:#[1-9])*+)(?=\{)")


def newcommand(expander: Expander, name: str) -> None:
    r"""``\newcommand*{\name}[n][default]{body}`` and similar commands."""
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
    body = expander.input.read_body()
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
        define_name(expander, usual[1], usual[2], name)
        return
    target = expander.read_name()
    pattern = read_pattern(expander)
    if target and pattern is not None:
        define_name(expander, target, pattern, name)


def read_pattern(expander: Expander) -> str | None:
    """Read the parameter text before a body; return None if no body follows."""
    frame = expander.input.next_frame()
    if frame is None:
        return None
    brace = frame.text.find("{", frame.pos, frame.pos + 400)
    if brace < 0:
        return None
    pattern = _ANY_SPACE.sub("", without_comments(frame.text[frame.pos : brace]))
    frame.pos = brace
    return pattern


def define_name(expander: Expander, target: str, pattern: str, name: str) -> None:
    r"""Read a body and give it to ``target``; ``name`` says as which of ``\def``'s variants."""
    body = expander.input.read_body()
    if target == "\\input@path":
        expander.input.search_folders = _FOLDER.findall(body)[:20]
        return
    if name in _EXPANDED and len(body) < 2_000 and "#" not in body:
        body = expander.expanded(body)
    if name in _GLOBAL:
        expander.definitions.next_is_global = True
    if not pattern:
        adopt(expander, target, Macro(body))
        return
    n_args = pattern.count("#")
    plain = pattern == "#1#2#3#4#5#6#7#8#9"[: 2 * n_args]
    adopt(expander, target, Macro(body, n_args, None, None if plain else pattern))


_EXPANDED = words("\\edef \\xdef \\csedef \\csxdef \\protected@edef \\protected@xdef")
_GLOBAL = words("\\gdef \\xdef \\csgdef \\csxdef")
_FOLDER = re.compile(r"\{([^{}]{0,200})\}")


def newenvironment(expander: Expander, _name: str) -> None:
    r"""``\newenvironment{name}[n][default]{begin}{end}``."""
    expander.input.read_star()
    target = expander.input.read_argument().strip()
    n_args, default = read_signature(expander)
    begin = without_comments(expander.input.read_argument())
    frame = expander.input.frames[-1]
    is_cut_off = _BLANK_LINE.match(frame.text, frame.pos) is not None  # TeX takes the \par
    end = "" if is_cut_off else without_comments(expander.input.read_argument())
    add_environment(expander, target, Macro(begin, n_args, default), end)


_OPENS_VERBATIM = words(
    "\\verbatim \\Verbatim \\BVerbatim \\lstlisting \\minted \\alltt \\VerbatimEnvironment "
    "\\boxedverbatim \\tcblisting \\spverbatim"
)
"""Commands that open a text which TeX does not read as commands, in an environment's own code."""


def add_environment(expander: Expander, target: str, begin: Macro, end: str) -> None:
    """Store a user's environment, unless it dresses one that is read by name."""
    styled = expander.input.frames[-1].in_style
    if not target or target in KNOWN_ENVIRONMENTS or (styled and target in DRESSED_ENVIRONMENTS):
        return
    names = names_in(begin.body)
    if "\\comment" in names or is_note_environment(target, begin.body):
        expander.definitions.define(f"\\begin{{{target}}}", Macro(""), skip_environment)
        return
    if not names.isdisjoint(_OPENS_VERBATIM):
        define_verbatim(expander, target)
        return
    begin.from_style = styled
    expander.definitions.define(f"\\begin{{{target}}}", begin, begin_custom)
    expander.definitions.define(f"\\end{{{target}}}", Macro(end), end_custom)


def new_document_command(expander: Expander, name: str) -> None:
    r"""``\NewDocumentCommand{\name}{o m}{body}`` and similar commands."""
    target = expander.read_name()
    kinds = argument_kinds(expander.input.read_argument())
    body = without_comments(expander.input.read_argument())
    if name == "\\ProvideDocumentCommand" and (
        target in expander.definitions.actions or target in expander.definitions.macros
    ):
        return
    adopt(expander, target, Macro(body, spec=kinds))


def new_document_environment(expander: Expander, _name: str) -> None:
    r"""``\NewDocumentEnvironment{name}{o m}{begin}{end}``."""
    target = expander.input.read_argument().strip()
    kinds = argument_kinds(expander.input.read_argument())
    begin = without_comments(expander.input.read_argument())
    end = without_comments(expander.input.read_argument())
    add_environment(expander, target, Macro(begin, spec=kinds), end)


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
    r"""``\@namedef{name}#1{body}`` and etoolbox's ``\csdef`` and its variants."""
    target = "\\" + expander.expanded(expander.input.read_argument()).strip()
    pattern = read_pattern(expander)
    if pattern is not None:
        define_name(expander, target, pattern, name)


def new_command_x(expander: Expander, name: str) -> None:
    r"""Define a macro of the package xargs: ``\newcommandx{\name}[2][1=x,2=y]{body}``."""
    expander.input.read_star()
    target = expander.read_name()
    count = expander.input.read_optional()
    defaults = expander.input.read_optional()
    body = without_comments(expander.input.read_argument())
    if name == "\\newcommandx" and target in expander.definitions.macros:
        return
    adopt(expander, target, Macro(body, spec=xargs_kinds(count, defaults)))


def list_add(expander: Expander, name: str) -> None:
    r"""Etoolbox's ``\\listadd{\\list}{item}`` and its variants."""
    if "cs" in name:
        target = "\\" + expander.expanded(expander.input.read_argument()).strip()
    else:
        target = expander.read_name()
    item = expander.input.read_argument()
    old = expander.definitions.macros.get(target)
    if target and (old is None or len(old.body) < MAX_LIST):
        expander.work.spend(len(old.body) if old else 0)
        expander.definitions.define(target, Macro(f"{old.body if old else ''}{item}|"))


def add_to(expander: Expander, _name: str) -> None:
    r"""``\g@addto@macro\name{text}`` and etoolbox's ``\appto``."""
    target = expander.read_name()
    added = expander.input.read_body()
    if target == "\\input@path":
        folders = [*expander.input.search_folders, *_FOLDER.findall(added)]
        expander.input.search_folders = folders[:20]
        return
    old = expander.definitions.macros.get(target)
    if old and not old.takes_arguments and not old.from_style and len(old.body) < MAX_LIST:
        expander.work.spend(len(old.body))
        expander.definitions.define(target, Macro(old.body + added))


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


def unwrap(expander: Expander, _name: str) -> None:
    r"""Print the argument: ``\IEEEraisesectionheading{\section{Introduction}}``."""
    expander.input.push(expander.input.read_argument())


def hyper_target(expander: Expander, _name: str) -> None:
    r"""Print the text of a target: ``\hypertarget{name}{\section{Introduction}}``."""
    expander.input.read_argument()
    expander.input.push(expander.input.read_argument())


def make_global(expander: Expander, _name: str) -> None:
    r"""``\global`` before an assignment."""
    expander.definitions.next_is_global = True


def pass_over(_expander: Expander, _name: str) -> None:
    r"""Skip a command that has no meaning in a flat text, such as ``\relax``."""


def hook(expander: Expander, name: str) -> None:
    r"""``\AtBeginDocument{...}`` and ``\AtEndDocument{...}``: read there, not here."""
    text = expander.input.read_argument()
    if not expander.input.frames[-1].in_style:
        expander.styles.hooks.setdefault(name, []).append(text)


def x_space(expander: Expander, _name: str) -> None:
    r"""``\xspace``: a space unless punctuation or one follows."""
    expander.input.frames[-1].pass_blanks()
    pos = len(expander.input.frames) - 1
    while pos >= expander.input.floor:
        frame = expander.input.frames[pos]
        if frame.pos < len(frame.text):
            if needs_space(frame.text, frame.pos):
                expander.emit(" ")
            return
        pos -= 1
