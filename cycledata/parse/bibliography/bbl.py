r"""Bibliographies as LaTeX prints them: .bbl files and thebibliography in the text.

Three families: what biblatex writes (fields), styles that mark fields in the printed
text (REVTeX, ACM: ``\bibinfo``), and plain print, where the title is found by the habits of the
common styles: after the authors' ``\newblock``, in quotation marks, or after the year.
"""

import re
from collections.abc import Iterator
from itertools import chain, islice, pairwise

from cycledata.formats.braces import bracket_end, group_contents, group_end
from cycledata.parse.bibliography.entry import (
    bibtex_of,
    entry_of_fields,
    entry_of_text,
    year_in,
)
from cycledata.parse.bibliography.printed_title import printed_title
from cycledata.records import BibEntry

MAX_ENTRY = 8_000
"""Characters of one printed entry; what follows is not an entry any more."""
MAX_PRINTED = 2 * 2**20
"""Characters from the first printed entry on."""
MAX_ENTRIES = 10_000
"""Printed entries of one text."""

_ITEM = re.compile(r"\\(?:bibitem|rbibitem)(?![A-Za-z])\s*+")
_COMMENTS = re.compile(r"(?<!\\)%[^\n]*+\n?")
_AMSREFS = re.compile(r"\\bib\s*+\{([^{}]{1,300})\}\s*+\{(\w{1,40})\}\s*+(?=\{)")
_AMSREFS_FIELD = re.compile(r"(?<![A-Za-z])([A-Za-z]{2,20})\s*+=\s*+(?=\{)")
_HARVARD = re.compile(r"\\harvarditem(?![A-Za-z])\s*+")
_KEY = re.compile(r"\s*+(?:%[^\n]*+\s*+)*+\{([^{}]{1,300})\}")
_END = re.compile(
    r"\\end\s*\{\w{0,9}thebibliography\}|\\(?:BIBdecl|endthebibliography|alphabibitem)(?![A-Za-z])"
)
_BIBLATEX_ENTRY = re.compile(r"\\entry\{([^{}]{1,300})\}\{(\w{1,40})\}")
_BIBLATEX_FIELD = re.compile(r"\\(field|strng|verb)\{(\w{1,40})\}")
_MARKED_YEAR = re.compile(r"\\(?:bibinfo\s*\{year\}|bibinfo\s*\{date\})\s*\{[^{}]{0,20}?(\d{4})")


def printed_entries(text: str) -> Iterator[BibEntry]:
    """Entries of a .bbl, or of text with a thebibliography in it, in their order."""
    for start, body in _pieces(_BIBLATEX_ENTRY, text):
        yield _biblatex_entry(start, body)
    for _, body in _pieces(_ITEM, text):
        entry = _printed_entry(body)
        if entry is not None:
            yield entry
    for start, body in _pieces(_AMSREFS, text):
        yield _amsrefs_entry(start, body)
    for _, body in _pieces(_HARVARD, text):
        entry = _harvard_entry(body)
        if entry is not None:
            yield entry


def _pieces(start: re.Pattern[str], text: str) -> Iterator[tuple[re.Match[str], str]]:
    """Each match with the text from its end to the next match, or as much of it as may be read."""
    first = start.search(text)
    if first is None:
        return
    stop = min(len(text), first.start() + MAX_PRINTED)
    found = islice(start.finditer(text, first.start(), stop), MAX_ENTRIES)
    for this, following in pairwise(chain(found, [None])):
        if this is not None:
            end = following.start() if following else stop
            yield this, text[this.end() : min(end, this.end() + MAX_ENTRY)]


def _biblatex_entry(start: re.Match[str], body: str) -> BibEntry:
    fields: dict[str, str] = {}
    at = 0
    while found := _BIBLATEX_FIELD.search(body, at):
        at = found.end()
        if found[1] == "verb":
            value = body[at : at + 500].partition("\\verb ")[2].partition("\n")[0]
        else:
            value = group_contents(body, at, limit=MAX_ENTRY)
            at += len(value)
        if value:
            fields.setdefault(found[2].lower(), value.strip("% \n"))
        elif not body.startswith("{}", at):
            break
    if authors := _biblatex_names(body):
        fields["author"] = authors
    own = {name: value for name, value in fields.items() if not _is_biblatex_own(name)}
    return entry_of_fields(start[1], fields, bibtex_of(start[2], start[1], own))


