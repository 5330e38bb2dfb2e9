"""Ratings of one paper over time: which reviewer gave which rating, in which state, and when.

Sources are the versions of the reviews and the columns of tables. A rating of a table belongs to a
reviewer if the table names its reviewers, or if the order of the whole column is known
(``table_order``) and the table has as many ratings as there were reviews on its day. Values that
contradict a version that is known to have been current are set aside with a row.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from cycledata.formats.rating_states import RatingState, StateChoice, latest_in_state
from cycledata.parse.openreview.calendar import VenueCalendar
from cycledata.parse.openreview.note import Note
from cycledata.parse.openreview.versions import ReviewVersion
from cycledata.parse.ratings import TableRatings
from cycledata.records import Dropped, Number, Review

TableOrder = Literal["oldest-first", "newest-first"]
"""Order of a table's ratings: by the creation of the reviews."""
MIN_VOTES = 8
"""Papers that must fit exactly one order before it counts as known."""
MIN_SHARE = 0.9
"""Share of these papers that must fit the same order."""


@dataclass(frozen=True, slots=True)
class ObservedRating:
    """One reviewer's ratings in one state: a row of the config ``history``."""

    reviewer: str
    """Pseudonym within this paper."""
    rating: Number
    soundness: Number | None
    presentation: Number | None
    contribution: Number | None
    confidence: Number | None
    """Each None if missing or not stated by the source."""
    state: RatingState | None
    """None if nothing states it."""
    observed: dt.date | None
    """A day on which these ratings were current; None if unknown."""
    source: str
    """``"note"``, ``"edit"``, or ``"table COLUMN"``."""


@dataclass(frozen=True, slots=True)
class ForumDates:
    """What is known about the day on which the notes of a forum were read."""

    calendar: VenueCalendar | None
    read_on: dt.date | None
    """The day; None if unknown, or if the notes were read on several days."""
    not_before: dt.date | None
    """Earliest day that fits the notes; None if unknown."""
    decided: bool
    """True if the notes have a decision, so that the ratings are final."""

    @property
    def current_state(self) -> tuple[RatingState, dt.date | None] | None:
        """State of the ratings that were current then, and a day of it; None if unknown."""
        calendar, day = self.calendar, self.read_on or self.not_before
        if calendar and calendar.reverted_on and day and day >= calendar.reverted_on:
            return "before-discussion", day
        if self.decided and not (calendar and calendar.reverted_on):
            return "final", day
        if calendar is None or day is None:
            return None
        state = calendar.state_on(day)
        # An earliest day proves only that a later state has begun.
        return (state, day) if self.read_on or state == "final" else None


def version_states(
    versions: Sequence[ReviewVersion], dates: ForumDates
) -> tuple[ObservedRating, ...]:
    """Return the states of one review that its versions give, without unrated versions.

    Args:
        versions: versions of one review, oldest first, the current one last.
        dates: when the forum was read.
    """
    found = []
    days = [version.note.modified for version in versions]
    for version, superseded in zip(versions, [*days[1:], None], strict=True):
        states = states_of(version, superseded, dates)
        found += [
            observed
            for state, day in states
            if (observed := _observed(version.review, state, day, version.source))
        ]
    return tuple(found)


def states_of(
    version: ReviewVersion, superseded: dt.date | None, dates: ForumDates
) -> list[tuple[RatingState | None, dt.date | None]]:
    """Return every state that a version was current in, each with a day; one None if unknown.

    Args:
        version: one version of a review.
        superseded: day of the next version; None for the last one, or if unknown.
        dates: when the forum was read.
    """
    day, calendar = version.note.modified, dates.calendar
    states: dict[RatingState | None, dt.date | None] = {}
    if version.note.unmodified:
        states["initial"] = day
    if calendar is not None and day is not None:
        state = calendar.state_on(day)
        if day > calendar.before_until or superseded is None or superseded > calendar.before_until:
            states.setdefault(state, day)
    if version.is_current and dates.current_state is not None:
        state, read = dates.current_state
        states.setdefault(state, read)
    return list(states.items()) or [(None, day)]


def _observed(
    review: Review, state: RatingState | None, day: dt.date | None, source: str
) -> ObservedRating | None:
    if review.rating is None:
        return None
    return ObservedRating(
        reviewer=review.reviewer,
        rating=review.rating,
        soundness=review.soundness,
        presentation=review.presentation,
        contribution=review.contribution,
        confidence=review.confidence,
        state=state,
        observed=day,
        source=source,
    )


def table_states(
    paper_id: str,
    table: TableRatings,
    reviews: Sequence[Sequence[ReviewVersion]],
    *,
    dates: ForumDates,
    order: TableOrder | None,
    offered: Sequence[Number],
) -> tuple[tuple[ObservedRating, ...], tuple[Dropped, ...]]:
    """Return the ratings of one column of a table by reviewer, and rows for what is set aside.

    Args:
        paper_id: the paper.
        table: its ratings in one state.
        reviews: versions of each review.
        dates: when the forum was read; its calendar gives the state of a day.
        order: order of the column; None if it is not known.
        offered: ratings that the venue's form offers; empty if any is possible.
    """
    matched = _match(table, [versions[-1] for versions in reviews], order)
    if isinstance(matched, _Unmatched):
        detail = f"{table.column}: {matched.detail}"
        return (), (_row(paper_id, matched.rule, detail),)
    found, rows = [], []
    for position, index in enumerate(matched):
        versions = reviews[index]
        rating, reviewer = table.ratings[position], versions[-1].review.reviewer
        if offered and rating not in offered:
            detail = f"{table.column}: {reviewer}: the form does not offer this rating"
            rows.append(_row(paper_id, "history-off-scale", detail))
            continue
        if (reason := _contradiction(table, rating, versions[-1], dates)) is not None:
            detail = f"{table.column}: {reviewer}: {reason}"
            rows.append(_row(paper_id, "history-contradiction", detail))
            continue
        aspects = {name: values[position] for name, values in table.aspects.items()}
        found.append(
            ObservedRating(
                reviewer=reviewer,
                rating=rating,
                soundness=aspects.get("soundness"),
                presentation=aspects.get("presentation"),
                contribution=aspects.get("contribution"),
                confidence=aspects.get("confidence"),
                state=_table_state(table, dates.calendar),
                observed=table.date,
                source=f"table {table.column}",
            )
        )
    return tuple(found), tuple(rows)


