"""Rating history of a paper: its sources in the snapshot, the rows of ``history``, the choice.

``prepare_table_orders`` finds out how each column of the tables is ordered before any paper is
made; ``rating_history`` joins the versions of a paper's reviews with its row in a table.
"""

import datetime as dt
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from cycledata.datasets.review5k.forms import review_forms
from cycledata.datasets.review5k.recipe import Review5kRecipe
from cycledata.errors import DEFECTS, ParseError
from cycledata.formats.rating_states import STATES_OF, RatingState, StateChoice
from cycledata.parse.openreview import ParsedForum, VenueForm, parse_forum
from cycledata.parse.openreview.calendar import CALENDARS, VenueCalendar
from cycledata.parse.openreview.note import day_of
from cycledata.parse.openreview.versions import ReviewVersion, review_versions
from cycledata.parse.ratings import RatingsRow, TableRatings, parse_ratings_row
from cycledata.records import Dropped, Review
from cycledata.snapshot import keys
from cycledata.snapshot.reply import Replies, Reply
from cycledata.snapshot.sealed import SealedSnapshot
from cycledata.stages.rating_history import (
    ForumDates,
    ObservedRating,
    TableOrder,
    oldest_first,
    ratings_in_state,
    states_of,
    table_order,
    table_states,
    version_states,
    vote_on_order,
)

_REVIEWER = re.compile(r"\bR[0-9]+\b")
_ORDERS = "table_orders.json"
_COLUMNS = tuple(field.name for field in fields(ObservedRating))
MAX_VOTERS = 400
"""Papers per venue that are read to find the order of its tables."""
Orders = Mapping[str, Mapping[str, TableOrder]]
"""Venue -> column of ratings -> its order."""


@dataclass(frozen=True, slots=True)
class RatingHistory:
    """Everything known about the ratings of one paper over time."""

    states: tuple[ObservedRating, ...]
    """By reviewer, then by day."""
    current: RatingState | None
    """State of the ratings of the notes; None if unknown or not the same for all reviews."""
    dropped: tuple[Dropped, ...]


def prepare_table_orders(snapshot: SealedSnapshot, scratch: Path) -> None:
    """Write the order of each column of ratings that the tables of a venue have.

    A column lists the reviews of a paper in the order of their creation or in the reverse order.
    It counts as known if nearly all papers whose ratings fit only one order fit the same.
    """
    forms = review_forms(scratch, snapshot.digest, Review5kRecipe())
    votes: defaultdict[str, defaultdict[str, Counter[TableOrder]]] = defaultdict(
        lambda: defaultdict(Counter)
    )
    n_voters: Counter[str] = Counter()
    for key in snapshot.keys(keys.RATINGS):
        venue, _, paper_id = key.rpartition("/")
        if n_voters[venue] == MAX_VOTERS:
            continue
        tables = _tables(snapshot.get(keys.RATINGS, key), paper_id)
        forum = snapshot.get(*keys.forum(paper_id)) if tables else None
        if forum is None:
            continue
        try:
            parsed = parse_forum(forum.payload, forms=forms)
        except (ParseError, *DEFECTS):
            continue  # the build has a row for this paper
        if isinstance(parsed, Dropped):
            continue
        n_voters[venue] += 1
        reviews = [parsed.submission.reviews[i].rating for i in oldest_first(parsed.review_notes)]
        for table in tables:
            if vote := vote_on_order(table.ratings, reviews):
                votes[venue][table.column][vote] += 1
    orders = {
        venue: {column: table_order(found) for column, found in sorted(columns.items())}
        for venue, columns in sorted(votes.items())
    }
    (scratch / _ORDERS).write_text(json.dumps(orders), "utf-8")


def _tables(reply: Reply | None, paper_id: str) -> tuple[TableRatings, ...]:
    """Return the states of a paper in a table; empty if the row cannot be read."""
    try:
        row = parse_ratings_row(reply.payload) if reply else None
    except ParseError:
        return ()
    return row.states if row and row.paper_id == paper_id else ()


@lru_cache(maxsize=4)
def table_orders(
    scratch: Path,
    digest: str,  # noqa: ARG001  part of the cache key
) -> Orders:
    """Return what ``prepare_table_orders`` wrote.

    Args:
        scratch: folder that it wrote to.
        digest: digest of the snapshot; part of the cache key.
    """
    path = scratch / _ORDERS
    found: Orders = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    return found


def find_calendar(venue: str, recipe: Review5kRecipe) -> VenueCalendar | None:
    """Return the calendar of a venue: the recipe's, else the shipped one, else None."""
    given = {calendar.venue: calendar for calendar in recipe.calendars}
    return given.get(venue) or CALENDARS.get(venue)


def forum_dates(reply: Reply, forum: ParsedForum, calendar: VenueCalendar | None) -> ForumDates:
    """Return what is known about the day on which a forum was read.

    Notes that were merged from several files may be of several days, so nothing follows from them.

    Args:
        reply: the forum in the snapshot.
        forum: its notes alone, not completed from a table.
        calendar: of the venue.
    """
    if " " in reply.url:
        return ForumDates(calendar, None, None, decided=False)
    times = [time for note in forum.replies for time in (note.created_ms, note.modified_ms)]
    latest = max(times, default=0)
    if day_of(latest) is None:  # the days of all notes would take as long as the rest
        latest = max(filter(day_of, times), default=0)
    decision = forum.submission.decision
    return ForumDates(
        calendar,
        read_on=reply.retrieved_at.date() if reply.retrieved_at else None,
        not_before=day_of(latest),
        decided=decision is not None and decision.kind != "withdrawn",
    )


