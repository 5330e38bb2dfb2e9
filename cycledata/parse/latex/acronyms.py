r"""Acronyms and glossary entries of the packages acronym, acro and glossaries.

``\newacronym{rl}{RL}{reinforcement learning}`` makes ``\gls{rl}`` print "reinforcement learning
(RL)" once and "RL" from then on. A key that the paper does not define stays as it is written, with
a warning.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Literal

from cycledata.formats.braces import group_contents, group_end
from cycledata.parse.latex.known_commands import words
from cycledata.parse.latex.tokens import is_live, without_comments

if TYPE_CHECKING:
    from cycledata.parse.latex.expand import Expander

PACKAGES = words("acronym acro glossaries glossaries-extra")
"""Packages whose commands print acronyms."""
MAX_ACRONYMS = 2_000
"""Entries of one paper."""
_MAX_LONG = 1_000
"""Characters of a long form in a list."""
_USE = re.compile(
    r"(?:[ \t]*+[*+])?+[ \t]*+(?:\[[^\[\]{}]{0,200}+\])?+[ \t]*+\{([^{}\\%]{1,100}+)\}"
)
_INSERT = re.compile(r"\[([^\[\]{}]{0,100}+)\]")
_OPTION = re.compile(r"\s*+,?+\s*+([A-Za-z@-]{1,40}+)\s*+=\s*+")
_LISTED = re.compile(
    r"\\(?:new)?acro(?:def)?\s*+\{([^{}]{1,100}+)\}\s*+(?:\[([^\[\]]{0,200}+)\])?\s*+(?=\{)"
)
_SHORT_PLURALS = ("shortplural", "short-plural-form", "plural")
_LONG_PLURALS = ("longplural", "long-plural-form", "firstplural")


@dataclass(slots=True)
class Acronym:
    """One entry, and whether it was printed before."""

    short: str
    long: str
    """Long form; empty for an entry that has one form only."""
    short_plural: str
    long_plural: str
    is_used: bool = False


@dataclass(slots=True)
class AcronymTable:
    """Entries of a paper by key."""

    entries: dict[str, Acronym] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)
    """Keys used without a definition."""
    lists_read: bool = False
    r"""True once the lists (``\acro``) of the archive were read."""


Part = Literal["whole", "short", "long", "full"]


@dataclass(frozen=True, slots=True)
class _Form:
    """What a command prints."""

    part: Part
    """``whole`` is the full form at the first use and the short one later."""
    plural: bool
    capital: bool


_COMMANDS: dict[Part, str] = {
    "whole": "gls ac",
    "short": "acrshort glsxtrshort glsentryshort glsentryname glsentrytext glsname glstext "
    "acs acsu",
    "long": "acrlong glsxtrlong glsentrylong acl aclu",
    "full": "acrfull glsxtrfull glsentryfull glsfirst acf acfi",
}


def _spellings(name: str) -> Iterable[tuple[str, bool, bool]]:
    """Yield the names of a command with whether it prints a plural and a capital."""
    for plural in (False, True):
        ending = ("pl" if name.startswith(("gls", "acr")) else "p") if plural else ""
        yield f"\\{name}{ending}", plural, False
        for capital in (name.capitalize(), name.upper()):
            yield f"\\{capital}{ending}", plural, True


_FORMS = {
    spelled: _Form(part, plural, capital)
    for part, names in _COMMANDS.items()
    for name in names.split()
    for spelled, plural, capital in _spellings(name)
}


# --- Definitions ---------------------------------------------------------------------------------


def new_acronym(expander: "Expander", _name: str) -> None:
    r"""``\newacronym[options]{key}{short}{long}``."""
    options = _options(expander.input.read_optional() or "")
    key, short, long = (without_comments(expander.input.read_argument()) for _ in range(3))
    _store(expander, key, short, long, options)


def new_entry(expander: "Expander", name: str) -> None:
    r"""``\newglossaryentry{key}{name=..., plural=...}`` and ``\DeclareAcronym``."""
    key = expander.input.read_argument()
    options = _options(without_comments(expander.input.read_argument()))
    if name == "\\longnewglossaryentry":
        expander.input.read_argument()
    short = options.get("short") or options.get("text") or options.get("name", "")
    _store(expander, key, short, options.get("long") or options.get("first", ""), options)


def define_acronym(expander: "Expander", _name: str) -> None:
    r"""``\acrodef{key}[short]{long}`` and ``\newacro``."""
    key = expander.input.read_argument()
    short = expander.input.read_optional()
    _store(expander, key, short or key, without_comments(expander.input.read_argument()), {})


def activate(expander: "Expander") -> None:
    """Let the commands print acronyms, except those that the paper defines itself."""
    definitions = expander.definitions
    for name in _FORMS:
        if name not in definitions.macros:
            definitions.actions.setdefault(name, print_acronym)
    for name in ("\\glsresetall", "\\acresetall"):
        definitions.actions.setdefault(name, _reset_all)
    definitions.actions.setdefault("\\glsentrytitlecase", _print_titlecase)


def _store(expander: "Expander", key: str, short: str, long: str, options: dict[str, str]) -> None:
    activate(expander)
    acronyms = expander.acronyms.entries
    short = short or long
    if not key.strip() or not short or len(acronyms) >= MAX_ACRONYMS:
        return
    short_plural = _plural(short, options, _SHORT_PLURALS)
    long_plural = _plural(long, options, _LONG_PLURALS)
    acronyms.setdefault(key.strip(), Acronym(short, long, short_plural, long_plural))


def _plural(text: str, options: dict[str, str], names: tuple[str, ...]) -> str:
    stated = next((options[name] for name in names if name in options), "")
    return stated or text + "s" * bool(text)


def _options(text: str) -> dict[str, str]:
    """Return the options ``key=value`` of a list; a value in braces may contain commas."""
    found: dict[str, str] = {}
    pos = 0
    while (match := _OPTION.match(text, pos)) and len(found) < 50:
        pos = match.end()
        in_braces = text[pos : pos + 1] == "{"
        end = group_end(text, pos) if in_braces else text.find(",", pos)
        end = end if end > 0 else len(text)
        found[match[1]] = text[pos + 1 : end - 1] if in_braces else text[pos:end].strip()
        pos = end
    return found


# --- Uses ----------------------------------------------------------------------------------------


def print_acronym(expander: "Expander", name: str) -> None:
    r"""``\gls[options]{key}[insert]``, ``\ac{key}`` and the commands for one part."""
    acronym = _read_use(expander, name)
    if acronym is None:
        return
    form = _FORMS[name]
    insert = ""
    frame = expander.input.frames[-1]
    inserted = _INSERT.match(frame.text, frame.pos)
    if inserted and name[1:4].lower() == "gls":
        frame.pos, insert = inserted.end(), inserted[1]
    expander.input.push(_text(acronym, form, insert))
    if form.part in ("whole", "full"):
        acronym.is_used = True


def _print_titlecase(expander: "Expander", name: str) -> None:
    r"""``\glsentrytitlecase{key}{field}``."""
    acronym = _read_use(expander, name)
    if acronym is not None:
        field = expander.input.read_argument().strip()
        text = acronym.long if field == "long" and acronym.long else acronym.short
        expander.input.push(" ".join(word[:1].upper() + word[1:] for word in text.split(" ")))


def _read_use(expander: "Expander", name: str) -> Acronym | None:
    """Read a key; write the command as it is and return None for one that has no definition."""
    frame = expander.input.frames[-1]
    use = _USE.match(frame.text, frame.pos)
    key = use[1].strip() if use else ""
    table = expander.acronyms
    acronym = table.entries.get(key)
    if use and acronym is None:
        acronym = _listed(expander, key)
    if use is None or acronym is None:
        if use and key not in table.missing:
            table.missing.add(key)
            expander.work.warn("missing-acronym", f"{name}{{{key}}} has no definition")
        expander.emit(name, at=expander.at)
        return None
    frame.pos = use.end()
    return acronym


def _listed(expander: "Expander", key: str) -> Acronym | None:
    r"""Return what a list defines, which may come later: ``\acro{key}[short]{long}``."""
    table = expander.acronyms
    if not table.lists_read:
        table.lists_read = True
        for path, text in expander.input.texts.items():
            if "acro" not in text or not path.endswith(".tex"):
                continue
            expander.work.spend(len(text) >> 4)
            for match in islice(_LISTED.finditer(text), MAX_ACRONYMS):
                if is_live(text, match.start()):
                    long = group_contents(text, match.end(), limit=_MAX_LONG)
                    _store(expander, match[1], match[2] or match[1], without_comments(long), {})
    return table.entries.get(key)


def _text(acronym: Acronym, form: _Form, insert: str) -> str:
    short = acronym.short_plural if form.plural else acronym.short
    long = acronym.long_plural if form.plural else acronym.long
    part = form.part
    if part == "whole":
        part = "short" if acronym.is_used else "full"
    if not long or part == "short":
        text = short + insert
    elif part == "long":
        text = long + insert
    else:
        text = f"{long}{insert} ({short})"
    return text[:1].upper() + text[1:] if form.capital else text


def _reset_all(expander: "Expander", _name: str) -> None:
    r"""``\glsresetall``: every next use is a first one again."""
    for acronym in expander.acronyms.entries.values():
        acronym.is_used = False
