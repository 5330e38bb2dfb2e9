"""The headings and fenced blocks of a turn, and the text below each."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from cycledata.formats.escapes import Escape
from cycledata.formats.unreadable import Unreadable

TEXTS = ("Motivation", "Main Idea")
SCORES = ("Interestingness", "Feasibility", "Novelty")
SETUP = "Experimental Setup"
RESULTS = "Experimental_results"
_TITLES = {title.lower().replace("_", " "): title for title in (*TEXTS, *SCORES, SETUP, RESULTS)}
_TITLE = "|".join(title.replace(" ", "[ _]") for title in _TITLES)
_STRUCTURE = (
    rf"(?:#{{2,3}}[ \t]{{1,4}}+\*{{0,2}}(?P<title>{_TITLE}):?\*{{0,2}}:?"
    r"|(?P<fence>`{3,})[ \t]{0,4}+(?P<kind>latex|json))[ \t\r]*+$"
)
_FLAGS = re.ASCII | re.IGNORECASE | re.MULTILINE
_LINE = re.compile(rf"^{_STRUCTURE}", _FLAGS)
PROSE = Escape("\\", re.sub(r"\?P<\w+>", "?:", rf"(?i:{_STRUCTURE})"))
_TICKS = re.compile(r"^[ \t]{0,8}(`{3,})", re.MULTILINE)


class _Part(NamedTuple):
    name: str
    body: str


def read_parts(text: str, *, last: str) -> dict[str, str] | Unreadable:
    """Return bodies by heading or kind of block; nothing is read after the block ``last``."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        where = f"character {error.start + 1}"
        return Unreadable(where, "half of a surrogate pair, which no file can store")
    parts: dict[str, str] = {}
    for part in _parts(text):
        if isinstance(part, Unreadable):
            return part
        if part.name in parts:
            name = part.name if part.name in ("latex", "json") else f"## {part.name}"
            return Unreadable(name, "expected once, found twice")
        parts[part.name] = part.body
        if part.name == last:
            break
    return parts


def _parts(text: str) -> Iterator[_Part | Unreadable]:
    name, start = "", 0
    while True:
        line = _LINE.search(text, start)
        end = len(text) if line is None else line.start()
        if name:
            yield _Part(name, text[start:end])
        if line is None:
            return
        start = line.end()
        name = _TITLES[line["title"].lower().replace("_", " ")] if line["title"] else ""
        if not name:
            kind, n_ticks = line["kind"].lower(), len(line["fence"])
            close = _closing_fence(text, start, kind, n_ticks)
            if close is None:
                yield Unreadable(f"```{kind}", "the block is never closed: the text was cut")
                return
            yield _Part(kind, text[start + 1 : max(start + 1, close.start())].rstrip("\r\n"))
            start = close.end()


def _closing_fence(text: str, start: int, kind: str, n_ticks: int) -> re.Match[str] | None:
    """Return the fence that closes a block, on a line of its own or at the end of the last line.

    JSON has no line that ends in a bracket and backticks. In LaTeX such a line closes the block
    only if another block opens before the next closing line, or if there is none.
    """
    close = re.compile(rf"^`{{{n_ticks},}}+[ \t\r]*+$", re.MULTILINE).search(text, start)
    limit = len(text) if close is None else close.start()
    if kind == "json":
        inline = re.compile(rf"(?<=[\]}}])[ \t]{{0,4}}`{{{n_ticks}}}[ \t\r]*+$", re.MULTILINE)
        return inline.search(text, start, limit) or close
    opening = re.compile(rf"^`{{{n_ticks},}}[ \t]{{0,4}}(?:latex|json)[ \t\r]*+$", _FLAGS)
    opened = opening.search(text, start, limit)
    if opened is None and close is not None:
        return close
    inline = re.compile(rf"(?<=[^`\n])`{{{n_ticks}}}[ \t\r]*+$", re.MULTILINE)
    return inline.search(text, start, opened.start() if opened else limit) or close


def fenced(kind: str, body: str) -> str:
    """Return a block of a kind, its fence longer than any in the body."""
    found = _TICKS.findall(body) if "```" in body else []
    ticks = max((len(run) for run in found), default=2)
    fence = "`" * max(3, ticks + 1)
    return f"{fence}{kind}\n{body}\n{fence}"
