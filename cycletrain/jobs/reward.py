"""Rewards of sampled papers: the mean rating that CycleReviewer gives them (Eq. 1)."""

from collections.abc import Sequence
from functools import partial
from statistics import mean

from cycledata.errors import TrainingError
from cycledata.formats.rating_scales import ICLR_RATING
from cycledata.formats.unreadable import Unreadable
from cycledata.jsonl import read_jsonl, write_jsonl
from cycledata.records import RatingScale
from cycleeval.generated import RatedPaper
from cycletrain.config import RewardConfig
from cycletrain.generation import seed_of
from cycletrain.on_ray import sample_rows
from cycletrain.preferences import Reward, Rollout
from cycletrain.reviewing import prediction_on_scale, reward_papers, scale_named
from cycletrain.run_record import RunRecord, TextSample, close_run, open_run, run_folders
from cycletrain.sampling import SamplingPlan
from cycletrain.servers import log_estimate


def run(config: RewardConfig) -> RunRecord:
    """Review sampled papers and write ``out/rewards.jsonl`` and ``out/rated.jsonl``.

    Raises:
        TrainingError: no paper has a reward.
    """
    record = open_run("reward", config)
    seed = config.seed if config.round is None else seed_of(config.seed, "round", config.round)
    papers = list(read_jsonl(config.papers, Rollout))
    log_estimate(
        "reviews",
        n_texts=sum(paper.review_text is not None for paper in papers),
        tokens=config.sampling.max_tokens,
        config=config.model,
    )
    scale = scale_named(config.rating_scale)
    rewards = sample_rows(
        config.model,
        partial(reward_papers, n_reviewers=config.n_reviewers, scale=scale),
        papers,
        Reward,
        keys_of=lambda paper: [(paper.prompt_id, paper.index)],
        plan=SamplingPlan(config.sampling, config.tries, config.batch_size, seed, config.out),
    )
    write_jsonl(config.out / "rewards.jsonl", rewards)
    write_jsonl(config.out / "rated.jsonl", rated_papers(rewards, config.source, scale=scale))
    metrics, counts = summarise(rewards)
    finished = close_run(
        config.out,
        record.model_copy(
            update={
                "metrics": metrics,
                "counts": counts,
                "samples": some_reviews(rewards),
                "parents": run_folders(config.out, config.papers, config.model.path),
            }
        ),
    )
    require_rewards(rewards)
    return finished


def require_rewards(rewards: Sequence[Reward]) -> None:
    """Check that at least one paper has a reward.

    Raises:
        TrainingError: none has; gives the first reason.
    """
    if all(reward.reward is None for reward in rewards):
        first = rewards[0].unreadable if rewards else "no paper was sampled"
        raise TrainingError(
            f"none of {len(rewards)} papers has a reward, the first because of {first}; check the"
            " reviewer and its chat template"
        )


def some_reviews(rewards: Sequence[Reward]) -> tuple[TextSample, ...]:
    """Return the first reviews that have a reward, for the page of a run."""
    read = [reward for reward in rewards if reward.reward is not None]
    return tuple(
        TextSample(
            title=f"Reviews of {row.prompt_id}/{row.index}, reward {row.reward:g}",
            text=(row.text or "")[:4000],
        )
        for row in read[:3]
    )


def summarise(rewards: Sequence[Reward]) -> tuple[dict[str, float], dict[str, int]]:
    """Return means over the papers with a reward (columns of Table 2), and counts of all papers."""
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


def rated_papers(
    rewards: Sequence[Reward], source: str, *, scale: RatingScale = ICLR_RATING
) -> list[RatedPaper]:
    """Return the papers with a reward, as ``cycleeval generated`` reads them (Tables 2 and 3).

    Args:
        rewards: of the papers of one source.
        source: name of the model that wrote them; one row of a table.
        scale: rating scale of the reviewer.
    """
    rated = []
    for reward in rewards:
        prediction = prediction_on_scale(reward.text or "", scale)
        if reward.reward is None or isinstance(prediction, Unreadable):
            continue
        rated.append(
            RatedPaper(
                paper_id=f"{reward.prompt_id}/{reward.index}",
                source=source,
                ratings=prediction.ratings,
                rating_scale=(float(scale.values[0]), float(scale.values[-1])),
                decision=prediction.decision,
                soundness=prediction.soundness,
                presentation=prediction.presentation,
                contribution=prediction.contribution,
            )
        )
    return rated
