r"""A paper and its outline <-> the turns in which CycleResearcher reads and writes them.

The user gives references, the assistant plans and writes up to the method, the user gives the
results, the assistant writes the rest (Section 3.1 of the paper)::

    Abstract: ...                 ## Motivation             ## Experimental_results    ```latex
    @article{...}                 ...                       ```json                    \section{...}
                                  ## Novelty                [...]                      ...
    <the instruction>             8                         ```                        ```
                                  ```latex
                                  \title{...} ...
                                  ```
                                  ## Experimental Setup
                                  ```json ...

``parse_messages(render_messages(x)) == x`` for every ``ResearchText``. A line of a text that looks
like a line of the format is escaped: by a backslash in prose, by an empty group ``{}`` in
LaTeX. A fence is longer than any in its block. Lines end at ``"\n"`` only.
"""

import re
from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import Field, TypeAdapter, model_validator

from cycledata.formats.escapes import Escape
from cycledata.formats.latex_block import check_latex, parse_latex_block, render_latex_block
from cycledata.formats.latex_json import write_latex_json
from cycledata.formats.plan_split import count_first_half
from cycledata.formats.turn_items import read_items
from cycledata.formats.turn_parts import PROSE, RESULTS, SCORES, SETUP, TEXTS, fenced, read_parts
from cycledata.formats.unreadable import Unreadable
from cycledata.records import (
    Message,
    Outline,
    Record,
    Reference,
    ResultItem,
    Section,
    SetupItem,
)

SYSTEM = (
    "You are a researcher who plans and writes machine learning papers. You are given related work"
    " as BibTeX entries, most of them with their abstracts. First say what is missing in it"
    " (## Motivation) and what you propose (## Main Idea), rate the proposal from 1 to 10"
    " (## Interestingness, ## Feasibility, ## Novelty), write the title, the abstract and the"
    " sections up to the method in one latex block, and plan the experiments as a JSON list"
    " (## Experimental Setup). You are then given what the experiments found, and write the"
    " remaining sections in one latex block. Cite with the keys of the entries."
)
INSTRUCTION = "Plan a paper that builds on the work above, and write it up to the method."

_SCORE = re.compile(r"\*{0,2}(\d{1,3})\*{0,2}(?:[ \t]?/[ \t]?10)?(?![\d.,/])")
_BIBTEX = re.compile(r"@[A-Za-z]{1,40}[ \t]{0,8}[{(]")
_ENTRY = re.compile(r"^(?:(Abstract:)(?=[ \n]|\Z)|@(?=[A-Za-z]{1,40}[ \t]{0,8}[{(]))", re.MULTILINE)
_CITED = Escape("\\", r"Abstract:(?:[ \n]|\Z)|@[A-Za-z]{1,40}[ \t]{0,8}[{(]")
_SETUP_ITEMS = TypeAdapter(tuple[SetupItem, ...])
_RESULT_ITEMS = TypeAdapter(tuple[ResultItem, ...])


class CitedWork(Record):
    """One cited work as it is shown to a model."""

    bibtex: str
    """The entry; begins with ``@type{``."""
    abstract: str | None
    """None if unknown or withheld."""

    @model_validator(mode="after")
    def _is_bibtex(self) -> Self:
        if not _BIBTEX.match(self.bibtex):
            raise ValueError(f"expected a BibTeX entry, found {self.bibtex[:40]!r}")
        return self


class Plan(Record):
    """The assistant's first turn: everything before results are known."""

    motivation: str
    main_idea: str
    interestingness: Annotated[int, Field(ge=1, le=10)]
    feasibility: Annotated[int, Field(ge=1, le=10)]
    novelty: Annotated[int, Field(ge=1, le=10)]
    title: str
    abstract: str
    sections: tuple[Section, ...]
    """The sections up to the method."""
    experimental_setup: tuple[SetupItem, ...]

    @model_validator(mode="after")
    def _fits_latex(self) -> Self:
        check_latex(self.title, self.sections)
        return self