def rating_history(
    snapshot: Replies,
    reply: Reply,
    forum: ParsedForum,
    row: RatingsRow | None,
    *,
    form: VenueForm,
    calendar: VenueCalendar | None,
    orders: Mapping[str, TableOrder | None],
    with_states: bool = True,
) -> RatingHistory:
    """Return the rating history of one paper.

    Args:
        snapshot: has the edit histories of the notes.
        reply: the forum in the snapshot.
        forum: its notes alone, not completed from a table.
        row: the paper's row in a table; None if there is none.
        form: of the venue.
        calendar: of the venue; None if unknown.
        orders: column of ratings -> its order, for the tables of the venue.
        with_states: also return ``states``; without them, only what the notes say is read.
    """
    paper_id = forum.submission.paper_id
    dates = forum_dates(reply, forum, calendar)
    versions, dropped = review_versions(forum, form, dict(_edits(snapshot, forum)))
    current = _current_state(versions, dates)
    if not with_states:
        return RatingHistory((), current, dropped)
    states = [state for found in versions for state in version_states(found, dates)]
    rows = list(dropped)
    final_order = orders.get("rating_final") or orders.get("ratings_final")
    for table in _distinct(row.states) if row else ():
        order = orders.get(table.column) or (final_order if table.phase else None)
        found, set_aside = table_states(
            paper_id,
            table,
            versions,
            dates=dates,
            order=order,
            offered=form.rating_scale.values if form.rating_scale else (),
        )
        states += found
        rows += set_aside
    return RatingHistory(tuple(sorted(states, key=_place)), current, tuple(rows))


def _distinct(tables: Sequence[TableRatings]) -> Iterator[TableRatings]:
    """Yield the states of a table without an undated column that repeats the final one."""
    final = [table.ratings for table in tables if table.phase == "final"]
    for table in tables:
        if table.date or table.phase or table.ratings not in final:
            yield table


def _edits(snapshot: Replies, forum: ParsedForum) -> Iterator[tuple[str, bytes]]:
    if next(iter(snapshot.keys(keys.OPENREVIEW, keys.EDITS)), None) is None:
        return
    for note in forum.review_notes:
        reply = snapshot.get(*keys.edits(note.id))
        if reply is not None and reply.status == 200:
            yield note.id, reply.payload


def _place(state: ObservedRating) -> tuple[int, dt.date, str, str]:
    number = int(state.reviewer.removeprefix("R"))
    return number, state.observed or dt.date.max, state.state or "", state.source


def _current_state(
    versions: Sequence[Sequence[ReviewVersion]], dates: ForumDates
) -> RatingState | None:
    """Return the state that the current ratings of all reviews are in."""
    if dates.current_state is not None:
        return dates.current_state[0]
    if not versions or any(len(found) > 1 or found[0].review.rating is None for found in versions):
        return None
    known = [{state for state, _ in states_of(found[0], None, dates)} for found in versions]
    return next((s for s in STATES_OF["initial"] if all(s in states for states in known)), None)


def choose_ratings(
    forum: ParsedForum, history: RatingHistory, which: StateChoice
) -> tuple[ParsedForum, RatingHistory] | Dropped:
    """Return the forum with the ratings of one state, reviewers renamed by their new order.

    Texts stay those of the notes. Aspects and confidence that the state does not tell are None.

    Args:
        forum: the parsed forum.
        history: its rating history.
        which: ``"initial"`` for the ratings before the discussion.
    """
    states = history.states
    chosen = ratings_in_state(states, which)
    paper_id = forum.submission.paper_id
    rated = [review for review in forum.submission.reviews if review.rating is not None]
    missing = [review.reviewer for review in rated if review.reviewer not in chosen]
    if missing:
        n_found = len(rated) - len(missing)
        detail = f"expected {which} ratings of {len(rated)} reviews, found {n_found}"
        if which == "initial":
            return Dropped(paper_id, "no-initial-ratings", detail, "filter")
        return Dropped(paper_id, "no-final-ratings", detail, "filter")
    pairs = [
        (_with_ratings(review, chosen.get(review.reviewer)), note)
        for review, note in zip(forum.submission.reviews, forum.review_notes, strict=True)
    ]
    pairs.sort(key=lambda pair: (pair[0].rating is None, pair[0].rating or 0))
    names = {review.reviewer: f"R{i}" for i, (review, _) in enumerate(pairs, 1)}
    reviews = tuple(
        review.model_copy(update={"reviewer": names[review.reviewer]}) for review, _ in pairs
    )
    renamed = (replace(state, reviewer=names[state.reviewer]) for state in states)
    submission = forum.submission.model_copy(update={"reviews": reviews})
    notes = tuple(note for _, note in pairs)
    rows = (
        replace(row, detail=_REVIEWER.sub(lambda name: names.get(name[0], name[0]), row.detail))
        for row in history.dropped
    )
    return (
        replace(forum, submission=submission, review_notes=notes),
        RatingHistory(tuple(sorted(renamed, key=_place)), which, tuple(rows)),
    )


def _with_ratings(review: Review, state: ObservedRating | None) -> Review:
    if state is None:
        return review
    names = ("rating", "soundness", "presentation", "contribution", "confidence")
    return review.model_copy(update={name: getattr(state, name) for name in names})


def history_rows(paper_id: str, states: Sequence[ObservedRating]) -> tuple[dict[str, Any], ...]:
    """Return the rows of ``history``."""
    # Many rows per paper: `dataclasses.asdict` takes longer than the rest of the history.
    return tuple(
        {"paper_id": paper_id, **{name: getattr(state, name) for name in _COLUMNS}}
        for state in states
    )
