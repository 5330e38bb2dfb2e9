r"""Loops over lists: LaTeX's ``\@for``, pgffor's ``\foreach``, etoolbox's ``\forcsvlist``."""

import re

from cycledata.parse.latex.expand import Expander
from cycledata.parse.latex.macros import names_in
from cycledata.parse.latex.tokens import argument, without_comments

_FOREACH = re.compile(r"(\\[A-Za-z@]++)\s*+in\s*+(?=\{)")

MAX_TURNS = 200
"""Items of one list that are read."""


def items(expander: Expander, text: str) -> list[str]:
    """Return the comma-separated items of a list, macros replaced."""
    found = [item.strip() for item in expander.expanded(without_comments(text)).split(",")]
    return found[:MAX_TURNS]


def at_for(expander: Expander, name: str) -> None:
    r"""``\@for\x:=a,b\do{body}``."""
    variable = expander.read_name()
    frame = expander.input.next_frame()
    if frame is None:
        return
    end = frame.text.find("\\do", frame.pos, frame.pos + 2_000)
    if end < 0 or not frame.text.startswith(":=", frame.pos):
        return
    listed = frame.text[frame.pos + 2 : end]
    frame.pos = end + 3
    turn(expander, name, variable, items(expander, listed), expander.input.read_argument())


def foreach(expander: Expander, name: str) -> None:
    r"""``\foreach \x in {a,b}{body}`` where the body reads files or the like; most only draw."""
    frame = expander.input.next_frame()
    if frame is None:
        return
    start = frame.pos
    match = _FOREACH.match(frame.text, start)
    listed = argument(frame.text, match.end()) if match else None
    body = argument(frame.text, listed[1]) if listed else None
    if (
        not match
        or not listed
        or not body
        or not any(expander.definitions.acts(word) for word in names_in(body[0]))
    ):
        expander.emit(name + " ")
        return
    frame.pos = body[1]
    turn(expander, name, match[1], items(expander, listed[0]), body[0])


def for_list(expander: Expander, name: str) -> None:
    r"""``\forcsvlist{\handler}{a,b}``."""
    handler = expander.input.read_argument()
    listed = items(expander, expander.input.read_argument())
    expander.input.push("".join(f"{handler}{{{item}}}" for item in listed), name=name)


def turn(expander: Expander, name: str, variable: str, values: list[str], body: str) -> None:
    """Read a body once for each value."""
    expander.input.push("".join(f"\\def{variable}{{{value}}}{body}" for value in values), name=name)
