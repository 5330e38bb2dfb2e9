"""What every control sequence means at the moment, and what the open groups have changed."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cycledata.parse.latex.actions import Action, SavedCommand
from cycledata.parse.latex.input_stack import InputFrame, InputStack
from cycledata.parse.latex.macros import Macro, MacroKind, kind_of


@dataclass(slots=True)
class OpenGroup:
    """What a group has changed, to be restored at its end."""

    name: str
    """Environment, ``\\begingroup`` or ``{``."""
    meanings: dict[str, tuple[Action | None, Macro | None]] = field(default_factory=dict)
    values: dict[str, str | None] = field(default_factory=dict)


class DefinitionTable:
    """Meanings of control sequences, values of switches and counters, and open groups.

    Args:
        base: what each control sequence does before the paper defines its own.
        source: the input, which is searched for the innermost open group.
    """

    def __init__(self, base: Mapping[str, Action], source: InputStack) -> None:
        self.base = base
        self.source = source
        self.actions: dict[str, Action] = dict(base)
        self.macros: dict[str, Macro] = {}
        """Definitions of the paper, those that are not used from here included."""
        self.values: dict[str, str] = {}
        """Counters, toggles and booleans by prefixed name, e.g. ``"if:draft"``."""
        self.conditionals: set[str] = set()
        r"""Names made by ``\\newif``, with their backslash."""
        self.groups: list[OpenGroup] = []
        self.forgotten: set[str] = set()
        r"""Names let to ``\\undefined``."""
        self.next_is_global = False
        r"""True after ``\\global``."""

    def define(self, name: str, macro: Macro, action: Action | None = None) -> None:
        """Give a control sequence a meaning until the group ends."""
        if len(name) < 2:
            return
        if self.source.in_body or self.groups or self.next_is_global:
            group = self._changing_group()
            if group is not None and name not in group.meanings:
                group.meanings[name] = (self.actions.get(name), self.macros.get(name))
        self.macros[name] = macro
        self.actions[name] = action or macro

    def set_value(self, key: str, value: str) -> None:
        """Set a switch or counter until the group ends."""
        group = self._changing_group()
        if group is not None:
            group.values.setdefault(key, self.values.get(key))
        self.values[key] = value

    def forget(self, name: str) -> None:
        """Remove a meaning."""
        self.macros.pop(name, None)
        if name in self.base:
            self.forgotten.add(name)
        else:
            self.actions.pop(name, None)

    # --- Groups ----------------------------------------------------------------------------------

    def _changing_group(self) -> OpenGroup | None:
        r"""Return the innermost open group, or None outside of any and after ``\\global``."""
        if self.next_is_global:
            self.next_is_global = False
            return None
        if self.source.in_body:
            self._open_innermost()
        return self.groups[-1] if self.groups else None

    def _open_innermost(self) -> None:
        """Record the innermost brace or environment as a group, once something changes in it."""
        source = self.source
        for frame in reversed(source.frames[source.floor :]):
            start = frame.innermost()
            if start < 0:
                continue
            end = frame.end_of_group(start)
            source.work.spend((end - start) >> 3 if end > 0 else (len(frame.text) - start) >> 2)
            if end > frame.pos and end not in frame.closing:
                frame.closing.append(end)
                frame.end = end
                self.groups.append(OpenGroup("{"))
            return

    def close_group(self, name: str) -> None:
        """Restore what a group changed; an end without its beginning closes nothing."""
        if not any(group.name == name for group in self.groups[-40:]):
            return
        while self.groups:
            group = self.groups.pop()
            self._restore(group)
            if group.name == name:
                return

    def close_braces(self, frame: InputFrame) -> None:
        """Close the brace groups whose end a frame has reached."""
        while frame.closing and frame.pos >= frame.closing[-1]:
            frame.closing.pop()
            self.close_group("{")
        frame.end = frame.closing[-1] if frame.closing else len(frame.text)

    def _restore(self, group: OpenGroup) -> None:
        for name, (action, macro) in group.meanings.items():
            if action is None:
                self.actions.pop(name, None)
            else:
                self.actions[name] = action
            if macro is None:
                self.macros.pop(name, None)
            else:
                self.macros[name] = macro
        for key, value in group.values.items():
            if value is None:
                self.values.pop(key, None)
            else:
                self.values[key] = value

    # --- Macros ----------------------------------------------------------------------------------

    def acts(self, name: str, depth: int = 0) -> bool:
        """Return whether a control word does anything when read, macros resolved."""
        action = self.actions.get(name)
        if action is None or isinstance(action, SavedCommand):
            return False
        if isinstance(action, Macro):
            return depth < 12 and self.kind(name, action, depth + 1) != "keep"
        return True

    def kind(self, name: str, macro: Macro, depth: int = 0) -> MacroKind:
        """Return what to do with a use of a macro; decided at the first use."""
        if macro.kind is None:
            macro.kind = "keep"  # what a macro that contains itself finds
            macro.kind = kind_of(name, macro, lambda inner: self.acts(inner, depth))
        return macro.kind
