import datetime as dt
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cycledata import sample
from cycledata.builds.explain import explain
from cycledata.builds.runner import DATASETS, build
from cycledata.builds.takedown import take_down
from cycledata.consent.evidence import COMPONENTS
from cycledata.consent.policy import Policy, read_policy
from cycledata.consent.tombstones import Tombstone
from cycledata.errors import BuildError, PolicyError, UnsealedError, VerifyError
from cycledata.load import iterate_rows, read_build, verify_build
from cycledata.manifest import pin_file, write_manifest
from cycledata.snapshot.open import OpenSnapshot
from cycledata.snapshot.reply import Reply
from cycledata.snapshot.sealed import SealedSnapshot

REVIEW_5K = DATASETS["review-5k"]
SAMPLE_POLICY = read_policy(sample.POLICY)
Snapshots = Callable[[Path, Iterable[Reply]], Path]


def build_sample(out: Path, n_workers: int = 1, policy: Policy = SAMPLE_POLICY) -> Path:
    build(REVIEW_5K, sample.SNAPSHOT, out, policy=policy, n_workers=n_workers)
    return out


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def sample_build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_sample(tmp_path_factory.mktemp("builds") / "review-5k")


def test_the_sample_has_these_papers_in_these_splits(sample_build: Path) -> None:
    found = {
        f"{config}/{split}": [row["paper_id"] for row in iterate_rows(sample_build, config, split)]
        for config, splits in read_build(sample_build).configs.items()
        for split in splits
    }
    scores = {split: found[f"scores/{split}"] for split in ("train", "test")}
    for config in ("history", "threads"):
        for split in scores:
            assert sorted(set(found.pop(f"{config}/{split}"))) == scores[split]
    assert found == {
        "default/train": [f"SAMPLE5k{i}" for i in ("01", "02", "07", "15", "16")],
        "default/test": [f"SAMPLE5k{i}" for i in ("06", "08", "25", "28")],
        "reviews/train": [f"SAMPLE5k{i}" for i in ("01", "02", "03", "04", "05", "07", "15", "16")],
        "reviews/test": [f"SAMPLE5k{i}" for i in ("06", "08", "09", "25", "28")],
        "scores/train": [f"SAMPLE5k{i}" for i in ("01", "02", "03", "04", "05", "07", "15", "16")],
        "scores/test": [f"SAMPLE5k{i}" for i in ("06", "08", "09", "12", "25", "28")],
    }


def test_a_row_of_scores_holds_the_marks_from_the_lowest_rating_up(sample_build: Path) -> None:
    row = next(iter(iterate_rows(sample_build, "scores", "train")))
    assert row == {
        "paper_id": "SAMPLE5k01",
        "venue": "ICLR.cc/2024/Conference",
        "year": 2024,
        "title": "Surprise Clocks: Replaying Experience in the Order It Was Learned",
        "decision": "accept",
        "decision_text": "Accept (oral)",
        "ratings": [6, 8, 8, 10],
        "rating_scale": [1, 3, 5, 6, 8, 10],
        "accept_threshold": 6,
        "ratings_state": "final",
        "confidences": [4, 4, 3, 5],
        "soundness": [3, 4, 3, 4],
        "presentation": [3, 3, 3, 4],
        "contribution": [2, 3, 3, 4],
        "n_reviews": 4,
        "submitted": dt.date(2023, 9, 22),
    }


def test_every_paper_and_every_note_is_accounted_for(sample_build: Path) -> None:
    counts = read_build(sample_build).counts
    assert counts["papers"] == counts["papers_kept"] + counts["papers_dropped"] == 18
    dropped = pl.read_parquet(sample_build / "dropped.parquet")
    assert dropped.columns == ["paper_id", "rule", "detail", "stage"]
    whole = dropped.filter(
        ~pl.col("stage").is_in(["notes", "text"]) & ~pl.col("stage").str.contains("/")
    )
    assert whole.height == counts["papers_dropped"]
    assert set(whole["paper_id"]) == {f"SAMPLE5k{i}" for i in (10, 11, 13, 14)}