class ResearchText(Record):
    """One paper as it is trained on: references, outline and main text."""

    references: tuple[CitedWork, ...]
    outline: Outline
    title: str
    abstract: str
    sections: tuple[Section, ...]
    """All sections; ``count_first_half`` returns how many belong to the first turn."""

    @model_validator(mode="after")
    def _fits_latex(self) -> Self:
        check_latex(self.title, self.sections)
        return self


def cited_works(references: Sequence[Reference]) -> tuple[CitedWork, ...]:
    """Return references as the first turn shows them; one without a BibTeX entry is left out."""
    entries = ((r.bibtex.strip(), r.abstract) for r in references)
    return tuple(CitedWork(bibtex=b, abstract=a) for b, a in entries if _BIBTEX.match(b))


def render_messages(paper: ResearchText) -> tuple[Message, ...]:
    """Return the five turns: system, user, assistant, user, assistant."""
    n_first = count_first_half(paper.sections)
    outline = paper.outline
    plan = Plan(
        motivation=outline.motivation,
        main_idea=outline.main_idea,
        interestingness=outline.interestingness,
        feasibility=outline.feasibility,
        novelty=outline.novelty,
        title=paper.title,
        abstract=paper.abstract,
        sections=paper.sections[:n_first],
        experimental_setup=outline.experimental_setup,
    )
    return (
        Message(role="system", content=SYSTEM),
        Message(role="user", content=render_references(paper.references)),
        Message(role="assistant", content=render_plan(plan)),
        Message(role="user", content=render_results(outline.experimental_results)),
        Message(role="assistant", content=render_rest(paper.sections[n_first:])),
    )


def parse_messages(messages: Sequence[Message]) -> ResearchText | Unreadable:
    """Return the paper of five turns, or why the first unreadable turn cannot be read."""
    roles = [message.role for message in messages]
    if roles != ["system", "user", "assistant", "user", "assistant"]:
        return Unreadable("turns", f"expected system, then user and assistant twice, found {roles}")
    texts = [message.content for message in messages]
    references = parse_references(texts[1])
    if isinstance(references, Unreadable):
        return references
    plan = parse_plan(texts[2])
    if isinstance(plan, Unreadable):
        return plan
    results = parse_results(texts[3])
    if isinstance(results, Unreadable):
        return results
    rest = parse_rest(texts[4])
    if isinstance(rest, Unreadable):
        return rest
    if any(section.appendix for section in plan.sections) and not all(s.appendix for s in rest):
        return Unreadable("latex blocks", "the body goes on after the appendix has begun")
    return ResearchText(
        references=references,
        outline=Outline(
            motivation=plan.motivation,
            main_idea=plan.main_idea,
            interestingness=plan.interestingness,
            feasibility=plan.feasibility,
            novelty=plan.novelty,
            experimental_setup=plan.experimental_setup,
            experimental_results=results,
        ),
        title=plan.title,
        abstract=plan.abstract,
        sections=plan.sections + rest,
    )


def render_references(references: Sequence[CitedWork]) -> str:
    """Return the user's first turn: each entry after its abstract, if known; the instruction."""
    parts = []
    for work in references:
        known = "" if work.abstract is None else f"Abstract: {_CITED.write(work.abstract)}\n"
        parts.append(f"{known}@{_CITED.write(work.bibtex[1:])}")
    return "\n\n".join([*parts, INSTRUCTION])


def parse_references(text: str) -> tuple[CitedWork, ...] | Unreadable:
    """Return the cited works of the user's first turn."""
    if not text.endswith(INSTRUCTION):
        return Unreadable(
            "references", f"expected {INSTRUCTION!r} at the end, found {text[-40:]!r}"
        )
    text = text.removesuffix(INSTRUCTION)
    starts = list(_ENTRY.finditer(text))
    works: list[CitedWork] = []
    abstract: str | None = None
    for number, start in enumerate(starts):
        end = starts[number + 1].start() if number + 1 < len(starts) else len(text)
        body = _CITED.read(text[start.end() : end])
        if start[1]:
            if abstract is not None:
                return Unreadable("references", f"an abstract without entry: {abstract[:40]!r}")
            abstract = body
        else:
            works.append(CitedWork(bibtex=f"@{body}", abstract=abstract))
            abstract = None
    return tuple(works)


