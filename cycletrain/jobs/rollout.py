"""Papers sampled from the reference lists of a build (Sec. 3.2)."""

from collections.abc import Sequence
from pathlib import Path

from cycledata.jsonl import write_jsonl
from cycledata.load import iterate_rows
from cycledata.records import Message
from cycletrain.config import RolloutConfig
from cycletrain.generation import open_generator
from cycletrain.preferences import Rollout
from cycletrain.run_record import RunRecord, close_run, open_run
from cycletrain.sampling import SamplingPlan
from cycletrain.writing import write_papers


def run(config: RolloutConfig) -> RunRecord:
    """Sample papers for the prompts of a build and write ``out/rollouts.jsonl``."""
    record = open_run("rollout", config)
    prompts = read_prompts(config.build, config.split, config.limit)
    rollouts = write_papers(
        open_generator(config.model),
        prompts,
        n_samples=config.n_samples,
        plan=SamplingPlan(
            config.sampling, config.tries, config.batch_size, config.seed, config.out
        ),
    )
    write_jsonl(config.out / "rollouts.jsonl", rollouts)
    counts = {"prompts": len(prompts), **count_rollouts(rollouts)}
    return close_run(config.out, record.model_copy(update={"counts": counts}))


def read_prompts(
    build: Path, split: str, limit: int | None
) -> list[tuple[str, tuple[Message, ...]]]:
    """Return paper id and opening turns (system, references) per paper, in the build's order."""
    prompts = []
    for row in iterate_rows(build, "default", split, ["paper_id", "messages"]):
        messages = tuple(Message.model_validate(message) for message in row["messages"][:2])
        prompts.append((str(row["paper_id"]), messages))
    return prompts[:limit]


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
