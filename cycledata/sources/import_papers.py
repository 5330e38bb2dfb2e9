"""Import arXiv ids, lists of accepted papers, e-prints and PDFs from files into an open snapshot.

An entry that cannot be used is counted and named with its place and reason, and the rest is
imported.
"""

import datetime as dt
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from pydantic import ValidationError

from cycledata.errors import ParseError
from cycledata.files import canonical_json
from cycledata.parse.arxiv import NamedArxivId, days_of_id
from cycledata.parse.openreview.note import clean_text
from cycledata.parse.proceedings import parse_entry
from cycledata.records import first_problem
from cycledata.snapshot import keys
from cycledata.snapshot.open import OpenSnapshot
from cycledata.snapshot.reply import Reply
from cycledata.sources.accepted_states import is_left_out
from cycledata.sources.author_cells import author_names, has_authors
from cycledata.sources.bib_lists import read_list
from cycledata.sources.dump_files import (
    FileValue,
    InvalidEntry,
    OnBytesRead,
    kind_of,
)
from cycledata.sources.dumps import (
    ImportReport,
    OnProgress,
    each_value,
    import_replies,
    json_reply,
    unite_rows,
)
from cycledata.sources.listed_papers import (
    AUTHORS,
    COLUMNS_OF_IDS,
    COLUMNS_OF_LISTS,
    LICENSE_SOURCES,
    LICENSES,
    column_of_arxiv_id,
    has_no_arxiv_id,
    other_arxiv_id,
    page_of,
    problem_of_title,
    stated_arxiv_id,
    stated_doi,
    stated_list,
    title_of,
)
from cycledata.sources.stated_names import forum_in_url, read_arxiv_id, read_paper_id
from cycledata.sources.table_files import PAPER_IDS, first_text, plain_cell, read_table
from cycledata.stages.duplicates import normalise

_LONGEST_DELAY = dt.timedelta(days=366)
"""Time from a submission to its announcement, far more than moderation takes."""
_LIST = re.compile(r"(?!list/)(?:[^/.\n][^/\n]*/)+(?:19|20|21)[0-9]{2}")
"""Venue and year; `list/` is the start of the keys of whole pages."""


def import_arxiv_ids(
    files: Sequence[Path],
    snapshot: OpenSnapshot,
    *,
    retrieved_at: dt.datetime | None = None,
    on_progress: OnProgress | None = None,
) -> ImportReport:
    """Import a table that states the arXiv id of papers; it wins over matches by title.

    Columns: `paper_id` and `arxiv_id` (with or without version), optionally `license` with
    `license_source`, `title` and `published` (day of version 1). Rows whose arXiv id is empty are
    counted in the hint of the report.

    Args:
        files: `.csv`, `.jsonl`, `.json` or `.parquet`; the first three also compressed.
        snapshot: receives the replies.
        retrieved_at: when the table was made, if known.
        on_progress: called with bytes read and bytes in total.
    """
    n_empty = 0

    def replies(file: Path, value: FileValue) -> Iterator[Reply | InvalidEntry]:
        nonlocal n_empty
        if has_no_arxiv_id(value.value):
            n_empty += 1
            return
        found = _named_id(value.value)
        if isinstance(found, str):
            yield InvalidEntry(file.name, value.place, found)
        else:
            key = keys.arxiv_named(found.paper_id)
            text = canonical_json(found.model_dump(mode="json"))
            yield json_reply(file, key, retrieved_at, text)

    report = _import_table(files, read_table, snapshot, replies, COLUMNS_OF_IDS, on_progress)
    rows = "row has" if n_empty == 1 else "rows have"
    hint = f"left out: {n_empty:,} {rows} an empty arXiv id"
    return replace(report, hint=hint if n_empty else "")


def _import_table(
    files: Sequence[Path],
    read: Callable[[Path, OnBytesRead], Iterator[FileValue | InvalidEntry]],
    snapshot: OpenSnapshot,
    replies: Callable[[Path, FileValue], Iterator[Reply | InvalidEntry]],
    columns: frozenset[str],
    on_progress: OnProgress | None,
) -> ImportReport:
    """Import the rows of tables, and list the columns that are not read."""
    not_read: set[str] = set()

    def noted(file: Path, value: FileValue) -> Iterator[Reply | InvalidEntry]:
        if isinstance(value.value, dict):
            used = {*columns, column_of_arxiv_id(value.value)}
            not_read.update(name for name in value.value if name not in used)
        yield from replies(file, value)

    report = import_replies(snapshot, each_value(files, read, noted, on_progress), _unite)
    return replace(report, columns_not_read=tuple(sorted(not_read)))


