"""Pace, retries and budgets, on a simulated clock."""

import datetime as dt
import random
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cycledata.errors import BudgetSpentError, GaveUpError, RefusedError
from cycledata.sources.estimate import FetchPlan, estimate, plan_research14k, plan_review5k
from cycledata.sources.fetch_options import FetchOptions
from cycledata.sources.http import HttpReply, asked_wait
from cycledata.sources.schedule import (
    ARXIV_BURST,
    PACES,
    Budget,
    Pace,
    Scheduler,
    SimulatedClock,
    TransientError,
    paces,
)
from cycledata.sources.venues import LISTINGS, find_listings

DOCS = Path(__file__).parents[3] / "docs" / "guides" / "fetch.md"
BEGIN, END = "<!-- paces: begin -->", "<!-- paces: end -->"
LANES = {"a": Pace(interval_s=3.0, latency_s=1.0, max_tries=4), "b": Pace(interval_s=0.5)}


def scheduler(budget: Budget | None = None) -> Scheduler:
    return Scheduler(clock=SimulatedClock(), paces=LANES, budget=budget, dice=random.Random(1))


def failing(times: int, wait_s: float | None = None) -> Callable[[], str]:
    left = [times]

    def attempt() -> str:
        if left[0]:
            left[0] -= 1
            raise TransientError("status 503", wait_s)
        return "answer"

    return attempt


@given(st.lists(st.tuples(st.sampled_from("ab"), st.floats(0, 10)), max_size=40))
def test_the_interval_passes_between_the_end_of_one_request_and_the_start_of_the_next(
    requests: list[tuple[str, float]],
) -> None:
    one = scheduler()
    # The run before may have ended just now.
    ended = {"a": 0.0, "b": 0.0}
    for lane, took in requests:

        def attempt(lane: str = lane, took: float = took) -> None:
            # One unit in the last place of the sum, no more.
            assert one.clock.now() - ended[lane] >= LANES[lane].interval_s - 1e-9
            one.clock.sleep(took)
            ended[lane] = one.clock.now()

        one.ask(lane, attempt, what="x")


def test_a_wait_doubles_with_jitter_until_the_last_try() -> None:
    one = scheduler()
    assert one.ask("a", failing(3), what="x") == "answer"
    # After the first 3 s: 2, 4 and 8 s, each times 0.5 to 1.5, and never less than the interval.
    assert 3 + 3 + 3 + 4 <= one.clock.now() <= 3 + 1.5 * (2 + 4 + 8)
    assert one.requests == {"a": 4}
    assert one.retries == {"status 503": 3}
    with pytest.raises(GaveUpError, match="x: status 503, after 4 tries; run again later"):
        one.ask("a", failing(4), what="x")


def test_the_servers_word_is_obeyed_to_the_second() -> None:
    one = scheduler()
    one.ask("a", failing(2, wait_s=100.0), what="x")
    assert 203.0 <= one.clock.now() <= 205.0


def test_a_wait_of_hours_gives_the_service_up() -> None:
    with pytest.raises(RefusedError, match="the server asks to wait 7201 s; run again after that"):
        scheduler().ask("a", failing(1, wait_s=7201.0), what="x")


def test_a_budget_of_requests_counts_retries_too() -> None:
    one = scheduler(Budget(max_requests=3))
    one.ask("a", failing(2), what="x")
    with pytest.raises(BudgetSpentError, match="y: the budget of 3 requests is spent"):
        one.ask("b", failing(0), what="y")


def test_a_budget_of_time_is_not_slept_away() -> None:
    one = scheduler(Budget(max_seconds=10))
    with pytest.raises(BudgetSpentError, match="would start beyond the budget of 10 seconds"):
        one.ask("a", failing(1, wait_s=60.0), what="x")
    assert one.clock.now() < 10


def test_an_error_that_is_not_passing_comes_through_and_still_counts_for_the_pace() -> None:
    one = scheduler()

    def refuse() -> None:
        raise RefusedError("no")

    with pytest.raises(RefusedError, match="no"):
        one.ask("a", refuse, what="x")
    one.ask("a", failing(0), what="x")
    assert one.clock.now() == 6.0


