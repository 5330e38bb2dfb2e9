"""Human ratings with and without the reviews that a detector calls machine-written.

Labels come from any detector. They join the reference by paper and review, and every human number
is shown for all reviews, without the flagged ones, and as a paired difference.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import compress
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from cycledata.errors import ParseError, ScoringError
from cycledata.jsonl import read_jsonl
from cycledata.records import Record
from cycleeval.aligned import AlignedHumans, Mask, humans_of, resolve_config, with_form
from cycleeval.bootstrap import Statistic, evaluate, resampled_weights
from cycleeval.estimates import percentile_result
from cycleeval.human_ratings import HumanRatings
from cycleeval.metrics import human_statistics
from cycleeval.ragged import Floats, ragged
from cycleeval.reference_texts import ReferencePaper
from cycleeval.result import MetricResult, Signature, digest
from cycleeval.scoring_config import ScoringConfig

_DECIMALS = 12  # sums in another order differ in the last bits
_LEFT = "without flagged/"
Flags = Mapping[str, frozenset[int]]
"""By paper id: places of the flagged reviews in the paper's list of ratings, from 0."""


class ReviewLabel(Record):
    """One line of a file of labels: what a detector says about one review."""

    paper_id: Annotated[str, Field(min_length=1)]
    """Paper of the reference."""
    review: Annotated[int, Field(ge=1)] | None = None
    """Place of the review in the paper's list of ratings, from 1; or else ``reviewer``."""
    reviewer: str | None = None
    """Pseudonym of the reviewer, as in the column ``reviews`` of a build."""
    machine_written: bool | None = None
    """The detector's verdict; or else ``score``."""
    score: float | None = None
    """The detector's score; at or above ``--flag-from`` the review is flagged."""


@dataclass(frozen=True, slots=True)
class LabelRow:
    """One human number with and without flagged reviews."""

    everyone: MetricResult
    without: MetricResult
    difference: MetricResult
    """Without flagged reviews minus with all; both on the same resamples of papers."""


@dataclass(frozen=True, slots=True)
class LabelReport:
    """Every human number with and without flagged reviews."""

    n_reviews: int
    """Human ratings."""
    n_labeled: int
    """Of them labeled."""
    n_flagged: int
    """Of them flagged."""
    n_papers: int
    """Papers with a rating."""
    n_papers_left: int
    """Papers with a rating of a review that is not flagged."""
    n_unknown: int
    """Labels about papers that the reference does not have."""
    rows: Mapping[str, LabelRow]

    def to_json(self) -> dict[str, object]:
        """Return the report as ``--json`` prints it."""
        return {
            "n_reviews": self.n_reviews,
            "n_labeled": self.n_labeled,
            "n_flagged": self.n_flagged,
            "n_papers": self.n_papers,
            "n_papers_left": self.n_papers_left,
            "n_unknown": self.n_unknown,
            "metrics": {
                name: {
                    "everyone": row.everyone.to_json(),
                    "without_flagged": row.without.to_json(),
                    "difference": row.difference.to_json(),
                }
                for name, row in self.rows.items()
            },
        }


@dataclass(frozen=True, slots=True)
class JoinedLabels:
    """Labels joined to a reference."""

    flags: Flags
    n_labeled: int
    """Reviews with a label."""
    n_unknown: int
    """Labels about papers that the reference does not have."""


def read_labels(path: Path) -> tuple[ReviewLabel, ...]:
    """Read a file of labels in JSON Lines.

    Raises:
        ParseError: a line is no label, or the file has none.
    """
    labels = tuple(read_jsonl(path, ReviewLabel, unique=("paper_id", "review", "reviewer")))
    if not labels:
        raise ParseError("no-labels", f"{path}: expected labels of reviews, found none")
    return labels


def join_labels(
    labels: Iterable[ReviewLabel],
    humans: HumanRatings,
    papers: Mapping[str, ReferencePaper],
    *,
    flag_from: float | None = None,
) -> JoinedLabels:
    """Return which reviews of a reference are flagged.

    Args:
        labels: what a detector says.
        humans: the human ratings.
        papers: gives each paper's ratings and reviewers as the reference lists them.
        flag_from: scores from here on are flagged; needed if labels have scores only.

    Raises:
        ParseError: a label without a verdict, or about a review that its paper does not have.
    """
    flags: dict[str, set[int]] = {}
    n_labeled = n_unknown = 0
    known = set(humans.paper_ids)
    for label in labels:
        if label.paper_id not in known:
            n_unknown += 1
            continue
        place = _place(label, papers.get(label.paper_id))
        n_labeled += place is not None
        if _is_flagged(label, flag_from) and place is not None:
            flags.setdefault(label.paper_id, set()).add(place)
    found = {paper_id: frozenset(places) for paper_id, places in flags.items()}
    return JoinedLabels(found, n_labeled, n_unknown)


