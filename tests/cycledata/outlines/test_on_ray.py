"""Outlines by several engines on Ray: what one backend in this process gives, they give."""

import datetime as dt
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from cycledata.errors import FetchError
from cycledata.llm.endpoint import ChatEndpoint
from cycledata.outlines.ask import OutlineReport, extract_outlines, outline_key
from cycledata.outlines.on_ray import extract_outlines_on_ray
from cycledata.outlines.prompt import PaperToOutline
from cycledata.records import Section
from cycledata.snapshot.open import OpenSnapshot

NOON = dt.datetime(2026, 11, 1, 12, tzinfo=dt.UTC)
TEXT = (Section(level=1, title="A", text="Text."),)
PAPERS = [PaperToOutline(f"p{i}", "v1", f"p{i}", "We count.", TEXT) for i in range(6)]


def answer(text: str) -> tuple[int, dict[str, Any]]:
    choice = {
        "index": 0,
        "finish_reason": "stop",
        "message": {"role": "assistant", "content": text},
    }
    head = {"id": "1", "object": "chat.completion", "created": 1, "model": "served"}
    return 200, {**head, "choices": [choice], "usage": None}


# Ray warns about its own sockets and of what it will change.
@pytest.mark.filterwarnings("ignore")
def test_engines_on_ray_record_what_one_backend_here_records(
    tmp_path: Path,
    play: Callable[[dict[str, list[tuple[int, Any]]]], Any],
    make_outline: Callable[[str], str],
) -> None:
    ray = pytest.importorskip("ray")
    good = make_outline("A plan.")

    def script() -> dict[str, list[tuple[int, Any]]]:
        said = {f"p{i}": [answer(good)] for i in range(6)}
        # One paper needs a second try, one never gets there.
        return {**said, "p2": [answer("la"), answer(good)], "p4": [answer("la")]}

    def backend(url: str) -> Any:
        return partial(ChatEndpoint, url, "m", n_parallel=2, timeout_s=10, max_retries=0)

    server = play(script())
    with OpenSnapshot(tmp_path / "here") as here:
        expected = extract_outlines(
            PAPERS, here, backend(server.url)(), max_chars=9_999, max_attempts=2, clock=lambda: NOON
        )
        payloads = {reply.key: reply.payload for reply in here.iter("outline")}
    assert expected == OutlineReport(n_outlined=5, n_refused=1, n_known=0)

    broken = play({**script(), "p5": [(503, {"error": {"message": "no"}})]})
    whole = play(script())
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        with OpenSnapshot(tmp_path / "ray") as snapshot:
            ask = partial(
                extract_outlines_on_ray,
                PAPERS,
                snapshot,
                "m",
                max_chars=9_999,
                max_attempts=2,
                n_engines=2,
                gpus_per_engine=0,
                batch_size=1,
                clock=lambda: NOON,
            )
            with pytest.raises(FetchError, match=r"HTTP 503 for model 'm'.*run the same command"):
                ask(make_backend=backend(broken.url))
            assert not snapshot.has("outline", outline_key("m", "p5"))
            n_recorded = len(list(snapshot.keys("outline")))
            seen: list[OutlineReport] = []
            report = ask(make_backend=backend(whole.url), on_progress=seen.append)
            assert report.n_known == n_recorded
            assert report.n_outlined + report.n_refused == len(seen) == 6 - n_recorded
            assert {reply.key: reply.payload for reply in snapshot.iter("outline")} == payloads
    finally:
        ray.shutdown()
