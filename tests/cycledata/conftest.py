"""Small forums, e-prints and snapshots in the services' shapes, made to order."""

import datetime as dt
import gzip
import io
import json
import tarfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from cycledata.outlines.prompt import prompt_hash
from cycledata.outlines.read import Attempt, OutlineReply, SeededSampling
from cycledata.snapshot.open import OpenSnapshot
from cycledata.snapshot.reply import Reply
from cycledata.snapshot.seal import seal

VENUE = "ICLR.cc/2024/Conference"
DAY = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)


def reply(service: str, key: str, payload: bytes, media_type: str = "application/json") -> Reply:
    return Reply(service, key, f"file:test#{key}", DAY, 200, media_type, payload)


def forum(
    paper_id: str,
    *,
    title: str,
    abstract: str,
    review: str,
    licence: str | None,
    ratings: Iterable[int] = (3, 6, 8),
    decision: str = "Accept (poster)",
) -> Reply:
    """One forum: a submission, a review for each rating, a meta-review, a decision."""

    def note(kind: str, number: int, content: dict[str, Any], **extra: Any) -> dict[str, Any]:
        return {
            "id": extra.pop("id", f"{paper_id}-{kind}-{number}"),
            "forum": paper_id,
            "replyto": paper_id,
            "signatures": [f"{VENUE}/Submission1/Reviewer_{number}"],
            "readers": ["everyone"],
            "number": number,
            "invitations": [f"{VENUE}/Submission1/-/{kind}"],
            "domain": VENUE,
            "cdate": 1700000000000 + number,
            "mdate": 1700000000000 + number,
            "license": licence,
            "content": {name: {"value": value} for name, value in content.items()},
            **extra,
        }

    submission = {"title": title, "abstract": abstract, "authors": ["Anna Beispiel"]}
    notes = [note("Submission", 1, submission, id=paper_id, invitations=[f"{VENUE}/-/Submission"])]
    for number, rating in enumerate(ratings, start=1):
        marks = {"soundness": "3 good", "presentation": "2 fair", "contribution": "3 good"}
        texts = dict.fromkeys(("summary", "strengths", "weaknesses", "questions"), review)
        words = {"rating": f"{rating}: words", "confidence": "4: words"}
        notes.append(note("Official_Review", number, {**texts, **marks, **words}))
    notes.append(note("Meta_Review", 1, {"metareview": review}))
    notes.append(note("Decision", 1, {"decision": decision}))
    payload = json.dumps({"forum": paper_id, "notes": notes}).encode()
    return reply("openreview", f"forum/{paper_id}", payload)


def arxiv_replies(
    paper_id: str, arxiv_id: str, *, title: str, text: str, licence: str
) -> list[Reply]:
    """A search that finds the paper, its licence, and its e-print."""
    atom = f"""<feed xmlns="http://www.w3.org/2005/Atom"><entry>
<id>http://arxiv.org/abs/{arxiv_id}v1</id><title>{title}</title><summary>Unlike.</summary>
<published>2023-09-28T00:00:00Z</published><updated>2023-09-28T00:00:00Z</updated>
<author><name>Anna Beispiel</name></author></entry></feed>"""
    oai = f"""<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><GetRecord><record><metadata>
<arXiv xmlns="http://arxiv.org/OAI/arXiv/"><id>{arxiv_id}</id><license>{licence}</license></arXiv>
</metadata></record></GetRecord></OAI-PMH>"""
    tex = (
        rf"\documentclass{{article}}\title{{{title}}}\begin{{document}}\maketitle"
        rf"\section{{Introduction}} {text} \section{{Method}} {text}\end{{document}}"
    )
    return [
        reply("arxiv", f"match/{paper_id}", atom.encode(), "application/atom+xml"),
        reply("arxiv", f"record/{arxiv_id}", oai.encode(), "text/xml"),
        reply("arxiv", f"eprint/{arxiv_id}v1", gzip.compress(tex.encode()), "application/gzip"),
    ]


def as_json(service: str, key: str, value: object) -> Reply:
    return reply(service, key, json.dumps(value).encode())


