"""Keys that a flat text cites, in order."""

from cycledata.parse.latex.expand import Flat
from cycledata.parse.latex.names import CITING, MULTIPLE
from cycledata.parse.latex.scan import group_end, optional, skip_space, star


def cited_keys(flat: Flat) -> tuple[str, ...]:
    r"""Citation keys in order of first citation; ``\nocite`` counts but for ``*``."""
    keys: dict[str, None] = {}
    text = flat.text
    for offset, name in flat.marks:
        if name not in CITING and name != "\\nocite":
            continue
        _, pos = star(text, offset + len(name))
        groups = 0
        while groups < 60:
            for _ in range(2):
                _, pos = optional(text, pos)
            start = skip_space(text, pos)
            if not text.startswith("{", start):
                break
            end = group_end(text, start)
            if end < 0:
                break
            for key in text[start + 1 : end - 1].split(","):
                key = " ".join(key.split())
                if key and key != "*":
                    keys.setdefault(key)
            groups += 1
            pos = end
            if name not in MULTIPLE:
                break
    return tuple(keys)
