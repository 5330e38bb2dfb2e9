"""Asking a model for outlines: every paper ends in one record, whatever the server answers."""

import datetime as dt
import json
import sys
import types
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Protocol

import pytest

from cycledata.errors import FetchError, RequestRejectedError
from cycledata.llm.chat import ChatRequest, Completion, Sampling
from cycledata.llm.endpoint import MALFORMED_TRIES, ChatEndpoint
from cycledata.llm.vllm import VllmModel
from cycledata.outlines.ask import (
    OutlineReport,
    extract_outlines,
    outline_key,
    outline_response_schema,
)
from cycledata.outlines.prompt import (
    PaperToOutline,
    fit_paper,
    paper_as_shown,
    prompt_budget,
)
from cycledata.outlines.read import (
    OutlineReply,
    outline_schema,
    read_outline_reply,
    recorded_outline,
)
from cycledata.records import Outline, Section
from cycledata.snapshot.open import OpenSnapshot

NOON = dt.datetime(2026, 11, 1, 12, tzinfo=dt.UTC)
OUTLINE: dict[str, Any] = {
    "motivation": "Replay buffers count steps, which says nothing about what was learned.",
    "main_idea": "Count surprise instead of steps.",
    "interestingness": 7,
    "feasibility": 8,
    "novelty": 6,
    "experimental_setup": [{"name": "Main", "description": "Twelve tasks, ten seeds."}],
    "experimental_results": [
        {"name": "Main", "description": "78.9.", "table": "\\textsc{A} & 78.9 \\\\", "image": None}
    ],
}
GOOD = json.dumps(OUTLINE)
SWALLOWED = GOOD.replace("\\\\textsc", "\\textsc")
ERROR_400 = (400, {"error": {"message": "the prompt is too long", "type": "invalid", "code": 400}})


def answer(text: str | None, finish: str = "stop", **message: object) -> tuple[int, dict[str, Any]]:
    """What an OpenAI-compatible server sends."""
    choice = {
        "index": 0,
        "finish_reason": finish,
        "message": {"role": "assistant", "content": text, **message},
    }
    usage = {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30}
    return 200, {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "served",
        "choices": [choice],
        "usage": usage,
    }


class Server(Protocol):
    """See ``ModelServer`` in the conftest."""

    url: str
    asked: list[dict[str, Any]]

    def close(self) -> None: ...


Play = Callable[[dict[str, list[tuple[int, Any]]]], Server]


def paper(title: str = "p1") -> PaperToOutline:
    return PaperToOutline(
        title, "v1", title, "We count.", (Section(level=1, title="A", text="Text."),)
    )


def ask(
    server: Server, snapshot: OpenSnapshot, *papers: PaperToOutline, **options: Any
) -> OutlineReport:
    backend = ChatEndpoint(
        server.url,
        "m",
        n_parallel=2,
        timeout_s=10,
        max_retries=0,
        schema=outline_response_schema(),
    )
    return extract_outlines(
        papers or [paper()], snapshot, backend, max_chars=10_000, clock=lambda: NOON, **options
    )


def recorded(snapshot: OpenSnapshot, paper_id: str = "p1") -> OutlineReply:
    reply = snapshot.get("outline", outline_key("m", paper_id))
    assert reply is not None
    assert reply.retrieved_at == NOON
    return read_outline_reply(reply.payload)


def test_good_reply_is_recorded_with_what_was_asked(tmp_path: Path, play: Play) -> None:
    server = play({"p1": [answer(GOOD)]})
    with OpenSnapshot(tmp_path) as snapshot:
        assert ask(server, snapshot) == OutlineReport(1, 0, 0)
        record = recorded(snapshot)
    assert record.outcome == "outline"
    assert (record.model, record.source) == ("m", "v1")
    assert record.attempts[0].served_model == "served"
    assert record.attempts[0].n_reply_tokens == 20
    assert recorded_outline(record) == Outline.model_validate(OUTLINE)
    (asked,) = server.asked
    assert asked["response_format"]["json_schema"]["schema"] == outline_schema()
    assert asked["temperature"] == 0.0
    assert "# p1\n\nWe count.\n\n## A\nText." in asked["messages"][1]["content"]


