"""Semantic Scholar's record of one paper: a cited work, or a listed paper with what it cites."""

from typing import Annotated

from pydantic import Field

from cycledata.errors import ParseError
from cycledata.parse.payload import read_json, where_invalid
from cycledata.records import Record


class Work(Record):
    """Semantic Scholar's record of one work."""

    work_id: str
    """Semantic Scholar's paper id, 40 hex digits."""
    title: str | None
    abstract: str | None
    """None if the service has none or may not show it."""
    year: Annotated[int, Field(strict=True, ge=1, le=9999)] | None
    arxiv_id: str | None
    doi: str | None
    """In lower case."""
    license: str | None
    """License of the open-access copy, e.g. ``"CCBY"``; None if none is stated."""
    cites: tuple[str, ...]
    """Ids of the works it cites; empty if they were not asked for."""


def parse_work(payload: bytes) -> Work:
    """Return the record of one paper.

    Raises:
        ParseError: ``scholar-record``; no JSON object with a ``paperId``.
    """
    try:
        record = read_json(payload)
        names = record.get("externalIds") or {}
        return Work(
            work_id=record["paperId"],
            title=record.get("title") or None,
            abstract=record.get("abstract") or None,
            year=record.get("year"),
            arxiv_id=names.get("ArXiv"),
            doi=names["DOI"].lower() if names.get("DOI") else None,
            license=(record.get("openAccessPdf") or {}).get("license") or None,
            cites=tuple(w["paperId"] for w in record.get("references") or () if w.get("paperId")),
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ParseError("scholar-record", f"expected a paper: {where_invalid(error)}") from error


def parse_match(payload: bytes) -> str | None:
    """Id of the work that a title match found; None if it found none.

    Raises:
        ParseError: ``scholar-record``; not a reply to a title match.
    """
    try:
        found = read_json(payload).get("data") or [{}]
        work_id = found[0].get("paperId")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ParseError("scholar-record", f"expected a match: {where_invalid(error)}") from error
    return work_id if isinstance(work_id, str) else None
