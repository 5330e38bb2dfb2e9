"""No secret of the environment and no word of a paper is in a log or a snapshot of a fetch."""

import logging
from pathlib import Path
from typing import Any

import pytest

from cycledata.snapshot.open import OpenSnapshot
from cycledata.sources.fetch import FetchRun
from cycledata.sources.fetch_options import FetchOptions

SECRETS = {
    "OPENREVIEW_USERNAME": "ann@example.org",
    "OPENREVIEW_PASSWORD": "passwordcanary",
    "SEMANTIC_SCHOLAR_API_KEY": "keycanary",
}


@pytest.mark.parametrize("body", [None, b'{"notes": "reviewcanary"}', b"reviewcanary"])
def test_secrets_and_texts_are_in_no_log(
    body: bytes | None,
    tmp_path: Path,
    server: Any,
    services: Any,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.DEBUG)
    server.state.password = SECRETS["OPENREVIEW_PASSWORD"]
    if body is not None:
        monkeypatch.setattr("services_server.Handler._notes", lambda *_: (200, "x", body))
    with OpenSnapshot(tmp_path) as snapshot:
        run = FetchRun(snapshot, services(server, environment=SECRETS), FetchOptions())
        summary = run.review5k(["ICLR.cc/2024/Conference"])
        assert bool(snapshot.counts()) == (body is None)
    assert bool(summary.missing) == (body is not None)
    shown = caplog.text + repr(summary)
    recorded = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    for secret in (*SECRETS.values(), "token-0"):
        assert secret not in shown
        assert secret.encode() not in recorded
    assert "reviewcanary" not in shown
