"""`cycledata outline`: it asks about the papers that a build takes, about each once."""

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cycledata.builds.runner import DATASETS, build
from cycledata.cli import app
from cycledata.consent.policy import read_policy
from cycledata.datasets.research14k.recipe import Research14kRecipe
from cycledata.errors import SealedError, SnapshotError
from cycledata.load import iterate_rows
from cycledata.snapshot.open import OpenSnapshot
from cycledata.snapshot.reply import Reply
from cycledata.snapshot.seal import seal

MODEL = "org/model"
Listed = Callable[..., dict[str, Reply]]


def answer(text: str) -> tuple[int, dict[str, Any]]:
    """What an OpenAI-compatible server sends."""
    choice = {
        "index": 0,
        "finish_reason": "stop",
        "message": {"role": "assistant", "content": text},
    }
    head = {"id": "1", "object": "chat.completion", "created": 1, "model": "served"}
    return 200, {**head, "choices": [choice], "usage": None}


@pytest.fixture
def snapshot(tmp_path: Path, make_listed: Listed) -> Path:
    """Open; of its seven papers five are fit to be planned."""
    papers = [make_listed(number) for number in range(7)]
    papers[5]["eprint"] = replace(papers[5]["eprint"], payload=b"%PDF-1.5")
    del papers[6]["match"]
    with OpenSnapshot(tmp_path / "snapshot") as into:
        into.add_many(reply for paper in papers for reply in paper.values())
    return tmp_path / "snapshot"


@pytest.fixture
def outline(
    snapshot: Path,
    tmp_path: Path,
    play: Callable[[dict[str, list[tuple[int, Any]]]], Any],
    make_outline: Callable[[str], str],
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., dict[str, Any]]:
    """Runs the command against a server that never plans paper 3; gives its JSON."""
    monkeypatch.setenv("CYCLEKIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    good, bad = answer(make_outline("A plan.")), answer("la la")
    server = play({f"Paper {i:02} of many": [bad if i == 3 else good] for i in range(7)})

    def run(*words: str) -> dict[str, Any]:
        options = ["--snapshot", str(snapshot), "--endpoint", server.url, "--model", MODEL]
        ran = CliRunner().invoke(
            app, ["outline", *options, "--json", *words], catch_exceptions=False
        )
        assert ran.exit_code == 0, ran.output
        found: dict[str, Any] = json.loads(ran.stdout)
        return {**found, "requests": len(server.asked)}

    return run


def test_the_papers_asked_about_are_those_that_the_build_takes(
    outline: Callable[..., dict[str, Any]], snapshot: Path, tmp_path: Path
) -> None:
    told = outline("--max-attempts", "2")
    assert told == {
        "outlined": 4,
        "refused": 1,
        "known": 0,
        "not_asked": {"match: no-arxiv-paper": 1, "parse: pdf-eprint": 1},
        "requests": 6,
    }
    assert b"sk-secret" not in b"".join(p.read_bytes() for p in snapshot.iterdir())
    seal(snapshot)
    built = build(DATASETS["research-14k"], snapshot, tmp_path / "out", policy=read_policy())
    assert built.manifest.dropped == {**told["not_asked"], "outline: outline-refused": 1}
    sources = [
        row["outline_source"]
        for split in built.manifest.configs["ids"]
        for row in iterate_rows(tmp_path / "out", "ids", split)
    ]
    assert sources == [MODEL] * 4
    assert built.manifest.inputs["recipe"] == Research14kRecipe().model_dump(mode="json")


def test_a_second_run_asks_about_what_is_new_and_about_a_new_version(
    outline: Callable[..., dict[str, Any]], snapshot: Path, make_listed: Listed
) -> None:
    first = outline("--limit", "2")
    assert (first["outlined"], first["not_asked"]) == (2, {})
    with OpenSnapshot(snapshot) as into:
        newer = make_listed(1, text="We show of the data that we have that it is otherwise.")
        into.add(replace(newer["eprint"], key="eprint/2301.00001v2"))
        (snapshot / "tombstones.json").write_text(
            '{"tombstones": [{"paper_id": "p02", "reason": "asked", "date": "2026-01-01"}]}'
        )
    second = outline("--max-attempts", "1")
    assert {k: second[k] for k in ("outlined", "refused", "known")} == {
        "outlined": 2,
        "refused": 1,
        "known": 1,
    }
    assert second["not_asked"]["takedown: takedown"] == 1
    assert outline()["known"] == 4
    assert outline()["requests"] == second["requests"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("", "one of them"),
        ("--vllm --endpoint http://x/v1", "one of them"),
        ("--endpoint localhost:8000", "expected http://HOST/v1"),
        ("--endpoint http://x:port/v1", "expected http://HOST/v1"),
        ("--endpoint http://x/v1 --engines 2", "goes with --vllm"),
        ("--endpoint http://x/v1 --context 9000", "lower max_tokens"),
        ("--endpoint http://x/v1 --limit 0", "greater than or equal to 1"),
    ],
    ids=["neither", "both", "no-scheme", "no-port", "engines-of-a-server", "no-room", "no-papers"],
)
def test_misuse_exits_2_and_says_what_was_expected(
    snapshot: Path, words: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    options = ["outline", "--snapshot", str(snapshot), "--model", MODEL, *words.split()]
    ran = CliRunner().invoke(app, options)
    assert ran.exit_code == 2
    assert said in ran.stderr


def test_a_snapshot_without_a_list_or_sealed_is_refused(
    tmp_path: Path, make_snapshot: Callable[[Path, Iterable[Reply]], Path], make_listed: Listed
) -> None:
    (tmp_path / "empty").mkdir()
    sealed = make_snapshot(tmp_path / "sealed", make_listed(1).values())
    for folder, error, said in (
        (tmp_path / "empty", SnapshotError, "no list of accepted papers"),
        (sealed, SealedError, "sealed, so no replies can be added"),
    ):
        words = ["outline", "--snapshot", str(folder), "--endpoint", "http://127.0.0.1:9/v1"]
        with pytest.raises(error, match=said):
            CliRunner().invoke(app, [*words, "--model", "m"], catch_exceptions=False)


def test_vllm_is_wanted_only_once_the_snapshot_is_known_to_be_fit(
    snapshot: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    words = ["outline", "--model", "org/model", "--vllm", "--gpus-per-engine", "2", "--snapshot"]
    for folder, error in ((tmp_path / "empty", SnapshotError), (snapshot, ImportError)):
        with pytest.raises(error, match=r"no list of accepted|cyclekit\[vllm\]"):
            CliRunner().invoke(app, [*words, str(folder)], catch_exceptions=False)
