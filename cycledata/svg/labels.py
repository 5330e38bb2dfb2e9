"""Labels of charts: estimated widths, and lines that fit a width.

A browser, a PNG and a printer use different fonts, so widths are estimates on the safe side: those
of DejaVu Sans, which is wider than most.
"""

import re
import unicodedata

LABEL_SIZE = 12.0
"""Units per em of a label."""
LINE_HEIGHT = 15.0
"""Units between the lines of a label."""
_NARROW = frozenset("iIjlftr.,:;'|!()[]{}/\\ -`")
_WIDE = frozenset("mwMWQOGNDHU@%—…&")
_PART = re.compile(r"[^\s\-_./,:+]*[\s\-_./,:+]?")


def text_width(words: str) -> float:
    """Return the estimated width of one line of text, in units."""
    return LABEL_SIZE * sum(map(_ems, words))


def wrapped(words: str, width: float) -> list[str]:
    """Return the lines of a label, none wider than `width`; no character is left out.

    Lines break after blanks and after the separators of file names, else between characters.

    >>> wrapped("gpt-4o-2024-05-13_temp_0_1_reflect_5", 150)
    ['gpt-4o-2024-05-13_', 'temp_0_1_reflect_5']
    """
    lines = [""]
    for part in _PART.findall(" ".join(words.split())):
        if lines[-1] and text_width(lines[-1] + part.rstrip()) > width:
            lines.append("")
        if text_width(part) <= width:
            lines[-1] += part
            continue
        for cluster in _clusters(part):
            if lines[-1] and text_width(lines[-1] + cluster) > width:
                lines.append("")
            lines[-1] += cluster
    return [line.strip() for line in lines]


def _clusters(words: str) -> list[str]:
    """Return the characters, each with the marks that are drawn over it."""
    found: list[str] = []
    for char in words:
        if found and unicodedata.category(char).startswith("M"):
            found[-1] += char
        else:
            found.append(char)
    return found


def _ems(char: str) -> float:
    if char in _NARROW:
        return 0.42
    if char in _WIDE:
        return 1.0
    if unicodedata.east_asian_width(char) in "WF":
        return 1.15
    if unicodedata.category(char).startswith("M"):
        return 0.0
    if char.isupper():
        return 0.75
    return 0.65 if char < "\u0250" else 0.85