def _named_id(row: object) -> NamedArxivId | str:
    """Return the statement of a row, or why there is none."""
    if not isinstance(row, dict):
        return f"expected a row, found {kind_of(row)}"
    paper_id = first_text(row, PAPER_IDS)
    stated = stated_arxiv_id(row)
    if paper_id is None or stated is None:
        missing = "paper_id" if paper_id is None else "arxiv_id"
        columns = ", ".join(map(str, row))[:100]
        return f"no {missing}; found the columns {columns}; rename one, or add a header"
    if isinstance(plain_cell(row.get(column_of_arxiv_id(row) or "")), int | float):
        return f"arxiv_id is the number {stated}, which may lack zeros; store the column as text"
    try:
        arxiv_id, in_id = read_arxiv_id(stated)
        if other := other_arxiv_id(row, arxiv_id):
            found = f"{column_of_arxiv_id(row)} is {stated[:60]}, {other} is {row[other]!s:.60}"
            return f"two arXiv ids: {found}; keep that of the paper"
        published = _day(row.get("published"))
        first, last = days_of_id(arxiv_id)
        if published is not None and not first - _LONGEST_DELAY <= published <= last:
            return (
                f"published: expected the day of version 1, in the month of {arxiv_id} or up to a "
                f"year before it, found {published}"
            )
        given = _version(first_text(row, ("version", "arxiv_version")))
        if in_id and given and in_id != given:
            return f"arxiv_id states version {in_id}, the column version {given}"
        license_ = first_text(row, LICENSES)
        return NamedArxivId(
            paper_id=read_paper_id(paper_id),
            arxiv_id=arxiv_id,
            version=in_id or given,
            title=first_text(row, ("title",)),
            license=license_,
            # Without a license, the source would be joined to that of another file.
            license_source=first_text(row, LICENSE_SOURCES) if license_ else None,
            published=published,
        )
    except ValidationError as error:
        return str(first_problem(error))
    except ValueError as error:
        return str(error)


def import_accepted_papers(
    files: Sequence[Path],
    snapshot: OpenSnapshot,
    *,
    listing: str | None = None,
    retrieved_at: dt.datetime | None = None,
    on_progress: OnProgress | None = None,
) -> ImportReport:
    """Import the list of accepted papers of a venue, one reply per paper.

    Columns: `title`, and optionally `paper_id`, `authors`, `abstract`, `url`, `doi`, `arxiv_id`
    and `list`, or common other names of these, such as `author` and `site`. A row whose `decision`,
    `status` or `accepted` says that the paper was not accepted is named and not imported. A paper
    without an id is named by list, file and position. An `arxiv_id` is also recorded as by
    `import_arxiv_ids`.

    Args:
        files: as for `import_arxiv_ids`, or `.bib`.
        snapshot: receives the replies.
        listing: name of the list for rows without `list`, for example `"acl/2023"`; by default the
            venue and year that a row states.
        retrieved_at: when the list was made, if known.
        on_progress: called with bytes read and bytes in total.

    Raises:
        ParseError: `bad-list`; `listing` is not a venue and a year.
    """
    if listing is not None and not _LIST.fullmatch(listing):
        detail = f"--list {listing[:40]!r}: expected a venue and a year, such as acl/2023"
        raise ParseError("bad-list", detail)

    ids = _Ids(snapshot)
    replies = partial(_replies_of_entry, ids=ids, listing=listing, retrieved_at=retrieved_at)
    return _import_table(files, read_list, snapshot, replies, COLUMNS_OF_LISTS, on_progress)