def test_a_camera_ready_text_is_found_out_and_cut(sample_build: Path) -> None:
    dropped = pl.read_parquet(sample_build / "dropped.parquet")
    cut = dropped.filter((pl.col("paper_id") == "SAMPLE5k02") & (pl.col("stage") == "text"))
    assert set(cut["rule"]) == {
        "acknowledgments",
        "author-block",
        "camera-ready-header",
        "final-copy-switch",
    }
    row = next(
        r for r in iterate_rows(sample_build, "default", "train") if r["paper_id"].endswith("02")
    )
    for word in ("iclrfinalcopy", "Published as a conference paper", "Acknowledg"):
        assert word not in row["paper_text"]


@pytest.mark.parametrize("n_workers", [1, 2])
def test_another_place_other_workers_and_a_shuffled_import_give_the_same_bytes(
    tmp_path: Path,
    sample_build: Path,
    make_snapshot: Snapshots,
    n_workers: int,
) -> None:
    sealed = SealedSnapshot.open(sample.SNAPSHOT)
    replies = [
        reply for service in sealed.manifest.replies_by_service for reply in sealed.iter(service)
    ]
    random.Random(n_workers).shuffle(replies)
    snapshot = make_snapshot(tmp_path / "elsewhere", replies)
    out = tmp_path / "deep" / "er" / "build"
    build(REVIEW_5K, snapshot, out, policy=SAMPLE_POLICY, n_workers=n_workers, chunk_papers=3)
    assert digests(out) == digests(sample_build)


@pytest.mark.parametrize("config", ["default", "reviews", "scores"])
def test_the_datasets_library_loads_and_streams_it_with_the_schemas_types(
    sample_build: Path, config: str, tmp_path: Path
) -> None:
    import datasets

    loaded = datasets.load_dataset(str(sample_build), config, cache_dir=str(tmp_path))
    expected = datasets.Features.from_arrow_schema(REVIEW_5K.schemas[config])
    assert {split: len(rows) for split, rows in loaded.items()} == read_build(sample_build).configs[
        config
    ]
    assert all(rows.features == expected for rows in loaded.values())
    streamed = datasets.load_dataset(str(sample_build), config, streaming=True)
    assert list(streamed["train"]) == list(loaded["train"])


def test_default_config_is_the_one_load_dataset_gives(sample_build: Path, tmp_path: Path) -> None:
    import datasets

    loaded = datasets.load_dataset(str(sample_build), cache_dir=str(tmp_path), split="test")
    assert "paper_text" in loaded.features


# mlcroissant, rdflib and pandas warn about one another.
@pytest.mark.filterwarnings("ignore")
def test_croissant_is_accepted_and_reads_the_rows(sample_build: Path) -> None:
    import mlcroissant

    dataset = mlcroissant.Dataset(jsonld=str(sample_build / "croissant.json"))
    ids = [
        record["scores/test-00000-of-00001/paper_id"].decode()
        for record in dataset.records("scores/test-00000-of-00001")
    ]
    assert ids == [row["paper_id"] for row in iterate_rows(sample_build, "scores", "test")]


def test_croissant_states_provenance_and_the_conditions_in_consent(sample_build: Path) -> None:
    written = json.loads((sample_build / "croissant.json").read_text("utf-8"))
    manifest = read_build(sample_build)
    assert written["conformsTo"] == "http://mlcommons.org/croissant/1.1"
    snapshot = manifest.inputs["snapshot"]
    assert written["prov:wasDerivedFrom"]["@id"] == f"urn:sha256:{snapshot}"
    assert written["prov:wasGeneratedBy"]["@id"] == f"urn:sha256:{manifest.fingerprint}"
    permissions = {p["name"]: p for p in written["usageInfo"]["odrl:permission"]}
    rows = pl.read_parquet(sample_build / "consent.parquet").to_dicts()
    texts = [r for r in rows if (r["component"], r["verdict"]) == ("paper_text", "publish")]
    assert "paper_text: CC-BY-4.0, 9 decisions" in permissions
    assert "odrl:duty" not in permissions["paper_text: CC0-1.0, 1 decisions"]
    assert len(texts) == 10


