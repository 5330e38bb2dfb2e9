"""Keys that a flat text cites, in order."""

import re

from cycledata.parse.latex.flat_text import FlatText
from cycledata.parse.latex.known_commands import CITING, MULTIPLE

_NOTES = re.compile(r"\s*+\([^()]{0,500}\)(?:\s*+\([^()]{0,500}\))?")
r"""The notes around all of ``\cites(see)(for more){a}{b}``."""
MAX_GROUPS = 60
r"""Groups after one ``\cites``."""


def cited_keys(flat: FlatText) -> tuple[str, ...]:
    r"""Citation keys in order of first citation; ``\nocite`` counts, its ``*`` does not."""
    keys: dict[str, None] = {}
    until = 0
    for offset, name in flat.marks:
        if offset < until or (name not in CITING and name != "\\nocite"):
            continue
        _, pos = flat.after_star(offset + len(name))
        if name in MULTIPLE:
            notes = _NOTES.match(flat.text, pos)
            pos = notes.end() if notes else pos
        for _ in range(MAX_GROUPS if name in MULTIPLE else 1):
            _, pos = flat.option(pos)
            _, pos = flat.option(pos)
            group = flat.group(pos)
            if group is None:
                break
            for key in flat.text[group.start : group.end].split(","):
                plain = " ".join(key.split())
                if plain and plain != "*":
                    keys.setdefault(plain)
            until = pos = group.end + 1
    return tuple(keys)
