"""Publishing large files: the hub's LFS protocol, interrupted and resumed."""

import hashlib
import json
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


# huggingface_hub passes the file in a way that its HTTP client is about to drop.
@pytest.mark.filterwarnings("ignore:Use 'content=<...>':DeprecationWarning")
def test_an_interrupted_push_resumes_with_the_missing_files(hub: LfsHub, tmp_path: Path) -> None:
    out = tmp_path / "out"
    build(DATASETS["review-5k"], sample.SNAPSHOT, out, policy=read_policy(sample.POLICY))
    tables = {path.relative_to(out).as_posix(): path for path in out.rglob("*.parquet")}
    hub.fail_after = 2
    with pytest.raises(PublishError, match="answered 403") as refused:
        publish(out, REPO, token=TOKEN, dry_run=False)
    assert TOKEN not in str(refused.value)
    assert hub.committed == {}, "nothing is published by half"
    first = set(hub.puts)
    hub.fail_after = None
    publish(out, REPO, token=TOKEN, dry_run=False)
    digests = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in tables.items()}
    assert hub.committed == digests
    assert set(hub.objects) == set(digests.values())
    assert len(hub.puts) == len(set(hub.puts)), "no file is sent twice"
    assert first < set(hub.puts)
