"""Review-5k: papers of one venue with reviews, meta-review and decision."""

from cycledata.datasets.review5k.columns import DEFAULT_SCHEMA, SCORES_SCHEMA
from cycledata.datasets.review5k.forms import prepare_forms
from cycledata.datasets.review5k.make import identify, list_papers, make
from cycledata.datasets.review5k.recipe import Review5kRecipe, split
from cycledata.datasets.spec import DatasetSpec

REVIEW_5K = DatasetSpec(
    name="review-5k",
    title="Review-5k",
    recipe=Review5kRecipe(),
    schemas={"default": DEFAULT_SCHEMA, "scores": SCORES_SCHEMA},
    task_categories=("text-generation",),
    list_papers=list_papers,
    make=make,
    identify=identify,
    prepare=prepare_forms,
    assign_splits=split,
)
