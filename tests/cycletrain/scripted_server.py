"""A model server with the options of `vllm serve`, whose texts the request's seed decides.

Run as a program: ``python scripted_server.py serve MODEL --port N ...``. ``--starts-after S`` and
``--ends-after N`` seconds and requests are its own, ``--port`` may be given twice.
"""

import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from cycledata.records import Message
from tests.cycletrain.conftest import TOPICS, scripted_text

n_left = sys.maxsize


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._send({"object": "list", "data": [{"id": "scripted", "object": "model"}]})

    def do_POST(self) -> None:
        global n_left
        n_left -= 1
        if n_left < 0:
            sys.stderr.write("torch.OutOfMemoryError: CUDA out of memory.\n")
            sys.stderr.flush()
            os._exit(1)
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        messages = [Message.model_validate(message) for message in body["messages"]]
        text = " ".join(message.content for message in messages[1:])
        topic = next(topic for topic in TOPICS if topic in text.lower())
        time.sleep(body["seed"] % 5 / 500)  # completions arrive in another order
        answer = scripted_text(messages, topic, body["seed"])
        choice = {"index": 0, "message": {"role": "assistant", "content": answer}}
        self._send({"choices": [{**choice, "finish_reason": "stop"}], "model": body["model"]})

    def _send(self, table: object) -> None:
        data = json.dumps(table).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


if __name__ == "__main__":
    sys.stderr.write(f"arguments: {sys.argv[1:]}\n")
    options = dict(pairwise(sys.argv))
    port = int(options["--port"])
    n_left = int(options.get("--ends-after", sys.maxsize))
    time.sleep(float(options.get("--starts-after", "0")))
    ThreadingHTTPServer(("127.0.0.1", port), _Handler).serve_forever()
