"""The turns of CycleResearcher: nothing is lost on the way out and back, nothing is guessed."""

import json
import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cycledata.formats.paper_text import (
    INSTRUCTION,
    CitedWork,
    Plan,
    ResearchText,
    cited_works,
    parse_messages,
    parse_plan,
    parse_references,
    parse_rest,
    parse_results,
    render_messages,
    render_plan,
    render_rest,
)
from cycledata.formats.unreadable import Unreadable
from cycledata.records import Message, Outline, Reference, ResultItem, Section, SetupItem

# Lines that the format uses itself, in every disguise, besides ordinary text.
_LINES = st.sampled_from(
    [
        "## Motivation",
        "\\## Motivation",
        "### main idea: ",
        "## Experimental_results",
        "```latex",
        "````json",
        "```",
        "\\section{A}",
        "{}\\section{A}",
        " {} \\paragraph*{B} c",
        "\\title{T}",
        "\\begin{abstract}",
        "\\end{abstract}",
        "\\appendix",
        "Abstract: x",
        "@article{k,",
        "\\textsc{A} $\\tau$ \\\\",
        "",
        " ",
        "\\",
        "{}",
        "%",
        INSTRUCTION,
    ]
)
_TEXTS = st.lists(st.one_of(_LINES, st.text(max_size=8)), max_size=4).map("\n".join)
_TITLES = st.one_of(
    st.sampled_from(["", "Method", "Experiments", "\\textsc{A} {B}", "a\\{b", "\\section{A}"]),
    st.text(alphabet="ab \n%$&`#", max_size=6),
)


@st.composite
def _section_lists(draw: st.DrawFn) -> tuple[Section, ...]:
    n_body, n_appendix = draw(st.integers(0, 4)), draw(st.integers(0, 2))
    return tuple(
        Section(
            level=draw(st.integers(1, 5)),
            title=draw(_TITLES),
            text=draw(_TEXTS),
            starred=draw(st.booleans()),
            appendix=i >= n_body,
        )
        for i in range(n_body + n_appendix)
    )


_MARKS = st.integers(1, 10)
_PAPERS = st.builds(
    ResearchText,
    references=st.lists(
        st.builds(
            CitedWork,
            bibtex=_TEXTS.map(lambda text: "@article{k,\n" + text),
            abstract=st.one_of(st.none(), _TEXTS),
        ),
        max_size=3,
    ).map(tuple),
    outline=st.builds(
        Outline,
        motivation=_TEXTS,
        main_idea=_TEXTS,
        interestingness=_MARKS,
        feasibility=_MARKS,
        novelty=_MARKS,
        experimental_setup=st.lists(
            st.builds(SetupItem, name=_TEXTS, description=_TEXTS), max_size=2
        ).map(tuple),
        experimental_results=st.lists(
            st.builds(
                ResultItem,
                name=_TEXTS,
                description=_TEXTS,
                table=st.one_of(st.none(), _TEXTS),
                image=st.one_of(st.none(), _TEXTS),
            ),
            max_size=2,
        ).map(tuple),
    ),
    title=_TITLES,
    abstract=_TEXTS,
    sections=_section_lists(),
)
_JSON_BLOCK = re.compile(r"^(`{3,})json\n(.*?)\n\1$", re.MULTILINE | re.DOTALL)


def _plan(**changes: object) -> Plan:
    return Plan.model_validate(
        {
            "motivation": "Age is counted in steps.",
            "main_idea": "Count surprise.",
            "interestingness": 8,
            "feasibility": 7,
            "novelty": 10,
            "title": "Surprise Clocks",
            "abstract": "We count surprise.",
            "sections": (
                Section(level=1, title="Introduction", text="Off-policy agents \\citep{a}."),
                Section(level=2, title="Why", text="", starred=True),
                Section(level=1, title="Method", text="\\begin{align} x \\end{align}"),
            ),
            "experimental_setup": (
                SetupItem(name="Main", description="Against \\textsc{Uniform}"),
            ),
        }
        | changes
    )


@given(_PAPERS)
@settings(max_examples=150, deadline=None)
def test_every_paper_reads_back_from_its_turns(paper: ResearchText) -> None:
    assert parse_messages(render_messages(paper)) == paper


@given(_PAPERS)
@settings(max_examples=30, deadline=None)
def test_json_of_every_turn_is_valid_json(paper: ResearchText) -> None:
    messages = render_messages(paper)
    for message, items in (
        (messages[2], paper.outline.experimental_setup),
        (messages[3], paper.outline.experimental_results),
    ):
        last = list(_JSON_BLOCK.finditer(message.content))[-1]
        read = json.loads(last[2])
        assert [{k: v for k, v in item.items() if v is not None} for item in read] == [
            item.model_dump(exclude_none=True) for item in items
        ]


