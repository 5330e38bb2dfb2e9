"""Recipe of Research-14k (Section 2.2 of the paper): parameters, stages, splits."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from cycledata.datasets.recipe_file import MAX_COUNT
from cycledata.datasets.spec import MONTH_ONLY
from cycledata.records import PaperText, Record
from cycledata.stages import paper_filters
from cycledata.stages.core import Stage
from cycledata.stages.split_by_time import split_by_time
from cycledata.stages.split_item import SplitItem
from cycledata.stages.splits import Split


class Research14kRecipe(Record):
    """Parameters of Research-14k."""

    n_train: Annotated[int, Field(ge=1, le=MAX_COUNT)] = 12_696
    """Sec. 2.2: "12,696 training samples"."""
    n_test: Annotated[int, Field(ge=1, le=MAX_COUNT)] = 802
    """Sec. 2.2: "802 test samples"."""
    min_words: Annotated[int, Field(ge=0, le=MAX_COUNT)] = 150
    """Our choice; the paper filters "papers that do not meet the requirements". Shorter texts are
    abstracts."""
    min_english_share: Annotated[float, Field(ge=0, le=1)] = 0.10
    """Our choice: smallest share of English function words. Of 77 real papers, those in English
    have at least 15%, the others at most 2%."""
    hidden_text: Literal["keep", "cut"] = "keep"
    """Our choice: whether words that the page does not show, and sentences that order a reviewer
    about, stay in the text. Both are counted and have a row either way."""
    bytes_per_token: Annotated[int, Field(ge=1, le=MAX_COUNT)] = 4
    """Our choice: an estimate of length that needs no model's tokenizer."""


def text_stages(paper_id: str, recipe: Research14kRecipe) -> tuple[Stage[PaperText], ...]:
    """Return the rules that the text of a paper must pass, in order."""
    return paper_filters.stages(
        paper_id, min_words=recipe.min_words, min_english_share=recipe.min_english_share
    )


def split(
    items: Sequence[SplitItem], recipe: Research14kRecipe
) -> tuple[Mapping[str, Split], Mapping[str, Any]]:
    """Return splits by first public day, and facts: the last training day, citations across."""
    chronology = split_by_time(
        items,
        n_train=recipe.n_train,
        n_test=recipe.n_test,
        test_share=recipe.n_test / (recipe.n_train + recipe.n_test),
    )
    split_of = chronology.split_of
    trained = {item.works[:8] for item in items if split_of[item.paper_id] == "train"}
    n_citing = n_cited = 0
    for item in items:
        if split_of[item.paper_id] == "test":
            cited = [item.works[i : i + 8] for i in range(8, len(item.works), 8)]
            n_hits = sum(work in trained for work in cited)
            n_cited += n_hits
            n_citing += n_hits > 0
    n_month_only = sum(item.published_by is not None for item in items)
    months = {
        MONTH_ONLY: n_month_only,
        f"{MONTH_ONLY}, in the reserve": chronology.n_undecided,
    }
    return split_of, {
        **(months if n_month_only else {}),
        "Last day of train": str(chronology.last_train_day),
        "Test papers that cite a training paper": n_citing,
        "References from test papers to training papers": n_cited,
    }
