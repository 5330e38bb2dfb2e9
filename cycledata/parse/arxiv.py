"""arXiv's replies: the Atom feed of a search, and the OAI-PMH record with the license.

In: payload bytes. Out: candidates and a license. Untrusted XML is read without a document type
definition, so that no entity is ever expanded.
"""

import datetime as dt
import html
import re
from calendar import monthrange
from xml.etree import ElementTree as ET

from pydantic import ValidationError

from cycledata.errors import ParseError
from cycledata.parse.bibliography.entry import dois_in
from cycledata.parse.payload import MAX_XML_BYTES, read_xml, where_invalid
from cycledata.records import Record

_ATOM = "{http://www.w3.org/2005/Atom}"
_ARXIV = "{http://arxiv.org/schemas/atom}"
OAI = "{http://www.openarchives.org/OAI/2.0/}"
_ARXIV_OAI = "{http://arxiv.org/OAI/arXiv/}"
_ID = re.compile(
    r"(?:https?://[a-z.]{1,40}/abs/)?([\w.-]{1,20}/?\d{4,7}(?:\.\d{4,5})?)(?:v(\d{1,3}))?"
)
_OAI_ERRORS = frozenset(
    {
        "badArgument",
        "badResumptionToken",
        "badVerb",
        "cannotDisseminateFormat",
        "idDoesNotExist",
        "noMetadataFormats",
        "noRecordsMatch",
        "noSetHierarchy",
    }
)
_LICENCE_LINK = re.compile(
    rb'href="(https?://(?:arxiv\.org/licenses|creativecommons\.org/(?:licenses|publicdomain))'
    rb'/[a-z\-]{1,40}/[0-9.]{1,5}/?)"'
)

_ABSTRACT = re.compile(rb'<meta name="citation_abstract" content="([^"]{1,20000})"')


class ArxivPaper(Record):
    """One entry of a search."""

    arxiv_id: str
    """Identifier without version."""
    version: int
    """Version that the entry describes; the latest, unless one was asked for."""
    title: str
    abstract: str
    authors: tuple[str, ...]
    published: dt.date
    """Day of version 1; the first day of the month in the id if only that is known."""
    published_by: dt.date | None = None
    """Last day of the month in the id, if no day is known; None if `published` is exact."""
    updated: dt.date | None
    """Day of this version; None if unknown."""
    category: str | None = None
    """Primary category, e.g. ``"cs.LG"``; None if the feed states none."""
    dois: tuple[str, ...] = ()
    """DOIs of its publication elsewhere, in lower case."""
    withdrawn: bool = False
    """True if arXiv's metadata says that the paper was withdrawn."""


class ArxivRecord(Record):
    """The metadata record of the latest version."""

    arxiv_id: str
    license: str | None
    """License URL; None if the record has none, as before 2008."""


class NamedArxivId(Record):
    """arXiv id that a person states for a paper, in an imported file."""

    paper_id: str
    arxiv_id: str
    """Identifier without version."""
    version: int | None = None
    """Version that was used; None if the file states none."""
    title: str | None = None
    license: str | None = None
    """License of the text, in the words of the file; None if it states none."""
    license_source: str | None = None
    """Where the file's author found the license."""
    published: dt.date | None = None
    """Day of version 1."""

    def as_paper(self, title: str | None) -> ArxivPaper:
        """Return the entry of a search that this statement replaces."""
        first, last = days_of_id(self.arxiv_id)
        stated = self.published
        return ArxivPaper(
            arxiv_id=self.arxiv_id,
            version=self.version or 1,
            title=self.title or title or self.arxiv_id,
            abstract="",
            authors=(),
            published=stated or first,
            published_by=None if stated else last,
            updated=stated if self.version == 1 else None,
        )


def split_arxiv_id(text: str) -> tuple[str, int | None]:
    """Split an arXiv id or URL into id and version.

    Raises:
        ValueError: not an arXiv id.

    >>> split_arxiv_id("https://arxiv.org/abs/2310.01234v2"), split_arxiv_id("cs/0112017")
    (('2310.01234', 2), ('cs/0112017', None))
    """
    bare = text.strip().removeprefix("arXiv:").removeprefix("arxiv:").removesuffix(".pdf")
    match = _ID.fullmatch(bare.replace("/pdf/", "/abs/"))
    if match is None:
        raise ValueError(f"expected an arXiv id such as 2310.01234v2, found {text[:60]!r}")
    return match.group(1), int(match.group(2)) if match.group(2) else None


