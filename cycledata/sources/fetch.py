"""What each dataset needs from the services, asked in order, once, and again only where it failed.

Everything is kept in the open snapshot, so a run goes on where the last one ended, however it
ended. One request that fails for good is a row of the summary; a service that keeps failing is
left alone for this run; the others go on.
"""

import datetime as dt
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

import requests

from cycledata.errors import BudgetSpentError, GaveUpError, ParseError, RefusedError
from cycledata.parse.arxiv import ArxivPaper
from cycledata.snapshot.open import OpenSnapshot
from cycledata.sources.openreview import OpenReview
from cycledata.sources.semantic_scholar import BATCH, LISTED_BATCH
from cycledata.sources.services import Services
from cycledata.sources.venues import Listing
from cycledata.stages.match import match_arxiv

T = TypeVar("T", str, tuple[str, ...])

_FAILURES_IN_A_ROW = 5
"""After so many, a service is taken to be down for this run."""


@dataclass(frozen=True, slots=True)
class FetchProgress:
    """How far a step is."""

    step: str
    """E.g. ``"arXiv search"``."""
    done: int
    total: int
    eta_s: float | None
    """Seconds left at the mean rate of this step so far, waits and retries included; None until
    three items tell."""


@dataclass(frozen=True, slots=True)
class MissingItem:
    """Something a run set out for and did not get."""

    step: str
    item: str
    reason: str


@dataclass(slots=True)
class FetchSummary:
    """What a run did, and what it did not."""

    requests: dict[str, int] = field(default_factory=dict)
    """Requests sent by service, retries included."""
    retries: dict[str, int] = field(default_factory=dict)
    """Retries by reason."""
    seconds: float = 0.0
    """How long it took."""
    added: dict[str, int] = field(default_factory=dict)
    """Replies added by service."""
    unmatched: int = 0
    """Papers for which arXiv offered nothing that the rules accept: an answer, not a failure."""
    missing: list[MissingItem] = field(default_factory=list)
    """What failed for good; the next run asks again."""
    stopped: str | None = None
    """Why the run ended before its end; None when it did not."""


@dataclass(frozen=True, slots=True)
class FetchOptions:
    """What a run is asked for."""

    limit: int | None = None
    """Papers per venue or list; None is all."""
    history: bool = False
    """Edits of every review: the ratings before and after the rebuttal are different data."""
    pdfs: bool = False
    """PDFs from OpenReview, some 34 an hour."""
    not_after: dt.date | None = None
    """Take the last arXiv version up to this day; None takes the latest."""