def _replies_of_entry(
    file: Path,
    value: FileValue,
    *,
    ids: "_Ids",
    listing: str | None,
    retrieved_at: dt.datetime | None,
) -> Iterator[Reply | InvalidEntry]:
    """Yield the reply of a listed paper, and one that states its arXiv id if the row does."""
    row = value.value
    if not isinstance(row, dict):
        yield InvalidEntry(file.name, value.place, f"expected a row, found {kind_of(row)}")
        return
    name = first_text(row, ("list",)) or listing or stated_list(row)
    if name is None:
        reason = "no list, and no venue and year; add a column or pass --list, such as acl/2023"
        yield InvalidEntry(file.name, value.place, reason)
        return
    entry_id = _entry_id(file, value, row, name)
    title = title_of(row)
    problem = _problem_of_entry(row, entry_id, title, name)
    if problem is None and title is not None:
        problem = ids.problem_of(name, entry_id, title)
    if problem is not None or title is None:
        yield InvalidEntry(file.name, value.place, problem or "no title")
        return
    authors = next((names for n in AUTHORS if (names := author_names(row.get(n)))), [])
    unread = next((name for name in AUTHORS if has_authors(row.get(name))), None)
    if unread is not None and not authors:
        reason = f"expected names such as Ann A; Bob B, found {row[unread]!r:.60}; none is imported"
        yield InvalidEntry(file.name, f"{value.place}, {unread}", reason)
    named = _named_id({**row, "paper_id": entry_id}) if stated_arxiv_id(row) else None
    entry = {
        "list": name,
        "entry": entry_id,
        "title": title,
        "authors": authors,
        "abstract": clean_text(first_text(row, ("abstract",)) or "") or None,
        "url": page_of(row),
        "doi": stated_doi(row),
        "arxiv_id": None if isinstance(named, str) else stated_arxiv_id(row),
    }
    try:
        text = canonical_json(entry)
        parse_entry(text.encode())
    except (ValueError, ParseError) as error:
        yield InvalidEntry(file.name, value.place, str(error)[:200])
        return
    yield json_reply(file, keys.accepted_paper(name, entry_id), retrieved_at, text)
    if isinstance(named, str):
        yield InvalidEntry(file.name, f"{value.place}, arxiv_id", named)
    elif named is not None:
        stated = canonical_json(named.model_dump(mode="json"))
        yield json_reply(file, keys.arxiv_named(entry_id), retrieved_at, stated)


def _entry_id(file: Path, value: FileValue, row: dict[str, object], listing: str) -> str:
    """Return the id of an entry: that of its forum, the one stated, or its position.

    An id is the last part of a key, so a stated one such as `10.1145/1.2` has no slash.
    """
    stated = first_text(row, PAPER_IDS) or ""
    path = re.sub(r"^[a-z]+://[^/]*+/?", "", stated, flags=re.IGNORECASE)
    if bare := (forum_in_url(stated) or path).strip("/"):
        return bare.replace("/", "_")
    stem = file.name.partition(".")[0]
    # Other files and lists have the same positions.
    return re.sub(r"[^\w.-]+", "-", f"{listing} {stem} {value.place}")


class _Ids:
    """Ids of the entries of all lists: one id is one paper."""

    def __init__(self, snapshot: OpenSnapshot) -> None:
        self._snapshot = snapshot
        self._titles: dict[str, tuple[str, str | None]] = {}
        for key in snapshot.keys(keys.PROCEEDINGS):
            listing, _, entry_id = key.rpartition("/")
            if not key.startswith("list/"):
                self._titles.setdefault(entry_id, (listing, None))

    def problem_of(self, listing: str, entry_id: str, title: str) -> str | None:
        """Return why an id cannot be used: another list has it for a paper of another title."""
        other, held = self._titles.setdefault(entry_id, (listing, title))
        if other == listing:
            return None
        reply = self._snapshot.get(*keys.accepted_paper(other, entry_id)) if held is None else None
        if reply is not None:
            held = parse_entry(reply.payload).title
        if held is None or normalise(held) == normalise(title):
            return None
        return (
            f"the id {entry_id[:40]} is that of another paper in the list {other}; give each paper"
            f" an id of its own, such as {listing.replace('/', '-')}-{entry_id[:40]}"
        )


def _problem_of_entry(
    row: dict[str, object], entry_id: str, title: str | None, listing: str
) -> str | None:
    """Return why a row is no entry of a list of accepted papers, or None if it is one."""
    if entry_id in PAPER_IDS:
        return "repeats the header"
    if not _LIST.fullmatch(listing):
        return f"list {listing[:40]!r}: expected a venue and a year, such as acl/2023"
    return problem_of_title(row, title) or is_left_out(row)


_unite = partial(unite_rows, next_step="correct one of them, or run `cycledata forget` first")


def _version(text: str | None) -> int | None:
    """Return the version of a cell, such as `2`, `v2` or `2.0`; None if the cell is empty.

    Raises:
        ValueError: the cell has something else.
    """
    if not text:
        return None
    match = re.fullmatch(r"v?([1-9][0-9]{0,2})(?:\.0+)?", text, re.IGNORECASE)
    if match is None:
        raise ValueError(f"version: expected a number such as 2, found {text[:40]!r}")
    return int(match[1])


def _day(value: object) -> dt.date | None:
    """Return the day in a cell, or None if the cell is empty.

    Raises:
        ValueError: the cell has something else.
    """
    text = str(plain_cell(value) or "").strip()
    try:
        return dt.date.fromisoformat(text[:10]) if text else None
    except ValueError as error:
        raise ValueError(f"published: expected a day such as 2023-10-17, found {text!r}") from error
