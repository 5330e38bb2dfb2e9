"""Recorded completions: a JSON Lines file that a killed run resumes from.

Each completion is appended as it arrives. A kill loses at most the requests in flight: a torn last
line is cut off when the file is opened again.
"""

import threading
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Annotated, Self

from pydantic import Field

from cycledata.files import canonical_json, locked, sha256_bytes
from cycledata.jsonl import append_jsonl, cut_incomplete_line, read_jsonl
from cycledata.llm.chat import ChatRequest, Completion, Sampling
from cycledata.records import Record

Count = Annotated[int, Field(ge=0)]


class RecordedCompletion(Record):
    """A completion with everything that determined it."""

    id: str
    """`ChatRequest.id`."""
    prompt_sha256: str
    """sha256 of the messages, which hold the paper's text and are not recorded."""
    model: str
    """Model id, with its revision or address if it has one."""
    sampling: Sampling
    seed: int | None
    text: str
    finish_reason: str | None
    served_model: str | None = None
    n_prompt_tokens: Count | None = None
    n_completion_tokens: Count | None = None
    n_neutralized: Count = 0

    @property
    def completion(self) -> Completion:
        """The completion alone."""
        return Completion(
            self.text,
            self.finish_reason,
            self.served_model,
            self.n_prompt_tokens,
            self.n_completion_tokens,
            self.n_neutralized,
        )


def prompt_sha256(request: ChatRequest) -> str:
    """Return the sha256 of a request's messages."""
    chat = [message.model_dump() for message in request.messages]
    return sha256_bytes(canonical_json(chat).encode())


class CompletionLog:
    """Completions by request; one process at a time, any number of threads.

    Args:
        path: JSON Lines file of `RecordedCompletion`; created if missing.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rows: dict[tuple[str, str], RecordedCompletion] = {}
        self._latest: dict[str, RecordedCompletion] = {}
        self._writing = threading.Lock()

    def __enter__(self) -> Self:
        """Lock and read the file.

        Raises:
            FileLockedError: another process writes the file.
            ParseError: a line is not a recorded completion; delete it to request it again.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            stack.enter_context(locked(self._path.with_name(f"{self._path.name}.lock")))
            cut_incomplete_line(self._path)
            if self._path.exists():
                for row in read_jsonl(self._path, RecordedCompletion):
                    self._keep(row)
            self._lock = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._lock.close()

    def __len__(self) -> int:
        return len(self._rows)

    def get(self, request: ChatRequest, model: str, sampling: Sampling) -> Completion | None:
        """Return the completion recorded for exactly this request, or None."""
        row = self._rows.get((request.id, _digest(request, model, sampling)))
        return None if row is None else row.completion

    def latest(self, request_id: str) -> RecordedCompletion | None:
        """Return the last completion recorded under an id, whatever its prompt, or None."""
        return self._latest.get(request_id)

    def add(
        self, done: Iterable[tuple[ChatRequest, Completion]], model: str, sampling: Sampling
    ) -> list[RecordedCompletion]:
        """Append completions in one write, flush them to the disk and return them as recorded."""
        rows = [
            RecordedCompletion(
                id=request.id,
                prompt_sha256=prompt_sha256(request),
                model=model,
                sampling=sampling,
                seed=request.seed,
                text=completion.text,
                finish_reason=completion.finish_reason,
                served_model=completion.served_model,
                n_prompt_tokens=completion.n_prompt_tokens,
                n_completion_tokens=completion.n_completion_tokens,
                n_neutralized=completion.n_neutralized,
            )
            for request, completion in done
        ]
        with self._writing:
            append_jsonl(self._path, rows)
            for row in rows:
                self._keep(row)
        return rows

    def _keep(self, row: RecordedCompletion) -> None:
        self._rows[row.id, _digest_of(row)] = row
        self._latest[row.id] = row


def _digest(request: ChatRequest, model: str, sampling: Sampling) -> str:
    return _key(prompt_sha256(request), model, sampling, request.seed)


def _digest_of(row: RecordedCompletion) -> str:
    return _key(row.prompt_sha256, row.model, row.sampling, row.seed)


def _key(prompt: str, model: str, sampling: Sampling, seed: int | None) -> str:
    return canonical_json([prompt, model, sampling.model_dump(), seed])
