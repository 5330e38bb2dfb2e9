"""Versions of a file by its path: numbers, dates, numbered folders."""

import re
from collections.abc import Iterator

_VERSION = re.compile(r"(.*?)[_.-]?(?:v|ver|version|draft|rev|r)?[_.-]?(\d{1,8})\Z", re.IGNORECASE)
_STATE = re.compile(r"(?<=\d)[_.-](?:final|submitted|accepted|clean|revised)\Z", re.IGNORECASE)
"""What a name says of a version after its number."""
_FOLDER_VERSION = re.compile(r"([A-Za-z]{0,20}[ _.-]?v?)(\d{1,8})")
_DATE = re.compile(
    r"(?<!\d)((?:19|20)\d\d)[-_.]?(0[1-9]|1[0-2])(?:[-_.]?(0[1-9]|[12]\d|3[01]))?(?!\d)"
)
_DAY_FIRST = re.compile(
    r"(?<!\d)(0?[1-9]|[12]\d|3[01])[-_.](0[1-9]|1[0-2])[-_.]((?:19|20)\d\d)(?!\d)"
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH_NAMES = f"({'|'.join(_MONTHS)})[a-z]{{0,6}}"
_NAMED_DAY = re.compile(
    rf"{_MONTH_NAMES}[-_. ]?(\d{{1,2}})(?!\d)"
    rf"|(?<!\d)(\d{{1,2}})(?:st|nd|rd|th)?[-_. ]?{_MONTH_NAMES}(?![a-z])"
)


def latest_versions(paths: list[str]) -> dict[str, float]:
    """Return points by path: files that differ in a number only are versions, the highest last.

    >>> latest_versions(["a_v2.tex", "a_v10.tex", "b.tex"])
    {'a_v2.tex': -2.0, 'a_v10.tex': 2.0}
    """
    families: dict[str, list[tuple[int, str]]] = {}
    for path in paths:
        for family, number in _numbered(path):
            families.setdefault(family, []).append((number, path))
    points: dict[str, float] = {}
    stems = {path_stem(path)[-80:].lower() for path in paths}
    for stem, members in families.items():
        if len(members) > 1 or stem in stems:
            last = max(number for number, _ in members)
            points |= {path: 2.0 if number == last else -2.0 for number, path in members}
    return points


def _numbered(path: str) -> Iterator[tuple[str, int]]:
    """Yield the names that a path shares with its other versions, and its number among them.

    >>> list(_numbered("v3/a_2019-11-20.tex"))
    [('v3/a_', 20191120), ('#v/a_2019-11-20', 3)]
    """
    stem = _DAY_FIRST.sub(r"\3-\2-\1", _STATE.sub("", path_stem(path)[-80:]))
    if named := _NAMED_DAY.search(stem.lower()):
        day = 100 * _MONTHS.index(named[1] or named[4]) + int(named[2] or named[3])
        yield stem[: named.start()].lower() + "#" + stem[named.end() :].lower(), day
    dated = _DATE.search(stem)
    found = None if dated else _VERSION.match(stem)
    if dated:
        yield (
            (stem[: dated.start()] + stem[dated.end() :]).lower(),
            int("".join(dated.groups("00"))),
        )
    elif found:
        yield found[1].lower(), int(found[2])
    folders, _, name = stem.rpartition("/")
    for part in folders.split("/"):
        numbered = _FOLDER_VERSION.fullmatch(part)
        if numbered:
            rest = folders.replace(part, f"#{numbered[1].lower()}", 1)
            yield f"{rest}/{name}", int(numbered[2])


def path_stem(path: str) -> str:
    """Return a path without the ending of its name."""
    return path.rsplit(".", 1)[0]
