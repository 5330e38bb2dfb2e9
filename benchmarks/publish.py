"""Memory and time of publishing a build of several hundred megabytes, killed and resumed.

Builds copies of one paper of the sample whose reviews are padded with random text, which does not
compress, and pushes the build to a server on loopback that speaks the hub's LFS and commit protocol
as far as `huggingface_hub` uses it. The first push is killed after a share of the bytes; the second
must send only what is missing, end in one commit and gate the repository. Xet, the hub's other
transfer, is off.

    python benchmarks/publish.py FOLDER [--megabytes 300]
"""

import argparse
import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from pathlib import Path

import numpy as np

from cycledata import OpenSnapshot, Reply, SealedSnapshot, sample, seal
from cycledata.builds.runner import DATASETS, build
from cycledata.consent.policy import read_policy
from tests.cycledata.builds.test_publish import REPO, TOKEN
from tests.cycledata.builds.test_publish_lfs import LfsHandler, LfsHub

PAPER = "SAMPLE5k01"
BYTES_PER_PAPER = 285_000
"""Measured: bytes of the Parquet files per padded paper."""
KILLED_AFTER = 0.5
"""Share of the bytes after which the first push is killed."""
_HAN = (0x4E00, 0x9F00)


@dataclass
class CountingHub(LfsHub):
    """A hub that keeps the sizes of the uploaded objects and not their bytes."""

    sizes: dict[str, int] = field(default_factory=dict)
    n_received: int = 0
    """Bytes of LFS objects so far, those of interrupted uploads included."""


class CountingHandler(LfsHandler):
    """Reads objects in blocks, so that a killed client is seen in the middle of a file."""

    hub: CountingHub

    def receive(self, oid: str) -> None:
        """Take one object and keep its size."""
        digest, left = hashlib.sha256(), int(self.headers["Content-Length"])
        size = left
        while left:
            block = self.rfile.read(min(left, 1 << 20))
            if not block:
                return
            digest.update(block)
            left -= len(block)
            self.hub.n_received += len(block)
        if digest.hexdigest() == oid:
            self.hub.puts.append(oid)
            self.hub.objects[oid] = b""
            self.hub.sizes[oid] = size
        self.answer(200)


def padded(text: str, rng: np.random.Generator) -> str:
    """Return a text with 8,000 random characters of 14 bits."""
    return text + " " + rng.integers(*_HAN, 8_000, dtype="<u2").tobytes().decode("utf-16-le")


def make_build(folder: Path, n_papers: int) -> Path:
    """Build `n_papers` padded papers; return the folder of the build."""
    reply = SealedSnapshot.open(sample.SNAPSHOT).get("openreview", f"forum/{PAPER}")
    rng = np.random.default_rng(0)
    with OpenSnapshot(folder / "snapshot") as snapshot:
        for number in range(n_papers):
            paper_id = f"Padded{number:05}"
            forum = json.loads(reply.payload.replace(PAPER.encode(), paper_id.encode()))
            for note in forum["notes"]:
                for name in ("summary", "strengths", "weaknesses", "questions"):
                    if (found := note["content"].get(name)) is None:
                        continue
                    if isinstance(found, dict):
                        found["value"] = padded(found["value"], rng)
                    else:
                        note["content"][name] = padded(found, rng)
            payload = json.dumps(forum, ensure_ascii=False).encode()
            key = f"forum/{paper_id}"
            snapshot.add(
                Reply("openreview", key, reply.url, None, 200, "application/json", payload)
            )
    seal(folder / "snapshot")
    build(
        DATASETS["review-5k"],
        folder / "snapshot",
        folder / "build",
        policy=read_policy(sample.POLICY),
        configs=("reviews", "scores"),
        n_workers=2,
        allow_empty=True,
    )
    return folder / "build"


@contextmanager
def serve(state: CountingHub) -> Iterator[None]:
    handler = type("OfThisRun", (CountingHandler,), {"hub": state})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        state.url = f"http://127.0.0.1:{server.server_port}"
        yield
        server.shutdown()


def push(folder: Path, state: CountingHub) -> subprocess.Popen[bytes]:
    """Start the command `cycledata publish`."""
    variables = {
        "HF_ENDPOINT": state.url,
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_TOKEN": TOKEN,
    }
    command = [sys.executable, "-m", "cycledata", "publish", str(folder), "--repo", REPO]
    return subprocess.Popen(command, env={**os.environ, **variables})


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("folder", type=Path, help="new folder for snapshot and build")
    options.add_argument("--megabytes", type=int, default=300)
    given = options.parse_args()
    started = time.monotonic()
    folder = make_build(given.folder, given.megabytes * 1_000_000 // BYTES_PER_PAPER)
    tables = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*.parquet")}
    n_bytes = sum(path.stat().st_size for path in tables.values())
    print(f"build: {n_bytes:,} bytes in {len(tables)} Parquet files, "
          f"{time.monotonic() - started:.0f} s")  # fmt: skip
    state = CountingHub(exists=False)
    with serve(state):
        first = push(folder, state)
        while first.poll() is None and state.n_received < KILLED_AFTER * n_bytes:
            time.sleep(0.005)
        first.send_signal(signal.SIGKILL)
        first.wait()
        done = set(state.puts)
        print(f"killed: {state.n_received:,} bytes sent, {len(done)} files complete, "
              f"{len(state.committed)} files published, gated: {state.gated}")  # fmt: skip
        before, started = state.n_received, time.monotonic()
        second = push(folder, state)
        _, status, usage = os.wait4(second.pid, 0)
        seconds = time.monotonic() - started
    digests = {name: hashlib.sha256(p.read_bytes()).hexdigest() for name, p in tables.items()}
    assert os.waitstatus_to_exitcode(status) == 0
    assert state.committed == digests
    assert len(state.puts) == len(set(state.puts)) == len(set(digests.values()))
    sent, n_files = state.n_received - before, len(set(state.puts) - done)
    print(f"resumed: {sent:,} bytes sent, {n_files} files complete, "
          f"{len(state.committed)} published in one commit, gated: {state.gated}")  # fmt: skip
    cpu = usage.ru_utime + usage.ru_stime
    print(f"second push: {seconds:.1f} s, {cpu:.1f} s CPU, peak {usage.ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
