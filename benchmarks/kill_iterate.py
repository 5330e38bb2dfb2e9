"""SIGKILL an iterate run at random points: it must end in an undisturbed run's pairs and weights.

A forkserver imports torch once, so that a life costs its work and not its imports.

    python benchmarks/kill_iterate.py --recipe FILE [--kills 20] [--seed 0] [--set key=value]...
"""

import argparse
import multiprocessing
import random
import shutil
import tempfile
import time
from pathlib import Path

from cycletrain.config import IterateConfig, read_config

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

    kills: list[str] = []
    lives = 0
    while True:
        lives += 1
        process = start(killed)
        # Lives are short enough that the wanted number of kills falls within one run's work.
        life = rng.uniform(0, 2 * seconds / args.kills)
        process.join(life if len(kills) < args.kills else None)
        if process.exitcode is not None:
            assert process.exitcode == 0, "a life ended by itself with an error"
            break
        process.kill()
        process.join()
        kills.append(
            sorted(p.relative_to(killed.out).as_posix() for p in killed.out.rglob("*"))[-1:]
        )
    print(f"{len(kills)} kills, {lives} lives; newest file at each kill: {kills}")
    for number in range(1, config.rounds + 1):
        for name in SAME:
            path = f"round-{number}/{name}"
            if (whole.out / path).exists():
                same = (whole.out / path).read_bytes() == (killed.out / path).read_bytes()
                print(f"{path}: {'same bytes' if same else 'DIFFERENT'}")
                assert same
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
