"""Publishing against a small hub on loopback that answers what huggingface_hub asks."""

import base64
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from cycledata import sample
from cycledata.builds.publish import publish
from cycledata.builds.runner import DATASETS, build
from cycledata.builds.takedown import take_down
from cycledata.consent.policy import read_policy
from cycledata.errors import BuildError, PublishError

REPO = "my-org/review-5k"
TOKEN = "hf_secret0123456789"
HEAD = "a" * 40


@dataclass
class Hub:
    """One repository's state, and what was asked."""

    exists: bool = True
    files: dict[str, bytes] = field(default_factory=dict)
    refuse: dict[str, int] = field(default_factory=dict)
    """Part of a path to the status it is refused with."""
    asked: list[str] = field(default_factory=list)
    gated: object = "manual"
    """Access of the repository; False is open."""
    parent: object = None
    url: str = ""


class Handler(BaseHTTPRequestHandler):
    hub: Hub

    def answer(self, status: int, body: bytes = b"{}", **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_any(self) -> None:
        hub, path = self.hub, self.path.partition("?")[0]
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        hub.asked.append(f"{self.command} {path}")
        refused = next((status for part, status in hub.refuse.items() if part in path), None)
        if refused is None and self.headers.get("Authorization") != f"Bearer {TOKEN}":
            refused = 401
        if refused is not None:
            self.answer(refused, json.dumps({"error": "no\x1b[2J"}).encode())
        elif path == f"/api/datasets/{REPO}":
            state = {"id": REPO, "sha": HEAD, "siblings": [], "gated": hub.gated}
            found = json.dumps(state).encode()
            self.answer(200, found) if hub.exists else self.answer(404, X_Error_Code="RepoNotFound")
        elif path == "/api/repos/create":
            hub.exists, hub.gated = True, False
            self.answer(200, json.dumps({"url": f"{hub.url}/datasets/{REPO}"}).encode())
        elif path.endswith("/settings"):
            hub.gated = json.loads(body)["gated"]
            self.answer(200)
        elif "/resolve/" in path:
            content = hub.files.get(path.rpartition("/")[2])
            if content is None:
                self.answer(404, X_Error_Code="EntryNotFound")
            else:
                self.answer(200, content, ETag='"1"', X_Repo_Commit=HEAD)
        elif "/tree/" in path:
            listed = [
                {"type": "file", "path": name, "size": len(content), "oid": "0" * 40}
                for name, content in hub.files.items()
            ]
            self.answer(200, json.dumps(listed).encode())
        elif "/preupload/" in path:
            names = [file["path"] for file in json.loads(body)["files"]]
            modes = [{"path": n, "uploadMode": "regular", "shouldIgnore": False} for n in names]
            self.answer(200, json.dumps({"files": modes}).encode())
        elif "/commit/" in path:
            self.commit([json.loads(line) for line in body.split(b"\n") if line])
            done = {"commitUrl": f"{hub.url}/datasets/{REPO}/commit/{HEAD}", "commitOid": HEAD}
            self.answer(200, json.dumps(done).encode())
        else:
            self.answer(200)

    do_GET = do_POST = do_PUT = do_HEAD = do_any  # noqa: N815  the names that http.server calls

    def commit(self, lines: list[dict[str, Any]]) -> None:
        for line in lines:
            value = line["value"]
            if line["key"] == "header":
                self.hub.parent = value.get("parentCommit")
            elif line["key"] == "file":
                self.hub.files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "deletedFile":
                self.hub.files.pop(value["path"])

    def log_message(self, *_: object) -> None:
        """Say nothing on stderr."""


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    state = Hub()
    handler = type("OfThisTest", (Handler,), {"hub": state})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        state.url = f"http://127.0.0.1:{server.server_port}"
        template = f"{state.url}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", state.url)
        monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", template)
        yield state
        server.shutdown()


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("built") / "out"
    build(DATASETS["review-5k"], sample.SNAPSHOT, out, policy=read_policy(sample.POLICY))
    return out


