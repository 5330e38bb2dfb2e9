"""A run of the protocol over many papers: resumes from its record, and says what it cost."""

import json
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from cycledata.errors import FetchError, ParseError
from cycledata.jsonl import MAX_LINES, InvalidLine, read_jsonl, require_records
from cycledata.records import Record
from cycleeval.review.completions import Reply, ReplyRecord, Request
from cycleeval.review.endpoint import RefusedError
from cycleeval.review.parsing import DraftReview
from cycleeval.review.protocol import Ask, PaperReview, ReviewProtocol, review_paper

Ratings = Literal["final", "members"]


class PaperToReview(Record):
    """One paper, as a line of the input."""

    paper_id: Annotated[str, Field(min_length=1, max_length=500)]
    """Its id in the reference."""
    text: Annotated[str, Field(min_length=1)]
    """What the model reads: LaTeX, Markdown or plain text."""


def read_papers(path: Path) -> tuple[PaperToReview, ...]:
    """Papers from JSON Lines.

    Raises:
        ParseError: an unreadable file, or any line that is no paper: nothing is paid for until the
            input is whole.
    """
    invalid: list[InvalidLine] = []
    lines = read_jsonl(
        path, PaperToReview, unique=("paper_id",), max_lines=MAX_LINES, on_error=invalid.append
    )
    papers = tuple(lines)
    if invalid:
        first = invalid[0]
        raise ParseError(
            "bad-papers",
            f"{path}:{first.line}: {first.detail} ({len(invalid)} such lines); "
            'expected {"paper_id": ..., "text": ...}',
        )
    require_records(papers, invalid, path)
    return papers


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the endpoint counted; replies for which it counted nothing are told."""

    calls: int = 0
    prompt: int = 0
    completion: int = 0
    uncounted: int = 0
    """Calls whose reply came without usage, so that the two sums are too low."""

    def plus(self, reply: Reply) -> "Tokens":
        """The sums with one more reply."""
        return Tokens(
            self.calls + 1,
            self.prompt + (reply.prompt_tokens or 0),
            self.completion + (reply.completion_tokens or 0),
            self.uncounted + (reply.prompt_tokens is None or reply.completion_tokens is None),
        )


@dataclass(frozen=True, slots=True)
class ReviewRun:
    """What a run did."""

    reviews: tuple[PaperReview, ...]
    """By paper id."""
    refused: tuple[tuple[str, str], ...]
    """Paper id and the endpoint's words, for papers that it would not read."""
    asked: Tokens
    """Calls made now."""
    recorded: Tokens
    """Calls answered from the record."""


def review_papers(
    papers: Sequence[PaperToReview],
    protocol: ReviewProtocol,
    ask: Ask,
    record: ReplyRecord,
    *,
    workers: int = 1,
    on_progress: Callable[[int, int], None] | None = None,
) -> ReviewRun:
    """Review papers, asking only for what the record lacks.

    Args:
        papers: in any order; the result is ordered by id.
        protocol: what is asked.
        ask: answers a request, from any thread.
        record: where replies are kept.
        workers: papers under way at once.
        on_progress: told papers done and papers in all.

    Raises:
        FetchError: the endpoint failed for good; the record holds what it answered before.
    """
    ledger = _Ledger(ask, record)
    ordered = sorted(papers, key=lambda paper: paper.paper_id)
    reviews: list[PaperReview] = []
    refused: list[tuple[str, str]] = []
    with ThreadPoolExecutor(workers) as pool:
        under_way = [
            (paper, pool.submit(review_paper, paper.paper_id, paper.text, protocol, ledger.answer))
            for paper in ordered
        ]
        try:
            for done, (paper, future) in enumerate(under_way, start=1):
                try:
                    reviews.append(future.result())
                except RefusedError as error:
                    refused.append((paper.paper_id, str(error)))
                if on_progress is not None:
                    on_progress(done, len(ordered))
        except (FetchError, KeyboardInterrupt):
            ledger.stop(FetchError("stopped"))
            pool.shutdown(cancel_futures=True)
            raise
    return ReviewRun(tuple(reviews), tuple(refused), ledger.asked, ledger.recorded)


