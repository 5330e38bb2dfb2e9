"""Run the review protocol on many papers: resumes from its record, and reports tokens and cost."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from cycledata.errors import FetchError, ParseError, RequestRejectedError
from cycledata.jsonl import InvalidLine, read_jsonl, require_records, write_jsonl
from cycledata.llm.chat import ChatRequest, Completion, Sampling
from cycledata.llm.recorded import CompletionLog
from cycledata.records import Record
from cycleeval.review.form import ASPECTS
from cycleeval.review.parsing import DraftReview
from cycleeval.review.protocol import Complete, PaperReview, ReviewProtocol, review_paper

WORDS = ("summary", "strengths", "weaknesses", "questions")
"""Fields of a review that a line of predictions repeats, for `cycleeval text`."""
ReviewRatings = Literal["final", "members"]
"""Whose ratings become the prediction: the final review's or the ensemble members'."""


class PaperToReview(Record):
    """One paper, as a line of the input."""

    paper_id: Annotated[str, Field(min_length=1, max_length=500)]
    """Its id in the reference."""
    text: Annotated[str, Field(min_length=1)]
    """Text for the model: LaTeX, Markdown or plain text."""


def read_papers(path: Path) -> tuple[PaperToReview, ...]:
    """Read papers from JSON Lines.

    Raises:
        ParseError: the file is unreadable or any line is invalid, so that nothing is paid for an
            incomplete input.
    """
    invalid: list[InvalidLine] = []
    papers = tuple(read_jsonl(path, PaperToReview, unique=("paper_id",), on_error=invalid.append))
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
class TokenCounts:
    """Sums over requests, as the endpoint counts tokens."""

    requests: int = 0
    prompt: int = 0
    completion: int = 0
    uncounted: int = 0
    """Requests without token counts, so that the two sums are too low."""
    neutralized: int = 0
    """Control tokens in papers that were sent as plain text."""

    def plus(self, completion: Completion) -> "TokenCounts":
        """Return the sums with one more completion."""
        counts = (completion.n_prompt_tokens, completion.n_completion_tokens)
        return TokenCounts(
            self.requests + 1,
            self.prompt + (counts[0] or 0),
            self.completion + (counts[1] or 0),
            self.uncounted + (None in counts),
            self.neutralized + completion.n_neutralized,
        )


@dataclass(frozen=True, slots=True)
class ReviewRun:
    """Result of a run."""

    reviews: tuple[PaperReview, ...]
    """By paper id."""
    rejected: tuple[tuple[str, str], ...]
    """Paper id and the endpoint's reason, for papers that it rejects."""
    requested: TokenCounts
    """Requests of this run."""
    recorded: TokenCounts
    """Requests whose completion was in the record."""


def review_papers(
    papers: Sequence[PaperToReview],
    protocol: ReviewProtocol,
    complete: Complete,
    record: CompletionLog,
    *,
    workers: int = 1,
    on_progress: Callable[[int, int], None] | None = None,
) -> ReviewRun:
    """Review papers, requesting only what the record lacks.

    Args:
        papers: in any order; the result is ordered by id.
        protocol: parameters.
        complete: completes a request; called from several threads.
        record: completions so far.
        workers: papers reviewed at once.
        on_progress: called with the number of papers done and of all papers.

    Raises:
        FetchError: the endpoint refuses everything or does not respond; the record keeps the
            completions so far.
    """
    ledger = _Ledger(complete, record, protocol.model)
    ordered = sorted(papers, key=lambda paper: paper.paper_id)
    reviews: list[PaperReview] = []
    rejected: list[tuple[str, str]] = []
    with ThreadPoolExecutor(workers) as pool:
        under_way = [
            (
                paper,
                pool.submit(review_paper, paper.paper_id, paper.text, protocol, ledger.complete),
            )
            for paper in ordered
        ]
        try:
            for done, (paper, future) in enumerate(under_way, start=1):
                try:
                    reviews.append(future.result())
                except RequestRejectedError as error:
                    rejected.append((paper.paper_id, str(error)))
                if on_progress is not None:
                    on_progress(done, len(ordered))
        except (FetchError, KeyboardInterrupt):
            ledger.stop(FetchError("stopped"))
            pool.shutdown(cancel_futures=True)
            raise
    return ReviewRun(tuple(reviews), tuple(rejected), ledger.requested, ledger.recorded)


