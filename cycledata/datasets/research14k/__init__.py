"""Research-14k: accepted papers with outlines and the abstracts of cited works."""

from cycledata.datasets.research14k.columns import DEFAULT_SCHEMA, IDS_SCHEMA
from cycledata.datasets.research14k.index import write_index
from cycledata.datasets.research14k.make import identify, list_papers, make
from cycledata.datasets.research14k.recipe import Research14kRecipe, split
from cycledata.datasets.spec import BuildContext, DatasetSpec


def _prepare(context: BuildContext[Research14kRecipe]) -> None:
    write_index(context.snapshot, context.scratch)


RESEARCH_14K = DatasetSpec(
    name="research-14k",
    title="Research-14k",
    recipe=Research14kRecipe(),
    schemas={"default": DEFAULT_SCHEMA, "ids": IDS_SCHEMA},
    task_categories=("text-generation",),
    list_papers=list_papers,
    make=make,
    identify=identify,
    assign_splits=split,
    prepare=_prepare,
)
