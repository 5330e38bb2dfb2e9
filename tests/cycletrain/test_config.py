"""Recipes become frozen configs, or an error that names the key."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cycledata.errors import ParseError
from cycletrain.config import SftConfig
from cycletrain.read_recipe import read_config
from cycletrain.recipe_files import CONFIGS

RECIPE = """
build = "build"
out = "out"
role = "reviewer"
[model]
path = "tiny"
[adapter]
kind = "lora"
[training]
context_tokens = 512
learning_rate = 1e-5
batch_size = 2
"""


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "recipe.toml"
    path.write_text(RECIPE, encoding="utf-8")
    return path


def test_overrides_replace_single_values(recipe: Path) -> None:
    config = read_config(
        recipe, SftConfig, ["adapter.rank=64", "model.path=other/model", "training.epochs=0.5"]
    )
    assert (config.adapter.rank, config.model.path, config.training.epochs) == (
        64,
        "other/model",
        0.5,
    )
    assert config.training.learning_rate == 1e-5


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("adapter.rnak=4", r"adapter\.rnak: unknown key; did you mean rank\?"),
        ("sede=4", r"sede: unknown key; did you mean seed\?"),
        ("adapter.rank=-1", r"adapter\.rank: Input should be greater than or equal to 1, found -1"),
        ("role=author", r"role: Input should be 'reviewer' or 'researcher', found 'author'"),
        ("adapter.rank", "expected key=value"),
        ("build.x=1", "build is no table"),
        ("out=", "out: .*expected a value"),
        ("seed=-1", "seed: Input should be greater than or equal to 0"),
        ("training.learning_rate=true", "learning_rate: .*expected no truth value"),
        ("training.max_steps=0", "max_steps: .*expected -1, or 1 or more"),
        ('training.report_to=["nope"]', "report_to.0: Input should be 'trackio'"),
        ("model.path=http://", "model: .*expected http://HOST/v1"),
        ("training.batch_size=1e9", "batch_size: .*less than or equal to 65536, found 1000000000"),
        ("training.epochs=1e12", "epochs: .*less than or equal to 10000"),
        ("training.learning_rate=1e3", "learning_rate: .*less than or equal to 1, found 1000"),
        ("training.context_tokens=1000000000", "context_tokens: .*less than or equal to 10000000"),
        ("adapter.alpha=inf", "alpha: Input should be less than or equal to 1000000"),
        (
            "training.learning_rate=nan",
            "learning_rate: Input should be less than or equal to 1, found nan",
        ),
        ('out="a\\u0000b"', "out: expected text without control characters"),
        ('model.server.program="vllm \'"', "program: No closing quotation"),
        ('model.server.program=" "', "program: expected a program"),
        ("model.server.replicas=2", "recipe.toml: model.server and model.cluster are for gen"),
        ("validation.n_reviewed=1", "recipe.toml: validation.n_reviewed needs held-back papers;"),
    ],
    ids=[
        "table-key",
        "top-key",
        "range",
        "choice",
        "no-value",
        "no-table",
        "empty",
        "seed",
        "truth",
        "no-steps",
        "tracker",
        "url",
        "batch",
        "epochs",
        "rate",
        "context",
        "infinite",
        "not-a-number",
        "null",
        "quotation",
        "blank",
        "server",
        "whole-table",
    ],
)
def test_what_is_unknown_or_out_of_range_is_refused(
    recipe: Path, override: str, message: str
) -> None:
    with pytest.raises(ParseError, match=message):
        read_config(recipe, SftConfig, [override])


@pytest.mark.parametrize(
    "address",
    ["ftp://me:s3cret@h/v1", "https//me:s3cret@h/v1", "http:/me:s3cret@h", "me:s3cret@h/v1"],
)
def test_an_address_that_is_no_endpoint_is_not_repeated(recipe: Path, address: str) -> None:
    with pytest.raises(ParseError, match="found another kind of address") as caught:
        read_config(recipe, SftConfig, [f"model.path={address}"])
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("job", sorted(CONFIGS))
def test_every_number_of_a_recipe_has_bounds(job: str) -> None:
    assert list(_unbounded(CONFIGS[job].model_json_schema(), job)) == []


def _unbounded(schema: Any, place: str) -> Iterator[str]:
    if isinstance(schema, list):
        for number, inner in enumerate(schema):
            yield from _unbounded(inner, f"{place}.{number}")
    if not isinstance(schema, dict):
        return
    if schema.get("type") in ("integer", "number"):
        ends = [key.removeprefix("exclusive").lower() for key in schema]
        if not {"minimum", "maximum"} <= set(ends):
            yield place
    for key, inner in schema.items():
        yield from _unbounded(inner, f"{place}.{key}")


def test_a_recipe_that_is_no_toml_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "broken.toml"
    path.write_text("x = ", encoding="utf-8")
    with pytest.raises(ParseError, match=r"recipe: .*broken\.toml"):
        read_config(path, SftConfig)
