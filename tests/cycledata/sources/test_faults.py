"""The matrix of faults: what a fetch does when a service misbehaves once, and for ever.

The table in docs/guides/fetch.md is what these runs gave; ``--golden`` writes it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cycledata.snapshot.open import OpenSnapshot
from cycledata.snapshot.seal import seal
from cycledata.sources.fetch import FetchRun, FetchSummary
from cycledata.sources.fetch_options import FetchOptions
from cycledata.sources.services import Services

DOCS = Path(__file__).parents[3] / "docs" / "guides" / "fetch.md"
BEGIN, END = "<!-- faults: begin -->", "<!-- faults: end -->"
VENUE = "ICLR.cc/2024/Conference"
N = 6
FIRST_PAGE, LATER_PAGE = "details=replies", "after="
SEARCH, ONE_SEARCH, EPRINT = "/api/query", 'Number+1"', "/e-print/2309.00001v2"
BROKE, SHORT = "the connection broke", "the body ended early"
CUT_JSON, CUT_GZIP = "the JSON is cut or damaged", "the gzip archive is cut"
HTML_JSON, HTML_XML = "HTML in place of JSON", "HTML in place of XML"
HTML_EPRINT, LATE, LONG = "HTML in place of an e-print", "not done after", "the body is longer than"
TOLD = {"429-retry-after", "429-reset-time"}
NEXT_RUN = "a row of this run; the next run asks again"
NO_TRACE = "follows it within the host"
NO_PAGE = "asks for that page again"
EMPTY = "an empty page of a search that found some"


@dataclass(frozen=True)
class Row:
    """One fault, the request it hits, and what must come of it."""

    fault: str
    words: str
    target: str
    reason: str
    """What the run calls it; for faults that pass, the reason of the retry."""
    lasting: str
    """What a run says in the end when it never stops."""
    once: str = ""
    """What comes of it instead of a retry of the request."""


ROWS = [
    Row("429-retry-after", "429 with Retry-After", SEARCH, "status 429", "status 429, after"),
    Row(
        "429-reset-time", "429 with `resetTime` in its body", FIRST_PAGE, "status 429", "status 429"
    ),
    Row("429", "429 without a word", SEARCH, "status 429", "status 429, after"),
    Row(
        "429-far-away",
        "429 with Retry-After of a day",
        SEARCH,
        "",
        "asks to wait 86400 s",
        NEXT_RUN,
    ),
    Row("500", "500", FIRST_PAGE, "status 500", "status 500, after"),
    Row("502", "502", SEARCH, "status 502", "status 502, after"),
    Row("503", "503", EPRINT, "status 503", "status 503, after"),
    Row("reset", "connection reset in the middle of a body", EPRINT, BROKE, BROKE),
    Row("endless", "a body that never ends", EPRINT, LONG, LONG),
    Row("drip", "a body that drips", ONE_SEARCH, LATE, LATE),
    Row("drip-headers", "headers that drip", ONE_SEARCH, LATE, LATE),
    Row("length-too-long", "Content-Length beyond the body", EPRINT, SHORT, SHORT),
    Row("length-too-short", "Content-Length short of the body", FIRST_PAGE, CUT_JSON, CUT_JSON),
    Row("html", "HTML in place of JSON", FIRST_PAGE, HTML_JSON, HTML_JSON),
    Row("html", "HTML in place of XML", SEARCH, HTML_XML, HTML_XML),
    Row("html", "HTML in place of an e-print", EPRINT, HTML_EPRINT, HTML_EPRINT),
    Row("cut-body", "truncated JSON", FIRST_PAGE, CUT_JSON, CUT_JSON),
    Row("cut-body", "truncated archive", EPRINT, CUT_GZIP, CUT_GZIP),
    Row("cut-gzip", "truncated gzip encoding", FIRST_PAGE, SHORT, SHORT),
    Row(
        "repeat-page", "a page that repeats an earlier one", LATER_PAGE, "", "4 times over", NO_PAGE
    ),
    Row("empty-page", "a page that is missing", LATER_PAGE, "", "3 listings gave 2", NO_PAGE),
    Row("empty-page", "an empty page of a search that found some", SEARCH, EMPTY, EMPTY),
    Row("redirect", "redirect to another host", EPRINT, "", "which is never followed", NEXT_RUN),
    Row("redirect-circle", "redirect in a circle", EPRINT, "", "Exceeded 3 redirects", NO_TRACE),
]
IDS = [row.words.replace(" ", "-") for row in ROWS]


def run(path: Path, services: Services) -> FetchSummary:
    with OpenSnapshot(path) as snapshot:
        return FetchRun(snapshot, services, FetchOptions()).review5k([VENUE])


@pytest.fixture(autouse=True)
def _two_papers_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cycledata.sources.openreview.PAGE_SIZE", 2)


@pytest.fixture(scope="module")
def reference(
    tmp_path_factory: pytest.TempPathFactory, server_module: Any, request: pytest.FixtureRequest
) -> dict[str, str]:
    """Digest of a run without faults, filled by the first test that asks."""
    return {}


def patience(row: Row) -> float:
    """Seconds until a request is cut off: few for what drips, many on a busy machine."""
    return 0.6 if row.reason == LATE else 20.0


def choose(row: Row, times: int) -> Callable[[str, str], str | None]:
    left = [times]

    def pick(_: str, what: str) -> str | None:
        if row.target in what and left[0] > 0:
            left[0] -= 1
            return row.fault
        return None

    return pick


@pytest.fixture
def plain_digest(
    tmp_path: Path, new_server: Any, server_module: Any, services: Callable[..., Services],
    reference: dict[str, str],
) -> str:  # fmt: skip
    if not reference:
        run(tmp_path / "plain", services(new_server(world=server_module.World(n=N))))
        reference["digest"] = seal(tmp_path / "plain").digest
    return reference["digest"]


def _wait_after(seen: list[Any], fault: str) -> float:
    """Seconds on the server's clock from a fault to the next request of that service."""
    first = next(number for number, one in enumerate(seen) if one.fault == fault)
    rest = [one.at for one in seen[first + 1 :] if one.service == seen[first].service]
    return float(rest[0] - seen[first].at)


