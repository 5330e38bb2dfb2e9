"""Review-5k (Section 2.1): papers of one venue with their reviews, meta-review and decision.

Two configs. ``scores`` holds every paper with a rating: ids, marks, decision, no text. ``default``
holds those whose text and reviews may both be published. A paper's text is the first of its texts
that may be: the e-print's LaTeX, else the PDF.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any

import pyarrow as pa

from cycledata.consent.evidence import Component, Evidence
from cycledata.consent.policy import Verdict, decide
from cycledata.consent.tombstones import FILE as TOMBSTONES
from cycledata.datasets.paper_texts import (
    Text,
    abstract_evidence,
    arxiv_candidate,
    cut_row,
    number_evidence,
    read_text,
    review_evidence,
    texts,
)
from cycledata.datasets.spec import Context, Dataset, Outcome, SplitItem
from cycledata.errors import ParseError
from cycledata.formats.review_messages import paper_as_text, review_messages
from cycledata.parse.arxiv import ArxivPaper
from cycledata.parse.openreview import ParsedForum, parse_forum
from cycledata.parse.ratings import complete_from_row, parse_ratings_row
from cycledata.records import Dropped, PaperText, Record, Submission
from cycledata.snapshot.open import Reply
from cycledata.snapshot.seal import SealedSnapshot
from cycledata.stages import filters
from cycledata.stages.core import Stage, run_stages
from cycledata.stages.duplicates import likeness_keys
from cycledata.stages.splits import Split, assign_splits


class Recipe(Record):
    """Parameters of Review-5k."""

    n_test: int = 781
    """Sec. 2.1: "781 samples for testing"."""
    full_size: int = 4970
    """Sec. 2.1: "containing 4,970 papers"; a build of at least this size has exactly ``n_test``."""
    test_zone: float = 0.17
    """Not in the paper: a little over 781 / 4,970, so that a full build can fill the test split."""
    salt: str = "review-5k"
    """Names the draw; another salt draws another test zone."""


RECIPE = Recipe()

SCORES_STAGES: tuple[Stage[Submission], ...] = (
    filters.drop_test_submissions,
    partial(filters.require_reviews, at_least=1),
    partial(filters.require_ratings, at_least=1),
)
DEFAULT_STAGES: tuple[Stage[Submission], ...] = (
    filters.require_title_and_abstract,
    filters.require_decision,
    filters.require_review_texts,
)

_MARKS = ("confidences", "soundness", "presentation", "contribution")
_REVIEW_TEXTS = ("summary", "strengths", "weaknesses", "questions")
_REVIEW_MARKS = ("soundness", "presentation", "contribution", "rating", "confidence")

SCORES_SCHEMA = pa.schema(
    [
        ("paper_id", pa.string()),
        ("venue", pa.string()),
        ("year", pa.int32()),
        ("title", pa.string()),
        ("decision", pa.string()),
        ("decision_text", pa.string()),
        ("ratings", pa.list_(pa.int32())),
        *((name, pa.list_(pa.int32())) for name in _MARKS),
        ("n_reviews", pa.int32()),
    ]
)
DEFAULT_SCHEMA = pa.schema(
    [
        *SCORES_SCHEMA,
        pa.field("abstract", pa.string()),
        pa.field("keywords", pa.list_(pa.string())),
        pa.field("paper_text", pa.string()),
        pa.field("text_source", pa.string()),
        pa.field("text_version", pa.string()),
        pa.field(
            "sections",
            pa.list_(
                pa.struct([("level", pa.int32()), ("title", pa.string()), ("text", pa.string())])
            ),
        ),
        pa.field(
            "reviews",
            pa.list_(
                pa.struct(
                    [
                        ("reviewer", pa.string()),
                        *((name, pa.string()) for name in _REVIEW_TEXTS),
                        *((name, pa.int32()) for name in _REVIEW_MARKS),
                    ]
                )
            ),
        ),
        pa.field("meta_review", pa.string()),
        pa.field("license", pa.string()),
        pa.field(
            "messages", pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
        ),
    ]
)


def list_papers(snapshot: SealedSnapshot) -> list[str]:
    """Every forum id that the snapshot speaks of, in a forum's notes or in a table of ratings."""
    forums = {key.removeprefix("forum/") for key in snapshot.keys("openreview", "forum/")}
    return sorted(forums | ratings_keys(snapshot).keys())


@lru_cache(maxsize=4)
def ratings_keys(snapshot: SealedSnapshot) -> Mapping[str, str]:
    """Paper id to the key of its row in a table of ratings; the first venue's, if several."""
    keys: dict[str, str] = {}
    for key in snapshot.keys("ratings"):
        keys.setdefault(key.rsplit("/", 1)[-1], key)
    return keys


