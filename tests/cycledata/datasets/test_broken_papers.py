"""Research-14k over papers that are broken in every way we know: it ends, each with its reason."""

import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from cycledata.builds.runner import DATASETS, build
from cycledata.consent.policy import read_policy
from cycledata.snapshot.reply import Reply

N_PAPERS = 40
Replies = dict[str, Reply]
Break = Callable[[Replies], Replies]
GARBAGE = bytes(range(256)) * 40
TEX = rb"\documentclass{article}\title{T}\begin{document}%s\end{document}"
DEEP = b"[" * 100_000


@pytest.fixture(scope="module")
def bomb_200mb() -> bytes:
    """Zeros that two hundred kilobytes of gzip unpack to."""
    packer, zeros = zlib.compressobj(6, zlib.DEFLATED, 31), bytes(1 << 20)
    return b"".join(packer.compress(zeros) for _ in range(200)) + packer.flush()


def holding(part: str, payload: bytes) -> Break:
    return lambda replies: {**replies, part: replace(replies[part], payload=payload)}


def answered(part: str, status: int) -> Break:
    return lambda replies: {**replies, part: replace(replies[part], status=status)}


def without(part: str) -> Break:
    return lambda replies: {name: reply for name, reply in replies.items() if name != part}


def beside(**more: Reply) -> Break:
    return lambda replies: {**replies, **more}


def test_a_build_over_broken_papers_ends_with_a_reason_for_each(
    tmp_path: Path,
    bomb_200mb: bytes,
    make_listed: Callable[..., Replies],
    make_archive: Callable[[Mapping[str, bytes]], bytes],
    make_conversation: Callable[..., Reply],
    make_outline: Callable[[str], str],
    make_snapshot: Callable[[Path, Iterable[Reply]], Path],
) -> None:
    def talk(number: int, **options: str) -> Break:
        told = {"source": f"2301.{number:05}v1", **options}
        return beside(talk=make_conversation(f"p{number:02}", make_outline("A plan."), **told))

    prose = b"We show that it is so for all of the data that we have. " * 40
    sections = rb"\section{A} %s \section{B} \cite{none}" % prose
    loop = make_archive({"main.tex": TEX % rb"\input{more}", "more.tex": rb"\input{main}"})
    ways: list[tuple[Break, str]] = [
        (holding("eprint", b"%PDF-1.5 no LaTeX"), "parse: pdf-eprint"),
        (answered("eprint", 404), "match: no-eprint"),
        (without("eprint"), "match: no-eprint"),
        (holding("eprint", GARBAGE), "parse: not-text"),
        (holding("eprint", b""), "parse: empty-payload"),
        (holding("eprint", loop), "filter: too-short"),
        (holding("eprint", bomb_200mb), "parse: archive-bomb"),
        (holding("eprint", make_archive({"figure.eps": GARBAGE})), "parse: no-text"),
        (holding("eprint", TEX % sections), "filter: no-bibliography"),
        (without("match"), "match: no-arxiv-paper"),
        (answered("match", 404), "match: no-arxiv-paper"),
        (holding("match", b"<html>Rate exceeded"), "parse: not-xml"),
        (holding("entry", b"<html>"), "parse: list-entry"),
        (holding("entry", DEEP), "parse: list-entry"),
        (holding("entry", make_listed(99)["entry"].payload), "parse: list-entry"),
        (talk(15, problem="novelty: no number"), "outline: outline-refused"),
        (talk(16, source="2301.00016v2"), "outline: outline-stale"),
        (lambda r: holding("talk", b"{}")(talk(17)(r)), "outline: outline-unreadable"),
        (holding("record", b"<html>Rate exceeded"), "default/consent: text-withheld"),
        (holding("own", DEEP), "references: scholar-record"),
        (holding("own", b"null"), "references: scholar-record"),
        (holding("cited", b"<html>"), "references: scholar-record"),
        (without("own"), "references: no-record"),
        (talk(23), ""),
        (without("record"), "default/consent: text-withheld"),
    ]
    expected = {f"p{number:02}": reason for number, (_, reason) in enumerate(ways) if reason}
    replies: list[Reply] = []
    for number in range(N_PAPERS):
        paper = make_listed(number)
        replies += (ways[number][0](paper) if number < len(ways) else paper).values()
    snapshot = make_snapshot(tmp_path / "snapshot", replies)
    manifest = build(
        DATASETS["research-14k"], snapshot, tmp_path / "out", policy=read_policy()
    ).manifest

    rows = pl.read_parquet(tmp_path / "out" / "dropped.parquet").iter_rows(named=True)
    found: dict[str, str] = {}
    for row in rows:
        found.setdefault(row["paper_id"], f"{row['stage']}: {row['rule']}")
    assert found == expected
    assert manifest.counts["papers_dropped"] == 18
    assert sum(manifest.configs["ids"].values()) == N_PAPERS - 18
    assert sum(manifest.configs["default"].values()) == N_PAPERS - 18 - 2
    assert manifest.withheld == {
        f"{component}: {rule}": 1
        for component in ("outline", "paper_text")
        for rule in ("no-evidence", "unreadable-licence")
    }
    assert manifest.counts["references"] == N_PAPERS - 18
    assert manifest.counts["references_with_abstract"] == N_PAPERS - 18 - 4
