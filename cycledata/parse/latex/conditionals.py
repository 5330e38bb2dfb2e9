r"""Conditionals: TeX's own, ``\newif`` switches, and those of ifthen and etoolbox.

What TeX would decide is decided; what depends on typesetting (``\ifdim``, ``\ifhmode``) or on a
switch that is never set is taken for false, with a warning.
"""

import re
from collections.abc import Callable

from cycledata.parse.latex.actions import SavedCommand
from cycledata.parse.latex.expand import Expander
from cycledata.parse.latex.input_stack import is_style
from cycledata.parse.latex.known_commands import words
from cycledata.parse.latex.number_expressions import number_expression
from cycledata.parse.latex.tokens import CONTROL

_SKIP = re.compile(r"\\(?:(if[A-Za-z@]*+|else|fi|or|repeat)(?![A-Za-z@])|[%\\])|%[^\n]*+")
_NUMBER = re.compile(r"\s*+([+-]?\s*+\d{1,9})\s?")
_LENGTH = re.compile(r"\s*+([+-]?\d{0,6}\.?\d{0,6})\s*+(?:true)?(pt|in|cm|mm|em|ex|bp|pc|sp)\s?")
_POINTS = {"pt": 1.0, "in": 72.27, "cm": 28.45, "mm": 2.845, "em": 10.0, "ex": 4.3, "bp": 1.00375,
           "pc": 12.0, "sp": 1 / 65536}  # fmt: skip
_RELATION = re.compile(r"\s*+([<>=])")

PRIMITIVES = words(
    "if@twocolumn if@twoside if@titlepage if@openright if@mainmatter if@filesw if@tempswa "
    "if ifcat ifx ifnum ifdim ifodd ifvmode ifhmode ifmmode ifinner ifvoid ifhbox ifvbox ifeof "
    "iftrue iffalse ifcase ifdefined ifcsname iffontchar ifincsname ifpdf ifxetex ifluatex "
    "ifPDFTeX ifpdftex ifXeTeX ifLuaTeX ifptex ifvtex ifTUTeX ifCLASSOPTIONcompsoc "
    "ifCLASSOPTIONconference ifCLASSOPTIONcaptionsoff ifCLASSOPTIONpeerreview "
    "ifCLASSOPTIONpeerreviewca ifCLASSOPTIONjournal ifCLASSOPTIONtechnote ifCLASSOPTIONtransmag "
    "ifCLASSOPTIONcomsoc ifCLASSOPTIONcompsocconf ifCLASSOPTIONdraftcls "
    "ifCLASSOPTIONdraftclsnofoot "
    "ifCLASSOPTIONonecolumn ifCLASSOPTIONtwocolumn ifCLASSOPTIONoneside ifCLASSOPTIONtwoside "
    "ifCLASSOPTIONromanappendices ifCLASSINFOpdf ificcvfinal ifcvprfinal ifeccvfinal ifwacvfinal "
    "ifaclfinal ificlrfinal"
)
r"""Conditionals that end in ``\fi`` without a ``\newif`` in sight."""
_TRUE = frozenset({"ifpdf", "ifPDFTeX", "ifpdftex", "iftrue", "ifCLASSINFOpdf"})
_DEFINED = words(
    "\\pdfoutput \\pdftexversion \\eTeXversion \\relax \\par \\section \\subsection \\year "
    "\\month \\day \\documentclass \\begin \\end \\textbf \\emph"
)
"""Names that LaTeX under pdfTeX defines and authors ask for."""


def is_conditional(expander: Expander, word: str) -> bool:
    r"""Return whether a control word (no backslash) opens a conditional that ends in ``\fi``."""
    return word in PRIMITIVES or "\\" + word in expander.definitions.conditionals


def skip_branch(expander: Expander, *, to_else: bool) -> str:
    r"""Skip to the matching ``\else`` (where asked for), ``\or`` or ``\fi`` and pass it.

    Returns:
        The word that ended it; ``""`` where none does, and then nothing was skipped. ``\repeat``
        counts as ``\fi``, which is what plain TeX lets it be.
    """
    depth = 0
    for level in range(len(expander.input.frames) - 1, expander.input.floor - 1, -1):
        frame = expander.input.frames[level]
        for match in _SKIP.finditer(frame.text, frame.pos):
            word = match[1]
            if word is None:
                continue
            if word in ("fi", "repeat"):
                if depth == 0:
                    leave_above(expander, level, match.end())
                    return "fi"
                depth -= 1
            elif word in ("else", "or"):
                if depth == 0 and to_else:
                    leave_above(expander, level, match.end())
                    return word
            elif is_conditional(expander, word):
                depth += 1
        expander.work.spend(len(frame.text) - frame.pos >> 2)
        if is_style(frame.name):
            break
    expander.work.warn(
        "unclosed-conditional",
        f"no \\fi for a conditional in {expander.input.frames[-1].name or 'a macro'}",
    )
    return ""