@given(_PAPERS)
@settings(max_examples=30, deadline=None)
def test_rendering_what_was_read_gives_the_same_text(paper: ResearchText) -> None:
    messages = render_messages(paper)
    again = parse_messages(messages)
    assert isinstance(again, ResearchText)
    assert render_messages(again) == messages


_PLAN_TEXT = r"""## Motivation
Age is counted in steps.

## Main Idea
Count surprise.

## Interestingness
8

## Feasibility
7

## Novelty
10

```latex
\title{Surprise Clocks}

\begin{abstract}
We count surprise.
\end{abstract}

\section{Introduction}
Off-policy agents \citep{a}.

\subsection*{Why}

\section{Method}
\begin{align} x \end{align}
```

## Experimental Setup
```json
[
  {
    "name": "Main",
    "description": "Against \\textsc{Uniform}"
  }
]
```"""


def test_plan_is_written_as_the_contract_says() -> None:
    assert render_plan(_plan()) == _PLAN_TEXT


def test_turns_hold_the_sections_on_their_side_of_the_method() -> None:
    sections = tuple(
        Section(level=1, title=title, text="x", appendix=title == "Proofs")
        for title in ("Introduction", "Method", "Experiments", "Conclusion", "Proofs")
    )
    outline = Outline(
        motivation="a",
        main_idea="b",
        interestingness=1,
        feasibility=1,
        novelty=1,
        experimental_setup=(),
        experimental_results=(),
    )
    paper = ResearchText(references=(), outline=outline, title="T", abstract="A", sections=sections)
    messages = render_messages(paper)
    assert [message.role for message in messages] == [
        "system",
        "user",
        "assistant",
        "user",
        "assistant",
    ]
    assert "\\section{Method}" in messages[2].content
    assert messages[4].content == (
        "```latex\n\\section{Experiments}\nx\n\n\\section{Conclusion}\nx\n\n\\appendix\n\n"
        "\\section{Proofs}\nx\n```"
    )
    assert messages[1].content == INSTRUCTION


def test_abstract_precedes_the_entry_it_belongs_to() -> None:
    known = Reference(
        key="a", paper_id=None, title=None, abstract="Known.", year=None, bibtex="@misc{a}\n"
    )
    text = render_messages(
        ResearchText(
            references=cited_works(
                [
                    known,
                    known.model_copy(update={"bibtex": "@misc{b}", "abstract": None}),
                    known.model_copy(update={"bibtex": "no entry"}),
                ]
            ),
            outline=Outline(
                motivation="",
                main_idea="",
                interestingness=1,
                feasibility=1,
                novelty=1,
                experimental_setup=(),
                experimental_results=(),
            ),
            title="",
            abstract="",
            sections=(),
        )
    )[1].content
    assert text == f"Abstract: Known.\n@misc{{a}}\n\n@misc{{b}}\n\n{INSTRUCTION}"


_GOOD = render_plan(_plan())
_SETUP_JSON = "## Experimental Setup, JSON, character"


@pytest.mark.parametrize(
    ("change", "field", "value"),
    [
        (lambda t: t.replace("\n8\n", "\n8/10\n"), "interestingness", 8),
        (lambda t: t.replace("\n10\n", "\n**10**\n"), "novelty", 10),
        (lambda t: t.replace("\n7\n", "\n7: can be done in a week\n"), "feasibility", 7),
        (lambda t: t.replace("## Motivation\n", "### motivation:\n\n\n"), "novelty", 10),
        (lambda t: "Sure! Here is the plan.\n\n" + t, "title", "Surprise Clocks"),
        (lambda t: t + "\n\n" + t + "\n\n## Novelty\n3", "novelty", 10),
        (lambda t: t.replace("\n", "\r\n"), "motivation", "Age is counted in steps."),
        (lambda t: t.replace("\\title", "\\documentclass{x}\n\\title"), "title", "Surprise Clocks"),
        (lambda t: t.replace("```latex", "```LaTeX"), "abstract", "We count surprise."),
        (
            lambda t: t.replace(
                "# Experimental Setup\n```json\n", "# Experimental_Setup\n"
            ).removesuffix("\n```"),
            "feasibility",
            7,
        ),
    ],
    ids=[
        "out-of-ten",
        "bold-mark",
        "mark-with-words",
        "other-heading-level",
        "preamble",
        "endless-repetition",
        "carriage-returns",
        "documentclass",
        "fence-in-capitals",
        "json-without-fence",
    ],
)
def test_harmless_malformation_of_a_plan_is_read(
    change: Callable[[str], str], field: str, value: object
) -> None:
    plan = parse_plan(change(_GOOD))
    assert isinstance(plan, Plan), plan
    assert getattr(plan, field) == value
    assert len(plan.sections) == 3