class FetchRun:
    """One run over an open snapshot.

    Args:
        snapshot: where replies go.
        services: who is asked.
        options: how much.
        on_progress: told after every item.
    """

    def __init__(
        self,
        snapshot: OpenSnapshot,
        services: Services,
        options: FetchOptions,
        on_progress: Callable[[FetchProgress], None] | None = None,
    ) -> None:
        self._snapshot = snapshot
        self._services = services
        self._options = options
        self._on_progress = on_progress
        self._down: dict[str, str] = {}
        self._unmatched: set[str] = set()
        self.summary = FetchSummary()

    def review5k(self, venues: Sequence[str]) -> FetchSummary:
        """Fetch a venue's forums, and the e-prints and licences of its papers."""
        return self._watched(lambda: self._review5k(venues))

    def research14k(self, listings: Sequence[Listing]) -> FetchSummary:
        """Fetch accepted papers, their e-prints and licences, and the works they cite."""
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
        after = self._snapshot.counts()
        self.summary.added = {
            name: n - before.get(name, 0) for name, n in after.items() if n > before.get(name, 0)
        }
        self.summary.requests = dict(self._services.scheduler.requests)
        self.summary.retries = dict(self._services.scheduler.retries)
        self.summary.seconds = clock.now() - started
        return self.summary

    def _review5k(self, venues: Sequence[str]) -> None:
        for venue in venues:
            client = self._services.openreview(venue)
            self._each("OpenReview list", "openreview", [venue], partial(self._list, client))
            # Where the list broke off, what its first pages brought is worth going on with.
            forums = self._forums_of(venue)
            self._papers({forum: self._note(forum) for forum in forums})
            if self._options.history:
                notes = [name for forum in forums for name in self._review_ids(forum)]
                wanted = self._unanswered("openreview", "edits/", notes)
                ask = partial(client.history, self._snapshot)
                self._each("edit history", "openreview", wanted, ask)
            if self._options.pdfs:
                wanted = self._unanswered("openreview", "pdf/", sorted(self._unmatched))
                ask = partial(client.pdf, self._snapshot)
                self._each("PDFs", "openreview-pdf", wanted, ask)

    def _list(self, client: OpenReview, venue: str) -> None:
        client.list_submissions(self._snapshot, venue, limit=self._options.limit)

    def _research14k(self, listings: Sequence[Listing]) -> None:
        for site in dict.fromkeys(listing.site for listing in listings):
            here = {listing.name: listing for listing in listings if listing.site == site}
            self._each("accepted papers", site, list(here), lambda name: self._accept(here[name]))  # noqa: B023  called within the loop
        papers: dict[str, PaperToMatch] = {}
        for listing in listings:
            prefix = f"{listing.name}/"
            keys = list(self._snapshot.keys("proceedings", prefix))[: self._options.limit]
            papers |= {key.removeprefix(prefix): self._entry(key) for key in keys}
        matched = self._papers(papers)
        self._references({f"ARXIV:{matched[name]}": papers[name].title for name in matched})

    def _accept(self, listing: Listing) -> None:
        of_openreview = listing.site == "openreview"
        client = self._services.openreview(listing.places[0]) if of_openreview else None
        self._services.proceedings.fetch(self._snapshot, listing, client)

    def _papers(self, papers: Mapping[str, "PaperToMatch"]) -> dict[str, str]:
        """Match papers with arXiv and fetch e-print and licence; returns arXiv ids by paper."""
        matched: dict[str, ArxivPaper] = {}
        self._unmatched = set()

        def match(paper_id: str) -> None:
            paper = papers[paper_id]
            candidates = self._services.arxiv.match(
                self._snapshot, paper_id, paper.title or "", paper.arxiv_id
            )
            accepted = match_arxiv(paper.title, paper.authors, candidates)
            if accepted is None:
                self._unmatched.add(paper_id)
            else:
                matched[paper_id] = accepted.paper

        def text(paper_id: str) -> None:
            found = matched[paper_id]
            version: int | None = found.version
            if self._options.not_after is not None:
                version = self._services.arxiv.version_before(
                    self._snapshot, found, self._options.not_after
                )
            self._services.arxiv.record(self._snapshot, found.arxiv_id)
            if version is None:
                return
            self._services.arxiv.eprint(self._snapshot, found.arxiv_id, version)
            if version != found.version:
                self._services.arxiv.licence_page(self._snapshot, found.arxiv_id, version)

        self._each("arXiv search", "arxiv", sorted(papers), match)
        self.summary.unmatched += len(self._unmatched)
        self._each("arXiv e-prints", "arxiv", sorted(matched), text)
        return {paper_id: paper.arxiv_id for paper_id, paper in matched.items()}

    def _references(self, listed: Mapping[str, str | None]) -> None:
        """Fetch listed papers with their references, then every cited work once.

        A paper that is not known by its arXiv id is looked for by its title.
        """
        scholar, snapshot = self._services.semantic_scholar, self._snapshot
        with_references = partial(scholar.papers, snapshot, listed=True)
        names = sorted(listed)
        batches = _batches(self._unanswered("semantic_scholar", "paper/", names), LISTED_BATCH)
        self._each("reference lists", "semantic_scholar", batches, with_references)
        by_title: list[str] = []

        def match(title: str) -> None:
            found = scholar.match(snapshot, title)
            if found is not None:
                by_title.append(str(found["paperId"]))

        unknown = [title for name, title in listed.items() if title and self._is_unknown(name)]
        self._each("title matches", "semantic_scholar", sorted(unknown), match)
        batches = _batches(self._unanswered("semantic_scholar", "paper/", by_title), LISTED_BATCH)
        self._each("reference lists", "semantic_scholar", batches, with_references)
        listed_too = set(by_title)
        cited = {name for paper in (*names, *by_title) for name in self._cited(paper)}
        batches = _batches(
            self._unanswered("semantic_scholar", "paper/", sorted(cited - listed_too)), BATCH
        )
        ask = partial(scholar.papers, snapshot, listed=False)
        self._each("cited works", "semantic_scholar", batches, ask)

    def _is_unknown(self, name: str) -> bool:
        reply = self._snapshot.get("semantic_scholar", f"paper/{name}")
        return reply is not None and reply.status == 404

    def _each(self, step: str, service: str, items: Sequence[T], ask: Callable[[T], None]) -> None:
        """Ask for item after item; what fails is a row, a service that is down is left alone."""
        clock = self._services.scheduler.clock
        started, in_a_row = clock.now(), 0
        for number, item in enumerate(items):
            if service in self._down:
                self._miss(step, items[number:], f"{service} is left alone: {self._down[service]}")
                return
            try:
                ask(item)
                in_a_row = 0
            except RefusedError as error:
                self._down[service] = str(error)
                self._miss(step, [item], str(error))
            except (GaveUpError, ParseError, requests.RequestException) as error:
                in_a_row += 1
                self._miss(step, [item], str(error))
                if in_a_row == _FAILURES_IN_A_ROW:
                    self._down[service] = f"{in_a_row} failures in a row, the last: {error}"
            if self._on_progress:
                done = number + 1
                rate = (clock.now() - started) / done
                eta_s = rate * (len(items) - done) if done >= 3 else None
                self._on_progress(FetchProgress(step, done, len(items), eta_s))

    def _miss(self, step: str, items: Iterable[str | tuple[str, ...]], reason: str) -> None:
        for item in items:
            name = item if isinstance(item, str) else f"{len(item)} ids from {item[0]}"
            self.summary.missing.append(MissingItem(step, name, reason))

    def _unanswered(self, service: str, prefix: str, names: Iterable[str]) -> list[str]:
        return [
            name
            for name in dict.fromkeys(names)
            if not self._snapshot.has(service, f"{prefix}{name}")
        ]

    def _forums_of(self, venue: str) -> list[str]:
        keys = (key.removeprefix("forum/") for key in self._snapshot.keys("openreview", "forum/"))
        return [forum for forum in keys if self._note(forum).venue == venue][: self._options.limit]

    def _note(self, forum: str) -> "PaperToMatch":
        notes = self._notes(forum)
        return _paper_of_note(notes[0]) if notes else PaperToMatch(None, None, "")

    def _notes(self, forum: str) -> list[dict[str, object]]:
        reply = self._snapshot.get("openreview", f"forum/{forum}")
        return [] if reply is None else list(json.loads(reply.payload)["notes"])

    def _review_ids(self, forum: str) -> list[str]:
        notes = self._notes(forum)
        details = notes[0].get("details") if notes else None
        replies = details.get("replies", []) if isinstance(details, dict) else []
        return [
            str(note["id"])
            for note in (*notes, *replies)
            if "Official_Review" in str(note.get("invitations") or note.get("invitation"))
        ]

    def _entry(self, key: str) -> "PaperToMatch":
        reply = self._snapshot.get("proceedings", key)
        entry = {} if reply is None else json.loads(reply.payload)
        authors = tuple(entry.get("authors") or ()) or None
        return PaperToMatch(entry.get("title"), authors, "", entry.get("arxiv_id"))

    def _cited(self, paper: str) -> list[str]:
        reply = self._snapshot.get("semantic_scholar", f"paper/{paper}")
        if reply is None or reply.status != 200:
            return []
        cited = json.loads(reply.payload).get("references") or []
        return [str(work["paperId"]) for work in cited if work.get("paperId")]


