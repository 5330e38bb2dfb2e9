"""A build, config or split without rows is an error that names what is missing."""

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cycledata import sample
from cycledata.builds.publish import publish
from cycledata.builds.runner import DATASETS, build
from cycledata.consent.policy import read_policy
from cycledata.datasets.recipe_file import read_recipe
from cycledata.datasets.spec import NO_PAPERS
from cycledata.errors import BuildError, EmptyBuildError
from cycledata.load import iterate_rows, verify_build
from cycledata.snapshot.reply import Reply
from cycledata.stages.splits import zone_position

REVIEW_5K = DATASETS["review-5k"]
SAMPLE_POLICY = read_policy(sample.POLICY)
Snapshots = Callable[[Path, Iterable[Reply]], Path]


@pytest.fixture
def forums(make_forum: Callable[..., Reply], make_snapshot: Snapshots, tmp_path: Path) -> Path:
    """Two forums without any text, one of them in the test zone."""
    zones = {n: zone_position(f"p{n}", salt="review-5k") < 0.17 for n in range(30)}
    chosen = [next(n for n, test in zones.items() if test is wanted) for wanted in (True, False)]
    words = {"title": "A title", "abstract": "We try.", "review": "Good.", "licence": "CC BY 4.0"}
    return make_snapshot(
        tmp_path / "s",
        [make_forum(f"p{n}", **{**words, "title": f"Title {n}"}) for n in chosen],
    )


def refused(tmp_path: Path, dataset: Any, snapshot: Path, **options: Any) -> str:
    """Return the message of a refused build, which leaves nothing behind."""
    before = sorted(tmp_path.iterdir())
    with pytest.raises(EmptyBuildError) as error:
        build(dataset, snapshot, tmp_path / "out", policy=SAMPLE_POLICY, **options)
    assert sorted(tmp_path.iterdir()) == before
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(
    ("dataset", "command"),
    [("review-5k", "import openreview-notes"), ("research-14k", "import accepted-papers")],
)
def test_no_papers_at_all(
    tmp_path: Path, make_snapshot: Snapshots, dataset: str, command: str
) -> None:
    snapshot = make_snapshot(tmp_path / "s", [])
    message = refused(tmp_path, DATASETS[dataset], snapshot)
    assert f"expected papers for {dataset}, found none; run `cycledata {command}" in message


def test_a_config_without_rows_names_the_reason_and_the_command(
    tmp_path: Path, forums: Path
) -> None:
    message = refused(tmp_path, REVIEW_5K, forums)
    assert "config default of review-5k would have no rows: default/text: no-text (2, " in message
    assert f"run `cycledata import arxiv-ids FILE --snapshot {forums}`" in message


def test_notes_without_submissions_ask_for_them_and_not_for_another_recipe(
    tmp_path: Path, make_forum: Callable[..., Reply], make_snapshot: Snapshots
) -> None:
    forums = []
    for n in range(3):
        whole = make_forum(f"p{n}", title="T", abstract="We.", review="Good.", licence="CC BY 4.0")
        document = json.loads(whole.payload)
        document["notes"] = [note for note in document["notes"] if note["id"] != f"p{n}"]
        forums.append(replace(whole, payload=json.dumps(document).encode()))
    snapshot = make_snapshot(tmp_path / "s", forums)
    message = refused(tmp_path, REVIEW_5K, snapshot)
    assert "default/filter: no-title (3, " in message
    assert (
        f"run `cycledata import openreview-notes FILE... --snapshot {snapshot}` with the" in message
    )
    assert "openreview-ratings FILE" in message
    assert "recipe show" not in message


def test_a_recipe_that_drops_every_paper_names_the_rule_with_an_example(tmp_path: Path) -> None:
    recipe = read_recipe(REVIEW_5K.recipe, None, ["min_reviews=99"])
    dataset = replace(REVIEW_5K, recipe=recipe)
    message = refused(tmp_path, dataset, sample.SNAPSHOT)
    assert "review-5k would have no rows: filter: too-few-reviews (" in message
    assert "expected at least 99" in message
    assert "`cycledata recipe show review-5k`" in message


def test_a_policy_that_withholds_every_paper_is_the_only_thing_to_change(tmp_path: Path) -> None:
    policy = SAMPLE_POLICY.model_copy(update={"components": {}})
    with pytest.raises(
        EmptyBuildError, match=r"not-in-policy .*; change --policy, or give --allow"
    ):
        build(REVIEW_5K, sample.SNAPSHOT, tmp_path / "out", policy=policy)


def test_a_venue_without_papers_is_refused_beside_others(tmp_path: Path, forums: Path) -> None:
    venues = "venues=ICLR.cc/2024/Conference,ICLR.cc/2024/Conferenze"
    dataset = replace(REVIEW_5K, recipe=read_recipe(REVIEW_5K.recipe, None, [venues]))
    message = refused(tmp_path, dataset, forums, configs=["scores"])
    assert "review-5k would have no papers of ICLR.cc/2024/Conferenze; correct" in message
    options: Any = {"policy": SAMPLE_POLICY, "configs": ["scores"], "allow_empty": True}
    report = build(dataset, forums, tmp_path / "out", **options)
    assert report.manifest.facts[NO_PAPERS] == "ICLR.cc/2024/Conferenze"


def test_a_split_without_rows_is_refused(tmp_path: Path, forums: Path) -> None:
    recipe = read_recipe(REVIEW_5K.recipe, None, ["test_zone=0.0001"])
    dataset = replace(REVIEW_5K, recipe=recipe)
    message = refused(tmp_path, dataset, forums, configs=["scores"])
    assert "config scores of review-5k: split test would have no rows: none of its 2" in message


def test_chosen_configs_are_built_with_the_splits_of_the_whole(
    tmp_path: Path, forums: Path
) -> None:
    build(REVIEW_5K, forums, tmp_path / "out", policy=SAMPLE_POLICY, configs=["scores"])
    manifest = verify_build(tmp_path / "out")
    assert manifest.configs == {"scores": {"train": 1, "test": 1}}
    assert manifest.inputs["configs"] == ["scores"]


def test_a_paper_that_has_rows_only_elsewhere_is_counted(tmp_path: Path) -> None:
    for name, configs in (("whole", None), ("part", ["default"])):
        build(REVIEW_5K, sample.SNAPSHOT, tmp_path / name, policy=SAMPLE_POLICY, configs=configs)
    whole, part = (verify_build(tmp_path / name) for name in ("whole", "part"))
    assert part.configs == {"default": whole.configs["default"]}
    n_scores_only = sum(whole.configs["scores"].values()) - sum(whole.configs["default"].values())
    assert part.dropped["configs: other-config"] == n_scores_only
    rows = [list(iterate_rows(tmp_path / n, "default", "test")) for n in ("whole", "part")]
    assert rows[0] == rows[1]


def test_an_unknown_config_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=r"review-5k: no config 'score'; it has default, .*scores"):
        build(REVIEW_5K, sample.SNAPSHOT, tmp_path / "o", policy=SAMPLE_POLICY, configs=["score"])


def test_a_build_that_load_dataset_refuses_is_not_published(
    tmp_path: Path, make_snapshot: Snapshots
) -> None:
    snapshot = make_snapshot(tmp_path / "s", [])
    out = tmp_path / "out"
    build(REVIEW_5K, snapshot, out, policy=SAMPLE_POLICY, allow_empty=True)
    with pytest.raises(EmptyBuildError, match="no rows, so `load_dataset` cannot load it"):
        publish(out, "org/name", token=None, dry_run=True)
