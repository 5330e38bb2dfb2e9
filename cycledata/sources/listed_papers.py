"""Cells of tables of papers: titles, authors, ids and decisions, under the names that lists use."""

import re
from collections.abc import Mapping, Sequence

from cycledata.formats.rating_scales import decision_kind
from cycledata.sources.rating_cells import MISSING
from cycledata.sources.table_files import PAPER_IDS, plain_cell

ARXIV_IDS = ("arxiv_id", "arxiv", "arxivid", "arxiv_url", "paper_arxiv_id")
"""Columns that may state the arXiv id, the first one first."""
LICENSES = ("license", "licence", "license_url", "licence_url")
LICENSE_SOURCES = ("license_source", "licence_source", "source")
AUTHORS = ("authors", "author", "speakers/authors", "authorships")
URLS = ("url", "site", "virtualsite_url", "link", "pdf", "pdf_url")
"""Columns that may have the paper's page."""
TITLES = ("title", "paper_title", "name", "display_name")
_DECISIONS = ("decision", "status")
_UNACCEPTED = re.compile(
    r"desk[- ]reject|active\b|submitted\b|under review|pending|undecided", re.IGNORECASE
)
_OTHER_IDS = ("externalids", "external_ids", "ids")
"""Mappings from service to id, as Semantic Scholar writes them."""
_NAMES = ("name", "fullname", "full_name", "display_name", "text", "author")
_ONE_NAME = re.compile(r"[^\s,]+(?:-[^\s,]+)?, [^,]+")
"""One name with the family name first, such as `Zhang, Jingyi`."""

COLUMNS_OF_IDS = frozenset(
    {*PAPER_IDS, *ARXIV_IDS, *LICENSES, *LICENSE_SOURCES, *_OTHER_IDS}
    | {"title", "version", "arxiv_version", "published"}
)
"""Columns that `import arxiv-ids` reads."""
COLUMNS_OF_LISTS = frozenset(
    COLUMNS_OF_IDS | {*AUTHORS, *URLS, *TITLES, *_DECISIONS, "list", "abstract", "doi"}
)
"""Columns that `import accepted-papers` reads."""


def first_text(row: Mapping[str, object], columns: Sequence[str]) -> str | None:
    """Return the first cell of the columns that is a text or number, without blanks around it."""
    for column in columns:
        value = plain_cell(row.get(column))
        if isinstance(value, str | int | float) and str(value).strip():
            return str(value).strip()
    return None


def stated_arxiv_id(row: Mapping[str, object]) -> str | None:
    """Return the arXiv id that a row states, also in a mapping from service to id."""
    stated = first_text(row, ARXIV_IDS)
    for column in _OTHER_IDS:
        others = row.get(column)
        if stated is None and isinstance(others, Mapping):
            by_name = {str(name).lower(): value for name, value in others.items()}
            stated = first_text(by_name, ("arxiv",))
    return stated


def has_no_arxiv_id(row: object) -> bool:
    """Return True if a row names a paper and its column of arXiv ids is empty, or says `N/A`."""
    if not isinstance(row, Mapping) or first_text(row, PAPER_IDS) is None:
        return False
    names = row.keys() & {*ARXIV_IDS, *_OTHER_IDS}
    return bool(names) and (stated_arxiv_id(row) or "").lower() in MISSING


def is_left_out(row: Mapping[str, object]) -> str | None:
    """Return why a row is no accepted paper, or None if nothing says that it is not."""
    for column in _DECISIONS:
        words = first_text(row, (column,))
        kind = decision_kind(words) if words else None
        if kind in {"reject", "withdrawn"} or _UNACCEPTED.match(words or ""):
            return f"{column} is {words!r:.40}; only accepted papers are imported"
    return None


def author_names(value: object) -> list[str]:
    """Return the authors of a cell: a list of names or mappings, or a text.

    A text has semicolons, `and`, or commas between the names.

    >>> author_names("Zhang, Jingyi and van Genabith, Josef"), author_names("Zhang, Jingyi")
    (['Zhang, Jingyi', 'van Genabith, Josef'], ['Zhang, Jingyi'])
    >>> author_names("Ann A, Bob B and Carl C"), author_names([{"name": "Ann A"}])
    (['Ann A', 'Bob B', 'Carl C'], ['Ann A'])
    """
    if isinstance(value, list):
        return [name for item in value if (name := _author_name(item))]
    if not isinstance(value, str):
        return []
    if ";" in value:
        names = value.split(";")
    else:
        names = re.split(r"\s+and\s+|\s+&\s+", value)
        if not all(_ONE_NAME.fullmatch(" ".join(name.split())) for name in names) and (
            len(names) == 1 or not all("," in name for name in names)
        ):
            names = [part for name in names for part in name.split(",")]
    return [" ".join(name.split()) for name in names if name.strip()]


def _author_name(item: object) -> str | None:
    """Return the name of an author, which may be a mapping, also inside of another."""
    if not isinstance(item, Mapping):
        return str(item).strip() or None
    inner = item.get("author")
    return _author_name(inner) if isinstance(inner, Mapping) else first_text(item, _NAMES)
