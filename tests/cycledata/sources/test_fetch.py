"""Whole fetches through the real clients against the local server."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cycledata.snapshot import OpenSnapshot
from cycledata.sources.fetch import FetchSummary, Run, Wish
from cycledata.sources.services import Services

V2, V1 = "ICLR.cc/2024/Conference", "ICLR.cc/2023/Conference"
MakeServices = Callable[..., Services]


def review5k(
    path: Path, services: Services, *venues: str, wish: Wish | None = None, **more: Any
) -> FetchSummary:
    with OpenSnapshot(path) as snapshot:
        return Run(snapshot, services, wish or Wish(), **more).review5k(venues or (V2,))


def keys(path: Path, service: str) -> list[str]:
    with OpenSnapshot(path) as snapshot:
        return list(snapshot.keys(service))


def test_a_fetch_brings_forums_matches_licences_and_e_prints(
    tmp_path: Path, server: Any, services: MakeServices
) -> None:
    summary = review5k(tmp_path, services(server))
    assert (summary.missing, summary.stopped) == ([], None)
    assert summary.unmatched == 2
    assert keys(tmp_path, "openreview") == [f"forum/forum{i:05d}" for i in range(12)]
    arxiv = keys(tmp_path, "arxiv")
    on_arxiv = [i for i in range(12) if i % 5 != 4]
    assert [key for key in arxiv if key.startswith("eprint/")] == [
        f"eprint/2309.{i:05d}v2" for i in on_arxiv
    ]
    assert [key for key in arxiv if key.startswith("record/")] == [
        f"record/2309.{i:05d}" for i in on_arxiv
    ]
    assert len([key for key in arxiv if key.startswith("match/")]) == 12
    with OpenSnapshot(tmp_path) as snapshot:
        missing_text = snapshot.get("arxiv", "eprint/2309.00008v2")
        forum = snapshot.get("openreview", "forum/forum00003")
    assert missing_text is not None
    assert missing_text.status == 404
    assert forum is not None
    notes = json.loads(forum.payload)["notes"]
    assert notes == [server.state.world.note(3, V2, replies=True)]


def test_a_second_run_asks_nothing_again(
    tmp_path: Path, server: Any, services: MakeServices
) -> None:
    review5k(tmp_path, services(server), wish=Wish(history=True, pdfs=True))
    server.state.seen.clear()
    summary = review5k(tmp_path, services(server), wish=Wish(history=True, pdfs=True))
    assert summary.requests == {}
    assert server.state.seen == []
    assert (summary.missing, summary.added) == ([], {})
