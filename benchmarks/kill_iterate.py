"""SIGKILL an iterate run at random points: it must end in an undisturbed run's pairs and weights.

A run that ends before it was killed often enough is compared, and the next one starts. A forkserver
imports torch once, so that a life costs its work and not its imports.

    python benchmarks/kill_iterate.py --recipe FILE [--kills 20] [--seed 0] [--set key=value]...
"""

import argparse
import itertools
import multiprocessing
import random
import shutil
import tempfile
import time
from collections import Counter
from pathlib import Path

from cycletrain.loop_config import IterateConfig
from cycletrain.read_recipe import read_config

SAME = ("rollouts.jsonl", "rewards.jsonl", "pairs.jsonl", "policy/adapter_model.safetensors")


def live(config: IterateConfig) -> None:
    import torch

    from cycletrain.jobs import iterate

    torch.set_num_threads(1)
    iterate.run(config)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recipe", type=Path, required=True)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--set", action="append", default=[], dest="overrides")
    args = parser.parse_args()
    config = read_config(args.recipe, IterateConfig, args.overrides)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["cycletrain.jobs.iterate"])
    rng = random.Random(args.seed)
    folder = Path(tempfile.mkdtemp(prefix="kill-iterate-"))
    whole, killed = (config.model_copy(update={"out": folder / name}) for name in ("a", "b"))

    def start(config: IterateConfig) -> multiprocessing.process.BaseProcess:
        process = context.Process(target=live, args=(config,))
        process.start()
        return process

    began = time.perf_counter()
    process = start(whole)
    process.join()
    assert process.exitcode == 0, "the undisturbed run failed"
    seconds = time.perf_counter() - began
    print(f"undisturbed: {seconds:.0f} s")

    kills: Counter[str] = Counter()
    for attempt in itertools.count(1):
        lives = 0
        while True:
            lives += 1
            process = start(killed)
            enough = kills.total() >= args.kills
            # Long enough to get through a stage at times, so that kills fall in all of them.
            process.join(None if enough else rng.uniform(0, seconds / 4))
            if process.exitcode is not None:
                assert process.exitcode == 0, "a life ended by itself with an error"
                break
            process.kill()
            process.join()
            kills[newest(killed.out)] += 1
        print(
            f"run {attempt}: {lives - 1} kills, {compare(config.rounds, whole, killed)} files same"
        )
        shutil.rmtree(killed.out)
        if kills.total() >= args.kills:
            break
    print(f"{kills.total()} kills; the newest file at each: {dict(sorted(kills.items()))}")
    shutil.rmtree(folder)


def newest(folder: Path) -> str:
    """Return the file that was in progress; empty before there is one."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    last = max(files, key=lambda path: path.stat().st_mtime_ns, default=folder)
    return last.relative_to(folder).as_posix()


def compare(n_rounds: int, whole: IterateConfig, killed: IterateConfig) -> int:
    """How many results are the same byte for byte; a different one ends the script."""
    paths = [f"round-{number}/{name}" for number in range(1, n_rounds + 1) for name in SAME]
    there = [path for path in paths if (whole.out / path).exists()]
    for path in there:
        same = (whole.out / path).read_bytes() == (killed.out / path).read_bytes()
        assert same, f"{path} differs from the undisturbed run's"
    return len(there)


if __name__ == "__main__":
    main()
