r"""Tests of etoolbox, xstring and LaTeX that compare strings and numbers.

Each reads what it compares, then a true and a false text, and goes on with one of them.
"""

import re
from collections.abc import Callable

from cycledata.formats.braces import group_end
from cycledata.parse.latex.conditionals import compare, is_defined, read_length, read_number
from cycledata.parse.latex.expand import Expander
from cycledata.parse.latex.package_conditionals import choose
from cycledata.parse.latex.tokens import CONTROL

_NUMBER = re.compile(r"[+-]?\d++")
_DECIMAL = re.compile(r"[+-]?\d*+[.,]?\d*+")
_WORD = re.compile(r"\s*+(and|or|not|bool|togl|test|\(|\))(?![A-Za-z])\s*+")
MAX_NESTED = 12
"""Tests within tests."""
MAX_CASES = 100
r"""Cases of one ``\IfStrEqCase``."""


def _text(expander: Expander) -> str:
    """Return the next argument with its macros replaced."""
    return expander.expanded(expander.input.read_argument()).strip()


def _named(expander: Expander) -> str:
    r"""Return what the control sequence spelled by the next argument means."""
    return expander.expanded("\\" + _text(expander)).strip()


def _either(expander: Expander, name: str) -> str:
    r"""Return the next argument's text, for ``\ifcs...`` that of the control sequence it names."""
    return _named(expander) if name.startswith("\\ifcs") else _text(expander)


def if_string(expander: Expander, name: str) -> None:
    r"""``\ifdefstring{\a}{text}``, ``\ifcsstring``, ``\ifdefequal``, ``\ifcsstrequal``, ..."""
    first = _either(expander, name)
    second = _either(expander, name) if name.endswith("equal") else _text(expander)
    choose(expander, value=first == second)


def if_void(expander: Expander, name: str) -> None:
    r"""``\ifdefvoid``, ``\ifcsvoid``, ``\ifcsempty``, ``\IfBlankTF``, ``\IfEmptyTF``."""
    if name in ("\\IfBlankTF", "\\IfEmptyTF", "\\tl_if_blank:nTF"):
        choose(expander, value=not expander.input.read_argument().strip())
        return
    target = "\\" + _text(expander) if name.startswith("\\ifcs") else expander.read_name()
    empty = not is_defined(expander, target) and "void" in name
    choose(expander, value=empty or not expander.expanded(target).strip())


def not_blank(expander: Expander, _name: str) -> None:
    r"""Etoolbox's ``\notblank{text}{yes}{no}``."""
    choose(expander, value=bool(expander.input.read_argument().strip()))


def if_macro(expander: Expander, name: str) -> None:
    r"""``\ifdefmacro`` and ``\ifcsmacro``, and whether a macro has parameters."""
    target = "\\" + _text(expander) if name.startswith("\\ifcs") else expander.read_name()
    macro = expander.definitions.macros.get(target)
    wants_arguments = name.endswith("param")
    choose(expander, value=macro is not None and (macro.takes_arguments or not wants_arguments))


def if_number(expander: Expander, name: str) -> None:
    r"""``\ifnumcomp{1}{<}{2}``, ``\ifnumequal``, ``\ifnumgreater``, ``\ifdimless``, ..."""
    first = expander.input.read_argument()
    relation = {"equal": "=", "greater": ">", "less": "<"}.get(name[6:], "")
    if name.endswith("comp"):
        relation = expander.input.read_argument().strip()
    second = expander.input.read_argument()
    read: Callable[[Expander], float | None] = read_length if "dim" in name else read_number
    choose(expander, value=_compared(expander, f"{first}{relation}{second} ", read))


def _compared(
    expander: Expander, test: str, read: Callable[[Expander], float | None] = read_number
) -> bool:
    depth = len(expander.input.frames)
    if expander.input.push(test) is None:
        return False
    try:
        return compare(expander, read)
    finally:
        del expander.input.frames[depth:]


def if_odd(expander: Expander, _name: str) -> None:
    r"""Etoolbox's ``\ifnumodd{n}{yes}{no}``."""
    depth = len(expander.input.frames)
    number = None
    if expander.input.push(expander.input.read_argument()):
        number = read_number(expander)
    del expander.input.frames[depth:]
    choose(expander, value=(number or 0) % 2 == 1)


def if_in_list(expander: Expander, _name: str) -> None:
    r"""``\ifinlist{item}{\list}`` and ``\xifinlist``: lists are separated by ``|``."""
    item, listed = _text(expander), _text(expander)
    choose(expander, value=item in re.split(r"[|,]", listed))


