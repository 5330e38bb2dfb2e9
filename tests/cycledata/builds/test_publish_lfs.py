"""Publishing large files: the hub's LFS protocol, interrupted and resumed."""

import hashlib
import json
import socket
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from cycledata import sample
from cycledata.builds.publish import publish
from cycledata.builds.runner import DATASETS, build
from cycledata.consent.policy import read_policy
from cycledata.errors import PublishError
from tests.cycledata.builds.test_publish import HEAD, REPO, TOKEN, Handler, Hub


@dataclass
class LfsHub(Hub):
    """A hub that takes every Parquet file through LFS and keeps the uploaded objects."""

    objects: dict[str, bytes] = field(default_factory=dict)
    """Uploaded bytes by sha256."""
    puts: list[str] = field(default_factory=list)
    """Every upload, in order."""
    committed: dict[str, str] = field(default_factory=dict)
    """Path to sha256 of the LFS files of the last commit."""
    fail_after: int | None = None
    """Uploads that succeed before one is refused."""
    faults: list[str] = field(default_factory=list)
    """What happens to the next uploads: ``"error"`` (500) or ``"reset"`` (connection closed)."""


class LfsHandler(Handler):
    hub: LfsHub

    def do_any(self) -> None:
        path = self.path.partition("?")[0]
        if path.endswith("/info/lfs/objects/batch"):
            self.batch(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        elif path.startswith("/lfs/"):
            self.receive(path.rpartition("/")[2])
        elif "/preupload/" in path:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            modes = [
                {
                    "path": file["path"],
                    "uploadMode": "lfs" if file["path"].endswith(".parquet") else "regular",
                    "shouldIgnore": False,
                }
                for file in body["files"]
            ]
            self.answer(200, json.dumps({"files": modes}).encode())
        elif "/commit/" in path:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            lines = [json.loads(line) for line in body.split(b"\n") if line]
            lfs = [line["value"] for line in lines if line["key"] == "lfsFile"]
            self.hub.committed = {value["path"]: value["oid"] for value in lfs}
            done = {"commitUrl": f"{self.hub.url}/datasets/{REPO}/commit/{HEAD}", "commitOid": HEAD}
            self.answer(200, json.dumps(done).encode())
        else:
            super().do_any()

    do_GET = do_POST = do_PUT = do_HEAD = do_any  # noqa: N815  the names that http.server calls

    def batch(self, asked: dict[str, list[dict[str, object]]]) -> None:
        """Answer which objects are missing and where to put them."""
        found = []
        for item in asked["objects"]:
            upload = {"href": f"{self.hub.url}/lfs/{item['oid']}"}
            missing = item["oid"] not in self.hub.objects
            found.append({**item, **({"actions": {"upload": upload}} if missing else {})})
        self.answer(200, json.dumps({"transfer": "basic", "objects": found}).encode())

    def receive(self, oid: str) -> None:
        """Take one object; refuse it when the test says so."""
        data = self.rfile.read(int(self.headers["Content-Length"]))
        hub = self.hub
        if hub.fail_after is not None and len(hub.puts) >= hub.fail_after:
            self.answer(403)
            return
        if hub.faults:
            if hub.faults.pop() == "error":
                self.answer(500)
            else:
                reset = struct.pack("ii", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
                self.connection.close()
            return
        hub.puts.append(oid)
        if hashlib.sha256(data).hexdigest() == oid:
            hub.objects[oid] = data
        self.answer(200)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[LfsHub]:
    state = LfsHub()
    handler = type("OfThisTest", (LfsHandler,), {"hub": state})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        state.url = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", state.url)
        template = f"{state.url}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
        monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)
        yield state
        server.shutdown()


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("built") / "out"
    build(DATASETS["review-5k"], sample.SNAPSHOT, out, policy=read_policy(sample.POLICY))
    return out


def digests_of(out: Path) -> dict[str, str]:
    """Return the sha256 of each Parquet file by path."""
    return {
        path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in out.rglob("*.parquet")
    }


# huggingface_hub passes the file in a way that its HTTP client is about to drop.
@pytest.mark.filterwarnings("ignore:Use 'content=<...>':DeprecationWarning")
def test_an_interrupted_push_resumes_with_the_missing_files(hub: LfsHub, built: Path) -> None:
    hub.fail_after = 2
    with pytest.raises(PublishError, match="answered 403") as refused:
        publish(built, REPO, token=TOKEN, dry_run=False)
    assert TOKEN not in str(refused.value)
    assert hub.committed == {}, "nothing is published by half"
    first = set(hub.puts)
    hub.fail_after = None
    publish(built, REPO, token=TOKEN, dry_run=False)
    digests = digests_of(built)
    assert hub.committed == digests
    assert set(hub.objects) == set(digests.values())
    assert len(hub.puts) == len(set(hub.puts)), "no file is sent twice"
    assert first < set(hub.puts)


@pytest.mark.filterwarnings("ignore:Use 'content=<...>':DeprecationWarning")
def test_a_push_gets_over_errors_and_closed_connections(
    hub: LfsHub, built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda _: None)
    hub.faults = ["error", "reset", "reset", "error"]
    publish(built, REPO, token=TOKEN, dry_run=False)
    assert hub.faults == []
    assert hub.committed == digests_of(built)
    assert len(hub.puts) == len(set(hub.puts)) == len(hub.objects)


@pytest.mark.filterwarnings("ignore:Use 'content=<...>':DeprecationWarning")
@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("error", "the hub answered 500: nothing was changed; publish again later"),
        ("reset", "the hub cannot be reached; publish again later"),
    ],
)
def test_a_lasting_fault_is_one_line_and_publishes_nothing(
    hub: LfsHub, built: Path, monkeypatch: pytest.MonkeyPatch, fault: str, message: str
) -> None:
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda _: None)
    hub.exists, hub.faults = False, [fault] * 1_000
    with pytest.raises(PublishError, match=f"^{REPO}: {message}$"):
        publish(built, REPO, token=TOKEN, dry_run=False)
    assert hub.committed == {}
    assert hub.gated == "auto", "gated before anything is sent"
