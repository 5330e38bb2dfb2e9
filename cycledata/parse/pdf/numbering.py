"""Numbers of headings: how they are printed, and which can come after which."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

NUMBERED = re.compile(
    r"(?:(?:Appendix|APPENDIX)\s+(?=[A-Z]\b))?"
    r"(?:(?P<digits>\d{1,2}(?:\.\d{1,2}){0,3})|(?P<roman>[IVX]{1,5})|(?P<letter>[A-Z](?:\.?\d{1,2}(?:\.\d{1,2}){0,2})?)|(?P<small>[a-z])(?=\.))"
    r"(?P<stop>[.):])?[\s\u2003]+(?:[|∣│]\s+)?(?P<title>(?:\d{1,2}-?(?=[A-Z])|[(\[“‘\x22])?[^\W\d_].*)",
    re.DOTALL,
)
FLOAT = re.compile(r"(?:figure|fig\.|table|tab\.|algorithm|listing)\s*\d", re.IGNORECASE)
MOST_MISSED = 3
"""Numbers that may be missing between two headings."""
PER_MISSED = 0.25
"""What a missing number costs, in headings."""
_NEVER = 1_000


@dataclass(frozen=True, slots=True)
class Numbered:
    """A heading's number as a path, however it is printed: 3.1, III.A, A.1; and its words."""

    appendix: bool
    """Counted by letters, apart from the body."""
    path: tuple[int, ...]
    title: str
    inherits: int = 0
    """Leading parts of the path that are not printed but those of the heading before."""


def readings(text: str, *, roman: bool, trusted: bool, strong: bool = False) -> Iterator[Numbered]:
    """Return the ways to read the number before a heading; empty without one.

    Args:
        text: a block on one line.
        roman: top headings are numbered I, II, III; those below A, B.
        trusted: its type is that of a heading.
        strong: it is also bold or large.
    """
    found = NUMBERED.match(text)
    if not found or FLOAT.match(found["title"]):
        return
    title = found["title"]
    if sum(map(str.isalpha, title)) < 0.5 * len(title.replace(" ", "")):
        return  # a row of a table
    # An item of a list starts small or is a sentence; "k-means" or "mRNA" may begin a title.
    small = re.match(r"[a-z](?!-|[a-z]{0,3}[A-Z])", title)
    # "A fox" is no number.
    named = found["digits"] or (found["letter"] or "A") not in "AI"
    if small and not (strong and named):
        return
    if len(title) > 40 and (title[-1] in ";," or (title[-1] == "." and not trusted)):
        return
    if found["digits"]:
        path = tuple(map(int, found["digits"].split(".")))
        below = 2 if roman and len(path) == 1 else 0
        yield Numbered(False, path, title, below)
        return
    if found["small"]:
        if found["stop"] == ".":
            yield Numbered(False, (ord(found["small"]) - 96,), title, 1)
        return
    letters = found["roman"] or found["letter"]
    if roman and text[:8].lower() == "appendix":
        yield Numbered(True, (ord(letters[0]) - 64,), title)
        return
    if roman:
        if found["roman"]:
            yield Numbered(False, (_roman(letters),), title)
        if len(letters) == 1:
            yield Numbered(False, (ord(letters) - 64,), title, 1)
        return
    if len(letters) == 1 or found["letter"]:
        parts = [int(part) for part in letters[1:].split(".") if part]
        yield Numbered(True, (ord(letters[0]) - 64, *parts), title)
    if len(letters) == 1 and trusted and found["stop"] == ".":
        yield Numbered(False, (ord(letters) - 64,), title, 1)


def _roman(digits: str) -> int:
    """Value of a Roman number up to 39.

    >>> _roman("XIV")
    14
    """
    values = [{"I": 1, "V": 5, "X": 10}[digit] for digit in digits]
    return sum(-v if v < max(values[at:]) else v for at, v in enumerate(values))


def placed_after(reading: Numbered, last: Numbered) -> Numbered | None:
    """Return the number as it reads after another, or None if it has no such place."""
    if reading.inherits:
        if len(last.path) < reading.inherits:
            return None
        path = (*last.path[: reading.inherits], *reading.path)
        reading = replace(reading, path=path, inherits=0, appendix=last.appendix)
    return reading


def n_missed(number: Numbered, last: Numbered | None) -> int:
    """Return how many numbers are missing between two; ``_NEVER`` if it goes back."""
    if last is None or (number.appendix and not last.appendix):
        return _skipped(number.path)
    if last.appendix and not number.appendix:
        return _NEVER
    for depth, part in enumerate(number.path):
        if depth >= len(last.path):
            return _skipped(number.path[depth:])
        if step := part - last.path[depth]:
            return step - 1 + _skipped(number.path[depth + 1 :]) if step > 0 else _NEVER
    return _NEVER


def _skipped(path: Sequence[int]) -> int:
    """Return how many numbers are before the first of each new level; levels start at 0 or 1."""
    return sum(max(part - 1, 0) for part in path)