# --- xstring -------------------------------------------------------------------------------------


def if_xstring(expander: Expander, name: str) -> None:
    r"""Xstring's ``\IfStrEq``, ``\IfSubStr``, ``\IfBeginWith``, ``\IfEndWith``, ``\IfEq``."""
    expander.input.read_star()
    expander.input.read_optional()
    first, second = _text(expander), _text(expander)
    if name == "\\IfSubStr":
        value = second in first
    elif name == "\\IfBeginWith":
        value = first.startswith(second)
    elif name == "\\IfEndWith":
        value = first.endswith(second)
    else:
        value = first == second or (name == "\\IfEq" and _same_number(first, second))
    choose(expander, value=value)


def _same_number(first: str, second: str) -> bool:
    if not (_NUMBER.fullmatch(first[:30]) and _NUMBER.fullmatch(second[:30])):
        return False
    return int(first) == int(second)


def if_kind_of_number(expander: Expander, name: str) -> None:
    r"""Xstring's ``\IfInteger`` and ``\IfDecimal``."""
    pattern = _NUMBER if name == "\\IfInteger" else _DECIMAL
    text = _text(expander)
    choose(expander, value=bool(text) and pattern.fullmatch(text[:100]) is not None)


def if_case_of_string(expander: Expander, _name: str) -> None:
    r"""``\IfStrEqCase{text}{{a}{first}{b}{second}}[other]`` and ``\IfEqCase``."""
    expander.input.read_star()
    wanted, cases = _text(expander), expander.input.read_argument()
    other = expander.input.read_optional()
    pos = 0
    pair: list[str] = []
    for _ in range(2 * MAX_CASES):
        start = cases.find("{", pos)
        end = group_end(cases, start) if start >= 0 else -1
        if end < 0:
            break
        pair.append(cases[start + 1 : end - 1])
        pos = end
        if len(pair) == 2:
            if expander.expanded(pair[0]).strip() == wanted:
                expander.input.push(pair[1])
                return
            pair.clear()
    expander.input.push(other or "")


# --- Boolean expressions -------------------------------------------------------------------------


def if_boolean_expression(expander: Expander, name: str) -> None:
    r"""Etoolbox's ``\ifboolexpr{bool {a} and not test {\ifdefstring{\b}{c}}}{yes}{no}``."""
    test = expander.input.read_argument()
    value, _ = _expression(expander, test, 0, 0)
    choose(expander, value=value != name.startswith("\\not"))


def _expression(expander: Expander, test: str, pos: int, depth: int) -> tuple[bool, int]:
    """Return the value of an expression from ``pos`` on and the position after it.

    Etoolbox reads from left to right: ``and`` and ``or`` have one precedence.
    """
    value, combine, negate = True, "and", False
    while depth <= MAX_NESTED and (match := _WORD.match(test, pos)):
        word, pos = match[1], match.end()
        if word in ("and", "or"):
            combine = word
            continue
        if word == "not":
            negate = not negate
            continue
        if word == ")":
            break
        if word == "(":
            operand, pos = _expression(expander, test, pos, depth + 1)
        else:
            end = group_end(test, pos)
            inside = test[pos + 1 : end - 1] if end > 0 else ""
            pos = max(end, pos + 1)
            operand = _operand(expander, word, inside)
        operand = operand != negate
        negate = False
        value = (value and operand) if combine == "and" else (value or operand)
    return value, pos


def _operand(expander: Expander, word: str, inside: str) -> bool:
    if word in ("bool", "togl"):
        return expander.definitions.values.get("if:" + inside.strip()) == "true"
    match = CONTROL.match(inside.strip())
    if match is None or match[0] not in expander.definitions.actions:
        expander.work.warn("undecided-conditional", f"test {inside[:60]!r}; taken for false")
        return False
    return expander.expanded(inside.strip() + "{1}{0}").strip() == "1"


# --- Unknown ones --------------------------------------------------------------------------------

_UNKNOWN = re.compile(r"\\((?:if|If|xif)[A-Za-z@]{2,40}+)\s*+\{")
_NOT_A_TEST = frozenset({"ifthenpath", "ifthispageodd"})


def warn_of_unknown(expander: Expander, text: str) -> None:
    r"""Warn of each ``\if...{..}{..}`` that is left in the text: both of its branches are in it."""
    found = dict.fromkeys(_UNKNOWN.findall(text))
    unknown = [name for name in found if name not in _NOT_A_TEST]
    for name in unknown[:5]:
        detail = f"\\{name} is not known; all that it takes is left in the text"
        expander.work.warn("unknown-conditional", detail)
