"""Every recipe is a config of its job, every value of the paper's models quoted or admitted."""

import re
from pathlib import Path

import pytest

import cycletrain
from cycledata.errors import ParseError
from cycletrain.read_recipe import read_config
from cycletrain.recipe_files import CONFIGS, job_of, keys_of, list_recipes

FOLDER = Path(cycletrain.__file__).parent / "recipes"
RECIPES = sorted(FOLDER.glob("*.toml"))
BASIS = re.compile(
    r"# .*(Sec\. \d|Eq\. \d|Table \d|ours|not (stated|given|in the paper)|follows|Fast-DetectGPT)"
)


def test_the_papers_five_models_have_recipes() -> None:
    names = {path.name for path in RECIPES}
    sizes = [f"researcher-{size}" for size in ("12b", "72b", "123b")]
    assert {f"{name}-sft.toml" for name in (*sizes, "reviewer-123b", "reviewer-8b")} <= names
    assert {f"{name}-iterate.toml" for name in sizes} <= names


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_every_recipe_is_a_config(path: Path) -> None:
    staged = job_of(path.stem) in ("rollout", "reward", "pairs", "simpo")
    config = read_config(path, CONFIGS[job_of(path.stem)], ["round=2"] if staged else [])
    assert "{round}" not in config.model_dump_json()


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_every_key_of_a_recipe_is_documented(path: Path) -> None:
    assert [row.key for row in keys_of(path.stem) if not row.meaning] == []


@pytest.mark.parametrize(
    "path", [p for p in RECIPES if not p.stem.startswith("tiny")], ids=lambda path: path.stem
)
def test_every_value_is_a_quotation_or_an_admission(path: Path) -> None:
    for line in path.read_text(encoding="utf-8").splitlines():
        if "=" in line.partition("#")[0]:
            assert BASIS.search(line), f"{path.name}: no basis for: {line}"


def letters(text: str) -> str:
    """Lower-case letters and digits alone; citations in parentheses are left out."""
    text = re.sub(r"\([^()]{1,200}\d{4}[a-z]?\)", "", text)
    return re.sub(r"[^a-z0-9]", "", text.lower().replace("\\times", "x"))


@pytest.mark.shared_data
def test_every_quotation_is_in_the_paper(shared_data: Path) -> None:
    paper = letters((shared_data.parent / "paper.md").read_text(encoding="utf-8"))
    checked = 0
    for path in RECIPES:
        for comment in re.findall(r"# (?:Sec\.|Table) (.*)", path.read_text(encoding="utf-8")):
            for quotation in re.findall(r'"([^"]{8,})"', comment):
                assert letters(quotation) in paper, f"{path.name}: {quotation}"
                checked += 1
    assert checked > 40


def test_the_keys_of_a_file_without_a_job_are_refused() -> None:
    with pytest.raises(ParseError, match=r"accelerate-8-gpus: expected a name with the job in it"):
        keys_of("accelerate-8-gpus.yaml")


def test_summaries_of_recipes_are_whole_sentences() -> None:
    summaries = [recipe.summary for recipe in list_recipes()]
    assert "CycleResearcher-12B, supervised (Sec. 3.2)" in summaries
    assert all(summary.count("(") == summary.count(")") for summary in summaries)
    assert not any("A line either quotes" in summary for summary in summaries)
