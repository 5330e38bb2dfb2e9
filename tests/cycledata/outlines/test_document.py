"""The guide to outlines shows what its commands print."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cycledata import sample
from cycledata.outlines.read import read_outline_reply
from cycledata.parse.latex import parse_eprint
from cycledata.snapshot.sealed import SealedSnapshot
from tests.documents import ROOT, run_page

URL = "http://127.0.0.1:8000/v1"


def completion(text: str) -> tuple[int, dict[str, Any]]:
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "finish_reason": "stop", "message": message}
    head = {"id": "1", "object": "chat.completion", "created": 1, "model": "invented-outliner-1"}
    return 200, {**head, "choices": [choice], "usage": None}


def recorded_completions() -> dict[str, list[tuple[int, Any]]]:
    """Return the completions in the sample by title of the paper."""
    found = {}
    with SealedSnapshot.open(sample.SNAPSHOT) as snapshot:
        for reply in snapshot.iter("outline"):
            recorded = read_outline_reply(reply.payload)
            eprint = snapshot.get("arxiv", f"eprint/{recorded.source}")
            assert eprint is not None
            paper = parse_eprint(eprint.payload, file=recorded.source)
            found[paper.title] = [completion(attempt.text) for attempt in recorded.attempts]
    return found


def test_the_guide_shows_what_its_commands_print(
    play: Callable[[dict[str, list[tuple[int, Any]]]], Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CYCLEKIT_CACHE", str(tmp_path / ".cache"))
    server = play(recorded_completions())
    page = ROOT / "docs" / "guides" / "outlines.md"
    assert run_page(page, tmp_path, monkeypatch, replace={URL: server.url}) == 3
