r"""Conditionals of packages, which take their branches as arguments instead of ending in ``\fi``.

ifthen, etoolbox, xparse, ifdraft, LaTeX's own internal ones, and the counters they ask about.
"""

import re

from cycledata.formats.braces import group_end
from cycledata.parse.latex.conditionals import (
    compare,
    conditional,
    is_defined,
    read_length,
    read_number,
)
from cycledata.parse.latex.expand import Expander
from cycledata.parse.latex.macros import Macro
from cycledata.parse.latex.tokens import CONTROL

_CONNECTIVE = re.compile(r"\\(?:(?:AND|and|OR|or|NOT|not)(?![A-Za-z])|[()])|\{")
MAX_TEST_DEPTH = 12
"""Parts within parts of an ifthen test."""


def choose(expander: Expander, *, value: bool) -> None:
    """Read a true and a false text and go on with one of them."""
    yes, no = expander.input.read_argument(), expander.input.read_argument()
    expander.input.push(yes if value else no)


def if_then_else(expander: Expander, _name: str) -> None:
    r"""Ifthen's ``\ifthenelse{test}{yes}{no}``."""
    choose(expander, value=evaluate(expander, expander.input.read_argument()))


def evaluate(expander: Expander, test: str) -> bool:
    r"""Return the value of an ifthen test: atoms joined by ``\AND``, ``\OR``, ``\NOT``."""
    return _joined_atoms(expander, test, 0, 0)[0]


def _joined_atoms(expander: Expander, test: str, pos: int, depth: int) -> tuple[bool, int]:
    r"""Return the value of a test from ``pos`` on and the position after it.

    Like ifthen, from left to right: ``\AND`` and ``\OR`` have one precedence.
    """
    value, both, negate = True, True, False
    while pos < len(test) and depth <= MAX_TEST_DEPTH:
        match = _next_connective(test, pos)
        end = match.start() if match else len(test)
        text = test[pos:end].strip()
        operand = atom(expander, text) if text else None
        pos = match.end() if match else len(test)
        word = match[0].lower() if match else ""
        if word == "\\(":
            operand, pos = _joined_atoms(expander, test, pos, depth + 1)
        if operand is not None:
            operand = operand != negate
            negate = False
            value = (value and operand) if both else (value or operand)
        if word == "\\not":
            negate = not negate
        elif word in ("\\and", "\\or"):
            both = word == "\\and"
        elif word == "\\)":
            break
    return value, pos


def _next_connective(test: str, pos: int) -> re.Match[str] | None:
    """Return the next connective outside braces."""
    while match := _CONNECTIVE.search(test, pos):
        if match[0] != "{":
            return match
        pos = max(group_end(test, match.start()), match.end())
    return None


def atom(expander: Expander, test: str) -> bool:
    """One ifthen test."""
    match = CONTROL.match(test)
    name = match[0] if match else None
    depth = len(expander.input.frames)
    frame = expander.input.push(test[match.end() :] if match and name else test)
    if frame is None:
        return False
    try:
        if name == "\\boolean":
            return (
                expander.definitions.values.get("if:" + expander.input.read_argument().strip())
                == "true"
            )
        if name == "\\equal":
            first, second = (
                expander.expanded(expander.input.read_argument()),
                expander.expanded(expander.input.read_argument()),
            )
            return first.strip() == second.strip()
        if name == "\\isundefined":
            return not is_defined(expander, expander.read_name())
        if name == "\\isodd":
            expander.input.push(expander.input.read_argument())
            return (read_number(expander) or 0) % 2 == 1
        if name == "\\lengthtest":
            expander.input.push(expander.input.read_argument())
            return compare(expander, read_length)
        frame.pos, frame.text, frame.comment = 0, test, -1
        return compare(expander, read_number)
    finally:
        del expander.input.frames[depth:]


def if_bool(expander: Expander, name: str) -> None:
    r"""Etoolbox's ``\ifbool``, ``\iftoggle`` and their negations."""
    flag = expander.input.read_argument().strip()
    if "toggle" in name and "if:" + flag not in expander.definitions.values:
        expander.work.warn("undecided-conditional", f"toggle {flag} is never set; taken for false")
    choose(
        expander,
        value=(expander.definitions.values.get("if:" + flag) == "true") != name.startswith("\\not"),
    )


def set_bool(expander: Expander, name: str) -> None:
    r"""``\toggletrue``, ``\boolfalse``, ``\setboolean{x}{true}``, ``\newtoggle`` and the like."""
    flag = expander.input.read_argument().strip()
    if name.startswith("\\set"):
        value = expander.input.read_argument().strip()
    else:
        value = "true" if name.endswith("true") else "false"
    if name.startswith(("\\new", "\\provide")):
        expander.definitions.conditionals.add("\\if" + flag)
        expander.definitions.actions.setdefault("\\if" + flag, conditional)
        expander.definitions.values.setdefault("if:" + flag, "false")
        return
    expander.definitions.set_value("if:" + flag, value)


def if_defined_text(expander: Expander, name: str) -> None:
    r"""``\@ifundefined``, ``\ifdef``, ``\ifundef``, ``\ifcsdef``, ``\ifcsundef``."""
    if name in ("\\ifdef", "\\ifundef"):
        target = expander.read_name()
    else:
        target = "\\" + expander.expanded(expander.input.read_argument()).strip()
    choose(expander, value=is_defined(expander, target) != ("undef" in name))


