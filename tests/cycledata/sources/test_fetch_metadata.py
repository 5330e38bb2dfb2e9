"""Fetches with arXiv's metadata: no search, the reviewed version, publishable texts alone."""

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cycledata.cli import app
from cycledata.consent.policy import read_policy
from cycledata.matching.select_rows import wanted_of
from cycledata.snapshot.open import OpenSnapshot
from cycledata.snapshot.seal import seal
from cycledata.sources.fetch import FetchRun, FetchSummary
from cycledata.sources.fetch_options import FetchOptions
from cycledata.sources.import_metadata import import_arxiv_metadata
from cycledata.sources.services import Services
from cycledata.sources.venues import SUBMISSIONS, find_listings

VENUE = "ICLR.cc/2024/Conference"
SINCE = dt.date(2024, 1, 1)
HARVEST = FetchOptions(harvest=True, harvest_since=SINCE)
MakeServices = Callable[..., Services]


def fetch(path: Path, services: Services, options: FetchOptions) -> FetchSummary:
    with OpenSnapshot(path) as snapshot:
        return FetchRun(snapshot, services, options).review5k([VENUE])


def write_metadata(world: Any, file: Path) -> Path:
    """The file that arXiv offers, in the form of the Kaggle snapshot."""
    rows = [
        {
            "id": world.arxiv_id(i),
            "title": world.title(i),
            "authors": ", ".join(world.authors(i)),
            "abstract": "  We do things.\n",
            "categories": "cs.LG",
            "license": "http://arxiv.org/licenses/nonexclusive-distrib/1.0/"
            if i % 3 == 2
            else "http://creativecommons.org/licenses/by/4.0/",
            "versions": [
                {"version": "v1", "created": "Wed, 20 Sep 2023 08:00:00 GMT"},
                {"version": "v2", "created": "Thu, 01 Feb 2024 08:00:00 GMT"},
            ],
            "update_date": "2024-02-02",
        }
        for i in range(world.n)
        if world.on_arxiv(i)
    ]
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return file


def prepare(path: Path, server: Any, services: MakeServices) -> None:
    """Lists first, then the metadata file."""
    fetch(path, services(server), FetchOptions(only="lists"))
    file = write_metadata(server.state.world, path / "metadata.json")
    with OpenSnapshot(path) as snapshot:
        import_arxiv_metadata([file], snapshot, wanted_of(snapshot))


def arxiv_keys(path: Path, prefix: str) -> list[str]:
    with OpenSnapshot(path, reopen=True) as snapshot:
        return list(snapshot.keys("arxiv", prefix))


def asked(server: Any, *parts: str) -> list[str]:
    return [seen.what for seen in server.state.seen if any(part in seen.what for part in parts)]


def test_lists_alone_send_nothing_to_arxiv(
    tmp_path: Path, server: Any, services: MakeServices
) -> None:
    summary = fetch(tmp_path, services(server), FetchOptions(only="lists"))
    assert (summary.missing, set(summary.requests)) == ([], {"openreview"})
    assert arxiv_keys(tmp_path, "") == []


def test_a_snapshot_with_a_metadata_file_needs_no_search_and_no_record(
    tmp_path: Path, server: Any, services: MakeServices
) -> None:
    prepare(tmp_path, server, services)
    server.state.seen.clear()
    summary = fetch(tmp_path, services(server), FetchOptions())
    assert (summary.missing, summary.unmatched) == ([], 2)
    assert asked(server, "/api/query", "/oai") == []
    # Version 2 is after the deadline of 28 September 2023.
    on_arxiv = [i for i in range(12) if i % 5 != 4]
    assert arxiv_keys(tmp_path, "eprint/") == [f"eprint/2309.{i:05d}v1" for i in on_arxiv]
    assert arxiv_keys(tmp_path, "abs/") == [f"abs/2309.{i:05d}v1" for i in on_arxiv]
    assert summary.requests == {"arxiv-export": 20}
    server.state.seen.clear()
    assert fetch(tmp_path, services(server), FetchOptions()).requests == {}


def test_a_harvest_gives_what_the_file_gives(
    tmp_path: Path, server: Any, services: MakeServices
) -> None:
    summary = fetch(tmp_path / "h", services(server), HARVEST)
    assert summary.missing == []
    assert asked(server, "/api/query", "GetRecord") == []
    assert len(asked(server, "resumptionToken")) == 2
    prepare(tmp_path / "f", server, services)
    fetch(tmp_path / "f", services(server), FetchOptions())
    for prefix in ("candidates/", "eprint/", "abs/", "metadata/"):
        assert arxiv_keys(tmp_path / "h", prefix) == arxiv_keys(tmp_path / "f", prefix)
    server.state.seen.clear()
    again = fetch(tmp_path / "h", services(server), HARVEST)
    assert (again.requests, again.added, again.missing) == ({}, {}, [])