def days_of_id(arxiv_id: str) -> tuple[dt.date, dt.date]:
    """Return the first and last day of the month in an arXiv id; of the year if it has no month.

    arXiv assigns an id in the month in which it first announces the paper, so this month has the
    first public day ([arXiv help](https://info.arxiv.org/help/availability.html)).

    >>> days_of_id("2310.01234")
    (datetime.date(2023, 10, 1), datetime.date(2023, 10, 31))
    """
    digits = arxiv_id.rpartition("/")[2]
    year, month = int(digits[:2]), int(digits[2:4])
    year += 1900 if year > 90 else 2000
    if not 1 <= month <= 12:
        return dt.date(year, 1, 1), dt.date(year, 12, 31)
    return dt.date(year, month, 1), dt.date(year, month, monthrange(year, month)[1])


def parse_named_id(payload: bytes) -> NamedArxivId:
    """Return the imported statement of a paper's arXiv id.

    Raises:
        ParseError: `named-arxiv-id`; not such a record.
    """
    try:
        return NamedArxivId.model_validate_json(payload)
    except ValidationError as error:
        raise ParseError("named-arxiv-id", where_invalid(error)) from error


def parse_atom(payload: bytes) -> tuple[ArxivPaper, ...]:
    """Return the entries of a search's Atom feed in order; empty if nothing was found.

    Raises:
        ParseError: not XML, not a feed, or an entry without id, title or date.
    """
    feed = read_xml(payload)
    if feed.tag != f"{_ATOM}feed":
        raise ParseError("not-atom", "expected an Atom feed")
    return tuple(_read_entry(entry) for entry in feed.findall(f"{_ATOM}entry"))


def oai_error_code(error: ET.Element) -> str:
    """Return the code of an OAI-PMH error if the protocol has it."""
    code = error.get("code") or ""
    return code if code in _OAI_ERRORS else "a code that OAI-PMH does not have"


def parse_oai(payload: bytes) -> ArxivRecord:
    """Return identifier and license of a ``GetRecord`` reply in the ``arXiv`` format.

    Raises:
        ParseError: not XML, an OAI error such as ``idDoesNotExist``, or no record in it.
    """
    root = read_xml(payload)
    error = root.find(f"{OAI}error")
    if error is not None:
        raise ParseError("oai-error", oai_error_code(error))
    record = root.find(f".//{_ARXIV_OAI}arXiv")
    if record is None:
        raise ParseError("not-oai", "expected an OAI-PMH record of arXiv")
    arxiv_id = record.findtext(f"{_ARXIV_OAI}id")
    if not arxiv_id:
        raise ParseError("oai-without-id", "the record names no arXiv id")
    licence = record.findtext(f"{_ARXIV_OAI}license")
    return ArxivRecord(arxiv_id=arxiv_id.strip(), license=licence.strip() if licence else None)


def parse_licence_page(payload: bytes) -> str | None:
    """License URL on the abstract page of one version; None if the page links none.

    Only this page states the license of an earlier version; OAI-PMH has the latest's.
    """
    links = {match.decode("ascii") for match in _LICENCE_LINK.findall(payload[:MAX_XML_BYTES])}
    # With two different links it is not known which one applies.
    return links.pop() if len(links) == 1 else None


def parse_abstract_page(payload: bytes) -> str | None:
    """Abstract on the abstract page of one version; None if the page states none."""
    found = _ABSTRACT.search(payload[:MAX_XML_BYTES])
    if found is None:
        return None
    text = html.unescape(found[1].decode("utf-8", "replace"))
    return " ".join(text.split()) or None


def _read_entry(entry: ET.Element) -> ArxivPaper:
    text = {
        name: " ".join((entry.findtext(f"{_ATOM}{name}") or "").split())
        for name in ("id", "title", "summary", "published", "updated")
    }
    match = _ID.fullmatch(text["id"])
    if match is None or not text["title"]:
        raise ParseError("atom-entry", "expected an arXiv id and a title")
    try:
        published, updated = (dt.date.fromisoformat(text[n][:10]) for n in ("published", "updated"))
    except ValueError as error:
        raise ParseError("atom-date", f"{match[1]}: expected ISO 8601 days") from error
    category = entry.find(f"{_ARXIV}primary_category")
    names = (author.findtext(f"{_ATOM}name") or "" for author in entry.findall(f"{_ATOM}author"))
    return ArxivPaper(
        arxiv_id=match.group(1),
        version=int(match.group(2) or 1),
        title=text["title"],
        abstract=text["summary"],
        authors=tuple(" ".join(name.split()) for name in names),
        published=published,
        updated=updated,
        category=None if category is None else category.get("term"),
        dois=dois_in(" ".join(doi.text or "" for doi in entry.findall(f"{_ARXIV}doi"))),
    )
