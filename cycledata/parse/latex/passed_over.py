r"""Commands that set up looks, such as ``\titleformat``: their arguments are read and dropped."""

from cycledata.parse.latex.expand import Expander
from cycledata.parse.latex.known_commands import words
from cycledata.parse.latex.macros import Macro


def heading_font(expander: Expander, _name: str) -> None:
    r"""Sectsty's ``\sectionfont{...}``."""
    expander.input.read_argument()


def new_operator(expander: Expander, name: str) -> None:
    r"""``\DeclareMathOperator{\name}{text}``: mathematics, left in place where it is used."""
    expander.input.read_star()
    expander.read_name()
    for _ in range(2 if "Delimiter" in name else 1):
        expander.input.read_argument()


def title_format(expander: Expander, _name: str) -> None:
    r"""Titlesec's ``\titleformat``, starred or not."""
    if expander.input.read_star():
        expander.read_name()
        expander.input.read_argument()
        return
    expander.read_name()
    expander.input.read_optional()
    for _ in range(4):
        expander.input.read_argument()
    expander.input.read_optional()


def title_spacing(expander: Expander, _name: str) -> None:
    r"""Titlesec's ``\titlespacing``."""
    expander.input.read_star()
    expander.read_name()
    for _ in range(3):
        expander.input.read_argument()
    expander.input.read_optional()


def patch(expander: Expander, name: str) -> None:
    r"""Etoolbox's ``\patchcmd``, ``\apptocmd`` and ``\pretocmd``."""
    expander.input.read_optional()
    expander.read_name()
    for _ in range(4 if name in ("\\patchcmd", "\\xpatchcmd") else 3):
        expander.input.read_argument()


def bibliography_part(expander: Expander, _name: str) -> None:
    r"""Biblatex's ``\\defbibheading{name}[title]{code}`` and ``\\defbibnote{name}{text}``."""
    expander.input.read_argument()
    expander.input.read_optional()
    expander.input.read_argument()


def later_code(expander: Expander, name: str) -> None:
    r"""``\pdfstringdefDisableCommands``, ``\AtBeginEnvironment`` and similar commands.

    What they define is for bookmarks or for one environment, not for the text that follows.
    """
    for _ in range(2 if name in _FOR_ONE_PLACE else 1):
        expander.input.read_argument()


_FOR_ONE_PLACE = words(
    r"\AtBeginEnvironment \AtEndEnvironment \BeforeBeginEnvironment \AfterEndEnvironment "
    r"\AddToHook \AddToHookNext"
)


def new_theorem(expander: Expander, _name: str) -> None:
    r"""``\newtheorem{name}[counter]{Title}[within]``; ``rep@theorem`` is for repeated theorems."""
    expander.input.read_star()
    name = expander.input.read_argument().strip()
    kind = name.rpartition("@")[2]
    if kind != name and kind.isalpha():
        for tag in ("begin", "end"):
            expander.definitions.define(f"\\{tag}{{{name}}}", Macro(f"\\{tag}{{{kind}}}"))
    expander.input.read_optional()
    expander.input.read_argument()
    expander.input.read_optional()
