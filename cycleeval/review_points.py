"""Points of criticism in review texts, and how far two sets of reviews make the same ones.

A review's weaknesses and questions are split into points by stated rules. Reviews of one paper
share words because the paper does; so its own vocabulary is masked, and what is reported is the
excess of similarity over reviews of other papers of the same area.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cycleeval.ragged import Floats

MIN_POINT_WORDS = 3
"""Shorter pieces, such as "N/A" or "See above.", are not points."""
_MAX_CHARACTERS = 100_000
_ITEM = re.compile(
    r"^[ \t]*(?:[-*+\u2022\u2013\u2014](?=[ \t])"
    r"|[([]?(?:[A-Z]{0,2}\d{1,2}|[a-zA-Z]|[ivx]{1,4})[.):\]]{1,2}(?=\s))",
    re.MULTILINE,
)
_BLANK_LINES = re.compile(r"\n[ \t]*\n")
_WORD = re.compile(r"[a-z][a-z-]{2,}")
_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?!\w|\.\d)")
_POINTER = re.compile(
    r"\b(section|sec\.|figure|fig\.|table|tab\.|equation|eq\.|theorem|lemma|algorithm|appendix|line)"
    r"s?\s*(?:\(|\\ref\{)?([0-9]{1,3}|[A-Z])\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Overlap:
    """Similarity of two sets of reviews of the same papers, above chance."""

    excess: float
    """Mean similarity on the same paper minus that on other papers of the area."""
    same: float
    """Mean similarity on the same paper, 0 to 1."""
    shuffled: float
    """Mean similarity after papers were exchanged within areas, the control."""
    auroc: float
    """Probability that a same-paper pair is more similar than a shuffled one."""
    low: float
    """Lower end of the 95% interval of the excess (percentiles of resampled papers)."""
    high: float
    """Upper end."""
    n_papers: int
    """Papers compared."""


@dataclass(frozen=True, slots=True)
class Specificity:
    """How much of a review is about this paper in particular."""

    n_points: int
    """Points of criticism."""
    n_words: int
    """Words."""
    n_numbers: int
    """Numbers quoted."""
    n_pointers: int
    """References to sections, figures, tables, equations and the like."""


def split_points(text: str) -> list[str]:
    r"""Split weaknesses or questions into points.

    A list item is a point; text without items is split at blank lines. Text before the
    first item introduces the list and is a point only if it ends a sentence.

    >>> split_points("1. The proof of Lemma 2 is wrong.\n2. Baselines are missing here.")
    ['The proof of Lemma 2 is wrong.', 'Baselines are missing here.']
    """
    text = text[:_MAX_CHARACTERS]
    starts = list(_ITEM.finditer(text))
    if len(starts) >= 2:
        ends = [match.start() for match in starts[1:]] + [len(text)]
        pieces = [text[match.end() : end] for match, end in zip(starts, ends, strict=True)]
        introduction = text[: starts[0].start()].strip()
        if introduction.endswith((".", "?", "!")):
            pieces.insert(0, introduction)
    else:
        pieces = _BLANK_LINES.split(text)
    points = [" ".join(piece.split()) for piece in pieces]
    return [point for point in points if len(point.split()) >= MIN_POINT_WORDS]


def specificity(texts: Sequence[str]) -> Specificity:
    """Count what ties a review's points to one paper.

    Args:
        texts: weaknesses, questions and whatever else is to be judged.

    >>> specificity(["Table 2 reports 71.5% only once."]).n_pointers
    1
    """
    joined = "\n".join(text[:_MAX_CHARACTERS] for text in texts)
    pointers = _POINTER.findall(joined)
    return Specificity(
        n_points=sum(len(split_points(text)) for text in texts),
        n_words=len(joined.split()),
        n_numbers=max(0, len(_NUMBER.findall(joined)) - sum(p[1].isdigit() for p in pointers)),
        n_pointers=len(pointers),
    )


def mask_vocabulary(text: str, paper: str) -> str:
    """Return the words of a text that the paper's own text does not have.

    >>> mask_vocabulary("The pruning baseline is missing", "We study pruning")
    'the baseline missing'
    """
    own = set(_WORD.findall(paper.lower()))
    return " ".join(word for word in _WORD.findall(text.lower()) if word not in own)


def overlap(
    first: Sequence[str],
    second: Sequence[str],
    papers: Sequence[str],
    *,
    areas: Sequence[str] | None = None,
    masked: bool = True,
    resamples: int = 2000,
    seed: int = 0,
) -> Overlap:
    """Compare two reviews per paper with reviews of other papers of the same area.

    Args:
        first: criticism per paper by the one side, e.g. a model.
        second: criticism per paper by the other, e.g. a human reviewer.
        papers: text whose vocabulary is masked per paper, e.g. title and abstract.
        areas: area per paper; papers are exchanged within areas only. None is one area.
        masked: False compares the texts as they are; most of that similarity is topic.
        resamples: bootstrap resamples of papers.
        seed: of the exchange and the resamples.

    Raises:
        ValueError: lengths that differ, or fewer than ten papers in areas of two or more.
    """
    labels = list(areas) if areas is not None else [""] * len(papers)
    if not len(first) == len(second) == len(papers) == len(labels):
        raise ValueError(
            f"expected equal lengths, found {len(first)} and {len(second)} reviews, "
            f"{len(papers)} papers and {len(labels)} areas"
        )
    partner = _exchange(labels, np.random.default_rng(seed))
    used = np.flatnonzero(partner >= 0)
    if len(used) < 10:
        raise ValueError(f"expected at least 10 papers in areas of two or more, found {len(used)}")
    texts = [*first, *second]
    if masked:
        owners = [*papers, *papers]
        texts = [mask_vocabulary(text, paper) for text, paper in zip(texts, owners, strict=True)]
    columns = _tf_idf(texts)
    one, other = columns[: len(first)], columns[len(first) :]
    same = _cosines(one[used], other[used])
    shuffled = _cosines(one[used], other[partner[used]])
    gain = same - shuffled
    counts = np.random.default_rng(seed).multinomial(
        len(used), np.full(len(used), 1 / len(used)), size=resamples
    )
    low, high = np.quantile(counts @ gain / len(used), [0.025, 0.975])
    return Overlap(
        excess=float(gain.mean()),
        same=float(same.mean()),
        shuffled=float(shuffled.mean()),
        auroc=_auroc(same, shuffled),
        low=float(low),
        high=float(high),
        n_papers=len(used),
    )


def _exchange(areas: Sequence[str], generator: np.random.Generator) -> np.ndarray:
    """Draw another paper of the same area for each paper; -1 if it is alone."""
    partner = np.full(len(areas), -1)
    for area in sorted(set(areas)):
        members = np.flatnonzero([label == area for label in areas])
        if len(members) > 1:
            members = generator.permutation(members)
            partner[members] = np.roll(members, 1)
    return partner


def _tf_idf(texts: Sequence[str]) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(sublinear_tf=True, stop_words="english", min_df=2).fit_transform(texts)


def _cosines(first: Any, second: Any) -> Floats:
    """Return cosines row by row; rows are normalized already."""
    return np.asarray(first.multiply(second).sum(axis=1), dtype=np.float64).reshape(-1)


def _auroc(positive: Floats, negative: Floats) -> float:
    from scipy.stats import rankdata

    ranks = rankdata(np.concatenate([positive, negative]))[: len(positive)]
    above = ranks.sum() - len(positive) * (len(positive) + 1) / 2
    return float(above / (len(positive) * len(negative)))
