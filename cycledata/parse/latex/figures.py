"""Figures of a flat text: labels, captions, files."""

from typing import NamedTuple

from cycledata.parse.latex.flat_text import FlatText
from cycledata.parse.latex.known_commands import FIGURES, words
from cycledata.records import Figure

_GRAPHICS = words("\\includegraphics \\includesvg \\epsfig \\epsfbox \\psfig \\plotone \\plottwo")


MAX_CAPTION = 20_000
"""Characters of a caption that are kept."""
MAX_VALUES = 5_000
"""Captions, labels and file names that are read; the paper with most figures has 45 of them."""


class Figures(NamedTuple):
    """What was read, and whether it is all."""

    figures: tuple[Figure, ...]
    whole: bool
    """False where ``MAX_VALUES`` cut the reading short."""


def read_figures(flat: FlatText) -> Figures:
    """Every figure environment of the body, in order; sub-figures belong to theirs.

    The last caption is the whole figure's, and so is the label that follows it.
    """
    figures: list[Figure] = []
    opened: str | None = None
    label: str | None = None  # the first after the last caption
    before: str | None = None  # the first of all, for want of that one
    caption = ""
    files: list[str] = []
    n_read = 0
    for offset, name in flat.marks:
        if offset < flat.body:
            continue
        if opened is None:
            if name.startswith("\\begin{") and name[7:-1] in FIGURES:
                opened, label, before, caption, files = name[7:-1], None, None, "", []
            continue
        if name == "\\end{" + opened + "}":
            figures.append(Figure(label=label or before, caption=caption, files=tuple(files)))
            opened = None
            continue
        if name not in _GRAPHICS and name not in ("\\label", "\\caption", "\\captionof"):
            continue
        n_read += 1
        if n_read > MAX_VALUES:
            break
        value = _value(flat, offset + len(name), captionof=name == "\\captionof")
        if name == "\\label":
            label = label or value.strip() or None
        elif name in _GRAPHICS:
            files.append(_file(value))
        else:
            caption = value.strip()
            before, label = before or label, None
    return Figures(tuple(figures), whole=n_read <= MAX_VALUES)


def _value(flat: FlatText, pos: int, *, captionof: bool) -> str:
    _, pos = flat.after_star(pos)
    if captionof:
        kind = flat.argument(pos)
        pos = kind[1] if kind else pos
    for _ in range(2):
        _, pos = flat.option(pos)
    found = flat.argument(pos)
    return found[0][:MAX_CAPTION] if found else ""


def _file(value: str) -> str:
    r"""The path in ``\epsfig{file=a.eps,width=..}`` as in ``\includegraphics{a}``."""
    for part in value.split(","):
        key, equals, path = part.partition("=")
        if equals and key.strip() in ("file", "figure"):
            return path.strip()
    return value.strip()
