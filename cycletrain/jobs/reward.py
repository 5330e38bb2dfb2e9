"""Reviews of papers by CycleReviewer, and their mean rating as reward (Sec. 3.1, Eq. 1).

An answer without a single readable rating is asked for again with another seed; one that stays
unreadable has no reward. It is counted, and is never a zero.
"""

from collections.abc import Mapping, Sequence
from statistics import mean
from typing import Any

from cycledata.formats.rating_scales import ICLR_RATING
from cycledata.formats.review_messages import reviewer_prompt
from cycledata.formats.review_text import ReviewText, parse_reviews
from cycledata.formats.unreadable import Unreadable
from cycledata.records import Message
from cycleeval.generated import ASPECTS, RatedPaper
from cycletrain.config import RewardConfig
from cycletrain.generation import Generator, open_generator
from cycletrain.jobs.rollout import Answered, Asking, ask
from cycletrain.preferences import Reward, Rollout
from cycletrain.rows import read_rows, write_rows
from cycletrain.run_record import RunRecord, close_run, open_run


def run(config: RewardConfig) -> RunRecord:
    """Review sampled papers; writes ``out/rewards.jsonl`` and ``out/rated.jsonl``."""
    record = open_run("reward", config)
    rewards = reward_papers(
        open_generator(config.model),
        list(read_rows(config.papers, Rollout)),
        n_reviewers=config.n_reviewers,
        asking=Asking(config.sampling, config.tries, config.batch_size, config.seed, config.out),
    )
    write_rows(config.out / "rewards.jsonl", rewards)
    write_rows(config.out / "rated.jsonl", rated_papers(rewards, config.source))
    metrics, counts = summarise(rewards)
    return close_run(config.out, record.model_copy(update={"metrics": metrics, "counts": counts}))


def review_chat(paper: str, *, n_reviewers: int) -> tuple[Message, Message]:
    """What CycleReviewer is asked about one paper, as in Review-5k.

    Args:
        paper: its text, as Markdown or LaTeX.
        n_reviewers: reviewers asked for; the model may write another number.
    """
    system = Message(role="system", content=reviewer_prompt(n_reviewers, ICLR_RATING))
    return (system, Message(role="user", content=paper))


def review_papers(
    generator: Generator, chats: Mapping[str, tuple[Message, ...]], *, asking: Asking
) -> dict[str, Answered[ReviewText]]:
    """Reviews of each paper, by its id; an answer without any rating counts as unreadable."""
    return ask(generator, chats, _rated_reviews, name="review", asking=asking)


def _rated_reviews(text: str) -> ReviewText | Unreadable:
    reviews = parse_reviews(text)
    if isinstance(reviews, ReviewText) and not ratings_of(reviews):
        return Unreadable("### Rating", f"none in {len(reviews.reviews)} reviews")
    return reviews


def ratings_of(reviews: ReviewText) -> tuple[int, ...]:
    """The ratings that are there, in the text's order."""
    return tuple(review.rating for review in reviews.reviews if review.rating is not None)


def reward_papers(
    generator: Generator, rollouts: Sequence[Rollout], *, n_reviewers: int, asking: Asking
) -> list[Reward]:
    """The reward of each paper, in the order of the papers; None where one cannot be had."""
    texts = {f"{r.prompt_id}/{r.index}": r.review_text for r in rollouts}
    chats = {
        key: review_chat(text, n_reviewers=n_reviewers)
        for key, text in texts.items()
        if text is not None
    }
    answers = review_papers(generator, chats, asking=asking)
    rewards = []
    for rollout, key in zip(rollouts, texts, strict=True):
        place: dict[str, Any] = {"prompt_id": rollout.prompt_id, "index": rollout.index}
        if key in answers:
            rewards.append(_reward(place, answers[key]))
        else:
            rewards.append(Reward(**place, reward=None, unreadable=f"paper: {rollout.unreadable}"))
    return rewards


def _reward(place: dict[str, Any], answer: Answered[ReviewText]) -> Reward:
    told = {**place, "text": answer.text, "n_tries": answer.n_tries}
    if isinstance(answer.value, Unreadable):
        why = f"review: {answer.value.where}: {answer.value.why}"
        return Reward.model_validate({**told, "reward": None, "unreadable": why})
    ratings = ratings_of(answer.value)
    decision = answer.value.decision
    return Reward.model_validate(
        {
            **told,
            "reward": mean(ratings),
            "ratings": ratings,
            "decision": None if decision is None else decision.kind,
        }
    )


def summarise(rewards: Sequence[Reward]) -> tuple[dict[str, float], dict[str, int]]:
    """Means over the papers that have a reward (columns of Table 2), and counts of all."""
    read = [reward for reward in rewards if reward.reward is not None]
    counts = {
        "papers": len(rewards),
        "papers_rewarded": len(read),
        "papers_unreadable": sum((r.unreadable or "").startswith("paper") for r in rewards),
        "reviews_unreadable": sum((r.unreadable or "").startswith("review") for r in rewards),
        "reviews_asked_again": sum(max(r.n_tries - 1, 0) for r in rewards),
    }
    if not read:
        return {}, counts
    decided = [r.decision == "accept" for r in read if r.decision is not None]
    metrics = {
        "mean_reward": mean(r.reward for r in read if r.reward is not None),
        "mean_lowest_rating": mean(min(r.ratings) for r in read),
        "mean_highest_rating": mean(max(r.ratings) for r in read),
    }
    if decided:
        metrics["accept_rate"] = mean(map(float, decided))
    return metrics, counts


def rated_papers(rewards: Sequence[Reward], source: str) -> list[RatedPaper]:
    """Papers that have a reward, as ``cycleeval generated`` reads them (Tables 2 and 3).

    Args:
        rewards: of one source's papers.
        source: who wrote them; one row of a table.
    """
    rated = []
    for reward in rewards:
        reviews = parse_reviews(reward.text or "")
        if reward.reward is None or not isinstance(reviews, ReviewText):
            continue
        aspects: dict[str, Any] = {}
        for name in ASPECTS:
            marks = [getattr(review, name) for review in reviews.reviews]
            aspects[name] = None if None in marks else marks
        kind = None if reviews.decision is None else reviews.decision.kind
        rated.append(
            RatedPaper(
                paper_id=f"{reward.prompt_id}/{reward.index}",
                source=source,
                ratings=reward.ratings,
                decision="reject" if kind == "withdrawn" else kind,
                **aspects,
            )
        )
    return rated
