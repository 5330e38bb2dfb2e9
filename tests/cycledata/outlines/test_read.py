"""Outlines: read strictly, compared with their paper, made without a model."""

import json
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cycledata.errors import ParseError
from cycledata.formats.latex_json import write_latex_json
from cycledata.formats.paper_text import (
    CitedWork,
    ResearchText,
    parse_messages,
    render_messages,
)
from cycledata.formats.unreadable import Unreadable
from cycledata.outlines.extractive import UNINFORMED_RATING, extractive_outline
from cycledata.outlines.quality import OutlineQuality, check_outline
from cycledata.outlines.read import (
    Attempt,
    OutlineReply,
    SeededSampling,
    choose_outlines,
    outline_schema,
    parse_outline,
    read_outline_reply,
    recorded_outline,
)
from cycledata.parse.latex.paper import parse_eprint
from cycledata.records import Outline, ResultItem, Section, SetupItem

TABLE = (
    "\\begin{table}[t]\n\\begin{tabular}{lcc}\n\\cmidrule{2-3} Uniform & 71.4 & 412 \\\\\n"
    "\\textsc{Ours} & 78.90 & 1{,}255\n\\end{tabular}\n\\end{table}"
)
OUTLINE = Outline(
    motivation="Replay buffers count steps, and steps say nothing about what an agent has learned.",
    main_idea="Count surprise instead.",
    interestingness=7,
    feasibility=8,
    novelty=6,
    experimental_setup=(SetupItem(name="Driftwood", description="Twelve tasks, ten seeds."),),
    experimental_results=(
        ResultItem(name="Driftwood", description="Steps fall from 412 to 255.", table=TABLE),
    ),
)
PAPER = (
    Section(level=1, title="Introduction", text="Agents replay \\citep{a2020}.\n\nMore."),
    Section(level=1, title="Method", text="We count."),
    Section(level=1, title="Experiments", text=f"On the Driftwood suite.\n\n{TABLE}\n\nIt helps."),
    Section(level=2, title="Ablation", text="Without it, 69.5."),
    Section(level=1, title="Conclusion", text="Done."),
    Section(level=1, title="Proofs", text="QED.", appendix=True),
)


def _with(**changes: Any) -> str:
    return json.dumps(OUTLINE.model_dump(mode="json") | changes)


_TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip)


@given(_TEXT, _TEXT, st.integers(1, 10))
def test_outline_that_a_model_spells_out_is_read_without_loss(a: str, b: str, mark: int) -> None:
    outline = OUTLINE.model_copy(
        update={
            "motivation": a,
            "novelty": mark,
            "experimental_results": (ResultItem(name=b, description=a, table=b),),
        }
    )
    text = write_latex_json(outline.model_dump(mode="json"))
    assert parse_outline(text) == outline
    assert parse_outline(f"```json\n{text}\n```\n") == outline


@pytest.mark.parametrize(
    ("text", "where", "why"),
    [
        ("", "JSON, character 1", "Expecting value"),
        (_with(novelty="6"), "novelty", "valid integer"),
        (_with(novelty=6.0), "novelty", "valid integer"),
        (_with(novelty=True), "novelty", "valid integer"),
        (_with(novelty=0), "novelty", "greater than or equal to 1"),
        (_with(score=3), "score", "Extra inputs"),
        (_with(motivation=None), "motivation", "valid string"),
        (_with(motivation=" \n"), "motivation", "found a blank one"),
        (_with(experimental_setup=[]), "experimental_setup", "found none"),
        (_with(experimental_setup=[{"name": "A"}]), "experimental_setup.0.description", "required"),
        (
            _with(experimental_setup=[{"name": "A", "description": "x"}] * 2),
            "experimental_setup",
            "a name of its own",
        ),
        (_with(main_idea="a\ud800"), "JSON", "half of a surrogate pair"),
        ("[1]", "JSON", "object"),
        ("Sure!\n" + _with(), "JSON, character 1", "Expecting value"),
        (_with()[:-20], "JSON, character", "Unterminated string"),
    ],
    ids=[
        "empty", "number-in-quotes", "half-number", "truth-value", "mark-zero", "unknown-key",
        "null", "blank", "no-experiments", "no-description", "same-name", "lone-surrogate", "list",
        "preamble", "cut",
    ],
)  # fmt: skip
def test_reply_that_is_no_outline_says_where_and_why(text: str, where: str, why: str) -> None:
    found = parse_outline(text)
    assert isinstance(found, Unreadable)
    assert found.where.startswith(where)
    assert why in found.why


def test_schema_demands_every_field_and_nothing_else() -> None:
    def objects(node: Any) -> list[dict[str, Any]]:
        inner = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
        own = [node] if isinstance(node, dict) and node.get("type") == "object" else []
        return own + [found for value in inner for found in objects(value)]

    found = objects(outline_schema())
    assert len(found) == 3
    for node in found:
        assert node["required"] == list(node["properties"])
        assert node["additionalProperties"] is False


def _reply(
    outcome: Literal["outline", "refused"], *texts: str, paper: str = "p", model: str = "m"
) -> bytes:
    attempts = [
        Attempt(
            text=text,
            finish_reason="stop",
            served_model=None,
            n_prompt_tokens=None,
            n_reply_tokens=None,
            problem=None if text.startswith("{") else "JSON: no",
        )
        for text in texts
    ]
    reply = OutlineReply(
        paper_id=paper,
        source="v1",
        model=model,
        prompt_hash="0" * 16,
        sampling=SeededSampling(temperature=0, top_p=1, max_tokens=10, seed=0),
        n_chars=1,
        n_chars_shown=1,
        attempts=tuple(attempts),
        outcome=outcome,
    )
    return reply.model_dump_json().encode()


