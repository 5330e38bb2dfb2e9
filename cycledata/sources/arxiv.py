"""Client of arXiv: title search, metadata with licenses, and e-prints.

The search uses the arxiv package; OAI-PMH and e-prints share its connection. The search and OAI-PMH
have one pace, e-prints and abstract pages on the export host another (`schedule.PACES`).
"""

import datetime as dt
import io
import re
import tarfile
import zlib
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as ET

import arxiv

from cycledata.errors import GaveUpError, ParseError
from cycledata.parse.arxiv import ArxivPaper, parse_atom, parse_oai
from cycledata.parse.arxiv_metadata import version_dates
from cycledata.snapshot import keys
from cycledata.snapshot.open import OpenSnapshot
from cycledata.snapshot.reply import Reply
from cycledata.sources.http import HttpReply, origin, polite_session
from cycledata.sources.schedule import Scheduler

_CANDIDATES = 5
_MAX_ARCHIVE_BYTES = 1 << 30
_FIGURES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".svg", ".eps", ".ps", ".pdf")


class Arxiv:
    """Client of the three services of arXiv.

    Args:
        scheduler: paces and retries.
        base_url: search, e-prints and abstract pages, e.g. ``"https://export.arxiv.org"``.
        oai_url: e.g. ``"https://oaipmh.arxiv.org/oai"``.
    """

    def __init__(self, scheduler: Scheduler, base_url: str, oai_url: str) -> None:
        self._clock = scheduler.clock
        self._base_url = base_url
        self._oai_url = oai_url
        # The scheduler paces and retries. The package has no public access to its session.
        self._client = arxiv.Client(page_size=_CANDIDATES, delay_seconds=0.0, num_retries=0)
        self._client.query_url_format = f"{base_url}/api/query?{{}}"
        self._adapter = polite_session(
            scheduler,
            lane=_lane,
            check=_problem_of,
            origins=frozenset({origin(base_url), origin(oai_url), "https://arxiv.org"}),
            session=self._client._session,  # noqa: SLF001  the only way in
        )

    def now(self) -> dt.datetime:
        """Return the current time in UTC."""
        return self._clock.utc()

    def today(self) -> dt.date:
        """Return the current day in UTC."""
        return self._clock.utc().date()

    def match(
        self, snapshot: OpenSnapshot, paper_id: str, title: str, arxiv_id: str | None = None
    ) -> tuple[ArxivPaper, ...]:
        """Return the candidates for a title, or for a known id; send at most one request.

        An empty feed is recorded too.
        """
        service, key = keys.arxiv_match(paper_id)
        held = snapshot.get(service, key) if snapshot.has(service, key) else None
        if held is None:
            query = title_query(title)
            if arxiv_id is None and query is None:
                return ()
            search = (
                arxiv.Search(id_list=[arxiv_id], max_results=1)
                if arxiv_id
                else arxiv.Search(query=query, max_results=_CANDIDATES)
            )
            try:
                with self._adapter.client_may_fail():
                    list(self._client.results(search))
            except arxiv.ArxivError as error:
                raise GaveUpError(f"{self._base_url}: search for {paper_id}: {error}") from error
            held = self._reply(key)
            _add_understood(snapshot, held, parse_atom)
        return parse_atom(held.payload) if held.status == 200 else ()

    def record(self, snapshot: OpenSnapshot, arxiv_id: str) -> None:
        """Fetch the metadata with the license of the latest version."""

        def understand(payload: bytes) -> None:
            if parse_oai(payload).arxiv_id != arxiv_id:
                raise ParseError("other-record", f"expected the record of {arxiv_id}")

        self._oai(snapshot, keys.arxiv_record(arxiv_id).key, arxiv_id, "arXiv", understand)

    def eprint(self, snapshot: OpenSnapshot, arxiv_id: str, version: int) -> None:
        """Fetch an e-print without the bytes of its figures; a 404 is recorded too."""
        key = keys.eprint(arxiv_id, version).key
        if snapshot.has("arxiv", key):
            return
        self._get(f"{self._base_url}/e-print/{arxiv_id}v{version}")
        found = self._reply(key)
        if found.status == 200:
            payload, media_type = without_figures(found.payload)
            found = Reply(
                found.service, key, found.url, found.retrieved_at, 200, media_type, payload
            )
        snapshot.add(found)

    def version_before(self, snapshot: OpenSnapshot, paper: ArxivPaper, day: dt.date) -> int | None:
        """Return the last version up to a day, or None if all are later.

        Sends a request only for a paper with versions before and after that day.
        """
        if paper.updated is not None and paper.updated <= day:
            return paper.version
        if paper.published > day:
            return None
        self.versions(snapshot, paper.arxiv_id)
        held = snapshot.get(*keys.arxiv_versions(paper.arxiv_id))
        if held is None or held.status != 200:
            return None
        try:
            versions = version_dates(held.payload)
        except ParseError:  # an OAI error: arXiv does not know the id
            return None
        before = (v.number for v in versions if v.created and v.created.date() <= day)
        return max(before, default=None)

    def versions(self, snapshot: OpenSnapshot, arxiv_id: str) -> None:
        """Fetch the dates of all versions of an arXiv id."""
        key = keys.arxiv_versions(arxiv_id).key
        self._oai(snapshot, key, arxiv_id, "arXivRaw", version_dates)

    def list_records(self, first: dt.date, last: dt.date, token: str | None = None) -> bytes:
        """Return one page of the metadata of all papers that changed in a range of days.

        Args:
            first: first day.
            last: last day.
            token: resumption token of the page before; None for the first page.

        Raises:
            GaveUpError: the service refuses the request.
        """
        query = {"from": first.isoformat(), "until": last.isoformat(), "metadataPrefix": "arXivRaw"}
        self._get(
            self._oai_url, verb="ListRecords", **({"resumptionToken": token} if token else query)
        )
        answer = self._adapter.last
        if answer is None or answer.status != 200:
            status = answer.status if answer else "unknown"
            raise GaveUpError(f"{self._oai_url}: status {status}; run again later")
        return answer.body

    def licence_page(self, snapshot: OpenSnapshot, arxiv_id: str, version: int) -> None:
        """Fetch the abstract page of one version.

        OAI-PMH states the license of the latest version only, and licenses differ by version.
        """
        key = keys.arxiv_page(arxiv_id, version).key
        if not snapshot.has("arxiv", key):
            self._get(f"{self._base_url}/abs/{arxiv_id}v{version}")
            snapshot.add(self._reply(key))

    def _oai(
        self,
        snapshot: OpenSnapshot,
        key: str,
        arxiv_id: str,
        prefix: str,
        understand: Callable[[bytes], object],
    ) -> None:
        if snapshot.has("arxiv", key):
            return
        identifier = f"oai:arXiv.org:{arxiv_id}"
        self._get(self._oai_url, verb="GetRecord", identifier=identifier, metadataPrefix=prefix)
        _add_understood(snapshot, self._reply(key), understand)

    def _get(self, url: str, **query: str) -> None:
        self._adapter.session.get(url, params=query)

    def _reply(self, key: str) -> Reply:
        answer = self._adapter.last
        if answer is None:
            raise AssertionError("unreachable: a request was sent before")
        if answer.status not in {200, 404, 403}:
            raise GaveUpError(f"{answer.url}: status {answer.status}")
        # Error pages differ from day to day, so their bodies are not recorded.
        body = answer.body if answer.status == 200 else b""
        return Reply(
            "arxiv", key, answer.url, self._clock.utc(), answer.status, answer.media_type, body
        )


