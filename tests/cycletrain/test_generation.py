"""Texts come with their sampling and seed, and survive kills unchanged."""

import dataclasses
import json
import sys
import threading
import types
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from cycledata.errors import FetchError, ParseError
from cycledata.jsonl import read_jsonl
from cycledata.llm.chat import ChatRequest, Completion, Sampling
from cycledata.llm.recorded import RecordedCompletion
from cycledata.records import Message
from cycletrain.config_tables import ModelConfig
from cycletrain.generation import generate, open_generator

SAMPLING = Sampling(temperature=1.0, max_tokens=12)


def requests(n: int) -> list[ChatRequest]:
    return [
        ChatRequest(f"r{i}", (Message(role="user", content=f"say {i}"),), 100 + i) for i in range(n)
    ]


@pytest.fixture(scope="module")
def tiny(tiny_model: Path) -> Any:
    return open_generator(ModelConfig(path=str(tiny_model), dtype="float32"))


class KilledAfter:
    """A generator whose process dies in the middle of a batch."""

    def __init__(self, real: Any, n_batches: int) -> None:
        self.real, self.left, self.name = real, n_batches, real.name

    def complete(self, batch: Any, sampling: Sampling) -> list[Completion]:
        if self.left == 0:
            raise KeyboardInterrupt
        self.left -= 1
        return self.real.complete(batch, sampling)  # type: ignore[no-any-return]  # foreign edge


def test_a_killed_list_ends_in_the_texts_of_an_undisturbed_one(tiny: Any, tmp_path: Path) -> None:
    whole = generate(tiny, requests(7), SAMPLING, tmp_path / "whole.jsonl", batch_size=3)
    path = tmp_path / "killed.jsonl"
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            generate(KilledAfter(tiny, 1), requests(7), SAMPLING, path, batch_size=3)
        with path.open("ab") as file:
            file.write(b'{"id": "r6", "te')  # the kill came while a line was written
    assert generate(tiny, requests(7), SAMPLING, path, batch_size=3) == whole
    assert len({text.text for text in whole.values()}) > 1


def test_each_text_says_how_it_was_made(tiny: Any, tmp_path: Path) -> None:
    generate(tiny, requests(2), SAMPLING, tmp_path / "t.jsonl", batch_size=2)
    first, second = read_jsonl(tmp_path / "t.jsonl", RecordedCompletion)
    assert (first.seed, second.seed) == (100, 101)
    assert first.sampling == SAMPLING
    assert first.model == tiny.name
    assert first.prompt_sha256 != second.prompt_sha256


def test_a_text_depends_on_its_seed_and_not_on_its_neighbours(tiny: Any) -> None:
    same = [ChatRequest("a", requests(1)[0].messages, 7)] * 2
    (first, second) = tiny.complete(same, SAMPLING)
    (other,) = tiny.complete([ChatRequest("a", same[0].messages, 8)], SAMPLING)
    assert first == second
    assert other != first


def test_temperature_zero_takes_the_likeliest_token(tiny: Any) -> None:
    cold = Sampling(temperature=0, max_tokens=6)
    answers = [tiny.complete([ChatRequest("a", requests(1)[0].messages, s)], cold) for s in (1, 2)]
    assert answers[0] == answers[1]


def test_draws_follow_the_models_distribution() -> None:
    import torch

    from cycletrain.generation import _seeded_draws

    scores = torch.log(torch.tensor([0.6, 0.3, 0.1])).repeat(3000, 1)
    drawn = _seeded_draws(range(3000), SAMPLING, "cpu")(None, scores).argmax(1)
    shares = torch.bincount(drawn, minlength=3) / 3000
    # Three standard errors of a share of 0.6 over 3,000 draws are 0.027.
    torch.testing.assert_close(shares, torch.tensor([0.6, 0.3, 0.1]), rtol=0, atol=0.03)


def test_a_long_neighbour_leaves_a_row_its_own_room(tiny: Any) -> None:
    short, long = (
        ChatRequest(name, (Message(role="user", content=text),), 5)
        for name, text in (("short", "say"), ("long", "x " * 470))
    )
    sampling = Sampling(temperature=1.0, max_tokens=400)
    together, _ = tiny.complete([short, long], sampling)
    (alone,) = tiny.complete([short], sampling)
    assert together.finish_reason == alone.finish_reason
    assert len(together.text) > 0.8 * len(alone.text)


def test_a_prompt_that_fills_the_context_has_no_room(tiny: Any) -> None:
    long = ChatRequest("long", (Message(role="user", content="x " * 3000),), 1)
    short = requests(1)[0]
    answers = tiny.complete([long, short], SAMPLING)
    assert answers[0] == Completion("", "no-room")
    assert answers[1].finish_reason in ("stop", "length")