@pytest.mark.parametrize(
    ("first", "problem"),
    [
        (answer(SWALLOWED), "double backslashes"),
        (answer("Here is the plan you asked for."), "JSON, character 1: Expecting value"),
        (answer(GOOD[:90], "length"), "cut after 20 tokens"),
        (answer(GOOD, "length"), "cut after 20 tokens"),
        (answer(GOOD.replace('"novelty": 6', '"novelty": "6"')), "novelty: Input should be"),
        (answer(GOOD.replace('"novelty": 6', '"novelty": 60')), "less than or equal to 10"),
        (answer(GOOD.replace("Main", "")), "a name of its own"),
        (answer(""), "empty, finish_reason 'stop'"),
        (answer(None), "empty, finish_reason 'stop'"),
        (answer(GOOD.replace("Count", "\ud800")), "half of a surrogate pair"),
        (answer(None, refusal="I cannot."), "the model declined: I cannot."),
        ((200, {**answer(GOOD)[1], "choices": []}), "empty, finish_reason 'no choices'"),
    ],
    ids=[
        "swallowed-command", "prose", "cut", "cut-after-the-end", "number-in-quotes",
        "mark-too-high", "nameless", "empty", "null", "half-character", "refusal", "no-choices",
    ],
)  # fmt: skip
def test_bad_reply_is_asked_again_with_the_reason(
    tmp_path: Path, play: Play, first: tuple[int, Any], problem: str
) -> None:
    # The client itself asks again for a response without choices, up to this often.
    times = MALFORMED_TRIES if first[1].get("choices") == [] else 1
    server = play({"p1": [*[first] * times, answer(GOOD)]})
    with OpenSnapshot(tmp_path) as snapshot:
        assert ask(server, snapshot) == OutlineReport(1, 0, 0)
        record = recorded(snapshot)
    assert [attempt.problem is None for attempt in record.attempts] == [False, True]
    assert problem in str(record.attempts[0].problem)
    roles = [message["role"] for message in server.asked[times]["messages"]]
    assert roles == ["system", "user", "assistant", "user"]
    why = str(record.attempts[0].problem).split(": ", 1)[1]
    assert why in server.asked[times]["messages"][3]["content"]


def test_nonsense_to_the_end_is_a_recorded_refusal(tmp_path: Path, play: Play) -> None:
    server = play({"p1": [answer("la la")], "p2": [answer(GOOD)]})
    with OpenSnapshot(tmp_path) as snapshot:
        report = ask(server, snapshot, paper("p1"), paper("p2"), max_attempts=3)
        assert report == OutlineReport(n_outlined=1, n_refused=1, n_known=0)
        refused = recorded(snapshot, "p1")
    assert refused.outcome == "refused"
    assert [attempt.text for attempt in refused.attempts] == ["la la"] * 3
    found = recorded_outline(refused)
    assert not isinstance(found, Outline)
    assert found.where == "m, 3 attempts"
    assert len(server.asked) == 4


def test_request_turned_down_is_recorded_and_not_repeated(tmp_path: Path, play: Play) -> None:
    server = play({"p1": [ERROR_400]})
    with OpenSnapshot(tmp_path) as snapshot:
        assert ask(server, snapshot) == OutlineReport(0, 1, 0)
        record = recorded(snapshot)
    assert len(server.asked) == 1
    assert str(record.attempts[0].problem).startswith("request: p1: rejected by http://")


def test_recorded_papers_are_not_asked_about_again(tmp_path: Path, play: Play) -> None:
    server = play({"p1": [answer("la la")], "p2": [answer(GOOD)]})
    with OpenSnapshot(tmp_path) as snapshot:
        ask(server, snapshot, paper("p1"), max_attempts=1)
        report = ask(server, snapshot, paper("p1"), paper("p2"), max_attempts=1)
    assert report == OutlineReport(n_outlined=1, n_refused=0, n_known=1)
    assert len(server.asked) == 2


