"""arXiv's metadata of one paper: a row of the Kaggle snapshot, or a record of OAI-PMH.

In: a row, or the XML of a page. Out: rows of one form, and `ArxivMetadata`. A snapshot stores the
row; `parse_metadata` reads it back.
"""

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any
from xml.etree import ElementTree as ET

from cycledata.errors import ParseError
from cycledata.files import canonical_json
from cycledata.parse.arxiv import OAI, ArxivPaper, days_of_id, oai_error_code, split_arxiv_id
from cycledata.parse.bibliography.entry import dois_in, plain_text
from cycledata.parse.payload import read_json, read_xml, where_invalid
from cycledata.records import Record

RULE = "arxiv-metadata"
"""Rule of every `ParseError` of this module."""
FIELDS = (
    *("id", "title", "authors", "authors_parsed", "abstract", "categories", "comments"),
    *("doi", "license", "versions", "created", "updated", "update_date"),
)
"""Fields of a row that are kept. `submitter`, `journal-ref` and `report-no` are not used, and the
first names a person."""
_MAX_TEXT = 100_000
_FORMATS = {
    "arXiv": "{http://arxiv.org/OAI/arXiv/}",
    "arXivRaw": "{http://arxiv.org/OAI/arXivRaw/}",
}
_WITHDRAWN = re.compile(
    r"\b(?:this|the|our)\s(?:paper|article|submission|manuscript|work|version|preprint)\s"
    r"(?:(?:has|had)\s(?:now\s)?been|is|was)\s(?:temporarily\s)?withdrawn(?!\s(?:from|at)\b)"
    r"|^\s{0,4}withdrawn\s{0,2}(?:$|[.;,]|by\s|due\s)",
    re.IGNORECASE,
)
_BRACKETED = re.compile(r"\([^()]{0,500}\)")
_BETWEEN_NAMES = re.compile(r",|;|\s&\s|\band\b")
_SUFFIX = re.compile(r"(?:jr|sr|ii|iii|iv)\.?", re.IGNORECASE)
_VERSION = re.compile(r"v?([1-9]\d{0,2})")
_SIZE = re.compile(r"(\d{1,9})\s?(kb|mb|b)?", re.IGNORECASE)
_UNIT_BYTES = {"b": 1, "kb": 1000, "mb": 1_000_000}


class _InvalidFieldError(ValueError):
    """Field of a row that cannot be used; the message does not quote it."""

    def __init__(self, name: str, expected: str) -> None:
        super().__init__(f"{name}: expected {expected}")


class ArxivVersion(Record):
    """One version of an arXiv paper."""

    number: int
    created: dt.datetime | None
    """Time of submission in UTC; None if the row states none."""
    size_bytes: int | None = None
    """Size of the source; None if the row states none."""


class ArxivMetadata(Record):
    """Metadata of an arXiv paper; title, abstract and license are those of the last version."""

    arxiv_id: str
    """Identifier without version."""
    title: str
    abstract: str
    authors: tuple[str, ...]
    categories: tuple[str, ...]
    """The primary category first, e.g. `("cs.LG", "stat.ML")`."""
    license: str | None
    """License URL; None if the record has none."""
    versions: tuple[ArxivVersion, ...]
    """Ascending; empty if the format does not list them (OAI-PMH's `arXiv` for later versions)."""
    first_day: dt.date
    """Day of version 1; the first day of the month in the id if the row states none."""
    first_day_by: dt.date | None = None
    """Last day of the month in the id if the row states no day; None if `first_day` is exact."""
    last_day: dt.date | None
    """Day of the last version; None if the row states none."""
    withdrawn: bool
    """True if the comments or the abstract say that the paper was withdrawn."""
    dois: tuple[str, ...] = ()
    """DOIs of its publication elsewhere, in lower case."""

    def as_paper(self) -> ArxivPaper:
        """Return the entry of a search that this row replaces; version 0 if unknown."""
        return ArxivPaper(
            arxiv_id=self.arxiv_id,
            version=self.versions[-1].number if self.versions else 0,
            title=self.title,
            abstract=self.abstract,
            authors=self.authors,
            published=self.first_day,
            published_by=self.first_day_by,
            updated=self.last_day,
            category=self.categories[0] if self.categories else None,
            withdrawn=self.withdrawn,
            dois=self.dois,
        )


@dataclass(frozen=True, slots=True)
class OaiPage:
    """One page of a harvest."""

    rows: tuple[dict[str, Any], ...]
    """Rows of the records, in the form of the Kaggle snapshot."""
    problems: tuple[str, ...]
    """Records that cannot be used, each with its place and reason."""
    n_deleted: int
    """Records that are marked as deleted."""
    token: str | None
    """Token of the next page; None if this is the last one."""
    says_none: bool = False
    """True if the service states that no record matches."""


