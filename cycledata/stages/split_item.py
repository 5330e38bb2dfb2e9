"""What split rules and the search for near-identical papers need to know about a paper."""

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SplitItem:
    """One kept paper, reduced to what decides its split."""

    paper_id: str
    """The paper."""
    stratum: str
    """Group that the test split samples in proportion, e.g. the decision; ``"none"`` without."""
    likeness: tuple[str, ...]
    """Keys that near-identical papers share, from ``duplicates.likeness_keys``."""
    published: dt.date = dt.date.min
    """First public day, for splits by date; the earliest possible one if only a month is known, and
    the first day of the calendar if nothing is."""
    published_by: dt.date | None = None
    """Latest possible first public day, if only a month is known; None if `published` is exact."""
    venue: str = ""
    """Venue id, for splits by venue."""
    works: bytes = b""
    """Digests of 8 bytes: the paper's own title first, then the titles of the works it cites."""

    @property
    def latest_day(self) -> dt.date:
        """Latest possible first public day."""
        return self.published_by or self.published
