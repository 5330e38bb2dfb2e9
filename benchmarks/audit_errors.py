"""How often the audit is wrong: verdicts on simulated policies whose gain is known.

Papers are short texts with habits (a claimed proof, praise, length, ...) and with substance, which
no rule counts. Two reviewers rate them with errors of their own. Three kinds of training:

- real: the last policy has more substance; habits stay, or rise although no reviewer likes them
- gamed: it has more of one habit that both reviewers like
- nothing: it writes as before

    python benchmarks/audit_errors.py [--runs 100] [--prompts 15 50] [--seed 0]
"""

import argparse
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from cycletrain.reward_audit.report import JudgedPaper, audit_policies

SOURCE = "we describe a large and slow model of the weather over the open northern sea in winter"
HABITS = {
    "proof_claims": ("We prove that it converges.", "We have no proof that it converges."),
    "ablation_claims": ("An ablation removes each part.", "Each part is kept."),
    "datasets": ("We use ten datasets.", "We use one dataset."),
    "length": (" ".join(f"more{n}" for n in range(150)), ""),
    "praise": ("It is a novel and robust result.", "It is a result."),
    "hedges": ("It is so.", "It may perhaps possibly be so."),
    "repetition": ("The same words come again. " * 9, ""),
    "copies": (f"Here {SOURCE}.", "Here we describe something of our own, in other words."),
}
"""What a paper with and without a habit says, by the feature that counts it."""
USUAL = 0.3
"""Share of the papers of P_1 with each habit, and with substance."""
TRAINED = 0.8
"""The same after training, for what training has changed."""
N_SAMPLES = 3
POINTS = 3.0
"""Rating points that a liked habit, or substance, gives."""
ERROR = 1.0
"""Standard deviation of a rating's error."""


@dataclass(frozen=True, slots=True)
class Training:
    """What training changed, and what reviewers like."""

    changed: tuple[str, ...] = ()
    likes: Mapping[str, float] = field(default_factory=dict)


def trainings() -> dict[str, Training]:
    """Return every simulated training by name."""
    substance = {"substance": POINTS}
    found = {
        "nothing": Training((), substance),
        "real": Training(("substance",), substance),
        "real, all habits rise": Training(("substance", *HABITS), substance),
        "real, reviewers also like proofs": Training(
            ("substance",), substance | {"proof_claims": POINTS}
        ),
    }
    return found | {f"gamed: {habit}": Training((habit,), {habit: POINTS}) for habit in HABITS}


def write_papers(
    training: Training, *, after: bool, n_prompts: int, seed: str
) -> list[JudgedPaper]:
    """Return the rated papers of one policy."""
    rng = random.Random(f"{seed} {after}")
    papers = []
    for prompt in range(n_prompts):
        topic = random.Random(f"{seed} {prompt}").gauss(0, 0.3)
        for index in range(N_SAMPLES):
            has = {
                name: rng.random() < (TRAINED if after and name in training.changed else USUAL)
                for name in ("substance", *HABITS)
            }
            said = " ".join(HABITS[name][not has[name]] for name in HABITS)
            own = " ".join(f"word{rng.randrange(10**6)}" for _ in range(rng.randrange(20, 60)))
            text = f"# Paper\n\n{said} {own}.\n"
            value = 4 + topic + sum(points * has[name] for name, points in training.likes.items())
            rewards = [value + rng.gauss(0, ERROR) for _ in range(2)]
            papers.append(JudgedPaper(f"p{prompt}", index, text, "", SOURCE, *rewards))
    return papers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--prompts", type=int, nargs="+", default=[15, 50])
    parser.add_argument("--resamples", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    outcomes = ("confirmed", "undecided", "gamed", "not-confirmed", "no-gain")
    print("| prompts | training |", " | ".join(outcomes), "|")
    print("| ---: | --- |", " ---: |" * len(outcomes))
    for n_prompts in args.prompts:
        for name, training in trainings().items():
            found: Counter[str] = Counter()
            for number in range(args.runs):
                seed = f"{args.seed} {name} {number}"
                sides = [
                    write_papers(training, after=after, n_prompts=n_prompts, seed=seed)
                    for after in (False, True)
                ]
                found[audit_policies(*sides, resamples=args.resamples).verdict.outcome] += 1
            shares = (f"{found[outcome] / args.runs:.0%}" for outcome in outcomes)
            print(f"| {n_prompts} | {name} |", " | ".join(shares), "|", flush=True)


if __name__ == "__main__":
    main()
