r"""Names that take the meaning of others: ``\let``, ``\futurelet``, ``\letcs`` and the like."""

from collections.abc import Callable
from types import FunctionType

from cycledata.parse.latex.actions import Action, SavedCommand
from cycledata.parse.latex.conditionals import is_conditional
from cycledata.parse.latex.expand import Expander
from cycledata.parse.latex.macros import Macro
from cycledata.parse.latex.tokens import CONTROL


def let(expander: Expander, _name: str) -> None:
    r"""``\let\new=\old``: the new name takes what the old one means now."""
    target = expander.read_name()
    frame = expander.input.next_frame()
    if frame is None or not target:
        return
    if frame.text[frame.pos] == "=":
        frame.pos += 1
        frame = expander.input.next_frame()
        if frame is None:
            return
    if frame.text[frame.pos] != "\\":
        expander.definitions.define(target, Macro(frame.text[frame.pos]))
        frame.pos += 1
        return
    source = expander.read_name()
    assign(expander, target, source)


def let_pair(expander: Expander) -> None:
    """Read two control sequences and give the first the meaning of the second."""
    target = expander.read_name()
    assign(expander, target, expander.read_name())


def future_let(expander: Expander, _name: str) -> None:
    r"""``\futurelet\next\act c``: ``\next`` takes what ``c`` means, then ``\act`` acts on it."""
    target, actor = expander.read_name(), expander.read_name()
    frame = expander.input.next_frame(inline=True)
    if frame is not None and target:
        source = CONTROL.match(frame.text, frame.pos)
        if source is None:
            char = frame.text[frame.pos]
            expander.definitions.define(target, Macro(char), SavedCommand(char))
        else:
            assign(expander, target, source[0])
    expander.input.push(actor)


def assign(expander: Expander, target: str, source: str) -> None:
    """Give ``target`` the present meaning of ``source``."""
    if not target or not source or target == source or target == "\\\\":  # a table's line end
        return
    if target in expander.definitions.base and expander.input.frames[-1].in_style:
        return
    meaning: Action | None = expander.definitions.actions.get(source)
    macro = expander.definitions.macros.get(source)
    if source in ("\\undefined", "\\@undefined"):
        expander.definitions.forget(target)
    elif source in ("\\relax", "\\@empty", "\\empty", "\\@gobble", "\\@firstofone"):
        bodies = {"\\@gobble": ("", 1), "\\@firstofone": ("#1", 1)}
        expander.definitions.define(target, Macro(*bodies.get(source, ("", 0))))
    elif source in ("\\iftrue", "\\iffalse"):
        expander.definitions.conditionals.add(target)
        expander.definitions.set_value("if:" + target[3:], source[3:])
        expander.definitions.actions[target] = expander.definitions.actions[source]
    elif source in expander.definitions.conditionals and target.startswith("\\if"):
        expander.definitions.conditionals.add(target)
        switch = expander.definitions.values.get("if:" + source[3:], "false")
        expander.definitions.set_value("if:" + target[3:], switch)
        expander.definitions.define(target, Macro(source), meaning)
    elif meaning is None:
        expander.definitions.define(target, macro or Macro(source), macro or SavedCommand(source))
    else:
        if isinstance(meaning, FunctionType):
            meaning = _renamed(meaning, source)
            if is_conditional(expander, source[1:]):
                expander.definitions.conditionals.add(target)
        expander.definitions.define(target, macro or Macro(source), meaning)


def _renamed(action: Callable[[Expander, str], None], name: str) -> Action:
    r"""Return an action that acts as under its first name: ``\let\oldgls\gls``."""

    def act(expander: Expander, _alias: str) -> None:
        action(expander, name)

    return act


def let_name(expander: Expander, name: str) -> None:
    r"""Etoolbox's ``\letcs``, ``\cslet`` and ``\csletcs``, and ``\NewCommandCopy``."""
    if name.startswith("\\cs"):
        target = "\\" + expander.expanded(expander.input.read_argument()).strip()
    else:
        target = expander.read_name()
    if name.endswith("cs"):
        source = "\\" + expander.expanded(expander.input.read_argument()).strip()
    else:
        source = expander.read_name()
    assign(expander, target, source)
