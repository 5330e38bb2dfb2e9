"""A real HTTP server in the shape of OpenAI's, that misbehaves when told to."""

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

REVIEW: dict[str, object] = {
    "summary": "It does a thing.", "strengths": ["Clear.", "Sound."], "weaknesses": "Small.",
    "questions": "Why?", "soundness": 3, "presentation": 3, "contribution": 2, "rating": 6,
    "confidence": 4, "decision": "accept",
}  # fmt: skip


@dataclass
class Model:
    """What the server says next, and what it was asked."""

    url: str = ""
    script: list[str] = field(default_factory=list)
    """Misbehaviours, used up one a call; then the model behaves."""
    asked: list[dict[str, object]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def say(self, body: dict[str, object]) -> tuple[str, str]:
        """Content and finish reason of a model that behaves: ratings differ from draw to draw."""
        messages = body["messages"]
        assert isinstance(messages, list)
        last = str(messages[-1]["content"])
        if "self-reflection" in last:
            return ("UNCHANGED" if "Round 2" in last else _json(rating=5), "stop")
        if "area chair" in last:
            return f"The reviewers agree.\n{_json(rating=8)}", "stop"
        rating = (6, 8, 3)[len(self.asked) % 3]
        return f"Thoughts on $x_{{i}}$ {{.\n```json\n{_json(rating=rating)}\n```", "stop"


def _json(**change: object) -> str:
    return json.dumps({**REVIEW, **change})


class _Handler(BaseHTTPRequestHandler):
    model: Model
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # one write a reply; two would each wait for the other side to acknowledge

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.model.lock:
            act = self.model.script.pop(0) if self.model.script else "behave"
            content, reason = self.model.say(body)
            self.model.asked.append(body)
            self.model.times.append(time.monotonic())
            self.model.keys.append(self.headers["Authorization"])
        status, _, seconds = act.partition(" after ")
        if status.isdigit():
            error = {"error": {"message": f"told to say {status}"}}
            wait = {"Retry-After": seconds} if seconds else {"retry-after-ms": "20"}
            self._send(int(status), json.dumps(error), wait)
            return
        if act == "cut by length":
            content, reason = content[: len(content) // 2], "length"
        elif act == "nonsense":
            content = "I am sorry, as a model I rate this paper {'rating': excellent}."
        elif act == "out of scale":
            content = _json(rating=7)
        usage = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}
        reply = {
            "id": "x", "object": "chat.completion", "created": 0, "model": body["model"],
            "choices": [{
                "index": 0, "finish_reason": reason,
                "message": {"role": "assistant", "content": content},
            }],
            "usage": None if act == "uncounted" else usage,
        }  # fmt: skip
        text = json.dumps(reply)
        if act == "no choices":
            text = json.dumps({**reply, "choices": []})
        elif act == "half a body":
            text = text[: len(text) // 2]
        elif act == "a web page":
            text = "<html><body>Sign in</body></html>"
        self._send(200, text, {}, torn=act == "torn connection")

    def _send(self, status: int, text: str, headers: dict[str, str], *, torn: bool = False) -> None:
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data) + (10 if torn else 0)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)
        self.close_connection = torn

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Keep the test's output clean."""


@pytest.fixture(scope="session")
def server() -> Iterator[Model]:
    """One server for all tests; starting a client for each of them would take the longest."""
    state = Model()
    handler = type("Handler", (_Handler,), {"model": state})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as listening:
        thread = threading.Thread(target=listening.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        state.url = f"http://127.0.0.1:{listening.server_port}/v1"
        yield state
        listening.shutdown()
        thread.join()


@pytest.fixture
def model(server: Model) -> Model:
    """The server with nothing asked yet, and behaving."""
    server.script, server.asked, server.keys, server.times = [], [], [], []
    return server