@pytest.mark.parametrize("change", ["another-version", "garbage"])
def test_a_conversation_that_is_none_about_this_text_is_held_again(
    tmp_path: Path, play: Play, change: str
) -> None:
    server = play({"p1": [answer("la la"), answer(GOOD)]})
    with OpenSnapshot(tmp_path) as snapshot:
        ask(server, snapshot, max_attempts=1)
        again = replace(paper(), source="v2") if change == "another-version" else paper()
        if change == "garbage":
            held = snapshot.get("outline", outline_key("m", "p1"))
            assert held is not None
            snapshot.add(replace(held, payload=b"{}"), replace=True)
        assert ask(server, snapshot, again) == OutlineReport(1, 0, 0)
        assert ask(server, snapshot, again) == OutlineReport(0, 0, 1)
        assert recorded(snapshot).source == again.source


@pytest.mark.parametrize("status", [401, 404, 500, 503])
def test_server_that_does_not_serve_stops_the_run_and_keeps_what_was_recorded(
    tmp_path: Path, play: Play, status: int
) -> None:
    server = play({"p1": [answer(GOOD)], "p2": [(status, {"error": {"message": "no"}})]})
    with OpenSnapshot(tmp_path) as snapshot:
        with pytest.raises(FetchError, match=f"HTTP {status} for model 'm'.*run the same"):
            ask(server, snapshot, paper("p1"), paper("p2"), batch_size=1)
        assert recorded(snapshot).outcome == "outline"
        assert not snapshot.has("outline", outline_key("m", "p2"))


def test_lost_server_is_a_fetch_error(tmp_path: Path, play: Play) -> None:
    server = play({"p1": [answer(GOOD)]})
    server.close()
    with (
        OpenSnapshot(tmp_path) as snapshot,
        pytest.raises(FetchError, match="the server is up"),
    ):
        ask(server, snapshot)


def test_two_runs_with_one_clock_give_the_same_bytes(tmp_path: Path, play: Play) -> None:
    payloads = []
    for folder in ("a", "b"):
        server = play({"p1": [answer("la la"), answer(GOOD)]})
        with OpenSnapshot(tmp_path / folder) as snapshot:
            ask(server, snapshot)
            reply = snapshot.get("outline", outline_key("m", "p1"))
        assert reply is not None
        payloads.append(reply.payload)
    assert payloads[0] == payloads[1]


class _Counting:
    """A backend in this process that remembers how many it was asked at once."""

    model, url = "m", "here:"

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def complete(
        self, requests: Sequence[ChatRequest], sampling: Sampling
    ) -> list[Completion | RequestRejectedError]:
        self.sizes.append(len(requests))
        talks = [request.messages for request in requests]
        return [
            Completion(GOOD if "# even" in talk[1].content or len(talk) > 2 else "no")
            for talk in talks
        ]


def test_only_open_conversations_of_a_batch_go_on(tmp_path: Path) -> None:
    papers = [paper(f"{'even' if i % 2 == 0 else 'odd'} {i}") for i in range(5)]
    backend = _Counting()
    seen: list[OutlineReport] = []
    with OpenSnapshot(tmp_path) as snapshot:
        extract_outlines(
            papers, snapshot, backend, max_chars=10_000, batch_size=4, on_progress=seen.append
        )
    assert backend.sizes == [4, 2, 1]
    assert seen == [OutlineReport(4, 0, 0), OutlineReport(5, 0, 0)]


def test_vllm_is_asked_for_only_when_used() -> None:
    with pytest.raises(ImportError, match=r"cyclekit\[vllm\].*environment of its own"):
        VllmModel("org/model")


class _RefusalError(Exception):
    """vLLM 0.33's VLLMClientError, which is no ValueError."""


