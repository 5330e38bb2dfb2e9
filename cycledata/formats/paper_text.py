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
from collections.abc import Iterator, Sequence
from typing import Annotated, NamedTuple, Self, TypeVar

from pydantic import Field, TypeAdapter, ValidationError, model_validator

from cycledata.formats.escapes import Escape
from cycledata.formats.latex_block import check_latex, parse_latex_block, render_latex_block
from cycledata.formats.latex_json import read_latex_json, write_latex_json
from cycledata.formats.plan_split import count_first_half
from cycledata.formats.unreadable import Unreadable
from cycledata.records import (
    Message,
    Outline,
    Record,
    Reference,
    ResultItem,
    Section,
    SetupItem,
    first_problem,
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

_TEXTS = ("Motivation", "Main Idea")
_SCORES = ("Interestingness", "Feasibility", "Novelty")
_SETUP = "Experimental Setup"
_RESULTS = "Experimental_results"
_TITLES = {
    title.lower().replace("_", " "): title for title in (*_TEXTS, *_SCORES, _SETUP, _RESULTS)
}
_TITLE = "|".join(title.replace(" ", "[ _]") for title in _TITLES)
_STRUCTURE = (
    rf"(?:#{{2,3}}[ \t]{{1,4}}+\*{{0,2}}(?P<title>{_TITLE}):?\*{{0,2}}:?"
    r"|(?P<fence>`{3,})[ \t]{0,4}+(?P<kind>latex|json))[ \t\r]*+$"
)
_FLAGS = re.ASCII | re.IGNORECASE | re.MULTILINE
_LINE = re.compile(rf"^{_STRUCTURE}", _FLAGS)
_PROSE = Escape("\\", re.sub(r"\?P<\w+>", "?:", rf"(?i:{_STRUCTURE})"))
_TICKS = re.compile(r"^[ \t]{0,8}(`{3,})", re.MULTILINE)
_SCORE = re.compile(r"\*{0,2}(\d{1,3})\*{0,2}(?:[ \t]?/[ \t]?10)?(?![\d.,/])")
_BIBTEX = re.compile(r"@[A-Za-z]{1,40}[ \t]{0,8}[{(]")
_ENTRY = re.compile(r"^(?:(Abstract:)(?=[ \n]|\Z)|@(?=[A-Za-z]{1,40}[ \t]{0,8}[{(]))", re.MULTILINE)
_CITED = Escape("\\", r"Abstract:(?:[ \n]|\Z)|@[A-Za-z]{1,40}[ \t]{0,8}[{(]")
_SETUP_ITEMS = TypeAdapter(tuple[SetupItem, ...])
_RESULT_ITEMS = TypeAdapter(tuple[ResultItem, ...])
_Items = TypeVar("_Items")


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
        f"## Motivation\n{_PROSE.write(plan.motivation)}",
        f"## Main Idea\n{_PROSE.write(plan.main_idea)}",
        f"## Interestingness\n{plan.interestingness}",
        f"## Feasibility\n{plan.feasibility}",
        f"## Novelty\n{plan.novelty}",
        _fenced("latex", latex),
        f"## {_SETUP}\n{_fenced('json', write_latex_json(setup))}",
    ]
    return "\n\n".join(parts)


def parse_plan(text: str) -> Plan | Unreadable:
    """Return the plan of a model's first turn; text after the list of experiments is ignored."""
    parts = _read_parts(text, last="json")
    if isinstance(parts, Unreadable):
        return parts
    for title in (*_TEXTS, *_SCORES):
        if title not in parts:
            return Unreadable(f"## {title}", "expected the heading once, found none")
    scores = {title: _read_score(title, parts[title]) for title in _SCORES}
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
    setup = _read_items(f"## {_SETUP}", parts.get("json", parts.get(_SETUP)), _SETUP_ITEMS)
    if isinstance(setup, Unreadable):
        return setup
    return Plan(
        motivation=_PROSE.read(parts["Motivation"]),
        main_idea=_PROSE.read(parts["Main Idea"]),
        **{title.lower(): score for title, score in scores.items()},
        title=latex.title,
        abstract=latex.abstract,
        sections=latex.sections,
        experimental_setup=setup,
    )


def render_results(results: Sequence[ResultItem]) -> str:
    """Return the user's second turn."""
    items = [item.model_dump(exclude_none=True) for item in results]
    return f"## {_RESULTS}\n{_fenced('json', write_latex_json(items))}"


def parse_results(text: str) -> tuple[ResultItem, ...] | Unreadable:
    """Return the results in the user's second turn, from a paper or generated by a model."""
    parts = _read_parts(text, last="json")
    if isinstance(parts, Unreadable):
        return parts
    return _read_items(f"## {_RESULTS}", parts.get("json", parts.get(_RESULTS)), _RESULT_ITEMS)


def render_rest(sections: Sequence[Section]) -> str:
    """Return the assistant's second turn."""
    return _fenced("latex", render_latex_block(sections))


