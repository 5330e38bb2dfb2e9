"""Harvest arXiv's metadata by OAI-PMH, month by month, into files that an import reads.

A page is written as it arrives, in the folder `arxiv-oai` of the snapshot, and its resumption token
says how to go on, so a run that was killed continues with the next page. The pages have all of
arXiv; the snapshot keeps only the rows that its papers need.
"""

import datetime as dt
import gzip
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from cycledata.consent.harvest import FOLDER
from cycledata.errors import GaveUpError, ParseError
from cycledata.files import write_file
from cycledata.parse.arxiv_metadata import OaiPage, read_oai_page
from cycledata.parse.payload import MAX_XML_BYTES

FIRST_MONTH = dt.date(2005, 9, 1)
"""Month of the earliest datestamps of arXiv's OAI-PMH."""
_MAX_REPEATS = 4


class OaiClient(Protocol):
    """What a harvest needs of the client of arXiv."""

    def list_records(self, first: dt.date, last: dt.date, token: str | None = None) -> bytes:
        """Return one page of the records that changed in a range of days."""


class MetadataHarvest:
    """Pages of arXiv's metadata in the folder of a snapshot.

    Args:
        folder: folder of the snapshot.
        client: asks for pages.
        today: day of the run; the month that it is in is harvested again on a later day.
    """

    def __init__(self, folder: Path, client: OaiClient, today: dt.date) -> None:
        self.folder = folder / FOLDER
        self._client = client
        self._today = today

    def months(self, since: dt.date) -> list[str]:
        """Return the names of the months since a day, such as `"2024-01"`, in order."""
        return list(_months(max(since, FIRST_MONTH), self._today))

    def fetch_month(self, name: str) -> None:
        """Fetch the pages of a month that are not there yet.

        Raises:
            GaveUpError: a page keeps repeating an earlier one, or a token keeps expiring.
            ParseError: a page is not OAI-PMH.
        """
        first = dt.date.fromisoformat(f"{name}-01")
        last = (first + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1)
        open_month = last >= self._today
        last = min(last, self._today)
        for stale in self.folder.glob(f"{name}-to-*"):
            if not open_month or stale.name != f"{name}-to-{last}":
                shutil.rmtree(stale)
        folder = self.folder / (f"{name}-to-{last}" if open_month else name)
        try:
            self._fetch_pages(folder, first, last)
        except ParseError as error:
            if error.rule != "oai-error" or not folder.exists():
                raise
            # Tokens expire at the next midnight UTC; the month starts again.
            shutil.rmtree(folder)
            self._fetch_pages(folder, first, last)

    def _fetch_pages(self, folder: Path, first: dt.date, last: dt.date) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        files = sorted(folder.glob("*.xml.gz"))
        tokens: list[str | None] = [None, *(_read_page(file).token for file in files)]
        while len(tokens) == 1 or tokens[-1] is not None:
            payload, page = self._new_page(first, last, tokens)
            data = gzip.compress(payload, compresslevel=6, mtime=0)
            write_file(folder / f"{len(tokens):05}.xml.gz", data)
            tokens.append(page.token)

    def _new_page(
        self, first: dt.date, last: dt.date, tokens: list[str | None]
    ) -> tuple[bytes, OaiPage]:
        """Return the page after a token; ask again while it names a page that was there before."""
        for _ in range(_MAX_REPEATS):
            payload = self._client.list_records(first, last, tokens[-1])
            page = read_oai_page(payload)
            is_empty = not page.rows and not page.n_deleted
            # A month without records is an error reply, not a page without records.
            if page.token not in tokens[1:] and (page.says_none or not is_empty):
                return payload, page
        raise GaveUpError(
            f"arXiv's OAI-PMH: {first} to {last}: page {len(tokens)} repeats an earlier one or is"
            f" empty, {_MAX_REPEATS} times over; run again later"
        )


def _read_page(file: Path) -> OaiPage:
    try:
        with gzip.open(file) as stream:
            return read_oai_page(stream.read(MAX_XML_BYTES + 1))
    except (OSError, EOFError) as error:
        raise GaveUpError(f"{file}: cannot be read ({error}); delete it and run again") from error


def _months(first: dt.date, last: dt.date) -> Iterator[str]:
    year, month = first.year, first.month
    while (year, month) <= (last.year, last.month):
        yield f"{year}-{month:02}"
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
