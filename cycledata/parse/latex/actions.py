"""What a control sequence does when it is read: the values of the definition table."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cycledata.parse.latex.macros import Macro

if TYPE_CHECKING:
    from cycledata.parse.latex.expand import Expander


@dataclass(frozen=True, slots=True)
class MarkedCommand:
    """A command that stays in the flat text under this name, with its position recorded."""

    name: str


@dataclass(frozen=True, slots=True)
class SavedCommand:
    r"""A saved command (``\let\old\textbf``) that is written to the flat text by its first name."""

    name: str


Action = Callable[["Expander", str], None] | MarkedCommand | SavedCommand | Macro
