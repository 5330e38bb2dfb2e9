"""Make the rows of one Review-5k paper.

Config ``scores`` has every paper with a rating: ids, ratings, decision, no text. Config ``reviews``
has the papers whose reviews may be published, without any text of the paper. Config ``default`` has
the papers whose text and reviews may both be published. A paper's text is the first of its
texts that may be published and can be parsed: the LaTeX of the e-print, then the PDF.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cycledata.consent.decisions import Claim, decide_paper
from cycledata.consent.gather import abstract_evidence, note_evidence, rating_evidence
from cycledata.consent.tombstones import FILE as TOMBSTONES
from cycledata.datasets.paper_texts import (
    find_texts,
)
from cycledata.datasets.review5k.abstracts import prepare_abstract
from cycledata.datasets.review5k.forms import form_facts, review_forms
from cycledata.datasets.review5k.history import (
    RatingHistory,
    choose_ratings,
    find_calendar,
    history_rows,
    rating_history,
    table_orders,
)
from cycledata.datasets.review5k.recipe import (
    Review5kRecipe,
    scores_stages,
)
from cycledata.datasets.review5k.rows import DecidedPaper, default_row, reviews_row, scores_row
from cycledata.datasets.review5k.submissions import (
    complete_with,
    find_match,
    keys_of,
    ratings_keys,
    read_forum,
    table_row,
    with_decision_label,
    with_rated_reviews,
)
from cycledata.datasets.spec import BuildContext, PaperRows
from cycledata.errors import ParseError
from cycledata.formats.rating_states import RatingState
from cycledata.matching.deadlines import ChosenVersion, deadline_of
from cycledata.matching.find import ArxivMatch
from cycledata.matching.version import MatchRecord, match_record, reviewed_version
from cycledata.parse.openreview import ParsedForum, VenueForm, find_form
from cycledata.parse.ratings import RatingsRow
from cycledata.records import Dropped, Submission
from cycledata.snapshot import keys
from cycledata.snapshot.reply import Reply
from cycledata.snapshot.sealed import SealedSnapshot
from cycledata.stages.core import run_stages
from cycledata.stages.duplicates import likeness_keys
from cycledata.stages.split_item import SplitItem

if TYPE_CHECKING:
    from cycledata.parse.openreview.pseudonyms import Pseudonyms

Context = BuildContext[Review5kRecipe]


@dataclass(frozen=True, slots=True)
class _Found:
    """A submission that passed the rules of ``scores``, and where it was found."""

    reply: Reply
    """The reply with its forum."""
    forum: ParsedForum
    """The forum, completed from its row in a table of ratings."""
    submission: Submission
    history: RatingHistory
    dropped: tuple[Dropped, ...]
    """Rows about its notes."""
    of_abstract: tuple[Dropped, ...]
    """Rows about what was cut from its abstract."""
    counts: Mapping[str, int]


def make(context: Context, paper_id: str) -> PaperRows:
    """Make the rows, reasons and verdicts of one paper."""
    found = _find(context, paper_id)
    if isinstance(found, PaperRows):
        return found
    state = found.history.current
    shows_reviews = not context.configs.isdisjoint(("reviews", "default"))
    hide = _pseudonyms(found.forum) if shows_reviews or "threads" in context.configs else None
    shown = hide.in_reviews(found.submission) if hide and shows_reviews else found.submission
    paper = _decide(context, found.reply, shown, state)
    verdicts = paper.decisions.verdicts
    if not paper.decisions.publishes("ratings"):
        rule = paper.decisions.refusal("ratings")
        row = Dropped(paper_id, rule, "ratings and decision are withheld", "consent")
        return PaperRows(
            paper_id,
            dropped=(*found.forum.dropped, row),
            verdicts=verdicts,
            counts=found.counts,
            keys=paper.keys,
        )
    submission = paper.submission
    rows: dict[str, Mapping[str, Any]] = {"scores": scores_row(submission, state)}
    dropped = [*found.dropped, *paper.dropped]
    many_rows: dict[str, tuple[Mapping[str, Any], ...]] = {}
    replaced: dict[str, int] = {}
    if "reviews" in context.configs:
        reviews, of_reviews = reviews_row(paper)
        rows |= {"reviews": reviews} if reviews is not None else {}
        dropped += of_reviews
    if "default" in context.configs:
        default, of_default = default_row(context, paper)
        rows |= {"default": default} if default is not None else {}
        dropped += [*(found.of_abstract if default is not None else ()), *of_default]
    dropped += found.history.dropped
    if "history" in context.configs:
        many_rows["history"] = history_rows(paper_id, found.history.states)
    if hide is not None and "threads" in context.configs:
        from cycledata.datasets.review5k.threads import paper_thread

        decided = found.forum.submission.model_copy(update={"decision": submission.decision})
        hide.counts.clear()  # the discussion has the words of the reviews again
        thread = paper_thread(context, found.reply, replace(found.forum, submission=decided), hide)
        replaced = {f"{kind} replaced in discussions": n for kind, n in hide.counts.items() if n}
        many_rows["threads"] = thread.rows
        dropped += thread.dropped
        verdicts = tuple(dict.fromkeys([*verdicts, *thread.verdicts]))
    return PaperRows(
        paper_id,
        rows=rows,
        many_rows=many_rows,
        dropped=tuple(dropped),
        verdicts=verdicts,
        split_item=SplitItem(
            paper_id,
            stratum=submission.decision.kind if submission.decision else "none",
            likeness=likeness_keys(submission.title, submission.abstract),
            published=submission.submitted or dt.date.min,
            venue=submission.venue,
        ),
        counts={**found.counts, **replaced},
        keys=paper.keys,
        match=_match_record(context.snapshot, paper),
        facts=_facts(context, submission.venue),
    )


def needs_tables(context: Context) -> bool:
    """Return True if the build reads the rating history that tables have."""
    return "history" in context.configs or context.recipe.ratings != "notes"


def _needs_words(context: Context) -> bool:
    """Return True if the build writes the words of reviews, or compares versions of them."""
    if not context.configs <= {"scores"}:
        return True
    return next(context.snapshot.keys(keys.OPENREVIEW, keys.EDITS), None) is not None


def _pseudonyms(forum: ParsedForum) -> "Pseudonyms":
    from cycledata.parse.openreview.pseudonyms import Pseudonyms

    return Pseudonyms(forum)


def _find(context: Context, paper_id: str) -> _Found | PaperRows:
    """Return the submission of a paper, or the rows that say why it has none."""

    def refused(*dropped: Dropped, counts: Mapping[str, int] | None = None) -> PaperRows:
        return PaperRows(paper_id, dropped=dropped, counts=counts or {})

    if paper_id in context.tombstones:
        return refused(Dropped(paper_id, "takedown", f"see {TOMBSTONES}", "takedown"))
    snapshot = context.snapshot
    reply = snapshot.get("openreview", f"forum/{paper_id}")
    if reply is None:
        key = ratings_keys(snapshot).get(paper_id)
        return refused(Dropped(paper_id, "no-notes", f"only a row in a table: {key}", "parse"))
    forms = review_forms(context.scratch, context.snapshot_digest, context.recipe)
    forum = read_forum(reply, paper_id, forms, texts=_needs_words(context))
    if isinstance(forum, Dropped):
        return refused(forum)
    counts = {"notes": forum.n_notes, "notes_set_aside": len(forum.dropped)}
    table = table_row(snapshot, forum.submission)
    history = _history(context, reply, forum, table, forms)
    if context.recipe.ratings != "notes":
        chosen = choose_ratings(forum, history, context.recipe.ratings)
        if isinstance(chosen, Dropped):
            return refused(*forum.dropped, chosen, counts=counts)
        forum, history = chosen
    forum = complete_with(forum, table)
    passed = run_stages(forum.submission, scores_stages(context.recipe))
    if isinstance(passed, Dropped):
        row = _with_reason(passed, find_form(forum.submission.venue, forms))
        return refused(*forum.dropped, row, counts=counts)
    submission, unrated = with_rated_reviews(passed)
    submission, relabelled = with_decision_label(submission)
    submission, of_abstract = prepare_abstract(snapshot, forum, submission, context.recipe)
    return _Found(
        reply,
        forum,
        submission,
        history,
        (*forum.dropped, *unrated, *relabelled),
        tuple(of_abstract),
        {**counts, "reviews": len(submission.reviews)},
    )


def _with_reason(row: Dropped, form: VenueForm | None) -> Dropped:
    """Add to a row about missing ratings why the form of the venue has no scale."""
    if row.rule != "too-few-ratings" or form is None or form.rating_scale is not None:
        return row
    return replace(row, detail=f"{row.detail}; review form without a scale: {form.evidence}"[:300])


def _facts(context: Context, venue: str) -> Mapping[str, Any]:
    """Return what the manifest says about a venue: its form, its calendar, its tables."""
    return _facts_of_venue(context.scratch, context.snapshot_digest, context.recipe, venue)


@lru_cache(maxsize=64)
def _facts_of_venue(
    scratch: Path, digest: str, recipe: Review5kRecipe, venue: str
) -> Mapping[str, Any]:
    forms = review_forms(scratch, digest, recipe)
    form, calendar = find_form(venue, forms), find_calendar(venue, recipe)
    orders = table_orders(scratch, digest).get(venue, {})
    facts = form_facts(form) if form else {}
    if calendar is not None:
        facts[f"Discussion of {venue}"] = calendar.model_dump(mode="json", exclude={"venue"})
    return facts | {f"Order of {column} of {venue}": order for column, order in orders.items()}


def _history(
    context: Context,
    reply: Reply,
    forum: ParsedForum,
    table: RatingsRow | Dropped | None,
    forms: Mapping[str, VenueForm],
) -> RatingHistory:
    venue = forum.submission.venue
    form = find_form(venue, forms)
    assert form is not None, "a forum without a form is not parsed"
    return rating_history(
        context.snapshot,
        reply,
        forum,
        table if isinstance(table, RatingsRow) and needs_tables(context) else None,
        form=form,
        calendar=find_calendar(venue, context.recipe),
        orders=table_orders(context.scratch, context.snapshot_digest).get(venue, {}),
        with_states=needs_tables(context),
    )


def _match_record(snapshot: SealedSnapshot, paper: DecidedPaper) -> MatchRecord | None:
    if paper.match is None:
        return None
    paper_id, abstract = paper.submission.paper_id, paper.decisions.publishes("abstract")
    return match_record(snapshot, paper_id, paper.match, paper.version, abstract=abstract)


def _decide(
    context: Context, forum: Reply, submission: Submission, ratings_state: RatingState | None
) -> DecidedPaper:
    """Find the texts of a submission and decide on every component.

    The meta-review is decided by the license of its own note.
    """
    snapshot, paper_id = context.snapshot, submission.paper_id
    match: ArxivMatch | None = None
    dropped: tuple[Dropped, ...] = ()
    try:
        match = find_match(snapshot, submission)
    except ParseError as error:
        dropped = (Dropped(paper_id, error.rule, error.detail[:200], "text"),)
    candidate = match.paper if match else None
    version = ChosenVersion(None, "unknown-versions")
    if match is not None:
        version = reviewed_version(match, deadline_of(submission.venue, submission.submitted))
    with_text = candidate
    if candidate is not None and candidate.withdrawn:
        dropped = (Dropped(paper_id, "arxiv-withdrawn", f"arXiv {candidate.arxiv_id}", "text"),)
        with_text = None
    texts = tuple(find_texts(snapshot, forum, submission, with_text, version.number))
    of_reviews = tuple(note_evidence(forum, submission.review_license))

    def claims() -> Iterator[Claim]:
        yield Claim("ratings", rating_evidence(forum, submission))
        yield Claim("reviews", of_reviews)
        if _meta_review_is_apart(submission):
            yield Claim("reviews", note_evidence(forum, submission.meta_review_license))
        yield Claim("abstract", abstract_evidence(snapshot, forum, submission, candidate))
        for text in texts:
            yield Claim("paper_text", text.evidence)
        if not texts:
            yield Claim("paper_text", ())

    decisions = decide_paper(
        paper_id,
        claims(),
        venue=submission.venue,
        policy=context.policy,
        tombstones=context.tombstones,
    )
    verdict = decisions.of("reviews")[-1]
    if _meta_review_is_apart(submission) and not verdict.publishes:
        row = Dropped(paper_id, "meta-review-withheld", verdict.rule, "notes")
        dropped = (*dropped, row)
        submission = submission.model_copy(update={"meta_review": None})
    keys = keys_of(submission, candidate)
    return DecidedPaper(
        submission,
        texts,
        decisions,
        of_reviews,
        dropped,
        keys,
        ratings_state,
        match,
        version,
    )


def _meta_review_is_apart(submission: Submission) -> bool:
    """Return True if the meta-review has another license than the reviews."""
    has_one = submission.meta_review is not None
    return has_one and submission.meta_review_license != submission.review_license
