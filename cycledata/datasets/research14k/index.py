"""Index of one build for random access: cited works, outlines and earliest entries.

A paper looks up a few dozen replies, and compressed shards are slow at that, so a build copies them
into a `LookupFile` once. The index also has what only all papers together show: the earliest entry
of each work, and the prompts that count as valid.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Self

from cycledata.datasets.research14k.select import SelectedPaper, first_entries
from cycledata.errors import DEFECTS, ParseError, defect_shown_by
from cycledata.matching.papers import MIN_CITED_LETTERS
from cycledata.outlines.prompt import prompt_hash
from cycledata.outlines.read import Outcome, OutlineReply, ranks_above, read_outline_reply
from cycledata.parse.arxiv_metadata import ArxivMetadata, parse_metadata
from cycledata.parse.semantic_scholar import Work, parse_match, parse_work
from cycledata.records import Dropped
from cycledata.snapshot import keys
from cycledata.snapshot.reply import Replies, Reply
from cycledata.stages.duplicates import normalise

FILE = "lookup.sqlite"
MAX_YEARS_APART = 2
"""Largest difference between the year of a citation and of version 1 of an equal title."""


class LookupFile:
    """Bytes by kind and name, in one SQLite file that many processes may read."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    @classmethod
    def create(cls, path: Path) -> Self:
        """Create a file, to be filled in one transaction."""
        database = sqlite3.connect(path)
        # A killed build starts again, so nothing has to reach the disk.
        database.execute("PRAGMA synchronous=OFF")
        database.execute("PRAGMA journal_mode=OFF")
        database.execute(
            "CREATE TABLE item (kind TEXT, name TEXT, value BLOB, PRIMARY KEY (kind, name))"
            " WITHOUT ROWID"
        )
        return cls(database)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open an existing file for reading."""
        return cls(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True))

    def put(self, kind: str, name: str, value: bytes) -> None:
        """Store a value; a later value replaces an earlier one."""
        self._database.execute("INSERT OR REPLACE INTO item VALUES (?, ?, ?)", (kind, name, value))

    def get(self, kind: str, name: str) -> bytes | None:
        """Return the value under a name, or None if there is none."""
        row = self._database.execute(
            "SELECT value FROM item WHERE kind = ? AND name = ?", (kind, name)
        ).fetchone()
        return None if row is None else bytes(row[0])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is None:
            self._database.commit()
        self._database.close()


def write_index(replies: Replies, scratch: Path) -> None:
    """Write the index of cited works, outlines and earliest entries."""
    with LookupFile.create(scratch / FILE) as lookup:
        for reply in replies.iter("semantic_scholar", "paper/"):
            if reply.status == 200:
                lookup.put("work", reply.key.removeprefix("paper/"), reply.payload)
        for reply in replies.iter("arxiv", keys.METADATA):
            _index_metadata(reply, lookup)
        for name, paper_id in first_entries(replies).items():
            lookup.put("first", name, paper_id.encode())
        _index_outlines(replies, lookup)


def _index_metadata(reply: Reply, lookup: LookupFile) -> None:
    """Store a row of arXiv's metadata by id, and its id by title."""
    try:
        metadata = parse_metadata(reply.payload)
    except (ParseError, *DEFECTS):
        return  # a paper that it may be has a row about it
    lookup.put("arxiv", metadata.arxiv_id, reply.payload)
    title = normalise(metadata.title)
    if len(title) >= MIN_CITED_LETTERS:
        lookup.put("arxiv-title", title, metadata.arxiv_id.encode())


def arxiv_metadata(
    lookup: LookupFile, arxiv_id: str | None, title: str | None, year: int | None
) -> ArxivMetadata | None:
    """Return arXiv's metadata of a cited work by id, else by title and year; None if unknown."""
    by_title = None if arxiv_id else lookup.get("arxiv-title", normalise(title or ""))
    payload = lookup.get("arxiv", arxiv_id or (by_title.decode() if by_title else ""))
    if payload is None:
        return None
    found = parse_metadata(payload)
    if by_title and year and abs(found.first_day.year - year) > MAX_YEARS_APART:
        return None
    return found


def open_index(scratch: Path) -> LookupFile:
    """Open the index for reading."""
    return LookupFile.open(scratch / FILE)


def first_entry(lookup: LookupFile, name: str) -> str | None:
    """Return the paper id of the earliest entry of the work with this name, or None."""
    paper_id = lookup.get("first", name)
    return None if paper_id is None else paper_id.decode()


