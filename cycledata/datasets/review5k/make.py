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
from typing import Any

from cycledata.consent.decisions import Claim, Decisions, decide_paper, license_of
from cycledata.consent.evidence import Evidence
from cycledata.consent.gather import abstract_evidence, note_evidence, rating_evidence
from cycledata.consent.policy import Verdict
from cycledata.consent.tombstones import FILE as TOMBSTONES
from cycledata.consent.works import work_keys
from cycledata.datasets.paper_texts import (
    TextSource,
    find_texts,
    n_hidden,
    parse_text,
    text_rows,
)
from cycledata.datasets.review5k.abstracts import prepare_abstract
from cycledata.datasets.review5k.columns import REVIEW_NUMBERS, REVIEW_TEXTS
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
    default_stages,
    reviews_stages,
    scores_stages,
)
from cycledata.datasets.review5k.threads import paper_thread
from cycledata.datasets.spec import BuildContext, PaperRows
from cycledata.errors import ParseError
from cycledata.formats.rating_states import RatingState
from cycledata.formats.review_messages import paper_as_text, review_messages
from cycledata.matching.deadlines import ChosenVersion, deadline_of
from cycledata.matching.find import ArxivMatch, find_arxiv_match
from cycledata.matching.version import MatchRecord, match_record, reviewed_version
from cycledata.parse.arxiv import ArxivPaper
from cycledata.parse.openreview import ParsedForum, VenueForm, find_form, parse_forum
from cycledata.parse.ratings import RatingsRow, complete_from_row, parse_ratings_row
from cycledata.records import Dropped, PaperText, Submission
from cycledata.snapshot.reply import Reply
from cycledata.snapshot.sealed import SealedSnapshot
from cycledata.stages.core import run_stages
from cycledata.stages.decision_labels import is_decision_label
from cycledata.stages.duplicates import likeness_keys
from cycledata.stages.split_item import SplitItem

Context = BuildContext[Review5kRecipe]


@dataclass(frozen=True, slots=True)
class _Paper:
    """A submission that passed the rules of ``scores``, with everything found about it."""

    submission: Submission
    texts: tuple[TextSource, ...]
    """All its texts in the snapshot, best first."""
    decisions: Decisions
    review_evidence: tuple[Evidence, ...]
    """Evidence for publishing its reviews."""
    dropped: tuple[Dropped, ...]
    """Rows about the search for its texts."""
    keys: tuple[str, ...]
    """Keys of the work."""
    ratings_state: RatingState | None
    """State of its ratings; None if unknown."""
    match: ArxivMatch | None
    """The arXiv paper that it is; None if there is no match."""
    version: ChosenVersion
    """Version of it that was reviewed."""


def list_papers(snapshot: SealedSnapshot) -> list[str]:
    """Return every forum id of the snapshot, from notes and from tables of ratings."""
    forums = {key.removeprefix("forum/") for key in snapshot.keys("openreview", "forum/")}
    return sorted(forums | ratings_keys(snapshot).keys())


@lru_cache(maxsize=4)
def ratings_keys(snapshot: SealedSnapshot) -> Mapping[str, str]:
    """Return paper id to the key of its row in a table of ratings; the first venue's if several."""
    keys: dict[str, str] = {}
    for key in snapshot.keys("ratings"):
        keys.setdefault(key.rsplit("/", 1)[-1], key)
    return keys


def identify(context: Context, paper_id: str) -> tuple[str, ...]:
    """Return the keys of the work that a paper is; empty if its notes cannot be parsed."""
    snapshot = context.snapshot
    reply = snapshot.get("openreview", f"forum/{paper_id}")
    if reply is None:
        return ()
    forms = review_forms(context.scratch, context.snapshot_digest, context.recipe)
    try:
        forum = _parse_forum(reply, paper_id, forms)
        if isinstance(forum, Dropped):
            return ()
        submission = complete(snapshot, forum).submission
    except ParseError:
        return ()
    try:
        match = _find_match(snapshot, submission)
        return _keys(submission, match.paper if match else None)
    except ParseError:
        return _keys(submission, None)


def _find_match(snapshot: SealedSnapshot, submission: Submission) -> ArxivMatch | None:
    title, authors, year = submission.title, submission.authors, submission.year
    return find_arxiv_match(snapshot, submission.paper_id, title, authors, year=year)


