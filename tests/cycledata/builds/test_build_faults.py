"""What the world does to a build half way: it is there whole and true, or it is not there."""

import fcntl
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import polars as pl
import psutil
import pytest
import yaml

from cycledata import sample
from cycledata.builds.explain import explain
from cycledata.builds.runner import DATASETS, build
from cycledata.builds.takedown import take_down
from cycledata.consent.policy import Policy, read_policy
from cycledata.consent.tombstones import read_tombstones
from cycledata.errors import BuildError, ChangedFileError
from cycledata.load import read_build, verify_build
from cycledata.snapshot.reply import Reply

REVIEW_5K = DATASETS["review-5k"]
POLICY = read_policy(sample.POLICY)
COMMAND = [sys.executable, "-m", "cycledata", "build", "review-5k"]
DAY = "2026-11-20"


def build_sample(out: Path, snapshot: Path = sample.SNAPSHOT, policy: Policy = POLICY) -> Path:
    build(REVIEW_5K, snapshot, out, policy=policy)
    return out


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_sample(tmp_path_factory.mktemp("built") / "out")


def copy_of_the_snapshot(folder: Path) -> Path:
    folder.mkdir()
    for file in sample.SNAPSHOT.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    return folder


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# Takedowns


NO_ROWS: dict[str, dict[str, int]] = {config: {} for config in DATASETS["review-5k"].schemas}


def test_a_build_may_lose_every_paper(built: Path, tmp_path: Path) -> None:
    everybody = {i for p in built.rglob("*.parquet") for i in pl.read_parquet(p)["paper_id"]}
    out = tmp_path / "out"
    take_down(built, sorted(everybody), out, reason="all asked", date=DAY)
    manifest = verify_build(out)
    assert manifest.configs == NO_ROWS
    assert manifest.counts["papers_kept"] == 0
    assert set(pl.read_parquet(out / "dropped.parquet")["rule"]) == {"takedown"}
    assert pl.read_parquet(out / "consent.parquet").is_empty()
    assert yaml.safe_load((out / "README.md").read_text("utf-8").split("---\n")[1])["configs"] == []
    assert json.loads((out / "croissant.json").read_bytes())["recordSet"] == []


