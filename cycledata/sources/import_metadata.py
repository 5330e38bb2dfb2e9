"""Import arXiv's metadata: keep the rows that may be a paper of the snapshot or are cited by one.

A kept row is a reply `metadata/<arXiv id>`. Every paper gets a reply `candidates/<paper id>` with
the arXiv ids that it may be, also if there are none, so that no search is needed. The result does
not depend on the order of files or rows, and a run that was killed can be run again.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from cycledata.consent.erase import forget_works, tombstone_names
from cycledata.errors import ParseError
from cycledata.files import canonical_json
from cycledata.matching.find import candidate_ids
from cycledata.matching.select_rows import RowSelector, WantedPapers
from cycledata.parse.arxiv_metadata import (
    ArxivMetadata,
    newer_metadata,
    read_metadata_row,
)
from cycledata.snapshot import keys
from cycledata.snapshot.open import OpenSnapshot
from cycledata.snapshot.reply import Reply
from cycledata.sources.dump_files import InvalidEntry, kind_of, list_files
from cycledata.sources.dumps import (
    ImportReport,
    OnProgress,
    import_replies,
    json_reply,
    size_of,
)
from cycledata.sources.metadata_files import MetadataBlock, read_blocks
from cycledata.stages.duplicates import normalise
from cycledata.stages.match import match_arxiv

_ARXIV_ID = (
    r"^\s*(?:\d{4}\.\d{5}|(?:0[7-9]|1[0-4])\d\d\.\d{4}|[a-zA-Z-]+(?:\.[A-Z]{2})?/\d{7})"
    r"(?:v\d+)?\s*$"
)
"""Ids with all digits; numbers without their last zeros are no ids."""
MAX_CANDIDATES = 50
"""Candidates of one paper; more share a title that identifies nothing, such as "Introduction"."""


@dataclass(frozen=True, slots=True)
class MetadataReport:
    """Result of an import of arXiv's metadata."""

    replies: ImportReport
    """Rows that were kept, and entries that cannot be used."""
    n_rows: int
    """Rows that were read and compared."""
    n_papers: int
    """Papers that they were compared with."""
    n_with_candidates: int
    """Papers with at least one candidate in the snapshot."""
    is_complete: bool
    """False if a file could not be read to its end, or if there are no rows at all; papers without
    candidates stay open then."""


@dataclass(slots=True)
class _Found:
    """What the rows read so far say."""

    candidates: dict[str, set[str]] = field(default_factory=dict)
    """Paper id to arXiv ids."""
    n_rows: int = 0
    rows_of: dict[str, int] = field(default_factory=dict)
    """Rows by file name."""
    broken: set[str] = field(default_factory=set)
    """Names of files that could not be read to their end."""


def import_arxiv_metadata(
    paths: Sequence[Path],
    snapshot: OpenSnapshot,
    wanted: WantedPapers,
    *,
    source: Mapping[str, str] | None = None,
    retrieved_at: dt.datetime | None = None,
    on_progress: OnProgress | None = None,
) -> MetadataReport:
    """Import arXiv's metadata from files.

    Args:
        paths: JSON Lines in the form of the Kaggle snapshot (plain, `.gz`, `.xz`, `.zst`, `.zip`),
            Parquet with the same fields, pages of OAI-PMH (`.xml`, `.xml.gz`); or folders of them.
        snapshot: receives the replies.
        wanted: papers to find, and works that they cite.
        source: facts about all files together, with a `source`; None to record each file.
        retrieved_at: when the files were saved, if known.
        on_progress: called with bytes read and bytes in total.
    """
    files = list_files(paths)
    selector, found = RowSelector(wanted), _Found()

    def items() -> Iterator[Reply | InvalidEntry]:
        total, done = sum(map(size_of, files)), 0
        for file in files:

            def tell(position: int, before: int = done) -> None:
                if on_progress:
                    on_progress(before + position, total)

            for block in _ahead(read_blocks(file, tell)):
                if isinstance(block, InvalidEntry):
                    found.broken |= {file.name} if block.place.startswith("after ") else set()
                    yield block
                else:
                    found.n_rows += block.frame.height
                    n_rows = found.rows_of.get(file.name, 0) + block.frame.height
                    found.rows_of[file.name] = n_rows
                    yield from _kept(file, block, selector, wanted, found, retrieved_at)
            done += size_of(file)

    replies = import_replies(snapshot, items(), newer_metadata)
    if not found.n_rows:
        found.broken.update(file.name for file in files)
    n_with_candidates = _add_candidates(snapshot, wanted, found, source, retrieved_at)
    forget_works(snapshot, tombstone_names(snapshot))
    return MetadataReport(
        replies, found.n_rows, len(wanted.papers), n_with_candidates, not found.broken
    )