def listed_paper(
    number: int,
    *,
    licence: str = "http://creativecommons.org/licenses/by/4.0/",
    abstract: str = "We show that it is so.",
    text: str = "We show that the loss of the model is small on all of the data that we have.",
    cited_abstract: str = "What it is about.",
    cited_licence: str | None = "CCBY",
    entry_abstract: str = "",
) -> dict[str, Reply]:
    """Every reply about one accepted paper of Research-14k, by what it is; its id is ``p01``.

    Args:
        number: names it and its cited work, and is its day.
        licence: of the e-print.
        abstract: arXiv's.
        text: what its sections say, many times over.
        cited_abstract: of the one work that it cites.
        cited_licence: of that work's open-access copy.
        entry_abstract: of that work, in the paper's own bibliography.
    """
    paper_id, arxiv_id, title = f"p{number:02}", f"2301.{number:05}", f"Paper {number:02} of many"
    day = dt.date(2023, 1, 1) + dt.timedelta(days=number)
    found = arxiv_replies(paper_id, arxiv_id, title=title, text="", licence=licence)
    atom = found[0].payload.decode().replace("2023-09-28", str(day)).replace("Unlike.", abstract)
    body = "".join(
        rf"\section{{{name}}} {text * 10} \cite{{one}} "
        for name in ("Introduction", "Method", "Experiments", "Conclusion")
    )
    tex = (
        rf"\documentclass{{article}}\title{{{title}}}\begin{{document}}\maketitle"
        rf"{body}\bibliography{{refs}}\end{{document}}"
    )
    bib = (
        f"@article{{one, title={{The work that {number:02} builds on}}, year=2020,"
        f" abstract={{{entry_abstract}}}, eprint={{2001.{number:05}}}, archiveprefix={{arXiv}}}}"
    )
    cited, own = f"c{number:039}", f"f{number:039}"
    work = {
        "paperId": cited,
        "title": f"The work that {number:02} builds on",
        "abstract": cited_abstract,
        "year": 2020,
        "externalIds": {"ArXiv": f"2001.{number:05}"},
        "openAccessPdf": {"license": cited_licence},
    }
    listed = {"list": "iclr/2023", "entry": paper_id, "title": title, "authors": ["Anna Beispiel"]}
    eprint = tar_of({"main.tex": tex.encode(), "refs.bib": bib.encode()})
    return {
        "entry": as_json("proceedings", f"iclr/2023/{paper_id}", {**listed, "url": "https://x.y"}),
        "match": replace(found[0], payload=atom.encode()),
        "record": found[1],
        "eprint": replace(found[2], payload=eprint),
        "own": as_json(
            "semantic_scholar",
            f"paper/ARXIV:{arxiv_id}",
            {"paperId": own, "title": title, "references": [{"paperId": cited}]},
        ),
        "cited": as_json("semantic_scholar", f"paper/{cited}", work),
    }


def tar_of(files: Mapping[str, bytes]) -> bytes:
    """An e-print: a gzipped archive."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return packed.getvalue()


def conversation(
    paper_id: str,
    text: str,
    *,
    source: str,
    problem: str | None = None,
    prompts: str = prompt_hash(),
    model: str = "m",
) -> Reply:
    """A recorded conversation of one attempt; ``problem`` makes it a refusal."""
    attempt = Attempt(
        text=text,
        finish_reason="stop",
        served_model=model,
        n_prompt_tokens=1,
        n_reply_tokens=1,
        problem=problem,
    )
    record = OutlineReply(
        paper_id=paper_id,
        source=source,
        model=model,
        prompt_hash=prompts,
        sampling=SeededSampling(temperature=0.0, top_p=1.0, max_tokens=100, seed=0),
        n_chars=1,
        n_chars_shown=1,
        attempts=(attempt,),
        outcome="outline" if problem is None else "refused",
    )
    payload = record.model_dump_json().encode()
    return reply("outline", f"{model}/{paper_id}/{prompts}", payload)


def outline_text(words: str) -> str:
    """What a model answers that plans a paper."""
    item = {"name": "Main", "description": words}
    return json.dumps(
        {
            "motivation": words,
            "main_idea": words,
            "interestingness": 7,
            "feasibility": 8,
            "novelty": 6,
            "experimental_setup": [item],
            "experimental_results": [{**item, "table": None, "image": None}],
        }
    )


class ModelServer:
    """A loopback server that plays recorded answers by paper, and keeps what it was asked."""

    def __init__(self, answers: dict[str, list[tuple[int, Any]]]) -> None:
        self.asked: list[dict[str, Any]] = []
        lock = threading.Lock()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                size = int(self.headers["Content-Length"])
                body = json.loads(self.rfile.read(size))
                with lock:
                    server.asked.append(body)
                    paper = next(p for p in answers if f"# {p}\n" in body["messages"][1]["content"])
                    queue = answers[paper]
                    status, reply = queue.pop(0) if len(queue) > 1 else queue[0]
                data = json.dumps(reply).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}/v1"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()


@pytest.fixture
def play() -> Iterator[Callable[[dict[str, list[tuple[int, Any]]]], ModelServer]]:
    """Starts loopback servers, see ``ModelServer``, and stops them in the end."""
    servers: list[ModelServer] = []

    def start(answers: dict[str, list[tuple[int, Any]]]) -> ModelServer:
        servers.append(ModelServer(answers))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def make_forum() -> Callable[..., Reply]:
    """Makes the reply of one forum; see ``forum``."""
    return forum


@pytest.fixture
def make_arxiv() -> Callable[..., list[Reply]]:
    """Makes the replies of arXiv about one paper; see ``arxiv_replies``."""
    return arxiv_replies


@pytest.fixture
def make_listed() -> Callable[..., dict[str, Reply]]:
    """Makes the replies about one accepted paper; see ``listed_paper``."""
    return listed_paper


@pytest.fixture
def make_archive() -> Callable[[Mapping[str, bytes]], bytes]:
    """Makes an e-print of files; see ``tar_of``."""
    return tar_of


@pytest.fixture
def make_conversation() -> Callable[..., Reply]:
    """Makes a recorded conversation; see ``conversation``."""
    return conversation


@pytest.fixture
def make_outline() -> Callable[[str], str]:
    """Makes a model's good answer; see ``outline_text``."""
    return outline_text


@pytest.fixture
def make_snapshot() -> Callable[[Path, Iterable[Reply]], Path]:
    """Seals replies, in the order given, as the snapshot of a folder."""

    def make(folder: Path, replies: Iterable[Reply]) -> Path:
        with OpenSnapshot(folder) as snapshot:
            snapshot.add_many(replies)
        seal(folder)
        return folder

    return make
