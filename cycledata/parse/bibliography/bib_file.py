"""Entries of .bib files, as BibTeX finds them and bibtexparser reads them.

The code around the library adds behavior of BibTeX that it lacks: keys match in any
case, the first of two entries with one key counts, an entry with a broken field still resolves its
key, macros and ``crossref`` are followed. Each entry is cut out and read on its own, so a broken
one harms no other, and only the wanted ones are read at all.
"""

import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, pairwise

from bibtexparser.entrypoint import parse_string
from bibtexparser.model import DuplicateFieldKeyBlock, Entry

from cycledata.parse.bibliography.entry import bibtex_of, entry_of_fields
from cycledata.records import BibEntry, ParseWarning

# What the library warns of is reported in ours, by key.
logging.getLogger("bibtexparser").setLevel(logging.CRITICAL)

MAX_ENTRY = 64 * 2**10
"""Characters of one entry; the longest real one seen, with an abstract, has 6,000."""
MAX_ENTRIES = 150_000
"""Entries of one file; the whole ACL Anthology, which some papers bring along, has 110,000."""
MAX_STEPS = 700_000
"""Steps of the library over all wanted entries: about 160 per entry, 60 for any contents."""
MAX_XDATA = 10
"""Names in one ``xdata`` field."""
MAX_MACRO = 2_000
"""Characters of a @string once the macros in it are replaced: they can double each other."""

_START = re.compile(r"@[ \t]*+(\w++)\s*+[{(]\s*+([^\s,}]*+)")
_IDS = re.compile(r"(?<![A-Za-z])(?:ids|IDS)\s*+=\s*+[{\"]([^{}\"]{1,2000})[}\"]")
_STEPS = '{}",=\n'
"""Characters that the library stops at."""
_MARK = re.compile(r"[{}\"#]")
_MACRO_NAME = re.compile(r"@\s*+\w++\s*+[{(]\s*+([^\s={}\"#]++)\s*+=")
_KNOWN = (
    r"(?:author|title|year|journal|booktitle|volume|number|pages|publisher|editor|month|note|url"
    r"|doi|eprint|archiveprefix|primaryclass|organization|institution|school|address|series|date)"
)
_FIELD_INSIDE = re.compile(rf"\n[ \t]*+{_KNOWN}[ \t]*+=[ \t]*+[{{\"\w]", re.IGNORECASE)
_FIELD = re.compile(r"(?<=[\s,])([A-Za-z][\w\-]{0,40}+)\s*+=\s*+(?=[{\"\w])")
_IN_BRACES = r"\{(?:[^{}\\]++|\\[^{}])*+\}"
_BRACED = r"\{(?:[^{}\\]++|\\[^{}]|\{(?:[^{}\\]++|\\[^{}]|" + _IN_BRACES + r")*+\})*+\}"
_USUAL_FIELD = re.compile(
    rf"\s*+,\s*+([A-Za-z][\w-]*+)\s*+=\s*+({_BRACED}|\"(?:[^\"{{}}\\]++|{_IN_BRACES})*+\"|\w++)"
    r"(?=\s*+[,}])"
)
"""A field in the usual form: no escaped brace, at most three levels of braces, no ``#``."""
_USUAL_END = re.compile(r"\s*+,?\s*+\}")
_NOT_PRINTED = frozenset(["abstract", "annote", "annotation", "file"])
"""Fields that no style prints: the cited work's own abstract, which is not the citing paper's to
pass on, a reader's notes, and paths on a reader's disk."""
_PREDEFINED = frozenset(
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
)
_JOINT = re.compile(r"\s*+#\s*+(?=\S)")
"""Between two parts of a value."""


