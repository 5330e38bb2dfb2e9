"""Client of Semantic Scholar: papers by id in batches, and matches by title.

Uses the semanticscholar package with another transport: its own has no pace, hides the wait that
the server asks for, and reads a 503 as an empty list.
"""

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from semanticscholar import SemanticScholar as Client
from semanticscholar.ApiRequester import ApiRequester
from semanticscholar.SemanticScholarException import (
    BadQueryParametersException,
    ObjectNotFoundException,
)

from cycledata.errors import GaveUpError, ParseError, RefusedError
from cycledata.files import canonical_json, sha256_bytes
from cycledata.parse.semantic_scholar import parse_match, parse_work
from cycledata.snapshot import keys
from cycledata.snapshot.open import OpenSnapshot
from cycledata.snapshot.reply import Reply
from cycledata.sources.http import HttpReply, PoliteAdapter, json_problem, origin, polite_session
from cycledata.sources.schedule import Scheduler
from cycledata.stages.duplicates import normalise

LISTED = (
    "paperId", "externalIds", "title", "abstract", "year", "venue", "authors", "publicationDate",
    "openAccessPdf", "references.paperId", "references.title",
)  # fmt: skip
"""Fields of a listed paper, with its references."""
CITED = ("paperId", "externalIds", "title", "abstract", "year", "venue", "openAccessPdf")
"""Fields of a cited work; ``openAccessPdf.disclaimer`` says why an abstract is missing."""
BATCH = 500
LISTED_BATCH = 100
"""Listed papers bring their references along: the service returns at most 9,999 per call."""


class SemanticScholar:
    """Client of the graph API.

    Args:
        scheduler: paces and retries.
        base_url: e.g. ``"https://api.semanticscholar.org"``.
        environment: where ``SEMANTIC_SCHOLAR_API_KEY`` is looked up.
    """

    def __init__(
        self, scheduler: Scheduler, base_url: str, *, environment: Mapping[str, str]
    ) -> None:
        self._clock = scheduler.clock
        self._base_url = base_url
        self._adapter = polite_session(
            scheduler,
            lane=lambda _: "semantic_scholar",
            check=json_problem,
            origins=frozenset({origin(base_url)}),
        )
        with _root_logger_untouched():
            self._client = Client(
                api_url=base_url, api_key=environment.get("SEMANTIC_SCHOLAR_API_KEY"), retry=False
            )
        requester = _Requester(self._adapter)
        self._client._AsyncSemanticScholar._requester = requester  # noqa: SLF001  the only way in

    def papers(self, snapshot: OpenSnapshot, ids: Sequence[str], *, listed: bool) -> None:
        """Fetch one batch of papers; an unknown id is recorded as a 404.

        Args:
            snapshot: receives the replies, all of a batch or none.
            ids: at most ``LISTED_BATCH`` or ``BATCH``; ``ARXIV:``, ``DOI:``, ``ACL:`` or own.
            listed: with references, for papers of a list; else with what a citation needs.
        """
        fields = LISTED if listed else CITED
        found: Any = [None] * len(ids)
        try:
            with self._adapter.client_may_fail():
                self._client.get_papers(list(ids), fields=list(fields))
            found = json.loads(self._last().body)
        except BadQueryParametersException as error:
            # With none of the ids known, the service says so by a 400.
            if "No valid paper ids" not in str(error):
                raise GaveUpError(f"{self._base_url}: {error}") from error
        if not isinstance(found, list) or len(found) != len(ids):
            n_found = len(found) if isinstance(found, list) else 0
            raise GaveUpError(
                f"{self._base_url}: expected {len(ids)} papers, found {n_found}; run again later"
            )
        url = f"{self._base_url}/graph/v1/paper/batch?fields={','.join(fields)}"
        problems = []
        with snapshot.transaction():
            for name, paper in zip(ids, found, strict=True):
                key = keys.cited_work(name).key
                reply = self._reply(key, url, 404 if paper is None else 200, paper)
                problem = None if paper is None else _problem_of_work(reply.payload)
                snapshot.add(reply, problem=problem)
                if problem is not None:
                    problems.append(f"{name}: {problem}")
        if problems:
            raise ParseError(
                "scholar-record", f"{len(problems)} of {len(ids)} works, the first {problems[0]}"
            )

    def match(self, snapshot: OpenSnapshot, title: str) -> dict[str, Any] | None:
        """Return the paper whose title fits best, or None; ask at most once per title."""
        key = match_key(title)
        known = snapshot.has(keys.SEMANTIC_SCHOLAR, key)
        held = snapshot.get(keys.SEMANTIC_SCHOLAR, key) if known else None
        if held is None:
            fields = ["paperId", "externalIds", "title", "year", "authors"]
            try:
                with self._adapter.client_may_fail():
                    self._client.search_paper(title, match_title=True, fields=fields)
            except ObjectNotFoundException:
                pass
            except BadQueryParametersException as error:
                raise GaveUpError(f"{self._base_url}: match of {title[:80]!r}: {error}") from error
            answer = self._last()
            content = json.loads(answer.body) if answer.status == 200 else None
            held = self._reply(key, answer.url, answer.status, content)
            problem = None if held.status != 200 else _problem_of_match(held.payload)
            snapshot.add(held, problem=problem)
            if problem is not None:
                raise ParseError("scholar-record", f"match of {title[:80]!r}: {problem}")
        if held.status != 200:
            return None
        found = json.loads(held.payload).get("data") or [None]
        return found[0] if isinstance(found[0], dict) else None

    def _reply(self, key: str, url: str, status: int, content: object) -> Reply:
        payload = canonical_json(content).encode("ascii")
        return Reply(
            "semantic_scholar", key, url, self._clock.utc(), status, "application/json", payload
        )

    def _last(self) -> HttpReply:
        if self._adapter.last is None:
            raise AssertionError("unreachable: asked before")
        return self._adapter.last


def _problem_of_work(payload: bytes) -> str | None:
    try:
        parse_work(payload)
    except ParseError as error:
        return error.detail
    return None


def _problem_of_match(payload: bytes) -> str | None:
    try:
        parse_match(payload)
    except ParseError as error:
        return error.detail
    return None


def match_key(title: str) -> str:
    """Key of a title match: titles that differ in case or punctuation alone share it."""
    return f"match/{sha256_bytes(normalise(title).encode())[:16]}"


class _Requester(ApiRequester):  # type: ignore[misc]  # untyped there
    """The package's requests over our transport."""

    def __init__(self, adapter: PoliteAdapter) -> None:
        super().__init__(timeout=None, retry=False)
        self._adapter = adapter

    async def get_data_async(
        self,
        url: str,
        parameters: str,
        headers: dict[str, str],
        payload: dict[str, Any] | None = None,
    ) -> Any:
        """One request; the package's own errors for what it calls an error."""
        method = "POST" if payload else "GET"
        query = parameters.lstrip("&")
        response = self._adapter.session.request(
            method, f"{url}?{query}" if query else url, headers=headers, json=payload
        )
        if response.status_code == 200:
            return response.json()
        message = response.text[:300]
        if response.status_code == 404:
            raise ObjectNotFoundException(message)
        if response.status_code == 400:
            raise BadQueryParametersException(message)
        if response.status_code in {401, 403}:
            raise RefusedError(
                f"{url}: status {response.status_code}; check SEMANTIC_SCHOLAR_API_KEY"
            )
        raise GaveUpError(f"{url}: status {response.status_code}: {message}")


@contextmanager
def _root_logger_untouched() -> Iterator[None]:
    """Undo the global logging configuration of the package's constructor."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    try:
        yield
    finally:
        root.handlers[:], root.level = handlers, level