def _table_state(table: TableRatings, calendar: VenueCalendar | None) -> RatingState | None:
    if table.phase is not None:
        return table.phase
    return calendar.state_on(table.date) if calendar and table.date else None


@dataclass(frozen=True, slots=True)
class _Unmatched:
    rule: str
    detail: str


def _match(
    table: TableRatings, current: Sequence[ReviewVersion], order: TableOrder | None
) -> list[int] | _Unmatched:
    """Return the index of the review of each rating of a table, or why there is none."""
    n_ratings = len(table.ratings)
    if table.reviewers is not None:
        names = {name: i for i, v in enumerate(current) for name in reviewer_names(v.note)}
        indices = [names.get(name) for name in table.reviewers]
        known = [index for index in indices if index is not None]
        if len(known) < n_ratings or len(set(known)) < n_ratings:
            n_found = len(set(known))
            return _Unmatched(
                "history-unknown-reviewer",
                f"expected reviewers of the notes, found {n_found} of {n_ratings} names",
            )
        return known
    if order is None:
        return _Unmatched(
            "history-order-unknown",
            "expected a column that names the reviewers, or an order that other papers confirm",
        )
    by_creation = oldest_first([version.note for version in current])
    existing = len(by_creation)
    certain = existing
    if table.date is not None:
        days = [current[index].note.created for index in by_creation]
        existing = sum(day is not None and day <= table.date for day in days)
        certain = sum(day is not None and day < table.date for day in days)
    if not certain <= n_ratings <= existing:
        expected = str(existing) if certain == existing else f"{certain} to {existing}"
        return _Unmatched(
            "history-count-differs",
            f"expected {expected} ratings, one per review, found {n_ratings}",
        )
    matched = by_creation[:n_ratings]
    matched = matched if order == "oldest-first" else matched[::-1]
    ratings = [current[index].review.rating for index in matched]
    if list(table.ratings) != ratings and sorted(table.ratings) == sorted(
        r for r in ratings if r is not None
    ):
        return _Unmatched(
            "history-other-order", "has the ratings of the notes, but in another order"
        )
    return matched


def _contradiction(
    table: TableRatings, rating: Number, current: ReviewVersion, dates: ForumDates
) -> str | None:
    """Return why a rating cannot have been the reviewer's in that state, or None."""
    state = dates.current_state
    ours, modified = current.review.rating, current.note.modified
    if rating == ours:
        return None
    if table.phase == "final" and state is not None and state[0] == "final":
        return "differs from the final rating of the note"
    if table.phase == "initial" and current.note.unmodified:
        return "differs from a note that was never modified"
    until = dates.read_on or dates.not_before
    if table.date and modified and until and modified < table.date <= until:
        return f"differs from the note, which was not modified between {modified} and {until}"
    return None


def reviewer_names(note: Note) -> tuple[str, ...]:
    """Return the site's names of the signers of a note, e.g. "Reviewer_aBcD" and "aBcD"."""
    names = [signature.rpartition("/")[2] for signature in note.signatures]
    return tuple(n for name in names for n in dict.fromkeys((name, name.rpartition("_")[2])))


def oldest_first(notes: Sequence[Note]) -> list[int]:
    """Return the indices of notes by creation."""
    return sorted(
        range(len(notes)), key=lambda i: (notes[i].created_ms, notes[i].number, notes[i].id)
    )


def vote_on_order(table: Sequence[Number], ratings: Sequence[Number | None]) -> TableOrder | None:
    """Return the only order in which a table's ratings are those of the notes, if there is one.

    Args:
        table: ratings of one paper in the table.
        ratings: current ratings of its reviews, oldest review first.

    >>> vote_on_order([3, 5, 8], [8, 5, 3]), vote_on_order([5, 5], [5, 5])
    ('newest-first', None)
    """
    forwards, backwards = list(table) == list(ratings), list(table) == list(ratings)[::-1]
    if forwards == backwards:
        return None
    return "oldest-first" if forwards else "newest-first"


def table_order(votes: Mapping[TableOrder, int]) -> TableOrder | None:
    """Return the order that nearly all papers fit, or None if there are too few or they differ."""
    total = sum(votes.values())
    if total < MIN_VOTES:
        return None
    best: TableOrder = max(votes, key=lambda order: votes[order])
    return best if votes[best] >= MIN_SHARE * total else None


def ratings_in_state(
    history: Sequence[ObservedRating], choice: StateChoice
) -> dict[str, ObservedRating]:
    """Return each reviewer's ratings before or after the discussion, where they are known."""
    return latest_in_state(
        ((item.reviewer, item.state, item.observed, item) for item in history), choice
    )


def _row(paper_id: str, rule: str, detail: str) -> Dropped:
    return Dropped(paper_id, rule=rule, detail=detail, stage="history/table")
