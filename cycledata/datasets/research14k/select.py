"""Which listed papers Research-14k is made of: accepted, on arXiv, readable, long enough, English.

In: replies of a snapshot, open or sealed, since outlines are asked for before it is sealed and the
build must then want the very same papers. Out: a paper with its text, or the rule that left it out.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cycledata.consent.tombstones import FILE as TOMBSTONES
from cycledata.datasets.paper_texts import Text, arxiv_candidate, latest_eprint, read_text
from cycledata.errors import ParseError
from cycledata.parse.arxiv import ArxivPaper
from cycledata.parse.proceedings import ListedPaper, parse_entry
from cycledata.records import Dropped, PaperText
from cycledata.snapshot.open import Replies
from cycledata.stages import paper_filters
from cycledata.stages.core import run_stages
from cycledata.stages.duplicates import normalise


@dataclass(frozen=True, slots=True)
class Selected:
    """A listed paper that passed every rule."""

    entry: ListedPaper
    """Proof of acceptance."""
    candidate: ArxivPaper
    """The arXiv paper that it is."""
    text: Text
    """Its e-print."""
    paper: PaperText
    """What the e-print says."""

    @property
    def source(self) -> str:
        """E-print with its version, e.g. ``"2310.99915v1"``."""
        return self.text.reply.key.removeprefix("eprint/")


@dataclass(frozen=True, slots=True)
class Rules:
    """What a paper is judged by besides its own replies."""

    min_words: int
    """Words that a text must have."""
    tombstones: frozenset[str]
    """Papers that were taken down."""
    first_entry: Callable[[str], str | None]
    """Name of a work to the id of its earliest entry, see ``first_entries``."""


def entry_keys(replies: Replies) -> dict[str, str]:
    """Paper id to the key of its entry; of two entries under one id the first counts."""
    keys: dict[str, str] = {}
    for key in replies.keys("proceedings"):
        if not key.startswith("list/"):
            keys.setdefault(_id_in(key), key)
    return keys


def first_entries(replies: Replies) -> Mapping[str, str]:
    """Every name of every listed work to the paper id of its earliest entry.

    Which of several entries of one work comes first only all of them together can tell.
    """
    first: dict[str, tuple[int, str, str]] = {}
    for key in entry_keys(replies).values():
        try:
            entry = _read_entry(replies, key)
        except ParseError:
            continue  # select_paper gives the row that says so
        rank = (entry.year, entry.list_name, entry.paper_id)
        for name in _names(replies, entry):
            first[name] = min(first.get(name, rank), rank)
    return {name: paper_id for name, (_, _, paper_id) in first.items()}


def select_paper(
    replies: Replies, key: str, rules: Rules, cache: Path | None
) -> Selected | Dropped:
    """A listed paper with its text, or the first rule that leaves it out.

    Args:
        replies: the snapshot.
        key: of the paper's entry, see ``entry_keys``.
        rules: what it is judged by.
        cache: folder of texts read before; None reads every text afresh.
    """
    paper_id = _id_in(key)
    if paper_id in rules.tombstones:
        return Dropped(paper_id, "takedown", f"see {TOMBSTONES}", "takedown")
    try:
        entry = _read_entry(replies, key)
        for name in _names(replies, entry):
            first = rules.first_entry(name) or paper_id
            if first != paper_id:
                return Dropped(paper_id, "duplicate", f"the same work as {first}", "match")
        candidate = arxiv_candidate(replies, paper_id, entry.title, entry.authors or None)
        if candidate is None:
            why = "no candidate has its title and a name"
            return Dropped(paper_id, "no-arxiv-paper", why, "match")
        text = latest_eprint(replies, candidate)
        if text is None:
            return Dropped(paper_id, "no-eprint", f"arXiv {candidate.arxiv_id}", "match")
        read = read_text(text, bibliography=True, cache=cache)
    except ParseError as error:
        return Dropped(paper_id, error.rule, error.detail[:300], "parse")
    paper = run_stages(read, paper_filters.stages(paper_id, min_words=rules.min_words))
    return paper if isinstance(paper, Dropped) else Selected(entry, candidate, text, paper)


def _id_in(key: str) -> str:
    return key.rpartition("/")[2]


def _read_entry(replies: Replies, key: str) -> ListedPaper:
    reply = replies.get("proceedings", key)
    if reply is None:
        raise AssertionError("unreachable: the key comes from the snapshot")
    entry = parse_entry(reply.payload)
    if entry.paper_id != _id_in(key):
        raise ParseError("list-entry", f"expected the id {_id_in(key)}, found {entry.paper_id!r}")
    return entry


def _names(replies: Replies, entry: ListedPaper) -> list[str]:
    """What two entries of one work share: the title, the arXiv id."""
    names = [f"title:{normalise(entry.title)}"]
    try:
        candidate = arxiv_candidate(replies, entry.paper_id, entry.title, entry.authors or None)
    except ParseError:
        return names
    return names if candidate is None else [*names, f"arxiv:{candidate.arxiv_id}"]
