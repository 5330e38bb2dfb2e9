"""Match a submission with the arXiv paper that is the same work, by rule and with a score."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from cycledata.parse.arxiv import ArxivPaper
from cycledata.stages.duplicates import family_name, normalise

MIN_TITLE_RATIO = 0.9
"""Smallest similarity of two titles of one work, for any authors."""
MAX_YEARS_APART = 3
"""Largest difference between the venue's year and the year of version 1 for rules that do not
require both the same title and an author; a preprint may be older, an upload later."""
_NUMERALS = re.compile(r"\d+|(?<![^\W\d_])(?:i{1,3}|iv|vi{0,3}|ix|x)(?![^\W_])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Match:
    """An accepted candidate."""

    paper: ArxivPaper
    rule: str
    """``"title-and-author"``, ``"near-title-and-authors"`` or ``"title"``."""
    score: float
    """Similarity of the normalized titles, 0-1; 1 is equality."""


def match_arxiv(
    title: str | None,
    authors: Sequence[str] | None,
    candidates: Sequence[ArxivPaper],
    *,
    year: int | None = None,
) -> Match | None:
    """Return the candidate that is the same work, or None.

    Args:
        title: the submission's title; None matches nothing.
        authors: the submission's named authors; None if unknown.
        candidates: entries of a search, or rows of arXiv's metadata.
        year: year of the venue; None if unknown.

    A candidate is accepted by the first rule that matches: the same title and one family name in
    common; a similar title (ratio >= 0.9) with the same numbers and half of the family names; the
    same title of at least 20 letters if the submission's authors are unknown. The last two also
    require that version 1 is at most three years away from the venue. Of several candidates the
    highest score wins, then the year nearest to the venue, then the lowest arXiv id.
    """
    if title is None:
        return None
    wanted = normalise(title)
    if not wanted:
        return None
    surnames = {family_name(name) for name in authors} if authors is not None else None
    found: list[Match] = []
    for paper in candidates:
        same_title = normalise(paper.title) == wanted
        shared = set() if surnames is None else surnames & {family_name(n) for n in paper.authors}
        if same_title and shared:
            found.append(Match(paper, "title-and-author", 1.0))
        elif _years_apart(paper, year) > MAX_YEARS_APART:
            continue
        elif surnames is None:
            if same_title and len(wanted) >= 20:
                found.append(Match(paper, "title", 1.0))
        elif not same_title and 2 * len(shared) >= len(surnames) > 0:
            score = _ratio(wanted, normalise(paper.title))
            if score >= MIN_TITLE_RATIO and _numerals(title) == _numerals(paper.title):
                found.append(Match(paper, "near-title-and-authors", round(score, 4)))
    return min(found, key=lambda match: _rank(match, year), default=None)


def _rank(match: Match, year: int | None) -> tuple[float, int, str]:
    return -match.score, _years_apart(match.paper, year), match.paper.arxiv_id


def _years_apart(paper: ArxivPaper, year: int | None) -> int:
    return 0 if year is None else abs(paper.published.year - year)


def _numerals(title: str) -> list[str]:
    """Return the numbers of a title: "Part I" and "Part II" are two works.

    >>> _numerals("GPT-4 and Vision, Part II"), _numerals("Vivid Ideas")
    (['4', 'ii'], [])
    """
    return [number.casefold() for number in _NUMERALS.findall(title)]


def _ratio(first: str, second: str) -> float:
    # The matcher is quadratic and titles are untrusted, so it compares 300 letters at most.
    first, second = first[:300], second[:300]
    if 2 * min(len(first), len(second)) < MIN_TITLE_RATIO * (len(first) + len(second)):
        return 0.0  # the ratio cannot be reached
    return SequenceMatcher(None, first, second, autojunk=False).ratio()
