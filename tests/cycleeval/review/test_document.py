"""The guide to reviewer models shows what its commands print."""

from pathlib import Path
from typing import Protocol

import pytest

from tests.documents import ROOT, run_page


class Server(Protocol):
    """The part of the fixture `model` that is used here."""

    url: str


def test_the_guide_shows_what_its_commands_print(
    model: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = ROOT / "docs" / "guides" / "review.md"
    assert (
        run_page(page, tmp_path, monkeypatch, replace={"http://127.0.0.1:8000/v1": model.url}) == 2
    )
