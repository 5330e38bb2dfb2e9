"""Forums parsed per second, beside the cost of their JSON alone.

    python benchmarks/parse_forums.py DUMP.jsonl.xz

Each line of the dump is one forum, ``{"forum": id, "notes": [...]}``. Prints papers per second from
bytes to ``Submission`` and the ratio to ``json.loads`` on the same bytes, best of five.
"""

import json
import lzma
import sys
import time
from collections.abc import Callable
from pathlib import Path

from cycledata.parse.openreview import ParsedForum, parse_forum


def best_s(run: Callable[[bytes], object], lines: list[bytes]) -> float:
    """Seconds for all lines, the best of five runs."""
    times = []
    for _ in range(5):
        start = time.perf_counter()
        for line in lines:
            run(line)
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    lines = lzma.decompress(Path(sys.argv[1]).read_bytes()).rstrip(b"\n").split(b"\n")
    parsed = [parse_forum(line) for line in lines]
    n_notes = sum(forum.n_notes for forum in parsed if isinstance(forum, ParsedForum))
    ours, alone = best_s(parse_forum, lines), best_s(json.loads, lines)
    print(f"{len(lines)} forums, {n_notes} notes, {sum(map(len, lines)) / 1e6:.1f} MB")
    print(f"parse_forum: {len(lines) / ours:.0f} papers/s")
    print(f"json.loads:  {len(lines) / alone:.0f} papers/s")
    print(f"ratio:       {ours / alone:.2f} times the JSON alone")


if __name__ == "__main__":
    main()
