"""Cells of tables of papers: titles, authors, ids and decisions, under the names that lists use."""

import re
from collections.abc import Mapping

from cycledata.parse.bibliography.entry import doi_in
from cycledata.parse.openreview.note import clean_text
from cycledata.sources.accepted_states import DECISIONS, KINDS
from cycledata.sources.rating_cells import ACCEPTED, MISSING, WITHDRAWN
from cycledata.sources.stated_names import read_arxiv_id, stated_venue
from cycledata.sources.table_files import PAPER_IDS, first_text, plain_cell

ARXIV_IDS = ("arxiv_id", "arxiv", "arxivid", "arxiv_url", "paper_arxiv_id")
"""Columns that may state the arXiv id, the first one first."""
LICENSES = (
    *("license", "licence", "license_url", "licence_url"),
    *("arxiv_license", "arxiv_licence", "paper_license"),
)
LICENSE_SOURCES = ("license_source", "licence_source", "source")
AUTHORS = (
    *("author_full_names", "authors", "author", "author_names", "author_list"),
    *("speakers/authors", "authorships", "creators"),
)
URLS = (
    *("url", "site", "virtualsite_url", "paper_url", "link", "ee", "url_abs"),
    *("conference_url_abs", "pdf", "pdf_url", "url_pdf"),
)
"""Columns that may have the paper's page."""
TITLES = ("title", "paper_title", "article_title", "document_title", "name", "display_name")
_NO_TITLE = re.compile(r"=[A-Za-z]+\(|!?\[[^\]]*+\]\(|<a\b", re.IGNORECASE)
"""Start of a formula or a link in place of a title."""
_LINKS = frozenset({*URLS, "doi", "entry_id"})
"""Columns that may have the arXiv id as a link, a DOI, or as the client of arXiv writes it."""
_OF_OWN_ARXIV = re.compile(
    r"(?>arxiv|identifiers?|numbers?|address|webpage|website|preprints?|eprint|papers?|version"
    r"|latest|links?|entry|print|page|html|href|full|text|abs|pdf|url|uri|doi|ids?|nr|no|the|e"
    r"|s|[^a-z])++"
)
"""Column whose name says arXiv and nothing of other papers, such as `arxiv_link`."""
_NO_VENUES = frozenset({"arxiv", "corr", "biorxiv", "medrxiv", "ssrn", "openreview", "preprint"})
_VENUE_ID = re.compile(r"([A-Za-z]+)\.[a-z]+/((?:19|20|21)\d\d)/Conference")
_VENUE_AND_YEAR = re.compile(
    r"([A-Za-z][A-Za-z&+-]{1,20})[ _.-]?((?:19|20|21)\d\d)?"
    r"(?: (?:poster|oral|spotlight|notable top \d{1,2}%|conference))?",
    re.IGNORECASE,
)
_LISTS = ("list", "venue_id", "venueid", "conference", "venue", "year")
_OTHER_IDS = ("externalids", "external_ids", "ids")
"""Mappings from service to id, as Semantic Scholar writes them."""

COLUMNS_OF_IDS = frozenset(
    {*PAPER_IDS, *ARXIV_IDS, *LICENSES, *LICENSE_SOURCES, *_OTHER_IDS}
    | {"title", "version", "arxiv_version", "published"}
)
"""Columns that `import arxiv-ids` reads."""
COLUMNS_OF_LISTS = frozenset(
    COLUMNS_OF_IDS
    | {*AUTHORS, *URLS, *TITLES, *DECISIONS, *KINDS, *ACCEPTED, *WITHDRAWN, *_LISTS}
    | {"abstract", "doi"}
)
"""Columns that `import accepted-papers` reads."""


def title_of(row: Mapping[str, object]) -> str | None:
    """Return the title of a row, which may be a list of one text; None if it has none.

    >>> title_of({"title": ["Cats &amp; dogs"]})
    'Cats & dogs'
    """
    return next(
        (title for name in TITLES if (title := clean_text(_text_in(row, name) or ""))), None
    )


def _text_in(row: Mapping[str, object], column: str) -> str | None:
    """Return the text of a cell, also if it is the only one of a list."""
    cell = row.get(column)
    only = {column: cell[0]} if isinstance(cell, list) and len(cell) == 1 else row
    return first_text(only, (column,))


def problem_of_title(row: Mapping[str, object], title: str | None) -> str | None:
    """Return why a row has no title, or None if it has one."""
    if title is None:
        return f"no title; found the columns {', '.join(map(str, row))[:100]}; rename one"
    if _NO_TITLE.match(title):
        return f"expected a title, found a formula or a link: {title:.60}; write the text alone"
    return None


