"""Submissions of a snapshot: one forum, completed from its row in a table of ratings."""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from cycledata.consent.works import work_keys
from cycledata.datasets.review5k.forms import review_forms
from cycledata.datasets.review5k.recipe import (
    Review5kRecipe,
)
from cycledata.datasets.spec import BuildContext
from cycledata.errors import ParseError
from cycledata.matching.find import ArxivMatch, find_arxiv_match
from cycledata.parse.arxiv import ArxivPaper
from cycledata.parse.openreview import ParsedForum, VenueForm, parse_forum
from cycledata.parse.ratings import RatingsRow, complete_from_row, parse_ratings_row
from cycledata.records import Dropped, Submission
from cycledata.snapshot.reply import Reply
from cycledata.snapshot.sealed import SealedSnapshot
from cycledata.stages.decision_labels import is_decision_label


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


def identify(context: BuildContext[Review5kRecipe], paper_id: str) -> tuple[str, ...]:
    """Return the keys of the work that a paper is; empty if its notes cannot be parsed."""
    snapshot = context.snapshot
    reply = snapshot.get("openreview", f"forum/{paper_id}")
    if reply is None:
        return ()
    forms = review_forms(context.scratch, context.snapshot_digest, context.recipe)
    try:
        forum = read_forum(reply, paper_id, forms)
        if isinstance(forum, Dropped):
            return ()
        submission = complete(snapshot, forum).submission
    except ParseError:
        return ()
    try:
        match = find_match(snapshot, submission)
        return keys_of(submission, match.paper if match else None)
    except ParseError:
        return keys_of(submission, None)


def find_match(snapshot: SealedSnapshot, submission: Submission) -> ArxivMatch | None:
    """Return the arXiv paper that a submission is, or None if there is no match.

    Raises:
        ParseError: a reply about it that is not readable.
    """
    title, authors, year = submission.title, submission.authors, submission.year
    return find_arxiv_match(snapshot, submission.paper_id, title, authors, year=year)


def keys_of(submission: Submission, candidate: ArxivPaper | None) -> tuple[str, ...]:
    """Return the keys of the work that a submission is, with those of its arXiv paper."""
    authors = submission.authors or (candidate.authors if candidate else None)
    arxiv_ids = [candidate.arxiv_id] if candidate else []
    dois = candidate.dois if candidate else ()
    return work_keys(arxiv_ids=arxiv_ids, dois=dois, title=submission.title, authors=authors)


def read_forum(
    reply: Reply, paper_id: str, forms: Mapping[str, VenueForm], *, texts: bool = True
) -> ParsedForum | Dropped:
    """Return the parsed forum of a paper, or the row that says why it is not one.

    Without ``texts``, the words of the reviews are left out, unless there are several versions
    of a review: they are compared word by word.
    """
    forum = parse_forum(reply.payload, forms=forms, texts=texts)
    if not texts and isinstance(forum, ParsedForum) and forum.earlier:
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
    return complete_with(forum, table_row(snapshot, forum.submission))


def complete_with(forum: ParsedForum, row: RatingsRow | Dropped | None) -> ParsedForum:
    """Return a forum completed from its row in a table, with a reason if the row is unusable."""
    if isinstance(row, Dropped):
        return replace(forum, dropped=(*forum.dropped, row))
    return forum if row is None else complete_from_row(forum, row)


def table_row(snapshot: SealedSnapshot, submission: Submission) -> RatingsRow | Dropped | None:
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


def with_rated_reviews(submission: Submission) -> tuple[Submission, list[Dropped]]:
    """Return the submission with its rated reviews only, and a row for each other review.

    Without any rated review all are kept: the form has no rating, and the recipe allows that.
    """
    rated = tuple(review for review in submission.reviews if review.rating is not None)
    if not rated or len(rated) == len(submission.reviews):
        return submission, []
    rows = [
        Dropped(submission.paper_id, "no-rating", f"{review.reviewer}: no rating", "notes")
        for review in submission.reviews
        if review.rating is None
    ]
    return submission.model_copy(update={"reviews": rated}), rows


def with_decision_label(submission: Submission) -> tuple[Submission, list[Dropped]]:
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
