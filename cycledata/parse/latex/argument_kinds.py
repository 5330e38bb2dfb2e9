"""Argument specifications of xparse and xargs.

A kind is a letter with what it needs: ``m``, ``o``, ``Odefault``, ``d<>``, ``D<>default``, ``r<>``,
``R<>default``, ``s``, ``t+``, ``g``, ``Gdefault``, ``e^`` and ``v``.
"""

import re

from cycledata.parse.latex.tokens import argument, skip_space

_DEFAULT = re.compile(r"([1-9])\s*+=")


def argument_kinds(spec: str) -> tuple[str, ...]:
    r"""Return the kinds of an xparse specification.

    >>> argument_kinds("s O{red} +m >{\\SplitArgument{1}{;}}m t+ r<>")
    ('s', 'Ored', 'm', 'm', 't+', 'r<>')
    >>> argument_kinds(r"t\big g d||")
    ('t\\big', 'g', 'd||')
    """
    kinds: list[str] = []
    pos = 0
    while len(kinds) < 9:
        pos = skip_space(spec, pos)
        letter = spec[pos : pos + 1]
        if not letter:
            break
        pos += 1
        if letter in ">=":
            found = argument(spec, pos)
            pos = found[1] if found else len(spec)
        elif letter in "mosvgb":
            kinds += [letter] if letter != "b" else []
        elif letter == "t":
            token, pos = _value(spec, pos)
            kinds.append(letter + token)
        elif letter in "drDR":
            delimiters, pos = _tokens(spec, pos, 2)
            default, pos = _value(spec, pos) if letter in "DR" else ("", pos)
            kinds.append(letter + delimiters + default)
        elif letter in "OG":
            default, pos = _value(spec, pos)
            kinds.append(letter + default)
        elif letter in "eE":
            letters, pos = _value(spec, pos)
            _, pos = _value(spec, pos) if letter == "E" else ("", pos)
            kinds += ["e" + char for char in letters if not char.isspace()]
    return tuple(kinds[:9])


def xargs_kinds(count: str | None, defaults: str | None) -> tuple[str, ...]:
    """Return the kinds of an xargs definition.

    >>> xargs_kinds("3", "1=x,2={a,b}")
    ('Ox', 'Oa,b', 'm')
    """
    digits = (count or "").strip()
    n_args = int(digits) if digits.isascii() and digits.isdigit() and len(digits) == 1 else 0
    given: dict[int, str] = {}
    text = defaults or ""
    found = list(_DEFAULT.finditer(text))
    for at, match in enumerate(found):
        end = found[at + 1].start() if at + 1 < len(found) else len(text)
        value = text[match.end() : end].strip().rstrip(",").strip()
        if value.startswith("{") and value.endswith("}"):
            value = value[1:-1]
        given[int(match[1])] = value
    return tuple("O" + given[at] if at in given else "m" for at in range(1, n_args + 1))


def _tokens(spec: str, pos: int, n_tokens: int) -> tuple[str, int]:
    """Return single characters, which may be spaced, and the position after them."""
    out = ""
    for _ in range(n_tokens):
        pos = skip_space(spec, pos)
        out += spec[pos : pos + 1]
        pos += 1
    return out, pos


def _value(spec: str, pos: int) -> tuple[str, int]:
    found = argument(spec, pos)
    return found or ("", len(spec))