def read_metadata_row(row: Mapping[str, Any]) -> tuple[bytes, ArxivMetadata]:
    """Return what a snapshot stores of a row, and the metadata that it states.

    Raises:
        ParseError: `arxiv-metadata`; not the metadata of a paper.
    """
    kept = {name: row[name] for name in FIELDS if row.get(name) is not None}
    try:
        payload = canonical_json(kept).encode("ascii")
    except ValueError as error:
        raise ParseError(RULE, f"expected a row of JSON values: {where_invalid(error)}") from error
    return payload, parse_metadata(payload)


def parse_metadata(payload: bytes) -> ArxivMetadata:
    """Return the metadata of a stored row.

    Raises:
        ParseError: `arxiv-metadata`; not the metadata of a paper.
    """
    try:
        row = read_json(payload)
        arxiv_id = _arxiv_id(row)
        title = plain_text(_text(row, "title"))
        if not title:
            raise _InvalidFieldError("title", "text with letters")
        versions = tuple(_versions(row.get("versions")))
        first = versions[0].created if versions else None
        last = versions[-1].created if versions else None
        day_1 = first.date() if first else _day(row.get("created"))
        month = days_of_id(arxiv_id)
        last_day = last.date() if last else _day(row.get("updated")) or day_1
        if not versions and not row.get("updated") and row.get("created"):
            versions = (ArxivVersion(number=1, created=None),)
        abstract = " ".join((row.get("abstract") or "")[:_MAX_TEXT].split())
        return ArxivMetadata(
            arxiv_id=arxiv_id,
            title=title,
            abstract=abstract,
            authors=tuple(_authors(row)),
            categories=tuple((row.get("categories") or "").split()),
            license=(row.get("license") or "").strip() or None,
            versions=versions,
            first_day=day_1 or month[0],
            first_day_by=None if day_1 else month[1],
            last_day=last_day,
            withdrawn=_is_withdrawn(row, abstract),
            dois=dois_in((row.get("doi") or "")[:_MAX_TEXT]),
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        where = str(error) if isinstance(error, _InvalidFieldError) else where_invalid(error)
        raise ParseError(RULE, f"expected arXiv's metadata of a paper: {where}") from error


def newer_metadata(held: bytes, new: bytes) -> bytes:
    """Return the later of two rows of one paper; of equal dates the one with versions."""
    return max(held, new, key=_rank)


def _rank(payload: bytes) -> tuple[str, bool, bytes]:
    row = read_json(payload)
    return str(row.get("update_date") or ""), bool(row.get("versions")), payload


def read_oai_page(payload: bytes) -> OaiPage:
    """Return the records of a `ListRecords` or `GetRecord` page in `arXiv` or `arXivRaw`.

    Raises:
        ParseError: not XML, or an OAI error other than `noRecordsMatch`.
    """
    root = read_xml(payload)
    error = root.find(f"{OAI}error")
    if error is not None:
        if oai_error_code(error) == "noRecordsMatch":
            return OaiPage((), (), 0, None, says_none=True)
        raise ParseError("oai-error", oai_error_code(error))
    if not root.tag.endswith("}OAI-PMH"):
        raise ParseError("not-oai", "expected a page of OAI-PMH")
    rows: list[dict[str, Any]] = []
    problems: list[str] = []
    n_deleted = 0
    for number, record in enumerate(root.iter(f"{OAI}record"), start=1):
        header = record.find(f"{OAI}header")
        if header is not None and header.get("status") == "deleted":
            n_deleted += 1
            continue
        row = _oai_row(record)
        if row is None:
            problems.append(f"record {number}: no arXiv or arXivRaw metadata with an id")
        else:
            rows.append(row)
    token = (root.findtext(f".//{OAI}resumptionToken") or "").strip() or None
    return OaiPage(tuple(rows), tuple(problems), n_deleted, token)


def version_dates(payload: bytes) -> tuple[ArxivVersion, ...]:
    """Return the versions of an OAI-PMH record in the format `arXivRaw`; each has a date.

    Raises:
        ParseError: no such record, or a version without number or date.
    """
    rows = read_oai_page(payload).rows
    try:
        versions = tuple(_versions(rows[0].get("versions") if rows else None))
    except (ValueError, TypeError) as error:
        raise ParseError("arxiv-versions", "expected versions with dates") from error
    if any(version.created is None for version in versions):
        raise ParseError("arxiv-versions", "expected versions with dates, one has none")
    return versions


def _oai_row(record: ET.Element) -> dict[str, Any] | None:
    """Return a record as a row of the Kaggle snapshot, or None if it has no metadata."""
    for name, space in _FORMATS.items():
        found = record.find(f"{OAI}metadata/{space}{name}")
        if found is None or not (found.findtext(f"{space}id") or "").strip():
            continue
        texts = ("id", "title", "abstract", "categories", "comments", "doi", "license")
        row: dict[str, Any] = {field: found.findtext(f"{space}{field}") for field in texts}
        row["update_date"] = record.findtext(f"{OAI}header/{OAI}datestamp")
        if name == "arXivRaw":
            row["authors"] = found.findtext(f"{space}authors")
            row["versions"] = [
                {
                    "version": version.get("version"),
                    "created": version.findtext(f"{space}date"),
                    "size": version.findtext(f"{space}size"),
                    "source_type": version.findtext(f"{space}source_type"),
                }
                for version in found.findall(f"{space}version")
            ]
        else:
            row |= {field: found.findtext(f"{space}{field}") for field in ("created", "updated")}
            row["authors_parsed"] = [
                [author.findtext(f"{space}{part}") or "" for part in ("keyname", "forenames")]
                + [author.findtext(f"{space}suffix") or ""]
                for author in found.findall(f"{space}authors/{space}author")
            ]
        return {field: value for field, value in row.items() if value is not None}
    return None


def split_authors(text: str) -> Iterator[str]:
    """Yield the names of an author line, without affiliations and suffixes.

    >>> list(split_authors("Ann Alpha (1), Ben C. Beta, Jr., and Dan Delta ((1) Some University)"))
    ['Ann Alpha', 'Ben C. Beta', 'Dan Delta']
    """
    for _ in range(3):
        text = _BRACKETED.sub(" ", text)
    for name in _BETWEEN_NAMES.split(plain_text(text)):
        bare = " ".join(name.split())
        if bare and not _SUFFIX.fullmatch(bare):
            yield bare


def _authors(row: Mapping[str, Any]) -> Iterator[str]:
    parsed = row.get("authors_parsed")
    if not isinstance(parsed, list) or not parsed:
        yield from split_authors((row.get("authors") or "")[:_MAX_TEXT])
        return
    for parts in parsed:
        last, first = ([str(part) for part in parts] + [""])[:2]
        name = plain_text(f"{first} {last}")
        if name:
            yield name


def _versions(values: object) -> Iterator[ArxivVersion]:
    """Yield the versions of a row in ascending order.

    Raises:
        ValueError: one of them has no number, or a number occurs twice.
    """
    found: dict[int, ArxivVersion] = {}
    for value in values if isinstance(values, list) else []:
        fields = value if isinstance(value, dict) else {"version": value}
        number = _VERSION.fullmatch(str(fields.get("version")).strip())
        if number is None or int(number[1]) in found:
            raise _InvalidFieldError("versions", "distinct versions such as v1")
        found[int(number[1])] = ArxivVersion(
            number=int(number[1]),
            created=_moment(fields.get("created")),
            size_bytes=_size(fields.get("size")),
        )
    return iter(found[number] for number in sorted(found))


def _moment(value: object) -> dt.datetime | None:
    if value in (None, ""):
        return None
    if isinstance(value, dt.datetime):
        moment = value
    else:
        text = str(value)[:60]
        try:
            moment = parsedate_to_datetime(text) if "," in text else dt.datetime.fromisoformat(text)
        except ValueError as error:
            raise _InvalidFieldError("versions", "versions with dates") from error
    return moment.astimezone(dt.UTC) if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def _size(value: object) -> int | None:
    found = _SIZE.fullmatch(str(value or "").strip())
    return None if found is None else int(found[1]) * _UNIT_BYTES[(found[2] or "b").lower()]


def _is_withdrawn(row: Mapping[str, Any], abstract: str) -> bool:
    comments = plain_text((row.get("comments") or "")[:1000])
    if _WITHDRAWN.search(comments) or _WITHDRAWN.match(abstract[:300]):
        return True
    versions = row.get("versions")
    last = versions[-1] if isinstance(versions, list) and versions else None
    return isinstance(last, dict) and (last.get("source_type"), last.get("size")) == ("I", "0kb")


def _arxiv_id(row: Mapping[str, Any]) -> str:
    try:
        return split_arxiv_id(_text(row, "id"))[0]
    except ValueError as error:
        raise _InvalidFieldError("id", "an arXiv id") from error


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    if not isinstance(value, str) or not value.strip():
        raise _InvalidFieldError(name, "text")
    return value[:_MAX_TEXT]


def _day(value: object) -> dt.date | None:
    return dt.date.fromisoformat(str(value)[:10]) if value else None
