"""A local server in the true shapes of the services, which misbehaves on command.

Loaded by path from ``conftest.py``, and run as a script by longer trials. Every request is logged
with its time of arrival, so that pace is measured where it matters.
"""

import gzip
import io
import json
import os
import random
import socket
import struct
import tarfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

WORDS = (
    "sparse", "deep", "graph", "causal", "robust", "neural", "latent", "convex", "fast", "linear",
    "kernel", "policy",
)  # fmt: skip
PAGE = 4
"""Records of a page of OAI-PMH."""
V2, V1 = "ICLR.cc/2024/Conference", "ICLR.cc/2023/Conference"


@dataclass
class Seen:
    """One request as it arrived."""

    at: float
    service: str
    what: str
    fault: str | None
    headers: dict[str, str]


@dataclass
class World:
    """What the services know: ``n`` submissions a venue, arXiv papers for most of them."""

    n: int = 12
    seed: int = 7

    def title(self, i: int) -> str:
        dice = random.Random(self.seed * 1000 + i)
        return f"{' '.join(dice.sample(WORDS, 5)).title()} Number {i}"

    def authors(self, i: int) -> list[str]:
        return [f"Ada Family{i}", f"Bo Other{i}"]

    def forum(self, i: int) -> str:
        return f"forum{i:05d}"

    def arxiv_id(self, i: int) -> str:
        return f"2309.{i:05d}"

    def on_arxiv(self, i: int) -> bool:
        return i % 5 != 4

    def note(self, i: int, venue: str, *, replies: bool) -> dict[str, Any]:
        """A submission note in the shape of its API, its replies nested where asked for."""
        v1 = venue == V1

        def made(name: str, created: int, invitation: str, **fields: Any) -> dict[str, Any]:
            content = fields if v1 else {key: {"value": value} for key, value in fields.items()}
            invited = f"{venue}/{invitation}"
            return {
                "id": name, "forum": self.forum(i), "tcdate": created, "cdate": created,
                "readers": ["everyone"], "signatures": [f"{venue}/Submission{i}/{name}"],
                "license": "CC BY 4.0", "content": content,
                **({"invitation": invited} if v1 else {"invitations": [invited]}),
            }  # fmt: skip

        note = made(
            self.forum(i), 1_695_000_000_000 + i, "-/Blind_Submission" if v1 else "-/Submission",
            title=self.title(i), authors=self.authors(i), abstract="\u2028We do things. " * 20,
        )  # fmt: skip
        if replies:
            reviews = [
                made(
                    f"review{i:05d}x{j}", 1_696_000_000_000 + j, f"Submission{i}/-/Official_Review",
                    summary=f"Paper {i} does things.", strengths="It does some of them well.",
                    weaknesses="It does little else.", questions="Why these things?",
                    soundness="3 good", presentation="3 good", contribution="2 fair",
                    rating=f"{(3, 5, 6, 8)[(i + j) % 4]}: as said", confidence="4: sure",
                    recommendation=f"{(3, 5, 6, 8)[(i + j) % 4]}: as said",
                )
                for j in range(3)
            ]  # fmt: skip
            meta = made(f"meta{i:05d}", 1_697_000_000_000, f"Submission{i}/-/Meta_Review",
                        metareview="The reviewers agree that things are done.")  # fmt: skip
            said = made(f"decision{i:05d}", 1_698_000_000_000, f"Submission{i}/-/Decision",
                        decision="Reject" if i % 3 == 0 else "Accept (poster)")  # fmt: skip
            note["details"] = {"replies": [*reviews, meta, said]}
        return note

    def eprint(self, i: int) -> bytes:
        tex = (
            "\\documentclass{article}\\title{%s}\\begin{document}\\maketitle\\begin{abstract}"
            "We do things.\\end{abstract}\\section{Introduction}Things are done\\cite{a}."
            "\\includegraphics{figure.png}\\end{document}"
        )
        tex = tex.replace("%s", self.title(i))
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            for name, data in (("main.tex", tex.encode()), ("figure.png", b"\x89PNG" * 2000)):
                entry = tarfile.TarInfo(name)
                entry.size = len(data)
                archive.addfile(entry, io.BytesIO(data))
        return gzip.compress(packed.getvalue(), mtime=0)

    def entry(self, i: int) -> str:
        names = "".join(f"<author><name>{name}</name></author>" for name in self.authors(i))
        return (
            f"<entry><id>http://arxiv.org/abs/{self.arxiv_id(i)}v2</id>"
            "<updated>2024-02-01T00:00:00Z</updated><published>2023-09-20T00:00:00Z</published>"
            f"<title>{self.title(i)}</title><summary>We do things.</summary>{names}"
            f'<link href="http://arxiv.org/abs/{self.arxiv_id(i)}v2" rel="alternate"/></entry>'
        )

    def feed(self, indices: list[int]) -> str:
        return (
            '<?xml version="1.0" encoding="UTF-8"?><feed xmlns="http://www.w3.org/2005/Atom"'
            ' xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/">'
            f"<opensearch:totalResults>{len(indices)}</opensearch:totalResults>"
            "<opensearch:startIndex>0</opensearch:startIndex>"
            f"<opensearch:itemsPerPage>5</opensearch:itemsPerPage>"
            f"{''.join(map(self.entry, indices))}</feed>"
        )

    def oai(self, arxiv_id: str, prefix: str) -> str:
        if prefix == "arXiv":
            record = (
                '<arXiv xmlns="http://arxiv.org/OAI/arXiv/">'
                f"<id>{arxiv_id}</id><license>http://creativecommons.org/licenses/by/4.0/"
                "</license></arXiv>"
            )
        else:
            record = (
                f'<arXivRaw xmlns="http://arxiv.org/OAI/arXivRaw/"><id>{arxiv_id}</id>'
                '<version version="v1"><date>Wed, 20 Sep 2023 08:00:00 GMT</date></version>'
                '<version version="v2"><date>Thu, 01 Feb 2024 08:00:00 GMT</date></version>'
                "</arXivRaw>"
            )
        return (
            '<?xml version="1.0"?><OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">'
            f"<GetRecord><record><metadata>{record}</metadata></record></GetRecord></OAI-PMH>"
        )

    def metadata(self, i: int) -> str:
        """Record of a paper in the format arXivRaw; every third license forbids republication."""
        license_ = (
            "http://arxiv.org/licenses/nonexclusive-distrib/1.0/"
            if i % 3 == 2
            else "http://creativecommons.org/licenses/by/4.0/"
        )
        return (
            f"<record><header><identifier>oai:arXiv.org:{self.arxiv_id(i)}</identifier>"
            "<datestamp>2024-02-02</datestamp></header><metadata>"
            f'<arXivRaw xmlns="http://arxiv.org/OAI/arXivRaw/"><id>{self.arxiv_id(i)}</id>'
            '<version version="v1"><date>Wed, 20 Sep 2023 08:00:00 GMT</date><size>9kb</size>'
            '</version><version version="v2"><date>Thu, 01 Feb 2024 08:00:00 GMT</date>'
            f"<size>9kb</size></version><title>{self.title(i)}</title>"
            f"<authors>{', '.join(self.authors(i))}</authors><categories>cs.LG</categories>"
            f"<license>{license_}</license><abstract>  We do things.\n</abstract></arXivRaw>"
            "</metadata></record>"
        )

    def records(self, first: str, last: str, start: int, fault: str | None) -> str:
        """One page of ListRecords; all papers changed in February 2024."""
        head = '<?xml version="1.0"?><OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">'
        indices = [i for i in range(self.n) if self.on_arxiv(i)] if first[:7] == "2024-02" else []
        if fault == "repeat-page":
            start = 0
        if not indices:
            return f'{head}<error code="noRecordsMatch">none</error></OAI-PMH>'
        page = [] if fault == "empty-page" else indices[start : start + PAGE]
        more = start + PAGE < len(indices) and bool(page)
        query = f"from={first}&until={last}&skip={start + PAGE}"
        token = f"<resumptionToken>{quote(query) if more else ''}</resumptionToken>"
        rows = "".join(map(self.metadata, page))
        return f"{head}<ListRecords>{rows}{token}</ListRecords></OAI-PMH>"

    def work(self, name: str, fields: str) -> dict[str, Any] | None:
        """One paper of Semantic Scholar: listed ones by ARXIV:, cited ones by ``c<number>``."""
        if name.startswith("ARXIV:"):
            i = int(name[-5:])
            if i % 7 == 6:
                return None
            paper: dict[str, Any] = {"paperId": f"s{i}", "title": self.title(i), "abstract": "We."}
        elif name.startswith("s"):
            i = int(name[1:])
            paper = {"paperId": name, "title": self.title(i), "abstract": "We."}
        else:
            i = int(name[1:])
            gone = i % 3 == 0
            paper = {
                "paperId": name, "title": f"Cited work {i}", "year": 2000 + i % 20,
                "abstract": None if gone else f"Abstract of {i}.",
                "openAccessPdf": {"disclaimer": "Notice: elided by the publisher"} if gone else {},
            }  # fmt: skip
        if "references.paperId" in fields:
            paper["references"] = [{"paperId": f"c{(i * 3 + k) % 40}"} for k in range(6)]
            paper["references"].append({"paperId": None, "title": "Unknown"})
        return paper


