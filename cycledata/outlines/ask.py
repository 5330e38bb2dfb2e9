"""Outlines from a language model: request, check, request again, record everything.

Each paper's conversation becomes one reply in the snapshot, keyed by model, paper and prompt, and a
build reads outlines from there without a model. A completion that `parse_outline` does not accept
is never repaired here: the model gets the reason and tries again, up to a limit, and a paper for
which all attempts fail is recorded as refused.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from cycledata.errors import ParseError, RequestRejectedError
from cycledata.formats.unreadable import Unreadable
from cycledata.llm.chat import ChatModel, ChatRequest, Completion, ResponseSchema, Sampling
from cycledata.outlines.prompt import (
    PaperToOutline,
    first_messages,
    fit_paper,
    paper_as_shown,
    prompt_hash,
    repair_messages,
)
from cycledata.outlines.read import (
    Attempt,
    OutlineReply,
    SeededSampling,
    outline_schema,
    parse_outline,
    read_outline_reply,
)
from cycledata.records import Message
from cycledata.snapshot.open import OpenSnapshot
from cycledata.snapshot.reply import Reply

DEFAULT_SAMPLING = SeededSampling(temperature=0.0, top_p=1.0, max_tokens=8_192, seed=0)
MAX_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class OutlineReport:
    """Counts of papers by outcome; they add up to the number of papers."""

    n_outlined: int
    """Recorded with an outline."""
    n_refused: int
    """Recorded without one."""
    n_known: int
    """Recorded by an earlier run, with or without an outline."""

    def __add__(self, more: "OutlineReport") -> "OutlineReport":
        return OutlineReport(
            self.n_outlined + more.n_outlined,
            self.n_refused + more.n_refused,
            self.n_known + more.n_known,
        )


@dataclass(slots=True)
class _Talk:
    """One paper's conversation so far."""

    paper: PaperToOutline
    n_chars: int
    messages: tuple[Message, ...]
    attempts: list[Attempt] = field(default_factory=list)
    open: bool = True
    """True if the model is to be asked again."""


def outline_response_schema() -> ResponseSchema:
    """Return the JSON schema that a model's response must follow."""
    return ResponseSchema("outline", outline_schema())


def outline_key(model: str, paper_id: str) -> str:
    """Return the key of a paper's conversation under the current prompts."""
    return f"{model}/{paper_id}/{prompt_hash()}"


def extract_outlines(
    papers: Iterable[PaperToOutline],
    snapshot: OpenSnapshot,
    backend: ChatModel,
    *,
    max_chars: int,
    sampling: SeededSampling = DEFAULT_SAMPLING,
    max_attempts: int = MAX_ATTEMPTS,
    batch_size: int = 8,
    clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    on_progress: Callable[[OutlineReport], None] = lambda _: None,
) -> OutlineReport:
    """Request an outline for every paper without a recorded conversation; record one reply each.

    An interrupted run loses the conversations in flight; the next run continues.

    Args:
        papers: with distinct ids.
        snapshot: where conversations are recorded.
        backend: the model.
        max_chars: budget for one paper, see ``prompt_budget``.
        sampling: passed on and recorded.
        max_attempts: maximum number of replies per paper.
        batch_size: conversations in flight.
        clock: gives the time of a reply.
        on_progress: called after every batch with the counts so far.

    Raises:
        FetchError: the backend does not answer; recorded conversations are kept.
    """
    report = OutlineReport(0, 0, 0)
    for batch in _batches(papers, batch_size):
        unknown = [paper for paper in batch if not is_known(snapshot, backend.model, paper)]
        report += OutlineReport(0, 0, len(batch) - len(unknown))
        asked = converse(
            unknown, backend, max_chars=max_chars, sampling=sampling, max_attempts=max_attempts
        )
        for records in asked:
            replies = [reply_of(record, backend.url, clock()) for record in records]
            # Only a conversation about another version of the e-print is ever replaced.
            snapshot.add_many(replies, replace=True)
            report += count_outcomes(records)
        on_progress(report)
    return report