def test_building_again_says_that_nothing_has_changed(sample_build: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in sample_build.rglob("*")}
    report = build(REVIEW_5K, sample.SNAPSHOT, sample_build, policy=SAMPLE_POLICY)
    assert report.unchanged
    assert {path: path.stat().st_mtime_ns for path in sample_build.rglob("*")} == before


def test_another_policy_under_the_same_name_is_an_error(sample_build: Path) -> None:
    with pytest.raises(
        BuildError, match=r"has a build with fingerprint \w{12}, .*give --out another folder"
    ):
        build(REVIEW_5K, sample.SNAPSHOT, sample_build, policy=read_policy())


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "diary.txt").write_text("mine")
    with pytest.raises(BuildError, match=r"has files but no manifest\.json"):
        build_sample(tmp_path / "home")
    assert (tmp_path / "home" / "diary.txt").read_text() == "mine"


def test_an_unsealed_snapshot_is_refused(tmp_path: Path) -> None:
    with OpenSnapshot(tmp_path / "open"):
        pass
    with pytest.raises(UnsealedError):
        build(REVIEW_5K, tmp_path / "open", tmp_path / "out", policy=SAMPLE_POLICY)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "name", ["scores/test-00000-of-00001.parquet", "README.md", "consent.parquet"]
)
def test_a_flipped_byte_is_found(tmp_path: Path, name: str) -> None:
    out = build_sample(tmp_path / "out")
    content = bytearray((out / name).read_bytes())
    content[len(content) // 2] ^= 1
    (out / name).write_bytes(content)
    with pytest.raises(VerifyError, match=name):
        verify_build(out)


def test_a_file_that_nobody_pinned_is_found(tmp_path: Path) -> None:
    out = build_sample(tmp_path / "out")
    (out / "extra.txt").write_text("?")
    with pytest.raises(VerifyError, match=r"extra\.txt: not in manifest"):
        verify_build(out)


def test_a_killed_build_does_not_exist_and_the_next_one_is_whole(
    tmp_path: Path, sample_build: Path, request: pytest.FixtureRequest
) -> None:
    command = [
        sys.executable,
        "-m",
        "cycledata",
        "build",
        "review-5k",
        "--out",
        str(tmp_path / "out"),
    ]
    draw = random.Random(7)
    for _ in range(int(request.config.getoption("--kills"))):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=os.environ)
        time.sleep(draw.uniform(0.3, 1.2))
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert not (tmp_path / "out").exists() or digests(tmp_path / "out") == digests(sample_build)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    assert digests(tmp_path / "out") == digests(sample_build)


@pytest.mark.parametrize(
    ("paper_id", "outcome", "rule"),
    [
        ("SAMPLE5k01", "in", "licence-permits"),
        ("SAMPLE5k03", "in part", "licence-no-redistribution"),
        ("SAMPLE5k04", "in part", "licence-no-derivatives"),
        ("SAMPLE5k05", "in part", "licence-share-alike"),
        ("SAMPLE5k09", "in part", "no-text"),
        ("SAMPLE5k12", "in part", "blank-review"),
        ("SAMPLE5k13", "out", "opt-out"),
        ("SAMPLE5k10", "out", "no-reviews"),
        ("SAMPLE5k14", "out", "test-submission"),
    ],
)
def test_explain_names_the_rule(sample_build: Path, paper_id: str, outcome: str, rule: str) -> None:
    story = explain(sample_build, paper_id)
    assert story.outcome == outcome
    assert rule in {d.rule for d in story.dropped} | {v.rule for v in story.verdicts}


