"""Client of OpenReview, API v2 and v1: submissions with their replies, edit history, PDFs.

Uses openreview-py. A page of a listing is committed with its forums, so a run that was killed
continues with the next page. Credentials come from the environment only:
``OPENREVIEW_TOKEN``, or ``OPENREVIEW_USERNAME`` and ``OPENREVIEW_PASSWORD``.
"""

import contextlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import openreview

from cycledata.errors import FetchError, GaveUpError, RefusedError
from cycledata.files import canonical_json
from cycledata.snapshot import keys
from cycledata.snapshot.open import OpenSnapshot
from cycledata.snapshot.reply import Replies, Reply
from cycledata.sources.http import HttpReply, json_problem, origin, polite_session
from cycledata.sources.schedule import Scheduler

PAGE_SIZE = 500
_PASSES = 3
_UNLISTED = '{"ids": [], "count": 0, "ended": false}'
_LOGIN = (
    "OpenReview asks for a login; set OPENREVIEW_USERNAME and OPENREVIEW_PASSWORD (or"
    " OPENREVIEW_TOKEN), or import a dump with `cycledata import openreview-notes`"
)
_MFA = (
    "this OpenReview account has multi-factor authentication, which a script cannot pass; log in"
    " by browser and set OPENREVIEW_TOKEN, or use an account without it"
)


def is_v1(venue: str) -> bool:
    """Return True if only API v1 serves the forums of a venue.

    >>> [is_v1(f"{host}/2023/Conference") for host in ("ICLR.cc", "NeurIPS.cc", "ICML.cc")]
    [True, False, False]
    """
    host, _, rest = venue.partition("/")
    year = rest[:4]
    last = {"ICLR.cc": 2023, "NeurIPS.cc": 2022, "ICML.cc": 2022}.get(host)
    return last is not None and year.isdecimal() and int(year) <= last


def invitations(venue: str) -> tuple[str, ...]:
    """Invitations of a venue's submissions; v1 moves withdrawn ones to their own."""
    if not is_v1(venue):
        return (f"{venue}/-/Submission",)
    kinds = ("Blind_Submission", "Withdrawn_Submission", "Desk_Rejected_Submission")
    return tuple(f"{venue}/-/{kind}" for kind in kinds)


FORM_KINDS = ("Official_Review", "Meta_Review", "Decision")
"""Kinds of notes whose invitations state the forms of a venue."""


def n_forms(snapshot: Replies, venue: str) -> int:
    """Return how many invitations of a venue a snapshot has; the forms of all its papers."""
    names = (f"{venue}/-/{kind}" for kind in FORM_KINDS)
    return sum(snapshot.get(*keys.invitation(name)) is not None for name in names)


def n_counted(snapshot: OpenSnapshot, venues: Sequence[str]) -> dict[str, int]:
    """Return the submissions that OpenReview counted when the list of a venue was fetched."""
    found: Counter[str] = Counter()
    for name, value in snapshot.marks("openreview "):
        invitation = name.split(" ")[2]
        venue = invitation.partition("/-/")[0]
        if venue in venues and name.endswith(" 0"):
            found[venue] += int(json.loads(value)["count"])
    return dict(+found)


@dataclass(frozen=True, slots=True)
class _Page:
    after: str | None
    count: int
    notes: list[dict[str, Any]]