@dataclass(slots=True)
class BibFiles:
    """The .bib files of one paper: positions of all entries, and the requested ones parsed."""

    wanted: Mapping[str, str] | None
    """Cited key by its lower case; None for every entry."""
    chunks: dict[str, str] = field(default_factory=dict)
    """Each entry's text, to where the next one begins, by its key in lower case."""
    macros: dict[str, str] = field(default_factory=dict)
    """Values of @string by name in lower case."""
    repeated: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    n_steps: int = 0

    def add(self, text: str) -> None:
        """Index one file; of two entries with one key the first counts, as in BibTeX."""
        starts = _START.finditer(text)
        for number, (found, following) in enumerate(pairwise(chain(starts, [None]))):
            if found is None:
                return
            if number == MAX_ENTRIES:
                self.unread.append(f"{found[2]} and what follows")
                return
            kind, key = found[1].lower(), found[2].lower()
            end = min(following.start() if following else len(text), found.start() + MAX_ENTRY)
            if kind in ("comment", "preamble") or not (key or kind == "string"):
                continue
            if kind == "string":
                self._define(text[found.start() : end])
            elif key not in self.chunks:
                self.chunks[key] = text[found.start() : end]
            elif self.wanted is None or key in self.wanted:
                self.repeated.append(found[2])

    def entries(self) -> Iterator[BibEntry]:
        """Return the wanted entries in the files' order, under the keys they are cited by."""
        if self.wanted is not None:
            self._add_aliases(self.wanted)
        for key, chunk in self.chunks.items():
            if self.wanted is None or key in self.wanted:
                yield self._entry(key, chunk)

    def fields(self) -> Iterator[tuple[str, str, Mapping[str, str]]]:
        """Yield kind, key and fields of every entry in the files' order, as they are written.

        Cross-references are not followed.
        """
        for key, chunk in self.chunks.items():
            start = _START.match(chunk)
            kind, spelt = (start[1].lower(), start[2]) if start else ("misc", key)
            yield kind, spelt, self._read(chunk, spelt)[0]

    def _add_aliases(self, wanted: Mapping[str, str]) -> None:
        """Add the wanted keys that biblatex's field ``ids`` gives to entries of another key."""
        missing = {key for key in wanted if key not in self.chunks}
        for chunk in list(self.chunks.values()) if missing else ():
            for found in _IDS.finditer(chunk) if "ids" in chunk or "IDS" in chunk else ():
                for alias in found[1].split(","):
                    if alias.strip().lower() in missing:
                        self.chunks.setdefault(alias.strip().lower(), chunk)

    def warnings(self) -> Iterator[ParseWarning]:
        """Return warnings that count repeated, broken and unread entries."""
        for rule, keys in (
            ("repeated-entry", self.repeated),
            ("broken-entry", self.broken),
            ("unread-entry", self.unread),
        ):
            if keys:
                yield ParseWarning(rule=rule, detail=f"{len(keys)}, first {', '.join(keys[:3])}")

    def _entry(self, key: str, chunk: str) -> BibEntry:
        start = _START.match(chunk)
        kind, spelt = (start[1], start[2]) if start else ("misc", key)
        name = spelt if self.wanted is None else self.wanted[key]
        fields, raw = self._read(chunk, name)
        parent = self.chunks.get(fields.get("crossref", "").lower())
        if parent is not None and parent is not chunk:
            inherited, _ = self._read(parent, name)
            inherited.setdefault("booktitle", inherited.get("title", ""))
            fields = {**{n: v for n, v in inherited.items() if v and n != "crossref"}, **fields}
            raw = None
        for name_of_data in fields.get("xdata", "").split(",")[:MAX_XDATA]:
            data = self.chunks.get(name_of_data.strip().lower())
            if data is not None and data is not chunk:
                shared, _ = self._read(data, name)
                fields = {**{n: v for n, v in shared.items() if n != "xdata"}, **fields}
                raw = None
        if not _NOT_PRINTED.isdisjoint(fields):
            fields = {n: v for n, v in fields.items() if n not in _NOT_PRINTED}
            raw = None
        if raw is None or spelt != name:
            raw = bibtex_of(kind, name, fields)
        return entry_of_fields(name, fields, raw)

    def _read(self, chunk: str, name: str) -> tuple[dict[str, str], str | None]:
        """Values by field name in lower case; and the entry unchanged, if that is complete."""
        usual = self._read_usual(chunk)
        if usual is not None:
            return usual
        self.n_steps += 60 + sum(map(chunk.count, _STEPS)) + len(chunk) // 16
        if self.n_steps > MAX_STEPS:
            self.unread.append(name)
            return {}, None
        fields: dict[str, str] = {}
        for block in parse_string(chunk, parse_stack=[]).blocks:
            entry = block.ignore_error_block if isinstance(block, DuplicateFieldKeyBlock) else block
            if not isinstance(entry, Entry):
                continue
            values = [(item.key.lower(), str(item.value)) for item in entry.fields]
            if any(_FIELD_INSIDE.search(value) for _, value in values):
                break
            as_written = True
            for field_name, value in values:
                text, literal = self._value(value)
                fields.setdefault(field_name, text)
                as_written = as_written and literal
            return fields, entry.raw if as_written else None
        self.broken.append(name)
        return self._salvaged(chunk), None

    def _read_usual(self, chunk: str) -> tuple[dict[str, str], str | None] | None:
        """Return what ``_read`` does if all is in the usual form, which is read ten times faster.

        Nine in ten real entries are; None leaves the others to the library.
        """
        start = _START.match(chunk)
        if start is None or "(" in start[0]:
            return None
        fields: dict[str, str] = {}
        as_written, at = True, start.end()
        while found := _USUAL_FIELD.match(chunk, at):
            at, value = found.end(), found[2]
            if value[0] in '{"':
                if "\n" in value and _FIELD_INSIDE.search(value):
                    return None
                text = value[1:-1]
            else:
                text = self.macros.get(value.lower(), value)
                as_written = as_written and value.lower() not in self.macros
            fields.setdefault(found[1].lower(), text)
        end = _USUAL_END.match(chunk, at)
        if end is None or not fields:
            return None
        self.n_steps += len(chunk) // 16
        return fields, chunk[: end.end()] if as_written else None

    def _salvaged(self, chunk: str) -> dict[str, str]:
        """Return the readable fields of a broken entry: commas, braces or quotes are missing."""
        fields: dict[str, str] = {}
        at = stop = 0
        while found := _FIELD.search(chunk, at):
            start = found.end()
            if start > stop:
                following = _FIELD_INSIDE.search(chunk, start)
                stop = following.start() if following else len(chunk)
            end = _value_end(chunk, start, stop)
            while end and (joint := _JOINT.match(chunk, end, stop)):
                end = _value_end(chunk, joint.end(), stop)
            at = end or stop
            value = self._value(chunk[start:end])[0] if end else chunk[start:stop].strip(' {"},')
            fields.setdefault(found[1].lower(), value)
        return fields

    def _value(self, raw: str) -> tuple[str, bool]:
        """Return a value without its delimiters, and False where a macro was replaced in it."""
        literal, parts, at, depth, quoted = True, [], 0, 0, False
        ends = [found.start() for found in _MARK.finditer(raw)] if "#" in raw else []
        for end in ends:
            mark = raw[end]
            if mark == '"' and depth == 0:
                quoted = not quoted
            elif mark in "{}":
                depth += 1 if mark == "{" else -1
            elif mark == "#" and depth == 0 and not quoted:
                parts.append(raw[at:end])
                at = end + 1
        text = ""
        for part in (*parts, raw[at:]):
            bare = part.strip()
            if len(bare) > 1 and bare[0] + bare[-1] in ("{}", '""'):
                text += bare[1:-1]
            elif bare.lower() in self.macros and len(text) < MAX_ENTRY:
                text += self.macros[bare.lower()]
                literal = False
            else:
                text += bare
        return text, literal and not parts

    def _define(self, chunk: str) -> None:
        """Take a @string; the later of two with one name counts, as in BibTeX."""
        name = _MACRO_NAME.match(chunk)
        if name is None or name[1].lower() in _PREDEFINED:
            return
        end = _closing(chunk, name.end())
        self.macros[name[1].lower()] = self._value(chunk[name.end() : end].strip())[0][:MAX_MACRO]


def _closing(chunk: str, at: int) -> int:
    """Where the value that starts at ``at`` is closed by its block's brace or parenthesis."""
    depth = 0
    for found in re.compile(r"[{})]").finditer(chunk, at):
        if found[0] == "{":
            depth += 1
        elif depth == 0:
            return found.start()
        elif found[0] == "}":
            depth -= 1
    return len(chunk)


def _value_end(chunk: str, at: int, stop: int) -> int:
    """One past the value that starts at ``at``; 0 where it is not closed before ``stop``."""
    if chunk[at] not in '{"':
        word = re.compile(r"\w++").match(chunk, at, stop)
        return word.end() if word else 0
    depth = 0
    for found in re.compile(r"[{}\"]").finditer(chunk, at + 1, stop):
        if found[0] == chunk[at].replace("{", "}") and depth == 0:
            return found.end()
        depth += {"{": 1, "}": -1}.get(found[0], 0)
    return 0
