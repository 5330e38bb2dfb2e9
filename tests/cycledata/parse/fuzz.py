"""Real e-prints and bibliographies, damaged at random, for as long as asked.

    python fuzz.py FOLDER SECONDS [SEED]

FOLDER holds e-prints. Each turn takes one of them, damages its texts, its .bib files, its tar or
its gzip, and reads it. Anything but a ``ParseError`` is a crash, ten seconds of processor time a
hang; both print their traceback at once. A table of turns, slowest turn and faults ends the run.
"""

import gzip
import random
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from cycledata.errors import ParseError
from cycledata.parse.bibliography.read import read_bibliography
from cycledata.parse.latex.archive import open_eprint
from cycledata.parse.latex.paper import parse_archive, parse_eprint

HANG_SECONDS = 10
_TOKENS = (
    r"{ } [ ] \ % $ & # \begin{ \end{ \section{ \def\ \newcommand{\ #1 \if \fi \else \iffalse"
    r" \input{ \cite{ \verb| \begin{document} \end{document} \title{ \let\ \csname \endcsname"
    r" \bibitem{ @article{ = , \expandafter \renewcommand \begin{verbatim} \endinput \abstract{"
)
TOKENS = _TOKENS.split()
CHARACTERS = '\0\t\n\r"\\{}%\xa0\u2028\ufffd'


class Hang(BaseException):
    """A turn that took too long; no ``except Exception`` may swallow it."""


def damaged_text(text: str, rng: random.Random) -> str:
    for _ in range(rng.choice([1, 1, 2, 5, 20])):
        start = rng.randrange(len(text) + 1)
        end = start + rng.choice([1, 2, 5, 30, 300, 3_000])
        other = rng.randrange(len(text) + 1)
        middle = rng.choice(
            [
                "",
                rng.choice(TOKENS) + text[start:end],
                text[start:end] * rng.choice([2, 3, 20]),
                rng.choice(TOKENS) * rng.choice([1, 10, 1_000]),
                text[other : other + end - start],
                rng.choice(CHARACTERS),
            ]
        )
        text = text[:start] + middle + text[end:]
    return text


def damaged_bytes(data: bytes, rng: random.Random) -> bytes:
    damaged = bytearray(data)
    for _ in range(rng.choice([1, 2, 8, 64])):
        start = rng.randrange(len(damaged))
        damaged[start : start + rng.choice([0, 1, 1, 4])] = rng.randbytes(rng.choice([0, 1, 1, 4]))
    return bytes(damaged)


def turn(payload: bytes, rng: random.Random) -> tuple[str, Callable[[], object]]:
    """A kind of damage, and the reading of what it leaves."""
    kind = rng.choice(["texts", "texts", "texts", "bibliography", "gzip", "tar"])
    if kind == "gzip":
        data = damaged_bytes(payload, rng)
        return kind, lambda: parse_eprint(data, file="fuzz")
    if kind == "tar":
        tar = damaged_bytes(gzip.decompress(payload), rng)
        return kind, lambda: parse_eprint(tar, file="fuzz")
    archive = open_eprint(payload)
    if kind == "texts":
        names = [name for name in archive.texts if not name.endswith(".bib")]
        chosen = rng.sample(names, min(len(names), rng.choice([1, 1, 3])))
        texts = archive.texts | {name: damaged_text(archive.texts[name], rng) for name in chosen}
        return kind, lambda: parse_archive(replace(archive, texts=texts), file="fuzz")
    names = [name for name in archive.texts if name.endswith((".bib", ".bbl"))]
    entries = {name: damaged_text(archive.texts[name], rng) for name in names}
    return kind, lambda: read_bibliography("", entries, main_file="main.tex", cited=["*"])


def main() -> None:
    folder, seconds = Path(sys.argv[1]), float(sys.argv[2])
    rng = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 0)
    payloads = [path.read_bytes() for path in sorted(folder.iterdir())]
    turns, slowest, faults = Counter[str](), Counter[str](), Counter[str]()

    def hang(_signal: int, _frame: object) -> None:
        raise Hang

    signal.signal(signal.SIGVTALRM, hang)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        kind, read = turn(rng.choice(payloads), rng)
        started = time.process_time()
        signal.setitimer(signal.ITIMER_VIRTUAL, HANG_SECONDS)
        try:
            read()
        except ParseError:
            pass
        except (Hang, Exception):  # noqa: BLE001  every other exception is what we look for
            faults[kind] += 1
            traceback.print_exc()
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        turns[kind] += 1
        slowest[kind] = max(slowest[kind], round(1_000 * (time.process_time() - started)))
    for kind in sorted(turns):
        row = f"{kind:14}{turns[kind]:8} turns{slowest[kind]:6} ms at most{faults[kind]:4} faults"
        sys.stdout.write(row + "\n")
    sys.stdout.write(f"processor seconds {time.process_time():.0f}\n")


if __name__ == "__main__":
    main()
