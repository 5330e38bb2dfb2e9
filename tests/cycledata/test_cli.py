"""Every command, used wrongly in the ways that people do: exit codes and what is said on stderr."""

import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import typer

from cycledata import sample
from cycledata.cli import app, main
from cycledata.consent.tombstones import Tombstone, write_tombstones
from cycledata.console import printable
from cycledata.load import read_build
from cycledata.records import SCHEMA_VERSION


@dataclass(frozen=True)
class Run:
    code: int
    out: str
    err: str


Cli = Callable[..., Run]


@pytest.fixture
def cli(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Runs the console script's entry point in this process."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(signal, "signal", lambda *_: None)

    def run(*words: object) -> Run:
        monkeypatch.setattr(sys, "argv", ["cycledata", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            main()
        captured = capfd.readouterr()
        code = end.value.code
        return Run(code if isinstance(code, int) else 0, captured.out, captured.err)

    return run


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli")
    command = [sys.executable, "-m", "cycledata", "build", "review-5k", "--out", "built"]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    (folder / "a-file").write_text("text")
    (folder / "empty").mkdir()
    (folder / "blank.txt").write_text("\n  \n")
    (folder / "latin1.txt").write_bytes(b"caf\xe9\n")
    (folder / "one.txt").write_text("SAMPLE5k01\r\n")
    (folder / "bad.toml").write_text("name = [")
    (folder / "odd.toml").write_text(
        'name = "x"\naccept_terms = ["no-derivatives"]\n[components]\n'
    )
    (folder / "damaged").mkdir()
    (folder / "damaged" / "manifest.json").write_text(
        f'{{"schema_version": {SCHEMA_VERSION}, "kind": "build"}}'
    )
    (folder / "older").mkdir()
    (folder / "older" / "manifest.json").write_text('{"schema_version": 1, "kind": "build"}')
    (folder / "newer").mkdir()
    (folder / "newer" / "manifest.json").write_text('{"schema_version": 99}')
    return folder


MISUSES = {
    "no dataset": ("build --out x", "Missing argument"),
    "unknown dataset": ("build review-6k --out x", "review-6k"),
    "no out": ("build review-5k", "Missing option '--out'"),
    "snapshot that is not there": ("build review-5k --out x --snapshot nowhere", "does not exist"),
    "snapshot that is a file": ("build review-5k --out x --snapshot a-file", "is a file"),
    "out that is a file": ("build review-5k --out a-file", "is a file"),
    "no such policy": ("build review-5k --out x --policy no.toml", "'no.toml' does not exist"),
    "policy that is a folder": ("build review-5k --out x --policy empty", "is a directory"),
    "no workers": ("build review-5k --out x --workers 0", "greater than or equal to 1"),
    "unknown engine": ("build review-5k --out x --engine spark", "'local', 'ray'"),
    "verify nothing": ("verify nowhere", "does not exist"),
    "verify a file": ("verify a-file", "is a file"),
    "explain in a file": ("explain a-file SAMPLE5k01", "is a file"),
    "takedown without ids": (
        "takedown built --reason r --out x --ids none",
        "'none' does not exist",
    ),
    "takedown ids from a folder": (
        "takedown built --reason r --out x --ids empty",
        "is a directory",
    ),
    "takedown on no day": (
        "takedown built --reason r --out x --ids one.txt --date 20-11-2026",
        "does not match the formats '%Y-%m-%d'",
    ),
    "takedown without a reason": ("takedown built --out x --ids one.txt", "'--reason'"),
    "seal nothing": ("seal nowhere", "does not exist"),
    "import nothing": ("import openreview-notes none.jsonl --snapshot s", "does not exist"),
    "import into a file": ("import openreview-notes one.txt --snapshot a-file", "is a file"),
    "import on no day": (
        "import openreview-notes one.txt --snapshot s --retrieved-at today",
        "does not match the formats",
    ),
    "parse nothing": ("parse none.tex", "does not exist"),
    "publish to half a name": ("publish built --repo name --dry-run", "ORG/NAME"),
    "fetch half a paper": ("fetch review-5k --snapshot s --limit 0", "greater than or equal to 1"),
    "unknown command": ("unbuild", "No such command 'unbuild'"),
}


@pytest.mark.parametrize("case", MISUSES)
def test_misuse_exits_2_and_says_what_was_expected(
    case: str, cli: Cli, built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words, said = MISUSES[case]
    monkeypatch.chdir(built)
    ran = cli(*words.split())
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert not (built / "x").exists()


FAILURES = {
    "build from no snapshot": (
        "build review-5k --out x --snapshot empty",
        "empty: expected snapshot.json and replies-*.parquet, found neither; is the path right?",
    ),
    "build over something else": (
        "build review-5k --out damaged",
        "BuildManifest",
    ),
    "build inside a file": (
        "build review-5k --out a-file/x",
        "a file is where a folder is needed; change --out",
    ),
    "policy that is no TOML": ("build review-5k --out x --policy bad.toml", "bad.toml: not TOML"),
    "policy with an unknown word": (
        "build review-5k --out x --policy odd.toml",
        "odd.toml: accept_terms.0: Input should be 'share-alike' or 'non-commercial', found",
    ),
    "verify an empty folder": ("verify empty", "empty: neither a build (no manifest.json) nor"),
    "verify a damaged manifest": (
        "verify damaged",
        "manifest.json: not a BuildManifest: files: Field required",
    ),
    "verify a newer build": (
        "verify newer",
        f"schema version 99, this package reads up to {SCHEMA_VERSION}",
    ),
    "verify an older build": (
        "verify older",
        f"(schema version 1, this one writes {SCHEMA_VERSION}); run `cycledata build` again",
    ),
    "explain in no build": ("explain empty SAMPLE5k01", "run `cycledata build`"),
    "explain an unknown paper": (
        "explain built nobody",
        "built: expected the id of a paper, kept or dropped, found 'nobody'",
    ),
    "takedown of nobody": (
        "takedown built --reason r --out x --ids blank.txt",
        "blank.txt: no paper id in it; write one per line",
    ),
    "takedown in another encoding": (
        "takedown built --reason r --out x --ids latin1.txt",
        "latin1.txt: expected UTF-8 text, one paper id per line",
    ),
    "takedown into the build itself": (
        "takedown built --reason r --out built --ids one.txt",
        "built: not empty; give --out a new or empty folder",
    ),
    "seal an empty folder": ("seal empty", "no replies.sqlite and no snapshot.json; nothing to"),
    "publish no build": ("publish empty --repo org/name --dry-run", "not a finished build"),
}


@pytest.mark.parametrize("case", FAILURES)
def test_failure_exits_1_with_one_line(
    case: str, cli: Cli, built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words, said = FAILURES[case]
    monkeypatch.chdir(built)
    ran = cli(*words.split())
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("error: ")
    assert ran.err.count("\n") == 1
    assert said in ran.err
    assert not (built / "x").exists()


def test_an_open_snapshot_is_told_to_be_sealed_first(cli: Cli, tmp_path: Path) -> None:
    notes = tmp_path / "notes.jsonl"
    notes.write_text('{"id": "a"}\n')
    assert cli("import", "openreview-notes", notes, "--snapshot", tmp_path / "s").code == 1
    for command in (["build", "review-5k", "--out", tmp_path / "x", "--snapshot"], ["verify"]):
        ran = cli(*command, tmp_path / "s")
        assert (ran.code, ran.out) == (1, "")
        assert "still open (replies.sqlite); run `cycledata seal` first" in ran.err


def test_a_takedown_explains_and_counts(cli: Cli, built: Path, tmp_path: Path) -> None:
    ids = tmp_path / "ids.txt"
    ids.write_text("\ufeff# asked by mail\r\nhttps://openreview.net/forum?id=SAMPLE5k01\r\n\r\n")
    out, reason = tmp_path / "out", "asked by mail"
    ran = cli("takedown", built / "built", "--ids", ids, "--reason", reason, "--out", out)
    assert ran.code == 0
    before, after = (read_build(folder).counts for folder in (built / "built", out))
    assert after["papers"] == after["papers_kept"] + after["papers_dropped"] == before["papers"]
    assert (before["papers_kept"], after["papers_taken_down"]) == (after["papers_kept"] + 1, 1)
    assert "1 taken down" in ran.err
    told = json.loads(cli("explain", out, "SAMPLE5k01", "--json").out)
    assert (told["outcome"], told["tombstone"]["reason"]) == ("out", reason)


def test_a_takedown_of_an_unknown_id_writes_nothing(cli: Cli, built: Path, tmp_path: Path) -> None:
    ids = tmp_path / "ids.txt"
    ids.write_text("SAMPLE5k01\nnobody\x1b[2J\n")
    out = tmp_path / "out"
    ran = cli("takedown", built / "built", "--ids", ids, "--reason", "r", "--out", out)
    assert (ran.code, ran.out) == (1, "")
    assert "nobody\\x1b[2J" in ran.err
    assert "nothing was written" in ran.err
    assert not out.exists()


def test_a_takedown_beside_the_snapshot_binds_builds_written_elsewhere(
    cli: Cli, built: Path, tmp_path: Path
) -> None:
    snapshot = tmp_path / "snapshot"
    snapshot.mkdir()
    for file in sample.SNAPSHOT.iterdir():
        (snapshot / file.name).write_bytes(file.read_bytes())
    out = tmp_path / "elsewhere" / "out"
    words = ["--ids", built / "one.txt", "--reason", "asked", "--snapshot", snapshot]
    taken = cli("takedown", built / "built", *words, "--out", tmp_path / "first")
    assert "so do all builds from" in taken.err
    assert cli("build", "review-5k", "--snapshot", snapshot, "--out", out).code == 0
    assert cli("explain", out, "SAMPLE5k01").out.startswith("SAMPLE5k01: out\n  taken down on ")
    assert cli("verify", snapshot).code == 0


def test_explain_prints_places_reasons_and_evidence(cli: Cli, built: Path) -> None:
    lines = cli("explain", built / "built", "SAMPLE5k03").out.split("\n")
    assert (
        lines[0]
        == "SAMPLE5k03: in part (history/train, reviews/train, scores/train, threads/train)"
    )
    assert "  left out by default/consent: text-withheld: licence-no-redistribution" in lines
    assert (
        "  publish  ratings: public-facts: 'readers: everyone' "
        "(openreview forum/SAMPLE5k03, 2026-11-01)"
    ) in lines


def test_verify_counts_files(cli: Cli, built: Path) -> None:
    ran = cli("verify", built / "built", "--json")
    assert json.loads(ran.out) == {"kind": "build", "n_files": 16, "ok": True}


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_a_command_without_output_streams_ends_as_usual(closed: str) -> None:
    command = f"{shlex.quote(sys.executable)} -m cycledata list {closed}"
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_verify_names_the_working_folder(
    cli: Cli, built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(built / "built")
    assert cli("verify", ".").out == ".: build as pinned, 16 files\n"


def test_a_closed_pipe_ends_a_command_quietly(built: Path) -> None:
    command = f"{sys.executable} -m cycledata explain built SAMPLE5k01 | true"
    ran = subprocess.run(
        ["bash", "-c", command], cwd=built, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in ran.stderr


def test_an_interrupt_exits_130_without_a_word(
    cli: Cli, built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("cycledata.load.verify_build", interrupt)
    assert cli("verify", built / "built") == Run(130, "", "")


def test_a_full_disk_is_told_in_one_line(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, os.strerror(28), "dropped.parquet")

    monkeypatch.setattr("cycledata.builds.row_shards.RowWriter.close", full)
    ran = cli("build", "review-5k", "--out", tmp_path / "out")
    assert ran.code == 1
    assert ran.err == (
        "error: dropped.parquet: No space left on device; free some disk space and run the command"
        " again\n"
    )
    assert not (tmp_path / "out").exists()


def every_parameter() -> list[object]:
    def walk(path: str, command: object) -> list[object]:
        if isinstance(command, typer.core.TyperGroup):
            return [
                x for name, sub in command.commands.items() for x in walk(f"{path} {name}", sub)
            ]
        assert isinstance(command, typer.core.TyperCommand)
        return [pytest.param(command, id=path)]

    return walk("cycledata", typer.main.get_command(app))


@pytest.mark.parametrize("command", every_parameter())
def test_every_command_argument_and_option_has_help(command: typer.core.TyperCommand) -> None:
    assert command.help
    for parameter in command.params:
        assert getattr(parameter, "help", None), parameter.name


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Ünïcode – 論文", "Ünïcode – 論文"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("a\nb\r\tc", "a\\nb\\r\\tc"),
        ("\u202eright to left", "\\u202eright to left"),
        ("\ud800 half", "\\ud800 half"),
    ],
)
def test_a_strangers_text_cannot_command_the_terminal(text: str, shown: str) -> None:
    assert printable(text) == shown


@pytest.mark.parametrize("command", every_parameter())
def test_every_command_shows_an_example(command: typer.core.TyperCommand) -> None:
    assert command.epilog
    assert command.epilog.startswith("Example")


def test_show_export_and_list_read_a_build(cli: Cli, built: Path, tmp_path: Path) -> None:
    shown = cli("show", built / "built", "SAMPLE5k01")
    assert "ratings: [6.0, 8.0, 8.0, 10.0]" in shown.out
    assert "## Review by " in shown.out
    assert json.loads(cli("show", built / "built", "SAMPLE5k01", "--json").out)["year"] == 2024
    unknown = cli("show", built / "built", "sample5K01").err
    assert "expected the id of a paper, kept or dropped, found 'sample5K01' (nearest: " in unknown
    assert "SAMPLE5k01" in unknown
    assert cli("show", built / "built", "SAMPLE5k10").err.startswith(
        "error: SAMPLE5k10: no rows in"
    )
    rows = cli("export", built / "built", "--columns", "paper_id,ratings").out.split("\n")
    assert rows[0] == "paper_id,ratings"
    assert len(rows) == 16
    out = tmp_path / "scores.jsonl"
    ran = cli("export", built / "built", "--split", "test", "--format", "jsonl", "--out", out)
    assert (ran.code, ran.out) == (0, "")
    assert len(out.read_text().rstrip("\n").split("\n")) == 6
    assert "no column 'x'" in cli("export", built / "built", "--columns", "x").err
    assert "year is named twice" in cli("export", built / "built", "--columns", "year,year").err
    ids = ("--paper", "SAMPLE5k02", "--paper", "https://openreview.net/forum?id=SAMPLE5k01")
    some = cli("export", built / "built", *ids, "--columns", "paper_id").out
    assert sorted(some.split()) == ["SAMPLE5k01", "SAMPLE5k02", "paper_id"]
    none = cli("export", built / "built", "--paper", "SAMPLE5k10").err
    assert none.startswith("error: SAMPLE5k10: no rows in this config and split of")
    inside = cli("export", built / "built", "--out", built / "built/x.csv")
    assert (inside.code, (built / "built/x.csv").exists()) == (1, False)
    nowhere = built / "no-folder" / "x.CSV"
    assert cli("export", built / "built", "--out", nowhere).err.startswith(f"error: {nowhere}: ")
    names = json.loads(cli("list", "--json").out)
    kinds = {"dataset", "config", "recipe", "policy", "venue", "list", "rule"}
    assert kinds == {row["kind"] for row in names}


def test_forms_of_recipe_and_option_are_both_used_and_those_without_papers_named(
    cli: Cli, tmp_path: Path
) -> None:
    form = (
        '[[form]]\nvenues = ["{}"]\nfields = {{rating = "rating"}}\nevidence = "ours"\n'
        'scale = "iclr-2022-2025-rating"\n'
    )
    recipe, more = tmp_path / "recipe.toml", tmp_path / "more.toml"
    recipe.write_text(
        '[[forms]]\nvenue = "ICLR.cc/2024/Conference"\nsource = "file"\nevidence = "mine"\n'
        'fields = [{name = "rating", role = "rating", values = [1, 3, 5, 6, 8, 10]}]\n'
        'rating_scale = {name = "s", values = [1, 3, 5, 6, 8, 10], accept_threshold = 8}\n'
    )
    more.write_text(form.format("Else.org/2024/Conference"))
    options = ("--recipe", recipe, "--form", more, "--config", "scores", "--json")
    ran = cli("build", "review-5k", "--out", tmp_path / "out", *options)
    assert ran.err == (
        "warning: not used: a form or calendar of Else.org/2024/Conference: the build has no"
        " papers of this venue\n"
    )
    manifest = json.loads(ran.out)
    assert len(manifest["inputs"]["recipe"]["forms"]) == 2
    assert manifest["facts"]["Accept threshold of ICLR.cc/2024/Conference"] == 8


def test_status_names_what_is_missing_and_the_command_for_it(cli: Cli, tmp_path: Path) -> None:
    snapshot, notes = tmp_path / "s", tmp_path / "notes.jsonl"
    notes.write_text('{"id": "forumA", "forum": "forumA", "content": {"title": "T"}}\n')
    eprints = tmp_path / "eprints"
    eprints.mkdir()
    (eprints / "2310.01234v1.gz").write_bytes(rb"\documentclass{article}")
    for kind, path in (("openreview-notes", notes), ("eprints", eprints)):
        assert cli("import", kind, path, "--snapshot", snapshot).code == 0
    ran = cli("status", snapshot)
    assert ran.code == 0
    assert "not used: 1 e-prints, such as 2310.01234v1: no paper is matched to them; run" in ran.out
    assert "review-5k default: 1 paper: no arXiv match: cycledata import arxiv-ids" in ran.out
    ids = tmp_path / "ids.csv"
    ids.write_text("paper_id,arxiv_id,license\nforumA,2310.01234v1,CC BY 4.0\n")
    assert cli("import", "arxiv-ids", ids, "--snapshot", snapshot).code == 0
    found = json.loads(cli("status", snapshot, "--json").out)
    assert (found["unused"], found["missing"]) == ([], [])


def test_forgotten_replies_are_named_and_removed(cli: Cli, tmp_path: Path) -> None:
    snapshot, notes = tmp_path / "s", tmp_path / "notes.jsonl"
    notes.write_text('{"id": "a", "content": {}}\n{"id": "b", "content": {}}\n')
    assert cli("import", "openreview-notes", notes, "--snapshot", snapshot).code == 0
    ran = cli("forget", snapshot, "--service", "openreview", "--key", "forum/none")
    assert (ran.code, ran.err.count("\n")) == (1, 1)
    assert "no reply openreview forum/none; nothing removed" in ran.err
    ran = cli("forget", snapshot, "--service", "openreview", "--key", "forum/a", "--json")
    assert json.loads(ran.out) == {"removed": 1}
    assert "it has openreview" in cli("forget", snapshot, "--service", "x").err
    assert json.loads(cli("status", snapshot, "--json").out)["n_submissions"] == 1
    assert "no tombstones" in cli("forget", snapshot, "--taken-down").err
    assert (
        cli("forget", snapshot).code == cli("forget", snapshot, "--taken-down", "--key", "x").code
    )
    write_tombstones(snapshot, [Tombstone(paper_id="b", reason="r", date="2026-11-20")])
    ran = cli("forget", snapshot, "--taken-down", "--out", tmp_path / "new")
    assert "an open snapshot is changed in place" in ran.err
    assert "removed 1 replies about works" in cli("forget", snapshot, "--taken-down").out
    assert json.loads(cli("status", snapshot, "--json").out)["n_submissions"] == 0


def test_ten_problems_are_printed_and_the_rest_is_in_a_file(cli: Cli, tmp_path: Path) -> None:
    notes = tmp_path / "notes.jsonl"
    notes.write_text("{}\n" * 25)
    ran = cli("import", "openreview-notes", notes, "--snapshot", tmp_path / "s")
    assert ran.code == 1
    lines = ran.err.rstrip("\n").split("\n")
    assert len(lines) == 11
    problems = tmp_path / "s" / "import-problems.jsonl"
    assert lines[-1] == f"15 more; the first 25 are in {problems}"
    assert len(problems.read_text().rstrip("\n").split("\n")) == 25
