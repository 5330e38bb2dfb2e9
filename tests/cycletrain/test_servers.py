"""Servers that a job starts, asks and stops; requests spread over several of them."""

import socket
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import psutil
import pytest
from pydantic import ValidationError

from cycledata.errors import GaveUpError, ParseError, RequestRejectedError, TrainingError
from cycledata.llm.chat import ChatRequest, Completion, Sampling
from cycledata.llm.endpoint import ChatEndpoint
from cycledata.records import Message
from cycletrain import servers
from cycletrain.config_tables import ModelConfig, ServerConfig
from cycletrain.generation import ServedGenerator, generate, open_generator
from cycletrain.servers import ServedModel, command_of, generator_of, running_servers

SAMPLING = Sampling(temperature=0, max_tokens=9)
PROGRAM = f"{sys.executable} {Path(__file__).with_name('scripted_server.py')} serve"
SERVER = ServerConfig(program=PROGRAM, replicas=2, startup_s=60)


def request(name: str) -> ChatRequest:
    return ChatRequest(name, (Message(role="user", content=name),), 0)


class FakeEndpoint:
    model, url = "fake", "http://fake"

    def __init__(self, answer: Callable[[str], str]) -> None:
        self.answer = answer
        self.asked: list[str] = []

    def complete(self, *_: Any) -> Any:
        raise AssertionError

    def complete_one(self, asked: ChatRequest, _: Sampling) -> Completion:
        self.asked.append(asked.id)
        return Completion(self.answer(asked.id), "stop")


def rejecting(*names: str) -> Callable[[str], str]:
    def answer(name: str) -> str:
        if name in names:
            raise RequestRejectedError(f"{name}: HTTP 400", too_long=False)
        return name.upper()

    return answer


def down(name: str) -> str:
    raise GaveUpError(f"{name}: no response")


def test_no_request_waits_for_a_long_one_of_its_batch(tmp_path: Path) -> None:
    others_done = threading.Event()
    done = 0

    def answer(name: str) -> str:
        if name == "long":
            assert others_done.wait(10)
        return name.upper()

    def count(n_done: int, _: int) -> None:
        nonlocal done
        done = n_done
        if n_done == 20:
            others_done.set()

    endpoints = [FakeEndpoint(answer), FakeEndpoint(answer)]
    requests = [request("long"), *(request(str(i)) for i in range(20))]
    generator = ServedGenerator(endpoints, "fake", n_parallel=2)
    rows = generate(
        generator, requests, SAMPLING, tmp_path / "a.jsonl", batch_size=2, on_progress=count
    )
    assert [rows[each.id].text for each in requests] == [each.id.upper() for each in requests]
    assert done == 21
    assert sorted(endpoints[0].asked + endpoints[1].asked) == sorted(each.id for each in requests)


def test_a_rejected_request_does_not_lose_the_others(tmp_path: Path) -> None:
    generator = ServedGenerator([FakeEndpoint(rejecting("0"))], "fake", n_parallel=1)
    requests = [request(str(i)) for i in range(4)]
    rows = generate(generator, requests, SAMPLING, tmp_path / "a.jsonl", batch_size=4)
    assert [rows[str(i)].finish_reason for i in range(4)] == ["rejected", "stop", "stop", "stop"]


def test_if_every_request_is_rejected_the_run_stops(tmp_path: Path) -> None:
    generator = ServedGenerator([FakeEndpoint(rejecting("0", "1"))], "fake")
    with pytest.raises(RequestRejectedError, match="HTTP 400"):
        generate(generator, [request("0"), request("1")], SAMPLING, tmp_path / "a", batch_size=1)


def test_a_server_that_is_down_hands_its_requests_to_another(tmp_path: Path) -> None:
    endpoints = [FakeEndpoint(down), FakeEndpoint(str.upper)]
    generator = ServedGenerator(endpoints, "fake", n_parallel=1)
    rows = generate(generator, [request(c) for c in "abcd"], SAMPLING, tmp_path / "a", batch_size=4)
    assert sorted(row.text for row in rows.values()) == list("ABCD")


class EndpointOf:
    """An endpoint whose model its URL names."""

    asked: ClassVar[list[tuple[str, str]]] = []

    def __init__(self, url: str, *_: Any, **__: Any) -> None:
        self.url, self.model = url, url.rpartition("/")[2]

    def complete_one(self, asked: ChatRequest, _: Sampling) -> Completion:
        self.asked.append((self.url, asked.id))
        time.sleep(0.01)
        return Completion(asked.id.upper(), "stop")


def test_a_recipe_names_servers_on_several_machines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cycledata.llm.endpoint.ChatEndpoint", EndpointOf)
    urls = [f"http://user:secret@node{n}/m" for n in (1, 2, 3)]
    config = ModelConfig(path=urls[0], more_endpoints=tuple(urls[1:]))
    assert "secret" not in config.model_dump_json()
    requests = [request(f"r{n}") for n in range(60)]
    found = generate(open_generator(config), requests, SAMPLING, tmp_path / "a.jsonl", batch_size=4)
    assert {name: row.text for name, row in found.items()} == {
        asked.id: asked.id.upper() for asked in requests
    }
    assert {url for url, _ in EndpointOf.asked} == set(urls)
    assert sorted(name for _, name in EndpointOf.asked) == sorted(each.id for each in requests)
    with pytest.raises(ParseError, match=r"expected the model m of http://.*, found other"):
        open_generator(ModelConfig(path=urls[0], more_endpoints=("http://node4/other",)))


