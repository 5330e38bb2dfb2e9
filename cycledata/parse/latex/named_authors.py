r"""Authors who are named again in the text: in contributions, contacts, notes and tables.

The names are those that the commands for authors give. They are masked, not cut, because the
sentence around a name may say something about the work.
"""

import re
from collections.abc import Iterator
from itertools import islice, zip_longest
from typing import NamedTuple

from cycledata.parse.author_names import (
    ADDRESS,
    AFFILIATION,
    MASK,
    certain_names,
    folded_name,
    is_name,
    name_phrases,
    names_pattern,
    with_last_names,
)
from cycledata.parse.latex.flat_text import FlatText
from cycledata.parse.latex.known_commands import words
from cycledata.parse.latex.to_plain_text import readable
from cycledata.records import PaperText

_NAMING = words(
    r"\author \authors \icmlauthor \mlsysauthor \aistatsauthor \authorinfo \Author \AUTHOR "
    r"\AUTHORS \Authors \AuthorNames \IEEEauthorblockN \Name \leadauthor \coauthor "
    r"\alignauthor \jmlrauthors \twoauthors \threeauthors \address"
)
"""Commands whose argument begins with names."""
_ADDRESSING = words(
    r"\author \authors \email \emails \ead \Email \EMAIL \emailAdd \corrEmail "
    r"\icmlcorrespondingauthor \mlsyscorrespondingauthor \corresp \correspondence \thanks"
)
"""Commands that give addresses."""
_STATING = _NAMING | _ADDRESSING
_NEXT_AUTHOR = re.compile(
    r"\\(?:and|And|AND|quad|qquad|hfill|name|IEEEauthorblockN)(?![A-Za-z])"
    r"|\\[hv]space\*?\s?\{[^{}]{0,40}\}"
)
_END_OF_NAMES = re.compile(
    r"(\\\\|\\(?:affil\w{0,10}|email|institute|addr|address|texttt|url|href|IEEEauthorrefmark|newline"
    r"|IEEEauthorblockA)(?![A-Za-z])|\n[ \t]*\n)"
)
_MARK = re.compile(
    r"\$[^$]{0,60}\$|\\[,;!:~ ]|\\(?:textsuperscript|s?thanks|footnote\w{0,6}|inst|orcid\w{0,6})\s?"
    r"\{(?:[^{}]++|\{[^{}]*+\})*+\}"
)
_TABLE = re.compile(r"\\(?:begin|end)\s?\{[^{}]{0,40}\}(?:\[[^\]]{0,20}\])?(?:\{[^{}]{0,60}\})?")
_LOWER = re.compile(r"(?<![\w\\])[a-z]{3,30}(?!\w)")
_HOST = re.compile(r"@\s?[\w-]{1,60}+\s?\.")
_ASCII_LETTERS = re.compile(r"[A-Za-z]+")
MAX_READ = 400_000
"""Characters of all these commands, which may be inside of one another."""
MAX_COMMANDS = 500
"""Commands for authors that are read."""
_LONGEST = 20_000
MAX_BYLINE = 3_000
"""Characters of a ``\\name`` before its ``\\address``."""
_MORE_AUTHORS = {"\\twoauthors": 1, "\\threeauthors": 2}
"""Authors, each with an address, after the first."""


class Stated(NamedTuple):
    """What the commands for authors give."""

    names: tuple[str, ...]
    addresses: tuple[str, ...]

    def last_names(self) -> frozenset[str]:
        """Return how addresses spell the authors: last names of five letters, and whole names."""
        spelled: set[str] = set()
        for name in self.names:
            for form in (name, name.translate(_UMLAUTS)):
                parts = folded_name(form).split()
                if parts:
                    spelled |= {parts[-1], parts[0] + parts[-1], parts[-1] + parts[0]}
        return frozenset(
            name for name in spelled if len(name) > 4 and name.isascii() and name.isalpha()
        )


_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "oe", "å": "aa"})


def authors_again(stated: Stated, paper: PaperText) -> re.Pattern[str] | None:
    """Return an expression for the authors' names and addresses, or None if no text has any."""
    printed, addresses = list(stated.names), stated.addresses
    if not printed and not addresses:
        return None
    sections = (f"{section.title}\n{section.text}" for section in paper.sections)
    captions = (figure.caption for figure in paper.figures)
    whole = "\n".join([paper.abstract, *sections, *captions])
    plain = whole.replace("\n", " ").replace("~", " ")
    printed = [name for name in printed if _may_occur(name, plain)]
    others = list(_addresses(whole))
    if not printed and not others:
        return None
    lower = _LOWER.findall(whole)
    names = certain_names(printed, (), addresses, lower, is_author_command=True)
    known = [address for address in others if address in addresses]
    return names_pattern([*names, *dict.fromkeys([*known, *with_last_names(others, names)])])


