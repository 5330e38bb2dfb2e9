"""Recipe of Review-5k (Section 2.1 of the paper): parameters, stages, splits."""

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from cycledata.datasets.recipe_file import MAX_COUNT
from cycledata.datasets.spec import NO_PAPERS
from cycledata.parse.openreview.calendar import VenueCalendar
from cycledata.parse.openreview.forms import VenueForm
from cycledata.records import Record, Submission
from cycledata.stages import filters
from cycledata.stages.core import Stage
from cycledata.stages.split_item import SplitItem
from cycledata.stages.splits import Split, assign_splits, stated_splits

VenueId = Annotated[str, Field(min_length=1)]


class Review5kRecipe(Record):
    """Parameters of Review-5k."""

    venues: tuple[VenueId, ...] = ()
    """Venue ids to build (``--venue``), such as ICLR.cc/2024/Conference, the venue of Sec. 2.1; all
    venues of the snapshot if empty."""
    min_reviews: Annotated[int, Field(ge=1, le=MAX_COUNT)] = 1
    """Fewest reviews of a paper in any config."""
    min_ratings: Annotated[int, Field(ge=0, le=MAX_COUNT)] = 1
    """Fewest reviews with a rating of a paper in any config; 0 keeps the reviews of venues whose
    form has no rating, such as TMLR."""
    n_test: Annotated[int, Field(ge=1, le=MAX_COUNT)] = 781
    """Sec. 2.1: "781 samples for testing"."""
    full_size: Annotated[int, Field(ge=1, le=MAX_COUNT)] = 4970
    """Sec. 2.1: "containing 4,970 papers"; a build of at least this size has exactly ``n_test``,
    or all papers of the test zone if they are fewer."""
    test_zone: Annotated[float, Field(gt=0, lt=1)] = 0.17
    """Our choice: slightly above 781 / 4,970, so that a full build can fill the test split."""
    salt: str = "review-5k"
    """Seed of the draw: another salt puts other papers in the test zone."""
    split: Literal["id", "venue", "date"] = "id"
    """Our choice: ``id`` draws the test papers by their ids, ``venue`` tests on ``test_venues``,
    ``date`` on papers submitted on ``test_from`` or later; the first gives Sec. 2.1's counts."""
    test_venues: tuple[VenueId, ...] = ()
    """Venues whose papers are the test split, if ``split`` is ``venue``."""
    test_from: dt.date | None = None
    """First day of submission of the test split, if ``split`` is ``date``."""
    prefer_submitted_abstract: bool = True
    """Our choice: the abstract of the version before the first review, if the snapshot has it."""
    cut_abstract_leaks: bool = True
    """Our choice: cut sentences of the abstract with links, offers of code or the venue's name."""
    hidden_text: Literal["keep", "cut"] = "keep"
    """Our choice: whether words that the page does not show, and sentences that order a reviewer
    about, stay in the text. Both are counted and have a row either way."""
    forms: tuple[VenueForm, ...] = ()
    """Review forms given by the user (``--form FILE``); they override all others."""
    ratings: Literal["notes", "initial", "final"] = "notes"
    """Our choice: the ratings as the notes have them; ``initial`` takes those before the
    discussion, ``final`` those after it, and leaves out papers where they are not known."""
    calendars: tuple[VenueCalendar, ...] = ()
    """Days of the discussion of venues; they override the shipped ones."""
    rebuttal_messages: bool = False
    """Whether rows of ``threads`` with an authors' response have chat ``messages``."""

    @model_validator(mode="after")
    def _one_of_each_venue(self) -> Self:
        for key, stated in (("forms", self.forms), ("calendars", self.calendars)):
            venues = Counter(item.venue for item in stated)
            repeated = [venue for venue, n in venues.items() if n > 1]
            if repeated:
                raise ValueError(f"{key}: expected one per venue, found several of {repeated[0]}")
        return self

    @model_validator(mode="after")
    def _split_is_stated(self) -> Self:
        for split, key, value in (
            ("venue", "test_venues", self.test_venues or None),
            ("date", "test_from", self.test_from),
        ):
            if (self.split == split) != (value is not None):
                found = f"split = {self.split!r} and {'no ' if value is None else ''}{key}"
                raise ValueError(f"split = {split!r} and {key} need each other, found {found}")
        return self


def scores_stages(recipe: Review5kRecipe) -> tuple[Stage[Submission], ...]:
    """Return the rules that a paper must pass to be in any config, in order."""
    return (
        partial(filters.require_venue, venues=recipe.venues),
        filters.drop_test_submissions,
        partial(filters.require_reviews, at_least=recipe.min_reviews),
        partial(filters.require_ratings, at_least=recipe.min_ratings),
    )


def reviews_stages() -> tuple[Stage[Submission], ...]:
    """Return the further rules that a paper must pass to be in ``reviews``, in order."""
    return (filters.require_review_texts,)


def default_stages() -> tuple[Stage[Submission], ...]:
    """Return the further rules that a paper must pass to be in ``default``, in order."""
    return (
        filters.require_title_and_abstract,
        filters.require_decision,
        filters.require_review_texts,
    )


def split(
    items: Sequence[SplitItem], recipe: Review5kRecipe
) -> tuple[Mapping[str, Split], Mapping[str, Any]]:
    """Return the split of every kept paper, and facts about the split and the venues."""
    splits, facts = _split(items, recipe)
    named = {*recipe.venues, *recipe.test_venues}
    if missing := sorted(named - {item.venue for item in items}):
        facts = {**facts, NO_PAPERS: ", ".join(missing)}
    return splits, facts


def _split(
    items: Sequence[SplitItem], recipe: Review5kRecipe
) -> tuple[Mapping[str, Split], Mapping[str, Any]]:
    if recipe.split == "venue":
        tested = frozenset(recipe.test_venues)
        by_venue = stated_splits(items, lambda i: "test" if i.venue in tested else "train")
        return by_venue, {"Venues of the test split": ", ".join(sorted(tested))}
    if recipe.test_from is not None:
        first_day = recipe.test_from
        by_date = stated_splits(items, partial(_by_date, first_day=first_day))
        n_undated = sum(item.published == dt.date.min for item in items)
        return by_date, {
            "First day of the test split": str(first_day),
            "Papers without a day of submission, in the reserve": n_undated,
        }
    splits = assign_splits(
        items,
        salt=recipe.salt,
        test_zone=recipe.test_zone,
        n_test=recipe.n_test,
        full_size=recipe.full_size,
    )
    return splits, {}


def _by_date(item: SplitItem, *, first_day: dt.date) -> Split:
    if item.published == dt.date.min:
        return "reserve"
    return "test" if item.published >= first_day else "train"