@pytest.mark.parametrize(
    ("path", "more", "message"),
    [
        ("some/model", "http://node/m", "more_endpoints need a path that is an endpoint"),
        ("http://node/m", "node2", "expected http://HOST/v1"),
    ],
    ids=["no-endpoint", "no-address"],
)
def test_more_endpoints_are_addresses_beside_one(path: str, more: str, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        ModelConfig(path=path, more_endpoints=(more,))


def test_completions_are_kept_if_one_request_fails_everywhere(tmp_path: Path) -> None:
    def answer(name: str) -> str:
        return down(name) if name == "b" else name.upper()

    generator = ServedGenerator([FakeEndpoint(answer)], "fake", n_parallel=1)
    requests = [request(name) for name in "abc"]
    with pytest.raises(GaveUpError, match="b: no response"):
        generate(generator, requests, SAMPLING, tmp_path / "a.jsonl", batch_size=1)
    again = FakeEndpoint(str.upper)
    rows = generate(
        ServedGenerator([again], "fake"), requests, SAMPLING, tmp_path / "a.jsonl", batch_size=1
    )
    assert again.asked == ["b"]
    assert [rows[name].text for name in "abc"] == list("ABC")


def test_servers_are_started_and_stopped(tmp_path: Path) -> None:
    model = ModelConfig(path="org/model", revision="c" * 40, server=SERVER)
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    with generator_of(model, tmp_path) as generator:
        running = psutil.Process().children(recursive=True)
        assert len([child for child in running if child.pid not in before]) == 2
        assert generator.name == f"org/model@{'c' * 40}"
    left = {child.pid for child in psutil.Process().children(recursive=True)} - before
    assert left == set()
    first = (tmp_path / "server-0.log").read_text(encoding="utf-8")
    assert "'--max-model-len', '32768', '--revision'" in first


ONE = SERVER.model_copy(update={"replicas": 1})


def test_a_server_that_starts_slowly_is_waited_for(tmp_path: Path) -> None:
    before = set(psutil.Process().children(recursive=True))
    slow = ONE.model_copy(update={"arguments": ("--starts-after", "1")})
    with running_servers(slow, ServedModel("m", "m"), tmp_path) as urls:
        assert len(urls) == 1
    late = slow.model_copy(update={"arguments": ("--starts-after", "60"), "startup_s": 0.5})
    with (
        pytest.raises(TrainingError, match=r"did not answer in time; raise server\.startup_s: "),
        running_servers(late, ServedModel("m", "m"), tmp_path),
    ):
        pass
    assert set(psutil.Process().children(recursive=True)) <= before


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        with (
            pytest.raises(TrainingError, match=r"ended with code 1: .*Address already in use"),
            running_servers(
                ONE.model_copy(update={"arguments": ("--port", port)}),
                ServedModel("m", "m"),
                tmp_path,
            ),
        ):
            pass


def test_a_server_that_dies_is_named_and_a_second_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cycletrain.servers.ChatEndpoint", partial(ChatEndpoint, max_retries=0))
    chat = (Message(role="system", content="Review."), Message(role="user", content="On graphs."))
    requests = [ChatRequest(str(n), chat, 0) for n in range(5)]
    path = tmp_path / "a.jsonl"

    def run(server: ServerConfig) -> Any:
        model = ModelConfig(path="m", server=server)
        with generator_of(model, tmp_path) as generator:
            return generate(generator, requests, SAMPLING, path, batch_size=1)

    dying = {"arguments": ("--ends-after", "3"), "n_parallel": 1}
    with pytest.raises(
        TrainingError, match=r"server: ended with code 1: .*out of memory.*completions are kept"
    ):
        run(ONE.model_copy(update=dying))
    assert len(path.read_text(encoding="utf-8").splitlines()) == 3
    assert len(run(ONE)) == 5


@pytest.mark.parametrize(
    ("program", "message"),
    [
        (f"{sys.executable} -c \"raise SystemExit('no GPU')\"", "ended with code 1: .*no GPU"),
        ("no-such-program serve", "cannot start no-such-program: No such file"),
    ],
    ids=["ends", "missing"],
)
def test_a_server_that_does_not_start_is_named(tmp_path: Path, program: str, message: str) -> None:
    with (
        pytest.raises(TrainingError, match=message),
        running_servers(ServerConfig(program=program), ServedModel("m", "m"), tmp_path),
    ):
        pass


def test_the_command_names_what_the_recipe_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cycletrain.servers._rank", lambda _: 64)
    server = ServerConfig(
        program="/envs/vllm/bin/vllm serve",
        tensor_parallel=4,
        context_tokens=4096,
        chat_template=Path("mistral.jinja"),
        arguments=("--quantization", "fp8"),
    )
    served = ServedModel("org/base", "adapter", "abc", "runs/model")
    words = " ".join(command_of(server, served, 8000))
    recipes = Path(servers.__file__).parent / "recipes"
    assert words == (
        "/envs/vllm/bin/vllm serve org/base --port 8000 --host 127.0.0.1 --tensor-parallel-size 4"
        " --max-model-len 4096 --revision abc --enable-lora --max-lora-rank 64"
        " --lora-modules adapter=runs/model --tokenizer runs/model"
        f" --chat-template {recipes / 'mistral.jinja'} --quantization fp8"
    )
    hugging_face = ServerConfig(kind="transformers", program="transformers serve")
    words = " ".join(command_of(hugging_face, ServedModel("m", "m"), 8000))
    assert words == "transformers serve m --port 8000"


def test_replicas_share_the_visible_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    from cycletrain.servers import _gpus

    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,5,6,7")
    server = ServerConfig(replicas=2, tensor_parallel=2)
    assert [_gpus(server, number) for number in (0, 1)] == ["4,5", "6,7"]
    with pytest.raises(TrainingError, match="2 replicas of 4 GPUs need 8, found 4"):
        _gpus(ServerConfig(replicas=2, tensor_parallel=4), 1)