def test_an_unreadable_licence_withholds_the_text_and_nothing_else(
    tmp_path: Path,
    make_forum: Callable[..., Reply],
    make_arxiv: Callable[..., list[Reply]],
    make_snapshot: Snapshots,
) -> None:
    words = {"title": "A Title About Invented Matter", "licence": "CC BY 4.0"}
    forum = make_forum("p0", abstract="It is so.", review="A review of it.", **words)
    match, record, eprint = make_arxiv("p0", "2309.99900", text="Words of a paper. ", **words)
    replies = [forum, match, replace(record, payload=b"<html>Rate exceeded"), eprint]
    snapshot = make_snapshot(tmp_path / "snapshot", replies)
    manifest = build(
        REVIEW_5K, snapshot, tmp_path / "out", policy=read_policy(), allow_empty=True
    ).manifest
    assert manifest.withheld == {"paper_text: unreadable-licence": 1}
    assert manifest.counts["papers_kept"] == 1


def test_explain_of_a_stranger_is_an_error(sample_build: Path) -> None:
    with pytest.raises(BuildError, match="kept or dropped, found 'nobody'"):
        explain(sample_build, "nobody")


def test_an_id_that_two_papers_have_is_no_guess(sample_build: Path, tmp_path: Path) -> None:
    shutil.copytree(sample_build, out := tmp_path / "out")
    works = pl.read_parquet(out / "works.parquet")
    twins = pl.DataFrame(
        {"paper_id": ["SAMPLE5k01", "SAMPLE5k02"], "key": ["arxiv:2301.09999"] * 2},
        schema=works.schema,
    )
    pl.concat([works, twins]).write_parquet(out / "works.parquet")
    with pytest.raises(BuildError, match=r"names the papers SAMPLE5k01, SAMPLE5k02; give the id"):
        explain(out, "https://arxiv.org/abs/2301.09999v2")


def test_a_takedown_leaves_a_tombstone_and_later_builds_obey_it(tmp_path: Path) -> None:
    first = build_sample(tmp_path / "first")
    second = tmp_path / "second"
    take_down(first, ["SAMPLE5k01"], second, reason="asked by mail", date="2026-11-20")
    verify_build(second)
    story = explain(second, "SAMPLE5k01")
    assert story.outcome == "out"
    assert story.tombstone is not None
    assert story.tombstone.model_copy(update={"keys": ()}) == Tombstone(
        paper_id="SAMPLE5k01", reason="asked by mail", date="2026-11-20"
    )
    assert "arxiv:2309.99901" in story.tombstone.keys
    for config, splits in read_build(second).configs.items():
        for split in splits:
            assert "SAMPLE5k01" not in {r["paper_id"] for r in iterate_rows(second, config, split)}
    third = build_sample(tmp_path / "third")
    assert explain(third, "SAMPLE5k01").outcome == "out"
    assert explain(third, "SAMPLE5k02").outcome == explain(first, "SAMPLE5k02").outcome
    assert b"Surprise Clocks" not in all_bytes(third) + all_bytes(second)


def test_a_damaged_tombstone_file_stops_a_build_beside_it(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "tombstones.json").write_text("{")
    with pytest.raises(PolicyError, match="may return"):
        build_sample(tmp_path / "new")


def all_bytes(folder: Path) -> bytes:
    """Every byte of a build, and every value of its Parquet files."""
    raw = b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())
    values = [
        json.dumps(pl.read_parquet(p).to_dicts(), default=str) for p in folder.rglob("*.parquet")
    ]
    return raw + "".join(values).encode()


