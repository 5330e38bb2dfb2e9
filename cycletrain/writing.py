"""References to papers: the plan, then simulated results, then the rest of the paper (Sec. 3.2).

Each turn is sampled until it can be read. A paper with a turn that stays unreadable is kept with
the reason. Where a reviewer model is given, the best of k papers is chosen (Figure 3).
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

from cycledata.errors import ParseError
from cycledata.formats.paper_text import (
    SYSTEM,
    CitedWork,
    Plan,
    parse_plan,
    parse_references,
    parse_rest,
    parse_results,
    render_references,
    render_results,
)
from cycledata.formats.rating_scales import ICLR_RATING
from cycledata.formats.review_messages import paper_as_text
from cycledata.formats.unreadable import Unreadable
from cycledata.records import Message, RatingScale, Section
from cycletrain.disclosure import check_disclosure
from cycletrain.generation import Generator
from cycletrain.latex_paper import assemble, text_as_paper
from cycletrain.preferences import Reward, Rollout
from cycletrain.reviewing import reward_papers
from cycletrain.sampling import ParsedCompletion, SamplingPlan, sample_readable
from cycletrain.simulated_results import experimenter_messages

T = TypeVar("T")
TURNS = 3
"""Completions per paper: the plan, the simulated results, the rest."""
_MAX_BYTES = 20_000_000


def read_references(path: Path) -> tuple[CitedWork, ...]:
    """Read the entries of a .bib file; an ``abstract`` field becomes the work's abstract.

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


def references_prompt(references: Sequence[CitedWork]) -> tuple[Message, ...]:
    """Return the opening turns for references that are not from a build."""
    return (
        Message(role="system", content=SYSTEM),
        Message(role="user", content=render_references(references)),
    )


def write_papers(
    generator: Generator,
    prompts: Sequence[tuple[str, tuple[Message, ...]]],
    *,
    n_samples: int,
    plan: SamplingPlan,
) -> list[Rollout]:
    """Sample papers for each prompt, in the order of the prompts.

    Args:
        generator: policy model; it also simulates the experiments.
        prompts: id and opening turns.
        n_samples: papers per prompt.
        plan: sampling, tries, batch size, seed, folder.
    """
    chats = {f"{pid}/{i}": chat for pid, chat in prompts for i in range(n_samples)}
    openings = dict(chats)
    failed: dict[str, str] = {}

    plans = _readable(
        sample_readable(generator, chats, parse_plan, name="plan", plan=plan), "plan", failed
    )
    setups = {key: experimenter_messages(parsed) for key, (_, parsed) in plans.items()}
    results = _readable(
        sample_readable(generator, setups, parse_results, name="results", plan=plan),
        "results",
        failed,
    )
    for key, (_, items) in results.items():
        plan_turn = Message(role="assistant", content=plans[key][0])
        results_turn = Message(role="user", content=render_results(items))
        chats[key] = (*openings[key], plan_turn, results_turn)
    open_chats = {key: chats[key] for key in results}
    rests = _readable(
        sample_readable(generator, open_chats, parse_rest, name="rest", plan=plan), "rest", failed
    )

    rollouts = []
    for key, opening in openings.items():
        prompt_id, _, index = key.rpartition("/")
        rollout = Rollout(
            prompt_id=prompt_id,
            index=int(index),
            turns=chats[key][len(opening) :],
            review_text=None,
            latex=None,
            unreadable=failed.get(key),
        )
        if key in rests:
            text, sections = rests[key]
            rollout = _finished(rollout, opening, plans[key][1], text, sections)
        rollouts.append(rollout)
    return rollouts


def _readable(
    completions: Mapping[str, ParsedCompletion[T]], turn: str, failed: dict[str, str]
) -> dict[str, tuple[str, T]]:
    """Return text and value of what could be read; add the other reasons to ``failed``."""
    read = {}
    for key, completion in completions.items():
        if isinstance(completion.value, Unreadable):
            failed[key] = f"{turn}: {completion.value.where}: {completion.value.why}"
        else:
            read[key] = (completion.text, completion.value)
    return read


def _finished(
    rollout: Rollout,
    opening: tuple[Message, ...],
    plan: Plan,
    text: str,
    rest: tuple[Section, ...],
) -> Rollout:
    references = parse_references(opening[1].content)
    cited = () if isinstance(references, Unreadable) else references
    name = f"{rollout.prompt_id}/{rollout.index}"
    paper = text_as_paper(plan.title, plan.abstract, (*plan.sections, *rest), name)
    assembled = assemble(plan, rest, cited, simulated=True)
    return rollout.model_copy(
        update={
            "turns": (*rollout.turns, Message(role="assistant", content=text)),
            "review_text": paper_as_text(paper),
            "latex": assembled.latex,
            "n_neutralised": assembled.n_neutralised,
        }
    )


class WrittenPaper(NamedTuple):
    """The chosen paper, and the papers it was chosen from."""

    best: Rollout
    rollouts: list[Rollout]
    rewards: list[Reward]
    """Empty without a reviewer."""


def write_paper(
    policy: Generator,
    references: tuple[CitedWork, ...],
    *,
    plan: SamplingPlan,
    n_samples: int = 1,
    reviewer: Generator | None = None,
    review_plan: SamplingPlan | None = None,
    n_reviewers: int = 4,
    scale: RatingScale = ICLR_RATING,
) -> WrittenPaper:
    """Write papers and keep the one with the highest reward (rejection sampling, Figure 3).

    Args:
        policy: researcher model.
        references: works that may be cited.
        plan: how the policy is sampled.
        n_samples: papers to choose from, k.
        reviewer: model that chooses; without one the first readable paper is taken.
        review_plan: how the reviewer is sampled.
        n_reviewers: simulated reviewers per paper.
        scale: rating scale that the reviewer was trained on.

    Raises:
        ParseError: ``unreadable``, no paper could be read or rewarded.
    """
    prompts = [("paper", references_prompt(references))]
    rollouts = write_papers(policy, prompts, n_samples=n_samples, plan=plan)
    readable = [rollout for rollout in rollouts if rollout.latex is not None]
    rewards: list[Reward] = []
    if reviewer is not None and review_plan is not None:
        rewards = reward_papers(
            reviewer, rollouts, n_reviewers=n_reviewers, plan=review_plan, scale=scale
        )
        ranked = {reward.index: reward.reward for reward in rewards if reward.reward is not None}
        readable = sorted(
            (rollout for rollout in readable if rollout.index in ranked),
            key=lambda rollout: (-ranked[rollout.index], rollout.index),
        )
    if not readable:
        found = [(row.index, row.unreadable) for row in rewards or rollouts]
        reasons = "; ".join(f"{index}: {why}" for index, why in found if why)
        raise ParseError("unreadable", f"none of {n_samples} papers could be used: {reasons[:500]}")
    best = readable[0]
    assert best.latex is not None
    check = check_disclosure(best.latex)
    if check.verdict != "present":
        raise ParseError("disclosure", f"the paper's disclosure is {check.verdict}: {check.detail}")
    return WrittenPaper(best, rollouts, rewards)
