"""Every key of a recipe changes the rows and the fingerprint, or states why not the rows."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cycledata import sample
from cycledata.builds.runner import DATASETS, build
from cycledata.consent.policy import read_policy
from cycledata.datasets.recipe_file import read_recipe
from cycledata.errors import BuildError
from cycledata.load import BuildManifest, iterate_rows
from cycledata.snapshot.reply import Reply

SAMPLE_POLICY = read_policy(sample.POLICY)
Rows = list[tuple[str, str, Any]]
VENUE = "ICLR.cc/2024/Conference"
FORM_WITH_ANOTHER_THRESHOLD = (
    f'{{venue = "{VENUE}", source = "file", evidence = "a test", fields = [{{name = "rating",'
    ' role = "rating", values = [1, 3, 5, 6, 8, 10]}], rating_scale = {name = "strict",'
    " values = [1, 3, 5, 6, 8, 10], accept_threshold = 8}}"
)
CASES: dict[str, dict[str, tuple[list[str], list[str]]]] = {
    "review-5k": {
        "venues": ([], ['venues=["ICLR.cc/2025/Conference"]']),
        "min_reviews": ([], ["min_reviews=4"]),
        "min_ratings": ([], ["min_ratings=4"]),
        "n_test": (["full_size=1", "n_test=1"], ["full_size=1", "n_test=2"]),
        "full_size": (["n_test=1"], ["n_test=1", "full_size=1"]),
        "test_zone": ([], ["test_zone=0.5"]),
        "salt": ([], ["salt=another"]),
        "split": ([], ["split=date", "test_from=2023-01-01"]),
        "test_venues": (
            ["split=venue", 'test_venues=["ICLR.cc/2024/Conference"]'],
            ["split=venue", 'test_venues=["ICLR.cc/2025/Conference"]'],
        ),
        "test_from": (
            ["split=date", "test_from=2023-01-01"],
            ["split=date", "test_from=2099-01-01"],
        ),
        "ratings": ([], ["ratings=initial"]),
        "rebuttal_messages": ([], ["rebuttal_messages=true"]),
        "forms": ([], [f"forms=[{FORM_WITH_ANOTHER_THRESHOLD}]"]),
        "calendars": (
            [],
            [f'calendars=[{{venue="{VENUE}", before_until=2023-10-30, evidence="a test"}}]'],
        ),
    },
    "research-14k": {
        "n_train": ([], ["n_train=1"]),
        "n_test": (["n_train=1"], ["n_train=1", "n_test=1"]),
        "min_words": ([], ["min_words=400"]),
        "min_english_share": ([], ["min_english_share=0.9"]),
        "bytes_per_token": ([], ["bytes_per_token=1"]),
    },
}
"""Dataset to key to the overrides of two recipes that differ in the key."""
NO_ROWS_OF_THE_SAMPLE = {
    "prefer_submitted_abstract": ("false", "the sample has one version of each abstract"),
    "hidden_text": ("cut", "no text of the sample has words that the page does not show"),
    "cut_abstract_leaks": ("false", "no abstract of the sample gives a decision away"),
}
"""Key to another value, and the reason why the rows of the sample do not depend on it."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., tuple[BuildManifest, Rows]]:
    """Build the sample with overrides of the recipe, each combination once."""
    folder = tmp_path_factory.mktemp("recipes")
    done: dict[tuple[str, ...], tuple[BuildManifest, Rows]] = {}

    def make(name: str, overrides: list[str]) -> tuple[BuildManifest, Rows]:
        key = (name, *overrides)
        if key not in done:
            spec: Any = DATASETS[name]
            out = folder / str(len(done))
            manifest = build(
                replace(spec, recipe=read_recipe(spec.recipe, None, overrides)),
                sample.SNAPSHOT,
                out,
                policy=SAMPLE_POLICY,
                allow_empty=True,
                cache=folder / "cache",
            ).manifest
            splits = [(c, s) for c, rows in manifest.configs.items() for s in rows]
            done[key] = manifest, [(c, s, r) for c, s in splits for r in iterate_rows(out, c, s)]
        return done[key]

    return make


@pytest.mark.parametrize(
    ("name", "key"), [(name, key) for name, keys in CASES.items() for key in keys]
)
def test_a_key_changes_rows_and_fingerprint(
    name: str, key: str, made: Callable[..., tuple[BuildManifest, Rows]]
) -> None:
    before, after = (made(name, overrides) for overrides in CASES[name][key])
    assert before[0].fingerprint != after[0].fingerprint
    assert before[0].inputs["recipe"][key] != after[0].inputs["recipe"][key]
    assert before[1] != after[1]


def test_no_key_is_left_out() -> None:
    for name, spec in DATASETS.items():
        known = set(type(spec.recipe).model_fields)
        assert known - NO_ROWS_OF_THE_SAMPLE.keys() == set(CASES[name])


@pytest.mark.parametrize("key", NO_ROWS_OF_THE_SAMPLE)
def test_a_key_without_effect_on_the_sample_still_changes_the_fingerprint(
    key: str, made: Callable[..., tuple[BuildManifest, Rows]]
) -> None:
    before, after = (
        made("review-5k", []),
        made("review-5k", [f"{key}={NO_ROWS_OF_THE_SAMPLE[key][0]}"]),
    )
    assert before[0].fingerprint != after[0].fingerprint
    assert before[1] == after[1]


def test_a_split_by_venue_keeps_a_resubmission_out_of_the_test_split(
    tmp_path: Path,
    make_forum: Callable[..., Reply],
    make_snapshot: Callable[[Path, Iterable[Reply]], Path],
) -> None:
    venues = {"2024": b"ICLR.cc/2024/Conference", "2025": b"ICLR.cc/2025/Conference"}
    replies = []
    for paper_id, year, title in (
        ("first", "2024", "One title"),
        ("again", "2025", "One title"),
        ("old", "2024", "Another title"),
        ("new", "2025", "A third title"),
    ):
        forum = make_forum(
            paper_id, title=title, abstract=f"Of {title}.", review="Good.", licence="CC BY 4.0"
        )
        payload = forum.payload.replace(venues["2024"], venues[year])
        replies.append(replace(forum, payload=payload))
    snapshot = make_snapshot(tmp_path / "s", replies)
    spec: Any = DATASETS["review-5k"]

    def splits(*overrides: str, venues: tuple[str, ...] = ()) -> dict[str, str]:
        recipe = read_recipe(spec.recipe, None, overrides, {"venues": venues})
        out = tmp_path / str(len(list(tmp_path.iterdir())))
        manifest = build(
            replace(spec, recipe=recipe), snapshot, out, policy=SAMPLE_POLICY, allow_empty=True
        ).manifest
        return {
            row["paper_id"]: split
            for split in manifest.configs["scores"]
            for row in iterate_rows(out, "scores", split)
        }

    tested = 'test_venues=["ICLR.cc/2025/Conference"]'
    by_venue = splits("split=venue", tested)
    assert by_venue == {"first": "train", "old": "train", "again": "reserve", "new": "test"}
    both = ("ICLR.cc/2024/Conference", "ICLR.cc/2025/Conference")
    assert splits("split=venue", tested, venues=both) == by_venue
    assert set(splits(venues=both[:1])) == {"first", "old"}


@pytest.mark.parametrize(
    "overrides",
    [["split=venue"], ["split=date"], ["test_from=2024-01-01"], ['test_venues=["a"]']],
    ids=" ".join,
)
def test_an_unstated_split_is_refused(overrides: list[str]) -> None:
    with pytest.raises(BuildError, match="need each other"):
        read_recipe(DATASETS["review-5k"].recipe, None, overrides)
