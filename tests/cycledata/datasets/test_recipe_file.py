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


REVIEW_5K = DATASETS["review-5k"].recipe
WHOLE = "expected a whole number, at least 1 and at most 1000000000, found "
INVALID = {
    "min_review=3": 'unknown key "min_review"; the nearest is min_reviews; see `cycledata recipe',
    "split.by=3": 'unknown key "split.by"',
    "=3": "expected key=value",
    "min_reviews": "expected key=value",
    "min_reviews=0": f"min_reviews: {WHOLE}0;",
    "min_reviews=many": f'min_reviews: {WHOLE}"many";',
    "min_reviews=": f'min_reviews: {WHOLE}"";',
    "min_reviews='3'": f'min_reviews: {WHOLE}"3";',
    "min_reviews=true": f"min_reviews: {WHOLE}true;",
    "min_reviews=2.5": f"min_reviews: {WHOLE}2.5;",
    "min_reviews=nan": f"min_reviews: {WHOLE}NaN;",
    "min_reviews=99999999999": f"min_reviews: {WHOLE}99999999999;",
    "min_reviews=2\nsalt = 1": f'min_reviews: {WHOLE}"2\\nsalt = 1";',
    f"min_reviews={'9' * 5000}": f'min_reviews: {WHOLE}"99999',
    f"venues={'[' * 3000}": 'venues: expected a list of texts such as ["a", "b"], found "[[[',
    "venues=": "venues: expected a list of texts",
    'venues=["a"': "venues: expected a list of texts",
    "venues=[1]": "venues: expected a list of texts",
    "test_zone=inf": "test_zone: expected a number, above 0 and below 1, found Infinity",
    "test_zone=true": "test_zone: expected a number, above 0 and below 1, found true",
    "cut_abstract_leaks=1": "cut_abstract_leaks: expected true or false, found 1",
    "split=Date": 'split: expected id, venue or date, found "Date"',
    "test_from=3": "test_from: expected a date such as 2024-01-31, found 3",
    "test_from=2024-13-01": "test_from: expected a date such as 2024-01-31",
    "salt=[1]": "salt: expected a text, found [1]",
    "salt=\udcff": 'salt: expected UTF-8, found "\\udcff"',
    "forms=3": "forms: expected a list of tables, found 3",
    'forms=[{venue="a"}]': "forms.0.fields: Field required",
    'calendars=[{venue="a", before_until=2024-02-01, final_from=2024-01-01, evidence=""}]': (
        "calendars.0: final_from: expected a day after 2024-02-01, found 2024-01-01;"
    ),
    'calendars=[{venue="a", before_until=2024-01-01, evidence=""}, {venue="a", '
    'before_until=2024-02-01, evidence=""}]': (
        "calendars: expected one per venue, found several of a;"
    ),
}


@pytest.mark.parametrize("override", INVALID, ids=lambda text: ascii(text)[:40])
def test_an_invalid_override_is_refused_with_what_was_expected_and_found(override: str) -> None:
    with pytest.raises(BuildError) as error:
        read_recipe(REVIEW_5K, None, [override])
    assert INVALID[override] in str(error.value)
    assert str(error.value).startswith("--set: ")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("override", "value"),
    [
        ("venues=ICLR.cc/2024/Conference", ("ICLR.cc/2024/Conference",)),
        ("venues = A/1, B/2", ("A/1", "B/2")),
        ('venues=["A/1", "B/2"]', ("A/1", "B/2")),
        ("venues='A/1'", ("A/1",)),
        ("salt=42", "42"),
        ("salt=2024-01-01", "2024-01-01"),
        ("salt=a=b", "a=b"),
        ("salt='42'", "42"),
        ("cut_abstract_leaks=False", False),
        ("cut_abstract_leaks=false", False),
        ("n_test=1_000", 1000),
        ("test_zone=0.5", 0.5),
    ],
)
def test_a_value_may_be_written_as_toml_or_as_a_bare_text(override: str, value: object) -> None:
    recipe = read_recipe(REVIEW_5K, None, [override])
    assert getattr(recipe, override.partition("=")[0].strip()) == value


def test_the_last_override_of_a_key_wins() -> None:
    assert read_recipe(REVIEW_5K, None, ["min_reviews=many", "min_reviews=3"]).min_reviews == 3


def test_an_option_and_an_override_of_one_key_are_refused() -> None:
    with pytest.raises(BuildError, match="venues: given by an option of its own too"):
        read_recipe(REVIEW_5K, None, ["venues=A"], {"venues": ["B"]})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[recipe]\nmin_reviews = 2\n", "unknown table [recipe]; write the keys without a table"),
        (b"[split]\nn_test = 2\n", 'split: expected id, venue or date, found {"n_test": 2}'),
        (b"min_reviews: 2\n", "expected a recipe in TOML (Expected '=' after a key"),
        (b"min_reviews = 2\nmin_reviews = 3\n", "(Cannot overwrite a value (at line 2"),
        (b'min_reviews = "2"\n', f'min_reviews: {WHOLE}"2"'),
        (b"min_words = 2\n", 'unknown key "min_words"'),
        (b"min_reviews = " + b"9" * 5000, "(a number has too many digits)"),
        (b"venues = " + b"[" * 3000, "(nested too deep)"),
        (b'salt = "\xe9"\n', "(byte 9 is not UTF-8; save the file as UTF-8)"),
        ("salt = 'a'".encode("utf-16"), "(byte 1 is not UTF-8"),
    ],
    ids=lambda value: ascii(value)[:30],
)
def test_an_invalid_file_is_refused_with_its_name(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "recipe.toml"
    path.write_bytes(content)
    with pytest.raises(BuildError) as error:
        read_recipe(REVIEW_5K, path, ["salt=x"])
    assert str(error.value).startswith(f"{path}: ")
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_an_invalid_override_is_not_blamed_on_the_file(tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_bytes(b"\xef\xbb\xbfmin_reviews = 2\r\n")
    with pytest.raises(BuildError, match=r"^--set: n_test: "):
        read_recipe(REVIEW_5K, tmp_path / "recipe.toml", ["n_test=0"])
    assert read_recipe(REVIEW_5K, tmp_path / "recipe.toml").min_reviews == 2


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