class _Vllm(types.ModuleType):
    """vLLM as far as it is asked here; refuses prompts with the word "long", as it does."""

    class SamplingParams:
        def __init__(self, **given: object) -> None:
            self.given = given

    class LLM:
        asked: ClassVar[list[Any]] = []

        def __init__(self, **given: object) -> None:
            self.given = given

        def chat(self, talks: list[Any], params: Any, *, use_tqdm: bool) -> list[Any]:
            self.asked.append((talks, params[0].given))
            if any("long" in talk[1]["content"].split("</paper>")[0] for talk in talks):
                raise _RefusalError("The decoder prompt is longer than the maximum model length")
            one = types.SimpleNamespace(text=GOOD, finish_reason="stop", token_ids=[1, 2])
            return [types.SimpleNamespace(outputs=[one], prompt_token_ids=[1]) for _ in talks]


def test_vllm_decodes_by_schema_and_refuses_only_what_is_too_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, params = _Vllm("vllm"), types.ModuleType("vllm.sampling_params")
    params.StructuredOutputsParams = types.SimpleNamespace  # type: ignore[attr-defined]  # a stand-in
    monkeypatch.setitem(sys.modules, "vllm", module)
    monkeypatch.setitem(sys.modules, "vllm.sampling_params", params)
    errors = types.ModuleType("vllm.exceptions")
    errors.VLLMClientError = _RefusalError  # type: ignore[attr-defined]  # likewise
    monkeypatch.setitem(sys.modules, "vllm.exceptions", errors)
    backend = VllmModel("org/model", schema=outline_response_schema(), tensor_parallel_size=2)
    with OpenSnapshot(tmp_path) as snapshot:
        report = extract_outlines(
            [paper("p1"), paper("long"), paper("p2")], snapshot, backend, max_chars=10_000
        )
        reply = snapshot.get("outline", outline_key("org/model", "long"))
    assert report == OutlineReport(n_outlined=2, n_refused=1, n_known=0)
    assert reply is not None
    problem = read_outline_reply(reply.payload).attempts[0].problem
    assert problem == (
        "request: long: rejected by vllm:org/model:"
        " The decoder prompt is longer than the maximum model length"
    )
    assert [len(talks) for talks, _ in module.LLM.asked] == [3, 1, 1, 1]
    assert module.LLM.asked[0][1]["structured_outputs"].json == outline_schema()


def _long_paper(*lengths: int, n_appendix: int = 0) -> PaperToOutline:
    sections = tuple(
        Section(level=1, title=f"S{i}", text="x" * n, appendix=i >= len(lengths) - n_appendix)
        for i, n in enumerate(lengths)
    )
    return PaperToOutline("p", "v1", "T", "A" * 100, sections)


def test_paper_that_fits_is_shown_whole() -> None:
    whole = _long_paper(500, 900, 100, n_appendix=1)
    assert fit_paper(whole, len(paper_as_shown(whole))) is whole


def test_appendix_goes_before_anything_is_cut() -> None:
    fitted = fit_paper(_long_paper(500, 400, 300, 200, n_appendix=2), 1_400)
    assert [len(section.text) for section in fitted.sections] == [500, 400, 300]


def test_longest_sections_are_cut_to_one_length_and_say_so() -> None:
    fitted = fit_paper(_long_paper(2_000, 3_000, 300), 2_000)
    first, second, last = (section.text for section in fitted.sections)
    assert last == "x" * 300
    assert first.count("x") == second.count("x")
    assert first.endswith(f"[{2_000 - first.count('x')} characters left out]")
    assert 1_800 < len(paper_as_shown(fitted)) <= 2_000


@pytest.mark.parametrize("max_chars", [300, 1_000, 2_500, 10_000])
def test_fitted_paper_never_exceeds_its_budget(max_chars: int) -> None:
    for lengths in ((50, 50), (5_000,), (10, 4_000, 700, 20), tuple(range(0, 900, 150))):
        fitted = fit_paper(_long_paper(*lengths), max_chars)
        assert len(paper_as_shown(fitted)) <= max_chars, lengths


def test_budget_leaves_room_for_reply_and_prompts() -> None:
    assert 46_000 < prompt_budget(32_768, 8_192) < 3 * (32_768 - 2 * 8_192)
    assert prompt_budget(32_768, 8_192, chars_per_token=4) > prompt_budget(32_768, 8_192)
    with pytest.raises(ValueError, match="lower max_tokens"):
        prompt_budget(8_192, 4_000)