def parse_rest(text: str) -> tuple[Section, ...] | Unreadable:
    """Return the sections of a model's second turn; text after the block is ignored."""
    parts = _read_parts(text, last="latex")
    if isinstance(parts, Unreadable):
        return parts
    if "latex" not in parts:
        return Unreadable("```latex", "expected a block with the remaining sections, found none")
    block = parse_latex_block(parts["latex"])
    return block if isinstance(block, Unreadable) else block.sections


class _Part(NamedTuple):
    name: str
    body: str


def _read_parts(text: str, *, last: str) -> dict[str, str] | Unreadable:
    """Return bodies by heading or kind of block; nothing is read after the block ``last``."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        where = f"character {error.start + 1}"
        return Unreadable(where, "half of a surrogate pair, which no file can store")
    parts: dict[str, str] = {}
    for part in _parts(text):
        if isinstance(part, Unreadable):
            return part
        if part.name in parts:
            name = part.name if part.name in ("latex", "json") else f"## {part.name}"
            return Unreadable(name, "expected once, found twice")
        parts[part.name] = part.body
        if part.name == last:
            break
    return parts


def _parts(text: str) -> Iterator[_Part | Unreadable]:
    name, start = "", 0
    while True:
        line = _LINE.search(text, start)
        end = len(text) if line is None else line.start()
        if name:
            yield _Part(name, text[start:end])
        if line is None:
            return
        start = line.end()
        name = _TITLES[line["title"].lower().replace("_", " ")] if line["title"] else ""
        if not name:
            kind, n_ticks = line["kind"].lower(), len(line["fence"])
            close = _closing_fence(text, start, kind, n_ticks)
            if close is None:
                yield Unreadable(f"```{kind}", "the block is never closed: the text was cut")
                return
            yield _Part(kind, text[start + 1 : max(start + 1, close.start())].rstrip("\r\n"))
            start = close.end()


def _closing_fence(text: str, start: int, kind: str, n_ticks: int) -> re.Match[str] | None:
    """Return the fence that closes a block, on a line of its own or at the end of the last line.

    JSON has no line that ends in a bracket and backticks. In LaTeX such a line closes the block
    only if another block opens before the next closing line, or if there is none.
    """
    close = re.compile(rf"^`{{{n_ticks},}}+[ \t\r]*+$", re.MULTILINE).search(text, start)
    limit = len(text) if close is None else close.start()
    if kind == "json":
        inline = re.compile(rf"(?<=[\]}}])[ \t]{{0,4}}`{{{n_ticks}}}[ \t\r]*+$", re.MULTILINE)
        return inline.search(text, start, limit) or close
    opening = re.compile(rf"^`{{{n_ticks},}}[ \t]{{0,4}}(?:latex|json)[ \t\r]*+$", _FLAGS)
    opened = opening.search(text, start, limit)
    if opened is None and close is not None:
        return close
    inline = re.compile(rf"(?<=[^`\n])`{{{n_ticks}}}[ \t\r]*+$", re.MULTILINE)
    return inline.search(text, start, opened.start() if opened else limit) or close


def _fenced(kind: str, body: str) -> str:
    found = _TICKS.findall(body) if "```" in body else []
    ticks = max((len(run) for run in found), default=2)
    fence = "`" * max(3, ticks + 1)
    return f"{fence}{kind}\n{body}\n{fence}"


def _read_score(title: str, body: str) -> int | Unreadable:
    body = body.strip()
    found = _SCORE.match(body)
    if found is None or not 1 <= int(found[1]) <= 10:
        return Unreadable(f"## {title}", f"expected an integer from 1 to 10, found {body[:40]!r}")
    return int(found[1])


def _flat_item(item: object) -> object:
    """Return an experiment with its ``result`` one level up and its tables as text."""
    if not isinstance(item, dict):
        return item
    nested = item.get("result")
    if nested is None:
        flat = dict(item)
    else:
        inner = nested if isinstance(nested, dict) else {"description": nested}
        outer = {name: value for name, value in item.items() if name != "result"}
        if outer.keys() & inner.keys():
            return item
        flat = {**outer, **inner}
    table = flat.get("table")
    if isinstance(table, list):
        flat["table"] = "\n".join(_table_row(row) for row in table)
    return flat


def _table_row(row: object) -> str:
    """Return a row of a table that is given as a list, as LaTeX."""
    if not isinstance(row, list):
        return str(row)
    return " & ".join("" if cell is None else str(cell) for cell in row) + r" \\"


def _read_items(where: str, text: str | None, adapter: TypeAdapter[_Items]) -> _Items | Unreadable:
    if text is None:
        return Unreadable(where, "expected a fenced JSON list, found none")
    value = read_latex_json(text)
    if isinstance(value, Unreadable):
        return Unreadable(f"{where}, {value.where}", value.why)
    if isinstance(value, list):
        value = [_flat_item(item) for item in value]
    try:
        return adapter.validate_python(value)
    except ValidationError as error:
        problem = first_problem(error)
        return Unreadable(f"{where}, {problem.where}", problem.detail)
