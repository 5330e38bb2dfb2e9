r"""Conditionals of packages, which take their branches as arguments instead of ending in ``\fi``.

ifthen, etoolbox, xparse, ifdraft, LaTeX's own internal ones, and the counters they ask about.
"""

import re

from cycledata.parse.latex.conditionals import compare, conditional, is_defined, read_number
from cycledata.parse.latex.expand import Expander
from cycledata.parse.latex.macros import Macro
from cycledata.parse.latex.tokens import CONTROL

MAX_TEST_DEPTH = 12
"""Parts within parts of an ifthen test."""


def choose(x: Expander, *, value: bool) -> None:
    """Read a true and a false text and go on with one of them."""
    yes, no = x.read_argument(), x.read_argument()
    x.push(yes if value else no)


def if_then_else(x: Expander, _name: str) -> None:
    r"""Ifthen's ``\ifthenelse{test}{yes}{no}``."""
    choose(x, value=evaluate(x, x.read_argument()))


def evaluate(x: Expander, test: str, depth: int = 0) -> bool:
    r"""The value of an ifthen test: atoms joined by ``\AND``, ``\OR``, ``\NOT``."""
    if depth > MAX_TEST_DEPTH:
        return False
    for word, combine in (("\\OR", any), ("\\or", any), ("\\AND", all), ("\\and", all)):
        parts = re.split(re.escape(word) + r"(?![A-Za-z])", test, maxsplit=20)
        if len(parts) > 1:
            return combine([evaluate(x, part, depth + 1) for part in parts])
    test = test.strip()
    for word in ("\\NOT", "\\not"):
        if test.startswith(word):
            return not evaluate(x, test[len(word) :], depth + 1)
    if test.startswith("\\(") and test.endswith("\\)"):
        return evaluate(x, test[2:-2], depth + 1)
    return atom(x, test)


def atom(x: Expander, test: str) -> bool:
    """One ifthen test."""
    match = CONTROL.match(test)
    name = match[0] if match else None
    depth = len(x.stack)
    frame = x.push(test[match.end() :] if match and name else test)
    if frame is None:
        return False
    try:
        if name == "\\boolean":
            return x.values.get("if:" + x.read_argument().strip()) == "true"
        if name == "\\equal":
            first, second = x.expanded(x.read_argument()), x.expanded(x.read_argument())
            return first.strip() == second.strip()
        if name == "\\isundefined":
            return not is_defined(x, x.read_name())
        if name == "\\isodd":
            return (read_number(x) or 0) % 2 == 1
        frame.pos, frame.text = 0, test
        return compare(x, read_number)
    finally:
        del x.stack[depth:]


def if_bool(x: Expander, name: str) -> None:
    r"""Etoolbox's ``\ifbool``, ``\iftoggle`` and their negations."""
    flag = x.read_argument().strip()
    if "toggle" in name and "if:" + flag not in x.values:
        x.warn("undecided-conditional", f"toggle {flag} is nowhere set; taken for false")
    choose(x, value=(x.values.get("if:" + flag) == "true") != name.startswith("\\not"))


def set_bool(x: Expander, name: str) -> None:
    r"""``\toggletrue``, ``\boolfalse``, ``\setboolean{x}{true}``, ``\newtoggle`` and their kin."""
    flag = x.read_argument().strip()
    if name.startswith("\\set"):
        value = x.read_argument().strip()
    else:
        value = "true" if name.endswith("true") else "false"
    if name.startswith(("\\new", "\\provide")):
        x.conditionals.add("\\if" + flag)
        x.table.setdefault("\\if" + flag, conditional)
        x.values.setdefault("if:" + flag, "false")
        return
    x.set_value("if:" + flag, value)


def if_defined_text(x: Expander, name: str) -> None:
    r"""``\@ifundefined``, ``\ifdef``, ``\ifundef``, ``\ifcsdef``, ``\ifcsundef``."""
    if name in ("\\ifdef", "\\ifundef"):
        target = x.read_name()
    else:
        target = "\\" + x.expanded(x.read_argument()).strip()
    choose(x, value=is_defined(x, target) != ("undef" in name))


