"""A paper's bibliography: the entries its citations resolve to, from .bib, .bbl or the text itself.

Authors leave both a .bib and what BibTeX once made of it: the .bib tells more and is asked first.
"""

import posixpath
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cycledata.parse.bibliography.bbl import printed_entries
from cycledata.parse.bibliography.bib_file import BibFiles
from cycledata.records import BibEntry, ParseWarning

_BIBLIOGRAPHY = re.compile(
    r"\\(?:(?:no)?bibliography|putbib|bibselect)\s*+(?:\{([^{}]{1,2000})\}|\[([^\[\]]{1,2000})\])"
    r"|\\add(?:bibresource|globalbib|sectionbib)\s*+(?:\[[^\[\]]{0,200}\]\s*+)?+\{([^{}]{1,500})\}"
)
_NOCITE_ALL = re.compile(r"\\nocite\s*+\{\s*+\*\s*+\}")


@dataclass(frozen=True, slots=True)
class Bibliography:
    """Entries in the bibliography's own order, and what went wrong."""

    entries: tuple[BibEntry, ...]
    warnings: tuple[ParseWarning, ...]


def read_bibliography(
    body: str, texts: Mapping[str, str], *, main_file: str, cited: Sequence[str]
) -> Bibliography:
    r"""Return the entries that a paper's citations resolve to.

    A key is looked for in the .bib files that the text names, then in a thebibliography in the
    text, then in the .bbl beside the main file, then in any other.

    Args:
        body: the paper's text with its ``\bibliography`` and thebibliography, without comments.
        texts: every text of the archive by path.
        main_file: path of the main file.
        cited: citation keys in order of first citation; with ``*`` among them, or
            ``\nocite{*}`` in the body, every entry is wanted.
    """
    wanted = None if "*" in cited or _NOCITE_ALL.search(body) else {k.lower(): k for k in cited}
    found: dict[str, BibEntry] = {}
    warnings: list[ParseWarning] = []
    library = BibFiles(wanted)
    for path in _named_bibs(body, texts, main_file, warnings):
        library.add(texts[path])
    for entry in library.entries():
        found.setdefault(entry.key.lower(), entry)
    for source in _printed_sources(body, texts, main_file):
        if wanted is not None and len(found) == len(wanted):
            break
        if found and wanted is None:
            break
        for entry in printed_entries(source):
            key = entry.key.lower()
            if key not in found and (wanted is None or key in wanted):
                named = entry if wanted is None else entry.model_copy(update={"key": wanted[key]})
                found[key] = named
    missing = [key for low, key in (wanted or {}).items() if low not in found]
    if missing:
        detail = f"{len(missing)} of {len(cited)} cited keys, first {', '.join(missing[:3])}"
        warnings.append(ParseWarning(rule="missing-entry", detail=detail))
    return Bibliography(tuple(found.values()), (*warnings, *library.warnings()))


# --- Which files ---------------------------------------------------------------------------------


def _named_bibs(
    body: str, texts: Mapping[str, str], main_file: str, warnings: list[ParseWarning]
) -> list[str]:
    """Paths of the .bib files the text names; of all of them where it names none that is there."""
    names = [
        name.strip().strip('"')
        for found in _BIBLIOGRAPHY.finditer(body)
        for name in (found[1] or found[2] or found[3]).split(",")
        if name.strip()
    ]
    paths: dict[str, None] = {}
    for name in names:
        if path := _resolve(name, texts, posixpath.dirname(main_file)):
            paths[path] = None
        else:
            warnings.append(
                ParseWarning(rule="missing-bib", detail=f"{name[:200]} is not in the archive")
            )
    if not paths:
        paths = {path: None for path in texts if path.lower().endswith(".bib")}
        if paths:
            detail = f"no .bib named in the text is there; read {', '.join(list(paths)[:5])}"
            warnings.append(ParseWarning(rule="guessed-bib", detail=detail))
    return list(paths)


def _resolve(name: str, texts: Mapping[str, str], folder: str) -> str | None:
    """Path of a named .bib, from the main file's folder, then the root; any case, any folder."""
    name = name if name.lower().endswith(".bib") else name + ".bib"
    for path in (posixpath.normpath(posixpath.join(folder, name)), posixpath.normpath(name)):
        if path in texts:
            return path
    base = posixpath.basename(name).lower()
    return next((path for path in texts if posixpath.basename(path).lower() == base), None)


def _printed_sources(body: str, texts: Mapping[str, str], main_file: str) -> Iterable[str]:
    """Yield texts with printed entries: the text, the main file's own .bbl, every other .bbl."""
    yield body
    own = main_file.rpartition(".")[0] + ".bbl"
    if own in texts:
        yield texts[own]
    for path, text in texts.items():
        if path != own and path.lower().endswith(".bbl"):
            yield text