def page_of(row: Mapping[str, object]) -> str:
    """Return the URL of a row's paper; `""` if it has none or only a path."""
    stated = (first_text(row, (column,)) for column in URLS)
    return next((url for url in stated if url and not url.startswith("/")), "")


def stated_doi(row: Mapping[str, object]) -> str | None:
    """Return the DOI that a row states in a column, a mapping of ids or a URL of doi.org.

    >>> stated_doi({"ee": "https://doi.org/10.18653/v1/2023.acl-long.1"})
    '10.18653/v1/2023.acl-long.1'
    """
    by_service = (_of_service(row, column, "doi") for column in _OTHER_IDS)
    urls = (url for column in URLS if "doi.org/" in (url := first_text(row, (column,)) or ""))
    stated = (first_text(row, ("doi",)), *by_service, *urls)
    return next((doi for text in stated if text and (doi := doi_in(text))), None)


def _of_service(row: Mapping[str, object], column: str, service: str) -> str | None:
    """Return the id of a service in a mapping from service to id."""
    ids = row.get(column)
    if not isinstance(ids, Mapping):
        return None
    return first_text({str(name).lower(): value for name, value in ids.items()}, (service,))


def column_of_arxiv_id(row: Mapping[str, object]) -> str | None:
    """Return the column that states the arXiv id of a row; None if none does.

    It is a usual one, a mapping from service to id, one whose name says arXiv and that has an id,
    or the link, DOI or entry id of the paper, if it is one of arXiv. A column whose name says more,
    such as `cited_arxiv_id`, may have the id of another paper.

    >>> column_of_arxiv_id({"paper_id": "a", "link": "https://arxiv.org/abs/2310.01234"})
    'link'
    """
    for column in ARXIV_IDS:
        if _text_in(row, column) is not None:
            return column
    for column in _OTHER_IDS:
        if _of_service(row, column, "arxiv") is not None:
            return column
    return next((column for column in row if _arxiv_id_in(row, column)), None)


def other_arxiv_id(row: Mapping[str, object], arxiv_id: str) -> str | None:
    """Return the first column that states another arXiv id than a row is read to have."""
    found = ((column, _arxiv_id_in(row, column)) for column in row)
    return next((column for column, other in found if other and other != arxiv_id), None)


def _arxiv_id_in(row: Mapping[str, object], column: str) -> str | None:
    """Return the arXiv id of the row's paper in a column, without version."""
    text = _text_in(row, column) or ""
    if not _may_name_arxiv(column) and not (column in _LINKS and "arxiv" in text.lower()):
        return None
    try:
        return read_arxiv_id(text)[0]
    except ValueError:
        return None


def _may_name_arxiv(column: str) -> bool:
    return column == "eprint" or ("arxiv" in column and bool(_OF_OWN_ARXIV.fullmatch(column)))


def stated_arxiv_id(row: Mapping[str, object]) -> str | None:
    """Return the arXiv id that a row states, as it is written there."""
    column = column_of_arxiv_id(row)
    if column is None:
        return None
    return _text_in(row, column) or _of_service(row, column, "arxiv")


def has_no_arxiv_id(row: object) -> bool:
    """Return True if a row names a paper and its columns of arXiv ids are empty, or say `N/A`."""
    if not isinstance(row, Mapping) or first_text(row, PAPER_IDS) is None:
        return False
    names = [name for name in row if _may_name_arxiv(name) or name in _OTHER_IDS]
    cells = [plain_cell(row[name]) for name in names if name not in _OTHER_IDS]
    none_stated = (stated_arxiv_id(row) or "").lower() in MISSING
    empty = all(cell in (None, [], {}) or str(cell).strip().lower() in MISSING for cell in cells)
    return bool(names) and none_stated and empty


def stated_list(row: Mapping[str, object]) -> str | None:
    """Return the list that the venue and year of a row name, or None if they name none.

    >>> stated_list({"venue": "ICLR 2024 Poster", "venueid": "ICLR.cc/2024/Conference"})
    'iclr/2024'
    >>> stated_list({"conference": "ACL", "year": 2023}), stated_list({"venue": "COLT_2020"})
    ('acl/2023', 'colt/2020')
    """
    if (venue_id := stated_venue(row)) is not None:
        of_id = _VENUE_ID.fullmatch(venue_id)
        return f"{of_id[1].lower()}/{of_id[2]}" if of_id else None
    name = _VENUE_AND_YEAR.fullmatch(first_text(row, ("conference", "venue")) or "")
    year = (first_text(row, ("year",)) or "").removesuffix(".0")
    if name is None or (name[2] and year and name[2] != year):
        return None
    if name[1].lower() in _NO_VENUES or "workshop" in name[1].lower():
        return None
    listed = f"{name[1].lower()}/{name[2] or year}"
    return listed if re.fullmatch(r".+/(?:19|20|21)\d\d", listed) else None
