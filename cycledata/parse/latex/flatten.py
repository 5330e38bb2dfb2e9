"""A main file and its archive as one flat text."""

from collections.abc import Mapping
from posixpath import dirname

from cycledata.parse.latex.commands import BASE
from cycledata.parse.latex.expand import Expander, FuelSpent, Literal
from cycledata.parse.latex.flat_text import Flat
from cycledata.parse.latex.input_stack import Frame
from cycledata.parse.latex.macro_calls import use_macro
from cycledata.parse.latex.macros import Macro


def flatten(texts: Mapping[str, str], main: str, names: tuple[str, ...] = ()) -> Flat:
    r"""Read a paper from its main file as TeX would.

    Args:
        texts: decoded members by path.
        main: path of the file that TeX is started on.
        names: members that hold no text, for ``\IfFileExists``.
    """
    x = Expander(
        texts,
        dict(BASE),
        use=use_macro,
        base=BASE,
        root=dirname(main),
        names=frozenset(names),
        lower_names={path.lower(): path for path in texts},
    )
    x.push_file(main)
    for _ in range(3):
        try:
            x.run()
            break
        except FuelSpent:
            x.warn("expansion-limit", "macros expand without end; the rest is read without them")
            without_macros(x)
    return Flat(
        text="".join(x.out),
        marks=x.marks,
        body=x.body,
        files=x.files,
        starts=x.starts,
        origins=x.origins,
        kept={
            name: macro.body
            for name, macro in x.macros.items()
            if not (macro.n_args or macro.pattern or macro.spec) and len(macro.body) < 500
        },
        notes=frozenset(x.notes),
        warnings=x.warnings,
    )


def without_macros(x: Expander) -> None:
    """Go on with the files alone, every user's macro left in place."""
    files: list[Frame] = [frame for frame in x.stack if not frame.fixed]
    x.stack[:] = files
    x.floor = 0
    for name, action in list(x.table.items()):
        if isinstance(action, Macro | Literal):
            del x.table[name]
    x.fuel = sum(len(frame.text) for frame in files) // 4 + 100_000