def _ahead(
    blocks: Iterator[MetadataBlock | InvalidEntry],
) -> Iterator[MetadataBlock | InvalidEntry]:
    """Yield the blocks of a file; the next one is read while one is compared."""
    with ThreadPoolExecutor(1, thread_name_prefix="metadata") as reader:

        def read() -> "Future[MetadataBlock | InvalidEntry | None]":
            return reader.submit(next, blocks, None)

        coming = read()
        while (block := coming.result()) is not None:
            coming = read()
            yield block


def _kept(
    file: Path,
    block: MetadataBlock,
    selector: RowSelector,
    wanted: WantedPapers,
    found: _Found,
    retrieved_at: dt.datetime | None,
) -> Iterator[Reply | InvalidEntry]:
    """Yield the replies of a block's rows that are wanted, and its rows that cannot be used."""
    blank = pl.any_horizontal(pl.col("id", "title").fill_null("").str.strip_chars() == "")
    for row, arxiv_id, _ in block.frame.with_row_index().filter(blank).iter_rows():
        missing = "a title" if arxiv_id else "an id"
        yield InvalidEntry(file.name, block.place(row), f"expected a row with {missing}")
    other = ~blank & ~pl.col("id").str.contains(_ARXIV_ID)
    invalid: set[int] = set()
    for row, arxiv_id, _ in block.frame.with_row_index().filter(other).iter_rows():
        invalid.add(row)
        reason = f"expected an arXiv id such as 2310.01234, found {arxiv_id!r:.40}"
        yield InvalidEntry(file.name, block.place(row), reason)
    selected = [one for one in selector.select(block.frame) if one.row not in invalid]
    rows = block.rows([one.row for one in selected]) if selected else []
    for one, raw in zip(selected, rows, strict=True):
        if not isinstance(raw, dict):
            reason = f"expected a row, found {kind_of(raw)}"
            yield InvalidEntry(file.name, block.place(one.row), reason)
            continue
        try:
            payload, metadata = read_metadata_row(raw)
        except ParseError as error:
            yield InvalidEntry(file.name, block.place(one.row), error.detail)
            continue
        papers = [name for name in one.papers if _may_be(metadata, name, wanted)]
        for name in papers:
            found.candidates.setdefault(name, set()).add(metadata.arxiv_id)
        if papers or _is_cited(metadata, wanted):
            key = keys.arxiv_metadata(metadata.arxiv_id)
            yield json_reply(file, key, retrieved_at, payload.decode("ascii"))


def _may_be(metadata: ArxivMetadata, name: str, wanted: WantedPapers) -> bool:
    """Return True if a row may be a paper: stated by a file, the same title, or a match."""
    paper = wanted.papers[name]
    if paper.arxiv_id == metadata.arxiv_id:
        return True
    if normalise(paper.title or "") == normalise(metadata.title):
        return True
    candidate = metadata.as_paper()
    return match_arxiv(paper.title, paper.authors, [candidate], year=paper.year) is not None


def _is_cited(metadata: ArxivMetadata, wanted: WantedPapers) -> bool:
    cited = metadata.arxiv_id in wanted.cited_ids
    return cited or normalise(metadata.title) in wanted.cited_titles


def _add_candidates(
    snapshot: OpenSnapshot,
    wanted: WantedPapers,
    found: _Found,
    source: Mapping[str, str] | None,
    retrieved_at: dt.datetime | None,
) -> int:
    """Record the candidates of every paper, and the files; return how many papers have any.

    A file that could not be read to its end shows nothing about papers that it lacks.
    """
    n_with_candidates = 0
    replies: list[Reply] = []
    here = Path(source["source"] if source else "arxiv-metadata")
    for name in wanted.papers:
        held = candidate_ids(snapshot, name)
        ids = sorted(found.candidates.get(name, set()).union(held or ()))[:MAX_CANDIDATES]
        n_with_candidates += bool(ids)
        if ids or (held is None and not found.broken):
            text = canonical_json({"paper_id": name, "arxiv_ids": ids})
            replies.append(json_reply(here, keys.arxiv_candidates(name), retrieved_at, text))
    facts: list[Mapping[str, object]] = [
        {"source": name, "rows": n_rows} for name, n_rows in found.rows_of.items()
    ]
    for fact in [source] if source and not found.broken else [] if source else facts:
        name = str(fact["source"])
        if name not in found.broken:
            key = keys.arxiv_metadata_source(name)
            replies.append(json_reply(here, key, retrieved_at, canonical_json(dict(fact))))
    snapshot.add_many(replies, replace=True)
    return n_with_candidates