@dataclass(frozen=True, slots=True)
class PaperToMatch:
    """What a search for a paper needs."""

    title: str | None
    authors: tuple[str, ...] | None
    """None where they are not shown."""
    venue: str
    """Venue id of a submission; ``""`` for an entry of a list."""
    arxiv_id: str | None = None
    """What a list itself says; None where it says nothing."""


def _paper_of_note(note: Mapping[str, object]) -> PaperToMatch:
    """Title, authors and venue of a submission note, API v1 or v2."""
    content = note.get("content")

    def value(name: str) -> object:
        found = content.get(name) if isinstance(content, dict) else None
        return found.get("value") if isinstance(found, dict) else found

    title, authors = value("title"), value("authors")
    invitation = str((note.get("invitations") or [note.get("invitation")])[0])  # type: ignore[index]  # a list
    names = tuple(str(name) for name in authors) if isinstance(authors, list) else ()
    # v1 writes "Anonymous" where the authors are not shown.
    shown = names if names and names != ("Anonymous",) else None
    return PaperToMatch(
        title if isinstance(title, str) else None, shown, invitation.split("/-/")[0]
    )


def _batches(names: Sequence[str], size: int) -> list[tuple[str, ...]]:
    return [tuple(names[start : start + size]) for start in range(0, len(names), size)]
