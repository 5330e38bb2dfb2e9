"""Find e-prints and PDFs in files, folders and archives of them.

A text is a file of its own, a member of an archive of texts (such as arXiv's `arXiv_src_2401_001
.tar`), or, for e-prints, a folder of unpacked sources. One text is in memory at a time.
"""

import io
import os
import re
import tarfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cycledata.sources.dump_files import (
    ARCHIVES,
    BROKEN_STREAM,
    InvalidEntry,
    archive_members,
    damage_of,
)
from cycledata.sources.dumps import size_of
from cycledata.sources.stated_names import eprint_name, read_arxiv_id

MAX_TEXT_BYTES = 256 << 20
"""Bytes of one e-print or PDF."""
_PACKED = (".gz", ".tgz", ".tar", ".zip")
"""Endings of e-prints in an archive of texts."""
_SOURCES = (".tex", ".ltx", ".latex")
_NO_TEXTS = (".txt", ".md", ".csv", ".json", ".jsonl", ".bib", ".bbl", ".bst", ".sty", ".cls")
"""Endings of files that are no e-print by themselves, but often beside one."""
_DOCUMENT = re.compile(rb"^[^%\n]*\\document(?:class|style)", re.MULTILINE)
_HEAD_BYTES = 1 << 16
_SAME_FOR_ALL = frozenset(
    [
        *("article", "eprint", "fulltext", "full_text", "main", "manuscript", "paper", "pdf"),
        *("source", "sources", "src", "submission", "tex"),
    ]
)
"""Names that people give to the file of every paper, each in a folder of its own."""
_OF_ONE_PAPER = re.compile(r"v\d{1,2}", re.IGNORECASE)
"""Folder with a version of a paper."""
_OLD_NUMBER = re.compile(r"\d\d(?:0[1-9]|1[0-2])\d{3}(?:v\d{1,3})?")
_OLD_ARCHIVES = frozenset(
    [
        *("acc-phys", "adap-org", "alg-geom", "ao-sci", "astro-ph", "atom-ph", "bayes-an"),
        *("chao-dyn", "chem-ph", "cmp-lg", "comp-gas", "cond-mat", "cs", "dg-ga", "funct-an"),
        *("gr-qc", "hep-ex", "hep-lat", "hep-ph", "hep-th", "math", "math-ph", "mtrl-th", "nlin"),
        *("nucl-ex", "nucl-th", "patt-sol", "physics", "plasm-ph", "q-alg", "q-bio", "quant-ph"),
        *("solv-int", "stat", "supr-con"),
    ]
)
"""Archives whose ids before April 2007 begin with their name."""


@dataclass(frozen=True, slots=True)
class TextFile:
    """An e-print or PDF that was found."""

    name: str
    """File name without folder."""
    stem: str
    """What it is named by: an arXiv id in one form, or a paper id."""
    n_bytes: int
    read: Callable[[], bytes]
    """Return its bytes."""


def find_texts(
    paths: Sequence[Path], *, only_pdfs: bool = False
) -> Iterator[TextFile | InvalidEntry]:
    """Yield the texts in files and folders, sorted by path, and what cannot be used.

    Args:
        paths: files, archives of texts, and folders of them; hidden files are not read.
        only_pdfs: find PDFs alone; else a folder with LaTeX sources is one e-print, named by the
            folder.
    """
    for path in paths:
        if path.is_dir():
            yield from _in_folder(path, only_pdfs, frozenset(), is_root=True)
        else:
            yield from _in_file(path, only_pdfs)


def _in_folder(
    folder: Path, only_pdfs: bool, above: frozenset[str], *, is_root: bool
) -> Iterator[TextFile | InvalidEntry]:
    real = os.path.realpath(folder)
    parent = Path(os.path.realpath(folder.parent))
    if real in above or (folder.is_symlink() and parent.is_relative_to(real)):
        yield InvalidEntry(folder.name, "folder", "a link to a folder above it; not followed")
        return
    try:
        inside = sorted(
            (item for item in folder.iterdir() if not item.name.startswith(".")),
            # Of a paper's source and its PDF, the source is imported.
            key=lambda item: (item.name.lower().endswith(".pdf"), item),
        )
    except OSError as error:
        yield InvalidEntry(folder.name, "folder", f"cannot be read: {error.strerror}")
        return
    sources = [file for file in inside if file.name.lower().endswith(_SOURCES)]
    if not only_pdfs and sources and (_is_arxiv_id(folder.name) or not is_root):
        yield _unpacked(folder, sources)
        return
    for item in inside:
        if item.is_dir():
            yield from _in_folder(item, only_pdfs, above | {real}, is_root=False)
        else:
            yield from _in_file(item, only_pdfs)


def _is_arxiv_id(name: str) -> bool:
    try:
        read_arxiv_id(name)
    except ValueError:
        return _OLD_NUMBER.fullmatch(name) is not None
    return True