def _keys(submission: Submission, candidate: ArxivPaper | None) -> tuple[str, ...]:
    authors = submission.authors or (candidate.authors if candidate else None)
    arxiv_ids = [candidate.arxiv_id] if candidate else []
    return work_keys(arxiv_ids=arxiv_ids, title=submission.title, authors=authors)


def make(context: Context, paper_id: str) -> PaperRows:
    """Make the rows, reasons and verdicts of one paper."""
    if paper_id in context.tombstones:
        taken = Dropped(paper_id, "takedown", f"see {TOMBSTONES}", "takedown")
        return PaperRows(paper_id, dropped=(taken,))
    snapshot = context.snapshot
    reply = snapshot.get("openreview", f"forum/{paper_id}")
    if reply is None:
        key = ratings_keys(snapshot).get(paper_id)
        row = Dropped(paper_id, "no-notes", f"only a row in a table: {key}", "parse")
        return PaperRows(paper_id, dropped=(row,))
    forms = review_forms(context.scratch, context.snapshot_digest, context.recipe)
    forum = _parse_forum(reply, paper_id, forms)
    if isinstance(forum, Dropped):
        return PaperRows(paper_id, dropped=(forum,))
    counts = {"notes": forum.n_notes, "notes_set_aside": len(forum.dropped)}
    table = _table_row(snapshot, forum.submission)
    history = _history(context, reply, forum, table, forms)
    if context.recipe.ratings != "notes":
        chosen = choose_ratings(forum, history, context.recipe.ratings)
        if isinstance(chosen, Dropped):
            return PaperRows(paper_id, dropped=(*forum.dropped, chosen), counts=counts)
        forum, history = chosen
    forum = _complete(forum, table)
    passed = run_stages(forum.submission, scores_stages(context.recipe))
    if isinstance(passed, Dropped):
        return PaperRows(paper_id, dropped=(*forum.dropped, passed), counts=counts)
    submission, unrated = _rated_reviews(passed)
    submission, label_rows = _label_decision(submission)
    submission, abstract_rows = prepare_abstract(snapshot, forum, submission, context.recipe)
    counts["reviews"] = len(submission.reviews)
    paper = _decide(context, reply, submission, history.current)
    verdicts = paper.decisions.verdicts
    if not paper.decisions.publishes("ratings"):
        rule = paper.decisions.refusal("ratings")
        row = Dropped(paper_id, rule, "ratings and decision are withheld", "consent")
        dropped = (*forum.dropped, row)
        return PaperRows(
            paper_id, dropped=dropped, verdicts=verdicts, counts=counts, keys=paper.keys
        )
    submission = paper.submission
    labelled = forum.submission.model_copy(update={"decision": submission.decision})
    thread = paper_thread(context, reply, replace(forum, submission=labelled))
    rows: dict[str, Mapping[str, Any]] = {"scores": scores_row(submission, history.current)}
    reviews_row, no_reviews = _reviews_row(paper)
    if reviews_row is not None:
        rows["reviews"] = reviews_row
    default_row, left_out = _default_row(context, paper)
    if default_row is not None:
        rows["default"] = default_row
        left_out = (*abstract_rows, *left_out)
    return PaperRows(
        paper_id,
        rows=rows,
        many_rows={"history": history_rows(paper_id, history.states), "threads": thread.rows},
        dropped=(
            *(*forum.dropped, *unrated, *label_rows, *paper.dropped, *no_reviews, *left_out),
            *(*history.dropped, *thread.dropped),
        ),
        verdicts=tuple(dict.fromkeys([*verdicts, *thread.verdicts])),
        split_item=SplitItem(
            paper_id,
            stratum=submission.decision.kind if submission.decision else "none",
            likeness=likeness_keys(submission.title, submission.abstract),
            published=submission.submitted or dt.date.min,
            venue=submission.venue,
        ),
        counts=counts,
        keys=paper.keys,
        match=_match_record(snapshot, paper),
        facts=_facts(context, submission.venue, forms),
    )


def _facts(context: Context, venue: str, forms: Mapping[str, VenueForm]) -> dict[str, Any]:
    """Return what the manifest says about a venue: its form, its calendar, its tables."""
    form, calendar = find_form(venue, forms), find_calendar(venue, context.recipe)
    orders = table_orders(context.scratch, context.snapshot_digest).get(venue, {})
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
        table if isinstance(table, RatingsRow) else None,
        form=form,
        calendar=find_calendar(venue, context.recipe),
        orders=table_orders(context.scratch, context.snapshot_digest).get(venue, {}),
    )


