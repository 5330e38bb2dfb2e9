"""Review-5k: papers of one venue with reviews, meta-review and decision."""

from cycledata.datasets.review5k.columns import (
    DEFAULT_SCHEMA,
    HISTORY_SCHEMA,
    REVIEWS_SCHEMA,
    SCORES_SCHEMA,
    THREADS_SCHEMA,
)
from cycledata.datasets.review5k.forms import prepare_forms
from cycledata.datasets.review5k.history import prepare_table_orders
from cycledata.datasets.review5k.make import make, needs_tables
from cycledata.datasets.review5k.recipe import Review5kRecipe, split
from cycledata.datasets.review5k.submissions import identify, list_papers
from cycledata.datasets.spec import BuildContext, DatasetSpec


def _prepare(context: BuildContext[Review5kRecipe]) -> None:
    prepare_forms(context.snapshot, context.scratch)
    if needs_tables(context):
        prepare_table_orders(context.snapshot, context.scratch)


REVIEW_5K = DatasetSpec(
    name="review-5k",
    title="Review-5k",
    recipe=Review5kRecipe(),
    schemas={
        "default": DEFAULT_SCHEMA,
        "reviews": REVIEWS_SCHEMA,
        "scores": SCORES_SCHEMA,
        "history": HISTORY_SCHEMA,
        "threads": THREADS_SCHEMA,
    },
    extra_configs=frozenset({"history", "threads"}),
    task_categories=("text-generation",),
    list_papers=list_papers,
    make=make,
    identify=identify,
    prepare=_prepare,
    assign_splits=split,
)