def _unpacked(folder: Path, sources: Sequence[Path]) -> TextFile | InvalidEntry:
    """Return the e-print that a folder of sources is, or why it is none."""
    if not _is_arxiv_id(folder.name):
        n_documents = sum(_has_document(file) for file in sources)
        if n_documents != 1:
            reason = f"{n_documents} LaTeX documents; expected one e-print. Pack it as"
            reason += f" {folder.name}.tar.gz, or import the files one by one"
            return InvalidEntry(folder.name, "folder", reason)
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    size = sum(map(size_of, files))
    return TextFile(folder.name, _stem(folder), size, lambda: _packed(folder, files))


def _has_document(file: Path) -> bool:
    try:
        with file.open("rb") as stream:
            return _DOCUMENT.search(stream.read(_HEAD_BYTES)) is not None
    except OSError:
        return False


def _packed(folder: Path, files: Sequence[Path]) -> bytes:
    """Return a tar archive of a folder, the same one for the same files."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for file in files:
            payload = file.read_bytes()
            member = tarfile.TarInfo(file.relative_to(folder).as_posix())
            member.size = len(payload)
            tar.addfile(member, io.BytesIO(payload))
    return packed.getvalue()


def _in_file(file: Path, only_pdfs: bool) -> Iterator[TextFile | InvalidEntry]:
    is_archive = file.name.lower().endswith(ARCHIVES) and not _is_arxiv_id(eprint_name(file.name))
    if is_archive and _is_archive_of_texts(file, only_pdfs):
        yield from _members(file)
        return
    if is_archive and not only_pdfs and len(folders := _folders_of_eprints(file)) > 1:
        reason = f"has the folders of {len(folders)} e-prints, such as {min(folders)}; unpack it"
        yield InvalidEntry(file.name, "file", reason)
        return
    if not only_pdfs and file.name.lower().endswith(_NO_TEXTS):
        ending = file.suffix.lower()
        reason = f"its name ends in {ending}; expected an archive, .tex, .gz or .pdf"
        yield InvalidEntry(file.name, "file", reason)
        return
    yield TextFile(file.name, _stem(file), size_of(file), file.read_bytes)


def _is_archive_of_texts(archive: Path, only_pdfs: bool) -> bool:
    """Return True if an archive has packed texts or PDFs named by arXiv id, and no sources.

    If PDFs alone are wanted, those named by a paper id count too.
    """
    has_texts = False
    # Of a damaged archive, the members before the damage count; its reader names the damage.
    with suppress(tarfile.TarError, zipfile.BadZipFile, *BROKEN_STREAM):
        for name, _, _ in archive_members(archive):
            base = name.rpartition("/")[2]
            if base.lower().endswith(_SOURCES) and not _is_arxiv_id(eprint_name(base)):
                return False
            is_pdf = base.lower().endswith(".pdf")
            has_texts |= base.lower().endswith(_PACKED)
            has_texts |= is_pdf and (only_pdfs or _is_arxiv_id(eprint_name(base)))
    return has_texts


def _folders_of_eprints(archive: Path) -> set[str]:
    """Return the folders of an archive that have sources and are named by an arXiv id."""
    found: set[str] = set()
    with suppress(tarfile.TarError, zipfile.BadZipFile, *BROKEN_STREAM):
        for name, _, _ in archive_members(archive):
            if name.lower().endswith(_SOURCES):
                found.update(filter(_is_arxiv_id, name.split("/")[:-1]))
    return found


def _members(archive: Path) -> Iterator[TextFile | InvalidEntry]:
    n_read = 0
    try:
        for name, size, stream in archive_members(archive):
            path = Path(name)
            hidden = any(part.startswith(".") and part != ".." for part in path.parts)
            if hidden or "__MACOSX" in path.parts:
                continue
            yield TextFile(path.name, _stem(path), size, stream.read)
            n_read += 1
    except (tarfile.TarError, zipfile.BadZipFile, *BROKEN_STREAM) as error:
        yield InvalidEntry(archive.name, f"after file {n_read}", damage_of(error))


def _stem(file: Path) -> str:
    """Return what a file is named by; an old number in the folder of its archive is completed.

    A file with a name such as `paper.pdf` is named by its folder, or the one above `pdf` or `v2`.
    """
    stem = eprint_name(file.name)
    archive = file.parent.name
    if stem.lower() in _SAME_FOR_ALL:
        version = ""
        for name in (folder.name for folder in file.parents):
            if _OF_ONE_PAPER.fullmatch(name):
                version = version or name.lower()
            elif name.strip(".") and name.lower() not in _SAME_FOR_ALL:
                found = eprint_name(name)
                return found + version if _is_arxiv_id(found) and "v" not in found else found
        return stem
    if _OLD_NUMBER.fullmatch(stem) and archive.partition(".")[0] in _OLD_ARCHIVES:
        return f"{archive}/{stem}"
    return stem
