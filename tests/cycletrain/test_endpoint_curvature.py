"""The detector at an endpoint: exact with all log-probabilities, near with the likeliest."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import torch

from cycledata.errors import FetchError, TrainingError
from cycletrain.checkpoints import load_model
from cycletrain.config import DetectConfig
from cycletrain.config_tables import ModelConfig
from cycletrain.curvature import curvature_moments
from cycletrain.endpoint_curvature import moments_of_top
from cycletrain.jobs.detect import Detector, open_detector

TEXT = "We do graphs. See text and noise; new games are fine. " * 20


def config_of(model: ModelConfig, **changes: Any) -> DetectConfig:
    return DetectConfig(
        build=Path("b"), out=Path("o"), format="review", generated=Path("g"), source="s",
        model=model, window_tokens=100, overlap_tokens=20, **changes,
    )  # fmt: skip


def test_all_log_probabilities_give_the_criterion_of_logits() -> None:
    drawn = torch.Generator().manual_seed(0)
    logits = 3 * torch.randn(1, 30, 50, generator=drawn, dtype=torch.float64)
    tokens = torch.randint(0, 50, (1, 30), generator=drawn)
    logp = logits.log_softmax(-1)[0]
    rows = [dict(enumerate(row.tolist())) for row in logp]
    found = moments_of_top(rows, tokens[0].tolist(), vocabulary=50)
    expected = curvature_moments(logits, tokens)
    torch.testing.assert_close(found.criterion(), expected.criterion(), rtol=1e-12, atol=1e-12)


def test_a_row_without_its_token_is_refused() -> None:
    with pytest.raises(ValueError, match="log-probability of token 7"):
        moments_of_top([{1: -0.1}], [7], vocabulary=9)


@pytest.fixture
def scoring_server(tiny_model: Path) -> Iterator[str]:
    """An endpoint with the completions of vLLM that score a prompt."""
    model = load_model(ModelConfig(path=str(tiny_model), dtype="float32")).eval()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            ids = body["prompt"]
            with torch.no_grad():
                logp = model(input_ids=torch.tensor([ids])).logits[0].double().log_softmax(-1)
            rows: list[Any] = [None]
            for token, row in zip(ids[1:], logp, strict=False):
                top = row.topk(min(body["prompt_logprobs"], len(row)))
                entries = dict(zip(top.indices.tolist(), top.values.tolist(), strict=True))
                entries[token] = row[token].item()
                rows.append({key: {"logprob": value} for key, value in entries.items()})
            choice = {"index": 0, "text": "", "finish_reason": "length", "prompt_logprobs": rows}
            if body["model"] == "plain":
                del choice["prompt_logprobs"]
            data = json.dumps(
                {"id": "1", "object": "text_completion", "created": 1, "model": "m",
                 "choices": [choice]}
            ).encode()  # fmt: skip
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(("n_top", "tolerance"), [(10_000, 1e-4), (200, 0.5)], ids=["all", "200"])
def test_an_endpoint_gives_the_criterion_of_the_model(
    scoring_server: str, tiny_model: Path, monkeypatch: pytest.MonkeyPatch,
    n_top: int, tolerance: float,
) -> None:  # fmt: skip
    local = ModelConfig(path=str(tiny_model), dtype="float32")
    # The tiny tokenizer has no BOS; the endpoint then begins with EOS, as vLLM needs a token.
    monkeypatch.setattr("cycletrain.jobs.detect.first_tokens", lambda _: [1])
    expected = Detector(config_of(local)).criterion(TEXT)
    remote = config_of(
        ModelConfig(path=scoring_server, name="scorer"), tokenizer=local, top_logprobs=n_top
    )
    assert open_detector(remote).criterion(TEXT) == pytest.approx(expected, abs=tolerance)


def test_an_endpoint_without_log_probabilities_is_named(
    scoring_server: str, tiny_model: Path
) -> None:
    local = ModelConfig(path=str(tiny_model), dtype="float32")
    remote = config_of(ModelConfig(path=scoring_server, name="plain"), tokenizer=local)
    with pytest.raises(FetchError, match=r"expected prompt_logprobs of .*, found none"):
        open_detector(remote).criterion(TEXT)
    with pytest.raises(TrainingError, match="with the tokens of `tokenizer`"):
        open_detector(config_of(ModelConfig(path=scoring_server, name="scorer")))