def cited_works(
    replies: Replies, lookup: LookupFile, selected: SelectedPaper
) -> tuple[list[Work], list[Dropped]]:
    """Return the works that a paper cites by Semantic Scholar, and a row per invalid record.

    The paper's own record is found by its arXiv id, or else by the match of its title.
    """
    rows: list[Dropped] = []
    works: list[Work] = []

    def read(name: str) -> Work | None:
        payload = lookup.get("work", name)
        try:
            return None if payload is None else parse_work(payload)
        except ParseError as error:
            rows.append(_unreadable(selected, f"paper/{name}", error))
            return None

    own = read(f"ARXIV:{selected.candidate.arxiv_id}")
    key = title_key(selected.candidate.title)
    match = None if own else replies.get("semantic_scholar", key)
    if match is not None and match.status == 200:
        try:
            work_id = parse_match(match.payload)
        except ParseError as error:
            rows.append(_unreadable(selected, key, error))
        else:
            own = read(work_id) if work_id else None
    for work_id in own.cites if own else ():
        work = read(work_id)
        if work is not None:
            works.append(work)
    return works, rows


def own_record(lookup: LookupFile, arxiv_id: str) -> Work | None:
    """Return Semantic Scholar's record of an arXiv paper, or None if it is absent or invalid."""
    payload = lookup.get("work", f"ARXIV:{arxiv_id}")
    try:
        return None if payload is None else parse_work(payload)
    except ParseError:
        return None


def title_key(title: str) -> str:
    """Return the key of a title match, as the Semantic Scholar source writes it."""
    return f"match/{sha256(normalise(title).encode()).hexdigest()[:16]}"


def recorded_conversation(
    lookup: LookupFile, selected: SelectedPaper
) -> OutlineReply | Dropped | None:
    """Return the recorded outline conversation about the text that the build uses.

    A conversation about another version of the e-print, or one with other prompts, does not count:
    the paper is dropped rather than outlined from another text.

    Returns:
        The conversation; a row if there are only stale or invalid ones; None if no model was ever
        asked.
    """
    paper_id = selected.entry.paper_id
    payload = lookup.get("outline", f"{paper_id} {selected.source}")
    if payload is not None:
        return read_outline_reply(payload)
    asked = lookup.get("asked", paper_id)
    if asked is None:
        return None
    rule, _, detail = asked.decode().partition(": ")
    return Dropped(paper_id, rule, f"the text is {selected.source}, {detail}"[:200], "outline")


def valid_prompts(keys: Iterable[str]) -> str:
    """Return the hash of the prompts whose completions a build uses, the same for all papers.

    The current prompts if any paper was asked with them, or else those that most papers were asked
    with; ``""`` without keys.
    """
    n_asked = Counter(_asked(key)[1] for key in keys)
    if prompt_hash() in n_asked:
        return prompt_hash()
    return min(n_asked, key=lambda prompts: (-n_asked[prompts], prompts), default="")


def _index_outlines(replies: Replies, lookup: LookupFile) -> None:
    """Store one conversation per paper and e-print, and a reason for every other one."""
    valid = valid_prompts(replies.keys("outline"))
    kept: dict[str, Outcome] = {}
    for reply in replies.iter("outline"):
        paper_id, prompts = _asked(reply.key)
        try:
            record = _read_conversation(reply)
        except (ParseError, *DEFECTS) as error:
            reason = error if isinstance(error, ParseError) else defect_shown_by(error)
            lookup.put("asked", paper_id, f"outline-unreadable: {reason.detail}".encode())
            continue
        stale = f"outline-stale: the outline is of {record.source} with the prompts {prompts}"
        lookup.put("asked", paper_id, stale.encode())
        name = f"{paper_id} {record.source}"
        if prompts == valid and ranks_above(record, kept.get(name)):
            kept[name] = record.outcome
            lookup.put("outline", name, reply.payload)


def _read_conversation(reply: Reply) -> OutlineReply:
    record = read_outline_reply(reply.payload)
    if (record.paper_id, record.prompt_hash) != _asked(reply.key):
        raise ParseError("outline-reply", f"{reply.key}: about another paper or prompt")
    return record


def _asked(key: str) -> tuple[str, str]:
    """Return the paper id and the hash of the prompts in the key of a conversation."""
    rest, _, prompts = key.rpartition("/")
    return rest.rpartition("/")[2], prompts


def _unreadable(selected: SelectedPaper, key: str, error: ParseError) -> Dropped:
    detail = f"{key}: {error.detail}"[:200]
    return Dropped(selected.entry.paper_id, error.rule, detail, "references")
