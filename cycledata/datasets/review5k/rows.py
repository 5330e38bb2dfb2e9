"""Rows of one paper that passed the rules of ``scores``."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from cycledata.consent.decisions import Decisions, license_of
from cycledata.consent.evidence import Evidence
from cycledata.consent.policy import Verdict
from cycledata.datasets.paper_texts import (
    TextSource,
    n_hidden,
    parse_text,
    text_rows,
)
from cycledata.datasets.review5k.columns import REVIEW_NUMBERS, REVIEW_TEXTS
from cycledata.datasets.review5k.recipe import (
    Review5kRecipe,
    default_stages,
    reviews_stages,
)
from cycledata.datasets.spec import BuildContext
from cycledata.errors import ParseError
from cycledata.formats.rating_states import RatingState
from cycledata.matching.deadlines import ChosenVersion
from cycledata.matching.find import ArxivMatch
from cycledata.records import Dropped, PaperText, Submission
from cycledata.stages.core import run_stages


@dataclass(frozen=True, slots=True)
class DecidedPaper:
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


def reviews_row(paper: DecidedPaper) -> tuple[Mapping[str, Any] | None, tuple[Dropped, ...]]:
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


def default_row(
    context: BuildContext[Review5kRecipe], paper: DecidedPaper
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
    cut_hidden = context.recipe.hidden_text == "cut"
    unread: list[Dropped] = []
    for text, verdict in open_texts:
        try:
            parsed = parse_text(
                text, bibliography=False, cache=context.cache, cut_hidden=cut_hidden
            )
        except ParseError as error:
            unread.append(Dropped(paper_id, error.rule, error.detail[:200], "text"))
            continue
        if parsed.sections:
            rows = (*unread, *text_rows(paper_id, parsed, cut_hidden=cut_hidden))
            return _full_row(paper, text, verdict, parsed), rows
        unread.append(Dropped(paper_id, "no-sections", text.reply.key, "text"))
    detail = f"none of {len(open_texts)} can be read"
    return None, (*unread, _drop(paper_id, "no-readable-text", detail, "text"))


def _drop(paper_id: str, rule: str, detail: str, stage: str) -> Dropped:
    return Dropped(paper_id, rule, detail, f"default/{stage}")


def _full_row(
    paper: DecidedPaper, text: TextSource, verdict: Verdict, parsed: PaperText
) -> Mapping[str, Any]:
    from cycledata.formats.review_messages import paper_as_text, review_messages

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
    reviews = [review for review in submission.reviews if review.rating is not None]
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
