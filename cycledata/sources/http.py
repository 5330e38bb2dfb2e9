"""HTTP transport for the client libraries of the data services.

The libraries build requests and parse responses. ``PoliteAdapter`` sends the requests at the
scheduler's pace with retries, enforces a deadline, detects truncated bodies and refuses redirects
to other hosts.
"""

import datetime as dt
import email.utils
import io
import json
import re
import tarfile
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter

from cycledata.errors import GaveUpError
from cycledata.files import canonical_json
from cycledata.sources.schedule import Clock, Scheduler, TransientError

if TYPE_CHECKING:
    from requests import PreparedRequest, Response

_CONNECT_S = 10.0
_SILENCE_S = 30.0
_CHUNK_BYTES = 1 << 16
_MAX_REDIRECTS = 3
_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
_SECONDS = re.compile(r"[0-9]+(?:\.[0-9]*)?(?:[ ]*,[ ]*[0-9]+(?:\.[0-9]*)?)*")
"""Seconds of `Retry-After`, of several headers the longest."""
_ENDED_EARLY = "the body ended early"
ODD_REPLY = (
    LookupError,
    TypeError,
    ValueError,
    AttributeError,
    ArithmeticError,
    RecursionError,
    SyntaxError,  # xml.etree.ElementTree.ParseError is one
    EOFError,
    tarfile.TarError,
    zlib.error,
)
"""Exceptions that the client libraries raise for a response of an unexpected form."""


@dataclass(frozen=True, slots=True)
class HttpReply:
    """Complete and decoded HTTP response, not yet parsed."""

    status: int
    url: str
    headers: Mapping[str, str]
    """By lower-case name."""
    body: bytes

    @property
    def media_type(self) -> str:
        """Media type without parameters, such as `"application/json"`."""
        return self.headers.get("content-type", "").split(";")[0].strip().lower()


CheckReply = Callable[[HttpReply], str | None]
"""Return why a 200 response is invalid, or None if it is valid."""


def polite_session(
    scheduler: Scheduler,
    *,
    lane: Callable[[str], str],
    check: CheckReply,
    origins: frozenset[str],
    session: requests.Session | None = None,
) -> "PoliteAdapter":
    """Install the transport into a session: a client's own or a new one.

    Args:
        scheduler: paces and retries.
        lane: returns the lane of a URL's path.
        check: returns why a 200 response is invalid, or None if it is valid.
        origins: allowed ``scheme://host:port``; redirects to others are refused.
        session: the client's session; a new one if None.
    """
    session = session or requests.Session()
    session.max_redirects = _MAX_REDIRECTS
    adapter = PoliteAdapter(scheduler, lane=lane, check=check, origins=origins, session=session)
    # Remove the adapters that the client mounted on longer prefixes.
    session.adapters.clear()
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return adapter


