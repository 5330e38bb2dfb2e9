"""Write the embedded sample as the files that people have, to try the import commands.

Run with ``python -m cycledata.sample.files DIR``: review notes as JSON Lines, e-prints, a table of
arXiv ids with licenses, and a list of accepted papers.
"""

import csv
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from cycledata import sample
from cycledata.errors import ParseError
from cycledata.parse.arxiv import parse_atom, parse_oai
from cycledata.parse.proceedings import parse_entry
from cycledata.snapshot import keys
from cycledata.snapshot.sealed import SealedSnapshot

LIST = "acl/2023"
"""List of the accepted papers."""


def write_files(folder: Path) -> None:
    """Write ``notes.jsonl``, ``eprints/``, ``arxiv-ids.csv`` and ``accepted.csv`` into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with SealedSnapshot.open(sample.SNAPSHOT) as snapshot:
        forums = [reply.payload for reply in snapshot.iter(keys.OPENREVIEW, keys.FORUMS)]
        lines = (b" ".join(payload.splitlines()) + b"\n" for payload in forums)
        (folder / "notes.jsonl").write_bytes(b"".join(lines))
        (folder / "eprints").mkdir(exist_ok=True)
        for reply in snapshot.iter(keys.ARXIV, keys.EPRINTS):
            name = reply.key.removeprefix(keys.EPRINTS)
            (folder / "eprints" / f"{name}.gz").write_bytes(reply.payload)
        _write_table(folder / "arxiv-ids.csv", _arxiv_ids(snapshot))
        _write_table(folder / "accepted.csv", _accepted(snapshot))


def _arxiv_ids(snapshot: SealedSnapshot) -> Iterator[Mapping[str, str]]:
    """Yield the first arXiv paper that a search found for each paper, with its license."""
    for reply in snapshot.iter(keys.ARXIV, keys.MATCHES):
        try:
            found = parse_atom(reply.payload)
        except ParseError:
            continue  # the sample has invalid replies on purpose
        if not found:
            continue
        arxiv_id = found[0].arxiv_id
        record = snapshot.get(*keys.arxiv_record(arxiv_id))
        license_ = _license(record.payload) if record else None
        yield {
            "paper_id": reply.key.removeprefix(keys.MATCHES),
            "arxiv_id": arxiv_id,
            "license": license_ or "",
        }


def _license(record: bytes) -> str | None:
    try:
        return parse_oai(record).license
    except ParseError:
        return None


def _accepted(snapshot: SealedSnapshot) -> Iterator[Mapping[str, str]]:
    for reply in snapshot.iter(keys.PROCEEDINGS):
        if not reply.key.startswith("list/"):
            entry = parse_entry(reply.payload)
            authors = "; ".join(entry.authors)
            yield {"paper_id": entry.paper_id, "title": entry.title, "authors": authors}


def _write_table(path: Path, rows: Iterable[Mapping[str, str]]) -> None:
    listed = list(rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(listed[0]))
        writer.writeheader()
        writer.writerows(listed)


if __name__ == "__main__":
    write_files(Path(sys.argv[1]))