def leave_above(expander: Expander, level: int, pos: int) -> None:
    """Go on at ``pos`` of the frame at this level of the stack."""
    while len(expander.input.frames) > level + 1:
        expander.input.pop()
    expander.input.frames[level].pos = pos


def branch(expander: Expander, *, value: bool) -> None:
    """Enter the branch that a decided conditional takes."""
    if value:
        expander.conditions.append("then")
        return
    while True:
        found = skip_branch(expander, to_else=True)
        if found in ("fi", ""):
            return
        if found == "else":
            expander.conditions.append("else")
            return


def conditional(expander: Expander, name: str) -> None:
    r"""Decide a primitive or ``\newif`` conditional and enter a branch."""
    value = decide(expander, name[1:])
    branch(expander, value=value != expander.negate_next)
    expander.negate_next = False


def unless(expander: Expander, _name: str) -> None:
    r"""e-TeX's ``\unless`` before a conditional."""
    expander.negate_next = True


def decide(expander: Expander, word: str) -> bool:
    """Return the value of a conditional whose name has just been read."""
    if word == "ifx":
        return same_meaning(expander)
    if word in ("if", "ifcat"):
        return same_character(expander, by_kind=word == "ifcat")
    if word in ("ifnum", "ifdim"):
        return compare(expander, read_length if word == "ifdim" else read_number)
    if word == "ifodd":
        number = read_number(expander)
        return number is not None and number % 2 == 1
    if word == "ifdefined":
        return is_defined(expander, expander.read_name())
    if word == "ifcsname":
        return is_defined(expander, expander.read_csname())
    value = expander.definitions.values.get("if:" + word[2:])
    if value is not None:
        return value == "true"
    if word in ("ifvoid", "ifhbox", "ifvbox", "ifeof"):
        expander.input.read_argument()
    if word.startswith("ifCLASSOPTION"):
        return word[13:] in expander.styles.class_options
    return word in _TRUE


def is_defined(expander: Expander, name: str) -> bool:
    """Return whether a control sequence has a meaning here."""
    return (
        name in expander.definitions.macros
        or name in _DEFINED
        or (name in expander.definitions.actions and name not in expander.definitions.forgotten)
    )


def read_token(expander: Expander, *, expand: bool) -> str:
    """Return the next token: a control sequence or one character, ``""`` at the end."""
    for _ in range(50):
        if not expander.input.frames:
            return ""
        frame = expander.input.frames[-1]
        if frame.pos >= len(frame.text):
            if len(expander.input.frames) == expander.input.floor + 1:
                return ""
            expander.input.pop()
            continue
        char = frame.text[frame.pos]
        if char == "%":
            if expander.input.next_frame() is None:
                return ""
            continue
        if char != "\\":
            frame.pos += 1
            return char
        match = CONTROL.match(frame.text, frame.pos)
        if match is None:
            return ""
        frame.pos = match.end()
        while (
            frame.pos < len(frame.text) and match[0][1:].isalpha() and frame.text[frame.pos] == " "
        ):
            frame.pos += 1
        name = match[0]
        if name == "\\csname":
            name = expander.read_csname()
            if not is_defined(expander, name):
                return "\\relax"
        if name in ("\\expandafter", "\\noexpand", "\\string"):
            continue
        if name == "\\detokenize":
            expander.input.push(expander.input.read_argument())
            return read_token(expander, expand=False)
        macro = expander.definitions.macros.get(name)
        if expand and macro is not None and not macro.n_args and len(macro.body) < 500:
            expander.input.push(macro.body)
            continue
        return name
    return ""


def same_meaning(expander: Expander) -> bool:
    r"""``\ifx``: two tokens with one meaning."""
    first, second = read_token(expander, expand=False), read_token(expander, expand=False)
    if first == second:
        return True
    one, two = meaning(expander, first), meaning(expander, second)
    return one is not None and one == two


def meaning(expander: Expander, token: str) -> str | None:
    """Return what a token means, as text that is equal for equal meanings."""
    if not token.startswith("\\") or len(token) < 2:
        return "char:" + token
    if token in ("\\@empty", "\\empty"):
        return "macro:"
    action = expander.definitions.actions.get(token)
    if isinstance(action, SavedCommand) and len(action.name) == 1:
        return "char:" + action.name
    macro = expander.definitions.macros.get(token)
    if macro is not None:
        return f"{'long ' * macro.long}macro{macro.n_args or ''}:{macro.body}"
    if is_defined(expander, token):
        return "command:" + token
    return "undefined"


