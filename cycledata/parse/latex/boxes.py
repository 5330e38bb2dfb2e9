r"""Boxes that a paper defines: ``\newtcolorbox{tip}[2][]{title=#2, ..}`` and ``\begin{tip}{A}``."""

from cycledata.parse.latex.argument_kinds import argument_kinds
from cycledata.parse.latex.definitions import read_signature
from cycledata.parse.latex.expand import Expander
from cycledata.parse.latex.known_commands import KNOWN_ENVIRONMENTS
from cycledata.parse.latex.macro_calls import read_call
from cycledata.parse.latex.macros import Macro
from cycledata.parse.latex.page_layout import printed_options
from cycledata.parse.latex.tokens import without_comments


def new_box(expander: Expander, name: str) -> None:
    r"""``\newtcolorbox[..]{tip}[n][default]{options}``, ``\NewTColorBox{tip}{o m}{options}``."""
    source = expander.input
    source.read_optional()
    target = source.read_argument().strip()
    if name.endswith("newtcolorbox"):
        n_args, default = read_signature(expander)
        macro = Macro("", n_args, default)
    else:
        macro = Macro("", spec=argument_kinds(source.read_argument()))
    macro.body = without_comments(source.read_argument())
    if target.isalnum() and target not in KNOWN_ENVIRONMENTS:
        expander.definitions.define(f"\\begin{{{target}}}", macro, begin_box)


def begin_box(expander: Expander, token: str) -> None:
    """Write the beginning of a box with the title that the page shows."""
    macro = expander.definitions.macros[token]
    options = macro.replaced(read_call(expander, macro) or [])
    expander.emit(token, at=expander.at)
    frame = expander.input.frames[-1]
    space = "\n" if frame.text[frame.pos - 1 : frame.pos].isspace() else ""
    expander.input.push(printed_options("tcolorbox", options) + space)