def render_plan(plan: Plan) -> str:
    """Return the assistant's first turn."""
    latex = render_latex_block(plan.sections, title=plan.title, abstract=plan.abstract)
    setup = [item.model_dump() for item in plan.experimental_setup]
    parts = [
        f"## Motivation\n{PROSE.write(plan.motivation)}",
        f"## Main Idea\n{PROSE.write(plan.main_idea)}",
        f"## Interestingness\n{plan.interestingness}",
        f"## Feasibility\n{plan.feasibility}",
        f"## Novelty\n{plan.novelty}",
        fenced("latex", latex),
        f"## {SETUP}\n{fenced('json', write_latex_json(setup))}",
    ]
    return "\n\n".join(parts)


def parse_plan(text: str) -> Plan | Unreadable:
    """Return the plan of a model's first turn; text after the list of experiments is ignored."""
    parts = read_parts(text, last="json")
    if isinstance(parts, Unreadable):
        return parts
    for title in (*TEXTS, *SCORES):
        if title not in parts:
            return Unreadable(f"## {title}", "expected the heading once, found none")
    scores = {title: _read_score(title, parts[title]) for title in SCORES}
    for score in scores.values():
        if isinstance(score, Unreadable):
            return score
    if "latex" not in parts:
        return Unreadable("```latex", "expected a block after the ratings, found none")
    latex = parse_latex_block(parts["latex"])
    if isinstance(latex, Unreadable):
        return latex
    if latex.title is None or latex.abstract is None:
        missing = "\\title" if latex.title is None else "abstract"
        return Unreadable("```latex", f"expected a title and an abstract, found no {missing}")
    setup = read_items(f"## {SETUP}", parts.get("json", parts.get(SETUP)), _SETUP_ITEMS)
    if isinstance(setup, Unreadable):
        return setup
    return Plan(
        motivation=PROSE.read(parts["Motivation"]),
        main_idea=PROSE.read(parts["Main Idea"]),
        **{title.lower(): score for title, score in scores.items()},
        title=latex.title,
        abstract=latex.abstract,
        sections=latex.sections,
        experimental_setup=setup,
    )


def render_results(results: Sequence[ResultItem]) -> str:
    """Return the user's second turn."""
    items = [item.model_dump(exclude_none=True) for item in results]
    return f"## {RESULTS}\n{fenced('json', write_latex_json(items))}"


def parse_results(text: str) -> tuple[ResultItem, ...] | Unreadable:
    """Return the results in the user's second turn, from a paper or generated by a model."""
    parts = read_parts(text, last="json")
    if isinstance(parts, Unreadable):
        return parts
    return read_items(f"## {RESULTS}", parts.get("json", parts.get(RESULTS)), _RESULT_ITEMS)


def render_rest(sections: Sequence[Section]) -> str:
    """Return the assistant's second turn."""
    return fenced("latex", render_latex_block(sections))


def parse_rest(text: str) -> tuple[Section, ...] | Unreadable:
    """Return the sections of a model's second turn; text after the block is ignored."""
    parts = read_parts(text, last="latex")
    if isinstance(parts, Unreadable):
        return parts
    if "latex" not in parts:
        return Unreadable("```latex", "expected a block with the remaining sections, found none")
    block = parse_latex_block(parts["latex"])
    return block if isinstance(block, Unreadable) else block.sections


def _read_score(title: str, body: str) -> int | Unreadable:
    body = body.strip()
    found = _SCORE.match(body)
    if found is None or not 1 <= int(found[1]) <= 10:
        return Unreadable(f"## {title}", f"expected an integer from 1 to 10, found {body[:40]!r}")
    return int(found[1])