def _may_occur(name: str, text: str) -> bool:
    """Return False for a name that is certainly not in a text, at the cost of a search for it."""
    if name.isascii():
        return name in text or name.upper() in text
    longest = max(_ASCII_LETTERS.findall(name), key=len, default="")
    return longest in text or longest.upper() in text


def _addresses(text: str) -> Iterator[str]:
    """Yield the e-mail addresses of a text."""
    after = 0
    for host in _HOST.finditer(text):
        if host.start() >= after:
            found = ADDRESS.search(text, max(after, host.start() - 200), host.end() + 100)
            if found:
                after = found.end()
                yield found[0]


def read_authors(flat: FlatText) -> Stated:
    """Return the names and the addresses in the commands for authors."""
    names: dict[str, None] = {}
    addresses: list[str] = []
    commands = (mark for mark in flat.marks if mark[1] in _STATING)
    left = MAX_READ
    for offset, command in islice(commands, MAX_COMMANDS):
        _, pos = flat.after_star(offset + len(command))
        whole = flat.argument(flat.option(pos)[1])
        argument = whole[0][:_LONGEST] if whole else ""
        if command == "\\address":
            argument = _name_before(flat, offset)
        for _ in range(_MORE_AUTHORS.get(command, 0)):
            place = flat.argument(whole[1]) if whole else None
            whole = flat.argument(place[1]) if place else None
            argument += f"\\and {whole[0]}" if whole else ""
        left -= len(argument)
        if left < 0:
            break
        if "@" in argument:
            addresses += ADDRESS.findall(argument)
        if command in _NAMING:
            names |= dict.fromkeys(_names(argument))
    return Stated(tuple(names), tuple(addresses))


def _name_before(flat: FlatText, address: int) -> str:
    r"""Return the names in ``\\name{..} \\address{..}``, the form of signal processing venues."""
    start = flat.text.rfind("\\name{", max(0, address - MAX_BYLINE), address)
    group = flat.group(start + len("\\name")) if start >= 0 else None
    if group is None or flat.after_space(group.end + 1) != address:
        return ""
    return flat.text[group.start : group.end]


def _names(argument: str) -> Iterator[str]:
    r"""Yield the full names in an argument of ``\author``: before affiliations and notes.

    A further line of one author's part has names if an address follows, or as long as every line
    is nothing but names: several, or with marks.
    """
    for part in _NEXT_AUTHOR.split(_TABLE.sub(" ", argument)):
        is_first, is_list, is_marked = True, True, False
        pieces = _END_OF_NAMES.split(part)
        for line, end in zip_longest(pieces[::2], pieces[1::2], fillvalue=""):
            if not line.strip(" {}\n\t%"):
                continue
            plain, n_marks = _MARK.subn(", ", line)
            plain = readable(plain)
            affiliation = AFFILIATION.search(plain)
            phrases = name_phrases(plain[: affiliation.start()] if affiliation else plain)
            names = [phrase for phrase in phrases if is_name(phrase)]
            only_names = not affiliation and len(names) == sum(map(bool, phrases))
            several = len(names) > 1 or (is_marked and n_marks > 0)
            is_list = is_list and (is_first or (only_names and several))
            if is_list or (only_names and end == "\\email"):
                yield from names
            is_first, is_marked = False, is_marked or n_marks > 0


def without_authors(paper: PaperText, again: re.Pattern[str]) -> PaperText:
    """Return a paper in whose texts the authors' names and addresses are masked."""
    sections = (
        section.model_copy(
            update={"title": again.sub(MASK, section.title), "text": again.sub(MASK, section.text)}
        )
        for section in paper.sections
    )
    figures = (
        figure.model_copy(update={"caption": again.sub(MASK, figure.caption)})
        for figure in paper.figures
    )
    return paper.model_copy(
        update={
            "abstract": again.sub(MASK, paper.abstract),
            "sections": tuple(sections),
            "figures": tuple(figures),
        }
    )
