"""One entry of a list of accepted papers: which paper was accepted, and where."""

from cycledata.errors import ParseError
from cycledata.parse.bibliography.entry import doi_in
from cycledata.parse.payload import read_json, where_invalid
from cycledata.records import Record


class ListedPaper(Record):
    """A paper in the list of its venue."""

    paper_id: str
    """Id within the list: an OpenReview forum, an Anthology id, a page's name."""
    list_name: str
    """E.g. ``"acl/2023"``."""
    title: str
    authors: tuple[str, ...]
    """In the list's spelling; empty if it names none."""
    abstract: str | None
    """None if the list has none."""
    url: str
    """The paper's page at its venue."""
    doi: str | None = None
    """DOI in lower case; None if the list has none."""

    @property
    def venue(self) -> str:
        """E.g. ``"acl"``."""
        return self.list_name.rpartition("/")[0]

    @property
    def year(self) -> int:
        """Year of the venue."""
        return int(self.list_name.rpartition("/")[2])


def parse_entry(payload: bytes) -> ListedPaper:
    """Return one entry of a list.

    Raises:
        ParseError: ``list-entry``; no JSON object with a list, an id and a title.
    """
    try:
        entry = read_json(payload)
        paper = ListedPaper(
            paper_id=entry["entry"],
            list_name=entry["list"],
            title=" ".join(entry["title"].split()),
            authors=tuple(entry.get("authors") or ()),
            abstract=entry.get("abstract") or None,
            url=entry.get("url") or "",
            doi=doi_in(entry.get("doi") or ""),
        )
        if not (paper.title and 1900 < paper.year < 2200):
            raise ParseError("list-entry", f"{paper.paper_id}: no title or no year")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        detail = f"expected an object with list, entry and title: {where_invalid(error)}"
        raise ParseError("list-entry", detail) from error
    return paper