class OpenReview:
    """Client of one API of OpenReview.

    Args:
        scheduler: paces and retries.
        base_url: e.g. ``"https://api2.openreview.net"``.
        v1: whether it is API v1.
        environment: where credentials are looked up.
    """

    def __init__(
        self, scheduler: Scheduler, base_url: str, *, v1: bool, environment: Mapping[str, str]
    ) -> None:
        self._clock = scheduler.clock
        self._max_tries = scheduler.paces["openreview"].max_tries
        self._base_url = base_url
        self._v1 = v1
        make = openreview.Client if v1 else openreview.api.OpenReviewClient
        # A token that is none keeps the constructor from logging in by itself: its own session
        # has no timeout and prints its retries.
        self._client = make(baseurl=base_url, token="-")  # noqa: S106  no secret, see above
        self._client.token = None
        self._client.headers.pop("Authorization", None)
        self._adapter = polite_session(
            scheduler,
            lane=lambda path: "openreview-pdf" if path.endswith("/pdf") else "openreview",
            check=_problem_of,
            origins=frozenset({origin(base_url)}),
            session=self._client.session,
        )
        self._user = environment.get("OPENREVIEW_USERNAME")
        self._password = environment.get("OPENREVIEW_PASSWORD")
        self._token = environment.get("OPENREVIEW_TOKEN")
        self._known = False
        self.odd_notes: list[str] = []
        """Notes of listings that cannot be used, each with its place and what was expected."""

    def list_submissions(
        self, snapshot: OpenSnapshot, venue: str, *, limit: int | None = None
    ) -> list[str]:
        """Fetch a venue's submissions with all replies; return forum ids in order of the listing.

        Args:
            snapshot: takes ``forum/<forum id>``; remembers the last page for the next run.
            venue: venue id.
            limit: stop once this many forums are known.

        Raises:
            RefusedError: OpenReview requires a login.
            GaveUpError: no such venue, a page that cannot be fetched, or a listing that stays
                shorter than its stated count; forums fetched so far are in the snapshot.
        """
        forums: dict[str, None] = {}
        self.odd_notes = []
        first, *others = invitations(venue)
        for invitation in (first, *others):
            try:
                for forum in self._list(snapshot, invitation, limit):
                    forums[forum] = None
                    if limit is not None and len(forums) == limit:
                        return list(forums)
            except _NegativeError:
                if invitation == first:
                    raise  # a venue without withdrawn papers is one, without submissions none
        return list(forums)

    def invitation(self, snapshot: OpenSnapshot, name: str) -> None:
        """Fetch one invitation, which states a form; that it does not exist is recorded too.

        Raises:
            GaveUpError: the reply has another invitation, or none that can be read.
        """
        with contextlib.suppress(_NegativeError):
            self._call(lambda: self._client.get_invitation(name))
        answer = self._last()
        found = json.loads(answer.body)["invitations"] if answer.status == 200 else []
        if found and not (isinstance(found[0], dict) and found[0].get("id") == name):
            raise GaveUpError(f"{answer.url}: expected the invitation {name}, found another reply")
        body = canonical_json(found[0]).encode("ascii") if found else b""
        status = 200 if found else 404
        moment, key = self._clock.utc(), keys.invitation(name).key
        snapshot.add(Reply("openreview", key, answer.url, moment, status, "application/json", body))

    def history(self, snapshot: OpenSnapshot, note_id: str) -> None:
        """Fetch the edits of one note; a refusal is recorded too."""
        ask = self._client.get_references if self._v1 else self._client.get_note_edits
        name = "referent" if self._v1 else "note_id"
        self._keep(snapshot, f"edits/{note_id}", lambda: ask(**{name: note_id}))

    def pdf(self, snapshot: OpenSnapshot, forum: str) -> None:
        """Fetch the PDF of a submission; a 404 is recorded too."""
        self._keep(snapshot, f"pdf/{forum}", lambda: self._client.get_pdf(forum))

    def accepted(self, venue: str) -> tuple[str, list[dict[str, Any]]]:
        """Return notes of a venue's accepted papers without their replies, and their URL.

        Raises:
            GaveUpError: fewer papers than OpenReview counts.
        """
        notes: dict[str, dict[str, Any]] = {}
        url = f"{self._base_url}/notes?content.venueid={venue}"
        count = 1
        while len(notes) < count:
            after = next(reversed(notes)) if notes else None
            query = {"content": {"venueid": venue}, "limit": PAGE_SIZE}
            page = self._page(query, after, set(notes), expected=count - len(notes) if notes else 0)
            count = page.count if after is None else count
            if not page.notes and notes:
                raise GaveUpError(f"{url}: counts {count} papers, lists {len(notes)}")
            usable = [note for note in page.notes if _problem_of_note(note) is None]
            if page.notes and not usable:
                raise GaveUpError(f"{url}: {_problem_of_note(page.notes[0])}")
            count -= len(page.notes) - len(usable)
            notes.update((note["id"], note) for note in usable)
            if not notes:
                break
        return url, list(notes.values())

    def _list(self, snapshot: OpenSnapshot, invitation: str, limit: int | None) -> Iterator[str]:
        """Yield forum ids page by page; start again while the listing is shorter than its count."""
        seen: dict[str, None] = {}
        count = 0
        for number in range(_PASSES):
            for page in self._pages(snapshot, invitation, number, seen, limit):
                count = page.count
                fresh = [note["id"] for note in page.notes if note["id"] not in seen]
                seen.update(dict.fromkeys(fresh))
                yield from fresh
            n_listed = len(seen) + len(set(self.odd_notes))
            if n_listed >= count or (limit is not None and len(seen) >= limit):
                if self.odd_notes:  # the next run lists again
                    self._unlist(snapshot, invitation)
                return
        self._unlist(snapshot, invitation)
        raise GaveUpError(
            f"{invitation}: OpenReview counts {count} submissions, {_PASSES} listings gave"
            f" {len(seen)}; run again later"
        )

    def _pages(
        self,
        snapshot: OpenSnapshot,
        invitation: str,
        number: int,
        seen: Mapping[str, None],
        limit: int | None,
    ) -> Iterator[_Page]:
        """Yield the pages of one pass: those of earlier runs from the marks, then new ones."""
        mark = self._mark(invitation, number)
        state = json.loads(snapshot.mark(mark) or _UNLISTED)
        ids: list[str] = state["ids"]
        if ids:
            yield _Page(None, state["count"], [{"id": name} for name in ids])
        while not state["ended"]:
            if limit is not None and len(seen) >= limit:
                return
            after = ids[-1] if ids else None
            size = PAGE_SIZE if limit is None else min(PAGE_SIZE, limit - len(seen))
            query = {"invitation": invitation, "details": "replies", "limit": size}
            expected = state["count"] - len(ids) if ids else 0
            page = self._page(query, after, set(ids), expected=expected)
            usable = [note for note in page.notes if _problem_of_note(note) is None]
            ids += [note["id"] for note in usable]
            count = page.count if after is None else state["count"]
            # Without a usable note there is no id after which the next page could begin.
            state = {"ids": ids, "count": count, "ended": not usable}
            with snapshot.transaction():
                for note in usable:
                    self._add_forum(snapshot, note)
                snapshot.set_mark(mark, canonical_json(state))
            for note in page.notes:
                if (problem := _problem_of_note(note)) is not None:
                    self.odd_notes.append(f"{invitation}, page after {after}: {problem}")
            yield _Page(after, count, usable)

    def _unlist(self, snapshot: OpenSnapshot, invitation: str) -> None:
        for number in range(_PASSES):
            snapshot.set_mark(self._mark(invitation, number), _UNLISTED)

    def _mark(self, invitation: str, number: int) -> str:
        return f"openreview {self._base_url} {invitation} {number}"

    def _add_forum(self, snapshot: OpenSnapshot, note: dict[str, Any]) -> None:
        forum = note.get("forum") or note["id"]
        if snapshot.has("openreview", f"forum/{forum}"):
            return
        payload = canonical_json({"forum": forum, "notes": [note]}).encode("ascii")
        url = f"{self._base_url}/notes?id={forum}&details=replies"
        moment, key = self._clock.utc(), f"forum/{forum}"
        snapshot.add(Reply("openreview", key, url, moment, 200, "application/json", payload))

    def _page(
        self, query: dict[str, Any], after: str | None, seen: set[str], *, expected: int
    ) -> _Page:
        """Return one page of a listing; ask again while it repeats notes or is oddly empty."""
        where = {**query, "after": after} if after else query
        page = _Page(after, 0, [])
        for _ in range(self._max_tries):
            self._call(lambda: self._client.get_notes(**where, sort="id", with_count=True))
            body = json.loads(self._last().body)
            page = _Page(after, body["count"], body["notes"])
            known = (note["id"] for note in page.notes if _problem_of_note(note) is None)
            repeats = any(note_id in seen for note_id in known)
            if not repeats and (page.notes or expected <= 0):
                return page
        if page.notes:
            raise GaveUpError(
                f"{query}: the page after {after} repeats earlier ones, {self._max_tries} times"
                " over; run again later"
            )
        return page

    def _keep(self, snapshot: OpenSnapshot, key: str, ask: Any) -> None:
        """Record one reply under a key, also that something is missing or not readable by us."""
        with contextlib.suppress(_NegativeError):
            self._call(ask)
        answer = self._last()
        # What comes with a refusal names the request and its moment, and would never be the same.
        body = answer.body if answer.status == 200 else b""
        moment, media_type = self._clock.utc(), answer.media_type
        reply = Reply("openreview", key, answer.url, moment, answer.status, media_type, body)
        snapshot.add(reply)

    def _call(self, ask: Any) -> None:
        """Call the client; log in first if possible, and again after the login has expired."""
        if not self._known:
            self._log_in()
        for last in (False, True):
            try:
                with self._adapter.client_may_fail():
                    ask()
            except openreview.OpenReviewException as error:
                if last or self._last().status != 401 or not self._user:
                    raise self._explained(error) from error
                self._log_in()
            else:
                return

    def _log_in(self) -> None:
        self._known = True
        if self._token:
            self._client.headers["Authorization"] = f"Bearer {self._token}"
            return
        if not self._user or not self._password:
            return
        try:
            self._client.login_user(self._user, self._password)
        except openreview.OpenReviewException as error:
            raise RefusedError(
                f"OpenReview refused the login of OPENREVIEW_USERNAME with status"
                f" {self._last().status}; check the password"
            ) from error

    def _explained(self, error: Exception) -> FetchError:
        answer = self._last()
        what = f"{self._base_url}: status {answer.status}"
        try:
            said = json.loads(answer.body)
            name, message = str(said.get("name", "")), str(said.get("message", ""))
        except (ValueError, AttributeError, RecursionError):
            name, message = "", ""
        if answer.status == 401 or "Challenge" in name:
            return RefusedError(f"{what}: {_LOGIN}")
        if answer.status in {403, 404}:
            return _NegativeError(f"{what}: {name} {message[:200]}; is the venue id right?")
        return GaveUpError(f"{what}: {name} {message[:200] or type(error).__name__}")

    def _last(self) -> HttpReply:
        if self._adapter.last is None:
            raise AssertionError("unreachable: an answer came before its error")
        return self._adapter.last