def make(context: Context, paper_id: str) -> Outcome:
    """One paper's rows, reasons and evidence."""
    if paper_id in context.tombstones:
        taken = Dropped(paper_id, "takedown", f"see {TOMBSTONES}", "takedown")
        return Outcome(paper_id, dropped=(taken,))
    snapshot = context.snapshot
    reply = snapshot.get("openreview", f"forum/{paper_id}")
    if reply is None:
        key = ratings_keys(snapshot).get(paper_id)
        row = Dropped(paper_id, "no-notes", f"only a row in a table: {key}", "parse")
        return Outcome(paper_id, dropped=(row,))
    forum = parse_forum(reply.payload)
    if not isinstance(forum, Dropped) and forum.submission.paper_id != paper_id:
        detail = f"expected the forum {paper_id}, found {forum.submission.paper_id}"
        forum = Dropped(paper_id, "other-forum", detail, "parse")
    if isinstance(forum, Dropped):
        return Outcome(paper_id, dropped=(replace(forum, paper_id=paper_id),))
    counts = {"notes": forum.n_notes, "notes_set_aside": len(forum.dropped)}
    parsed = complete(snapshot, forum)
    passed = run_stages(parsed.submission, SCORES_STAGES)
    if isinstance(passed, Dropped):
        return Outcome(paper_id, dropped=(*parsed.dropped, passed), counts=counts)
    submission, unrated = _rated_reviews(passed)
    counts["reviews"] = len(submission.reviews)
    desk = Desk(context, reply, submission)
    if not desk.ratings:
        rule = desk.verdicts[0].rule
        why = Dropped(paper_id, rule, "ratings and decision are withheld", "consent")
        return Outcome(
            paper_id, dropped=(*parsed.dropped, why), verdicts=tuple(desk.verdicts), counts=counts
        )
    rows: dict[str, Mapping[str, Any]] = {"scores": scores_row(submission)}
    full = _default_row(desk)
    if isinstance(full, Dropped):
        desk.rows.append(full)
    else:
        rows["default"] = full
    return Outcome(
        paper_id,
        rows=rows,
        dropped=(*parsed.dropped, *unrated, *desk.rows),
        verdicts=tuple(desk.verdicts),
        split_item=SplitItem(
            paper_id,
            stratum=submission.decision.kind if submission.decision else "none",
            likeness=likeness_keys(submission.title, submission.abstract),
        ),
        counts=counts,
        facts={f"Rating scale of {submission.venue}": list(submission.rating_scale.values)},
    )


def _rated_reviews(submission: Submission) -> tuple[Submission, list[Dropped]]:
    """The submission with its rated reviews alone, and a row for each of the others."""
    rated = tuple(review for review in submission.reviews if review.rating is not None)
    rows = [
        Dropped(submission.paper_id, "no-rating", f"{review.reviewer}: no rating", "notes")
        for review in submission.reviews
        if review.rating is None
    ]
    return submission.model_copy(update={"reviews": rated}), rows


class Desk:
    """Decides on one paper's components, once each, and keeps every verdict."""

    def __init__(self, context: Context, forum: Reply, submission: Submission) -> None:
        snapshot = context.snapshot
        self._context = context
        self.submission = submission
        self.cache = context.cache
        self.verdicts: list[Verdict] = []
        self.rows: list[Dropped] = []
        """What could not be read, and what was cut from the text."""
        candidate = self._candidate(snapshot)
        self.ratings = self._publishes("ratings", number_evidence(forum, submission))
        self.reviews = self._publishes("reviews", review_evidence(forum, submission))
        self.abstract = self._publishes(
            "abstract", abstract_evidence(snapshot, forum, submission, candidate)
        )
        held = list(texts(snapshot, forum, submission, candidate))
        self.texts = [text for text in held if self._publishes("paper_text", text.evidence)]
        """The texts that may be published, best first."""
        if not held:
            self._publishes("paper_text", ())
        self.holds_text = bool(held)

    def _candidate(self, snapshot: SealedSnapshot) -> ArxivPaper | None:
        paper = self.submission
        try:
            return arxiv_candidate(snapshot, paper.paper_id, paper.title, paper.authors)
        except ParseError as error:
            self.rows.append(Dropped(paper.paper_id, error.rule, error.detail[:200], "text"))
            return None

    def _publishes(self, component: Component, evidence: Sequence[Evidence]) -> bool:
        verdict = decide(
            self.submission.paper_id,
            component,
            evidence,
            venue=self.submission.venue,
            policy=self._context.policy,
            tombstones=self._context.tombstones,
        )
        self.verdicts.append(verdict)
        return verdict.publishes

    def rule_of(self, component: Component) -> str:
        """The rule of a component's first verdict."""
        return next(v.rule for v in self.verdicts if v.component == component)


