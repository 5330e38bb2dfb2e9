"""Review texts of a model beside those of people.

Whether reviews make the same points is judged over the whole corpus and not per review: the
similarity of two reviews of one paper, above that of reviews of other papers of its area, with the
paper's own vocabulary masked. The model's number is shown beside that of two people.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from cycledata.errors import ScoringError
from cycleeval.ragged import Floats
from cycleeval.reference_texts import ReferencePaper
from cycleeval.review_points import Overlap, overlaps, repeated_shares, specificity
from cycleeval.review_texts import ReviewTexts, ReviewWords

MODEL, HUMAN = "model and human", "human and human"
MIN_PAPERS = 10
"""Fewest papers with a model's review and two human ones."""


@dataclass(frozen=True, slots=True)
class TextMean:
    """A mean over papers, of one side."""

    value: float
    low: float
    """Lower end of the 95% interval (percentiles of resampled papers)."""
    high: float
    """Upper end."""
    n_papers: int
    """Papers with a value."""


@dataclass(frozen=True, slots=True)
class PaperReviews:
    """The reviews of one paper that are compared."""

    paper: ReferencePaper
    model: ReviewWords
    human: ReviewWords
    """The human review on the model's side of the comparison."""
    target: ReviewWords
    """The human review that both are compared with."""


@dataclass(frozen=True, slots=True)
class TextReport:
    """Review texts of a model beside those of people."""

    name: str
    n_papers: int
    """Papers compared."""
    n_unreadable: int
    """Lines of the predictions file without readable words."""
    n_without_two_humans: int
    """Papers with a model's review, but fewer than two human ones."""
    masked: Mapping[str, Overlap]
    """Excess similarity by pair of sides, the papers' vocabulary masked."""
    unmasked: Mapping[str, Overlap]
    """The same with all words; most of it is topic."""
    measures: Mapping[str, Mapping[str, TextMean]]
    """Means by measure and side (``model`` or ``human``)."""
    masked_with: str
    """What was masked: title and abstract, or these and the whole text."""
    n_areas: int
    """Areas that reviews were shuffled within."""

    def to_json(self) -> dict[str, object]:
        """Return the report as ``--json`` prints it."""
        return asdict(self)


def _first_problem(model: ReviewTexts) -> str:
    """Return the number of unreadable lines and the first reason, as the end of a sentence."""
    if not model.unreadable:
        return ""
    first = model.unreadable[0]
    return (
        f"; {len(model.unreadable)} lines could not be read, the first is line {first.line}: "
        f"{first.detail}"
    )


def compare_texts(
    model: ReviewTexts,
    papers: Mapping[str, ReferencePaper],
    *,
    seed: int = 0,
    resamples: int = 2000,
) -> TextReport:
    """Compare a model's reviews with people's.

    Args:
        model: the model's reviews.
        papers: the reference, with human reviews.
        seed: of the choice of reviews, of the shuffle and of the resamples.
        resamples: bootstrap resamples of papers.

    Raises:
        ScoringError: too few papers with a model's review and two human ones.
    """
    chosen = choose_reviews(model, papers, seed=seed)
    alone = sum(
        paper_id in papers and len(papers[paper_id].reviews) < 2 for paper_id in model.reviews
    )
    if len(chosen) < MIN_PAPERS:
        raise ScoringError(
            f"{model.name}: expected at least {MIN_PAPERS} papers with a review by the model and "
            f"two by people, found {len(chosen)}; {len(model.reviews)} papers have a review by the "
            f"model and {sum(len(p.reviews) > 1 for p in papers.values())} two human ones"
            f"{_first_problem(model)}"
        )
    whole = any(entry.paper.text for entry in chosen)
    own = [f"{e.paper.title}\n{e.paper.abstract}\n{e.paper.text}" for e in chosen]
    firsts = {
        MODEL: [entry.model.criticism for entry in chosen],
        HUMAN: [entry.human.criticism for entry in chosen],
    }
    targets = [entry.target.criticism for entry in chosen]
    areas = [entry.paper.area for entry in chosen]
    found = [
        _overlaps(firsts, targets, own, areas, masked=masked, seed=seed, resamples=resamples)
        for masked in (True, False)
    ]
    return TextReport(
        model.name,
        len(chosen),
        len(model.unreadable),
        alone,
        found[0],
        found[1],
        _measures(chosen, seed=seed, resamples=resamples),
        "title, abstract and text" if whole else "title and abstract",
        len(set(areas)),
    )


def choose_reviews(
    model: ReviewTexts, papers: Mapping[str, ReferencePaper], *, seed: int
) -> list[PaperReviews]:
    """Choose one review of the model and two human ones per paper, by hash of its id and the seed.

    Other papers of the reference do not affect the choice.
    """
    chosen = []
    for paper_id in sorted(model.reviews):
        paper = papers.get(paper_id)
        if paper is None or len(paper.reviews) < 2:
            continue
        digest = hashlib.sha256(f"{seed}\n{paper_id}".encode()).digest()
        dice = np.random.default_rng(int.from_bytes(digest[:8]))
        one, other = dice.permutation(len(paper.reviews))[:2]
        own = model.reviews[paper_id]
        mine = own[int(dice.integers(len(own)))]
        chosen.append(PaperReviews(paper, mine, paper.reviews[one], paper.reviews[other]))
    return chosen


def _overlaps(
    firsts: Mapping[str, Sequence[str]],
    targets: Sequence[str],
    own: Sequence[str],
    areas: Sequence[str],
    *,
    masked: bool,
    seed: int,
    resamples: int,
) -> dict[str, Overlap]:
    try:
        return overlaps(
            firsts, targets, own, areas=areas, masked=masked, seed=seed, resamples=resamples
        )
    except ValueError as error:
        raise ScoringError(f"review texts: {error}") from error


def _measures(
    chosen: Sequence[PaperReviews], *, seed: int, resamples: int
) -> dict[str, dict[str, TextMean]]:
    """Return what is counted in each review, averaged over papers."""
    sides = {
        "model": [entry.model for entry in chosen],
        "human": [entry.human for entry in chosen],
    }
    found: dict[str, dict[str, TextMean]] = {}
    for side, reviews in sides.items():
        rows = [
            specificity([review.weaknesses, review.questions], paper=entry.paper.text)
            for review, entry in zip(reviews, chosen, strict=True)
        ]
        values = {
            "points": [row.n_points for row in rows],
            "words": [row.n_words for row in rows],
            "numbers": [row.n_numbers for row in rows],
            "references to parts": [row.n_pointers for row in rows],
            "of them in the paper": [
                np.nan
                if row.n_existing is None or not row.n_pointers
                else row.n_existing / row.n_pointers
                for row in rows
            ],
            "template text": repeated_shares([review.criticism for review in reviews]),
        }
        for name, column in values.items():
            mean = mean_over_papers(
                np.array(column, dtype=np.float64), seed=seed, resamples=resamples
            )
            if mean is not None:
                found.setdefault(name, {})[side] = mean
    return found


def mean_over_papers(values: Floats, *, seed: int, resamples: int) -> TextMean | None:
    """Return the mean of the values that are not NaN, with its interval; None without any."""
    known = values[np.isfinite(values)]
    if not len(known):
        return None
    counts = np.random.default_rng(seed).multinomial(
        len(known), np.full(len(known), 1 / len(known)), size=resamples
    )
    low, high = np.quantile(counts @ known / len(known), [0.025, 0.975])
    return TextMean(float(known.mean()), float(low), float(high), len(known))
