"""Resolve citation keys: find each key's bibliography entry and its Semantic Scholar record.

Returns one ``Reference`` per key in order of first citation, and a row for every key, record or
abstract that is missing.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from cycledata.parse.arxiv_metadata import ArxivMetadata
from cycledata.parse.semantic_scholar import Work
from cycledata.records import BibEntry, Dropped, Reference
from cycledata.stages.duplicates import normalise

ARXIV_PREFIX = "ARXIV:"
"""Start of the id of a work that has no record at Semantic Scholar, which understands it too."""
MIN_TITLE_LETTERS = 12
"""Shorter titles do not identify a work."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """A paper's references."""

    references: tuple[Reference, ...]
    """One per cited key with a bibliography entry; abstracts as the service has them."""
    works: Mapping[str, Work]
    """Citation key to its record."""
    missing: tuple[Dropped, ...]
    """A row of the stage ``references`` per missing key, record or abstract."""
    arxiv_ids: Mapping[str, str] = field(default_factory=dict)
    """Citation key to the arXiv id whose metadata gave the abstract."""


FindOnArxiv = Callable[[str | None, str | None, int | None], ArxivMetadata | None]
"""Returns arXiv's metadata of a work by arXiv id, else by title and year; None if unknown."""


def _nothing(_id: str | None, _title: str | None, _year: int | None) -> None:
    """Find nothing: the snapshot has no metadata of arXiv."""


def resolve_references(
    paper_id: str,
    cited_keys: Sequence[str],
    entries: Sequence[BibEntry],
    works: Iterable[Work],
    find_on_arxiv: FindOnArxiv = _nothing,
) -> Resolved:
    """Find the entry of each cited key, and the work that matches it.

    A work matches an entry if they share an arXiv id, or else a DOI, or else a title of at least
    twelve letters (ignoring case, accents and punctuation) with years at most one apart. The
    abstract of a work on arXiv comes from arXiv's metadata, which is in the public domain.

    Args:
        paper_id: the citing paper.
        cited_keys: in order of first citation.
        entries: its bibliography.
        works: records of Semantic Scholar.
        find_on_arxiv: returns arXiv's metadata of a work.
    """
    by_key = {entry.key: entry for entry in reversed(entries)}
    names = _Names(works)
    references: list[Reference] = []
    found: dict[str, Work] = {}
    missing: list[Dropped] = []
    arxiv_ids: dict[str, str] = {}
    for key in cited_keys:
        entry = by_key.get(key)
        if entry is None:
            missing.append(_row(paper_id, "no-bibliography-entry", key))
            continue
        work = names.find(entry)
        arxiv_id = entry.arxiv_id or (work.arxiv_id if work else None)
        metadata = find_on_arxiv(arxiv_id, entry.title, entry.year)
        if metadata is not None and metadata.abstract and not metadata.withdrawn:
            work = work or _work_of(metadata)
            work = work.model_copy(update={"abstract": metadata.abstract})
            arxiv_ids[key] = metadata.arxiv_id
        if work is None:
            missing.append(_row(paper_id, "no-record", key))
        else:
            found[key] = work
            if work.abstract is None:
                missing.append(_row(paper_id, "no-abstract", f"{key}: {work.work_id}"))
        references.append(
            Reference(
                key=key,
                paper_id=work.work_id if work else None,
                title=(work.title if work else None) or entry.title,
                abstract=work.abstract if work else None,
                year=(work.year if work else None) or entry.year,
                bibtex=entry.bibtex,
            )
        )
    return Resolved(tuple(references), found, tuple(missing), arxiv_ids)


def _work_of(metadata: ArxivMetadata) -> Work:
    """Return the record of a work that only arXiv's metadata has."""
    return Work(
        work_id=f"{ARXIV_PREFIX}{metadata.arxiv_id}",
        title=metadata.title,
        abstract=metadata.abstract,
        year=metadata.first_day.year,
        arxiv_id=metadata.arxiv_id,
        doi=next(iter(metadata.dois), None),
        license=None,
        cites=(),
    )


class _Names:
    """Index of works by arXiv id, DOI and title; the first of two works with one name is used."""

    def __init__(self, works: Iterable[Work]) -> None:
        self._by_arxiv: dict[str, Work] = {}
        self._by_doi: dict[str, Work] = {}
        self._by_title: dict[str, Work] = {}
        for work in works:
            if work.arxiv_id:
                self._by_arxiv.setdefault(work.arxiv_id, work)
            if work.doi:
                self._by_doi.setdefault(work.doi, work)
            title = normalise(work.title or "")
            if len(title) >= MIN_TITLE_LETTERS:
                self._by_title.setdefault(title, work)

    def find(self, entry: BibEntry) -> Work | None:
        if entry.arxiv_id and entry.arxiv_id in self._by_arxiv:
            return self._by_arxiv[entry.arxiv_id]
        if entry.doi and entry.doi in self._by_doi:
            return self._by_doi[entry.doi]
        work = self._by_title.get(normalise(entry.title or ""))
        if work and work.year and entry.year and abs(work.year - entry.year) > 1:
            return None
        return work


def _row(paper_id: str, rule: str, detail: str) -> Dropped:
    return Dropped(paper_id, rule, detail[:200], "references")
