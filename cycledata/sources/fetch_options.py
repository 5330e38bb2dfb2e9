"""Options of a fetch, without the clients of the services."""

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from cycledata.consent.policy import Policy

PAGE_RECORDS = 3_500
"""Records of one OAI-PMH page."""
YEARS_BEFORE_VENUE = 2
"""Years before the earliest venue at which a harvest begins: preprints may be that much older."""


@dataclass(frozen=True, slots=True)
class FetchOptions:
    """Options of a run."""

    limit: int | None = None
    """Papers per venue or list; None for all."""
    history: bool = False
    """Fetch the edits of every review, which give the ratings before and after the rebuttal."""
    pdfs: bool = False
    """Fetch PDFs from OpenReview, about 34 per hour."""
    not_after: dt.date | None = None
    """Use the last arXiv version up to this day only; None for the version that was reviewed if
    the dates are known, else for the latest."""
    harvest: bool = False
    """Harvest arXiv's metadata by OAI-PMH instead of searching for every title."""
    harvest_since: dt.date | None = None
    """First month of the harvest; None for two years before the earliest venue."""
    only: Literal["lists", "publishable"] | None = None
    """Fetch the lists of papers alone, or texts that may be published; None for all."""
    policy: Policy | None = None
    """What may be published; needed for `only="publishable"`."""

    def first_month(self, years: list[int]) -> dt.date:
        """Return the first month of a harvest for venues of some years; 1991 if none is known."""
        if self.harvest_since is not None:
            return self.harvest_since.replace(day=1)
        return dt.date(min(years) - YEARS_BEFORE_VENUE if years else 1991, 1, 1)
