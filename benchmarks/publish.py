"""Memory and time of publishing a build of several hundred megabytes, killed and resumed.

Builds copies of one paper of the sample whose reviews are padded with random text, which does not
compress, and pushes the build to a server on loopback that speaks the hub's LFS and commit protocol
as far as `huggingface_hub` uses it. The first push is killed after a share of the bytes. During the
second the server answers 500 for ever, so it must fail in one line. During the third the server
closes one connection in the middle of a file and answers 500 once; it must send only what is
missing, end in one commit and gate the repository. Xet, the hub's other transfer, is off.

    python benchmarks/publish.py FOLDER [--megabytes 300]
"""

import argparse
import hashlib
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np

from cycledata import OpenSnapshot, Reply, SealedSnapshot, sample, seal
from cycledata.builds.runner import build
from cycledata.consent.policy import read_policy
from cycledata.datasets.review5k import REVIEW_5K
from cycledata.datasets.spec import BuildContext, PaperRows
from tests.cycledata.builds.test_publish import REPO, TOKEN
from tests.cycledata.builds.test_publish_lfs import LfsHandler, LfsHub

PAPER = "SAMPLE5k01"
BYTES_PER_PAPER = 285_000
"""Measured: bytes of the Parquet files per padded paper."""
KILLED_AFTER = 0.75
"""Share of the bytes after which the first push is killed."""
_HAN = (0x4E00, 0x9F00)
_PADDED = frozenset({"summary", "strengths", "weaknesses", "questions"})


@dataclass
class CountingHub(LfsHub):
    """A hub that keeps the sizes of the uploaded objects and not their bytes."""

    sizes: dict[str, int] = field(default_factory=dict)
    n_received: int = 0
    """Bytes of LFS objects so far, those of interrupted uploads included."""
    n_errors: int = 0
    """Uploads that the server will still answer with 500."""
    n_resets: int = 0
    """Uploads whose connection the server will still close after the first block."""


class CountingHandler(LfsHandler):
    """Reads objects in blocks, so that a killed client is seen in the middle of a file."""

    hub: CountingHub

    def receive(self, oid: str) -> None:
        """Take one object and keep its size."""
        digest, left = hashlib.sha256(), int(self.headers["Content-Length"])
        size = left
        if self.hub.n_errors:
            self.hub.n_errors -= 1
            self.answer(500)
            return
        while left:
            block = self.rfile.read(min(left, 1 << 20))
            if not block:
                return
            digest.update(block)
            left -= len(block)
            self.hub.n_received += len(block)
            if self.hub.n_resets:
                self.hub.n_resets -= 1
                reset = struct.pack("ii", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
                self.connection.close()
                return
        if digest.hexdigest() == oid:
            self.hub.puts.append(oid)
            self.hub.objects[oid] = b""
            self.hub.sizes[oid] = size
        self.answer(200)


def padded(text: str, rng: np.random.Generator) -> str:
    """Return a text with 8,000 random characters of 14 bits."""
    return text + " " + rng.integers(*_HAN, 8_000, dtype="<u2").tobytes().decode("utf-16-le")


def make_padded(context: BuildContext[Any], paper_id: str) -> PaperRows:
    """Return the rows of a paper, its reviews padded: reading such texts would take minutes."""
    made = REVIEW_5K.make(context, paper_id)
    if "reviews" not in made.rows:
        return made
    rng = np.random.default_rng(int(paper_id[-5:]))
    row = made.rows["reviews"]
    reviews = [
        {name: padded(text, rng) if name in _PADDED else text for name, text in review.items()}
        for review in row["reviews"]
    ]
    return replace(made, rows={**made.rows, "reviews": {**row, "reviews": reviews}})


def make_build(folder: Path, n_papers: int) -> Path:
    """Build `n_papers` padded papers; return the folder of the build."""
    reply = SealedSnapshot.open(sample.SNAPSHOT).get("openreview", f"forum/{PAPER}")
    assert reply is not None
    with OpenSnapshot(folder / "snapshot") as snapshot:
        for number in range(n_papers):
            paper_id = f"Padded{number:05}"
            payload = reply.payload.replace(PAPER.encode(), paper_id.encode())
            key = f"forum/{paper_id}"
            snapshot.add(
                Reply("openreview", key, reply.url, None, 200, "application/json", payload)
            )
    seal(folder / "snapshot")
    build(
        replace(REVIEW_5K, make=make_padded),
        folder / "snapshot",
        folder / "build",
        policy=read_policy(sample.POLICY),
        configs=("reviews", "scores"),
        n_workers=1,
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
    options.add_argument(
        "folder", type=Path, help="folder for snapshot and build; a build is used again"
    )
    options.add_argument("--megabytes", type=int, default=300)
    given = options.parse_args()
    started = time.monotonic()
    folder = given.folder / "build"
    if not folder.exists():
        make_build(given.folder, given.megabytes * 1_000_000 // BYTES_PER_PAPER)
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
        state.n_errors = 1_000
        refused = push(folder, state)
        assert refused.wait() == 1
        assert not state.committed
        state.n_errors, state.n_resets = 1, 1
        before, started = state.n_received, time.monotonic()
        last = push(folder, state)
        _, status, usage = os.wait4(last.pid, 0)
        seconds = time.monotonic() - started
    digests = {name: hashlib.sha256(p.read_bytes()).hexdigest() for name, p in tables.items()}
    assert os.waitstatus_to_exitcode(status) == 0
    assert (state.n_errors, state.n_resets) == (0, 0)
    assert state.committed == digests
    assert len(state.puts) == len(set(state.puts)) == len(set(digests.values()))
    sent, n_files = state.n_received - before, len(set(state.puts) - done)
    print(f"resumed: {sent:,} bytes sent, {n_files} files complete, "
          f"{len(state.committed)} published in one commit, gated: {state.gated}")  # fmt: skip
    cpu = usage.ru_utime + usage.ru_stime
    print(f"last push: {seconds:.1f} s, {cpu:.1f} s CPU, peak {usage.ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
