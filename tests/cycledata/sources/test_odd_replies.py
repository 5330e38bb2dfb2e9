"""Replies of a form that no service promises: each costs its item, and the next run asks again."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cycledata.snapshot.open import OpenSnapshot
from cycledata.snapshot.seal import seal
from cycledata.sources.fetch import FetchRun, FetchSummary
from cycledata.sources.fetch_options import FetchOptions
from cycledata.sources.http import PoliteAdapter
from cycledata.sources.services import Services
from cycledata.sources.venues import find_listings

VENUE = "ICLR.cc/2024/Conference"
Change = Callable[[Any], Any]


def _page(change: Change) -> Callable[[bytes], bytes]:
    """Change the second note of a page."""

    def changed(body: bytes) -> bytes:
        page = json.loads(body)
        if len(page["notes"]) > 1:
            page["notes"][1] = change(page["notes"][1])
        return json.dumps(page).encode()

    return changed


def _works(change: Change) -> Callable[[bytes], bytes]:
    """Change the first work of a batch."""

    def changed(body: bytes) -> bytes:
        works = json.loads(body)
        return json.dumps([change(works[0]), *works[1:]]).encode()

    return changed


def _without(name: str) -> Change:
    return lambda value: {key: item for key, item in value.items() if key != name}


def _sub(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    return lambda body: re.sub(old, new, body)


OAI = b'xmlns="http://www.openarchives.org/OAI/2.0/"'
OAI_ERROR = b"<OAI-PMH " + OAI + b'><error code="badVerb">x</error></OAI-PMH>'
DEEP = b"<a>" * 50_000 + b"</a>" * 50_000
ODD: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "note-without-id": ("/notes", _page(_without("id"))),
    "note-without-content": ("/notes", _page(_without("content"))),
    "note-null": ("/notes", _page(lambda _: None)),
    "note-text": ("/notes", _page(lambda _: "note")),
    "note-content-list": ("/notes", _page(lambda note: note | {"content": []})),
    "note-id-number": ("/notes", _page(lambda note: note | {"id": 7})),
    "atom-date": ("/api/query", _sub(rb"<published>[^<]*", b"<published>2023-99-99T00:00:00Z")),
    "atom-no-title": ("/api/query", _sub(rb"<title>[^<]*", b"<title>")),
    "atom-no-id": ("/api/query", _sub(rb"<entry>\s*<id>[^<]*</id>", b"<entry>")),
    "atom-deep": ("/api/query", lambda _: DEEP),
    "record-other-xml": ("/oai", lambda _: b"<OAI-PMH></OAI-PMH>"),
    "record-without-id": ("/oai", _sub(rb"<id>[^<]*</id>", b"")),
    "record-of-another": ("/oai", _sub(rb"<id>[^<]*</id>", b"<id>9999.99999</id>")),
    "record-error": ("/oai", lambda _: OAI_ERROR),
    "note-id-blank": ("/notes", _page(lambda note: note | {"id": " "})),
    "note-id-line": ("/notes", _page(lambda note: note | {"id": "a\nb"})),
    "note-list": ("/notes", _page(lambda note: [note])),
    "atom-doctype": ("/api/query", lambda body: b'<!DOCTYPE x [<!ENTITY a "b">]>' + body),
    "atom-utf16": ("/api/query", lambda _: "<feed/>".encode("utf-16")),
}
ODD_WORKS: dict[str, Change] = {
    "text": lambda _: "work",
    "number": lambda _: 7,
    "list": lambda _: [],
    "empty": lambda _: {},
    "year": lambda work: work | {"year": "soon"},
    "references": lambda work: work | {"references": [None, 3]},
    "title": lambda work: work | {"title": {"a": 1}},
}


@pytest.fixture
def change_replies(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Callable[..., bytes]], None]:
    """Changes the body of every complete reply whose URL contains a text."""
    exchange = PoliteAdapter._exchange

    def start(part: str, change: Callable[[bytes], bytes]) -> None:
        def changed(adapter: PoliteAdapter, *args: Any) -> Any:
            reply = exchange(adapter, *args)
            if part in reply.url and reply.status == 200:
                return replace(reply, body=change(reply.body))
            return reply

        monkeypatch.setattr(PoliteAdapter, "_exchange", changed)

    return start


def review5k(path: Path, services: Services) -> FetchSummary:
    with OpenSnapshot(path) as snapshot:
        return FetchRun(snapshot, services, FetchOptions(history=True)).review5k([VENUE])


def research14k(path: Path, services: Services) -> FetchSummary:
    with OpenSnapshot(path) as snapshot:
        return FetchRun(snapshot, services, FetchOptions()).research14k(
            find_listings(("acl/2023",))
        )


@pytest.mark.parametrize("kind", ODD)
def test_an_odd_reply_is_a_row_and_is_asked_for_again(
    kind: str, tmp_path: Path, server: Any, services: Any, change_replies: Any
) -> None:
    part, change = ODD[kind]
    with pytest.MonkeyPatch.context():
        change_replies(part, change)
        summary = review5k(tmp_path / "a", services(server))
    assert summary.missing
    assert summary.stopped is None


@pytest.mark.parametrize("kind", ODD)
def test_after_an_odd_reply_the_next_run_gives_the_same_snapshot(
    kind: str,
    tmp_path: Path,
    server: Any,
    services: Any,
    change_replies: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    part, change = ODD[kind]
    change_replies(part, change)
    review5k(tmp_path / "a", services(server))
    monkeypatch.undo()
    with OpenSnapshot(tmp_path / "a") as snapshot:
        snapshot.forget_marks("openreview ")
    for folder in ("a", "b"):
        assert review5k(tmp_path / folder, services(server)).missing == []
    assert seal(tmp_path / "a").digest == seal(tmp_path / "b").digest


@pytest.mark.parametrize("kind", ODD_WORKS)
def test_an_odd_work_costs_that_work_alone(
    kind: str,
    tmp_path: Path,
    server: Any,
    services: Any,
    change_replies: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    change_replies("/paper/batch", _works(ODD_WORKS[kind]))
    summary = research14k(tmp_path / "a", services(server))
    assert [row.step for row in summary.missing]
    with OpenSnapshot(tmp_path / "a") as snapshot:
        assert snapshot.not_understood("semantic_scholar")
    monkeypatch.undo()
    for folder in ("a", "b"):
        assert research14k(tmp_path / folder, services(server)).missing == []
    assert seal(tmp_path / "a").digest == seal(tmp_path / "b").digest