_FINAL_OAI_ERRORS = frozenset({"idDoesNotExist", "noRecordsMatch", "cannotDisseminateFormat"})


def _lane(path: str) -> str:
    """Return the lane of a URL's path: full texts have a limit of their own."""
    return "arxiv-export" if "/e-print/" in path or "/abs/" in path else "arxiv"


def _add_understood(
    snapshot: OpenSnapshot, reply: Reply, understand: Callable[[bytes], object]
) -> None:
    """Record a reply. One that does not parse is marked and requested again in the next run.

    Raises:
        ParseError: the reply does not parse.
    """
    problem: ParseError | None = None
    if reply.status == 200:
        try:
            understand(reply.payload)
        except ParseError as error:
            # That there is no such record is a valid reply; other errors may pass.
            is_final = error.rule == "oai-error" and error.detail in _FINAL_OAI_ERRORS
            problem = None if is_final else error
    snapshot.add(reply, problem=None if problem is None else str(problem))
    if problem is not None:
        raise problem


def title_query(title: str) -> str | None:
    r"""Return a search query for the words of a title, or None if they are too short.

    >>> title_query("Learning $\\alpha$-Nets: \"Why\" & How")
    'ti:"Learning Nets Why How"'
    """
    words = re.findall(r"\w+", re.sub(r"\$[^$]{0,200}\$", " ", title))
    return f'ti:"{" ".join(words[:30])}"' if len("".join(words)) >= 8 else None


