"""Papers from references (Sec. 3.2): the plan, then simulated results, then the rest.

Each turn is asked for until it can be read, ``tries`` times at most, with a new seed each time.
A paper one of whose turns stays unreadable is kept as such, with where and why.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

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
from cycledata.formats.review_messages import paper_as_text
from cycledata.formats.unreadable import Unreadable
from cycledata.load import iterate_rows
from cycledata.records import Message, Section
from cycletrain.config import RolloutConfig, Sampling
from cycletrain.generation import Generator, Request, generate, open_generator, seed_of
from cycletrain.latex_paper import assemble, text_as_paper
from cycletrain.preferences import Rollout
from cycletrain.rows import write_rows
from cycletrain.run_record import RunRecord, close_run, open_run
from cycletrain.simulated_results import experimenter_messages

T = TypeVar("T")


def run(config: RolloutConfig) -> RunRecord:
    """Sample papers for the prompts of a build; writes ``out/rollouts.jsonl``."""
    record = open_run("rollout", config)
    prompts = read_prompts(config.build, config.split, config.limit)
    rollouts = write_papers(
        open_generator(config.model),
        prompts,
        n_samples=config.n_samples,
        asking=Asking(config.sampling, config.tries, config.batch_size, config.seed, config.out),
    )
    write_rows(config.out / "rollouts.jsonl", rollouts)
    counts = {"prompts": len(prompts), **count_rollouts(rollouts)}
    return close_run(config.out, record.model_copy(update={"counts": counts}))


def read_prompts(
    build: Path, split: str, limit: int | None
) -> list[tuple[str, tuple[Message, ...]]]:
    """Paper id and opening turns (system, references) of a build's papers, in its order."""
    prompts = []
    for row in iterate_rows(build, "default", split, ["paper_id", "messages"]):
        messages = tuple(Message.model_validate(message) for message in row["messages"][:2])
        prompts.append((str(row["paper_id"]), messages))
    return prompts[:limit]


def references_prompt(references: Sequence[CitedWork]) -> tuple[Message, ...]:
    """The opening turns for references that come from elsewhere."""
    return (
        Message(role="system", content=SYSTEM),
        Message(role="user", content=render_references(references)),
    )


class Asking(NamedTuple):
    """How a model is asked."""

    sampling: Sampling
    tries: int
    """Attempts at one text."""
    batch_size: int
    seed: int
    folder: Path
    """Where every answer is kept."""


class Answered(NamedTuple, Generic[T]):
    """The last answer to one question."""

    text: str
    value: T | Unreadable
    """What it says, or why it cannot be read."""
    n_tries: int


def ask(
    generator: Generator,
    questions: Mapping[str, tuple[Message, ...]],
    parse: Callable[[str], T | Unreadable],
    *,
    name: str,
    asking: Asking,
) -> dict[str, Answered[T]]:
    """Ask until an answer can be read, a few times at most.

    Args:
        generator: the model.
        questions: chats by id.
        parse: reads an answer.
        name: of the files that keep the answers, one per attempt.
        asking: sampling, tries, seed, folder.

    Returns:
        The last answer by id, in the questions' order.
    """
    found: dict[str, Answered[T]] = {}
    open_ids = list(questions)
    for attempt in range(1, asking.tries + 1):
        requests = [
            Request(key, questions[key], seed_of(asking.seed, name, key, attempt))
            for key in open_ids
        ]
        path = asking.folder / f"{name}-{attempt}.jsonl"
        texts = generate(generator, requests, asking.sampling, path, batch_size=asking.batch_size)
        for key in open_ids:
            full = texts[key].finish == "no-room"
            value = Unreadable("prompt", "it fills the context") if full else parse(texts[key].text)
            found[key] = Answered(texts[key].text, value, attempt)
        open_ids = [key for key in open_ids if isinstance(found[key].value, Unreadable)]
        if not open_ids:
            break
    return {key: found[key] for key in questions}


def write_papers(
    generator: Generator,
    prompts: Sequence[tuple[str, tuple[Message, ...]]],
    *,
    n_samples: int,
    asking: Asking,
) -> list[Rollout]:
    """Sample papers for each prompt, in the order of the prompts.

    Args:
        generator: the policy model; it stands in for the experimenter too.
        prompts: id and opening turns.
        n_samples: papers per prompt.
        asking: sampling, tries, seed, folder.
    """
    chats = {f"{pid}/{i}": chat for pid, chat in prompts for i in range(n_samples)}
    openings = dict(chats)
    failed: dict[str, str] = {}

    plans = _readable(ask(generator, chats, parse_plan, name="plan", asking=asking), "plan", failed)
    setups = {key: experimenter_messages(plan) for key, (_, plan) in plans.items()}
    results = _readable(
        ask(generator, setups, parse_results, name="results", asking=asking), "results", failed
    )
    for key, (_, items) in results.items():
        plan_turn = Message(role="assistant", content=plans[key][0])
        told = Message(role="user", content=render_results(items))
        chats[key] = (*openings[key], plan_turn, told)
    open_chats = {key: chats[key] for key in results}
    rests = _readable(
        ask(generator, open_chats, parse_rest, name="rest", asking=asking), "rest", failed
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
    answers: Mapping[str, Answered[T]], turn: str, failed: dict[str, str]
) -> dict[str, tuple[str, T]]:
    """Text and value of what could be read; the others' reasons go into ``failed``."""
    read = {}
    for key, answer in answers.items():
        if isinstance(answer.value, Unreadable):
            failed[key] = f"{turn}: {answer.value.where}: {answer.value.why}"
        else:
            read[key] = (answer.text, answer.value)
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
    return rollout.model_copy(
        update={
            "turns": (*rollout.turns, Message(role="assistant", content=text)),
            "review_text": paper_as_text(paper),
            "latex": assemble(plan, rest, cited, simulated=True),
        }
    )


def count_rollouts(rollouts: Sequence[Rollout]) -> dict[str, int]:
    """Papers, and the turn at which the unreadable ones failed."""
    counts = {"papers": len(rollouts), "papers_unreadable": 0}
    for rollout in rollouts:
        if rollout.unreadable is not None:
            turn = rollout.unreadable.partition(":")[0]
            counts["papers_unreadable"] += 1
            key = f"papers_unreadable_{turn}"
            counts[key] = counts.get(key, 0) + 1
    return counts
