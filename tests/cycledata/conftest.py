"""Small forums, e-prints and snapshots in the services' shapes, made to order."""

import datetime as dt
import gzip
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from cycledata.replies import OpenSnapshot, Reply
from cycledata.snapshot import seal

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


@pytest.fixture
def make_forum() -> Callable[..., Reply]:
    """Makes the reply of one forum; see ``forum``."""
    return forum


@pytest.fixture
def make_arxiv() -> Callable[..., list[Reply]]:
    """Makes the replies of arXiv about one paper; see ``arxiv_replies``."""
    return arxiv_replies


@pytest.fixture
def make_snapshot() -> Callable[[Path, Iterable[Reply]], Path]:
    """Seals replies, in the order given, as the snapshot of a folder."""

    def make(folder: Path, replies: Iterable[Reply]) -> Path:
        with OpenSnapshot(folder) as snapshot:
            snapshot.add_many(replies)
        seal(folder)
        return folder

    return make
