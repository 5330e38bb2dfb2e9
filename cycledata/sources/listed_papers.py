"""Cells of tables of papers: titles, authors, ids and decisions, under the names that lists use."""

import html
import re
from collections.abc import Mapping, Sequence

from cycledata.formats.rating_scales import decision_kind
from cycledata.parse.bibliography.entry import doi_in
from cycledata.parse.openreview.note import clean_text
from cycledata.sources.rating_cells import (
    ACCEPTED,
    MISSING,
    WITHDRAWN,
    read_flag,
    states_nothing,
)
from cycledata.sources.stated_names import read_arxiv_id, stated_venue
from cycledata.sources.table_files import PAPER_IDS, plain_cell

ARXIV_IDS = ("arxiv_id", "arxiv", "arxivid", "arxiv_url", "paper_arxiv_id")
"""Columns that may state the arXiv id, the first one first."""
LICENSES = (
    *("license", "licence", "license_url", "licence_url"),
    *("arxiv_license", "arxiv_licence", "paper_license"),
)
LICENSE_SOURCES = ("license_source", "licence_source", "source")
AUTHORS = (
    *("author_full_names", "authors", "author", "author_names", "author_list"),
    *("speakers/authors", "authorships"),
)
URLS = (
    *("url", "site", "virtualsite_url", "paper_url", "link", "ee", "url_abs"),
    *("conference_url_abs", "pdf", "pdf_url", "url_pdf"),
)
"""Columns that may have the paper's page."""
TITLES = ("title", "paper_title", "article_title", "name", "display_name")
_LINKS = frozenset({*URLS, "doi", "entry_id"})
"""Columns that may have the arXiv id as a link, a DOI, or as the client of arXiv writes it."""
_KINDS = ("eventtype", "event_type", "type", "document_type")
_NO_PAPER = re.compile(
    r"(?:affinity|award|blog|break$|competition|editor|expo\b|invited|keynote|mentor|opening|panel"
    r"|proceedings$|reception|remarks|session|socials?$|talk$|town hall|tutorial|workshop)",
    re.IGNORECASE,
)
"""Start of a kind of event, or of a publication, that is no paper of the venue."""
_DECISIONS = ("decision", "status")
_UNACCEPTED = re.compile(r"desk[- ]reject|active\b|submitted\b|.*\bworkshop\b", re.IGNORECASE)
_STATES = re.compile(r"submitted to |.*(?:\b(?:withdrawn|rejected)[ _]|/)submission", re.IGNORECASE)
"""Venue of a paper that OpenReview does not list as accepted."""
_NO_VENUES = frozenset({"arxiv", "corr", "biorxiv", "medrxiv", "ssrn", "openreview", "preprint"})
_CODE = re.compile(r"-?\d+(?:\.\d+)?")
_VENUE_ID = re.compile(r"([A-Za-z]+)\.[a-z]+/((?:19|20|21)\d\d)/Conference")
_VENUE_AND_YEAR = re.compile(r"([A-Za-z][A-Za-z&+-]{1,20})[ _.-]?((?:19|20|21)\d\d)?")
_LISTS = ("list", "venue_id", "venueid", "conference", "venue", "year")
_OTHER_IDS = ("externalids", "external_ids", "ids")
"""Mappings from service to id, as Semantic Scholar writes them."""
_NAMES = ("name", "fullname", "full_name", "display_name", "text", "author")
_BETWEEN_NAMES = re.compile("[;\u00b7\u2022\u22c5|]")
"""Signs that separate names on the pages of venues, beside commas."""
_ONE_NAME = re.compile(r"[^\s,]+(?:-[^\s,]+)?, [^,]+")
"""One name with the family name first, such as `Zhang, Jingyi`."""
_BEHIND_NAME = re.compile(r" ?\([^()]{1,300}\)(?=[ *]{0,4}(?:[;,|\u00b7\u2022\u22c5&]|and\b|$))")
"""Affiliation or number in brackets."""
_NAMESAKE = re.compile(r"(?<=\w) \d{4}$")
"""Number by which DBLP tells namesakes apart."""

COLUMNS_OF_IDS = frozenset(
    {*PAPER_IDS, *ARXIV_IDS, *LICENSES, *LICENSE_SOURCES, *_OTHER_IDS}
    | {"title", "version", "arxiv_version", "published"}
)
"""Columns that `import arxiv-ids` reads."""
COLUMNS_OF_LISTS = frozenset(
    COLUMNS_OF_IDS
    | {*AUTHORS, *URLS, *TITLES, *_DECISIONS, *_KINDS, *ACCEPTED, *WITHDRAWN, *_LISTS}
    | {"abstract", "doi"}
)
"""Columns that `import accepted-papers` reads."""


def first_text(row: Mapping[str, object], columns: Sequence[str]) -> str | None:
    """Return the first cell of the columns that is a text or number, without blanks around it."""
    for column in columns:
        value = plain_cell(row.get(column))
        if isinstance(value, str | int | float) and str(value).strip():
            return str(value).strip()
    return None


