"""A main file and its archive as one flat text."""

from collections.abc import Mapping
from posixpath import basename, dirname

from cycledata.parse.latex.actions import SavedCommand
from cycledata.parse.latex.commands import BASE
from cycledata.parse.latex.expand import Expander
from cycledata.parse.latex.flat_text import FlatText, TextSpan, merged_spans
from cycledata.parse.latex.input_stack import InputFrame
from cycledata.parse.latex.macro_calls import use_macro
from cycledata.parse.latex.macros import Macro
from cycledata.parse.latex.string_tests import warn_of_unknown
from cycledata.parse.latex.work import FuelSpent

_PRINTED = {
    "\\matmethods": Macro("\\section*{Materials and Methods}#1", 1),
}
"""Commands of PNAS's class, whose copy in an archive is not read."""


def flatten(texts: Mapping[str, str], main: str, names: tuple[str, ...] = ()) -> FlatText:
    r"""Read a paper from its main file as TeX would.

    Args:
        texts: decoded members by path.
        main: path of the file that TeX is started on.
        names: members that hold no text, for ``\IfFileExists``.
    """
    expander = Expander(texts, root=dirname(main), base=BASE, use_macro=use_macro)
    expander.input.other_members = frozenset(names)
    stem = basename(main).rpartition(".")[0] or basename(main)
    expander.definitions.macros["\\jobname"] = Macro(stem)
    expander.definitions.actions["\\jobname"] = Macro(stem)
    for name, macro in _PRINTED.items():
        expander.definitions.macros[name] = expander.definitions.actions[name] = macro
    expander.input.push_file(main)
    for _ in range(3):
        try:
            expander.run()
            break
        except FuelSpent:
            expander.work.warn(
                "expansion-limit", "macros expand without end; the rest is read without them"
            )
            without_macros(expander)
    text = "".join(expander.output.pieces)
    warn_of_unknown(expander, text)
    # They refer to the expander; without that cycle its memory is freed on return.
    del expander.input.close_groups, expander.input.end_of_file
    return FlatText(
        text=text,
        marks=expander.output.marks,
        body=expander.output.body,
        files=expander.input.files,
        starts=expander.output.starts,
        origins=expander.output.origins,
        macros=expander.definitions.macros,
        notes=merged_spans(TextSpan(start, end) for start, end in expander.output.notes),
        own_names=frozenset(expander.definitions.macros),
        written=expander.input.written,
        short_verbs=expander.all_short_verbs,
        verbatim_names=frozenset(expander.verbatim_names),
        warnings=expander.work.warnings,
    )


def without_macros(expander: Expander) -> None:
    """Go on with the files alone, every user's macro left in place."""
    for frame in reversed(expander.input.frames):
        if frame.fixed and frame.close:
            frame.close()
    files: list[InputFrame] = [frame for frame in expander.input.frames if not frame.fixed]
    expander.input.frames[:] = files
    expander.input.floor = 0
    for name, action in list(expander.definitions.actions.items()):
        if isinstance(action, Macro | SavedCommand):
            del expander.definitions.actions[name]
    expander.work.fuel = sum(len(frame.text) for frame in files) // 4 + 100_000
