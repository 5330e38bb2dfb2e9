"""Whole fetches through the real clients against the local server."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from datasets import load_dataset
from typer.testing import CliRunner

from cycledata import sample
from cycledata.cli import app
from cycledata.snapshot.open import OpenSnapshot
from cycledata.snapshot.seal import seal
from cycledata.sources.estimate import plan_research14k, plan_review5k
from cycledata.sources.fetch import FetchProgress, FetchRun, FetchSummary
from cycledata.sources.fetch_options import FetchOptions
from cycledata.sources.schedule import Budget, SimulatedClock
from cycledata.sources.services import Services
from cycledata.sources.venues import LISTINGS, SUBMISSIONS, find_listings

V2, V1 = "ICLR.cc/2024/Conference", "ICLR.cc/2023/Conference"
MakeServices = Callable[..., Services]


def review5k(
    path: Path, services: Services, *venues: str, options: FetchOptions | None = None, **more: Any
) -> FetchSummary:
    with OpenSnapshot(path) as snapshot:
        return FetchRun(snapshot, services, options or FetchOptions(), **more).review5k(
            venues or (V2,)
        )


def research14k(path: Path, services: Services, *names: str) -> FetchSummary:
    with OpenSnapshot(path) as snapshot:
        return FetchRun(snapshot, services, FetchOptions()).research14k(find_listings(names))


def lane_of(seen: Any) -> str:
    """The service of a request; full texts of arXiv have a limit of their own."""
    return "export" if "/e-print/" in seen.what or "/abs/" in seen.what else str(seen.service)


def keys(path: Path, service: str) -> list[str]:
    with OpenSnapshot(path) as snapshot:
        return list(snapshot.keys(service))


def test_a_fetch_brings_forums_matches_licences_and_e_prints(
    tmp_path: Path, server: Any, services: MakeServices
) -> None:
    summary = review5k(tmp_path, services(server))
    assert (summary.missing, summary.stopped) == ([], None)
    assert summary.unmatched == 2
    assert keys(tmp_path, "openreview") == [
        *(f"forum/forum{i:05d}" for i in range(12)),
        *(f"invitation/{V2}/-/{kind}" for kind in ("Decision", "Meta_Review", "Official_Review")),
    ]
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
    review5k(tmp_path, services(server), options=FetchOptions(history=True, pdfs=True))
    server.state.seen.clear()
    summary = review5k(tmp_path, services(server), options=FetchOptions(history=True, pdfs=True))
    assert summary.requests == {}
    assert server.state.seen == []
    assert (summary.missing, summary.added) == ([], {})


def test_accepted_papers_come_with_e_prints_and_the_works_they_cite(
    tmp_path: Path, server: Any, services: MakeServices
) -> None:
    summary = research14k(tmp_path, services(server), "iclr/2024", "icml/2022", "cvpr/2023")
    assert summary.missing == []
    with OpenSnapshot(tmp_path) as snapshot:
        works = {reply.key: reply for reply in snapshot.iter("semantic_scholar", "paper/")}
        matches = list(snapshot.keys("semantic_scholar", "match/"))
    listed = [key for key in works if key.startswith("paper/ARXIV:")]
    # 0, 2, 6, 8, 10 of ICLR, 1, 7, 10 of ICML and 0, 3, 6 of CVPR are on arXiv.
    assert [int(key[-5:]) for key in listed] == [0, 1, 2, 3, 6, 7, 8, 10]
    # 6 is unknown by its arXiv id and found by its title.
    assert works["paper/ARXIV:2309.00006"].status == 404
    assert len(matches) == 1
    assert "references" in json.loads(works["paper/s6"].payload)
    cited = {f"paper/c{(i * 3 + k) % 40}" for i in (0, 1, 2, 3, 6, 7, 8, 10) for k in range(6)}
    assert cited == {key for key in works if key.startswith("paper/c")}
    by_id = [seen.what for seen in server.state.seen if "id_list=2309.00003" in seen.what]
    assert len(by_id) == 1


def test_no_lane_is_ever_faster_than_its_pace_at_the_server(
    tmp_path: Path, server: Any, services: MakeServices, haste: float
) -> None:
    review5k(tmp_path / "a", services(server), options=FetchOptions(history=True))
    research14k(tmp_path / "b", services(server), "iclr/2024", "acl/2023", "cvpr/2023")
    for group, interval_s in (
        ({"v1", "v2"}, 1.0), ({"arxiv"}, 3.0), ({"export"}, 1.0), ({"s2"}, 1.0),
        ({"acl", "cvf", "pmlr"}, 3.0),
    ):  # fmt: skip
        arrivals = [seen.at for seen in server.state.seen if lane_of(seen) in group]
        gaps = [(later - earlier) * haste for earlier, later in pairwise(arrivals)]
        assert min(gaps) >= interval_s


def test_a_plan_states_the_requests_that_a_fetch_makes(
    tmp_path: Path, new_server: Any, server_module: Any, services: MakeServices,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    world = server_module.World(n=4)
    monkeypatch.setitem(SUBMISSIONS, V2, 4)
    monkeypatch.setattr("cycledata.sources.estimate.REVIEWS_PER_PAPER", 3)
    options = FetchOptions(history=True)
    summary = review5k(tmp_path, services(new_server(world=world)), options=options)
    assert summary.requests == plan_review5k([V2], options).requests


def test_a_plan_of_accepted_papers_states_the_requests_that_a_fetch_makes(
    tmp_path: Path, server: Any, services: MakeServices
) -> None:
    # Papers 0, 3 and 6 of CVPR have e-prints, 9 does not; 1, 7 and 10 of ICML, and not 4.
    known = {"cvpr/2023": 3, "icml/2022": 3}
    listings = [replace(one, n_papers=known[one.name]) for one in find_listings(tuple(known))]
    with OpenSnapshot(tmp_path) as snapshot:
        summary = FetchRun(snapshot, services(server), FetchOptions()).research14k(listings)
    plan = plan_research14k(listings, FetchOptions()).requests
    # Two more papers are searched for and not found; one that Semantic Scholar does not know by
    # its arXiv id is searched for by title and asked for again.
    assert summary.requests == {
        "proceedings": plan["proceedings"],
        "arxiv": plan["arxiv"] + 2,
        "arxiv-export": plan["arxiv-export"],
        "semantic_scholar": plan["semantic_scholar"] + 2,
    }


def test_a_limit_holds_for_every_step(tmp_path: Path, server: Any, services: MakeServices) -> None:
    review5k(tmp_path, services(server), options=FetchOptions(limit=3))
    assert keys(tmp_path, "openreview")[:4] == [
        *(f"forum/forum{i:05d}" for i in range(3)),
        f"invitation/{V2}/-/Decision",
    ]
    assert len([key for key in keys(tmp_path, "arxiv") if key.startswith("match/")]) == 3


def test_a_spent_budget_stops_the_run_and_the_next_goes_on(
    tmp_path: Path, server: Any, services: MakeServices
) -> None:
    plain = review5k(tmp_path / "plain", services(server))
    n_requests = 0
    for _ in range(10):
        summary = review5k(tmp_path / "s", services(server, budget=Budget(max_requests=9)))
        n_requests += sum(summary.requests.values())
        if summary.stopped is None:
            break
        assert "the budget of 9 requests is spent" in summary.stopped
    assert n_requests == sum(plain.requests.values())
    assert seal(tmp_path / "s").digest == seal(tmp_path / "plain").digest


def test_a_service_that_is_down_is_left_alone_and_the_others_go_on(
    tmp_path: Path, new_server: Any, services: MakeServices
) -> None:
    server = new_server(choose=lambda service, _: "502" if service == "arxiv" else None)
    summary = review5k(tmp_path, services(server))
    assert len(keys(tmp_path, "openreview")) == 12 + 3
    # Five papers at four tries each; the other seven are not asked for.
    assert summary.requests["arxiv"] == 20
    assert [row.step for row in summary.missing] == ["arXiv search"] * 12
    assert "5 failures in a row" in summary.missing[-1].reason


def test_a_service_that_is_not_there_is_said_to_be_so(
    tmp_path: Path, new_server: Any, services: MakeServices
) -> None:
    gone = new_server()
    made = services(gone)
    gone.close()
    summary = review5k(tmp_path, made)
    assert summary.retries == {"no connection": 3}
    assert "no connection, after 4 tries; run again later" in summary.missing[0].reason


def test_stopping_by_hand_is_clean(tmp_path: Path, server: Any, services: MakeServices) -> None:
    def stop(progress: FetchProgress) -> None:
        if progress.step == "arXiv search" and progress.done == 4:
            raise KeyboardInterrupt

    summary = review5k(tmp_path, services(server), on_progress=stop)
    assert summary.stopped == "stopped by hand; run again to go on"
    assert len(keys(tmp_path, "arxiv")) == 4
    assert review5k(tmp_path, services(server)).missing == []


def test_progress_estimates_what_is_left_from_what_was(
    tmp_path: Path, server: Any, services: MakeServices
) -> None:
    steps: list[FetchProgress] = []
    review5k(tmp_path, services(server, clock=SimulatedClock()), on_progress=steps.append)
    search = [(one.done, one.total, one.eta_s) for one in steps if one.step == "arXiv search"]
    # A search takes three simulated seconds, and three of them are needed to tell.
    known = [(done, 12, 3.0 * (12 - done)) for done in range(3, 13)]
    assert search == [(1, 12, None), (2, 12, None), *known]


def _python(*arguments: str | Path, **environment: str) -> subprocess.Popen[str]:
    script = Path(__file__).parent / "fetch_against.py"
    return subprocess.Popen(
        [sys.executable, str(script), *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | environment,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("dataset", "seed"), [("review-5k", 1), ("research-14k", 2), ("review-5k-oai", 3)]
)
def test_faults_and_kills_leave_no_trace_in_the_sealed_snapshot(
    tmp_path: Path, server: Any, server_module: Any, dataset: str, seed: int
) -> None:
    _python(dataset, server.url, tmp_path / "plain").communicate()
    needed = server_module.asked(server.state.seen)
    server.state.seen.clear()
    server.state.choose = server_module.RandomFaults(seed)
    dice = random.Random(seed)
    n_kills = 0
    for _ in range(2):
        process = _python(dataset, server.url, tmp_path / "s")
        n_seen = len(server.state.seen) + dice.randrange(1, 30)
        while process.poll() is None and len(server.state.seen) < n_seen:
            time.sleep(0.001)
        process.kill()
        n_kills += process.wait() == -signal.SIGKILL
        process.communicate()
    assert n_kills
    for _ in range(6):
        process = _python(dataset, server.url, tmp_path / "s")
        out, err = process.communicate()
        assert process.returncode == 0, err
        if json.loads(out) == []:
            break
    assert json.loads(out) == []
    assert seal(tmp_path / "s").digest == seal(tmp_path / "plain").digest
    # A kill may lose the answer in flight; nothing else is asked for twice.
    assert server_module.asked_again(server.state.seen, needed) <= n_kills


def test_what_was_fetched_under_faults_builds_and_loads(
    tmp_path: Path, new_server: Any, server_module: Any, services: MakeServices
) -> None:
    server = new_server(choose=server_module.RandomFaults(5))
    while review5k(tmp_path / "s", services(server)).missing:
        assert len(server.state.seen) < 500
    seal(tmp_path / "s")
    command = [
        "build",
        "review-5k",
        "--snapshot",
        str(tmp_path / "s"),
        "--out",
        str(tmp_path / "b"),
        "--allow-empty",
    ]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    rows = {
        name: [row for split in load_dataset(str(tmp_path / "b"), name).values() for row in split]
        for name in ("scores", "default")
    }
    assert {row["paper_id"] for row in rows["scores"]} == {f"forum{i:05d}" for i in range(12)}
    # Papers 4 and 9 are not on arXiv, and arXiv has no text of 8.
    with_text = {row["paper_id"] for row in rows["default"] if row["paper_text"]}
    assert with_text == {f"forum{i:05d}" for i in (0, 1, 2, 3, 5, 6, 7, 10, 11)}


def test_no_secret_is_written_said_or_shown(tmp_path: Path, new_server: Any) -> None:
    secrets = {
        "OPENREVIEW_USERNAME": "planted-user@x.org",
        "OPENREVIEW_PASSWORD": "planted-pass",
        "SEMANTIC_SCHOLAR_API_KEY": "planted-key",
    }
    server = new_server(password="planted-pass", token_lasts=7)
    moody = [None, "429", "redirect", "reset", None, None]
    server.state.choose = lambda _service, _what: moody[len(server.state.seen) % len(moody)]
    shown = b""
    for dataset in ("review-5k", "research-14k"):
        process = _python(dataset, server.url, tmp_path / dataset, **secrets)
        while process.poll() is None:
            shown += Path(f"/proc/{process.pid}/cmdline").read_bytes()
            time.sleep(0.05)
        out, err = process.communicate()
        shown += f"{out}{err}".encode()
    sent = "".join(f"{seen.what}{seen.headers}" for seen in server.state.seen)
    files = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    for secret in (*secrets.values(), "token-0"):
        assert secret in sent, "a test that plants nothing finds nothing"
        assert secret.encode() not in files
        assert secret.encode() not in shown


def test_credentials_do_not_follow_a_redirect(
    tmp_path: Path, new_server: Any, services: MakeServices
) -> None:
    other_host = new_server()
    server = new_server(password="pa55", elsewhere=other_host.url, choose=lambda *_: "redirect")
    secrets = {"OPENREVIEW_TOKEN": "t", "SEMANTIC_SCHOLAR_API_KEY": "k"}
    summary = review5k(tmp_path, services(server, environment=secrets))
    assert "redirected to another host, which is never followed" in summary.missing[0].reason
    assert server.state.seen
    assert other_host.state.seen == []


def test_the_command_prints_requests_and_hours_without_asking_anybody(tmp_path: Path) -> None:
    command = ["fetch", "research-14k", "--snapshot", str(tmp_path / "s"), "--dry-run"]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    lines = [line.split() for line in result.stdout.splitlines()]
    assert lines[0] == ["service", "requests", "hours"]
    papers = sum(listing.n_papers for listing in LISTINGS)
    assert lines[1] == ["arxiv", f"{2 * papers:,}", f"{2 * papers * 3.7 / 3600:.1f}"]
    assert lines[2] == ["arxiv-export", f"{papers:,}", f"{papers * 1.7 / 3600:.1f}"]
    assert not (tmp_path / "s").exists()
    result = CliRunner().invoke(app, [*command, "--venue", "kdd"])
    assert result.exit_code == 2
    assert "no accepted-paper list 'kdd'" in " ".join(result.output.split())


def test_a_flag_that_is_switched_off_is_accepted(tmp_path: Path) -> None:
    command = ["fetch", "research-14k", "--no-history", "--snapshot", str(tmp_path), "--dry-run"]
    assert CliRunner().invoke(app, command).exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ("research-14k --history", "--history: research-14k has no forums"),
        ("research-14k --pdfs", "--pdfs: research-14k has no forums"),
        ("review-5k --only lists --pdfs", "--pdfs: --only lists fetches no texts"),
        ("review-5k --only lists --metadata oai", "--metadata: --only lists fetches no texts"),
        ("review-5k --metadata-since 2021-01", "--metadata-since: give --metadata oai with it"),
        (f"review-5k --policy {sample.POLICY}", "--policy: give --only publishable too"),
    ],
)
def test_an_option_without_effect_is_refused(arguments: str, reason: str, tmp_path: Path) -> None:
    command = ["fetch", *arguments.split(), "--snapshot", str(tmp_path / "s"), "--dry-run"]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 2
    assert reason in " ".join(result.output.replace("│", " ").split())
