"""A model as a judge of whether two reviews make the same points, in both orders.

A judge may favor what it reads first, so a match counts only if it is found in both orders; how
often the two orders agree is reported. Replies are recorded, and a second run asks nothing again.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cycledata.errors import RequestRejectedError
from cycledata.formats.unreadable import Unreadable
from cycledata.llm.chat import ChatModel, ChatRequest, Completion, Sampling
from cycledata.llm.recorded import CompletionLog
from cycledata.records import Message
from cycleeval.review.protocol import prompt
from cycleeval.review_points import split_points
from cycleeval.review_texts import ReviewWords
from cycleeval.text_comparison import HUMAN, MODEL, PaperReviews, TextMean, mean_over_papers

CONTROL = "model and human of another paper"
MAX_POINTS = 20
"""Points per review that the judge is shown."""
_SAMPLING = Sampling(temperature=0.0, max_tokens=1024)
_BATCH = 16
_OBJECT = re.compile(r"\{[^{}]*\}")

Matches = frozenset[tuple[int, int]]
"""Pairs of places, in the first and in the second list."""


@dataclass(frozen=True, slots=True)
class JudgeReport:
    """What a judge says about pairs of reviews."""

    model: str
    """Model id of the judge."""
    matched: Mapping[str, TextMean]
    """Share of the second review's points that the first makes too, by pair of sides."""
    order_agreement: float | None
    """Matches found in both orders over matches found in either; None without any."""
    n_requests: int
    """Requests, two per pair of reviews."""
    n_recorded: int
    """Of them answered from the record."""
    n_unreadable: int
    """Replies without a readable list of matches; their pairs are left out."""
    n_rejected: int
    """Requests that the endpoint rejected; their pairs are left out."""


@dataclass(frozen=True, slots=True)
class _Question:
    side: str
    paper_id: str
    first: Sequence[str]
    second: Sequence[str]

    def requests(self) -> tuple[ChatRequest, ChatRequest]:
        """Return the question in both orders."""
        return (
            self._request("forward", self.first, self.second),
            self._request("backward", self.second, self.first),
        )

    def _request(self, order: str, one: Sequence[str], other: Sequence[str]) -> ChatRequest:
        text = prompt("match_points", first=_numbered(one), second=_numbered(other))
        request_id = f"{self.side}/{self.paper_id}/{order}"
        return ChatRequest(request_id, (Message(role="user", content=text),))


def judge_points(
    chosen: Sequence[PaperReviews],
    judge: ChatModel,
    record: CompletionLog,
    *,
    n_papers: int = 50,
    seed: int = 0,
    resamples: int = 2000,
    on_progress: Callable[[int, int], None] | None = None,
) -> JudgeReport:
    """Let a model judge which points of two reviews are the same.

    Args:
        chosen: reviews by paper, see `choose_reviews`.
        judge: the judge.
        record: its replies so far; new ones are added.
        n_papers: papers to judge, drawn with the seed.
        seed: of the draw, of the exchange of papers and of the resamples.
        resamples: bootstrap resamples of papers.
        on_progress: called with requests done and in total.

    Raises:
        FetchError: the endpoint refuses everything or does not respond; the record keeps the
            replies so far.
    """
    questions = _questions(chosen, n_papers=n_papers, seed=seed)
    requests = [request for question in questions for request in question.requests()]
    replies, n_recorded = _complete(requests, judge, record, on_progress)
    shares: dict[str, list[float]] = {MODEL: [], HUMAN: [], CONTROL: []}
    n_unreadable = n_rejected = in_both = in_either = 0
    for question in questions:
        read = []
        for request, sizes in zip(
            question.requests(),
            (
                (len(question.first), len(question.second)),
                (len(question.second), len(question.first)),
            ),
            strict=True,
        ):
            reply = replies[request.id]
            if isinstance(reply, RequestRejectedError):
                n_rejected += 1
                continue
            found = read_matches(reply.text, *sizes)
            if isinstance(found, Unreadable):
                n_unreadable += 1
            else:
                read.append(found)
        if len(read) < 2:
            continue
        forward, backward = read[0], frozenset((b, a) for a, b in read[1])
        in_both += len(forward & backward)
        in_either += len(forward | backward)
        hit = {b for _, b in forward & backward}
        shares[question.side].append(len(hit) / len(question.second))
    return JudgeReport(
        judge.model,
        {
            side: mean
            for side, values in shares.items()
            if (mean := mean_over_papers(np.array(values), seed=seed, resamples=resamples))
            is not None
        },
        in_both / in_either if in_either else None,
        len(requests),
        n_recorded,
        n_unreadable,
        n_rejected,
    )


