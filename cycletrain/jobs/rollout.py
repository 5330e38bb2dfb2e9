"""Papers sampled from the reference lists of a build (Sec. 3.2)."""

from collections.abc import Sequence
from functools import partial
from itertools import islice
from pathlib import Path

from cycledata.errors import TrainingError
from cycledata.jsonl import write_jsonl
from cycletrain.build_chats import Chat, iterate_chats
from cycletrain.config import RolloutConfig
from cycletrain.generation import seed_of
from cycletrain.on_ray import sample_rows
from cycletrain.preferences import Rollout, prompts_of_round
from cycletrain.run_record import RunRecord, TextSample, close_run, open_run, run_folders
from cycletrain.sampling import SamplingPlan
from cycletrain.servers import log_estimate
from cycletrain.writing import TURNS, write_papers


def run(config: RolloutConfig) -> RunRecord:
    """Sample papers for the prompts of a build and write ``out/rollouts.jsonl``.

    Raises:
        TrainingError: no prompt, or no paper that could be read.
    """
    record = open_run("rollout", config, dataset="research-14k")
    prompts = read_prompts(config.build, config.split, config.limit)
    seed = config.seed
    if config.round is not None:
        prompts = select_round(prompts, config.round, share=config.prompt_share, seed=seed)
        seed = seed_of(seed, "round", config.round)
    log_estimate(
        "papers",
        n_texts=TURNS * len(prompts) * config.n_samples,
        tokens=config.sampling.max_tokens,
        config=config.model,
    )
    rollouts = sample_rows(
        config.model,
        partial(write_papers, n_samples=config.n_samples),
        prompts,
        Rollout,
        keys_of=lambda prompt: [(prompt[0], index) for index in range(config.n_samples)],
        plan=SamplingPlan(config.sampling, config.tries, config.batch_size, seed, config.out),
    )
    write_jsonl(config.out / "rollouts.jsonl", rollouts)
    counts = {"prompts": len(prompts), **count_rollouts(rollouts)}
    finished = close_run(
        config.out,
        record.model_copy(
            update={
                "counts": counts,
                "samples": some_papers(rollouts),
                "parents": run_folders(config.out, config.model.path),
            }
        ),
    )
    require_papers(rollouts)
    return finished


def read_prompts(build: Path, split: str, limit: int | None) -> list[Chat]:
    """Return paper id and opening turns (system, references) per paper, in the build's order.

    Raises:
        BuildError: the split is missing or has no paper.
    """
    chats = iterate_chats(build, split)
    return [(paper_id, messages[:2]) for paper_id, messages in islice(chats, limit)]


def select_round(prompts: Sequence[Chat], number: int, *, share: float, seed: int) -> list[Chat]:
    """Return the prompts of round ``number``, in their order."""
    ids = [prompt_id for prompt_id, _ in prompts]
    chosen = set(prompts_of_round(ids, round_number=number, share=share, seed=seed))
    return [prompt for prompt in prompts if prompt[0] in chosen]


def require_papers(rollouts: Sequence[Rollout]) -> None:
    """Check that at least one paper could be read.

    Raises:
        TrainingError: none could; gives the first reason.
    """
    if all(rollout.unreadable is not None for rollout in rollouts):
        first = rollouts[0].unreadable if rollouts else "no paper was sampled"
        raise TrainingError(
            f"none of {len(rollouts)} papers could be read, the first because of {first}; check the"
            " model and its chat template"
        )


def some_papers(rollouts: Sequence[Rollout]) -> tuple[TextSample, ...]:
    """Return the starts of the first readable papers, for the page of a run."""
    read = [rollout for rollout in rollouts if rollout.review_text is not None]
    return tuple(
        TextSample(title=f"Paper {row.prompt_id}/{row.index}", text=(row.review_text or "")[:4000])
        for row in read[:3]
    )


def count_rollouts(rollouts: Sequence[Rollout]) -> dict[str, int]:
    """Return the number of papers, and of unreadable papers by the turn that failed."""
    counts = {"papers": len(rollouts), "papers_unreadable": 0}
    for rollout in rollouts:
        if rollout.unreadable is not None:
            turn = rollout.unreadable.partition(":")[0]
            counts["papers_unreadable"] += 1
            key = f"papers_unreadable_{turn}"
            counts[key] = counts.get(key, 0) + 1
    return counts
