"""Select the papers of Research-14k: accepted, on arXiv, readable, long enough, in English.

Works on open and sealed snapshots, because outlines are requested before the snapshot is sealed and
must be about exactly the papers that the build selects.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cycledata.consent.tombstones import FILE as TOMBSTONES
from cycledata.consent.works import work_keys
from cycledata.datasets.paper_texts import TextSource, find_eprint, parse_text
from cycledata.datasets.research14k.recipe import Research14kRecipe, text_stages
from cycledata.errors import DEFECTS, ParseError
from cycledata.matching.find import ArxivMatch, find_arxiv_match
from cycledata.parse.arxiv import ArxivPaper
from cycledata.parse.proceedings import ListedPaper, parse_entry
from cycledata.records import Dropped, PaperText
from cycledata.snapshot.reply import Replies
from cycledata.stages.core import run_stages
from cycledata.stages.duplicates import normalise


@dataclass(frozen=True, slots=True)
class SelectedPaper:
    """A listed paper that passed every rule."""

    entry: ListedPaper
    """Entry of the list of accepted papers."""
    match: ArxivMatch
    """The arXiv paper that it is."""
    text: TextSource
    """Its e-print."""
    paper: PaperText
    """The parsed e-print."""

    @property
    def candidate(self) -> ArxivPaper:
        """The arXiv paper that matches it."""
        return self.match.paper

    @property
    def abstract(self) -> str:
        """Abstract of arXiv's metadata, else of the e-print; empty if neither has one."""
        return self.candidate.abstract or self.paper.abstract or ""

    @property
    def source(self) -> str:
        """E-print with its version, e.g. ``"2310.99915v1"``."""
        return self.text.reply.key.removeprefix("eprint/")


@dataclass(frozen=True, slots=True)
class SelectionCriteria:
    """Inputs of the selection other than the paper's own replies."""

    recipe: Research14kRecipe
    tombstones: frozenset[str]
    """Paper ids and keys of works that were taken down."""
    first_entry: Callable[[str], str | None]
    """Return the paper id of the earliest entry of the work with a name; see `first_entries`."""


def entry_keys(replies: Replies) -> dict[str, str]:
    """Return paper id to the key of its entry; the first key if two entries share an id."""
    keys: dict[str, str] = {}
    for key in replies.keys("proceedings"):
        if not key.startswith("list/"):
            keys.setdefault(_id_in(key), key)
    return keys


def first_entries(replies: Replies) -> Mapping[str, str]:
    """Return every name of every listed work to the paper id of its earliest entry.

    A work that is on several lists is used once; only all entries together show which is first.
    """
    first: dict[str, tuple[int, str, str]] = {}
    for key in entry_keys(replies).values():
        try:
            entry = read_entry(replies, key)
            names = _names(replies, entry)
        except (ParseError, *DEFECTS):
            continue  # the build has a row that states the reason
        rank = (entry.year, entry.list_name, entry.paper_id)
        for name in names:
            first[name] = min(first.get(name, rank), rank)
    return {name: paper_id for name, (_, _, paper_id) in first.items()}


def select_paper(
    replies: Replies, key: str, criteria: SelectionCriteria, cache: Path | None
) -> SelectedPaper | Dropped:
    """Return a listed paper with its text, or the first rule that drops it.

    Args:
        replies: the snapshot.
        key: key of the paper's entry, see `entry_keys`.
        criteria: recipe, takedowns and duplicates.
        cache: folder of parsed texts; None to parse again.
    """
    paper_id = _id_in(key)
    if paper_id in criteria.tombstones:
        return Dropped(paper_id, "takedown", f"see {TOMBSTONES}", "takedown")
    try:
        entry = read_entry(replies, key)
        for name in _names(replies, entry):
            first = criteria.first_entry(name) or paper_id
            if first != paper_id:
                return Dropped(paper_id, "duplicate", f"the same work as {first}", "match")
        match = find_entry(replies, entry)
        if match is None:
            detail = "no candidate has its title and an author in common"
            return Dropped(paper_id, "no-arxiv-paper", detail, "match")
        candidate = match.paper
        authors = entry.authors or candidate.authors
        keys = work_keys(arxiv_ids=[candidate.arxiv_id], title=entry.title, authors=authors)
        if any(key in criteria.tombstones for key in keys if not key.startswith("title:")):
            return Dropped(paper_id, "takedown", f"see {TOMBSTONES}", "takedown")
        if candidate.withdrawn:
            return Dropped(paper_id, "arxiv-withdrawn", f"arXiv {candidate.arxiv_id}", "match")
        text = find_eprint(replies, paper_id, candidate)
        if text is None:
            return Dropped(paper_id, "no-eprint", f"arXiv {candidate.arxiv_id}", "match")
        cut_hidden = criteria.recipe.hidden_text == "cut"
        parsed = parse_text(text, bibliography=True, cache=cache, cut_hidden=cut_hidden)
    except ParseError as error:
        return Dropped(paper_id, error.rule, error.detail[:300], "parse")
    paper = run_stages(parsed, text_stages(paper_id, criteria.recipe))
    if isinstance(paper, Dropped):
        return paper
    return SelectedPaper(entry, match, text, paper)


def find_entry(replies: Replies, entry: ListedPaper) -> ArxivMatch | None:
    """Return the arXiv paper that a listed paper is, or None if there is no match.

    Raises:
        ParseError: the reply of a search, or a row of arXiv's metadata, is invalid.
    """
    authors = entry.authors or None
    return find_arxiv_match(replies, entry.paper_id, entry.title, authors, year=entry.year)


def _id_in(key: str) -> str:
    return key.rpartition("/")[2]


def read_entry(replies: Replies, key: str) -> ListedPaper:
    """Return the entry under a key.

    Raises:
        ParseError: the entry is invalid, or has another id than its key.
    """
    reply = replies.get("proceedings", key)
    if reply is None:
        raise AssertionError("unreachable: the key comes from the snapshot")
    entry = parse_entry(reply.payload)
    if entry.paper_id != _id_in(key):
        raise ParseError("list-entry", f"expected the id {_id_in(key)}, found another")
    return entry


def _names(replies: Replies, entry: ListedPaper) -> list[str]:
    """Return the names that two entries of one work share: the title, the arXiv id."""
    names = [f"title:{normalise(entry.title)}"]
    try:
        match = find_entry(replies, entry)
    except ParseError:
        return names
    return names if match is None else [*names, f"arxiv:{match.paper.arxiv_id}"]