def if_text(expander: Expander, name: str) -> None:
    r"""Etoolbox's ``\ifstrempty``, ``\ifblank``, ``\ifstrequal``, ``\ifdefempty``, ``\ifempty``."""
    first = expander.input.read_argument()
    if first == "\\expandafter":
        first = expander.expanded(expander.input.read_argument())
    if name == "\\ifstrequal":
        choose(expander, value=first == expander.input.read_argument())
    elif name == "\\ifdefstrequal":
        second = expander.input.read_argument()
        choose(
            expander, value=expander.expanded(first).strip() == expander.expanded(second).strip()
        )
    elif name == "\\ifdefempty":
        choose(expander, value=not expander.expanded(first).strip())
    else:
        choose(expander, value=not first.strip())


def if_no_value(expander: Expander, name: str) -> None:
    r"""Xparse's ``\IfNoValueTF``, ``\IfValueTF``, ``\IfBooleanTF`` and one-branch forms."""
    given = expander.input.read_argument().strip()
    if "Boolean" in name:
        value = given == "\\BooleanTrue"
    else:
        value = (given == "-NoValue-") == ("NoValue" in name)
    if name.endswith("TF"):
        choose(expander, value=value)
    else:
        text = expander.input.read_argument()
        if value == name.endswith("T"):
            expander.input.push(text)


def if_star(expander: Expander, _name: str) -> None:
    r"""LaTeX's ``\@ifstar{starred}{plain}``."""
    yes, no = expander.input.read_argument(), expander.input.read_argument()
    expander.input.push(yes if expander.input.read_star() else no)


def if_next_char(expander: Expander, _name: str) -> None:
    r"""LaTeX's ``\@ifnextchar c{yes}{no}``; the character stays."""
    wanted = expander.input.read_argument()
    yes, no = expander.input.read_argument(), expander.input.read_argument()
    frame = expander.input.next_frame(inline=True)
    here = frame is not None and frame.text.startswith(wanted, frame.pos)
    expander.input.push(yes if here else no)


def if_loaded(expander: Expander, name: str) -> None:
    r"""``\@ifpackageloaded`` and ``\@ifclassloaded``; with options for ``...with``."""
    package = expander.input.read_argument().strip()
    options = expander.styles.packages.get(package)
    if name.endswith("with"):
        wanted = expander.input.read_argument().strip()
        choose(expander, value=options is not None and wanted in options.split(","))
    else:
        choose(expander, value=options is not None)


def if_label_undefined(expander: Expander, _name: str) -> None:
    r"""``\IfRefUndefinedExpandable{label}{yes}{no}``: after the last run labels are defined."""
    expander.input.read_argument()
    choose(expander, value=False)


def if_draft(expander: Expander, name: str) -> None:
    r"""``\ifdraft{yes}{no}`` and ``\ifoptionfinal`` of ifdraft, by the class's options."""
    draft = "draft" in expander.styles.class_options
    choose(
        expander,
        value=draft if name != "\\ifoptionfinal" else "final" in expander.styles.class_options,
    )


def set_counter(expander: Expander, name: str) -> None:
    r"""``\setcounter``, ``\newcounter``, ``\stepcounter``, ``\addtocounter``."""
    counter = expander.input.read_argument().strip()
    key = "counter:" + counter
    if name == "\\newcounter":
        expander.input.read_optional()
        expander.definitions.values.setdefault(key, "0")
        return
    old = int(expander.definitions.values.get(key, "0"))
    if name in ("\\stepcounter", "\\refstepcounter"):
        expander.definitions.next_is_global = True
        expander.definitions.set_value(key, str(old + 1))
        return
    text = expander.input.read_argument()
    depth = len(expander.input.frames)
    number = read_number(expander) if expander.input.push(text) else None
    del expander.input.frames[depth:]
    if number is not None and abs(number) < 10**9:
        expander.definitions.next_is_global = True
        expander.definitions.set_value(key, str(number + (old if name == "\\addtocounter" else 0)))


def new_count(expander: Expander, _name: str) -> None:
    r"""``\newcount\mode`` followed by ``\mode=1``."""
    name = expander.read_name()
    if name:
        expander.definitions.set_value("counter:" + name, "0")
        expander.definitions.define(name, Macro(""), assign_count)
        expander.definitions.macros.pop(name, None)


def char_definition(expander: Expander, _name: str) -> None:
    r"""``\\chardef\\flag=1``, a number under a name."""
    name = expander.read_name()
    frame = expander.input.next_frame()
    if frame is not None and frame.text[frame.pos] == "=":
        frame.pos += 1
    number = read_number(expander)
    if name and number is not None:
        expander.definitions.set_value("counter:" + name, str(number))


def assign_count(expander: Expander, name: str) -> None:
    r"""``\mode=1``."""
    frame = expander.input.next_frame()
    if frame is not None and frame.text[frame.pos] == "=":
        frame.pos += 1
        number = read_number(expander)
        if number is not None:
            expander.definitions.set_value("counter:" + name, str(number))
