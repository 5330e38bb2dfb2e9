"""Chats to parsed values: a completion that cannot be read is sampled again with another seed."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

from cycledata.console import TimeLeft, time_left
from cycledata.formats.unreadable import Unreadable
from cycledata.llm.chat import ChatRequest, Sampling
from cycledata.records import Message
from cycletrain.generation import Generator, generate, seed_of

T = TypeVar("T")
log = logging.getLogger(__name__)
_NOT_COMPLETED = {"no-room": "it fills the context", "rejected": "the endpoint rejected it"}


@dataclass(frozen=True, slots=True)
class SamplingPlan:
    """How completions are sampled and where they are recorded."""

    sampling: Sampling
    tries: int
    """Attempts at one readable completion."""
    batch_size: int
    """Requests generated together."""
    seed: int
    folder: Path
    """Folder of the recorded completions."""


class ParsedCompletion(NamedTuple, Generic[T]):
    """The last completion of one chat, parsed."""

    text: str
    value: T | Unreadable
    n_tries: int
    """Attempts made, at least 1."""


def sample_readable(
    generator: Generator,
    chats: Mapping[str, tuple[Message, ...]],
    parse: Callable[[str], T | Unreadable],
    *,
    name: str,
    plan: SamplingPlan,
) -> dict[str, ParsedCompletion[T]]:
    """Sample completions until they can be read, at most ``plan.tries`` times each.

    Args:
        generator: model.
        chats: chats by id.
        parse: parser of one completion.
        name: prefix of the files that record the completions, one file per attempt.
        plan: sampling, tries, batch size, seed, folder.

    Returns:
        The last completion by id, in the order of ``chats``.
    """
    found: dict[str, ParsedCompletion[T]] = {}
    open_ids = list(chats)
    for attempt in range(1, plan.tries + 1):
        requests = [
            ChatRequest(key, chats[key], seed_of(plan.seed, name, key, attempt)) for key in open_ids
        ]
        path = plan.folder / f"{name}-{attempt}.jsonl"
        rows = generate(
            generator,
            requests,
            plan.sampling,
            path,
            batch_size=plan.batch_size,
            on_progress=log_progress(f"{name}, attempt {attempt}"),
        )
        for key in open_ids:
            text = rows[key].text
            problem = _NOT_COMPLETED.get(rows[key].finish_reason or "")
            value = Unreadable("prompt", problem) if problem else parse(text)
            found[key] = ParsedCompletion(text, value, attempt)
        open_ids = [key for key in open_ids if isinstance(found[key].value, Unreadable)]
        if not open_ids:
            break
    return {key: found[key] for key in chats}


def log_progress(step: str) -> Callable[[int, int], None]:
    """Return a callback that logs items done, items in total and the time left."""
    estimate = TimeLeft()

    def show(done: int, total: int) -> None:
        left = time_left(estimate.after(done, total)) if done < total else ""
        log.info("%s: %s of %s%s", step, done, total, f", {left}" if left else "")

    return show
