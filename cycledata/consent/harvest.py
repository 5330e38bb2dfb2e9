"""Remove records from the pages of arXiv's metadata that a harvest keeps beside a snapshot."""

import gzip
import re
from collections.abc import Set as AbstractSet
from pathlib import Path

from cycledata.errors import SnapshotError
from cycledata.files import write_file

FOLDER = "arxiv-oai"
"""Folder of the pages, inside the folder of a snapshot; not part of what is sealed."""
_RECORD = re.compile(rb"<record\b[^>]*>.*?</record\s*>\s*", re.DOTALL)
_IDENTIFIER = re.compile(rb"<(?:identifier|id)\b[^>]*>\s*(?:oai:arXiv\.org:)?([^<\s]+)\s*<")


def forget_records(snapshot: Path, arxiv_ids: AbstractSet[str]) -> int:
    """Remove the records of arXiv papers from harvested pages; return how many were removed.

    A page is replaced in one step and keeps its token, so that a harvest can go on after it.

    Args:
        snapshot: folder of the snapshot.
        arxiv_ids: ids without version, in lower case.

    Raises:
        SnapshotError: a page cannot be read.
    """
    wanted = {name.encode() for name in arxiv_ids}
    n_removed = 0

    def keep(record: re.Match[bytes]) -> bytes:
        nonlocal n_removed
        found = {name.lower() for name in _IDENTIFIER.findall(record[0])}
        n_removed += not found.isdisjoint(wanted)
        return record[0] if found.isdisjoint(wanted) else b""

    for file in sorted((snapshot / FOLDER).glob("*/*.xml.gz")) if wanted else ():
        try:
            payload = gzip.decompress(file.read_bytes())
        except (OSError, EOFError) as error:
            raise SnapshotError(
                f"{file}: cannot be read ({error}), so records of papers that were taken down may"
                " be in it; delete it"
            ) from error
        if any(name in payload.lower() for name in wanted):
            left = _RECORD.sub(keep, payload)
            if left != payload:
                write_file(file, gzip.compress(left, compresslevel=6, mtime=0))
    return n_removed