def test_recorded_conversation_gives_the_outline_it_ended_in() -> None:
    assert recorded_outline(read_outline_reply(_reply("outline", "no", _with()))) == OUTLINE


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (_reply("outline", "no"), "outcome and attempts disagree"),
        (_reply("refused", _with()), "outcome and attempts disagree"),
        (_reply("outline"), "outcome and attempts disagree"),
        (b"{}", "invalid or missing: paper_id"),
        (b"\x1f\x8b", "not a JSON object"),
    ],
    ids=["outline-without", "refused-with", "no-attempts", "no-record", "no-json"],
)
def test_payload_that_is_no_conversation_is_an_error(payload: bytes, message: str) -> None:
    with pytest.raises(ParseError, match=message):
        read_outline_reply(payload)


def test_outline_is_chosen_before_a_refusal_and_the_first_before_the_second() -> None:
    chosen = choose_outlines(
        [
            _reply("refused", "no", model="a"),
            _reply("outline", _with(), model="b"),
            _reply("outline", _with(novelty=1), model="c"),
            _reply("refused", "no", paper="q", model="d"),
        ]
    )
    assert {paper: reply.model for paper, reply in chosen.items()} == {"p": "b", "q": "d"}


def test_outline_that_keeps_to_its_paper_has_nothing_held_against_it() -> None:
    found = check_outline(OUTLINE, title="Surprise", abstract="From 412 to 255.", sections=PAPER)
    assert found == OutlineQuality(
        n_numbers=5,  # 412, 255, 71.4, 78.9, 1255: layout like {2-3} is no result
        numbers_not_in_paper=(),
        n_experiments=1,
        names_not_in_paper=(),
        results_without_setup=(),
        n_sentences=1,
        copied_sentences=(),
    )


def test_what_the_paper_does_not_say_is_named() -> None:
    copied = "An agent that learns nothing has not moved away from its old data."
    outline = OUTLINE.model_copy(
        update={
            "motivation": f"It matters. {copied}",
            "experimental_setup": (SetupItem(name="Robot arm", description="x"),),
            "experimental_results": (
                ResultItem(name="driftwood", description="Gains 99.5\\% and 1,255.", image="700"),
            ),
        }
    )
    paper = (*PAPER, Section(level=1, title="More", text=copied.replace(" old", "\n\\emph{old}")))
    found = check_outline(outline, title="T", abstract="", sections=paper)
    assert found.numbers_not_in_paper == ("99.5", "700")
    assert found.names_not_in_paper == ("Robot arm",)
    assert found.results_without_setup == ("driftwood",)
    assert found.copied_sentences == (copied,)


def test_extractive_outline_takes_what_stands_under_experimental_headings() -> None:
    outline = extractive_outline(abstract="We count.", sections=PAPER)
    assert outline.motivation == "Agents replay \\citep{a2020}."
    assert outline.main_idea == "We count."
    assert {outline.interestingness, outline.feasibility, outline.novelty} == {UNINFORMED_RATING}
    assert outline.experimental_setup == (
        SetupItem(name="Experiments", description="On the Driftwood suite."),
        SetupItem(name="Ablation", description="Without it, 69.5."),
    )
    assert outline.experimental_results == (
        ResultItem(name="Experiments", description="It helps.", table=TABLE),
        ResultItem(name="Ablation", description="Without it, 69.5.", table=None),
    )


def test_extractive_outline_invents_no_number() -> None:
    outline = extractive_outline(abstract="We count.", sections=PAPER)
    found = check_outline(outline, title="T", abstract="We count.", sections=PAPER)
    assert found.numbers_not_in_paper == ()


@given(
    st.lists(
        st.builds(
            Section,
            level=st.integers(1, 3),
            title=st.sampled_from(["", "Results", "Results (2)", "Method", "Conclusion"]),
            text=st.sampled_from(["", "a\n\nb", "\\begin{table}", TABLE]),
        )
    )
)
def test_extractive_outline_of_anything_has_distinct_names(sections: list[Section]) -> None:
    outline = extractive_outline(abstract="", sections=sections)
    names = [item.name for item in outline.experimental_setup]
    assert len(set(names)) == len(names)
    assert names == [item.name for item in outline.experimental_results]


@pytest.mark.shared_data
def test_real_papers_become_turns_and_come_back(shared_data: Path) -> None:
    eprints = sorted((shared_data / "latex" / "eprints").iterdir())[::5]
    assert len(eprints) >= 15
    for path in eprints:
        paper = parse_eprint(path.read_bytes(), file=path.name)
        outline = extractive_outline(abstract=paper.abstract, sections=paper.sections)
        text = ResearchText(
            references=tuple(
                CitedWork(bibtex=entry.bibtex, abstract=None) for entry in paper.bibliography
            ),
            outline=outline,
            title=paper.title,
            abstract=paper.abstract,
            sections=paper.sections,
        )
        assert parse_messages(render_messages(text)) == text, path.name
        told = check_outline(
            outline, title=paper.title, abstract=paper.abstract, sections=paper.sections
        )
        assert told.numbers_not_in_paper == (), path.name