@pytest.mark.parametrize("row", ROWS, ids=IDS)
def test_a_passing_fault_leaves_no_trace(
    tmp_path: Path, new_server: Any, server_module: Any, services: Callable[..., Services],
    plain_digest: str, row: Row, haste: float,
) -> None:  # fmt: skip
    server = new_server(world=server_module.World(n=N), choose=choose(row, 1))
    summary = run(tmp_path, services(server, deadline_s=patience(row)))
    assert any(seen.fault == row.fault for seen in server.state.seen)
    if row.once == NEXT_RUN:
        assert row.lasting in summary.missing[0].reason
        summary = run(tmp_path, services(server, deadline_s=patience(row)))
    elif row.reason:
        assert [row.reason in reason for reason in summary.retries] == [True]
        assert _wait_after(server.state.seen, row.fault) * haste >= (
            20.0 if row.fault in TOLD else 1.0
        )
    assert summary.missing == []
    assert seal(tmp_path).digest == plain_digest


@pytest.mark.parametrize("row", ROWS, ids=IDS)
def test_a_lasting_fault_is_a_row_that_says_why_and_the_rest_goes_on(
    tmp_path: Path, new_server: Any, server_module: Any, services: Callable[..., Services],
    plain_digest: str, row: Row,
) -> None:  # fmt: skip
    server = new_server(world=server_module.World(n=N), choose=choose(row, 10_000))
    summary = run(tmp_path, services(server, deadline_s=patience(row)))
    assert summary.stopped is None
    assert row.lasting in summary.missing[0].reason
    with OpenSnapshot(tmp_path) as snapshot:
        if row.target == EPRINT:
            assert len(list(snapshot.keys("arxiv", "eprint/"))) == 4
        elif row.target == SEARCH:
            assert len(list(snapshot.keys("openreview", "forum/"))) == N
    # Once the service behaves, the next run completes the snapshot.
    server.state.choose = lambda _service, _what: None
    assert run(tmp_path, services(server)).missing == []
    assert seal(tmp_path).digest == plain_digest


def test_the_table_in_the_docs_is_this_one(golden: bool) -> None:
    table = ["| What the service does | Once | For ever: a row that says |", "| --- | --- | --- |"]
    for row in ROWS:
        waits = "waits as requested, " if row.fault in TOLD else ""
        once = row.once or f'{waits}asks again: "{row.reason}"'
        table.append(f'| {row.words} | {once} | "... {row.lasting} ..." |')
    text = DOCS.read_text()
    head, tail = text.split(BEGIN)[0], text.split(END)[1]
    expected = "\n".join([head + BEGIN, *table, END + tail])
    if golden:
        DOCS.write_text(expected)
    assert DOCS.read_text() == expected