@pytest.mark.parametrize(
    ("change", "where", "why"),
    [
        (lambda t: t.replace("surprise", "\ud800"), "character", "half of a surrogate pair"),
        (lambda t: t.replace("Main\"", "\\ud800\""), "## Experimental Setup, JSON", "half of"),
        (lambda t: "", "## Motivation", "expected the heading once, found none"),
        (lambda t: t.replace("## Novelty\n10", ""), "## Novelty", "found none"),
        (lambda t: t.replace("\n10\n", "\n8.5\n"), "## Novelty", "an integer from 1 to 10"),
        (lambda t: t.replace("\n10\n", "\n11\n"), "## Novelty", "found '11"),
        (lambda t: t.replace("\n10\n", "\nhigh\n"), "## Novelty", "found 'high"),
        (lambda t: "## Novelty\n3\n" + t, "## Novelty", "expected once, found twice"),
        (lambda t: t[: t.index("\\section{Method}")], "```latex", "was cut"),
        (lambda t: t.replace("```latex", "```"), "```latex", "found none"),
        (lambda t: t.replace("\\title", "\\tittle"), "```latex", r"found no \title"),
        (lambda t: t.replace("{abstract}", "{summary}"), "```latex", "found no abstract"),
        (lambda t: t.replace("{Method}", "{Method"), "latex block, line 12", "never closed"),
        (lambda t: t[: t.index("## Experimental Setup")], "## Experimental Setup", "found none"),
        (lambda t: t.replace("\\\\textsc", "\\textsc"), _SETUP_JSON, "double backslashes"),
        (lambda t: t.replace("\\\\textsc", "\\alpha"), _SETUP_JSON, "Invalid"),
        (lambda t: t.replace('"name"', '"title"'), "## Experimental Setup, 0.name", "required"),
        (lambda t: t.replace("  }\n]", "  },\n]"), _SETUP_JSON, "found"),
    ],
    ids=[
        "half-character",
        "half-character-in-json",
        "empty",
        "missing-mark",
        "half-mark",
        "mark-too-high",
        "mark-in-words",
        "heading-twice",
        "cut-in-latex",
        "no-latex-fence",
        "no-title",
        "no-abstract",
        "open-group",
        "no-setup",
        "swallowed-command",
        "invalid-escape",
        "wrong-key",
        "trailing-comma",
    ],
)  # fmt: skip
def test_plan_that_would_need_a_guess_says_where_and_why(
    change: Callable[[str], str], where: str, why: str
) -> None:
    found = parse_plan(change(_GOOD))
    assert isinstance(found, Unreadable), found
    assert found.where.startswith(where)
    assert why in found.why


@pytest.mark.parametrize(
    ("parse", "text", "where"),
    [
        (parse_rest, "", "```latex"),
        (parse_rest, "```latex\n\\section{A}", "```latex"),
        (parse_results, "## Experimental_results\nnone yet", "## Experimental_results, JSON"),
        (parse_results, "", "## Experimental_results"),
        (parse_references, "@misc{a}", "references"),
        (parse_references, f"Abstract: a\n\nAbstract: b\n{INSTRUCTION}", "references"),
    ],
    ids=["no-rest", "cut-rest", "prose-results", "no-results", "no-instruction", "two-abstracts"],
)
def test_other_turns_say_where_they_cannot_be_read(
    parse: Callable[[str], object], text: str, where: str
) -> None:
    found = parse(text)
    assert isinstance(found, Unreadable), found
    assert found.where.startswith(where)


def test_turns_in_another_order_are_refused() -> None:
    found = parse_messages([Message(role="user", content="hi")])
    assert found == Unreadable(
        "turns", "expected system, then user and assistant twice, found ['user']"
    )


def test_text_after_an_appendix_without_heading_is_kept() -> None:
    assert parse_rest("```latex\n\\section{A}\na\n\\appendix\nlost?\n```") == (
        Section(level=1, title="A", text="a"),
        Section(level=1, title="", text="lost?", appendix=True),
    )