@pytest.mark.parametrize(
    "change",
    [{"seed": 1}, {"messages": (Message(role="user", content="other"),)}],
    ids=["seed", "prompt"],
)
def test_answers_to_other_requests_are_not_taken(tiny: Any, tmp_path: Path, change: Any) -> None:
    generate(tiny, requests(1), SAMPLING, tmp_path / "t.jsonl", batch_size=1)
    changed = [dataclasses.replace(requests(1)[0], **change)]
    with pytest.raises(ParseError, match=r"other-run: .*r0 was generated for another"):
        generate(tiny, changed, SAMPLING, tmp_path / "t.jsonl", batch_size=1)


class _Endpoint(BaseHTTPRequestHandler):
    asked: list[dict[str, Any]] = []  # noqa: RUF012  one server a test

    def do_GET(self) -> None:
        self._reply({"object": "list", "data": [{"id": "m", "object": "model"}]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append(body)
        text = body["messages"][-1]["content"]
        if "too long" in text:
            self._reply({"error": {"message": "exceeds the context length"}}, 400)
        elif "bad" in text:
            self._reply({"error": {"message": "unknown parameter"}}, 400)
        else:
            choice = {
                "index": 0,
                "finish_reason": "stop",
                "message": {"role": "assistant", "content": f"{text}!"},
            }
            self._reply(
                {
                    "id": "1",
                    "object": "chat.completion",
                    "created": 0,
                    "model": "m",
                    "choices": [choice],
                }
            )

    def _reply(self, value: Any, status: int = 200) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def endpoint() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), _Endpoint)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    _Endpoint.asked.clear()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_endpoint_is_asked_with_sampling_and_seed(endpoint: str) -> None:
    generator = open_generator(ModelConfig(path=endpoint))
    (done,) = generator.complete(requests(1), SAMPLING)
    assert (done.text, done.finish_reason) == ("say 0!", "stop")
    (body,) = _Endpoint.asked
    assert (body["model"], body["temperature"], body["max_tokens"], body["seed"]) == (
        "m",
        1.0,
        12,
        100,
    )


def test_an_endpoints_refusals_are_told_apart(endpoint: str) -> None:
    generator = open_generator(ModelConfig(path=endpoint, name="m"))
    long, bad = (ChatRequest(x, (Message(role="user", content=x),), 1) for x in ("too long", "bad"))
    assert generator.complete([long], SAMPLING) == [Completion("", "no-room")]
    with pytest.raises(FetchError, match=r"bad: .*unknown parameter"):
        generator.complete([bad], SAMPLING)


class RefusalError(Exception):
    """vLLM 0.33's VLLMClientError."""


class StandInForVllm:
    """vLLM's ``LLM`` as far as it is asked here: one prompt beyond the context fails a batch."""

    def __init__(self, model: str, **settings: Any) -> None:
        self.settings = settings

    def chat(self, chats: list[Any], settings: list[Any], *, use_tqdm: bool) -> list[Any]:
        for chat in chats:
            if chat[-1]["content"] == "say 1":
                raise RefusalError(
                    "The decoder prompt is longer than the maximum model length of 8"
                )
            if chat[-1]["content"] == "say 3":
                raise RefusalError("top_p must be in (0, 1]")
        done = [
            types.SimpleNamespace(text=f"{s.seed}", finish_reason="stop", token_ids=[1])
            for s in settings
        ]
        return [types.SimpleNamespace(outputs=[each], prompt_token_ids=[1]) for each in done]


@pytest.fixture
def vllm(monkeypatch: pytest.MonkeyPatch) -> Any:
    stand_ins: dict[str, dict[str, Any]] = {
        "vllm": {"LLM": StandInForVllm, "SamplingParams": types.SimpleNamespace},
        "vllm.exceptions": {"VLLMClientError": RefusalError},
        "vllm.lora": {},
        "vllm.lora.request": {"LoRARequest": object},
    }
    for name, contents in stand_ins.items():
        module = types.ModuleType(name)
        vars(module).update(contents)
        monkeypatch.setitem(sys.modules, name, module)
    return open_generator(ModelConfig(path="org/model", revision="a" * 40, backend="vllm"))


def test_one_prompt_beyond_vllms_context_costs_the_others_nothing(vllm: Any) -> None:
    answers = vllm.complete(requests(3), SAMPLING)
    assert [(each.text, each.finish_reason) for each in answers] == [
        ("100", "stop"),
        ("", "no-room"),
        ("102", "stop"),
    ]


def test_what_vllm_refuses_for_another_reason_is_an_error(vllm: Any) -> None:
    with pytest.raises(FetchError, match=r"org/model.*top_p must be"):
        vllm.complete(requests(4)[3:], SAMPLING)