def without_figures(payload: bytes) -> tuple[bytes, str]:
    """Return an archive as an uncompressed tar with empty figure files; other payloads unchanged.

    File names are kept, so that the parser can resolve inclusions. The tar is uncompressed because
    its bytes then do not depend on a compressor's version; snapshots compress it anyway.

    Returns:
        Payload and media type.
    """
    try:
        packed = zlib.decompressobj(31)
        data = packed.decompress(payload, _MAX_ARCHIVE_BYTES) if _is_gzip(payload) else payload
        return _slim_tar(data), "application/x-tar"
    except (tarfile.TarError, zlib.error, EOFError):
        return payload, _media_type(payload)


def _slim_tar(data: bytes) -> bytes:
    kept = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive,
        tarfile.open(fileobj=kept, mode="w", format=tarfile.PAX_FORMAT) as slim,
    ):
        for member in archive:
            if member.isfile():
                figure = member.name.lower().endswith(_FIGURES)
                file = None if figure else archive.extractfile(member)
                content = file.read() if file else b""
                entry = tarfile.TarInfo(member.name)
                entry.size = len(content)
                slim.addfile(entry, io.BytesIO(content))
    return kept.getvalue()


def _is_gzip(payload: bytes) -> bool:
    return payload.startswith(b"\x1f\x8b")


def _media_type(payload: bytes) -> str:
    if _is_gzip(payload):
        return "application/gzip"
    return "application/pdf" if payload.startswith(b"%PDF") else "application/octet-stream"


def _problem_of(answer: HttpReply) -> str | None:
    """Return why a reply is invalid, or None, depending on the kind of request."""
    body = answer.body
    if "/e-print/" in answer.url:
        return _problem_of_eprint(body)
    if "/abs/" in answer.url:
        return None if b"</html>" in body[-200:].lower() else "the page ended early"
    if b"<!DOCTYPE" in body[:1000]:
        return "HTML in place of XML"
    try:
        root: Any = ET.fromstring(body)  # noqa: S314  expat bounds expansion
    except ET.ParseError:
        return "the XML is cut or damaged"
    if "/api/query" in answer.url:
        total = root.findtext("{http://a9.com/-/spec/opensearch/1.1/}totalResults") or "0"
        entries = root.findall("{http://www.w3.org/2005/Atom}entry")
        if not root.tag.endswith("}feed"):
            return "no Atom feed"
        # The service sometimes sends an empty page for a search with results.
        return "an empty page of a search that found some" if total != "0" and not entries else None
    return None if root.tag.endswith("}OAI-PMH") else "no OAI-PMH answer"


def _problem_of_eprint(body: bytes) -> str | None:
    if _is_gzip(body):
        stream = zlib.decompressobj(31)
        try:
            stream.decompress(body, _MAX_ARCHIVE_BYTES)
        except zlib.error:
            return "the gzip archive is damaged"
        return None if stream.eof else "the gzip archive is cut"
    begins = body[:200].lstrip().lower()
    if begins.startswith((b"<!doctype", b"<html")):
        return "HTML in place of an e-print"
    if body.startswith(b"%PDF"):
        return None if b"%%EOF" in body[-2048:] else "the PDF is cut"
    return None if body else "an empty body"
