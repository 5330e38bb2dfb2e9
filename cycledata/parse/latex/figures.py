"""Figures of a flat text: labels, captions, files."""

import re
from typing import NamedTuple

from cycledata.parse.latex.flat_text import FlatText
from cycledata.parse.latex.known_commands import FIGURES, words
from cycledata.parse.latex.strip_markup import MarkupStripper
from cycledata.records import Figure

_GRAPHICS = words("\\includegraphics \\includesvg \\epsfig \\epsfbox \\psfig \\plotone \\plottwo")
_READ = _GRAPHICS | {"\\label", "\\caption", "\\captionof"}
_BEGINS = frozenset(f"\\begin{{{name}}}" for name in FIGURES)

MAX_CAPTION = 20_000
"""Characters of a caption that are kept."""
MAX_DISTANCE = 2_000
"""Characters between a picture and the caption set for it outside of a figure."""
MAX_VALUES = 5_000
"""Captions, labels and file names that are read; the paper with most figures has 45 of them."""


class Figures(NamedTuple):
    """What was read, and whether it is all."""

    figures: tuple[Figure, ...]
    whole: bool
    """False where ``MAX_VALUES`` cut the reading short."""


def read_figures(flat: FlatText, stripper: MarkupStripper) -> Figures:
    """Every figure environment of the body, in order; sub-figures belong to theirs.

    The last caption is the whole figure's, and so is the label that follows it.
    """
    figures: list[Figure] = []
    opened: str | None = None
    end = ""
    label: str | None = None  # the first after the last caption
    before: str | None = None  # the first of all, for want of that one
    caption = ""
    files: list[str] = []
    n_read = 0
    loose = _LooseFigures(figures, stripper)
    for offset, name in flat.marks:
        if offset < flat.body:
            continue
        if opened is None:
            if name in _READ:
                loose.read(flat, offset, name)
            elif name in _BEGINS:
                opened, label, before, caption, files = name[7:-1], None, None, "", []
                end = f"\\end{{{opened}}}"
            continue
        if name == end:
            figures.append(Figure(label=label or before, caption=caption, files=tuple(files)))
            loose.forget()
            opened = None
            continue
        if name not in _READ:
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
            caption = stripper.strip(value)
            before, label = before or label, None
    return Figures(tuple(figures), whole=n_read <= MAX_VALUES)


class _LooseFigures:
    r"""Figures outside of a figure environment, named by ``\captionof{figure}{..}``.

    Args:
        figures: the list that they are added to, with those of environments.
        stripper: removes remarks and editing marks from captions.
    """

    def __init__(self, figures: list[Figure], stripper: MarkupStripper) -> None:
        self.figures = figures
        self.stripper = stripper
        self.files: list[tuple[int, str]] = []
        self.caption: tuple[int, str] | None = None

    def read(self, flat: FlatText, offset: int, name: str) -> None:
        """Take what one marked command outside of figures says."""
        if len(self.figures) >= MAX_VALUES:
            return
        if name in _GRAPHICS:
            value = _value(flat, offset + len(name), captionof=False)
            self.files = [*self.files[-20:], (offset, _file(value))]
        elif name in ("\\captionof", "\\caption"):
            if _is_figures(flat, offset, name):
                captionof = name == "\\captionof"
                value = _value(flat, offset + len(name), captionof=captionof)
                caption = self.stripper.strip(value)
                near = [file for place, file in self.files if offset - place < MAX_DISTANCE]
                self.figures.append(Figure(label=None, caption=caption, files=tuple(near)))
                self.caption, self.files = (offset, caption), []
        elif name == "\\label" and self.caption is not None:
            place, caption = self.caption
            if offset - place - len(caption) < 100 and self.figures:
                value = _value(flat, offset + len(name), captionof=False)
                last = self.figures[-1]
                self.figures[-1] = last.model_copy(update={"label": value.strip() or None})
            self.caption = None

    def forget(self) -> None:
        """Start anew after a figure environment."""
        self.files, self.caption = [], None


_SET_TYPE = re.compile(
    r"\\captionsetup\s?\{[^{}]{0,80}\btype\s?=\s?figure\b|\\def\s?\\@captype\s?\{figure\}"
)


def _is_figures(flat: FlatText, offset: int, name: str) -> bool:
    r"""Return whether a caption outside of a figure is set as one, by a command or an argument."""
    if name == "\\caption":
        return _SET_TYPE.search(flat.text, max(flat.body, offset - 400), offset) is not None
    kind = flat.argument(flat.after_star(offset + len(name))[1])
    return kind is not None and kind[0].strip() == "figure"


def _value(flat: FlatText, pos: int, *, captionof: bool) -> str:
    _, pos = flat.after_star(pos)
    if captionof:
        kind = flat.argument(pos)
        pos = kind[1] if kind else pos
    for _ in range(2):
        _, pos = flat.option(pos)
    found = flat.printed_argument(pos)
    return found[0][:MAX_CAPTION] if found else ""


def _file(value: str) -> str:
    r"""Return the path in ``\epsfig{file=a.eps,width=..}`` as in ``\includegraphics{a}``."""
    for part in value.split(","):
        key, equals, path = part.partition("=")
        if equals and key.strip() in ("file", "figure"):
            return path.strip()
    return value.strip()
