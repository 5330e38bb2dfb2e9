"""The arXiv part of a fetch: match papers, choose versions, fetch licenses and e-prints."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from cycledata.errors import ParseError
from cycledata.matching.deadlines import ChosenVersion, choose_version, deadline_of
from cycledata.matching.find import (
    ArxivMatch,
    candidate_ids,
    find_arxiv_match,
    has_metadata,
    read_metadata,
)
from cycledata.matching.papers import PaperToMatch
from cycledata.matching.publishable import TextState, text_verdict, withheld_reviews
from cycledata.matching.select_rows import WantedPapers, wanted_of
from cycledata.matching.version import reviewed_version
from cycledata.snapshot import keys
from cycledata.snapshot.open import OpenSnapshot
from cycledata.sources.arxiv import Arxiv
from cycledata.sources.fetch_options import FetchOptions
from cycledata.sources.import_metadata import import_arxiv_metadata
from cycledata.sources.oai import MetadataHarvest

LEGACY, EXPORT = "arxiv", "arxiv-export"
_NOT_COMPARED = (
    "not compared with arXiv's metadata; import the file again with"
    " `cycledata import arxiv-metadata`, or fetch with --metadata oai"
)
Wanted = Callable[[OpenSnapshot], WantedPapers]
"""Returns the papers to compare with a harvest, and the works that they cite."""


class Steps(Protocol):
    """How a run asks for items: a failure is a row, and a service that is down is skipped."""

    def each(
        self, step: str, service: str, items: Sequence[str], ask: Callable[[str], None]
    ) -> None:
        """Ask for each item."""

    def miss(self, step: str, items: Sequence[str], reason: str) -> None:
        """Record items that are missing."""


def version_to_use(
    match: ArxivMatch, paper: PaperToMatch, options: FetchOptions, *, reviewed: bool
) -> ChosenVersion:
    """Return the version that a dataset uses.

    Args:
        match: the arXiv paper.
        paper: the submission or listed paper.
        options: its `not_after` replaces the deadline of the venue, and later versions are not
            used then.
        reviewed: use the version that was reviewed, not the latest.
    """
    if options.not_after is not None and match.stated_version is None and match.versions:
        return choose_version(match.versions, options.not_after, only_before=True)
    deadline = deadline_of(paper.venue, paper.submitted) if reviewed else None
    return reviewed_version(match, deadline)


def last_version(match: ArxivMatch) -> int:
    """Return the number of the last version; 0 if unknown."""
    return match.versions[-1].number if match.versions else match.paper.version


@dataclass(slots=True)
class ArxivFetch:
    """Fetches what arXiv has of some papers.

    Args:
        snapshot: receives the replies.
        client: asks arXiv.
        options: what to fetch.
        steps: asks for items one after the other.
        wanted: papers and citations that a harvest is compared with.
    """

    snapshot: OpenSnapshot
    client: Arxiv
    options: FetchOptions
    steps: Steps
    wanted: Wanted = wanted_of

    def harvest(self, years: Sequence[int]) -> None:
        """Harvest arXiv's metadata and compare it with the papers of the snapshot."""
        today = self.client.today()
        since = self.options.first_month(list(years))
        harvest = MetadataHarvest(self.snapshot.path, self.client, today)
        done: set[str] = set()

        def month(name: str) -> None:
            harvest.fetch_month(name)
            done.add(name)

        months = harvest.months(since)
        self.steps.each("arXiv metadata", LEGACY, months, month)
        if done != set(months):
            return  # rows that are not there yet would look like papers that arXiv does not have
        wanted = self.wanted(self.snapshot)
        source = {"source": "oai", "from": f"{since:%Y-%m}", "until": f"{today}"}
        report = import_arxiv_metadata(
            [harvest.folder], self.snapshot, wanted, source=source, retrieved_at=self.client.now()
        )
        problems = [f"{one.file}: {one.place}: {one.reason}" for one in report.replies.unreadable]
        for problem in problems[:10]:
            self.steps.miss("arXiv metadata", [problem], "the record was left out")

    def match(self, papers: Mapping[str, PaperToMatch]) -> dict[str, ArxivMatch]:
        """Return the arXiv paper of each paper that has one; search only without metadata."""
        matched: dict[str, ArxivMatch] = {}

        def find(paper_id: str) -> None:
            paper = papers[paper_id]
            found = find_arxiv_match(
                self.snapshot, paper_id, paper.title, paper.authors, year=paper.year
            )
            if found is not None:
                matched[paper_id] = found

        def search(paper_id: str) -> None:
            paper = papers[paper_id]
            self.client.match(self.snapshot, paper_id, paper.title or "", paper.arxiv_id)
            find(paper_id)

        if not (has_metadata(self.snapshot) or self.options.harvest):
            self.steps.each("arXiv search", LEGACY, sorted(papers), search)
            return matched
        for paper_id in sorted(papers):
            try:
                find(paper_id)
            except ParseError as error:
                self.steps.miss("arXiv match", [paper_id], str(error))
            if paper_id not in matched and self.is_new(paper_id):
                self.steps.miss("arXiv match", [paper_id], _NOT_COMPARED)
        return matched

    def is_new(self, paper_id: str) -> bool:
        """Return True if a paper was neither compared with metadata nor searched for."""
        searched = self.snapshot.has(*keys.arxiv_match(paper_id))
        return not searched and candidate_ids(self.snapshot, paper_id) is None

    def texts(
        self,
        papers: Mapping[str, PaperToMatch],
        matched: Mapping[str, ArxivMatch],
        *,
        reviewed: bool,
    ) -> None:
        """Fetch records, versions, licenses and e-prints of matched papers."""
        versions = {
            name: version_to_use(match, papers[name], self.options, reviewed=reviewed)
            for name, match in matched.items()
        }
        records = [name for name, match in matched.items() if match.metadata is None]

        def record(name: str) -> None:
            self.client.record(self.snapshot, matched[name].paper.arxiv_id)

        self.steps.each("arXiv records", LEGACY, sorted(records), record)
        unknown = [n for n, chosen in versions.items() if chosen.rule == "unknown-versions"]

        def dates(name: str) -> None:
            arxiv_id = matched[name].paper.arxiv_id
            self.client.versions(self.snapshot, arxiv_id)
            metadata = read_metadata(self.snapshot, arxiv_id)
            match = matched[name]
            found = ArxivMatch(
                match.paper, match.rule, match.score, match.source, match.date, metadata
            )
            versions[name] = version_to_use(found, papers[name], self.options, reviewed=reviewed)

        self.steps.each("arXiv versions", LEGACY, sorted(unknown), dates)

        def text(name: str) -> None:
            self._text(name, papers[name], matched[name], versions[name])

        wanted = [n for n in matched if not (reviewed and self._withholds(n, papers[n].venue))]
        self.steps.each("arXiv e-prints", EXPORT, sorted(wanted), text)

    def _withholds(self, name: str, venue: str) -> bool:
        """Return True if only publishable papers are fetched and the reviews of this are not."""
        policy = self.options.policy
        if self.options.only != "publishable" or policy is None:
            return False
        return withheld_reviews(self.snapshot, name, venue, policy) is not None

    def _text(
        self, name: str, paper: PaperToMatch, match: ArxivMatch, version: ChosenVersion
    ) -> None:
        """Fetch the e-print of a version, and its abstract page if it is not the latest."""
        found = match.paper
        number = version.number
        if self.options.not_after is not None and match.metadata is None:
            number = self.client.version_before(self.snapshot, found, self.options.not_after)
        if number is None or found.withdrawn:
            return
        is_latest = number == last_version(match)
        states = {"publishable"} if is_latest else {"publishable", "license-unknown"}
        if self.options.only == "publishable":
            if self._state(name, paper, match, version) not in states:
                return
            if not is_latest:
                self.client.licence_page(self.snapshot, found.arxiv_id, number)
                if self._state(name, paper, match, version) != "publishable":
                    return
        self.client.eprint(self.snapshot, found.arxiv_id, number)
        if not is_latest:
            self.client.licence_page(self.snapshot, found.arxiv_id, number)

    def _state(
        self, name: str, paper: PaperToMatch, match: ArxivMatch, version: ChosenVersion
    ) -> TextState:
        policy = self.options.policy
        if policy is None:
            raise ValueError('only="publishable" needs a policy')
        return text_verdict(self.snapshot, name, paper.venue, match, version, policy).state
