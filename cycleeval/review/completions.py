"""The record of a run: the endpoint's replies, appended as they arrive, read back by the next.

One JSON object a line. A kill loses at most the reply in flight: a torn last line is cut off when
the record is opened again. A record is all that scoring needs, so a finished run is re-scored and
an interrupted one is resumed without asking again for what is there.
"""

import os
import threading
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Annotated, Self

from pydantic import Field, ValidationError

from cycledata.errors import FileLockedError, ParseError
from cycledata.files import locked
from cycledata.manifest import fingerprint
from cycledata.records import Message, Record


class Reply(Record):
    """What the endpoint said."""

    text: str
    """The first choice's content."""
    finish_reason: str
    """Why it stopped, as the endpoint says; ``"stop"`` where it ended by itself."""
    prompt_tokens: Annotated[int, Field(ge=0)] | None
    """Tokens read, as the endpoint counts them; None where it does not say."""
    completion_tokens: Annotated[int, Field(ge=0)] | None
    """Tokens written, likewise."""


@dataclass(frozen=True, slots=True)
class Request:
    """One call, with what tells it from every other call of the run."""

    paper_id: str
    """The paper it is about."""
    step: str
    """``"review"``, ``"meta-review"`` or ``"reflection"``."""
    draw: int
    """Number of the reviewer or of the round, from 1; equal prompts are drawn again, not reread."""
    attempt: int
    """From 1; a reply that held no review is asked for again."""
    model: str
    """Model id, as the endpoint knows it."""
    temperature: float
    """Sampling temperature."""
    max_tokens: int
    """Limit on the reply, in tokens."""
    messages: tuple[Message, ...]
    """The conversation so far, ending with ours."""

    @property
    def key(self) -> str:
        """SHA-256 of everything above: any changed prompt, paper or setting is another request."""
        content = asdict(self) | {"messages": [m.model_dump() for m in self.messages]}
        return fingerprint(content)


class RecordedReply(Record):
    """One line of the record; the prompt is kept as its hash, being made of the paper's text."""

    key: str
    """`Request.key`."""
    paper_id: str
    step: str
    draw: int
    attempt: int
    model: str
    reply: Reply


class ReplyRecord:
    """Replies by request; one process at a time, any number of threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._replies: dict[str, Reply] = {}
        self._writing = threading.Lock()

    def __enter__(self) -> Self:
        """Open or create the file, lock it and read it.

        Raises:
            ParseError: another process holds it, or a line is no recorded reply.
        """
        with ExitStack() as stack:
            try:
                stack.enter_context(locked(self._path.with_name(f".{self._path.name}.lock")))
                self._file = stack.enter_context(self._path.open("a+b"))
            except FileLockedError as error:
                raise ParseError(
                    "record-in-use",
                    f"{self._path}: another run is writing it; wait for it or name another file",
                ) from error
            except OSError as error:
                raise ParseError("unreadable-record", f"{self._path}: {error.strerror}") from error
            self._read()
            self._open = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open.close()

    def __len__(self) -> int:
        return len(self._replies)

    def get(self, request: Request) -> Reply | None:
        """The recorded reply; None where there is none."""
        return self._replies.get(request.key)

    def add(self, request: Request, reply: Reply) -> None:
        """Append a reply and see it to the disk."""
        line = RecordedReply(
            key=request.key,
            paper_id=request.paper_id,
            step=request.step,
            draw=request.draw,
            attempt=request.attempt,
            model=request.model,
            reply=reply,
        )
        with self._writing:
            self._file.write(line.model_dump_json(ensure_ascii=True).encode() + b"\n")
            self._file.flush()
            os.fsync(self._file.fileno())
            self._replies[line.key] = reply

    def _read(self) -> None:
        self._file.seek(0)
        whole = 0
        for number, line in enumerate(self._file, start=1):
            if not line.endswith(b"\n"):
                break  # torn by a kill; the reply is asked for again
            try:
                recorded = RecordedReply.model_validate_json(line)
            except ValidationError as error:
                raise ParseError(
                    "bad-record",
                    f"{self._path}:{number}: expected a recorded reply, found {line[:60]!r}; "
                    "delete the line to ask again",
                ) from error
            self._replies[recorded.key] = recorded.reply
            whole += len(line)
        self._file.truncate(whole)