def _problem_of_note(note: object) -> str | None:
    """Return why an item of a page is not a note, or None if it is one."""
    if not isinstance(note, dict):
        return f"expected a note, found a {type(note).__name__}"
    if not isinstance(note.get("id"), str) or not note["id"]:
        return f"expected a note with an id, found the fields {', '.join(sorted(note)[:5])}"
    if not note["id"].isprintable() or note["id"] != note["id"].strip():
        return "expected a note with an id of printable characters, found others"
    if not isinstance(note.get("forum") or "", str) or not isinstance(note.get("content"), dict):
        return f"note {note['id'][:40]}: expected forum and content"
    return None


class _NegativeError(GaveUpError):
    """Reply 403 or 404: recorded for a key, an error in a listing."""


def _problem_of(answer: HttpReply) -> str | None:
    """Return why a reply is invalid, or None: pages are JSON with notes, PDFs are complete."""
    path = answer.url.partition("?")[0]
    if path.endswith("/pdf"):
        whole = answer.body.startswith(b"%PDF") and b"%%EOF" in answer.body[-2048:]
        return None if whole else "no whole PDF"
    trouble = json_problem(answer)
    if trouble:
        return trouble
    body = json.loads(answer.body)
    if path.endswith("/login") and body.get("mfaPending"):
        # Said here, before the client starts asking for codes on the terminal.
        raise RefusedError(_MFA)
    expected = {
        "/notes": "notes",
        "/notes/edits": "edits",
        "/references": "references",
        "/invitations": "invitations",
    }
    field = next((name for end, name in expected.items() if path.endswith(end)), None)
    if field and not (isinstance(body, dict) and isinstance(body.get(field), list)):
        return f"JSON without {field}"
    if field == "notes" and not isinstance(body.get("count"), int):
        return "a page without its count"
    return None