# Mostly open, so that most papers reach the config with texts and one closed part is the exception.
LICENCES = [*["CC BY 4.0"] * 4, "CC0", "CC BY-SA 4.0", "CC BY-NC-ND 4.0", "arXiv", None]
few_components = st.sets(st.sampled_from(COMPONENTS), max_size=2)
requests = st.sets(st.sampled_from(COMPONENTS), min_size=1, max_size=2)
policies = st.builds(
    lambda unnamed, terms, requests: Policy.model_validate(
        {
            "name": "random",
            "accept_terms": sorted(terms),
            "components": {c: ["public", "licence"] for c in COMPONENTS if c not in unnamed},
            "opt_out": [
                {
                    "paper_ids": [f"p{i}"],
                    "components": sorted(request),
                    "date": "2026-01-01",
                    "source": "mail",
                }
                for i, request in enumerate(requests)
            ],
        }
    ),
    few_components,
    st.sets(st.sampled_from(["share-alike", "non-commercial"])),
    st.lists(requests, max_size=3),
)


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(policy=policies, licences=st.lists(st.sampled_from(LICENCES), min_size=6, max_size=6))
def test_no_byte_of_a_withheld_component_stands_in_any_file(
    policy: Policy,
    licences: list[str | None],
    tmp_path_factory: pytest.TempPathFactory,
    make_forum: Callable[..., Reply],
    make_arxiv: Callable[..., list[Reply]],
    make_snapshot: Snapshots,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Without compression a file's bytes are its values, so that nothing hides in them.
    import pyarrow.parquet as pq

    writer = pq.ParquetWriter
    monkeypatch.setattr(
        pq,
        "ParquetWriter",
        lambda *a, **k: writer(*a, **{**k, "compression": "none", "compression_level": None}),
    )
    replies = []
    for i in range(3):
        name = f"p{i}"
        title = f"A Title About Invented Matter ratings{i}canary"
        replies.append(
            make_forum(
                name,
                title=title,
                abstract=f"An abstract of some words about abstract{i}canary and more of them.",
                review=f"A review that says something about reviews{i}canary at length.",
                licence=licences[2 * i],
                decision=f"Accept (ratings{i}canary)",
            )
        )
        text = f"Words of a paper about paper_text{i}canary. " * 3
        licence = licences[2 * i + 1] or ""
        replies += make_arxiv(name, f"2309.9990{i}", title=title, text=text, licence=licence)
    folder = tmp_path_factory.mktemp("consent")
    snapshot = make_snapshot(folder / "snapshot", replies)
    build(REVIEW_5K, snapshot, folder / "out", policy=policy, allow_empty=True)
    content = all_bytes(folder / "out")
    for row in pl.read_parquet(folder / "out" / "consent.parquet").iter_rows(named=True):
        canary = f"{row['component']}{row['paper_id'][1:]}canary".encode()
        if row["verdict"] == "withhold":
            assert canary not in content, row
    for row in iterate_rows_of(folder / "out", "default"):
        assert f"paper_text{row['paper_id'][1:]}canary".encode() in content


def iterate_rows_of(folder: Path, config: str) -> Iterable[dict[str, Any]]:
    for split in read_build(folder).configs[config]:
        yield from (dict(row) for row in iterate_rows(folder, config, split))


def test_a_takedown_works_on_a_build_with_other_columns(tmp_path: Path) -> None:
    """A build of another version lacks a column or has one more."""
    built = tmp_path / "built"
    build(REVIEW_5K, sample.SNAPSHOT, built, policy=SAMPLE_POLICY)
    manifest = read_build(built)
    pins = []
    for pin in manifest.files:
        path = built / pin.path
        if pin.path.startswith("default/"):
            pl.read_parquet(path).drop("n_hidden").with_columns(extra=pl.lit(1)).write_parquet(path)
        pins.append(pin_file(built, pin.path, pin.rows))
    write_manifest(built / "manifest.json", manifest.model_copy(update={"files": tuple(pins)}))
    taken = tmp_path / "taken"
    take_down(built, ["SAMPLE5k01"], taken, reason="asked", date="2026-11-20")
    before = pl.read_parquet(built / "default" / "*.parquet")
    after = pl.read_parquet(taken / "default" / "*.parquet")
    assert after.columns == before.columns
    assert set(before["paper_id"]) - set(after["paper_id"]) == {"SAMPLE5k01"}