def _match_record(snapshot: SealedSnapshot, paper: _Paper) -> MatchRecord | None:
    if paper.match is None:
        return None
    paper_id, abstract = paper.submission.paper_id, paper.decisions.publishes("abstract")
    return match_record(snapshot, paper_id, paper.match, paper.version, abstract=abstract)


def _parse_forum(
    reply: Reply, paper_id: str, forms: Mapping[str, VenueForm]
) -> ParsedForum | Dropped:
    forum = parse_forum(reply.payload, forms=forms)
    if isinstance(forum, Dropped):
        return replace(forum, paper_id=paper_id)
    if forum.submission.paper_id != paper_id:
        detail = f"expected the forum {paper_id}, found another"
        return Dropped(paper_id, "other-forum", detail, "parse")
    return forum


def complete(snapshot: SealedSnapshot, forum: ParsedForum) -> ParsedForum:
    """Return the forum completed from its row in a table of ratings, if there is one.

    A row that cannot be parsed, or is about another paper, adds only a reason.
    """
    return _complete(forum, _table_row(snapshot, forum.submission))


def _complete(forum: ParsedForum, row: RatingsRow | Dropped | None) -> ParsedForum:
    if isinstance(row, Dropped):
        return replace(forum, dropped=(*forum.dropped, row))
    return forum if row is None else complete_from_row(forum, row)


def _table_row(snapshot: SealedSnapshot, submission: Submission) -> RatingsRow | Dropped | None:
    """Return a paper's row in a table, why it cannot be read, or None if there is none.

    The row of the paper's own venue takes precedence.
    """
    paper_id = submission.paper_id
    key = ratings_keys(snapshot).get(paper_id)
    if key is None:
        return None
    reply = snapshot.get("ratings", f"{submission.venue}/{paper_id}")
    reply = reply or snapshot.get("ratings", key)
    try:
        row = parse_ratings_row(reply.payload if reply else b"")
    except ParseError as error:
        return Dropped(paper_id, error.rule, f"{key}: {error.detail}"[:200], "notes")
    if row.paper_id != paper_id:
        detail = f"{key}: expected {paper_id}, found {row.paper_id}"
        return Dropped(paper_id, "other-paper", detail[:200], "notes")
    return row


def _rated_reviews(submission: Submission) -> tuple[Submission, list[Dropped]]:
    """Return the submission with its rated reviews only, and a row for each other review."""
    rated = tuple(review for review in submission.reviews if review.rating is not None)
    rows = [
        Dropped(submission.paper_id, "no-rating", f"{review.reviewer}: no rating", "notes")
        for review in submission.reviews
        if review.rating is None
    ]
    return submission.model_copy(update={"reviews": rated}), rows


def _label_decision(submission: Submission) -> tuple[Submission, list[Dropped]]:
    """Return the submission with a decision text that is a label, and a row if it was replaced.

    A decision is a fact, but free words in its note are not.
    """
    decision = submission.decision
    if decision is None or is_decision_label(decision.text, submission.venue):
        return submission, []
    label = decision.model_copy(update={"text": decision.kind.capitalize()})
    detail = "the text of the decision is not a label; its kind is used"
    row = Dropped(submission.paper_id, "decision-words-withheld", detail, "notes")
    return submission.model_copy(update={"decision": label}), [row]