@dataclass
class State:
    """What the server does next, and what it has seen."""

    world: World = field(default_factory=World)
    choose: Callable[[str, str], str | None] = field(default=lambda _service, _what: None)
    """Picks a fault for a request, or None."""
    seen: list[Seen] = field(default_factory=list)
    elsewhere: str = "http://127.0.0.1:9"
    """Where redirects lead."""
    password: str | None = None
    """When set, OpenReview wants a login with it."""
    token_lasts: int = 1_000_000
    """Requests that one login serves."""
    form_place: str = ""
    """Place of the review form: ``""`` for all papers, or e.g. ``"/Submission1"``."""
    login: str = "token"
    """``"token"``, or ``"mfa"`` for an account with a second factor."""
    extra_count: int = 0
    """Added to the count that the first page of a listing states."""
    closed: bool = False
    """OpenReview answers every note request with a challenge."""
    tokens: dict[str, int] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Handler(BaseHTTPRequestHandler):
    """One connection; ``state`` is set on a subclass."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    state: State

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base names it so
        return

    def do_POST(self) -> None:
        self._handle(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def do_GET(self) -> None:
        self._handle(b"")

    def _handle(self, posted: bytes) -> None:
        arrived = time.monotonic()
        parts = urlsplit(self.path)
        service = parts.path.split("/")[1]
        path = parts.path.removeprefix(f"/{service}")
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        what = f"{unquote(self.path)} {posted.decode()}".strip()
        with self.state.lock:
            fault = self.state.choose(service, what)
            seen = Seen(arrived, service, what, fault, dict(self.headers))
            self.state.seen.append(seen)
        answer = getattr(self, f"_{service}", None)
        if answer is None:
            self._send(404, "text/html", b"<html>no such service</html>")
            return
        with self.state.lock:
            status, media_type, body = answer(path, query, posted, fault)
        self._misbehave(fault, status, media_type, body)

    # ---- the services -------------------------------------------------------------------------

    def _json(self, value: Any, status: int = 200) -> tuple[int, str, bytes]:
        return status, "application/json", json.dumps(value).encode()

    def _v2(self, path: str, query: Any, posted: bytes, fault: Any) -> tuple[int, str, bytes]:
        return self._openreview(V2, path, query, posted, fault)

    def _v1(self, path: str, query: Any, posted: bytes, fault: Any) -> tuple[int, str, bytes]:
        return self._openreview(V1, path, query, posted, fault)

    def _openreview(
        self, venue: str, path: str, query: dict[str, str], posted: bytes, fault: str | None
    ) -> tuple[int, str, bytes]:
        state = self.state
        if path == "/login":
            given = json.loads(posted)
            if given.get("password") != state.password:
                return self._json({"name": "Error", "message": "Invalid username or password"}, 400)
            if state.login == "mfa":
                pending = {"mfaPending": True, "mfaPendingToken": "p", "mfaMethods": ["totp"]}
                return self._json(pending)
            token = f"token-{len(state.tokens)}"
            state.tokens[token] = state.token_lasts
            return self._json({"token": token, "user": {"profile": {"id": "~A_B1"}}})
        if state.closed:
            body = {
                "name": "ChallengeRequiredError",
                "message": "Challenge required",
                "status": 403,
            }
            return self._json(body, 403)
        if state.password is not None:
            token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
            if state.tokens.get(token, 0) <= 0:
                body = {"name": "TokenExpiredError", "message": "Token has expired", "status": 401}
                return self._json(body, 401)
            state.tokens[token] -= 1
        if path == "/notes":
            return self._notes(venue, query, fault)
        if path == "/invitations":
            return self._invitation(venue, query.get("id", ""))
        if path in {"/notes/edits", "/references"}:
            note = query.get("note.id") or query.get("referent") or ""
            if note.endswith("x2"):
                return self._json({"name": "ForbiddenError", "message": "Forbidden"}, 403)
            field_name = "edits" if path == "/notes/edits" else "references"
            return self._json({field_name: [{"id": f"e{note}", "note": {"id": note}}]})
        if path == "/pdf":
            if int(query["id"][-5:]) % 4 == 3:
                return self._json({"name": "NotFoundError", "message": "No PDF"}, 404)
            return 200, "application/pdf", b"%PDF-1.5\n" + query["id"].encode() + b"\n%%EOF\n"
        return self._json({"name": "NotFoundError", "message": path}, 404)

    def _invitation(self, venue: str, name: str) -> tuple[int, str, bytes]:
        """Answer for the form of reviews, of all papers or of the place that the state names."""
        if name != f"{venue}{self.state.form_place}/-/Official_Review":
            return self._json({"name": "NotFoundError", "message": f"{name} not found"}, 404)
        scale = {3: "reject", 5: "marginally below", 6: "marginally above", 8: "accept"}
        aspects = [f"{n} {word}" for n, word in ((2, "fair"), (3, "good"))]
        rating = [f"{n}: {words} the acceptance threshold" for n, words in scale.items()]
        choices = {"recommendation" if venue == V1 else "rating": rating, "confidence": ["4: sure"]}
        choices |= dict.fromkeys(("soundness", "presentation", "contribution"), aspects)
        texts = ("summary", "strengths", "weaknesses", "questions")
        if venue == V1:
            content: Any = {field: {"value-radio": listed} for field, listed in choices.items()}
            content |= {field: {"value-regex": ".*"} for field in texts}
            body: Any = {"reply": {"content": content}}
        else:
            asked: Any = {
                f: {"type": "string", "enum": e, "input": "radio"} for f, e in choices.items()
            }
            asked |= {field: {"type": "string", "input": "textarea"} for field in texts}
            content = {field: {"value": {"param": param}} for field, param in asked.items()}
            edit = {"note": {"content": content}}
            body = {"edit": edit if self.state.form_place else {"invitation": {"edit": edit}}}
        return self._json({"invitations": [{"id": name, **body}], "count": 1})

    def _notes(
        self, venue: str, query: dict[str, str], fault: str | None
    ) -> tuple[int, str, bytes]:
        world = self.state.world
        invitation = query.get("invitation", f"{venue}/-/Submission")
        if not invitation.startswith(venue):
            return self._json({"name": "NotFoundError", "message": invitation}, 404)
        empty = "Withdrawn" in invitation or "Desk" in invitation
        indices = [] if empty else list(range(world.n))
        count = len(indices)
        if "content.venueid" in query:
            indices = indices[::2]
            count = len(indices)
        elif "after" not in query and indices:
            count += self.state.extra_count
        after = query.get("after")
        if fault == "repeat-page" and after is not None:
            after = None
        start = 0 if after is None else indices.index(int(after[-5:])) + 1
        page = indices[start : start + int(query.get("limit", 1000))]
        if fault == "empty-page" and after is not None:
            page = []
        replies = query.get("details") == "replies"
        notes = [world.note(i, venue, replies=replies) for i in page]
        return self._json({"notes": notes, "count": count})

    def _arxiv(
        self, path: str, query: dict[str, str], _: bytes, fault: str | None
    ) -> tuple[int, str, bytes]:
        world = self.state.world
        if path == "/api/query":
            asked = query.get("id_list", "")
            title = query.get("search_query", "").removeprefix('ti:"').removesuffix('"')
            hits = [
                i
                for i in range(world.n)
                if world.on_arxiv(i) and (world.arxiv_id(i) == asked or world.title(i) == title)
            ]
            if fault == "empty-page" and hits:
                feed = world.feed(hits).replace(world.entry(hits[0]), "")
                return 200, "application/atom+xml", feed.encode()
            return 200, "application/atom+xml", world.feed(hits).encode()
        if path == "/oai" and query["verb"] == "ListRecords":
            asked_for = query
            if "resumptionToken" in query:
                parts = parse_qs(unquote(query["resumptionToken"]))
                asked_for = {name: values[0] for name, values in parts.items()}
            start = int(asked_for.get("skip", 0))
            page = world.records(asked_for["from"], asked_for["until"], start, fault)
            return 200, "text/xml", page.encode()
        if path == "/oai":
            arxiv_id = query["identifier"].rsplit(":", 1)[-1]
            return 200, "text/xml", world.oai(arxiv_id, query["metadataPrefix"]).encode()
        if path.startswith("/abs/"):
            page = (
                f'<html><meta name="citation_abstract" content="We did &quot;things&quot;." />'
                f'<a href="http://creativecommons.org/licenses/by/4.0/">license</a><p>{path}</p></html>'
            )
            return 200, "text/html", page.encode()
        i = int(path[-7:-2])
        if i % 9 == 8:
            return 404, "text/html", b"<html>Not found</html>"
        return 200, "application/gzip", world.eprint(i)

    def _s2(
        self, path: str, query: dict[str, str], posted: bytes, fault: str | None
    ) -> tuple[int, str, bytes]:
        world = self.state.world
        if path == "/graph/v1/paper/batch":
            fields = query["fields"]
            found = [world.work(name, fields) for name in json.loads(posted)["ids"]]
            if not any(found):
                return self._json({"error": "No valid paper ids given"}, 400)
            return self._json(found[:-1] if fault == "short-list" else found)
        if path == "/graph/v1/paper/search/match":
            hits = [i for i in range(world.n) if world.title(i) == query["query"]]
            if not hits or hits[0] % 2:
                return self._json({"error": "Title match not found"}, 404)
            paper = {"paperId": f"s{hits[0]}", "title": world.title(hits[0]), "matchScore": 99.5}
            return self._json({"data": [paper]})
        return self._json({"error": "not found"}, 404)

    def _acl(self, path: str, _: Any, __: bytes, fault: Any) -> tuple[int, str, bytes]:
        collection = path.strip("/").removesuffix(".xml")
        kinds = ("long", "short") if ".acl" in collection else ("main",)
        volumes = "".join(
            f'<volume id="{kind}" type="proceedings" ingest-date="2023-07-01"><meta>'
            "<booktitle>Proceedings</booktitle><publisher>ACL</publisher><year>2023</year></meta>"
            + "".join(
                f'<paper id="{i + 1}"><title>{self.state.world.title(i)}</title>'
                f"<author><first>Ada</first><last>Family{i}</last></author>"
                '<abstract>We <b>do</b> things.</abstract><pdf hash="1234abcd"/>'
                f"<doi>10.1/X{i}</doi><bibkey>k-{kind}-{i}</bibkey></paper>"
                for i in range(self.state.world.n)
                if i % 4 == 0
            )
            + "</volume>"
            for kind in kinds
        )
        xml = f'<?xml version="1.0" encoding="UTF-8"?><collection id="{collection}">{volumes}'
        return 200, "text/plain", f"{xml}</collection>\n".encode()

    def _cvf(self, path: str, _: Any, __: bytes, fault: Any) -> tuple[int, str, bytes]:
        world, name = self.state.world, path.strip("/")
        rows = "".join(
            f'<dt class="ptitle"><br><a href="/content/{name}/html/F{i}_{name}_paper.html">'
            f"{world.title(i)}</a></dt><dd><form><a>Ada Family{i}</a>,</form><form><a>Bo Other{i}"
            f'</a></form></dd><dd>[<a href="/p.pdf">pdf</a>]'
            + (f'[<a href="http://arxiv.org/abs/{world.arxiv_id(i)}">arXiv</a>]' if i % 2 else "")
            + "</dd>"
            for i in range(world.n)
            if i % 3 == 0
        )
        return 200, "text/html", f"<html><body><dl>{rows}</dl></body></html>".encode()

    def _pmlr(self, path: str, _: Any, __: bytes, fault: Any) -> tuple[int, str, bytes]:
        world = self.state.world
        rows = "".join(
            f'<div class="paper"><p class="title">{world.title(i)}</p><p class="details">'
            f'<span class="authors">Ada Family{i},&nbsp;Bo Other{i}</span></p><p class="links">'
            f'[<a href="http://{self.headers["Host"]}{self.path}f{i}a.html">abs</a>]</p></div>'
            for i in range(world.n)
            if i % 3 == 1
        )
        return 200, "text/html", f"<html><body>{rows}</body></html>".encode()

    # ---- the faults ---------------------------------------------------------------------------

    def _send(self, status: int, media_type: str, body: bytes, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        headers.setdefault("Content_Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def _misbehave(self, fault: str | None, status: int, media_type: str, body: bytes) -> None:
        try:
            self._answer(fault, status, media_type, body)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _answer(self, fault: str | None, status: int, media_type: str, body: bytes) -> None:
        if fault in {"500", "502", "503"}:
            self._send(int(fault), "text/html", b"<html>server trouble</html>")
        elif fault == "429":
            self._send(429, "text/plain", b"slow down")
        elif fault == "429-retry-after":
            self._send(429, "text/plain", b"slow down", Retry_After="20")
        elif fault == "429-far-away":
            self._send(429, "text/plain", b"come back tomorrow", Retry_After="86400")
        elif fault == "429-reset-time":
            moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + 20))
            details = {"limit": 36, "remaining": 0, "resetTime": f"{moment}.212Z"}
            error = {"name": "RateLimitError", "message": "Too many", "status": 429}
            self._send(429, "application/json", json.dumps({**error, "details": details}).encode())
        elif fault == "reset":
            self._half(media_type, body, len(body))
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            os.close(self.connection.detach())
            self.close_connection = True
        elif fault == "length-too-long":
            self._half(media_type, body, len(body) + 100)
            self.close_connection = True
        elif fault == "length-too-short":
            self._send(status, media_type, body, Content_Length=str(max(1, len(body) // 2)))
            self.close_connection = True
        elif fault in {"endless", "drip"}:
            self._endless(media_type, b"x" * 65536 if fault == "endless" else b"x")
        elif fault == "drip-headers":
            self._drip_headers()
        elif fault == "html":
            page = b"<!DOCTYPE html><html><body>Checking your browser</body></html>"
            self._send(200, "text/html", page)
        elif fault == "cut-body":
            self._send(status, media_type, body[: len(body) // 2])
        elif fault == "cut-gzip":
            packed = gzip.compress(body, mtime=0)
            self._send(status, media_type, packed[: len(packed) // 2], Content_Encoding="gzip")
        elif fault == "redirect":
            self._send(302, "text/html", b"", Location=f"{self.state.elsewhere}{self.path}")
        elif fault == "redirect-circle":
            self._send(302, "text/html", b"", Location=self.path)
        elif len(body) > 2000 and "gzip" in self.headers.get("Accept-Encoding", ""):
            packed = gzip.compress(body, mtime=0)
            self._send(status, media_type, packed, Content_Encoding="gzip")
        else:
            self._send(status, media_type, body)

    def _half(self, media_type: str, body: bytes, length: int) -> None:
        self.send_response(200)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2])
        self.wfile.flush()

    def _endless(self, media_type: str, piece: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", media_type)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        until = time.monotonic() + 20
        while time.monotonic() < until:
            self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
            self.wfile.flush()
            if len(piece) == 1:
                time.sleep(0.05)

    def _drip_headers(self) -> None:
        self.close_connection = True
        until = time.monotonic() + 20
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while time.monotonic() < until:
            self.wfile.write(b"x")
            self.wfile.flush()
            time.sleep(0.05)


def asked_again(seen: list[Seen], needed: Counter[str]) -> int:
    """Answered requests beyond those that a run without faults needs."""
    extra = asked(seen) - needed
    return len({name.rpartition(" ")[0] if "/batch" in name else name for name in extra})


def asked(seen: list[Seen]) -> Counter[str]:
    """How often each thing was asked for and answered; a batch is as many as it has ids."""
    times: Counter[str] = Counter()
    for one in seen:
        if one.fault is None:
            path, _, posted = one.what.partition(" {")
            ids = json.loads("{" + posted).get("ids", []) if posted else []
            times.update(f"{path} {name}" for name in ids)
            # A list of accepted papers is committed as a whole, and asked for again as one.
            if not ids and "/login" not in path and "content.venueid" not in path:
                times[one.what] += 1
    return times


class RandomFaults:
    """A schedule of faults by seed; no request meets more than two on end."""

    QUICK = (
        "429", "429-retry-after", "429-reset-time", "500", "502", "503", "reset", "cut-body",
        "length-too-long", "length-too-short", "html", "cut-gzip", "repeat-page", "empty-page",
        "short-list", "redirect",
    )  # fmt: skip
    SLOW = ("endless", "drip", "drip-headers")

    def __init__(self, seed: int, *, rate: float = 0.25, slow: float = 0.0) -> None:
        self._dice = random.Random(seed)
        self._rate = rate
        self._slow = slow
        self._on_end: dict[str, int] = {}

    def __call__(self, service: str, what: str) -> str | None:
        if self._dice.random() > self._rate or self._on_end.get(what, 0) == 2:
            self._on_end[what] = 0
            return None
        self._on_end[what] = self._on_end.get(what, 0) + 1
        return self._dice.choice(self.SLOW if self._dice.random() < self._slow else self.QUICK)


class _QuietServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients hang up on purpose here."""


class Server:
    """The services on one port of the loopback, until ``close``."""

    def __init__(self, state: State | None = None) -> None:
        self.state = state or State()
        handler = type("BoundHandler", (Handler,), {"state": self.state})
        self._server = _QuietServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.01,), daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