def converse(
    papers: Sequence[PaperToOutline],
    backend: ChatModel,
    *,
    max_chars: int,
    sampling: SeededSampling,
    max_attempts: int,
) -> Iterator[list[OutlineReply]]:
    """Converse about several papers at once; yield the conversations that end in each round.

    Raises:
        FetchError: the backend does not answer.
    """
    talks = [_begin(paper, max_chars) for paper in papers]
    parameters = Sampling(
        temperature=sampling.temperature, top_p=sampling.top_p, max_tokens=sampling.max_tokens
    )
    for round_ in range(1, max_attempts + 1):
        if not talks:
            return
        requests = [
            ChatRequest(talk.paper.paper_id, talk.messages, sampling.seed) for talk in talks
        ]
        for talk, result in zip(talks, backend.complete(requests, parameters), strict=True):
            _take(talk, result)
        done = [talk for talk in talks if not talk.open or round_ == max_attempts]
        talks = [talk for talk in talks if talk.open]
        yield [_record(talk, backend.model, sampling) for talk in done]


def count_outcomes(records: Sequence[OutlineReply]) -> OutlineReport:
    """Return counts of conversations that have just been recorded."""
    n_outlined = sum(record.outcome == "outline" for record in records)
    return OutlineReport(n_outlined, len(records) - n_outlined, 0)


def is_known(snapshot: OpenSnapshot, model: str, paper: PaperToOutline) -> bool:
    """Return True if a conversation about this text is recorded, with any outcome."""
    held = snapshot.get("outline", outline_key(model, paper.paper_id))
    try:
        return held is not None and read_outline_reply(held.payload).source == paper.source
    except ParseError:
        return False


def _batches(papers: Iterable[PaperToOutline], size: int) -> Iterator[list[PaperToOutline]]:
    iterator = iter(papers)
    while batch := list(islice(iterator, size)):
        yield batch


def _begin(paper: PaperToOutline, max_chars: int) -> _Talk:
    fitted = fit_paper(paper, max_chars)
    return _Talk(fitted, len(paper_as_shown(paper)), first_messages(fitted))


def _take(talk: _Talk, result: Completion | RequestRejectedError) -> None:
    """Check a result and note it; leave the talk open if the model is to be asked again."""
    is_rejected = isinstance(result, RequestRejectedError)
    if isinstance(result, RequestRejectedError):
        completion = Completion("")
        problem: Unreadable | None = Unreadable("request", str(result))
    else:
        completion, problem = result, _problem(result)
    talk.attempts.append(
        Attempt(
            text=completion.text,
            finish_reason=completion.finish_reason,
            served_model=completion.served_model,
            n_prompt_tokens=completion.n_prompt_tokens,
            n_reply_tokens=completion.n_completion_tokens,
            n_neutralized=completion.n_neutralized,
            problem=None if problem is None else f"{problem.where}: {problem.why}",
        )
    )
    talk.open = problem is not None and not is_rejected
    if problem is not None:
        # Only the last completion is shown again, so that the conversation fits the context.
        talk.messages = (*talk.messages[:2], *repair_messages(completion.text, problem))


def _problem(completion: Completion) -> Unreadable | None:
    if completion.finish_reason == "length":
        n_tokens = completion.n_completion_tokens
        return Unreadable("the end", f"cut after {n_tokens} tokens, be shorter")
    if completion.finish_reason == "refusal":
        return Unreadable("reply", f"the model declined: {completion.text[:200]}")
    if not completion.text.strip():
        return Unreadable("reply", f"empty, finish_reason {completion.finish_reason!r}")
    outline = parse_outline(completion.text)
    return outline if isinstance(outline, Unreadable) else None


def _record(talk: _Talk, model: str, sampling: SeededSampling) -> OutlineReply:
    accepted = bool(talk.attempts) and talk.attempts[-1].problem is None
    return OutlineReply(
        paper_id=talk.paper.paper_id,
        source=talk.paper.source,
        model=model,
        prompt_hash=prompt_hash(),
        sampling=sampling,
        n_chars=talk.n_chars,
        n_chars_shown=len(paper_as_shown(talk.paper)),
        attempts=tuple(talk.attempts),
        outcome="outline" if accepted else "refused",
    )


def reply_of(record: OutlineReply, url: str, now: dt.datetime) -> Reply:
    """Return a conversation as a reply of the snapshot."""
    return Reply(
        service="outline",
        key=outline_key(record.model, record.paper_id),
        url=url,
        retrieved_at=now,
        status=200,
        media_type="application/json",
        payload=record.model_dump_json().encode(),
    )
