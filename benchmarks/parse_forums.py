"""Forums parsed per second, beside the cost of their JSON alone.

    python benchmarks/parse_forums.py DUMP.jsonl.xz

Each line of the dump is one forum, ``{"forum": id, "notes": [...]}``. Prints papers per processor
second from bytes to ``Submission``, and the ratio to ``json.loads`` on the same bytes; each the
best of seven rounds.
"""

import json
import lzma
import sys
import time
from collections.abc import Callable
from pathlib import Path

from cycledata.parse.openreview import ParsedForum, parse_forum


def seconds(run: Callable[[bytes], object], lines: list[bytes]) -> float:
    """Processor seconds for all lines."""
    start = time.process_time()
    for line in lines:
        run(line)
    return time.process_time() - start


def main() -> None:
    lines = lzma.decompress(Path(sys.argv[1]).read_bytes()).rstrip(b"\n").split(b"\n")
    parsed = [parse_forum(line) for line in lines]
    n_notes = sum(forum.n_notes for forum in parsed if isinstance(forum, ParsedForum))
    rounds = [(seconds(parse_forum, lines), seconds(json.loads, lines)) for _ in range(7)]
    ours, alone = (min(times) for times in zip(*rounds, strict=True))
    print(f"{len(lines)} forums, {n_notes} notes, {sum(map(len, lines)) / 1e6:.1f} MB")
    print(f"parse_forum: {len(lines) / ours:.0f} papers/s")
    print(f"json.loads:  {len(lines) / alone:.0f} papers/s")
    print(f"ratio:       {ours / alone:.2f} times the JSON alone")


if __name__ == "__main__":
    main()
