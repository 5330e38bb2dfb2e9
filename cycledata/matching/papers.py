"""Papers of a snapshot to look up on arXiv: submissions, and entries of accepted-paper lists."""

import datetime as dt
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from cycledata.errors import ParseError
from cycledata.parse.arxiv import parse_named_id, split_arxiv_id
from cycledata.parse.openreview.note import clean_text, venue_of
from cycledata.parse.ratings import parse_ratings_row
from cycledata.snapshot import keys
from cycledata.snapshot.reply import Replies, Reply

MIN_CITED_LETTERS = 20
"""Shorter titles of cited works are not looked up."""
_YEAR = re.compile(r"(?:^|/)((?:19|20)[0-9]{2})(?=/|$)")
_MS = 1000


@dataclass(frozen=True, slots=True)
class PaperToMatch:
    """Paper to look up on arXiv."""

    title: str | None
    authors: tuple[str, ...] | None
    """None if they are not shown."""
    venue: str
    """Venue id of a submission; name of the list of an accepted paper, such as `"acl/2023"`."""
    arxiv_id: str | None = None
    """Stated by the list of accepted papers or by an imported file; None if neither states one."""
    submitted: dt.date | None = None
    """Day of the submission note; None if unknown."""

    @property
    def year(self) -> int | None:
        """Year of the venue; None if its name has none."""
        return year_of(self.venue)


def year_of(venue: str) -> int | None:
    """Return the year in a venue id or the name of a list, or None.

    >>> year_of("ICLR.cc/2024/Conference"), year_of("acl/2023"), year_of("TMLR")
    (2024, 2023, None)
    """
    found = _YEAR.search(venue)
    return int(found[1]) if found else None


def papers_to_match(snapshot: Replies) -> dict[str, PaperToMatch]:
    """Return every submission and every listed paper of a snapshot by paper id."""
    return {**listed_papers(snapshot), **submissions(snapshot)}


def submissions(snapshot: Replies) -> dict[str, PaperToMatch]:
    """Return the submissions of a snapshot by forum id."""
    tables = ratings_keys(snapshot)
    found = (key.removeprefix(keys.FORUMS) for key in snapshot.keys(keys.OPENREVIEW, keys.FORUMS))
    return {i: submission_to_match(snapshot, i, tables.get(i)) for i in found}


def listed_papers(snapshot: Replies) -> dict[str, PaperToMatch]:
    """Return the papers of all lists of accepted papers by paper id."""
    papers: dict[str, PaperToMatch] = {}
    for key in snapshot.keys(keys.PROCEEDINGS):
        if not key.startswith("list/"):
            papers.setdefault(key.rpartition("/")[2], entry_to_match(snapshot, key))
    return papers


def ratings_keys(snapshot: Replies) -> dict[str, str]:
    """Return paper id to the key of its row in a table of ratings; the first venue's if several."""
    found: dict[str, str] = {}
    for key in snapshot.keys(keys.RATINGS):
        found.setdefault(key.rpartition("/")[2], key)
    return found


def submission_to_match(
    snapshot: Replies, paper_id: str, table_key: str | None = None
) -> PaperToMatch:
    """Return a submission: from its note, the title else from a row of a table of ratings."""
    notes = json_objects(json_object(snapshot.get(*keys.forum(paper_id))).get("notes"))
    own = next((note for note in notes if note.get("id") == paper_id), None)
    paper = _of_note(own) if own else PaperToMatch(None, None, _venue(notes))
    paper = _with_named_id(snapshot, paper_id, paper)
    if paper.title is not None or table_key is None:
        return paper
    row = snapshot.get(keys.RATINGS, table_key)
    try:
        title = parse_ratings_row(row.payload).title if row else None
    except ParseError:
        return paper
    return replace(paper, title=title)


def entry_to_match(snapshot: Replies, key: str) -> PaperToMatch:
    """Return an entry of a list of accepted papers."""
    entry = json_object(snapshot.get(keys.PROCEEDINGS, key))
    title, arxiv_id, names = (entry.get(name) for name in ("title", "arxiv_id", "authors"))
    authors = tuple(map(str, names)) if isinstance(names, list) and names else None
    listing, _, paper_id = key.rpartition("/")
    paper = PaperToMatch(
        title if isinstance(title, str) else None,
        authors,
        listing,
        arxiv_id if isinstance(arxiv_id, str) else None,
    )
    return _with_named_id(snapshot, paper_id, paper)


def _with_named_id(snapshot: Replies, paper_id: str, paper: PaperToMatch) -> PaperToMatch:
    """Return the paper with the arXiv id that a file states for it, without version."""
    stated = snapshot.get(*keys.arxiv_named(paper_id))
    try:
        name = parse_named_id(stated.payload).arxiv_id if stated else paper.arxiv_id
        bare = None if name is None else split_arxiv_id(name)[0]
    except (ParseError, ValueError):
        return paper
    return replace(paper, arxiv_id=bare)


def _of_note(note: Mapping[str, object]) -> PaperToMatch:
    """Return title, authors and venue of a submission note of API v1 or v2."""
    content = note.get("content")

    def value(name: str) -> object:
        found = content.get(name) if isinstance(content, dict) else None
        return found.get("value") if isinstance(found, dict) else found

    title, authors = value("title"), value("authors")
    names = tuple(str(name) for name in authors) if isinstance(authors, list) else ()
    # v1 writes "Anonymous" if the authors are not shown.
    shown = names if names and names != ("Anonymous",) else None
    return PaperToMatch(
        clean_text(title) or None if isinstance(title, str) else None,
        shown,
        _venue([note]),
        submitted=_day(note.get("cdate") or note.get("tcdate")),
    )


def _venue(notes: list[Any]) -> str:
    for note in notes:
        listed = note.get("invitations")
        name = listed[0] if isinstance(listed, list) and listed else note.get("invitation")
        if isinstance(name, str) and "/-/" in name:
            return venue_of(name)
    return ""


def _day(milliseconds: object) -> dt.date | None:
    if not isinstance(milliseconds, int) or not 0 < milliseconds < 253_402_300_800_000:
        return None
    return dt.datetime.fromtimestamp(milliseconds / _MS, tz=dt.UTC).date()


def json_object(reply: Reply | None) -> dict[str, Any]:
    """Return the JSON object of a successful reply; an empty one if it has another form."""
    if reply is None or reply.status != 200:
        return {}
    try:
        value = json.loads(reply.payload)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def json_objects(value: object) -> list[dict[str, Any]]:
    """Return the JSON objects of a list, or an empty list if it is none."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def recorded_citations(snapshot: Replies) -> Iterator[tuple[str | None, str | None]]:
    """Yield arXiv id and title of every cited work that Semantic Scholar has recorded."""
    for reply in snapshot.iter(keys.SEMANTIC_SCHOLAR, keys.WORKS):
        work = json_object(reply)
        names = work.get("externalIds")
        name = names.get("ArXiv") if isinstance(names, dict) else None
        if isinstance(name, str):
            yield name, None
        for cited in json_objects(work.get("references")):
            if isinstance(cited.get("title"), str):
                yield None, cited["title"]
