"""Review of papers in one request as a task of inspect-ai.

    pip install cyclekit inspect-ai
    inspect eval cycleeval/peer_review -T papers=papers.jsonl -T reference=ref.jsonl \
        --model openai/...

inspect-ai is not a dependency of this package and finds the task by its entry point. Prompt and
parsing are those of ``cycleeval review`` with one reviewer and no reflection.
"""

import json
import math
from collections.abc import Sequence
from pathlib import Path

try:
    from inspect_ai import Task, task
    from inspect_ai.dataset import MemoryDataset, Sample
    from inspect_ai.model import ChatMessageSystem, ChatMessageUser
    from inspect_ai.scorer import Metric, SampleScore, Score, Scorer, Target, metric, scorer
    from inspect_ai.solver import TaskState, generate
except ImportError as error:
    raise ImportError("this task needs `pip install inspect-ai`") from error

from cycledata.formats.unreadable import Unreadable
from cycledata.load import MANIFEST
from cycleeval.human_ratings import read_human_ratings
from cycleeval.proxy import proxy_error
from cycleeval.review.form import ICLR_2024, ReviewForm, form_of_build
from cycleeval.review.parsing import parse_review
from cycleeval.review.protocol import prompt, review_prompt
from cycleeval.review.run import read_papers


@task  # type: ignore[untyped-decorator]  # inspect-ai is not installed where types are checked
def peer_review(papers: str, reference: str, split: str = "test", venue: str | None = None) -> Task:
    """Return a task that reviews papers, scored by proxy MSE (n-1) against human ratings.

    Args:
        papers: JSON Lines with ``paper_id`` and ``text``.
        reference: as for ``cycleeval score``; papers with two human ratings or more are used.
        split: the reference's split.
        venue: venue whose form the prompt states, if the reference is a build with several venues;
            another reference gets the form of ICLR 2024.
    """
    humans = read_human_ratings(reference, split=split)
    is_build = (Path(reference) / MANIFEST).is_file()
    form = form_of_build(Path(reference), venue) if is_build else ICLR_2024
    ratings = dict(zip(humans.paper_ids, humans.ratings, strict=True))
    samples = [
        Sample(
            id=paper.paper_id,
            input=[
                ChatMessageSystem(content=prompt("system")),
                ChatMessageUser(content=review_prompt(paper.text, form)),
            ],
            target=json.dumps(ratings[paper.paper_id]),
        )
        for paper in read_papers(Path(papers))
        if len(ratings.get(paper.paper_id, ())) >= 2
    ]
    if not samples:
        raise ValueError(f"{papers}: expected papers with two human ratings in {reference}")
    return Task(dataset=MemoryDataset(samples), solver=generate(), scorer=human_ratings(form))


@metric  # type: ignore[untyped-decorator]  # the same
def mean_of_readable() -> Metric:
    """Return the mean over the papers with a readable review, or NaN if there are none."""

    def mean(scores: Sequence[SampleScore]) -> float:
        errors = [s.score.as_float() for s in scores if not math.isnan(s.score.as_float())]
        return float(sum(errors) / len(errors)) if errors else math.nan

    return mean


@metric  # type: ignore[untyped-decorator]  # the same
def total() -> Metric:
    """Return the sum over the papers."""

    def added(scores: Sequence[SampleScore]) -> float:
        return float(sum(s.score.as_float() for s in scores))

    return added


@scorer(metrics={"proxy_mse_n1": [mean_of_readable()], "n_unreadable": [total()]})  # type: ignore[untyped-decorator]  # the same
def human_ratings(form: ReviewForm = ICLR_2024) -> Scorer:
    """Return a scorer: the proxy error of the rating, or NaN and 1 unreadable without a review.

    A rating that the form does not offer is unreadable.
    Both are reported because inspect silently leaves a NaN out of a single score.
    """

    async def score(state: TaskState, target: Target) -> Score:
        reply = state.output.completion
        review = parse_review(reply, state.output.stop_reason, form)
        ratings = json.loads(target.text)
        if isinstance(review, Unreadable):
            missing = {"proxy_mse_n1": math.nan, "n_unreadable": 1.0}
            return Score(value=missing, answer=reply[:200], explanation=review.why)
        error = float(proxy_error([review.rating], [ratings])[0])
        return Score(
            value={"proxy_mse_n1": error, "n_unreadable": 0.0},
            answer=str(review.rating),
            explanation=f"humans: {ratings}",
        )

    return score
