from pathlib import Path
from typing import Any

import pytest

from cycledata import sample
from cycledata.builds.runner import DATASETS, build
from cycledata.consent.policy import read_policy
from cycledata.datasets.recipe_file import read_recipe, show_recipe
from cycledata.errors import BuildError


@pytest.mark.parametrize("name", DATASETS)
def test_the_default_recipe_is_shown_with_comments_and_reads_back(
    name: str, tmp_path: Path
) -> None:
    recipe = DATASETS[name].recipe
    text = show_recipe(recipe)
    (tmp_path / "recipe.toml").write_text(text)
    assert read_recipe(recipe, tmp_path / "recipe.toml") == recipe
    for key in type(recipe).model_fields:
        assert f"\n{key} = " in text or f"\n# {key} is not set" in text
    assert "\n# \n" not in text


def test_overrides_win_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text("min_reviews = 2\nsalt = 'file'\n")
    default = DATASETS["review-5k"].recipe
    recipe = read_recipe(default, tmp_path / "recipe.toml", ["min_reviews=3", "salt=bare"])
    assert (recipe.min_reviews, recipe.salt) == (3, "bare")


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("min_review=3", "the nearest is min_reviews"),
        ("min_reviews=0", "min_reviews"),
        ("min_reviews=many", "min_reviews"),
        ("min_reviews", "expected key=value"),
    ],
)
def test_an_invalid_override_is_refused_by_key(override: str, message: str) -> None:
    with pytest.raises(BuildError, match=message):
        read_recipe(DATASETS["review-5k"].recipe, None, [override])


def test_the_recipe_of_the_manifest_is_what_the_code_read(tmp_path: Path) -> None:
    from dataclasses import replace

    spec: Any = DATASETS["research-14k"]
    recipe = read_recipe(spec.recipe, None, ["min_words=1000000"])
    report = build(
        replace(spec, recipe=recipe),
        sample.SNAPSHOT,
        tmp_path / "out",
        policy=read_policy(),
        allow_empty=True,
    )
    assert report.manifest.inputs["recipe"]["min_words"] == 1_000_000
    assert report.manifest.counts["papers_kept"] == 0
