"""Estimate the requests and hours of a fetch under the limits of the services."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cycledata.matching.papers import year_of
from cycledata.sources.fetch_options import PAGE_RECORDS, FetchOptions
from cycledata.sources.openreview import FORM_KINDS, PAGE_SIZE, invitations
from cycledata.sources.schedule import PACES, Pace, Scheduler, SimulatedClock, SystemClock
from cycledata.sources.semantic_scholar import BATCH, LISTED_BATCH
from cycledata.sources.venues import SUBMISSIONS, Listing

REVIEWS_PER_PAPER = 3.85
"""13,670 reviews of 3,549 ICLR 2024 papers."""
RECORDS_PER_MONTH = 26_000
"""Records of arXiv whose last change falls in one month; an assumption for recent years."""
LEGACY, EXPORT = "arxiv", "arxiv-export"
DISTINCT_CITED_PER_PAPER = 12
"""Distinct cited works per paper; an assumption."""


@dataclass(frozen=True, slots=True)
class FetchPlan:
    """Requests of a fetch, as far as they are known before it."""

    requests: Counter[str]
    """Requests by lane, for the venues of known size."""
    unknown: Mapping[str, str] = field(default_factory=dict)
    """Lane to the reason why further requests of it cannot be estimated."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Estimate for one lane."""

    lane: str
    requests: int | None
    """None if unknown."""
    hours: float | None
    """Sum of interval and latency of every request, without failures; None if unknown."""


@dataclass(frozen=True, slots=True)
class KnownPapers:
    """What a snapshot has already, by venue id or name of the list."""

    n_papers: Mapping[str, int] = field(default_factory=dict)
    """Papers in the snapshot."""
    requests: Mapping[str, Counter[str]] = field(default_factory=dict)
    """Requests that the texts of these papers still need, by lane."""
    n_counted: Mapping[str, int] = field(default_factory=dict)
    """Submissions that the service counted when its list was fetched."""
    n_forms: Mapping[str, int] = field(default_factory=dict)
    """Review forms in the snapshot."""
    has_metadata: bool = False
    """Papers of the snapshot were compared with arXiv's metadata."""


_NOTHING = KnownPapers()


def plan_review5k(
    venues: Sequence[str], options: FetchOptions, known: KnownPapers = _NOTHING
) -> FetchPlan:
    """Return the maximum of requests per lane: all papers are searched, found, with e-print.

    Args:
        venues: venue ids.
        options: what to fetch.
        known: papers of the snapshot, for which less than the maximum is known.
    """
    plan: Counter[str] = Counter()
    unknown: dict[str, str] = {}
    for venue in venues:
        size = known.n_counted.get(venue) or SUBMISSIONS.get(venue)
        if size is None and options.limit is None:
            lanes = ["openreview", *([] if options.only == "lists" else [LEGACY, EXPORT])]
            lanes += ["openreview-pdf"] if options.pdfs else []
            unknown |= dict.fromkeys(lanes, f"the number of submissions of {venue} is unknown")
            continue
        papers = _at_most(size or options.limit or 0, options.limit)
        n_listed = known.n_papers.get(venue, 0)
        if n_listed < papers:
            # Every invitation's list ends with an empty page.
            plan["openreview"] += -(-papers // PAGE_SIZE) + len(invitations(venue))
        plan["openreview"] += max(0, len(FORM_KINDS) - known.n_forms.get(venue, 0))
        plan.update(_texts(venue, papers, options, known, reviewed=True))
        if options.history:
            plan["openreview"] += round(REVIEWS_PER_PAPER * papers)
        if options.pdfs:
            plan["openreview-pdf"] += papers
    plan.update(_harvest(venues, options))
    return FetchPlan(+plan, unknown)


def plan_research14k(
    listings: Sequence[Listing], options: FetchOptions, known: KnownPapers = _NOTHING
) -> FetchPlan:
    """Return requests per lane if all papers are searched, found, and known by their e-print.

    Args:
        listings: lists of accepted papers.
        options: what to fetch.
        known: papers of the snapshot, for which less than the maximum is known.
    """
    plan: Counter[str] = Counter()
    n_papers = 0
    for listing in listings:
        n_listed = known.n_papers.get(listing.name, 0)
        if not n_listed and listing.site == "openreview":
            plan["openreview"] += -(-listing.n_papers // PAGE_SIZE)
        elif not n_listed:
            plan["proceedings"] += 1
        papers = _at_most(n_listed or listing.n_papers, options.limit)
        plan.update(_texts(listing.name, papers, options, known, reviewed=False))
        n_papers += papers
    plan.update(_harvest([listing.name for listing in listings], options))
    if options.only != "lists":
        plan["semantic_scholar"] += -(-n_papers // LISTED_BATCH)
        plan["semantic_scholar"] += -(-DISTINCT_CITED_PER_PAPER * n_papers // BATCH)
    return FetchPlan(+plan)


def _texts(
    venue: str, n_papers: int, options: FetchOptions, known: KnownPapers, *, reviewed: bool
) -> Counter[str]:
    """Return the requests for the texts of a venue: those of the snapshot, and the others."""
    if options.only == "lists":
        return Counter()
    plan = Counter(known.requests.get(venue, {}))
    n_others = max(0, n_papers - known.n_papers.get(venue, 0))
    plan[EXPORT] += n_others
    if not (known.has_metadata or options.harvest):
        plan[LEGACY] += 2 * n_others
    elif reviewed or options.not_after:
        plan[EXPORT] += n_others  # the license of a version that is not the latest
    return plan


def _harvest(venues: Sequence[str], options: FetchOptions) -> Counter[str]:
    """Return the requests of a harvest of arXiv's metadata."""
    if not options.harvest:
        return Counter()
    first = options.first_month([year for venue in venues if (year := year_of(venue))])
    today = SystemClock().utc().date()
    n_months = (today.year - first.year) * 12 + today.month - first.month + 1
    return Counter({LEGACY: n_months * -(-RECORDS_PER_MONTH // PAGE_RECORDS)})


def estimate(plan: FetchPlan, paces: Mapping[str, Pace] = PACES) -> list[Estimate]:
    """Return the hours per lane; lanes run one after the other, so hours add up."""
    seconds = Scheduler(clock=SimulatedClock(), paces=paces).seconds(plan.requests)
    known = [
        Estimate(lane, n, seconds[lane] / 3600)
        for lane, n in plan.requests.items()
        if lane not in plan.unknown
    ]
    rows = [*known, *(Estimate(lane, None, None) for lane in plan.unknown)]
    return sorted(rows, key=lambda row: row.lane)


def _at_most(n: int, limit: int | None) -> int:
    return n if limit is None else min(n, limit)