class _Ledger:
    """Answers from the record, else from the endpoint, until that fails; counts both."""

    def __init__(self, ask: Ask, record: ReplyRecord) -> None:
        self._ask = ask
        self._record = record
        self._counting = threading.Lock()
        self._failure: FetchError | None = None
        self.asked = Tokens()
        self.recorded = Tokens()

    def stop(self, failure: FetchError) -> None:
        """Let papers under way end at their next call."""
        self._failure = self._failure or failure

    def answer(self, request: Request) -> Reply:
        """The reply to a request.

        Raises:
            RefusedError: the endpoint refuses this request.
            FetchError: the endpoint has failed, now or on another paper.
        """
        known = self._record.get(request)
        if known is not None:
            with self._counting:
                self.recorded = self.recorded.plus(known)
            return known
        if self._failure is not None:
            raise self._failure
        try:
            reply = self._ask(request)
        except RefusedError:
            raise
        except FetchError as error:
            self.stop(error)
            raise
        self._record.add(request, reply)
        with self._counting:
            self.asked = self.asked.plus(reply)
        return reply


def prediction_line(review: PaperReview, *, ratings: Ratings = "final") -> dict[str, object]:
    """One paper's line of a predictions file.

    Args:
        review: what came of the paper.
        ratings: ``"final"`` for the one review after meta-review and reflections, which Table 1
            scores; ``"members"`` for those of the ensemble, whose mean is then the model's rating.

    Returns:
        The marks and the decision; where there is no review, the last reply as ``text``, so that
        scoring counts the paper as unreadable.
    """
    chosen: Sequence[DraftReview] = review.members
    if ratings == "final":
        chosen = () if review.final is None else (review.final,)
    if not chosen:
        return {"paper_id": review.paper_id, "text": review.last_text}
    return {
        "paper_id": review.paper_id,
        "ratings": [draft.rating for draft in chosen],
        "decision": None if review.final is None else review.final.decision,
        "soundness": [draft.soundness for draft in chosen],
        "presentation": [draft.presentation for draft in chosen],
        "contribution": [draft.contribution for draft in chosen],
        "confidence": [draft.confidence for draft in chosen],
    }


def write_predictions(path: Path, run: ReviewRun, *, ratings: Ratings = "final") -> None:
    """Write the predictions file, whole or not at all."""
    lines = [json.dumps(prediction_line(review, ratings=ratings)) for review in run.reviews]
    partial = path.with_name(f"{path.name}.partial")
    partial.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    partial.replace(path)


def cost(tokens: Tokens, *, price_prompt: float, price_completion: float) -> float:
    """Price of some calls, in the currency of the prices, which are per million tokens.

    >>> cost(Tokens(2, 1_000_000, 500_000), price_prompt=2.5, price_completion=10.0)
    7.5
    """
    return (tokens.prompt * price_prompt + tokens.completion * price_completion) / 1e6


def render_run(
    run: ReviewRun, *, price_prompt: float | None = None, price_completion: float | None = None
) -> str:
    """What a run did, as text."""
    without = [review for review in run.reviews if review.final is None]
    redrawn = sum(len(review.unusable) for review in run.reviews)
    reviewed = len(run.reviews) - len(without)
    papers = f"{reviewed} reviewed, {len(without)} without a usable review"
    lines = [
        f"papers: {papers}, {len(run.refused)} refused by the endpoint",
        f"replies that held no review: {redrawn}",
    ]
    for name, tokens in (("asked now", run.asked), ("from the record", run.recorded)):
        line = f"{name}: {tokens.calls} calls, {tokens.prompt} + {tokens.completion} tokens"
        if tokens.uncounted:
            line += f" (too low: {tokens.uncounted} replies came without a count)"
        if price_prompt is not None and price_completion is not None:
            price = cost(tokens, price_prompt=price_prompt, price_completion=price_completion)
            line += f", cost {price:.4f}"
        lines.append(line)
    lines += [f"refused: {paper_id}: {words}" for paper_id, words in run.refused]
    return "\n".join(lines)
