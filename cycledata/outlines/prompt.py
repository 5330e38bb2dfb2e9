"""Requests for outlines: prompts from files, the schema, a paper cut to fit the context.

A hash over all three is part of the reply's key, so that a changed prompt is a new request and
recorded replies to the old one stay valid.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from cycledata.files import canonical_json
from cycledata.formats.unreadable import Unreadable
from cycledata.outlines.read import outline_schema
from cycledata.records import Message, Section

CHARS_PER_TOKEN = 3.0
"""Conservative estimate of LaTeX characters per token; callers may pass their tokenizer's."""
_FIT_RULE = "appendix from its end, then the longest sections cut to one length; 1"
_LEFT_OUT = "\n[{} characters left out]"
_MARK_CHARS = 40
"""Upper limit of the length of the line that states how much was left out."""


@dataclass(frozen=True, slots=True)
class PaperToOutline:
    """The parts of a paper that are shown to the model."""

    paper_id: str
    source: str
    """Source of the text, e.g. ``"2310.99915v1"``; recorded with the reply."""
    title: str
    abstract: str
    sections: tuple[Section, ...]


@cache
def _prompt(name: str) -> str:
    return (Path(__file__).parent / "prompts" / f"outline_{name}.txt").read_text("utf-8").strip()


@cache
def prompt_hash() -> str:
    """Return 16 hex digits that identify the prompts, the schema and the fitting rule."""
    asked = [_prompt("system"), _prompt("task"), _prompt("repair"), outline_schema(), _FIT_RULE]
    return hashlib.sha256(canonical_json(asked).encode()).hexdigest()[:16]


def prompt_budget(
    context_tokens: int, max_tokens: int, *, chars_per_token: float = CHARS_PER_TOKEN
) -> int:
    """Return how many characters of a paper fit a context with prompts and two completions.

    Raises:
        ValueError: replies and prompts alone fill the context.
    """
    prompts = sum(len(_prompt(name)) for name in ("system", "task", "repair"))
    budget = int((context_tokens - 2 * max_tokens) * chars_per_token) - prompts
    if budget < 1_000:
        raise ValueError(
            f"a context of {context_tokens} tokens less twice {max_tokens} for replies leaves "
            f"{budget} characters for the paper, at least 1000 are needed; lower max_tokens"
        )
    return budget


def first_messages(paper: PaperToOutline) -> tuple[Message, ...]:
    """Return the question about one paper that fits the context."""
    task = _prompt("task").replace("{paper}", paper_as_shown(paper))
    return (Message(role="system", content=_prompt("system")), Message(role="user", content=task))


def repair_messages(text: str, problem: Unreadable) -> tuple[Message, Message]:
    """Return the next turns: the completion and what is wrong with it."""
    said = _prompt("repair").replace("{where}", problem.where).replace("{why}", problem.why)
    return (Message(role="assistant", content=text), Message(role="user", content=said))


def paper_as_shown(paper: PaperToOutline) -> str:
    """Return the paper as one text, a heading before each section."""
    parts = [f"# {paper.title}", paper.abstract]
    for section in paper.sections:
        head = f"{'#' * (section.level + 1)} {section.title}\n" if section.title else ""
        parts.append(f"{head}{section.text}")
    return "\n\n".join(part for part in parts if part)


def fit_paper(paper: PaperToOutline, max_chars: int) -> PaperToOutline:
    """Return the paper within a budget: complete if it fits, else shortened by rule.

    Appendices go first, the last one before the others. If the body is still too long, its
    longest sections are cut at their end to one common length, which leaves short sections, such
    as the conclusion, whole. A cut section states how much is missing.

    Args:
        paper: with sections in order, appendix last.
        max_chars: budget for ``paper_as_shown``.
    """
    while len(paper_as_shown(paper)) > max_chars and paper.sections and paper.sections[-1].appendix:
        paper = replace(paper, sections=paper.sections[:-1])
    excess = len(paper_as_shown(paper)) - max_chars
    if excess <= 0:
        return paper
    lengths = [len(section.text) for section in paper.sections]
    cap = _common_length(lengths, max(sum(lengths) - excess - _MARK_CHARS * len(lengths), 0))
    return replace(paper, sections=tuple(_cut(section, cap) for section in paper.sections))


def _common_length(lengths: Sequence[int], total: int) -> int:
    """Return the greatest cap with ``sum(min(length, cap)) <= total``."""
    left, n_left = total, len(lengths)
    for length in sorted(lengths):
        if length * n_left > left:
            return left // n_left
        left -= length
        n_left -= 1
    return max(lengths, default=0)


def _cut(section: Section, cap: int) -> Section:
    n_out = len(section.text) - cap
    if n_out <= _MARK_CHARS:
        return section
    return section.model_copy(update={"text": section.text[:cap] + _LEFT_OUT.format(n_out)})