def title_of(row: Mapping[str, object]) -> str | None:
    """Return the title of a row, which may be a list of one text; None if it has none.

    >>> title_of({"title": ["Cats &amp; dogs"]})
    'Cats & dogs'
    """
    for column in TITLES:
        cell = row.get(column)
        only = {column: cell[0]} if isinstance(cell, list) and len(cell) == 1 else row
        if title := clean_text(first_text(only, (column,)) or ""):
            return title
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
    or the link, DOI or entry id of the paper, if it is one of arXiv.

    >>> column_of_arxiv_id({"paper_id": "a", "link": "https://arxiv.org/abs/2310.01234"})
    'link'
    """
    for column in ARXIV_IDS:
        if first_text(row, (column,)) is not None:
            return column
    for column in _OTHER_IDS:
        if _of_service(row, column, "arxiv") is not None:
            return column
    return next((column for column in row if _has_arxiv_id(row, column)), None)


def _has_arxiv_id(row: Mapping[str, object], column: str) -> bool:
    text = first_text(row, (column,)) or ""
    if not _may_name_arxiv(column) and not (column in _LINKS and "arxiv" in text.lower()):
        return False
    try:
        read_arxiv_id(text)
    except ValueError:
        return False
    return True


def _may_name_arxiv(column: str) -> bool:
    return "arxiv" in column or column == "eprint"


def stated_arxiv_id(row: Mapping[str, object]) -> str | None:
    """Return the arXiv id that a row states, as it is written there."""
    column = column_of_arxiv_id(row)
    if column is None:
        return None
    return first_text(row, (column,)) or _of_service(row, column, "arxiv")


def has_no_arxiv_id(row: object) -> bool:
    """Return True if a row names a paper and its columns of arXiv ids are empty, or say `N/A`."""
    if not isinstance(row, Mapping) or first_text(row, PAPER_IDS) is None:
        return False
    names = [name for name in row if _may_name_arxiv(name) or name in _OTHER_IDS]
    cells = [(first_text(row, (name,)) or "").lower() for name in names]
    none_stated = (stated_arxiv_id(row) or "").lower() in MISSING
    return bool(names) and none_stated and all(cell in MISSING for cell in cells)


def is_left_out(row: Mapping[str, object]) -> str | None:
    """Return why a row is no accepted paper, or None if nothing says that it is not."""
    for column in _DECISIONS:
        words = first_text(row, (column,))
        if words is None:
            continue
        if _CODE.fullmatch(words):
            return f"{column}: expected words such as Accept or Reject, found {words[:40]}"
        kind = decision_kind(words)
        if kind in {"reject", "withdrawn"} or _UNACCEPTED.match(words) or states_nothing(words):
            return f"{column} is {words!r:.40}; only accepted papers are imported"
    for column in _KINDS:
        words = first_text(row, (column,))
        if words is not None and _NO_PAPER.match(words):
            return f"{column} is {words!r:.40}; only papers are imported"
    for column in ("venueid", "venue_id", "venue"):
        words = first_text(row, (column,))
        if words is not None and _STATES.match(words):
            return f"{column} is {words!r:.60}; only accepted papers are imported"
    try:
        if read_flag(row, WITHDRAWN):
            return "the paper was withdrawn; only accepted papers are imported"
        if read_flag(row, ACCEPTED) is False:
            return "the paper was not accepted; only accepted papers are imported"
    except ValueError as error:
        return str(error)
    return None


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


def author_names(value: object) -> list[str]:
    """Return the authors of a cell: a list of names or mappings, or a text.

    A text has semicolons or dots, `and`, or commas between the names.

    >>> author_names("Zhang, Jingyi and van Genabith, Josef"), author_names("Zhang, Jingyi")
    (['Zhang, Jingyi', 'van Genabith, Josef'], ['Zhang, Jingyi'])
    >>> author_names("Ann A, Bob B and Carl C"), author_names([{"name": "Ann A"}])
    (['Ann A', 'Bob B', 'Carl C'], ['Ann A'])
    >>> author_names("Ann A (MIT)*; Bob B (ETH, Zurich)"), author_names([{"family": "Ann"}])
    (['Ann A', 'Bob B'], ['Ann'])
    """
    if isinstance(value, list):
        return [name for item in value if (name := _author_name(item))]
    if isinstance(value, Mapping):  # DBLP has a list of several authors only
        inner = value.get("author")
        return author_names(inner if isinstance(inner, list) else [value])
    if not isinstance(value, str):
        return []
    value = _BEHIND_NAME.sub("", html.unescape(value))
    if separator := _BETWEEN_NAMES.search(value):
        names = value.split(separator[0])
    else:
        names = re.split(r"\s+and\s+|\s+&\s+", value)
        if not all(_ONE_NAME.fullmatch(" ".join(name.split())) for name in names) and (
            len(names) == 1 or not all("," in name for name in names)
        ):
            names = [part for name in names for part in name.split(",")]
    return [bare for name in names if (bare := _bare_name(name))]


def _bare_name(name: str) -> str:
    """Return a name without marks and DBLP's number behind it."""
    return _NAMESAKE.sub("", " ".join(name.split()).rstrip("*\u2020\u2021 "))


def _author_name(item: object) -> str | None:
    """Return the name of an author, which may be a mapping, also inside of another."""
    if not isinstance(item, Mapping):
        return _bare_name(str(item)) or None
    inner = item.get("author")
    if isinstance(inner, Mapping):
        return _author_name(inner)
    parts = filter(None, (first_text(item, (part,)) for part in ("given", "family")))
    return _bare_name(first_text(item, _NAMES) or " ".join(parts)) or None
