"""Plan a dataset before its texts are fetched: what may be published, and what that takes."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from cycledata.consent.evidence import read_license
from cycledata.consent.policy import Policy
from cycledata.errors import ParseError
from cycledata.matching.deadlines import ChosenVersion, deadline_of
from cycledata.matching.find import ArxivMatch, candidate_ids, find_arxiv_match
from cycledata.matching.papers import PaperToMatch, listed_papers, submissions
from cycledata.matching.publishable import text_verdict, withheld_reviews
from cycledata.matching.version import latest_version, reviewed_version
from cycledata.snapshot import keys
from cycledata.snapshot.reply import Replies

PaperState = Literal[
    "ready",
    "to-fetch",
    "license-unknown",
    "withheld",
    "reviews-withheld",
    "withdrawn",
    "no-match",
    "not-looked-up",
    "no-title",
    "left-out",
]
STATES: Final[Mapping[PaperState, str]] = {
    "ready": "may be published, text in the snapshot",
    "to-fetch": "may be published, e-print to fetch",
    "license-unknown": "license of the version to ask for",
    "withheld": "license does not permit publication",
    "reviews-withheld": "reviews are withheld",
    "withdrawn": "withdrawn on arXiv",
    "no-match": "no arXiv paper matches",
    "not-looked-up": "not looked up on arXiv yet",
    "no-title": "no title, so it cannot be looked up",
    "left-out": "left out by a rule before texts are used",
}
"""What is known about a paper, in the words of the report."""
PUBLISHABLE: Final = frozenset({"ready", "to-fetch"})
OPEN: Final = frozenset({"license-unknown", "not-looked-up"})
"""States in which it is not known yet whether a paper may be published."""
MEAN_EPRINT_BYTES = 2_000_000
"""Size of an e-print whose size is unknown; an assumption."""
LEGACY, EXPORT = "arxiv", "arxiv-export"


@dataclass(frozen=True, slots=True)
class PlannedPaper:
    """What is known about one paper."""

    paper_id: str
    venue: str
    """Venue id, or name of the list."""
    year: int | None
    state: PaperState
    rule: str
    """Rule that decided, e.g. `"licence-no-redistribution"`."""
    license: str
    """Name of the license of its arXiv text; `"unknown"` or `"none stated"` without one."""
    requests: Mapping[str, int] = field(default_factory=dict)
    """Requests that its text needs, by lane."""
    n_bytes: int = 0
    """Size of the e-print to fetch; 0 if there is none."""

    def is_fetched(self, *, only_publishable: bool) -> bool:
        """Return True if a fetch asks for the text."""
        return not only_publishable or self.state in PUBLISHABLE | OPEN

    def requests_for(self, *, only_publishable: bool) -> Mapping[str, int]:
        """Return the requests that a fetch of the text sends, by lane."""
        return self.requests if self.is_fetched(only_publishable=only_publishable) else {}


@dataclass(frozen=True, slots=True)
class DatasetPlan:
    """What is known about all papers of a dataset."""

    dataset: str
    policy: str
    """Name of the policy."""
    papers: tuple[PlannedPaper, ...]

    def count(self, by: Callable[[PlannedPaper], str]) -> dict[str, Counter[str]]:
        """Return the states of the papers by group, the largest group first."""
        groups: dict[str, Counter[str]] = {}
        for paper in self.papers:
            groups.setdefault(by(paper), Counter())[paper.state] += 1
        return dict(sorted(groups.items(), key=lambda item: (-item[1].total(), item[0])))

    def requests(self, *, only_publishable: bool) -> Counter[str]:
        """Return the requests for texts by lane; for papers not looked up, the maximum.

        Args:
            only_publishable: leave out papers that may not be published.
        """
        total: Counter[str] = Counter()
        for paper in self.papers:
            total.update(paper.requests_for(only_publishable=only_publishable))
        return +total

    def n_bytes(self, *, only_publishable: bool) -> int:
        """Return the bytes of the e-prints to fetch."""
        fetched = (p for p in self.papers if p.is_fetched(only_publishable=only_publishable))
        return sum(paper.n_bytes for paper in fetched)


def plan_dataset(
    snapshot: Replies,
    dataset: str,
    policy: Policy,
    *,
    venues: Collection[str] = (),
    tombstones: Collection[str] = (),
    on_progress: Callable[[int, int], None] | None = None,
) -> DatasetPlan:
    """Return what is known about every paper of a snapshot.

    Args:
        snapshot: open or sealed.
        dataset: `"review-5k"` or `"research-14k"`.
        policy: what may be published.
        venues: venue ids or names of lists; empty for all.
        tombstones: papers that were taken down, which are left out.
        on_progress: called with papers done and in total.
    """
    reviewed = dataset == "review-5k"
    papers = submissions(snapshot) if reviewed else listed_papers(snapshot)
    chosen = {
        name: paper
        for name, paper in papers.items()
        if name not in tombstones and (not venues or paper.venue in venues)
    }
    planned: list[PlannedPaper] = []
    for n_done, (name, paper) in enumerate(sorted(chosen.items()), start=1):
        planned.append(_plan_paper(snapshot, name, paper, policy, reviewed=reviewed))
        if on_progress:
            on_progress(n_done, len(chosen))
    return DatasetPlan(dataset, policy.name, tuple(planned))


def _plan_paper(
    snapshot: Replies, name: str, paper: PaperToMatch, policy: Policy, *, reviewed: bool
) -> PlannedPaper:
    def planned(
        state: PaperState,
        rule: str,
        license_: str = "unknown",
        requests: Mapping[str, int] | None = None,
        n_bytes: int = 0,
    ) -> PlannedPaper:
        return PlannedPaper(
            name, paper.venue, paper.year, state, rule, license_, requests or {}, n_bytes
        )

    try:
        match = find_arxiv_match(snapshot, name, paper.title, paper.authors, year=paper.year)
    except ParseError as error:
        return planned("left-out", error.rule)
    if match is None:
        if paper.title is None:
            return planned("no-title", "no-title")
        looked_up = candidate_ids(snapshot, name) is not None
        if looked_up or snapshot.get(*keys.arxiv_match(name)) is not None:
            return planned("no-match", "no-arxiv-paper", "no arXiv paper")
        most = {LEGACY: 2, EXPORT: 1}
        return planned("not-looked-up", "not-looked-up", "unknown", most, MEAN_EPRINT_BYTES)
    if reviewed:
        version = reviewed_version(match, deadline_of(paper.venue, paper.submitted))
    else:
        version = latest_version(match)
    verdict = text_verdict(snapshot, name, paper.venue, match, version, policy)
    requests, n_bytes = _text_requests(snapshot, match, version)
    license_ = _license_name(verdict.license)
    reviews = withheld_reviews(snapshot, name, paper.venue, policy) if reviewed else None
    if verdict.state == "withdrawn":
        return planned("withdrawn", "arxiv-withdrawn", license_)
    if reviews is not None:
        return planned(reviews[0], reviews[1], license_, requests, n_bytes)
    if verdict.state == "publishable":
        ready = _has_text(snapshot, match)
        return planned("ready" if ready else "to-fetch", verdict.rule, license_, requests, n_bytes)
    state: PaperState = "license-unknown" if verdict.state == "license-unknown" else "withheld"
    return planned(state, verdict.rule, license_, requests, n_bytes)


def _text_requests(
    snapshot: Replies, match: ArxivMatch, version: ChosenVersion
) -> tuple[dict[str, int], int]:
    """Return the requests that the text of a matched paper still needs, and the e-print's size."""
    arxiv_id = match.paper.arxiv_id

    def lacks(key: tuple[str, str]) -> bool:
        return snapshot.get(*key) is None

    needs: Counter[str] = Counter()
    needs[LEGACY] += match.metadata is None and lacks(keys.arxiv_record(arxiv_id))
    needs[LEGACY] += version.rule == "unknown-versions" and lacks(keys.arxiv_versions(arxiv_id))
    number = version.number
    last = match.versions[-1].number if match.versions else match.paper.version
    if number is not None and number != last:
        needs[EXPORT] += lacks(keys.arxiv_page(arxiv_id, number))
    to_fetch = number is None or lacks(keys.eprint(arxiv_id, number))
    needs[EXPORT] += to_fetch
    sizes = {v.number: v.size_bytes for v in match.versions}
    size = sizes.get(number or 0) or MEAN_EPRINT_BYTES
    return dict(+needs), size if to_fetch else 0


def _has_text(snapshot: Replies, match: ArxivMatch) -> bool:
    prefix = f"{keys.EPRINTS}{match.paper.arxiv_id}v"
    return next(iter(snapshot.keys(keys.ARXIV, prefix)), None) is not None


def _license_name(words: str | None) -> str:
    if words is None:
        return "none stated"
    known = read_license(words)
    return known.name if known else "not recognized"