def test_a_takedown_of_a_takedown_adds_to_it(built: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "1", tmp_path / "2"
    take_down(built, ["SAMPLE5k01"], first, reason="first", date=DAY)
    report = take_down(
        first, ["SAMPLE5k01", "SAMPLE5k02"], second, reason="later", date="2027-01-01"
    )
    verify_build(second)
    assert [(s.paper_id, s.reason) for s in read_tombstones(second)] == [
        ("SAMPLE5k01", "first"),
        ("SAMPLE5k02", "later"),
    ]
    assert report.taken_down == ("SAMPLE5k01", "SAMPLE5k02")
    dropped = pl.read_parquet(second / "dropped.parquet").filter(stage="takedown")
    assert dropped["paper_id"].to_list() == ["SAMPLE5k01", "SAMPLE5k02"]
    assert report.manifest.counts["papers_kept"] == read_build(built).counts["papers_kept"] - 2


def test_a_paper_leaves_research_14k_and_the_next_build_from_the_same_folder(
    tmp_path: Path,
) -> None:
    dataset = DATASETS["research-14k"]
    build(dataset, sample.SNAPSHOT, tmp_path / "first", policy=POLICY)
    gone = str(pl.read_parquet(tmp_path / "first" / "default" / "train-*.parquet")["paper_id"][0])
    take_down(tmp_path / "first", [gone], tmp_path / "second", reason="asked", date=DAY)
    verify_build(tmp_path / "second")
    build(dataset, sample.SNAPSHOT, tmp_path / "third", policy=POLICY)
    for name in ("second", "third"):
        tables = [pl.read_parquet(path) for path in (tmp_path / name).glob("*/*.parquet")]
        assert tables
        assert all(gone not in table["paper_id"].to_list() for table in tables)
        assert explain(tmp_path / name, gone).outcome == "out"


def test_a_tombstone_of_nobody_stays_and_harms_nobody(tmp_path: Path) -> None:
    snapshot = copy_of_the_snapshot(tmp_path / "snapshot")
    stone = {"paper_id": "nobody", "reason": "r", "date": DAY}
    (snapshot / "tombstones.json").write_text(json.dumps({"tombstones": [stone]}))
    out = build_sample(tmp_path / "builds" / "out", snapshot)
    verify_build(out)
    assert [s.paper_id for s in read_tombstones(out)] == ["nobody"]
    assert explain(out, "nobody").outcome == "out"
    assert "takedown: takedown" not in read_build(out).dropped


# Policies


def test_an_opt_out_beats_a_consent_and_is_told_once(tmp_path: Path) -> None:
    consent = {
        "publisher": "P",
        "document": "d",
        "sha256": "0" * 64,
        "date": DAY,
        "paper_ids": ["SAMPLE5k01"],
        "components": ["reviews"],
    }
    request = {
        "paper_ids": ["SAMPLE5k01"],
        "components": ["reviews"],
        "date": DAY,
        "source": "mail",
    }
    policy_text = {
        **POLICY.model_dump(mode="json"),
        "written_consent": [consent],
        "opt_out": [request, {**request, "source": "again"}],
    }
    out = build_sample(tmp_path / "out", policy=Policy.model_validate(policy_text))
    (verdict,) = [v for v in explain(out, "SAMPLE5k01").verdicts if v.component == "reviews"]
    assert (verdict.rule, verdict.evidence) == ("opt-out", "mail")


def test_a_policy_may_name_a_hundred_thousand_papers_and_says_who_is_unknown(
    tmp_path: Path,
) -> None:
    request = {"paper_ids": [f"x{i}" for i in range(100_000)], "date": DAY, "source": "list"}
    policy_text = {**POLICY.model_dump(mode="json"), "opt_out": [request]}
    start = time.process_time()
    report = build(
        REVIEW_5K, sample.SNAPSHOT, tmp_path / "out", policy=Policy.model_validate(policy_text)
    )
    assert time.process_time() - start < 30
    assert len(report.unknown_ids) == 100_000


# Folders


def test_the_snapshots_own_folder_is_no_place_for_a_build(tmp_path: Path) -> None:
    snapshot = copy_of_the_snapshot(tmp_path / "snapshot")
    before = left_in(snapshot)
    with pytest.raises(BuildError, match=r"has files but no manifest\.json"):
        build_sample(snapshot, snapshot)
    assert left_in(snapshot) == before


@pytest.mark.parametrize("there", [True, False], ids=["to an empty folder", "to nothing yet"])
def test_a_link_is_followed(there: bool, tmp_path: Path) -> None:
    target = tmp_path / "elsewhere" / "target"
    target.parent.mkdir()
    if there:
        target.mkdir()
    (tmp_path / "link").symlink_to(target)
    build_sample(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    verify_build(target)
    assert left_in(tmp_path) == ["elsewhere", "link"]
    assert left_in(tmp_path / "elsewhere") == ["target"]


def test_a_link_among_a_builds_files_is_no_way_out(built: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("mine")
    out = build_sample(tmp_path / "out")
    (out / "README.md").unlink()
    (out / "README.md").symlink_to(secret)
    with pytest.raises(ChangedFileError, match=r"README\.md"):
        verify_build(out)


def test_two_processes_never_make_one_build_together(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with (tmp_path / ".out.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(BuildError, match="another process is writing it; wait for it to end"):
            build_sample(out)
    assert not out.exists()
    build_sample(out)
    assert left_in(tmp_path) == ["out"]


def test_of_two_builds_at_once_one_is_whole(built: Path, tmp_path: Path) -> None:
    command = [*COMMAND, "--out", str(tmp_path / "out")]
    runs = [
        subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    policy_text = [run.communicate()[1] for run in runs]
    assert sorted(run.returncode for run in runs) in ([0, 0], [0, 1])
    assert "Traceback" not in "".join(policy_text)
    assert verify_build(tmp_path / "out").fingerprint == read_build(built).fingerprint
    assert left_in(tmp_path) == ["out"]


# A snapshot under the build


@pytest.mark.parametrize("harm", ["touch", "replace", "cut"])
def test_a_snapshot_that_changes_under_a_build_is_noticed(harm: str, tmp_path: Path) -> None:
    snapshot = copy_of_the_snapshot(tmp_path / "snapshot")
    (shard,) = snapshot.glob("*.parquet")

    def change(done: int, total: int) -> None:
        content = shard.read_bytes()
        if harm == "touch":
            os.utime(shard)
        elif harm == "replace":
            shard.unlink()
            shard.write_bytes(content)
        else:
            shard.write_bytes(content[:-100])

    with pytest.raises(BuildError, match="changed during the build; verify it and start again"):
        build(REVIEW_5K, snapshot, tmp_path / "out", policy=POLICY, on_progress=change)
    assert left_in(tmp_path) == ["snapshot"]


# Disks and signals


def test_a_full_disk_leaves_nothing_and_says_so_in_one_line(tmp_path: Path) -> None:
    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (8_000, 8_000))

    ran = subprocess.run(
        [*COMMAND, "--out", str(tmp_path / "out")],
        preexec_fn=small_files,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr.startswith("error: ")
    assert ran.stderr.count("\n") == 1
    assert "File too large" in ran.stderr
    assert left_in(tmp_path) == []


def started(out: Path, workers: int) -> subprocess.Popen[str]:
    """A build that has begun to write."""
    run = subprocess.Popen(
        [*COMMAND, "--out", str(out), "--workers", str(workers)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    until(lambda: (out.parent / f".{out.name}.partial").exists() or run.poll() is not None)
    return run


def until(true: Callable[[], bool]) -> None:
    for _ in range(3000):
        if true():
            return
        time.sleep(0.01)
    raise AssertionError("waited 30 s for nothing")


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_stopped_build_leaves_nothing_and_says_nothing(
    name: str, workers: int, tmp_path: Path
) -> None:
    run = started(tmp_path / "out", workers)
    run.send_signal(getattr(signal, name))
    _, policy_text = run.communicate(timeout=60)
    assert run.returncode in {130, 0}
    # A worker may be cut off before its first line of ours; then Python itself says so.
    assert policy_text == "" or "EOFError: Ran out of input" in policy_text
    assert left_in(tmp_path) == ([] if run.returncode else ["out"])


def test_workers_do_not_outlive_a_killed_build(tmp_path: Path) -> None:
    run = started(tmp_path / "out", 2)
    until(lambda: len(psutil.Process(run.pid).children(recursive=True)) >= 2)
    workers = psutil.Process(run.pid).children(recursive=True)
    run.kill()
    run.communicate()
    gone, alive = psutil.wait_procs(workers, timeout=30)
    assert gone
    assert not alive
    build_sample(tmp_path / "out")
    assert left_in(tmp_path) == ["out"]


def test_a_snapshot_of_nothing_gives_an_empty_build_only_if_asked(
    tmp_path: Path, make_snapshot: Callable[[Path, Iterable[Reply]], Path]
) -> None:
    snapshot = make_snapshot(tmp_path / "snapshot", [])
    build(REVIEW_5K, snapshot, tmp_path / "out", policy=POLICY, allow_empty=True)
    manifest = verify_build(tmp_path / "out")
    assert (manifest.counts["papers"], manifest.configs) == (0, NO_ROWS)
