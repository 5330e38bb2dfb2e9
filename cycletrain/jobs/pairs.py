"""Preference pairs from sampled papers and their rewards (Sec. 3.3)."""

from pathlib import Path

from cycledata.errors import TrainingError
from cycledata.jsonl import read_jsonl, write_jsonl
from cycledata.records import Message
from cycletrain.config import PairsConfig
from cycletrain.jobs.rollout import read_prompts
from cycletrain.preferences import Pairing, Reward, Rollout, pair_up, unpaired
from cycletrain.run_record import RunRecord, close_run, open_run


def run(config: PairsConfig) -> RunRecord:
    """Write ``out/pairs.jsonl`` and ``out/dropped.jsonl``.

    Raises:
        TrainingError: no prompt has a pair.
    """
    record = open_run("pairs", config, dataset="research-14k")
    pairing = write_pairs(
        config.out,
        dict(read_prompts(config.build, config.split, None)),
        list(read_jsonl(config.rollouts, Rollout)),
        list(read_jsonl(config.rewards, Reward)),
    )
    counts = {"pairs": len(pairing.pairs), **count_dropped(pairing)}
    finished = close_run(config.out, record.model_copy(update={"counts": counts}))
    if not pairing.pairs:
        raise TrainingError(
            f"{config.out}: none of {len(pairing.dropped)} prompts has a pair; see dropped.jsonl"
        )
    return finished


def write_pairs(
    folder: Path,
    prompts: dict[str, tuple[Message, ...]],
    rollouts: list[Rollout],
    rewards: list[Reward],
) -> Pairing:
    """Pair the papers of one round and write both files.

    Raises:
        TrainingError: a rollout of a prompt that is not in the build.
    """
    chosen = sorted({rollout.prompt_id for rollout in rollouts})
    missing = [prompt_id for prompt_id in chosen if prompt_id not in prompts]
    if missing:
        raise TrainingError(
            f"rollouts: {missing[0]} and {len(missing) - 1} others are not prompts of the build;"
            " name the build that they were sampled for"
        )
    pairing = pair_up([(key, prompts[key]) for key in chosen], rollouts, rewards)
    write_jsonl(folder / "pairs.jsonl", pairing.pairs)
    write_jsonl(folder / "dropped.jsonl", map(unpaired, pairing.dropped))
    return pairing


def count_dropped(pairing: Pairing) -> dict[str, int]:
    """Return the number of prompts without a pair, by rule."""
    counts: dict[str, int] = {}
    for dropped in pairing.dropped:
        key = f"prompts_{dropped.rule}"
        counts[key] = counts.get(key, 0) + 1
    return counts