def test_text_before_the_first_heading_is_a_section_without_title() -> None:
    sections = (Section(level=1, title="", text="Letter."), Section(level=1, title="A", text="a"))
    assert render_rest(sections) == "```latex\nLetter.\n\n\\section{A}\na\n```"
    assert parse_rest(render_rest(sections)) == sections


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ([Section(level=1, title="a}b", text="")], "braces unbalanced"),
        ([Section(level=1, title="a\\", text="")], "braces unbalanced"),
        ([Section(level=1, title="a" * 5000, text="")], "too long"),
        ([Section(level=6, title="a", text="")], "found a section at 6"),
        (
            [
                Section(level=1, title="a", text="", appendix=True),
                Section(level=1, title="b", text=""),
            ],
            "comes after the appendix has begun",
        ),
    ],
    ids=["closing-brace", "trailing-backslash", "long", "level-six", "body-after-appendix"],
)
def test_what_latex_cannot_hold_is_no_record(sections: list[Section], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        _plan(sections=tuple(sections))


@pytest.mark.parametrize("unit", ["`", "\\", "{}", "#", "\\section{", "```latex\n", "@a{\n", " "])
def test_time_grows_with_the_length_and_no_faster(unit: str) -> None:
    text = unit * 100_000
    assert parse_plan(text) is not None
    paper = _plan(motivation=text, abstract=text)
    assert parse_plan(render_plan(paper)) == paper


_PIECES = st.sampled_from(
    [
        "## Motivation\n",
        "## Main Idea\nx\n",
        "## Interestingness\n3\n",
        "## Feasibility\n3\n",
        "## Novelty\n3\n",
        "```latex\n",
        "````json\n",
        "\n```\n",
        "\\title{T}\n\\begin{abstract}\nA\n\\end{abstract}\n",
        "\\section{A}\n",
        "\\title{",
        "\\appendix\n",
        '[{"name": "a", "description": "b"}]',
        "\ud800",
        "Abstract: a\n",
        "@misc{a}\n",
        INSTRUCTION,
    ]
)


@given(st.lists(st.one_of(_PIECES, st.text(max_size=6)), max_size=14).map("".join))
@settings(max_examples=150, deadline=None)
def test_any_text_is_read_or_told_why_not(text: str) -> None:
    plan = parse_plan(_GOOD.replace("Count surprise.", text) if "```" in text else text)
    assert isinstance(plan, Plan | Unreadable)
    for found in (parse_rest(text), parse_results(text), parse_references(text)):
        assert isinstance(found, tuple | Unreadable)
    if isinstance(plan, Plan):
        render_plan(plan).encode()
    user, rest = Message.model_construct(role="user", content=text), parse_rest(text)
    if isinstance(plan, Plan) and not isinstance(rest, Unreadable):
        turns = [Message.model_construct(role="assistant", content=t) for t in (_GOOD, text)]
        system = Message(role="system", content="")
        paper = parse_messages([system, user, turns[0], user, turns[1]])
        assert isinstance(paper, ResearchText | Unreadable)


ITEM = '{"name": "A", "description": "d"}'


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            f"## Experimental_results\n\n```json\n[{ITEM}]```", id="fence on the last line"
        ),
        pytest.param(f"## Experimental_results\n```json\n[{ITEM}]\n```\nDone.", id="text behind"),
        pytest.param(f"## Experimental_results\n```json [{ITEM}]```", id="all on one line"),
        pytest.param(f"## Experimental_results\n[{ITEM}]", id="no fence"),
        pytest.param(
            '## Experimental_results\n```json\n[{"name": "A", "result": {"description": "d"}}]```',
            id="one level down",
        ),
        pytest.param(
            '## Experimental_results\n```json\n[{"name": "A", "result": "d"}]\n```',
            id="a text alone",
        ),
    ],
)
def test_results_in_known_variants_are_read(text: str) -> None:
    assert parse_results(text) == (ResultItem(name="A", description="d"),)


def test_a_table_given_as_rows_is_read_as_latex() -> None:
    item = '{"name": "A", "result": {"table": [["M", "Acc"], ["x", 1]], "description": "d"}}'
    read = parse_results(f"## Experimental_results\n```json\n[{item}]```")
    assert not isinstance(read, Unreadable)
    assert read[0].table == "M & Acc \\\\\nx & 1 \\\\"


def test_a_result_given_twice_is_refused() -> None:
    item = '{"name": "A", "description": "a", "result": {"description": "b"}}'
    read = parse_results(f"## Experimental_results\n```json\n[{item}]\n```")
    assert isinstance(read, Unreadable)
    assert "result" in read.where


def test_a_latex_block_that_closes_on_its_last_line_ends_there() -> None:
    read = parse_rest("```latex\n\\section{A}\nText.```\n\n```json\n[]\n```")
    assert not isinstance(read, Unreadable)
    assert [(section.title, section.text) for section in read] == [("A", "Text.")]
