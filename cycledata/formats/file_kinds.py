"""Kinds of files by their first bytes, to name a file that is not what its name says."""

from collections.abc import Mapping

_KINDS: Mapping[bytes, str] = {
    b"BZh": "a bzip2 file",
    b"\x1f\x8b": "a gzip file",
    b"\xfd7zXZ": "an xz file",
    b"\x28\xb5\x2f\xfd": "a Zstandard file",
    b"7z\xbc\xaf": "a 7z archive",
    b"PK\x03\x04": "a zip archive or an Excel file",
    b"\xd0\xcf\x11\xe0": "an Excel file",
    b"PAR1": "a Parquet file",
    b"SQLite format 3": "an SQLite database",
    b"%PDF": "a PDF",
    b"\x89PNG": "an image",
    **{
        bom + first.encode(coding): "text in UTF-16"
        for bom, coding in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
        for first in '{[p"'
    },
    b"\x80": "a pickle or another binary file",
    b"<": "HTML or XML",
    b"version https://git-lfs": "a pointer of Git LFS, which `git lfs pull` replaces",
}


def other_format(start: bytes) -> str | None:
    """Return what a file is that begins with some bytes; None if it may be JSON or CSV.

    >>> other_format(b"PAR1..."), other_format(b'{"id": 1}')
    ('a Parquet file', None)
    """
    return next((kind for first, kind in _KINDS.items() if start.startswith(first)), None)
