"""Fetch what a dataset needs from the data services into an open snapshot.

Every reply is committed as it arrives, so the next run continues where the last one ended. An item
that fails is a row of the summary, and the run goes on with the next item. After several failures
in sequence, a service is skipped for the rest of the run.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import requests

from cycledata.consent.erase import forget_works, tombstone_names
from cycledata.errors import BudgetSpentError, GaveUpError, ParseError, RefusedError
from cycledata.matching.papers import (
    PaperToMatch,
    entry_to_match,
    json_object,
    json_objects,
    submissions,
    year_of,
)
from cycledata.matching.select_rows import wanted_of
from cycledata.snapshot import keys
from cycledata.snapshot.open import OpenSnapshot
from cycledata.sources.fetch_arxiv import ArxivFetch, Wanted
from cycledata.sources.fetch_options import FetchOptions
from cycledata.sources.http import ODD_REPLY
from cycledata.sources.openreview import FORM_KINDS, OpenReview
from cycledata.sources.semantic_scholar import BATCH, LISTED_BATCH
from cycledata.sources.services import Services
from cycledata.sources.venues import Listing

T = TypeVar("T", str, tuple[str, ...])

_FAILURES_IN_A_ROW = 5
"""Failures after which a service is skipped for the rest of the run."""
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FetchProgress:
    """Progress of one step of a run."""

    step: str
    """For example `"arXiv search"`."""
    done: int
    total: int
    eta_s: float | None
    """Seconds left at the mean rate of this step so far, waits and retries included; None before
    the third item."""


@dataclass(frozen=True, slots=True)
class MissingItem:
    """Item that a run asked for and did not get."""

    step: str
    item: str
    reason: str


@dataclass(slots=True)
class FetchSummary:
    """Result of a run."""

    requests: dict[str, int] = field(default_factory=dict)
    """Requests sent by service, retries included."""
    retries: dict[str, int] = field(default_factory=dict)
    """Retries by reason."""
    seconds: float = 0.0
    """Duration of the run."""
    added: dict[str, int] = field(default_factory=dict)
    """Replies added by service."""
    unmatched: int = 0
    """Papers without an acceptable match on arXiv, which is not a failure."""
    missing: list[MissingItem] = field(default_factory=list)
    """Items that failed after all retries; the next run asks again."""
    stopped: str | None = None
    """Why the run ended early, or None if it did not."""


class FetchRun:
    """One run that fetches into an open snapshot.

    Args:
        snapshot: receives the replies.
        services: clients of the services.
        options: what to fetch.
        on_progress: called after every item.
        wanted: papers and citations that a harvest is compared with.
    """

    def __init__(
        self,
        snapshot: OpenSnapshot,
        services: Services,
        options: FetchOptions,
        on_progress: Callable[[FetchProgress], None] | None = None,
        wanted: Wanted = wanted_of,
    ) -> None:
        self._snapshot = snapshot
        self._arxiv = ArxivFetch(snapshot, services.arxiv, options, self, wanted)
        self._services = services
        self._options = options
        self._on_progress = on_progress
        self._down: dict[str, str] = {}
        self._unmatched: set[str] = set()
        self._taken_down = tombstone_names(snapshot)
        self.summary = FetchSummary()

    def review5k(self, venues: Sequence[str]) -> FetchSummary:
        """Fetch a venue's forums, and the e-prints and licenses of its papers."""
        return self._watched(lambda: self._review5k(venues))

    def research14k(self, listings: Sequence[Listing]) -> FetchSummary:
        """Fetch accepted papers, their e-prints and licenses, and the works they cite."""
        return self._watched(lambda: self._research14k(listings))

    def _watched(self, work: Callable[[], None]) -> FetchSummary:
        clock, before = self._services.scheduler.clock, self._snapshot.counts()
        started = clock.now()
        try:
            work()
        except BudgetSpentError as error:
            self.summary.stopped = str(error)
        except KeyboardInterrupt:
            self.summary.stopped = "stopped by hand; run again to go on"
        # Lists have many papers; those that were taken down are not kept.
        forget_works(self._snapshot, self._taken_down)
        after = self._snapshot.counts()
        self.summary.added = {
            name: n - before.get(name, 0) for name, n in after.items() if n > before.get(name, 0)
        }
        self.summary.requests = dict(self._services.scheduler.requests)
        self.summary.retries = dict(self._services.scheduler.retries)
        self.summary.seconds = clock.now() - started
        return self.summary

    def _review5k(self, venues: Sequence[str]) -> None:
        clients = {venue: self._services.openreview(venue) for venue in venues}
        papers: dict[str, dict[str, PaperToMatch]] = {}
        for venue, client in clients.items():
            self.each("OpenReview list", "openreview", [venue], partial(self._list, client))
            # If the list broke off, the forums of its first pages are still fetched.
            papers[venue] = self._forums_of(venue)
            self._forms(client, venue, list(papers[venue]))
        self._harvest(venues)
        if self._options.only == "lists":
            return
        for venue, client in clients.items():
            forums = papers[venue]
            self._papers(forums, reviewed=True)
            if self._options.history:
                notes = [name for forum in forums for name in self._review_ids(forum)]
                wanted = self._unanswered("openreview", "edits/", notes)
                ask = partial(client.history, self._snapshot)
                self.each("edit history", "openreview", wanted, ask)
            if self._options.pdfs:
                wanted = self._unanswered("openreview", "pdf/", sorted(self._unmatched))
                ask = partial(client.pdf, self._snapshot)
                self.each("PDFs", "openreview-pdf", wanted, ask)

    def _forms(self, client: OpenReview, venue: str, forums: Sequence[str]) -> None:
        """Fetch the invitations that state the forms of a venue, of all papers or of one."""
        ask = partial(client.invitation, self._snapshot)
        if not forums:
            return
        for place in (venue, self._place_of_a_review(forums)):
            names = [f"{place}/-/{kind}" for kind in FORM_KINDS] if place else []
            wanted = self._unanswered("openreview", "invitation/", names)
            self.each("review forms", "openreview", wanted, ask)
            if any(self._states_form(name) for name in names):
                return

    def _states_form(self, invitation: str) -> bool:
        reply = self._snapshot.get(*keys.invitation(invitation))
        return reply is not None and reply.status == 200 and "Review" in invitation

    def _place_of_a_review(self, forums: Sequence[str]) -> str | None:
        """Return the group of one paper's reviews, e.g. ``VENUE/Submission7``; None if unknown."""
        for forum in forums:
            for note in self._notes_and_replies(forum):
                listed = note.get("invitations")
                name = listed[0] if isinstance(listed, list) and listed else note.get("invitation")
                if isinstance(name, str) and name.endswith("/-/Official_Review"):
                    return name.removesuffix("/-/Official_Review")
        return None

    def _list(self, client: OpenReview, venue: str) -> None:
        try:
            client.list_submissions(self._snapshot, venue, limit=self._options.limit)
        finally:
            for problem in client.odd_notes:
                self.miss("OpenReview list", [venue], problem)

    def _research14k(self, listings: Sequence[Listing]) -> None:
        for site in dict.fromkeys(listing.site for listing in listings):
            here = {listing.name: listing for listing in listings if listing.site == site}
            self.each("accepted papers", site, list(here), lambda name: self._accept(here[name]))  # noqa: B023  called within the loop
        self._harvest([listing.name for listing in listings])
        if self._options.only == "lists":
            return
        papers: dict[str, PaperToMatch] = {}
        for listing in listings:
            prefix = f"{listing.name}/"
            entries = list(self._snapshot.keys(keys.PROCEEDINGS, prefix))[: self._options.limit]
            named = {key.removeprefix(prefix): key for key in entries}
            papers |= {
                paper_id: entry_to_match(self._snapshot, key)
                for paper_id, key in named.items()
                if paper_id not in self._taken_down
            }
        matched = self._papers(papers, reviewed=False)
        self._references({f"ARXIV:{matched[name]}": papers[name].title for name in matched})

    def _harvest(self, venues: Sequence[str]) -> None:
        if self._options.harvest:
            self._arxiv.harvest([year for venue in venues if (year := year_of(venue))])

    def _accept(self, listing: Listing) -> None:
        of_openreview = listing.site == "openreview"
        client = self._services.openreview(listing.places[0]) if of_openreview else None
        self._services.proceedings.fetch(self._snapshot, listing, client)

    def _papers(self, papers: Mapping[str, PaperToMatch], *, reviewed: bool) -> dict[str, str]:
        """Match papers with arXiv, fetch e-print and license; return arXiv ids by paper."""
        matched = self._arxiv.match(papers)
        lacking = papers.keys() - matched.keys()
        self._unmatched = {name for name in lacking if not self._arxiv.is_new(name)}
        self.summary.unmatched += len(self._unmatched)
        self._arxiv.texts(papers, matched, reviewed=reviewed)
        return {paper_id: match.paper.arxiv_id for paper_id, match in matched.items()}

    def _references(self, listed: Mapping[str, str | None]) -> None:
        """Fetch listed papers with their references, then every cited work once.

        A paper whose arXiv id is unknown to the service is searched by title.
        """
        scholar, snapshot = self._services.semantic_scholar, self._snapshot
        with_references = partial(scholar.papers, snapshot, listed=True)
        names = sorted(listed)
        batches = _batches(self._unanswered("semantic_scholar", "paper/", names), LISTED_BATCH)
        self.each("reference lists", "semantic_scholar", batches, with_references)
        by_title: list[str] = []

        def match(title: str) -> None:
            found = scholar.match(snapshot, title)
            if found is not None:
                by_title.append(str(found["paperId"]))

        unknown = [title for name, title in listed.items() if title and self._is_unknown(name)]
        self.each("title matches", "semantic_scholar", sorted(unknown), match)
        batches = _batches(self._unanswered("semantic_scholar", "paper/", by_title), LISTED_BATCH)
        self.each("reference lists", "semantic_scholar", batches, with_references)
        listed_too = set(by_title)
        cited = {name for paper in (*names, *by_title) for name in self._cited(paper)}
        batches = _batches(
            self._unanswered("semantic_scholar", "paper/", sorted(cited - listed_too)), BATCH
        )
        ask = partial(scholar.papers, snapshot, listed=False)
        self.each("cited works", "semantic_scholar", batches, ask)

    def _is_unknown(self, name: str) -> bool:
        reply = self._snapshot.get(*keys.cited_work(name))
        return reply is not None and reply.status == 404

    def each(self, step: str, service: str, items: Sequence[T], ask: Callable[[T], None]) -> None:
        """Ask for each item; a failure is a row, and a service that is down is skipped."""
        clock = self._services.scheduler.clock
        started, in_a_row = clock.now(), 0
        for number, item in enumerate(items):
            if service in self._down:
                self.miss(step, items[number:], f"{service} is skipped: {self._down[service]}")
                return
            try:
                ask(item)
                in_a_row = 0
            except RefusedError as error:
                self._down[service] = str(error)
                self.miss(step, [item], str(error))
            except (GaveUpError, ParseError, requests.RequestException) as error:
                in_a_row += 1
                self.miss(step, [item], str(error))
                if in_a_row == _FAILURES_IN_A_ROW:
                    self._down[service] = f"{in_a_row} failures in a row, the last: {error}"
            except ODD_REPLY as error:
                # A reply that its client cannot read says nothing about the next one.
                log.debug("%s %s", step, item, exc_info=True)
                self.miss(step, [item], f"the reply was not understood: {error!r:.200}")
            if self._on_progress:
                done = number + 1
                rate = (clock.now() - started) / done
                eta_s = rate * (len(items) - done) if done >= 3 else None
                self._on_progress(FetchProgress(step, done, len(items), eta_s))

    def miss(self, step: str, items: Iterable[str | tuple[str, ...]], reason: str) -> None:
        """Record items that are missing, with the reason."""
        for item in items:
            name = item if isinstance(item, str) else f"{len(item)} ids from {item[0]}"
            self.summary.missing.append(MissingItem(step, name, reason))

    def _unanswered(self, service: str, prefix: str, names: Iterable[str]) -> list[str]:
        return [
            name
            for name in dict.fromkeys(names)
            if not self._snapshot.has(service, f"{prefix}{name}")
        ]

    def _forums_of(self, venue: str) -> dict[str, PaperToMatch]:
        found = submissions(self._snapshot).items()
        mine = [(name, paper) for name, paper in found if paper.venue == venue]
        cut = mine[: self._options.limit]
        return {name: paper for name, paper in cut if name not in self._taken_down}

    def _notes(self, forum: str) -> list[dict[str, object]]:
        """Return the notes of a forum; what is not a note is left to the build's parser."""
        notes = json_object(self._snapshot.get(*keys.forum(forum))).get("notes")
        return json_objects(notes)

    def _notes_and_replies(self, forum: str) -> list[dict[str, Any]]:
        notes = self._notes(forum)
        details = notes[0].get("details") if notes else None
        return [
            *notes,
            *json_objects(details.get("replies") if isinstance(details, dict) else None),
        ]

    def _review_ids(self, forum: str) -> list[str]:
        return [
            str(note["id"])
            for note in self._notes_and_replies(forum)
            if "Official_Review" in str(note.get("invitations") or note.get("invitation"))
            and isinstance(note.get("id"), str)
        ]

    def _cited(self, paper: str) -> list[str]:
        cited = json_object(self._snapshot.get(*keys.cited_work(paper))).get("references")
        return [
            work["paperId"] for work in json_objects(cited) if isinstance(work.get("paperId"), str)
        ]


def _batches(names: Sequence[str], size: int) -> list[tuple[str, ...]]:
    return [tuple(names[start : start + size]) for start in range(0, len(names), size)]