def _default_row(desk: Desk) -> Mapping[str, Any] | Dropped:
    """The row of the config ``default`` or why there is none; what was cut goes to the desk."""
    submission = desk.submission
    paper_id = submission.paper_id
    whole = run_stages(submission, DEFAULT_STAGES)
    if isinstance(whole, Dropped):
        return replace(whole, stage=f"default/{whole.stage}")
    if not desk.reviews:
        return Dropped(paper_id, "reviews-withheld", desk.rule_of("reviews"), "default/consent")
    if not desk.holds_text:
        return Dropped(paper_id, "no-text", "neither e-print nor PDF is there", "default/text")
    if not desk.texts:
        return Dropped(paper_id, "text-withheld", desk.rule_of("paper_text"), "default/consent")
    for text in desk.texts:
        try:
            paper = read_text(text, bibliography=False, cache=desk.cache)
        except ParseError as error:
            desk.rows.append(Dropped(paper_id, error.rule, error.detail[:200], "text"))
            continue
        if paper.sections:
            desk.rows += [cut_row(paper_id, leak) for leak in paper.leaks]
            return _full_row(desk, text, paper)
        desk.rows.append(Dropped(paper_id, "no-sections", text.reply.key, "text"))
    detail = f"none of {len(desk.texts)} can be read"
    return Dropped(paper_id, "no-readable-text", detail, "default/text")


def _full_row(desk: Desk, text: Text, paper: PaperText) -> Mapping[str, Any]:
    submission = desk.submission
    abstract = submission.abstract if desk.abstract else None
    shown = paper.model_copy(update={"title": submission.title, "abstract": abstract or ""})
    return {
        **scores_row(submission),
        "abstract": abstract,
        "keywords": list(submission.keywords) if submission.keywords and desk.abstract else None,
        "paper_text": paper_as_text(shown),
        "text_source": paper.text_source,
        "text_version": paper.text_version,
        "sections": [s.model_dump(include={"level", "title", "text"}) for s in paper.sections],
        "reviews": [
            review.model_dump(include={"reviewer", *_REVIEW_TEXTS, *_REVIEW_MARKS})
            for review in submission.reviews
        ],
        "meta_review": submission.meta_review.text if submission.meta_review else None,
        "license": text.evidence[0].value,
        "messages": [message.model_dump() for message in review_messages(submission, shown)],
    }


def scores_row(submission: Submission) -> dict[str, Any]:
    """The row of the config ``scores``."""
    reviews = submission.reviews
    decision = submission.decision
    return {
        "paper_id": submission.paper_id,
        "venue": submission.venue,
        "year": submission.year,
        "title": submission.title,
        "decision": decision.kind if decision else None,
        "decision_text": decision.text if decision else None,
        "ratings": [review.rating for review in reviews],
        "confidences": [review.confidence for review in reviews],
        "soundness": [review.soundness for review in reviews],
        "presentation": [review.presentation for review in reviews],
        "contribution": [review.contribution for review in reviews],
        "n_reviews": len(reviews),
    }


def complete(snapshot: SealedSnapshot, forum: ParsedForum) -> ParsedForum:
    """A forum with what its row in a table of ratings adds, where there is one.

    The row of the forum's own venue comes before another's. A row that cannot be read, or turns out
    to be another paper's, adds nothing but its reason.
    """
    paper_id = forum.submission.paper_id
    key = ratings_keys(snapshot).get(paper_id)
    if key is None:
        return forum
    reply = snapshot.get("ratings", f"{forum.submission.venue}/{paper_id}")
    reply = reply or snapshot.get("ratings", key)
    try:
        row = parse_ratings_row(reply.payload if reply else b"")
    except ParseError as error:
        problem = error
    else:
        if row.paper_id == paper_id:
            return complete_from_row(forum, row)
        problem = ParseError("other-paper", f"expected {paper_id}, found {row.paper_id}")
    unread = Dropped(paper_id, problem.rule, f"{key}: {problem.detail}"[:200], "notes")
    return replace(forum, dropped=(*forum.dropped, unread))


def split(items: Sequence[SplitItem]) -> tuple[Mapping[str, Split], Mapping[str, Any]]:
    """Sides of the kept papers."""
    sides = assign_splits(
        items,
        salt=RECIPE.salt,
        test_zone=RECIPE.test_zone,
        n_test=RECIPE.n_test,
        full_size=RECIPE.full_size,
    )
    return sides, {}


REVIEW_5K = Dataset(
    name="review-5k",
    title="Review-5k",
    recipe=RECIPE,
    schemas={"default": DEFAULT_SCHEMA, "scores": SCORES_SCHEMA},
    task_categories=("text-generation",),
    list_papers=list_papers,
    make=make,
    assign_splits=split,
)
