"""One scheduler for every service: pace, retries, budgets, and a clock that tests may replace.

A request starts only when the service's interval has passed since the *end* of the last one (or
since the start of the run), so that the server, wherever its clock, sees at least the interval
between two arrivals, also when a run is killed and started again at once. Whatever the
server says about waiting (``Retry-After``, ``resetTime``) is obeyed; without its word the wait
doubles with jitter.
"""

import datetime as dt
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from cycledata.errors import BudgetSpentError, GaveUpError, RefusedError

T = TypeVar("T")

MAX_WAIT_S = 2 * 3600.0
"""Longest wait in seconds that a server may ask for; beyond it the service is skipped."""
_MAX_BACKOFF_S = 120.0


@dataclass(frozen=True, slots=True)
class Pace:
    """Limits for the requests to one service."""

    interval_s: float
    """Seconds between the end of one request and the start of the next."""
    latency_s: float = 1.0
    """Assumed seconds per request; used by estimates only."""
    deadline_s: float = 120.0
    """Seconds after which a request is cut off, even while bytes arrive."""
    max_bytes: int = 512 << 20
    """Size beyond which a body is cut off."""
    max_tries: int = 6
    """Attempts at one request, including the first."""
    burst: int = 1
    """Requests after which the interval must pass."""
    burst_gap_s: float = 0.0
    """Seconds between the starts of two requests of one burst."""
    source: str = ""
    """Where the limit is documented, or why it was chosen."""

    def seconds(self, n_requests: int) -> float:
        """Return the seconds that requests take without failures.

        >>> Pace(interval_s=1.0, latency_s=0.5, burst=4).seconds(8)
        6.0
        """
        each_s = max(self.latency_s, self.burst_gap_s if self.burst > 1 else 0.0)
        return n_requests * each_s + -(-n_requests // self.burst) * self.interval_s


PACES: Mapping[str, Pace] = {
    "openreview": Pace(
        interval_s=1.0, latency_s=4.0, deadline_s=300.0, source="our choice; no published limit"
    ),
    "openreview-pdf": Pace(
        interval_s=105.0, latency_s=2.0, source="36 requests per hour, according to its 429"
    ),
    "arxiv": Pace(
        interval_s=3.0, latency_s=0.7,
        source="https://info.arxiv.org/help/api/tou.html: 1 request every 3 seconds, 1 connection",
    ),
    "arxiv-export": Pace(
        interval_s=1.0, latency_s=0.7,
        source="our choice, below the bursts of https://info.arxiv.org/help/bulk_data.html",
    ),
    "semantic_scholar": Pace(
        interval_s=1.0, latency_s=3.0, source="1 request per second with a key"
    ),
    "proceedings": Pace(interval_s=3.0, latency_s=3.0, source="our choice; a few pages"),
}  # fmt: skip
"""Limits by lane: a service, or a part of one with a limit of its own. `arxiv` is the search and
OAI-PMH; `arxiv-export` is e-prints and abstract pages on export.arxiv.org."""
ARXIV_BURST = replace(
    PACES["arxiv-export"],
    burst=4,
    burst_gap_s=0.25,
    source='https://info.arxiv.org/help/bulk_data.html: "bursts at 4 requests per second with a'
    ' 1 second sleep, per burst"',
)
"""Pace of `arxiv-export` with `--arxiv-burst`."""


def paces(*, arxiv_burst: bool = False) -> Mapping[str, Pace]:
    """Return the limits by lane, with arXiv's documented burst rate if asked for."""
    return {**PACES, "arxiv-export": ARXIV_BURST} if arxiv_burst else PACES


class Clock(Protocol):
    """Source of time, which tests can replace."""

    def now(self) -> float:
        """Return seconds that never decrease."""

    def sleep(self, seconds: float) -> None:
        """Wait."""

    def utc(self) -> dt.datetime:
        """Return the date."""


class SystemClock:
    """Time of this machine."""

    def now(self) -> float:
        """Return seconds since an arbitrary moment."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait; Ctrl-C ends the wait at once."""
        time.sleep(seconds)

    def utc(self) -> dt.datetime:
        """Return the current time in UTC."""
        return dt.datetime.now(dt.UTC)


class SimulatedClock:
    """Clock that advances only in `sleep`, for tests and estimates."""

    def __init__(self) -> None:
        self._now = 0.0

    def now(self) -> float:
        """Return the seconds slept so far."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Advance the clock."""
        self._now += seconds

    def utc(self) -> dt.datetime:
        """Return a fixed day plus the seconds slept."""
        return dt.datetime(2026, 1, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=self._now)


class TransientError(Exception):
    """An attempt that failed for a reason that may be temporary.

    Args:
        reason: what happened, in a few words.
        wait_s: seconds the server asked us to wait; None if it said nothing.
    """

    def __init__(self, reason: str, wait_s: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.wait_s = wait_s


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits of one run; None for no limit."""

    max_requests: int | None = None
    """Requests over all services, retries included."""
    max_seconds: float | None = None
    """Seconds from the first request, waits included."""


class Scheduler:
    """Paces, retries and counts every request of one run.

    Args:
        clock: where time comes from.
        paces: pace by lane; a lane is a service, or a part of one with a limit of its own.
        budget: what the run may use up.
        dice: jitter of the waits.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        paces: Mapping[str, Pace] = PACES,
        budget: Budget | None = None,
        dice: random.Random | None = None,
    ) -> None:
        self.clock = clock
        self.paces = paces
        self.requests: Counter[str] = Counter()
        """Requests sent so far by lane, retries included."""
        self.retries: Counter[str] = Counter()
        """Retries by reason."""
        self._budget = budget or Budget()
        self._dice = dice or random.Random()  # noqa: S311  jitter guards no secret
        self._free_at: dict[str, float] = {}
        self._in_burst: Counter[str] = Counter()
        self._started: float | None = None

    def ask(self, lane: str, attempt: Callable[[], T], *, what: str) -> T:
        """Run one request at the pace of its lane; repeat it after temporary failures.

        Args:
            lane: whose pace and tries hold.
            attempt: sends the request; raises ``TransientError`` where another try may succeed.
            what: the request, for messages; without credentials.

        Raises:
            GaveUpError: the last try failed too.
            RefusedError: the server asks for a wait beyond ``MAX_WAIT_S``.
            BudgetSpentError: nothing left to spend; nothing was sent.
        """
        pace = self.paces[lane]
        for number in range(1, pace.max_tries + 1):
            self._wait_for(lane, what)
            self.requests[lane] += 1
            started = self.clock.now()
            try:
                return attempt()
            except TransientError as error:
                if number == pace.max_tries:
                    raise GaveUpError(
                        f"{what}: {error.reason}, after {number} tries; run again later"
                    ) from error
                self.retries[error.reason] += 1
                wait_s = self._pause(number, error, what)
            finally:
                self._free_at[lane] = self._next_start(lane, started)
            self._free_at[lane] = max(self._free_at[lane], self.clock.now() + wait_s)
        raise AssertionError("unreachable: the last try returns or raises")

    def seconds(self, requests: Mapping[str, int]) -> dict[str, float]:
        """Return the seconds that requests take without failures, by lane."""
        return {lane: self.paces[lane].seconds(n) for lane, n in requests.items()}

    def _next_start(self, lane: str, started: float) -> float:
        """Return when the next request of a lane may start, after one that has just ended."""
        pace = self.paces[lane]
        self._in_burst[lane] += 1
        if self._in_burst[lane] < pace.burst:
            return started + pace.burst_gap_s
        self._in_burst[lane] = 0
        return self.clock.now() + pace.interval_s

    def _pause(self, number: int, error: TransientError, what: str) -> float:
        if error.wait_s is None:
            return min(_MAX_BACKOFF_S, 2.0**number) * self._dice.uniform(0.5, 1.5)
        if error.wait_s > MAX_WAIT_S:
            raise RefusedError(
                f"{what}: {error.reason}, and the server asks to wait {error.wait_s:.0f} s;"
                " run again after that"
            )
        return error.wait_s + self._dice.uniform(0.0, 1.0)

    def _wait_for(self, lane: str, what: str) -> None:
        now = self.clock.now()
        if self._started is None:
            self._started = now
        # A run that was killed a moment ago may have asked already: the first request waits too.
        wait_s = max(0.0, self._free_at.get(lane, now + self.paces[lane].interval_s) - now)
        limit = self._budget
        if limit.max_requests is not None and self.requests.total() >= limit.max_requests:
            raise BudgetSpentError(f"{what}: the budget of {limit.max_requests} requests is spent")
        if limit.max_seconds is not None and now + wait_s - self._started > limit.max_seconds:
            raise BudgetSpentError(
                f"{what}: would start beyond the budget of {limit.max_seconds:.0f} seconds"
            )
        if wait_s > 0:
            self.clock.sleep(wait_s)
