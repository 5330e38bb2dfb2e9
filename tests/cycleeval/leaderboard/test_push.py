"""`cycleeval push`: one pull request per repository, and no token in any message."""

import base64
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cycledata.errors import BuildError, PublishError
from cycleeval.cli import app
from cycleeval.leaderboard.push import plan_uploads

TOKEN = "hf_secret0123456789"


@dataclass
class Hub:
    """What a hub on loopback was asked."""

    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    """Files of each commit by path of the request."""
    refuse: str = ""
    """Part of a path that is answered with 403."""


class Handler(BaseHTTPRequestHandler):
    hub: Hub

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.path
        if self.hub.refuse and self.hub.refuse in path:
            self.send(403, {"error": f"no write access for {self.headers['Authorization']}"})
        elif "/preupload/" in path:
            names = [file["path"] for file in json.loads(body)["files"]]
            modes = [{"path": n, "uploadMode": "regular", "shouldIgnore": False} for n in names]
            self.send(200, {"files": modes})
        else:
            lines = [json.loads(line) for line in body.split(b"\n") if line]
            self.hub.commits[path] = {
                line["value"]["path"]: base64.b64decode(line["value"]["content"])
                for line in lines
                if line["key"] == "file"
            }
            repo = path.removeprefix("/api/").removeprefix("models/").partition("/commit")[0]
            url = f"http://{self.headers['Host']}/{repo}"
            commit = {"commitUrl": f"{url}/commit/{'a' * 40}", "commitOid": "a" * 40}
            self.send(200, {**commit, "pullRequestUrl": f"{url}/discussions/1"})

    def do_GET(self) -> None:
        self.send(200, {"id": "x/y", "sha": "a" * 40, "siblings": []})

    def send(self, status: int, value: object) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Print nothing on stderr."""


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    state = Hub()
    handler = type("OfThisTest", (Handler,), {"hub": state})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", url)
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        yield state
        server.shutdown()


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Return the site of a model with a hub id and of one without."""
    submissions = tmp_path / "submissions"
    submissions.mkdir()
    reference = tmp_path / "reference.jsonl"
    rows = [{"paper_id": f"p{i}", "ratings": [3 + i % 5, 5]} for i in range(8)]
    reference.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    for name in ("with-id", "without"):
        lines = "".join(json.dumps({"paper_id": f"p{i}", "ratings": [5]}) + "\n" for i in range(8))
        (submissions / f"{name}.jsonl").write_text(lines, "utf-8")
    (submissions / "with-id.toml").write_text('hub_id = "lab/reviewer"\n', "utf-8")
    words = ["leaderboard", str(submissions), str(reference), "--out", str(tmp_path / "site")]
    ran = CliRunner().invoke(app, [*words, "--hub-id", "org/review-5k"], catch_exceptions=False)
    assert ran.exit_code == 0, ran.output
    return tmp_path / "site"


def test_a_dry_run_prints_the_plan_and_sends_nothing(site: Path, hub: Hub) -> None:
    ran = CliRunner().invoke(app, ["push", str(site), "--dry-run"], catch_exceptions=False)
    assert ran.stdout.splitlines() == [
        "would offer eval.yaml to dataset org/review-5k",
        "would offer .eval_results/cyclekit.yaml to model lab/reviewer",
    ]
    assert hub.commits == {}


def test_each_file_becomes_a_pull_request(site: Path, hub: Hub) -> None:
    ran = CliRunner().invoke(app, ["push", str(site)], catch_exceptions=False)
    assert ran.exit_code == 0, ran.output
    dataset, model = hub.commits.items()
    assert dataset[0].startswith("/api/datasets/org/review-5k/commit/main")
    assert model[0].startswith("/api/models/lab/reviewer/commit/main")
    assert all("create_pr=1" in path for path in hub.commits)
    assert dataset[1]["eval.yaml"] == (site / "hub/eval.yaml").read_bytes()
    assert "/lab/reviewer/discussions/1" in ran.stdout
    assert "skill_mse" in model[1][".eval_results/cyclekit.yaml"].decode()


def test_a_refusal_is_one_line_without_the_token(site: Path, hub: Hub) -> None:
    hub.refuse = "/models/"
    ran = CliRunner().invoke(app, ["push", str(site)])
    assert isinstance(ran.exception, PublishError)
    assert "lab/reviewer: the hub answered 403; 1 of 2 pull requests" in str(ran.exception)
    assert TOKEN not in str(ran.exception)


def test_a_site_without_hub_files_names_the_option(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=r"hub/push\.json, found none; .*--hub-id ORG/NAME"):
        plan_uploads(tmp_path)
