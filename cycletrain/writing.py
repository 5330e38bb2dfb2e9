"""References in, a paper with its disclosure out; the best of k where a reviewer can choose."""

from pathlib import Path
from typing import NamedTuple

from cycledata.errors import ParseError
from cycledata.formats.paper_text import CitedWork
from cycletrain.generation import Generator
from cycletrain.jobs.reward import reward_papers
from cycletrain.jobs.rollout import Asking, references_prompt, write_papers
from cycletrain.latex_paper import check_disclosure
from cycletrain.preferences import Reward, Rollout

_MAX_BYTES = 20_000_000


def read_references(path: Path) -> tuple[CitedWork, ...]:
    """Entries of a .bib file; an ``abstract`` field becomes the work's abstract.

    Raises:
        ParseError: ``references``, a file without a readable entry.
    """
    from bibtexparser.entrypoint import parse_string, write_string
    from bibtexparser.library import Library
    from bibtexparser.writer import BibtexFormat

    if path.stat().st_size > _MAX_BYTES:
        raise ParseError("references", f"{path}: expected at most {_MAX_BYTES} bytes")
    as_in_builds = BibtexFormat()  # type: ignore[no-untyped-call]  # the library's own
    as_in_builds.indent, as_in_builds.trailing_comma = "  ", True
    library = parse_string(path.read_text(encoding="utf-8", errors="replace"))
    works = []
    for entry in library.entries:
        abstract = entry.pop("abstract")
        text = write_string(Library([entry]), bibtex_format=as_in_builds).strip()
        works.append(CitedWork(bibtex=text, abstract=None if abstract is None else abstract.value))
    if not works:
        n_failed = len(library.failed_blocks)
        raise ParseError("references", f"{path}: no readable entry, {n_failed} unreadable blocks")
    return tuple(works)


class Written(NamedTuple):
    """The chosen paper and all that it was chosen from."""

    best: Rollout
    rollouts: list[Rollout]
    rewards: list[Reward]
    """Empty where nobody reviewed."""


def write_paper(
    policy: Generator,
    references: tuple[CitedWork, ...],
    *,
    asking: Asking,
    n_samples: int = 1,
    reviewer: Generator | None = None,
    reviewing: Asking | None = None,
    n_reviewers: int = 4,
) -> Written:
    """Write papers and keep the one with the highest reward (rejection sampling, Figure 3).

    Args:
        policy: the researcher model.
        references: what may be cited.
        asking: sampling, tries, seed, folder of the policy.
        n_samples: papers to choose from, k.
        reviewer: who chooses; without one the first readable paper is taken.
        reviewing: sampling, tries, seed, folder of the reviewer.
        n_reviewers: reviewers asked for.

    Raises:
        ParseError: ``unreadable``, no paper could be read or rewarded.
    """
    prompts = [("paper", references_prompt(references))]
    rollouts = write_papers(policy, prompts, n_samples=n_samples, asking=asking)
    readable = [rollout for rollout in rollouts if rollout.latex is not None]
    rewards: list[Reward] = []
    if reviewer is not None and reviewing is not None:
        rewards = reward_papers(reviewer, rollouts, n_reviewers=n_reviewers, asking=reviewing)
        ranked = {reward.index: reward.reward for reward in rewards if reward.reward is not None}
        readable = sorted(
            (rollout for rollout in readable if rollout.index in ranked),
            key=lambda rollout: (-ranked[rollout.index], rollout.index),
        )
    if not readable:
        told = [(r.index, r.unreadable) for r in rewards or rollouts]
        reasons = "; ".join(f"{index}: {why}" for index, why in told if why)
        raise ParseError("unreadable", f"none of {n_samples} papers could be used: {reasons[:500]}")
    best = readable[0]
    assert best.latex is not None
    found = check_disclosure(best.latex)
    if found.verdict != "present":
        raise ParseError("disclosure", f"the paper's disclosure is {found.verdict}: {found.detail}")
    return Written(best, rollouts, rewards)