def files_of(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def test_a_new_repository_is_made_gated_and_gets_the_builds_bytes(hub: Hub, built: Path) -> None:
    hub.exists = False
    plan = publish(built, REPO, token=TOKEN, dry_run=False)
    assert hub.files == files_of(built)
    assert sorted(hub.files) == list(plan.files)
    assert (hub.gated, hub.parent) == ("auto", HEAD)


def test_an_older_build_is_replaced_and_its_shards_go(hub: Hub, built: Path) -> None:
    hub.files = {"scores/test-00000-of-00002.parquet": b"old", "README.md": b"old"}
    publish(built, REPO, token=TOKEN, dry_run=False)
    assert hub.files == files_of(built)
    assert hub.gated == "manual", "the owner's choice stays"


@pytest.mark.parametrize(("gated", "after"), [(True, "auto"), (False, False)])
def test_an_open_repository_is_gated_before_anything_is_sent(
    hub: Hub, built: Path, *, gated: bool, after: object
) -> None:
    """As the first push leaves it that is interrupted after the repository was made."""
    hub.gated = False
    publish(built, REPO, token=TOKEN, dry_run=False, gated=gated)
    assert hub.gated == after
    assert hub.files == files_of(built)
    settings = [i for i, asked in enumerate(hub.asked) if asked.endswith("/settings")]
    sent = [i for i, asked in enumerate(hub.asked) if "/preupload/" in asked]
    assert len(settings) == gated
    assert all(i < min(sent) for i in settings)


def test_the_plan_previews_the_card(built: Path) -> None:
    card = publish(built, REPO, token=None, dry_run=True).card
    assert card[0].startswith("title: ")
    assert any(line.startswith("scores: ") for line in card)
    assert card[-1].startswith("form: Name, Affiliation, Country, ")


def test_a_takedown_there_that_the_build_does_not_know_stops_it(
    hub: Hub, built: Path, tmp_path: Path
) -> None:
    take_down(built, ["SAMPLE5k01"], tmp_path / "out", reason="asked", date="2026-11-20")
    there = {"tombstones.json": (tmp_path / "out" / "tombstones.json").read_bytes()}
    hub.files = dict(there)
    with pytest.raises(BuildError, match="SAMPLE5k01 was taken down there"):
        publish(built, REPO, token=TOKEN, dry_run=False)
    assert hub.files == there
    publish(tmp_path / "out", REPO, token=TOKEN, dry_run=False)
    assert hub.files == files_of(tmp_path / "out")


def test_a_dry_run_asks_nobody(hub: Hub, built: Path) -> None:
    publish(built, REPO, token=None, dry_run=True)
    assert hub.asked == []


@pytest.mark.parametrize(
    ("where", "status", "said"),
    [
        (f"/api/datasets/{REPO}", 401, "the token in HF_TOKEN is not valid"),
        ("/commit/", 403, "has no write access"),
        ("/commit/", 409, "the repository is being changed"),
        ("/commit/", 412, "the repository has just been changed"),
        ("/resolve/", 403, "has no write access"),
        ("/tree/", 400, "nothing was changed; publish again later"),
        (f"/api/datasets/{REPO}", 500, "nothing was changed; publish again later"),
    ],
)
def test_a_refusal_is_one_line_with_the_next_move(
    where: str, status: int, said: str, hub: Hub, built: Path
) -> None:
    hub.refuse = {where: status}
    with pytest.raises(PublishError, match=said) as refused:
        publish(built, REPO, token=TOKEN, dry_run=False)
    told = str(refused.value)
    assert told.startswith(f"{REPO}: the hub answered {status}: ")
    assert "\n" not in told
    assert TOKEN not in told
    assert hub.files == {}


def test_a_hub_that_cannot_be_reached_is_not_a_hub_without_tombstones(
    hub: Hub, built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(*_: object, **__: object) -> None:
        from huggingface_hub.errors import LocalEntryNotFoundError

        raise LocalEntryNotFoundError("no connection and nothing cached")

    monkeypatch.setattr("huggingface_hub.HfApi.hf_hub_download", unreachable)
    with pytest.raises(PublishError, match="the hub cannot be reached; publish again later"):
        publish(built, REPO, token=TOKEN, dry_run=False)
    assert hub.files == {}


def test_no_token_is_said_before_anybody_is_asked(hub: Hub, built: Path) -> None:
    with pytest.raises(PublishError, match="set HF_TOKEN"):
        publish(built, REPO, token=None, dry_run=False)
    assert hub.asked == []


@pytest.mark.parametrize("token", [TOKEN, "hf_wrong9876543210"], ids=["right", "wrong"])
def test_the_command_takes_the_token_from_the_environment_and_never_prints_it(
    token: str, hub: Hub, built: Path, tmp_path: Path
) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "cycledata", "publish", str(built), "--repo", REPO],
        env={**os.environ, "HF_ENDPOINT": hub.url, "HF_TOKEN": token, "HF_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert token not in ran.stdout + ran.stderr
    assert "Traceback" not in ran.stderr
    if token == TOKEN:
        assert (ran.returncode, ran.stdout.split("\n")[0]) == (
            0,
            f"pushed {len(files_of(built))} files to {REPO}:",
        )
        assert hub.files == files_of(built)
    else:
        assert (ran.returncode, ran.stdout) == (1, "")
        last = ran.stderr.rstrip("\n").rpartition("\n")[2]
        assert last.startswith(
            f"error: {REPO}: the hub answered 401: the token in HF_TOKEN is not valid"
        )