def same_character(expander: Expander, *, by_kind: bool) -> bool:
    r"""``\if``: two characters after expansion; a control sequence equals any other."""
    first, second = read_token(expander, expand=True), read_token(expander, expand=True)
    if len(first) > 1 and len(second) > 1:
        return True
    if by_kind:
        return (len(first) > 1) == (len(second) > 1) and first.isalpha() == second.isalpha()
    return first == second


def read_number(expander: Expander) -> int | None:
    """Return a number as TeX reads it, or None if it is unknown."""
    for _ in range(20):
        frame = expander.input.next_frame()
        if frame is None:
            return None
        match = _NUMBER.match(frame.text, frame.pos)
        if match:
            frame.pos = match.end()
            return int(match[1].replace(" ", ""))
        if frame.text[frame.pos] != "\\":
            return None
        name = read_token(expander, expand=False)
        if name in ("\\pdfstrcmp", "\\pdf@strcmp", "\\strcmp"):
            first = expander.expanded(expander.input.read_argument())
            second = expander.expanded(expander.input.read_argument())
            return (first > second) - (first < second)
        if name == "\\value":
            return int(
                expander.definitions.values.get(
                    "counter:" + expander.input.read_argument().strip(), "0"
                )
            )
        if name == "\\numexpr":
            return number_expression(expander.input, lambda: read_number(expander))
        if name in ("\\the", "\\number", "\\arabic"):
            continue
        macro = expander.definitions.macros.get(name)
        if macro is not None and not macro.n_args:
            expander.input.push(macro.body)
            continue
        known = {
            "\\pdfoutput": 1,
            "\\z@": 0,
            "\\@ne": 1,
            "\\tw@": 2,
            "\\m@ne": -1,
            "\\pdftexversion": 140,
        }
        if name in known:
            return known[name]
        name = name.removeprefix("\\the") if name.startswith("\\the") else name
        counter = expander.definitions.values.get(
            "counter:" + name
        ) or expander.definitions.values.get(
            "counter:" + name.removeprefix("\\c@"),
            expander.definitions.values.get("counter:" + name),
        )
        return int(counter) if counter is not None else None
    return None


def read_length(expander: Expander) -> float | None:
    """Return a length in points, or None if only typesetting can know it."""
    frame = expander.input.next_frame()
    match = _LENGTH.match(frame.text, frame.pos) if frame else None
    if frame is None or match is None or not match[1].strip("+-."):
        read_token(expander, expand=False)
        return None
    frame.pos = match.end()
    return float(match[1]) * _POINTS[match[2]]


def compare(expander: Expander, read: Callable[[Expander], float | None]) -> bool:
    r"""``\ifnum`` and ``\ifdim``: two quantities and a relation."""
    first = read(expander)
    frame = expander.input.next_frame()
    match = _RELATION.match(frame.text, frame.pos) if frame else None
    if frame is None or match is None:
        return False
    frame.pos = match.end()
    second = read(expander)
    if first is None or second is None:
        expander.work.warn(
            "undecided-conditional", "a quantity that only typesetting knows; taken for false"
        )
        return False
    return {"<": first < second, ">": first > second, "=": first == second}[match[1]]


def if_case(expander: Expander, _name: str) -> None:
    r"""``\ifcase n ... \or ... \else ... \fi``."""
    number = read_number(expander) or 0
    while number > 0:
        found = skip_branch(expander, to_else=True)
        if found in ("fi", ""):
            return
        if found == "else":
            expander.conditions.append("else")
            return
        number -= 1
    expander.conditions.append("case")


def else_or(expander: Expander, _name: str) -> None:
    r"""``\else`` or ``\or`` at the end of the branch that was taken: skip the rest."""
    if expander.conditions:
        skip_branch(expander, to_else=False)
        expander.conditions.pop()


def end_if(expander: Expander, _name: str) -> None:
    r"""``\fi``."""
    if expander.conditions:
        expander.conditions.pop()


def newif(expander: Expander, _name: str) -> None:
    r"""``\newif\ifdraft``: a switch with ``\drafttrue`` and ``\draftfalse``."""
    name = expander.read_name()
    if not name.startswith("\\if"):
        return
    stem = name[3:]
    expander.definitions.conditionals.add(name)
    expander.definitions.set_value("if:" + stem, "false")
    expander.definitions.actions[name] = conditional
    expander.definitions.actions["\\" + stem + "true"] = switch
    expander.definitions.actions["\\" + stem + "false"] = switch


def switch(expander: Expander, name: str) -> None:
    r"""``\drafttrue`` or ``\draftfalse``."""
    value = "true" if name.endswith("true") else "false"
    expander.definitions.set_value("if:" + name[1 : -len(value)], value)
