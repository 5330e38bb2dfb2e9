"""Semantic Scholar through its own client, on our transport."""

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cycledata.errors import GaveUpError, RefusedError
from cycledata.snapshot.open import OpenSnapshot
from cycledata.snapshot.reply import Reply
from cycledata.sources.semantic_scholar import match_key
from cycledata.sources.services import Services

KEY = {"SEMANTIC_SCHOLAR_API_KEY": "s2-secret"}
MakeServices = Callable[..., Services]


def papers(path: Path, services: Services, ids: list[str], *, listed: bool) -> dict[str, Reply]:
    with OpenSnapshot(path) as snapshot:
        services.semantic_scholar.papers(snapshot, ids, listed=listed)
        return {reply.key: reply for reply in snapshot.iter("semantic_scholar")}


def test_listed_papers_come_with_references_and_unknown_ones_are_kept_as_such(
    tmp_path: Path, server: Any, services: MakeServices
) -> None:
    ids = [f"ARXIV:2309.{i:05d}" for i in range(7)]
    found = papers(tmp_path, services(server), ids, listed=True)
    assert {key: reply.status for key, reply in found.items()} == {
        f"paper/{name}": 404 if name.endswith("6") else 200 for name in ids
    }
    first = json.loads(found["paper/ARXIV:2309.00000"].payload)
    assert [work["paperId"] for work in first["references"]] == [*(f"c{k}" for k in range(6)), None]
    assert len(server.state.seen) == 1


def test_a_missing_abstract_keeps_its_reason(
    tmp_path: Path, server: Any, services: MakeServices
) -> None:
    found = papers(tmp_path, services(server), ["c3", "c4"], listed=False)
    gone, there = (json.loads(found[f"paper/{name}"].payload) for name in ("c3", "c4"))
    assert gone["abstract"] is None
    assert "elided by the publisher" in gone["openAccessPdf"]["disclaimer"]
    assert there["abstract"] == "Abstract of 4."


def test_a_batch_nobody_knows_is_an_answer(
    tmp_path: Path, server: Any, services: MakeServices
) -> None:
    found = papers(tmp_path, services(server), ["ARXIV:2309.00006"], listed=True)
    assert [reply.status for reply in found.values()] == [404]


def test_a_503_is_a_failure_and_not_an_empty_list(
    tmp_path: Path, new_server: Any, services: MakeServices
) -> None:
    server = new_server(choose=lambda _service, _what: "503")
    with pytest.raises(GaveUpError, match="status 503, after 4 tries"):
        papers(tmp_path, services(server), ["c1"], listed=False)
    with OpenSnapshot(tmp_path) as snapshot:
        assert snapshot.counts() == {}


def test_a_list_shorter_than_the_batch_is_a_failure(
    tmp_path: Path, new_server: Any, services: MakeServices
) -> None:
    server = new_server(choose=lambda _service, _what: "short-list")
    with pytest.raises(GaveUpError, match="expected 2 papers, found 1"):
        papers(tmp_path, services(server), ["c1", "c2"], listed=False)


def test_a_title_match_is_asked_once_and_no_match_is_kept(
    tmp_path: Path, server: Any, services: MakeServices
) -> None:
    hit, miss = server.state.world.title(2), server.state.world.title(3)
    scholar = services(server).semantic_scholar
    with OpenSnapshot(tmp_path) as snapshot:
        for _ in range(2):
            found = scholar.match(snapshot, hit)
            assert found is not None
            assert found["paperId"] == "s2"
            assert scholar.match(snapshot, miss) is None
        kept = snapshot.get("semantic_scholar", match_key(miss))
    assert kept is not None
    assert kept.status == 404
    assert len(server.state.seen) == 2


@pytest.mark.parametrize("body", [b"[NaN]", b"[1e999]", b"[" * 300 + b"]" * 300, b"[1"])
def test_json_that_cannot_be_kept_is_no_answer(
    tmp_path: Path,
    server: Any,
    services: MakeServices,
    monkeypatch: pytest.MonkeyPatch,
    body: bytes,
) -> None:
    monkeypatch.setattr("services_server.Handler._s2", lambda *_: (200, "application/json", body))
    with pytest.raises(GaveUpError, match="the JSON is cut or damaged, after 4 tries"):
        papers(tmp_path, services(server), ["c1"], listed=False)


def test_a_page_that_says_no_is_kept_without_its_words(
    tmp_path: Path, server: Any, services: MakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (404, "text/html", b"<html>gone</html>")
    monkeypatch.setattr("services_server.Handler._s2", lambda *_: page)
    with OpenSnapshot(tmp_path) as snapshot:
        assert services(server).semantic_scholar.match(snapshot, "Some Title") is None
        kept = snapshot.get("semantic_scholar", match_key("Some Title"))
    assert kept is not None
    assert (kept.status, kept.payload) == (404, b"null")


def test_titles_that_differ_in_case_and_signs_share_a_key() -> None:
    assert match_key("A Title!") == match_key("a  title")


def test_the_key_travels_in_its_header_and_nowhere_else(
    tmp_path: Path, server: Any, services: MakeServices, caplog: pytest.LogCaptureFixture
) -> None:
    handlers = list(logging.getLogger().handlers)
    with caplog.at_level(logging.DEBUG):
        papers(tmp_path, services(server, environment=KEY), ["c1"], listed=False)
    assert logging.getLogger().handlers == handlers
    (seen,) = server.state.seen
    assert seen.headers["x-api-key"] == "s2-secret"
    assert "s2-secret" not in seen.what
    assert "s2-secret" not in caplog.text


def test_a_refused_key_says_which_variable_to_look_at(
    tmp_path: Path, new_server: Any, services: MakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = new_server()
    made = services(server, environment=KEY)
    monkeypatch.setattr(
        "services_server.Handler._s2", lambda self, *_: self._json({"message": "Forbidden"}, 403)
    )
    with pytest.raises(RefusedError, match="status 403; check SEMANTIC_SCHOLAR_API_KEY"):
        papers(tmp_path, made, ["c1"], listed=False)
