"""Estimate the requests and hours of a fetch under the limits of the services."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cycledata.sources.fetch import FetchOptions
from cycledata.sources.openreview import FORM_KINDS, PAGE_SIZE, invitations
from cycledata.sources.schedule import PACES, Pace, Scheduler, SimulatedClock
from cycledata.sources.semantic_scholar import BATCH, LISTED_BATCH
from cycledata.sources.venues import SUBMISSIONS, Listing

REVIEWS_PER_PAPER = 3.85
"""13,670 reviews of 3,549 ICLR 2024 papers."""
DISTINCT_CITED_PER_PAPER = 12
"""Distinct cited works per paper; an assumption."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Estimate for one lane."""

    lane: str
    requests: int
    hours: float
    """Sum of interval and latency of every request, without failures."""


def plan_review5k(venues: Sequence[str], options: FetchOptions) -> Counter[str]:
    """Return the maximum of requests per lane: all papers are searched, found, with e-print."""
    plan: Counter[str] = Counter()
    for venue in venues:
        papers = _at_most(SUBMISSIONS.get(venue, 0), options.limit)
        # Every invitation's list ends with an empty page.
        plan["openreview"] += -(-papers // PAGE_SIZE) + len(invitations(venue)) + len(FORM_KINDS)
        plan["arxiv"] += 3 * papers
        if options.history:
            plan["openreview"] += round(REVIEWS_PER_PAPER * papers)
        if options.pdfs:
            plan["openreview-pdf"] += papers
    return +plan


def plan_research14k(listings: Sequence[Listing], options: FetchOptions) -> Counter[str]:
    """Return requests per lane if all papers are searched, found, and known by their e-print."""
    plan: Counter[str] = Counter()
    n_papers = 0
    for listing in listings:
        if listing.site == "openreview":
            plan["openreview"] += -(-listing.n_papers // PAGE_SIZE)
        else:
            plan["proceedings"] += 1
        n_papers += _at_most(listing.n_papers, options.limit)
    plan["arxiv"] += 3 * n_papers
    plan["semantic_scholar"] += -(-n_papers // LISTED_BATCH)
    plan["semantic_scholar"] += -(-DISTINCT_CITED_PER_PAPER * n_papers // BATCH)
    return +plan


def estimate(plan: Mapping[str, int], paces: Mapping[str, Pace] = PACES) -> list[Estimate]:
    """Return the hours per lane; lanes run one after the other, so hours add up."""
    seconds = Scheduler(clock=SimulatedClock(), paces=paces).seconds(plan)
    return [Estimate(lane, plan[lane], seconds[lane] / 3600) for lane in sorted(plan)]


def _at_most(n: int, limit: int | None) -> int:
    return n if limit is None else min(n, limit)