@pytest.mark.parametrize("fault", ["repeat-page", "empty-page", "cut-body", "html", "503"])
def test_a_fault_of_a_harvest_passes_or_is_a_row(
    fault: str, tmp_path: Path, server: Any, services: MakeServices
) -> None:
    fetch(tmp_path / "plain", services(server), HARVEST)
    digest = seal(tmp_path / "plain").digest
    for times in (1, 1000):
        left = [times]

        def choose(service: str, what: str, left: list[int] = left) -> str | None:
            if service == "arxiv" and ("skip=4" in what or "skip%3D4" in what) and left[0]:
                left[0] -= 1
                return fault
            return None

        server.state.choose = choose
        path = tmp_path / str(times)
        summary = fetch(path, services(server), HARVEST)
        assert left[0] < times
        if times == 1000:
            assert "2024-02" in [row.item for row in summary.missing]
            # Without the whole month, no paper is said to be missing on arXiv, or searched for.
            assert arxiv_keys(path, "candidates/") == []
            assert asked(server, "/api/query") == []
            server.state.choose = lambda _service, _what: None
            summary = fetch(path, services(server), HARVEST)
        assert summary.missing == []
        assert seal(path).digest == digest


def test_an_expired_token_starts_the_month_again(
    tmp_path: Path, server: Any, services: MakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    expired = [True]
    records = server.state.world.records

    def once(first: str, last: str, start: int, fault: str | None) -> str:
        if start and expired:
            expired.clear()
            head = '<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">'
            return f'{head}<error code="badResumptionToken">expired</error></OAI-PMH>'
        return str(records(first, last, start, fault))

    monkeypatch.setattr(server.state.world, "records", once)
    summary = fetch(tmp_path, services(server), HARVEST)
    assert (summary.missing, expired) == ([], [])
    assert len(arxiv_keys(tmp_path, "metadata/")) == 10


def test_only_publishable_texts_are_fetched(
    tmp_path: Path, server: Any, services: MakeServices
) -> None:
    prepare(tmp_path, server, services)
    server.state.seen.clear()
    options = FetchOptions(only="publishable", policy=read_policy())
    summary = fetch(tmp_path, services(server), options)
    assert summary.missing == []
    allowed = [i for i in range(12) if i % 5 != 4 and i % 3 != 2]
    assert arxiv_keys(tmp_path, "eprint/") == [f"eprint/2309.{i:05d}v1" for i in allowed]
    assert asked(server, "/api/query", "/oai") == []


def test_a_paper_that_was_never_compared_is_a_row_and_not_a_search(
    tmp_path: Path, server: Any, services: MakeServices
) -> None:
    prepare(tmp_path, server, services)
    with OpenSnapshot(tmp_path) as snapshot:
        snapshot.forget("arxiv", ["candidates/forum00003"])
    summary = fetch(tmp_path, services(server), FetchOptions())
    (row,) = summary.missing
    assert (row.step, row.item) == ("arXiv match", "forum00003")
    assert "import the file again" in row.reason
    assert asked(server, "/api/query") == []


def test_an_id_from_a_file_wins_over_a_match_by_title(
    tmp_path: Path, new_server: Any, server_module: Any, services: MakeServices
) -> None:
    server = new_server(world=server_module.World(n=30))
    prepare(tmp_path, server, services)
    ids = tmp_path / "ids.csv"
    ids.write_text("paper_id,arxiv_id\nforum00003,2309.00006v2\n")
    command = ["import", "arxiv-ids", str(ids), "--snapshot", str(tmp_path)]
    assert CliRunner().invoke(app, command).exit_code == 0
    fetch(tmp_path, services(server), FetchOptions())
    assert "eprint/2309.00003v1" not in arxiv_keys(tmp_path, "eprint/")
    assert "eprint/2309.00006v2" in arxiv_keys(tmp_path, "eprint/")
    seal(tmp_path)
    command = ["build", "review-5k", "--snapshot", str(tmp_path), "--out", str(tmp_path / "b")]
    assert CliRunner().invoke(app, [*command, "--allow-empty"]).exit_code == 0
    shown = CliRunner().invoke(app, ["explain", str(tmp_path / "b"), "forum00003"]).stdout
    assert "arXiv    2309.00006: arxiv-id-from-file" in shown
    assert "version  v2: stated" in shown
    shown = CliRunner().invoke(app, ["explain", str(tmp_path / "b"), "forum00001"]).stdout
    assert "arXiv    2309.00001: title-and-author, score 1: " in shown
    assert "(arxiv metadata/2309.00001" in shown
    assert "v1 of 2023-09-20: last-before-deadline, deadline 2023-09-28: http://creative" in shown


def test_a_dry_run_counts_what_the_snapshot_lacks(
    tmp_path: Path, server: Any, services: MakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SUBMISSIONS, VENUE, 12)
    prepare(tmp_path, server, services)
    command = ["fetch", "review-5k", "--snapshot", str(tmp_path), "--dry-run", "--json"]
    for more, n_texts in ((["--only", "publishable"], 6), ([], 10)):
        plan = json.loads(CliRunner().invoke(app, [*command, *more]).stdout)
        # One request for an e-print and one for the license of the version.
        assert {k: v["requests"] for k, v in plan["services"].items()} == {
            "arxiv-export": 2 * n_texts
        }
    assert fetch(tmp_path, services(server), FetchOptions()).requests["arxiv-export"] == 20


def test_listed_papers_use_the_latest_version_without_a_search(
    tmp_path: Path, server: Any, services: MakeServices
) -> None:
    with OpenSnapshot(tmp_path) as snapshot:
        run = FetchRun(snapshot, services(server), HARVEST)
        summary = run.research14k(find_listings(("iclr/2024",)))
    assert summary.missing == []
    assert asked(server, "/api/query", "GetRecord", "/abs/") == []
    assert {key[-2:] for key in arxiv_keys(tmp_path, "eprint/")} == {"v2"}