def simulate(plan: dict[str, int], limits: Mapping[str, Pace]) -> dict[str, float]:
    """Seconds a plan takes when every request is really scheduled and takes its latency."""
    seconds = {}
    for lane, n in plan.items():
        clock = SimulatedClock()
        one = Scheduler(clock=clock, paces=limits)
        for _ in range(n):
            one.ask(lane, partial(clock.sleep, limits[lane].latency_s), what=lane)
        seconds[lane] = clock.now()
    return seconds


@pytest.mark.parametrize(
    "plan",
    [
        pytest.param(plan_research14k(LISTINGS, FetchOptions()), id="research-14k, seven venues"),
        pytest.param(
            plan_review5k(["ICLR.cc/2024/Conference"], FetchOptions(history=True, pdfs=True)),
            id="review-5k with history and PDFs",
        ),
    ],
)
@pytest.mark.parametrize("burst", [False, True], ids=["1-second", "burst"])
def test_an_estimate_is_what_the_simulated_clock_says(plan: FetchPlan, burst: bool) -> None:
    limits = paces(arxiv_burst=burst)
    estimated = {row.lane: (row.hours or 0) * 3600 for row in estimate(plan, limits)}
    assert estimated == pytest.approx(simulate(dict(plan.requests), limits), rel=1e-6)


def test_a_burst_starts_four_requests_per_second_at_most_and_then_pauses() -> None:
    clock = SimulatedClock()
    one = Scheduler(clock=clock, paces=paces(arxiv_burst=True))
    starts = []
    for _ in range(12):
        one.ask("arxiv-export", lambda: starts.append(clock.now()), what="e-print")
    assert starts[:5] == [1.0, 1.25, 1.5, 1.75, 2.75]
    assert max(sum(t <= s < t + 1 for s in starts) for t in starts) == 4


def test_every_limit_names_its_source() -> None:
    assert {lane for lane, pace in PACES.items() if not pace.source} == set()
    assert "bursts at 4 requests per second" in ARXIV_BURST.source


def test_a_venue_of_unknown_size_is_unknown_and_not_zero() -> None:
    plan = plan_review5k(["ICLR.cc/2024/Conference", "KDD.org/2031/Conference"], FetchOptions())
    assert {row.lane: row.requests for row in estimate(plan)} == {
        "arxiv": None,
        "arxiv-export": None,
        "openreview": None,
    }
    limited = plan_review5k(["KDD.org/2031/Conference"], FetchOptions(limit=10))
    assert (limited.unknown, limited.requests["arxiv-export"]) == ({}, 10)


def test_listings_are_found_by_name_conference_and_venue_id() -> None:
    assert [one.name for one in find_listings(("iccv", "acl/2023", "ICLR.cc/2024/Conference"))] == [
        "iccv/2023",
        "acl/2023",
        "iclr/2024",
    ]
    assert len({one.name.split("/")[0] for one in find_listings(())}) == 7
    with pytest.raises(ValueError, match="no accepted-paper list 'kdd'; there are iclr/2022"):
        find_listings(("kdd",))


def test_the_table_of_limits_in_the_docs_is_the_one_that_is_used(golden: bool) -> None:
    table = ["| Lane | Seconds between requests | Source |", "| --- | --- | --- |"]
    for lane, pace in PACES.items():
        table.append(f"| `{lane}` | {pace.interval_s:g} | {pace.source} |")
    burst = f"{ARXIV_BURST.interval_s:g} after every {ARXIV_BURST.burst}"
    table.append(f"| `arxiv-export` with `--arxiv-burst` | {burst} | {ARXIV_BURST.source} |")
    text = DOCS.read_text()
    head, tail = text.split(BEGIN)[0], text.split(END)[1]
    expected = "\n".join([head + BEGIN, *table, END + tail])
    if golden:
        DOCS.write_text(expected)
    assert DOCS.read_text() == expected


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("120", 120),
        ("1.5", 1.5),
        ("99999999999", 99999999999),
        ("60, 120", 120),
        ("Thu, 01 Jan 2026 00:05:00 GMT", 300),
        ("Wed, 31 Dec 2025 00:00:00 GMT", 0),
        ("-5", None),
        ("1e3", None),
        ("nan", None),
        ("tomorrow", None),
    ],
)
def test_whatever_a_header_says_about_waiting_is_read(said: str, seconds: float | None) -> None:
    reply = HttpReply(429, "http://localhost/", {"retry-after": said}, b"")
    assert asked_wait(reply, dt.datetime(2026, 1, 1, tzinfo=dt.UTC)) == seconds