class _Ledger:
    """Completes requests from the record or else from the endpoint, and counts both."""

    def __init__(self, complete: Complete, record: CompletionLog, model: str) -> None:
        self._complete = complete
        self._record = record
        self._model = model
        self._counting = threading.Lock()
        self._failure: FetchError | None = None
        self.requested = TokenCounts()
        self.recorded = TokenCounts()

    def stop(self, failure: FetchError) -> None:
        """Make papers under way fail at their next request."""
        self._failure = self._failure or failure

    def complete(self, request: ChatRequest, sampling: Sampling) -> Completion:
        """Return the completion of a request.

        Raises:
            RequestRejectedError: the endpoint rejects this request.
            FetchError: the endpoint has failed, now or on another paper.
        """
        known = self._record.get(request, self._model, sampling)
        if known is not None:
            with self._counting:
                self.recorded = self.recorded.plus(known)
            return known
        if self._failure is not None:
            raise self._failure
        try:
            completion = self._complete(request, sampling)
        except RequestRejectedError:
            raise
        except FetchError as error:
            self.stop(error)
            raise
        self._record.add([(request, completion)], self._model, sampling)
        with self._counting:
            self.requested = self.requested.plus(completion)
        return completion


def prediction_line(review: PaperReview, *, ratings: ReviewRatings = "final") -> dict[str, object]:
    """Return one paper's line of a predictions file.

    Args:
        review: result for the paper.
        ratings: `"final"` for the one review after meta-review and reflections, which Table 1
            scores; `"members"` for those of the ensemble, whose mean is then the model's rating.

    Returns:
        Ratings and decision; if there is no review, the last completion as `text`, so that scoring
        counts the paper as unreadable.
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
        **{
            name: numbers
            for name in (*ASPECTS, "confidence")
            if None not in (numbers := [getattr(draft, name) for draft in chosen])
        },
        "reviews": [draft.model_dump(include=set(WORDS)) for draft in chosen],
    }


def write_predictions(path: Path, run: ReviewRun, *, ratings: ReviewRatings = "final") -> None:
    """Write the predictions file, all of it or nothing."""
    write_jsonl(path, (prediction_line(review, ratings=ratings) for review in run.reviews))


def cost(tokens: TokenCounts, *, price_prompt: float, price_completion: float) -> float:
    """Return the price of some requests, in the currency of the prices per million tokens.

    >>> cost(TokenCounts(2, 1_000_000, 500_000), price_prompt=2.5, price_completion=10.0)
    7.5
    """
    return (tokens.prompt * price_prompt + tokens.completion * price_completion) / 1e6


def render_run(
    run: ReviewRun, *, price_prompt: float | None = None, price_completion: float | None = None
) -> str:
    """Return the result of a run as text."""
    without = [review for review in run.reviews if review.final is None]
    n_unreadable = sum(len(review.unreadable) for review in run.reviews)
    reviewed = len(run.reviews) - len(without)
    papers = f"{reviewed} reviewed, {len(without)} without a readable review"
    lines = [
        f"papers: {papers}, {len(run.rejected)} rejected by the endpoint",
        f"unreadable completions: {n_unreadable}",
    ]
    for name, tokens in (("requested now", run.requested), ("from the record", run.recorded)):
        line = f"{name}: {tokens.requests} requests, {tokens.prompt} + {tokens.completion} tokens"
        if tokens.uncounted:
            line += f" (too low: {tokens.uncounted} responses without token counts)"
        if tokens.neutralized:
            line += f", {tokens.neutralized} control tokens in papers sent as plain text"
        if price_prompt is not None and price_completion is not None:
            price = cost(tokens, price_prompt=price_prompt, price_completion=price_completion)
            line += f", cost {price:.4f}"
        lines.append(line)
    lines += [f"rejected: {paper_id}: {reason}" for paper_id, reason in run.rejected]
    return "\n".join(lines)