def read_matches(text: str, n_first: int, n_second: int) -> Matches | Unreadable:
    """Return the matches of a reply, places from 0, or why it has none.

    >>> sorted(read_matches('Same. {"matches": [[1, 2]]}', 2, 2))
    [(0, 1)]
    """
    objects = _OBJECT.findall(text)
    if not objects:
        return Unreadable("the reply", "expected a JSON object with matches, found none")
    try:
        pairs = json.loads(objects[-1])["matches"]
        found = frozenset((int(a) - 1, int(b) - 1) for a, b in pairs)
    except (ValueError, KeyError, TypeError) as error:
        return Unreadable("the reply", f"expected pairs of numbers ({error!r:.80})")
    if any(not (0 <= a < n_first and 0 <= b < n_second) for a, b in found):
        return Unreadable("the reply", f"expected numbers up to {n_first} and {n_second}")
    return found


def _questions(chosen: Sequence[PaperReviews], *, n_papers: int, seed: int) -> list[_Question]:
    """Return the pairs of reviews to judge: both sides, and a control of another paper."""
    dice = np.random.default_rng(seed)
    drawn = [chosen[i] for i in dice.permutation(len(chosen))[:n_papers]]
    questions = []
    for place, entry in enumerate(drawn):
        other = drawn[(place + 1) % len(drawn)]
        for side, first, second in (
            (MODEL, entry.model, entry.target),
            (HUMAN, entry.human, entry.target),
            (CONTROL, entry.model, other.target),
        ):
            points = points_of(first), points_of(second)
            if all(points) and (side != CONTROL or other is not entry):
                questions.append(_Question(side, entry.paper.paper_id, *points))
    return questions


def points_of(review: ReviewWords) -> list[str]:
    """Return the points of a review's weaknesses and questions."""
    points = [*split_points(review.weaknesses), *split_points(review.questions)]
    return points[:MAX_POINTS]


def _numbered(points: Sequence[str]) -> str:
    return "\n".join(f"{number}. {point}" for number, point in enumerate(points, start=1))


def _complete(
    requests: Sequence[ChatRequest],
    judge: ChatModel,
    record: CompletionLog,
    on_progress: Callable[[int, int], None] | None,
) -> tuple[dict[str, Completion | RequestRejectedError], int]:
    replies: dict[str, Completion | RequestRejectedError] = {}
    for request in requests:
        known = record.get(request, judge.model, _SAMPLING)
        if known is not None:
            replies[request.id] = known
    n_recorded = len(replies)
    open_requests = [request for request in requests if request.id not in replies]
    for start in range(0, len(open_requests), _BATCH):
        batch = open_requests[start : start + _BATCH]
        done = judge.complete(batch, _SAMPLING)
        record.add(
            [
                (request, reply)
                for request, reply in zip(batch, done, strict=True)
                if isinstance(reply, Completion)
            ],
            judge.model,
            _SAMPLING,
        )
        replies |= {request.id: reply for request, reply in zip(batch, done, strict=True)}
        if on_progress is not None:
            on_progress(n_recorded + start + len(batch), len(requests))
    return replies, n_recorded
