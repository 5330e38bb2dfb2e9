"""Cells of tables of papers: titles, authors, ids and decisions, under the names that lists use."""

import html
import re
from collections.abc import Mapping, Sequence

from cycledata.formats.rating_scales import decision_kind
from cycledata.sources.rating_cells import (
    ACCEPTED,
    MISSING,
    WITHDRAWN,
    read_flag,
    states_nothing,
)
from cycledata.sources.stated_names import stated_venue
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

COLUMNS_OF_IDS = frozenset(
    {*PAPER_IDS, *ARXIV_IDS, *LICENSES, *LICENSE_SOURCES, *_OTHER_IDS}
    | {"title", "version", "arxiv_version", "published"}
)
"""Columns that `import arxiv-ids` reads."""
COLUMNS_OF_LISTS = frozenset(
    COLUMNS_OF_IDS
    | {*AUTHORS, *URLS, *TITLES, *_DECISIONS, *ACCEPTED, *WITHDRAWN, *_LISTS}
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
        if words is None:
            continue
        if _CODE.fullmatch(words):
            return f"{column}: expected words such as Accept or Reject, found {words[:40]}"
        kind = decision_kind(words)
        if kind in {"reject", "withdrawn"} or _UNACCEPTED.match(words) or states_nothing(words):
            return f"{column} is {words!r:.40}; only accepted papers are imported"
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
    """
    if isinstance(value, list):
        return [name for item in value if (name := _author_name(item))]
    if not isinstance(value, str):
        return []
    value = html.unescape(value)
    if separator := _BETWEEN_NAMES.search(value):
        names = value.split(separator[0])
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