def _decide(
    context: Context, forum: Reply, submission: Submission, ratings_state: RatingState | None
) -> _Paper:
    """Find the texts of a submission and decide on every component.

    The meta-review is decided by the license of its own note.
    """
    snapshot, paper_id = context.snapshot, submission.paper_id
    match: ArxivMatch | None = None
    dropped: tuple[Dropped, ...] = ()
    try:
        match = _find_match(snapshot, submission)
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
    keys = _keys(submission, candidate)
    return _Paper(
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


def _reviews_row(paper: _Paper) -> tuple[Mapping[str, Any] | None, tuple[Dropped, ...]]:
    """Return the row of ``reviews``, or None and the reason why there is none."""
    submission = paper.submission
    passed = run_stages(submission, reviews_stages())
    if isinstance(passed, Dropped):
        return None, (replace(passed, stage=f"reviews/{passed.stage}"),)
    verdict = paper.decisions.of("reviews")[0]
    if not verdict.publishes:
        detail = verdict.rule
        withheld = Dropped(submission.paper_id, "reviews-withheld", detail, "reviews/consent")
        return None, (withheld,)
    license_ = license_of(verdict, paper.review_evidence)
    scores = scores_row(submission, paper.ratings_state)
    return {**scores, **_review_columns(submission), "license": license_}, ()


def _default_row(
    context: Context, paper: _Paper
) -> tuple[Mapping[str, Any] | None, tuple[Dropped, ...]]:
    """Return the row of ``default`` or None, and the reasons: why not, what was cut."""
    submission, decisions = paper.submission, paper.decisions
    paper_id = submission.paper_id

    passed = run_stages(submission, default_stages())
    if isinstance(passed, Dropped):
        return None, (replace(passed, stage=f"default/{passed.stage}"),)
    reviews = decisions.of("reviews")[0]
    if not reviews.publishes:
        return None, (_drop(paper_id, "reviews-withheld", reviews.rule, "consent"),)
    if not paper.texts:
        return None, (_drop(paper_id, "no-text", "the snapshot has no e-print or PDF", "text"),)
    verdicts = decisions.of("paper_text")
    open_texts = [
        (text, verdict)
        for text, verdict in zip(paper.texts, verdicts, strict=True)
        if verdict.publishes
    ]
    if not open_texts:
        return None, (_drop(paper_id, "text-withheld", decisions.refusal("paper_text"), "consent"),)
    unread: list[Dropped] = []
    for text, verdict in open_texts:
        try:
            parsed = parse_text(text, bibliography=False, cache=context.cache)
        except ParseError as error:
            unread.append(Dropped(paper_id, error.rule, error.detail[:200], "text"))
            continue
        if parsed.sections:
            rows = (*unread, *text_rows(paper_id, parsed))
            return _full_row(paper, text, verdict, parsed), rows
        unread.append(Dropped(paper_id, "no-sections", text.reply.key, "text"))
    detail = f"none of {len(open_texts)} can be read"
    return None, (*unread, _drop(paper_id, "no-readable-text", detail, "text"))


def _drop(paper_id: str, rule: str, detail: str, stage: str) -> Dropped:
    return Dropped(paper_id, rule, detail, f"default/{stage}")


def _full_row(
    paper: _Paper, text: TextSource, verdict: Verdict, parsed: PaperText
) -> Mapping[str, Any]:
    submission = paper.submission
    shows_abstract = paper.decisions.publishes("abstract")
    abstract = submission.abstract if shows_abstract else None
    keywords = list(submission.keywords) if submission.keywords and shows_abstract else None
    shown = parsed.model_copy(update={"title": submission.title, "abstract": abstract or ""})
    return {
        **scores_row(submission, paper.ratings_state),
        "abstract": abstract,
        "keywords": keywords,
        "paper_text": paper_as_text(shown),
        "text_source": parsed.text_source,
        "text_version": parsed.text_version,
        "n_hidden": n_hidden(parsed),
        "sections": [s.model_dump(include={"level", "title", "text"}) for s in parsed.sections],
        **_review_columns(submission),
        "license": license_of(verdict, text.evidence),
        "messages": [message.model_dump() for message in review_messages(submission, shown)],
    }


def _review_columns(submission: Submission) -> dict[str, Any]:
    return {
        "reviews": [
            review.model_dump(include={"reviewer", *REVIEW_TEXTS, *REVIEW_NUMBERS, "fields"})
            for review in submission.reviews
        ],
        "meta_review": submission.meta_review.text if submission.meta_review else None,
    }


def scores_row(submission: Submission, ratings_state: RatingState | None) -> dict[str, Any]:
    """Return the row of ``scores``."""
    reviews = submission.reviews
    decision = submission.decision
    scale = submission.rating_scale
    return {
        "paper_id": submission.paper_id,
        "venue": submission.venue,
        "year": submission.year,
        "title": submission.title,
        "decision": decision.kind if decision else None,
        "decision_text": decision.text if decision else None,
        "ratings": [review.rating for review in reviews],
        "rating_scale": list(scale.values) if scale else None,
        "accept_threshold": scale.accept_threshold if scale else None,
        "ratings_state": ratings_state,
        "confidences": [review.confidence for review in reviews],
        "soundness": [review.soundness for review in reviews],
        "presentation": [review.presentation for review in reviews],
        "contribution": [review.contribution for review in reviews],
        "n_reviews": len(reviews),
        "submitted": submission.submitted,
    }
