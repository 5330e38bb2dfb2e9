"""Lists of accepted papers as `.bib` files, such as the ACL Anthology and PMLR export them."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from cycledata.parse.bibliography.bib_file import BibFiles
from cycledata.parse.bibliography.entry import entry_of_fields, plain_text
from cycledata.sources.dump_files import (
    MAX_VALUE_BYTES,
    FileValue,
    InvalidEntry,
    OnBytesRead,
    guarded,
    kind_and_packing,
)
from cycledata.sources.list_rows import whole_papers
from cycledata.sources.table_files import read_table

_VOLUMES = frozenset({"proceedings", "book", "collection", "mvproceedings"})
"""Kinds of entries that are volumes, not papers."""
_AND = re.compile(r"\s+and\s+", re.IGNORECASE)
_OTHERS = frozenset({"others", "et al.", ""})


def read_list(file: Path, tell: OnBytesRead) -> Iterator[FileValue | InvalidEntry]:
    """Yield the rows of a table, or the entries of a `.bib` file as rows."""
    if kind_and_packing(file)[0] == ".bib":
        yield from guarded(file, _bib_rows, tell)
    else:
        rows = read_table(file, tell, expected=".parquet, .csv, .tsv, .json, .jsonl or .bib")
        yield from whole_papers(file.name, rows)


def _bib_rows(stream: BinaryIO) -> Iterator[FileValue | str | tuple[str, str]]:
    data = stream.read(MAX_VALUE_BYTES + 1)
    if len(data) > MAX_VALUE_BYTES:
        yield "file", f"longer than {MAX_VALUE_BYTES} bytes; split it by venue and year"
        return
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        yield f"byte {error.start}", "not UTF-8; save the file as UTF-8"
        return
    bib = BibFiles(wanted=None)
    bib.add(text)
    for kind, key, fields in bib.fields():
        if kind in _VOLUMES:
            yield f"entry {key}", f"a volume (@{kind}), not a paper"
        else:
            yield FileValue(f"entry {key}", {"entrytype": kind, **_row(key, fields)})
    for key in bib.repeated:
        yield f"entry {key}", "the key occurs twice; the first entry is imported"
    for key in bib.broken:
        yield f"entry {key}", "not valid BibTeX; only what could be read was imported; repair it"
    for key in bib.unread:
        yield f"entry {key}", "not read: the file takes too much work; split it"


def _row(key: str, fields: Mapping[str, str]) -> dict[str, object]:
    entry = entry_of_fields(key, fields, "")
    found = {
        "id": key,
        "title": entry.title,
        "authors": author_list(fields.get("author", "")),
        "abstract": plain_text(fields.get("abstract", "")),
        "url": fields.get("url", "").replace("\\", ""),
        "doi": entry.doi,
        "arxiv_id": entry.arxiv_id,
    }
    return {name: value for name, value in found.items() if value}


def author_list(value: str) -> list[str]:
    r"""Return the names in a field `author` as they are printed, given names first.

    >>> author_list(r"M{\"u}ller, Jan and Ann {van Dyk} and {The {BIG} Team} and others")
    ['Jan Müller', 'Ann van Dyk', 'The BIG Team']
    >>> author_list("King, Jr., Martin and de la Cruz, Ana"), author_list("")
    (['Martin King, Jr.', 'Ana de la Cruz'], [])
    """
    names = [" ".join(name.split()) for name in _outside_braces(value, _AND)]
    return [_given_first(name) for name in names if name.lower() not in _OTHERS]


def _given_first(name: str) -> str:
    family, *middle = _outside_braces(name, re.compile(r",\s*"))
    if not middle:
        return plain_text(name)
    suffix = f", {middle[0]}" if len(middle) > 1 else ""
    return plain_text(f"{middle[-1]} {family}{suffix}")


def _outside_braces(text: str, separator: re.Pattern[str]) -> list[str]:
    """Split a text at the separators that no brace encloses."""
    parts, start, depth, at = [], 0, 0, 0
    for found in separator.finditer(text):
        between = text[at : found.start()]
        depth += between.count("{") - between.count("}")
        at = found.start()
        if depth <= 0:
            parts.append(text[start : found.start()])
            start = found.end()
    return [*parts, text[start:]]