def if_text(x: Expander, name: str) -> None:
    r"""Etoolbox's ``\ifstrempty``, ``\ifblank``, ``\ifstrequal``, ``\ifdefempty``, ``\ifempty``."""
    first = x.read_argument()
    if name == "\\ifstrequal":
        choose(x, value=first == x.read_argument())
    elif name == "\\ifdefstrequal":
        second = x.read_argument()
        choose(x, value=x.expanded(first).strip() == x.expanded(second).strip())
    elif name == "\\ifdefempty":
        choose(x, value=not x.expanded(first).strip())
    else:
        choose(x, value=not first.strip())


def if_no_value(x: Expander, name: str) -> None:
    r"""Xparse's ``\IfNoValueTF``, ``\IfValueTF``, ``\IfBooleanTF`` and one-branch forms."""
    given = x.read_argument().strip()
    if "Boolean" in name:
        value = given == "\\BooleanTrue"
    else:
        value = (given == "-NoValue-") == ("NoValue" in name)
    if name.endswith("TF"):
        choose(x, value=value)
    else:
        text = x.read_argument()
        if value == name.endswith("T"):
            x.push(text)


def if_star(x: Expander, _name: str) -> None:
    r"""LaTeX's ``\@ifstar{starred}{plain}``."""
    yes, no = x.read_argument(), x.read_argument()
    x.push(yes if x.read_star() else no)


def if_next_char(x: Expander, _name: str) -> None:
    r"""LaTeX's ``\@ifnextchar c{yes}{no}``; the character stays."""
    wanted = x.read_argument()
    yes, no = x.read_argument(), x.read_argument()
    frame = x.next_frame(inline=True)
    here = frame is not None and frame.text.startswith(wanted, frame.pos)
    x.push(yes if here else no)


def if_loaded(x: Expander, name: str) -> None:
    r"""``\@ifpackageloaded`` and ``\@ifclassloaded``; with options for ``...with``."""
    package = x.read_argument().strip()
    options = x.packages.get(package)
    if name.endswith("with"):
        wanted = x.read_argument().strip()
        choose(x, value=options is not None and wanted in options.split(","))
    else:
        choose(x, value=options is not None)


def if_draft(x: Expander, name: str) -> None:
    r"""``\ifdraft{yes}{no}`` and ``\ifoptionfinal`` of ifdraft, by the class's options."""
    draft = "draft" in x.class_options
    choose(x, value=draft if name != "\\ifoptionfinal" else "final" in x.class_options)


def set_counter(x: Expander, name: str) -> None:
    r"""``\setcounter``, ``\newcounter``, ``\stepcounter``, ``\addtocounter``."""
    counter = x.read_argument().strip()
    key = "counter:" + counter
    if name == "\\newcounter":
        x.read_optional()
        x.values.setdefault(key, "0")
        return
    old = int(x.values.get(key, "0"))
    if name in ("\\stepcounter", "\\refstepcounter"):
        x.prefix_global = True
        x.set_value(key, str(old + 1))
        return
    text = x.read_argument()
    depth = len(x.stack)
    number = read_number(x) if x.push(text) else None
    del x.stack[depth:]
    if number is not None and abs(number) < 10**9:
        x.prefix_global = True
        x.set_value(key, str(number + (old if name == "\\addtocounter" else 0)))


def new_count(x: Expander, _name: str) -> None:
    r"""``\newcount\mode`` followed by ``\mode=1``."""
    name = x.read_name()
    if name:
        x.set_value("counter:" + name, "0")
        x.define(name, Macro(""), assign_count)
        x.macros.pop(name, None)


def assign_count(x: Expander, name: str) -> None:
    r"""``\mode=1``."""
    frame = x.next_frame()
    if frame is not None and frame.text[frame.pos] == "=":
        frame.pos += 1
        number = read_number(x)
        if number is not None:
            x.set_value("counter:" + name, str(number))