def score_without_flagged(
    humans: HumanRatings, joined: JoinedLabels, config: ScoringConfig | None = None
) -> LabelReport:
    """Score the human reviewers with and without flagged reviews.

    Threshold and constants are those of all reviews. Aspect ratings are left out.

    Raises:
        ScoringError: no paper has a rating left.
    """
    options = with_form(config, humans)
    everyone = humans_of(replace(humans, aspects={}), options)
    everyone = everyone.select(everyone.ratings.counts > 0)
    resolved = resolve_config(humans, everyone, options)
    has_any, left = _without(everyone, humans, joined.flags)
    if not has_any.any():
        raise ScoringError(f"{humans.name}: every review is flagged; there is nothing to compare")
    n_papers = len(everyone.paper_ids)
    before = human_statistics(replace(everyone, left_out=None), resolved)
    after = human_statistics(left, resolved)
    both = {name: before[name].statistic for name in before if name in after} | {
        f"{_LEFT}{name}": partial(_on_columns, after[name].statistic, has_any)
        for name in before
        if name in after
    }
    values = evaluate(both, [np.ones((1, n_papers))])
    draws = resampled_weights(n_papers, resamples=options.resamples, seed=options.seed)
    drawn = evaluate(both, draws)
    flagged = digest(sorted((i, sorted(places)) for i, places in joined.flags.items()))

    def row(name: str) -> LabelRow:
        other = f"{_LEFT}{name}"
        parts = (
            (values[name], drawn[name], before, "all"),
            (values[other], drawn[other], after, f"without-{flagged}"),
            (
                np.round(values[other] - values[name], _DECIMALS),
                np.round(drawn[other] - drawn[name], _DECIMALS),
                before,
                f"difference-{flagged}",
            ),
        )
        return LabelRow(
            *(
                percentile_result(
                    name,
                    float(value[0]),
                    each,
                    side[name].n_papers,
                    _signed(side[name].signature, reviews, options),
                )
                for value, each, side, reviews in parts
            )
        )

    rows_by_name = {name: row(name) for name in before if name in after}
    return LabelReport(
        n_reviews=int(everyone.ratings.counts.sum()),
        n_labeled=joined.n_labeled,
        n_flagged=int(everyone.ratings.counts.sum() - left.ratings.counts.sum()),
        n_papers=n_papers,
        n_papers_left=len(left.paper_ids),
        n_unknown=joined.n_unknown,
        rows=rows_by_name,
    )


def _without(
    everyone: AlignedHumans, humans: HumanRatings, flags: Flags
) -> tuple[Mask, AlignedHumans]:
    """Return which papers have a review that is not flagged, and these papers without the rest."""
    lists = dict(zip(humans.paper_ids, humans.ratings, strict=True))
    kept = [
        tuple(
            rating
            for place, rating in enumerate(lists[paper_id])
            if place not in flags.get(paper_id, ())
        )
        for paper_id in everyone.paper_ids
    ]
    has_any = np.array([bool(ratings) for ratings in kept])
    left = AlignedHumans(
        tuple(compress(everyone.paper_ids, has_any)),
        ragged(tuple(ratings for ratings in kept if ratings)),
        everyone.accepted[has_any],
        {},
        None,
    )
    return has_any, left


def _on_columns(statistic: Statistic, chosen: Mask, weights: Floats) -> Floats:
    """Evaluate a statistic of some papers on weights of all papers."""
    return statistic(weights[:, chosen])


def _place(label: ReviewLabel, paper: ReferencePaper | None) -> int | None:
    """Return the place of a label's review among the paper's known ratings; None if unrated.

    Raises:
        ParseError: the paper has no such review.
    """
    ratings = () if paper is None else paper.ratings
    reviewers = () if paper is None else paper.reviewers
    if label.review is not None:
        place, found = label.review - 1, f"{len(ratings)} ratings"
    elif label.reviewer in reviewers:
        place, found = reviewers.index(label.reviewer), ""
    else:
        place, found = -1, f"reviewers {', '.join(reviewers) or 'without names'}"
    if not 0 <= place < len(ratings):
        raise ParseError(
            "bad-label",
            f"paper {label.paper_id}: expected a label of one of its reviews, found "
            f"{label.review or label.reviewer!r}; the paper has {found}",
        )
    if ratings[place] is None:
        return None
    return sum(rating is not None for rating in ratings[:place])


def _is_flagged(label: ReviewLabel, flag_from: float | None) -> bool:
    if label.machine_written is not None:
        return label.machine_written
    if label.score is None or flag_from is None:
        raise ParseError(
            "bad-label",
            f"paper {label.paper_id}: expected machine_written, or a score together with "
            "--flag-from, found neither",
        )
    return label.score >= flag_from


def _signed(signature: Signature, reviews: str, config: ScoringConfig) -> Signature:
    return signature.extended(
        reviews=reviews, ci="percentile", boot=config.resamples, seed=config.seed
    )