def _biblatex_names(body: str) -> str:
    """Return the authors as BibTeX writes them; ``""`` if the entry names none."""
    block = re.search(r"\\name\{author\}\{\d{1,4}\}\{[^{}]{0,99}\}", body)
    names: list[str] = []
    for part in (
        _NAME_PART.finditer(group_contents(body, block.end(), limit=MAX_ENTRY)) if block else ()
    ):
        value = group_contents(part.string, part.end(), limit=MAX_ENTRY)
        if part[1] == "family":
            names.append(value)
        elif names:
            names[-1] += f", {value}"
    return " and ".join(names)


_NAME_PART = re.compile(r"\b(family|given)=(?=\{)")


def _is_biblatex_own(name: str) -> bool:
    """Return whether a field is one that biblatex adds for itself."""
    return name.startswith(("sort", "label", "extra")) or name.endswith(("hash", "raw", "source"))


def _printed_entry(after_item: str) -> BibEntry | None:
    r"""Return the entry after a \bibitem, or None if no key follows."""
    at = 0
    label = ""
    if after_item.startswith("["):
        at = max(bracket_end(after_item, 0, limit=MAX_ENTRY), 0)
        label = after_item[1 : at - 1]
    key = _KEY.match(after_item, at)
    if not key:
        return None
    printed = _END.split(after_item[key.end() :], maxsplit=1)[0]
    printed = _COMMENTS.sub("", printed).strip()
    name = " ".join(_COMMENTS.sub("", key[1]).split())
    title = printed_title(printed)
    year = year_in(_COMMENTS.sub("", label)) or _printed_year(printed, title)
    return entry_of_text(name, title, year, printed)


def _amsrefs_entry(start: re.Match[str], body: str) -> BibEntry:
    r"""Read the entry after ``\bib{key}{kind}``, whose fields are written as in BibTeX."""
    inside = group_contents(body, 0, limit=MAX_ENTRY)
    fields: dict[str, str] = {}
    for found in islice(_AMSREFS_FIELD.finditer(inside), 100):
        name, value = found[1].lower(), group_contents(inside, found.end(), limit=MAX_ENTRY)
        if name == "author" and name in fields:
            value = f"{fields.pop(name)} and {value}"
        fields.setdefault("year" if name == "date" else name, value)
    return entry_of_fields(start[1], fields, bibtex_of(start[2], start[1], fields))


def _harvard_entry(after_item: str) -> BibEntry | None:
    r"""Read the entry after ``\harvarditem[short]{long}{year}{key}``; None if no key follows."""
    at = max(bracket_end(after_item, 0, limit=MAX_ENTRY), 0) if after_item[:1] == "[" else 0
    parts: list[str] = []
    while len(parts) < 3:
        start = after_item.find("{", at, at + 20)
        end = group_end(after_item, start, limit=MAX_ENTRY) if start >= 0 else -1
        if end < 0:
            return None
        parts.append(after_item[start + 1 : end - 1])
        at = end
    printed = _COMMENTS.sub("", _END.split(after_item[at:], maxsplit=1)[0]).strip()
    title = printed_title(printed)
    year = year_in(parts[1]) or _printed_year(printed, title)
    return entry_of_text(" ".join(parts[2].split()), title, year, printed)


def _printed_year(printed: str, title: str | None) -> int | None:
    """Return the year that an entry prints outside of its title, or else in it."""
    marked = _MARKED_YEAR.search(printed)
    if marked:
        return int(marked[1])
    text = " ".join(_without_ids(printed).split())
    outside = text.replace(title, " ") if title else text
    return year_in(outside) or year_in(text)


def _without_ids(printed: str) -> str:
    """Return the text without links and arXiv ids, whose digits look like years."""
    return re.sub(
        r"https?://[^\s{}]{1,300}|\d{4}\.\d{4,5}|(?:\bpp?\.[~ ]?)?\d{1,5}\s?-{1,2}\s?\d{1,5}"
        r"|\bpp?\.[~ ]?\d++",
        " ",
        printed,
    )