class PoliteAdapter(HTTPAdapter):
    """Transport adapter for requests that sends at the scheduler's pace."""

    def __init__(
        self,
        scheduler: Scheduler,
        *,
        lane: Callable[[str], str],
        check: CheckReply,
        origins: frozenset[str],
        session: requests.Session,
    ) -> None:
        self.session = session
        self.last: HttpReply | None = None
        """Last complete reply, as recorded in the snapshot."""
        self._scheduler = scheduler
        self._lane = lane
        self._problem_of = check
        self._origins = origins
        self._connection: urllib3.connection.HTTPConnection | None = None
        super().__init__(pool_connections=4, pool_maxsize=1, max_retries=0)

    @contextmanager
    def client_may_fail(self) -> Iterator[None]:
        """Ignore errors of the client library if the response was complete with status 200.

        The caller parses `last` itself, so an odd item costs that item only.
        """
        self.last = None
        try:
            yield
        except ODD_REPLY:
            # mypy does not know that the request sets it.
            last: HttpReply | None = self.last
            if last is None or last.status != 200:
                raise

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Create connections that the watchdog can close."""
        super().init_poolmanager(*args, **kwargs)
        adapter = self

        class Http(urllib3.connection.HTTPConnection):
            def request(self, *args: Any, **kwargs: Any) -> None:
                adapter._connection = self
                super().request(*args, **kwargs)

        class Https(urllib3.connection.HTTPSConnection):
            def request(self, *args: Any, **kwargs: Any) -> None:
                adapter._connection = self
                super().request(*args, **kwargs)

        class HttpPool(urllib3.HTTPConnectionPool):
            ConnectionCls = Http

        class HttpsPool(urllib3.HTTPSConnectionPool):
            ConnectionCls = Https

        self._pools = {"http": HttpPool, "https": HttpsPool}
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> urllib3.ProxyManager:
        """Return a proxy manager with the same connection classes."""
        manager: urllib3.ProxyManager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = self._pools
        return manager

    def send(
        self,
        request: "PreparedRequest",
        stream: bool = False,  # noqa: ARG002  bodies are always read here
        timeout: Any = None,  # noqa: ARG002  ours hold, clients' may be missing
        verify: Any = True,
        cert: Any = None,
        proxies: Any = None,
    ) -> "Response":
        """Send one request at the pace of its lane, with retries.

        Raises:
            GaveUpError: no reply after the last try, or a redirect to another host.
        """
        url = request.url or ""
        parts = urlsplit(url)
        what = f"{request.method} {parts.scheme}://{parts.netloc}{parts.path}"
        if f"{parts.scheme}://{parts.netloc}" not in self._origins:
            raise GaveUpError(f"{what}: redirected to another host, which is never followed")
        request.headers["Accept-Encoding"] = "gzip"
        lane = self._lane(parts.path)

        def attempt() -> HttpReply:
            try:
                reply = self._exchange(request, lane, verify, cert, proxies)
                _require_valid(reply, self._problem_of, self._scheduler.clock)
            except TransientError:
                # Bytes left on a failed connection must not be read as the next response.
                self.poolmanager.clear()
                raise
            return reply

        reply = self._scheduler.ask(lane, attempt, what=what)
        self.last = reply
        kept = {
            name: value
            for name, value in reply.headers.items()
            if name not in {"content-encoding", "content-length", "transfer-encoding"}
        }
        raw = urllib3.HTTPResponse(
            body=io.BytesIO(reply.body),
            headers=kept,
            status=reply.status,
            preload_content=False,
        )
        return self.build_response(request, raw)

    def _exchange(
        self, request: "PreparedRequest", lane: str, verify: Any, cert: Any, proxies: Any
    ) -> HttpReply:
        pace = self._scheduler.paces[lane]
        late = threading.Event()
        watchdog = threading.Timer(pace.deadline_s, self._cut, [late])
        watchdog.daemon = True
        watchdog.start()
        try:
            response = super().send(request, True, (_CONNECT_S, _SILENCE_S), verify, cert, proxies)
            with response:
                body = _read(response, pace.max_bytes)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            if late.is_set():
                raise TransientError(f"not done after {pace.deadline_s:.0f} s") from error
            raise TransientError(_connection_problem(error)) from error
        finally:
            watchdog.cancel()
        if late.is_set():  # truncated headers look like complete ones
            raise TransientError(f"not done after {pace.deadline_s:.0f} s")
        headers = {name.lower(): value for name, value in response.headers.items()}
        body = _decoded(body, headers.get("content-encoding", ""), pace.max_bytes)
        return HttpReply(response.status_code, request.url or "", headers, body)

    def _cut(self, late: threading.Event) -> None:
        """Close the connection in use, so that the thread reading from it gets an error."""
        late.set()
        connection = self._connection
        sock = None if connection is None else connection.sock
        if sock is not None:
            try:
                sock.shutdown(2)
            except OSError:
                return  # already closed


def _read(response: "Response", max_bytes: int) -> bytes:
    body = bytearray()
    for chunk in response.raw.stream(_CHUNK_BYTES, decode_content=False):
        body += chunk
        if len(body) > max_bytes:
            raise TransientError(f"the body is longer than {max_bytes} bytes")
    return bytes(body)


def _decoded(body: bytes, encoding: str, max_bytes: int) -> bytes:
    """Decode `Content-Encoding`; unlike in the libraries, a truncated stream is an error."""
    encoding = encoding.strip().lower()
    if encoding in {"", "identity"}:
        return body
    if encoding not in {"gzip", "x-gzip"}:
        raise TransientError(f"expected content encoding gzip, found {encoding[:20]!r}")
    stream = zlib.decompressobj(31)
    try:
        decoded = stream.decompress(body, max_bytes)
    except zlib.error as error:
        raise TransientError("the gzip body is damaged") from error
    if not stream.eof:
        raise TransientError(_ENDED_EARLY)
    return decoded


def _connection_problem(error: Exception) -> str:
    text = str(error)
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return "no connection in time"
    if isinstance(error, requests.exceptions.Timeout) or "timed out" in text:
        return f"silent for {_SILENCE_S:.0f} s"
    if "NewConnectionError" in text or "NameResolutionError" in text:
        return "no connection"
    if "IncompleteRead" in text or "InvalidChunkLength" in text:
        return _ENDED_EARLY
    return "the connection broke"


def _require_valid(reply: HttpReply, check: CheckReply, clock: Clock) -> None:
    if reply.status in _TRANSIENT:
        raise TransientError(f"status {reply.status}", asked_wait(reply, clock.utc()))
    if reply.status == 200:
        reason = check(reply)
    else:
        # The client libraries read the name of the error from the body.
        reason = json_problem(reply) if reply.media_type == "application/json" else None
    if reason is not None:
        raise TransientError(reason)


def asked_wait(reply: HttpReply, now: dt.datetime) -> float | None:
    """Return the seconds to wait that the header or body states, or None."""
    said = reply.headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(said):
        return max(float(number) for number in said.split(","))
    moment: dt.datetime | None = None
    try:
        if said:
            moment = email.utils.parsedate_to_datetime(said)
        else:
            details = json.loads(reply.body).get("details") or {}
            text = str(details.get("resetTime", "")).replace("Z", "+00:00")
            moment = dt.datetime.fromisoformat(text) if text else None
    except (ValueError, AttributeError, TypeError, RecursionError):
        return None
    if moment is None:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    return max(0.0, (moment - now).total_seconds())


def json_problem(reply: HttpReply) -> str | None:
    """Return why a body is not valid JSON, or None if it is."""
    try:
        canonical_json(json.loads(reply.body))
    except (ValueError, RecursionError):
        begins = reply.body[:200].lstrip().lower()
        return "HTML in place of JSON" if begins.startswith(b"<") else "the JSON is cut or damaged"
    return None


def origin(url: str) -> str:
    """Return scheme, host and port of a URL.

    >>> origin("https://api2.openreview.net/notes?x=1")
    'https://api2.openreview.net'
    """
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
