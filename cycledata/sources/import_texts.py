"""Import e-prints and PDFs of papers, each named by its paper, into an open snapshot."""

import datetime as dt
import re
import tarfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from cycledata.errors import ParseError
from cycledata.parse.latex.archive import open_eprint
from cycledata.snapshot import keys
from cycledata.snapshot.keys import ReplyKey
from cycledata.snapshot.open import OpenSnapshot
from cycledata.snapshot.reply import Reply
from cycledata.sources.dump_files import BROKEN_STREAM, InvalidEntry, list_files
from cycledata.sources.dumps import ImportReport, OnProgress, import_replies, size_of
from cycledata.sources.stated_names import pdf_name
from cycledata.sources.text_files import MAX_TEXT_BYTES, TextFile, find_texts

_COMMAND = re.compile(r"\\[A-Za-z]")


def import_eprints(
    paths: Sequence[Path],
    snapshot: OpenSnapshot,
    *,
    retrieved_at: dt.datetime | None = None,
    on_progress: OnProgress | None = None,
) -> ImportReport:
    """Import e-prints as they are, one reply per e-print.

    A file is named by its arXiv id, with or without version (`2310.01234v2.tar.gz`,
    `cs_0112017v1.gz`, `hep-th/9901001.gz`), or by its paper id. A folder of unpacked sources is one
    e-print, named by the folder, and is packed.

    Args:
        paths: archives, single `.gz` files or PDFs of at most 256 MiB, folders of them, or
            archives of them such as `arXiv_src_2401_001.tar`.
        snapshot: receives the replies.
        retrieved_at: when they were downloaded, if known.
        on_progress: called with bytes read and bytes in total.
    """
    return _import_texts(
        paths,
        snapshot,
        find_texts(paths),
        lambda file: ReplyKey(keys.ARXIV, f"{keys.EPRINTS}{file.stem}"),
        _eprint_problem,
        retrieved_at,
        on_progress,
    )


def import_pdfs(
    paths: Sequence[Path],
    snapshot: OpenSnapshot,
    *,
    retrieved_at: dt.datetime | None = None,
    on_progress: OnProgress | None = None,
) -> ImportReport:
    """Import PDFs of submissions, one reply per file; each file is named by its paper id.

    Args:
        paths: PDFs of at most 256 MiB, folders of them, or archives of them.
        snapshot: receives the replies.
        retrieved_at: when they were downloaded, if known.
        on_progress: called with bytes read and bytes in total.
    """
    return _import_texts(
        paths,
        snapshot,
        find_texts(paths, only_pdfs=True),
        lambda file: keys.submission_pdf(pdf_name(file.stem)),
        lambda payload: (
            None if payload.startswith(b"%PDF") else "expected a PDF, found other bytes"
        ),
        retrieved_at,
        on_progress,
    )


def _import_texts(
    paths: Sequence[Path],
    snapshot: OpenSnapshot,
    texts: Iterator[TextFile | InvalidEntry],
    key_of: Callable[[TextFile], ReplyKey],
    problem_of: Callable[[bytes], str | None],
    retrieved_at: dt.datetime | None,
    on_progress: OnProgress | None,
) -> ImportReport:
    total = sum(size_of(file) for file in list_files(paths)) if on_progress else 0

    def items() -> Iterator[Reply | InvalidEntry]:
        done = 0
        for file in texts:
            if isinstance(file, InvalidEntry):
                yield file
                continue
            payload = _read_text(file)
            problem = payload if isinstance(payload, str) else problem_of(payload)
            if isinstance(payload, str) or problem is not None:
                yield InvalidEntry(file.name, "file", str(problem))
            else:
                kind, url = eprint_type(payload), f"file:{file.name}"
                yield Reply(*key_of(file), url, retrieved_at, 200, kind, payload)
            done += file.n_bytes
            if on_progress:
                on_progress(min(done, total), total)

    return import_replies(snapshot, items(), None)


def _read_text(file: TextFile) -> bytes | str:
    """Return the bytes of a file, or why it cannot be read."""
    if not 0 < file.n_bytes <= MAX_TEXT_BYTES:
        return f"{file.n_bytes} bytes; expected a file of 1 to {MAX_TEXT_BYTES}"
    try:
        return file.read()
    except (tarfile.TarError, zipfile.BadZipFile, *BROKEN_STREAM) as error:
        strerror = getattr(error, "strerror", None)
        return f"cannot be read: {strerror or error}; fetch or pack it again"


def _eprint_problem(payload: bytes) -> str | None:
    """Return why a file is not an e-print, or None if it is one."""
    try:
        archive = open_eprint(payload)
    except ParseError as error:
        return str(error)
    if archive.kind in {"tex", "gzip-tex"} and not any(
        _COMMAND.search(text) for text in archive.texts.values()
    ):
        return "expected LaTeX, an archive or a PDF; found text without a LaTeX command"
    return None


def eprint_type(payload: bytes) -> str:
    """Return the media type of an e-print, by its first bytes."""
    if payload.startswith(b"\x1f\x8b"):
        return "application/gzip"
    if payload.startswith(b"%PDF"):
        return "application/pdf"
    if payload[257:262] == b"ustar":
        return "application/x-tar"
    return "application/octet-stream"
