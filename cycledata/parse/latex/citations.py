"""Keys that a flat text cites, in order."""

import re

from cycledata.parse.latex.flat_text import MAX_OPTION, FlatText
from cycledata.parse.latex.known_commands import (
    CITING,
    CITING_ENVIRONMENTS,
    LANGUAGE_FIRST,
    MULTIPLE,
    VOLUME_FIRST,
)

_NOTES = re.compile(r"\s*+\([^()]{0,500}\)(?:\s*+\([^()]{0,500}\))?")
r"""The notes around all of ``\cites(see)(for more){a}{b}``."""
_ANGLES = re.compile(r"\s{0,9}<[^<>{}]{0,300}>")
r"""apacite's ``\cite<see>[p. 2]{key}``."""
_CITES = CITING | CITING_ENVIRONMENTS | {"\\nocite"}
_USUAL = re.compile(r"\{([^{}\\]*+)\}")
_UNUSUAL = MULTIPLE | LANGUAGE_FIRST | VOLUME_FIRST
MAX_GROUPS = 60
r"""Groups after one ``\cites``."""


def cited_keys(flat: FlatText) -> tuple[str, ...]:
    r"""Citation keys in order of first citation; ``\nocite`` counts, its ``*`` does not."""
    keys: dict[str, None] = {}
    until = 0
    for offset, name in flat.marks:
        if offset < until or name not in _CITES:
            continue
        if offset > flat.bibliography_start and _is_in_label(flat, offset):
            continue
        pos = offset + len(name)
        usual = _USUAL.match(flat.text, pos) if name not in _UNUSUAL else None
        if usual:
            until = usual.end()
            keys |= dict.fromkeys(_split(usual[1]))
            continue
        _, pos = flat.after_star(pos)
        if name in MULTIPLE:
            notes = _NOTES.match(flat.text, pos)
            pos = notes.end() if notes else pos
        for _ in range(MAX_GROUPS if name in MULTIPLE else 1):
            if name in LANGUAGE_FIRST:
                group = flat.group(pos)
                pos = group.end + 1 if group else pos
            _, pos = flat.option(pos)
            if name in VOLUME_FIRST:
                group = flat.group(pos)
                pos = group.end + 1 if group else pos
            before = _ANGLES.match(flat.text, pos)
            pos = before.end() if before else pos
            _, pos = flat.option(pos)
            group = flat.group(pos)
            if group is None:
                break
            keys |= dict.fromkeys(_split(flat.text[group.start : group.end]))
            until = pos = group.end + 1
    return tuple(keys)


def _is_in_label(flat: FlatText, offset: int) -> bool:
    r"""Return whether a command is in the label of a ``\bibitem``, which cites nothing."""
    at = flat.text.rfind("\\bibitem", max(0, offset - MAX_OPTION), offset)
    return at >= 0 and flat.option(at + len("\\bibitem"))[1] > offset


def _split(argument: str) -> list[str]:
    """Return the keys of an argument, their blanks single."""
    found = [" ".join(key.split()) for key in argument.split(",")]
    return [key for key in found if key and key != "*"]
