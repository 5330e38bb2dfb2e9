"""Match a submission with the arXiv paper that is the same work, by rule and with a score."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from cycledata.parse.arxiv import ArxivPaper
from cycledata.stages.duplicates import normalise

MIN_TITLE_RATIO = 0.9
"""Smallest similarity of two titles of one work, for any authors."""


@dataclass(frozen=True, slots=True)
class Match:
    """An accepted candidate."""

    paper: ArxivPaper
    rule: str
    """``"title-and-author"``, ``"near-title-and-authors"`` or ``"title"``."""
    score: float
    """Similarity of the normalized titles, 0-1; 1 is equality."""


def match_arxiv(
    title: str | None, authors: Sequence[str] | None, candidates: Sequence[ArxivPaper]
) -> Match | None:
    """Return the candidate that is the same work, or None.

    Args:
        title: the submission's title; None matches nothing.
        authors: the submission's named authors; None if unknown.
        candidates: entries of a search.

    A candidate is accepted by the first rule that matches: the same title and one family name in
    common; a similar title (ratio >= 0.9) and half of the family names; the same title of at least
    20 letters if the submission's authors are unknown. Of several candidates the highest score
    wins, then the lowest arXiv id.
    """
    if title is None:
        return None
    wanted = normalise(title)
    if not wanted:
        return None
    surnames = {_surname(name) for name in authors} if authors is not None else None
    found: list[Match] = []
    for paper in candidates:
        offered = normalise(paper.title)
        score = 1.0 if offered == wanted else _ratio(wanted, offered)
        theirs = {_surname(name) for name in paper.authors}
        if surnames is None:
            if score == 1.0 and len(wanted) >= 20:
                found.append(Match(paper, "title", score))
        elif score == 1.0 and surnames & theirs:
            found.append(Match(paper, "title-and-author", score))
        elif score >= MIN_TITLE_RATIO and 2 * len(surnames & theirs) >= len(surnames) > 0:
            found.append(Match(paper, "near-title-and-authors", round(score, 4)))
    return min(found, key=lambda match: (-match.score, match.paper.arxiv_id), default=None)


def _ratio(first: str, second: str) -> float:
    # The matcher is quadratic and titles are untrusted, so it compares 300 letters at most.
    return SequenceMatcher(None, first[:300], second[:300], autojunk=False).ratio()


def _surname(name: str) -> str:
    last = name.split(",")[0] if "," in name else (name.split() or [""])[-1]
    return normalise(last)
