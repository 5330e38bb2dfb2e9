"""Calendars of venues: which day's ratings are from before, during or after the discussion.

A calendar is shipped with the package (``calendars.toml``) or given in the recipe. Without one, the
day of a rating says nothing about its state.
"""

import datetime as dt
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from pydantic import model_validator

from cycledata.formats.rating_states import RatingState
from cycledata.records import Record


class VenueCalendar(Record):
    """Days between the states of a venue's ratings."""

    venue: str
    """Venue id, e.g. ``"ICLR.cc/2024/Conference"``."""
    before_until: dt.date
    """Last day whose ratings count as those before the discussion."""
    final_from: dt.date | None = None
    """First day whose ratings are final; None if not known."""
    reverted_on: dt.date | None = None
    """First day on which the ratings were set back to those before the discussion; None if they
    were not."""
    evidence: str
    """Where the days are stated."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        for name in ("final_from", "reverted_on"):
            day = getattr(self, name)
            if day is not None and day <= self.before_until:
                raise ValueError(f"{name}: expected a day after {self.before_until}, found {day}")
        return self

    def state_on(self, day: dt.date) -> RatingState:
        """Return the state of ratings that were current on a day.

        >>> CALENDARS["ICLR.cc/2024/Conference"].state_on(dt.date(2023, 11, 27))
        'during-discussion'
        """
        if day <= self.before_until or (self.reverted_on and day >= self.reverted_on):
            return "before-discussion"
        if self.final_from is not None and day >= self.final_from:
            return "final"
        return "during-discussion"


def _shipped() -> Mapping[str, VenueCalendar]:
    document = tomllib.loads(Path(__file__).with_name("calendars.toml").read_text("utf-8"))
    found = (VenueCalendar.model_validate(table) for table in document["calendar"])
    return {calendar.venue: calendar for calendar in found}


CALENDARS: Mapping[str, VenueCalendar] = _shipped()
"""Venue id -> the calendar that is shipped with the package."""
